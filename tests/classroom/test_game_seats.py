"""A market played in class, around the rounds: foundings, members, and policies that take over."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
from games import game_file, ledger_of, play

import cxsim as cx
from classroom.game import Game, Ledger, Market
from classroom.game.debrief import cases, debrief_frames, debrief_view
from classroom.game.decision import check
from classroom.game.founding import founding
from classroom.game.ledger import GameError
from classroom.game.market import own_books
from classroom.game.stand_in import policy_decision, told_at_starts
from classroom.game.views import public_view, team_view

POLICIES = (
    "empty_seats: {pricing: adaptive}",
    """\
empty_seats:
  pricing: {name: adaptive, patience: 1, step: 0.05}
  capability: {name: imitate, lag: 1}""",
)
FOUNDING = (
    "news:",
    "founding:\n  choices:\n    Frugal: {unit_cost: 10.0}\n    Careful: {quality: 25.0}\nnews:",
)


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seats")
    return Game.load(game_file(folder, policies=POLICIES, founding=FOUNDING))


@pytest.fixture(scope="module")
def market(game):
    raw, _ = game.seated(["Otters", "Herons"], 7)
    return Market(Game.from_mapping(raw))


@pytest.fixture
def ledger(tmp_path, game):
    return ledger_of(tmp_path, game)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("Frugal: {unit_cost: 10.0}", "Frugal: {unit_cst: 10.0}"),
         r"founding.choices.Frugal.unit_cst: .*'unit_cst' \(did you mean 'unit_cost'"),
        (("Frugal: {unit_cost: 10.0}", "Frugal: {price: 18.0}"),
         "founding.choices.Frugal.price: expected a parameter that neither fields nor the budget"),
        (("Frugal: {unit_cost: 10.0}", "Frugal: {initial_cash: 1.0}"), "found 'initial_cash'"),
        (("news:", "stand_in: {after: 0}\nnews:"), "stand_in.after: expected .* at least 1"),
        (("news:", "stand_in: {policy: {pricing: best_response}}\nnews:"),
         "stand_in: expected a policy that knows what teams know, found 'best_response'"),
        (("news:", "grading: {result: 0.5}\nnews:"),
         "grading: expected weights that sum to 1, found 1.2"),
    ],
)  # fmt: skip
def test_what_a_game_file_gets_wrong_about_seats_is_named(tmp_path, change, said):
    with pytest.raises(cx.ScenarioError, match=said):
        Game.load(game_file(tmp_path, founding=FOUNDING, change=change))


# ---------------------------------------------------------------- foundings


def found(ledger, team, **values):
    return ledger.add("founded", team=team, by="team", member="",
                      **{"name": "", "choice": "", "strategy": "", **values})  # fmt: skip


def test_a_name_is_shown_and_enters_no_draw(tmp_path, game, market):
    plain = ledger_of(tmp_path, game)
    (tmp_path / "named").mkdir()
    named = ledger_of(tmp_path / "named", game)
    found(named, "Otters", name="Zephyr", strategy="Cheap for all.")
    one, other = (play(each, market, {"Otters": {"price": 18.0}}) for each in (plain, named))
    assert one.hashes == other.hashes
    view = public_view(other, market.of(other))
    assert {"Zephyr"} < {row["firm"] for row in view["firms"]}
    assert {row["letter"] for row in view["firms"] if row["firm"] == "Zephyr"} == {"Z"}
    told = debrief_view(other, debrief_frames(other, market))
    assert {row["strategy"] for row in told["foundings"]} == {"Cheap for all."}


def test_a_choice_acts_from_the_first_period_and_stays_in_every_counterfactual(ledger, market):
    state = found(ledger, "Otters", choice="Careful")
    firm = state.seats["Otters"]
    assert state.moves() == {(0, firm): {"quality": 25.0}}
    assert market.scenario(state.moves(), 1).firms[firm].quality == 25.0
    assert market.scenario({}, 1).firms[firm].quality == 24.0
    state = play(ledger, market, {"Otters": {"price": 18.0}})
    for case in cases(state, market.of(state)):
        assert case.moves[0, firm] == {"quality": 25.0}, case.kind


def test_a_founding_is_checked_and_ends_when_the_first_round_opens(ledger, game):
    state = ledger.state
    values, problems = founding(state, "Otters", {"name": " The  Otter ", "strategy": "Cheap."})
    assert (values["name"], problems) == ("The Otter", {})
    wrong = {"name": "house", "strategy": "x" * 301, "choice": "Frugl", "cash": "9"}
    _, problems = founding(state, "Otters", wrong)
    assert set(problems) == set(wrong)
    assert "that no other firm has, found 'house'" in problems["name"]
    assert "did you mean 'Frugal'?" in problems["choice"]
    ledger.add("opened", deadline=None)
    with pytest.raises(GameError, match="founded in round 1: not possible, found round 1 open"):
        found(ledger, "Otters", name="Late")


# ---------------------------------------------------------------- members


def test_members_have_links_of_their_own_and_names_that_differ(tmp_path, game):
    ledger = ledger_of(tmp_path, game, members={"Otters": ["Ada", "Bo"]})
    tokens = {ledger.token(f"member Otters\n{name}") for name in ("Ada", "Bo")}
    assert len(tokens | {ledger.token("team Otters")}) == 3
    ledger.add("joined", team="Otters", by="team", member="Ada")
    assert ledger.state.members == {"Otters": ("Ada",)}
    for members, said in (
        ({"Oters": ["Ada"]}, r"members: expected a team of the game, found 'Oters' \(did you"),
        ({"Otters": ["Ada", "ada"]}, "expected names that differ"),
        ({"Otters": [" "]}, "expected 1 to 40 printable characters"),
    ):
        with pytest.raises(ValueError, match=said):
            Ledger.create(tmp_path / "x.db", game, ["Otters"], seed=1, members=members)


def test_a_ledger_of_the_first_format_is_read_and_becomes_one_of_the_second(ledger):
    base = sqlite3.connect(ledger.path, isolation_level=None)
    base.execute("PRAGMA user_version = 1")
    old = Ledger(ledger.path)
    old.add("opened", deadline=None)
    assert base.execute("PRAGMA user_version").fetchone() == (1,)
    old.add("joined", team="Otters", by="team", member="Ada")
    assert base.execute("PRAGMA user_version").fetchone() == (2,)
    base.close()


# ---------------------------------------------------------------- a policy takes over


def test_a_stand_in_is_told_what_its_team_sees(ledger, market):
    """At the start of each round: own accounts and beliefs to the bit, and what is public."""
    play(ledger, market, {"Otters": {"price": 18.0}})
    play(ledger, market, {"Otters": {"customization": 0.4}, "Herons": {"price": 19.0}})
    results = market.of(ledger.state)
    state = ledger.add("opened", deadline=None)
    firm = state.seats["Herons"]
    told = told_at_starts(market, state, firm)["pricing"]
    assert [known.period for known in told] == [0, 2, 4]
    known = told[-1]
    assert set(known.books) == {each.name for each in own_books(market.game.scenario)}
    for name, values in known.books.items():
        np.testing.assert_array_equal(values, results.values(name)[firm])
    last = results.public[results.public["period"] == 3].set_index("firm")
    for name, public in known.public.items():
        assert public.share == last["share"][name]
        assert public.customization == last["customization"][name]
    assert {row["touchpoint"] for row in team_view(state, results, "Herons")["beliefs"]} == set(
        known.beliefs
    )


def test_what_a_stand_in_decides_follows_from_the_ledger_and_keeps_to_the_rules(ledger, market):
    play(ledger, market, {"Otters": {"customization": 0.5, "price": 17.0}})
    ledger.add("handed_over", team="Herons", first=2, policy=market.game.stand_in)
    before = ledger.state.standing(1)["Herons"]
    state = ledger.add("opened", deadline=None)
    values = policy_decision(market, state, "Herons")
    assert values == policy_decision(Market(market.game), state, "Herons")
    for name, field in market.game.fields.items():
        assert field.low <= values[name] <= field.high
    assert abs(values["price"] - before["price"]) == pytest.approx(0.05 * before["price"])
    state = ledger.add(
        "decided", team="Herons", by="policy", values=values, reason="", forecast=None
    )
    assert state.decisions[2, "Herons"].by == "policy"
    assert json.loads(json.dumps(values)) == values
    other = Ledger(ledger.path).state
    again, here = (market.results(each.moves(), 2, seed=7) for each in (other, state))
    pd.testing.assert_frame_equal(again.firms, here.firms, check_exact=True)


def test_a_team_that_comes_back_may_keep_what_the_policy_left_between_two_steps(game):
    start = {"price": 19.95, "customization": 0.2, "surveys.deep_dive.sample": 0.1,
             "improvement.budget": 1000.0}  # fmt: skip
    kept = check(game, "Amber", {"price": "19.95"}, start, round_number=2, cash=1e9)
    assert (kept.problems, kept.values["price"]) == ({}, 19.95)
    moved = check(game, "Amber", {"price": "19.9"}, start, round_number=2, cash=1e9)
    assert "expected steps of 0.5" in moved.problems["price"]


def test_handing_over_and_giving_back_are_events(ledger):
    state = ledger.add("handed_over", team="Otters", first=1, policy={})
    assert state.away == {"Otters": 1}
    with pytest.raises(GameError, match="handed_over in round 0: not possible"):
        ledger.add("handed_over", team="Otters", first=1, policy={})
    assert ledger.add("taken_back", team="Otters").away == {}
    with pytest.raises(GameError, match="taken_back in round 0: not possible"):
        ledger.add("taken_back", team="Otters")
    ledger.add("opened", deadline=None)
    assert ledger.add("closed", hash="0").missed("Otters") == 1
