"""How far our answers lie from the peers' tables in `tests/reference`, computed while the pages are built."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from tests.reference.distances import own_error
from tests.reference.peers import PRIORS, bayesmeta_fit, netmeta_fit, network_file, peer_fit, table

import physiohub as ph
from physiohub.inference.frequentist import Method, fit_frequentist


def netmeta_table() -> str:
    """The largest difference from netmeta's estimates and standard errors, by network."""
    lines = ["| network | effects | comparisons | largest difference, estimate | standard error |"]
    lines += ["| --- | --- | ---: | ---: | ---: |"]
    for model in table("netmeta_models"):
        for effects in ("common", "random"):
            rows = table("netmeta_effects", network=model["network"], effects=effects)
            estimate, error = _largest(_netmeta(model, effects, rows))
            lines.append(f"| {_name(model)} | {effects} | {len(rows)} | {estimate:.0e} | {error:.0e} |")
    return "\n".join(lines)


def _netmeta(model: dict[str, str], effects: str, rows: list[dict[str, str]]) -> Iterator[tuple[float, float]]:
    fit = netmeta_fit(model, effects)
    for row in rows:
        ours = fit.effect(row["treatment"], row["versus"])
        yield float(ours.mean) - float(row["estimate"]), float(ours.sd) - float(row["se"])


def _largest(differences: Iterator[tuple[float, float]]) -> tuple[float, float]:
    estimate, error = np.max(np.abs(list(differences)), axis=0)
    return float(estimate), float(error)


def metafor_table() -> str:
    """The likelihood estimates of the frequentist twin beside metafor's, by network."""
    lines = ["| network | method | tau, metafor | tau, ours | largest difference, estimate | standard error |"]
    lines += ["| --- | --- | ---: | ---: | ---: | ---: |"]
    for model in table("metafor_models"):
        network = ph.read_table(network_file(model["network"]), reference=model["reference"])
        method: Method = "REML" if model["method"] == "REML" else "ML"
        fit = fit_frequentist(network, ph.ModelSpec(measure=model["measure"]), method=method)
        rows = table("metafor_effects", network=model["network"], method=method)
        ours = [fit.effect(row["treatment"], row["versus"]) for row in rows]
        estimate = max(abs(o.estimate - float(row["estimate"])) for o, row in zip(ours, rows, strict=True))
        error = max(abs(o.se - float(row["se"])) for o, row in zip(ours, rows, strict=True))
        taus = f"{float(model['tau']):.5f} | {np.sqrt(fit.tau2):.5f}"
        lines.append(f"| {_name(model)} | {method} | {taus} | {estimate:.0e} | {error:.0e} |")
    return "\n".join(lines)


def gemtc_table(*likelihoods: str) -> str:
    """Posterior means beside gemtc's, in Monte Carlo standard errors, by network; of some likelihoods or of all."""
    return _draws_table("gemtc", likelihoods, lambda row: float(row["mcse"]))


def multinma_table(*likelihoods: str) -> str:
    """The same beside multinma's, whose errors follow from the smaller of its two effective sizes."""
    return _draws_table(
        "multinma",
        likelihoods,
        lambda row: float(row["sd"]) / min(float(row["bulk_ess"]), float(row["tail_ess"])) ** 0.5,
    )


def bnma_table(*likelihoods: str) -> str:
    """The same beside bnma's."""
    return _draws_table("bnma", likelihoods, lambda row: float(row["mcse"]))


def _draws_table(peer: str, likelihoods: tuple[str, ...], mcse: Callable[[dict[str, str]], float]) -> str:
    lines = [f"| network | effects | effects compared | median distance | largest distance | tau, {peer} | tau, ours |"]
    lines += ["| --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    for model in table(f"{peer}_models"):
        if likelihoods and model["likelihood"] not in likelihoods:
            continue
        fit = peer_fit(model)
        rows = table(f"{peer}_effects", network=model["network"], effects=model["effects"])
        z = [_distance(fit, row, mcse(row)) for row in rows]
        theirs = f"{float(model['tau_mean']):.3f}" if model["tau_mean"] else ""
        ours = f"{fit.tau.mean:.3f}" if fit.tau is not None else ""
        name = _name(model)
        lines.append(
            f"| {name} | {model['effects']} | {len(rows)} | {np.median(z):.1f} | {np.max(z):.1f} | {theirs} | {ours} |"
        )
    return "\n".join(lines)


def _distance(fit: ph.Posterior, row: dict[str, str], mcse: float) -> float:
    ours = fit.effect(row["treatment"], row["versus"])
    error = np.hypot(mcse, float(ours.sd) * own_error(fit))
    return float(abs(float(row["mean"]) - float(ours.mean)) / error)


def bayesmeta_table() -> str:
    """The effect and tau of pairwise networks beside bayesmeta's, under three priors of tau each."""
    lines = ["| network | prior of tau | tau, bayesmeta | tau, ours | effect, bayesmeta | effect, ours |"]
    lines += ["| --- | --- | ---: | ---: | ---: | ---: |"]
    for model in table("bayesmeta_models"):
        fit = bayesmeta_fit(model)
        assert fit.tau is not None
        rows = table("bayesmeta_quantities", network=model["network"], prior_tau=model["prior_tau"])
        theirs = {row["quantity"]: f"{float(row['mean']):.6f} ({float(row['sd']):.6f})" for row in rows}
        effect = fit.effect(model["treatment"], model["reference"])
        tau = f"{fit.tau.mean:.6f} ({fit.tau.sd:.6f})"
        ours = f"{float(effect.mean):.6f} ({float(effect.sd):.6f})"
        lines.append(
            f"| {_name(model)} | {PRIORS[model['prior_tau']]} | {theirs['tau']} | {tau} | {theirs['mu']} | {ours} |"
        )
    return "\n".join(lines)


def _name(model: dict[str, str]) -> str:
    return model["network"].replace("_", " ")
