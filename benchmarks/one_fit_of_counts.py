"""One fit of counts in a process of its own: seconds of loading, of the first call and of its answers, and memory."""

from __future__ import annotations

import json
import resource
import sys
import time

from networks import count_network

import physiohub as ph


def main() -> None:
    name = sys.argv[1]
    artificial = name.isdigit()
    network = count_network(int(name), int(sys.argv[2])) if artificial else ph.datasets.load(name)
    measure = "OR" if artificial else ph.datasets.about(name).measure
    loading = time.perf_counter()
    spec = ph.ModelSpec(measure=measure)
    start = time.perf_counter()
    fit = ph.fit(network, spec)
    fitted = time.perf_counter()
    ph.relative_effects(fit, better="lower")
    compared = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "load": start - loading,
                "fit": fitted - start,
                "effects": compared - fitted,
                "peak_mb": peak,
                "studies": len(network.studies),
                "treatments": len(network.treatments),
                "ess": fit.engine.ess,
                "pareto_k": fit.engine.pareto_k,
                "numerical_error": fit.engine.numerical_error,
            }
        )
    )


if __name__ == "__main__":
    main()
