"""The schema of review.toml: what a review states about itself, in the words of the file.

Unknown keys, missing keys and wrong values all become issues at once, at the key where they stand.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from physiohub.errors import DataError, Issue
from physiohub.prepare.instruments import Form, ImportantDifference, Instrument
from physiohub.prepare.protocol import (
    ChoiceRule,
    ExclusionRule,
    ModelKeys,
    OutcomeProtocol,
    Record,
    Sensitivity,
    TreatmentEntry,
)

__all__ = ["Certainty", "Flow", "Header", "Judgement", "Protocol", "Question", "Search", "parse_protocol"]

FILE = "review.toml"


class Question(Record):
    """Whom, what, against what, where."""

    population: str | None = None
    interventions: tuple[str, ...] = ()
    comparators: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    setting: str | None = None
    design: str | None = None


class Header(Record):
    """[review].

    Attributes
    ----------
    kind
        ``"worked example"`` or ``"systematic review"``.
    statement
        What a reader has to know before anything else.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str = Field(min_length=1)
    region: str | None = None
    kind: Literal["worked example", "systematic review"]
    statement: str | None = None
    question: Question = Question()
    authors: tuple[str, ...] = ()
    registration: str | None = None
    funding: str | None = None
    conflicts: str | None = None
    protocol: str | None = None
    licence: str | None = None
    limitations: tuple[str, ...] = ()


class Search(Record):
    """[search]; left out when there was none."""

    databases: tuple[str, ...] = ()
    date: datetime.date | str | None = None
    strategy: str | None = None
    limits: str | None = None
    notes: str | None = None


class Flow(Record):
    """[flow]: PRISMA counts; what is not known is left out."""

    identified: int | None = Field(default=None, ge=0)
    identified_other: int | None = Field(default=None, ge=0)
    duplicates: int | None = Field(default=None, ge=0)
    screened: int | None = Field(default=None, ge=0)
    excluded: int | None = Field(default=None, ge=0)
    sought: int | None = Field(default=None, ge=0)
    not_retrieved: int | None = Field(default=None, ge=0)
    assessed: int | None = Field(default=None, ge=0)
    excluded_full_text: int | None = Field(default=None, ge=0)
    included: int | None = Field(default=None, ge=0)
    reasons: dict[str, int] = Field(default_factory=dict)


class Judgement(Record):
    """One judgement of certainty: by whom and why."""

    outcome: str
    treatment: str
    versus: str
    domain: Literal[
        "within-study bias", "reporting bias", "indirectness", "imprecision", "heterogeneity", "incoherence"
    ]
    judgement: Literal["no concerns", "some concerns", "major concerns"]
    reason: str = Field(min_length=1)
    by: str = Field(min_length=1)


class Certainty(Record):
    """[certainty]."""

    judgements: tuple[Judgement, ...] = ()
    notes: str | None = None


class Protocol(Record):
    """The whole of review.toml."""

    review: Header
    search: Search | None = None
    flow: Flow | None = None
    treatments: tuple[TreatmentEntry, ...] = Field(min_length=2)
    outcomes: tuple[OutcomeProtocol, ...] = Field(min_length=1)
    model: ModelKeys = ModelKeys()
    exclusions: tuple[ExclusionRule, ...] = ()
    choices: tuple[ChoiceRule, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    certainty: Certainty | None = None
    instruments: tuple[Instrument, ...] = ()


_RECORDS: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Protocol,
    ("review",): Header,
    ("review", "question"): Question,
    ("search",): Search,
    ("flow",): Flow,
    ("treatments",): TreatmentEntry,
    ("outcomes",): OutcomeProtocol,
    ("outcomes", "model"): ModelKeys,
    ("model",): ModelKeys,
    ("exclusions",): ExclusionRule,
    ("choices",): ChoiceRule,
    ("sensitivity",): Sensitivity,
    ("certainty",): Certainty,
    ("certainty", "judgements"): Judgement,
    ("instruments",): Instrument,
    ("instruments", "forms"): Form,
    ("instruments", "important_differences"): ImportantDifference,
}


