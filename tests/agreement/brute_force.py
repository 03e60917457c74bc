"""A study's likelihood in the parameters as the model states them: mu and delta, by dense product rules.

Shares nothing with the collapsed engine: densities of the data are those of scipy.stats, random effects are the
correlated deltas of the arms versus arm 0 (not independent effects of arms), no mode is searched for and nothing is
tabulated. Every axis is cut into panels with Gauss-Legendre points, fine where the data or a prior bend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit, logsumexp, ndtr, ndtri, roots_hermitenorm, roots_legendre

Floats = NDArray[np.float64]
Density = Callable[[Floats], Floats]
# what lies so far below a peak is left out
DEPTH = 42.0


def _rule(kind: str, points: int) -> tuple[Floats, Floats]:
    """Points and weights of Gauss-Legendre on [-1, 1], or of Gauss-Hermite for the standard normal (sum one)."""
    find: Any = {"legendre": roots_legendre, "normal": roots_hermitenorm}[kind]
    z, w = find(points)
    return z, w / w.sum() if kind == "normal" else w


@dataclass(frozen=True)
class ArmData:
    """Log density of an arm's data at theta, and roughly where it bends."""

    log_density: Density
    centre: float
    width: float
    end: float = np.inf

    @property
    def support(self) -> tuple[float, float]:
        return _support(self.log_density, self.centre, self.width)


def _support(density: Density, centre: float, width: float) -> tuple[float, float]:
    scan = centre + width * np.sinh(np.linspace(-15, 15, 6001))
    with np.errstate(all="ignore"):
        value = density(scan)
    value = np.where(np.isnan(value), -np.inf, value)
    kept = np.flatnonzero(value > np.max(value) - DEPTH)
    return float(scan[max(kept[0] - 1, 0)]), float(scan[min(kept[-1] + 1, len(scan) - 1)])


def binomial(events: float, total: float, link: str = "logit", time: float = 1.0) -> ArmData:
    offset = np.log(time)

    def log_density(theta: Floats) -> Floats:
        at = theta + offset
        # probability and its complement, so that neither rounds to zero in a far tail
        with np.errstate(over="ignore", under="ignore", divide="ignore"):
            p, q = {
                "logit": lambda: (expit(at), expit(-at)),
                "log": lambda: (np.exp(np.minimum(at, 0.0)), -np.expm1(np.minimum(at, 0.0))),
                "cloglog": lambda: (-np.expm1(-np.exp(np.minimum(at, 300))), np.exp(-np.exp(np.minimum(at, 300)))),
                "probit": lambda: (ndtr(at), ndtr(-at)),
            }[link]()
            few = events <= total / 2
            value = stats.binom.logpmf(events if few else total - events, total, p if few else q)
        return np.where(at > 0, -np.inf, value) if link == "log" else np.asarray(value)

    p = (events + 0.5) / (total + 1)
    centre = {"logit": np.log(p / (1 - p)), "log": np.log(p), "cloglog": np.log(-np.log1p(-p)), "probit": ndtri(p)}
    width = (
        np.sqrt(1 / (events + 0.5) + 1 / (total - events + 0.5)) if link != "log" else np.sqrt((1 - p) / (events + 1))
    )
    return ArmData(log_density, float(centre[link] - offset), float(width), 0.0 if link == "log" else np.inf)


def poisson(events: float, exposure: float) -> ArmData:
    def log_density(theta: Floats) -> Floats:
        return np.asarray(stats.poisson.logpmf(events, exposure * np.exp(np.clip(theta, -700, 60))))

    return ArmData(log_density, float(np.log((events + 0.5) / exposure)), float(1 / np.sqrt(events + 0.5)))


def normal_mean(mean: float, se: float) -> ArmData:
    return ArmData(lambda theta: np.asarray(stats.norm.logpdf(mean, theta, se)), mean, se)


def ordered(counts: Sequence[float | None], cuts: Sequence[float]) -> ArmData:
    """Counts from the lowest category up; None is part of the one below."""
    edges = [-np.inf, 0.0, *cuts, np.inf]
    kept = [j for j, count in enumerate(counts) if count is not None]
    lower = np.array([edges[j] for j in kept])
    upper = np.append(lower[1:], np.inf)
    seen = np.array([counts[j] for j in kept], dtype=float)

    def log_density(theta: Floats) -> Floats:
        at = np.asarray(theta)[..., None]
        # between two edges, from the tail that keeps its digits
        low, high = lower - at, upper - at
        p = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
        with np.errstate(divide="ignore"):
            parts = np.where(seen > 0, seen * np.log(np.maximum(p, 1e-320)), 0.0)
        return np.asarray(parts.sum(-1) + stats.multinomial.logpmf(seen, seen.sum(), seen / seen.sum()) - constant)

    share = seen / seen.sum()
    with np.errstate(divide="ignore"):
        constant = float(np.where(seen > 0, seen * np.log(np.where(seen > 0, share, 1.0)), 0.0).sum())
    above = (seen[1:].sum() + 0.5) / (seen.sum() + 1)
    return ArmData(log_density, float(ndtri(above) + upper[0]), float(1.5 / np.sqrt(seen.sum() + 1)))


