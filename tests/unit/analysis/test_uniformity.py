"""The tests of uniformity keep their false-alarm rate, and find what is not uniform."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.special import bdtr, bdtrc, chdtrc

from physiohub.analysis.uniformity import INTERVALS, binned, chi_square_p, ecdf_p, uniformity


def test_the_p_value_of_the_band_is_the_one_of_all_arrangements():
    """Five values fall into five cells in 5^5 ways, all as likely: the p value is a share of them."""
    n = 5
    z = np.arange(1, n) / n

    def smallest_tail(u: ArrayLike) -> float:
        seen = [int(np.sum(np.asarray(u) <= point)) for point in z]
        tails = (min(bdtr(r, n, p), bdtrc(r - 1, n, p) if r else 1.0) for r, p in zip(seen, z, strict=True))
        return float(min(tails))

    cells = [(np.array(cell) + 0.5) / n for cell in product(range(n), repeat=n)]
    tails = np.array([smallest_tail(u) for u in cells])
    for u in ([0.1, 0.3, 0.5, 0.7, 0.9], [0.05, 0.1, 0.15, 0.45, 0.99], [0.9, 0.91, 0.92, 0.93, 0.94]):
        expected = np.mean(tails <= smallest_tail(u) * (1 + 1e-9))
        assert ecdf_p(u) == pytest.approx(expected, abs=1e-12)  # sums of 3,125 equal terms: rounding only


@pytest.mark.parametrize("n", [24, 60])
def test_false_alarms_are_as_rare_as_the_p_values_say(n):
    """Of 1,000 uniform sets; within 4.5 binomial SEs, the p of the histogram being asymptotic."""
    rng = np.random.default_rng(5)
    found = [(ecdf_p(u), chi_square_p(binned(u))) for u in rng.random((1000, n))]
    for level in (0.2, 0.05):
        rates = np.mean(np.array(found) <= level, axis=0)
        assert np.all(rates <= level + 4.5 * np.sqrt(level * (1 - level) / 1000))
    assert np.mean(np.array(found)[:, 0] <= 0.2) > 0.1  # exact, and discrete a little


@pytest.mark.parametrize("wrong", [lambda z: 1.3 * z, lambda z: z / 1.3, lambda z: z + 0.3, lambda z: z**2])
def test_what_is_not_uniform_is_found(wrong):
    from scipy.special import ndtr

    u = ndtr(wrong(np.random.default_rng(1).standard_normal(1000)))
    assert uniformity("d", u).smallest_p < 1e-5


def test_coverage_counts_central_intervals():
    u = np.concatenate([np.full(60, 0.5), np.full(30, 0.15), np.full(10, 0.999)])
    found = uniformity("d", u)
    assert found.coverage == (0.6, 0.9, 0.9)
    assert found.deviation == pytest.approx(0.4)  # 30 values at 0.15 up to 0.5, then 90 of 100 there
    assert found.coverage_error == pytest.approx([np.sqrt(p * (1 - p) / 100) for p in INTERVALS])
    assert sum(found.histogram) == 100


def test_the_histogram_test_is_pearsons():
    counts = np.array([12, 9, 30, 9])
    assert chi_square_p(counts) == pytest.approx(chdtrc(3, np.sum((counts - 15) ** 2 / 15)))


def test_the_last_bin_holds_one_and_small_samples_have_few_bins():
    assert list(binned(np.concatenate([np.full(19, 1.0), [0.0]]))) == [1, 19]
    assert len(binned(np.linspace(0, 1, 1000))) == 20


@pytest.mark.parametrize("values", [np.full(19, 0.5), np.append(np.full(30, 0.5), 1.1), np.full(30, np.nan)])
def test_what_are_no_probabilities_is_refused(values):
    with pytest.raises(ValueError, match="20 values"):
        uniformity("d", values)
