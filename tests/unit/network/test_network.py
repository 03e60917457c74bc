"""Order of treatments and arms, and what keeps studies from being one network."""

from __future__ import annotations

import numpy as np
import pytest

from physiohub.errors import DataError, Issue
from physiohub.network.network import Exclusion, Network, build_network, exclusions_of
from physiohub.network.study import Arm, Contrasts, Study, Treatment


def study(id: str, treatments: str, *, row: int = 2) -> Study:
    return Study(id=id, arms=tuple(Arm(treatment=t, n=10, rows=(row + k,)) for k, t in enumerate(treatments)))


def issues_of(*studies: Study, **keywords: object) -> list[Issue]:
    with pytest.raises(DataError) as raised:
        build_network(studies, **({"reference": None} | keywords))  # type: ignore[arg-type]
    return list(raised.value.issues)


def test_the_reference_comes_first_and_the_others_as_first_seen() -> None:
    network = build_network([study("1", "cb"), study("2", "bad")], reference="a")
    assert [treatment.id for treatment in network.treatments] == ["a", "c", "b", "d"]
    assert [one.treatments for one in network.studies] == [("c", "b"), ("a", "b", "d")]
    assert network.reference == "a"
    assert build_network([study("1", "cb")], reference=None).reference == "c"


def test_a_review_orders_its_treatments() -> None:
    defined = [Treatment(id=id, label=id.upper()) for id in "xabc"]
    network = build_network([study("1", "cb"), study("2", "ba")], reference="b", treatments=defined)
    assert [treatment.label for treatment in network.treatments] == ["B", "A", "C"]
    assert [(issue.rule, issue.severity, issue.value) for issue in network.issues] == [
        ("treatment-without-data", "note", "x")
    ]
    unknown = issues_of(study("1", "cz"), treatments=defined)
    assert [(i.rule, i.study, i.arm, i.row) for i in unknown if i.severity == "error"] == [
        ("treatment-unknown", "1", "z", 3)
    ]


def test_contrasts_are_turned_with_their_arms() -> None:
    contrasts = Contrasts(np.array([1.0, 3.0]), np.array([[2.0, 1.0], [1.0, 3.0]]))
    three = Study(id="s", arms=study("s", "abc").arms, contrasts=contrasts)
    turned = build_network([three], reference="c").studies[0]
    assert turned.treatments == ("c", "a", "b")
    assert turned.contrasts is not None
    np.testing.assert_allclose(turned.contrasts.estimate, [-3.0, -2.0])
    np.testing.assert_allclose(turned.contrasts.covariance, [[3.0, 2.0], [2.0, 3.0]])


def test_one_arm_and_one_treatment() -> None:
    found = issues_of(study("1", "ab"), study("2", "a", row=4), study("3", "bb", row=5))
    assert [(i.rule, i.study, i.arm, i.row) for i in found] == [
        ("one-arm-study", "2", "a", 4),
        ("one-treatment-study", "3", "b", 5),
    ]


def test_an_unknown_reference_lists_the_treatments() -> None:
    issue = issues_of(study("1", "ab"), study("2", "bc"), reference="placebo")[0]
    assert (issue.rule, issue.value) == ("reference-unknown", "placebo")
    assert "a, b, c" in issue.remedy


def test_a_disconnected_network_lists_its_parts() -> None:
    issue = issues_of(study("1", "ab"), study("2", "cd"), study("3", "de"))[0]
    assert issue.rule == "network-disconnected"
    assert "(1) c, d, e [2 studies]; (2) a, b [1 study]" in issue.message


def test_every_issue_comes_at_once() -> None:
    given = [Issue("sd-not-positive", "bad", row=3), Issue("sd-unusual", "odd", severity="warning")]
    found = issues_of(study("1", "ab"), study("2", "cd"), study("3", "a"), reference="x", issues=given)
    assert [issue.rule for issue in found] == [
        "sd-not-positive",
        "sd-unusual",
        "one-arm-study",
        "reference-unknown",
        "network-disconnected",
    ]


def test_warnings_travel_with_the_network() -> None:
    odd = Issue("sd-unusual", "odd", severity="warning")
    network = build_network([study("1", "ab")], reference=None, issues=[odd], hashes={"a.csv": "0"})
    assert network.issues == (odd,)
    assert network.hashes == {"a.csv": "0"}


def test_nothing_is_said_of_the_network_while_rows_or_names_are_lost() -> None:
    lost = [Issue("row-ragged", "lost", row=4)]
    assert [issue.rule for issue in issues_of(study("1", "a"), study("2", "cd"), issues=lost)] == ["row-ragged"]
    unnamed = [Issue("treatment-missing", "lost", row=4, study="1")]
    found = issues_of(study("1", "a"), study("2", "c"), issues=unnamed)
    assert [(issue.rule, issue.study) for issue in found] == [("treatment-missing", "1"), ("one-arm-study", "2")]


def test_no_studies() -> None:
    assert [issue.rule for issue in issues_of()] == ["no-studies"]


def test_exclusions_name_studies_of_the_data() -> None:
    known, unknown = exclusions_of({"1": "retracted", "7": "?"}, ["1", "2"])
    assert known == (Exclusion("1", "retracted"),)
    assert [(issue.rule, issue.value) for issue in unknown] == [("exclusion-unknown", "7")]
    assert "1, 2" in unknown[0].remedy


def five() -> Network:
    return build_network([study("1", "ab"), study("2", "bc"), study("3", "ac")], reference="b")


def test_without_a_study() -> None:
    smaller = five().without("3", reason="retracted")
    assert [one.id for one in smaller.studies] == ["1", "2"]
    assert smaller.exclusions == (Exclusion("3", "retracted"),)
    assert smaller.reference == "b"
    with pytest.raises(DataError, match="not in these data"):
        five().without("9")


def test_another_reference_and_one_that_is_not_there() -> None:
    assert five().with_reference("c").studies[1].treatments == ("c", "b")
    with pytest.raises(DataError, match="Choose one of: b, a, c"):
        five().with_reference("x")
