"""Absolute effects: against printed ones, against direct integration, as laws, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, ndtr, ndtri

import physiohub as ph
from physiohub import datasets
from physiohub.analysis.absolute import AbsoluteEffects, absolute_effects
from physiohub.analysis.baseline import parse_baseline
from physiohub.analysis.nnt import number_needed_to_treat
from physiohub.analysis.pairing import Lattice, golden
from physiohub.analysis.stated_sd import StatedSd
from physiohub.analysis.summary import summarised
from physiohub.errors import DataError, ModelError, UsageError
from physiohub.inference.mixture import NormalMixture
from physiohub.inference.sample import WeightedSample
from physiohub.measures.natural import LINKS, natural_scale

LATTICE = 2e-4  # of a probability: what a lattice of 65,536 points leaves of a smooth distribution function


def common(network: str, measure: str, **more) -> ph.Posterior:
    return ph.fit(datasets.load(network), ph.ModelSpec(measure=measure, effects="common", **more))


@pytest.fixture(scope="module")
def exact() -> ph.Posterior:
    return ph.fit(datasets.load("smoking"), ph.ModelSpec(measure="OR", likelihood="contrast"))


@pytest.fixture(scope="module")
def drawn() -> ph.Posterior:
    return ph.fit(datasets.load("smoking"), ph.ModelSpec(measure="OR"))


# -- printed ----------------------------------------------------------------------------------------------------------
# Baselines are those of Dias, Welton, Sutton & Ades, NICE DSU TSD 2 (2011), programs of the examples; mean, SD, 2.5, 50
# and 97.5% are printed with two decimals by the vignettes of multinma (Phillippo), common effects. A unit of the last
# digit: half of it is rounding, the rest the error of 4,000 draws; the 97.5% point of so skewed a distribution has a
# standard error of 0.007 from these.
PRINTED = {
    "blocker": (
        ("OR", f"normal(-2.2, {3.3**-0.5})", None),
        {"Control": (0.11, 0.05, 0.04, 0.10, 0.24), "Beta Blocker": (0.09, 0.04, 0.03, 0.08, 0.19)},
    ),
    "diabetes": (
        ("HR", f"normal(-4.2, {1.11**-0.5})", 3.0),
        {
            "Diuretic": (0.06, 0.06, 0.01, 0.04, 0.23),
            "Beta blocker": (0.06, 0.06, 0.01, 0.04, 0.22),
            "ACE inhibitor": (0.05, 0.05, 0.01, 0.03, 0.17),
            "ARB": (0.04, 0.04, 0.00, 0.03, 0.16),
            "CCB": (0.05, 0.05, 0.01, 0.03, 0.19),
            "Placebo": (0.05, 0.05, 0.01, 0.03, 0.19),
        },
    ),
    "dietary_fat": (
        ("IRR", f"normal(-3, {1.77**-0.5})", None),
        {"Control": (0.06, 0.05, 0.01, 0.05, 0.21), "Reduced Fat": (0.06, 0.05, 0.01, 0.05, 0.21)},
    ),
}


@pytest.mark.parametrize("network", PRINTED)
def test_printed_absolute_effects(network: str) -> None:
    (measure, baseline, time), rows = PRINTED[network]
    found = absolute_effects(common(network, measure), baseline, time=time)
    names = {name.casefold(): name for name in (effect.treatment for effect in found.effects)}
    for treatment, printed in rows.items():
        outcome = found.get(names[treatment.casefold()]).outcome
        ours = (outcome.mean, outcome.sd, outcome.low, outcome.median)
        assert ours == pytest.approx(printed[:4], abs=0.011)
        assert outcome.high == pytest.approx(printed[4], abs=0.005 + 3 * 0.007)


def test_printed_categories() -> None:
    # TSD 2, example 6; the same vignette: probabilities of PASI 50, 75 and 90, common effects
    found = absolute_effects(common("psoriasis", "PROBIT"), f"normal(-1.097, {123**-0.5})")
    rows = {(row.treatment, row.category): row.reached for row in found.categories}
    printed = {
        "Supportive care": (0.14, 0.03, 0.00),
        "Ciclosporin": (0.78, 0.52, 0.24),
        "Efalizumab": (0.54, 0.25, 0.07),
        "Etanercept 25 mg": (0.66, 0.37, 0.13),
        "Etanercept 50 mg": (0.79, 0.53, 0.23),
        "Infliximab": (0.88, 0.68, 0.37),
    }
    for treatment, means in printed.items():
        ours = [rows[treatment, category].mean for category in (1, 2, 3)]
        assert ours == pytest.approx(means, abs=0.011)
    within = [row.within.mean for row in found.categories if row.treatment == "Infliximab"]
    assert sum(value for value in within if value is not None) == pytest.approx(1.0, abs=1e-12)
    # the share above the first cut-point is the effect on the binary scale
    assert rows["Efalizumab", 1].median == pytest.approx(found.get("Efalizumab").outcome.median, abs=1e-3)
    assert len(found.categories_to_frame()) == 8 * 4


# -- second route -----------------------------------------------------------------------------------------------------


def test_mixture_by_direct_integration(exact: ph.Posterior) -> None:
    """P(difference <= x) = E over the baseline of P(d <= link(p + x) - b), by the trapezoidal rule."""
    found = absolute_effects(exact, "normal(-2.5, 0.6)")
    z = np.arange(-8.0, 8.0, 0.002)
    weight = stats.norm.pdf(z) / stats.norm.pdf(z).sum()
    b = -2.5 + 0.6 * z
    for row in found.effects[1:]:
        effect = exact.effect(row.treatment, "No intervention")
        for summary, p in ((row.difference, 0.0), (row.outcome, 1.0)):
            assert summary is not None
            for value, probability in ((summary.low, 0.025), (summary.median, 0.5), (summary.high, 0.975)):
                reached = np.clip((1 - p) * expit(b) + value, 0.0, 1.0)
                with np.errstate(divide="ignore"):
                    below = weight @ effect.cdf(np.log(reached / (1 - reached)) - b)
                assert below == pytest.approx(probability, abs=LATTICE)
    means = [expit(b) @ weight, *_means(exact, b, weight)]
    for row, mean in zip(found.effects, means, strict=True):
        # the outermost points of the lattice stand for tails beyond 4.3 SDs
        assert row.outcome.mean == pytest.approx(mean, abs=2e-5)
    assert found.numerical_error < 1e-2


def _means(fit: ph.Posterior, b: np.ndarray, weight: np.ndarray) -> list[float]:
    points, rule = np.polynomial.hermite_e.hermegauss(31)
    rule /= rule.sum()
    found = []
    for treatment in fit.treatments[1:]:
        effect = fit.effect(treatment, fit.treatments[0])
        assert isinstance(effect, NormalMixture)
        d = (effect.means[:, None] + effect.sds[:, None] * points).ravel()
        v = (effect.weights[:, None] * rule).ravel()
        found.append(float(sum(w * (v @ expit(x + d)) for x, w in zip(b[::20], weight[::20] * 20, strict=True))))
    return found


def test_draws_against_simulation(drawn: ph.Posterior) -> None:
    found = absolute_effects(drawn, "beta(12, 150)", better="higher")
    rng = np.random.default_rng(3)
    chosen = rng.choice(len(drawn.weights), 400_000, p=drawn.weights)  # type: ignore[attr-defined]
    p = rng.beta(12, 150, len(chosen))
    d = drawn.d[chosen, 2]  # type: ignore[attr-defined]
    share = expit(np.log(p / (1 - p)) + d)
    row = found.get(drawn.treatments[3])
    assert row.difference is not None
    # the same draws: what is left is the error of 400,000 simulations, below 1e-3 with probability 1 - 1e-6
    assert row.outcome.mean == pytest.approx(share.mean(), abs=1e-3)
    assert row.difference.median == pytest.approx(np.median(share - p), abs=1.5e-3)
    assert row.difference.low == pytest.approx(np.quantile(share - p, 0.025), abs=1.5e-3)


def test_exact_and_drawn_lattices_agree() -> None:
    mixture = NormalMixture(np.array([0.3, 0.7]), np.array([[-1.0, 0.5]]), np.array([[0.4, 0.8]]))
    p = (np.arange(20_000) + 0.5) / 20_000
    fine = Lattice.of(mixture)
    values = np.array([[float(v) for v in fine.table.at(0, p)]]) if fine.table else np.empty((1, 0))
    shuffled = values[:, np.argsort(golden(values.shape[1]), kind="stable")]
    draws = Lattice.of(WeightedSample(np.full(20_000, 1 / 20_000), shuffled))
    products = [summarised(one.sample(expit(ndtri(one.other) + one.quantity(0))), 0.9) for one in (fine, draws)]
    assert products[0].median == pytest.approx(products[1].median, abs=2e-3)  # the error of 20,000 draws
    assert products[0].mean == pytest.approx(products[1].mean, abs=1e-3)


# -- laws -------------------------------------------------------------------------------------------------------------


def test_a_known_baseline_moves_quantiles_through_the_link(exact: ph.Posterior) -> None:
    found = absolute_effects(exact, "probability(0.1)")
    for row in found.effects[1:]:
        effect = exact.effect(row.treatment, exact.treatments[0])
        for value, p in ((row.outcome.low, 0.025), (row.outcome.median, 0.5), (row.outcome.high, 0.975)):
            assert value == pytest.approx(float(expit(np.log(0.1 / 0.9) + effect.quantile(p))), abs=1e-5)
    own = found.effects[0]
    assert (own.outcome.low, own.outcome.high) == pytest.approx((0.1, 0.1), abs=1e-12)
    assert own.difference is None


def test_means_add() -> None:
    fit = ph.fit(datasets.load("parkinson_arms"), ph.ModelSpec(measure="MD", effects="common"))
    found = absolute_effects(fit, "normal(-0.73, 0.22)")
    for row in found.effects[1:]:
        effect = fit.effect(row.treatment, fit.treatments[0])
        # a lattice ends at 4.3 SDs: of the SD it leaves out 1e-4
        assert row.outcome.mean == pytest.approx(-0.73 + float(effect.mean), abs=1e-4)
        assert row.outcome.sd == pytest.approx(np.hypot(0.22, float(effect.sd)), rel=1e-3)
        assert row.difference is not None
        assert row.difference.median == pytest.approx(float(effect.quantile(0.5)), abs=1e-4)


def test_the_baseline_of_any_treatment(exact: ph.Posterior) -> None:
    other = exact.treatments[2]
    found = absolute_effects(exact, "probability(0.2)", treatment=other)
    assert found.versus == other
    assert found.get(other).difference is None
    effect = exact.effect(exact.treatments[0], other)
    median = float(expit(np.log(0.25) + effect.quantile(0.5)))
    assert found.get(exact.treatments[0]).outcome.median == pytest.approx(median, abs=1e-5)


def test_what_cannot_be_is_counted_and_not_clipped() -> None:
    fit = ph.fit(datasets.load("smoking"), ph.ModelSpec(measure="RR", likelihood="contrast"))
    found = absolute_effects(fit, "probability(0.6)")
    for row in found.effects[1:]:
        share = float(fit.effect(row.treatment, fit.treatments[0]).survival(-np.log(0.6)))
        assert row.impossible == pytest.approx(share, abs=LATTICE)
    assert max(row.impossible for row in found.effects) > 0.1
    assert max(row.outcome.high for row in found.effects) > 1
    differences = ph.fit(datasets.load("smoking"), ph.ModelSpec(measure="RD"))
    low = absolute_effects(differences, "probability(0.001)").get(differences.treatments[1])
    below = float(differences.effect(differences.treatments[1], differences.treatments[0]).cdf(-0.001))
    assert low.impossible == pytest.approx(below, abs=LATTICE)


def test_probit_categories_are_absent_without_cut_points(exact: ph.Posterior) -> None:
    assert absolute_effects(exact, "probability(0.1)").categories == ()


def test_rates_are_counted_per_exposure() -> None:
    fit = ph.fit(datasets.load("dietary_fat"), ph.ModelSpec(measure="IRR", likelihood="contrast"))
    one, thousand = (absolute_effects(fit, "exposure(20, 400)", per=per) for per in (1.0, 1000.0))
    for a, b in zip(one.effects, thousand.effects, strict=True):
        assert b.outcome.high == pytest.approx(1000 * a.outcome.high, rel=1e-9)
        assert a.nnt is None
    expected = stats.gamma(20.5, scale=1 / 400)
    assert one.effects[0].outcome.median == pytest.approx(expected.median(), rel=1e-4)
    assert one.effects[0].outcome.mean == pytest.approx(expected.mean(), rel=1e-3)


def test_an_smd_needs_an_sd() -> None:
    fit = ph.fit(datasets.load("stowe2010_smd"), ph.ModelSpec(measure="SMD"))
    with pytest.raises(UsageError, match="SD in points"):
        absolute_effects(fit, "mean(50)")
    known = absolute_effects(fit, "mean(50)", sd=20.0)
    row, effect = known.effects[1], fit.effect(fit.treatments[1], fit.treatments[0])
    assert row.outcome.median == pytest.approx(50 + 20 * float(effect.quantile(0.5)), abs=1e-3)
    unsure = absolute_effects(fit, "mean(50)", sd=StatedSd(value=20, cv=0.3))
    assert np.ptp((unsure.effects[1].outcome.low, unsure.effects[1].outcome.high)) > np.ptp(
        (row.outcome.low, row.outcome.high)
    )


def test_the_baseline_decides_the_difference(exact: ph.Posterior) -> None:
    rare, usual = (absolute_effects(exact, f"probability({p})", better="higher") for p in (0.01, 0.3))
    for a, b in zip(rare.effects[1:], usual.effects[1:], strict=True):
        assert a.nnt is not None
        assert b.nnt is not None
        assert a.nnt.estimate.value > b.nnt.estimate.value


def test_frame_holds_numbers(exact: ph.Posterior) -> None:
    found = absolute_effects(exact, "events(10, 150)", better="higher", source="a cohort")
    frame = found.to_frame()
    assert isinstance(found, AbsoluteEffects)
    assert frame["per_1000_median"][1] == pytest.approx(1000 * frame["median"][1])
    assert frame["nnt_estimate"].isna().tolist() == [True, False, False, False]
    assert found.source == "a cohort"
    assert "events(10, 150)" in found._repr_html_()


# -- number needed to treat -------------------------------------------------------------------------------------------

gains = st.floats(-0.5, 0.5, allow_subnormal=False)


@given(gains, gains, gains)
def test_nnt_laws(a: float, b: float, c: float) -> None:
    low, median, high = sorted((a, b, c))
    found, turned = (number_needed_to_treat(median, low, high, sign=sign) for sign in (1, -1))
    assert found.through_infinity == turned.through_infinity == (low < 0 < high)
    assert found.best.value == turned.worst.value
    assert min(found.estimate.value, found.best.value, found.worst.value) >= 2
    if median != 0:
        assert found.estimate.kind != turned.estimate.kind
        assert 1 / found.estimate.value == pytest.approx(abs(median))
    if low > 0:
        assert (found.best.kind, found.worst.kind) == ("benefit", "benefit")
        assert found.best.value <= found.estimate.value <= found.worst.value


def test_nnt_of_altman() -> None:
    # Altman 1998, BMJ 317:1309: risk reduction 10% (-5 to 25%): NNTB 10, from NNTB 4 through infinity to NNTH 20
    found = number_needed_to_treat(0.10, -0.05, 0.25, sign=1)
    assert (found.estimate.value, found.best.value, found.worst.value) == pytest.approx((10, 4, 20))
    assert (found.best.kind, found.worst.kind, found.through_infinity) == ("benefit", "harm", True)
    assert number_needed_to_treat(0.0, 0.0, 0.0, sign=1).estimate.value == np.inf


# -- baselines --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "measure", "expected"),
    [
        ("normal(-2.2, 0.55)", "OR", lambda p: -2.2 + 0.55 * ndtri(p)),
        ("beta(4, 32)", "OR", lambda p: np.log(stats.beta.ppf(p, 4, 32) / stats.beta.isf(p, 32, 4))),
        ("events(0, 40)", "RR", lambda p: np.log(stats.beta.ppf(p, 0.5, 40.5))),
        ("gamma(3, 50)", "IRR", lambda p: np.log(stats.gamma.ppf(p, 3, scale=1 / 50))),
        ("exposure(0, 50)", "IRR", lambda p: np.log(stats.gamma.ppf(p, 0.5, scale=1 / 50))),
        ("mean(52, 48, 56)", "MD", lambda p: 52 + 4 / ndtri(0.975) * ndtri(p)),
        ("mean(52)", "ROM", lambda p: np.log(52) + 0 * p),
        ("probability(0.2, 0.1, 0.35)", "PROBIT", None),
    ],
)  # fmt: skip
def test_quantiles_of_stated_baselines(text: str, measure: str, expected) -> None:
    scale, p = natural_scale(measure), np.array([0.025, 0.5, 0.975])
    found = parse_baseline(text, scale).link_values(p, scale, None)
    if expected is None:
        # the interval is as wide as stated on the link scale, and its middle the value
        assert float(ndtr(found[1])) == pytest.approx(0.2)
        assert found[2] - found[0] == pytest.approx(float(ndtri(0.35) - ndtri(0.1)))
    else:
        assert found == pytest.approx(expected(p), rel=1e-9)


def test_hazard_baselines_and_their_time() -> None:
    scale, p = natural_scale("HR"), np.array([0.5])
    per_unit = parse_baseline("fixed(-2)", scale)
    assert per_unit.link_values(p, scale, 3.0) == pytest.approx(-2 + np.log(3))
    at_time = parse_baseline("probability(0.3)", scale)
    assert LINKS["cloglog"][1](at_time.link_values(p, scale, 3.0)) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("text", "measure", "message"),
    [
        ("beta(0, 3)", "OR", "above zero"),
        ("beta(4, 32)", "MD", "does not fit a mean"),
        ("probability(1.2)", "OR", "between 0 and 1"),
        ("probability(0.2, 0.3, 0.4)", "OR", "inside its interval"),
        ("events(41, 40)", "OR", "between 0 and the total"),
        ("exposure(3, 0)", "IRR", "time above zero"),
        ("normal(1)", "OR", "is written"),
        ("normal(1, -1)", "OR", "SD"),
        ("cauchy(1, 2)", "OR", "not a baseline"),
        ("normal(a, 2)", "OR", "not a number"),
        ("fixed(inf)", "OR", "not finite"),
        ("0.2", "OR", "not a baseline"),
        ("mean(-3)", "ROM", "lies between"),
    ],
)
def test_baselines_that_cannot_be(text: str, measure: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        parse_baseline(text, natural_scale(measure))


@pytest.mark.parametrize("measure", ["OR", "RR", "RD", "HR", "PROBIT", "IRR", "MD", "SMD", "ROM"])
@given(value=st.floats(0.02, 0.98))
def test_links_and_their_inverses(measure: str, value: float) -> None:
    scale = natural_scale(measure)
    assert float(scale.to_natural(scale.to_link(np.array(value)))) == pytest.approx(value, rel=1e-12)
    assert not scale.impossible(np.array(value))


def test_calls_that_say_too_little_or_too_much(exact: ph.Posterior) -> None:
    with pytest.raises(UsageError, match="hazard ratio"):
        absolute_effects(exact, "probability(0.1)", time=2.0)
    with pytest.raises(UsageError, match="rate ratio"):
        absolute_effects(exact, "probability(0.1)", per=100.0)
    with pytest.raises(UsageError, match="only there"):
        absolute_effects(exact, "probability(0.1)", sd=10.0)
    with pytest.raises(DataError, match="not a treatment"):
        absolute_effects(exact, "probability(0.1)", treatment="Hypnosis")
    with pytest.raises(UsageError, match="is about the reference"):
        absolute_effects(exact, parse_baseline("probability(0.1)", natural_scale("OR")), treatment="Self-help")


@pytest.mark.parametrize(("spread", "moments"), [(0.5, 2), (1.5, 1), (3.0, 0)])
def test_moments_that_hang_on_the_tail_are_not_shown(spread: float, moments: int) -> None:
    z = ndtri((np.arange(60_000) + 0.5) / 60_000)
    found = summarised(WeightedSample(np.full(60_000, 1 / 60_000), np.exp(spread * z)), 0.95)
    assert (found.mean is not None) + (found.sd is not None) == moments
