"""The market of an oTree session: a process of its own, asked over HTTP on this machine alone.

    ENGINE_TOKEN=... python examples/otree_market/engine.py ledgers

It runs in the environment of cxsim, because oTree pins libraries that JupyterLab cannot use.
Each market is the ledger of a classroom game: rules, checks, views and results are those of
``classroom.game``, and `cxsim game replay | export | grades` read the file. Every request may be
sent again: what has been done is not done twice.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from classroom.game import Game, Ledger, Market
from classroom.game.decision import check
from classroom.game.ledger import GameError
from classroom.game.market import Results, results_digest
from classroom.game.views import cash_of, public_view, team_view

GAME = os.environ.get("ENGINE_GAME", "first_hour")
PORT = int(os.environ.get("ENGINE_PORT", "8790"))
LARGEST = 65_536


class Engine:
    """Markets by name, each in a file of a folder.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._open: dict[str, tuple[Ledger, Market, Results | None]] = {}

    def begin(self, name: str, teams: list[str]) -> dict[str, Any]:
        """Make a market for these teams, unless there is one, and open its first round."""
        path = self._path(name)
        if not path.exists():
            Ledger.create(path, Game.load(GAME), teams).close()
        ledger, _, _ = self._of(name)
        if set(ledger.state.seats) != set(teams):
            raise GameError(f"{name}: expected the teams that it was made for, found others")
        if ledger.state.phase == "waiting":
            ledger.add("opened", deadline=None)
        return {"seats": dict(ledger.state.seats)}

    def view(self, name: str, team: str) -> dict[str, Any]:
        """Return what a team may see, and the values that it holds."""
        ledger, _, results = self._of(name)
        state = ledger.state
        if team not in state.seats:
            raise GameError(f"{name}: expected a team of this market, found {team!r}")
        known = results if state.played else None
        return {
            "round": state.round, "held": state.standing(state.played)[team],
            "mine": team_view(state, known, team), "public": public_view(state, known),
        }  # fmt: skip

    def check(self, name: str, team: str, decision: dict[str, Any]) -> dict[str, Any]:
        """Return what is wrong with a decision; nothing is kept."""
        ledger, _, results = self._of(name)
        state = ledger.state
        firm = state.seats[team]
        made = check(
            state.game, firm, decision, state.standing(state.played)[team],
            round_number=state.round, cash=cash_of(state, results, firm),
        )  # fmt: skip
        return {"problems": dict(made.problems)}

    def close(self, name: str, number: int, decisions: dict[str, Any]) -> dict[str, Any]:
        """Keep the decisions of a round, compute it, and open the next one.

        Teams that are not named hold their values.
        """
        ledger, market, results = self._of(name)
        state = ledger.state
        if state.phase == "open" and state.round == number:
            for team, given in decisions.items():
                firm = state.seats[team]
                made = check(
                    state.game, firm, given, state.standing(state.played)[team],
                    round_number=number, cash=cash_of(state, results, firm),
                )  # fmt: skip
                if made.problems:
                    raise GameError(f"{team}: {made.problems}")
                ledger.add(
                    "decided", round_number=number, team=team, by="team", values=dict(made.values),
                    reason=made.reason, forecast=made.forecast,
                )  # fmt: skip
            state = ledger.state
            results = market.results(state.moves(), number, seed=state.seed)
            digest = results_digest(state.game, results, number)
            state = ledger.add("closed", round_number=number, hash=digest)
            self._open[name] = ledger, market, results
        if state.phase == "closed" and not state.over:
            state = ledger.add("opened", deadline=None)
        return {"played": state.played}

    def _path(self, name: str) -> Path:
        if not re.fullmatch(r"[\w-]{1,60}", name, flags=re.ASCII):
            raise GameError(f"market: expected letters, digits, - and _, found {name!r}")
        return self.folder / f"{name}.db"

    def _of(self, name: str) -> tuple[Ledger, Market, Results | None]:
        if name not in self._open:
            ledger = Ledger(self._path(name))
            market = Market(ledger.state.game)
            self._open[name] = ledger, market, market.of(ledger.state)
        return self._open[name]


class Asked(BaseHTTPRequestHandler):
    """Answers POST /ACTION with a body of JSON, for whoever has the token."""

    engine: Engine
    token: str

    def do_POST(self) -> None:
        """Do what is asked for."""
        given = self.headers.get("Authorization", "")
        length = int(self.headers.get("Content-Length") or 0)
        if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            self._answer(403, {"error": "expected the token of the engine"})
            return
        actions = {each: getattr(self.engine, each) for each in ("begin", "view", "check", "close")}
        if self.path[1:] not in actions or length > LARGEST:
            self._answer(404, {"error": "expected begin, view, check or close"})
            return
        try:
            made = actions[self.path[1:]](**json.loads(self.rfile.read(length)))
        except (GameError, ValueError, TypeError, KeyError) as error:
            self._answer(422, {"error": str(error)})
            return
        self._answer(200, made)

    def _answer(self, status: int, made: dict[str, Any]) -> None:
        body = json.dumps(made, default=str).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing of single requests."""


def main() -> None:
    """Serve until Ctrl-C."""
    Asked.token = os.environ.get("ENGINE_TOKEN", "")
    if len(Asked.token) < 16:
        sys.exit("ENGINE_TOKEN: expected at least 16 characters, found fewer")
    Asked.engine = Engine(Path(sys.argv[1] if len(sys.argv) > 1 else "ledgers"))
    print(f"engine on 127.0.0.1:{PORT}, game {GAME}", flush=True)
    # One request at a time: a round takes tenths of a second, and a ledger has one writer.
    HTTPServer(("127.0.0.1", PORT), Asked).serve_forever()


if __name__ == "__main__":
    main()
