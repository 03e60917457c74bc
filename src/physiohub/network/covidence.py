"""What Covidence exports: result files for RevMan Web, and the sheet of a customised extraction form.

Known are two. The ``Study results`` file that Covidence writes for RevMan Web (Export, RevMan Web; one row per arm):
``Study, Outcome, Data type, Effect measure, Arm, Reference arm, Sample size, Cases, Mean, SD, SE ... CI start, CI end
... P value``; rows with a reference arm are contrasts. And the single-sheet CSV: ``Covidence #, Study ID, Title,
Reviewer Name`` and then a column per field of the team's own form, one row per study and reviewer. How those columns
are called is the team's choice, so that wide arms with recognised names are read and others need ``--column``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from physiohub.errors import Issue
from physiohub.network.outcome import unknown_outcome
from physiohub.network.source import Record, Source

__all__ = ["is_covidence", "is_study_results", "study_results", "tidied"]

_RESULTS = frozenset({"study", "outcome", "data type", "arm", "reference arm"})
_FORM = frozenset({"covidence #", "study id"})
_ADMINISTRATION = ("covidence #", "title", "reviewer name")
_ARMS = {
    "study": "Study", "treatment": "Arm", "n": "Sample size", "mean": "Mean", "sd": "SD", "se": "SE",
    "ci_low": "CI start", "ci_high": "CI end", "notes": "Footnotes",
}  # fmt: skip
_COUNTS = {"study": "Study", "treatment": "Arm", "events": "Cases", "total": "Sample size", "notes": "Footnotes"}
_CONTRASTS = {
    "study": "Study", "treatment": "Arm", "versus": "Reference arm", "measure": "Effect measure", "estimate": "Mean",
    "se": "SE", "ci_low": "CI start", "ci_high": "CI end", "p": "P value", "notes": "Footnotes",
}  # fmt: skip
_LEVELS = ("", "95", "95%", "0.95", "95.0")


def _plain(columns: Sequence[str]) -> list[str]:
    return [" ".join(name.split()).casefold() for name in columns]


def is_study_results(columns: Sequence[str]) -> bool:
    """Whether this is the header of a file of study results for RevMan Web."""
    return set(_plain(columns)) >= _RESULTS


def is_covidence(columns: Sequence[str]) -> bool:
    """Whether this is the header of a Covidence extraction sheet."""
    return set(_plain(columns)) >= _FORM


# -- study results ----------------------------------------------------------------------------------------------------


def study_results(table: Source, outcome: str | None = None) -> list[Source]:
    """One outcome of a file of study results: a table of its arms, and one of its contrasts, as far as it has them."""
    place = {name: k for k, name in enumerate(_plain(table.columns))}
    named = list(dict.fromkeys(record.cells[place["outcome"]] for record in table.records))
    wanted = None if outcome is None else outcome.strip().casefold()
    kept = [r for r in table.records if wanted is None or r.cells[place["outcome"]].casefold() == wanted]
    empty = replace(table, columns=(), records=(), one_outcome=True)
    if outcome is not None and not kept:
        issue = unknown_outcome(outcome, named, column=table.columns[place["outcome"]], source=table)
        return [replace(empty, issues=(*table.issues, issue))]
    if outcome is None and len(named) > 1:
        message = f"The file holds several outcomes: {'; '.join(named)}."
        issue = Issue("several-outcomes", message, "Choose one: --outcome NAME.", file=table.file)
        return [replace(empty, issues=(*table.issues, replace(issue, column=table.columns[place["outcome"]])))]
    table = replace(table, records=tuple(kept), issues=(*table.issues, *_level_issues(table, kept, place)))
    arms = [record for record in kept if not record.cells[place["reference arm"]]]
    contrasts = [record for record in kept if record.cells[place["reference arm"]]]
    counted = "cases" in place and any(record.cells[place["cases"]] for record in arms)
    found = [_renamed(table, arms, _COUNTS if counted else _ARMS, place)] if arms or not contrasts else []
    if contrasts:
        pairs = _renamed(table, contrasts, _CONTRASTS, place)
        found.append(replace(pairs, issues=() if found else pairs.issues))
    return found


def _renamed(table: Source, records: Sequence[Record], roles: dict[str, str], place: dict[str, int]) -> Source:
    """The columns that have a role, under the name of the role."""
    kept = {role: place[name.casefold()] for role, name in roles.items() if name.casefold() in place}
    return replace(
        table,
        columns=tuple(kept),
        records=tuple(replace(record, cells=tuple(record.cells[k] for k in kept.values())) for record in records),
        names={(role, 0): table.columns[k] for role, k in kept.items()},
        header=table.columns,
        one_outcome=True,
    )


def _level_issues(table: Source, records: Sequence[Record], place: dict[str, int]) -> list[Issue]:
    """Confidence limits of another level than 95% that would have to make a standard error."""
    k = place.get("ci level")
    issues = []
    for record in records if k is not None else ():
        spread = any(name in place and record.cells[place[name]] for name in ("sd", "se"))
        if k is not None and record.cells[k].strip() not in _LEVELS and not spread:
            message = "The confidence interval is not one of 95%."
            issue = Issue("ci-level", message, "Give the standard error.", study=record.cells[place["study"]])
            where = replace(issue, row=record.row, column=table.columns[k], value=record.cells[k], file=table.file)
            issues.append(where)
    return issues


# -- extraction forms -------------------------------------------------------------------------------------------------


def tidied(table: Source) -> Source:
    """An extraction sheet with the consensus of each study only, its id as `study`, without the administration."""
    place = {name: k for k, name in enumerate(_plain(table.columns))}
    kept = [k for k, name in enumerate(_plain(table.columns)) if name not in _ADMINISTRATION]
    columns = tuple("study" if k == place["study id"] else table.columns[k] for k in kept)
    records, issues = _consensus(table, place)
    return replace(
        table,
        columns=columns,
        records=tuple(replace(record, cells=tuple(record.cells[k] for k in kept)) for record in records),
        issues=(*table.issues, *issues),
        names={("study", 0): table.columns[place["study id"]]},
        header=table.columns,
    )


def _consensus(table: Source, place: dict[str, int]) -> tuple[list[Record], list[Issue]]:
    """Of each study the row of the consensus, else its only row; two reviewers without one are an issue."""
    k = place.get("reviewer name")
    if k is None:
        return list(table.records), []
    by_study: dict[str, list[Record]] = {}
    for record in table.records:
        by_study.setdefault(record.cells[place["covidence #"]] or record.cells[place["study id"]], []).append(record)
    records: list[Record] = []
    issues: list[Issue] = []
    for rows in by_study.values():
        agreed = [record for record in rows if record.cells[k].casefold() == "consensus"]
        records += agreed or rows
        reviewers = [record.cells[k] for record in rows]
        if not agreed and len(set(reviewers)) > 1:
            message = f"The study was extracted by {len(set(reviewers))} reviewers and has no consensus."
            issue = Issue("no-consensus", message, "Reach consensus in Covidence, or delete the other rows.")
            study = rows[0].cells[place["study id"]]
            issues.append(replace(issue, study=study, row=rows[0].row, column=table.columns[k], file=table.file))
    return records, issues
