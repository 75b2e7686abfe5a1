"""A market from what its managers know: answers, scenario and targets that they give, the fit."""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

import cxsim as cx
from cxsim.calibration.market_forms import MarketForm, answers_text, write_workbook
from cxsim.calibration.market_questions import FirmAnswers, questions, read_answers
from cxsim.calibration.market_scenario import (
    MarketFit,
    checked_answers,
    fit_market,
    guided_market,
    price_sensitivity_of,
    reach_of,
)
from cxsim.calibration.moment_matching import lost_by_price, match_moments
from cxsim.calibration.panel import CalibrationError
from cxsim.calibration.targets import read_targets
from cxsim.cli.app import cli
from cxsim.scenario.display import (
    level_range,
    level_value,
    moves,
    scale_table,
    scales,
    with_neutral,
)
from cxsim.scenario.loading import read_yaml
from cxsim.scenario.unstated import free_line
from cxsim.strategy.decide import plan_decision
from cxsim.strategy.options import with_programmes
from cxsim.strategy.recommendation import unstated_costs

OPERATORS = Path(__file__).parent.parent / "support" / "operators.market.yaml"


#: What every move states.
MOVE = {"start": 7, "build": 3, "once": 1e6, "per_year": 1e6}


def operators(**changes):
    """Return the answers of the three operators, with changes by dotted path."""
    raw = deepcopy(read_yaml(OPERATORS)[0])  # files read are kept
    for path, value in changes.items():
        *above, last = path.split("__")
        into = raw
        for key in above:
            into = into[key]
        into[last] = value
    return raw


# -- Questions and answers


def test_a_dozen_answers_are_needed_and_some_thirty_are_seen_before_more():
    asked = (*questions(), *questions(FirmAnswers))
    assert len([each for each in asked if not each.unknown]) <= 12
    assert 20 <= len([each for each in asked if not each.more]) <= 30
    assert all(each.unknown for each in asked if each.more)
    assert all(each.text and each.unit for each in asked)


def test_the_size_of_a_move_may_be_written_in_per_cent():
    points = {"move": "loyalty_programme", "start": 4, "build": 3, "once": 1e5, "per_year": 1e5}
    one, other = (
        read_answers(operators(moves={"points": points | {"size": size}})) for size in ("3 %", 0.03)
    )
    assert one == other
    with pytest.raises(cx.ScenarioError, match="expected a number above 0"):
        read_answers(operators(moves={"points": points | {"size": "a lot"}}))


def test_a_share_may_be_written_in_per_cent():
    one, other = (read_answers(operators(leaving=each)) for each in ("0.4 %", 0.004))
    assert one == other


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"firms__Beta__share": 35}, "firms.Beta.share: expected a share from 0 to 1, found 35"),
        ({"firms__Beta__share": 0.3}, "shares that add up to 1, found a sum of 0.95"),
        ({"my_firm": "Bete"}, "my_firm: expected a firm, found 'Bete' (did you mean 'Beta'?)"),
        ({"firms__Beta__price": None}, "firms.Beta: expected price in a firm, found none"),
        ({"firms__Beta__churn": 0.003}, "expected more than the 0.004 who leave the whole market"),
        ({"purchases_per_year": 5}, "expected nothing where customers buy by subscription"),
        ({"price_response": 0.6}, "price_response: expected a share above 0 and below"),
        (
            {"exit_fee": 50, "contract_months": None},
            "contract_months: expected months of a contract",
        ),
        ({"prise": 1}, "expected a key of a market, found 'prise'"),
        ({"firms__Beta__nps": 0.2}, "firms.Beta.nps: expected service_contacts of the market"),
        (
            {"service_contacts": 0.1, "firms__Beta__nps": 0.2, "firms__Beta__service_score": 6},
            "firms.Beta.nps: expected service_score or nps",
        ),
        (
            {"firms__Beta__share_1": 0.3},
            "firms: expected share_1 of every firm or of none, found 1",
        ),
        ({"segments": {"A": {"share": 0.5}, "B": {"share": 0.4}}}, "found a sum of 0.9"),
        ({"moves": {"x": MOVE | {"move": "churn_model"}}}, "(the model has no contact with"),
        (
            {"moves": {"x": MOVE | {"move": "win_back", "size": 0.1}}},
            "x.unit_cost: expected cost of",
        ),
        (
            {"moves": {"x": MOVE | {"move": "outsourcing", "size": 4, "unit_cost": 2}}},
            "expected service_contacts to be answered",
        ),
        (
            {"moves": {"x": MOVE | {"move": "advertising", "size": 0.1}}},
            "expected known to be answered",
        ),
        (
            {"moves": {"x": MOVE | {"firm": "Gama", "price_to": 9}}},
            "found 'Gama' (did you mean 'Gamma'?)",
        ),
        (
            {"moves": {"x": MOVE | {"in_answer_to": "y", "delay": 1, "price_to": 9}}},
            "expected start, or in_answer_to and delay",
        ),
    ],
)
def test_an_answer_that_cannot_be_is_refused_with_its_key(changes, said):
    with pytest.raises(cx.ScenarioError) as error:
        read_answers(operators(**changes))
    assert said in str(error.value)


