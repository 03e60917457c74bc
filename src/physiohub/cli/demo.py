"""`physiohub demo`: the bundled review, analysed."""

from __future__ import annotations

import os
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from physiohub.cli.console import progress_shown, say, show_issues
from physiohub.cli.options import Quiet

__all__ = ["data_directory", "demo"]

BUNDLED = "chronic-low-back-pain"


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop when the report is written.")] = False,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where it is kept; by default your data directory.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="For serving, once there is a hub.")] = None,
    quiet: Quiet = False,
) -> None:
    """Analyse the bundled review: active, passive and combined physiotherapy for chronic low back pain."""
    from physiohub.cli.summary import show_written
    from physiohub.report import run

    folder = (data_directory() if data is None else data) / "demo" / BUNDLED
    with as_file(files("physiohub") / "reviews" / BUNDLED) as source, progress_shown(quiet=quiet) as progress:
        analysis = run.analyse(source, progress=progress)
        progress("", "writing")
        analysis.write(folder)
    if quiet:
        return
    show_issues(analysis.issues, stream="stderr")
    show_written(analysis, folder)
    if not no_serve:
        say("Nothing is served: this version has no hub yet. The report is complete as a file.")


def data_directory() -> Path:
    """The folder where programs of this user keep data, by the custom of the system; it need not exist."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "physiohub"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "physiohub"
    named = Path(os.environ.get("XDG_DATA_HOME") or "")
    # the XDG specification has relative paths ignored
    return (named if named.is_absolute() else Path.home() / ".local" / "share") / "physiohub"
