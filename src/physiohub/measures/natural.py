"""From the analysis scale of a measure to what a patient sees: probabilities, rates, means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri

__all__ = ["LINKS", "Link", "NaturalScale", "Outcome", "natural_scale"]

Floats = NDArray[np.float64]
Link = Literal["identity", "log", "logit", "cloglog", "probit"]
Outcome = Literal["probability", "rate", "mean"]


def _cloglog(p: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(-np.log1p(-p)))


def _event_within(theta: Floats) -> Floats:
    # beyond this the probability is one to every digit
    return np.asarray(-np.expm1(-np.exp(np.minimum(theta, 50.0))))


def _log(y: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(y))


def _exp(theta: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(theta))


LINKS: Mapping[Link, tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]] = {
    "identity": (np.asarray, np.asarray),
    "log": (_log, _exp),
    "logit": (logit, expit),
    "cloglog": (_cloglog, _event_within),
    "probit": (ndtri, ndtr),
}
"""Each link and its inverse; all of them grow."""


@dataclass(frozen=True, slots=True)
class NaturalScale:
    """What the linear predictor of one arm means under a measure.

    Attributes
    ----------
    outcome
        ``"probability"``, ``"rate"`` or ``"mean"``.
    link
        Its link; effects of the measure are differences on it.
    low, high
        The values that can be. A log or identity link leads beyond them: what lies there is impossible.
    """

    outcome: Outcome
    link: Link
    low: float
    high: float

    def to_link(self, value: Floats) -> Floats:
        """The linear predictor of natural values (...)."""
        return LINKS[self.link][0](np.asarray(value, dtype=float))

    def to_natural(self, theta: Floats) -> Floats:
        """Natural values (...) of the linear predictor; nothing is clipped."""
        return LINKS[self.link][1](np.asarray(theta, dtype=float))

    def impossible(self, value: Floats) -> NDArray[np.bool_]:
        """Which of the natural values (...) cannot be."""
        return np.asarray((value < self.low) | (value > self.high))


_SCALES: Mapping[str, NaturalScale] = {
    "OR": NaturalScale("probability", "logit", 0.0, 1.0),
    "RR": NaturalScale("probability", "log", 0.0, 1.0),
    "RD": NaturalScale("probability", "identity", 0.0, 1.0),
    "HR": NaturalScale("probability", "cloglog", 0.0, 1.0),
    "PROBIT": NaturalScale("probability", "probit", 0.0, 1.0),
    "IRR": NaturalScale("rate", "log", 0.0, np.inf),
    "MD": NaturalScale("mean", "identity", -np.inf, np.inf),
    "SMD": NaturalScale("mean", "identity", -np.inf, np.inf),
    "ROM": NaturalScale("mean", "log", 0.0, np.inf),
}


def natural_scale(measure: str) -> NaturalScale:
    """The natural scale of a measure, by its id.

    Examples
    --------
    >>> scale = natural_scale("OR")
    >>> scale.outcome, float(scale.to_natural(np.array(0.0)))
    ('probability', 0.5)
    """
    return _SCALES[measure]
