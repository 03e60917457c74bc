"""Every pair with its intervals, grouped by what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.forest import effect_line, effect_notes, important_zone
from physiohub.report.figures.frame import Chart, Line, labelled
from physiohub.report.figures.intervals import interval_spec
from physiohub.report.format import Scale, known, plural, point
from physiohub.report.outcome import label_of, labels, pair_index, prefers, sign, treatments
from physiohub.report.tables import relative_effects_table

__all__ = ["ALL_PAIRS_UP_TO", "all_pairs_figures"]

Outcome = Mapping[str, Any]
Row = Mapping[str, Any]
ALL_PAIRS_UP_TO = 10  # treatments; 45 pairs are two pages, 780 would be twenty
COMPARATORS = 3
PAGE = 40


def all_pairs_figures(outcome: Outcome, *, versus: Sequence[str] | None = None) -> tuple[Figure, ...]:
    """Intervals of pairs, grouped by comparator, on as many pages as they fill, all with one axis.

    Parameters
    ----------
    versus
        Comparators, each with every other treatment beside it. By default every pair is drawn once; with more than
        ten treatments, the pairs with the reference and with the two other treatments of most studies.
    """
    groups = [(comparator, rows) for comparator, rows in _groups(outcome, versus) if rows]
    pages = _pages([_block(outcome, comparator, rows) for comparator, rows in groups])
    everything = [line for page in pages for line in page]
    order = [row for _, rows in groups for row in rows]
    whole = versus is None and len(treatments(outcome)) <= ALL_PAIRS_UP_TO
    shown = [] if whole else [labels(outcome)[comparator] for comparator, _ in groups]
    title = f"{'Every pair of treatments' if whole else 'Pairs of treatments'}, {label_of(outcome)}"
    figures = []
    for number, lines in enumerate(pages, 1):
        part = f", part {number} of {len(pages)}" if len(pages) > 1 else ""
        ident = "all-pairs" if len(pages) == 1 else f"all-pairs-{number}"
        rows = [order.pop(0) for line in lines if line.kind == "network"]
        spec = interval_spec(lines, _chart(outcome), axis_of=everything)
        table = relative_effects_table(outcome, chosen=rows)
        figures.append(Figure(ident, f"{title}{part}", _description(outcome, rows, shown), spec, table))
    return tuple(figures)


def _groups(outcome: Outcome, versus: Sequence[str] | None) -> Iterator[tuple[str, list[Row]]]:
    """Comparators with the rows that stand under them."""
    order, pairs = treatments(outcome), pair_index(outcome)
    once = versus is None and len(order) <= ALL_PAIRS_UP_TO
    if versus is None:
        versus = order[:-1] if once else _most_studied(outcome)
    for comparator in versus:
        others = order[order.index(comparator) + 1 :] if once else [t for t in order if t != comparator]
        yield comparator, [pairs[t, comparator] for t in others if known(pairs[t, comparator])]


def _most_studied(outcome: Outcome) -> list[str]:
    """The reference, then the treatments of most studies; of equals, the earlier."""
    reference, *others = outcome["network"]["treatments"]
    ordered = sorted(others, key=lambda node: -node["studies"])
    return [str(node["id"]) for node in (reference, *ordered[: COMPARATORS - 1])]


def _block(outcome: Outcome, versus: str, rows: Sequence[Row]) -> list[Line]:
    scale, names = Scale.of(outcome), labels(outcome)
    random = outcome["effects"] == "random"
    heading = Line(f"Versus {names[versus]}", "heading")
    return [heading, *(effect_line(row, names, scale, random=random) for row in rows)]


def _pages(blocks: Sequence[list[Line]]) -> list[list[Line]]:
    """Pages of so many rows; a comparator that runs over is named again."""
    pages: list[list[Line]] = []
    for heading, *lines in blocks:
        again = Line(f"{heading.label} (continued)", "heading")
        if not pages or _height([*pages[-1], heading, lines[0]]) > PAGE:
            pages.append([])
        pages[-1].append(heading)
        for line in lines:
            if _height([*pages[-1], line]) > PAGE:
                pages.append([again])
            pages[-1].append(line)
    return pages


def _height(lines: Sequence[Line]) -> float:
    """Rows that lines take; a label of several lines takes more than one."""
    return sum(max(1.0, 0.7 * (text.count("\n") + 1)) for text in labelled(lines))


def _chart(outcome: Outcome) -> Chart:
    scale = Scale.of(outcome)
    random = outcome["effects"] == "random"
    sides = ("favours the treatment", "favours what it is compared with")
    return Chart(
        scale,
        ("Treatment", f"{scale.measure} ({scale.interval})", f"{scale.level} prediction" if random else ""),
        sides if sign(outcome) < 0 else (sides[1], sides[0]),
        effect_notes(outcome, scale, random=random),
        important_zone(outcome),
    )


def _description(outcome: Outcome, rows: Sequence[Row], shown: Sequence[str]) -> str:
    scale, names = Scale.of(outcome), labels(outcome)
    apart = sum(prefers(outcome, row) is not None for row in rows)
    parts = [f"{plural(len(rows), 'effect')}, grouped by comparator; {outcome['better']} is better."]
    if shown:
        comparators = ", ".join(shown)
        parts.append(f"Drawn are {comparators} as comparators; the table of every comparison holds all.")
    best = max(rows, key=lambda row: sign(outcome) * point(row))
    pair = f"{names[best['treatment']]} versus {names[best['versus']]}"
    parts.append(f"Largest estimate here: {pair}, {scale.measure} {scale.effect(best)}.")
    parts.append(f"Intervals that leave out no difference: {apart} of {len(rows)}.")
    return " ".join(parts)
