"""Faults planted in published networks: what is found, what the page says is found, and what untouched ones suffer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.planted_faults import Planted, faults_of_arms, faults_of_contrasts, faults_of_counts
from benchmarks.plausibility import (
    BEGIN,
    PAGE,
    audited,
    check_of_network,
    check_of_review,
    detection,
    detection_rows,
    outcome_of,
    review_table,
    table_of,
    tally,
    threshold_rows,
    untouched,
)

MEANS = "parkinson_arms"
ALWAYS = (
    "SE in the SD column, one arm",
    "SE in the SD column, all arms",
    "decimal point of the SD moved left",
    "decimal point of the SD moved right",
    "means and spreads ten times too small, all arms",
    "means and spreads ten times too large, all arms",
    "trial entered twice under two names",
)


@pytest.fixture(scope="module")
def page() -> list[str]:
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].splitlines()


@pytest.mark.slow
def test_in_a_network_of_means(page: list[str]) -> None:
    """Every fault in every place, as the page counts them."""
    table = table_of(MEANS)
    counts = detection(check_of_network(MEANS), table, list(faults_of_arms(table)))
    for kind in ALWAYS:
        assert counts[kind]["not found"] == 0, kind
    assert counts["two arms swapped"]["not found"] == counts["two arms swapped"].total()  # as the page says it cannot
    rows = [row for row in detection_rows("", counts) if row.startswith("| ")]
    at = next(k for k, line in enumerate(page) if MEANS in line and line.startswith("### "))
    shown = page[at + 2 : at + 2 + len(rows)]
    assert shown == rows, "python -m benchmarks.plausibility writes the page anew"


def planted(faults: Iterator[Planted], kind: str, study: str) -> Planted:
    return next(one for one in faults if one.kind == kind and study in one.studies)


def test_events_above_the_total_are_an_error() -> None:
    table = table_of("smoking")
    fault = planted(faults_of_counts(table), "events above total", "7")
    assert outcome_of(fault, check_of_network("smoking")(fault.table), tally([])) == "error"


def test_a_trial_entered_twice_among_contrasts() -> None:
    table = table_of("senn2013")
    fault = planted(faults_of_contrasts(table), "trial entered twice under two names", "Kerenyi2004")
    named = {(issue.rule, issue.study) for issue in check_of_network("senn2013")(fault.table)}
    assert ("trial-repeated", "Newname 2019") in named


@pytest.mark.parametrize(
    ("kind", "study", "rule"),
    [
        ("SE in the SD column, one arm", "Ebadi 2012", "sd-like-se"),
        ("mean ten times too large, one arm", "UK BEAM 2004", "outside-scale"),
        ("mean ten times too small, one arm", "Ebadi 2012", "scores-skewed"),
        ("means and spreads ten times too small, all arms", "Ebadi 2012", "sd-tenfold"),
        ("trial entered twice under two names", "Ebadi 2012", "trial-repeated"),
    ],
)
def test_in_the_bundled_review(tmp_path: Path, kind: str, study: str, rule: str) -> None:
    table = review_table()
    assert study in audited(table)
    check = check_of_review(tmp_path / "review")
    before = {(issue.rule, issue.study, issue.row) for issue in check(table)}
    fault = planted(faults_of_arms(table), kind, study)
    fresh = {(issue.rule, issue.study, issue.row) for issue in check(fault.table)} - before
    assert rule in {name for name, where, row in fresh if where in fault.studies and row in fault.lines}


def test_untouched_networks_are_named_as_seldom_as_the_page_says(page: list[str]) -> None:
    found = {one.name: one for one in untouched()}
    assert all(issue.severity != "error" for one in found.values() for issue in one.found)
    networks = [one for name, one in found.items() if "review" not in name]
    assert sum(one.studies for one in networks) > 350
    assert sum(issue.severity == "warning" for one in networks for issue in one.found) <= 2
    assert {one.line for one in networks} <= set(page)


def test_the_page_shows_every_threshold(page: list[str]) -> None:
    assert set(threshold_rows()) <= set(page)
