"""One outcome of results.json: every answer about it, as plain data with null for what cannot be computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from physiohub.analysis.effects import Direction, RelativeEffects, relative_effects
from physiohub.analysis.fit_statistics import fit_statistics
from physiohub.analysis.heterogeneity import heterogeneity
from physiohub.analysis.missing_outcomes import missing_outcomes
from physiohub.analysis.ranking import rank
from physiohub.analysis.sensitivity import Alternative, Refit, model_alternatives, refit
from physiohub.errors import ModelError
from physiohub.evidence.absolute_record import BaselineStatement, absolute_under
from physiohub.evidence.checks_record import checks_record
from physiohub.evidence.frequentist_record import frequentist_record, inconsistency_record
from physiohub.evidence.heterogeneity_record import HEAVY_TAIL, heterogeneity_record, tau_record
from physiohub.evidence.missing_record import missing_record
from physiohub.evidence.remarks import (
    about_empirical_priors,
    about_inconsistency,
    data_warnings,
    under_wider_priors,
    without_effect,
    zero_cells_record,
)
from physiohub.evidence.study_record import conversions_record, study_record
from physiohub.inference.collapsed.cut_points import LARGEST_INCREMENT
from physiohub.inference.drawn_posterior import DrawnPosterior
from physiohub.inference.exact_posterior import ExactPosterior
from physiohub.inference.fit import fit
from physiohub.inference.posterior import Posterior
from physiohub.measures.measure import MEASURES
from physiohub.model.normal_view import normal_view
from physiohub.model.spec import ModelSpec
from physiohub.network.geometry import geometry
from physiohub.network.network import Network
from physiohub.prepare.important import ImportantValue

__all__ = ["OutcomeContext", "outcome_record"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeContext:
    """What a review knows of an outcome beside its network.

    Attributes
    ----------
    outcome_type, comparison_type
        Kind of the outcome and of the comparisons, by which tau is set beside the tau of earlier meta-analyses (see
        `physiohub.model.empirical`); None: not stated.
    choices, excluded
        Dictionaries with ``study``, ``choice`` and ``reason``; with ``study`` and ``reason``.
    alternatives
        The review's own sensitivity analyses.
    baseline
        What happens under one treatment; None: no absolute effects.
    """

    id: str = "outcome"
    label: str | None = None
    instrument: Mapping[str, Any] | None = None
    mid: ImportantValue | None = None
    outcome_type: str | None = None
    comparison_type: str | None = None
    choices: Sequence[Mapping[str, Any]] = ()
    excluded: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    alternatives: Sequence[Alternative] = field(default_factory=tuple)
    baseline: BaselineStatement | None = None


def outcome_record(
    network: Network, spec: ModelSpec, *, better: Direction, context: OutcomeContext | None = None
) -> Json:
    """Fit one outcome and answer everything that is asked of it.

    Parameters
    ----------
    network, spec
        The data and the model.
    better
        ``"lower"`` or ``"higher"``.
    context
        What the review adds; a bare table has none.

    Returns
    -------
    dict
        One value of ``outcomes`` in results.json (schema ``physiohub/results/1``).

    Raises
    ------
    DataError, ModelError
        As `physiohub.inference.fit.fit`.
    """
    context = context or OutcomeContext()
    posterior = fit(network, spec)
    mid = None if context.mid is None else context.mid.value
    effects = relative_effects(posterior, better=better, mid=mid)
    alternatives = (*model_alternatives(network, spec, mid=mid), *context.alternatives)
    refits = [refit(alternative, better=better) for alternative in alternatives]
    record = _question(posterior, better, context)
    asked, network = network, posterior.network  # the twin is asked of all, and says itself what it leaves out
    view = normal_view(network, spec)
    record["network"] = _network(network)
    record["engine"] = _engine(posterior)
    kind = {"outcome_type": context.outcome_type, "comparison_type": context.comparison_type}
    between = heterogeneity(posterior, **kind)
    record["heterogeneity"] = heterogeneity_record(posterior, between)
    record["relative_effects"] = _effects(effects)
    record |= _ranking(posterior, better)
    record["fit"] = _fit(posterior)
    record |= checks_record(posterior)
    record["absolute"] = None if context.baseline is None else absolute_under(posterior, context.baseline, better)
    record |= _of_contrasts(asked, posterior, better, view.reason)
    record["studies"] = [study_record(study, view) for study in network.studies]
    record["conversions"] = [entry for study in network.studies for entry in conversions_record(study)]
    record["choices"] = [dict(choice) for choice in context.choices]
    record["excluded"] = _excluded(network, context)
    record["notes"] = [*context.notes, *(str(i) for i in network.issues if i.severity == "note")]
    record["notes"] += without_effect(posterior)
    record["zero_cells"] = zero_cells_record(posterior)
    record["warnings"] = data_warnings(posterior, context.warnings)
    record["warnings"] += about_empirical_priors(posterior, refits)
    if between.warning is not None:
        record["warnings"] += [between.warning, under_wider_priors(effects, refits)]
    record["warnings"] += about_inconsistency(record["inconsistency"])
    record["sensitivity"] = [_refit(found) for found in refits]
    record["missing_outcomes"] = missing_record(missing_outcomes(asked, spec))
    return record


def _of_contrasts(asked: Network, posterior: Posterior, better: Direction, reason: str) -> Json:
    """What is asked of the studies as normal contrasts, the twin and tests of inconsistency; or why it cannot be."""
    if reason:
        none = {"global": None, "q": None, "reason": reason}
        return {"frequentist": None, "frequentist_reason": reason, "inconsistency": none}
    return {
        "frequentist": frequentist_record(asked, posterior.spec, better),
        "inconsistency": inconsistency_record(posterior.network, posterior.spec),
    }


def _question(posterior: Posterior, better: Direction, context: OutcomeContext) -> Json:
    spec, priors, measure = posterior.spec, posterior.priors, MEASURES[posterior.spec.measure]
    likelihood, link = _likelihood(posterior)
    return {
        "id": context.id,
        "label": context.label or context.id,
        "measure": spec.measure,
        "scale": measure.scale,
        "better": better,
        "effects": spec.effects,
        "likelihood": likelihood,
        "link": link,
        "reference": posterior.network.reference,
        "level": spec.level,
        "seed": spec.seed,
        "instrument": None if context.instrument is None else dict(context.instrument),
        "mid": None
        if context.mid is None
        else {"value": context.mid.value, "text": context.mid.text, "source": context.mid.source},
        "priors": {
            "d": str(priors.d),
            "mu": None if priors.mu is None else str(priors.mu),
            "tau": None if priors.tau is None else str(priors.tau),
            "defaulted": list(priors.defaulted),
            "scale_source": priors.scale_source,
            **_cut_points(posterior),
        },
    }


def _cut_points(posterior: Posterior) -> Json:
    """The prior of the distances of cut-points that all studies share; nothing where there are none."""
    if not isinstance(posterior, DrawnPosterior) or not posterior.arms.cut_points:
        return {}
    if posterior.spec.cut_points == "free":
        return {"cut_points": "of each study its own"}
    return {"cut_points": f"uniform(0, {LARGEST_INCREMENT:g})"}


def _likelihood(posterior: Posterior) -> tuple[str, str]:
    """Likelihood and link in words; studies that enter by contrasts are named beside the arms."""
    name, link, levels = "normal", "identity", set[str]()
    if isinstance(posterior, DrawnPosterior):
        arms = posterior.arms
        name, link = arms.likelihood.name, str(arms.likelihood.link)
        levels = {level for level, found in (("arm", len(arms.first)), ("contrast", len(arms.contrasts))) if found}
    elif isinstance(posterior, ExactPosterior):
        levels = {study.level for study in posterior.rows.studies}
    if "arm" not in levels:
        return "normal contrasts", "identity"
    return (f"{name} arms and normal contrasts" if "contrast" in levels else name), link


def _network(network: Network) -> Json:
    shape = geometry(network)
    return {
        "studies": shape.studies,
        "arms": shape.arms,
        "participants": shape.participants,
        "treatments": [
            {"id": t.treatment, "label": t.label, "participants": t.participants, "studies": t.studies}
            for t in shape.treatments
        ],
        "connected": shape.connected,
        "comparisons": [
            {"treatment": c.treatment, "versus": c.versus, "studies": len(c.studies), "participants": c.participants}
            for c in shape.comparisons
        ],
        "multi_arm_studies": len(shape.multi_arm_studies),
        "multi_arm_list": list(shape.multi_arm_studies),
        "designs": len(shape.designs),
        "design_list": [{"treatments": list(d.treatments), "studies": list(d.studies)} for d in shape.designs],
    }


def _engine(posterior: Posterior) -> Json:
    engine, verdict = posterior.engine, posterior.verdict
    return {
        "name": engine.name,
        "why": engine.why,
        "seconds": engine.seconds,
        "numerical_error": engine.numerical_error,
        "nodes": engine.points if engine.name == "exact" else None,
        "draws": None if engine.name == "exact" else engine.points,
        "ess": engine.ess,
        "pareto_k": engine.pareto_k if engine.pareto_k is not None and isfinite(engine.pareto_k) else None,
        "verdict": {"ok": verdict.ok, "reasons": list(verdict.reasons)},
    }


def _effects(effects: RelativeEffects) -> list[Json]:
    return [
        {
            "treatment": e.treatment,
            "versus": e.versus,
            "mean": e.mean,
            "sd": e.sd,
            "q2.5": e.q2_5,
            "median": e.median,
            "q97.5": e.q97_5,
            "low": e.low,
            "high": e.high,
            "predictive_low": e.predictive_low,
            "predictive_high": e.predictive_high,
            "p_better": _probability(e.p_better),
            "p_beyond_mid": _probability(e.p_beyond_mid),
            **({"reason": HEAVY_TAIL} if e.sd is None else {}),
        }
        for e in effects.effects
    ]


def _probability(value: float | None) -> float | None:
    """A probability without what a sum of rounded weights may have beyond 0 and 1."""
    return None if value is None else min(max(value, 0.0), 1.0)


def _ranking(posterior: Posterior, better: Direction) -> Json:
    ranking = rank(posterior, better=better)
    rows = [
        {
            "treatment": row.treatment,
            "sucra": _probability(row.sucra),
            "p_score": _probability(row.p_score),
            "p_best": _probability(row.p_best),
            "mean_rank": row.mean_rank,
            "median_rank": row.median_rank,
            "rank_low": row.rank_low,
            "rank_high": row.rank_high,
            "rank_probabilities": [_probability(p) for p in row.rank_probabilities],
            "rank_error": row.rank_error,
        }
        for row in ranking.rows
    ]
    return {"ranking": rows, "poth": ranking.poth, "rank_draws": ranking.draws}


def _fit(posterior: Posterior) -> Json:
    try:
        found = fit_statistics(posterior)
    except ModelError as error:
        none = {"deviance": None, "leverage": None, "data_points": None}
        studies: list[Json] = [{"study": study.id, **none} for study in posterior.network.studies]
        whole: Json = {"dbar": None, "pd": None, "dic": None, "data_points": 0, "studies": studies}
        return {**whole, "residual_deviance_reason": str(error)}
    studies, points = [], _points_of_arms(posterior)
    for study, in_network in zip(found.studies, posterior.network.studies, strict=True):
        arms = [
            {"treatment": t, "deviance": d, "leverage": lev, "residual": r, "data_points": n}
            for t, d, lev, r, n in zip(
                in_network.treatments,
                study.arm_deviance,
                study.arm_leverage,
                study.arm_residual,
                points.get(study.study, [1] * len(in_network.arms)),
                strict=False,
            )
        ]
        studies.append(
            {
                "study": study.study,
                "deviance": study.deviance,
                "leverage": study.leverage,
                "data_points": study.data_points,
                "residual": study.residual,
                "arms": arms,
            }
        )
    reason = {"residual_deviance_reason": found.reason} if found.reason else {}
    return {
        "dbar": found.dbar, "pd": found.pd, "dic": found.dic, "data_points": found.data_points, "studies": studies,
        **reason,
    }  # fmt: skip


def _points_of_arms(posterior: Posterior) -> dict[str, list[int]]:
    """Study id -> data points of its arms: one each, but for ordered categories."""
    if not isinstance(posterior, DrawnPosterior):
        return {}
    found: dict[str, list[int]] = {}
    for study, points in zip(posterior.arms.study, posterior.arms.likelihood.data_points, strict=True):
        found.setdefault(posterior.arms.studies[study], []).append(int(points))
    return found


def _excluded(network: Network, context: OutcomeContext) -> list[Json]:
    asked = [{"study": e.study, "reason": e.reason} for e in network.exclusions]
    known = {e["study"] for e in asked}
    return asked + [dict(e) for e in context.excluded if e["study"] not in known]


def _refit(found: Refit) -> Json:
    alternative, posterior = found.alternative, found.posterior
    record: Json = {
        "id": alternative.id,
        "label": alternative.label,
        "kind": alternative.kind,
        "measure": None if alternative.spec is None else alternative.spec.measure,
        "ok": posterior is not None,
        "reason": found.reason,
        "studies": None if posterior is None else len(posterior.network.studies),
        "tau": None,
        "i_squared": None,
        "relative_effects": [] if found.effects is None else _effects(found.effects),
    }
    if posterior is not None:
        record["likelihood"] = _likelihood(posterior)[0]
        shown = heterogeneity(posterior)
        record |= {"i_squared": shown.i_squared, "tau": tau_record(shown)}
    return record
