"""Rows on firms that set prices in the simulated market, and on leaving those prices."""

from __future__ import annotations

from lab.validation.checks import Check, at_most, pooled
from lab.validation.reductions.pricing import (
    POSTED,
    bertrand,
    deviations,
    farsighted,
    myopic,
    one_buyer,
)
from lab.validation.registry import Row, Size, labelled

__all__ = ["ROWS"]

_FORMS = (("cost", None), ("cost", 0.5), ("bonus", 0.5))


def _bertrand(size: Size) -> list[Check]:
    checks = []
    for label, setting in (
        ("two firms", {"price_sensitivity": 0.8}),
        ("three firms", {"firms": 3, "price_sensitivity": 0.8}),
        ("no-purchase option", {"outside": 0.0}),
        ("firms that differ, no-purchase option", {"outside": 0.3, "quality": [2.0, 0.5, 1.0]}),
    ):
        found = pooled(
            bertrand, seeds=size.seeds(label), customers=size.customers(60_000), **setting
        )
        checks += labelled(label, found)
    return checks


def _posted(size: Size) -> list[Check]:
    checks = []
    for g, price in POSTED:
        seeds = size.seeds(f"posted {g}")
        found = pooled(
            farsighted, seeds=seeds[:1], loyalty=g, price=price, customers=size.customers(200_000)
        )
        checks += labelled(f"g = {g:g}", [c for c in found if c.what.startswith("mean price")])
    for g in (0.5, 1.0):
        seeds = size.seeds(f"myopic {g}")
        found = pooled(myopic, seeds=seeds, loyalty=g, customers=size.customers(60_000))
        checks += labelled(f"firms that do not look ahead, g = {g:g}", found)
    return checks


def _path(size: Size) -> list[Check]:
    checks = []
    for form, outside in _FORMS:
        label = f"{form} form, {'without a ' if outside is None else ''}no-purchase option"
        # Another seed is another split of customers, so that each has its own expectation.
        found = farsighted(
            form=form,
            outside=outside,
            split=0.8,
            quality=(1.4, 1.0),
            customers=size.customers(200_000),
            seed=size.seeds(label)[0],
        )
        checks += labelled(label, found)
    return checks


def _one_buyer(size: Size) -> list[Check]:
    checks = []
    for g in (0.0, 1.0, 3.0):
        found = pooled(one_buyer, seeds=size.seeds(f"one {g}"), loyalty=g)
        checks += labelled(f"g = {g:g}", found)
    return checks


def _gains(size: Size) -> list[Check]:
    checks = []
    for form, outside in _FORMS:
        for by in (-0.4, 0.4):
            for once in (True, False):
                label = f"{form} form, {'without a ' if outside is None else ''}no-purchase option"
                (check,) = deviations(
                    by=by,
                    once=once,
                    form=form,
                    outside=outside,
                    split=0.6,
                    customers=size.customers(20_000),
                    seed=size.seeds(f"{label} {by} {once}")[0],
                )
                most = at_most(f"{check.what}, not above", 0.0, check.obtained, error=check.error)
                checks += labelled(label, [check, most])
    return checks


ROWS = (
    Row(
        number="1.4.2",
        claim="Simulated firms that each set the best price for the period settle at the logit "
        "Bertrand equilibrium.",
        source="Anderson, de Palma & Thisse (1992), ch. 7; a = d = c = 1, J = 2: 2.226751, .184838",
        kind="published",
        setting="policy `best_response` for 30 periods; purchases of the last 12",
        run=_bertrand,
    ),
    Row(
        number="2.5",
        claim="Simulated firms that look ahead charge the posted prices of row 2.3; those that do "
        "not charge p = c + 1 / (2 a q (1 - q)).",
        source="rows 2.3 and 2.4",
        kind="derived",
        setting="policies `farsighted`, B = .9, and `best_response`, customers split equally; the "
        "mean price of both firms, in which random gains of one base and losses of the other "
        "cancel",
        run=_posted,
        precision=None,
    ),
    Row(
        number="2.6",
        claim="From unequal bases simulated prices and customers follow the equilibrium path, for "
        "either form of switching costs, with and without a no-purchase option.",
        source="`analytic.posted_prices` (collocation), chances of the brand-switching chain",
        kind="derived",
        setting="policy `farsighted`; qualities 1.4 and 1, bases .8 and .2, g = 1, B = .9; prices "
        "and choices of periods 0, 1 and 5, given the split of customers then",
        run=_path,
        precision=0.005,
    ),
    Row(
        number="2.7",
        claim="With one customer, simulated firms charge the prices of row 2.1, and the "
        "customer's repeat purchase rate agrees.",
        source="row 2.1",
        kind="derived",
        setting="policy `farsighted` with `buyers: one`, 4,000 periods, B = .9, c = 2",
        run=_one_buyer,
        precision=0.02,
    ),
    Row(
        number="2.8",
        claim="No simulated firm gains by deviating from these prices, once or permanently.",
        source="derived: the deviation followed along the mean path of customers",
        kind="derived",
        setting="present value of the first firm's revenue per customer over 60 periods, mean "
        "difference of 8 paired runs; g = 1, B = .9, bases .6 and .4",
        run=_gains,
        precision=0.01,
    ),
)
