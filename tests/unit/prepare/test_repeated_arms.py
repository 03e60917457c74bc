"""Two arms of a study on one treatment, end to end: kept, merged or refused, and told in the results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln

import physiohub as ph
from physiohub.errors import DataError, Issue
from physiohub.evidence.record import outcome_record
from physiohub.network.network import Network
from physiohub.network.rows import ArmRow, ContrastRow
from physiohub.network.study import Treatment
from physiohub.prepare.instruments import registry
from physiohub.prepare.outcome import prepare_outcome
from physiohub.prepare.protocol import ModelKeys, OutcomeProtocol
from physiohub.prepare.studies import Material

KINDS: dict[str, dict[str, list[float]]] = {
    "MD": {"mean": [10.0, 8.0, 7.0], "sd": [4.0, 5.0, 3.0], "n": [40, 30, 20]},
    "SMD": {"mean": [10.0, 8.0, 7.0], "sd": [4.0, 5.0, 3.0], "n": [40, 30, 20]},
    "OR": {"events": [10, 12, 9], "total": [40, 30, 20]},
    "IRR": {"events": [10, 12, 9], "exposure": [100.5, 80.0, 60.0]},
}
COMMON: dict[str, Any] = {"effects": "common", "effect_prior": "flat"}


def arms(measure: str, treatments: list[str] | None = None) -> pd.DataFrame:
    """One study whose last two arms are on one treatment."""
    found = {"study": ["s"] * 3, "treatment": treatments or ["ctl", "act", "act"], "arm": ["", "yoga", "pilates"]}
    return pd.DataFrame({**found, **KINDS[measure]})


def effect(network: Network, measure: str, **options: Any) -> tuple[float, float]:
    found = ph.fit(network, ph.ModelSpec(measure=measure, **(COMMON | options))).effect("act", "ctl")
    return float(found.mean), float(found.sd)


def pooled(values: np.ndarray, variances: np.ndarray) -> tuple[float, float]:
    """Inverse-variance mean and its variance."""
    weights = 1 / variances
    return float(weights @ values / weights.sum()), float(1 / weights.sum())


def on_scale(measure: str) -> tuple[np.ndarray, np.ndarray]:
    """Each arm's value and variance on the analysis scale, written out here."""
    kind = {name: np.array(cells, dtype=float) for name, cells in KINDS[measure].items()}
    if measure == "OR":
        r, n = kind["events"], kind["total"]
        return np.log(r / (n - r)), 1 / r + 1 / (n - r)
    if measure == "IRR":
        return np.log(kind["events"] / kind["exposure"]), 1 / kind["events"]
    return kind["mean"], kind["sd"] ** 2 / kind["n"]


# -- kept -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "likelihood"), [("MD", "auto"), ("MD", "contrast"), ("OR", "contrast"), ("IRR", "contrast")]
)
def test_kept_arms_are_pooled_by_their_precision(measure: str, likelihood: Any) -> None:
    """Without heterogeneity both arms estimate one thing: generalised least squares is the inverse-variance mean."""
    value, variance = on_scale(measure)
    mean, spread = pooled(value[1:], variance[1:])
    network = ph.read_table(arms(measure), reference="ctl", measure=measure)
    found = effect(network, measure, likelihood=likelihood)
    assert found == pytest.approx((mean - value[0], np.sqrt(spread + variance[0])), abs=1e-10)


@pytest.mark.parametrize("measure", ["MD", "OR", "IRR"])
def test_two_arms_on_the_reference(measure: str) -> None:
    """Arm 0 and another one on its treatment: their difference is known to be zero but for chance."""
    value, variance = on_scale(measure)
    mean, spread = pooled(value[:2], variance[:2])
    network = ph.read_table(arms(measure, ["ctl", "ctl", "act"]), reference="ctl", measure=measure)
    assert network.studies[0].treatments == ("ctl", "ctl", "act")
    assert effect(network, measure, likelihood="contrast") == pytest.approx(
        (value[2] - mean, np.sqrt(spread + variance[2])), abs=1e-10
    )


