"""Random scenarios in which any mechanism may take part, for property-based tests."""

from __future__ import annotations

import policies_of_users  # noqa: F401 - what this process has imported needs no trust
from hypothesis import strategies as st
from journeys import journeys
from markets import firm, market

SILENCE = dict.fromkeys(("destroying", "attention", "recommendation", "advocacy"), 0.0)
LOUD = dict.fromkeys(SILENCE, 1.0)

numbers = st.floats(0, 1)
money = st.floats(0, 5)


def programmes():
    return st.fixed_dictionaries(
        {
            "points_per_currency": money,
            "point_value": st.floats(0, 0.5),
            "redemption_threshold": st.floats(0, 50),
        }
    )


def capability_costs():
    capability = st.sampled_from(["interaction", "customization", "identification"])
    return st.dictionaries(
        capability,
        st.fixed_dictionaries(
            {"fixed": money, "per_customer": money, "exponent": st.floats(0.5, 3)}
        ),
    )


def capability_programmes():
    """At most one programme, of a parameter that no policy and no event decides about."""
    programme = st.fixed_dictionaries(
        {
            "changes": st.fixed_dictionaries({"identification": numbers}),
            "start": st.integers(0, 4),
            "build": st.integers(0, 3),
            "path": st.sampled_from(["linear", "end"]),
            "one_off": money,
            "running": money,
        }
    )
    return st.dictionaries(st.just("crm"), programme)


#: How a firm without programme, contract and subscription deals with customers.
PLAIN = {"loyalty_programme": None, "contracts": None, "billing": "per_purchase"}


def terms():
    return st.fixed_dictionaries(
        {
            "loyalty_programme": st.none() | programmes(),
            "contracts": st.none() | contracts(),
            "billing": st.sampled_from(["per_purchase", "subscription"]),
            "leaving_cost": st.none() | money,
        }
    )


def contracts():
    return st.fixed_dictionaries({"length": st.integers(0, 4), "exit_fee": money})


def value_tiers():
    return st.fixed_dictionaries(
        {
            "contact_capacity": numbers,
            "goes_to": st.sampled_from(["everyone", "analytics", "predictive"]),
            "refit_every": st.integers(1, 2),
            "focus": st.none() | st.sampled_from([[], ["s0"]]),
            "individual_cost": money,
        }
    )


def service_levels():
    level = st.fixed_dictionaries(
        {"share": st.floats(0, 0.3), "interaction": st.floats(0, 2), "cost": money}
    )
    return st.just({}) | st.fixed_dictionaries(
        {
            "service_levels": st.dictionaries(st.sampled_from(["gold", "silver"]), level),
            "service_levels_by": st.sampled_from(["everyone", "analytics"]),
        }
    )


def acquisition(attributes):
    rules = ["random", "analytics", "predictive"] if attributes else ["random"]
    return st.fixed_dictionaries(
        {
            "contacts": numbers,
            "prospects": st.sampled_from(["all", "lapsed"]),
            "targeting": st.sampled_from(rules),
            "by": st.sampled_from(["both", "firmographic", "behavioural", "segment"]),
            "refit_every": st.integers(1, 2),
            "rest": st.integers(0, 2),
            "trial_discount": numbers,
            "cost_per_contact": money,
        }
    )


def add_ons():
    return st.fixed_dictionaries(
        {
            "price": st.floats(2, 5),
            "margin": st.floats(0, 2),
            "base_chance": st.floats(0, 0.5),
            "known_chance": st.floats(0.5, 1),
        }
    )


