"""One row per study with its arms side by side, as MetaInsight and BUGS users keep them, turned to one row per arm.

Arms are told apart by a number: ``t.1, r.1, n.1, t.2 ...``, ``T1, N1 ...``, ``t_1``, ``t[1]`` or ``t[,1]``. Any
recognised name may stand before the number. Differences versus arm 1, whose own column is left out (``y[,2], se[,2]
...``), are read as such, with the variance of arm 1 in ``V``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

from physiohub.errors import Issue
from physiohub.network.cells import is_missing, parse_number
from physiohub.network.columns import ColumnChoice, plain, role_named
from physiohub.network.source import Record, Source

__all__ = ["unfolded"]

_NUMBERED = (
    re.compile(r"(?P<stem>.*\S)\s*(?P<style>\[),?\s*(?P<slot>[1-9]\d?)\s*\]"),
    re.compile(r"(?P<stem>.*[^._\s-])(?P<style>[._ -])(?P<slot>[1-9]\d?)"),
    re.compile(r"(?P<stem>.*[^\d._\s-])(?P<style>)(?P<slot>[1-9]\d?)"),
)
_TREATMENTS = ("t", "trt", "treat", "treatment", "arm")
"""Names before the number that hold the treatment of an arm."""

_COUNTS = ("na", "narms", "numberofarms")
_VARIANCE = "v"
_MEANS = ("y", "mean", "diff")


@dataclass(frozen=True, slots=True)
class _Group:
    """The columns of one quantity: place by arm."""

    stem: str
    style: str
    places: dict[int, int]


def unfolded(source: Source, chosen: ColumnChoice | None = None) -> Source:
    """The table with one row per arm; as it came when it is not wide.

    Parameters
    ----------
    chosen
        Role -> column. Of a wide table, the column of the first arm stands for those of all, and so does the name
        without its number.

    Examples
    --------
    >>> table = Source("w.csv", ("study", "t.1", "r.1", "t.2", "r.2"), (Record(2, ("Kim", "A", "3", "B", "5")),))
    >>> long = unfolded(table)
    >>> long.columns, [record.cells for record in long.records], long.called("r", 2)
    (('study', 'treatment', 'r'), [('Kim', 'A', '3'), ('Kim', 'B', '5')], 'r.2')
    """
    groups = _groups(source.columns)
    treatment = _treatment(source.columns, groups, chosen or {})
    return source if treatment is None else _Wide(source, groups, treatment, chosen or {}).unfold()


def _groups(columns: Sequence[str]) -> list[_Group]:
    found: dict[tuple[str, str], _Group] = {}
    for k, name in enumerate(columns):
        match = next((m for pattern in _NUMBERED if (m := pattern.fullmatch(name))), None)
        if match is not None:
            group = found.setdefault(
                (plain(match["stem"]), match["style"]), _Group(match["stem"].strip(), match["style"], {})
            )
            group.places.setdefault(int(match["slot"]), k)
    return list(found.values())


def _treatment(columns: Sequence[str], groups: Sequence[_Group], chosen: ColumnChoice) -> _Group | None:
    """The columns of the treatments; None when the table has one row per arm or per contrast."""
    by_role = {plain(role): name for role, name in chosen.items()}
    if {"versus", "treat1", "treat2"} & by_role.keys():
        return None
    effect = by_role.get("estimate")
    if isinstance(effect, str) and _group_called(effect, columns, groups) is None:
        return None
    name = by_role.get("treatment")
    if isinstance(name, str):
        named = _group_called(name, columns, groups)
        return named if named is not None and len(named.places) > 1 else None
    plains = {plain(column) for column in columns}
    if plains & {"treatment", "trt", "te", "sete", "estimate", "diff", "versus"}:
        return None
    found = [g for stem in _TREATMENTS for g in groups if plain(g.stem) == stem and {1, 2} <= g.places.keys()]
    results = [g for g in groups if g not in found and role_named(g.stem) not in (None, "study", "treatment")]
    return found[0] if found and results else None


def _group_called(name: str, columns: Sequence[str], groups: Sequence[_Group]) -> _Group | None:
    """The group whose first column, or whose name without the number, is `name`."""
    for group in groups:
        first = columns[group.places[min(group.places)]]
        if name.strip() == first or plain(name) == plain(group.stem):
            return group
    return None


class _Wide:
    """A wide table while it is being turned."""

    def __init__(self, source: Source, groups: Sequence[_Group], treatment: _Group, chosen: ColumnChoice) -> None:
        self.source = source
        self.treatment = treatment
        self.chosen = {role: name for role, name in chosen.items() if isinstance(name, str)}
        self.slots = sorted(treatment.places)
        self.groups = [treatment, *(g for g in groups if g is not treatment and self._of_arms(g))]
        taken = {k for group in self.groups for k in group.places.values()}
        rest = [k for k, name in enumerate(source.columns) if k not in taken and name]
        self.count = next((k for k in rest if self._bare(k) in _COUNTS and self._whole(k)), None)
        self.relative = self._differences()
        self.variance = next((k for k in rest if self.relative and self._bare(k) == _VARIANCE), None)
        self.shared = [k for k in rest if k not in (self.count, self.variance)]
        self.issues = list(source.issues)

    def unfold(self) -> Source:
        names: dict[str, _Group] = {}
        for group in self.groups:
            name = self._long_name(group)
            names[name if name not in names else f"{name}{group.style}"] = group
        stems = {plain(name) for name in names}
        shared = {k: self._shared_name(k, stems) for k in self.shared}
        numbered = not self._has_study()
        columns = ["study"] if numbered else []
        columns += [*shared.values(), *names, *(["baseline_se"] if self.variance is not None else [])]
        records = [r for i, record in enumerate(self.source.records, 1) for r in self._arms(record, i, names, numbered)]
        called = {(name, slot): self.source.columns[k] for name, g in names.items() for slot, k in g.places.items()}
        called |= {(name, 0): self.source.called(self.source.columns[k]) for k, name in shared.items()}
        if self.variance is not None:
            called["baseline_se", 0] = self.source.columns[self.variance]
        self.issues += [self._which_arm(k) for k in self.shared if role_named(self._bare(k)) == "category"]
        if numbered and self.source.records:
            message = "No column names the studies: they are numbered in the order of the rows."
            remedy = "Add a column `study`, or say which it is: --column study=NAME."
            self.issues.append(Issue("studies-numbered", message, remedy, "note", file=self.source.file))
        return replace(
            self.source,
            columns=tuple(columns),
            records=tuple(records),
            issues=tuple(self.issues),
            names=called,
            header=self.source.header or self.source.columns,
        )

    # -- which columns are what -------------------------------------------------------------------------------------

    def _of_arms(self, group: _Group) -> bool:
        """A recognised name or a chosen one; another only when it is numbered just as the treatments are."""
        if any(_group_called(name, self.source.columns, [group]) for name in self.chosen.values()):
            return True
        if role_named(group.stem) not in (None, "study", "treatment", "versus"):
            return True
        return group.style == self.treatment.style and group.places.keys() == self.treatment.places.keys()

    def _bare(self, k: int) -> str:
        """The plain name of a column that is not numbered; BUGS writes ``na[]``."""
        return plain(self.source.columns[k].removesuffix("[]"))

    def _whole(self, k: int) -> bool:
        numbers = [parse_number(record.cells[k]) for record in self.source.records]
        return all(number is None or (isinstance(number, float) and number.is_integer()) for number in numbers)

    def _differences(self) -> _Group | None:
        """The means, when arm 1 has none: then they are differences versus it."""
        first = self.slots[0]
        for group in self.groups:
            if plain(group.stem) in _MEANS and first not in group.places:
                return group
        return None

    def _long_name(self, group: _Group) -> str:
        if group is self.treatment and not any(plain(role) == "treatment" for role in self.chosen):
            return "treatment"
        return "diff" if group is self.relative else group.stem

    def _shared_name(self, k: int, stems: set[str]) -> str:
        """A column of the whole study, told apart from that of its arms where both are called the same."""
        name = self.source.columns[k].removesuffix("[]").strip()
        return f"{name} (study)" if plain(name) in stems else name

    def _has_study(self) -> bool:
        """Whether a column names the studies, or looks as if it did: then their number is no name for them."""
        if any(plain(role) == "study" for role in self.chosen):
            return True
        for k in self.shared:
            if role_named(self._bare(k)) == "study" or "stud" in self._bare(k) or "author" in self._bare(k):
                return True
            texts = [record.cells[k] for record in self.source.records]
            if all(t and not isinstance(parse_number(t), float) for t in texts) and len(set(texts)) == len(texts) > 1:
                return True
        return False

    def _which_arm(self, k: int) -> Issue:
        """The issue for counts of a category in a wide table that do not say whose they are."""
        name = self.source.columns[k]
        message = "This column holds a category, and does not say of which arm."
        remedy = "Put a dot before the number of the arm: category_1.2 is category 1 of arm 2."
        return Issue("category-without-arm", message, remedy, column=name, file=self.source.file)

    # -- rows -------------------------------------------------------------------------------------------------------

    def _arms(self, record: Record, number: int, names: dict[str, _Group], numbered: bool) -> list[Record]:
        """The arms of a line: those with something in a cell."""
        filled = [slot for slot in self._all_slots(names) if self._filled(record, slot, names)]
        self._check_count(record, filled)
        shared = [record.cells[k] for k in self.shared]
        head = [str(number), *shared] if numbered else shared
        arms = []
        for slot in filled or self.slots[:1]:
            cells = [record.cells[g.places[slot]] if slot in g.places else "" for g in names.values()]
            if self.variance is not None:
                cells.append(self._baseline_se(record) if slot == self.slots[0] else "")
            arms.append(Record(record.row, (*head, *cells), slot))
        return arms

    def _all_slots(self, names: dict[str, _Group]) -> list[int]:
        return sorted({slot for group in names.values() for slot in group.places})

    def _filled(self, record: Record, slot: int, names: dict[str, _Group]) -> bool:
        return any(slot in g.places and not is_missing(record.cells[g.places[slot]]) for g in names.values())

    def _check_count(self, record: Record, filled: Sequence[int]) -> None:
        if self.count is None:
            return
        stated = parse_number(record.cells[self.count])
        if isinstance(stated, float) and stated != len(filled):
            message = f"The row states {stated:g} arms and has {len(filled)} that are not blank."
            remedy = "Correct the number, or the cells of the arms; an arm that is not there is blank or NA throughout."
            column = self.source.columns[self.count]
            issue = Issue("arms-miscounted", message, remedy, row=record.row, column=column)
            self.issues.append(replace(issue, value=record.cells[self.count], file=self.source.file))

    def _baseline_se(self, record: Record) -> str:
        """The standard error of arm 1, from its variance; a cell that is no positive number is passed on as it is."""
        text = record.cells[self.variance] if self.variance is not None else ""
        number = parse_number(text)
        return repr(sqrt(number)) if isinstance(number, float) and number > 0 else text
