"""Tables of smooth functions: what they meet exactly, and what they do beyond their ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from physiohub.inference.collapsed.table import Reach, Table, grid

REACH = Reach(4.0, 3.0, 40)
ONE = np.zeros(1, dtype=np.intp)


def tabulated(f, centre=0.0, scale=1.0, reach=REACH) -> Table:
    x = centre + scale * grid(reach)
    return Table.of(f(x)[None], np.array([centre]), np.array([scale]), reach)


def test_a_grid_goes_as_far_as_its_reach_and_is_finest_at_its_centre() -> None:
    z = grid(REACH)
    assert (z[0], z[-1]) == pytest.approx((-np.sinh(4), np.sinh(3)))
    assert len(z) == 40
    assert np.all(np.diff(z) > 0)
    assert abs(z[np.argmin(np.diff(z))]) < 0.2


@settings(max_examples=50)
@given(st.lists(st.floats(-2, 2), min_size=6, max_size=6), st.floats(-30, 10))
def test_polynomials_of_the_fifth_degree_are_met_inside(coefficients: list[float], x: float) -> None:
    polynomial = np.polynomial.Polynomial(np.array(coefficients) / 10.0 ** np.arange(1, 7))
    table = tabulated(polynomial, reach=Reach(4.2, 3.2, 40))
    value, slope, bend = (part[0] for part in table.slopes(ONE, np.array([x])))
    size = 1 + np.abs(np.array(coefficients)) @ (abs(x) / 10.0) ** np.arange(6)
    # 36 values of up to 3^5: ten digits are left after the solution of six equations
    assert value == pytest.approx(polynomial(x), abs=1e-9 * size)
    assert slope == pytest.approx(polynomial.deriv()(x), abs=1e-7 * size)
    assert bend == pytest.approx(polynomial.deriv(2)(x), abs=1e-5 * size)
    assert table(ONE, np.array([x]))[0] == pytest.approx(value, abs=1e-13 * size)


@settings(max_examples=50)
@given(st.floats(-3, 3), st.floats(-2, 2), st.floats(0, 2), st.floats(-3, 3), st.floats(0.1, 5), st.floats(-500, 500))
def test_a_parabola_that_bends_down_is_met_anywhere(a, b, c, centre, scale, x) -> None:
    def parabola(x: Any) -> Any:
        return a + b * (x - centre) - c * (x - centre) ** 2

    on_grid = parabola(centre + scale * grid(REACH))
    # where a density has fallen by hundreds its table is only roughly right: nothing is left there
    if np.ptp(on_grid) > 290:
        assume(np.max(on_grid) - parabola(x) < 30)
    table = tabulated(parabola, centre, scale)
    value, slope, bend = (float(part[0]) for part in table.slopes(ONE, np.array([x])))
    away = x - centre
    # beyond the ends curvature is carried from a polynomial of degree five, whose rounding grows with the square
    size = 1 + abs(a) + abs(b * away) + c * away**2 + 50 * scale**2 * (away / scale) ** 2
    assert value == pytest.approx(a + b * away - c * away**2, abs=1e-8 * size)
    assert slope == pytest.approx(b - 2 * c * away, abs=1e-7 * (1 + abs(b) + (c + 1) * abs(away)))
    assert bend <= 1e-5 * (1 + c + 1 / scale**2) * (1 + abs(a) + abs(b) + c)


def test_a_straight_tail_goes_on_straight() -> None:
    table = tabulated(lambda x: -np.logaddexp(0, x), reach=Reach(4.5, 4.5, 120))
    x = np.array([-400.0, -60.0, 60.0, 400.0])
    value, slope, _ = table.slopes(ONE, x)
    # what the end of the grid leaves of the bend: exp(-45)
    assert value == pytest.approx([0, 0, -60, -400], abs=1e-6)
    assert slope == pytest.approx([0, 0, -1, -1], abs=1e-8)


def test_a_function_that_rises_ever_faster_is_not_carried_up() -> None:
    """Beyond an end only a bend downwards goes on: exp(x) goes on as a line."""
    table = tabulated(lambda x: np.exp(0.1 * x), reach=Reach(3.0, 3.0, 60))
    end = np.sinh(3.0)
    value, slope, bend = table.slopes(ONE, np.array([end + 5]))
    assert value[0] == pytest.approx(np.exp(0.1 * end) * (1 + 0.5), rel=1e-6)
    assert slope[0] == pytest.approx(0.1 * np.exp(0.1 * end), rel=1e-5)
    assert bend[0] == 0


@pytest.mark.parametrize("left", [4.6, 6.0, 9.0, 12.0])
@pytest.mark.parametrize("scale", [1.0, 1.41, 3.0])
def test_a_function_that_plunges_makes_no_peak_of_its_own(left: float, scale: float) -> None:
    """The log likelihood of no events in 20 under a log rate: flat, then minus 20 exp(x), cut at minus a million."""

    def plunging(x: Any) -> Any:
        return np.maximum(-20 * np.exp(np.minimum(x, 600)), -1e6)

    table = tabulated(plunging, centre=-3.7, scale=scale, reach=Reach(left, 4.6, 64))
    at = np.concatenate([np.linspace(-200, 60, 5001), [100.0, 1000.0, 1e5]])
    found = table(ONE, at)
    # its best is zero, far to the left
    assert np.max(found) < 1e-6
    # it falls by e in each unit: once it has fallen by 60 it never comes back
    assert np.all(found[at > 2] < -60)


def test_an_upper_end() -> None:
    """In the log of the distance below the end: log(1 - x) is a straight line there, and minus infinity beyond."""
    reach = Reach(4.0, 4.0, 60)
    at = 0.5 * grid(reach)
    table = Table.of(at[None], np.zeros(1), np.array([0.5]), reach, np.ones(1))
    x = np.array([-5.0, 0.3, 0.999, 1.0, 1.7])
    value, slope, bend = table.slopes(ONE, x)
    assert value[:3] == pytest.approx(np.log(1 - x[:3]), abs=1e-10)
    assert slope[:3] == pytest.approx(-1 / (1 - x[:3]), rel=1e-8)
    assert bend[:3] == pytest.approx(-1 / (1 - x[:3]) ** 2, rel=1e-7)
    assert np.all(np.isneginf(value[3:]))
    assert np.array_equal(table(ONE, x)[3:], value[3:])
    assert np.all(slope[3:] == 0)


def test_rows_are_tables_of_their_own_and_can_be_joined() -> None:
    centre, scale = np.array([0.0, 2.0, -1.0]), np.array([1.0, 0.5, 3.0])
    x = centre[:, None] + scale[:, None] * grid(REACH)
    table = Table.of(np.stack([np.sin(0.2 * r) for r in x]), centre, scale, REACH)
    rows, at = np.array([2, 0, 1]), np.array([-3.0, 0.7, 2.2])
    # the step of 0.18 on the asinh scale, six points: some 1e-6
    assert table(rows, at) == pytest.approx(np.sin(0.2 * at), abs=1e-5)
    assert table(rows[:, None], np.tile(at, (3, 1)))[1] == pytest.approx(np.sin(0.2 * at), abs=1e-5)
    odd, even = (Table.of(np.stack([np.sin(0.2 * x[r]) for r in group]), centre[group], scale[group], REACH)
                 for group in ([1], [0, 2]))  # fmt: skip
    joined = Table.joined([(np.array([1]), odd), (np.array([0, 2]), even)])
    assert np.array_equal(joined(rows, at), table(rows, at))
