"""The published JSON Schemas, and the check of a document against them before it is written.

The files in `schemas/` are generated from the models and shipped, so that printing one needs no model;
``python -m physiohub.evidence.schema`` writes them anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physiohub.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["InvalidDocumentError", "generate", "schema", "schema_names", "schema_text", "validate_results"]

_FILES = {"check": "check-1.json", "results": "results-1.json"}
_SHOWN = 20


class InvalidDocumentError(RuntimeError):
    """A document of ours departs from its published schema: a mistake of the program, not of the data."""


def schema_names() -> tuple[str, ...]:
    """Names that `schema` knows.

    Examples
    --------
    >>> schema_names()
    ('check', 'results')
    """
    return tuple(_FILES)


def schema_text(name: str) -> str:
    """A published JSON Schema (draft 2020-12) as the text that is shipped.

    Parameters
    ----------
    name
        One of `schema_names`; the full name (``"physiohub/results/1"``) is understood too.

    Raises
    ------
    UsageError
        When there is no schema of that name.
    """
    short = name.removeprefix("physiohub/").removesuffix("/1")
    if short not in _FILES:
        raise UsageError(f"There is no schema {name!r}. Choose one of: {', '.join(_FILES)}.")
    return (files("physiohub.evidence") / "schemas" / _FILES[short]).read_text(encoding="utf-8")


def schema(name: str) -> dict[str, Any]:
    """A published JSON Schema as a dictionary.

    Examples
    --------
    >>> schema("results")["required"]
    ['schema', 'software', 'inputs', 'outcomes']
    """
    found: dict[str, Any] = json.loads(schema_text(name))
    return found


def validate_results(results: Mapping[str, Any]) -> None:
    """Check results against `physiohub/results/1`.

    Raises
    ------
    InvalidDocumentError
        With the place and the problem of everything that departs from it, NaN and Infinity among it.

    Examples
    --------
    >>> validate_results({"schema": "physiohub/results/1"})
    Traceback (most recent call last):
    ...
    physiohub.evidence.schema.InvalidDocumentError: results.json would not be valid: ...
    """
    from pydantic import ValidationError

    from physiohub.evidence.results_model import Results

    try:
        text = json.dumps(results, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidDocumentError(f"results.json would not be valid: {error}{_odd_places(results)}") from error
    try:
        Results.model_validate_json(text)
    except ValidationError as error:
        problems = [f"{_path(e['loc'])}: {e['msg']}" for e in error.errors(include_url=False)]
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        lines = "\n  ".join(problems[:_SHOWN] + more)
        raise InvalidDocumentError(f"results.json would not be valid:\n  {lines}") from error


def generate(name: str) -> str:
    """The JSON Schema of a document, generated from its model."""
    from physiohub.evidence.check_model import Check
    from physiohub.evidence.results_model import Results

    models: dict[str, type[BaseModel]] = {"check": Check, "results": Results}
    model = models[name]
    body = model.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"physiohub/{name}/1"}
    ordered = {key: body[key] for key in sorted(body, key=lambda key: key == "$defs")}  # definitions last
    return json.dumps(head | _plain(ordered), indent=2, ensure_ascii=False) + "\n"


def _plain(node: Any) -> Any:
    """The same schema for the eye: no titles that repeat a key, `null` in the type, one-line descriptions."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {k: v for k, v in node.items() if not (k == "title" and isinstance(v, str)) and (k, v) != ("default", None)}
    plain = {
        k: " ".join(v.split()) if k == "description" and isinstance(v, str) else _plain(v) for k, v in kept.items()
    }
    match plain.get("anyOf"):
        case [{"type": str(kind), **limits}, {"type": "null"}]:  # limits of a number do not touch null
            del plain["anyOf"]
            return {"type": [kind, "null"]} | limits | plain
    return plain


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the document"


def _odd_places(node: Any, place: str = "") -> str:
    """Where something stands that JSON cannot hold, for the one message that nobody should ever see."""
    if isinstance(node, Mapping):
        return "".join(_odd_places(value, f"{place}.{key}") for key, value in node.items())
    if isinstance(node, list | tuple):
        return "".join(_odd_places(value, f"{place}[{k}]") for k, value in enumerate(node))
    try:
        json.dumps(node, allow_nan=False)
    except (TypeError, ValueError):
        return f"\n  {place.lstrip('.')}: {node!r}"
    return ""


def _write_all() -> None:
    folder = Path(__file__).with_name("schemas")
    for name, file in _FILES.items():
        (folder / file).write_text(generate(name), encoding="utf-8")


if __name__ == "__main__":
    _write_all()
