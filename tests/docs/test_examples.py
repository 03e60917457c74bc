"""Every example of the documentation runs and prints what the page shows; so does the README's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.examples import PAGES, pages, renewed, steps

from physiohub.cli import run

README_TABLE = """study,treatment,n,mean,sd
Kim 2017,exercise,15,21.27,3.37
Kim 2017,traction,15,28.93,4.61
Patti 2016,exercise,19,6.5,4.0
Patti 2016,control,19,8.4,7.8
"""


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.relative_to(PAGES).as_posix())
def test_page_shows_what_is_printed(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = [step.report for step in steps(page.read_text(encoding="utf-8")) if not step.agrees]
    assert not wrong, "\n\n".join(wrong)


def test_enough_examples_are_run() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in pages())
    assert text.count("\n>>> ") > 60
    assert text.count("\n$ ") > 15


def test_a_false_output_is_seen_and_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = "```python\n>>> 1 + 1\n3\n```\n\n```console\n$ echo a \\\n  b\nc\n$ echo d\nd\n```\n"
    found = list(steps(page))
    assert [step.agrees for step in found] == [False, False, True]
    assert renewed(page, found) == page.replace("\n3\n", "\n2\n").replace("\nc\n", "\na b\n")


def test_the_readme_runs(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("trials.csv").write_text(README_TABLE, encoding="utf-8")
    text = (repository / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\.venv/bin/physiohub (analyse .*)$", text, flags=re.MULTILINE)
    assert commands
    for command in commands:
        assert run(command.split()) == 0, capsys.readouterr().err
    programs = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert programs
    for program in programs:
        exec(program, {})
    assert Path("league.html").is_file()
