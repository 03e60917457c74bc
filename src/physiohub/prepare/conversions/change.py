"""SDs of baseline, final and change scores, and the correlation that ties them together.

var(change) = var(baseline) + var(final) - 2 r sd(baseline) sd(final) (Cochrane Handbook, version 6, section 6.5.2.8).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import atanh, sqrt, tanh

from physiohub.network.study import Conversion

__all__ = ["correlation_from_sds", "final_sd_from_change", "pooled_correlation", "sd_of_change"]


def sd_of_change(
    baseline_sd: float, final_sd: float, correlation: float, *, rows: tuple[int, ...] = ()
) -> tuple[float, Conversion]:
    """SD of change from the SDs before and after and their correlation.

    Raises
    ------
    ValueError
        When the correlation is not between -1 and 1, or an SD is not above zero.

    Examples
    --------
    >>> sd, trace = sd_of_change(4.0, 4.4, 0.80)
    >>> round(sd, 2), trace.how
    (2.68, 'of change: from baseline SD 4, final SD 4.4 and correlation 0.8')
    """
    _check(baseline_sd, final_sd, correlation=correlation)
    sd = sqrt(baseline_sd**2 + final_sd**2 - 2 * correlation * baseline_sd * final_sd)
    how = f"of change: from baseline SD {baseline_sd:g}, final SD {final_sd:g} and correlation {correlation:.3g}"
    return sd, Conversion("sd", how, sd, rows)


def final_sd_from_change(
    baseline_sd: float, change_sd: float, correlation: float, *, rows: tuple[int, ...] = ()
) -> tuple[float, Conversion]:
    """SD after from the SD before, the SD of change and the correlation: the root of the equation of `sd_of_change`.

    Of two positive roots the larger, which lies nearer to the SD before.

    Raises
    ------
    ValueError
        When no SD after belongs to the three numbers, or an argument is out of its range.

    Examples
    --------
    >>> sd, trace = final_sd_from_change(4.0, 2.6833, 0.80)
    >>> round(sd, 2), trace.how
    (4.4, 'of final scores: from baseline SD 4, SD of change 2.6833 and correlation 0.8')
    """
    _check(baseline_sd, change_sd, correlation=correlation)
    rest = change_sd**2 - (1 - correlation**2) * baseline_sd**2
    sd = correlation * baseline_sd + sqrt(rest) if rest >= 0 else 0.0
    if not sd > 0:
        raise ValueError(
            f"no final SD goes with baseline SD {baseline_sd:g}, SD of change {change_sd:g} and "
            f"correlation {correlation:.3g}"
        )
    how = f"of final scores: from baseline SD {baseline_sd:g}, SD of change {change_sd:g}"
    return sd, Conversion("sd", f"{how} and correlation {correlation:.3g}", sd, rows)


def correlation_from_sds(baseline_sd: float, final_sd: float, change_sd: float) -> float:
    """Correlation of scores before and after in an arm that reports all three SDs.

    Raises
    ------
    ValueError
        When the three SDs contradict each other: no correlation between -1 and 1 belongs to them.

    Examples
    --------
    >>> round(correlation_from_sds(6.4, 7.1, 4.5), 2), round(correlation_from_sds(7.0, 6.9, 4.2), 2)
    (0.78, 0.82)
    """
    _check(baseline_sd, final_sd)
    r = (baseline_sd**2 + final_sd**2 - change_sd**2) / (2 * baseline_sd * final_sd)
    if not -1 < r < 1 or not change_sd > 0:
        sds = f"{baseline_sd:g} at baseline, {final_sd:g} at the end and {change_sd:g} of change"
        raise ValueError(f"SDs of {sds} imply a correlation of {r:.3g}")
    return r


def pooled_correlation(correlations: Sequence[float], sizes: Sequence[float]) -> float:
    """One correlation out of those of several arms: the mean of Fisher's z weighted by n - 3, turned back.

    Fisher's z = atanh(r) has variance 1/(n - 3) (Fisher 1921, Metron 1:3); arms of three and fewer say nothing.

    Raises
    ------
    ValueError
        When no arm has more than three participants.

    Examples
    --------
    >>> round(pooled_correlation([0.78, 0.82], [129, 135]), 3)
    0.801
    """
    pairs = [(atanh(r), n - 3) for r, n in zip(correlations, sizes, strict=True) if n > 3]
    if not pairs:
        raise ValueError("a correlation is pooled from arms of more than three participants")
    return tanh(sum(z * weight for z, weight in pairs) / sum(weight for _, weight in pairs))


def _check(*sds: float, correlation: float = 0.0) -> None:
    if not all(sd > 0 for sd in sds):
        raise ValueError("an SD must be above zero")
    if not -1 < correlation < 1:
        raise ValueError("a correlation lies between -1 and 1")
