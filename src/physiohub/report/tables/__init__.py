"""Tables of an outcome, each from the record alone, for the page and for a CSV file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.tables.absolute import absolute_table
from physiohub.report.tables.checks import study_checks_table, what_was_learned_table
from physiohub.report.tables.effects import (
    league_table,
    rank_probability_table,
    ranking_table,
    reading_direction,
    relative_effects_table,
)
from physiohub.report.tables.frequentist import frequentist_table
from physiohub.report.tables.geometry import comparisons_table, designs_table, treatments_table
from physiohub.report.tables.inconsistency import inconsistency_table
from physiohub.report.tables.missing_outcomes import missing_arms_table, missing_outcomes_table
from physiohub.report.tables.model import fit_table, heterogeneity_table, study_fit_table
from physiohub.report.tables.sensitivity import sensitivity_effects_table, sensitivity_table
from physiohub.report.tables.studies import (
    arms_table,
    choices_table,
    contrasts_table,
    conversions_table,
    excluded_table,
    source_link,
    studies_table,
)
from physiohub.report.tables.table import Cell, Column, Table

__all__ = [
    "Cell",
    "Column",
    "Table",
    "absolute_table",
    "all_tables",
    "arms_table",
    "choices_table",
    "comparisons_table",
    "contrasts_table",
    "conversions_table",
    "designs_table",
    "excluded_table",
    "fit_table",
    "frequentist_table",
    "heterogeneity_table",
    "inconsistency_table",
    "league_table",
    "missing_arms_table",
    "missing_outcomes_table",
    "rank_probability_table",
    "ranking_table",
    "reading_direction",
    "relative_effects_table",
    "sensitivity_effects_table",
    "sensitivity_table",
    "source_link",
    "studies_table",
    "study_checks_table",
    "study_fit_table",
    "treatments_table",
    "what_was_learned_table",
]

BUILDERS = (
    league_table,
    relative_effects_table,
    absolute_table,
    ranking_table,
    rank_probability_table,
    frequentist_table,
    heterogeneity_table,
    inconsistency_table,
    treatments_table,
    comparisons_table,
    designs_table,
    fit_table,
    study_fit_table,
    study_checks_table,
    what_was_learned_table,
    studies_table,
    arms_table,
    contrasts_table,
    conversions_table,
    choices_table,
    excluded_table,
    sensitivity_table,
    sensitivity_effects_table,
    missing_arms_table,
    missing_outcomes_table,
)


def all_tables(outcome: Mapping[str, Any]) -> tuple[Table, ...]:
    """Every table of one outcome of results.json, for `tables/*.csv`; a table without rows keeps its header."""
    return tuple(build(outcome) for build in BUILDERS)
