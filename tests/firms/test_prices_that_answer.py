"""Prices that answer rivals (match, undercut) and prices that follow knowledge (relationship)."""

from __future__ import annotations

import numpy as np
import pytest
from markets import firm, market
from playing import assert_same, played

import cxsim as cx
from cxsim.firms.policies import (
    Match,
    Undercut,
    answering_price,
    price_floor,
    relationship_price,
)
from cxsim.firms.policy import FirmInformation, Public
from cxsim.strategy.price_war import COST, EXIT, FLOOR, LIST, RIVALS


def known(price, *, cost=4.0, rivals=(8.0,), active=True, **capabilities):
    """A firm at a price that sold ten units at 10, and rivals at theirs."""
    own = {"price": price, "interaction": 0.0, "customization": 0.0}
    public = {
        f"R{k}": Public(price=each, active=active, **capabilities) for k, each in enumerate(rivals)
    }
    amounts = {"revenue": 100.0, "discounts": 0.0, "cost_of_goods_sold": 10.0 * cost}
    amounts |= {"contact_cost": 0.0, "service_cost": 0.0}
    books = {name: np.array([amount]) for name, amount in amounts.items()}
    return FirmInformation("Ann", period=1, own=own, public=public, books=books)


def answers(policy, *prices, **facts):
    """What a firm at 10 asks in turn, where the rival asks the prices."""
    asked = [10.0]
    for price in prices:
        asked.append(policy.decide(known(asked[-1], rivals=(price,), **facts)))
    return asked[1:]


def test_the_floor_is_the_price_that_pays_what_purchases_cost():
    assert price_floor(10.0, cost=60.0, revenue=100.0) == 6.0
    assert answering_price(7.0, floor=6.0, list_price=10.0) == 7.0
    assert answering_price(5.0, floor=6.0, list_price=10.0) == 6.0
    assert answering_price(12.0, floor=6.0, list_price=10.0) == 10.0


def test_a_match_follows_down_and_up_again_but_not_above_its_list_price():
    assert answers(Match(lag=0, floor=5.0), 8.0, 7.0, 3.0, 9.0, 12.0) == [8.0, 7.0, 5.0, 9.0, 10.0]


def test_an_answer_comes_after_its_lag():
    assert answers(Match(lag=2, floor=5.0), 8.0, 7.0, 6.0, 9.0) == [10.0, 10.0, 8.0, 7.0]


def test_undercutting_asks_less_than_the_lowest_rival():
    assert answers(Undercut(lag=0, by=0.25, floor=5.0), 8.0) == [6.0]


def test_rivals_that_differ_or_have_left_are_not_followed():
    near = Match(lag=0, within=0.3, floor=5.0)
    assert answers(near, 8.0, interaction=0.2) == [8.0]
    assert answers(near, 8.0, interaction=0.8) == [10.0]
    assert answers(Match(lag=0, floor=5.0), 8.0, active=False) == [10.0]


def test_without_a_stated_floor_books_give_it_once_there_are_any():
    policy = Match(lag=0)
    # The first period has no price of the firm's own to which its books could belong.
    assert answers(policy, 3.0, 3.0, cost=6.0) == [10.0, 6.0]


def test_an_event_that_sets_the_price_sets_the_list_price():
    policy = Match(lag=0, floor=5.0)
    policy.decide(known(10.0, rivals=(8.0,)))
    assert policy.decide(known(7.0, rivals=(9.0,))) == 7.0


def war(**ann):
    """Two firms that go down together."""
    rule = {"pricing": {"name": "undercut", "by": 0.1, "lag": 0}}
    return market(
        {
            "Ann": firm(price=10.0, unit_cost=4.0, policy=rule, **ann),
            "Bob": firm(price=10.0, unit_cost=6.0, policy={"pricing": {"name": "match", "lag": 0}}),
        },
        customers=100,
        periods=14,
    )


def test_a_war_ends_at_the_cost_of_the_dearer_firm_and_says_so():
    told = cx.price_war(cx.run(war())).set_index("firm")
    assert told.loc["Bob", "reason"] == COST
    assert told.loc["Bob", "last_price"] == pytest.approx(6.0)
    assert told.loc["Ann", "reason"] == RIVALS
    assert told.loc["Ann", "last_price"] == pytest.approx(5.4)


def test_reasons_name_a_stated_floor_an_exit_and_a_price_that_never_fell():
    stated = war().override({"firms.Bob.policy.pricing": {"name": "match", "floor": 8.0}})
    assert cx.price_war(cx.run(stated)).set_index("firm").loc["Bob", "reason"] == FLOOR
    leaves = war().override({"events": [{"at": 5, "set": {"firms.Bob.active": False}}]})
    told = cx.price_war(cx.run(leaves)).set_index("firm")
    assert told["reason"].to_dict() == {"Ann": LIST, "Bob": EXIT}


def test_markets_without_such_firms_tell_nothing():
    quiet = war().override({"firms.*.policy.pricing": "fixed"})
    assert cx.price_war(cx.run(quiet)).empty


def test_engines_agree_on_a_price_war():
    assert_same(played(war()), played(war(), engine="agents"))


def test_a_firm_earns_less_in_a_war_than_at_fixed_prices():
    calm = war().override({"firms.*.policy.pricing": "fixed"})
    differences = [
        cx.run(war(), seed=s).firms["profit"].sum() - cx.run(calm, seed=s).firms["profit"].sum()
        for s in range(3)
    ]
    assert max(differences) < 0.0


# --- prices for the relationship ------------------------------------------------------


def test_the_price_of_a_relationship_invests_in_strangers_and_harvests_from_the_known():
    assert relationship_price(10.0, knowledge=0.0, invest=0.2, harvest=0.1) == pytest.approx(8.0)
    assert relationship_price(10.0, knowledge=1.0, invest=0.2, harvest=0.1) == pytest.approx(11.0)
    assert relationship_price(10.0, knowledge=0.5, invest=0.0, harvest=0.0) == 10.0


def learner(**settings):
    """A firm that learns of its customers and asks as much as they are known."""
    rule = {"pricing": {"name": "relationship", "invest": 0.2, "harvest": 0.2, **settings}}
    return market(
        {"Ann": firm(price=10.0, interaction=0.8, policy=rule), "Bob": firm(price=10.0)},
        customers=100,
        periods=8,
    )


def test_it_asks_what_the_rule_says_of_the_knowledge_in_its_books():
    rows = cx.run(learner()).firms.query("firm == 'Ann'")
    knowledge, asked = rows["customer_knowledge"].to_numpy(), rows["price"].to_numpy()
    expected = [relationship_price(10.0, each, 0.2, 0.2) for each in knowledge[:-1]]
    assert asked[1:] == pytest.approx(expected, rel=1e-6)
    assert knowledge[-1] > knowledge[0]
    assert asked[-1] > asked[1]


def test_without_investment_and_harvest_the_market_is_as_at_a_fixed_price():
    fixed = learner().override({"firms.Ann.policy.pricing": "fixed"})
    assert_same(played(learner(invest=0.0, harvest=0.0)), played(fixed))


def test_a_relationship_price_follows_an_event_that_sets_the_list_price():
    event = {"at": 4, "set": {"firms.Ann.price": 10.5}}
    rows = cx.run(learner().override({"events": [event]})).firms.query("firm == 'Ann'")
    knowledge = rows["customer_knowledge"].to_numpy()
    assert rows["price"].to_numpy()[6] == pytest.approx(
        relationship_price(10.5, knowledge[5], 0.2, 0.2), rel=1e-6
    )
