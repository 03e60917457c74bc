"""What stands in the report for one outcome, and for the run: texts and tables, ready for the template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from physiohub.report import tables
from physiohub.report.figures import Drawn, Omitted, omitted_figures
from physiohub.report.findings import findings, verdict, warnings
from physiohub.report.format import count
from physiohub.report.methods import methods
from physiohub.report.outcome import label_of, labels, main_pairs, multi_arm

__all__ = ["absent", "flattened", "outcome_section", "question"]

Outcome = Mapping[str, Any]
MOST_SENTENCES = 66  # beyond, the table of every comparison says it better
PLACES = {
    "network": "network",
    "network-rob": "network",
    "all-pairs": "more_effects",
    "league-map": "more_effects",
    "rankogram": "ranks",
    "rank-curves": "more_ranks",
    "rank-radial": "more_ranks",
    "heterogeneity": "heterogeneity",
    "tau-effects": "more_heterogeneity",
    "missing-outcomes": "missing",
    "leverage": "more_fit",
}
FOLDED = 12  # with more treatments than this, large tables start folded


def outcome_section(ident: str, number: int, outcome: Outcome, figures: Sequence[Drawn]) -> dict[str, Any]:
    """Everything the template shows of one outcome."""
    versus_reference, others = findings(outcome)
    near, far = main_pairs(outcome)
    return {
        "id": ident,
        "prefix": f"o{number}",
        "label": label_of(outcome),
        "findings": versus_reference,
        "more_findings": others if len(others) <= MOST_SENTENCES else (),
        "fold_findings": len(versus_reference) + len(others) > FOLDED,
        "warnings": warnings(outcome),
        "verdict": verdict(outcome),
        "facts": facts(outcome),
        "folded": len(labels(outcome)) > FOLDED,
        "figures": _placed(figures),
        "omitted": _omitted(outcome, figures),
        "pairs": tables.relative_effects_table(outcome, chosen=[*near, *far]),
        "t": {table.id: table for table in tables.all_tables(outcome)},
        "no_twin": f"not computed, because {outcome['frequentist_reason']}"
        if outcome.get("frequentist_reason")
        else "not computed",
        "methods": methods(outcome),
        "notes": [str(note) for note in outcome.get("notes") or []],
    }


def _placed(figures: Sequence[Drawn]) -> dict[str, list[Drawn]]:
    """Figures by the part of the report they belong to; one that is new stands with the effects.

    Those whose part begins with `more` are for a second look: they start folded.
    """
    found: dict[str, list[Drawn]] = {part: [] for part in ("effects", *PLACES.values())}
    for drawn in figures:
        name = drawn.figure.id.rstrip("-0123456789")  # of a figure on several pages, without the page
        found[PLACES.get(name, "effects")].append(drawn)
    return found


def _omitted(outcome: Outcome, figures: Sequence[Drawn]) -> tuple[Omitted, ...]:
    shown = {drawn.figure.id for drawn in figures}
    return tuple(figure for figure in omitted_figures(outcome) if figure.id not in shown)


def facts(outcome: Outcome) -> list[tuple[str, str]]:
    """The frame of the result in a few lines."""
    network, mid = outcome["network"], outcome.get("mid") or {}
    people = network["participants"]
    several = multi_arm(outcome)
    found = [
        ("Studies", f"{count(network['studies'])}, of which {count(several)} with more than two arms"),
        ("Participants", count(people) if people is not None else "not reported for every study"),
        ("Treatments", f"{len(network['treatments'])}; reference: {labels(outcome)[outcome['reference']]}"),
        ("Measure", f"{outcome['measure']} ({outcome['scale']}); {outcome['better']} is better"),
    ]
    found += [("Instrument", text) for text in _instrument(outcome)]
    if mid.get("value") is not None:
        source = f"; source: {mid['source']}" if mid.get("source") else ""
        found.append(("Important difference", f"{mid['text']}{source}"))
    else:
        found.append(("Important difference", "none given, so no probability of exceeding it"))
    return found


def _instrument(outcome: Outcome) -> Iterator[str]:
    found = outcome.get("instrument")
    if found:
        yield f"{found['label']}, range {found['min']:g} to {found['max']:g}, {found['better']} is better"


def question(review: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The review's question, part by part, and what its treatments are."""
    found = review.get("question")
    if isinstance(found, str):
        return [("Question", found)]
    described = [
        (str(treatment["label"]), str(treatment["description"]))
        for treatment in review.get("treatments") or []
        if treatment.get("description")
    ]
    return [*_parts(found), *described]


def _parts(found: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    return [(str(key).replace("_", " ").capitalize(), _joined(value)) for key, value in (found or {}).items() if value]


def _joined(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def absent(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a full review states: as given, or plainly that it is missing."""
    review = results.get("review") or {}
    worked = review.get("kind") not in (None, "systematic review")
    told = [
        ("Search", review.get("search"), "not done" if worked else "not reported"),
        ("Flow of studies", review.get("flow"), "not reported"),
        ("Registration", review.get("registration"), "not reported"),
        ("Protocol", review.get("protocol"), "not reported"),
        ("Authors", review.get("authors"), "not reported"),
        ("Funding", review.get("funding"), "not reported"),
        ("Conflicts of interest", review.get("conflicts"), "not reported"),
    ]
    rows = [(name, _stated(value) or missing) for name, value, missing in told]
    for name, key in (
        ("Risk of bias", "risk_of_bias"),
        ("Inconsistency", "inconsistency"),
        ("Transitivity", "transitivity"),
        ("Small-study effects", "small_study"),
        ("Certainty of the evidence", "certainty"),
        ("Harms", "harms"),
    ):
        done = any(outcome.get(key) for outcome in results["outcomes"].values()) or bool(review.get(key))
        shown = "see the test of each outcome; no node-splits" if key == "inconsistency" else "see results.json"
        rows.append((name, shown if done else "not assessed"))
    return rows


def _stated(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {text}" for key, text in flattened(value))
    return _joined(value) if value else ""


def flattened(record: Mapping[str, Any], parent: str = "") -> list[tuple[str, str]]:
    """A nested record as lines of name and text.

    Examples
    --------
    >>> flattened({"seed": 1, "versions": {"numpy": "2.0"}})
    [('seed', '1'), ('versions: numpy', '2.0')]
    """
    rows: list[tuple[str, str]] = []
    for key, value in record.items():
        name = f"{parent}: {key}" if parent else str(key)
        rows += flattened(value, name) if isinstance(value, Mapping) else [(name, _joined(value))]
    return rows
