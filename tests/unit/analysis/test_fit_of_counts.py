"""Fit statistics of counts: what belongs to which arm, signs, and what has no deviance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import physiohub as ph
from physiohub import datasets
from physiohub.analysis.dev_dev import dev_dev
from physiohub.analysis.fit_statistics import fit_statistics
from physiohub.analysis.leave_one_out import leave_one_out
from physiohub.analysis.power_scaling import power_scaling
from physiohub.analysis.predictive_check import predictive_check
from physiohub.inference.drawn_posterior import DrawnPosterior


@pytest.fixture(scope="module")
def smoking() -> ph.Posterior:
    spec = ph.ModelSpec(measure="OR", effects="common", baseline_prior="normal(0, 10)", effect_prior="normal(0, 10)")
    return ph.fit(datasets.load("smoking"), spec)


def test_studies_stand_in_the_order_of_the_network(smoking: ph.Posterior) -> None:
    found = fit_statistics(smoking)
    assert [s.study for s in found.studies] == [s.id for s in smoking.network.studies]
    assert found.data_points == sum(len(s.arms) for s in smoking.network.studies)
    for study in found.studies:
        assert study.deviance == pytest.approx(sum(study.arm_deviance), abs=1e-9)
        assert study.leverage == pytest.approx(sum(study.arm_leverage), abs=1e-9)
    assert found.dbar is not None
    assert found.pd is not None
    assert found.dic == pytest.approx(found.dbar + found.pd)
    assert len(found.to_frame()) == 24
    assert "Dbar" in found._repr_html_()


def test_residual_is_the_signed_root_of_the_deviance_at_the_mean(smoking: ph.Posterior) -> None:
    for study in fit_statistics(smoking).studies:
        plug_in = np.array(study.arm_deviance) - np.array(study.arm_leverage)
        assert np.square(study.arm_residual) == pytest.approx(plug_in, abs=1e-8)
    # trial 3: 363/714 against 75/731, far beyond any common effect: more events in arm 1, fewer in arm 0
    third = fit_statistics(smoking).studies[2].arm_residual
    assert third[0] < -3
    assert third[1] > 3


def test_ordered_categories_turn_the_sign_like_events() -> None:
    rows = [("1", "A", 40, 12), ("1", "B", 40, 30), ("2", "A", 50, 20), ("2", "B", 50, 18)]
    events = pd.DataFrame(rows, columns=["study", "treatment", "total", "events"])
    categories = events.rename(columns={"events": "category_1"}).assign(category_2=[5, 14, 8, 9])
    categories["category_1"] -= categories["category_2"]
    spec = ph.ModelSpec(measure="PROBIT", effects="common", effect_prior="normal(0, 2)", baseline_prior="normal(0, 2)")
    two, three = (fit_statistics(ph.fit(ph.read_arms(table, reference="A"), spec)) for table in (events, categories))
    assert (two.data_points, three.data_points) == (4, 8)
    for a, b in zip(two.studies, three.studies, strict=True):
        assert np.sign(a.arm_residual).tolist() == np.sign(b.arm_residual).tolist()


def test_two_models_point_by_point(smoking: ph.Posterior) -> None:
    random = ph.fit(smoking.network, replace(smoking.spec, effects="random", tau_prior="half-normal(1)"))
    both = dev_dev(smoking, random)
    assert sum(p.first for p in both.points) == pytest.approx(fit_statistics(smoking).dbar)
    assert sum(p.second for p in both.points) == pytest.approx(fit_statistics(random).dbar)
    assert [p.treatment for p in both.points[:3]] == list(smoking.network.studies[0].treatments)
    assert list(both.to_frame().columns) == ["study", "treatment", "first", "second"]
    fewer = ph.fit(smoking.network.without(smoking.network.studies[5].id), smoking.spec)
    with pytest.raises(ph.UsageError, match="same studies"):
        dev_dev(smoking, fewer)


def test_contrasts_are_points_of_a_study() -> None:
    network = datasets.load("parkinson_mixed")
    one, two = (
        ph.fit(network, ph.ModelSpec(measure="MD", effects=effects, tau_prior=tau))  # type: ignore[arg-type]
        for effects, tau in (("common", None), ("random", "half-normal(1)"))
    )
    points = dev_dev(one, two).points
    # three trials by their arms, two, two and three of them; the other four by contrasts
    assert sum(p.treatment is not None for p in points) == 7
    assert [p.study for p in points if p.treatment is None] == [s.id for s in network.studies if s.level == "contrast"]


def test_unknown_sds_leave_no_deviance() -> None:
    spec = ph.ModelSpec(measure="SMD", likelihood="arm", tau_prior="half-normal(0.5)")
    fit = ph.fit(datasets.load("parkinson_arms"), spec)
    found = fit_statistics(fit)
    assert found.dbar is None
    assert found.pd is None
    assert found.dic is None
    assert "unknown SDs" in found.reason
    assert "unknown SDs" in found._repr_html_()
    assert {s.deviance for s in found.studies} == {None}
    assert dev_dev(fit, fit).points == ()
    with pytest.raises(ph.ModelError, match="no residual deviance"):
        predictive_check(fit)
    # the density of a left-out study needs no deviance
    assert leave_one_out(fit).elpd is not None


def test_evidence_of_heavy_tailed_draws_is_not_used() -> None:
    spec = ph.ModelSpec(measure="OR", effects="common", effect_prior="normal(0, 2)", baseline_prior="normal(0, 10)")
    fit = ph.fit(datasets.load("smoking"), spec)
    assert isinstance(fit, DrawnPosterior)
    handed_over = replace(fit, engine=replace(fit.engine, name="nuts", pareto_k=0.9))
    found = leave_one_out(handed_over)
    assert found.elpd is None
    assert {study.reason for study in found.studies if study.log_density is None} == {
        "The weighted draws of the whole were too heavy-tailed to tell its evidence."
    }


@pytest.mark.parametrize("ask", [fit_statistics, leave_one_out, predictive_check, power_scaling])
def test_draws_without_their_density_say_what_is_missing(ask: object, smoking: ph.Posterior) -> None:
    assert isinstance(smoking, DrawnPosterior)
    assert callable(ask)
    with pytest.raises(ph.ModelError, match="does not hold"):
        ask(replace(smoking, collapsed=None))
