"""run.toml: what is written reads back as it was, and the command repeats the run."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiohub.report.run_file import rerun_command, software, to_toml

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALAR = TEXT | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
VALUE = st.recursive(SCALAR | st.lists(SCALAR, max_size=3), lambda inner: st.dictionaries(TEXT, inner, max_size=3))


@given(st.dictionaries(TEXT, VALUE, max_size=5))
def test_toml_reads_back(values):
    assert tomllib.loads(to_toml(values)) == values


def test_none_is_left_out():
    assert tomllib.loads(to_toml({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}


@pytest.mark.parametrize("value", [Path("x"), object()])
def test_what_toml_does_not_hold_is_refused(value):
    with pytest.raises(TypeError):
        to_toml({"a": value})


def test_command_survives_the_shell():
    options = {"--reference": "No 'treatment' $HOME", "--exclude": ["A=b c", "-D"], "--better": "lower"}
    words = shlex.split(rerun_command("-trials.csv", "out dir", options))
    assert words[:5] == ["physiohub", "analyse", "./-trials.csv", "--output", "out dir"]
    assert words[5:] == [
        "--reference", "No 'treatment' $HOME", "--exclude", "A=b c", "--exclude=-D", "--better", "lower",
    ]  # fmt: skip


def test_software_names_what_computes():
    assert {"name", "version", "python", "numpy", "scipy"} <= software().keys()
