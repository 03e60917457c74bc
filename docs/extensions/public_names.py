"""The reference of the Python library, made from the docstrings of the public names."""

from __future__ import annotations

import inspect

import physiohub

GROUPS: dict[str, tuple[str, ...]] = {
    "Read": ("read_table", "read_arms", "read_contrasts", "read_review", "Network", "Review"),
    "Ask": ("ModelSpec", "parse_prior", "empirical_prior", "empirical_priors", "fit", "Posterior", "Verdict"),
    "Answer": ("relative_effects", "RelativeEffects", "rank", "Ranking", "league_table", "LeagueTable"),
    "Judge the fit": (
        "fit_statistics",
        "dev_dev",
        "leave_one_out",
        "predictive_check",
        "prior_posterior",
        "power_scaling",
    ),
    "Absolute and familiar": (
        "absolute_effects",
        "baseline_model",
        "reexpress_points",
        "reexpress_log_odds",
        "reexpress_responders",
        "in_mid_units",
        "StatedSd",
        "missing_outcomes",
    ),
    "Everything at once": ("analyse", "Analysis", "export_scripts"),
    "Published networks": ("datasets",),
    "Problems": ("Issue", "PhysioHubError", "DataError", "ModelError", "UsageError"),
}
PARTS = (
    "physiohub.analysis.effects.Effect",
    "physiohub.analysis.ranking.RankRow",
    "physiohub.inference.mixture.NormalMixture",
    "physiohub.inference.tau_grid.TauMarginal",
    "physiohub.inference.posterior.Engine",
    "physiohub.model.defaults.Priors",
    "physiohub.model.zero_cells.ZeroCells",
    "physiohub.network.study.Study",
    "physiohub.network.study.Arm",
    "physiohub.network.study.Contrasts",
    "physiohub.network.study.Conversion",
)


def public_names() -> str:
    """Every public name in groups, then the objects that answers are made of; new names come last by themselves."""
    known = {name for names in GROUPS.values() for name in names}
    others = tuple(n for n in physiohub.__all__ if n not in known and not n.startswith("__"))
    groups = GROUPS | ({"Others": others} if others else {})
    lines: list[str] = []
    for title, names in groups.items():
        lines += _group(title, [f"physiohub.{name}" for name in names if name in physiohub.__all__])
    return "\n".join(lines + _group("What answers are made of", list(PARTS)))


def _group(title: str, names: list[str]) -> list[str]:
    lines = [f"## {title}", "", "```{eval-rst}", ".. autosummary::", "   :nosignatures:", ""]
    lines += [f"   {name}" for name in names] + [""]
    for name in names:
        lines += [f".. {_directive(name)}:: {name}", *(f"   {o}" for o in _options(name)), ""]
    return [*lines, "```", ""]


def _object(name: str) -> object:
    module, _, attribute = name.rpartition(".")
    return getattr(__import__(module, fromlist=[attribute]), attribute)


def _directive(name: str) -> str:
    found = _object(name)
    if inspect.isclass(found):
        return "autoexception" if issubclass(found, BaseException) else "autoclass"
    return "autofunction" if callable(found) else "automodule"


def _options(name: str) -> list[str]:
    return [":members:"] if _directive(name) in ("autoclass", "autoexception", "automodule") else []
