"""What a purchase panel does not show, and a decision needs: fit, teaching and costs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cxsim.scenario import Scenario

__all__ = ["assumptions", "completed"]

#: Amounts as shares of the mean price, as in the baseline scenario (assumptions).
_OF_PRICE = {
    "segments": {"fit_weight": 0.075, "teaching_effort": 0.15, "hassle": 0.1},
    "firms": {
        "unit_cost": 0.55, "customization_cost": 0.075, "interaction_cost": 0.05,
        "cost_to_serve": 0.05,
    },
}  # fmt: skip

#: Sums as shares of what the whole market pays in a period, likewise.
_OF_MARKET = {"capability_cost": 0.015, "capability_investment": 0.1}

#: Pure numbers, likewise.
_PLAIN = {"segments": {"need_sd": 1.0}, "firms": {"identification": 0.9, "segment_insight": 0.6}}


def assumptions(scenario: Scenario) -> dict[str, Any]:
    """Return overrides for what is absent from a scenario or zero there, by dotted path.

    They stand in the proportions of the baseline: what needs, fit, teaching and capabilities
    are worth and cost relative to the price and to what the market pays.

    Parameters
    ----------
    scenario : Scenario
        Such as a calibrated one.
    """
    price = sum(each.price for each in scenario.firms.values()) / len(scenario.firms)
    buying = sum(each.share * each.purchase_rate for each in scenario.segments.values())
    sales = price * buying * scenario.market_size
    said = scenario.to_dict()
    made: dict[str, Any] = {}

    def fill(level: str, name: str, key: str, value: float) -> None:
        if not said[level][name].get(key):
            made[f"{level}.{name}.{key}"] = float(f"{value:.4g}")

    for level in ("segments", "firms"):
        for name in said[level]:
            for key, share in _OF_PRICE[level].items():
                fill(level, name, key, share * price)
            for key, value in _PLAIN[level].items():
                fill(level, name, key, value)
            if level == "firms":
                for key, share in _OF_MARKET.items():
                    fill(level, name, key, share * sales)
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