def test_a_file_of_answers_is_read_back_as_it_was(tmp_path):
    path = tmp_path / "mine.market.yaml"
    answers = read_answers(OPERATORS)
    path.write_text(answers_text(answers), encoding="utf-8")
    assert read_answers(path) == answers


#: Answers of every kind beside those of the three operators.
MORE = {
    "service_contacts": 0.2, "firms__Alpha__nps": "-10 %", "firms__Beta__known": 0.9,
    "segments": {"Light": {"share": 0.6}, "Heavy": {"share": "40 %", "different": 3}},
}  # fmt: skip


@pytest.mark.parametrize("more", [{}, MORE])
def test_a_workbook_is_read_back_as_it_was(tmp_path, more):
    path = write_workbook(tmp_path / "mine.xlsx", operators(**more))
    assert read_answers(path) == read_answers(operators(**more))


def test_a_workbook_explains_levels_beside_their_questions(tmp_path):
    sheet = openpyxl.load_workbook(write_workbook(tmp_path / "mine.xlsx"))["Firms"]
    assert "3: Service sees the customer's record" in sheet["H1"].comment.text


@pytest.mark.parametrize(
    ("cell", "value", "said"),
    [
        ("Firms!B4", 42, "Firms!B4: firms.Alpha.share: expected a share from 0 to 1, found 42"),
        ("Firms!C4", "=30+4", "Firms!C4: expected a value, found the formula '=30+4'"),
        ("Firms!H4", 7, "Firms!H4: firms.Alpha.talks: expected a whole number from 1 to 5"),
        ("Firms!A5", None, "Firms!A5: expected a name in this row, found none"),
        ("Firms!A5", "Alpha", "Firms!A5: expected every name once, found 'Alpha' again"),
        ("Market!B2", "Bete", "Market!B2: my_firm: expected a firm, found 'Bete'"),
    ],
)
def test_a_wrong_cell_of_a_workbook_is_named(tmp_path, cell, value, said):
    path = write_workbook(tmp_path / "mine.xlsx", operators())
    book = openpyxl.load_workbook(path)
    sheet, _, place = cell.partition("!")
    book[sheet][place] = value
    book.save(path)
    with pytest.raises(cx.ScenarioError) as error:
        read_answers(path)
    assert said in str(error.value)


def test_another_workbook_is_refused(tmp_path):
    path = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(path)
    with pytest.raises(cx.ScenarioError, match="written by cxsim new market --xlsx, found another"):
        read_answers(path)


# -- Scales


def test_every_scale_has_five_levels_and_none_is_a_border_of_the_matrix():
    values = [level_value(level) for level in range(1, 6)]
    assert values == sorted(values)
    assert not {0.0, 0.5, 1.0} & set(values)
    assert all(len(each.levels) == 5 for each in scales().values())
    assert len(scale_table()) == 5 * len(scales())


def test_levels_cover_the_scale_without_a_gap():
    for level in range(1, 5):
        assert level_range(level)[1] == level_range(level + 1)[0]


# -- The scenario and the targets


def test_the_scenario_is_valid_and_states_whose_market_it_is():
    market = checked_answers(OPERATORS)
    scenario = cx.Scenario.from_dict(market.scenario)
    assert (scenario.perspective.firm, scenario.perspective.goal) == ("Beta", "net_present_value")
    segment = scenario.segments["All"]
    assert (segment.exit_rate, segment.entry_rate) == (0.004, 1.0)
    assert segment.purchase_rate == pytest.approx(1 / 24, rel=1e-5)
    assert scenario.market_size == 10_000_000


def test_targets_are_total_churn_and_shares_within_two_standard_errors():
    market = checked_answers(OPERATORS)
    rows = {(row["measure"], row["firm"]): row for row in market.targets["targets"]}
    assert rows["churn", "Gamma"] == {
        "measure": "churn", "firm": "Gamma", "value": 0.019, "se": 0.0005
    }  # fmt: skip
    assert rows["customer_share", "Alpha"]["value"] == pytest.approx(0.42)


