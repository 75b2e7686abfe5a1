"""Briefs made from results: here of decisions, studies, tournaments and calibrations.

Everything said here is taken or computed from runs that were made. What was not varied is named,
with the command that varies it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial, singledispatch
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.charts.business_case import cumulative_cash, price_response, threshold
from cxsim.charts.labels import Words, joined, number, scale_for
from cxsim.messages import argument_hints, money
from cxsim.model.mechanism_registry import noun_of
from cxsim.report.brief import Assumption, Brief, Drawing, Sheet, stance
from cxsim.report.brief_comparison import comparison_brief, runs_brief
from cxsim.report.brief_lead import (
    Figures,
    Lead,
    capital,
    interval_words,
    limits,
    market_name,
    signed_money,
    untested,
)
from cxsim.report.tables import unstated_lines
from cxsim.runs import settings_attrs
from cxsim.runs.measures.measure_registry import measures
from cxsim.scenario import Scenario
from cxsim.strategy.decision import Decision
from cxsim.strategy.hold import SIZE, Hold
from cxsim.strategy.tournament import Tournament
from cxsim.study.analysis.points import best_value, crossing
from cxsim.study.comparison import Comparison
from cxsim.study.paired_seeds import Replications
from cxsim.study.results import StudyResult
from cxsim.study.value_of_lead import (
    CONTINUED,
)


@singledispatch
def brief_of(result: Any, **asked: Any) -> tuple[Brief, Figures]:
    """Return the brief of a result, and the figures that belong to it, to be drawn, by name.

    Parameters
    ----------
    result : Replications, Comparison, Decision, Hold, StudyResult, Tournament or calibration
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
        are those of ``--goal``: profit, share, customers and others.
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


