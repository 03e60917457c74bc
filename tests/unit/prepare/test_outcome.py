"""From rows to the network of an outcome: denominators, merged arms, contrasts, important differences."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from physiohub.errors import DataError
from physiohub.network.rows import ArmRow, ContrastRow, StudyRow
from physiohub.network.study import Contrasts, Treatment
from physiohub.prepare.instruments import Instrument, registry
from physiohub.prepare.outcome import PreparedOutcome, prepare_outcome
from physiohub.prepare.protocol import ModelKeys, OutcomeProtocol, Overrides
from physiohub.prepare.studies import Material

TREATMENTS = tuple(Treatment(id=t, label=t) for t in ("control", "active", "passive"))


def arm(treatment: str, *, study: str = "A", row: int = 2, **cells: Any) -> ArmRow:
    base: dict[str, Any] = {
        "file": "arms.csv",
        "outcome": "pain",
        "weeks": 12,
        "n": 30,
        "mean": 40.0,
        "value_type": "final",
    }
    return ArmRow(study=study, treatment=treatment, row=row, **{**base, "instrument": "VAS 0-100", **cells})


def contrast(treatment: str, versus: str = "control", *, study: str = "B", row: int = 2, **cells: Any) -> ContrastRow:
    base: dict[str, Any] = {"file": "contrasts.csv", "outcome": "pain", "weeks": 12, "estimate": -10.0, "measure": "MD"}
    base |= {"value_type": "final", "instrument": "VAS 0-100"}
    return ContrastRow(study=study, treatment=treatment, versus=versus, row=row, **{**base, **cells})


def prepared(
    *rows: ArmRow | ContrastRow,
    excluded: dict[str, str] | None = None,
    studies: tuple[StudyRow, ...] = (),
    more: Sequence[Instrument] = (),
    **keys: Any,
) -> PreparedOutcome:
    """The outcome "pain" prepared from these rows."""
    material = Material(
        arms=tuple(row for row in rows if isinstance(row, ArmRow)),
        contrasts=tuple(row for row in rows if isinstance(row, ContrastRow)),
        studies=studies,
        treatments=TREATMENTS,
        registry=registry().extended(more),
        rounding={row.row: 0.05 for row in rows if isinstance(row, ContrastRow)},
    )
    base: dict[str, Any] = {"id": "pain", "instrument": "pain-0-100", "measure": "SMD", "better": "lower"}
    protocol = OutcomeProtocol(**{**base, "values": ("final", "change", "adjusted"), "mix": True, **keys})
    return prepare_outcome(material, protocol, protocol.model.over(ModelKeys(reference="control")), excluded or {})


def contrasts(ready: PreparedOutcome) -> Contrasts:
    """The contrasts of the one study that entered."""
    (study,) = ready.network.studies
    assert study.contrasts is not None
    return study.contrasts


def problems(*rows: ArmRow | ContrastRow, **keys: Any) -> list[str]:
    with pytest.raises(DataError) as caught:
        prepared(*rows, **keys)
    return [issue.rule for issue in caught.value.issues]


def test_raw_sds_stay_the_denominator():
    (study,) = prepared(arm("control", sd=20.0), arm("active", row=3, sd=22.0)).network.studies
    assert [(a.sd, a.se, a.sd_external) for a in study.arms] == [(20.0, None, None), (22.0, None, None)]


def test_an_interval_of_unadjusted_means_gives_sd_and_keeps_its_error():
    (study,) = prepared(arm("control", sd=20.0), arm("active", row=3, ci_low=32.0, ci_high=48.0)).network.studies
    active = study.arms[1]
    assert active.se == pytest.approx(16 / 2 / 2.045229642132703)
    assert active.sd == pytest.approx(active.se * np.sqrt(30))
    assert [made.what for made in active.conversions] == ["se", "sd"]


def test_adjusted_means_are_divided_by_the_usual_sd():
    ready = prepared(arm("control", se=3.0, value_type="adjusted"), arm("active", row=3, se=3.0, value_type="adjusted"))
    (study,) = ready.network.studies
    assert [(a.sd, a.se, a.sd_external) for a in study.arms] == [(None, 3.0, 22.5)] * 2
    assert [c.conversion.what for c in ready.conversions] == ["denominator"]
    assert "no SD of scores in every arm" in ready.conversions[0].conversion.how


def test_baseline_sds_come_before_the_usual_sd():
    cells: dict[str, Any] = {"se": 3.0, "value_type": "adjusted", "baseline_sd": 18.0}
    (study,) = prepared(arm("control", **cells), arm("active", row=3, **cells)).network.studies
    assert [(a.sd, a.se, a.sd_external) for a in study.arms] == [(18.0, 3.0, None)] * 2
    assert all("baseline SD" in a.conversions[-1].how for a in study.arms)


def test_the_protocol_may_ask_for_the_usual_sd():
    rows = (arm("control", sd=20.0), arm("active", row=3, sd=22.0))
    ready = prepared(*rows, denominator="instrument")
    assert {a.sd_external for a in ready.network.studies[0].arms} == {22.5}
    assert "by the protocol" in ready.conversions[0].conversion.how


def test_without_any_sd_an_smd_is_refused():
    bare = Instrument(id="own", label="Own", min=0, max=100, better="lower")
    rows = [arm(t, row=k, se=3.0, value_type="adjusted", instrument="Own") for k, t in enumerate(("control", "active"))]
    assert problems(*rows, instrument="own", more=[bare]) == ["sd-missing"]


def test_scales_are_moved_with_a_trace():
    rows = [arm(t, row=k, mean=4.0, sd=2.0, instrument="NRS 0-10") for k, t in enumerate(("control", "active"))]
    ready = prepared(*rows, measure="MD")
    assert [(a.mean, a.sd) for a in ready.network.studies[0].arms] == [(40.0, 20.0)] * 2
    assert {c.conversion.how for c in ready.conversions} == {"rescaled from 0-10 to 0-100"}


def test_the_row_tells_the_range_before_the_name():
    cells: dict[str, Any] = {"mean": 4.0, "sd": 2.0, "instrument": "VAS", "scale_min": 0.0, "scale_max": 20.0}
    ready = prepared(arm("control", **cells), arm("active", row=3, **cells), measure="MD")
    assert ready.network.studies[0].arms[0].mean == 20.0


def test_a_range_that_nobody_tells_is_an_issue():
    assert problems(arm("control", sd=2.0, instrument="VAS"), arm("active", row=3, sd=2.0)) == ["instruments-several"]
    rows = [arm(t, row=k, sd=2.0, instrument="VAS") for k, t in enumerate(("control", "active"))]
    assert problems(*rows) == ["scale-missing"] * 2


def test_another_instrument_is_for_smd_only():
    rows = [arm(t, row=k, sd=5.0, instrument="RMDQ") for k, t in enumerate(("control", "active"))]
    assert problems(*rows, measure="MD") == ["instrument-differs"] * 2
    assert prepared(*rows).network.studies
    assert (
        problems(*(arm(t, row=k, sd=5.0, instrument="SF-36") for k, t in enumerate(("control", "active"))))
        == ["instrument-unknown"] * 2
    )


def test_an_instrument_that_runs_the_other_way_is_turned():
    up = Instrument(
        id="well", label="Well-being", min=0, max=50, better="higher", usual_sd=10, usual_sd_source="stated"
    )
    rows = [
        arm(t, row=k, mean=m, sd=5.0, instrument="well")
        for k, (t, m) in enumerate((("control", 20.0), ("active", 30.0)))
    ]
    (study,) = prepared(*rows, more=[up]).network.studies
    assert [a.mean for a in study.arms] == [30.0, 20.0]
    turned = contrasts(prepared(contrast("active", instrument="well", estimate=5.0, se=1.0), more=[up]))
    assert turned.estimate.tolist() == [-0.5]


@pytest.mark.parametrize("rule", ["merge", "keep"])
def test_two_arms_on_one_treatment(rule):
    rows = [arm("control", sd=20.0), arm("active", row=3, arm="a", sd=20.0), arm("active", row=4, arm="b", sd=20.0)]
    (study,) = prepared(*rows, repeated_arms=rule).network.studies
    assert study.treatments == ("control", "active") if rule == "merge" else ("control", "active", "active")
    assert study.arms[1].label == ("a + b" if rule == "merge" else "a")
    assert study.arms[1].rows == ((3, 4) if rule == "merge" else (3,))


@pytest.mark.parametrize("rule", [None, "refuse"])
def test_two_arms_on_one_treatment_must_be_settled(rule):
    rows = [arm("control", sd=20.0), arm("active", row=3, arm="a", sd=20.0), arm("active", row=4, arm="b", sd=20.0)]
    assert problems(*rows, repeated_arms=rule) == ["arms-repeated"]


def test_treatments_counted_as_one():
    rows = [arm("control", sd=20.0), arm("active", row=3, sd=20.0), arm("passive", row=4, sd=20.0)]
    ready = prepared(*rows, repeated_arms="merge", merge={"active": ("passive",)})
    assert [t.id for t in ready.network.treatments] == ["control", "active"]
    assert ready.network.studies[0].arms[1].n == 60
    assert not ready.warnings


def test_scores_of_opposite_directions_are_turned_without_an_instrument_of_the_outcome():
    """An SMD over any instruments still knows which way each of them runs."""
    up = Instrument(id="well", label="Well-being", min=0, max=50, better="higher")
    rows = [arm(t, row=k, mean=m, sd=5.0, instrument="well")
            for k, (t, m) in enumerate((("control", 20.0), ("active", 30.0)))]  # fmt: skip
    rows += [arm("control", study="B", row=4, mean=50.0, sd=20.0), arm("active", study="B", row=5, mean=40.0, sd=20.0)]
    ready = prepared(*rows, instrument=None, more=[up])
    first, second = ready.network.studies
    assert [a.mean for a in first.arms] == [30.0, 20.0]
    assert [a.mean for a in second.arms] == [50.0, 40.0]
    assert {c.conversion.how for c in ready.conversions} == {"direction turned"}
    assert prepared(*rows, instrument=None, more=[up], measure="MD").network.studies[0].arms[0].mean == 20.0


def test_contrasts_of_opposite_directions_are_turned():
    up = Instrument(id="well", label="Well-being", min=0, max=50, better="higher")
    ready = prepared(contrast("active", estimate=4.0, se=1.0, sd=8.0, instrument="well"), instrument=None, more=[up])
    assert contrasts(ready).estimate.tolist() == [-0.5]
    ready = prepared(
        contrast("active", estimate=0.5, se=0.1, measure="SMD", instrument="well"), instrument=None, more=[up]
    )
    assert contrasts(ready).estimate.tolist() == [-0.5]


def test_medians_enter_with_a_warning():
    cells: dict[str, Any] = {"mean": None, "median": 40.0, "q1": 28.0, "q3": 53.0}
    ready = prepared(arm("control", sd=20.0), arm("active", row=3, **cells), measure="MD")
    active = ready.network.studies[0].arms[1]
    assert active.mean is not None
    assert [c.what for c in active.conversions] == ["mean", "sd"]
    assert any("1 mean is estimated from medians" in warning for warning in ready.warnings)
    assert [i.rule for i in ready.network.issues if i.study] == ["median-converted"]
    assert problems(arm("control", sd=20.0), arm("active", row=3, **cells), medians="refuse") == ["median-only"]


def test_medians_that_do_not_enter_are_not_spoken_of():
    later: dict[str, Any] = {"mean": None, "median": 40.0, "weeks": 52}
    rows = [arm("control", sd=20.0), arm("active", row=3, sd=20.0), arm("active", row=4, **later)]
    assert not [i for i in prepared(*rows, window_weeks=(0, 26)).network.issues if i.study]


def test_percentages_and_dropouts_reach_the_arms():
    cells: dict[str, Any] = {"mean": None, "n": None, "value_type": None, "total": 24.0, "dropouts": 3.0}
    rows = [arm("control", percent=25.0, **cells), arm("active", row=3, percent=37.5, **cells)]
    (study,) = prepared(*rows, measure="OR", instrument=None).network.studies
    assert [(a.events, a.total, a.randomised) for a in study.arms] == [(6.0, 24.0, 27.0), (9.0, 24.0, 27.0)]
    assert study.participants == 48


def test_people_randomised_are_added_up_where_arms_merge():
    rows = [arm("control", sd=20.0), arm("active", row=3, arm="one", sd=20.0, n_randomised=33.0)]
    rows += [arm("active", row=4, arm="two", sd=20.0, n_randomised=32.0)]
    (study,) = prepared(*rows, repeated_arms="merge").network.studies
    assert [a.randomised for a in study.arms] == [None, 65.0]


def test_a_ratio_of_means_takes_intervals_and_logs():
    log: dict[str, Any] = {"mean": 3.0, "sd": 0.4, "n": 16.0, "transformation": "log"}
    interval: dict[str, Any] = {"mean": 30.0, "n": 16.0, "ci_low": 25.0, "ci_high": 35.0}
    (study,) = prepared(arm("control", **log), arm("active", row=3, **interval), measure="ROM").network.studies
    control, active = study.arms
    assert control.mean_se == pytest.approx(np.exp(3.0) * 0.1)
    assert active.mean_se == pytest.approx(5 / 2.131449545559323)  # t with 15 df
    assert problems(arm("control", **log), arm("active", row=3), measure="ROM") == ["spread-missing"]
    assert problems(arm("control", **log), arm("active", row=3, mean=None), measure="ROM") == ["mean-missing"]


def test_errors_of_contrasts_from_t_and_f():
    told: list[dict[str, Any]] = [{"t_value": 2.5}, {"f_value": 6.25}, {"t_value": -2.5, "f_value": 99.0, "p": 0.9}]
    for cells in told:
        made = contrasts(prepared(contrast("active", **cells), measure="MD"))
        assert made.covariance[0, 0] == pytest.approx(16)
    assert problems(contrast("active", t_value=0.0), measure="MD") == ["statistic-not-usable"]
    assert problems(contrast("active", f_value=-1.0), measure="MD") == ["statistic-not-usable"]
    assert problems(contrast("active", p=1e-320), measure="MD") == ["p-not-usable"]


def test_contrasts_are_standardised_by_a_stated_sd():
    cases: list[tuple[dict[str, Any], float]] = [({}, 22.5), ({"sd": 20.0}, 20.0)]
    for cells, sd in cases:
        ready = prepared(contrast("active", se=2.0, **cells))
        made = contrasts(ready)
        assert made.estimate.tolist() == [-10 / sd]
        assert made.covariance[0, 0] == pytest.approx((2 / sd) ** 2)
        assert made.measure == "SMD"
        assert [c.conversion.what for c in ready.conversions] == ["standardised difference"]


def test_contrasts_are_rescaled_before_they_are_standardised():
    made = contrasts(prepared(contrast("active", estimate=-1.8, se=0.9, instrument="VAS 0-10")))
    assert made.estimate[0] == pytest.approx(-18 / 22.5)
    assert made.covariance[0, 0] == pytest.approx((9 / 22.5) ** 2)


def test_errors_of_contrasts_from_intervals_and_p_values():
    plain = contrast("active", ci_low=-14.0, ci_high=-6.0, n_treatment=20, n_versus=20)
    made = contrasts(prepared(plain, measure="MD"))
    assert made.covariance[0, 0] == pytest.approx((4 / 2.024394163911969) ** 2)
    adjusted = contrast("active", ci_low=-14.0, ci_high=-6.0, n_treatment=20, n_versus=20, value_type="adjusted")
    made = contrasts(prepared(adjusted, measure="MD"))
    assert made.covariance[0, 0] == pytest.approx((4 / 1.959963984540054) ** 2)
    made = contrasts(prepared(contrast("active", p=0.05), measure="MD"))
    assert made.covariance[0, 0] == pytest.approx((10 / 1.959963984540054) ** 2)
    assert problems(contrast("active"), measure="MD") == ["se-missing"]
    assert problems(contrast("active", p=0.0), measure="MD") == ["p-not-usable"]


def test_a_contrast_says_what_it_is():
    assert problems(contrast("active", se=1.0, measure=None)) == ["contrast-measure"]
    assert problems(contrast("active", se=1.0, measure="SMD"), measure="MD") == ["contrast-measure"]
    made = contrasts(prepared(contrast("active", se=1.0, measure="smd")))
    assert made.estimate.tolist() == [-10.0]


def test_a_printed_ratio_goes_to_the_log_scale():
    cells: dict[str, Any] = {"estimate": 2.0, "ci_low": 1.0, "ci_high": 4.0, "scale": "printed", "measure": "OR"}
    made = contrasts(prepared(contrast("active", **cells), measure="OR", instrument=None))
    assert made.estimate[0] == pytest.approx(np.log(2))
    assert made.covariance[0, 0] == pytest.approx((np.log(4) / 2 / 1.959963984540054) ** 2)
    broken = contrast("active", **{**cells, "ci_low": -1.0})
    assert problems(broken, measure="OR", instrument=None) == ["ratio-not-usable"]


def test_baseline_errors_make_the_covariance():
    rows = [contrast(t, row=k, se=4.0, baseline_se=3.0) for k, t in enumerate(("active", "passive"), start=2)]
    made = contrasts(prepared(*rows, measure="MD"))
    np.testing.assert_allclose(made.covariance, [[16, 9], [9, 16]])
    made = contrasts(prepared(*rows))
    np.testing.assert_allclose(made.covariance, np.array([[16, 9], [9, 16]]) / 22.5**2)


def test_all_pairs_agree_up_to_the_rounding_of_what_was_typed():
    def triangle(third: float) -> tuple[ContrastRow, ...]:
        return (
            contrast("active", row=2, estimate=-10.0, se=3.0),
            contrast("passive", row=3, estimate=-4.0, se=3.0),
            contrast("active", "passive", row=4, estimate=third, se=3.0),
        )

    assert prepared(*triangle(-6.1)).network.studies
    assert problems(*triangle(-7.0))


def test_counts_enter_as_they_are():
    rows = [
        arm(t, row=k, mean=None, n=None, events=4.0, total=20.0, value_type=None)
        for k, t in enumerate(("control", "active"))
    ]
    ready = prepared(*rows, measure="OR", instrument=None)
    assert [(a.events, a.total) for a in ready.network.studies[0].arms] == [(4.0, 20.0)] * 2
    assert ready.mid is None


def test_every_problem_at_once():
    rows = [
        arm("control", mean=None),
        arm("active", row=3),
        arm("control", study="C", row=4, sd=1.0),
        arm("exercise", study="C", row=5, sd=1.0),
    ]
    assert problems(*rows) == ["mean-missing", "spread-missing", "treatment-unknown"]


def test_a_reference_that_no_study_has():
    assert problems(arm("active", sd=20.0), arm("passive", row=3, sd=20.0)) == ["reference-absent"]


def test_exclusions_carry_their_reasons():
    rows = [arm("control", sd=20.0), arm("active", row=3, sd=20.0)]
    rows += [arm(t, study="C", row=k, sd=20.0) for k, t in enumerate(("control", "passive"), start=4)]
    ready = prepared(*rows, excluded={"C": "retracted", "Z": "not here"})
    assert [(e.study, e.reason) for e in ready.excluded] == [("C", "retracted")]
    assert ready.network.exclusions == ready.excluded
    assert ready.warnings == ("No study that enters has: passive.",)


def test_covariates_and_notes_travel():
    rows = [arm("control", sd=20.0, notes="sham"), arm("active", row=3, sd=20.0, notes="sham")]
    ready = prepared(*rows, studies=(StudyRow(file=None, row=2, study="A", values={"mean_age": 40.0}),))
    assert ready.network.studies[0].covariates == {"mean_age": 40.0}
    assert ready.notes == ("A: sham",)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ({}, 15 / 22.5),
        ({"measure": "MD"}, 15),
        ({"important_difference": 9.0}, 0.4),
        ({"important_difference": 9.0, "measure": "MD"}, 9),
        ({"important_difference": "within person"}, 15 / 22.5),
    ],
)
def test_important_difference_on_the_analysis_scale(keys, value):
    ready = prepared(arm("control", sd=20.0), arm("active", row=3, sd=20.0), **keys)
    assert ready.mid is not None
    assert ready.mid.value == pytest.approx(value)
    assert ready.mid.source


def test_overrides_reach_outcome_and_model():
    outcome = OutcomeProtocol(id="pain", measure="SMD", better="lower", model=ModelKeys(effects="common"))
    changed = Overrides(measure="md", tau_prior="half-normal(1)", choose="longest").apply(outcome)
    assert (changed.measure, changed.choose) == ("MD", "longest")
    assert changed.model.stated() == {"effects": "common", "tau_prior": "half-normal(1)"}
    assert Overrides().apply(outcome) == outcome
