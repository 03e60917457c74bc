"""What is asked of a fit beside its answers: every study against the rest, and what priors and data contribute."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from physiohub.analysis.leave_one_out import leave_one_out
from physiohub.analysis.power_scaling import THRESHOLD, power_scaling
from physiohub.analysis.predictive_check import predictive_check
from physiohub.analysis.prior_posterior import PROBABILITIES, prior_posterior
from physiohub.errors import ModelError
from physiohub.inference.posterior import Posterior

__all__ = ["checks_record"]

Json = dict[str, Any]


def checks_record(posterior: Posterior) -> Json:
    """``leave_one_out``, ``predictive_check``, ``prior_posterior`` and ``power_scaling`` of an outcome.

    What a posterior does not hold is null, with its reason under the same name and ``_reason``.

    Examples
    --------
    >>> import physiohub as ph
    >>> fit = ph.fit(ph.datasets.load("parkinson_differences"), ph.ModelSpec(measure="MD", tau_prior="half-normal(1)"))
    >>> found = checks_record(fit)
    >>> sorted(found), len(found["predictive_check"]["studies"])
    (['leave_one_out', 'power_scaling', 'predictive_check', 'prior_posterior'], 7)
    """
    parts: dict[str, Callable[[Posterior], Json]] = {
        "leave_one_out": _leave_one_out,
        "predictive_check": _predictive_check,
        "prior_posterior": _prior_posterior,
        "power_scaling": _power_scaling,
    }
    record: Json = {}
    for name, ask in parts.items():
        try:
            record[name] = ask(posterior)
        except ModelError as error:
            record |= {name: None, f"{name}_reason": str(error)}
    return record


def _leave_one_out(posterior: Posterior) -> Json:
    # a refit without a study costs as much as the fit: a study that needs one says so here, and the library makes it
    found = leave_one_out(posterior, refit="never")
    return {
        "elpd": found.elpd,
        "se": found.se,
        "studies": [
            {
                "study": row.study,
                "log_density": row.log_density,
                "method": row.method,
                "pareto_k": _finite(row.pareto_k),
                "reason": row.reason,
            }
            for row in found.studies
        ],
    }


def _predictive_check(posterior: Posterior) -> Json:
    found = predictive_check(posterior)
    studies = [{"study": row.study, "p": row.p, "error": row.error} for row in found.studies]
    return {"draws": found.draws, "seed": found.seed, "studies": studies}


def _prior_posterior(posterior: Posterior) -> Json:
    rows = [
        {
            "parameter": row.parameter,
            "prior": row.prior,
            "before": None if row.before is None else [_finite(value) for value in row.before],
            "after": [_finite(value) for value in row.after],
            "width": _finite(row.width),
        }
        for row in prior_posterior(posterior).rows
    ]
    return {"probabilities": list(PROBABILITIES), "rows": rows}


def _power_scaling(posterior: Posterior) -> Json:
    rows = [
        {
            "parameter": row.parameter,
            "effect_prior": _finite(row.effect_prior),
            "tau_prior": _finite(row.tau_prior),
            "prior": _finite(row.prior),
            "likelihood": _finite(row.likelihood),
            "pareto_k": _finite(row.pareto_k),
            "diagnosis": row.diagnosis,
        }
        for row in power_scaling(posterior).rows
    ]
    return {"threshold": THRESHOLD, "rows": rows}


def _finite(value: float | None) -> float | None:
    """The number, or None where JSON has none: a k of minus infinity says that all weights are alike."""
    return value if value is not None and math.isfinite(value) else None
