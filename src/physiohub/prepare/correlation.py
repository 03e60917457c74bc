"""The correlation of scores before and after: stated by the protocol, or told by studies that report all three SDs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from physiohub.errors import Issue
from physiohub.network.rows import ArmRow
from physiohub.prepare.completion import raw_sd
from physiohub.prepare.conversions import correlation_from_sds, pooled_correlation
from physiohub.prepare.protocol import OutcomeProtocol
from physiohub.prepare.scale import row_issue

__all__ = ["Correlation", "correlation_of"]


@dataclass(frozen=True, slots=True)
class Correlation:
    """Correlation of scores before and after, and where it comes from."""

    value: float
    source: str


def correlation_of(rows: Sequence[ArmRow], protocol: OutcomeProtocol) -> tuple[Correlation | None, tuple[Issue, ...]]:
    """The correlation that a protocol states, or that its rows within the window tell.

    Returns
    -------
    correlation
        None when the protocol asks for none, or no arm reports the SDs at baseline, at the end and of change.
    issues
        A warning for each arm whose three SDs contradict each other; such an arm tells nothing.
    """
    stated = protocol.change_correlation
    if stated is None or not isinstance(stated, str):
        return (None if stated is None else Correlation(stated, "stated in the protocol")), ()
    found: list[tuple[ArmRow, float]] = []
    issues: list[Issue] = []
    for row in rows:
        if row.value_type != "change" or not _within(row, protocol):
            continue
        change, before, after = raw_sd(row), row.baseline_sd, row.final_sd
        if change is None or before is None or after is None or row.n is None or row.n <= 3:
            continue
        try:
            found.append((row, correlation_from_sds(before, after, change)))
        except ValueError as error:
            message = f"{str(error)[:1].upper()}{str(error)[1:]}; the arm is not used for the correlation."
            issues.append(row_issue(row, "sds-contradictory", message, "Check the three SDs.", "sd", "warning"))
    if not found:
        return None, tuple(issues)
    value = pooled_correlation([r for _, r in found], [row.n or 0.0 for row, _ in found])
    studies = list(dict.fromkeys(row.study for row, _ in found))
    many = "study" if len(studies) == 1 else "studies"
    arms = "1 arm" if len(found) == 1 else f"{len(found)} arms"
    source = f"estimated from {arms} of {len(studies)} {many} ({', '.join(studies)})"
    return Correlation(value, source), tuple(issues)


def _within(row: ArmRow, protocol: OutcomeProtocol) -> bool:
    if protocol.window_weeks is None or row.weeks is None:
        return True
    return protocol.window_weeks[0] <= row.weeks <= protocol.window_weeks[1]
