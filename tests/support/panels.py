"""Purchase panels whose truth is known, simulated with NumPy alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["choice_panel"]


def choice_panel(
    customers: int,
    purchases: int,
    *,
    firms: int = 3,
    price: float = 1.0,
    loyalty: float = 1.0,
    taste_sd: float = 1.0,
    unseen: int = 20,
    answering_prices: float = 0.0,
    shocks: float | None = None,
    periods: int = 120,
    seed: int = 0,
) -> pd.DataFrame:
    """Return a wide panel of customers with normal tastes and a bonus for the last firm.

    Parameters
    ----------
    customers, purchases, firms : int
        Purchases are those seen of each customer.
    price, loyalty, taste_sd : float
        In utils (price: per unit of currency).
    unseen : int
        Purchases of each customer before those seen.
    answering_prices : float
        What firms add to their price for a unit of a demand shock that the panel does not hold.
    shocks : float, optional
        Utils of such a shock [default: 0.5 where prices answer, else 0].
    periods : int
        Of the market. Customers buy in some, drawn for each; prices are those of the market.
    seed : int

    Returns
    -------
    DataFrame
        ``customer, period, choice, price.FIRM, cost.FIRM``, firms being Ann, Bob, Cem, ...
    """
    rng = np.random.default_rng(seed)
    names = ["Ann", "Bob", "Cem", "Dan", "Eve"][:firms]
    shocks = (0.5 if answering_prices else 0.0) if shocks is None else shocks
    cost = np.zeros((periods, firms))
    steps = rng.normal(0.0, 0.22, (periods, firms))
    for t in range(periods):
        cost[t] = 0.8 * cost[t - 1] + steps[t]
    shock = rng.normal(size=(periods, firms))
    cost += 2.0
    asked = cost + 1.0 + rng.normal(0.0, 0.1, (periods, firms)) + answering_prices * shock
    bought = unseen + purchases
    when = np.sort(np.argsort(rng.random((customers, periods)), axis=1)[:, :bought], axis=1)
    taste = rng.normal(0.0, taste_sd, (customers, firms))
    last = np.full(customers, -1)
    chosen = np.empty((customers, bought), dtype=int)
    for n in range(bought):
        utility = taste - price * asked[when[:, n]] + shocks * shock[when[:, n]]
        utility += loyalty * (last[:, None] == np.arange(firms))
        last = (utility + rng.gumbel(size=utility.shape)).argmax(axis=1)
        chosen[:, n] = last
    when, chosen = when[:, unseen:].ravel(), chosen[:, unseen:].ravel()
    frame = pd.DataFrame(
        {
            "customer": np.repeat(np.arange(customers), purchases),
            "period": when,
            "choice": np.array(names)[chosen],
        }
    )
    for k, name in enumerate(names):
        frame[f"price.{name}"] = asked[when, k]
    for k, name in enumerate(names):
        frame[f"cost.{name}"] = cost[when, k]
    return frame
