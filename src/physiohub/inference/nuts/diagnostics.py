"""May a run be used? R-hat, effective sample sizes, divergences, energy, and the verdict on them.

Rank-normalised split R-hat, bulk and tail effective sample sizes and Monte Carlo standard errors: Vehtari, Gelman,
Simpson, Carpenter and Burkner (2021, Bayesian Analysis 16:667-718), by arviz-stats. Energy: the Bayesian fraction of
missing information of Betancourt (2016, arXiv:1604.00695).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.posterior import Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LEAST_BFMI",
    "LEAST_ESS",
    "LEAST_RHAT_CHAINS",
    "MOST_DIVERGENT",
    "MOST_RHAT",
    "Diagnostics",
    "diagnose",
    "judge",
]

Floats = NDArray[np.float64]
MOST_RHAT = 1.01
"""R-hat of every parameter at most this (Vehtari 2021, section 4)."""
LEAST_ESS = 400.0
"""Bulk and tail effective sample size of every parameter at least this (Vehtari 2021, section 4: a hundred a chain)."""
MOST_DIVERGENT = 0.001
"""At most this share of divergent draws: a few are chance, and with hard limits of the parameters unavoidable."""
LEAST_BFMI = 0.3
"""Bayesian fraction of missing information of every chain at least this."""
MOST_DEEP = 0.1
"""At most this share of draws whose trajectory was cut off at the largest tree depth."""
LEAST_RHAT_CHAINS = 2
"""Fewer chains than this cannot disagree, so that their agreement says nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Diagnostics:
    """Diagnostics of a run, one entry a parameter, and those of the run as a whole.

    Attributes
    ----------
    names : tuple of str
    rhat, ess_bulk, ess_tail, mcse_mean, mcse_sd : array (parameter,)
    mean, sd : array (parameter,)
    divergent, deep
        Number of divergent draws, and of trajectories cut off at the largest tree depth.
    bfmi : array (chain,)
    """

    names: tuple[str, ...]
    mean: Floats
    sd: Floats
    rhat: Floats
    ess_bulk: Floats
    ess_tail: Floats
    mcse_mean: Floats
    mcse_sd: Floats
    divergent: int
    deep: int
    bfmi: Floats

    def to_frame(self) -> pd.DataFrame:
        """One row a parameter."""
        import pandas as pd

        columns = ("mean", "sd", "rhat", "ess_bulk", "ess_tail", "mcse_mean", "mcse_sd")
        return pd.DataFrame({c: getattr(self, c) for c in columns}, index=pd.Index(self.names, name="parameter"))


def diagnose(names: Sequence[str], values: Floats, statistics: Mapping[str, NDArray[Any]]) -> Diagnostics:
    """Diagnostics of draws (chain, draw, parameter) with the sampler's statistics (chain, draw)."""
    array_stats: Any = import_module("arviz_stats.base").array_stats
    axes = {"chain_axis": 0, "draw_axis": 1}
    with np.errstate(all="ignore"):
        sd = values.std(axis=(0, 1), ddof=1)
        # squares mix at their own pace: chains that swing about the mean know it better than their SD, so that the
        # effective sample size of the mean would promise too much
        squares = np.square(values - values.mean(axis=(0, 1)))
        return Diagnostics(
            names=tuple(names),
            mean=values.mean(axis=(0, 1)),
            sd=sd,
            rhat=np.asarray(array_stats.rhat(values, method="rank", **axes)),
            ess_bulk=np.asarray(array_stats.ess(values, method="bulk", **axes)),
            ess_tail=np.asarray(array_stats.ess(values, method="tail", prob=(0.05, 0.95), **axes)),
            mcse_mean=np.asarray(array_stats.mcse(values, method="mean", **axes)),
            mcse_sd=np.asarray(array_stats.mcse(squares, method="mean", **axes)) / (2 * sd),
            divergent=int(np.sum(statistics["diverging"])),
            deep=int(np.sum(statistics["reached_max_treedepth"])),
            bfmi=np.asarray(array_stats.bfmi(statistics["energy"], chain_axis=0, draw_axis=1)),
        )


def judge(found: Diagnostics, *, chains: int, draws: int) -> Verdict:
    """The verdict on a run, with one reason for each threshold that it misses."""
    total = chains * draws
    reasons = []
    if chains < LEAST_RHAT_CHAINS:
        reasons.append("one chain cannot show that chains agree")
    if worst := _worst(found.names, -found.rhat, -MOST_RHAT):
        reasons.append(f"R-hat is above {MOST_RHAT} for {worst}")
    if worst := _worst(found.names, found.ess_bulk, LEAST_ESS):
        reasons.append(f"the bulk effective sample size is below {LEAST_ESS:g} for {worst}")
    if worst := _worst(found.names, found.ess_tail, LEAST_ESS):
        reasons.append(f"the tail effective sample size is below {LEAST_ESS:g} for {worst}")
    if found.divergent > MOST_DIVERGENT * total:
        reasons.append(f"{found.divergent} of {total} draws are divergent, more than {MOST_DIVERGENT:.1%}")
    if not np.all(found.bfmi >= LEAST_BFMI):
        reasons.append(f"the energy of a chain mixes badly (E-BFMI {np.min(found.bfmi):.2f}, below {LEAST_BFMI})")
    if found.deep > MOST_DEEP * total:
        reasons.append(f"{found.deep} of {total} trajectories were cut off at the largest tree depth")
    return Verdict(not reasons, tuple(reasons))


def _worst(names: Sequence[str], value: Floats, least: float) -> str:
    """The parameter furthest below `least` and how many others miss it; empty when none does. Not a number misses."""
    missed = np.flatnonzero(~(value >= least))
    if not len(missed):
        return ""
    place = missed[np.argmin(np.nan_to_num(value[missed], nan=-np.inf))]
    others = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
    size = f"{abs(value[place]):.4g}" if np.isfinite(value[place]) else "not a number"
    return f"{names[place]} ({size}){others}"
