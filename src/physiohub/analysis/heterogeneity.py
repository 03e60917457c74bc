"""Heterogeneity: tau with its interval, against its prior and against the typical within-study variance; I^2 from Q."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physiohub.analysis.empirical_tau import EmpiricalTau, empirical_tau
from physiohub.inference.drawn_posterior import DrawnPosterior
from physiohub.inference.exact_posterior import ExactPosterior
from physiohub.inference.frequentist import Q, cochran_q
from physiohub.inference.posterior import Posterior
from physiohub.model.design import whiten
from physiohub.model.empirical import EmpiricalPrior
from physiohub.model.normal_view import NormalView, normal_view
from physiohub.model.priors import Fixed, Flat
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Heterogeneity", "TauProfile", "heterogeneity", "network_q"]

Floats = NDArray[np.float64]
_DENSITY_POINTS = 161
_PROFILE_POINTS = 40
# an SD of fewer draws is off by more than a twentieth
_FEWEST_DRAWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class TauProfile:
    """How the effects versus the reference depend on tau: their conditional posterior on a grid of tau.

    Attributes
    ----------
    treatments
        Ids, without the reference.
    tau, density : array (point,)
        Grid, and posterior density of tau on it.
    means, sds : array (point, treatment)
        Of each effect given tau.
    """

    treatments: tuple[str, ...]
    tau: Floats
    density: Floats
    means: Floats
    sds: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Heterogeneity(ShownAsTable):
    """What is known of the differences between studies of one comparison.

    Attributes
    ----------
    mean, sd, q2_5, median, q97_5
        Of tau's posterior; None in a common-effect fit, mean and SD also where the tail is too heavy for one.
    q, i_squared
        Cochran's Q and max(0, (Q - df)/Q), of the studies as normal contrasts; I^2 None without degrees of freedom.
    q_reason
        Why there is no Q; empty when there is one.
    typical_within_sd
        Square root of the median sampling variance of a contrast; None when no study forms one.
    prior_q80
        80% point of tau's prior.
    grid, prior_density, posterior_density : array (point,)
        For the figure; empty when tau is known.
    warning
        Why the prior of tau may drive the answer; None when it does not.
    prior_warning
        Why the published numbers of an empirical prior may be wrong; None when it is no such prior, or nothing speaks
        against them.
    empirical
        A published distribution of tau over earlier meta-analyses; None when there is none to set tau beside.
    empirical_reason
        Why there is none; empty when there is one.
    empirical_density : array (point,)
        Its density on `grid`; empty without one.
    profile
        Effects given tau; None when tau is known, or when effects have a t prior.
    """

    mean: float | None
    sd: float | None
    q2_5: float | None
    median: float | None
    q97_5: float | None
    q: Q | None
    q_reason: str
    i_squared: float | None
    typical_within_sd: float | None
    prior_q80: float | None
    grid: Floats
    prior_density: Floats
    posterior_density: Floats
    warning: str | None
    prior_warning: str | None
    empirical: EmpiricalTau | None
    empirical_reason: str
    empirical_density: Floats
    profile: TauProfile | None

    @property
    def _caption(self) -> str:
        return "Heterogeneity: differences between studies of one comparison"

    def to_frame(self) -> DataFrame:
        """One row a quantity; a number that does not exist is missing."""
        import pandas as pd

        values = {
            "tau, mean": self.mean,
            "tau, SD": self.sd,
            "tau, 2.5%": self.q2_5,
            "tau, median": self.median,
            "tau, 97.5%": self.q97_5,
            "80% point of the prior of tau": self.prior_q80,
            **self._beside(),
            "typical within-study SD": self.typical_within_sd,
            "Q": None if self.q is None else self.q.q,
            "degrees of freedom of Q": None if self.q is None else float(self.q.df),
            "p of Q": None if self.q is None else self.q.p,
            "I^2": self.i_squared,
        }
        return pd.DataFrame({"quantity": list(values), "value": [np.nan if v is None else v for v in values.values()]})

    def _beside(self) -> dict[str, float]:
        if self.empirical is None:
            return {}
        published = self.empirical.distribution
        return {
            f"{published}, median of tau": published.quantile(0.5),
            f"{published}, probability below the median of tau": self.empirical.p_below,
        }


def network_q(fit: Posterior, view: NormalView | None = None) -> Q | None:
    """Cochran's Q of the network that was fitted, as normal contrasts; None when they are not the whole network.

    A normal baseline prior would lend Q its own precision, so that the rows are those of a flat baseline.
    """
    view = view or normal_view(fit.network, fit.spec)
    if view.reason:
        return None
    return cochran_q(whiten(tuple(view.studies.values()), len(fit.treatments) - 1, Flat()))


def heterogeneity(
    fit: Posterior, *, outcome_type: str | None = None, comparison_type: str | None = None
) -> Heterogeneity:
    """Heterogeneity of a fit.

    Parameters
    ----------
    outcome_type, comparison_type
        Which published distribution of tau to set it beside, in the words of `empirical_prior`; None: not stated.

    Raises
    ------
    ModelError
        When a type that is stated is not one of the table for the measure.
    """
    view = normal_view(fit.network, fit.spec)
    q = network_q(fit, view)
    known = fit.tau is None or fit.tau.known
    tau, prior = fit.tau, fit.priors.tau
    grid, before, after = (np.empty(0),) * 3 if known else _densities(fit)
    empirical, reason = empirical_tau(fit, outcome_type=outcome_type, comparison_type=comparison_type)
    return Heterogeneity(
        mean=None if tau is None or not tau.has_moment(1) else tau.mean,
        sd=None if tau is None or not tau.has_moment(2) else tau.sd,
        q2_5=None if tau is None else tau.quantile(0.025),
        median=None if tau is None else tau.quantile(0.5),
        q97_5=None if tau is None else tau.quantile(0.975),
        q=q,
        q_reason=view.reason,
        i_squared=None if q is None else q.i_squared,
        typical_within_sd=_typical_within_sd(view),
        prior_q80=None if prior is None or isinstance(prior, Fixed) else prior.quantile(0.8),
        grid=grid,
        prior_density=before,
        posterior_density=after,
        warning=_warning(fit),
        prior_warning=prior.warning if isinstance(prior, EmpiricalPrior) else None,
        empirical=empirical,
        empirical_reason=reason,
        empirical_density=np.empty(0) if empirical is None else np.exp(empirical.distribution.log_density(grid)),
        profile=None if known else _profile(fit),
    )


def _profile(fit: Posterior) -> TauProfile | None:
    """Effects given tau, where the engine knows them."""
    if isinstance(fit, ExactPosterior):
        return _profile_of_nodes(fit)
    return _profile_of_draws(fit) if isinstance(fit, DrawnPosterior) else None


def _profile_of_nodes(fit: ExactPosterior) -> TauProfile | None:
    """The nodes themselves are the grid: within each, d is normal."""
    assert fit.tau is not None
    if len(np.unique(fit.tau_nodes)) < len(fit.tau_nodes):
        return None
    end = fit.tau.quantile(0.995)
    inside = np.flatnonzero((fit.tau_nodes <= end) & (fit.tau_nodes >= 1e-3 * end))
    # tau below a thousandth of the range looks like zero, and a figure needs no more than some forty values
    step = max(1, len(inside) // _PROFILE_POINTS)
    chosen = inside[::step]
    sds = np.sqrt(np.diagonal(fit.covariances[chosen], axis1=1, axis2=2))
    tau = fit.tau_nodes[chosen]
    return TauProfile(fit.treatments[1:], tau, fit.tau.density(tau), fit.means[chosen], sds)


def _profile_of_draws(fit: DrawnPosterior) -> TauProfile | None:
    """Draws that share a value of tau, with those of neighbouring values where they are few."""
    assert fit.tau is not None
    group = _groups(fit.tau_draws)
    mass = np.bincount(group, fit.weights)

    def averaged(x: Floats) -> Floats:
        """Weighted mean in each group (group, ...)."""
        return np.array([np.bincount(group, fit.weights * column) for column in x.T]).T / mass[:, None]

    tau = averaged(fit.tau_draws[:, None])[:, 0]
    means = averaged(fit.d)
    sds = np.sqrt(averaged(np.square(fit.d - means[group])))
    shown = tau <= fit.tau.quantile(0.995)
    if np.sum(shown) < 2:
        return None
    return TauProfile(fit.treatments[1:], tau[shown], fit.tau.density(tau[shown]), means[shown], sds[shown])


def _groups(tau: Floats) -> NDArray[np.intp]:
    """Group (draw,) in the order of tau: as many values of tau as it takes to have `_FEWEST_DRAWS` draws or more."""
    values, place = np.unique(tau, return_inverse=True)
    fewest = max(_FEWEST_DRAWS, len(tau) // _PROFILE_POINTS)
    group = np.zeros(len(values), dtype=np.intp)
    size = 0
    for k, count in enumerate(np.bincount(place)):
        group[k:] += size >= fewest
        size = count if size >= fewest else size + count
    if size < fewest and group[-1] > 0:
        group[group == group[-1]] -= 1
    return group[place]


def _densities(fit: Posterior) -> tuple[Floats, Floats, Floats]:
    """Prior and posterior density of tau on a grid that shows both."""
    assert fit.tau is not None
    assert fit.priors.tau is not None
    low, high = fit.priors.tau.support
    end = max(1.25 * fit.tau.quantile(0.995), min(fit.priors.tau.quantile(0.9), 2 * fit.tau.quantile(0.995)))
    grid = np.linspace(low, min(end, high), _DENSITY_POINTS)
    # the ends are limits: the maps send them to infinity
    grid[0] = low + 1e-6 * (grid[-1] - low)
    grid[-1] -= 1e-9 * (grid[-1] - low)
    before = np.exp(fit.priors.tau.log_density(grid))
    # a log-t rises without bound at zero, over next to no mass: its curve begins one step further
    start = 1 if before[0] > 2 * before[1] else 0
    return grid[start:], before[start:], fit.tau.density(grid[start:])


def _typical_within_sd(view: NormalView) -> float | None:
    """Root of the median variance of a contrast with its study's arm 0."""
    variances = []
    for study in view.studies.values():
        diagonal = np.diag(study.sampling)
        variances += list(diagonal if study.level == "contrast" else diagonal[1:] + diagonal[0])
    return float(np.sqrt(np.median(variances))) if variances else None


def _warning(fit: Posterior) -> str | None:
    """A posterior median of tau above the prior's 80% point means that the prior holds it down."""
    prior, tau = fit.priors.tau, fit.tau
    if prior is None or tau is None or isinstance(prior, Fixed):
        return None
    median, point = tau.quantile(0.5), prior.quantile(0.8)
    if median <= point:
        return None
    return (
        f"The posterior median of tau ({median:.2f}) lies above the 80% point of its prior {prior} ({point:.2f}): the "
        "prior holds tau down. Read the main result together with the fits under wider priors."
    )
