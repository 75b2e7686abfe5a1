"""The server of a classroom game, over real sockets: links, rounds, refusals, and what it sends."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import pytest
from games import game_file, ledger_of
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from classroom.game import Game, Ledger, Market
from classroom.game.ledger import GameError
from classroom.game.server import GameServer, RunningGame, Server, make_application
from classroom.game.views import shown

#: Seconds until a test gives up waiting.
PATIENCE = 30.0


class Browser:
    """A client that keeps cookies by path, as a browser does."""

    def __init__(self, base):
        self.base, self.cookies, self.texts = base, {}, []

    def _cookie(self, path):
        kept = [f"{name}={value}" for (at, name), value in self.cookies.items()
                if path.startswith(at)]  # fmt: skip
        return {"Cookie": "; ".join(kept)} if kept else {}

    async def ask(self, path, *, form=None, headers=None):
        """Return status and text, following no redirect."""
        headers = {**self._cookie(path), **(headers or {})}
        body = None if form is None else urlencode(form)
        request = HTTPRequest(
            self.base + path, method="GET" if form is None else "POST", body=body,
            headers=headers, follow_redirects=False, request_timeout=PATIENCE,
        )  # fmt: skip
        answer = await AsyncHTTPClient(force_instance=True).fetch(request, raise_error=False)
        for line in answer.headers.get_list("Set-Cookie"):
            name, value = line.split(";")[0].split("=", 1)
            (at,) = re.findall(r"[Pp]ath=([^;]+)", line)
            self.cookies[at, name] = value
        text = answer.body.decode()
        self.texts.append(text)
        where = answer.headers.get("Location")
        if where and where.startswith("/") and answer.code in (302, 303):
            return await self.ask(where)
        return answer.code, text

    async def send(self, path, form, **more):
        """Send a form as the page would, with the token that the page holds."""
        page = path.rsplit("/", 1)[0] + "/"
        _, text = await self.ask(page)
        token = re.search(r'name="_xsrf" value="([^"]+)"', text)
        seen = re.search(r'name="seen" value="([^"]+)"', text)
        form = {"_xsrf": token[1] if token else "", **form}
        if seen and "seen" not in form:
            form["seen"] = seen[1]
        return await self.ask(path, form=form, **more)

    async def socket(self, path):
        """Return an open socket of a page."""
        request = HTTPRequest(
            self.base.replace("http", "ws") + path,
            headers={**self._cookie(path), "Origin": self.base},
        )
        return await websocket_connect(request)


async def hear(socket, kind):
    """Return the next message of a kind."""
    async with asyncio.timeout(PATIENCE):
        while True:
            message = json.loads(await socket.read_message())
            if message["kind"] == kind:
                return message


@asynccontextmanager
async def serving(ledger, seeds=0):
    """Serve a game; yield the server, and browsers of the instructor and of both teams."""
    server = GameServer(ledger, seeds=seeds)
    base = f"http://127.0.0.1:{await server.start(0)}"
    try:
        browsers = {}
        for name, link in server.links(base).items():
            browsers[name] = Browser(base)
            status, _ = await browsers[name].ask(link.removeprefix(base))
            assert status == 200
        yield server, browsers
    finally:
        await server.stop()


def number_of(server, team):
    return server.teams.index(team) + 1


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    return Game.load(game_file(tmp_path_factory.mktemp("game")))


def test_two_teams_play_a_round_and_go_on_after_the_server_was_gone(tmp_path, game):
    async def play():
        ledger = ledger_of(tmp_path, game)
        async with serving(ledger) as (server, browsers):
            instructor, otters, herons = (
                browsers[name] for name in ("instructor", "Otters", "Herons")
            )
            pages = [
                await browser.socket(f"/team/{number_of(server, team)}/socket")
                for team, browser in (("Otters", otters), ("Herons", herons))
                for _ in range(5)
            ]
            status, text = await instructor.send("/instructor/act", {"action": "open"})
            assert (status, "Round 1 of 3 is open" in text) == (200, True)
            for page in pages:
                await hear(page, "changed")
            one = f"/team/{number_of(server, 'Otters')}"
            form = {"round": 1, "price": "18", "reason": "cheap", "forecast": "40"}
            status, text = await otters.send(f"{one}/decide", form)
            assert (status, "Stored at" in text) == (200, True)
            assert "1 of 2 teams have decided" in (await hear(pages[-1], "stage"))["text"]
            status, text = await instructor.send("/instructor/act", {"action": "close"})
            assert (status, "Round 1 of 3 is closed" in text) == (200, True)
            for page in pages:
                await hear(page, "changed")
            _, text = await herons.ask(f"/team/{number_of(server, 'Herons')}/")
            assert "Your accounts" in text
            assert '<span class="unit">held</span>' in text
            await instructor.send("/instructor/act", {"action": "open"})
            await otters.send(f"{one}/decide", {"round": 2, "price": "17"})
            kept = dict(otters.cookies)
        ledger.close()
        again = Ledger(ledger.path)  # as after a killed server: the same links and cookies hold
        held, compute = threading.Event(), Market.of
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Market, "of", lambda *args: held.wait(PATIENCE) and compute(*args))
            async with serving(again) as (server, _):
                otters = Browser(f"http://127.0.0.1:{server.port}")
                otters.cookies = kept
                _, text = await otters.ask(f"{one}/")
                assert "Earlier results are being computed again." in text
                assert 'value="17"' in text
                assert "Your accounts" not in text
                page = await otters.socket(f"{one}/socket")
                with pytest.raises(GameError, match="Your cash is still being computed"):
                    server.decide("Otters", 2, {"price": "18"})
                sent = asyncio.create_task(
                    otters.send(f"{one}/decide", {"round": 2, "price": "16"})
                )
                held.set()
                await hear(page, "changed")
                status, text = await sent
                assert (status, "Stored at" in text, "Your accounts" in text) == (200, True, True)
                assert "computed again" not in text
                await otters.send(f"{one}/decide", {"round": 2, "price": "17"})
        again.close()
        again = Ledger(ledger.path)
        async with serving(again) as (server, _):
            otters = Browser(f"http://127.0.0.1:{server.port}")
            otters.cookies = kept
            _, text = await otters.ask(f"{one}/")
            assert "Round 2 of 3 is open. 1 of 2 teams have decided." in text
            assert 'value="17"' in text
        again.close()

    asyncio.run(play())


def test_a_draft_is_shared_within_the_team_with_its_cost_and_its_problems(tmp_path, game):
    async def play():
        async with serving(ledger_of(tmp_path, game)) as (server, browsers):
            server.open()
            path = f"/team/{number_of(server, 'Otters')}/socket"
            one, other = [await browsers["Otters"].socket(path) for _ in range(2)]
            rival = await browsers["Herons"].socket(f"/team/{number_of(server, 'Herons')}/socket")
            values = {"price": "18", "customization": "0.9", "cash": "1"}
            await one.write_message(json.dumps({"kind": "draft", "page": "a", "values": values}))
            told = await hear(other, "draft")
            assert told["values"] == {"price": "18", "customization": "0.9"}
            assert told["problems"]["customization"].startswith("expected a number from 0 to 0.5")
            assert told["budget"]["text"].endswith("of 50,000 EUR")
            _, text = await browsers["Otters"].ask(path.removesuffix("socket"))
            assert 'value="0.9"' in text, "a page opened now shows the draft"
            server.changed()
            assert (await hear(rival, "changed"))["number"] == 2
            for _ in range(40):
                await one.write_message("{}")
            assert await asyncio.wait_for(one.read_message(), PATIENCE) is not None
            while (await asyncio.wait_for(one.read_message(), PATIENCE)) is not None:
                pass
            assert one.close_code == 1008, "who sends too fast is cut off"
            assert (1, "Otters") not in server.ledger.state.decisions

    asyncio.run(play())


def test_what_is_refused(tmp_path, game):
    async def play():
        async with serving(ledger_of(tmp_path, game)) as (server, browsers):
            server.open()
            otters, base = browsers["Otters"], browsers["Otters"].base
            mine = f"/team/{number_of(server, 'Otters')}"
            theirs = f"/team/{number_of(server, 'Herons')}"
            stranger = Browser(base)
            assert (await stranger.ask("/join/" + "x" * 22))[0] == 403
            for path in (f"{theirs}/", "/instructor/", f"{mine}/debrief"):
                assert (await otters.ask(path))[0] == 403, path
            assert (await stranger.ask(f"{mine}/"))[0] == 403
            assert (await stranger.ask("/team/99/"))[0] == 403
            assert (await stranger.ask("/static/server.py"))[0] == 404
            for socket in (f"{mine}/socket", "/instructor/socket"):
                with pytest.raises(HTTPClientError, match="403"):
                    await stranger.socket(socket)
            foreign = {"Origin": "http://example.org"}
            with pytest.raises(HTTPClientError, match="403"):
                await websocket_connect(
                    HTTPRequest(base.replace("http", "ws") + "/screen/socket", headers=foreign)
                )
            form = {"round": 1, "price": "18"}
            assert (await otters.send(f"{mine}/decide", form, headers=foreign))[0] == 403
            assert (await otters.ask(f"{mine}/decide", form=form))[0] == 403, "no token"
            long = {**form, "reason": "x" * 20_000}
            assert (await otters.send(f"{mine}/decide", long))[0] in (400, 413, 599)
            status, text = await otters.send(f"{mine}/decide", {"round": 1, "price": "99"})
            assert status == 422
            assert "expected a number from 15 to 25, found 99" in text
            assert 'aria-invalid="true"' in text
            status, text = await otters.send(f"{mine}/decide", {"round": 1, "rival": "1"})
            assert (status, "expected a field of this game" in text) == (422, True)
            status, text = await otters.send(f"{mine}/decide", {"round": 2, "price": "18"})
            assert status == 409
            assert "came too late and was not counted" in text
            assert server.ledger.state.decisions == {}
            status, text = await browsers["instructor"].send(
                "/instructor/act", {"action": "close", "seen": "0 waiting"}
            )
            assert (status, "nothing was done" in text) == (409, True)
            headers = (await AsyncHTTPClient(force_instance=True).fetch(base + "/screen/")).headers
            assert headers["Cache-Control"] == "no-store"
            assert "default-src 'none'" in headers["Content-Security-Policy"]

    asyncio.run(play())


def test_nothing_that_a_team_is_sent_holds_the_seed_or_a_rivals_accounts(tmp_path, game):
    async def play():
        ledger = ledger_of(tmp_path, game, seed=918_273_645)
        async with serving(ledger) as (server, browsers):
            mine = f"/team/{number_of(server, 'Otters')}"
            for number in (1, 2):
                server.open()
                await browsers["Otters"].send(f"{mine}/decide", {"round": number, "price": "17"})
                await server.close("instructor")
            await browsers["Otters"].ask(f"{mine}/")
            await browsers["Otters"].ask("/screen/")
            sent = "\n".join(browsers["Otters"].texts)
            assert "918273645" not in sent.replace(",", "")
            results = server.results
            hidden = [
                shown(float(results.values(name)[firm][-1]), "currency")
                for firm in (server.ledger.state.seats["Herons"], "House")
                for name in ("cash", "revenue", "customer_equity", "cost_of_goods_sold")
            ]
            assert [text for text in hidden if text in sent] == []
            token = ledger.token("team Herons")
            assert token not in sent
            _, whole = await browsers["instructor"].ask("/instructor/")
            assert hidden[0] in whole, "the instructor sees what teams do not"

    asyncio.run(play())


def test_a_round_closes_at_its_end_and_a_failing_run_leaves_it_open(tmp_path, game):
    async def play():
        async with serving(ledger_of(tmp_path, game)) as (server, browsers):
            server.open()
            screen = await browsers["Otters"].socket("/screen/socket")
            right = server.market.results
            server.market.results = lambda *_, **__: 1 / 0
            server.ledger.add("extended", deadline=time.time() - 1.0)
            await hear(screen, "changed")
            while server.ledger.state.deadline is not None:
                await asyncio.sleep(0.02)
            assert server.ledger.state.phase == "open"
            _, text = await browsers["instructor"].ask("/instructor/")
            assert "Round 1 stays open: division by zero" in text
            server.market.results = right
            server.ledger.add("extended", deadline=time.time() - 1.0)
            while server.ledger.state.phase == "open":
                await asyncio.sleep(0.02)
            closed = server.ledger.events[-1]
            assert (closed.kind, closed.by) == ("closed", "clock")
            server.open()
            first, second = server.close("instructor"), server.close("team")
            await asyncio.gather(first, second)
            kinds = [event.kind for event in server.ledger.events]
            assert kinds.count("closed") == 2, "two who close at once close once"
            with pytest.raises(GameError, match="close: expected an open round"):
                server.close("instructor")

    asyncio.run(play())


def test_in_practice_one_player_needs_nobody_else(tmp_path, game):
    async def play():
        ledger = Ledger.create(tmp_path / "p.db", game, ["You"], seed=3, practice=True)
        async with serving(ledger) as (server, browsers):
            assert server.ledger.state.phase == "open"
            for number in (1, 2, 3):
                await browsers["You"].send("/team/1/decide", {"round": number, "price": "19"})
                while server.closing:
                    await asyncio.sleep(0.02)
            assert server.ledger.state.phase == "revealed"
            async with asyncio.timeout(PATIENCE):
                while server.told is None:
                    await asyncio.sleep(0.05)
            _, text = await browsers["You"].ask("/team/1/debrief")
            assert "had you held still" in text

    asyncio.run(play())


def test_members_found_a_firm_and_see_who_drafted_what(tmp_path):
    rules = game_file(tmp_path, change=("news:", "founding: {}\nnews:"))

    async def play():
        ledger = ledger_of(tmp_path, Game.load(rules), members={"Otters": ["Ada"]})
        async with serving(ledger) as (server, browsers):
            mine = f"/team/{number_of(server, 'Otters')}"
            ada, bo = browsers["Otters, Ada"], browsers["Otters"]
            _, text = await ada.ask(f"{mine}/")
            assert "You are Ada." in text
            status, text = await bo.send(f"{mine}/name", {"member": "ada"})
            assert (status, "expected one without a link of its own" in text) == (422, True)
            status, text = await bo.send(f"{mine}/name", {"member": "Bo & Co"})
            assert "In this team: Ada, Bo &amp; Co." in text
            status, text = await bo.send(f"{mine}/found", {"name": "house", "strategy": "Cheap."})
            assert (status, "that no other firm has" in text) == (422, True)
            status, text = await bo.send(f"{mine}/found", {"name": "Zephyr", "strategy": "Cheap."})
            assert (status, "Stored by Bo &amp; Co" in text) == (200, True)
            _, text = await browsers["Herons"].ask("/screen/")
            assert "1 of 2 teams have done so" in text
            assert "Zephyr" in text
            assert "Cheap." not in text, "strategies are for the team and the instructor"
            server.open()
            status, text = await bo.send(f"{mine}/found", {"name": "Late"})
            assert (status, "the founding came too late" in text) == (409, True)
            page = await ada.socket(f"{mine}/socket")
            await page.write_message(json.dumps({"kind": "draft", "values": {"price": "18"}}))
            assert (await hear(page, "draft"))["by"] == {"price": "Ada"}
            _, text = await bo.ask(f"{mine}/")
            assert "Draft of Ada" in text, "whoever comes late sees the draft at once"
            _, text = await ada.send(f"{mine}/decide", {"round": 1, "price": "18"})
            assert re.search("Stored at .* UTC by Ada", text)
            assert ledger.state.decisions[1, "Otters"].member == "Ada"
            _, text = await browsers["instructor"].ask("/instructor/links")
            assert text.count("/join/") == 3

    asyncio.run(play())


def test_a_policy_takes_over_a_seat_and_gives_it_back(tmp_path):
    change = ("news:", "stand_in: {after: 1, policy: {pricing: {name: adaptive}}}\nnews:")
    rules = game_file(tmp_path, change=change)

    async def play():
        ledger = ledger_of(tmp_path, Game.load(rules))
        async with serving(ledger) as (server, browsers):
            instructor = browsers["instructor"]
            mine = f"/team/{number_of(server, 'Otters')}"
            server.open()
            form = {"action": "hand_over", "team": "Otters"}
            _, text = await instructor.send("/instructor/act", form)
            async with asyncio.timeout(PATIENCE):
                while not ledger.state.decided(1):
                    await asyncio.sleep(0.02)
            assert ledger.state.decisions[1, "Otters"].by == "policy"
            status, text = await browsers["Otters"].send(
                f"{mine}/decide", {"round": 1, "price": "18"}
            )
            assert (status, "A policy runs your firm" in text) == (409, True)
            await instructor.send("/instructor/act", {"action": "take_back", "team": "Otters"})
            status, text = await browsers["Otters"].send(
                f"{mine}/decide", {"round": 1, "price": "18"}
            )
            assert (status, ledger.state.decisions[1, "Otters"].values["price"]) == (200, 18.0)
            await server.close("instructor")
            server.open()  # the Herons have missed as many rounds as the game allows
            handed = [event for event in ledger.events if event.kind == "handed_over"][-1]
            assert (handed.team, handed.by) == ("Herons", "rule")
            await server.close("instructor")
            assert ledger.state.decisions[2, "Herons"].by == "policy", "a round waits for it"

    asyncio.run(play())


def test_several_games_have_pages_links_and_troubles_of_their_own(tmp_path, game):
    async def play():
        games = []
        for name in ("red", "blue"):
            (tmp_path / name).mkdir()
            games.append(RunningGame(ledger_of(tmp_path / name, game), name=name, seeds=0))
        red, blue = games
        server = Server(games)
        base = f"http://127.0.0.1:{await server.start(0)}"
        try:
            teacher, otter = Browser(base), Browser(base)
            link = server.links(base)["all games"].removeprefix(base)
            assert (await teacher.ask(link.replace("join/", "join/x")))[0] == 403
            assert (await teacher.ask("/games/"))[0] == 403
            status, text = await teacher.ask(link)
            assert (status, text.count("/join/")) == (200, 2)
            await otter.ask(red.links("")["Otters"])
            number = red.teams.index("Otters") + 1
            assert (await otter.ask(f"/red/team/{number}/"))[0] == 200
            assert (await otter.ask(blue.links("")["instructor"].replace("blue", "red")))[0] == 403
            (value,) = (value for (at, name), value in otter.cookies.items() if name == "seat")
            otter.cookies[f"/blue/team/{number}/", "seat"] = value
            assert (await otter.ask(f"/blue/team/{number}/"))[0] == 403, "signed by another game"
            for each in games:
                each.open()
            blue.market.results = lambda *_, **__: 1 / 0
            await asyncio.gather(red.close("instructor"), blue.close("instructor"))
            assert [each.ledger.state.phase for each in games] == ["closed", "open"]
            _, text = await teacher.ask("/games/")
            assert text.count("division by zero") == 1
            _, text = await otter.ask("/blue/screen/")
            assert "division" not in text
        finally:
            await server.stop()
        with pytest.raises(ValueError, match="games: expected names that differ"):
            make_application([red, red])

    asyncio.run(play())


@pytest.mark.slow
def test_other_seeds_follow_from_another_process(tmp_path, game):
    async def play():
        ledger = ledger_of(tmp_path, game)
        async with serving(ledger, seeds=2) as (server, browsers):
            server.open()
            await server.close("instructor")
            server.reveal()
            async with asyncio.timeout(10 * PATIENCE):
                while server.told is None or not server.told["seeds"]:
                    await asyncio.sleep(0.1)
            _, text = await browsers["Otters"].ask(f"/team/{number_of(server, 'Otters')}/debrief")
            assert "over 2 other seeds" in text

    asyncio.run(play())