def parse_protocol(text: str, *, file: str = FILE) -> Protocol:
    """Read the text of a review.toml.

    Raises
    ------
    DataError
        With one issue for every key that is unknown, missing or wrong; for text that is not TOML, the line.

    Examples
    --------
    >>> parse_protocol("[review")
    Traceback (most recent call last):
    ...
    physiohub.errors.DataError: error: review.toml, row 1: The file is not valid TOML: Expected ']' ...
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError([_syntax_issue(str(error), text, file)]) from None
    try:
        return Protocol.model_validate(data)
    except ValidationError as error:
        raise DataError(_issues(error, data, file)) from None


def _syntax_issue(message: str, text: str, file: str) -> Issue:
    what, _, place = message.rpartition(" (at ")
    words = place.rstrip(")").replace(",", "").split()
    at_line = "line" in words and words[words.index("line") + 1].isdigit()
    row = int(words[words.index("line") + 1]) if at_line else max(text.count("\n"), 1)
    message = f"The file is not valid TOML: {what or message}."
    return Issue("toml-syntax", message, "Correct the line, or the one before it.", row=row, file=file)


def _issues(error: ValidationError, data: Mapping[str, Any], file: str) -> Iterator[Issue]:
    problems = [
        (tuple(part for part in problem["loc"] if not _of_union(part)), problem)
        for problem in error.errors(include_url=False)
    ]
    places = {place for place, _ in problems}
    seen = set()
    for place, problem in problems:
        # a list that is too short because its entries are wrong is not a second problem
        inner = any(len(other) > len(place) and other[: len(place)] == place for other in places)
        if not inner and (place, problem["type"]) not in seen:
            seen.add((place, problem["type"]))
            yield _issue(place, problem["type"], problem["msg"], problem.get("input"), data, file)


def _of_union(part: str | int) -> bool:
    """Whether pydantic named a branch of a union here, which is no key of the file."""
    return isinstance(part, str) and (part.startswith(("literal[", "constrained-", "function-")) or part in ("float",))


def _issue(place: tuple[str | int, ...], kind: str, words: str, cell: Any, data: Mapping[str, Any], file: str) -> Issue:
    key, where = str(place[-1]) if place else "", _where(place, data)
    if kind == "extra_forbidden":
        remedy = _near(place)
        return Issue("key-unknown", f"{where}: there is no key {key!r}.", remedy, column=key, file=file)
    if kind == "missing":
        return Issue("key-missing", f"{where}: the key {key!r} is missing.", "Add it.", column=key, file=file)
    value = None if isinstance(cell, dict) else str(cell)
    message = f"{where}: {_sentence(words)}"
    return Issue("key-wrong", message, "Correct the value.", column=key, value=value, file=file)


def _sentence(words: str) -> str:
    words = words.removeprefix("Value error, ").rstrip(".")
    return f"{words[0].lower()}{words[1:]}."


def _near(place: tuple[str | int, ...]) -> str:
    names = tuple(part for part in place[:-1] if isinstance(part, str))
    record = _RECORDS.get(names)
    if record is None:
        return "Take it out."
    keys = [field.alias or name for name, field in record.model_fields.items()]
    near = get_close_matches(str(place[-1]), keys, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Keys here: {', '.join(keys)}."


def _where(place: tuple[str | int, ...], data: Mapping[str, Any]) -> str:
    """Where a key stands, as the file writes it: the id of an entry where it has one, else its number."""
    at: Any = data
    words: list[str] = []
    for part in place[:-1]:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            at = None
        if isinstance(part, int):
            named = at.get("id", at.get("study")) if isinstance(at, Mapping) else None
            words[-1] = f"{words[-1]} {named!r}" if named else f"{words[-1]} number {part + 1}"
        else:
            words.append(part)
    return " / ".join(words) if words else "the file"
