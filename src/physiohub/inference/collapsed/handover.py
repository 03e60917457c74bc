"""The collapsed density as NUTS wants it: smooth in tau too, with its gradient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.collapsed.engine import CollapsedDraws

__all__ = ["CollapsedDensity"]

Floats = NDArray[np.float64]
# nodes of tau that the density between them is interpolated from
_NEIGHBOURS = 6
_STEP = 1e-5


class CollapsedDensity:
    """Log density of the parameters and, unless tau is known, of its place t on the line of nodes.

    Between nodes the log density is the polynomial through the six nearest ones: it is as smooth in t as the tables are
    in the effects.

    Attributes
    ----------
    dimensions
        Parameters of the target, and one for t.
    """

    def __init__(self, found: CollapsedDraws) -> None:
        self.target, self.nodes = found.target, found.nodes
        self.sampled_tau = self.nodes.map is not None
        self.dimensions = self.target.parameters + self.sampled_tau
        drawn = np.hstack([found.d, found.log_increments])
        self._centre = found.weights @ drawn
        self._scale = np.sqrt(found.weights @ np.square(drawn - self._centre)) + 1e-3
        self._t = float(found.weights @ self.nodes.t[found.node])

    def initial(self, rng: np.random.Generator) -> Floats:
        """A point in the middle of the weighted draws, moved by up to half an SD."""
        x = self._centre + self._scale * rng.uniform(-0.5, 0.5, len(self._centre))
        return np.append(x, self._t) if self.sampled_tau else x

    def value_and_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Log density at x (dimension,) and its gradient; -inf beyond the nodes."""
        if not self.sampled_tau:
            value, gradient, _ = self.target.slopes(np.zeros(1, dtype=np.intp), x[None])
            return float(value[0]), gradient[0]
        t, d = float(x[-1]), x[:-1]
        if not self.nodes.t[0] <= t <= self.nodes.t[-1]:
            return -np.inf, np.zeros_like(x)
        near, weight, slope = self._weights(t)
        values, gradients, _ = self.target.slopes(near, np.tile(d, (len(near), 1)))
        prior, of_prior = self._prior(t)
        total = float(weight @ values) + prior
        if not np.isfinite(total):
            return -np.inf, np.zeros_like(x)
        return total, np.append(weight @ gradients, slope @ values + of_prior)

    def _weights(self, t: float) -> tuple[NDArray[np.intp], Floats, Floats]:
        """The nearest nodes, their weights in the polynomial at t, and the slopes of these."""
        step = self.nodes.t[1] - self.nodes.t[0]
        first = int(np.clip((t - self.nodes.t[0]) // step - _NEIGHBOURS // 2 + 1, 0, len(self.nodes.t) - _NEIGHBOURS))
        near = np.arange(first, first + _NEIGHBOURS)
        u = (t - self.nodes.t[first]) / step
        powers = np.arange(_NEIGHBOURS)
        solve = np.linalg.inv(powers[:, None].astype(float) ** powers)
        lowered = powers * u ** np.maximum(powers - 1, 0)
        return near, u**powers @ solve, lowered @ solve / step

    def _prior(self, t: float) -> tuple[float, float]:
        """Log prior density of t and its slope."""
        at = self.nodes.log_prior_at(t + _STEP * np.array([-1.0, 0.0, 1.0]))
        return float(at[1]), float(at[2] - at[0]) / (2 * _STEP)

    def tau(self, t: Floats) -> Floats:
        """Tau at t."""
        assert self.nodes.map is not None
        return self.nodes.map.tau(t)

    def as_draws(self, found: CollapsedDraws, x: Floats, rng: np.random.Generator) -> CollapsedDraws:
        """Plain draws x (draw, dimension) in the place of the weighted ones.

        Each is put at one of the two nodes beside its t, the nearer the likelier, for what is tabulated at nodes only.
        """
        parameters = x[:, : self.target.parameters]
        effects = found.d.shape[1]
        if self.sampled_tau:
            place = (x[:, -1] - self.nodes.t[0]) / (self.nodes.t[1] - self.nodes.t[0])
            node = np.clip(np.floor(place + rng.random(len(x))), 0, len(self.nodes.t) - 1).astype(np.intp)
            tau = self.tau(x[:, -1])
        else:
            node, tau = np.zeros(len(x), dtype=np.intp), np.full(len(x), self.nodes.tau[0])
        even = np.full(len(x), 1 / len(x))
        d, increments = parameters[:, :effects], parameters[:, effects:]
        return replace(found, weights=even, tau=tau, node=node, d=d, log_increments=increments)
