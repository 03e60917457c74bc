"""Tau beside the tau of earlier meta-analyses: which published distribution applies, and where tau lies in it."""

from __future__ import annotations

from dataclasses import dataclass

from physiohub.inference.posterior import Posterior
from physiohub.model.empirical import EmpiricalPrior, empirical_prior

__all__ = ["EmpiricalTau", "empirical_tau", "reference_distribution"]

_NON_PHARMACOLOGICAL = "any non-pharmacological"


@dataclass(frozen=True, slots=True, eq=False)
class EmpiricalTau:
    """The distribution of tau over earlier meta-analyses, and where tau of this analysis lies in it.

    Attributes
    ----------
    distribution
        Published distribution of tau on the scale of the measure.
    chosen
        How it came to be this one, in words.
    p_below
        Probability that tau of such a meta-analysis lies below the posterior median of tau.
    """

    distribution: EmpiricalPrior
    chosen: str
    p_below: float


def empirical_tau(
    fit: Posterior, *, outcome_type: str | None = None, comparison_type: str | None = None
) -> tuple[EmpiricalTau | None, str]:
    """Set tau of a fit beside a published distribution.

    Parameters
    ----------
    outcome_type, comparison_type
        As the review states them, in the words of the tables; None where it states nothing.

    Returns
    -------
    tuple
        What was found, and why there is nothing (empty when there is something).

    Raises
    ------
    ModelError
        When a type that is stated is not one of the table for the measure.
    """
    if fit.tau is None:
        return None, "a common-effect model has no heterogeneity parameter"
    prior = fit.priors.tau
    if isinstance(prior, EmpiricalPrior):
        distribution, chosen = prior, "it is also the prior of tau"
    else:
        found = reference_distribution(fit.spec.measure, outcome_type, comparison_type)
        if found is None:
            return None, f"no published distribution of tau is on the scale of {fit.spec.measure}"
        distribution, chosen = found
    return EmpiricalTau(distribution, chosen, distribution.probability_below(fit.tau.quantile(0.5))), ""


def reference_distribution(
    measure: str, outcome_type: str | None = None, comparison_type: str | None = None
) -> tuple[EmpiricalPrior, str] | None:
    """The published distribution that applies to an analysis, and how it was chosen.

    With both types, their cell. For an SMD with an outcome type alone, that of non-pharmacological treatment, which the
    table does not divide further. Else the distribution over all outcome and comparison types.

    Raises
    ------
    ModelError
        When a type that is stated is not one of the table.

    Examples
    --------
    >>> prior, chosen = reference_distribution("SMD", "pain")
    >>> chosen
    'outcome type as stated; comparison type not stated, taken as any non-pharmacological'
    >>> [str(part) for part in reference_distribution("OR")]
    ['turner-2015(marginal)', 'no outcome type stated, so over all outcome and comparison types']
    >>> reference_distribution("MD") is None
    True
    """
    if measure not in ("SMD", "OR"):
        return None
    if outcome_type is not None and comparison_type is not None:
        prior = empirical_prior(measure, outcome=outcome_type, comparison=comparison_type)
        return prior, "outcome type and comparison type as stated"
    if outcome_type is not None and measure == "SMD":
        prior = empirical_prior(measure, outcome=outcome_type, comparison=_NON_PHARMACOLOGICAL)
        return prior, f"outcome type as stated; comparison type not stated, taken as {_NON_PHARMACOLOGICAL}"
    missing = "outcome" if outcome_type is None else "comparison"
    return empirical_prior(measure), f"no {missing} type stated, so over all outcome and comparison types"
