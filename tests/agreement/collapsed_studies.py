"""Studies by brute force and by the collapsed engine, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from tests.agreement import brute_force as brute
from tests.agreement.brute_force import ArmData, Baseline, study_log_likelihood

import physiohub as ph
from physiohub.inference.collapsed.build import at_cuts, collapsed_target, densities_of
from physiohub.inference.collapsed.target import CollapsedTarget
from physiohub.model.arm_network import arm_network
from physiohub.model.defaults import Priors, resolve_priors
from physiohub.network.network import Network, build_network
from physiohub.network.study import Arm, Study, Treatment

Floats = NDArray[np.float64]
# a study: its arms as (treatment, what the arm reports ...)
Rows = Sequence[tuple[object, ...]]
TREATMENTS = ("A", "B", "C", "D")
_LINK = {"OR": "logit", "RR": "log", "HR": "cloglog", "PROBIT": "probit"}


def network_of(measure: str, studies: Sequence[Rows]) -> Network:
    """Studies of arms (treatment, events, total[, time]), (treatment, mean, se) or (treatment, counts)."""
    made = [Study(f"s{i}", tuple(_arm(measure, *row) for row in rows)) for i, rows in enumerate(studies)]
    used = [t for t in TREATMENTS if any(t in study.treatments for study in made)]
    return build_network(made, reference="A", treatments=[Treatment(id=t, label=t) for t in used])


def _arm(measure: str, treatment: object, *data: object) -> Arm:
    known: dict[str, object]
    if measure == "MD":
        known = {"mean": data[0], "se": data[1]}
    elif measure == "IRR":
        known = {"events": data[0], "exposure": data[1]}
    elif isinstance(data[0], tuple):
        known = {"categories": data[0]}
    else:
        known = {"events": data[0], "total": data[1], "time": data[2] if len(data) > 2 else None}
    return Arm(treatment=str(treatment), **known)  # type: ignore[arg-type]


def arm_data(measure: str, *data: object, cuts: Sequence[float] = ()) -> ArmData:
    if measure == "MD":
        return brute.normal_mean(*data)  # type: ignore[arg-type]
    if measure == "IRR":
        return brute.poisson(*data)  # type: ignore[arg-type]
    if isinstance(data[0], tuple):
        return brute.ordered(data[0], cuts)
    return brute.binomial(data[0], data[1], _LINK[measure], *data[2:])  # type: ignore[arg-type]


def baseline_of(text: str, measure: str, time: float = 1.0) -> Baseline:
    """The baseline prior written with scipy.stats, from its text."""
    name, _, rest = text.partition("(")
    numbers = [float(x) for x in rest.rstrip(")").split(",")] if rest else []
    if name == "uniform-probability":
        return brute.probability_baseline(numbers[0], numbers[1], _LINK[measure], time)
    known: dict[str, Callable[..., Baseline]] = {
        "normal": brute.normal_baseline, "t": brute.t_baseline, "gamma": brute.gamma_baseline,
        "flat": brute.flat_baseline,
    }  # fmt: skip
    return known[name](*numbers)


@dataclass(frozen=True)
class Question:
    """Studies with one measure and one baseline prior."""

    measure: str
    baseline: str
    studies: Sequence[Rows]
    cuts: tuple[float, ...] = ()
    _made: list[Network] = field(default_factory=list)

    @property
    def network(self) -> Network:
        if not self._made:
            self._made.append(network_of(self.measure, self.studies))
        return self._made[0]

    def target(self, tau: Sequence[float]) -> CollapsedTarget:
        """What the collapsed engine draws from, at nodes of tau."""
        spec = ph.ModelSpec(
            measure=self.measure, baseline_prior=self.baseline, effect_prior="normal(0, 100)", tau_prior="fixed(1)"
        )
        arms = arm_network(self.network, spec)
        if self.cuts:
            arms = at_cuts(arms, np.log(np.diff(self.cuts, prepend=0.0)))
        priors: Priors = resolve_priors(self.network, spec, baselines=True)
        return collapsed_target(arms, densities_of(arms, priors), priors, np.asarray(tau, dtype=float))

    def ours(self, tau: Sequence[float], d: Sequence[Sequence[float]]) -> Floats:
        """Log likelihoods (tau, d, study) of the engine; a tau of zero comes first, for it has nodes of its own."""
        if 0 in tau and len(tau) > 1:
            return np.concatenate([self.ours([0.0], d), self.ours(tau[1:], d)])
        target = self.target(tau)
        node = np.repeat(np.arange(len(tau)), len(d))
        # treatments that no study has are not in the network
        column = [TREATMENTS.index(t.id) - 1 for t in self.network.treatments[1:]]
        found = target.by_study(node, np.tile(np.asarray(d, dtype=float)[:, column], (len(tau), 1)))
        return found.reshape(len(tau), len(d), -1)

    def brute(self, tau: Sequence[float], d: Sequence[Sequence[float]]) -> Floats:
        """The same (tau, d, study) by brute force."""
        found = np.empty((len(tau), len(d), len(self.studies)))
        for i, rows in enumerate(self.studies):
            rows = sorted(rows, key=lambda row: TREATMENTS.index(str(row[0])))
            arms = [arm_data(self.measure, *row[1:], cuts=self.cuts) for row in rows]
            baseline = baseline_of(self.baseline, self.measure, *rows[0][3:])  # type: ignore[arg-type]
            for k, effects in enumerate(d):
                of = dict(zip(TREATMENTS, (0.0, *effects), strict=True))
                c = [of[str(row[0])] - of[str(rows[0][0])] for row in rows[1:]]
                for j, t in enumerate(tau):
                    found[j, k, i] = study_log_likelihood(arms, baseline, c, t)
        return found
