"""Rows on prices under switching costs: the solvers against formulas, tables and brute force."""

from __future__ import annotations

import numpy as np

from cxsim.analytic import loyalty_prices, posted_prices
from lab.validation.checks import Check, at_most, printed
from lab.validation.deviations import best_loyalty_prices, best_plan
from lab.validation.figures.prices import prices_by_loyalty
from lab.validation.registry import Row, Size

__all__ = ["ROWS"]

_LOYALTY = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_MARGINS = {
    0.9: (2, 1.7272, 1.5059, 1.1937, 1.0121, 0.9169, 0.8773, 0.8739, 0.9324, 1.0403),
    0.0: (2, 2.0277, 2.1095, 2.4201, 2.8912, 3.4802, 4.1532, 4.8864, 6.4737, 8.1643),
}
_SOURCE = (
    "derived from the first-order conditions; the setting is that of Dube, Hitsch & Rossi (2009), "
    "Do switching costs make markets less competitive?"
)


def _table(size: Size) -> list[Check]:
    del size
    a, cost = 2.0, 0.3
    checks = []
    for B, margins in _MARGINS.items():
        paid = loyalty_prices(_LOYALTY, price_sensitivity=a, discount_factor=B, cost=cost).paid
        checks += [
            printed(f"a (E[p] - c), B = {B:g}, g = {g:g}", expected, a * (p - cost), digits=4)
            for g, expected, p in zip(_LOYALTY, margins, paid, strict=True)
        ]
    for B in (0.5, 0.9):
        grid = np.linspace(0.0, 12.0, 240_001)
        paid = loyalty_prices(grid, price_sensitivity=a, discount_factor=B, cost=cost).paid
        x = np.sqrt((1.0 + B) / (1.0 - B))
        lowest, where = 2.0 / a * np.sqrt(1.0 - B * B), np.log(x) + x - 1.0 / x
        checks += [
            Check(f"lowest margin on a grid, B = {B:g}", lowest, paid.min() - cost, rounding=1e-8),
            Check(f"loyalty where it is, B = {B:g}", where, grid[paid.argmin()], rounding=2e-3),
        ]
    return checks


def _gains(size: Size) -> list[Check]:
    del size
    a, cost = 1.5, 0.2
    checks = []
    for B in (0.0, 0.5, 0.9):
        for g in (0.0, 0.8, 2.5, 6.0):
            setting = {"price_sensitivity": a, "discount_factor": B, "cost": cost}
            found = loyalty_prices(g, **setting)
            owner, rival = best_loyalty_prices(found, g, **setting)
            checks += [
                at_most(f"B = {B:g}, g = {g:g}: the owner gains", 1e-8, owner.gain),
                at_most(f"B = {B:g}, g = {g:g}: the rival gains", 1e-8, rival.gain),
            ]
    return checks


def _posted(size: Size) -> list[Check]:
    del size
    checks = []
    for g, expected in zip(
        (0.0, 0.25, 0.5, 1.0, 1.5), (2.0, 1.8804, 1.8198, 1.8872, 2.2718), strict=True
    ):
        game = posted_prices(g, discount_factor=0.9)
        checks += [
            printed(f"price, B = 0.9, g = {g:g}", expected, game.own, digits=4),
            at_most(f"a firm gains by one other price, g = {g:g}", 1e-6, game.gain),
        ]
    for g in (0.0, 0.5, 1.2):
        q = 1.0 / (1.0 + np.exp(-g))
        game = posted_prices(g, price_sensitivity=2.0, discount_factor=0.0, cost=0.7)
        expected = 0.7 + 1.0 / (2.0 * 2.0 * q * (1.0 - q))
        checks.append(Check(f"myopic price, g = {g:g}", expected, float(game.own), rounding=1e-8))
    return checks


def _plans(size: Size) -> list[Check]:
    del size
    bases = np.linspace(0.0, 1.0, 201)
    checks = []
    for g, B in ((0.5, 0.9), (1.25, 0.8)):
        setting = {"price_sensitivity": 2.0, "discount_factor": B, "cost": 0.4}
        game = posted_prices(g, base=bases, **setting)
        plan = best_plan(game, bases, g, **setting)
        gain = float((plan.value / game.value - 1.0).max())
        miss = float(abs(plan.price - game.own).max())
        checks += [
            at_most(f"g = {g:g}, B = {B:g}: the best plan gains", 2e-4, gain),
            at_most(f"g = {g:g}, B = {B:g}: its prices differ by", 0.05, miss),
        ]
    return checks


ROWS = (
    Row(
        number="2.1",
        claim="If firms look ahead and quote a price to each customer, the mean price paid falls "
        "in loyalty and then rises; if they do not, it only rises.",
        source=_SOURCE,
        kind="derived",
        setting="two firms, one myopic buyer, loyalty worth g utils, without a no-purchase option, "
        "discount factor B; `analytic.loyalty_prices`. The lowest margin is (2 / a) sqrt(1 - B^2).",
        run=_table,
        proofs=("test_no_price_for_one_customer_can_be_bettered",),
        figures=(prices_by_loyalty,),
    ),
    Row(
        number="2.2",
        claim="No firm gains by another price for one customer.",
        source="brute force: 1.2 million prices tried once, then back to those in question",
        kind="derived",
        setting="as 2.1, a = 1.5, c = 0.2; gains are relative to the present value",
        run=_gains,
    ),
    Row(
        number="2.3",
        claim="With one posted price for all customers and the customer base as state, prices at "
        "equal bases fall below those without loyalty and then rise above them.",
        source="recomputed with `analytic.posted_prices` (collocation); setting of Dube, Hitsch & "
        "Rossi (2009), whose abstract reports prices up to 18 % lower with switching costs",
        kind="recomputed",
        setting="two equal firms, many myopic buyers, without a no-purchase option, a = 1, c = 0; "
        "myopic firms: p = c + 1 / (2 a q (1 - q)), q = logistic(g)",
        run=_posted,
        proofs=("test_no_plan_of_prices_is_better_against_the_rivals",),
    ),
    Row(
        number="2.4",
        claim="No plan of posted prices over time is a better response to the rival's.",
        source="brute force: value iteration over 201 bases and 801 prices",
        kind="derived",
        setting="as 2.3, a = 2, c = 0.4; the grid is accurate to 2e-4 in value and about a step "
        "in price",
        run=_plans,
    ),
)
