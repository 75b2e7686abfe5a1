"""Value of a lead in profit: within the horizon, with continuation value, and its sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.messages import money
from cxsim.model.ledger import year_of
from cxsim.numerics.statistics import half_width, mean_and_error
from cxsim.runs.measures.profit import VALUES, by_horizon, turn_beyond, turns, weights

if TYPE_CHECKING:
    from cxsim.scenario import Scenario

# -- Means over seeds with their intervals -----------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with the ends of its confidence interval (NaN from one seed).

    ``se`` is the Monte-Carlo standard error; NaN where it is not known.
    """

    mean: float
    lower: float
    upper: float
    se: float = nan

    @property
    def sign(self) -> int:
        """1 or -1 where the interval excludes zero, else 0."""
        return int(self.lower > 0) - int(self.upper < 0)

    def row(self, name: str) -> dict[str, float]:
        """Return it as columns of a frame: the mean by a name, ``se``, ``lower``, ``upper``."""
        return {name: self.mean, "se": self.se, "lower": self.lower, "upper": self.upper}

    def ends(self, name: str) -> dict[str, float]:
        """Return it as columns of a frame that has several: the mean by a name, and its ends."""
        return {name: self.mean, f"{name}_lower": self.lower, f"{name}_upper": self.upper}


def interval(values: np.ndarray, confidence: float, name: str = "mean") -> dict[str, Any]:
    """Return means over seeds with errors and intervals, as columns of a frame.

    Parameters
    ----------
    values : ndarray, shape (S, ...)
        By seed; for a comparison, differences of runs that share their seeds.
    confidence : float
        In (0, 1).
    name : str
        What the column of the mean is called.

    Returns
    -------
    dict of str to ndarray, shape (...)
        The mean by its name, ``se``, ``lower`` and ``upper``; of one seed the mean alone is
        known, the others are NaN.
    """
    mean, error = mean_and_error(values)
    half = half_width(error, len(values), confidence)
    return {name: mean, "se": error, "lower": mean - half, "upper": mean + half}


def estimate(values: np.ndarray, confidence: float = 0.95) -> Estimate:
    """Return the mean of values of paired seeds with its interval.

    Parameters
    ----------
    values : ndarray, shape (S,)
        One for each seed; the estimate has their unit.
    confidence : float
        In (0, 1).
    """
    found = interval(np.asarray(values, dtype=float), confidence)
    return Estimate(**{name: float(value) for name, value in found.items()})


# -- What a lead in profit is worth ------------------------------------------------------------


#: Ways to value what follows a run, by the name that columns have, and their words.
CONTINUED = {
    "perpetuity": "with the last year's profit in perpetuity",
    "equity": "with customer equity at the end",
}