def test_what_is_left_open_has_a_range_and_is_no_zero():
    market = checked_answers(OPERATORS)
    ranges = {each.path: (each.low, each.taken, each.high) for each in market.open if each.taken}
    assert all(low < taken < high or taken in (low, high) for low, taken, high in ranges.values())
    assert set(ranges) == set(market.scenario["uncertain"])
    free = {each.path for each in market.open} - set(ranges)
    assert "firms.Beta.capability_cost" in free
    assert "capability_cost" not in market.scenario["firms"]["Beta"]


def test_a_typed_zero_is_a_number():
    market = guided_market(read_answers(operators(firms__Beta__contact_cost=0)))
    assert market.scenario["firms"]["Beta"]["interaction_cost"] == 0.0
    assert "firms.Beta.interaction_cost" not in {each.path for each in market.open}


def test_running_costs_are_charged_as_they_were_typed():
    """12 million a year at both levels: c (A^2 + C^2) is one million a month."""
    market = guided_market(read_answers(operators(firms__Beta__running_cost=12e6)))
    firm = market.scenario["firms"]["Beta"]
    overhead = firm["capability_cost"] * (firm["interaction"] ** 2 + firm["customization"] ** 2)
    assert overhead == pytest.approx(1e6, rel=1e-5)


def test_price_sensitivity_follows_from_the_loss_by_a_higher_price():
    """Without customers who wait: lost = 1 - exp(-a 0.1 p (1 - s))."""
    a = price_sensitivity_of(0.181269, 1.0, 20.0, 0.5)
    assert a == pytest.approx(0.2, rel=1e-4)
    stated = guided_market(read_answers(operators(price_response="5 %")))
    low, high = stated.scenario["uncertain"]["segments.All.price_sensitivity"]
    taken = stated.scenario["segments"]["All"]["price_sensitivity"]
    assert (low / taken, high / taken) == (pytest.approx(0.75), pytest.approx(1.33, rel=1e-4))


def test_customers_who_buy_single_purchases_have_their_rate():
    changes = {"buys": "purchases", "purchases_per_year": 2, "contract_months": None}
    segment = guided_market(read_answers(operators(**changes))).scenario["segments"]["All"]
    assert segment["purchase_rate"] == pytest.approx(2 / 12, rel=1e-5)
    assert "entry_rate" not in segment


def test_segments_want_what_their_difference_is_worth():
    """An offer for the average customer is worth w d^2 less at a distance d of mean needs."""
    rows = {
        "Light": {"share": "60 %", "price_response": "8 %"},
        "Heavy": {"share": "40 %", "different": 3},
    }
    made = guided_market(read_answers(operators(segments=rows, fit_value=6)))
    light, heavy = (made.scenario["segments"][name] for name in rows)
    assert (light["share"], heavy["share"]) == (0.6, 0.4)
    assert "need_mean" not in light
    distance = sum(x * x for x in heavy["need_mean"])
    assert heavy["fit_weight"] * distance == pytest.approx(3.0, rel=1e-4)
    alone = guided_market(read_answers(operators())).scenario["segments"]["All"]
    assert heavy["price_sensitivity"] == alone["price_sensitivity"]
    ranges = made.scenario["uncertain"]
    assert {f"segments.{name}.price_sensitivity" for name in rows} <= set(ranges)
    assert "segments.*.switching_cost" in made.targets["parameters"]
    cx.Scenario.from_dict(made.scenario)


def test_service_is_a_touchpoint_and_a_net_promoter_score_finds_how_good_it_is():
    """Three points of ten are 0.3 of experience once expectations have followed."""
    changes = {
        "service_contacts": 0.2, "service_value": 1.5, "firms__Alpha__nps": "10 %",
        "firms__Beta__service_score": 6, "firms__Beta__service_cost": 4,
    }  # fmt: skip
    made = guided_market(read_answers(operators(**changes)))
    assert made.scenario["journey"] == {"service": {"stage": "support", "visit_rate": 0.2}}
    assert made.scenario["segments"]["All"]["experience_value"] == pytest.approx(5.0)
    assert made.scenario["firms"]["Beta"]["touchpoints"] == {"service": {"mean": 6.0, "cost": 4.0}}
    assert "firms.Alpha.touchpoints.service.mean" in made.targets["parameters"]
    assert "firms.Gamma.touchpoints.service.mean" in made.scenario["uncertain"]
    (row,) = (r for r in made.targets["targets"] if r["measure"] == "net_promoter_score")
    assert (row["firm"], row["value"], row["periods"]) == ("Alpha", 0.1, [24, 35])


