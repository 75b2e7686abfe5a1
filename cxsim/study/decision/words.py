"""Advice in words: what to do, how much better it is, how sure that is, what to find out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxsim.study.decision.value_of_information import EVERYTHING

__all__ = ["advice", "money"]

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


def advice(facts: Mapping[str, Any], ranked: pd.DataFrame, information: pd.DataFrame) -> list[str]:
    """Return the recommendation, whether it holds up, and what to find out: a sentence each.

    Parameters
    ----------
    facts : mapping
        ``firm``, ``choice``, ``runner_up``, ``lead`` with its ``lower`` and ``upper``,
        ``unit``, ``points``, ``measure``.
    ranked : DataFrame
        As :func:`cxsim.study.analysis.ranking` returns.
    information : DataFrame
        As :func:`cxsim.study.decision.value_of_information.value_of_information` returns.
    """
    unit, choice = facts["unit"], facts["choice"]
    by = {name: part.set_index("strategy") for name, part in ranked.groupby("criterion")}
    share = by["best_share"].loc[choice, "value"]
    ends = f"{money(facts['lower'])} to {money(facts['upper'])}"
    more = f"{money(facts['lead'], unit)} ({ends}) more than {facts['runner_up']!r}"
    where = f"is best in {100 * share:.0f} % of the {facts['points']} futures tried"
    if facts["lower"] > 0:
        first = (
            f"Advice for {facts['firm']}: {choice!r}. On average it earns {more}, the next best, "
            f"and {where}."
        )
    else:
        first = (
            f"No option of {facts['firm']} stands out: {choice!r} earns {more} on average, which "
            f"may be chance; it {where}."
        )
    return [first, _holds_up(choice, by, unit), _to_find_out(information, unit)]


def _holds_up(choice: str, by: Mapping[str, pd.DataFrame], unit: str) -> str:
    regret, worst = by["largest_regret"]["value"], by["worst"]["value"]
    calm, safe = str(regret.idxmin()), str(worst.idxmax())
    if calm == safe == choice:
        return (
            "It holds up: its worst case and its largest regret "
            f"({money(regret[choice], unit)}) are the best too."
        )
    parts = []
    if calm != choice:
        parts.append(
            f"{calm!r} never misses more than {money(regret[calm], unit)} "
            f"({choice!r}: {money(regret[choice], unit)})"
        )
    if safe != choice:
        parts.append(
            f"{safe!r} is better in the worst case ({money(worst[safe], unit)} against "
            f"{money(worst[choice], unit)})"
        )
    return f"It has a price: {' and '.join(parts)}."


def _to_find_out(information: pd.DataFrame, unit: str) -> str:
    values = information.set_index("factor")
    total = values.loc[EVERYTHING]
    if total["value"] <= 0 or total["upper"] <= 0:
        return "Nothing that is uncertain here would change it: find out nothing first."
    first = values.drop(index=EVERYTHING)
    first = first[first["lower"] > 0]
    said = f"To know everything beforehand would be worth {money(total['value'], unit)}"
    if first.empty:
        return f"{said}; no single uncertainty is clearly worth finding out by itself."
    name = str(first.index[0])
    return f"{said}; find out first: {name}, worth {money(first['value'].iloc[0], unit)}."
