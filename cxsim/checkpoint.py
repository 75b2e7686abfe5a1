"""Checkpoints: a simulation in a file, so that a long run can go on after an end."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cxsim.files import whole_file
from cxsim.scenario import Scenario
from cxsim.simulation import Simulation

__all__ = ["Checkpoint", "CheckpointError"]

_FORMAT = 1


class CheckpointError(ValueError):
    """A checkpoint that cannot be used for this run."""


class Checkpoint:
    """Saves a simulation to a file now and then, and goes on from there.

    Parameters
    ----------
    path : str or Path
        The file; it appears whole or not at all, and replaces an earlier one.
    seconds : float
        Time between two saves at least.

    Notes
    -----
    The file holds one line of JSON that says which run it is of, and the pickled simulation.
    Random numbers are a function of seed and period and need no state. Reading a pickle can
    run code: open only checkpoints that you would run.
    """

    def __init__(self, path: str | Path, *, seconds: float = 60.0):
        self.path, self._seconds = Path(path), seconds
        self._saved = time.monotonic()

    def load(
        self,
        scenario: Scenario,
        *,
        seed: int,
        rules: Mapping[str, Callable[..., Any]] | None = None,
        observers: tuple[Any, ...] = (),
    ) -> Simulation | None:
        """Return the simulation as it was saved, None if there is no file.

        Raises
        ------
        CheckpointError
            If the file is of another scenario, seed, rules or version, or is no checkpoint.
        """
        if not self.path.exists():
            return None
        # Its rules are known only to a simulation; one customer is enough for that.
        small = Simulation(
            scenario.override({"customers": 1}), seed=seed, rules=rules, observers=observers
        )
        wanted = _identity(scenario, seed, small.rules_digest)
        with self.path.open("rb") as file:
            try:
                of = json.loads(file.readline(10_000))["cxsim checkpoint"]
            except (ValueError, KeyError, TypeError):
                raise CheckpointError(
                    f"{self.path}: expected a checkpoint, found another file"
                ) from None
            odd = [key for key in wanted if of.get(key) != wanted[key]]
            if odd:
                raise CheckpointError(
                    f"{self.path}: expected a checkpoint of this run, found one with another "
                    f"{odd[0]} ({of.get(odd[0])}, not {wanted[odd[0]]})"
                )
            made: Simulation = pickle.load(file)
        return made

    def save(self, simulation: Simulation) -> None:
        """Write the state of a simulation between two periods.

        Raises
        ------
        OSError
            If it cannot be written; an earlier checkpoint stays as it was.
        """
        import cloudpickle  # takes rules and policies of a notebook too

        of = _identity(simulation.scenario, simulation.seed, simulation.rules_digest)
        with whole_file(self.path) as draft, draft.open("wb") as file:
            file.write(json.dumps({"cxsim checkpoint": of}).encode() + b"\n")
            cloudpickle.dump(simulation, file)
        self._saved = time.monotonic()

    def save_now_and_then(self, simulation: Simulation) -> None:
        """Save if the last save is long enough ago, and the run is not over."""
        if not simulation.finished and time.monotonic() - self._saved >= self._seconds:
            self.save(simulation)


def _identity(scenario: Scenario, seed: int, rules_digest: str) -> dict[str, Any]:
    """Return what has to agree between a checkpoint and the run that goes on from it."""
    digest = scenario.digest_with(rules_digest)
    return {"format": _FORMAT, "scenario": digest, "seed": int(seed)}
