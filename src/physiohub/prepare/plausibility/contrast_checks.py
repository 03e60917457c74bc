"""Contrasts beside contrasts: standard errors of another size, signs that no other study of the pair has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import log, sqrt
from statistics import median

from physiohub.errors import Issue
from physiohub.prepare.plausibility.reported import ReportedContrast, finding
from physiohub.prepare.plausibility.thresholds import (
    DIRECTION_Z,
    FEWEST_OTHERS,
    SAME_SIGN,
    SD_FROM_USUAL,
    SE_FROM_OTHERS,
)

__all__ = ["check_contrast_signs", "check_standard_errors"]


def check_standard_errors(contrasts: Sequence[ReportedContrast]) -> Iterator[Issue]:
    """Standard errors unlike those of the other studies: by the SD that they make with n, else by their own size."""
    by_scale: dict[object, list[ReportedContrast]] = defaultdict(list)
    for one in contrasts:
        if one.row.se is not None and one.row.se > 0:
            by_scale[one.measured].append(one)
    for group in by_scale.values():
        for one in group:
            others = [other for other in group if other.row.study != one.row.study]
            yield from _by_sd(one, others) if _sd(one) is not None else _by_size(one, others)


def _sd(one: ReportedContrast) -> float | None:
    """SD of scores that makes this SE of a difference with these numbers of people; for mean differences."""
    row = one.row
    if (row.measure or "").upper() != "MD" or row.se is None or not row.n_treatment or not row.n_versus:
        return None
    return row.se / sqrt(1 / row.n_treatment + 1 / row.n_versus)


def _by_sd(one: ReportedContrast, others: Sequence[ReportedContrast]) -> Iterator[Issue]:
    found = [sd for other in others if (sd := _sd(other)) is not None]
    mine = _sd(one)
    if _studies(others) < FEWEST_OTHERS or not found or mine is None:
        return
    usual = median(found)
    if not 1 / SD_FROM_USUAL <= mine / usual <= SD_FROM_USUAL:
        message = (
            f"The SE {one.row.se:g} makes an SD of {mine:.3g} with n; the median of the other studies is {usual:.3g} "
            f"(named beyond a factor of {SD_FROM_USUAL:g})."
        )
        yield finding(one, "se-unlike-others", "se", message, "Check SE and n: an SD, or a lost digit?", "warning")


def _studies(others: Sequence[ReportedContrast]) -> int:
    return len({other.row.study for other in others})


def _by_size(one: ReportedContrast, others: Sequence[ReportedContrast]) -> Iterator[Issue]:
    errors = [other.row.se for other in others if other.row.se]
    mine = one.row.se or 0.0
    if _studies(others) < FEWEST_OTHERS or min(errors) / SE_FROM_OTHERS <= mine <= max(errors) * SE_FROM_OTHERS:
        return
    message = (
        f"The SE {mine:g} stands apart from those of the other studies, {min(errors):.3g} to {max(errors):.3g} (named "
        f"beyond {SE_FROM_OTHERS:g} times these)."
    )
    yield finding(one, "se-unlike-others", "se", message, "Check it: an SD, a lost digit, or another scale?", "warning")


def check_contrast_signs(contrasts: Sequence[ReportedContrast]) -> Iterator[Issue]:
    """An effect that excludes zero against the sign of nearly all other studies of its pair."""
    pairs: dict[object, list[ReportedContrast]] = defaultdict(list)
    for one in contrasts:
        if one.row.versus is not None and one.row.estimate is not None:
            pairs[one.measured, frozenset((one.row.treatment, one.row.versus))].append(one)
    for group in pairs.values():
        toward = min(one.row.treatment for one in group)
        signed: Mapping[int, float] = {
            id(one): _effect(one) * (1 if one.row.treatment == toward else -1) for one in group
        }
        for one in group:
            yield from _sign(one, [signed[id(o)] for o in group if o.row.study != one.row.study], signed[id(one)])


def _effect(one: ReportedContrast) -> float:
    estimate = one.row.estimate or 0.0
    ratio = (one.row.scale or "").casefold() == "printed" and (one.row.measure or "").upper() not in (
        "MD",
        "SMD",
        "RD",
        "",
    )
    return log(estimate) if ratio and estimate > 0 else estimate


def _sign(one: ReportedContrast, others: Sequence[float], mine: float) -> Iterator[Issue]:
    known = [other for other in others if other]
    against = sum((other > 0) != (mine > 0) for other in known)
    if len(known) < FEWEST_OTHERS or against < SAME_SIGN * len(known) or not one.row.se:
        return
    if abs(mine) > DIRECTION_Z * one.row.se:
        message = (
            f"The estimate {one.row.estimate:g} has another sign than {against} of {len(known)} other studies of "
            f"{one.row.treatment} and {one.row.versus} (named from {100 * SAME_SIGN:g}%)."
        )
        yield finding(
            one, "sign-unlike-others", "estimate", message, "Check the sign, and which arm is subtracted.", "warning"
        )
