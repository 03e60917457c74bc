"""How exact the collapsed density is: a few draws again, by finer rules and without tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.collapsed.arm_integral import ArmDensities
from physiohub.inference.collapsed.arm_table import some_arms
from physiohub.inference.collapsed.outer import Outer
from physiohub.inference.collapsed.sums import log_sum
from physiohub.inference.collapsed.target import CollapsedTarget, effects_of
from physiohub.inference.collapsed.terms import PairTerm, SeveralTerm

__all__ = ["log_weight_error"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


def log_weight_error(target: CollapsedTarget, densities: ArmDensities, tau: Floats, node: Places, d: Floats) -> float:
    """Largest error of a log weight among some draws, at nodes (draw,) of tau and effects d (draw, parameter).

    A constant that all draws share does no harm, so that errors are taken from their mean. Inner and outer rules have
    twice as many points as in the tables, and nothing is interpolated.
    """
    fine = densities.finer()
    error = np.zeros(len(node))
    for term in target.terms:
        if isinstance(term, PairTerm | SeveralTerm):
            effects = effects_of(term.design, d)
            error += (term.value(node, effects) - _again(term.outer, fine, tau, node, effects)).sum(1)
    return float(np.max(np.abs(error - error.mean()))) if len(node) else 0.0


def _again(outer: Outer, fine: ArmDensities, tau: Floats, node: Places, effects: Floats) -> Floats:
    """Log likelihood (draw, study) with every inner integral computed where it is needed."""
    shape = outer.shape
    finer = Outer.of(shape, outer.tables, 2)
    study = np.broadcast_to(np.arange(len(shape.study)), (len(node), len(shape.study)))
    x, log_rule = finer.nodes(study, node[:, None], effects)
    variance = (np.square(tau[node]) / 2)[None, :, None]  # (arm, draw, point)
    total = log_rule + _own(fine, shape.base, x, variance)
    for k in range(shape.others.shape[1]):
        total = total + _own(fine, shape.others[:, k], x + effects[..., k, None], variance)
    return log_sum(total)


def _own(densities: ArmDensities, arms: Places, x: Floats, variance: Floats) -> Floats:
    """Log f (draw, study, point) of one arm of each study at x of that shape."""
    order = np.argsort(arms)
    found = np.empty_like(x)
    found[:, order] = np.moveaxis(
        some_arms(densities, arms[order]).log_integral(np.moveaxis(x[:, order], 1, 0), variance), 0, 1
    )
    return found
