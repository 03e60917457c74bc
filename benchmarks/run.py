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
COUNTS = [
    ("smoking",), ("thrombolytics",), ("atrial_fibrillation",), ("diabetes",), ("certolizumab",), ("psoriasis",),
    ("111", "12"), ("300", "40"),
]  # fmt: skip
RUNS = 5


def seconds(*command: str, runs: int = RUNS) -> float:
    """Median wall time of a whole process."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def fits(script: str, *what: str) -> dict[str, float]:
    """Medians over processes of one fit."""
    command = [sys.executable, str(HERE / script), *what]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(RUNS)]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def processes() -> list[tuple[str, float, str]]:
    """The commands that have a budget, with it."""
    program = str(Path(sys.executable).parent / "physiohub")
    with tempfile.TemporaryDirectory() as folder:
        smoking = f"{folder}/smoking.csv"
        physiohub.datasets.table("smoking").to_csv(smoking, index=False)
        question = (
            "--measure",
            "OR",
            "--reference",
            physiohub.datasets.about("smoking").reference,
            "--better",
            "higher",
        )
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
            (
                "`physiohub analyse`, the smoking network (24 x 4), all figures and tables",
                seconds(program, "analyse", smoking, *question, "-o", f"{folder}/smoking", "--quiet"),
                "",
            ),
            (
                "one fit of the smoking network",
                seconds(sys.executable, str(HERE / "one_fit_of_counts.py"), "smoking"),
                "5 s",
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
        found = fits("one_fit.py", str(studies), str(treatments))
        times = " | ".join(f"{1000 * found[key]:.0f}" for key in ("load", "fit", "effects", "ranks"))
        lines.append(
            f"| {studies:,} x {treatments} | {times} | {found['peak_mb']:.0f} | {found['numerical_error']:.0e} |"
        )
    return "\n".join([*lines, *counts()]) + "\n"


def counts() -> list[str]:
    """The section of the collapsed engine."""
    lines = [
        "",
        "## The collapsed engine",
        "",
        "Random effects with default priors; published networks (`physiohub.datasets`) and artificial counts",
        "(`benchmarks/networks.py`). *ESS* is the effective number of draws. Budgets: smoking in 0.3 s, thrombolytics",
        "in 1 s, 111 x 12 in 2 s, each at an ESS of 4,000 or more.",
        "",
        "| network | studies x treatments | load, ms | fit, ms | effects, ms | ESS | Pareto k | error of a log weight "
        "| peak memory, MB |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for what in COUNTS:
        found = fits("one_fit_of_counts.py", *what)
        times = " | ".join(f"{1000 * found[key]:.0f}" for key in ("load", "fit", "effects"))
        quality = (
            f"{found['ess']:,.0f} | {found['pareto_k']:.2f} | {found['numerical_error']:.0e} | {found['peak_mb']:.0f}"
        )
        name = "artificial" if len(what) > 1 else what[0].replace("_", " ")
        lines.append(f"| {name} | {found['studies']:.0f} x {found['treatments']:.0f} | {times} | {quality} |")
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
