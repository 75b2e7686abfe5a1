"""Cells: each point under each strategy, with the digests of its runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.components import Components
from cxsim.study.models import Model
from cxsim.study.plan import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cells"]


class Cells:
    """The cells of a study (or of a shard of it), by number: points by strategies.

    Parameters
    ----------
    study : Study
    model : Model
    shard : (int, int), optional
        ``(i, n)``: every n-th point, from the i-th on.
    """

    def __init__(self, study: Study, model: Model, shard: tuple[int, int] | None = None):
        self.study, self.model = study, model
        self._names = list(study.strategies)
        part, parts = shard or (1, 1)
        self._points = range(part - 1, len(study.points), parts)
        # One word a cell, so that a million of them take little memory.
        self._digests = np.zeros(len(study.points) * len(self._names), np.uint64)
        self._base = study.base.digest if study.base is not None else ""

    def __len__(self) -> int:
        return len(self._points) * len(self._names)

    def __iter__(self) -> Iterator[int]:
        for point in self._points:
            for number in range(len(self._names)):
                yield point * len(self._names) + number

    def place(self, cell: int) -> tuple[int, str]:
        """Return point and strategy of a cell."""
        point, number = divmod(cell, len(self._names))
        return point, self._names[number]

    def changes(self, cell: int) -> dict[str, Any]:
        """Return what a cell changes in the base."""
        return self.study.overrides(*self.place(cell))

    def facts(self, cell: int) -> dict[str, Any]:
        """Return what the results say of a cell beside its outputs."""
        point, strategy = self.place(cell)
        return {
            "scenario": self.scenario(cell),
            "base": self._base,
            "overrides": json.dumps(self.changes(cell), sort_keys=True, default=str),
            "strategy": strategy,
            **self.study.factor_values(point),
        }

    def run(self, cell: int, seed: int) -> str:
        """Return the digest of a run: all that determines its result, and the seed."""
        text = f"{self.scenario(cell)} {self.model.kept} {seed}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def code(self, cell: int) -> Components:
        """Return what the numbers of a cell rest on beside its parameters."""
        try:
            return self.model.code(self.changes(cell))
        except ValueError:  # no such scenario: nothing is run
            return Components()

    def task(self, cell: int, seed: int) -> str:
        """Return the digest of what is asked of a run, whatever code answers; "" if nothing."""
        try:
            text = f"{self.model.task(self.changes(cell))} {seed}"
        except ValueError:
            return ""
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def scenario(self, cell: int) -> str:
        """Return the digest of what a cell runs, seed and outputs aside."""
        if not self._digests[cell]:
            self._digests[cell] = int(self._digest(cell), 16)
        return f"{int(self._digests[cell]):016x}"

    def _digest(self, cell: int) -> str:
        changes = self.changes(cell)
        try:
            return self.model.digest(changes)
        except ValueError as error:  # no such scenario: its runs fail, and say why
            text = f"{self._base}{json.dumps(changes, sort_keys=True, default=str)}{error}"
            return hashlib.sha256(text.encode()).hexdigest()[:16]

    def table(self) -> pd.DataFrame:
        """Return every run of the study with its place: run, point, strategy, seed."""
        import pandas as pd

        stopping = self.study.stopping
        first = self.study.seeds[0]
        count = max(len(self.study.seeds), stopping.budget if stopping else 0)
        rows = [
            (self.run(cell, seed), *self.place(cell), seed)
            for cell in self
            for seed in range(first, first + count)
        ]
        return pd.DataFrame(rows, columns=["run", "point", "strategy", "seed"])
