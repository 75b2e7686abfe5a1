"""Moments of a scenario, simulated over seeds that stay the same while parameters move."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from cxsim.arguments import whole
from cxsim.calibration.targets import Targets
from cxsim.measures import measures
from cxsim.measures.summary import MARKET
from cxsim.runs import simulate
from cxsim.scenario import Scenario

__all__ = ["Moments"]


class Moments:
    """The targets' counterparts in the model, at any values of the free parameters.

    Seeds stay the same throughout (common random numbers): the same customers meet the
    same chance, so that moments move with the parameters and hardly with chance.

    Parameters
    ----------
    targets : Targets
    seeds : int
        Runs to average over, 2 or more.
    jobs : int
        Runs at a time.
    """

    def __init__(self, targets: Targets, *, seeds: int = 4, jobs: int = 1):
        self.targets = targets
        self.seeds = whole(seeds, "seeds", low=2)
        self.jobs = whole(jobs, "jobs", low=1)
        self.low = np.array([free.low for free in targets.free])
        self.high = np.array([free.high for free in targets.free])
        self.value = np.array([target.value for target in targets.targets])
        self.se = np.array([target.se for target in targets.targets])
        self.runs = 0

    def parameters(self, unit: np.ndarray) -> dict[str, float]:
        """Return values by dotted path for a point of the unit cube."""
        values = self.low + np.clip(unit, 0.0, 1.0) * (self.high - self.low)
        return {f.path: float(v) for f, v in zip(self.targets.free, values, strict=True)}

    def scenario(self, unit: np.ndarray) -> Scenario:
        """Return the base scenario with the values of a point of the unit cube."""
        return self.targets.base.override(self.parameters(unit))

    def __call__(self, unit: np.ndarray) -> np.ndarray:
        """Return moments by seed, shape (S, M)."""
        scenario = self.scenario(unit)

        def one(seed: int) -> np.ndarray:
            return self._read(simulate(scenario, seed=seed))

        self.runs += self.seeds
        if self.jobs == 1:
            return np.array([one(seed) for seed in range(self.seeds)])
        with ThreadPoolExecutor(self.jobs) as pool:
            return np.array(list(pool.map(one, range(self.seeds))))

    def _read(self, simulation: Any) -> np.ndarray:
        books = simulation.books
        functions = {
            (level, measure.name): measure.function
            for level in ("firm", "market")
            for measure in measures(level, simulation.mechanisms)
        }
        found = []
        for target in self.targets.targets:
            level = "market" if target.firm == MARKET else "firm"
            course = functions[level, target.measure](books)
            if level == "firm":
                course = course[:, books.firms.index(target.firm)]
            first, last = target.periods or (0, len(course) - 1)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # nobody to take a mean over
                found.append(float(np.nanmean(course[first : last + 1])))
        return np.array(found)
