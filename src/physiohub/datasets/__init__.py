"""Published networks, ready to analyse: every one with its question, its coding and its original publication.

The numbers are those published; names of columns and the words that describe a network are the project's own. The
physiotherapy examples are made from the bundled review when they are asked for, so that there is one copy of its data.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from physiohub.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from physiohub.network.network import Network
    from physiohub.network.study import Study
    from physiohub.prepare.arm_level import Repeated

__all__ = ["Dataset", "about", "load", "names", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What a network is about.

    Attributes
    ----------
    kind
        What its table reports: ``"means"``, ``"events"``, ``"rates"``, ``"categories"``, ``"contrasts"`` or
        ``"means and contrasts"``.
    question
        What it asks, in one sentence.
    measure
        The measure that it is analysed by here.
    better
        Whether lower or higher values are good for the patient.
    reference
        The treatment that the others are compared with.
    tau_prior
        A prior of tau to state where the table holds no SD that could set the scale of a default; else None.
    citation
        The original publications.
    coding
        What a row is, and what the names stand for.
    """

    name: str
    title: str
    kind: Literal["means", "events", "rates", "categories", "contrasts", "means and contrasts"]
    question: str
    measure: str
    better: Literal["lower", "higher"]
    reference: str
    tau_prior: str | None = None
    citation: str
    coding: str


@dataclass(frozen=True, slots=True)
class _Outcome:
    """An outcome of a bundled review, with what is asked differently of it."""

    id: str
    outcome: str
    overrides: Mapping[str, Any] = field(default_factory=dict)


def names() -> tuple[str, ...]:
    """Names of the networks.

    Examples
    --------
    >>> len(names()), "smoking" in names()
    (21, True)
    """
    return tuple(_catalogue())


def about(name: str) -> Dataset:
    """What a network is about, and who published it.

    Raises
    ------
    UsageError
        When there is no network of that name.

    Examples
    --------
    >>> smoking = about("smoking")
    >>> smoking.measure, smoking.better, smoking.reference
    ('OR', 'higher', 'No intervention')
    """
    entry = dict(_entry(name))
    if entry.pop("review", None) is not None:
        sources = dict.fromkeys(str(source) for source in table(name)["source"])
        entry["citation"] = "; ".join(sources)
    return Dataset(name=name, **entry)


def table(name: str) -> pd.DataFrame:
    """The table of a network, in a shape that `read_table` reads.

    Raises
    ------
    UsageError
        When there is no network of that name.

    Examples
    --------
    >>> table("smoking").head(3)
      study               treatment  events  total
    0     1         No intervention       9    140
    1     1  Individual counselling      23    140
    2     1      Group counselling      10    138
    """
    import pandas as pd

    found = _entry(name)
    if "review" in found:
        return _made_from(_Outcome(**found["review"]))
    return pd.read_csv(_file(name), dtype=dict.fromkeys(("study", "treatment", "versus"), str))


def load(name: str, *, repeated: Repeated = "keep") -> Network:
    """A network, checked and ready to fit.

    Parameters
    ----------
    repeated
        Two arms of a study on one treatment are kept, merged or refused, as `read_table` does it.

    Raises
    ------
    UsageError
        When there is no network of that name.

    Examples
    --------
    >>> import physiohub as ph
    >>> network = load("parkinson_arms")
    >>> fit = ph.fit(network, ph.ModelSpec(measure="MD", tau_prior="uniform(0, 5)", effect_prior="normal(0, 100)"))
    >>> round(float(fit.effect("Cabergoline", "Bromocriptine").mean), 3)
    -0.300
    """
    from physiohub.prepare.tables import read_table

    found = _entry(name)
    source = table(name) if "review" in found else _file(name)
    return read_table(source, reference=found["reference"], measure=found["measure"], repeated=repeated)


# -- the catalogue ----------------------------------------------------------------------------------------------------


def _folder() -> Path:
    return Path(str(files("physiohub"))) / "datasets"


def _file(name: str) -> Path:
    return _folder() / f"{name}.csv"


@cache
def _catalogue() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads((_folder() / "catalogue.toml").read_text(encoding="utf-8"))


def _entry(name: str) -> Mapping[str, Any]:
    found = _catalogue().get(name)
    if found is None:
        near = get_close_matches(name, names(), n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise UsageError(f"There is no network {name!r}. {hint}Choose one of: {', '.join(names())}.")
    return found


# -- networks made from a review --------------------------------------------------------------------------------------


def _made_from(outcome: _Outcome) -> pd.DataFrame:
    """One outcome of a bundled review as a bare table: its arms, or the differences by which a study enters."""
    import pandas as pd

    from physiohub.evidence.review import bundled_review

    network = bundled_review(outcome.id).network(outcome.outcome, **outcome.overrides).network
    rows = [row for study in network.studies for row in _rows(study)]
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def _rows(study: Study) -> list[dict[str, Any]]:
    """One row per arm; of a study that enters by contrasts, differences from the row without one."""
    rows: list[dict[str, Any]] = [
        {
            "study": study.id,
            "treatment": arm.treatment,
            "arm": arm.label,
            "n": arm.n,
            "mean": arm.mean,
            "sd": arm.sd,
            "se": arm.se,
            "estimate": None,
            "se_diff": None,
            "value_type": arm.value_type,
            "source": arm.source,
        }
        for arm in study.arms
    ]
    if study.contrasts is None:
        return rows
    covariance = study.contrasts.covariance
    if len(rows) > 2:
        rows[0]["se"] = float(covariance[0, 1]) ** 0.5  # differences from one arm share its variance
    for k, row in enumerate(rows[1:]):
        row["estimate"] = float(study.contrasts.estimate[k])
        row["se_diff"] = float(covariance[k, k]) ** 0.5
    return rows
