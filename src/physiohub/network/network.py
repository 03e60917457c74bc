"""The network: studies whose treatments hang together, with the reference first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from physiohub.errors import DataError, Issue, errors_of
from physiohub.network.connection import Part, connected_parts
from physiohub.network.display import facts_html
from physiohub.network.study import Study, Treatment

__all__ = ["Exclusion", "Network", "build_network", "exclusions_of", "unknown_reference"]

_NAMELESS = frozenset(
    {"study-missing", "treatment-missing", "versus-missing", "baseline-row", "contrast-same-treatment"}
)
"""Rules that leave open which treatments a study compared."""

_ROWS_LOST = frozenset({"column-missing", "column-unknown", "column-duplicated", "row-ragged", "csv-malformed"})
"""Rules under which rows or names are not all known, so that nothing can be said of the network as a whole."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A study that was set aside on request, with the reason given."""

    study: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Studies and treatments ready for a model.

    Attributes
    ----------
    studies
        In the order of the table, each with its arms in the order of `treatments`.
    treatments
        The reference first, the others as first seen (or as the review lists them).
    issues
        Warnings and notes met on the way; a network with an error is never built.
    exclusions
        Studies set aside on request.
    recognised
        Role -> column as it was called in the table.
    hashes
        File name -> SHA-256 of what was read.
    """

    studies: tuple[Study, ...]
    treatments: tuple[Treatment, ...]
    issues: tuple[Issue, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    recognised: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """The size of the network in one line; all of its numbers would fill a screen."""
        size = f"{len(self.studies)} studies, {len(self.treatments)} treatments"
        return f"<Network of {size}, reference {self.reference!r}>"

    def _repr_html_(self) -> str:
        arms = sum(len(study.arms) for study in self.studies)
        facts = {
            "Studies": f"{len(self.studies)}, with {arms} arms",
            "Treatments": ", ".join(treatment.label for treatment in self.treatments),
            "Reference": self.treatments[0].label,
        }
        aside = {"Set aside": "; ".join(f"{e.study}: {e.reason}" for e in self.exclusions)} if self.exclusions else {}
        notes = {"Notes": " ".join(str(issue) for issue in self.issues)} if self.issues else {}
        return facts_html({**facts, **aside, **notes})

    @property
    def reference(self) -> str:
        """Id of the treatment that all basic parameters are versus."""
        return self.treatments[0].id

    @property
    def position(self) -> dict[str, int]:
        """Treatment id -> its place in `treatments`."""
        return {treatment.id: k for k, treatment in enumerate(self.treatments)}

    def with_reference(self, reference: str) -> Network:
        """The same network with another treatment first; contrasts are turned exactly.

        Raises
        ------
        DataError
            When no treatment has that id.
        """
        if reference not in self.position:
            raise DataError([unknown_reference(reference, [t.id for t in self.treatments])])
        treatments = tuple(sorted(self.treatments, key=lambda t: t.id != reference))
        position = {t.id: k for k, t in enumerate(treatments)}
        return replace(self, treatments=treatments, studies=tuple(s.in_order(position) for s in self.studies))

    def without(self, *studies: str, reason: str = "excluded on request") -> Network:
        """The network that remains when studies are set aside.

        Raises
        ------
        DataError
            When no study has such a name, or what remains is no network.
        """
        exclusions, unknown = exclusions_of(dict.fromkeys(studies, reason), (study.id for study in self.studies))
        kept = [study for study in self.studies if study.id not in studies]
        return build_network(
            kept,
            reference=self.reference,
            treatments=self.treatments,
            issues=(*(issue for issue in self.issues if issue.study not in studies), *unknown),
            exclusions=(*self.exclusions, *exclusions),
            recognised=self.recognised,
            hashes=self.hashes,
        )


def unknown_reference(reference: str, found: Sequence[str]) -> Issue:
    """The issue for a reference that the data do not contain."""
    return Issue(
        "reference-unknown",
        f"The reference {reference!r} is not a treatment of these data.",
        f"Choose one of: {', '.join(found)}.",
        value=reference,
    )


def exclusions_of(
    exclude: Mapping[str, str] | Sequence[str], found: Iterable[str], *, file: str | None = None
) -> tuple[tuple[Exclusion, ...], tuple[Issue, ...]]:
    """The studies to set aside, and an issue for every name that no study has.

    Examples
    --------
    >>> exclusions_of({"Kim 2017": "retracted", "Lee": ""}, ["Kim 2017", "Chown 2008"])[1][0].value
    'Lee'
    """
    reasons = exclude if isinstance(exclude, Mapping) else dict.fromkeys(exclude, "excluded on request")
    studies = tuple(dict.fromkeys(found))
    issues = [
        Issue(
            "exclusion-unknown",
            f"The study {name!r}, to be excluded, is not in these data.",
            f"The studies found: {', '.join(studies)}.",
            study=name,
            value=name,
            file=file,
        )
        for name in reasons
        if name not in studies
    ]
    known = tuple(Exclusion(name, reason) for name, reason in reasons.items() if name in studies)
    return known, tuple(issues)


def build_network(
    studies: Iterable[Study],
    *,
    reference: str | None,
    treatments: Sequence[Treatment] = (),
    issues: Sequence[Issue] = (),
    exclusions: Sequence[Exclusion] = (),
    recognised: Mapping[str, str] | None = None,
    hashes: Mapping[str, str] | None = None,
) -> Network:
    """Order treatments and arms, and see that the studies form one network.

    Parameters
    ----------
    reference
        Id of the treatment that comes first; None takes the first of `treatments`, else the first seen.
    treatments
        As a review defines them; empty for a bare table, whose treatments come in order of appearance.
    issues
        Met so far. With one error among them nothing is built.

    Raises
    ------
    DataError
        With every issue: those given and those found here.

    Examples
    --------
    >>> from physiohub.network.study import Arm
    >>> kim = Study(id="Kim 2017", arms=(Arm(treatment="active", mean=3.1), Arm(treatment="control", mean=4.0)))
    >>> build_network([kim], reference="control").studies[0].treatments
    ('control', 'active')
    """
    studies = tuple(studies)
    listed = _in_reference_order(_treatments(studies, treatments), reference)
    found = [*issues, *_structure_issues(studies, listed, treatments, reference, issues)]
    if errors_of(found):
        raise DataError(found)
    position = {treatment.id: k for k, treatment in enumerate(listed)}
    return Network(
        studies=tuple(study.in_order(position) for study in studies),
        treatments=listed,
        issues=tuple(found),
        exclusions=tuple(exclusions),
        recognised=dict(recognised or {}),
        hashes=dict(hashes or {}),
    )


def _treatments(studies: Iterable[Study], defined: Sequence[Treatment]) -> tuple[Treatment, ...]:
    """Treatments with data, in the order defined, else of appearance."""
    seen = dict.fromkeys(id for study in studies for id in study.treatments if id)
    if defined:
        return tuple(treatment for treatment in defined if treatment.id in seen)
    return tuple(Treatment(id=id, label=id) for id in seen)


def _in_reference_order(treatments: tuple[Treatment, ...], reference: str | None) -> tuple[Treatment, ...]:
    return treatments if reference is None else tuple(sorted(treatments, key=lambda t: t.id != reference))


def _structure_issues(
    studies: Sequence[Study],
    listed: Sequence[Treatment],
    defined: Sequence[Treatment],
    reference: str | None,
    issues: Sequence[Issue],
) -> Iterator[Issue]:
    """What is wrong with the studies as a network; silent where a row without a name leaves it open."""
    if any(issue.rule in _ROWS_LOST for issue in issues):
        return
    unnamed = {issue.study for issue in issues if issue.rule in _NAMELESS}
    if not studies and not errors_of(issues):
        yield Issue("no-studies", "No study is left to analyse.", "Check the rows and the exclusions.")
    for study in studies:
        yield from _unknown_treatments(study, defined)
        if study.id not in unnamed:
            yield from _too_few_arms(study)
    ids = [treatment.id for treatment in listed]
    if reference is not None and ids and reference not in ids:
        yield unknown_reference(reference, ids)
    for treatment in defined:
        if treatment.id not in ids and treatment.id != reference:
            message = f"The treatment {treatment.id!r} is defined and has no data in this analysis."
            yield Issue("treatment-without-data", message, severity="note", value=treatment.id)
    parts = connected_parts(study for study in studies if len(study.design) > 1)
    if len(parts) > 1 and not unnamed:
        yield _disconnected(parts)


def _unknown_treatments(study: Study, defined: Sequence[Treatment]) -> Iterator[Issue]:
    known = [treatment.id for treatment in defined]
    for arm in study.arms:
        if defined and arm.treatment not in known:
            message = f"The treatment {arm.treatment!r} is not defined."
            remedy = f"Define it, or use one of: {', '.join(known)}."
            issue = Issue("treatment-unknown", message, remedy, study=study.id, arm=arm.treatment, value=arm.treatment)
            yield replace(issue, row=arm.rows[0] if arm.rows else None)


def _too_few_arms(study: Study) -> Iterator[Issue]:
    rows = [row for arm in study.arms for row in arm.rows]
    row = min(rows, default=None)
    remedy = "Add the other arms, or exclude the study with a reason."
    arm = study.treatments[0] if study.arms else None
    if len(study.arms) < 2:
        message = f"The study has one arm only ({arm or 'no treatment'})."
        yield Issue("one-arm-study", message, remedy, study=study.id, arm=arm, row=row)
    elif len(study.design) < 2:
        message = f"All {len(study.arms)} arms of the study are on {arm}: nothing is compared."
        yield Issue("one-treatment-study", message, remedy, study=study.id, arm=arm, row=row)


def _disconnected(parts: Sequence[Part]) -> Issue:
    words = [f"({k}) {', '.join(part.treatments)} [{_studies(part)}]" for k, part in enumerate(parts, start=1)]
    message = f"The network falls into {len(parts)} parts that no study connects: {'; '.join(words)}."
    remedy = "Analyse one part at a time, or add the studies that connect them; check the spelling of treatments."
    return Issue("network-disconnected", message, remedy)


def _studies(part: Part) -> str:
    count = len(part.studies)
    return f"{count} {'study' if count == 1 else 'studies'}"
