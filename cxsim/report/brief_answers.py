"""Briefs made from results: of runs, comparisons, decisions, studies and tournaments.

Everything said here is taken or computed from runs that were made. What was not varied is named,
with the command that varies it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, singledispatch
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.charts.business_case import cumulative_cash, price_response
from cxsim.charts.labels import Words, joined, number, scale_for
from cxsim.charts.scenario_comparison import scenario_differences
from cxsim.charts.style import Picture
from cxsim.charts.time_series import market_shares
from cxsim.messages import argument_hints, minus, money
from cxsim.model.ledger import year_of
from cxsim.numerics.statistics import half_width
from cxsim.report.brief import GOALS, Assumption, Brief, Drawing, Sheet, stance
from cxsim.report.tables import unstated_lines
from cxsim.runs import settings_attrs
from cxsim.runs.measures.measure_registry import MARKET, key_measures, measures
from cxsim.runs.measures.profit import by_horizon
from cxsim.scenario import Scenario
from cxsim.scenario.named_policies import policies_of
from cxsim.strategy.decision import Decision
from cxsim.strategy.tournament import Tournament
from cxsim.study.analysis.points import best_value
from cxsim.study.comparison import Comparison
from cxsim.study.paired_seeds import Replications
from cxsim.study.results import StudyResult
from cxsim.study.value_of_lead import (
    CONTINUED,
    Value,
    further_cost,
    paid_back,
    turning_rate,
    value_of,
)

#: Goals as nouns of a question, by measure.
_NOUNS = {
    "net_present_value": "profit", "profit": "profit", "market_share": "market share",
    "retention_rate": "retention", "customer_lifetime_value_new": "customer lifetime value",
    "consumer_surplus": "consumer surplus", "customers": "number of customers",
    "customer_equity": "customer equity",
}  # fmt: skip

#: Figures of a brief by name, drawn when they are called.
Figures = dict[str, Callable[[], Picture]]

#: What discount rates are searched up to, per year.
_HIGHEST = 1.0


@singledispatch
def brief_of(result: Any, **asked: Any) -> tuple[Brief, Figures]:
    """Return the brief of a result, and the figures that belong to it, to be drawn, by name.

    Parameters
    ----------
    result : Replications, Comparison, Decision, StudyResult, Tournament or calibration
    **asked
        ``scenarios``, those that the result is of; ``firm`` and ``goal``, empty for the default.

    Raises
    ------
    TypeError
        If there are no briefs of such results.
    """
    if callable(getattr(result, "headline", None)):  # calibrations, whose floor need not be known
        return _calibrated(result, scenarios=asked["scenarios"]), {}
    kinds = "runs, a comparison, a decision, a tournament, a calibration or the result of a study"
    raise TypeError(f"result: expected {kinds}, found {type(result).__name__}")


@argument_hints
def brief(
    result: Any,
    *scenarios: Scenario | str | Path,
    firm: str = "",
    goal: str = "",
    author: str = "",
    date: str = "",
) -> Brief:
    """Return the brief of a result: the answer for a firm and its goal, and what carries it.

    Parameters
    ----------
    result : Comparison, Decision, StudyResult, Tournament, Replications, Calibration, MomentMatch
    *scenarios : Scenario, str or Path
        Those that the result is of, in its order; a study needs none.
    firm, goal : str
        Default: those of the first scenario's perspective, else one that the brief names. Goals
        are profit, share, retention, CLV and surplus.
    author, date : str

    Returns
    -------
    Brief
        With its figures; ``export("brief.pptx")``, ``export("brief.xlsx")`` and ``html()`` write
        it. A notebook shows it.

    Raises
    ------
    ScenarioError
        If a scenario or the firm is not there.
    ValueError
        If scenarios are missing, or there is no such goal.
    TypeError
        If there are no briefs of such results.

    Examples
    --------
    >>> import cxsim as cx
    >>> markets = [cx.load(name, {"customers": 100, "periods": 28})
    ...            for name in ("baseline", "copycat")]
    >>> made = cx.brief(cx.compare(*markets, seeds=2), *markets, firm="Tailor")
    >>> made.question
    "What does “A rival copies the one-to-one firm” do to Tailor's profit?"
    """
    from cxsim.study.paired_seeds import loaded

    markets = [loaded(each) for each in scenarios]
    if not markets and isinstance(result, StudyResult):
        markets = result.study.examples()
    needed = len(result.scenarios) if isinstance(result, Comparison) else 1
    if len(markets) < needed:
        raise ValueError(f"scenarios: expected {needed}, those of the result, found {len(markets)}")
    made, figures = brief_of(result, scenarios=markets, firm=firm, goal=goal)
    drawn = tuple(Drawing.of(draw()) for draw in figures.values())
    return replace(made, figures=drawn, author=author, date=date)


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
            said += f" and lowest in {period} {low}: {_signed(sums[low], unit)}"
        return f"{said}."

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
                amount = _signed(estimate.mean, unit)
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
        found = [(name, _signed(value.within.mean, unit), _ends(value.within))]
        found.append(("Payback", self.payback, ""))
        found.append(
            (
                "Cumulative cash flow at the end",
                _signed(float(self.sums[-1]), unit),
                "not discounted",
            )
        )
        if isfinite(value.perpetuity.mean):
            ends = _ends(value.perpetuity)
            found.append(("With profit in perpetuity", _signed(value.perpetuity.mean, unit), ends))
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


def _signed(value: float, unit: str) -> str:
    return f"{'+' if value > 0 else ''}{money(value, unit)}"


def _ends(found: Any) -> str:
    if not isfinite(found.lower):
        return ""
    return f"{money(found.lower)} to {money(found.upper)}"


# -- What all briefs say of a market: its name, its limits, what was left at a default ---------


def _market(scenario: Scenario) -> str:
    return scenario.title or scenario.name


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


def _untested(scenario: str, firm: str) -> str:
    return (
        "Not varied here: customers, costs and rivals' responses. "
        f"`cxsim decide {scenario} --firm {firm}` varies them and says which would turn the answer."
    )


def _next(scenarios: Sequence[Scenario], lead: Lead | None, firm: str, seeds: int) -> str:
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


def _sheet_of_series(series: pd.DataFrame, firm: str, shown: Iterable[str]) -> Sheet:
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
        {names[each]: known[each].unit for each in names},
        {names[each]: known[each].definition for each in names},
    )  # fmt: skip


# -- Of a comparison ---------------------------------------------------------------------------


@brief_of.register
def _comparison(
    result: Comparison, *, scenarios: Sequence[Scenario], firm: str = "", goal: str = ""
) -> tuple[Brief, Figures]:
    base, others = scenarios[0], scenarios[1:]
    first, names = result.scenarios[0], result.scenarios[1:]
    mover = result._mover(names[0]) or next(iter(base.firms))
    firm, measure, chosen = stance(
        base, firm, goal, taken=mover, why=f"its market share changes most in {names[0]}"
    )
    rate = float(base.discount_rate)
    leads = {}
    for name in names:
        if firm in set(result.table.loc[result.table["scenario"] == name, "firm"]):
            leads[name] = Lead(_path(result, name, firm), result.value(name, firm), rate)
    answer = [_change(result, name, firm, measure, base) for name in names]
    if len(names) > 1:
        best = _best(result, firm, measure)
        if best:
            answer.insert(0, best)
    top = max(leads, key=lambda name: leads[name].value.within.mean, default=None)
    lead = leads[top] if top is not None else None
    meant = dict(zip(names, others, strict=True)).get(top or "", others[-1])
    titles = [f"“{each.title or each.name}”" for each in others]
    noun = _NOUNS[measure]
    whose = noun if measure == "consumer_surplus" else f"{firm}'s {noun}"
    question = f"What does {titles[0]} do to {whose}?" if len(names) == 1 else (
        f"Which is best for {whose}: {joined(titles).replace('” and “', '” or “')}?"
    )  # fmt: skip
    figures: Figures = {}
    if leads:
        figures["cash"] = partial(_cash_figure, leads, base, firm, len(names) > 1)
    shown = result.table.copy()
    shown.attrs.update(settings_attrs(base), my_firm=firm)
    figures["differences"] = partial(
        scenario_differences, shown, firms=list(base.firms), title=_both(result, names, firm, base)
    )
    risks = lead.risks() if lead else []
    made = Brief(
        question=question,
        market=_market(base),
        firm=firm,
        goal=measure,
        chosen=chosen,
        answer=tuple(answer),
        numbers=tuple(_tiles(result, top, firm, measure, lead)),
        payback=f"Payback of {top}: {lead.payback}." if lead and len(names) > 1 else "",
        cash=lead.cash() if lead else "",
        assumptions=lead.assumptions() if lead else (),
        untested=_untested(meant.name, firm),
        risks=(*risks, *limits(meant, firm)),
        defaults=tuple(unstated_lines(scenarios)),
        next_step=_next([base, meant], lead, firm, len(result.seeds)),
        tables=(
            _sheet_of_differences(result.table, firm),
            _sheet_of_series(
                result.series, firm,
                ("market_share", "retention_rate", "profit", "cumulative_profit"),
            ),
            Sheet("Settings", f"Parameters that differ from {first}", result.settings, {}, {}),
        ),
    )  # fmt: skip
    return made, figures


def _path(result: Comparison, name: str, firm: str) -> np.ndarray:
    """Return the mean difference of a firm's profit by period, currency, (T,)."""
    profit = result.series[(result.series["measure"] == "profit") & (result.series["firm"] == firm)]
    paths = profit.pivot(index="period", columns="scenario", values="mean")
    return (paths[name] - paths[result.scenarios[0]]).to_numpy(dtype=float)


