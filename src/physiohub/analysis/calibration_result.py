"""What a calibration run found: replicates, what they say together, and whether that is good enough."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from physiohub.analysis.calibration_scenarios import Scenario
from physiohub.analysis.uniformity import INTERVALS, Uniformity, uniformity

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FALSE_ALARMS", "FEWEST", "Calibration", "Replicate", "ScenarioResult", "judged"]

FALSE_ALARMS = 0.01
"""How often a run says that right answers are not calibrated."""
FEWEST = 20
"""Replicates that can be judged."""
_MOST_UNANSWERED = 0.1


@dataclass(frozen=True, slots=True)
class Replicate:
    """One data set and its fit.

    Attributes
    ----------
    index
        Of the replicate in its scenario.
    transforms
        For each quantity the probability integral transform of its true value; empty without an answer.
    engine
        Which engine answered.
    refused
        Why there is no answer to use: the words of the verdict or of the error; empty when there is.
    crashed
        Whether it ended in an error that is no message to a user.
    seconds
        Wall time of the fit.
    """

    index: int
    transforms: Mapping[str, float]
    engine: str
    refused: str
    crashed: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What the replicates of one scenario say.

    Attributes
    ----------
    scenario, title
        Its name, and its data in words.
    priors
        Role -> prior.
    engine
        Which engine answered.
    replicates, answered, crashed
        How many there were, had an answer that may be used, and ended in an error of the program.
    refusals
        Why others have no answer -> how often.
    quantities
        What was found of each; from the replicates with an answer.
    seconds
        Median wall time of a fit.
    """

    scenario: str
    title: str
    priors: Mapping[str, str]
    engine: str
    replicates: int
    answered: int
    crashed: int
    refusals: Mapping[str, int]
    quantities: tuple[Uniformity, ...]
    seconds: float

    def problems(self, threshold: float) -> tuple[str, ...]:
        """Why this scenario is not calibrated, with the p value below which uniformity is given up."""
        found = [
            f"{self.scenario}: {q.quantity} is not uniform (p = {q.smallest_p:.2g}, threshold {threshold:.2g})"
            for q in self.quantities
            if q.smallest_p < threshold
        ]
        if self.crashed:
            found.append(f"{self.scenario}: {self.crashed} of {self.replicates} fits ended in an error of the program")
        missing = self.replicates - self.answered
        if missing > _MOST_UNANSWERED * self.replicates or not self.quantities:
            found.append(f"{self.scenario}: {missing} of {self.replicates} replicates have no answer to judge")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a run found.

    Attributes
    ----------
    results
        Of each scenario.
    seed, replicates
        As asked for.
    false_alarms
        Probability that a run of right answers is called not calibrated.
    """

    results: tuple[ScenarioResult, ...]
    seed: int
    replicates: int
    false_alarms: float = FALSE_ALARMS

    @property
    def tests(self) -> int:
        """Number of p values: two a quantity."""
        return 2 * sum(len(result.quantities) for result in self.results)

    @property
    def threshold(self) -> float:
        """P value below which one of them counts (Bonferroni): so that all of them together give few false alarms."""
        return self.false_alarms / max(self.tests, 1)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, one sentence each; none when calibrated."""
        return tuple(problem for result in self.results for problem in result.problems(self.threshold))

    @property
    def ok(self) -> bool:
        """Whether the engines are calibrated as far as this run can tell."""
        return not self.problems

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row a quantity, as plain numbers."""
        for result in self.results:
            for q in result.quantities:
                row = {
                    "scenario": result.scenario, "engine": result.engine, "quantity": q.quantity, "count": q.count,
                    "chi_square_p": q.chi_square_p, "ecdf_p": q.ecdf_p, "deviation": q.deviation,
                }  # fmt: skip
                for p, share, error in zip(INTERVALS, q.coverage, q.coverage_error, strict=True):
                    row |= {f"coverage_{100 * p:.0f}": share, f"coverage_{100 * p:.0f}_se": error}
                yield row

    def to_frame(self) -> pd.DataFrame:
        """One row a quantity."""
        import pandas as pd

        return pd.DataFrame(self.rows())


def judged(scenario: Scenario, replicates: Sequence[Replicate]) -> ScenarioResult:
    """What the replicates of a scenario say, in whatever order they came.

    Replicates without an answer to use are counted by reason and left out of the tests. Whether there is an answer is
    decided by the data alone, not by the true values, so that the others stay uniform.
    """
    inorder = sorted(replicates, key=lambda one: one.index)
    usable = [one for one in inorder if not one.refused]
    names = list(usable[0].transforms) if usable else []
    enough = len(usable) >= FEWEST
    spec = scenario.spec
    priors = {"d": spec.effect_prior, "tau": spec.tau_prior, "mu": spec.baseline_prior}
    return ScenarioResult(
        scenario=scenario.name,
        title=scenario.title,
        priors={role: str(prior) for role, prior in priors.items() if prior is not None},
        engine=", ".join(sorted({one.engine for one in usable})),
        replicates=len(inorder),
        answered=len(usable),
        crashed=sum(one.crashed for one in inorder),
        refusals=dict(Counter(_without_numbers(one.refused) for one in inorder if one.refused).most_common()),
        quantities=tuple(uniformity(name, [one.transforms[name] for one in usable]) for name in names if enough),
        seconds=float(np.median([one.seconds for one in usable])) if usable else 0.0,
    )


def _without_numbers(reason: str) -> str:
    """A reason with its numbers left out, so that equal reasons are counted together.

    Examples
    --------
    >>> _without_numbers("the weights have a Pareto k of 0.81, above 0.7")
    'the weights have a Pareto k of #, above #'
    """
    return re.sub(r"(?<![\w])[-+]?(?:\d[\d,.]*\d|\d)(?:e[-+]?\d+)?|\bnan\b|\binf\b", "#", reason)
