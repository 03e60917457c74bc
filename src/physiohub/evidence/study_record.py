"""The studies of an outcome as they entered: arms, contrasts, sources, and how cells were made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from physiohub.evidence.risk_of_bias import risk_of_bias
from physiohub.model.normal_study import NormalStudy
from physiohub.model.normal_view import NormalView
from physiohub.network.study import Study

__all__ = ["conversions_record", "study_record"]

Json = dict[str, Any]


def study_record(study: Study, view: NormalView) -> Json:
    """One entry of ``studies``: arms as reported, every pair as a normal contrast, source and identifiers."""
    sources = dict.fromkeys(arm.source for arm in study.arms if arm.source)
    if study.contrasts is not None and study.contrasts.source:
        sources[study.contrasts.source] = None
    doi = study.covariates.get("doi")
    return {
        "id": study.id,
        "treatments": list(study.treatments),
        "level": study.level,
        "participants": study.participants,
        "arms": [
            {
                "treatment": arm.treatment,
                "label": arm.label,
                "n": arm.participants,
                "randomised": arm.randomised,
                "mean": arm.mean,
                "sd": arm.sd,
                "se": arm.mean_se,
                "sd_external": arm.sd_external,
                "events": arm.events,
                "total": arm.total,
                "exposure": arm.exposure,
                "time": arm.time,
                "categories": list(arm.categories) or None,
                "value_type": arm.value_type,
            }
            for arm in study.arms
        ],
        **_contrasts(study, view),
        "source": "; ".join(str(s) for s in sources),
        "doi": None if doi is None else str(doi),
        "year": study.covariates.get("year"),
        "rob": risk_of_bias(study.covariates),
    }


def _contrasts(study: Study, view: NormalView) -> Json:
    """The study's own estimates; what was put to its cells for them, or why it has none."""
    if study.id in view.silent:
        return {"contrasts": [], "contrasts_reason": view.silent[study.id], "added_to_cells": None}
    return {"contrasts": _pairs(view.studies[study.id], study.treatments), "added_to_cells": view.added.get(study.id)}


def _pairs(normal: NormalStudy, treatments: Sequence[str]) -> list[Json]:
    """Every pair of the study's arms: estimate, SE, and a 95% interval of the normal likelihood."""
    a = len(treatments)
    to_arms = np.eye(a) if normal.level == "arm" else np.vstack([np.zeros(a - 1), np.eye(a - 1)])
    found = []
    for j in range(a):
        for k in range(j + 1, a):
            if treatments[k] == treatments[j]:
                continue  # two arms kept on one treatment are no comparison
            contrast = to_arms[k] - to_arms[j]
            estimate = float(contrast @ normal.y)
            se = float(np.sqrt(contrast @ normal.sampling @ contrast))
            found.append(
                {
                    "treatment": treatments[k],
                    "versus": treatments[j],
                    "arms": [k, j],
                    "estimate": estimate,
                    "se": se,
                    "low": estimate - 1.959963984540054 * se,
                    "high": estimate + 1.959963984540054 * se,
                }
            )
    return found


def conversions_record(study: Study) -> list[Json]:
    """Every value of a study that its authors did not print, with the rule that made it."""
    made = [(arm.label or arm.treatment, c) for arm in study.arms for c in arm.conversions]
    made += [("", c) for c in (study.contrasts.conversions if study.contrasts is not None else ())]
    return [
        {"study": study.id, "arm": arm, "what": c.what, "how": c.how, "value": c.value, "rows": list(c.rows)}
        for arm, c in made
    ]
