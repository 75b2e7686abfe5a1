"""What advice rests on is part of the advice: costs, rivals, ranges, and when it is robust."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mobile_operators import COSTS, FREE, mobile

import cxsim as cx
from cxsim.scenario import Scenario
from cxsim.strategy.decide import plan_decision
from cxsim.strategy.decision import Decision
from cxsim.strategy.options import (
    CUSTOMARY,
    HIGHEST,
    NOT_STATED,
    assumptions,
    cost_range,
    customary,
    range_table,
    without_cost,
)
from cxsim.strategy.recommendation import (
    BEST_IN,
    DEFINITION,
    Grounds,
    conditions,
    market_facts,
    objections,
    robust,
    turning,
    unstated_costs,
)

#: Enough to see what is advised, and quick.
FEW = {"points": 16, "seeds": 2}
OPTIONS = "{stay: {}, app: {events: [{at: 1, over: 6, set: {firms.Alpha.interaction: 0.8,"
OPTIONS += " firms.Alpha.customization: 0.8}}]}, cut the price: {firms.Alpha.price: 32.3}}"
NAMED = (
    "customization", "interaction", "upkeep of capabilities", "building of capabilities",
)  # fmt: skip
STRONG = ("Recommendation for", "The recommendation is robust", "no value within")


def decided(**costs):
    return cx.decide(mobile(customers=120, **costs), "Alpha", options=OPTIONS, **FEW)


@pytest.fixture(scope="module")
def left_out():
    return decided()


@pytest.fixture(scope="module")
def stated():
    return decided(**COSTS)


@pytest.fixture(scope="module")
def free():
    return decided(**FREE)


# -- the three operators: costs that nobody stated -------------------------------------


def test_costs_that_nobody_stated_are_among_the_uncertainties(left_out):
    assert without_cost(left_out.factors) == NAMED
    ranges = range_table(left_out.facts["study"]["factors"]).set_index("uncertain")
    row = ranges.loc["interaction" + NOT_STATED]
    assert (row["from"], row["moves"]) == (0.0, "firms.Alpha.interaction_cost")
    assert row["to"] == pytest.approx(2 * 0.05 * (34 + 29 + 19) / 3, rel=1e-3)
    assert row["measured in"] == "assumed: up to 2 times 5 % of the mean price"


def test_without_costs_strong_words_are_withheld_in_the_answers_own_sentence(left_out):
    headline = left_out.headline()
    assert headline.startswith(
        "No recommendation for Alpha before the cost of customization, interaction, upkeep of "
        "capabilities and building of capabilities is stated"
    )
    assert not left_out.robust
    assert not any(strong in left_out.sentence() for strong in STRONG)
    assert "State the cost of customization" in left_out.sentence()


def test_a_cost_of_zero_that_is_stated_is_taken_at_its_word(free):
    assert free.recommended == "app"
    assert free.grounds.unstated == ()
    assert not any(name.endswith(NOT_STATED) for name in free.factors)
    assert free.headline().startswith("Recommendation for Alpha: 'app'")


def test_with_costs_the_advice_has_the_opposite_sign(free, stated):
    """The same market: what pays where one-to-one service is free loses where it costs."""
    for decision, sign in ((free, 1), (stated, -1)):
        means = decision.means().set_index("option")["mean"]
        assert sign * (means["app"] - means["stay"]) > 0
    assert stated.recommended != "app"


def test_a_decision_about_shares_needs_no_costs():
    study = plan_decision(mobile(), "Alpha", measure="market_share", options=OPTIONS)
    assert without_cost(factor.name for factor in study.factors) == ()


def test_uncertainties_of_ones_own_do_not_silence_a_missing_cost():
    own = "{firms.Alpha.interaction_cost: [0, 2], learning_rate: [0.5, 2]}"
    study = plan_decision(mobile(), "Alpha", options=OPTIONS, uncertainties=own)
    names = [factor.name for factor in study.factors]
    assert names[:2] == ["firms.Alpha.interaction_cost", "learning_rate"]
    assert without_cost(names) == tuple(name for name in NAMED if name != "interaction")


def test_a_cost_that_an_option_states_is_left_to_it():
    options = "{stay: {}, hotline: {firms.Alpha.interaction: 0.6, firms.Alpha.interaction_cost: 2}}"
    study = plan_decision(mobile(), "Alpha", options=options, rival="none")
    assert "interaction" not in without_cost(factor.name for factor in study.factors)
    assert {each.free for each in unstated_costs(study, "Alpha")}.isdisjoint(NAMED)


def test_only_the_firms_own_costs_are_asked_for():
    study = plan_decision(mobile(), "Alpha", options=OPTIONS)
    moved = [m.path for factor in study.factors for m in factor.moves if "cost" in m.path]
    assert moved
    assert all(path.startswith("firms.Alpha.") for path in moved)


def test_shipped_scenarios_state_the_costs_of_their_default_options():
    for name in ("baseline", "airline", "streaming"):
        study = plan_decision(name, points=16)
        assert without_cost(factor.name for factor in study.factors) == ()


def test_a_decision_keeps_what_it_rests_on(left_out, tmp_path):
    kept = Decision.load(left_out.save(tmp_path / "kept"))
    assert kept.sentence() == left_out.sentence()
    assert kept.grounds == left_out.grounds


def test_costs_assumed_for_a_panel_are_named_in_the_answer():
    market = mobile(customers=60, periods=6, **COSTS)
    assumed = pd.DataFrame({"path": ["firms.Alpha.unit_cost", "firms.Beta.unit_cost",
                                     "segments.Comfort.ordering_effort"],
                            "value": 1.0})  # fmt: skip
    decision = cx.decide(market, "Alpha", assumed=assumed, options=OPTIONS, **FEW)
    assert decision.grounds.assumed == ("units",)
    assert "the cost of units is assumed" in decision.sentence()
    assert not decision.robust


# -- customary costs -------------------------------------------------------------------


def test_customary_costs_are_those_of_the_baseline():
    baseline, tailor = cx.load("baseline"), cx.load("baseline").firms["Tailor"]
    for name in ("unit_cost", "customization_cost", "interaction_cost", "cost_to_serve",
                 "capability_cost", "capability_investment"):  # fmt: skip
        assert customary(baseline, name) == pytest.approx(getattr(tailor, name))


def test_a_unit_that_nobody_priced_costs_at_most_its_price():
    assert cost_range(cx.load("baseline"), "firms.Mass.unit_cost") == (0.0, 20.0)
    low, high = cost_range(cx.load("baseline"), "firms.Mass.capability_cost")
    assert (low, high) == (0.0, HIGHEST * 15000.0)


def test_every_cost_that_asks_to_be_stated_has_a_customary_size():
    table = Scenario.parameters()
    asking = {
        path.rpartition(".")[2]
        for path, spec in ((".".join(p), s) for p, s in mobile().schema.root.parameters())
        if spec.ask is not None and spec.ask.free
    }
    assert asking
    assert asking <= set(CUSTOMARY)
    assert asking <= {path.rpartition(".")[2] for path in table["path"]}


def test_what_is_assumed_for_a_panel_leaves_an_explicit_zero_alone():
    market = cx.load("yogurt", {"firms.dannon.unit_cost": 0.0})
    made = assumptions(market)
    assert "firms.dannon.unit_cost" not in made
    assert "firms.weight.unit_cost" in made


# -- conditions ------------------------------------------------------------------------


def test_rivals_that_do_not_answer_a_price_are_a_condition_of_the_advice(stated):
    market = stated.facts["market"]
    assert conditions(market, "cut the price", "stay") == [
        "rivals do not change their prices in response"
    ]
    assert conditions(market, "app", "stay") == ["no rival responds except Beta, by copying"]


def test_a_rival_that_sets_its_price_by_a_policy_responds():
    market = cx.load("baseline", {"firms.Niche.policy.pricing": "adaptive"})
    facts = market_facts(plan_decision(market, "Mass", rival="none"), "Mass")
    assert conditions(facts, "cut the price", "stay") == [
        "Targeted and Tailor do not change their prices in response"
    ]
    assert conditions(facts, "both at once", "stay") == []


def test_a_rival_that_answers_in_an_option_is_no_rival_that_does_not_respond():
    answer = {"changes": {"price": 17.0}, "start": 3}
    options = {
        "stay": {},
        "cut": {"firms.Mass.price": 18.0, "firms.Niche.programmes.follow": answer},
        "app": {"firms.Mass.interaction": 0.5, "firms.Tailor.programmes.follow": answer},
    }
    facts = market_facts(plan_decision("baseline", "Mass", options=options, points=4), "Mass")
    assert facts["answers"] == {"stay": {}, "cut": {"Niche": True}, "app": {"Tailor": True}}
    assert conditions(facts, "cut", "stay") == [
        "Targeted and Tailor do not change their prices in response"
    ]
    assert conditions(facts, "app", "stay") == [
        "no rival responds except Niche, by copying; Tailor, as the options state"
    ]


def test_what_a_rival_does_in_every_option_is_no_answer():
    own = {"firms.Niche.programmes.cut": {"changes": {"price": 17.0}, "start": 3}}
    options = {"stay": own, "app": own | {"firms.Mass.interaction": 0.5}}
    facts = market_facts(
        plan_decision("baseline", "Mass", options=options, rival="none", points=4), "Mass"
    )
    assert conditions(facts, "app", "stay")[0] == "no rival responds"


def test_a_market_without_the_no_purchase_option_is_a_condition():
    market = cx.load("baseline", {"no_purchase_option": False})
    facts = market_facts(plan_decision(market, "Mass", rival="none"), "Mass")
    assert conditions(facts, "both at once", "stay") == [
        "no rival responds",
        "customers must buy from some firm, which overstates the benefit of higher prices",
    ]


def test_an_option_that_moves_the_price_by_an_event_counts():
    options = "{stay: {}, later: {events: [{at: 3, set: {firms.Mass.price: 19}}]}}"
    facts = market_facts(plan_decision("baseline", "Mass", options=options), "Mass")
    assert facts["moves_price"] == ["later"]
    assert facts["copier"] == "Niche"


# -- robust ----------------------------------------------------------------------------


def test_robust_has_one_definition_and_says_it():
    assert robust(Grounds(lead_lower=1.0, best_share=BEST_IN))
    assert f"{100 * BEST_IN:.0f} % of the futures" in DEFINITION


@pytest.mark.parametrize(
    ("grounds", "said"),
    [
        (Grounds(0.0, 1.0), "not statistically significant"),
        (Grounds(1.0, 0.69), "best in only 69 % of the futures"),
        (Grounds(1.0, 0.9, turned_by=("'stay' is better where x is below 2",)), "below 2"),
        (Grounds(1.0, 0.9, horizon="'stay' leads beyond month 80"), "beyond month 80"),
        (Grounds(1.0, 0.9, unstated=("interaction",)), "no cost is stated for interaction"),
        (Grounds(1.0, 0.9, assumed=("units",)), "the cost of units is assumed"),
    ],
)
def test_each_ground_alone_takes_the_word_away(grounds, said):
    assert not robust(grounds)
    (against,) = objections(grounds)
    assert said in against


@given(st.floats(-1, 1), st.floats(0, 1), st.lists(st.text(min_size=1), max_size=2))
def test_what_is_robust_is_best_in_most_futures_and_turned_by_nothing(lower, share, turned):
    grounds = Grounds(lower, share, turned_by=tuple(turned))
    assert robust(grounds) == (lower > 0 and share >= BEST_IN and not turned)


def test_where_another_option_is_better_is_said_with_its_measure():
    turns = [{"at": 0.774, "below": "raise", "above": "stay"},
             {"at": 0.877, "below": "stay", "above": "cut"}]  # fmt: skip
    assert turning("cut", "price sensitivity", turns, "times the scenario's value") == (
        "'stay' is better where price sensitivity is below 0.877 times the scenario's value"
    )


@pytest.mark.slow
def test_a_price_cut_that_is_best_in_two_thirds_of_the_futures_is_not_called_robust():
    decision = cx.decide("baseline", "Mass")
    assert decision.recommended == "cut the price"
    assert decision.grounds.best_share < BEST_IN
    assert "It is not robust: it is best in only 7" in decision.sentence()
    assert "rivals do not change their prices in response" in decision.headline()
    assert not any(word in decision.sentence() for word in ("holds up", "find out"))


# -- the horizon -----------------------------------------------------------------------


def by_horizon(first, later, *, periods=24):
    """Two options at 16 futures: building earns ``first`` in year one, then ``later`` a month."""
    path = {"stay": [0.0] * periods, "build": [first] * 12 + [later] * (periods - 12)}
    rows = [
        {
            "point": point, "strategy": name, "seed": 0, "x": point / 16,
            "net_present_value.Ann": sum(path[name]),
            "net_present_value_perpetuity.Ann": sum(path[name]) + path[name][-1] / 0.01,
            "net_present_value_equity.Ann": sum(path[name]),
            "profit.Ann@period": path[name],
        }
        for point in range(16)
        for name in path
    ]  # fmt: skip
    money = {"discount_rate": 0.01, "period": "month", "currency": "EUR"}
    facts = {
        "firm": "Ann", "output": "net_present_value.Ann", "unit": "EUR", "confidence": 0.95,
        "options": list(path), "factors": ["x"], "study": {}, "money": money,
    }  # fmt: skip
    return Decision(pd.DataFrame(rows), facts)


def test_a_horizon_that_decides_stands_in_the_answer_and_is_not_robust():
    decision = by_horizon(-2.0, 1.0)
    assert decision.recommended == "stay"
    assert "profit after 24 months is not counted" in decision.headline()
    assert "'build' is best with the last year's profit in perpetuity" in decision.sentence()
    assert not decision.robust


def test_an_option_that_pays_late_names_the_horizon_that_it_needs():
    decision = by_horizon(-2.0, 3.0)
    assert decision.recommended == "build"
    assert "the horizon is longer than" in decision.headline()
    assert decision.robust
