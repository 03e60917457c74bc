"""Which treatments hang together through studies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from physiohub.network.study import Study

__all__ = ["Part", "connected_parts"]


@dataclass(frozen=True, slots=True)
class Part:
    """Treatments that studies connect with each other and with no other treatment."""

    treatments: tuple[str, ...]
    studies: tuple[str, ...]


def connected_parts(studies: Iterable[Study]) -> tuple[Part, ...]:
    """The connected parts of the network of studies, largest number of studies first.

    Examples
    --------
    >>> from physiohub.network.study import Arm
    >>> pairs = {"s1": "ab", "s2": "cd", "s3": "ca"}
    >>> studies = [Study(id=id, arms=tuple(Arm(treatment=t) for t in pair)) for id, pair in pairs.items()]
    >>> [part.treatments for part in connected_parts(studies)]
    [('a', 'b', 'c', 'd')]
    """
    parts: list[tuple[dict[str, None], list[str]]] = []  # dicts keep the order of appearance
    for study in studies:
        treatments, names = dict.fromkeys(t for t in study.treatments if t), [study.id]
        touching = [part for part in parts if part[0].keys() & treatments.keys()]
        parts = [part for part in parts if not part[0].keys() & treatments.keys()]
        merged = {t: None for part in touching for t in part[0]} | treatments
        parts.append((merged, [id for part in touching for id in part[1]] + names))
    parts = [part for part in parts if part[0]]
    return tuple(Part(tuple(t), tuple(ids)) for t, ids in sorted(parts, key=lambda part: -len(part[1])))
