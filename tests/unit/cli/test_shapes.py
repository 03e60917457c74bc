"""Tables in other shapes than one CSV row per arm, from the command line: checked, analysed, and run again."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path

import pytest
from tests.properties import shapes

from physiohub.cli import run

ARMS = (
    ["study", "treatment", "events", "total"],
    [["A", "x", "3", "20"], ["A", "y", "5", "21"], ["B", "x", "2", "19"], ["B", "y", "1", "18"], ["B", "z", "4", "22"],
     ["C", "y", "6", "30"], ["C", "z", "2", "31"]],
)  # fmt: skip
QUESTION = ("--measure", "OR", "--reference", "x", "--better", "lower")


def results(folder: str) -> dict:
    document: dict = json.loads(Path(folder, "results.json").read_text(encoding="utf-8"))
    del document["inputs"]
    del document["outcomes"]["outcome"]["engine"]["seconds"]
    return document


@pytest.mark.parametrize("shape", ["wide bugs", "xlsx", "rm5"])
@pytest.mark.usefixtures("home")
def test_checked_analysed_and_run_again(shape, capsys):
    files = shapes.every_shape(ARMS, Path())
    assert run(["check", str(files[shape]), *QUESTION]) == 0
    assert run(["analyse", str(files["csv"]), "-o", "plain", *QUESTION]) == 0
    assert run(["analyse", str(files[shape]), "-o", "out", *QUESTION]) == 0
    assert results("out") == results("plain")
    command = tomllib.loads(Path("out/run.toml").read_text(encoding="utf-8"))["rerun"]["command"]
    words = shlex.split(command.replace("--output out", "--output again"))
    assert run(words[1:]) == 0
    assert results("again") == results("out")


@pytest.mark.usefixtures("home")
def test_one_outcome_of_a_table(capsys):
    pain = ["outcome", "study", "treatment", "mean", "sd", "n"]
    rows = [["pain", s, t, m, "2.0", "30"] for s in "AB" for t, m in (("x", "5"), ("y", "4"))]
    rows += [["function", "A", t, "none", "2", "30"] for t in "xy"]
    shapes.write_text(Path("both.csv"), (pain, rows), ",")
    question = ("--measure", "MD", "--reference", "x", "--better", "lower")
    assert run(["check", "both.csv", *question]) == 1
    assert "--outcome" in capsys.readouterr().out
    assert run(["check", "both.csv", *question, "--outcome", "Pain"]) == 0
    assert run(["analyse", "both.csv", "-o", "out", *question, "--outcome", "pain"]) == 0
    options = tomllib.loads(Path("out/run.toml").read_text(encoding="utf-8"))
    assert options["options"]["--outcome"] == "pain"
    assert "--outcome pain" in options["rerun"]["command"]
    capsys.readouterr()
    assert run(["analyse", "both.csv", "-o", "none", *question, "--outcome", "sleep"]) == 1
    assert "pain; function" in capsys.readouterr().err
    assert not Path("none").exists()
    assert run(["check", "trials.csv", "--outcome", "pain"]) == 1


@pytest.mark.usefixtures("home")
def test_a_review_has_its_outcomes_in_its_protocol(capsys):
    assert run(["new", "review"]) == 0
    assert run(["check", "review", "--outcome", "pain"]) == 2
    assert "--outcome" in capsys.readouterr().err
