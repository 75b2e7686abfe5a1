"""Lesson 8: one's own industry, a move that is thought of, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from classroom.case import Case, Estimate, once
from classroom.industry import Industry
from classroom.numbers import Numbers, margin_of
from classroom.plan import Plan
from classroom.plan_file import read_plan
from cxsim.runs import own_price_elasticity, simulate
from cxsim.scenario import Scenario

__all__ = ["NAME", "PLAN", "OwnIndustry", "plan_for"]


NAME = "08_your_own_industry"

#: What is halved and doubled: words and parameters.
DOUBTS = {
    "value of personalization": ("segments.*.fit_weight",),
    "onboarding effort and switching cost": (
        "segments.*.onboarding_effort",
        "segments.*.switching_cost",
    ),
    "costs of capabilities": ("firms.*.capability_cost", "firms.*.capability_investment"),
}


class OwnIndustry:
    """The numbers of lesson 8 for an industry.

    Parameters
    ----------
    industry : Industry
        The template's, as it comes, is varied by the student's number.
    """

    def __init__(self, industry: Industry):
        self._given = industry
        self.firm = industry.firm
        # One function for each, so that what it finds is remembered once a case.
        self.elasticity = once(self._elasticity)
        self.doubts = once(self._doubts)

    def industry(self, case: Case) -> Industry:
        """Return the industry, with the student's own numbers where it is still the template's."""
        given = self._given
        if given != Industry():
            return given
        pick = case.variant.pick
        return replace(
            given,
            fit_worth=pick("fit worth", given.fit_worth, [20.0, 30.0, 35.0]),
            upkeep=pick("upkeep", given.upkeep, [4.0, 6.0, 7.0]),
            month=pick("month of the move", given.month, [9, 15, 18]),
        )

    def market(self, case: Case, more: Mapping[str, Any] | None = None) -> Scenario:
        """Return the market without the move."""
        changes = self.industry(case).changes() | {"name": "without the move"}
        return case.market("baseline", changes | dict(more or {}))

    def moved(self, case: Case, more: Mapping[str, Any] | None = None) -> Scenario:
        """Return the market with the move."""
        move = {"name": "with the move", "events": self.industry(case).move()}
        return case.market("baseline", self.industry(case).changes() | move | dict(more or {}))

    def share(self, case: Case) -> Estimate:
        """Return the effect of the move on the firm's market share, points."""
        return case.change(
            self.market(case), self.moved(case), "market_share", self.firm, times=100
        )

    def worth(self, case: Case, more: Mapping[str, Any] | None = None) -> Estimate:
        """Return the effect of the move on the firm's net present value, percent."""
        pair = self.market(case, more), self.moved(case, more)
        return case.relative(*pair, "net_present_value", self.firm)

    def earns(self, case: Case) -> dict[str, Estimate]:
        """Return the effect of the move on each firm's net present value, percent."""
        pair = self.market(case), self.moved(case)
        return {firm: case.relative(*pair, "net_present_value", firm) for firm in pair[0].firms}

    def service(self, case: Case) -> dict[str, dict[str, float]]:
        """Return fit gap, ordering effort and retention (%), without the move and with it."""
        times = {"fit_gap": 1, "ordering_effort": 1, "retention_rate": 100}
        return {
            when: {name: k * case.average(here, name, self.firm) for name, k in times.items()}
            for when, here in (("before", self.market(case)), ("after", self.moved(case)))
        }

    def _elasticity(self, case: Case) -> Estimate:
        """Return the mean own-price elasticity over firms and months."""
        made = []
        for seed in case.seeds[:2]:
            books = simulate(self.market(case), seed=seed, probes=["price_elasticity"]).ledger
            made.append(float(np.nanmean(own_price_elasticity(books))))
        return Estimate.over(made)

    def repeat_rate(self, case: Case) -> Estimate:
        """Return how many purchases go where the last one went, percent, mean over firms."""
        firms = list(self.market(case).firms)
        rates = [case.values(self.market(case), "repeat_purchase_rate", firm) for firm in firms]
        return Estimate.over(100 * np.mean(rates, axis=0))

    def _doubts(self, case: Case) -> dict[str, Estimate]:
        """Return the effect of the move with each assumption halved and doubled."""
        found = {}
        here = self.market(case)
        for words, paths in DOUBTS.items():
            for times, said in ((0.5, "half"), (2.0, "twice")):
                more = {path: times * _first(here, path) for path in paths}
                found[f"{words}: {said}"] = self.worth(case, more)
        return found

    def agreeing(self, case: Case) -> int:
        """Return in how many of those markets the move surely does what it does here, in sign."""
        sign = np.sign(self.worth(case).value)
        doubts = self.doubts(case).values()
        return sum(1 for each in doubts if each.sure and np.sign(each.value) == sign)

    def margin(self, case: Case, *, moved: bool) -> float:
        """Return the firm's contribution margin per purchase."""
        firm: Any = self.market(case).firms[self.firm]
        to = self._given
        a, c = (
            (to.interaction_to, to.customization_to)
            if moved
            else (firm.interaction, firm.customization)
        )
        return margin_of(firm, price=firm.price, interaction=a, customization=c)

    def more_fixed(self, case: Case) -> float:
        """Return the additional monthly cost of the firm's capabilities by the move."""
        firm: Any = self.market(case).firms[self.firm]
        to = self._given.interaction_to**2 + self._given.customization_to**2
        return float(firm.capability_cost * (to - firm.interaction**2 - firm.customization**2))

    def enough(self, case: Case) -> Estimate:
        """Return by how many percent sales have to grow for the move to pay, month by month."""
        sold = case.values(self.market(case), "purchases", self.firm)
        more = self.more_fixed(case)
        needed = (self.margin(case, moved=False) * sold + more) / self.margin(case, moved=True)
        return Estimate.over(100 * (needed / sold - 1))

    def month(self, case: Case) -> dict[str, float]:
        """Return margins, fixed costs and sales of a month, and what a mistake leads to."""
        before, after = (self.margin(case, moved=moved) for moved in (False, True))
        sold = case.average(self.market(case), "purchases", self.firm)
        return {
            "before": before, "after": after, "more": self.more_fixed(case), "sold": sold,
            "needed": sold * (1 + self.enough(case).value / 100),
            "without upkeep": 100 * (before / after - 1),
        }  # fmt: skip


