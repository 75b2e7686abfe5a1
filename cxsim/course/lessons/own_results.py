"""What lesson 8 computes of an industry: the move, what it needs, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cxsim.course.case import Case, once
from cxsim.course.estimate import Estimate
from cxsim.course.industry import Industry
from cxsim.runs import simulate
from cxsim.scenario import Scenario

__all__ = ["OwnIndustry"]

#: What is halved and doubled: words and parameters.
DOUBTS = {
    "what fit is worth": ("segments.*.fit_weight",),
    "what teaching and moving cost": ("segments.*.teaching_effort", "segments.*.switching_cost"),
    "what capabilities cost": ("firms.*.capability_cost", "firms.*.capability_investment"),
}


class OwnIndustry:
    """What the lesson computes of an industry.

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
        return self._with(case, changes, more)

    def moved(self, case: Case, more: Mapping[str, Any] | None = None) -> Scenario:
        """Return the market with the move."""
        industry = self.industry(case)
        changes = industry.changes() | {"name": "with the move", "events": industry.move()}
        return self._with(case, changes, more)

    def _with(
        self, case: Case, changes: dict[str, Any], more: Mapping[str, Any] | None
    ) -> Scenario:
        return case.market("baseline", changes | dict(more or {}))

    def share(self, case: Case) -> Estimate:
        """Return what the move does to one's share, points."""
        return case.change(self.market(case), self.moved(case), "share", self.firm, times=100)

    def worth(self, case: Case, more: Mapping[str, Any] | None = None) -> Estimate:
        """Return what the move does to what one earns, percent."""
        before, after = self.market(case, more), self.moved(case, more)
        return self._relative(case, before, after, self.firm)

    def _relative(self, case: Case, before: Scenario, after: Scenario, firm: str) -> Estimate:
        base = abs(float(case.values(before, "net_present_value", firm).mean()))
        return case.change(before, after, "net_present_value", firm, times=100 / base)

    def _elasticity(self, case: Case) -> Estimate:
        """Return the mean own-price elasticity over firms and months."""
        made = []
        for seed in case.seeds[:2]:
            books = simulate(self.market(case), seed=seed, detail=["elasticity"]).books
            from cxsim.measures.observers.elasticity import own_elasticity

            made.append(float(np.nanmean(own_elasticity(books))))
        return Estimate.over(made)

    def repeat_rate(self, case: Case) -> Estimate:
        """Return how many purchases go where the last one went, percent, mean over firms."""
        firms = list(self.market(case).firms)
        rates = [case.values(self.market(case), "repeat_rate", firm) for firm in firms]
        return Estimate.over(100 * np.mean(rates, axis=0))

    def _doubts(self, case: Case) -> dict[str, Estimate]:
        """Return what the move is worth where an assumption is half or twice as much."""
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

    def counter(self, case: Case, changes: Mapping[str, Any]) -> Estimate:
        """Return what the move is worth with other values."""
        return self.worth(case, changes)

    def margin(self, case: Case, *, moved: bool) -> float:
        """Return what a purchase leaves one's firm before fixed costs."""
        firm: Any = self.market(case).firms[self.firm]
        a, c = firm.interaction, firm.customization
        if moved:
            a, c = self._given.interaction_to, self._given.customization_to
        capable = firm.customization_cost * c + firm.interaction_cost * a
        return float(firm.price - firm.unit_cost - capable - firm.cost_to_serve)

    def more_fixed(self, case: Case) -> float:
        """Return what one's capabilities cost a month more with the move."""
        firm: Any = self.market(case).firms[self.firm]
        to = self._given.interaction_to**2 + self._given.customization_to**2
        return float(firm.capability_cost * (to - firm.interaction**2 - firm.customization**2))

    def enough(self, case: Case) -> Estimate:
        """Return by how many percent sales have to grow for the move to pay, month by month."""
        sold = case.values(self.market(case), "purchases", self.firm)
        more = self.more_fixed(case)
        needed = (self.margin(case, moved=False) * sold + more) / self.margin(case, moved=True)
        return Estimate.over(100 * (needed / sold - 1))


def _first(scenario: Scenario, path: str) -> float:
    """Return the value of a parameter that all segments or all firms share."""
    kind, _, name = path.split(".")
    return float(getattr(next(iter(getattr(scenario, kind).values())), name))
