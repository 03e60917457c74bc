"""The sentences that open every script: what it repeats, from what, and what should come out."""

from __future__ import annotations

from collections.abc import Sequence

from physiohub.report.scripts.material import Effect, Material, study_list

__all__ = ["contrast_lines", "expected_lines", "opening_lines"]


def opening_lines(
    material: Material, *, program: str, install: str, run: str, files: Sequence[str], differs: Sequence[str]
) -> list[str]:
    """What is repeated, with which model; where this program's model is another one; what to install and to run."""
    spec, priors = material.spec, material.priors
    better = "Lower" if material.better == "lower" else "Higher"
    stated = {
        "effects versus the reference": priors.d,
        "study baselines": priors.mu,
        "heterogeneity SD tau": priors.tau,
    }
    lines = [
        f"Network meta-analysis of {_quoted(material.found.label)}, for {program}.",
        f"Repeats an analysis by PhysioHub {material.version}.",
        "",
        f"Measure: {spec.measure} ({material.scale}), effects are treatment minus reference on that scale.",
        f"Reference: {_quoted(material.reference)}. {better} values are better.",
        f"Studies: {len(material.settled.studies)}; treatments: {len(material.treatments)}.",
        f"Model: {'random effects, one tau' if spec.effects == 'random' else 'common effect'}, consistency, "
        f"{_likelihood(material)}.",
        f"PhysioHub's priors: {'; '.join(f'{what}: {prior}' for what, prior in stated.items() if prior is not None)}.",
        "    normal(mean, SD), half-normal(scale), t(location, scale, df); log-normal, log-t, inverse-gamma: of tau^2.",
        f"Seed of its draws: {spec.seed}."
        if material.of_counts
        else f"Seed of its rank draws: {spec.seed}; effects and tau need no draws.",
    ]
    lines += _about_studies(material)
    lines += ["", "Where this differs:", *(f"  - {text}" for text in differs)]
    return [*lines, "", f"To install: {install}", f"To run: {run}", f"Reads: {', '.join(files)}."]


def _likelihood(material: Material) -> str:
    if not material.of_counts:
        return "normal likelihood with the standard errors taken as known"
    words = {
        "OR": "binomial likelihood of the arms, logit link",
        "RR": "binomial likelihood of the arms, log link",
        "HR": "binomial likelihood of the arms, complementary log-log link, log follow-up time as offset",
        "IRR": "Poisson likelihood of the arms, log link",
        "PROBIT": "likelihood of the arms' categories (two: binomial), probit link",
    }
    return words[material.spec.measure]


def _about_studies(material: Material) -> list[str]:
    kept = {study.id for study in material.settled.studies}
    mute = [study.id for study in material.network.studies if study.id not in kept]
    lines = []
    if mute:
        lines.append(f"Left out, because they form no {material.spec.measure}: {', '.join(mute)}.")
    if material.network.exclusions:
        lines.append(f"Excluded on request: {', '.join(e.study for e in material.network.exclusions)}.")
    return lines


def expected_lines(material: Material, *, frequentist: bool) -> list[str]:
    """The results to expect: the posterior, and for a program without priors what it should print itself."""
    level = f"{100 * material.spec.level:g}%"
    lines = [f"PhysioHub found, versus {_quoted(material.reference)} (posterior median, {level} interval, mean, SD):"]
    for effect in material.found.effects:
        moments = "no mean or SD" if effect.mean is None or effect.sd is None else f"{effect.mean:.4f}, {effect.sd:.4f}"
        interval = f"{effect.low:.4f} to {effect.high:.4f}"
        lines.append(f"  {_name(material, effect)}: {effect.median:.4f}, {interval}, {moments}")
    if material.found.tau is not None:
        median, low, high = material.found.tau
        lines.append(f"  tau: median {median:.4f}, 95% interval {low:.4f} to {high:.4f}")
    if not frequentist:
        return lines
    twin = material.twin
    if twin is None:
        return [*lines, "", f"Without priors nothing can be expected from normal contrasts: {material.view.reason}."]
    how = f"REML, tau {twin.tau:.6f}" if material.known_tau is None else f"tau {twin.tau:g}, as the model has it"
    lines += ["", f"The same data without priors, by generalised least squares ({how}), estimate (SE):"]
    for effect, estimate, se in zip(material.found.effects, twin.estimates, twin.ses, strict=True):
        lines.append(f"  {_name(material, effect)}: {estimate:.6f} ({se:.6f})")
    return lines


def contrast_lines(material: Material, program: str) -> list[str]:
    """That a program gets normal contrasts of counts which PhysioHub fitted by their own likelihood."""
    if not material.of_counts:
        return []
    lines = [
        f"PhysioHub fitted the counts themselves; {program} gets normal contrasts of them, an approximation that is "
        "poor where events are few. The counts stand in data.csv."
    ]
    if material.view.added:
        corrected = study_list(tuple(material.view.added), material.study_names)
        lines.append(
            f"For it {material.spec.zero_cells:g} was added to each cell of studies with an empty one: {corrected}."
        )
    if material.view.silent:
        silent = study_list(tuple(material.view.silent), material.study_names)
        lines.append(f"Of these studies no contrast can be formed, so that {program} does not get them: {silent}.")
    return lines


def _name(material: Material, effect: Effect) -> str:
    return f"{material.codes[effect.treatment]} {material.names[effect.treatment]}"


def _quoted(text: str) -> str:
    return f"'{text}'"
