"""run.toml: what a run read, asked and used, so that it can be run again. Python reads TOML but does not write it."""

from __future__ import annotations

import json
import platform
import re
import shlex
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from physiohub import __version__

__all__ = ["rerun_command", "software", "to_toml"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_DEPENDENCIES = ("numpy", "scipy", "pandas", "vl-convert-python")


def software() -> dict[str, str]:
    """Versions of everything that a number or a figure passes through."""
    found = {name: version(name) for name in _DEPENDENCIES}
    return {"name": "physiohub", "version": __version__, "python": platform.python_version(), **found}


def rerun_command(source: str, output: str, options: Mapping[str, str | Sequence[str]]) -> str:
    """The command that repeats a run, quoted for a POSIX shell; a list repeats its option.

    Examples
    --------
    >>> rerun_command("my trials.csv", "build", {"--measure": "MD", "--exclude": ["Kim 2017=retracted"]})
    "physiohub analyse 'my trials.csv' --output build --measure MD --exclude 'Kim 2017=retracted'"
    """
    words = ["physiohub", "analyse", _not_an_option(source), "--output", _not_an_option(output)]
    for name, value in options.items():
        for text in [value] if isinstance(value, str) else value:
            words += [f"{name}={text}"] if text.startswith("-") else [name, text]
    return shlex.join(words)


def _not_an_option(name: str) -> str:
    return f"./{name}" if name.startswith("-") else name


def to_toml(values: Mapping[str, Any]) -> str:
    """Write nested dictionaries of text, numbers, truth values and lists as TOML; None is left out.

    Examples
    --------
    >>> print(to_toml({"seed": 1, "software": {"name": "physiohub"}}), end="")
    seed = 1
    <BLANKLINE>
    [software]
    name = "physiohub"
    """
    return "\n".join(_table((), values)).lstrip("\n") + "\n"


def _table(path: tuple[str, ...], values: Mapping[str, Any]) -> list[str]:
    lines = [f"\n[{'.'.join(_key(part) for part in path)}]"] if path else []
    kept = {str(key): value for key, value in values.items() if value is not None}
    lines += [f"{_key(k)} = {_value(v)}" for k, v in kept.items() if not isinstance(v, Mapping)]
    for key, value in kept.items():
        if isinstance(value, Mapping):
            lines += _table((*path, key), value)
    return lines


def _key(text: str) -> str:
    return text if _BARE_KEY.fullmatch(text) else _text(text)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(_value(item) for item in value)}]"
        case Path():
            raise TypeError("a path of this machine does not belong into run.toml")
    raise TypeError(f"run.toml holds text, numbers, truth values and lists, not {type(value).__name__}")


def _text(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
