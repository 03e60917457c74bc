"""Arithmetic from what a paper prints to mean, SD and SE; every function returns its value with a trace.

Nothing here knows a review: `physiohub.prepare.selection` decides which conversion applies, this module does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from scipy.special import ndtri, stdtrit

from physiohub.network.study import Conversion

__all__ = [
    "Scores",
    "merge_arms",
    "rescale",
    "sd_from_ci",
    "sd_from_se",
    "se_from_ci",
    "se_from_p",
    "standardise_contrast",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Mean of one arm with what is known of its spread.

    Attributes
    ----------
    mean
        Of final, change or adjusted scores.
    n
        Participants.
    sd
        Raw SD of the individual scores (of change scores when the mean is one).
    se
        Standard error of the mean, when it is given by itself.
    baseline_sd
        SD of the scores at baseline.
    """

    mean: float
    n: float | None = None
    sd: float | None = None
    se: float | None = None
    baseline_sd: float | None = None

    @property
    def standard_error(self) -> float | None:
        """The SE: its own, else sd / sqrt(n)."""
        if self.se is not None:
            return self.se
        return None if self.sd is None or self.n is None else self.sd / sqrt(self.n)


def se_from_ci(
    low: float, high: float, *, df: float | None, level: float = 0.95, rows: tuple[int, ...] = ()
) -> tuple[float, Conversion]:
    """Standard error from a symmetric confidence interval: (high - low) / (2 q).

    q is the t quantile with `df` degrees of freedom, which in small groups is clearly larger than the normal one
    (Cochrane Handbook, version 6, section 6.5.2.2). With `df` None the quantile is normal and the trace says so: for an
    adjusted mean the residual df of its model are not printed, and the normal quantile gives the larger, cautious SE.

    Raises
    ------
    ValueError
        When `low` is not below `high`, or `df` is not above zero.

    Examples
    --------
    >>> se, trace = se_from_ci(-18.7, -2.8, df=19)
    >>> round(se, 3), trace.how
    (3.798, 'from the 95% confidence interval (t, df 19)')
    """
    if not low < high:
        raise ValueError("the lower confidence limit must lie below the upper one")
    if df is not None and not df > 0:
        raise ValueError("degrees of freedom must be above zero")
    tail = (1 + level) / 2
    quantile = float(ndtri(tail) if df is None else stdtrit(df, tail))
    se = (high - low) / (2 * quantile)
    basis = "normal" if df is None else f"t, df {df:g}"
    return se, Conversion("se", f"from the {100 * level:g}% confidence interval ({basis})", se, rows)


def se_from_p(difference: float, p: float, *, df: float | None, rows: tuple[int, ...] = ()) -> tuple[float, Conversion]:
    """Standard error of a difference from its two-sided p value: |difference| / q(1 - p/2) (Handbook, section 6.5.2.3).

    Raises
    ------
    ValueError
        When p is not strictly between 0 and 1, or the difference is 0 (any SE gives p = 1 then).

    Examples
    --------
    >>> se, trace = se_from_p(3.8, 0.008, df=45)
    >>> round(se, 2), trace.how
    (1.37, 'from the p value 0.008 (t, df 45)')
    """
    if not 0 < p < 1 or difference == 0:
        raise ValueError("an SE follows from p only when 0 < p < 1 and the difference is not zero")
    quantile = float(ndtri(1 - p / 2) if df is None else stdtrit(df, 1 - p / 2))
    se = abs(difference) / quantile
    basis = "normal" if df is None else f"t, df {df:g}"
    return se, Conversion("se", f"from the p value {p:g} ({basis})", se, rows)


def sd_from_se(se: float, n: float, *, rows: tuple[int, ...] = ()) -> tuple[float, Conversion]:
    """SD of individual scores from the SE of their unadjusted mean: se sqrt(n) (Cochrane Handbook, section 6.5.2.2).

    Not for an adjusted mean, whose SE is the model's and holds no SD of scores.

    Examples
    --------
    >>> sd_from_se(2.0, 25)[0]
    10.0
    """
    sd = se * sqrt(n)
    return sd, Conversion("sd", f"from the SE and n = {n:g}", sd, rows)


def sd_from_ci(
    low: float, high: float, n: float, *, level: float = 0.95, rows: tuple[int, ...] = ()
) -> tuple[float, Conversion]:
    """SD of individual scores from the confidence interval of their unadjusted mean (t with n - 1 df).

    Examples
    --------
    >>> round(sd_from_ci(-18.7, -2.8, 20)[0], 2)
    16.99
    """
    se, trace = se_from_ci(low, high, df=n - 1, level=level, rows=rows)
    sd, _ = sd_from_se(se, n)
    return sd, Conversion("sd", f"{trace.how} and n = {n:g}", sd, rows)


