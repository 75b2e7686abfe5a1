"""What a team sees, what all see, and what the instructor sees: lists of what may be shown.

A team sees what a policy in its seat would be told (:class:`cxsim.FirmInformation`): its own
accounts, what it believes of its touchpoints, and what is public. Views are built from lists of
what may be shown, never by leaving something out. All of them are plain data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from classroom.game.drawing import Looks, line_chart
from classroom.game.ledger import State
from classroom.game.market import Results, own_books
from cxsim.messages import minus
from cxsim.runs import firm_measures

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["instructor_view", "public_view", "shown", "team_view"]

#: Words for what is public of a firm, with units.
_PUBLIC_WORDS = {
    "price": ("Price", "currency per unit"),
    "share": ("Market share", "share"),
    "interaction": ("Interaction", "share"),
    "customization": ("Customization", "share"),
    "identification": ("Recognition rate", "share"),
    "segment_insight": ("Segment insight", "share"),
    "personal_premium": ("Personal premium", "share"),
}

#: Words for the items of spending.
SPENDING_WORDS = {
    "capability_overhead": "Overhead of capabilities",
    "capability_investment": "Investment in capabilities",
    "improvement": "Improvement budget",
    "surveys": "Surveys, at most",
}


# -- Numbers in words --------------------------------------------------------------------------


def shown(value: float | None, unit: str = "") -> str:
    """Return a number as pages show it; a dash where there is none.

    Parameters
    ----------
    value : float or None
    unit : str
        Shares are shown per cent, amounts of money without their unit.

    Examples
    --------
    >>> shown(0.2345, "share"), shown(1234567.0, "currency"), shown(float("nan"))
    ('23.4 %', '1,234,567', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if unit == "share" or unit.startswith("share "):
        return minus(f"{100 * value:.1f} %")
    if abs(value) >= 1000 or (float(value).is_integer() and "currency" not in unit):
        return minus(f"{value:,.0f}")
    return minus(f"{value:,.2f}")


# -- What all see ------------------------------------------------------------------------------


def public_view(state: State, results: Results | None) -> dict[str, Any]:
    """Return what everybody in the room may see, the projector included.

    Parameters
    ----------
    state : State
    results : Results or None
        Of the rounds closed.

    Returns
    -------
    dict
        Plain data: game, round, who has decided, news, public facts of firms and charts of them.
    """
    game, names = state.game, state.names
    looks = Looks(tuple(names.values()))
    made: dict[str, Any] = {
        "title": game.rules.title,
        "description": game.rules.description,
        "goal": game.rules.goal.text,
        "round": state.round,
        "rounds": game.rounds,
        "phase": state.phase,
        "over": state.over,
        "deadline": state.deadline,
        "period": game.scenario.period_length,
        "per_round": game.per_round,
        "currency": game.scenario.currency,
        "decided": len(state.decided(state.round)) if state.round else 0,
        "teams": len(state.seats),
        "founding": state.phase == "waiting" and game.rules.founding is not None,
        "founded": len(state.founded),
        "news": _news(state),
        "firms": [
            {"firm": name, "team": player_of(state, firm), **looks.of(name)}
            for firm, name in names.items()
        ],
        "facts": [],
        "alike": [],
        "left": [],
        "charts": [],
    }
    if results is None:
        return made
    last = results.public["period"].max()
    rows = results.public[results.public["period"] == last].set_index("firm")
    differ = [name for name in _PUBLIC_WORDS if results.public[name].nunique() > 1]
    made["alike"] = [
        f"{_PUBLIC_WORDS[name][0].lower()} {shown(float(rows[name].iloc[0]), 'share')}"
        for name in _PUBLIC_WORDS
        if name not in differ and rows[name].iloc[0] != 0.0
    ]
    made["facts"] = [
        {
            "label": _PUBLIC_WORDS[name][0],
            "unit": game.unit(_PUBLIC_WORDS[name][1]),
            "cells": [shown(float(value), _PUBLIC_WORDS[name][1]) for value in rows[name]],
        }
        for name in differ
    ]
    made["left"] = [names[firm] for firm in rows.index if not rows["active"][firm]]
    for name in ("share", "price"):
        label, unit = _PUBLIC_WORDS[name]
        series = {
            names[firm]: part[name].tolist()
            for firm, part in results.public.groupby("firm", sort=False)
        }
        made["charts"].append(
            line_chart(
                series, looks, title=label, unit=game.unit(unit),
                per_round=game.per_round, period=game.scenario.period_length,
            )
        )  # fmt: skip
    return made


def player_of(state: State, firm: str) -> str:
    """Return who plays a firm: a team, for which a policy may stand in, or the computer.

    Parameters
    ----------
    state : State
    firm : str
    """
    team = next((team for team, seat in state.seats.items() if seat == firm), None)
    if team is None:
        return "computer"
    return f"{team} (computer)" if team in state.away else team


def _news(state: State) -> list[dict[str, Any]]:
    """Return the news up to the present round, latest first."""
    told = [
        (number, text)
        for number in range(1, max(state.round, 1) + 1)
        for text in state.game.news_of(number)
        if number <= state.round
    ]
    told += [(max(number, 1), text) for number, text in state.notes]
    told.sort(key=lambda each: -each[0])
    return [{"round": number, "text": text} for number, text in told]


# -- What a team sees --------------------------------------------------------------------------


def team_view(state: State, results: Results | None, team: str) -> dict[str, Any]:
    """Return what one team sees besides what is public.

    Parameters
    ----------
    state : State
    results : Results or None
        Of the rounds closed.
    team : str

    Returns
    -------
    dict
        Plain data: form, own accounts, beliefs and decisions.
    """
    game, firm = state.game, state.seats[team]
    before = state.standing(state.played)[team]
    decision = state.decisions.get((state.round, team)) if state.phase == "open" else None
    made: dict[str, Any] = {
        "team": team,
        "firm": state.names[firm],
        **Looks(tuple(state.names.values())).of(state.names[firm]),
        "members": list(state.members.get(team, ())),
        "away": team in state.away,
        "founding": _founding(state, team),
        "fields": _form(state, before, decision.values if decision else before),
        "decision": None,
        "cash": cash_of(state, results, firm),
        "credit": game.rules.budget.credit if game.rules.budget else None,
        "books": [],
        "history": _history(state, results, team),
        "beliefs": [],
    }
    if decision:
        made["decision"] = {
            "at": decision.at[11:16], "reason": decision.reason, "forecast": decision.forecast,
            "forecast_profit": decision.forecast_profit, "by": decision.by,
            "member": decision.member,
        }  # fmt: skip
    if results is not None:
        made["books"] = books_of_round(state, results, firm, state.played)
        made["periods"] = list(range((state.played - 1) * game.per_round,
                                     state.played * game.per_round))  # fmt: skip
        made["beliefs"] = _beliefs(results, firm)
    return made


def _founding(state: State, team: str) -> dict[str, Any] | None:
    """Return what a team may decide before the first round, and what it has; None without."""
    rules, founded = state.game.rules.founding, state.founded.get(team)
    if rules is None or (state.phase != "waiting" and founded is None):
        return None
    return {
        "open": state.phase == "waiting",
        "asks_name": rules.name,
        "asks_strategy": rules.strategy,
        "choices": list(rules.choices),
        "done": founded is not None,
        "name": founded.name if founded else "",
        "strategy": founded.strategy if founded else "",
        "choice": founded.choice if founded else "",
        "member": founded.member if founded else "",
        "seat": state.seats[team],
    }


def cash_of(state: State, results: Results | None, firm: str) -> float | None:
    """Return a firm's cash after the rounds closed, currency; None in a game without a budget.

    None as well while the rounds that are closed have not been computed.

    Parameters
    ----------
    state : State
    results : Results or None
    firm : str
    """
    if state.game.rules.budget is None:
        return None
    if results is None:
        return None if state.played else float(state.game.scenario.firms[firm].initial_cash)
    return float(results.values("cash")[firm][-1])


def _form(
    state: State, before: Mapping[str, float], now: Mapping[str, float]
) -> list[dict[str, Any]]:
    game = state.game
    made = []
    for name, field in game.fields.items():
        low, high = field.low, field.high
        if "change" in field.model_fields_set:
            low = max(low, round(before[name] - field.change, 10))
            high = min(high, round(before[name] + field.change, 10))
        made.append(
            {
                "name": name, "label": game.labels[name], "unit": game.units[name],
                "low": f"{low:g}", "high": f"{high:g}", "step": f"{field.step:g}",
                "base": f"{field.low:g}", "before": f"{before[name]:g}",
                "value": f"{now[name]:g}", "help": field.help,
            }
        )  # fmt: skip
    return made


def books_of_round(state: State, results: Results, firm: str, number: int) -> list[dict[str, Any]]:
    """Return a firm's own accounts of a round: a row for each measure that says something.

    Parameters
    ----------
    state : State
    results : Results
    firm : str
    number : int
        Of a round that is closed, from 1.

    Returns
    -------
    list of dict
        Texts as a page shows them: ``cells`` by period, ``round`` for the round.
    """
    game = state.game
    here = slice((number - 1) * game.per_round, number * game.per_round)
    made = []
    for measure in own_books(game.scenario):
        values = results.values(measure.name)[firm][here]
        if not np.any(np.nan_to_num(values) != 0.0):
            continue
        made.append(
            {
                "name": measure.name,
                "label": measure.label,
                "unit": game.unit(measure.unit),
                "cells": [shown(value, measure.unit) for value in values],
                "round": shown(_of_round(values, measure.summary), measure.unit),
                "definition": measure.definition,
            }
        )
    return made


def _of_round(values: np.ndarray, summary: str) -> float:
    """Return one number of a round's periods, as the measure's own summary makes it."""
    known = values[np.isfinite(values)]
    if not len(known):
        return math.nan
    if summary == "sum":
        return float(known.sum())
    return float(known[-1] if summary in ("last", "to_date") else known.mean())


def _beliefs(results: Results, firm: str) -> list[dict[str, Any]]:
    """Return what a firm believes of its touchpoints, as of the last period."""
    if results.touchpoints is None:
        return []
    rows = results.touchpoints
    rows = rows[(rows["firm"] == firm) & (rows["period"] == rows["period"].max())]
    return [
        {
            "touchpoint": row.touchpoint,
            "score": shown(row.perceived_performance),
            "error": shown(row.perceived_performance_se),
            "asked": math.isfinite(row.perceived_performance_se),
        }
        for row in rows.itertuples(index=False)
        if math.isfinite(row.perceived_performance)
    ]


def _history(state: State, results: Results | None, team: str) -> list[dict[str, Any]]:
    """Return the own decisions and what they led to, a row for each round closed."""
    if results is None:
        return []
    firm, per_round = state.seats[team], state.game.per_round
    share, profit = (results.values(name)[firm] for name in ("market_share", "profit"))
    made = []
    for number in range(1, state.played + 1):
        decision = state.decisions.get((number, team))
        here = slice((number - 1) * per_round, number * per_round)
        values = state.standing(number)[team]
        made.append(
            {
                "round": number,
                "held": decision is None,
                "by": decision.by if decision else "",
                "values": [f"{values[name]:g}" for name in state.game.fields],
                "share": shown(float(share[here].mean()), "share"),
                "profit": shown(float(profit[here].sum()), "currency"),
                "reason": decision.reason if decision else "",
                "forecast": shown(decision.forecast if decision else None, "share"),
            }
        )
    return made


# -- What the instructor sees ------------------------------------------------------------------


def instructor_view(state: State, results: Results | None) -> dict[str, Any]:
    """Return what the instructor sees besides what is public: decisions and all measures.

    Parameters
    ----------
    state : State
    results : Results or None
        Of the rounds closed.

    Returns
    -------
    dict
        Plain data.
    """
    game = state.game
    standing = state.standing(state.round)
    made: dict[str, Any] = {
        "labels": list(game.labels.values()),
        "seats": [],
        "measures": [],
        "numbers": list(range(1, state.played + 1)),
        "practice": state.practice,
        "stand_in": state.game.stand_in is not None,
        "founding": state.game.rules.founding is not None,
    }
    totals = results.values(game.rules.goal.measure) if results is not None else None
    for team, firm in state.seats.items():
        decision = state.decisions.get((state.round, team))
        made["seats"].append(
            {
                "team": team,
                "firm": shown_firm(state, firm),
                "members": list(state.members.get(team, ())),
                "away": team in state.away,
                "missed": state.missed(team),
                "strategy": state.founded[team].strategy if team in state.founded else "",
                "choice": state.founded[team].choice if team in state.founded else "",
                "by": decision.by if decision else "",
                "decided": decision.at[11:16] if decision else "",
                "values": [f"{standing[team][name]:g}" for name in game.fields],
                "reason": decision.reason if decision else "",
                "forecast": shown(decision.forecast if decision else None, "share"),
                "goal": shown(float(totals[firm][-1])) if totals is not None else "–",
            }
        )
    if results is None:
        return made
    for measure in firm_measures(game.scenario):
        by_firm = results.values(measure.name)
        made["measures"].append(
            {
                "label": measure.label,
                "unit": game.unit(measure.unit),
                "definition": measure.definition,
                "cells": [
                    shown(
                        _of_round(by_firm[firm][-game.per_round :], measure.summary), measure.unit
                    )
                    for firm in game.scenario.firms
                ],
            }
        )
    return made


def shown_firm(state: State, firm: str) -> str:
    """Return the name of a firm that pages show, with that of the scenario if it differs.

    Parameters
    ----------
    state : State
    firm : str
    """
    name = state.names[firm]
    return name if name == firm else f"{name} ({firm})"


def frame_of_results(state: State, results: Results) -> pd.DataFrame:
    """Return all measures by period and firm, with round and team.

    Parameters
    ----------
    state : State
    results : Results

    Returns
    -------
    DataFrame
        ``round, team`` and the columns of ``run.firms``.
    """
    team_of = {firm: team for team, firm in state.seats.items()}
    made = results.firms.copy()
    made.insert(0, "team", made["firm"].map(team_of).fillna("computer"))
    made.insert(0, "round", made["period"] // state.game.per_round + 1)
    return made
