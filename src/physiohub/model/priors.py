"""Priors as objects with a text form.

Second arguments are SDs or scales, never variances or precisions. A prior of tau is asked for the density of tau, also
when it is stated on tau^2 (which brings the factor 2 tau).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfinv, gammainccinv, gammaln, log_ndtr, ndtr, ndtri, stdtr, stdtrit

from physiohub.errors import ModelError

__all__ = [
    "Fixed",
    "Flat",
    "Gamma",
    "HalfCauchy",
    "HalfNormal",
    "InverseGamma",
    "LogNormal",
    "LogT",
    "Normal",
    "Prior",
    "StudentT",
    "TauPrior",
    "Uniform",
    "UniformProbability",
    "parse_prior",
]

Floats = NDArray[np.float64]
Role = Literal["tau", "d", "mu"]
_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True)
class Prior:
    """Base of all priors; `str()` gives the text form that `parse_prior` reads."""

    name: ClassVar[str] = ""
    roles: ClassVar[tuple[Role, ...]] = ()

    def __str__(self) -> str:
        values = [f"{getattr(self, f.name):.15g}" for f in fields(self)]
        return f"{self.name}({', '.join(values)})" if values else self.name

    def _require(self, condition: bool, why: str) -> None:
        if not condition:
            raise ModelError(f"The prior {self} cannot be: {why}.")


@dataclass(frozen=True, slots=True)
class TauPrior(Prior):
    """A prior that the heterogeneity SD may have: proper, on tau >= 0."""

    @property
    def support(self) -> tuple[float, float]:
        """Lower and upper end of the values that tau may take."""
        return (0.0, np.inf)

    @property
    def scale(self) -> float:
        """A typical value, where a search for the mass may start."""
        return float(self.quantile(0.5))

    def log_density(self, tau: ArrayLike) -> Floats:
        """Log density of tau, normalised; -inf outside the support."""
        raise NotImplementedError

    def quantile(self, p: float) -> float:
        """Value below which tau lies with probability `p`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Flat(Prior):
    """Uniform over the whole line: for effects, and for baselines on the identity link."""

    name: ClassVar[str] = "flat"
    roles: ClassVar[tuple[Role, ...]] = ("d", "mu")


@dataclass(frozen=True, slots=True)
class Normal(TauPrior):
    """Normal with mean and SD; for tau, truncated to tau >= 0."""

    mean: float
    sd: float
    name: ClassVar[str] = "normal"
    roles: ClassVar[tuple[Role, ...]] = ("d", "mu", "tau")

    def __post_init__(self) -> None:
        self._require(self.sd > 0, "its SD must be above zero")

    def log_density(self, tau: ArrayLike) -> Floats:
        tau = np.asarray(tau, dtype=float)
        z = (tau - self.mean) / self.sd
        inside = -0.5 * z**2 - 0.5 * _LOG_2PI - np.log(self.sd) - log_ndtr(self.mean / self.sd)
        return np.where(tau >= 0, inside, -np.inf)

    def quantile(self, p: float) -> float:
        below = ndtr(-self.mean / self.sd)
        return float(self.mean + self.sd * ndtri(below + p * (1 - below)))


@dataclass(frozen=True, slots=True)
class StudentT(TauPrior):
    """Student t with location, scale and degrees of freedom; for tau, truncated to tau >= 0."""

    mean: float
    s: float
    df: float
    name: ClassVar[str] = "t"
    roles: ClassVar[tuple[Role, ...]] = ("d", "mu", "tau")

    def __post_init__(self) -> None:
        self._require(self.s > 0 and self.df > 0, "its scale and degrees of freedom must be above zero")

    def log_density(self, tau: ArrayLike) -> Floats:
        tau = np.asarray(tau, dtype=float)
        inside = _log_t((tau - self.mean) / self.s, self.df) - np.log(self.s)
        return np.where(tau >= 0, inside - np.log(stdtr(self.df, self.mean / self.s)), -np.inf)

    def quantile(self, p: float) -> float:
        below = float(stdtr(self.df, -self.mean / self.s))
        return float(self.mean + self.s * stdtrit(self.df, below + p * (1 - below)))


@dataclass(frozen=True, slots=True)
class HalfNormal(TauPrior):
    """Half-normal on tau.

    Examples
    --------
    >>> round(HalfNormal(0.5).quantile(0.8), 4)
    0.6408
    """

    s: float
    name: ClassVar[str] = "half-normal"
    roles: ClassVar[tuple[Role, ...]] = ("tau",)

    def __post_init__(self) -> None:
        self._require(self.s > 0, "its scale must be above zero")

    def log_density(self, tau: ArrayLike) -> Floats:
        tau = np.asarray(tau, dtype=float)
        inside = 0.5 * np.log(2 / np.pi) - np.log(self.s) - 0.5 * (tau / self.s) ** 2
        return np.where(tau >= 0, inside, -np.inf)

    def quantile(self, p: float) -> float:
        return float(self.s * np.sqrt(2) * erfinv(p))


