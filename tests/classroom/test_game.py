"""A market played in class: rules, ledger, replay, what teams see, and what would have been."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from typing import ClassVar

import pandas as pd
import pytest
from games import FIRMS, TEXT, game_file, ledger_of, play
from hypothesis import given, settings
from hypothesis import strategies as st

import cxsim as cx
from classroom.game import Game, Ledger, Market
from classroom.game.budget import spending
from classroom.game.debrief import cases, debrief_frames, debrief_view, effects, seeded_values
from classroom.game.decision import check
from classroom.game.drawing import Looks
from classroom.game.game_file import shipped_games
from classroom.game.ledger import GameError, state_of
from classroom.game.market import PUBLIC, own_books, replay
from classroom.game.printing import print_pages
from classroom.game.views import instructor_view, public_view, shown, team_view
from cxsim.charts import OKABE_ITO
from cxsim.cli.app import run as cxsim_command
from cxsim.firms import Public

START = {
    "price": 20.0, "customization": 0.2, "surveys.deep_dive.sample": 0.1,
    "improvement.budget": 1000.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    return Game.load(game_file(tmp_path_factory.mktemp("game")))


@pytest.fixture(scope="module")
def market(game):
    """The market as it is with both teams seated, whichever runs which firm."""
    raw, _ = game.seated(["Otters", "Herons"], 7)
    return Market(Game.from_mapping(raw))


@pytest.fixture
def ledger(tmp_path, game):
    return ledger_of(tmp_path, game)


# ---------------------------------------------------------------- the game file


@pytest.mark.parametrize("name", shipped_games())
def test_every_game_that_ships_can_be_played_and_left_to_policies(name):
    game = Game.load(name)
    raw, seats = game.seated(["One"], seed=3)
    seated = Game.from_mapping(json.loads(json.dumps(raw)))
    (firm,) = seats.values()
    assert seated.seats == (firm,)
    rivals = [each for name, each in seated.scenario.firms.items() if name != firm]
    assert all(rival.policy is not None for rival in rivals)
    assert seated.scenario.periods == game.rounds * game.per_round


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("rounds: 3", "ronds: 3"),
         r"small.yaml:27: ronds: expected a key of a game, found 'ronds' \(did you mean 'rounds'"),
        (("rounds: 3", "rounds: three"), "small.yaml:27: rounds: expected .* found 'three'"),
        (("title: A small game\n", ""), "expected title in a game, found none|title"),
        (("  price: {low", "  pric: {low"),
         r"small.yaml:32: fields.pric: expected a parameter of a firm, .*did you mean 'price'"),
        (("  price: {low", "  initial_cash: {low"),
         "small.yaml:32: fields.initial_cash: expected a parameter that may change during a run"),
        (("low: 15, high: 25, step: 0.5", "low: 15, high: 25, step: 0.3"),
         "fields.price: expected steps of 0.3 from 15 to 25 that hold Amber's start, found 20.0"),
        (("low: 15, high: 25", "low: 25, high: 15"), "fields.price.low: expected low below high"),
        (("{low: 0, high: 1, step: 0.1, change: 0.3}", "{low: 0, high: 2, step: 0.1}"),
         "fields.customization.high: expected a number from 0 to 1"),
        (("change: 0.3", "change: 0.05"), "change: expected at least the step 0.1, found 0.05"),
        (("replace_events: []",
          "replace_events: [{at: 2, set: {firms.Amber.price: 9}}]"),
         "scenario.events: expected no event on what teams decide, found firms.Amber.price"),
        (("replace_events: []",
          "replace_events: [{at: 2, set: {firms.Amber.capability_cost: 9}}]"),
         "expected no event on costs that a budget counts, found firms.Amber.capability_cost"),
        (("replace_events: []", "replace_events: [{at: 9, set: {firms.House.price: 9}}]"),
         "scenario: expected events before period 6"),
        (("initial_cash: 20000", "credit_limit: 20000"), "a team would leave for good"),
        (("goal: {text", "goal: {measure: profits, text"),
         r"goal.measure: expected a measure of firms, found 'profits' \(did you mean 'profit'\?"),
        (("round: 2", "round: 4"), "news.0.round: expected a round up to 3, found 4"),
        (("  price: {low: 15, high: 25, step: 0.5}",
          "  quality: {low: 20, high: 28, step: 0.5}"),
         "fields.quality: expected a field whose spending a budget knows, found 'quality'"),
        (("firms:\n  House: {", "firms:\n  Haus: {"),
         r"firms.Haus: expected a firm of the scenario, found 'Haus' \(did you mean 'House'\?"),
        (("House: {policy: {pricing: adaptive}}", "House: {policy: {pricing: adptive}}"),
         "firms.House.policy: .*'adptive'"),
        (("empty_seats: {pricing: adaptive}", "empty_seats: {pricing: adptive}"),
         "empty_seats: .*'adptive'"),
        (("quality: 24.0", "qualty: 24.0"), r"scenario.firms.*qualty.*did you mean 'quality'"),
        (("news:", "hidden: {segments.All.price_sensitivty: 0.1}\nnews:"),
         r"hidden.segments.All.price_sensitivty: .*did you mean 'price_sensitivity'"),
        (("news:", "hidden: {segments.All.share: 0.1}\nnews:"), "hidden.segments.All.share: "),
    ],
)  # fmt: skip
def test_what_a_game_file_gets_wrong_is_named_with_its_line(tmp_path, change, said):
    with pytest.raises(cx.ScenarioError, match=said):
        Game.load(game_file(tmp_path, change=change))


def test_the_nearest_game_is_suggested():
    with pytest.raises(cx.ScenarioError, match=r"found neither \(did you mean 'first_hour'\?\)"):
        Game.load("first_our")


def value_of(raw):
    return raw["scenario"]["segments"]["All"]["price_sensitivity"]


def test_seats_and_hidden_parameters_follow_from_the_seed(tmp_path):
    hidden = ("news:", "hidden: {segments.*.price_sensitivity: 0.2}\nnews:")
    game = Game.load(game_file(tmp_path, change=hidden))
    base = game.scenario.segments["All"].price_sensitivity
    drawn = set()
    for seed in range(6):
        raw, seats = game.seated(["A", "B"], seed)
        assert (raw, seats) == game.seated(["A", "B"], seed)
        assert game.drawn(seed)["segments.All.price_sensitivity"] == value_of(raw)
        assert sorted(seats.values()) == sorted(FIRMS)
        value = value_of(raw)
        assert 0.8 * base <= value <= 1.2 * base
        drawn.add((value, seats["A"]))
    assert len({value for value, _ in drawn}) == 6
    assert len({seat for _, seat in drawn}) == 2


@pytest.mark.parametrize("teams", [[], ["A", "a"], [" ", "B"], ["A", "B", "C"], ["x" * 41]])
def test_teams_have_names_that_differ_and_a_seat_each(game, teams):
    with pytest.raises(ValueError, match="teams: expected"):
        game.seated(teams, 1)


# ---------------------------------------------------------------- decisions and the budget


def checked(game, given, *, before=START, round_number=1, cash=1e9):
    return check(game, "Amber", given, before, round_number=round_number, cash=cash)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("pric", 20, r"expected a field of this game, found 'pric' \(did you mean 'price'\?\)"),
        ("firms.Cobalt.price", 20, "expected a field of this game"),
        ("segments.All.price_sensitivity", 0.1, "expected a field of this game"),
        ("price", "cheap", "expected a number, found 'cheap'"),
        ("price", True, "expected a number, found true"),
        ("price", "nan", "expected a number, found 'nan'"),
        ("price", "1e999", "expected a number, found '1e999'"),
        ("price", 30, "expected a number from 15 to 25, found 30"),
        ("price", 20.25, "expected steps of 0.5 from 15, found 20.25"),
        ("customization", 0.6, "expected a number from 0 to 0.5 this round, found 0.6"),
        ("reason", "x" * 201, "expected at most 200 characters"),
        ("forecast", "110", "expected a market share from 0 to 100"),
    ],
)
def test_what_a_decision_gets_wrong_stands_at_its_field(game, field, value, said):
    found = checked(game, {field: value})
    assert list(found.problems) == [field]
    assert re.search(said, found.problems[field])


def test_all_problems_are_told_at_once(game):
    given = {"price": "x", "customization": 0.9, "cash": 1, "forecast": "-1"}
    assert set(checked(game, given).problems) == set(given)


def test_a_value_kept_is_the_same_number_however_it_is_typed(game):
    for text in ("20", "20.0", " 20,0 ", 20):
        assert checked(game, {"price": text}).values == START
    before = {**START, "customization": 0.1 + 0.2}
    assert checked(game, {"customization": "0.3"}, before=before).values == before


def test_spending_beyond_cash_and_credit_is_refused_with_the_amounts(game):
    found = checked(game, {"customization": 0.5}, cash=0.0)
    assert found.available == 30_000
    assert found.total == pytest.approx(2 * 15_000 * (0.04 + 0.25) + 30_000 + 2_000 + 20_000)
    assert "at most 30 thousand EUR" in found.problems["budget"]
    assert not checked(game, {"customization": 0.5}, cash=100_000.0).problems
    assert not checked(game, {}, cash=-1e6).problems, "what is spent already may go on"
    assert not checked(game, {"improvement.budget": 0}, cash=-1e6).problems


@settings(max_examples=60)
@given(
    st.integers(-4, 12), st.integers(-1, 11), st.integers(0, 5), st.integers(0, 12),
    st.floats(-50_000, 200_000),
)  # fmt: skip
def test_no_accepted_decision_spends_more_than_there_is(game, price, custom, sample, budget, cash):
    given_ = {
        "price": 18 + price / 2, "customization": custom / 10,
        "surveys.deep_dive.sample": sample / 10, "improvement.budget": 1000 * budget,
    }  # fmt: skip
    found = checked(game, given_, cash=cash)
    held = sum(spending(game.scenario, "Amber", START, START, first=0, periods=2).values())
    if not found.problems:
        assert found.total <= max(cash + 30_000, held)
        assert found.values == pytest.approx(given_)


def test_the_closed_form_is_what_the_market_charges(game, market):
    """Exactly for capabilities and improvement; surveys cost at most what was said."""
    moves = {(1, "Amber"): {**START, "customization": 0.5, "improvement.budget": 3000.0}}
    moves[2, "Amber"] = {**moves[1, "Amber"], "customization": 0.4}
    results = market.results(moves, 2, seed=1)
    rows = results.firms[results.firms["firm"] == "Amber"]
    before = START
    for number in (1, 2):
        after = moves[number, "Amber"]
        said = spending(game.scenario, "Amber", before, after, first=2 * number - 2, periods=2)
        here = rows[rows["period"] // 2 + 1 == number].sum(numeric_only=True)
        assert said["capability_overhead"] == pytest.approx(here["capability_overhead"])
        assert said["capability_investment"] == pytest.approx(here["capability_investment"])
        assert said["improvement"] == pytest.approx(here["touchpoint_improvement_cost"])
        assert said["surveys"] >= here["survey_cost"] > 0
        before = after


# ---------------------------------------------------------------- the ledger


def test_a_ledger_only_grows(ledger):
    ledger.add("opened", deadline=None)
    base = sqlite3.connect(ledger.path)
    for command in ("DELETE FROM event", "UPDATE event SET kind = 'closed'"):
        with pytest.raises(sqlite3.IntegrityError, match="events are kept"):
            base.execute(command)
    base.close()
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


def test_what_the_state_does_not_allow_is_refused(ledger):
    decision = {"by": "team", "values": START, "reason": "", "forecast": None}
    with pytest.raises(GameError, match="decided in round 0: not possible, found the game before"):
        ledger.add("decided", team="Otters", **decision)
    ledger.add("opened", deadline=None)
    for kind in ("opened", "reopened", "revealed"):
        with pytest.raises(GameError, match="not possible, found round 1 open"):
            ledger.add(kind)
    with pytest.raises(GameError, match=r"found 'Oters' \(did you mean 'Otters'\?\)"):
        ledger.add("decided", team="Oters", **decision)
    with pytest.raises(GameError, match="decided in round 2: not possible"):
        ledger.add("decided", team="Otters", round_number=2, **decision)
    ledger.add("closed", hash="0")
    with pytest.raises(GameError, match="closed in round 1: not possible, found round 1 closed"):
        ledger.add("closed", hash="0")


def test_what_was_added_is_there_for_whoever_opens_the_file(ledger):
    """As after a killed process: nothing is written only at an orderly end."""
    ledger.add("opened", deadline=None)
    ledger.add("decided", team="Otters", by="team", values=START, reason="?", forecast=0.3)
    other = Ledger(ledger.path)
    assert other.state.decisions == state_of(ledger.events).decisions
    assert other.state.decisions[1, "Otters"].reason == "?"
    other.add("decided", team="Herons", by="team", values=START, reason="", forecast=None)
    assert set(ledger.state.decided(1)) == {"Otters", "Herons"}


def test_the_last_decision_counts_and_a_reopened_round_keeps_it(ledger, market):
    ledger.add("opened", deadline=None)
    for price in (19.0, 18.0):
        values = {**START, "price": price}
        ledger.add("decided", team="Otters", by="team", values=values, reason="", forecast=None)
    ledger.add("closed", hash="x")
    state = ledger.add("reopened", deadline=None)
    assert state.phase == "open"
    assert state.played == 0
    assert state.standing(1)["Otters"]["price"] == 18.0
    assert state.standing(1)["Herons"] == START
    assert state.hashes == {}


def test_tokens_have_128_bits_and_differ(ledger):
    tokens = {ledger.token(name) for name in ("instructor", "team Otters", "team Herons")}
    assert len(tokens) == 3
    assert all(len(token) >= 22 for token in tokens)
    assert not any(token in json.dumps([e.body for e in ledger.events]) for token in tokens)


def test_files_that_are_no_ledger_are_refused(tmp_path):
    (tmp_path / "text").write_text("hello")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE a (b)").connection.close()
    for name in ("text", "other.db", "none"):
        with pytest.raises(GameError, match=f"{name}: expected the file of a game, found"):
            Ledger(tmp_path / name)


# ---------------------------------------------------------------- replay

prices = st.sampled_from([18.0, 20.0, 22.5])
decisions = st.fixed_dictionaries(
    {},
    optional={
        (number, firm): st.builds(
            lambda price, custom: {**START, "price": price, "customization": custom},
            prices, st.sampled_from([0.2, 0.4]),
        )
        for number in (1, 2, 3)
        for firm in FIRMS
    },
)  # fmt: skip


@settings(max_examples=6)
@given(decisions)
def test_results_shown_never_change_as_the_game_goes_on(market, moves):
    """Rounds 1 to k are the same to the bit, whatever is decided later."""
    whole = market.results(moves, 3, seed=5)
    for rounds in (1, 2):
        part = market.results(moves, rounds, seed=5)
        count_ = len(part.firms)
        pd.testing.assert_frame_equal(part.firms, whole.firms[:count_], check_exact=True)
        pd.testing.assert_frame_equal(part.public, whole.public[:count_], check_exact=True)


@pytest.mark.parametrize("name", shipped_games())
def test_games_that_ship_never_change_a_report_already_shown(name):
    raw, seats = Game.load(name).seated(["One", "Two"], seed=2)
    raw["scenario"]["customers"] = 200
    market = Market(Game.from_mapping(raw))
    (key, field), *_ = market.game.fields.items()
    for number, firm in enumerate(seats.values(), 1):
        start = market.game.start[firm]
        moves = {(number, firm): {**start, key: start[key] - field.step}}
    part, whole = (market.results(moves, rounds, seed=2) for rounds in (2, 4))
    shown_before = whole.firms[: len(part.firms)]
    pd.testing.assert_frame_equal(part.firms, shown_before, check_exact=True)


@settings(max_examples=4)
@given(st.sampled_from([(1, "Amber"), (2, "Cobalt"), (3, "Amber")]), prices)
def test_a_decision_that_changes_nothing_is_none_to_the_bit(market, place, price):
    number, firm = place
    moved = {(1, "Amber"): {**START, "price": price}}
    held = moved[1, "Amber"] if firm == "Amber" and number > 1 else START
    if place in moved:
        moved = {}
    one, other = (market.results(each, 3, seed=5) for each in (moved, {**moved, place: held}))
    pd.testing.assert_frame_equal(one.firms, other.firms, check_exact=True)


def test_a_replay_comes_out_the_same_and_says_where_it_does_not(ledger, market):
    play(ledger, market, {"Otters": {"price": 18.0}})
    state = play(ledger, market, {"Herons": {"customization": 0.5}})
    assert replay(state, Market(state.game)) == {1: True, 2: True}
    changed = state.hashes | {2: "0" * 16}
    assert replay(replace(state, hashes=changed), market) == {1: True, 2: False}


# ---------------------------------------------------------------- what is seen


class Onlooker(cx.PricingPolicy):
    """Keeps what a policy is told."""

    told: ClassVar[list] = []

    def decide(self, known):
        """Decide nothing."""
        Onlooker.told.append(known)


def test_teams_see_what_policies_are_told(market, ledger):
    """Own accounts by the same list, all that is public of rivals, beliefs and nothing else."""
    cx.register_policy(Onlooker)
    Onlooker.told.clear()
    scenario = market.game.scenario.override({"firms.House.policy": {"pricing": "Onlooker"}})
    cx.run(scenario.override({"periods": 3}), seed=1)
    known = Onlooker.told[-1]
    assert set(known.books) == {each.name for each in own_books(scenario)}
    assert set(PUBLIC) == set(Public.__dataclass_fields__)
    state = play(ledger, market, {})
    results = market.of(state)
    assert set(results.public.columns) == {"period", "firm", *PUBLIC}
    mine = team_view(state, results, "Otters")
    assert {row["name"] for row in mine["books"]} <= set(known.books)
    assert {row["touchpoint"] for row in mine["beliefs"]} == set(known.beliefs)


def test_no_hidden_number_is_in_what_a_team_is_sent(ledger, market):
    state = play(ledger, market, {"Otters": {"price": 17.0}, "Herons": {"customization": 0.4}})
    results = market.of(state)
    sent = json.dumps([public_view(state, results), team_view(state, results, "Otters")])
    everything = json.dumps(instructor_view(state, results))
    rival = state.seats["Herons"]
    last = results.firms[results.firms["firm"] == rival].iloc[-1]
    allowed = {each.name for each in own_books(state.game.scenario)}
    for name in ("cash", "revenue", "customer_equity", "cost_of_goods_sold"):
        number = shown(float(last[name]), "currency")
        assert number not in sent, name
    assert shown(float(last["cash"]), "currency") in everything
    assert str(state.seed) not in sent.replace('"', " ").split()
    hidden = {"fit_gap", "switching_cost", "perception_gap", "experience",
              "customer_lifetime_value_present", "expectation", "performance"}  # fmt: skip
    assert not hidden & allowed
    assert "customer_knowledge" in allowed  # what the firm knows of its own customers is its own
    assert not [name for name in hidden if f'"{name}"' in sent]


def test_what_is_no_number_is_a_dash_and_never_nan():
    assert shown(float("nan"), "share") == shown(None) == shown(float("inf")) == "–"
    assert shown(-0.05, "share") == "−5.0 %"
    assert shown(12.0, "currency per unit") == "12.00"


# ---------------------------------------------------------------- the debrief


@pytest.fixture(scope="module")
def played(tmp_path_factory, game, market):
    ledger = ledger_of(tmp_path_factory.mktemp("played"), game)
    play(ledger, market, {"Otters": {"price": 18.0}, "Herons": {"customization": 0.5}})
    return play(ledger, market, {"Otters": {"price": 17.0}})


def test_held_still_is_the_ledger_without_the_firms_decisions(played, market):
    firm = played.seats["Otters"]
    made = {(case.kind, case.firm): case.moves for case in cases(played, market.of(played))}
    assert made["still", firm] == {k: v for k, v in played.moves().items() if k[1] != firm}
    assert made["nobody", ""] == {}
    assert made["lower", firm][2, firm]["price"] == pytest.approx(0.95 * 17.0)


def test_a_copy_is_a_round_late_and_keeps_to_the_rules(played, market):
    firm = played.seats["Herons"]
    made = {(case.kind, case.firm): case.moves for case in cases(played, market.of(played))}
    copied = {key: value for key, value in made["copied", firm].items() if key[1] == firm}
    assert list(copied) == [(2, firm)]
    for name, field in played.game.fields.items():
        assert field.low <= copied[2, firm][name] <= field.high
        assert field.on_step(copied[2, firm][name])


def test_the_values_of_the_seed_played_are_those_of_the_game(played, market):
    values = seeded_values(played, market, played.seed)
    results = market.of(played)
    for firm in FIRMS:
        assert values["actual "][firm] == results.values("cumulative_profit")[firm][-1]
    assert len(values) == len(cases(played, results)) == 2 + 5 * len(FIRMS)


def test_differences_are_of_the_seed_played_and_intervals_of_other_seeds(played):
    mine, rival = (played.seats[team] for team in ("Otters", "Herons"))

    def values(actual, still):
        return {
            "actual ": {mine: actual, rival: 0.0},
            f"still {mine}": {mine: still, rival: 5.0},
            f"still {rival}": {mine: actual + 1.0, rival: 0.0},
            f"copied {rival}": {mine: actual, rival: 9.0},
            "nobody ": {mine: 0.0, rival: 0.0},
        }

    others = [values(10.0, 12.0), values(20.0, 26.0)]
    frame = effects(played, values(100.0, 90.0), others).set_index(["team", "case", "of"])
    row = frame.loc["Otters", "still", mine]
    assert (row["actual"], row["value"], row["difference"]) == (100.0, 90.0, -10.0)
    assert row["mean"] == 4.0
    assert row["luck"] == pytest.approx(50**0.5)
    assert row["upper"] - row["mean"] == pytest.approx(12.706 * 2.0, rel=1e-3)
    assert ("Otters", "copied", rival) not in frame.index
    assert frame.loc["Herons", "still", mine]["difference"] == 5.0
    assert effects(played, values(1.0, 2.0))["mean"].isna().all()


def test_the_debrief_shows_what_was_hidden(played, market):
    frames = debrief_frames(played, market)
    view = debrief_view(played, frames)
    assert {"Perception gap", "Switching cost"} <= {row["label"] for row in view["hidden"]}
    assert len(view["beliefs"]) == 2 * 2
    assert len(view["decisions"]) == 4
    assert [row["held"] for row in view["decisions"]].count(True) == 1
    assert "NaN" not in json.dumps(view, allow_nan=False)


# ---------------------------------------------------------------- the command line


def test_a_game_is_made_played_again_and_exported_on_the_command_line(
    tmp_path, market, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    rules = game_file(tmp_path)
    words = ["game", "new", str(rules), "a.db", "--team", "Otters", "--team", "Herons"]
    assert cxsim_command([*words, "--seed", "7"]) == 0
    assert "Otters runs" in capsys.readouterr().out
    assert cxsim_command(["game", "replay", "a.db"]) == 0
    assert "no round has been played" in capsys.readouterr().out
    play(Ledger("a.db"), market, {"Otters": {"price": 18.0}})
    assert cxsim_command(["game", "replay", "a.db"]) == 0
    assert "all 1 rounds come out as they did" in capsys.readouterr().out
    assert cxsim_command(["game", "export", "a.db", "out", "--seeds", "0"]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "counterfactuals.csv", "debrief-Herons.html", "debrief-Otters.html", "debrief.html",
        "decisions.csv", "events.json", "forecasts.csv", "results.csv", "scenario.yaml",
        "touchpoints.csv",
    }  # fmt: skip
    own = (tmp_path / "out" / "debrief-Otters.html").read_text(encoding="utf-8")
    assert own.index(">Otters") < own.index("The other teams") < own.rindex(">Herons")
    page = (tmp_path / "out" / "debrief.html").read_text(encoding="utf-8")
    assert "<style>" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_without_a_browser_that_prints_a_pdf_is_refused_in_one_line(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(GameError, match=r"^PDF: expected one of the browsers chromium, .* print"):
        print_pages([])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new", "frst_hour", "b.db"], "did you mean 'first_hour'?"),
        (["new", "small.yaml", "b.db", "--teams", "3"], "teams: expected 1 to 2"),
        (["new", "small.yaml", "b.db", "--teams", "2", "--team", "A"], "--teams or --team"),
        (["new", "small.yaml", "small.yaml"], "small.yaml: expected no file, found one"),
        (["serve", "none.db"], "none.db: expected the file of a game, found none"),
        (["replay", "small.yaml"], "small.yaml: expected the file of a game, found another one"),
    ],
)
def test_commands_refuse_in_one_line(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    game_file(tmp_path, TEXT)
    assert cxsim_command(["game", *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "b.db").exists()


# ---------------------------------------------------------------- the start of a server


def test_firms_have_the_colours_of_all_figures():
    looks = Looks(tuple("ABCDEFG"))
    colours = [looks.of(firm)["color"] for firm in "ABCDEFG"]
    assert sorted(colours) == sorted(set(OKABE_ITO.values()) - {OKABE_ITO["yellow"]})


def test_a_server_imports_nothing_that_draws_or_computes_before_it_listens():
    code = (
        "import sys, classroom.game.server\n"
        "print({'matplotlib', 'numba', 'pandas', 'scipy.special'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
