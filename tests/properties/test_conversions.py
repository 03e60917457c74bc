"""Laws of the conversions: there and back is the identity, and the order of merging does not matter."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from physiohub.prepare.conversions import (
    Quantiles,
    Scores,
    correlation_from_sds,
    events_from_percent,
    final_sd_from_change,
    geometric_from_logs,
    mean_from_quantiles,
    merge_arms,
    pooled_correlation,
    raw_from_logs,
    rescale,
    sd_from_ci,
    sd_from_difference,
    sd_from_quantiles,
    sd_from_se,
    sd_of_change,
    se_from_ci,
    se_from_f,
    se_from_p,
    se_from_t,
    skewness,
    standardise_contrast,
)

means = st.floats(-100, 100)
spreads = st.floats(0.01, 50)
sizes = st.integers(2, 500)
scales = st.tuples(st.floats(-50, 50), st.floats(1, 200)).map(lambda s: (s[0], s[0] + s[1]))
arms = st.builds(Scores, mean=means, sd=spreads, n=sizes)
adjusted = st.builds(Scores, mean=means, se=spreads, n=sizes)


@given(means, spreads, st.none() | st.integers(1, 1000))
def test_the_interval_of_an_se_gives_it_back(mean, se, df):
    half = 1 / se_from_ci(-1, 1, df=df)[0]
    assert se_from_ci(mean - half * se, mean + half * se, df=df)[0] == pytest.approx(se, rel=1e-6)


@given(spreads, st.integers(3, 1000))
def test_t_intervals_hold_smaller_errors_than_normal_ones(half, n):
    assert se_from_ci(-half, half, df=n - 1)[0] < se_from_ci(-half, half, df=None)[0]
    assert sd_from_ci(-half, half, n)[0] == pytest.approx(sd_from_se(se_from_ci(-half, half, df=n - 1)[0], n)[0])


@given(st.floats(0.1, 50), st.floats(0.001, 0.9))
def test_p_of_a_doubled_difference_doubles_the_error(difference, p):
    assert se_from_p(2 * difference, p, df=None)[0] == pytest.approx(2 * se_from_p(difference, p, df=None)[0])
    assert se_from_p(-difference, p, df=None)[0] == se_from_p(difference, p, df=None)[0]


@given(arms, scales, scales, st.booleans(), st.booleans())
def test_rescaling_there_and_back(scores, scale, onto, change, flip):
    there, _ = rescale(scores, scale, onto, change=change, flip=flip)
    back, _ = rescale(there, onto, scale, change=change, flip=flip)
    assert back.mean == pytest.approx(scores.mean, rel=1e-6, abs=1e-6)
    assert back.sd == pytest.approx(scores.sd, rel=1e-9)
    assert back.n == scores.n


@given(means, means, scales, scales, st.booleans())
def test_differences_do_not_see_the_offset(one, other, scale, onto, flip):
    def difference(change: bool) -> float:
        moved = [rescale(Scores(mean=m), scale, onto, change=change, flip=flip)[0].mean for m in (one, other)]
        return moved[0] - moved[1]

    assert difference(change=True) == pytest.approx(difference(change=False), rel=1e-6, abs=1e-6)


@given(scales, scales, st.booleans())
def test_ends_go_to_ends(scale, onto, flip):
    ends = [rescale(Scores(mean=end), scale, onto, flip=flip)[0].mean for end in scale]
    assert ends == pytest.approx(list(onto[::-1] if flip else onto), abs=1e-9)


@given(arms, arms, arms)
def test_merging_in_steps_is_merging_at_once(one, two, three):
    steps, _ = merge_arms([merge_arms([one, two])[0], three])
    once, _ = merge_arms([one, two, three])
    assert steps.n == once.n
    assert steps.mean == pytest.approx(once.mean, abs=1e-8)
    assert steps.sd == pytest.approx(once.sd, rel=1e-7)


@given(st.lists(adjusted, min_size=2, max_size=4))
def test_merged_adjusted_means_lie_between_and_are_surer(group):
    merged, _ = merge_arms(group)
    assert min(a.mean for a in group) - 1e-9 <= merged.mean <= max(a.mean for a in group) + 1e-9
    assert merged.se <= max(a.se for a in group) + 1e-12
    assert merge_arms(group[::-1])[0].se == pytest.approx(merged.se)


@given(means, spreads, spreads)
def test_standardising_keeps_the_z_value(difference, se, sd):
    assume(abs(difference) > 1e-6)
    estimate, error, _ = standardise_contrast(difference, se, sd, source="stated")
    assert estimate / error == pytest.approx(difference / se)
    assert estimate * sd == pytest.approx(difference)


@given(st.floats(0.1, 50), spreads, sizes, sizes)
def test_t_f_and_sd_there_and_back(difference, sd, n1, n2):
    se = sd * math.sqrt(1 / n1 + 1 / n2)
    assert sd_from_difference(se, n1, n2)[0] == pytest.approx(sd)
    t = difference / se
    assert se_from_t(-difference, t)[0] == pytest.approx(se)
    assert se_from_f(difference, t**2)[0] == pytest.approx(se)


correlations = st.floats(-0.99, 0.99)


@given(spreads, spreads, correlations)
def test_sds_before_after_and_of_change_there_and_back(before, after, r):
    change, _ = sd_of_change(before, after, r)
    # the correlation is a difference of squares: where one SD dwarfs the other it cancels
    assume(0.05 < before / after < 20)
    assert abs(before - after) * (1 - 1e-12) <= change <= before + after
    assert correlation_from_sds(before, after, change) == pytest.approx(r, abs=1e-9)
    if after > r * before:  # the larger root
        # near the double root the square root turns an error e of its argument into sqrt(e)
        assert final_sd_from_change(before, change, r)[0] == pytest.approx(after, rel=1e-6)


@given(spreads, spreads, correlations, st.floats(0.01, 100))
def test_the_correlation_does_not_see_the_scale(before, after, r, factor):
    change, _ = sd_of_change(before, after, r)
    assert sd_of_change(factor * before, factor * after, r)[0] == pytest.approx(factor * change)


@given(st.lists(st.tuples(correlations, st.integers(4, 300)), min_size=1, max_size=6))
def test_a_pooled_correlation_lies_among_its_parts(arms):
    rs, ns = zip(*arms, strict=True)
    pooled = pooled_correlation(rs, ns)
    assert min(rs) - 1e-12 <= pooled <= max(rs) + 1e-12
    assert pooled_correlation([-r for r in rs], ns) == pytest.approx(-pooled, abs=1e-12)
    assert pooled_correlation([rs[0]] * len(rs), ns) == pytest.approx(rs[0], abs=1e-12)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(0, 3))
def test_events_of_a_printed_percentage_print_it_again(counts, digits):
    events, total = counts
    percent = round(100 * events / total, digits)
    counted, _ = events_from_percent(percent, total, half_unit=0.5 * 10.0**-digits)
    assert counted.fewest <= events <= counted.most
    assert counted.fewest <= counted.events <= counted.most
    for made in (counted.fewest, counted.most):
        # an edge of the rounding counts as inside, to within the error of the arithmetic
        assert abs(100 * made / total - percent) <= 0.5 * 10.0**-digits + 1e-6
    if total < 10**digits * 100:  # people are further apart than the printed digits
        assert counted.certain
        assert counted.events == events


@st.composite
def five_numbers(draw: st.DrawFn) -> Quantiles:
    """Any five numbers in order, of which some may be missing."""
    steps = draw(st.lists(st.floats(0.1, 30), min_size=4, max_size=4))
    low = draw(st.floats(-100, 100))
    a, q1, m, q3, b = (low + sum(steps[:k]) for k in range(5))
    n = draw(st.integers(5, 500))
    kind = draw(st.sampled_from(["quartiles", "range", "both"]))
    quartiles = {} if kind == "range" else {"q1": q1, "q3": q3}
    extremes = {} if kind == "quartiles" else {"minimum": a, "maximum": b}
    return Quantiles(n=n, median=m, **quartiles, **extremes)


def moved(summary: Quantiles, slope: float, offset: float) -> Quantiles:
    """The summary of the scores times `slope` plus `offset`."""
    names = ("minimum", "q1", "median", "q3", "maximum")
    values = [getattr(summary, name) for name in names]
    values = [None if value is None else slope * value + offset for value in values]
    cells = dict(zip(names, values if slope > 0 else values[::-1], strict=True))
    return Quantiles(n=summary.n, **cells)


@given(five_numbers(), st.sampled_from([-3.0, -1.0, 0.1, 2.0]), st.floats(-50, 50))
def test_medians_converted_and_moved_or_moved_and_converted(summary, slope, offset):
    there = moved(summary, slope, offset)
    mean, sd = mean_from_quantiles(summary)[0], sd_from_quantiles(summary)[0]
    assert mean_from_quantiles(there)[0] == pytest.approx(slope * mean + offset, rel=1e-9, abs=1e-9)
    assert sd_from_quantiles(there)[0] == pytest.approx(abs(slope) * sd, rel=1e-9)
    assert skewness(there).statistic == pytest.approx(skewness(summary).statistic, abs=1e-9)


@given(five_numbers())
def test_a_converted_mean_lies_within_the_data(summary):
    low, high = summary.extremes or summary.quartiles or (0.0, 0.0)
    assert low <= mean_from_quantiles(summary)[0] <= high
    assert sd_from_quantiles(summary)[0] > 0


@given(st.floats(-3, 5), st.floats(0.01, 1.5))
def test_scores_and_their_logs_there_and_back(log_mean, log_sd):
    mean, sd, _ = raw_from_logs(log_mean, log_sd)
    variance = math.log1p((sd / mean) ** 2)
    assert math.sqrt(variance) == pytest.approx(log_sd, rel=1e-9)
    assert math.log(mean) - variance / 2 == pytest.approx(log_mean, abs=1e-9)
    assert geometric_from_logs(log_mean, log_sd)[0] < mean
