"""The normal posterior of the effects when tau and the prior precisions are known, at many points at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiohub.model.design import Rows

__all__ = ["Conditional"]

Floats = NDArray[np.float64]
# points x row x parameter of one block of work, 32 MB
_BLOCK_CELLS = 4.0e6


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """The posterior of d given tau and prior precisions; points are pairs of the two.

    Attributes
    ----------
    prior_mean : array (parameter,)
    origin : array (parameter,)
        A least-squares solution around which quadratic forms are taken, so that no large numbers cancel.
    residual : array (row,)
        Of the rows at the origin.
    """

    rows: Rows
    prior_mean: Floats
    origin: Floats
    residual: Floats

    @classmethod
    def of(cls, rows: Rows, prior_mean: Floats) -> Conditional:
        """The conditional posterior for some rows."""
        origin = np.asarray(np.linalg.lstsq(rows.X, rows.y, rcond=None)[0], dtype=float)
        return cls(rows, prior_mean, origin, rows.y - rows.X @ origin)

    def log_evidence(self, tau: Floats, precision: Floats) -> Floats:
        """Log p(y | tau, prior precision) (point,) for tau (point,), precision (point, parameter)."""
        return np.concatenate([self._solve(t, p)[0] for t, p in self._blocks(tau, precision)])

    def answer(self, tau: Floats, precision: Floats) -> tuple[Floats, Floats, Floats]:
        """Log evidence (point,), means (point, parameter) and covariances (point, parameter, parameter) of d."""
        evidence, means, posterior = zip(*(self._solve(t, p) for t, p in self._blocks(tau, precision)), strict=True)
        return np.concatenate(evidence), np.concatenate(means), np.concatenate([np.linalg.inv(p) for p in posterior])

    def _blocks(self, tau: Floats, precision: Floats) -> Iterator[tuple[Floats, Floats]]:
        size = self.rows.X.size + self.rows.X.shape[1] ** 2 + 1
        parts = max(1, int(np.ceil(len(tau) * size / _BLOCK_CELLS)))
        return zip(np.array_split(tau, parts), np.array_split(precision, parts), strict=True)

    def _solve(self, tau: Floats, precision: Floats) -> tuple[Floats, Floats, Floats]:
        """Log evidence (point,), mean (point, parameter), P (point, parameter, parameter)."""
        x, r = self.rows.X, self.residual
        variance = 1 + np.square(tau)[:, None] * self.rows.spread  # (point, row)
        weighted = x / variance[:, :, None]  # (point, row, parameter)
        posterior = np.matmul(x.T, weighted)
        diagonal = np.arange(x.shape[1])
        posterior[:, diagonal, diagonal] += precision
        shift = self.prior_mean - self.origin  # prior mean seen from the origin
        score = np.matmul(r, weighted) + precision * shift
        step = np.linalg.solve(posterior, score[:, :, None])[:, :, 0]
        quadratic = (np.square(r) / variance).sum(1) + (precision * shift**2).sum(1) - (score * step).sum(1)
        proper = precision > 0
        log_prior = 0.5 * np.log(np.where(proper, precision, 1.0)).sum(1)
        log_det = np.log(variance).sum(1) + self.rows.log_det_sampling + np.linalg.slogdet(posterior)[1]
        rank = len(r) - (x.shape[1] - proper.sum(1))
        log_evidence = log_prior - 0.5 * (log_det + quadratic + rank * np.log(2 * np.pi))
        return log_evidence, self.origin + step, posterior
