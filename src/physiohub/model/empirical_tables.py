"""The published tables of empirical distributions of tau^2, and how their rows are found by what people call them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from physiohub.errors import ModelError

__all__ = ["MARGINAL", "EmpiricalCell", "EmpiricalTable", "Named", "empirical_tables"]

MARGINAL = "marginal"
_VERSUS = re.compile(r"\b(versus|against|vs)\b")
_NON = re.compile(r"\bnon[-\s]+")
_AREA_OF_MOST = "other"


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a name that people also call by others.

    Attributes
    ----------
    name
        As it is shown.
    keys
        All its names in plain words, as `plain_words` makes them.
    """

    name: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmpiricalCell:
    """One predictive distribution of tau^2, as published.

    Attributes
    ----------
    table
        Such as ``"rhodes-2015"``.
    measure
        Measure on whose analysis scale tau is.
    area
        Medical area; ``"all"`` where the table does not tell areas apart.
    outcome, comparison
        Types of the table; both ``"marginal"`` in the distribution over all of them.
    location, scale
        Of log tau^2.
    df
        Of the Student t that log tau^2 follows; None: normal.
    citation
        The publication.
    doubt
        Why the printed numbers may be wrong; None where nothing speaks against them.
    """

    table: str
    measure: str
    area: str
    outcome: str
    comparison: str
    location: float
    scale: float
    df: float | None
    citation: str
    doubt: str | None = None

    def __str__(self) -> str:
        """The text form that `parse_prior` reads."""
        if self.outcome == MARGINAL:
            return f"{self.table}({MARGINAL})"
        area = "" if self.area in ("all", _AREA_OF_MOST) else f", {self.area}"
        return f"{self.table}({self.outcome}, {self.comparison}{area})"


@dataclass(frozen=True, slots=True, eq=False)
class EmpiricalTable:
    """One publication: its cells, and the names by which they are found."""

    name: str
    measure: str
    outcomes: tuple[Named, ...]
    comparisons: tuple[Named, ...]
    areas: tuple[Named, ...]
    cells: Mapping[tuple[str, str, str], EmpiricalCell]

    @property
    def form(self) -> str:
        """The text form with its arguments named."""
        area = "[, area]" if len(self.areas) > 1 else ""
        return f"{self.name}(outcome, comparison{area})"

    def marginal(self) -> EmpiricalCell:
        """The distribution over all outcome and comparison types.

        Raises
        ------
        ModelError
            When the publication gives none.
        """
        found = self.cells.get(("all", MARGINAL, MARGINAL))
        if found is None:
            raise ModelError(f"{self.name} has no marginal distribution. {self.choices()}")
        return found

    def cell(self, outcome: str, comparison: str, area: str | None = None) -> EmpiricalCell:
        """The cell that these words name.

        Parameters
        ----------
        outcome, comparison, area
            In any case, shortened or by another of their names; without an area, the one of most meta-analyses.

        Raises
        ------
        ModelError
            When a word names nothing or several things; the message lists what can be chosen.

        Examples
        --------
        >>> str(empirical_tables()["turner-2015"].cell("Pain", "non-pharm vs placebo"))
        'turner-2015(pain, non-pharmacological vs placebo/control)'
        """
        names = (
            self.areas[0].name if area is None else self._one("area", area, self.areas),
            self._one("outcome type", outcome, self.outcomes),
            self._one("comparison type", comparison, self.comparisons),
        )
        return self.cells[names]

    def choices(self) -> str:
        """What can be chosen, in words."""
        outcomes, comparisons, areas = (
            "; ".join(one.name for one in named) for named in (self.outcomes, self.comparisons, self.areas)
        )
        of_areas = f" Areas (the first is meant where none is stated): {areas}." if len(self.areas) > 1 else ""
        return f"Outcome types of {self.name}: {outcomes}. Comparison types: {comparisons}.{of_areas}"

    def _one(self, what: str, text: str, named: Sequence[Named]) -> str:
        found = _matches(text, named)
        if len(found) == 1:
            return found[0]
        if found:
            raise ModelError(f"{text!r} could be several things in {self.name}: {'; '.join(found)}. {self.choices()}")
        near = _near(text, named)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        raise ModelError(f"{self.name} has no {what} {text!r}.{meant} {self.choices()}")


