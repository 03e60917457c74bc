"""Formulas as MathML, made while the pages are built: browsers show it without a script and without the network."""

from __future__ import annotations

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator


def converted(node: nodes.math | nodes.math_block, *, block: bool) -> str:
    """One formula; what cannot be converted stops the build."""
    try:
        return str(tex2mathml(node.astext(), as_block=block))
    except Exception as error:  # the converter raises errors of several kinds
        raise ExtensionError(f"formula {node.astext()!r}: {error}") from error


def inline(writer: HTML5Translator, node: nodes.math) -> None:
    """A formula in a sentence."""
    writer.body.append(converted(node, block=False))
    raise nodes.SkipNode


def displayed(writer: HTML5Translator, node: nodes.math_block) -> None:
    """A formula by itself, which scrolls on a narrow screen."""
    writer.body.append(f'<div class="formula" tabindex="0">{converted(node, block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (inline, None), (displayed, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
