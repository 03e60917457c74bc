"""One door to every engine: (network, spec) -> posterior."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.choose import Choice, choose_engine
from physiohub.inference.drawn_posterior import DrawnPosterior
from physiohub.inference.exact import explore
from physiohub.inference.exact_posterior import ExactPosterior
from physiohub.inference.pareto_smoothing import USABLE_K
from physiohub.inference.posterior import Engine, Posterior, TauPosterior, Verdict
from physiohub.inference.sample import TauDraws, WeightedSample
from physiohub.inference.tau_grid import TauMarginal
from physiohub.model.arm_network import ArmNetwork, arm_network, has_arm_likelihood
from physiohub.model.defaults import Priors, resolve_priors
from physiohub.model.design import whiten
from physiohub.model.normal_study import normal_studies
from physiohub.model.priors import Fixed
from physiohub.model.spec import ModelSpec
from physiohub.model.standardised import standardised_network
from physiohub.model.zero_cells import ZeroCells, settle_zero_cells
from physiohub.network.network import Network

if TYPE_CHECKING:
    from physiohub.inference.collapsed.engine import CollapsedDraws
    from physiohub.inference.nuts import Samples

__all__ = ["fit"]

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]

# beyond a thousandth of a posterior SD an answer would change in its printed digits
_USABLE_ERROR = 1e-3
# of a log weight: a hundredth moves a probability by less than the draws do
_USABLE_WEIGHT_ERROR = 1e-2
_FEWEST_EFFECTIVE = 400.0


def fit(network: Network, spec: ModelSpec, *, progress: Progress | None = None) -> Posterior:
    """Fit a network meta-analysis.

    Parameters
    ----------
    network
        Of `read_arms`, `read_contrasts`, `read_table` or a review.
    spec
        The model.
    progress
        Told the draws done and the draws in all, while NUTS runs; the other engines are done before it could be told.

    Returns
    -------
    Posterior
        Frozen; it knows its network, its spec, its engine and its numerical error.

    Raises
    ------
    DataError
        When a study lacks what the measure needs; every study is named.
    ModelError
        When a prior does not fit its role, or the engine asked for cannot answer the question.

    Examples
    --------
    >>> import pandas as pd
    >>> import physiohub as ph
    >>> table = pd.DataFrame({"study": ["1", "1", "2", "2"], "treatment": ["A", "B", "A", "B"],
    ...                       "mean": [5.0, 4.0, 6.0, 5.5], "sd": [2.0, 2.0, 2.0, 2.0], "n": [50, 50, 80, 80]})
    >>> network = ph.read_arms(table, reference="A")
    >>> posterior = ph.fit(network, ph.ModelSpec(measure="MD", tau_prior="half-normal(1)"))
    >>> posterior.verdict
    Verdict(ok=True, reasons=())
    >>> round(float(posterior.effect("B", "A").mean), 2)
    -0.72
    """
    choice = choose_engine(network, spec)
    if choice.engine == "exact":
        return _exact(network, spec, choice)
    if choice.engine == "collapsed":
        return _collapsed(network, spec, choice, progress)
    return _nuts(network, spec, choice, progress)


def _exact(network: Network, spec: ModelSpec, choice: Choice) -> Posterior:
    start = time.perf_counter()
    network, zero_cells = settle_zero_cells(network, spec)
    studies = normal_studies(network, spec)
    priors = resolve_priors(network, spec, baselines=any(study.level == "arm" for study in studies))
    rows = whiten(studies, len(network.treatments) - 1, priors.mu)
    nodes = explore(rows, priors)
    error = nodes.numerical_error
    reasons = (f"the numerical error is {error:.1e}, above {_USABLE_ERROR:g} of a posterior SD",)
    return ExactPosterior(
        network=network,
        spec=spec,
        priors=priors,
        engine=Engine(
            name="exact", why=choice.why, seconds=time.perf_counter() - start, numerical_error=error,
            points=len(nodes.weights),
        ),
        verdict=Verdict(True) if error <= _USABLE_ERROR else Verdict(False, reasons),
        rows=rows,
        weights=nodes.weights,
        tau_nodes=nodes.tau,
        means=nodes.means,
        covariances=nodes.covariances,
        tau=nodes.tau_marginal,
        log_evidence=nodes.log_evidence,
        zero_cells=zero_cells,
    )  # fmt: skip


def _collapsed(network: Network, spec: ModelSpec, choice: Choice, progress: Progress | None) -> Posterior:
    from physiohub.inference.collapsed.cut_points import cuts_of
    from physiohub.inference.collapsed.engine import DRAWS, collapse

    start = time.perf_counter()
    network, zero_cells, arms = _as_arms(network, spec)
    priors = resolve_priors(network, spec, baselines=len(arms.first) > 0)
    found = collapse(arms, priors, seed=spec.seed, draws=spec.draws or DRAWS, cut_points=spec.cut_points)
    tau: TauPosterior | None = found.tau_marginal
    name: Literal["collapsed", "nuts"] = "collapsed"
    why, ess, k, verdict = choice.why, found.ess, found.pareto_k, _verdict(found.numerical_error)
    unfit = found.pareto_k > USABLE_K or found.ess < _FEWEST_EFFECTIVE
    if arms.cut_points and (unfit or not verdict.ok):
        # a density with cut-points takes longer to evaluate than the full model
        why = (
            f"{why}; weighted draws have a Pareto k of {k:.2f} and an error of {found.numerical_error:.1e}, so that "
            "NUTS drew from the full model"
        )
        return _nuts(network, spec, Choice("nuts", why), progress)
    if unfit:
        found, sampled = _handed_over(found, spec, progress)
        if tau is not None and not tau.known:
            tau = TauDraws(WeightedSample(found.weights, found.tau))
        name, ess, verdict = "nuts", float(np.nanmin(sampled.diagnostics.ess_bulk)), _both(verdict, sampled.verdict)
        why = f"{choice.why}; weighted draws have a Pareto k of {k:.2f}, so that NUTS drew from the same density"
    return DrawnPosterior(
        network=network,
        spec=spec,
        priors=priors,
        engine=Engine(
            name=name, why=why, seconds=time.perf_counter() - start, numerical_error=found.numerical_error,
            points=len(found.weights), ess=ess, pareto_k=k,
        ),
        verdict=verdict,
        arms=arms,
        weights=found.weights,
        d=found.d,
        tau_draws=found.tau,
        cuts=cuts_of(found.log_increments),
        collapsed=found,
        tau=tau,
        log_evidence=found.log_evidence,
        zero_cells=zero_cells,
    )  # fmt: skip


def _handed_over(found: CollapsedDraws, spec: ModelSpec, progress: Progress | None) -> tuple[CollapsedDraws, Samples]:
    """Draws of NUTS from the collapsed density, in the place of weighted ones that cannot be trusted."""
    from physiohub.inference.collapsed.handover import CollapsedDensity
    from physiohub.inference.nuts import sample

    density = CollapsedDensity(found)
    sampled = sample(density, seed=spec.seed, progress=progress)
    x = sampled.x.reshape(-1, density.dimensions)
    return density.as_draws(found, x, np.random.default_rng(spec.seed)), sampled


def _verdict(error: float) -> Verdict:
    if error <= _USABLE_WEIGHT_ERROR:
        return Verdict(True)
    reason = f"the quadrature's error of a log weight is {error:.1e}, above {_USABLE_WEIGHT_ERROR:g}"
    return Verdict(False, (reason,))


def _both(one: Verdict, other: Verdict) -> Verdict:
    return Verdict(one.ok and other.ok, (*one.reasons, *other.reasons))


def _nuts(network: Network, spec: ModelSpec, choice: Choice, progress: Progress | None) -> Posterior:
    from physiohub.inference.nuts import run_nuts

    start = time.perf_counter()
    network, zero_cells, arms = _as_arms(network, spec)
    priors = resolve_priors(network, spec, baselines=len(arms.first) > 0)
    treatments = tuple(t.id for t in network.treatments)
    run = run_nuts(arms, priors, spec, treatments=treatments, draws=spec.draws or 1000, progress=progress)
    count = run.d.shape[0] * run.d.shape[1]
    weights = np.full(count, 1 / count)
    tau = np.zeros(count) if run.tau is None else run.tau.ravel()
    shared = run.cuts if spec.cut_points == "shared" else None
    return DrawnPosterior(
        network=network,
        spec=spec,
        priors=priors,
        engine=Engine(
            name="nuts", why=choice.why, seconds=time.perf_counter() - start, numerical_error=0.0, points=count,
            ess=float(np.nanmin(run.diagnostics.ess_bulk)),
        ),
        verdict=run.verdict,
        arms=arms,
        weights=weights,
        d=run.d.reshape(count, -1),
        tau_draws=tau,
        cuts=np.empty((count, 0)) if shared is None else shared.reshape(count, -1),
        run=run,
        tau=_tau_of_draws(priors, weights, tau),
        log_evidence=None,
        zero_cells=zero_cells,
    )  # fmt: skip


def _tau_of_draws(priors: Priors, weights: Floats, tau: Floats) -> TauPosterior | None:
    """The posterior of tau from draws; a point where it is known, None in a common-effect fit."""
    if priors.tau is None:
        return None
    if isinstance(priors.tau, Fixed):
        return TauMarginal(None, np.zeros(1), np.ones(1), np.array([priors.tau.value]))
    return TauDraws(WeightedSample(weights, tau))


def _as_arms(network: Network, spec: ModelSpec) -> tuple[Network, ZeroCells, ArmNetwork]:
    """The network with the likelihoods of its arms; normal contrasts of counts first settle their zero cells."""
    if not has_arm_likelihood(network, spec):
        network, zero_cells = settle_zero_cells(network, spec)
        return network, zero_cells, arm_network(network, spec)
    standardised = spec.measure == "SMD"
    return network, ZeroCells(), standardised_network(network, spec) if standardised else arm_network(network, spec)
