"""Every rule by which a table or a review is checked, read off the source: name, severity, words and remedy."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import physiohub

PACKAGE = Path(physiohub.__file__).parent
ISSUE = ("rule", "message", "remedy", "severity", "study", "arm", "row", "column", "value", "file")
SEVERITIES = ("error", "warning", "note")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One way in which a check can speak up; a varying part of its words is shown as an ellipsis."""

    name: str
    severity: str
    message: str
    remedy: str
    module: str


def rules() -> list[Rule]:
    """Every rule of the package, by name."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    makers = {"Issue": ISSUE} | dict(_makers(trees.values()))
    return sorted({rule for path, tree in trees.items() for rule in _rules_in(tree, path, makers)})


def _makers(trees: Iterable[ast.Module]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Functions that take a rule and its words and hand them to an issue: name -> their parameters."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, Function):
                names = tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
                if {"rule", "message"} <= set(names):
                    yield node.name, tuple(name for name in names if name != "self")


def _rules_in(tree: ast.Module, path: Path, makers: Mapping[str, tuple[str, ...]]) -> Iterator[Rule]:
    module = path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")
    for function in (node for node in ast.walk(tree) if isinstance(node, Function)):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name not in makers:
                continue
            words = _arguments(call, makers[name])
            texts = {key: list(_texts(words.get(key), function, call.lineno)) for key in ("rule", "message", "remedy")}
            if len(texts["rule"]) == 1 and texts["message"]:
                stated = {text for node in words.values() for text in _texts(node, function, call.lineno)}
                severity = next((s for s in SEVERITIES if s in stated), "error")
                remedy = " / ".join(texts["remedy"])
                for message in texts["message"]:
                    yield Rule(texts["rule"][0], severity, message, remedy, module)


def _arguments(call: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
    found = dict(zip(names, call.args, strict=False))
    return found | {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def _texts(node: ast.expr | None, function: Function, line: int) -> Iterator[str]:
    """What an expression may read: a literal, or what the function last wrote into the variable."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in parts)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body, function, line)
            yield from _texts(orelse, function, line)
        case ast.Name(id=name):
            yield from _last_written(name, function, line)


def _last_written(name: str, function: Function, line: int) -> Iterator[str]:
    """Texts of the assignments to a variable above a line; branches of one `if` all count."""
    written = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and node.lineno < line and name in _targets(node)
    ]
    if not written:
        return
    last = max(written, key=lambda node: node.lineno)
    first = last.lineno if _always_before(last, function, line) else _chain(function, last)
    branches = [node for node in written if node.col_offset == last.col_offset and node.lineno >= first]
    for node in branches:
        targets = node.targets[0]
        value = node.value
        if isinstance(targets, ast.Tuple) and isinstance(value, ast.Tuple):
            value = value.elts[_targets(node).index(name)]
        yield from _texts(value, function, node.lineno)


def _targets(node: ast.Assign) -> list[str]:
    target = node.targets[0]
    elements = target.elts if isinstance(target, ast.Tuple) else [target]
    return [getattr(element, "id", "") for element in elements]


def _always_before(assignment: ast.Assign, function: Function, line: int) -> bool:
    """Whether a line can be reached through the assignment only: they share a suite of statements."""
    suites = [getattr(node, name, []) for node in ast.walk(function) for name in ("body", "orelse")]
    shared = [suite for suite in suites if isinstance(suite, list) and assignment in suite]
    return any(s.lineno <= line <= (s.end_lineno or 0) for suite in shared for s in suite[suite.index(assignment) :])


def _chain(function: Function, last: ast.Assign) -> int:
    """First line of the outermost chain of `if` and `elif` that holds an assignment."""
    chains = [
        node.lineno
        for node in ast.walk(function)
        if isinstance(node, ast.If) and node.lineno <= last.lineno <= (node.end_lineno or 0) and node.orelse
    ]
    return min(chains, default=last.lineno)


GROUPS = {
    "Reading a file": ("network",),
    "Cells of arms and contrasts": ("network.validate", "prepare.arm_level", "prepare.contrast_level"),
    "Studies and the network": ("network.network", "network.contrasts", "network.findings", "prepare.tables"),
    "What is not plausible": ("prepare.plausibility", "analysis.outlying_studies"),
    "A review and its protocol": ("evidence", "prepare", "cli", "report", "datasets"),
    "The measure and the model": ("measures", "model", "inference", "analysis"),
}
"""Title -> modules; of several that fit, the longest name counts."""


def rules_table() -> str:
    """The rules as Markdown tables, in groups by what is checked."""
    found = rules()
    grouped = {title: [rule for rule in found if _title(rule.module) == title] for title in GROUPS}
    return "\n".join(line for title, mine in grouped.items() for line in _group(title, mine))


def _title(module: str) -> str:
    """The group of a module; a module of none is an error, so that no rule is lost."""
    fits = [(part, title) for title, parts in GROUPS.items() for part in parts if f"{module}.".startswith(f"{part}.")]
    return max(fits, key=lambda fit: len(fit[0]))[1]


def _group(title: str, found: list[Rule]) -> list[str]:
    rows = {(r.name, r.severity, r.message, r.remedy): None for r in found}
    lines = [f"### {title}", "", "| rule | kind | what it says | what to do |", "| --- | --- | --- | --- |"]
    lines += [f"| `{name}` | {kind} | {_message(message)} | {_cell(remedy)} |" for name, kind, message, remedy in rows]
    return [*lines, ""]


def _message(text: str) -> str:
    return _cell(text) if any(map(str.isalpha, text)) else "tells the case"


def _cell(text: str) -> str:
    """Plain words in a Markdown cell: nothing in them is markup."""
    text = " ".join(text.split())
    for sign in ("\\", "|", "*", "_", "[", "]", "<", "`", "$", "{"):
        text = text.replace(sign, f"\\{sign}")
    return text
