"""Which rows of a study enter an outcome, and what is said about it."""

from typing import Any

import pytest

from physiohub.errors import Issue
from physiohub.network.rows import ArmRow, ContrastRow
from physiohub.prepare.instruments import registry
from physiohub.prepare.protocol import ChoiceRule, OutcomeProtocol
from physiohub.prepare.selection import select, select_study


def arms(
    *cells: tuple[float | None, str | None], study: str = "A", treatments: tuple[str, ...] = ("x", "y"), **more: Any
) -> list[ArmRow]:
    """Two arms for each (weeks, value_type)."""
    return [
        ArmRow(file="arms.csv", row=2 + 2 * k + j, study=study, treatment=t, arm=t, weeks=w, value_type=v, **more)
        for k, (w, v) in enumerate(cells)
        for j, t in enumerate(treatments)
    ]


def contrast(weeks: float = 12, value_type: str = "final", **more: Any) -> ContrastRow:
    return ContrastRow(
        file="contrasts.csv", row=2, study="A", treatment="x", versus="y", weeks=weeks, value_type=value_type, **more
    )


def protocol(**keys: Any) -> OutcomeProtocol:
    base: dict[str, Any] = {
        "id": "pain",
        "measure": "MD",
        "better": "lower",
        "values": ("final", "change"),
        "window_weeks": (0, 26),
    }
    return OutcomeProtocol(**{**base, "choose": "nearest 12", **keys})


@pytest.mark.parametrize(
    ("choose", "weeks", "chosen"),
    [
        ("nearest 12", (3, 8, 26), 8),
        ("nearest 12", (4, 20), 20),
        ("nearest 12", (8, 16), 16),
        ("longest", (4, 20), 20),
        ("earliest", (4, 20), 4),
    ],
)
def test_time_points_equally_near_go_to_the_later(choose, weeks, chosen):
    found = select_study("A", arms(*((w, "final") for w in weeks)), protocol(choose=choose))
    assert {row.weeks for row in found.rows} == {chosen}
    assert [c.choice for c in found.choices] == [f"week {chosen}"]


def test_one_row_in_the_window_is_a_choice_when_others_lie_outside():
    found = select_study("A", arms((13, "final"), (52, "final")), protocol())
    assert found.choices[0].reason == "the only one of weeks 13, 52 within 0 to 26"


def test_a_single_time_point_is_no_choice():
    assert select_study("A", arms((13, "final")), protocol()).choices == ()


def test_outside_the_window_a_study_is_left_out_with_the_reason():
    found = select_study("A", arms((52, "final")), protocol())
    assert found.left_out == "no value in weeks 0 to 26; reported: week 52"
    assert found.rows == ()


def test_without_a_rule_several_time_points_are_an_issue():
    found = select_study("A", arms((4, "final"), (8, "final")), protocol(choose=None))
    assert [i.rule for i in found.issues] == ["time-point-open"]


def test_a_window_needs_time_points():
    assert select_study("A", arms((None, "final")), protocol()).issues[0].rule == "weeks-missing"
    assert select_study("A", arms((None, "final")), protocol(window_weeks=None)).rows


def test_values_in_order_of_preference():
    found = select_study("A", arms((12, "final"), (12, "change")), protocol(values=("change", "final")))
    assert found.value_type == "change"
    assert found.choices[0].choice == "change values"


def test_time_comes_before_the_kind_of_value():
    found = select_study("A", arms((4, "final"), (12, "change")), protocol())
    assert (found.rows[0].weeks, found.value_type) == (12, "change")


def test_no_value_of_a_kind_that_may_enter():
    found = select_study("A", arms((12, "change")), protocol(values=("final",)))
    assert "reported: change" in str(found.left_out)


def test_a_kind_of_value_is_asked_for():
    assert select_study("A", arms((12, None)), protocol()).issues[0].rule == "value-type-missing"


def test_counts_have_no_kind_of_value():
    assert select_study("A", arms((12, None)), protocol(measure="OR")).rows


def test_arms_and_contrasts_together_need_a_choice():
    rows: list[ArmRow | ContrastRow] = [*arms((12, "final")), contrast()]
    assert select_study("A", rows, protocol()).issues[0].rule == "arms-and-contrasts"
    for use, level in (("arms", "arms"), ("contrasts", "contrasts")):
        rule = ChoiceRule(study="A", outcome="pain", use=use, reason="because")
        found = select_study("A", rows, protocol(), [rule])
        assert found.rows == getattr(found, level)
        assert (found.choices[0].choice, found.choices[0].reason) == (use, "because")


def test_arms_and_contrasts_at_different_times_are_no_conflict():
    found = select_study("A", [*arms((12, "final")), contrast(weeks=3)], protocol())
    assert found.arms
    assert not found.issues


