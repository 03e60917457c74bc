"""The posterior of a fit: a frozen object that knows its network, its question, its engine and its error."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physiohub.errors import DataError, Issue
from physiohub.model.defaults import Priors
from physiohub.model.priors import Flat
from physiohub.model.spec import ModelSpec
from physiohub.model.zero_cells import ZeroCells
from physiohub.network.display import facts_html
from physiohub.network.network import Network

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Engine", "Marginal", "Posterior", "TauPosterior", "Verdict"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Verdict:
    """May this fit be used? If not, the reasons."""

    ok: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Which engine answered, why it was chosen, how long it took and how exact it is.

    Attributes
    ----------
    why
        Why this engine was chosen.
    seconds
        Wall time from the checked network to the posterior.
    numerical_error
        Error of what is integrated by rules. The exact engine's: largest change between the last two resolutions, of
        means and SDs in posterior SDs and of tail probabilities. The collapsed engine's: largest error of a log weight.
        Zero with NUTS, which integrates nothing by rules.
    points
        Nodes of the exact engine, draws of the others.
    ess
        Effective number of draws; None where the answer is exact. With NUTS the smallest of all parameters.
    pareto_k
        Shape of the tail of the weights; None where nothing is weighted.
    """

    name: Literal["exact", "collapsed", "nuts"]
    why: str
    seconds: float
    numerical_error: float
    points: int
    ess: float | None = None
    pareto_k: float | None = None


class Marginal(Protocol):
    """The distribution of one quantity or many (...)."""

    @property
    def mean(self) -> Floats:
        """Mean (...)."""
        ...

    @property
    def sd(self) -> Floats:
        """SD (...)."""
        ...

    @property
    def kurtosis(self) -> Floats:
        """Fourth central moment over the squared variance (...)."""
        ...

    def cdf(self, x: ArrayLike) -> Floats:
        """P(quantity <= x)."""
        ...

    def survival(self, x: ArrayLike) -> Floats:
        """P(quantity > x)."""
        ...

    def quantile(self, p: float) -> Floats:
        """Value (...) below which each quantity lies with probability `p`."""
        ...

    def density(self, x: ArrayLike) -> Floats:
        """Density at x."""
        ...


class TauPosterior(Protocol):
    """The posterior of tau."""

    @property
    def known(self) -> bool:
        """Whether tau is a single value."""
        ...

    @property
    def mean(self) -> float:
        """Posterior mean; infinite when the tail is too heavy for one."""
        ...

    @property
    def sd(self) -> float:
        """Posterior SD; infinite when the tail is too heavy for one."""
        ...

    @property
    def kurtosis(self) -> float:
        """Fourth central moment over the squared variance."""
        ...

    def has_moment(self, k: int) -> bool:
        """Whether the mean of tau^k exists."""
        ...

    def cdf(self, tau: float) -> float:
        """P(tau <= value)."""
        ...

    def quantile(self, p: float) -> float:
        """Value below which tau lies with probability `p`."""
        ...

    def density(self, tau: ArrayLike) -> Floats:
        """Posterior density."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Posterior(ABC):
    """What a fit found; every engine has a posterior of its own kind.

    Attributes
    ----------
    network, spec, priors, engine, verdict
        What was fitted, how, and whether it may be used.
    tau
        Posterior of tau; None in a common-effect fit.
    log_evidence
        log p(y); up to a constant when effects have a flat prior. None with NUTS.
    zero_cells
        What was added to, or left out because of, zero cells.
    """

    network: Network
    spec: ModelSpec
    priors: Priors
    engine: Engine
    verdict: Verdict
    tau: TauPosterior | None
    log_evidence: float | None
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

    @abstractmethod
    def pairs(self, treatments: Places, versus: Places) -> Marginal:
        """Relative effects of many pairs, by place in `treatments`: each treatment minus its versus (pair,)."""

    @abstractmethod
    def predicted_pairs(self, treatments: Places, versus: Places) -> Marginal:
        """The same effects in a new study (pair,)."""

    @abstractmethod
    def draws(self, uniform: Floats) -> tuple[Floats, Floats]:
        """Draws of the basic parameters (draw, parameter) and of tau (draw,).

        Parameters
        ----------
        uniform : array (draw, 1 + parameter)
            Points of the unit cube, random or quasi-random; the first coordinate picks the node or the draw.
        """

    def effect(self, treatment: str, versus: str) -> Marginal:
        """Posterior of one relative effect, treatment minus versus, on the analysis scale.

        Raises
        ------
        DataError
            When the network has no treatment of that id.
        """
        return self.pairs(np.array(self.place(treatment)), np.array(self.place(versus)))

    def predictive(self, treatment: str, versus: str) -> Marginal:
        """One relative effect in a new study.

        Raises
        ------
        DataError
            When the network has no treatment of that id.
        """
        return self.predicted_pairs(np.array(self.place(treatment)), np.array(self.place(versus)))

    @abstractmethod
    def to_datatree(self, *, draws: int = 4000, seed: int | None = None) -> xr.DataTree:
        """The posterior in the groups and names that ArviZ reads.

        Parameters
        ----------
        draws
            Number of independent draws, in one chain: there is no chain to judge. NUTS gives its own chains.
        seed
            Of the draws; by default the seed of the spec.

        Returns
        -------
        xarray.DataTree
            Groups ``posterior`` (``d`` over draw and treatment, ``tau``), ``observed_data`` and others of the engine.
        """

    def place(self, treatment: str) -> int:
        """Place of a treatment in `treatments`; a DataError lists them when it is none."""
        place = self.network.position.get(treatment)
        if place is None:
            message = f"{treatment!r} is not a treatment of this network."
            raise DataError([Issue("treatment-unknown", message, f"Choose one of: {', '.join(self.treatments)}.")])
        return place
