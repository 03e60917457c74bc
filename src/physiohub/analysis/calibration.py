"""Simulation-based calibration: whether posteriors cover what was drawn from their priors, at every probability.

Parameters are drawn from the prior and data given them; then the place of the true value in its own posterior is
uniform, for every quantity (Cook, Gelman & Rubin 2006, J Comput Graph Stat 15:675; Talts et al. 2018,
arXiv:1804.06788). Quantities that depend on the data too, here a log likelihood, find errors that parameters alone do
not show (Modrák et al. 2023, Bayesian Anal, doi:10.1214/23-BA1404).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from physiohub.analysis.calibration_quantities import transforms
from physiohub.analysis.calibration_result import FALSE_ALARMS, FEWEST, Calibration, Replicate, ScenarioResult, judged
from physiohub.analysis.calibration_scenarios import EngineName, Scenario
from physiohub.analysis.fleet import Fleet, InProcess
from physiohub.errors import PhysioHubError, UsageError
from physiohub.inference.fit import fit
from physiohub.inference.posterior import Posterior
from physiohub.inference.simulate import Simulated, simulate
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network

__all__ = ["FALSE_ALARMS", "Calibration", "Replicate", "ScenarioResult", "asked_for", "calibrate", "drawn", "judged"]

Answer = Callable[[Network, ModelSpec], Posterior]
Told = Callable[[str, int], None]
"""Takes the name of a scenario and how many more of its replicates are done."""

_BATCH = 5
_MOST_REDRAWS = 1000


def calibrate(
    scenarios: Iterable[Scenario],
    *,
    replicates: int = 1000,
    seed: int = 1,
    engine: EngineName = "auto",
    fleet: Fleet | None = None,
    told: Told | None = None,
    answer: Answer = fit,
) -> Calibration:
    """Simulation-based calibration of some scenarios.

    Parameters
    ----------
    scenarios
        Designs and models, such as those of `physiohub.analysis.calibration_scenarios.SCENARIOS`.
    replicates
        Data sets of each; 20 or more.
    seed
        Of everything. Each replicate has a stream of its own, so that the answer is the same for any number of workers,
        and for any set of scenarios.
    engine
        Which engine answers; ``"auto"`` is what a user gets.
    fleet
        Who computes; by default this process alone.
    told
        Told of progress.
    answer
        What gives the posterior, by default `fit`.

    Raises
    ------
    UsageError
        When there are too few replicates, or the exact engine is asked for data that are not normal.

    Examples
    --------
    >>> from physiohub.analysis.calibration_scenarios import SCENARIOS
    >>> found = calibrate([SCENARIOS["normal-contrasts"]], replicates=20)
    >>> found.ok, found.results[0].answered
    (True, 20)
    """
    asked = asked_for(scenarios, replicates, engine)
    size = _batch_size(replicates)
    tasks = [
        _Task(scenario, seed, tuple(range(first, min(first + size, replicates))), answer)
        for scenario in asked
        for first in range(0, replicates, size)
    ]
    found: dict[str, list[Replicate]] = {scenario.name: [] for scenario in asked}
    for done in (fleet or InProcess()).run(_answered, tasks):
        found[done.scenario] += done.replicates
        if told is not None:
            told(done.scenario, len(done.replicates))
    return Calibration(tuple(judged(s, found[s.name]) for s in asked), seed, replicates)


def asked_for(scenarios: Iterable[Scenario], replicates: int, engine: EngineName) -> list[Scenario]:
    """The scenarios with an engine asked for.

    Raises
    ------
    UsageError
        When there are too few replicates, or the exact engine is asked for data that are not normal.
    """
    if replicates < FEWEST:
        raise UsageError(f"Calibration needs {FEWEST} replicates or more, not {replicates}.")
    asked = [scenario.answered_by(engine) for scenario in scenarios]
    for scenario in asked:
        if engine == "exact" and not scenario.normal:
            raise UsageError(f"The exact engine does not answer {scenario.name}: its data are not normal.")
    return asked


def _batch_size(replicates: int) -> int:
    return max(1, min(_BATCH, replicates // 20))


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Some replicates of a scenario."""

    scenario: Scenario
    seed: int
    indices: tuple[int, ...]
    answer: Answer


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of a task."""

    scenario: str
    replicates: tuple[Replicate, ...]


def _answered(task: _Task) -> _Done:
    """Carry out a task; runs in a worker."""
    one = [_replicate(task.scenario, task.seed, index, task.answer) for index in task.indices]
    return _Done(task.scenario.name, tuple(one))


def drawn(scenario: Scenario, seed: int, index: int) -> tuple[Simulated, int]:
    """Truth and data of one replicate, and the seed of its fit.

    Data sets that the scenario does not take are drawn again with their parameters; it looks at the data only, so that
    the posterior given the data stays what it is.
    """
    stream = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(scenario.name.encode()), index))
    (own,) = stream.spawn(1)
    for _ in range(_MOST_REDRAWS):
        simulated = simulate(scenario.network, scenario.spec, seed=stream.spawn(1)[0])
        if scenario.takes(simulated.network):
            return simulated, int(own.generate_state(1)[0])
    raise UsageError(f"{scenario.name}: none of {_MOST_REDRAWS} data sets can be taken.")


def _replicate(scenario: Scenario, seed: int, index: int, answer: Answer) -> Replicate:
    """Draw, fit, and place the true values in the posterior."""
    simulated, own = drawn(scenario, seed, index)
    try:
        posterior = answer(simulated.network, replace(scenario.spec, seed=own))
        found = transforms(posterior, simulated, np.random.default_rng([own, 1]))
    except PhysioHubError as error:
        return Replicate(index, {}, "", str(error), False, 0.0)
    except Exception as error:  # whatever it is, the run goes on and says so
        return Replicate(index, {}, "", f"{type(error).__name__}: {error}", True, 0.0)
    refused = "; ".join(posterior.verdict.reasons) if not posterior.verdict.ok else ""
    return Replicate(index, found, posterior.engine.name, refused, False, posterior.engine.seconds)