@dataclass(frozen=True)
class Value:
    """A lead in net present value: of a firm over a rival, or of a scenario over another.

    Attributes
    ----------
    within : Estimate
        Within the horizon; what comes after it counts nothing.
    perpetuity : Estimate
        With the mean profit of the last year in perpetuity; NaN without a discount rate.
    equity : Estimate
        With customer equity at the end of the horizon: today's customers alone.
    periods : int
        The horizon.
    turns : tuple of int
        Shorter horizons, in periods, at which the mean lead changes its sign.
    beyond : float
        The longer horizon at which it does if the last year's profit goes on; infinite if it
        does not.
    year : int
        Periods of the last year.
    confidence : float
    period, currency : str
        What they are called.
    """

    within: Estimate
    perpetuity: Estimate
    equity: Estimate
    periods: int
    turns: tuple[int, ...] = ()
    beyond: float = float("inf")
    year: int = 12
    confidence: float = 0.95
    period: str = "period"
    currency: str = ""

    def sentence(self, subject: str) -> str:
        """Return the lead in words, within the horizon and beyond, and where its sign turns.

        Parameters
        ----------
        subject : str
            What leads what, such as ``"Tailor's lead over Mass in net present value"``.
        """
        percent = f"{100 * self.confidence:g} % interval"
        if not any((self.within.mean, self.perpetuity.mean, self.equity.mean)):
            return f"{subject} is zero."
        first = self._amount(self.within, percent)
        parts = [f"{subject} is {first} within {self.periods} {self.period}s"]
        if isfinite(self.perpetuity.mean):
            last = min(self.year, self.periods)
            what = "last year's" if last == self.year else f"last {last} {self.period}s'"
            parts.append(f"{self._amount(self.perpetuity)} with the {what} profit in perpetuity")
        if isfinite(self.equity.mean):
            parts.append(f"{self._amount(self.equity)} with customer equity at the end")
        return f"{'; '.join(parts)}. {self.turning()}"

    def turning(self) -> str:
        """Return in words at which horizon the sign of the lead turns, or that it does not."""
        said = []
        if self.turns:
            at = " and ".join(f"{k}" for k in self.turns)
            said.append(f"at a horizon of {at} {self.period}s")
        if isfinite(self.beyond):
            said.append(
                f"at about {self.beyond:.0f} {self.period}s if the last year's profit continues"
            )
        if not said:
            return (
                f"Its sign is the same at every horizon, up to {self.periods} {self.period}s "
                "and beyond."
            )
        return f"Its sign changes {' and '.join(said)}."

    def _amount(self, value: Estimate, interval: str = "") -> str:
        text = money(value.mean, self.currency)
        if not isfinite(value.lower):
            return text
        ends = f"{money(value.lower)} to {money(value.upper)}"
        return f"{text} ({interval} {ends})" if interval else f"{text} ({ends})"


def money_of(scenario: Scenario) -> dict[str, Any]:
    """Return the basis of values of money: ``discount_rate``, ``period`` and ``currency``."""
    return {
        "discount_rate": float(scenario.discount_rate),
        "period": str(scenario.period_length),
        "currency": str(scenario.currency),
    }


def value_of(
    profit: np.ndarray,
    equity: np.ndarray,
    *,
    discount_rate: float,
    period: str = "period",
    currency: str = "",
    confidence: float = 0.95,
) -> Value:
    """Value a lead in profit, from paths by seed.

    Parameters
    ----------
    profit : ndarray, shape (S, T)
        Difference of profits by seed and period, currency.
    equity : ndarray, shape (S,)
        Difference of customer equity at the end, currency, not discounted.
    discount_rate : float
        Per period.
    period, currency : str
        What they are called; the first decides how many periods a year has.
    confidence : float
        Of the intervals, in (0, 1).

    Raises
    ------
    ValueError
        If there is no seed or no period.

    Examples
    --------
    >>> found = value_of(np.array([[-3.0, 1.0], [-3.2, 1.2]]), np.zeros(2), discount_rate=0.1)
    >>> round(found.within.mean, 2), found.turns
    (-2.1, ())
    """
    profit = np.asarray(profit, dtype=float)
    if profit.ndim != 2 or not profit.size:
        raise ValueError(f"profit: expected (seeds, periods), found shape {profit.shape}")
    year, last = year_of(period), weights(profit.shape[1], discount_rate)[-1]
    within = by_horizon(profit.T, discount_rate)[-1]
    goes_on = profit[:, -year:].mean(axis=1)
    ever = last * goes_on / discount_rate if discount_rate > 0 else np.full(len(profit), np.nan)
    by_seed = (within, within + ever, within + last * equity)
    found = {n: estimate(v, confidence) for n, v in zip(VALUES, by_seed, strict=True)}
    return value_from(
        found, profit.mean(axis=0), discount_rate=discount_rate, period=period,
        currency=currency, confidence=confidence,
    )  # fmt: skip


