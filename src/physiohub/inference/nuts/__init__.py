"""NUTS on the full, uncollapsed model: the second route to every number, and a way out for other engines."""

from physiohub.inference.nuts.run import NutsRun, Samples, run_nuts, sample

__all__ = ["NutsRun", "Samples", "run_nuts", "sample"]
