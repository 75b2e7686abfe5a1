"""Lesson 2: the capability matrix, four ways to serve, and which of them earns most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classroom import widgets
from classroom.case import Case, Estimate, once, with_unit
from classroom.plan import Exercise, Plan, Question, firm_table, frame_of, means_by_firm, sweep
from cxsim.charts import number
from cxsim.scenario import Scenario

__all__ = ["PLAN"]

FIRMS = ("Mass", "Niche", "Targeted", "Tailor")
WEIGHTS = (0.0, 0.75, 1.5, 2.25, 3.0, 4.0)


def market(case: Case) -> Scenario:
    """Return the baseline with the student's cost of customizing."""
    return _market(case)


def _market(case: Case, **more: Any) -> Scenario:
    cost = case.variant.pick("customization cost", 1.5, [1.25, 1.75, 2.0])
    return case.market("baseline", {"firms.*.customization_cost": cost, **more})


def varied(case: Case) -> dict[str, str]:
    """Return what is the student's own."""
    firm: Any = market(case).firms["Tailor"]
    return {"Customizing a unit completely costs": with_unit(firm.customization_cost, "EUR")}


# -- results ---------------------------------------------------------------------------


def share_lead(case: Case) -> Estimate:
    """Return Tailor's share of purchases less Mass's, in points."""
    return case.between(market(case), "share", "Tailor", "Mass", times=100)


def profit_lead(case: Case) -> Estimate:
    """Return Tailor's net present value less Mass's, in percent of Mass's mean."""
    return case.percent(market(case), "net_present_value", "Tailor", "Mass")


def margin(case: Case, firm: str) -> float:
    """Return what a purchase leaves a firm before fixed costs, in EUR, from its books."""
    here = market(case)
    earned = case.values(here, "contribution", firm)
    sold = case.values(here, "purchases", firm) * float(here.periods)
    return float(earned.sum() / sold.sum())


def together(case: Case) -> Estimate:
    """Return by how much more both capabilities lower the misfit than each alone adds up to."""
    by = {firm: case.values(market(case), "misfit", firm) for firm in FIRMS}
    return Estimate.over(by["Niche"] + by["Targeted"] - by["Mass"] - by["Tailor"])


def highest(case: Case, measure: str) -> tuple[str, ...]:
    """Return the firm that is highest, and any whose distance to it may be chance."""
    here = market(case)
    best = max(FIRMS, key=lambda firm: case.values(here, measure, firm).mean())
    level = [f for f in FIRMS if f != best and not case.between(here, measure, best, f).sure]
    return (best, *level)


def _why_share(case: Case) -> str:
    here = market(case)
    fit, ease = (
        [float(case.values(here, what, firm).mean()) for firm in ("Mass", "Tailor")]
        for what in ("misfit", "hassle")
    )
    weight = float(next(iter(here.segments.values())).fit_weight)
    return (
        f"Tailor's offer is {number(fit[0] - fit[1], 2)} squared units nearer to what customers "
        f"need, worth {number(weight * (fit[0] - fit[1]), 2)} EUR a purchase to them, and an order "
        f"takes {number(ease[0] - ease[1], 2)} EUR less effort. The price is the same."
    )


def _why_profit(case: Case) -> str:
    per = [margin(case, firm) for firm in ("Mass", "Tailor")]
    here: Any = market(case).firms
    fixed = [
        here[f].capability_cost * (here[f].interaction ** 2 + here[f].customization ** 2)
        for f in ("Mass", "Tailor")
    ]
    return (
        f"a purchase leaves Mass {number(per[0])} EUR and Tailor {number(per[1])} EUR, because "
        f"contacts and customized units cost more at the same price; and the two capabilities cost "
        f"Tailor {number(fixed[1] - fixed[0])} EUR a month more than Mass. Against that stand the "
        "additional customers."
    )


# -- exhibits --------------------------------------------------------------------------


def matrix(case: Case) -> Any:
    """Draw the four firms in the matrix."""
    from cxsim.plot import capability_matrix

    return capability_matrix(means_by_firm(case, market(case)), size=(7.0, 6.2))