def value_from(
    estimates: Mapping[str, Estimate],
    path: np.ndarray,
    *,
    discount_rate: float,
    period: str = "period",
    currency: str = "",
    confidence: float = 0.95,
) -> Value:
    """Value a lead in profit, from estimates of the measures of value and the mean path.

    Parameters
    ----------
    estimates : mapping of str to Estimate
        By name of the measure (:data:`cxsim.runs.measures.profit.VALUES`).
    path : ndarray, shape (T,)
        Mean difference of profits by period, currency.
    discount_rate : float
        Per period.
    period, currency : str
        What they are called; the first decides how many periods a year has.
    confidence : float
        Of the estimates' intervals.
    """
    within, perpetuity, equity = (estimates[name] for name in VALUES)
    year = year_of(period)
    return Value(
        within, perpetuity, equity, len(path), turns=tuple(turns(path, discount_rate)),
        beyond=turn_beyond(path, discount_rate, year), year=year, confidence=confidence,
        period=period, currency=currency,
    )  # fmt: skip


# -- What would turn a lead: a further cost, another discount rate, and when it has paid ---------


def further_cost(
    lead: float, periods: int, discount_rate: float, start: int = 0
) -> tuple[float, float]:
    """Return the further cost that brings a lead in net present value to zero.

    Parameters
    ----------
    lead : float
        Net present value, currency; a negative one is brought to zero by income.
    periods : int
        The horizon, T.
    discount_rate : float
        Per period, d.
    start : int
        Period s of the one-off cost, and the first of the running one.

    Returns
    -------
    (float, float)
        Paid once in period s, L (1 + d)^s; and paid in each of the periods s to T - 1,
        L / sum of (1 + d)^-t. Currency, and currency per period.

    Examples
    --------
    >>> further_cost(30.0, 3, 0.0)
    (30.0, 10.0)
    """
    each = weights(periods, discount_rate)[start:]
    return lead / float(each[0]), lead / float(each.sum())


def turning_rate(path: np.ndarray, discount_rate: float, highest: float) -> float:
    """Return the discount rate nearest to the given one at which a lead changes its sign.

    Parameters
    ----------
    path : ndarray, shape (T,)
        Difference of profits by period, currency.
    discount_rate : float
        Per period.
    highest : float
        Rates from 0 to this one are searched, per period.

    Returns
    -------
    float
        Per period; NaN where the sign is the same at all of them, or there is no lead.

    Examples
    --------
    >>> round(turning_rate(np.array([-10.0, 11.0]), 0.0, 1.0), 6)
    0.1
    """
    from scipy.optimize import brentq

    path = np.asarray(path, dtype=float)
    if not path.any():
        return nan

    def value(rate: float) -> float:
        return float(by_horizon(path, rate)[-1])

    rates = np.linspace(0.0, highest, 201)
    signs = np.sign([value(rate) for rate in rates])
    places = np.flatnonzero(signs[1:] * signs[:-1] < 0)
    found = [float(brentq(value, rates[k], rates[k + 1])) for k in places]
    found += [float(rate) for rate, sign in zip(rates, signs, strict=True) if not sign]
    return min(found, key=lambda rate: abs(rate - discount_rate), default=nan)


def paid_back(path: np.ndarray, discount_rate: float) -> tuple[int, float]:
    """Return when a lead begins, and after how many periods it has paid for itself.

    Parameters
    ----------
    path : ndarray, shape (T,)
        Difference of profits by period, currency.
    discount_rate : float
        Per period.

    Returns
    -------
    (int, float)
        The first period in which the profits differ, and the periods from then on until the
        discounted sum of the differences is positive for good; infinite if it is not by the
        end, and 0 where nothing differs.

    Examples
    --------
    >>> paid_back(np.array([0.0, -3.0, 1.0, 1.0, 2.0]), 0.0)
    (1, 4.0)
    """
    path = np.asarray(path, dtype=float)
    differs = np.flatnonzero(path)
    if not len(differs):
        return 0, 0.0
    start = int(differs[0])
    behind = np.flatnonzero(~(by_horizon(path, discount_rate)[start:] > 0))
    after = int(behind[-1]) + 1 if len(behind) else 0
    return start, float(after) + 1.0 if start + after < len(path) else float("inf")
