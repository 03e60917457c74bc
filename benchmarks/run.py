"""Measure what the project promises and write docs/benchmarks.md: `make bench`.

Every figure is the median of several runs, each in a process of its own: the first call counts, with all it loads.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy
import scipy

import physiohub

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
SIZES = [(7, 5), (22, 2), (26, 10), (50, 9), (111, 12), (300, 40), (1000, 100)]
RUNS = 5


def seconds(*command: str, runs: int = RUNS) -> float:
    """Median wall time of a whole process."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def fits(studies: int, treatments: int) -> dict[str, float]:
    """Medians over processes of one fit."""
    command = [sys.executable, str(HERE / "one_fit.py"), str(studies), str(treatments)]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(RUNS)]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def processes() -> list[tuple[str, float, str]]:
    """The commands that have a budget, with it."""
    program = str(Path(sys.executable).parent / "physiohub")
    with tempfile.TemporaryDirectory() as folder:
        review = str(Path(physiohub.__file__).parent / "reviews" / "chronic-low-back-pain")
        return [
            ("`python -c 'pass'`, for comparison", seconds(sys.executable, "-c", "pass"), ""),
            ("`import physiohub`", seconds(sys.executable, "-c", "import physiohub"), "0.3 s"),
            ("`physiohub --help`", seconds(program, "--help"), "0.5 s"),
            (
                "`physiohub analyse`, the low-back-pain review, all figures and tables",
                seconds(program, "analyse", review, "-o", f"{folder}/run", "--quiet"),
                "10 s",
            ),
        ]


def page() -> str:
    """The page, in Markdown."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release().split('-')[0]}"
    lines = [
        "# Measured times",
        "",
        "Written by `make bench` (`benchmarks/run.py`): medians of "
        f"{RUNS} runs, each in a process of its own, so that first calls count.",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}; Python {platform.python_version()}, NumPy "
        f"{numpy.__version__}, SciPy {scipy.__version__}, PhysioHub {physiohub.__version__}.",
        "",
        "## Whole processes",
        "",
        "| process | seconds | budget |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| {what} | {taken:.2f} | {budget} |" for what, taken, budget in processes()]
    lines += [
        "",
        "## The exact engine",
        "",
        "Random effects, normal contrasts, every fifth study of three arms (`benchmarks/networks.py`). *Load* is what",
        "the first `ModelSpec` of a process takes, with which the engine is loaded; *fit* is the first fit, from the",
        "checked network to the posterior; *effects* are all ordered pairs with quantiles and predictive intervals;",
        "*ranks* include loading the quasi-random generator. Budgets: 50 x 9 in 20 ms, 1,000 x 100 in 2 s and 1 GB.",
        "",
        "| studies x treatments | load, ms | fit, ms | effects, ms | ranks, ms | peak memory, MB | numerical error |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for studies, treatments in SIZES:
        found = fits(studies, treatments)
        times = " | ".join(f"{1000 * found[key]:.0f}" for key in ("load", "fit", "effects", "ranks"))
        lines.append(
            f"| {studies:,} x {treatments} | {times} | {found['peak_mb']:.0f} | {found['numerical_error']:.0e} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
