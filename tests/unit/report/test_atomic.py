"""An output folder is there whole or not at all, whoever kills the process and whenever."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from physiohub.errors import UsageError
from physiohub.report import atomic
from physiohub.report.atomic import RUN_FILE, OutputError, check_target, whole_folder

SLOW_WRITER = """
import sys, time
from pathlib import Path
from physiohub.report.atomic import whole_folder
with whole_folder(Path(sys.argv[1])) as folder:
    (folder / "run.toml").write_text("new")
    (folder / "half").write_text("written")
    print("half-way", flush=True)
    time.sleep(60)
"""


def write(target: Path, text: str) -> None:
    with whole_folder(target) as folder:
        (folder / RUN_FILE).write_text(text)
        (folder / "figures").mkdir()
        (folder / "figures" / "forest.svg").write_text(text)


def write_mine(folder: Path) -> None:
    folder.mkdir()
    (folder / "mine").write_text("typed while the analysis ran")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def half_way(target: Path) -> subprocess.Popen[str]:
    writer = subprocess.Popen([sys.executable, "-c", SLOW_WRITER, target], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "half-way\n"
    return writer


def end(writer: subprocess.Popen[str], number: int) -> None:
    writer.send_signal(number)
    writer.communicate(timeout=20)


@pytest.fixture(params=["exchange", "two renames"])
def way(request, monkeypatch):
    """Both ways of taking the place of a folder: the one of Linux and the one that works everywhere."""
    if request.param == "two renames":
        monkeypatch.setattr(atomic, "_exchange", lambda first, second: False)
    return request.param


@pytest.mark.usefixtures("way")
def test_a_run_is_replaced_and_nothing_else_is_left(tmp_path):
    write(tmp_path / "run", "old")
    (tmp_path / "run" / "stray").write_text("of the old run")
    write(tmp_path / "run", "new")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["figures", RUN_FILE]
    assert (tmp_path / "run" / RUN_FILE).read_text() == "new"


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "run").mkdir()
    write(tmp_path / "run", "new")
    assert names(tmp_path / "run") == ["figures", RUN_FILE]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "real") == ["figures", RUN_FILE]


@pytest.mark.parametrize("kind", ["folder of another", "file", "holds the input", "is the input", "here", "above here"])
def test_what_no_run_wrote_is_left_alone(tmp_path, monkeypatch, kind):
    target, inputs = tmp_path / "out", []
    if kind == "file":
        target.write_text("mine")
    else:
        target.mkdir()
        (target / ("mine" if kind == "folder of another" else RUN_FILE)).write_text("mine")
    if kind == "holds the input":
        inputs = [target / "data" / "trials.csv"]
    elif kind == "is the input":
        inputs = [target]
    elif "here" in kind:
        (target / "deeper").mkdir()
        monkeypatch.chdir(target if kind == "here" else target / "deeper")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError), whole_folder(target, inputs=inputs):
        pytest.fail("nothing may be written")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failure_leaves_the_old_run_and_no_trace(tmp_path):
    write(tmp_path / "run", "old")
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "run") as folder:
        (folder / RUN_FILE).write_text(str(1 // 0))
    assert names(tmp_path) == ["run"]
    assert (tmp_path / "run" / RUN_FILE).read_text() == "old"


def test_parents_are_made_and_removed_again_on_failure(tmp_path):
    write(tmp_path / "a" / "b" / "run", "new")
    assert (tmp_path / "a" / "b" / "run" / RUN_FILE).read_text() == "new"
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "c" / "d" / "run"):
        raise KeyboardInterrupt
    assert names(tmp_path) == ["a"]


def test_a_folder_filled_in_the_meantime_is_not_replaced(tmp_path):
    with pytest.raises(UsageError), whole_folder(tmp_path / "run"):
        write_mine(tmp_path / "run")
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["mine"]


@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_killed_half_way(tmp_path, number, existing):
    target = tmp_path / "run"
    if existing:
        write(target, "old")
    end(half_way(target), number)
    assert target.exists() is existing
    if existing:
        assert names(target) == ["figures", RUN_FILE]
        assert (target / RUN_FILE).read_text() == "old"
    write(target, "new")
    assert names(tmp_path) == ["run"], "the next run clears what the dead one left"
    assert (target / RUN_FILE).read_text() == "new"


def test_a_living_run_is_not_cleared_away(tmp_path):
    writer = half_way(tmp_path / "run")
    write(tmp_path / "run", "quick")
    partial = [name for name in names(tmp_path) if ".partial-" in name]
    end(writer, signal.SIGKILL)
    assert len(partial) == 1


def test_killed_at_any_moment_of_the_exchange(tmp_path):
    """A writer that replaces one run by another for ever: whenever it dies, the folder is one of them, whole."""
    program = (
        "import itertools, sys; from pathlib import Path; from physiohub.report.atomic import whole_folder\n"
        "for k in itertools.count():\n"
        "    with whole_folder(Path(sys.argv[1])) as folder:\n"
        "        for n in range(5): (folder / f'file{n}').write_text(str(k))\n"
        "        (folder / 'run.toml').write_text(str(k))\n"
        "    print(k, flush=True)\n"
    )
    for attempt in range(8):
        writer = subprocess.Popen([sys.executable, "-c", program, tmp_path / "run"], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.003 * attempt)
        end(writer, signal.SIGKILL)
        assert names(tmp_path / "run") == ["file0", "file1", "file2", "file3", "file4", RUN_FILE]
        assert len({path.read_text() for path in (tmp_path / "run").iterdir()}) == 1


def test_killed_between_two_renames_the_old_run_comes_back(tmp_path):
    write(tmp_path / "run", "old")
    (tmp_path / "run").rename(tmp_path / ".run.old-12345678")
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "run"):
        raise ZeroDivisionError
    assert names(tmp_path) == ["run"]
    assert (tmp_path / "run" / RUN_FILE).read_text() == "old"


def test_second_of_two_renames_fails(tmp_path, monkeypatch):
    write(tmp_path / "run", "old")
    monkeypatch.setattr(atomic, "_exchange", lambda first, second: False)
    rename = Path.rename

    def failing(self, target):
        if ".partial-" in self.name:
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError, match="Input/output error"):
        write(tmp_path / "run", "new")
    assert names(tmp_path) == ["run"]
    assert (tmp_path / "run" / RUN_FILE).read_text() == "old"


def test_disk_full(tmp_path):
    with pytest.raises(OutputError, match=r"No space left on device.*Nothing was left"), whole_folder(tmp_path / "run"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "report.html")
    assert names(tmp_path) == []


def test_no_permission(tmp_path, monkeypatch):
    """The system's refusal is played: root, who runs the tests in CI, may write everywhere."""

    def refused(*_args: object, **_options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path))

    monkeypatch.setattr(os, "mkdir", refused)
    with pytest.raises(OutputError, match="Permission denied"):
        write(tmp_path / "run", "new")
    monkeypatch.undo()
    assert names(tmp_path) == []


def test_a_file_in_the_way_of_a_parent(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError):
        write(tmp_path / "file" / "run", "new")
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["run[1]", "a*b", "naïve 試験", "run.d"])
def test_names_are_taken_literally(tmp_path, name):
    (tmp_path / ".rune.partial-00000000").mkdir()
    end(half_way(tmp_path / name), signal.SIGKILL)
    write(tmp_path / name, "new")
    assert names(tmp_path) == sorted([".rune.partial-00000000", name])


def test_target_is_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert check_target(Path("run")) == tmp_path.resolve() / "run"
