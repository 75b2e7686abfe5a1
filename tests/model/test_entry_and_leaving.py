"""Subscribers who enter at once, and what leaving one firm takes beyond the segment's cost."""

from __future__ import annotations

import numpy as np
import pytest
from markets import firm, lively, market

import cxsim as cx
from cxsim.model.lock_in.contracts import chance_of_entry, leaving_cost_of

#: Contracts of 24 months: customers reconsider once in that time, and one in a hundred leaves.
REGULAR = {
    "purchase_rate": 1 / 24,
    "exit_rate": 0.01,
    "switching_cost": 3.0,
    "price_sensitivity": 0.5,
}


def subscriptions(**changes):
    return market(
        firms={name: firm(price=20.0, billing="subscription") for name in ("Alpha", "Beta")},
        segments={"All": {"share": 1.0, **REGULAR, **changes}},
        initial={name: {"share": 0.5, "tenure": 12} for name in ("Alpha", "Beta")},
        customers=200,
        periods=24,
    )


def total(run):
    return run.firms.groupby("period")["customers"].sum().to_numpy() / run.scenario.market_size


def test_only_customers_without_a_supplier_have_the_entry_rate():
    assert chance_of_entry(False, 0.25, 1.0) == 1.0
    assert chance_of_entry(True, 0.25, 1.0) == 0.25
    assert chance_of_entry(False, 0.25, np.nan) == 0.25


def test_leaving_takes_the_suppliers_cost_and_that_of_nobody_else():
    assert leaving_cost_of(True, 3.0) == 3.0
    assert leaving_cost_of(False, 3.0) == 0.0
    assert leaving_cost_of(True, np.nan) == 0.0


def test_newcomers_who_enter_at_once_keep_the_number_of_subscribers():
    at_once, once_in_two_years = (
        total(cx.run(subscriptions(**more), seed=1)) for more in ({"entry_rate": 1.0}, {})
    )
    np.testing.assert_allclose(at_once, 1.0)
    assert once_in_two_years[-1] < 0.9


@pytest.mark.parametrize("engine", ["agents", "columnar"])
def test_neutral_values_are_the_market_without_them_to_the_bit(engine):
    base = lively(customers=200, periods=6)
    same = {
        f"segments.{k}.entry_rate": s.purchase_rate
        for k, s in base.segments.items()
        if s.purchase_rate_shape is None
    }
    without, neutral = (
        cx.run(base.override(more), seed=1, engine=engine).firms
        for more in ({}, same | {"firms.*.leaving_cost": 0.0})
    )
    assert without.equals(neutral)


@pytest.mark.parametrize("form", ["cost", "bonus"])
def test_one_leaving_cost_for_all_is_a_switching_cost_of_the_segment(form):
    """The same sums in another order: equal but for rounding."""
    base = lively(customers=200, periods=6, switching_cost_form=form)
    costs = {"Near": 1.0, "Far": 0.0}
    of_segment = {f"segments.{name}.switching_cost": cost + 2.0 for name, cost in costs.items()}
    of_firm = {f"segments.{name}.switching_cost": cost for name, cost in costs.items()}
    one, other = (
        cx.run(base.override(each), seed=1, engine="agents").firms
        for each in (of_segment, of_firm | {"firms.*.leaving_cost": 2.0})
    )
    for name in ("market_share", "retention_rate", "switching_procedural", "profit"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-6)


def test_the_firm_with_a_leaving_cost_keeps_more_of_its_customers():
    firms = cx.run(
        subscriptions(entry_rate=1.0, purchase_rate=0.5).override(
            {"firms.Alpha.leaving_cost": 6.0}
        ),
        seed=1,
        engine="agents",
    ).firms
    churn = firms.groupby("firm")["churn"].mean()
    assert churn["Alpha"] < churn["Beta"]


def test_both_engines_agree_on_entry_and_leaving():
    changed = lively(customers=200, periods=6).override(
        {"segments.*.entry_rate": 0.9, "firms.Mass.leaving_cost": 1.5}
    )
    fast, slow = (cx.run(changed, seed=1, engine=e).firms for e in ("columnar", "agents"))
    assert fast.equals(slow)
