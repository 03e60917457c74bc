"""Empirical priors by name: the table itself, the distributions by a second route, and the words that find them."""

from __future__ import annotations

import csv
import pickle
import re
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.integrate import quad

import physiohub as ph
from physiohub.cli.options import TableOptions
from physiohub.errors import ModelError
from physiohub.model.empirical import EmpiricalLogNormal, EmpiricalLogT, EmpiricalPrior, empirical_prior
from physiohub.model.empirical_listing import empirical_priors
from physiohub.model.empirical_tables import MARGINAL, EmpiricalTable, empirical_tables
from physiohub.model.priors import LogT, parse_prior

ALL = empirical_priors().priors
PHYSIOTHERAPY = "rhodes-2015(physical health/adverse event/pain/QoL/functioning, any non-pharmacological)"
SUSPECT = (
    "rhodes-2015(mental health, any non-pharmacological)",
    "rhodes-2015(internal/external structure, pharmacological vs placebo/control, cancer)",
)


# -- the table --------------------------------------------------------------------------------------------------------


def test_every_row_of_the_reference_table_is_here(shared: Path) -> None:
    path = shared / "data" / "empirical_tau_priors.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = set()
    for row in rows:
        outcome = row["outcome_type"].replace(" (dichotomised)", "").replace(", ", "/")
        comparison = MARGINAL if outcome == MARGINAL else row["comparison_type"]
        table = row["source"].lower().replace(" ", "-")
        df = 5 if row["distribution"] == "log-t5 on tau^2" else None
        measure = row["measure"].removeprefix("log ")
        numbers = (float(row["location"]), float(row["scale"]), df)
        wanted.add((table, measure, row["area"], outcome, comparison, *numbers))
    cells = [prior.cell for prior in ALL]
    found = {(c.table, c.measure, c.area, c.outcome, c.comparison, c.location, c.scale, c.df) for c in cells}
    assert found == wanted
    assert len(rows) == len(ALL) == 163


def additive_remainder(table: EmpiricalTable) -> dict[str, float]:
    """What is left of each location after the additive parts of area, outcome and comparison, by median polish."""
    sides = [[one.name for one in named] for named in (table.areas, table.outcomes, table.comparisons)]
    left = np.reshape([table.cells[a, o, c].location for a, o, c in product(*sides)], [len(side) for side in sides])
    for _ in range(100):
        for axes in ((0, 1), (0, 2), (1, 2)):
            left = left - np.median(left, axis=axes, keepdims=True)
    cells = [str(table.cells[a, o, c]) for a, o, c in product(*sides)]
    return dict(zip(cells, left.ravel().tolist(), strict=True))


@pytest.mark.parametrize("table", empirical_tables().values(), ids=lambda t: t.name)
def test_the_tables_are_additive_but_for_the_suspect_cells(table: EmpiricalTable) -> None:
    """A first or second digit mistyped anywhere would show: outcome, comparison and area add up on the log scale."""
    doubtful = {str(cell): cell for cell in table.cells.values() if cell.doubt is not None}
    for name, left in additive_remainder(table).items():
        if name in doubtful:
            cell = doubtful[name]
            assert abs(left) > 0.2
            implied = re.search(r"implies (-?[\d.]+):", str(cell.doubt))
            assert implied is not None
            assert float(implied[1]) == pytest.approx(cell.location - left, abs=0.025)  # rounding, as below
        else:
            # four printed numbers, each rounded to 0.005, differ from additivity by at most 0.02; medians add 0.005
            assert abs(left) < 0.025, name
    assert set(doubtful) == {name for name in SUSPECT if name.startswith(table.name)}


def test_names_lead_to_one_thing_each() -> None:
    for table in empirical_tables().values():
        for named in (table.outcomes, table.comparisons, table.areas):
            keys = [key for one in named for key in one.keys]
            assert len(set(keys)) == len(keys), table.name


# -- the distributions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prior", ALL, ids=str)
def test_density_quantiles_and_probabilities_agree_with_the_log_scale(prior: EmpiricalPrior) -> None:
    cell = prior.cell
    of_log = stats.norm(cell.location, cell.scale) if cell.df is None else stats.t(cell.df, cell.location, cell.scale)

    def density_of_z(z: float) -> float:
        tau = np.exp((cell.location + cell.scale * z) / 2)
        return float(np.exp(prior.log_density(tau)) * tau * cell.scale / 2)

    # beyond 200 scales lie 6e-11 of t with 5 df and nothing of a normal; each part has quad's own error of 1.5e-8
    mass = sum(quad(density_of_z, low, high)[0] for low, high in pairwise((-200, -10, 0, 10, 200)))
    assert mass == pytest.approx(1, abs=1e-7)
    for p in (0.025, 0.25, 0.5, 0.75, 0.975):
        tau = prior.quantile(p)
        assert tau == pytest.approx(np.sqrt(np.exp(of_log.ppf(p))), rel=1e-10)
        assert prior.probability_below(tau) == pytest.approx(p, abs=1e-12)
        assert prior.probability_below(1.3 * tau) == pytest.approx(of_log.cdf(2 * np.log(1.3 * tau)), abs=1e-12)
    assert prior.probability_below(0) == 0


