"""What does the answer hang on? Sensitivity of the posterior to powers of the prior and of the likelihood."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.pareto_smoothing import USABLE_K, SmoothedWeights
from physiohub.inference.posterior import Posterior
from physiohub.inference.power_draws import Part, PowerDraws, power_draws
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = [
    "CONFLICT",
    "STRONG_PRIOR",
    "THRESHOLD",
    "PowerScaling",
    "Sensitivity",
    "cumulative_distance",
    "power_scaling",
]

Floats = NDArray[np.float64]

THRESHOLD = 0.05
"""Sensitivity above which a part matters (Kallioinen et al. 2023, section 3.4)."""
CONFLICT, STRONG_PRIOR = "prior-data conflict", "strong prior or weak likelihood"

_ALPHA = 1.25
# the range that so many draws would cover: the distance is relative to it
_LIKE_DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How much one parameter moves when a part of the posterior is weakened or strengthened.

    Attributes
    ----------
    parameter
        The treatment of a basic effect (versus the reference), or ``"tau"``.
    effect_prior, tau_prior, prior, likelihood
        Sensitivity to each part, `prior` to both priors together; `tau_prior` is None where tau is known.
    pareto_k
        The largest of all weights behind the numbers.
    diagnosis
        `CONFLICT` when both prior and likelihood matter, `STRONG_PRIOR` when the prior matters and the likelihood does
        not, empty when the prior does not; None when the weights are too heavy-tailed to tell.
    """

    parameter: str
    effect_prior: float
    tau_prior: float | None
    prior: float
    likelihood: float
    pareto_k: float
    diagnosis: str | None


@dataclass(frozen=True, slots=True)
class PowerScaling(ShownAsTable):
    """Sensitivity of every basic effect and of tau."""

    rows: tuple[Sensitivity, ...]

    @property
    def _caption(self) -> str:
        named = [f"{row.parameter}: {row.diagnosis}" for row in self.rows if row.diagnosis]
        return "; ".join(named) or f"No parameter is sensitive to the prior (all below {THRESHOLD:g})"

    def to_frame(self) -> DataFrame:
        """One row a parameter."""
        import pandas as pd

        return pd.DataFrame([asdict(row) for row in self.rows], columns=list(Sensitivity.__dataclass_fields__))


def power_scaling(fit: Posterior, *, draws: int = 8192, seed: int | None = None) -> PowerScaling:
    """Sensitivity to power-scaled priors and likelihood (Kallioinen et al. 2023, Stat Comput 34:57).

    A part of the posterior is raised to the powers 0.8 and 1.25. The sensitivity is the cumulative Jensen-Shannon
    distance of the scaled posterior from the posterior, averaged over the two, per doubling of the power
    (``distance / log2(1.25)``, their section 3.3).

    Parameters
    ----------
    draws
        Of an exact posterior; other posteriors have their draws.
    seed
        Of those draws; by default the seed of the spec.

    Raises
    ------
    ModelError
        When the posterior does not hold the log likelihood of its draws.

    Examples
    --------
    >>> import physiohub as ph
    >>> from physiohub import datasets
    >>> network = datasets.load("parkinson_differences")
    >>> vague, strong = (ph.ModelSpec(measure="MD", tau_prior="half-normal(1)", effect_prior=prior)
    ...                  for prior in ("normal(0, 100)", "normal(0, 0.2)"))
    >>> {row.diagnosis for row in power_scaling(ph.fit(network, vague)).rows if row.parameter != "tau"}
    {''}
    >>> power_scaling(ph.fit(network, strong)).rows[1].diagnosis
    'prior-data conflict'
    """
    found = power_draws(fit, draws=draws, seed=fit.spec.seed if seed is None else seed)
    weights = {(part, side): found.scaled(part, _ALPHA**side) for part in found.parts for side in (-1, 1)}
    k = max(found.base.k, *(one.k for one in weights.values()))
    by_part = {part: _distances(found, [weights[part, side] for side in (-1, 1)]) for part in found.parts}
    names = [*fit.treatments[1:], *(["tau"] if "tau prior" in found.parts else [])]
    return PowerScaling(tuple(_row(name, {p: v[i] for p, v in by_part.items()}, k) for i, name in enumerate(names)))


