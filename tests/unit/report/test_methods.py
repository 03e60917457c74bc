"""The methods paragraph tells the likelihood of counts, and when they were answered through normal contrasts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import physiohub as ph
from physiohub.evidence.record import outcome_record
from physiohub.network.network import build_network
from physiohub.report.methods import methods


def told(name: str, measure: str | None = None, **options: Any) -> str:
    about = ph.datasets.about(name)
    spec = ph.ModelSpec(measure=measure or about.measure, tau_prior=about.tau_prior, **options)
    return methods(outcome_record(ph.datasets.load(name), spec, better=about.better))


@pytest.mark.parametrize(
    ("name", "measure", "sentence"),
    [
        ("smoking", "OR", "each study's log odds ratio with its standard error"),
        ("smoking", "RR", "each study's log risk ratio with its standard error"),
        ("smoking", "RD", "each study's risk difference with its standard error"),
        ("atrial_fibrillation", "IRR", "each study's log rate ratio with its standard error"),
    ],
)
def test_counts_are_said_to_be_answered_through_normal_contrasts(name: str, measure: str, sentence: str) -> None:
    text = told(name, measure, effects="common", likelihood="contrast")
    assert f"Counts were answered through normal contrasts: {sentence}, an approximation that is poor where" in text
    assert "likelihood normal contrasts" in text


def test_zero_cells_are_counted() -> None:
    options = {"effects": "common", "likelihood": "contrast"}
    assert "0.5 was added to the cells of 2 studies. " in told("smoking", **options)
    assert "0.25 was added to the cells of 1 study. " in told("certolizumab", zero_cells=0.25, **options)
    assert "Not part of it: 1 study of which no ratio can be formed. " in told("atrial_fibrillation", **options)


@pytest.mark.parametrize(
    ("name", "likelihood", "done"),
    [
        ("smoking", "binomial, link logit", "for which 0.5 was added to the cells of 2 studies. "),
        ("dietary_fat", "poisson, link log", "rest on normal contrasts of the same counts. "),
    ],
)
def test_counts_with_a_likelihood_of_their_own_are_told_so(name: str, likelihood: str, done: str) -> None:
    text = told(name, effects="common")
    assert f"likelihood {likelihood}; " in text
    assert "empty cells need no correction, and no study is left out for them" in text
    assert done in text
    assert "of them effective, Pareto k" in text
    assert "were answered through" not in text


def test_means_too() -> None:
    network = ph.datasets.load("back_pain")  # with change scores, which have no ratio
    final = [study for study in network.studies if all(arm.value_type != "change" for arm in study.arms)]
    network = build_network([replace(study) for study in final[1:] if study.id != "Ebadi 2012"], reference="active")
    outcome = outcome_record(network, ph.ModelSpec(measure="ROM", effects="common"), better="lower")
    assert "Means were answered through normal contrasts: each study's log ratio of means with" in methods(outcome)


@pytest.mark.parametrize("name", ["linde2016", "senn2013", "stowe2010_smd", "parkinson_arms", "back_pain"])
def test_others_are_not(name: str) -> None:
    assert "were answered through" not in told(name, effects="common")


def test_the_arms_are_reported_as_counted() -> None:
    """Events, totals and person-years stand in the results, from which the table of arms is made."""
    network = ph.datasets.load("dietary_fat")
    outcome = outcome_record(network, ph.ModelSpec(measure="IRR", effects="common"), better="lower")
    arms = outcome["studies"][0]["arms"]
    assert [(arm["events"], arm["exposure"], arm["total"], arm["mean"]) for arm in arms] == [
        (113.0, 1917.0, 1015.0, None),
        (111.0, 1925.0, 1018.0, None),
    ]
