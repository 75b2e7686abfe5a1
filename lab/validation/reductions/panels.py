"""Reductions of estimation: panels whose truth is known, and panels that others have estimated."""

from __future__ import annotations

from math import sqrt

import numpy as np

import cxsim as cx
from cxsim.calibration import real_panel
from cxsim.calibration.calibrate import shuffled_order
from cxsim.calibration.estimate import Estimates, fit
from cxsim.calibration.prediction import Prediction
from cxsim.scenario import Scenario
from lab.validation.checks import Check, at_most, exactly
from lab.validation.markets import market

__all__ = [
    "NOT_CONDITIONAL", "PUBLISHED", "SWITCHES", "TRUTH", "estimated", "out_of_sample", "real_data",
    "round_trip", "shop", "spurious_loyalty", "switching_counts", "with_learning",
]  # fmt: skip

#: What is estimated from a simulated panel, by parameter: the truth, in utils.
TRUTH = {
    "price_sensitivity": 0.5,
    "loyalty": 1.0,
    "intercept.Ann": 0.75,
    "intercept.Cem": -0.5,
    "taste_sd.Ann": 1.0,
    "taste_sd.Bob": 0.6,
    "taste_sd.Cem": 1.4,
}


def shop(
    *, loyalty=1.0, tastes=1.0, customers=300, periods=14, learning=False, without=(), **world
) -> Scenario:
    """Return a market of three firms with promotions, whose customers start as newcomers.

    ``loyalty`` is in utils, ``tastes`` multiplies the standard deviations of ``TRUTH``.
    """
    a = TRUTH["price_sensitivity"]
    skills = {"interaction": 0.9, "customization": 0.9, "identification": 1.0} if learning else {}
    worth = {"Ann": TRUTH["intercept.Ann"] / a, "Bob": 0.0, "Cem": TRUTH["intercept.Cem"] / a}
    worth = {name: value for name, value in worth.items() if name not in without}
    firms = {
        name: {
            "price": 8.0,
            "quality": 8.0 + value,
            "promotions": {"chance": 0.3, "depth": 0.25},
            **skills,
        }
        for name, value in worth.items()
    }
    segment = {
        "share": 1.0,
        "price_sensitivity": a,
        "switching_cost": loyalty / a,
        "brand_taste_sd": {name: tastes * TRUTH[f"taste_sd.{name}"] / a for name in firms},
    }
    if learning:
        segment |= {"fit_weight": 0.8, "onboarding_effort": 1.5, "disclosure": 0.8}
    else:
        segment["need_sd"] = 0.0
    return market(
        firms, {"All": segment}, customers=customers, periods=periods, **{"needs": 1, **world}
    )


#: Standard errors that a coverage of 100 panels may be off: 88 % and less fail.
COVERAGE_LIMIT = 3.0


def estimated(scenario, *, seed=0, first="use", **options) -> Estimates:
    """Return estimates from the panel of a run, Bob's intercept being zero."""
    panel = cx.run(scenario, seed=seed, panel=scenario.customers).panel
    return fit(cx.calibration.read_panel(panel), initial_purchases=first, **options)


def _against_bob(estimates):
    """Return values and errors by parameter, intercepts as differences from Bob's."""
    values, matrix = estimates.values, estimates.covariance
    base = "intercept.Bob" if "intercept.Bob" in values.index else None
    found = {}
    for name in TRUTH:
        weights = {} if name not in values.index else {name: 1.0}
        if base is not None and name.startswith("intercept."):
            weights[base] = -1.0
        g = np.array([weights.get(each, 0.0) for each in values.index])
        found[name] = float(g @ values), sqrt(g @ matrix.to_numpy() @ g)
    return found


#: What Wooldridge's term leaves as it is; tastes and intercepts are then given the first purchase.
NOT_CONDITIONAL = ("price_sensitivity", "loyalty")


def round_trip(
    *, panels=100, first_seed=100, first="use", names=tuple(TRUTH), **world
) -> list[Check]:
    """95 % intervals of estimates from simulated panels cover the truth, by parameter.

    ``first`` says what is made of a customer's first purchase, ``names`` which parameters are
    looked at; the rest goes to :func:`shop`.
    """
    hits, pulls = dict.fromkeys(names, 0), {name: [] for name in names}
    refused = 0
    for seed in range(first_seed, first_seed + panels):
        try:
            found = _against_bob(estimated(shop(**world), seed=seed, first=first))
        except cx.CalibrationError:  # of a panel that pins nothing down nothing is covered
            refused += 1
            continue
        for name in names:
            value, error = found[name]
            pull = (value - TRUTH[name]) / error
            hits[name] += abs(pull) <= 1.959964
            pulls[name].append(pull)
    rows = [at_most("panels that are refused", 0.0, refused / panels)]
    for name in names:
        error = sqrt(0.95 * 0.05 / panels)
        covered = hits[name] / panels
        rows.append(
            Check(f"{name}: coverage of 95 %", 0.95, covered, error=error, limit=COVERAGE_LIMIT)
        )
        mean, seen = float(np.mean(pulls[name])), max(panels - refused, 1)
        rows.append(Check(f"{name}: mean error in se", 0.0, mean, error=1.0 / sqrt(seen)))
    return rows


