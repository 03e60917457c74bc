"""A review file of RevMan 5 (``.rm5``): its studies and its analyses, read as a stream of XML.

The format, as RevMan 5.0 to 5.4 write it: COCHRANE_REVIEW holds INCLUDED_STUDIES/STUDY (ID, NAME, YEAR) and
ANALYSES_AND_DATA/COMPARISON (NO, NAME) with DICH_OUTCOME, CONT_OUTCOME, IV_OUTCOME and IPD_OUTCOME (NO, EFFECT_MEASURE,
CI_STUDY as attributes; NAME, GROUP_LABEL_1, GROUP_LABEL_2 and, for IV, EFFECT_MEASURE as elements), whose studies are
DICH_DATA (EVENTS_1, TOTAL_1 ...), CONT_DATA (MEAN_1, SD_1, TOTAL_1 ...) and IV_DATA (EFFECT_SIZE or ESTIMATE, SE,
CI_START, CI_END, TOTAL_1 ...), each with a STUDY_ID, directly or inside a subgroup. Known from the example file and the
reader of the R package meta (Fleiss1993.rm5; read.rm5) and from another reader of Cochrane's files.

A document type or an entity is refused as soon as it is declared, so that none is ever expanded.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from physiohub.errors import Issue
from physiohub.network.revman_outcomes import GENERIC, Analysis, FileNames, StudyLine, as_table, measure_of
from physiohub.network.source import Source

__all__ = ["is_rm5", "read_rm5"]

_KINDS = ("DICH", "CONT", "IV", "IPD")
_OUTCOMES = {f"{kind}_OUTCOME": kind for kind in _KINDS}
_SUBGROUPS = tuple(f"{kind}_SUBGROUP" for kind in _KINDS)
_DATA = tuple(f"{kind}_DATA" for kind in _KINDS)
_FIELDS = {
    "events_1": "EVENTS_1", "events_2": "EVENTS_2", "total_1": "TOTAL_1", "total_2": "TOTAL_2", "n_1": "TOTAL_1",
    "n_2": "TOTAL_2", "mean_1": "MEAN_1", "mean_2": "MEAN_2", "sd_1": "SD_1", "sd_2": "SD_2", "entered": "ESTIMATE",
    "estimate": "EFFECT_SIZE", "se": "SE", "low": "CI_START", "high": "CI_END",
}  # fmt: skip
_NAMES: FileNames = {
    "study": "STUDY_ID", "year": "YEAR", "subgroup": "SUBGROUP", "treatment": ("GROUP_LABEL_1", "GROUP_LABEL_2"),
    "events": ("EVENTS_1", "EVENTS_2"), "total": ("TOTAL_1", "TOTAL_2"), "n": ("TOTAL_1", "TOTAL_2"),
    "mean": ("MEAN_1", "MEAN_2"), "sd": ("SD_1", "SD_2"), "estimate": "EFFECT_SIZE", "se": "SE",
    "measure": "EFFECT_MEASURE",
}  # fmt: skip
_TEXTS = ("NAME", "GROUP_LABEL_1", "GROUP_LABEL_2", "EFFECT_MEASURE")
_LINE_END = re.compile(r"\s*[\r\n]\s*")
_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_DAMAGED = "Open the review in RevMan and save it again, or export its data as CSV."


def is_rm5(data: bytes, name: str) -> bool:
    """Whether a file is a RevMan review, by its name or by its first element."""
    start = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    return name.casefold().endswith(".rm5") or (start.startswith(b"<") and b"<COCHRANE_REVIEW" in start)


def read_rm5(data: bytes, file: str, outcome: str | None = None) -> Source:
    """The table of one outcome of a RevMan review. Problems are issues in the result, never exceptions.

    Parameters
    ----------
    outcome
        Its name or number, when the review has several.
    """
    empty = Source(file, sha256=hashlib.sha256(data).hexdigest(), origin=file)
    review = _Review()
    try:
        review.read(data)
    except _RefusedError:
        message = "The file declares a document type or entities, which RevMan does not write."
        return replace(empty, issues=(Issue("xml-refused", message, _DAMAGED, row=review.line, file=file),))
    except (expat.ExpatError, ValueError, LookupError) as error:  # LookupError: an encoding that does not exist
        message = f"The file is not well-formed XML: {error}."
        return replace(empty, issues=(Issue("xml-malformed", message, _DAMAGED, row=review.line, file=file),))
    if not review.is_review:
        message = "This XML file is not a review of RevMan 5: it has no COCHRANE_REVIEW."
        return replace(empty, issues=(Issue("xml-malformed", message, _DAMAGED, file=file),))
    return as_table(empty, review.finished(), outcome, _NAMES)


class _RefusedError(Exception):
    """The file declares what could expand without end."""


@dataclass(slots=True)
class _Open:
    """An outcome while its elements go by."""

    kind: str
    attributes: dict[str, str]
    row: int
    comparison: str
    texts: dict[str, str] = field(default_factory=dict)
    lines: list[StudyLine] = field(default_factory=list)


class _Review:
    """What has gone by of a review file."""

    def __init__(self) -> None:
        self.is_review = False
        self.studies: dict[str, tuple[str, str]] = {}
        self.outcomes: list[_Open] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self._subgroup = ""
        self._comparison = ""
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._parser.ExternalEntityRefHandler = self._refuse

    def read(self, data: bytes) -> None:
        self._parser.Parse(data, True)

    @property
    def line(self) -> int:
        """Where the parser stands."""
        return self._parser.CurrentLineNumber

    @staticmethod
    def _refuse(*_: object) -> int:
        raise _RefusedError

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.is_review = self.is_review or tag == "COCHRANE_REVIEW"
        self._path.append(tag)
        self._text.clear()
        if tag == "STUDY":
            self.studies[attributes.get("ID", "")] = (attributes.get("NAME", ""), attributes.get("YEAR", ""))
        elif tag == "COMPARISON":
            self._comparison = attributes.get("NO", "")
        elif tag in _OUTCOMES:
            self._subgroup = ""
            self.outcomes.append(_Open(_OUTCOMES[tag], attributes, self.line, self._comparison))
        elif tag in _SUBGROUPS:
            self._subgroup = ""
        elif tag in _DATA and self.outcomes:
            self._data(attributes)

    def _data(self, attributes: dict[str, str]) -> None:
        values = {name: _number(attributes.get(called, "")) for name, called in _FIELDS.items()}
        line = StudyLine(self.line, attributes.get("STUDY_ID", ""), values, subgroup=self._subgroup)
        self.outcomes[-1].lines.append(line)

    def _end(self, tag: str) -> None:
        text = _LINE_END.sub(" ", "".join(self._text)).strip()
        self._text.clear()
        self._path.pop()
        parent = self._path[-1] if self._path else ""
        if tag in _TEXTS and parent in _OUTCOMES and self.outcomes:
            self.outcomes[-1].texts[tag] = text
        elif tag == "NAME" and parent in _SUBGROUPS:
            self._subgroup = text

    def finished(self) -> list[Analysis]:
        """The outcomes, their studies by name."""
        return [self._analysis(opened) for opened in self.outcomes]

    def _analysis(self, opened: _Open) -> Analysis:
        texts, attributes = opened.texts, opened.attributes
        level = _number(attributes.get("CI_STUDY", ""))
        return Analysis(
            number=f"{opened.comparison}.{attributes.get('NO', '')}",
            name=texts.get("NAME", "") or "unnamed outcome",
            comparison=opened.comparison,
            kind=opened.kind,
            labels=(texts.get("GROUP_LABEL_1") or GENERIC[0], texts.get("GROUP_LABEL_2") or GENERIC[1]),
            measure=measure_of(attributes.get("EFFECT_MEASURE") or texts.get("EFFECT_MEASURE", "")),
            level=float(level) / 100 if level in ("90", "95", "99") else 0.95,
            row=opened.row,
            lines=[self._named(line) for line in opened.lines],
        )

    def _named(self, line: StudyLine) -> StudyLine:
        """A study of the list of studies under its name; one that is not there under its id."""
        name, year = self.studies.get(line.study, ("", ""))
        return replace(line, study=name.strip() or line.study, year=year if _number(year).isdigit() else "")


def _number(text: str) -> str:
    """A number without the decimals of a whole one: RevMan writes ``5.0`` for 5."""
    text = text.strip()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text
