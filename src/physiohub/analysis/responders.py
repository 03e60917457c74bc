"""Standardised mean differences as proportions of responders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physiohub.analysis.baseline import StatedBaseline, parse_baseline
from physiohub.analysis.effects import Direction, direction_sign
from physiohub.analysis.nnt import Nnt, number_needed_to_treat
from physiohub.analysis.pairing import Lattice
from physiohub.analysis.reexpression import upper_pairs
from physiohub.analysis.summary import Summary, numerical_error, summarised
from physiohub.inference.posterior import Posterior
from physiohub.measures.natural import natural_scale
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ResponderEffect", "ResponderEffects", "reexpress_responders"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ResponderEffect:
    """Responders under a treatment, when those of its comparator are as stated.

    Attributes
    ----------
    proportion
        Of responders under the treatment.
    difference
        Less the comparator's.
    nnt
        Number needed to treat for one more responder.
    """

    treatment: str
    versus: str
    proportion: Summary
    difference: Summary
    nnt: Nnt


@dataclass(frozen=True, slots=True)
class ResponderEffects(ShownAsTable):
    """Responders, for all ordered pairs.

    Attributes
    ----------
    comparator
        The stated proportion of responders under the comparator, whichever treatment that is.
    numerical_error
        Of medians and limits, in SDs of the proportion: the largest. With draws it is the error of the draws.
    """

    effects: tuple[ResponderEffect, ...]
    comparator: str
    assumption: str
    level: float
    numerical_error: float

    @property
    def _caption(self) -> str:
        return f"Responders when those of the comparator are {self.comparator}; {self.assumption}"

    def to_frame(self) -> pd.DataFrame:
        """One row a pair: the proportion, the difference, and the number needed to treat."""
        import pandas as pd

        rows = []
        for row in self.effects:
            found: dict[str, str | float | None] = {"treatment": row.treatment, "versus": row.versus}
            found |= {name: getattr(row.proportion, name) for name in Summary.__slots__}
            found |= {f"difference_{name}": getattr(row.difference, name) for name in Summary.__slots__}
            for name in ("estimate", "best", "worst"):
                end = getattr(row.nnt, name)
                found |= {f"nnt_{name}": end.value, f"nnt_{name}_kind": end.kind}
            rows.append(found)
        return pd.DataFrame(rows)

    def get(self, treatment: str, versus: str) -> ResponderEffect:
        """One ordered pair."""
        for row in self.effects:
            if (row.treatment, row.versus) == (treatment, versus):
                return row
        raise KeyError((treatment, versus))


def reexpress_responders(
    fit: Posterior, comparator: float | str | StatedBaseline, *, better: Direction
) -> ResponderEffects:
    """SMDs as proportions of responders: Phi(Phi^-1(p_c) + s SMD), with the difference and the NNT.

    Parameters
    ----------
    fit
        A posterior of an SMD.
    comparator
        p_c, the comparator's proportion of responders: a number, or a distribution such as ``"events(30, 100)"`` or
        ``"probability(0.3, 0.2, 0.4)"``. The same for every comparator: read the rows of the one that it is about.
    better
        Direction of benefit.

    Raises
    ------
    ModelError
        When the comparator's proportion cannot be.
    UsageError
        When the fit is of another measure, or for another direction.

    Notes
    -----
    Furukawa 1999, Lancet 353:1680; Furukawa & Leucht 2011, PLoS ONE 6:e19070: normal scores of equal spread, one
    threshold of response, which need not be known.
    """
    sign, scale = direction_sign(better), natural_scale("PROBIT")
    text = f"probability({comparator!r})" if isinstance(comparator, int | float) else comparator
    stated = parse_baseline(text, scale)
    pairs, effects = upper_pairs(fit)
    lattice = Lattice.of(effects)
    start = stated.link_values(lattice.other, scale, None)
    own = scale.to_natural(start)
    found: dict[tuple[int, int], ResponderEffect] = {}
    error = 0.0
    for k, (i, j) in enumerate(pairs):
        effect = sign * lattice.quantity(k)
        for treatment, versus, values in ((i, j, effect), (j, i, -effect)):
            share = scale.to_natural(start + values)
            found[treatment, versus] = _responders(
                fit.treatments[treatment], fit.treatments[versus], lattice, share, own, fit.spec.level
            )
        error = max(error, numerical_error(lattice, lattice.sample(share), fit.spec.level))
    return ResponderEffects(
        tuple(found[pair] for pair in sorted(found, key=lambda pair: (pair[1], pair[0]))),
        str(stated),
        "normal scores of equal spread in all groups",
        fit.spec.level,
        error,
    )


def _responders(
    treatment: str, versus: str, lattice: Lattice, share: Floats, own: Floats, level: float
) -> ResponderEffect:
    difference = summarised(lattice.sample(share - own), level)
    nnt = number_needed_to_treat(difference.median, difference.low, difference.high, sign=1)
    return ResponderEffect(treatment, versus, summarised(lattice.sample(share), level), difference, nnt)
