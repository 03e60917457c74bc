"""Two models of one network side by side: the residual deviance of every point under each (Dias, TSD4 section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from physiohub.analysis.fit_statistics import StudyFit, fit_statistics
from physiohub.errors import UsageError
from physiohub.inference.posterior import Posterior
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["DevDev", "DevDevPoint", "dev_dev"]


@dataclass(frozen=True, slots=True)
class DevDevPoint:
    """Posterior mean deviance of one arm, or of a study of contrasts, under two models.

    Attributes
    ----------
    treatment
        Of the arm; None for the contrasts of a study together.
    first, second
        Under either model.
    """

    study: str
    treatment: str | None
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class DevDev(ShownAsTable):
    """The points of a dev-dev plot: those below the diagonal are fitted better by the second model."""

    points: tuple[DevDevPoint, ...]

    @property
    def _caption(self) -> str:
        first, second = (sum(getattr(p, name) for p in self.points) for name in ("first", "second"))
        return f"Residual deviance under two models: {first:.1f} and {second:.1f}"

    def to_frame(self) -> DataFrame:
        """One row a point."""
        import pandas as pd

        columns = ("study", "treatment", "first", "second")
        return pd.DataFrame([{c: getattr(p, c) for c in columns} for p in self.points], columns=list(columns))


def dev_dev(first: Posterior, second: Posterior) -> DevDev:
    """Residual deviances of one network under two models, say consistency and unrelated mean effects.

    Raises
    ------
    UsageError
        When the two do not fit the same data in the same way: other studies, or arms against contrasts.
    ModelError
        When a posterior holds no deviance.

    Examples
    --------
    >>> import physiohub as ph
    >>> from physiohub import datasets
    >>> network = datasets.load("smoking")
    >>> common = ph.fit(network, ph.ModelSpec(measure="OR", effects="common"))
    >>> random = ph.fit(network, ph.ModelSpec(measure="OR", effects="random"))
    >>> frame = dev_dev(common, random).to_frame()
    >>> len(frame), bool(frame["first"].sum() > frame["second"].sum())
    (50, True)
    """
    arms = {study.id: study.treatments for study in first.network.studies}
    pairs = list(zip(fit_statistics(first).studies, fit_statistics(second).studies, strict=False))
    same_studies = arms == {study.id: study.treatments for study in second.network.studies}
    if not same_studies or first.spec.measure != second.spec.measure or any(_unlike(a, b) for a, b in pairs):
        raise UsageError("Two models can only be compared point by point on the same studies, arms and measure.")
    return DevDev(tuple(point for a, b in pairs for point in _points(a, b, arms[a.study])))


def _unlike(a: StudyFit, b: StudyFit) -> bool:
    return a.study != b.study or a.data_points != b.data_points or len(a.arm_deviance) != len(b.arm_deviance)


def _points(a: StudyFit, b: StudyFit, treatments: tuple[str, ...]) -> list[DevDevPoint]:
    if a.deviance is None or b.deviance is None:
        return []
    if not a.arm_deviance:
        return [DevDevPoint(a.study, None, a.deviance, b.deviance)]
    arms = zip(treatments, a.arm_deviance, b.arm_deviance, strict=True)
    return [DevDevPoint(a.study, treatment, x, y) for treatment, x, y in arms]
