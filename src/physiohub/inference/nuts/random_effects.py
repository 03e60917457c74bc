"""Random effects in the coordinates of a study: their log density with its slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["RandomEffects"]

Floats = NDArray[np.float64]
_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class RandomEffects:
    """``q = eta + r gap + sqrt(r) z`` with ``q ~ N(eta, tau^2 / spread)``, all (coordinate, ...).

    With ``t = sqrt(r) gap + z`` the log density of z is ``log(1 - r)/2 - (1 - r) t^2 / 2``: nothing in it is lost when
    tau goes to zero.

    Attributes
    ----------
    r, c
        Share of the data, ``tau^2 / (tau^2 + spread)``, and its complement.
    root
        Square root of r.
    gap
        y less eta.
    z
        Standard normal where the normal approximation of the data holds.
    """

    r: Floats
    c: Floats
    root: Floats
    gap: Floats
    z: Floats

    @classmethod
    def at(cls, tau: Floats, spread: Floats, gap: Floats, z: Floats) -> RandomEffects:
        """The random effects at tau (...), for spread (coordinate,)."""
        variance = np.square(tau)
        spread = spread.reshape(-1, *(1,) * (gap.ndim - 1))
        r = variance / (variance + spread)
        return cls(r, spread / (variance + spread), np.sqrt(r), gap, z)

    @property
    def t(self) -> Floats:
        """The same in units of sqrt(r)."""
        return self.root * self.gap + self.z

    @property
    def shift(self) -> Floats:
        """Distance of q from eta."""
        return self.root * self.t

    def log_density(self) -> float:
        """Log density of z, summed."""
        return float(0.5 * np.sum(np.log(self.c) - self.c * np.square(self.t) - _LOG_2PI))

    def slopes(self, of_q: Floats) -> tuple[Floats, Floats, float]:
        """Derivatives in z (coordinate,), eta (coordinate,) and log tau of `log_density` plus what hangs on q.

        Parameters
        ----------
        of_q : array (coordinate,)
            Derivatives of the rest of the density in q.
        """
        r, c, root, gap, t = self.r, self.c, self.root, self.gap, self.t
        drawn = c * t
        of_log_tau = of_q * c * (2 * r * gap + root * self.z) - r + r * drawn * t - c * drawn * root * gap
        return of_q * root - drawn, of_q * c + drawn * root, float(of_log_tau.sum())