@dataclass(frozen=True)
class Baseline:
    """Log prior density of mu, and roughly where it bends."""

    log_density: Density
    centre: float
    width: float
    low: float = -np.inf
    high: float = np.inf

    @property
    def support(self) -> tuple[float, float]:
        low, high = _support(self.log_density, self.centre, self.width)
        return max(low, self.low), min(high, self.high)


def normal_baseline(mean: float, sd: float) -> Baseline:
    return Baseline(lambda mu: np.asarray(stats.norm.logpdf(mu, mean, sd)), mean, sd)


def t_baseline(mean: float, scale: float, df: float) -> Baseline:
    return Baseline(lambda mu: np.asarray(stats.t.logpdf(mu, df, mean, scale)), mean, scale)


def flat_baseline() -> Baseline:
    return Baseline(lambda mu: np.zeros_like(mu), 0.0, 1.0)


def gamma_baseline(shape: float, rate: float) -> Baseline:
    """Of the rate exp(mu); scipy's density of a log-gamma variable, which never leaves the log scale."""
    shift = -np.log(rate)
    return Baseline(lambda mu: np.asarray(stats.loggamma.logpdf(mu - shift, shape)), float(np.log(shape / rate)), 1.0)


def probability_baseline(low: float, high: float, link: str, time: float = 1.0) -> Baseline:
    """Uniform on the probability of arm 0 over its own follow-up: density of the transformed variable."""
    ends = np.array([low, high])
    with np.errstate(divide="ignore"):
        of_link: dict[str, Density] = {
            "logit": lambda p: np.log(p / (1 - p)),
            "log": np.log,
            "cloglog": lambda p: np.log(-np.log1p(-p)),
            "probit": ndtri,
        }
        edge = of_link[link](ends) - np.log(time)

    def log_density(mu: Floats) -> Floats:
        at = mu + np.log(time)
        # the distributions whose distribution functions are the inverse links
        known: dict[str, Density] = {
            "logit": stats.logistic.logpdf,
            "log": lambda x: np.where(x <= 0, x, -np.inf),
            "cloglog": stats.gumbel_l.logpdf,
            "probit": stats.norm.logpdf,
        }
        return np.where((mu >= edge[0]) & (mu <= edge[1]), known[link](at) - np.log(high - low), -np.inf)

    middle = {"logit": 0.0, "log": -1.0, "cloglog": -0.5, "probit": 0.0}[link] - np.log(time)
    return Baseline(log_density, float(np.clip(middle, *edge)), 1.0, float(edge[0]), float(edge[1]))


def panels(low: float, high: float, bends: Sequence[tuple[float, float]], points: int = 12) -> tuple[Floats, Floats]:
    """Points and weights between two ends; panels grow with the distance from each bend (place, width)."""
    breaks = [np.array([low, high])]
    for place, width in bends:
        growing = np.concatenate([np.arange(0, 12.1, 1.5), 18 * 1.6 ** np.arange(60)]) * width
        breaks += [place - growing, place + growing]
    edges = np.unique(np.clip(np.concatenate(breaks), low, high))
    edges = edges[np.append(True, np.diff(edges) > 1e-13 * (1 + np.abs(edges[1:])))]
    z, w = _rule("legendre", points)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (z + 1)).ravel(), (half * w).ravel()


