"""Arms with missing outcomes: what all people randomised would have shown, had the missing differed from the observed.

A pattern-mixture model: the arm is the observed and the missing, in the shares that were seen, and a parameter lambda
says how the missing differ. For means lambda is the informative missingness difference of means (IMDoM: mean of the
missing minus mean of the observed; Mavridis, White, Higgins, Cipriani & Salanti 2015, Stat Med 34:721), for
risks the log of the informative missingness odds ratio (IMOR: odds of the event in the missing over those in the
observed; White, Higgins & Wood 2008, Stat Med 27:711). Neither can be seen in the data. lambda is known, or
normal around its mean with a stated SD; variances are by the delta method.

Counts and means go in as arrays over the arms of a study, arm 0 first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

__all__ = ["BetweenArms", "MixedArms", "mixed_mean", "mixed_risk", "risk_on_scale"]

Floats = NDArray[np.float64]
BetweenArms = Literal["independent", "equal"]
"""How the lambdas of two arms of a study go together: correlation 0 or 1."""


@dataclass(frozen=True, slots=True, eq=False)
class MixedArms:
    """Arms of a study with their missing put in.

    Attributes
    ----------
    value : array (arm,)
        Mean or risk of all randomised, or a function of the risk, at the mean of lambda.
    variance : array (arm,)
        Sampling variance if lambda were known: of what was observed, and of the share missing.
    loading : array (arm,)
        How far the value moves with one SD of lambda; zero where lambda is known.
    """

    value: Floats
    variance: Floats
    loading: Floats

    def covariance(self, between_arms: BetweenArms) -> Floats:
        """Covariance (arm, arm) of the values; arms share nothing but what is not known of lambda.

        Examples
        --------
        >>> arms = MixedArms(np.zeros(2), np.array([1.0, 2.0]), np.array([0.5, 1.0]))
        >>> arms.covariance("independent").tolist(), arms.covariance("equal").tolist()
        ([[1.25, 0.0], [0.0, 3.0]], [[1.25, 0.5], [0.5, 3.0]])
        """
        if between_arms == "equal":
            return np.diag(self.variance) + np.outer(self.loading, self.loading)
        return np.diag(self.variance + np.square(self.loading))


def mixed_mean(
    mean: Floats, se: Floats, observed: Floats, missing: Floats, *, departure: ArrayLike, departure_sd: ArrayLike = 0.0
) -> MixedArms:
    """Mean of all people randomised: ``mean + share lambda``.

    Its variance is ``se^2 + lambda^2 share (1 - share) / N`` with N randomised, and ``share^2 s^2`` for lambda ~
    N(m, s^2) (Mavridis 2015, by Taylor series).

    Parameters
    ----------
    mean, se : array (arm,)
        Of the people observed, with its standard error.
    observed, missing : array (arm,)
        Numbers of people.
    departure, departure_sd : array (arm,) or number
        Mean and SD of lambda, the mean of the missing minus that of the observed, on the scale of the mean.

    Examples
    --------
    >>> arms = mixed_mean(np.array([10.0]), np.array([0.5]), np.array([75.0]), np.array([25.0]), departure=2.0)
    >>> float(arms.value[0]), float(arms.variance[0])
    (10.5, 0.2575)
    """
    shift = np.asarray(departure, dtype=float)
    share, of_share = _share(observed, missing)
    return MixedArms(
        value=mean + share * shift,
        variance=np.square(se) + np.square(shift) * of_share,
        loading=share * np.asarray(departure_sd, dtype=float),
    )


def mixed_risk(
    events: Floats,
    total: Floats,
    missing: Floats,
    *,
    log_imor: ArrayLike,
    log_imor_sd: ArrayLike = 0.0,
    added: float = 0.0,
) -> MixedArms:
    """Risk in all people randomised: ``(1 - share) p + share expit(logit p + lambda)``.

    The variance is that of p, carried through, and of the share missing; the loading is ``share q (1 - q) s`` with q
    the risk in the missing (White, Higgins & Wood 2008; with s = 0 the formula of Higgins, White & Wood 2008, Clin
    Trials 5:225).

    Parameters
    ----------
    events, total, missing : array (arm,)
        Events and people among the observed, and people missing.
    log_imor, log_imor_sd : array (arm,) or number
        Mean and SD of lambda = log IMOR. Plus or minus infinity: all, or none, of the missing had the event.
    added
        Put to each cell of the observed, where a study has an empty one.

    Examples
    --------
    >>> arms = mixed_risk(np.array([25.0]), np.array([50.0]), np.array([50.0]), log_imor=np.log(3.0))
    >>> float(arms.value[0].round(6)), float(arms.variance[0].round(6))
    (0.625, 0.003984)
    """
    p, n = (events + added) / (total + 2 * added), total + 2 * added
    share, of_share = _share(total, missing)
    q, slope = _in_missing(p, np.asarray(log_imor, dtype=float))
    return MixedArms(
        value=(1 - share) * p + share * q,
        variance=np.square(1 - share + share * slope) * p * (1 - p) / n + np.square(q - p) * of_share,
        loading=share * q * (1 - q) * np.asarray(log_imor_sd, dtype=float),
    )


def _share(observed: Floats, missing: Floats) -> tuple[Floats, Floats]:
    """Share missing (arm,), and its binomial variance."""
    share = missing / (observed + missing)
    return share, share * (1 - share) / (observed + missing)


def _in_missing(p: Floats, log_imor: Floats) -> tuple[Floats, Floats]:
    """Risk q in the missing for a risk p in the observed, and dq/dp = IMOR / (IMOR p + 1 - p)^2."""
    finite = np.isfinite(log_imor)
    moved = np.where(finite, log_imor, 0.0)
    root = np.exp(moved / 2)
    q = np.where(finite, expit(logit(p) + moved), log_imor > 0)
    return q, np.where(finite, 1 / np.square(root * p + (1 - p) / root), 0.0)


def risk_on_scale(arms: MixedArms, measure: str) -> MixedArms:
    """Risks as what the measure takes differences of: log odds, log risks, or themselves; by the delta method.

    Raises
    ------
    ValueError
        When the measure is none of OR, RR and RD.

    Examples
    --------
    >>> arms = mixed_risk(np.array([10.0]), np.array([40.0]), np.array([0.0]), log_imor=0.0)
    >>> found = risk_on_scale(arms, "OR")  # 1/10 + 1/30
    >>> float(found.value[0].round(4)), float(found.variance[0].round(4))
    (-1.0986, 0.1333)
    """
    p = arms.value
    if measure == "RD":
        return arms
    if measure == "RR":
        value, slope = np.log(p), 1 / p
    elif measure == "OR":
        value, slope = np.log(p) - np.log1p(-p), 1 / (p * (1 - p))
    else:
        raise ValueError(f"a risk has no scale of {measure}")
    return MixedArms(value, arms.variance * np.square(slope), arms.loading * slope)
