"""Tau beside the tau of earlier meta-analyses, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.format import probability, significant

__all__ = ["beside_earlier", "earlier_range", "earlier_shown"]


def earlier_range(empirical: Mapping[str, Any]) -> str:
    """Median and central 95% range of the published distribution of tau.

    Examples
    --------
    >>> earlier_range({"median": 0.2209, "q2.5": 0.0119, "q97.5": 4.087})
    '0.22 (95% 0.012 to 4.1)'
    """
    low, high = significant(empirical["q2.5"]), significant(empirical["q97.5"])
    return f"{significant(empirical['median'])} (95% {low} to {high})"


def beside_earlier(empirical: Mapping[str, Any]) -> str:
    """Which distribution it is and why this one, where tau of this analysis lies in it, and doubts about it."""
    below = (
        f"Such a meta-analysis has tau below the posterior median with probability {probability(empirical['p_below'])}."
    )
    doubt = f" {empirical['warning']}" if empirical.get("warning") else ""
    return f"{empirical['name']}: {empirical['chosen']}. {below}{doubt}"


def earlier_shown(heterogeneity: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The published distribution where it is another curve than the prior; None where there is nothing to draw."""
    empirical: Mapping[str, Any] | None = heterogeneity.get("empirical")
    drawn = (heterogeneity.get("density") or {}).get("empirical")
    if empirical is None or not drawn or empirical["name"] == heterogeneity.get("prior_text"):
        return None
    return empirical