def _row(result: Comparison, name: str, firm: str, measure: str) -> Mapping[str, Any] | None:
    """Return a difference: that of the market where the measure is the market's."""
    table = result.table
    here = table[(table["scenario"] == name) & (table["measure"] == measure)]
    for who in (firm, MARKET):
        found = here[here["firm"] == who].to_dict("records")
        if found:
            return found[0]
    return None


def _change(result: Comparison, name: str, firm: str, measure: str, base: Scenario) -> str:
    """Return the change of a goal in a sentence, and of share or money beside it."""
    row, first = _row(result, name, firm, measure), result.scenarios[0]
    if row is None or not isfinite(row["difference"]):
        return f"In {name}, there is no {_NOUNS[measure]} to compare for {firm}."
    who = "customers" if row["firm"] == MARKET else firm
    scale = _scale(row, base, difference=True)
    percent = f"{100 * result.confidence:g} % interval"
    if not row["difference"]:
        return f"In {name}, {firm}'s {_NOUNS[measure]} does not differ from that in {first}."
    verb = _verb(who, row["difference"])
    said = (
        f"In {name}, {who} {verb} {scale.text(abs(row['difference']))} of "
        f"{_label(row)} against {first}"
    )
    if isfinite(row["se"]):
        ends = f"{scale.bare(row['lower'], signed=True)} to {scale.text(row['upper'], signed=True)}"
        said += f" ({percent} {ends}"
        said += ")" if _sure(row) else "; not statistically significant)"
    else:
        said += " (one seed, so no interval)"
    other = "market_share" if measure == GOALS["profit"] else GOALS["profit"]
    beside = _row(result, name, firm, other)
    if beside is not None and measure != other and _sure(beside):
        against = beside["difference"] * row["difference"] < 0
        more = _scale(beside, base, difference=True)
        said += (
            f", {'but' if against else 'and'} {'' if who == firm else firm + ' '}"
            f"{_verb(firm, beside['difference'])} {more.text(abs(beside['difference']))} of "
            f"{_label(beside)}"
        )
    if result.draws:
        said += (
            f"; over {result.draws['count']} draws of {len(result.draws['paths'])} estimated "
            "parameters"
        )
    return f"{said}."


