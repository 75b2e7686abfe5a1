"""Figures of rivals: where profit goes, who takes customers, what policies and copies do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from markets import lively

import cxsim as cx
from cxsim import plot
from cxsim.charts.customer_flows import net_flows
from cxsim.runs.measures.frames import equity_changes, profit_statement
from cxsim.strategy.break_even import Payback
from cxsim.strategy.copying import copying_effects
from cxsim.strategy.one_to_one import profit_map


def switching(flows):
    rows = [(0, a, b, n) for (a, b), n in flows.items()]
    return pd.DataFrame(rows, columns=["period", "origin", "destination", "purchases"])


# --- net flows --------------------------------------------------------------------


FLOWS = switching(
    {
        ("Ann", "Ann"): 90, ("Ann", "Bob"): 10, ("Ann", "no_purchase"): 7,
        ("Bob", "Ann"): 25, ("Bob", "Bob"): 75, ("no_supplier", "Ann"): 50,
        ("no_supplier", "Bob"): 50,
    }
)  # fmt: skip


def test_a_net_flow_is_what_one_wins_less_what_it_loses_and_nobody_is_no_firm():
    (row,) = net_flows(FLOWS).to_dict("records")
    assert row == {"winner": "Ann", "loser": "Bob", "won": 25, "lost": 10, "net": 15}


def test_the_figure_of_flows_names_who_wins_from_whom(written):
    figure = plot.customer_flows(FLOWS)
    assert "Ann wins 15 customers" in written(figure)
    assert "Ann 15 from Bob (25 against 10)" in plot.alternative_text(figure)


def test_flows_need_two_firms_and_periods_that_are_there():
    with pytest.raises(ValueError, match="two firms or more, found 1"):
        plot.customer_flows(FLOWS[(FLOWS["origin"] == "Ann") & (FLOWS["destination"] == "Ann")])
    with pytest.raises(ValueError, match="periods"):
        plot.customer_flows(FLOWS, periods=(3, 9))


# --- money ------------------------------------------------------------------------


def test_the_waterfall_ends_where_the_statement_does(result, written):
    statement = profit_statement(result.firms)
    figure = plot.profit_waterfall(statement)
    for axes, name in zip(figure.axes, result.scenario.firms, strict=True):
        own = statement[statement["firm"] == name]
        ends = [p.get_y() + p.get_height() for p in axes.patches]
        assert len(ends) == len(own)
        before_profit, profit = ends[-2], ends[-1]
        assert before_profit == pytest.approx(profit)
        assert profit == pytest.approx(own["amount"].iloc[-1])
    assert "Cost of goods sold" in written(figure)


def test_a_loss_is_said_and_drawn_below_zero(result):
    dear = cx.run(lively(customers=200).override({"firms.*.unit_cost": 40.0})).firms
    figure = plot.profit_waterfall(profit_statement(dear))
    assert figure.axes[0].get_ylim()[0] < 0
    assert "−" in plot.alternative_text(figure)


def test_bars_of_causes_add_up_to_what_equity_changed_by(result):
    changes = equity_changes(result.firms)
    figure = plot.customer_equity_drivers(changes, over=5)
    for axes, name in zip(figure.axes, result.scenario.firms, strict=True):
        total = sum(p.get_height() for p in axes.patches)
        change = changes[changes["firm"] == name]["change"].sum()
        assert total == pytest.approx(change, abs=1e-6 * changes["equity"].max())
    with pytest.raises(ValueError, match="over: expected at least 1"):
        plot.customer_equity_drivers(changes, over=0)


# --- policies ---------------------------------------------------------------------

CLIMB = {"name": "roadmap", "targets": [{"at": 0, "interaction": 1.0}]}


def test_ways_have_a_panel_for_each_policy_and_say_where_firms_end(result):
    firms = pd.concat(
        [
            result.firms.assign(policy="builds"),
            result.firms.query("period < 5").assign(policy="waits"),
        ]
    )
    figure = plot.capability_paths(firms)
    assert [axes.get_title("left") for axes in figure.axes] == ["Builds", "Waits"]
    assert "builds: Mass 0.1, 0.9; waits: no firm moves" in plot.alternative_text(figure)


def test_a_tournament_shows_every_match_and_frames_best_answers(written):
    found = cx.tournament(
        lively(customers=200), {"stays": {}, "climbs": {"capability": CLIMB}},
        players=("Mass", "Niche"), seeds=2,
    )  # fmt: skip
    figure = plot.policy_tournament(found)
    assert "Mass plays" in written(figure)
    assert len(figure.axes[0].patches) == 4 + 2, "a cell for each match, a frame in each column"


@pytest.mark.parametrize(
    ("periods", "said"), [(4.0, "after 4 months"), (np.inf, "does not pay back")]
)
def test_payback_says_when_or_that_it_does_not(periods, said):
    curve = pd.DataFrame({"period": range(10), "difference": np.linspace(-5, 5, 10)})
    curve = curve.assign(se=1.0, lower=curve["difference"] - 2, upper=curve["difference"] + 2)
    curve.attrs["period_length"] = "month"
    found = Payback("Ann", 2, periods, periods - 1, periods + 1, 1.0, curve)
    figure = plot.payback_curve(found)
    assert said in figure.get_suptitle()


# --- copies and maps --------------------------------------------------------------


def test_copying_has_a_row_for_each_condition_and_says_where_there_is_no_lead(written):
    words = {"as it is": {"customers": 300}, "worthless": {
        "customers": 300, "segments.*.fit_weight": 0.0,
        "segments.*.ordering_effort": 0.0}}  # fmt: skip
    figure = plot.copying_effects(copying_effects(conditions=words, seeds=3))
    assert "worthless" in written(figure)
    assert "worthless: no lead to lose" in plot.alternative_text(figure)


def test_the_map_stands_twice_simulated_and_by_the_closed_form():
    found = profit_map(
        cx.load("baseline").override({"customers": 300, "periods": 12}), settled=6, seeds=2,
        need_variance=(0.2, 1.5), fit_weight=(0.0, 3.0), customization_cost=(0.2,),
    )  # fmt: skip
    figure = plot.one_to_one_profit_map(found)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles[0].startswith("Simulated")
    assert titles[1].startswith("Closed form")
    assert "loses at" in plot.alternative_text(figure)
