"""Cut-points that all studies share: sampled with the effects, and known to the rest by a polynomial in them.

At known cut-points a study's log likelihood is a table over its effect. Between a few well placed values of the
cut-points it is a polynomial of them, for the data of all studies pin them down to a small region. The increments of
successive cut-points are uniform(0, 5) a priori (Dias et al. 2011, NICE DSU Technical Support Document 2, section 3.6);
they are sampled as logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import ModelError
from physiohub.inference.collapsed.target import CollapsedTarget
from physiohub.model.likelihoods.ordered import Ordered

__all__ = ["DEGREES", "LARGEST_INCREMENT", "CutGrid", "CutTarget", "cuts_of", "log_prior_of_cuts", "most_likely_cuts"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

LARGEST_INCREMENT = 5.0
"""Upper end of the uniform prior of the increments."""
# reach of the grid, in SDs; with four cut-points and more the polynomial has a degree less
_REACH, _MANY = 4.5, 4
# beyond the reach the polynomial means nothing, and the density is made to fall
_FENCE = 50.0

DEGREES = (4, 6)
"""Degrees of the polynomial in the cut-points: the second where the first is not exact enough."""
_NEWTON_STEPS = 60


def cuts_of(log_increments: Floats) -> Floats:
    """Cut-points above the first (..., cut) from the logs of successive increments (..., cut).

    Examples
    --------
    >>> cuts_of(np.log([0.5, 0.25])).tolist()
    [0.5, 0.75]
    """
    return np.cumsum(np.exp(log_increments), axis=-1)


def log_prior_of_cuts(log_increments: Floats) -> Floats:
    """Log density (...) of the logs of increments (..., cut): uniform increments bring the factor exp."""
    increments = np.exp(log_increments)
    inside = np.all(increments < LARGEST_INCREMENT, axis=-1)
    value = (log_increments - np.log(LARGEST_INCREMENT)).sum(-1)
    return np.where(inside, value, -np.inf)


@dataclass(frozen=True, slots=True, eq=False)
class CutGrid:
    """Where the cut-points are, and the values of them at which tables are made.

    Attributes
    ----------
    mean : array (cut,)
        Logs of the increments where the likelihood is highest when every arm has a free theta.
    axes : array (cut, axis)
        Principal axes of their uncertainty there, an SD long.
    points : array (point, axis)
        Grid points, in SDs.
    powers : array (term, axis)
        Exponents of the polynomial's terms.
    solve : array (term, point)
        What turns values at the points into coefficients.
    """

    mean: Floats
    axes: Floats
    points: Floats
    powers: Places
    solve: Floats

    @classmethod
    def of(cls, likelihood: Ordered, degree: int = DEGREES[0]) -> CutGrid:
        """The grid for the data of all arms, for a polynomial of some degree.

        Raises
        ------
        ModelError
            When a category is empty in every arm: its cut-points would be anywhere.
        """
        mean, covariance = most_likely_cuts(likelihood)
        variance, rotation = np.linalg.eigh(covariance)
        size = len(mean)
        powers = _powers(size, degree if size < _MANY else degree - 1)
        points = _well_placed(powers, size)
        solve = np.asarray(np.linalg.inv(_terms(points / _REACH, powers)), dtype=float)
        return cls(mean, rotation * np.sqrt(variance), points, powers, solve)

    @property
    def log_increments(self) -> Floats:
        """Logs of increments at the grid points (point, cut)."""
        return self.mean + self.points @ self.axes.T

    def beyond(self, log_increments: Floats) -> Floats:
        """How far (draw,) logs of increments (draw, cut) lie beyond the reach of the grid, in SDs."""
        at = np.linalg.solve(self.axes, (log_increments - self.mean).T)
        return np.asarray(np.maximum(np.sqrt(np.square(at).sum(0)) - _REACH, 0.0))

    def weights(self, log_increments: Floats) -> tuple[Floats, Floats, Floats]:
        """Weights of the grid points (draw, point), and their first and second derivatives in the logs of increments.

        Shapes (draw, point), (draw, point, cut) and (draw, point, cut, cut).
        """
        to_axes = np.linalg.inv(self.axes) / _REACH
        at = (log_increments - self.mean) @ to_axes.T
        value = _terms(at, self.powers) @ self.solve
        size = self.powers.shape[1]
        first = np.empty((*value.shape, size))
        second = np.empty((*value.shape, size, size))
        for a in range(size):
            factor, lower = _lowered(self.powers, a)
            first[..., a] = (factor * _terms(at, lower)) @ self.solve
            for b in range(size):
                again, lowest = _lowered(lower, b)
                second[..., a, b] = (factor * again * _terms(at, lowest)) @ self.solve
        return value, first @ to_axes, np.einsum("dpab,ai,bj->dpij", second, to_axes, to_axes)


def _powers(size: int, degree: int) -> Places:
    """Exponents (term, axis) of all terms up to a degree."""
    found: list[list[int]] = []
    for total in range(degree + 1):
        terms = combinations_with_replacement(range(size), total)
        found += [[chosen.count(axis) for axis in range(size)] for chosen in terms]
    return np.array(found, dtype=np.intp)


def _terms(at: Floats, powers: Places) -> Floats:
    """Terms of the polynomial (draw, term) at points (draw, axis)."""
    return np.asarray(np.prod(at[:, None, :] ** powers, axis=2))


def _lowered(powers: Places, axis: int) -> tuple[Floats, Places]:
    """Factor (term,) and exponents of the terms' derivatives along an axis."""
    lower = powers.copy()
    lower[:, axis] = np.maximum(lower[:, axis] - 1, 0)
    return powers[:, axis].astype(float), lower


