"""Random networks of normal data for Hypothesis: connected, with multi-arm studies, by arms or by contrasts."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from physiohub.network.network import Network, build_network
from physiohub.network.study import Arm, Contrasts, Study, Treatment


@st.composite
def networks(draw: st.DrawFn, *, level: str | None = None, max_treatments: int = 5) -> Network:
    """A connected network of 2 to `max_treatments` treatments, every effect moderate, every SE between 0.1 and 1."""
    count = draw(st.integers(2, max_treatments))
    names = [f"t{k}" for k in range(count)]
    # a spanning tree keeps it connected, further studies close loops
    sets = [[names[draw(st.integers(0, k - 1))], names[k]] for k in range(1, count)]
    several = st.lists(st.sampled_from(names), min_size=2, max_size=min(4, count), unique=True)
    sets += draw(st.lists(several, min_size=1, max_size=5))
    studies = [draw(_study(f"s{i}", chosen, level)) for i, chosen in enumerate(sets)]
    return build_network(studies, reference=names[0], treatments=[Treatment(id=n, label=n) for n in names])


@st.composite
def _study(draw: st.DrawFn, name: str, treatments: list[str], level: str | None) -> Study:
    number = st.floats(-3, 3, allow_subnormal=False)
    spread = st.floats(0.1, 1.0)
    means = np.array([draw(number) for _ in treatments])
    errors = np.array([draw(spread) for _ in treatments])
    if (level or draw(st.sampled_from(["arm", "contrast"]))) == "arm":
        arms = [Arm(treatment=t, mean=float(m), se=float(e)) for t, m, e in zip(treatments, means, errors, strict=True)]
        return Study(name, tuple(arms))
    covariance = np.diag(errors[1:] ** 2) + errors[0] ** 2
    return Study(name, tuple(Arm(treatment=t) for t in treatments), Contrasts(means[1:] - means[0], covariance))