def test_awareness_stays_as_it_is_where_newcomers_know_nobody():
    """1 - k = (1 - k + x k) (1 - a): who is told replaces who leaves."""
    a = reach_of(0.6, 0.01)
    assert (1 - 0.6 + 0.01 * 0.6) * (1 - a) == pytest.approx(1 - 0.6)
    made = guided_market(read_answers(operators(firms__Beta__known=0.6)))
    assert made.scenario["firms"]["Beta"]["advertising_reach"] == 0.6
    assert made.scenario["firms"]["Alpha"]["advertising_reach"] == 1.0
    (event,) = made.scenario["events"]
    assert event["set"] == {
        "firms.Beta.advertising_reach": pytest.approx(reach_of(0.6, 0.004), rel=1e-5)
    }
    cx.Scenario.from_dict(made.scenario)


def test_a_stated_price_response_is_a_target_and_frees_the_price_sensitivity():
    made = guided_market(read_answers(operators(price_response="5 %")))
    assert made.targets["targets"][-1] == {
        "measure": "price_response", "firm": "Beta", "value": 0.05, "se": 0.00625
    }  # fmt: skip
    low, high = made.targets["parameters"]["segments.All.price_sensitivity"]
    assert low < made.scenario["segments"]["All"]["price_sensitivity"] < high
    silent = guided_market(read_answers(operators()))
    assert "segments.All.price_sensitivity" not in silent.targets["parameters"]


# -- Decisions range over what is not identified


def test_a_decision_ranges_over_the_price_sensitivity_whatever_is_given():
    market = cx.Scenario.from_dict(checked_answers(OPERATORS).scenario, {"customers": 20})
    given = {"market_size": {"low": 9e6, "high": 11e6}}
    for more in ({}, {"uncertainties": given}):
        study = plan_decision(market, points=4, seeds=1, **more)
        moved = {move.path for factor in study.factors for move in factor.moves}
        assert "segments.All.price_sensitivity" in moved
        assert study.outputs[0].firms == ("Beta",)


def test_a_move_is_a_programme_with_the_typed_money_and_stays_certain():
    made = checked_answers(OPERATORS)
    app = made.options["personalized app"]["programmes"]["personalized app"]
    assert (app["one_off"], app["running"], app["start"]) == (60e6, 1e6, 6)
    market = cx.Scenario.from_dict(made.scenario, {"customers": 100})
    study = plan_decision(market, options=made.options, points=4, seeds=1)
    moved = {move.path for factor in study.factors for move in factor.moves}
    assert "firms.Beta.interaction" not in moved
    assert "firms.Gamma.customization" in moved


# -- The menu of moves


def test_a_move_of_the_menu_has_its_changes_filled_in():
    terms = {"start": 1, "build": 0, "once": 0, "per_year": 0}
    given = {
        "cut": {"move": "price_cut", "size": 0.1, **terms},
        "points": {"move": "loyalty_programme", "size": 0.05, **terms},
    }
    made = guided_market(read_answers(operators(moves=given)))
    changes = {name: made.options[name]["programmes"][name]["changes"] for name in given}
    assert changes["cut"] == {"price": pytest.approx(26.1)}
    assert changes["points"] == {"loyalty_programme.points_per_currency": 5.0}
    neutral = made.scenario["firms"]["Beta"]["loyalty_programme"]
    assert neutral["points_per_currency"] == 0.0
    cx.Scenario.from_dict(made.scenario)


def test_eleven_of_twelve_moves_are_there_and_one_says_what_the_model_lacks():
    menu = moves()
    assert len(menu) == 12
    assert [name for name, each in menu.items() if each.missing] == ["churn_model"]


def test_every_move_of_the_menu_goes_into_a_guided_market():
    sizes = {
        "crm": 0.95, "consent": 0.9, "loyalty_programme": 0.02, "service_recovery": 0.4,
        "outsourcing": 5, "simpler_ordering": 0.5, "win_back": 0.05, "advertising": 0.1,
        "price_cut": 0.1, "premium": 0.05,
    }  # fmt: skip
    costs = {"service_recovery": 10, "outsourcing": 2, "win_back": 1}
    given = {
        name: MOVE | {"move": name, "size": sizes.get(name), "unit_cost": costs.get(name)}
        for name, each in moves().items()
        if not each.missing
    }
    changes = {"service_contacts": 0.2, "firms__Beta__known": 0.9, "moves": given}
    made = guided_market(read_answers(operators(**changes)))
    scenario = cx.Scenario.from_dict(made.scenario, {"customers": 100})
    for option in with_programmes("Beta", made.options).values():
        assert scenario.override(option)
    recovery = made.options["service_recovery"]["programmes"]["service_recovery"]["changes"]
    assert recovery == {"surveys.event_based.sample": 0.4, "recovery.cost": 10.0}
    partner = made.options["outsourcing"]["programmes"]["outsourcing"]["changes"]
    assert partner == {"touchpoints.service.mean": 5.0, "touchpoints.service.cost": 2.0}


