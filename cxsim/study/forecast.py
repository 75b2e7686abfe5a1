"""Before a sweep: how many runs there are, how many are stored, and what the rest will take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cxsim.firms.policy import PolicyError
from cxsim.study.cells import Cells
from cxsim.study.pilot import Estimate, estimate
from cxsim.study.plan import Study
from cxsim.study.store import Store
from cxsim.study.superseded import superseded

__all__ = ["Forecast", "forecast"]

#: Bytes that a worker process holds before its first run, of a row of the store, of a number.
_WORKER = 220_000_000
_ROW = 90
_NUMBER = 8.5


@dataclass(frozen=True)
class Forecast:
    """What a sweep would do.

    Attributes
    ----------
    runs, stored, missing : int
    estimate : Estimate or None
        Of what is missing; None if nothing is, or a function is studied.
    superseded : str
        What is stored and does not count, and why.
    """

    runs: int
    stored: int
    missing: int
    estimate: Estimate | None
    superseded: str = ""

    def sentence(self) -> str:
        """Return the forecast in words."""
        text = f"{self.runs:,} runs, {self.stored:,} stored, {self.missing:,} to do"
        if self.superseded:
            text = f"{text} ({self.superseded})"
        return text if self.estimate is None else f"{text}: {self.estimate.sentence()}"


def forecast(
    study: Study,
    store: Store | None,
    *,
    workers: int = 1,
    processes: bool = True,
    rules: Mapping[str, Callable[..., Any]] | None = None,
    shard: tuple[int, int] | None = None,
    retry: bool = False,
) -> Forecast:
    """Forecast a sweep from what is stored and a short timed run.

    Parameters
    ----------
    study : Study
    store : Store or None
    workers : int
    processes : bool
        Whether workers are processes of their own.
    rules, shard, retry
        As for :func:`cxsim.sweep`.
    """
    cells = Cells(study, study.model(rules), shard)
    runs = len(cells) * len(study.seeds)
    stored = 0
    if store is not None and len(store):
        stored = sum(
            store.has(cells.run(cell, seed), retry=retry) for cell in cells for seed in study.seeds
        )
    missing = runs - stored
    old = superseded(cells, study.seeds, store) if store is not None and missing else ""
    if not missing or study.base is None:
        return Forecast(runs, stored, missing, None, old)
    try:
        one = (
            estimate(study.scenario(next(iter(cells)) // len(study.strategies)), missing, workers)
            if len(study.strategies) == 1
            else estimate(study.base, missing, workers)
        )
    except PolicyError:  # the runs of the policy that fails say so; nothing to measure here
        return Forecast(runs, stored, missing, None, old)
    firms = tuple(study.base.firms)
    numbers = len(study.factors) + sum(
        len(output.columns(firms)) * (int(study.base.periods) if output.by_period else 1)
        for output in study.outputs
    )
    each = one.memory - one.held
    memory = one.held + each + (workers * _WORKER if processes else 0)
    return Forecast(
        runs, stored, missing,
        replace(one, memory=memory, disk=int(missing * (_ROW + _NUMBER * numbers))), old,
    )  # fmt: skip
