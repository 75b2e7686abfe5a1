"""Rows on purchase panels: simulated ones whose truth is known, and published ones."""

from __future__ import annotations

from functools import partial

from cxsim.calibration import predict, real_panel
from lab.validation.checks import Check, pooled
from lab.validation.programs import beside, by_cxsim, kept
from lab.validation.reductions.panels import (
    NOT_CONDITIONAL,
    out_of_sample,
    real_data,
    round_trip,
    spurious_loyalty,
    switching_counts,
)
from lab.validation.registry import Row, Size, labelled

__all__ = ["ROWS"]


def _spurious(size: Size) -> list[Check]:
    seeds = size.seeds("spurious loyalty")
    return pooled(spurious_loyalty, seeds=seeds, customers=size.customers(600))


def _round_trip(size: Size) -> list[Check]:
    full = size.name == "full"
    short = {"customers": 1000, "periods": 6, "warm_up": 20}  # what came before is not seen
    default = {"first": "wooldridge", "names": NOT_CONDITIONAL}
    return [
        check
        for what, panels, how in (
            ("first purchase used", 10, {}),
            ("taken as given", 10, {"first": "drop"}),
            ("the default", 3, default),
            ("the default, six purchases", 3, default | short),
            ("taken as given, six purchases", 3, {"first": "drop", **short}),
        )
        for check in labelled(what, round_trip(panels=100 if full else panels, **how))
    ]


def _state_dependence(size: Size, name: str) -> list[Check]:
    return real_data(name, permutations=10 if size.name == "full" else 3)


def _counts(_: Size) -> list[Check]:
    found = []
    for name in ("Yogurt", "Catsup"):
        found += labelled(name, switching_counts(name))
    return found


def _prediction(_: Size) -> list[Check]:
    found = []
    for name in ("Yogurt", "Catsup"):
        found += out_of_sample(predict(real_panel(name)))
    return found


def _programs(_: Size) -> list[Check]:
    ours = by_cxsim()
    return [check for name, other in kept().items() for check in beside(ours, other, name)]


_PROOF = "test_a_household_is_as_likely_as_the_mean_over_its_tastes_says"
_DUBE = "Dubé, Hitsch & Rossi (2010), State dependence and alternative explanations for consumer "
_SETTING = (
    "panel logit with independent normal brand preferences for all brands, price, feature, "
    "display and the last brand bought; 256 Sobol draws; first purchases condition the rest"
)

ROWS = (
    Row(
        number="1.3",
        claim="A logit without brand preferences mistakes them for loyalty, as much so when each "
        "customer's purchases are put in random order; a logit with brand preferences finds no "
        "loyalty. With switching costs alone it finds them, and none in random order.",
        source=_DUBE + "inertia, RAND Journal of Economics 41(3)",
        kind="published",
        setting="three firms with promotions; customers buy 20 times from their first purchase on",
        run=_spurious,
        proofs=(_PROOF,),
        precision=None,
    ),
    Row(
        number="3.1",
        claim="Yogurt: loyalty is worth 1.60 utils, 46 % of the mean price; in random order it is "
        "zero; without brand preferences it would be 2.73.",
        source="panel Yogurt of R's Ecdat; recomputed with other software",
        kind="recomputed",
        setting=_SETTING,
        run=partial(_state_dependence, name="Yogurt"),
        proofs=(_PROOF,),
        precision=None,
        note="The standard error is the Hessian's; robust over customers it is .15.",
        differs="The tolerance for two programs on one panel is .02 utils, which is .6 points of "
        "the mean price, besides the rounding of the source. Loyalty itself agrees to .003; the "
        "price coefficient, by which it is divided, does not.",
    ),
    Row(
        number="3.2",
        claim="Catsup: loyalty is worth .40 utils, 5.7 % of the mean price; in random order .03 "
        "to .17 remain; without brand preferences it would be 1.09.",
        source="panel Catsup of R's Ecdat; recomputed with other software",
        kind="recomputed",
        setting=_SETTING,
        run=partial(_state_dependence, name="Catsup"),
        proofs=(_PROOF,),
        precision=None,
    ),
    Row(
        number="3.3",
        claim="The panels agree with other software: purchases by previous and chosen brand.",
        source="panels Yogurt and Catsup of R's Ecdat",
        kind="recomputed",
        setting="counts of successive purchases of a household",
        run=_counts,
        precision=None,
    ),
    Row(
        number="3.4",
        claim="A scenario estimated on the first two thirds of each household's purchases "
        "predicts the repeat purchase rate of the rest better than the same scenario without "
        "loyalty, and better than market shares alone.",
        source="panels Yogurt and Catsup of R's Ecdat; no source predicts them",
        kind="derived",
        setting="the scenario that calibration writes, run by the simulator itself; against it, "
        "the scenario estimated with brand preferences and without loyalty, and purchases drawn "
        "from the market shares of the first two thirds",
        run=_prediction,
        precision=None,
        differs="For Catsup, where most repeat purchases are due to brand preference, the "
        "scenario without loyalty predicts better (docs/calibration.md).",
    ),
    Row(
        number="3.5",
        claim="95 % confidence intervals of estimates from simulated panels cover the true values.",
        source="derived: the logit of the estimator is the simulator's, learning off",
        kind="derived",
        setting="three firms with promotions, 300 customers, 14 purchases each from the first on; "
        "the first purchase is used without a term for loyalty (which is right here), taken as "
        "given, or lets brand preferences depend on it (the default; preferences are then those of "
        "customers with a given first purchase, so that price and loyalty are looked at); and the "
        "last two with 1,000 customers, of whom six purchases are observed after 20 that are not. "
        "Coverage over 100 panels may differ by three standard "
        "errors, so that 88 % fail; and the mean error in standard errors",
        note="The coverage of the intercept of the rarest firm is slightly too low in panels of "
        "this size: 93 % over 900 of them. In panels of 1,000 customers the coverage of all seven "
        "parameters is 94 to 99 of 100.",
        differs="Taken as given, the first observed purchase is treated as chance, although "
        "lasting brand preferences affected it: with few observed purchases per customer, brand "
        "preference is then mistaken for loyalty (the problem of initial conditions, Wooldridge "
        "2005).",
        run=_round_trip,
        proofs=(_PROOF,),
        precision=None,
    ),
    Row(
        number="3.6",
        claim="Two other programs find the same price coefficient and the same loyalty on one "
        "panel, within .02 utils, and the same standard errors within .01.",
        source="xlogit 0.2.7 and biogeme 3.3.2, run by `python -m lab.validation.programs`",
        kind="recomputed",
        setting="a simulated panel of 400 customers and 12 purchases from the first one on; "
        "panel logit with independent normal brand preferences, 256 quasi-random points in all "
        "programs",
        run=_programs,
        proofs=(_PROOF,),
        precision=None,
        note="What the other programs found is kept; a slow test runs them again where their "
        "environment is there.",
    ),
)
