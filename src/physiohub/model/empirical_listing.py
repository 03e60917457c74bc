"""The empirical priors of tau as a list to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from physiohub.model.empirical import EmpiricalPrior, prior_of, table_for
from physiohub.model.empirical_tables import empirical_tables
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["EmpiricalPriors", "empirical_priors"]


@dataclass(frozen=True, slots=True, eq=False)
class EmpiricalPriors(ShownAsTable):
    """Every empirical prior there is, to choose from."""

    priors: tuple[EmpiricalPrior, ...]

    def __len__(self) -> int:
        return len(self.priors)

    @property
    def _caption(self) -> str:
        return "Empirical distributions of tau, the SD between studies on the analysis scale of the measure"

    def to_frame(self) -> DataFrame:
        """One row a prior: its text form, what it is about, quantiles of tau, and doubts about the print."""
        import pandas as pd

        return pd.DataFrame([_listed(prior) for prior in self.priors])


def empirical_priors(measure: str | None = None) -> EmpiricalPriors:
    """The empirical priors of tau, of one measure or of all.

    Parameters
    ----------
    measure
        ``"SMD"`` or ``"OR"``; None lists both.

    Raises
    ------
    ModelError
        When there is no table for the measure.

    Examples
    --------
    >>> len(empirical_priors("SMD")), len(empirical_priors())
    (73, 163)
    >>> empirical_priors("OR").to_frame().loc[0, "prior"]
    'turner-2015(marginal)'
    """
    if measure is not None:
        table_for(measure)
    cells = [cell for table in empirical_tables().values() for cell in table.cells.values()]
    return EmpiricalPriors(tuple(prior_of(c) for c in cells if measure is None or c.measure == measure.upper()))


def _listed(prior: EmpiricalPrior) -> dict[str, object]:
    cell = prior.cell
    return {
        "prior": str(prior),
        "measure": cell.measure,
        "area": cell.area,
        "outcome": cell.outcome,
        "comparison": cell.comparison,
        "log tau^2": f"{'normal' if cell.df is None else f't with {cell.df:g} df'}",
        "location": cell.location,
        "scale": cell.scale,
        "tau, 2.5%": prior.quantile(0.025),
        "tau, median": prior.quantile(0.5),
        "tau, 97.5%": prior.quantile(0.975),
        "doubt": cell.doubt or "",
    }
