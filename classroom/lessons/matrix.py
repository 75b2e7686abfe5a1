"""Lesson 2: the capability matrix, four ways to serve, and which of them earns most."""

from __future__ import annotations

from typing import Any

import cxsim as cx
from classroom.case import Case, Estimate, with_unit
from classroom.numbers import Numbers, best_of, first_segment, surely_above, swept, upkeep_of
from classroom.plan_file import read_plan
from cxsim.scenario import Scenario

__all__ = ["PLAN"]

FIRMS = ("Mass", "Niche", "Targeted", "Tailor")
WEIGHTS = (0.0, 0.75, 1.5, 2.25, 3.0, 4.0)
#: Seeds behind a point of the map of conditions, and multiples of each condition's value.
FEW, MULTIPLES = 4, (0.5, 2.0, 4.0)


def market(case: Case, **more: Any) -> Scenario:
    """Return the baseline with the student's cost of customizing, and more changes."""
    cost = case.variant.pick("customization cost", 1.5, [1.25, 1.75, 2.0])
    return case.market("baseline", {"firms.*.customization_cost": cost, **more})


def varied(case: Case) -> dict[str, str]:
    """Return the student's own values."""
    firm: Any = market(case).firms["Tailor"]
    return {"Cost of customizing a unit completely": with_unit(firm.customization_cost, "EUR")}


# -- what the lesson computes --------------------------------------------------------------


def share_lead(case: Case, here: Scenario) -> Estimate:
    """Return Tailor's market share less Mass's, in points."""
    return case.between(here, "market_share", "Tailor", "Mass", times=100)


def profit_lead(case: Case, here: Scenario) -> Estimate:
    """Return Tailor's net present value less Mass's, in percent of Mass's mean."""
    return case.percent(here, "net_present_value", "Tailor", "Mass")


def leads(case: Case) -> dict[str, Estimate]:
    """Return the net present value of each other firm, against that of Mass, in percent."""
    here = market(case)
    return {f: case.percent(here, "net_present_value", f, "Mass") for f in FIRMS[1:]}


def service(case: Case) -> dict[str, float]:
    """Return the advantages of Tailor's customers over those of Mass, in units and in money."""
    fit, ease = (case.averages(market(case), what) for what in ("fit_gap", "ordering_effort"))
    nearer = fit["Mass"] - fit["Tailor"]
    worth = float(first_segment(market(case)).fit_weight) * nearer
    return {"nearer": nearer, "worth": worth, "ease": ease["Mass"] - ease["Tailor"]}


def margin(case: Case) -> dict[str, float]:
    """Return the contribution margins of firms, EUR per purchase, from their accounts."""
    here = market(case)
    earned, sold = (
        {f: case.values(here, what, f) for f in FIRMS}
        for what in ("contribution_margin", "purchases")
    )
    return {f: float(earned[f].sum() / (sold[f] * float(here.periods)).sum()) for f in FIRMS}


def left_out(case: Case) -> dict[str, float]:
    """Return Tailor's contribution margin without capabilities, and with complete ones."""
    firm: Any = market(case).firms["Tailor"]
    bare = firm.price - firm.unit_cost - firm.cost_to_serve
    return {"bare": bare, "complete": bare - firm.customization_cost - firm.interaction_cost}


def upkeep(case: Case) -> float:
    """Return the additional cost of Tailor's capabilities over those of Mass, EUR a month."""
    firms = market(case).firms
    return upkeep_of(firms["Tailor"]) - upkeep_of(firms["Mass"])


def beyond(case: Case) -> Estimate:
    """Return how much more both capabilities lower the fit gap than the sum of each alone."""
    by = {firm: case.values(market(case), "fit_gap", firm) for firm in FIRMS}
    return Estimate.over(by["Niche"] + by["Targeted"] - by["Mass"] - by["Tailor"])


def lowered(case: Case) -> dict[str, float]:
    """Return the reduction of Mass's fit gap by each firm, squared units; and differences."""
    by = case.averages(market(case), "fit_gap")
    off = {firm: by["Mass"] - by[firm] for firm in FIRMS}
    rest = off["Tailor"] - (off["Niche"] + off["Targeted"])
    return {**off, "over Niche": by["Niche"] - by["Tailor"], "rest": rest}


def best(case: Case) -> tuple[str, ...]:
    """Return the firm that earns most, and any that do not differ from it significantly."""
    here = market(case)
    return best_of({firm: case.values(here, "net_present_value", firm) for firm in FIRMS})


def most(case: Case) -> dict[str, str]:
    """Return the remark on the firm with the largest market share, by firm."""
    shares = case.averages(market(case), "market_share")
    largest = max(FIRMS, key=lambda firm: shares[firm])
    said = " It has the most customers, but each of them costs more to serve."
    return {firm: said if firm == largest else "" for firm in FIRMS}


def conditions(case: Case) -> Any:
    """Draw what has to hold for Tailor to earn more than its best rival."""
    found = cx.one_to_one_conditions(
        market(case), firm="Tailor", multiples=MULTIPLES, seeds=case.seeds[:FEW]
    )
    return cx.plot.one_to_one_conditions(found)


NUMBERS: Numbers = Numbers(
    market, conditions, leads, service, margin, left_out, upkeep, beyond, lowered, best, most,
    share=lambda case: share_lead(case, market(case)),
    profit=lambda case: profit_lead(case, market(case)),
    worth=lambda case: case.averages(market(case), "net_present_value"),
    tailor=lambda case: market(case).firms["Tailor"],
    fit_weight=lambda case: float(first_segment(market(case)).fit_weight),
    others=lambda case: ", ".join(best(case)[1:]),
    ahead=lambda case: ", ".join(firm for firm, each in leads(case).items() if each.above),
    by_weight=swept(
        WEIGHTS,
        lambda case, weight: market(case, **{"segments.*.fit_weight": weight}),
        {"Market share (points)": share_lead, "Net present value (%)": profit_lead},
    ),
    pays=lambda case: surely_above(NUMBERS.find(case, "by_weight[Net present value (%)]")),
)  # fmt: skip


PLAN = read_plan(__file__, NUMBERS, market=market, varied=varied)
