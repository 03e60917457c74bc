"""The sampler: NUTS by nutpie, an optional extra, on any density with a gradient."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import ModelError

__all__ = ["Density", "Draws", "Progress", "draw"]

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
_MISSING = "The NUTS engine needs an extra that is not installed. Install it with: pip install 'physiohub[nuts]'"
# a hundred reports a run are enough for any bar
_REPORTS = 100
# acceptance rate that step sizes are tuned to: above the usual 0.8, as effects spread with tau
_TARGET = 0.9
_STATISTICS = {
    "diverging": "diverging",
    "energy": "energy",
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
    "n_steps": "n_steps",
    "step_size_bar": "step_size",
    "mean_tree_accept": "acceptance_rate",
    "logp": "lp",
}


class Density(Protocol):
    """Anything that can be sampled.

    Attributes
    ----------
    dimensions
        Length of a point.
    """

    dimensions: int

    def value_and_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Log density at x (dimension,), up to a constant, and its gradient; -inf where it is impossible."""

    def initial(self, rng: np.random.Generator) -> Floats:
        """A point (dimension,) of positive density to start a chain from."""


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """What the sampler returned.

    Attributes
    ----------
    x : array (chain, draw, dimension)
    statistics
        Name, as ArviZ has it, -> array (chain, draw).
    seconds
        Wall time.
    versions
        Of the sampler and of what judges it.
    """

    x: Floats
    statistics: Mapping[str, NDArray[Any]]
    seconds: float
    versions: Mapping[str, str]


def draw(density: Density, *, seed: int, chains: int, draws: int, tune: int, progress: Progress | None = None) -> Draws:
    """Run NUTS; the same arguments give the same draws.

    Chains run one after another: the density is Python, and threads that wait for each other's interpreter lock take
    longer together than in turn (measured: 0.7 s in turn, 1.1 s on two threads, 1.2 s on four).

    Parameters
    ----------
    progress
        Called with the steps done and the steps in all, tuning included; from the sampler's thread.

    Raises
    ------
    ModelError
        When the extra is not installed, or a chain finds no place to start.
    """
    sampler = _import_sampler()
    start = time.perf_counter()
    starts = _starts(density, seed, chains)
    step = _Counter(progress, chains * (draws + tune)) if progress is not None else None
    model = sampler.compiled_pyfunc.from_pyfunc(
        ndim=density.dimensions,
        make_logp_fn=lambda: density.value_and_gradient,
        make_expand_fn=lambda *_: _expand(step),
        expanded_dtypes=[np.dtype("float64")],
        expanded_shapes=[(density.dimensions,)],
        expanded_names=["x"],
        make_initial_point_fn=lambda _: next(starts),
    )
    # one core also makes the order of the chains, and with it their starts, certain
    options = {"seed": seed, "cores": 1, "progress_bar": False, "save_warmup": False, "target_accept": _TARGET}
    trace = sampler.sample(model, chains=chains, draws=draws, tune=tune, **options)
    x = np.asarray(trace.posterior["x"].values, dtype=float)
    if x.shape[:2] != (chains, draws):
        # an interrupted sampler returns what it has
        raise KeyboardInterrupt
    found = {ours: np.asarray(trace.sample_stats[theirs].values) for theirs, ours in _STATISTICS.items()}
    names = ("nutpie", "arviz-stats", "numpy")
    return Draws(x, found, time.perf_counter() - start, {name: version(name) for name in names})


def _import_sampler() -> Any:
    """The package nutpie; what its own dependencies announce on import is not for the user of this one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import arviz_stats  # noqa: F401
            import nutpie  # type: ignore[import-untyped,unused-ignore]
    except ImportError as error:
        raise ModelError(_MISSING) from error
    return nutpie


def _starts(density: Density, seed: int, chains: int) -> Any:
    """Iterate over the starting points of the chains, without end: the sampler may ask again for a chain."""
    generators = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(chains)]
    points = [density.initial(rng) for rng in generators]
    return iter([*points, *points])


class _Counter:
    """Counts steps and reports every hundredth part of the way."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total = progress, total
        self.done, self.every = 0, max(1, total // _REPORTS)

    def __call__(self) -> None:
        self.done += 1
        if self.done % self.every == 0 or self.done == self.total:
            self.progress(self.done, self.total)


def _expand(step: _Counter | None) -> Callable[[Floats], dict[str, Floats]]:
    def expand(x: Floats) -> dict[str, Floats]:
        if step is not None:
            step()
        return {"x": x}

    return expand
