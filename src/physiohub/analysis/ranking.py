"""Ranks with their uncertainty; rank 1 is best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from physiohub.analysis.effects import Direction, direction_sign
from physiohub.inference.posterior import Posterior
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RankRow", "Ranking", "rank"]

Floats = NDArray[np.float64]
# independent scramblings of one Sobol sequence: their spread is the error of the rank probabilities
_REPLICATES, _POINTS = 8, 2048


@dataclass(frozen=True, slots=True)
class RankRow:
    """The ranks of one treatment.

    Attributes
    ----------
    sucra, p_score, mean_rank
        Exact, from the pairwise distributions; no P-score where effects have no mean or SD.
    p_best, median_rank, rank_low, rank_high, rank_probabilities
        From draws; the interval holds at least the level of the fit.
    rank_error
        Monte Carlo standard error of the rank probabilities, the largest of them.
    """

    treatment: str
    sucra: float
    p_score: float | None
    p_best: float
    mean_rank: float
    median_rank: float
    rank_low: int
    rank_high: int
    rank_probabilities: tuple[float, ...]
    rank_error: float


@dataclass(frozen=True, slots=True)
class Ranking(ShownAsTable):
    """The ranks of all treatments, in the order of the network.

    Attributes
    ----------
    poth
        Precision of the treatment hierarchy (Wigle et al. 2025): 0 no information, 1 a certain order.
    sucra_gap
        Largest distance between the exact SUCRA and the one from the draws: a check of the draws.
    """

    rows: tuple[RankRow, ...]
    better: Direction
    poth: float
    draws: int
    seed: int
    sucra_gap: float

    @property
    def _caption(self) -> str:
        return f"Ranks, 1 is best ({self.better} is better); POTH {self.poth:.2f}: 0 no information, 1 a certain order"

    def to_frame(self) -> pd.DataFrame:
        """One row a treatment; rank probabilities in columns ``rank 1``, ``rank 2``, ..."""
        import pandas as pd

        frame = pd.DataFrame([{f: getattr(row, f) for f in RankRow.__slots__} for row in self.rows])
        probabilities = np.array(list(frame.pop("rank_probabilities")))
        for k in range(probabilities.shape[1]):
            frame[f"rank {k + 1}"] = probabilities[:, k]
        return frame


def rank(fit: Posterior, *, better: Direction) -> Ranking:
    """Rank the treatments by their effects.

    SUCRA_j is the mean over the others of P(j better) (Salanti 2011, J Clin Epidemiol 64:163; Ruecker & Schwarzer 2015,
    BMC Med Res Methodol 15:58), and mean rank = T - (T - 1) SUCRA: both exact. Rank probabilities come from scrambled
    Sobol draws.

    Parameters
    ----------
    fit
        A posterior.
    better
        ``"lower"`` or ``"higher"``: there is no default direction.

    Raises
    ------
    UsageError
        For another direction.
    """
    sign = direction_sign(better)
    count = len(fit.treatments)
    wins, score = _pairwise(fit, sign)
    sucra = wins.sum(1) / (count - 1)
    probabilities, error = _rank_probabilities(fit, sign)
    cumulative = np.cumsum(probabilities, axis=1)
    drawn = cumulative[:, :-1].mean(1)
    tail = (1 - fit.spec.level) / 2
    rows = tuple(
        RankRow(
            treatment=treatment,
            sucra=float(sucra[j]),
            p_score=float(score[j].sum() / (count - 1)) if fit.has_moment(2) else None,
            p_best=float(probabilities[j, 0]),
            mean_rank=float(count - (count - 1) * sucra[j]),
            median_rank=float(_rank_quantile(cumulative[j], 0.5)),
            rank_low=_rank_quantile(cumulative[j], tail),
            rank_high=_rank_quantile(cumulative[j], 1 - tail),
            rank_probabilities=tuple(float(p) for p in probabilities[j]),
            rank_error=float(np.max(error[j])),
        )
        for j, treatment in enumerate(fit.treatments)
    )
    poth = 12 * (count - 1) / (count + 1) * float(np.mean(np.square(sucra - 0.5)))
    gap = float(np.max(np.abs(drawn - sucra)))
    return Ranking(rows, better, poth, _REPLICATES * _POINTS, fit.spec.seed, gap)


def _pairwise(fit: Posterior, sign: int) -> tuple[Floats, Floats]:
    """P(j better than i) (treatment, treatment) exactly, and its normal approximation, the P-score's."""
    count = len(fit.treatments)
    j, i = np.tril_indices(count, -1)
    effects = fit.pairs(j, i)
    zero = np.zeros(len(j))
    wins, score = np.zeros((count, count)), np.zeros((count, count))
    above, below = effects.survival(zero), effects.cdf(zero)
    wins[j, i], wins[i, j] = (above, below) if sign > 0 else (below, above)
    z = sign * effects.mean / effects.sd
    score[j, i], score[i, j] = ndtr(z), ndtr(-z)
    return wins, score


def _rank_probabilities(fit: Posterior, sign: int) -> tuple[Floats, Floats]:
    """P(treatment has rank) (treatment, rank) from draws, and the standard error over replicates."""
    from scipy.stats import qmc  # imported here: it costs half a second and only ranks need it

    count = len(fit.treatments)
    found = np.zeros((_REPLICATES, count, count))
    seeds = np.random.SeedSequence(fit.spec.seed).spawn(_REPLICATES)
    for r, seed in enumerate(seeds):
        sampler = qmc.Sobol(count, scramble=True, rng=np.random.default_rng(seed))
        # scrambled points can round to 0 or 1, where the normal quantile is infinite
        uniform = np.clip(sampler.random(_POINTS), 1e-12, 1 - 1e-12)
        d, _ = fit.draws(uniform)
        values = sign * np.hstack([np.zeros((_POINTS, 1)), d])
        ranks = np.argsort(np.argsort(-values, axis=1), axis=1)
        for j in range(count):
            found[r, j] = np.bincount(ranks[:, j], minlength=count) / _POINTS
    return found.mean(0), found.std(0, ddof=1) / np.sqrt(_REPLICATES)


def _rank_quantile(cumulative: Floats, p: float) -> int:
    """Smallest rank that is reached with probability `p`."""
    return int(np.searchsorted(cumulative, p - 1e-12) + 1)
