"""Figures of effects, ranks and fit show the record's own numbers, at every size."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from tests.unit.report.pictures import boxes, check_texts

from physiohub.report.figures import (
    Figure,
    all_pairs_figures,
    figures_of,
    league_map_figure,
    leverage_figure,
    omitted_figures,
    radial_figure,
    rank_curves_figure,
    tau_effects_figure,
    to_svg,
)
from physiohub.report.figures.tau_effects import LEVELS, curves_of
from physiohub.report.format import Scale, limits
from physiohub.report.outcome import labels, pair_index


def texts_of(figure: Figure) -> list[str]:
    return [box.text for box in boxes(to_svg(figure))]


@pytest.mark.parametrize("measure", ["MD", "OR", "RD"])
@pytest.mark.parametrize("treatments", [3, 7, 21])
def test_no_text_is_cut_for_any_measure(make_outcome, measure, treatments):
    outcome = make_outcome(treatments, measure=measure, better="higher", long=True)
    for figure in figures_of(outcome):
        check_texts(figure)


def test_every_pair_is_drawn_once(make_outcome):
    outcome = make_outcome(6)
    (figure,) = all_pairs_figures(outcome)
    scale, texts = Scale.of(outcome), texts_of(figure)
    pairs = pair_index(outcome)
    for k, treatment in enumerate(labels(outcome)):
        for versus in list(labels(outcome))[:k]:
            assert scale.effect(pairs[treatment, versus], named=False) in texts
    assert len(figure.table.rows) == 15
    assert "Intervals that leave out no difference" in figure.description


def test_many_treatments_stand_beside_three_comparators_on_pages_with_one_axis(make_outcome):
    outcome = make_outcome(15)
    figures = all_pairs_figures(outcome)
    assert sum(len(figure.table.rows) for figure in figures) == 3 * 14
    assert all("the table of every comparison holds all" in figure.description for figure in figures)
    everything = all_pairs_figures(outcome, versus=list(labels(outcome)))
    assert sum(len(figure.table.rows) for figure in everything) == 15 * 14
    domains = {
        str(layer["encoding"]["x"]["scale"]["domain"])
        for figure in everything
        for layer in figure.spec["layer"]
        if "axis" in layer["encoding"]["x"]
    }
    assert len(domains) == 1
    assert any("(continued)" in text for figure in everything for text in texts_of(figure))
    for figure in everything:
        check_texts(figure)


@pytest.mark.parametrize("treatments", [2, 4, 30])
def test_the_league_map_frames_what_leaves_out_no_difference(make_outcome, treatments):
    outcome = make_outcome(treatments)
    figure = league_map_figure(outcome)
    rects = [layer for layer in figure.spec["layer"] if layer["mark"]["type"] == "rect"]
    framed = [row for layer in rects if layer["mark"].get("filled") is False for row in layer["data"]["values"]]
    apart = [row for row in outcome["relative_effects"] if not limits(row)[0] <= 0 <= limits(row)[1]]
    assert len(rects[0]["data"]["values"]) == treatments**2
    assert len(framed) == len(apart)
    assert "Each cell: row treatment versus column treatment; a negative value favours the row." in " ".join(
        texts_of(figure)
    )


def test_the_league_map_is_blue_where_the_row_is_favoured(make_outcome):
    for better in ("lower", "higher"):
        outcome = make_outcome(3, better=better)
        figure = league_map_figure(outcome)
        cells = next(layer["data"]["values"] for layer in figure.spec["layer"] if layer["mark"]["type"] == "rect")
        order = list(labels(outcome))
        sign = 1 if better == "higher" else -1
        for k, cell in enumerate(cells):
            row = pair_index(outcome).get((order[k // 3], order[k % 3]))
            if row is not None:
                red, blue = int(cell["fill"][1:3], 16), int(cell["fill"][5:7], 16)
                assert (blue > red) == (sign * row["median"] > 0)


def test_the_area_of_a_rank_curve_is_sucra(make_outcome):
    outcome = make_outcome(5)
    figure = rank_curves_figure(outcome)
    for panel, row in zip(figure.spec["concat"], outcome["ranking"], strict=True):
        steps = panel["data"]["values"]
        assert panel["layer"][0]["mark"]["interpolate"] == "step-after"
        area = sum(a["mine"] * (b["rank"] - a["rank"]) for a, b in pairwise(steps)) / (len(steps) - 1)
        assert area == pytest.approx(row["sucra"])


def test_sectors_go_clockwise_from_the_highest_sucra(make_outcome):
    outcome = make_outcome(7)
    figure = radial_figure(outcome)
    (sectors,) = (layer["data"]["values"] for layer in figure.spec["layer"] if "theta" in layer.get("encoding", {}))
    assert [row["sucra"] for row in sectors] == sorted((row["sucra"] for row in outcome["ranking"]), reverse=True)
    middles = [(row["from"] + row["to"]) / 2 for row in sectors]
    assert middles == pytest.approx([2 * math.pi * k / 7 for k in range(7)])
    reach = np.polyfit([row["sucra"] for row in sectors], [row["reach"] for row in sectors], 1)
    assert np.polyval(reach, [row["sucra"] for row in sectors]) == pytest.approx([row["reach"] for row in sectors])


def with_outliers(outcome: dict[str, Any], every: int) -> dict[str, Any]:
    studies = [
        {**row, "deviance": 6.5 + k} if k % every == 0 else row for k, row in enumerate(outcome["fit"]["studies"])
    ]
    return {**outcome, "fit": {**outcome["fit"], "studies": studies}}


@pytest.mark.parametrize("treatments", [2, 4, 9, 20, 40])
def test_outliers_are_named_and_no_name_covers_another(make_outcome, treatments):
    outcome = with_outliers(make_outcome(treatments, long=True), 3)
    arms = outcome["fit"]["studies"][0]
    arms["arms"] = [
        {"treatment": t, "deviance": 4.0 + k, "leverage": 0.9, "residual": (-1) ** k}
        for k, t in enumerate(("t0", "t1"))
    ]
    figure = leverage_figure(outcome)
    check_texts(figure)
    texts = " ".join(texts_of(figure))
    assert "Left of zero: observed below fitted." in texts
    assert ": 5.9" in texts or treatments > 4


def test_leverage_counts_data_points(make_outcome):
    outcome = make_outcome(4)
    studies = outcome["fit"]["studies"]
    several = {**studies[0], "data_points": 3, "deviance": 6.0, "leverage": 1.5}
    outcome = {**outcome, "fit": {**outcome["fit"], "studies": [several, *studies[1:]]}}
    figure = leverage_figure(outcome)
    row = next(row for row in figure.table.rows if row[0].value == several["study"])
    assert [cell.value for cell in row[1:]] == [3, 2.0, 0.5, 2.5]
    assert "none above 3" in figure.description


def test_no_deviance_leaves_leverage_out_with_its_reason(make_outcome):
    outcome = make_outcome(3)
    studies = [{**row, "deviance": None} for row in outcome["fit"]["studies"]]
    fit = {**outcome["fit"], "studies": studies, "residual_deviance_reason": "an SMD by arms has none"}
    (omitted,) = omitted_figures({**outcome, "fit": fit})
    assert (omitted.id, omitted.reason) == ("leverage", "an SMD by arms has none")


def test_regions_of_tau_and_effect_hold_what_they_say(make_outcome):
    """Against draws of the joint posterior."""
    outcome = make_outcome(3)
    rng = np.random.default_rng(5)
    for curve in curves_of(outcome["heterogeneity"]["profile"]):
        cells = np.diff(curve.tau) * (curve.density[1:] + curve.density[:-1]) / 2
        tau = np.interp(rng.uniform(0, 1, 40_000), np.concatenate([[0], np.cumsum(cells)]), curve.tau)
        effect = rng.normal(np.interp(tau, curve.tau, curve.mean), np.interp(tau, curve.tau, curve.sd))
        for level in LEVELS:
            at, below, above = curve.region(level)
            inside = (tau >= at[0]) & (tau <= at[-1])
            inside &= (effect >= np.interp(tau, at, below)) & (effect <= np.interp(tau, at, above))
            assert inside.mean() == pytest.approx(level, abs=0.01)


def test_tau_against_effects_names_who_has_no_panel(make_outcome):
    outcome = make_outcome(15)
    figure = tau_effects_figure(outcome)
    assert len(figure.spec["concat"]) == 12
    names = list(labels(outcome).values())
    said = " ".join(figure.spec["title"]["text"])
    assert all(name in said for name in names[13:])
    assert len(figure.table.rows) == 5 * 14


def test_a_profile_that_was_not_computed_is_left_out_with_a_reason(make_outcome):
    outcome = make_outcome(3)
    poor = {**outcome, "heterogeneity": {**outcome["heterogeneity"], "profile": None}}
    assert [(o.id, o.reason) for o in omitted_figures(poor)] == [("tau-effects", "effects given tau were not computed")]


def test_effects_within_their_uncertainty_stay_pale(make_outcome):
    outcome = make_outcome(2)
    rows = [
        {**row, "median": 0.02 * (1 if row["treatment"] == "t1" else -1), "low": -0.5, "high": 0.5}
        for row in outcome["relative_effects"]
    ]
    figure = league_map_figure({**outcome, "relative_effects": rows})
    fills = [cell["fill"] for cell in figure.spec["layer"][0]["data"]["values"]]
    assert all(int(fill[k : k + 2], 16) > 225 for fill in fills for k in (1, 3, 5))
