"""Runs of NUTS: against exact answers, the verdict, the seed, progress, the tree, and a machine without the extra."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.unit.inference.nuts_models import Floats, case, of_categories, of_events, of_means

import physiohub as ph
from physiohub.errors import ModelError, UsageError
from physiohub.inference.nuts import NutsRun, Samples, run_nuts, sample
from physiohub.inference.nuts.diagnostics import LEAST_ESS, MOST_RHAT, diagnose, judge

# |z| of one comparison in Monte Carlo standard errors that chance passes in one of 15,000
FAR = 4.0


class Normal:
    """Two correlated normals, one of them a hundred times as wide."""

    dimensions = 2
    covariance = np.array([[1.0, 60.0], [60.0, 1e4]])

    def value_and_gradient(self, x: Floats) -> tuple[float, Floats]:
        slope = np.linalg.solve(self.covariance, x)
        return -0.5 * float(x @ slope), -slope

    def initial(self, rng: np.random.Generator) -> Floats:
        return rng.standard_normal(2)


class Funnel:
    """Neal's funnel: its neck is narrower than any one step fits."""

    dimensions = 9

    def value_and_gradient(self, x: Floats) -> tuple[float, Floats]:
        log_scale, rest = x[0], x[1:]
        with np.errstate(over="ignore"):
            squares = np.square(rest) * np.exp(-log_scale)
        value = -(log_scale**2) / 18 - 0.5 * squares.sum() - len(rest) / 2 * log_scale
        slope = -log_scale / 9 + 0.5 * squares.sum() - len(rest) / 2
        return float(value), np.append(slope, -rest * np.exp(-log_scale))

    def initial(self, rng: np.random.Generator) -> Floats:
        return rng.standard_normal(9)


def run(of: object, **options: int) -> NutsRun:
    return run_nuts(of.arms, of.priors, of.spec, **options)  # type: ignore[attr-defined, arg-type]


@pytest.fixture(scope="module")
def parkinson() -> tuple[ph.Posterior, NutsRun]:
    spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(1)", effect_prior="normal(0, 100)")
    network = ph.datasets.load("parkinson_arms")
    exact = ph.fit(network, spec)
    of = case(network, spec)
    treatments = exact.treatments
    return exact, run_nuts(of.arms, of.priors, of.spec, treatments=treatments, draws=500, tune=400)


def test_normal_arms_agree_with_the_exact_answer(parkinson: tuple[ph.Posterior, NutsRun]) -> None:
    """Five means and five SDs: by chance one is further off than FAR in one run of 1,500, and the seed is fixed."""
    exact, drawn = parkinson
    assert drawn.verdict.ok, drawn.verdict.reasons
    found = drawn.diagnostics.to_frame()
    pairs = [(f"d[{t}]", exact.effect(t, exact.treatments[0])) for t in exact.treatments[1:]]
    for name, answer in [*pairs, ("tau", exact.tau)]:
        assert answer is not None
        row = found.loc[name]
        assert abs(row["mean"] - float(answer.mean)) < FAR * row["mcse_mean"], name
        assert abs(row["sd"] - float(answer.sd)) < FAR * row["mcse_sd"], name


def test_the_log_likelihood_of_studies_has_one_value_a_study(parkinson: tuple[ph.Posterior, NutsRun]) -> None:
    _, drawn = parkinson
    assert drawn.log_likelihood.shape == (4, 500, len(drawn.arms.studies))
    assert np.all(np.isfinite(drawn.log_likelihood))
    # the same, from theta and the data
    data = drawn.arms.likelihood
    own = data.log_density(drawn.theta.reshape(-1, len(data)).T)
    expected = np.add.reduceat(own, drawn.arms.first, axis=0).T.reshape(drawn.log_likelihood.shape)
    assert drawn.log_likelihood == pytest.approx(expected)


