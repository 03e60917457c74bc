"""What every script is made from: the data as analysed, the model with its priors spelt out, and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiohub import __version__
from physiohub.analysis.effects import relative_effects
from physiohub.analysis.heterogeneity import heterogeneity
from physiohub.evidence.question import Better
from physiohub.inference.fit import fit
from physiohub.inference.frequentist import fit_frequentist
from physiohub.measures.measure import MEASURES
from physiohub.model.arm_network import has_arm_likelihood
from physiohub.model.defaults import Priors, resolve_priors
from physiohub.model.design import whiten
from physiohub.model.normal_study import NormalStudy
from physiohub.model.normal_view import NormalView, normal_view
from physiohub.model.priors import Fixed, Flat
from physiohub.model.spec import ModelSpec
from physiohub.model.zero_cells import settle_zero_cells
from physiohub.network.network import Network
from physiohub.report.scripts.quoting import plain_names

__all__ = [
    "Effect",
    "Found",
    "Material",
    "Pair",
    "Twin",
    "differences",
    "expected_rows",
    "study_list",
    "treatment_rows",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect versus the reference; mean and SD are None where the posterior has none."""

    treatment: str
    mean: float | None
    sd: float | None
    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Twin:
    """The same data without priors, effects versus the reference.

    Attributes
    ----------
    tau
        0 in a common-effect model, the known tau where the prior fixes it, else the REML estimate.
    df
        Of Cochran's Q: with 0 the data say nothing about tau.
    """

    tau: float
    estimates: tuple[float, ...]
    ses: tuple[float, ...]
    df: int


@dataclass(frozen=True, slots=True)
class Found:
    """The answer that a script is to reproduce: effects versus the reference, in the order of the network.

    Attributes
    ----------
    twin
        None when the studies give no normal contrasts of the whole network.
    tau
        Posterior median, 2.5% and 97.5% point; None in a common-effect fit.
    """

    label: str
    effects: tuple[Effect, ...]
    twin: Twin | None
    tau: tuple[float, float, float] | None
    mid: float | None = None

    @classmethod
    def in_record(cls, record: Mapping[str, Any]) -> Found:
        """Read from one outcome of results.json."""
        tau, mid = record["heterogeneity"]["tau"], record["mid"]
        return cls(
            str(record["label"]),
            tuple(
                Effect(row["treatment"], row["mean"], row["sd"], row["median"], row["low"], row["high"])
                for row in record["relative_effects"]
                if row["versus"] == record["reference"]
            ),
            _twin_in_record(record),
            None if tau is None else (tau["median"], tau["q2.5"], tau["q97.5"]),
            None if mid is None else mid["value"],
        )

    @classmethod
    def by_fit(cls, network: Network, spec: ModelSpec, better: Better, mid: float | None) -> Found:
        """Computed here."""
        posterior = fit(network, spec)
        effects = relative_effects(posterior, better=better, mid=mid).effects
        tau = heterogeneity(posterior)
        whole = not normal_view(posterior.network, spec).reason
        return cls(
            "outcome",
            tuple(
                Effect(e.treatment, e.mean, e.sd, e.median, e.low, e.high)
                for e in effects
                if e.versus == network.reference
            ),
            _twin_by_fit(network, spec) if whole else None,
            None if tau.median is None or tau.q2_5 is None or tau.q97_5 is None else (tau.median, tau.q2_5, tau.q97_5),
            mid,
        )


def _twin_in_record(record: Mapping[str, Any]) -> Twin | None:
    found = record["frequentist"]
    if found is None:
        return None
    rows = [row for row in found["relative_effects"] if row["versus"] == record["reference"]]
    estimates, ses = tuple(row["estimate"] for row in rows), tuple(row["se"] for row in rows)
    return Twin(found["tau"], estimates, ses, record["heterogeneity"]["q"]["df"])


