"""Ordered categories under a probit link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, ndtri, xlogy

from physiohub.model.likelihoods.base import ArmLikelihood, Derivatives

__all__ = ["Ordered"]

Floats = NDArray[np.float64]
_TINY = 1e-300
_DENSITY = 1 / np.sqrt(2 * np.pi)


@dataclass(frozen=True, slots=True, eq=False)
class Ordered(ArmLikelihood):
    """Counts of ordered categories: ``P(above cut-point j) = Phi(theta - z_j)``, the first cut-point is zero.

    A category that a study did not report is part of the one below it.

    Attributes
    ----------
    counts : array (arm, category)
        Lowest category first; zero where it is not reported.
    reported : array of bool (arm, category)
        Which categories stand by themselves; the lowest always does.
    fixed : array (cut, arm) or (cut, 1)
        Cut-points above the first, when they are known; then no method needs to be told.

    Examples
    --------
    >>> arm = Ordered(np.array([[1.0, 1.0]]), np.ones((1, 2), dtype=bool))
    >>> float(np.exp(arm.log_density(np.zeros(1), np.empty(0)))[0].round(6))
    0.5
    """

    counts: Floats
    reported: NDArray[np.bool_]
    fixed: Floats | None = None
    name: ClassVar[str] = "ordered"
    link = "probit"

    def __len__(self) -> int:
        return len(self.counts)

    def take(self, arms: Sequence[int] | NDArray[np.intp]) -> Ordered:
        at = np.asarray(arms, dtype=np.intp)
        fixed = self.fixed if self.fixed is None or self.fixed.shape[1] == 1 else self.fixed[:, at]
        return Ordered(self.counts[at], self.reported[at], fixed)

    def at_cuts(self, cuts: Floats) -> Ordered:
        """The likelihood with known cut-points: of all arms (cut,), or of each (cut, arm)."""
        return Ordered(self.counts, self.reported, cuts.reshape(len(cuts), -1))

    @property
    def categories(self) -> int:
        """Number of categories."""
        return int(self.counts.shape[1])

    @property
    def data_points(self) -> NDArray[np.intp]:
        return np.asarray(self.reported.sum(1) - 1, dtype=np.intp)

    def _edges(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Places (arm, category) of the lower and upper edge of what is counted in each category.

        Edge 0 is minus infinity, edge 1 the first cut-point, the last edge plus infinity.
        """
        size = self.categories
        upper = np.full(self.counts.shape, size)
        following = np.full(len(self), size)
        for j in range(size - 1, -1, -1):
            upper[:, j] = following
            following = np.where(self.reported[:, j], j, following)
        return np.broadcast_to(np.arange(size), self.counts.shape), upper

    def _levels(self, theta: Floats, cuts: Floats | None) -> Floats:
        """Finite edges less theta (edge, arm, ...): the cut-points seen from the arm's predictor."""
        if cuts is not None:
            # cut-points (cut, ...) vary along the axes of theta behind its first
            above = cuts.reshape(len(cuts), 1, *cuts.shape[1:], *(1,) * (theta.ndim - cuts.ndim))
        elif self.fixed is not None:
            above = self.fixed.reshape(*self.fixed.shape, *(1,) * (theta.ndim - 1))
        elif self.categories == 2:
            above = np.empty((0, *(1,) * theta.ndim))
        else:
            raise ValueError("ordered categories need their cut-points")
        return np.concatenate([-theta[None], above - theta[None]])

    def _between(self, of_edges: Floats) -> Floats:
        """Differences (category, arm, ...) of a function of the edges (edge, arm, ...), its limits at both ends."""
        low, high = self._edges()
        arm = np.arange(len(self))
        return np.stack([of_edges[high[:, j], arm] - of_edges[low[:, j], arm] for j in range(self.categories)])

    def _probability(self, theta: Floats, cuts: Floats | None) -> Floats:
        """Probability of each reported category (category, arm, ...)."""
        level = self._levels(theta, cuts)
        # from the nearer tail, in which differences keep their digits; one more where the middle lies between
        tail = np.where(level > 0, -1.0, 1.0) * ndtr(-np.abs(level))
        zero = np.zeros((1, *tail.shape[1:]))
        passed = np.concatenate([zero, (level > 0).astype(float), zero + 1])
        p = self._between(np.concatenate([zero, tail, zero])) + self._between(passed)
        return np.maximum(p, _TINY)

    def _probabilities(self, theta: Floats, cuts: Floats | None) -> tuple[Floats, Floats, Floats]:
        """Probability of each reported category (category, arm, ...) and its first two derivatives in theta."""
        level = self._levels(theta, cuts)
        density = _DENSITY * np.exp(-0.5 * np.square(level))
        zero = np.zeros((1, *density.shape[1:]))
        first = -self._between(np.concatenate([zero, density, zero]))
        second = -self._between(np.concatenate([zero, level * density, zero]))
        return self._probability(theta, cuts), first, second

    def _counted(self, like: Floats) -> Floats:
        """Counts (category, arm, ...) with the axes of `like` (arm, ...)."""
        return self.counts.T.reshape(self.categories, len(self), *(1,) * (like.ndim - 1))

    def _constant(self) -> Floats:
        return np.asarray(gammaln(self.counts.sum(1) + 1) - gammaln(self.counts + 1).sum(1))

    def log_density(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        p = self._probability(theta, cuts)
        return np.asarray(self._over(self._constant(), theta) + (self._counted(theta) * np.log(p)).sum(0))

    def derivatives(self, theta: Floats, cuts: Floats | None = None) -> Derivatives:
        p, first, second = self._probabilities(theta, cuts)
        n, ratio = self._counted(theta), first / p
        value = self._over(self._constant(), theta) + (n * np.log(p)).sum(0)
        return Derivatives(value, (n * ratio).sum(0), (n * (np.square(ratio) - second / p)).sum(0))

    def score_of_cuts(self, theta: Floats, cuts: Floats) -> Floats:
        """Derivatives of the log density in each sampled cut-point (cut, arm, ...)."""
        p = self._probability(theta, cuts)
        density = _DENSITY * np.exp(-0.5 * np.square(self._levels(theta, cuts)[1:]))
        ratio = self._counted(theta) / p
        low, high = self._edges()
        found = np.zeros_like(density)
        for j in range(self.categories):
            for k in range(len(found)):
                at = k + 2  # place of this cut-point among the edges
                sign = (high[:, j] == at).astype(float) - (low[:, j] == at).astype(float)
                found[k] += self._over(sign, theta) * ratio[j] * density[k]
        return np.asarray(found)

    def crude(self) -> tuple[Floats, Floats]:
        # the share above the lowest edge that is reported, half a person added on either side
        total = self.counts.sum(1)
        p = (total - self.counts[:, 0] + 0.5) / (total + 1)
        z = ndtri(p)
        return z + self._lowest_cut(), np.sqrt(p * (1 - p) / (total + 1)) / (_DENSITY * np.exp(-0.5 * z * z))

    def _lowest_cut(self) -> Floats:
        """The cut-point above the lowest category of each arm (arm,): the first, unless others stand under it."""
        lowest = self._edges()[1][:, 0]
        cuts = self.crude_cuts()[:, None] if self.fixed is None else self.fixed
        every = np.broadcast_to(np.concatenate([np.zeros((1, cuts.shape[1])), cuts]), (len(cuts) + 1, len(self)))
        return np.asarray(every[np.minimum(lowest, len(cuts) + 1) - 1, np.arange(len(self))])

    def crude_cuts(self) -> Floats:
        """A rough estimate of the cut-points above the first (cut,): from all arms that report both, put together."""
        total = self.counts.sum(1)

        def share_above(j: int) -> Floats:
            return np.asarray((self.counts[:, j:].sum(1) + 0.5) / (total + 1))

        found: list[float] = []
        for j in range(2, self.categories):
            known = self.reported[:, 1] & self.reported[:, j]
            if not np.any(known):  # nothing tells: one more than the last
                found.append((found[-1] if found else 0.0) + 0.5)
                continue
            gap = ndtri(share_above(1)[known]) - ndtri(share_above(j)[known])
            found.append(float(np.average(gap, weights=total[known])))
        return np.maximum.accumulate(np.maximum(np.array(found, dtype=float), 0.05))

    def _at_risk(self, counts: Floats) -> Floats:
        """People in each category or above it (category, arm, ...)."""
        return np.cumsum(counts[::-1], axis=0)[::-1]

    def fitted(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        """Expected numbers that stop in each category but the highest, of those that reached it (category - 1, ...).

        The multinomial as a chain of conditional binomials (Dias, TSD2, section 3.6), so that every number is one data
        point.
        """
        p = self._probability(theta, cuts)
        p = np.where(self._over_categories(theta), p, 0.0)
        reached = np.maximum(np.cumsum(p[::-1], axis=0)[::-1], _TINY)
        return (self._at_risk(self._counted(theta)) * p / reached)[:-1]

    def _over_categories(self, like: Floats) -> NDArray[np.bool_]:
        return self.reported.T.reshape(self.categories, len(self), *(1,) * (like.ndim - 1))

    def deviance_of(self, fitted: Floats) -> Floats:
        return self.deviance_of_data(self._counted(fitted[0]), fitted)

    def deviance_of_data(self, data: Floats, fitted: Floats) -> Floats:
        """Sum over the chain; fitted values of other data are rescaled to those that reached each category."""
        reached = self._at_risk(data)[:-1]
        own = self._at_risk(self._counted(fitted[0]))[:-1]
        share = np.where(own > 0, fitted / np.where(own > 0, own, 1.0), 0.0)
        mean, r = reached * share, data[:-1]
        lost = xlogy(r, r / np.maximum(mean, _TINY)) + xlogy(
            reached - r, (reached - r) / np.maximum(reached - mean, _TINY)
        )
        return np.asarray(np.where(self._over_categories(fitted[0])[:-1], 2 * lost, 0.0).sum(0))

    def simulate(self, theta: Floats, rng: np.random.Generator, cuts: Floats | None = None) -> Floats:
        p = self._probability(theta, cuts)
        p = np.where(self._over_categories(theta), p, 0.0)
        p = np.moveaxis(p / p.sum(0), 0, -1)
        total = np.broadcast_to(self._over(self.counts.sum(1), theta), theta.shape).astype(int)
        return np.moveaxis(np.asarray(rng.multinomial(total, p), dtype=float), -1, 0)
