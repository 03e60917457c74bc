"""What a review asks: one question per outcome, with its network, its model and what the page has to say about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from physiohub.analysis.sensitivity import Alternative
from physiohub.errors import DataError, Issue
from physiohub.evidence.absolute_record import BaselineStatement
from physiohub.evidence.record import OutcomeContext
from physiohub.evidence.review import Review
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network
from physiohub.prepare.instruments import Instrument
from physiohub.prepare.outcome import PreparedOutcome
from physiohub.prepare.score_alternatives import score_alternatives

__all__ = ["Question", "about_review", "review_questions"]

Better = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One outcome, ready to be answered."""

    network: Network
    spec: ModelSpec
    better: Better
    context: OutcomeContext

    @property
    def id(self) -> str:
        """Id of the outcome."""
        return self.context.id


def review_questions(review: Review) -> tuple[Question, ...]:
    """The question of every outcome, in the order of review.toml.

    Raises
    ------
    DataError
        With the problems of all outcomes at once.

    Examples
    --------
    >>> from physiohub.evidence.review import bundled_review
    >>> [(question.id, question.spec.measure, question.better) for question in review_questions(bundled_review())][0]
    ('pain', 'SMD', 'lower')
    """
    questions: list[Question] = []
    issues: list[Issue] = []
    for outcome in review.outcomes:
        try:
            prepared = review.network(outcome.id)
        except DataError as error:
            issues += error.issues
        else:
            own = (*_alternatives(review, outcome.id), *_score_alternatives(review, prepared))
            questions.append(_question(prepared, own))
    if issues:
        raise DataError(dict.fromkeys(issues))
    return tuple(questions)


def about_review(review: Review) -> dict[str, Any]:
    """What the review says about itself, for the top of results.json; None where it says nothing."""
    protocol = review.protocol
    return {
        **protocol.review.model_dump(mode="json"),
        "treatments": [entry.model_dump(mode="json", by_alias=True) for entry in protocol.treatments],
        "search": None if protocol.search is None else protocol.search.model_dump(mode="json"),
        "flow": None if protocol.flow is None else protocol.flow.model_dump(mode="json"),
    }


def _question(prepared: PreparedOutcome, alternatives: tuple[Alternative, ...]) -> Question:
    baseline = prepared.protocol.baseline
    context = OutcomeContext(
        id=prepared.id,
        label=prepared.label,
        instrument=None if prepared.instrument is None else _instrument(prepared.instrument),
        mid=prepared.mid,
        outcome_type=prepared.protocol.outcome_type,
        comparison_type=prepared.protocol.comparison_type,
        choices=[{"study": c.study, "choice": c.choice, "reason": c.reason} for c in prepared.choices],
        excluded=[{"study": e.study, "reason": e.reason} for e in prepared.excluded],
        notes=prepared.notes,
        warnings=prepared.warnings,
        alternatives=alternatives,
        baseline=None if baseline is None else BaselineStatement(**baseline.model_dump()),
    )
    return Question(prepared.network, _spec(prepared), prepared.protocol.better, context)


def _spec(prepared: PreparedOutcome) -> ModelSpec:
    """The model of an outcome; reference and repeated arms have shaped its network already."""
    keys = {k: v for k, v in prepared.model.stated().items() if k not in ("reference", "repeated_arms")}
    usual_sd = None if prepared.instrument is None else prepared.instrument.usual_sd
    return ModelSpec(measure=prepared.measure, usual_sd=usual_sd, **keys)


def _alternatives(review: Review, outcome_id: str) -> Iterator[Alternative]:
    """The review's own [[sensitivity]]; one that is not possible stays, with its reason."""
    for run in review.sensitivities(outcome_id):
        if run.prepared is None:
            yield Alternative(run.id, run.label, "review", reason=run.reason)
        else:
            mid = None if run.prepared.mid is None else run.prepared.mid.value
            yield Alternative(run.id, run.label, "review", run.prepared.network, _spec(run.prepared), mid)


def _score_alternatives(review: Review, prepared: PreparedOutcome) -> Iterator[Alternative]:
    """Change or final scores throughout, over the grid of correlations."""
    for run in score_alternatives(prepared, partial(review.network, prepared.id)):
        if run.prepared is None:
            yield Alternative(run.id, run.label, "scores", reason=run.reason)
        else:
            mid = None if run.prepared.mid is None else run.prepared.mid.value
            yield Alternative(run.id, run.label, "scores", run.prepared.network, _spec(run.prepared), mid)


def _instrument(instrument: Instrument) -> dict[str, Any]:
    """The registry's entry without the forms by which tables may call it."""
    return instrument.model_dump(mode="json", exclude={"forms"})
