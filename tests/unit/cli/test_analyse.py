"""`physiohub analyse`: what it writes, and what is left when it is ended half-way."""

from __future__ import annotations

import json
import os
import pty
import signal
import time
import tomllib
from pathlib import Path

import jsonschema
import pytest

from physiohub.cli import run
from physiohub.evidence.schema import schema

CONTRASTS = """\
study,treat1,treat2,TE,seTE
A,x,ref,-0.40,0.15
B,y,ref,-0.20,0.20
C,x,y,-0.10,0.18
"""
QUESTION = ("--measure", "SMD", "--reference", "control", "--better", "lower")


def test_analyse_a_table(home, capsys):
    assert run(["analyse", "trials.csv", "-o", "out", *QUESTION]) == 0
    streams = capsys.readouterr()
    assert "control" in streams.out
    assert "Columns of table: study, treatment, mean, sd, n" in streams.out
    results = json.loads(Path("out/results.json").read_text(encoding="utf-8"))
    jsonschema.validate(results, schema("results"))
    assert list(results["outcomes"]) == ["outcome"]
    assert results["outcomes"]["outcome"]["network"]["participants"] == 233
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "figures", "report.html", "results.json", "run.toml", "scripts", "tables",
    ]  # fmt: skip
    svgs = {path.stem for path in Path("out/figures").glob("*.svg")}
    assert svgs
    assert svgs == {path.name.removesuffix(".vl.json") for path in Path("out/figures").glob("*.vl.json")}
    assert sorted(path.name for path in home.iterdir()) == ["out", "trials.csv"]


def test_analyse_contrasts(home):
    Path("pairs.csv").write_text(CONTRASTS, encoding="utf-8")
    assert (
        run(["analyse", "pairs.csv", "-o", "out", "--measure", "SMD", "--reference", "ref", "--better", "lower"]) == 0
    )
    assert Path("out/report.html").is_file()


def test_options_reach_the_model(home):
    options = ["--effects", "random", "--tau-prior", "half-normal(0.3)", "--effect-prior", "normal(0, 10)"]
    options += ["--engine", "exact", "--likelihood", "contrast", "--level", "0.9", "--seed", "7"]
    options += ["--exclude", "Roe 2019=retracted", "--column", "sd=sd", "--quiet"]
    assert run(["analyse", "trials.csv", "-o", "out", *QUESTION, *options]) == 0
    outcome = json.loads(Path("out/results.json").read_text(encoding="utf-8"))["outcomes"]["outcome"]
    assert outcome["priors"]["tau"] == "half-normal(0.3)"
    assert outcome["priors"]["d"] == "normal(0, 10)"
    assert "tau" not in outcome["priors"]["defaulted"]
    assert outcome["level"] == 0.9
    assert outcome["network"]["studies"] == 2
    assert outcome["excluded"] == [{"study": "Roe 2019", "reason": "retracted"}]
    with Path("out/run.toml").open("rb") as file:
        written = tomllib.load(file)
    assert written["outcomes"]["outcome"]["seed"] == 7
    assert "'Roe 2019=retracted'" in written["rerun"]["command"]


def test_quiet_says_nothing(home, capsys):
    assert run(["analyse", "trials.csv", "-o", "out", *QUESTION, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_pipe_has_no_progress_and_terminal_has(home, shell, start):
    code, _, err = shell("analyse", "trials.csv", "-o", "out", *QUESTION)
    assert (code, err) == (0, "")
    main, terminal = pty.openpty()
    process = start("analyse", "trials.csv", "-o", "out", *QUESTION, stderr=terminal)
    os.close(terminal)
    seen = b""
    while True:
        try:
            piece = os.read(main, 4096)
        except OSError:  # the other end has closed
            break
        if not piece:
            break
        seen += piece
    process.communicate(timeout=60)
    os.close(main)
    assert process.returncode == 0
    assert b"outcome" in seen


SLOW = """
import time
from pathlib import Path
from physiohub.cli import main
write = Path.write_text
def slow(self, *arguments, **options):
    count = write(self, *arguments, **options)
    print("half-way", flush=True)
    time.sleep(60)
    return count
Path.write_text = slow
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_ended_while_writing(home, start, number, code):
    assert run(["analyse", "trials.csv", "-o", "out", *QUESTION, "--quiet"]) == 0
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    process = start("analyse", "trials.csv", "-o", "out", *QUESTION, "--quiet", program=SLOW)
    assert process.stdout is not None
    assert process.stdout.readline() == "half-way\n"
    time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in err
    assert {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()} == before
    if number != signal.SIGKILL:
        assert sorted(path.name for path in home.iterdir()) == ["out", "trials.csv"]
    assert run(["analyse", "trials.csv", "-o", "out", *QUESTION, "--quiet"]) == 0
    assert sorted(path.name for path in home.iterdir()) == ["out", "trials.csv"]
