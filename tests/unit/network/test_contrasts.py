"""Multi-arm contrasts: covariance from all pairs or from the baseline arm; the incoherent is named, never adjusted."""

from __future__ import annotations

import numpy as np
import pytest

from physiohub.network.contrasts import Difference, combine_differences


def star(*, baseline_se: float | None = 0.3, se: float = 0.5) -> list[Difference]:
    return [
        Difference(treatment="B", versus="A", estimate=1.0, se=se, baseline_se=baseline_se, row=2),
        Difference(treatment="C", versus="A", estimate=2.5, se=se, baseline_se=baseline_se, row=3),
    ]


def pairs(means: dict[str, float], ses: dict[str, float]) -> list[Difference]:
    """All pairs of arms with these means and standard errors, every other one turned."""
    names = list(means)
    found: list[Difference] = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            t, v = (a, b) if len(found) % 2 else (b, a)
            se = float(np.hypot(ses[a], ses[b]))
            found.append(Difference(treatment=t, versus=v, estimate=means[t] - means[v], se=se, row=len(found) + 2))
    return found


def test_two_arms() -> None:
    one = combine_differences("s", [Difference(treatment="B", versus="A", estimate=1.0, se=0.5)])
    assert one.treatments == ("A", "B")
    assert one.contrasts is not None
    assert one.contrasts.covariance == pytest.approx(np.array([[0.25]]))


@pytest.mark.parametrize("arms", [3, 4, 6])
def test_all_pairs_give_back_the_covariance_of_the_arms(arms: int) -> None:
    names = [chr(65 + k) for k in range(arms)]
    means = {name: 0.7 * k - 0.1 * k**2 for k, name in enumerate(names)}
    ses = {name: 0.2 + 0.05 * k for k, name in enumerate(names)}
    combined = combine_differences("s", pairs(means, ses))
    assert combined.issues == ()
    assert combined.contrasts is not None
    base, others = combined.treatments[0], combined.treatments[1:]
    expected = np.full((arms - 1, arms - 1), ses[base] ** 2) + np.diag([ses[t] ** 2 for t in others])
    np.testing.assert_allclose(combined.contrasts.covariance, expected, rtol=1e-12)
    np.testing.assert_allclose(combined.contrasts.estimate, [means[t] - means[base] for t in others], rtol=1e-12)


def test_the_square_of_the_baseline_standard_error_is_the_covariance() -> None:
    combined = combine_differences("s", star())
    assert combined.contrasts is not None
    np.testing.assert_allclose(combined.contrasts.covariance, [[0.25, 0.09], [0.09, 0.25]])
    assert combined.contrasts.rows == (2, 3)
    once = [star()[0], star(baseline_se=None)[1]]  # given in one row is enough
    assert combine_differences("s", once).contrasts is not None


def test_neither_all_pairs_nor_a_baseline_standard_error_is_refused() -> None:
    combined = combine_differences("Kim 2017", star(baseline_se=None))
    assert combined.contrasts is None
    issue = combined.issues[0]
    assert (issue.rule, issue.study, issue.row) == ("contrast-pairs-missing", "Kim 2017", 2)
    assert "C versus B" in issue.message
    assert "baseline_se" in issue.remedy


def test_a_chain_is_refused_even_with_a_baseline_standard_error() -> None:
    chain = [
        Difference(treatment="B", versus="A", estimate=1.0, se=0.5, baseline_se=0.3),
        Difference(treatment="C", versus="B", estimate=1.0, se=0.5, baseline_se=0.3),
    ]
    assert [issue.rule for issue in combine_differences("s", chain).issues] == ["contrast-pairs-missing"]


def test_one_baseline_arm_has_one_standard_error() -> None:
    two = [star()[0], star(baseline_se=0.4)[1]]
    assert [issue.rule for issue in combine_differences("s", two).issues] == ["baseline-se-contradictory"]


def test_a_triangle_that_does_not_close_is_named() -> None:
    rows = [
        Difference(treatment="B", versus="A", estimate=1.0, se=0.5, rounding=0.05, row=2),
        Difference(treatment="C", versus="A", estimate=2.5, se=0.5, rounding=0.05, row=3),
        Difference(treatment="C", versus="B", estimate=-1.5, se=0.5, rounding=0.05, row=4),
    ]
    issue = combine_differences("Kim 2017", rows).issues[0]
    assert (issue.rule, issue.study, issue.row, issue.column) == ("contrast-incoherent", "Kim 2017", 4, "estimate")
    for words in ("C versus B is -1.5", "C versus A (2.5)", "B versus A (1)", "is 1.5"):
        assert words in issue.message


@pytest.mark.parametrize(("third", "coherent"), [(1.5, True), (1.6, True), (1.65, True), (1.7, False), (1.3, False)])
def test_estimates_may_differ_by_their_rounding_only(third: float, coherent: bool) -> None:
    rows = [
        Difference(treatment="B", versus="A", estimate=1.0, se=0.5, rounding=0.5),  # "1": zeros may have been lost
        Difference(treatment="C", versus="A", estimate=2.5, se=0.5, rounding=0.05),
        Difference(treatment="C", versus="B", estimate=third, se=0.5, rounding=0.05),
    ]
    assert (combine_differences("s", rows).contrasts is not None) is coherent


def test_computed_estimates_agree_to_a_millionth() -> None:
    def rows(third: float) -> list[Difference]:
        ends = [("B", "A", 1 / 3), ("C", "A", 0.9), ("C", "B", third)]
        return [Difference(treatment=t, versus=v, estimate=y, se=0.5) for t, v, y in ends]

    assert combine_differences("s", rows(0.9 - 1 / 3 + 5e-7)).contrasts is not None
    assert combine_differences("s", rows(0.9 - 1 / 3 + 5e-6)).contrasts is None


def test_standard_errors_that_cannot_belong_together_are_named() -> None:
    rows = [
        Difference(treatment="B", versus="A", estimate=1.0, se=0.1, row=2),
        Difference(treatment="C", versus="A", estimate=2.0, se=0.1, row=3),
        Difference(treatment="C", versus="B", estimate=1.0, se=0.9, row=4),
    ]
    issue = combine_differences("Kim 2017", rows).issues[0]
    assert (issue.rule, issue.row, issue.column) == ("contrast-covariance", 4, "se")
    assert "0.9 (C versus B) exceeds the sum of 0.1 and 0.1" in issue.message
    shared = combine_differences("Kim 2017", star(baseline_se=0.9)).issues[0]
    assert shared.rule == "contrast-covariance"
    assert "that of the A arm is too large" in shared.message


def test_a_singular_covariance_is_refused() -> None:
    rows = [
        Difference(treatment=t, versus=v, estimate=0.0, se=se)
        for t, v, se in [("B", "A", 1), ("C", "A", 2), ("C", "B", 1)]
    ]
    assert [issue.rule for issue in combine_differences("s", rows).issues] == ["contrast-covariance"]


def test_a_pair_stands_once_and_compares_two_treatments() -> None:
    twice = [
        Difference(treatment="B", versus="A", estimate=1.0, se=0.5, row=2),
        Difference(treatment="A", versus="B", estimate=-1.0, se=0.5, row=3),
    ]
    assert [(i.rule, i.row) for i in combine_differences("s", twice).issues] == [("contrast-duplicated", 3)]
    itself = [Difference(treatment="A", versus="A", estimate=0.0, se=0.5, row=2)]
    assert [(i.rule, i.row) for i in combine_differences("s", itself).issues] == [("contrast-same-treatment", 2)]
