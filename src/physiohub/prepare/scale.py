"""From the scale on which a row was scored to the range of the outcome's instrument."""

from __future__ import annotations

from dataclasses import dataclass

from physiohub.errors import DataError, Issue, Severity
from physiohub.network.rows import ArmRow, ContrastRow
from physiohub.network.study import Conversion
from physiohub.prepare.conversions import se_from_ci
from physiohub.prepare.instruments import Form, Instrument, Registry
from physiohub.prepare.protocol import OutcomeProtocol

__all__ = ["Row", "Scale", "row_issue", "scale_of", "se_of_interval"]

Row = ArmRow | ContrastRow


@dataclass(frozen=True, slots=True)
class Scale:
    """How the scores of a row reach the outcome's instrument.

    Attributes
    ----------
    instrument
        Whose range the scores are moved onto: the outcome's, or for an SMD the row's own.
    printed
        Range on which the row is scored.
    flip
        Whether the row's instrument runs against the outcome's direction.
    """

    instrument: Instrument
    printed: tuple[float, float]
    flip: bool

    @property
    def moves(self) -> bool:
        """Whether anything has to be moved."""
        return self.flip or self.printed != self.target

    @property
    def target(self) -> tuple[float, float]:
        """Range that the scores are moved onto; an instrument without fixed limits is only turned, never stretched."""
        return self.instrument.range if self.instrument.limits == "scale" else self.printed

    @property
    def slope(self) -> float:
        """Points of the instrument per printed point, negative when the direction is turned."""
        low, high = self.printed
        slope = (self.target[1] - self.target[0]) / (high - low)
        return -slope if self.flip else slope


def scale_of(row: Row, protocol: OutcomeProtocol, registry: Registry) -> Scale | None:
    """The scale of a row; None when the outcome names no instrument and the row's need not be turned.

    Raises
    ------
    DataError
        When the row's instrument is not known, is another one (mean differences), or its range is not known.
    """
    if protocol.instrument is None:
        return _scale_to_turn(row, protocol, registry)
    wanted = registry.find(protocol.instrument)
    found = registry.named(row.instrument or wanted.id, first=wanted)
    if found is None:
        remedy = "Use a name of the registry, or add a form of the instrument under [[instruments]] of review.toml."
        raise DataError([row_issue(row, "instrument-unknown", "The instrument is not known.", remedy, "instrument")])
    instrument, form = found
    if instrument.id != wanted.id and protocol.measure != "SMD":
        message = f"A mean difference in points of {wanted.label} cannot take {instrument.label}."
        raise DataError([row_issue(row, "instrument-differs", message, "Use SMD, or leave the row out.", "instrument")])
    return Scale(instrument, _range_of(row, instrument, form), flip=instrument.better != protocol.better)


def _scale_to_turn(row: Row, protocol: OutcomeProtocol, registry: Registry) -> Scale | None:
    """The scale of a row whose instrument is known to run against the direction of an SMD over any instruments."""
    first = next(iter(registry.values()), None)
    if protocol.measure != "SMD" or row.instrument is None or first is None:
        return None
    found = registry.named(row.instrument, first=first)
    if found is None or found[0].better == protocol.better:
        return None
    return Scale(found[0], _range_of(row, *found), flip=True)


def _range_of(row: Row, instrument: Instrument, form: Form) -> tuple[float, float]:
    if instrument.limits == "open":  # the ends of such an instrument are conventions: scores keep their unit
        return form.range or instrument.range
    printed = _printed_range(row) or form.range
    if printed is None:
        remedy = "Fill in scale_min and scale_max, or name the form, such as 'VAS 0-10'."
        raise DataError([row_issue(row, "scale-missing", "The range of the scale is not known.", remedy, "scale_max")])
    return printed


def _printed_range(row: Row) -> tuple[float, float] | None:
    if not isinstance(row, ArmRow) or row.scale_min is None or row.scale_max is None:
        return None
    return row.scale_min, row.scale_max


def row_issue(
    row: Row, rule: str, message: str, remedy: str, column: str | None = None, severity: Severity = "error"
) -> Issue:
    """An issue about one row, or its cell in `column`."""
    arm = (row.arm or row.treatment) if isinstance(row, ArmRow) else None
    value = None if column is None else getattr(row, column, None)
    text = None if value is None else str(value)
    return Issue(rule, message, remedy, severity, row.study, arm, row.row, column, text, row.file)


def se_of_interval(row: Row, low: float, high: float, df: float | None) -> tuple[float, tuple[Conversion, ...]]:
    """The SE that a row's confidence interval implies.

    Raises
    ------
    DataError
        When the limits are not in order.
    """
    try:
        se, made = se_from_ci(low, high, df=df, rows=(row.row,))
    except ValueError as error:
        remedy = "Check ci_low and ci_high."
        raise DataError([row_issue(row, "ci-not-ordered", f"{str(error).capitalize()}.", remedy, "ci_low")]) from None
    return se, (made,)
