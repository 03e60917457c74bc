"""The shape in which a table is kept changes nothing: every bundled network, in every shape that can hold it."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.properties import shapes
from tests.properties.shapes import Table

from physiohub import datasets
from physiohub.errors import DataError, errors_of
from physiohub.evidence.record import OutcomeContext, outcome_record
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network
from physiohub.prepare.tables import read_table

OFTEN = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
SELDOM = settings(OFTEN, max_examples=15)


def without_places(value: Any) -> Any:
    """What was read, but for the lines where it stood and the time it took."""
    if isinstance(value, str):
        return re.sub(r"^(\w+): .*row \d+: ", r"\1: ", value)  # a note names its file and row
    if isinstance(value, dict):
        left_out = ("rows", "seconds")
        return {key: without_places(item) for key, item in value.items() if key not in left_out}
    if isinstance(value, list | tuple):
        return [without_places(item) for item in value]
    return value


def studies_of(network: Network) -> list[Any]:
    """Studies as plain data; arrays as lists."""

    def plain(value: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [f.name for f in dataclasses.fields(value) if f.name not in ("rows", "covariates")]
            return {name: plain(getattr(value, name)) for name in fields}
        if isinstance(value, tuple | list):
            return [plain(item) for item in value]
        return value.tolist() if hasattr(value, "tolist") else value

    return [plain(study) for study in network.studies]


def results_of(network: Network, name: str) -> Any:
    about = datasets.about(name)
    spec = ModelSpec(measure=about.measure, tau_prior=about.tau_prior)
    return without_places(outcome_record(network, spec, better=about.better, context=OutcomeContext(id="outcome")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shapes")


def read(name: str, source: Path | pd.DataFrame) -> Network:
    about = datasets.about(name)
    return read_table(source, reference=about.reference, measure=about.measure)


@pytest.mark.parametrize("name", datasets.names())
def test_every_shape_of_a_network_gives_the_same_results(name: str, tmp_path: Path) -> None:
    frame = datasets.table(name)
    files = shapes.every_shape(shapes.text_table(frame), tmp_path)
    assert len(files) >= 7
    network = datasets.load(name)
    # ordered categories wait for their likelihood: there the networks are compared
    expected = None if datasets.about(name).measure == "PROBIT" else results_of(network, name)
    sources: dict[str, Path | pd.DataFrame] = {**files, "data frame": frame}
    for shape, source in sources.items():
        found = read(name, source)
        assert studies_of(found) == studies_of(network), shape
        assert found.treatments == network.treatments, shape
        if expected is not None and shape in ("wide bugs", "xlsx", "rm5", "data frame"):
            assert results_of(found, name) == expected, shape


@pytest.mark.parametrize("name", ["smoking", "parkinson_arms", "parkinson_differences", "certolizumab"])
def test_what_was_recognised_reads_the_same_again(name: str, tmp_path: Path) -> None:
    about = datasets.about(name)
    for shape, source in shapes.every_shape(shapes.text_table(datasets.table(name)), tmp_path).items():
        first = read(name, source)
        again = read_table(source, reference=about.reference, measure=about.measure, columns=first.recognised)
        assert studies_of(again) == studies_of(first), shape
        assert again.recognised == first.recognised, shape


# -- any table --------------------------------------------------------------------------------------------------------

words = st.text(st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_characters="\x7f"), min_size=1, max_size=8)
names = words.map(str.strip).filter(
    lambda text: text and text.casefold() not in ("na", "n/a", ".") and text[0] not in "#="
)
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x + 0.0)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Arms of studies with means, in rows as text."""
    treatments = draw(st.lists(names, min_size=2, max_size=5, unique=True))
    rows = []
    for i in range(draw(st.integers(1, 4))):
        arms = draw(st.lists(st.sampled_from(treatments), min_size=2, max_size=4, unique=True))
        means = [draw(numbers) for _ in arms]
        spreads = [(draw(st.floats(1e-3, 1e3)), draw(st.integers(2, 500))) for _ in arms]
        for treatment, mean, (sd, n) in zip(arms, means, spreads, strict=True):
            rows.append([f"study {i}", treatment, repr(mean), repr(sd), str(n)])
    return ["study", "treatment", "mean", "sd", "n"], rows


def outcome_of(source: Path, measure: str | None = "MD") -> Any:
    """The studies of a file, or the rules it breaks."""
    try:
        return studies_of(read_table(source, reference=None, measure=measure))
    except DataError as error:
        return sorted(issue.rule for issue in errors_of(error.issues))


@given(table=tables())
@SELDOM
def test_writing_and_reading_is_the_identity_in_every_shape(table: Table, folder: Path) -> None:
    files = shapes.every_shape(table, folder)
    expected = outcome_of(files.pop("csv"))
    for shape, source in files.items():
        assert outcome_of(source) == expected, shape


# -- damaged files ----------------------------------------------------------------------------------------------------

SMALL = (
    ["study", "treatment", "events", "total"],
    [["A", "x", "3", "20"], ["A", "y", "5", "21"], ["B", "x", "2", "9"]],
)


@pytest.fixture(scope="module")
def sound(folder: Path) -> dict[str, bytes]:
    table = (SMALL[0], [*SMALL[1], ["B", "y", "1", "9"]])
    book = shapes.write_workbook(folder / "sound.xlsx", {"arms": table})
    return {".xlsx": book.read_bytes(), ".rm5": shapes.rm5(table).encode()}


def damages(data: bytes) -> Iterator[st.SearchStrategy[bytes]]:
    place = st.integers(0, len(data) - 1)
    yield st.builds(lambda k: data[:k], place)
    yield st.builds(lambda k, new: data[:k] + new + data[k + len(new) :], place, st.binary(min_size=1, max_size=6))
    yield st.builds(lambda k, new: data[:k] + new + data[k:], place, st.binary(min_size=1, max_size=6))
    yield st.builds(lambda j, k: data[: min(j, k)] + data[max(j, k) :], place, place)
    yield st.binary(max_size=60).map(lambda rest: data[:4] + rest)
    if data.startswith(b"PK"):
        yield damaged_parts(data)


@st.composite
def damaged_parts(draw: st.DrawFn, data: bytes) -> bytes:
    """A sound archive with one damaged file in it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = draw(st.sampled_from(sorted(parts)))
    parts[name] = draw(st.one_of(*damages(parts[name])))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return stream.getvalue()


@pytest.mark.parametrize("kind", [".xlsx", ".rm5"])
@given(data=st.data())
@OFTEN
def test_a_damaged_file_is_a_network_or_a_list_of_issues(
    kind: str, data: st.DataObject, sound: dict[str, bytes], folder: Path
) -> None:
    path = folder / f"damaged{kind}"
    path.write_bytes(data.draw(st.one_of(*damages(sound[kind]))))
    found = outcome_of(path, measure=None)
    assert found, "a network or errors"