def table(case: Case) -> str:
    """Show what customers get and what firms earn."""
    names = ("share", "retention", "knowledge", "misfit", "hassle", "net_present_value")
    return firm_table(case, market(case), names, "Four ways to serve")


def leads(case: Case) -> Any:
    """Draw net present values relative to Mass."""
    from cxsim.charts import estimates

    here = market(case)
    rows = {f: case.percent(here, "net_present_value", f, "Mass") for f in FIRMS[1:]}
    ahead = [firm for firm, each in rows.items() if each.lower > 0]
    title = (
        f"More than Mass earns: {', '.join(ahead)}" if ahead
        else "Nobody surely earns more than the firm that neither interacts nor customizes"
    )  # fmt: skip
    label = "Net present value less that of Mass (% of Mass's)"
    share, worth = share_lead(case), profit_lead(case)
    told = widgets.surprise(
        "Winning customers and earning money are two questions. Against Mass, Tailor's share is "
        f"{share.text('points', signed=True)}, what it earns {worth.text('%', signed=True)}. The "
        "figure sets what each firm earns against the firm that neither interacts nor customizes."
    )
    return [told, estimates(frame_of(rows), label=label, title=title)]


@once
def by_weight(case: Case) -> Any:
    """Return Tailor's leads over Mass by how much customers care for fit."""
    found: dict[str, list[tuple[float, Estimate]]] = {
        "Share (points)": [],
        "Net present value (%)": [],
    }
    for weight in WEIGHTS:
        here = _market(case, **{"segments.*.fit_weight": weight})
        share = case.between(here, "share", "Tailor", "Mass", times=100)
        worth = case.percent(here, "net_present_value", "Tailor", "Mass")
        found["Share (points)"].append((weight, share))
        found["Net present value (%)"].append((weight, worth))
    return found


def counter(case: Case) -> Any:
    """Draw where one-to-one wins customers, where it earns more, and where neither."""
    from cxsim.charts import response

    found = by_weight(case)
    worth = found["Net present value (%)"]
    pays = [x for x, each in worth if each.lower > 0]
    title = (
        f"Of these markets, one-to-one surely earns more than mass where fit is worth "
        f"{number(min(pays))} EUR or more"
        if pays else "In none of these markets does one-to-one surely earn more than mass"
    )  # fmt: skip
    weight = float(next(iter(market(case).segments.values())).fit_weight)
    return response(
        sweep(found), by="What fit is worth to customers (EUR per squared unit of distance)",
        label="Tailor less Mass", title=title, mark=(weight, "this market"), size=(8.6, 4.8),
        note="Means over paired seeds with 95 % intervals. Above zero Tailor is ahead.",
    )  # fmt: skip


# -- exercises -------------------------------------------------------------------------


def _together_mistakes(case: Case) -> Mapping[Any, str]:
    by = {firm: float(case.values(market(case), "misfit", firm).mean()) for firm in FIRMS}
    return {
        by["Mass"] - by["Tailor"]: "That is all that Tailor takes off. How much of it would "
        "interaction alone and customization alone have taken off?",
        by["Mass"] - by["Niche"]: "That is what customization alone takes off (Niche).",
        by["Mass"] - by["Targeted"]: "That is what interaction alone takes off (Targeted).",
        by["Niche"] - by["Tailor"]: "That is what Tailor has over Niche; what interaction takes "
        "off by itself (Targeted) is still in it.",
    }


def _together_solution(case: Case) -> str:
    by = {firm: float(case.values(market(case), "misfit", firm).mean()) for firm in FIRMS}
    alone = [by["Mass"] - by[firm] for firm in ("Niche", "Targeted")]
    both = by["Mass"] - by["Tailor"]
    return (
        f"Customization alone takes off {number(alone[0])}, interaction alone {number(alone[1])}, "
        f"both together {number(both)}: {number(both)} − {number(alone[0])} − {number(alone[1])} = "
        f"{number(both - sum(alone))}. More than the sum, because a customized product needs to "
        "know for whom, and knowledge is of use only to a firm that can act on it. Nothing in the "
        "rules says that the capabilities multiply: it follows from the offer being bent towards "
        "what the firm believes."
    )


