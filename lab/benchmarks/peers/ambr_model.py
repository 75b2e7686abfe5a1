"""The market on AMBER (``ambr`` on PyPI): customers as columns of a Polars frame.

AMBER's vectorized lane: a step reads columns as arrays, computes and commits whole
columns. The arithmetic is that of the NumPy peer, so what this shows is what AMBER adds to
it. Imported only where ``ambr`` is installed; the project does not depend on it.
"""

from __future__ import annotations

from typing import Any

import ambr
import numpy as np

from lab.benchmarks.peers.numpy_model import NumpyMarket

__all__ = ["AmberMarket"]

ONE = ("segment", "price_sensitivity", "supplier", "tenure")
BY_NUMBER = ("need", "taste", "uncertainty")


class _Model(ambr.Model):
    """The model as AMBER wants it: columns, and a step over all of them."""

    def setup(self) -> None:
        """Let everybody arrive."""
        self.market = NumpyMarket(
            self.p["scenario"], measures=self.p["measures"], rng=self.p["seed"]
        )
        self.add_agents(self.market.n, **self.columns())

    def columns(self) -> dict[str, np.ndarray]:
        """Return the state as columns by name."""
        state = vars(self.market)
        wide = {f"{name}_{k}": row for name in BY_NUMBER for k, row in enumerate(state[name])}
        return {name: state[name] for name in ONE} | wide

    def step_vectorized(self) -> None:
        """Read columns, move the market by one period, commit columns."""
        market, agents = self.market, self.agents
        for name in ONE:
            setattr(market, name, np.array(agents.numpy(name)))
        for name in BY_NUMBER:
            rows = len(vars(market)[name])
            columns = [agents.numpy(f"{name}_{k}") for k in range(rows)]
            setattr(market, name, np.array(columns))
        market.step()
        agents.commit(**self.columns())


class AmberMarket:
    """The market.

    Parameters
    ----------
    scenario : Scenario
        Where the parameters come from.
    measures : {"few", "all"}
    rng : int, optional
        Seed.
    """

    def __init__(self, scenario: Any, *, measures: str = "all", rng: int | None = None):
        self._model = _Model({"scenario": scenario, "measures": measures, "seed": rng})
        self._model._ensure_setup()  # what run() does first; periods are timed without it

    def step(self) -> None:
        """Move the market by one period."""
        self._model.run_step()

    def history(self) -> dict[str, np.ndarray]:
        """Return each measure by period and firm, in the scenario's order of firms."""
        return self._model.market.history()

    def surpluses(self) -> np.ndarray:
        """Return consumer surplus by period."""
        return self._model.market.surpluses()