@cache
def empirical_tables() -> Mapping[str, EmpiricalTable]:
    """Every table by its name.

    Examples
    --------
    >>> list(empirical_tables())
    ['rhodes-2015', 'turner-2015', 'turner-2012']
    """
    text = (files("physiohub.model") / "empirical.toml").read_text(encoding="utf-8")
    return {name: _table(name, entry) for name, entry in tomllib.loads(text).items()}


def plain_words(text: str) -> str:
    """A name without case, punctuation and the words that make no difference.

    Examples
    --------
    >>> plain_words("Non-pharmacological vs. placebo/control")
    'nonpharmacological vs placebo control'
    """
    text = _NON.sub("non", _VERSUS.sub("vs", text.lower()).replace("&", " and "))
    text = re.sub(r"[^a-z0-9]+", " ", text)
    return re.sub(r"\b(outcomes?|comparisons?)\b", "", text).strip()


def _matches(text: str, named: Iterable[Named]) -> list[str]:
    """Those of exactly this name, else those with a name that begins with these words, each word cut short at will.

    Where there are none, all that hold these words anywhere, if they are several: they have to be told apart.
    """
    named, words = list(named), plain_words(text)
    exact = [one.name for one in named if words in one.keys]
    begun = [one.name for one in named if any(_begins(key, words) for key in one.keys)]
    inside = [one.name for one in named if any(f" {words} " in f" {key} " for key in one.keys)]
    return exact or begun or (inside if len(inside) > 1 else [])


def _begins(key: str, words: str) -> bool:
    whole, short = key.split(), words.split()
    return 0 < len(short) <= len(whole) and all(k.startswith(s) for k, s in zip(whole, short, strict=False))


def _near(text: str, named: Sequence[Named]) -> list[str]:
    owner = {key: one.name for one in named for key in one.keys}
    words = plain_words(text)
    close = get_close_matches(words, owner, n=3, cutoff=0.6) if words else []
    close += [key for key in owner if words and f" {words} " in f" {key} "]
    return list(dict.fromkeys(owner[key] for key in close))


def _table(name: str, entry: Mapping[str, Any]) -> EmpiricalTable:
    """A table from its entry in empirical.toml."""
    comparisons = tuple(_named(one["name"], one["also"]) for one in entry["comparisons"])
    outcomes = tuple(_named(one["name"], (*one["name"].split("/"), *one.get("also", ()))) for one in entry["outcomes"])
    areas = tuple(_named(area, ()) for area in entry["outcomes"][0]["areas"])
    about = {"table": name, "measure": entry["measure"], "df": entry.get("df"), "citation": entry["citation"]}
    implied = {(s["area"], s["outcome"], s["comparison"]): s["implied"] for s in entry.get("suspect", ())}
    places = [("all", MARGINAL, MARGINAL)] if "marginal" in entry else []
    numbers = [entry["marginal"]] if "marginal" in entry else []
    for one in entry["outcomes"]:
        for area, pairs in one["areas"].items():
            places += [(area, one["name"], comparison.name) for comparison in comparisons]
            numbers += pairs
    cells = {
        place: EmpiricalCell(
            area=place[0], outcome=place[1], comparison=place[2], location=location, scale=scale, **about,
            doubt=_doubt(location, implied[place]) if place in implied else None,
        )
        for place, (location, scale) in zip(places, numbers, strict=True)
    }  # fmt: skip
    return EmpiricalTable(name, entry["measure"], outcomes, comparisons, areas, cells)


def _named(name: str, also: Iterable[str]) -> Named:
    return Named(name, tuple(dict.fromkeys(plain_words(text) for text in (name, *also))))


def _doubt(printed: float, implied: float) -> str:
    return (
        f"its printed location of log tau^2, {printed:.2f}, does not fit the rest of the table, which is additive and "
        f"implies {implied:.2f}: it may be a misprint"
    )
