"""Every kind of broken input ends in exit 1, one report, no traceback, and nothing on disk."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from physiohub.cli import run
from physiohub.evidence.schema import schema

ARMS = """\
study,treatment,mean,sd,n
Kim 2017,control,5.1,2.0,30
Kim 2017,exercise,4.2,2.1,31
Lee 2018,control,5.4,1.8,40
Lee 2018,exercise,4.6,1.9,42
Lee 2018,manual,4.4,2.2,41
Roe 2019,exercise,4.1,2.0,25
Roe 2019,manual,4.0,2.3,24
"""
CONTRASTS = """\
study,treat1,treat2,TE,seTE
A,x,ref,-0.40,0.15
B,y,ref,-0.20,0.20
C,x,y,-0.10,0.18
"""
QUESTION = ("--measure", "SMD", "--reference", "control", "--better", "lower")


BROKEN = {
    "negative n": ARMS.replace(",30\n", ",-30\n"),
    "fractional n": ARMS.replace(",30\n", ",30.5\n"),
    "zero n": ARMS.replace(",30\n", ",0\n"),
    "nan": ARMS.replace("5.1", "nan"),
    "inf": ARMS.replace("5.1", "inf"),
    "negative sd": ARMS.replace("5.1,2.0", "5.1,-2.0"),
    "missing sd": ARMS.replace("5.1,2.0", "5.1,"),
    "zero sd": ARMS.replace("5.1,2.0", "5.1,0"),
    "not a number": ARMS.replace("5.1", "five"),
    "missing column": "\n".join(line.rpartition(",")[0] for line in ARMS.splitlines()),
    "no treatment column": ARMS.replace("study,treatment", "study,something"),
    "one arm": ARMS + "Solo 2020,manual,4,2,20\n",
    "disconnected": ARMS + "P 2020,yoga,4,2,20\nP 2020,pilates,4,2,20\n",
    "duplicated row": ARMS + "Roe 2019,manual,4.0,2.3,24\n",
    "empty": "",
    "blank": "\n\n",
    "header only": "study,treatment,mean,sd,n\n",
    "ragged": ARMS + "Kim 2017,control,5\n",
    "open quote": ARMS + '"Kim 2017,control,5,2,30\n',
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.usefixtures("home")
def test_broken_input_is_one_report_and_no_output(kind, capsys):
    Path("trials.csv").write_text(BROKEN[kind], encoding="utf-8")
    refused("trials.csv", capsys, *QUESTION)


NO_TEXT = {
    "image": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "latin-1": ARMS.replace("Kim", "Kïm").encode("latin-1"),
    "utf-16": ARMS.encode("utf-16"),
    "cut workbook": b"PK\x03\x04" + bytes(50),
}


@pytest.mark.parametrize("data", NO_TEXT.values(), ids=NO_TEXT.keys())
@pytest.mark.usefixtures("home")
def test_what_is_no_text_is_one_report(data, capsys):
    Path("trials.csv").write_bytes(data)
    refused("trials.csv", capsys, *QUESTION)
    Path("trials.xlsx").write_bytes(data)
    refused("trials.xlsx", capsys, *QUESTION)


COUNTS = "study,treatment,events,total\nA,p,3,20\nA,q,5,21\nB,p,4,30\nB,q,6,30\n"


@pytest.mark.parametrize(
    "table",
    [COUNTS.replace("3,20", cells) for cells in ("-3,20", "2.5,20", "21,20", "inf,20", "0,0", "3,-20", "3,", "x,20")],
)
@pytest.mark.usefixtures("home")
def test_broken_counts(table, capsys):
    Path("counts.csv").write_text(table, encoding="utf-8")
    refused("counts.csv", capsys, "--measure", "OR", "--reference", "p", "--better", "lower")


@pytest.mark.parametrize(
    "table",
    [
        CONTRASTS.replace("0.15", "-0.15"),
        CONTRASTS.replace("0.15", "0"),
        CONTRASTS.replace("0.15", ""),
        CONTRASTS.replace("-0.40", "minus"),
        CONTRASTS + "D,x,x,0.1,0.2\n",
        CONTRASTS + "D,x,ref,-0.4,0.2\nD,y,ref,-0.1,0.2\nD,x,y,0.9,0.2\n",
        CONTRASTS + "D,x,ref,-0.4,0.2\nD,y,ref,-0.1,0.2\n",
        CONTRASTS + "D,x,ref,-0.4,0.1\nD,y,ref,-0.1,0.1\nD,x,y,-0.3,0.9\n",
    ],
)
@pytest.mark.usefixtures("home")
def test_broken_contrasts(table, capsys):
    Path("pairs.csv").write_text(table, encoding="utf-8")
    refused("pairs.csv", capsys, "--measure", "SMD", "--reference", "ref", "--better", "lower")


def refused(name: str, capsys: pytest.CaptureFixture[str], *question: str) -> None:
    """Exit 1 from analyse and from check, told on standard error, with nothing on disk and no traceback."""
    before = sorted(Path().iterdir())
    capsys.readouterr()
    assert run(["analyse", name, "-o", "out", *question]) == 1
    streams = capsys.readouterr()
    assert "Traceback" not in streams.err
    assert "error: " in streams.err
    assert streams.out == ""
    assert sorted(Path().iterdir()) == before
    assert run(["check", name, "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("check"))
    assert any(issue["severity"] == "error" for issue in document["issues"])
