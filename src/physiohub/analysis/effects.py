"""Relative effects of all ordered pairs: the estimate, how sure, and what a new study would see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import UsageError
from physiohub.inference.posterior import Posterior
from physiohub.measures.measure import MEASURES
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Effect", "RelativeEffects", "direction_sign", "relative_effects"]

Floats = NDArray[np.float64]
Direction = Literal["lower", "higher"]
# a probability is 1 - (its complement): pairs are computed once and mirrored
_QUANTILES = (0.025, 0.5, 0.975)


def direction_sign(better: str) -> int:
    """+1 when higher values are better, -1 when lower ones are.

    Raises
    ------
    UsageError
        For any other word: there is no default direction.
    """
    signs = {"higher": 1, "lower": -1}
    if better not in signs:
        raise UsageError(f"better must be 'lower' or 'higher', not {better!r}: no direction is taken for granted.")
    return signs[better]


@dataclass(frozen=True, slots=True)
class Effect:
    """One relative effect, treatment minus versus, on the analysis scale.

    Attributes
    ----------
    mean, sd, q2_5, median, q97_5
        Of the posterior; mean and SD are None where a flat prior and a heavy tail of tau leave none.
    low, high
        Central interval at the level of the fit.
    predictive_low, predictive_high
        The same interval for the effect in a new study.
    p_better
        P(treatment better than versus); None when no direction was given.
    p_beyond_mid
        P(better by more than the important difference); None when none was given.
    """

    treatment: str
    versus: str
    mean: float | None
    sd: float | None
    q2_5: float
    median: float
    q97_5: float
    low: float
    high: float
    predictive_low: float
    predictive_high: float
    p_better: float | None
    p_beyond_mid: float | None


@dataclass(frozen=True, slots=True)
class RelativeEffects(ShownAsTable):
    """Relative effects, one an ordered pair; `scale` says what they are."""

    effects: tuple[Effect, ...]
    scale: str
    level: float

    @property
    def _caption(self) -> str:
        scale = f"{self.scale[:1].upper()}{self.scale[1:]}"
        return f"{scale}, treatment minus versus; low to high: {100 * self.level:g}% interval"

    def to_frame(self) -> pd.DataFrame:
        """One row a pair; columns as the attributes of `Effect`."""
        import pandas as pd

        return pd.DataFrame([{f: getattr(e, f) for f in Effect.__slots__} for e in self.effects])

    def get(self, treatment: str, versus: str) -> Effect:
        """The effect of one ordered pair."""
        for effect in self.effects:
            if (effect.treatment, effect.versus) == (treatment, versus):
                return effect
        raise KeyError((treatment, versus))


def relative_effects(
    fit: Posterior,
    *,
    versus: str | None = None,
    better: Direction | None = None,
    mid: float | None = None,
) -> RelativeEffects:
    """Relative effects of all ordered pairs, or of all treatments versus one.

    Parameters
    ----------
    fit
        A posterior.
    versus
        Id of the comparator; None gives every ordered pair.
    better
        Direction of benefit; without it no P(better) is computed.
    mid
        Important difference, above zero, on the analysis scale.

    Raises
    ------
    DataError
        When `versus` is not a treatment of the network.
    UsageError
        When `better` is another word, or `mid` is not above zero or comes without `better`.

    Notes
    -----
    Of the exact engine probabilities, means and SDs are exact and quantiles are roots of the mixture's CDF; of the
    others all are those of weighted draws.
    """
    if mid is not None and (not mid > 0 or better is None):
        raise UsageError("mid must be above zero and needs a direction: give better='lower' or 'higher'.")
    sign = None if better is None else direction_sign(better)
    ids = fit.treatments
    upper = [(i, j) for i in range(len(ids)) for j in range(i)]
    columns = _columns(fit, np.array([i for i, _ in upper]), np.array([j for _, j in upper]), sign, mid)
    made: dict[tuple[int, int], Effect] = {}
    for k, (i, j) in enumerate(upper):
        values = {name: float(column[k]) for name, column in columns.items()}
        made[i, j] = _effect(ids[i], ids[j], values, mirrored=False)
        made[j, i] = _effect(ids[j], ids[i], values, mirrored=True)
    wanted = [(i, j) for j in range(len(ids)) for i in range(len(ids)) if i != j]
    if versus is not None:
        place = fit.place(versus)
        wanted = [(i, j) for i, j in wanted if j == place]
    return RelativeEffects(tuple(made[pair] for pair in wanted), MEASURES[fit.spec.measure].scale, fit.spec.level)


def _columns(
    fit: Posterior, treatment: NDArray[np.intp], versus: NDArray[np.intp], sign: int | None, mid: float | None
) -> dict[str, Floats]:
    """Everything that is reported of the pairs (pair,), and of the mirrored pairs where it is not a mere sign."""
    effects = fit.pairs(treatment, versus)
    new, none = fit.predicted_pairs(treatment, versus), np.full(len(treatment), np.nan)
    tail = (1 - fit.spec.level) / 2
    quantiles = {p: effects.quantile(p) for p in {*_QUANTILES, tail, 1 - tail}}
    columns = {
        "mean": effects.mean if fit.has_moment(1) else none, "sd": effects.sd if fit.has_moment(2) else none,
        "q2_5": quantiles[0.025], "median": quantiles[0.5], "q97_5": quantiles[0.975],
        "low": quantiles[tail], "high": quantiles[1 - tail],
        "predictive_low": new.quantile(tail), "predictive_high": new.quantile(1 - tail),
    }  # fmt: skip
    if sign is not None:
        above, below = effects.survival(np.zeros(len(treatment))), effects.cdf(np.zeros(len(treatment)))
        columns["p_better"], columns["p_better_mirrored"] = (above, below) if sign > 0 else (below, above)
    if sign is not None and mid is not None:
        margin = np.full(len(treatment), mid)
        above, below = effects.survival(margin), effects.cdf(-margin)
        columns["p_beyond_mid"], columns["p_beyond_mid_mirrored"] = (above, below) if sign > 0 else (below, above)
    return columns


_TURNED = {
    "q2_5": "q97_5", "q97_5": "q2_5", "low": "high", "high": "low",
    "predictive_low": "predictive_high", "predictive_high": "predictive_low", "median": "median",
}  # fmt: skip


def _effect(treatment: str, versus: str, values: dict[str, float], *, mirrored: bool) -> Effect:
    """One effect from the columns of its pair; the mirrored one turns signs and swaps ends."""
    suffix = "_mirrored" if mirrored else ""
    found = {name: -values[source] if mirrored else values[name] for name, source in _TURNED.items()}
    return Effect(
        treatment=treatment,
        versus=versus,
        mean=None if np.isnan(values["mean"]) else (-values["mean"] if mirrored else values["mean"]),
        sd=None if np.isnan(values["sd"]) else values["sd"],
        p_better=values.get(f"p_better{suffix}"),
        p_beyond_mid=values.get(f"p_beyond_mid{suffix}"),
        **found,
    )
