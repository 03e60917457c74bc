"""A cell is a number, missing, or a problem with a name; nothing is guessed."""

from __future__ import annotations

import pytest

from physiohub.network.cells import CellProblem, decimals, is_missing, parse_number, uses_decimal_comma


@pytest.mark.parametrize("text", ["", "  ", "NA", "na", "N/A", "."])
def test_missing(text: str) -> None:
    assert is_missing(text)
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1.0),
        ("-0.35", -0.35),
        ("+2", 2.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e-3", 0.001),
        ("2.5E+2", 250.0),
        ("\u22121.5", -1.5),
        ("\u20131.5", -1.5),
        ("\u00a01.5 ", 1.5),
    ],
)
def test_numbers(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("nan", "not-finite"),
        ("NaN", "not-finite"),
        ("-inf", "not-finite"),
        ("Infinity", "not-finite"),
        ("1e999", "not-finite"),
        ("1e200", "number-out-of-range"),
        ("-1e200", "number-out-of-range"),
        ("#DIV/0!", "not-finite"),
        ("#N/A", "not-finite"),
        ("1,5", "decimal-comma"),
        ("0,355", "decimal-comma"),
        (",5", "decimal-comma"),
        ("1,234", "thousands-separator"),
        ("1,234.5", "thousands-separator"),
        ("1 234", "thousands-separator"),
        ("1\u202f234", "thousands-separator"),
        ("1'234", "thousands-separator"),
        ("1.234,5", "thousands-separator"),
        ("1_000", "not-a-number"),
        ("12%", "not-a-number"),
        ("<0.001", "not-a-number"),
        ("0x10", "not-a-number"),
        ("٣", "not-a-number"),
        ("1.2.3", "not-a-number"),
        ("12 (3)", "not-a-number"),
        ("--1", "not-a-number"),
        ("True", "not-a-number"),
    ],
)
def test_what_is_no_number_is_said_by_name(text: str, rule: str) -> None:
    problem = parse_number(text)
    assert isinstance(problem, CellProblem)
    assert problem.rule == rule
    assert problem.remedy


def test_decimal_commas_are_read_where_they_are_the_custom() -> None:
    assert parse_number("1,234", decimal=",") == 1.234
    assert parse_number("12", decimal=",") == 12.0
    mixed = parse_number("1.5", decimal=",")
    assert isinstance(mixed, CellProblem)
    assert mixed.rule == "decimal-mixed"
    assert uses_decimal_comma("\u22120,5")
    assert not uses_decimal_comma("0.5")


@pytest.mark.parametrize(("text", "places"), [("1", 0), ("-1.20", 2), ("1,5", 1), ("1.5e-3", 4), ("2e2", -2)])
def test_decimals_as_typed(text: str, places: int) -> None:
    assert decimals(text) == places
