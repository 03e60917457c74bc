"""From selected rows to studies, and from studies to the network of one outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from physiohub.errors import DataError, Issue, errors_of
from physiohub.network.contrasts import Difference, combine_differences
from physiohub.network.network import Exclusion, Network, build_network
from physiohub.network.rows import ArmRow, ContrastRow, StudyRow
from physiohub.network.study import Arm, Study, Treatment
from physiohub.prepare.arm_level import Repeated, arm_of, settle_repeated
from physiohub.prepare.differences import ReadyContrast, contrasts_of
from physiohub.prepare.instruments import Registry
from physiohub.prepare.protocol import ChoiceRule, OutcomeProtocol
from physiohub.prepare.scale import row_issue
from physiohub.prepare.scores import arms_of, repeated_issue
from physiohub.prepare.selection import Selected

__all__ = ["Material", "network_of"]


@dataclass(frozen=True, slots=True)
class Material:
    """What a review holds, from which outcomes are prepared.

    Attributes
    ----------
    arms, contrasts, studies
        Rows of its tables.
    treatments
        In the order of review.toml.
    registry
        Instruments, the review's own included.
    choices
        [[choices]] of the review.
    rounding
        Line of contrasts.csv -> half a unit of the last decimal of its estimate.
    hashes
        File name -> SHA-256.
    """

    arms: tuple[ArmRow, ...]
    contrasts: tuple[ContrastRow, ...]
    studies: tuple[StudyRow, ...]
    treatments: tuple[Treatment, ...]
    registry: Registry
    choices: tuple[ChoiceRule, ...] = ()
    rounding: Mapping[int, float] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)


def network_of(
    selected: Sequence[Selected], material: Material, protocol: OutcomeProtocol, aside: Sequence[Exclusion]
) -> Network:
    """The network that the selected rows make.

    Parameters
    ----------
    protocol
        With the whole of [model] that holds for the outcome; it names the reference.
    aside
        Studies that report the outcome and do not enter.

    Raises
    ------
    DataError
        With every problem of the rows that would enter, and of the network.
    """
    issues: list[Issue] = [issue for one in selected for issue in one.issues]
    known = {treatment.id for treatment in material.treatments}
    merge = {member: target for target, members in protocol.merge.items() for member in members}
    studies = []
    for one in selected:
        issues += _unknown_treatments(one, known)
        if not one.rows or errors_of(one.issues):
            continue
        try:
            studies.append(_study(one, material, protocol, merge))
        except DataError as error:
            issues += error.issues
        else:
            issues += _said_of_repeated(one, protocol, merge)
    reference = protocol.model.reference
    present = {treatment for study in studies for treatment in study.treatments}
    if studies and reference is not None and reference not in present:
        issues.append(_reference_absent(reference, sorted(present), protocol))
    if errors_of(issues):
        # what is left without the studies in error would be called disconnected for the wrong reason
        raise DataError(issues)
    return build_network(
        studies,
        reference=reference,
        treatments=material.treatments,
        issues=issues,
        exclusions=aside,
        hashes=material.hashes,
    )


def _reference_absent(reference: str, present: Sequence[str], protocol: OutcomeProtocol) -> Issue:
    message = f"No study of {protocol.id!r} has the reference {reference!r}; the studies that enter compare "
    remedy = "Widen what may enter, or choose another reference."
    return Issue("reference-absent", message + ", ".join(present) + ".", remedy, value=reference, file="review.toml")


def _unknown_treatments(one: Selected, known: set[str]) -> list[Issue]:
    """Treatments of the rows that enter which review.toml does not list, each at its first row."""
    first: dict[str, ArmRow | ContrastRow] = {}
    for row in one.rows:
        names = (row.treatment, row.versus) if isinstance(row, ContrastRow) else (row.treatment,)
        for name in names:
            if name is not None and name not in known:
                first.setdefault(name, row)
    remedy = f"Listed: {', '.join(sorted(known))}. Correct the cell, or add it under [[treatments]]."
    return [
        Issue(
            "treatment-unknown",
            f"The treatment {name!r} is not one of review.toml.",
            remedy,
            study=one.study,
            row=row.row,
            column="treatment",
            value=name,
            file=row.file,
        )
        for name, row in first.items()
    ]


def _study(one: Selected, material: Material, protocol: OutcomeProtocol, merge: Mapping[str, str]) -> Study:
    covariates = next((row.values for row in material.studies if row.study == one.study), {})
    if one.contrasts:
        return replace(_contrast_study(one, material, protocol, merge), covariates=covariates)
    if protocol.continuous:
        arms = arms_of(one.arms, protocol, material.registry, merge)
    else:
        arms = _plain_arms(one, protocol, merge)
    return Study(id=one.study, arms=arms, covariates=covariates)


def _plain_arms(one: Selected, protocol: OutcomeProtocol, merge: Mapping[str, str]) -> tuple[Arm, ...]:
    """Arms of counts, rates and categories; those on one treatment added up or kept, as the protocol says."""
    rule = _rule(protocol)
    for treatment, rows in _repeated(one, merge).items():
        if rule not in ("keep", "merge"):
            labels = [row.arm or row.treatment for row in rows]
            raise DataError([repeated_issue(rows[0], labels, treatment, rule)])
    if protocol.measure == "ROM":
        _refuse_without_error(one.arms)
    arms = [_plain_arm(row, merge) for row in one.arms]
    settled, issues = settle_repeated(one.study, arms, rule or "refuse", file=one.arms[0].file)
    if errors_of(issues):
        raise DataError(issues)
    return settled


def _rule(protocol: OutcomeProtocol) -> Repeated | None:
    return protocol.repeated_arms or protocol.model.repeated_arms


def _repeated(one: Selected, merge: Mapping[str, str]) -> dict[str, list[ArmRow]]:
    """Treatment -> the rows of its arms, where there are several."""
    groups: dict[str, list[ArmRow]] = {}
    for row in one.arms:
        groups.setdefault(merge.get(row.treatment, row.treatment), []).append(row)
    return {treatment: rows for treatment, rows in groups.items() if len(rows) > 1}


def _said_of_repeated(one: Selected, protocol: OutcomeProtocol, merge: Mapping[str, str]) -> Iterator[Issue]:
    """A note for each treatment with several arms in a study: what became of them."""
    for treatment, rows in _repeated(one, merge).items():
        labels = ", ".join(row.arm or row.treatment for row in rows)
        done = "merged into one" if _rule(protocol) == "merge" else "kept as arms of their own"
        message = f"{len(rows)} arms on {treatment} ({labels}) are {done}."
        rule = "arms-merged" if _rule(protocol) == "merge" else "arms-kept"
        yield Issue(rule, message, "", "note", one.study, treatment, rows[0].row, file=rows[0].file)


def _refuse_without_error(rows: Sequence[ArmRow]) -> None:
    """Means without a standard error cannot be compared."""
    issues = []
    for row in rows:
        if row.mean is None:
            remedy = "Give the mean, or a median with q1 and q3 or min and max; or exclude the study with a reason."
            issues.append(row_issue(row, "mean-missing", "The arm has no mean.", remedy, "mean"))
        elif arm_of(row).mean_se is None:
            remedy = "Give sd and n, se, or ci_low and ci_high."
            issues.append(row_issue(row, "spread-missing", "The mean has no standard error.", remedy, "se"))
    if issues:
        raise DataError(issues)


def _plain_arm(row: ArmRow, merge: Mapping[str, str]) -> Arm:
    """Counts, rates, categories and the means of a ratio of means enter by themselves."""
    return replace(arm_of(row), treatment=merge.get(row.treatment, row.treatment), label=row.arm or row.treatment)


def _contrast_study(one: Selected, material: Material, protocol: OutcomeProtocol, merge: Mapping[str, str]) -> Study:
    ready = contrasts_of(one.contrasts, protocol, material.registry, merge)
    combined = combine_differences(
        one.study,
        [_difference(contrast, material) for contrast in ready],
        measure=protocol.measure,
        source=ready[0].row.source,
        conversions=tuple(made for contrast in ready for made in contrast.trace),
    )
    if combined.contrasts is None:
        raise DataError(combined.issues)
    sizes = _sizes([contrast.row for contrast in ready])
    rows = combined.contrasts.rows
    arms = tuple(
        Arm(treatment=t, label=t, n=sizes.get(t), value_type=one.value_type, rows=rows, source=ready[0].row.source)
        for t in combined.treatments
    )
    return Study(id=one.study, arms=arms, contrasts=combined.contrasts)


def _difference(contrast: ReadyContrast, material: Material) -> Difference:
    row = contrast.row
    if row.versus is None or row.estimate is None or row.se is None:
        remedy = "Fill in treatment, versus and estimate."
        raise DataError([row_issue(row, "contrast-incomplete", "The contrast is not complete.", remedy, "estimate")])
    return Difference(
        treatment=row.treatment,
        versus=row.versus,
        estimate=row.estimate,
        se=row.se,
        baseline_se=row.baseline_se,
        rounding=contrast.factor * material.rounding.get(row.row, 0.0),
        row=row.row,
        file=row.file,
    )


def _sizes(rows: Sequence[ContrastRow]) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in rows:
        for treatment, n in ((row.treatment, row.n_treatment), (row.versus, row.n_versus)):
            if treatment is not None and n is not None:
                found.setdefault(treatment, n)
    return found
