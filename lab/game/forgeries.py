"""Submissions that a server has to refuse: malformed, out of bounds, forged, late, too large.

Each is a function of a client that has joined and looked at its page, and sends it itself.
"""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from lab.game.client import Answer, Client

#: Sends one submission and returns the answer.
Forgery = Callable[[Client, Client], Awaitable[Answer]]

#: What no number is, in any field.
NO_NUMBERS = (
    "nan", "NaN", "inf", "-inf", "Infinity", "1e999", "-1e999", "", " ", "abc", "0x14", "1_8.",
    "18,5,5", "18;19", "[18]", '{"price": 18}', "true", "None", "null", "\uff11\uff18\u5186",
    "\u5341\u516b", "\U0001f0a1", "\u202e81", "--18", "18 EUR", "1/0", "<script>alert(1)</script>",
    "{{ 7*7 }}", "${7*7}", "' OR 1=1 --", "../../etc/passwd", "%00", "\r\nSet-Cookie: seat=x",
    "9" * 400, "18" + "0" * 500,
)  # fmt: skip

#: Names that no field of a game has.
NO_FIELDS = (
    "cash", "seed", "policy", "firm", "team", "by", "quality", "unit_cost", "initial_cash",
    "firms.Amber.price", "firms.*.price", "segments.Comfort.price_sensitivity",
    "segments.*.fit_weight", "price.", ".price", "Price", "PRICE", "price ",
    "ｐrice", "price\u200b", "prıce", "price[]",
    "price[0]", "__class__", "constructor", "customers", "periods", "replace_events", "events",
    "improvement", "surveys", "touchpoints.site.mean", "credit_limit", "active", "position",
    "../price", "a" * 500, "", "💶",
)  # fmt: skip


def _changed(**changes: Any) -> Forgery:
    """Return the form of the page with other values; None takes a field away."""

    async def send(mine: Client, _: Client) -> Answer:
        form = {**mine.form(), **changes}
        return await mine.ask(mine.place(), {k: v for k, v in form.items() if v is not None})

    return send


def _headed(**headers: str) -> Forgery:
    async def send(mine: Client, _: Client) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await mine.ask(mine.place(), mine.form(), headers=named)

    return send


def _raw(body: bytes, kind: str) -> Forgery:
    async def send(mine: Client, _: Client) -> Answer:
        return await mine.ask(mine.place(), body, headers={"Content-Type": kind})

    return send


async def _to_the_other(mine: Client, other: Client) -> Answer:
    """Send the own form, with the own cookies, to the address of another team."""
    cookies = mine.cookie(mine.page.address)
    return await Client().ask(other.place(), mine.form(), headers=cookies)


async def _with_the_others_token(mine: Client, other: Client) -> Answer:
    """Send a form whose token against forged requests is another browser's."""
    return await mine.ask(mine.place(), {**mine.form(), "_xsrf": other.form()["_xsrf"]})


async def _without_a_cookie(mine: Client, _: Client) -> Answer:
    return await Client().ask(mine.place(), mine.form())


async def _as_instructor(mine: Client, _: Client) -> Answer:
    """Press the instructor's button with a team's cookie."""
    root = mine.page.address.split("/team/")[0]
    form = {**mine.form(), "action": "close", "seen": "1 open"}
    headers = mine.cookie(mine.page.address)
    return await mine.ask(f"{root}/instructor/act", form, headers=headers)


def _signed(value: str) -> Forgery:
    async def send(mine: Client, _: Client) -> Answer:
        token = mine.form()["_xsrf"]
        headers = {"Cookie": f"seat={value}; _xsrf={token}"}
        return await mine.ask(mine.place(), mine.form(), headers=headers)

    return send


