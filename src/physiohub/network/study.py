"""A study as the model sees it: its arms, or the contrasts between them with their covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Arm", "Contrasts", "Conversion", "Study", "Treatment"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a cell was made that the author did not type: shown on the page, counted in the report.

    Attributes
    ----------
    what
        The quantity that was made, such as ``"se"`` or ``"sd"``.
    how
        The rule in words, such as ``"from the 95% confidence interval (t, df 69)"``.
    value
        The value it gave.
    rows
        Lines of the file that it was made from.
    """

    what: str
    how: str
    value: float | None = None
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """A node of the network; in a bare table the label is the id."""

    id: str
    label: str
    components: tuple[str, ...] = ()
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One arm of a study. Contrast-level studies carry arms too, for treatment and n.

    `sd` is a raw SD of the individual scores; `se` is the standard error of `mean` as reported (of an adjusted mean the
    model's); `sd_external` is a fixed SD from outside the trial that a standardised difference is divided by.
    `randomised` is the number of people allotted to the arm, of whom `n` were analysed.
    """

    treatment: str
    label: str = ""
    n: float | None = None
    mean: float | None = None
    sd: float | None = None
    se: float | None = None
    sd_external: float | None = None
    events: float | None = None
    total: float | None = None
    exposure: float | None = None
    time: float | None = None
    categories: tuple[float | None, ...] = ()
    value_type: str | None = None
    rows: tuple[int, ...] = ()
    source: str | None = None
    conversions: tuple[Conversion, ...] = ()
    randomised: float | None = None

    @property
    def participants(self) -> float | None:
        """People in this arm: n, or the total of a count."""
        return self.n if self.n is not None else self.total

    @property
    def mean_se(self) -> float | None:
        """Standard error of the mean: as reported, else sd / sqrt(n)."""
        if self.se is not None:
            return self.se
        if self.sd is not None and self.n is not None:
            return float(self.sd / np.sqrt(self.n))
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Contrasts:
    """Estimates of arms 1, 2, ... versus arm 0 with their sampling covariance.

    Attributes
    ----------
    estimate : array (arm - 1,)
        Arm k minus arm 0 on the analysis scale.
    covariance : array (arm - 1, arm - 1)
    measure
        What the estimates are, when the table says so.
    """

    estimate: Floats
    covariance: Floats
    measure: str | None = None
    rows: tuple[int, ...] = ()
    source: str | None = None
    conversions: tuple[Conversion, ...] = ()

    def reorder(self, order: Sequence[int]) -> Contrasts:
        """The same contrasts with the arms in another order; `order[0]` becomes arm 0 (exact: a linear map)."""
        a = len(self.estimate) + 1
        # full (arm, arm - 1): effect of each arm versus the present arm 0
        full = np.vstack([np.zeros(a - 1), np.eye(a - 1)])
        transform = full[list(order[1:])] - full[order[0]]
        return replace(
            self,
            estimate=transform @ self.estimate,
            covariance=transform @ self.covariance @ transform.T,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A study: its arms in the network's treatment order, and its contrasts when it enters by them."""

    id: str
    arms: tuple[Arm, ...]
    contrasts: Contrasts | None = None
    covariates: Mapping[str, str | float | None] = field(default_factory=dict)

    @property
    def level(self) -> Literal["arm", "contrast"]:
        """Whether the study enters by its arms or by its contrasts."""
        return "arm" if self.contrasts is None else "contrast"

    @property
    def treatments(self) -> tuple[str, ...]:
        """Treatment of each arm, repeated when two arms share one."""
        return tuple(arm.treatment for arm in self.arms)

    @property
    def design(self) -> frozenset[str]:
        """The set of treatments compared."""
        return frozenset(self.treatments)

    @property
    def participants(self) -> float | None:
        """People in the study; None when an arm's number is not known."""
        counts = [arm.participants for arm in self.arms]
        return None if any(c is None for c in counts) else float(sum(c for c in counts if c is not None))

    def in_order(self, position: Mapping[str, int]) -> Study:
        """The same study with its arms sorted by the position of their treatments (stable for a repeated one)."""
        order = sorted(range(len(self.arms)), key=lambda k: position[self.arms[k].treatment])
        if order == list(range(len(self.arms))):
            return self
        contrasts = None if self.contrasts is None else self.contrasts.reorder(order)
        return replace(self, arms=tuple(self.arms[k] for k in order), contrasts=contrasts)
