"""Price war: when firms that answer prices lower theirs, where that ends, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxsim.firms.policies import VARIABLE_COSTS, price_floor
from cxsim.firms.policy_registry import named

#: Policies that answer prices of rivals.
ANSWERING = ("match", "undercut")

#: A price this close to another is taken for it, as a part of it.
_NEAR = 0.01

#: Why a firm's price stopped falling.
EXIT = "left the market"
FLOOR = "reached its lowest price"
COST = "reached its variable cost"
LIST = "asks its list price"
RIVALS = "rivals stopped lowering theirs"
FALLING = "still falling"


def answering_firms(scenario: Any) -> dict[str, dict[str, Any]]:
    """Return the firms that answer prices of rivals: name and settings of their policies.

    Parameters
    ----------
    scenario : Scenario
    """
    found = {}
    for firm, parameters in scenario.firms.items():
        name, settings = named(parameters.policy.pricing)
        if name in ANSWERING:
            found[firm] = {"name": name, **settings}
    return found


def price_war(run: Any) -> pd.DataFrame:
    """Return how prices of firms that match or undercut rivals fell in a run, and why they stopped.

    Parameters
    ----------
    run : Run

    Returns
    -------
    DataFrame
        A row for each firm with a policy ``match`` or ``undercut``: ``firm, policy, began, settled,
        first_price, last_price, lowest, reason``. ``began`` is the period of the first cut (missing
        if none), ``settled`` the one from which the price stays within 1 % of the last; prices are
        in currency per unit, ``lowest`` is the firm's floor then, and a firm that leaves is
        followed to its last period with sales.

    Examples
    --------
    >>> import cxsim as cx
    >>> told = cx.price_war(cx.run("price_war", overrides={"customers": 100}))
    >>> told["firm"].tolist()
    ['Mass', 'Niche', 'Targeted', 'Tailor']
    """
    frame = run.firms
    rows = [
        {"firm": firm, "policy": policy["name"], **_course(frame[frame["firm"] == firm], policy)}
        for firm, policy in answering_firms(run.scenario).items()
    ]
    names = ("firm", "policy", "began", "settled", "first_price", "last_price", "lowest", "reason")
    told = pd.DataFrame(rows, columns=list(names))
    return told.astype({"began": "Int64", "settled": "Int64"})


def _course(rows: pd.DataFrame, policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the price of one firm went."""
    sold = rows[rows["purchases"] > 0]
    left = len(sold) > 0 and sold["period"].iloc[-1] < rows["period"].iloc[-1] - 1
    here = rows[rows["period"] <= sold["period"].iloc[-1]] if left else rows
    price, period = here["price"].to_numpy(), here["period"].to_numpy()
    cut = price < price[0] * (1.0 - 1e-9)
    away = abs(price - price[-1]) > _NEAR * price[-1]
    return {
        "began": int(period[cut][0]) if cut.any() else pd.NA,
        "settled": int(period[away][-1]) + 1 if away.any() else int(period[0]),
        "first_price": price[0],
        "last_price": price[-1],
        "lowest": (lowest := _lowest(here, policy.get("floor"))),
        "reason": EXIT if left else _reason(price, lowest, stated="floor" in policy),
    }


def _lowest(rows: pd.DataFrame, floor: float | None) -> float:
    """Return the lowest price that a firm could ask in the last of some periods."""
    if floor is not None:
        return floor
    earlier = rows.iloc[:-1]
    sales = earlier[earlier["revenue"] + earlier["discounts"] > 0]
    if not len(sales):
        return float("nan")
    last = sales.iloc[-1]
    cost = float(sum(last[name] for name in VARIABLE_COSTS))
    return price_floor(float(last["price"]), cost, float(last["revenue"] + last["discounts"]))


def _reason(price: Any, lowest: float, *, stated: bool) -> str:
    """Return why a price does not fall, or that it does."""
    if price[-1] <= lowest * (1.0 + _NEAR):
        return FLOOR if stated else COST
    if price[-1] >= price[0] * (1.0 - 1e-9):
        return LIST
    if len(price) > 1 and price[-1] < price[-2] * (1.0 - 1e-9):
        return FALLING
    return RIVALS
