"""Smooth functions of one variable as tables: local polynomials on a grid that widens away from a centre."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Reach", "Table", "grid"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_POINTS = 6  # of a local polynomial: degree five
# fall of a log density below its peak beyond which only its sign is of interest
_LOST = 300.0


class Reach(NamedTuple):
    """How far a grid goes to either side, on the asinh scale, and its number of points."""

    left: float
    right: float
    points: int


class _Grid(NamedTuple):
    """A grid in units of the scale (point,), and what turns values into local coefficients."""

    z: Floats
    solve: Floats  # (interval, coefficient, neighbour)
    neighbours: Places  # (interval, neighbour)


@cache
def _made(reach: Reach) -> _Grid:
    """The polynomial through the six points around each interval, in a variable that is 0 and 1 at its ends."""
    z = np.sinh(np.linspace(-reach.left, reach.right, reach.points))
    interval = np.arange(reach.points - 1)
    neighbours = np.clip(interval - 2, 0, reach.points - _POINTS)[:, None] + np.arange(_POINTS)
    t = (z[neighbours] - z[:-1, None]) / np.diff(z)[:, None]
    return _Grid(z, np.linalg.inv(t[:, :, None] ** np.arange(_POINTS)), neighbours)


def grid(reach: Reach) -> Floats:
    """Grid points (point,) in units of the scale, around zero.

    Uniform on the asinh scale: as fine as the function bends near its centre, and ever wider where it is straight.
    """
    return _made(reach).z


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Many functions (row,), each a table on its own centre and scale.

    Polynomials are in the variable itself, so that a parabola or a straight tail is met exactly however wide the grid;
    beyond its ends a function goes on as the parabola that it ends with.

    Attributes
    ----------
    centre, scale : array (row,)
        Of the grid, in x; below an end, in the log of the distance from it.
    start, step : array (row,)
        Of the grid on the asinh scale.
    knots : array (row, point)
        Grid points in units of the scale.
    coefficients : array (row, interval, 6)
        Lowest power first.
    end : array (row,)
        Upper ends: from there on a function is minus infinity. None where there is none.
    """

    centre: Floats
    scale: Floats
    start: Floats
    step: Floats
    knots: Floats
    coefficients: Floats
    end: Floats | None = None

    @classmethod
    def of(
        cls,
        values: Floats,
        centre: Floats,
        scale: Floats,
        reach: Reach,
        end: Floats | None = None,
        *,
        lost: float = _LOST,
    ) -> Table:
        """Tables through values (row, point) at ``centre + scale * grid(reach)``.

        Log densities are straight lines where they have fallen by more than `lost`; infinity is for other functions.
        """
        made = _made(reach)
        rows = len(values)
        near = values[:, made.neighbours]
        # the part of each interval's polynomial that its six points give
        coefficients = np.einsum("icn,rin->ric", made.solve, near)
        # where nothing is left of a density its log falls so fast that a polynomial would overshoot: straight lines
        steep = near.min(-1) < values.max(-1)[:, None] - lost
        line = np.zeros_like(coefficients)
        line[..., 0], line[..., 1] = values[:, :-1], np.diff(values)
        coefficients = np.where(steep[..., None], line, coefficients)
        step = (reach.left + reach.right) / (reach.points - 1)
        return cls(
            centre, scale, np.full(rows, -reach.left), np.full(rows, step),
            np.broadcast_to(made.z, (rows, reach.points)), coefficients, end,
        )  # fmt: skip

    @classmethod
    def joined(cls, parts: list[tuple[Places, Table]]) -> Table:
        """One table from parts with as many points each, put at the given rows."""
        order = np.argsort(np.concatenate([rows for rows, _ in parts]))

        def together(name: str) -> Floats:
            return np.concatenate([getattr(table, name) for _, table in parts])[order]

        names = ("centre", "scale", "start", "step", "knots", "coefficients")
        columns = {name: together(name) for name in names}
        return cls(**columns, end=None if parts[0][1].end is None else together("end"))

    def __call__(self, row: Places, x: Floats) -> Floats:
        """Values at x; `row` broadcasts against it."""
        at, inside = self._argument(row, x)
        t, c, beyond = self._local(row, at)
        value = c[..., 5]
        for power in (4, 3, 2, 1, 0):
            value = value * t + c[..., power]
        if beyond is not None:
            slope, bend = _slope_and_bend(t, c)
            value = value + beyond * slope + 0.5 * np.square(beyond) * np.minimum(bend, 0.0)
        return np.asarray(value if inside is None else np.where(inside, value, -np.inf))

    def slopes(self, row: Places, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Values and their first and second derivatives at x."""
        at, inside = self._argument(row, x)
        t, c, beyond = self._local(row, at)
        value = ((((c[..., 5] * t + c[..., 4]) * t + c[..., 3]) * t + c[..., 2]) * t + c[..., 1]) * t + c[..., 0]
        slope, bend = _slope_and_bend(t, c)
        if beyond is not None:
            bend = np.where(beyond != 0, np.minimum(bend, 0.0), bend)
            value = value + beyond * slope + 0.5 * np.square(beyond) * bend
            slope = slope + beyond * bend
        unit = self._width(row, at)
        slope, bend = slope / unit, bend / unit**2
        if inside is None:
            return value, slope, bend
        # the chain rule for the log of the distance from the end
        inward = -np.exp(-np.where(inside, at, 0.0))
        slope, bend = slope * inward, bend * np.square(inward) - slope * np.square(inward)
        return np.where(inside, value, -np.inf), np.where(inside, slope, 0.0), np.where(inside, bend, 0.0)

    def _argument(self, row: Places, x: Floats) -> tuple[Floats, NDArray[np.bool_] | None]:
        """The variable of the grid at x, and which x lie below the end (None: there is none)."""
        if self.end is None:
            return x, None
        distance = self.end[row] - x
        return np.log(np.maximum(distance, 1e-300)), distance > 0

    def _place(self, row: Places, x: Floats) -> tuple[Floats, Places, Places]:
        """Argument in units of the scale, row and interval, all of one shape."""
        row = np.broadcast_to(row, np.broadcast_shapes(np.shape(row), x.shape))
        z = (x - self.centre[row]) / self.scale[row]
        interval = ((np.arcsinh(z) - self.start[row]) / self.step[row]).astype(np.intp)
        return z, row, np.clip(interval, 0, self.knots.shape[1] - 2)

    def _width(self, row: Places, x: Floats) -> Floats:
        """Length of the interval of x, in units of x."""
        _, row, interval = self._place(row, x)
        return np.asarray((self.knots[row, interval + 1] - self.knots[row, interval]) * self.scale[row])

    def _local(self, row: Places, x: Floats) -> tuple[Floats, Floats, Floats | None]:
        """Variable inside the interval, coefficients (..., 6), and how far x lies beyond the grid (None: nowhere)."""
        z, row, interval = self._place(row, x)
        low = self.knots[row, interval]
        t = (z - low) / (self.knots[row, interval + 1] - low)
        intervals = self.coefficients.shape[1]
        c = self.coefficients.reshape(-1, _POINTS)[row * intervals + interval]
        inside = np.clip(t, 0.0, 1.0)
        beyond = t - inside
        return inside, c, beyond if np.any(beyond) else None


def _slope_and_bend(t: Floats, c: Floats) -> tuple[Floats, Floats]:
    """First and second derivative in the local variable."""
    slope = (((5 * c[..., 5] * t + 4 * c[..., 4]) * t + 3 * c[..., 3]) * t + 2 * c[..., 2]) * t + c[..., 1]
    bend = ((20 * c[..., 5] * t + 12 * c[..., 4]) * t + 6 * c[..., 3]) * t + 2 * c[..., 2]
    return slope, bend