brief_of.register(Comparison, comparison_brief)
brief_of.register(Replications, runs_brief)


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
    of = "" if unit else f", {noun_of(measure)}"
    ends = f"{money(low)} to {money(high)}"
    numbers = [
        ("Recommended", result.recommended, ""),
        (f"Lead over {result.runner_up!r}{of}", signed_money(mean, unit), ends),
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
        market=market_name(market),
        firm=result.firm,
        goal=measure,
        chosen=_by_default(result, market),
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


def _by_default(result: Decision, market: Scenario) -> str:
    """Return in sentences what of a decision nobody named."""
    missing = result.facts.get("by_default", ())
    firm = "" if "firm" in missing else result.firm
    goal = "" if "goal" in missing else "profit"
    *_, said = stance(market, firm, goal, taken=result.firm, why="it is the market's first")
    rest = [what for what in ("options", "uncertain inputs") if what in missing]
    if rest:
        said += f" {capital(joined(rest))} are the usual ones, listed below."
    return said.strip()


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
        found.append(Assumption(capital(str(name)), here, "; ".join(said)))
    return found


def _sheet_of_options(result: Decision, measure: str, unit: str) -> Sheet:
    frame = result.means()
    names = {
        "mean_regret": "mean regret", "largest_regret": "maximum regret", "worst": "worst case",
        "best_share": "best in (share of futures)",
    }  # fmt: skip
    money_in = ("mean", "lower", "upper", "mean regret", "maximum regret", "worst case")
    return Sheet(
        "Options", f"Options by {noun_of(measure)}, means over all futures",
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
        if _is_cost(name) and _is_money(output) and not decided:
            even = crossing(result.frame, name, output)
            if even is None:
                continue
            decided = name
            what, tail = path_words(name), unit_words(name, market)
            shown = even.means.rename(columns={name: "value"})
            shown.attrs.update(settings_attrs(market))
            against, lead = _lead_in(result, said)
            text = f"{number(even.value)} {tail}".rstrip()
            ends = f"{number(even.lower)} to {number(even.upper)}" if isfinite(even.lower) else ""
            sign = "above" if even.means["mean"].iloc[0] > 0 else "below"
            answer.insert(
                0,
                f"Break-even is at a {what} of {text}" + (f" ({ends})" if ends else "")
                + f"; at less, {lead} is {sign} zero{against}.",
            )  # fmt: skip
            numbers.insert(0, ("Break-even", text, ends))
            figures["break-even"] = partial(
                threshold, shown, name=what, what=capital(lead), unit=unit,
                found=(even.value, even.lower, even.upper), today=_today(market, name),
                axis_unit=tail,
            )  # fmt: skip
            break
        if rows[name].nunique() < 4 or not _decides(name) or _is_cost(name):
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
                    capital(path_words(name)),
                    f"{number(low)} to {number(high)} {tail}".rstrip(),
                    _at_the_ends(result, name, decided, output, scale),
                )
            )
    made = Brief(
        question=question if question.endswith("?") else f"{question}: what is best?",
        market=market_name(market),
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


def _is_cost(path: str) -> bool:
    """Return whether a path is an amount that is paid: its study asks for break-even."""
    *head, last = path.split(".")
    return "cost" in last or "capability_costs" in head or last in ("one_off", "running")


def _is_money(output: str) -> bool:
    return output.partition(".")[0] in ("net_present_value", "profit")


def _lead_in(result: StudyResult, said: str) -> tuple[str, str]:
    """Return against what an output is held, and what it is then called."""
    names = list(result.study.strategies)
    text = f"{said[:1].lower()}{said[1:]}"
    if len(names) != 2:
        return "", text
    return f" ({names[1]!r} less {names[0]!r})", f"lead in {text}"


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
    return capital("; ".join(said))


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


# -- Of a target that is held ------------------------------------------------------------------


@brief_of.register
def _held(result: Hold, *, scenarios: Sequence[Scenario], **_: Any) -> tuple[Brief, Figures]:
    market, curve, change = scenarios[0], result.curve, result.change
    label, unit = str(curve.attrs["label"]), str(curve.attrs["unit"])
    scale = scale_for(unit, [result.target, *curve["mean"]], words=Words.of(settings_attrs(market)))
    size = result.path.endswith(SIZE)
    name = f"size of {result.path.split('.')[3]}" if size else path_words(result.path)
    tail = "" if size else unit_words(result.path, market)
    met = isfinite(result.value)
    goal = f"{'at least' if result.at_least else 'at most'} {scale.text(result.target)}"
    numbers, found, assumptions = [], None, []
    if met:
        found = (result.value, result.lower, result.upper)
        ends = f"{number(result.lower)} to {number(result.upper)}" if isfinite(found[1]) else ""
        cost = interval_words(change)
        numbers = [
            (capital(name), f"{number(result.value)} {tail}".rstrip(), ends),
            ("Change of net present value", signed_money(change.mean, market.currency), cost),
            (label, scale.text(result.reached.mean), f"target: {goal}"),
        ]
        span = curve["value"].iloc[[0, -1]]
        assumptions = [
            Assumption(
                capital(name), " to ".join(f"{number(v)} {tail}".rstrip() for v in span),
                f"The target is missed {'above' if curve['reaches'].iloc[0] else 'below'} "
                f"{number(result.value)} {tail}".rstrip(),
            )
        ]  # fmt: skip
    sure = [] if not met or change.sign or not isfinite(change.lower) else [
        "The change of net present value is not statistically significant."
    ]  # fmt: skip
    made = Brief(
        question=f"What does it cost {result.firm} to hold {label[:1].lower()}{label[1:]} {goal}?",
        market=market_name(market),
        firm=result.firm,
        goal=result.measure,
        chosen=""
        if result.named
        else f"Taken by default: firm {result.firm} (whose parameter is moved; `--firm` takes "
        "another).",
        answer=(result.sentence().replace(f"{result.path} ", f"a {name} of "),),
        numbers=tuple(numbers),
        assumptions=tuple(assumptions),
        untested=untested(market.name, result.firm),
        risks=(*sure, *limits(market, result.firm)),
        defaults=tuple(unstated_lines([market])),
        next_step="Test it against other options under uncertainty: "
        f"`cxsim decide {market.name} --firm {result.firm}`.",
        tables=(
            Sheet("Values tried", f"{label} and change of net present value by {name}", curve,
                  {"value": tail, "mean": unit, "net_present_value": market.currency},
                  {"reaches": "Whether the mean reaches the target."}),
        ),
    )  # fmt: skip
    drawn = curve.copy()
    drawn.attrs.update(settings_attrs(market))
    figure = partial(
        threshold, drawn, name=name, what=f"{result.firm}'s {label[:1].lower()}{label[1:]}",
        unit=unit, level=result.target, level_name="target met", found=found,
        today=None if size else _today(market, result.path), axis_unit=tail,
    )  # fmt: skip
    return made, {"target": figure}


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
        market=market_name(market),
        firm=player,
        goal=result.measure,
        answer=(tournament_headline(result, unit),),
        numbers=tuple(numbers),
        assumptions=tuple(assumptions),
        untested=untested(market.name, player).replace(
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
    return capital("; ".join(said)) or "No policy of the rival"


def _later(result: Tournament, unit: str) -> str:
    """Return whether another policy is best with what follows the run."""
    best, said = str(result.table.iloc[0]["policy"]), []
    for column, words in CONTINUED.items():
        if column in result.table and result.table[column].notna().any():
            top = result.table.loc[result.table[column].idxmax()]
            if top["policy"] != best:
                said.append(f"{words}, {top['policy']!r} earns most ({money(top[column], unit)})")
    return capital("; ".join(said)) or "The same policy is best with what follows the run"


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
