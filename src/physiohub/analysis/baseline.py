"""A stated baseline: what is known, from outside the network, of the outcome under one treatment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaincinv, ndtri

from physiohub.errors import ModelError
from physiohub.measures.natural import NaturalScale, Outcome

__all__ = ["BaselineDistribution", "StatedBaseline", "parse_baseline"]

Floats = NDArray[np.float64]
_FORM = re.compile(r"^\s*([a-z][a-z\- ]*?)\s*\(\s*(.*?)\s*\)\s*$", re.IGNORECASE)
_FORMS: Mapping[str, tuple[tuple[int, ...], tuple[Outcome, ...], str]] = {
    "normal": ((2,), ("probability", "rate", "mean"), "normal(mean, sd) on the link scale"),
    "fixed": ((1,), ("probability", "rate", "mean"), "fixed(value) on the link scale"),
    "probability": ((1, 3), ("probability",), "probability(p) or probability(p, low, high) with its 95% interval"),
    "events": ((2,), ("probability",), "events(events, total) of a cohort"),
    "beta": ((2,), ("probability",), "beta(a, b) on the probability"),
    "rate": ((1, 3), ("rate",), "rate(r) or rate(r, low, high) with its 95% interval"),
    "exposure": ((2,), ("rate",), "exposure(events, time) of a cohort"),
    "gamma": ((2,), ("rate",), "gamma(shape, rate) on the rate"),
    "mean": ((1, 3), ("mean",), "mean(m) or mean(m, low, high) with its 95% interval"),
}
"""Form -> numbers that it takes, outcomes that it fits, and how it is written."""
_LINKED = ("normal", "fixed")


class BaselineDistribution(Protocol):
    """The distribution of the linear predictor of an arm on one treatment."""

    @property
    def treatment(self) -> str | None:
        """Id of the treatment; None for the reference of the network."""
        ...

    def link_values(self, p: Floats, scale: NaturalScale, time: float | None) -> Floats:
        """Quantiles (...) on the link of `scale` at probabilities `p`; of a hazard over the follow-up `time`."""
        ...


@dataclass(frozen=True, slots=True)
class StatedBaseline:
    """A baseline distribution as somebody stated it; `str()` gives the text form.

    Attributes
    ----------
    form, values
        Such as ``"normal"`` and ``(-2.2, 0.55)``.
    treatment
        Id of the treatment that it is about; None for the reference of the network.
    source
        Where it comes from, in words.

    Notes
    -----
    A probability, rate or mean with an interval is normal on the link scale: centred on the value, as wide as the
    interval. Events of a cohort give Beta(events + 1/2, total - events + 1/2), an exposure gives Gamma(events + 1/2,
    time): Jeffreys' priors with the data (Gelman et al. 2013, Bayesian Data Analysis, section 2.8), which also bear no
    event at all. For hazard ratios normal and fixed are log hazards per unit of time; the other forms are probabilities
    at the follow-up time that is asked for.
    """

    form: str
    values: tuple[float, ...]
    treatment: str | None = None
    source: str = "stated"

    def __str__(self) -> str:
        return f"{self.form}({', '.join(f'{value:.15g}' for value in self.values)})"

    def link_values(self, p: Floats, scale: NaturalScale, time: float | None) -> Floats:
        """Quantiles (...) on the link scale at probabilities `p` (...)."""
        p = np.asarray(p, dtype=float)
        if self.form in _LINKED:
            mean, sd = (*self.values, 0.0)[:2]
            start = np.log(time) if scale.link == "cloglog" and time is not None else 0.0
            return start + mean + sd * ndtri(p)
        if self.form in ("beta", "events"):
            a, b = self.values if self.form == "beta" else _jeffreys(*self.values)
            return scale.to_link(betaincinv(a, b, p))
        if self.form in ("gamma", "exposure"):
            shape, rate = self.values[0] + 0.5 * (self.form == "exposure"), self.values[1]
            return scale.to_link(np.asarray(gammaincinv(shape, p) / rate, dtype=float))
        centre, *ends = scale.to_link(np.array(self.values))
        sd = (ends[1] - ends[0]) / (2 * ndtri(0.975)) if ends else 0.0
        return np.asarray(centre + sd * ndtri(p))


def _jeffreys(events: float, total: float) -> tuple[float, float]:
    return events + 0.5, total - events + 0.5


def parse_baseline(
    text: str | StatedBaseline, scale: NaturalScale, *, treatment: str | None = None, source: str = "stated"
) -> StatedBaseline:
    """Read a baseline from its text form.

    Parameters
    ----------
    text
        Such as ``"normal(-2.2, 0.55)"``, ``"probability(0.2, 0.15, 0.26)"``, ``"events(4, 36)"``, ``"mean(52)"``; an
        object is passed through after the check against the scale.
    scale
        The natural scale of the measure.
    treatment
        Id of the treatment that it is about.
    source
        Where it comes from, in words.

    Raises
    ------
    ModelError
        When the text is no baseline, does not fit the measure or cannot be; the message lists the forms that do.

    Examples
    --------
    >>> from physiohub.measures.natural import natural_scale
    >>> str(parse_baseline("Events(4, 36)", natural_scale("OR")))
    'events(4, 36)'
    """
    if isinstance(text, str):
        match = _FORM.match(text)
        form = match.group(1).lower() if match else ""
        text = StatedBaseline(form, _numbers(text, match.group(2) if match else ""), treatment, source)
    _require(text, scale)
    return text


def _numbers(text: str, inside: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in inside.split(",") if part.strip())
    except ValueError:
        raise ModelError(f"{text!r}: an argument is not a number.") from None
    if not np.all(np.isfinite(values)):
        raise ModelError(f"{text!r}: an argument is not finite.")
    return values


def _require(baseline: StatedBaseline, scale: NaturalScale) -> None:
    """See that a baseline has the numbers of its form, fits the measure and can be."""
    fitting = "; ".join(how for _, outcomes, how in _FORMS.values() if scale.outcome in outcomes)
    counts, outcomes, how = _FORMS.get(baseline.form, ((), (), ""))
    if not counts:
        raise ModelError(f"{baseline} is not a baseline. Use one of: {fitting}.")
    if scale.outcome not in outcomes:
        raise ModelError(f"The baseline {baseline} does not fit a {scale.outcome}. Use one of: {fitting}.")
    if len(baseline.values) not in counts:
        raise ModelError(f"The baseline {baseline} is written {how}.")
    why = _why_not(baseline, scale)
    if why:
        raise ModelError(f"The baseline {baseline} cannot be: {why}.")


def _why_not(baseline: StatedBaseline, scale: NaturalScale) -> str:
    """Why the numbers of a baseline cannot be; empty when they can."""
    form, values = baseline.form, baseline.values
    if form == "normal":
        return "" if values[1] > 0 else "its SD must be above zero"
    if form == "fixed":
        return ""
    if form in ("beta", "gamma"):
        return "" if min(values) > 0 else "both of its numbers must be above zero"
    if form == "events":
        return "" if 0 <= values[0] <= values[1] and values[1] > 0 else "events must lie between 0 and the total"
    if form == "exposure":
        return "" if values[0] >= 0 and values[1] > 0 else "it needs events of zero or more and a time above zero"
    if not all(scale.low < value < scale.high for value in values) and scale.link != "identity":
        return f"a {scale.outcome} lies between {scale.low:g} and {scale.high:g}"
    if form == "probability" and not all(0 < value < 1 for value in values):
        return "a probability lies between 0 and 1"
    ordered = len(values) == 1 or values[1] < values[0] < values[2]
    return "" if ordered else "the value must lie inside its interval, the lower limit first"
