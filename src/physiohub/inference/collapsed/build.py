"""The collapsed density of a network: its arms with their priors, its studies as terms."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import ModelError
from physiohub.inference.collapsed.arm_integral import ArmDensities
from physiohub.inference.collapsed.arm_table import ArmTables
from physiohub.inference.collapsed.check import log_weight_error
from physiohub.inference.collapsed.cut_points import DEGREES, CutGrid, CutTarget, cuts_of
from physiohub.inference.collapsed.free_cuts import FREE_POINTS, FreeCuts, MixedTerm, free_cuts
from physiohub.inference.collapsed.outer import Outer, study_shapes
from physiohub.inference.collapsed.standardised import StandardisedTerm
from physiohub.inference.collapsed.target import CollapsedTarget
from physiohub.inference.collapsed.terms import ContrastTerm, PairTerm, SeveralTerm, StudyTerm
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.baseline import baseline_prior
from physiohub.model.defaults import Priors
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.priors import Flat
from physiohub.model.standardised import StandardisedMeans

__all__ = ["Builder", "FreeCutBuilder", "PlainBuilder", "SharedCutBuilder", "collapsed_target", "densities_of"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
# draws that are computed again at their own cut-points
_CHECKED = 4


def densities_of(arms: ArmNetwork, priors: Priors) -> ArmDensities:
    """The arms with the prior of study baselines.

    Raises
    ------
    ModelError
        When that prior does not fit the likelihood.
    """
    if isinstance(arms.likelihood, StandardisedMeans) and not isinstance(priors.mu, Flat):
        raise ModelError(f"Baselines of an SMD with unknown SDs are flat on the raw scale; {priors.mu} is not.")
    first = arms.likelihood.take(arms.first)
    return ArmDensities.of(arms, baseline_prior(priors.mu or Flat(), first))


def collapsed_target(
    arms: ArmNetwork, densities: ArmDensities, priors: Priors, tau: Floats, *, refined: int = 1
) -> CollapsedTarget:
    """The collapsed density at nodes of tau (node,)."""
    terms: list[StudyTerm] = [
        ContrastTerm.of(place, study, arms.parameters, tau) for place, study in arms.contrasts.items()
    ]
    if isinstance(arms.likelihood, StandardisedMeans):
        terms += [StandardisedTerm.of(arms, place, tau) for place in range(len(arms.first))]
    elif len(arms.first):
        tables = ArmTables.of(densities, tau)
        for shape in study_shapes(densities, arms.sizes):
            outer = Outer.of(shape, tables, refined)
            place = arms.study[shape.base]
            design = arms.design[shape.others] - arms.design[shape.base][:, None]
            if shape.others.shape[1] == 1:
                terms.append(PairTerm.of(place, design, outer, densities.crude, tau))
            else:
                terms.append(SeveralTerm(place, design, outer))
    return CollapsedTarget(arms.parameters, len(arms.studies), terms, priors.d)


def at_cuts(arms: ArmNetwork, log_increments: Floats) -> ArmNetwork:
    """The network with known cut-points, from the logs of their increments (cut,)."""
    assert isinstance(arms.likelihood, Ordered)
    return replace(arms, likelihood=arms.likelihood.at_cuts(cuts_of(log_increments)))


class Builder(Protocol):
    """Makes the density that is drawn from.

    Attributes
    ----------
    middle
        The network with whatever the crude posterior needs to know.
    densities
        Its arms.
    extra : array (parameter,)
        Where the parameters beside the effects start.
    """

    middle: ArmNetwork
    densities: ArmDensities
    extra: Floats

    def rough(self, tau: Floats) -> CollapsedTarget:
        """A density of the effects at nodes of tau (node,), good enough to see where tau has its mass."""
        ...

    def target(self, tau: Floats, rough: CollapsedTarget) -> CollapsedTarget | CutTarget:
        """The density at nodes of tau (node,); `rough` is the rough one there."""
        ...

    def error(self, target: CollapsedTarget | CutTarget, tau: Floats, node: Places, drawn: Floats) -> float:
        """Largest error of a log weight among some draws (draw, parameter) at nodes (draw,)."""
        ...


class PlainBuilder:
    """No cut-points, or known ones."""

    def __init__(self, arms: ArmNetwork, priors: Priors) -> None:
        self.middle, self.priors, self.extra = arms, priors, np.empty(0)
        self.densities = densities_of(arms, priors)

    def rough(self, tau: Floats) -> CollapsedTarget:
        return collapsed_target(self.middle, self.densities, self.priors, tau)

    def target(self, tau: Floats, rough: CollapsedTarget) -> CollapsedTarget:
        return rough

    def error(self, target: CollapsedTarget | CutTarget, tau: Floats, node: Places, drawn: Floats) -> float:
        assert isinstance(target, CollapsedTarget)
        return log_weight_error(target, self.densities, tau, node, drawn)


class SharedCutBuilder:
    """Cut-points that all studies share, sampled with the effects."""

    def __init__(self, arms: ArmNetwork, priors: Priors, degree: int = DEGREES[0]) -> None:
        assert isinstance(arms.likelihood, Ordered)
        self.arms, self.priors = arms, priors
        self.grid = CutGrid.of(arms.likelihood, degree)
        self.extra = self.grid.mean
        self.middle = at_cuts(arms, self.grid.mean)
        self.densities = densities_of(self.middle, priors)

    def rough(self, tau: Floats) -> CollapsedTarget:
        """At the middle of the cut-points."""
        return collapsed_target(self.middle, self.densities, self.priors, tau)

    def target(self, tau: Floats, rough: CollapsedTarget) -> CutTarget:
        return CutTarget(self.grid, [self._at(increments, tau) for increments in self.grid.log_increments])

    def _at(self, log_increments: Floats, tau: Floats) -> CollapsedTarget:
        known = at_cuts(self.arms, log_increments)
        return collapsed_target(known, densities_of(known, self.priors), self.priors, tau)

    def error(self, target: CollapsedTarget | CutTarget, tau: Floats, node: Places, drawn: Floats) -> float:
        """That of the rules, and that of the polynomial in the cut-points besides."""
        assert isinstance(target, CutTarget)
        effects, increments = drawn[:, : self.arms.parameters], drawn[:, self.arms.parameters :]
        some = np.unique(np.linspace(0, len(node) - 1, _CHECKED).astype(np.intp))
        first = np.zeros(1, dtype=np.intp)
        known = [
            float(self._at(increments[k], tau[node[k : k + 1]]).by_study(first, effects[k : k + 1]).sum()) for k in some
        ]
        error = target.by_study(node[some], drawn[some]).sum(1) - np.array(known)
        of_rules = log_weight_error(self._at(self.grid.mean, tau), self.densities, tau, node, effects)
        return of_rules + float(np.max(np.abs(error - error.mean())))


class FreeCutBuilder:
    """Cut-points of their own in every study, integrated out."""

    def __init__(self, arms: ArmNetwork, priors: Priors) -> None:
        self.arms, self.priors, self.extra = arms, priors, np.empty(0)
        self.cuts = free_cuts(arms)
        self.middle = self.cuts.at(arms, len(self.cuts.log_weights) // 2)
        self.densities = densities_of(self.middle, priors)

    def rough(self, tau: Floats) -> CollapsedTarget:
        """At one value of every study's cut-points."""
        return collapsed_target(self.middle, self.densities, self.priors, tau)

    def target(self, tau: Floats, rough: CollapsedTarget) -> CollapsedTarget:
        return self._over(self.cuts, tau)

    def _over(self, cuts: FreeCuts, tau: Floats) -> CollapsedTarget:
        """The density with every study's cut-points summed over the nodes of a rule."""
        arms, targets = self.arms, []
        for node in range(len(cuts.log_weights)):
            known = cuts.at(arms, node)
            targets.append(collapsed_target(known, densities_of(known, self.priors), self.priors, tau))
        place = np.full(len(arms.studies), -1)
        place[arms.study[arms.first]] = np.arange(len(arms.first))
        terms: list[StudyTerm] = []
        # studies are grouped by their counts, so that the groups are the same at every node
        for parts in zip(*[target.terms for target in targets], strict=True):
            own = place[parts[0].study]
            terms.append(parts[0] if np.any(own < 0) else MixedTerm(parts, cuts.log_weights[:, own]))
        return CollapsedTarget(arms.parameters, len(arms.studies), terms, self.priors.d)

    def error(self, target: CollapsedTarget | CutTarget, tau: Floats, node: Places, drawn: Floats) -> float:
        """Against a rule with two more points along each increment."""
        some = np.unique(np.linspace(0, len(node) - 1, _CHECKED).astype(np.intp))
        again = self._over(free_cuts(self.arms, points=FREE_POINTS + 2), tau[node[some]])
        known = again.by_study(np.arange(len(some)), drawn[some]).sum(1)
        error = target.by_study(node[some], drawn[some]).sum(1) - known
        return float(np.max(np.abs(error - error.mean())))