def test_arviz_reads_the_tree(parkinson: tuple[ph.Posterior, NutsRun]) -> None:
    import arviz_stats

    _, drawn = parkinson
    tree = drawn.to_datatree()
    assert set(tree.children) >= {"posterior", "sample_stats", "log_likelihood", "observed_data"}
    assert tree["posterior"]["d"].dims == ("chain", "draw", "treatment")
    assert tree["posterior"]["theta"].dims == ("chain", "draw", "arm")
    assert tree["log_likelihood"]["y"].dims == ("chain", "draw", "study")
    assert not tree["sample_stats"]["diverging"].any()
    names = {"energy", "tree_depth", "n_steps", "step_size", "lp", "acceptance_rate"}
    assert names <= set(tree["sample_stats"].data_vars)
    summary = arviz_stats.summary(tree, var_names=["d", "tau"], round_to="none")  # type: ignore[attr-defined,no-untyped-call]
    ours = drawn.diagnostics.to_frame().iloc[: len(summary)]
    assert summary["mean"].to_numpy() == pytest.approx(ours["mean"].to_numpy())
    assert summary["ess_bulk"].to_numpy() == pytest.approx(ours["ess_bulk"].to_numpy())


@pytest.mark.long
def test_smoking_agrees_with_another_sampler() -> None:
    """Group, individual, self-help versus none 1.088, 0.835, 0.487, tau 0.810: 20,000 draws under half-normal(1)."""
    spec = ph.ModelSpec(measure="OR", tau_prior="half-normal(1)", effect_prior="normal(0, 100)")
    network = ph.datasets.load("smoking")
    of = case(network, spec)
    drawn = run_nuts(of.arms, of.priors, of.spec, treatments=[t.id for t in network.treatments])
    assert drawn.verdict.ok, drawn.verdict.reasons
    found = drawn.diagnostics
    published = {"d[Group counselling]": 1.088, "d[Individual counselling]": 0.835, "d[Self-help]": 0.487, "tau": 0.810}
    for name, mean in published.items():
        k = found.names.index(name)
        # the other's error at an effective 10,000 draws, and half a printed unit
        error = float(np.hypot(found.mcse_mean[k], found.sd[k] / 100)) * FAR + 5e-4
        assert found.mean[k] == pytest.approx(mean, abs=error), name


def test_any_density_can_be_sampled() -> None:
    drawn = sample(Normal(), seed=3, draws=500, tune=300, names=("a", "b"))
    assert isinstance(drawn, Samples)
    assert drawn.verdict.ok, drawn.verdict.reasons
    found = drawn.diagnostics.to_frame()
    assert np.all(np.abs(found["mean"]) < FAR * found["mcse_mean"])
    assert np.all(np.abs(found["sd"] - [1, 100]) < FAR * found["mcse_sd"])


def test_a_pathological_density_is_refused() -> None:
    verdict = sample(Funnel(), seed=1, draws=300, tune=300).verdict
    assert not verdict.ok
    assert any("divergent" in reason or "R-hat" in reason for reason in verdict.reasons)


def test_a_run_without_tuning_is_refused() -> None:
    drawn = run(
        of_events([("1", "A", 5, 50), ("1", "B", 9, 55), ("2", "A", 8, 80), ("2", "B", 12, 75)]), draws=20, tune=5
    )
    assert not drawn.verdict.ok
    assert any(f"below {LEAST_ESS:g}" in reason for reason in drawn.verdict.reasons)


STATISTICS = {"diverging": np.zeros((4, 1000), bool), "reached_max_treedepth": np.zeros((4, 1000), bool)}


def test_the_verdict_has_a_reason_for_each_threshold() -> None:
    rng = np.random.default_rng(5)
    energy = rng.standard_normal((4, 1000))
    independent = rng.standard_normal((4, 1000, 1))
    good = diagnose(["a"], independent, {**STATISTICS, "energy": energy})
    assert judge(good, chains=4, draws=1000) == ph.Verdict(True)
    apart = independent + np.arange(4)[:, None, None]
    slow = np.cumsum(rng.standard_normal((4, 1000, 1)), axis=1)
    cases = {
        f"R-hat is above {MOST_RHAT}": diagnose(["a"], apart, {**STATISTICS, "energy": energy}),
        "bulk effective sample size": diagnose(["a"], slow, {**STATISTICS, "energy": energy}),
        "tail effective sample size": diagnose(["a"], slow, {**STATISTICS, "energy": energy}),
        "energy of a chain": diagnose(["a"], independent, {**STATISTICS, "energy": np.cumsum(energy, axis=1)}),
        "divergent": replace(good, divergent=5),
        "tree depth": replace(good, deep=500),
        "a (not a number)": diagnose(["a"], 0 * independent, {**STATISTICS, "energy": energy}),
    }
    for words, found in cases.items():
        verdict = judge(found, chains=4, draws=1000)
        assert not verdict.ok
        assert any(words in reason for reason in verdict.reasons), (words, verdict.reasons)
    assert judge(replace(good, divergent=4), chains=4, draws=1000).ok
    assert not judge(good, chains=1, draws=4000).ok


