"""Everything that PhysioHub raises, and the one form in which it reports a problem of the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

__all__ = ["DataError", "Issue", "ModelError", "PhysioHubError", "Severity", "UsageError"]

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem of a table, at the place where it stands.

    Attributes
    ----------
    rule
        Permanent name of the check, such as ``"sd-not-positive"``.
    message
        What is wrong, in one sentence.
    remedy
        What the author can do about it.
    severity
        ``"error"`` stops the analysis; ``"warning"`` and ``"note"`` travel with the result.
    study, arm, row, column, value, file
        Where it is: ``row`` is the line of the file (the header is line 1), ``value`` the cell as typed.

    Examples
    --------
    >>> print(Issue("sd-negative", "The SD is negative.", "Check the sign.", study="Kim 2017", row=3, column="sd",
    ...             value="-4"))
    error: study Kim 2017, row 3, column sd, value '-4': The SD is negative. Check the sign.
    """

    rule: str
    message: str
    remedy: str = ""
    severity: Severity = "error"
    study: str | None = None
    arm: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    file: str | None = None

    @property
    def place(self) -> str:
        """Where the problem stands, in words; empty when it is about the whole table."""
        parts = [self.file] if self.file else []
        parts += [f"study {self.study}"] if self.study is not None else []
        parts += [f"arm {self.arm}"] if self.arm is not None else []
        parts += [f"row {self.row}"] if self.row is not None else []
        parts += [f"column {self.column}"] if self.column is not None else []
        parts += [f"value {self.value!r}"] if self.value is not None else []
        return ", ".join(parts)

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{self.severity}: {place}{self.message}{remedy}"

    def to_dict(self) -> dict[str, str | int | None]:
        """The issue as plain data, with every key present."""
        return asdict(self)


class PhysioHubError(Exception):
    """Base of everything that PhysioHub raises on purpose."""


class DataError(PhysioHubError):
    """The data cannot be used; `issues` holds every problem found, not the first.

    Examples
    --------
    >>> error = DataError([Issue("no-rows", "The table has a header and no rows.")])
    >>> len(error.issues)
    1
    """

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues: tuple[Issue, ...] = tuple(issues)
        super().__init__("\n".join(str(issue) for issue in self.issues))


class ModelError(PhysioHubError):
    """The question has no answer under this model: a prior that cannot be, an engine that does not apply."""


class UsageError(PhysioHubError):
    """The call itself is wrong: an option that is missing or cannot be combined."""


def errors_of(issues: Sequence[Issue]) -> tuple[Issue, ...]:
    """The issues that stop an analysis."""
    return tuple(issue for issue in issues if issue.severity == "error")
