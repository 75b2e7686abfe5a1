"""Stored runs of a study that do not count any more, and what changed since they were made."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import NamedTuple

from cxsim.components import changed
from cxsim.study.cells import Cells
from cxsim.study.store import Store

__all__ = ["Other", "others_of", "superseded"]


class Other(NamedTuple):
    """A stored run that other code made: the cell and seed that ask for it, its run and code."""

    cell: int
    seed: int
    run: str
    code: str


def others_of(cells: Cells, seeds: list[int], store: Store) -> list[Other]:
    """Return the stored runs that a study asks for and other code made.

    Parameters
    ----------
    cells : Cells
    seeds : list of int
    store : Store

    Returns
    -------
    list of Other
        One for each run that is missing and was made by other code.
    """
    if store.codes() <= {cells.code(cell).digest for cell in islice(cells, 1)}:
        return []
    frame = store.frame(["run", "status", "code", "task"])
    theirs: dict[str, list[tuple[str, str]]] = {}
    for run, status, code, task in zip(
        frame["run"], frame["status"], frame["code"], frame["task"], strict=True
    ):
        if task and code and status == "ok":
            theirs.setdefault(task, []).append((run, code))
    found = []
    for cell in cells if theirs else ():
        for seed in seeds:
            made = theirs.get(cells.task(cell, seed))
            if made and not store.has(cells.run(cell, seed)):
                ours = cells.code(cell).digest
                found += [Other(cell, seed, *each) for each in made[:1] if each[1] != ours]
    return found


def superseded(cells: Cells, seeds: list[int], store: Store) -> str:
    """Say which stored runs of a study do not count any more, and what changed.

    Parameters
    ----------
    cells : Cells
    seeds : list of int
    store : Store

    Returns
    -------
    str
        ``"4 runs were made with another measures.share; they are kept and not used"``; "" where
        there are none.
    """
    counts: Counter[str] = Counter()
    said: dict[tuple[str, str], str] = {}
    for other in others_of(cells, seeds, store):
        ours = cells.code(other.cell)
        key = (ours.digest, other.code)
        if key not in said:
            said[key] = _difference(ours.named, store.code(other.code))
        counts[said[key]] += 1
    return "; ".join(
        f"{number:,} runs were made with {what}; they are kept and not used"
        if number > 1
        else f"1 run was made with {what}; it is kept and not used"
        for what, number in counts.most_common()
    )


def _difference(now: dict[str, str], before: dict[str, str]) -> str:
    names = changed(now, before) if before else ""
    return f"another {names}" if names else "other code"