def test_the_error_of_an_sd_holds_for_chains_that_swing() -> None:
    """Autoregression of -0.5: means are known to twice, SDs to less than the precision of independent draws."""
    rng = np.random.default_rng(7)
    noise = rng.standard_normal((4, 1000, 200))
    chains = np.empty_like(noise)
    chains[:, 0] = noise[:, 0]
    for t in range(1, 1000):
        chains[:, t] = -0.5 * chains[:, t - 1] + np.sqrt(0.75) * noise[:, t]
    found = diagnose([str(k) for k in range(200)], chains, {**STATISTICS, "energy": noise[..., 0]})
    # the SD of 200 standardised distances is known to 5%
    assert np.std((found.sd - 1) / found.mcse_sd) == pytest.approx(1, abs=0.2)
    assert np.std(found.mean / found.mcse_mean) == pytest.approx(1, abs=0.2)


def test_the_same_seed_has_the_same_draws() -> None:
    of = of_means(contrasts=True)
    small = {"chains": 2, "draws": 30, "tune": 60}
    one, two = run(of, **small), run(of, **small)
    other = run(replace(of, spec=replace(of.spec, seed=2)), **small)
    assert np.array_equal(one.d, two.d)
    assert np.array_equal(one.theta, two.theta)
    assert not np.any(one.d == other.d)
    assert not np.any(one.d[0] == one.d[1])


def test_contrasts_and_cut_points_stand_in_the_run() -> None:
    mixed = run(of_means(contrasts=True), chains=2, draws=20, tune=50)
    assert mixed.delta.shape == (2, 20, 2)
    assert mixed.cuts is None
    tree = mixed.to_datatree()
    assert tree["posterior"]["delta"].dims == ("chain", "draw", "contrast")
    assert np.array_equal(np.asarray(tree["observed_data"]["y"]), [-1.1, -0.3])
    ordered = run(of_categories(effects="common", tau_prior=None), chains=2, draws=20, tune=50)
    assert ordered.tau is None
    assert ordered.cuts is not None
    assert ordered.cuts.shape == (2, 20, 2)
    assert np.all(np.diff(ordered.cuts, axis=-1) > 0)
    assert ordered.to_datatree()["posterior"]["cut"].dims == ("chain", "draw", "cut_point")


def test_progress_is_told_to_the_end() -> None:
    steps: list[tuple[int, int]] = []
    sample(Normal(), seed=1, chains=2, draws=100, tune=100, progress=lambda done, total: steps.append((done, total)))
    done = [step for step, _ in steps]
    assert done == sorted(set(done))
    assert steps[-1] == (400, 400)
    assert 50 <= len(steps) <= 101


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    sample(Normal(), seed=1, chains=1, draws=20, tune=20)
    assert capfd.readouterr() == ("", "")


def test_without_the_extra_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nutpie", None)
    with pytest.raises(ModelError, match=r"pip install 'physiohub\[nuts\]'"):
        sample(Normal(), seed=1)


def test_an_impossible_start_is_said() -> None:
    class Nowhere(Normal):
        def initial(self, rng: np.random.Generator) -> Floats:
            raise ModelError("no place to start")

    with pytest.raises(ModelError, match="no place to start"):
        sample(Nowhere(), seed=1)


@pytest.mark.parametrize("size", [{"chains": 0}, {"draws": 3}, {"tune": 0}])
def test_sizes_that_cannot_be_judged(size: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="NUTS needs at least"):
        sample(Normal(), seed=1, **size)  # type: ignore[arg-type]


def test_the_engine_is_imported_without_its_extra() -> None:
    heavy = "{'nutpie', 'arviz', 'arviz_stats', 'matplotlib'}"
    code = f"import sys, physiohub.inference.nuts; print({heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
