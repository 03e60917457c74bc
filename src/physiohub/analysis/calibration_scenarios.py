"""The small networks and priors with which the engines are calibrated, one for each kind of data.

Priors are narrower than the defaults: under N(0, 100^2) hardly any data set that is drawn resembles a trial. Their
kinds differ from scenario to scenario, so that each kind is drawn from somewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from physiohub.errors import UsageError
from physiohub.inference.choose import choose_engine
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network, build_network
from physiohub.network.study import Arm, Contrasts, Study

__all__ = ["SCENARIOS", "Scenario", "scenario_named"]

EngineName = Literal["auto", "exact", "collapsed", "nuts"]

# two-arm trials of every kind of comparison, a three-arm trial, and one with two arms on one treatment
_DESIGN = ("AB", "AB", "AC", "BC", "ABC", "CD", "ADD")
_TWO_ARMS = ("AB", "AB", "AC", "BC", "CD", "AD", "BD")
_MULTI_ARM = ("ABCD", "ABC", "BCD", "AD", "BC")
_MIXED = ("AB", "AC", "ABC", "BC", "AD")
# patients an arm: the smallest leave zero cells often
_TOTALS = (12, 15, 40, 35, 60, 55, 20, 22, 80, 75, 70, 8, 9, 30, 28, 31)


def every_network(network: Network) -> bool:
    """Whether a data set is taken: always."""
    return True


def every_category_seen(network: Network) -> bool:
    """Whether somebody is in every category: what is empty in all arms is refused, and belongs to the one below."""
    arms = [arm.categories for study in network.studies for arm in study.arms]
    return all(any(row[j] for row in arms if j < len(row)) for j in range(max(map(len, arms))))


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """A design and a model to calibrate.

    Attributes
    ----------
    name
        As it is asked for.
    title
        What the data are, in words.
    network
        Its data are placeholders.
    spec
        With proper priors.
    takes
        Which data sets are taken; others are drawn again, with their parameters.
    """

    name: str
    title: str
    network: Network
    spec: ModelSpec
    takes: Callable[[Network], bool] = every_network

    @property
    def normal(self) -> bool:
        """Whether the exact engine answers it."""
        return choose_engine(self.network, replace(self.spec, engine="auto")).engine == "exact"

    def answered_by(self, engine: EngineName) -> Scenario:
        """The same with an engine asked for."""
        return replace(self, spec=replace(self.spec, engine=engine))


def _network(studies: Sequence[Study]) -> Network:
    return build_network(studies, reference="A")


def _arms(designs: Sequence[str], arm: Callable[[str, int], Arm], first: int = 1) -> list[Study]:
    """Studies of arms; `arm` takes the treatment and the number of the arm in the network."""
    studies, count = [], 0
    for k, design in enumerate(designs, first):
        studies.append(Study(id=f"S{k}", arms=tuple(arm(t, count + j) for j, t in enumerate(design))))
        count += len(design)
    return studies


def _contrasts(designs: Sequence[str], measure: str, first: int = 1) -> list[Study]:
    """Studies of contrasts, whose covariance is that of arms with SEs between 0.2 and 0.5."""
    studies = []
    for k, design in enumerate(designs, first):
        se = np.array([0.2 + 0.3 * ((3 * k + 5 * j) % 7) / 6 for j in range(len(design))])
        covariance = np.diag(np.square(se[1:])) + se[0] ** 2
        contrasts = Contrasts(np.zeros(len(design) - 1), covariance, measure)
        studies.append(Study(id=f"S{k}", arms=tuple(Arm(treatment=t) for t in design), contrasts=contrasts))
    return studies


def _mean(treatment: str, k: int) -> Arm:
    return Arm(treatment=treatment, mean=0.0, se=0.2 + 0.3 * (5 * k % 7) / 6)


def _score(treatment: str, k: int) -> Arm:
    return Arm(treatment=treatment, mean=0.0, sd=1.0, n=float(_TOTALS[k % len(_TOTALS)]))


def _events(treatment: str, k: int) -> Arm:
    return Arm(treatment=treatment, events=0.0, total=float(_TOTALS[k % len(_TOTALS)]))


def _timed(treatment: str, k: int) -> Arm:
    return replace(_events(treatment, k), time=(0.5, 0.5, 1.0, 1.0, 2.0, 2.5)[k % 6])


def _rate(treatment: str, k: int) -> Arm:
    return Arm(treatment=treatment, events=0.0, exposure=0.5 * _TOTALS[k % len(_TOTALS)])


def _categories(treatment: str, k: int) -> Arm:
    """Four categories; the arms of the last study report the two upper ones together."""
    total = float(_TOTALS[k % len(_TOTALS)])
    counts = (total, 0.0, 0.0, None) if k >= len("".join(_DESIGN[:-1])) else (total, 0.0, 0.0, 0.0)
    return Arm(treatment=treatment, categories=counts, total=total)


def _spec(measure: str, effect: str, tau: str, baseline: str | None = None, **words: str) -> ModelSpec:
    known: Mapping[str, object] = words
    return ModelSpec(measure=measure, effect_prior=effect, tau_prior=tau, baseline_prior=baseline, **known)  # type: ignore[arg-type]


def _scenarios() -> tuple[Scenario, ...]:
    one, half = "normal(0, 1)", "half-normal(0.5)"
    odds = _spec("OR", one, half, "normal(-1, 1)")
    return (
        Scenario(
            "normal-arms", "means with standard errors", _network(_arms(_DESIGN, _mean)), _spec("MD", one, half, one)
        ),
        Scenario(
            "normal-contrasts", "contrasts of two-arm trials", _network(_contrasts(_TWO_ARMS, "MD")),
            _spec("MD", one, "log-normal(-2, 1)"),
        ),
        Scenario(
            "normal-multi-arm", "contrasts of trials with up to four arms", _network(_contrasts(_MULTI_ARM, "MD")),
            _spec("MD", one, "uniform(0, 1.5)"),
        ),
        Scenario(
            "normal-mixed", "means in some trials, contrasts in others",
            _network([*_arms(_MIXED, _mean), *_contrasts(("ABC", "BD"), "MD", 6)]),
            _spec("MD", one, half, one),
        ),
        Scenario(
            "binomial-logit", "events out of totals, logit link", _network(_arms(_DESIGN, _events)), odds
        ),
        Scenario(
            "binomial-log", "events out of totals, log link", _network(_arms(_DESIGN, _events)),
            _spec("RR", "normal(0, 0.3)", "half-normal(0.15)", "uniform-probability(0, 1)"),
        ),
        Scenario(
            "binomial-cloglog", "events out of totals over follow-up times, complementary log-log link",
            _network(_arms(_DESIGN, _timed)), _spec("HR", one, half, "normal(-2, 1)"),
        ),
        Scenario(
            "binomial-probit", "events out of totals, probit link", _network(_arms(_DESIGN, _events)),
            _spec("PROBIT", "normal(0, 0.7)", "half-normal(0.4)", "t(-0.5, 0.7, 7)"),
        ),
        Scenario(
            "poisson", "events over exposures", _network(_arms(_DESIGN, _rate)),
            _spec("IRR", one, half, "gamma(2, 4)"),
        ),
        Scenario(
            "ordered", "ordered categories with shared cut-points, probit link",
            _network(_arms(_DESIGN, _categories)),
            _spec("PROBIT", "normal(0, 0.7)", "half-normal(0.4)", "normal(0, 0.7)", cut_points="shared"),
            every_category_seen,
        ),
        Scenario(
            "smd-arm", "means with unknown standard deviations, standardised", _network(_arms(_DESIGN, _score)),
            _spec("SMD", one, half, likelihood="arm"),
        ),
        Scenario(
            "mixed", "events out of totals in some trials, contrasts in others",
            _network([*_arms(_MIXED, _events), *_contrasts(("ABC", "BD"), "OR", 6)]), odds,
        ),
        Scenario(
            "common", "events out of totals, common effect", _network(_arms(_DESIGN, _events)),
            replace(odds, effects="common", tau_prior=None),
        ),
    )  # fmt: skip


SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _scenarios()}
"""By name, in the order in which they are reported."""


def scenario_named(name: str) -> Scenario:
    """A scenario by its name.

    Raises
    ------
    UsageError
        When there is none; the message lists them.

    Examples
    --------
    >>> scenario_named("poisson").spec.measure, scenario_named("poisson").normal
    ('IRR', False)
    """
    if name not in SCENARIOS:
        raise UsageError(f"{name!r} is no kind of data that can be calibrated. Choose from: {', '.join(SCENARIOS)}.")
    return SCENARIOS[name]
