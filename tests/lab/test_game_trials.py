"""The trials of the classroom market: they send what they say, and find what was sent."""

from __future__ import annotations

from games import ledger_of, play

from classroom.game import Market
from lab.game.forgeries import forgeries
from lab.game.trials import game_of, held, numbers_shown, secrets_of

FIELDS = {"price": {"min": "15", "max": "25", "step": "0.5"}}


def test_a_thousand_forgeries_are_the_same_everywhere():
    one, other = ([name for name, _ in forgeries(FIELDS, 1000)] for _ in range(2))
    assert one == other
    assert len(one) == 1000
    assert {"no cookie", "no token", "another team's address"} <= set(one)


def test_a_secret_that_was_sent_is_found_and_a_token_is_none(tmp_path):
    ledger = ledger_of(tmp_path, seed=918_273_645)
    market = Market(ledger.state.game)
    state = play(ledger, market, {"Herons": {"price": 18.0}})
    secrets = secrets_of(state, market.of(state), "Otters")
    assert "918273645" in secrets
    cash = market.of(state).values("cash")
    mine, theirs = (f"{cash[state.seats[team]][-1]:.2f}" for team in ("Otters", "Herons"))
    assert (mine in secrets, theirs in secrets) == (False, True)
    assert held(f"<td>{theirs}</td>", secrets) == {theirs}
    assert held("a918273645f |918273645|", secrets) == set()
    assert held("seed 918,273,645.", secrets) == {"918273645"}


def test_sums_that_pages_of_earlier_rounds_showed_are_no_secret(tmp_path):
    ledger = ledger_of(tmp_path)
    market = Market(ledger.state.game)
    play(ledger, market, {})
    state = play(ledger, market, {})
    results = market.of(state)
    shown = numbers_shown(state, results, "Otters")
    revenue = results.values("revenue")[state.seats["Otters"]]
    per_round = state.game.per_round
    assert f"{revenue[:per_round].sum():.0f}" in shown
    assert f"{revenue[: per_round + 1].sum():.0f}" not in shown


def test_the_market_of_the_trials_has_as_many_firms_as_teams():
    game = game_of(8, 100, 2)
    assert (len(game.seats), game.rounds) == (8, 2)
