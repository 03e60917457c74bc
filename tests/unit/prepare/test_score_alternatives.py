"""The grid of correlations and the choice between change and final scores, as networks to be refitted."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from tests.unit.prepare.test_outcome import arm, prepared

from physiohub.evidence.review import bundled_review
from physiohub.network.rows import ArmRow
from physiohub.prepare.outcome import PreparedOutcome
from physiohub.prepare.score_alternatives import ScoreAlternative, score_alternatives

BEFORE: dict[str, Any] = {"baseline_mean": 60.0, "baseline_sd": 18.0}


def rows(**second: Any) -> list[ArmRow]:
    found = []
    for k, (study, cells) in enumerate((("A", {"sd": 20.0, **BEFORE}), ("B", second))):
        found += [arm("control", study=study, row=2 + 2 * k, **cells)]
        found += [arm("active", study=study, row=3 + 2 * k, **{**cells, "mean": cells.get("mean", 40.0) - 9.0})]
    return found


def looks(material: list[ArmRow], **keys: Any) -> tuple[PreparedOutcome, dict[str, ScoreAlternative]]:
    def prepare(**more: Any) -> PreparedOutcome:
        return prepared(*material, **{**keys, **more})

    base = prepare()
    return base, {one.id: one for one in score_alternatives(base, prepare)}


def test_change_scores_over_the_grid():
    _, found = looks(rows(sd=15.0), measure="MD")
    assert list(found) == ["scores-change-0.3", "scores-change-0.5", "scores-change-0.7"]
    assert (
        found["scores-change-0.5"].label
        == "Change scores where baseline values allow (1 of 2 studies); correlation 0.5"
    )
    spread = [one.prepared.network.studies[0].arms[0].sd or 0.0 for one in found.values() if one.prepared]
    assert spread == sorted(spread, reverse=True)
    assert len(set(spread)) == 3


def test_an_own_correlation_stands_beside_the_grid():
    change: dict[str, Any] = {"value_type": "change", "mean": -10.0, "baseline_sd": 18.0, "final_sd": 20.0}
    base, found = looks(rows(**change), measure="MD", change_correlation=0.6)
    assert base.correlation is not None
    reported = [id for id in found if id.startswith("scores-reported")]
    assert reported == ["scores-reported-0.3", "scores-reported-0.5", "scores-reported-0.7"]
    assert next(id for id in found if id.startswith("scores-change")) == "scores-change-0.6"


def test_final_scores_that_need_no_correlation_are_shown_once():
    change: dict[str, Any] = {"value_type": "change", "mean": -10.0, "sd": 14.0, "final_sd": 20.0, **BEFORE}
    _, found = looks(rows(**change), measure="MD")
    final = [id for id in found if id.startswith("scores-final")]
    assert final == ["scores-final"]
    run = found["scores-final"].prepared
    assert run is not None
    assert {a.value_type for study in run.network.studies for a in study.arms} == {"final"}


def test_on_the_smd_scale_one_yardstick_is_kept():
    _, found = looks(rows(sd=15.0), mix=None)
    one = found["scores-change-0.5"]
    assert one.prepared is not None
    assert one.prepared.protocol.denominator == "final"
    assert [a.sd for a in one.prepared.network.studies[0].arms] == [20.0, 20.0]
    assert "SDs of final scores" in one.label


def test_nothing_to_turn_is_nothing_to_show():
    assert looks(rows(sd=15.0)[2:], measure="MD")[1] == {}


def test_counts_have_no_scores():
    cells: dict[str, Any] = {"mean": None, "events": 5.0, "total": 30.0}
    material = [arm("control", **cells), arm("active", row=3, **cells)]
    assert looks(material, measure="OR", instrument=None)[1] == {}


@pytest.mark.parametrize(("outcome", "turned"), [("pain", 3), ("rmdq", 0), ("odi", 3)])
def test_the_bundled_review_over_the_grid(outcome, turned):
    review = bundled_review()
    base = review.network(outcome)
    found = list(score_alternatives(base, partial(review.network, outcome)))
    assert len(found) == turned
    assert all(one.prepared is not None and one.id.startswith("scores-change-") for one in found)
    for one in found:
        assert one.prepared is not None
        assert {s.id for s in one.prepared.network.studies} == {s.id for s in base.network.studies}
