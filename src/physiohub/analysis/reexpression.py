"""Standardised mean differences on other scales: points of an instrument, odds of response.

An SMD counts SDs. Points of a familiar instrument need the SD in its points, which is not known exactly and is carried
as a distribution. Odds and proportions of responders need no SD, and assume scores with one bell shape in all groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physiohub.analysis.effects import Direction, direction_sign
from physiohub.analysis.stated_sd import StatedSd, scaled
from physiohub.analysis.summary import Summary
from physiohub.errors import UsageError
from physiohub.inference.posterior import Marginal, Posterior
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LOG_ODDS_PER_SD",
    "ReexpressedEffect",
    "ReexpressedEffects",
    "reexpress_log_odds",
    "reexpress_points",
    "upper_pairs",
]

Floats = NDArray[np.float64]
LOG_ODDS_PER_SD = float(np.pi / np.sqrt(3))
"""SD of the standard logistic distribution: 1.81 (Chinn 2000, Stat Med 19:3127)."""


@dataclass(frozen=True, slots=True)
class ReexpressedEffect:
    """One effect, treatment minus versus, on another scale."""

    treatment: str
    versus: str
    effect: Summary


@dataclass(frozen=True, slots=True)
class ReexpressedEffects(ShownAsTable):
    """Effects of all ordered pairs on another scale.

    Attributes
    ----------
    scale, assumption
        What the numbers are, and what they rest on.
    level
        Probability of the intervals.
    """

    effects: tuple[ReexpressedEffect, ...]
    scale: str
    assumption: str
    level: float

    @property
    def _caption(self) -> str:
        return f"{self.scale}, treatment minus versus; {self.assumption}"

    def to_frame(self) -> pd.DataFrame:
        """One row a pair: mean, SD, median, interval."""
        import pandas as pd

        return pd.DataFrame(
            {"treatment": e.treatment, "versus": e.versus, **{n: getattr(e.effect, n) for n in Summary.__slots__}}
            for e in self.effects
        )

    def get(self, treatment: str, versus: str) -> Summary:
        """The effect of one ordered pair."""
        for row in self.effects:
            if (row.treatment, row.versus) == (treatment, versus):
                return row.effect
        raise KeyError((treatment, versus))


def upper_pairs(fit: Posterior) -> tuple[list[tuple[int, int]], Marginal]:
    """Each pair of treatments once (pair,), and its SMD."""
    if fit.spec.measure != "SMD":
        raise UsageError(f"Only a standardised mean difference is re-expressed, not {fit.spec.measure}.")
    pairs = [(i, j) for i in range(len(fit.treatments)) for j in range(i)]
    treatment, versus = np.array(pairs, dtype=np.intp).T
    return pairs, fit.pairs(treatment, versus)


def reexpress_points(fit: Posterior, sd: StatedSd | float) -> ReexpressedEffects:
    """SMDs in points of an instrument: SMD x SD, with the uncertainty of both.

    Parameters
    ----------
    fit
        A posterior of an SMD.
    sd
        SD of scores in points: a number taken as known, or a distribution (`StatedSd`, `sd_of_instrument`,
        `sd_of_network`).

    Raises
    ------
    UsageError
        When the fit is of another measure, or the SD is not above zero.

    Notes
    -----
    Cochrane Handbook (version 6), section 15.5.3.2. The SD is independent of the effects. Of the exact engine the
    product is again a mixture of normals, and as exact; with draws, each draw meets its own quantile of the SD.
    """
    stated = sd if isinstance(sd, StatedSd) else StatedSd(value=sd)
    pairs, effects = upper_pairs(fit)
    how = f"SD {stated.value:g}" + (f", coefficient of variation {stated.cv:g}" if stated.cv else ", taken as known")
    return _mirrored(fit, pairs, scaled(effects, stated), "points", f"{how} ({stated.source})")


def reexpress_log_odds(fit: Posterior, *, better: Direction) -> ReexpressedEffects:
    """SMDs as log odds ratios of response: s SMD pi/sqrt(3) (Chinn 2000, Stat Med 19:3127).

    Parameters
    ----------
    fit
        A posterior of an SMD.
    better
        Direction of benefit: response is an event that is good for the patient, so s = +1 when higher scores are better
        and -1 when lower ones are.

    Raises
    ------
    UsageError
        When the fit is of another measure, or for another direction.
    """
    sign = direction_sign(better)
    pairs, effects = upper_pairs(fit)
    # a negative factor swaps the two of each pair instead
    turned = pairs if sign > 0 else [(j, i) for i, j in pairs]
    factor = StatedSd(value=LOG_ODDS_PER_SD)
    how = "logistic scores of equal spread in all groups"
    return _mirrored(fit, turned, scaled(effects, factor), "log odds ratio of response", how)


def _mirrored(
    fit: Posterior, pairs: list[tuple[int, int]], effects: Marginal, scale: str, assumption: str
) -> ReexpressedEffects:
    """Both orders of every pair, versus by versus; the second is the first with its sign turned."""
    tail = (1 - fit.spec.level) / 2
    median, low, high = (effects.quantile(p) for p in (0.5, tail, 1 - tail))
    mean, sd = effects.mean, effects.sd
    found: dict[tuple[int, int], Summary] = {}
    for k, (i, j) in enumerate(pairs):
        moments = (float(mean[k]) if fit.has_moment(1) else None, float(sd[k]) if fit.has_moment(2) else None)
        found[i, j] = Summary(*moments, float(median[k]), float(low[k]), float(high[k]))
        less = None if moments[0] is None else -moments[0]
        found[j, i] = Summary(less, moments[1], -float(median[k]), -float(high[k]), -float(low[k]))
    order = sorted(found, key=lambda pair: (pair[1], pair[0]))
    rows = tuple(ReexpressedEffect(fit.treatments[i], fit.treatments[j], found[i, j]) for i, j in order)
    return ReexpressedEffects(rows, scale, assumption, fit.spec.level)
