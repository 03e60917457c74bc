"""Effects of treatments on which nobody had an event, or everybody: bounded by the data on one side only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.nuts.arm_data import ArmData
from physiohub.inference.nuts.coordinates import Tails
from physiohub.inference.nuts.effects import log_prior_of
from physiohub.inference.nuts.tail_map import TailMap
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.priors import Prior

__all__ = ["open_effects"]

Floats = NDArray[np.float64]
# about the distance over which a likelihood ends, and ten SDs of N(0, 100^2)
_WIDTH, _REACH = 1.0, 1000.0


def open_effects(
    arms: ArmNetwork, data: ArmData, estimate: Floats, open_ended: Tails, centre: Floats, prior: Prior
) -> dict[int, TailMap]:
    """The maps of such effects, by place among the basic parameters.

    Parameters
    ----------
    estimate : array (arm,)
        Crude theta.
    centre : array (parameter,)
        Crude effects.
    """
    either = open_ended.low | open_ended.high
    effect = np.append(0.0, centre)
    found = {}
    for k in open_ended.effects(arms):
        beside = {int(a): _comparator(arms, int(a), either) for a in np.flatnonzero(arms.treatment == k + 1)}
        places = [(a, b) for a, b in beside.items() if b is not None]
        if not places:
            continue
        at = np.array([a for a, _ in places], dtype=np.intp)
        base = np.array([estimate[b] - effect[arms.treatment[b]] for _, b in places])
        edge = float(np.mean(estimate[at] - base))
        found[k] = TailMap(_log_density(data, at, base, len(estimate), prior), edge, _WIDTH, _REACH)
    return found


def _comparator(arms: ArmNetwork, arm: int, either: NDArray[np.bool_]) -> int | None:
    """An arm of the same study on another treatment that has both events and non-events."""
    same = (arms.study == arms.study[arm]) & (arms.treatment != arms.treatment[arm]) & ~either
    return int(np.flatnonzero(same)[0]) if same.any() else None


def _log_density(
    data: ArmData, at: NDArray[np.intp], base: Floats, arms: int, prior: Prior
) -> Callable[[Floats], Floats]:
    def log_density(d: Floats) -> Floats:
        theta = np.zeros((arms, len(d)))
        theta[at] = base[:, None] + d
        return np.asarray(data.of_each_arm(theta)[at].sum(0) + log_prior_of(prior, d)[0])

    return log_density
