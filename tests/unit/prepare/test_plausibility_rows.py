"""Every finding of the audit on a table that shows it, and not on its twin that is right."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
from docs.extensions.issue_rules import rules

from physiohub.errors import Issue
from physiohub.network.read import read_rows
from physiohub.prepare.instruments import registry
from physiohub.prepare.plausibility import FAMILIES, plausibility, reported_arms, reported_contrasts

BASE = {"outcome": "pain", "weeks": "12", "value_type": "final", "instrument": "VAS 0-100"}


def arm(study: str, treatment: str, n: object, mean: object, sd: object, **more: object) -> dict[str, str]:
    cells = {**BASE, "study": study, "treatment": treatment, "n": n, "mean": mean, "sd": sd, **more}
    return {name: str(cell) for name, cell in cells.items()}


def findings(*rows: dict[str, str], better: str | None = None) -> list[Issue]:
    table = read_rows(pd.DataFrame(list(rows)).fillna(""))
    assert not [issue for issue in table.issues if issue.severity == "error"]
    arms = reported_arms(table.arms, table, registry(), better=better)  # type: ignore[arg-type]
    return list(plausibility(arms, reported_contrasts(table.contrasts, table)))


def named(*rows: dict[str, str], **options) -> set[tuple[str, str, int | None]]:
    return {(issue.rule, issue.severity, issue.row) for issue in findings(*rows, **options)}


SOUND = (arm("Kim", "A", 41, 30.5, 21.2), arm("Kim", "B", 43, 38.4, 23.8))

BEFORE = {"baseline_mean": "60", "baseline_sd": "18"}


def test_sound_rows_are_not_named():
    assert named(*SOUND) == set()


def test_rules_and_severities_are_told_by_the_documentation():
    """Every rule that these tests can raise stands in the table of rules, never as an error."""
    listed = {(rule.name, rule.severity) for rule in rules() if rule.module.startswith("prepare.plausibility")}
    assert len({name for name, _ in listed}) >= 30
    assert {severity for _, severity in listed} == {"warning", "note"}


@pytest.mark.parametrize(
    ("rule", "row", "rows"),
    [
        ("sd-like-se", 3, (SOUND[0], arm("Kim", "B", 43, 38.4, 3.6))),
        ("sd-ratio-like-se", 3, (SOUND[0], arm("Kim", "B", 43, 38.4, 3.6))),
        ("sd-ratio", 3, (arm("Kim", "A", 41, 30.5, 30), arm("Kim", "B", 43, 38.4, 9.5))),
        ("sd-tenfold", 2, (arm("Kim", "A", 9, 30.5, 2.1), arm("Kim", "B", 9, 38.4, 2.3, instrument="VAS 0-10"))),
        ("sd-unusual", 2, (arm("Kim", "A", 3, 40, 60),)),
        ("sd-impossible", 2, (arm("Kim", "A", 40, 20, 45),)),
        ("outside-scale", 2, (arm("Kim", "A", 41, 130.5, 21.2),)),
        ("outside-scale", 2, (arm("Kim", "A", 41, -30.5, 21.2),)),
        ("outside-scale", 2, (arm("Kim", "A", 41, -130, 21.2, value_type="change"),)),
        ("scores-skewed", 2, (arm("Kim", "A", 41, 3.1, 21.2),)),
        ("mean-tenfold", 3, (arm("Kim", "A", 41, 35, 21.2), arm("Kim", "B", 41, 3.4, 21), arm("L", "A", 9, 41, 22))),
        ("mean-tenfold", 2, (arm("Kim", "A", 41, 4.1, 21.2, baseline_mean=48, baseline_sd=20),)),
        ("effect-large", 2, (arm("Kim", "A", 41, 10, 8), arm("Kim", "B", 43, 60, 9))),
        ("scale-contradicts-instrument", 2, (arm("Kim", "A", 41, 5.1, 2, scale_min=0, scale_max=10),)),
        ("arms-identical", 3, (SOUND[0], arm("Kim", "B", 41, 30.5, 21.2))),
        ("times-identical", 3, (SOUND[0], {**SOUND[0], "weeks": "26"})),
        ("trial-repeated", 4, (*SOUND, *({**row, "study": "Lee"} for row in SOUND))),
        ("study-names-alike", 3, (SOUND[0], {**SOUND[1], "study": "KIM."})),
        ("baseline-differs", 2, (SOUND[0] | BEFORE, SOUND[1] | BEFORE | {"baseline_mean": "45"})),
        ("allocation-unequal", 3, (arm("Kim", "A", 41, 30.5, 21.2), arm("Kim", "B", 4, 38.4, 23.8))),
        ("change-for-worse", 2, (arm("Kim", "A", 400, 12, 20, value_type="change"),)),
        ("change-off-scale", 2, (arm("Kim", "A", 41, 61, 21, value_type="change", baseline_mean=48, baseline_sd=20),)),
        ("interval-off-centre", 2, (arm("Kim", "A", 41, 30.5, "", ci_low=25, ci_high=40),)),
        ("interval-contradicts-se", 2, (arm("Kim", "A", 41, 30.5, 21.2, ci_low=14, ci_high=47),)),
        ("mean-not-granular", 2, (arm("Kim", "A", 28, 5.19, 4.8, instrument="RMDQ 0-24"),)),
        ("sd-not-granular", 2, (arm("Kim", "A", 28, 5.21, 3.65, instrument="RMDQ 0-24"),)),
    ],
)  # fmt: skip
def test_a_fault_is_named_where_it_stands(rule, row, rows):
    found = [issue for issue in findings(*rows) if issue.rule == rule]
    assert found, f"not named: {sorted(named(*rows))}"
    assert row in {issue.row for issue in found}
    assert all(issue.remedy and issue.study and issue.severity in ("warning", "note") for issue in found)


def test_the_arithmetic_stands_in_the_finding():
    found = next(issue for issue in findings(SOUND[0], arm("Kim", "B", 43, 38.4, 3.6)) if issue.rule == "sd-like-se")
    assert f"3.6 x sqrt(43) = {3.6 * math.sqrt(43):.3g}" in found.message
    assert "named beyond 2.5" in found.message
    assert (found.column, found.value, found.arm) == ("sd", "3.6", "B")


def test_every_explanation_that_fits_is_told():
    """With a hundred people a standard error and a lost digit look alike."""
    found = next(issue for issue in findings(arm("Kim", "A", 100, 30.5, 2.2)) if issue.column == "sd")
    assert "Taken for a standard error" in found.message
    assert "Ten times it" in found.message


def test_an_sd_among_standard_errors():
    rows = [arm("Kim", "A", 41, 30.5, "", se=21.2), arm("Kim", "B", 43, 38.4, "", se=3.4)]
    assert ("se-like-sd", "warning", 2) in named(*rows)
    assert 3 not in {row for _, _, row in named(*rows)}


def test_adjusted_means_have_no_grain_and_may_have_small_errors():
    row = arm("Kim", "A", 28, 5.19, "", se=0.45, instrument="RMDQ 0-24", value_type="adjusted")
    assert named(row) == set()


def test_percent_scores_of_items_are_noted_only():
    assert named(arm("Kim", "A", 15, 21.27, 12.5, instrument="ODI 0-100")) == {("mean-not-granular", "note", 2)}


def test_logs_are_not_held_against_the_scale():
    row = arm("Kim", "A", 41, -0.4, 0.3, transformation="log")
    assert named(row) == set()


def test_a_change_beside_its_means():
    final = arm("Kim", "A", 41, 30.5, 21.2)
    change = arm("Kim", "A", 41, -17.5, 20, value_type="change", baseline_mean="48.0", baseline_sd="19")
    assert named(final, change) == set()
    turned = {**change, "mean": "17.5"}
    found = next(issue for issue in findings(final, turned) if issue.rule == "change-contradicts-means")
    assert "sign turned" in found.message
    assert found.severity == "warning"


def others(sign: int, kind: str = "change") -> list[dict[str, str]]:
    return [
        arm(f"S{k}", name, 50, sign * (14 + k + 3 * j), 20 + k / 2, value_type=kind)
        for k in range(5)
        for j, name in enumerate("AB")
    ]


def test_a_sign_that_no_other_study_has():
    rows = others(-1)
    assert named(*rows) == set()
    rows[3]["mean"] = rows[3]["mean"].removeprefix("-")
    assert ("sign-unlike-others", "warning", 5) in named(*rows)


def test_improvement_upwards_is_no_change_for_the_worse():
    up = {"instrument": "", "scale_min": "", "scale_max": ""}
    rows = [{**row, **up} for row in others(1)]
    assert named(*rows, better="higher") == set()
    assert {rule for rule, _, _ in named(*rows, better="lower")} == {"change-for-worse"}


def test_the_median_of_other_studies_stands_in_for_an_instrument():
    rows = [{**row, "instrument": ""} for row in others(-1)]
    rows[0]["sd"] = "2.9"
    assert ("sd-like-se", "warning", 2) in named(*rows)
    assert "sd-like-se" not in {rule for rule, _, _ in named(*rows[:4])}  # one other study tells nothing


def count(study: str, treatment: str, events: int, total: int, **more: object) -> dict[str, str]:
    cells = {"study": study, "treatment": treatment, "events": events, "total": total, **more}
    return {name: str(cell) for name, cell in cells.items()}


def test_counts():
    assert named(count("1", "A", 9, 140), count("1", "B", 23, 140)) == set()
    assert named(count("1", "A", 2, 140), count("1", "B", 123, 140)) == {("odds-ratio-large", "warning", 2)}
    twice = [count(name, arm, events, 140) for name in "12" for arm, events in (("A", 9), ("B", 23))]
    assert {rule for rule, _, _ in named(*twice)} == {"trial-repeated"}


def test_percentages():
    rows = [count("1", "A", 9, 140, percent="6.4"), count("1", "B", 23, 140, percent="18.4")]
    assert named(*rows) == {("percent-contradicts-count", "warning", 3)}
    alone = [{**count("1", "A", 0, 40), "events": "", "percent": p} for p in ("12.5", "13.4")]
    assert named(*alone) == {("percent-not-granular", "warning", 3)}


def contrast(study: str, estimate: float, se: float, **more: object) -> dict[str, str]:
    cells = {"study": study, "treatment": "B", "versus": "A", "measure": "MD", "estimate": estimate, "se": se, **more}
    return {name: str(cell) for name, cell in cells.items()}


CONTRASTS = [contrast(f"S{k}", -1.2 - k / 10, 0.31 + k / 50) for k in range(6)]


def test_contrasts_beside_contrasts():
    assert named(*CONTRASTS) == set()
    assert named(*CONTRASTS[:5], contrast("S9", 1.25, 0.3)) == {("sign-unlike-others", "warning", 7)}
    assert named(*CONTRASTS[:5], contrast("S9", -1.25, 3.1)) == {("se-unlike-others", "warning", 7)}
    assert named(*CONTRASTS, contrast("S9", -1.2, 0.31)) == {("trial-repeated", "warning", 8)}


def test_a_reversed_pair_has_a_reversed_sign():
    turned = contrast("S9", 1.25, 0.3) | {"treatment": "A", "versus": "B"}
    assert named(*CONTRASTS[:5], turned) == set()


def test_standard_errors_by_the_sd_that_they_make():
    sized = [{**row, "n_treatment": "60", "n_versus": "60"} for row in CONTRASTS]
    assert named(*sized) == set()
    sized[2]["n_treatment"] = sized[2]["n_versus"] = "6"
    assert named(*sized) == {("se-unlike-others", "warning", 4)}


@pytest.mark.parametrize(("p", "is_named"), [(0.045, False), (0.32, True), (0.0001, False)])
def test_p_values(p, is_named):
    found = named(contrast("S1", -0.62, 0.31, p=p))
    assert (("p-contradicts-se", "warning", 2) in found) is is_named


def test_printed_ratios_are_centred_in_logs():
    ratio = {"measure": "OR", "scale": "printed"}
    good = contrast("S1", 2.0, 0, **ratio) | {"se": "", "ci_low": "1.0", "ci_high": "4.0"}
    assert named(good) == set()
    assert {rule for rule, _, _ in named({**good, "estimate": "2.5"})} == {"interval-off-centre"}


def test_a_difference_against_the_means_of_its_arms():
    table = read_rows(pd.DataFrame([contrast("Kim", -7.9, 5.0, outcome="pain", weeks="12")]))
    arms = read_rows(pd.DataFrame(list(reversed(SOUND))).assign(treatment=["A", "B"]))
    reported = reported_arms(arms.arms, arms, registry())

    def of(estimate: float) -> set[str]:
        rows = [replace(table.contrasts[0], estimate=estimate)]
        return {issue.rule for issue in plausibility(reported, reported_contrasts(rows, table))}

    assert of(-7.9) == set()
    assert of(7.9) == {"estimate-contradicts-means"}


def test_families_can_be_asked_alone():
    rows = read_rows(pd.DataFrame([SOUND[0], arm("Kim", "B", 43, 138.4, 3.6)]))
    arms = reported_arms(rows.arms, rows, registry())
    whole = set(plausibility(arms))
    parts = {name: set(plausibility(arms, families=[name])) for name in FAMILIES}
    assert set().union(*parts.values()) == whole
    assert {issue.rule for issue in parts["scores"]} == {"outside-scale"}


def test_cells_that_are_errors_already_raise_nothing_here():
    wrong = arm("Kim", "A", -3, 30, -2, ci_low=9, ci_high=2)
    assert named(wrong, arm("Kim", "B", "0", 38, 0)) == set()
