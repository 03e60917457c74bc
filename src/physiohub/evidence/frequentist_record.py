"""The frequentist twin of an outcome, as plain data for results.json."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, get_args

import numpy as np

from physiohub.analysis.effects import Direction
from physiohub.analysis.inconsistency import design_by_treatment, q_parts
from physiohub.inference.frequentist import FrequentistFit, Method, fit_frequentist
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network

__all__ = ["frequentist_record", "inconsistency_record"]

Json = dict[str, Any]


def frequentist_record(network: Network, spec: ModelSpec, better: Direction) -> Json:
    """REML beside a random-effects run and common beside a common-effect run, with the other methods in short.

    The other methods hold tau and the effects versus the reference; the main one every ordered pair.
    """
    main = fit_frequentist(network, spec, method="REML" if spec.effects == "random" else "common")
    others = [fit_frequentist(network, spec, method=method) for method in get_args(Method) if method != main.method]
    return {
        "method": main.method,
        **_heterogeneity(main),
        "relative_effects": [asdict(effect) for effect in main.effects],
        "p_scores": main.p_scores(better),
        "corrected": list(main.zero_cells.corrected),
        "left_out": list(main.zero_cells.left_out),
        "methods": {
            other.method: {
                **_heterogeneity(other),
                "relative_effects": [asdict(e) for e in other.effects if e.versus == network.reference],
            }
            for other in others
        },
    }


def inconsistency_record(network: Network, spec: ModelSpec) -> Json:
    """The global test and the parts of Cochran's Q; a test that is not possible says why."""
    test, parts = design_by_treatment(network, spec), q_parts(network, spec)
    found = asdict(test)
    if not test.possible:
        found["reason"] = "no two designs give separate evidence on the same effect"
    return {"global": found, "q": {name: asdict(getattr(parts, name)) for name in ("total", "within", "between")}}


def _heterogeneity(fit: FrequentistFit) -> Json:
    return {"tau": float(np.sqrt(fit.tau2)), "tau2": fit.tau2, "i_squared": fit.q.i_squared}
