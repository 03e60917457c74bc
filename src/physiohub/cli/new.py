"""`physiohub new`: a review folder to fill in."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from physiohub.cli.console import say
from physiohub.cli.options import Quiet
from physiohub.errors import Issue, UsageError

WORKBOOK = "extraction.xlsx"
_APART = "workbook"  # a folder that is not read: beside CSV tables a workbook is left alone

__all__ = ["left_to_fill_in", "new", "slug"]


def new(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; must not exist, or be empty.")],
    tables: Annotated[
        str,
        typer.Option(
            metavar="csv|workbook", help="Where the tables stand: CSV files (a workbook lies beside), or the workbook."
        ),
    ] = "csv",
    quiet: Quiet = False,
) -> None:
    """Make a review folder to fill in: protocol, tables with their columns, and how to fill them.

    The workbook has drop-down lists for treatments, instruments and kinds of value, and a note on every column.
    """
    from physiohub.report.atomic import whole_folder

    if tables not in ("csv", "workbook"):
        raise UsageError(f"--tables must be csv or workbook, not {tables!r}.")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} exists and is not empty: nothing was changed. Choose another name.")
    templates = sorted((files("physiohub.cli") / "new_review").iterdir(), key=lambda file: file.name)
    name = directory.resolve().name
    texts = {file.name: file.read_text(encoding="utf-8") for file in templates}
    texts = {file: _filled(text, name, tables) for file, text in texts.items()}
    with whole_folder(directory) as folder:
        for file, text in texts.items():
            if tables == "csv" or not file.endswith(".csv"):
                (folder / file).write_text(text, encoding="utf-8", newline="\n")
        _write_workbook(folder if tables == "workbook" else folder / _APART, texts)
        made = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if not quiet:
        say(f"A review to fill in: {directory} ({', '.join(made)}).")
        say(f"README.md tells how. When rows are in: physiohub check {shlex.quote(str(directory))}")


def _filled(text: str, name: str, tables: str) -> str:
    """A template with what the folder is called, and the lines that hold for where its tables stand."""
    for kind in ("csv", "workbook"):
        text = re.sub(rf"@{kind}@(.*?)@end@\n", r"\1" if kind == tables else "", text, flags=re.DOTALL)
    return text.replace("@ID@", slug(name)).replace("@DIR@", shlex.quote(name))


def _write_workbook(folder: Path, texts: Mapping[str, str]) -> None:
    from physiohub.cli.template_workbook import template_workbook

    headers = {table: texts[f"{table}.csv"].split("\n", 1)[0].split(",") for table in ("arms", "contrasts", "studies")}
    folder.mkdir(exist_ok=True)
    (folder / WORKBOOK).write_bytes(template_workbook(texts["review.toml"], headers))


def left_to_fill_in(folder: Path) -> list[Issue]:
    """A warning for every line of review.toml that is still the template's."""
    path = folder / "review.toml"
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [
        Issue(
            "fill-in",
            "The template's words are still here.",
            "Put yours in their place.",
            "warning",
            row=row,
            column=line.partition("=")[0].strip(),
            file=path.name,
        )
        for row, line in enumerate(lines, start=1)
        if "FILL IN" in line and not line.lstrip().startswith("#")
    ]


def slug(name: str) -> str:
    """A name as the id of a review: small letters, digits and hyphens.

    Examples
    --------
    >>> slug("Knee pain 2026")
    'knee-pain-2026'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "review"
