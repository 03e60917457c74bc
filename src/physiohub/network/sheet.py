"""A source under a recognition: each record as role -> text or number, with an issue for every cell that is neither."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from physiohub.errors import Issue
from physiohub.network.cells import CellProblem, is_missing, parse_number, uses_decimal_comma
from physiohub.network.columns import TEXT_ROLES, ColumnChoice, Recognition, Shape, recognise
from physiohub.network.source import Record, Source

__all__ = ["Sheet"]


class Sheet:
    """The records of one table, read cell by cell.

    Attributes
    ----------
    issues
        Of the file, the header and the cells read so far.
    typed
        (line, role) -> the cell as typed, for the cells read so far that are not blank.
    """

    def __init__(
        self,
        source: Source,
        columns: ColumnChoice | None,
        *,
        shape: Shape | None = None,
        roles: Sequence[str] | None = None,
    ) -> None:
        self.source = source
        self.known: Recognition = recognise(source.columns, columns, shape=shape, roles=roles, file=source.file)
        self.typed: dict[tuple[int, str], str] = {}
        self.issues: list[Issue] = list(source.issues)
        self._reported: set[tuple[int, int | None, str]] = set()
        if source.columns:  # without a header nothing can be said of columns
            self.issues += self.known.issues
        if self.decimal == ",":
            message = "Cells are separated by semicolons and numbers have decimal commas; they were read as such."
            self.issues.append(Issue("decimal-comma-read", message, severity="note", file=source.file))

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
        place = {"file": self.source.file, "row": record.row, "categories": categories}
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
        column, value = (None, None) if k is None else (self.source.columns[k], record.cells[k])
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
        if (record.row, k, rule) not in self._reported:  # one column may serve two roles
            self._reported.add((record.row, k, rule))
            self.issues.append(issue)

    def _cell(self, record: Record, role: str, k: int) -> str | float | None:
        text = record.cells[k]
        if text:
            self.typed[record.row, role] = text
        if role in TEXT_ROLES:
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