def _both(result: Comparison, names: Sequence[str], firm: str, base: Scenario) -> str | None:
    """Return share and money of a firm as the title of a figure; None for several scenarios."""
    rows = [_row(result, names[0], firm, each) for each in ("market_share", GOALS["profit"])]
    if len(names) > 1 or any(row is None or row["firm"] == MARKET for row in rows):
        return None
    said = [
        f"{_scale(r, base, difference=True).text(r['difference'], signed=True)} of {_label(r)}"
        for r in rows
        if r is not None
    ]
    return f"{firm} in {names[0]}: {joined(said)}"


def _verb(who: str, difference: float) -> str:
    verb = "gain" if difference > 0 else "lose"
    return verb if who == "customers" else f"{verb}s"


def _sure(row: Mapping[str, Any]) -> bool:
    return bool(row["lower"] > 0 or row["upper"] < 0)


def _label(row: Mapping[str, Any]) -> str:
    label = str(row["label"])
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def _scale(row: Mapping[str, Any], scenario: Scenario, *, difference: bool = False) -> Any:
    unit = str(row["unit"])
    unit = unit.replace(" per period", "") if row["summary"] == "sum" else unit
    values = [row[key] for key in ("difference", "lower", "upper")]
    words = Words.of(settings_attrs(scenario))
    return scale_for(unit, values, words=words, difference=difference)


def _best(result: Comparison, firm: str, measure: str) -> str:
    """Return in a sentence which scenario is best for the goal; empty if no two can be compared."""
    rows = {name: _row(result, name, firm, measure) for name in result.scenarios[1:]}
    known = {name: row["difference"] for name, row in rows.items() if row is not None}
    if len(known) < 2:
        return ""
    top = max(known, key=lambda name: known[name])
    first, noun = result.scenarios[0], _NOUNS[measure]
    whose = noun if measure == "consumer_surplus" else f"{firm}'s {noun}"
    if known[top] <= 0:
        none = f"None of {joined(known)} raises {whose} above that in {first}"
        return f"{none}; {top} lowers it least."
    return f"{top} is best for {whose}, on average."


def _tiles(
    result: Comparison, name: str | None, firm: str, measure: str, lead: Lead | None
) -> list[tuple[str, str, str]]:
    """Return the numbers read first: money, payback, cash, and the goal or market share."""
    found = lead.numbers() if lead else []
    if name is None:
        return found
    other = "market_share" if measure == GOALS["profit"] else measure
    row = _row(result, name, firm, other)
    if row is not None and isfinite(row["difference"]):
        words = Words(currency=lead.value.currency if lead else "")
        scale = scale_for(
            str(row["unit"]).replace(" per period", ""), [row["difference"]], words=words,
            difference=True,
        )  # fmt: skip
        ends = f"{scale.bare(row['lower'], signed=True)} to {scale.bare(row['upper'], signed=True)}"
        text = scale.text(row["difference"], signed=True)
        found.append((f"Change of {_label(row)}", text, ends if isfinite(row["se"]) else ""))
    return found


def _cash_figure(
    leads: Mapping[str, Lead], scenario: Scenario, firm: str, several: bool
) -> Picture:
    """Draw cumulative cash of each scenario for a firm, the best one first."""
    order = sorted(leads, key=lambda name: -leads[name].value.within.mean)
    names = {name: f"{firm} in {name}" if not several else name for name in order}
    flows = pd.concat([leads[name].flow(names[name]) for name in order], ignore_index=True)
    flows.attrs.update(settings_attrs(scenario))
    paid = {names[name]: leads[name].paid_in for name in order}
    return cumulative_cash(flows, paid=paid)


