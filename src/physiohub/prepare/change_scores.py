"""Change and final scores of one outcome: their SDs, the correlation between them, and the one made of the other.

Everything is done on the rows before a study's rows are chosen, so that the choice sees what could be made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from physiohub.errors import Issue
from physiohub.network.rows import ArmRow
from physiohub.network.study import Conversion
from physiohub.prepare.completion import raw_sd
from physiohub.prepare.conversions import final_sd_from_change, sd_of_change
from physiohub.prepare.correlation import Correlation, correlation_of
from physiohub.prepare.protocol import OutcomeProtocol
from physiohub.prepare.scale import row_issue

__all__ = ["Rescored", "rescored"]


@dataclass(frozen=True, slots=True)
class Rescored:
    """The rows of an outcome with the change and final scores that could be made.

    Attributes
    ----------
    rows
        All rows; those that were made stand beside those that they were made of.
    correlation
        What the SDs were made with; None when the protocol asks for none, or none could be estimated.
    unturned
        (file, line, arm of the line) -> why the row could not be turned into the kind that the protocol asks for.
    issues
        Of rows, whether they are chosen or not.
    """

    rows: tuple[ArmRow, ...]
    correlation: Correlation | None = None
    unturned: Mapping[tuple[str | None, int, int], str] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()


def rescored(rows: Sequence[ArmRow], protocol: OutcomeProtocol) -> Rescored:
    """Rows with SDs of change, and with the change or final scores that `protocol.scores` asks for.

    Examples
    --------
    >>> cells = {"file": None, "study": "Kim", "n": 30, "baseline_mean": 60.0, "baseline_sd": 18.0, "sd": 20.0}
    >>> rows = [ArmRow(row=k, treatment=t, mean=m, value_type="final", **cells)
    ...         for k, t, m in ((2, "active", 38.0), (3, "control", 47.0))]
    >>> pain = OutcomeProtocol(id="pain", measure="MD", better="lower", scores="change", change_correlation=0.5)
    >>> [(row.mean, round(row.sd, 2)) for row in rescored(rows, pain).rows if row.value_type == "change"]
    [(-22.0, 19.08), (-13.0, 19.08)]
    """
    known = _shared(rows)
    correlation, issues = correlation_of(known, protocol)
    issues = (*issues, *_not_estimable(known, protocol, correlation))
    known = [_with_sd_of_change(row, correlation) for row in known]
    if protocol.scores == "reported":
        return Rescored(tuple(known), correlation, issues=issues)
    made: list[ArmRow] = []
    unturned: dict[tuple[str | None, int, int], str] = {}
    for group in _groups(known):
        turned = _turned(group, protocol.scores, correlation)
        if isinstance(turned, str):
            unturned |= {(row.file, row.row, row.slot): turned for row in group}
        else:
            made += turned
    return Rescored((*known, *made), correlation, unturned, issues)


# -- the same arm, reported twice -------------------------------------------------------------------------------------


def _arm_key(row: ArmRow) -> tuple[object, ...]:
    return (*_group_key(row), row.treatment, row.arm)


def _group_key(row: ArmRow) -> tuple[object, ...]:
    return row.study, row.weeks, (row.instrument or "").casefold(), row.scale_min, row.scale_max


def _shared(rows: Sequence[ArmRow]) -> list[ArmRow]:
    """Rows that know what the row of the same arm with the other kind of value knows of baseline and final SD."""
    by_arm: dict[tuple[object, ...], list[ArmRow]] = {}
    for row in rows:
        by_arm.setdefault(_arm_key(row), []).append(row)
    found = []
    for row in rows:
        if row.value_type == "adjusted":
            found.append(row)
            continue
        others = [one for one in by_arm[_arm_key(row)] if one is not row]
        baseline_mean = _first(row.baseline_mean, *(one.baseline_mean for one in others))
        baseline_sd = _first(row.baseline_sd, *(one.baseline_sd for one in others))
        final_sd = _first(row.final_sd, *(raw_sd(one) for one in others if one.value_type == "final"))
        if row.value_type != "change":
            final_sd = row.final_sd
        found.append(replace(row, baseline_mean=baseline_mean, baseline_sd=baseline_sd, final_sd=final_sd))
    return found


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _groups(rows: Iterable[ArmRow]) -> Iterator[list[ArmRow]]:
    """Rows of one study, time point and instrument."""
    groups: dict[tuple[object, ...], list[ArmRow]] = {}
    for row in rows:
        groups.setdefault(_group_key(row), []).append(row)
    yield from groups.values()


# -- SDs of change ----------------------------------------------------------------------------------------------------


def _not_estimable(
    rows: Sequence[ArmRow], protocol: OutcomeProtocol, correlation: Correlation | None
) -> Iterator[Issue]:
    """A warning at each study whose SDs of change wait for a correlation that no study of the review tells."""
    if protocol.change_correlation is None or correlation is not None:
        return
    told = set()
    for row in rows:
        if _waits(row) and row.study not in told:
            told.add(row.study)
            message = "No study reports the SDs at baseline, at the end and of change, so that no correlation follows."
            remedy = "State one: change_correlation = 0.5, and look at the grid of others."
            yield row_issue(row, "correlation-not-estimable", message, remedy, "sd", "warning")


def _waits(row: ArmRow) -> bool:
    """Whether a change score has no spread of its own, and both SDs that one could be made of."""
    spread = row.sd is not None or row.se is not None or (row.ci_low is not None and row.ci_high is not None)
    return row.value_type == "change" and not spread and row.baseline_sd is not None and row.final_sd is not None


def _with_sd_of_change(row: ArmRow, correlation: Correlation | None) -> ArmRow:
    """A change score that has no spread of its own, with the SD that baseline, final and correlation give."""
    if correlation is None or not _waits(row):
        return row
    try:
        sd, made = _sd_of_change(row, row.final_sd or 0.0, correlation)
    except ValueError:  # an SD that is not above zero is reported with its cell
        return row
    return replace(row, sd=sd, conversions=(*row.conversions, made))


def _sd_of_change(row: ArmRow, final_sd: float, correlation: Correlation) -> tuple[float, Conversion]:
    sd, made = sd_of_change(row.baseline_sd or 0.0, final_sd, correlation.value, rows=(row.row,))
    return sd, replace(made, how=f"{made.how} ({correlation.source})")


# -- the one kind made of the other -----------------------------------------------------------------------------------


def _turned(group: Sequence[ArmRow], wanted: str, correlation: Correlation | None) -> list[ArmRow] | str:
    """The scores of one study and time turned into the wanted kind: every arm, or none and the reason."""
    other = "final" if wanted == "change" else "change"
    if any(row.value_type == wanted for row in group):
        return []
    made = []
    for row in (row for row in group if row.value_type == other):
        try:
            made.append(_as_change(row, correlation) if wanted == "change" else _as_final(row, correlation))
        except ValueError as error:
            return f"{wanted} scores are asked for, and cannot be made for {row.arm or row.treatment}: {error}"
    return made


def _as_change(row: ArmRow, correlation: Correlation | None) -> ArmRow:
    """The change score of an arm that reports a final one."""
    mean, before, after = row.mean, row.baseline_mean, raw_sd(row)
    if mean is None or before is None or row.baseline_sd is None:
        raise ValueError("no mean and SD at baseline")
    if after is None:
        raise ValueError("no SD at the end")
    if correlation is None:
        raise ValueError("no correlation of scores before and after is stated or can be estimated")
    sd, of_sd = _sd_of_change(row, after, correlation)
    of_mean = Conversion("mean", "change: final mean less baseline mean", mean - before, (row.row,))
    return _kind(row, "change", mean - before, sd, after, of_mean, of_sd)


def _as_final(row: ArmRow, correlation: Correlation | None) -> ArmRow:
    """The final score of an arm that reports a change."""
    mean, before, after = row.mean, row.baseline_mean, row.final_sd
    if mean is None or before is None:
        raise ValueError("no mean at baseline")
    trace = [Conversion("mean", "final: baseline mean and change added up", before + mean, (row.row,))]
    if after is None:
        change = raw_sd(row)
        if change is None or row.baseline_sd is None:
            raise ValueError("no SD at baseline and of change")
        if correlation is None:
            raise ValueError("no correlation of scores before and after is stated or can be estimated")
        after, made = final_sd_from_change(row.baseline_sd, change, correlation.value, rows=(row.row,))
        trace.append(replace(made, how=f"{made.how} ({correlation.source})"))
    return _kind(row, "final", before + mean, after, after, *trace)


def _kind(row: ArmRow, kind: str, mean: float, sd: float, final_sd: float, *made: Conversion) -> ArmRow:
    return replace(
        row,
        value_type=kind,
        mean=mean,
        sd=sd,
        se=None,
        ci_low=None,
        ci_high=None,
        final_sd=final_sd,
        conversions=(*row.conversions, *made),
    )
