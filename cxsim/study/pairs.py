"""Measures of scenarios run on the same seeds, as arrays to be subtracted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from cxsim.measures import measures
from cxsim.runs import simulate
from cxsim.scenario import Scenario

__all__ = ["courses"]


def courses(
    scenario: Scenario, wanted: Iterable[str], seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """Run a scenario on seeds and return measures of firms, each (seeds, periods, firms).

    Firms stand in the order of the scenario.
    """
    made: dict[str, list[np.ndarray]] = {name: [] for name in wanted}
    for seed in seeds:
        simulation = simulate(scenario, seed=seed)
        books = simulation.books
        order = [books.firms.index(name) for name in scenario.firms]
        for measure in measures("firm", simulation.mechanisms):
            if measure.name in made:
                made[measure.name].append(measure.function(books)[:, order])
    return {name: np.array(values) for name, values in made.items()}
