"""Log likelihoods of single studies: the collapsed engine against dense rules in mu and delta."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tests.agreement.collapsed_studies import Question, Rows

TAU = (0.0, 0.01, 0.3, 2.0)
# effects of B, C and D versus A
EFFECTS = [(0.3, -0.2, 0.1), (-0.5, 0.6, 0.4)]
# where the data rule out both ends of theta: ten such studies stay below the 1e-2 that a verdict allows a log weight
# (two arms: some 1e-6; three arms, whose rule has 24 points: up to 6e-4)
REGULAR = 1e-3
# an arm with nobody, or everybody: a rule around the mode would miss by 0.03 to 1.5 here. A probability p moves by no
# more than p (1 - p) times this, less than a sixth of the Monte Carlo error of 6,000 draws
ONE_SIDED = 3e-3
# where the likelihood of a study is this far (in log) below its best effect and tau, an error may be ten times as
# large: the whole of it is worth less than a hundredth; 14 below, only its being small matters
FALL, FAR_BELOW = 5.0, 14.0

TWO = [("A", 5, 50), ("B", 9, 55)]
THREE = [("A", 5, 50), ("B", 9, 55), ("C", 7, 40)]
FOUR = [("A", 5, 50), ("B", 9, 55), ("C", 7, 40), ("D", 11, 60)]
TINY = [("A", 1, 3), ("B", 2, 3)]
LATER = [("B", 8, 40), ("D", 5, 33)]  # without the reference
HUGE = {"OR": 36_650, "RR": 40_490, "HR": 38_220, "PROBIT": 41_100}  # 0.3 higher than 30,000 of 100,000
ZERO = {
    "nobody": [("A", 0, 50), ("B", 0, 50)],
    "everybody": [("A", 12, 12), ("B", 12, 12)],
    "nobody, small and large": [("A", 0, 3), ("C", 0, 300)],
    "nobody under the reference": [("A", 0, 20), ("B", 7, 22)],
    "nobody under the other": [("A", 7, 22), ("C", 0, 20)],
    "everybody under the reference": [("A", 12, 12), ("B", 9, 12)],
    "nobody against everybody": [("A", 0, 20), ("B", 20, 20)],
    "three arms, two of them empty": [("A", 0, 20), ("B", 3, 25), ("C", 0, 22)],
    "three arms, all of them empty": [("A", 0, 20), ("B", 0, 25), ("C", 0, 22)],
}
PRIORS = ("normal(0, 100)", "normal(-1, 1)", "t(0, 5, 4)", "uniform-probability(0, 1)")


def errors(
    question: Question, effects: Sequence[tuple[float, ...]] = EFFECTS, tau: Sequence[float] = TAU
) -> np.ndarray:
    """Errors (tau, effects, study) of the log likelihood less that at its peak, weighed by what they count for."""
    ours, brute = question.ours(tau, effects), question.brute(tau, effects)
    found = np.zeros_like(ours)
    for study in range(ours.shape[-1]):
        best = np.unravel_index(int(np.argmax(brute[..., study])), ours.shape[:-1])
        fall = brute[(*best, study)] - brute[..., study]
        error = (ours - brute)[(*best, study)]
        # what hardly counts must not count for more in the engine
        assert np.all(ours[..., study][fall > FAR_BELOW] - error < brute[(*best, study)] - FALL)
        counts = fall < FAR_BELOW
        weight = np.where(fall < FALL, 1.0, 0.1)[counts]
        found[..., study][counts] = weight * ((ours - brute)[..., study][counts] - error)
    return found


@pytest.mark.parametrize("measure", ["OR", "RR", "HR", "PROBIT"])
def test_counts(measure: str) -> None:
    huge = [("A", 30_000, 100_000), ("B", HUGE[measure], 100_000)]
    for prior in ("normal(0, 100)", "normal(-1, 1)"):
        question = Question(measure, prior, [TWO, THREE, LATER])
        assert question.ours(TAU, EFFECTS) == pytest.approx(question.brute(TAU, EFFECTS), abs=REGULAR)
        near = [(0.3, 0.0, 0.0), (0.31, 0.0, 0.0), (0.28, 0.0, 0.0)]
        # an end of theta (log link) takes some digits of such a trial
        assert errors(Question(measure, prior, [huge]), near) == pytest.approx(0, abs=10 * REGULAR)


@pytest.mark.parametrize("measure", ["OR", "RR", "HR", "PROBIT"])
@pytest.mark.parametrize("prior", PRIORS[1:])
def test_every_prior_of_baselines(measure: str, prior: str) -> None:
    question = Question(measure, prior, [TWO, TINY])
    assert errors(question, tau=(0.0, 0.3)) == pytest.approx(0, abs=ONE_SIDED)


@pytest.mark.parametrize("measure", ["OR", "HR", "PROBIT", "RR"])
def test_a_prior_of_baselines_that_ends_abruptly(measure: str) -> None:
    question = Question(measure, "uniform-probability(0.05, 0.6)", [TWO, TINY])
    # three people an arm, and a prior that cuts through their likelihood: what a verdict allows a log weight
    assert errors(question, tau=(0.01, 0.3)) == pytest.approx(0, abs=1e-2)


def test_four_arms() -> None:
    question = Question("OR", "normal(0, 100)", [FOUR])
    # the brute rule has 36 points along each delta here; its own error is below 1e-6
    assert question.ours((0.3, 2.0), EFFECTS[:1]) == pytest.approx(question.brute((0.3, 2.0), EFFECTS[:1]), abs=REGULAR)


WIDE = [(x, x, x) for x in (-25.0, -6.0, -2.0, -0.5, 0.0, 0.4, 1.5, 4.0, 10.0, 25.0)]


@pytest.mark.parametrize("cells", sorted(ZERO))
@pytest.mark.parametrize("measure", ["OR", "RR", "HR", "PROBIT"])
def test_empty_and_full_cells(measure: str, cells: str) -> None:
    """Effects out to 25 either way, and every tau: where data bound an effect on one side it goes there."""
    several = len(ZERO[cells]) > 2
    effects, tau = ([(0.3, -0.2, 0.0), (-2.0, -8.0, 0.0)], (0.0, 0.3)) if several else (WIDE, TAU)
    found = errors(Question(measure, "normal(0, 100)", [ZERO[cells]]), effects, tau)
    assert found == pytest.approx(0, abs=ONE_SIDED)


@pytest.mark.parametrize("prior", ["normal(-1, 1)", "uniform-probability(0, 1)"])
def test_empty_cells_under_other_priors(prior: str) -> None:
    kinds: list[Rows] = [ZERO[name] for name in ("nobody", "everybody", "nobody under the other")]
    assert errors(Question("OR", prior, kinds), tau=(0.0, 2.0)) == pytest.approx(0, abs=ONE_SIDED)


RATES: list[Rows] = [
    [("A", 5, 120.0), ("B", 9, 80.5)],
    [("A", 2, 10.0), ("B", 4, 12.0), ("C", 1, 11.0)],
    [("A", 60_000, 1e5), ("B", 81_000, 1e5)],
]


@pytest.mark.parametrize("prior", ["normal(0, 100)", "t(0, 5, 4)", "gamma(0.001, 0.001)", "gamma(2, 3)"])
def test_rates(prior: str) -> None:
    near = [(0.3, -0.2, 0.0), (0.31, 0.1, 0.0)]
    assert errors(Question("IRR", prior, RATES), near) == pytest.approx(0, abs=REGULAR)


@pytest.mark.parametrize("prior", ["normal(0, 100)", "gamma(0.001, 0.001)"])
def test_rates_without_events(prior: str) -> None:
    """Under gamma(0.001, 0.001) the mass of the log rate goes out to -35,000."""
    studies: list[Rows] = [
        [("A", 0, 12.5), ("B", 0, 12.5)],
        [("A", 0, 5.0), ("B", 7, 5.5)],
        [("A", 7, 5.5), ("C", 0, 5.0)],
    ]
    assert errors(Question("IRR", prior, studies), WIDE) == pytest.approx(0, abs=ONE_SIDED)
    silent = Question("IRR", prior, studies[:1])
    # nobody anywhere: the data say next to nothing, and all of the prior must be found
    assert silent.ours((0.3,), EFFECTS) == pytest.approx(silent.brute((0.3,), EFFECTS), abs=ONE_SIDED)


def test_log_time_is_an_offset_of_the_likelihood() -> None:
    studies: list[Rows] = [
        [("A", 5, 50, 2.0), ("B", 9, 55, 0.5)],
        [("A", 5, 50, 3.0), ("B", 9, 55, 1.0), ("C", 7, 40, 2.0)],
    ]
    for prior in ("normal(0, 100)", "normal(-1, 1)", "uniform-probability(0, 1)"):
        question = Question("HR", prior, studies[:1] if prior.startswith("uniform") else studies)
        tau = (0.0, 0.3)
        assert question.ours(tau, EFFECTS) == pytest.approx(question.brute(tau, EFFECTS), abs=REGULAR)


@pytest.mark.parametrize(
    ("cuts", "studies"),
    [
        ((0.7,), [[("A", (20, 15, 10)), ("B", (12, 14, 19))], [("A", (9, 8, 7)), ("B", (8, 9, 5)), ("C", (5, 6, 9))]]),
        (
            (0.6, 1.1),
            [
                [("A", (20, 15, 10, 5)), ("B", (12, 14, 12, 12))],
                # one category is part of the one below it; in the last study the first cut-point is not there
                [("A", (9, 8, None, 9)), ("C", (8, 9, None, 12))],
                [("A", (30, 8, 9, None)), ("B", (28, 9, 12, None))],
                [("A", (30, None, 9, 4)), ("B", (28, None, 12, 5))],
            ],
        ),
    ],
)
@pytest.mark.parametrize("prior", ["normal(0, 100)", "t(0, 5, 4)"])
def test_ordered_categories(cuts: tuple[float, ...], studies: list[Rows], prior: str) -> None:
    question = Question("PROBIT", prior, studies, cuts=cuts)
    assert question.ours(TAU, EFFECTS) == pytest.approx(question.brute(TAU, EFFECTS), abs=REGULAR)


@pytest.mark.parametrize("prior", ["flat", "normal(0, 100)", "t(0, 5, 4)"])
def test_means(prior: str) -> None:
    studies: list[Rows] = [
        [("A", 1.0, 0.3), ("B", 1.4, 0.4)],
        [("A", -2.0, 0.5), ("B", -1.0, 0.2), ("C", -1.9, 0.6)],
        [("B", 12.0, 0.01), ("C", 11.5, 2.0)],
    ]
    question = Question("MD", prior, studies)
    assert errors(question) == pytest.approx(0, abs=REGULAR)
    if prior == "normal(0, 100)":
        assert question.ours(TAU, EFFECTS) == pytest.approx(question.brute(TAU, EFFECTS), abs=REGULAR)
