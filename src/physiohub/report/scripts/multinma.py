"""multinma.R: the same Bayesian model, sampled by Stan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from physiohub.model.arm_columns import ordered_arms
from physiohub.model.normal_study import NormalStudy
from physiohub.model.priors import Fixed, Flat, HalfCauchy, HalfNormal, LogNormal, LogT, Normal, Prior, StudentT
from physiohub.network.study import Study
from physiohub.report.scripts.material import Material, differences, study_list
from physiohub.report.scripts.opening import expected_lines, opening_lines
from physiohub.report.scripts.quoting import cell, comment, csv_text, r_string

__all__ = ["multinma_files"]

_ARMS = """
arms <- read.csv("data_multinma_arms.csv", na.strings = "", encoding = "UTF-8", check.names = FALSE,
                 colClasses = c(study = "character", treatment = "character"))
arm_studies <- set_agd_arm(arms, study = study, trt = treatment, {outcome}{reference})
"""
_OUTCOMES = {"normal": "y = mean, se = se", "binomial": "r = r, n = n", "poisson": "r = r, E = E"}
_LINKS = {"OR": "logit", "HR": "cloglog", "IRR": "log", "PROBIT": "probit"}
"""Links that multinma has for counts; a log link of probabilities is none of them."""
_CONTRASTS = """
# the baseline row of a study has no difference; with three arms or more its se is the root of their covariance
contrasts <- read.csv("data_multinma_contrasts.csv", na.strings = "", encoding = "UTF-8", check.names = FALSE,
                      colClasses = c(study = "character", treatment = "character",
                                     difference = "numeric", se = "numeric"))
contrast_studies <- set_agd_contrast(contrasts, study = study, trt = treatment, y = difference, se = se{reference})
"""
_SAMPLE = """
fit <- nma(network,
           consistency = "consistency",
           trt_effects = {effects},
{model}{priors}
           chains = 4, iter = 5000, warmup = 1000, seed = {seed}{control})
print(fit)
print(relative_effects(fit, probs = c({low}, 0.5, {high})))
print(posterior_rank_probs(fit, lower_better = {lower_better}))
"""


def multinma_files(material: Material) -> dict[str, str]:
    """multinma.R with its arms or contrasts; what it cannot express stops the script and is said."""
    stops = list(_stops(material))
    files = _data(material)
    head = opening_lines(
        material,
        program="R and its package multinma",
        install="R with a C++ toolchain, and in it the package multinma (checked against the help of version 0.8).",
        run="Rscript multinma.R, in this folder.",
        files=list(files),
        differs=_differences(material),
    )
    opening = comment([*head, "", *expected_lines(material, frequentist=False)])
    stop = "".join(f"stop({r_string(why)})\n" for why in stops)
    code = (
        f"{opening}\n\n{stop}library(multinma)\noptions(mc.cores = 4)\n\n{_prior_lines(material)}{_network(material)}"
    )
    return {"multinma.R": code + _sample(material), **files}


# -- priors -----------------------------------------------------------------------------------------------------------


def _prior(prior: Prior) -> str | None:
    """The prior in multinma's words; None when it has none. A prior of tau^2 goes with prior_het_type = "var"."""
    match prior:
        case Flat():
            return "flat()"
        case Normal(mean, sd):
            return f"normal(location = {mean!r}, scale = {sd!r})"
        case StudentT(mean, s, df):
            return f"student_t(location = {mean!r}, scale = {s!r}, df = {df!r})"
        case HalfNormal(s):
            return f"half_normal(scale = {s!r})"
        case HalfCauchy(s):
            return f"half_cauchy(scale = {s!r})"
        case LogNormal(mu, s):
            return f"log_normal(location = {mu!r}, scale = {s!r})"
        case LogT(mu, s, df):
            return f"log_student_t(location = {mu!r}, scale = {s!r}, df = {df!r})"
    return None


def _prior_lines(material: Material) -> str:
    """One assignment for each prior that the model has; one without a counterpart is left to fill in."""
    lines = []
    for name, what, prior in _used_priors(material):
        text = _prior(prior)
        lines.append(f"{name} <- {text}" if text else f"{name} <- NULL  # FILL IN: no counterpart of {what} {prior}")
    return "\n".join(lines) + "\n"


def _used_priors(material: Material) -> Iterator[tuple[str, str, Prior]]:
    priors = material.priors
    if priors.mu is not None and _arm_level(material):
        yield "prior_mu", "the prior of study baselines", priors.mu
    yield "prior_d", "the prior of effects", priors.d
    if _random(material) and priors.tau is not None:
        yield "prior_tau", "the prior of tau", priors.tau


def _random(material: Material) -> bool:
    """Tau known to be 0 is a common effect."""
    return material.priors.tau is not None and material.priors.tau != Fixed(0.0)


