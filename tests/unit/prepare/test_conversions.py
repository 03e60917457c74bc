"""Closed-form cases of each conversion; the formulas' sources stand in the docstrings."""

import math

import numpy as np
import pytest
from scipy import stats

from physiohub.prepare.conversions import (
    Scores,
    correlation_from_sds,
    events_from_percent,
    final_sd_from_change,
    geometric_from_logs,
    merge_arms,
    pooled_correlation,
    raw_from_logs,
    rescale,
    sd_from_ci,
    sd_from_difference,
    sd_from_se,
    sd_of_change,
    se_from_ci,
    se_from_f,
    se_from_p,
    se_from_t,
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


def test_t_and_f_of_the_handbook():
    # Cochrane Handbook 6.5.2.3: difference 3.8, t 2.78, 25 and 22 participants: SE 1.37, SD 4.69
    se, trace = se_from_t(3.8, 2.78, rows=(4,))
    assert se == pytest.approx(1.37, abs=0.005)
    assert sd_from_difference(se, 25, 22)[0] == pytest.approx(4.69, abs=0.02)  # of the SE before it was rounded
    assert se_from_f(-3.8, 2.78**2)[0] == pytest.approx(se, rel=1e-12)
    assert trace.rows == (4,)


def test_the_t_the_f_and_the_p_of_one_comparison_give_one_error():
    """Against SciPy's own tests of two samples."""
    rng = np.random.default_rng(5)
    one, two = rng.normal(50, 12, 18), rng.normal(42, 12, 24)
    difference, (t, p) = one.mean() - two.mean(), stats.ttest_ind(one, two)
    f, _ = stats.f_oneway(one, two)
    pooled = math.sqrt((17 * one.var(ddof=1) + 23 * two.var(ddof=1)) / 40)
    error = pooled * math.sqrt(1 / 18 + 1 / 24)
    assert se_from_t(difference, t)[0] == pytest.approx(error, rel=1e-10)
    assert se_from_f(difference, f)[0] == pytest.approx(error, rel=1e-10)
    assert se_from_p(difference, p, df=40)[0] == pytest.approx(error, rel=1e-8)
    assert sd_from_difference(error, 18, 24)[0] == pytest.approx(pooled, rel=1e-12)


@pytest.mark.parametrize("make", [lambda: se_from_t(0, 2), lambda: se_from_t(2, 0), lambda: se_from_f(2, 0)])
def test_a_statistic_of_nothing_tells_no_error(make):
    with pytest.raises(ValueError, match="an SE follows from"):
        make()


def test_change_of_the_handbook():
    # Cochrane Handbook 16.1.3.2 (version 5.1): correlations of the study that reports all SDs, then the imputed SD
    assert correlation_from_sds(6.4, 7.1, 4.5) == pytest.approx(0.78, abs=0.005)
    assert correlation_from_sds(7.0, 6.9, 4.2) == pytest.approx(0.82, abs=0.005)
    assert sd_of_change(4.0, 4.4, 0.80)[0] == pytest.approx(2.68, abs=0.005)


def test_change_scores_of_people():
    rng = np.random.default_rng(6)
    before = rng.normal(60, 15, 50)
    after = 0.6 * before + rng.normal(0, 9, 50)
    b, f, c = (x.std(ddof=1) for x in (before, after, after - before))
    r = np.corrcoef(before, after)[0, 1]
    assert correlation_from_sds(b, f, c) == pytest.approx(r, rel=1e-12)
    assert sd_of_change(b, f, r)[0] == pytest.approx(c, rel=1e-12)
    assert final_sd_from_change(b, c, r)[0] == pytest.approx(f, rel=1e-12)


def test_sds_that_no_people_can_have():
    for make in (
        lambda: correlation_from_sds(10, 10, 30),
        lambda: correlation_from_sds(10, 5, 2),
        lambda: final_sd_from_change(10, 2, 0.3),
        lambda: sd_of_change(10, 10, 1.0),
        lambda: sd_of_change(0, 10, 0.5),
        lambda: pooled_correlation([0.5], [3]),
    ):
        with pytest.raises(ValueError, match=r"correlation|SD"):
            make()


def test_correlations_are_pooled_as_fisher_z():
    z = (np.arctanh([0.2, 0.7, 0.5]) * [20, 40, 7]).sum() / 67
    assert pooled_correlation([0.2, 0.7, 0.5], [23, 43, 10]) == pytest.approx(math.tanh(z), rel=1e-12)
    assert pooled_correlation([0.2, 0.9], [23, 3]) == pytest.approx(0.2, rel=1e-12)  # three people tell nothing


@pytest.mark.parametrize(
    ("percent", "total", "half_unit", "events", "range_"),
    [
        (37.5, 24, 0.05, 9, (9, 9)),
        (38, 24, 0.5, 9, (9, 9)),
        (33, 3, 0.5, 1, (1, 1)),
        (12.5, 40, 0.5, 5, (5, 5)),  # 12.5 is printed as 12 or as 13
        (0, 50, 0.5, 0, (0, 0)),
        (100, 50, 0.5, 50, (50, 50)),
        (38, 500, 0.5, 190, (188, 192)),
    ],
)
def test_events_behind_a_percentage(percent, total, half_unit, events, range_):
    counted, _ = events_from_percent(percent, total, half_unit=half_unit)
    assert (counted.events, (counted.fewest, counted.most)) == (events, range_)
    assert counted.certain == (range_[0] == range_[1])


@pytest.mark.parametrize(("percent", "total"), [(40, 24), (37, 20), (101, 20), (-1, 20), (50, 0)])
def test_percentages_that_no_number_of_people_gives(percent, total):
    with pytest.raises(ValueError, match=r"whole number|percentage"):
        events_from_percent(percent, total, half_unit=0.05)


def test_scores_whose_logs_are_normal():
    mean, sd, _ = raw_from_logs(3.0, 0.4)
    exact = stats.lognorm(s=0.4, scale=math.exp(3.0))
    assert (mean, sd) == pytest.approx((exact.mean(), exact.std()), rel=1e-12)
    for log_mean, log_sd in ((3.0, 0.0), (800.0, 1.0)):
        with pytest.raises(ValueError, match="logs"):
            raw_from_logs(log_mean, log_sd)


def test_geometric_means_carry_the_error_of_the_log():
    from physiohub.measures.arms import log_mean

    mean, se, _ = geometric_from_logs(3.0, 0.12)
    value, variance = log_mean(np.array([mean]), np.array([se]))
    assert (value[0], variance[0]) == pytest.approx((3.0, 0.12**2), rel=1e-12)
