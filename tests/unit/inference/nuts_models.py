"""Small networks for the NUTS engine, one of each kind, and their log density written out plainly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit, ndtr

import physiohub as ph
from physiohub.inference.nuts.density import FullModel, Unpacked
from physiohub.model.arm_network import ArmNetwork, arm_network
from physiohub.model.defaults import Priors, resolve_priors
from physiohub.model.likelihoods.binomial import Binomial
from physiohub.model.likelihoods.normal_mean import NormalMean
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.likelihoods.poisson import Poisson
from physiohub.model.standardised import StandardisedMeans, standardised_network

Floats = NDArray[np.float64]

EVENTS = [
    ("1", "A", 5, 50), ("1", "B", 9, 55), ("1", "C", 7, 40), ("2", "A", 8, 80), ("2", "B", 12, 75),
    ("3", "B", 3, 40), ("3", "C", 9, 44), ("4", "A", 6, 60), ("4", "C", 8, 62),
]  # fmt: skip
NOBODY = [("5", "A", 0, 30), ("5", "B", 0, 28)]
EVERYBODY = [("6", "A", 12, 12), ("6", "B", 12, 12), ("6", "C", 14, 14)]
ONE_SIDED = [("7", "A", 4, 50), ("7", "D", 0, 55), ("8", "B", 0, 20), ("8", "D", 0, 21)]
MEANS = [
    ("1", "A", 5.0, 2.0, 20), ("1", "B", 4.0, 2.2, 22), ("1", "C", 4.4, 1.9, 21), ("2", "A", 15.0, 2.5, 9),
    ("2", "B", 13.2, 2.1, 8), ("3", "B", 7.0, 3.0, 40), ("3", "C", 6.5, 2.8, 41),
]  # fmt: skip
DIFFERENCES = [("4", "A", None, None, 0.4), ("4", "B", -1.1, 0.5, None), ("4", "C", -0.3, 0.6, None)]
CATEGORIES = [
    ("1", "A", 20, 15, 10, 5), ("1", "B", 12, 14, 12, 12), ("2", "A", 30, 20, 9, 6), ("2", "C", 20, 20, 14, 11),
    ("3", "B", 9, 8, 6, 0), ("3", "C", 8, 9, 8, 0),
]  # fmt: skip


_PROBABILITY: dict[str, Callable[[Floats], Floats]] = {
    "logit": expit, "log": np.exp, "probit": ndtr, "cloglog": lambda a: -np.expm1(-np.exp(a)),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    arms: ArmNetwork
    priors: Priors
    spec: ph.ModelSpec

    @property
    def model(self) -> FullModel:
        return FullModel(self.arms, self.priors, self.spec)


def case(network: ph.Network, spec: ph.ModelSpec) -> Case:
    unknown_sds = spec.measure == "SMD" and spec.likelihood == "arm"
    arms = (standardised_network if unknown_sds else arm_network)(network, spec)
    return Case(arms, resolve_priors(network, spec, baselines=len(arms.first) > 0), spec)


def of_events(rows: list[Any], measure: str = "OR", **options: Any) -> Case:
    table = pd.DataFrame(rows, columns=["study", "treatment", "events", "total"])
    if measure == "IRR":
        table = table.rename(columns={"total": "exposure"})
    if measure == "HR":
        table["time"] = table["study"].map(lambda s: 1.0 + int(s) / 2)
    options = {"tau_prior": "half-normal(1)", "effect_prior": "normal(0, 100)", **options}
    if options.get("effects") == "common":
        del options["tau_prior"]
    return case(ph.read_arms(table, reference="A"), ph.ModelSpec(measure=measure, **options))


def of_means(*, contrasts: bool = False, **options: Any) -> Case:
    columns = ["study", "treatment", "mean", "sd", "n"]
    table = pd.DataFrame(MEANS, columns=columns)
    if contrasts:
        more = pd.DataFrame(DIFFERENCES, columns=["study", "treatment", "diff", "se_diff", "se"])
        table = pd.concat([table, more])
    options = {"measure": "MD", "tau_prior": "half-normal(1)", "effect_prior": "flat", **options}
    return case(ph.read_table(table, reference="A"), ph.ModelSpec(**options))


def of_categories(**options: Any) -> Case:
    names = [f"category_{j}" for j in range(1, 5)]
    table = pd.DataFrame(CATEGORIES, columns=["study", "treatment", *names])
    # study 3 has the two highest categories together
    table["total"] = table[names].sum(axis=1)
    table["category_4"] = table["category_4"].where(table["study"] != "3")
    options = {"measure": "PROBIT", "tau_prior": "half-normal(1)", "effect_prior": "normal(0, 100)", **options}
    return case(ph.read_arms(table, reference="A"), ph.ModelSpec(**options))


def natural(of: Case, x: Floats) -> Floats:
    """The parameters as the model states them: d, tau, theta and delta, cut-points or log SDs; as many as x is long."""
    model = of.model
    found = model.unpack(x[None])
    parts = [found.d[0]]
    if model.fixed_tau is None:
        parts.append(found.tau)
    if model.fixed_tau == 0.0:
        parts.append(found.theta[of.arms.first, 0])
    else:
        parts += [found.theta[:, 0], found.delta[:, 0]]
    if "cut" in found.nuisance:
        parts += [np.diff(own, prepend=0.0) for own in _cuts_of_studies(of, found.nuisance["cut"][:, 0])]
    if "sd" in found.nuisance:
        parts.append(found.nuisance["sd"][:, 0])
    return np.concatenate(parts)


def log_density(of: Case, x: Floats) -> float:
    """Log posterior density of the parameters as the model states them, up to a constant."""
    model = of.model
    found = model.unpack(x[None])
    d, tau, theta = found.d[0], float(found.tau[0]), found.theta[:, 0]
    return float(
        _of_d(of, d)
        + (0.0 if model.fixed_tau is not None else of.priors.tau.log_density(tau))  # type: ignore[union-attr]
        + _of_effects(of, d, tau, theta, found.delta[:, 0])
        + _of_baselines(of, theta[of.arms.first])
        + log_likelihood(of, theta, found)
    )


def _of_d(of: Case, d: Floats) -> float:
    prior: Any = of.priors.d
    if prior.name == "flat":
        return 0.0
    known = stats.norm(prior.mean, prior.sd) if prior.name == "normal" else stats.t(prior.df, prior.mean, prior.s)
    return float(known.logpdf(d).sum())


def _of_effects(of: Case, d: Floats, tau: float, theta: Floats, delta: Floats) -> float:
    """Random effects: each study's effects are multivariate normal with covariance tau^2 (I + J)/2."""
    if tau == 0:
        return 0.0
    effects = np.append(0.0, d)
    total, start = 0.0, 0
    for i, first in enumerate(of.arms.first):
        own = slice(first, first + of.arms.sizes[i])
        treatments = effects[of.arms.treatment[own]]
        total += _multivariate(theta[own][1:] - theta[first], treatments[1:] - treatments[0], tau)
    for place in sorted(of.arms.contrasts):
        study = of.arms.contrasts[place]
        own = slice(start, start + len(study.y))
        treatments = effects[study.treatments]
        total += _multivariate(delta[own], treatments[1:] - treatments[0], tau)
        start = own.stop
    return total


