"""Laws of the audit: it takes whatever a table may hold, stops nothing, and does not mind the order of rows."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from physiohub.errors import Issue
from physiohub.network.read import read_rows
from physiohub.prepare.instruments import registry
from physiohub.prepare.plausibility import plausibility, reported_arms, reported_contrasts

WILD = st.one_of(
    st.sampled_from(["", "0", "-0", "1", "-1", "1e-99", "1e99", "-1e99", "0.005", "1e-7", "100", "3.5"]),
    st.floats(-1e6, 1e6).map(repr),
    st.integers(-1000, 10**12).map(str),
)
NUMBERS = (
    "n", "mean", "sd", "se", "ci_low", "ci_high", "baseline_mean", "baseline_sd", "events", "total", "percent", "weeks",
    "scale_min", "scale_max", "exposure",
)  # fmt: skip
INSTRUMENTS = st.sampled_from(["", "VAS 0-100", "NRS 0-10", "RMDQ 0-24", "ODI", "6MWT", "EQ-5D", "nobody's scale"])
ARM = st.fixed_dictionaries(
    {
        "study": st.sampled_from(["Kim", "KIM.", "Lee", "Roe", "Fox", "Poe", "Ray"]),
        "treatment": st.sampled_from("AB"),
        "instrument": INSTRUMENTS,
        "value_type": st.sampled_from(["", "final", "change", "adjusted"]),
        **dict.fromkeys(NUMBERS, WILD),
    }
)
CONTRAST = st.fixed_dictionaries(
    {
        "study": st.sampled_from(["Kim", "Lee", "Roe", "Fox", "Poe", "Ray"]),
        "treatment": st.sampled_from("AB"),
        "versus": st.sampled_from("ABC"),
        "measure": st.sampled_from(["", "MD", "OR", "SMD"]),
        "scale": st.sampled_from(["", "analysis", "printed"]),
        **dict.fromkeys(("estimate", "se", "ci_low", "ci_high", "p", "n_treatment", "n_versus"), WILD),
    }
)


def audit(rows: list[dict[str, str]]) -> tuple[Issue, ...]:
    table = read_rows(pd.DataFrame(rows))
    return plausibility(
        reported_arms(table.arms, table, registry(), better="lower"), reported_contrasts(table.contrasts, table)
    )


@settings(max_examples=300)
@given(st.one_of(st.lists(ARM, min_size=1, max_size=14), st.lists(CONTRAST, min_size=1, max_size=10)))
def test_whatever_a_table_holds_the_audit_answers_and_stops_nothing(rows):
    for issue in audit(rows):
        assert issue.severity in ("warning", "note")
        assert issue.message
        assert issue.remedy
        assert issue.study
        assert issue.row is not None


SOUND = st.fixed_dictionaries(
    {
        "study": st.sampled_from(["Kim", "Lee", "Roe", "Fox", "Poe", "Ray"]),
        "treatment": st.sampled_from("ABC"),
        "instrument": st.sampled_from(["", "VAS 0-100"]),
        "value_type": st.sampled_from(["final", "change"]),
        "n": st.integers(5, 200).map(str),
        "mean": st.floats(1, 99).map(lambda x: f"{x:.1f}"),
        "sd": st.floats(0.5, 60).map(lambda x: f"{x:.1f}"),
    }
)
OF_ONE_ROW = ("outside-scale", "sd-impossible", "scores-skewed", "mean-not-granular", "sd-not-granular", "sd-like-se",
              "sd-tenfold", "sd-unusual", "effect-large", "sd-ratio", "sign-unlike-others")  # fmt: skip


@given(st.lists(SOUND, min_size=2, max_size=12, unique_by=lambda r: (r["study"], r["treatment"])), st.randoms())
def test_another_order_of_rows_finds_the_same_in_the_same_studies(rows, random):
    """Findings that speak of one cell; of two arms that are too far apart either may be named first."""
    turned = rows.copy()
    random.shuffle(turned)
    first, second = (
        sorted((issue.rule, str(issue.study)) for issue in audit(table) if issue.rule in OF_ONE_ROW)
        for table in (rows, turned)
    )
    assert first == second


@given(st.lists(SOUND, min_size=1, max_size=8, unique_by=lambda r: (r["study"], r["treatment"])))
def test_a_study_set_aside_is_not_spoken_of(rows):
    kept = [row for row in rows if row["study"] != "Kim"]
    assert not kept or "Kim" not in {issue.study for issue in audit(kept)}
