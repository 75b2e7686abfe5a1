"""Value tiers: how customers, and what they bring, spread over the order a firm puts them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.mechanisms.base import Measure
from cxsim.mechanisms.measuring import ratio

if TYPE_CHECKING:
    import pandas as pd

#: Tiers from the top, and their shares of the firm's customers (a pyramid after Zeithaml, Rust &
#: Lemon 2001; where they are cut is an assumption).
TIERS = (("top 5 %", 0.05), ("next 15 %", 0.15), ("next 30 %", 0.30), ("lower half", 0.50))


def individual_customers(b: Any) -> np.ndarray:
    """Customers served individually."""
    return b.total("served")


def capacity_used(b: Any) -> np.ndarray:
    """Share of all of the firm's customers who are served individually."""
    return ratio(b.count("served"), b.count("holders")[:, 1:])


def lift(value_chosen: Any, chosen: Any, value_all: Any, everybody: Any) -> np.ndarray:
    """Return the mean value of those chosen over that of all; NaN where all are worth nothing."""
    mean = ratio(value_all, everybody)
    return ratio(ratio(value_chosen, chosen), np.where(mean > 1e-12, mean, 0.0))


def lift_of_service(b: Any) -> np.ndarray:
    """Mean true value of those served over that of those the firm could choose from."""
    everybody = b.count("value_ranked"), b.count("ranked")
    return lift(b.count("value_served"), b.count("served"), *everybody)


def lift_of_service_oracle(b: Any) -> np.ndarray:
    """Lift that knowing the truth would have; that of chance is 1."""
    everybody = b.count("value_ranked"), b.count("ranked")
    return lift(b.count("value_best"), b.count("served"), *everybody)


def individual_cost(b: Any) -> np.ndarray:
    """Cost of serving customers individually."""
    return b.total("served") * np.nan_to_num(b.firm("value_tiers_individual_cost"))


MEASURES = (
    Measure(
        "individual_customers",
        "Customers served individually",
        "customers",
        individual_customers,
        summary="last",
    ),
    Measure("capacity_used", "Share served individually", "share", capacity_used),
    Measure("lift_of_service", "Lift of who is served", "times chance", lift_of_service),
    Measure("lift_of_service_oracle", "Lift of an oracle", "times chance", lift_of_service_oracle),
    Measure(
        "individual_cost",
        "Cost of individual service",
        "currency per period",
        individual_cost,
        summary="sum",
        cost="contribution",
    ),
)


def tier_frame(books: Any, scenario: Any) -> pd.DataFrame:
    """Return customers and contribution by period, firm and value tier.

    Columns ``period, firm, tier, customers, contribution``: those who were the firm's customers
    before the choice, and what they paid it less what their purchases cost, for the whole market.
    """
    import pandas as pd

    ranking = [k for k, name in enumerate(books.firms) if scenario.firms[name].value_tiers]
    order = [k for name in scenario.firms for k in ranking if books.firms[k] == name]
    customers, contribution = books.total("tier_customers"), books.total("tier_contribution")
    names = [name for name, _ in TIERS]
    shape = (books.periods, len(order), len(TIERS))
    firms = [books.firms[k] for k in order]
    return pd.DataFrame(
        {
            "period": np.repeat(np.arange(books.periods), len(order) * len(TIERS)),
            "firm": pd.Categorical(
                np.broadcast_to(np.array(firms, dtype=object)[None, :, None], shape).ravel(),
                categories=firms,
            ),
            "tier": pd.Categorical(
                np.broadcast_to(np.array(names, dtype=object), shape).ravel(),
                categories=names,
                ordered=True,
            ),
            "customers": customers[:, order].ravel(),
            "contribution": contribution[:, order].ravel(),
        }
    )
