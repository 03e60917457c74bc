"""Outcome instruments as data: range, direction, important differences and usual SD, each with its source."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from physiohub.errors import DataError, Issue

__all__ = ["Form", "ImportantDifference", "Instrument", "Registry", "registry"]

Kind = Literal["within person", "between groups"]


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
        Citation.
    """

    value: float = Field(gt=0)
    kind: Kind
    source: str = Field(min_length=1)


class Form(_Record):
    """One way in which publications call or score an instrument.

    Attributes
    ----------
    name
        As it is printed; matched without regard to case, blanks and punctuation.
    min, max
        Range of this form; None leaves it to `scale_min` and `scale_max` of the row.
    """

    name: str
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _whole_range(self) -> Form:
        if (self.min is None) != (self.max is None):
            raise ValueError("a form gives both min and max, or neither")
        if self.min is not None and self.max is not None and not self.min < self.max:
            raise ValueError("min must lie below max")
        return self

    @property
    def range(self) -> tuple[float, float] | None:
        """Lowest and highest score, when the name alone tells them."""
        return None if self.min is None or self.max is None else (self.min, self.max)


class Instrument(_Record):
    """A questionnaire or scale, on the range that its results are shown in.

    Examples
    --------
    >>> rmdq = registry()["rmdq"]
    >>> rmdq.range, rmdq.better, rmdq.important("within person").value
    ((0.0, 24.0), 'lower', 5.0)
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    label: str
    unit: str = "points"
    min: float
    max: float
    better: Literal["lower", "higher"]
    usual_sd: float | None = Field(default=None, gt=0)
    usual_sd_source: str | None = None
    forms: tuple[Form, ...] = ()
    important_differences: tuple[ImportantDifference, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Instrument:
        if not self.min < self.max:
            raise ValueError("min must lie below max")
        if self.usual_sd is not None and not self.usual_sd_source:
            raise ValueError("usual_sd needs usual_sd_source")
        return self

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest score."""
        return self.min, self.max

    def important(self, kind: Kind) -> ImportantDifference | None:
        """The important difference of that kind, or None when none is recorded."""
        return next((d for d in self.important_differences if d.kind == kind), None)

    def form(self, name: str) -> Form | None:
        """The form that is called `name`; the instrument's own id and label are forms with its own range.

        Examples
        --------
        >>> registry()["pain-0-100"].form("vas 0 - 10").range
        (0.0, 10.0)
        """
        own = tuple(Form(name=text, min=self.min, max=self.max) for text in (self.id, self.label))
        return next((form for form in (*own, *self.forms) if _key(form.name) == _key(name)), None)

    def to_dict(self) -> dict[str, Any]:
        """What a result shows of the instrument."""
        return self.model_dump(include={"id", "label", "min", "max", "better", "usual_sd", "important_differences"})


def _key(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


@dataclass(frozen=True, slots=True)
class Registry(Mapping[str, Instrument]):
    """Instruments by id; a review may add its own or replace one."""

    instruments: tuple[Instrument, ...]

    def __getitem__(self, id: str) -> Instrument:
        for instrument in self.instruments:
            if instrument.id == id:
                return instrument
        raise KeyError(id)

    def __iter__(self) -> Iterator[str]:
        return (instrument.id for instrument in self.instruments)

    def __len__(self) -> int:
        return len(self.instruments)

    def extended(self, more: Iterable[Instrument]) -> Registry:
        """A registry in which `more` stand before, and replace, instruments of the same id."""
        new = tuple(more)
        ids = {instrument.id for instrument in new}
        return Registry(new + tuple(i for i in self.instruments if i.id not in ids))

    def find(self, id: str, *, file: str | None = None) -> Instrument:
        """The instrument with that id.

        Raises
        ------
        DataError
            With the nearest ids when there is none.

        Examples
        --------
        >>> registry().find("rmdq").max
        24.0
        """
        if id in self:
            return self[id]
        near = get_close_matches(id, list(self), n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        remedy = f"{hint}Known: {', '.join(self)}. Others are added under [[instruments]] of review.toml."
        issue = Issue("instrument-unknown", f"There is no instrument {id!r}.", remedy, value=id, file=file)
        raise DataError([issue])

    def named(self, name: str, *, first: Instrument) -> tuple[Instrument, Form] | None:
        """Instrument and form that a table calls `name`, `first` before all others; None when nobody is called that."""
        for instrument in (first, *(i for i in self.instruments if i.id != first.id)):
            form = instrument.form(name)
            if form is not None:
                return instrument, form
        return None


@cache
def registry() -> Registry:
    """The instruments that come with the package.

    Examples
    --------
    >>> list(registry())
    ['pain-0-100', 'rmdq', 'odi']
    """
    text = files("physiohub.prepare").joinpath("instruments.toml").read_text("utf-8")
    return Registry(tuple(Instrument.model_validate(entry) for entry in tomllib.loads(text)["instruments"]))
