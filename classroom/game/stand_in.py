"""A policy in the seat of a team that has left: it is asked once a round, like the team was.

The market is played again up to the start of the round. What a policy in the seat is told there
(:class:`cxsim.firms.FirmInformation`) is what it decides by, and its decision goes into the
ledger like a team's. Lags and patience of a policy count rounds.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, ClassVar

import cxsim as cx
from classroom.game.budget import spending
from classroom.game.ledger import State
from classroom.game.market import Market
from classroom.game.views import cash_of
from cxsim.firms import FirmInformation
from cxsim.runs import simulate
from cxsim.scenario import policies_of

__all__ = ["policy_decision", "told_at_starts"]

_calls = itertools.count()


class GameSeatPricing(cx.PricingPolicy):
    """Keeps what a pricing policy in its seat is told, and decides nothing."""

    call: int = 0
    told: ClassVar[dict[int, list[FirmInformation]]] = {}

    def decide(self, known: FirmInformation) -> None:
        """Keep what is known."""
        self.told.setdefault(self.call, []).append(known)


class GameSeatCapability(cx.CapabilityPolicy):
    """Keeps what a capability policy in its seat is told, and decides nothing."""

    call: int = 0
    told: ClassVar[dict[int, list[FirmInformation]]] = {}

    def decide(self, known: FirmInformation) -> None:
        """Keep what is known."""
        self.told.setdefault(self.call, []).append(known)


_SEATS: dict[str, type[GameSeatPricing] | type[GameSeatCapability]] = {
    "pricing": GameSeatPricing,
    "capability": GameSeatCapability,
}


def told_at_starts(market: Market, state: State, firm: str) -> dict[str, list[FirmInformation]]:
    """Return what policies in a seat are told at the start of each round up to the present one.

    Parameters
    ----------
    market : Market
    state : State
        With a round open.
    firm : str

    Returns
    -------
    dict of str to list of FirmInformation
        By kind of policy, then by round.
    """
    for seat in _SEATS.values():
        cx.register_policy(seat)
    call, per_round = next(_calls), market.game.per_round
    before = {key: values for key, values in state.moves().items() if key[0] < state.round}
    policy = {kind: {"name": seat.__name__, "call": call} for kind, seat in _SEATS.items()}
    scenario = market.scenario(
        before, state.round, periods=(state.round - 1) * per_round + 1, policies={firm: policy}
    )
    try:
        simulate(scenario, seed=state.seed, engine=market.engine)
        return {kind: seat.told[call][::per_round] for kind, seat in _SEATS.items()}
    finally:
        for seat in _SEATS.values():
            seat.told.pop(call, None)


def policy_decision(market: Market, state: State, team: str) -> dict[str, float]:
    """Return what the game's policy decides for a team's firm in the open round.

    It has seen the starts of all rounds before, so that it knows as much as one that was there.
    What it wants keeps to bounds, largest changes and budget of the game; steps are for forms.

    Parameters
    ----------
    market : Market
    state : State
        With a round open.
    team : str

    Returns
    -------
    dict of str to float
        All fields of the game.

    Raises
    ------
    ValueError
        If the game has no such policy.
    """
    game, firm = state.game, state.seats[team]
    if game.stand_in is None:
        raise ValueError("expected stand_in or empty_seats in the game file, found neither")
    told = told_at_starts(market, state, firm)
    named = game.scenario.override({f"firms.{firm}.policy": game.stand_in})
    before = state.standing(state.round - 1)[team]
    after = dict(before)
    for seat, kind, _, policy in policies_of(named):
        if seat != firm:
            continue
        wanted: Any = None
        for known in told[kind]:
            wanted = policy.decide(known)
        if wanted is not None and not isinstance(wanted, Mapping):
            wanted = {policy.sets[0]: wanted}
        for name, value in (wanted or {}).items():
            if name in game.fields:
                after[name] = _within(game.fields[name], before[name], float(value))
    return after if _affordable(market, state, firm, before, after) else before


def _within(field: Any, before: float, wanted: float) -> float:
    """Return the number next to the one wanted within the bounds of a decision."""
    low, high = field.low, field.high
    if "change" in field.model_fields_set:
        low, high = max(low, before - field.change), min(high, before + field.change)
    return float(f"{min(max(wanted, low), high):.6g}")


def _affordable(
    market: Market,
    state: State,
    firm: str,
    before: Mapping[str, float],
    after: Mapping[str, float],
) -> bool:
    game = state.game
    if game.rules.budget is None:
        return True
    results = None
    if state.round > 1:
        results = market.results(state.moves(), state.round - 1, seed=state.seed)
    cash = cash_of(state, results, firm) or 0.0
    new, held = (
        sum(
            spending(
                game.scenario, firm, before, values,
                first=(state.round - 1) * game.per_round, periods=game.per_round,
            ).values()
        )
        for values in (after, before)
    )  # fmt: skip
    return bool(new <= max(cash + game.rules.budget.credit, held))
