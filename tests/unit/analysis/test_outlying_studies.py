"""Leave-one-out residuals against a mean-shift model of the whole network, and how often they speak without reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from benchmarks.networks import contrast_network

import physiohub as ph
from physiohub import datasets
from physiohub.analysis.outlying_studies import FAMILY_ERROR, StudyResidual, outlying_issues, study_residuals
from physiohub.inference.frequentist import fit_frequentist
from physiohub.model.normal_study import normal_studies
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network


def by_mean_shift(network: Network, spec: ModelSpec, id: str) -> tuple[float, int]:
    """Wald statistic of parameters of its own for one study, in a dense fit of all studies at the others' tau^2.

    A study with a parameter for each of its contrasts tells nothing of d: the same question by another route.
    """
    tau2 = fit_frequentist(network.without(id), spec).tau2
    parameters = len(network.treatments) - 1
    X, y, V = [], [], []
    for study in normal_studies(network, spec):
        a = len(study.treatments)
        C = np.hstack([-np.ones((a - 1, 1)), np.eye(a - 1)]) if study.level == "arm" else np.eye(a - 1)
        X.append(C @ study.design(parameters))
        y.append(C @ study.y)
        V.append(C @ (study.sampling + tau2 * study.heterogeneity) @ C.T)
    sizes = [len(part) for part in y]
    ids = [study.id for study in network.studies]
    own = np.zeros((sum(sizes), sizes[ids.index(id)]))
    start = sum(sizes[: ids.index(id)])
    own[start : start + own.shape[1]] = np.eye(own.shape[1])
    design = np.hstack([np.vstack(X), own])
    covariance = np.zeros((sum(sizes), sum(sizes)))
    at = 0
    for block in V:
        covariance[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    weight = np.linalg.inv(covariance)
    cov = np.linalg.inv(design.T @ weight @ design)
    estimate = cov @ design.T @ weight @ np.concatenate(y)
    shift = estimate[parameters:]
    return float(shift @ np.linalg.solve(cov[parameters:, parameters:], shift)), len(shift)


def residual_of(residuals: tuple[StudyResidual, ...], id: str) -> StudyResidual:
    return next(one for one in residuals if one.study == id)


@pytest.mark.parametrize(
    ("name", "measure", "studies"),
    [
        ("parkinson_arms", "MD", ("2", "3", "5")),
        ("smoking", "OR", ("1", "3", "15")),
        ("senn2013", "MD", ("DeFronzo1995",)),
    ],
)
def test_against_a_mean_shift_in_a_dense_fit(name, measure, studies):
    network, spec = datasets.load(name), ModelSpec(measure=measure)
    residuals = study_residuals(network, spec)
    for id in studies:
        statistic, df = by_mean_shift(network, spec, id)
        found = residual_of(residuals, id)
        assert found.df == df
        assert found.f * df == pytest.approx(statistic, rel=1e-8)  # two solutions of systems with condition below 1e6


def test_a_study_that_is_moved_is_named_with_its_arithmetic():
    network = contrast_network(20, 4)
    table = [
        {"study": s.id, "treat1": s.treatments[1], "treat2": s.treatments[0], "TE": s.contrasts.estimate[0],
         "seTE": s.contrasts.covariance[0, 0] ** 0.5}
        for s in network.studies if s.contrasts is not None and len(s.arms) == 2
    ]  # fmt: skip
    clean = ph.read_contrasts(pd.DataFrame(table), reference=network.reference)
    assert outlying_issues(clean, ModelSpec(measure="SMD")) == ()
    table[5]["TE"] += 6.0
    issue, *more = outlying_issues(
        ph.read_contrasts(pd.DataFrame(table), reference=network.reference), ModelSpec(measure="SMD")
    )
    assert not more
    assert (issue.rule, issue.severity, issue.study, issue.row) == (
        "study-off-network",
        "warning",
        table[5]["study"],
        7,
    )
    assert "named below 0.05/" in issue.message


def test_what_others_cannot_predict_is_left_out():
    cells = {"study": list("1234"), "treat1": list("BBCD"), "treat2": list("AAAA"), "TE": [0.1, 0.2, 0.3, 0.4]}
    table = pd.DataFrame({**cells, "seTE": [0.1] * 4})
    network = ph.read_contrasts(table, reference="A")
    # without study 1 or 2 one estimate of B is left and nothing tells tau; C and D stand in one study each
    assert study_residuals(network, ModelSpec(measure="SMD")) == ()


@pytest.mark.slow
@pytest.mark.parametrize(("studies", "treatments"), [(10, 2), (20, 4)])
def test_families_of_studies_without_outliers_are_seldom_named(studies, treatments):
    """Networks that the model made: at most FAMILY_ERROR of them may have a study named, within sampling error."""
    runs = 100
    named = sum(
        bool(outlying_issues(contrast_network(studies, treatments, seed=k), ModelSpec(measure="SMD")))
        for k in range(runs)
    )
    # Bonferroni is an upper bound; 3.1 binomial SDs above it happen once in a thousand suites
    assert named <= runs * FAMILY_ERROR + 3.1 * (runs * FAMILY_ERROR * (1 - FAMILY_ERROR)) ** 0.5


def test_the_reference_does_not_matter():
    network, spec = datasets.load("parkinson_arms"), ModelSpec(measure="MD")
    turned = study_residuals(network.with_reference("Cabergoline"), spec)
    for one in study_residuals(network, spec):
        assert residual_of(turned, one.study).p == pytest.approx(one.p, rel=1e-6)  # REML is found to about 1e-8
