"""The tables of this folder hold the numbers that the peers gave: every row is looked up where they were recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.reference.peers import PRIORS, table

Record = dict[str, Any]
Row = dict[str, str]

RECORDED_AS = {
    "parkinson_arms": "parkinson",
    "parkinson_differences": "parkinson_diff",
    "parkinson_mixed": "parkinson_shared",
    "thrombolytics": "thrombolytic",
}
MODELS_TO_COME = ("regression", "ume", "nodesplit")
LIKELIHOODS = {"normal": "N(", "binomial": "Binomial", "Poisson": "Poisson"}
MULTINMA = {
    "OR": ("binom", "logit"),
    "HR": ("binom", "cloglog"),
    "IRR": ("poisson", "log"),
    "MD": ("normal", "identity"),
}
PRIOR_RECORDED_AS = {
    "": (None,),
    "N(0, 100)": (
        "mu[i] ~ N(0, sd=100)",
        "d[t vs reference] ~ N(0, sd=100)",
        "each basic parameter (spanning-tree edge, see basic_parameters) ~ N(0, sd=100)",
        "N(0, sd=100) vs reference",
        "Eta ~ N(0, precision 1e-4) (study baselines independent)",
        "N(0, 100^2)",
    ),
    "N(0, 4)": ("N(0, 4^2)",),
    "p ~ Uniform(0, 1)": ("p.base[i] ~ Uniform(0,1), mu[i] = cloglog(p.base[i])",),
    "lambda ~ Gamma(0.001, 0.001)": ("lambda.base[i] ~ Gamma(shape=0.001, rate=0.001), mu[i] = log(lambda.base[i])",),
    "Uniform(0, 5)": ("tau ~ Uniform(0, 5)", "Uniform(0,5)", "Uniform(0, 5)"),
    "half-normal(5)": ("tau ~ half-normal(scale 5)",),
    "half-normal(0.5)": ("half-normal(scale 0.5)",),
    "half-Cauchy(1)": ("half-Cauchy(scale 1)",),
}
# column of ours = name of theirs
QUANTILES_GEMTC = "q2.5=q2.5 median=q50 q97.5=q97.5"
QUANTILES_STAN = "q2.5=2.5% median=50% q97.5=97.5%"
GEMTC = f"mean=mean sd=sd {QUANTILES_GEMTC} ess=ess mcse=mcse_mean"
STAN = f"mean=mean sd=sd {QUANTILES_STAN} bulk_ess=Bulk_ESS tail_ess=Tail_ESS rhat=Rhat"
BNMA = f"mean=Mean sd=SD {QUANTILES_STAN} mcse=Time-series SE"
BAYESMETA = f"mean=mean sd=sd {QUANTILES_GEMTC}"


def record(shared: Path, peer: str, name: str) -> Record:
    found: Record = json.loads((shared / "reference" / peer / f"{name}.json").read_text(encoding="utf-8"))
    return found


def consistency(shared: Path, peer: str, row: Row) -> Record:
    effects = {"random": "random", "common": "fixed"}[row["effects"]]
    return record(shared, peer, f"{RECORDED_AS.get(row['network'], row['network'])}__consistency_{effects}")


def count_recorded(shared: Path, peer: str) -> int:
    """How many models a peer answered, but for those that are left out."""
    stems = [path.stem for path in (shared / "reference" / peer).glob("*.json")]
    return sum(not any(word in stem for word in MODELS_TO_COME) for stem in stems)


def respelt(treatment: str) -> str:
    """A treatment as our data spell it."""
    return treatment.replace("copidogrel", "clopidogrel")


def same(row: Row, theirs: Record, names: str, prefix: str = "") -> int:
    """Compare cells, ``column=name of theirs`` each; how many there were."""
    pairs = [pair.split("=") for pair in names.replace("Time-series SE", "Time-series_SE").split()]
    for column, name in pairs:
        value = float(theirs[name.replace("_SE", " SE") if name.startswith("Time") else name])
        # the tables keep eight digits after the point or twelve in all
        assert float(row[prefix + column]) == pytest.approx(value, rel=1e-9, abs=1e-8), (row, column)
    return len(pairs)


def same_priors(row: Row, definition: Record) -> None:
    for name in ("prior_d", "prior_mu", "prior_tau"):
        assert definition[name] in PRIOR_RECORDED_AS[row[name]]


def same_probabilities(row: Row, theirs: list[float]) -> int:
    ours = [float(p) for p in row["rank_probabilities"].split()]
    assert ours == pytest.approx(theirs, abs=1e-6)
    return len(ours)


def test_every_prior_of_the_tables_is_known() -> None:
    assert set(PRIOR_RECORDED_AS) == set(PRIORS)


def test_gemtc_models(shared: Path) -> None:
    rows, cells = table("gemtc_models"), 0
    assert len(rows) == count_recorded(shared, "gemtc") == 24
    for row in rows:
        theirs = consistency(shared, "gemtc", row)
        definition = theirs["definition"]
        assert row["version"] == theirs["version"]
        assert (row["reference"], row["better"] == "lower") == (theirs["reference"], theirs["lower_better"])
        assert row["treatments"].split(" | ") == [respelt(t) for t in theirs["rank_probabilities"]]
        assert LIKELIHOODS[row["likelihood"]] in definition["likelihood"]
        assert (row["measure"] == "HR") == ("cloglog" in definition["likelihood"])
        assert (row["measure"] == "IRR") == (row["likelihood"] == "Poisson")
        same_priors(row, definition)
        cells += same(row, theirs["settings"], "chains=chains adapt=n.adapt iterations=n.iter thin=thin")
        cells += same(row, theirs["deviance"], "dbar=Dbar pd=pD data_points=data_points")
        assert bool(row["tau_mean"]) == ("tau" in theirs) == (row["effects"] == "random")
        cells += same(row, theirs["tau"], GEMTC, "tau_") if "tau" in theirs else 0
    assert cells == 24 * 7 + 14 * 7


def test_gemtc_effects_ranks_and_predictions(shared: Path) -> None:
    cells = {"effects": 0, "ranks": 0, "predictive": 0}
    for model in table("gemtc_models"):
        theirs, key = consistency(shared, "gemtc", model), {"network": model["network"], "effects": model["effects"]}
        effects = {(respelt(e["t2"]), respelt(e["t1"])): e for e in theirs["relative_effects"]}
        rows = table("gemtc_effects", **key)
        assert {(row["treatment"], row["versus"]) for row in rows} == set(effects)
        for row in rows:
            cells["effects"] += same(row, effects[row["treatment"], row["versus"]], GEMTC)
        probabilities = {respelt(t): (t, p) for t, p in theirs["rank_probabilities"].items()}
        for row in table("gemtc_ranks", **key):
            name, p = probabilities[row["treatment"]]
            cells["ranks"] += same_probabilities(row, p)
            both = {"sucra": theirs["sucra"][name], "mean_rank": theirs["mean_rank"][name]}
            cells["ranks"] += same(row, both, "sucra=sucra mean_rank=mean_rank")
        new = {respelt(e["t2"]): e for e in theirs.get("predictive_vs_reference") or []}
        for row in table("gemtc_predictive", **key):
            cells["predictive"] += same(row, new[row["treatment"]], QUANTILES_GEMTC)
    assert cells == {"effects": 450 * 7, "ranks": 1302, "predictive": 66 * 3}


def test_multinma(shared: Path) -> None:
    models = table("multinma_models")
    cells = {"models": 0, "effects": 0, "ranks": 0, "predictive": 0}
    assert len(models) == count_recorded(shared, "multinma") == 8
    for model in models:
        theirs, key = consistency(shared, "multinma", model), {"network": model["network"], "effects": model["effects"]}
        assert (model["version"], model["rstan"]) == (theirs["version"], theirs["rstan"])
        assert MULTINMA[model["measure"]] == (theirs["likelihood"], theirs["link"])
        assert model["reference"] == theirs["reference"]
        same_priors(model, theirs["definition"])
        settings = "chains=chains iterations=iter warm_up=warmup adapt_delta=adapt_delta"
        cells["models"] += same(model, theirs["settings"], settings)
        cells["models"] += same(model, theirs["deviance"], "dbar=Dbar pd=pD")
        tau = [p for p in theirs["parameters"] if p["parameter"] == "tau"]
        assert len(tau) == (model["effects"] == "random")
        cells["models"] += sum(same(model, t, STAN, "tau_") for t in tau)
        effects = {(e["t2"], e["t1"]): e for e in theirs["relative_effects"]}
        rows = table("multinma_effects", **key)
        assert {(row["treatment"], row["versus"]) for row in rows} == set(effects)
        for row in rows:
            cells["effects"] += same(row, effects[row["treatment"], row["versus"]], STAN)
        new = {e[".trtb"]: e for e in theirs.get("predictive") or []}
        for row in table("multinma_predictive", **key):
            cells["predictive"] += same(row, new[row["treatment"]], STAN)
        ranks = {r[".trt"]: [r[k] for k in r if k.startswith("p_rank")] for r in theirs["rank_probabilities"]}
        assert model["treatments"].split(" | ") == list(ranks)
        for row in table("multinma_ranks", **key):
            cells["ranks"] += same_probabilities(row, ranks[row["treatment"]])
    assert cells == {"models": 8 * 6 + 7 * 8, "effects": 120 * 8, "ranks": 282, "predictive": 31 * 8}


def test_the_first_rank_of_multinma_is_the_better_one() -> None:
    """Its record does not tell the direction: the treatment most likely to be first must lie on the better side."""
    for model in table("multinma_models"):
        key = {"network": model["network"], "effects": model["effects"]}
        first = max(table("multinma_ranks", **key), key=lambda row: float(row["rank_probabilities"].split()[0]))
        last = max(table("multinma_ranks", **key), key=lambda row: float(row["rank_probabilities"].split()[-1]))
        means = {
            row["treatment"]: float(row["mean"]) for row in table("multinma_effects", **key, versus=model["reference"])
        }
        means[model["reference"]] = 0.0
        first_is_lower = means[first["treatment"]] < means[last["treatment"]]
        assert first_is_lower == (model["better"] == "lower")


def test_bnma(shared: Path) -> None:
    models, cells = table("bnma_models"), 0
    assert len(models) == count_recorded(shared, "bnma") == 3
    for model in models:
        theirs = consistency(shared, "bnma", model)
        treatments = theirs["treatments"]
        assert (model["version"], model["treatments"]) == (theirs["version"], " | ".join(treatments))
        assert model["reference"] == treatments[0]
        same_priors(model, theirs["definition"])
        cells += same(model, theirs["settings"], "chains=chains iterations=n.run")
        cells += same(model, theirs, "burn_in=burnin thin=n_thin")
        cells += same(model, theirs["deviance"], "dbar=Dbar pd=pD")
        by_name = {r["parameter"]: r for r in theirs["summary"]}
        cells += same(model, by_name["sd"], BNMA, "tau_")
        rows = table("bnma_effects", network=model["network"])
        assert [row["treatment"] for row in rows] == treatments[1:]
        for row in rows:
            cells += same(row, by_name[f"d[{treatments.index(row['treatment']) + 1}]"], BNMA)
    assert cells == 3 * (6 + 6) + 8 * 6


def test_bayesmeta(shared: Path) -> None:
    models, cells = table("bayesmeta_models"), 0
    assert len({m["network"] for m in models}) == count_recorded(shared, "bayesmeta") == 4
    sets = {"half-normal(0.5)": "halfnormal0.5", "Uniform(0, 5)": "uniform5", "half-Cauchy(1)": "halfcauchy1"}
    for model in models:
        theirs = record(shared, "bayesmeta", f"{model['network']}__pairwise_re")
        answer = theirs[sets[model["prior_tau"]]]
        assert (model["version"], int(model["studies"])) == (theirs["version"], len(theirs["data"]))
        assert theirs["effect"].endswith(f" vs {model['reference']}")
        for name in ("prior_mu", "prior_tau"):
            assert answer[name] in PRIOR_RECORDED_AS[model[name]]
        for row in table("bayesmeta_quantities", network=model["network"], prior_tau=model["prior_tau"]):
            cells += same(row, answer[row["quantity"]], BAYESMETA)
    assert cells == 12 * 3 * 5
