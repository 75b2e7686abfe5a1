"""The engine behind the oTree example: a market over HTTP, asked twice without harm."""

from __future__ import annotations

import importlib.util
import json
import threading
import urllib.error
import urllib.request
from http.server import HTTPServer
from pathlib import Path

import pytest
from games import game_file

EXAMPLE = Path(__file__).parents[2] / "examples" / "otree_market"
TEAMS = ["Herons", "Otters"]


@pytest.fixture
def module(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("otree_engine", EXAMPLE / "engine.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    monkeypatch.setattr(made, "GAME", str(game_file(tmp_path)))
    return made


@pytest.fixture
def engine(module, tmp_path):
    made = module.Engine(tmp_path / "ledgers")
    made.begin("s-1", TEAMS)
    return made


def test_a_round_is_closed_once_and_who_is_not_named_holds(engine, module, tmp_path):
    given = {"Otters": {"price": 18.0, "reason": "cheap", "forecast": 40}}
    for _ in range(2):
        assert engine.close("s-1", 1, given) == {"played": 1}
        engine.begin("s-1", TEAMS)
    again = module.Engine(tmp_path / "ledgers")
    (otters,), (herons,) = (again.view("s-1", team)["mine"]["history"] for team in TEAMS[::-1])
    assert (otters["reason"], otters["held"], herons["held"]) == ("cheap", False, True)
    assert again.view("s-1", "Otters")["held"]["price"] == 18.0


def test_a_decision_is_refused_in_the_words_of_the_game(engine):
    (problem,) = engine.check("s-1", "Otters", {"price": 99})["problems"].values()
    assert problem == "expected a number from 15 to 25, found 99"


def test_without_the_token_nothing_is_answered(engine, module, tmp_path):
    # A ledger belongs to the thread that reads it.
    module.Asked.engine = module.Engine(tmp_path / "ledgers")
    module.Asked.token = "0123456789abcdef"
    server = HTTPServer(("127.0.0.1", 0), module.Asked)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def ask(token, action="view", **given):
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.server_port}/{action}", json.dumps(given).encode(),
            {"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    try:
        assert ask("wrong", name="s-1", team="Otters")[0] == 403
        assert ask("0123456789abcdef", name="s-1", team="Otters")[1]["round"] == 1
        assert ask("0123456789abcdef", name="../s", team="Otters") == (
            422, {"error": "market: expected letters, digits, - and _, found '../s'"}
        )  # fmt: skip
        assert ask("0123456789abcdef", "replay", name="s-1")[0] == 404
    finally:
        server.shutdown()
        server.server_close()
