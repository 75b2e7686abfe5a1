"""A sweep: a study's runs, as far as they are not stored yet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from cxsim.arguments import number, whole
from cxsim.components import changed
from cxsim.files import file_name
from cxsim.simulation import Simulation, first_step
from cxsim.study.cells import Cells
from cxsim.study.codebook import codebook
from cxsim.study.doing import Doing, Progress
from cxsim.study.outputs import observers_of
from cxsim.study.plan import Study
from cxsim.study.pools import PoolError, open_pool
from cxsim.study.progress import live
from cxsim.study.results import Sweep
from cxsim.study.store import Store, StoreError
from cxsim.study.superseded import superseded
from cxsim.study.tally import Report
from cxsim.study.work import process_name

__all__ = ["sweep"]


def sweep(
    study: Study | str | Path | Mapping[str, Any],
    *,
    store: str | Path | Store | None = None,
    executor: Executor | str | None = None,
    jobs: int | None = None,
    address: str | None = None,
    rules: Mapping[str, Callable[..., Any]] | None = None,
    timeout: float | None = None,
    retry: bool = False,
    shard: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Run a study, as far as its runs are not stored yet.

    Parameters
    ----------
    study : Study, str, Path or mapping
        A study, its file or name, or a mapping with the structure of a study file.
    store : str, Path or Store, optional
        Folder of the results; default ``results/sweep-NAME``.
    executor : Executor or str, optional
        ``"processes"`` (default), ``"threads"``, ``"dask"``, ``"inline"``, or an executor
        with the interface of :mod:`concurrent.futures`.
    jobs : int, optional
        Runs at a time; default: the processors there are.
    address : str, optional
        Of a Dask scheduler, for ``executor="dask"``; default: a cluster on this machine.
    rules : mapping of str to function, optional
        Rules that stand in for built-in ones, by name.
    timeout : float, optional
        Seconds that one run may take.
    retry : bool
        Whether runs that failed before are done again.
    shard : (int, int), optional
        ``(i, n)``: only every n-th point, from the i-th (1 to n) on.
    progress : callable, optional
        Called with a :class:`Report` several times a second; default: a line in a live
        notebook, nothing elsewhere.

    Returns
    -------
    Sweep

    Raises
    ------
    ScenarioError
        If the study is not valid.
    StoreError
        If the store cannot be read or written; what was written stays.
    PoolError
        If there are no workers to be had, or the scheduler is lost; what was finished is stored.

    Examples
    --------
    >>> study = {
    ...     "scenario": "baseline",
    ...     "overrides": {"customers": 100, "periods": 12},
    ...     "factors": {"firms.Tailor.price": [18, 22]},
    ...     "design": "grid",
    ...     "seeds": 2,
    ...     "outputs": ["share.Tailor"],
    ... }
    >>> result = sweep(study, store="prices", executor="inline")
    >>> len(result.frame), len(result.failed)
    (4, 0)
    """
    if isinstance(study, Mapping):
        study = Study.from_dict(study)
    elif not isinstance(study, Study):
        study = Study.load(study)
    place = store if isinstance(store, Store) else Store(store or default_store(study))
    jobs = None if jobs is None else whole(jobs, "jobs", low=1)
    timeout = None if timeout is None else number(timeout, "timeout", low=0)
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise ValueError(f"shard: expected i/n with i from 1 to n, found {shard[0]}/{shard[1]}")
    if study.base is not None:
        place.keep_scenario(study.base)
    place.describe(codebook(study))
    place.keep_study(study.name, study.digest, study.to_dict())
    _compile(study, rules)
    cells = Cells(study, study.model(rules), shard)
    own = _agree(study, cells, place, shard)
    pool = open_pool(executor, jobs, address, own)
    report = Report(workers=pool.workers)
    if len(place):
        report.superseded = superseded(cells, study.seeds, place)
    doing = Doing(study, place, cells, pool, report, timeout, retry, progress or live())
    try:
        doing.all()
    except Exception as error:
        gone = pool.lost(error)
        if gone is None:
            raise
        raise PoolError(
            f"{gone}; {report.stored + report.done:,} of {report.total:,} runs are stored; "
            "start again to go on"
        ) from error
    finally:
        doing.close()
        pool.close()
    return Sweep(study, place, cells, report)


def default_store(study: Study) -> Path:
    """Return the folder of a study's results where none is named."""
    return Path("results") / file_name(f"sweep-{study.name}")


def _agree(study: Study, cells: Cells, store: Store, shard: tuple[int, int] | None) -> str:
    """See to it that the shards of a study that meet in one store run the same code.

    The first shard says what it runs; a sweep without shards says it anew.

    Returns
    -------
    str
        The digest of the code if some of it is a user's own, "" if none is.

    Raises
    ------
    StoreError
        If an earlier shard ran other code.
    """
    if not len(cells):
        return ""
    code = cells.code(0)  # the first of the whole study, whatever the shard
    asked = f"{cells.task(0, study.seeds[0])} {study.points.to_csv(index=False)}"
    key = hashlib.sha256(asked.encode()).hexdigest()[:16]  # the study's, whatever its code
    before = store.agreed(key)
    if shard is not None and before and before["code"] != code.digest:
        differs = changed(code.named, store.code(before["code"]), most=1)
        raise StoreError(
            f"{store.folder}: expected the code of the other shards of this study (by "
            f"{before['worker']}, cxsim {before['cxsim']}), found another "
            f"({differs or 'code'}): give another store, adopt it (cxsim store adopt), or run "
            "the study once without --shard"
        )
    store.keep_code(code.digest, lambda: code.named)
    store.agree(key, {"code": code.digest, "worker": process_name()})
    return code.digest if code.texts() else ""


def _compile(study: Study, rules: Mapping[str, Callable[..., Any]] | None) -> None:
    """Compile what the runs need before workers start: they find it on disk.

    Raises
    ------
    ValueError, TypeError
        If a rule has no such name, or cannot be compiled.
    """
    for scenario in study.examples():
        few = scenario.override({"customers": min(int(scenario.customers), 5000)})
        watching = tuple(observers_of(study.outputs, few))
        first_step(Simulation(few, rules=rules, observers=watching))
