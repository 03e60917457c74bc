"""A folder that is written whole or not at all, also when the process is killed half-way.

The files go into a hidden sibling, `.{name}.partial-XXXX`, which takes the name of the folder in one rename when it is
complete. Where a folder of that name exists already, Linux exchanges the two in one step (`renameat2` with
`RENAME_EXCHANGE`). Elsewhere two renames are needed, with the old folder as `.{name}.old-XXXX` between them: killed
exactly there, the next run finds the old one without its name and gives it back first.

A partial folder is locked by the process that fills it (`flock`, which the system lifts when the process dies, in
whatever way), so the next run knows a dead one from one that is being written, and removes it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from physiohub.errors import PhysioHubError, UsageError

if sys.platform != "win32":
    import fcntl

__all__ = ["RUN_FILE", "OutputError", "check_target", "whole_folder"]

RUN_FILE = "run.toml"
"""The file by which a folder shows that a run wrote it, so that the next run may replace it."""

_ABANDONED_AFTER = 24 * 3600.0  # seconds; only where there is no flock to ask


class OutputError(PhysioHubError):
    """The output cannot be written: no permission, no space, a file in the way."""


def check_target(target: Path, inputs: Sequence[Path] = ()) -> Path:
    """The real path of an output folder that may be written.

    Parameters
    ----------
    target
        The folder as the user names it; links are followed, so that what they point to is replaced and not the link.
    inputs
        Files and folders that are read: the output may be none of them and contain none of them.

    Raises
    ------
    UsageError
        When it is a file, holds something that no run wrote, or would replace an input.

    Examples
    --------
    >>> check_target(Path.cwd())
    Traceback (most recent call last):
    ...
    physiohub.errors.UsageError: ...
    """
    real = target.resolve()
    for path in inputs:
        source = path.resolve()
        if real == source or real in source.parents:
            raise UsageError(f"The output folder {target} holds the input {path}: choose another folder.")
    if not real.exists():
        return real
    if not real.is_dir():
        raise UsageError(f"The output {target} is a file, not a folder: choose another name.")
    if (here := Path.cwd().resolve()) == real or real in here.parents:  # replaced, it would vanish under the shell
        raise UsageError(f"The output {target} is the folder you are in: name another, such as {target / 'out'}.")
    with _told(target):
        replaceable = (real / RUN_FILE).is_file() or not any(real.iterdir())
    if not replaceable:
        message = f"The folder {target} exists and holds no {RUN_FILE}, so it is not a folder of an earlier run: "
        raise UsageError(message + "it is left as it is. Choose another folder, or an empty one.")
    return real


@contextmanager
def whole_folder(target: Path, *, inputs: Sequence[Path] = ()) -> Iterator[Path]:
    """Give a folder to fill, which becomes `target` when the block ends without an error, and vanishes otherwise.

    Parameters
    ----------
    target
        Where the folder shall be; parents that are missing are made, and removed again when the block fails.
    inputs
        See `check_target`.

    Raises
    ------
    UsageError
        Before anything is written, when `target` may not be replaced.
    OutputError
        When the system refuses: no permission, no space.

    Examples
    --------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> with whole_folder(home / "run") as folder:
    ...     _ = (folder / "run.toml").write_text("")
    >>> [path.name for path in home.iterdir()], [path.name for path in (home / "run").iterdir()]
    (['run'], ['run.toml'])
    """
    real = check_target(target, inputs)
    made: list[Path] = []
    with _told(target):
        try:
            _make_parents(real, made)
            partial, lock = _start(real)
            try:
                yield partial
                _flush(partial)
                check_target(target, inputs)  # it may have been filled in the meantime
                _take_name(partial, real)
            finally:
                shutil.rmtree(partial, ignore_errors=True)  # what was half-written, or the folder that was replaced
                _unlock(lock)
        except BaseException:
            for folder in reversed(made):
                with suppress(OSError):
                    folder.rmdir()
            raise


def _make_parents(real: Path, made: list[Path]) -> None:
    """Make the missing parents, noting each, outermost first."""
    missing = [parent for parent in real.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(exist_ok=True)
        made.append(parent)


def _start(real: Path) -> tuple[Path, int | None]:
    """A new partial folder with its lock, after what dead processes left has been cleared."""
    beside = _lock(real.parent, wait=True)  # nobody may look at the new folder before it is locked
    try:
        _recover(real)
        partial = real.parent / f".{real.name}.partial-{secrets.token_hex(4)}"
        partial.mkdir()
        return partial, _lock(partial)
    finally:
        _unlock(beside)


def _recover(real: Path) -> None:
    """Give a folder its name back when a run was killed between two renames; remove what dead runs left."""
    for old in sorted(real.parent.glob(f".{_escaped(real.name)}.old-*")):
        with suppress(OSError):
            if real.exists():
                shutil.rmtree(old)
            else:
                old.rename(real)
    for partial in real.parent.glob(f".{_escaped(real.name)}.partial-*"):
        if _is_dead(partial):
            shutil.rmtree(partial, ignore_errors=True)


def _escaped(name: str) -> str:
    """A name that `glob` takes literally."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _is_dead(partial: Path) -> bool:
    """Whether no process fills this folder any more."""
    try:
        if sys.platform == "win32":
            return time.time() - partial.stat().st_mtime > _ABANDONED_AFTER
        lock = _lock(partial)
    except OSError:  # another process has it, or it is not ours to judge
        return False
    _unlock(lock)
    return True


def _lock(folder: Path, *, wait: bool = False) -> int | None:
    """Lock a folder until the descriptor is closed or the process dies; BlockingIOError when another has it."""
    if sys.platform == "win32":
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        if isinstance(error, BlockingIOError):
            os.close(descriptor)
            raise
        # a file system without locks: writing goes on, only the clearing of a parallel run is less careful
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _unlock(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def _flush(folder: Path) -> None:
    """Bring files and folders to the disk before the rename, so that a power cut finds no empty files."""
    for path in (*folder.rglob("*"), folder):
        _flush_one(path)


def _flush_one(path: Path) -> None:
    if sys.platform == "win32" and path.is_dir():
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take_name(partial: Path, real: Path) -> None:
    """Give the complete folder its name; a folder that had it stands under the partial name afterwards."""
    beside = _lock(real.parent, wait=True)  # a parallel run may not take the two renames for a killed one
    try:
        if not real.exists():
            partial.rename(real)
        elif not _exchange(partial, real):
            _swap(partial, real)
    finally:
        _unlock(beside)
    _flush_one(real.parent)


def _swap(partial: Path, real: Path) -> None:
    """Take the place of a folder in two renames, for systems that cannot exchange."""
    old = real.parent / f".{real.name}.old-{secrets.token_hex(4)}"
    real.rename(old)
    try:
        partial.rename(real)
    except BaseException:
        old.rename(real)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two names in one step; False where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # not Linux, or a C library without it
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of linux/fs.h
    renameat2.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    if renameat2(here, os.fsencode(first), here, os.fsencode(second), exchange) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM):  # this file system cannot
        return False
    raise OSError(number, os.strerror(number), str(second))


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Turn what the system says into one sentence."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        where = f" ({Path(error.filename).name})" if isinstance(error.filename, str) else ""
        message = f"The output folder {target} cannot be written: {why}{where}. Nothing was left there."
        raise OutputError(message) from error
