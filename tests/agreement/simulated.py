"""Networks drawn from the model itself, of kinds that are hard in different ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, ndtr

import physiohub as ph

Floats = NDArray[np.float64]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Simulated:
    """A network and the model that it is asked under."""

    network: ph.Network
    spec: ph.ModelSpec


class Truth:
    """Effects, heterogeneity and baselines drawn once; studies are drawn from them."""

    def __init__(
        self, seed: int, treatments: int, *, baseline: tuple[float, float], tau: float, d_sd: float = 0.7
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.d = np.append(0.0, self.rng.normal(0, d_sd, treatments - 1))
        self.tau, self.baseline = tau, baseline

    def theta(self, arms: Sequence[int]) -> Floats:
        """Linear predictors of the arms of a new study: random effects with variance tau^2/2 in every arm."""
        u = self.rng.normal(0, self.tau / np.sqrt(2), len(arms))
        return np.asarray(self.rng.normal(*self.baseline) + self.d[list(arms)] + u - u[0])

    def sizes(self, low: float, high: float, arms: Sequence[int]) -> NDArray[np.intp]:
        """Sizes of the arms of a study, even on the log scale between two bounds."""
        n = np.exp(self.rng.uniform(np.log(low), np.log(high)))
        near: Floats = n * self.rng.uniform(0.9, 1.1, len(arms))
        return np.maximum(np.round(near), 2).astype(np.intp)


def _name(treatment: int) -> str:
    return f"T{treatment:02d}"


def _events(
    truth: Truth, arms: Sequence[int], study: int, size: tuple[float, float], link: Callable[[Floats], Floats]
) -> Rows:
    n = truth.sizes(*size, arms)
    events = truth.rng.binomial(n, link(truth.theta(arms)))
    rows = zip(arms, events, n, strict=True)
    return [{"study": f"S{study}", "treatment": _name(t), "events": r, "total": m} for t, r, m in rows]


def _read(rows: Rows) -> ph.Network:
    return ph.read_table(pd.DataFrame(rows), reference=_name(0))


def _pairs(treatments: int, each: int = 1) -> list[tuple[int, int]]:
    return [(a, b) for a in range(treatments) for b in range(a + 1, treatments)] * each


def _spec(measure: str, **options: Any) -> ph.ModelSpec:
    stated = {"tau_prior": "half-normal(1)", "effect_prior": "normal(0, 10)", "baseline_prior": "normal(0, 100)"}
    return ph.ModelSpec(measure=measure, **{**stated, **options})


def nobody_on_one_side(seed: int = 1) -> Simulated:
    """Rare events: several arms without any, each beside an arm that has some."""
    truth = Truth(seed, 4, baseline=(-3.7, 0.3), tau=0.4)
    rows = [row for s, pair in enumerate(_pairs(4, 3)) for row in _events(truth, pair, s, (25, 80), expit)]
    some = {row["study"] for row in rows if row["events"]}
    return Simulated(_read([row for row in rows if row["study"] in some]), _spec("OR"))


def nobody_or_everybody_on_both_sides(seed: int = 2) -> Simulated:
    """Ordinary studies with one in which nobody had an event, and one in which everybody had."""
    truth = Truth(seed, 3, baseline=(-1.5, 0.5), tau=0.3)
    rows = [row for s, pair in enumerate(_pairs(3, 3)) for row in _events(truth, pair, s, (40, 120), expit)]
    for study, share in (("none", 0), ("all", 1)):
        rows += [{"study": study, "treatment": _name(t), "events": 14 * share, "total": 14} for t in (0, 1, 2)]
    return Simulated(_read(rows), _spec("OR"))


def a_four_arm_trial(seed: int = 3) -> Simulated:
    """Pairs and one trial of all four treatments, on the probit scale."""
    truth = Truth(seed, 4, baseline=(-0.5, 0.3), tau=0.25, d_sd=0.4)
    arms = [(0, 1, 2, 3), (0, 1), (0, 2), (2, 3), (1, 3)]
    rows = [row for s, own in enumerate(arms) for row in _events(truth, own, s, (30, 120), ndtr)]
    return Simulated(_read(rows), _spec("PROBIT", tau_prior="half-normal(0.5)"))


def two_studies_a_comparison(seed: int = 4) -> Simulated:
    """Six comparisons of two studies each: little is known of tau."""
    truth = Truth(seed, 4, baseline=(-1.0, 0.5), tau=0.5)
    rows = [row for s, pair in enumerate(_pairs(4, 2)) for row in _events(truth, pair, s, (40, 100), expit)]
    return Simulated(_read(rows), _spec("OR", tau_prior="uniform(0, 3)"))


def thirty_treatments(seed: int = 5) -> Simulated:
    """A star with a ring, so that every treatment is joined twice."""
    truth = Truth(seed, 30, baseline=(-1.0, 0.6), tau=0.3)
    arms = [(0, t) for t in range(1, 30)] + [(t, t + 1) for t in range(1, 29)]
    rows = [row for s, own in enumerate(arms) for row in _events(truth, own, s, (40, 200), expit)]
    return Simulated(_read(rows), _spec("OR"))


def large_and_small(seed: int = 6) -> Simulated:
    """Trials of seven to twenty thousand an arm."""
    return Simulated(_read(_large_and_small(seed, expit)), _spec("OR"))


def large_and_small_with_the_log_link(seed: int = 6) -> Simulated:
    """The same sizes on the log scale of risks, where theta has to stay below zero."""
    rows = _large_and_small(seed, lambda a: np.minimum(np.exp(a), 0.95))
    return Simulated(_read(rows), _spec("RR", tau_prior="half-normal(0.5)"))


def _large_and_small(seed: int, link: Callable[[Floats], Floats]) -> Rows:
    truth = Truth(seed, 4, baseline=(-1.6, 0.3), tau=0.15, d_sd=0.3)
    sizes = [(15_000, 20_000), (7, 12), (300, 600), (7, 12)]
    return [row for s, pair in enumerate(_pairs(4, 2)) for row in _events(truth, pair, s, sizes[s % 4], link)]


def rates(seed: int = 7) -> Simulated:
    """Events over person-years, some arms without any."""
    truth = Truth(seed, 4, baseline=(-3.0, 0.5), tau=0.3)
    rows: Rows = []
    for s, pair in enumerate([*_pairs(4, 2), (0, 1, 2)]):
        years = truth.rng.uniform(20, 300, len(pair)).round(1)
        events = truth.rng.poisson(years * np.exp(truth.theta(pair)))
        own = zip(pair, events, years, strict=True)
        rows += [{"study": f"S{s}", "treatment": _name(t), "events": r, "exposure": e} for t, r, e in own]
    return Simulated(_read(rows), _spec("IRR"))


def follow_up_times(seed: int = 8) -> Simulated:
    """Events within follow-up times that differ, with the complementary log-log link."""
    truth = Truth(seed, 4, baseline=(-2.5, 0.4), tau=0.25)
    rows: Rows = []
    for s, pair in enumerate([*_pairs(4, 2), (1, 2, 3)]):
        time = round(float(truth.rng.uniform(0.5, 4)), 2)
        own = _events(truth, pair, s, (50, 200), lambda a, t=time: -np.expm1(-t * np.exp(a)))  # type: ignore[misc]
        rows += [{**row, "time": time} for row in own]
    return Simulated(_read(rows), _spec("HR"))


def ordered_categories(seed: int = 9) -> Simulated:
    """Four categories with shared cut-points."""
    truth = Truth(seed, 4, baseline=(0.2, 0.3), tau=0.2, d_sd=0.4)
    edges = np.array([-np.inf, 0.0, 0.7, 1.5, np.inf])
    rows: Rows = []
    for s, arms in enumerate([*_pairs(4, 1), (0, 1, 3)]):
        n = truth.sizes(40, 120, arms)
        for t, m, theta in zip(arms, n, truth.theta(arms), strict=True):
            counts = truth.rng.multinomial(m, np.diff(ndtr(edges - theta)))
            cells = {f"category_{j + 1}": int(c) for j, c in enumerate(counts)}
            rows.append({"study": f"S{s}", "treatment": _name(t), "total": int(m), **cells})
    return Simulated(_read(rows), _spec("PROBIT", tau_prior="half-normal(0.5)"))


def arms_and_contrasts(seed: int = 10) -> Simulated:
    """Studies with events beside studies with log odds ratios, one of them with three arms."""
    truth = Truth(seed, 4, baseline=(-1.2, 0.5), tau=0.35)
    rows = [row for s, pair in enumerate(_pairs(4, 1)) for row in _events(truth, pair, s, (40, 120), expit)]
    for s, arms in enumerate([(0, 1), (1, 2, 3), (0, 3)]):
        se = truth.rng.uniform(0.15, 0.3, len(arms))
        value = truth.theta(arms) + truth.rng.normal(0, se)
        rows.append({"study": f"C{s}", "treatment": _name(arms[0]), "se": se[0]})
        for t, y, own in zip(arms[1:], value[1:], se[1:], strict=True):
            error = float(np.hypot(own, se[0]))
            rows.append({"study": f"C{s}", "treatment": _name(t), "diff": y - value[0], "se_diff": error})
    return Simulated(_read(rows), _spec("OR"))


NETWORKS: dict[str, Callable[[], Simulated]] = {
    found.__name__: found
    for found in (
        nobody_on_one_side, nobody_or_everybody_on_both_sides, a_four_arm_trial, two_studies_a_comparison,
        thirty_treatments, large_and_small, large_and_small_with_the_log_link, rates, follow_up_times,
        ordered_categories, arms_and_contrasts,
    )
}  # fmt: skip