@st.composite
def firms(draw):
    return firm(
        price=draw(st.floats(0, 20)),
        quality=draw(st.floats(-5, 20)),
        interaction=draw(numbers),
        customization=draw(numbers),
        identification=draw(numbers),
        segment_insight=draw(numbers),
        forgetting_rate=draw(numbers),
        position=[draw(st.floats(-2, 2)), draw(st.floats(-2, 2))],
        personal_premium=draw(numbers),
        active=draw(st.booleans()),
        promotions={"chance": draw(numbers), "depth": draw(numbers), "display_value": draw(money)},
        feedback=draw(money),
        **draw(st.just(dict(PLAIN)) | terms()),
        acquisition=None,
        next_best_offer=None,
        value_tiers=draw(st.none() | value_tiers()),
        **draw(service_levels()),
        unit_cost=draw(money),
        customization_cost=draw(money),
        interaction_cost=draw(money),
        cost_to_serve=draw(money),
        service_saving=draw(numbers),
        advertising_reach=draw(numbers),
        advertising_cost=draw(money),
        capability_costs=draw(capability_costs()),
        programmes=draw(capability_programmes()),
    )


@st.composite
def segments(draw):
    one = {
        "share": 1.0,
        "need_mean": [draw(st.floats(-2, 2)), draw(st.floats(-2, 2))],
        "need_sd": draw(st.floats(0, 2)),
        "price_sensitivity": draw(st.floats(0, 2)),
        "price_sensitivity_cv": draw(numbers),
        "brand_taste_sd": draw(money),
        "brand_taste": draw(st.sampled_from(["normal", "log_gamma"])),
        "brand_taste_shape": draw(st.floats(0.1, 3)),
        "fit_weight": draw(money),
        "ordering_effort": draw(money),
        "onboarding_effort": draw(money),
        "switching_cost": draw(money),
        "disclosure": draw(numbers),
        "purchase_rate": draw(numbers),
        "exit_rate": draw(numbers),
        "volume": draw(st.floats(0.1, 5)),
        "no_purchase_value": draw(st.floats(-5, 5)),
        "reputation_value": draw(money),
    }
    if draw(st.booleans()):
        one["purchase_rate_shape"] = draw(st.floats(0.2, 5))
    if draw(st.booleans()):
        one["exit_rate_beta"] = [draw(st.floats(0.2, 3)), draw(st.floats(0.2, 9))]
    if draw(st.booleans()):
        one["contact_tolerance"] = draw(numbers)
        one["contact_reserve"] = draw(numbers)
    if draw(st.booleans()):
        one["volume_response_knowledge"] = draw(st.floats(-2, 2))
        one["wallet"] = draw(st.none() | st.floats(5, 9))
    if draw(st.booleans()):
        one["need_drift"] = draw(numbers)
    if draw(st.booleans()):
        one["entry_rate"] = draw(numbers)
    if draw(st.booleans()):
        one["buying_center"] = {
            "members": draw(st.integers(1, 5)),
            "member_need_sd": draw(st.floats(0, 2)),
            "quorum": draw(numbers),
            "tailoring": draw(st.sampled_from(["account", "member"])),
        }
    return one


def paid_otherwise(each):
    """Return whether prices are not all that a firm's customers pay or get."""
    bound = each["contracts"] is not None or each["billing"] == "subscription"
    beside = ("loyalty_programme", "acquisition", "next_best_offer")
    return bound or any(each[name] is not None for name in beside)


@st.composite
def policies(draw, prices_matter):
    """A policy of each kind; a best response only where some price is best."""
    pricing = ["fixed", "policies_of_users:Ratchet"] + ["best_response"] * prices_matter
    climb = {"name": "policies_of_users:Climb", "step": draw(st.floats(0.01, 0.5))}
    return {
        "pricing": draw(st.sampled_from(pricing)),
        "capability": draw(st.sampled_from(["fixed", climb])),
    }


@st.composite
def word_of_mouth(draw):
    return {
        "network": draw(st.sampled_from(["well_mixed", "small_world", "scale_free"])),
        "neighbours": draw(st.sampled_from([2, 4, 8])),
        "rewiring": draw(numbers),
        "contacts": draw(st.integers(0, 4)),
        "message_rate": {emotion: draw(numbers) for emotion in SILENCE},
        "message_weight": draw(numbers),
        "awareness": draw(st.booleans()),
    }