def _row(name: str, by_part: dict[Part, float], k: float) -> Sensitivity:
    prior, likelihood = by_part["prior"], by_part["likelihood"]
    diagnosis = "" if prior <= THRESHOLD else CONFLICT if likelihood > THRESHOLD else STRONG_PRIOR
    return Sensitivity(
        name,
        effect_prior=by_part["effect prior"],
        tau_prior=by_part.get("tau prior"),
        prior=prior,
        likelihood=likelihood,
        pareto_k=k,
        diagnosis=diagnosis if k <= USABLE_K else None,
    )


def _distances(found: PowerDraws, scaled: list[SmoothedWeights]) -> list[float]:
    """Sensitivity of each basic effect, then of tau unless it is known."""
    order = np.argsort(found.d, axis=0)
    values = np.take_along_axis(found.d, order, axis=0)
    base = np.cumsum(np.exp(found.base.log_weight)[order], axis=0)
    total = np.zeros(found.d.shape[1])
    for weights in scaled:
        other = np.cumsum(np.exp(weights.log_weight)[order], axis=0)
        total += [cumulative_distance(values[:, j], base[:, j], other[:, j]) for j in range(len(total))]
    by_tau = 0.0
    if "tau prior" in found.parts:
        at, own = found.distribution_of_tau(found.base)
        by_tau = sum(cumulative_distance(at, own, found.distribution_of_tau(weights)[1]) for weights in scaled)
    return [float(one) / (2 * np.log2(_ALPHA)) for one in (*total, by_tau)]


def cumulative_distance(values: Floats, first: Floats, second: Floats) -> float:
    """Cumulative Jensen-Shannon distance of two distributions, between 0 and 1.

    The divergence ``CJS(P || Q) = integral P log2(2 P / (P + Q)) + (Q - P) / (2 ln 2)`` of distribution functions
    (Nguyen & Vreeken 2015, ECML PKDD, LNCS 9285:173), added up both ways round, relative to its upper bound
    ``integral (P + Q)``, and its root; the larger of that and the same of ``1 - P`` and ``1 - Q``, so that the sign of
    the quantity does not matter (Kallioinen et al. 2023, section 3.3).

    Parameters
    ----------
    values : array (value,)
        In ascending order.
    first, second : array (value,)
        P and Q there. The range is that which some thousand draws from P would cover.

    Examples
    --------
    >>> x = np.linspace(0, 1, 1001)
    >>> cumulative_distance(x, x, x)
    0.0
    >>> step = (x >= 0.5).astype(float)
    >>> 0 < cumulative_distance(x, x, step) < 1
    True
    """
    edge = 0.5 / _LIKE_DRAWS
    inside = np.flatnonzero((first >= edge) & (first <= 1 - edge))
    if len(inside) < 2:
        return 0.0
    kept = slice(inside[0], inside[-1] + 1)
    width, p, q = np.diff(values[kept]), np.clip(first[kept][:-1], 0, 1), np.clip(second[kept][:-1], 0, 1)
    return float(np.sqrt(max(_divergence(width, p, q), _divergence(width, 1 - p, 1 - q), 0.0)))


def _divergence(width: Floats, p: Floats, q: Floats) -> float:
    """Symmetric divergence of distribution functions over bins, relative to its bound; the linear parts cancel."""
    middle = 0.5 * (p + q)
    # where a function is zero it adds nothing
    tiny = 1e-300
    parts = p * np.log2(np.maximum(p, tiny) / np.maximum(middle, tiny))
    parts = parts + q * np.log2(np.maximum(q, tiny) / np.maximum(middle, tiny))
    bound = float(width @ (p + q))
    return float(width @ parts) / bound if bound > 0 else 0.0
