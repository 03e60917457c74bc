"""Tables of effects and ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from physiohub.report.format import (
    NOT_COMPUTED,
    Scale,
    known,
    limits,
    number,
    probability,
    significant,
)
from physiohub.report.outcome import label_of, labels, pair_index, treatments
from physiohub.report.tables.table import Cell, Column, Table, made, plain

__all__ = ["league_table", "rank_probability_table", "ranking_table", "reading_direction", "relative_effects_table"]

Outcome = Mapping[str, Any]
Row = Mapping[str, Any]


def reading_direction(outcome: Outcome) -> str:
    """How a cell of the league table is read: one rule for both triangles.

    Examples
    --------
    >>> reading_direction({"better": "lower", "measure": "OR", "relative_effects": []})
    'Each cell: row treatment versus column treatment; a value below 1 favours the row.'
    """
    scale = Scale.of(outcome)
    higher = outcome["better"] == "higher"
    if scale.ratio:
        side = "a value above 1" if higher else "a value below 1"
    else:
        side = "a positive value" if higher else "a negative value"
    return f"Each cell: row treatment versus column treatment; {side} favours the row."


def league_table(outcome: Outcome) -> Table:
    """Every pair, row versus column in both triangles; the diagonal names the treatments."""
    scale, names, order, pairs = Scale.of(outcome), labels(outcome), treatments(outcome), pair_index(outcome)
    columns = (
        Column("treatment", "Row versus column", "head"),
        *(Column(f"versus {names[t]}", names[t], "number") for t in order),
    )
    rows = tuple(
        (plain(names[t]), *(_league_cell(names[t], None if t == v else pairs[t, v], scale) for v in order))
        for t in order
    )
    caption = f"League table, {label_of(outcome)}: {scale.measure} ({scale.interval}). {reading_direction(outcome)}"
    return Table("league", caption, columns, rows)


def _league_cell(name: str, row: Row | None, scale: Scale) -> Cell:
    if row is None:
        return Cell(name, name, own=True)
    if not known(row):
        return Cell(None, NOT_COMPUTED)
    return Cell(made(f"{scale.measure} {scale.effect(row)}").value, scale.effect(row, named=False))


def relative_effects_table(outcome: Outcome, *, chosen: Sequence[Row] | None = None) -> Table:
    """Effects with predictive interval and probabilities: of every ordered pair, or of the rows chosen.

    Parameters
    ----------
    chosen
        Rows of `relative_effects`, where a page shows each comparison once.
    """
    scale, names = Scale.of(outcome), labels(outcome)
    chosen = outcome["relative_effects"] if chosen is None else chosen
    mid = (outcome.get("mid") or {}).get("value") is not None
    predictive = outcome["effects"] == "random"
    rows = tuple(tuple(_effect_cells(row, names, scale, predictive=predictive)) for row in chosen)
    columns = _effect_columns(scale, mid=mid, predictive=predictive)
    return Table("relative-effects", f"Relative effects, {label_of(outcome)}", columns, rows, _effect_note(outcome))


def _effect_columns(scale: Scale, *, mid: bool, predictive: bool) -> tuple[Column, ...]:
    printed = [Column("", f"{scale.measure} ({scale.interval})", "number", "html")]
    printed += [Column("", f"{scale.analysis} ({scale.interval})", "number", "html")] if scale.ratio else []
    prediction = f"{scale.level} prediction interval" + (f" ({scale.measure})" if scale.ratio else "")
    return (
        Column("", "Comparison", "head", "html"),
        Column("treatment", "Treatment", "text", "csv"),
        Column("versus", "Versus", "text", "csv"),
        Column("text", "Effect", "text", "csv"),
        *printed,
        *(Column(key, key, "number", "csv") for key in ("mean", "sd", "median", "low", "high")),
        *([Column("", prediction, "number", "html")] if predictive else []),
        Column("predictive_low", "", "number", "csv"),
        Column("predictive_high", "", "number", "csv"),
        Column("p_better", "P(better)", "number"),
        Column("p_beyond_mid", "P(better by more than the important difference)", "number", "both" if mid else "csv"),
    )


def _effect_cells(row: Row, names: Mapping[str, str], scale: Scale, *, predictive: bool) -> list[Cell]:
    low, high = limits(row) if known(row) else (None, None)
    printed = [made(scale.effect(row, named=False))]
    if scale.ratio:
        printed.append(made(scale.on_analysis_scale().effect(row, named=False)))
    return [
        plain(f"{names[row['treatment']]} versus {names[row['versus']]}"),
        plain(names[row["treatment"]]),
        plain(names[row["versus"]]),
        made(f"{scale.measure} {scale.effect(row)}"),
        *printed,
        *(plain(row[key]) for key in ("mean", "sd", "median")),
        plain(low),
        plain(high),
        *([made(scale.span(row["predictive_low"], row["predictive_high"]))] if predictive else []),
        plain(row["predictive_low"]),
        plain(row["predictive_high"]),
        Cell(row["p_better"], probability(row["p_better"])),
        Cell(row["p_beyond_mid"], probability(row["p_beyond_mid"])),
    ]


def _effect_note(outcome: Outcome) -> str:
    scale, mid = Scale.of(outcome), outcome.get("mid") or {}
    parts = [f"Estimates are posterior medians; {outcome['better']} is better."]
    if scale.ratio:
        parts.append(f"The file holds {scale.analysis}, the scale of the analysis.")
    if mid.get("value") is not None:
        parts.append(f"Important difference: {mid['text']}.")
    if outcome["effects"] == "common":
        parts.append("A common-effect model has no prediction interval apart from the credible interval.")
    return " ".join(parts)


def ranking_table(outcome: Outcome) -> Table:
    """Ranks, never without the effects beside them."""
    scale, names, pairs = Scale.of(outcome), labels(outcome), pair_index(outcome)
    reference = str(outcome["reference"])
    columns = (
        Column("treatment", "Treatment", "head"),
        Column("effect", f"{scale.measure} versus {names[reference]} ({scale.interval})", "number"),
        Column("sucra", "SUCRA", "number"),
        Column("p_score", "P‑score", "number"),
        Column("p_best", "P(best)", "number"),
        Column("mean_rank", "Mean rank", "number"),
        Column("median_rank", "Median rank", "number"),
        Column("rank_low", f"Rank interval ({scale.level})", "number", "html"),
        Column("rank_low", "", "number", "csv"),
        Column("rank_high", "", "number", "csv"),
    )
    rows = tuple(
        tuple(_rank_cells(row, names, scale, pairs.get((row["treatment"], reference)))) for row in outcome["ranking"]
    )
    return Table(
        "ranking", f"Ranks with the effects they rest on, {label_of(outcome)}", columns, rows, _rank_note(outcome)
    )


def _rank_cells(row: Row, names: Mapping[str, str], scale: Scale, effect: Row | None) -> list[Cell]:
    shown = Cell("reference", "reference")
    if effect is not None:
        shown = Cell(made(f"{scale.measure} {scale.effect(effect)}").value, scale.effect(effect, named=False))
    interval = NOT_COMPUTED if row["rank_low"] is None else f"{_rank(row['rank_low'])} to {_rank(row['rank_high'])}"
    return [
        plain(names[row["treatment"]]),
        shown,
        *(Cell(row[key], probability(row[key])) for key in ("sucra", "p_score", "p_best")),
        Cell(row["mean_rank"], _rank(row["mean_rank"], 1)),
        Cell(row["median_rank"], _rank(row["median_rank"])),
        Cell(row["rank_low"], interval),
        plain(row["rank_low"]),
        plain(row["rank_high"]),
    ]


def _rank(value: float | None, digits: int = 0) -> str:
    if value is None:
        return NOT_COMPUTED
    return number(value, max(digits, 0 if float(value).is_integer() else 1))


def _rank_note(outcome: Outcome) -> str:
    parts = ["Rank 1 is best. A rank says nothing about how large a difference is, nor how certain: read the effects."]
    if outcome.get("poth") is not None:
        poth = number(outcome["poth"], 2)
        parts.append(f"POTH {poth} (0: the order is unknown; 1: it is certain).")
    errors = [row["rank_error"] for row in outcome["ranking"] if row.get("rank_error")]
    if errors:
        parts.append(f"Simulation error of a rank probability: at most {significant(max(errors), 1)}.")
    return " ".join(parts)


def rank_probability_table(outcome: Outcome) -> Table:
    """P(rank) of every treatment: the numbers behind the rankogram."""
    names = labels(outcome)
    size = len(names)
    columns = (
        Column("treatment", "Treatment", "head"),
        Column("sucra", "SUCRA", "number"),
        *(Column(f"rank_{k}", f"Rank {k}", "number") for k in range(1, size + 1)),
    )
    rows = tuple(
        (
            plain(names[row["treatment"]]),
            Cell(row["sucra"], probability(row["sucra"])),
            *(Cell(p, probability(p)) for p in row["rank_probabilities"] or [None] * size),
        )
        for row in outcome["ranking"]
    )
    return Table("rank-probabilities", f"Probability of each rank, {label_of(outcome)} (rank 1 is best)", columns, rows)