@st.composite
def needs_research(draw, firms, segments):
    """Changes by which firms ask customers about needs, and act on the answers."""
    changes = {}
    segment = st.none() | st.sampled_from(segments)
    for name in firms:
        if draw(st.booleans()):
            changes[f"firms.{name}.surveys.needs"] = {
                "sample": draw(numbers),
                "response_rate": draw(numbers),
                "cost": draw(money),
                "every": draw(st.integers(1, 3)),
                "among": draw(st.sampled_from(["customers", "market"])),
                "answer_sd": draw(st.floats(0, 2)),
                "importance_sd": draw(st.floats(0, 2)),
                "informs": draw(st.floats(0, 2)),
            }
            changes[f"firms.{name}.segment_needs"] = draw(st.sampled_from(["known", "estimated"]))
            changes[f"firms.{name}.reposition"] = draw(
                st.none()
                | st.fixed_dictionaries(
                    {
                        "start": st.integers(0, 3),
                        "every": st.none() | st.integers(1, 2),
                        "segment": segment,
                        "step": numbers,
                        "fixed_cost": money,
                        "cost": money,
                    }
                )
            )
    return changes


@st.composite
def scenarios(draw):
    names = draw(st.lists(st.sampled_from(["Ann", "Bob", "Cy", "Di"]), min_size=1, unique=True))
    groups = draw(st.lists(segments(), min_size=1, max_size=3))
    for group in groups:
        group["share"] = 1.0 / len(groups)
    world = {
        "customers": draw(st.integers(1, 30)),
        "periods": draw(st.integers(1, 4)),
        "no_purchase_option": draw(st.booleans()),
        "switching_cost_form": draw(st.sampled_from(["cost", "bonus"])),
        "learning_rate": draw(st.floats(0, 4)),
        "events": [{"at": 0, "over": 2, "set": {f"firms.{names[0]}.price": draw(money)}}],
    }
    if world["periods"] == 1:
        world["events"] = []
    if draw(st.booleans()):
        world["profile_portability"] = draw(numbers)
    competitors = {name: draw(firms()) for name in names}
    if draw(st.booleans()):
        world["attributes"] = {
            "firmographic": draw(st.floats(-1, 1)),
            "behavioural": draw(st.floats(-1, 1)),
        }
    if draw(st.booleans()):
        for each in competitors.values():
            each["acquisition"] = draw(st.none() | acquisition("attributes" in world))
            each["next_best_offer"] = draw(st.none() | add_ons())
    prices_matter = (
        world["no_purchase_option"]
        and all(g["price_sensitivity"] > 0.01 for g in groups)
        and all(g.get("buying_center", {"members": 1})["members"] == 1 for g in groups)
        and not any(paid_otherwise(each) for each in competitors.values())
    )
    for each in competitors.values():
        each["policy"] = draw(policies(prices_matter))
        if draw(st.booleans()):
            each |= {"credit_limit": draw(st.floats(0, 1e5)), "insolvency_periods": 1}
    if draw(st.booleans()):
        spreads = [group["need_sd"] for group in groups if group["need_sd"] > 0]
        world["self_discovery"] = {
            "initial_error_sd": draw(st.floats(0, min(spreads, default=2.0))),
            "discovery_rate": draw(numbers),
        }
    if draw(st.booleans()):
        world["word_of_mouth"] = draw(word_of_mouth())
    if draw(st.booleans()):
        world["initial"] = {names[0]: {"share": draw(numbers), "tenure": 3, "knowledge": 0.4}}
    else:
        world["warm_up"] = draw(st.integers(0, 2))
    scenario = market(
        firms=competitors,
        segments={f"s{k}": group for k, group in enumerate(groups)},
        **world,
    )
    if draw(st.booleans()):
        scenario = scenario.override(draw(journeys(names, list(scenario.segments))))
        if any(place.required for place in scenario.journey.values()):
            alone = [
                name
                for name, segment in scenario.segments.items()
                if segment.buying_center is None or segment.buying_center.members == 1
            ]
            retries = {f"segments.{name}.retry": draw(numbers) for name in alone}
            scenario = scenario.override(retries)
    if draw(st.booleans()):
        scenario = scenario.override(draw(needs_research(names, list(scenario.segments))))
    return scenario
