"""The same outcome with other correlations of scores before and after, and with change or final scores throughout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from physiohub.errors import DataError, errors_of
from physiohub.prepare.outcome import PreparedOutcome
from physiohub.prepare.protocol import ScoreKind

__all__ = ["CORRELATIONS", "ScoreAlternative", "score_alternatives"]

CORRELATIONS = (0.3, 0.5, 0.7)
"""The grid over which results are shown."""

_LABELS: dict[ScoreKind, str] = {
    "reported": "Scores as reported",
    "change": "Change scores where baseline values allow",
    "final": "Final scores where baseline values allow",
}


class _Prepare(Protocol):
    """Prepares the outcome again with some keys changed."""

    def __call__(self, **keys: Any) -> PreparedOutcome: ...


@dataclass(frozen=True, slots=True, eq=False)
class ScoreAlternative:
    """One look at the outcome by other scores; `prepared` is None when it cannot be had, and `reason` says why."""

    id: str
    label: str
    prepared: PreparedOutcome | None
    reason: str | None = None


def score_alternatives(base: PreparedOutcome, prepare: _Prepare) -> Iterator[ScoreAlternative]:
    """Every other network that the choice of scores and the grid of correlations make.

    One that equals `base`, or another that was given before, is not repeated; a review whose studies report no baseline
    values has none.

    Parameters
    ----------
    base
        The outcome as the protocol has it.
    prepare
        Prepares it with keys of [[outcomes]] changed, such as ``partial(review.network, outcome_id)``.
    """
    if base.measure not in ("MD", "SMD"):
        return
    for kind in ("reported", "change", "final"):
        runs = [_run(base, prepare, kind, correlation) for correlation in _grid(base)]
        if isinstance(runs[0], str):  # whether it can be had does not depend on the correlation
            if kind != base.protocol.scores:
                yield ScoreAlternative(f"scores-{kind}", _LABELS[kind], None, runs[0])
            continue
        yield from _worth_showing(base, kind, [run for run in runs if isinstance(run, PreparedOutcome)])


def _worth_showing(
    base: PreparedOutcome, kind: ScoreKind, runs: Sequence[PreparedOutcome]
) -> Iterator[ScoreAlternative]:
    """The runs that differ from the base by what they are about, and from each other."""
    different = {_fingerprint(run): run for run in runs if _fingerprint(run) != _fingerprint(base)}
    if kind != base.protocol.scores and not any(_kinds(run) != _kinds(base) for run in different.values()):
        return
    for run in different.values():
        id, label = f"scores-{kind}", _label(run, kind)
        if len({_fingerprint(run) for run in runs}) > 1 and run.correlation is not None:
            id = f"{id}-{run.correlation.value:.3g}"
            label = f"{label}; correlation {run.correlation.value:.3g}"
        if run.protocol.denominator != base.protocol.denominator:
            label += "; divided by SDs of final scores where these are known"
        yield ScoreAlternative(id, label, run)


def _label(run: PreparedOutcome, kind: ScoreKind) -> str:
    if kind == "reported":
        return _LABELS[kind]
    kinds = _kinds(run)
    return f"{_LABELS[kind]} ({sum(value == kind for value in kinds.values())} of {len(kinds)} studies)"


def _kinds(prepared: PreparedOutcome) -> dict[str, str | None]:
    """Study -> kind of its values."""
    return {study.id: study.arms[0].value_type for study in prepared.network.studies}


def _grid(base: PreparedOutcome) -> tuple[float, ...]:
    own = () if base.correlation is None else (base.correlation.value,)
    return tuple(dict.fromkeys((*own, *CORRELATIONS)))


def _run(base: PreparedOutcome, prepare: _Prepare, kind: ScoreKind, correlation: float) -> PreparedOutcome | str:
    """The outcome prepared so, or why it cannot be."""
    keys: dict[str, Any] = {"scores": kind, "change_correlation": correlation}
    if base.measure == "SMD" and kind != base.protocol.scores and base.protocol.denominator == "reported":
        keys["denominator"] = "final"  # an SD of change would be another yardstick
    try:
        return prepare(**keys)
    except DataError as error:
        reasons = " ".join(dict.fromkeys(issue.message for issue in errors_of(error.issues)))
        return f"not possible: {reasons}"


def _fingerprint(prepared: PreparedOutcome) -> tuple[object, ...]:
    """What a fit would see of the network."""
    return (
        prepared.measure,
        *(
            (study.id, *((a.treatment, a.n, a.mean, a.sd, a.se, a.sd_external) for a in study.arms))
            for study in prepared.network.studies
        ),
        *(tuple(s.contrasts.estimate.tolist()) for s in prepared.network.studies if s.contrasts is not None),
    )
