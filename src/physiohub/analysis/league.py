"""The league table: every pair in one square, with its reading direction written on it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from physiohub.analysis.effects import RelativeEffects, relative_effects
from physiohub.inference.posterior import Posterior
from physiohub.measures.measure import MEASURES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LeagueTable", "league_table"]


@dataclass(frozen=True, slots=True)
class LeagueTable:
    """Row treatment versus column treatment in both triangles: one rule everywhere."""

    effects: RelativeEffects
    treatments: tuple[str, ...]
    labels: tuple[str, ...]
    measure: str

    @property
    def direction(self) -> str:
        """How to read a cell, in one sentence."""
        ratio = MEASURES[self.measure].ratio
        what = f"{self.measure} of the row treatment versus the column treatment"
        kind = (
            "ratio: above 1 means higher under the row" if ratio else "difference: above 0 means higher under the row"
        )
        return f"Each cell: {what}, posterior median with {100 * self.effects.level:g}% credible interval ({kind})."

    def to_frame(self) -> pd.DataFrame:
        """Posterior medians, row versus column, on the analysis scale; the diagonal is empty."""
        import pandas as pd

        frame = pd.DataFrame(np.nan, index=list(self.labels), columns=list(self.labels))
        place = {t: k for k, t in enumerate(self.treatments)}
        for effect in self.effects.effects:
            frame.iloc[place[effect.treatment], place[effect.versus]] = effect.median
        return frame

    def cell(self, treatment: str, versus: str) -> str:
        """One cell as printed: ratios are turned back from the log scale."""
        effect = self.effects.get(treatment, versus)
        values = (effect.median, effect.low, effect.high)
        if MEASURES[self.measure].ratio:
            values = tuple(float(np.exp(v)) for v in values)  # type: ignore[assignment]
        return "{:.2f} ({:.2f} to {:.2f})".format(*values)

    def to_html(self, path: str | Path | None = None) -> str:
        """The table as HTML; written to `path` when one is given."""
        head = "".join(f'<th scope="col">{html.escape(label)}</th>' for label in self.labels)
        body = "".join(
            f'<tr><th scope="row">{html.escape(label)}</th>'
            + "".join(
                f"<td>{'' if row == column else html.escape(self.cell(row, column))}</td>" for column in self.treatments
            )
            + "</tr>"
            for row, label in zip(self.treatments, self.labels, strict=True)
        )
        text = (
            f"<table><caption>{html.escape(self.direction)}</caption>"
            f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
        if path is not None:
            Path(path).write_text(f'<!doctype html><html lang="en"><meta charset="utf-8">'
                                  f"<title>League table</title>{text}</html>\n", encoding="utf-8")  # fmt: skip
        return text

    def _repr_html_(self) -> str:
        return self.to_html()


def league_table(fit: Posterior) -> LeagueTable:
    """Every pair of treatments in one table.

    Examples
    --------
    >>> import pandas as pd
    >>> import physiohub as ph
    >>> table = pd.DataFrame({"study": ["1", "1"], "treatment": ["A", "B"], "mean": [5.0, 4.0], "sd": [2.0, 2.0],
    ...                       "n": [50, 50]})
    >>> fit = ph.fit(ph.read_arms(table, reference="A"), ph.ModelSpec(measure="MD", effects="common"))
    >>> league = ph.league_table(fit)
    >>> league.cell("B", "A")
    '-1.00 (-1.78 to -0.22)'
    """
    labels = tuple(t.label for t in fit.network.treatments)
    return LeagueTable(relative_effects(fit), fit.treatments, labels, fit.spec.measure)