def _stops(material: Material) -> Iterator[str]:
    """Everything that multinma cannot express, in words that say what to do."""
    for name, what, prior in _used_priors(material):
        if _prior(prior) is None:
            yield (
                f"multinma has no counterpart of {what}, {prior}. "
                f"Write the one you choose into {name}, then remove this line."
            )
    yield from _stops_of_counts(material)
    if isinstance(material.priors.mu, Normal) and not (material.of_counts and "mu" in material.priors.defaulted):
        without = [s.id for s in _arm_level(material) if material.treatments[0] not in s.treatments]
        if without:
            yield (
                "multinma puts the prior of study baselines on the network's reference, PhysioHub on the first arm of "
                f"the study; they differ without the reference: {study_list(without, material.study_names)}. "
                "Remove this line when the prior is so wide that it does not matter."
            )
    twice = [s.id for s in _arm_level(material) if s.treatments.count(material.treatments[0]) > 1]
    if twice and _random(material):
        yield (
            "multinma gives arms on the network's reference no random effects, so that two of them in one study do not "
            f"differ: {study_list(twice, material.study_names)}. Remove this line to go on with that other model."
        )
    lost = [s.id for s in _contrast_level(material) if _baseline(s) is None]
    if lost:
        yield (
            "multinma takes one covariance for all contrasts of a study, and in these it is not one number: "
            f"{study_list(lost, material.study_names)}. Their rows in data_multinma_contrasts.csv hold its mean; "
            "remove this line to go on with that approximation."
        )


def _stops_of_counts(material: Material) -> Iterator[str]:
    """What multinma has no likelihood for."""
    if material.by_arm and material.spec.measure == "RR":
        yield "multinma has no log link of probabilities: choose another link in nma, which is another model."
    if material.by_arm and material.spec.measure == "SMD":
        yield (
            "multinma has no likelihood of means with unknown SDs on a standardised scale. The contrasts below are "
            "Hedges g; remove this line to go on with them."
        )
    if _kind(material) == "ordered" and material.spec.cut_points == "free":
        yield (
            "multinma has cut-points that all studies share, and here each study has its own. Remove this line to go "
            "on with shared ones, which is another model."
        )


def _kind(material: Material) -> Literal["normal", "binomial", "poisson", "ordered"]:
    """The likelihood of the arms that enter as such."""
    if not material.of_counts:
        return "normal"
    if any(arm.categories for study in material.settled.studies for arm in study.arms):
        return "ordered"
    return "poisson" if material.spec.measure == "IRR" else "binomial"


def _arm_level(material: Material) -> list[Study]:
    """Studies that enter by their arms."""
    if not material.by_arm or material.spec.measure == "SMD":
        return []
    return [study for study in material.settled.studies if study.level == "arm"]


def _contrast_level(material: Material) -> list[NormalStudy]:
    """Studies that enter as normal contrasts."""
    by_arm = {study.id for study in _arm_level(material)}
    return [study for study in material.studies if study.id not in by_arm]


def _times(material: Material) -> bool:
    """Whether follow-up times are part of the model."""
    return material.spec.measure == "HR" and any(a.time is not None for s in _arm_level(material) for a in s.arms)


def _differences(material: Material) -> list[str]:
    found = [
        "multinma draws by Markov chains: with an effective 4,000 draws a mean is known to about 0.016 posterior SDs, "
        "an end of an interval to about 0.05. Nothing else should differ, unless a line below or a stop says so.",
    ]
    if isinstance(material.priors.tau, LogNormal | LogT):
        found.append('The prior is on tau^2, so prior_het_type = "var".')
    if material.of_counts and "mu" in material.priors.defaulted:
        found.append(
            "multinma puts the prior of study baselines on the network's reference, PhysioHub on the first arm of the "
            "study; it is so wide that this moves no digit that is printed."
        )
    if _kind(material) == "ordered":
        found.append(
            "Cut-points: PhysioHub's prior of the distances of successive ones is uniform between 0 and 5, multinma's "
            "(prior_aux) is flat here: the same but for distances above 5, where the data hardly ever leave any weight."
        )
    if material.spec.measure in ("OR", "RR", "RD", "HR", "IRR", "PROBIT") and not material.by_arm:
        found.append(
            "Repeated here are the normal contrasts that PhysioHub analysed. A likelihood of the counts themselves "
            "(set_agd_arm with r and n, or r and E) is another analysis; its counts stand in data.csv."
        )
    return found


# -- data -------------------------------------------------------------------------------------------------------------


def _data(material: Material) -> dict[str, str]:
    files = {}
    arms = _arm_rows(material)
    contrasts = [row for study in _contrast_level(material) for row in _contrast_rows(study, material)]
    if arms:
        files["data_multinma_arms.csv"] = csv_text(arms, list(arms[0]))
    if contrasts:
        files["data_multinma_contrasts.csv"] = csv_text(contrasts, ["study", "treatment", "difference", "se"])
    return files


