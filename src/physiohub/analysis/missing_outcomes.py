"""Missing outcomes: how far the answers move when the people without an outcome differ from those observed.

Nobody knows how they differ: a grid of answers is given, and none of them is the answer. Each study is taken to what
all people randomised would have shown (`physiohub.measures.missing`), and the network is fitted again under the priors
of the observed analysis, so that nothing but the data changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from physiohub.analysis.effects import Effect, relative_effects
from physiohub.analysis.missing_arms import RISKS, Departure, MissingArm, departed, missing_arms
from physiohub.errors import DataError, ModelError, UsageError
from physiohub.inference.fit import fit
from physiohub.inference.posterior import Posterior
from physiohub.measures.measure import MEASURES
from physiohub.model.spec import ModelSpec
from physiohub.network.display import ShownAsTable
from physiohub.network.network import Network

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MissingOutcomes", "MissingScenario", "missing_outcomes"]

Pattern = Literal["same", "opposite", "uncertain"]
_MEANS = ("MD", "SMD")
_GRIDS = {"IMDoM": (-1.0, -0.5, 0.5, 1.0), "log IMOR": tuple(float(x) for x in np.log([1 / 3, 1 / 2, 2, 3]))}
_SDS = (0.5, 1.0)


@dataclass(frozen=True, slots=True)
class MissingScenario:
    """One assumption about the missing, and the answers under it.

    Attributes
    ----------
    pattern
        ``"same"``: lambda in every arm; ``"opposite"``: lambda in the treatments, minus lambda in the controls;
        ``"uncertain"``: lambda normal around zero.
    departure
        The assumption in numbers; zero throughout is the analysis of the observed.
    effects
        Of every treatment versus the reference, on the analysis scale; empty where there is no answer.
    tau
        Posterior median of the heterogeneity; None in a common-effect fit.
    reason
        Why there is no answer, or why it should not be used.
    """

    pattern: Pattern
    departure: Departure
    effects: tuple[Effect, ...]
    tau: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MissingOutcomes(ShownAsTable):
    """Answers over assumptions about the missing.

    Attributes
    ----------
    parameter
        ``"IMDoM"`` in SDs of the arm, or ``"log IMOR"``.
    scale, level
        Of the effects.
    arms
        Every arm of which the number randomised is known.
    not_reported
        Studies with an arm that does not tell it: they stay as observed.
    controls
        Treatments whose missing depart the other way under ``"opposite"``.
    scenarios
        The observed first.
    reason
        Why nothing was asked; None when it was.
    """

    parameter: Literal["IMDoM", "log IMOR"]
    scale: str
    level: float
    arms: tuple[MissingArm, ...]
    not_reported: tuple[str, ...]
    controls: tuple[str, ...]
    scenarios: tuple[MissingScenario, ...]
    reason: str | None = None

    @property
    def _caption(self) -> str:
        if self.reason is not None:
            return f"Missing outcomes: {self.reason}"
        return f"{self.scale[:1].upper()}{self.scale[1:]} versus the reference over {self.parameter} of the missing"

    def to_frame(self) -> pd.DataFrame:
        """One row an assumption and a treatment."""
        import pandas as pd

        columns = ["pattern", "value", "in_controls", "sd", "between_arms", "treatment", "versus"]
        columns += ["mean", "median", "low", "high", "tau", "reason"]
        rows = [
            (
                *(s.pattern, s.departure.value, s.departure.in_controls, s.departure.sd, s.departure.between_arms),
                *(e.treatment, e.versus, e.mean, e.median, e.low, e.high, s.tau, s.reason),
            )
            for s in self.scenarios
            for e in s.effects
        ]
        return pd.DataFrame(rows, columns=columns)


def missing_outcomes(
    network: Network,
    spec: ModelSpec,
    *,
    grid: Sequence[float] | None = None,
    sds: Sequence[float] | None = None,
    controls: Collection[str] | None = None,
) -> MissingOutcomes:
    """Fit the network again under assumptions about the people without an outcome.

    Parameters
    ----------
    network, spec
        The data, whose arms say how many people were randomised, and the model. Counts are answered through normal
        contrasts here, whatever the likelihood of the spec.
    grid
        Values of lambda other than zero. Of means (MD, SMD) IMDoM in SDs of the arm's scores, by default ±0.5 and ±1;
        of risks (OR, RR, RD) log IMOR, by default ±log 2 and ±log 3.
    sds
        SDs of a lambda that is normal around zero, by default 0.5 and 1; each is fitted with lambdas that are
        independent between the arms of a study, and with equal ones.
    controls
        Ids of the treatments whose missing depart the other way in the pattern ``"opposite"``; the reference, by
        default.

    Returns
    -------
    MissingOutcomes
        With a `reason` and no scenarios where nobody is known to be missing, or the measure has no such parameter.

    Raises
    ------
    UsageError
        When a value is not finite, an SD not above zero, or a control not a treatment of the network.

    Examples
    --------
    >>> import pandas as pd
    >>> import physiohub as ph
    >>> table = pd.DataFrame({"study": ["1", "1", "2", "2"], "treatment": ["A", "B", "A", "B"],
    ...                       "mean": [5.0, 4.0, 6.0, 5.5], "sd": [2.0, 2.0, 2.0, 2.0], "n": [50, 50, 80, 80],
    ...                       "dropouts": [10, 0, 20, 0]})
    >>> spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(1)")
    >>> found = missing_outcomes(ph.read_arms(table, reference="A"), spec, grid=[1.0], sds=[])
    >>> [(s.pattern, s.departure.value, round(s.effects[0].median, 2)) for s in found.scenarios]
    [('same', 0.0, -0.72), ('same', 1.0, -1.09), ('opposite', 1.0, -0.34)]
    """
    controls = _checked(network, grid, sds, controls)
    parameter: Literal["IMDoM", "log IMOR"] = "log IMOR" if spec.measure in RISKS else "IMDoM"
    arms = missing_arms(network, spec.measure)
    known = Counter(arm.study for arm in arms)
    silent = tuple(study.id for study in network.studies if known[study.id] < len(study.arms))
    found = MissingOutcomes(
        parameter, MEASURES[spec.measure].scale, spec.level, arms, silent, tuple(controls), (), _why_not(spec, arms)
    )
    if found.reason is not None:
        return found
    try:
        observed = fit(network, _through_normals(spec))
    except (DataError, ModelError) as error:
        return replace(found, reason=f"the analysis of the observed is not possible: {error}")
    same = _scenarios(_GRIDS[parameter] if grid is None else grid, _SDS if sds is None else sds)
    asked = _with_priors_of(observed)
    answers = [_answered(network, asked, pattern, departure, controls) for pattern, departure in same]
    first = _answer("same", Departure(value=0.0, in_controls=0.0), observed)
    return replace(found, scenarios=(first, *answers))


def _checked(
    network: Network, grid: Sequence[float] | None, sds: Sequence[float] | None, controls: Collection[str] | None
) -> Collection[str]:
    """The controls, after a look at what was asked."""
    if not all(np.isfinite(value) for value in grid or ()):
        raise UsageError("Values of lambda must be finite.")
    if not all(np.isfinite(sd) and sd > 0 for sd in sds or ()):
        raise UsageError("SDs of lambda must be above zero.")
    unknown = [name for name in controls or () if name not in network.position]
    if unknown:
        raise UsageError(f"No treatment of the network is called {unknown[0]!r}: no control can be.")
    return (network.reference,) if controls is None else tuple(controls)


def _why_not(spec: ModelSpec, arms: Sequence[MissingArm]) -> str | None:
    if spec.measure not in (*RISKS, *_MEANS):
        return f"missing outcomes have no informative-missingness parameter here on the scale of {spec.measure}"
    if not arms:
        return "no arm tells how many people were randomised (columns n_randomised or dropouts)"
    if all(not arm.missing for arm in arms):
        return "in every arm that tells how many people were randomised, all of them were analysed"
    reasons = {arm.reason for arm in arms if arm.missing}
    if None not in reasons:
        return f"no arm with missing people can be changed: {'; '.join(sorted(str(r) for r in reasons))}"
    return None


def _scenarios(grid: Sequence[float], sds: Sequence[float]) -> list[tuple[Pattern, Departure]]:
    """Every assumption but that of the observed."""
    values = sorted({float(value) for value in grid if value != 0})
    found: list[tuple[Pattern, Departure]] = [("same", Departure(value=v, in_controls=v)) for v in values]
    found += [("opposite", Departure(value=v, in_controls=-v)) for v in values]
    for sd in sorted(set(sds)):
        found.append(("uncertain", Departure(value=0.0, in_controls=0.0, sd=sd, between_arms="independent")))
        found.append(("uncertain", Departure(value=0.0, in_controls=0.0, sd=sd, between_arms="equal")))
    return found


def _through_normals(spec: ModelSpec) -> ModelSpec:
    """Counts as normal contrasts, without a prior of baselines that they do not have; means as asked."""
    if spec.measure in RISKS:
        return replace(spec, likelihood="contrast", engine="auto", baseline_prior=None)
    return replace(spec, engine="auto")


def _with_priors_of(observed: Posterior) -> ModelSpec:
    """The question of the observed with its priors written out: defaults that follow the data would follow lambda."""
    priors = observed.priors
    return replace(observed.spec, effect_prior=priors.d, baseline_prior=priors.mu, tau_prior=priors.tau)


def _answered(
    network: Network, spec: ModelSpec, pattern: Pattern, departure: Departure, controls: Collection[str]
) -> MissingScenario:
    try:
        studies = tuple(departed(study, spec, departure, controls) for study in network.studies)
        return _answer(pattern, departure, fit(replace(network, studies=studies), spec))
    except (DataError, ModelError) as error:
        return MissingScenario(pattern, departure, (), None, f"not possible: {error}")


def _answer(pattern: Pattern, departure: Departure, posterior: Posterior) -> MissingScenario:
    found = relative_effects(posterior, versus=posterior.network.reference)
    tau = None if posterior.tau is None else float(posterior.tau.quantile(0.5))
    reason = None if posterior.verdict.ok else f"not usable: {'; '.join(posterior.verdict.reasons)}"
    return MissingScenario(pattern, departure, found.effects, tau, reason)
