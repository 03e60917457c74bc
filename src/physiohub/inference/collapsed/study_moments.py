"""Posterior means of what the data of a study say, over draws of the effects: integrals by arm within those by study.

Given (d, tau) a study's baseline is the outer integral's x, and given x its arms are independent: no mean of d is ever
plugged in. What depends on one effect only is a smooth function of it, and is interpolated at Chebyshev points over the
range of the draws (Trefethen 2013, Approximation Theory and Approximation Practice, chapters 2-4); any other study is
averaged over a part of the draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.collapsed.arm_moments import ArmMoments
from physiohub.inference.collapsed.outer import Outer
from physiohub.inference.collapsed.target import effects_of
from physiohub.inference.collapsed.terms import PairTerm, SeveralTerm

__all__ = ["Draws", "add_means", "outer_weights"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
# Chebyshev points over a range of so many SDs of the study either way; a wider range is not interpolated
_POINTS, _WIDEST = 10, 6.0
# and this many draws are left of a study that is not interpolated, or more where there are few such studies
_FEWEST = 1000
_BLOCK = 400_000


class Draws(NamedTuple):
    """Draws of the effects.

    Attributes
    ----------
    weight : array (draw,)
        Sum to one.
    node : array of int (draw,)
        Of tau.
    d : array (draw, parameter)
    share : array (draw, 1 or study)
        What each draw, or each draw for each study of a term, counts besides: a weight that may be negative.
    """

    weight: Floats
    node: Places
    d: Floats
    share: Floats

    def of_studies(self, studies: Places) -> Floats:
        """Weights with shares (draw, study) for some studies of a term."""
        share = self.share if self.share.shape[1] == 1 else self.share[:, studies]
        return np.broadcast_to(self.weight[:, None] * share, (len(self.weight), len(studies)))

    def thinned(self, budget: int) -> Draws:
        """At most `budget` of them, equally likely, each as often as its weight asks for (systematic resampling)."""
        if budget >= len(self.weight):
            return self
        at = (np.arange(budget) + 0.5) / budget * self.weight.sum()
        chosen = np.minimum(np.searchsorted(np.cumsum(self.weight), at), len(self.weight) - 1)
        return Draws(np.full(budget, 1 / budget), self.node[chosen], self.d[chosen], self.share[chosen])


def add_means(found: Floats, term: PairTerm | SeveralTerm, moments: ArmMoments, draws: Draws, *, cells: int) -> None:
    """Write the posterior means of the arms of some studies into `found` (1 + point, arm).

    Parameters
    ----------
    cells
        How many integrands (draw x study x arm x point of the outer rule) may be looked up for studies whose means are
        not interpolated.
    """
    studies = np.arange(len(term.study))
    if isinstance(term, PairTerm):
        narrow = _narrow(term, moments, draws)
        _interpolated(found, term, moments, draws, studies[narrow])
        studies = studies[~narrow]
    if not len(studies):
        return
    shape = term.outer.shape
    arms = 1 + shape.others.shape[1]
    few = draws.thinned(max(_FEWEST, cells // (len(studies) * arms * term.outer.points)))
    effects = effects_of(term.design[studies], few.d)
    weight = few.of_studies(studies)
    for block in _blocks(len(few.node), len(studies) * arms * term.outer.points):
        means = conditional_means(term.outer, moments, studies, few.node[block], effects[block])
        for arm, one in zip(_arms(term.outer, studies), means, strict=True):
            found[:, arm] += np.einsum("hsd,ds->hs", one, weight[block])


def conditional_means(outer: Outer, moments: ArmMoments, study: Places, node: Places, effects: Floats) -> list[Floats]:
    """Means of each arm of some studies, the base arm first: (1 + point, study, draw).

    Parameters
    ----------
    study : array of int (study,)
        Places in the shape.
    node : array of int (draw,)
    effects : array (draw, study, other)
    """
    weight, x = outer_weights(outer, study, node, effects)
    x_first, weight_first = np.moveaxis(x, 1, 0), np.moveaxis(weight, 1, 0)  # (study, draw, point)
    found = []
    for k, arm in enumerate(_arms(outer, study)):
        at = x_first if k == 0 else x_first + effects[..., k - 1].T[..., None]
        found.append(np.einsum("hsdx,sdx->hsd", moments(arm, node[:, None], at), weight_first))
    return found


def outer_weights(outer: Outer, study: Places, node: Places, effects: Floats) -> tuple[Floats, Floats]:
    """Probabilities of the points of the outer rule, and the base arm's x there, both (draw, study, point)."""
    at = np.broadcast_to(study, (len(node), len(study)))
    log_integrand, x = outer.log_integrand(at, node[:, None], effects)
    top = np.max(log_integrand, axis=-1, keepdims=True)
    # effects that the data rule out (log link) leave no x; such a draw has no weight itself
    weight = np.exp(log_integrand - np.where(np.isfinite(top), top, 0.0))
    return weight / np.maximum(weight.sum(-1, keepdims=True), 1e-300), x


