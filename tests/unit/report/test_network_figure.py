"""The network graph: what lines and circles show, and that it stays put."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from tests.unit.report.pictures import boxes, check_texts

from physiohub.report.figures import figures_of, network_figure, to_svg
from physiohub.report.figures.circle import Node, angles, circle_of
from physiohub.report.figures.placing import spread

JUDGED = ("low risk of bias", "some concerns", "high risk of bias", "not assessed")
WORDS = [None, "low", "Some concerns", {"overall": "high"}, "low"]


def judged(outcome: dict[str, Any]) -> dict[str, Any]:
    studies = [{**study, "rob": WORDS[k % len(WORDS)]} for k, study in enumerate(outcome["studies"])]
    return {**outcome, "studies": studies}


@pytest.mark.parametrize("treatments", [2, 3, 4, 9, 20, 25, 40])
@pytest.mark.parametrize("options", [{"rob": True}, {"weights": "participants"}])
def test_no_text_is_cut_and_none_covers_another(make_outcome, treatments, options):
    check_texts(network_figure(judged(make_outcome(treatments, long=True)), **options))


def test_risk_of_bias_is_drawn_where_it_was_judged(make_outcome):
    outcome = make_outcome(4)
    assert "network-rob" not in {figure.id for figure in figures_of(outcome)}
    assert "network-rob" in {figure.id for figure in figures_of(judged(outcome))}


def test_risk_of_bias_has_a_colour_a_dash_and_a_word(make_outcome):
    figure = network_figure(judged(make_outcome(4)), rob=True)
    rules = [layer["mark"] for layer in figure.spec["layer"] if layer["mark"]["type"] == "rule"]
    legend = [mark for mark in rules if mark.get("strokeWidth") == 3]
    assert len({mark["color"] for mark in legend}) == len({tuple(mark["strokeDash"]) for mark in legend}) == 4
    texts = [box.text for box in boxes(to_svg(figure))]
    for word in JUDGED:
        assert any(text.startswith(f"{word}: ") for text in texts)
    assert sum(text in JUDGED for text in texts) == 4


def test_an_unknown_judgement_is_an_error_that_names_the_study(make_outcome):
    outcome = make_outcome(3)
    studies = [{**outcome["studies"][0], "rob": "fine"}, *outcome["studies"][1:]]
    with pytest.raises(ValueError, match=r"Author 1 1998.*'fine'"):
        figures_of({**outcome, "studies": studies})


def test_lines_can_show_participants(make_outcome):
    outcome = make_outcome(4)
    comparisons = [dict(row) for row in outcome["network"]["comparisons"]]
    comparisons[0]["participants"] = None
    outcome = {**outcome, "network": {**outcome["network"], "comparisons": comparisons}}
    figure = network_figure(outcome, weights="participants")
    texts = {box.text for box in boxes(to_svg(figure))}
    assert {str(row["participants"]) for row in comparisons[1:]} <= texts
    assert "drawn thin: 1 comparison" in figure.description
    lines = figure.spec["layer"][0]["data"]["values"]
    assert min(line["wide"] for line in lines) == lines[0]["wide"] == 1.5


def test_the_layout_stays_put_when_the_data_change(make_outcome):
    def places(outcome: dict[str, Any]) -> list[tuple[str, float, float]]:
        layers = network_figure(outcome).spec["layer"]
        rows = [row for layer in layers for row in layer["data"]["values"] if "treatment" in row]
        return sorted((row["treatment"], round(row["x"], 6), round(row["y"], 6)) for row in rows)

    first, second = make_outcome(9, seed=1), make_outcome(9, seed=2)
    people = [node["participants"] for node in first["network"]["treatments"]]
    nodes = [{**node, "participants": n} for node, n in zip(second["network"]["treatments"], people, strict=True)]
    studies = second["studies"][:5]
    other = {**second, "studies": studies, "network": {**second["network"], "treatments": nodes}}
    assert places(first) == places(other)


def test_labels_stand_in_the_order_of_their_nodes():
    nodes = [Node(str(k), f"Treatment {k}\nn = 5", angle, 80.0) for k, angle in enumerate(angles(40))]
    circle = circle_of(nodes)
    right = [node.label_y for node in circle.nodes if node.side == 1]
    assert right == sorted(right)
    assert all(node.side for node in nodes)
    assert min(below - above for above, below in pairwise(right)) >= nodes[0].height


def test_spread_moves_labels_no_more_than_needed():
    assert spread([0.0, 100.0], [10, 10]) == [0.0, 100.0]
    assert spread([], []) == []
    crowd = spread([5.0] * 9, [10] * 9, gap=2)
    assert sum(crowd) / 9 == pytest.approx(5.0)
    assert [round(b - a, 9) for a, b in pairwise(crowd)] == [12.0] * 8
