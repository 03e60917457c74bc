"""The methods paragraph tells when counts or means were answered through normal contrasts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import physiohub as ph
from physiohub.evidence.record import outcome_record
from physiohub.network.network import build_network
from physiohub.report.sections import methods


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
    text = told(name, measure, effects="common")
    assert f"Counts were answered through normal contrasts: {sentence}, an approximation that is poor where" in text
    assert "likelihood normal contrasts" in text


def test_zero_cells_are_counted() -> None:
    assert "0.5 was added to the cells of 2 studies. " in told("smoking", effects="common")
    assert "0.25 was added to the cells of 1 study. " in told("certolizumab", effects="common", zero_cells=0.25)
    assert "Not part of it: 1 study of which no ratio can be formed. " in told("atrial_fibrillation", effects="common")


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
