"""Missing outcomes on the page: the tables and the figure hold what the fits found."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.report.pictures import boxes, check_texts

import physiohub as ph
from physiohub.analysis.missing_outcomes import MissingOutcomes, missing_outcomes
from physiohub.evidence.missing_record import missing_record
from physiohub.report.figures.missing_outcomes import PANELS, missing_outcomes_figure, why_no_missing_figure
from physiohub.report.figures.render import to_svg
from physiohub.report.format import Scale
from physiohub.report.tables.missing_outcomes import missing_arms_table, missing_outcomes_table

MEASURES = ("MD", "SMD", "OR", "RR", "RD")


def network_of(treatments: int, measure: str, *, dropouts: int | None = 7) -> ph.Network:
    """Two trials of each treatment against t0, in which more people leave the treatment."""
    rows: list[dict[str, Any]] = []
    for k in range(1, treatments):
        for trial in ("a", "b"):
            for arm in (0, k):
                lost = None if dropouts is None else dropouts * (2 if arm else 1)
                row: dict[str, Any] = {"study": f"{k}{trial}", "treatment": f"t{arm}", "dropouts": lost}
                if measure in ("MD", "SMD"):
                    row |= {"mean": 30.0 - 2.0 * arm / treatments - (trial == "b"), "sd": 9.0 + arm % 3, "n": 40}
                else:
                    row |= {"events": 12 + 9 * (arm > 0) + arm % 3, "total": 50}
                rows.append(row)
    return ph.read_arms(pd.DataFrame(rows), reference="t0")


def asked(treatments: int, measure: str, **more: Any) -> MissingOutcomes:
    spec = ph.ModelSpec(measure=measure, effects="common")
    return missing_outcomes(network_of(treatments, measure, **more), spec)


def outcome_of(found: MissingOutcomes, treatments: int, measure: str, *, long: bool = False) -> dict[str, Any]:
    """The parts of an outcome of results.json that are read here, passed through JSON."""
    name = "Supervised motor control exercise with education, group {}" if long else "Treatment {}"
    outcome = {
        "id": "pain",
        "label": "Pain",
        "measure": measure,
        "better": "lower",
        "reference": "t0",
        "level": 0.95,
        "relative_effects": [{"sd": 0.5, "low": -1.0, "high": 1.0}],
        "network": {"treatments": [{"id": f"t{k}", "label": name.format(k)} for k in range(treatments)]},
        "missing_outcomes": missing_record(found),
    }
    return dict(json.loads(json.dumps(outcome, allow_nan=False)))


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("long", [False, True])
def test_no_text_is_cut_and_none_covers_another(measure: str, long: bool) -> None:
    outcome = outcome_of(asked(5, measure), 5, measure, long=long)
    assert why_no_missing_figure(outcome) is None
    check_texts(missing_outcomes_figure(outcome))


def test_treatments_beyond_the_last_panel_are_named() -> None:
    size = PANELS + 3
    outcome = outcome_of(asked(size, "MD"), size, "MD")
    figure = missing_outcomes_figure(outcome)
    check_texts(figure)
    text = " ".join(box.text for box in boxes(to_svg(figure)))
    assert f"Without a panel: Treatment {size - 2}; Treatment {size - 1}." in text
    assert len(figure.spec["concat"]) == PANELS


def layers_with(content: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [layer for layer in content["layer"] if layer["mark"]["type"] == kind]


@pytest.mark.parametrize("measure", ["SMD", "OR"])
def test_the_bars_are_the_intervals_of_the_fits(measure: str) -> None:
    found = asked(3, measure)
    outcome = outcome_of(found, 3, measure)
    scale = Scale.of(outcome)
    figure = missing_outcomes_figure(outcome)
    for place, panel in enumerate(figure.spec["concat"]):
        points = layers_with(panel, "point")
        assert len(points) == 2
        for pattern, layer in zip(("same", "opposite"), points, strict=True):
            drawn = layer["data"]["values"]
            scenarios = sorted(
                (s for s in found.scenarios if s.pattern == pattern or s.departure.none),
                key=lambda s: s.departure.value,
            )
            assert [s.departure.value for s in scenarios] == sorted(s.departure.value for s in scenarios)
            effects = [s.effects[place] for s in scenarios]
            for name, source in (("y", "median"), ("low", "low"), ("high", "high")):
                expected = [scale.printed(getattr(effect, source)) for effect in effects]
                assert [row[name] for row in drawn] == pytest.approx(expected, rel=1e-12)
            lambdas = np.array([row["x"] for row in drawn])
            values = np.array([s.departure.value for s in scenarios])
            shift = (np.log(lambdas) if measure == "OR" else lambdas) - values
            # all moved aside by one distance, under two hundredths of the axis
            assert np.ptp(shift) < 1e-12
            assert 0 < abs(shift[0]) < 0.06


def test_the_table_is_the_record() -> None:
    found = asked(3, "RR")
    table = missing_outcomes_table(outcome_of(found, 3, "RR"))
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    expected = [(s, e) for place in range(2) for s in found.scenarios for e in [s.effects[place]]]
    assert len(rows) == len(expected)
    for row, (scenario, effect) in zip(rows, expected, strict=True):
        assert float(row["median"]) == effect.median
        assert (float(row["low"]), float(row["high"])) == (effect.low, effect.high)
        assert float(row["value"]) == scenario.departure.value
        assert float(row["sd"]) == scenario.departure.sd
    shown = [text[1] for text in table.texts()]
    assert shown[0] == "no difference"
    assert "IMOR 2 in all arms" in shown
    assert "IMOR 0.33 in treatments, IMOR 3 in controls" in shown
    assert "log IMOR ~ N(0, 1²), one for all arms of a study" in shown


def test_a_conclusion_that_turns_says_so() -> None:
    """Many leave the treatment and are assumed far worse: what was better than the reference no longer is."""
    rows = [
        {"study": f"{k}", "treatment": t, "mean": m, "sd": 10.0, "n": 60, "dropouts": lost}
        for k in range(4)
        for t, m, lost in (("t0", 30.0, 0), ("t1", 26.0, 40))
    ]
    network = ph.read_arms(pd.DataFrame(rows), reference="t0")
    found = missing_outcomes(network, ph.ModelSpec(measure="MD", effects="common"))
    outcome = outcome_of(found, 2, "MD")
    rows_of = {row[1]: row[3] for row in missing_outcomes_table(outcome).texts()}
    assert rows_of["no difference"] == "–"
    assert rows_of["1 SD higher in all arms"] == "differs"
    assert rows_of["1 SD lower in all arms"] == "holds"
    assert "The conclusion changes for 1 treatment: Treatment 1." in missing_outcomes_figure(outcome).description


def test_arms_are_listed() -> None:
    found = asked(3, "OR")
    table = missing_arms_table(outcome_of(found, 3, "OR"))
    assert len(table.rows) == 8
    assert table.texts()[1][:7] == ("1a", "t1", "Treatment 1", "64", "50", "14", "22%")
    assert not table.note


@pytest.mark.parametrize("measure", ["MD", "OR"])
def test_nobody_known_to_be_missing_is_told(measure: str) -> None:
    outcome = outcome_of(asked(3, measure, dropouts=None), 3, measure)
    reason = why_no_missing_figure(outcome)
    assert reason is not None
    assert "no arm tells how many people were randomised" in reason
    table = missing_outcomes_table(outcome)
    assert not table.rows
    assert reason in table.note
    assert "6 studies" not in table.note
    assert missing_arms_table(outcome).note.startswith("In 4 studies an arm does not tell")


def test_a_record_of_before_has_neither() -> None:
    outcome = outcome_of(asked(3, "MD"), 3, "MD")
    del outcome["missing_outcomes"]
    assert why_no_missing_figure(outcome) is not None
    assert not missing_outcomes_table(outcome).rows
    assert not missing_arms_table(outcome).rows