def _well_placed(powers: Places, size: int) -> Floats:
    """As many points of a ball (point, axis) as there are terms, chosen so that they tell the terms apart.

    Approximate Fekete points: the pivots of a QR decomposition (Bos et al. 2010, SIAM J Numer Anal 48:1984).
    """
    from scipy.linalg import qr

    line = np.linspace(-1, 1, 9 if size < 3 else 5)
    candidates = np.stack(np.meshgrid(*[line] * size, indexing="ij"), axis=-1).reshape(-1, size)
    candidates = candidates[np.square(candidates).sum(1) <= 1 + 1e-9]
    _, _, pivots = qr(_terms(candidates, powers).T, pivoting=True, mode="economic")
    return np.asarray(_REACH * candidates[pivots[: len(powers)]])


def most_likely_cuts(likelihood: Ordered, *, with_prior: bool = False) -> tuple[Floats, Floats]:
    """Logs of increments (cut,) of highest likelihood with a free theta for every arm, and their covariance.

    Parameters
    ----------
    likelihood
        Of the arms.
    with_prior
        Whether the prior of the increments counts too, which keeps those of an empty category from vanishing.

    Raises
    ------
    ModelError
        When a category is empty in every arm and no prior counts.
    """
    held = likelihood.counts.sum(0)
    if np.any(held == 0) and not with_prior:
        empty = ", ".join(str(k + 1) for k in np.flatnonzero(held == 0))
        raise ModelError(f"Nobody is in category {empty} in any arm: put it together with the one below it.")
    theta, _ = likelihood.crude()
    log_increments = np.log(np.diff(likelihood.crude_cuts(), prepend=0.0) + 0.02)
    slope = 1.0 if with_prior else 0.0  # of the log prior of a log increment
    value, gradient, precision = _profile(likelihood, theta, log_increments, slope)
    for _ in range(_NEWTON_STEPS):
        step = np.linalg.solve(precision, gradient)
        length = min(1.0, 1.0 / float(np.max(np.abs(step))))
        while True:
            moved = _profile(likelihood, theta, log_increments + length * step, slope)
            if moved[0] >= value - 1e-9 or length < 1e-6:
                break
            length /= 2
        log_increments = log_increments + length * step
        value, gradient, precision = moved
        if float(gradient @ np.linalg.solve(precision, gradient)) < 1e-10:
            break
    return log_increments, np.asarray(np.linalg.inv(precision), dtype=float)


