"""Absolute effects as they stand in results.json."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from physiohub.analysis.absolute import AbsoluteEffect, AbsoluteEffects, absolute_effects
from physiohub.analysis.baseline_model import baseline_model
from physiohub.analysis.effects import Direction
from physiohub.analysis.nnt import Nnt, NntEnd
from physiohub.analysis.summary import Summary
from physiohub.inference.posterior import Posterior

__all__ = ["BaselineStatement", "absolute_record", "absolute_under"]

OF_THE_NETWORK = "network"
"""A baseline that is modelled from the network's own arms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineStatement:
    """What happens under one treatment, so that effects become absolute.

    Attributes
    ----------
    text
        A distribution such as ``"events(62, 1000)"``, or ``"network"``: a model of the network's own arms.
    treatment
        Id of the treatment that it is about; None: the reference.
    time, per
        Follow-up time of a hazard ratio's probabilities; units of exposure that rates are counted in.
    source
        Where it comes from.
    """

    text: str
    treatment: str | None = None
    time: float | None = None
    per: float = 1.0
    source: str = "stated"


def absolute_under(posterior: Posterior, baseline: BaselineStatement, better: Direction) -> dict[str, Any]:
    """Absolute effects under a stated baseline, as plain data.

    Raises
    ------
    DataError, ModelError, UsageError
        As `physiohub.analysis.absolute.absolute_effects`.
    """
    asked = {"better": better, "time": baseline.time, "per": baseline.per}
    if baseline.text.strip().lower() == OF_THE_NETWORK:
        model = baseline_model(posterior.network, posterior.spec.measure, treatment=baseline.treatment)
        return absolute_record(absolute_effects(posterior, model, **asked))  # type: ignore[arg-type]
    found = absolute_effects(
        posterior, baseline.text, treatment=baseline.treatment, source=baseline.source, **asked  # type: ignore[arg-type]
    )  # fmt: skip
    return absolute_record(found)


def absolute_record(found: AbsoluteEffects) -> dict[str, Any]:
    """Everything of the absolute effects; JSON has no infinity, so that a number to treat without end is null.

    Examples
    --------
    >>> import physiohub as ph
    >>> from physiohub import datasets
    >>> from physiohub.analysis.absolute import absolute_effects
    >>> fit = ph.fit(datasets.load("parkinson_differences"), ph.ModelSpec(measure="MD", tau_prior="half-normal(1)"))
    >>> absolute_record(absolute_effects(fit, "mean(-0.7)"))["treatments"][0]["difference"] is None
    True
    """
    return {
        "kind": found.kind,
        "versus": found.versus,
        "baseline": found.baseline,
        "source": found.source,
        "time": found.time,
        "per": found.per,
        "level": found.level,
        "numerical_error": found.numerical_error,
        "treatments": [_treatment(effect) for effect in found.effects],
        "categories": [
            {
                "treatment": row.treatment,
                "category": row.category,
                "within": asdict(row.within),
                "reached": asdict(row.reached),
            }
            for row in found.categories
        ],
    }


def _treatment(effect: AbsoluteEffect) -> dict[str, Any]:
    return {
        "treatment": effect.treatment,
        "outcome": _summary(effect.outcome),
        "difference": None if effect.difference is None else _summary(effect.difference),
        "nnt": None if effect.nnt is None else _nnt(effect.nnt),
        "impossible": effect.impossible,
    }


def _summary(summary: Summary) -> dict[str, float | None]:
    return asdict(summary)


def _nnt(nnt: Nnt) -> dict[str, Any]:
    ends = {name: _end(getattr(nnt, name)) for name in ("estimate", "best", "worst")}
    return {**ends, "through_infinity": nnt.through_infinity}


def _end(end: NntEnd) -> dict[str, Any]:
    return {"kind": end.kind, "value": end.value if math.isfinite(end.value) else None}