def _sheet_of_differences(table: pd.DataFrame, firm: str) -> Sheet:
    """Return paired differences, those of the firm first, in the units of the measures."""
    usual = {*key_measures("firm"), *key_measures("market")}
    part = table[table["measure"].isin(usual)]
    mine = part["firm"] == firm
    part = pd.concat([part[mine], part[~mine]], ignore_index=True)
    frame = pd.DataFrame(
        {
            "scenario": part["scenario"],
            "firm": part["firm"].replace(MARKET, "the market"),
            "measure": part["label"],
            "unit": part["unit"],
            "baseline": part["baseline"],
            "scenario value": part["other"],
            "difference": part["difference"],
            "lower": part["lower"],
            "upper": part["upper"],
            "significant": (part["lower"] > 0) | (part["upper"] < 0),
        }
    )
    known = {each.label: each.definition for each in (*measures("firm"), *measures("market"))}
    return Sheet(
        "Differences", "Paired differences from the baseline with their confidence intervals",
        frame, {}, {label: known[label] for label in dict.fromkeys(part["label"])},
    )  # fmt: skip


# -- Of runs of one scenario -------------------------------------------------------------------


@brief_of.register
def _runs(
    result: Replications, *, scenarios: Sequence[Scenario], firm: str = "", goal: str = ""
) -> tuple[Brief, Figures]:
    market = scenarios[0]
    rate, names = float(market.discount_rate), result.firms
    within = by_horizon(result.profit.mean(axis=0), rate)[-1]
    top = names[int(within.argmax())]
    firm, measure, chosen = stance(market, firm, goal, taken=top, why="it earns most")
    mine = names.index(firm)
    own = _lead_of(result, mine, None)
    rivals = [k for k in range(len(names)) if k != mine]
    other = max(rivals, key=lambda k: within[k], default=None)
    lead = _lead_of(result, mine, other) if other is not None else own
    answer = [_level(result, firm, measure, own, lead, other)]
    if measure != GOALS["profit"]:
        answer.append(_level(result, firm, GOALS["profit"], own, lead, other))
    flows = own.flow(firm)
    for k in rivals:
        rival = _lead_of(result, k, None)
        flows = pd.concat([flows, rival.flow(names[k])], ignore_index=True)
    flows.attrs.update(settings_attrs(market))
    figures: Figures = {
        "cash": partial(cumulative_cash, flows, what="Discounted cumulative profit", signed=False),
    }
    series = result.series.copy()
    series.attrs.update(settings_attrs(market), my_firm=firm)
    figures["shares"] = partial(market_shares, series)
    noun = _NOUNS[measure]
    against = f" over {names[other]}" if other is not None else ""
    assumptions = lead.assumptions() if other is not None else own.assumptions()
    made = Brief(
        question=f"How does {firm} do in {noun}, and what does it rest on?",
        market=_market(market),
        firm=firm,
        goal=measure,
        chosen=chosen,
        answer=tuple(answer),
        numbers=(
            (f"Net present value, {own.value.periods} {own.value.period}s",
             money(own.value.within.mean, own.value.currency), _ends(own.value.within)),
            *(((f"Lead{against}", _signed(lead.value.within.mean, lead.value.currency),
                _ends(lead.value.within)),)
              if other is not None else ()),
            ("Cumulative profit positive", own.payback, ""),
            ("Cumulative profit at the end",
             money(float(own.sums[-1]), own.value.currency), "not discounted"),
        ),
        cash=own.cash("Cumulative profit"),
        assumptions=assumptions,
        untested=(f"The last column turns the sign of the lead{against}. " if against else "")
        + _untested(market.name, firm),
        risks=(*lead.risks(), *limits(market, firm)),
        defaults=tuple(unstated_lines([market])),
        next_step=_next([market], lead, firm, len(result.seeds)),
        tables=(
            _sheet_of_means(result.means, firm),
            _sheet_of_series(
                result.series, firm,
                ("market_share", "retention_rate", "profit", "cumulative_profit"),
            ),
        ),
    )  # fmt: skip
    return made, figures


def _lead_of(result: Replications, firm: int, other: int | None) -> Lead:
    """Return a firm's lead in profit over another; over nothing without one."""
    from cxsim.study.value_of_lead import money_of

    money_ = money_of(result.first.scenario)
    profit, equity = result.profit[..., firm], result.equity[..., firm]
    if other is not None:
        profit = profit - result.profit[..., other]
        equity = equity - result.equity[..., other]
    value = value_of(profit, equity, **money_)
    return Lead(profit.mean(axis=0), value, float(money_["discount_rate"]))


