"""Figures of a decision: cumulative cash, the response to a price, the tornado."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.study.analysis.points import best_value


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_cumulative_cash_marks_the_period_from_which_on_it_has_paid():
    flows = pd.DataFrame({"period": range(5), "name": "build", "value": [-9, -5, 0.5, 4, 8]})
    figure = cx.plot.cumulative_cash(flows, paid={"build": 2})
    assert "payback: period 2" in texts(figure)
    assert "positive for good from period 2 on" in figure.get_suptitle().replace("\n", " ")
    title = " ".join(figure.get_suptitle().split())
    assert title.startswith("build: +8.00 of discounted cumulative cash flow at the end")
    assert figure.axes[0].get_ylabel().startswith("Discounted cumulative")
    never = cx.plot.cumulative_cash(flows.assign(value=-1.0))
    assert "not paid back within the run" in never.get_suptitle().replace("\n", " ")


def runs():
    """Profit 100 - (price - 21)^2, the same at both seeds but for a constant."""
    price = np.repeat([16.0, 18.0, 20.0, 22.0, 24.0], 2)
    seed = np.tile([0, 1], 5)
    return pd.DataFrame({"price": price, "seed": seed, "profit": 100 - (price - 21) ** 2 + seed})


def test_the_best_price_is_the_top_of_the_parabola():
    found = best_value(runs(), "price", "profit")
    assert (found.value, found.lower, found.upper) == pytest.approx((21.0, 21.0, 21.0))
    assert found.mean == pytest.approx(100.5)
    assert not found.edge
    rising = best_value(runs().query("price < 21"), "price", "profit")
    assert (rising.value, rising.edge) == (20.0, True)
    assert best_value(runs().query("price < 19"), "price", "profit") is None


def test_a_price_study_is_drawn_as_profit_against_price():
    means = best_value(runs(), "price", "profit").means.rename(columns={"price": "value"})
    figure = cx.plot.price_response(
        means, name="price", what="Profit", unit="currency", best=(21.0, 20.5, 21.4), today=20.0,
        axis_unit="EUR",
    )  # fmt: skip
    assert figure.get_suptitle() == "The best price is 21 EUR (20.5 to 21.4)"
    assert {"best: 21 EUR", "today: 20 EUR"} <= set(texts(figure))
    assert figure.axes[0].get_xlabel() == "price (EUR)"


def test_a_tornado_has_units_and_no_offsets():
    effects = pd.DataFrame(
        {
            "name": ["price of Ann", "learning rate"], "low": ["16", "0.05"],
            "high": ["24 EUR", "0.4"], "effect": [-2.5e6, 4.0e5], "lower": [-3.0e6, -1.0e5],
            "upper": [-2.0e6, 9.0e5],
        }
    )  # fmt: skip
    figure = cx.plot.tornado(effects, what="Profit", unit="currency", explained=0.9)
    (axes,) = figure.axes
    assert axes.get_xlabel() == "Change of profit (million currency units)"
    assert axes.xaxis.get_major_formatter()(2.5e6, 0) == "2.5"
    assert next(t.get_text() for t in axes.get_yticklabels()) == "price of Ann\n16 to 24 EUR"
    bent = cx.plot.tornado(effects, what="Profit", unit="currency", explained=0.1)
    assert "does not change along straight lines" in bent.get_suptitle().replace("\n", " ")
