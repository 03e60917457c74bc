"""Contrasts between the arms of one trial with a continuous outcome, with their full covariance.

Means, SDs and SEs go in as arrays over the arms of one study, arm 0 first; estimates (arm - 1,) and their covariance
(arm - 1, arm - 1) come out, each arm versus arm 0.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

__all__ = ["hedges_correction", "mean_differences", "pooled_sd", "standardised_mean_differences"]

Floats = NDArray[np.float64]


def mean_differences(mean: Floats, se: Floats) -> tuple[Floats, Floats]:
    """Mean of each arm minus the mean of arm 0.

    Parameters
    ----------
    mean, se : array (arm,)
        Mean and its standard error.

    Returns
    -------
    estimate : array (arm - 1,)
    covariance : array (arm - 1, arm - 1)
        ``se_k^2 + se_0^2`` on the diagonal, ``se_0^2`` off it: the arms share arm 0.

    Examples
    --------
    >>> estimate, covariance = mean_differences(np.array([5.0, 3.0, 4.0]), np.array([1.0, 1.0, 2.0]))
    >>> estimate.tolist(), covariance.tolist()
    ([-2.0, -1.0], [[2.0, 1.0], [1.0, 5.0]])
    """
    variance = np.square(se)
    return mean[1:] - mean[0], np.diag(variance[1:]) + variance[0]


def pooled_sd(sd: Floats, n: Floats) -> tuple[float, float]:
    """Pooled SD over all arms of a trial, and its degrees of freedom N - a.

    Examples
    --------
    >>> pooled_sd(np.array([3.0, 5.0]), np.array([11.0, 11.0]))
    (4.123105625617661, 20.0)
    """
    df = float(np.sum(n) - len(n))
    return float(np.sqrt(np.sum((n - 1) * np.square(sd)) / df)), df


def hedges_correction(df: float) -> float:
    """Exact small-sample correction J of a standardised difference.

    J = gamma(df/2) / (sqrt(df/2) gamma((df - 1)/2)) (Hedges 1981, J Educ Stat 6:107, equation 6e).

    Examples
    --------
    >>> round(hedges_correction(18), 6)
    0.957646
    """
    return float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def standardised_mean_differences(
    mean: Floats,
    n: Floats,
    *,
    sd: Floats | None = None,
    se: Floats | None = None,
    external_sd: float | None = None,
    variance: Literal["simple", "unbiased"] = "simple",
) -> tuple[Floats, Floats]:
    """Hedges' g of each arm versus arm 0, coherent in a trial of any number of arms.

    Every arm is divided by one SD of the trial: ``g_k - g_l`` is the g of the pair (k, l), and the covariance
    carries both the shared arm 0 and the shared denominator (Gleser & Olkin 2009, in The Handbook of Research
    Synthesis, chapter 19; Wei & Higgins 2013, Stat Med 32:1191).

    Parameters
    ----------
    mean : array (arm,)
        What is compared: final, change or adjusted means.
    n : array (arm,)
        Participants; not used with `external_sd` when `se` is given.
    sd : array (arm,), optional
        Raw SDs of the scores, pooled over the arms as the denominator.
    se : array (arm,), optional
        Standard error of each mean, when it is not the pooled SD / sqrt(n): a change score over a final SD, an adjusted
        mean. NaN where an arm has none of its own.
    external_sd : float, optional
        A fixed SD from outside the trial; it replaces the pooled one and carries no sampling error (h = 0, J = 1).
    variance
        ``"simple"``: h = 1/(2N); ``"unbiased"``: h = 1 - (df - 2)/(df J^2), exact in small trials.

    Returns
    -------
    estimate : array (arm - 1,)
    covariance : array (arm - 1, arm - 1)

    Raises
    ------
    ValueError
        When neither `sd` nor `external_sd` is given, or the pooled SD has too few degrees of freedom.

    Examples
    --------
    >>> g, v = standardised_mean_differences(np.array([0.0, 0.8]), np.array([10.0, 10.0]), sd=np.array([1.0, 1.0]))
    >>> round(float(g[0]), 4), round(float(v[0, 0]), 4)
    (0.7661, 0.2147)
    """
    if external_sd is not None:
        denominator, correction, h = external_sd, 1.0, 0.0
    elif sd is not None:
        denominator, df = pooled_sd(sd, n)
        if df < 2 or (variance == "unbiased" and df <= 2):
            raise ValueError(f"a standardised difference needs more than {df:.0f} degrees of freedom")
        correction = hedges_correction(df)
        h = 1 / (2 * float(np.sum(n))) if variance == "simple" else 1 - (df - 2) / (df * correction**2)
    else:
        raise ValueError("a standardised difference needs the SDs of the arms or a fixed SD")
    own = denominator / np.sqrt(n)
    error = own if se is None else np.where(np.isnan(se), own, se)
    g = correction * (mean[1:] - mean[0]) / denominator
    _, sampling = mean_differences(mean, error / denominator)
    return g, sampling + np.outer(g, g) * h
