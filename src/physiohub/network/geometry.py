"""The shape of a network: who was compared with whom, by how many studies and participants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from physiohub.network.connection import Part, connected_parts
from physiohub.network.display import ShownAsTable
from physiohub.network.network import Network
from physiohub.network.study import Arm, Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "Design", "Geometry", "TreatmentCount", "geometry"]


@dataclass(frozen=True, slots=True)
class TreatmentCount:
    """Studies, arms and participants of one treatment; participants are None when an arm's number is not known."""

    treatment: str
    label: str
    studies: int
    arms: int
    participants: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two treatments that some study compared; `versus` comes first in the network.

    `participants` counts the arms on these two treatments only; None when one of their numbers is not known.
    """

    treatment: str
    versus: str
    studies: tuple[str, ...]
    participants: float | None


@dataclass(frozen=True, slots=True)
class Design:
    """A set of treatments, in network order, with the studies that compared exactly these."""

    treatments: tuple[str, ...]
    studies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Geometry(ShownAsTable):
    """Counts of a network.

    Attributes
    ----------
    studies, arms
        How many.
    participants
        None when the number in some arm is not known.
    multi_arm_studies
        Studies with more than two arms.
    parts
        Connected parts; one in every network that was built.
    """

    studies: int
    arms: int
    participants: float | None
    treatments: tuple[TreatmentCount, ...]
    comparisons: tuple[Comparison, ...]
    designs: tuple[Design, ...]
    multi_arm_studies: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def connected(self) -> bool:
        """Whether every treatment can be compared with every other."""
        return len(self.parts) == 1

    @property
    def _caption(self) -> str:
        return (
            f"{self.studies} studies, {self.arms} arms, {len(self.treatments)} treatments, {len(self.designs)} designs"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per comparison: treatment, versus, number of studies, participants."""
        import pandas as pd

        rows = [(c.treatment, c.versus, len(c.studies), c.participants) for c in self.comparisons]
        return pd.DataFrame(rows, columns=["treatment", "versus", "studies", "participants"])


def geometry(network: Network) -> Geometry:
    """Count what a network is made of.

    Examples
    --------
    >>> from physiohub.network.network import build_network
    >>> pairs = {"s1": "ab", "s2": "abc"}
    >>> studies = [Study(id=id, arms=tuple(Arm(treatment=t, n=10) for t in names)) for id, names in pairs.items()]
    >>> shape = geometry(build_network(studies, reference="a"))
    >>> shape.participants, shape.multi_arm_studies
    (50.0, ('s2',))
    >>> shape.to_frame()
      treatment versus  studies  participants
    0         b      a        2          40.0
    1         c      a        1          20.0
    2         c      b        1          20.0
    """
    studies = network.studies
    ids = [treatment.id for treatment in network.treatments]
    return Geometry(
        studies=len(studies),
        arms=sum(len(study.arms) for study in studies),
        participants=_participants(arm for study in studies for arm in study.arms),
        treatments=tuple(_count(t.id, t.label, studies) for t in network.treatments),
        comparisons=_comparisons(ids, studies),
        designs=_designs(ids, studies),
        multi_arm_studies=tuple(study.id for study in studies if len(study.arms) > 2),
        parts=connected_parts(studies),
    )


def _participants(arms: Iterable[Arm]) -> float | None:
    counts = [arm.participants for arm in arms]
    known = [count for count in counts if count is not None]
    return float(sum(known)) if len(known) == len(counts) else None


def _count(treatment: str, label: str, studies: Sequence[Study]) -> TreatmentCount:
    arms = [arm for study in studies for arm in study.arms if arm.treatment == treatment]
    count = sum(treatment in study.design for study in studies)
    return TreatmentCount(treatment, label, count, len(arms), _participants(arms))


def _comparisons(ids: Sequence[str], studies: Sequence[Study]) -> tuple[Comparison, ...]:
    """Pairs of treatments that share a study, in network order; one pass over the studies."""
    place = {id: k for k, id in enumerate(ids)}
    found: dict[tuple[int, int], list[Study]] = {}
    for study in studies:
        for pair in combinations(sorted(place[t] for t in study.design), 2):
            found.setdefault(pair, []).append(study)
    return tuple(_comparison(ids[v], ids[t], found[v, t]) for v, t in sorted(found))


def _comparison(versus: str, treatment: str, studies: Sequence[Study]) -> Comparison:
    arms = [arm for study in studies for arm in study.arms if arm.treatment in (versus, treatment)]
    return Comparison(treatment, versus, tuple(study.id for study in studies), _participants(arms))


def _designs(ids: Sequence[str], studies: Sequence[Study]) -> tuple[Design, ...]:
    """Designs with fewer treatments first, then in network order."""
    found: dict[tuple[int, ...], list[str]] = {}
    for study in studies:
        found.setdefault(tuple(sorted(ids.index(t) for t in study.design)), []).append(study.id)
    ordered = sorted(found, key=lambda places: (len(places), places))
    return tuple(Design(tuple(ids[k] for k in places), tuple(found[places])) for places in ordered)
