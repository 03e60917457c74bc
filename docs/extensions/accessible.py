"""What the theme leaves out for people who use a keyboard or a screen reader."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

AFTER_THE_THEME = 900


def completed(app: Sphinx, name: str, template: str, context: dict[str, Any], tree: object) -> None:
    """Give captions of the navigation their level, and let the keyboard scroll long lines of code."""
    for part, plain, full in (
        ("furo_navigation_tree", 'role="heading"', 'role="heading" aria-level="2"'),
        ("body", "<pre>", '<pre tabindex="0">'),
    ):
        if context.get(part):
            context[part] = context[part].replace(plain, full)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the hook."""
    app.connect("html-page-context", completed, priority=AFTER_THE_THEME)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