def test_pain_and_function_in_physiotherapy() -> None:
    """Median 0.221, quartiles 0.097 and 0.504, 95% 0.012 to 4.09 on the SMD scale."""
    prior = empirical_prior("SMD", outcome="pain", comparison="non-pharmacological")
    assert prior == empirical_prior("smd", outcome="function", comparison="any non-pharmacological")
    found = [round(prior.quantile(p), d) for p, d in ((0.5, 3), (0.25, 3), (0.75, 3), (0.025, 3), (0.975, 2))]
    assert found == [0.221, 0.097, 0.504, 0.012, 4.09]


@pytest.mark.parametrize(("outcome", "median"), [("subjective", 0.12), ("mortality", 0.02)])
def test_medians_of_the_variance_that_turner_2012_prints(outcome: str, median: float) -> None:
    """Abstract of the paper, pharmacological versus placebo or control."""
    prior = empirical_prior("OR", outcome=outcome, comparison="pharmacological vs control", source="Turner 2012")
    assert round(prior.quantile(0.5) ** 2, 2) == median


# -- the words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prior", ALL, ids=str)
def test_the_text_form_reads_back(prior: EmpiricalPrior) -> None:
    again = parse_prior(str(prior), "tau")
    assert again == prior
    assert hash(again) == hash(prior)
    assert pickle.loads(pickle.dumps(prior)) == prior
    assert parse_prior(str(prior).upper(), "tau") == prior
    assert isinstance(prior, EmpiricalLogT if prior.cell.measure == "SMD" else EmpiricalLogNormal)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("rhodes-2015(pain, non-pharmacological)", PHYSIOTHERAPY),
        ("Rhodes et al. 2015 (Pain, nonpharm)", PHYSIOTHERAPY),
        ("rhodes2015(comparison=non pharm, outcome=QUALITY OF LIFE)", PHYSIOTHERAPY),
        ("rhodes-2015(disability, non-pharmacological versus control)", PHYSIOTHERAPY),
        ("rhodes-2015(mental, pharm v plac, resp)",
         "rhodes-2015(mental health, pharmacological vs placebo/control, respiratory)"),
        ("rhodes-2015(pain, non-pharm, other)", PHYSIOTHERAPY),
        ("rhodes_2015(Marginal)", "rhodes-2015(marginal)"),
        ("turner-2015(all-cause, pharm against placebo)",
         "turner-2015(all-cause mortality, pharmacological vs placebo/control)"),
        ("Turner 2015(QoL, non-pharm vs non-pharm)",
         "turner-2015(QoL/functioning, non-pharmacological vs non-pharmacological)"),
        ("turner-2012(all-cause mortality, pharm vs placebo)", "turner-2012(mortality, pharmacological vs control)"),
    ],
)  # fmt: skip
def test_words_are_understood_shortened_and_in_any_case(text: str, means: str) -> None:
    assert str(parse_prior(text, "tau")) == means


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rhodes-2015(pian, non-pharmacological)", "Did you mean physical health/adverse event/pain/QoL/functioning?"),
        ("rhodes-2015(pian, non-pharmacological)", "Comparison types: pharmacological vs placebo/control;"),
        ("rhodes-2015(gait, non-pharmacological)", "has no outcome type 'gait'. Outcome types of rhodes-2015: obst"),
        ("rhodes-2015(pain, non-pharmacological, brain)", "no area 'brain'"),
        ("rhodes-2015(pain)", "needs an outcome type and a comparison type"),
        ("rhodes-2015", "needs an outcome type and a comparison type"),
        ("rhodes-2015(pain, pharm)", "could be several things"),
        ("rhodes-2015(pain, non-pharm, other, more)", "'more' is no argument"),
        ("rhodes-2015(pain, outcome=pain)", "'outcome=pain' is no argument"),
        ("rhodes-2015(pain, who=pain)", "'who=pain' is no argument"),
        ("turner-2015(mortality, pharm vs placebo)",
         "could be several things in turner-2015: all-cause mortality; cause-specific mortality"),
        ("turner-2015(pain, non-pharmacological)", "could be several things"),
        ("turner-2015(pain, non-pharm vs placebo, cancer)", "no area 'cancer'"),
        ("turner-2012(marginal)", "has no marginal distribution"),
        ("turner-2014(pain, pharm)", "rhodes-2015(outcome, comparison[, area]), turner-2015(outcome, comparison)"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_an_error_with_the_choices(text: str, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_prior(text, "tau")
    assert says in str(caught.value)


def test_an_empirical_prior_is_of_tau_alone() -> None:
    with pytest.raises(ModelError, match=r"does not fit treatment effects"):
        parse_prior("rhodes-2015(marginal)", "d")


def test_the_helper_lists_and_refuses() -> None:
    assert str(empirical_prior("or")) == "turner-2015(marginal)"
    with pytest.raises(ModelError, match=r"No empirical distribution of tau is on the scale of MD\."):
        empirical_prior("MD", outcome="pain", comparison="non-pharmacological")
    with pytest.raises(ModelError, match="needs an outcome type and a comparison type"):
        empirical_prior("SMD", outcome="pain")
    with pytest.raises(ModelError, match=r"'rhodes-2015' is no table of tau for OR\. .*turner-2015, turner-2012"):
        empirical_prior("OR", source="rhodes-2015")
    with pytest.raises(ModelError, match="scale of RR"):
        empirical_priors("RR")


def test_the_listing_is_a_table() -> None:
    frame = empirical_priors().to_frame()
    assert len(frame) == len(empirical_priors()) == len(set(frame["prior"])) == 163
    row = frame.set_index("prior").loc[PHYSIOTHERAPY]
    assert (row["location"], row["scale"], row["log tau^2"]) == (-3.02, 2.27, "t with 5 df")
    assert set(frame.loc[frame["doubt"] != "", "prior"]) == set(SUSPECT)
    assert "<caption>Empirical" in empirical_priors("OR")._repr_html_()


def test_suspect_cells_warn_and_others_do_not() -> None:
    assert {str(prior) for prior in ALL if prior.warning is not None} == set(SUSPECT)
    prior = parse_prior("rhodes-2015(mental health, non-pharmacological)", "tau")
    assert isinstance(prior, EmpiricalPrior)
    assert prior.quantile(0.5) == pytest.approx(np.exp(-3.85 / 2))  # the printed value is kept
    assert "-3.85" in str(prior.warning)
    assert "implies -2.85" in str(prior.warning)


# -- in a model -------------------------------------------------------------------------------------------------------


def network() -> ph.Network:
    table = pd.DataFrame(
        {"study": list("1234"), "treat1": "B", "treat2": "A", "TE": [0.1, 0.9, -0.3, 0.5], "seTE": [0.2, 0.3, 0.2, 0.3]}
    )
    return ph.read_contrasts(table, reference="A")


def test_a_fit_by_name_is_the_fit_by_numbers() -> None:
    named = ph.fit(network(), ph.ModelSpec(measure="SMD", tau_prior="rhodes-2015(pain, non-pharmacological)"))
    numbers = ph.fit(network(), ph.ModelSpec(measure="SMD", tau_prior=LogT(-3.02, 2.27, 5)))
    assert str(named.priors.tau) == PHYSIOTHERAPY
    assert named.tau is not None
    assert numbers.tau is not None
    for p in (0.025, 0.5, 0.975):
        assert named.tau.quantile(p) == numbers.tau.quantile(p)
        assert named.effect("B", "A").quantile(p) == numbers.effect("B", "A").quantile(p)


@pytest.mark.parametrize(
    ("measure", "prior", "says"),
    [
        ("MD", "rhodes-2015(pain, non-pharm)", "on the scale of SMD, and this analysis is on that of MD"),
        ("OR", "rhodes-2015(pain, non-pharm)", r"For OR there is turner-2015\(outcome, comparison\)"),
        ("SMD", "turner-2015(pain, non-pharm vs plac)", r"log odds ratio \(OR\).* For SMD there is rhodes-2015"),
        ("RR", "turner-2012(subjective, non-pharm)", "on that of RR"),
    ],
)
def test_a_prior_of_another_scale_is_refused(measure: str, prior: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        ph.fit(network(), ph.ModelSpec(measure=measure, tau_prior=prior))
    ph.fit(network(), ph.ModelSpec(measure=measure, tau_prior=prior, effects="common"))  # there it has no effect


def test_the_command_line_takes_the_text_form() -> None:
    assert TableOptions(measure="SMD", tau_prior="rhodes-2015(pain, non-pharm)").spec().tau_prior is not None
    with pytest.raises(ph.UsageError, match="no outcome type 'gait'"):
        TableOptions(measure="SMD", tau_prior="rhodes-2015(gait, non-pharm)").spec()