def test_a_rival_acts_by_itself_in_every_option_and_in_answer_only_where_it_is_asked_for():
    given = {
        "cut": MOVE | {"move": "price_cut", "size": 0.1},
        "Gamma follows": {
            "move": "price_cut", "size": 0.1, "firm": "Gamma", "in_answer_to": "cut", "delay": 3,
            "build": 0,
        },
        "Alpha's app": {"move": "personalized_app", "firm": "Alpha", "start": 4, "build": 6},
    }  # fmt: skip
    options = guided_market(read_answers(operators(moves=given))).options
    assert set(options) == {"stay", "cut"}
    assert all("firms.Alpha.programmes.Alpha's app" in each for each in options.values())
    follows = "firms.Gamma.programmes.Gamma follows"
    assert follows not in options["stay"]
    assert options["cut"][follows] == {"changes": {"price": 17.1}, "start": 9, "build": 0}


def test_a_move_without_a_stated_cost_leaves_it_open_and_is_never_free():
    given = {"cut": {"move": "price_cut", "size": 0.1, "start": 7, "build": 0}}
    made = guided_market(read_answers(operators(moves=given)))
    assert "one_off" not in made.options["cut"]["programmes"]["cut"]
    market = cx.Scenario.from_dict(made.scenario, {"customers": 100})
    study = plan_decision(market, options=made.options, points=4, seeds=1)
    free = {each.free for each in unstated_costs(study, "Beta")}
    assert {"building of programme cut", "running of programme cut"} <= free


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"moves": {"ap": {}}}, "do.moves.ap: expected a move, found 'ap'"),
        ({"moves": {"crm": {}}}, "expected a size of crm (share of purchases"),
        ({"moves": {"personalized_app": {"size": 1}}}, "expected no size of personalized_app"),
        ({"moves": {"loyalty_programme": {"size": 0.1}}}, "expected firms.Mass.loyalty_programme:"),
        ({"moves": {"churn_model": {}}}, "the model has no contact with the firm's own customers"),
        (
            {"moves": {"win_back": {"size": 0.1}}},
            "expected a unit_cost of win_back (cost of a contact, in currency), found none",
        ),
        ({"moves": {"price_cut": {"size": 0.1, "firm": "Nich"}}}, "(did you mean 'Niche'?)"),
        (
            {"moves": {"price_cut": {"size": 0.1, "in_answer_to": "x", "delay": 1}}},
            "in_answer_to: expected another move of the option, found 'x'",
        ),
    ],
)
def test_an_option_with_a_move_that_cannot_be_is_refused(option, said):
    with pytest.raises(cx.ScenarioError) as error:
        plan_decision("baseline", "Mass", options={"stay": {}, "do": option}, points=4)
    assert said in str(error.value)


def test_a_move_is_charged_what_was_stated():
    terms = {"size": 0.05, "one_off": 1000, "running": 10, "build": 2}
    options = {"stay": {}, "cut": {"moves": {"price_cut": terms}}}
    study = plan_decision("baseline", "Mass", options=options, points=4)
    programme = study.strategies["cut"]["firms.Mass.programmes.price_cut"]
    assert programme == {"one_off": 1000, "running": 10, "build": 2, "changes": {"price": 19.0}}


def test_a_rival_answers_a_move_some_periods_after_its_start():
    moves_of = {
        "price_cut": {"size": 0.1, "one_off": 0, "running": 0, "start": 3},
        "follow": {
            "move": "price_cut", "firm": "Niche", "size": 0.05, "in_answer_to": "price_cut",
            "delay": 2,
        },
    }  # fmt: skip
    study = plan_decision(
        "baseline", "Mass", options={"stay": {}, "cut": {"moves": moves_of}}, points=4
    )
    answer = study.strategies["cut"]["firms.Niche.programmes.follow"]
    assert answer == {"start": 5, "changes": {"price": 19.0}}


