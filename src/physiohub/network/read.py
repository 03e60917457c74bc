"""Tables of arms, contrasts and studies, from a file or a data frame to rows of numbers.

The only module that knows how columns are called. It raises nothing for what an author may have typed: every problem is
an issue in the result, and a cell that could not be read is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physiohub.errors import Issue
from physiohub.network.cells import decimals, is_missing
from physiohub.network.columns import ColumnChoice, Shape
from physiohub.network.rows import ArmRow, ContrastRow, StudyRow
from physiohub.network.shapes import one_table, shared_out, tables_of
from physiohub.network.sheet import Sheet
from physiohub.network.source import Record

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ArmTable", "ContrastTable", "Rows", "StudyTable", "Table", "read_all_rows", "read_arm_rows", "read_contrast_rows",
    "read_rows", "read_study_rows",
]  # fmt: skip

_ARM_FIELDS = tuple(field.name for field in fields(ArmRow))
_CONTRAST_FIELDS = tuple(field.name for field in fields(ContrastRow))
_BASELINE_ERRORS = ("baseline_se", "se_diff", "se")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What every table that was read remembers of its file.

    Attributes
    ----------
    columns_found
        The header as it stands.
    recognised
        Role -> column; gives the same reading when handed back as `columns`.
    typed
        (line, arm of the line, role) -> the cell as typed, for every cell that is not blank.
    names
        (role, arm of the line) -> column, in a table with several arms in a line.
    origin
        Name of the file that `sha256` is of: `file` without the sheet of a workbook.
    sha256
        Of the file; of the cells for a data frame; empty when nothing could be read.
    """

    file: str | None
    columns_found: tuple[str, ...]
    recognised: Mapping[str, str]
    issues: tuple[Issue, ...]
    typed: Mapping[tuple[int, int, str], str]
    names: Mapping[tuple[str, int], str]
    origin: str | None
    sha256: str

    def column(self, role: str, slot: int = 0) -> str:
        """How the column of a role is called in this table (the role's own name when it has none)."""
        words = {"treatment": "treat1", "versus": "treat2"}
        called = self.names.get((role, slot)) or self.recognised.get(role)
        return called or self.recognised.get(words.get(role, role), role)

    def cell(self, row: int, role: str, slot: int = 0) -> str | None:
        """The cell of a role as typed; None when it was blank."""
        return self.typed.get((row, slot, role))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmTable(Table):
    """The rows of a table of arms."""

    rows: tuple[ArmRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastTable(Table):
    """The rows of a table of contrasts."""

    rows: tuple[ContrastRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTable(Table):
    """The rows of a table of studies."""

    rows: tuple[StudyRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Table):
    """The rows of a bare table: arms, contrasts, or arms of some studies and contrasts of others."""

    shape: Shape
    arms: tuple[ArmRow, ...] = ()
    contrasts: tuple[ContrastRow, ...] = ()


def read_all_rows(
    source: str | Path | pd.DataFrame, columns: ColumnChoice | None = None, *, outcome: str | None = None
) -> tuple[Rows, ...]:
    """Read the tables of arms or contrasts that a file holds: one, but for a workbook with a sheet of each.

    Parameters
    ----------
    columns
        Role -> column, where a name is not recognised, or two are.
    outcome
        The one to read, of a file that holds several.

    Raises
    ------
    UsageError
        When `columns` names a role that does not exist; nothing else is raised, problems are issues.
    """
    tables = tables_of(source, columns, outcome=outcome)
    chosen = [columns] if len(tables) == 1 else shared_out(columns or {}, tables)
    return tuple(_rows(Sheet(table, wanted, outcome=outcome)) for table, wanted in zip(tables, chosen, strict=True))


def read_rows(source: str | Path | pd.DataFrame, columns: ColumnChoice | None = None) -> Rows:
    """Read a table of arms or contrasts in any of the usual shapes: the first of `read_all_rows`.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"studlab": ["Willms 1999"], "treat1": ["metf"], "treat2": ["acar"], "TE": [-0.2],
    ...                       "seTE": [0.3579]})
    >>> rows = read_rows(table)
    >>> rows.shape, rows.contrasts[0].treatment, rows.contrasts[0].versus, rows.contrasts[0].estimate
    ('contrasts', 'metf', 'acar', -0.2)
    """
    return read_all_rows(source, columns)[0]


def read_arm_rows(
    source: str | Path | pd.DataFrame, columns: ColumnChoice | None = None, *, sheet: str | None = None
) -> ArmTable:
    """Read a table known to hold arms, such as a review's ``arms.csv`` or the sheet `sheet` of its workbook.

    Examples
    --------
    >>> import pandas as pd
    >>> table = read_arm_rows(pd.DataFrame({"study": ["A"], "treatment": ["x"], "mean": ["1,5"]}))
    >>> table.rows[0].mean, table.issues[0].rule, table.issues[0].row
    (None, 'decimal-comma', 2)
    """
    read = Sheet(one_table(source, sheet, columns, wide=True), columns, shape="arms")
    return ArmTable(rows=_arm_rows(read), **_remembered(read))


def read_contrast_rows(
    source: str | Path | pd.DataFrame, columns: ColumnChoice | None = None, *, sheet: str | None = None
) -> ContrastTable:
    """Read a table known to hold contrasts, such as a review's ``contrasts.csv``; otherwise as `read_arm_rows`."""
    read = Sheet(one_table(source, sheet), columns, shape="contrasts")
    return ContrastTable(rows=_contrast_rows(read), **_remembered(read))


def read_study_rows(
    source: str | Path | pd.DataFrame, columns: ColumnChoice | None = None, *, sheet: str | None = None
) -> StudyTable:
    """Read a review's ``studies.csv``: one row per study, every other column a value under its own name.

    A column whose cells are all numbers holds numbers, any other holds text.

    Examples
    --------
    >>> import pandas as pd
    >>> read_study_rows(pd.DataFrame({"study": ["A"], "year": [2017], "doi": ["10.1/x"]})).rows[0].values
    {'year': 2017.0, 'doi': '10.1/x'}
    """
    read = Sheet(one_table(source, sheet), columns, roles=("study",))
    rows = tuple(_study_row(read.cells(record)) for record in read.source.records)
    return StudyTable(rows=rows, **_remembered(read))


def _rows(sheet: Sheet) -> Rows:
    arms: tuple[ArmRow, ...] = ()
    contrasts: tuple[ContrastRow, ...] = ()
    if sheet.known.shape == "arms":
        arms = _arm_rows(sheet)
    elif sheet.known.shape == "contrasts":
        contrasts = _contrast_rows(sheet)
    else:
        arms, contrasts = _relative_rows(sheet)
    return Rows(arms=arms, contrasts=contrasts, shape=sheet.known.shape, **_remembered(sheet))


def _remembered(sheet: Sheet) -> dict[str, Any]:
    """The fields of `Table`, once every cell has been read."""
    return {
        "file": sheet.source.file,
        "columns_found": sheet.source.header or sheet.source.columns,
        "recognised": sheet.recognised,
        "issues": tuple(sheet.issues),
        "typed": sheet.typed,
        "names": sheet.names,
        "origin": sheet.source.origin or sheet.source.file,
        "sha256": sheet.source.sha256,
    }


def _arm_rows(sheet: Sheet) -> tuple[ArmRow, ...]:
    rows = []
    for record in sheet.source.records:
        cells = sheet.cells(record)
        rows.append(_arm_row(cells | _half_unit(sheet, record, cells.get("percent"))))
    return tuple(rows)


def _half_unit(sheet: Sheet, record: Record, percent: float | None) -> dict[str, Any]:
    """How far a percentage was rounded, by its digits as typed."""
    typed = sheet.typed.get((record.row, record.slot, "percent"))
    return {} if typed is None or percent is None else {"percent_half_unit": 0.5 * 10.0 ** -decimals(typed)}


def _contrast_rows(sheet: Sheet) -> tuple[ContrastRow, ...]:
    return tuple(_contrast_row(sheet.cells(record)) for record in sheet.source.records)


def _arm_row(cells: Mapping[str, Any]) -> ArmRow:
    return ArmRow(**{name: cells[name] for name in _ARM_FIELDS if name in cells})


def _contrast_row(cells: Mapping[str, Any]) -> ContrastRow:
    return ContrastRow(**({"versus": None} | {name: cells[name] for name in _CONTRAST_FIELDS if name in cells}))


def _study_row(cells: Mapping[str, Any]) -> StudyRow:
    return StudyRow(file=cells["file"], row=cells["row"], study=cells["study"], values=cells["covariates"])


def _relative_rows(sheet: Sheet) -> tuple[tuple[ArmRow, ...], tuple[ContrastRow, ...]]:
    """Arms of the studies that have means or counts; for the others contrasts versus the study's baseline row."""
    studies: dict[str, list[tuple[Record, dict[str, Any]]]] = {}
    for record in sheet.source.records:
        cells = sheet.cells(record)
        studies.setdefault(cells["study"], []).append((record, cells))
    arms: list[ArmRow] = []
    contrasts: list[ContrastRow] = []
    for lines in studies.values():
        has_arms = any(cells.get(role) is not None for _, cells in lines for role in ("mean", "median", "events"))
        if has_arms:
            arms += [_arm_row(cells) for _, cells in lines]
        if not has_arms or any(_has_effect(sheet, record) for record, _ in lines):
            contrasts += _versus_baseline(sheet, lines)
    return tuple(arms), tuple(contrasts)


def _has_effect(sheet: Sheet, record: Record) -> bool:
    """Whether the effect of a row was typed, readable or not."""
    return not is_missing(sheet.typed.get((record.row, record.slot, "estimate"), ""))


def _versus_baseline(sheet: Sheet, lines: Sequence[tuple[Record, dict[str, Any]]]) -> Iterator[ContrastRow]:
    """The rows with an effect as contrasts versus the one row without; that row's SE is the baseline arm's."""
    effects = [cells for record, cells in lines if _has_effect(sheet, record)]
    baselines = [(record, cells) for record, cells in lines if not _has_effect(sheet, record)]
    if len(baselines) != 1:
        _no_baseline(sheet, [record for record, _ in lines], len(baselines))
        baseline: Mapping[str, Any] = {}
    else:
        record, baseline = baselines[0]
        if not effects:
            message = f"The study has one row only, on {baseline['treatment'] or 'an unnamed treatment'}."
            sheet.issue("one-arm-study", message, "Add its other arms, or exclude the study.", record)
        _check_baseline_se(sheet, record, baseline)
    for cells in effects:
        error = cells.get("se_diff") if "se_diff" in cells else cells.get("se")
        sizes = {"n_treatment": _size(cells), "n_versus": _size(baseline)}
        shared = _baseline_se(baseline) or cells.get("baseline_se")
        versus = {"versus": baseline.get("treatment") or None, "baseline_se": shared}
        yield _contrast_row({**cells, "se": error, **sizes, **versus})


def _no_baseline(sheet: Sheet, records: Sequence[Record], count: int) -> None:
    lines = ", ".join(str(record.row) for record in records)
    message = f"Of the study's rows ({lines}) {count or 'none'} {'have' if count else 'has'} no effect."
    remedy = "Leave the effect blank in exactly one row of the study, the one that the others are versus."
    sheet.issue("baseline-row", message, remedy, records[0])


def _baseline_se(cells: Mapping[str, Any]) -> float | None:
    found = [cells[role] for role in _BASELINE_ERRORS if cells.get(role) is not None]
    return float(found[0]) if found and found[0] > 0 else None


def _check_baseline_se(sheet: Sheet, record: Record, cells: Mapping[str, Any]) -> None:
    for role in _BASELINE_ERRORS:
        value = cells.get(role)
        if value is not None and value <= 0:
            message = "The standard error of the baseline arm is not above zero."
            sheet.issue("se-not-positive", message, "Check the cell.", record, sheet.known.position[role])


def _size(cells: Mapping[str, Any]) -> float | None:
    size = cells.get("n") if cells.get("n") is not None else cells.get("total")
    return None if size is None else float(size)
