"""The only place where numbers are rounded and written: one style in tables, figures and sentences.

Texts carry a true minus sign (U+2212); `ascii_text` turns them into what a CSV file wants. The point estimate is the
posterior median everywhere, because the median and the interval's limits survive the back-transformation of a ratio
unchanged, which a mean does not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from physiohub.measures.measure import MEASURES

__all__ = [
    "MINUS",
    "NOT_COMPUTED",
    "Scale",
    "ascii_text",
    "count",
    "known",
    "limits",
    "number",
    "p_value",
    "percent",
    "plural",
    "point",
    "probability",
    "significant",
    "tiny",
]

MINUS = "\u2212"
NOT_COMPUTED = "not computed"
MAX_DIGITS = 6

Summary = Mapping[str, Any]


def number(value: float, digits: int = 2) -> str:
    """Write a number with a fixed number of decimals; a rounded zero has no sign.

    Examples
    --------
    >>> number(-0.4267), number(-0.001), number(12.0, 0)
    ('−0.43', '0.00', '12')
    """
    text = f"{abs(value):.{digits}f}"
    negative = value < 0 and float(text) != 0.0
    return MINUS + text if negative else text


def ascii_text(text: str) -> str:
    """Write the true minus sign as a hyphen, for CSV and other plain text.

    Examples
    --------
    >>> ascii_text("−0.43")
    '-0.43'
    """
    return text.replace(MINUS, "-")


def significant(value: float, figures: int = 2) -> str:
    """Write a number with so many significant figures, never in exponential form.

    Examples
    --------
    >>> significant(0.01234), significant(12.34), significant(0.0)
    ('0.012', '12', '0')
    """
    if value == 0:
        return "0"
    return number(value, max(0, figures - 1 - math.floor(math.log10(abs(value)))))


def probability(value: float | None) -> str:
    """Write a probability; the last per cent at either end gets a third decimal.

    Examples
    --------
    >>> probability(0.931), probability(0.9973), probability(0.99991), probability(0.0)
    ('0.93', '0.997', '> 0.999', '< 0.001')
    """
    if value is None:
        return NOT_COMPUTED
    if value < 0.001:
        return "< 0.001"
    if value > 0.999:
        return "> 0.999"
    return number(value, 2 if 0.01 <= value <= 0.99 else 3)


def p_value(value: float | None) -> str:
    """Write a p value: three decimals below 0.1, two above.

    Examples
    --------
    >>> p_value(0.0004), p_value(0.0432), p_value(0.632)
    ('< 0.001', '0.043', '0.63')
    """
    if value is None:
        return NOT_COMPUTED
    if value < 0.001:
        return "< 0.001"
    return number(value, 3 if value < 0.1 else 2)


def tiny(value: float) -> str:
    """Write a number that may be very small, such as a numerical error.

    Examples
    --------
    >>> tiny(2.34e-11), tiny(0.0123)
    ('2.3 × 10⁻¹¹', '0.012')
    """
    if value == 0 or abs(value) >= 1e-4:
        return significant(value)
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa.replace('-', MINUS)} × 10{power}"


def percent(share: float) -> str:
    """Write a share of one in per cent.

    Examples
    --------
    >>> percent(0.634)
    '63%'
    """
    return f"{number(100 * share, 0)}%"


def count(value: float | None) -> str:
    """Write a number of people or things; what is not known says so.

    Examples
    --------
    >>> count(2768), count(12345.0), count(None)
    ('2768', '12,345', 'not reported')
    """
    if value is None:
        return "not reported"
    if value != int(value):
        return number(value, 1)
    return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))


def plural(value: float, one: str, many: str | None = None) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> plural(1, "study", "studies"), plural(3, "study", "studies"), plural(2, "arm")
    ('1 study', '3 studies', '2 arms')
    """
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def known(summary: Summary | None) -> bool:
    """Whether a posterior quantity was computed."""
    return summary is not None and summary.get("median") is not None


def point(summary: Summary) -> float:
    """The number that stands for a posterior: its median."""
    return float(summary["median"])


def limits(summary: Summary) -> tuple[float, float]:
    """The interval that is printed: `low` and `high` at the run's own level where the record has them, else 95%."""
    if "low" in summary and "high" in summary:
        return float(summary["low"]), float(summary["high"])
    return float(summary["q2.5"]), float(summary["q97.5"])


def _distinct(value: float, null: float, digits: int) -> str:
    """Round, with more decimals where rounding alone would put a limit on the null."""
    while digits < MAX_DIGITS and value != null and float(f"{value:.{digits}f}") == null:
        digits += 1
    return number(value, digits)


