"""A run as an xarray DataTree in ArviZ's groups, with the names of its dimensions."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

    from physiohub.inference.nuts.run import NutsRun

__all__ = ["datatree"]

Variable = tuple[tuple[str, ...], NDArray[Any]]
_OBSERVED = ("events", "mean", "counts")
_NUISANCE = {"cut": "cut_point", "sd": "arm_level_study"}
_LEAD = ("chain", "draw")


def datatree(run: NutsRun) -> xr.DataTree:
    """The tree; dimensions chain, draw, treatment, study, arm, contrast, and those of nuisance parameters."""
    import xarray as xr

    posterior: dict[str, Variable] = {"d": ((*_LEAD, "treatment"), run.d)}
    if run.tau is not None:
        posterior["tau"] = (_LEAD, run.tau)
    if run.theta.shape[-1]:
        posterior["theta"] = ((*_LEAD, "arm"), run.theta)
    if run.delta.shape[-1]:
        posterior["delta"] = ((*_LEAD, "contrast"), run.delta)
    for name, values in run.nuisance.items():
        posterior[name] = ((*_LEAD, _NUISANCE[name]), values)
    observed, constant = _data(run)
    groups: dict[str, dict[str, Variable]] = {
        "posterior": posterior,
        "sample_stats": {name: (_LEAD, values) for name, values in run.sample_stats.items()},
        "log_likelihood": {"y": ((*_LEAD, "study"), run.log_likelihood)},
        "observed_data": observed,
        "constant_data": constant,
    }
    tree = xr.DataTree.from_dict({name: _dataset(run, variables) for name, variables in groups.items() if variables})
    tree["posterior"].attrs.update(_attributes(run))
    return tree


def _dataset(run: NutsRun, variables: dict[str, Variable]) -> xr.Dataset:
    """A group with the labels of the dimensions that it has."""
    import xarray as xr

    used = {dim for dims, _ in variables.values() for dim in dims}
    return xr.Dataset(variables, coords={k: v for k, v in _labels(run).items() if v[0] in used})


def _labels(run: NutsRun) -> dict[str, tuple[str, Any]]:
    """Coordinates: (dimension, values)."""
    arms = run.arms
    owner = [place for place in sorted(arms.contrasts) for _ in arms.contrasts[place].y]
    other = [t for place in sorted(arms.contrasts) for t in arms.contrasts[place].treatments[1:]]
    chains, draws = run.d.shape[:2]
    return {
        "chain": ("chain", np.arange(chains)),
        "draw": ("draw", np.arange(draws)),
        "treatment": ("treatment", list(run.treatments[1:])),
        "study": ("study", list(arms.studies)),
        "arm": ("arm", np.arange(len(arms.treatment))),
        "arm_study": ("arm", [arms.studies[i] for i in arms.study]),
        "arm_treatment": ("arm", [run.treatments[t] for t in arms.treatment]),
        "contrast": ("contrast", np.arange(len(owner))),
        "contrast_study": ("contrast", [arms.studies[i] for i in owner]),
        "contrast_treatment": ("contrast", [run.treatments[t] for t in other]),
    }


def _data(run: NutsRun) -> tuple[dict[str, Variable], dict[str, Variable]]:
    """What was observed, and what was given with it."""
    observed: dict[str, Variable] = {}
    constant: dict[str, Variable] = {}
    likelihood: Any = run.arms.likelihood
    for field in fields(likelihood) if len(likelihood) else ():
        values = getattr(likelihood, field.name)
        if isinstance(values, np.ndarray) and len(values) == len(likelihood):
            dims = ("arm",) if values.ndim == 1 else ("arm", "category")
            (observed if field.name in _OBSERVED else constant)[field.name] = (dims, values)
    if run.arms.contrasts:
        studies = [run.arms.contrasts[place] for place in sorted(run.arms.contrasts)]
        observed["y"] = (("contrast",), np.concatenate([s.y for s in studies]))
        constant["se"] = (("contrast",), np.concatenate([np.sqrt(np.diag(s.sampling)) for s in studies]))
    return observed, constant


def _attributes(run: NutsRun) -> dict[str, Any]:
    return {
        "created_by": "physiohub",
        "inference_library": "nutpie",
        "inference_library_version": run.versions["nutpie"],
        "sampling_time": run.seconds,
        "measure": run.spec.measure,
        "reference": run.treatments[0],
        "seed": run.spec.seed,
        "usable": "yes" if run.verdict.ok else "; ".join(run.verdict.reasons),
    }