def test_a_rival_that_builds_by_itself_is_not_the_one_that_copies():
    app = {"move": "personalized_app", "firm": "Niche", "start": 3}
    options = {"stay": {"moves": {"app": app}}, "cut": {"moves": {"app": app}}}
    study = plan_decision("baseline", "Mass", options=options, points=4)
    (event,) = study.strategies["stay"]["replace_events"]
    assert event["label"] == "Targeted copies Mass"


def test_a_scenario_file_may_name_a_move():
    terms = {"move": "win_back", "size": 0.05, "unit_cost": 2, "one_off": 0, "running": 0}
    market = cx.load("baseline", {"firms.Mass.programmes.back": terms})
    assert market.firms["Mass"].programmes["back"].changes == {
        "acquisition.contacts": 0.05, "acquisition.cost_per_contact": 2.0,
        "acquisition.trial_discount": 0.1,
    }  # fmt: skip
    assert market.firms["Mass"].acquisition.contacts == 0.0
    assert cx.Scenario.from_dict(market.to_dict()) == market
    with pytest.raises(cx.ScenarioError, match="expected journey in the market"):
        cx.load("baseline", {"firms.Mass.programmes.x": {"move": "outsourcing", "size": 4}})


def test_what_a_move_starts_from_changes_nothing():
    small = {"customers": 20, "periods": 6}
    firm = cx.load("bad_service").to_dict()["firms"]["InHouse"]
    ready = firm
    for move in moves().values():
        ready = with_neutral(ready, move)
    assert set(ready) > set(firm)
    without, with_it = (
        cx.run("bad_service", seed=1, overrides=small | more, engine="agents").firms
        for more in ({}, {"firms.InHouse": ready})
    )
    assert with_it[without.columns].equals(without)


# -- Price response


def test_the_loss_by_a_higher_price_is_that_of_the_logit_where_nothing_holds_customers():
    """Two equal firms of which everybody chooses anew: 1 - 2 / (1 + exp(a 0.1 p))."""
    firm = {"price": 10.0, "unit_cost": 1.0, "cost_to_serve": 0.0}
    market = cx.Scenario.from_dict(
        {
            "periods": 2, "period_length": "year", "customers": 2000,
            "segments": {"All": {"share": 1.0, "price_sensitivity": 0.4}},
            "firms": {"A": firm, "B": firm},
        }
    )  # fmt: skip
    expected = 1.0 - 2.0 / (1.0 + math.exp(0.4))
    lost = [lost_by_price(market, "A", seed) for seed in range(2)]
    assert sum(lost) / 2 == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"firm": "Mas"}, "expected a firm, found 'Mas' (did you mean 'Mass'?)"),
        ({"value": 5}, "expected a share above 0 and below 1, found 5"),
        ({"periods": [0, 3]}, "price_response is of the first year"),
        ({"measure": "csat"}, "give the mean score of contacts from 0 to 10, performance"),
    ],
)
def test_a_target_that_cannot_be_is_refused(row, said):
    given = {"measure": "price_response", "firm": "Mass", "value": 0.05, "se": 0.01, **row}
    plan = {"base": "baseline", "parameters": {"learning_rate": [0.1, 1]}, "targets": [given]}
    with pytest.raises(CalibrationError) as error:
        read_targets(plan)
    assert said in str(error.value)


def test_a_price_response_over_less_than_a_year_is_refused():
    row = {"measure": "price_response", "firm": "Mass", "value": 0.05, "se": 0.01}
    plan = {"base": "baseline", "parameters": {"learning_rate": [0.1, 1]}, "targets": [row]}
    with pytest.raises(CalibrationError, match="expected a scenario over a year or more"):
        read_targets(plan | {"settings": {"periods": 6}})


# -- Commands


def test_a_parameter_is_explained_with_its_levels():
    said = CliRunner().invoke(cli, ["list", "interaction"], standalone_mode=False).output
    assert "firms.*.interaction: How well the firm interacts" in said
    assert "at least 0, at most 1" in said
    assert "0.45: Service sees the customer's record" in said
    wrong = CliRunner().invoke(cli, ["list", "interacton"], standalone_mode=False)
    assert "did you mean 'interaction'?" in str(wrong.exception)


def test_new_market_creates_questions_that_check_asks_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    assert "my.market.yaml: created" in run(cli, ["new", "market"]).output
    assert "t.xlsx: created" in run(cli, ["new", "market", "--xlsx", "t.xlsx"]).output
    for file in ("my.market.yaml", "t.xlsx"):
        assert "found none" in str(run(cli, ["check", file]).output)
    write_workbook("mine.xlsx", operators())
    said = run(cli, ["check", "mine.xlsx"], standalone_mode=False).output
    assert "mine.xlsx: ok" in said
    assert "price sensitivity: 0.1477, 0.07387 to 0.2955" in said


