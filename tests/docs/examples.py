"""Runs what stands in code blocks of the documentation; with ``--write`` it renews the output that is printed there.

Three kinds of block are run, page by page, in an empty folder:

* ``{code-block}`` with a caption: a file of that name;
* ``console``: lines that begin with ``$`` are commands, the lines below are what they print;
* ``python`` with ``>>>``: a doctest; the blocks of a page share their names.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from physiohub.cli import run

PAGES = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
CAPTION = re.compile(r"\A:caption: (?P<name>[^\n]+)\n\n")
CHECKER = doctest.OutputChecker()
LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Step:
    """A command or statement of a page with the output that the page shows, and what it printed when it was run."""

    source: str
    shown: str
    printed: str
    line: int

    @property
    def agrees(self) -> bool:
        """Whether the page tells the truth; `...` on the page stands for anything."""
        return CHECKER.check_output(self.shown, self.printed, LENIENT)

    @property
    def broke(self) -> bool:
        """Whether it failed where the page shows no failure: that is never written down as its output."""
        signs = ("Traceback (most recent call last)", "PhysioHub made a mistake")
        return any(sign in self.printed and sign not in self.shown for sign in signs)

    @property
    def report(self) -> str:
        return f"line {self.line}: {self.source}\nshown:\n{self.shown}\nprinted:\n{self.printed}"


def pages() -> list[Path]:
    """Every page that is written by hand."""
    hidden = {"_build", "_made", "extensions"}
    return [p for p in sorted(PAGES.rglob("*.md")) if not hidden & set(p.relative_to(PAGES).parts)]


def steps(page: str) -> Iterator[Step]:
    """Run a page in the current folder."""
    names: dict[str, Any] = {}
    for block in BLOCK.finditer(page):
        info, body = block["info"].strip(), block["body"]
        line = page.count("\n", 0, block.start("body")) + 1
        if info.startswith("{code-block}") and (caption := CAPTION.match(body)):
            file = Path(caption["name"])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(body[caption.end() :], encoding="utf-8")
        elif info == "console":
            yield from _session(body, line)
        elif info == "python" and ">>>" in body:
            yield from _statements(body, line, names)


# -- commands ---------------------------------------------------------------------------------------------------------


def _session(body: str, line: int) -> Iterator[Step]:
    lines = body.splitlines()
    k = 0
    while k < len(lines):
        first = k
        command = lines[k].removeprefix("$ ")
        while command.endswith("\\"):
            k += 1
            command = command[:-1] + lines[k].strip()
        k += 1
        start = k
        while k < len(lines) and not lines[k].startswith("$ "):
            k += 1
        yield Step(command, "\n".join(lines[start:k]).strip("\n") + "\n", _printed(command), line + first)


def _printed(command: str) -> str:
    """What a command prints, on both streams; the program runs in this process, which is faster."""
    words = shlex.split(command)
    if words[0] == "physiohub" and "|" not in words:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            run(words[1:])
        return out.getvalue()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"},
    )
    return found.stdout + found.stderr


# -- statements -------------------------------------------------------------------------------------------------------


def _statements(body: str, line: int, names: dict[str, Any]) -> Iterator[Step]:
    for example in doctest.DocTestParser().get_examples(body):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            try:
                exec(compile(example.source, "<page>", "single"), names)  # pages are our own
            except Exception as error:
                module = type(error).__module__
                kind = type(error).__name__ if module == "builtins" else f"{module}.{type(error).__name__}"
                print(f"Traceback (most recent call last):\n    ...\n{kind}: {error}")
        yield Step(example.source.rstrip("\n"), example.want, out.getvalue(), line + example.lineno)


# -- renewing ---------------------------------------------------------------------------------------------------------


def renewed(page: str, found: list[Step]) -> str:
    """The page with the output of every step that does not agree replaced."""
    lines = page.splitlines()
    for step in sorted((s for s in found if not s.agrees and not s.broke), key=lambda s: s.line, reverse=True):
        start = step.line - 1
        python = lines[start].lstrip().startswith(">>>")
        if python:
            start += step.source.count("\n") + 1
        else:
            while lines[start].endswith("\\"):
                start += 1
            start += 1
        end = start
        while not lines[end].startswith(("$ ", ">>> ", "```")):
            end += 1
        printed = [text or ("<BLANKLINE>" if python else "") for text in step.printed.rstrip("\n").splitlines()]
        gap = [""] if python and end > start and not lines[end - 1] and printed else []
        lines[start:end] = printed + gap
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Run all pages, or those named; tell what differs, or write it."""
    write = "--write" in arguments
    chosen = [Path(a).resolve() for a in arguments if not a.startswith("-")] or pages()
    differ = 0
    for path in chosen:
        page = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            found = list(steps(page))
        wrong = [step for step in found if not step.agrees and (step.broke or not write)]
        differ += len(wrong)
        print(f"{path.name}: {len(found)} steps, {sum(not step.agrees for step in found)} differ")
        print(*(step.report for step in wrong), sep="\n", end="")
        if write:
            path.write_text(renewed(page, found), encoding="utf-8")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