@dataclass(frozen=True, slots=True)
class HalfCauchy(TauPrior):
    """Half-Cauchy on tau; its tail is so heavy that with few studies tau may have no mean."""

    s: float
    name: ClassVar[str] = "half-cauchy"
    roles: ClassVar[tuple[Role, ...]] = ("tau",)

    def __post_init__(self) -> None:
        self._require(self.s > 0, "its scale must be above zero")

    def log_density(self, tau: ArrayLike) -> Floats:
        tau = np.asarray(tau, dtype=float)
        inside = np.log(2 / np.pi) - np.log(self.s) - np.log1p((tau / self.s) ** 2)
        return np.where(tau >= 0, inside, -np.inf)

    def quantile(self, p: float) -> float:
        return float(self.s * np.tan(np.pi * p / 2))


@dataclass(frozen=True, slots=True)
class Uniform(TauPrior):
    """Uniform on tau between two values."""

    low: float
    high: float
    name: ClassVar[str] = "uniform"
    roles: ClassVar[tuple[Role, ...]] = ("tau",)

    def __post_init__(self) -> None:
        self._require(0 <= self.low < self.high < np.inf, "it needs 0 <= low < high")

    @property
    def support(self) -> tuple[float, float]:
        return (self.low, self.high)

    def log_density(self, tau: ArrayLike) -> Floats:
        tau = np.asarray(tau, dtype=float)
        return np.where((tau >= self.low) & (tau <= self.high), -np.log(self.high - self.low), -np.inf)

    def quantile(self, p: float) -> float:
        return self.low + p * (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Fixed(TauPrior):
    """Tau known: the fit is conditional on this value."""

    value: float
    name: ClassVar[str] = "fixed"
    roles: ClassVar[tuple[Role, ...]] = ("tau",)

    def __post_init__(self) -> None:
        self._require(0 <= self.value < np.inf, "tau must be zero or above")

    @property
    def support(self) -> tuple[float, float]:
        return (self.value, self.value)

    def log_density(self, tau: ArrayLike) -> Floats:
        return np.where(np.asarray(tau, dtype=float) == self.value, 0.0, -np.inf)

    def quantile(self, p: float) -> float:
        return self.value


@dataclass(frozen=True, slots=True)
class LogNormal(TauPrior):
    """Log-normal on tau^2: log tau^2 ~ N(mu, s^2) (Turner 2012, 2015)."""

    mu: float
    s: float
    name: ClassVar[str] = "log-normal"
    roles: ClassVar[tuple[Role, ...]] = ("tau",)

    def __post_init__(self) -> None:
        self._require(self.s > 0, "its scale must be above zero")

    def log_density(self, tau: ArrayLike) -> Floats:
        return _from_log_variance(tau, self.mu, self.s, lambda z: np.asarray(-0.5 * z**2 - 0.5 * _LOG_2PI))

    def quantile(self, p: float) -> float:
        return float(np.exp((self.mu + self.s * ndtri(p)) / 2))


@dataclass(frozen=True, slots=True)
class LogT(TauPrior):
    """Log-t on tau^2: log tau^2 ~ t(mu, s, df) (Rhodes 2015).

    Examples
    --------
    >>> round(LogT(-3.02, 2.27, 5).quantile(0.5), 3)
    0.221
    """

    mu: float
    s: float
    df: float
    name: ClassVar[str] = "log-t"
    roles: ClassVar[tuple[Role, ...]] = ("tau",)

    def __post_init__(self) -> None:
        self._require(self.s > 0 and self.df > 0, "its scale and degrees of freedom must be above zero")

    def log_density(self, tau: ArrayLike) -> Floats:
        return _from_log_variance(tau, self.mu, self.s, lambda z: _log_t(z, self.df))

    def quantile(self, p: float) -> float:
        return float(np.exp((self.mu + self.s * stdtrit(self.df, p)) / 2))


@dataclass(frozen=True, slots=True)
class InverseGamma(TauPrior):
    """Inverse gamma on tau^2 with shape and scale: p(v) ~ v^-(shape + 1) exp(-scale/v)."""

    shape: float
    s: float
    name: ClassVar[str] = "inverse-gamma"
    roles: ClassVar[tuple[Role, ...]] = ("tau",)

    def __post_init__(self) -> None:
        self._require(self.shape > 0 and self.s > 0, "its shape and scale must be above zero")

    @property
    def scale(self) -> float:
        # the median overflows for the small shapes in use; the mode of log tau^2 never does
        return float(np.sqrt(self.s / self.shape))

    def log_density(self, tau: ArrayLike) -> Floats:
        tau = np.asarray(tau, dtype=float)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            log_tau = np.log(tau)
            constant = self.shape * np.log(self.s) - gammaln(self.shape) + np.log(2)
            inside = constant - (2 * self.shape + 1) * log_tau - self.s * np.exp(-2 * log_tau)
        return np.where(tau > 0, inside, -np.inf)

    def quantile(self, p: float) -> float:
        with np.errstate(divide="ignore"):
            return float(np.sqrt(self.s / gammainccinv(self.shape, p)))


@dataclass(frozen=True, slots=True)
class UniformProbability(Prior):
    """Uniform on the probability of arm 0: a baseline prior of counts."""

    low: float
    high: float
    name: ClassVar[str] = "uniform-probability"
    roles: ClassVar[tuple[Role, ...]] = ("mu",)

    def __post_init__(self) -> None:
        self._require(0 <= self.low < self.high <= 1, "it needs 0 <= low < high <= 1")


@dataclass(frozen=True, slots=True)
class Gamma(Prior):
    """Gamma with shape and rate on the rate of arm 0: a baseline prior of counts over time."""

    shape: float
    rate: float
    name: ClassVar[str] = "gamma"
    roles: ClassVar[tuple[Role, ...]] = ("mu",)

    def __post_init__(self) -> None:
        self._require(self.shape > 0 and self.rate > 0, "its shape and rate must be above zero")


def _log_t(z: Floats, df: float) -> Floats:
    """Log density of the standard t, computed without overflow for large |z|."""
    constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)
    return np.asarray(constant - (df + 1) / 2 * np.log1p(np.square(z) / df))


