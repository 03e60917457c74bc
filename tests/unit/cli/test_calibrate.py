"""`physiohub calibrate`: what it writes, what it prints, and when it says that something is wrong."""

from __future__ import annotations

import csv
import json
import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from tests.unit.report.pictures import check_texts

from physiohub.analysis import calibration
from physiohub.analysis.calibration import calibrate
from physiohub.analysis.calibration_quantities import transforms
from physiohub.analysis.calibration_scenarios import SCENARIOS
from physiohub.cli import run
from physiohub.report.calibration import as_document, calibration_table, markdown_page
from physiohub.report.figures.calibration import histogram_figure

HERE = ["calibrate", "--workers", "0", "--likelihood", "normal-contrasts"]
SMALL = [*HERE, "--replicates", "40"]


@pytest.fixture
def squared(monkeypatch):
    """An engine whose answers are wrong: every transform squared."""
    monkeypatch.setattr(calibration, "transforms", lambda *given: {k: u**2 for k, u in transforms(*given).items()})


def test_a_run_writes_numbers_table_page_and_pictures(home, capsys):
    assert run([*SMALL, "--likelihood", "normal-arms", "-o", "out"]) == 0
    out = capsys.readouterr().out
    assert "Calibrated: no problem found in 24 tests" in out
    files = {path.relative_to("out").as_posix() for path in Path("out").rglob("*") if path.is_file()}
    pictures = {f"figures/ranks-{n}.{kind}" for n in ("normal-arms", "normal-contrasts") for kind in ("svg", "png")}
    assert files == {"README.md", "calibration.csv", "calibration.json", "run.toml"} | pictures
    document = json.loads(Path("out/calibration.json").read_text(encoding="utf-8"))
    assert document["calibrated"] is True
    assert [s["scenario"] for s in document["scenarios"]] == ["normal-contrasts", "normal-arms"]
    with Path("out/calibration.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    told = {(s["scenario"], q["quantity"]): q for s in document["scenarios"] for q in s["quantities"]}
    for row in rows:
        found = told[row["scenario"], row["quantity"]]
        assert float(row["ecdf_p"]) == found["ecdf_p"]
        assert float(row["coverage_95"]) == found["coverage"][2]
        assert sum(found["histogram"]) == int(row["count"]) == 40
    page = Path("out/README.md").read_text(encoding="utf-8")
    assert all((Path("out") / target).is_file() for target in re.findall(r"\]\(([^)]+)\)", page))
    with Path("out/run.toml").open("rb") as file:
        written = tomllib.load(file)
    assert written["command"] in page
    assert run([*written["command"].split()[1:], "--workers", "0", "-o", "out", "--quiet"]) == 0
    again = json.loads(Path("out/calibration.json").read_text(encoding="utf-8"))
    again_numbers, numbers = ([s["quantities"] for s in d["scenarios"]] for d in (again, document))
    assert again_numbers == numbers


def test_a_wrong_engine_ends_with_code_1_and_is_written_all_the_same(home, capsys, squared):
    assert run([*HERE, "--replicates", "100", "-o", "out"]) == 1
    shown = capsys.readouterr()
    assert "Not calibrated: normal-contrasts: " in shown.err
    assert "is not uniform" in shown.err
    assert "Calibrated:" not in shown.out
    assert json.loads(Path("out/calibration.json").read_text(encoding="utf-8"))["calibrated"] is False
    assert "Not calibrated" in Path("out/README.md").read_text(encoding="utf-8")


def test_refusals_are_printed_with_their_reason(home, capsys, monkeypatch):
    from physiohub.errors import ModelError

    def never(*given):
        raise ModelError("This cannot be answered.")

    monkeypatch.setattr(calibration, "transforms", never)
    assert run([*SMALL, "-o", "out"]) == 1
    shown = capsys.readouterr()
    assert "40 x This cannot be answered." in shown.out
    assert "40 of 40 replicates have no answer" in shown.err
    assert "Too few answers to judge." in Path("out/README.md").read_text(encoding="utf-8")


def test_all_leaves_out_what_the_exact_engine_cannot_answer(home, capsys):
    assert run(["calibrate", "--workers", "0", "--engine", "exact", "--replicates", "20", "--quiet", "-o", "out"]) == 0
    assert capsys.readouterr() == ("", "")
    document = json.loads(Path("out/calibration.json").read_text(encoding="utf-8"))
    assert {s["scenario"] for s in document["scenarios"]} == {n for n in SCENARIOS if n.startswith("normal")}
    assert {s["engine"] for s in document["scenarios"]} == {"exact"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--engine", "gibbs"], "--engine must be one of auto, exact, collapsed, nuts"),
        (["--likelihood", "beta"], "Choose from: normal-arms"),
        (["--likelihood", "poisson", "--engine", "exact"], "does not answer poisson"),
        (["--workers", "1", "--scheduler", "tcp://127.0.0.1:9"], "give one of them"),
        (["--replicates", "19"], "greater than or equal to 20"),
        (["--workers", "-1"], "greater than or equal to 0"),
    ],
)
def test_wrong_usage_ends_with_code_2_before_any_work(home, capsys, monkeypatch, arguments, complaint):
    monkeypatch.setattr("physiohub.cli.calibrate._fleet", lambda *given: pytest.fail("workers were started"))
    assert run(["calibrate", *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_a_folder_of_somebody_else_is_left_alone_before_the_work(home, capsys):
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("kept", encoding="utf-8")
    assert run([*SMALL, "-o", "mine"]) == 2
    assert [path.name for path in Path("mine").iterdir()] == ["notes.txt"]


def test_without_dask_the_error_names_the_extra_and_the_way_without(home, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run(["calibrate", "--likelihood", "normal-contrasts", "--replicates", "20"]) == 2
    assert "pip install 'physiohub[cluster]'" in capsys.readouterr().err
    assert run([*HERE, "--replicates", "20"]) == 0


def test_progress_counts_replicates_on_a_terminal(capsys, monkeypatch):
    from physiohub.cli.calibrate import _bars

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with _bars([SCENARIOS["poisson"]], 60, quiet=False) as told:
        told("poisson", 5)
        told("poisson", 55)
    assert "60/60" in capsys.readouterr().err
    with _bars([SCENARIOS["poisson"]], 60, quiet=True) as told:
        told("poisson", 60)
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_workers_on_this_machine_give_the_same_numbers(home, shell):
    arguments = ["calibrate", "--likelihood", "normal-contrasts", "--replicates", "40", "--quiet"]
    assert run([*arguments, "--workers", "0", "-o", "alone"]) == 0
    code, out, err = shell(*arguments, "--workers", "2", "-o", "together")
    assert (code, out, err) == (0, "", "")
    alone, together = (
        json.loads(Path(name, "calibration.json").read_text(encoding="utf-8")) for name in ("alone", "together")
    )
    for one, other in zip(alone["scenarios"][0]["quantities"], together["scenarios"][0]["quantities"], strict=True):
        assert one["histogram"] == other["histogram"]
        assert one["deviation"] == pytest.approx(other["deviation"], abs=1e-9)  # rounding in another process


def test_the_picture_is_whole_and_says_what_the_numbers_say():
    found = calibrate([SCENARIOS["normal-arms"]], replicates=100)
    (result,) = found.results
    figure = histogram_figure(result)
    check_texts(figure)
    worst = min(result.quantities, key=lambda q: q.smallest_p)
    assert worst.quantity in figure.description
    assert len(figure.table.rows) == sum(len(q.histogram) for q in result.quantities)
    page = markdown_page(found, "physiohub calibrate")
    assert all(f"| {q.quantity} | 100 |" in page for q in result.quantities)
    assert json.loads(json.dumps(as_document(found)))["tests"] == 12
    assert len(calibration_table(found).rows) == 6


def test_the_band_of_the_picture_holds_99_of_100_bins():
    from physiohub.analysis.uniformity import uniformity
    from physiohub.report.figures.calibration import _band

    low, high = _band(uniformity("d", (np.arange(1000) + 0.5) / 1000))
    counts = np.random.default_rng(1).binomial(1000, 1 / 20, 20_000)
    inside = np.mean((counts >= low) & (counts <= high))
    assert 0.99 - 0.004 < inside < 1 - 0.002  # discrete, so a little more than 99%; SE 0.0007
