"""Which engine answers: exact where the data are normal, collapsed where they are not, NUTS on request."""

from __future__ import annotations

from typing import Literal, NamedTuple

from physiohub.errors import ModelError
from physiohub.measures.measure import MEASURES
from physiohub.model.arm_network import has_arm_likelihood
from physiohub.model.priors import StudentT, parse_prior
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network

__all__ = ["Choice", "choose_engine"]

# beyond this many effects a rule over the precisions of their t priors is too coarse
_MOST_T_EFFECTS = 9


class Choice(NamedTuple):
    """An engine and the reason for it."""

    engine: Literal["exact", "collapsed", "nuts"]
    why: str


def choose_engine(network: Network, spec: ModelSpec) -> Choice:
    """The engine of a fit.

    Raises
    ------
    ModelError
        When the engine that was asked for cannot answer the question.
    """
    why_not = _why_not_exact(network, spec)
    if spec.engine == "exact":
        if why_not:
            raise ModelError(f"The exact engine cannot answer this: {why_not}. Use engine 'auto' or 'collapsed'.")
        return Choice("exact", "asked for; the data are normal, so that the posterior is known")
    if spec.engine == "nuts":
        return Choice("nuts", "asked for")
    if spec.engine == "collapsed":
        return Choice("collapsed", "asked for")
    if not why_not:
        return Choice("exact", "the data are normal, so that the posterior is known")
    return Choice("collapsed", f"{why_not}; baselines and random effects are integrated out study by study")


def _why_not_exact(network: Network, spec: ModelSpec) -> str:
    """What stands in the way of the exact engine, in words; empty when nothing does."""
    by_arm = has_arm_likelihood(network, spec)
    if by_arm and spec.measure == "SMD":
        return "the SDs of the arms are unknown"
    if by_arm and MEASURES[spec.measure].data != "mean":
        return "the data are counts"
    if by_arm and spec.baseline_prior is not None and isinstance(parse_prior(spec.baseline_prior, "mu"), StudentT):
        return "a t prior of study baselines does not leave the data normal"
    effects = len(network.treatments) - 1
    t_prior = spec.effect_prior is not None and isinstance(parse_prior(spec.effect_prior, "d"), StudentT)
    return f"{effects} effects with a t prior are too many for a rule" if t_prior and effects > _MOST_T_EFFECTS else ""
