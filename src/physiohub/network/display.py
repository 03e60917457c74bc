"""How results show themselves in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["ShownAsTable", "facts_html"]


class ShownAsTable:
    """An object with a `to_frame` that a notebook shows as its table, under a caption."""

    __slots__ = ()

    def to_frame(self) -> DataFrame:
        """The object as a data frame."""
        raise NotImplementedError

    @property
    def _caption(self) -> str:
        """What stands over the table."""
        return ""

    def _repr_html_(self) -> str:
        caption = f"<caption>{html.escape(self._caption)}</caption>" if self._caption else ""
        table = self.to_frame().to_html(index=False, float_format="{:.3g}".format, border=0, na_rep="")
        return table.replace("<thead>", f"{caption}<thead>", 1)


def facts_html(facts: Mapping[str, str]) -> str:
    """Names and values as a table of two columns.

    Examples
    --------
    >>> facts_html({"studies": "7"})
    '<table><tbody><tr><th scope="row">studies</th><td>7</td></tr></tbody></table>'
    """
    rows = (
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>'
        for name, value in facts.items()
    )
    return f"<table><tbody>{''.join(rows)}</tbody></table>"