def test_kept_arms_have_effects_of_their_own() -> None:
    """With heterogeneity each arm has its own deviation: V = D + tau^2 (I + J)/2, by hand."""
    value, variance = on_scale("MD")
    tau = 2.0
    # V (contrast, contrast) of the two arms versus arm 0
    v = np.diag(variance[1:]) + variance[0] + tau**2 * np.array([[1.0, 0.5], [0.5, 1.0]])
    weights = np.linalg.inv(v).sum(axis=0)
    expected = weights @ (value[1:] - value[0]) / weights.sum(), weights.sum() ** -0.5
    network = ph.read_table(arms("MD"), reference="ctl", measure="MD")
    found = effect(network, "MD", effects="random", tau_prior=f"fixed({tau})")
    assert found == pytest.approx(expected, abs=1e-10)


def test_a_kept_smd_shares_arm_0_and_the_denominator() -> None:
    """Hedges' g of both arms with their covariance, by hand, pooled by generalised least squares."""
    kind = {name: np.array(cells, dtype=float) for name, cells in KINDS["SMD"].items()}
    n, df = kind["n"], kind["n"].sum() - 3
    pooled_sd = np.sqrt(np.sum((n - 1) * kind["sd"] ** 2) / df)
    j = np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2)
    g = j * (kind["mean"][1:] - kind["mean"][0]) / pooled_sd
    # S (contrast, contrast)
    s = np.diag(1 / n[1:]) + 1 / n[0] + np.outer(g, g) / (2 * n.sum())
    weights = np.linalg.inv(s).sum(axis=0)
    network = ph.read_table(arms("SMD"), reference="ctl", measure="SMD")
    expected = weights @ g / weights.sum(), weights.sum() ** -0.5
    assert effect(network, "SMD") == pytest.approx(expected, abs=1e-10)


# -- merged -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["OR", "IRR"])
def test_merged_counts_are_the_collapsed_table(measure: str) -> None:
    table = arms(measure).drop(columns="arm")
    collapsed = table.groupby("treatment", sort=False).sum(numeric_only=True).reset_index().assign(study="s")
    merged = ph.read_table(table, reference="ctl", measure=measure, repeated="merge")
    plain = ph.read_table(collapsed, reference="ctl", measure=measure)
    assert effect(merged, measure) == pytest.approx(effect(plain, measure), abs=1e-12)


def test_merged_means_are_those_of_all_participants() -> None:
    """The formula against the scores themselves: two samples thrown together."""
    random = np.random.default_rng(5)
    scores = {"yoga": random.normal(8, 5, 30), "pilates": random.normal(7, 3, 20)}
    both = np.concatenate(list(scores.values()))
    table = pd.DataFrame({
        "study": "s", "treatment": ["ctl", "act", "act"], "arm": ["", *scores], "n": [40, 30, 20],
        "mean": [10.0, *(s.mean() for s in scores.values())], "sd": [4.0, *(s.std(ddof=1) for s in scores.values())],
    })  # fmt: skip
    arm = ph.read_table(table, reference="ctl", repeated="merge").studies[0].arms[1]
    assert (arm.n, arm.label) == (50, "yoga + pilates")
    assert arm.mean == pytest.approx(both.mean(), abs=1e-12)
    assert arm.sd == pytest.approx(both.std(ddof=1), abs=1e-12)


def test_merged_categories_add_up() -> None:
    network = ph.datasets.load("psoriasis", repeated="merge")
    ellis = next(study for study in network.studies if study.id == "12 Ellis 1991")
    assert [(arm.treatment, arm.total, arm.categories) for arm in ellis.arms] == [
        ("Supportive care", 25.0, (None, 0.0, None)),
        ("Ciclosporin", 45.0, (None, 22.0, None)),
    ]
    assert sorted(i.study or "" for i in network.issues) == ["12 Ellis 1991", "13 Gottlieb 2004"]
    assert {issue.rule for issue in network.issues} == {"arms-merged"}


# -- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", KINDS)
def test_refused_arms_are_named(measure: str) -> None:
    with pytest.raises(DataError) as raised:
        ph.read_table(arms(measure), reference="ctl", measure=measure, repeated="refuse")
    (issue,) = raised.value.issues
    assert (issue.rule, issue.study, issue.arm, issue.row) == ("arms-repeated", "s", "act", 3)


