"""Coordinates in which the study effects are nearly independent standard normals, whatever tau is.

The study effects e of a study (theta of its arms, or delta of its contrasts) have the precision ``K / tau^2`` from the
random effects, with ``K = 2 (I - J/a)`` for a arms (the inverse of R carried to the arms, the baseline left free) and
``K = R^-1`` for contrasts. With a normal approximation of the data, ``e ~ N(y, W^-1)``, the generalised eigenvectors
``W^(-1/2) K W^(-1/2) = V diag(lambda) V'`` give ``e = M q``, ``M = W^(-1/2) V``, where, given d and tau, every
coordinate q is independent of the others:

    q | d, tau ~ N(r y_q + (1 - r) eta_q,  r),   r = tau^2 / (tau^2 + lambda).

``q = r y_q + (1 - r) eta_q + sqrt(r) z`` therefore runs from non-centred random effects (small tau: r near 0) to
centred ones (large tau or large studies: r near 1) of itself. It is the partially non-centred parametrisation of
Papaspiliopoulos, Roberts and Skold (2007, Statistical Science 22:59-73) with the share that the data earn at each tau.
The approximation shapes the coordinates only: the density that is sampled is exact.

One coordinate of each arm-level study has lambda = 0: its location, a weighted mean of theta.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.nuts.arm_data import ArmData, by_study
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.likelihoods.base import ArmLikelihood

__all__ = ["Coordinates", "Tails", "coordinates", "tails", "trust"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
# an arm without events, or with nothing else, says little more than on which side theta lies: the location of its study
# is that of the other arms, or of those whose theta does not run away with an effect that is open to one side
_OPEN, _RUNAWAY = 0.1, 1e-3
# a shift of theta that no arm with events and non-events survives, and a loss that an arm without them stays below
_FAR, _FLAT = 30.0, 2.0
# above this the block-diagonal M is worth being stored sparse
_DENSE = 400


@dataclass(frozen=True, eq=False)
class Coordinates:
    """``e = M q``, with what the random effects and the data's normal approximation say of q.

    Study effects are theta of all arms, then delta of all contrast studies, in the order of the network.

    Attributes
    ----------
    M : array or sparse array (effect, coordinate)
        Block diagonal, one block a study.
    eta : array (coordinate, parameter)
        ``M^-1 X``: the mean of q for d.
    y : array (coordinate,)
        ``M^-1 y`` of the data's normal approximation, which has unit variance in each coordinate.
    spread : array (coordinate,)
        lambda; zero for the location of an arm-level study.
    location : array of int (arm-level study,)
        Place of each location among the coordinates.
    scale : array (arm-level study,)
        Root of the summed weights: a location of one unit of theta is this much in q.
    """

    M: Any
    eta: Floats
    y: Floats
    spread: Floats
    location: Places
    scale: Floats

    @property
    def others(self) -> Places:
        """Places (other coordinate,) of the coordinates that are no location."""
        return np.setdiff1d(np.arange(len(self.y)), self.location)


@dataclass(frozen=True, slots=True, eq=False)
class Tails:
    """Arms (arm,) whose likelihood does not end towards low or high theta: no events, or nothing else."""

    low: NDArray[np.bool_]
    high: NDArray[np.bool_]

    def studies(self, first: Places) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Studies (arm-level study,) all of whose arms are open to the same side."""
        if not len(first):
            return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
        return np.logical_and.reduceat(self.low, first), np.logical_and.reduceat(self.high, first)

    def effects(self, arms: ArmNetwork) -> tuple[int, ...]:
        """Places among the basic parameters of effects all of whose arms are open to the same side."""
        in_contrasts = {int(t) for study in arms.contrasts.values() for t in study.treatments}
        found = []
        for k in sorted(set(range(1, arms.parameters + 1)) - in_contrasts):
            own = arms.treatment == k
            if own.any() and (np.all(self.low[own]) or np.all(self.high[own])):
                found.append(k - 1)
        return tuple(found)


