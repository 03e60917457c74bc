"""Choosing one outcome of a file that holds several."""

from __future__ import annotations

from collections.abc import Sequence

from physiohub.errors import Issue
from physiohub.network.source import Source

__all__ = ["unknown_outcome"]


def unknown_outcome(outcome: str, found: Sequence[str], *, column: str | None, source: Source) -> Issue:
    """The issue for an outcome that a file does not hold."""
    message = f"There is no outcome {outcome!r} in this file."
    remedy = f"Choose one of: {'; '.join(found)}."
    return Issue("outcome-unknown", message, remedy, column=column, value=outcome, file=source.file)
