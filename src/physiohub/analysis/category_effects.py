"""Ordered outcomes: the probability of each category under each treatment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from physiohub.analysis.baseline import BaselineDistribution
from physiohub.analysis.pairing import Lattice
from physiohub.analysis.summary import Summary, summarised
from physiohub.inference.drawn_posterior import DrawnPosterior
from physiohub.inference.posterior import Posterior
from physiohub.measures.natural import NaturalScale

__all__ = ["CategoryEffect", "category_effects"]


@dataclass(frozen=True, slots=True)
class CategoryEffect:
    """One category of an ordered outcome under one treatment.

    Attributes
    ----------
    category
        From 0, the lowest.
    within
        Probability of this category.
    reached
        Probability of this category or a higher one; 1 for the lowest.
    """

    treatment: str
    category: int
    within: Summary
    reached: Summary


def category_effects(
    fit: Posterior, place: int, baseline: BaselineDistribution, scale: NaturalScale
) -> Iterator[CategoryEffect]:
    """Every category under every treatment, where the fit has shared cut-points above the first.

    P(category j or higher) = Phi(baseline + d - c_j), the first cut-point being zero (TSD 2, section 3.6).

    Parameters
    ----------
    fit
        A posterior; of an ordered outcome it is by draws.
    place
        Of the baseline's treatment.
    baseline, scale
        About the first cut-point, on the probit scale.
    """
    if not isinstance(fit, DrawnPosterior) or not fit.cuts.shape[1]:
        return
    cuts = np.vstack([np.zeros(len(fit.weights)), fit.cuts.T])  # (cut, draw)
    d = np.vstack([np.zeros(len(fit.weights)), fit.d.T])  # (treatment, draw)
    lattice = Lattice.of_draws(fit.weights, np.vstack([d - d[place], cuts]))
    start, ends = baseline.link_values(lattice.other, scale, None), (np.ones(lattice.points), np.zeros(lattice.points))
    for k, treatment in enumerate(fit.treatments):
        theta = start + lattice.quantity(k)
        above = [scale.to_natural(theta - lattice.quantity(len(d) + j)) for j in range(len(cuts))]
        reached = [ends[0], *above, ends[1]]
        for category in range(len(cuts) + 1):
            within = lattice.sample(reached[category] - reached[category + 1])
            yield CategoryEffect(
                treatment,
                category,
                summarised(within, fit.spec.level),
                summarised(lattice.sample(reached[category]), fit.spec.level),
            )
