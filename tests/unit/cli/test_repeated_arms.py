"""`--repeated-arms`: two arms of a study on one treatment, from the command line to run.toml and back."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

import physiohub as ph
from physiohub.cli import run

QUESTION = ("--measure", "IRR", "--reference", "Control", "--better", "lower", "--quiet")


@pytest.fixture
def diet(home: Path) -> str:
    ph.datasets.table("dietary_fat").to_csv("diet.csv", index=False)
    return "diet.csv"


def results(folder: str) -> dict[str, Any]:
    text = Path(folder, "results.json").read_text(encoding="utf-8")
    return dict(json.loads(text)["outcomes"]["outcome"])


@pytest.mark.parametrize(
    ("options", "arms"), [((), 21), (("--repeated-arms", "keep"), 21), (("--repeated-arms", "merge"), 20)]
)
def test_kept_or_merged_and_run_again(diet: str, options: tuple[str, ...], arms: int) -> None:
    assert run(["analyse", diet, "-o", "out", *QUESTION, *options]) == 0
    first = results("out")
    assert first["network"]["arms"] == arms
    assert len(first["notes"]) == 1
    command = tomllib.loads(Path("out/run.toml").read_text(encoding="utf-8"))["rerun"]["command"]
    assert ("--repeated-arms merge" in command) is (arms == 20)
    words = shlex.split(command)
    assert words[:2] == ["physiohub", "analyse"]
    words[words.index("--output") + 1] = "again"
    assert run([*words[1:], "--quiet"]) == 0
    again = results("again")
    assert again["relative_effects"] == first["relative_effects"]
    assert again["notes"] == first["notes"]


def test_refused(diet: str, capsys) -> None:
    assert run(["analyse", diet, "-o", "out", *QUESTION, "--repeated-arms", "refuse"]) == 1
    error = " ".join(capsys.readouterr().err.split())
    assert "London Corn/Olive" in error
    assert "2 arms of the study are on Reduced Fat" in error
    assert not Path("out").exists()


def test_check_takes_it(diet: str, capsys) -> None:
    assert run(["check", diet]) == 0
    assert run(["check", diet, "--repeated-arms", "refuse", "--format", "json"]) == 1
    assert '"rule": "arms-repeated"' in capsys.readouterr().out


@pytest.mark.parametrize("command", ["analyse", "check"])
def test_another_word_is_wrong_usage(diet: str, command: str, capsys) -> None:
    target = ["-o", "out", *QUESTION] if command == "analyse" else []
    assert run([command, diet, *target, "--repeated-arms", "drop"]) == 2
    assert "keep, merge or refuse" in capsys.readouterr().err


def test_a_review_has_its_own_rule(home: Path, capsys) -> None:
    folder = str(Path(ph.__file__).parent / "reviews" / "chronic-low-back-pain")
    assert run(["analyse", folder, "-o", "out", "--repeated-arms", "merge"]) == 2
    assert "--repeated-arms is for tables" in " ".join(capsys.readouterr().err.split())
