"""A classroom game below the address of a Jupyter server."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
import tornado.httpserver
import tornado.netutil
import tornado.web
from games import ledger_of

from classroom.game.jupyter import Games
from classroom.game.ledger import GameError
from lab.game.client import Client, until

ROOT = Path(__file__).resolve().parents[2]


async def play_a_round(page, links):
    """Play a round by the links of a page, and return the clients of a team and the instructor."""
    otters, instructor = Client("Otters"), Client("instructor")
    for client in (otters, instructor):
        await client.look(links[client.name])
        assert client.page.status == 200, client.page.text
        assert client.page.address.startswith(page), "redirects keep the prefix"
        await client.listen()
    await instructor.act("open")
    assert await until(lambda: otters.page.stage == (1, "open"), 30), "the socket tells"
    answer = await otters.decide("by a hub")
    assert "Stored at" in answer.text
    await instructor.act("close")
    assert await until(lambda: 1 in otters.seen, 30)
    style = re.search(r'href="([^"]+game\.css)"', otters.page.text)[1]
    assert style.startswith("/user/ada/cxsim-game/")
    assert (await otters.ask(page.split("/user")[0] + style)).status == 200
    return otters, instructor


def links_of(text):
    return {
        unescape(who): link for who, link in re.findall(r'<li>([^:<]+): <a href="([^"]+)"', text)
    }


def test_below_a_prefix_pages_sockets_and_cookies_are_those_of_the_prefix(tmp_path, monkeypatch):
    # JupyterHub replaces Tornado's token against forged requests by one of its own.
    monkeypatch.setattr(tornado.web.RequestHandler, "xsrf_token", property(lambda _: 1 / 0))

    async def play():
        ledger_of(tmp_path).close()
        application = tornado.web.Application(
            [(r"/.*", tornado.web.ErrorHandler, {"status_code": 404})]
        )
        games = Games(application, tmp_path, "/user/ada/")
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        http = tornado.httpserver.HTTPServer(application)
        http.add_sockets(sockets)
        base = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        try:
            with pytest.raises(GameError, match="expected a ledger in the server's folder"):
                await games.start("../small.db")
            server = await games.start("small.db")
            assert await games.start("small.db") is server
            page = f"{base}{games.prefix}/small.db"
            otters, instructor = await play_a_round(page, server.links(page))
            assert {at for at, _ in otters._cookies} <= {
                "/user/ada/cxsim-game/small.db/", otters.page.address.removeprefix(base)
            }  # fmt: skip
            handed_out = await instructor.ask(f"{page}/instructor/links")
            assert f"{page}/join/" in handed_out.text
            large = await otters.ask(otters.place(), b"x" * 40_000)
            assert large.status in (413, 599)
            assert (await otters.ask(f"{base}/team/1/")).status == 404
            for client in (otters, instructor):
                client.close()
        finally:
            http.stop()
            await games.stop()

    asyncio.run(play())


@pytest.mark.slow
def test_whoever_runs_a_jupyter_server_serves_a_game_to_teams_without_an_account(tmp_path):
    """With a real Jupyter server that has a base address, as a hub gives it one."""
    (tmp_path / "root").mkdir()
    ledger_of(tmp_path / "root").close()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        environment[name] = str(tmp_path / name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [
        sys.executable, "-m", "jupyter_server", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=t", f"--ServerApp.root_dir={tmp_path / 'root'}",
        "--ServerApp.base_url=/user/ada/",
        "--ServerApp.jpserver_extensions={'classroom.game.jupyter': True, 'jupyterlab': False}",
    ]  # fmt: skip
    home = f"http://127.0.0.1:{port}/user/ada/cxsim-game/"
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            words, env=environment, cwd=tmp_path, stderr=log, start_new_session=True
        )
    try:

        async def play():
            owner, stranger = Client("owner"), Client("stranger")
            async with asyncio.timeout(120):
                while (answer := await stranger.ask(home, follow=False)).status == 599:
                    await asyncio.sleep(0.2)
            assert answer.status == 302, "asked to log in"
            page = await owner.ask(f"{home}?token=t")
            token = re.search(r'name="_xsrf" value="([^"]+)"', page.text)[1]
            assert (await stranger.ask(home, {"file": "small.db"})).status == 403
            wrong = await owner.ask(home, {"_xsrf": token, "file": "other.db"})
            assert (wrong.status, "found &#x27;other.db&#x27;" in wrong.text) == (422, True)
            page = await owner.ask(home, {"_xsrf": token, "file": "small.db"})
            assert page.status == 200, page.text
            links = links_of(page.text)
            assert set(links) == {"Otters", "Herons", "instructor", "projector"}
            for client in (*await play_a_round(f"{home}small.db/", links), owner, stranger):
                client.close()

        asyncio.run(play())
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
