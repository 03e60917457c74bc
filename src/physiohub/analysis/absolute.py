"""Absolute outcomes of all treatments: a baseline, and relative effects on top of it.

``link(outcome of k) = baseline + d_k``, the baseline from outside (a stated distribution, or a model of its own) and
so independent of the effects (Dias, Welton, Sutton & Ades 2013, Med Decis Making 33:657; NICE DSU TSD 5). The two are
paired on a lattice; nothing is random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physiohub.analysis.baseline import BaselineDistribution, parse_baseline
from physiohub.analysis.category_effects import CategoryEffect, category_effects
from physiohub.analysis.effects import Direction, direction_sign
from physiohub.analysis.nnt import Nnt, number_needed_to_treat
from physiohub.analysis.pairing import Lattice
from physiohub.analysis.stated_sd import StatedSd, scaled
from physiohub.analysis.summary import Summary, numerical_error, summarised
from physiohub.errors import UsageError
from physiohub.inference.posterior import Marginal, Posterior
from physiohub.measures.natural import NaturalScale, Outcome, natural_scale
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AbsoluteEffect", "AbsoluteEffects", "absolute_effects"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AbsoluteEffect:
    """The absolute outcome of one treatment.

    Attributes
    ----------
    outcome
        Probability, rate or mean.
    difference
        Outcome less that of the baseline's treatment; None for that treatment itself.
    nnt
        Of the difference; None without a direction of benefit, and for rates and means.
    impossible
        Probability that the outcome lies where none can: a risk ratio may lead to probabilities above one. Nothing is
        clipped: the other numbers include it.
    """

    treatment: str
    outcome: Summary
    difference: Summary | None
    nnt: Nnt | None
    impossible: float


@dataclass(frozen=True, slots=True)
class AbsoluteEffects(ShownAsTable):
    """The absolute outcomes of all treatments, in the order of the network.

    Attributes
    ----------
    effects
        One a treatment.
    categories
        Of an ordered outcome whose cut-points the studies share; else empty. `effects` are then about the first
        cut-point: the share above the lowest category.
    kind
        What the outcomes are: ``"probability"``, ``"rate"`` or ``"mean"``.
    versus
        The treatment of the baseline, which differences are taken from.
    baseline, source
        The baseline in words, and where it comes from.
    time
        Follow-up that probabilities of a hazard ratio refer to; else None.
    per
        Units of exposure that rates are counted in.
    level
        Probability of the intervals.
    numerical_error
        Of medians and limits, in SDs of the outcome: the largest. With draws it is the error of the draws.
    """

    effects: tuple[AbsoluteEffect, ...]
    categories: tuple[CategoryEffect, ...]
    kind: Outcome
    versus: str
    baseline: str
    source: str
    time: float | None
    per: float
    level: float
    numerical_error: float

    @property
    def _caption(self) -> str:
        unit = f" per {self.per:g} units of exposure" if self.kind == "rate" else ""
        when = f" at time {self.time:g}" if self.time is not None else ""
        return f"{self.kind.capitalize()}{unit}{when}; baseline of {self.versus}: {self.baseline} ({self.source})"

    def to_frame(self) -> pd.DataFrame:
        """One row a treatment: the outcome, the difference, events per 1,000, and the NNT with its kind."""
        import pandas as pd

        return pd.DataFrame([_flat(effect, self.kind) for effect in self.effects])

    def categories_to_frame(self) -> pd.DataFrame:
        """One row a treatment and category."""
        import pandas as pd

        rows = []
        for row in self.categories:
            parts = {"": row.within, "reached_": row.reached}
            found = {f"{lead}{name}": getattr(part, name) for lead, part in parts.items() for name in Summary.__slots__}
            rows.append({"treatment": row.treatment, "category": row.category, **found})
        return pd.DataFrame(rows)

    def get(self, treatment: str) -> AbsoluteEffect:
        """The outcome of one treatment."""
        for effect in self.effects:
            if effect.treatment == treatment:
                return effect
        raise KeyError(treatment)


def _flat(effect: AbsoluteEffect, kind: Outcome) -> dict[str, str | float | None]:
    row: dict[str, str | float | None] = {"treatment": effect.treatment}
    row |= {name: getattr(effect.outcome, name) for name in Summary.__slots__}
    row |= {f"difference_{name}": getattr(effect.difference, name, None) for name in Summary.__slots__}
    if kind == "probability":
        row |= {f"per_1000_{name}": 1000 * getattr(effect.outcome, name) for name in ("median", "low", "high")}
        for name in ("estimate", "best", "worst"):
            end = getattr(effect.nnt, name, None)
            row |= {f"nnt_{name}": getattr(end, "value", None), f"nnt_{name}_kind": getattr(end, "kind", None)}
    return row | {"impossible": effect.impossible}


def absolute_effects(
    fit: Posterior,
    baseline: str | BaselineDistribution,
    *,
    treatment: str | None = None,
    better: Direction | None = None,
    time: float | None = None,
    per: float = 1.0,
    sd: StatedSd | float | None = None,
    source: str = "stated",
) -> AbsoluteEffects:
    """Absolute outcomes of all treatments on the natural scale of the measure.

    Parameters
    ----------
    fit
        A posterior.
    baseline
        Text such as ``"events(4, 36)"`` (see `physiohub.analysis.baseline.parse_baseline`), or a `baseline_model`.
    treatment
        Id of the treatment that a text is about; by default the reference. Differences are versus this treatment.
    better
        Direction of benefit; without it no number needed to treat is formed.
    time
        Follow-up time of the probabilities; needed for a hazard ratio, and only there.
    per
        Units of exposure that rates are counted in, such as 1000.
    sd
        SD in points, for a standardised mean difference.
    source
        Where a text comes from, in words.

    Raises
    ------
    DataError
        When the treatment is not in the network.
    ModelError
        When the baseline does not fit the measure or cannot be.
    UsageError
        When `time`, `per` or `sd` is missing or out of place.

    Examples
    --------
    >>> import physiohub as ph
    >>> from physiohub import datasets
    >>> fit = ph.fit(datasets.load("blocker"), ph.ModelSpec(measure="OR", effects="common"))
    >>> found = absolute_effects(fit, "normal(-2.2, 0.55)", better="lower").get("Beta Blocker")
    >>> round(found.outcome.median, 2), round(found.nnt.estimate.value)
    (0.08, 48)
    """
    measure, sign = fit.spec.measure, None if better is None else direction_sign(better)
    scale = natural_scale(measure)
    _require(measure, scale, time, per, sd)
    if isinstance(baseline, str):
        baseline = parse_baseline(baseline, scale, treatment=treatment, source=source)
    elif treatment not in (None, baseline.treatment):
        raise UsageError(f"The baseline is about {baseline.treatment or 'the reference'}, not {treatment}.")
    versus = baseline.treatment or fit.treatments[0]
    place = fit.place(versus)
    effects = _effects(fit, place, sd)
    lattice = Lattice.of(effects)
    start = baseline.link_values(lattice.other, scale, time)
    own, rows, error = per * scale.to_natural(start), [], 0.0
    moments = 2 if scale.outcome != "mean" else sum(fit.has_moment(k) for k in (1, 2))
    for k, name in enumerate(fit.treatments):
        values = own if k == place else per * scale.to_natural(start + lattice.quantity(k - (k > place)))
        rows.append(_row(name, lattice, values, None if k == place else own, scale, per, fit.spec.level, sign, moments))
        error = max(error, numerical_error(lattice, lattice.sample(values), fit.spec.level))
    return AbsoluteEffects(
        effects=tuple(rows),
        categories=tuple(category_effects(fit, place, baseline, scale)),
        kind=scale.outcome,
        versus=versus,
        baseline=str(baseline),
        source=getattr(baseline, "source", source),
        time=time,
        per=per,
        level=fit.spec.level,
        numerical_error=error,
    )


def _require(measure: str, scale: NaturalScale, time: float | None, per: float, sd: StatedSd | float | None) -> None:
    """See that the call says what the measure needs, and nothing else."""
    if (measure == "HR") != (time is not None) or (time is not None and not time > 0):
        raise UsageError("time, above zero, belongs to a hazard ratio: probabilities need a follow-up. No other does.")
    if not per > 0 or (per != 1 and scale.outcome != "rate"):
        raise UsageError("per, above zero, belongs to a rate ratio: it is the exposure that rates are counted in.")
    if (measure == "SMD") != (sd is not None):
        raise UsageError("sd, the SD in points, belongs to a standardised mean difference, and only there.")


def _effects(fit: Posterior, place: int, sd: StatedSd | float | None) -> Marginal:
    """Effects of all other treatments (treatment - 1,) versus the one at a place, in points where an SD is given."""
    others = np.delete(np.arange(len(fit.treatments)), place)
    effects = fit.pairs(others, np.full_like(others, place))
    if sd is None:
        return effects
    return scaled(effects, sd if isinstance(sd, StatedSd) else StatedSd(value=sd))


def _row(
    treatment: str,
    lattice: Lattice,
    values: Floats,
    own: Floats | None,
    scale: NaturalScale,
    per: float,
    level: float,
    sign: int | None,
    moments: int,
) -> AbsoluteEffect:
    """The outcome of one treatment from its values at the points, and `own`, those of the baseline's treatment."""
    difference = None if own is None else summarised(lattice.sample(values - own), level, moments=moments)
    nnt = None
    if difference is not None and sign is not None and scale.outcome == "probability":
        nnt = number_needed_to_treat(difference.median, difference.low, difference.high, sign=sign)
    return AbsoluteEffect(
        treatment=treatment,
        outcome=summarised(lattice.sample(values), level, moments=moments),
        difference=difference,
        nnt=nnt,
        impossible=float(lattice.weights @ scale.impossible(values / per)),
    )
