"""Deviance, pD and DIC beside a peer's."""

from __future__ import annotations

import pytest

import physiohub as ph
from physiohub.analysis.fit_statistics import fit_statistics

# long runs know a mean deviance to about this; DIC holds the error of Dbar twice
DBAR, PD, DIC = 0.2, 0.2, 0.3


def assert_deviance(model: dict[str, str], fit: ph.Posterior, *, ess: float = float("inf")) -> None:
    """Dbar, pD, DIC, and the number of data points where the peer tells it.

    The deviance of a linear model spreads by ``sqrt(2 pD)`` over the draws, so that of a short run, worth `ess` draws,
    Dbar is known to ``sqrt(2 pD / ess)``: three of that are allowed where they are more than the above.
    """
    ours = fit_statistics(fit)
    if model.get("data_points"):
        assert ours.data_points == int(model["data_points"])
    # the mean of what is never negative, but for the error of quadrature
    assert all(min(study.arm_deviance, default=0.0) > -1e-6 for study in ours.studies)
    dbar, pd = float(model["dbar"]), float(model["pd"])
    error = 3 * (2 * pd / ess) ** 0.5
    assert ours.dbar == pytest.approx(dbar, abs=max(DBAR, error))
    assert ours.pd == pytest.approx(pd, abs=max(PD, error))
    assert ours.dic == pytest.approx(dbar + pd, abs=max(DIC, 2 * error))