def study_log_likelihood(
    arms: Sequence[ArmData], baseline: Baseline, effects: Sequence[float], tau: float, *, points: int = 0
) -> float:
    """Log of the integral over mu and delta, at effects c of arms 1, 2, ... versus arm 0.

    `integral dmu pi(mu) p(y_0 | mu) integral ddelta N(delta; c, tau^2 R) prod_k p(y_k | mu + delta_k)`.
    """
    c = np.asarray(effects, dtype=float)
    mu, log_weight = _mu_points(arms, baseline, c, tau)
    if not np.any(log_weight > -np.inf):  # data, prior and effects rule each other out
        return -np.inf
    if tau == 0:
        rest = sum(arm.log_density(mu + e) for arm, e in zip(arms[1:], c, strict=True))
        return float(logsumexp(log_weight + rest))
    points = points or {1: 96, 2: 64, 3: 36}[len(c)]
    grids = [_delta_points(arm, mu, e, tau, points) for arm, e in zip(arms[1:], c, strict=True)]
    # mu where nothing is left even if the arms were independent
    alone = log_weight + sum(
        logsumexp(log_p - 0.5 * np.square(away / tau) - np.log(tau), axis=1) for away, log_p in grids
    )
    kept = np.flatnonzero(alone > np.max(alone) - 38)
    precision: Floats = np.asarray(np.linalg.inv(tau**2 * (np.eye(len(c)) + 1) / 2), dtype=float)
    constant = 0.5 * np.linalg.slogdet(precision)[1] - 0.5 * len(c) * np.log(2 * np.pi)
    found = [_over_delta([(a[block], p[block]) for a, p in grids], precision) + log_weight[block]
             for block in np.array_split(kept, max(1, len(kept) * points ** len(c) // 1_000_000))]  # fmt: skip
    return float(logsumexp(np.concatenate(found)) + constant)


def pair_log_likelihoods(arms: Sequence[ArmData], baseline: Baseline, effects: Floats, tau: float) -> Floats:
    """The same for a two-arm study at many effects (effect,): delta = c + tau z on one rule for z."""
    first, other = arms
    low, high = (f(a, b) for f, a, b in zip((max, min), first.support, baseline.support, strict=True))
    mu, weight = panels(low, high, [(first.centre, first.width), (baseline.centre, baseline.width)], 6)
    with np.errstate(divide="ignore"):
        log_weight = np.log(weight) + baseline.log_density(mu) + first.log_density(mu)
    kept = log_weight > np.max(log_weight) - 25
    mu, log_weight = mu[kept], log_weight[kept]
    z, rule = _rule("normal", 40)
    log_rule = np.log(rule)
    found = np.empty(len(effects))
    for block in np.array_split(np.arange(len(effects)), max(1, len(effects) * len(mu) // 10_000)):
        theta = mu[:, None] + effects[block][:, None, None] + tau * z  # (effect, mu, z)
        over_z = logsumexp(other.log_density(theta) + log_rule, axis=-1)
        found[block] = logsumexp(over_z + log_weight, axis=-1)
    return found


def _over_delta(grids: Sequence[tuple[Floats, Floats]], precision: Floats) -> Floats:
    """Log of the integral over delta (mu,) of arms with (delta - c, log of weight and density), both (mu, point)."""
    size = len(grids)

    def along(values: Floats, axis: int) -> Floats:
        return values.reshape(len(values), *(-1 if k == axis else 1 for k in range(size)))

    total: Floats = np.zeros(1)
    for i, (away, log_p) in enumerate(grids):
        total = total + along(log_p - 0.5 * precision[i, i] * np.square(away), i)
        for j in range(i):
            total = total - precision[i, j] * along(away, i) * along(grids[j][0], j)
    return np.asarray(logsumexp(total.reshape(len(total), -1), axis=1))


def _mu_points(arms: Sequence[ArmData], baseline: Baseline, c: Floats, tau: float) -> tuple[Floats, Floats]:
    """Points of mu, and log of weight, prior and density of arm 0."""
    shifts = np.append(0.0, c)
    spread = np.append(0.0, np.full(len(c), tau))
    ends = [baseline.support]
    bends = [(baseline.centre, baseline.width)]
    for arm, shift, s in zip(arms, shifts, spread, strict=True):
        low, high = arm.support
        ends.append((low - shift - 9 * s, min(high, arm.end) - shift + 9 * s))
        bends.append((arm.centre - shift, float(np.hypot(arm.width, s))))
        if np.isfinite(arm.end):
            bends.append((arm.end - shift, max(s, 0.01 * arm.width)))
    low, high = max(low for low, _ in ends), min(high for _, high in ends)
    if low >= high:
        return np.zeros(1), np.full(1, -np.inf)
    mu, weight = panels(low, high, bends)
    with np.errstate(divide="ignore"):
        return mu, np.log(weight) + baseline.log_density(mu) + arms[0].log_density(mu)


def _delta_points(arm: ArmData, mu: Floats, effect: float, tau: float, points: int) -> tuple[Floats, Floats]:
    """delta - c (mu, point) and the log of weight and density there; they end where the data or tau do."""
    low, high = arm.support
    start = np.maximum(low - mu, effect - 9 * tau)
    end = np.minimum(min(high, arm.end) - mu, effect + 9 * tau)
    half = np.maximum(end - start, 0.0)[:, None] / 2
    z, w = _rule("legendre", points)
    away = start[:, None] - effect + half * (z + 1)
    with np.errstate(divide="ignore"):
        return away, np.log(half) + np.log(w) + arm.log_density(mu[:, None] + effect + away)