def test_several_instruments_need_a_choice():
    rows = [*arms((12, "final"), instrument="VAS 0-10"), *arms((12, "final"), instrument="NRS 0-10")]
    assert select_study("A", rows, protocol()).issues[0].rule == "instruments-several"
    rule = ChoiceRule(study="A", use="nrs 0-10", reason="primary outcome")
    found = select_study("A", rows, protocol(), [rule])
    assert {row.instrument for row in found.rows} == {"NRS 0-10"}


def test_instruments_in_a_stated_order():
    rows = [*arms((12, "final"), instrument="VAS 0-10"), *arms((12, "final"), instrument="NRS 0-10")]
    found = select_study("A", rows, protocol(instruments=("McGill", "nrs 0 - 10", "VAS 0-10")))
    assert {row.instrument for row in found.rows} == {"NRS 0-10"}
    assert [(c.choice, c.reason) for c in found.choices] == [
        ("NRS 0-10", "first of NRS 0-10, VAS 0-10 in the stated order of instruments (McGill, nrs 0 - 10, VAS 0-10)")
    ]
    assert select_study("A", rows, protocol(instruments=("McGill",))).issues[0].rule == "instruments-several"


def test_an_instrument_goes_by_its_id_too():
    rows = [*arms((12, "final"), instrument="RDQ"), *arms((12, "final"), instrument="VAS 0-10")]
    found = select_study("A", rows, protocol(instruments=("rmdq",)), registry=registry())
    assert {row.instrument for row in found.rows} == {"RDQ"}
    both = [*rows, *arms((12, "final"), instrument="RMDQ 0-24")]
    issue = select_study("A", both, protocol(instruments=("rmdq",)), registry=registry()).issues[0]
    assert issue.rule == "instruments-several"
    assert "RDQ, RMDQ 0-24" in issue.message


def test_the_order_of_instruments_is_for_studies_with_several():
    found = select_study("A", arms((12, "final"), instrument="VAS 0-10"), protocol(instruments=("NRS 0-10",)))
    assert found.rows
    assert not found.choices


def test_time_comes_before_the_instrument():
    rows = [*arms((4, "final"), instrument="NRS 0-10"), *arms((12, "final"), instrument="VAS 0-10")]
    found = select_study("A", rows, protocol(instruments=("NRS 0-10",)))
    assert {row.instrument for row in found.rows} == {"VAS 0-10"}


def test_kinds_of_value_that_do_not_enter_are_a_choice():
    found = select_study("A", arms((12, "final"), (12, "change")), protocol(values=("final",)))
    assert [(c.choice, c.reason) for c in found.choices] == [
        ("final values", "the protocol takes final values; the study also reports change values")
    ]


def test_adjusted_values_come_first_unless_the_review_says_otherwise():
    rows = arms((12, "final"), (12, "adjusted"))
    plain = OutcomeProtocol(id="pain", measure="MD", better="lower")
    found = select_study("A", rows, plain)
    assert found.value_type == "adjusted"
    assert [(c.choice, c.reason) for c in found.choices] == [
        ("adjusted values", "preferred to final values by the protocol")
    ]
    assert select_study("A", rows, protocol(values=("final", "adjusted"))).value_type == "final"


def test_a_choice_that_nothing_meets_is_an_issue():
    rule = ChoiceRule(study="A", use="contrasts", reason="because")
    assert select_study("A", arms((12, "final")), protocol(), [rule]).issues[0].rule == "choice-impossible"


def test_the_same_arm_twice_is_an_issue():
    rows = [*arms((12, "final")), *arms((12, "final"))]
    issue = select_study("A", rows, protocol()).issues[0]
    assert issue.rule == "rows-repeated"
    assert "Lines 2 and 2" in issue.message


def test_mixing_on_the_smd_scale_must_be_allowed():
    rows = [*arms((12, "final")), *arms((12, "change"), study="B"), *arms((12, "adjusted"), study="C")]
    keys = {"values": ("adjusted", "final", "change")}

    def issues(**more: Any) -> list[Issue]:
        return [i for one in select(rows, [], protocol(**keys, **more)) for i in one.issues]

    refused = issues(measure="SMD")
    assert [i.rule for i in refused] == ["values-mixed"]
    assert "change scores (B)" in refused[0].message
    assert "(A, C)" in refused[0].message
    assert not issues(measure="SMD", mix=True)
    assert not issues(measure="MD")
    assert [i.rule for i in issues(measure="MD", mix=False)] == ["values-mixed"]


def test_adjusted_values_mix_with_final_ones():
    rows = [*arms((12, "final")), *arms((12, "adjusted"), study="C")]
    assert not [
        i for one in select(rows, [], protocol(measure="SMD", values=("final", "adjusted"))) for i in one.issues
    ]
