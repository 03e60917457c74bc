"""The public surface: cheap to import, complete, typed, and of one version everywhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import physiohub

HEAVY = {"numpy", "pandas", "scipy", "xarray", "pydantic", "typer", "rich", "jinja2", "openpyxl", "vl_convert"}


@pytest.fixture
def version(repository: Path) -> str:
    with (repository / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def test_import_alone_loads_nothing_heavy() -> None:
    program = "import sys, physiohub; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "physiohub" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("name", physiohub.__all__)
def test_public_name_resolves(name: str) -> None:
    assert getattr(physiohub, name) is not None
    assert name in dir(physiohub)


def test_all_is_sorted_without_repeats() -> None:
    assert list(physiohub.__all__) == sorted(set(physiohub.__all__))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = physiohub.no_such_name


def test_types_are_shipped() -> None:
    assert Path(physiohub.__file__).with_name("py.typed").is_file()


def test_package_has_the_version_of_pyproject(version: str) -> None:
    assert physiohub.__version__ == version


def test_citation_has_the_version_of_pyproject(repository: Path, version: str) -> None:
    text = (repository / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: *[\"']?([^\"'\s]+)", text, flags=re.MULTILINE) == [version]


def test_changelog_opens_with_the_version_of_pyproject(repository: Path, version: str) -> None:
    text = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(\d\S*)\]", text, flags=re.MULTILINE)[0] == version
