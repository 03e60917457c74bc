"""Closed-form cases of each conversion; the formulas' sources stand in the docstrings."""

import math

import numpy as np
import pytest
from scipy import stats

from physiohub.prepare.conversions import (
    Scores,
    merge_arms,
    rescale,
    sd_from_ci,
    sd_from_se,
    se_from_ci,
    se_from_p,
    standardise_contrast,
)


def test_se_from_ci_undoes_the_interval_of_a_mean():
    for df, quantile in ((None, 1.959963984540054), (19, 2.093024054408263), (4, 2.7764451051977987)):
        se, trace = se_from_ci(10 - quantile * 3, 10 + quantile * 3, df=df, rows=(7,))
        assert se == pytest.approx(3, rel=1e-12)
        assert trace.rows == (7,)
        assert ("normal" in trace.how) == (df is None)


def test_se_from_ci_takes_the_level():
    assert se_from_ci(-2.5758293035489004, 2.5758293035489004, df=None, level=0.99)[0] == pytest.approx(1)


@pytest.mark.parametrize(("low", "high", "df"), [(2, 1, None), (1, 1, None), (1, 2, 0)])
def test_se_from_ci_refuses(low, high, df):
    with pytest.raises(ValueError, match=r"limit|degrees"):
        se_from_ci(low, high, df=df)


def test_se_from_p_of_the_handbook():
    # Cochrane Handbook 6.5.2.3: difference 3.8, p = 0.008, 25 and 22 participants: t 2.78, SE 1.37
    assert se_from_p(3.8, 0.008, df=45)[0] == pytest.approx(1.37, abs=0.005)


@pytest.mark.parametrize(("difference", "p"), [(0, 0.5), (1, 0), (1, 1)])
def test_se_from_p_refuses(difference, p):
    with pytest.raises(ValueError, match="follows from p only"):
        se_from_p(difference, p, df=None)


def test_sd_from_se_and_ci():
    assert sd_from_se(2, 25)[0] == 10
    half = stats.t.ppf(0.975, 24) * 2
    assert sd_from_ci(-half, half, 25)[0] == pytest.approx(10)


def test_merged_arms_are_all_their_participants():
    rng = np.random.default_rng(20)
    groups = [rng.normal(m, s, n) for m, s, n in ((10, 2, 8), (12, 3, 15), (9, 1, 5))]
    arms = [Scores(mean=g.mean(), sd=g.std(ddof=1), n=len(g)) for g in groups]
    merged, trace = merge_arms(arms, rows=(2, 3, 4))
    together = np.concatenate(groups)
    assert merged.n == len(together)
    assert merged.mean == pytest.approx(together.mean(), rel=1e-12)
    assert merged.sd == pytest.approx(together.std(ddof=1), rel=1e-12)
    assert merged.se is None
    assert "Cochrane" in trace.how


def test_merged_arms_of_the_handbook_table():
    # table 6.5.a, written out for two groups
    n1, m1, s1, n2, m2, s2 = 63, 31.0, 23.0, 66, 35.2, 24.0
    variance = ((n1 - 1) * s1**2 + (n2 - 1) * s2**2 + n1 * n2 / (n1 + n2) * (m1 - m2) ** 2) / (n1 + n2 - 1)
    merged, _ = merge_arms([Scores(mean=m1, sd=s1, n=n1), Scores(mean=m2, sd=s2, n=n2)])
    assert merged.sd == pytest.approx(math.sqrt(variance), rel=1e-12)


def test_merged_adjusted_means_keep_a_standard_error():
    merged, trace = merge_arms([Scores(mean=31, se=3, n=60), Scores(mean=35, se=2, n=40)])
    assert merged.mean == pytest.approx(0.6 * 31 + 0.4 * 35)
    assert merged.se == pytest.approx(math.hypot(0.6 * 3, 0.4 * 2))
    assert merged.sd is None
    assert "SE" in trace.how


def test_merging_needs_sizes_and_spreads():
    for arm in (Scores(mean=1, sd=1), Scores(mean=1, n=5)):
        with pytest.raises(ValueError, match="n, mean and SD or SE"):
            merge_arms([arm, Scores(mean=1, sd=1, n=5)])


@pytest.mark.parametrize(
    ("change", "flip", "mean"), [(False, False, 40), (True, False, 40), (False, True, 60), (True, True, -40)]
)
def test_rescale(change, flip, mean):
    scores = Scores(mean=4, n=20, sd=2, se=0.5, baseline_sd=1)
    moved, trace = rescale(scores, (0, 10), (0, 100), change=change, flip=flip)
    assert moved == Scores(mean=mean, n=20, sd=20, se=5, baseline_sd=10)
    assert ("turned" in trace.how) == flip


def test_a_final_score_has_an_offset_and_a_change_has_none():
    assert rescale(Scores(mean=3), (1, 5), (0, 100))[0].mean == 50
    assert rescale(Scores(mean=2), (1, 5), (0, 100), change=True)[0].mean == 50


@pytest.mark.parametrize("scale", [(0, 0), (10, 0), (0, math.inf)])
def test_a_scale_without_width_is_refused(scale):
    with pytest.raises(ValueError, match="no width"):
        rescale(Scores(mean=1), scale, (0, 100))


def test_standardise_contrast():
    estimate, se, trace = standardise_contrast(-18, 8, 20, source="stated")
    assert (estimate, se) == (-0.9, 0.4)
    assert "20" in trace.how
    assert "stated" in trace.how
    with pytest.raises(ValueError, match="above zero"):
        standardise_contrast(1, 1, 0, source="stated")
