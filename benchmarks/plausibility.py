"""How many planted faults the audit of plausibility finds, and how often it speaks of untouched published networks.

``python -m benchmarks.plausibility`` plants every fault in every place, one at a time, and writes the tables of
docs/plausibility.md (a few minutes). Nothing is random: the same tables come out on every machine.
"""

from __future__ import annotations

import ast
import csv
import datetime
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import pandas as pd
from benchmarks.planted_faults import (
    OTHER_NAME,
    Planted,
    Table,
    faults_of_arms,
    faults_of_contrasts,
    faults_of_counts,
)

from physiohub import __version__, datasets
from physiohub.errors import DataError, Issue
from physiohub.evidence.plausibility_checks import review_plausibility, table_plausibility
from physiohub.evidence.review import bundled_review, read_review
from physiohub.network.read import read_all_rows
from physiohub.prepare.plausibility import thresholds
from physiohub.prepare.tables import read_table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "plausibility.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
Check = Callable[[Table], Sequence[Issue]]


# -- checks -----------------------------------------------------------------------------------------------------------


def check_of_network(name: str) -> Check:
    """What `physiohub check` finds in a bundled network with the options of its catalogue."""
    about = datasets.about(name)

    def check(table: Table) -> Sequence[Issue]:
        frame = pd.DataFrame(table)
        tables = read_all_rows(frame)
        try:
            network = read_table(frame, reference=about.reference, measure=about.measure)
        except DataError as error:
            return [*error.issues, *table_plausibility(tables, None, measure=about.measure, better=about.better)]
        return [*network.issues, *table_plausibility(tables, network, measure=about.measure, better=about.better)]

    return check


def check_of_review(folder: Path) -> Check:
    """What `physiohub check` finds in the bundled review with another arms.csv."""
    shutil.copytree(bundled_review().folder, folder, dirs_exist_ok=True)

    def check(table: Table) -> Sequence[Issue]:
        pd.DataFrame(table).to_csv(folder / "arms.csv", index=False)
        try:
            problems = read_review(folder).check()
        except DataError as error:
            problems = error.issues
        return [*problems, *review_plausibility(folder)]

    return check


def table_of(name: str) -> Table:
    """A bundled network with its cells as typed."""
    return _rows(Path(datasets.__file__).with_name(f"{name}.csv"))


def review_table() -> Table:
    """The arms of the bundled review with their cells as typed."""
    return _rows(bundled_review().folder / "arms.csv")


def _rows(path: Path) -> Table:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def audited(table: Table) -> frozenset[str]:
    """Studies of the bundled review that no exclusion sets aside whole."""
    aside = {rule.study for rule in bundled_review().protocol.exclusions if rule.outcome is None}
    return frozenset(row["study"] for row in table) - aside


# -- counting ---------------------------------------------------------------------------------------------------------

Key = tuple[str, str | None, str | None]
OF_REPETITION = "trial-repeated"


def tally(found: Sequence[Issue]) -> Counter[Key]:
    """How often each rule names each column of each study: a finding that only moves to another arm is no new one."""
    return Counter((issue.rule, issue.study, issue.column) for issue in dict.fromkeys(found))


def outcome_of(planted: Planted, found: Sequence[Issue], before: Counter[Key]) -> str:
    """How a fault shows: the gravest problem that was not there before and names its study.

    A trial under two names repeats the findings of the first; only one that speaks of the repetition counts.
    """
    more = tally(found) - before
    fresh = [issue for issue in found if more[issue.rule, issue.study, issue.column] and issue.study in planted.studies]
    if OTHER_NAME in planted.studies:
        fresh = [issue for issue in fresh if issue.rule == OF_REPETITION]
    kinds = {issue.severity for issue in fresh}
    return next((kind for kind in ("error", "warning", "note") if kind in kinds), "not found")


def detection(check: Check, table: Table, faults: Sequence[Planted]) -> dict[str, Counter[str]]:
    """Kind of fault -> how many were found as what."""
    before = tally(check(table))
    counts: dict[str, Counter[str]] = {}
    for planted in faults:
        counts.setdefault(planted.kind, Counter())[outcome_of(planted, check(planted.table), before)] += 1
    return counts


def detection_rows(title: str, counts: dict[str, Counter[str]]) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    yield "| fault | planted | error | warning | note only | not found | found |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for kind, count in counts.items():
        cells = [count[name] for name in ("error", "warning", "note", "not found")]
        share = 1 - count["not found"] / count.total()
        yield f"| {kind} | {count.total()} | {' | '.join(map(str, cells))} | {100 * share:.0f}% |"
    yield ""


