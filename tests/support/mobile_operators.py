"""Three mobile operators, described as a newcomer would: a test of what advice rests on.

Ten million subscribers; Alpha has 42 % of them at 34 EUR a month, Beta 35 % at 29 EUR, Gamma 23 %
at 19 EUR. Few customers leave in a month. Beta launches a personalised app in month 6. Firms have
names of their own, so that they inherit no costs of the baseline's firms.
"""

from __future__ import annotations

import cxsim as cx

SUBSCRIBERS = 10_000_000

#: The app: Beta interacts with and customizes for single subscribers.
APP = {
    "at": 6,
    "over": 6,
    "label": "Beta's app",
    "set": {"firms.Beta.interaction": 0.7, "firms.Beta.customization": 0.8},
}

_SUBSCRIBER = {"purchase_rate": 1.0, "switching_cost": 40.0, "brand_taste_sd": 10.0}


def operator(price, quality, unit_cost):
    return {
        "price": price, "quality": quality, "unit_cost": unit_cost, "cost_to_serve": 1.0,
        "interaction": 0.2, "customization": 0.1,
    }  # fmt: skip


#: As it was typed in: what serving single subscribers costs is nowhere.
MOBILE = {
    "extends": "baseline",
    "name": "mobile",
    "title": "Three mobile operators",
    "periods": 30,
    "customers": 240,
    "market_size": SUBSCRIBERS,
    "segments": {"Comfort": _SUBSCRIBER, "Performance": _SUBSCRIBER},
    "firms": {
        **dict.fromkeys(("Mass", "Niche", "Targeted", "Tailor")),
        "Alpha": operator(34.0, 45.0, 16.0),
        "Beta": operator(29.0, 38.5, 14.0),
        "Gamma": operator(19.0, 27.0, 10.0),
    },
    "initial": {
        name: {"share": share, "tenure": 24, "knowledge": 0.2}
        for name, share in (("Alpha", 0.42), ("Beta", 0.35), ("Gamma", 0.23))
    },
}

#: The baseline's own figures; fixed ones times 100, for a market 100 times as large.
COSTS = {
    "firms.*.interaction_cost": 1.0,
    "firms.*.customization_cost": 1.5,
    "firms.*.capability_cost": 1_500_000.0,
    "firms.*.capability_investment": 10_000_000.0,
    "firms.*.identification": 0.9,
    "firms.*.segment_insight": 0.6,
    "firms.*.capability_costs": {"identification": {"fixed": 0}, "segment_insight": {"fixed": 0}},
    "firms.*.forgetting_rate": 0.01,
}

#: The same costs, each stated to be nothing.
FREE = {path: 0.0 for path in COSTS if path.endswith(("cost", "investment"))}


def mobile(**changes):
    """Return the market as it was typed in, with changes by dotted path."""
    return cx.Scenario.from_dict(MOBILE, changes)


def with_app(market):
    """Return the market in which Beta launches its app."""
    return market.override({"name": "app", "events": [APP]})
