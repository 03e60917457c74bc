"""PhysioHub: from the trials of a review to evidence that can be trusted.

The names below are loaded when they are first used, so that `import physiohub` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from physiohub import datasets
    from physiohub.analysis.absolute import absolute_effects
    from physiohub.analysis.baseline_model import baseline_model
    from physiohub.analysis.dev_dev import dev_dev
    from physiohub.analysis.effects import RelativeEffects, relative_effects
    from physiohub.analysis.fit_statistics import fit_statistics
    from physiohub.analysis.league import LeagueTable, league_table
    from physiohub.analysis.leave_one_out import leave_one_out
    from physiohub.analysis.mid_units import in_mid_units
    from physiohub.analysis.missing_outcomes import missing_outcomes
    from physiohub.analysis.power_scaling import power_scaling
    from physiohub.analysis.predictive_check import predictive_check
    from physiohub.analysis.prior_posterior import prior_posterior
    from physiohub.analysis.ranking import Ranking, rank
    from physiohub.analysis.reexpression import reexpress_log_odds, reexpress_points
    from physiohub.analysis.responders import reexpress_responders
    from physiohub.analysis.stated_sd import StatedSd
    from physiohub.errors import DataError, Issue, ModelError, PhysioHubError, UsageError
    from physiohub.evidence.review import Review, read_review
    from physiohub.inference.fit import fit
    from physiohub.inference.posterior import Posterior, Verdict
    from physiohub.model.empirical import empirical_prior
    from physiohub.model.empirical_listing import empirical_priors
    from physiohub.model.priors import parse_prior
    from physiohub.model.spec import ModelSpec
    from physiohub.network.network import Network
    from physiohub.prepare.tables import read_arms, read_contrasts, read_table
    from physiohub.report.run import Analysis, analyse
    from physiohub.report.scripts.export import export_scripts

_HOME = {
    "Analysis": "report.run",
    "DataError": "errors",
    "Issue": "errors",
    "LeagueTable": "analysis.league",
    "ModelError": "errors",
    "ModelSpec": "model.spec",
    "Network": "network.network",
    "PhysioHubError": "errors",
    "Posterior": "inference.posterior",
    "Ranking": "analysis.ranking",
    "RelativeEffects": "analysis.effects",
    "Review": "evidence.review",
    "StatedSd": "analysis.stated_sd",
    "UsageError": "errors",
    "Verdict": "inference.posterior",
    "absolute_effects": "analysis.absolute",
    "analyse": "report.run",
    "baseline_model": "analysis.baseline_model",
    "dev_dev": "analysis.dev_dev",
    "empirical_prior": "model.empirical",
    "empirical_priors": "model.empirical_listing",
    "export_scripts": "report.scripts.export",
    "fit": "inference.fit",
    "fit_statistics": "analysis.fit_statistics",
    "in_mid_units": "analysis.mid_units",
    "league_table": "analysis.league",
    "leave_one_out": "analysis.leave_one_out",
    "missing_outcomes": "analysis.missing_outcomes",
    "parse_prior": "model.priors",
    "power_scaling": "analysis.power_scaling",
    "predictive_check": "analysis.predictive_check",
    "prior_posterior": "analysis.prior_posterior",
    "rank": "analysis.ranking",
    "read_arms": "prepare.tables",
    "read_contrasts": "prepare.tables",
    "read_review": "evidence.review",
    "read_table": "prepare.tables",
    "reexpress_log_odds": "analysis.reexpression",
    "reexpress_points": "analysis.reexpression",
    "reexpress_responders": "analysis.responders",
    "relative_effects": "analysis.effects",
}

__all__ = [
    "Analysis",
    "DataError",
    "Issue",
    "LeagueTable",
    "ModelError",
    "ModelSpec",
    "Network",
    "PhysioHubError",
    "Posterior",
    "Ranking",
    "RelativeEffects",
    "Review",
    "StatedSd",
    "UsageError",
    "Verdict",
    "__version__",
    "absolute_effects",
    "analyse",
    "baseline_model",
    "datasets",
    "dev_dev",
    "empirical_prior",
    "empirical_priors",
    "export_scripts",
    "fit",
    "fit_statistics",
    "in_mid_units",
    "league_table",
    "leave_one_out",
    "missing_outcomes",
    "parse_prior",
    "power_scaling",
    "predictive_check",
    "prior_posterior",
    "rank",
    "read_arms",
    "read_contrasts",
    "read_review",
    "read_table",
    "reexpress_log_odds",
    "reexpress_points",
    "reexpress_responders",
    "relative_effects",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use; `datasets` is a module itself."""
    if name == "datasets":
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    if name == "ModelSpec":
        # who states a model fits it next: the engine comes with it, and the first fit takes no longer than the second
        importlib.import_module(f"{__name__}.inference.fit")
    return value


def __dir__() -> list[str]:
    """Names that tab completion offers."""
    return __all__
