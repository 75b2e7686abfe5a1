"""Customers one by one, as frames: who they are at the end, and what some of them bought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.mechanisms.measuring import ratio

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["customer_frame", "panel_rows", "reach_frame"]


def _names(numbers: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Return option names by number; the last name stands for -1."""
    return np.array([*names, "none"], dtype=object)[numbers]


def customer_frame(simulation: Any) -> pd.DataFrame:
    """Return one row per customer at the end of the run (needs detail ``"customers"``)."""
    import pandas as pd

    column = simulation.customers
    firms = simulation.books.firms
    frame = pd.DataFrame(
        {
            "customer": np.arange(simulation.scenario.customers),
            "segment": np.array(simulation.workspace.tables.segments)[column("segment")],
            "born": column("born"),
            "supplier": _names(column("supplier"), firms),
            "tenure": column("tenure"),
            "price_sensitivity": column("price_sensitivity"),
            "switching_procedural": column("final_procedural"),
            "switching_financial": column("final_financial"),
            "switching_relational": column("final_relational"),
        }
    )
    frame["switching_cost"] = (
        frame["switching_procedural"] + frame["switching_financial"] + frame["switching_relational"]
    )
    frame["switching_cost_lifetime"] = column("final_lifetime")
    frame["switching_cost_rival"] = column("final_lead")
    for dimension, values in enumerate(column("need")):
        frame[f"need_{dimension}"] = values
    uncertainty = column("uncertainty")
    for name in simulation.scenario.firms:
        frame[f"knowledge_{name}"] = 1.0 - uncertainty[firms.index(name)]
    for name in simulation.scenario.firms:
        frame[f"purchases_{name}"] = column("bought")[firms.index(name)]
    return frame


def reach_frame(customers: pd.DataFrame, firms: list[str]) -> pd.DataFrame:
    """Return penetration and purchase frequency by firm, from final customers.

    ``penetration`` is the share of customers who have bought from the firm since they came
    to the market, ``purchase_frequency`` the mean purchases of those.
    """
    import pandas as pd

    bought = customers[[f"purchases_{name}" for name in firms]].to_numpy()
    buyers = (bought > 0).sum(axis=0)
    return pd.DataFrame(
        {
            "firm": firms,
            "penetration": buyers / len(customers),
            "purchase_frequency": ratio(bought.sum(axis=0), buyers),
        }
    )


def panel_rows(simulation: Any, households: int) -> pd.DataFrame:
    """Return the last period's purchase occasions of the first households (needs ``"panel"``).

    A household is a customer: its number and the period in which it came to the market.
    """
    import pandas as pd

    households = min(households, simulation.scenario.customers)
    choice = simulation.customers("panel_choice")[:households]
    there = np.flatnonzero(choice >= 0)
    firms = simulation.books.firms
    born = simulation.customers("born")[:households][there]
    frame = pd.DataFrame(
        {
            "customer": [
                f"{number}.{b}" if b >= 0 else str(number)
                for number, b in zip(there, born, strict=True)
            ],
            "period": simulation.period - 1,
            "choice": _names(choice[there], (*firms, "outside")),
        }
    )
    prices = simulation.customers("panel_price")
    for name in simulation.scenario.firms:
        frame[f"price_{name}"] = prices[firms.index(name)][:households][there].astype(float)
    return frame
