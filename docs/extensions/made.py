"""Pages with parts that are made from the code while they are built, so that they cannot go stale.

A line ``<!-- made: NAME WORD ... -->`` of a page is replaced by the Markdown of the function that `PARTS` holds for
the name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the tables of `tests/` are read too

from docs.extensions.agreement import (
    bayesmeta_table,
    bnma_table,
    gemtc_table,
    metafor_table,
    multinma_table,
    netmeta_table,
)
from docs.extensions.command_line import commands
from docs.extensions.issue_rules import rules_table
from docs.extensions.pictures import example_report, figure, gallery
from docs.extensions.public_names import public_names
from docs.extensions.registries import important_differences, measures_table, priors_table
from docs.extensions.results_schema import schema_reference

PARTS: dict[str, Callable[..., str]] = {
    "agreement-bayesmeta": bayesmeta_table,
    "agreement-bnma": bnma_table,
    "agreement-gemtc": gemtc_table,
    "agreement-metafor": metafor_table,
    "agreement-multinma": multinma_table,
    "agreement-netmeta": netmeta_table,
    "commands": commands,
    "example-report": example_report,
    "figure": figure,
    "gallery": gallery,
    "important-differences": important_differences,
    "issue-rules": rules_table,
    "measures": measures_table,
    "priors": priors_table,
    "public-names": public_names,
    "schema": schema_reference,
}
PLACE = re.compile(r"^<!-- made: (\S+) ?(.*?) -->$", flags=re.MULTILINE)


def filled(text: str) -> str:
    """A page with its made parts in place."""
    return PLACE.sub(lambda found: PARTS[found[1]](*found[2].split()), text)


def fill(app: Sphinx, name: str, content: list[str]) -> None:
    """Fill a page before it is parsed."""
    content[0] = filled(content[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the hook."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
