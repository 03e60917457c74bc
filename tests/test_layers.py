"""Imports go down only: the house of the architecture, checked on the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "physiohub"
LAYERS = {
    "errors": -1,
    "measures": 0,
    "network": 1,
    "prepare": 1,
    "model": 2,
    "inference": 3,
    "analysis": 4,
    "evidence": 5,
    "datasets": 6,  # networks to start from; some are made from the bundled review
    "report": 6,
    "cli": 7,
    "hub": 7,
}
SIDEWAYS = {("prepare", "network")}  # one level, but reading a table ends in a network
DATA = {"reviews"}  # shipped files, no code
ENTRANCES = {"__init__", "__main__"}  # the public names and `python -m physiohub` may reach any layer
FROM_THE_ROOT = {"__version__"}
REFUSED_NAMES = {"utils.py", "helpers.py"}


def unit_of(path: Path, package: Path) -> str:
    return path.relative_to(package).parts[0].removesuffix(".py")


def absolute(node: ast.ImportFrom, path: Path, package: Path) -> str:
    """Dotted name of the module that `from ... import` reads, relative imports resolved."""
    if node.level == 0:
        return node.module or ""
    folder = (PACKAGE, *path.relative_to(package).parent.parts)
    base = folder[: len(folder) - node.level + 1]
    return ".".join((*base, node.module) if node.module else base)


def imported(tree: ast.AST, path: Path, package: Path) -> Iterator[tuple[int, str]]:
    """(line, unit of ours) for every import, also those inside functions and type-checking blocks."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node, path, package)
            names = [alias.name for alias in node.names]
            modules = [(node.lineno, f"{module}.{name}" if module == PACKAGE else module) for name in names]
        else:
            continue
        for line, module in modules:
            top, _, rest = module.partition(".")
            if top == PACKAGE:
                yield line, rest.split(".")[0]


def allowed(unit: str, target: str) -> bool:
    if unit == target or unit in ENTRANCES or target in FROM_THE_ROOT or (unit, target) in SIDEWAYS:
        return True
    return target in LAYERS and LAYERS[target] < LAYERS[unit]


def violations(package: Path) -> list[str]:
    """Every departure from the architecture in a package folder, one line each."""
    found = []
    known = LAYERS.keys() | ENTRANCES
    for entry in sorted(package.iterdir()):
        name = entry.name.removesuffix(".py")
        if entry.is_dir() and entry.name != "__pycache__" and name not in known | DATA:
            found.append(f"{entry.name}/ has no layer")
        if entry.is_dir() and name in DATA and any(entry.rglob("*.py")):
            found.append(f"{entry.name}/ is for data and holds code")
        if entry.suffix == ".py" and name not in known:
            found.append(f"{entry.name} has no layer")
    for path in sorted(package.rglob("*.py")):
        where, unit = path.relative_to(package).as_posix(), unit_of(path, package)
        if path.name in REFUSED_NAMES:
            found.append(f"{where}: a module is named after what it does")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        stars = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
        found += [f"{where}:{node.lineno} import *" for node in stars]
        if unit in known:
            targets = imported(tree, path, package)
            found += [f"{where}:{line} {unit} imports {to or PACKAGE}" for line, to in targets if not allowed(unit, to)]
    return found


def test_the_house_is_in_order(repository: Path) -> None:
    assert violations(repository / "src" / PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        ("measures/x.py", "from physiohub.network import study", "measures/x.py:1 measures imports network"),
        ("errors.py", "import physiohub.measures", "errors.py:1 errors imports measures"),
        ("network/x.py", "from physiohub.prepare.read import f", "network/x.py:1 network imports prepare"),
        ("model/x.py", "from physiohub import analysis", "model/x.py:1 model imports analysis"),
        ("model/x.py", "import physiohub", "model/x.py:1 model imports physiohub"),
        ("model/x.py", "from physiohub import fit", "model/x.py:1 model imports fit"),
        ("model/x.py", "from ..report import tables", "model/x.py:1 model imports report"),
        ("model/x.py", "from .. import report", "model/x.py:1 model imports report"),
        ("report/figures/x.py", "from ...cli import main", "report/figures/x.py:1 report imports cli"),
        ("model/x.py", "def f():\n    from physiohub.cli import main", "model/x.py:2 model imports cli"),
        ("hub/x.py", "from physiohub.cli import main", "hub/x.py:1 hub imports cli"),
        ("model/x.py", "from math import *", "model/x.py:1 import *"),
        ("model/utils.py", "", "model/utils.py: a module is named after what it does"),
        ("stray/x.py", "", "stray/ has no layer"),
        ("stray.py", "", "stray.py has no layer"),
        ("reviews/x.py", "", "reviews/ is for data and holds code"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, file: str, source: str, complaint: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    assert violations(tmp_path) == [complaint]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("prepare/x.py", "from physiohub.network.network import Network"),
        ("prepare/x.py", "from . import y\nfrom .y import z\nfrom ..errors import Issue"),
        ("cli.py", "import numpy\nfrom physiohub import __version__, errors, report"),
        ("__init__.py", "from physiohub.report.run import analyse"),
        ("report/figures/x.py", "from ..tables import t\nimport physiohub.measures.measure"),
        ("reviews/a/review.toml", ""),
    ],
)
def test_what_the_house_allows(tmp_path: Path, file: str, source: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    assert violations(tmp_path) == []
