"""Switching costs, the brand-switching matrix and retention by tenure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cxsim.plot as cp
from cxsim.charts.labels import plain
from cxsim.charts.style import INK, contrast, ink_on

PARTS = ("switching_procedural", "switching_financial", "switching_relational")


def costs(**firms):
    """One period of firms with (procedural, financial, relational) costs."""
    rows = [(0, name, *parts) for name, parts in firms.items()]
    return pd.DataFrame(rows, columns=["period", "firm", *PARTS])


def title(figure):
    return plain(figure.get_suptitle())


# ------------------------------------------------------------- parts


def test_parts_are_stacked_and_the_total_is_told_beside(written):
    figure = cp.switching_costs(costs(Ann=(2.0, 1.0, 3.0), Bob=(1.0, 0.0, 0.5)))
    assert title(figure) == "Leaving Ann would cost its customers 6.00 on average, leaving Bob 1.50"
    axes = figure.axes[0]
    assert axes.get_xlabel() == "Mean switching cost of a customer (currency units)"
    starts = [bars.patches[0].get_x() for bars in axes.containers]
    assert starts == [0.0, 2.0, 3.0]
    for said in ("Procedural", "Financial", "Relational", "6.00", "1.50"):
        assert said in written(figure)


def test_negative_parts_stand_left_of_zero_and_the_total_is_marked(written):
    figure = cp.switching_costs(costs(Ann=(2.0, 0.0, -0.5)))
    relational = figure.axes[0].containers[2].patches[0]
    assert relational.get_x() + relational.get_width() == -0.5 or relational.get_width() == -0.5
    assert figure.axes[0].get_xlim()[0] < -0.5
    (mark,) = [line for line in figure.axes[0].lines if line.get_marker() == "v"]
    assert mark.get_xdata()[0] == 1.5
    assert "Triangle: total where a part is negative." in written(figure)


def test_a_part_that_nobody_has_is_told_instead_of_drawn(written):
    text = written(cp.switching_costs(costs(Ann=(2.0, 0.0, 1.0))))
    assert "Zero in this market: financial." in text
    assert "Financial" not in text


def test_a_firm_without_customers_is_said_to_have_none(written):
    figure = cp.switching_costs(costs(Ann=(2.0, 0.0, 1.0), Ghost=(np.nan,) * 3))
    assert "no customers" in written(figure)
    assert "Ghost has no customers" in cp.alternative_text(figure)
    nobody = cp.switching_costs(costs(Ghost=(np.nan,) * 3))
    assert title(nobody) == "No firm has customers in period 0"


def test_firms_are_listed_in_the_order_of_the_scenario(result):
    figure = cp.switching_costs(result.firms, period=12)
    names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert names == list(result.scenario.firms)
    assert figure.axes[0].yaxis_inverted(), "the first on top"
    assert "in month 12" in cp.alternative_text(figure)


# ------------------------------------------------------------- over customers


def test_the_distribution_tells_medians_and_how_many_customers(written):
    customers = pd.DataFrame(
        {
            "supplier": ["Ann"] * 5 + ["Bob"] * 3 + ["no_supplier"],
            "switching_cost": [1, 2, 3, 4, 5, -1, 0, 1, 9],
        }
    )
    figure = cp.switching_cost_distribution(customers)
    said = (
        "Half of Ann's customers would lose at least 3.00 by leaving, half of Bob's at least 0.00"
    )
    assert title(figure) == said
    text = written(figure)
    assert "Ann 5 customers" in text
    assert "median 3.00" in text
    assert "no_supplier" not in text
    assert figure.axes[0].get_xlim()[0] <= -1.0


def test_the_distribution_has_firms_in_the_order_of_the_scenario(result):
    labels = cp.switching_cost_distribution(result.customers).axes[0].get_yticklabels()
    names = [label.get_text().split("\n")[0] for label in labels]
    assert names == list(result.scenario.firms)


def test_customers_with_one_and_the_same_cost_and_firms_without_any_can_be_drawn(written):
    alike = pd.DataFrame({"supplier": ["Ann"] * 4, "switching_cost": [2.0] * 4})
    figure = cp.switching_cost_distribution(alike, firms=["Ann", "Ghost"])
    assert title(figure) == "Half of Ann's customers would lose at least 2.00 by leaving"
    assert "Ghost 0 customers" in written(figure)
    with pytest.raises(ValueError, match="expected somebody with a supplier"):
        cp.switching_cost_distribution(alike.assign(supplier="no_supplier"))


# ------------------------------------------------------------- from whom to whom


@pytest.fixture
def flows():
    rows = [
        (0, "no_supplier", "Ann", 10), (0, "no_supplier", "Bob", 30),
        (0, "no_supplier", "no_purchase", 0),
        (0, "Ann", "Ann", 0), (0, "Ann", "Bob", 0), (0, "Ann", "no_purchase", 0),
        (0, "Bob", "Ann", 0), (0, "Bob", "Bob", 0), (0, "Bob", "no_purchase", 0),
        (1, "no_supplier", "Ann", 0), (1, "no_supplier", "Bob", 0),
        (1, "no_supplier", "no_purchase", 0),
        (1, "Ann", "Ann", 60), (1, "Ann", "Bob", 20), (1, "Ann", "no_purchase", 20),
        (1, "Bob", "Ann", 50), (1, "Bob", "Bob", 50), (1, "Bob", "no_purchase", 0),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["period", "origin", "destination", "purchases"])


def test_cells_are_percent_of_rows_and_repeat_purchases_are_framed(flows, written):
    figure = cp.brand_switching(flows)
    assert title(figure) == "Ann's customers choose it again 60 % of the time, Bob's 50 %"
    for said in ("60 %", "20 %", "75 %", "new customer", "no purchase", "Previous supplier"):
        assert said in written(figure)
    frames = [p for p in figure.axes[0].patches if not p.get_fill()]
    assert [frame.get_center().tolist() for frame in frames] == [[0, 1], [1, 2]]
    assert "The largest other flow: 50 % from Bob to Ann." in cp.alternative_text(figure)


def test_the_rows_follow_the_last_supplier_and_the_columns_the_next_option(flows):
    axes = cp.brand_switching(flows).axes[0]
    rows = [tick.get_text() for tick in axes.get_yticklabels()]
    columns = [tick.get_text() for tick in axes.get_xticklabels()]
    assert rows == ["new customer", "Ann", "Bob"]
    assert columns == ["Ann", "Bob", "no purchase"]


def test_periods_can_be_chosen_and_empty_margins_are_left_out(flows, written):
    later = cp.brand_switching(flows[flows["destination"] != "no_purchase"], periods=(1, 5))
    assert "new customer" not in written(later)
    assert "no purchase" not in written(later)
    assert "in period 1" in cp.alternative_text(later)
    first = cp.brand_switching(flows, periods=(0, 0))
    assert title(first) == "No customer of a firm made a choice in period 0"
    with pytest.raises(ValueError, match=r"periods: expected two from 0 to 1, found \(5, 9\)"):
        cp.brand_switching(flows, periods=(5, 9))


def test_numbers_can_be_read_in_every_cell(flows):
    axes = cp.brand_switching(flows).axes[0]
    grounds = [p.get_facecolor()[:3] for p in axes.patches if p.get_fill()]
    assert min(contrast(ink_on(ground), ground) for ground in grounds) >= 4.5
    assert ink_on("#102030") == "white"
    assert ink_on("#F0F0F0") == INK


# ------------------------------------------------------------- by tenure


def tenures(**firms):
    """Customers and stayers by band: Ann=[(100, 50), (40, 30)]."""
    bands = ["1", "2-3", "4-7"]
    rows = [
        (0, name, bands[k], *pair) for name, pairs in firms.items() for k, pair in enumerate(pairs)
    ]
    return pd.DataFrame(rows, columns=["period", "firm", "tenure", "customers", "stayed"])


def test_retention_by_tenure_tells_the_steepest_rise_and_warns_of_sorting(written):
    figure = cp.retention_by_tenure(
        tenures(Ann=[(100, 50), (40, 30), (10, 9)], Bob=[(100, 60), (40, 28), (10, 7)])
    )
    expected = "Ann retains 50 % of its customers per period at tenure 1 and 90 % at tenure 4-7"
    assert title(figure) == expected
    assert figure.axes[0].get_ylabel() == "Retention (% per period)"
    assert "or selection" in written(figure)
    assert "Bob 70 %" in written(figure)


def test_bands_with_hardly_any_customers_are_left_out(written):
    figure = cp.retention_by_tenure(tenures(Ann=[(1000, 500), (400, 300), (2, 2)]))
    assert "100 %" not in written(figure)
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["1", "2-3"]


def test_firms_without_customers_and_runs_too_short_to_tell_are_said_to_be():
    figure = cp.retention_by_tenure(tenures(Ann=[(0, 0)] * 3))
    assert title(figure) == "Retention by tenure: too few periods to compare"
    assert "Ann without customers" in cp.alternative_text(figure)


def test_periods_of_tenures_can_be_chosen(result):
    late = cp.retention_by_tenure(result.tenure, periods=(10, 19))
    assert cp.alternative_text(late) != cp.alternative_text(cp.retention_by_tenure(result.tenure))
    with pytest.raises(ValueError, match="tenure in periods: expected at least one row"):
        cp.retention_by_tenure(result.tenure, periods=(90, 99))
