"""Locations under a ceiling: with the log link theta of every arm stays below zero.

Arms that differ from the location l of their study by g_k need ``l < b``, ``b = -max g_k``, here with a smooth maximum
(never below the maximum). ``l = b - w log(1 + exp((b - v)/w))`` leaves v free on the whole line, and is v where the
ceiling is far away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from physiohub.inference.nuts.tail_map import Mapped

__all__ = ["Ceiling", "Lowered"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
# the maximum is rounded off over this part of the width
_ROUNDING = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """Locations under the ceiling and what their slopes need, all (study, ...) but `weight`.

    Attributes
    ----------
    location
        With slopes in the sampler's z.
    near
        How much of a move of the ceiling the location follows: 0 far away, 1 at the ceiling.
    weight : array (arm, ...)
        Share of each arm in the smooth maximum of its study.
    """

    location: Mapped
    near: Floats
    weight: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ceiling:
    """The ceiling of all arm-level studies.

    Attributes
    ----------
    first, sizes : array of int (study,)
        Place of arm 0, and number of arms.
    width : array (study,)
        Distance w from the ceiling at which it makes itself felt.
    """

    first: Places
    sizes: Places
    width: Floats

    def lower(self, free: Mapped, differences: Floats) -> Lowered:
        """The locations for free ones (study, ...) and differences of the arms from their location (arm, ...)."""
        w = self.width.reshape(-1, *(1,) * (free.value.ndim - 1))
        top = np.maximum.reduceat(differences, self.first, axis=0)
        sharp = np.repeat(_ROUNDING * w, self.sizes, axis=0)
        raised = np.exp((differences - np.repeat(top, self.sizes, axis=0)) / sharp)
        total = np.add.reduceat(raised, self.first, axis=0)
        room = (-top - _ROUNDING * w * np.log(total) - free.value) / w
        value = free.value + w * (room - np.logaddexp(0.0, room))
        near = expit(-room)
        location = Mapped(
            value,
            free.slope * (1 - near),
            free.log_slope + log_expit(room),
            free.bend - near / w * free.slope,
        )
        return Lowered(location, near, raised / np.repeat(total, self.sizes, axis=0))

    def slopes(self, found: Lowered, of_location: Floats) -> Floats:
        """Derivatives in the differences (arm,), for those of the rest of the density in the locations (study,)."""
        of_ceiling = found.near * (of_location + 1 / self.width)
        return np.asarray(-found.weight * np.repeat(of_ceiling, self.sizes))
