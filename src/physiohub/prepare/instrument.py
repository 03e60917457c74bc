"""What is known of one outcome instrument: range, direction, step, important differences, usual SD; their sources."""

from __future__ import annotations

from math import isclose
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["NO_SOURCE", "Form", "ImportantDifference", "Instrument", "Kind", "name_key"]

Kind = Literal["within person", "between groups"]
Number = Literal["range", "usual SD", "within person", "between groups"]

NO_SOURCE = "no source read"
"""What a listing shows for a number that is left empty because nobody has read a source of it."""


class _Record(BaseModel):
    """A frozen record that takes no key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class ImportantDifference(_Record):
    """A difference that matters, and to whom.

    Attributes
    ----------
    value
        In points of the instrument, above zero.
    kind
        ``"within person"`` (minimal important change of one patient) or ``"between groups"`` (of two means).
    source
        Citation, and where in it the number stands.
    population
        In whom it was found; None where the source binds it to nobody.
    """

    value: float = Field(gt=0)
    kind: Kind
    source: str = Field(min_length=1)
    population: str | None = None


class Form(_Record):
    """One way in which publications call or score an instrument.

    Attributes
    ----------
    name
        As it is printed; matched without regard to case, blanks and punctuation.
    min, max
        Range of this form; None leaves it to `scale_min` and `scale_max` of the row.
    step
        Smallest difference between two persons' scores on this range; None when it is not known or the form is
        continuous.
    """

    name: str
    min: float | None = None
    max: float | None = None
    step: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _whole_range(self) -> Form:
        if (self.min is None) != (self.max is None):
            raise ValueError("a form gives both min and max, or neither")
        if self.range is None and self.step is not None:
            raise ValueError("a step belongs to a range: give min and max as well")
        if self.range is not None:
            _require_range(self.range, self.step)
        return self

    @property
    def range(self) -> tuple[float, float] | None:
        """Lowest and highest score, when the name alone tells them."""
        return None if self.min is None or self.max is None else (self.min, self.max)


class Instrument(_Record):
    """A questionnaire, scale or test, on the range that its results are shown in.

    A number without a source is left empty. `not_sourced` names the ones for which none was read, so that a listing can
    tell them from what a review has not filled in.

    Attributes
    ----------
    id, label, unit
        What review.toml calls it; display name; unit of a score.
    min, max
        Lowest and highest score.
    limits
        ``"scale"``: min and max are the ends of a scale, and versions with other ends are moved onto it. ``"open"``:
        scores have a unit of their own (metres, seconds, utilities, norm-based points), min and max only tell what is
        plausible, and no version is ever stretched onto another.
    range_source
        Where range, direction, items and step stand.
    better
        Which scores are good for the patient.
    step
        Smallest difference between two persons' scores on this range, both having answered every item: 1 for a total of
        whole numbers, 100/(4k) for k items of 0 to 4 turned into 0 to 100. None when it is not known or scores are
        continuous.
    items
        Number of items; None when it is not known or has no meaning.
    regions
        Parts of the body in whose complaints it is used; ``"any"`` for all.
    usual_sd, usual_sd_source
        A typical SD of scores among patients, and where it was seen.
    forms
        How tables may call it.
    collects
        Ids of instruments whose forms count as forms of this one, such as VAS and NRS for pain intensity.
    important_differences
        The first of a kind is the one that is used unless a review states another.
    not_sourced, notes
        Numbers for which no source was read; what a reader of the others must know.

    Examples
    --------
    >>> from physiohub.prepare.instruments import registry
    >>> rmdq = registry()["rmdq"]
    >>> rmdq.range, rmdq.better, rmdq.step, rmdq.important("within person").value
    ((0.0, 24.0), 'lower', 1.0, 5.0)
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    label: str
    unit: str = "points"
    min: float
    max: float
    limits: Literal["scale", "open"] = "scale"
    range_source: str | None = Field(default=None, min_length=1)
    better: Literal["lower", "higher"]
    step: float | None = Field(default=None, gt=0)
    items: int | None = Field(default=None, gt=0)
    regions: tuple[str, ...] = ()
    usual_sd: float | None = Field(default=None, gt=0)
    usual_sd_source: str | None = None
    forms: tuple[Form, ...] = ()
    collects: tuple[str, ...] = ()
    important_differences: tuple[ImportantDifference, ...] = ()
    not_sourced: tuple[Number, ...] = ()
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Instrument:
        _require_range(self.range, self.step)
        if self.usual_sd is not None and not self.usual_sd_source:
            raise ValueError("usual_sd needs usual_sd_source")
        # half the range is the SD of people who all stand at one end or the other: no scale has more
        if self.usual_sd is not None and self.usual_sd > (self.max - self.min) / 2:
            raise ValueError("usual_sd is larger than half the range")
        if any(d.value >= self.max - self.min for d in self.important_differences):
            raise ValueError("an important difference is as large as the whole range")
        contradicted = [number for number in self.not_sourced if self._has(number)]
        if contradicted:
            raise ValueError(f"not_sourced names what is filled in: {', '.join(contradicted)}")
        return self

    def _has(self, number: Number) -> bool:
        if number == "range":
            return self.range_source is not None
        return self.usual_sd is not None if number == "usual SD" else self.important(number) is not None

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest score."""
        return self.min, self.max

    def important(self, kind: Kind) -> ImportantDifference | None:
        """The first important difference of that kind, or None when none is recorded."""
        return next((d for d in self.important_differences if d.kind == kind), None)

    def form(self, name: str) -> Form | None:
        """The form that is called `name`; the instrument's own id and label are forms with its own range.

        Examples
        --------
        >>> from physiohub.prepare.instruments import registry
        >>> registry()["pain-vas"].form("vas 0 - 10").range
        (0.0, 10.0)
        """
        wanted = name_key(name)
        for text in (self.id, self.label):
            if name_key(text) == wanted:
                return Form(name=text, min=self.min, max=self.max, step=self.step)
        return next((form for form in self.forms if name_key(form.name) == wanted), None)

    def step_on(self, form: Form, printed: tuple[float, float] | None = None) -> float | None:
        """Smallest difference between two persons' scores as a row prints them; None when nobody says.

        Parameters
        ----------
        form
            What the row calls the instrument.
        printed
            Range that the row states; None leaves it to the form.

        Examples
        --------
        >>> from physiohub.prepare.instruments import registry
        >>> odi = registry()["odi"]
        >>> odi.step_on(odi.form("ODI")), odi.step_on(odi.form("ODI 0-50")), odi.step_on(odi.form("ODI"), (0, 10))
        (2.0, 1.0, None)
        """
        at = printed or form.range
        if at is not None and form.range == at and form.step is not None:
            return form.step
        return self.step if at == self.range else None

    def number(self, number: Literal["usual SD", "within person", "between groups"]) -> str:
        """A number in words for a listing: the value, that no source of it was read, or that it is not recorded.

        Examples
        --------
        >>> from physiohub.prepare.instruments import registry
        >>> odi, tug = registry()["odi"], registry()["tug"]
        >>> odi.number("usual SD"), odi.number("between groups"), tug.number("within person")
        ('14', '10', 'no source read')
        """
        if number == "usual SD":
            values = [] if self.usual_sd is None else [self.usual_sd]
        else:
            values = [d.value for d in self.important_differences if d.kind == number]
        if values:
            return ", ".join(f"{value:g}" for value in values)
        return NO_SOURCE if number in self.not_sourced else "not recorded"

    def to_dict(self) -> dict[str, Any]:
        """What a result shows of the instrument."""
        return self.model_dump(include={"id", "label", "min", "max", "better", "usual_sd", "important_differences"})


def _require_range(limits: tuple[float, float], step: float | None) -> None:
    low, high = limits
    if not low < high:
        raise ValueError("min must lie below max")
    if step is not None:
        steps = (high - low) / step
        # a step of 100/68 is a rounded decimal: its multiple misses 100 by parts in 1e16
        if round(steps) < 1 or not isclose(steps, round(steps), rel_tol=1e-9):
            raise ValueError("step must divide the range")


def name_key(name: str) -> str:
    """A name without case, blanks and punctuation, by which two spellings are known for one."""
    return "".join(c for c in name.casefold() if c.isalnum())
