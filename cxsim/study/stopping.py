"""Sequential stopping: more paired seeds until an interval is narrow enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cxsim.scenario import Scenario
from cxsim.scenario.messages import found, hint
from cxsim.study.outputs import Output
from cxsim.study.reading import Reader
from cxsim.study.statistics import half_width, mean_and_error

__all__ = ["Stopping", "read_stopping"]


@dataclass(frozen=True)
class Stopping:
    """When a point has had enough seeds.

    Attributes
    ----------
    output : str
        Column of the results, as ``share.Tailor``.
    of, against : str
        Two strategies whose difference counts, or both empty: the output itself.
    half_width : float
        Half the width that the interval may have, in the unit of the output.
    confidence : float
    step : int
        Seeds added at a time.
    budget : int
        Seeds of a point at most.
    """

    output: str
    of: str
    against: str
    half_width: float
    confidence: float = 0.95
    step: int = 10
    budget: int = 200

    def width(self, values: Mapping[str, Mapping[int, float]]) -> float:
        """Return half the width of the interval, from values by strategy and seed.

        Infinite where fewer than two seeds have values, or a value is none.
        """
        one = values.get(self.of, {})
        if self.against:
            other = values.get(self.against, {})
            numbers = [one[seed] - other[seed] for seed in one if seed in other]
        else:
            numbers = list(one.values())
        there = np.array([number for number in numbers if np.isfinite(number)])
        if len(there) < 2:
            return float("inf")
        return float(half_width(mean_and_error(there)[1], len(there), self.confidence))

    def rounds(self, first: int) -> Iterator[int]:
        """Yield how many seeds a point has after each round, up to the budget."""
        seeds = first
        while seeds < self.budget:
            yield seeds
            seeds += self.step
        yield self.budget


def read_stopping(
    reader: Reader,
    given: Any,
    outputs: tuple[Output, ...],
    base: Scenario | None,
    strategies: Mapping[str, Any],
) -> Stopping:
    """Read a stopping rule.

    Raises
    ------
    ScenarioError
        If the output or a strategy is unknown, or a number does not fit.
    """
    keys = ("stopping",)
    names = ("output", "of", "against", "half_width", "confidence", "step", "budget")
    fields = reader.known(given, keys, names, "a stopping rule")
    firms = tuple(base.firms) if base else ()
    columns = [c for o in outputs if not o.by_period for c in o.columns(firms)]
    for needed in ("output", "half_width"):
        if needed not in fields:
            raise reader.problem(keys, f"expected {needed}, found none")
    output = fields["output"]
    if base is not None and output not in columns:
        near = hint(output, columns, listed=12)
        what = f"expected an output of the study for one firm or the market, found {found(output)}"
        raise reader.problem((*keys, "output"), what + near)
    of, against = fields.get("of", ""), fields.get("against", "")
    if "of" in fields or "against" in fields or len(strategies) > 1:
        for key, value in (("of", of), ("against", against)):
            at = (*keys, key) if key in fields else keys
            reader.one_of(value, at, strategies, f"a strategy as {key}")
        if of == against:
            raise reader.problem((*keys, "against"), "expected another strategy, found the same")
    else:
        (of,) = strategies
    return Stopping(
        output,
        of,
        against,
        reader.number(fields["half_width"], (*keys, "half_width"), above=0),
        reader.number(fields.get("confidence", 0.95), (*keys, "confidence"), above=0, below=1),
        reader.whole(fields.get("step", 10), (*keys, "step"), 1, 100_000),
        reader.whole(fields.get("budget", 200), (*keys, "budget"), 2, 1_000_000),
    )