def tails(likelihood: ArmLikelihood, data: ArmData) -> Tails:
    """The arms whose likelihood stays flat towards one side."""
    theta, _ = likelihood.crude()
    shifted = np.stack([theta, theta - _FAR, theta + _FAR], axis=1)
    with np.errstate(all="ignore"):
        at = data.of_each_arm(shifted)
    high = (theta + _FAR < likelihood.upper) & (at[:, 2] > at[:, 0] - _FLAT)
    return Tails(at[:, 1] > at[:, 0] - _FLAT, high)


def trust(arms: ArmNetwork, open_ended: Tails) -> Floats:
    """How far the normal approximation of each arm is to be trusted (arm,): one, or little for open-ended arms."""
    either = open_ended.low | open_ended.high
    runaway = np.isin(arms.treatment, [k + 1 for k in open_ended.effects(arms)])
    all_open = np.repeat(by_study((~either).astype(float), arms.first) == 0, arms.sizes)
    return np.where(either, np.where(all_open & ~runaway, _OPEN, _RUNAWAY), 1.0)


def coordinates(arms: ArmNetwork, estimate: Floats, se: Floats, trusted: Floats) -> Coordinates:
    """The coordinates of a network.

    Parameters
    ----------
    estimate, se : array (arm,)
        The normal approximation of each arm's likelihood.
    trusted : array (arm,)
        Factors of the weights of the approximation, as of `trust`.
    """
    weight = trusted / np.square(se)
    starts = arms.first
    blocks = [_of_arms(estimate[k], weight[k], arms.differences[k]) for k in _slices(starts, len(estimate))]
    locations = np.cumsum([0, *(len(block.y) for block in blocks)], dtype=np.intp)[:-1][: len(starts)]
    for place in sorted(arms.contrasts):
        study = arms.contrasts[place]
        blocks.append(_of_contrasts(study.y, study.sampling, study.heterogeneity, study.design(arms.parameters)))
    return Coordinates(
        M=_block_diagonal([block.M for block in blocks]),
        eta=np.concatenate([block.eta for block in blocks]),
        y=np.concatenate([block.y for block in blocks]),
        spread=np.concatenate([block.spread for block in blocks]),
        location=locations,
        scale=np.array([np.sqrt(weight[k].sum()) for k in _slices(starts, len(estimate))]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """The coordinates of one study."""

    M: Floats
    eta: Floats
    y: Floats
    spread: Floats


def _slices(starts: Places, arms: int) -> list[slice]:
    ends = np.append(starts[1:], arms) if len(starts) else starts
    return [slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]


def _of_arms(estimate: Floats, weight: Floats, X: Floats) -> _Block:
    """An arm-level study: its location first."""
    a, root = len(estimate), np.sqrt(weight)
    between = 2 * (np.eye(a) - 1.0 / a)
    spread, V = np.linalg.eigh(between / np.outer(root, root))
    # eigenvalues ascend: the first is zero but for rounding, and its vector is known
    V[:, 0] = root / np.sqrt(weight.sum())
    back = V.T * root  # M^-1
    return _Block(V / root[:, None], back @ X, back @ estimate, np.append(0.0, spread[1:]))


def _of_contrasts(y: Floats, sampling: Floats, heterogeneity: Floats, X: Floats) -> _Block:
    factor = np.linalg.cholesky(sampling)
    spread, V = np.linalg.eigh(factor.T @ np.linalg.solve(heterogeneity, factor))
    back = V.T @ np.linalg.inv(factor)
    return _Block(factor @ V, back @ X, back @ y, spread)


def _block_diagonal(blocks: Sequence[Floats]) -> Any:
    from scipy.sparse import block_diag

    M: Any = block_diag(blocks, format="csr")
    return M.toarray() if M.shape[0] <= _DENSE else M
