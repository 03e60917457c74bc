"""SDs that a study does not report, by the rule that the protocol states; without a rule nothing is imputed.

An SD of the same trial, or SDs of the other trials that use the same instrument (Furukawa et al. 2006, J Clin Epidemiol
59:7; Cochrane Handbook, version 6, section 6.5.2.7).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import median

from physiohub.errors import DataError, Issue
from physiohub.network.rows import ArmRow
from physiohub.network.study import Conversion
from physiohub.prepare.completion import raw_sd
from physiohub.prepare.instruments import Registry
from physiohub.prepare.protocol import MissingSd, OutcomeProtocol
from physiohub.prepare.scale import row_issue, scale_of
from physiohub.prepare.selection import Selected

__all__ = ["IMPUTED", "with_missing_sds"]

IMPUTED = "imputed sd"
"""What the conversion of an imputed SD is called."""


@dataclass(frozen=True, slots=True)
class _Known:
    """An SD that some arm reports, in points of the instrument that it was measured by."""

    study: str
    row: ArmRow
    kind: tuple[str | None, str]
    sd: float
    n: float


def with_missing_sds(
    selected: Sequence[Selected], protocol: OutcomeProtocol, registry: Registry
) -> tuple[Selected, ...]:
    """The rows that enter, with an SD in each final or change mean that has no spread of its own.

    Every SD that is filled in carries a conversion called ``"imputed sd"``. Where the rule finds none to take, an issue
    says so. Nothing is done for an adjusted mean, whose standard error is its model's.
    """
    if protocol.missing_sd == "refuse" or not protocol.continuous:
        return tuple(selected)
    known = [sd for one in selected for sd in _known(one, protocol, registry)]
    return tuple(_filled(one, known, protocol, registry) for one in selected)


def _filled(one: Selected, known: Sequence[_Known], protocol: OutcomeProtocol, registry: Registry) -> Selected:
    rows: list[ArmRow] = []
    issues: list[Issue] = []
    for row in one.arms:
        place = _place(row, protocol, registry) if _lacks_spread(row) else None
        if place is None:
            rows.append(row)
            continue
        kind, points = place
        found = _imputed(row, [sd for sd in known if sd.kind == kind], protocol.missing_sd)
        if found is None:
            issues.append(_none_to_take(row, protocol.missing_sd))
            rows.append(row)
            continue
        sd, how = found[0] / points, found[1]
        rows.append(replace(row, sd=sd, conversions=(*row.conversions, Conversion(IMPUTED, how, sd, (row.row,)))))
    return replace(one, arms=tuple(rows), issues=(*one.issues, *issues))


def _none_to_take(row: ArmRow, rule: MissingSd) -> Issue:
    where = "no other arm of the study" if rule == "from-arm" else "no other study with the instrument"
    message = f"The mean has no SD, and {where} reports one that could be taken (rule {rule!r})."
    return row_issue(row, "sd-not-imputed", message, "Ask the authors, change missing_sd, or exclude the study.", "sd")


def _lacks_spread(row: ArmRow) -> bool:
    interval = row.ci_low is not None and row.ci_high is not None
    typed = row.sd is not None or row.se is not None or interval
    return row.mean is not None and row.value_type in ("final", "change") and not typed


def _place(row: ArmRow, protocol: OutcomeProtocol, registry: Registry) -> tuple[tuple[str | None, str], float] | None:
    """What SDs a row's can be compared with, and the points of the instrument in one point of the row."""
    try:
        scale = scale_of(row, protocol, registry)
    except DataError:  # told when the row is measured
        return None
    kind = str(row.value_type)
    if scale is not None:
        return (scale.instrument.id, kind), abs(scale.slope)
    name = None if row.instrument is None else row.instrument.casefold()
    return (f"{name} {row.scale_min} {row.scale_max}", kind), 1.0


def _known(one: Selected, protocol: OutcomeProtocol, registry: Registry) -> Iterator[_Known]:
    for row in one.arms:
        sd = raw_sd(row) if row.value_type in ("final", "change") else None
        place = None if sd is None or not sd > 0 else _place(row, protocol, registry)
        if sd is not None and place is not None and row.n is not None and row.n > 1:
            yield _Known(one.study, row, place[0], sd * place[1], row.n)


def _imputed(row: ArmRow, known: Sequence[_Known], rule: MissingSd) -> tuple[float, str] | None:
    """An SD in points of the instrument, and how it was found."""
    if rule == "from-arm":
        same = [sd for sd in known if sd.study == row.study]
        how = f"not reported: pooled SD of the study's other arms ({len(same)})"
        return (_pooled(same), how) if same else None
    others = [sd for sd in known if sd.study != row.study]
    if not others:
        return None
    studies = len({sd.study for sd in others})
    which = f"of {len(others)} arms of {studies} other {'study' if studies == 1 else 'studies'}"
    if rule == "borrow-pooled":
        return _pooled(others), f"not reported: pooled SD {which} (Furukawa 2006)"
    if rule == "borrow-median":
        return median(sd.sd for sd in others), f"not reported: median SD {which}"
    return max(sd.sd for sd in others), f"not reported: largest SD {which}"


def _pooled(known: Sequence[_Known]) -> float:
    """Root of sum (n - 1) sd^2 / sum (n - 1)."""
    return sqrt(sum((one.n - 1) * one.sd**2 for one in known) / sum(one.n - 1 for one in known))
