"""The cells of a bare table that follow from its others, before they are checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from physiohub.errors import Issue
from physiohub.network.read import Rows
from physiohub.network.rows import ArmRow
from physiohub.prepare.completion import completed

__all__ = ["completed_tables"]


def completed_tables(tables: Sequence[Rows], measure: str | None) -> tuple[tuple[Rows, ...], list[Issue]]:
    """The tables with the cells that follow from others, and one kind of value for each arm; and what is to be said.

    A bare table has no protocol: medians are converted, and adjusted means preferred.
    """
    found: list[Rows] = []
    issues: list[Issue] = []
    for table in tables:
        done = [completed(row, measure=None if measure is None else measure.strip().upper()) for row in table.arms]
        issues += [_in_words_of(table, issue, one.row.slot) for one in done for issue in one.issues]
        kept, said = _adjusted_first([one.row for one in done], table)
        issues += said
        found.append(replace(table, arms=tuple(kept)))
    return tuple(found), issues


def _in_words_of(table: Rows, issue: Issue, slot: int) -> Issue:
    """An issue whose column is a role, with the column as it is called and the cell as typed."""
    role, row = issue.column or "", issue.row or 0
    return replace(issue, column=table.column(role, slot), value=table.cell(row, role, slot) or "")


def _adjusted_first(rows: Sequence[ArmRow], table: Rows) -> tuple[list[ArmRow], list[Issue]]:
    """Adjusted means where a study reports the same arms adjusted and not: they estimate the same, more precisely."""
    by_study: dict[str, list[ArmRow]] = {}
    for row in rows:
        by_study.setdefault(row.study, []).append(row)
    issues = []
    for study, mine in by_study.items():
        adjusted = [row for row in mine if (row.value_type or "").casefold() == "adjusted"]
        others = [row for row in mine if row not in adjusted]
        if not study or not others or {_arm_of(r) for r in adjusted} != {_arm_of(r) for r in others}:
            continue
        message = (
            f"The study reports adjusted and unadjusted means; the adjusted ones enter, {len(others)} rows do not."
        )
        issue = Issue("adjusted-preferred", message, severity="note", study=study, row=adjusted[0].row)
        issues.append(replace(issue, column=table.column("value_type"), file=table.file))
        by_study[study] = adjusted
    return [row for row in rows if any(row is kept for kept in by_study[row.study])], issues


def _arm_of(row: ArmRow) -> tuple[str, str | None, float | None]:
    return row.treatment, row.arm, row.weeks
