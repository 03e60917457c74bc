"""How far our answers lie from a peer's draws, in Monte Carlo standard errors.

Standard errors: of a mean the one that the peer reports; of an SD ``sd sqrt((kurtosis - 1) / (4 ess))``; of a quantile
``sqrt(q (1 - q) / ess) / density``; of a rank probability ``sqrt(p (1 - p) / ess)``, at least 0.002, for a rare rank
mixes worse than the effects that ess was measured of. Kurtosis and density are those of our posterior, ess is the
peer's. Where our own answer rests on draws, their error joins by its variance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

import physiohub as ph
from physiohub.analysis.ranking import RankRow

QUANTILES = {"q2.5": 0.025, "median": 0.5, "q97.5": 0.975}
# z below 4.7 for all but one run of the whole set in ten thousand, at most 2% beyond 3
LIMIT, BEYOND_THREE = 4.7, 0.02
RANK_FLOOR = 0.002

Distances = dict[str, float]


class Marginal(Protocol):
    """Our posterior of one quantity."""

    @property
    def mean(self) -> float | NDArray[np.float64]: ...
    @property
    def sd(self) -> float | NDArray[np.float64]: ...
    @property
    def kurtosis(self) -> float | NDArray[np.float64]: ...
    def quantile(self, p: float, /) -> float | NDArray[np.float64]: ...
    def density(self, x: ArrayLike, /) -> float | NDArray[np.float64]: ...


@dataclass(frozen=True, slots=True)
class Precision:
    """What a peer's draws are worth.

    Attributes
    ----------
    mcse
        Monte Carlo standard error of the mean, as the peer gives it.
    ess
        Effective draws for the SD and the median.
    tail_ess
        Effective draws for the outer quantiles.
    own
        Of `own_error`.
    """

    mcse: float
    ess: float
    tail_ess: float
    own: float = 0.0


def own_error(fit: ph.Posterior) -> float:
    """Monte Carlo error of our posterior means, in posterior SDs: none where an answer does not rest on draws."""
    ess = getattr(fit.engine, "ess", None)
    return 0.0 if ess is None else float(ess) ** -0.5


def of_quantity(row: Mapping[str, str], ours: Marginal, precision: Precision, prefix: str = "") -> Distances:
    """Distances of those of mean, SD and quantiles that a row of a table has."""
    found = {}
    spread, per_draw = float(ours.sd), precision.own**2
    if row.get(f"{prefix}mean"):
        error = np.hypot(precision.mcse, spread * precision.own)
        found["mean"] = (float(row[f"{prefix}mean"]) - float(ours.mean)) / error
    if row.get(f"{prefix}sd"):
        error = spread * np.sqrt((float(ours.kurtosis) - 1) / 4 * (1 / precision.ess + per_draw))
        found["sd"] = (float(row[f"{prefix}sd"]) - spread) / error
    for name, q in QUANTILES.items():
        ess = precision.ess if q == 0.5 else precision.tail_ess
        x = float(ours.quantile(q))
        error = np.sqrt(q * (1 - q) * (1 / ess + per_draw)) / float(ours.density(x))
        found[name] = (float(row[f"{prefix}{name}"]) - x) / error
    return found


def of_ranks(row: Mapping[str, str], ours: RankRow, ess: float, own: float) -> Distances:
    """Distances of the probabilities of all ranks of one treatment."""
    found = {}
    theirs = [float(p) for p in row["rank_probabilities"].split()]
    for rank, (p, drawn) in enumerate(zip(ours.rank_probabilities, theirs, strict=True), start=1):
        error = max(np.sqrt(p * (1 - p) / ess), RANK_FLOOR)
        ours_error = np.hypot(np.sqrt(p * (1 - p)) * own, ours.rank_error)
        found[f"rank {rank}"] = (drawn - p) / float(np.hypot(error, ours_error))
    return found


def of_sucra(row: Mapping[str, str], ours: RankRow, ess: float, own: float) -> Distances:
    """Distances of SUCRA and mean rank, whose errors follow from the spread of the rank."""
    probabilities = np.array(ours.rank_probabilities)
    count = len(probabilities)
    ranks = np.arange(1, count + 1)
    variance = float(probabilities @ np.square(ranks - probabilities @ ranks))
    error = max(np.sqrt(variance * (1 / ess + own**2)), RANK_FLOOR)
    return {
        "SUCRA": (float(row["sucra"]) - ours.sucra) * (count - 1) / error,
        "mean rank": (float(row["mean_rank"]) - ours.mean_rank) / error,
    }


def labelled(found: Distances, *label: str) -> Distances:
    """The same distances under names that tell whose they are."""
    return {" ".join((*label, name)): z for name, z in found.items()}


def assert_within_limit(z: Distances, *, cells: int) -> None:
    """All cells of a network were compared, and none lies beyond `LIMIT`."""
    assert len(z) == cells
    assert not {name: round(d, 1) for name, d in z.items() if not abs(d) < LIMIT}


def assert_agree(z: Distances, *, cells: int) -> None:
    """The same of a set of networks, of which few cells lie beyond three."""
    assert_within_limit(z, cells=cells)
    beyond = {name: round(d, 1) for name, d in z.items() if abs(d) > 3}
    assert len(beyond) <= BEYOND_THREE * cells, beyond
