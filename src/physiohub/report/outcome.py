"""Look-ups in one outcome of results.json that tables, figures and sentences share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.format import known, limits

__all__ = ["label_of", "labels", "main_pairs", "multi_arm", "pair_index", "position", "prefers", "sign", "treatments"]

Outcome = Mapping[str, Any]
Row = Mapping[str, Any]


def treatments(outcome: Outcome) -> list[str]:
    """Treatment ids in the network's order, the reference first."""
    return [str(node["id"]) for node in outcome["network"]["treatments"]]


def labels(outcome: Outcome) -> dict[str, str]:
    """Treatment id -> label."""
    return {str(node["id"]): str(node["label"]) for node in outcome["network"]["treatments"]}


def label_of(outcome: Outcome) -> str:
    """The outcome's display name."""
    return str(outcome.get("label") or outcome.get("id") or "Outcome")


def pair_index(outcome: Outcome) -> dict[tuple[str, str], Row]:
    """(treatment, versus) -> its row of `relative_effects`."""
    return {(str(row["treatment"]), str(row["versus"])): row for row in outcome["relative_effects"]}


def sign(outcome: Outcome) -> int:
    """The sign of an effect that favours the treatment over the versus treatment."""
    return 1 if outcome["better"] == "higher" else -1


def prefers(outcome: Outcome, row: Row) -> str | None:
    """Which of the two treatments the whole interval favours: its id, or None when no difference lies inside.

    Examples
    --------
    >>> row = {"treatment": "a", "versus": "b", "median": -2, "q2.5": -3, "q97.5": -1}
    >>> prefers({"better": "lower"}, row), prefers({"better": "higher"}, row)
    ('a', 'b')
    """
    low, high = limits(row)
    if low <= 0 <= high:
        return None
    return str(row["treatment"] if (low > 0) == (sign(outcome) > 0) else row["versus"])


def position(outcome: Outcome) -> dict[str, int]:
    """Treatment id -> its place in the network's order."""
    return {ident: k for k, ident in enumerate(treatments(outcome))}


def main_pairs(outcome: Outcome) -> tuple[list[Row], list[Row]]:
    """One row a comparison: those versus the reference, and the others, each later treatment versus the earlier."""
    order, pairs = treatments(outcome), pair_index(outcome)
    versus_reference = [pairs[t, order[0]] for t in order[1:]]
    others = [pairs[t, v] for k, v in enumerate(order[1:], 1) for t in order[k + 1 :]]
    return [row for row in versus_reference if known(row)], [row for row in others if known(row)]


def multi_arm(outcome: Outcome) -> int:
    """How many studies have three arms or more."""
    return int(outcome["network"]["multi_arm_studies"])
