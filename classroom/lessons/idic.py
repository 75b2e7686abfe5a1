"""Lesson 3: identify, differentiate, interact, customize; one step missing at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from classroom.case import Case, Estimate, with_unit
from classroom.numbers import Numbers, best_of, first_segment, swept
from classroom.plan_file import read_plan
from cxsim.scenario import Scenario

__all__ = ["PLAN"]

BROKEN = {
    "NoIdentify": "Identify",
    "NoDifferentiate": "Differentiate",
    "NoInteract": "Interact",
    "NoCustomize": "Customize",
}
#: Between what the two segments need.
DISTANCES = (0.0, 1.0, 2.0, 3.0, 4.0)


def market(case: Case, **more: Any) -> Scenario:
    """Return the market of broken loops with the student's cost of customizing, and changes."""
    cost = case.variant.pick("customization cost", 1.5, [1.0, 2.0, 2.5])
    return case.market("broken_loop", {"firms.*.customization_cost": cost, **more})


def apart(case: Case, distance: float) -> Scenario:
    """Return the market in which the needs of the two segments lie so far apart."""
    needs = {"Comfort": [-distance / 2, 0.0], "Performance": [distance / 2, 0.0]}
    return market(case, **{f"segments.{name}.need_mean": need for name, need in needs.items()})


def varied(case: Case) -> dict[str, str]:
    """Return the student's own values."""
    firm: Any = market(case).firms["Whole"]
    return {"Customizing a unit completely costs": with_unit(firm.customization_cost, "EUR")}


# -- what the lesson computes --------------------------------------------------------------


def against_whole(case: Case, measure: str) -> dict[str, Estimate]:
    """Return a measure of the firms without a step, against the whole firm, in percent."""
    return {firm: case.percent(market(case), measure, firm, "Whole") for firm in BROKEN}


def losing(case: Case) -> dict[str, int]:
    """Return how many missing steps surely cost customers, and how many money."""
    measures = {"share": "market_share", "worth": "net_present_value"}
    return {
        name: sum(each.below for each in against_whole(case, measure).values())
        for name, measure in measures.items()
    }


def kept_by(firm: str) -> Callable[[Case, Scenario], Estimate]:
    """Return a firm's market share in percent of that of Whole, as a function."""

    def kept(case: Case, here: Scenario) -> Estimate:
        each = case.percent(here, "market_share", firm, "Whole")
        return Estimate(100 + each.value, 100 + each.lower, 100 + each.upper)

    return kept


def dispensable(case: Case) -> str:
    """Return the steps without which a firm keeps more than 90 % where segments are the same."""
    lines = NUMBERS.find(case, "by_distance").items()
    free = [name.removeprefix("No ") for name, points in lines if points[0][1].lower > 90]
    return " or ".join(free)


def worth_lost(case: Case) -> Estimate:
    """Return the loss of NoIdentify's customers against Whole's, EUR per purchase."""
    fit, ease = (
        case.values(market(case), what, "NoIdentify") - case.values(market(case), what, "Whole")
        for what in ("fit_gap", "ordering_effort")
    )
    return Estimate.over(float(first_segment(market(case)).fit_weight) * fit + ease)


def lost(case: Case) -> dict[str, float]:
    """Return parts of what customers lose by not being recognized, and what mistakes lead to."""
    weight = float(first_segment(market(case)).fit_weight)
    misfit, hassle = (case.averages(market(case), what) for what in ("fit_gap", "ordering_effort"))
    fit, ease = (each["NoIdentify"] - each["Whole"] for each in (misfit, hassle))
    return {
        "weight": weight, "fit": weight * fit, "ease": ease, "unweighted": fit + ease,
        "overweighted": weight * (fit + ease),
    }  # fmt: skip


def less(case: Case) -> dict[str, float]:
    """Return how many percent less than the whole firm is sold without each step."""
    shares = against_whole(case, "market_share")
    return {step: -shares[firm].value for firm, step in BROKEN.items()}


def saved(case: Case) -> dict[str, float]:
    """Return the savings of NoCustomize against Whole, per unit and per month, EUR."""
    firm: Any = market(case).firms["Whole"]
    month = firm.capability_cost * firm.customization**2
    return {"unit": firm.customization_cost * firm.customization, "month": month}


def cheapest(case: Case) -> tuple[str, ...]:
    """Return the step whose lack costs the smallest share, and any that do not differ from it."""
    here = market(case)
    return best_of({step: case.values(here, "market_share", firm) for firm, step in BROKEN.items()})


def know_nothing(case: Case) -> str:
    """Return the two steps without which a firm knows nothing of its customers."""
    known = case.averages(market(case), "customer_knowledge")
    return " and ".join(step for firm, step in BROKEN.items() if not known[firm] > 0)


NUMBERS: Numbers = Numbers(
    market, losing, dispensable, worth_lost, lost, less, saved, cheapest, know_nothing,
    share=lambda case: against_whole(case, "market_share"),
    worth=lambda case: against_whole(case, "net_present_value"),
    gap=lambda case: case.between(
        market(case), "market_share", "NoIdentify", "NoInteract", times=100
    ),
    knowledge=lambda case: case.averages(market(case), "customer_knowledge", times=100),
    misfit=lambda case: case.averages(market(case), "fit_gap"),
    hassle=lambda case: case.averages(market(case), "ordering_effort"),
    spent=lambda case: case.averages(market(case), "contact_cost", times=1e-3),
    smallest=lambda case: " or ".join(cheapest(case)),
    distance=lambda _: 2.0,
    by_distance=swept(
        DISTANCES, apart, {f"No {step.lower()}": kept_by(firm) for firm, step in BROKEN.items()}
    ),
)  # fmt: skip


PLAN = read_plan(__file__, NUMBERS, market=market, varied=varied)
