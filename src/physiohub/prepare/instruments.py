"""The outcome instruments that are known: by id, and by the names that tables give them.

What is known of one stands in `physiohub.prepare.instrument`; the entries themselves are data, in instruments.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from physiohub.errors import DataError, Issue
from physiohub.prepare.instrument import Form, ImportantDifference, Instrument, name_key

__all__ = ["Form", "ImportantDifference", "Instrument", "Registry", "registry"]


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
        near = self.near(id)
        hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"Known: {', '.join(self)}."
        remedy = f"{hint} Others are added under [[instruments]] of review.toml."
        issue = Issue("instrument-unknown", f"There is no instrument {id!r}.", remedy, value=id, file=file)
        raise DataError([issue])

    def near(self, name: str) -> tuple[str, ...]:
        """Ids of at most three instruments whose id, label or forms are close to `name`, the closest first.

        Examples
        --------
        >>> registry().near("Roland Morris")[0], registry().near("zzz")
        ('rmdq', ())
        """
        owners: dict[str, str] = {}
        for instrument in self.instruments:
            for text in (instrument.id, instrument.label, *(form.name for form in instrument.forms)):
                owners.setdefault(name_key(text), instrument.id)
        close = get_close_matches(name_key(name), list(owners), n=10)
        return tuple(dict.fromkeys(owners[key] for key in close))[:3]

    def named(self, name: str, *, first: Instrument) -> tuple[Instrument, Form] | None:
        """Instrument and form that a table calls `name`, `first` before all others; None when nobody is called that.

        An instrument that collects others is found by their names too.

        Examples
        --------
        >>> known = registry()
        >>> [known.named("VAS 0-10", first=known[id])[0].id for id in ("pain-0-100", "pain-vas")]
        ['pain-0-100', 'pain-vas']
        """
        for instrument in (first, *(i for i in self.instruments if i.id != first.id)):
            form = self._form(instrument, name)
            if form is not None:
                return instrument, form
        return None

    def _form(self, instrument: Instrument, name: str) -> Form | None:
        collected = (self[id] for id in instrument.collects if id in self)
        found = (one.form(name) for one in (instrument, *collected))
        return next((form for form in found if form is not None), None)


@cache
def registry() -> Registry:
    """The instruments that come with the package; read when first asked for.

    Examples
    --------
    >>> list(registry())[:3]
    ['pain-0-100', 'pain-vas', 'pain-nrs']
    """
    text = files("physiohub.prepare").joinpath("instruments.toml").read_text("utf-8")
    return Registry(tuple(Instrument.model_validate(entry) for entry in tomllib.loads(text)["instruments"]))
