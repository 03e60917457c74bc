"""From the rows of a review to the network of one outcome, with everything that was decided and made on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from physiohub.network.network import Exclusion, Network
from physiohub.network.rows import ArmRow, ContrastRow
from physiohub.network.study import Conversion
from physiohub.prepare.change_scores import Rescored, rescored
from physiohub.prepare.completion import Completed, completed
from physiohub.prepare.correlation import Correlation
from physiohub.prepare.important import ImportantValue, important_value
from physiohub.prepare.instruments import Instrument
from physiohub.prepare.missing_sd import IMPUTED, with_missing_sds
from physiohub.prepare.protocol import ModelKeys, OutcomeProtocol
from physiohub.prepare.selection import Choice, Selected, select
from physiohub.prepare.studies import Material, network_of

__all__ = ["ImportantValue", "Material", "PreparedOutcome", "StudyConversion", "prepare_outcome"]


@dataclass(frozen=True, slots=True)
class StudyConversion:
    """A conversion with the study and the arm (or contrast) that it belongs to."""

    study: str
    arm: str | None
    conversion: Conversion


@dataclass(frozen=True, slots=True, eq=False)
class PreparedOutcome:
    """The network of one outcome, and what a reader has to know about how it was made.

    Attributes
    ----------
    protocol
        The outcome's rules, overrides applied.
    model
        Keys of [model] that hold for it.
    choices
        What was taken where a study offered several rows.
    excluded
        Studies that report the outcome and do not enter, with the reason.
    notes
        Of the review and of the rows that enter.
    warnings
        What weakens the result by how it was prepared.
    instrument
        The outcome's instrument; None when it names none.
    mid
        The important difference; None when there is none.
    correlation
        Of scores before and after, where the protocol has SDs of change made with one; else None.
    """

    protocol: OutcomeProtocol
    network: Network
    model: ModelKeys
    choices: tuple[Choice, ...]
    excluded: tuple[Exclusion, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    instrument: Instrument | None
    mid: ImportantValue | None
    correlation: Correlation | None = None

    @property
    def id(self) -> str:
        """Id of the outcome."""
        return self.protocol.id

    @property
    def label(self) -> str:
        """Its display name: the review's, else the instrument's, else the id."""
        return self.protocol.label or (self.instrument.label if self.instrument else self.protocol.id)

    @property
    def measure(self) -> str:
        """The effect measure."""
        return self.protocol.measure

    @property
    def better(self) -> str:
        """Which direction is better: ``"lower"`` or ``"higher"``."""
        return self.protocol.better

    @property
    def conversions(self) -> tuple[StudyConversion, ...]:
        """Every value that the authors did not print, by study and arm."""
        found = []
        for study in self.network.studies:
            found += [StudyConversion(study.id, arm.label, made) for arm in study.arms for made in arm.conversions]
            if study.contrasts is not None:
                found += [StudyConversion(study.id, None, made) for made in study.contrasts.conversions]
        return tuple(found)


def prepare_outcome(
    material: Material, protocol: OutcomeProtocol, model: ModelKeys, excluded: Mapping[str, str]
) -> PreparedOutcome:
    """The network of one outcome.

    Parameters
    ----------
    model
        Keys of [model] with those of the outcome over them; it names the reference.
    excluded
        Study -> reason, for studies set aside by the review.

    Raises
    ------
    DataError
        With every problem of the rows that would enter, and of the network that they make.
    """
    arms = [row for row in material.arms if row.outcome == protocol.id]
    contrasts = [row for row in material.contrasts if row.outcome == protocol.id]
    aside = [Exclusion(study, excluded[study]) for study in _studies_of((*arms, *contrasts)) if study in excluded]
    done = [completed(row, medians=protocol.medians, measure=protocol.measure) for row in arms]
    scored = _scored([one.row for one in done if one.row.study not in excluded], protocol)
    selected = select(
        scored.rows,
        [row for row in contrasts if row.study not in excluded],
        protocol,
        [rule for rule in material.choices if rule.concerns(protocol.id)],
        registry=material.registry,
    )
    selected = _with_issues(_with_reasons(selected, scored, protocol), done, scored)
    selected = with_missing_sds(selected, protocol, material.registry)
    aside += [Exclusion(one.study, one.left_out) for one in selected if one.left_out is not None]
    protocol = protocol.model_copy(update={"model": model})
    network = network_of(selected, material, protocol, aside)
    instrument = None if protocol.instrument is None else material.registry.find(protocol.instrument)
    return PreparedOutcome(
        protocol=protocol,
        network=network,
        model=model,
        choices=tuple(choice for one in selected if one.rows for choice in one.choices),
        excluded=tuple(aside),
        notes=(*protocol.notes, *_row_notes(selected)),
        warnings=(*_warnings(selected, network, protocol, material), *_made_warnings(network, scored.correlation)),
        instrument=instrument,
        mid=None if instrument is None else important_value(instrument, protocol),
        correlation=scored.correlation,
    )


def _scored(rows: Sequence[ArmRow], protocol: OutcomeProtocol) -> Rescored:
    """The rows with what their change and final scores tell of each other; counts have none."""
    return rescored(rows, protocol) if protocol.continuous else Rescored(tuple(rows))


def _place(row: ArmRow | ContrastRow) -> tuple[str | None, int, int]:
    return row.file, row.row, row.slot


def _with_issues(selected: Iterable[Selected], done: Iterable[Completed], scored: Rescored) -> tuple[Selected, ...]:
    """What was found while rows were completed, for the rows that enter; of the others it does not matter."""
    found = {_place(one.row): one.issues for one in done if one.issues}
    return tuple(
        replace(
            one,
            issues=(
                *one.issues,
                *(issue for row in one.arms for issue in found.get(_place(row), ())),
                *(issue for issue in scored.issues if issue.study == one.study),
            ),
        )
        for one in selected
    )


def _with_reasons(selected: Iterable[Selected], scored: Rescored, protocol: OutcomeProtocol) -> tuple[Selected, ...]:
    """Why a study stays with the kind of scores that the protocol wanted turned."""
    other = {"change": "final", "final": "change"}.get(protocol.scores)
    found = []
    for one in selected:
        reason = scored.unturned.get(_place(one.arms[0])) if one.arms else None
        if one.value_type == other and reason is not None:
            one = replace(one, choices=(*one.choices, Choice(one.study, f"{other} values, as reported", reason)))
        found.append(one)
    return tuple(found)


def _made_warnings(network: Network, correlation: Correlation | None) -> tuple[str, ...]:
    """What weakens the result because the trials did not print it: estimated means, imputed SDs."""
    made = [(study.id, conversion) for study in network.studies for arm in study.arms for conversion in arm.conversions]

    def of(what: str, words: str) -> list[str]:
        return [study for study, one in made if one.what == what and words in one.how]

    found = []
    if medians := of("mean", "from median"):
        found.append(f"{_means(medians)} estimated from medians, as if the data were normal: {_names(medians)}.")
    if imputed := of(IMPUTED, ""):
        rules = "; ".join(dict.fromkeys(one.how for _, one in made if one.what == IMPUTED))
        sds = "1 SD was" if len(imputed) == 1 else f"{len(imputed)} SDs were"
        found.append(f"{sds} imputed ({rules}): {_names(imputed)}.")
    if correlation is not None and (by_r := of("sd", "correlation")):
        found.append(
            f"SDs of {_names(by_r)} rest on a correlation of scores before and after of {correlation.value:.3g}, "
            f"{correlation.source}."
        )
    return tuple(found)


def _means(studies: Sequence[str]) -> str:
    return "1 mean is" if len(studies) == 1 else f"{len(studies)} means are"


def _names(studies: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(studies))


def _studies_of(rows: Iterable[ArmRow | ContrastRow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.study for row in rows))


def _row_notes(selected: Sequence[Selected]) -> tuple[str, ...]:
    notes = (f"{one.study}: {row.notes}" for one in selected for row in one.rows if row.notes)
    return tuple(dict.fromkeys(notes))


def _warnings(
    selected: Sequence[Selected], network: Network, protocol: OutcomeProtocol, material: Material
) -> tuple[str, ...]:
    found = []
    change = [one.study for one in selected if one.value_type == "change"]
    other = [one.study for one in selected if one.value_type in ("final", "adjusted")]
    own = [s.id for s in network.studies if s.id in change and s.level == "arm" and s.arms[0].sd_external is None]
    own = [] if protocol.denominator == "final" else own
    if protocol.measure == "SMD" and own:
        mixed = f", beside final or adjusted values ({', '.join(other)})" if other else ""
        found.append(
            f"{', '.join(own)}: standardised by the SD of change scores{mixed}; these are different yardsticks."
        )
    elif change and other:
        found.append(f"Change scores ({', '.join(change)}) stand beside final or adjusted values ({', '.join(other)}).")
    absent = [t.label for t in material.treatments if t.id not in {u.id for u in network.treatments}]
    merged = [member for members in protocol.merge.values() for member in members]
    absent = [label for label in absent if label not in merged]
    if absent:
        found.append(f"No study that enters has: {', '.join(absent)}.")
    return tuple(found)
