"""What a scenario may leave out and a decision needs: fit, teaching and costs, as proportions."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cxsim.scenario import Scenario

__all__ = ["CUSTOMARY", "HIGHEST", "assumptions", "completed", "cost_range", "customary"]

#: Costs as shares of the mean price, by the last part of the parameter's path: those of the
#: baseline scenario, and of the scenarios that use the mechanism for the others (assumptions).
_OF_PRICE = {
    "unit_cost": 0.55, "customization_cost": 0.075, "interaction_cost": 0.05, "cost_to_serve": 0.05,
    "cost": 0.05, "cost_per_contact": 0.025, "individual_cost": 0.025,
}  # fmt: skip

#: Costs as shares of what the whole market pays in a period, likewise.
_OF_MARKET = {"capability_cost": 0.015, "capability_investment": 0.1, "advertising_cost": 0.05}

#: All of them: share, and of what.
CUSTOMARY = {
    **{name: (share, "the mean price") for name, share in _OF_PRICE.items()},
    **{name: (share, "the market's sales in a period") for name, share in _OF_MARKET.items()},
}

#: What customers lose by bad fit, teaching and ordering as shares of the mean price, likewise.
_OF_CUSTOMERS = {"fit_weight": 0.075, "teaching_effort": 0.15, "hassle": 0.1}

#: Pure numbers, likewise.
_PLAIN = {"segments": {"need_sd": 1.0}, "firms": {"identification": 0.9, "segment_insight": 0.6}}

#: Costs of a firm that a purchase panel does not show.
_OF_FIRMS = ("unit_cost", "customization_cost", "interaction_cost", "cost_to_serve",
             "capability_cost", "capability_investment")  # fmt: skip

#: A cost that nobody stated may be anything from 0 to this multiple of the customary one.
HIGHEST = 2.0


def customary(scenario: Scenario, name: str) -> float:
    """Return a cost in the proportion that is customary, in the scenario's currency.

    Parameters
    ----------
    scenario : Scenario
        Whose mean price, or sales in a period, the cost is a share of.
    name : str
        Parameter, or a dotted path that ends in it (``"firms.Alpha.interaction_cost"``).

    Raises
    ------
    KeyError
        If no proportion is known.
    """
    name = name.rpartition(".")[2]
    share, _ = CUSTOMARY[name]
    price = _mean_price(scenario)
    if name in _OF_PRICE:
        return share * price
    buying = sum(each.share * each.purchase_rate for each in scenario.segments.values())
    return share * price * buying * scenario.market_size


def cost_range(scenario: Scenario, path: str) -> tuple[float, float]:
    """Return between which amounts a cost lies that nobody stated.

    Parameters
    ----------
    scenario : Scenario
    path : str
        Dotted path of the cost.

    Returns
    -------
    low, high : float
        From 0 to twice the customary cost; what a unit or a contact costs to at most the mean
        price.
    """
    high = HIGHEST * customary(scenario, path)
    if path.rpartition(".")[2] in _OF_PRICE:
        high = min(high, _mean_price(scenario))
    return 0.0, float(f"{high:.4g}")


def _mean_price(scenario: Scenario) -> float:
    return sum(each.price for each in scenario.firms.values()) / len(scenario.firms)


def assumptions(scenario: Scenario) -> dict[str, Any]:
    """Return overrides for what a scenario lacks, by dotted path.

    They stand in the proportions of the baseline: what needs, fit, teaching and capabilities
    are worth and cost relative to the price and to what the market pays. A cost that the
    scenario states is left as it is, 0 included.

    Parameters
    ----------
    scenario : Scenario
        Such as a calibrated one.
    """
    price = _mean_price(scenario)
    said = scenario.to_dict()
    made: dict[str, Any] = {}

    def fill(level: str, name: str, key: str, value: float) -> None:
        made[f"{level}.{name}.{key}"] = float(f"{value:.4g}")

    for name, given in said["segments"].items():
        for key, share in _OF_CUSTOMERS.items():
            if not given.get(key):
                fill("segments", name, key, share * price)
        for key, value in _PLAIN["segments"].items():
            if not given.get(key):
                fill("segments", name, key, value)
    for name, given in said["firms"].items():
        for key in _OF_FIRMS:
            if key not in given:
                fill("firms", name, key, customary(scenario, key))
        for key, value in _PLAIN["firms"].items():
            if key not in given:
                fill("firms", name, key, value)
    return made


def completed(scenario: Scenario) -> tuple[Scenario, pd.DataFrame]:
    """Return a scenario with what it lacks for a decision, and what was assumed.

    Returns
    -------
    scenario : Scenario
    assumed : DataFrame
        ``path`` and ``value``, a row per assumption.
    """
    made = assumptions(scenario)
    frame = pd.DataFrame(list(made.items()), columns=["path", "value"])
    return (scenario.override(made) if made else scenario), frame
