"""How far our answers lie from the peers' tables in `tests/reference`, computed while the pages are built."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from tests.reference.peers import gemtc_fit, network_file, table

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
    network = ph.read_table(network_file(model["network"]), reference=model["reference"])
    spec = ph.ModelSpec(
        measure=model["measure"],
        effects="common" if effects == "common" else "random",
        effect_prior="flat",
        tau_prior=None if effects == "common" else f"fixed({model['tau_dl']})",
    )
    fit = ph.fit(network, spec)
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


def gemtc_table() -> str:
    """Posterior means beside gemtc's, in Monte Carlo standard errors of its draws, by network."""
    lines = ["| network | effects | effects compared | median distance | largest distance | tau, gemtc | tau, ours |"]
    lines += ["| --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    for model in table("gemtc_models"):
        fit = gemtc_fit(model)
        rows = table("gemtc_effects", network=model["network"], effects=model["effects"])
        z = [_distance(fit, row) for row in rows]
        theirs = f"{float(model['tau_mean']):.3f}" if model["tau_mean"] else ""
        ours = f"{fit.tau.mean:.3f}" if fit.tau is not None else ""
        name = _name(model)
        lines.append(
            f"| {name} | {model['effects']} | {len(rows)} | {np.median(z):.1f} | {np.max(z):.1f} | {theirs} | {ours} |"
        )
    return "\n".join(lines)


def _distance(fit: ph.Posterior, row: dict[str, str]) -> float:
    ours = fit.effect(row["treatment"], row["versus"])
    return abs(float(row["mean"]) - float(ours.mean)) / float(row["mcse"])


def _name(model: dict[str, str]) -> str:
    return model["network"].replace("_", " ")