def _twin_by_fit(network: Network, spec: ModelSpec) -> Twin:
    found = fit_frequentist(network, spec, method="common" if spec.effects == "common" else "REML")
    ses = tuple(np.sqrt(np.diag(found.covariance)).tolist())
    return Twin(float(np.sqrt(found.tau2)), tuple(found.estimate.tolist()), ses, found.q.df)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms of a study: arm k minus arm j (j comes first), with its standard error."""

    study: str
    versus: str
    treatment: str
    estimate: float
    se: float


@dataclass(frozen=True, eq=False)
class Material:
    """One outcome, ready to be written down for another program.

    Attributes
    ----------
    network
        As it was read; studies that form no ratio still in it.
    settled
        The network that was fitted.
    studies
        Its studies as normal data, those that can be said so.
    by_arm
        Whether arms were fitted with a likelihood of their own.
    view
        The same studies, what was added to their cells, and why others have no contrast.
    """

    network: Network
    settled: Network
    spec: ModelSpec
    priors: Priors
    studies: tuple[NormalStudy, ...]
    better: Better
    found: Found
    by_arm: bool
    view: NormalView

    @classmethod
    def of(cls, network: Network, spec: ModelSpec, better: Better, found: Found) -> Material:
        """Gather it, as `physiohub.inference.fit.fit` does before it fits."""
        by_arm = has_arm_likelihood(network, spec)
        settled = network if by_arm else settle_zero_cells(network, spec)[0]
        view = normal_view(settled, spec)
        priors = resolve_priors(settled, spec, baselines=by_arm)
        return cls(network, settled, spec, priors, tuple(view.studies.values()), better, found, by_arm, view)

    @cached_property
    def of_counts(self) -> bool:
        """Whether counts were fitted, and not normal data."""
        return self.by_arm and MEASURES[self.spec.measure].data != "mean"

    @property
    def version(self) -> str:
        """Of PhysioHub."""
        return __version__

    @property
    def scale(self) -> str:
        """Name of the analysis scale."""
        return MEASURES[self.spec.measure].scale

    @cached_property
    def treatments(self) -> tuple[str, ...]:
        """Ids, the reference first."""
        return tuple(treatment.id for treatment in self.settled.treatments)

    @cached_property
    def names(self) -> dict[str, str]:
        """Treatment id -> the name that R and Stata get."""
        return plain_names(self.treatments)

    @cached_property
    def study_names(self) -> dict[str, str]:
        """Study id -> the name that R and Stata get."""
        return plain_names([study.id for study in self.settled.studies])

    @cached_property
    def codes(self) -> dict[str, str]:
        """Treatment id -> T01, T02, ...: all of one length, because `network` runs codes together."""
        width = max(2, len(str(len(self.treatments))))
        return {id: f"T{k:0{width}d}" for k, id in enumerate(self.treatments, start=1)}

    @cached_property
    def known_tau(self) -> float | None:
        """Tau where it is not estimated: 0 in a common-effect model, the value of a fixed prior; else None."""
        tau = self.priors.tau
        return 0.0 if tau is None else tau.value if isinstance(tau, Fixed) else None

    @cached_property
    def twin(self) -> Twin | None:
        """The same data without priors, at the known tau where there is one; None where contrasts do not tell it."""
        if self.found.twin is None or self.known_tau is None or self.spec.effects == "common":
            return self.found.twin
        return self._twin_at(self.known_tau, self.found.twin.df)

    def _twin_at(self, tau: float, df: int) -> Twin:
        rows = whiten(self.studies, len(self.treatments) - 1, Flat())
        loaded = rows.X.T / (1 + tau**2 * rows.spread)
        covariance = np.linalg.inv(loaded @ rows.X)
        estimates, ses = covariance @ (loaded @ rows.y), np.sqrt(np.diag(covariance))
        return Twin(tau, tuple(estimates.tolist()), tuple(ses.tolist()), df)

    @property
    def reference(self) -> str:
        """Name of the reference."""
        return self.names[self.treatments[0]]

    @cached_property
    def repeated(self) -> tuple[str, ...]:
        """Studies with two arms on one treatment."""
        return tuple(s.id for s in self.settled.studies if len(s.design) < len(s.arms))

    @property
    def multi_arm(self) -> bool:
        """Whether a study has more than two arms."""
        return any(len(study.treatments) > 2 for study in self.studies)

    def pairs(self) -> Iterator[Pair]:
        """Every pair of arms of every study: from the estimates and their whole covariance, so that they cohere."""
        for study in self.studies:
            estimate, covariance = differences(study)
            ids = [self.treatments[k] for k in study.treatments]
            for j in range(len(ids)):
                for k in range(j + 1, len(ids)):
                    variance = covariance[k, k] + covariance[j, j] - 2 * covariance[j, k]
                    yield Pair(study.id, ids[j], ids[k], float(estimate[k] - estimate[j]), float(np.sqrt(variance)))

    def largest_gap(self) -> float:
        """Largest distance of a posterior median from the estimate without priors, in widths of its interval."""
        assert self.twin is not None
        median, width = np.array([(effect.median, effect.high - effect.low) for effect in self.found.effects]).T
        return float(np.max(np.abs(median - np.array(self.twin.estimates)) / width))


def differences(study: NormalStudy) -> tuple[Floats, Floats]:
    """Estimate (arm,) of each arm versus arm 0 and their covariance (arm, arm), with a row of zeros for arm 0."""
    a = len(study.treatments)
    from_zero = np.eye(a) if study.level == "arm" else np.vstack([np.zeros(a - 1), np.eye(a - 1)])
    if study.level == "arm":
        from_zero = from_zero - from_zero[0]
    return from_zero @ study.y, from_zero @ study.sampling @ from_zero.T


def treatment_rows(material: Material) -> list[dict[str, object]]:
    """The table of treatments: code, id, name in the R scripts, label."""
    return [
        {"code": material.codes[t.id], "id": t.id, "name": material.names[t.id], "label": t.label}
        for t in material.settled.treatments
    ]


def expected_rows(material: Material) -> list[dict[str, object]]:
    """What was found, beside what the same data give without priors; one row per treatment but the reference."""
    twin = material.twin
    none = (None,) * len(material.found.effects)
    estimates, all_ses = (none, none) if twin is None else (twin.estimates, twin.ses)
    return [
        {
            "code": material.codes[effect.treatment], "name": material.names[effect.treatment], "mean": effect.mean,
            "sd": effect.sd, "median": effect.median, "low": effect.low, "high": effect.high,
            "frequentist": estimate, "frequentist_se": se,
        }
        for effect, estimate, se in zip(material.found.effects, estimates, all_ses, strict=True)
    ]  # fmt: skip


def study_list(ids: Sequence[str], names: Mapping[str, str]) -> str:
    """Studies in one line; of many, the first."""
    shown = ", ".join(names[id] for id in ids[:5])
    return shown if len(ids) <= 5 else f"{shown} and {len(ids) - 5} more"
