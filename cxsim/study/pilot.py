"""A pilot estimate before long work: minutes, memory and disk, from a short timed run."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, prod
from pathlib import Path

import numpy as np

from cxsim.engine.schedule import parameters_of
from cxsim.engine.workspace import shape_of
from cxsim.model.mechanism import TILE
from cxsim.runs.simulation import BLOCK, Simulation
from cxsim.scenario import Scenario
from cxsim.study.workers import cores

# -- A pilot estimate before long work: minutes, memory and disk, from a short timed run -------


#: Customers and periods of the pilot at most, and its time in seconds.
CUSTOMERS = 20_000


PERIODS = 12


SECONDS = 0.5


#: Bytes that a view of an array takes, as an engine keeps one for each argument and block.
_VIEW = 200


#: Bytes of a saved run: of its files when empty, and of a cell of each frame. Parquet packs
#: counts and names well and other numbers hardly (measured on runs of 2 to 16 firms).
_FILES = 45_000


_CELL = {"firms": 5.5, "market": 8.0, "switching": 0.6, "tenure": 0.8}


class NotEnoughMemoryError(ValueError, MemoryError):
    """Work that memory cannot hold."""


@dataclass(frozen=True)
class Estimate:
    """Forecast of time, memory and disk space.

    Attributes
    ----------
    seconds : float
        Of the work, on this machine, with compiled code at hand.
    memory : int
        Bytes at the peak, what the process holds already included.
    disk : int
        Bytes, if every run is saved.
    held : int
        Bytes of memory that the process held when the estimate was made.
    what : str
        The work in words.
    """

    seconds: float
    memory: int
    disk: int
    held: int = 0
    what: str = ""

    def sentence(self) -> str:
        """Return the estimate in words: ``about 3 minutes, 1.2 GB of memory, 40 MB on disk``."""
        memory, disk = _size(self.memory), _size(self.disk)
        return f"about {_time(self.seconds)}, {memory} of memory, {disk} on disk"

    def __add__(self, other: Estimate) -> Estimate:
        """Return the estimate of doing one work after the other."""
        larger = max(self, other, key=lambda one: one.memory - one.held)
        return Estimate(
            self.seconds + other.seconds,
            max(self.memory, other.memory),
            self.disk + other.disk,
            larger.held,
            larger.what,
        )


def estimate(
    scenario: Scenario, runs: int = 1, jobs: int = 1, *, probes: Iterable[str] = ()
) -> Estimate:
    """Estimate what runs of a scenario will take.

    A few periods are simulated with at most 20,000 customers; time grows with customers
    and periods in a straight line. Memory and disk are counted from the sizes of columns,
    totals and frames.

    Parameters
    ----------
    scenario : Scenario
    runs : int
        How many runs.
    jobs : int
        Runs at a time, in threads of this process.
    probes : iterable of str
        What is measured beside the measures of every run, as for :func:`cxsim.run`; its
        time and memory count, its frames on disk do not.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If there are no runs or jobs.
    """
    if runs < 1 or jobs < 1:
        raise ValueError(f"expected one run and one job or more, found {runs} and {jobs}")
    customers = int(scenario.customers)
    sample = min(customers, CUSTOMERS)
    simulation, setup, period = _pilot(scenario.override({"customers": sample}), tuple(probes))
    periods = int(scenario.periods) + int(scenario.warm_up)
    one = (setup + periods * period) * customers / sample
    together = min(runs, jobs)
    rounds = ceil(runs / min(together, cores()))
    held = held_memory()
    each = _run_bytes(simulation, customers, int(scenario.periods))
    return Estimate(
        seconds=rounds * one,
        memory=held + together * each,
        disk=runs * _disk_bytes(simulation, int(scenario.periods)),
        held=held,
        what=f"{customers:,} customers, {len(scenario.firms)} firms, {together} at a time",
    )


def check_memory(estimate: Estimate, *, available: int | None = None) -> None:
    """Refuse work that memory cannot hold.

    Parameters
    ----------
    estimate : Estimate
    available : int, optional
        Bytes that the process could still get; default: what the system says. If it says
        nothing, nothing is refused.

    Raises
    ------
    NotEnoughMemoryError
        If the estimate is above it.
    """
    if available is None:
        available = available_memory()
    more = estimate.memory - estimate.held
    if available is not None and more > available:
        work = f" ({estimate.what})" if estimate.what else ""
        raise NotEnoughMemoryError(
            f"memory: expected work that fits in the {_size(available)} available, found one that "
            f"takes {_size(more)}{work}: fewer customers or fewer runs at a time"
        )


# --- time -------------------------------------------------------------------------


def _pilot(scenario: Scenario, probes: tuple[str, ...]) -> tuple[Simulation, float, float]:
    """Run a few periods; return the simulation, seconds to set up and seconds of a period."""
    one = scenario.override({"customers": 1})
    Simulation(one, observers=probes).step()  # compiles; that is not the work
    start = time.perf_counter()
    simulation = Simulation(scenario, observers=probes)
    setup = time.perf_counter() - start
    times: list[float] = []
    deadline = start + SECONDS
    while len(times) < 3 or (len(times) < PERIODS and time.perf_counter() < deadline):
        start = time.perf_counter()
        simulation.step()
        times.append(time.perf_counter() - start)
    # The first period binds passes to arrays; in the first ones few have a supplier.
    return simulation, setup + max(0.0, times[0] - times[-1]), statistics.median(times[1:])


# --- memory -----------------------------------------------------------------------


def column_bytes(simulation: Simulation, customers: int, block: int = BLOCK) -> int:
    """Return the bytes of the state columns of a population of any size, without making it.

    Parameters
    ----------
    simulation : Simulation
        One of the same scenario, of whatever size.
    customers : int
    block : int
        Customers per block.
    """
    block, blocks = _blocks(customers, block)
    total = 0
    for column in simulation.workspace.population.columns.values():
        axes = shape_of(column.axes, simulation.workspace.sizes)
        places = blocks * prod(axes) * block if axes else customers
        total += places * np.dtype(column.dtype).itemsize
    return total


def scratch_bytes(simulation: Simulation, customers: int, block: int = BLOCK) -> int:
    """Return the bytes of the columns that live for one block, for one thread."""
    block, _ = _blocks(customers, block)
    columns = [c for m in simulation.mechanisms for c in m.columns if not c.state]
    return sum(
        prod(shape_of(c.axes, simulation.workspace.sizes)) * block * np.dtype(c.dtype).itemsize
        for c in columns
    )


def total_bytes(simulation: Simulation, customers: int) -> int:
    """Return the bytes of one period's totals by tile of customers."""
    return ceil(customers / TILE) * _width(simulation) * 8


