"""`physiohub new`: a review folder to fill in."""

from __future__ import annotations

import re
import shlex
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from physiohub.cli.console import say
from physiohub.cli.options import Quiet
from physiohub.errors import Issue, UsageError

__all__ = ["left_to_fill_in", "new", "slug"]


def new(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; must not exist, or be empty.")],
    quiet: Quiet = False,
) -> None:
    """Make a review folder to fill in: protocol, tables with their columns, and how to fill them."""
    from physiohub.report.atomic import whole_folder

    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} exists and is not empty: nothing was changed. Choose another name.")
    templates = sorted((files("physiohub.cli") / "new_review").iterdir(), key=lambda file: file.name)
    name = directory.resolve().name
    with whole_folder(directory) as folder:
        for file in templates:
            text = file.read_text(encoding="utf-8").replace("@ID@", slug(name)).replace("@DIR@", shlex.quote(name))
            (folder / file.name).write_text(text, encoding="utf-8", newline="\n")
    if not quiet:
        say(f"A review to fill in: {directory} ({', '.join(file.name for file in templates)}).")
        say(f"README.md tells how. When rows are in: physiohub check {shlex.quote(str(directory))}")


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
