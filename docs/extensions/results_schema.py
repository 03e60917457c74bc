"""The reference of the files that PhysioHub writes, read off their published JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.evidence.schema import schema

Node = Mapping[str, Any]


def schema_reference(name: str) -> str:
    """Every object of a schema with its keys, as Markdown; objects in the order in which a reader meets them."""
    root = schema(name)
    objects = {f"physiohub/{name}/1": root} | {key: root["$defs"][key] for key in _in_order(root)}
    return "\n".join(line for key, node in objects.items() if "properties" in node for line in _object(key, node))


def _in_order(root: Node) -> list[str]:
    found: list[str] = []

    def visit(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                visit(item)
        elif isinstance(node, dict):
            reference = str(node.get("$ref", "")).rpartition("/")[2]
            if reference and reference not in found:
                found.append(reference)
                visit(root["$defs"][reference])
            for key, item in node.items():
                if key != "$defs":
                    visit(item)

    visit(root)
    return found


def _object(name: str, node: Node) -> list[str]:
    required = set(node.get("required", ()))
    lines = [f"({_anchor(name)})=", f"### {name}", "", _plain(node.get("description", "")), ""]
    lines += ["| key | value | |", "| --- | --- | --- |"]
    for key, value in node["properties"].items():
        words = [_plain(value.get("description", ""))] + ([] if key in required else ["may be absent"])
        lines.append(f"| `{key}` | {_kind(value)} | {'; '.join(word for word in words if word)} |")
    return [*lines, ""]


def _anchor(name: str) -> str:
    return f"schema-{name.lower().replace('/', '-')}"


def _kind(node: Node) -> str:
    """What a value is, in words."""
    if "$ref" in node:
        target = node["$ref"].rpartition("/")[2]
        return f"[{target}](#{_anchor(target)})"
    for key in ("anyOf", "oneOf", "allOf"):
        if key in node:
            return " or ".join(dict.fromkeys(_kind(item) for item in node[key]))
    if "const" in node:
        return f'`"{node["const"]}"`'
    if "enum" in node:
        return " or ".join(f'`"{value}"`' for value in node["enum"])
    kind = node.get("type", "any value")
    kinds = kind if isinstance(kind, list) else [kind]
    return " or ".join(_one_kind(one, node) for one in kinds)


def _one_kind(kind: str, node: Node) -> str:
    if kind == "array":
        return f"list of {_kind(node.get('items', {}))}"
    if kind == "object" and isinstance(node.get("additionalProperties"), dict):
        return f"object by name of {_kind(node['additionalProperties'])}"
    if kind in ("number", "integer"):
        words = [f"{word} {node[key]}" for word, key in (("from", "minimum"), ("to", "maximum")) if key in node]
        return " ".join([kind, *words])
    return {"string": "text", "boolean": "true or false"}.get(kind, kind)


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
