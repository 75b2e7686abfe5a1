"""The markets that are timed: the shipped baseline, with more firms, and with mechanisms on."""

from __future__ import annotations

from typing import Any

import cxsim as cx
from cxsim.model.mechanism_registry import registered
from cxsim.scenario.schema import TEXTS

__all__ = [
    "ALONE",
    "BESIDE",
    "CENTERS",
    "SWITCHES",
    "TOGETHER",
    "five_firms",
    "many_firms",
    "switched",
    "untimed_mechanisms",
]

_NEEDS_DRIFT = {f"segments.{name}.need_drift": 0.02 for name in ("Comfort", "Performance")}
_BOUND = {"firms.*.contracts": {"exit_fee": 5.0}, "firms.*.billing": "subscription"}
_EVERYBODY_BUYS = {f"segments.{name}.purchase_rate": 1.0 for name in ("Comfort", "Performance")}
_NOBODY_LEAVES = {f"segments.{name}.exit_rate": 0.0 for name in ("Comfort", "Performance")}

#: A journey of six touchpoints, at which a customer meets about one firm a month.
_JOURNEY: dict[str, Any] = {
    "journey": {
        "site": {"stage": "discover", "channel": "web", "visit_rate": 0.2},
        "store": {"stage": "buy", "channel": "store", "visit_rate": 0.6},
        "delivery": {"stage": "buy", "channel": "courier", "visit_rate": 0.2},
        "product": {"stage": "use", "channel": "home", "visit_rate": 0.2, "importance": 2.0},
        "hotline": {"stage": "support", "channel": "phone", "visit_rate": 0.05},
        "renewal": {"stage": "renew", "channel": "web", "visit_rate": 0.2},
    },
    "firms.*.touchpoints": {
        name: {"mean": 6.5, "sd": 1.5, "cost": 0.1}
        for name in ("site", "store", "delivery", "product", "hotline", "renewal")
    },
    "segments.*.experience_value": 5.0,
    "segments.*.spend_response": 0.2,
}
_LISTENING: dict[str, Any] = {
    **_JOURNEY,
    "firms.*.surveys": {
        "deep_dive": {"every": 3},
        "event_based": {"sample": 0.2},
        "tracking": {"sample": 0.05},
    },
    "firms.*.recovery": {},
    "firms.*.improvement": {"budget": 10_000.0},
}
#: Firms that also ask what customers need, know segments by that only, and move towards them.
_RESEARCH: dict[str, Any] = {
    **_LISTENING,
    "firms.*.surveys.needs": {"every": 3, "among": "market"},
    "firms.*.segment_needs": "estimated",
    "firms.*.reposition": {"start": 3, "every": 6, "step": 0.2},
    "firms.*.improvement": {"budget": 10_000.0, "rule": "contacts"},
}

_ORDERS: dict[str, Any] = {
    **_JOURNEY,
    "journey.store.required": True,
    "journey.store.abandonment": 0.8,
    "journey.product.triggers": "hotline",
    "journey.product.trigger_chance": 0.5,
    "segments.*.retry": 0.5,
}
_TEACHING = {**_JOURNEY, "journey.site.informs": 0.3, "journey.product.informs": 0.5}
_MOODS: dict[str, Any] = {
    **_JOURNEY,
    "emotion_effects": {
        "destroying": {"worth": -1.0, "lapse": 0.05, "service_cost": 0.2},
        "advocacy": {"worth": 0.5},
    },
}

_ALL: dict[str, Any] = {
    **_LISTENING,
    **_ORDERS,
    **_TEACHING,
    **_MOODS,
    "segments.*.trust_weight": 0.5,
    "segments.*.volume_response_experience": 0.3,
    "segments.*.volume_response_knowledge": 0.2,
    "word_of_mouth": {"awareness": True},
    "firms.*.advertising_reach": 0.2,
    "segments.*.reputation_value": 1.0,
    "self_discovery": {},
}


def _center(members: int) -> dict[str, Any]:
    return {"segments.*.buying_center": {"members": members, "member_need_sd": 0.5}}


