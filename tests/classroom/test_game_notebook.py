"""The notebook of a debrief: a ledger goes in, everything that can be said of it comes out."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest
from games import ledger_of

from classroom.game import Market
from classroom.game.debrief import cases, debrief_frames, worth_of_decisions
from classroom.game.example import example_ledger
from classroom.game.ledger import GameError
from classroom.game.notebook import Debrief
from cxsim.report.notebooks import shipped_notebooks


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    ledger = example_ledger(tmp_path_factory.mktemp("example") / "class.db", customers=200)
    ledger.close()
    return ledger.path


@pytest.fixture(scope="module")
def game(played):
    return Debrief(played, 0)


def test_decisions_are_worth_what_holding_still_would_not_have_earned(game):
    market, state = Market(game.state.game), game.state
    results = market.of(state)
    earned = results.values("cumulative_profit")
    still = {each.firm: each for each in cases(state, results) if each.kind == "still"}
    beside = game.worth[game.worth["scenario"] == "holding still"].set_index("firm")
    for team, firm in list(state.seats.items())[:2]:
        other = market.results(still[firm].moves, state.played, seed=state.seed)
        gain = earned[firm][-1] - other.values("cumulative_profit")[firm][-1]
        assert beside.loc[team, "difference"] == gain
    assert beside.loc["Otters", "difference"] == 0.0, "a team that held still"


def test_an_interval_turns_its_ends_with_the_sign(game):
    """What holding still would have added is what decisions were not worth."""
    still = pd.DataFrame(
        {"team": ["A"], "firm": ["F"], "case": ["still"], "of": ["F"], "difference": [5.0],
         "mean": [2.0], "lower": [-1.0], "upper": [5.0], "seeds": [3]}
    )  # fmt: skip
    frames = {"counterfactuals": still, "results": pd.DataFrame()}
    table = worth_of_decisions(game.state, frames)
    assert table[["difference", "lower", "upper"]].to_numpy().tolist() == [[-2.0, -5.0, 1.0]]


def test_one_market_is_not_called_evidence(game):
    assert "One market holds luck" in game.headline()


def test_a_game_without_a_closed_round_has_no_debrief(tmp_path):
    ledger = ledger_of(tmp_path)
    with pytest.raises(GameError, match="expected a round that is closed, found none"):
        Debrief(ledger.path, 0)


@pytest.mark.slow
def test_the_notebook_writes_all_by_plain_papermill(played, tmp_path):
    notebook = shipped_notebooks()["debrief"]
    assert len(json.loads(notebook.read_text("utf-8"))["cells"]) <= 12
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(notebook), "out.ipynb", "-k", "python3",
         "-p", "ledger", str(played), "-p", "seeds", "2", "-p", "output", "kept"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = {path.name for path in (tmp_path / "kept" / "game").iterdir()}
    assert {"decisions.csv", "results.csv", "counterfactuals.csv", "forecasts.csv", "grades.csv",
            "events.json", "scenario.yaml", "debrief.html"} <= written  # fmt: skip
    summary = json.loads((tmp_path / "kept" / "summary.json").read_text("utf-8"))
    assert summary["replayed"] == {str(number): True for number in range(1, 5)}
    game = Debrief(played, 2)
    assert summary["headline"] == game.headline()
    kept = pd.read_csv(tmp_path / "kept" / "game" / "counterfactuals.csv")
    again = debrief_frames(game.state, Market(game.state.game), game._others)["counterfactuals"]
    assert kept["mean"].tolist() == pytest.approx(again["mean"].tolist())
