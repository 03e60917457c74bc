"""What review.toml says, against what the tables of the review hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from physiohub.errors import DataError, Issue, ModelError
from physiohub.evidence.protocol import FILE, Protocol
from physiohub.model.priors import parse_prior
from physiohub.prepare.protocol import ModelKeys, OutcomeProtocol
from physiohub.prepare.studies import Material

__all__ = ["protocol_issues", "studies_of", "unknown_study"]


def studies_of(material: Material) -> dict[str, None]:
    """The studies of the tables, in their order."""
    return dict.fromkeys([row.study for row in material.arms] + [row.study for row in material.contrasts])


def protocol_issues(protocol: Protocol, material: Material) -> Iterator[Issue]:
    """Every problem of review.toml that shows only beside the tables, or beside its own other parts.

    Without a single row in the tables, which is its own problem, no name is called unknown.
    """
    yield from _repeated_ids(protocol)
    yield from _reference_issues(protocol)
    yield from _prior_issues(protocol)
    for outcome in protocol.outcomes:
        yield from _outcome_issues(outcome, material)
    yield from _name_issues(protocol, material)


def _wrong(rule: str, message: str, remedy: str, value: str | None = None) -> Issue:
    return Issue(rule, message, remedy, value=value, file=FILE)


def _repeated_ids(protocol: Protocol) -> Iterator[Issue]:
    for what, ids in (
        ("treatments", [t.id for t in protocol.treatments]),
        ("outcomes", [o.id for o in protocol.outcomes]),
        ("sensitivity", [s.id for s in protocol.sensitivity]),
    ):
        for id, times in Counter(ids).items():
            if times > 1:
                yield _wrong("id-repeated", f"[[{what}]] has the id {id!r} {times} times.", "Make ids unique.", id)


def _model_keys(protocol: Protocol) -> Iterator[tuple[str, ModelKeys]]:
    yield "[model]", protocol.model
    yield from ((f"[[outcomes]] {outcome.id!r}, model", outcome.model) for outcome in protocol.outcomes)
    yield from ((f"[[sensitivity]] {one.id!r}", one) for one in protocol.sensitivity)


def _reference_issues(protocol: Protocol) -> Iterator[Issue]:
    ids = [treatment.id for treatment in protocol.treatments]
    if protocol.model.reference is None and any(outcome.model.reference is None for outcome in protocol.outcomes):
        yield _wrong("reference-missing", "[model] names no reference.", f"Choose one of: {', '.join(ids)}.")
    for where, keys in _model_keys(protocol):
        if keys.reference is not None and keys.reference not in ids:
            message = f"{where}: the reference {keys.reference!r} is not one of [[treatments]]."
            yield _wrong("reference-unknown", message, f"Choose one of: {', '.join(ids)}.", keys.reference)


def _prior_issues(protocol: Protocol) -> Iterator[Issue]:
    for where, keys in _model_keys(protocol):
        for key, role in (("tau_prior", "tau"), ("effect_prior", "d"), ("baseline_prior", "mu")):
            text = getattr(keys, key)
            try:
                if text is not None:
                    parse_prior(text, role)  # type: ignore[arg-type]
            except ModelError as error:
                yield _wrong("prior-wrong", f"{where}, {key}: {error}", "", text)


def _outcome_issues(outcome: OutcomeProtocol, material: Material) -> Iterator[Issue]:
    reported = {row.outcome for row in material.arms} | {row.outcome for row in material.contrasts}
    if reported and outcome.id not in reported:
        message = f"No row of the tables has the outcome {outcome.id!r}."
        yield _wrong("outcome-empty", message, "Correct the id, or take the outcome out.", outcome.id)
    if outcome.instrument is None:
        return
    try:
        instrument = material.registry.find(outcome.instrument, file=FILE)
    except DataError as error:
        yield from error.issues
        return
    if instrument.better != outcome.better:
        message = f"Outcome {outcome.id!r}: {instrument.better} is better on {instrument.label}, not {outcome.better}."
        yield _wrong("direction-wrong", message, "Correct `better`.", outcome.better)


def _name_issues(protocol: Protocol, material: Material) -> Iterator[Issue]:
    """Studies, outcomes and treatments that review.toml names and that do not exist."""
    studies = studies_of(material)
    outcomes = [outcome.id for outcome in protocol.outcomes]
    treatments = {treatment.id for treatment in protocol.treatments}
    named = [("[[exclusions]]", rule.study, rule.outcome) for rule in protocol.exclusions]
    named += [("[[choices]]", rule.study, rule.outcome) for rule in protocol.choices]
    for one in protocol.sensitivity:
        where = f"[[sensitivity]] {one.id!r}"
        named += [(where, study, None) for study in (*one.exclude, *one.include)]
        for outcome in one.outcomes or ():
            if outcome not in outcomes:
                yield _unknown_outcome(outcome, where, outcomes)
    for where, study, only in named:
        if studies and study not in studies:
            yield unknown_study(study, where, studies)
        if only is not None and only not in outcomes:
            yield _unknown_outcome(only, where, outcomes)
    for merge in [o.merge for o in protocol.outcomes] + [s.merge or {} for s in protocol.sensitivity]:
        for name in sorted({*merge, *(member for members in merge.values() for member in members)} - treatments):
            message = f"`merge` names {name!r}, which is not one of [[treatments]]."
            yield _wrong("treatment-unknown", message, f"Choose among: {', '.join(sorted(treatments))}.", name)


def unknown_study(study: str, where: str, studies: Iterable[str]) -> Issue:
    """The issue for a study that no table holds."""
    message = f"{where} names the study {study!r}, which is in no table."
    return _wrong("study-unknown", message, f"The studies: {', '.join(studies)}.", study)


def _unknown_outcome(outcome: str, where: str, outcomes: Iterable[str]) -> Issue:
    message = f"{where} names the outcome {outcome!r}, which is not one of [[outcomes]]."
    return _wrong("outcome-unknown", message, f"Choose one of: {', '.join(outcomes)}.", outcome)
