"""Rows on the choice: logit shares, the brand-switching chain, each term by hand."""

from __future__ import annotations

from cxsim.analytic import (
    logit_bertrand,
    logit_shares,
    stationary_shares,
    switching_chances,
    switching_matrix,
)
from lab.validation.checks import Check, at_most, pooled, printed
from lab.validation.deviations import best_static_price
from lab.validation.reductions.choice import known_customers, logit, switching
from lab.validation.registry import Row, Size, labelled

__all__ = ["ROWS"]


def _logit(size: Size) -> list[Check]:
    checks = []
    for label, setting in {
        "without a no-purchase option": {},
        "without a no-purchase option, a = 0.4": {"price_sensitivity": 0.4},
        "no-purchase option worth 0": {"outside": 0.0},
        "no-purchase option worth 0.9": {"outside": 0.9},
        "a = 0": {"price_sensitivity": 0.0},
        "a = 0, no-purchase option": {"price_sensitivity": 0.0, "outside": 5.0},
    }.items():
        found = pooled(logit, seeds=size.seeds(label), customers=size.customers(200_000), **setting)
        checks += labelled(label, found)
    return checks


def _switching(size: Size) -> list[Check]:
    worth, cost = (1.0, 0.7), 1.2
    shares = stationary_shares(switching_matrix(worth, switching_cost=cost))
    stay = switching_chances(worth, switching_cost=cost).diagonal()
    checks = [
        printed("closed form: share of 0", 0.6131, shares[0], digits=4),
        printed("closed form: share of 1", 0.3869, shares[1], digits=4),
        printed("closed form: stay with 0", 0.8176, stay[0], digits=4),
        printed("closed form: stay with 1", 0.7109, stay[1], digits=4),
    ]
    for label, setting in {
        "two firms": {},
        "three firms, a = 0.8": {
            "worth": (1.0, 0.7, 1.6), "switching_cost": 2.0, "price_sensitivity": 0.8,
        },
        "bonus form": {"form": "bonus"},
        "no-purchase option, cost form": {"outside": 0.2, "worth": (1.0, 0.7, 0.9)},
        "no-purchase option, bonus form": {
            "outside": 0.2, "worth": (1.0, 0.7, 0.9), "form": "bonus",
        },
    }.items():  # fmt: skip
        found = pooled(
            switching, seeds=size.seeds(label), customers=size.customers(200_000), **setting
        )
        checks += labelled(label, found)
    return checks


def _bertrand(size: Size) -> list[Check]:
    del size  # nothing here is drawn
    checks = []
    for firms in (2, 3, 5):
        found = logit_bertrand([0.5] * firms, quality=[2.0] * firms, price_sensitivity=0.8)
        expected = 0.5 + firms / ((firms - 1) * 0.8)
        checks.append(
            Check(
                f"{firms} firms, without a no-purchase option",
                expected,
                found.price[0],
                rounding=1e-9,
            )
        )
    found = logit_bertrand([1.0, 1.0], quality=[1.0, 1.0], outside=0.0)
    checks += [
        printed("2 firms and a no-purchase option: price", 2.226751, found.price[0], digits=6),
        printed("2 firms and a no-purchase option: share", 0.184838, found.share[0], digits=6),
    ]
    cost, quality = [0.2, 1.0, 0.5], [1.0, 3.5, -0.6]
    for label, outside in {"unequal firms": None, "unequal firms, outside": 0.5}.items():
        found = logit_bertrand(cost, quality=quality, price_sensitivity=1.7, outside=outside)
        for firm in range(3):
            best = best_static_price(
                firm, found.price, quality=quality, cost=cost, price_sensitivity=1.7,
                outside=outside,
            )  # fmt: skip
            checks.append(at_most(f"{label}: most that firm {firm} gains", 1e-12, best.gain))
        total = logit_shares(quality - found.price, price_sensitivity=1.7, outside=outside).sum()
        checks.append(Check(f"{label}: shares add up", 1.0, total, rounding=1e-12))
    return checks


def _terms(size: Size) -> list[Check]:
    checks = []
    for form in ("cost", "bonus"):
        found = pooled(
            known_customers, seeds=size.seeds(form), customers=size.customers(200_000), form=form
        )
        checks += labelled(f"{form} form", found)
    return checks


ROWS = (
    Row(
        number="1.1",
        claim="Quality and price alone make multinomial logit shares, whatever the previous "
        "supplier.",
        source="McFadden (1974), Conditional logit analysis of qualitative choice behavior",
        kind="published",
        setting="three firms, one price sensitivity a, no value of fit, brand preferences, "
        "ordering effort or switching cost; with and without a no-purchase option. "
        "*Surplus* is the mean money value of the choice, ln(sum exp(a v)) / a.",
        run=_logit,
        proofs=("test_logit_shares_are_those_of_the_best_of_many_draws",),
        relative=0.001,
    ),
    Row(
        number="1.2",
        claim="A constant switching cost makes suppliers a Markov chain with logit rows.",
        source="Dube, Hitsch & Rossi (2010), State dependence and alternative explanations for "
        "consumer inertia; numbers recomputed",
        kind="recomputed",
        setting="utilities (1.0, 0.7), switching cost 1.2, without a no-purchase option; further "
        "settings as named. *From i to* are choices of customers of firm i.",
        run=_switching,
        proofs=("test_stationary_shares_are_where_the_chain_ends_up",),
    ),
    Row(
        number="1.4.1",
        claim="Static prices are those of logit Bertrand competition, and no firm gains by "
        "another price.",
        source="Anderson, de Palma & Thisse (1992), Discrete choice theory of product "
        "differentiation, ch. 7; numbers recomputed",
        kind="recomputed",
        setting="the solver `analytic.logit_bertrand`: p = c + J / ((J - 1) a) without a "
        "no-purchase option; with one (quality, a and cost 1, two firms) p = 2.226751. Gains are "
        "searched for on a grid of 20,001 prices.",
        run=_bertrand,
        proofs=("test_no_firm_gains_by_another_price",),
    ),
    Row(
        number="1.12",
        claim="Each term of utility, and each part of the switching cost, agrees with the model "
        "page.",
        source="docs/model.md, computed by hand",
        kind="derived",
        setting="three firms that differ in all parameters, identical customers known to firm 0 "
        "only, a no-purchase option.",
        run=_terms,
        proofs=("test_misfit_given_a_need_is_that_of_explicit_signals",),
    ),
)
