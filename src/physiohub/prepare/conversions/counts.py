"""Events from a printed percentage, where a whole number of people stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from physiohub.network.study import Conversion

__all__ = ["Counted", "events_from_percent"]

# a percentage on the very edge of its rounding, such as 12.5 printed as 12 or 13, belongs to it
_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Counted:
    """Events behind a percentage, and the fewest and most that print the same."""

    events: float
    fewest: int
    most: int

    @property
    def certain(self) -> bool:
        """Whether no other number of events prints the same percentage."""
        return self.fewest == self.most


def events_from_percent(
    percent: float, total: float, *, half_unit: float, rows: tuple[int, ...] = ()
) -> tuple[Counted, Conversion]:
    """The whole number of events nearest to a percentage of a total, if it prints that percentage.

    Parameters
    ----------
    percent
        As printed, 0 to 100.
    total
        People whom it is a percentage of.
    half_unit
        Half a unit of its last printed digit.

    Raises
    ------
    ValueError
        When no whole number of events gives the percentage within its rounding: it is of another total.

    Examples
    --------
    >>> counted, trace = events_from_percent(37.5, 24, half_unit=0.05)
    >>> counted.events, counted.certain, trace.how
    (9, True, '37.5% of 24')
    >>> events_from_percent(38, 500, half_unit=0.5)[1].how
    '38% of 500 (188 to 192 print the same)'
    """
    if not (0 <= percent <= 100 and total > 0):
        raise ValueError("a percentage lies between 0 and 100, of a total above zero")
    fewest = max(0, ceil((percent - half_unit) * total / 100 - _EDGE))
    most = min(floor(total), floor((percent + half_unit) * total / 100 + _EDGE))
    if fewest > most:
        raise ValueError(f"no whole number of {total:g} is {percent:g}%, within its rounding")
    # min and max: half of an odd number may round outside
    events = min(max(round(percent * total / 100), fewest), most)
    counted = Counted(events, fewest, most)
    others = "" if counted.certain else f" ({fewest} to {most} print the same)"
    return counted, Conversion("events", f"{percent:g}% of {total:g}{others}", events, rows)
