"""The command line: parse, call, present."""

from physiohub.cli.program import main, run

__all__ = ["main", "run"]
