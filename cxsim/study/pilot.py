"""A pilot estimate before long work: minutes, memory and disk, from a short timed run."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, prod

import numpy as np

from cxsim.engine.schedule import parameters_of
from cxsim.mechanisms.base import CHUNK
from cxsim.population import shape_of
from cxsim.scenario import Scenario
from cxsim.simulation import BLOCK, Simulation
from cxsim.study.memory import available_memory, held_memory

__all__ = [
    "Estimate",
    "NotEnoughMemoryError",
    "check_memory",
    "column_bytes",
    "estimate",
    "passing_bytes",
    "total_bytes",
]

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
    """What some work will take.

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
    scenario: Scenario, runs: int = 1, jobs: int = 1, *, detail: Iterable[str] = ()
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
    detail : iterable of str
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
    simulation, setup, period = _pilot(scenario.override({"customers": sample}), tuple(detail))
    periods = int(scenario.periods) + int(scenario.warm_up)
    one = (setup + periods * period) * customers / sample
    together = min(runs, jobs)
    rounds = ceil(runs / min(together, _cores()))
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


def _pilot(scenario: Scenario, detail: tuple[str, ...]) -> tuple[Simulation, float, float]:
    """Run a few periods; return the simulation, seconds to set up and seconds of a period."""
    one = scenario.override({"customers": 1})
    Simulation(one, observers=detail).step()  # compiles; that is not the work
    start = time.perf_counter()
    simulation = Simulation(scenario, observers=detail)
    setup = time.perf_counter() - start
    times: list[float] = []
    deadline = start + SECONDS
    while len(times) < 3 or (len(times) < PERIODS and time.perf_counter() < deadline):
        start = time.perf_counter()
        simulation.step()
        times.append(time.perf_counter() - start)
    # The first period binds passes to arrays; in the first ones few have a supplier.
    return simulation, setup + max(0.0, times[0] - times[-1]), statistics.median(times[1:])


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# --- memory -----------------------------------------------------------------------


def column_bytes(simulation: Simulation, customers: int, block: int = BLOCK) -> int:
    """Return the bytes of the kept columns of a population of any size, without making it.

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


def passing_bytes(simulation: Simulation, customers: int, block: int = BLOCK) -> int:
    """Return the bytes of the columns that live for one block, for one thread."""
    block, _ = _blocks(customers, block)
    columns = [c for m in simulation.mechanisms for c in m.columns if not c.kept]
    return sum(
        prod(shape_of(c.axes, simulation.workspace.sizes)) * block * np.dtype(c.dtype).itemsize
        for c in columns
    )


def total_bytes(simulation: Simulation, customers: int) -> int:
    """Return the bytes of one period's totals by chunk of customers."""
    return ceil(customers / CHUNK) * _width(simulation) * 8


def _blocks(customers: int, block: int) -> tuple[int, int]:
    """Return customers per block, rounded up to chunks, and the number of blocks."""
    block = ceil(min(block, customers) / CHUNK) * CHUNK
    return block, ceil(customers / block)


def _width(simulation: Simulation) -> int:
    """Return how many totals there are in a period."""
    places = simulation.workspace.total_places.values()
    return max((place.stop for place, _ in places), default=0)


def _run_bytes(simulation: Simulation, customers: int, periods: int) -> int:
    """Return the bytes that one run takes at its peak."""
    steps = simulation.schedule.steps
    views = sum(len(parameters_of(step)) for step in steps if not step.whole)
    _, blocks = _blocks(customers, BLOCK)
    books = 3 * periods * (_width(simulation) * 8 + 8 * _rows(simulation))
    return (
        column_bytes(simulation, customers)
        + passing_bytes(simulation, customers)
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
    from cxsim.measures import measures

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
