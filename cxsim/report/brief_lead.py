"""What every brief says: a lead in profit and what would turn it, limits of a market."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np
import pandas as pd

from cxsim.charts.labels import joined
from cxsim.charts.style import Picture
from cxsim.messages import minus, money
from cxsim.model.ledger import YEARS, year_of
from cxsim.report.brief import Assumption, Sheet
from cxsim.report.tables import unstated_lines
from cxsim.runs.measures.measure_registry import measures
from cxsim.runs.measures.profit import by_horizon
from cxsim.scenario import Scenario
from cxsim.scenario.named_policies import policies_of
from cxsim.study.value_of_lead import (
    Value,
    further_cost,
    paid_back,
    turning_rate,
)

#: Figures of a brief by name, drawn when they are called.
Figures = dict[str, Callable[[], Picture]]

#: Years up to which each has a column, or a place in a sentence.
MOST_YEARS = 10


#: Name of the sheet of my firm's income statement.
INCOME = "Income statement"


#: What discount rates are searched up to, per year.
_HIGHEST = 1.0


# -- A lead in profit: what carries it, and what would turn it ---------------------------------


@dataclass(frozen=True)
class Lead:
    """A difference in profit by period, and what it is worth.

    Attributes
    ----------
    path : ndarray, shape (T,)
        Mean difference by period, currency.
    value : Value
    rate : float
        Discount rate per period.
    """

    path: np.ndarray
    value: Value
    rate: float

    @property
    def paid(self) -> tuple[int, float]:
        """The first period that differs, and periods until it has paid for itself."""
        return paid_back(self.path, self.rate)

    @property
    def payback(self) -> str:
        """Payback in a few words."""
        start, after = self.paid
        if not self.path.any():
            return "nothing differs"
        if not isfinite(after):
            return f"not within the {self.value.periods} {self.value.period}s"
        if after <= 1.0:
            return f"from the first {self.value.period} on"
        period = self.value.period
        return f"after {after:.0f} {period}s ({period} {start + after - 1:.0f})"

    @property
    def sums(self) -> np.ndarray:
        """Cumulative cash, not discounted, currency, (T,)."""
        return np.cumsum(self.path)

    def cash(self, what: str = "Cumulative cash flow") -> str:
        """Return cumulative cash at the end, and at its lowest, in a sentence."""
        sums, period, unit = self.sums, self.value.period, self.value.currency
        said = f"{what} is {money(sums[-1], unit)} at the end (not discounted)"
        low = int(sums.argmin())
        if sums[low] < 0 and low < len(sums) - 1:
            said += f" and lowest in {period} {low}: {signed_money(sums[low], unit)}"
        return f"{said}{self._by_year()}."

    def _by_year(self) -> str:
        """Return cash of each year in words; empty if years are unknown, one or beyond ten."""
        length = YEARS.get(self.value.period.lower().removesuffix("s"), 1)
        years = [float(self.path[k : k + length].sum()) for k in range(0, len(self.path), length)]
        if length == 1 or not 2 <= len(years) <= MOST_YEARS:
            return ""
        rest = len(self.path) % length
        last = f" (the last of {rest} {self.value.period}s)" if rest else ""
        shown = joined([signed_money(each, self.value.currency) for each in years])
        return f"; by year {shown}{last}"

    def assumptions(self) -> tuple[Assumption, ...]:
        """Return what carries the sign of the lead, with the values that would turn it."""
        value, unit, period = self.value, self.value.currency, self.value.period
        if not value.within.mean:
            return ()
        horizon = [f"at {joined(f'{k}' for k in value.turns)} {period}s"] if value.turns else []
        if isfinite(value.beyond):
            horizon.append(
                f"at about {value.beyond:.0f} {period}s if the last year's profit continues"
            )
        start, _ = self.paid
        once, running = further_cost(value.within.mean, value.periods, self.rate, start)
        gain = "A further cost" if value.within.mean > 0 else "A saving or further income"
        most = (1.0 + _HIGHEST) ** (1.0 / year_of(period)) - 1.0
        turn = turning_rate(self.path, self.rate, most)
        rate = f"from 0 to {100 * most:.2g} % per {period} (100 % a year)"
        return (
            Assumption(
                "Horizon", f"{value.periods} {period}s",
                minus("; ".join(horizon)).capitalize()
                or f"No horizon up to {value.periods} {period}s, nor a longer one",
            ),
            Assumption(
                "Costs", "As the scenarios state them",
                f"{gain} of {money(abs(once), unit)} once in {period} {start}, or of "
                f"{money(abs(running), unit)} per {period} from then on",
            ),
            Assumption(
                "Discount rate", f"{100 * self.rate:.3g} % per {period}",
                f"At {100 * turn:.3g} % per {period}" if isfinite(turn) else f"No rate {rate}",
            ),
        )  # fmt: skip

    def risks(self) -> list[str]:
        """Return what counts against the sign of the lead."""
        value, unit = self.value, self.value.currency
        said = []
        if isfinite(value.within.lower) and not value.within.sign:
            said.append("The difference in net present value is not statistically significant.")
        if not isfinite(value.within.lower):
            said.append("One seed: nothing says how much of the result is chance.")
        for estimate, words in (
            (value.perpetuity, "With the last year's profit in perpetuity"),
            (value.equity, "With customer equity at the end"),
        ):
            if isfinite(estimate.mean) and estimate.mean * value.within.mean < 0:
                amount = signed_money(estimate.mean, unit)
                said.append(f"{words}, the result has the other sign: {amount}.")
        low, last = float(self.sums.min()), float(self.sums[-1])
        if low < 0 < last:
            at = int(self.sums.argmin())
            said.append(
                f"Cash is tied up first: {money(-low, unit)} at the most, in {value.period} {at}."
            )
        return said

    def numbers(self) -> list[tuple[str, str, str]]:
        """Return what is read first: name, value, and its interval."""
        value, unit = self.value, self.value.currency
        name = f"Net present value, {value.periods} {value.period}s"
        found = [(name, signed_money(value.within.mean, unit), interval_words(value.within))]
        found.append(("Payback", self.payback, ""))
        found.append(
            (
                "Cumulative cash flow at the end",
                signed_money(float(self.sums[-1]), unit),
                "not discounted",
            )
        )
        if isfinite(value.perpetuity.mean):
            ends = interval_words(value.perpetuity)
            found.append(
                ("With profit in perpetuity", signed_money(value.perpetuity.mean, unit), ends)
            )
        return found

    def flow(self, name: str) -> pd.DataFrame:
        """Return the discounted sum by period, as the figure of cumulative cash takes it."""
        sums = by_horizon(self.path, self.rate)
        return pd.DataFrame({"period": np.arange(len(sums)), "name": name, "value": sums})

    @property
    def paid_in(self) -> float:
        """The period from which on it has paid for good; NaN for none."""
        start, after = self.paid
        return start + after - 1.0 if isfinite(after) and self.path.any() else nan


def signed_money(value: float, unit: str) -> str:
    """Return an amount with its sign and currency: +1,200 EUR."""
    return f"{'+' if value > 0 else ''}{money(value, unit)}"


def interval_words(found: Any) -> str:
    """Return an interval in words; empty if there is none."""
    if not isfinite(found.lower):
        return ""
    return f"{money(found.lower)} to {money(found.upper)}"


# -- What all briefs say of a market: its name, its limits, what was left at a default ---------


def market_name(scenario: Scenario) -> str:
    """Return the title of a scenario, or its name where it has none."""
    return scenario.title or scenario.name


def called_by_title(scenarios: Sequence[Scenario]) -> dict[str, str]:
    """Return scenarios by name as sentences call them: by title, with the name if several differ.

    The name in brackets is the one that figures of several scenarios use.
    """
    several = len(scenarios) > 2
    return {
        each.name: f"“{each.title}”" + (f" ({each.name})" if several else "")
        if each.title
        else each.name
        for each in scenarios
    }


def limits(scenario: Scenario, firm: str) -> list[str]:
    """Return what a market leaves out that an answer for a firm may hang on.

    Parameters
    ----------
    scenario : Scenario
    firm : str
    """
    rivals = [name for name in scenario.firms if name != firm]
    active = {who for who, *_ in policies_of(scenario)}
    still = [name for name in rivals if name not in active]
    said = []
    if still:
        who = "Rivals do" if len(still) == len(rivals) > 1 else f"{joined(still)} do"
        who = who if len(still) > 1 else f"{still[0]} does"
        said.append(f"{who} not respond: the scenario gives them no policy.")
    if not scenario.no_purchase_option:
        said.append(
            "Customers must buy from some firm, which overstates the benefit of higher prices."
        )
    return said


def untested(scenario: str, firm: str) -> str:
    """Return what was not varied, with the command that varies it."""
    return (
        "Not varied here: customers, costs and rivals' responses. "
        f"`cxsim decide {scenario} --firm {firm}` varies them and says which would turn the answer."
    )


def next_step(scenarios: Sequence[Scenario], lead: Lead | None, firm: str, seeds: int) -> str:
    """Return the next step that the result itself suggests."""
    free = [line for line in unstated_lines(scenarios) if "Free in this market" in line]
    last = scenarios[-1].name
    if free:
        return f"State the costs that are free so far: `cxsim check {last}` lists them."
    if lead is not None and not lead.value.within.sign:
        more = _seeds_needed(lead, seeds)
        if more:
            return f"Decide with more seeds: about {more} would show a difference of this size."
    return f"Test the answer under uncertainty: `cxsim decide {last} --firm {firm}`."


def _seeds_needed(lead: Lead, seeds: int) -> int:
    """Return the seeds with which a difference of this size would be significant; 0 if too many."""
    found = lead.value.within
    if not isfinite(found.lower) or not found.mean:
        return 0
    ratio = (found.upper - found.lower) / 2 / abs(found.mean)
    needed = int(np.ceil(1.2 * seeds * ratio**2 / 10) * 10)
    return needed if needed <= 1000 else 0


def unit_in_words(unit: str, market: Scenario) -> str:
    """Return a unit in the words of a market: its currency and the length of its periods."""
    money = unit.replace("currency", market.currency or "currency")
    return money.replace("period", market.period_length)


def sheet_of_series(
    series: pd.DataFrame, firm: str, shown: Iterable[str], market: Scenario
) -> Sheet:
    """Return measures of all firms by period, in the units of the measures."""
    known = {each.name: each for each in measures("firm")}
    part = series[series["measure"].isin(list(shown))]
    keys = [name for name in ("scenario", "firm", "period") if name in part]
    wide = part.pivot(index=keys, columns="measure", values="mean").reset_index()
    wide = wide.rename_axis(columns=None)
    names = {each: known[each].label for each in wide if each in known}
    mine = wide["firm"] == firm
    wide = pd.concat([wide[mine], wide[~mine]], ignore_index=True)
    return Sheet(
        "By period", "Measures by period, means over the seeds", wide.rename(columns=names),
        {names[each]: unit_in_words(known[each].unit, market) for each in names},
        {names[each]: known[each].definition for each in names},
    )  # fmt: skip


def sheet_of_statement(statement: pd.DataFrame, firm: str, unit: str, title: str) -> Sheet | None:
    """Return a firm's income statement with a column per year; None for a firm without one.

    Parameters
    ----------
    statement : DataFrame
        As ``Comparison.statement`` or ``Replications.statement``.
    firm : str
    unit : str
        Currency.
    title : str
    """
    mine = statement[statement["firm"] == firm]
    if mine.empty:
        return None
    several = "scenario" in mine and mine["scenario"].nunique() > 1
    keys = ["scenario", "label"] if several else ["label"]
    order = mine[[*keys]].drop_duplicates()
    wide = mine.pivot(index=keys, columns="year", values="amount")
    years = [year for year in wide.columns if year > 0]
    years = years if 1 < len(years) <= MOST_YEARS else []
    whole = mine[mine["year"] == 0].set_index(keys)[["amount", "se"]]
    whole.columns = ["whole run", "standard error"]
    wide = wide[years].rename(columns=lambda year: f"year {year}").join(whole)
    wide = wide.loc[pd.MultiIndex.from_frame(order) if len(keys) > 1 else order["label"]]
    wide = wide.reset_index().rename(columns={"label": "line"})
    units = {name: unit for name in wide if name not in (*keys, "line")}
    known = {each.label: each.definition for each in measures("firm")}
    said = {label: known[label] for label in dict.fromkeys(wide["line"])}
    return Sheet(INCOME, title, wide.rename_axis(columns=None), units, said)


def capital(text: str) -> str:
    """Return a text with a capital letter at its start."""
    return text[:1].upper() + text[1:]