def _level(
    result: Replications, firm: str, measure: str, own: Lead, lead: Lead, other: int | None
) -> str:
    """Return the level of a goal in a sentence, beside that of the best rival."""
    names, value = result.firms, own.value
    if measure == GOALS["profit"]:
        ends = ""
        if isfinite(value.within.lower):
            ends = f" (95 % interval {money(value.within.lower)} to {money(value.within.upper)})"
        said = (
            f"{firm} earns {money(value.within.mean, value.currency)}{ends} within "
            f"{value.periods} {value.period}s"
        )
        if other is None:
            return f"{said}."
        gap = lead.value.within
        sure = "" if gap.sign or not isfinite(gap.lower) else ", not statistically significant"
        more = "more" if gap.mean > 0 else "less"
        return (
            f"{said}, {money(abs(gap.mean), value.currency)} {more} than {names[other]}, the "
            f"best of the others (net present value{sure})."
        )
    known = {each.name: each for each in (*measures("firm"), *measures("market"))}
    label, unit = known[measure].label, known[measure].unit
    rows = result.means[result.means["measure"] == measure].set_index("firm")
    who = firm if firm in rows.index else MARKET
    if who not in rows.index:
        return f"There is no {_NOUNS[measure]} in this market."
    mean, se = float(rows.loc[who, "mean"]), float(rows.loc[who, "se"])
    words = Words.of(settings_attrs(result.first.scenario))
    unit = unit.replace(" per period", "") if known[measure].summary == "sum" else unit
    scale = scale_for(unit, [mean], words=words)
    half = float(half_width(np.array(se), len(result.seeds), 0.95)) if se >= 0 else nan
    ends = f" (95 % interval {scale.bare(mean - half)} to {scale.text(mean + half)})"
    said = f"{firm}'s" if who == firm else "The market's"
    said += f" {label[:1].lower()}{label[1:]} is {scale.text(mean)}"
    said += ends if isfinite(half) else ""
    others = rows["mean"].drop([who, MARKET], errors="ignore")
    if who == firm and len(others):
        best = str(others.idxmax())
        said += f"; the best of the others is {best} with {scale.text(float(others.max()))}"
    return f"{said}."


def _sheet_of_means(means: pd.DataFrame, firm: str) -> Sheet:
    known = {each.name: each for each in measures("firm")}
    part = means[means["measure"].isin(key_measures("firm")) & (means["firm"] != MARKET)]
    mine = part["firm"] == firm
    part = pd.concat([part[mine], part[~mine]], ignore_index=True)
    frame = pd.DataFrame(
        {
            "firm": part["firm"],
            "measure": [known[each].label for each in part["measure"]],
            "unit": [known[each].unit for each in part["measure"]],
            "mean": part["mean"],
            "standard error": part["se"],
        }
    )
    names = dict.fromkeys(part["measure"])
    meanings = {known[each].label: known[each].definition for each in names}
    return Sheet("Key figures", "Means over the seeds with standard errors", frame, {}, meanings)


# -- Of a decision -----------------------------------------------------------------------------


@brief_of.register
def _decision(
    result: Decision, *, scenarios: Sequence[Scenario], **_: Any
) -> tuple[Brief, Figures]:
    market = scenarios[0]
    measure = result.output.partition(".")[0]
    sentences, value = result.sentences, result.value
    lead = None
    if value is not None:
        lead = Lead(_decided_path(result), value, float(market.discount_rate))
    table = result.means().set_index("option")
    turned = _turned(result)
    assumptions = [*turned, *(lead.assumptions() if lead else ())][:3]
    unit, best = str(result.facts["unit"]), table.loc[result.recommended]
    mean, low, high = result.advantage
    of = "" if unit else f", {_NOUNS.get(measure, measure)}"
    ends = f"{money(low)} to {money(high)}"
    numbers = [
        ("Recommended", result.recommended, ""),
        (f"Lead over {result.runner_up!r}{of}", _signed(mean, unit), ends),
        ("Best option in", f"{100 * best['best_share']:.0f} % of the futures", ""),
        ("Worst case", money(float(best["worst"]), unit), ""),
    ]  # fmt: skip
    figures: Figures = {}
    if lead is not None:
        numbers.append((f"Payback against {result.runner_up!r}", lead.payback, ""))
        flows = lead.flow(f"{result.recommended} against {result.runner_up}")
        flows.attrs.update(settings_attrs(market))
        figures["cash"] = partial(
            cumulative_cash, flows, paid={flows["name"].iloc[0]: lead.paid_in}
        )
    tail = sentences[-1] if len(sentences) > 1 else ""
    research = next((each for each in reversed(sentences) if _is_research(each)), tail)
    rest = [each for each in sentences[1:] if each != research]
    good = [each for each in rest if each.startswith("The recommendation is robust") or " also has "
            in each]  # fmt: skip
    risks = [each for each in rest if each not in good]
    futures = int(result.frame["point"].nunique())
    facts = (
        f"{len(result.options)} options in {futures} futures, {result.frame['seed'].nunique()} "
        f"paired seeds each, {int(market.periods)} {market.period_length}s, "
        f"{int(market.customers):,} simulated customers"
    )
    made = Brief(
        question=f"What should {result.firm} do?",
        market=_market(market),
        firm=result.firm,
        goal=measure,
        answer=(sentences[0], *good),
        numbers=tuple(numbers),
        cash=lead.cash() if lead else "",
        assumptions=tuple(assumptions),
        untested="" if turned else "No uncertain input turns the recommendation within its range.",
        facts=facts,
        risks=(*risks, *limits(market, result.firm)[:1]),
        defaults=tuple(unstated_lines([market])),
        next_step=research,
        tables=(_sheet_of_options(result, measure, unit), _sheet_of_information(result, unit)),
    )  # fmt: skip
    return made, figures


