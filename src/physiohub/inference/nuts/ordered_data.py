"""Ordered categories with their cut-points, shared by all studies or free in each.

The first cut-point is zero and the increments of the others are uniform between 0 and 5 a priori, each 5 Phi(x) with x
standard normal. With free cut-points this holds of the edges that a study reports: the lowest of them is its zero.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, log_ndtr, ndtr, ndtri

from physiohub.inference.nuts.arm_data import Evaluated, by_study
from physiohub.model.likelihoods.ordered import Ordered

__all__ = ["LARGEST_INCREMENT", "OrderedArms"]

Floats = NDArray[np.float64]
_LOG_ROOT_2PI = 0.5 * float(np.log(2 * np.pi))
LARGEST_INCREMENT = 5.0
"""Successive cut-points lie at most this far apart; the prior is uniform up to there."""


class OrderedArms:
    """Ordered categories as cells between two edges; edge 0 is minus infinity, edge 1 zero, the last plus infinity.

    Parameters
    ----------
    likelihood
        Of all arms.
    cut_points
        ``"shared"`` by all studies, or ``"free"``: each study has its own, with the same prior.
    first : array of int (arm-level study,)
        Place of arm 0 of each study.
    """

    def __init__(self, likelihood: Ordered, cut_points: Literal["shared", "free"], first: NDArray[np.intp]) -> None:
        self.likelihood, self.first = likelihood, first
        self.arms, categories = likelihood.counts.shape
        self.increments = categories - 2
        # which set of cut-points each arm has
        study = np.cumsum(np.isin(np.arange(self.arms), first)) - 1
        self.owner = np.zeros(self.arms, dtype=np.intp) if cut_points == "shared" else study
        self.sets = 1 if cut_points == "shared" else len(first)
        self.ranked = cut_points == "free"
        self._cells()
        # increments (increment, set) that the data know of; free ones only between edges that the study reports
        edges = likelihood.reported[first].sum(1) - 2 if self.ranked else np.full(1, self.increments)
        self.used = np.arange(self.increments)[:, None] < edges
        self.size = int(self.used.sum())
        total = likelihood.counts.sum(1)
        self.constant = gammaln(total + 1) - gammaln(likelihood.counts + 1).sum(1)
        steps = np.diff(likelihood.crude_cuts(), prepend=0.0)
        crude = ndtri(np.clip(steps / LARGEST_INCREMENT, 0.01, 0.99))
        self.start = np.broadcast_to(crude[:, None], self.used.shape)[self.used]

    def _cells(self) -> None:
        """Arm, lower edge, upper edge and count (cell,) of every category in which somebody was counted."""
        counts, reported = self.likelihood.counts, self.likelihood.reported
        categories = counts.shape[1]
        cells = []
        for arm in range(self.arms):
            own = np.flatnonzero(reported[arm])
            # with cut-points of its own an arm counts its edges by rank
            edges = [*(np.arange(len(own)) if self.ranked else own), categories]
            filled = zip(pairwise(edges), counts[arm, own], strict=True)
            cells += [(arm, low, high, count) for (low, high), count in filled if count > 0]
        table = np.array(cells, dtype=float).reshape(-1, 4)
        self.arm, self.low, self.high = table[:, :3].astype(np.intp).T
        self.count = table[:, 3]

    def cuts(self, x: Floats) -> Floats:
        """Cut-points above the first (cut, set, ...) at x (nuisance, ...)."""
        steps = np.zeros((*self.used.shape, *x.shape[1:]))
        steps[self.used] = LARGEST_INCREMENT * ndtr(x)
        return np.cumsum(steps, axis=0)

    def _edges(self, x: Floats) -> Floats:
        """All edges (edge, set, ...)."""
        cuts = self.cuts(x)
        end = np.full((1, *cuts.shape[1:]), np.inf)
        return np.concatenate([-end, np.zeros_like(end), cuts, end])

    def _log_p(self, theta: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Log probability of each cell (cell, ...) and the places of its two edges less theta."""
        edges, owner = self._edges(x), self.owner[self.arm]
        lower, upper = edges[self.low, owner] - theta[self.arm], edges[self.high, owner] - theta[self.arm]
        # the difference is taken in the nearer tail, where its digits are
        turned = lower > 0
        a, b = np.where(turned, -upper, lower), np.where(turned, -lower, upper)
        log_b = log_ndtr(b)
        return log_b + np.log1p(-np.exp(log_ndtr(a) - log_b)), lower, upper

    def evaluate(self, theta: Floats, x: Floats) -> Evaluated:
        log_p, lower, upper = self._log_p(theta, x)
        # d log P / d edge = +- phi(edge) / P
        from_low = -self.count * np.exp(-0.5 * lower * lower - _LOG_ROOT_2PI - log_p)
        from_high = self.count * np.exp(-0.5 * upper * upper - _LOG_ROOT_2PI - log_p)
        of_theta = np.bincount(self.arm, -from_low - from_high, self.arms).astype(float)
        edges, owner = self.increments + 3, self.owner[self.arm]
        of_edges = np.bincount(self.low * self.sets + owner, from_low, edges * self.sets)
        of_edges += np.bincount(self.high * self.sets + owner, from_high, edges * self.sets)
        of_cuts = of_edges.reshape(edges, self.sets)[2:-1]
        # an increment moves its own cut-point and all above it
        of_steps = np.cumsum(of_cuts[::-1], axis=0)[::-1][self.used]
        density = np.exp(-0.5 * x * x - _LOG_ROOT_2PI)
        value = self.constant.sum() + self.count @ log_p - 0.5 * x @ x - self.size * _LOG_ROOT_2PI
        return Evaluated(float(value), of_theta, of_steps * LARGEST_INCREMENT * density - x)

    def log_likelihood(self, theta: Floats, x: Floats) -> Floats:
        return by_study(self._of_arms(theta, x), self.first)

    def of_each_arm(self, theta: Floats) -> Floats:
        return self._of_arms(theta, np.repeat(self.start[:, None], theta.shape[1], axis=1))

    def _of_arms(self, theta: Floats, x: Floats) -> Floats:
        log_p, _, _ = self._log_p(theta, x)
        found = np.zeros_like(theta)
        np.add.at(found, self.arm, self.count[:, None] * log_p)
        return np.asarray(found + self.constant[:, None])

    def reported(self, theta: Floats, x: Floats) -> Floats:
        return theta

    def natural(self, x: Floats) -> dict[str, Floats]:
        return {"cut": self.cuts(x)[self.used]}
