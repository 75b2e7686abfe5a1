"""Advice in words: what to do, how much better it is, what it rests on, what to research."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cxsim.study.decision.robust import BEST_IN, Grounds, objections
from cxsim.study.decision.value_of_information import EVERYTHING

__all__ = ["advice", "money", "turning"]

_SIZES = ((1e9, "billion"), (1e6, "million"), (1e4, "thousand"))


def money(value: float, unit: str = "") -> str:
    """Return an amount in three digits: 2.35 million EUR."""
    tail = f" {unit}" if unit else ""
    for size, word in _SIZES:
        if abs(value) >= size:
            scaled = value / (1e3 if word == "thousand" else size)
            return f"{_three(scaled)} {word}{tail}"
    return f"{_three(value)}{tail}"


def _three(value: float) -> str:
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def advice(
    facts: Mapping[str, Any], grounds: Grounds, ranked: pd.DataFrame, information: pd.DataFrame
) -> list[str]:
    """Return the recommendation, whether it is robust, its trade-off, and what to research.

    Parameters
    ----------
    facts : mapping
        ``firm``, ``choice``, ``runner_up``, ``lead`` with its ``lower`` and ``upper``,
        ``unit``, ``points``; ``conditions``: what the market leaves out, in words.
    grounds : Grounds
        What the recommendation rests on.
    ranked : DataFrame
        As :func:`cxsim.study.analysis.ranking` returns.
    information : DataFrame
        As :func:`cxsim.study.decision.value_of_information.value_of_information` returns.

    Returns
    -------
    list of str
        A sentence each; the first one names the conditions under which it holds.
    """
    by = {name: part.set_index("strategy") for name, part in ranked.groupby("criterion")}
    said = [_recommendation(facts, grounds), _robustness(grounds)]
    said += [_trade_off(facts["choice"], by, facts["unit"]), _research(grounds, information, facts)]
    return [each for each in said if each]


def _recommendation(facts: Mapping[str, Any], grounds: Grounds) -> str:
    firm, choice = facts["firm"], facts["choice"]
    ends = f"{money(facts['lower'])} to {money(facts['upper'])}"
    more = f"{money(facts['lead'], facts['unit'])} ({ends}) more than {facts['runner_up']!r}"
    share = f"best in {100 * grounds.best_share:.0f} % of the {facts['points']} futures"
    if facts["lower"] > 0:
        middle = f"on average it earns {more}, the next best, and is {share}"
    else:
        middle = f"it earns {more} on average, which may be chance, and is {share}"
    conditions = facts.get("conditions", ())
    tail = f"; this assumes that {' and that '.join(conditions)}" if conditions else ""
    if grounds.unstated:
        what = _and(grounds.unstated)
        return (
            f"No recommendation for {firm} before the cost of {what} is stated: with guesses in "
            f"its place {choice!r} is ahead; {middle}{tail}."
        )
    if facts["lower"] <= 0:
        return f"No option of {firm} stands out: {choice!r} is ahead; {middle}{tail}."
    guess = f" (the cost of {_and(grounds.assumed)} is assumed)" if grounds.assumed else ""
    return f"Recommendation for {firm}{guess}: {choice!r}; {middle}{tail}."


def _robustness(grounds: Grounds) -> str:
    against = objections(grounds)
    if not against:
        return (
            f"The recommendation is robust: best in at least {100 * BEST_IN:.0f} % of the futures, "
            "and no listed uncertainty turns it within its range."
        )
    return f"It is not robust: {'; '.join(against)}."


def _trade_off(choice: str, by: Mapping[str, pd.DataFrame], unit: str) -> str:
    regret, worst = by["largest_regret"]["value"], by["worst"]["value"]
    calm, safe = str(regret.idxmin()), str(worst.idxmax())
    if calm == safe == choice:
        return (
            f"{choice!r} also has the best worst case and the smallest maximum regret "
            f"({money(regret[choice], unit)})."
        )
    parts = []
    if calm != choice:
        parts.append(
            f"{calm!r} limits maximum regret to {money(regret[calm], unit)} "
            f"({choice!r}: {money(regret[choice], unit)})"
        )
    if safe != choice:
        parts.append(
            f"{safe!r} is better in the worst case ({money(worst[safe], unit)} against "
            f"{money(worst[choice], unit)})"
        )
    return f"Trade-off: {' and '.join(parts)}."


def _research(grounds: Grounds, information: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    values, unit = information.set_index("factor"), facts["unit"]
    total = values.loc[EVERYTHING]
    if grounds.unstated:
        first = f"State the cost of {_and(grounds.unstated)} first"
        if total["value"] <= 0 or total["upper"] <= 0:
            return f"{first}: the ranges in their place are assumptions."
        return f"{first}. {_worth(values, unit)}"
    if total["value"] <= 0 or total["upper"] <= 0:
        return (
            "No tested uncertainty changes the recommendation; further research has no value "
            "within these ranges."
        )
    return _worth(values, unit)


def _worth(values: pd.DataFrame, unit: str) -> str:
    total = values.loc[EVERYTHING, "value"]
    said = f"Perfect information would be worth at most {money(total, unit)}"
    first = values.drop(index=EVERYTHING)
    first = first[first["lower"] > 0]
    if first.empty:
        return f"{said}; no single uncertainty is worth researching by itself."
    # Estimated by other means, one factor alone can seem worth more than all of them.
    worth = min(first["value"].iloc[0], total)
    return f"{said}; research {first.index[0]} first (worth up to {money(worth, unit)})."


def turning(
    choice: str, factor: str, turns: Sequence[Mapping[str, Any]], measured: str = ""
) -> str:
    """Return in words where along an uncertainty another option is better.

    Parameters
    ----------
    choice : str
        The option recommended.
    factor : str
        Name of the uncertainty.
    turns : sequence of mapping
        ``at``, ``below`` and ``above``, as
        :func:`cxsim.study.decision.value_of_information.switches` returns.
    measured : str
        What values of the uncertainty are measured in, after them.

    Examples
    --------
    >>> turning("stay", "interest", [{"at": 0.021, "below": "build", "above": "stay"}])
    "'build' is better where interest is below 0.021"
    """
    said = []
    for row in sorted(turns, key=lambda each: each["at"]):
        at = f"{row['at']:.3g} {measured}".strip()
        if row["above"] == choice:
            said.append(f"{row['below']!r} is better where {factor} is below {at}")
        elif row["below"] == choice:
            said.append(f"{row['above']!r} is better where {factor} is above {at}")
    return " and ".join(said) or f"another option is better wherever {factor} is known"


def _and(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