def _ratio(value: float, null: float | None = None) -> str:
    """Write a ratio: two decimals, fewer for large ones, two figures for those near zero."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 9.995:
        return number(value, 1)
    if value < 0.0995:
        return significant(value) if value >= 1e-4 else "< 0.0001"
    return number(value, 2) if null is None else _distinct(value, null, 2)


def _digits_for(outcome: Mapping[str, Any]) -> int:
    """Decimals of the analysis scale: two, but for a mean difference what its smallest SD can carry."""
    if outcome["measure"] == "RD":
        return 3
    if outcome["measure"] != "MD":
        return 2
    spreads = [row["sd"] for row in outcome["relative_effects"] if row.get("sd")]
    if not spreads:
        return 2
    return min(4, max(0, 1 - math.floor(math.log10(min(spreads)))))


@dataclass(frozen=True, slots=True)
class Scale:
    """How the effects of one outcome are written.

    Attributes
    ----------
    measure
        Such as ``"SMD"`` or ``"OR"``; the name that is printed before a number.
    ratio
        Whether the analysis scale is a logarithm, so that printed numbers are exponentials.
    digits
        Decimals on the analysis scale.
    interval
        Name with level, such as ``"95% CrI"``.

    Examples
    --------
    >>> scale = Scale("SMD", False, 2, "95% CrI")
    >>> scale.effect({"median": -0.431, "q2.5": -0.774, "q97.5": -0.09})
    '−0.43 (95% CrI −0.77 to −0.09)'
    >>> Scale("OR", True, 2, "95% CrI").effect({"median": 0.0, "q2.5": -0.693147, "q97.5": 0.693147}, named=False)
    '1.00 (0.50 to 2.00)'
    """

    measure: str
    ratio: bool
    digits: int
    interval: str

    @classmethod
    def of(cls, outcome: Mapping[str, Any]) -> Scale:
        """The scale of one outcome of results.json."""
        kind = "CI" if outcome.get("engine", {}).get("name") == "frequentist" else "CrI"
        level = float(outcome.get("level", 0.95))
        if not any("low" in row for row in outcome["relative_effects"]):
            level = 0.95  # the keys q2.5 and q97.5 say which quantiles they are
        measure = str(outcome["measure"])
        return cls(measure, MEASURES[measure].ratio, _digits_for(outcome), f"{100 * level:g}% {kind}")

    @property
    def level(self) -> str:
        """The level alone, such as ``"95%"``."""
        return self.interval.split()[0]

    @property
    def null(self) -> float:
        """The printed value of no difference."""
        return 1.0 if self.ratio else 0.0

    @property
    def analysis(self) -> str:
        """Name of the analysis scale, such as ``"log OR"``."""
        return f"log {self.measure}" if self.ratio else self.measure

    def printed(self, value: float) -> float:
        """From the analysis scale to the printed one (overflow is infinity, not an error)."""
        if not self.ratio:
            return value
        return math.exp(value) if value < 700 else math.inf

    def value(self, value: float) -> str:
        """One number of the analysis scale, written on the printed scale."""
        return _ratio(self.printed(value)) if self.ratio else number(value, self.digits)

    def _limit(self, value: float) -> str:
        if self.ratio:
            return _ratio(self.printed(value), 1.0)
        return _distinct(value, 0.0, self.digits)

    def span(self, low: float | None, high: float | None) -> str:
        """An interval of the analysis scale, written on the printed scale: ``"−0.77 to −0.09"``."""
        if low is None or high is None:
            return NOT_COMPUTED
        return f"{self._limit(low)} to {self._limit(high)}"

    def effect(self, summary: Summary | None, *, named: bool = True) -> str:
        """Estimate and interval; unnamed where a header has just said which interval it is."""
        if summary is None or not known(summary):
            return NOT_COMPUTED
        name = f"{self.interval} " if named else ""
        return f"{self.value(point(summary))} ({name}{self.span(*limits(summary))})"

    def on_analysis_scale(self) -> Scale:
        """The same scale without back-transformation: how a log ratio itself is written."""
        return Scale(self.analysis, False, self.digits, self.interval)

    @property
    def spread_digits(self) -> int:
        """Decimals of a standard deviation on the analysis scale."""
        return max(1, self.digits) if self.measure == "MD" else max(2, self.digits)

    def spread(self, summary: Summary | None, *, named: bool = True) -> str:
        """Estimate and interval of a standard deviation such as tau, always on the analysis scale."""
        return Scale(self.measure, False, self.spread_digits, self.interval).effect(summary, named=named)
