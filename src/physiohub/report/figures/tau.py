"""Posterior of the between-study SD against its prior: what the data have added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.style import (
    INK,
    MAIN,
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
WIDTH, HEIGHT, TOP = 440, 200, 62


def tau_figure(outcome: Outcome) -> Figure:
    """Densities of posterior (solid) and prior (dashed), the median and the credible interval marked."""
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
            {
                "data": {"values": curve},
                "mark": {"type": "line", "color": SECOND, "strokeDash": [6, 4], "strokeWidth": 1.8, "clip": True},
                "encoding": {"x": x, "y": {**y, "field": "prior"}},
            },
            {
                "data": {"values": curve},
                "mark": {"type": "line", "color": MAIN, "strokeWidth": 2.4, "clip": True},
                "encoding": solid,
            },
            *_key(outcome, scale),
        ],
        "config": config(),
    }
    title = f"Heterogeneity against its prior, {label_of(outcome)}"
    return Figure("heterogeneity", title, _description(outcome, scale), spec, _table(outcome, curve))


def _curve(found: Mapping[str, Any]) -> list[dict[str, float]]:
    """Points of both densities up to where neither has anything left to show."""
    density = found["density"]
    points = zip(density["tau"], density["prior"], density["posterior"], strict=True)
    rows = [{"tau": t, "prior": p, "posterior": q} for t, p, q in points if None not in (t, p, q)]
    peak = max(row["posterior"] for row in rows)
    last = max(
        (k for k, row in enumerate(rows) if max(row["posterior"], row["prior"]) > 0.01 * peak), default=len(rows)
    )
    return rows[: last + 2]


def _axes(curve: list[dict[str, float]], scale: Scale) -> tuple[dict[str, Any], dict[str, Any]]:
    far = curve[-1]["tau"]
    peak = max(row["posterior"] for row in curve)
    top = 1.08 * max(peak, min(1.5 * peak, max(row["prior"] for row in curve)))  # a prior may rise without bound at 0
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
    """Three lines over the plot say what is drawn how."""
    tau = outcome["heterogeneity"]["tau"]
    texts = (
        f"posterior: median {scale.spread(tau)}, interval shaded",
        f"prior: {_prior(outcome)}",
    )
    style = ({"color": MAIN, "strokeWidth": 2.4}, {"color": SECOND, "strokeDash": [6, 4], "strokeWidth": 1.8})
    layers: list[dict[str, Any]] = []
    row = 8.0 - TOP
    for text, look in zip(texts, style, strict=True):
        lines = broken(text, WIDTH - 40, SMALL)
        place = {"x": {"value": 0}, "x2": {"value": 30}, "y": {"value": row}}
        layers.append({"data": {"values": [{}]}, "mark": {"type": "rule", **look}, "encoding": place})
        layers.append(text_layer([{"x": 38, "text": lines}], {"value": row}, fontSize=SMALL, align="left"))
        row += (lines.count("\n") + 1) * line_height(SMALL) + 2
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
    return f"Posterior of tau: median {scale.spread(found['tau'])}. Prior: {_prior(outcome)}{beside}.{within}"


def _table(outcome: Outcome, curve: list[dict[str, float]]) -> Table:
    columns = (
        Column("tau", "tau", "head"),
        Column("prior", "Prior density", "number"),
        Column("posterior", "Posterior density", "number"),
    )
    step = max(1, len(curve) // 20)
    rows = tuple(tuple(Cell(row[key], tiny(row[key])) for key in row) for row in curve[::step])
    return Table("heterogeneity-density", f"Densities of tau, {label_of(outcome)}", columns, rows)
