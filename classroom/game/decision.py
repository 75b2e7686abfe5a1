"""The check of a decision: fields, numbers, bounds and steps, budget, the scenario's schema."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from classroom.game.budget import spending
from classroom.game.game_file import Game
from cxsim.messages import found, hint, money
from cxsim.scenario import ScenarioError

__all__ = ["LONGEST_REASON", "Checked", "check"]

#: Characters of a reason.
LONGEST_REASON = 200

#: What a decision may hold beside the fields of the game.
BESIDE = ("reason", "forecast", "forecast_profit")


@dataclass(frozen=True)
class Checked:
    """A decision as it was understood, with all that is wrong with it.

    Attributes
    ----------
    values : dict of str to float
        By field; those of the round before where nothing valid was given.
    reason : str
    forecast : float or None
        Own market share expected in the round, share.
    forecast_profit : float or None
        Own profit expected in the round, currency.
    problems : dict of str to str
        By field, ``"budget"``, ``"reason"``, ``"forecast"``, ``"forecast_profit"``, or the unknown
        name.
    spending : dict of str to float
        By item, currency in the round.
    available : float or None
        Cash plus credit, currency; None without a budget.
    """

    values: Mapping[str, float]
    reason: str = ""
    forecast: float | None = None
    forecast_profit: float | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    spending: Mapping[str, float] = field(default_factory=dict)
    available: float | None = None

    @property
    def total(self) -> float:
        """Spending of the round, currency."""
        return math.fsum(self.spending.values())


def check(
    game: Game,
    firm: str,
    given: Mapping[str, Any],
    before: Mapping[str, float],
    *,
    round_number: int,
    cash: float | None,
    schema: bool = True,
) -> Checked:
    """Check a decision and return it with all problems at their fields.

    In this order: names, kinds, bounds and steps, the budget, the scenario's own schema. A field
    that is wrong takes part in what follows with its value of the round before.

    Parameters
    ----------
    game : Game
    firm : str
        Whose decision it is; a decision cannot name another one.
    given : mapping
        Numbers or texts by field; fields left out stay as they are.
    before : mapping of str to float
        Values in the round before.
    round_number : int
        From 1 on.
    cash : float or None
        At the start of the round, currency; None without a budget.
    schema : bool
        Whether to ask the scenario's schema, which takes a millisecond.
    """
    problems: dict[str, str] = {}
    values = dict(before)
    for name, value in given.items():
        if name in BESIDE:
            continue
        if name not in game.fields:
            near = hint(name, game.fields, listed=12)
            problems[name] = f"expected a field of this game, found {found(name)}{near}"
            continue
        number, problem = _value(game, name, value, before[name])
        if problem:
            problems[name] = problem
        else:
            values[name] = number
    reason, forecast, profit = _beside(given, problems)
    costs, held = (
        spending(
            game.scenario, firm, before, new,
            first=(round_number - 1) * game.per_round, periods=game.per_round,
        )
        for new in (values, before)
    )  # fmt: skip
    available = None
    if game.rules.budget is not None and cash is not None:
        available = cash + game.rules.budget.credit
        total, kept = (math.fsum(each.values()) for each in (costs, held))
        problem = _over(game, total, kept, available)
        if problem:
            problems["budget"] = problem
    if schema and not problems:
        problems |= _schema_problems(game, firm, values)
    return Checked(values, reason, forecast, profit, problems, costs, available)


def number_of(value: Any) -> float | None:
    """Return a finite number that was given as one or as text; None if it is none.

    Parameters
    ----------
    value : object
        A decimal comma counts as a point.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and "_" in value:  # 1_8 is a number in Python alone
        return None
    try:
        number = float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _value(game: Game, name: str, given: Any, before: float) -> tuple[float, str]:
    """Return a field's value, or what is wrong with it."""
    field_ = game.fields[name]
    number = number_of(given)
    if number is None:
        return before, f"expected a number, found {found(given)}"
    if abs(number - before) < 1e-9:
        return before, ""  # as it was, also where a policy left it between two steps
    if not field_.low <= number <= field_.high:
        ends = f"from {field_.low:g} to {field_.high:g}"
        return before, f"expected a number {ends}, found {number:g}"
    if not field_.on_step(number):
        steps = f"steps of {field_.step:g} from {field_.low:g}"
        return before, f"expected {steps}, found {number:g}"
    # The same double whatever was typed, so that a value kept is the value it was.
    number = round(field_.low + round((number - field_.low) / field_.step) * field_.step, 10)
    if "change" in field_.model_fields_set and abs(number - before) > field_.change + 1e-9:
        low = max(field_.low, before - field_.change)
        high = min(field_.high, before + field_.change)
        ends = f"from {low:g} to {high:g} this round"
        return before, f"expected a number {ends}, found {number:g}"
    return number, ""


def _beside(
    given: Mapping[str, Any], problems: dict[str, str]
) -> tuple[str, float | None, float | None]:
    """Return the reason of a decision and its forecasts of market share and profit."""
    reason = given.get("reason") or ""
    if not isinstance(reason, str) or len(reason) > LONGEST_REASON:
        problems["reason"] = f"expected at most {LONGEST_REASON} characters, found more"
        reason = ""
    share = profit = None
    if (forecast := given.get("forecast")) not in (None, ""):
        share = number_of(forecast)
        if share is None or not 0.0 <= share <= 100.0:
            text = f"expected a market share from 0 to 100 (per cent), found {found(forecast)}"
            problems["forecast"] = text
            share = None
    if (forecast := given.get("forecast_profit")) not in (None, ""):
        profit = number_of(forecast)
        if profit is None:
            text = f"expected an amount of money, found {found(forecast)}"
            problems["forecast_profit"] = text
    return reason.strip(), None if share is None else share / 100.0, profit


def _over(game: Game, total: float, held: float, available: float) -> str:
    """Say by how much spending is too high; whoever has too little may keep or lower it."""
    if total <= max(available, held):
        return ""
    unit = game.scenario.currency
    return (
        f"expected spending of at most {money(max(available, held, 0.0), unit)} in this round "
        f"(cash plus credit), found {money(total, unit)}"
    )


def _schema_problems(game: Game, firm: str, values: Mapping[str, float]) -> dict[str, str]:
    """Return what the scenario's own schema has against values, by field."""
    changes = {f"firms.{firm}.{name}": value for name, value in values.items()}
    try:
        game.scenario.override({"events": [{"at": 0, "set": changes}]})
    except ScenarioError as error:
        return {
            next((n for n in values if str(each).find(f".{n}") >= 0), "budget"): each.text
            for each in error.problems
        }
    return {}
