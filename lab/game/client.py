"""A browser without a window, and the process of a server, for trials of a classroom market.

A client finds its way by what pages hold (links, forms, address of the socket), as a browser
does, so that it does not depend on how addresses are laid out.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

ROOT = Path(__file__).resolve().parents[2]

#: Seconds after which a trial that waits for a server gives up.
PATIENCE = 120.0


class Served:
    """A server in a process of its own.

    Parameters
    ----------
    file : Path
        The ledger.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.port = 0
        self.links: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> float:
        """Start the server, on the port it had before, and return the seconds that it took."""
        began = time.monotonic()
        words = [sys.executable, "-m", "cxsim", "game", "serve", str(self.file.resolve())]
        self._process = subprocess.Popen(
            [*words, "--port", str(self.port)], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
        )  # fmt: skip
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.fullmatch(r"(\S.*?) +(http://\S+)\n", line):
                self.links[found[1]] = found[2]
                self.port = urlsplit(found[2]).port or 0
            if "projector" in self.links and found and found[1] == "projector":
                return time.monotonic() - began
        raise RuntimeError("the server ended before it listened")

    def kill(self) -> None:
        """End the process at once (SIGKILL), as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ask the process to end, and wait until it has."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def memory(self) -> float:
        """Return the largest memory that the process has held so far, MB; NaN but on Linux."""
        assert self._process is not None
        try:
            text = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return float("nan")
        return int(re.findall(r"VmHWM:\s+(\d+)", text)[0]) / 1024.0


class Answer:
    """What a server answered.

    Attributes
    ----------
    status : int
        599 if it did not answer.
    text : str
    address : str
        Where the answer came from, after redirects.
    """

    def __init__(self, status: int, text: str, address: str) -> None:
        self.status, self.text, self.address = status, text, address

    def one(self, pattern: str) -> str:
        """Return what a pattern finds in the text, or nothing.

        Parameters
        ----------
        pattern : str
            With one group.
        """
        found = re.search(pattern, self.text)
        return unescape(found[1]) if found else ""

    @property
    def stage(self) -> tuple[int, str]:
        """The round, and ``"open"``, ``"closed"``, ``"being"`` (computed) or nothing."""
        text = self.one(r'id="stage"[^>]*>([^<]*)<')
        if found := re.search(r"Round (\d+) of \d+ is (open|closed|being)", text):
            return int(found[1]), found[2]
        if found := re.search(r"All (\d+) rounds are played|ended after round (\d+)", text):
            return int(found[1] or found[2]), "closed"
        return 0, ""


class Client:
    """A browser that joined by a link: its cookies by path, its page, and its socket."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.page = Answer(599, "", "")
        self.heard: list[str] = []
        self.seen: dict[int, float] = {}
        self.revealed = 0.0
        self._cookies: dict[tuple[str, str], str] = {}
        self._http = AsyncHTTPClient(force_instance=True, defaults={"request_timeout": PATIENCE})
        self._socket: WebSocketClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._draws = random.Random(name)

    # -- pages -----------------------------------------------------------------------

    def cookie(self, address: str) -> dict[str, str]:
        """Return the header of the cookies that belong to an address.

        Parameters
        ----------
        address : str
        """
        path = urlsplit(address).path
        kept = [f"{name}={v}" for (at, name), v in self._cookies.items() if path.startswith(at)]
        return {"Cookie": "; ".join(kept)} if kept else {}

    async def ask(
        self,
        address: str,
        form: Mapping[str, Any] | bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        follow: bool = True,
    ) -> Answer:
        """Ask for an address, or send a form to it.

        Parameters
        ----------
        address : str
        form : mapping or bytes, optional
        headers : mapping of str to str, optional
            Over those of a browser.
        follow : bool
            Whether to follow a redirect.
        """
        body = urlencode(form, doseq=True).encode() if isinstance(form, Mapping) else form
        request = HTTPRequest(
            address, method="GET" if body is None else "POST", body=body,
            headers={**self.cookie(address), **(headers or {})}, follow_redirects=False,
        )  # fmt: skip
        try:
            answer = await self._http.fetch(request, raise_error=False)
        except (OSError, HTTPError):
            return Answer(599, "", address)
        for line in answer.headers.get_list("Set-Cookie"):
            name, value = line.split(";")[0].split("=", 1)
            (at,) = re.findall(r"[Pp]ath=([^;]+)", line)
            self._cookies[at, name] = value
        text = (answer.body or b"").decode(errors="replace")
        self.heard.append(text)
        where = answer.headers.get("Location")
        if follow and where and answer.code in (302, 303):
            return await self.ask(urljoin(address, where))
        return Answer(answer.code, text, address)

    async def look(self, link: str = "") -> Answer:
        """Look at the own page again.

        Parameters
        ----------
        link : str
            A link to join by; default: the page joined.
        """
        answer = await self.ask(link or self.page.address)
        if answer.status == 200:
            self.page = answer
            number, phase = answer.stage
            if phase == "closed":
                self.seen.setdefault(number, time.monotonic())
            if "Open the debrief" in answer.text:
                self.revealed = self.revealed or time.monotonic()
        return answer

    # -- the forms -------------------------------------------------------------------

    def place(self, form: str = "decide") -> str:
        """Return where a form of the page is sent to.

        Parameters
        ----------
        form : str
            End of its address.
        """
        return urljoin(self.page.address, self.page.one(rf'action="([^"]*{form})"'))

    def form(self, **changes: Any) -> dict[str, Any]:
        """Return the form of the page as it would be sent, with some values changed.

        Parameters
        ----------
        **changes
            By name; points in names are written as two underscores.
        """
        made: dict[str, Any] = {
            "_xsrf": self.page.one(r'name="_xsrf" value="([^"]+)"'),
            "round": self.page.one(r'name="round" value="([^"]+)"'),
        }
        for name, field in self.fields().items():
            made[name] = field["value"]
        return {**made, **{name.replace("__", "."): value for name, value in changes.items()}}

    def fields(self) -> dict[str, dict[str, str]]:
        """Return the numbers that the page asks for: ``min, max, step, value, now`` by name."""
        made = {}
        for tag in re.findall(r'<input id="f-[^>]*type="number"[^>]*>', self.page.text):
            given = {key: unescape(value) for key, value in re.findall(r'(\w+)="([^"]*)"', tag)}
            name = given["name"]
            if not name.startswith("forecast"):
                now = self.page.one(rf'id="h-{re.escape(name)}">Now (\S+)\. ')
                made[name] = {**given, "now": now}
        return made

    def move(self) -> dict[str, str]:
        """Return some values that the form of the page admits, drawn at random."""
        made = {}
        for name, field in self.fields().items():
            low, high, step = (float(field[key]) for key in ("min", "max", "step"))
            made[name] = f"{low + step * self._draws.randint(0, round((high - low) / step)):.10g}"
        return made

    async def decide(self, reason: str = "") -> Answer:
        """Send a decision; one that the budget refuses is sent again with the values held.

        Parameters
        ----------
        reason : str
        """
        page = await self.look()
        if 'id="form"' not in page.text:
            return page
        held = {name: field["now"] for name, field in self.fields().items()}
        held = {**self.form(reason=reason, forecast="25"), **held}
        answer = await self.ask(self.place(), {**held, **self.move()})
        if answer.status == 422:
            answer = await self.ask(self.place(), held)
        return answer

    async def act(self, action: str, **more: str) -> Answer:
        """Press a button of the instructor's page.

        Parameters
        ----------
        action : str
        **more
            Other fields of the form.
        """
        await self.look()
        seen = self.page.one(r'name="seen" value="([^"]+)"')
        form = {"_xsrf": self.form()["_xsrf"], "seen": seen, "action": action, **more}
        return await self.ask(self.place("act"), form)

    # -- the socket ------------------------------------------------------------------

    async def listen(self) -> None:
        """Open the socket of the page, and look again whenever it says so, from now on."""
        await self._connect()
        self._task = asyncio.create_task(self._listen())

    async def _connect(self) -> None:
        place = urljoin(self.page.address, self.page.one(r'data-socket="([^"]+)"'))
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(place))
        headers = {**self.cookie(place), "Origin": origin}
        request = HTTPRequest(place.replace("http", "ws", 1), headers=headers)
        self._socket = await websocket_connect(request)

    async def _listen(self) -> None:
        while True:
            if self._socket is None:
                try:
                    await self._connect()
                except (OSError, HTTPError):
                    await asyncio.sleep(0.25)
                    continue
            assert self._socket is not None
            message = await self._socket.read_message()
            if message is None:
                self._socket = None
                continue
            self.heard.append(str(message))
            if json.loads(message)["kind"] in ("hello", "changed"):
                await asyncio.sleep(0.05 + 0.15 * self._draws.random())  # as pages do
                await self.look()

    async def draft(self, values: Mapping[str, str]) -> None:
        """Share a draft with the team.

        Parameters
        ----------
        values : mapping of str to str
        """
        message = {"kind": "draft", "page": self.name, "values": dict(values)}
        if self._socket is not None:
            try:
                await self._socket.write_message(json.dumps(message))
            except WebSocketClosedError:
                self._socket = None

    def close(self) -> None:
        """Close socket and connections."""
        if self._task is not None:
            self._task.cancel()
        if self._socket is not None:
            self._socket.close()
        self._http.close()


async def until(done: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait until something holds, and return whether it does.

    Parameters
    ----------
    done : callable
    seconds : float
    """
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.01)
    return True
