"""A source under a recognition: each record as role -> text or number, with an issue for every cell that is neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from physiohub.errors import Issue
from physiohub.network.cells import CellProblem, is_missing, not_a_name, parse_number, uses_decimal_comma
from physiohub.network.columns import TEXT_ROLES, ColumnChoice, Recognition, Shape, recognise
from physiohub.network.outcome import unknown_outcome
from physiohub.network.source import Record, Source

__all__ = ["Sheet"]

_NAMES = frozenset({"study", "treatment", "versus", "arm", "outcome"})
"""Roles whose text names something, so that the error of a formula is none."""


class Sheet:
    """The records of one table, read cell by cell.

    Attributes
    ----------
    issues
        Of the file, the header and the cells read so far.
    typed
        (line, arm of the line, role) -> the cell as typed, for the cells read so far that are not blank.
    recognised
        Role -> column as the file calls it; gives the same reading when handed back.
    """

    def __init__(
        self,
        source: Source,
        columns: ColumnChoice | None,
        *,
        shape: Shape | None = None,
        roles: Sequence[str] | None = None,
        outcome: str | None = None,
    ) -> None:
        columns = _in_columns_of(source, columns)
        self.known: Recognition = recognise(source.columns, columns, shape=shape, roles=roles, file=source.file)
        self.typed: dict[tuple[int, int, str], str] = {}
        self.issues: list[Issue] = list(source.issues)
        self.source = source if outcome is None else self._of_outcome(source, outcome)
        self._reported: set[tuple[int, str | None, str]] = set()
        if source.columns:  # without a header nothing can be said of columns
            self.issues += self.known.issues
        if self.decimal == ",":
            message = "Cells are separated by semicolons and numbers have decimal commas; they were read as such."
            self.issues.append(Issue("decimal-comma-read", message, severity="note", file=source.file))

    @cached_property
    def recognised(self) -> dict[str, str]:
        named = {role: self.source.first_name(column) for role, column in self.known.recognised.items()}
        header = self.source.header  # studies that were numbered have no column to give back
        return {role: column for role, column in named.items() if not header or column in header}

    @cached_property
    def names(self) -> dict[tuple[str, int], str]:
        """(role, arm of the line) -> column as the file calls it, where each arm of a line has its own."""
        roles = {self.source.columns[k]: role for role, k in self.known.position.items()}
        roles |= {self.source.columns[k]: f"category_{j}" for j, k in enumerate(self.known.categories, start=1)}
        return {(roles[name], slot): called for (name, slot), called in self.source.names.items() if name in roles}

    def _of_outcome(self, source: Source, outcome: str) -> Source:
        """The rows of one outcome; an issue when there are none."""
        if source.one_outcome or not source.columns:
            return source
        k = self.known.position.get("outcome")
        if k is None:
            message = f"The table has no column of outcomes, so that {outcome!r} cannot be chosen."
            remedy = "Say which it is: --column outcome=NAME; or leave --outcome out."
            self.issues.append(Issue("column-missing", message, remedy, column="outcome", file=source.file))
            return source
        found = list(dict.fromkeys(record.cells[k] for record in source.records if record.cells[k]))
        kept = tuple(record for record in source.records if record.cells[k].casefold() == outcome.strip().casefold())
        if not kept:
            column = source.first_name(source.columns[k])
            self.issues.append(unknown_outcome(outcome, found, column=column, source=source))
        return replace(source, records=kept)

    def texts(self, record: Record) -> dict[str, str]:
        """Study and treatment of a record as they name an issue's place."""
        return {
            role: record.cells[k]
            for role, k in self.known.position.items()
            if role in ("study", "treatment") and not is_missing(record.cells[k])
        }

    def cells(self, record: Record) -> dict[str, Any]:
        """Role -> text or number of one record; what is missing is None, a study or treatment is empty."""
        named = [*self.known.position.items()]
        named += [(f"category_{j}", k) for j, k in enumerate(self.known.categories, start=1)]
        cells: dict[str, Any] = {role: self._cell(record, role, k) for role, k in named}
        count = len(self.known.categories)
        categories = tuple(cells.pop(f"category_{j}") for j in range(1, count + 1))
        place = {"file": self.source.file, "row": record.row, "slot": record.slot, "categories": categories}
        ids = {role: cells.get(role) or "" for role in ("study", "treatment")}
        return cells | ids | place | {"covariates": self.covariates(record)}

    def covariates(self, record: Record) -> dict[str, str | float | None]:
        """Column -> value of the columns without a role."""
        values: dict[str, str | float | None] = {}
        for k in self._covariate_places:
            text = record.cells[k]
            number = parse_number(text, decimal=self.decimal) if k in self._numeric else None
            values[self.source.columns[k]] = number if isinstance(number, float) else self._text(text)
        return values

    def issue(self, rule: str, message: str, remedy: str, record: Record, k: int | None = None) -> None:
        """Add an issue about a record, or about its cell in column k (once)."""
        names = self.texts(record)
        column, value = (None, None)
        if k is not None:
            column, value = self.source.called(self.source.columns[k], record.slot), record.cells[k]
        issue = Issue(
            rule,
            message,
            remedy,
            study=names.get("study"),
            arm=names.get("treatment"),
            row=record.row,
            column=column,
            value=value,
            file=self.source.file,
        )
        if (record.row, column, rule) not in self._reported:  # one column may serve two roles
            self._reported.add((record.row, column, rule))
            self.issues.append(issue)

    def _cell(self, record: Record, role: str, k: int) -> str | float | None:
        text = record.cells[k]
        if text:
            self.typed[record.row, record.slot, role] = text
        if role in TEXT_ROLES:
            if role in _NAMES and (problem := not_a_name(text)) is not None:
                self.issue(problem.rule, problem.message, problem.remedy, record, k)
            return self._text(text)
        number = parse_number(text, decimal=self.decimal)
        if isinstance(number, CellProblem):
            self.issue(number.rule, number.message, number.remedy, record, k)
            return None
        return number

    @staticmethod
    def _text(text: str) -> str | None:
        return None if is_missing(text) else text

    @cached_property
    def decimal(self) -> str:
        """``","`` where cells are separated by semicolons and some number has a decimal comma."""
        if self.source.separator != ";":
            return "."
        numeric = [k for role, k in self.known.position.items() if role not in TEXT_ROLES]
        cells = (record.cells[k] for record in self.source.records for k in numeric)
        return "," if any(uses_decimal_comma(cell) for cell in cells) else "."

    @cached_property
    def _covariate_places(self) -> tuple[int, ...]:
        used = self.known.used
        return tuple(k for k, name in enumerate(self.source.columns) if name and k not in used)

    @cached_property
    def _numeric(self) -> frozenset[int]:
        """Covariates whose every cell is a number or missing; any other covariate is text throughout."""
        return frozenset(k for k in self._covariate_places if self._all_numbers(k))

    def _all_numbers(self, k: int) -> bool:
        return all(self._is_number(record.cells[k]) for record in self.source.records)

    def _is_number(self, text: str) -> bool:
        return not isinstance(parse_number(text, decimal=self.decimal), CellProblem)


def _in_columns_of(source: Source, chosen: ColumnChoice | None) -> ColumnChoice | None:
    """The choice of columns in the words of `source.columns`, where the file calls them otherwise."""
    if not source.names or not chosen:
        return chosen
    column_of = {called: column for (column, _), called in source.names.items()}
    return {
        role: column_of.get(names.strip(), names)
        if isinstance(names, str)
        else [column_of.get(name.strip(), name) for name in names]
        for role, names in chosen.items()
    }
