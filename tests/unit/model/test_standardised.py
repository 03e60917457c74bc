"""Arm-level standardised means: pooled SDs, precisions, and what an arm must report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import physiohub as ph
from physiohub.model.standardised import StandardisedMeans, standardised_network
from physiohub.network.network import build_network
from physiohub.network.study import Arm, Study

SPEC = ph.ModelSpec(measure="SMD", likelihood="arm")


def means(*studies: dict[str, dict[str, Any]]) -> ph.Network:
    made = [Study(f"s{k}", tuple(Arm(treatment=t, **v) for t, v in arms.items())) for k, arms in enumerate(studies)]
    return build_network(made, reference="A")


PLAIN: dict[str, dict[str, Any]] = {
    "A": {"mean": 2.0, "sd": 1.5, "n": 12.0}, "B": {"mean": 3.1, "sd": 1.7, "n": 9.0},
    "C": {"mean": 1.6, "sd": 1.2, "n": 14.0},
}  # fmt: skip


def likelihood(network: ph.Network) -> StandardisedMeans:
    found = standardised_network(network, SPEC).likelihood
    assert isinstance(found, StandardisedMeans)
    return found


def test_one_sd_for_all_arms_of_a_trial() -> None:
    found = likelihood(means(PLAIN))
    variance = (11 * 1.5**2 + 8 * 1.7**2 + 13 * 1.2**2) / 32
    assert found.pooled == pytest.approx([np.sqrt(variance)])
    assert found.df.tolist() == [32]
    assert found.se == pytest.approx(np.array([12, 9, 14]) ** -0.5)
    assert found.centre == pytest.approx([(12 * 2.0 + 9 * 3.1 + 14 * 1.6) / 35])
    assert np.diff(found.mean) == pytest.approx(np.diff([2.0, 3.1, 1.6]) / np.sqrt(variance))


def test_a_reported_se_stands_for_the_mean_and_the_sd_for_the_scores() -> None:
    """An adjusted mean is more precise than its n says: its SE counts, in units of the pooled SD."""
    adjusted = {t: {**v, "se": 0.3, "value_type": "adjusted"} for t, v in PLAIN.items()}
    plain, found = likelihood(means(PLAIN)), likelihood(means(adjusted))
    assert found.pooled == pytest.approx(plain.pooled)
    assert found.se == pytest.approx(0.3 / plain.pooled[0] * np.ones(3))


def test_an_se_alone_gives_the_sd_of_an_unadjusted_mean() -> None:
    by_se = {t: {"mean": v["mean"], "n": v["n"], "se": v["sd"] / np.sqrt(v["n"])} for t, v in PLAIN.items()}
    plain, found = likelihood(means(PLAIN)), likelihood(means(by_se))
    assert found.pooled == pytest.approx(plain.pooled)
    assert found.se == pytest.approx(plain.se)


def test_an_external_sd_is_known_and_the_study_enters_by_contrasts() -> None:
    external = {t: {**v, "sd_external": 2.0} for t, v in PLAIN.items()}
    arms = standardised_network(means(PLAIN, external), SPEC)
    assert list(arms.contrasts) == [1]
    assert arms.contrasts[1].y == pytest.approx([0.55, -0.2])
    assert arms.study.tolist() == [0, 0, 0]


@pytest.mark.parametrize("arm", [{"mean": 3.1, "n": 9.0}, {"mean": 3.1, "n": 9.0, "se": 0.5, "value_type": "adjusted"}])
def test_an_arm_without_an_sd_is_named(arm: dict[str, Any]) -> None:
    with pytest.raises(ph.DataError) as error:
        standardised_network(means({**PLAIN, "B": arm}), SPEC)
    assert [(i.rule, i.study, i.arm, i.column) for i in error.value.issues] == [("sd-missing", "s0", "B", "sd")]


def test_one_person_an_arm_has_no_sd() -> None:
    lonely = {t: {"mean": v["mean"], "sd": 1.0, "n": 1.0} for t, v in list(PLAIN.items())[:2]}
    with pytest.raises(ph.DataError) as error:
        standardised_network(means(lonely), SPEC)
    assert {i.rule for i in error.value.issues} == {"smd-too-small"}