@pytest.mark.parametrize("repeated", ["keep", "merge", "refuse"])
@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"study": ["s", "s"], "treat1": ["act", "act"], "treat2": ["ctl", "ctl"], "TE": [1.0, 2.0],
                      "seTE": [0.5, 0.5]}),
        pd.DataFrame({"study": ["s"] * 3, "treatment": ["ctl", "act", "act"], "diff": [None, 1.0, 2.0],
                      "se": [0.3, 0.5, 0.5]}),
    ],
)  # fmt: skip
def test_contrasts_cannot_tell_two_arms_on_one_treatment_apart(table: pd.DataFrame, repeated: Any) -> None:
    with pytest.raises(DataError) as raised:
        ph.read_table(table, reference="ctl", repeated=repeated)
    issue = next(issue for issue in raised.value.issues if issue.rule == "contrast-duplicated")
    assert "two arms on one treatment can enter by their arms only" in issue.remedy


@pytest.mark.parametrize("repeated", ["keep", "merge", "refuse"])
def test_identical_rows_are_an_error_whatever_is_asked(repeated: Any) -> None:
    table = arms("OR").assign(arm="", events=[10, 12, 12], total=[40, 30, 30])
    with pytest.raises(DataError) as raised:
        ph.read_table(table, reference="ctl", repeated=repeated)
    assert "row-duplicated" in {issue.rule for issue in raised.value.issues}


# -- results say which ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("repeated", "words"), [("keep", "are kept as arms of their own"), ("merge", "are merged")])
def test_results_say_what_became_of_them(repeated: Any, words: str) -> None:
    network = ph.datasets.load("dietary_fat", repeated=repeated)
    outcome = outcome_record(network, ph.ModelSpec(measure="IRR", effects="common"), better="lower")
    (note,) = outcome["notes"]
    assert "London Corn/Olive" in note
    assert f"2 arms on Reduced Fat {words}" in note
    assert outcome["network"]["arms"] == (21 if repeated == "keep" else 20)
    assert [row["what"] for row in outcome["conversions"]] == (["merged arm"] if repeated == "merge" else [])


# -- in a review ------------------------------------------------------------------------------------------------------


def review(rule: str | None, measure: str, **changes: Any) -> tuple[Network, list[Issue]]:
    rows = []
    for k, (treatment, arm, *cells) in enumerate(
        zip(["ctl", "act", "act"], ["", "yoga", "pilates"], *KINDS[measure].values(), strict=True), start=2
    ):
        values = dict(zip(KINDS[measure], cells, strict=True))
        rows.append(ArmRow(file="arms.csv", row=k, study="s", treatment=treatment, arm=arm or None, outcome="o",
                           value_type="final" if "mean" in values else None, **values))  # fmt: skip
    none: tuple[ContrastRow, ...] = ()
    treatments = tuple(Treatment(id=t, label=t) for t in ("ctl", "act"))
    material = Material(tuple(rows), none, (), treatments, registry())
    keys: dict[str, Any] = {"id": "o", "measure": measure, "better": "lower", **changes}
    keys |= {} if rule is None else {"repeated_arms": rule}
    prepared = prepare_outcome(material, OutcomeProtocol(**keys), ModelKeys(reference="ctl"), {})
    return prepared.network, list(prepared.network.issues)


@pytest.mark.parametrize("measure", ["MD", "OR", "IRR"])
@pytest.mark.parametrize(("rule", "arms_left", "issue"), [("keep", 3, "arms-kept"), ("merge", 2, "arms-merged")])
def test_a_review_says_what_became_of_them(measure: str, rule: str, arms_left: int, issue: str) -> None:
    network, issues = review(rule, measure)
    assert len(network.studies[0].arms) == arms_left
    assert [(i.rule, i.severity, i.study, i.arm, i.row) for i in issues] == [(issue, "note", "s", "act", 3)]
    assert "(yoga, pilates)" in issues[0].message
    bare = ph.read_table(arms(measure), reference="ctl", measure=measure, repeated=rule)  # type: ignore[arg-type]
    assert effect(network, measure) == pytest.approx(effect(bare, measure), abs=1e-12)


@pytest.mark.parametrize("measure", ["MD", "OR", "IRR"])
@pytest.mark.parametrize(("rule", "why"), [("refuse", "refuses"), (None, "does not say what becomes of them")])
def test_a_review_that_is_silent_is_asked(measure: str, rule: str | None, why: str) -> None:
    """Counts as well as means: nothing is kept or added up that the protocol does not name."""
    with pytest.raises(DataError) as raised:
        review(rule, measure)
    (issue,) = raised.value.issues
    assert (issue.rule, issue.study, issue.row) == ("arms-repeated", "s", 3)
    assert why in issue.message
    assert 'repeated_arms = "merge"' in issue.remedy
