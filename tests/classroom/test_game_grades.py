"""A market played in class, afterwards: grades, exams, and experiments with treatments."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from games import FIRMS, game_file, ledger_of, play

import cxsim as cx
from classroom.game import Game, Ledger, Market
from classroom.game.debrief import seeded_values
from classroom.game.exam import (
    exam_record,
    exam_seed,
    read_record,
    record_digest,
    team_of_exam,
    verified,
)
from classroom.game.experiment import assigned, create_experiment, experiment_frames
from classroom.game.grading import forecast_score, gain_score, grades, read_scores
from classroom.game.ledger import GameError
from classroom.game.market import results_digest
from cxsim.cli.app import run as cxsim_command


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    return Game.load(game_file(tmp_path_factory.mktemp("grades")))


@pytest.fixture(scope="module")
def market(game):
    raw, _ = game.seated(["Otters", "Herons"], 7)
    return Market(Game.from_mapping(raw))


# ---------------------------------------------------------------- grades


def test_the_benchmark_earns_half_the_marks_and_a_full_gain_all_of_them():
    assert gain_score(100.0, 100.0, 0.2) == 0.5
    assert gain_score(120.0, 100.0, 0.2) == pytest.approx(1.0)
    assert gain_score(110.0, 100.0, 0.2) == pytest.approx(0.75)
    assert gain_score(-110.0, -100.0, 0.2) == pytest.approx(0.25)
    assert gain_score(0.0, 100.0, 0.2) == 0.0
    assert math.isnan(gain_score(5.0, 0.0, 0.2))


def test_a_forecast_as_good_as_the_naive_one_earns_half_the_marks():
    assert forecast_score(0.0, 0.1) == 1.0
    assert forecast_score(0.1, 0.1) == 0.5
    assert forecast_score(0.3, 0.1) == pytest.approx(0.25)
    assert forecast_score(0.0, 0.0) == 1.0
    assert math.isnan(forecast_score(math.nan, 0.1))


def graded_game(folder, game, market):
    """Two rounds: the Otters decide and forecast, one member each; the Herons do neither."""
    ledger = ledger_of(folder, game, members={"Otters": ["Ada", "Bo"]})
    for number, member in ((1, "Ada"), (2, "Bo")):
        state = ledger.add("opened", deadline=None)
        values = {**state.standing(number - 1)["Otters"], "price": 19.0 - number}
        state = ledger.add(
            "decided", team="Otters", by="team", values=values, reason=f"round {number}",
            forecast=0.5, forecast_profit=1000.0, member=member,
        )  # fmt: skip
        results = market.results(state.moves(), number, seed=state.seed)
        ledger.add("closed", hash=results_digest(state.game, results, number))
    return ledger


@pytest.fixture(scope="module")
def scored(tmp_path_factory, game):
    """The state of a game whose Otters are Ada and Bo."""
    return ledger_of(tmp_path_factory.mktemp("s"), game, members={"Otters": ["Ada", "Bo"]}).state


def test_grades_compare_with_the_same_seat_over_other_seeds(tmp_path, game, market):
    state = graded_game(tmp_path, game, market).state
    mine, rival = (state.seats[team] for team in ("Otters", "Herons"))

    def values(actual, still, policy):
        return {
            "actual ": {mine: actual, rival: 50.0}, f"still {mine}": {mine: still},
            f"policy {mine}": {mine: policy}, f"still {rival}": {rival: 50.0},
            f"policy {rival}": {rival: 40.0},
        }  # fmt: skip

    others = [values(110.0, 100.0, 110.0), values(130.0, 100.0, 130.0)]
    results = market.of(state)
    frame = grades(state, results, others)
    assert list(frame["member"]) == ["", "Ada", "Bo", ""]
    whole = frame.iloc[0]
    assert (whole["own"], whole["held_still"], whole["policy"]) == (120.0, 100.0, 120.0)
    assert whole["gain_held_still"] == 20.0
    assert whole["gain_held_still_upper"] - 20.0 == pytest.approx(12.706 * 10.0, rel=1e-3)
    assert (whole["score_held_still"], whole["score_policy"]) == (pytest.approx(1.0), 0.5)
    assert whole["result_score"] == pytest.approx(0.75)
    share = [results.values("market_share")[mine][k : k + 2].mean() for k in (0, 2)]
    profit = [results.values("profit")[mine][k : k + 2].sum() for k in (0, 2)]
    assert whole["share_error"] == pytest.approx(abs(0.5 - share[1]))
    assert whole["profit_naive"] == pytest.approx(abs(profit[0] - profit[1]))
    assert whole["points_possible"] == pytest.approx(0.5)
    assert whole["points"] == pytest.approx(0.3 * 0.75 + 0.2 * whole["forecast_score"])
    assert (whole["reasons"], whole["missing"]) == (2, "reasons: to be read")
    assert frame["reasons_score"].isna().all()
    ada = frame.iloc[1]
    assert (ada["decided"], ada["reason_texts"], ada["points"]) == (
        1, "1: round 1", whole["points"],
    )  # fmt: skip
    herons = frame.iloc[3]
    assert (herons["held"], herons["score_held_still"]) == (2, 0.5)
    assert herons["missing"].startswith("forecasts: none from round 2 on")


def test_what_is_not_known_of_a_grade_is_blank_and_named(tmp_path, game, market):
    state = graded_game(tmp_path, game, market).state
    frame = grades(state, market.of(state), [])
    assert frame["result_score"].isna().all()
    assert frame["missing"].str.contains("result: no other seeds").all()
    assert frame["points"][3] == frame["points_possible"][3] == 0.0


SCORES = 'team,member,score\nOtters,,80\nOtters,Bo,"62,5"\n'


def test_scores_of_reasons_count_with_their_weight(tmp_path, game, market):
    state = graded_game(tmp_path, game, market).state
    (tmp_path / "scores.csv").write_text(SCORES)
    scores = read_scores(tmp_path / "scores.csv", state)
    assert scores == {("Otters", ""): 0.8, ("Otters", "Bo"): 0.625}
    before, frame = (grades(state, market.of(state), [], given) for given in (None, scores))
    assert frame["reasons_score"].tolist()[:3] == [0.8, 0.8, 0.625]
    gained = frame["points"] - before["points"]
    assert gained.tolist() == pytest.approx([0.5 * 0.8, 0.5 * 0.8, 0.5 * 0.625, 0.0])
    possible = frame["points_possible"] - before["points_possible"]
    assert possible.tolist() == pytest.approx([0.5, 0.5, 0.5, 0.0])
    assert frame["missing"].tolist()[0] == "result: no other seeds"
    assert frame["missing"].tolist()[3].endswith("reasons: to be read")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ": expected columns team, member, score, found none"),
        ("team,points\n", ":1: expected columns team, member, score, found 'points'"),
        ("team,score,score\n", ":1: expected columns team, member, score, found 'score' twice"),
        ("member,score\n", ":1: team: expected a column of this name, found none"),
        ("team,score\nOtter,5\n",
         ":2: team: expected a team, found 'Otter' (did you mean 'Otters'?)"),
        ("team,member,score\n\nOtters,Adda,5\n",
         ":3: member: expected a member of Otters, found 'Adda' (did you mean 'Ada'?)"),
        ("team,score\nOtters,101\n", ":2: score: expected a number from 0 to 100, found '101'"),
        ("team,score\nOtters,\n", ":2: score: expected a number from 0 to 100, found ''"),
        ("team,score\nOtters,nan\n", ":2: score: expected a number from 0 to 100, found 'nan'"),
        ("team,score\nOtters,5,6\n", ":2: expected 2 cells, found 3"),
        ("team,score\nOtters,5\nOtters,6\n",
         ":3: expected one score for Otters, found another one"),
    ],
)  # fmt: skip
def test_a_wrong_table_of_scores_is_refused_with_its_line_and_column(tmp_path, scored, text, said):
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(GameError) as refused:
        read_scores(path, scored)
    assert str(refused.value) == f"{path}{said}"


def test_a_policy_in_a_teams_seat_plays_without_the_teams_decisions(tmp_path, game, market):
    state = play(ledger_of(tmp_path, game), market, {"Otters": {"price": 15.0}})
    firm = state.seats["Otters"]
    values = seeded_values(state, market, 3)
    alone = market.game.scenario.override(
        {"periods": 2, f"firms.{firm}.policy": {"pricing": "adaptive"}}
    )
    profit = cx.run(alone, seed=3).firms.query("firm == @firm")["cumulative_profit"].iloc[-1]
    assert values[f"policy {firm}"][firm] == profit


# ---------------------------------------------------------------- exams


def exam_of(folder, game, number, price=18.0):
    """An exam in which one price is kept for all rounds."""
    ledger = Ledger.create(
        folder / f"{number}.db", game, [team_of_exam(number)], seed=exam_seed(number),
        practice=True, exam=number,
    )  # fmt: skip
    state = ledger.state
    market, (team,) = Market(state.game), tuple(state.seats)
    for _ in range(game.rounds):
        play(ledger, market, {team: {"price": price}})
    return ledger


def sealed(path, record):
    rest = {key: value for key, value in record.items() if key != "sha256"}
    path.write_text(json.dumps({"sha256": record_digest(rest), **rest}), encoding="utf-8")
    return path


def test_an_exam_is_verified_by_replay_and_a_changed_record_is_not(tmp_path, game, capsys):
    assert exam_seed("1042") == exam_seed("1042") != exam_seed("1043")
    with pytest.raises(ValueError, match="exam: expected a number of 1 to 30 letters"):
        exam_seed("../x")
    record = exam_record(exam_of(tmp_path, game, "1042"))
    path = sealed(tmp_path / "1042.json", record)
    rules = str(game_file(tmp_path))
    assert cxsim_command(["game", "verify", rules, str(path)]) == 0
    assert "1042, verified, cumulative_profit" in capsys.readouterr().out
    state, problems = verified(read_record(path), game)
    assert (problems, state.over) == ([], True)

    path.write_text(path.read_text(encoding="utf-8").replace("18.0", "17.0"), encoding="utf-8")
    with pytest.raises(ValueError, match="expected a record as it was written, found a changed"):
        read_record(path)
    cheat = json.loads(json.dumps(record))
    decided = [event for event in cheat["events"] if event["kind"] == "decided"]
    decided[1]["body"]["values"]["price"] = 14.0
    _, problems = verified(read_record(sealed(path, cheat)), game)
    assert "round 2: price: expected a number from 15 to 25, found 14" in problems
    assert "round 2: its results are not those of the decisions" in problems
    other = {**record, "exam": "7"}
    _, problems = verified(read_record(sealed(path, other)), game)
    assert len(problems) == 3, "the market of another number has other results in every round"
    other = {**record, "game": "0" * 64}
    state, problems = verified(read_record(sealed(path, other)), game)
    assert (state, len(problems)) == (None, 1)


def test_an_exam_that_is_not_over_has_no_record(tmp_path, game):
    ledger = Ledger.create(tmp_path / "e.db", game, ["S"], seed=1, practice=True, exam="1")
    with pytest.raises(ValueError, match="expected all 3 rounds played, found 0"):
        exam_record(ledger)
    with pytest.raises(ValueError, match="expected an exam, found another game"):
        exam_record(ledger_of(tmp_path, game))


# ---------------------------------------------------------------- experiments


def test_teams_are_assigned_at_random_and_evenly():
    teams = [f"T{k}" for k in range(11)]
    plan = assigned(teams, {"a": 2, "b": 2}, 5)
    assert plan == assigned(teams, {"a": 2, "b": 2}, 5)
    assert plan != assigned(teams, {"a": 2, "b": 2}, 6)
    assert sorted(team for seated in plan.values() for team in seated) == sorted(teams)
    sizes = {len(seated) for seated in plan.values()}
    assert sizes <= {1, 2}
    counts = np.zeros(2)
    for seed in range(400):
        counts += ["T0" in assigned(teams[:2], {"a": 2, "b": 2}, seed)[name, 1] for name in "ab"]
    assert abs(counts[0] - 200) < 40, "either treatment as often, four standard deviations"
    for given, treatments, said in (
        (teams, {"a": 2}, "treatments: expected at least two, found 1"),
        (["T"], {"a": 2, "b": 2}, "teams: expected at least 2"),
    ):
        with pytest.raises(ValueError, match=said):
            assigned(given, treatments, 1)


def test_an_experiment_has_a_market_for_each_treatment_and_block(tmp_path, game, market):
    games = {"plain": game, "again": game}
    ledgers = create_experiment(tmp_path / "lab", games, ["A", "B", "C", "D"], seed=3)
    assert set(ledgers) == {"plain_1", "again_1"}
    states = {name: ledger.state for name, ledger in ledgers.items()}
    assert states["plain_1"].seed == states["again_1"].seed, "a block shares its market"
    assert states["plain_1"].treatment["assignment"] == states["again_1"].treatment["assignment"]
    assert set(states["plain_1"].treatment["assignment"]) == {"A", "B", "C", "D"}
    for ledger in ledgers.values():
        play(ledger, Market(ledger.state.game), {})
    frames = experiment_frames(ledgers)
    table = frames["decisions"]
    assert list(table.columns[:5]) == ["game", "treatment", "block", "round", "team"]
    assert len(table) == 4
    assert set(table["team"]) == {"A", "B", "C", "D"}
    profit = frames["results"].pivot(index=["period", "firm"], columns="game", values="profit")
    pd.testing.assert_series_equal(profit["plain_1"], profit["again_1"], check_names=False)
    with pytest.raises(ValueError, match="expected no file, found one"):
        create_experiment(tmp_path / "lab", games, ["A", "B"], seed=3)


# ---------------------------------------------------------------- the command line


def test_grades_members_and_experiments_on_the_command_line(tmp_path, market, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rules = str(game_file(tmp_path))
    (tmp_path / "class.csv").write_text("team,member\nOtters,Ada\nHerons,Bo\n", encoding="utf-8")
    words = ["game", "new", rules, "a.db", "--members", "class.csv", "--seed", "7"]
    assert cxsim_command(words) == 0
    ledger = Ledger("a.db")
    assert ledger.state.listed == {"Otters": ("Ada",), "Herons": ("Bo",)}
    assert cxsim_command(["game", "grades", "a.db"]) == 2
    assert "expected a round that is closed, found none" in capsys.readouterr().err
    play(ledger, market, {"Otters": {"price": 18.0}})
    assert cxsim_command(["game", "grades", "a.db", "-o", "g.json", "--seeds", "0"]) == 0
    rows = json.loads((tmp_path / "g.json").read_text(encoding="utf-8"))
    assert [row["member"] for row in rows] == ["", "Ada", "", "Bo"]
    assert rows[0]["result_score"] is None
    assert cxsim_command(["game", "grades", "a.db", "-o", "g.txt"]) == 2
    assert cxsim_command(["game", "grades", "a.db", "--scores", "no.csv", "--seeds", "0"]) == 2
    assert "no.csv: expected a table (CSV, UTF-8), found No such file" in capsys.readouterr().err
    assert cxsim_command(["game", "export", "a.db", "out", "--seeds", "0"]) == 0
    run = cx.run(str(tmp_path / "out" / "scenario.yaml"), seed=7)
    state = ledger.state
    for firm in FIRMS:
        own = run.firms.query("firm == @firm")["profit"].to_numpy()
        np.testing.assert_array_equal(own, market.of(state).values("profit")[firm])
    (tmp_path / "other.yaml").write_text(
        (tmp_path / "small.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    words = ["game", "experiment", "lab", "small.yaml", "other.yaml", "--teams", "3"]
    assert cxsim_command(words) == 0
    assert cxsim_command(["game", "export", "lab", "tables"]) == 0
    assert "games.csv" in {path.name for path in (tmp_path / "tables").iterdir()}
