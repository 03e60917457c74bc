"""Where draws of the effects come from: at each tau a split normal around the mode of the collapsed posterior.

A split normal has its own scale on either side of the mode along each principal axis (Geweke 1989, Econometrica
57:1317), so that a posterior that the data bound on one side only is covered on both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from physiohub.errors import ModelError

__all__ = ["NO_POSTERIOR", "Proposal", "Target", "propose"]

NO_POSTERIOR = (
    "The data leave an effect without a posterior (no events in any arm of a treatment?). State a proper prior of "
    "effects, for example normal(0, 100)."
)
Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_NEWTON_STEPS, _HALVINGS = 60, 12
_NEAR = 1e-4
# distances from the mode, in SDs of its curvature, at which the fall of the density sets a side's scale
_PROBES = (1.5, 3.0, 6.0)
_NARROWEST, _WIDEST = 0.9, 30.0
# a little wider than the target, so that weights stay bounded
_INFLATION = 1.02
# z = sinh(a n)/a of a standard normal n: tails that fall more slowly than any that counts leave (Jones & Pewsey 2009,
# Biometrika 96:761)
_TAIL = 0.22
# parameters times nodes times probes beyond which one probe a side is enough
_MANY = 20_000


class Target(Protocol):
    """A log density of parameters at nodes of tau."""

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        ...

    def log_density(self, node: Places, d: Floats) -> Floats:
        """Log density (point,) at nodes (point,) and parameters d (point, parameter)."""
        ...

    def slopes(self, node: Places, d: Floats) -> tuple[Floats, Floats, Floats]:
        """Log density (point,), gradient (point, parameter) and minus the Hessian (point, parameter, parameter)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A split normal at every node of tau.

    Attributes
    ----------
    mode : array (node, parameter)
    axes : array (node, parameter, axis)
        Principal axes, as long as an SD of the curvature at the mode.
    left, right : array (node, axis)
        Scales on either side, in those SDs.
    log_peak : array (node,)
        Log density of the target at its mode.
    """

    mode: Floats
    axes: Floats
    left: Floats
    right: Floats
    log_peak: Floats

    @property
    def widest(self) -> Floats:
        """Largest SD of the curvature at the mode, along any axis (node,)."""
        return np.asarray(np.sqrt(np.max(np.square(self.axes).sum(1), axis=1, initial=0.0)))

    @property
    def log_evidence(self) -> Floats:
        """Laplace approximation of the log integral over d (node,), with the split scales."""
        size = self.mode.shape[1]
        log_volume = np.linalg.slogdet(self.axes)[1] if size else np.zeros(len(self.mode))
        log_sides = np.log((self.left + self.right) / (2 * _INFLATION)).sum(1)
        return np.asarray(self.log_peak + log_volume + log_sides + 0.5 * size * np.log(2 * np.pi))

    def draw(self, node: Places, uniform: Floats) -> tuple[Floats, Floats]:
        """Draws d (point, parameter) at nodes (point,) from uniform numbers, and their log density (point,)."""
        left, right = self.left[node], self.right[node]
        share = left / (left + right)
        below = uniform < share
        # folded at zero, and stretched to the scale of its side
        half = np.where(below, 0.5 * uniform / share, 0.5 + 0.5 * (uniform - share) / (1 - share))
        normal = ndtri(np.clip(half, 1e-300, 1 - 1e-16))
        z = np.sinh(_TAIL * normal) / _TAIL
        d = self.mode[node] + np.matmul(self.axes[node], (z * np.where(below, left, right))[..., None])[..., 0]
        log_q = -0.5 * (np.square(normal) + np.log(2 * np.pi) + np.log1p(np.square(_TAIL * z)))
        log_q -= np.log((left + right) / 2)
        return d, log_q.sum(1) - np.linalg.slogdet(self.axes)[1][node]


def propose(target: Target, start: Floats, *, flat: bool) -> Proposal:
    """Modes by Newton's method from `start` (node, parameter), then the scales of both sides.

    Parameters
    ----------
    flat
        Whether the effects have a flat prior, so that there may be no posterior.

    Raises
    ------
    ModelError
        When the density has no single peak: data and a flat prior leave an effect without a posterior.
    """
    mode, value, precision = _climb(target, start)
    sharpness, rotation = np.linalg.eigh(precision)
    top = np.max(sharpness, axis=1, keepdims=True, initial=0.0)
    if np.any(sharpness < -1e-6 * top) or np.any(sharpness <= 1e-14 * top):
        if flat:
            raise ModelError(NO_POSTERIOR)
        # a proper posterior whose peak was not met: draws from wide of it, and their weights tell whether that will do
        sharpness = np.maximum(np.abs(sharpness), 1e-4 * top)
    variance = 1 / sharpness
    axes = rotation * np.sqrt(variance)[:, None, :]
    left, right = (_scales(target, mode, value, axes, side) for side in (-1, 1))
    return Proposal(mode, axes, _INFLATION * left, _INFLATION * right, value)


def _climb(target: Target, start: Floats) -> tuple[Floats, Floats, Floats]:
    """Mode (node, parameter), log density there (node,) and precision (node, parameter, parameter)."""
    d = start.copy()
    value, gradient, precision = target.slopes(np.arange(len(d)), d)
    for _ in range(_NEWTON_STEPS):
        step = _newton_step(gradient, precision)
        # twice what the step promises to gain; a hundredth of an SD from the mode is near enough to draw from
        going = np.flatnonzero(np.einsum("np,np->n", gradient, step) > _NEAR)
        if not len(going):
            break
        d[going] += _shortened(target, going, d[going], value[going], step[going])
        value[going], gradient[going], precision[going] = target.slopes(going, d[going])
    return d, value, precision


def _shortened(target: Target, node: Places, d: Floats, value: Floats, step: Floats) -> Floats:
    """The steps (node, parameter), halved until none goes down."""
    length = np.ones(len(d))
    for _ in range(_HALVINGS):
        worse = target.log_density(node, d + length[:, None] * step) < value
        if not np.any(worse):
            break
        length = np.where(worse, 0.5 * length, length)
    return np.where(worse[:, None], 0.0, length[:, None] * step)


def _newton_step(gradient: Floats, precision: Floats) -> Floats:
    """Uphill step (node, parameter), also where the curvature is not that of a peak."""
    if not gradient.shape[1]:
        return gradient
    try:
        np.linalg.cholesky(precision)
    except np.linalg.LinAlgError:
        value, vector = np.linalg.eigh(precision)
        floor = 1e-8 * np.max(np.abs(value), axis=1, keepdims=True)
        along = np.matmul(vector.transpose(0, 2, 1), gradient[:, :, None])[:, :, 0] / np.maximum(np.abs(value), floor)
        return np.asarray(np.matmul(vector, along[:, :, None])[:, :, 0])
    return np.asarray(np.linalg.solve(precision, gradient[:, :, None])[:, :, 0])


def _scales(target: Target, mode: Floats, value: Floats, axes: Floats, side: int) -> Floats:
    """Scale (node, axis) that the fall of the density on one side asks for."""
    nodes, size = mode.shape
    probes = _PROBES if nodes * size * len(_PROBES) < _MANY else _PROBES[1:2]
    scale = np.full((nodes, size), _NARROWEST)
    node = np.repeat(np.arange(nodes), size)
    along = side * axes.transpose(0, 2, 1).reshape(-1, size)  # (node x axis, parameter)
    for probe in probes:
        fall = value[node] - target.log_density(node, mode[node] + probe * along)
        # a fall of probe^2 / 2 is that of the curvature itself
        asked = probe / np.sqrt(2 * np.maximum(fall, 0.5 * (probe / _WIDEST) ** 2))
        scale = np.maximum(scale, asked.reshape(nodes, size))
    return scale
