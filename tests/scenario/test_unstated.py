"""What a scenario leaves unstated is named: a cost that was left out is never zero in silence."""

from __future__ import annotations

import json
import re
from html import unescape
from types import SimpleNamespace

import pytest
from mobile_operators import APP, COSTS, FREE, MOBILE, mobile, with_app

import cxsim as cx
from cxsim.cli import main
from cxsim.cli.run_and_compare import _print_firms, print_unstated
from cxsim.report.notebooks import lay_out
from cxsim.report.report import Report
from cxsim.scenario import shipped_scenarios
from cxsim.scenario.unstated import (
    defaults_line,
    free_line,
    inherited,
    inherited_line,
    unstated,
    unstated_table,
)
from cxsim.study.paired_seeds import replicate

#: Calibrated to purchases, which show no costs: these two name what they leave open.
FROM_PANELS = {"catsup", "yogurt"}


def lone(**firm):
    """A market of one firm."""
    only = {"price": 10.0, "unit_cost": 5.0, "cost_to_serve": 0.5} | firm
    segments = {"All": {"share": 1.0, "purchase_rate": 0.5, "exit_rate": 0.0, "fit_weight": 1.0,
                        "price_sensitivity": 0.3}}  # fmt: skip
    world = {
        "periods": 12,
        "market_size": 1000.0,
        "discount_rate": 0.01,
        "no_purchase_option": True,
    }
    return cx.Scenario.from_dict({**world, "firms": {"Alpha": only}, "segments": segments})


def free(scenario):
    return {each.path for each in unstated(scenario) if each.free}


# -- which costs deserve a statement ---------------------------------------------------


def test_a_capability_above_zero_without_a_cost_is_named():
    market = lone(customization=0.5)
    assert free_line(market) == (
        "Free in this market: Alpha's customization and upkeep of capabilities (no cost stated)."
    )


def test_a_capability_of_zero_asks_for_no_cost():
    assert free_line(lone()) == ""


def test_an_explicit_zero_is_a_statement():
    market = lone(customization=0.5, customization_cost=0.0, capability_cost=0)
    assert free_line(market) == ""


def test_an_override_is_a_statement_and_so_is_an_event():
    market = lone(interaction=0.5, capability_cost=0.0)
    assert free(market) == {"firms.Alpha.interaction_cost"}
    assert free(market.override({"firms.*.interaction_cost": 0.0})) == set()
    event = {"at": 3, "set": {"firms.Alpha.interaction_cost": 1.0}}
    assert free(market.override({"events": [event]})) == set()


def test_a_capability_that_an_event_builds_asks_for_its_cost_and_investment():
    market = lone().override({"events": [{"at": 3, "set": {"firms.Alpha.interaction": 0.5}}]})
    assert free(market) == {
        f"firms.Alpha.{name}"
        for name in ("interaction_cost", "capability_cost", "capability_investment")
    }


def test_investment_is_asked_for_only_where_a_capability_rises():
    lower = {"events": [{"at": 3, "set": {"firms.Alpha.interaction": 0.2}}]}
    market = lone(interaction=0.5, interaction_cost=1.0, capability_cost=1.0)
    assert free(market) == free(market.override(lower)) == set()


def test_a_policy_that_sets_capabilities_asks_for_what_they_cost():
    market = lone(policy={"capability": {"name": "adaptive"}})
    assert free(market) >= {"firms.Alpha.capability_investment", "firms.Alpha.interaction_cost"}


def test_touchpoints_surveys_and_contacts_are_named_one_by_one():
    market = lone().override(
        {
            "journey": {"shop": {"stage": "buy"}, "phone": {"stage": "support"}},
            "firms.Alpha.touchpoints": {"shop": {"cost": 0}, "phone": {}},
            "firms.Alpha.surveys": {"event_based": {"sample": 0.1}},
            "firms.Alpha.recovery": {"threshold": 3.0},
        }
    )
    assert free_line(market) == (
        "Free in this market: Alpha's touchpoint phone, surveys and service recovery "
        "(no cost stated)."
    )