def _is_research(sentence: str) -> bool:
    starts = ("Perfect information", "State the cost", "No tested uncertainty")
    return sentence.startswith(starts)


def _decided_path(result: Decision) -> np.ndarray:
    """Return the mean lead in profit over the next best option by period, currency, (T,)."""
    path = f"profit.{result.firm}@period"
    mean = {
        name: np.vstack(part[path].dropna().tolist()).mean(axis=0)
        for name, part in result.frame.groupby("strategy")
        if name in (result.recommended, result.runner_up)
    }
    return np.asarray(mean[result.recommended] - mean[result.runner_up], dtype=float)


def _turned(result: Decision) -> list[Assumption]:
    """Return the uncertain inputs that turn the recommendation, the most valuable first."""
    found = []
    points = result.frame.groupby("point").first()
    order = [str(each) for each in result.value_of_information["factor"]]
    turns = dict(list(result.switching_points.groupby("factor", sort=False)))
    for name in sorted(turns, key=order.index):
        measured = f" {result._measured(str(name))}".rstrip()
        low, high = (float(points[name].agg(end)) for end in ("min", "max"))
        said = [
            f"Below {number(row['at'])}{measured}: {row['below']!r} is best"
            if row["above"] == result.recommended
            else f"Above {number(row['at'])}{measured}: {row['above']!r} is best"
            for row in turns[name].to_dict("records")
        ]
        here = f"{number(low)} to {number(high)}{measured}"
        found.append(Assumption(_capital(str(name)), here, "; ".join(said)))
    return found


def _sheet_of_options(result: Decision, measure: str, unit: str) -> Sheet:
    frame = result.means()
    names = {
        "mean_regret": "mean regret", "largest_regret": "maximum regret", "worst": "worst case",
        "best_share": "best in (share of futures)",
    }  # fmt: skip
    money_in = ("mean", "lower", "upper", "mean regret", "maximum regret", "worst case")
    return Sheet(
        "Options", f"Options by {_NOUNS.get(measure, measure)}, means over all futures",
        frame.rename(columns=names), dict.fromkeys(money_in, unit),
        {"mean regret": "Shortfall against the best option in the same future, mean over futures.",
         "worst case": "Lowest mean over the seeds of any future."},
    )  # fmt: skip


def _sheet_of_information(result: Decision, unit: str) -> Sheet:
    frame = result.value_of_information.rename(columns={"factor": "uncertain input"})
    return Sheet(
        "Value of information", "Expected gain from knowing an uncertain input before deciding",
        frame, dict.fromkeys(("value", "lower", "upper"), unit), {},
    )  # fmt: skip


# -- Of a study --------------------------------------------------------------------------------


@brief_of.register
def _study(
    result: StudyResult, *, scenarios: Sequence[Scenario], firm: str = "", goal: str = ""
) -> tuple[Brief, Figures]:
    study = result.study
    market = scenarios[0] if study.base is None else study.base
    output = _output(result, firm, goal)
    measure, _, whose = output.rpartition(".")
    said = output_words(output)
    means = result.means()
    rows = means[means["output"] == output]
    best = rows.loc[rows["mean"].idxmax()]
    words = Words.of(settings_attrs(market))
    unit = output_unit(output)
    scale = scale_for(unit, rows[["mean", "lower", "upper"]].to_numpy().ravel(), words=words)
    factors = [each.name for each in study.factors]
    where = joined(f"{path_words(f)} {_amount(best[f])}" for f in factors) or "one point"
    many = f"{len(study.points):,} points"
    answer = [
        (
            f"{said} is highest at {where}: {scale.text(best['mean'])} "
            f"({scale.bare(best['lower'])} to {scale.text(best['upper'])})."
        )
    ]
    figures: Figures = {}
    assumptions: list[Assumption] = []
    decided = ""
    question = f"What drives {said[:1].lower()}{said[1:]}?" if not study.title else study.title
    ends = f"{scale.bare(best['lower'])} to {scale.bare(best['upper'])}"
    numbers = [(f"Highest {said[:1].lower()}{said[1:]}", scale.text(best["mean"]), ends)]
    numeric = [f for f in factors if pd.api.types.is_numeric_dtype(rows[f])]
    for name in numeric:
        if rows[name].nunique() < 4 or not _decides(name):
            continue
        found = best_value(result.frame, name, output)
        if found is None:
            continue
        what, tail = path_words(name), unit_words(name, market)
        edge = found.edge
        text = f"{number(found.value)} {tail}".rstrip()
        answer.insert(
            0,
            f"The best {what} is {text} ({number(found.lower)} to {number(found.upper)})"
            + (", at the end of the range that was run: widen it" if edge else "")
            + f"; {said[:1].lower()}{said[1:]} is then {scale.text(found.mean)}.",
        )
        ends = f"{number(found.lower)} to {number(found.upper)}"
        numbers.insert(0, (f"Best {what}", text, ends))
        drawn = found.means.rename(columns={name: "value"})
        drawn.attrs.update(settings_attrs(market))
        figures["price-response"] = partial(
            price_response,
            drawn,
            name=what,
            what=said,
            unit=unit,
            today=_today(market, name),
            axis_unit=tail,
            best=(found.value, found.lower, found.upper),
        )
        decided = name
        break
    for name in factors:
        if name in numeric and rows[name].nunique() > 1 and name != decided:
            tail, low, high = unit_words(name, market), rows[name].min(), rows[name].max()
            assumptions.append(
                Assumption(
                    _capital(path_words(name)),
                    f"{number(low)} to {number(high)} {tail}".rstrip(),
                    _at_the_ends(result, name, decided, output, scale),
                )
            )
    made = Brief(
        question=question if question.endswith("?") else f"{question}: what is best?",
        market=_market(market),
        firm=whose if whose in market.firms else "",
        goal=measure or output,
        answer=tuple(answer),
        numbers=tuple(numbers),
        assumptions=tuple(assumptions[:3]),
        column="What it changes",
        untested="Nothing was run beyond these ranges.",
        risks=tuple(limits(market, whose) if whose in market.firms else ()),
        defaults=tuple(unstated_lines(scenarios[:1])),
        next_step=f"Decide under uncertainty: `cxsim decide {market.name}"
        + (f" --firm {whose}`." if whose in market.firms else "`."),
        facts=f"{len(result.frame):,} runs at {many}, {rows['seeds'].max():.0f} paired seeds",
        tables=(
            Sheet("Means", "Means over the paired seeds by design point", means, {}, {}),
        ),
    )  # fmt: skip
    return made, figures