def _profile(likelihood: Ordered, theta: Floats, log_increments: Floats, slope: float) -> tuple[float, Floats, Floats]:
    """Profile log likelihood of the logs of increments, theta of each arm at its best, with gradient and precision."""

    def best(at: Floats) -> tuple[float, Floats]:
        cuts, here = cuts_of(at), theta
        for _ in range(_NEWTON_STEPS):
            found = likelihood.derivatives(here, cuts)
            step = found.score / np.maximum(found.information, 1e-3)
            here = here + np.clip(step, -1.0, 1.0)
            # an arm with everybody in an end category has no best theta: it says nothing of the cut-points
            if np.all((np.abs(step) < 1e-10) | (np.abs(here) > 8)):
                break
        by_cut = likelihood.score_of_cuts(here, cuts).sum(1)
        # cut j moves with the increments up to it
        value = float(likelihood.log_density(here, cuts).sum()) + slope * float(at.sum())
        return value, np.exp(at) * np.cumsum(by_cut[::-1])[::-1] + slope

    value, gradient = best(log_increments)
    size, h = len(gradient), 1e-5
    hessian = np.array(
        [(best(log_increments + h * e)[1] - best(log_increments - h * e)[1]) / (2 * h) for e in np.eye(size)]
    )
    precision = -(hessian + hessian.T) / 2
    eigenvalue, vector = np.linalg.eigh(precision)
    return value, gradient, (vector * np.maximum(eigenvalue, 1e-2)) @ vector.T


@dataclass(frozen=True, slots=True, eq=False)
class CutTarget:
    """The collapsed density of effects and logs of increments together.

    Attributes
    ----------
    grid
        Of the cut-points.
    targets : sequence (point,)
        The density of the effects at each grid point.
    """

    grid: CutGrid
    targets: Sequence[CollapsedTarget]

    @property
    def parameters(self) -> int:
        """Number of effects and increments."""
        return self.targets[0].parameters + len(self.grid.mean)

    @property
    def studies(self) -> int:
        """Number of studies in the network."""
        return self.targets[0].studies

    def by_study(self, node: Places, d: Floats) -> Floats:
        """Log likelihood (point, study) at nodes (point,) and parameters (point, parameter)."""
        effects, increments = self._parts(d)
        weight, _, _ = self.grid.weights(increments)
        return np.asarray(
            sum(w[:, None] * t.by_study(node, effects) for w, t in zip(weight.T, self.targets, strict=True))
        )

    def log_prior(self, d: Floats) -> Floats:
        """Log prior (point,) of parameters (point, parameter)."""
        effects, increments = self._parts(d)
        return self.targets[0].log_prior(effects) + log_prior_of_cuts(increments)

    def log_density(self, node: Places, d: Floats) -> Floats:
        """Log likelihood plus log prior (point,)."""
        fence = _FENCE * np.square(self.grid.beyond(self._parts(d)[1]))
        return np.asarray(self.by_study(node, d).sum(1) + self.log_prior(d) - fence)

    def slopes(self, node: Places, d: Floats) -> tuple[Floats, Floats, Floats]:
        """Log density (point,), gradient (point, parameter) and minus the Hessian (point, parameter, parameter)."""
        effects, increments = self._parts(d)
        weight, first, second = self.grid.weights(increments)
        found = [target.slopes(node, effects) for target in self.targets]
        values, gradients, precisions = (np.stack(part, axis=1) for part in zip(*found, strict=True))
        p = effects.shape[1]
        # the prior of increments has the slope one in each log
        gradient = np.concatenate(
            [np.einsum("nb,nbp->np", weight, gradients), np.einsum("nb,nbc->nc", values, first) + 1.0], axis=1
        )
        precision = np.empty((len(d), self.parameters, self.parameters))
        precision[:, :p, :p] = np.einsum("nb,nbpq->npq", weight, precisions)
        precision[:, :p, p:] = -np.einsum("nbc,nbp->npc", first, gradients)
        precision[:, p:, :p] = precision[:, :p, p:].transpose(0, 2, 1)
        precision[:, p:, p:] = -np.einsum("nb,nbcd->ncd", values, second)
        value = np.einsum("nb,nb->n", weight, values) + log_prior_of_cuts(increments)
        value = value - _FENCE * np.square(self.grid.beyond(increments))
        return value, gradient, precision

    def _parts(self, d: Floats) -> tuple[Floats, Floats]:
        """Effects and logs of increments."""
        count = self.targets[0].parameters
        return d[:, :count], d[:, count:]
