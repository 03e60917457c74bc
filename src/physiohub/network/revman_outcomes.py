"""What a review in RevMan holds of its analyses, read from either of its files, and the table that one outcome makes.

RevMan keeps a review as pairs: a comparison of two groups has outcomes, an outcome has studies. An outcome of the same
name in several comparisons is one outcome of a network; a trial of three arms then stands in several comparisons, and
an arm that is the same in two of them is one arm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isclose, log
from statistics import NormalDist

from physiohub.errors import Issue
from physiohub.network.cells import parse_number
from physiohub.network.outcome import unknown_outcome
from physiohub.network.source import Record, Source

__all__ = ["GENERIC", "Analysis", "FileNames", "StudyLine", "as_table", "measure_of"]

GENERIC = ("Experimental", "Control")
"""What RevMan calls the groups until someone names them."""

FileNames = Mapping[str, str | tuple[str, str]]
"""Field -> how a file calls it, or calls it for either group."""

_ARM_FIELDS = {"DICH": ("events", "total"), "CONT": ("mean", "sd", "n")}
_PAIR_FIELDS = ("estimate", "se", "n_treatment", "n_versus")
_MEASURES = {
    "odds ratio": "OR", "or": "OR", "peto odds ratio": "OR", "peto_or": "OR", "risk ratio": "RR", "rr": "RR",
    "risk difference": "RD", "rd": "RD", "mean difference": "MD", "md": "MD", "std. mean difference": "SMD",
    "standardized mean difference": "SMD", "standardised mean difference": "SMD", "smd": "SMD", "hazard ratio": "HR",
    "hr": "HR", "rate ratio": "IRR",
}  # fmt: skip
_RATIOS = ("OR", "RR", "HR", "IRR")
_AGREES = 0.03
"""An SE and a confidence interval that are rounded to two or three digits agree to this."""


@dataclass(frozen=True, slots=True)
class StudyLine:
    """One study of an outcome: text of the file by field; those of the arms end in ``_1`` and ``_2``."""

    row: int
    study: str
    values: Mapping[str, str]
    year: str = ""
    subgroup: str = ""


@dataclass(frozen=True, slots=True)
class Analysis:
    """One outcome of one comparison.

    Attributes
    ----------
    number
        As RevMan prints it, ``1.2``.
    kind
        ``DICH``, ``CONT``, ``IV`` (effect and SE) or ``IPD`` (observed minus expected).
    labels
        Of the two groups.
    level
        Of the confidence intervals of the studies.
    """

    number: str
    name: str
    comparison: str
    kind: str
    labels: tuple[str, str] = GENERIC
    measure: str | None = None
    level: float = 0.95
    row: int | None = None
    lines: list[StudyLine] = field(default_factory=list)

    @property
    def words(self) -> str:
        """How an issue lists this outcome."""
        count = len(self.lines)
        return f"{self.number} {self.name} ({' versus '.join(self.labels)}; {count} stud{'y' if count == 1 else 'ies'})"


def measure_of(words: str) -> str | None:
    """The measure that RevMan's word for it stands for.

    Examples
    --------
    >>> measure_of("Std. Mean Difference"), measure_of("Something else")
    ('SMD', None)
    """
    return _MEASURES.get(words.strip().casefold())


def as_table(empty: Source, analyses: Sequence[Analysis], outcome: str | None, names: FileNames) -> Source:
    """The table of one outcome.

    Parameters
    ----------
    empty
        The file, with the issues met so far.
    outcome
        Its name, or its number, as in ``1.2``; needed when there are several.
    names
        Field -> how the file calls it, or calls it for either group.
    """
    filled = [analysis for analysis in analyses if analysis.lines]
    if not filled:
        message = "The file holds no analysis with data."
        return _with(empty, Issue("no-rows", message, "Export a review that has data and analyses.", file=empty.file))
    chosen = _chosen(filled, outcome)
    if not chosen:
        issue = unknown_outcome(outcome or "", [analysis.words for analysis in filled], column=None, source=empty)
        return _with(empty, issue)
    problem = _problem(chosen, empty.file)
    if problem is not None:
        return _with(empty, problem)
    found = _pairs(empty, chosen, names) if chosen[0].kind == "IV" else _arms(empty, chosen, names)
    return replace(found, one_outcome=True)


def _with(source: Source, *issues: Issue) -> Source:
    return replace(source, issues=(*source.issues, *issues), one_outcome=True)


# -- which outcome ----------------------------------------------------------------------------------------------------


def _chosen(analyses: Sequence[Analysis], outcome: str | None) -> list[Analysis]:
    """All when none is named; else those with that number, or with that name."""
    if outcome is None:
        return list(analyses)
    wanted = outcome.strip().casefold()
    numbered = [analysis for analysis in analyses if analysis.number == wanted]
    return numbered or [analysis for analysis in analyses if analysis.name.strip().casefold() == wanted]


def _problem(chosen: Sequence[Analysis], file: str | None) -> Issue | None:
    """Why these analyses are not one outcome of a network, if they are not."""
    listed = "; ".join(analysis.words for analysis in chosen)
    if len({analysis.name.strip().casefold() for analysis in chosen}) > 1:
        message = f"The file holds several outcomes: {listed}."
        remedy = "Choose one by its name or number: --outcome NAME. What has one name in several comparisons is one."
        return Issue("several-outcomes", message, remedy, file=file)
    kinds = {analysis.kind for analysis in chosen}
    if "IPD" in kinds:
        message = f"Observed minus expected events and their variance are not read: {listed}."
        remedy = "Write a table of contrasts: the estimate is (O - E) / V, its standard error 1 / sqrt(V)."
        return Issue("data-type-unknown", message, remedy, file=file, row=chosen[0].row)
    if len(kinds) > 1:
        message = f"The outcome is counted in one comparison and measured or estimated in another: {listed}."
        return Issue("several-outcomes", message, "Choose one by its number: --outcome 1.2.", file=file)
    generic = [
        a for a in chosen if tuple(label.casefold() for label in a.labels) == tuple(g.casefold() for g in GENERIC)
    ]
    if generic and len({analysis.comparison for analysis in chosen}) > 1:
        message = f"Comparisons do not name their groups: {'; '.join(a.words for a in generic)}."
        remedy = "Name the two groups of each outcome in RevMan, or choose one comparison by its number: --outcome 1.2."
        return Issue("treatment-missing", message, remedy, file=file, row=generic[0].row)
    return None


# -- arms -------------------------------------------------------------------------------------------------------------


def _arms(empty: Source, chosen: Sequence[Analysis], names: FileNames) -> Source:
    """One row per arm; an arm that several comparisons share stands once."""
    fields = _ARM_FIELDS[chosen[0].kind]
    issues: list[Issue] = []
    seen: dict[tuple[str, str], tuple[tuple[str, ...], Analysis, StudyLine]] = {}
    records: list[Record] = []
    for analysis, line in ((one, line) for one in chosen for line in one.lines):
        for slot in (1, 2):
            treatment = analysis.labels[slot - 1]
            values = tuple(line.values.get(f"{name}_{slot}", "") for name in fields)
            before = seen.setdefault((line.study, treatment), (values, analysis, line))
            if before[2] is line:
                records.append(Record(line.row, (line.study, line.year, line.subgroup, treatment, *values), slot))
            elif _numbers(before[0]) != _numbers(values):
                issues.append(_contradiction(line, treatment, before[2], fields, (before[0], values), empty.file))
    called = {(name, slot): names[name][slot - 1] for name in fields for slot in (1, 2)}
    called |= {("treatment", slot): names["treatment"][slot - 1] for slot in (1, 2)}
    return _table(empty, ("study", "year", "subgroup", "treatment", *fields), records, called, names, issues)


def _numbers(values: Iterable[str]) -> list[object]:
    return [parse_number(value) for value in values]


def _contradiction(
    line: StudyLine,
    treatment: str,
    first: StudyLine,
    fields: Sequence[str],
    values: tuple[Sequence[str], Sequence[str]],
    file: str | None,
) -> Issue:
    told = [", ".join(f"{name} {text or 'blank'}" for name, text in zip(fields, one, strict=True)) for one in values]
    message = f"The study's arm on {treatment} has {told[0]} in row {first.row} and {told[1]} in row {line.row}."
    remedy = (
        "An arm shared by comparisons or subgroups is entered whole in each; one that was split or divided into "
        "subgroups is entered once, in a table with one row per arm. Or choose one comparison: --outcome 1.2."
    )
    return Issue("arm-contradictory", message, remedy, study=line.study, arm=treatment, row=line.row, file=file)


# -- effects and their standard errors --------------------------------------------------------------------------------


def _pairs(empty: Source, chosen: Sequence[Analysis], names: FileNames) -> Source:
    """One row per contrast, logs for ratios."""
    issues: list[Issue] = []
    records = []
    for analysis, line in ((one, line) for one in chosen for line in one.lines):
        effect, issue = _effect(analysis, line)
        if issue is not None:
            issues.append(replace(issue, study=line.study, row=line.row, file=empty.file))
        sizes = [_size(line.values.get(f"total_{slot}", "")) for slot in (1, 2)]
        row = (line.study, line.year, line.subgroup, *analysis.labels, analysis.measure or "")
        records.append(Record(line.row, (*row, effect, line.values.get("se", ""), *sizes)))
    columns: tuple[str, ...] = ("study", "year", "subgroup", "treatment", "versus", "measure", *_PAIR_FIELDS)
    called = {("treatment", 0): names["treatment"][0], ("versus", 0): names["treatment"][1]}
    called |= {("estimate", 0): str(names["estimate"]), ("se", 0): str(names["se"])}
    called |= {("n_treatment", 0): names["total"][0], ("n_versus", 0): names["total"][1]}
    if all(analysis.measure is None for analysis in chosen):
        columns = tuple(column for column in columns if column != "measure")
        records = [replace(record, cells=(*record.cells[:5], *record.cells[6:])) for record in records]
    else:
        called["measure", 0] = str(names["measure"])
    return _table(empty, columns, records, called, names, issues)


def _size(text: str) -> str:
    """RevMan writes 0 where the participants of an effect were not entered."""
    return "" if parse_number(text) == 0 else text


def _effect(analysis: Analysis, line: StudyLine) -> tuple[str, Issue | None]:
    """The estimate on the scale of its standard error; which that is, the confidence interval tells."""
    typed = line.values.get("entered", "") or line.values.get("estimate", "")
    estimate, se, low, high = (parse_number(line.values.get(name, "")) for name in ("estimate", "se", "low", "high"))
    if line.values.get("entered") or analysis.measure not in _RATIOS:
        return typed, None
    if not (
        isinstance(estimate, float) and isinstance(se, float) and isinstance(low, float) and isinstance(high, float)
    ):
        return "", Issue("scale-unknown", *_SCALE_UNKNOWN, value=typed)
    width = 2 * NormalDist().inv_cdf(0.5 + analysis.level / 2) * se
    if min(estimate, low, high) > 0 and isclose(log(high / low), width, rel_tol=_AGREES):
        return repr(log(estimate)), None
    if isclose(high - low, width, rel_tol=_AGREES):
        return typed, None
    return "", Issue("scale-unknown", *_SCALE_UNKNOWN, value=typed)


_SCALE_UNKNOWN = (
    "The confidence interval does not tell whether this ratio and its standard error are logs.",
    "Write a table of contrasts with the log of the ratio and its standard error.",
)


# -- the table --------------------------------------------------------------------------------------------------------


def _table(
    empty: Source,
    columns: Sequence[str],
    records: Sequence[Record],
    called: Mapping[tuple[str, int], str],
    names: FileNames,
    issues: Sequence[Issue],
) -> Source:
    """The rows, without a column of years or subgroups that is blank throughout."""
    blank = [
        k for k, name in enumerate(columns)
        if name in ("year", "subgroup") and not any(record.cells[k] for record in records)
    ]  # fmt: skip
    kept = [k for k in range(len(columns)) if k not in blank]
    named = {**called, **{(name, 0): str(names[name]) for name in ("study", "year", "subgroup") if name in names}}
    return replace(
        empty,
        columns=tuple(columns[k] for k in kept),
        records=tuple(replace(record, cells=tuple(record.cells[k] for k in kept)) for record in records),
        issues=(*empty.issues, *issues),
        names=named,
        header=tuple(dict.fromkeys(named.values())),
    )
