"""A baseline model: random effects of single arms, apart from the model of relative effects.

``mu_i ~ N(m, sigma^2)`` for the arms of one treatment, each with the likelihood of its data (Dias, Welton, Sutton &
Ades 2013, Med Decis Making 33:657, the separate model; NICE DSU TSD 5). Nothing flows back: relative effects stay what
they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from physiohub.analysis.baseline_arms import BaselineArms, baseline_arms
from physiohub.analysis.baseline_posterior import by_quadrature, in_closed_form
from physiohub.analysis.gridded import Quantity
from physiohub.analysis.pairing import QuantileTable
from physiohub.errors import ModelError, UsageError
from physiohub.inference.tau_grid import TauMarginal
from physiohub.measures.measure import measure_named
from physiohub.measures.natural import LINKS, Link, NaturalScale
from physiohub.model.likelihoods.normal_mean import NormalMean
from physiohub.model.priors import Flat, HalfNormal, Normal, Prior, TauPrior, parse_prior
from physiohub.network.display import ShownAsTable
from physiohub.network.network import Network
from physiohub.network.study import Arm

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BaselineModel", "baseline_model"]

Floats = NDArray[np.float64]
Use = Literal["predictive", "mean"]
_UNITS: dict[Link, float] = {"logit": 1.0, "cloglog": 1.0, "log": 1.0, "probit": 0.5}


@dataclass(frozen=True, slots=True, eq=False)
class BaselineModel(ShownAsTable):
    """The posterior of a baseline model; `absolute_effects` takes it as a baseline.

    Attributes
    ----------
    treatment
        Id of the treatment of the arms.
    arms, studies
        Number of arms, and the names of their studies; arms of one study on one treatment are put together.
    source
        Where the arms come from, in words.
    link
        The scale of `mean`, `predictive` and `sd`.
    clock
        With the cloglog link: whether the scale is the log hazard ``"per unit of time"`` or over the studies' own
        ``"follow-up"``; else empty.
    use
        What stands for the baseline: ``"predictive"`` (a new study) or ``"mean"`` (the mean of all studies).
    mean, predictive
        Posterior of m; and of mu in a new study.
    sd
        Posterior of sigma.
    mean_prior, sd_prior
        Priors of m and of sigma.
    defaulted
        Which of these priors were left alone: ``"m"``, ``"sigma"``.
    numerical_error
        Largest change of means and SDs between the last two resolutions, in posterior SDs.
    level
        Probability of the intervals.
    """

    treatment: str | None
    arms: int
    studies: tuple[str, ...]
    source: str
    link: Link
    clock: Literal["", "per unit of time", "follow-up"]
    use: Use
    mean: Quantity
    predictive: Quantity
    sd: TauMarginal
    mean_prior: Prior
    sd_prior: TauPrior
    defaulted: tuple[str, ...]
    numerical_error: float
    level: float

    def __str__(self) -> str:
        what = "a new study" if self.use == "predictive" else "the mean of the studies"
        return f"baseline model of {self.source}: {what}"

    @property
    def _caption(self) -> str:
        return f"{self} ({self.link} scale; natural: back-transformed); low to high: {100 * self.level:g}% interval"

    def link_values(self, p: Floats, scale: NaturalScale, time: float | None) -> Floats:
        """Quantiles (...) on the link of `scale` at probabilities `p` (...).

        Raises
        ------
        ModelError
            When the arms have no follow-up times and another one is asked for.
        """
        if self.clock == "follow-up" and time is not None:
            raise ModelError("The arms of the baseline model have no follow-up time: theirs is the only one there is.")
        theta = QuantileTable.of(self.predictive if self.use == "predictive" else self.mean).at(0, p)
        if self.clock == "per unit of time":
            if time is None:
                raise UsageError("The baseline is a hazard per unit of time: state the follow-up time.")
            theta = theta + np.log(time)
        return theta if self.link == scale.link else scale.to_link(LINKS[self.link][1](theta))

    def to_frame(self) -> pd.DataFrame:
        """Rows ``mean``, ``predictive`` and ``sd``: five numbers each, the quantiles back-transformed too."""
        import pandas as pd

        rows = [self._row("mean", self.mean), self._row("predictive", self.predictive)]
        return pd.DataFrame([*rows, self._row("sd", self.sd)])

    def _row(self, name: str, quantity: Quantity | TauMarginal) -> dict[str, str | float]:
        tail = (1 - self.level) / 2
        quantiles = {n: float(quantity.quantile(p)) for n, p in (("median", 0.5), ("low", tail), ("high", 1 - tail))}
        row: dict[str, str | float] = {
            "quantity": name,
            "mean": float(quantity.mean),
            "sd": float(quantity.sd),
            **quantiles,
        }
        if name != "sd":
            row |= {f"natural_{n}": float(LINKS[self.link][1](np.array(q))) for n, q in quantiles.items()}
        return row


def baseline_model(
    arms: Network | Sequence[Arm],
    measure: str,
    *,
    treatment: str | None = None,
    use: Use = "predictive",
    mean_prior: str | Prior | None = None,
    sd_prior: str | TauPrior | None = None,
    level: float = 0.95,
) -> BaselineModel:
    """Fit a baseline model to single arms.

    Parameters
    ----------
    arms
        A network, whose own arms on `treatment` are taken; or single arms from elsewhere, each of a study of its own.
    measure
        The measure of the relative effects, which tells the likelihood: OR, RR and RD binomial with a logit link (so
        that every baseline is a probability), HR cloglog, PROBIT probit (the share above the first cut-point), IRR
        Poisson, MD and SMD normal means, ROM normal log means.
    treatment
        Id of the treatment; by default the reference of the network.
    use
        ``"predictive"`` (default): the baseline of a new study, as the source recommends; ``"mean"``: the mean of all.
    mean_prior
        Of m; by default normal(0, 100), and flat for means.
    sd_prior
        Of sigma; by default half-normal(1), 0.5 with the probit link and for log means, and for means half the median
        SD of the arms.
    level
        Probability of the intervals.

    Raises
    ------
    DataError
        When an arm lacks what the likelihood needs, or no treatment has that id.
    ModelError
        When no arm is left, nobody or everybody had the event, a prior does not fit or no default has a scale.
    UsageError
        When `use` is another word.

    Examples
    --------
    >>> from physiohub import datasets
    >>> model = baseline_model(datasets.load("smoking"), "OR", sd_prior="uniform(0, 5)")
    >>> model.arms, round(float(model.mean.mean), 2), round(float(model.mean.sd), 2)
    (19, -2.59, 0.16)
    """
    if use not in ("predictive", "mean"):
        raise UsageError(f"use must be predictive or mean, not {use!r}.")
    found = baseline_arms(arms, measure_named(measure).id, treatment)
    m_prior = _mean_prior(mean_prior, found)
    sigma_prior = _sd_prior(sd_prior, found)
    solve = in_closed_form if isinstance(found.likelihood, NormalMean) else by_quadrature
    mean, predictive, sd, error = solve(found.likelihood, m_prior, sigma_prior)
    return BaselineModel(
        treatment=found.treatment,
        arms=found.arms,
        studies=found.studies,
        source=found.source,
        link=found.link,
        clock=found.clock,
        use=use,
        mean=mean,
        predictive=predictive,
        sd=sd,
        mean_prior=m_prior,
        sd_prior=sigma_prior,
        defaulted=tuple(n for n, prior in (("m", mean_prior), ("sigma", sd_prior)) if prior is None),
        numerical_error=error,
        level=level,
    )


def _mean_prior(prior: str | Prior | None, arms: BaselineArms) -> Flat | Normal:
    normal = isinstance(arms.likelihood, NormalMean)
    if prior is None:
        return Flat() if normal else Normal(0.0, 100.0)
    found = parse_prior(prior, "mu")
    if not isinstance(found, Normal if not normal else Normal | Flat):
        raise ModelError(f"The mean of a baseline model takes a normal prior{' or a flat one' * normal}, not {found}.")
    return found


def _sd_prior(prior: str | TauPrior | None, arms: BaselineArms) -> TauPrior:
    if prior is not None:
        found = parse_prior(prior, "tau")
        assert isinstance(found, TauPrior)
        return found
    unit = _UNITS.get(arms.link) if arms.usual_sd is None else arms.usual_sd / 2
    if unit is None:
        raise ModelError(
            "The spread of baseline means has no default prior: no arm reports an SD that could set its scale. "
            "State one (sd_prior), for example half-normal of half the usual SD of the scores."
        )
    return HalfNormal(unit)
