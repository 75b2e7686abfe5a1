"""Which frames a run leaves, and in which order they are listed."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from cxsim.measures.frames import FRAMES, firm_frame, market_frame, switching_frame, tenure_frame
from cxsim.measures.lived import touchpoint_frame
from cxsim.measures.observers.cohorts import cohort_frame
from cxsim.measures.observers.elasticity import elasticity_frame
from cxsim.measures.observers.hearsay import hearsay_frame
from cxsim.measures.observers.loss_reasons import loss_frame
from cxsim.measures.people import customer_frame, reach_frame
from cxsim.measures.ties import ties_frames
from cxsim.simulation import Simulation

__all__ = ["FRAMES", "frames_of", "place"]


def frames_of(simulation: Simulation, wanted: Collection[str]) -> dict[str, Any]:
    """Return the frames of a finished simulation, or functions that build them, by name.

    Parameters
    ----------
    simulation : Simulation
    wanted : collection of str
        What was measured beside the measures of every run.
    """
    books, scenario = simulation.books, simulation.scenario
    mechanisms = simulation.mechanisms
    frames: dict[str, Any] = {
        "firms": lambda: firm_frame(books, scenario, mechanisms),
        "market": lambda: market_frame(books, mechanisms),
        "switching": lambda: switching_frame(books, scenario),
        "tenure": lambda: tenure_frame(books, scenario),
    }
    for mechanism in mechanisms:
        frames |= {name: partial(make, books, scenario) for name, make in mechanism.frames.items()}
    if scenario.journey is not None:
        frames["touchpoints"] = lambda: touchpoint_frame(books, scenario)
    if "cohorts" in wanted:
        frames["cohorts"] = lambda: cohort_frame(books, scenario)
    if "elasticity" in wanted:
        frames["elasticities"] = lambda: elasticity_frame(books, scenario)
    if "network" in wanted:
        frames["neighbours"], frames["ties"] = ties_frames(simulation)
    if "hearsay" in wanted:
        frames["hearsay"] = lambda: hearsay_frame(books, scenario)
    if "loss_reasons" in wanted:
        frames["losses"] = lambda: loss_frame(books, scenario, mechanisms)
    if "customers" in wanted:  # built at once: later they would keep all customers in memory
        frames["customers"] = customer_frame(simulation)
        frames["reach"] = reach_frame(frames["customers"], list(scenario.firms))
    return frames


def place(name: str) -> tuple[int, str]:
    """Place of a frame among files and sheets; those of mechanisms come last."""
    return (FRAMES.index(name) if name in FRAMES else len(FRAMES), name)
