"""Lesson 8: one's own industry, a move that is thought of, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from classroom.case import Case, Estimate, once
from classroom.industry import Industry
from classroom.plan import Exercise, Plan, Question, courses, firm_table, frame_of, means_by_firm
from cxsim.charts import number
from cxsim.runs import simulate
from cxsim.scenario import Scenario

__all__ = ["NAME", "PLAN", "OwnIndustry", "plan_for"]


# -- What lesson 8 computes of an industry: the move, what it needs, and what it rests on ------


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
            books = simulate(self.market(case), seed=seed, detail=["elasticity"]).ledger
            from cxsim.runs import own_elasticity

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


# -- Lesson 8: one's own industry, a move that is thought of, and what it rests on -------------


NAME = "08_your_own_industry"


def _why_share(own: OwnIndustry) -> Callable[[Case], str]:
    def why(case: Case) -> str:
        before, after = (
            {
                name: float(case.values(here, name, own.firm).mean())
                for name in ("misfit", "hassle", "retention")
            }
            for here in (own.market(case), own.moved(case))
        )
        return (
            f"with the move the offer's misfit is {number(after['misfit'])} in place of "
            f"{number(before['misfit'])} squared units, ordering takes "
            f"{number(after['hassle'])} in place of {number(before['hassle'])} "
            f"{own.industry(case).currency} of effort, and {number(100 * after['retention'])} % of "
            f"customers stay for another month in place of {number(100 * before['retention'])} %."
        )

    return why


def _why_worth(own: OwnIndustry) -> Callable[[Case], str]:
    def why(case: Case) -> str:
        unit = own.industry(case).currency
        margins = [number(own.margin(case, moved=moved)) for moved in (True, False)]
        return (
            f"a purchase leaves {margins[0]} {unit} in place of {margins[1]}, and the capabilities "
            f"cost {number(own.more_fixed(case))} {unit} a month more. For that, sales have to "
            f"grow by {own.enough(case).text('%')} in a month; building comes on top."
        )

    return why


def _agree_solution(own: OwnIndustry) -> Callable[[Case], str]:
    def solution(case: Case) -> str:
        rows = "; ".join(
            f"{k} {each.text('%', signed=True)}" for k, each in own.doubts(case).items()
        )
        here = own.worth(case).text("%", signed=True)
        return (
            f"{own.agreeing(case)} of {len(own.doubts(case))}. Here {here}. {rows}. Where the "
            "sign turns, or the interval holds zero, the decision rests on that number: find out."
        )

    return solution


def _enough_solution(own: OwnIndustry) -> Callable[[Case], str]:
    def solution(case: Case) -> str:
        sold = float(case.values(own.market(case), "purchases", own.firm).mean())
        more = own.more_fixed(case)
        grow = own.enough(case).value
        return (
            f"({number(own.margin(case, moved=False))} × {number(sold, 4)} + {number(more)}) / "
            f"{number(own.margin(case, moved=True))} = {number(sold * (1 + grow / 100), 4)} "
            f"purchases a month, {number(grow)} % more than {number(sold, 4)}."
        )

    return solution


def plan_for(industry: Industry) -> Plan:
    """Return the lesson for an industry."""
    own = OwnIndustry(industry)
    firm, unit = own.firm, industry.currency

    def varied(case: Case) -> Mapping[str, str]:
        own_ = own.industry(case)
        a, c = own_.interaction_to, own_.customization_to
        return {
            "Industry": own_.name,
            "Your firm": f"{firm} ({own_.mine}) in a market with one firm of each kind",
            "The move": f"from month {own_.month} on interaction {a:g}, customization {c:g}",
            "Perfect fit is worth": f"{own_.fit_worth:g} % of the price",
        }

    def growth(case: Case) -> str:
        sold = float(case.values(own.market(case), "purchases", firm).mean())
        more = own.more_fixed(case)
        return (
            f"A purchase leaves {firm} {number(own.margin(case, moved=False))} {unit} today and "
            f"{number(own.margin(case, moved=True))} {unit} after the move, and its capabilities "
            f"will cost {number(more)} {unit} a month more. Without the move it sells "
            f"{number(sold, 4)} purchases a month. By how many percent do its sales have to grow "
            "for the move to pay in a month?"
        )

    def left_out(case: Case) -> Mapping[Any, str]:
        ratio = own.margin(case, moved=False) / own.margin(case, moved=True)
        return {100 * (ratio - 1): "You left out what the capabilities cost a month."}

    def inputs(case: Case) -> str:
        return firm_table(
            case, own.market(case), ("share", "retention", "switching_cost", "net_present_value"),
            f"{industry.name}, without the move",
        )  # fmt: skip

    def matrix(case: Case) -> Any:
        from cxsim.plot import capability_matrix

        return capability_matrix(means_by_firm(case, own.moved(case)), size=(7.0, 6.2))

    def paths(case: Case) -> Any:
        from cxsim.plot import paths as draw

        return draw(
            courses(case, own.market(case), own.moved(case)),
            firms=[firm], events=[(own.industry(case).month, "the move")], size=(7.6, 4.2),
            title=f"{firm}'s share: {own.share(case).text('points', signed=True)}",
        )  # fmt: skip

    def money(case: Case) -> Any:
        from cxsim.charts import estimates

        before, after = own.market(case), own.moved(case)
        rows = {name: own._relative(case, before, after, name) for name in before.firms}
        mine = rows[firm]
        said = (
            "earns more"
            if mine.lower > 0
            else "earns less"
            if mine.upper < 0
            else "may or may not earn more"
        )
        return estimates(
            frame_of(rows), label="Net present value with the move, against without (%)",
            title=f"With the move {firm} {said}",
        )  # fmt: skip

    def doubts(case: Case) -> Any:
        from cxsim.charts import estimates

        rows = {"as assumed": own.worth(case), **own.doubts(case)}
        return estimates(
            frame_of(rows), label=f"What the move does to what {firm} earns (%)",
            title=f"In {own.agreeing(case)} of {len(rows) - 1} other markets the move surely does "
            "what it does in this one",
            size=(8.2, 5.2),
        )  # fmt: skip

    return Plan(
        name=NAME,
        title="Your own industry",
        minutes=120,
        market=own.market,
        varied=varied,
        questions=(
            Question(
                "share",
                "what the move does to your share",
                f"What does the move do to {firm}'s share of purchases, on average over the five "
                "years, compared with not moving? It …",
                unit="points",
                largest=30,
                step=0.5,
                result=own.share,
                why=_why_share(own),
            ),
            Question(
                "worth",
                "what the move does to what you earn",
                f"And what {firm} earns over the five years (net present value of profit), "
                "compared with not moving, …",
                unit="%",
                largest=100,
                step=1,
                result=own.worth,
                why=_why_worth(own),
                valued=lambda case: ((own.moved(case), firm), (own.market(case), firm)),
            ),
        ),
        exhibits={
            "inputs": inputs,
            "matrix": matrix,
            "paths": paths,
            "money": money,
            "doubts": doubts,
        },
        exercises=(
            Exercise(
                "A",
                growth,
                answer=own.enough,
                solution=_enough_solution(own),
                unit="%",
                tolerance=0.5,
                mistakes=left_out,
                hint="What it earned a month before, plus what the capabilities cost more, divided "
                "by what a purchase leaves then; compared with what it sells now.",
            ),
            Exercise(
                "B",
                "Look at the last figure. In how many of the six other markets does the move "
                "<i>surely</i> (interval without zero) change what you earn in the same direction "
                "as in your market?",
                answer=lambda case: Estimate.exactly(own.agreeing(case)),
                solution=_agree_solution(own),
                tolerance=0.1,
                hint="Count filled dots on the same side of zero as the first row.",
            ),
        ),
    )


PLAN = plan_for(Industry())
