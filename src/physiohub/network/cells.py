"""From the text of one cell to a number, or to the reason why it is none. Nothing is guessed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

__all__ = ["LARGEST", "CellProblem", "decimals", "is_missing", "not_a_name", "parse_number", "uses_decimal_comma"]

LARGEST = 1e100
"""A number beyond this is a typing error, and its square more than a computer holds."""

_MISSING = frozenset({"", "na", "n/a", "."})
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_COMMA_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", re.ASCII)
_GROUPED = re.compile(
    r"[+-]?\d{1,3}([ '\u00a0\u2009\u202f\u2019]\d{3})+([.,]\d*)?|[+-]?\d{1,3}(\.\d{3})+,\d*", re.ASCII
)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_FORMULA_ERROR = re.compile(
    r"#(n/a|div/0!|num!|value!|ref!|name\?|null!|spill!|calc!|getting_data|field!|blocked!|connect!|unknown!|busy!)",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"=.*(\b\$?[A-Za-z]{1,3}\$?\d+\b|[A-Za-z]\().*")
_DATE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}.*)?|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{1,2}:\d{2}(:\d{2}.*)?"
    r"|\d{1,2}[- ][A-Za-z]{3}([- ]\d{2,4})?|[A-Za-z]{3}[- ]\d{1,4}",
    re.ASCII,
)
# a minus sign or an en dash, as word processors and PDF files have them
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-"})


@dataclass(frozen=True, slots=True)
class CellProblem:
    """Why a cell is not a number: the rule it breaks, what is wrong, what to do."""

    rule: str
    message: str
    remedy: str


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value: empty, NA, N/A or a dot.

    Examples
    --------
    >>> [is_missing(cell) for cell in ("", "NA", "n/a", ".", "0", "nan")]
    [True, True, True, True, False, False]
    """
    return text.strip().casefold() in _MISSING


def uses_decimal_comma(text: str) -> bool:
    """Whether a cell is a number with a decimal comma, such as ``0,35``."""
    return _COMMA_NUMBER.fullmatch(text.strip().translate(_MINUS)) is not None


def parse_number(text: str, *, decimal: str = ".") -> float | CellProblem | None:
    """The number that a cell holds, None when it holds none, or why it cannot be read.

    Parameters
    ----------
    text
        The cell as typed.
    decimal
        ``","`` in a table whose cells are separated by semicolons and whose numbers have decimal commas.

    Examples
    --------
    >>> parse_number(" \u22121.5 "), parse_number("NA"), parse_number("0,35", decimal=",")
    (-1.5, None, 0.35)
    >>> parse_number("1,5").rule
    'decimal-comma'
    """
    text = text.strip().translate(_MINUS)
    if is_missing(text):
        return None
    if decimal == "," and uses_decimal_comma(text):
        return _finite(text.replace(",", "."))
    if _NUMBER.fullmatch(text):
        if decimal == "," and "." in text:
            return CellProblem(
                "decimal-mixed",
                "This number has a decimal point where others in the table have a decimal comma.",
                "Use one of the two throughout.",
            )
        return _finite(text)
    return _problem(text)


def not_a_name(text: str) -> CellProblem | None:
    """Why a cell of a workbook cannot name a study, treatment or outcome; None when it can.

    Examples
    --------
    >>> not_a_name("#REF!").rule, not_a_name("Kim 2017")
    ('formula-error', None)
    """
    if _FORMULA_ERROR.fullmatch(text):
        return _formula_error("formula-error")
    return _not_computed() if _FORMULA.fullmatch(text) else None


def decimals(text: str) -> int:
    """How many decimals a number was typed with; negative for a number in powers of ten.

    Examples
    --------
    >>> decimals("-0.350"), decimals("12"), decimals("2.5e-3"), decimals("1e3")
    (3, 0, 4, -3)
    """
    mantissa, _, exponent = text.strip().casefold().replace(",", ".").partition("e")
    return len(mantissa.partition(".")[2]) - int(exponent or 0)


def _finite(text: str) -> float | CellProblem:
    number = float(text)
    if not math.isfinite(number):
        return _not_finite()
    if abs(number) > LARGEST:
        return CellProblem("number-out-of-range", "No trial measures a number of this size.", "Check the exponent.")
    return number


def _not_finite() -> CellProblem:
    return CellProblem("not-finite", "This is not a finite number.", "Leave the cell empty if there is no value.")


def _formula_error(rule: str) -> CellProblem:
    remedy = "Correct the formula, or type the value; leave the cell empty if there is none."
    return CellProblem(rule, "This cell holds the error of a spreadsheet formula.", remedy)


def _not_computed() -> CellProblem:
    message = "This cell holds a formula whose result is not stored in the file."
    remedy = "Open the workbook in a spreadsheet program and save it, or type the value."
    return CellProblem("formula-not-computed", message, remedy)


def _problem(text: str) -> CellProblem:
    if _NOT_FINITE.fullmatch(text):
        return _not_finite()
    if _FORMULA_ERROR.fullmatch(text):
        return _formula_error("not-finite")
    if text.startswith("="):
        return _not_computed()
    if _DATE.fullmatch(text):
        message = "This is a date or a time: spreadsheets make one of numbers such as 3-5 or 1.2."
        return CellProblem("date-in-cell", message, "Format the cell as a number and type the number again.")
    if _COMMA_THOUSANDS.fullmatch(text):
        return CellProblem(
            "thousands-separator",
            "The comma may separate thousands or decimals.",
            "Write the number without thousands separators and with a decimal point.",
        )
    if _COMMA_NUMBER.fullmatch(text):
        return CellProblem("decimal-comma", "This number has a decimal comma.", "Write it with a decimal point.")
    if _GROUPED.fullmatch(text):
        return CellProblem("thousands-separator", "This number has thousands separators.", "Write it without them.")
    return CellProblem("not-a-number", "This is not a number.", "Write the number alone; leave the cell empty if none.")
