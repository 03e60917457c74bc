"""The collapsed engine against NUTS on the full model: eleven networks, one question, two routes.

Every effect versus the reference and tau are compared by mean, SD and three quantiles, each in the standard error of
the difference. A quantile is compared as a probability: how much of one posterior lies below the other's quantile.

Were both routes right and their errors normal, some 360 comparisons would hold a |z| above 4.7 once in 1,000 sets, and
more than 2% of |z| above 3 (0.27% are expected) once in 3,000 sets, or once in some hundreds as comparisons of one
network hang together. Seeds are fixed, so that a failure here is a change of the engines.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.agreement.simulated import NETWORKS

import physiohub as ph
from physiohub.inference.drawn_posterior import DrawnPosterior
from physiohub.inference.nuts import NutsRun, run_nuts

Floats = NDArray[np.float64]
FAR, SHARE_BEYOND_3 = 4.7, 0.02
QUANTILES = (0.05, 0.5, 0.95)
AXES = {"chain_axis": 0, "draw_axis": 1}


@cache
def distances(name: str) -> dict[str, float]:
    """Comparison -> z, of one network."""
    simulated = NETWORKS[name]()
    collapsed = ph.fit(simulated.network, simulated.spec)
    assert isinstance(collapsed, DrawnPosterior)
    assert collapsed.engine.name == "collapsed"
    assert collapsed.verdict.ok, collapsed.verdict.reasons
    drawn = run_nuts(collapsed.arms, collapsed.priors, simulated.spec, treatments=collapsed.treatments, tune=500)
    assert drawn.verdict.ok, drawn.verdict.reasons
    found: dict[str, float] = {}
    for parameter, ours, theirs in _parameters(collapsed, drawn):
        # tau is drawn at the nodes of a rule, and its distribution between them is a curve of its own
        assert collapsed.tau is not None
        quantile = collapsed.tau.quantile if parameter == "tau" else partial(_quantile, collapsed.weights, ours)
        z = _moments(collapsed, ours, theirs) | _quantiles(collapsed, quantile, theirs)
        found |= {f"{parameter}, {what}": value for what, value in z.items()}
    return found


def _parameters(collapsed: DrawnPosterior, drawn: NutsRun) -> list[tuple[str, Floats, Floats]]:
    """Name, draws (draw,) of the collapsed engine and draws (chain, draw) of NUTS, of each parameter."""
    assert drawn.tau is not None
    found = [(f"d[{t}]", collapsed.d[:, k], drawn.d[..., k]) for k, t in enumerate(collapsed.treatments[1:])]
    found.append(("tau", collapsed.tau_draws, drawn.tau))
    cuts = [] if drawn.cuts is None else [drawn.cuts[..., k] for k in range(drawn.cuts.shape[-1])]
    return [*found, *((f"cut {k}", collapsed.cuts[:, k], theirs) for k, theirs in enumerate(cuts))]


def _moments(collapsed: DrawnPosterior, ours: Floats, theirs: Floats) -> dict[str, float]:
    """Mean and SD; standard errors of either side, with the kurtosis of the collapsed posterior."""
    weights, ess = collapsed.weights, _ess(collapsed)
    mean = float(weights @ ours)
    sd = float(np.sqrt(weights @ np.square(ours - mean)))
    kurtosis = float(weights @ (ours - mean) ** 4) / sd**4
    error_of_mean = np.hypot(_statistics().mcse(theirs, method="mean", **AXES), sd / np.sqrt(ess))
    # squares have an effective sample size of their own, which is not that of the mean
    of_squares = _statistics().mcse(np.square(theirs - theirs.mean()), method="mean", **AXES) / (2 * theirs.std())
    error_of_sd = np.hypot(of_squares, sd * np.sqrt((kurtosis - 1) / (4 * ess)))
    return {
        "mean": (float(theirs.mean()) - mean) / float(error_of_mean),
        "sd": (float(theirs.std()) - sd) / float(error_of_sd),
    }


def _quantiles(collapsed: DrawnPosterior, quantile: Callable[[float], float], theirs: Floats) -> dict[str, float]:
    """How much of the draws of NUTS lies below quantiles of the collapsed posterior."""
    found = {}
    for q in QUANTILES:
        ess = _statistics().ess(theirs, method="quantile", prob=q, **AXES)
        error = np.sqrt(q * (1 - q) * (1 / ess + 1 / _ess(collapsed)))
        found[f"{q:.0%} quantile"] = (float(np.mean(theirs <= quantile(q))) - q) / float(error)
    return found


def _quantile(weights: Floats, values: Floats, q: float) -> float:
    order = np.argsort(values)
    return float(values[order][min(int(np.searchsorted(np.cumsum(weights[order]), q)), len(order) - 1)])


def _ess(collapsed: DrawnPosterior) -> float:
    assert collapsed.engine.ess is not None
    return collapsed.engine.ess


def _statistics() -> Any:
    return import_module("arviz_stats.base").array_stats


def _further(found: dict[str, float], limit: float) -> dict[str, float]:
    return {name: round(z, 2) for name, z in found.items() if abs(z) > limit}


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
def test_no_answer_is_far_off(name: str) -> None:
    assert not _further(distances(name), FAR)


@pytest.mark.long
def test_few_answers_are_at_some_distance() -> None:
    found = {f"{name}: {what}": z for name in NETWORKS for what, z in distances(name).items()}
    assert len(found) > 300
    assert len(_further(found, 3.0)) <= SHARE_BEYOND_3 * len(found), _further(found, 3.0)
