"""Network graph: treatments on a circle in their order, lines for what was compared directly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from physiohub.report.figures.circle import (
    Circle,
    Node,
    angles,
    circle_of,
    label_layers,
    label_width,
    leader_layers,
)
from physiohub.report.figures.figure import Figure
from physiohub.report.figures.rob import JUDGEMENTS, Judgement, judgement_of, prevailing
from physiohub.report.figures.style import (
    LINE,
    MAIN,
    SCHEMA,
    SMALL,
    broken,
    config,
    line_height,
    pixels,
    text_layer,
    text_width,
)
from physiohub.report.format import count, plural
from physiohub.report.outcome import label_of, labels, multi_arm
from physiohub.report.tables import comparisons_table

__all__ = ["Weights", "network_figure"]

Outcome = Mapping[str, Any]
Row = dict[str, Any]
Weights = Literal["studies", "participants"]
"""What the width of a line shows."""

LABELLED_EDGES = 45  # with more lines than this, a number on each would hide the picture
SAMPLE = 44.0  # length of a line in the legend


def network_figure(outcome: Outcome, *, weights: Weights = "studies", rob: bool = False) -> Figure:
    """Circles sized by participants, lines by studies or by participants, labels outside the circle.

    Parameters
    ----------
    weights
        What the width of a line shows; the number is printed on it.
    rob
        Whether lines and circles show the risk of bias of most of their studies, by colour, dash and word.
    """
    judged = _judged(outcome) if rob else {}
    circle = circle_of(_nodes(outcome, judged))
    key, height = _legend(outcome, circle) if rob else ([], circle.height)
    x, y = pixels(circle.width, axis="x"), pixels(height, axis="y")
    spec = {
        "$schema": SCHEMA,
        "width": circle.width,
        "height": height,
        "padding": 4,
        "layer": [
            *_edge_layers(outcome, circle, weights, judged, x, y),
            *leader_layers(circle.nodes, x, y),
            *_node_layers(outcome, circle.nodes, judged, x, y),
            *label_layers(circle.nodes, y),
            *key,
        ],
        "config": config(),
    }
    ident = "network-rob" if rob else "network" if weights == "studies" else "network-participants"
    title = f"{'Risk of bias in the network' if rob else 'Network of comparisons'}, {label_of(outcome)}"
    return Figure(ident, title, _description(outcome, weights, rob=rob), spec, comparisons_table(outcome))


def _judged(outcome: Outcome) -> dict[frozenset[str], Judgement]:
    """What prevails among the studies of each treatment, and of each comparison."""
    studies = [(frozenset(map(str, study["treatments"])), judgement_of(study)) for study in outcome["studies"]]
    sets = [frozenset({str(node["id"])}) for node in outcome["network"]["treatments"]]
    sets += [frozenset({str(row["treatment"]), str(row["versus"])}) for row in outcome["network"]["comparisons"]]
    return {one: prevailing(judgement for has, judgement in studies if one <= has) for one in sets}


def _nodes(outcome: Outcome, judged: Mapping[frozenset[str], Judgement]) -> list[Node]:
    shown = outcome["network"]["treatments"]
    people = [node["participants"] for node in shown]
    most = max((n for n in people if n), default=None)
    biggest = 900.0 if len(shown) <= 12 else 420.0
    nodes = []
    for angle, row in zip(angles(len(shown)), shown, strict=True):
        share = 0.5 if most is None or not row["participants"] else row["participants"] / most
        mark = " (reference)" if row["id"] == outcome["reference"] else ""
        known = f"\nn = {count(row['participants'])}" if row["participants"] is not None else ""
        judgement = judged.get(frozenset({str(row["id"])}))
        word = f"\n{judgement.word}" if judgement else ""
        text = broken(row["label"] + mark, label_width(len(shown)), SMALL) + known + word
        nodes.append(Node(str(row["id"]), text, angle, max(70.0, biggest * share)))
    return nodes


def _edge_layers(
    outcome: Outcome,
    circle: Circle,
    weights: Weights,
    judged: Mapping[frozenset[str], Judgement],
    x: Row,
    y: Row,
) -> list[Row]:
    place = {node.id: node for node in circle.nodes}
    comparisons = outcome["network"]["comparisons"]
    most = max((row[weights] or 0 for row in comparisons), default=0)
    thickest = 6.5 if len(place) <= 8 else 4.0 if len(place) <= 20 else 2.5
    edges: dict[Judgement | None, list[Row]] = {}
    for row in comparisons:
        a, b = place[row["treatment"]], place[row["versus"]]
        share = ((row[weights] or 0) - 1) / max(1, most - 1)
        line = {"x": a.x, "y": a.y, "x2": b.x, "y2": b.y, "wide": round(1.5 + thickest * max(0.0, share), 2)}
        edges.setdefault(judged.get(frozenset({a.id, b.id})), []).append(line)
    ends = {
        "x2": {"field": "x2"},
        "y2": {"field": "y2"},
        "size": {"field": "wide", "type": "quantitative", "scale": None},
    }
    layers = []
    for judgement, rows in edges.items():
        look = {"color": judgement.color, "strokeDash": judgement.dash} if judgement else {"color": LINE}
        mark = {"type": "rule", **look}
        layers.append({"data": {"values": rows}, "mark": mark, "encoding": {"x": x, "y": y, **ends}})
    return [*layers, *_mark_layers(_marks(comparisons, place, weights), x, y)]


def _marks(comparisons: Sequence[Mapping[str, Any]], place: Mapping[str, Node], weights: Weights) -> list[Row]:
    """The number on each line; with very many lines, none or only those above one."""
    crowded = len(comparisons) > LABELLED_EDGES
    taken = [(n.x, n.y, n.radius + 1) for n in place.values()]
    lines = [(place[row["treatment"]], place[row["versus"]]) for row in comparisons]
    marks = []
    for row, line in zip(comparisons, lines, strict=True):
        if row[weights] is None or (crowded and (weights == "participants" or row["studies"] == 1)):
            continue
        text = count(row[weights])
        room = max(8.2, text_width(text, SMALL) / 2 + 2)
        x, y = _free_spot(line, taken, [] if crowded else [other for other in lines if other is not line], room)
        taken.append((x, y, room))
        marks.append({"x": x, "y": y, "text": text, "area": math.pi * room**2})
    return marks


def _mark_layers(marks: list[Row], x: Row, y: Row) -> list[Row]:
    disc = {"type": "point", "shape": "circle", "filled": True, "color": "white", "opacity": 1}
    size = {"field": "area", "type": "quantitative", "scale": None}
    discs = {"data": {"values": marks}, "mark": disc, "encoding": {"x": x, "y": y, "size": size}}
    return [discs, text_layer(marks, y, fontSize=SMALL, align="center")] if marks else []


def _free_spot(
    line: tuple[Node, Node],
    taken: Sequence[tuple[float, float, float]],
    others: Sequence[tuple[Node, Node]],
    room: float,
) -> tuple[float, float]:
    """A point of the line for its number: near the middle, off other numbers, and off other lines where it can be."""
    a, b = line
    shares = [0.5 + (step + 1) // 2 * 0.025 * (1 if step % 2 else -1) for step in range(25)]
    spots = [(a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)) for share in shares]
    clear = [min(math.hypot(x - u, y - v) - r - room for u, v, r in taken) for x, y in spots]
    free = [spot for spot, left in zip(spots, clear, strict=True) if left > 0]
    alone = (spot for spot in free if all(_distance(spot, other) > room + 4 for other in others))
    return next(alone, None) or (free[0] if free else spots[clear.index(max(clear))])


def _distance(spot: tuple[float, float], line: tuple[Node, Node]) -> float:
    """From a point to the nearest of a line between two nodes."""
    (x, y), (a, b) = spot, line
    wide, tall = b.x - a.x, b.y - a.y
    share = ((x - a.x) * wide + (y - a.y) * tall) / (wide * wide + tall * tall)
    share = min(1.0, max(0.0, share))
    return math.hypot(x - a.x - share * wide, y - a.y - share * tall)


def _node_layers(
    outcome: Outcome, nodes: Sequence[Node], judged: Mapping[frozenset[str], Judgement], x: Row, y: Row
) -> list[Row]:
    size = {"field": "area", "type": "quantitative", "scale": None}
    dots: dict[tuple[str, str], list[Row]] = {}
    for n in nodes:
        judgement = judged.get(frozenset({n.id}))
        edge = judgement.color if judgement else MAIN
        fill = "white" if n.id == outcome["reference"] else edge
        dots.setdefault((fill, edge), []).append({"x": n.x, "y": n.y, "area": n.area, "treatment": n.id})
    dot = {"type": "point", "shape": "circle", "filled": True, "opacity": 1, "strokeWidth": 2}
    encoding = {"x": x, "y": y, "size": size}
    return [
        {"data": {"values": rows}, "mark": {**dot, "color": fill, "stroke": edge}, "encoding": encoding}
        for (fill, edge), rows in dots.items()
    ]


def _legend(outcome: Outcome, circle: Circle) -> tuple[list[Row], float]:
    """Under the graph: each judgement with its line, its word and how many studies have it; and the new height."""
    tally = [judgement_of(study) for study in outcome["studies"]]
    step, top = line_height(SMALL) + 4, circle.height + 20.0
    rules, texts = [], []
    for judgement in JUDGEMENTS:
        if not (found := tally.count(judgement)):
            continue
        place = {"x": {"value": 0}, "x2": {"value": SAMPLE}, "y": {"value": top}}
        look = {"type": "rule", "color": judgement.color, "strokeDash": judgement.dash, "strokeWidth": 3}
        rules.append({"data": {"values": [{}]}, "mark": look, "encoding": place})
        texts.append({"x": SAMPLE + 8, "y": top, "text": f"{judgement.word}: {plural(found, 'study', 'studies')}"})
        top += step
    rule = "of two that are as frequent, the worse; not assessed counts as the worst."
    note = broken(f"A line or circle shows the judgement of most of its studies; {rule}", circle.width, SMALL)
    texts.append({"x": 0, "y": top, "text": note})
    height = top + (note.count("\n") + 1) * line_height(SMALL)
    y = pixels(height, axis="y")
    return [*rules, text_layer(texts, y, align="left", fontSize=SMALL, lineHeight=line_height(SMALL))], height


def _description(outcome: Outcome, weights: Weights, *, rob: bool) -> str:
    network, names = outcome["network"], labels(outcome)
    crowded = len(network["comparisons"]) > LABELLED_EDGES
    most = max(network["comparisons"], key=lambda row: row["studies"])
    several = multi_arm(outcome)
    pair = f"{names[most['treatment']]} versus {names[most['versus']]}"
    parts = [
        f"{plural(len(names), 'treatment')} and {plural(network['studies'], 'study', 'studies')}; "
        f"{plural(len(network['comparisons']), 'comparison')} with direct evidence.",
        f"Most studied: {pair}, {plural(most['studies'], 'study', 'studies')}.",
        f"{plural(several, 'study has', 'studies have')} more than two arms."
        if several
        else "No study has more than two arms.",
    ]
    sized = "Circles are sized by participants, lines by"
    if weights == "studies":
        parts.append(f"{sized} number of studies, which is printed on them{' where it is above one' * crowded}.")
    else:
        parts.append(f"{sized} participants too; the numbers are {'in the table' if crowded else 'printed on them'}.")
        unknown = sum(row["participants"] is None for row in network["comparisons"])
        parts += [f"Not reported, so drawn thin: {plural(unknown, 'comparison')}."] if unknown else []
    if rob:
        tally = [judgement_of(study) for study in outcome["studies"]]
        told = [f"{tally.count(one)} {one.word}" for one in JUDGEMENTS if one in tally]
        parts.append(f"Studies by their judgement: {', '.join(told)}.")
    return " ".join(parts)
