"""Analysis data that RevMan exports as CSV.

Two files are known. RevMan 5 (File, Export, Data and analyses): columns ``Comparison Number, Outcome Number, Subgroup
Number, Name, Data Type, Effect Measure, Events 1, Mean 1, SD 1, Total 1, Events 2 ... Effect Estimate, SE, CI Start, CI
End, Group Label 1, Group Label 2, Year of study``, with rows for comparisons, outcomes and subgroups above those of
their studies; which is which, the numbers and the data type tell (as in read.rm5 of the R package meta, whose example
file Fleiss1993_CR.csv has them). RevMan Web (the ``-data-rows.csv`` of a data package): columns ``Analysis group,
Analysis number, Analysis name, Subgroup, Study, Study year, GIV Mean, GIV SE, CI start, CI end, Experimental cases,
Experimental N, Experimental mean, Experimental SD, Control cases ...`` (as in read.cdir of that package); it does not
name the groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from physiohub.errors import Issue
from physiohub.network.cells import parse_number
from physiohub.network.revman_outcomes import GENERIC, Analysis, FileNames, StudyLine, as_table, measure_of
from physiohub.network.source import Record, Source

__all__ = ["read_revman_csv"]

_FIVE = frozenset({"comparison number", "outcome number", "name", "data type"})
_FIVE_FIELDS = {
    "events_1": "Events 1", "events_2": "Events 2", "total_1": "Total 1", "total_2": "Total 2", "n_1": "Total 1",
    "n_2": "Total 2", "mean_1": "Mean 1", "mean_2": "Mean 2", "sd_1": "SD 1", "sd_2": "SD 2",
    "estimate": "Effect Estimate", "se": "SE", "low": "CI Start", "high": "CI End",
}  # fmt: skip
_FIVE_NAMES: FileNames = {
    "study": "Name", "year": "Year of study", "subgroup": "Subgroup Number", "measure": "Effect Measure",
    "treatment": ("Group Label 1", "Group Label 2"), "events": ("Events 1", "Events 2"),
    "total": ("Total 1", "Total 2"), "n": ("Total 1", "Total 2"), "mean": ("Mean 1", "Mean 2"), "sd": ("SD 1", "SD 2"),
    "estimate": "Effect Estimate", "se": "SE",
}  # fmt: skip
_TYPES = {"d": "DICH", "c": "CONT", "i": "IV", "g": "IV", "o": "IPD", "p": "IPD"}

_WEB = frozenset({"analysis group", "analysis number", "study", "experimental n", "control n"})
_WEB_SETTINGS = frozenset({"analysis group", "analysis number", "data type", "effect measure"})
_WEB_FIELDS = {
    "events_1": "Experimental cases", "events_2": "Control cases", "total_1": "Experimental N", "total_2": "Control N",
    "n_1": "Experimental N", "n_2": "Control N", "mean_1": "Experimental mean", "mean_2": "Control mean",
    "sd_1": "Experimental SD", "sd_2": "Control SD", "entered": "GIV Mean", "se": "GIV SE",
}  # fmt: skip
_WEB_NAMES: FileNames = {
    "study": "Study", "year": "Study year", "subgroup": "Subgroup", "treatment": GENERIC,
    "events": ("Experimental cases", "Control cases"), "total": ("Experimental N", "Control N"),
    "n": ("Experimental N", "Control N"), "mean": ("Experimental mean", "Control mean"),
    "sd": ("Experimental SD", "Control SD"), "estimate": "GIV Mean", "se": "GIV SE", "measure": "Effect measure",
}  # fmt: skip


def read_revman_csv(table: Source, outcome: str | None = None) -> Source | None:
    """The table of one outcome of such an export; None when the table is none."""
    cells = _Cells(table)
    empty = replace(table, columns=(), records=())
    if cells.has(_FIVE):
        return as_table(empty, list(_of_five(table, cells)), outcome, _FIVE_NAMES)
    if cells.has(_WEB):
        found = as_table(empty, list(_of_web(table, cells)), outcome, _WEB_NAMES)
        message = "The file does not name the two groups; they are called Experimental and Control."
        remedy = "Their names stand in the file of settings beside it; a network of several comparisons needs them."
        note = Issue("groups-unnamed", message, remedy, "note", file=table.file)
        return replace(found, issues=(*found.issues, note)) if found.records else found
    if cells.has(_WEB_SETTINGS):
        message = "This file of a RevMan data package holds settings and pooled results, no studies."
        return replace(
            empty,
            issues=(Issue("no-rows", message, "Read the file whose name ends in -data-rows.csv.", file=table.file),),
        )
    return None


class _Cells:
    """Cells by the name of their column, in any case."""

    def __init__(self, table: Source) -> None:
        self.place = {" ".join(name.split()).casefold(): k for k, name in enumerate(table.columns)}

    def has(self, names: frozenset[str]) -> bool:
        return names <= self.place.keys()

    def get(self, record: Record, name: str) -> str:
        k = self.place.get(name.casefold())
        return "" if k is None else record.cells[k]

    def values(self, record: Record, fields: Mapping[str, str]) -> dict[str, str]:
        return {field: self.get(record, name).replace(",", "") for field, name in fields.items()}


def _whole(text: str) -> int:
    number = parse_number(text)
    return int(number) if isinstance(number, float) else 0


def _of_five(table: Source, cells: _Cells) -> Iterator[Analysis]:
    """Outcomes of the RevMan 5 export; the row that states a data type opens an outcome, or a subgroup of it."""
    analysis: Analysis | None = None
    subgroup, group = "", 0
    for record in table.records:
        numbers = [_whole(cells.get(record, f"{what} number")) for what in ("comparison", "outcome", "subgroup")]
        number = f"{numbers[0]}.{numbers[1]}"
        if numbers[1] == 0:
            continue
        if analysis is None or analysis.number != number:
            if analysis is not None:
                yield analysis
            analysis, subgroup, group = _five_outcome(record, cells, number), "", 0
        elif numbers[2] != group and cells.get(record, "data type"):
            subgroup, group = cells.get(record, "name"), numbers[2]
        else:
            values = cells.values(record, _FIVE_FIELDS)
            year = cells.get(record, "year of study")
            analysis.lines.append(StudyLine(record.row, cells.get(record, "name"), values, year, subgroup))
    if analysis is not None:
        yield analysis


def _five_outcome(record: Record, cells: _Cells, number: str) -> Analysis:
    labels = (cells.get(record, "group label 1") or GENERIC[0], cells.get(record, "group label 2") or GENERIC[1])
    return Analysis(
        number=number,
        name=cells.get(record, "name"),
        comparison=number.partition(".")[0],
        kind=_TYPES.get(cells.get(record, "data type")[:1].casefold(), "IPD"),
        labels=labels,
        measure=measure_of(cells.get(record, "effect measure")),
        row=record.row,
    )


def _of_web(table: Source, cells: _Cells) -> Sequence[Analysis]:
    """Outcomes of the RevMan Web export; what kind they are, the filled columns tell."""
    found: dict[str, Analysis] = {}
    for record in table.records:
        number = f"{cells.get(record, 'analysis group')}.{cells.get(record, 'analysis number')}"
        values = cells.values(record, _WEB_FIELDS)
        analysis = found.get(number)
        if analysis is None:
            name = cells.get(record, "analysis name") or f"analysis {number}"
            analysis = Analysis(number, name, cells.get(record, "analysis group"), _web_kind(values), row=record.row)
            found[number] = analysis
        line = StudyLine(
            record.row,
            cells.get(record, "study"),
            values,
            cells.get(record, "study year"),
            cells.get(record, "subgroup"),
        )
        analysis.lines.append(line)
    return list(found.values())


def _web_kind(values: Mapping[str, str]) -> str:
    for kind, field in (("IV", "entered"), ("CONT", "mean_1"), ("DICH", "events_1")):
        if values[field]:
            return kind
    return "IPD"
