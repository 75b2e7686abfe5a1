"""Compiling ahead what the shipped scenarios need."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Warmth", "kept_in", "warm_up"]


@dataclass(frozen=True)
class Warmth:
    """What warming did: passes in use, how many of them were compiled now, seconds, the folder."""

    passes: int
    compiled: int
    seconds: float
    folder: Path


@contextlib.contextmanager
def kept_in(folder: str | None) -> Iterator[None]:
    """Keep compiled code in a folder meanwhile; where it is kept anyway if there is none."""
    name = "CXSIM_CACHE_DIR"
    before = os.environ.get(name)
    if folder is not None:
        os.environ[name] = folder
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


def warm_up(*, progress: Callable[[int, int], None] | None = None) -> Warmth:
    """Compile the passes of every shipped scenario, with all that can be measured.

    Parameters
    ----------
    progress : callable, optional
        Called with (passes done, passes) after every pass.

    Raises
    ------
    PermissionError
        If code was compiled and none of the cache folders could keep it.
    """
    from cxsim.engine.code_folders import cache_folders, refusal
    from cxsim.engine.schedule import Leg
    from cxsim.measures.observers import OBSERVERS
    from cxsim.scenario import Scenario, shipped_scenarios
    from cxsim.simulation import Simulation

    refused = {folder: refusal(folder) for folder in cache_folders()}
    folders = [folder for folder, reason in refused.items() if reason is None]
    if not folders:
        raise PermissionError("; ".join(str(reason) for reason in refused.values()))
    if not any(_usable(folder) for folder in folders):
        raise _none_usable(folders)
    start, before = time.monotonic(), _kept(folders)
    observers = tuple(OBSERVERS)
    small = {"customers": 64, "warm_up": 0}
    paths = list(shipped_scenarios().values())
    passes: set[str] = set()
    done = total = 0
    for number, path in enumerate(paths):
        simulation = Simulation(Scenario.load(path, small), observers=observers)
        simulation.workspace.begin_period(0)
        steps = simulation.schedule.steps
        total = done + len(steps) * (len(paths) - number)
        for step in steps:
            if step.phase not in ("arrive", "begin"):  # these ran while the simulation was made
                simulation.engine.run([Leg((step,), whole=step.whole)])
            if not step.whole:
                passes.add(step.code)
            done += 1
            if progress is not None:
                progress(done, total)
    new = _kept(folders) - before
    kept = next((folder for folder in folders if _kept([folder])), None)
    if kept is None:
        raise _none_usable(folders)
    return Warmth(len(passes), len(new), time.monotonic() - start, kept)


def _usable(folder: Path) -> bool:
    """Return whether code may be found or kept in a folder, as far as one can know before."""
    if folder.is_dir():
        return True  # what it holds may be all that is needed
    while not folder.exists():
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)


def _none_usable(folders: list[Path]) -> PermissionError:
    names = ", ".join(map(str, folders))
    return PermissionError(f"{names}: expected a folder that can be written, found none")


def _kept(folders: list[Path]) -> set[Any]:
    """Return the files of compiled passes in some folders."""
    found = {file for folder in folders if folder.is_dir() for file in folder.glob("*.nbc")}
    return {file for file in found if not file.name.startswith("play-")}  # what strings passes
