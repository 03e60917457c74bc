"""Inconsistency: do the designs of a network tell the same story? The global test and the parts of Cochran's Q."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from physiohub.inference.frequentist import Q, most_likely_tau2
from physiohub.model.design import Rows, whiten
from physiohub.model.normal_study import NormalStudy, normal_studies
from physiohub.model.priors import Flat
from physiohub.model.spec import ModelSpec
from physiohub.model.zero_cells import settle_zero_cells
from physiohub.network.network import Network

__all__ = ["DesignByTreatment", "QParts", "design_by_treatment", "q_parts"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DesignByTreatment:
    """Global test of consistency; p above 0.05 is no proof of consistency.

    Attributes
    ----------
    chi2, df, p
        Wald statistic; None where no test is possible.
    tau
        REML estimate of the saturated design model; zero in a common-effect run.
    possible
        False exactly when df is zero: then no two designs speak of the same effect.
    """

    chi2: float | None
    df: int
    p: float | None
    tau: float
    possible: bool


@dataclass(frozen=True, slots=True)
class QParts:
    """Cochran's Q of the network, and its parts within and between designs (Krahn 2013, BMC Med Res Methodol 13:35)."""

    total: Q
    within: Q
    between: Q


def design_by_treatment(network: Network, spec: ModelSpec) -> DesignByTreatment:
    """Design-by-treatment interaction test (Higgins 2012, Res Synth Methods 3:98; White 2012, Res Synth Methods 3:111).

    The saturated model has one effect for each design and arm beyond its first, and one tau, by REML. The statistic is
    what its weighted residual sum of squares gains over the consistency model's at that tau.

    Examples
    --------
    >>> import physiohub as ph
    >>> smoking = ph.datasets.load("smoking")
    >>> test = design_by_treatment(smoking, ph.ModelSpec(measure="OR"))
    >>> round(test.chi2, 2), test.df, round(test.p, 2)
    (5.14, 7, 0.64)
    """
    rows, saturated = _models(network, spec)
    df = saturated.X.shape[1] - rows.X.shape[1]
    tau2 = most_likely_tau2(saturated, restricted=True) if spec.effects == "random" else 0.0
    if df == 0:
        return DesignByTreatment(None, 0, None, float(np.sqrt(tau2)), possible=False)
    weight = 1 / (1 + tau2 * rows.spread)
    chi2 = max(0.0, _residual_sum(rows, weight) - _residual_sum(saturated, weight))
    return DesignByTreatment(chi2, df, float(chdtrc(df, chi2)), float(np.sqrt(tau2)), possible=True)


def q_parts(network: Network, spec: ModelSpec) -> QParts:
    """Cochran's Q: all of it, within designs, and between designs; without heterogeneity."""
    rows, saturated = _models(network, spec)
    unit = np.ones(len(rows.y))
    total, within = _residual_sum(rows, unit), _residual_sum(saturated, unit)
    n, p, d = len(rows.y), rows.X.shape[1], saturated.X.shape[1]
    return QParts(_q(total, n - p), _q(within, n - d), _q(max(0.0, total - within), d - p))


def _q(q: float, df: int) -> Q:
    return Q(q if df > 0 else 0.0, df, float(chdtrc(df, q)) if df > 0 else None)


def _models(network: Network, spec: ModelSpec) -> tuple[Rows, Rows]:
    """The rows of the consistency model, and the same rows with one effect per design and arm."""
    network, _ = settle_zero_cells(network, spec)
    rows = whiten(normal_studies(network, spec), len(network.treatments) - 1, Flat())
    place: dict[tuple[tuple[int, ...], int], int] = {}
    for study in rows.studies:
        design = _design(study)
        for treatment in design[1:]:
            place.setdefault((design, treatment), len(place))
    blocks = [back.T @ _design_columns(study, place) for study, back in zip(rows.studies, rows.back, strict=True)]
    return rows, replace(rows, X=np.concatenate(blocks))


def _design(study: NormalStudy) -> tuple[int, ...]:
    """The treatments that a study compared, once each, in the network's order."""
    return tuple(sorted({int(t) for t in study.treatments}))


def _design_columns(study: NormalStudy, place: dict[tuple[tuple[int, ...], int], int]) -> Floats:
    """X (observed, design effect) of one study: each arm on the effect of its own design."""
    design = _design(study)
    x = np.zeros((len(study.treatments), len(place)))
    for arm, treatment in enumerate(study.treatments):
        if int(treatment) != design[0]:
            x[arm, place[design, int(treatment)]] = 1.0
    return x if study.level == "arm" else x[1:]


def _residual_sum(rows: Rows, weight: Floats) -> float:
    """Weighted residual sum of squares of the least-squares fit."""
    root = np.sqrt(weight)
    y, x = root * rows.y, root[:, None] * rows.X
    return float(np.sum(np.square(y - x @ np.linalg.lstsq(x, y, rcond=None)[0])))