def _at_the_ends(result: StudyResult, factor: str, decided: str, output: str, scale: Any) -> str:
    """Return in words what an output, and the best value of a choice, are at the ends of a range.

    Means over the other factors, at the lowest and at the highest value that was run.
    """
    frame, said = result.frame, []
    for end in (frame[factor].min(), frame[factor].max()):
        part = frame[frame[factor] == end]
        best = best_value(part, decided, output) if decided else None
        if best is None:
            said.append(f"{scale.text(float(part[output].mean()))} at {number(end)}")
        else:
            said.append(
                f"best {decided.rpartition('.')[2]} {number(best.value)} ({number(best.lower)} to "
                f"{number(best.upper)}) at {number(end)}"
            )
    return _capital("; ".join(said))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _output(result: StudyResult, firm: str, goal: str) -> str:
    """Return the column that the brief is about: of the goal and firm, else money, else any."""
    from cxsim.report.brief import goal_named

    columns = result.outputs
    wanted = goal_named(goal) if goal else ""
    for measure in filter(None, (wanted, "net_present_value", "profit")):
        tail = f".{firm}" if firm else ""
        alone = [c for c in columns if c.startswith(f"{measure}.") and c.endswith(tail)]
        if alone:
            return alone[0]
    return columns[0]


def _decides(path: str) -> bool:
    """Return whether a factor is a choice of a firm, and no feature of its customers."""
    return path.startswith("firms.")


def output_words(output: str) -> str:
    """Return an output as readers call it: Net present value of Tailor."""
    head, _, tail = output.partition(".")
    name, whose = (tail, "the market") if head == "market" else (head, tail)
    known = {each.name: each.label for each in (*measures("firm"), *measures("market"))}
    label = known.get(name, name.replace("_", " "))
    return f"{label} of {whose}" if whose else label


def output_unit(output: str) -> str:
    """Return the unit of a study's output, as measures declare it."""
    name = output.rpartition(".")[2] if output.startswith("market.") else output.partition(".")[0]
    known = {each.name: each for each in (*measures("market"), *measures("firm"))}
    if name not in known:
        return ""
    each = known[name]
    return each.unit.replace(" per period", "") if each.summary == "sum" else each.unit


def path_words(path: str) -> str:
    """Return a dotted path as readers call it: price of Tailor."""
    head, *rest = path.split(".")
    if head in ("firms", "segments") and len(rest) > 1:
        whose = f"all {head}" if rest[0] == "*" else rest[0]
        return f"{' '.join(rest[1:])} of {whose}".replace("_", " ")
    return path.replace("_", " ").replace(".", " ")


def unit_words(path: str, market: Scenario) -> str:
    """Return the unit of a parameter, in the currency and periods of the market."""
    from cxsim.report.tables import unit_of

    units = Scenario.parameters().set_index("path")["unit"]
    head, *rest = path.split(".")
    generic = ".".join([head, "*", *rest[1:]]) if head in ("firms", "segments") else path
    return unit_of(str(units.get(generic, "")), market)


def _amount(value: Any) -> str:
    return number(float(value)) if isinstance(value, (int, float, np.number)) else str(value)


def _today(market: Scenario, path: str) -> float | None:
    try:
        value = market.value(path)
    except (ValueError, KeyError):
        return None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


# -- Of a tournament ---------------------------------------------------------------------------


