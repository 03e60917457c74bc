"""Forest plot of every treatment against the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.frame import Chart, Line
from physiohub.report.figures.intervals import interval_spec
from physiohub.report.format import Scale, known, limits, plural, point
from physiohub.report.outcome import label_of, labels, main_pairs, prefers, sign
from physiohub.report.tables import relative_effects_table

__all__ = ["effect_line", "effect_notes", "forest_figure", "important_zone"]

Outcome = Mapping[str, Any]


def forest_figure(outcome: Outcome) -> Figure:
    """Credible interval thick, prediction interval thin, the same numbers as in the tables at the right."""
    scale, names = Scale.of(outcome), labels(outcome)
    reference = names[str(outcome["reference"])]
    versus_reference, _ = main_pairs(outcome)
    random = outcome["effects"] == "random"
    lines = [effect_line(row, names, scale, random=random) for row in versus_reference]
    chart = Chart(
        scale,
        (f"Versus {reference}", f"{scale.measure} ({scale.interval})", f"{scale.level} prediction" if random else ""),
        _favours(outcome, reference),
        effect_notes(outcome, scale, random=random),
        important_zone(outcome),
    )
    title = f"Effects versus {reference}, {label_of(outcome)}"
    table = relative_effects_table(outcome, chosen=versus_reference)
    return Figure("forest", title, _description(outcome, reference), interval_spec(lines, chart), table)


def important_zone(outcome: Outcome) -> tuple[float | None, float | None] | None:
    """The effects that are better by more than the important difference, on the analysis scale."""
    value = (outcome.get("mid") or {}).get("value")
    if value is None:
        return None
    return (abs(value), None) if sign(outcome) > 0 else (None, -abs(value))


def effect_line(row: Mapping[str, Any], names: Mapping[str, str], scale: Scale, *, random: bool) -> Line:
    """One effect as a row: its treatment, its intervals, and the numbers."""
    low, high = limits(row)
    ends = (row["predictive_low"], row["predictive_high"])
    predictive = None if not random or None in ends else ends
    return Line(
        names[row["treatment"]],
        "network",
        point(row),
        low,
        high,
        predictive,
        scale.effect(row, named=False),
        scale.span(*ends) if random else "",
    )


def _favours(outcome: Outcome, reference: str) -> tuple[str, str]:
    sides = ("favours the treatment", f"favours {reference}")
    return sides if sign(outcome) < 0 else (sides[1], sides[0])


def effect_notes(outcome: Outcome, scale: Scale, *, random: bool) -> tuple[str, ...]:
    """How the rows are read, and what is shaded."""
    lines = f"Diamond and thick line: posterior median, {scale.interval}."
    if random:
        lines += f" Thin line with end marks: {scale.level} prediction interval."
    mid = outcome.get("mid") or {}
    if mid.get("value") is None:
        return (lines,)
    edge = scale.value(abs(mid["value"]) * sign(outcome))
    return (lines, f"Shaded: better by more than the important difference ({scale.measure} beyond {edge}).")


def _description(outcome: Outcome, reference: str) -> str:
    scale, names = Scale.of(outcome), labels(outcome)
    rows, _ = main_pairs(outcome)
    rows = [row for row in rows if known(row)]
    apart = [names[row["treatment"]] for row in rows if prefers(outcome, row) is not None]
    ordered = sorted(rows, key=lambda row: sign(outcome) * point(row), reverse=True)
    ends = [ordered[0], ordered[-1]] if len(ordered) > 1 else ordered
    shown = "; ".join(f"{names[row['treatment']]} {scale.measure} {scale.effect(row)}" for row in ends)
    inside = len(rows) - len(apart)
    over = f"The interval includes no difference for {inside} of {plural(len(rows), 'treatment')}"
    rest = f", and lies on one side of it for {', '.join(apart)}." if 0 < len(apart) <= 6 else "."
    which = "Largest and smallest estimate" if len(ends) > 1 else "Estimate"
    what = f"{plural(len(rows), 'treatment')} versus {reference}; {outcome['better']} is better."
    return f"{what} {which}: {shown}. {over}{rest}"
