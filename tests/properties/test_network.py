"""Laws of reading and of the network: what no table, however odd, may break."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from physiohub.errors import DataError
from physiohub.network.network import Network
from physiohub.network.read import read_contrast_rows, read_rows, read_study_rows
from physiohub.prepare.tables import read_table

names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=6).filter(
    lambda text: text.casefold() not in ("na", "n/a", ".")
)
finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x + 0.0)  # no negative zero
positive = st.floats(1e-3, 1e3)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables") / "table.csv"


def connected(draw: Callable[..., Any], treatments: list[str]) -> list[tuple[str, list[str]]]:
    """Studies of two to four arms that reach every treatment."""
    studies = []
    for k in range(1, len(treatments)):
        size = draw(st.integers(1, min(3, k)))
        others = draw(st.permutations(treatments[:k]))[:size]
        studies.append((f"study {k}", [treatments[k], *others]))
    return studies


@st.composite
def arm_tables(draw: Callable[..., Any]) -> pd.DataFrame:
    treatments: list[str] = draw(st.lists(names, min_size=2, max_size=5, unique=True))
    rows = [
        (id, treatment, draw(finite), draw(positive), draw(st.integers(2, 500)))
        for id, arms in connected(draw, treatments)
        for treatment in arms
    ]
    return pd.DataFrame(rows, columns=["study", "treatment", "mean", "sd", "n"])


@st.composite
def pair_tables(draw: Callable[..., Any]) -> pd.DataFrame:
    """All pairs of studies whose arms have means and standard errors."""
    treatments: list[str] = draw(st.lists(names, min_size=2, max_size=5, unique=True))
    rows = []
    for id, arms in connected(draw, treatments):
        known = {t: (draw(st.floats(-5, 5)), draw(st.floats(0.1, 2))) for t in arms}
        for i, a in enumerate(arms):
            for b in arms[i + 1 :]:
                t, v = (a, b) if draw(st.booleans()) else (b, a)
                (mean_t, se_t), (mean_v, se_v) = known[t], known[v]
                rows.append((id, t, v, mean_t - mean_v, float(np.hypot(se_t, se_v))))
    return pd.DataFrame(rows, columns=["study", "treat1", "treat2", "TE", "seTE"])


def numbers(network: Network) -> list[tuple[object, ...]]:
    return [(s.id, a.treatment, a.mean, a.sd, a.n) for s in network.studies for a in s.arms]


def every_pair(network: Network) -> dict[tuple[str, str, str], tuple[float, float]]:
    """(study, treatment, versus) -> estimate and variance of every ordered pair."""
    found = {}
    for study in network.studies:
        assert study.contrasts is not None
        arms = len(study.arms)
        full = np.vstack([np.zeros(arms - 1), np.eye(arms - 1)])
        for i, t in enumerate(study.treatments):
            for j, v in enumerate(study.treatments):
                c = full[i] - full[j]
                found[study.id, t, v] = (float(c @ study.contrasts.estimate), float(c @ study.contrasts.covariance @ c))
    return found


def same(
    one: dict[tuple[str, str, str], tuple[float, float]], two: dict[tuple[str, str, str], tuple[float, float]]
) -> None:
    assert one.keys() == two.keys()
    np.testing.assert_allclose([one[key] for key in one], [two[key] for key in one], rtol=1e-12, atol=1e-12)


@given(frame=arm_tables(), separator=st.sampled_from([",", ";", "\t"]))
def test_write_then_read_is_the_identity(path: Path, frame: pd.DataFrame, separator: str) -> None:
    frame.to_csv(path, index=False, sep=separator, encoding="utf-8")
    assert numbers(read_table(path, reference=None)) == numbers(read_table(frame, reference=None))
    read = [(row.study, row.treatment, row.mean, row.sd, row.n) for row in read_rows(path).arms]
    assert read == list(frame.itertuples(index=False, name=None))


@given(frame=arm_tables(), data=st.data())
def test_new_names_for_treatments_change_the_names_only(frame: pd.DataFrame, data: st.DataObject) -> None:
    old = list(dict.fromkeys(frame["treatment"]))
    new = dict(zip(old, data.draw(st.permutations(old)), strict=True))
    reference = data.draw(st.sampled_from(old))
    first = read_table(frame, reference=reference)
    second = read_table(frame.assign(treatment=frame["treatment"].map(new)), reference=new[reference])
    assert [t.id for t in second.treatments] == [new[t.id] for t in first.treatments]
    assert numbers(second) == [(s, new[str(t)], *rest) for s, t, *rest in numbers(first)]


@given(frame=pair_tables(), data=st.data())
def test_the_reference_changes_no_contrast(frame: pd.DataFrame, data: st.DataObject) -> None:
    network = read_table(frame, reference=None)
    another = network.with_reference(data.draw(st.sampled_from([t.id for t in network.treatments])))
    same(every_pair(network), every_pair(another))
    same(every_pair(network), every_pair(another.with_reference(network.reference)))
    typed = {(s, t, v): y for s, t, v, y, _ in frame.itertuples(index=False, name=None)}
    found = every_pair(another)
    np.testing.assert_allclose([found[key][0] for key in typed], list(typed.values()), rtol=1e-5, atol=1e-5)


@given(frame=pair_tables(), data=st.data())
def test_turning_or_reordering_rows_changes_no_contrast(frame: pd.DataFrame, data: st.DataObject) -> None:
    turned = frame.rename(columns={"treat1": "treat2", "treat2": "treat1"}).assign(TE=-frame["TE"])
    same_estimates(every_pair(read_table(frame, reference=None)), every_pair(read_table(turned, reference=None)))
    order = data.draw(st.permutations(range(len(frame))))
    same_estimates(
        every_pair(read_table(frame, reference=None)), every_pair(read_table(frame.iloc[order], reference=None))
    )


def same_estimates(
    one: dict[tuple[str, str, str], tuple[float, float]], two: dict[tuple[str, str, str], tuple[float, float]]
) -> None:
    """Another arm 0 takes other rows of a triangle, which close to 1e-6 only."""
    assert one.keys() == two.keys()
    np.testing.assert_allclose([one[key] for key in one], [two[key] for key in one], rtol=1e-5, atol=1e-5)


# -- broken on purpose ------------------------------------------------------------------------------------------------


@given(frame=arm_tables(), data=st.data())
def test_an_issue_stands_at_the_line_of_the_file(path: Path, frame: pd.DataFrame, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(frame) - 1))
    column, bad = data.draw(st.sampled_from([("mean", "x1"), ("sd", "-1"), ("n", "2.5"), ("mean", "nan"), ("n", "")]))
    blanks = data.draw(st.lists(st.integers(0, 2), min_size=len(frame), max_size=len(frame)))
    rows = [list(map(str, row)) for row in frame.itertuples(index=False, name=None)]
    rows[place][list(frame.columns).index(column)] = bad
    text, lines = io.StringIO(newline=""), []
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*frame.columns, "comment"])
    for row, blank in zip(rows, blanks, strict=True):
        text.write("\n" * blank)
        lines.append(text.getvalue().count("\n") + 1)
        writer.writerow([*row, "two\nlines" if blank else ""])
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    with pytest.raises(DataError) as raised:
        read_table(path, reference=None)
    found = [(i.study, i.arm, i.row, i.column, i.value) for i in raised.value.issues if i.severity == "error"]
    assert found == [(rows[place][0], rows[place][1], lines[place], column, bad)]


odd_cells = st.one_of(
    names,
    st.sampled_from(
        [
            "",
            "NA",
            ".",
            "nan",
            "-inf",
            "1,5",
            "1e999",
            "1e200",
            "1e-200",
            "1e-320",
            "0.9999999999999999",
            "-1",
            "0",
            "1.5",
            "A",
            "B",
            '"',
            "'",
            "\u22121",
            "#N/A",
        ]
    ),
    st.floats().map(str),
    st.integers(-3, 300).map(str),
    st.text(max_size=8),
)
header_names = (
    "study studlab treatment trt arm versus n sampleSize mean sd se ci_low ci_high median q1 q3 events r total "
    "exposure time category_1 category_2 estimate diff se_diff TE seTE treat1 treat2 baseline_se value_type scale "
    "measure weeks outcome n_treatment n_versus p t.1 t.2 r.1 year"
)
shapes = (
    "study treatment mean sd n value_type",
    "study treatment mean se ci_low ci_high n",
    "study treatment arm r n exposure time",
    "study treatment n category_1 category_2",
    "study treat1 treat2 TE seTE",
    "study treatment versus estimate ci_low ci_high p scale measure sd",
    "study treatment versus estimate se baseline_se n_treatment n_versus",
    "study treatment diff se n",
    "study treatment mean se diff se_diff",
)
headers = st.sampled_from(shapes).map(str.split) | st.lists(
    st.sampled_from(header_names.split()) | st.text(max_size=4), min_size=1, max_size=10
)
likely = {
    "study": st.sampled_from(["s", "t"]),
    "treatment": st.sampled_from(["A", "B", "C"]),
    "treat1": st.sampled_from(["A", "B"]),
    "treat2": st.sampled_from(["B", "C"]),
    "versus": st.sampled_from(["B", "C"]),
    "measure": st.sampled_from(["MD", "OR", "", "x"]),
    "scale": st.sampled_from(["printed", "analysis", ""]),
    "value_type": st.sampled_from(["final", "change", "Adjusted", "x"]),
}


def row_of(header: list[str]) -> st.SearchStrategy[list[str]]:
    """Names that are likely, other cells that are odd."""
    return st.tuples(*(likely.get(name, odd_cells) for name in header)).map(list)


def data_error_or_network(read: Callable[[], Network]) -> None:
    """Nothing but a network or a DataError, whose issues can be printed and stand somewhere."""
    result = network_or_error(read)
    if isinstance(result, DataError):
        assert any(issue.severity == "error" for issue in result.issues)
        assert str(result)
    else:
        assert len(result.studies) >= 1
        assert all(len(study.design) > 1 for study in result.studies)
        assert all(study.arms[0].rows for study in result.studies)
    assert all(issue.row is None or issue.row >= 1 for issue in result.issues)


def network_or_error(read: Callable[[], Network]) -> Network | DataError:
    try:
        return read()
    except DataError as error:
        return error


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(header=headers, data=st.data())
def test_any_table_gives_a_network_or_issues(path: Path, header: list[str], data: st.DataObject) -> None:
    rows = data.draw(st.lists(row_of(header), max_size=6))
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        csv.writer(file, delimiter=data.draw(st.sampled_from(",;\t"))).writerows([header, *rows])
    measure = data.draw(st.sampled_from([None, "MD", "SMD", "OR", "IRR", "PROBIT", "HR"]))
    repeated = data.draw(st.sampled_from(["keep", "merge", "refuse"]))
    data_error_or_network(lambda: read_table(path, reference=None, measure=measure, repeated=repeated))  # type: ignore[arg-type]
    frame = pd.DataFrame(rows, columns=header) if rows else pd.DataFrame(columns=header)
    data_error_or_network(lambda: read_table(frame, reference="A", measure=measure))
    read_contrast_rows(path)
    read_study_rows(frame)


@settings(max_examples=200)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_give_a_network_or_issues(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    data_error_or_network(lambda: read_table(path, reference=None))


@settings(max_examples=200)
@given(frame=arm_tables(), data=st.data())
def test_a_sound_file_with_a_piece_overwritten(path: Path, frame: pd.DataFrame, data: st.DataObject) -> None:
    content = bytearray(frame.to_csv(index=False).encode())
    place = data.draw(st.integers(0, len(content) - 1))
    piece = data.draw(st.binary(max_size=4) | st.sampled_from([b'"', b",", b"\n", b"-", b"\r", b";", b"\x00", b"\xff"]))
    content[place : place + data.draw(st.integers(0, 3))] = piece
    path.write_bytes(bytes(content))
    data_error_or_network(lambda: read_table(path, reference=None))
