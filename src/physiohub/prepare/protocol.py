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
    "Denominator",
    "ExclusionRule",
    "Medians",
    "Merge",
    "MissingSd",
    "ModelKeys",
    "OutcomeProtocol",
    "Overrides",
    "Record",
    "RepeatedArms",
    "ScoreKind",
    "Sensitivity",
    "TreatmentEntry",
    "ValueType",
]

ValueType = Literal["final", "change", "adjusted"]
RepeatedArms = Literal["merge", "keep", "refuse"]
Merge = dict[str, tuple[str, ...]]
Denominator = Literal["reported", "final", "instrument"]
Medians = Literal["convert", "convert-symmetric", "refuse"]
MissingSd = Literal["refuse", "from-arm", "borrow-pooled", "borrow-median", "borrow-largest"]
ScoreKind = Literal["reported", "change", "final"]


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
Correlation = Literal["estimated"] | Annotated[float, Field(gt=-1, lt=1)]
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
    draws: int | None = Field(default=None, ge=500)
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


class BaselineKeys(Record):
    """[outcomes.baseline]: a distribution such as ``"events(62, 1000)"``, or ``"network"`` for the own arms."""

    text: str
    treatment: str | None = None
    time: float | None = Field(default=None, gt=0)
    per: float = Field(default=1.0, gt=0)
    source: str = "stated in the review"


class OutcomeProtocol(Record):
    """One [[outcomes]] of review.toml.

    Attributes
    ----------
    instruments
        Names or ids of instruments, the preferred first, for studies that report several.
    window_weeks, choose
        Which time points may enter, and which of several does; equally near weeks: the later.
    values
        Kinds of value that may enter, the preferred first. Adjusted and final means estimate the same difference, the
        adjusted one more precisely, so that it comes first unless the review says otherwise.
    scores
        ``"change"`` makes change scores of final ones, ``"final"`` final ones of change scores, in studies that report
        mean and SD at baseline in every arm; ``"reported"`` leaves them as they are.
    change_correlation
        Of scores before and after, for SDs of change that were not printed: a number, or ``"estimated"`` from the
        studies of the review that report all three SDs. None: no SD is made so.
    mix
        Whether change scores may stand beside final and adjusted values. None: refused for SMD divided by reported SDs,
        which are not the same quantity, and noted for MD, where both estimate the same difference.
    denominator
        Of an SMD: ``"reported"`` (the trial's SDs of what it reports), ``"final"`` (SDs of final scores, also under
        change scores) or ``"instrument"`` (the instrument's usual SD, for every study).
    medians
        ``"convert"`` makes mean and SD of a median with quartiles or range, with a warning where a test finds the data
        skewed; ``"convert-symmetric"`` refuses those; ``"refuse"`` refuses all.
    missing_sd
        For a mean without SD, SE or interval: ``"refuse"``; ``"from-arm"`` (pooled SD of the other arms of the study);
        ``"borrow-pooled"``, ``"borrow-median"`` or ``"borrow-largest"`` (of the other studies on the instrument).
    repeated_arms
        What becomes of two arms of a study on one treatment.
    merge
        Treatment -> treatments counted as that one.
    outcome_type, comparison_type
        As the tables of empirical priors of tau call them: the distribution that tau is shown against.
    baseline
        What happens under one treatment, for absolute effects.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    label: str | None = None
    instrument: str | None = None
    instruments: tuple[str, ...] = ()
    measure: MeasureName
    better: Literal["lower", "higher"]
    window_weeks: Window | None = None
    choose: TimeRule | None = None
    values: tuple[ValueType, ...] = ("adjusted", "final")
    scores: ScoreKind = "reported"
    change_correlation: Correlation | None = None
    mix: bool | None = None
    denominator: Denominator = "reported"
    medians: Medians = "convert"
    missing_sd: MissingSd = "refuse"
    important_difference: ImportantDifferenceKey | None = "between groups"
    repeated_arms: RepeatedArms | None = None
    merge: Merge = Field(default_factory=dict)
    outcome_type: str | None = None
    comparison_type: str | None = None
    baseline: BaselineKeys | None = None
    notes: tuple[str, ...] = ()
    model: ModelKeys = ModelKeys()

    @property
    def continuous(self) -> bool:
        """Whether the outcome is compared by means of scores."""
        return self.measure in ("MD", "SMD")

    @property
    def preferred_values(self) -> tuple[ValueType, ...]:
        """`values`, with the kind that `scores` asks for right before the one that it is made of.

        Examples
        --------
        >>> pain = OutcomeProtocol(id="pain", measure="MD", better="lower", scores="change")
        >>> pain.preferred_values
        ('adjusted', 'change', 'final')
        """
        if self.scores == "reported":
            return self.values
        found: list[ValueType] = []
        for value in self.values:
            if value in ("change", "final"):
                other: ValueType = "final" if self.scores == "change" else "change"
                found += [one for one in (self.scores, other) if one not in found]
            else:
                found.append(value)
        return tuple(found)


class Overrides(ModelKeys):
    """What may be changed for one further look at an outcome: keys of [[outcomes]] and of [model], None if unchanged.

    Attributes
    ----------
    exclude, include
        Studies left out, and excluded studies taken in again.
    """

    measure: MeasureName | None = None
    instruments: tuple[str, ...] | None = None
    window_weeks: Window | None = None
    choose: TimeRule | None = None
    values: tuple[ValueType, ...] | None = None
    scores: ScoreKind | None = None
    change_correlation: Correlation | None = None
    mix: bool | None = None
    denominator: Denominator | None = None
    medians: Medians | None = None
    missing_sd: MissingSd | None = None
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
