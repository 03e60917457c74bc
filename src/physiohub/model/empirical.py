"""Priors of the heterogeneity SD by name: how much tau differed in the meta-analyses of the Cochrane Database.

Rhodes et al. 2015 for the SMD (log tau^2 is Student t with 5 df), Turner et al. 2015 and 2012 for the log odds ratio
(log tau^2 is normal), by outcome type and comparison type. The tables are of tau^2; the priors here are of tau.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, stdtr

from physiohub.errors import ModelError
from physiohub.model.empirical_tables import MARGINAL, EmpiricalCell, EmpiricalTable, empirical_tables
from physiohub.model.priors import LogNormal, LogT, TauPrior

__all__ = [
    "EmpiricalLogNormal",
    "EmpiricalLogT",
    "EmpiricalPrior",
    "empirical_forms",
    "empirical_from_text",
    "empirical_prior",
    "prior_of",
    "table_for",
]

# the one to take where a measure has several: the later and finer one
_OF_MEASURE = {"SMD": "rhodes-2015", "OR": "turner-2015"}
_TEXT = re.compile(r"^\s*([a-z]+)(?:\s+et\s+al\.?)?[-_,\s]*(\d{4})\s*(?:\((.*)\))?\s*$", re.IGNORECASE)
_KEYS = ("outcome", "comparison", "area")


class EmpiricalPrior(TauPrior):
    """A prior of tau that a publication gives for an outcome type and a comparison type.

    It is the log-normal or log-t prior of these numbers, and remembers where they come from.
    """

    __slots__ = ()
    cell: EmpiricalCell

    def __str__(self) -> str:
        return str(self.cell)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EmpiricalPrior) and self.cell == other.cell

    def __hash__(self) -> int:
        return hash(self.cell)

    def __reduce__(self) -> tuple[Any, ...]:
        # the state of a frozen parent has its own fields only
        return type(self), (self.cell,)

    @property
    def warning(self) -> str | None:
        """Why the published numbers may be wrong; None where nothing speaks against them."""
        return None if self.cell.doubt is None else f"The empirical prior {self} is doubtful: {self.cell.doubt}."

    def probability_below(self, tau: float) -> float:
        """Share of meta-analyses of this kind whose tau lies below `tau`, by the published distribution."""
        raise NotImplementedError

    def require_measure(self, measure: str) -> None:
        """Refuse a measure on whose scale the published distribution is not.

        Raises
        ------
        ModelError
            When it is not the measure of the table.
        """
        if measure == self.cell.measure:
            return
        fitting = _OF_MEASURE.get(measure)
        other = f" For {measure} there is {empirical_tables()[fitting].form}." if fitting is not None else ""
        raise ModelError(
            f"The prior {self} describes tau on the scale of {_scale(self.cell.measure)}, and this analysis is on that "
            f"of {_scale(measure)}.{other} State a prior on its own scale."
        )


@dataclass(frozen=True, init=False, repr=False, eq=False)
class EmpiricalLogNormal(EmpiricalPrior, LogNormal):
    """Log-normal on tau^2, by name (Turner 2012, 2015)."""

    __slots__ = ("cell",)

    def __init__(self, cell: EmpiricalCell) -> None:
        object.__setattr__(self, "cell", cell)
        LogNormal.__init__(self, cell.location, cell.scale)

    def probability_below(self, tau: float) -> float:
        return float(ndtr(_standardised(tau, self.mu, self.s)))


@dataclass(frozen=True, init=False, repr=False, eq=False)
class EmpiricalLogT(EmpiricalPrior, LogT):
    """Log-t on tau^2, by name (Rhodes 2015)."""

    __slots__ = ("cell",)

    def __init__(self, cell: EmpiricalCell) -> None:
        assert cell.df is not None
        object.__setattr__(self, "cell", cell)
        LogT.__init__(self, cell.location, cell.scale, cell.df)

    def probability_below(self, tau: float) -> float:
        return float(stdtr(self.df, _standardised(tau, self.mu, self.s)))


def empirical_prior(
    measure: str,
    *,
    outcome: str | None = None,
    comparison: str | None = None,
    area: str | None = None,
    source: str | None = None,
) -> EmpiricalPrior:
    """The empirical prior of tau for an outcome type and a comparison type.

    Parameters
    ----------
    measure
        ``"SMD"`` (Rhodes 2015) or ``"OR"`` (Turner 2015).
    outcome, comparison
        Types of the table, in any case, shortened or by a common other name. Without both: the distribution over all.
    area
        Medical area of the SMD table: ``"other"`` (taken where none is stated), ``"respiratory"`` or ``"cancer"``.
    source
        Another table for the measure, such as ``"turner-2012"``.

    Raises
    ------
    ModelError
        When no table is on the scale of the measure, or a type is missing, unknown or ambiguous; the message lists
        what can be chosen.

    Examples
    --------
    >>> prior = empirical_prior("SMD", outcome="pain", comparison="non-pharmacological")
    >>> str(prior)
    'rhodes-2015(physical health/adverse event/pain/QoL/functioning, any non-pharmacological)'
    >>> [round(prior.quantile(p), 3) for p in (0.25, 0.5, 0.75)]
    [0.097, 0.221, 0.504]
    """
    table = table_for(measure, source)
    if outcome is None and comparison is None and area is None:
        return prior_of(table.marginal())
    return prior_of(_cell(table, outcome, comparison, area))


def empirical_forms() -> str:
    """The text forms of empirical priors, for messages."""
    return ", ".join(table.form for table in empirical_tables().values())


def empirical_from_text(text: str) -> EmpiricalPrior | None:
    """An empirical prior from its text form; None when the text begins with no table's name.

    Parameters
    ----------
    text
        Such as ``"rhodes-2015(pain, non-pharmacological)"``, ``"Turner 2015(outcome=pain, comparison=non-pharm vs
        non-pharm)"`` or ``"turner-2015(marginal)"``.

    Raises
    ------
    ModelError
        When a type is missing, unknown or ambiguous.

    Examples
    --------
    >>> str(empirical_from_text("Turner 2012 (Subjective, non-pharmacological)"))
    'turner-2012(subjective, non-pharmacological)'
    >>> empirical_from_text("half-normal(1)") is None
    True
    """
    match = _TEXT.match(text)
    table = empirical_tables().get(f"{match.group(1).lower()}-{match.group(2)}") if match else None
    if match is None or table is None:
        return None
    arguments = [part.strip() for part in (match.group(3) or "").split(",") if part.strip()]
    if [argument.lower() for argument in arguments] == [MARGINAL]:
        return prior_of(table.marginal())
    stated = _stated(arguments, table)
    return prior_of(_cell(table, stated.get("outcome"), stated.get("comparison"), stated.get("area")))


def _stated(arguments: list[str], table: EmpiricalTable) -> dict[str, str]:
    """Arguments by name: in their order, or as ``name=value``."""
    found: dict[str, str] = {}
    for place, argument in enumerate(arguments):
        name, equals, value = (part.strip() for part in argument.partition("="))
        key, value = (name.lower(), value) if equals else (_KEYS[min(place, len(_KEYS) - 1)], name)
        if key not in _KEYS or key in found or place >= len(_KEYS):
            raise ModelError(f"{argument!r} is no argument of {table.form}. {table.choices()}")
        found[key] = value
    return found


def _cell(table: EmpiricalTable, outcome: str | None, comparison: str | None, area: str | None) -> EmpiricalCell:
    if not outcome or not comparison:
        raise ModelError(f"{table.form} needs an outcome type and a comparison type. {table.choices()}")
    return table.cell(outcome, comparison, area)


def table_for(measure: str, source: str | None = None) -> EmpiricalTable:
    """The table of a measure, or another of its tables by name.

    Raises
    ------
    ModelError
        When no table is on the scale of the measure, or `source` is none that is.
    """
    tables, name = empirical_tables(), _OF_MEASURE.get(measure.upper())
    if name is None:
        raise ModelError(f"No empirical distribution of tau is on the scale of {_scale(measure.upper())}.")
    fitting = [table.name for table in tables.values() if table.measure == measure.upper()]
    name = name if source is None else "-".join(re.findall(r"[a-z]+|\d+", source.lower()))
    if name not in fitting:
        raise ModelError(f"{source!r} is no table of tau for {measure.upper()}. Choose one of: {', '.join(fitting)}.")
    return tables[name]


def _scale(measure: str) -> str:
    return "the log odds ratio (OR)" if measure == "OR" else measure


def _standardised(tau: float, mu: float, s: float) -> float:
    return (2 * float(np.log(tau)) - mu) / s if tau > 0 else -np.inf


def prior_of(cell: EmpiricalCell) -> EmpiricalPrior:
    """The prior of a cell of a table."""
    return EmpiricalLogNormal(cell) if cell.df is None else EmpiricalLogT(cell)
