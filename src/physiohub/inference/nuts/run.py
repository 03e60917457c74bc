"""A run of NUTS and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import UsageError
from physiohub.inference.nuts.density import FullModel, Unpacked
from physiohub.inference.nuts.diagnostics import Diagnostics, diagnose, judge
from physiohub.inference.nuts.sampler import Density, Progress, draw
from physiohub.inference.posterior import Verdict
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.defaults import Priors
from physiohub.model.spec import ModelSpec

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["NutsRun", "Samples", "run_nuts", "sample"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Draws from any density, judged.

    Attributes
    ----------
    x : array (chain, draw, dimension)
    sample_stats
        Statistic of the sampler, by ArviZ's names, -> array (chain, draw).
    diagnostics
        One entry a dimension.
    verdict
        May the draws be used?
    seconds
        Wall time.
    versions
        Of the packages that sampled and judged.
    """

    x: Floats
    sample_stats: Mapping[str, NDArray[Any]]
    diagnostics: Diagnostics
    verdict: Verdict
    seconds: float
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class NutsRun:
    """Draws from the full model, in which every study's baseline and effects are parameters.

    Attributes
    ----------
    arms, priors, spec
        What was sampled.
    treatments : tuple of str
        Ids, reference first.
    d : array (chain, draw, parameter)
        Each treatment but the reference, versus the reference.
    tau : array (chain, draw)
        None in a common-effect model.
    theta : array (chain, draw, arm)
        Linear predictors of all arms of arm-level studies.
    delta : array (chain, draw, contrast)
        Study effects of contrast studies, in the order of the network.
    nuisance
        ``"cut"``: cut-points above the first (chain, draw, cut); when they are free, the second of each study, then
        the third of each that has one. ``"sd"``: (chain, draw, arm-level study).
    log_likelihood : array (chain, draw, study)
        Log density of each study's data given its own effects.
    sample_stats
        Statistic of the sampler, by ArviZ's names, -> array (chain, draw).
    diagnostics
        One entry for every parameter above.
    verdict
        May the draws be used?
    seconds
        Wall time of the sampler.
    versions
        Of the packages that sampled and judged.
    """

    arms: ArmNetwork
    priors: Priors
    spec: ModelSpec
    treatments: tuple[str, ...]
    d: Floats
    tau: Floats | None
    theta: Floats
    delta: Floats
    nuisance: Mapping[str, Floats]
    log_likelihood: Floats
    sample_stats: Mapping[str, NDArray[Any]]
    diagnostics: Diagnostics
    verdict: Verdict
    seconds: float
    versions: Mapping[str, str]

    @property
    def cuts(self) -> Floats | None:
        """Cut-points above the first (chain, draw, cut) of ordered categories; None for other data."""
        return self.nuisance.get("cut")

    def to_datatree(self) -> xr.DataTree:
        """The run in the groups and with the names of dimensions that ArviZ reads."""
        from physiohub.inference.nuts.tree import datatree

        return datatree(self)


def sample(
    density: Density,
    *,
    seed: int,
    chains: int = 4,
    draws: int = 1000,
    tune: int = 1000,
    names: Sequence[str] = (),
    progress: Progress | None = None,
) -> Samples:
    """Sample any density with a gradient by NUTS, and judge the draws.

    Parameters
    ----------
    density
        An object with ``dimensions``, ``value_and_gradient(x)`` and ``initial(rng)``.
    seed
        The same seed gives the same draws.
    chains, draws, tune
        Number of chains, of draws kept in each, and of tuning steps before them.
    names
        Of the dimensions; by default x[0], x[1], ...
    progress
        Called with the steps done and the steps in all; tuning included.

    Raises
    ------
    ModelError
        When the extra is not installed: the message has the line that installs it.
    UsageError
        When a number of chains, draws or tuning steps is too small to be judged.
    """
    _check_sizes(chains, draws, tune)
    drawn = draw(density, seed=seed, chains=chains, draws=draws, tune=tune, progress=progress)
    names = names or [f"x[{i}]" for i in range(density.dimensions)]
    found = diagnose(names, drawn.x, drawn.statistics)
    verdict = judge(found, chains=chains, draws=draws)
    return Samples(drawn.x, drawn.statistics, found, verdict, drawn.seconds, drawn.versions)


def run_nuts(
    arms: ArmNetwork,
    priors: Priors,
    spec: ModelSpec,
    *,
    treatments: Sequence[str] = (),
    chains: int = 4,
    draws: int = 1000,
    tune: int = 1000,
    progress: Progress | None = None,
) -> NutsRun:
    """Sample the full model of a network by NUTS.

    Parameters
    ----------
    arms, priors, spec
        The model; draws depend on ``spec.seed``.
    treatments
        Ids, reference first, for the labels; by default their places.
    chains, draws, tune
        Number of chains, of draws kept in each, and of tuning steps before them.
    progress
        Called with the steps done and the steps in all; tuning included.

    Raises
    ------
    ModelError
        When the extra is not installed, or a prior does not fit.
    UsageError
        When a number of chains, draws or tuning steps is too small to be judged.
    """
    _check_sizes(chains, draws, tune)
    model = FullModel(arms, priors, spec)
    drawn = draw(model, seed=spec.seed, chains=chains, draws=draws, tune=tune, progress=progress)
    found = model.unpack(drawn.x.reshape(chains * draws, model.dimensions))
    treatments = tuple(treatments) or tuple(str(k) for k in range(arms.parameters + 1))

    def by_chain(values: Floats) -> Floats:
        """Values (parameter, chain x draw) as (chain, draw, parameter)."""
        return np.moveaxis(values.reshape(len(values), chains, draws), 0, -1)

    names, values = _parameters(found, treatments, sampled_tau=model.fixed_tau is None)
    diagnostics = diagnose(names, by_chain(values), drawn.statistics)
    return NutsRun(
        arms=arms,
        priors=priors,
        spec=spec,
        treatments=treatments,
        d=by_chain(found.d.T),
        tau=None if priors.tau is None else found.tau.reshape(chains, draws),
        theta=by_chain(found.theta),
        delta=by_chain(found.delta),
        nuisance={name: by_chain(of) for name, of in found.nuisance.items()},
        log_likelihood=by_chain(found.log_likelihood),
        sample_stats=drawn.statistics,
        diagnostics=diagnostics,
        verdict=judge(diagnostics, chains=chains, draws=draws),
        seconds=drawn.seconds,
        versions=drawn.versions,
    )


def _parameters(found: Unpacked, treatments: Sequence[str], *, sampled_tau: bool) -> tuple[list[str], Floats]:
    """Names and values (parameter, draw) of all that is judged."""
    names = [f"d[{t}]" for t in treatments[1:]] + ["tau"] * sampled_tau
    parts = [found.d.T, found.tau[None, :]] if sampled_tau else [found.d.T]
    for name, values in {**found.nuisance, "theta": found.theta, "delta": found.delta}.items():
        names += [f"{name}[{k}]" for k in range(len(values))]
        parts.append(values)
    return names, np.concatenate(parts)


def _check_sizes(chains: int, draws: int, tune: int) -> None:
    # fewer than four draws cannot be split and ranked
    if chains < 1 or draws < 4 or tune < 1:
        raise UsageError(f"NUTS needs at least 1 chain, 4 draws and 1 tuning step, not {chains}, {draws} and {tune}.")