def test_the_terminal_asks_for_what_must_be_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    market = ["Beta", "profit", "EUR", "month", "ten", "1000000", "subscription", "24",
              "customers", "", ""]  # fmt: skip
    firms = ["Alpha, Beta", "60 %", "34", "12", "2.5", "1.1 %", "40 %", "29", "12", "2.5", "1.4 %"]
    said = CliRunner().invoke(
        cli, ["new", "market", "--ask"], input="\n".join([*market, *firms]) + "\n"
    )
    assert "expected customers, found 'ten'" in said.output
    made = read_answers("my.market.yaml")
    assert (made.customers, made.firms["Beta"].churn) == (1_000_000, 0.014)


# -- The three operators, from the workbook to the decision


SHARES_BEFORE = {"Alpha": 0.44, "Beta": 0.34, "Gamma": 0.22}


@pytest.mark.slow
def test_published_churn_comes_out_of_the_run_and_a_decision_follows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    earlier = {f"firms__{name}__share_1": x for name, x in SHARES_BEFORE.items()}
    write_workbook("operators.xlsx", operators(**earlier))
    words = ["market", "operators.xlsx", "--customers", "500", "--seeds", "2"]
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert done.return_value == 0, done.output
    said = " ".join(done.output.split())
    assert "Every decision ranges over the price sensitivity" in said
    assert "of its customers within a year as assumed: nobody stated it" in said
    assert "Shares moved by up to 2 points in 1 year" in said
    market = cx.load("operators.scenario.yaml")
    firms = cx.run(market, seed=0, overrides={"customers": 4000}).firms
    churn = firms.groupby("firm")["churn"].mean()
    for name, stated in {"Alpha": 0.011, "Beta": 0.014, "Gamma": 0.019}.items():
        assert churn[name] == pytest.approx(stated, abs=0.003)
    total = firms.groupby("period")["customers"].sum()
    assert total.iloc[-1] == pytest.approx(10_000_000, rel=0.01)
    shares = firms.groupby("firm")["customer_share"].mean()
    for name, stated in {"Alpha": 0.42, "Beta": 0.35, "Gamma": 0.23}.items():
        assert shares[name] == pytest.approx(stated, abs=0.03)  # of 4,000 customers, one seed
    again = match_moments("operators.targets.yaml", seeds=2)
    assert again.scenario.override({"name": "operators"}) == market
    decision = cx.decide(market, options="operators.options.yaml", points=8, seeds=1)
    assert decision.firm == "Beta"
    assert "price sensitivity" in decision.factors
    assert set(decision.options) == {"stay", "personalized app"}


def test_stated_costs_are_in_the_books_to_the_euro():
    """60.0 million once, over the periods of building, then 1.0 million a month."""
    made = checked_answers(OPERATORS)
    app = with_programmes("Beta", made.options)["personalized app"]
    market = cx.Scenario.from_dict(made.scenario, {"customers": 20}).override(app)
    books = cx.run(market, seed=0, engine="agents").firms.query("firm == 'Beta'")
    once, running = books["programme_investment"], books["programme_running_cost"]
    assert once.sum() == pytest.approx(60e6, abs=0.5)
    assert set(running[running > 0]) == {1e6}
    assert (running > 0).sum() == 36 - 6 - 6


def test_what_a_guided_market_recognizes_is_in_its_running_costs():
    free = free_line(cx.Scenario.from_dict(checked_answers(OPERATORS).scenario))
    assert "identification" not in free


@pytest.mark.slow
def test_the_three_operators_are_met_in_the_figures_that_were_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_workbook("operators.xlsx", operators())
    done = CliRunner().invoke(cli, ["market", "operators.xlsx"], standalone_mode=False)
    assert done.return_value == 0, done.output
    market = cx.load("operators.scenario.yaml")
    firms = cx.run(market, seed=77, overrides={"customers": 20000}).firms
    mean = firms.groupby("firm")[["customer_share", "churn"]].mean()
    for name, share, churn in (
        ("Alpha", 0.42, 0.011),
        ("Beta", 0.35, 0.014),
        ("Gamma", 0.23, 0.019),
    ):
        assert mean.loc[name, "customer_share"] == pytest.approx(share, abs=0.005)
        assert mean.loc[name, "churn"] == pytest.approx(churn, abs=0.001)
    total = firms.groupby("period")["customers"].sum()
    assert total.iloc[35] == pytest.approx(10_000_000, rel=0.01)
    again = match_moments("operators.targets.yaml")
    assert again.scenario.override({"name": "operators"}) == market


