"""Upkeep of stores: many small files merged, how far studies are, whether stored runs hold."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.files.sealed import digest_name
from cxsim.study.store import Leases, Store
from cxsim.study.store_folder import StoreError, as_parquet, joined, new_name, sessions_of, words
from cxsim.study.stored_runs import DesignCells, recompute
from cxsim.study.study import Study

if TYPE_CHECKING:
    import pyarrow as pa

# -- Many small files merged ------------------------------------------------------------------


#: Rows and bytes of a merged file at most.
_ROWS, _BYTES = 250_000, 256_000_000


@dataclass(frozen=True)
class Compaction:
    """What a compaction did.

    Attributes
    ----------
    before, after : int
        Files of runs.
    runs : int
    dropped : int
        Rows that stood for runs of which another row is kept.
    """

    before: int
    after: int
    runs: int
    dropped: int

    def sentence(self) -> str:
        """Return it in words."""
        files = "1 file" if self.after == 1 else f"{self.after:,} files"
        if self.before == self.after and not self.dropped:
            return f"nothing to merge: {files} of {self.runs:,} runs"
        text = f"{self.before:,} files merged into {files} of {self.runs:,} runs"
        if self.dropped:
            text += f"; {self.dropped:,} rows of runs that were stored twice are gone"
        return text


def compact(store: Store) -> Compaction:
    """Merge the files of a store, while other processes may read and add to it.

    A merged file is on disk, whole, before the files that it holds are deleted: whoever is
    killed in between leaves some runs twice, which all readers of this package count once, and
    which the next compaction drops.

    Parameters
    ----------
    store : Store

    Returns
    -------
    Compaction

    Raises
    ------
    StoreError
        If another process is compacting the store, or a file cannot be written.
    """
    leases = Leases(store.leases_file)
    try:
        if not leases.acquire("compaction"):
            raise StoreError(f"{store.folder}: another process is compacting it")
        return _compacted(store)
    finally:
        leases.close()


def _compacted(store: Store) -> Compaction:
    paths = store.paths()
    keep, runs, dropped = _best_rows(store, paths)
    batches: dict[Any, list[tuple[Path, pa.Table, list[str]]]] = {}
    sizes: dict[Any, tuple[int, int]] = {}
    for path, table in store.read(keep):
        if len(table) >= _ROWS and keep[path].all():
            continue
        rows = table.filter(keep[path])
        names = [name for name, kept in zip(sessions_of(table), keep[path], strict=True) if kept]
        kind = frozenset((f.name, str(f.type)) for f in table.schema if str(f.type) != "null")
        batches.setdefault(kind, []).append((path, rows, names))
        count, size = sizes.get(kind, (0, 0))
        sizes[kind] = count + len(rows), size + rows.nbytes
        if sizes[kind][0] >= _ROWS or sizes[kind][1] >= _BYTES:
            _merge(store, batches.pop(kind), keep)
            del sizes[kind]
    for batch in batches.values():
        _merge(store, batch, keep)
    return Compaction(len(paths), len(store.paths()), runs, dropped)


def _best_rows(store: Store, paths: list[Path]) -> tuple[dict[Path, np.ndarray], int, int]:
    """Mark in each file the rows to keep: of a run the first that succeeded, else the first."""
    import pandas as pd

    parts = []
    for number, (path, table) in enumerate(store.read(paths, ["run", "status", "finished"])):
        parts.append(
            pd.DataFrame(
                {
                    "key": words(table.column("run").to_pylist()),
                    "bad": [status != "ok" for status in table.column("status").to_pylist()],
                    "finished": table.column("finished").to_numpy(),
                    "file": np.full(len(table), number, np.int32),
                }
            ).assign(path=path)
        )
    if not parts:
        return {}, 0, 0
    there = [part["path"].iloc[0] for part in parts if len(part)]
    rows = pd.concat([part.drop(columns="path") for part in parts if len(part)], ignore_index=True)
    order = rows.sort_values(["bad", "finished"], kind="stable")
    best = np.zeros(len(rows), bool)
    best[order.index[~order["key"].duplicated()]] = True
    ends = np.cumsum(rows.groupby("file", sort=False).size().to_numpy())[:-1]
    marks = dict(zip(there, np.split(best, ends), strict=True))
    return marks, int(best.sum()), int((~best).sum())


def _merge(
    store: Store, batch: list[tuple[Path, pa.Table, list[str]]], keep: Mapping[Path, Any]
) -> None:
    """Write the rows of some files as one, then delete the files."""
    if len(batch) == 1 and keep[batch[0][0]].all():
        return
    tables = [rows for _, rows, _ in batch]
    sessions = [name for _, _, names in batch for name in names]
    if sessions:
        data = as_parquet(joined(tables), sessions)
        store.put_runs(digest_name(new_name(), data, ".parquet"), data)
    for path, _, _ in batch:
        path.unlink(missing_ok=True)


# -- How far the studies of a store are ------------------------------------------------------


#: Seconds that count as now: who wrote within them is at work.
_NOW = 300.0


@dataclass(frozen=True)
class StudyStatus:
    """How far a study is.

    Attributes
    ----------
    name : str
    runs, done, failed : int
        Runs that the study asks for; those that are stored; those of them that failed. A study
        of a function asks for ``runs``, and what of it is stored is not known: -1.
    """

    name: str
    runs: int
    done: int
    failed: int


@dataclass(frozen=True)
class StoreStatus:
    """How far the studies of a store are, and who works.

    Attributes
    ----------
    studies : list of StudyStatus
    files, runs, failed : int
        Of the whole store.
    workers : dict of str to int
        Runs that each worker finished within the last five minutes.
    rate : float
        Runs per second within the last five minutes, 0 if nobody works.
    last : float
        When the last run was finished, seconds since 1970; NaN if there is none.
    """

    studies: list[StudyStatus]
    files: int
    runs: int
    failed: int
    workers: dict[str, int]
    rate: float
    last: float

    @property
    def missing(self) -> int:
        """Runs that studies ask for and that are not stored."""
        return sum(max(0, each.runs - each.done) for each in self.studies if each.done >= 0)

    @property
    def seconds_left(self) -> float:
        """Seconds until all are stored at the present rate, NaN if it is not known."""
        return self.missing / self.rate if self.rate > 0 else float("nan")


def status(store: Store, now: float | None = None) -> StoreStatus:
    """Return how far the studies of a store are, and who works on them.

    Parameters
    ----------
    store : Store
    now : float, optional
        Seconds since 1970; default: the present time.
    """
    frame = store.frame(["worker"])
    failed = set(frame.loc[frame["status"] != "ok", "run"])
    now = time.time() if now is None else now
    recent = frame[frame["finished"] > now - _NOW]
    rate = 0.0
    if len(recent) > 1:
        rate = (len(recent) - 1) / max(now - float(recent["finished"].min()), 1e-9)
    workers = recent["worker"].value_counts().to_dict() if "worker" in recent else {}
    return StoreStatus(
        [_study_status(store, facts, failed) for facts in store.studies().values()],
        len(store.paths()), len(frame), len(failed),
        {str(name): int(count) for name, count in workers.items()}, rate,
        float(frame["finished"].max()) if len(frame) else float("nan"),
    )  # fmt: skip


def _study_status(store: Store, facts: Mapping[str, Any], failed: set[str]) -> StudyStatus:
    if "scenario" not in facts["study"]:
        return StudyStatus(facts["name"], 0, -1, 0)
    study = Study.from_dict(facts["study"], name=facts["name"])
    cells = DesignCells(study, study.model(None))
    cells.recall(store)
    store.refresh()
    done = bad = 0
    for block, there in cells.stored(store, study.seeds):
        done += int(there.sum())
        if failed:
            bad += sum(cells.run(cell, seed) in failed for cell in block for seed in study.seeds)
    cells.remember(store)
    return StudyStatus(study.name, len(cells) * len(study.seeds), done, bad)


# -- Whether stored runs hold: every file as it was written, and a sample made again ----------


@dataclass(frozen=True)
class Verification:
    """What a verification found.

    Attributes
    ----------
    files, damaged : int
        Files of runs that were as written, and those that were not.
    sampled, equal : int
        Runs that were made again, and those of them that came out the same to the bit.
    problems : list of str
        A line for each run that differs or could not be made again.
    """

    files: int
    damaged: int
    sampled: int
    equal: int
    problems: list[str]

    @property
    def holds(self) -> bool:
        """Whether nothing was found that should not be."""
        return not self.damaged and self.equal == self.sampled

    def sentence(self) -> str:
        """Return it in words."""
        one = self.files == 1
        text = f"{self.files:,} {'file is as it was' if one else 'files are as they were'} written"
        if self.damaged:
            text += f", {self.damaged:,} {'was' if self.damaged == 1 else 'were'} damaged"
        if not self.sampled:
            return f"{text}; no run was made again"
        if self.equal == self.sampled:
            return f"{text}; {self.sampled:,} runs made again: all equal to the bit"
        return f"{text}; {self.equal:,} of {self.sampled:,} runs made again are equal to the bit"


def verify(
    store: Store, *, sample: int = 20, progress: Callable[[int, int], None] | None = None
) -> Verification:
    """Read every file of a store, and make some of its runs again.

    Parameters
    ----------
    store : Store
    sample : int
        Runs that are made again, drawn by their digests, so that anybody draws the same ones.
    progress : callable, optional
        Called with the runs that were made again so far, and their number.
    """
    paths = store.paths()
    whole, runs = 0, []
    for _, table in store.read(paths, ["run", "status", "base"]):
        whole += 1
        bases = table.column("base").to_pylist() if "base" in table.schema.names else []
        good = table.column("status").to_pylist()
        names = table.column("run").to_pylist()
        runs += [r for r, s, b in zip(names, good, bases, strict=False) if s == "ok" and b]
    drawn = sorted(set(runs), key=lambda run: hashlib.sha256(run.encode()).digest())[:sample]
    problems = list(_differences(store, drawn, progress))
    return Verification(whole, len(paths) - whole, len(drawn), len(drawn) - len(problems), problems)


def _differences(
    store: Store, runs: Iterable[str], progress: Callable[[int, int], None] | None
) -> Iterator[str]:
    """Yield a line for each run that does not come out as it is stored."""
    runs = list(runs)
    for number, run in enumerate(runs, 1):
        try:
            outputs = recompute(run, store=store)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run was not made again
            yield f"run {run}: {error}"
        else:
            wrong = outputs[~outputs["equal"]]
            if len(wrong):
                first = wrong.iloc[0]
                yield (
                    f"run {run}: {first['output']} is stored as {float(first['stored'])!r}, "
                    f"now {float(first['again'])!r} ({len(wrong)} of {len(outputs)} numbers differ)"
                )
        if progress is not None:
            progress(number, len(runs))
