"""What is asked of a network: one frozen object, so that a result can remember its question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from physiohub.errors import UsageError
from physiohub.measures.measure import MEASURES, measure_named
from physiohub.model.priors import Prior

__all__ = ["ModelSpec"]

_EFFECTS = ("random", "common")
_ENGINES = ("auto", "exact", "collapsed", "nuts")
_LIKELIHOODS = ("auto", "contrast", "arm")
_CUT_POINTS = ("shared", "free")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """The model: measure, effects, priors, engine.

    Attributes
    ----------
    measure
        One of MD, SMD, ROM, OR, RR, RD, HR, IRR, PROBIT, in any case.
    effects
        ``"random"`` or ``"common"``.
    tau_prior, effect_prior, baseline_prior
        Priors as objects or text; None takes the default of the measure, and the result marks it so.
    likelihood
        ``"arm"`` (each arm with the likelihood of its data), ``"contrast"`` (normal contrasts), or ``"auto"``:
        counts and mean differences by arm; SMD, ROM and RD by contrast.
    engine
        ``"auto"``, ``"exact"``, ``"collapsed"`` or ``"nuts"``.
    level
        Probability of the intervals.
    usual_sd
        Usual SD of the instrument, from which default priors of a mean difference take their scale.
    smd_variance
        ``"simple"`` or ``"unbiased"``: see `standardised_mean_differences`.
    cut_points
        Of ordered categories: ``"shared"`` by all studies, or ``"free"``, each study with its own.
    zero_cells
        What is added to each cell of a study with a zero cell when counts are answered through normal contrasts; None
        adds nothing, and such a study is an error.
    draws
        How many draws the collapsed engine makes, about, or NUTS keeps of each of four chains; None leaves it to them.
    seed
        Of every draw that answers need.

    Raises
    ------
    UsageError
        When a word is none of these or `level` is not between 0.5 and 1.

    Examples
    --------
    >>> ModelSpec(measure="smd").measure
    'SMD'
    """

    measure: str
    effects: Literal["random", "common"] = "random"
    tau_prior: str | Prior | None = None
    effect_prior: str | Prior | None = None
    baseline_prior: str | Prior | None = None
    likelihood: Literal["auto", "contrast", "arm"] = "auto"
    engine: Literal["auto", "exact", "collapsed", "nuts"] = "auto"
    level: float = 0.95
    usual_sd: float | None = None
    smd_variance: Literal["simple", "unbiased"] = "simple"
    cut_points: Literal["shared", "free"] = "shared"
    zero_cells: float | None = 0.5
    draws: int | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "measure", measure_named(self.measure).id)
        for name, allowed in (
            ("effects", _EFFECTS),
            ("engine", _ENGINES),
            ("likelihood", _LIKELIHOODS),
            ("cut_points", _CUT_POINTS),
        ):
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}.")
        if self.smd_variance not in ("simple", "unbiased"):
            raise UsageError(f"smd_variance must be simple or unbiased, not {self.smd_variance!r}.")
        if not 0.5 < self.level < 1:
            raise UsageError(f"level must lie between 0.5 and 1, not {self.level!r}.")
        if self.zero_cells is not None and not 0 < self.zero_cells <= 1:
            raise UsageError(f"zero_cells must lie above 0 and not above 1, or be None, not {self.zero_cells!r}.")
        if self.draws is not None and self.draws < 500:
            raise UsageError(f"draws must be 500 or more, not {self.draws!r}.")
        if self.usual_sd is not None and not self.usual_sd > 0:
            raise UsageError(f"usual_sd must be above zero, not {self.usual_sd!r}.")

    @property
    def ratio(self) -> bool:
        """Whether effects are stored as logs of ratios."""
        return MEASURES[self.measure].ratio
