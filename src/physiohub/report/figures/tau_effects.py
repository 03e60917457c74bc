"""Effects against tau: their joint posterior, and how each effect would move were tau known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.forest import important_zone
from physiohub.report.figures.frame import ticks
from physiohub.report.figures.panels import panel_spec
from physiohub.report.figures.style import INK, MAIN, MUTED, SMALL, ZONE, broken, line_height, nice_ticks
from physiohub.report.format import Scale, significant
from physiohub.report.outcome import label_of, labels
from physiohub.report.tables.table import Cell, Column, Table, made, plain

__all__ = ["curves_of", "tau_effects_figure"]

Outcome = Mapping[str, Any]
Row = dict[str, Any]
Floats = NDArray[np.float64]
PANELS, COLUMNS, WIDTH, HEIGHT = 12, 3, 205, 150
LEVELS = (0.95, 0.8, 0.5)
SHADES = ("#dbe7f2", "#a9c8e4", "#6ea3d0")
POINTS = 160


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """An effect given tau, on a fine grid: its mean and SD, and the density of tau itself."""

    treatment: str
    tau: Floats
    density: Floats
    mean: Floats
    sd: Floats

    def region(self, level: float) -> tuple[Floats, Floats, Floats]:
        """The highest-density region of this content: tau, and the lowest and highest effect at each.

        The joint density is density(tau) N(effect; mean, sd), so that above a threshold c lie at each tau the effects
        within sd sqrt(2 log(density / (sd sqrt(2 pi) c))) of the mean: only c has to be found.
        """
        with np.errstate(divide="ignore"):
            peak = np.log(self.density) - np.log(self.sd * math.sqrt(2 * math.pi))
        low, high = float(peak[np.isfinite(peak)].min()) - 40.0, float(peak.max())
        for _ in range(60):
            middle = (low + high) / 2
            reach = np.sqrt(np.maximum(0.0, 2 * (peak - middle)))
            inside = float(np.trapezoid(self.density * erf(reach / math.sqrt(2)), self.tau))
            low, high = (middle, high) if inside > level else (low, middle)
        above = peak - low
        ends = np.flatnonzero((above[1:] > 0) != (above[:-1] > 0))  # between two points, the region closes
        share = above[ends] / (above[ends] - np.maximum(above[ends + 1], -1e3))
        tau = np.sort(np.concatenate([self.tau[above > 0], self.tau[ends] + share * np.diff(self.tau)[ends]]))
        half = np.sqrt(2 * np.maximum(0.0, np.interp(tau, self.tau, np.maximum(above, -1e3))))
        half *= np.interp(tau, self.tau, self.sd)
        mean = np.interp(tau, self.tau, self.mean)
        return tau, mean - half, mean + half


def tau_effects_figure(outcome: Outcome) -> Figure:
    """One panel a treatment, at most twelve: regions of 50, 80 and 95%, and the effect given tau with its interval."""
    scale, names = Scale.of(outcome), labels(outcome)
    curves = curves_of(outcome["heterogeneity"]["profile"])
    shown = curves[:PANELS]
    level = NormalDist().inv_cdf(0.5 + float(outcome.get("level", 0.95)) / 2)
    low, high = _limits(shown, level)
    titles = [(names[curve.treatment],) for curve in shown]
    contents = [
        _content(outcome, curve, scale, (low, high), level, first=k % COLUMNS == 0) for k, curve in enumerate(shown)
    ]
    spec = panel_spec(titles, contents, width=WIDTH, height=HEIGHT, columns=COLUMNS)
    look = {"fontSize": SMALL, "lineHeight": line_height(SMALL), "color": MUTED, "offset": 14}
    spec["title"] = {"text": _key(outcome, curves, scale), **look}
    title = f"Effects versus {names[str(outcome['reference'])]} against tau, {label_of(outcome)}"
    said = _description(outcome, curves, shown, scale)
    return Figure("tau-effects", title, said, spec, _table(outcome, curves, scale, level))


def curves_of(profile: Mapping[str, Any]) -> list[_Curve]:
    """The profile on a finer grid, its density scaled to one over the grid."""
    at = np.asarray(profile["tau"], dtype=float)
    tau = np.linspace(at[0], at[-1], POINTS)
    density = np.maximum(_smooth(at, profile["density"], tau), 0.0)
    density /= np.trapezoid(density, tau)
    return [
        _Curve(str(row["treatment"]), tau, density, _smooth(at, row["mean"], tau), _smooth(at, row["sd"], tau))
        for row in profile["effects"]
    ]


def _smooth(at: Floats, values: Sequence[float], tau: Floats) -> Floats:
    """Cubic through the points, with the slopes of their neighbours: straight pieces would show as corners."""
    value = np.asarray(values, dtype=float)
    slope = np.gradient(value, at)
    k = np.clip(np.searchsorted(at, tau, side="right") - 1, 0, len(at) - 2)
    width = at[k + 1] - at[k]
    t = (tau - at[k]) / width
    found: Floats = (
        (1 + 2 * t) * (1 - t) ** 2 * value[k]
        + t * (1 - t) ** 2 * width * slope[k]
        + t**2 * (3 - 2 * t) * value[k + 1]
        + t**2 * (t - 1) * width * slope[k + 1]
    )
    return found


def _limits(curves: Sequence[_Curve], level: float) -> tuple[float, float]:
    """Limits of the effects in all panels: every 95% region, unless one is far wider than is typical."""
    ends = []
    for curve in curves:
        _, below, above = curve.region(LEVELS[0])
        ends.append((float(below.min()), float(above.max())))
    room = 1.5 * sorted(high - low for low, high in ends)[len(ends) // 2]
    middles = [float(np.interp(0.5, _content_below(curve), curve.mean)) for curve in curves]
    low = max(min(0.0, *(end[0] for end in ends)), min(0.0, *middles) - room)
    high = min(max(0.0, *(end[1] for end in ends)), max(0.0, *middles) + room)
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def _content_below(curve: _Curve) -> Floats:
    """Distribution function of tau on the grid."""
    steps = np.diff(curve.tau) * (curve.density[1:] + curve.density[:-1]) / 2
    return np.concatenate([[0.0], np.cumsum(steps)])


def _content(
    outcome: Outcome, curve: _Curve, scale: Scale, limits: tuple[float, float], level: float, *, first: bool
) -> Row:
    low, high = limits
    x, y = _axes(curve, scale, limits, first=first)
    cut = np.vectorize(lambda v: scale.printed(min(max(v, low), high)))
    layers = _ground(outcome, curve, scale, limits, x, y)
    for content, shade in zip(LEVELS, SHADES, strict=True):
        tau, below, above = curve.region(content)
        values = [
            {"x": t, "y": a, "y2": b}
            for t, a, b in zip(tau.tolist(), cut(below).tolist(), cut(above).tolist(), strict=True)
        ]
        mark = {"type": "area", "fill": shade, "stroke": MAIN, "strokeWidth": 0.6, "opacity": 1}
        layers.append({"data": {"values": values}, "mark": mark, "encoding": {"x": x, "y": y, "y2": {"field": "y2"}}})
    rule = {"type": "rule", "color": INK, "strokeWidth": 1.2}
    layers.append({"data": {"values": [{"y": scale.null}]}, "mark": rule, "encoding": {"y": y}})
    for shift, look in ((0.0, {"strokeWidth": 1.8}), (-level, {"strokeDash": [4, 3]}), (level, {"strokeDash": [4, 3]})):
        found = curve.mean + shift * curve.sd
        inside = np.flatnonzero((found >= low) & (found <= high))
        values = [
            {"x": t, "y": v} for t, v in zip(curve.tau[inside].tolist(), cut(found[inside]).tolist(), strict=True)
        ]
        mark = {"type": "line", "color": INK, "strokeWidth": 1.1, **look}
        layers += [{"data": {"values": values}, "mark": mark, "encoding": {"x": x, "y": y}}] if values else []
    return {"layer": layers}


def _axes(curve: _Curve, scale: Scale, limits: tuple[float, float], *, first: bool) -> tuple[Row, Row]:
    far = float(curve.tau[-1])
    at = nice_ticks(0, far, 5)
    name = f"{scale.measure}{', logarithmic axis' if scale.ratio else ''}"
    kind = {"type": "log", "base": 10} if scale.ratio else {"type": "linear", "zero": False}
    x_axis = {"values": at, "grid": False, "format": ".6~f", "title": f"tau ({scale.analysis})", "labelFlush": False}
    y_axis = {
        "values": ticks(*limits, scale, length=HEIGHT, upright=True),
        "grid": False,
        "title": name if first else None,
        "titlePadding": 8,
        "format": "~r" if scale.ratio else ".6~f",
        "labelOverlap": True,
    }
    x = {"field": "x", "type": "quantitative", "axis": x_axis, "scale": {"domain": [0, far], "nice": False}}
    domain = [scale.printed(limits[0]), scale.printed(limits[1])]
    y = {"field": "y", "type": "quantitative", "axis": y_axis, "scale": {**kind, "domain": domain, "nice": False}}
    return x, y


def _ground(outcome: Outcome, curve: _Curve, scale: Scale, limits: tuple[float, float], x: Row, y: Row) -> list[Row]:
    """The important zone."""
    (low, high), far = limits, float(curve.tau[-1])
    layers = []
    if (zone := important_zone(outcome)) is not None:
        edges = [end if edge is None else min(max(edge, low), high) for edge, end in zip(zone, limits, strict=True)]
        if edges[1] > edges[0]:
            rows = [{"x": 0, "x2": far, "y": scale.printed(edges[0]), "y2": scale.printed(edges[1])}]
            ends = {"x": x, "y": y, "x2": {"field": "x2"}, "y2": {"field": "y2"}}
            mark = {"type": "rect", "color": ZONE, "opacity": 1}
            layers.append({"data": {"values": rows}, "mark": mark, "encoding": ends})
    return layers


def _key(outcome: Outcome, curves: Sequence[_Curve], scale: Scale) -> list[str]:
    """Over the panels: how they are read, and which treatments have none."""
    names = labels(outcome)
    texts = [
        "Shaded, from dark to light: regions that hold 50, 80 and 95% of the joint posterior.",
        f"Solid: the effect if tau were known; dashed: its {scale.interval}.",
    ]
    if important_zone(outcome) is not None:
        texts.append("Background shaded: better by more than the important difference.")
    if len(curves) > PANELS:
        rest = "; ".join(names[curve.treatment] for curve in curves[PANELS:])
        texts.append(f"Without a panel: {rest}.")
    width = min(COLUMNS, len(curves)) * (WIDTH + 40.0)
    return [line for text in texts for line in broken(text, width, SMALL).split("\n")]


def _description(outcome: Outcome, curves: Sequence[_Curve], shown: Sequence[_Curve], scale: Scale) -> str:
    names = labels(outcome)
    far = max(curves, key=lambda curve: abs(float(curve.mean[-1] - curve.mean[0])))
    tau = f"{significant(float(far.tau[0]))} to {significant(float(far.tau[-1]))}"
    drawn = f" Drawn are the first {PANELS} of {len(curves)} treatments." if len(curves) > len(shown) else ""
    return (
        f"Joint posterior of tau and each effect versus {names[str(outcome['reference'])]}. As tau goes from {tau}, "
        f"the estimate that moves most is that of {names[far.treatment]}, from {scale.measure} "
        f"{scale.value(float(far.mean[0]))} to {scale.value(float(far.mean[-1]))}; its SD ({scale.analysis}) goes from "
        f"{significant(float(far.sd[0]))} to {significant(float(far.sd[-1]))}.{drawn}"
    )


def _table(outcome: Outcome, curves: Sequence[_Curve], scale: Scale, level: float) -> Table:
    """Effects given tau at its 2.5, 25, 50, 75 and 97.5% points."""
    names = labels(outcome)
    columns = (
        Column("treatment", "Treatment", "head"),
        Column("quantile", "Quantile of tau", "number"),
        Column("tau", "tau", "number"),
        Column("", f"{scale.measure} given tau ({scale.interval})", "number", "html"),
        Column("mean", "", "number", "csv"),
        Column("sd", "", "number", "csv"),
    )
    rows = []
    for curve in curves:
        for share in (0.025, 0.25, 0.5, 0.75, 0.975):
            tau = float(np.interp(share, _content_below(curve), curve.tau))
            mean, sd = (float(np.interp(tau, curve.tau, of)) for of in (curve.mean, curve.sd))
            effect = {"median": mean, "low": mean - level * sd, "high": mean + level * sd}
            text = made(scale.effect(effect, named=False))
            head = plain(names[curve.treatment])
            rows.append((head, plain(share), Cell(tau, significant(tau)), text, Cell(mean, ""), Cell(sd, "")))
    caption = f"Effects versus {names[str(outcome['reference'])]} given tau, {label_of(outcome)}"
    return Table("tau-effects", caption, columns, tuple(rows))
