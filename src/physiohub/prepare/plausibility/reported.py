"""What a row reports, with its cells as typed and the scale on which it is scored: the material of every check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import sqrt
from typing import Literal

from physiohub.errors import Issue, Severity
from physiohub.network.cells import decimals
from physiohub.network.rows import ArmRow, ContrastRow
from physiohub.prepare.instruments import Form, Instrument

__all__ = [
    "Better", "Reported", "ReportedArm", "ReportedContrast", "Typed", "exact", "finding", "groups_of",
]  # fmt: skip

Better = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Typed:
    """One cell: how its column is called, and its text."""

    column: str
    text: str

    @property
    def half_unit(self) -> Fraction:
        """Half a unit of the last decimal.

        Examples
        --------
        >>> Typed("mean", "2.40").half_unit
        Fraction(1, 200)
        """
        return Fraction(1, 2) / Fraction(10) ** decimals(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reported:
    """What arms and contrasts have in common."""

    cells: Mapping[str, Typed] = field(default_factory=dict)
    instrument: Instrument | None = None
    better: Better | None = None

    def half_unit(self, role: str) -> float:
        """Half a unit of the last decimal of a cell as typed; 0 where the text is not known."""
        typed = self.cells.get(role)
        return float(typed.half_unit) if typed else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedArm(_Reported):
    """An arm at one outcome and time, as its row prints it.

    Attributes
    ----------
    row
        The row; cells that break a rule of `physiohub.network.validate` are blank in it.
    cells
        Role -> the cell as typed.
    instrument
        What the row is scored by, where the registry knows it.
    form
        How the row calls it.
    range
        Lowest and highest score as printed, for an open measure what is plausible; None where nobody says.
    step
        Smallest difference between two persons' scores as printed; None for continuous scales, or where nobody says.
    better
        Which values are good for the patient, where known.
    """

    row: ArmRow
    form: Form | None = None
    range: tuple[float, float] | None = None
    step: float | None = None

    @property
    def kind(self) -> str:
        """Kind of value: final, change, adjusted, or blank."""
        return (self.row.value_type or "").casefold()

    @property
    def name(self) -> str:
        """What the arm is called."""
        return self.row.arm or self.row.treatment

    @property
    def closed(self) -> tuple[float, float] | None:
        """The range, where nobody can score beyond it; None for metres, seconds and the like."""
        return None if self.instrument is not None and self.instrument.limits == "open" else self.range

    @property
    def exact_step(self) -> Fraction | None:
        """The step without the rounding of 100/68 and its like; None without a step or a range."""
        if self.step is None or self.closed is None:
            return None
        low, high = (Fraction(str(end)) for end in self.closed)
        return (high - low) / round((high - low) / Fraction(str(self.step)))

    @property
    def usual_sd(self) -> float | None:
        """The instrument's usual SD in points as printed."""
        if self.instrument is None or self.instrument.usual_sd is None or self.range is None:
            return None
        return self.instrument.usual_sd * (self.range[1] - self.range[0]) / (self.instrument.max - self.instrument.min)

    @property
    def sd(self) -> float | None:
        """SD of scores: as printed, or what a raw mean's SE and n make of it."""
        if self.row.sd is not None:
            return self.row.sd
        if self.row.se is not None and self.row.n is not None and self.kind != "adjusted":
            return self.row.se * sqrt(self.row.n)
        return None

    @property
    def mean_se(self) -> float | None:
        """SE of the mean."""
        if self.row.se is not None:
            return self.row.se
        return None if self.row.sd is None or self.row.n is None else self.row.sd / sqrt(self.row.n)

    @property
    def place(self) -> tuple[str, str | None, float | None, str]:
        """Study, outcome, time and kind of value: arms that share them were randomised against each other."""
        return self.row.study, self.row.outcome, self.row.weeks, self.kind

    @property
    def measured(self) -> tuple[str | None, str | None, tuple[float, float] | None]:
        """Outcome, instrument and range: rows that share them are numbers of one scale."""
        name = self.instrument.id if self.instrument else self.row.instrument
        return self.row.outcome, name, self.range


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedContrast(_Reported):
    """A difference between two arms, as its row prints it."""

    row: ContrastRow

    @property
    def measured(self) -> tuple[str | None, str | None, str]:
        """Outcome, measure and instrument: rows that share them are numbers of one scale."""
        return self.row.outcome, (self.row.measure or "").upper() or None, self.row.instrument or ""


Reported = ReportedArm | ReportedContrast


def finding(one: Reported, rule: str, role: str | None, message: str, remedy: str, severity: Severity) -> Issue:
    """A finding about a row, or its cell under `role`."""
    row = one.row
    typed = one.cells.get(role or "")
    value = getattr(row, role, None) if role else None
    text = typed.text if typed else None if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    arm = one.name if isinstance(one, ReportedArm) else row.treatment
    column = typed.column if typed else role
    return Issue(rule, message, remedy, severity, row.study, arm, row.row, column, text, row.file)


def groups_of(arms: Iterable[ReportedArm]) -> list[list[ReportedArm]]:
    """Arms randomised against each other, by study, outcome, time and kind of value; groups of one are left out."""
    groups: dict[object, list[ReportedArm]] = {}
    for arm in arms:
        groups.setdefault(arm.place, []).append(arm)
    return [group for group in groups.values() if len(group) > 1]


def exact(text: str) -> Fraction:
    """A number as typed, without rounding.

    Examples
    --------
    >>> exact("3.45"), exact("0,5")
    (Fraction(69, 20), Fraction(1, 2))
    """
    return Fraction(text.strip().replace(",", ".").replace("\u2212", "-").replace("\u2013", "-"))
