"""Scenario files to read, change and break."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from cxsim.scenario import Scenario, ScenarioError

MARKET = """\
title: Two roads
claim: Learning relationships last
periods: 24
segments:
  Families:
    share: 0.6
    need_mean: [1, 0]
    price_sensitivity: 0.5
  Singles:
    share: 0.4
firms:
  Tailor:
    price: 12
    interaction: 0.9
    customization: 0.9
    promotions: {chance: 0.1, depth: 0.2}
  Mass:
    price: 10
initial:
  Mass: {share: 0.5, tenure: 3}
events:
  - at: 6
    set: {firms.Mass.price: 8}
    label: price war
"""


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
    """A scenario of two firms and two segments, from the file market.yaml."""
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
