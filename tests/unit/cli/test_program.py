"""The program itself: help, version, wrong usage, and mistakes of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from physiohub import __version__
from physiohub.cli import program, run
from physiohub.evidence.schema import schema_text

QUESTION = ("--measure", "SMD", "--reference", "control", "--better", "lower")


def test_help_is_light():
    code = "import sys, physiohub.cli; physiohub.cli.run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in ("demo", "new", "check", "analyse", "calibrate", "schema"):
        assert command in done.stdout
    assert not {"numpy", "pandas", "scipy", "pydantic", "xarray"} & set(done.stderr.split())


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"physiohub {__version__}\n"


@pytest.mark.parametrize("command", ["demo", "new", "check", "analyse", "calibrate", "schema"])
def test_every_command_has_help(command, capsys):
    assert run([command, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["no-such-command"],
        ["--no-such-option"],
        ["analyse"],
        ["analyse", "trials.csv"],
        ["analyse", "nowhere.csv", "-o", "out", *QUESTION],
        ["check"],
        ["check", "nowhere.csv"],
        ["check", "trials.csv", "--format", "xml"],
        ["schema"],
        ["schema", "no-such-schema"],
        ["new"],
        ["demo", "--port", "70000"],
    ],
)
@pytest.mark.usefixtures("home")
def test_wrong_usage_is_two(arguments, capsys):
    assert run(arguments) == 2
    streams = capsys.readouterr()
    assert (streams.err or streams.out).strip()
    assert not Path("out").exists()


def test_a_mistake_of_the_program_stays_visible(home, capsys, monkeypatch):
    monkeypatch.delenv("PHYSIOHUB_DEBUG", raising=False)
    monkeypatch.setattr("physiohub.prepare.tables.read_table", lambda *_, **__: 1 // 0)
    assert run(["check", "trials.csv"]) == 70
    told = capsys.readouterr().err
    assert "ZeroDivisionError" in told
    assert "PHYSIOHUB_DEBUG=1" in told
    assert "Traceback" not in told
    monkeypatch.setenv("PHYSIOHUB_DEBUG", "1")
    assert run(["check", "trials.csv"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_error(start):
    process = start("schema", "results", bufsize=0)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(timeout=20) == 128 + signal.SIGPIPE
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_behind_standard_output(start):
    with Path("/dev/full").open("w") as full:
        process = start("schema", "results", stdout=full)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "No space left" in err


def test_module_is_the_program():
    done = subprocess.run([sys.executable, "-m", "physiohub", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"physiohub {__version__}\n"


@pytest.mark.parametrize("name", ["results", "check"])
def test_schema_is_printed_as_shipped(name, capsys):
    assert run(["schema", name]) == 0
    assert capsys.readouterr().out == schema_text(name)


def test_exit_codes_are_those_of_the_contract():
    assert (program.DONE, program.DATA_ERROR, program.WRONG_USAGE) == (0, 1, 2)
