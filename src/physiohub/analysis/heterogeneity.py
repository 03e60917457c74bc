"""Heterogeneity: tau with its interval, against its prior and against the typical within-study variance; I^2 from Q."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.frequentist import Q, cochran_q
from physiohub.inference.posterior import Posterior
from physiohub.model.design import whiten
from physiohub.model.priors import Fixed, Flat
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Heterogeneity", "TauProfile", "heterogeneity", "network_q"]

Floats = NDArray[np.float64]
_DENSITY_POINTS = 161
_PROFILE_POINTS = 40


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
        Cochran's Q and max(0, (Q - df)/Q); None without degrees of freedom.
    typical_within_sd
        Square root of the median sampling variance of a contrast.
    prior_q80
        80% point of tau's prior.
    grid, prior_density, posterior_density : array (point,)
        For the figure; empty when tau is known.
    warning
        Why the prior of tau may drive the answer; None when it does not.
    profile
        Effects given tau; None when tau is known, or when effects have a t prior.
    """

    mean: float | None
    sd: float | None
    q2_5: float | None
    median: float | None
    q97_5: float | None
    q: Q
    i_squared: float | None
    typical_within_sd: float
    prior_q80: float | None
    grid: Floats
    prior_density: Floats
    posterior_density: Floats
    warning: str | None
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
            "typical within-study SD": self.typical_within_sd,
            "Q": self.q.q,
            "degrees of freedom of Q": float(self.q.df),
            "p of Q": self.q.p,
            "I^2": self.i_squared,
        }
        return pd.DataFrame({"quantity": list(values), "value": [np.nan if v is None else v for v in values.values()]})


def network_q(fit: Posterior) -> Q:
    """Cochran's Q of the network that was fitted.

    A normal baseline prior would lend Q its own precision, so that the rows are those of a flat baseline.
    """
    return cochran_q(whiten(fit.rows.studies, fit.means.shape[1], Flat()))


def heterogeneity(fit: Posterior) -> Heterogeneity:
    """Heterogeneity of a fit."""
    q = network_q(fit)
    known = fit.tau is None or fit.tau.map is None
    tau, prior = fit.tau, fit.priors.tau
    grid, before, after = (np.empty(0),) * 3 if known else _densities(fit)
    return Heterogeneity(
        mean=None if tau is None or not tau.has_moment(1) else tau.mean,
        sd=None if tau is None or not tau.has_moment(2) else tau.sd,
        q2_5=None if tau is None else tau.quantile(0.025),
        median=None if tau is None else tau.quantile(0.5),
        q97_5=None if tau is None else tau.quantile(0.975),
        q=q,
        i_squared=q.i_squared,
        typical_within_sd=_typical_within_sd(fit),
        prior_q80=None if prior is None or isinstance(prior, Fixed) else prior.quantile(0.8),
        grid=grid,
        prior_density=before,
        posterior_density=after,
        warning=_warning(fit),
        profile=None if known else _profile(fit),
    )


def _profile(fit: Posterior) -> TauProfile | None:
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
    return grid, np.exp(fit.priors.tau.log_density(grid)), fit.tau.density(grid)


def _typical_within_sd(fit: Posterior) -> float:
    """Root of the median variance of a contrast with its study's arm 0."""
    variances = []
    for study in fit.rows.studies:
        diagonal = np.diag(study.sampling)
        variances += list(diagonal if study.level == "contrast" else diagonal[1:] + diagonal[0])
    return float(np.sqrt(np.median(variances)))


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
