"""What each study of a network can say as normal contrasts, whatever its likelihood.

Cochran's Q, the typical sampling error, forests of single studies, the frequentist twin and tests of inconsistency are
asked of normal contrasts. Counts give them by the delta method, where need be with a correction, and some studies give
none; a likelihood of the arms themselves corrects nothing and leaves out nobody, so that all this is of the view alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from physiohub.errors import DataError
from physiohub.model.normal_study import NormalStudy, normal_study
from physiohub.model.spec import ModelSpec
from physiohub.model.zero_cells import corrected_by, says_nothing, why_nothing
from physiohub.network.connection import connected_parts
from physiohub.network.network import Network

__all__ = ["NormalView", "normal_view"]


@dataclass(frozen=True, slots=True, eq=False)
class NormalView:
    """A network as normal contrasts.

    Attributes
    ----------
    studies
        Study id -> the study as normal data, for those that can be said so; treatments by their place in the network.
    silent
        Study id -> why it says nothing as contrasts.
    added
        Study id -> what was put to each of its cells, for those that were corrected.
    reason
        Why the studies, without the silent ones, are not the whole network; empty when they are.
    """

    studies: Mapping[str, NormalStudy]
    silent: Mapping[str, str]
    added: Mapping[str, float]
    reason: str = ""


def normal_view(network: Network, spec: ModelSpec) -> NormalView:
    """The network as normal contrasts: nothing fails, and what cannot be said has its reason.

    Examples
    --------
    >>> import pandas as pd
    >>> import physiohub as ph
    >>> table = pd.DataFrame({"study": ["1", "1", "2", "2"], "treatment": ["A", "B", "A", "B"],
    ...                       "events": [3, 0, 0, 0], "total": [20, 20, 15, 15]})
    >>> view = normal_view(ph.read_arms(table, reference="A"), ph.ModelSpec(measure="OR"))
    >>> list(view.studies), dict(view.added), view.reason
    (['1'], {'1': 0.5}, '')
    >>> view.silent["2"]
    'no events, or nothing but events, in all arms: no OR can be formed from normal contrasts'
    """
    found: dict[str, NormalStudy] = {}
    silent: dict[str, str] = {}
    added: dict[str, float] = {}
    unfit = ""
    for study in network.studies:
        if says_nothing(study, spec.measure):
            silent[study.id] = why_nothing(spec.measure)
            continue
        try:
            found[study.id] = normal_study(study, network, spec)
        except DataError as error:
            silent[study.id] = error.issues[0].message
            unfit = unfit or f"{study.id}: {error.issues[0].message}"
            continue
        if amount := corrected_by(study, spec):
            added[study.id] = amount
    return NormalView(found, silent, added, unfit or _why_not_whole(network, tuple(silent), spec.measure))


def _why_not_whole(network: Network, silent: Sequence[str], measure: str) -> str:
    """Why the other studies do not hang together over all treatments; empty when they do."""
    parts = connected_parts(study for study in network.studies if study.id not in silent)
    if len(parts) == 1 and len(parts[0].treatments) == len(network.treatments):
        return ""
    known = {treatment for part in parts for treatment in part.treatments}
    lost = [treatment.label for treatment in network.treatments if treatment.id not in known]
    without = f"of {', '.join(silent)} no normal contrast of {measure} can be formed"
    if lost:
        return f"{without}, and no other study has {', '.join(lost)}"
    return f"{without}, and without them the network falls into {len(parts)} parts"
