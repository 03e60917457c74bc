"""One fit in a process of its own: seconds of loading, of the first call and of its answers, and the peak memory."""

from __future__ import annotations

import json
import resource
import sys
import time

from networks import contrast_network

import physiohub as ph


def main() -> None:
    studies, treatments = int(sys.argv[1]), int(sys.argv[2])
    network = contrast_network(studies, treatments)
    loading = time.perf_counter()
    spec = ph.ModelSpec(measure="SMD")
    start = time.perf_counter()
    fit = ph.fit(network, spec)
    fitted = time.perf_counter()
    ph.relative_effects(fit, better="lower", mid=0.2)
    compared = time.perf_counter()
    ph.rank(fit, better="lower")
    ranked = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "load": start - loading,
                "fit": fitted - start,
                "effects": compared - fitted,
                "ranks": ranked - compared,
                "peak_mb": peak,
                "numerical_error": fit.engine.numerical_error,
            }
        )
    )


if __name__ == "__main__":
    main()