def test_firms_that_leave_the_same_out_are_named_together():
    line = free_line(with_app(mobile()))
    assert line == (
        "Free in this market: every firm's customization, interaction and upkeep of capabilities; "
        "Beta's building of capabilities (no cost stated)."
    )


# -- what else an answer rests on ------------------------------------------------------


def test_defaults_that_answers_rest_on_are_listed_with_value_and_unit():
    market = cx.Scenario.from_dict(
        {"firms": {"Alpha": {"price": 9.0, "unit_cost": 5, "cost_to_serve": 0}},
         "segments": {"All": {"share": 1.0}}}
    )  # fmt: skip
    assert defaults_line(market) == (
        "Not stated and left at the default: periods 60 periods, market size 100,000 customers, "
        "no purchase option off, discount rate 0.01 per month, price sensitivity 1 1 / EUR, "
        "purchase rate 1 per month, exit rate 0 per month."
    )


def test_a_distribution_of_turnover_stands_in_its_place():
    market = lone().override({"segments.All": {"share": 1.0, "exit_rate_beta": (1.0, 9.0)}})
    assert "exit_rate" not in defaults_line(market)


def test_a_market_of_ones_own_is_told_what_it_took_over():
    taken = {each.parameter: each.value for each in inherited(mobile())}
    assert taken["exit_rate"] == 0.01
    assert "exit rate 0.01 per month" in inherited_line(mobile())
    assert "baseline.yaml" in inherited_line(mobile())
    assert inherited(mobile(**{"segments.*.exit_rate": 0.005}))[-1].parameter != "exit_rate"


def test_a_variant_means_what_it_takes_over():
    assert inherited(cx.load("copycat")) == ()


def test_the_table_says_whose_and_from_where():
    table = unstated_table(with_app(mobile())).set_index("parameter")
    assert table.loc["interaction_cost", ["of", "value", "source"]].tolist() == [
        "all firms", 0.0, "default",
    ]  # fmt: skip
    assert table.loc["capability_investment", "of"] == "Beta"
    assert table.loc["exit_rate", "of"] == "all segments"
    assert mobile().unstated().equals(unstated_table(mobile()))


# -- stating changes nothing else ------------------------------------------------------


@pytest.mark.parametrize("name", ["baseline", "copycat", "catsup", "streaming"])
def test_stating_a_default_leaves_the_digest_alone(name):
    market = cx.load(name)
    said = market.override({each.path: each.value for each in unstated(market)})
    assert unstated(said) == ()
    assert said.digest == market.digest


def test_statements_survive_saving_and_pickling(tmp_path):
    import pickle

    market = mobile(**FREE)
    saved = cx.load(market.save(tmp_path / "market.yaml"))
    assert unstated(saved) == unstated(market) == unstated(pickle.loads(pickle.dumps(market)))


# -- shipped scenarios -----------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(shipped_scenarios()) - FROM_PANELS))
def test_shipped_scenarios_state_what_answers_rest_on(name):
    assert unstated(cx.load(name)) == ()


@pytest.mark.parametrize("name", sorted(FROM_PANELS))
def test_a_scenario_from_a_panel_names_the_costs_that_no_panel_shows(name):
    assert free_line(cx.load(name)) == (
        "Free in this market: every firm's units and handling of purchases (no cost stated)."
    )


def test_the_template_of_a_market_states_everything(tmp_path):
    market = cx.load(lay_out(tmp_path / "work") / "params" / "market.yaml")
    assert unstated(market) == inherited(market) == ()
    raised = {"events": [{"at": 1, "set": {"firms.Alpha.interaction": 0.9}}]}
    assert unstated(market.override(raised)) == ()
    assert (
        cx.run(market, seed=1, overrides={"customers": 50, "periods": 3})
        .firms["market_share"]
        .sum()
        > 0
    )


# -- where it is said ------------------------------------------------------------------


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, market in (("mobile", mobile()), ("app", with_app(mobile()))):
        market.override({"customers": 60, "periods": 8}).save(f"{name}.yaml")
    return tmp_path


