"""The important difference of an outcome, on the scale on which it is analysed."""

from __future__ import annotations

from dataclasses import dataclass

from physiohub.prepare.instruments import Instrument
from physiohub.prepare.protocol import OutcomeProtocol

__all__ = ["ImportantValue", "important_value"]


@dataclass(frozen=True, slots=True)
class ImportantValue:
    """The important difference on the analysis scale.

    Attributes
    ----------
    value
        Above zero.
    text
        How it came about, in words.
    source
        Citation, or who stated it.
    """

    value: float
    text: str
    source: str


def important_value(instrument: Instrument, protocol: OutcomeProtocol) -> ImportantValue | None:
    """The outcome's important difference on the analysis scale; None when none is recorded or stated.

    An SMD's is the number of points divided by the instrument's usual SD.

    Examples
    --------
    >>> from physiohub.prepare.instruments import registry
    >>> pain = OutcomeProtocol(id="pain", measure="SMD", better="lower", instrument="pain-0-100")
    >>> round(important_value(registry()["pain-0-100"], pain).value, 4)
    0.6667
    """
    key = protocol.important_difference
    if key is None or not protocol.continuous:
        return None
    if isinstance(key, str):
        recorded = instrument.important(key)
        if recorded is None:
            return None
        points, source, kind = recorded.value, recorded.source, f", {recorded.kind}"
    else:
        points, source, kind = key, "stated in review.toml", ""
    text = f"{points:g} {instrument.unit}{kind}"
    if protocol.measure == "MD":
        return ImportantValue(points, text, source)
    if instrument.usual_sd is None:
        return None
    value = points / instrument.usual_sd
    return ImportantValue(value, f"{value:.2f} SMD ({text}, divided by the usual SD {instrument.usual_sd:g})", source)