def _first(scenario: Scenario, path: str) -> float:
    """Return the value of a parameter that all segments or all firms share."""
    kind, _, name = path.split(".")
    return float(getattr(next(iter(getattr(scenario, kind).values())), name))


# -- the lesson's plan ---------------------------------------------------------------------


def plan_for(industry: Industry) -> Plan:
    """Return the lesson for an industry."""
    own = OwnIndustry(industry)
    firm = own.firm

    def varied(case: Case) -> dict[str, str]:
        here = own.industry(case)
        a, c = here.interaction_to, here.customization_to
        return {
            "Industry": here.name,
            "Your firm": f"{firm} ({here.mine}) in a market with one firm of each kind",
            "The move": f"from month {here.month} on: interaction {a:g}, customization {c:g}",
            "Value of perfect fit": f"{here.fit_worth:g} % of the price",
        }

    numbers = Numbers(
        own.market, own.moved, own.industry, own.share, own.worth, own.earns,
        own.agreeing, own.enough, own.month, own.service,
        doubts=own.doubts,
        firm=lambda _: firm,
        mine=lambda case: own.earns(case)[firm],
        others=lambda case: len(own.doubts(case)),
        rows=lambda case: {"as assumed": own.worth(case), **own.doubts(case)},
        doubted=lambda case: "; ".join(
            f"{words} {each.text('%', signed=True)}" for words, each in own.doubts(case).items()
        ),
    )  # fmt: skip
    return read_plan(__file__, numbers, market=own.market, varied=varied)


PLAN = plan_for(Industry())
