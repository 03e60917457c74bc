"""A review: a folder of plain files, read whole, with every problem of all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from physiohub.errors import DataError, Issue, UsageError, errors_of
from physiohub.evidence.protocol import Protocol
from physiohub.evidence.review_checks import protocol_issues, studies_of, unknown_study
from physiohub.evidence.review_files import material_of, read_protocol, read_tables
from physiohub.network.display import facts_html
from physiohub.prepare.outcome import PreparedOutcome, prepare_outcome
from physiohub.prepare.protocol import OutcomeProtocol, Overrides, Sensitivity
from physiohub.prepare.studies import Material

__all__ = ["Review", "SensitivityRun", "bundled_review", "read_review"]


@dataclass(frozen=True, slots=True)
class SensitivityRun:
    """One sensitivity analysis of one outcome: what it prepares, or why it is not possible.

    Attributes
    ----------
    prepared
        The outcome with the changes made; None when it is not possible.
    reason
        Why not; None when it is.
    reference
        The treatment that stands in for the review's reference, when no study that enters has that; else None.
    """

    sensitivity: Sensitivity
    prepared: PreparedOutcome | None
    reason: str | None = None
    reference: str | None = None

    @property
    def id(self) -> str:
        """Id of the sensitivity analysis."""
        return self.sensitivity.id

    @property
    def label(self) -> str:
        """What it changes, in words."""
        if self.reference is None:
            return self.sensitivity.label
        return f"{self.sensitivity.label} (no trial with the reference is left; {self.reference} stands in)"


@dataclass(frozen=True, slots=True, eq=False)
class Review:
    """A review as it was read.

    Attributes
    ----------
    folder
        Where it stands.
    protocol
        review.toml.
    material
        Rows of the tables, treatments, instruments, choices.
    issues
        Warnings and notes; a review with an error is never built.
    recognised
        File -> role -> column as it was called.
    """

    folder: Path
    protocol: Protocol
    material: Material
    issues: tuple[Issue, ...] = ()
    recognised: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """What the review is called and how much it holds."""
        size = f"{len(self.outcomes)} outcomes, {len(self.material.arms)} arm rows"
        return f"<Review {self.id!r}: {size}, {len(self.material.contrasts)} contrast rows>"

    def _repr_html_(self) -> str:
        return facts_html(
            {
                "Review": self.title,
                "Statement": self.statement or "none",
                "Outcomes": ", ".join(outcome.label or outcome.id for outcome in self.outcomes),
                "Treatments": ", ".join(treatment.label for treatment in self.material.treatments),
                "Rows": f"{len(self.material.arms)} of arms, {len(self.material.contrasts)} of contrasts",
            }
        )

    @property
    def id(self) -> str:
        """Slug of the review."""
        return self.protocol.review.id

    @property
    def title(self) -> str:
        """Its title."""
        return self.protocol.review.title

    @property
    def statement(self) -> str | None:
        """What a reader has to know before anything else."""
        return self.protocol.review.statement

    @property
    def outcomes(self) -> tuple[OutcomeProtocol, ...]:
        """Its outcomes, in the order of review.toml."""
        return self.protocol.outcomes

    @property
    def hashes(self) -> Mapping[str, str]:
        """File name -> SHA-256 of every file that was read."""
        return self.material.hashes

    def outcome(self, id: str) -> OutcomeProtocol:
        """The outcome with that id.

        Raises
        ------
        DataError
            When there is none.
        """
        for outcome in self.outcomes:
            if outcome.id == id:
                return outcome
        known = ", ".join(outcome.id for outcome in self.outcomes)
        raise DataError(
            [Issue("outcome-unknown", f"There is no outcome {id!r}.", f"Choose one of: {known}.", value=id)]
        )

    def network(self, outcome_id: str, **overrides: Any) -> PreparedOutcome:
        """The network of one outcome, with everything that was decided on the way.

        Parameters
        ----------
        **overrides
            Keys of [[sensitivity]]: those of [[outcomes]] and [model], `exclude`, `include`.

        Raises
        ------
        DataError
            With every problem of what would enter.
        UsageError
            When an override is not one.

        Examples
        --------
        >>> pain = bundled_review().network("pain")
        >>> [study.id for study in pain.network.studies][:2], round(pain.mid.value, 3)
        (['Cecchi 2010', 'Ebadi 2012'], 0.667)
        """
        try:
            return self._prepare(self.outcome(outcome_id), Overrides(**overrides))
        except ValidationError as error:
            problems = (f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
            raise UsageError(f"These overrides cannot be: {'; '.join(problems)}.") from None

    def check(self) -> tuple[Issue, ...]:
        """Every problem of the review: those met while it was read, and those of each outcome's network."""
        found = list(self.issues)
        for outcome in self.outcomes:
            try:
                found += self.network(outcome.id).network.issues
            except DataError as error:
                found += error.issues
        return tuple(dict.fromkeys(found))

    def sensitivities(self, outcome_id: str) -> Iterator[SensitivityRun]:
        """Every [[sensitivity]] that concerns an outcome; one that cannot be done says why.

        Examples
        --------
        >>> runs = {run.id: run.reason for run in bundled_review().sensitivities("pain")}
        >>> runs["usual-sd"]
        >>> [run.reference for run in bundled_review().sensitivities("pain") if run.id == "change-scores-only"]
        ['active']
        """
        outcome = self.outcome(outcome_id)
        for sensitivity in self.protocol.sensitivity:
            if not sensitivity.concerns(outcome_id):
                continue
            yield self._sensitivity(outcome, sensitivity)

    def _sensitivity(self, outcome: OutcomeProtocol, sensitivity: Sensitivity) -> SensitivityRun:
        try:
            return SensitivityRun(sensitivity, self._prepare(outcome, sensitivity))
        except DataError as error:
            problems = errors_of(error.issues)
        if all(issue.rule == "reference-absent" for issue in problems):
            # the other comparisons can still be made: the first treatment that studies have takes its place
            for treatment in self.protocol.treatments:
                other = sensitivity.model_copy(update={"reference": treatment.id})
                try:
                    return SensitivityRun(sensitivity, self._prepare(outcome, other), reference=treatment.id)
                except DataError as error:
                    if not all(issue.rule == "reference-absent" for issue in error.issues):
                        problems = errors_of(error.issues)
        reasons = " ".join(dict.fromkeys(issue.message for issue in problems))
        return SensitivityRun(sensitivity, None, f"not possible: {reasons}")

    def _prepare(self, outcome: OutcomeProtocol, overrides: Overrides) -> PreparedOutcome:
        unknown = [study for study in (*overrides.exclude, *overrides.include) if study not in self._studies]
        if unknown:
            raise DataError([unknown_study(study, "an analysis", self._studies) for study in unknown])
        excluded = {rule.study: rule.reason for rule in self.protocol.exclusions if rule.concerns(outcome.id)}
        excluded = {study: reason for study, reason in excluded.items() if study not in overrides.include}
        left_out = dict.fromkeys(overrides.exclude, _words_for(overrides))
        changed = overrides.apply(outcome)
        return prepare_outcome(
            self.material, changed, changed.model.over(self.protocol.model), {**excluded, **left_out}
        )

    @property
    def _studies(self) -> dict[str, None]:
        return studies_of(self.material)


