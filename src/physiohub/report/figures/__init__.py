"""One file a figure: from an outcome of results.json to a Vega-Lite specification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.figures.absolute import absolute_figure
from physiohub.report.figures.all_pairs import all_pairs_figures
from physiohub.report.figures.figure import Figure, Omitted
from physiohub.report.figures.forest import forest_figure
from physiohub.report.figures.league_map import league_map_figure
from physiohub.report.figures.leverage import leverage_figure
from physiohub.report.figures.missing_outcomes import missing_outcomes_figure, why_no_missing_figure
from physiohub.report.figures.network import network_figure
from physiohub.report.figures.radial import radial_figure
from physiohub.report.figures.rank_curves import rank_curves_figure
from physiohub.report.figures.rankogram import rankogram_figure
from physiohub.report.figures.render import Drawn, draw, to_png, to_svg
from physiohub.report.figures.rob import assessed
from physiohub.report.figures.tau import tau_figure
from physiohub.report.figures.tau_effects import tau_effects_figure
from physiohub.report.figures.trials import trials_figures
from physiohub.report.format import known

__all__ = [
    "Drawn",
    "Figure",
    "Omitted",
    "all_pairs_figures",
    "draw",
    "draw_all",
    "figures_of",
    "forest_figure",
    "league_map_figure",
    "leverage_figure",
    "network_figure",
    "omitted_figures",
    "radial_figure",
    "rank_curves_figure",
    "rankogram_figure",
    "tau_effects_figure",
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
    figures += [network_figure(outcome, rob=True)] if assessed(outcome) else []
    figures += [forest_figure(outcome)] if "forest" not in missing else []
    figures += [absolute_figure(outcome)] if outcome.get("absolute") else []
    figures += trials_figures(outcome)
    if "forest" not in missing:
        figures += all_pairs_figures(outcome) if len(outcome["network"]["treatments"]) > 2 else ()
        figures += [league_map_figure(outcome)]
    if "rankogram" not in missing:
        figures += [rankogram_figure(outcome), rank_curves_figure(outcome), radial_figure(outcome)]
    figures += [tau_figure(outcome)] if "heterogeneity" not in missing else []
    figures += [tau_effects_figure(outcome)] if "tau-effects" not in missing else []
    figures += [missing_outcomes_figure(outcome)] if why_no_missing_figure(outcome) is None else []
    figures += [leverage_figure(outcome)] if "leverage" not in missing else []
    return tuple(figures)


def omitted_figures(outcome: Outcome) -> tuple[Omitted, ...]:
    """Figures that cannot be drawn of this outcome, with reasons; two that need the same tell it once."""
    found, fit = outcome["heterogeneity"], outcome["fit"]
    omitted = []
    if not any(known(row) for row in outcome["relative_effects"]):
        omitted.append(Omitted("forest", "Effects versus the reference", "no effect was computed"))
    if not any(study.get("contrasts") for study in outcome["studies"]):
        omitted.append(Omitted("forest-trials", "Trials beside the network", "no study has a contrast of its own"))
    if not any(row["rank_probabilities"] for row in outcome["ranking"]):
        omitted.append(Omitted("rankogram", "Probability of each rank", "ranks were not computed"))
    reason = _why_no_tau(found)
    if reason is not None:
        omitted.append(Omitted("heterogeneity", "Heterogeneity against its prior", reason))
    if not found.get("profile"):
        reason = reason or found.get("profile_reason") or "effects given tau were not computed"
        omitted.append(Omitted("tau-effects", "Effects against tau", str(reason)))
    if all(study["deviance"] is None or study["leverage"] is None for study in fit["studies"]):
        reason = fit.get("residual_deviance_reason") or "the deviance of studies was not computed"
        omitted.append(Omitted("leverage", "Leverage and deviance", str(reason)))
    return tuple(omitted)


def _why_no_tau(found: Mapping[str, Any]) -> str | None:
    """Why its posterior cannot be drawn."""
    if not known(found["tau"]):
        return str(found.get("tau_reason") or "a common-effect model has no heterogeneity")
    if not found.get("density"):
        return str(found.get("density_reason") or "its density was not computed")
    return None


def draw_all(results: Mapping[str, Any]) -> dict[str, tuple[Drawn, ...]]:
    """Every figure of every outcome, rendered once: outcome id -> its pictures.

    Ids inside the pictures carry the outcome's number, so that all of them can share a page.
    """
    return {
        str(ident): tuple(draw(figure, f"o{k}") for figure in figures_of(outcome))
        for k, (ident, outcome) in enumerate(results["outcomes"].items(), 1)
    }
