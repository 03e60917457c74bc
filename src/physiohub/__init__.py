"""PhysioHub: from the trials of a review to evidence that can be trusted.

The names below are loaded when they are first used, so that `import physiohub` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from physiohub import datasets
    from physiohub.analysis.effects import RelativeEffects, relative_effects
    from physiohub.analysis.league import LeagueTable, league_table
    from physiohub.analysis.ranking import Ranking, rank
    from physiohub.errors import DataError, Issue, ModelError, PhysioHubError, UsageError
    from physiohub.evidence.review import Review, read_review
    from physiohub.inference.fit import fit
    from physiohub.inference.posterior import Posterior, Verdict
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
    "UsageError": "errors",
    "Verdict": "inference.posterior",
    "analyse": "report.run",
    "export_scripts": "report.scripts.export",
    "fit": "inference.fit",
    "league_table": "analysis.league",
    "parse_prior": "model.priors",
    "rank": "analysis.ranking",
    "read_arms": "prepare.tables",
    "read_contrasts": "prepare.tables",
    "read_review": "evidence.review",
    "read_table": "prepare.tables",
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
    "UsageError",
    "Verdict",
    "__version__",
    "analyse",
    "datasets",
    "export_scripts",
    "fit",
    "league_table",
    "parse_prior",
    "rank",
    "read_arms",
    "read_contrasts",
    "read_review",
    "read_table",
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