@dataclass(frozen=True, slots=True)
class Untouched:
    """What is said of a table as it was published."""

    name: str
    studies: int
    rows: int
    found: tuple[Issue, ...]

    @property
    def line(self) -> str:
        kinds = Counter(issue.severity for issue in self.found)
        named = ", ".join(f"{rule} ({n})" for rule, n in Counter(issue.rule for issue in self.found).most_common())
        counts = " | ".join(str(kinds[kind]) for kind in ("error", "warning", "note"))
        return f"| {self.name} | {self.studies} | {self.rows} | {counts} | {named or '-'} |"


def untouched() -> Iterator[Untouched]:
    """The bundled review and every bundled network, but for those made from the review."""
    with tempfile.TemporaryDirectory() as folder:
        table = review_table()
        found = check_of_review(Path(folder))(table)
        yield _untouched(
            "chronic-low-back-pain (review)", [row for row in table if row["study"] in audited(table)], found
        )
    for name in datasets.names():
        if "back_pain" not in name:
            yield _untouched(name, table_of(name), check_of_network(name)(table_of(name)))


def _untouched(name: str, table: Table, found: Sequence[Issue]) -> Untouched:
    mine = tuple(issue for issue in dict.fromkeys(found) if issue.rule in plausibility_rules())
    return Untouched(name, len({row["study"] for row in table}), len(table), mine)


def untouched_rows() -> Iterator[str]:
    """What is said of published networks as they are."""
    tables = list(untouched())
    networks = tables[1:]
    named = {(one.name, issue.study) for one in networks for issue in one.found if issue.severity == "warning"}
    studies = sum(one.studies for one in networks)
    warned = {issue.study for issue in tables[0].found if issue.severity == "warning"}
    yield (
        f"A warning names {len(named)} of the {studies} studies of the {len(networks)} networks (some trials stand in "
        f"several of them); none of these tables names an instrument. In the review, where the instruments are known, "
        f"{len(warned)} of {tables[0].studies} studies are named by a warning."
    )
    yield ""
    yield "| network | studies | rows | errors | warnings | notes | what was named |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield from (one.line for one in tables)


@cache
def plausibility_rules() -> frozenset[str]:
    """Rules of the audit, read off the source."""
    sys.path.insert(0, str(PAGE.parent.parent))
    from docs.extensions.issue_rules import rules

    modules = ("prepare.plausibility", "analysis.outlying_studies")
    return frozenset(rule.name for rule in rules() if rule.module.startswith(modules))


def threshold_rows() -> Iterator[str]:
    """Every threshold with its value and the reason that stands beside it in the source."""
    yield "| threshold | value | reason |"
    yield "| --- | --- | --- |"
    body = ast.parse(Path(thresholds.__file__).read_text(encoding="utf-8")).body
    for node, after in pairwise(body):
        match node, after:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(reason))):
                value = getattr(thresholds, name)
                shown = " to ".join(f"{end:.3g}" for end in value) if isinstance(value, tuple) else f"{value:g}"
                words = " ".join(reason.split()).replace("|", "\\|").replace("`", "")
                yield f"| {name.lower().replace('_', ' ')} | {shown} | {words} |"


def page() -> str:
    """The measured part of the page."""
    lines = [
        f"Measured on {datetime.date.today():%d %B %Y} with version {__version__}.",
        "",
        "## Faults that were planted",
        "",
    ]
    with tempfile.TemporaryDirectory() as folder:
        table = review_table()
        faults = [one for one in faults_of_arms(table) if one.studies <= audited(table) | {OTHER_NAME}]
        counts = detection(check_of_review(Path(folder)), table, faults)
        lines += detection_rows("The bundled review: instruments known, several outcomes and times", counts)
    for name, kind, title in (
        ("parkinson_arms", faults_of_arms, "`parkinson_arms`: means, SDs and n of changes; no instrument is named"),
        ("senn2013", faults_of_contrasts, "`senn2013`: mean differences and SEs; no n"),
        ("smoking", faults_of_counts, "`smoking`: events and totals"),
    ):
        table = table_of(name)
        lines += detection_rows(title, detection(check_of_network(name), table, list(kind(table))))
    return "\n".join(
        [*lines, "## Untouched networks", "", *untouched_rows(), "", "## Thresholds", "", *threshold_rows()]
    )


def main() -> None:
    """Write the tables into the page."""
    text = PAGE.read_text(encoding="utf-8")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n\n{page()}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
