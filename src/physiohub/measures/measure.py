"""The registry of effect measures: what each is called, on which scale it lives, and what data it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from physiohub.errors import UsageError

__all__ = ["MEASURES", "Measure", "measure_named"]

DataKind = Literal["mean", "events", "rate", "category"]


@dataclass(frozen=True, slots=True)
class Measure:
    """An effect measure.

    Attributes
    ----------
    id
        Short name, as typed by the user.
    label
        Name in words.
    scale
        Name of the analysis scale, on which effects are stored.
    ratio
        Whether the analysis scale is the log of what is printed.
    unit
        The scale u of the default priors; None when it depends on the instrument.
    data
        What an arm must report, for a measure computed from arms.
    """

    id: str
    label: str
    scale: str
    ratio: bool
    unit: float | None
    data: DataKind

    @property
    def null(self) -> float:
        """Value of no difference on the scale that is printed."""
        return 1.0 if self.ratio else 0.0


MEASURES: dict[str, Measure] = {
    measure.id: measure
    for measure in (
        Measure("MD", "mean difference", "mean difference", False, None, "mean"),
        Measure("SMD", "standardised mean difference", "standardised mean difference (Hedges g)", False, 0.5, "mean"),
        Measure("ROM", "ratio of means", "log ratio of means", True, 0.5, "mean"),
        Measure("OR", "odds ratio", "log odds ratio", True, 1.0, "events"),
        Measure("RR", "risk ratio", "log risk ratio", True, 0.5, "events"),
        Measure("RD", "risk difference", "risk difference", False, 0.1, "events"),
        Measure("HR", "hazard ratio", "log hazard ratio", True, 1.0, "events"),
        Measure("IRR", "rate ratio", "log rate ratio", True, 1.0, "rate"),
        Measure("PROBIT", "probit difference", "probit difference", False, 0.5, "category"),
    )
}


def measure_named(name: str) -> Measure:
    """The measure of that name, in any case.

    Raises
    ------
    UsageError
        When there is none; the message lists them.

    Examples
    --------
    >>> measure_named("smd").label
    'standardised mean difference'
    """
    found = MEASURES.get(name.strip().upper())
    if found is None:
        raise UsageError(f"There is no measure {name!r}. Choose one of: {', '.join(MEASURES)}.")
    return found
