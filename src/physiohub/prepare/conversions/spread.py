"""Standard errors and SDs from what a paper prints in their place: intervals, p, t and F."""

from __future__ import annotations

from math import isfinite, sqrt

from scipy.special import ndtri, stdtrit

from physiohub.network.study import Conversion

__all__ = [
    "sd_from_ci",
    "sd_from_difference",
    "sd_from_se",
    "se_from_ci",
    "se_from_f",
    "se_from_p",
    "se_from_t",
    "standardise_contrast",
]


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


def se_from_t(difference: float, t: float, *, rows: tuple[int, ...] = ()) -> tuple[float, Conversion]:
    """Standard error of a difference from its t statistic: |difference| / |t| (Cochrane Handbook, section 6.5.2.3).

    Raises
    ------
    ValueError
        When the difference or t is 0: any SE gives t = 0 then.

    Examples
    --------
    >>> se, trace = se_from_t(3.8, 2.78)
    >>> round(se, 2), trace.how
    (1.37, 'from the t statistic 2.78')
    """
    if difference == 0 or t == 0:
        raise ValueError("an SE follows from t only when neither t nor the difference is zero")
    se = abs(difference / t)
    return se, Conversion("se", f"from the t statistic {t:g}", se, rows)


def se_from_f(difference: float, f: float, *, rows: tuple[int, ...] = ()) -> tuple[float, Conversion]:
    """Standard error of a difference from the F statistic of two groups, whose root is |t|.

    F of more than two groups, of an interaction or of a model with further terms holds another quantity.

    Raises
    ------
    ValueError
        When F is not above zero, or the difference is zero.

    Examples
    --------
    >>> se, trace = se_from_f(3.8, 7.7284)
    >>> round(se, 2), trace.how
    (1.37, 'from the F statistic 7.7284 of two groups')
    """
    if difference == 0 or not f > 0:
        raise ValueError("an SE follows from F only when F is above zero and the difference is not zero")
    se = abs(difference) / sqrt(f)
    return se, Conversion("se", f"from the F statistic {f:g} of two groups", se, rows)


def sd_from_difference(
    se: float, n_treatment: float, n_versus: float, *, rows: tuple[int, ...] = ()
) -> tuple[float, Conversion]:
    """SD of individual scores within both groups from the SE of their unadjusted difference: se / sqrt(1/n_1 + 1/n_2).

    Cochrane Handbook, section 6.5.2.3: the average SD of the two groups. Not for an adjusted difference, whose SE is a
    model's.

    Examples
    --------
    >>> round(sd_from_difference(1.37, 25, 22)[0], 2)
    4.69
    """
    sd = se / sqrt(1 / n_treatment + 1 / n_versus)
    how = f"from the SE of the difference, n = {n_treatment:g} and {n_versus:g}"
    return sd, Conversion("sd", how, sd, rows)


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
