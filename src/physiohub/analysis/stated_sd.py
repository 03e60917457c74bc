"""The SD of scores in points of an instrument, with how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from physiohub.analysis.pairing import golden
from physiohub.errors import ModelError, UsageError
from physiohub.inference.mixture import NormalMixture
from physiohub.inference.posterior import Marginal
from physiohub.inference.sample import WeightedSample
from physiohub.measures.continuous import pooled_sd
from physiohub.network.network import Network
from physiohub.network.study import Arm, Study
from physiohub.prepare.instruments import Instrument

__all__ = ["StatedSd", "scaled", "sd_of_instrument", "sd_of_network"]

Floats = NDArray[np.float64]
# the trapezoidal rule over the log of the SD, in its own SDs
_SCORES = np.arange(-6.0, 6.001, 0.125)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedSd:
    """An SD as a log-normal distribution around its median.

    Attributes
    ----------
    value
        Median, in points, above zero.
    cv
        Coefficient of variation; zero for an SD taken as known.
    source
        Where it comes from, in words.

    Raises
    ------
    UsageError
        When the value is not above zero or the coefficient of variation is below it.

    Examples
    --------
    >>> sd = StatedSd(value=20, cv=0.1)
    >>> low, high = sd.quantile(np.array([0.025, 0.975]))
    >>> round(float(low), 1), round(float(high), 1)
    (16.4, 24.3)
    """

    value: float
    cv: float = 0.0
    source: str = "stated"

    def __post_init__(self) -> None:
        if not (np.isfinite(self.value) and self.value > 0):
            raise UsageError(f"An SD must be above zero, not {self.value!r}.")
        if not (np.isfinite(self.cv) and self.cv >= 0):
            raise UsageError(f"A coefficient of variation must be zero or above, not {self.cv!r}.")

    @property
    def log_sd(self) -> float:
        """SD of the log of the SD."""
        return float(np.sqrt(np.log1p(self.cv**2)))

    def quantile(self, p: Floats) -> Floats:
        """Values (...) below which the SD lies with probabilities `p`."""
        return np.asarray(self.value * np.exp(self.log_sd * ndtri(p)))

    def nodes(self) -> tuple[Floats, Floats]:
        """Values of the SD (node,) and their weights, which sum to one."""
        if self.cv == 0:
            return np.array([self.value]), np.ones(1)
        weights = np.exp(-0.5 * np.square(_SCORES))
        return self.value * np.exp(self.log_sd * _SCORES), weights / weights.sum()


def scaled(marginal: Marginal, sd: StatedSd) -> NormalMixture | WeightedSample:
    """Standardised quantities (quantity,) times an SD that is independent of them.

    A mixture of normals stays one; of weighted draws, each meets its own quantile of the SD.
    """
    if isinstance(marginal, NormalMixture):
        factors, weights = sd.nodes()

        def product(values: Floats) -> Floats:
            return np.asarray((values[..., None] * factors).reshape(*values.shape[:-1], -1))

        return NormalMixture(
            np.ravel(marginal.weights[:, None] * weights), product(marginal.means), product(marginal.sds)
        )
    assert isinstance(marginal, WeightedSample)
    return WeightedSample(marginal.weights, marginal.values * sd.quantile(golden(len(marginal.weights))))


def sd_of_instrument(instrument: Instrument, *, cv: float) -> StatedSd:
    """The usual SD of an instrument of the registry.

    Parameters
    ----------
    instrument
        Of `physiohub.prepare.instruments.registry`.
    cv
        Coefficient of variation of SDs between populations; the registry does not know it, so it is asked for.

    Raises
    ------
    ModelError
        When no usual SD is recorded.

    Examples
    --------
    >>> from physiohub.prepare.instruments import registry
    >>> sd_of_instrument(registry()["odi"], cv=0.15).value
    14.0
    """
    if instrument.usual_sd is None:
        raise ModelError(f"No usual SD of {instrument.label} is recorded: state one.")
    return StatedSd(value=instrument.usual_sd, cv=cv, source=f"usual SD of {instrument.label}")


def sd_of_network(
    network: Network, *, studies: Sequence[str] | None = None, use: Literal["predictive", "mean"] = "predictive"
) -> StatedSd:
    """The SD that the trials themselves saw: geometric mean of their pooled SDs.

    Parameters
    ----------
    network
        Whose arms report SDs.
    studies
        Ids of the studies that used the instrument; by default all.
    use
        ``"predictive"``: the SD of another population like those of the trials, with s sqrt(1 + 1/k) on the log scale,
        s the SD of the log SDs of k trials; ``"mean"``: their mean, with s/sqrt(k).

    Raises
    ------
    ModelError
        When fewer than two of the studies report SDs and numbers of participants.
    UsageError
        When `use` is another word.
    """
    if use not in ("predictive", "mean"):
        raise UsageError(f"use must be predictive or mean, not {use!r}.")
    chosen = [study for study in network.studies if studies is None or study.id in studies]
    found = [sd for study in chosen if (sd := _pooled(study)) is not None]
    if len(found) < 2:
        raise ModelError("Fewer than two trials report SDs, which does not tell how SDs vary: state one.")
    logs = np.log(np.array(found))
    factor = 1 + 1 / len(logs) if use == "predictive" else 1 / len(logs)
    variance = float(logs.var(ddof=1)) * factor
    return StatedSd(
        value=float(np.exp(logs.mean())), cv=float(np.sqrt(np.expm1(variance))), source=f"SDs of {len(logs)} trials"
    )


def _pooled(study: Study) -> float | None:
    """Pooled SD of a study; None when an arm does not tell its SD and its n."""
    sds, n = [_raw_sd(arm) for arm in study.arms], [arm.n for arm in study.arms]
    if study.level != "arm" or any(value is None for value in (*sds, *n)):
        return None
    sizes = np.array(n, dtype=float)
    sd = pooled_sd(np.array(sds, dtype=float), sizes)[0] if np.all(sizes > 1) else 0.0
    return sd if sd > 0 else None


def _raw_sd(arm: Arm) -> float | None:
    """The SD as reported, else SE x sqrt(n) of an unadjusted mean."""
    if arm.sd is not None or arm.se is None or arm.n is None or arm.value_type == "adjusted":
        return arm.sd
    return float(arm.se * np.sqrt(arm.n))
