"""Purchase panels with a known truth, by NumPy alone: nothing of the package draws them.

The market is that of the calibration page: customer h values firm f at occasion n at

    u = b_f + t_hf - a_h p_fn + l_h 1{f was bought last} + L K_hf + x_fn + e,    e ~ Gumbel,

with brand preferences t, price sensitivity a and loyalty l that may differ between customers,
knowledge K that grows with purchases and fades over gaps, and demand shocks x of periods, which
prices may answer. Purchases before the panel are made and not shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["FIRMS", "Truth", "draw"]

FIRMS = ("Ann", "Bob", "Cem")
_INTERCEPTS = np.array([0.5, 0.0, -0.5])


@dataclass(frozen=True)
class Truth:
    """A market of three firms; amounts are utils, and one unit of price is worth ``price``.

    Attributes
    ----------
    price, loyalty : float
        Means over customers.
    taste_sd : float
        Of brand preferences, for each firm.
    correlation : float
        Of preferences for the first two firms.
    classes : float
        Worth of the one firm that each of three classes of customers prefers; 0 for none.
    price_cv, loyalty_sd : float
        Coefficient of variation of price sensitivity (lognormal), and spread of loyalty.
    learning, speed, forgetting : float
        Worth of full knowledge, precision of a purchase, share forgotten in a period.
    shock, answer : float
        Spread of demand shocks by firm and period, utils; how much of them prices take up.
    """

    price: float = 1.0
    loyalty: float = 1.0
    taste_sd: float = 1.0
    correlation: float = 0.0
    classes: float = 0.0
    price_cv: float = 0.0
    loyalty_sd: float = 0.0
    learning: float = 0.0
    speed: float = 0.5
    forgetting: float = 0.05
    shock: float = 0.0
    answer: float = 0.0

    def known_after(self, purchases: int) -> float:
        """Return what knowledge is worth after purchases in consecutive periods, utils."""
        left = 1.0
        for _ in range(purchases):
            left /= 1.0 + self.speed * left
        return self.learning * (1.0 - left)


def draw(
    truth: Truth, customers: int, purchases: int, *, unseen: int = 0, seed: int = 0
) -> pd.DataFrame:
    """Return a panel in the wide format, ``customer, period, choice, price.FIRM, cost.FIRM``.

    Parameters
    ----------
    truth : Truth
    customers, purchases : int
        ``purchases`` of each customer are shown.
    unseen : int
        Purchases before them that are not.
    seed : int

    Notes
    -----
    Gaps between purchases are geometric with mean 2 periods. Costs are AR(1) by firm, prices are
    costs plus deals at 30 % of the periods plus ``answer`` times the demand shock.
    """
    rng = np.random.default_rng((seed, 20))
    firms, total = len(FIRMS), purchases + unseen
    gaps = rng.geometric(0.5, (customers, total))
    when = np.cumsum(gaps, axis=1) - 1
    periods = int(when.max()) + 1
    cost = np.zeros((periods, firms))
    steps = rng.normal(0.0, 0.3, (periods, firms))
    for period in range(1, periods):
        cost[period] = 0.8 * cost[period - 1] + steps[period]
    cost += 3.0
    shock = rng.normal(0.0, 1.0, (periods, firms)) * truth.shock
    deals = 0.6 * (rng.random((periods, firms)) < 0.3)
    prices = np.maximum(cost + 1.0 - deals + truth.answer * shock, 0.1)
    tastes = truth.taste_sd * rng.normal(size=(customers, firms))
    if truth.correlation:
        r = truth.correlation
        tastes[:, 1] = r * tastes[:, 0] + np.sqrt(1.0 - r * r) * tastes[:, 1]
    if truth.classes:
        tastes += truth.classes * np.eye(firms)[rng.integers(firms, size=customers)]
    spread = np.sqrt(np.log1p(truth.price_cv**2))
    sensitivity = truth.price * np.exp(spread * rng.normal(size=customers) - spread**2 / 2)
    loyalty = truth.loyalty + truth.loyalty_sd * rng.normal(size=customers)
    noise = rng.gumbel(size=(total, customers, firms))
    everybody = np.arange(customers)
    left, last = np.ones((customers, firms)), np.full(customers, -1)
    choices = np.empty((customers, total), dtype=int)
    for n in range(total):
        if n:  # the firm just bought from did not forget in the period of the purchase
            forgotten = gaps[:, n][:, None] - (np.arange(firms) == last[:, None])
            left = 1.0 - (1.0 - left) * (1.0 - truth.forgetting) ** forgotten
        here = when[:, n]
        utility = _INTERCEPTS + tastes - sensitivity[:, None] * prices[here] + shock[here]
        utility += loyalty[:, None] * (np.arange(firms) == last[:, None])
        utility += truth.learning * (1.0 - left)
        last = (utility + noise[n]).argmax(axis=1)
        left[everybody, last] /= 1.0 + truth.speed * left[everybody, last]
        choices[:, n] = last
    shown = slice(unseen, total)
    period = when[:, shown].ravel()
    frame = {
        "customer": np.repeat(everybody, purchases),
        "period": period,
        "choice": np.array(FIRMS)[choices[:, shown].ravel()],
    }
    frame |= {f"price.{name}": prices[period, k] for k, name in enumerate(FIRMS)}
    frame |= {f"cost.{name}": cost[period, k] for k, name in enumerate(FIRMS)}
    return pd.DataFrame(frame)
