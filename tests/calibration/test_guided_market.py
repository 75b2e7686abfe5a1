"""A market from what its managers know: answers, scenario and targets that they give, the fit."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

import cxsim as cx
from cxsim.calibration.market_forms import MarketForm, answers_text, write_workbook
from cxsim.calibration.market_questions import FirmAnswers, questions, read_answers
from cxsim.calibration.market_scenario import (
    checked_answers,
    fit_market,
    guided_market,
    price_sensitivity_of,
)
from cxsim.cli.app import cli
from cxsim.scenario.display import level_range, level_value, scale_table, scales
from cxsim.scenario.loading import read_yaml
from cxsim.strategy.decide import plan_decision

OPERATORS = Path(__file__).parent.parent / "support" / "operators.market.yaml"


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


def test_a_dozen_answers_are_needed_and_some_thirty_more_can_be_given():
    asked = (*questions(), *questions(FirmAnswers))
    assert len([each for each in asked if not each.unknown]) <= 12
    assert 20 <= len(asked) <= 40
    assert all(each.text and each.unit for each in asked)


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


def test_a_workbook_is_read_back_as_it_was(tmp_path):
    path = write_workbook(tmp_path / "mine.xlsx", operators())
    assert read_answers(path) == read_answers(OPERATORS)


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


# -- Decisions range over what is not identified


def test_a_decision_ranges_over_the_price_sensitivity_whatever_is_given():
    market = cx.Scenario.from_dict(checked_answers(OPERATORS).scenario, {"customers": 100})
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


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"moves": {"ap": {}}}, "do.moves.ap: expected a move, found 'ap'"),
        ({"moves": {"crm": {}}}, "expected a size of crm (share of purchases"),
        ({"moves": {"personalized_app": {"size": 1}}}, "expected no size of personalized_app"),
        ({"moves": {"loyalty_programme": {"size": 0.1}}}, "expected firms.Mass.loyalty_programme:"),
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


# -- Commands


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


@pytest.mark.slow
def test_published_churn_comes_out_of_the_run_and_a_decision_follows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_workbook("operators.xlsx", operators())
    words = ["market", "operators.xlsx", "--customers", "500", "--seeds", "2"]
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert done.return_value == 0, done.output
    assert "Every decision ranges over the price sensitivity" in " ".join(done.output.split())
    market = cx.load("operators.scenario.yaml")
    firms = cx.run(market, seed=0).firms
    churn = firms.groupby("firm")["churn"].mean()
    for name, stated in {"Alpha": 0.011, "Beta": 0.014, "Gamma": 0.019}.items():
        assert churn[name] == pytest.approx(stated, abs=0.003)
    total = firms.groupby("period")["customers"].sum()
    assert total.iloc[-1] == pytest.approx(10_000_000, rel=0.01)
    decision = cx.decide(market, options="operators.options.yaml", points=8, seeds=1)
    assert decision.firm == "Beta"
    assert "price sensitivity" in decision.factors
    assert set(decision.options) == {"stay", "personalized app"}


@pytest.mark.slow
def test_leaving_costs_by_firm_come_in_where_one_for_all_cannot_meet_each_churn():
    changes = {"firms__Alpha__churn": 0.006, "firms__Gamma__churn": 0.025}
    market = guided_market(read_answers(operators(churn_give_or_take=0.001, **changes)))
    fit = fit_market(market, seeds=2, settings={"customers": 500, "periods": 24})
    assert fit.by_firm
    costs = fit.result.parameters.set_index("path")["estimate"]
    alpha, beta, gamma = (costs[f"firms.{name}.leaving_cost"] for name in fit.churn["firm"])
    assert alpha > beta > gamma
    errors = fit.result.moments.query("measure == 'churn'")
    assert ((errors["model"] - errors["target"]).abs() < errors["model_se"]).all()
    assert any("Monte-Carlo error" in reason for reason in fit.reasons())


# -- The form of the notebook


def test_a_form_holds_the_answers_that_it_was_given():
    form = MarketForm(operators())
    assert read_answers(form.answers()) == read_answers(OPERATORS)
    assert "100 %" in form._total.value
    assert "price sensitivity" in form.check()


def test_a_form_says_what_is_wrong_and_what_shares_add_up_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    form = MarketForm(operators())
    form._tables["firms"][0][1]["share"].value = "39 %"
    assert "97 %" in form._total.value
    form._try(form.check)
    assert "expected shares that add up to 1, found a sum of 0.97" in form._said.value
    form._try(form.save)
    assert "Saved: my.market.yaml" in form._said.value
