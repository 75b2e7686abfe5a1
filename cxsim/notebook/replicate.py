"""One scenario over several seeds: means, their errors, and courses with bands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cxsim.arguments import whole
from cxsim.measures.value import by_horizon, weights, year_of
from cxsim.runs import Run, run
from cxsim.scenario import Scenario
from cxsim.study.statistics import half_width, mean_and_error
from cxsim.study.value import Value, value_of

__all__ = ["Replications", "replicate"]


@dataclass(frozen=True)
class Replications:
    """Runs of one scenario that differ in chance only.

    Attributes
    ----------
    first : Run
        The run of the first seed, whole.
    seeds : list of int
    means : DataFrame
        ``measure, firm, mean, se``: each measure summarized over a run, its mean over
        seeds and Monte-Carlo standard error.
    series : DataFrame
        ``firm, period, measure, mean, se, lower, upper``.
    profit : ndarray, shape (seeds, periods, firms)
        Firms in the order of the scenario.
    equity : ndarray, shape (seeds, firms)
        Customer equity at the end.
    """

    first: Run
    seeds: list[int]
    means: pd.DataFrame
    series: pd.DataFrame
    profit: np.ndarray = field(repr=False)
    equity: np.ndarray = field(repr=False)

    @property
    def firms(self) -> list[str]:
        """Names, in the order of the scenario."""
        return list(self.first.scenario.firms)

    def lead(self, confidence: float = 0.95) -> tuple[str, str, Value]:
        """Return who earns most within the horizon, over whom, and what that lead is worth.

        The other is the firm that earns most with the last year's profit for ever where that
        is another one, else the next best.

        Parameters
        ----------
        confidence : float
            Of the intervals.

        Raises
        ------
        ValueError
            If there is one firm only.
        """
        if len(self.firms) < 2:
            raise ValueError(f"firms: expected two or more, found {', '.join(self.firms)}")
        settings = self.first.scenario
        rate = float(settings.discount_rate)
        mean = self.profit.mean(axis=0)
        order = by_horizon(mean, rate)[-1].argsort()[::-1]
        year = year_of(str(settings.period_length))
        beyond = by_horizon(mean, rate)[-1] + (
            weights(len(mean), rate)[-1] * mean[-year:].mean(axis=0) / rate if rate else 0.0
        )
        best, later = int(order[0]), int(beyond.argmax())
        other = later if later != best else int(order[1])
        value = value_of(
            self.profit[:, :, best] - self.profit[:, :, other],
            self.equity[:, best] - self.equity[:, other],
            discount_rate=rate, period=str(settings.period_length),
            currency=str(settings.currency), confidence=confidence,
        )  # fmt: skip
        return self.firms[best], self.firms[other], value


def replicate(
    scenario: Scenario,
    *,
    seed: int = 0,
    seeds: int = 5,
    confidence: float = 0.95,
    panel: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Replications:
    """Run a scenario with several seeds.

    Parameters
    ----------
    scenario : Scenario
    seed : int
        The first seed; the others follow.
    seeds : int
        How many.
    confidence : float
        Of the bands around courses.
    panel : int
        Households in the purchase panel of the first run; 0 for none.
    progress : callable, optional
        Called with (runs done, runs) after every run.
    """
    seed, seeds = whole(seed, "seed", low=0), whole(seeds, "seeds", low=1)
    numbers = list(range(seed, seed + seeds))
    runs: list[Run] = []
    for number in numbers:
        runs.append(run(scenario, seed=number, panel=0 if runs else panel))
        if progress is not None:
            progress(len(runs), seeds)
    return Replications(
        runs[0], numbers, _means(runs), _series(runs, confidence),
        profit=_of_firms(runs, "profit"), equity=_of_firms(runs, "customer_equity")[:, -1],
    )  # fmt: skip


def _of_firms(runs: list[Run], measure: str) -> np.ndarray:
    """Return a measure by seed, period and firm."""
    firms = list(runs[0].scenario.firms)
    return np.array(
        [
            each.firms.pivot(index="period", columns="firm", values=measure)[firms].to_numpy()
            for each in runs
        ]
    )


def _means(runs: list[Run]) -> pd.DataFrame:
    frame = runs[0].summary()[["measure", "firm"]]
    values = np.array([each.summary()["value"].to_numpy() for each in runs])
    mean, error = mean_and_error(values)
    return frame.assign(mean=mean, se=error)


def _series(runs: list[Run], confidence: float) -> pd.DataFrame:
    keys = ["firm", "period"]
    names: list[Any] = list(runs[0].firms.drop(columns=keys).select_dtypes("number").columns)
    values = np.array([each.firms[names].to_numpy() for each in runs])  # (S, T * F, M)
    mean, error = mean_and_error(values)
    half = half_width(error, len(runs), confidence)
    frames = [
        runs[0]
        .firms[keys]
        .assign(
            measure=name,
            mean=mean[:, k],
            se=error[:, k],
            lower=mean[:, k] - half[:, k],
            upper=mean[:, k] + half[:, k],
        )
        for k, name in enumerate(names)
    ]
    return pd.concat(frames, ignore_index=True)
