"""Laws of the conversions: there and back is the identity, and the order of merging does not matter."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

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