@pytest.mark.slow
def test_a_move_without_stated_costs_gets_no_advice():
    given = {"app": {"move": "personalized_app", "start": 7, "build": 6}}
    made = checked_answers(operators(moves=given))
    market = cx.Scenario.from_dict(made.scenario, {"customers": 200})
    decision = cx.decide(market, options=made.options, points=8, seeds=1)
    assert decision.headline().startswith("No recommendation")


@pytest.mark.slow
def test_leaving_costs_by_firm_come_in_where_one_for_all_cannot_meet_each_churn():
    changes = {"firms__Alpha__churn": 0.006, "firms__Gamma__churn": 0.025}
    market = guided_market(read_answers(operators(churn_give_or_take=0.001, **changes)))
    fit = fit_market(market, seeds=2, settings={"customers": 500, "periods": 24})
    assert fit.by_firm
    costs = fit.result.parameters.set_index("path")["estimate"]
    alpha, beta, gamma = (costs[f"firms.{name}.leaving_cost"] for name in fit.churn["firm"])
    assert alpha > beta > gamma
    assert fit.churn["within"].all()
    assert fit.reasons() == ()


def test_answers_of_a_workbook_take_the_place_of_none_that_somebody_wrote(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_workbook("mine.xlsx", operators())
    mine = tmp_path / "mine.market.yaml"
    mine.write_text(answers_text(operators()), encoding="utf-8")
    before = mine.read_bytes()
    ended = CliRunner().invoke(cli, ["market", "mine.xlsx"], standalone_mode=False)
    assert "found a file of your own" in str(ended.exception)
    assert mine.read_bytes() == before
    assert not (tmp_path / "mine.start.yaml").exists()


def test_a_small_market_is_fitted_to_its_shares_and_churn():
    market = guided_market(read_answers(operators(churn_give_or_take=0.01)))
    fit = fit_market(market, seeds=2, settings={"customers": 100, "periods": 12})
    assert fit.churn["within"].all()
    moments = fit.result.moments
    shares = moments[moments["measure"] == "customer_share"]
    assert (shares["model"] - shares["target"]).abs().max() < 0.03
    assert not fit.by_firm, "churn rates alike need no leaving cost of each firm"
    for row in fit.result.parameters.to_dict("records"):
        assert fit.scenario.value(row["path"]) == pytest.approx(row["estimate"], rel=1e-4)
    assert fit.price_words().startswith("Price response: a price 10 % higher loses Beta ")


def test_churn_that_is_not_met_is_said_with_its_reason():
    market = guided_market(read_answers(operators()))
    churn = pd.DataFrame({"firm": ["Alpha", "Beta"], "stated": [0.006, 0.014],
                          "give_or_take": 0.001, "simulated": [0.009, 0.0142],
                          "within": [False, True]})  # fmt: skip
    moments = pd.DataFrame({"measure": ["churn"], "model_se": [0.0001]})
    bound = "Alpha.leaving_cost is at a bound."
    result = SimpleNamespace(moments=moments, reasons=lambda: (bound,))
    fit = MarketFit(market, result, {}, churn, (100.0, 100.0), True, 0.1, 0.01, pd.DataFrame())
    first, second = fit.reasons()
    assert first.startswith("Alpha: simulated churn of 0.90 % is not within 0.1 points")
    assert second == bound


# -- The form of the notebook


def test_a_form_holds_the_answers_that_it_was_given():
    form = MarketForm(operators())
    assert read_answers(form.answers()) == read_answers(OPERATORS)
    assert "100 %" in form._total.value
    assert "price sensitivity" in form.check()


def test_a_form_opens_more_questions_only_where_one_of_them_is_answered():
    def opened(form):
        page = form.widget.children[0].children[0]
        return page.children[-1].selected_index

    assert opened(MarketForm()) is None
    assert opened(MarketForm({"discount_rate": 0.1})) == 0


def test_a_form_says_what_is_wrong_and_what_shares_add_up_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    form = MarketForm(operators())
    form._tables["firms"][0][1]["share"].value = "39 %"
    assert "97 %" in form._total.value
    form._try(form.check)
    assert "expected shares that add up to 1, found a sum of 0.97" in form._said.value
    form._try(form.save)
    assert "Saved: my.market.yaml" in form._said.value
