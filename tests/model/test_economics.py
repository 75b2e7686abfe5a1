"""Where profit and customer equity come from, and when an investment has paid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from journeys import heard
from markets import firm, lively, market

import cxsim as cx
from cxsim.runs.measures.frames import CAUSES, equity_changes, profit_statement, service_statement
from cxsim.strategy.one_to_one import individual_service_cost


def books(**columns):
    """A frame of one firm, made by hand."""
    periods = len(next(iter(columns.values())))
    return pd.DataFrame({"period": range(periods), "firm": "Ann", **columns})


@pytest.fixture(scope="module")
def run():
    late = [{"at": 4, "set": {"firms.Niche.active": False}}]
    return cx.run(lively(customers=2000, periods=12, events=late))


# --- customer equity --------------------------------------------------------------


def test_acquisition_retention_and_margin_add_up_to_the_change(run):
    changes = equity_changes(run.firms)
    np.testing.assert_allclose(changes[list(CAUSES)].sum(axis=1), changes["change"], atol=1e-6)
    np.testing.assert_allclose(changes["gone"] + changes["stay"], changes["retention"], atol=1e-6)


def test_equity_is_that_of_the_run_and_none_without_customers(run):
    changes = equity_changes(run.firms).set_index(["period", "firm"])["equity"]
    known = run.firms.set_index(["period", "firm"])["customer_equity"].fillna(0.0)
    np.testing.assert_allclose(changes, known.loc[changes.index], atol=1e-6)


def test_a_higher_margin_alone_is_all_margin():
    frame = books(
        customers=[100, 100], customers_acquired=[0, 0], contribution_margin=[500, 600],
        customer_lifetime_value_present=[20.0, 24.0],
    )  # fmt: skip
    (row,) = equity_changes(frame).to_dict("records")
    assert row["margin"] == pytest.approx(400)
    assert (row["acquisition"], row["retention"]) == (0, 0)


def test_customers_won_and_gone_alone_are_worth_what_a_customer_is_worth():
    frame = books(
        customers=[100, 110],
        customers_acquired=[0, 30],
        contribution_margin=[500, 550],
        customer_lifetime_value_present=[20.0] * 2,
    )
    (row,) = equity_changes(frame).to_dict("records")
    assert row["acquisition"] == pytest.approx(600)
    assert row["gone"] == pytest.approx(-400)
    assert row["stay"] == pytest.approx(0)


def test_a_longer_stay_alone_is_all_retention():
    frame = books(
        customers=[100, 100], customers_acquired=[0, 0], contribution_margin=[500, 500],
        customer_lifetime_value_present=[20.0, 30.0],
    )  # fmt: skip
    (row,) = equity_changes(frame).to_dict("records")
    assert row["stay"] == row["retention"] == pytest.approx(1000)


def test_the_causes_do_not_depend_on_the_order_in_which_factors_change():
    there = books(
        customers=[100, 150], customers_acquired=[0, 50], contribution_margin=[500, 600],
        customer_lifetime_value_present=[20.0, 12.0],
    )  # fmt: skip
    back = books(
        customers=[150, 100], customers_acquired=[0, 0], contribution_margin=[600, 500],
        customer_lifetime_value_present=[12.0, 20.0],
    )  # fmt: skip
    one, other = equity_changes(there).iloc[0], equity_changes(back).iloc[0]
    for cause in ("margin", "stay"):
        assert one[cause] == pytest.approx(-other[cause])
    assert one["acquisition"] == pytest.approx(-other["gone"])


def test_a_first_customer_base_is_all_acquisition():
    frame = books(
        customers=[0, 50], customers_acquired=[0, 50], contribution_margin=[0, 250],
        customer_lifetime_value_present=[np.nan, 20.0],
    )  # fmt: skip
    (row,) = equity_changes(frame).to_dict("records")
    assert row["acquisition"] == row["change"] == pytest.approx(1000)


def test_equity_without_a_column_is_refused_by_name(run):
    with pytest.raises(ValueError, match="'contribution_margin', found none"):
        equity_changes(run.firms.drop(columns="contribution_margin"))


# --- statements -------------------------------------------------------------------


@pytest.mark.parametrize("scenario", [lively(customers=400), heard(customers=400)])
def test_revenue_less_every_line_of_cost_is_profit(scenario):
    firms = cx.run(scenario).firms
    lines = profit_statement(firms)
    rest = lines[lines["line"] != "profit"].groupby("firm")["amount"].sum()
    profit = lines[lines["line"] == "profit"].set_index("firm")["amount"]
    np.testing.assert_allclose(rest.loc[profit.index], profit, atol=0.005)
    np.testing.assert_allclose(profit, firms.groupby("firm", sort=False)["profit"].sum())


def test_lines_of_mechanisms_stand_in_the_statement_when_there_are_any():
    own = {"touchpoint_improvement_cost", "service_recovery_cost"}
    assert not own & set(profit_statement(cx.run(lively()).firms)["line"])
    assert own <= set(profit_statement(cx.run(heard(customers=400)).firms)["line"])


def test_individual_service_costs_a_mass_firm_next_to_nothing_per_customer():
    run = cx.run("baseline", overrides={"customers": 500})
    each = service_statement(run.firms, run.scenario).set_index("firm")
    parts = each[
        ["customization_cost", "contact_cost", "individual_service_cost", "capability_spend"]
    ].sum(axis=1)
    np.testing.assert_allclose(parts, each["total"])
    assert each["per_customer"].idxmax() == "Tailor"
    assert each["per_customer"]["Mass"] < 0.2 * each["per_customer"]["Tailor"]


def test_serving_a_focused_few_costs_less_than_serving_everybody():
    run = cx.run("sweet_spot", overrides={"customers": 800})
    each = service_statement(run.firms, run.scenario).set_index("firm")
    for line in ("customization_cost", "individual_service_cost", "per_customer"):
        assert each.loc["Focus", line] < 0.8 * each.loc["Everyone", line]


def test_serving_everybody_is_compared_with_serving_a_few_seed_by_seed():
    small = cx.load("sweet_spot", {"customers": 400, "periods": 12})
    table = individual_service_cost(
        small, firm="Everyone", other="Focus", seeds=[3, 4, 5]
    ).set_index("line")
    runs = [cx.run(small, seed=seed) for seed in (3, 4, 5)]
    each = [service_statement(run.firms, small).set_index("firm")["total"] for run in runs]
    gaps = np.array([costs["Everyone"] - costs["Focus"] for costs in each])
    assert table.loc["total", "difference"] == pytest.approx(gaps.mean())
    assert table.loc["total", "se"] == pytest.approx(gaps.std(ddof=1) / np.sqrt(3))
    assert table.loc["total", "everybody"] == pytest.approx(np.mean([c["Everyone"] for c in each]))
    parts = table.loc[
        ["customization_cost", "contact_cost", "individual_service_cost", "capability_spend"], "few"
    ]
    assert parts.sum() == pytest.approx(table.loc["total", "few"])


def test_one_firm_is_compared_with_itself_in_another_market():
    small = cx.load("sweet_spot", {"customers": 400, "periods": 12})
    wide = small.override({"firms.Focus.value_tiers.focus": None})
    table = individual_service_cost(wide, small, firm="Focus", seeds=4).set_index("line")
    for line in ("customization_cost", "individual_service_cost", "per_customer"):
        assert table.loc[line, "lower"] > 0
    assert table.loc["capability_spend", "difference"] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"firm": "Focus"}, "expected another market, or another firm, found neither"),
        ({"firm": "Focus", "other": "Nobody"}, "expected one of Mass, Everyone, Focus"),
    ],
)
def test_costs_of_service_need_two_sides(words, message):
    with pytest.raises(ValueError, match=message):
        individual_service_cost("sweet_spot", **words)


def test_the_cost_of_service_needs_one_volume(run):
    with pytest.raises(ValueError, match="expected one volume in all"):
        service_statement(run.firms, run.scenario)


# --- payback ----------------------------------------------------------------------


def shop(**own):
    """Two firms that sell to half of 100,000 customers each, whatever they do."""
    return market(
        {"Ann": firm(unit_cost=5.0, **own), "Bob": firm()},
        {"All": {"share": 1.0, "price_sensitivity": 0.0}},
        periods=12,
    )


def test_an_investment_pays_back_when_what_it_saves_has_reached_what_it_cost():
    # 10 % of interaction costs 100,000 in period 2, and lowers the cost of each of 50,000
    # units by 1 from then on.
    event = [{"at": 2, "set": {"firms.Ann.interaction": 0.1, "firms.Ann.unit_cost": 4.0}}]
    cost = {"firms.Ann.capability_investment": 1.1e6, "firms.Ann.interaction": 0.0}
    before = shop().override({**cost, "discount_rate": 0.0})
    found = cx.payback(before, before.override({"events": event}), firm="Ann", seeds=4)
    assert found.start == 2
    assert found.periods == 3, "110,000 at 50,000 a period"
    assert found.lower <= found.periods <= found.upper
    assert found.paid == 1.0


def test_an_investment_that_earns_nothing_is_never_paid_back():
    cost = {"firms.Ann.capability_investment": 1e6, "firms.Ann.interaction": 0.0}
    before = shop().override(cost)
    after = before.override({"events": [{"at": 2, "set": {"firms.Ann.interaction": 0.1}}]})
    found = cx.payback(before, after, firm="Ann", seeds=3)
    assert found.periods == found.upper == np.inf
    assert "does not pay back within 10 months" in found.sentence("month")


def test_payback_needs_a_difference_and_a_firm_of_both():
    with pytest.raises(ValueError, match="expected Ann's profit to differ"):
        cx.payback(shop(), shop(), firm="Ann", seeds=1)
    with pytest.raises(ValueError, match="expected one of Ann, Bob, found 'Cy'"):
        cx.payback(shop(), shop(), firm="Cy", seeds=1)
