"""From a scenario to a finished simulation, with no frame built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from cxsim.arguments import choice, hint, names_of, whole
from cxsim.checkpoint import Checkpoint
from cxsim.measures.observers import OBSERVERS
from cxsim.mechanisms.base import Mechanism
from cxsim.scenario import Scenario
from cxsim.simulation import PLAIN_BLOCK, Simulation

__all__ = ["simulate"]


def simulate(
    scenario: Scenario,
    *,
    seed: int = 0,
    engine: str = "columnar",
    rules: Mapping[str, Callable[..., Any]] | None = None,
    detail: Iterable[str | Callable[..., Mechanism]] = (),
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
    each: Callable[[Simulation], None] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_seconds: float = 60.0,
    debug: bool | None = None,
) -> Simulation:
    """Run a scenario to its end and return the simulation, without building frames.

    Parameters
    ----------
    scenario, seed, engine, rules, threads, progress
        As for :func:`cxsim.run`.
    checkpoint, checkpoint_seconds, debug
        As for :func:`cxsim.run`.
    detail : iterable of str or callable
        As for :func:`cxsim.run`; or functions that make one more mechanism (see
        :class:`~cxsim.simulation.Simulation`).
    each : callable, optional
        Called with the simulation after every period from 0 on.
    """
    seed, threads = whole(seed, "seed"), whole(threads, "threads", low=1)
    engine = choice(engine, "engine", ("columnar", "plain", "agents"))
    detail = names_of(detail, "detail") if isinstance(detail, str) else detail
    unknown = [name for name in detail if isinstance(name, str) and name not in OBSERVERS]
    if unknown:
        what = f"expected any of {', '.join(OBSERVERS)}, found {unknown[0]!r}"
        raise ValueError(f"detail: {what}{hint(unknown[0], OBSERVERS, listed=0)}")
    made: dict[str, Any] = {
        "engine": _engine(engine, seed, threads, debug=debug),
        "rules": rules,
        "observers": tuple(detail),
    }
    keeper = None
    if checkpoint is None:
        block = PLAIN_BLOCK if engine == "plain" else None
        simulation = Simulation(scenario, seed=seed, block=block, **made)
    else:
        if engine == "agents":
            raise ValueError("checkpoint: expected the columnar engine, found the agents'")
        keeper = Checkpoint(checkpoint, seconds=checkpoint_seconds)
        simulation = keeper.load(scenario, seed=seed, **made)
    if simulation.decisions:
        _ = simulation.code  # refused now what has no fingerprint, before policies change anything
    while not simulation.finished:
        simulation.step()
        if simulation.period > 0 and each is not None:
            each(simulation)
        if simulation.period > 0 and progress is not None:
            progress(simulation.period, scenario.periods)
        if keeper is not None:
            keeper.save_now_and_then(simulation)
    return simulation


def _engine(name: str, seed: int, threads: int, *, debug: bool | None) -> Callable[..., Any]:
    if name in ("columnar", "plain"):
        from cxsim.engine.columnar import ColumnarEngine

        plain = True if name == "plain" else None
        return lambda workspace: ColumnarEngine(
            workspace, threads=threads, plain=plain, debug=debug
        )
    # The agents' passes are interpreted, which checks indices anyway.
    from cxsim.engine.agents import AgentsEngine, ReleasedModel

    return lambda workspace: AgentsEngine(workspace, model=ReleasedModel(rng=seed))
