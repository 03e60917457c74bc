"""Leave-one-study-out densities against the difference of two log evidences: fits of the whole and of the rest."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

import physiohub as ph
from physiohub import datasets
from physiohub.analysis.leave_one_out import leave_one_out


@pytest.fixture(scope="module")
def blocker() -> ph.Posterior:
    spec = ph.ModelSpec(
        measure="OR", tau_prior="half-normal(0.5)", effect_prior="normal(0, 2)", baseline_prior="normal(0, 5)"
    )
    return ph.fit(datasets.load("blocker"), spec)


def test_counts(blocker: ph.Posterior) -> None:
    found = {study.study: study for study in leave_one_out(blocker).studies}
    assert {study.method for study in found.values()} == {"importance"}
    assert blocker.log_evidence is not None
    for study in blocker.network.studies[::4]:
        rest = ph.fit(blocker.network.without(study.id), blocker.spec)
        assert rest.log_evidence is not None
        # either evidence is known to 1/sqrt(6000) = 0.013 or better; four errors of their difference
        assert found[study.id].log_density == pytest.approx(blocker.log_evidence - rest.log_evidence, abs=0.05)


def test_a_study_that_changes_the_answer_is_left_out_by_a_refit() -> None:
    spec = ph.ModelSpec(measure="OR", effects="common", effect_prior="normal(0, 2)", baseline_prior="normal(0, 10)")
    fit = ph.fit(datasets.load("smoking"), spec)
    found = leave_one_out(fit)
    refitted = [study for study in found.studies if study.method == "refit"]
    # the largest trials of individual counselling pull a common effect by themselves
    assert refitted
    assert all(study.pareto_k is not None and study.pareto_k > 0.7 for study in refitted)
    one = refitted[-1]
    rest = ph.fit(fit.network.without(one.study), spec)
    assert fit.log_evidence is not None
    assert rest.log_evidence is not None
    assert one.log_density == pytest.approx(fit.log_evidence - rest.log_evidence, abs=0.05)
    assert found.elpd == pytest.approx(sum(s.log_density for s in found.studies if s.log_density is not None))


def test_normal_data_of_a_common_effect_in_closed_form() -> None:
    fit = ph.fit(
        datasets.load("parkinson_differences"),
        ph.ModelSpec(measure="MD", effects="common", effect_prior="normal(0, 3)"),
    )
    studies = fit.rows.studies  # type: ignore[attr-defined]
    parameters = len(fit.treatments) - 1
    design = np.vstack([study.design(parameters) for study in studies])
    sampling = np.zeros((len(design), len(design)))
    owner = np.repeat(np.arange(len(studies)), [len(study.y) for study in studies])
    for i, study in enumerate(studies):
        sampling[np.ix_(owner == i, owner == i)] = study.sampling
    y = np.concatenate([study.y for study in studies])
    joint = sampling + 9 * design @ design.T
    for i, one in enumerate(leave_one_out(fit).studies):
        rest, own = owner != i, owner == i
        gain = joint[np.ix_(own, rest)] @ np.linalg.inv(joint[np.ix_(rest, rest)])
        mean = gain @ y[rest]
        covariance = joint[np.ix_(own, own)] - gain @ joint[np.ix_(rest, own)]
        assert one.log_density == pytest.approx(multivariate_normal(mean, covariance).logpdf(y[own]), abs=1e-9)
