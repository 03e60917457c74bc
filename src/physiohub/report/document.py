"""report.html: one file that a reader can open offline, print, and read with any technique."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from physiohub.report.figures import Drawn
from physiohub.report.outcome import label_of
from physiohub.report.sections import absent, flattened, outcome_section, question

__all__ = ["render_report"]

NO_REVIEW = (
    "Analysis of one table. How its studies were searched for, chosen and judged is not reported here, so nothing is "
    "said about what other studies would add."
)


def render_report(results: Mapping[str, Any], run: Mapping[str, Any], figures: Mapping[str, Sequence[Drawn]]) -> str:
    """The report as one HTML document.

    Parameters
    ----------
    results
        The record, as in results.json.
    run
        How it was made, as in run.toml; shown line by line.
    figures
        Outcome id -> its rendered figures (see `physiohub.report.figures.draw_all`).
    """
    review = results.get("review") or {}
    outcomes = results["outcomes"]
    sections = [
        outcome_section(str(ident), number, outcome, figures.get(ident, ()))
        for number, (ident, outcome) in enumerate(outcomes.items(), 1)
    ]
    inputs = flattened(results.get("inputs") or {})
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=review.get("title") or f"Network meta-analysis: {', '.join(map(label_of, outcomes.values()))}",
            opening=_opening(review),
            question=question(review),
            limitations=[str(text) for text in review.get("limitations") or []],
            sections=sections,
            absent=absent(results),
            software=f"{results['software']['name']} {results['software']['version']}",
            run=[*flattened(run), *((f"inputs: {name}", text) for name, text in inputs)],
        )
    )


def _opening(review: Mapping[str, Any]) -> tuple[str, str]:
    """What kind of work this is, before anything else; the kind is not said twice."""
    kind, statement = str(review.get("kind") or "").capitalize(), str(review.get("statement") or "")
    if not review:
        return "", NO_REVIEW
    return ("", statement) if kind and statement.lower().startswith(kind.lower()) else (kind, statement)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("physiohub.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # pictures come from our own renderer, which lets no script and no reference through
    environment.filters["picture"] = lambda drawn: Markup(drawn.svg)  # noqa: S704
    return environment
