"""Would the model produce data like these? Posterior predictive probabilities by study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from physiohub.errors import ModelError, UsageError
from physiohub.inference.posterior import Posterior
from physiohub.inference.replicates import replicate_studies
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["PredictiveCheck", "StudyCheck", "predictive_check"]

_FEWEST = 100


@dataclass(frozen=True, slots=True)
class StudyCheck:
    """One study against data that the model would produce.

    Attributes
    ----------
    p
        Probability that new data of the study are at least as far from their fitted values as its own.
    error
        Monte Carlo standard error of p.
    """

    study: str
    p: float
    error: float


@dataclass(frozen=True, slots=True)
class PredictiveCheck(ShownAsTable):
    """Posterior predictive p of every study, by residual deviance.

    A small p says that the sampling distribution does not allow the scatter of a study's arms. The fitted values come
    from the same data, so that p leans towards one half, the more so the larger tau: it is no test of a stated size.
    """

    studies: tuple[StudyCheck, ...]
    draws: int
    seed: int

    @property
    def _caption(self) -> str:
        return f"Posterior predictive p by residual deviance, {self.draws} draws"

    def to_frame(self) -> DataFrame:
        """One row a study."""
        import pandas as pd

        return pd.DataFrame([{"study": s.study, "p": s.p, "error": s.error} for s in self.studies])


def predictive_check(fit: Posterior, *, draws: int = 2000, seed: int | None = None) -> PredictiveCheck:
    """P(D(y_rep, theta) >= D(y, theta)) of every study, theta drawn from its posterior.

    D is the residual deviance of the study's arms or contrasts; y_rep are new data from the same theta (Gelman, Meng &
    Stern 1996, Stat Sinica 6:733).

    Parameters
    ----------
    draws
        Of theta, and of new data.
    seed
        By default the seed of the spec.

    Raises
    ------
    UsageError
        For fewer than 100 draws.
    ModelError
        When there is no residual deviance, or the posterior holds nothing to draw theta from.

    Examples
    --------
    >>> import physiohub as ph
    >>> from physiohub import datasets
    >>> fit = ph.fit(datasets.load("smoking"), ph.ModelSpec(measure="OR", effects="common"))
    >>> found = predictive_check(fit)
    >>> sum(study.p < 0.01 for study in found.studies) >= 3  # one common effect does not do here
    True
    """
    if draws < _FEWEST:
        raise UsageError(f"A predictive check needs at least {_FEWEST} draws, not {draws}.")
    if fit.spec.measure == "SMD" and fit.engine.name != "exact":
        raise ModelError("Standardised differences with unknown SDs of the arms have no residual deviance.")
    seed = fit.spec.seed if seed is None else seed
    found = replicate_studies(fit, draws=draws, seed=seed)
    weight = found.weight / found.weight.sum(0)
    p = (weight * (found.replicated >= found.observed)).sum(0)
    error = np.sqrt(p * (1 - p) * np.square(weight).sum(0))
    names = [study.id for study in fit.network.studies]
    checks = (StudyCheck(*one) for one in zip(names, p.tolist(), error.tolist(), strict=True))
    return PredictiveCheck(tuple(checks), draws, seed)
