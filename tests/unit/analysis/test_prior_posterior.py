"""Quantiles before and after the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

import physiohub as ph
from physiohub.analysis.prior_posterior import PROBABILITIES, PriorPosterior, prior_posterior

TABLE = pd.DataFrame({"study": ["1", "2"], "treat1": ["B", "C"], "treat2": ["A", "A"], "TE": [1.0, -0.5],
                      "seTE": [0.5, 0.8]})  # fmt: skip


def learned(**spec: object) -> PriorPosterior:
    asked = ph.ModelSpec(measure="MD", **spec)  # type: ignore[arg-type]
    return prior_posterior(ph.fit(ph.read_contrasts(TABLE, reference="A"), asked))


def test_normal_prior_in_closed_form() -> None:
    found = learned(effects="common", effect_prior="normal(0.5, 2)")
    first = found.rows[0]
    precision = 1 / 0.25 + 1 / 4
    mean, sd = (1.0 / 0.25 + 0.5 / 4) / precision, precision**-0.5
    assert first.before == pytest.approx(norm.ppf(PROBABILITIES, 0.5, 2), abs=1e-10)
    assert first.after == pytest.approx(norm.ppf(PROBABILITIES, mean, sd), abs=1e-9)
    assert first.width == pytest.approx(sd / 2, abs=1e-9)
    assert [row.parameter for row in found.rows] == ["B", "C"]


def test_other_priors_of_effects() -> None:
    assert learned(effects="common", effect_prior="t(0, 2.5, 7)").rows[0].before == pytest.approx(
        2.5 * t.ppf(PROBABILITIES, 7), abs=1e-10
    )
    flat = learned(effects="common", effect_prior="flat")
    assert flat.rows[0].before is None
    assert flat.rows[0].width is None
    frame = flat.to_frame()
    assert frame["stage"].tolist() == ["prior", "posterior"] * 2
    assert frame.columns.tolist() == ["parameter", "stage", "q2_5", "q25", "q50", "q75", "q97_5"]
    assert frame["q50"].isna().tolist() == [True, False] * 2


def test_tau_stands_last_unless_it_is_known() -> None:
    rows = learned(effect_prior="normal(0, 2)", tau_prior="uniform(0, 4)").rows
    assert rows[-1].parameter == "tau"
    assert rows[-1].prior == "uniform(0, 4)"
    assert rows[-1].before == pytest.approx(4 * np.array(PROBABILITIES))
    known = learned(effect_prior="normal(0, 2)", tau_prior="fixed(0.2)").rows
    assert [row.parameter for row in known] == ["B", "C"]
