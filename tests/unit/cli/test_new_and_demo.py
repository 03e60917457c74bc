"""`physiohub new` makes a review that can be filled in; `physiohub demo` analyses the bundled one."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest

from physiohub.cli import run
from physiohub.cli.demo import data_directory
from physiohub.cli.new import slug
from physiohub.evidence.schema import schema


def test_new_review_is_read_and_check_says_what_to_fill_in(home, capsys):
    assert run(["new", "Knee pain"]) == 0
    with Path("Knee pain/review.toml").open("rb") as file:
        assert tomllib.load(file)["review"]["id"] == "knee-pain"
    assert "physiohub check 'Knee pain'" in capsys.readouterr().out
    assert run(["check", "Knee pain", "--format", "json"]) == 1
    issues = json.loads(capsys.readouterr().out)["issues"]
    assert {issue["rule"] for issue in issues if issue["severity"] == "error"} == {"no-rows"}
    title = next(
        k for k, line in enumerate(Path("Knee pain/review.toml").read_text().splitlines(), 1) if "title" in line
    )
    assert ("fill-in", title, "title") in {(issue["rule"], issue["row"], issue["column"]) for issue in issues}


def test_new_review_is_good_once_rows_are_in(home, capsys):
    assert run(["new", "knee"]) == 0
    header = Path("knee/arms.csv").read_text(encoding="utf-8")
    place = {name: k for k, name in enumerate(header.strip().split(","))}
    rows = []
    for study, treatment, mean in (("A 2020", "control", 40), ("A 2020", "exercise", 33), ("B 2021", "control", 41),
                                   ("B 2021", "manual", 35)):  # fmt: skip
        cells = [""] * len(place)
        filled = {
            "study": study,
            "treatment": treatment,
            "outcome": "pain",
            "weeks": "12",
            "n": "40",
            "mean": str(mean),
        }
        filled |= {"sd": "20", "value_type": "final", "instrument": "VAS", "scale_min": "0", "scale_max": "100"}
        for name, cell in filled.items():
            cells[place[name]] = cell
        rows.append(",".join(cells))
    Path("knee/arms.csv").write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    assert run(["check", "knee"]) == 0
    protocol = Path("knee/review.toml")
    protocol.write_text(protocol.read_text(encoding="utf-8").replace("FILL IN", "filled in"), encoding="utf-8")
    capsys.readouterr()
    assert run(["check", "knee"]) == 0
    assert "still here" not in capsys.readouterr().out
    assert run(["analyse", "knee/review.toml", "-o", "out", "--quiet"]) == 0


def test_new_changes_nothing_that_is_there(home, capsys):
    before = sorted(home.rglob("*"))
    assert run(["new", str(home)]) == 2
    assert run(["new", "trials.csv"]) == 2
    assert sorted(home.rglob("*")) == before
    assert "nothing was changed" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "ident"), [("Knie & Hüfte", "knie-h-fte"), ("---", "review"), ("a", "a")])
def test_slug(name, ident):
    assert slug(name) == ident


def test_demo(home, capsys):
    assert run(["demo", "--no-serve", "--data", "data"]) == 0
    out = capsys.readouterr().out
    report = Path("data/demo/chronic-low-back-pain/report.html")
    assert str(report) in out
    assert report.is_file()
    results = json.loads(report.with_name("results.json").read_text(encoding="utf-8"))
    jsonschema.validate(results, schema("results"))
    assert results["review"]["id"] == "chronic-low-back-pain"
    assert {"pain", "rmdq", "odi"} <= {name.lower() for name in results["outcomes"]}
    run_file = report.with_name("run.toml").read_text(encoding="utf-8")
    assert str(home) not in run_file
    assert str(Path.home()) not in run_file


@pytest.mark.skipif(sys.platform != "linux", reason="the rule of Linux")
def test_data_directory(monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert data_directory() == Path("/somewhere/physiohub")
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_DATA_HOME", ignored)
        assert data_directory() == Path.home() / ".local" / "share" / "physiohub"
