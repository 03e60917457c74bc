from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from physiohub.inference.mixture import NormalMixture

MIXTURE = NormalMixture(np.array([0.2, 0.5, 0.3]), np.array([-2.0, 0.5, 4.0]), np.array([0.3, 1.0, 0.1]))


def test_moments_by_quadrature() -> None:
    def moment(k: int, about: float = 0.0) -> float:
        return sum(quad(lambda x: (x - about) ** k * float(MIXTURE.density(x)), a, b)[0] for a, b in ((-9, 3), (3, 9)))

    assert moment(0) == pytest.approx(1, abs=1e-9)
    assert float(MIXTURE.mean) == pytest.approx(moment(1), abs=1e-8)
    assert float(MIXTURE.sd) ** 2 == pytest.approx(moment(2, float(MIXTURE.mean)), abs=1e-8)
    fourth = moment(4, float(MIXTURE.mean)) / float(MIXTURE.sd) ** 4
    assert float(MIXTURE.kurtosis) == pytest.approx(fourth, abs=1e-7)


@given(st.floats(1e-6, 1 - 1e-6))
def test_quantile_inverts_the_cdf(p: float) -> None:
    assert float(MIXTURE.cdf(MIXTURE.quantile(p))) == pytest.approx(p, abs=1e-12)


def test_tails_are_accurate() -> None:
    standard = NormalMixture(np.ones(1), np.zeros(1), np.ones(1))
    assert float(standard.survival(10.0)) == pytest.approx(7.619853024160527e-24, rel=1e-12)


def test_a_point_is_a_step() -> None:
    point = NormalMixture(np.ones(1), np.array([1.0]), np.zeros(1))
    assert [float(point.cdf(x)) for x in (0.0, 2.0)] == [0.0, 1.0]
    assert float(point.quantile(0.3)) == 1.0


def test_many_quantities_at_once() -> None:
    many = NormalMixture(MIXTURE.weights, np.vstack([MIXTURE.means, -MIXTURE.means]), np.vstack([MIXTURE.sds] * 2))
    assert many.quantile(0.2)[0] == pytest.approx(float(MIXTURE.quantile(0.2)))
    assert many.quantile(0.2)[1] == pytest.approx(-float(MIXTURE.quantile(0.8)))
