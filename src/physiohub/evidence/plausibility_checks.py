"""The audit of plausibility of a review folder or a bare table: its rows, and each study against its network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from physiohub.analysis.outlying_studies import outlying_issues
from physiohub.errors import DataError, Issue, ModelError
from physiohub.evidence.protocol import Protocol
from physiohub.evidence.review import read_review
from physiohub.evidence.review_files import read_protocol, read_tables
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network
from physiohub.network.read import ArmTable, ContrastTable, Rows, Table
from physiohub.network.rows import ArmRow, ContrastRow
from physiohub.prepare.instruments import Instrument, registry
from physiohub.prepare.plausibility import (
    ReportedArm,
    ReportedContrast,
    plausibility,
    reported_arms,
    reported_contrasts,
)
from physiohub.prepare.plausibility.reported import Better

__all__ = ["network_outliers", "review_plausibility", "table_plausibility"]

_Row = TypeVar("_Row", ArmRow, ContrastRow)


def review_plausibility(folder: Path) -> tuple[Issue, ...]:
    """What is implausible in the tables of a review folder, whether or not the review can be analysed.

    Rows that [[exclusions]] sets aside are left out: what is wrong with them is decided already.

    Examples
    --------
    >>> from physiohub.evidence.review import bundled_review
    >>> found = review_plausibility(bundled_review().folder)
    >>> sorted({issue.study for issue in found if issue.rule == "sd-like-se"})
    ['Kim 2017', 'Patti 2016']
    """
    protocol = read_protocol(folder, [])
    tables = read_tables(folder, [])
    found = plausibility(_arms(tables.get("arms"), protocol), _contrasts(tables.get("contrasts"), protocol))
    files = {"arm": _file(tables.get("arms")), "contrast": _file(tables.get("contrasts"))}
    return (*found, *_review_outliers(folder, files))


def _file(table: Table | None) -> str | None:
    return table.file if table else None


def _arms(table: Table | None, protocol: Protocol | None) -> tuple[ReportedArm, ...]:
    if not isinstance(table, ArmTable):
        return ()
    outcomes = protocol.outcomes if protocol else ()
    instruments = registry().extended(protocol.instruments if protocol else ())
    named = [(outcome.id, outcome.instrument) for outcome in outcomes if outcome.instrument is not None]
    wanted: Mapping[str | None, Instrument] = {id: instruments[name] for id, name in named if name in instruments}
    better: Mapping[str | None, Better] = {outcome.id: outcome.better for outcome in outcomes}
    return reported_arms(_kept(table.rows, protocol), table, instruments, wanted=wanted, better=better)


def _contrasts(table: Table | None, protocol: Protocol | None) -> tuple[ReportedContrast, ...]:
    return reported_contrasts(_kept(table.rows, protocol), table) if isinstance(table, ContrastTable) else ()


def _kept(rows: Iterable[_Row], protocol: Protocol | None) -> list[_Row]:
    aside = {(rule.study, rule.outcome) for rule in (protocol.exclusions if protocol else ())}
    return [row for row in rows if not {(row.study, None), (row.study, row.outcome)} & aside]


def _review_outliers(folder: Path, files: Mapping[str, str | None]) -> Iterator[Issue]:
    try:
        review = read_review(folder)
    except DataError:
        return  # its errors are told by whoever reads it
    for outcome in review.outcomes:
        try:
            network = review.network(outcome.id).network
        except DataError:
            continue
        for issue in network_outliers(network, outcome.measure, files):
            yield replace(issue, message=f"Outcome {outcome.id}: {issue.message}")


def network_outliers(
    network: Network, measure: str, files: Mapping[str, str | None] | None = None
) -> tuple[Issue, ...]:
    """Studies that stand off their network; none where it cannot be fitted by this measure.

    Parameters
    ----------
    files
        Level of a study (``"arm"``, ``"contrast"``) -> the file of its rows.
    """
    try:
        issues = outlying_issues(network, ModelSpec(measure=measure))
    except (DataError, ModelError):
        return ()  # said where it is analysed
    levels = {study.id: study.level for study in network.studies}
    return tuple(replace(issue, file=(files or {}).get(levels[issue.study or ""])) for issue in issues)


def table_plausibility(
    tables: Sequence[Rows],
    network: Network | None,
    *,
    measure: str | None = None,
    better: Better | None = None,
    aside: Iterable[str] = (),
) -> tuple[Issue, ...]:
    """What is implausible in a bare table.

    Parameters
    ----------
    tables
        As `physiohub.network.read.read_all_rows` gives them.
    network
        What they make; None when they have errors.
    measure
        Of the analysis; without it the one that the data suggest.
    aside
        Studies that are set aside.

    Examples
    --------
    >>> from physiohub import datasets
    >>> from physiohub.network.read import read_all_rows
    >>> tables, network = read_all_rows(datasets.table("smoking")), datasets.load("smoking")
    >>> [(issue.study, issue.rule) for issue in table_plausibility(tables, network)]
    [('3', 'study-off-network')]
    """
    without = set(aside)
    arms = [arm for table in tables for arm in reported_arms(table.arms, table, registry(), better=better)]
    contrasts = [one for table in tables for one in reported_contrasts(table.contrasts, table)]
    found = plausibility(
        [arm for arm in arms if arm.row.study not in without],
        [one for one in contrasts if one.row.study not in without],
    )
    if network is None:
        return found
    files = {
        "arm": next((table.file for table in tables if table.arms), None),
        "contrast": next((table.file for table in tables if table.contrasts), None),
    }
    return (*found, *network_outliers(network, measure or _suggested(network), files))


def _suggested(network: Network) -> str:
    """The measure that the data suggest: what contrasts say they are, else by what the arms report."""
    for study in network.studies:
        if study.contrasts is not None and study.contrasts.measure:
            return study.contrasts.measure.upper()
    arms = [arm for study in network.studies for arm in study.arms]
    if any(arm.events is not None for arm in arms):
        return "OR" if any(arm.total is not None for arm in arms) else "IRR"
    return "MD"
