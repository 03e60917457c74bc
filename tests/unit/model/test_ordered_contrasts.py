"""Ordered categories of one study as normal contrasts: against a general optimiser, and where there is no maximum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize

from physiohub.measures.arms import probit
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.ordered_contrasts import has_maximum, in_one_category, ordered_contrasts

Floats = NDArray[np.float64]


def ordered(*rows: tuple[float | None, ...]) -> Ordered:
    """One row an arm; None is a category that the arm does not report."""
    counts = np.array([[0.0 if c is None else c for c in row] for row in rows])
    return Ordered(counts, np.array([[c is not None for c in row] for row in rows]))


def by_optimiser(arms: Ordered) -> tuple[Floats, Floats]:
    """The same with the likelihood of the model, a derivative-free search, and the curvature by differences."""
    a, cuts = len(arms), arms.categories - 2

    def minus_log(at: Floats) -> float:
        gaps = np.cumsum(np.exp(at[a:]))
        return -float(arms.log_density(at[:a], gaps).sum())

    start = np.concatenate([arms.crude()[0], np.zeros(cuts)])
    rough = minimize(minus_log, start, method="Nelder-Mead", options={"maxiter": 40_000, "maxfev": 40_000,
                                                                     "xatol": 1e-9, "fatol": 1e-13})  # fmt: skip
    at, h = rough.x, 1e-4
    steps = np.eye(len(at)) * h
    hessian = np.array(
        [[minus_log(at + p + q) - minus_log(at + p - q) - minus_log(at - p + q) + minus_log(at - p - q) for p in steps]
         for q in steps]
    ) / (4 * h * h)  # fmt: skip
    covariance = np.linalg.inv(hessian)[:a, :a]
    turn = np.eye(a)[1:] - np.eye(a)[0]
    return turn @ at[:a], turn @ covariance @ turn.T


@pytest.mark.parametrize(
    "arms",
    [
        ordered((174, 12, 5, 1), (70, 59, 46, 21)),
        ordered((174, 12, 5, 2), (70, 59, 46, 21), (44, 54, 56, 40)),
        ordered((170, 18, 8, None), (153, 118, 98, None)),
        # nobody in the highest category of one arm: its maximum is finite all the same
        ordered((49, 5, 1, 0), (17, 23, 11, 6)),
    ],
)
def test_against_a_general_optimiser(arms: Ordered) -> None:
    known = arms.reported[0]
    estimate, covariance = ordered_contrasts(arms)
    found, spread = by_optimiser(Ordered(arms.counts[:, known], arms.reported[:, known]))
    assert has_maximum(arms)
    # the search stops within 1e-9 of the parameters, where the likelihood is flat to some 1e-6
    assert estimate == pytest.approx(found, abs=1e-5)
    # second differences with steps of 1e-4 hold four digits
    assert covariance == pytest.approx(spread, rel=2e-4)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=2, max_size=4))
def test_two_categories_are_probits(cells: list[tuple[int, int]]) -> None:
    events, total = np.array([c[1] for c in cells], dtype=float), np.array([sum(c) for c in cells], dtype=float)
    value, variance = probit(events, total)
    estimate, covariance = ordered_contrasts(ordered(*cells))
    assert estimate == pytest.approx(value[1:] - value[0], abs=1e-9)
    expected = np.diag(variance[1:]) + variance[0]
    assert covariance == pytest.approx(expected, rel=1e-7)  # Newton ends within 1e-11 of the maximum


def test_a_category_with_nobody_in_it_changes_nothing() -> None:
    plain = ordered_contrasts(ordered((30, 9, 3), (20, 12, 9)))
    for wide in (ordered((30, 0, 9, 3), (20, 0, 12, 9)), ordered((0, 30, 9, 3), (0, 20, 12, 9)),
                 ordered((30, 9, 3, 0), (20, 12, 9, 0)), ordered((30, None, 9, 3), (20, None, 12, 9))):  # fmt: skip
        for one, other in zip(plain, ordered_contrasts(wide), strict=True):
            assert other == pytest.approx(one, abs=1e-10)


def test_turned_categories_turn_the_contrast() -> None:
    one, covariance = ordered_contrasts(ordered((30, 9, 3), (20, 12, 9)))
    other, same = ordered_contrasts(ordered((3, 9, 30), (9, 12, 20)))
    assert other == pytest.approx(-one, abs=1e-9)
    assert same == pytest.approx(covariance, rel=1e-7)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=2, max_size=3))
def test_a_maximum_is_finite_just_where_it_is_said_to_be(rows: list[list[int]]) -> None:
    """Along every direction that moves arms and cut-points by -1, 0 or 1 the likelihood ends up lower, or it has none.

    Directions of recession are a cone that whole numbers of -1, 0 and 1 span: they say which edges move together.
    """
    if any(sum(row) == 0 for row in rows):
        return
    arms = ordered(*[tuple(float(c) for c in row) for row in rows])
    used = [j for j in range(3) if arms.counts[:, j].any()]
    if len(used) < 2:
        assert in_one_category(arms)
        assert not has_maximum(arms)
        return
    counts = arms.counts[:, used]
    endless = False
    for move in itertools.product((-1, 0, 1), repeat=len(rows) + len(used) - 1):
        theta, cuts = move[: len(rows)], move[len(rows) :]
        edges = [-np.inf, *cuts, np.inf]
        if any(high < low for low, high in itertools.pairwise(cuts)) or len({*theta, *cuts}) == 1:
            continue
        endless |= all(
            counts[i, j] == 0 or edges[j] <= theta[i] <= edges[j + 1]
            for i in range(len(rows))
            for j in range(len(used))
        )
    assert has_maximum(arms) is not endless


def test_arms_that_share_no_cut_point_say_nothing() -> None:
    assert not has_maximum(ordered((30, 9, None), (20, None, 9)))
    assert has_maximum(ordered((30, 9, None), (20, 8, 9)))


def test_a_correction_goes_to_every_reported_category() -> None:
    open_end = ordered((11, 1, None), (0, 12, None))
    assert not has_maximum(open_end)
    value, variance = probit(np.array([1.0, 12.0]), np.array([12.0, 12.0]), 0.5)
    estimate, covariance = ordered_contrasts(open_end, 0.5)
    assert estimate == pytest.approx(value[1:] - value[0], abs=1e-10)
    assert covariance == pytest.approx(np.array([[variance.sum()]]), rel=1e-8)
