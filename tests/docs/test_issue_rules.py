"""The table of rules is read off the source; here it meets issues that were really raised."""

from __future__ import annotations

import pytest
from docs.extensions.issue_rules import Rule, rules, rules_table

import physiohub as ph


@pytest.fixture(scope="module")
def found() -> list[Rule]:
    return rules()


def test_there_are_many_and_each_says_something(found: list[Rule]) -> None:
    assert len({rule.name for rule in found}) > 90
    assert {rule.severity for rule in found} == {"error", "warning", "note"}
    assert all(rule.message for rule in found)


def test_words_that_are_put_together_are_followed(found: list[Rule]) -> None:
    words = {(rule.name, rule.message) for rule in found}
    assert ("one-treatment-study", "All … arms of the study are on …: nothing is compared.") in words
    assert ("mean-unfit-for-ratio", "A ratio of means has no meaning for change scores.") in words
    assert ("network-disconnected", "The network falls into … parts that no study connects: ….") in words


def test_a_raised_issue_is_in_the_table(found: list[Rule]) -> None:
    import pandas as pd

    table = pd.DataFrame(
        {"study": ["1", "1", "2"], "treatment": ["a", "b", "a"], "mean": [1, 2, 3], "sd": [1, 1, 1], "n": [9, 9, 9]}
    )
    with pytest.raises(ph.DataError) as caught:
        ph.read_table(table, reference="c")
    names = {rule.name for rule in found}
    assert {issue.rule for issue in caught.value.issues} == {"one-arm-study", "reference-unknown"} <= names


def test_the_table_holds_every_rule(found: list[Rule]) -> None:
    table = rules_table()
    assert all(f"| `{rule.name}` | {rule.severity} |" in table for rule in found)
