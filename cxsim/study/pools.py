"""Where chunks are played: in this process, in processes, in threads, on a cluster."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from cxsim.scenario.messages import hint

__all__ = ["KINDS", "Pool", "PoolError", "cores", "open_pool"]

#: Seconds after which idle worker processes end.
IDLE = 20

#: Kinds of executors that can be asked for by name.
KINDS = ("processes", "threads", "dask", "inline")


class PoolError(RuntimeError):
    """Workers that cannot be had, or do not stay alive."""


class Pool:
    """An executor, and what a runner has to know of it.

    Parameters
    ----------
    make : callable
        Gives an executor; called again where its workers have died.
    workers : int
    local : bool
        Whether the workers see the files of this machine.
    renewable : bool
        Whether ``make`` gives a new executor after the first one broke.
    close : callable
        Takes the executor; called at the end.
    lost : callable
        Takes an error, and says what is gone for good if that is its cause; None if it is not.
    """

    def __init__(
        self,
        make: Callable[[], Executor],
        workers: int,
        *,
        local: bool,
        renewable: bool = True,
        close: Callable[[Executor], None],
        lost: Callable[[BaseException], str | None] = lambda _: None,
    ):
        self._make, self._close, self.lost = make, close, lost
        self.workers = max(1, workers)
        self.local = local
        self.renewable = renewable
        self._executor: Executor | None = None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Hand work to a worker."""
        if self._executor is None:
            self._executor = self._make()
        try:
            return self._executor.submit(function, *arguments)
        except BrokenExecutor as error:  # found dead before the work was taken
            broken: Future[Any] = Future()
            broken.set_exception(error)
            return broken

    def renew(self) -> None:
        """Take new workers for those that died.

        Raises
        ------
        PoolError
            If the executor came from outside and cannot be made anew.
        """
        if not self.renewable:
            raise PoolError(
                "a worker process died, and the executor that was handed in cannot be started "
                "again: what was finished is stored, call sweep again with a new executor"
            )
        if self._executor is not None:
            with contextlib.suppress(Exception):
                self._executor.shutdown(wait=False)
        self._executor = None

    def close(self) -> None:
        """Let the workers go."""
        if self._executor is not None:
            self._close(self._executor)
            self._executor = None


class Inline(Executor):
    """Runs work where it is handed in: for few runs, and for looking into one."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do the work now."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed on, as every executor does
            future.set_exception(error)
        return future


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_pool(
    executor: Executor | str | None,
    jobs: int | None,
    address: str | None = None,
    code: str = "",
) -> Pool:
    """Return a pool of workers.

    Parameters
    ----------
    executor : Executor, str or None
        ``"processes"`` (default), ``"threads"``, ``"dask"``, ``"inline"``, or any
        executor with the interface of :mod:`concurrent.futures`, which stays open.
    jobs : int, optional
        Runs at a time; default: the processors there are.
    address : str, optional
        Of a Dask scheduler; default: a cluster on this machine.
    code : str
        What names a user's own code: processes that imported another are not taken again.

    Raises
    ------
    ValueError
        If the name is unknown.
    PoolError
        If Dask is not installed or its scheduler does not answer.
    """
    count = cores() if jobs is None else jobs
    if count < 1:
        raise ValueError(f"jobs: expected a whole number of at least 1, found {jobs!r}")
    if executor is None or executor == "processes":
        return Pool(lambda: loky_processes(count, code), count, local=True, close=_keep)
    if executor == "threads":
        return Pool(lambda: ThreadPoolExecutor(count), count, local=True, close=_end)
    if executor == "inline":
        return Pool(Inline, 1, local=True, close=_keep)
    if executor == "dask":
        return _dask(address, count)
    if isinstance(executor, Executor):
        said = getattr(executor, "_max_workers", None)
        width = jobs or (said if isinstance(said, int) else count)
        given = executor
        return Pool(lambda: given, width, local=False, renewable=False, close=_keep)
    near = hint(executor, KINDS) if isinstance(executor, str) else ""
    raise ValueError(
        f"executor: expected {', '.join(KINDS)} or an executor, found {executor!r}{near}"
    )


def loky_processes(count: int, code: str = "") -> Executor:
    """Return loky's processes: they stay for the next sweep, and take functions of a notebook."""
    from loky import get_reusable_executor

    # Kernels are serial; threads of linear algebra would only get in each other's way.
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    one |= {"CXSIM_CODE": code} if code else {}  # with another environment they start anew
    try:
        return get_reusable_executor(max_workers=count, timeout=IDLE, env=one)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.ENOENT, errno.ENOSYS):
            raise
        reason = (error.strerror or str(error)).lower()
        raise PoolError(
            f"worker processes: expected shared memory that can be written (/dev/shm), found "
            f"{reason} (--threads does without)"
        ) from error


def _keep(_: Executor) -> None:
    """Leave an executor open."""


def _end(executor: Executor) -> None:
    executor.shutdown(wait=True, cancel_futures=True)


def _dask(address: str | None, count: int) -> Pool:
    try:
        from distributed import Client, LocalCluster
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise PoolError(
            "dask: expected the package distributed, found none (pip install 'cxsim[dask]')"
        ) from None
    import dask

    own = address in (None, "local")
    try:
        cluster = None
        if own:
            # A run that kills its worker is found by halving its chunk: one death tells enough.
            with dask.config.set({"distributed.scheduler.allowed-failures": 1}):
                cluster = LocalCluster(
                    n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None
                )
        client = Client(cluster or address, timeout="15s", set_as_default=False)
        threads = client.nthreads()
        if not own and not threads:
            client.wait_for_workers(1, timeout=60)
            threads = client.nthreads()
    except (OSError, TimeoutError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PoolError(f"dask: expected a scheduler at {address}, found none ({reason})") from None
    quiet = _quiet()

    def close(executor: Executor) -> None:
        with contextlib.suppress(
            Exception
        ):  # where the scheduler is gone, nothing is left to close
            executor.shutdown(wait=False)
        with contextlib.suppress(Exception):
            client.close(timeout=5)
        if cluster is not None:
            cluster.close()
        quiet.close()

    where = str(getattr(client.scheduler, "address", address))

    def lost(error: BaseException) -> str | None:
        if isinstance(error, (CommClosedError, CancelledError)) or not _answers(where):
            return f"the scheduler at {where} is gone"
        return None

    width = sum(threads.values())
    return Pool(lambda: client.get_executor(pure=False), width, local=own, close=close, lost=lost)


def _answers(address: str) -> bool:
    """Whether somebody listens at an address such as ``tcp://host:8786``."""
    place = urlsplit(address)
    if place.hostname is None or place.port is None:
        return True  # of a kind that cannot be asked
    try:
        socket.create_connection((place.hostname, place.port), timeout=2).close()
    except OSError:
        return False
    return True


def _quiet() -> contextlib.ExitStack:
    """Keep distributed from telling of a lost scheduler in dozens of lines; closed, it talks."""
    stack = contextlib.ExitStack()
    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    for name in ("distributed", "tornado.application", "asyncio", *names):
        logger = logging.getLogger(name)
        stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
    return stack
