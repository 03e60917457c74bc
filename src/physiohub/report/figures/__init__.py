"""One file a figure: from an outcome of results.json to a Vega-Lite specification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.figures.figure import Figure, Omitted
from physiohub.report.figures.forest import forest_figure
from physiohub.report.figures.network import network_figure
from physiohub.report.figures.rankogram import rankogram_figure
from physiohub.report.figures.render import Drawn, draw, to_png, to_svg
from physiohub.report.figures.tau import tau_figure
from physiohub.report.figures.trials import trials_figures
from physiohub.report.format import known

__all__ = [
    "Drawn",
    "Figure",
    "Omitted",
    "draw",
    "draw_all",
    "figures_of",
    "forest_figure",
    "network_figure",
    "omitted_figures",
    "rankogram_figure",
    "tau_figure",
    "to_png",
    "to_svg",
    "trials_figures",
]

Outcome = Mapping[str, Any]


def figures_of(outcome: Outcome) -> tuple[Figure, ...]:
    """Every figure of one outcome that can be drawn; `omitted_figures` tells of the others."""
    missing = {figure.id for figure in omitted_figures(outcome)}
    figures = [network_figure(outcome)]
    figures += [forest_figure(outcome)] if "forest" not in missing else []
    figures += trials_figures(outcome)
    figures += [rankogram_figure(outcome)] if "rankogram" not in missing else []
    figures += [tau_figure(outcome)] if "heterogeneity" not in missing else []
    return tuple(figures)


def omitted_figures(outcome: Outcome) -> tuple[Omitted, ...]:
    """Figures that cannot be drawn of this outcome, with reasons."""
    found = outcome["heterogeneity"]
    omitted = []
    if not any(known(row) for row in outcome["relative_effects"]):
        omitted.append(Omitted("forest", "Effects versus the reference", "no effect was computed"))
    if not any(study.get("contrasts") for study in outcome["studies"]):
        omitted.append(Omitted("forest-trials", "Trials beside the network", "no study has a contrast of its own"))
    if not any(row["rank_probabilities"] for row in outcome["ranking"]):
        omitted.append(Omitted("rankogram", "Probability of each rank", "ranks were not computed"))
    if not known(found["tau"]) or not found.get("density"):
        reason = found.get("tau_reason") or "a common-effect model has no heterogeneity"
        if known(found["tau"]):
            reason = found.get("density_reason") or "its density was not computed"
        omitted.append(Omitted("heterogeneity", "Heterogeneity against its prior", str(reason)))
    return tuple(omitted)


def draw_all(results: Mapping[str, Any]) -> dict[str, tuple[Drawn, ...]]:
    """Every figure of every outcome, rendered once: outcome id -> its pictures.

    Ids inside the pictures carry the outcome's number, so that all of them can share a page.
    """
    return {
        str(ident): tuple(draw(figure, f"o{k}") for figure in figures_of(outcome))
        for k, (ident, outcome) in enumerate(results["outcomes"].items(), 1)
    }