def _margin_solution(case: Case) -> str:
    firm: Any = market(case).firms["Tailor"]
    a, c = firm.interaction, firm.customization
    return (
        f"{number(firm.price)} − {number(firm.unit_cost)} (unit) − "
        f"{number(firm.customization_cost)} × {number(c)} (customizing) − "
        f"{number(firm.interaction_cost)} × {number(a)} (contact) − {number(firm.cost_to_serve)} "
        f"(serving) = {number(margin(case, 'Tailor'))} EUR."
    )


def _margin_mistakes(case: Case) -> Mapping[Any, str]:
    firm: Any = market(case).firms["Tailor"]
    before = firm.price - firm.unit_cost - firm.cost_to_serve
    return {
        before: "You left out what the two capabilities cost per purchase.",
        before - firm.customization_cost - firm.interaction_cost: "Tailor's capabilities are not "
        "complete: the costs are for a capability of 1.",
        margin(case, "Mass"): "That is what a purchase leaves Mass.",
    }


def _earns_mistakes(case: Case) -> Mapping[Any, str]:
    here = market(case)
    share = max(FIRMS, key=lambda firm: case.values(here, "share", firm).mean())
    texts = {}
    for firm in FIRMS:
        worth = number(case.values(here, "net_present_value", firm).mean())
        texts[firm] = f"Its net present value is {worth} EUR. Look for a higher one in the table."
    texts[share] += " It has the most customers; each of them costs more to serve."
    return texts


def _earns_solution(case: Case) -> str:
    best = highest(case, "net_present_value")
    level = (
        f" {', '.join(best[1:])} may be level with it: the difference may be chance."
        if best[1:]
        else ""
    )
    return (
        f"{best[0]}.{level} Share and profit are two questions; the matrix says what a firm can "
        "do for customers, not what that costs."
    )


PLAN = Plan(
    name="02_capability_matrix",
    title="The capability matrix: four ways to serve",
    minutes=60,
    market=market,
    varied=varied,
    questions=(
        Question(
            "share",
            "Tailor's share less Mass's",
            "Tailor interacts <i>and</i> customizes; Mass does neither. Quality and price are the "
            "same. Tailor's share of purchases, compared with Mass's, is on average over five "
            "years, …",
            unit="points",
            largest=40,
            step=1,
            result=share_lead,
            why=_why_share,
            signs=("is lower", "is about the same", "is higher"),
        ),
        Question(
            "profit",
            "what Tailor earns, against Mass",
            "And what Tailor <i>earns</i> over the five years (net present value of profit), "
            "compared with what Mass earns, …",
            unit="%",
            largest=100,
            step=1,
            result=profit_lead,
            why=_why_profit,
            signs=("is lower", "is about the same", "is higher"),
            valued=lambda case: ((market(case), "Tailor"), (market(case), "Mass")),
        ),
    ),
    exhibits={"matrix": matrix, "table": table, "leads": leads, "counter": counter},
    exercises=(
        Exercise(
            "A",
            "Read the misfit of the four firms from the table. By how much does Tailor lower it "
            "<i>beyond</i> what customization alone (Niche) and interaction alone (Targeted) take "
            "off Mass's misfit? To two places.",
            answer=together,
            solution=_together_solution,
            unit="squared units",
            tolerance=0.02,
            mistakes=_together_mistakes,
            hint="Take what Tailor takes off Mass's misfit, and subtract what each of the other "
            "two takes off.",
        ),
        Exercise(
            "B",
            "What does one purchase leave Tailor, before the fixed costs of its capabilities? A "
            "unit is sold at 20 EUR and costs 11 EUR; serving a purchase costs 1 EUR; a contact "
            "costs 1 EUR times interaction (0.8); a unit costs the amount in your variant more, "
            "times customization (0.8).",
            answer=lambda case: Estimate.exactly(margin(case, "Tailor")),
            solution=_margin_solution,
            unit="EUR",
            tolerance=0.011,
            mistakes=_margin_mistakes,
            hint="Price less unit cost, less serving, less each capability's cost times how much "
            "of the capability Tailor has.",
        ),
        Exercise(
            "C",
            "Which firm earns most over the five years?",
            answer=lambda case: highest(case, "net_present_value"),
            solution=_earns_solution,
            choices=FIRMS,
            mistakes=_earns_mistakes,
        ),
    ),
)
