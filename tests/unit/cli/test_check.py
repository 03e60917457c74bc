"""`physiohub check`: what it accepts, and its report in text and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from physiohub.cli import run
from physiohub.evidence.schema import schema

QUESTION = ("--measure", "SMD", "--reference", "control", "--better", "lower")


def test_check_of_a_good_table_needs_no_option(home, capsys):
    assert run(["check", "trials.csv"]) == 0
    out = capsys.readouterr().out
    assert "column mean -> mean" in out
    assert "3 studies, 3 treatments, 233 participants" in out


@pytest.mark.parametrize(
    "options",
    [
        QUESTION,
        ("--effects", "common", "--tau-prior", "half-normal(0.5)", "--effect-prior", "normal(0, 10)"),
        ("--baseline-prior", "flat", "--likelihood", "contrast", "--engine", "exact", "--level", "0.9", "--seed", "3"),
        ("--exclude", "Kim 2017=a reason", "--column", "sd=sd"),
    ],
)
@pytest.mark.usefixtures("home")
def test_check_takes_the_options_of_analyse(options):
    assert run(["check", "trials.csv", *options]) == 0


def test_check_json(home, capsys):
    Path("trials.csv").write_text(
        home.joinpath("trials.csv").read_text().replace("2.1,31", "-2.1,31").replace("4.6,1.9,42", "abc,1.9,42"),
        encoding="utf-8",
    )
    assert run(["check", "trials.csv", "--format", "json"]) == 1
    streams = capsys.readouterr()
    document = json.loads(streams.out)
    jsonschema.validate(document, schema("check"))
    assert document["schema"] == "physiohub/check/1"
    places = {(issue["study"], issue["row"], issue["column"], issue["value"]) for issue in document["issues"]}
    assert {("Kim 2017", 3, "sd", "-2.1"), ("Lee 2018", 5, "mean", "abc")} <= places
    assert "error" in streams.err


def test_check_lines_in_a_pipe_are_whole(home, shell):
    name = "Kim " + "and a very long list of authors " * 8
    Path("trials.csv").write_text(
        home.joinpath("trials.csv").read_text().replace("Kim 2017", name).replace("2.1,31", "-2.1,31"), encoding="utf-8"
    )
    code, out, _ = shell("check", "trials.csv")
    assert code == 1
    line = next(line for line in out.splitlines() if line.startswith("error:"))
    assert name.strip() in line
    assert "'-2.1'" in line


def test_letters_that_steer_a_terminal_are_shown_and_not_obeyed(home, shell):
    Path("trials.csv").write_text(
        home.joinpath("trials.csv").read_text().replace("Kim 2017", "Kim\x1b[2J").replace("2.1,31", "-2.1,31"),
        encoding="utf-8",
    )
    _, out, err = shell("check", "trials.csv")
    assert "\x1b" not in out + err
