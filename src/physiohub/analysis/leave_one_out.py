"""How well do the other studies predict each one? Leave-one-study-out predictive densities."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from physiohub.inference.leave_out import LeftOut, leave_out
from physiohub.inference.posterior import Posterior
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["LeaveOneOut", "LeftOut", "leave_one_out"]


@dataclass(frozen=True, slots=True)
class LeaveOneOut(ShownAsTable):
    """Log predictive density of every study given all others.

    Models are comparable by `elpd` when they have the same data in the same form (arms or contrasts) and the same
    priors of what they share: the density of a study depends on both.
    """

    studies: tuple[LeftOut, ...]

    @property
    def _caption(self) -> str:
        if self.elpd is None:
            return "A study has no predictive density: there is no sum over studies"
        return f"Log predictive density {self.elpd:.1f} (SE {self.se:.1f})"

    @property
    def elpd(self) -> float | None:
        """Sum over the studies; None where a study has no density."""
        known = [s.log_density for s in self.studies if s.log_density is not None]
        return float(sum(known)) if len(known) == len(self.studies) else None

    @property
    def se(self) -> float | None:
        """SE of the sum: sqrt(n) times the SD over the studies (Vehtari, Gelman & Gabry 2017, Stat Comput 27:1413)."""
        known = [s.log_density for s in self.studies if s.log_density is not None]
        if self.elpd is None or len(known) < 2:
            return None
        return float(np.sqrt(len(known)) * np.std(known, ddof=1))

    def to_frame(self) -> DataFrame:
        """One row a study."""
        import pandas as pd

        columns = ["study", "log_density", "method", "pareto_k", "reason"]
        frame = pd.DataFrame([asdict(s) for s in self.studies], columns=columns)
        return frame.astype({"log_density": float, "pareto_k": float})


def leave_one_out(fit: Posterior, *, refit: Literal["where needed", "never"] = "where needed") -> LeaveOneOut:
    """``log p(y_i | y_-i)`` of every study i, under the priors of the whole fit.

    In the exact engine the difference of the log evidences with and without the study. In the collapsed engine by
    Pareto-smoothed importance sampling from the draws of the whole, whose studies have their baselines and random
    effects integrated out (Vehtari et al. 2024, J Mach Learn Res 25(72)); where the tail of the weights is too heavy (k
    above 0.7: the study changes the posterior by itself) the fit is made again without the study.

    Parameters
    ----------
    fit
        Of the exact or the collapsed engine.
    refit
        ``"never"`` leaves such a study without a density, and says so.

    Raises
    ------
    ModelError
        When the posterior does not hold the log likelihoods of the studies.

    Examples
    --------
    >>> import physiohub as ph
    >>> from physiohub import datasets
    >>> spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(1)", effect_prior="normal(0, 10)")
    >>> found = leave_one_out(ph.fit(datasets.load("parkinson_differences"), spec))
    >>> len(found.studies), found.studies[0].method, found.elpd is not None
    (7, 'exact', True)
    """
    return LeaveOneOut(leave_out(fit, refit=refit == "where needed"))
