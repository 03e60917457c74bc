"""Who computes: this process, workers on this machine, or a cluster that is there already.

Workers come from Dask (extra `cluster`). A worker that dies is started again, and what it was doing is done again. The
local ones listen on the loopback address only.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from physiohub.errors import PhysioHubError, UsageError

__all__ = ["INSTALL", "DaskFleet", "Fleet", "FleetError", "InProcess", "connected", "local_workers"]

T = TypeVar("T")
R = TypeVar("R")

INSTALL = "pip install 'physiohub[cluster]'"
_LOOPBACK = "127.0.0.1"
# deaths of workers that one task may meet before it is held to be their cause
_DEATHS = 5
_PATIENCE = "30s"


class FleetError(PhysioHubError):
    """The workers cannot do it: they died again and again over one task, or never came."""


class Fleet(Protocol):
    """Something that carries out tasks."""

    def run(self, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Results in any order, each as soon as it is there."""
        ...


@dataclass(frozen=True, slots=True)
class InProcess:
    """The process that asks, alone.

    Examples
    --------
    >>> list(InProcess().run(abs, [-1, -2]))
    [1, 2]
    """

    def run(self, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Results one after the other."""
        return map(work, tasks)


@dataclass(frozen=True, slots=True)
class DaskFleet:
    """The workers of a Dask cluster.

    Attributes
    ----------
    client
        Connected to the scheduler.
    """

    client: Any

    def run(self, work: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Results in the order in which workers finish.

        Raises
        ------
        FleetError
            When workers died over one and the same task again and again.
        """
        _, distributed = _dask()
        # retries: a result that is lost with its worker on the way here is computed again
        futures = self.client.map(work, tasks, pure=False, retries=2)
        try:
            for future in distributed.as_completed(futures):
                yield future.result()
                future.release()
        except distributed.KilledWorker as error:
            raise FleetError(
                f"Workers died over one task again and again, perhaps for lack of memory: {error}"
            ) from error
        finally:
            for future in futures:
                future.release()


def _dask() -> tuple[Any, Any]:
    """The modules `dask` and `distributed`, which only this file needs."""
    try:
        return importlib.import_module("dask"), importlib.import_module("distributed")
    except ImportError as error:
        raise UsageError(
            f"Workers need Dask, which is not installed: {INSTALL}. Or compute in this process: --workers 0."
        ) from error


@contextmanager
def local_workers(count: int) -> Iterator[DaskFleet]:
    """Worker processes on this machine, of one thread each, that end with the block.

    Parameters
    ----------
    count
        How many; one or more.

    Raises
    ------
    UsageError
        When Dask is not installed.
    """
    dask, distributed = _dask()
    settings = {
        "distributed.scheduler.allowed-failures": _DEATHS,
    }
    # no dashboard; what remains of its server listens on any free port, also beside another cluster
    quiet = {"dashboard": False, "dashboard_address": f"{_LOOPBACK}:0"}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=count, threads_per_worker=1, processes=True, host=_LOOPBACK, dashboard_address=None,
            silence_logs=logging.CRITICAL, memory_limit=0, scheduler_kwargs=quiet,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip
        yield DaskFleet(client)


@contextmanager
def connected(address: str) -> Iterator[DaskFleet]:
    """The workers of a cluster that is there already; they need the same version of PhysioHub.

    Parameters
    ----------
    address
        Of its scheduler, such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    UsageError
        When Dask is not installed, no scheduler answers there, or its workers have another version of PhysioHub.
    """
    _, distributed = _dask()
    try:
        client = distributed.Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise UsageError(f"No Dask scheduler answers at {address}: {error}") from error
    with client:
        _refuse_strangers(client, address)
        yield DaskFleet(client)


def _refuse_strangers(client: Any, address: str) -> None:
    from physiohub import __version__

    if not client.scheduler_info()["workers"]:
        raise UsageError(f"The scheduler at {address} has no workers; start some (dask worker {address}).")
    versions = {str(version) for version in client.run(version_here).values()}
    if versions != {__version__}:
        raise UsageError(f"The workers at {address} have PhysioHub {', '.join(sorted(versions))}, not {__version__}.")


def version_here() -> str:
    """The version of PhysioHub in the process that asks; empty where there is none."""
    from physiohub import __version__

    return __version__
