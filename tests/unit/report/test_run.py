"""One call from the data to a folder: what it takes, what it writes, and that it can be run again."""

from __future__ import annotations

import copy
import hashlib
import json
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from physiohub.cli import run as command_line
from physiohub.errors import DataError, UsageError
from physiohub.evidence.record import outcome_record
from physiohub.evidence.review import bundled_review
from physiohub.evidence.schema import InvalidDocumentError
from physiohub.model.spec import ModelSpec
from physiohub.prepare.tables import read_table
from physiohub.report import run
from physiohub.report.run import analyse

ARMS = """\
Trial,Group,mean,sd,n
Kim 2017,control,5.1,2.0,30
Kim 2017,exercise,4.2,2.1,31
Lee 2018,control,5.4,1.8,40
Lee 2018,exercise,4.6,1.9,42
Lee 2018,manual,4.4,2.2,41
"""
COLUMNS = {"treatment": "Group"}
SPEC = ModelSpec(measure="MD", tau_prior="half-normal(1)", seed=7)


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my trials.csv").write_text(ARMS, encoding="utf-8")
    return Path("my trials.csv")


@pytest.fixture
def analysis(table):
    return analyse(table, SPEC, better="lower", reference="control", columns=COLUMNS, exclude={"Kim 2017": "a = b"})


def without_time(results: Mapping[str, Any]) -> Any:
    kept = copy.deepcopy(results)
    for outcome in kept["outcomes"].values():
        del outcome["engine"]["seconds"]
    return kept


def test_results_are_the_same_for_the_same_input_and_seed(table, analysis):
    again = analyse(table, SPEC, better="lower", reference="control", columns=COLUMNS, exclude={"Kim 2017": "a = b"})
    assert without_time(again.results) == without_time(analysis.results)


def test_a_network_gives_the_answers_of_its_table(table, analysis):
    network = read_table(table, reference="control", measure="MD", columns=COLUMNS, exclude={"Kim 2017": "a = b"})
    found = analyse(network, SPEC, better="lower")
    assert without_time(found.results) == without_time(analysis.results)
    assert "rerun" not in found._run_again("build")


def test_run_file_holds_what_it_takes_to_run_again(analysis, tmp_path):
    analysis.write("first run")
    with Path("first run/run.toml").open("rb") as file:
        written = tomllib.load(file)
    digest = hashlib.sha256(Path("my trials.csv").read_bytes()).hexdigest()
    assert written["inputs"]["sha256"] == digest
    assert written["inputs"]["files"] == {"my trials.csv": digest}
    assert written["columns"]["table"]["treatment"] == "Group"
    assert written["outcomes"]["outcome"]["priors"]["tau"] == "half-normal(1)"
    assert {"python", "numpy", "scipy", "version"} <= written["software"].keys()
    assert str(tmp_path) not in Path("first run/run.toml").read_text(encoding="utf-8")
    words = shlex.split(written["rerun"]["command"])
    assert words[:2] == ["physiohub", "analyse"]
    words[words.index("first run")] = "second run"
    assert command_line(words[1:]) == 0
    first, second = (json.loads(Path(f"{k} run/results.json").read_text(encoding="utf-8")) for k in ("first", "second"))
    assert without_time(first) == without_time(second)


def test_every_file_is_named_by_its_outcome(analysis):
    files = analysis.files()
    assert {"results.json", "report.html", "run.toml"} <= files.keys()
    scripts = {name for name in files if name.startswith("scripts/outcome/")}
    others = files.keys() - {"results.json", "report.html", "run.toml"} - scripts
    assert all(name.startswith(("tables/outcome-", "figures/outcome-")) for name in others)
    assert all(name.endswith((".csv", ".svg", ".png", ".vl.json")) for name in others)
    assert {name[:-4] for name in others if name.endswith(".svg")} == {n[:-4] for n in others if n.endswith(".png")}
    json.loads(files["results.json"], parse_constant=pytest.fail)


def test_report_is_the_file(analysis):
    assert analysis.files()["report.html"] == analysis.report_html()


def test_invalid_results_are_not_written(table, monkeypatch):
    def broken(*arguments, **options):
        found = outcome_record(*arguments, **options)
        found["relative_effects"][0]["mean"] = float("nan")
        return found

    monkeypatch.setattr(run, "outcome_record", broken)
    with pytest.raises(InvalidDocumentError, match="relative_effects"):
        analyse(table, SPEC, better="lower", reference="control", columns=COLUMNS)


def test_steps_are_told(table):
    told = []
    analyse(table, SPEC, better="lower", reference="control", columns=COLUMNS, progress=lambda *step: told.append(step))
    assert told == [("", "reading"), ("outcome", "computing"), ("", "drawing")]


def test_the_input_is_never_replaced(analysis):
    Path("run.toml").write_text("")
    with pytest.raises(UsageError):
        analysis.write("../" + Path.cwd().name)
    assert Path("my trials.csv").is_file()


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        (None, {"better": "lower", "reference": "control"}),
        (SPEC, {"reference": "control"}),
        (SPEC, {"better": "left", "reference": "control"}),
        (SPEC, {"better": "lower"}),
    ],
)
def test_half_a_question_is_refused(table, spec, options):
    with pytest.raises(UsageError):
        analyse(table, spec, **options)


def test_a_review_and_a_network_are_not_asked_twice(table):
    network = read_table(table, reference="control", columns=COLUMNS)
    with pytest.raises(UsageError, match="network"):
        analyse(network, SPEC, better="lower", reference="control")
    with pytest.raises(UsageError, match=r"review\.toml"):
        analyse(bundled_review(), SPEC)


def test_a_folder_without_a_review(tmp_path):
    with pytest.raises(DataError):
        analyse(tmp_path)
