"""The frequentist twin: the same network model by generalised least squares, tau^2 by a moment or by likelihood.

In the rows of `physiohub.model.design.whiten` with flat baselines every covariance is diagonal, ``1 + tau^2 lambda``:
each estimator is a few sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtrc, ndtr, ndtri, stdtrit

from physiohub.errors import UsageError
from physiohub.model.design import Rows, whiten
from physiohub.model.normal_study import normal_studies
from physiohub.model.priors import Flat
from physiohub.model.spec import ModelSpec
from physiohub.model.zero_cells import ZeroCells, settle_zero_cells
from physiohub.network.display import ShownAsTable
from physiohub.network.network import Network

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["FrequentistEffect", "FrequentistFit", "Method", "Q", "cochran_q", "fit_frequentist", "most_likely_tau2"]

Floats = NDArray[np.float64]
Method = Literal["common", "REML", "ML", "DL"]


@dataclass(frozen=True, slots=True)
class Q:
    """Cochran's Q of the common-effect network model: statistic, degrees of freedom, p (None without any)."""

    q: float
    df: int
    p: float | None

    @property
    def i_squared(self) -> float | None:
        """I^2 = max(0, (Q - df)/Q); None without degrees of freedom."""
        if self.df == 0:
            return None
        return max(0.0, (self.q - self.df) / self.q) if self.q > 0 else 0.0


@dataclass(frozen=True, slots=True)
class FrequentistEffect:
    """One relative effect, treatment minus versus, with its Wald interval and p value.

    `predictive_low` and `predictive_high` are None in a common-effect fit and without degrees of freedom.
    """

    treatment: str
    versus: str
    estimate: float
    se: float
    low: float
    high: float
    p: float
    predictive_low: float | None
    predictive_high: float | None


@dataclass(frozen=True, slots=True, eq=False)
class FrequentistFit(ShownAsTable):
    """The network model by generalised least squares at one estimate of tau^2.

    Attributes
    ----------
    estimate : array (parameter,)
        Each treatment but the reference, versus the reference.
    covariance : array (parameter, parameter)
    tau2
        Zero in a common-effect fit.
    zero_cells
        What was corrected and left out, in summaries of counts.
    """

    network: Network
    method: Method
    level: float
    estimate: Floats
    covariance: Floats
    tau2: float
    q: Q
    zero_cells: ZeroCells

    @property
    def effects(self) -> tuple[FrequentistEffect, ...]:
        """Every ordered pair."""
        mean, cov = self._padded
        count = len(mean)
        return tuple(self._effect(mean, cov, j, i) for i in range(count) for j in range(count) if i != j)

    def effect(self, treatment: str, versus: str) -> FrequentistEffect:
        """One ordered pair."""
        position = self.network.position
        return self._effect(*self._padded, position[treatment], position[versus])

    def p_scores(self, better: Literal["lower", "higher"]) -> dict[str, float]:
        """P-score of each treatment, 1 is best (Ruecker & Schwarzer 2015, BMC Med Res Methodol 15:58)."""
        sign = 1.0 if better == "higher" else -1.0
        mean, cov = self._padded
        variance = np.diag(cov)[:, None] + np.diag(cov)[None, :] - 2 * cov
        np.fill_diagonal(variance, 1.0)
        wins = ndtr(sign * (mean[:, None] - mean[None, :]) / np.sqrt(variance))
        np.fill_diagonal(wins, 0.0)
        scores = wins.sum(1) / (len(mean) - 1)
        return {t.id: float(score) for t, score in zip(self.network.treatments, scores, strict=True)}

    def to_frame(self) -> DataFrame:
        """One row a pair."""
        import pandas as pd

        return pd.DataFrame([{f: getattr(e, f) for f in FrequentistEffect.__slots__} for e in self.effects])

    @property
    def _caption(self) -> str:
        tau = f"tau {np.sqrt(self.tau2):.3g}"
        return f"{self.method}, {tau}; treatment minus versus, {100 * self.level:g}% Wald intervals"

    @property
    def _padded(self) -> tuple[Floats, Floats]:
        """Estimate (treatment,) and covariance (treatment, treatment), with the reference at zero."""
        return np.pad(self.estimate, (1, 0)), np.pad(self.covariance, ((1, 0), (1, 0)))

    def _effect(self, mean: Floats, cov: Floats, j: int, i: int) -> FrequentistEffect:
        value, se = float(mean[j] - mean[i]), float(np.sqrt(cov[j, j] + cov[i, i] - 2 * cov[i, j]))
        half = float(ndtri(0.5 + self.level / 2)) * se
        names = self.network.treatments
        predicted: tuple[float | None, float | None] = (None, None)
        if self.method != "common" and self.q.df > 0:
            wide = float(stdtrit(self.q.df, 0.5 + self.level / 2) * np.hypot(se, np.sqrt(self.tau2)))
            predicted = (value - wide, value + wide)
        p = float(2 * ndtr(-abs(value) / se))
        return FrequentistEffect(names[j].id, names[i].id, value, se, value - half, value + half, p, *predicted)


