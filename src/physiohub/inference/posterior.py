"""The posterior of a fit: a frozen object that knows its network, its question, its engine and its error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from physiohub.errors import DataError, Issue
from physiohub.inference.mixture import NormalMixture
from physiohub.inference.tau_grid import TauMarginal
from physiohub.model.defaults import Priors
from physiohub.model.design import Rows
from physiohub.model.priors import Flat
from physiohub.model.spec import ModelSpec
from physiohub.model.zero_cells import ZeroCells
from physiohub.network.display import facts_html
from physiohub.network.network import Network

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Engine", "Posterior", "Verdict"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Verdict:
    """May this fit be used? If not, the reasons."""

    ok: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Engine:
    """Which engine answered, why it was chosen, how long it took and how exact it is.

    Attributes
    ----------
    seconds
        Wall time from the checked network to the posterior.
    numerical_error
        Largest change between the last two resolutions: of means and SDs in posterior SDs, and of tail probabilities.
    """

    name: Literal["exact"]
    why: str
    seconds: float
    numerical_error: float


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """A posterior as a finite mixture of normals: within a node, d is normal and tau is known.

    Attributes
    ----------
    network, spec, priors, engine, verdict
        What was fitted, how, and whether it may be used.
    rows
        The data as the engine read them.
    weights : array (node,)
    tau_nodes : array (node,)
    means : array (node, parameter)
        Basic parameters: each treatment but the reference, versus the reference.
    covariances : array (node, parameter, parameter)
    tau
        Posterior of tau; None in a common-effect fit.
    zero_cells
        What was added to, or left out because of, zero cells.
    log_evidence
        log p(y); up to a constant when effects have a flat prior.
    """

    network: Network
    spec: ModelSpec
    priors: Priors
    engine: Engine
    verdict: Verdict
    rows: Rows
    weights: Floats
    tau_nodes: Floats
    means: Floats
    covariances: Floats
    tau: TauMarginal | None
    log_evidence: float
    zero_cells: ZeroCells

    @property
    def treatments(self) -> tuple[str, ...]:
        """Ids of the treatments, reference first."""
        return tuple(t.id for t in self.network.treatments)

    def __repr__(self) -> str:
        """What was fitted and how, in one line; the arrays would fill a screen."""
        size = f"{len(self.network.studies)} studies, {len(self.treatments)} treatments"
        return f"<Posterior of {self.spec.measure}, {self.spec.effects} effects: {size}, {self.engine.name} engine>"

    def _repr_html_(self) -> str:
        tau = "none (common effect)" if self.tau is None else f"{self.tau.quantile(0.5):.3g} (posterior median)"
        ok = "may be used" if self.verdict.ok else f"not to be used: {'; '.join(self.verdict.reasons)}"
        return facts_html(
            {
                "Measure": f"{self.spec.measure}, {self.spec.effects} effects, versus {self.network.reference}",
                "Network": f"{len(self.network.studies)} studies, {len(self.treatments)} treatments",
                "Priors": f"effects {self.priors.d}; tau {self.priors.tau}; baselines {self.priors.mu}",
                "tau": tau,
                "Engine": f"{self.engine.name}, numerical error {self.engine.numerical_error:.1e}; the fit {ok}",
            }
        )

    def has_moment(self, k: int) -> bool:
        """Whether relative effects have a mean (k = 1) and an SD (k = 2).

        Under a flat prior their spread grows with tau, so that they have no more moments than tau has.
        """
        return self.tau is None or not isinstance(self.priors.d, Flat) or self.tau.has_moment(k)

    def pairs(self, treatments: NDArray[np.intp], versus: NDArray[np.intp]) -> NormalMixture:
        """Relative effects of many pairs, by place in `treatments`: each treatment minus its versus (pair,)."""
        means = np.hstack([np.zeros((len(self.weights), 1)), self.means])
        variance = np.zeros((len(self.weights), len(self.treatments), len(self.treatments)))
        variance[:, 1:, 1:] = self.covariances
        diagonal = np.diagonal(variance, axis1=1, axis2=2)
        difference = means[:, treatments] - means[:, versus]
        spread = diagonal[:, treatments] + diagonal[:, versus] - 2 * variance[:, treatments, versus]
        return NormalMixture(self.weights, difference.T, np.sqrt(np.maximum(spread, 0.0)).T)

    def effect(self, treatment: str, versus: str) -> NormalMixture:
        """Posterior of one relative effect, treatment minus versus, on the analysis scale.

        Raises
        ------
        DataError
            When the network has no treatment of that id.
        """
        pair = self.pairs(np.array([self.place(treatment)]), np.array([self.place(versus)]))
        return NormalMixture(pair.weights, pair.means[0], pair.sds[0])

    def predictive(self, effects: NormalMixture) -> NormalMixture:
        """The same effects in a new study: within each node tau^2 joins the variance."""
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

    def place(self, treatment: str) -> int:
        """Place of a treatment in `treatments`; a DataError lists them when it is none."""
        place = self.network.position.get(treatment)
        if place is None:
            message = f"{treatment!r} is not a treatment of this network."
            raise DataError([Issue("treatment-unknown", message, f"Choose one of: {', '.join(self.treatments)}.")])
        return place
