"""Posterior predictive p: a study that cannot be is found, and the seed decides."""

from __future__ import annotations

import pandas as pd
import pytest

import physiohub as ph
from physiohub.analysis.predictive_check import predictive_check


def network(events: tuple[int, int]) -> ph.Network:
    rows = [(str(i), "AB"[k], 20 + 6 * k, 100) for i in range(5) for k in range(2)]
    rows += [("odd", "A", events[0], 100), ("odd", "B", events[1], 100)]
    return ph.read_arms(pd.DataFrame(rows, columns=["study", "treatment", "events", "total"]), reference="A")


SPEC = ph.ModelSpec(measure="OR", effects="common", baseline_prior="normal(0, 3)", effect_prior="normal(0, 3)")


def test_a_study_against_the_common_effect() -> None:
    fit = ph.fit(network((70, 20)), SPEC)
    found = {study.study: study for study in predictive_check(fit).studies}
    assert found["odd"].p < 0.001
    # the odd study drags the effect; the others still lie within their binomials
    assert min(study.p for name, study in found.items() if name != "odd") > 0.02
    regular = predictive_check(ph.fit(network((20, 26)), SPEC))
    assert min(study.p for study in regular.studies) > 0.5  # studies alike fit better than chance would have it


def test_seed_and_number_of_draws() -> None:
    fit = ph.fit(network((25, 25)), SPEC)
    first, again, other = predictive_check(fit), predictive_check(fit), predictive_check(fit, seed=7)
    assert first == again
    assert first != other
    assert first.seed == SPEC.seed
    assert list(first.to_frame().columns) == ["study", "p", "error"]
    with pytest.raises(ph.UsageError, match="at least 100"):
        predictive_check(fit, draws=10)
