"""Deviance and predictive p from draws of every parameter against those from integrals: arms, contrasts, cut-points."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

import physiohub as ph
from physiohub import datasets
from physiohub.analysis.fit_statistics import fit_statistics
from physiohub.analysis.predictive_check import predictive_check


def categories() -> ph.Network:
    rows = [("1", "A", 20, 6, 6), ("1", "B", 22, 7, 11), ("2", "A", 32, 9, 3), ("2", "B", 31, 12, 8)]
    columns = ["study", "treatment", "total", "category_1", "category_2"]
    return ph.read_arms(pd.DataFrame(rows, columns=columns), reference="A")


@cache
def fits(kind: str) -> tuple[ph.Posterior, ph.Posterior]:
    if kind == "means and contrasts":
        network = datasets.load("parkinson_mixed")
        spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(0.5)", effect_prior="normal(0, 10)")
    else:
        network = categories()
        spec = ph.ModelSpec(
            measure="PROBIT", effects="common", effect_prior="normal(0, 1)", baseline_prior="normal(0, 1)"
        )
    return ph.fit(network, spec), ph.fit(network, replace(spec, engine="nuts"))


kinds = pytest.mark.parametrize("kind", ["means and contrasts", "categories"])


@kinds
def test_deviance_and_leverage(kind: str) -> None:
    integrated, drawn = (fit_statistics(fit) for fit in fits(kind))
    assert fits(kind)[1].engine.name == "nuts"
    assert integrated.pd is not None
    # a deviance spreads by sqrt(2 pD) over draws; some 1,000 of the 4,000 are effective, and four errors are allowed
    error = 4 * np.sqrt(2 * integrated.pd / 1000)
    assert drawn.dbar == pytest.approx(integrated.dbar, abs=error)
    assert drawn.pd == pytest.approx(integrated.pd, abs=error)
    assert drawn.data_points == integrated.data_points
    for a, b in zip(drawn.studies, integrated.studies, strict=True):
        assert a.study == b.study
        assert a.arm_deviance == pytest.approx(b.arm_deviance, abs=0.25)
        assert a.arm_residual == pytest.approx(b.arm_residual, abs=0.15)


@kinds
def test_predictive_p(kind: str) -> None:
    integrated, drawn = (predictive_check(fit) for fit in fits(kind))
    for a, b in zip(drawn.studies, integrated.studies, strict=True):
        # draws of a chain are worth a quarter of independent ones or more
        assert abs(a.p - b.p) < 4.5 * np.hypot(2 * a.error, b.error)
