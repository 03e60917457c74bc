"""Earlier meta-analyses in the table and the figure of tau: in words, as a curve of their own, never twice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.report.pictures import boxes, check_texts

from physiohub.model.priors import parse_prior
from physiohub.report.figures import tau_figure, to_svg
from physiohub.report.tables import heterogeneity_table

NAME = "rhodes-2015(physical health/adverse event/pain/QoL/functioning, any non-pharmacological)"


def beside(outcome: dict[str, Any], *, prior: str = "half-normal(0.5)", doubt: str | None = None) -> dict[str, Any]:
    found = outcome["heterogeneity"]
    published = parse_prior(NAME, "tau")
    grid = found["density"]["tau"]
    density = [None if tau == 0 else float(published.log_density(tau)) for tau in grid]  # type: ignore[attr-defined]
    drawn = [None if value is None else 2.718281828**value for value in density]
    empirical = {
        "name": NAME, "source": "Rhodes 2015", "chosen": "outcome type as stated",
        "q2.5": 0.0119, "q25": 0.097, "median": 0.2209, "q75": 0.504, "q97.5": 4.086, "p_below": 0.712,
        "warning": doubt,
    }  # fmt: skip
    more = {"empirical": empirical, "density": {**found["density"], "empirical": drawn}, "prior_text": prior}
    return {**outcome, "heterogeneity": {**found, **more}}


def lines(outcome: dict[str, Any]) -> list[str]:
    marks = (layer for layer in tau_figure(outcome).spec["layer"] if layer["mark"]["type"] == "line")
    return [layer["encoding"]["y"]["field"] for layer in marks]


def test_the_table_says_it_in_words(make_outcome):
    rows = {row[0]: row for row in heterogeneity_table(beside(make_outcome(3), doubt="It is doubtful.")).texts()}
    _, value, meaning = rows["tau of earlier meta-analyses"]
    assert value == "0.22 (95% 0.012 to 4.1)"
    assert meaning == (
        f"{NAME}: outcome type as stated. Such a meta-analysis has tau below the posterior median with probability "
        "0.71. It is doubtful."
    )
    assert "tau of earlier meta-analyses" not in [row[0] for row in heterogeneity_table(make_outcome(3)).texts()]


@pytest.mark.parametrize("measure", ["SMD", "OR"])
def test_the_figure_has_a_third_curve_and_no_text_is_cut(make_outcome, measure):
    outcome = beside(make_outcome(3, measure=measure))
    figure = tau_figure(outcome)
    check_texts(figure)
    assert lines(outcome) == ["empirical", "prior", "posterior"]
    texts = " ".join(box.text for box in boxes(to_svg(figure)))
    assert "earlier meta-analyses: median 0.22 (95% 0.012 to 4.1)" in texts
    assert "with probability 0.71" in figure.description
    assert "Density in earlier meta-analyses" in figure.table.header


def test_the_prior_is_not_drawn_twice(make_outcome):
    outcome = beside(make_outcome(3), prior=NAME)
    check_texts(tau_figure(outcome))
    assert lines(outcome) == lines(make_outcome(3)) == ["prior", "posterior"]
