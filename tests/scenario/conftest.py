"""Scenario files to read, change and break."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from cxsim.scenario import Scenario, ScenarioError

MARKET = Path(__file__).with_name("market.yaml").read_text(encoding="utf-8")


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file into the current folder, which is empty and the test's own."""
    monkeypatch.chdir(tmp_path)

    def write(name, text):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return write


@pytest.fixture
def market(write):
    """A scenario of two firms and two segments, a copy of market.yaml."""
    write("market.yaml", MARKET)
    return Scenario.load("market.yaml")


@pytest.fixture
def complaint(write):
    """What loading a scenario with this text says, or with this change to market.yaml."""

    def complaint(text=None, *, old=None, new=None):
        if text is None:
            assert MARKET.count(old) == 1, f"{old!r} must stand once in the file"
            text = MARKET.replace(old, new)
        write("market.yaml", text)
        with pytest.raises(ScenarioError) as caught:
            Scenario.load("market.yaml")
        return str(caught.value)

    return complaint
