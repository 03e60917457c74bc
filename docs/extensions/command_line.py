"""The reference of the command line, read off the program itself."""

from __future__ import annotations

from typing import Any

from typer.main import get_command

from physiohub.cli.program import app

HIDDEN = {"help", "install_completion", "show_completion"}


def commands() -> str:
    """Every command with its arguments and options, as Markdown."""
    program: Any = get_command(app)
    return "\n".join(line for name, command in program.commands.items() for line in _command(name, command))


def _command(name: str, command: Any) -> list[str]:
    shown = [p for p in command.params if p.name not in HIDDEN and not getattr(p, "hidden", False)]
    usage = " ".join(["physiohub", name, *(_usage(p) for p in shown if p.param_type_name == "argument")])
    lines = [f"## `physiohub {name}`", "", f"```text\n{usage} [options]\n```", "", " ".join(command.help.split()), ""]
    lines += ["| | |", "| --- | --- |"]
    lines += [f"| {_name(parameter)} | {_help(parameter)} |" for parameter in shown]
    return [*lines, ""]


def _usage(parameter: Any) -> str:
    word = parameter.metavar or parameter.name.upper()
    return word if parameter.required else f"[{word}]"


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    metavar = f" {parameter.metavar}" if parameter.metavar and not parameter.is_flag else ""
    # a code span keeps an upright stroke in a table only when it is escaped
    return ", ".join(f"`{text}{metavar}`" for text in parameter.opts).replace("|", "\\|")


def _help(parameter: Any) -> str:
    words = " ".join((parameter.help or "").split()).replace("|", "\\|")
    return f"{words} Required." if parameter.required and parameter.param_type_name != "argument" else words
