from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiohub.inference.tau_grid import TauMap

MAPS = [TauMap(0.0, np.inf, 0.3), TauMap(0.0, 5.0, 0.2), TauMap(0.5, 1.0, 0.7), TauMap(0.0, np.inf, 1e-3)]


@pytest.mark.parametrize("mapping", MAPS, ids=str)
@given(t=st.floats(-2.5, 2.5))
def test_map_and_inverse(mapping: TauMap, t: float) -> None:
    tau = float(mapping.tau(t))
    assert mapping.low < tau < mapping.high
    assert float(mapping.t(tau)) == pytest.approx(t, abs=1e-6)
    step = 1e-6
    slope = (float(mapping.tau(t + step)) - float(mapping.tau(t - step))) / (2 * step)
    assert float(mapping.log_slope(t)) == pytest.approx(np.log(slope), abs=1e-4)


@pytest.mark.parametrize("mapping", MAPS, ids=str)
def test_centre(mapping: TauMap) -> None:
    assert float(mapping.tau(0.0)) == pytest.approx(mapping.centre, rel=1e-12)
