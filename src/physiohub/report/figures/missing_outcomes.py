"""Effects over assumptions about the missing: one panel a treatment, an interval at every value of lambda."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.frame import ticks
from physiohub.report.figures.panels import panel_spec
from physiohub.report.figures.style import INK, LINE, MAIN, MUTED, SECOND, SMALL, broken, line_height
from physiohub.report.format import Scale, limits, plural, point
from physiohub.report.outcome import label_of, labels, prefers
from physiohub.report.tables.missing_outcomes import assumption_text, missing_outcomes_table

__all__ = ["missing_outcomes_figure", "why_no_missing_figure"]

Outcome = Mapping[str, Any]
Row = dict[str, Any]
PANELS, COLUMNS, WIDTH, HEIGHT = 12, 3, 205, 150
LOOKS: Mapping[str, Row] = {
    "same": {"color": MAIN, "shape": "circle", "dash": [1, 0], "shift": -1.0},
    "opposite": {"color": SECOND, "shape": "square", "dash": [4, 3], "shift": 1.0},
}
APART = 0.03  # of the width of the axis, so that two intervals at one value stand side by side


def why_no_missing_figure(outcome: Outcome) -> str | None:
    """Why the figure cannot be drawn; None when it can."""
    found = outcome.get("missing_outcomes")
    if not found:
        return "answers over assumptions about missing outcomes were not computed"
    if found["reason"]:
        return str(found["reason"])
    drawn = [s for s in found["scenarios"] if s["effects"] and s["pattern"] in LOOKS]
    return None if drawn else "no value of lambda but zero has an answer"


def missing_outcomes_figure(outcome: Outcome) -> Figure:
    """One panel a treatment, at most twelve: the effect versus the reference against IMDoM or IMOR.

    Parameters
    ----------
    outcome
        One of results.json, with `missing_outcomes` that has scenarios.
    """
    scale, names, found = Scale.of(outcome), labels(outcome), outcome["missing_outcomes"]
    treated = [str(effect["treatment"]) for effect in found["scenarios"][0]["effects"]]
    shown = list(range(min(len(treated), PANELS)))
    low, high = _limits(found, shown)
    contents = [_content(found, place, scale, (low, high), first=place % COLUMNS == 0) for place in shown]
    titles = [(names[treated[place]],) for place in shown]
    spec = panel_spec(titles, contents, width=WIDTH, height=HEIGHT, columns=COLUMNS)
    look = {"fontSize": SMALL, "lineHeight": line_height(SMALL), "color": MUTED, "offset": 14}
    spec["title"] = {"text": _key(outcome, treated, scale), **look}
    title = f"Effects versus {names[str(outcome['reference'])]} over assumptions about the missing, {label_of(outcome)}"
    return Figure("missing-outcomes", title, _description(outcome, scale), spec, missing_outcomes_table(outcome))


def _drawn(found: Mapping[str, Any], pattern: str) -> list[Row]:
    """Scenarios of a pattern with an answer, and the observed, by lambda."""
    rows = [s for s in found["scenarios"] if s["effects"] and s["pattern"] in (pattern, "observed")]
    return sorted(rows, key=lambda scenario: float(scenario["value"]))


def _limits(found: Mapping[str, Any], shown: Sequence[int]) -> tuple[float, float]:
    """Limits of the effects in all panels: every interval, unless one is far wider than is typical."""
    rows = [s["effects"][k] for pattern in LOOKS for s in _drawn(found, pattern) for k in shown]
    ends = [limits(row) for row in rows]
    points = [point(row) for row in rows]
    room = 2.5 * sorted(high - low for low, high in ends)[len(ends) // 2]
    low = max(min(0.0, *(end[0] for end in ends)), min(0.0, *points) - room)
    high = min(max(0.0, *(end[1] for end in ends)), max(0.0, *points) + room)
    margin = 0.04 * (high - low) or 1.0
    return low - margin, high + margin


def _content(found: Mapping[str, Any], place: int, scale: Scale, edges: tuple[float, float], *, first: bool) -> Row:
    """The null, the observed effect as a level, and for each pattern its line, intervals and points."""
    x, y = _axes(found, scale, edges, first=first)
    observed = scale.printed(point(found["scenarios"][0]["effects"][place]))
    rules = ((scale.null, {"color": INK, "strokeWidth": 1.2}), (observed, {"color": LINE, "strokeDash": [1, 3]}))
    layers: list[Row] = [
        {"data": {"values": [{"y": at}]}, "mark": {"type": "rule", **look}, "encoding": {"y": y}} for at, look in rules
    ]
    for pattern, look in LOOKS.items():
        values = _values(found, pattern, place, scale, edges)
        line = {"type": "line", "color": look["color"], "strokeWidth": 1.3, "strokeDash": look["dash"]}
        rule = {"type": "rule", "color": look["color"], "strokeWidth": 1.5}
        mark = {"type": "point", "shape": look["shape"], "filled": True, "size": 34, "color": look["color"]}
        ends = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}
        data = {"values": values}
        layers.append({"data": data, "mark": line, "encoding": {"x": x, "y": y}})
        layers.append({"data": data, "mark": rule, "encoding": ends})
        inside = {"values": [row for row in values if row["inside"]]}
        layers.append({"data": inside, "mark": {**mark, "opacity": 1}, "encoding": {"x": x, "y": y}})
    return {"layer": layers}


def _values(found: Mapping[str, Any], pattern: str, place: int, scale: Scale, edges: tuple[float, float]) -> list[Row]:
    """The points of one line: lambda and its effect with interval, cut at the ends of the axis."""

    def cut(value: float) -> float:
        return scale.printed(min(max(value, edges[0]), edges[1]))

    low, high = _span(found)
    shift = LOOKS[pattern]["shift"] * APART * (high - low) / 2
    rows = []
    for scenario in _drawn(found, pattern):
        effect = scenario["effects"][place]
        ends, at = limits(effect), point(effect)
        x = _printed(float(scenario["value"]) + shift, found)
        inside = edges[0] <= at <= edges[1]
        rows.append({"x": x, "y": cut(at), "low": cut(ends[0]), "high": cut(ends[1]), "inside": inside})
    return rows


def _printed(value: float, found: Mapping[str, Any]) -> float:
    return math.exp(value) if found["parameter"] == "log IMOR" else value


def _span(found: Mapping[str, Any]) -> tuple[float, float]:
    """Ends of the axis of lambda."""
    values = [float(s["value"]) for pattern in LOOKS for s in _drawn(found, pattern)]
    low, high = min(values), max(values)
    margin = 0.08 * (high - low)
    return low - margin, high + margin


def _axes(found: Mapping[str, Any], scale: Scale, edges: tuple[float, float], *, first: bool) -> tuple[Row, Row]:
    low, high = _span(found)
    odds = found["parameter"] == "log IMOR"
    values = sorted({_printed(float(s["value"]), found) for pattern in LOOKS for s in _drawn(found, pattern)})
    x_axis = {
        "values": values,
        "grid": False,
        "format": ".2~r" if odds else ".3~f",
        "title": "IMOR, logarithmic axis" if odds else "IMDoM (SDs)",
        "labelFlush": False,
        "labelOverlap": True,
    }
    x_kind = {"type": "log", "base": 10} if odds else {"type": "linear", "zero": False}
    ends = [_printed(low, found), _printed(high, found)]
    x = {"field": "x", "type": "quantitative", "axis": x_axis, "scale": {**x_kind, "domain": ends, "nice": False}}
    y_axis = {
        "values": ticks(*edges, scale, length=HEIGHT, upright=True),
        "grid": False,
        "title": f"{scale.measure}{', logarithmic axis' if scale.ratio else ''}" if first else None,
        "titlePadding": 8,
        "format": "~r" if scale.ratio else ".6~f",
        "labelOverlap": True,
    }
    kind = {"type": "log", "base": 10} if scale.ratio else {"type": "linear", "zero": False}
    domain = [scale.printed(edges[0]), scale.printed(edges[1])]
    y = {"field": "y", "type": "quantitative", "axis": y_axis, "scale": {**kind, "domain": domain, "nice": False}}
    return x, y


def _key(outcome: Outcome, treated: Sequence[str], scale: Scale) -> list[str]:
    """Over the panels: how they are read, and which treatments have none."""
    found, names = outcome["missing_outcomes"], labels(outcome)
    what = (
        "IMOR: odds of the event in the missing over the odds in the observed; 1: as the observed."
        if found["parameter"] == "log IMOR"
        else "IMDoM: mean of the missing minus mean of the observed, in SDs; 0: as the observed."
    )
    other = "its inverse" if found["parameter"] == "log IMOR" else "its opposite"
    controls = " and ".join(names[name] for name in found["controls"])
    texts = [
        f"{what} Bars: {scale.interval}. Dotted: the effect in the observed.",
        f"Circles, solid line: the same in all arms. Squares, dashed line: {other} in {controls}.",
    ]
    if len(treated) > PANELS:
        texts.append(f"Without a panel: {'; '.join(names[name] for name in treated[PANELS:])}.")
    width = min(COLUMNS, len(treated)) * (WIDTH + 40.0)
    return [line for text in texts for line in broken(text, width, SMALL).split("\n")]


def _description(outcome: Outcome, scale: Scale) -> str:
    """Which effect moves most, and how many conclusions turn."""
    found, names = outcome["missing_outcomes"], labels(outcome)
    observed = found["scenarios"][0]["effects"]
    rows = [
        (scenario, effect, observed[k])
        for scenario in found["scenarios"][1:]
        if scenario["pattern"] in LOOKS
        for k, effect in enumerate(scenario["effects"])
    ]
    scenario, far, before = max(rows, key=lambda row: abs(point(row[1]) - point(row[2])))
    turned = {e["treatment"] for _, e, o in rows if prefers(outcome, e) != prefers(outcome, o)}
    conclusions = (
        "No conclusion versus the reference changes."
        if not turned
        else f"The conclusion changes for {plural(len(turned), 'treatment')}: "
        f"{'; '.join(names[name] for name in names if name in turned)}."
    )
    return (
        f"Effect of {plural(len(observed), 'treatment')} versus {names[str(outcome['reference'])]} over "
        f"{found['parameter']} of the people without an outcome. The effect that moves most is that of "
        f"{names[far['treatment']]}: {scale.measure} {scale.effect(before)} in the observed, "
        f"{scale.effect(far, named=False)} under {assumption_text(scenario, found['parameter'])}. {conclusions}"
    )
