"""A scenario can be written to a file and comes back the same."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cxsim.scenario import Scenario, ScenarioError, shipped_scenarios
from cxsim.scenario.yaml_text import parse, to_yaml


def as_tuples(value):
    if isinstance(value, dict):
        return {key: as_tuples(held) for key, held in value.items()}
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


def files():
    return sorted(path.name for path in Path().iterdir())


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@example({"0" * 41 + "\x1f" * 12: "\x1f\x1f0 0"})
@example({"title": ["?0", "- a", "a: b", "'", " a", "a ", "#"]})
@given(st.dictionaries(texts, values, min_size=1, max_size=4))
def test_what_is_written_is_read_back(data):
    assert parse(to_yaml(data)).value == as_tuples(data)


@pytest.mark.parametrize(
    "text", ["12", "1e3", "true", "null", "~", "", ".5", "yes", "0x1F", ".inf", "<<"]
)
def test_texts_that_look_like_something_else_stay_texts(text):
    assert parse(to_yaml({"title": text})).value == {"title": text}


def test_the_text_reads_like_a_scenario_file(market):
    assert (
        market.to_yaml()
        == """\
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
    promotions:
      chance: 0.1
      depth: 0.2
  Mass:
    price: 10
initial:
  Mass:
    share: 0.5
    tenure: 3
events:
  - at: 6
    set:
      firms.Mass.price: 8
    label: price war
"""
    )


def test_a_saved_scenario_is_complete_in_itself_and_named_after_its_file(market, write):
    write("variant.yaml", "extends: market.yaml\nfirms: {Mass: {price: 9}}\n")
    variant = Scenario.load("variant.yaml")
    path = variant.save("copy.yaml")
    Path("market.yaml").unlink()
    copy = Scenario.load(path)
    assert copy == variant
    assert list(copy.firms) == list(variant.firms)
    assert copy.name == "copy"


def test_a_name_that_was_given_stays(market):
    market.override({"name": "mine"}).save("copy.yaml")
    assert Scenario.load("copy.yaml").name == "mine"


def test_all_defaults_can_be_written_out(market, tmp_path):
    (tmp_path / "full.yaml").write_text(market.to_yaml(defaults=True), encoding="utf-8")
    full = Scenario.load("full.yaml")
    assert full == market
    assert full.to_dict()["firms"]["Mass"]["quality"] == 0


def test_saving_replaces_a_file_whole_and_leaves_nothing_beside_it(market, tmp_path):
    market.save("market.yaml")
    assert files() == ["market.yaml"]
    assert Scenario.load("market.yaml") == market


def test_a_file_that_cannot_be_written_is_reported_and_nothing_is_left(market, tmp_path):
    (tmp_path / "folder").mkdir()
    for target in ("nowhere/x.yaml", "folder"):
        with pytest.raises(ScenarioError) as caught:
            market.save(target)
        assert str(caught.value).startswith(f"{target}: expected a file that can be written, found")
    assert files() == ["folder", "market.yaml"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_a_saved_file_has_the_rights_of_any_new_file(market, tmp_path):
    market.save("copy.yaml")
    (tmp_path / "other").write_text("")
    rights = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("copy.yaml", "other")]
    assert rights[0] == rights[1]


@pytest.mark.parametrize("name", shipped_scenarios())
def test_shipped_scenarios_go_to_yaml_and_back(name, tmp_path):
    scenario = Scenario.load(name)
    again = Scenario.load(scenario.save(tmp_path / "copy.yaml"))
    assert again == scenario
    assert again.digest == scenario.digest
    assert again.to_yaml() == scenario.to_yaml()
