"""Scripts for other programs: the same numbers, no label that becomes code, nothing replaced in silence."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import runpy
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import physiohub as ph
from physiohub.evidence.question import review_questions
from physiohub.evidence.record import outcome_record
from physiohub.evidence.review import bundled_review
from physiohub.network.network import build_network
from physiohub.network.study import Arm, Contrasts, Study, Treatment
from physiohub.report.scripts.export import export_scripts, outcome_scripts
from physiohub.report.scripts.material import Found, Material
from physiohub.report.scripts.multinma import multinma_files
from physiohub.report.scripts.quoting import comment, csv_text, plain_names, r_string, stata_comment

HOSTILE = (
    '"); system("rm -rf ~")#',
    "usual\ncare; system(1)\r\n\u2028quit()",
    '`=shell("x")\' $S_ADO /* */ \\',
    "'''\"\"\"\nimport os; system('x')",
    "\"' /* system",
    "Crème, 30%\u202e 'x'",
    "if",
    "NA",
    "na",
    "007",
)
SCRIPTS = ("analysis.py", "netmeta.R", "multinma.R", "stata.do")
SPEC = ph.ModelSpec(measure="MD", tau_prior="half-normal(0.7)", seed=7)


def arms(study: str, **means: float) -> Study:
    return Study(
        id=study,
        arms=tuple(
            Arm(treatment=name, n=40.0 + k, mean=mean, sd=4.1 + k / 3) for k, (name, mean) in enumerate(means.items())
        ),
    )


def contrasts(study: str, treatments: str, estimate: list[float], covariance: list[list[float]]) -> Study:
    members = tuple(Arm(treatment=t) for t in treatments)
    return Study(id=study, arms=members, contrasts=Contrasts(np.array(estimate), np.array(covariance)))


MEANS = (
    arms("1", A=10.0, B=8.3), arms("2", A=11.1, B=9.0, C=7.7), arms("3", B=9.1, C=8.8), arms("4", A=9.0, C=7.9),
    arms("5", A=12.0, D=9.7),
)  # fmt: skip
THREE = contrasts("6", "ABC", [-1.1, -2.3], [[0.31, 0.1], [0.1, 0.29]])
REPEATED = Study(
    id="7",
    arms=tuple(Arm(treatment=t, n=30.0, mean=m, sd=4.0) for t, m in (("A", 9.9), ("B", 8.0), ("B", 9.0))),
)


def hostile_studies() -> tuple[Study, ...]:
    rng = np.random.default_rng(3)
    pairs = [(0, k) for k in range(1, len(HOSTILE))] + [(k, k + 1) for k in range(1, len(HOSTILE) - 1)]
    return tuple(
        Study(
            id=f"{number} {HOSTILE[a]}",
            arms=tuple(
                Arm(treatment=HOSTILE[k], label='l\n"', n=50.0, mean=float(rng.normal(9, 1)), sd=4.0) for k in (a, b)
            ),
        )
        for number, (a, b) in enumerate(pairs)
    )


NETWORKS: dict[str, tuple[Study, ...]] = {
    "means": MEANS,
    "contrasts": (THREE, contrasts("8", "AB", [-0.4], [[0.2]]), contrasts("9", "CD", [0.6], [[0.41]])),
    "mixed": (*MEANS, THREE),
    "two arms on one treatment": (*MEANS, REPEATED),
    "hostile": hostile_studies(),
}


def network_of(name: str) -> ph.Network:
    return build_network(NETWORKS[name], reference=HOSTILE[0] if name == "hostile" else "A")


@cache
def answered(name: str, effects: Literal["random", "common"] = "random") -> tuple[Mapping[str, Any], Mapping[str, str]]:
    spec = ph.ModelSpec(measure="MD", effects=effects, tau_prior="half-normal(0.7)" if effects == "random" else None)
    network = network_of(name)
    record = outcome_record(network, spec, better="lower")
    record["label"] = HOSTILE[1] + HOSTILE[2] if name == "hostile" else "pain"
    return record, outcome_scripts(network, spec, "lower", record)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


# -- the same numbers -------------------------------------------------------------------------------------------------


def run(scripts: Mapping[str, str], folder: Path) -> dict[str, Any]:
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return runpy.run_path(str(folder / "analysis.py"))


def assert_same(record: Mapping[str, Any], ran: Mapping[str, Any]) -> None:
    found = [
        {"treatment": e.treatment, "versus": e.versus, "mean": e.mean, "sd": e.sd, "q2.5": e.q2_5, "median": e.median,
         "q97.5": e.q97_5, "low": e.low, "high": e.high, "predictive_low": e.predictive_low,
         "predictive_high": e.predictive_high, "p_better": e.p_better, "p_beyond_mid": e.p_beyond_mid}
        for e in ran["effects"].effects
    ]  # fmt: skip
    assert found == [{key: row[key] for key in found[0]} for row in record["relative_effects"]]
    assert [row.sucra for row in ran["ranking"].rows] == [row["sucra"] for row in record["ranking"]]
    assert [row.rank_probabilities for row in ran["ranking"].rows] == [
        tuple(row["rank_probabilities"]) for row in record["ranking"]
    ]
    tau = record["heterogeneity"]["tau"]
    assert ran["tau"].mean == (None if tau is None else tau["mean"])


@pytest.mark.parametrize("effects", ["random", "common"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_python_script_repeats_the_analysis_to_the_last_digit(
    name: str, effects: Literal["random", "common"], tmp_path: Path
) -> None:
    record, scripts = answered(name, effects)
    assert_same(record, run(scripts, tmp_path))


@pytest.mark.parametrize("question", review_questions(bundled_review()), ids=lambda question: question.id)
def test_the_python_script_repeats_the_bundled_review(question: Any, tmp_path: Path) -> None:
    record = outcome_record(question.network, question.spec, better=question.better, context=question.context)
    assert_same(record, run(outcome_scripts(question.network, question.spec, question.better, record), tmp_path))


def test_the_python_script_prints_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, scripts = answered("means")
    run(scripts, tmp_path)
    runpy.run_path(str(tmp_path / "analysis.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert printed.count("SUCRA of") == 4
    assert "tau: " in printed


def test_an_effect_without_a_mean_is_still_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = build_network([contrasts("1", "AB", [1.0], [[0.2]])], reference="A")
    spec = ph.ModelSpec(measure="MD", tau_prior="half-cauchy(1)")
    record = outcome_record(network, spec, better="lower")
    scripts = outcome_scripts(network, spec, "lower", record)
    assert record["relative_effects"][0]["mean"] is None
    assert "no mean or SD" in scripts["netmeta.R"]
    assert rows_of(scripts["expected.csv"])[0]["mean"] == ""
    assert_same(record, run(scripts, tmp_path))
    runpy.run_path(str(tmp_path / "analysis.py"), run_name="__main__")
    assert "tau: " in capsys.readouterr().out


def test_a_plain_table_of_arms_is_read_by_its_public_reader() -> None:
    _, scripts = answered("means")
    assert "ph.read_table(" in scripts["analysis.py"]
    assert rows_of(scripts["data.csv"])[0] == {"study": "1", "treatment": "A", "n": "40", "mean": "10", "sd": "4.1"}


def test_counts_with_zero_cells_are_repeated(tmp_path: Path) -> None:
    table = io.StringIO("study,treatment,events,total\n1,A,0,20\n1,B,4,22\n2,A,5,30\n2,B,9,31\n3,A,0,10\n3,B,0,12\n")
    path = tmp_path / "counts.csv"
    path.write_text(table.getvalue(), encoding="utf-8")
    network = ph.read_table(path, reference="A", measure="OR")
    spec = ph.ModelSpec(measure="OR", likelihood="contrast")
    record = outcome_record(network, spec, better="lower")
    scripts = outcome_scripts(network, spec, "lower", record)
    assert "Left out, because they form no OR: 3." in scripts["netmeta.R"]
    assert {row["studlab"] for row in rows_of(scripts["data_netmeta.csv"])} == {"1", "2"}
    assert "set_agd_arm with r and n" in scripts["multinma.R"]
    assert_same(record, run(scripts, tmp_path))


def counted(*lines: str, cells: str) -> ph.Network:
    """Arms as ``study treatment cell cell``; `cells` are their names."""
    rows, names = [line.split() for line in lines], cells.split()
    made = [
        Arm(treatment=row[1], **{name: float(cell) for name, cell in zip(names, row[2:], strict=True)})  # type: ignore[arg-type]
        for row in rows
    ]
    ids = dict.fromkeys(row[0] for row in rows)
    studies = [Study(id=id, arms=tuple(a for a, row in zip(made, rows, strict=True) if row[0] == id)) for id in ids]
    return build_network(studies, reference="A")


EVENTS = counted("1 A 0 20", "1 B 4 22", "2 A 5 30", "2 B 9 31", "3 A 0 10", "3 B 0 12", cells="events total")
TIMED = counted("1 A 3 20 2", "1 B 4 22 2", "2 A 5 30 1", "2 B 9 31 1", cells="events total time")
RATES = counted("1 A 3 20.5", "1 B 4 22.25", "2 A 5 30", "2 B 9 31", cells="events exposure")


@pytest.mark.parametrize(
    ("network", "measure", "outcome", "model"),
    [
        (EVENTS, "OR", "r = r, n = n", 'likelihood = "binomial", link = "logit",'),
        (EVENTS, "PROBIT", "r = r, n = n", 'likelihood = "binomial", link = "probit",'),
        (TIMED, "HR", "r = r, n = n", "regression = ~offset(log(time)),"),
        (RATES, "IRR", "r = r, E = E", 'likelihood = "poisson", link = "log",'),
    ],
)
def test_counts_go_to_multinma_as_they_are(
    network: ph.Network, measure: str, outcome: str, model: str, tmp_path: Path
) -> None:
    spec = ph.ModelSpec(measure=measure, effects="common")
    record = outcome_record(network, spec, better="lower")
    scripts = outcome_scripts(network, spec, "lower", record)
    script = scripts["multinma.R"]
    assert outcome in script
    assert model in script
    assert "prior_intercept = prior_mu" in script
    assert "\nstop(" not in script
    found = rows_of(scripts["data_multinma_arms.csv"])
    arms = [arm for study in network.studies for arm in study.arms]
    assert [float(row["r"]) for row in found] == [arm.events for arm in arms]
    size = "E" if measure == "IRR" else "n"
    assert [float(row[size]) for row in found] == [arm.exposure if size == "E" else arm.total for arm in arms]
    assert_same(record, run(scripts, tmp_path))


def test_programs_without_the_likelihood_get_contrasts_and_say_so() -> None:
    scripts = export_scripts(EVENTS, ph.ModelSpec(measure="OR", effects="common"), better="lower")
    for name in ("netmeta.R", "stata.do"):
        told = " ".join(scripts[name].replace("# ", "").replace("* ", "").split())
        assert "gets normal contrasts of them" in told
        assert "0.5 was added to each cell of studies with an empty one: 1." in told
        assert "does not get them: 3." in told
    assert {row["studlab"] for row in rows_of(scripts["data_netmeta.csv"])} == {"1", "2"}


def test_a_network_that_contrasts_do_not_hold_together_stops_the_programs_that_need_them() -> None:
    network = counted("1 A 4 20", "1 B 4 22", "2 B 0 30", "2 C 0 31", cells="events total")
    scripts = export_scripts(network, ph.ModelSpec(measure="OR", effects="common"), better="lower")
    assert re.search(r"^stop\(.*no other study has C", scripts["netmeta.R"], flags=re.MULTILINE)
    assert "\nexit 459\n" in scripts["stata.do"]
    assert "\nstop(" not in scripts["multinma.R"]
    assert [row["frequentist"] for row in rows_of(scripts["expected.csv"])] == ["", ""]


def test_a_log_link_of_probabilities_stops_multinma() -> None:
    script = export_scripts(EVENTS, ph.ModelSpec(measure="RR", effects="common"), better="lower")["multinma.R"]
    assert re.search(r"^stop\(.*no log link of probabilities", script, flags=re.MULTILINE)


def test_ordered_categories_go_to_multinma_from_the_lowest_up() -> None:
    network = ph.datasets.load("psoriasis")
    spec = ph.ModelSpec(measure="PROBIT", effects="common")
    found = Found("outcome", (), None, None)
    files = multinma_files(Material.of(network, spec, "higher", found))
    assert 'r = multi(c0, c1, c2, c3, inclusive = FALSE, type = "ordered")' in files["multinma.R"]
    assert 'likelihood = "ordered", link = "probit",' in files["multinma.R"]
    assert rows_of(files["data_multinma_arms.csv"])[0] == {
        "study": "1 Elewski 2004", "treatment": "Supportive care", "c0": "175", "c1": "12", "c2": "5", "c3": "1",
    }  # fmt: skip
    assert rows_of(files["data_multinma_arms.csv"])[-1]["c1"] == ""


# -- no label becomes code --------------------------------------------------------------------------------------------


def code_of(text: str, name: str) -> str:
    """The script without its comments and with empty strings; fails on a string or bracket that does not close."""
    mark = "*" if name.endswith(".do") else "#"
    kept, brackets, position, at_start = [], [], 0, True
    while position < len(text):
        character = text[position]
        if character == mark and (mark == "#" or at_start):
            position = text.index("\n", position)
            continue
        if character == '"' or (character == "'" and mark == "#"):
            position += 1
            while text[position] != character:
                assert text[position] != "\n", "a string runs over its line"
                position += 2 if text[position] == "\\" and mark == "#" else 1
            kept.append(character * 2)
            position += 1
            continue
        if character in "([{":
            brackets.append(character)
        elif character in ")]}":
            assert brackets.pop() + character in ("()", "[]", "{}")
        kept.append(character)
        at_start = character == "\n" or (at_start and character.isspace())
        position += 1
    assert brackets == []
    return "".join(kept)


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("network", NETWORKS)
def test_labels_stay_in_comments_and_strings(network: str, name: str) -> None:
    script = answered(network)[1][name]
    if name.endswith(".py"):
        called = {node.func.id for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Call)
                  and isinstance(node.func, ast.Name)}  # fmt: skip
        assert called.isdisjoint({"system", "exec", "eval", "quit", "shell"})
        return
    code = code_of(script, name)
    assert not re.search(r"system|shell|quit|S_ADO|\brm\b|import os|Crème", code)
    assert code.isascii()
    if name.endswith(".do"):
        assert not re.search(r"[`$]", script)
        assert not re.search(r"/\*|\*/", script)


def test_the_check_of_code_finds_a_planted_label() -> None:
    assert "system" in code_of('x <- "a"; system("rm") # system\n', "x.R")
    with pytest.raises(AssertionError):
        code_of('x <- "a\n"\n', "x.R")
    with pytest.raises(AssertionError):
        code_of("f((1)\n", "x.R")


TEXTS = st.text(max_size=40) | st.sampled_from(HOSTILE)


@given(TEXTS)
def test_a_comment_is_comment_on_every_line(text: str) -> None:
    for line in comment(["Label:", text]).splitlines():
        assert line.startswith("#")
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in comment([text]) if c != "\n")


@given(TEXTS)
def test_a_stata_comment_holds_nothing_that_stata_reads(text: str) -> None:
    for line in stata_comment([text]).splitlines():
        assert line[0] == "*"
        assert not set('`$*/\\"') & set(line[1:])


R_ESCAPE = re.compile(r'\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|(["\\]))')


@given(TEXTS.filter(lambda text: "\0" not in text))
def test_a_string_of_r_reads_back(text: str) -> None:
    literal = r_string(text)
    inside = literal[1:-1]
    assert literal.isascii()
    assert literal.isprintable()
    assert not re.search(r'(?<!\\)"', R_ESCAPE.sub("", inside))
    assert R_ESCAPE.sub(lambda m: m[3] or chr(int(m[1] or m[2], 16)), inside) == text


@given(st.lists(TEXTS, unique=True, min_size=1, max_size=8))
def test_names_for_other_programs_are_distinct_in_any_case(ids: list[str]) -> None:
    names = plain_names(ids)
    assert list(names) == ids
    assert len({name.casefold() for name in names.values()}) == len(ids)
    assert all(name and name == name.strip() and "\n" not in name for name in names.values())


@given(st.lists(st.tuples(TEXTS, st.floats(allow_nan=False, allow_infinity=False)), max_size=6))
def test_csv_reads_back_to_the_same_text_and_numbers(values: list[tuple[str, float]]) -> None:
    table = csv_text([{"name": name, "x": x} for name, x in values], ["name", "x"])
    assert [(row["name"], float(row["x"])) for row in rows_of(table)] == values


# -- what the other programs are given --------------------------------------------------------------------------------


def test_all_pairs_of_a_study_cohere() -> None:
    _, scripts = answered("contrasts")
    found = {
        (row["treat1"], row["treat2"]): (float(row["TE"]), float(row["seTE"]))
        for row in rows_of(scripts["data_netmeta.csv"])
        if row["studlab"] == "6"
    }
    assert found["C", "B"][0] == pytest.approx(found["C", "A"][0] - found["B", "A"][0])
    b, c, both = (found[pair][1] ** 2 for pair in (("B", "A"), ("C", "A"), ("C", "B")))
    assert (b + c - both) / 2 == pytest.approx(0.1)


def test_the_baseline_of_a_multi_arm_study_carries_the_covariance() -> None:
    _, scripts = answered("mixed")
    rows = rows_of(scripts["data_multinma_contrasts.csv"])
    assert [(row["treatment"], row["difference"]) for row in rows] == [("A", ""), ("B", "-1.1"), ("C", "-2.3")]
    assert float(rows[0]["se"]) ** 2 == pytest.approx(0.1)
    assert "combine_network(arm_studies, contrast_studies, trt_ref = reference)" in scripts["multinma.R"]
    assert "\nstop(" not in scripts["multinma.R"]


def test_another_arm_is_the_baseline_where_the_covariance_with_arm_0_is_not_above_zero() -> None:
    network = build_network([contrasts("1", "ABC", [-1.0, 1.0], [[0.3, -0.01], [-0.01, 0.2]])], reference="A")
    rows = rows_of(export_scripts(network, SPEC, better="lower")["data_multinma_contrasts.csv"])
    assert [row["treatment"] for row in rows] == ["B", "A", "C"]
    assert float(rows[0]["se"]) ** 2 == pytest.approx(0.31)
    assert [float(row["difference"]) for row in rows[1:]] == [1.0, 2.0]


def test_a_covariance_that_is_not_one_number_stops_multinma() -> None:
    four = Study(
        id="four", arms=tuple(Arm(treatment=t, n=20.0, mean=10.0 - 2 * k * k, sd=4.0) for k, t in enumerate("ABCD"))
    )
    network = build_network([four], reference="A")
    script = export_scripts(network, ph.ModelSpec(measure="SMD"), better="lower")["multinma.R"]
    assert re.search(r"^stop\(.*not one number: four", script, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("prior", "written"),
    [
        ("half-normal(0.25)", "half_normal(scale = 0.25)"),
        ("half-cauchy(2)", "half_cauchy(scale = 2.0)"),
        ("normal(0.1, 0.3)", "normal(location = 0.1, scale = 0.3)"),
        ("t(0, 1, 4)", "student_t(location = 0.0, scale = 1.0, df = 4.0)"),
        ("log-normal(-2.56, 1.74)", "log_normal(location = -2.56, scale = 1.74)"),
        ("log-t(-3.02, 2.27, 5)", "log_student_t(location = -3.02, scale = 2.27, df = 5.0)"),
    ],
)
def test_priors_in_the_words_of_multinma(prior: str, written: str) -> None:
    spec = ph.ModelSpec(measure="MD", tau_prior=prior, effect_prior="normal(0, 50)", baseline_prior="flat")
    script = export_scripts(network_of("means"), spec, better="lower")["multinma.R"]
    assert f"\nprior_tau <- {written}\n" in script
    assert "\nprior_d <- normal(location = 0.0, scale = 50.0)\n" in script
    assert "\nprior_mu <- flat()\n" in script
    assert ('prior_het_type = "var"' in code_with_strings(script)) == prior.startswith("log")
    assert "\nstop(" not in script


def code_with_strings(script: str) -> str:
    return "\n".join(line for line in script.splitlines() if not line.startswith("#"))


@pytest.mark.parametrize("prior", ["uniform(0, 5)", "inverse-gamma(0.001, 0.001)", "fixed(0.3)"])
def test_a_prior_without_counterpart_stops_the_script_before_it_starts(prior: str) -> None:
    script = export_scripts(network_of("means"), ph.ModelSpec(measure="MD", tau_prior=prior), better="lower")[
        "multinma.R"
    ]
    assert f"no counterpart of the prior of tau, {prior}" in script
    assert script.index("\nstop(") < script.index("library(multinma)")
    assert "\nprior_tau <- NULL  # FILL IN" in script


def test_tau_known_to_be_zero_is_a_common_effect() -> None:
    script = export_scripts(network_of("means"), ph.ModelSpec(measure="MD", tau_prior="fixed(0)"), better="lower")[
        "multinma.R"
    ]
    assert 'trt_effects = "fixed"' in script
    assert "prior_tau" not in code_with_strings(script)


def test_a_known_tau_is_known_to_every_program_that_can_take_it() -> None:
    spec = ph.ModelSpec(measure="MD", tau_prior="fixed(0.5)", effect_prior="flat")
    scripts = export_scripts(network_of("means"), spec, better="lower")
    assert "tau.preset = 0.5," in scripts["netmeta.R"]
    assert "method.tau" not in scripts["netmeta.R"]
    assert "matrix Sigma0 = 0.25 * (I(2) + J(2, 2, 1)) / 2\n" in scripts["stata.do"]
    assert "network meta consistency, bscovariance(equals Sigma0) nouncertainv" in scripts["stata.do"]
    for row in rows_of(scripts["expected.csv"]):
        assert float(row["frequentist"]) == pytest.approx(float(row["mean"]), abs=1e-9)
        assert float(row["frequentist_se"]) == pytest.approx(float(row["sd"]), abs=1e-9)


def test_a_baseline_prior_on_another_arm_is_told() -> None:
    spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(1)", baseline_prior="normal(10, 3)")
    script = export_scripts(network_of("means"), spec, better="lower")["multinma.R"]
    assert re.search(r"^stop\(.*without the reference: 3\.", script, flags=re.MULTILINE)


def test_two_arms_on_one_treatment_stop_netmeta_and_go_to_mvmeta() -> None:
    _, scripts = answered("two arms on one treatment")
    assert re.search(r"^stop\(.*these have two: 7\.", scripts["netmeta.R"], flags=re.MULTILINE)
    assert "mvmeta y S, reml bscovariance(exch 0.5)" in scripts["stata.do"]
    assert "network import" not in scripts["stata.do"]
    assert "\nstop(" not in scripts["multinma.R"]


def test_direction_and_level_reach_every_program() -> None:
    spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(1)", level=0.9)
    scripts = export_scripts(network_of("means"), spec, better="higher")
    assert 'small.values = "undesirable"' in scripts["netmeta.R"]
    assert "level.ma = 0.9," in scripts["netmeta.R"]
    assert "lower_better = FALSE" in scripts["multinma.R"]
    assert "probs = c(0.05, 0.5, 0.95)" in scripts["multinma.R"]
    assert "network rank max," in scripts["stata.do"]
    assert "better='higher'" in scripts["analysis.py"]


def test_without_two_sources_nothing_is_asked_to_estimate_tau() -> None:
    network = build_network([contrasts("1", "AB", [1.0], [[0.2]])], reference="A")
    script = export_scripts(network, SPEC, better="lower")["netmeta.R"]
    assert "nothing estimates tau but the prior" in script
    assert "method.tau" not in script


# -- what should come out ---------------------------------------------------------------------------------------------


def stata_covariances(table: str) -> dict[str, dict[tuple[str, str], tuple[float, float]]]:
    found: dict[str, dict[tuple[str, str], tuple[float, float]]] = {}
    for row in rows_of(table):
        found.setdefault(row["study_name"], {})[row["t1"], row["t2"]] = float(row["effect"]), float(row["se"]) ** 2
    return found


def test_stata_gets_codes_in_order_and_effects_of_the_second_treatment() -> None:
    _, scripts = answered("contrasts")
    codes = {row["id"]: row["code"] for row in rows_of(scripts["treatments.csv"])}
    study = stata_covariances(scripts["data_stata.csv"])["6"]
    assert all(first < second for first, second in study)
    assert list(study[codes["A"], codes["B"]]) == pytest.approx([-1.1, 0.31])
    # what `network convert` makes of the standard errors
    both = sum(study[codes["A"], codes[t]][1] for t in "BC") - study[codes["B"], codes["C"]][1]
    assert both / 2 == pytest.approx(0.1)


def test_the_rows_for_mvmeta_hold_the_whole_model() -> None:
    """Least squares over the wide table, with the covariance that mvmeta forms, gives the expected estimates."""
    _, scripts = answered("two arms on one treatment")
    expected = rows_of(scripts["expected.csv"])
    tau = float(re.search(r"REML, tau ([\d.]+)\)", scripts["stata.do"])[1])  # type: ignore[index]
    information, score = np.zeros((3, 3)), np.zeros(3)
    for row in rows_of(scripts["data_stata.csv"]):
        outcomes = [k for k in (1, 2) if row[f"y_{k}"]]
        S = np.array([[float(row[f"S_{min(j, k)}_{max(j, k)}"]) for k in outcomes] for j in outcomes])
        X = np.array([[float(row[f"x{k}_{e['code']}"]) for e in expected] for k in outcomes])
        W = np.linalg.inv(S + tau**2 * (np.eye(len(outcomes)) + 1) / 2)
        information += X.T @ W @ X
        score += X.T @ W @ np.array([float(row[f"y_{k}"]) for k in outcomes])
    estimate = np.linalg.solve(information, score)
    np.testing.assert_allclose(estimate, [float(e["frequentist"]) for e in expected], atol=1e-5)
    se = np.sqrt(np.diag(np.linalg.inv(information)))
    np.testing.assert_allclose(se, [float(e["frequentist_se"]) for e in expected], atol=1e-5)


REFERENCES = {
    "senn2013": "MD", "stowe2010_smd": "SMD", "smoking": "OR", "thrombolytic": "OR", "bcg_vaccine": "OR",
    "blocker": "OR", "parkinson": "MD", "certolizumab": "OR",
}  # fmt: skip


def scripts_of_reference(
    shared: Path, name: str, effects: Literal["random", "common"]
) -> tuple[dict[str, str], dict[str, Any]]:
    record = json.loads((shared / "reference" / "netmeta" / f"{name}__nma_common_random.json").read_text())
    measure = REFERENCES[name]
    assert record["sm"] == measure
    network = ph.read_table(shared / "data" / f"{name}.csv", reference=record["reference"], measure=measure)
    spec = ph.ModelSpec(measure=measure, effects=effects, tau_prior="half-normal(1)" if effects == "random" else None)
    return export_scripts(network, spec, better="lower"), record


@pytest.mark.parametrize("name", REFERENCES)
def test_netmeta_gets_the_contrasts_that_it_was_given_for_its_reference(shared: Path, name: str) -> None:
    scripts, record = scripts_of_reference(shared, name, "common")
    # one estimate a pair, whichever way round it is written
    given = sorted((row["study"], *oriented(row)) for row in record["contrasts"])
    ours = sorted((row["studlab"], *oriented(row)) for row in rows_of(scripts["data_netmeta.csv"]))
    assert [row[:3] for row in ours] == [row[:3] for row in given]
    np.testing.assert_allclose([row[3:] for row in ours], [row[3:] for row in given], rtol=1e-8, atol=1e-9)


def oriented(row: Mapping[str, Any]) -> tuple[str, str, float, float]:
    first, second, effect, se = str(row["treat1"]), str(row["treat2"]), float(row["TE"]), float(row["seTE"])
    return (first, second, effect, se) if first < second else (second, first, -effect, se)


@pytest.mark.parametrize("name", REFERENCES)
def test_the_estimates_to_expect_are_those_of_netmeta(shared: Path, name: str) -> None:
    scripts, record = scripts_of_reference(shared, name, "common")
    found = {row["name"]: row for row in rows_of(scripts["expected.csv"])}
    reference = record["reference"]
    for row in record["common"]:
        if reference in (row["t1"], row["t2"]):
            other, sign = (row["t2"], 1) if row["t1"] == reference else (row["t1"], -1)
            assert float(found[other]["frequentist"]) == pytest.approx(sign * row["TE"], abs=1e-8)
            assert float(found[other]["frequentist_se"]) == pytest.approx(row["seTE"], abs=1e-8)


@pytest.mark.parametrize("name", REFERENCES)
def test_the_reml_estimates_to_expect_are_those_of_metafor(shared: Path, name: str) -> None:
    scripts, record = scripts_of_reference(shared, name, "random")
    fit = json.loads((shared / "reference" / "metafor" / f"{name}__nma_rma_mv.json").read_text())["REML"]
    tau = float(re.search(r"REML, tau ([\d.]+)\)", scripts["netmeta.R"])[1])  # type: ignore[index]
    assert tau**2 == pytest.approx(fit["tau"] ** 2, abs=1e-5)
    found = {row["name"]: float(row["frequentist"]) for row in rows_of(scripts["expected.csv"])}
    compared = [row for row in fit["d"] if row["t1"] == record["reference"]]
    assert compared
    for row in compared:
        assert found[row["t2"]] == pytest.approx(row["estimate"], abs=2e-4)


# -- the public way ---------------------------------------------------------------------------------------------------


def test_an_analysis_brings_its_scripts(tmp_path: Path) -> None:
    network = build_network(
        [arms("1", A=10.0, B=8.3), arms("2", A=11.1, B=9.0)],
        reference="A",
        treatments=[Treatment(id="A", label="Usual care"), Treatment(id="B", label="Exercise")],
    )
    analysis = ph.analyse(network, SPEC, better="lower")
    scripts = ph.export_scripts(analysis)
    assert [name for name in scripts if not name.endswith(".csv")] == [f"outcome/{name}" for name in SCRIPTS]
    files = analysis.files()
    assert {f"scripts/{name}" for name in scripts} <= set(files)
    folder = analysis.write(tmp_path / "build") / "scripts" / "outcome"
    assert rows_of((folder / "treatments.csv").read_text(encoding="utf-8"))[1]["label"] == "Exercise"
    for name in SCRIPTS:
        assert name in files["report.html"]
    assert_same(analysis.results["outcomes"]["outcome"], runpy.run_path(str(folder / "analysis.py")))


def test_the_same_scripts_with_and_without_an_analysis() -> None:
    network = network_of("means")
    analysis = ph.analyse(network, SPEC, better="lower")
    assert ph.export_scripts(network, SPEC, better="lower") == {
        name.removeprefix("outcome/"): text for name, text in ph.export_scripts(analysis).items()
    }


def test_a_question_is_asked_once() -> None:
    network = network_of("means")
    with pytest.raises(ph.UsageError, match="needs a spec"):
        ph.export_scripts(network, SPEC)
    analysis = ph.analyse(network, SPEC, better="lower")
    with pytest.raises(ph.UsageError, match="already"):
        ph.export_scripts(analysis, better="lower")
