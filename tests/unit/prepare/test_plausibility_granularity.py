"""GRIM, GRIMMER, DEBIT and the bounds of SDs against samples that were really drawn, and against all that there are."""

from __future__ import annotations

from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import combinations_with_replacement
from math import ceil, floor, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiohub.prepare.plausibility.bounds import largest_sd, smallest_sd
from physiohub.prepare.plausibility.granularity import (
    debit_sd,
    grim_neighbours,
    grimmer_possible,
    is_grim_informative,
    possible_sums,
)

ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN)
STEPS = (Fraction(1), Fraction(2), Fraction(1, 2), Fraction(25, 17))


def box(text: str) -> tuple[Fraction, Fraction]:
    half = Fraction(1, 2) / 10 ** len(text.partition(".")[2])
    return Fraction(text) - half, Fraction(text) + half


def printed(value: Decimal, places: int, rounding: str) -> str:
    return str(value.quantize(Decimal(1).scaleb(-places), rounding=rounding))


def mean_and_sd(scores: list[Fraction], places: tuple[int, int], rounding: str) -> tuple[str, str]:
    """As a paper prints them, by an account of its own: decimals of 60 digits, deviations from the mean."""
    n = len(scores)
    mean = sum(scores, Fraction(0)) / n
    variance = sum(((x - mean) ** 2 for x in scores), Fraction(0)) / (n - 1)
    with localcontext() as context:
        context.prec = 60
        exact_mean = Decimal(mean.numerator) / Decimal(mean.denominator)
        sd = (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()
        return printed(exact_mean, places[0], rounding), printed(sd, places[1], rounding)


@given(
    ks=st.lists(st.integers(0, 30), min_size=2, max_size=60),
    low=st.integers(-5, 5),
    step=st.sampled_from(STEPS),
    places=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    rounding=st.sampled_from(ROUNDINGS),
    known_end=st.booleans(),
)
def test_scores_that_exist_are_never_called_impossible(ks, low, step, places, rounding, known_end):
    start = Fraction(low)
    mean, sd = mean_and_sd([start + step * k for k in ks], places, rounding)
    sums = possible_sums(box(mean), len(ks), low=start, step=step)
    assert sum(ks) in sums
    largest = 30 if known_end else None
    assert grimmer_possible(box(mean), box(sd), len(ks), low=start, step=step, largest=largest)


def every_sample(n: int, top: int) -> set[tuple[str, str]]:
    """Mean and SD, to two places, of every sample of n scores from 0 to top."""
    found = set()
    for scores in combinations_with_replacement(range(top + 1), n):
        for rounding in ROUNDINGS:
            found.add(mean_and_sd([Fraction(x) for x in scores], (2, 2), rounding))
    return found


@pytest.mark.parametrize(("n", "top", "missed"), [(4, 4, 14), (5, 3, 4), (6, 4, 24), (7, 3, 6)])
def test_against_every_sample_of_a_short_scale(n, top, missed):
    """What no sample has is called impossible too, for every printed pair on a grid; `missed` pairs are not."""
    real = every_sample(n, top)
    means = {mean for mean, _ in real} | {f"{k / 100:.2f}" for k in range(0, 100 * top + 1, 7)}
    wrong, unseen = 0, 0
    for mean in means:
        for k in range(0, 100 * top):
            pair = (mean, f"{k / 100:.2f}")
            said = grimmer_possible(box(pair[0]), box(pair[1]), n, largest=top)
            wrong += pair in real and not said
            unseen += said and pair not in real
    assert wrong == 0
    # whole numbers from 0 to top do not reach every sum of squares of the right parity between the two ends: the
    # three conditions are necessary, and on so short a scale not quite sufficient (under 0.1% of the pairs)
    assert unseen == missed


def test_the_example_of_brown_and_heathers():
    """Soc Psychol Personal Sci 2017;8:363: 28 people on whole numbers, a mean of 5.19."""
    assert is_grim_informative(28, Fraction(1, 200))
    assert not possible_sums(box("5.19"), 28)
    below, above = grim_neighbours(Fraction("5.19"), 28)
    assert (round(float(below), 2), round(float(above), 2)) == (5.18, 5.21)


@pytest.mark.parametrize("n", [99, 100, 101, 400])
def test_informative_only_below_a_hundred_people_with_two_decimals(n):
    impossible = [k for k in range(100) if not possible_sums(box(f"{k / 100 + 3:.2f}"), n)]
    assert bool(impossible) == is_grim_informative(n, Fraction(1, 200)) == (n < 100)


@given(
    values=st.lists(st.integers(0, 1), min_size=2, max_size=200),
    places=st.integers(1, 4),
    rounding=st.sampled_from(ROUNDINGS),
)
def test_debit_holds_the_sd_of_every_binary_sample(values, places, rounding):
    proportion, _ = mean_and_sd([Fraction(v) for v in values], (places, places), rounding)
    low, high = debit_sd(box(proportion), len(values))
    # a double holds a square root to one part in 1e16
    assert low * (1 - 1e-12) <= float(np.std(values, ddof=1)) <= high * (1 + 1e-12) + 1e-15


def sds_with_sum(n: int, top: int, total: int) -> list[float]:
    samples = combinations_with_replacement(range(top + 1), n)
    return [float(np.std(scores, ddof=1)) for scores in samples if sum(scores) == total]


@pytest.mark.parametrize(("n", "top"), [(2, 5), (3, 4), (5, 4), (6, 3)])
def test_bounds_are_met_by_samples_of_whole_numbers(n, top):
    """With a whole sum both extremes are samples of whole numbers, so that all of them tell the bounds."""
    for total in range(n * top + 1):
        real = sds_with_sum(n, top, total)
        mean = (total / n, total / n)
        # 1e-7: a variance of 0 up to rounding (1e-15) has a root of 3e-8
        assert largest_sd(mean, n, 0, top) == pytest.approx(max(real), abs=1e-7)
        assert smallest_sd(mean, n, 0, 1) == pytest.approx(min(real), abs=1e-7)


@given(scores=st.lists(st.floats(0, 10), min_size=2, max_size=30), places=st.integers(0, 3))
def test_no_sample_on_a_scale_passes_its_bound(scores, places):
    mean, half = round(float(np.mean(scores)), places), 0.5 * 10.0**-places
    most = largest_sd((mean - half, mean + half), len(scores), 0, 10)
    assert float(np.std(scores, ddof=1)) <= most + 1e-9  # rounding of sums of at most 30 numbers up to 10


@given(n=st.integers(2, 40), first=st.floats(0, 10), width=st.floats(0, 3))
def test_the_largest_over_a_box_is_the_largest_of_its_points(n, first, width):
    last = min(first + width, 10.0)
    points = [largest_sd((m, m), n, 0, 10) for m in np.linspace(first, last, 200)]
    knots = [10 * k / n for k in range(floor(first * n / 10), ceil(last * n / 10) + 1) if first <= 10 * k / n <= last]
    points += [largest_sd((m, m), n, 0, 10) for m in knots]
    # 1e-6 relative: near a spread of 0 the root takes rounding of the variance to 1e-7
    assert largest_sd((first, last), n, 0, 10) == pytest.approx(max(points), rel=1e-6, abs=1e-6)


def test_a_box_without_end_allows_half_the_range():
    assert largest_sd((0, 100), 10, 0, 100) == pytest.approx(50 * sqrt(10 / 9))
