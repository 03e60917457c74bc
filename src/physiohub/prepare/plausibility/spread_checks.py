"""Is this SD one? Against the instrument, other trials and other arms: standard errors, lost digits, other scales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import median
from typing import Literal

from physiohub.errors import Issue
from physiohub.prepare.plausibility.reported import ReportedArm, finding, groups_of
from physiohub.prepare.plausibility.thresholds import (
    EXPLAINED,
    FEWEST_OTHERS,
    RARE_Z,
    SD_FAR,
    SD_FROM_USUAL,
    SD_RATIO,
    SD_RATIO_FAR,
)

__all__ = ["check_sd_ratios", "check_usual_sd"]

_Z95 = 1.96


@dataclass(frozen=True, slots=True)
class _Spread:
    """An SD of one arm: of which cell, and how it was had from it."""

    arm: ReportedArm
    role: str
    sd: float

    @property
    def words(self) -> str:
        printed = getattr(self.arm.row, self.role)
        if self.role == "se":
            return f"The SE {printed:g} of {self.arm.row.n:g} people makes an SD of {self.sd:.3g}"
        if self.role == "ci_low":
            return f"The confidence interval of {self.arm.row.n:g} people makes an SD of {self.sd:.3g}"
        return f"The {'baseline ' if self.role == 'baseline_sd' else ''}SD {printed:g}"


def _spreads(arm: ReportedArm) -> Iterator[_Spread]:
    """The SD of the scores by the first cell that tells it, and the baseline SD."""
    row = arm.row
    if row.sd is not None:
        yield _Spread(arm, "sd", row.sd)
    elif row.se is not None and row.n is not None:
        yield _Spread(arm, "se", row.se * sqrt(row.n))
    elif row.ci_low is not None and row.ci_high is not None and row.n is not None:
        yield _Spread(arm, "ci_low", (row.ci_high - row.ci_low) / (2 * _Z95) * sqrt(row.n))
    if row.baseline_sd is not None:
        yield _Spread(arm, "baseline_sd", row.baseline_sd)


def check_usual_sd(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """SDs far from what is usual, with what would explain them: an SE, an SD among SEs, a factor of ten.

    What is usual is the instrument's SD; without one, the median of the other studies on the same scale.
    """
    spreads = [spread for arm in arms for spread in _spreads(arm)]
    by_scale: dict[object, list[_Spread]] = defaultdict(list)
    for spread in spreads:
        by_scale[_scale_of(spread)].append(spread)
    for spread in spreads:
        usual = _usual(spread, by_scale[_scale_of(spread)])
        if usual is not None:
            yield from _against(spread, *usual)


def _scale_of(spread: _Spread) -> object:
    """SDs of change scores, of final scores and at baseline are compared with their own kind."""
    kind = "baseline" if spread.role == "baseline_sd" else spread.arm.kind
    return spread.arm.measured, kind


def _usual(spread: _Spread, same_scale: Sequence[_Spread]) -> tuple[float, str] | None:
    """What is usual, and by which account."""
    if spread.arm.usual_sd is not None and spread.arm.instrument is not None:
        return spread.arm.usual_sd, f"the usual SD of {spread.arm.instrument.label} on this range"
    others = [one.sd for one in same_scale if one.arm.row.study != spread.arm.row.study]
    studies = {one.arm.row.study for one in same_scale} - {spread.arm.row.study}
    if len(studies) < FEWEST_OTHERS:
        return None
    return median(others), f"the median of {len(studies)} other studies"


def _against(spread: _Spread, usual: float, account: str) -> Iterator[Issue]:
    ratio = spread.sd / usual
    if 1 / SD_FROM_USUAL <= ratio <= SD_FROM_USUAL:
        return
    adjusted = spread.arm.kind == "adjusted" and spread.role != "baseline_sd"
    if adjusted and ratio < 1 and ratio * SD_FAR > 1:
        return  # a model that explains most of the variance leaves a small SE
    times = ratio if ratio > 1 else 1 / ratio
    off = f"{times:.1f} times {'larger' if ratio > 1 else 'smaller'} than {account}, {usual:.3g}"
    words = f"{spread.words}, {off} (named beyond {SD_FROM_USUAL:g})."
    ways = [way for way in _ways(spread) if 1 / SD_FROM_USUAL < way.sd / usual < SD_FROM_USUAL]
    if not ways:
        remedy = "Check mean, SD, n and scale; populations may differ by less than this."
        yield finding(spread.arm, "sd-unusual", spread.role, words, remedy, "warning" if times > SD_FAR else "note")
        return
    message = f"{words} {' Or: '.join(way.words for way in ways)}"
    if ways[0].taken == "SE":
        remedy = "Look up whether the paper prints SD or SE; an SE goes into the column of standard errors."
        yield finding(spread.arm, "sd-like-se", spread.role, message, remedy, "warning")
    elif ways[0].taken == "SD":
        remedy = "Look up whether the paper prints SD or SE; an SD goes into the column of SDs."
        yield finding(spread.arm, "se-like-sd", spread.role, message, remedy, "warning")
    else:
        remedy = "Look for a lost or added digit, and for a scale of another length (0-10 beside 0-100)."
        yield finding(spread.arm, "sd-tenfold", spread.role, message, remedy, "warning")


@dataclass(frozen=True, slots=True)
class _Way:
    """What a cell may have been taken for, the SD that it then makes, and the arithmetic."""

    taken: Literal["SE", "SD", "tenfold"]
    sd: float
    words: str


def _ways(spread: _Spread) -> Iterator[_Way]:
    """What the cell may have been taken for, the commoner mistakes first."""
    n, sd = spread.arm.row.n, spread.sd
    if n is not None and n > 1 and spread.role in ("sd", "baseline_sd"):
        made = sd * sqrt(n)
        words = f"Taken for a standard error it makes an SD of {sd:g} x sqrt({n:g}) = {made:.3g}."
        yield _Way("SE", made, words)
    if n is not None and n > 1 and spread.role == "se":
        yield _Way("SD", sd / sqrt(n), f"Taken for an SD itself it is {sd / sqrt(n):.3g}.")
    yield _Way("tenfold", sd * 10, f"Ten times it is {sd * 10:.3g}.")
    yield _Way("tenfold", sd / 10, f"A tenth of it is {sd / 10:.3g}.")


def check_sd_ratios(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """SDs of arms that were randomised against each other and differ more than chance lets them."""
    for group in groups_of(arms):
        known = [arm for arm in group if arm.row.sd is not None and arm.row.n is not None and arm.row.n > 1]
        if len(known) > 1:
            yield from _ratio(known)


def _ratio(group: Sequence[ReportedArm]) -> Iterator[Issue]:
    """The arm whose SD is furthest from the others', pooled."""
    ratios = [(arm, _pooled(group, arm)) for arm in group]
    # of two arms both are as far from each other: the smaller SD is then the one to be looked at first
    arm, pooled = max(ratios, key=lambda one: (round(abs(log(_sd(one[0]) / one[1])), 9), -_sd(one[0])))
    sd, n = _sd(arm), arm.row.n or 0.0
    ratio = max(sd / pooled, pooled / sd)
    others = sum((one.row.n or 0.0) - 1 for one in group if one is not arm)
    error = sqrt(
        1 / (2 * (n - 1)) + 1 / (2 * others)
    )  # of the log of an SD: Raudenbush & Bryk 1987, J Educ Stat 12:241
    if ratio < SD_RATIO or log(ratio) < RARE_Z * error:
        return
    chance = f"chance makes {exp(RARE_Z * error):.2g} of equal SDs once in a thousand; named beyond {SD_RATIO:g}"
    words = f"The SD {sd:g} and that of the other arms, {pooled:.3g}, have the ratio {ratio:.1f} ({chance})."
    made = sd * sqrt(n)
    if sd < pooled and max(made / pooled, pooled / made) < EXPLAINED:
        words += f" Taken for a standard error it makes an SD of {sd:g} x sqrt({n:g}) = {made:.3g}."
        remedy = "Look up whether the paper prints SD or SE for this arm."
        yield finding(arm, "sd-ratio-like-se", "sd", words, remedy, "warning")
        return
    severity = "warning" if ratio > SD_RATIO_FAR else "note"
    yield finding(arm, "sd-ratio", "sd", words, "Check both SDs and both n.", severity)  # type: ignore[arg-type]


def _sd(arm: ReportedArm) -> float:
    assert arm.row.sd is not None
    return arm.row.sd


def _pooled(group: Sequence[ReportedArm], but: ReportedArm) -> float:
    """Pooled SD of the other arms."""
    others = [(_sd(arm), (arm.row.n or 0.0) - 1) for arm in group if arm is not but]
    return sqrt(sum(df * sd**2 for sd, df in others) / sum(df for _, df in others))