def _blocks(customers: int, block: int) -> tuple[int, int]:
    """Return customers per block, rounded up to tiles, and the number of blocks."""
    block = ceil(min(block, customers) / TILE) * TILE
    return block, ceil(customers / block)


def _width(simulation: Simulation) -> int:
    """Return how many totals there are in a period."""
    places = simulation.workspace.total_places.values()
    return max((place.stop for place, _ in places), default=0)


def _run_bytes(simulation: Simulation, customers: int, periods: int) -> int:
    """Return the bytes that one run takes at its peak."""
    steps = simulation.schedule.steps
    views = sum(len(parameters_of(step)) for step in steps if not step.population)
    _, blocks = _blocks(customers, BLOCK)
    books = 3 * periods * (_width(simulation) * 8 + 8 * _rows(simulation))
    return (
        column_bytes(simulation, customers)
        + scratch_bytes(simulation, customers)
        + total_bytes(simulation, customers)
        + blocks * views * _VIEW
        + books
        + 8 * sum(_cells(simulation, periods).values())
    )


def _rows(simulation: Simulation) -> int:
    return int(simulation.workspace.tables.firm_rows.size)


# --- disk -------------------------------------------------------------------------


def _cells(simulation: Simulation, periods: int) -> dict[str, int]:
    """Return the cells of each frame that every run leaves."""
    from cxsim.runs.measures.measure_registry import measures

    firms = len(simulation.workspace.tables.firms)
    return {
        "firms": periods * firms * (len(measures("firm", simulation.mechanisms)) + 3),
        "market": periods * (len(measures("market", simulation.mechanisms)) + 1),
        "switching": periods * (firms + 1) ** 2 * 4,
        "tenure": periods * firms * 6 * 5,
    }


def _disk_bytes(simulation: Simulation, periods: int) -> int:
    """Return the bytes that a saved run takes."""
    cells = _cells(simulation, periods)
    return int(_FILES + sum(_CELL[name] * count for name, count in cells.items()))