def _arms(outer: Outer, study: Places) -> Iterator[Places]:
    """Places of the arms of some studies, (study,) each: the base arms, then the others."""
    yield outer.shape.base[study]
    yield from outer.shape.others[study].T


def _narrow(term: PairTerm, moments: ArmMoments, draws: Draws) -> NDArray[np.bool_]:
    """Studies (study,) whose effect varies little over the draws, in SDs that the study itself knows it to."""
    effects = effects_of(term.design, draws.d)[..., 0]
    _, se = moments.theta.densities.crude
    own = np.sqrt(np.square(se[term.outer.shape.base]) + np.square(se[term.outer.shape.others[:, 0]]))
    half = np.stack([np.ptp(effects[draws.node == k], axis=0) / 2 for k in np.unique(draws.node)])
    tau = moments.theta.tau[np.unique(draws.node)]
    narrow = np.all(half < _WIDEST * np.hypot(own, tau[:, None]), axis=0)
    return np.asarray(narrow & term.outer.shape.two_sided)


def _interpolated(found: Floats, term: PairTerm, moments: ArmMoments, draws: Draws, studies: Places) -> None:
    """Means of two-arm studies: a polynomial in the effect at each tau, and the mean of its terms over the draws."""
    if not len(studies):
        return
    angle = np.pi * (np.arange(_POINTS) + 0.5) / _POINTS
    # values at the points -> coefficients of Chebyshev polynomials
    to_terms = 2 / _POINTS * np.cos(np.arange(_POINTS)[:, None] * angle)
    to_terms[0] /= 2
    effects, weight = effects_of(term.design[studies], draws.d)[..., 0], draws.of_studies(studies)
    nodes = np.unique(draws.node)
    shares = np.empty((len(nodes), _POINTS, len(studies)))  # of each point's value in the mean
    at = np.empty_like(shares)
    for k, node in enumerate(nodes):
        mine = draws.node == node
        own = effects[mine]
        low, high = own.min(0), own.max(0)
        middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-12)
        at[k] = middle + half * np.cos(angle)[:, None]
        own_angle = np.arccos(np.clip((own - middle) / half, -1.0, 1.0))
        terms = np.stack([(weight[mine] * np.cos(j * own_angle)).sum(0) for j in range(_POINTS)])
        shares[k] = to_terms.T @ terms
    node = np.repeat(nodes, _POINTS)
    flat, share = at.reshape(-1, len(studies)), shares.reshape(-1, len(studies))
    for block in _blocks(len(node), len(studies) * 2 * term.outer.points):
        means = conditional_means(term.outer, moments, studies, node[block], flat[block][..., None])
        for arm, one in zip(_arms(term.outer, studies), means, strict=True):
            found[:, arm] += np.einsum("hsd,ds->hs", one, share[block])


def _blocks(count: int, each: int) -> list[Places]:
    return list(np.array_split(np.arange(count), max(1, min(count, count * each // _BLOCK))))