def rescale(
    scores: Scores,
    scale: tuple[float, float],
    onto: tuple[float, float],
    *,
    change: bool = False,
    flip: bool = False,
    rows: tuple[int, ...] = (),
) -> tuple[Scores, Conversion]:
    """Move scores linearly from one range onto another; SDs and SEs by the slope alone.

    A final score x becomes onto_low + slope (x - low), slope = (onto_high - onto_low)/(high - low); a change score has
    no offset. `flip` turns the direction: the best score becomes the highest and a change its negative.

    Raises
    ------
    ValueError
        When a range is empty or not finite.

    Examples
    --------
    >>> moved, trace = rescale(Scores(mean=2.4, sd=0.54), (0, 10), (0, 100))
    >>> moved.mean, round(moved.sd, 6), trace.how
    (24.0, 5.4, 'rescaled from 0-10 to 0-100')
    """
    width, target = _width(scale), _width(onto)
    # multiplied before divided, so that 2.4 of 10 is 24 of 100 and not a neighbour of it
    mean = target * (scores.mean if change else scores.mean - scale[0]) / width
    if flip:
        mean = -mean
    if not change:
        mean += onto[1] if flip else onto[0]
    sd, se, baseline_sd = (
        None if x is None else target * x / width for x in (scores.sd, scores.se, scores.baseline_sd)
    )
    how = f"rescaled from {scale[0]:g}-{scale[1]:g} to {onto[0]:g}-{onto[1]:g}" + (", direction turned" if flip else "")
    moved = Scores(mean=mean, n=scores.n, sd=sd, se=se, baseline_sd=baseline_sd)
    return moved, Conversion("mean and spread", how, mean, rows)


def _width(scale: tuple[float, float]) -> float:
    width = scale[1] - scale[0]
    if not (isfinite(width) and width > 0):
        raise ValueError(f"a scale from {scale[0]:g} to {scale[1]:g} has no width")
    return width


def merge_arms(arms: Sequence[Scores], *, rows: tuple[int, ...] = ()) -> tuple[Scores, Conversion]:
    """One arm out of several on the same treatment.

    n and mean: sum, and mean weighted by n. With an SD in every arm, and no SE by itself, the SD is that of all their
    participants together (Cochrane Handbook, version 6, table 6.5.a; more than two arms at once):
    (N - 1) sd^2 = sum (n_k - 1) sd_k^2 + sum n_k (mean_k - mean)^2.
    Where an arm has an SE by itself (adjusted means, a confidence interval without its SD), the merged mean keeps its
    own standard error, se^2 = sum (n_k/N)^2 se_k^2, as for independent means; an SD is then carried only if every arm
    has one.

    Raises
    ------
    ValueError
        When an n is missing, or an arm has neither SD nor SE.

    Examples
    --------
    >>> merged, trace = merge_arms([Scores(mean=10, sd=2, n=20), Scores(mean=12, sd=2, n=20)])
    >>> merged.mean, merged.n, round(merged.sd, 4)
    (11.0, 40, 2.2188)
    """
    sizes = [arm.n for arm in arms if arm.n is not None]
    errors = [arm.standard_error for arm in arms if arm.standard_error is not None]
    if len(sizes) < len(arms) or len(errors) < len(arms):
        raise ValueError("arms are merged from n, mean and SD or SE of each")
    total = sum(sizes)
    mean = sum(n * arm.mean for n, arm in zip(sizes, arms, strict=True)) / total
    own_se = any(arm.se is not None for arm in arms)
    se = sqrt(sum((n / total * error) ** 2 for n, error in zip(sizes, errors, strict=True))) if own_se else None
    sd = _sd_of_all([arm.sd for arm in arms], [arm.mean for arm in arms], sizes)
    baseline_sd = _sd_within([arm.baseline_sd for arm in arms], sizes)
    rule = "SE of the mean weighted by n" if own_se else "Cochrane formula"
    how = f"{len(arms)} arms merged ({rule}): n = {' + '.join(f'{n:g}' for n in sizes)}"
    return Scores(mean=mean, n=total, sd=sd, se=se, baseline_sd=baseline_sd), Conversion("merged arm", how, mean, rows)


def _sd_of_all(sds: Sequence[float | None], means: Sequence[float], sizes: Sequence[float]) -> float | None:
    """SD of all participants of several groups together, None when a group has none."""
    if any(sd is None for sd in sds):
        return None
    total = sum(sizes)
    centre = sum(n * mean for n, mean in zip(sizes, means, strict=True)) / total
    within = sum((n - 1) * sd**2 for n, sd in zip(sizes, sds, strict=True) if sd is not None)
    between = sum(n * (mean - centre) ** 2 for n, mean in zip(sizes, means, strict=True))
    return sqrt((within + between) / (total - 1))


def _sd_within(sds: Sequence[float | None], sizes: Sequence[float]) -> float | None:
    """Pooled SD within several groups (their baseline means are not all known), None when a group has none."""
    if any(sd is None for sd in sds):
        return None
    within = sum((n - 1) * sd**2 for n, sd in zip(sizes, sds, strict=True) if sd is not None)
    return sqrt(within / (sum(sizes) - len(sizes)))


def standardise_contrast(
    difference: float, se: float, sd: float, *, source: str, rows: tuple[int, ...] = ()
) -> tuple[float, float, Conversion]:
    """A mean difference divided by a stated SD: estimate/sd and se/sd.

    The SD is a fixed number from outside the contrast, so that its own uncertainty does not enter: h = 0 and J = 1 in
    `physiohub.measures.continuous.standardised_mean_differences`.

    Raises
    ------
    ValueError
        When the SD is not above zero.

    Examples
    --------
    >>> estimate, se, trace = standardise_contrast(-18.0, 8.1, 22.5, source="usual SD of the instrument")
    >>> round(estimate, 3), round(se, 3), trace.how
    (-0.8, 0.36, 'difference divided by SD 22.5 (usual SD of the instrument)')
    """
    if not (isfinite(sd) and sd > 0):
        raise ValueError("a difference is standardised by an SD above zero")
    how = f"difference divided by SD {sd:g} ({source})"
    return difference / sd, se / sd, Conversion("standardised difference", how, difference / sd, rows)