# --- words ------------------------------------------------------------------------


def _time(seconds: float) -> str:
    """Return a duration in the unit that suits it, with one or two digits."""
    if seconds < 1:
        return "a second" if seconds > 0.5 else "half a second or less"
    for size, unit in ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= 1.5 * size:
            return _counted(seconds / size, unit)
    return _counted(seconds, "second")


def _counted(value: float, unit: str) -> str:
    shown = f"{value:.1f}" if value < 2.95 and unit != "second" else f"{value:.0f}"
    shown = shown.removesuffix(".0")
    return f"{shown} {unit}" if shown == "1" else f"{shown} {unit}s"


def _size(size: float) -> str:
    """Return bytes in decimal units, with two digits."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if size >= 0.95 * unit:
            value = size / unit
            return f"{value:.1f} {name}" if value < 9.95 else f"{value:,.0f} {name}"
    return f"{max(1, round(size / 1e3))} kB"


# -- What memory this process holds, and how much more the machine (or its container) can give


_PROC = Path("/proc")


_CGROUP = Path("/sys/fs/cgroup")


#: What a process with the package and its libraries holds, where nobody says.
_USUAL = 250 * 2**20


def held_memory() -> int:
    """Return the bytes of memory that this process holds now (a usual value if unknown)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int((_PROC / "self" / "statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(ImportError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return _USUAL


def available_memory(*, proc: Path = _PROC, cgroup: Path = _CGROUP) -> int | None:
    """Return the bytes that this process could still get, None if nobody says.

    The smaller of what the system has to spare and what control groups (containers,
    batch jobs) leave.

    Parameters
    ----------
    proc, cgroup : Path
        Where Linux shows processes and control groups.
    """
    said = [_of_system(proc), _of_groups(proc, cgroup)]
    known = [size for size in said if size is not None]
    return min(known) if known else None


def _of_system(proc: Path) -> int | None:
    if sys.platform == "win32":
        return _of_windows()
    with contextlib.suppress(OSError):
        text = (proc / "meminfo").read_text(encoding="ascii")
        found = re.search(r"^MemAvailable:\s*(\d+) kB", text, re.MULTILINE)
        if found:
            return int(found.group(1)) * 1024
    for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"):  # macOS knows the whole only
        with contextlib.suppress(ValueError, OSError, AttributeError):
            return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_windows() -> int | None:
    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("physical", "available", "c", "d", "e")),
            *((name, ctypes.c_ulonglong) for name in ("f", "g")),
        )

    status = Status(length=ctypes.sizeof(Status))
    windows = getattr(ctypes, "windll", None)
    if windows is None or not windows.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.available)


def _of_groups(proc: Path, cgroup: Path) -> int | None:
    """Return the memory left by the tightest control group above this process, None if none."""
    try:
        lines = (proc / "self" / "cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    left: list[int] = []
    for line in lines:
        _, controllers, place = line.split(":", 2)
        if controllers == "":  # version 2
            left += _along(cgroup, place, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            left += _along(
                cgroup / "memory", place, "memory.limit_in_bytes", "memory.usage_in_bytes",
                "total_inactive_file",
            )  # fmt: skip
    return min(left) if left else None


def _along(root: Path, place: str, limit: str, usage: str, spare: str) -> list[int]:
    """Return what each group leaves from the process's own up to the root.

    Inside a container the own group often is the root, whatever the path says.
    """
    parts = [part for part in place.split("/") if part not in ("", "..")]
    folders = [root.joinpath(*parts[:depth]) for depth in range(len(parts), -1, -1)]
    left = []
    for folder in folders:
        with contextlib.suppress(OSError, ValueError):  # "max", or no such file: no limit
            most = int((folder / limit).read_text(encoding="ascii"))
            if most >= 2**60:  # version 1 for "no limit"
                continue
            used = int((folder / usage).read_text(encoding="ascii"))
            left.append(max(0, most - used + _reclaimable(folder, spare)))
    return left


def _reclaimable(folder: Path, name: str) -> int:
    """Return what the system would take back from file caches before a limit is hit."""
    with contextlib.suppress(OSError):
        text = (folder / "memory.stat").read_text(encoding="ascii")
        found = re.search(rf"^{name} (\d+)$", text, re.MULTILINE)
        if found:
            return int(found.group(1))
    return 0
