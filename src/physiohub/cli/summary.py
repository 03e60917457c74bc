"""What `analyse` and `demo` say on standard output when they are done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physiohub.cli.console import say, show_table
from physiohub.report.format import Scale, number, plural, probability

if TYPE_CHECKING:
    from physiohub.network.network import Network
    from physiohub.report.run import Analysis

__all__ = ["network_lines", "show_written"]


def network_lines(network: Network) -> list[str]:
    """What was recognised in a table, and the size of the network it makes."""
    lines = [f"  column {column} -> {role}" for role, column in network.recognised.items()]
    people = [study.participants for study in network.studies]
    known = "" if any(n is None for n in people) else f", {plural(sum(n or 0 for n in people), 'participant')}"
    size = f"{plural(len(network.studies), 'study', 'studies')}, {plural(len(network.treatments), 'treatment')}{known}"
    return [*lines, f"  {size}; reference {network.reference}"]


def show_written(analysis: Analysis, folder: Path) -> None:
    """Print what was recognised, the main results, and where the files are."""
    for file, columns in analysis.run["columns"].items():
        named = (role if role == column else f"{role} = {column}" for role, column in columns.items())
        say(f"Columns of {file}: {', '.join(named)}")
    for key, outcome in analysis.results["outcomes"].items():
        _show_outcome(outcome.get("label") or key, outcome)
    files = [path for path in folder.rglob("*") if path.is_file()]
    kinds = [
        (sum(path.suffix == kind for path in files), name) for kind, name in ((".csv", "table"), (".svg", "figure"))
    ]
    counts = ", ".join(plural(n, name) for n, name in kinds)
    say(f"Written to {folder}: report.html, results.json, {counts}, run.toml.")
    say(f"Open {folder / 'report.html'} in a browser.")


def _show_outcome(label: str, outcome: Mapping[str, Any]) -> None:
    network, scale = outcome["network"], Scale.of(outcome)
    people = network["participants"]
    size = plural(network["studies"], "study", "studies") + (f", {plural(people, 'participant')}" if people else "")
    say(f"{label}: {outcome['measure']}, {outcome['better']} is better; {size}")
    names = {node["id"]: node["label"] for node in network["treatments"]}
    ranks = {row["treatment"]: row for row in outcome["ranking"]}
    rows = [
        (
            names[row["treatment"]],
            scale.effect(row, named=False),
            _maybe(row["p_better"]),
            _sucra(ranks, row["treatment"]),
        )
        for row in outcome["relative_effects"]
        if row["versus"] == outcome["reference"] and row["median"] is not None
    ]
    versus = f"versus {names[outcome['reference']]}"
    show_table([versus, f"{scale.measure} ({scale.interval})", "P(better)", "SUCRA"], rows, right=(1, 2, 3))
    if (tau := outcome["heterogeneity"]["tau"]) and tau["median"] is not None:
        say(f"Heterogeneity tau {scale.spread(tau, named=False)}")
    for reason in outcome["engine"]["verdict"]["reasons"]:
        say(f"Verdict: {reason}")
    for warning in outcome.get("warnings", ()):
        say(f"Warning: {warning}")
    say()


def _maybe(value: float | None) -> str:
    return "-" if value is None else probability(value)


def _sucra(ranks: Mapping[str, Mapping[str, Any]], treatment: str) -> str:
    sucra = ranks.get(treatment, {}).get("sucra")
    return "-" if sucra is None else number(sucra, 2)
