"""Issues about the rows of a table while they are being checked."""

from __future__ import annotations

from dataclasses import replace

from physiohub.errors import Issue, Severity
from physiohub.network.read import Table
from physiohub.network.rows import ArmRow, ContrastRow

__all__ = ["Findings", "roles_of"]


class Findings:
    """Issues about the rows of one table, one a cell: a cell that could not be read is not called missing too."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.issues: list[Issue] = []
        self.reported = {(issue.row, issue.column) for issue in table.issues if issue.row is not None}
        self.absent: set[str] = set()

    def need(self, *roles: str) -> None:
        """One of these roles must have a column."""
        if not self.table.columns_found or any(role in roles_of(self.table) for role in roles):
            return
        self.absent |= set(roles)
        if any(issue.rule == "column-unknown" for issue in self.table.issues):
            return
        message = f"No column was recognised as {' or '.join(repr(role) for role in roles)}."
        columns = ", ".join(name for name in self.table.columns_found if name)
        remedy = f"The columns found: {columns}. Say which it is: --column {roles[0]}=NAME."
        self.issues.append(Issue("column-missing", message, remedy, column=roles[0], file=self.table.file))

    def add(
        self,
        row: ArmRow | ContrastRow,
        rule: str,
        role: str | None,
        message: str,
        remedy: str,
        severity: Severity = "error",
    ) -> None:
        """Report a row, or its cell under `role`."""
        column = None if role is None else self.table.column(role, row.slot)
        if role in self.absent or (column is not None and (row.row, column) in self.reported):
            return
        if column is not None and severity == "error":
            self.reported.add((row.row, column))
        value = None if role is None else self.table.cell(row.row, role, row.slot) or ""
        issue = Issue(rule, message, remedy, severity, row.study or None, row.treatment or None, row.row, column, value)
        self.issues.append(replace(issue, file=row.file))


def roles_of(table: Table) -> frozenset[str]:
    """Roles that have a column; those of treat1, treat2 tables under their general names; studies may be numbered."""
    words = {"treat1": "treatment", "treat2": "versus"}
    numbered = {"study"} if any(issue.rule == "studies-numbered" for issue in table.issues) else set()
    return frozenset(words.get(role, role) for role in table.recognised) | numbered
