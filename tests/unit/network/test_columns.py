"""Every name of PRODUCT.md finds its role, in any spelling; two columns for one role are asked about."""

from __future__ import annotations

import pytest

from physiohub.errors import UsageError
from physiohub.network.columns import ARM_ROLES, CONTRAST_ROLES, Recognition, recognise


def rules(found: Recognition) -> list[str]:
    return [issue.rule for issue in found.issues]


@pytest.mark.parametrize(
    ("header", "role", "column"),
    [
        *[(f"{name},treatment,mean", "study", name) for name in ("study", "studlab", "trial", "Study", ".studlab")],
        *[(f"study,{name},mean", "treatment", name) for name in ("treatment", "trt", "arm", "TRT", "Treat ment")],
        *[(f"study,trt,{name},n", "events", name) for name in ("events", "event", "responders", "r", "R")],
        *[(f"study,trt,r,{name}", "total", name) for name in ("total", "sampleSize", "n", "sample_size", "N")],
        *[(f"study,trt,mean,{name}", "n", name) for name in ("n", "sampleSize", "sample size")],
        *[(f"study,trt,{name},sd", "mean", name) for name in ("mean", "y")],
        *[(f"study,trt,mean,{name}", "se", name) for name in ("se", "std.err", "SE", "stdErr")],
        *[(f"study,trt,r,{name}", "exposure", name) for name in ("exposure", "E", "person_years", "Person years")],
        *[(f"study,trt,r,n,{name}", "time", name) for name in ("time", "followup", "follow_up")],
        *[(f"study,trt,{name},se", "estimate", name) for name in ("diff", "estimate")],
        ("study,trt,mean,CI.low", "ci_low", "CI.low"),
        ("study,treat1,treat2,TE,seTE", "estimate", "TE"),
        ("study,treat1,treat2,TE,seTE", "se", "seTE"),
        ("study,Treat_1,treat 2,te,se.te", "treat1", "Treat_1"),
        ("study,trt,mean,se,diff,se_diff", "se_diff", "se_diff"),
        ("study,trt,diff,se_diff", "se", "se_diff"),
    ],
)
def test_names(header: str, role: str, column: str) -> None:
    found = recognise(header.split(","))
    assert found.recognised[role] == column
    assert not found.issues


def test_every_role_of_a_review_is_known_by_its_own_name() -> None:
    assert set(recognise(ARM_ROLES, shape="arms").recognised) == set(ARM_ROLES)
    assert set(recognise(CONTRAST_ROLES, shape="contrasts").recognised) == set(CONTRAST_ROLES)


@pytest.mark.parametrize(
    ("header", "shape"),
    [
        ("study,treatment,mean,sd,n", "arms"),
        ("study,treat1,treat2,TE,seTE,mean,event", "contrasts"),
        ("study,treatment,versus,estimate,se", "contrasts"),
        ("study,treatment,diff,std.err", "relative"),
        ("study,treatment,mean,se,diff,se_diff", "relative"),
    ],
)
def test_shapes(header: str, shape: str) -> None:
    assert recognise(header.split(",")).shape == shape


def test_a_netmeta_table_is_contrasts_whatever_else_it_holds() -> None:
    header = ["studlab", "treat1", "treat2", "TE", "seTE", "estimate", "se", "diff", "treatment", "mean", "n", "r"]
    found = recognise(header)
    assert found.shape == "contrasts"
    assert not found.issues
    assert dict(found.recognised) == {
        "study": "studlab", "treat1": "treat1", "treat2": "treat2", "estimate": "TE", "se": "seTE"
    }  # fmt: skip


def test_arm_tells_arms_apart_where_a_treatment_is_named() -> None:
    assert recognise(["study", "treatment", "arm", "mean"]).recognised["arm"] == "arm"
    assert recognise(["study", "arm", "mean"]).recognised["treatment"] == "arm"


def test_n_beside_means_and_counts_serves_both_unless_a_total_is_there() -> None:
    both = recognise(["study", "treatment", "mean", "sd", "n", "events"])
    assert (both.recognised["n"], both.recognised["total"]) == ("n", "n")
    own = recognise(["study", "treatment", "mean", "sd", "n", "events", "total"])
    assert (own.recognised["n"], own.recognised["total"]) == ("n", "total")


def test_two_columns_for_one_role_are_asked_about_and_settled_by_a_choice() -> None:
    header = ["study", "trial", "treatment", "responders", "r", "n"]
    found = recognise(header)
    assert rules(found) == ["column-ambiguous", "column-ambiguous"]
    assert all("--column" in issue.remedy for issue in found.issues)
    settled = recognise(header, {"study": "trial", "events": "r"})
    assert not settled.issues
    assert settled.recognised["study"] == "trial"


def test_categories_come_in_the_order_of_their_numbers_or_of_the_choice() -> None:
    numbered = recognise(["study", "treatment", "category_2", "category_10", "category_1", "n"])
    assert numbered.categories == (4, 2, 3)
    assert numbered.recognised["total"] == "n"
    header = ["study", "treatment", "sampleSize", "PASI50", "PASI75"]
    for chosen in ({"category": ["PASI75", "PASI50"]}, {"category_2": "PASI50", "category_1": "PASI75"}):
        assert recognise(header, chosen).categories == (4, 3)


def test_an_unknown_column_is_an_issue_and_an_unknown_role_a_wrong_call() -> None:
    found = recognise(["study", "drug", "mean"], {"treatment": "medicine"})
    assert (rules(found), found.issues[0].column) == (["column-unknown"], "medicine")
    assert "study, drug, mean" in found.issues[0].remedy
    with pytest.raises(UsageError, match="colour"):
        recognise(["study"], {"colour": "study"})


def test_what_was_recognised_can_be_given_back() -> None:
    for header in ("study,trt,r,n", "studlab,treat1,treat2,TE,seTE", "study,trt,mean,se,diff,se_diff,n"):
        columns = header.split(",")
        found = recognise(columns)
        again = recognise(columns, found.recognised)
        assert dict(again.position) == dict(found.position)
        assert again.shape == found.shape
