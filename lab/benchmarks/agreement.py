"""Peers must give what the simulator gives: the same means over seeds, within chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import cxsim as cx
from cxsim.runs.measures.measure_registry import measures
from lab.benchmarks.peers import FEW, MORE

__all__ = ["LIMIT", "Agreement", "agreement", "history_of", "simulated"]

#: Standard errors by which means may differ.
LIMIT = 4.0


@dataclass(frozen=True)
class Agreement:
    """Distance of a peer's means from the simulator's.

    Attributes
    ----------
    peer : str
    seeds : int
        On either side.
    numbers : int
        Means compared: measures times firms, and consumer surplus.
    worst : float
        Largest difference, in standard errors of the difference.
    where : str
        Measure and firm of the largest difference.
    """

    peer: str
    seeds: int
    numbers: int
    worst: float
    where: str

    @property
    def agrees(self) -> bool:
        """Whether every mean lies within :data:`LIMIT` standard errors."""
        return self.worst < LIMIT


def simulated(scenario: Any, seed: int) -> np.ndarray:
    """Return the simulator's measures, each a mean over periods: firms', then the surplus."""
    simulation = cx.Simulation(scenario, seed=seed)
    while not simulation.finished:
        simulation.step()
    functions = {m.name: m.function for m in measures("firm", simulation.mechanisms)}
    order = [simulation.ledger.firms.index(name) for name in scenario.firms]
    history = {name: functions[name](simulation.ledger)[:, order] for name in (*FEW, *MORE)}
    market = {m.name: m.function for m in measures("market", simulation.mechanisms)}
    return _means(history, market["consumer_surplus"](simulation.ledger))


def history_of(peer: Callable[..., Any], scenario: Any, seed: int) -> np.ndarray:
    """Return the same of a peer."""
    model = peer(scenario, measures="all", rng=seed)
    for _ in range(scenario.periods):
        model.step()
    return _means(model.history(), model.surpluses())


def _means(history: dict[str, np.ndarray], surplus: np.ndarray) -> np.ndarray:
    # The first period is left out: nobody has a supplier yet, and some ratios are undefined.
    firms = [history[name][1:].mean(axis=0) for name in (*FEW, *MORE)]
    return np.concatenate([*firms, [surplus[1:].mean()]])


def agreement(
    name: str, peer: Callable[..., Any], scenario: Any, *, seeds: int, reference: np.ndarray
) -> Agreement:
    """Compare a peer with the simulator over independent seeds.

    Parameters
    ----------
    name : str
    peer : callable
        Makes a model of a scenario, as ``MesaMarket``.
    scenario : Scenario
    seeds : int
    reference : ndarray
        The simulator's, one row per seed: ``[simulated(scenario, s) for s in ...]``.
    """
    ours = np.asarray(reference)
    theirs = np.array([history_of(peer, scenario, 1_000_000 + seed) for seed in range(seeds)])
    error = np.sqrt(ours.var(axis=0, ddof=1) / len(ours) + theirs.var(axis=0, ddof=1) / seeds)
    gap = np.abs(ours.mean(axis=0) - theirs.mean(axis=0))
    scale = np.maximum(np.abs(ours.mean(axis=0)), 1e-12)
    # What does not vary (nothing to customize away, say) has to be equal, not close.
    off = np.where(error > 1e-6 * scale, gap / np.maximum(error, 1e-300), 0.0)
    off = np.where((error <= 1e-6 * scale) & (gap > 1e-4 * scale), np.inf, off)
    labels = [f"{m} of {f}" for m in (*FEW, *MORE) for f in scenario.firms]
    labels.append("consumer surplus")
    worst = int(off.argmax())
    return Agreement(name, seeds, len(off), float(off[worst]), labels[worst])
