"""Faults of extraction, planted one at a time in every place of a table where they fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

__all__ = ["OTHER_NAME", "Planted", "Table", "faults_of_arms", "faults_of_contrasts", "faults_of_counts"]

OTHER_NAME = "Newname 2019"

Row = Mapping[str, str]
Table = Sequence[Row]
"""Column -> cell as typed, row by row; the first is line 2 of the file."""

Edit = Callable[[str, Row], str]
"""From a cell and its row to the cell with the fault."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault: its kind, the studies that it concerns, the lines that it stands in, and the table with it."""

    kind: str
    studies: frozenset[str]
    lines: frozenset[int]
    table: Table


def faults_of_arms(table: Table) -> Iterator[Planted]:
    """Every fault in every place of a table of arms with means."""
    for k, row in enumerate(table):
        if _filled(row, "sd") and _filled(row, "n"):
            yield _changed("SE in the SD column, one arm", table, [k], {"sd": _as_se})
            yield _changed("decimal point of the SD moved left", table, [k], {"sd": _tenth})
            yield _changed("decimal point of the SD moved right", table, [k], {"sd": _tenfold})
        if _filled(row, "mean") and float(row["mean"]) != 0:
            yield _changed("mean ten times too large, one arm", table, [k], _with_interval(_tenfold))
            yield _changed("mean ten times too small, one arm", table, [k], _with_interval(_tenth))
            yield _changed("last digit of the mean mistyped", table, [k], {"mean": _mistyped})
            yield _changed("sign of the mean turned, one arm", table, [k], _turned())
        if _filled(row, "n"):
            yield _changed("last digit of n lost", table, [k], {"n": _without_last_digit})
    for group in _groups(table):
        if all(_filled(table[k], "sd") and _filled(table[k], "n") for k in group):
            yield _changed("SE in the SD column, all arms", table, group, {"sd": _as_se})
        if all(_filled(table[k], "mean") for k in group):
            yield _changed("means and spreads ten times too small, all arms", table, group, _whole_scale(_tenth))
            yield _changed("means and spreads ten times too large, all arms", table, group, _whole_scale(_tenfold))
            yield _changed("sign of the means turned, all arms", table, group, _turned())
        yield _swapped(table, group)
    yield from _duplicated(table)


def faults_of_contrasts(table: Table) -> Iterator[Planted]:
    """Every fault in every place of a table of contrasts, by pair of arms."""
    for k in range(len(table)):
        yield _changed("sign of the estimate turned", table, [k], {"estimate": _negative})
        yield _changed("decimal point of the estimate moved right", table, [k], {"estimate": _tenfold})
        yield _changed("decimal point of the estimate moved left", table, [k], {"estimate": _tenth})
        yield _changed("decimal point of the SE moved right", table, [k], {"se": _tenfold})
        yield _changed("decimal point of the SE moved left", table, [k], {"se": _tenth})
    yield from _duplicated(table)


def faults_of_counts(table: Table) -> Iterator[Planted]:
    """Events above the total, in every arm; counts with a digit lost; trials entered twice."""
    for k in range(len(table)):
        yield _changed("events above total", table, [k], {"events": lambda cell, row: str(int(row["total"]) + 1)})
        yield _changed("last digit of the total lost", table, [k], {"total": _without_last_digit})
        yield _changed("last digit of the events lost", table, [k], {"events": _without_last_digit})
    yield from _duplicated(table)


def _filled(row: Row, column: str) -> bool:
    return row.get(column, "") not in ("", "NA")


def _changed(kind: str, table: Table, rows: Sequence[int], edits: Mapping[str, Edit]) -> Planted:
    made = list(table)
    for k in rows:
        row = table[k]
        made[k] = {**row, **{name: edit(row[name], row) for name, edit in edits.items() if _filled(row, name)}}
    return Planted(kind, frozenset(table[k]["study"] for k in rows), frozenset(k + 2 for k in rows), made)


def _decimals(cell: str) -> int:
    return len(cell.partition(".")[2])


def _as_se(cell: str, row: Row) -> str:
    return f"{float(cell) / sqrt(float(row['n'])):.{_decimals(cell) + 1}f}"


def _tenfold(cell: str, row: Row) -> str:
    return f"{float(cell) * 10:.{max(_decimals(cell) - 1, 0)}f}"


def _tenth(cell: str, row: Row) -> str:
    return f"{float(cell) / 10:.{_decimals(cell) + 1}f}"


def _negative(cell: str, row: Row) -> str:
    return cell[1:] if cell.startswith("-") else f"-{cell}"


def _mistyped(cell: str, row: Row) -> str:
    """The last digit one higher: 9 becomes 8."""
    return cell[:-1] + ("8" if cell[-1] == "9" else str(int(cell[-1]) + 1))


def _without_last_digit(cell: str, row: Row) -> str:
    return cell[:-1] or "0"


def _with_interval(edit: Edit) -> Mapping[str, Edit]:
    """With its interval: a mean outside its interval is an error that any reader of tables finds."""
    return {"mean": edit, "ci_low": edit, "ci_high": edit}


def _whole_scale(edit: Edit) -> Mapping[str, Edit]:
    return dict.fromkeys(("mean", "sd", "se", "ci_low", "ci_high", "baseline_mean", "baseline_sd"), edit)


def _turned() -> Mapping[str, Edit]:
    """The mean with another sign, and its interval with it: the lower end becomes the upper one."""
    return {
        "mean": _negative,
        "ci_low": lambda cell, row: _negative(row["ci_high"], row),
        "ci_high": lambda cell, row: _negative(row["ci_low"], row),
    }


def _groups(table: Table) -> list[list[int]]:
    """Rows of one study, outcome and time."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for k, row in enumerate(table):
        groups.setdefault(tuple(row.get(name, "") for name in ("study", "outcome", "weeks")), []).append(k)
    return [group for group in groups.values() if len(group) > 1]


def _swapped(table: Table, group: Sequence[int]) -> Planted:
    """The numbers of the first two arms exchanged."""
    first, second = group[:2]
    own = ("study", "treatment", "arm", "outcome", "weeks")
    made = list(table)
    for k, other in ((first, second), (second, first)):
        made[k] = {name: (table[k] if name in own else table[other])[name] for name in table[k]}
    lines = frozenset((first + 2, second + 2))
    return Planted("two arms swapped", frozenset((table[first]["study"],)), lines, made)


def _duplicated(table: Table) -> Iterator[Planted]:
    for study in dict.fromkeys(row["study"] for row in table):
        rows = [k for k, row in enumerate(table) if row["study"] == study]
        made = [*table, *({**table[k], "study": OTHER_NAME} for k in rows)]
        lines = frozenset(k + 2 for k in (*rows, *range(len(table), len(made))))
        yield Planted("trial entered twice under two names", frozenset((study, OTHER_NAME)), lines, made)