def _from_log_variance(tau: ArrayLike, mu: float, s: float, standard: Callable[[Floats], Floats]) -> Floats:
    """Density of tau when (log tau^2 - mu)/s has the log density `standard`: d(log tau^2) = 2/tau dtau."""
    tau = np.asarray(tau, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_tau = np.log(tau)
        inside = standard((2 * log_tau - mu) / s) - np.log(s) + np.log(2) - log_tau
    return np.where(tau > 0, inside, -np.inf)


_PRIORS: dict[str, type[Prior]] = {
    p.name.replace("-", ""): p
    for p in (
        Flat, Normal, StudentT, HalfNormal, Uniform, HalfCauchy, Fixed, LogNormal, LogT, InverseGamma,
        UniformProbability, Gamma,
    )
}  # fmt: skip
_FORM = re.compile(r"^\s*([a-zA-Z][a-zA-Z_\- ]*?)\s*(?:\(\s*(.*?)\s*\))?\s*$")
_ROLE_NAMES = {"tau": "the heterogeneity SD tau", "d": "treatment effects", "mu": "study baselines"}


def _forms(role: Role) -> str:
    from physiohub.model.empirical import empirical_forms

    allowed = [p for p in _PRIORS.values() if role in p.roles]
    found = [f"{p.name}({', '.join(f.name for f in fields(p))})" if fields(p) else p.name for p in allowed]
    return ", ".join([*found, empirical_forms()] if role == "tau" else found)


def parse_prior(text: str | Prior, role: Role) -> Prior:
    """Read a prior from its text form, for one role in the model.

    Parameters
    ----------
    text
        Such as ``"half-normal(0.5)"``, or for tau also ``"rhodes-2015(pain, non-pharmacological)"`` (see
        `physiohub.model.empirical`); a prior object is passed through after the check of its role.
    role
        ``"tau"``, ``"d"`` or ``"mu"``.

    Raises
    ------
    ModelError
        When the text is no prior, an argument is not a number or cannot be, or the prior does not fit the role; the
        message lists the forms that do.

    Examples
    --------
    >>> parse_prior("Half-Normal(0.5)", "tau")
    HalfNormal(s=0.5)
    >>> str(parse_prior("t(0, 2.5, 7)", "d"))
    't(0, 2.5, 7)'
    """
    from physiohub.model.empirical import empirical_from_text

    prior = text if isinstance(text, Prior) else empirical_from_text(text) or _parse(text, role)
    if role not in prior.roles:
        raise ModelError(f"The prior {prior} does not fit {_ROLE_NAMES[role]}. Use one of: {_forms(role)}.")
    return prior


def _parse(text: str, role: Role) -> Prior:
    match = _FORM.match(text)
    kind = _PRIORS.get(re.sub(r"[-_ ]", "", match.group(1)).lower()) if match else None
    if match is None or kind is None:
        raise ModelError(f"{text!r} is not a prior. Use one of: {_forms(role)}.")
    arguments = [a for a in (match.group(2) or "").split(",") if a.strip()]
    names = [f.name for f in fields(kind)]
    if len(arguments) != len(names):
        raise ModelError(f"{text!r}: {kind.name} takes {len(names)} numbers ({', '.join(names) or 'none'}).")
    try:
        values = [float(a) for a in arguments]
    except ValueError:
        raise ModelError(f"{text!r}: an argument is not a number.") from None
    if not np.all(np.isfinite(values)):
        raise ModelError(f"{text!r}: an argument is not finite.")
    return kind(*values)
