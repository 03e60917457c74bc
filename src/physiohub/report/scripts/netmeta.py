"""netmeta.R: the frequentist network meta-analysis of the same contrasts."""

from __future__ import annotations

from physiohub.report.scripts.material import Material, study_list
from physiohub.report.scripts.opening import contrast_lines, expected_lines, opening_lines
from physiohub.report.scripts.quoting import comment, csv_text, r_string

__all__ = ["netmeta_files"]

# summary measures that netmeta knows by name; another one is a difference without a name
_KNOWN = frozenset({"MD", "SMD", "ROM", "OR", "RR", "RD", "HR", "IRR"})

_READ = """reference <- {reference}
contrasts <- read.csv("data_netmeta.csv", na.strings = "", encoding = "UTF-8", check.names = FALSE,
                      colClasses = c(studlab = "character", treat1 = "character", treat2 = "character"))
expected <- read.csv("expected.csv", na.strings = "", encoding = "UTF-8", check.names = FALSE,
                     colClasses = c(code = "character", name = "character"))
stopifnot(reference %in% c(contrasts$treat1, contrasts$treat2))
"""
_LIBRARY = """library(netmeta)
"""
_COMMON = """
fit <- netmeta(TE, seTE, treat1, treat2, studlab, data = contrasts, sm = {measure},
               level = {level}, level.ma = {level}, common = TRUE, random = FALSE,
               reference.group = reference, small.values = {small})
print(summary(fit))
print(netrank(fit, small.values = {small}))

# rows are treatments, columns what they are compared with
found <- fit$TE.common[expected$name, reference]
"""
_OWN_TAU = """
# tau estimated by netmeta
fit <- netmeta(TE, seTE, treat1, treat2, studlab, data = contrasts, sm = {measure},
               level = {level}, level.ma = {level}, common = FALSE, random = TRUE, prediction = TRUE,
               method.tau = "REML", reference.group = reference, small.values = {small})
print(summary(fit))
print(netrank(fit, small.values = {small}))
"""
_GIVEN_TAU = """
# tau given: what the expected estimates are for
at_tau <- netmeta(TE, seTE, treat1, treat2, studlab, data = contrasts, sm = {measure},
                  level = {level}, level.ma = {level}, common = FALSE, random = TRUE,
                  tau.preset = {tau}, reference.group = reference, small.values = {small})

# rows are treatments, columns what they are compared with
found <- at_tau$TE.random[expected$name, reference]
"""
_SUMMARY = """print(summary(at_tau))
print(netrank(at_tau, small.values = {small}))
"""
_COMPARE = """comparison <- data.frame(treatment = expected$name, netmeta = unname(found),
                         expected = expected$frequentist, posterior_median = expected$median)
print(comparison)
if (max(abs(comparison$netmeta - comparison$expected) / expected$frequentist_se) > 1e-4) {
  warning("netmeta's estimates are not the expected ones: see the notes above.")
}
"""


def netmeta_files(material: Material) -> dict[str, str]:
    """netmeta.R and data_netmeta.csv: all pairs of arms of every study, treat1 minus treat2."""
    head = opening_lines(
        material,
        program="R and its package netmeta",
        install="R, and in it the package netmeta (from version 2.5; checked against the help of version 3.3).",
        run="Rscript netmeta.R, in this folder.",
        files=["data_netmeta.csv", "expected.csv"],
        differs=_differences(material),
    )
    measure = material.spec.measure
    words = {
        "measure": r_string(measure if measure in _KNOWN else ""),
        "level": f"{material.spec.level:.15g}",
        "small": r_string("desirable" if material.better == "lower" else "undesirable"),
        "tau": "NA" if material.twin is None else repr(material.twin.tau),
    }
    code = _fits(material).format(**words) + _COMPARE
    stop = ""
    if material.twin is None:
        why = f"The studies give no normal contrasts of the whole network: {material.view.reason}."
        stop = f"stop({r_string(why)})\n"
    if material.repeated:
        studies = study_list(material.repeated, material.study_names)
        why = (
            f"netmeta takes one arm of a study on one treatment; these have two: {studies}. Merge the arms, which is "
            "another model, and export again."
        )
        stop += f"stop({r_string(why)})\n"
    opening = comment([*head, "", *expected_lines(material, frequentist=True)])
    script = f"{opening}\n\n{stop}{_LIBRARY}\n{_READ.format(reference=r_string(material.reference))}{code}"
    return {"netmeta.R": script, "data_netmeta.csv": _data(material)}


def _fits(material: Material) -> str:
    if material.spec.effects == "common":
        return _COMMON
    estimated = material.known_tau is None and material.twin is not None and material.twin.df > 0
    return (_OWN_TAU if estimated else "") + _GIVEN_TAU + _SUMMARY * (not estimated)


def _data(material: Material) -> str:
    rows = [
        {
            "studlab": material.study_names[pair.study],
            "treat1": material.names[pair.treatment],
            "treat2": material.names[pair.versus],
            "TE": pair.estimate,
            "seTE": pair.se,
        }
        for pair in material.pairs()
    ]
    return csv_text(rows, ["studlab", "treat1", "treat2", "TE", "seTE"])


def _differences(material: Material) -> list[str]:
    found = [
        "netmeta is frequentist: it has no priors, and its intervals are normal confidence intervals.",
        *contrast_lines(material, "netmeta"),
    ]
    if material.of_counts:
        found.append("Its own function pairwise() makes contrasts of counts too, with its own rule for empty cells.")
    if material.twin is None:
        return found
    if material.known_tau is not None:
        found.append(
            "Its estimates are the expected ones to a relative 1e-6. PhysioHub's differ from them by what its prior of "
            f"the effects does: by at most {material.largest_gap():.2g} of the width of an interval here."
        )
        return found
    found.append(
        "It puts one estimate of tau where PhysioHub averages over all values that the data and the prior allow, so "
        "that its intervals are narrower when studies are few. The posterior medians lie at most "
        f"{material.largest_gap():.2g} of the width of their interval from the estimates at the REML tau."
    )
    if material.twin.df == 0:
        found.append("No comparison has two sources of evidence: nothing estimates tau but the prior. Here it is 0.")
    if material.multi_arm and material.twin.df > 0:
        found.append(
            "From contrasts alone netmeta's REML leaves out that the contrasts of one multi-arm study share an arm. "
            "Its own tau is then a little off; its estimates for a given tau are not. So the second fit takes the "
            "REML tau that keeps the shared arm, and should give the expected estimates to a relative 1e-6."
        )
    elif material.twin.df > 0:
        found.append("Its REML tau should agree with the one below to about four digits, the second fit to 1e-6.")
    return found
