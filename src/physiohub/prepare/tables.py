"""A bare table, from file or data frame to network: no review folder, one outcome, one time point per study."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from physiohub.errors import Issue
from physiohub.measures.measure import Measure, measure_named
from physiohub.network.columns import ColumnChoice
from physiohub.network.network import Network, build_network, exclusions_of
from physiohub.network.read import Rows, read_all_rows
from physiohub.network.rows import ArmRow, ContrastRow
from physiohub.network.study import Study
from physiohub.network.validate import check_rows
from physiohub.prepare.arm_level import Repeated, arm_of, settle_repeated
from physiohub.prepare.contrast_level import contrast_study
from physiohub.prepare.table_cells import completed_tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_arms", "read_contrasts", "read_table"]

_Row = TypeVar("_Row", ArmRow, ContrastRow, ArmRow | ContrastRow)


def read_table(
    source: str | Path | pd.DataFrame,
    *,
    reference: str | None,
    measure: str | None = None,
    columns: ColumnChoice | None = None,
    exclude: Mapping[str, str] | Sequence[str] = (),
    repeated: Repeated = "keep",
    outcome: str | None = None,
) -> Network:
    """Read a table of arms or contrasts as a network.

    Parameters
    ----------
    source
        CSV, TSV or XLSX file, or data frame: one row per arm (study, treatment and its results), one row per study with
        its arms side by side (t.1, r.1, n.1, t.2 ...), one row per pair (study, treat1, treat2, TE, seTE; or study,
        treatment, versus, estimate, se), or one row per arm with its difference from the study's baseline row (study,
        treatment, diff, se). Or a file of RevMan (rm5, CSV) or Covidence. A workbook may hold a sheet of arms and one
        of contrasts.
    reference
        Treatment that comes first; None takes the first seen.
    measure
        What the data are to serve; without it only what is there is checked.
    columns
        Role -> column where a name is not recognised, or two are.
    exclude
        Studies to set aside, with a reason each when it is a mapping.
    repeated
        Two arms of a study on one treatment are kept, merged (Cochrane formula for means, sums for counts) or refused.
    outcome
        The one to read, of a file that holds several: its name, or in a RevMan file its number, such as ``"1.2"``.

    Raises
    ------
    DataError
        With every problem of the table at once.
    UsageError
        When `columns` names a role, or `measure` a measure, that does not exist.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"study": ["Willms", "Willms", "Willms"], "treat1": ["metf", "metf", "acar"],
    ...                       "treat2": ["acar", "plac", "plac"], "TE": [-0.2, -1.2, -1.0],
    ...                       "seTE": [0.3579, 0.3758, 0.4669]})
    >>> network = read_table(table, reference="plac")
    >>> network.studies[0].treatments, network.studies[0].contrasts.estimate
    (('plac', 'acar', 'metf'), array([-1. , -1.2]))
    """
    tables, made = completed_tables(read_all_rows(source, columns, outcome=outcome), measure)
    names = [row.study for table in tables for row in _lines(table) if row.study]
    exclusions, unknown = exclusions_of(exclude, names, file=tables[0].origin)
    aside = {exclusion.study for exclusion in exclusions}
    studies, issues = _studies(tables, None if measure is None else measure_named(measure), repeated)
    checked = [issue for table in tables for issue in (*table.issues, *check_rows(table, measure=measure))]
    issues = [*checked, *made, *_one_outcome(tables), *issues]
    kept = [issue for issue in issues if issue.study not in aside]
    return build_network(
        [study for study in studies if study.id not in aside],
        reference=reference,
        issues=(*sorted(kept, key=lambda issue: issue.row or 0), *unknown),
        exclusions=exclusions,
        recognised={role: column for table in reversed(tables) for role, column in table.recognised.items()},
        hashes={table.origin or "data frame": table.sha256 for table in tables},
    )


def read_arms(
    source: str | Path | pd.DataFrame,
    *,
    reference: str | None,
    measure: str | None = None,
    exclude: Mapping[str, str] | Sequence[str] = (),
    repeated: Repeated = "keep",
    **columns: str | Sequence[str],
) -> Network:
    """Read a table of arms, its columns named by keyword: ``read_arms("t.csv", reference="A", events="r", total="n")``.

    Columns that are not named are recognised as in `read_table`, which tells the parameters and errors.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"id": [1, 1], "drug": ["A", "B"], "dead": [3, 1], "of": [20, 22]})
    >>> network = read_arms(table, reference="A", study="id", treatment="drug", events="dead", total="of")
    >>> network.studies[0].arms[1].events
    1.0
    """
    return read_table(source, reference=reference, measure=measure, columns=columns, exclude=exclude, repeated=repeated)


def read_contrasts(
    source: str | Path | pd.DataFrame,
    *,
    reference: str | None,
    measure: str | None = None,
    exclude: Mapping[str, str] | Sequence[str] = (),
    **columns: str | Sequence[str],
) -> Network:
    """Read a table of contrasts, its columns named by keyword; otherwise as `read_table`.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"study": ["s"], "new": ["B"], "old": ["A"], "md": [-1.5], "error": [0.5]})
    >>> network = read_contrasts(table, reference="A", treat1="new", treat2="old", estimate="md", se="error")
    >>> network.studies[0].contrasts.estimate
    array([-1.5])
    """
    return read_table(source, reference=reference, measure=measure, columns=columns, exclude=exclude)


# -- from rows to studies ---------------------------------------------------------------------------------------------


def _studies(tables: Sequence[Rows], measure: Measure | None, repeated: Repeated) -> tuple[list[Study], list[Issue]]:
    """Studies in the order of their first rows; a row without a study is in none."""
    arms = _by_study((row, table) for table in tables for row in table.arms)
    contrasts = _by_study((row, table) for table in tables for row in table.contrasts)
    first = {row.study: (i, row.row) for i, table in reversed([*enumerate(tables)]) for row in reversed(_lines(table))}
    studies: list[Study] = []
    issues: list[Issue] = [issue for table in tables for issue in _mixed_values(table.arms, measure)]
    for id in sorted(arms.keys() | contrasts.keys(), key=lambda id: first[id]):
        rows, table = arms.get(id) or contrasts[id]
        if id in arms and id in contrasts:
            message = "The study has arm values and contrasts; it enters by one of them."
            remedy = "Leave the effects of the study blank, or its means or counts."
            issues.append(Issue("arms-and-contrasts", message, remedy, study=id, row=first[id][1], file=table.file))
        both = [row for found in (arms, contrasts) if id in found for row in found[id][0]]
        study, found_issues = _study(id, rows, table, measure, repeated)
        studies.append(replace(study, covariates=_covariates(both)))
        issues += found_issues
    return studies, issues


def _study(
    id: str, rows: Sequence[ArmRow | ContrastRow], table: Rows, measure: Measure | None, repeated: Repeated
) -> tuple[Study, Sequence[Issue]]:
    """A study by its arms, or by its contrasts."""
    arms = [arm_of(row) for row in rows if isinstance(row, ArmRow)]
    if not arms:
        return contrast_study([row for row in rows if isinstance(row, ContrastRow)], table, measure=measure)
    settled, issues = settle_repeated(id, arms, repeated, file=table.file)
    return Study(id=id, arms=settled), issues


def _lines(rows: Rows) -> list[ArmRow | ContrastRow]:
    return [*rows.arms, *rows.contrasts]


def _by_study(rows: Iterable[tuple[_Row, Rows]]) -> dict[str, tuple[list[_Row], Rows]]:
    """Study -> its rows, and the table of the first."""
    studies: dict[str, tuple[list[_Row], Rows]] = {}
    for row, table in rows:
        if row.study:
            studies.setdefault(row.study, ([], table))[0].append(row)
    return studies


def _covariates(rows: Sequence[ArmRow | ContrastRow]) -> dict[str, str | float | None]:
    """Columns without a role that have one value in a study: covariates of the study, others are of its arms."""
    names = {name: value for row in reversed(rows) for name, value in row.covariates.items()}
    return {name: names[name] for name in names if len({row.covariates.get(name) for row in rows}) == 1}


def _one_outcome(tables: Sequence[Rows]) -> Iterator[Issue]:
    """A bare table holds one outcome, at one time point per study."""
    lines = [(row, table) for table in tables for row in _lines(table)]
    outcomes = list(dict.fromkeys(row.outcome for row, _ in lines if row.outcome))
    if len(outcomes) > 1:
        message = f"The table holds {len(outcomes)} outcomes: {', '.join(outcomes)}."
        remedy = "Choose one (--outcome NAME), or make a review folder (physiohub new), which has them all."
        column = tables[0].column("outcome")
        yield Issue("several-outcomes", message, remedy, column=column, file=tables[0].file)
        return
    for id, (found, table) in _by_study(lines).items():
        weeks = sorted({row.weeks for row in found if row.weeks is not None})
        if len(weeks) > 1:
            message = f"The study has {len(weeks)} time points (weeks {', '.join(f'{week:g}' for week in weeks)})."
            remedy = "Keep the rows of one, or make a review folder (physiohub new), which chooses by time."
            issue = Issue("several-times", message, remedy, study=id, row=found[0].row, column=table.column("weeks"))
            yield replace(issue, file=table.file)


def _mixed_values(rows: Sequence[ArmRow], measure: Measure | None) -> Iterator[Issue]:
    """Change scores beside final scores have another SD, by which the SMD divides."""
    change = {row.study for row in rows if (row.value_type or "").casefold() == "change"}
    final = {row.study for row in rows if (row.value_type or "").casefold() in ("final", "adjusted")}
    if measure is not None and measure.id == "SMD" and change and final:
        message = (
            f"Change scores ({', '.join(sorted(change))}) and final scores ({', '.join(sorted(final))}) are mixed: "
            "SMDs from change scores are divided by another SD."
        )
        yield Issue("values-mixed", message, "Analyse one kind, or say that they are mixed.", "warning")