def spurious_loyalty(*, customers=600, periods=20, permutations=3, seed=0) -> list[Check]:
    """Row 3: tastes alone look like loyalty to a model without tastes; loyalty alone is found."""
    rows = []
    scenario = shop(loyalty=0.0, customers=customers, periods=periods)
    tastes = cx.run(scenario, seed=seed, panel=customers).panel
    tastes = cx.calibration.read_panel(tastes)
    alike = fit(tastes, initial_purchases="use", tastes=False)
    mixed = shuffled_order(
        tastes, initial_purchases="use", tastes=False, permutations=permutations, start=alike
    )
    value, spread = float(alike.values["loyalty"]), alike.error("loyalty", robust=True)
    assert value > 10 * spread, "a model without tastes should find loyalty in tastes"
    rows.append(
        Check(
            "tastes only, estimated without: loyalty shuffled, as much as unshuffled",
            value, mixed.loyalty, error=spread * sqrt(1 + 1 / permutations),
        )
    )  # fmt: skip
    with_tastes = fit(tastes, initial_purchases="use")
    rows.append(
        Check(
            "tastes only, estimated with tastes: loyalty",
            0.0, float(with_tastes.values["loyalty"]), error=with_tastes.error("loyalty"),
        )
    )  # fmt: skip
    scenario = shop(tastes=0.0, customers=customers, periods=periods)
    costs = cx.run(scenario, seed=seed, panel=customers).panel
    costs = cx.calibration.read_panel(costs)
    found = fit(costs, initial_purchases="use")
    rows.append(
        Check(
            "switching costs only: loyalty",
            TRUTH["loyalty"], float(found.values["loyalty"]), error=found.error("loyalty"),
        )
    )  # fmt: skip
    mixed = shuffled_order(costs, initial_purchases="use", permutations=permutations, start=found)
    rows.append(Check("switching costs only, shuffled", 0.0, mixed.loyalty, error=mixed.error))
    return rows


#: From each panel: loyalty with tastes and its error, in % of the mean price, without tastes.
PUBLISHED = {"Yogurt": (1.60, 0.09, 46.0, 2.73), "Catsup": (0.40, 0.07, 5.7, 1.09)}

#: Purchases by brand before (rows) and after, brands in the order of their names.
SWITCHES = {
    "Yogurt": [[822, 16, 19, 71], [17, 30, 6, 14], [18, 5, 473, 44], [65, 17, 41, 654]],
    "Catsup": [[380, 250, 65, 59], [272, 900, 64, 84], [58, 40, 40, 14], [73, 85, 9, 105]],
}


#: Utils by which two programs differ on one panel: in how they draw tastes and where they stop.
PROGRAMS = 0.02


def real_data(name, *, permutations=5) -> list[Check]:
    """State dependence in a published panel, as another program finds it; near 0 shuffled."""
    panel = real_panel(name)
    loyalty, error, percent, alike = PUBLISHED[name]
    found, without = (fit(panel, initial_purchases="drop", tastes=t) for t in (True, False))
    mixed = shuffled_order(panel, initial_purchases="drop", permutations=permutations, start=found)
    worth = found.worths.set_index("parameter").loc["loyalty"]
    digit = {"Yogurt": 0.5, "Catsup": 0.05}[name]  # half of the last that is printed
    limit = {"Yogurt": (0.0, 0.1), "Catsup": (0.10, 0.07)}[name]
    return [
        Check(
            "loyalty, utils", loyalty, float(found.values["loyalty"]), rounding=PROGRAMS + 0.005
        ),
        Check("its standard error", error, found.error("loyalty"), rounding=0.01),
        Check(
            "% of the mean price", percent, worth["percent"],
            rounding=percent * PROGRAMS / loyalty + digit,
        ),
        Check("without tastes", alike, float(without.values["loyalty"]), rounding=0.01),
        Check("shuffled", limit[0], mixed.loyalty, rounding=limit[1]),
    ]  # fmt: skip


def with_learning(*, panels=10) -> tuple[np.ndarray, np.ndarray]:
    """Distance of a logit with constant loyalty from markets in which firms learn.

    Returns the loyalty found per panel, and the mean of what a customer would lose by moving
    at the end of the run, both in utils: no closed form, so no check.
    """
    found, lost = [], []
    for seed in range(panels):
        scenario = shop(learning=True)
        run = cx.run(scenario, seed=seed, panel=scenario.customers, probes=["customers"])
        estimates = fit(cx.calibration.read_panel(run.panel), initial_purchases="use")
        found.append(float(estimates.values["loyalty"]))
        lost.append(float((run.customers["switching_cost"] * TRUTH["price_sensitivity"]).mean()))
    return np.array(found), np.array(lost)


def switching_counts(name) -> list[Check]:
    """Purchases by brand before and after, as counted by others."""
    panel = real_panel(name)
    order = np.argsort(panel.firms)
    counts = panel.switching_counts()[np.ix_(order, order)]
    names = [panel.firms[k] for k in order]
    return [
        exactly(f"from {a} to {b}", float(SWITCHES[name][i][j]), float(counts[i, j]))
        for i, a in enumerate(names)
        for j, b in enumerate(names)
    ]


def out_of_sample(prediction: Prediction) -> list[Check]:
    """The scenario misses the repeat rate of later purchases by less than its rivals do.

    They are the same scenario estimated without loyalty, which tastes alone make repeat, and
    purchases drawn from market shares.
    """
    off = prediction.errors().set_index("model")["repeat_purchase_rate"]
    source = prediction.calibration.panel.source
    what = f"{source}: points by which the repeat rate is missed, against"
    return [
        at_most(f"{what} {words}", off[model], off["scenario"])
        for words, model in (("no loyalty", "tastes only"), ("shares alone", "zero order"))
    ]
