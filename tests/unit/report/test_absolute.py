"""Absolute outcomes on the page: the table and the figure hold what the fit found."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

import physiohub as ph
from physiohub import datasets
from physiohub.analysis.absolute import AbsoluteEffects, absolute_effects
from physiohub.evidence.absolute_record import absolute_record
from physiohub.report.figures.absolute import absolute_figure
from physiohub.report.figures.render import draw
from physiohub.report.tables.absolute import absolute_table, nnt_text


@pytest.fixture(scope="module")
def found() -> AbsoluteEffects:
    fit = ph.fit(datasets.load("smoking"), ph.ModelSpec(measure="OR", likelihood="contrast"))
    return absolute_effects(fit, "events(10, 150)", better="higher", source="a cohort")


def outcome_of(found: AbsoluteEffects) -> dict[str, Any]:
    """The parts of an outcome of results.json that are read here, passed through JSON."""
    nodes = [{"id": effect.treatment, "label": f"The {effect.treatment}"} for effect in found.effects]
    outcome = {
        "id": "stopped",
        "label": "Stopped",
        "network": {"treatments": nodes},
        "absolute": absolute_record(found),
    }
    return dict(json.loads(json.dumps(outcome, allow_nan=False)))


def test_the_table_is_the_record(found: AbsoluteEffects) -> None:
    table = absolute_table(outcome_of(found))
    rows = list(csv.DictReader(io.StringIO(table.to_csv(), newline="")))
    for row, effect in zip(rows, found.effects, strict=True):
        assert float(row["median"]) == effect.outcome.median
        assert row["treatment"] == f"The {effect.treatment}"
        if effect.difference is None:
            assert (row["difference"], row["nnt"]) == ("", "")
        else:
            assert float(row["difference_low"]) == effect.difference.low
            assert row["nnt"].startswith(("NNTB", "NNTH"))
    assert "events per 1,000 patients" in table.caption
    assert "a cohort" in table.note
    assert f"{1000 * found.effects[1].outcome.median:.0f} (" in table.to_html()


def test_without_absolute_effects_the_table_keeps_its_header() -> None:
    table = absolute_table({"id": "x", "label": "X", "network": {"treatments": []}})
    assert table.rows == ()
    assert table.to_csv().startswith("treatment,median")


def test_what_cannot_be_is_said() -> None:
    fit = ph.fit(datasets.load("smoking"), ph.ModelSpec(measure="RR", likelihood="contrast"))
    note = absolute_table(outcome_of(absolute_effects(fit, "probability(0.6)"))).note
    assert "no outcome can be" in note


def test_an_endless_number_to_treat() -> None:
    ends = {name: {"kind": "benefit", "value": value} for name, value in (("estimate", 9.6), ("best", 4.2))}
    text = nnt_text({**ends, "worst": {"kind": "benefit", "value": None}, "through_infinity": False})
    assert text == "NNTB 10 (NNTB 4 to ∞)"
    assert nnt_text(None) == "not computed"


def test_the_figure_draws_every_treatment(found: AbsoluteEffects) -> None:
    figure = absolute_figure(outcome_of(found))
    svg = draw(figure).svg
    for effect in found.effects:
        assert f"The {effect.treatment}" in svg
    values = [row for layer in figure.spec["layer"] for row in layer["data"]["values"] if "x2" in row]
    assert [row["x"] for row in values] == pytest.approx([1000 * effect.outcome.low for effect in found.effects])
    assert [row["x2"] for row in values] == pytest.approx([1000 * effect.outcome.high for effect in found.effects])
    assert "Lowest and highest" in figure.description


@pytest.mark.parametrize(
    ("measure", "network", "baseline"), [("MD", "parkinson_arms", "mean(-0.7)"), ("IRR", "dietary_fat", "rate(0.05)")]
)
def test_means_and_rates_are_drawn_too(measure: str, network: str, baseline: str) -> None:
    fit = ph.fit(datasets.load(network), ph.ModelSpec(measure=measure, likelihood="contrast"))
    outcome = outcome_of(absolute_effects(fit, baseline))
    assert draw(absolute_figure(outcome)).svg.count("<text") >= len(fit.treatments)
    assert all(row[7].text == "–" for row in absolute_table(outcome).rows)
