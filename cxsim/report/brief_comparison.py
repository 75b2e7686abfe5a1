"""Briefs of runs of one scenario, and of comparisons of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import isfinite, nan
from typing import Any

import numpy as np
import pandas as pd

from cxsim.charts.business_case import cumulative_cash
from cxsim.charts.labels import Words, joined, scale_for
from cxsim.charts.scenario_comparison import scenario_differences
from cxsim.charts.style import Picture
from cxsim.charts.time_series import market_shares
from cxsim.messages import money
from cxsim.model.mechanism_registry import DEFAULT, noun_of
from cxsim.numerics.statistics import half_width
from cxsim.report.brief import Brief, Sheet, stance
from cxsim.report.brief_lead import (
    Figures,
    Lead,
    called_by_title,
    interval_words,
    limits,
    market_name,
    next_step,
    sheet_of_series,
    sheet_of_statement,
    signed_money,
    unit_in_words,
    untested,
)
from cxsim.report.tables import unstated_lines
from cxsim.runs import settings_attrs
from cxsim.runs.measures.measure_registry import MARKET, key_measures, measures
from cxsim.runs.measures.profit import by_horizon
from cxsim.scenario import Scenario
from cxsim.study.comparison import Comparison
from cxsim.study.paired_seeds import Replications
from cxsim.study.value_of_lead import (
    value_of,
)

# -- Of a comparison ---------------------------------------------------------------------------


def comparison_brief(
    result: Comparison, *, scenarios: Sequence[Scenario], firm: str = "", goal: str = ""
) -> tuple[Brief, Figures]:
    """Return the brief of a comparison and its figures, to be drawn, by name."""
    base, others = scenarios[0], scenarios[1:]
    first, names = result.scenarios[0], result.scenarios[1:]
    mover = result._mover(names[0]) or next(iter(base.firms))
    called = called_by_title(scenarios)
    firm, measure, chosen = stance(
        base, firm, goal, taken=mover,
        why=f"its market share changes most in {called[names[0]]}",
    )  # fmt: skip
    rate = float(base.discount_rate)
    leads = {}
    for name in names:
        if firm in set(result.table.loc[result.table["scenario"] == name, "firm"]):
            leads[name] = Lead(_path(result, name, firm), result.value(name, firm), rate)
    answer = [_change(result, name, firm, measure, base, called) for name in names]
    if len(names) > 1:
        best = _best(result, firm, measure, called)
        if best:
            answer.insert(0, best)
    top = max(leads, key=lambda name: leads[name].value.within.mean, default=None)
    lead = leads[top] if top is not None else None
    meant = dict(zip(names, others, strict=True)).get(top or "", others[-1])
    titles = [f"“{each.title or each.name}”" for each in others]
    noun = noun_of(measure)
    whose = noun if measure == "consumer_surplus" else f"{firm}'s {noun}"
    question = f"What does {titles[0]} do to {whose}?" if len(names) == 1 else (
        f"Which is best for {whose}: {joined(titles).replace('” and “', '” or “')}?"
    )  # fmt: skip
    figures: Figures = {}
    if leads:
        figures["cash"] = partial(_cash_figure, leads, base, firm)
    shown = result.table.copy()
    shown.attrs.update(settings_attrs(base), my_firm=firm)
    figures["differences"] = partial(
        scenario_differences,
        shown,
        firms=list(base.firms),
        title=_both(result, names, firm, base),
    )
    risks = lead.risks() if lead else []
    stated = sheet_of_statement(
        result.statement, firm, base.currency,
        f"What changes in {firm}'s income statement: means over the seeds",
    )  # fmt: skip
    made = Brief(
        question=question,
        market=market_name(base),
        firm=firm,
        goal=measure,
        chosen=chosen,
        answer=tuple(answer),
        numbers=tuple(_tiles(result, top, firm, measure, lead)),
        payback=f"Payback of {called[str(top)]}: {lead.payback}."
        if lead and len(names) > 1
        else "",
        cash=lead.cash() if lead else "",
        assumptions=lead.assumptions() if lead else (),
        untested=untested(meant.name, firm),
        risks=(*risks, *limits(meant, firm)),
        defaults=tuple(unstated_lines(scenarios)),
        next_step=next_step([base, meant], lead, firm, len(result.seeds)),
        tables=(
            *([stated] if stated else ()),
            _sheet_of_differences(result.table, firm, base),
            sheet_of_series(
                result.series, firm,
                ("market_share", "retention_rate", "profit", "cumulative_profit"), base,
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


def _change(
    result: Comparison,
    name: str,
    firm: str,
    measure: str,
    base: Scenario,
    called: Mapping[str, str],
) -> str:
    """Return the change of a goal in a sentence, and of share or money beside it."""
    row, first = _row(result, name, firm, measure), called[result.scenarios[0]]
    if row is None or not isfinite(row["difference"]):
        return f"In {called[name]}, there is no {noun_of(measure)} to compare for {firm}."
    who = "customers" if row["firm"] == MARKET else firm
    scale = _scale(row, base, difference=True)
    percent = f"{100 * result.confidence:g} % interval"
    if not row["difference"]:
        noun = noun_of(measure)
        return f"In {called[name]}, {firm}'s {noun} does not differ from that in {first}."
    verb = _verb(who, row["difference"])
    said = (
        f"In {called[name]}, {who} {verb} {scale.text(abs(row['difference']))} of "
        f"{_label(row)} against {first}"
    )
    if isfinite(row["se"]):
        ends = f"{scale.bare(row['lower'], signed=True)} to {scale.text(row['upper'], signed=True)}"
        said += f" ({percent} {ends}"
        said += ")" if _sure(row) else "; not statistically significant)"
    else:
        said += " (one seed, so no interval)"
    other = "market_share" if measure == DEFAULT else DEFAULT
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
    rows = [_row(result, names[0], firm, each) for each in ("market_share", DEFAULT)]
    if len(names) > 1 or any(row is None or row["firm"] == MARKET for row in rows):
        return None
    said = [
        f"{_scale(r, base, difference=True).text(r['difference'], signed=True)} of {_label(r)}"
        for r in rows
        if r is not None
    ]
    return f"{firm}: {joined(said)}"


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


def _best(result: Comparison, firm: str, measure: str, called: Mapping[str, str]) -> str:
    """Return in a sentence which scenario is best for the goal; empty if no two can be compared."""
    rows = {name: _row(result, name, firm, measure) for name in result.scenarios[1:]}
    known = {name: row["difference"] for name, row in rows.items() if row is not None}
    if len(known) < 2:
        return ""
    top = max(known, key=lambda name: known[name])
    first, noun = called[result.scenarios[0]], noun_of(measure)
    whose = noun if measure == "consumer_surplus" else f"{firm}'s {noun}"
    if known[top] <= 0:
        none = (
            f"None of {joined(called[each] for each in known)} raises {whose} above that in {first}"
        )
        return f"{none}; {called[top]} lowers it least."
    return f"{called[top]} is best for {whose}, on average."


def _tiles(
    result: Comparison, name: str | None, firm: str, measure: str, lead: Lead | None
) -> list[tuple[str, str, str]]:
    """Return the numbers read first: money, payback, cash, and the goal or market share."""
    found = lead.numbers() if lead else []
    if name is None:
        return found
    other = "market_share" if measure == DEFAULT else measure
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


def _cash_figure(leads: Mapping[str, Lead], scenario: Scenario, firm: str) -> Picture:
    """Draw cumulative cash of each scenario for a firm, the best one first."""
    order = sorted(leads, key=lambda name: -leads[name].value.within.mean)
    names = {name: name if len(leads) > 1 else firm for name in order}
    flows = pd.concat([leads[name].flow(names[name]) for name in order], ignore_index=True)
    flows.attrs.update(settings_attrs(scenario))
    paid = {names[name]: leads[name].paid_in for name in order}
    return cumulative_cash(flows, paid=paid)


def _sheet_of_differences(table: pd.DataFrame, firm: str, market: Scenario) -> Sheet:
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
            "unit": [unit_in_words(unit, market) for unit in part["unit"]],
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


def runs_brief(
    result: Replications, *, scenarios: Sequence[Scenario], firm: str = "", goal: str = ""
) -> tuple[Brief, Figures]:
    """Return the brief of runs of one scenario and its figures, to be drawn, by name."""
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
    if measure != DEFAULT:
        answer.append(_level(result, firm, DEFAULT, own, lead, other))
    answer[1:1] = _budget_kept(result, market, firm, mine)
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
    noun = noun_of(measure)
    against = f" over {names[other]}" if other is not None else ""
    assumptions = lead.assumptions() if other is not None else own.assumptions()
    stated = sheet_of_statement(
        result.statement, firm, market.currency, f"{firm}'s income statement: means over the seeds"
    )
    made = Brief(
        question=f"How does {firm} do in {noun}, and what does it rest on?",
        market=market_name(market),
        firm=firm,
        goal=measure,
        chosen=chosen,
        answer=tuple(answer),
        numbers=(
            (f"Net present value, {own.value.periods} {own.value.period}s",
             money(own.value.within.mean, own.value.currency), interval_words(own.value.within)),
            *(((f"Lead{against}", signed_money(lead.value.within.mean, lead.value.currency),
                interval_words(lead.value.within)),)
              if other is not None else ()),
            ("Cumulative profit positive", own.payback, ""),
            ("Cumulative profit at the end",
             money(float(own.sums[-1]), own.value.currency), "not discounted"),
        ),
        cash=own.cash("Cumulative profit"),
        assumptions=assumptions,
        untested=(f"The last column turns the sign of the lead{against}. " if against else "")
        + untested(market.name, firm),
        risks=(*lead.risks(), *limits(market, firm)),
        defaults=tuple(unstated_lines([market])),
        next_step=next_step([market], lead, firm, len(result.seeds)),
        tables=(
            *([stated] if stated else ()),
            _sheet_of_means(result.means, firm, market),
            sheet_of_series(
                result.series, firm,
                ("market_share", "retention_rate", "profit", "cumulative_profit"), market,
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
    if measure == DEFAULT:
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
        return f"There is no {noun_of(measure)} in this market."
    mean, se = float(rows.loc[who, "mean"]), float(rows.loc[who, "se"])
    words = Words.of(settings_attrs(result.first.scenario))
    unit = unit.replace(" per period", "") if known[measure].summary == "sum" else unit
    scale = scale_for(unit, [mean], words=words)
    half = float(half_width(np.array(se), len(result.seeds), 0.95)) if se >= 0 else nan
    ends = f" (95 % interval {scale.bare(mean - half)} to {scale.text(mean + half)})"
    said = f"{firm}'s" if who == firm else "The market's"
    each = f" {unit.replace('period', words.period)}" if unit.startswith("per ") else ""
    verb = "are" if label.partition(" ")[0].endswith("s") else "is"
    said += f" {label[:1].lower()}{label[1:]}{each} {verb} {scale.text(mean)}"
    said += ends if isfinite(half) else ""
    others = rows["mean"].drop([who, MARKET], errors="ignore")
    if who == firm and len(others):
        best = str(others.idxmax())
        said += f"; the best of the others is {best} with {scale.text(float(others.max()))}"
    return f"{said}."


def _budget_kept(result: Replications, market: Scenario, firm: str, mine: int) -> list[str]:
    """Return in a sentence whether a firm with an objective keeps within its budget."""
    objective = market.firms[firm].objective
    if objective is None:
        return []
    means = result.profit[:, :, mine].mean(axis=1)
    mean, count = float(means.mean()), len(means)
    half = float(half_width(means.std(ddof=1) / count**0.5, count, 0.95)) if count > 1 else nan
    ends = f" (± {money(half)})" if isfinite(half) else ""
    within = "within" if mean >= -objective.budget else "beyond"
    unit, period = str(market.currency), market.period_length
    said = (
        f"{firm}'s mean profit per {period} is {money(mean, unit)}{ends}, {within} the budget: "
        f"a loss of up to {money(objective.budget, unit)} per {period}."
    )
    return [said]


def _sheet_of_means(means: pd.DataFrame, firm: str, market: Scenario) -> Sheet:
    known = {each.name: each for each in measures("firm")}
    part = means[means["measure"].isin(key_measures("firm")) & (means["firm"] != MARKET)]
    mine = part["firm"] == firm
    part = pd.concat([part[mine], part[~mine]], ignore_index=True)
    frame = pd.DataFrame(
        {
            "firm": part["firm"],
            "measure": [known[each].label for each in part["measure"]],
            "unit": [unit_in_words(known[each].unit, market) for each in part["measure"]],
            "mean": part["mean"],
            "standard error": part["se"],
        }
    )
    names = dict.fromkeys(part["measure"])
    meanings = {known[each].label: known[each].definition for each in names}
    return Sheet("Key figures", "Means over the seeds with standard errors", frame, {}, meanings)
