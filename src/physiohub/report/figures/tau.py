"""Posterior of the between-study SD against its prior and earlier meta-analyses: what the data have added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.empirical import beside_earlier, earlier_range, earlier_shown
from physiohub.report.figures.figure import Figure
from physiohub.report.figures.style import (
    INK,
    MAIN,
    MUTED,
    SCHEMA,
    SECOND,
    SHADE,
    SMALL,
    broken,
    config,
    line_height,
    nice_ticks,
    text_layer,
)
from physiohub.report.format import Scale, limits, point, significant, tiny
from physiohub.report.outcome import label_of
from physiohub.report.tables.table import Cell, Column, Table

__all__ = ["tau_figure"]

Outcome = Mapping[str, Any]
Row = dict[str, Any]
WIDTH, HEIGHT, GAP = 440, 200, 20
POSTERIOR = {"color": MAIN, "strokeWidth": 2.4}
PRIOR = {"color": SECOND, "strokeDash": [6, 4], "strokeWidth": 1.8}
EARLIER = {"color": MUTED, "strokeDash": [1.5, 3], "strokeWidth": 1.8}


def tau_figure(outcome: Outcome) -> Figure:
    """Densities of posterior (solid), prior (dashed) and earlier meta-analyses (dotted), median and interval marked."""
    found, scale = outcome["heterogeneity"], Scale.of(outcome)
    curve = _curve(found)
    x, y = _axes(curve, scale)
    low, high = limits(found["tau"])
    inside = [row for row in curve if low <= row["tau"] <= high]
    median = [{"tau": point(found["tau"])}]
    solid = {"x": x, "y": {**y, "field": "posterior"}}
    spec = {
        "$schema": SCHEMA,
        "width": WIDTH,
        "height": HEIGHT,
        "padding": {"left": 6, "right": 12, "top": 6, "bottom": 6},
        "layer": [
            {"data": {"values": inside}, "mark": {"type": "area", "color": SHADE, "clip": True}, "encoding": solid},
            {
                "data": {"values": median},
                "mark": {"type": "rule", "color": INK, "strokeWidth": 1},
                "encoding": {"x": x},
            },
            *_lines(found, curve, x, y),
            *_key(outcome, scale),
        ],
        "config": config(),
    }
    title = f"Heterogeneity against its prior, {label_of(outcome)}"
    return Figure("heterogeneity", title, _description(outcome, scale), spec, _table(outcome, curve))


def _lines(found: Mapping[str, Any], curve: list[Row], x: Row, y: Row) -> list[dict[str, Any]]:
    """The curves, the posterior on top.

    That of earlier meta-analyses rises without bound at zero, over next to no mass: it begins one point further.
    """
    looks = {"empirical": EARLIER} if earlier_shown(found) is not None else {}
    looks |= {"prior": PRIOR, "posterior": POSTERIOR}
    return [
        {
            "data": {"values": curve[1:] if name == "empirical" else curve},
            "mark": {"type": "line", "clip": True, **look},
            "encoding": {"x": x, "y": {**y, "field": name}},
        }
        for name, look in looks.items()
    ]


def _curve(found: Mapping[str, Any]) -> list[dict[str, float]]:
    """Points of all densities up to where neither prior nor posterior has anything left to show."""
    names = ["tau", "prior", "posterior", *(["empirical"] if earlier_shown(found) is not None else [])]
    points = zip(*(found["density"][name] for name in names), strict=True)
    rows = [dict(zip(names, values, strict=True)) for values in points if None not in values]
    peak = max(row["posterior"] for row in rows)
    last = max(
        (k for k, row in enumerate(rows) if max(row["posterior"], row["prior"]) > 0.01 * peak), default=len(rows)
    )
    return rows[: last + 2]


def _axes(curve: list[dict[str, float]], scale: Scale) -> tuple[dict[str, Any], dict[str, Any]]:
    far = curve[-1]["tau"]
    peak = max(row["posterior"] for row in curve)
    # a prior may rise without bound at 0, as earlier meta-analyses of the SMD do: these do not set the height
    top = 1.08 * max(peak, min(1.5 * peak, max(row["prior"] for row in curve)))
    axis = {"values": nice_ticks(0, far), "grid": False, "format": ".6~f"}
    x = {
        "field": "tau",
        "type": "quantitative",
        "scale": {"domain": [0, far], "nice": False},
        "axis": {**axis, "title": f"tau, between-study SD ({scale.analysis})"},
    }
    no_axis = {"title": "Density", "labels": False, "ticks": False, "grid": False, "domain": False}
    return x, {"type": "quantitative", "scale": {"domain": [0, top], "nice": False}, "axis": no_axis}


def _key(outcome: Outcome, scale: Scale) -> list[dict[str, Any]]:
    """Lines over the plot say what is drawn how."""
    found = outcome["heterogeneity"]
    entries = [
        (f"posterior: median {scale.spread(found['tau'])}, interval shaded", POSTERIOR),
        (f"prior: {_prior(outcome)}", PRIOR),
    ]
    earlier = earlier_shown(found)
    if earlier is not None:
        entries.append((f"earlier meta-analyses: median {earlier_range(earlier)}, {earlier['name']}", EARLIER))
    texts = [(broken(text, WIDTH - 40, SMALL), look) for text, look in entries]
    heights = [(text.count("\n") + 1) * line_height(SMALL) + 2 for text, _ in texts]
    layers: list[dict[str, Any]] = []
    row = float(-sum(heights) - GAP)
    for (text, look), height in zip(texts, heights, strict=True):
        place = {"x": {"value": 0}, "x2": {"value": 30}, "y": {"value": row}}
        layers.append({"data": {"values": [{}]}, "mark": {"type": "rule", **look}, "encoding": place})
        layers.append(text_layer([{"x": 38, "text": text}], {"value": row}, fontSize=SMALL, align="left"))
        row += height
    return layers


def _prior(outcome: Outcome) -> str:
    found = outcome["heterogeneity"]
    return str(found.get("prior_text") or outcome["priors"].get("tau") or "not reported")


def _description(outcome: Outcome, scale: Scale) -> str:
    found = outcome["heterogeneity"]
    upper = found.get("prior_q80")
    beside = f", whose 80% quantile is {significant(upper)}" if upper is not None else ""
    typical = found.get("typical_within_sd")
    within = f" The sampling error of a typical study is {significant(typical)}." if typical is not None else ""
    empirical = found.get("empirical")
    earlier = ""
    if empirical is not None:
        earlier = f" Tau of earlier meta-analyses: median {earlier_range(empirical)}. {beside_earlier(empirical)}"
    return f"Posterior of tau: median {scale.spread(found['tau'])}. Prior: {_prior(outcome)}{beside}.{within}{earlier}"


def _table(outcome: Outcome, curve: list[dict[str, float]]) -> Table:
    heads = {
        "tau": "tau",
        "prior": "Prior density",
        "posterior": "Posterior density",
        "empirical": "Density in earlier meta-analyses",
    }
    columns = tuple(Column(key, heads[key], "head" if key == "tau" else "number") for key in curve[0])
    step = max(1, len(curve) // 20)
    rows = tuple(tuple(Cell(row[key], tiny(row[key])) for key in row) for row in curve[::step])
    return Table("heterogeneity-density", f"Densities of tau, {label_of(outcome)}", columns, rows)
