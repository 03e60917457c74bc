"""From a specification to a picture, without a browser and without a network.

A picture is rendered once and reused in every document: the first costs about a second, each further one a tenth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import escape

from physiohub.report.figures.figure import Figure

__all__ = ["Drawn", "draw", "to_png", "to_svg"]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A figure with its picture."""

    figure: Figure
    svg: str

    @property
    def width(self) -> int:
        """Natural width in pixels."""
        found = re.search(r'viewBox="0 0 ([\d.]+)', self.svg)
        return round(float(found[1])) if found else 0

    def png(self, scale: float = 2.0) -> bytes:
        """The picture as PNG, at so many times its natural size."""
        return to_png(self.svg, scale)


def draw(figure: Figure, prefix: str = "") -> Drawn:
    """Render a figure.

    Parameters
    ----------
    prefix
        Put before every id inside, so that figures of several outcomes can share a page.
    """
    return Drawn(figure, to_svg(figure, prefix))


def to_svg(figure: Figure, prefix: str = "") -> str:
    """The figure as SVG with title and description, no script and nothing from outside."""
    ident = re.sub(r"[^A-Za-z0-9_-]", "-", f"{prefix}-{figure.id}" if prefix else figure.id)
    raw = _rendered(figure.spec)
    if re.search(r"<script|<image|<foreignObject|\shref=", raw):
        raise ValueError(f"figure {figure.id}: the renderer returned something else than shapes and text")
    raw = re.sub(r'\bid="([^"]+)"', rf'id="{ident}-\1"', raw)
    raw = re.sub(r"url\(#([^)]+)\)", rf"url(#{ident}-\1)", raw)
    return _named(_without_roles(raw), ident, figure)


def _rendered(spec: Mapping[str, Any]) -> str:
    import vl_convert  # a compiled module with an engine inside: not needed before the first figure

    return str(vl_convert.vegalite_to_svg(dict(spec), vl_version="6.4", allowed_base_urls=[]))


def _without_roles(svg: str) -> str:
    """Drop the roles of the renderer's groups: the picture as a whole is one image."""
    return re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg)


def _named(svg: str, ident: str, figure: Figure) -> str:
    """Give the picture its role, its name and its description."""
    head, _, body = svg.partition(">")
    width, height = (re.search(rf' {name}="([\d.]+)"', head) for name in ("width", "height"))
    if width is None or height is None:
        raise ValueError(f"figure {figure.id}: the renderer returned no size")
    size = f'width="{width[1]}" height="{height[1]}" viewBox="0 0 {width[1]} {height[1]}"'
    title, description = escape(figure.title), escape(figure.description)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="{ident}-title {ident}-desc">'
        f'<title id="{ident}-title">{title}</title><desc id="{ident}-desc">{description}</desc>{body}'
    )


def to_png(svg: str, scale: float = 2.0) -> bytes:
    """A rendered figure as PNG, at twice its natural size."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg, scale=scale))
