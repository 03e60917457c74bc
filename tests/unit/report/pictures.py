"""Reading a rendered figure: its size, and where every line of upright text stands."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from physiohub.report.figures import Figure, to_svg
from physiohub.report.figures.style import text_width

SVG = "{http://www.w3.org/2000/svg}"
SHIFT = re.compile(r"translate\(([-\d.e]+)(?:,\s*([-\d.e]+))?\)")


@dataclass(frozen=True)
class Box:
    """A line of text in the picture's own pixels."""

    text: str
    left: float
    right: float
    top: float
    bottom: float

    def covers(self, other: Box, slack: float = 1.0) -> bool:
        return (
            self.left + slack < other.right
            and other.left + slack < self.right
            and self.top + slack < other.bottom
            and other.top + slack < self.bottom
        )


def boxes(svg: str) -> list[Box]:
    """Every line of upright text, as wide as the widest usual font would set it."""
    found: list[Box] = []

    def walk(node: ET.Element, x: float, y: float) -> None:
        transform = node.get("transform", "")
        if "rotate" in transform:
            return
        shift = SHIFT.search(transform)
        if shift:
            x, y = x + float(shift[1]), y + float(shift[2] or 0)
        if node.tag == f"{SVG}text":
            size = float(node.get("font-size", "11px").removesuffix("px"))
            spans = list(node) or [node]
            line = y
            for span in spans:
                line += float(span.get("dy", 0)) if span is not node else 0.0
                text = span.text or ""
                width = text_width(text, size) * (1.08 if node.get("font-weight") == "bold" else 1.0)
                start = {"start": 0.0, "middle": 0.5, "end": 1.0}[node.get("text-anchor", "start")]
                found.append(
                    Box(text, x - start * width, x + (1 - start) * width, line - 0.75 * size, line + 0.2 * size)
                )
        for child in node:
            walk(child, x, y)

    walk(ET.fromstring(svg), 0.0, 0.0)
    return [box for box in found if box.text.strip()]


def size_of(svg: str) -> tuple[float, float]:
    root = ET.fromstring(svg)
    return float(root.get("width", 0)), float(root.get("height", 0))


def is_label(text: str) -> bool:
    """Numbers on the lines of a dense network may touch; words may not."""
    return not text.isdigit()


def check_texts(figure: Figure) -> None:
    """No text is cut, and no word covers another."""
    svg = to_svg(figure)
    width, height = size_of(svg)
    lines = boxes(svg)
    assert lines
    for box in lines:
        assert box.left >= -2, (figure.id, box)
        assert box.right <= width + 2, (figure.id, box)
        assert box.top >= -2, (figure.id, box)
        assert box.bottom <= height + 2, (figure.id, box)
    words = [box for box in lines if is_label(box.text)]
    overlaps = [(a.text, b.text) for k, a in enumerate(words) for b in words[k + 1 :] if a.covers(b)]
    assert not overlaps, (figure.id, overlaps[:3])
