"""The number needed to treat, with an interval that may pass through infinity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["Nnt", "NntEnd", "number_needed_to_treat"]

Kind = Literal["benefit", "harm"]


@dataclass(frozen=True, slots=True)
class NntEnd:
    """One number needed to treat: for one more patient to benefit (NNTB), or for one more to be harmed (NNTH).

    Attributes
    ----------
    kind
        ``"benefit"`` or ``"harm"``.
    value
        Patients, one or more; infinite where nothing changes.
    """

    kind: Kind
    value: float


@dataclass(frozen=True, slots=True)
class Nnt:
    """A number needed to treat and its interval.

    Attributes
    ----------
    estimate
        Of the median of the absolute difference.
    best, worst
        Ends of the interval, the most favourable first.
    through_infinity
        Whether the interval holds benefit and harm: it then runs from NNTB `best` over infinity, where nothing
        changes, to NNTH `worst`. Written as two numbers it would leave out what it contains.
    """

    estimate: NntEnd
    best: NntEnd
    worst: NntEnd
    through_infinity: bool


def number_needed_to_treat(median: float, low: float, high: float, *, sign: int) -> Nnt:
    """The number needed to treat of an absolute difference of probabilities.

    NNT = 1/difference; the interval is that of the difference, turned over. Where it includes no difference, it runs
    through infinity (Altman 1998, BMJ 317:1309).

    Parameters
    ----------
    median, low, high
        Probability under the treatment less probability under the comparator, and its interval.
    sign
        +1 when the event is good for the patient, -1 when it is bad.

    Examples
    --------
    The example of Altman 1998: a risk reduction of 10%, from -5% to 25%, of an event that is bad.

    >>> found = number_needed_to_treat(-0.10, -0.25, 0.05, sign=-1)
    >>> found.estimate, found.best, found.worst, found.through_infinity
    (NntEnd(kind='benefit', value=10.0), NntEnd(kind='benefit', value=4.0), NntEnd(kind='harm', value=20.0), True)
    """
    gains = sorted((sign * low, sign * high))
    return Nnt(_end(sign * median), _end(gains[1]), _end(gains[0]), gains[0] < 0 < gains[1])


def _end(gain: float) -> NntEnd:
    """The number of patients for a gain in probability; a loss is a harm."""
    return NntEnd("harm" if gain < 0 else "benefit", math.inf if gain == 0 else 1 / abs(gain))
