"""The posterior of an engine that draws: weighted or plain draws of (d, tau)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from physiohub.inference.collapsed.engine import CollapsedDraws
from physiohub.inference.posterior import Places, Posterior
from physiohub.inference.sample import WeightedSample
from physiohub.model.arm_network import ArmNetwork

if TYPE_CHECKING:
    import xarray as xr

    from physiohub.inference.nuts import NutsRun

__all__ = ["DrawnPosterior"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DrawnPosterior(Posterior):
    """A posterior as draws.

    Attributes
    ----------
    arms
        The data as the engine read them.
    weights : array (draw,)
        Sum to one.
    d : array (draw, parameter)
        Basic parameters: each treatment but the reference, versus the reference.
    tau_draws : array (draw,)
        Zero in a common-effect fit.
    cuts : array (draw, cut)
        Cut-points above the first, of ordered categories that share theirs; else without columns.
    collapsed
        What the collapsed engine drew from; None with NUTS on the full model.
    run
        The run of NUTS on the full model; None with the collapsed engine.
    """

    arms: ArmNetwork
    weights: Floats
    d: Floats
    tau_draws: Floats
    cuts: Floats
    collapsed: CollapsedDraws | None = None
    run: NutsRun | None = None

    def pairs(self, treatments: Places, versus: Places) -> WeightedSample:
        values = self._with_reference
        return WeightedSample(self.weights, values[treatments] - values[versus])

    def predicted_pairs(self, treatments: Places, versus: Places) -> WeightedSample:
        effects = self.pairs(treatments, versus)
        return WeightedSample(self.weights, effects.values + self.tau_draws * self._standard_normal)

    @cached_property
    def _with_reference(self) -> Floats:
        """Effects versus the reference (treatment, draw), with a row of zeros for the reference."""
        return np.vstack([np.zeros(len(self.weights)), self.d.T])

    @cached_property
    def _standard_normal(self) -> Floats:
        """One standard normal number for each draw (draw,), in no order but evenly spread over the line."""
        count = len(self.weights)
        even = ndtri((np.arange(count) + 0.5) / count)
        return np.random.default_rng([self.spec.seed, 1]).permutation(even)

    def draws(self, uniform: Floats) -> tuple[Floats, Floats]:
        """Draws of the posterior's own draws, by weight: the first coordinate of `uniform` picks."""
        edges = np.cumsum(self.weights)
        chosen = np.minimum(np.searchsorted(edges, uniform[:, 0] * edges[-1], side="right"), len(edges) - 1)
        return self.d[chosen], self.tau_draws[chosen]

    def resampled(self, count: int, seed: int) -> Places:
        """Places of `count` draws, each as often as its weight asks for, in random order (systematic resampling)."""
        rng = np.random.default_rng(seed)
        at = (np.arange(count) + rng.random()) / count
        chosen = np.searchsorted(np.cumsum(self.weights), at * self.weights.sum())
        return np.asarray(rng.permutation(np.minimum(chosen, len(self.weights) - 1)), dtype=np.intp)

    def to_datatree(self, *, draws: int = 4000, seed: int | None = None) -> xr.DataTree:
        import xarray as xr

        if self.run is not None:
            return self.run.to_datatree()
        seed = self.spec.seed if seed is None else seed
        chosen = self.resampled(draws, seed)
        lead = {"chain": [0], "draw": np.arange(draws)}
        values: dict[str, tuple[tuple[str, ...], Floats]] = {
            "d": (("chain", "draw", "treatment"), self.d[chosen][None])
        }
        if self.tau is not None:
            values["tau"] = (("chain", "draw"), self.tau_draws[chosen][None])
        if self.cuts.shape[1]:
            values["cut"] = (("chain", "draw", "cut_point"), self.cuts[chosen][None])
        posterior = xr.Dataset(values, coords={**lead, "treatment": list(self.treatments[1:])})
        posterior.attrs = {
            "inference_library": "physiohub",
            "engine": self.engine.name,
            "ess": self.engine.ess,
            "reference": self.network.reference,
            "measure": self.spec.measure,
            "seed": seed,
        }
        return xr.DataTree.from_dict({"posterior": posterior, "observed_data": self._observed()})

    def _observed(self) -> xr.Dataset:
        """The data of the arms and of the contrasts."""
        import xarray as xr

        likelihood = self.arms.likelihood
        reported = ("counts", "events", "exposure", "mean", "se", "total")
        values: dict[str, tuple[tuple[str, ...], Floats]] = {
            name: (("arm", "category")[: np.ndim(getattr(likelihood, name))], getattr(likelihood, name))
            for name in reported
            if hasattr(likelihood, name)
        }
        contrasts = [(self.arms.studies[i], y) for i, study in self.arms.contrasts.items() for y in study.y]
        values["contrast"] = (("row",), np.array([y for _, y in contrasts], dtype=float))
        names = {
            "arm_study": (("arm",), [self.arms.studies[i] for i in self.arms.study]),
            "arm_treatment": (("arm",), [self.treatments[t] for t in self.arms.treatment]),
            "study": (("row",), [name for name, _ in contrasts]),
        }
        return xr.Dataset(values, coords=names)
