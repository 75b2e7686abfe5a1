"""A classroom game without a server: decisions and views are files."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from games import game_file, ledger_of, play

from classroom.game import Game, Market
from classroom.game.folder import collect, file_name, hand_in
from classroom.game.ledger import GameError
from classroom.game.views import shown
from cxsim.cli.app import run as cxsim_command


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    return Game.load(game_file(tmp_path_factory.mktemp("game")))


@pytest.fixture
def opened(tmp_path, game):
    """A ledger whose first round is open, and the folder with what teams may see."""
    ledger = ledger_of(tmp_path, game)
    made = collect(ledger, tmp_path / "shared")
    assert (made.round, made.missing) == (1, ["Otters", "Herons"])
    yield ledger, tmp_path / "shared"
    ledger.close()


def test_a_round_by_files_is_the_round_that_the_same_decisions_make(tmp_path, game, opened):
    ledger, folder = opened
    path = hand_in(folder / "Otters/view.json", {"price": "18", "reason": "cheap", "forecast": 40})
    assert path == folder / "round_1/Otters.json"
    assert collect(ledger, folder).stored == ["Otters"]
    made = collect(ledger, folder, close=True)
    assert (made.same, made.missing, made.stored) == (["Otters"], ["Herons"], [])
    assert made.stage == "Round 2 of 3 is open. 0 of 2 teams have decided."
    (tmp_path / "other").mkdir()
    other = ledger_of(tmp_path / "other", game)
    state = play(other, Market(other.state.game), {"Otters": {"price": 18.0}})
    assert ledger.state.hashes == state.hashes
    page = (folder / "Otters/page.html").read_text()
    assert "Your accounts" in page
    assert "A rival has moved." in page
    view = json.loads((folder / "Otters/view.json").read_text())
    assert (view["round"], view["mine"]["history"][0]["reason"]) == (2, "cheap")
    sent = page + (folder / "Otters/view.json").read_text()
    results = Market(ledger.state.game).of(ledger.state)
    rival = results.values("cash")[ledger.state.seats["Herons"]][-1]
    assert shown(float(rival), "currency") not in sent
    assert ledger.token("team Herons") not in sent


WRONG = {
    "not JSON": ("{", "line 1: expected JSON, found something else"),
    "too deep": ("[" * 5000, "expected JSON, found something else"),
    "too large": ('{"a": "' + "x" * 20_000 + '"}', "expected at most 16,384 bytes"),
    "no decision": ("{}", "decision: expected a mapping of decisions, found none"),
    "a forged token": ({"token": "x"}, "token: expected that of the team's page"),
    "no round": ({"round": "1"}, "round: expected the number of a round, found '1'"),
    "an early round": ({"round": 2}, "Round 2 is closed: this decision came too late"),
    "a number that is none": ({"decision": {"price": float("nan")}}, "price: expected a number"),
    "bounds": ({"decision": {"price": 99}}, "price: expected a number from 15 to 25, found 99"),
    "a path": ({"decision": {"firms.House.price": 1}}, "expected a field of this game, found"),
    "a list": ({"decision": {"price": [18]}}, "price: expected a number"),
}


def test_what_is_wrong_with_a_file_is_said_with_its_name_and_changes_nothing(opened):
    ledger, folder = opened
    path = folder / "round_1/Otters.json"
    right = {"round": 1, "token": ledger.token("team Otters"), "decision": {"price": 18}}
    for what, (given, message) in WRONG.items():
        text = given if isinstance(given, str) else json.dumps({**right, **given})
        path.write_text(text)
        made = collect(ledger, folder, close=True)
        assert made.refused[0].startswith("round_1/Otters.json: "), what
        assert message in made.refused[0], what
        assert (made.stored, ledger.state.number) == ([], 2), what
    page = (folder / "Otters/page.html").read_text()
    assert "Nothing was stored." in page


def test_a_member_says_its_name_in_the_file(opened):
    ledger, folder = opened
    hand_in(folder / "Otters/view.json", {"price": 18.0}, member="Ada")
    collect(ledger, folder)
    assert ledger.state.members["Otters"] == ("Ada",)
    assert ledger.state.decisions[1, "Otters"].member == "Ada"
    assert "Stored at" in (folder / "Otters/page.html").read_text()
    hand_in(folder / "Otters/view.json", {"price": 18.5}, member="A" * 41)
    (refused,) = collect(ledger, folder).refused
    assert refused == (
        "round_1/Otters.json: member: expected 1 to 40 printable characters, found 41"
    )


def test_firms_are_founded_by_files_before_the_first_round(tmp_path):
    rule = ("news:", "founding: {}\nnews:")
    with closing(ledger_of(tmp_path, Game.load(game_file(tmp_path, rule=rule)))) as ledger:
        folder = tmp_path / "shared"
        made = collect(ledger, folder)
        assert (made.round, made.missing) == (0, ["Otters", "Herons"])
        assert made.stage == "Teams found their firms. 0 of 2 teams have done so."
        assert "Found your firm" in (folder / "Otters/page.html").read_text()
        otters, herons = (folder / f"{team}/view.json" for team in ("Otters", "Herons"))
        path = hand_in(otters, {"name": "North", "strategy": "Cheap for all."}, member="Ada")
        assert path == folder / "founding/Otters.json"
        hand_in(herons, {"name": "House"})
        made = collect(ledger, folder, close=True)
        assert made.stored == ["Otters"]
        assert made.refused == [
            "founding/Herons.json: name: expected a name that no other firm has, found 'House'"
        ]
        assert "Nothing was stored" in (folder / "Herons/page.html").read_text()
        hand_in(herons, {"name": "South"})
        made = collect(ledger, folder)
        assert (made.same, made.stored, made.missing) == (["Otters"], ["Herons"], [])
        assert made.stage == "Round 1 of 3 is open. 0 of 2 teams have decided."
        assert set(ledger.state.names.values()) == {"North", "South", "House"}
        assert ledger.state.founded["Otters"].member == "Ada"
        assert (folder / "round_1").is_dir()


def test_a_file_of_no_team_and_a_link_are_refused(opened):
    _, folder = opened
    (folder / "round_1/Otter.json").write_text("{}")
    (folder / "round_1/Herons.json").symlink_to(folder / "Otters/view.json")
    refused = collect(opened[0], folder).refused
    assert len(refused) == 2
    assert refused[0] == "round_1/Herons.json: expected a plain file, found something else"
    assert refused[1].endswith("found 'Otter.json' (did you mean 'Otters.json'?)")


def test_a_game_ends_with_its_last_round(opened):
    ledger, folder = opened
    for _ in range(3):
        made = collect(ledger, folder, close=True)
    assert made.stage == "All 3 rounds are played."
    assert 'id="form"' not in (folder / "Otters/page.html").read_text()
    with pytest.raises(GameError, match="found a game whose rounds are over"):
        collect(ledger, folder)


def test_teams_have_files_of_their_own_whatever_they_are_called():
    teams = ("A/B", "A:B", "Émeu 7", "..")
    names = [file_name(teams, team) for team in teams]
    assert names == ["A_B 1", "A_B 2", "Émeu 7", "__"]


def test_the_command_says_who_is_missing_and_what_was_refused(tmp_path, game, capsys):
    ledger_of(tmp_path, game).close()
    words = ["game", "collect", str(tmp_path / "small.db"), str(tmp_path / "shared")]
    assert cxsim_command(words) == 0
    assert "round 1, missing: Otters, Herons" in capsys.readouterr().out
    hand_in(tmp_path / "shared/Herons/view.json", {"price": 14})
    assert cxsim_command([*words, "--close"]) == 1
    assert "round_1/Herons.json: price: expected a number from 15" in capsys.readouterr().out


def test_a_team_that_hands_in_nothing_is_run_by_the_policy_of_the_game(tmp_path):
    rule = ("news:", "stand_in: {after: 1, policy: {pricing: {name: adaptive}}}\nnews:")
    with closing(ledger_of(tmp_path, Game.load(game_file(tmp_path, rule=rule)))) as ledger:
        collect(ledger, tmp_path / "shared")
        hand_in(tmp_path / "shared/Otters/view.json", {"price": 18.0})
        collect(ledger, tmp_path / "shared", close=True)
        assert ledger.state.decisions[2, "Herons"].by == "policy"
        assert "A policy runs your firm" in (tmp_path / "shared/Herons/page.html").read_text()
        hand_in(tmp_path / "shared/Herons/view.json", {"price": 18.0})
        (refused,) = collect(ledger, tmp_path / "shared").refused
        assert refused.startswith("round_2/Herons.json: A policy runs your firm")
