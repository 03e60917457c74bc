"""Where the arm-level studies lie on the scale of theta, for what the sampler sees of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.nuts.arm_data import ArmData
from physiohub.inference.nuts.ceiling import Ceiling
from physiohub.inference.nuts.coordinates import Coordinates, Tails
from physiohub.inference.nuts.tail_map import Mapped, TailMap
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.baseline import baseline_prior
from physiohub.model.priors import Prior

__all__ = ["Locations"]

Floats = NDArray[np.float64]
# how far a baseline may lie from where its data end: ten SDs of N(0, 100^2)
_REACH = 1000.0
# the ceiling of the log link makes itself felt within this part of a location's standard error
_CEILING_WIDTH = 0.5


class Locations:
    """Locations l of the arm-level studies: ``(y + z)/scale``, or by a map where no data hold them on one side.

    Parameters
    ----------
    open_ended
        Which arms' likelihoods are flat towards one side.

    Attributes
    ----------
    ceiling
        Below which theta has to stay; None but with the log link.
    """

    def __init__(
        self, arms: ArmNetwork, prior: Prior | None, data: ArmData, coordinates: Coordinates, open_ended: Tails
    ) -> None:
        self.scale = coordinates.scale
        self.y = coordinates.y[coordinates.location]
        low, high = open_ended.studies(arms.first)
        estimate, se = arms.likelihood.crude()
        self.maps = {}
        for study in np.flatnonzero(low | high):
            assert prior is not None
            first = int(arms.first[study])
            own = slice(first, first + int(arms.sizes[study]))
            density = _density_of_location(arms, prior, data, own)
            self.maps[int(study)] = TailMap(density, float(estimate[first]), float(se[first]), _REACH)
        ends = np.isfinite(arms.likelihood.upper) and len(arms.first) > 0
        self.ceiling = Ceiling(arms.first, arms.sizes, _CEILING_WIDTH / self.scale) if ends else None

    def at(self, z: Floats) -> Mapped:
        """The locations at z (arm-level study, ...), as they are without a ceiling."""
        over = (-1, *(1,) * (z.ndim - 1))
        scale = self.scale.reshape(over)
        value = (self.y.reshape(over) + z) / scale
        found = Mapped(value, np.broadcast_to(1 / scale, z.shape).copy(), np.zeros_like(z), np.zeros_like(z))
        for study, tail_map in self.maps.items():
            for whole, part in zip(found, tail_map.at(z[study]), strict=True):
                whole[study] = part
        return found


def _density_of_location(arms: ArmNetwork, prior: Prior, data: ArmData, own: slice) -> Callable[[Floats], Floats]:
    """Log density of the location of a study whose arms all have one theta."""
    baseline = baseline_prior(prior, arms.likelihood.take([own.start]))

    def log_density(theta: Floats) -> Floats:
        everywhere = np.broadcast_to(theta, (len(arms.treatment), len(theta)))
        return np.asarray(data.of_each_arm(everywhere)[own].sum(0) + baseline.derivatives(theta[None]).value[0])

    return log_density
