"""What a review decides about an outcome, as frozen records that take no key they do not know.

`physiohub.evidence.protocol` builds the whole of review.toml from these.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from physiohub.measures.measure import MEASURES

__all__ = [
    "ChoiceRule",
    "ExclusionRule",
    "Merge",
    "ModelKeys",
    "OutcomeProtocol",
    "Overrides",
    "Record",
    "RepeatedArms",
    "Sensitivity",
    "TreatmentEntry",
    "ValueType",
]

ValueType = Literal["final", "change", "adjusted"]
RepeatedArms = Literal["merge", "keep", "refuse"]
Merge = dict[str, tuple[str, ...]]


class Record(BaseModel):
    """A frozen record that takes no key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _measure(name: str) -> str:
    if name.upper() not in MEASURES:
        raise ValueError(f"must be one of {', '.join(MEASURES)}")
    return name.upper()


def _time_rule(text: str) -> str:
    if text in ("longest", "earliest") or re.fullmatch(r"nearest \d+(\.\d+)?", text):
        return text
    raise ValueError('must be "longest", "earliest" or "nearest" and a number of weeks, such as "nearest 12"')


def _window(window: tuple[float, float]) -> tuple[float, float]:
    if not window[0] <= window[1]:
        raise ValueError("must be two weeks, the earlier one first")
    return window


MeasureName = Annotated[str, AfterValidator(_measure)]
TimeRule = Annotated[str, AfterValidator(_time_rule)]
Window = Annotated[tuple[float, float], AfterValidator(_window)]
ImportantDifferenceKey = Literal["between groups", "within person"] | Annotated[float, Field(gt=0)]


class ModelKeys(Record):
    """Keys of [model]; a key that is None is not stated."""

    reference: str | None = None
    effects: Literal["random", "common"] | None = None
    tau_prior: str | None = None
    effect_prior: str | None = None
    baseline_prior: str | None = None
    likelihood: Literal["auto", "contrast", "arm"] | None = None
    engine: Literal["auto", "exact", "collapsed", "nuts"] | None = None
    level: float | None = Field(default=None, gt=0.5, lt=1)
    smd_variance: Literal["simple", "unbiased"] | None = None
    seed: int | None = None
    repeated_arms: RepeatedArms | None = None

    def over(self, other: ModelKeys) -> ModelKeys:
        """These keys, and those of `other` where these are silent.

        Examples
        --------
        >>> ModelKeys(effects="common").over(ModelKeys(effects="random", reference="control")).stated()
        {'reference': 'control', 'effects': 'common'}
        """
        return ModelKeys(**{**other.stated(), **self.stated()})

    def stated(self) -> dict[str, Any]:
        """The keys that are stated, with their values."""
        return self.model_dump(exclude_none=True)


class OutcomeProtocol(Record):
    """One [[outcomes]] of review.toml.

    Attributes
    ----------
    window_weeks, choose
        Which time points may enter, and which of several does; equally near weeks: the later.
    values
        Kinds of value that may enter, the preferred first.
    mix
        Whether change scores may stand beside final and adjusted values. None: refused for SMD, where their SDs are not
        the same quantity, and noted for MD, where both estimate the same difference.
    denominator
        Of an SMD: ``"reported"`` (the trial's SDs) or ``"instrument"`` (the instrument's usual SD, for every study).
    repeated_arms
        What becomes of two arms of a study on one treatment.
    merge
        Treatment -> treatments counted as that one.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    label: str | None = None
    instrument: str | None = None
    measure: MeasureName
    better: Literal["lower", "higher"]
    window_weeks: Window | None = None
    choose: TimeRule | None = None
    values: tuple[ValueType, ...] = ("final",)
    mix: bool | None = None
    denominator: Literal["reported", "instrument"] = "reported"
    important_difference: ImportantDifferenceKey | None = "between groups"
    repeated_arms: RepeatedArms | None = None
    merge: Merge = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    model: ModelKeys = ModelKeys()

    @property
    def continuous(self) -> bool:
        """Whether the outcome is compared by means of scores."""
        return self.measure in ("MD", "SMD")


class Overrides(ModelKeys):
    """What may be changed for one further look at an outcome: keys of [[outcomes]] and of [model], None if unchanged.

    Attributes
    ----------
    exclude, include
        Studies left out, and excluded studies taken in again.
    """

    measure: MeasureName | None = None
    window_weeks: Window | None = None
    choose: TimeRule | None = None
    values: tuple[ValueType, ...] | None = None
    mix: bool | None = None
    denominator: Literal["reported", "instrument"] | None = None
    important_difference: ImportantDifferenceKey | None = None
    merge: Merge | None = None
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()

    def apply(self, outcome: OutcomeProtocol) -> OutcomeProtocol:
        """The outcome with these keys in place of its own.

        Examples
        --------
        >>> pain = OutcomeProtocol(id="pain", measure="SMD", better="lower")
        >>> Overrides(denominator="instrument", effects="common").apply(pain).model.effects
        'common'
        """
        stated = self.model_dump(include=set(Overrides.model_fields), exclude_none=True, exclude={"exclude", "include"})
        own = {key: value for key, value in stated.items() if key in OutcomeProtocol.model_fields}
        model = ModelKeys(**{key: value for key, value in stated.items() if key not in own})
        return outcome.model_copy(update={**own, "model": model.over(outcome.model)})


class Sensitivity(Overrides):
    """One [[sensitivity]]: the same question with something changed.

    Attributes
    ----------
    outcomes
        Where it applies; None: everywhere.
    """

    id: str
    label: str
    reason: str | None = None
    outcomes: tuple[str, ...] | None = None

    def concerns(self, outcome: str) -> bool:
        """Whether it applies to that outcome."""
        return self.outcomes is None or outcome in self.outcomes


class ExclusionRule(Record):
    """One [[exclusions]]; without an outcome, from all of them."""

    study: str
    outcome: str | None = None
    reason: str = Field(min_length=1)

    def concerns(self, outcome: str) -> bool:
        """Whether it applies to that outcome."""
        return self.outcome in (None, outcome)


class ChoiceRule(Record):
    """One [[choices]]: the arms, the contrasts or the instrument by which a study enters."""

    study: str
    outcome: str | None = None
    use: str
    reason: str = Field(min_length=1)

    def concerns(self, outcome: str) -> bool:
        """Whether it applies to that outcome."""
        return self.outcome in (None, outcome)

    @property
    def level(self) -> Literal["arms", "contrasts"] | None:
        """The table that is chosen, or None when the rule names an instrument."""
        if self.use == "arms":
            return "arms"
        return "contrasts" if self.use == "contrasts" else None


class TreatmentEntry(Record):
    """One [[treatments]]."""

    id: str
    label: str
    components: tuple[str, ...] = ()
    group: str | None = Field(default=None, alias="class")
    description: str | None = None

    @model_validator(mode="after")
    def _id_is_clean(self) -> TreatmentEntry:
        if self.id != self.id.strip() or not self.id:
            raise ValueError("an id has no outer blanks and is not empty")
        return self
