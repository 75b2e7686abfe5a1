"""Payback: when a capability that was built has earned what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxsim.arguments import choice, number, seeds_of
from cxsim.measures.value import by_horizon
from cxsim.runs import settings_attrs
from cxsim.scenario import Scenario
from cxsim.study.pairs import courses
from cxsim.study.statistics import half_width, mean_and_error
from cxsim.study.value import Value, value_of

__all__ = ["Payback", "payback"]


@dataclass(frozen=True)
class Payback:
    """When an investment has paid for itself.

    Attributes
    ----------
    firm : str
    start : int
        First period in which the two scenarios' profits differ.
    periods : float
        Periods from ``start`` until the mean lead in cumulative profit is positive for good;
        infinite if it is not by the end.
    lower, upper : float
        The same for the upper and the lower end of the lead's interval: the payback period is
        between them, period by period with the confidence asked for.
    paid : float
        Share of seeds on which it has paid by the end.
    curve : DataFrame
        ``period, difference, se, lower, upper``: the lead in cumulative profit, discounted.
    value : Value or None
        What the lead is worth within the periods, and with what follows them.
    """

    firm: str
    start: int
    periods: float
    lower: float
    upper: float
    paid: float
    curve: pd.DataFrame
    value: Value | None = None

    def sentence(self, word: str = "period") -> str:
        """Return in words when it has paid for itself."""
        if not np.isfinite(self.periods):
            last = int(self.curve["period"].iloc[-1]) - self.start + 1
            text = f"{self.firm}'s investment has not paid for itself within {last} {word}s"
        else:
            text = f"{self.firm}'s investment has paid for itself after {self.periods:.0f} {word}s"
        ends = [f"{v:.0f}" if np.isfinite(v) else "never" for v in (self.lower, self.upper)]
        return f"{text} (interval {ends[0]} to {ends[1]}; on {100 * self.paid:.0f} % of seeds)."

    def worth(self) -> str:
        """Return in words what it is worth within the periods and beyond, if that is known."""
        if self.value is None:
            return ""
        return self.value.sentence(f"What {self.firm}'s investment adds to net present value")


def payback(
    without: Scenario,
    invested: Scenario,
    *,
    firm: str,
    seeds: int | Sequence[int] = 20,
    confidence: float = 0.95,
) -> Payback:
    """Find when a firm's cumulative profit catches up with that of not having invested.

    Parameters
    ----------
    without, invested : Scenario
        Alike but for the investment; run on the same seeds.
    firm : str
        A firm of both.
    seeds : int or sequence of int
    confidence : float
        Of the intervals, in (0, 1).

    Raises
    ------
    ValueError
        If the firm is not in both, the scenarios differ in periods, or nothing differs.

    Notes
    -----
    Profits are discounted at the scenario's rate to period 0. The investment itself, its
    running cost, and what rivals do about it are all in the difference.

    Examples
    --------
    >>> from cxsim import load
    >>> market = load("baseline", {"customers": 200, "periods": 12})
    >>> road = {"at": 3, "set": {"firms.Niche.interaction": 0.5}}
    >>> found = payback(market, market.override({"events": [road]}), firm="Niche", seeds=2)
    >>> found.start
    3
    """
    for scenario in (without, invested):
        choice(firm, "firm", scenario.firms)
    if without.periods != invested.periods:
        raise ValueError(
            f"periods: expected the same in both, found {without.periods} and {invested.periods}"
        )
    numbers = seeds_of(seeds)
    confidence = number(confidence, "confidence", low=0, high=1, strict=True)
    made = [courses(s, ["profit", "customer_equity"], numbers) for s in (without, invested)]
    place = [list(s.firms).index(firm) for s in (without, invested)]
    lead, equity = (
        made[1][name][:, :, place[1]] - made[0][name][:, :, place[0]]
        for name in ("profit", "customer_equity")
    )
    if not lead.any():
        raise ValueError(f"invested: expected {firm}'s profit to differ, found it does not")
    start = int(np.flatnonzero(lead.any(axis=0))[0])
    rate, period = float(without.discount_rate), str(without.period_length)
    worth = value_of(
        lead, equity[:, -1], discount_rate=rate, period=period, currency=str(without.currency),
        confidence=confidence,
    )  # fmt: skip
    lead = by_horizon(lead.T, rate).T
    mean, error = mean_and_error(lead)
    half = half_width(error, len(numbers), confidence)
    curve = pd.DataFrame(
        {
            "period": np.arange(len(mean)),
            "difference": mean,
            "se": error,
            "lower": mean - half,
            "upper": mean + half,
        }
    )
    curve.attrs.update(settings_attrs(without))
    return Payback(
        firm,
        start,
        periods=_paid(mean, start),
        lower=_paid(mean + half, start),
        upper=_paid(mean - half, start),
        paid=float((lead[:, -1] > 0).mean()),
        curve=curve,
        value=worth,
    )


def _paid(lead: np.ndarray, start: int) -> float:
    """Return the periods from the start until the lead is positive for good."""
    behind = np.flatnonzero(~(lead[start:] > 0))
    after = int(behind[-1]) + 1 if len(behind) else 0
    return float(after) + 1.0 if start + after < len(lead) else float("inf")