_TIERS = {"firms.*.value_tiers": {"contact_capacity": 0.3, "goes_to": "analytics"}}
_LEVELS = {"firms.*.service_levels": {"key": {"share": 0.1, "interaction": 1.5}}}
_LOOK_ALIKES = {
    "attributes": {"firmographic": 0.5},
    "firms.*.acquisition": {"contacts": 0.02, "targeting": "predictive", "trial_discount": 0.1},
}
_WEARY: dict[str, Any] = {
    **_LOOK_ALIKES,
    **_JOURNEY,
    "segments.*.contact_tolerance": 0.1,
    "word_of_mouth": {"awareness": True},
}

#: What is switched on or off, one at a time: words for the page, the mechanism it
#: shows (if it is one outside the core), changed parameters, observers.
SWITCHES: tuple[tuple[str, str, dict[str, Any], tuple[str, ...]], ...] = (
    ("everybody buys every period", "", _EVERYBODY_BUYS, ()),
    ("nobody leaves the market", "", _NOBODY_LEAVES, ()),
    ("without the no-purchase option", "", {"no_purchase_option": False}, ()),
    ("needs drift", "need_drift", _NEEDS_DRIFT, ()),
    ("portable profiles", "portability", {"profile_portability": 0.5}, ()),
    (
        "a price by best response",
        "policies",
        {"firms.Mass.policy.pricing": "best_response"},
        (),
    ),
    ("firms may go broke", "market_exit", {"firms.*.credit_limit": 1e6}, ()),
    ("customers who discover their needs", "self_discovery", {"self_discovery": {}}, ()),
    ("buying centers of one", "buying_center", _center(1), ()),
    ("buying centers of three", "buying_center", _center(3), ()),
    ("buying centers of five", "buying_center", _center(5), ()),
    ("points from every firm", "loyalty", {"firms.*.loyalty_programme": {}}, ()),
    ("a third of customers served individually", "value_tiers", _TIERS, ()),
    ("a tenth of customers key accounts", "service_levels", _LEVELS, ()),
    ("look-alikes contacted", "acquisition", _LOOK_ALIKES, ()),
    ("too many contacts, a journey and awareness", "contact_tolerance", _WEARY, ()),
    (
        "add-ons for recognized customers",
        "next_best_offer",
        {"firms.*.next_best_offer": {"price": 2.0, "margin": 1.0, "known_chance": 0.3}},
        (),
    ),
    ("contracts and subscriptions", "contracts", _BOUND, ()),
    ("entry at once", "entry", {"segments.*.entry_rate": 1.0}, ()),
    ("leaving costs by firm", "leaving_cost", {"firms.*.leaving_cost": 2.0}, ()),
    ("word of mouth, small world", "word_of_mouth", {"word_of_mouth": {}}, ()),
    (
        "word of mouth, well mixed",
        "word_of_mouth",
        {"word_of_mouth": {"network": "well_mixed"}, "segments.*.reputation_value": 1.0},
        (),
    ),
    (
        "word of mouth and awareness",
        "awareness",
        {"word_of_mouth": {"awareness": True}, "firms.*.advertising_reach": 0.2},
        (),
    ),
    ("a journey of six touchpoints", "journey", _JOURNEY, ()),
    ("orders given up, and calls after faults", "abandonment", _ORDERS, ()),
    ("orders given up, and subscriptions", "subscription_orders", {**_ORDERS, **_BOUND}, ()),
    ("contacts that teach", "contact_learning", _TEACHING, ()),
    ("emotions with consequences", "emotion_effects", _MOODS, ()),
    (
        "a journey, and trust that follows experience",
        "trust",
        {**_JOURNEY, "segments.*.trust_weight": 0.5},
        (),
    ),
    (
        "a journey, and units that follow experience and knowledge",
        "volume_response",
        {
            **_JOURNEY,
            "segments.*.volume_response_experience": 0.3,
            "segments.*.volume_response_knowledge": 0.2,
        },
        (),
    ),
    (
        "too many contacts, a journey, awareness and trust",
        "intrusion",
        {**_WEARY, "segments.*.trust_weight": 0.5},
        (),
    ),
    (
        "a journey, and add-ons by experience",
        "experienced_offer",
        {
            **_JOURNEY,
            "firms.*.next_best_offer": {
                "price": 2.0,
                "margin": 1.0,
                "known_chance": 0.3,
                "experience_response": 0.2,
            },
        },
        (),
    ),
    ("a journey, and firms that listen and improve", "surveys", _LISTENING, ()),
    ("needs research and repositioning", "needs_research", _RESEARCH, ()),
    (
        "needs research, and customers who discover their needs",
        "misstated_needs",
        {**_RESEARCH, "self_discovery": {}},
        (),
    ),
    (
        "a price for every capability",
        "capability_costs",
        {"firms.*.capability_costs": {"identification": {"fixed": 5_000.0}}},
        (),
    ),
    (
        "a programme at every firm",
        "programmes",
        {"firms.*.programmes.crm": {"changes": {"identification": 1.0}, "one_off": 1e5}},
        (),
    ),
    ("all of experience, trust, word of mouth, listening and discovery", "", _ALL, ()),
    ("measuring elasticities", "", {}, ("price_elasticity",)),
    ("measuring reasons for losses", "", {}, ("churn_reasons",)),
    ("measuring cohorts", "", {}, ("cohorts",)),
    ("keeping final customers", "", {}, ("customers",)),
    ("keeping a purchase panel", "", {}, ("panel",)),
)

