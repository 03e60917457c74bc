"""Forest plot of the trials' own contrasts, comparison by comparison, with the network's estimate beneath each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.forest import important_zone
from physiohub.report.figures.frame import Chart, Line, labelled
from physiohub.report.figures.intervals import interval_spec
from physiohub.report.format import Scale, count, known, limits, plural, point
from physiohub.report.outcome import label_of, labels, pair_index, sign
from physiohub.report.tables import contrasts_table
from physiohub.report.tables.studies import correction_notes, starred

__all__ = ["trials_figures"]

Outcome = Mapping[str, Any]
PAGE = 36  # rows that stay legible on one printed page


def trials_figures(outcome: Outcome) -> tuple[Figure, ...]:
    """One figure, or as many as the comparisons fill; none when no study has a contrast of its own."""
    if not any(study.get("contrasts") for study in outcome["studies"]):
        return ()
    blocks = list(_blocks(outcome))
    pages = _pages(blocks)
    figures = []
    for number, lines in enumerate(pages, 1):
        part = f", part {number} of {len(pages)}" if len(pages) > 1 else ""
        ident = "forest-trials" if len(pages) == 1 else f"forest-trials-{number}"
        title = f"Trials beside the network, {label_of(outcome)}{part}"
        shown = {line.label for line in lines if line.kind == "study"}
        studies = [study for study in outcome["studies"] if study["id"] in shown]
        table = contrasts_table({**outcome, "studies": studies})
        chart = _chart({**outcome, "studies": studies})
        spec = interval_spec(lines, chart, axis_of=[line for page in pages for line in page])
        figures.append(Figure(ident, title, _description(outcome, lines), spec, table))
    return tuple(figures)


def _chart(outcome: Outcome) -> Chart:
    scale = Scale.of(outcome)
    sides = ("favours the first named", "favours the second named")
    notes = [
        f"Square: a study's own estimate with its {scale.level} confidence interval.",
        f"Diamond: the network's estimate, posterior median with {scale.interval}.",
    ]
    if _counted(outcome):
        apart = " Dash: not reported apart." if _counted(outcome).startswith("Categories") else ""
        notes.append(f"Counts: of the first named v of the second named treatment.{apart}")
    notes += correction_notes(outcome)
    zone = important_zone(outcome)
    if zone is not None:
        notes.append("Shaded: better by more than the important difference.")
    return Chart(
        scale,
        ("Comparison, study", f"{scale.measure} ({scale.level} interval)", _counted(outcome)),
        sides if sign(outcome) < 0 else (sides[1], sides[0]),
        tuple(notes),
        zone,
    )


def _blocks(outcome: Outcome) -> Iterator[list[Line]]:
    """The rows of each comparison that has a contrast of a study."""
    scale, names, pairs = Scale.of(outcome), labels(outcome), pair_index(outcome)
    for comparison in outcome["network"]["comparisons"]:
        treatment, versus = comparison["treatment"], comparison["versus"]
        trials = list(_trials(outcome, treatment, versus, scale))
        network = pairs[treatment, versus]
        if trials and known(network):
            low, high = limits(network)
            text = scale.effect(network, named=False)
            heading = Line(f"{names[treatment]} versus {names[versus]}", "heading")
            yield [heading, *trials, Line("Network", "network", point(network), low, high, text=text)]


def _trials(outcome: Outcome, treatment: str, versus: str, scale: Scale) -> Iterator[Line]:
    """The studies of a comparison with their own estimate, and those that form none with their counts alone."""
    for study in outcome["studies"]:
        yield from _silent(study, treatment, versus)
        for row in study.get("contrasts") or []:
            pair = (row["treatment"], row["versus"])
            if row["estimate"] is None or set(pair) != {treatment, versus}:
                continue
            turn = 1 if pair == (treatment, versus) else -1
            low, high = sorted((turn * row["low"], turn * row["high"]))
            text = f"{scale.value(turn * row['estimate'])} ({scale.span(low, high)}){starred(study)}"
            places = row.get("arms") or ()
            counts = _beside([study["arms"][k] for k in (places if turn > 0 else reversed(places))])
            yield Line(str(study["id"]), "study", turn * row["estimate"], low, high, text=text, second=counts)


def _silent(study: Mapping[str, Any], treatment: str, versus: str) -> Iterator[Line]:
    if not study.get("contrasts_reason"):
        return
    one, two = ([arm for arm in study["arms"] if arm["treatment"] == t] for t in (treatment, versus))
    for first in one:
        for second in two:
            yield Line(str(study["id"]), "study", text="no estimate of its own", second=_beside([first, second]))


def _counted(outcome: Outcome) -> str:
    """Heading of the counts; empty where there are none."""
    arms = [arm for study in outcome["studies"] for arm in study.get("arms") or []]
    if any(arm.get("categories") for arm in arms):
        return "Categories / total"
    if not any(arm.get("events") is not None for arm in arms):
        return ""
    over = "exposure" if outcome["measure"] == "IRR" else "total"
    return f"Events / {over}"


def _beside(arms: Sequence[Mapping[str, Any]]) -> str:
    """Counts of the arms, such as 23/140 v 9/140."""
    return " v ".join(text for arm in arms if (text := _counts(arm)))


def _counts(arm: Mapping[str, Any]) -> str:
    if arm.get("categories"):
        of = "" if arm.get("total") is None else f" / {count(arm['total'])}"
        return ", ".join("–" if c is None else count(c) for c in arm["categories"]) + of
    if arm.get("events") is None:
        return ""
    over = arm["total"] if arm.get("exposure") is None else arm["exposure"]
    return count(arm["events"]) + ("" if over is None else f"/{count(over)}")


def _pages(blocks: Sequence[list[Line]]) -> list[list[Line]]:
    pages: list[list[Line]] = []
    for block in blocks:
        if pages and _height(pages[-1]) + _height(block) <= PAGE:
            pages[-1].extend(block)
        else:
            pages.append(list(block))
    return pages


def _height(lines: Sequence[Line]) -> float:
    """Rows that lines take; a label of several lines takes more than one."""
    return sum(max(1.0, 0.65 * (text.count("\n") + 1)) for text in labelled(lines))


def _description(outcome: Outcome, lines: Sequence[Line]) -> str:
    scale = Scale.of(outcome)
    rows = [line for line in lines if line.kind == "study"]
    comparisons = sum(line.kind == "heading" for line in lines)
    ordered = sorted((line for line in rows if line.estimate is not None), key=lambda line: line.estimate or 0.0)
    if not ordered:
        return f"{plural(len(rows), 'study', 'studies')} without an estimate of its own, with the network's estimate."
    low, high = ordered[0], ordered[-1]
    silent = len(rows) - len(ordered)
    none = f" {plural(silent, 'study', 'studies')} without an estimate of its own." if silent else ""
    return (
        f"{plural(len(ordered), 'estimate')} of studies in {plural(comparisons, 'comparison')}, from "
        f"{scale.measure} {low.text} in {low.label} to {high.text} in {high.label}; {outcome['better']} is better. "
        f"Beneath each comparison stands the network's estimate, which also uses indirect evidence.{none}"
    )