def _multivariate(effects: Floats, mean: Floats, tau: float) -> float:
    covariance = tau**2 * (np.eye(len(mean)) + 1) / 2
    return float(stats.multivariate_normal(mean, covariance).logpdf(effects))


def _of_baselines(of: Case, mu: Floats) -> float:
    prior: Any = of.priors.mu
    name = "flat" if prior is None else prior.name
    if name == "flat":
        return 0.0
    if name == "normal":
        return float(stats.norm(prior.mean, prior.sd).logpdf(mu).sum())
    if name == "t":
        return float(stats.t(prior.df, prior.mean, prior.s).logpdf(mu).sum())
    if name == "gamma":  # of the rate exp(mu)
        return float((stats.gamma(prior.shape, scale=1 / prior.rate).logpdf(np.exp(mu)) + mu).sum())
    # uniform on the probability, over the logit link
    return float((np.log(expit(mu)) + np.log(expit(-mu))).sum())


def log_likelihood(of: Case, theta: Floats, found: Unpacked) -> float:
    """Log density of all data at one draw."""
    data: Any = of.arms.likelihood
    total, start = 0.0, 0
    for place in sorted(of.arms.contrasts):
        study = of.arms.contrasts[place]
        own = slice(start, start + len(study.y))
        total += float(stats.multivariate_normal(found.delta[own, 0], study.sampling).logpdf(study.y))
        start = own.stop
    if isinstance(data, StandardisedMeans):
        return total + _of_standardised(of, data, theta, found.nuisance["sd"][:, 0])
    if isinstance(data, NormalMean):
        return total + float(stats.norm(theta, data.se).logpdf(data.mean).sum())
    if isinstance(data, Poisson):
        return total + float(stats.poisson(data.exposure * np.exp(theta)).logpmf(data.events).sum())
    if isinstance(data, Binomial):
        at = theta + data.offset
        p = _PROBABILITY[data.link](at)
        return total + float(stats.binom(data.total.astype(int), p).logpmf(data.events).sum())
    assert isinstance(data, Ordered)
    return total + _of_categories(of, data, theta, found.nuisance["cut"][:, 0])


def _of_standardised(of: Case, data: StandardisedMeans, theta: Floats, sd: Floats) -> float:
    """Means and pooled variances; raw location flat and 1/s, which is flat in theta of arm 0 and in s."""
    own = np.repeat(sd, of.arms.sizes)
    raw = data.mean * np.repeat(data.pooled, of.arms.sizes) + np.repeat(data.centre, of.arms.sizes)
    means = stats.norm(own * theta, own * data.se).logpdf(raw).sum()
    return float(means + (stats.chi2(data.df).logpdf(data.df * data.pooled**2 / sd**2) + np.log(data.df / sd**2)).sum())


def _cuts_of_studies(of: Case, cuts: Floats) -> list[Floats]:
    """Cut-points above the first: one set, or one a study for the edges that it reports."""
    if of.spec.cut_points == "shared":
        return [cuts]
    data: Any = of.arms.likelihood
    counts = data.reported[of.arms.first].sum(1) - 2
    places = [(k, i) for k in range(of.arms.cut_points) for i in range(len(counts)) if k < counts[i]]
    return [np.array([c for c, (_, owner) in zip(cuts, places, strict=True) if owner == i]) for i in range(len(counts))]


def _of_categories(of: Case, data: Ordered, theta: Floats, cuts: Floats) -> float:
    sets, free = _cuts_of_studies(of, cuts), of.spec.cut_points == "free"
    owner = np.repeat(np.arange(len(of.arms.first)), of.arms.sizes)
    total = 0.0
    for arm, (counts, reported) in enumerate(zip(data.counts, data.reported, strict=True)):
        edges = np.array([-np.inf, 0.0, *sets[owner[arm] if free else 0]])
        lower = np.append(edges if free else edges[reported], np.inf)
        p = np.diff(ndtr(lower - theta[arm]))
        total += float(stats.multinomial(int(counts.sum()), p).logpmf(counts[reported]))
    return total