@brief_of.register
def _tournament(
    result: Tournament, *, scenarios: Sequence[Scenario], **_: Any
) -> tuple[Brief, Figures]:
    market = scenarios[0]
    table, unit = result.table, market.currency
    player, rival = result.players
    best, second = table.iloc[0], table.iloc[min(1, len(table) - 1)]
    worst = result.matches[result.matches["policy"] == best["policy"]]
    worst = worst.loc[worst["value"].idxmin()]
    numbers = [
        ("Best policy", str(best["policy"]), ""),
        ("Net present value, mean", money(best["value"], unit),
         f"{money(best['lower'])} to {money(best['upper'])}"),
        ("At the worst", money(worst["value"], unit), f"if {rival} {worst['rival']}"),
        ("Best response to", f"{best['best_against']} of {len(table)} policies", ""),
    ]  # fmt: skip
    assumptions = [
        Assumption(
            f"{rival}'s policy",
            f"Any of {len(table)}, each as likely",
            _responses(result),
        ),
        Assumption(
            "Horizon", f"{int(market.periods)} {market.period_length}s", _later(result, unit)
        ),
    ]
    risks = []
    if len(table) > 1 and not second["behind_lower"] > 0:
        risks.append(
            f"{best['policy']!r} is not significantly ahead of {second['policy']!r}: "
            f"{money(second['behind'], unit)} on average."
        )
    others = [name for name in market.firms if name not in result.players]
    if others:
        risks.append(f"{joined(others)} keep their policies in all matches.")
    frame = result.table.rename(columns={"value": "mean", "behind": "behind the best"})
    money_in = [name for name in frame if name not in ("policy", "best_against")]
    made = Brief(
        question=f"Which policy should {player} follow against {rival}?",
        market=_market(market),
        firm=player,
        goal=result.measure,
        answer=(tournament_headline(result, unit),),
        numbers=tuple(numbers),
        assumptions=tuple(assumptions),
        untested=_untested(market.name, player).replace(
            ", costs and rivals' responses", " and costs"
        ),
        risks=tuple(risks),
        defaults=tuple(unstated_lines([market])),
        next_step="Test the policy under uncertainty: "
        f"`cxsim decide {market.name} --firm {player}`.",
        tables=(
            Sheet("Policies", "Policies, means over the rival's policies", frame,
                  dict.fromkeys(money_in, unit), {}),
            Sheet("Matches", "Each policy against each", result.matches,
                  dict.fromkeys(("value", "se", "lower", "upper"), unit), {}),
        ),
    )  # fmt: skip
    return made, {}


def tournament_headline(found: Tournament, currency: str) -> str:
    """Return in one sentence which policy earns most."""
    best, many = found.table.iloc[0], len(found.table)
    scale = scale_for("currency", np.array([best["value"]]))
    player, rival = found.players
    sure = [row.policy for row in found.table.iloc[1:].itertuples() if row.behind_lower > 0]
    more = "most" if len(sure) == many - 1 else "most on average"
    policy = str(best["policy"])
    priced = policy == "best response"
    verb = "charges the profit-maximizing price each period" if priced else policy
    return (
        f"{player} earns {more} if it {verb}: {scale.text(best['value'])} "
        f"{currency}, averaged over {rival}'s policies. It is the best response to "
        f"{best['best_against']} of {rival}'s {many} policies."
    )


def _responses(result: Tournament) -> str:
    """Return against which policies of the rival another one earns more."""
    best = str(result.table.iloc[0]["policy"])
    said = []
    for rival, part in result.matches.groupby("rival", sort=False):
        top = str(part.loc[part["value"].idxmax(), "policy"])
        if top != best:
            said.append(f"if {result.players[1]} {rival}, {top!r} earns more")
    return _capital("; ".join(said)) or "No policy of the rival"


def _later(result: Tournament, unit: str) -> str:
    """Return whether another policy is best with what follows the run."""
    best, said = str(result.table.iloc[0]["policy"]), []
    for column, words in CONTINUED.items():
        if column in result.table and result.table[column].notna().any():
            top = result.table.loc[result.table[column].idxmax()]
            if top["policy"] != best:
                said.append(f"{words}, {top['policy']!r} earns most ({money(top[column], unit)})")
    return _capital("; ".join(said)) or "The same policy is best with what follows the run"


# -- Of a calibration --------------------------------------------------------------------------


def _calibrated(result: Any, *, scenarios: Sequence[Scenario]) -> Brief:
    """Return the brief of a calibration to a panel or to targets."""
    market = scenarios[0]
    targets = hasattr(result, "targets")
    data = result.targets if targets else result.panel
    said = [each.sentence for each in getattr(result, "warnings", ())]
    frame = result.parameters if targets else result.table
    assumptions: list[Assumption] = []
    if targets:
        open_ = result.directions[~result.directions["pinned"]]
        assumptions += [
            Assumption("Not identified", str(each), "A further target that depends on it")
            for each in open_["combination"]
        ]
    defaults = [str(each) for each in getattr(data, "decisions", ())]
    return Brief(
        question="Which market do the data show?",
        market=str(data.source),
        firm="",
        goal="",
        answer=(result.headline(),),
        assumptions=tuple(assumptions[:3]),
        column="What would identify it",
        risks=tuple(said),
        defaults=(*defaults[:4], *unstated_lines([market])),
        next_step="Run the scenario below under uncertainty with the draws of the estimates: "
        "`cxsim decide scenario.yaml --draws draws.csv`.",
        tables=(Sheet("Estimates", "Estimates with standard errors", frame.reset_index(drop=True),
                      {}, {}),),
    )  # fmt: skip
