"""A folder with one good table, and the program as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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
PROGRAM = "from physiohub.cli import main; main()"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with one good table."""
    (tmp_path / "trials.csv").write_text(ARMS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    def begin(*arguments: str, program: str = PROGRAM, **options) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        return subprocess.Popen([sys.executable, "-c", program, *arguments], **{**pipes, **options})

    return begin


@pytest.fixture
def shell(start) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: str) -> tuple[int, str, str]:
        process = start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    return call
