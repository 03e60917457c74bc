"""Figures of real analyses, drawn while the pages are built: one in a guide, and all of them in the gallery."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import physiohub as ph
from physiohub import datasets
from physiohub.report.figures import Drawn

DOCS = Path(__file__).resolve().parents[1]
DRAWN = DOCS / "_made"
BUNDLED = "chronic-low-back-pain"
SHOWN = ("blocker", "smoking", "senn2013", "linde2016")
"""Networks of the gallery: 2 to 22 treatments, arms and contrasts, means and counts."""


@cache
def analysis(name: str) -> ph.Analysis:
    """The analysis of the bundled review, or of a network of the gallery."""
    if name == BUNDLED:
        return ph.analyse(Path(str(files("physiohub") / "reviews" / BUNDLED)))
    about = datasets.about(name)
    spec = ph.ModelSpec(measure=about.measure, tau_prior=about.tau_prior)
    return ph.analyse(datasets.load(name), spec, better=about.better)


@cache
def drawn(name: str) -> Mapping[tuple[str, str], Drawn]:
    """(outcome, figure id) -> picture."""
    return {(o, d.figure.id): d for o, all_of_it in analysis(name).figures.items() for d in all_of_it}


def figure(name: str, outcome: str, ident: str, loading: str = "link") -> str:
    """One figure of an analysis, with its title and what is seen in it."""
    found = drawn(name)[outcome, ident]
    file = _written(f"{name}-{outcome}-{ident}.svg", found.svg)
    caption = " ".join(f"**{_plain(found.figure.title)}.** {_plain(found.figure.description)}".split())
    alternative = " ".join(found.figure.title.split())
    lines = [
        f":::{{figure}} /{file}",
        f":alt: {alternative}",
        f":width: {found.width}px",
        f":loading: {loading}",
        "",
        caption,
        ":::",
    ]
    return "\n".join(lines)


def _written(name: str, text: str) -> str:
    DRAWN.mkdir(exist_ok=True)
    safe = "".join(c if c.isalnum() or c in "-._" else "-" for c in name)
    (DRAWN / safe).write_text(text, encoding="utf-8")
    return f"_made/{safe}"


def _plain(text: str) -> str:
    """Words of a figure as Markdown without markup."""
    for sign in ("\\", "*", "_", "[", "<", "`", "$"):
        text = text.replace(sign, f"\\{sign}")
    return text


def gallery() -> str:
    """Every figure of an outcome of the bundled review and of several networks, with links to the specifications."""
    statement = "Pain, in the review that comes with PhysioHub. It is a worked example, not a systematic search."
    lines = _section(BUNDLED, "Physiotherapy for chronic low back pain", statement)
    for name in SHOWN:
        about = datasets.about(name)
        lines += _section(
            name, about.title, f"{about.question} `physiohub.datasets`: `{name}`. {_plain(about.citation)}"
        )
    return "\n".join(lines)


def _section(name: str, title: str, about: str) -> list[str]:
    lines = [f"## {title}", "", about, ""]
    first = next(iter(analysis(name).figures))
    for outcome, ident in (key for key in drawn(name) if key[0] == first):
        spec = json.dumps(drawn(name)[outcome, ident].figure.spec, indent=1, ensure_ascii=False)
        file = _written(f"{name}-{outcome}-{ident}.vl.json", spec)
        lines += [figure(name, outcome, ident, "lazy"), "", f"{{download}}`Vega-Lite specification </{file}>`", ""]
    return lines


def example_report() -> str:
    """Put the report of the bundled review beside the pages, and link to it."""
    folder = DRAWN / "site" / "example"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(analysis(BUNDLED).report_html(), encoding="utf-8")
    return '<a href="example/report.html">The whole report of the bundled review</a>'