@pytest.fixture
def cxsim(capsys):
    """Call the command line; return what it prints, on one line."""

    def call(*words):
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        out, err = capsys.readouterr()
        assert ended.value.code in (0, None), err
        return " ".join(out.split())

    return call


def test_check_names_what_is_free_and_what_was_taken_over(cxsim, tmp_path):
    (tmp_path / "mobile.yaml").write_text(json.dumps(MOBILE | {"events": [APP]}))
    said = cxsim("check", str(tmp_path / "mobile.yaml"))
    assert "Beta's building of capabilities (no cost stated)." in said
    assert "identification 1, forgetting rate 0 per month" in said
    assert "exit rate 0.01 per month" in said


def test_check_is_silent_where_everything_is_stated(cxsim):
    assert "stated" not in cxsim("check", "baseline", "copycat", "streaming", "bad_service")


def test_a_report_says_it_below_its_answer_and_keeps_it_for_the_terminal(tmp_path, capsys):
    report = Report("compare", {}, output=str(tmp_path))
    report.use(mobile(), with_app(mobile()))
    page = report.answer("Beta gains.", seeds=range(2)).data
    assert page.index("Beta gains.") < page.index("app: Free in this market: every firm")
    report.finish(title="Beta's app")
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    print_unstated(SimpleNamespace(summary=summary))
    said = " ".join(capsys.readouterr().out.split())
    assert "mobile: Free in this market: every firm's customization" in said
    assert "Beta's building of capabilities (no cost stated)" in said
    assert "identification 1" in said


def test_a_run_of_one_seed_prints_its_figures_without_errors_to_tell(tmp_path, capsys):
    market = cx.load("baseline", {"customers": 50, "periods": 4})
    report = Report("scenario", {}, output=str(tmp_path))
    report.use(market)
    report.finish(title="One seed", answer="So.", means=replicate(market, seed=0, seeds=1).means)
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    _print_firms(SimpleNamespace(summary=summary))
    assert "(–)" in capsys.readouterr().out


def test_the_report_lists_what_was_left_out_with_units_and_origin():
    report = Report("scenario", {})
    report.use(mobile())
    text = report.unstated().to_html()
    for said in ("EUR per unit", "interaction_cost", "default", "baseline.yaml", "exit_rate"):
        assert said in text
    report.use(cx.load("baseline"))
    assert "states every cost" in report.unstated().data


@pytest.mark.slow
def test_run_and_its_report_say_it_on_the_first_screen(cxsim, files):
    said = cxsim("run", "mobile.yaml", "--seeds", "2", "-o", "out")
    line = "Free in this market: every firm's customization, interaction and upkeep of"
    assert line in said
    page = (files / "out" / "report.html").read_text(encoding="utf-8")
    words = " ".join(unescape(re.sub("<[^>]+>", "", page)).split())  # terms are marked
    assert 0 < words.index(line) < words.index("The answer in figures")
    assert "Values that the scenario does not state" in page


@pytest.mark.slow
def test_compare_says_which_of_the_scenarios_leaves_it_out(cxsim, files):
    said = cxsim("compare", "mobile.yaml", "app.yaml", "--seeds", "2", "-o", "out")
    assert "app: Free in this market: every firm's" in said
    assert "Beta's building of capabilities (no cost stated)" in said


def test_the_explorer_says_it_too():
    from cxsim.report.explorer import as_html

    explorer = cx.explore(mobile(customers=40, periods=6), seeds=1)
    assert "Free in this market: every firm's" in unescape(as_html(explorer.answer))


def test_costs_that_were_left_out_turn_the_answer():
    gains = {}
    for name, costs in (("left out", {}), ("stated", COSTS)):
        market = mobile(**costs)
        table = cx.compare(market, with_app(market), seeds=4).table
        rows = table.query("measure == 'net_present_value'").set_index("firm")
        gains[name] = rows.loc["Beta"]
    assert gains["left out"]["lower"] > 0
    assert gains["stated"]["upper"] < 0