def _words_for(overrides: Overrides) -> str:
    return f"left out: {overrides.label}" if isinstance(overrides, Sensitivity) else "left out on request"


def bundled_review(id: str = "chronic-low-back-pain") -> Review:
    """A review that comes with the package.

    Examples
    --------
    >>> bundled_review().protocol.review.kind
    'worked example'
    """
    return read_review(Path(str(files("physiohub"))) / "reviews" / id)


def read_review(path: str | Path) -> Review:
    """Read a review folder.

    Raises
    ------
    DataError
        With every problem of review.toml and of the tables.

    Examples
    --------
    >>> read_review("no-such-folder")
    Traceback (most recent call last):
        ...
    physiohub.errors.DataError: error: value 'no-such-folder': There is no review folder 'no-such-folder'. ...
    """
    folder = Path(path)
    if not folder.is_dir():
        remedy = "Give the folder that holds review.toml; `physiohub new` makes one."
        raise DataError([Issue("folder-missing", f"There is no review folder {str(path)!r}.", remedy, value=str(path))])
    issues: list[Issue] = []
    protocol = read_protocol(folder, issues)
    tables = read_tables(folder, issues)
    if protocol is None:
        raise DataError(issues)
    material = material_of(protocol, tables, folder)
    issues += protocol_issues(protocol, material)
    if errors_of(issues):
        raise DataError(issues)
    recognised = {table.file or name: dict(table.recognised) for name, table in tables.items()}
    return Review(folder, protocol, material, tuple(issues), recognised)
