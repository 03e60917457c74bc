"""The posterior of the exact engine: a finite mixture of normals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from physiohub.inference.mixture import NormalMixture
from physiohub.inference.posterior import Places, Posterior
from physiohub.inference.tau_grid import TauMarginal
from physiohub.model.design import Rows

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["ExactPosterior"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ExactPosterior(Posterior):
    """A posterior as a finite mixture of normals: within a node, d is normal and tau is known.

    Attributes
    ----------
    rows
        The data as the engine read them.
    weights : array (node,)
    tau_nodes : array (node,)
    means : array (node, parameter)
        Basic parameters: each treatment but the reference, versus the reference.
    covariances : array (node, parameter, parameter)
    tau
        Posterior of tau; None in a common-effect fit.
    log_evidence
        log p(y); up to a constant when effects have a flat prior.
    """

    tau: TauMarginal | None
    log_evidence: float
    rows: Rows
    weights: Floats
    tau_nodes: Floats
    means: Floats
    covariances: Floats

    def pairs(self, treatments: Places, versus: Places) -> NormalMixture:
        """Relative effects of many pairs, by place in `treatments`: each treatment minus its versus (pair,)."""
        means = np.hstack([np.zeros((len(self.weights), 1)), self.means])
        variance = np.zeros((len(self.weights), len(self.treatments), len(self.treatments)))
        variance[:, 1:, 1:] = self.covariances
        diagonal = np.diagonal(variance, axis1=1, axis2=2)
        difference = means[:, treatments] - means[:, versus]
        spread = diagonal[:, treatments] + diagonal[:, versus] - 2 * variance[:, treatments, versus]
        return NormalMixture(self.weights, difference.T, np.sqrt(np.maximum(spread, 0.0)).T)

    def predicted_pairs(self, treatments: Places, versus: Places) -> NormalMixture:
        """The same effects in a new study: within each node tau^2 joins the variance."""
        effects = self.pairs(treatments, versus)
        return NormalMixture(effects.weights, effects.means, np.hypot(effects.sds, self.tau_nodes))

    def draws(self, uniform: Floats) -> tuple[Floats, Floats]:
        """Draws of the basic parameters (draw, parameter) and of tau (draw,).

        Parameters
        ----------
        uniform : array (draw, 1 + parameter)
            Points of the unit cube, random or quasi-random; the first coordinate picks the node.
        """
        edges = np.cumsum(self.weights)
        node = np.minimum(np.searchsorted(edges, uniform[:, 0] * edges[-1], side="right"), len(edges) - 1)
        z = ndtri(uniform[:, 1:])
        factor = np.linalg.cholesky(self.covariances)
        d = np.empty_like(z)
        # one product per node that was drawn, not one matrix per draw
        for k in np.unique(node):
            chosen = node == k
            d[chosen] = self.means[k] + z[chosen] @ factor[k].T
        return d, self.tau_nodes[node]

    def to_datatree(self, *, draws: int = 4000, seed: int | None = None) -> xr.DataTree:
        """The posterior as independent draws in the groups and names that ArviZ reads.

        Parameters
        ----------
        draws
            Number of independent draws, in one chain: there is no chain to judge.
        seed
            Of the draws; by default the seed of the spec.

        Returns
        -------
        xarray.DataTree
            Groups ``posterior`` (``d`` over draw and treatment, ``tau``), ``observed_data`` and ``constant_data``.
        """
        import xarray as xr

        seed = self.spec.seed if seed is None else seed
        uniform = np.random.default_rng(seed).random((draws, 1 + self.means.shape[1]))
        d, tau = self.draws(uniform)
        lead = {"chain": [0], "draw": np.arange(draws)}
        values: dict[str, tuple[tuple[str, ...], Floats]] = {"d": (("chain", "draw", "treatment"), d[None])}
        if self.tau is not None:
            values["tau"] = (("chain", "draw"), tau[None])
        posterior = xr.Dataset(values, coords={**lead, "treatment": list(self.treatments[1:])})
        posterior.attrs = {
            "inference_library": "physiohub",
            "engine": self.engine.name,
            "numerical_error": self.engine.numerical_error,
            "reference": self.network.reference,
            "measure": self.spec.measure,
            "seed": seed,
        }
        owner = [self.rows.studies[i].id for i in self.rows.study]
        data = xr.Dataset({"y": (("row",), self.rows.y)}, coords={"study": (("row",), owner)})
        return xr.DataTree.from_dict({"posterior": posterior, "observed_data": data})