def _arm_rows(material: Material) -> list[dict[str, object]]:
    """One row an arm, with what its likelihood needs."""
    studies, kind = _arm_level(material), _kind(material)
    named: list[dict[str, object]] = [
        {"study": material.study_names[study.id], "treatment": material.names[arm.treatment]}
        for study in studies
        for arm in study.arms
    ]
    arms = [arm for study in studies for arm in study.arms]
    if kind == "ordered":
        found = ordered_arms(studies)
        values: list[dict[str, object]] = [
            {f"c{j}": float(c) if known else None for j, (c, known) in enumerate(zip(counts, reported, strict=True))}
            for counts, reported in zip(found.counts, found.reported, strict=True)
        ]
    elif kind == "normal":
        values = [{"mean": arm.mean, "se": arm.mean_se} for arm in arms]
    elif kind == "poisson":
        values = [{"r": arm.events, "E": arm.exposure} for arm in arms]
    else:
        # a study without times has the same in all of its arms
        time = [{"time": 1.0 if arm.time is None else arm.time} if _times(material) else {} for arm in arms]
        values = [{"r": arm.events, "n": arm.total, **t} for arm, t in zip(arms, time, strict=True)]
    return [name | value for name, value in zip(named, values, strict=True)]


def _names(study: NormalStudy, treatment: int, material: Material) -> dict[str, object]:
    return {"study": material.study_names[study.id], "treatment": material.names[material.treatments[treatment]]}


def _contrast_rows(study: NormalStudy, material: Material) -> Iterator[dict[str, object]]:
    """The baseline first; arm 0 unless only another arm's covariances are one number above zero."""
    base = _baseline(study)
    b = 0 if base is None else base
    estimate, covariance = _versus(study, b)
    order = [k for k in range(len(study.treatments)) if k != b]
    shared = [covariance[j, k] for j in order for k in order if j < k]
    baseline_se = float(np.sqrt(max(float(np.mean(shared)), 0.0))) if shared else None
    yield _names(study, int(study.treatments[b]), material) | {"difference": None, "se": baseline_se}
    for k in order:
        row = {"difference": float(estimate[k]), "se": float(np.sqrt(covariance[k, k]))}
        yield _names(study, int(study.treatments[k]), material) | row


def _versus(study: NormalStudy, baseline: int) -> tuple[np.ndarray, np.ndarray]:
    estimate, covariance = differences(study)
    turn = np.eye(len(estimate))
    turn = turn - turn[baseline]
    return turn @ estimate, turn @ covariance @ turn.T


def _baseline(study: NormalStudy) -> int | None:
    """An arm versus which all contrasts share one covariance above zero; None when no arm is one."""
    a = len(study.treatments)
    if a == 2:
        return 0
    for b in range(a):
        _, covariance = _versus(study, b)
        others = [k for k in range(a) if k != b]
        shared = np.array([covariance[j, k] for j in others for k in others if j < k])
        if shared.min() > 0 and np.ptp(shared) <= 1e-6 * covariance.diagonal().max():
            return b
    return None


# -- the model --------------------------------------------------------------------------------------------------------


def _network(material: Material) -> str:
    levels = {"arm"} if _arm_level(material) else set()
    levels |= {"contrast"} if _contrast_level(material) else set()
    reference = f"reference <- {r_string(material.reference)}\n"
    inside = {"reference": ", trt_ref = reference" if len(levels) == 1 else ""}
    code = f"\n{reference}"
    if "arm" in levels:
        code += _ARMS.format(outcome=_outcome(material), **inside)
    if "contrast" in levels:
        code += _CONTRASTS.format(**inside)
    if levels == {"arm"}:
        return f"{code}network <- arm_studies\n"
    if levels == {"contrast"}:
        return f"{code}network <- contrast_studies\n"
    return f"{code}network <- combine_network(arm_studies, contrast_studies, trt_ref = reference)\n"


def _outcome(material: Material) -> str:
    """What of the arms is the outcome, in the words of set_agd_arm."""
    kind = _kind(material)
    if kind != "ordered":
        return _OUTCOMES[kind]
    cells = ordered_arms(_arm_level(material)).categories
    return f'r = multi({", ".join(f"c{j}" for j in range(cells))}, inclusive = FALSE, type = "ordered")'


def _likelihood(material: Material) -> str:
    """Likelihood, link and follow-up times, in the words of nma; nothing for normal data."""
    kind = _kind(material)
    if kind == "normal" or not _arm_level(material):
        return ""
    link = _LINKS.get(material.spec.measure, "logit")
    code = f"           likelihood = {r_string(kind)}, link = {r_string(link)},\n"
    if kind == "ordered":
        code += "           prior_aux = flat(),\n"
    return code + ("           regression = ~offset(log(time)),\n" if _times(material) else "")


def _sample(material: Material) -> str:
    random = _random(material)
    arguments = {"prior_mu": "prior_intercept", "prior_d": "prior_trt", "prior_tau": "prior_het"}
    lines = [f"           {arguments[name]} = {name}," for name, _, _ in _used_priors(material)]
    if isinstance(material.priors.tau, LogNormal | LogT):
        lines.append('           prior_het_type = "var",')
    tail = (1 - material.spec.level) / 2
    return _SAMPLE.format(
        effects=r_string("random" if random else "fixed"),
        model=_likelihood(material),
        priors="\n".join(lines),
        seed=material.spec.seed,
        control=", adapt_delta = 0.99" if random else "",
        low=cell(round(tail, 12)),
        high=cell(round(1 - tail, 12)),
        lower_better="TRUE" if material.better == "lower" else "FALSE",
    )
