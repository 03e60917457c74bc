"""What was believed before the data, beside what they made of it: quantiles of priors and posteriors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from physiohub.inference.posterior import Posterior
from physiohub.model.priors import Normal, Prior, StudentT
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["PROBABILITIES", "Learned", "PriorPosterior", "prior_posterior"]

PROBABILITIES = (0.025, 0.25, 0.5, 0.75, 0.975)
"""Of the quantiles that are shown."""


@dataclass(frozen=True, slots=True)
class Learned:
    """One parameter before and after the data.

    Attributes
    ----------
    parameter
        The treatment of a basic effect (versus the reference), or ``"tau"``.
    prior
        In its text form.
    before, after : tuple (probability,)
        Quantiles of prior and posterior at `PROBABILITIES`, on the analysis scale; `before` is None under a flat prior.
    width
        Width of the posterior's 95% interval over the prior's: near one the data say little. None under a flat prior.
    """

    parameter: str
    prior: str
    before: tuple[float, ...] | None
    after: tuple[float, ...]
    width: float | None


@dataclass(frozen=True, slots=True)
class PriorPosterior(ShownAsTable):
    """Every basic effect, and tau unless it is known."""

    rows: tuple[Learned, ...]

    @property
    def _caption(self) -> str:
        return "Quantiles before and after the data"

    def to_frame(self) -> DataFrame:
        """One row a parameter and stage, ``prior`` or ``posterior``."""
        import pandas as pd

        names = [f"q{100 * p:g}".replace(".", "_") for p in PROBABILITIES]
        found = []
        for row in self.rows:
            for stage, values in (("prior", row.before), ("posterior", row.after)):
                quantiles = values or (np.nan,) * len(names)
                found.append({"parameter": row.parameter, "stage": stage, **dict(zip(names, quantiles, strict=True))})
        return pd.DataFrame(found, columns=["parameter", "stage", *names])


def prior_posterior(fit: Posterior) -> PriorPosterior:
    """Quantiles of prior and posterior of each basic effect and of tau.

    Examples
    --------
    >>> import physiohub as ph
    >>> from physiohub import datasets
    >>> spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(1)", effect_prior="normal(0, 10)")
    >>> found = prior_posterior(ph.fit(datasets.load("parkinson_differences"), spec))
    >>> [round(q, 1) for q in found.rows[0].before]
    [-19.6, -6.7, 0.0, 6.7, 19.6]
    >>> found.rows[-1].parameter, all(row.width < 1 for row in found.rows)
    ('tau', True)
    """
    places = np.arange(1, len(fit.treatments))
    effects = fit.pairs(places, np.zeros_like(places))
    after = np.stack([effects.quantile(p) for p in PROBABILITIES], axis=-1)
    before = _quantiles(fit.priors.d)
    rows = [
        _learned(name, fit.priors.d, before, tuple(own))
        for name, own in zip(fit.treatments[1:], after.tolist(), strict=True)
    ]
    prior, tau = fit.priors.tau, fit.tau
    if prior is not None and tau is not None and not tau.known:
        own = tuple(tau.quantile(p) for p in PROBABILITIES)
        rows.append(_learned("tau", prior, tuple(prior.quantile(p) for p in PROBABILITIES), own))
    return PriorPosterior(tuple(rows))


def _learned(name: str, prior: Prior, before: tuple[float, ...] | None, after: tuple[float, ...]) -> Learned:
    width = None if before is None else (after[-1] - after[0]) / (before[-1] - before[0])
    return Learned(name, str(prior), before, after, width)


def _quantiles(prior: Prior) -> tuple[float, ...] | None:
    """Quantiles of a prior of effects, over the whole line; None of a flat one."""
    if isinstance(prior, Normal):
        return tuple(float(prior.mean + prior.sd * ndtri(p)) for p in PROBABILITIES)
    if isinstance(prior, StudentT):
        return tuple(float(prior.mean + prior.s * stdtrit(prior.df, p)) for p in PROBABILITIES)
    return None
