"""One outcome of results.json: every answer about it, as plain data with null for what cannot be computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from physiohub.analysis.effects import Direction, RelativeEffects, relative_effects
from physiohub.analysis.fit_statistics import fit_statistics
from physiohub.analysis.heterogeneity import Heterogeneity, TauProfile, heterogeneity
from physiohub.analysis.ranking import rank
from physiohub.analysis.sensitivity import Alternative, Refit, model_alternatives, refit
from physiohub.evidence.frequentist_record import frequentist_record, inconsistency_record
from physiohub.evidence.risk_of_bias import unknown_judgement
from physiohub.evidence.study_record import conversions_record, study_record
from physiohub.inference.fit import fit
from physiohub.inference.posterior import Posterior
from physiohub.measures.measure import MEASURES
from physiohub.model.spec import ModelSpec
from physiohub.network.geometry import geometry
from physiohub.network.network import Network
from physiohub.prepare.important import ImportantValue

__all__ = ["OutcomeContext", "outcome_record"]

Json = dict[str, Any]
# p value of the global test from which a reader is warned
_INCONSISTENT = 0.05
_HEAVY_TAIL = "too few data cut off the heavy tail of the prior of tau, so that this mean or SD is infinite"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeContext:
    """What a review knows of an outcome beside its network.

    Attributes
    ----------
    choices, excluded
        Dictionaries with ``study``, ``choice`` and ``reason``; with ``study`` and ``reason``.
    alternatives
        The review's own sensitivity analyses.
    """

    id: str = "outcome"
    label: str | None = None
    instrument: Mapping[str, Any] | None = None
    mid: ImportantValue | None = None
    choices: Sequence[Mapping[str, Any]] = ()
    excluded: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    alternatives: Sequence[Alternative] = field(default_factory=tuple)


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
    record["network"] = _network(network)
    record["engine"] = _engine(posterior)
    between = heterogeneity(posterior)
    record["heterogeneity"] = _heterogeneity(posterior, between)
    record["relative_effects"] = _effects(effects)
    record |= _ranking(posterior, better)
    record["fit"] = _fit(posterior)
    record["frequentist"] = frequentist_record(asked, spec, better)
    record["inconsistency"] = inconsistency_record(network, spec)
    record["studies"] = [study_record(s, n) for s, n in zip(network.studies, posterior.rows.studies, strict=True)]
    record["conversions"] = [entry for study in network.studies for entry in conversions_record(study)]
    record["choices"] = [dict(choice) for choice in context.choices]
    record["excluded"] = _excluded(network, context)
    record["notes"] = [*context.notes, *(str(i) for i in network.issues if i.severity == "note")]
    record["notes"] += _without_effect(posterior)
    record["zero_cells"] = _zero_cells(posterior)
    record["warnings"] = _warnings(posterior, context)
    if between.warning is not None:
        record["warnings"] += [between.warning, _under_wider_priors(effects, refits)]
    record["warnings"] += _about_inconsistency(record["inconsistency"])
    record["sensitivity"] = [_refit(found) for found in refits]
    return record


def _question(posterior: Posterior, better: Direction, context: OutcomeContext) -> Json:
    spec, priors, measure = posterior.spec, posterior.priors, MEASURES[posterior.spec.measure]
    levels = {study.level for study in posterior.rows.studies}
    likelihood = {
        frozenset({"arm"}): "normal",
        frozenset({"contrast"}): "normal contrasts",
    }.get(frozenset(levels), "normal arms and normal contrasts")
    return {
        "id": context.id,
        "label": context.label or context.id,
        "measure": spec.measure,
        "scale": measure.scale,
        "better": better,
        "effects": spec.effects,
        "likelihood": likelihood,
        "link": "identity",
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
        },
    }


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
        "nodes": len(posterior.weights),
        "verdict": {"ok": verdict.ok, "reasons": list(verdict.reasons)},
    }


def _heterogeneity(posterior: Posterior, found: Heterogeneity) -> Json:
    tau = _tau(found)
    record: Json = {"tau": tau, "i_squared": found.i_squared}
    if tau is None:
        record["tau_reason"] = "a common-effect model has no heterogeneity parameter"
    if found.i_squared is None:
        record["i_squared_reason"] = "no degrees of freedom: no comparison or loop has more than one source of evidence"
    return record | {
        "q": {"q": found.q.q, "df": found.q.df, "p": found.q.p},
        "typical_within_sd": found.typical_within_sd,
        "prior_text": None if posterior.priors.tau is None else str(posterior.priors.tau),
        "prior_q80": found.prior_q80,
        "density": {
            "tau": found.grid.tolist(),
            "prior": found.prior_density.tolist(),
            "posterior": found.posterior_density.tolist(),
        },
        "warning": found.warning,
        "profile": _profile(found.profile),
    }


def _tau(found: Heterogeneity) -> Json | None:
    """Summary of tau's posterior; None in a common-effect fit."""
    if found.median is None:
        return None
    tau: Json = {"mean": found.mean, "sd": found.sd, "q2.5": found.q2_5, "median": found.median, "q97.5": found.q97_5}
    if found.sd is None:
        tau["reason"] = _HEAVY_TAIL
    return tau


