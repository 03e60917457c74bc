"""Figures: they compile at every size, no text is cut or covers another, and they say what the record says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from tests.unit.report.pictures import SVG, boxes, check_texts

from physiohub.report.figures import (
    draw,
    draw_all,
    figures_of,
    forest_figure,
    network_figure,
    omitted_figures,
    rankogram_figure,
    tau_figure,
    to_png,
    to_svg,
    trials_figures,
)
from physiohub.report.figures.style import broken, nice_ticks, text_width
from physiohub.report.format import Scale, ascii_text
from physiohub.report.outcome import labels, pair_index


@pytest.mark.parametrize("treatments", [2, 3, 4, 5, 8, 9, 13, 20, 40])
@pytest.mark.parametrize("long", [False, True])
def test_no_text_is_cut_and_none_covers_another(make_outcome, treatments, long):
    for figure in figures_of(make_outcome(treatments, long=long)):
        check_texts(figure)


@pytest.mark.parametrize("measure", ["MD", "SMD", "OR", "HR", "RD"])
@pytest.mark.parametrize("better", ["lower", "higher"])
def test_every_measure_and_direction_is_drawn(make_outcome, measure, better):
    outcome = make_outcome(4, measure=measure, better=better)
    text = " ".join(box.text for box in boxes(to_svg(forest_figure(outcome))))
    left = "favours the treatment" if better == "lower" else "favours Control"
    assert f"← {left}" in text
    assert "no difference" in text
    assert "Shaded" in text


def test_the_forest_prints_the_intervals_of_the_tables(make_outcome):
    outcome = make_outcome(6)
    scale, pairs = Scale.of(outcome), pair_index(outcome)
    texts = {box.text for box in boxes(to_svg(forest_figure(outcome)))}
    for treatment in list(labels(outcome))[1:]:
        row = pairs[treatment, "t0"]
        assert scale.effect(row, named=False) in texts
        assert scale.span(row["predictive_low"], row["predictive_high"]) in texts


def test_the_trials_stand_with_their_comparison_and_its_network_estimate(make_outcome):
    outcome = make_outcome(4)
    (figure,) = trials_figures(outcome)
    texts = [box.text for box in boxes(to_svg(figure))]
    assert texts.count("Network") == len(outcome["network"]["comparisons"])
    drawn = sum(len(study["contrasts"]) for study in outcome["studies"])
    assert f"{drawn} estimates" in figure.description


def test_a_contrast_coded_the_other_way_is_turned(make_outcome):
    outcome = make_outcome(2)
    study = outcome["studies"][0]
    (row,) = study["contrasts"]
    turned = {**row, "treatment": row["versus"], "versus": row["treatment"], "estimate": -row["estimate"]}
    turned |= {"low": -row["high"], "high": -row["low"]}
    other = {**outcome, "studies": [{**study, "contrasts": [turned]}, *outcome["studies"][1:]]}
    assert to_svg(trials_figures(outcome)[0]) == to_svg(trials_figures(other)[0])


def counted(outcome: dict[str, Any]) -> dict[str, Any]:
    """The outcome with counts in its arms, a corrected first study, and a second one without a contrast."""
    studies = []
    for k, study in enumerate(outcome["studies"]):
        arms = [{"treatment": t, "events": 3.0 + j, "total": 40.0 + k} for j, t in enumerate(study["treatments"])]
        place = {arm["treatment"]: j for j, arm in enumerate(arms)}
        rows = [{**row, "arms": [place[row["treatment"]], place[row["versus"]]]} for row in study["contrasts"]]
        studies.append({**study, "arms": arms, "contrasts": rows, "added_to_cells": 0.5 if k == 0 else None})
    studies[1] |= {"contrasts": [], "contrasts_reason": "no events in all arms"}
    return {**outcome, "studies": studies, "likelihood": "binomial", "link": "logit"}


def test_trials_of_counts_show_them_with_what_was_done(make_outcome):
    outcome = counted(make_outcome(2, measure="OR"))
    (figure,) = trials_figures(outcome)
    check_texts(figure)
    texts = [box.text for box in boxes(to_svg(figure))]
    assert "Events / total" in texts
    assert "4/40 v 3/40" in texts
    assert any(text.endswith(" *") for text in texts)
    assert "no estimate of its own" in texts
    assert "4/41 v 3/41" in texts
    told = " ".join(texts)
    assert "0.5 was added to each cell of the study; the posterior takes the counts as they are." in told
    assert f"No contrast can be formed of {outcome['studies'][1]['id']}." in told
    assert "1 study without an estimate of its own." in figure.description


def test_parts_of_one_forest_share_their_axis(make_outcome):
    figures = trials_figures(make_outcome(20))
    assert len(figures) > 1
    domains = {str(_domain(figure.spec)) for figure in figures}
    assert len(domains) == 1


def _domain(spec: dict[str, Any]) -> list[float]:
    return next(
        layer["encoding"]["x"]["scale"]["domain"] for layer in spec["layer"] if "axis" in layer["encoding"]["x"]
    )


def test_a_very_wide_interval_is_cut_with_an_arrow_and_said_so(make_outcome):
    outcome = make_outcome(5)
    rows = [dict(row) for row in outcome["relative_effects"]]
    for row in rows:
        if row["treatment"] == "t2" and row["versus"] == "t0":
            row |= {"low": -60.0, "high": 60.0, "predictive_low": -90.0, "predictive_high": 90.0}
    figure = forest_figure({**outcome, "relative_effects": rows})
    svg = to_svg(figure)
    assert any("Arrow: the interval goes on" in box.text for box in boxes(svg))
    assert any(box.text.endswith("(−60.00 to 60.00)") for box in boxes(svg))
    low, high = _domain(figure.spec)
    assert high - low < 20


def test_sucra_stands_in_the_title_of_its_panel(make_outcome):
    outcome = make_outcome(4)
    figure = rankogram_figure(outcome)
    for panel, row in zip(figure.spec["concat"], outcome["ranking"], strict=True):
        assert panel["title"]["text"][-1].startswith("SUCRA ")
        assert [value["probability"] for value in panel["data"]["values"]] == row["rank_probabilities"]


def test_a_common_effect_fit_leaves_tau_out_with_its_reason(make_outcome):
    outcome = make_outcome(3, effects="common")
    assert [figure.id for figure in omitted_figures(outcome)] == ["heterogeneity", "tau-effects"]
    assert "common-effect" in omitted_figures(outcome)[0].reason
    assert "heterogeneity" not in {figure.id for figure in figures_of(outcome)}


def test_a_prior_without_bound_at_zero_does_not_flatten_the_posterior(make_outcome):
    outcome = make_outcome(3)
    density = outcome["heterogeneity"]["density"]
    prior = [None if tau == 0 else 1 / tau for tau in density["tau"]]
    outcome = {**outcome, "heterogeneity": {**outcome["heterogeneity"], "density": {**density, "prior": prior}}}
    figure = tau_figure(outcome)
    top = next(layer for layer in figure.spec["layer"] if "y" in layer["encoding"])["encoding"]["y"]["scale"]["domain"][
        1
    ]
    assert top <= 1.7 * max(density["posterior"])
    assert "<path" in to_svg(figure)


def test_what_was_not_computed_is_left_out_with_a_reason(make_outcome):
    outcome = make_outcome(3)
    ranking = [{**row, "rank_probabilities": None} for row in outcome["ranking"]]
    studies = [{**study, "contrasts": []} for study in outcome["studies"]]
    effects = [
        {**row, "median": None, "mean": None, "q2.5": None, "q97.5": None} for row in outcome["relative_effects"]
    ]
    poor = {**outcome, "ranking": ranking, "studies": studies, "relative_effects": effects}
    assert {figure.id for figure in omitted_figures(poor)} == {"forest", "forest-trials", "rankogram"}
    assert {figure.id for figure in figures_of(poor)} == {"network", "heterogeneity", "tau-effects", "leverage"}


def test_unknown_participants_do_not_stop_the_network_graph(make_outcome):
    outcome = make_outcome(4)
    nodes = [{**node, "participants": None} for node in outcome["network"]["treatments"]]
    svg = to_svg(network_figure({**outcome, "network": {**outcome["network"], "treatments": nodes}}))
    assert "n = " not in svg


def test_descriptions_are_sentences_with_numbers(make_outcome):
    for figure in figures_of(make_outcome(4)):
        assert re.search(r"\d", figure.description)
        assert figure.description.endswith(".")
        assert not re.search(r"significan|superior|no effect", figure.description)


def test_a_picture_names_itself_and_needs_nothing(make_results, make_outcome):
    second = {**make_outcome(3), "id": "odi"}
    drawn = draw_all(make_results(make_outcome(3), second))
    identifiers: list[str] = []
    for pictures in drawn.values():
        for picture in pictures:
            root = ET.fromstring(picture.svg)
            assert root.get("role") == "img"
            first, second_child = list(root)[:2]
            assert (first.tag, second_child.tag) == (f"{SVG}title", f"{SVG}desc")
            assert root.get("aria-labelledby") == f"{first.get('id')} {second_child.get('id')}"
            assert first.text == picture.figure.title
            assert second_child.text == picture.figure.description
            identifiers += [node.get("id", "") for node in root.iter() if node.get("id")]
            # namespaces are names, not addresses
            assert not re.search(r"<script|<image|href|@import|url\((?!#)", picture.svg)
            assert picture.width == round(float(root.get("width", 0)))
    assert len(identifiers) == len(set(identifiers))


HOSTILE = "\"><script>alert(1)</script> ]]> & '"


def test_hostile_labels_stay_text(make_outcome):
    outcome = make_outcome(3, labels=["Control", HOSTILE, "x" * 200])
    for figure in figures_of(outcome):
        svg = to_svg(figure)
        ET.fromstring(svg)
        assert "<script" not in svg


def test_png(make_outcome):
    picture = draw(network_figure(make_outcome(3)), "o1")
    assert to_png(picture.svg).startswith(b"\x89PNG")


def test_the_same_record_gives_the_same_picture(make_outcome):
    assert to_svg(forest_figure(make_outcome(4))) == to_svg(forest_figure(make_outcome(4)))


def test_text_is_broken_to_its_width():
    assert broken("a" * 100, 60).count("\n") > 3
    assert all(text_width(line) <= 60 for line in broken("some words of text " * 4 + "a" * 100, 60).split("\n"))
    assert broken("", 60) == ""


@pytest.mark.parametrize(("low", "high"), [(-1.3, 0.6), (0, 1e-4), (-250, 900), (3.1, 3.2)])
def test_ticks_are_few_and_inside(low, high):
    ticks = nice_ticks(low, high)
    assert 2 <= len(ticks) <= 7
    assert all(low <= tick <= high for tick in ticks)
    assert ascii_text(str(ticks[0]))
