"""Checkpoints: a simulation in a file, so that a long run can go on after an end."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cxsim.components import changed
from cxsim.scenario import Scenario
from cxsim.sealed import DamagedError, DamagedWarning
from cxsim.simulation import BLOCK, Simulation
from cxsim.snapshot import NotPlainError, check_plain, open_snapshot, write_snapshot

__all__ = ["Checkpoint", "CheckpointError"]

_KIND = "checkpoint"
_FORMAT = 2
#: How a checkpoint of the first format began, which was a pickle.
_FIRST = b'{"cxsim checkpoint"'


class CheckpointError(ValueError):
    """A checkpoint that cannot be used for this run."""


class Checkpoint:
    """Saves a simulation to a file now and then, and goes on from there.

    Parameters
    ----------
    path : str or Path
        The file; it appears whole or not at all. The one before it is kept beside it, as
        ``NAME.previous``.
    seconds : float
        Time between two saves at least.

    Notes
    -----
    The file holds a digest of its bytes, which run it is of, and the state of the simulation as
    arrays and plain data; reading it runs no code. Random numbers are a function of seed and
    period and need no state. Rules and policies are those of the run that goes on.
    """

    def __init__(self, path: str | Path, *, seconds: float = 60.0):
        self.path, self._seconds = Path(path), seconds
        self._saved = time.monotonic()

    @property
    def previous(self) -> Path:
        """The checkpoint before the last one."""
        return self.path.with_name(f"{self.path.name}.previous")

    def exists(self) -> bool:
        """Whether there is a checkpoint, or the one before."""
        return self.path.exists() or self.previous.exists()

    def load(
        self,
        scenario: Scenario,
        *,
        seed: int,
        engine: Callable[..., Any] | None = None,
        rules: Mapping[str, Callable[..., Any]] | None = None,
        observers: tuple[Any, ...] = (),
    ) -> Simulation:
        """Return the simulation as it was saved, a new one if there is no file.

        Where the last checkpoint is damaged, a warning names it, and the one before is taken;
        the damaged one is kept as ``NAME.damaged``.

        Parameters
        ----------
        scenario, seed, engine, rules, observers
            As for :class:`~cxsim.simulation.Simulation`.

        Raises
        ------
        CheckpointError
            If the file is of another scenario, seed or rules, is damaged or no checkpoint, or if
            a policy remembers what no checkpoint can keep.
        """
        # One size of blocks, as arrays are kept, however passes are played.
        how: dict[str, Any] = {
            "engine": engine,
            "rules": rules,
            "observers": observers,
            "block": BLOCK,
        }
        made = Simulation(scenario, seed=seed, **how)
        _check_policies(made)  # now, not after the first minute of work
        if not self.exists():
            return made
        try:
            self._restore(self.path, made)
        except (DamagedError, FileNotFoundError) as error:
            if not self.previous.exists():
                raise CheckpointError(f"{error}{_first_format(self.path)}") from None
            made = Simulation(scenario, seed=seed, **how)
            try:
                self._restore(self.previous, made)
            except DamagedError as other:
                raise CheckpointError(f"{error}; {other}") from None
            self._put_aside(error)
        return made

    def _restore(self, path: Path, simulation: Simulation) -> None:
        wanted = _identity(simulation)
        with open_snapshot(path, _KIND) as content:
            of = content["of"]
            odd = [key for key in wanted if of.get(key) != wanted[key]]
            code = changed(simulation.code.named, of.get("code") or {}) if odd else ""
            if code and odd == ["scenario"]:
                raise CheckpointError(
                    f"{path}: expected a checkpoint of this run, found one made with another {code}"
                )
            if odd:
                raise CheckpointError(
                    f"{path}: expected a checkpoint of this run, found one with another "
                    f"{odd[0]} ({of.get(odd[0])}, not {wanted[odd[0]]})"
                )
            try:
                simulation.restore(content["simulation"])
            except DamagedError as error:
                raise DamagedError(f"{path}: {error}") from None

    def _put_aside(self, error: Exception) -> None:
        """Keep a damaged file where the next save does not take it for the one before."""
        if self.path.exists():
            aside = self.path.with_name(f"{self.path.name}.damaged")
            self.path.replace(aside)
            what = f"{error} (kept as {aside.name}; the run goes on from {self.previous.name})"
            warnings.warn(what, DamagedWarning, stacklevel=3)

    def save(self, simulation: Simulation) -> None:
        """Write the state of a simulation between two periods.

        Raises
        ------
        CheckpointError
            If a policy remembers what no checkpoint can keep.
        OSError
            If it cannot be written; an earlier checkpoint stays as it was.
        """
        _check_policies(simulation)
        of = _identity(simulation) | {"code": simulation.code.named}
        content = {"of": of, "simulation": simulation.state()}
        write_snapshot(self.path, _KIND, content, keep=self._keep)
        self._saved = time.monotonic()

    def _keep(self) -> None:
        if self.path.exists():
            self.path.replace(self.previous)

    def save_now_and_then(self, simulation: Simulation) -> None:
        """Save if the last save is long enough ago, and the run is not over."""
        if not simulation.finished and time.monotonic() - self._saved >= self._seconds:
            self.save(simulation)

    def remove(self) -> None:
        """Take the checkpoint away, and the one before it."""
        for path in (self.path, self.previous):
            path.unlink(missing_ok=True)


def _check_policies(simulation: Simulation) -> None:
    """Refuse policies whose memory is no plain data, by name."""
    for title, memory in simulation.decisions.memories().items():
        for name, value in memory.items():
            try:
                check_plain(value, name)
            except NotPlainError as error:
                raise CheckpointError(
                    f"{title}: it cannot be kept in a checkpoint: {error.place}: {error.text} "
                    "(a policy may say what it remembers by get_state and set_state)"
                ) from None


def _first_format(path: Path) -> str:
    """Say that a file is a checkpoint of the first format, if it is one."""
    try:
        with path.open("rb") as file:
            first = file.read(len(_FIRST)) == _FIRST
    except OSError:
        first = False
    return " (a checkpoint of an earlier format, which is not read: start anew)" if first else ""


def _identity(simulation: Simulation) -> dict[str, Any]:
    """Return what has to agree between a checkpoint and the run that goes on from it."""
    digest = simulation.scenario.digest_with(simulation.rules_digest)
    return {"format": _FORMAT, "scenario": digest, "seed": simulation.seed}