#: Buying centers, by how many people decide.
CENTERS = {1: "buying centers of one", 3: "buying centers of three", 5: "buying centers of five"}
#: What customers live through, hear and tell: each is to cost little by itself, ...
ALONE = (
    "customers who discover their needs",
    "word of mouth, small world",
    "word of mouth, well mixed",
    "word of mouth and awareness",
    "a journey of six touchpoints",
    "a journey, and firms that listen and improve",
    "needs research and repositioning",
)
#: ... beside the core, or beside what it cannot do without, ...
BESIDE = {
    "word of mouth and awareness": "word of mouth, small world",
    "orders given up, and calls after faults": "a journey of six touchpoints",
    "contacts that teach": "a journey of six touchpoints",
    "emotions with consequences": "a journey of six touchpoints",
    "a journey, and trust that follows experience": "a journey of six touchpoints",
    "a journey, and units that follow experience and knowledge": "a journey of six touchpoints",
    "a journey, and firms that listen and improve": "a journey of six touchpoints",
    "needs research and repositioning": "a journey, and firms that listen and improve",
}
#: ... and all of it at once.
TOGETHER = "all of experience, trust, word of mouth, listening and discovery"


def five_firms(**changes: Any) -> cx.Scenario:
    """Return the baseline with a fifth firm in the middle of the capability matrix."""
    scenario = cx.load("baseline")
    middle = {**scenario.to_dict()["firms"]["Tailor"], "interaction": 0.5, "customization": 0.5}
    return scenario.override({"firms.Middle": middle, **changes})


def many_firms(firms: int, **changes: Any) -> cx.Scenario:
    """Return the baseline's customers with 2 to any number of firms spread over the matrix."""
    tree = cx.load("baseline").to_dict()
    tree = {key: value for key, value in tree.items() if key not in TEXTS}  # of other firms
    pattern = tree["firms"]["Tailor"]
    side = 1
    while side * side < firms:
        side += 1
    steps = [(k + 0.5) / side for k in range(side)]
    places = [(a, c) for a in steps for c in steps][:firms]
    tree["firms"] = {
        f"F{k:02d}": {**pattern, "interaction": a, "customization": c}
        for k, (a, c) in enumerate(places)
    }
    return cx.Scenario.from_dict(tree, name=f"{firms} firms").override(changes)


def switched(changes: dict[str, Any], **world: Any) -> cx.Scenario:
    """Return the market of five firms with something switched on or off."""
    return five_firms(**world).override(changes) if changes else five_firms(**world)


def untimed_mechanisms() -> list[str]:
    """Return the package's mechanisms outside the core that no switch above turns on."""
    timed = {m.name for _, _, changes, _ in SWITCHES for m in switched(changes).mechanisms}
    return [
        m.name
        for m in registered()
        if not m.core
        and m.name not in timed
        and any(p.function.__module__.startswith("cxsim.model.") for p in m.passes)
    ]
