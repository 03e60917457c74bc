"""stata.do: the frequentist analysis by Stata's `network` suite, by `mvmeta` alone where `network` cannot hold it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from physiohub.report.scripts.material import Material, differences, study_list
from physiohub.report.scripts.opening import contrast_lines, expected_lines, opening_lines
from physiohub.report.scripts.quoting import cell, csv_text, stata_comment

__all__ = ["stata_files"]

_IMPORT = """version 14
clear all
import delimited using "data_stata.csv", varnames(1) case(preserve) asdouble bindquote(strict) encoding("utf-8") clear
"""
_NETWORK = """
network import, studyvar(study) treat(t1 t2) effect(effect) stderr(se) ref({reference}) measure({measure})
network convert standard
network meta consistency, {method}nouncertainv
"""
_TAU = """display "tau = " sqrt(el(e(Sigma), 1, 1))
"""
_RANK = """
* the same in augmented form, which ranks need; the large variance stands for what a study does not report
network convert augmented, large({large}) ref({reference})
network meta consistency, {method}nouncertainv
network rank {direction}, reps(10000) seed({seed}) meanrank trtcodes
"""
_MVMETA = """
mvmeta y S, {method}commonparm noconstant suppress(uv mm) nouncertainv ///
    equations({equations})
"""


def stata_files(material: Material) -> dict[str, str]:
    """stata.do and data_stata.csv."""
    repeated = bool(material.repeated)
    largest_study = max((len(study.treatments) for study in material.studies), default=2)
    words = {
        "reference": material.codes[material.treatments[0]],
        "measure": material.spec.measure,
        "direction": "min" if material.better == "lower" else "max",
        "seed": str(material.spec.seed),
    }
    if repeated:
        method = _method(material) if material.known_tau is not None else "reml bscovariance(exch 0.5) "
        code = _sigma(material, largest_study - 1)
        code += _MVMETA.format(method=method, equations=_equations(material))
        data = _wide(material)
    else:
        words["method"] = _method(material)
        largest = max((pair.se for pair in material.pairs()), default=1.0) ** 2
        code = _sigma(material, largest_study - 1) + _NETWORK.format(**words)
        data = _pairs(material)
    if material.known_tau is None:
        code += _TAU
    if not repeated:
        code += _sigma(material, len(material.treatments) - 1)
        code += _RANK.format(large=f"{10.0 ** np.ceil(np.log10(largest) + 4):.0f}", **words)
    head = opening_lines(
        material,
        program="Stata",
        install="Stata 14 or later with the user-written commands network and mvmeta, by Ian White, from his site at "
        "University College London (the help of each says how).",
        run="do stata.do, in this folder.",
        files=["data_stata.csv"],
        differs=list(_differences(material)),
    )
    keys = [f"  {material.codes[id]} is {material.names[id]}" for id in material.treatments]
    lines = [*head, "", "Treatments go by codes, which are also in treatments.csv:", *keys, ""]
    opening = stata_comment([*lines, *expected_lines(material, frequentist=True)])
    stop = ""
    if material.twin is None:
        why = stata_comment([f"The studies give no normal contrasts of the whole network: {material.view.reason}."])
        stop = f'{why}\ndisplay as error "see the comment above"\nexit 459\n\n'
    return {"stata.do": f"{opening}\n\n{stop}{_IMPORT}{code}", "data_stata.csv": data}


def _method(material: Material) -> str:
    """Options of the fit: tau estimated, none, or known."""
    if material.known_tau is None:
        return "reml "
    return "bscovariance(equals Sigma0) " if material.known_tau else "fixed "


def _sigma(material: Material, outcomes: int) -> str:
    """The known between-study covariance, where it is not zero."""
    if not material.known_tau:
        return ""
    return f"\nmatrix Sigma0 = {material.known_tau**2!r} * (I({outcomes}) + J({outcomes}, {outcomes}, 1)) / 2\n"


def _pairs(material: Material) -> str:
    """All pairs of arms; effect is t2 minus t1."""
    numbers = {study.id: k for k, study in enumerate(material.studies, start=1)}
    rows = [
        {
            "study": numbers[pair.study],
            "t1": material.codes[pair.versus],
            "t2": material.codes[pair.treatment],
            "effect": pair.estimate,
            "se": pair.se,
            "study_name": material.study_names[pair.study],
        }
        for pair in material.pairs()
    ]
    return csv_text(rows, ["study", "t1", "t2", "effect", "se", "study_name"])


def _wide(material: Material) -> str:
    """One row per study: differences from arm 0, their covariance, and which effects each is made of."""
    most = max((len(study.treatments) for study in material.studies), default=2)
    rows = []
    for number, study in enumerate(material.studies, start=1):
        estimate, covariance = differences(study)
        row: dict[str, object] = {"study": number, "study_name": material.study_names[study.id]}
        row |= dict.fromkeys(_covariates(material, most), 0)
        design = study.design(len(material.treatments) - 1)[-(len(study.treatments) - 1) :]
        for k in range(1, len(study.treatments)):
            row[f"y_{k}"] = float(estimate[k])
            row |= {f"S_{j}_{k}": float(covariance[j, k]) for j in range(1, k + 1)}
            row |= {f"x{k}_{code}": float(x) for code, x in zip(_others(material), design[k - 1], strict=True)}
        rows.append(row)
    outcomes = [f"y_{k}" for k in range(1, most)]
    spread = [f"S_{j}_{k}" for j in range(1, most) for k in range(j, most)]
    return csv_text(rows, ["study", *outcomes, *spread, *_covariates(material, most), "study_name"])


def _others(material: Material) -> list[str]:
    return [material.codes[id] for id in material.treatments[1:]]


def _covariates(material: Material, most: int) -> list[str]:
    return [f"x{k}_{code}" for k in range(1, most) for code in _others(material)]


def _equations(material: Material) -> str:
    most = max((len(study.treatments) for study in material.studies), default=2)
    return ", ".join(f"y_{k}: {' '.join(f'x{k}_{code}' for code in _others(material))}" for k in range(1, most))


def _differences(material: Material) -> Iterator[str]:
    yield "Stata is frequentist here: no priors, and normal confidence intervals."
    yield from contrast_lines(material, "Stata")
    if material.of_counts and material.spec.measure in ("OR", "RR"):
        yield "Its command network setup makes contrasts of events and totals too, with its own rule for empty cells."
    if material.twin is None:
        return
    gap = cell(float(f"{material.largest_gap():.2g}"))
    if material.known_tau is not None:
        yield (
            "With tau as given its estimates are those below to about six digits. PhysioHub's medians differ "
            f"from them by at most {gap} of the width of an interval, by its prior of the effects."
        )
    else:
        yield (
            "REML puts one estimate of tau where PhysioHub averages over tau; tau and the estimates should agree with "
            "those given without priors, at the end of this comment, to about four digits, and PhysioHub's medians "
            f"lie at most {gap} of the width of their interval from them."
        )
        if material.twin.df == 0:
            yield "No comparison has two sources of evidence: nothing estimates tau, and REML may not converge."
    yield "The nouncertainv option keeps to standard errors for a given tau, as those below are."
    if material.repeated:
        studies = study_list(material.repeated, material.study_names)
        yield (
            f"The network command takes one arm of a study on one treatment, and these have two: {studies}. So mvmeta "
            "is called itself, with the model that network would pass to it; ranks are not computed."
        )
