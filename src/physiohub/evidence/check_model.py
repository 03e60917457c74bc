"""The shape of what `physiohub check --format json` prints."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from physiohub.evidence.results_model import Open

__all__ = ["Check", "CheckIssue"]


class CheckIssue(Open):
    """One problem at the place where it stands; null where a place does not apply."""

    severity: Literal["error", "warning", "note"]
    rule: str = Field(description="permanent name of the check")
    study: str | None
    arm: str | None
    row: int | None = Field(ge=1, description="line of the file; the header is line 1")
    column: str | None
    value: str | None = Field(description="the cell as typed")
    message: str
    remedy: str
    file: str | None = None


class Check(Open):
    """Every problem of a review or table, found at once; an analysis needs that none is an error."""

    schema_name: Literal["physiohub/check/1"] = Field(alias="schema")
    issues: list[CheckIssue]
