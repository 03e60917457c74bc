"""Questions and places that are refused: wrong usage is 2, a name that the data do not have is 1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from physiohub.cli import run

QUESTION = ("--measure", "SMD", "--reference", "control", "--better", "lower")


@pytest.mark.parametrize("left_out", ["--measure", "--reference", "--better"])
@pytest.mark.usefixtures("home")
def test_a_table_needs_its_question(left_out, capsys):
    k = QUESTION.index(left_out)
    assert run(["analyse", "trials.csv", "-o", "out", *QUESTION[:k], *QUESTION[k + 2 :]]) == 2
    assert left_out in capsys.readouterr().err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--measure", "XYZ"),
        ("--better", "left"),
        ("--effects", "mixed"),
        ("--likelihood", "magic"),
        ("--engine", "jags"),
        ("--level", "0.5"),
        ("--level", "1"),
        ("--level", "95"),
        ("--level", "nan"),
        ("--tau-prior", "nonsense(1)"),
        ("--tau-prior", "half-normal(-1)"),
        ("--effect-prior", "half-normal(1)"),
        ("--baseline-prior", "normal(0)"),
        ("--seed", "-1"),
        ("--seed", "x"),
        ("--column", "sd"),
        ("--column", "=sd"),
        ("--column", "no_such_role=sd"),
        ("--exclude", "=reason"),
        ("--zero-cells", "0.5"),
    ],
)
@pytest.mark.parametrize("command", ["check", "analyse"])
@pytest.mark.usefixtures("home")
def test_a_word_that_does_not_exist_is_wrong_usage(command, options, capsys):
    output = ["-o", "out"] if command == "analyse" else []
    assert run([command, "trials.csv", *output, *QUESTION, *options]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    "options",
    [("--reference", "no such treatment"), ("--exclude", "No Such Study"), ("--column", "sd=no such column")],
)
@pytest.mark.usefixtures("home")
def test_a_name_that_the_data_do_not_contain_is_a_data_error(options, capsys):
    assert run(["analyse", "trials.csv", "-o", "out", *QUESTION, *options]) == 1
    assert "o such" in capsys.readouterr().err.replace("No Such", "No such")
    assert not Path("out").exists()


@pytest.mark.parametrize(
    "option", [("--measure", "SMD"), ("--reference", "control"), ("--exclude", "A"), ("--level", "0.9")]
)
@pytest.mark.parametrize("command", ["check", "analyse"])
@pytest.mark.usefixtures("home")
def test_options_of_a_table_are_refused_for_a_review(command, option, capsys):
    assert run(["new", "knee"]) == 0
    output = ["-o", "out"] if command == "analyse" else []
    assert run([command, "knee", *output, *option]) == 2
    err = capsys.readouterr().err
    assert option[0] in err
    assert "review.toml" in err


COUNTS = "study,treatment,events,total\nA,x,0,40\nA,ref,5,41\nB,x,4,60\nB,ref,9,62\n"


@pytest.mark.usefixtures("home")
def test_zero_cells_are_corrected_aloud_or_refused(capsys):
    Path("counts.csv").write_text(COUNTS, encoding="utf-8")
    question = ["--measure", "OR", "--reference", "ref", "--better", "lower", "--likelihood", "contrast"]
    assert run(["analyse", "counts.csv", "-o", "none", *question, "--zero-cells", "none"]) == 1
    err = capsys.readouterr().err
    assert "study A" in err
    assert "--zero-cells 0.5" in err
    assert not Path("none").exists()
    assert run(["analyse", "counts.csv", "-o", "out", *question, "--zero-cells", "0.25"]) == 0
    results = json.loads(Path("out/results.json").read_text(encoding="utf-8"))["outcomes"]["outcome"]
    assert results["zero_cells"] == {"added": 0.25, "corrected": ["A"], "left_out": []}
    assert any("0.25 was added" in warning for warning in results["warnings"])
    assert "--zero-cells 0.25" in Path("out/run.toml").read_text(encoding="utf-8")
    assert run(["analyse", "counts.csv", "-o", "out", *question, "--zero-cells", "half"]) == 2


def test_existing_output(home, capsys):
    table = Path("trials.csv").read_text(encoding="utf-8")
    Path("out").mkdir()
    assert run(["analyse", "trials.csv", "-o", "out", *QUESTION]) == 0
    assert run(["analyse", "trials.csv", "-o", "out", *QUESTION]) == 0
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("mine")
    assert run(["analyse", "trials.csv", "-o", "mine", *QUESTION]) == 2
    assert [path.name for path in Path("mine").iterdir()] == ["thesis.txt"]
    assert run(["analyse", "trials.csv", "-o", "trials.csv", *QUESTION]) == 2
    assert Path("trials.csv").read_text(encoding="utf-8") == table
