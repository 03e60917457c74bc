"""Which study stands off its network? Each against what all the others predict of it.

Externally studentised residuals (Viechtbauer & Cheung 2010, Res Synth Methods 1:112-125, section 3), carried to
networks: the network is fitted without the study (REML), which predicts the study's contrasts with their uncertainty.
For m contrasts r, observed less predicted, ``r' W^-1 r / m`` with W = sampling + tau^2 + prediction has nearly an F
distribution on m and Q's degrees of freedom of the others: with few studies tau is hardly known, its tails are wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from physiohub.errors import DataError, Issue
from physiohub.inference.frequentist import FrequentistFit, fit_frequentist
from physiohub.model.normal_study import NormalStudy, normal_studies
from physiohub.model.spec import ModelSpec
from physiohub.model.zero_cells import settle_zero_cells
from physiohub.network.network import Network
from physiohub.network.study import Study

__all__ = ["FAMILY_ERROR", "StudyResidual", "outlying_issues", "study_residuals"]

Floats = NDArray[np.float64]

FAMILY_ERROR = 0.05
"""Probability that any study of a network without outliers is named: each is judged at this over their number."""


@dataclass(frozen=True, slots=True)
class StudyResidual:
    """A study against the prediction of all others.

    Attributes
    ----------
    treatment, versus, observed, predicted
        The contrast that is furthest off.
    residual
        Its observed less predicted value over the SE of that difference.
    f, df, df_others, p
        Of all contrasts of the study together.
    """

    study: str
    treatment: str
    versus: str
    observed: float
    predicted: float
    residual: float
    f: float
    df: int
    df_others: int
    p: float


def study_residuals(network: Network, spec: ModelSpec) -> tuple[StudyResidual, ...]:
    """Every study that the others can predict.

    A study is left out where the others do not hang together without it, do not have two of its treatments, or leave no
    degree of freedom that could tell their heterogeneity.

    Raises
    ------
    DataError, ModelError
        When the network cannot be fitted by this measure.

    Examples
    --------
    >>> import pandas as pd
    >>> import physiohub as ph
    >>> table = pd.DataFrame({"study": list("123456"), "treat1": ["B"] * 6, "treat2": ["A"] * 6,
    ...                       "TE": [0.2, 0.3, 0.25, 0.15, 0.2, 4.2], "seTE": [0.1] * 6})
    >>> found = study_residuals(ph.read_contrasts(table, reference="A"), ph.ModelSpec(measure="SMD"))
    >>> [(one.study, round(one.residual, 1)) for one in found if one.p < 0.01]
    [('6', 36.3)]
    """
    network, _ = settle_zero_cells(network, spec)
    found = (_residual(network, study, spec) for study in network.studies)
    return tuple(one for one in found if one is not None)


def outlying_issues(network: Network, spec: ModelSpec) -> tuple[Issue, ...]:
    """A warning for every study that the others predict otherwise; `FAMILY_ERROR` over the studies judged decides.

    Raises
    ------
    DataError, ModelError
        As `study_residuals`.
    """
    residuals = study_residuals(network, spec)
    rows = {study.id: _first_row(study) for study in network.studies}
    return tuple(_issue(one, len(residuals), rows) for one in residuals if one.p < FAMILY_ERROR / len(residuals))


def _first_row(study: Study) -> int | None:
    rows = [row for arm in study.arms for row in arm.rows] + list(study.contrasts.rows if study.contrasts else ())
    return min(rows, default=None)


def _issue(one: StudyResidual, judged: int, rows: dict[str, int | None]) -> Issue:
    message = (
        f"{one.treatment} minus {one.versus} is {one.observed:.3g} here and {one.predicted:.3g} by all other studies, "
        f"{abs(one.residual):.1f} standard errors apart (F = {one.f:.3g} on {one.df} and {one.df_others} df, "
        f"p = {one.p:.2g}; named below {FAMILY_ERROR:g}/{judged})."
    )
    remedy = "Check sign, scale, arms and SE; if they are right, ask how its patients or treatments differ."
    return Issue("study-off-network", message, remedy, "warning", one.study, one.treatment, rows[one.study])


def _residual(network: Network, study: Study, spec: ModelSpec) -> StudyResidual | None:
    """The study against the others; None when they cannot predict it."""
    others = {treatment for other in network.studies if other is not study for treatment in other.treatments}
    kept = [k for k, treatment in enumerate(study.treatments) if treatment in others]
    if len({study.treatments[k] for k in kept}) < 2:
        return None
    try:
        rest = network.with_reference(study.treatments[kept[0]]).without(study.id)
    except DataError:  # in parts without it
        return None
    fit = fit_frequentist(rest, spec)
    if fit.q.df < 1:
        return None
    alone = _of_study(network, study.id, spec)
    return _judged(study, kept, *_contrasts(alone, kept, fit.tau2), fit)


def _of_study(network: Network, id: str, spec: ModelSpec) -> NormalStudy:
    return next(one for one in normal_studies(network, spec) if one.id == id)


def _contrasts(study: NormalStudy, kept: Sequence[int], tau2: float) -> tuple[Floats, Floats]:
    """Arms `kept[1:]` minus arm `kept[0]`: estimates (contrast,) and covariance with tau^2 (contrast, contrast)."""
    arms = len(study.treatments)
    # (contrast, arm), then (contrast, observed): at the level of contrasts arm 0 is what the others are versus
    full = np.eye(arms)[list(kept[1:])] - np.eye(arms)[kept[0]]
    C = full if study.level == "arm" else full[:, 1:]
    return C @ study.y, C @ (study.sampling + tau2 * study.heterogeneity) @ C.T


def _judged(
    study: Study, kept: Sequence[int], observed: Floats, covariance: Floats, fit: FrequentistFit
) -> StudyResidual:
    place = fit.network.position
    columns = [place[study.treatments[k]] for k in kept]
    mean, cov = np.pad(fit.estimate, (1, 0)), np.pad(fit.covariance, ((1, 0), (1, 0)))
    C = np.zeros((len(kept) - 1, len(mean)))  # (contrast, treatment)
    C[np.arange(len(kept) - 1), columns[1:]] += 1.0
    C[:, columns[0]] -= 1.0
    predicted, W = C @ mean, covariance + C @ cov @ C.T
    r = observed - predicted
    df, others = len(r), fit.q.df
    f = float(r @ np.linalg.solve(W, r)) / df
    scaled = r / np.sqrt(np.diag(W))
    worst = int(np.argmax(np.abs(scaled)))
    names = [study.treatments[k] for k in kept]
    return StudyResidual(
        study=study.id, treatment=names[1 + worst], versus=names[0], observed=float(observed[worst]),
        predicted=float(predicted[worst]), residual=float(scaled[worst]), f=f, df=df, df_others=others,
        p=float(fdtrc(df, others, f)),
    )  # fmt: skip
