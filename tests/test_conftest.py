"""What a machine lacks skips a test; in CI it fails it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
def test_tables(shared): ...
def test_page(page): ...
def test_plain(): ...
"""


def outcomes(repository: Path, folder: Path, **environment: str) -> str:
    (folder / "test_inner.py").write_text(TESTS, encoding="utf-8")
    (folder / "conftest.py").write_text(
        (repository / "tests" / "conftest.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    markers = ["-o", "markers=shared\nbrowser"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *markers, "-q", str(folder)]
    lacks = {"PHYSIOHUB_SHARED": str(folder / "absent"), "PHYSIOHUB_CHROMIUM": "", "PATH": ""}
    run = subprocess.run(
        command, cwd=folder, env=os.environ | lacks | environment, capture_output=True, text=True, check=False
    )
    return run.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("ci", "expected"), [("", "1 passed, 2 skipped"), ("true", "1 passed, 2 errors"), ("false", "1 passed, 2 skipped")]
)
def test_lacking_is_skipped_but_fails_in_ci(repository: Path, tmp_path: Path, ci: str, expected: str) -> None:
    assert outcomes(repository, tmp_path, CI=ci).startswith(expected)