def forgeries(fields: dict[str, dict[str, str]], count: int) -> Iterator[tuple[str, Forgery]]:
    """Return submissions that must be refused, with what is wrong with each.

    Parameters
    ----------
    fields : dict of str to dict
        ``min, max, step`` by name, as the form of a page has them.
    count : int
        How many; the same ones for every machine.
    """
    draws = random.Random(1)
    plain = "application/x-www-form-urlencoded"
    made: list[tuple[str, Forgery]] = [
        ("another team's address", _to_the_other),
        ("another browser's token", _with_the_others_token),
        ("no cookie", _without_a_cookie),
        ("the instructor's button", _as_instructor),
        ("no token", _changed(_xsrf=None)),
        ("no form", _raw(b"", plain)),
        ("a picture", _raw(b"\x89PNG\r\n" + bytes(200), "image/png")),
        ("a body cut off", _raw(b"--x\r\nContent-", "multipart/form-data; boundary=x")),
        ("bytes that are no text", _raw(b"price=\xff\xfe\xc3\x28&round=1", plain)),
        ("nested JSON", _raw(json.dumps({"price": [[[18]]]}).encode(), "application/json")),
        ("JSON a thousand deep", _raw(b"[" * 1000 + b"]" * 1000, "application/json")),
        ("YAML with a tag", _raw(b"!!python/object/apply:os.getcwd []", "application/yaml")),
    ]  # fmt: skip
    made += [
        (f"origin {origin}", _headed(Origin=origin))
        for origin in ("http://example.org", "https://127.0.0.1", "null", "http://127.0.0.1:1")
    ]
    made += [
        (f"a cookie made up: {value[:20]}", _signed(value))
        for value in ("team 1", "instructor", "2|1:0|10:1|4:seat|4:dGVhbQ==|" + "0" * 64, "x" * 300)
    ]
    made += [
        (f"round {number[:20]!r}", _changed(round=number))
        for number in ("0", "-1", "2", "99", "1.0", "one", "", "1 OR 1", "9" * 300)
    ]
    made += [
        (f"token {token[:20]!r}", _changed(_xsrf=token))
        for token in ("", "x", "2|aa|bb|1", "0" * 500, "2|deadbeef|" + "0" * 32 + "|1700000000")
    ]
    made += [
        (f"a body of {size}", _raw(b"price=" + b"1" * size, "text/plain"))
        for size in (20_000, 200_000, 2_000_000)
    ]
    made += [
        (f"forecast {forecast}", _changed(forecast=forecast))
        for forecast in ("-1", "101", "nan", "1e9", "many", "[]")
    ]
    made += [
        (f"forecast of profit {forecast}", _changed(forecast_profit=forecast))
        for forecast in ("nan", "1e999", "many", "[]")
    ]
    made += [
        (f"a reason of {length}", _changed(reason="ß" * length)) for length in (201, 1000, 5000)
    ]
    made += [(f"field {name[:30]!r}", _changed(**{name: "1"})) for name in NO_FIELDS]
    for name in fields:
        made += [
            (f"{name} = {text[:30]!r}", _changed(**{name: text}))
            for text in NO_NUMBERS
            if text.strip()
        ]
        low, high, step = (float(fields[name][key]) for key in ("min", "max", "step"))
        wrong = (
            low - step,
            high + step,
            high * 1e6 + 1,
            -1e300,
            low + step / 3,
            low + step * 0.999,
        )
        made += [(f"{name} = {value:.12g}", _changed(**{name: repr(value)})) for value in wrong]
    draws.shuffle(made)
    names = list(fields)
    while len(made) < count:  # random numbers off the steps, and random texts
        name = draws.choice(names)
        low, high, step = (float(fields[name][key]) for key in ("min", "max", "step"))
        off = low + step * (draws.randrange(round((high - low) / step)) + draws.uniform(0.01, 0.99))
        text = "".join(chr(draws.randrange(0x21, 0x2FF)) for _ in range(draws.randrange(1, 40)))
        value = draws.choice([repr(off), repr(high + draws.uniform(1, 1e12)), f"x{text}"])
        made.append((f"{name} = {value[:30]}", _changed(**{name: value})))
    yield from made[:count]