def fit_frequentist(network: Network, spec: ModelSpec, *, method: Method = "REML") -> FrequentistFit:
    """Fit the network model by generalised least squares.

    Parameters
    ----------
    network, spec
        Data and measure; the priors of the spec play no part.
    method
        ``"common"``, ``"REML"``, ``"ML"`` or ``"DL"`` (DerSimonian-Laird, in networks: Ruecker 2012, Res Synth
        Methods 3:312).

    Raises
    ------
    DataError
        When a study lacks what the measure needs.
    UsageError
        For another method.

    Examples
    --------
    >>> import pandas as pd
    >>> import physiohub as ph
    >>> table = pd.DataFrame({"study": ["1", "2", "3"], "treat1": ["B", "B", "B"], "treat2": ["A", "A", "A"],
    ...                       "TE": [0.2, 0.5, 1.1], "seTE": [0.2, 0.2, 0.2]})
    >>> fit = fit_frequentist(ph.read_contrasts(table, reference="A"), ph.ModelSpec(measure="SMD"))
    >>> round(fit.tau2, 4), round(fit.effect("B", "A").estimate, 4)
    (0.17, 0.6)
    """
    if method not in get_args(Method):
        raise UsageError(f"method must be one of {', '.join(get_args(Method))}, not {method!r}.")
    network, zero_cells = settle_zero_cells(network, spec)
    rows = whiten(normal_studies(network, spec), len(network.treatments) - 1, Flat())
    tau2 = _tau2(rows, method)
    weight = 1 / (1 + tau2 * rows.spread)
    precision = rows.X.T @ (weight[:, None] * rows.X)
    covariance = np.asarray(np.linalg.inv(precision), dtype=float)
    estimate = np.asarray(np.linalg.solve(precision, rows.X.T @ (weight * rows.y)), dtype=float)
    return FrequentistFit(network, method, spec.level, estimate, covariance, tau2, cochran_q(rows), zero_cells)


def _tau2(rows: Rows, method: Method) -> float:
    if method == "common":
        return 0.0
    return _dersimonian_laird(rows) if method == "DL" else most_likely_tau2(rows, restricted=method == "REML")


def cochran_q(rows: Rows) -> Q:
    """Q = r' r of the least-squares fit without heterogeneity; `rows` with flat baselines."""
    residual = rows.y - rows.X @ np.linalg.lstsq(rows.X, rows.y, rcond=None)[0]
    q, df = float(np.sum(np.square(residual))), len(rows.y) - rows.X.shape[1]
    return Q(q, df, float(chdtrc(df, q)) if df > 0 else None)


def _dersimonian_laird(rows: Rows) -> float:
    """max(0, (Q - df)/tr(P R)), P = I - X (X'X)^-1 X' in rows of unit variance, R diagonal with lambda."""
    found = cochran_q(rows)
    if found.df == 0:
        return 0.0
    basis = np.linalg.qr(rows.X)[0]
    trace = float(np.sum(rows.spread * (1 - np.square(basis).sum(1))))
    return max(0.0, (found.q - found.df) / trace)


def _likelihood(rows: Rows, tau2: float, *, restricted: bool) -> tuple[float, float]:
    """Log likelihood of tau^2 (restricted or not), up to a constant, and its derivative."""
    weight = 1 / (1 + tau2 * rows.spread)
    loaded = weight[:, None] * rows.X
    precision = rows.X.T @ loaded
    covariance = np.linalg.inv(precision)
    residual = rows.y - rows.X @ (covariance @ (loaded.T @ rows.y))
    projected = weight * residual  # P y
    value = -0.5 * (np.sum(-np.log(weight)) + residual @ projected)
    trace = np.sum(weight * rows.spread)
    if restricted:
        value -= 0.5 * np.linalg.slogdet(precision)[1]
        trace -= np.sum((loaded @ covariance) * loaded * rows.spread[:, None])
    return float(value), float(0.5 * (np.sum(rows.spread * projected**2) - trace))


def most_likely_tau2(rows: Rows, *, restricted: bool) -> float:
    """The tau^2 >= 0 of highest (restricted) likelihood: every root of the derivative is compared, and zero."""
    if len(rows.y) == rows.X.shape[1]:
        return 0.0
    positive = rows.spread[rows.spread > 0]
    grid = np.concatenate([[0.0], np.geomspace(1e-6 / positive.max(), 1e6 / positive.min(), 81)])
    slopes = np.array([_likelihood(rows, t, restricted=restricted)[1] for t in grid])
    candidates = [0.0]
    for (a, before), (b, after) in pairwise(zip(grid, slopes, strict=True)):
        if before > 0 >= after:
            root = brentq(lambda t: _likelihood(rows, t, restricted=restricted)[1], a, b, xtol=1e-16, rtol=1e-14)
            candidates.append(float(root))
    return max(candidates, key=lambda t: _likelihood(rows, t, restricted=restricted)[0])