def _profile(profile: TauProfile | None) -> Json | None:
    """Effects versus the reference for each tau of a grid; None when tau is known."""
    if profile is None:
        return None
    effects = [
        {"treatment": treatment, "mean": mean.tolist(), "sd": sd.tolist()}
        for treatment, mean, sd in zip(profile.treatments, profile.means.T, profile.sds.T, strict=True)
    ]
    return {"tau": profile.tau.tolist(), "density": profile.density.tolist(), "effects": effects}


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
            "p_better": e.p_better,
            "p_beyond_mid": e.p_beyond_mid,
            **({"reason": _HEAVY_TAIL} if e.sd is None else {}),
        }
        for e in effects.effects
    ]


def _ranking(posterior: Posterior, better: Direction) -> Json:
    ranking = rank(posterior, better=better)
    rows = [
        {
            "treatment": row.treatment,
            "sucra": row.sucra,
            "p_score": row.p_score,
            "p_best": row.p_best,
            "mean_rank": row.mean_rank,
            "median_rank": row.median_rank,
            "rank_low": row.rank_low,
            "rank_high": row.rank_high,
            "rank_probabilities": list(row.rank_probabilities),
            "rank_error": row.rank_error,
        }
        for row in ranking.rows
    ]
    return {"ranking": rows, "poth": ranking.poth, "rank_draws": ranking.draws}


def _fit(posterior: Posterior) -> Json:
    found = fit_statistics(posterior)
    studies = []
    for study, in_network in zip(found.studies, posterior.network.studies, strict=True):
        arms = [
            {"treatment": t, "deviance": d, "leverage": lev, "residual": r}
            for t, d, lev, r in zip(
                in_network.treatments, study.arm_deviance, study.arm_leverage, study.arm_residual, strict=False
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
    return {
        "dbar": found.dbar, "pd": found.pd, "dic": found.dic, "data_points": found.data_points, "studies": studies,
    }  # fmt: skip


def _excluded(network: Network, context: OutcomeContext) -> list[Json]:
    asked = [{"study": e.study, "reason": e.reason} for e in network.exclusions]
    known = {e["study"] for e in asked}
    return asked + [dict(e) for e in context.excluded if e["study"] not in known]


def _without_effect(posterior: Posterior) -> list[str]:
    """Priors that were asked for and have nothing to act on in this model."""
    spec, priors = posterior.spec, posterior.priors
    found = []
    if spec.tau_prior is not None and priors.tau is None:
        found.append(f"The prior {spec.tau_prior} of tau has no effect: a common-effect model has no tau.")
    if spec.baseline_prior is not None and priors.mu is None:
        found.append(f"The prior {spec.baseline_prior} of baselines has no effect: every study enters by contrasts.")
    return found


def _zero_cells(posterior: Posterior) -> Json:
    found = posterior.zero_cells
    return {"added": found.added, "corrected": list(found.corrected), "left_out": list(found.left_out)}


def _warnings(posterior: Posterior, context: OutcomeContext) -> list[str]:
    found = [*posterior.verdict.reasons, *context.warnings]
    found += [str(issue) for issue in posterior.network.issues if issue.severity == "warning"]
    found += _about_zero_cells(posterior)
    judged = (unknown_judgement(study.id, study.covariates) for study in posterior.network.studies)
    found += [warning for warning in judged if warning is not None]
    return list(dict.fromkeys(found))


def _about_inconsistency(found: Json) -> list[str]:
    """The other way round nothing is said: a large p value is no proof of consistency."""
    test = found["global"]
    if not test["possible"] or test["p"] > _INCONSISTENT:
        return []
    p = "p < 0.001" if test["p"] < 0.001 else f"p = {test['p']:.3f}"
    return [
        "Trials of different sets of treatments disagree by more than heterogeneity explains (design-by-treatment "
        f"interaction: chi2 {test['chi2']:.1f}, df {test['df']}, {p}). Find out why before the network's estimates are "
        "used."
    ]


def _about_zero_cells(posterior: Posterior) -> list[str]:
    zero = posterior.zero_cells
    found = []
    if zero.corrected:
        found.append(
            f"{zero.added:g} was added to each cell of studies with a zero cell, which normal contrasts need: "
            f"{', '.join(zero.corrected)}."
        )
    if zero.left_out:
        found.append(
            "Left out, because without events (or with nothing else) in all arms they form no "
            f"{posterior.spec.measure}: {', '.join(zero.left_out)}."
        )
    return found


def _under_wider_priors(effects: RelativeEffects, refits: Sequence[Refit]) -> str:
    """Which conclusions of the main fit do not hold under every prior of tau that stands beside it."""
    lost = []
    apart = [effect for effect in effects.effects if effect.low > 0]
    if not apart:
        return "No interval of a relative effect leaves out zero, under this prior of tau."
    for effect in apart:
        for found in refits:
            if found.alternative.kind == "tau prior" and found.effects is not None:
                other = found.effects.get(effect.treatment, effect.versus)
                if not other.low > 0:
                    lost.append(f"{effect.treatment} versus {effect.versus} under {found.alternative.label}")
    if not lost:
        return "Every interval that leaves out zero here does so under all priors of tau that are shown."
    return f"Intervals that leave out zero here but reach it under another prior of tau: {'; '.join(lost)}."


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
        shown = heterogeneity(posterior)
        record |= {"i_squared": shown.i_squared, "tau": _tau(shown)}
    return record
