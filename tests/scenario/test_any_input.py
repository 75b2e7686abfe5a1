"""Whatever is written into a scenario, the answer is a scenario or a ScenarioError."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cxsim.scenario import Scenario, ScenarioError, parse_override
from cxsim.scenario.yaml_text import parse

MARKET = Path(__file__).with_name("market.yaml").read_text(encoding="utf-8")

FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

yamlish = st.text(
    st.sampled_from("ab:-[]{},&*!|>'\"%@`#?<= \n\t0.1e~\\u\x85\ufeff\x00"), max_size=60
)
numbers = st.integers() | st.floats() | st.sampled_from([10**400, -0.0, 5e-324])
scalars = st.none() | st.booleans() | numbers | st.text(max_size=8)
keys = (
    st.sampled_from(["price", "share", "Tailor", "Mass", "set", "at", "firms.*.price", "*"])
    | st.text(max_size=5)
    | scalars
)
values = st.recursive(
    scalars | st.binary(max_size=3) | st.builds(object) | st.just(math),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(keys.filter(lambda key: key == key), inner, max_size=4)
    ),
    max_leaves=8,
)


def places(data, path=()):
    """Every place in nested data."""
    yield path
    if isinstance(data, dict | list):
        for key, held in data.items() if isinstance(data, dict) else enumerate(data):
            yield from places(held, (*path, key))


BASE = Scenario.from_dict(
    parse(MARKET).value,
    {
        "segments.Families.brand_taste_sd": {"Tailor": 1, "Mass": 2},
        "segments.Families.exit_rate_beta": [1, 2],
        "firms.Mass.position": [0, 1],
    },
)
FULL = BASE.to_dict(defaults=True)
PLACES = list(places(FULL))
PATHS = [".".join(map(str, path)) for path in PLACES[1:]]


def replaced(data, path, value):
    if not path:
        return value
    data = copy.copy(data)
    data[path[0]] = replaced(data[path[0]], path[1:], value)
    return data


def made_or_refused(make):
    """Return what comes back, or the refusal."""
    try:
        return make()
    except ScenarioError as error:
        return error


def answers(make):
    """What comes back must be usable, what is refused must be said in a few lines."""
    answer = made_or_refused(make)
    if isinstance(answer, ScenarioError):
        assert str(answer).encode()
        assert len(str(answer).splitlines()) == min(len(answer.problems), 6)
    else:
        assert answer.digest
        assert Scenario.from_dict(answer.to_dict()) == answer


@FILE
@given(st.text() | yamlish | st.builds("".join, st.lists(st.sampled_from(MARKET.splitlines(True)))))
@example("a: &a [*a]")
@example('"\\ud800": 1')
@example("[" * 5000)
@example("firms: {a: {price: 1}}\nsegments: {s: {share: 1}}\nextends: market.yaml")
def test_any_text(tmp_path, text):
    path = tmp_path / "market.yaml"
    path.write_bytes(text.encode(errors="surrogatepass"))
    answers(lambda: Scenario.load(path))


@FILE
@given(st.binary(max_size=60))
def test_any_bytes(tmp_path, data):
    path = tmp_path / "market.yaml"
    path.write_bytes(data)
    answers(lambda: Scenario.load(path))


@FILE
@given(st.integers(0, len(MARKET) - 1), st.integers(0, 12), yamlish)
def test_a_file_with_a_piece_overwritten(tmp_path, start, length, piece):
    path = tmp_path / "market.yaml"
    text = MARKET[:start] + piece + MARKET[start + length :]
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    answers(lambda: Scenario.load(path))


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(PLACES), values)
def test_any_value_at_any_place(place, value):
    data = replaced(FULL, place, value)
    answers(lambda: Scenario.from_dict(data))


@settings(deadline=None)
@given(st.sampled_from(PLACES), keys, values)
def test_any_key_at_any_place(place, key, value):
    held = FULL
    for part in place:
        held = held[part]
    if isinstance(held, dict):
        answers(lambda: Scenario.from_dict(replaced(FULL, place, {**held, key: value})))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(PATHS) | st.text(max_size=20) | st.none(), values)
def test_any_override(path, value):
    answers(lambda: BASE.override({path: value}))


@settings(deadline=None)
@given(st.sampled_from(["firms.*.price=", "events=", "", "initial.Mass."]), yamlish | st.text())
def test_any_override_on_the_command_line(start, text):
    answers(lambda: BASE.override([start + text]))


@settings(deadline=None)
@given(st.sampled_from(PATHS) | st.text(max_size=20), values, st.integers(-2, 30), values)
def test_any_event(path, value, at, over):
    answers(lambda: BASE.override({"events": [{"at": at, "over": 0, "set": {path: value}}]}))
    answers(lambda: BASE.override({"events": [{"at": 3, "over": over, "set": {path: 1}}]}))


@settings(deadline=None)
@given(st.text(max_size=20) | st.sampled_from(PATHS))
def test_any_path_to_read(path):
    answer = made_or_refused(lambda: BASE.value(path))
    assert not isinstance(answer, ScenarioError) or len(str(answer).splitlines()) == 1


@given(st.text())
def test_any_text_as_an_override(text):
    answer = made_or_refused(lambda: parse_override(text))
    assert (
        len(str(answer).splitlines()) == 1
        if isinstance(answer, ScenarioError)
        else answer[0] in text
    )


def test_thousands_of_mistakes_are_counted_quickly():
    wrong = {f"wrong {number}": number for number in range(20_000)}
    with pytest.raises(ScenarioError, match="and 19995 more problems"):
        BASE.override({"firms.Mass": {"price": 3, **wrong}})
