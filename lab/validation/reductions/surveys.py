"""Surveys of a population that is known: their errors are those of sampling theory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np

from cxsim.runs.measures.measure_registry import measures
from cxsim.runs.simulation import Simulation
from lab.validation.checks import Check
from lab.validation.markets import firm, market

__all__ = ["surveys"]

#: Experience of advocates, of those between, and of destroyers.
LEVELS = (0.6, 0.2, -0.4)
#: Cut points between them.
CUTS = [0.0, 0.1, 0.4]


def surveys(
    *,
    advocates: float = 0.4,
    destroyers: float = 0.2,
    sizes: Sequence[int] = (100, 400, 1000),
    periods: int = 400,
    customers: int = 100_000,
    seed: int = 0,
    rules: Mapping[str, Callable] | None = None,
) -> list[Check]:
    """Return means and errors of tracking surveys of several sizes beside sampling theory's.

    Nobody moves, buys or meets anything, so that what there is to know stays as it is. Every
    period is another survey of n of N customers on average, so errors are smaller by the root
    of 1 - n/N, and larger by up to 1/n, since n varies.
    """
    shares = np.array([advocates, 1.0 - advocates - destroyers, destroyers])
    mean = float(shares @ LEVELS)
    variance = float(shares @ np.square(LEVELS)) - mean**2
    net = advocates - destroyers
    checks = []
    for size in sizes:
        simulation = Simulation(_known(size, periods, customers), seed=seed, rules=rules)
        _set_experience(simulation, shares)
        while not simulation.finished:
            simulation.step()
        found = {m.name: m.function for m in measures("firm", simulation.mechanisms)}
        for what, true, error in (
            ("experience", mean, sqrt(variance / size)),
            ("net promoter score", net, sqrt((advocates + destroyers - net**2) / size)),
        ):
            name = f"surveyed_{what.replace(' ', '_')}"
            estimates = found[name](simulation.ledger)[:, 0]
            told = found[f"{name}_se"](simulation.ledger)[:, 0]
            slack = error * (1.0 / size + size / customers)
            checks += [
                Check(f"{what}, n = {size}", true, estimates.mean(), error=error / sqrt(periods)),
                Check(
                    f"standard error of the {what}, n = {size}",
                    error,
                    estimates.std(ddof=1),
                    error=error / sqrt(2 * (periods - 1)),
                    rounding=slack,
                ),
                Check(
                    f"standard error of the {what} as reported, n = {size}",
                    error,
                    told.mean(),
                    error=told.std(ddof=1) / sqrt(periods),
                    rounding=slack,
                ),
            ]
    return checks


def _known(size: int, periods: int, customers: int) -> Any:
    """Return a market in which nothing happens but surveys of one firm's customers."""
    surveys = {"tracking": {"sample": size / customers, "response_rate": 1.0}}
    return market(
        firms={"A": firm(touchpoints={"place": {}}, surveys=surveys)},
        segments={"All": {"share": 1.0, "purchase_rate": 0.0}},
        journey={"place": {"visit_rate": 0.0}},
        initial={"A": {"share": 1.0}},
        emotion_cut_points=CUTS,
        periods=periods,
        customers=customers,
    )


def _set_experience(simulation: Simulation, shares: np.ndarray) -> None:
    """Give of every hundred customers in turn each level its share."""
    population = simulation.workspace.population
    for block in range(population.blocks):
        first, end = population.bounds(block)
        place = (np.arange(first, end) % 100 + 0.5) / 100
        level = np.searchsorted(np.cumsum(shares)[:2], place)
        population.part("experience", block)[0, : end - first] = np.array(LEVELS)[level]
