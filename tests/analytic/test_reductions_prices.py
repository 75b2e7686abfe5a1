"""Simulated firms ask the prices that economics expects of them, and would lose by others."""

from __future__ import annotations

from functools import partial

import pytest

from lab.validation.checks import assert_agrees
from lab.validation.reductions.pricing import (
    POSTED,
    bertrand,
    deviations,
    farsighted,
    myopic,
    one_buyer,
)

FORMS = [("cost", None), ("cost", 0.5), ("bonus", 0.5)]


@pytest.mark.parametrize("firms", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_best_responses_without_outside_option_settle_at_a_margin_of_j_over_j_less_1(firms):
    checks = bertrand(firms=firms, price_sensitivity=0.8)
    assert checks[0].expected == pytest.approx(1.0 + firms / (firms - 1) / 0.8)
    assert_agrees(checks)


def test_best_responses_with_outside_option_settle_at_the_published_equilibrium():
    checks = bertrand(no_purchase=0.0)
    assert [check.expected for check in checks[:3]] == pytest.approx(
        [2.226751, 2.226751, 0.184838], abs=1e-6
    )
    assert_agrees(checks)


def test_best_responses_of_firms_that_differ_settle_too():
    assert_agrees(bertrand(no_purchase=0.3, quality=[2.0, 0.5, 1.0]))


@pytest.mark.parametrize("form", ["cost", pytest.param("bonus", marks=pytest.mark.slow)])
@pytest.mark.parametrize("loyalty", [0.5, pytest.param(1.0, marks=pytest.mark.slow)])
def test_firms_that_look_at_this_period_charge_for_loyalty(loyalty, form):
    assert_agrees(myopic(loyalty=loyalty, form=form))


@pytest.mark.parametrize(("loyalty", "price"), POSTED)
def test_farsighted_prices_at_equal_bases(loyalty, price):
    assert_agrees(farsighted(loyalty=loyalty, price=price))


@pytest.mark.parametrize(("form", "no_purchase"), FORMS)
def test_farsighted_firms_of_unequal_base_and_quality(form, no_purchase):
    assert_agrees(
        farsighted(
            form=form, no_purchase=no_purchase, split=0.8, quality=(1.4, 1.0), customers=100_000
        )
    )


@pytest.mark.parametrize(
    "loyalty", [1.0, *(pytest.param(each, marks=pytest.mark.slow) for each in (0.0, 3.0))]
)
def test_prices_to_one_customer_are_those_of_the_closed_form(loyalty):
    assert_agrees(one_buyer(loyalty=loyalty))


@pytest.mark.parametrize(
    "once", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["once", "always"]
)
@pytest.mark.parametrize("by", [-0.4, pytest.param(0.4, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("form", "no_purchase"),
    [FORMS[1], *(pytest.param(*each, marks=pytest.mark.slow) for each in (FORMS[0], FORMS[2]))],
)
def test_no_firm_gains_by_leaving_farsighted_prices(by, once, form, no_purchase):
    checks = deviations(by=by, once=once, form=form, no_purchase=no_purchase, split=0.6)
    assert_agrees(checks)
    assert all(check.expected < 0.0 for check in checks)
    assert all(check.obtained < 0.0 for check in checks)


def test_a_firm_gains_by_leaving_prices_that_are_no_equilibrium():
    # The myopic price of loyal customers is too high for firms that look ahead.
    (check,) = deviations(by=-0.4, loyalty=1.0, base="Habitual", asks=2.543)
    assert check.expected > 0.0
    assert check.obtained > 4.0 * check.error
    assert_agrees([check])


#: Rule, mistake, the reduction that must notice it, the rule with the mistake.
MISTAKES = [
    ("choice.chance_slope", "rivals do not matter", bertrand,
     lambda a, amount, chance: -a * amount * chance),
    ("choice.chance_slope", "price sensitivity is 1", partial(bertrand, price_sensitivity=0.8),
     lambda a, amount, chance: -amount * chance * (1.0 - chance)),
    ("choice.expected_slope", "revenue in place of margin", myopic,
     lambda chance, slope, amount, margin: chance * amount + slope * (margin + 0.7)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "reduction", "broken"),
    [(rule, reduction, broken) for rule, _, reduction, broken in MISTAKES],
    ids=[f"{rule}: {mistake}" for rule, mistake, _, _ in MISTAKES],
)
def test_a_wrong_rule_of_demand_shows(rule, reduction, broken):
    with pytest.raises(AssertionError, match=r"expected .* obtained"):
        assert_agrees(reduction(rules={rule: broken}))
