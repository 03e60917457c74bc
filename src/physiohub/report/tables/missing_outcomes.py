"""Missing outcomes in tables: who is missing, and what each assumption about them does to the effects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from physiohub.report.format import Scale, count, known, limits, number, percent, plural, significant
from physiohub.report.outcome import label_of, labels, prefers
from physiohub.report.tables.table import Cell, Column, Table, made, plain

__all__ = ["assumption_text", "departure_text", "missing_arms_table", "missing_outcomes_table"]

Outcome = Mapping[str, Any]
Row = Mapping[str, Any]
_BETWEEN = {"independent": "each arm its own", "equal": "one for all arms of a study"}


def missing_arms_table(outcome: Outcome) -> Table:
    """One row an arm of which the number randomised is known."""
    found = outcome.get("missing_outcomes")
    columns = (
        Column("study", "Study", "head"),
        Column("arm", "Arm"),
        Column("treatment", "Treatment"),
        Column("randomised", "Randomised", "number"),
        Column("analysed", "Analysed", "number"),
        Column("missing", "Missing", "number"),
        Column("share", "Share missing", "number"),
        Column("reason", "Left as observed, because"),
    )
    rows = [_arm_cells(arm, labels(outcome)) for arm in (found or {}).get("arms", ())]
    caption = f"People without an outcome, {label_of(outcome)}"
    return Table("missing-arms", caption, columns, tuple(rows), _who_is_not_known(found))


def _arm_cells(arm: Row, names: Mapping[str, str]) -> tuple[Cell, ...]:
    counts = [Cell(arm[key], count(arm[key])) for key in ("randomised", "analysed", "missing")]
    share = Cell(arm["share"], percent(arm["share"]))
    treatment = plain(names.get(arm["treatment"], arm["treatment"]))
    return (plain(arm["study"]), plain(arm["arm"]), treatment, *counts, share, plain(arm["reason"]))


def _who_is_not_known(found: Row | None) -> str:
    if not found or not found["not_reported"]:
        return ""
    silent = found["not_reported"]
    which = f"In {plural(len(silent), 'study', 'studies')} an arm does not tell how many people were randomised"
    return f"{which} and is taken as observed: {'; '.join(silent)}."


def missing_outcomes_table(outcome: Outcome) -> Table:
    """One row an assumption and a treatment: the effect versus the reference, and whether its conclusion holds."""
    found, scale, names = outcome.get("missing_outcomes"), Scale.of(outcome), labels(outcome)
    columns = (
        Column("", "Treatment", "head", "html"),
        Column("treatment", "Treatment", "text", "csv"),
        Column("versus", "Versus", "text", "csv"),
        Column("pattern", "Pattern", "text", "csv"),
        Column("", "The missing, compared with the observed", "text", "html"),
        *(Column(key, key, "number", "csv") for key in ("value", "in_controls", "sd")),
        Column("between_arms", "Between arms", "text", "csv"),
        Column("", f"{scale.measure} ({scale.interval})", "number", "html"),
        *(Column(key, key, "number", "csv") for key in ("median", "low", "high")),
        Column("conclusion", "Conclusion"),
    )
    rows: list[tuple[Cell, ...]] = []
    for place in range(len(names) - 1):
        rows += _block(outcome, found, place, scale, names) if found else []
    title = f"Effects versus {names[str(outcome['reference'])]} over assumptions about the missing, {label_of(outcome)}"
    return Table("missing-outcomes", title, columns, tuple(rows), _note(found))


def _block(outcome: Outcome, found: Row, place: int, scale: Scale, names: Mapping[str, str]) -> list[tuple[Cell, ...]]:
    """The rows of one treatment; without effects there are none."""
    scenarios = [scenario for scenario in found["scenarios"] if place < len(scenario["effects"])]
    rows = []
    for scenario in scenarios:
        effect, observed = scenario["effects"][place], scenarios[0]["effects"][place]
        same = prefers(outcome, effect) == prefers(outcome, observed)
        conclusion = "–" if scenario is scenarios[0] else ("holds" if same else "differs")
        low, high = limits(effect)
        rows.append(
            (
                plain(names[effect["treatment"]]),
                plain(names[effect["treatment"]]),
                plain(names[effect["versus"]]),
                plain(scenario["pattern"]),
                plain(assumption_text(scenario, found["parameter"])),
                *(plain(scenario[key]) for key in ("value", "in_controls", "sd")),
                plain(scenario["between_arms"] if scenario["sd"] else None),
                made(scale.effect(effect, named=False)),
                plain(effect["median"]),
                plain(low),
                plain(high),
                plain(conclusion if known(effect) else None),
            )
        )
    return rows


def departure_text(value: float, parameter: str) -> str:
    """One value of lambda: an IMOR, or SDs.

    Examples
    --------
    >>> departure_text(0.693147, "log IMOR"), departure_text(-0.5, "IMDoM"), departure_text(1.0, "IMDoM")
    ('IMOR 2', '0.5 SD lower', '1 SD higher')
    """
    if parameter == "log IMOR":
        odds = math.exp(value)
        return f"IMOR {number(odds, 0) if abs(odds - round(odds)) < 1e-6 and odds >= 1 else significant(odds)}"
    return f"{abs(value):g} SD {'higher' if value > 0 else 'lower'}" if value else "no difference"


def assumption_text(scenario: Row, parameter: str) -> str:
    """What a scenario assumes, in words.

    Examples
    --------
    >>> same = {"pattern": "same", "value": 0.5, "in_controls": 0.5, "sd": 0.0, "between_arms": "independent"}
    >>> assumption_text(same, "IMDoM")
    '0.5 SD higher in all arms'
    >>> assumption_text(same | {"pattern": "opposite", "in_controls": -0.5}, "IMDoM")
    '0.5 SD higher in treatments, 0.5 SD lower in controls'
    >>> assumption_text(same | {"pattern": "uncertain", "value": 0.0, "sd": 1.0}, "log IMOR")
    'log IMOR ~ N(0, 1²), each arm its own'
    """
    if scenario["pattern"] == "observed":
        return "no difference"
    if scenario["pattern"] == "uncertain":
        unit = " SD" if parameter == "IMDoM" else ""
        return f"{parameter} ~ N(0, {scenario['sd']:g}²){unit}, {_BETWEEN[scenario['between_arms']]}"
    treated = departure_text(scenario["value"], parameter)
    if scenario["pattern"] == "same":
        return f"{treated} in all arms"
    return f"{treated} in treatments, {departure_text(scenario['in_controls'], parameter)} in controls"


def _note(found: Row | None) -> str:
    if not found:
        return ""
    if found["reason"]:
        return f"Not asked: {found['reason']}."
    what = (
        "IMOR: odds of the event in the missing over the odds in the observed, risks through normal contrasts."
        if found["parameter"] == "log IMOR"
        else "IMDoM: mean of the missing minus mean of the observed, in SDs of the scores of their arm."
    )
    failed = [s for s in found["scenarios"] if s["reason"]]
    words = [f"{assumption_text(s, found['parameter'])}: {s['reason']}." for s in failed]
    held = "A conclusion holds when the interval lies as in the analysis of the observed."
    return " ".join([what, "No data can tell which assumption is right.", held, *words])
