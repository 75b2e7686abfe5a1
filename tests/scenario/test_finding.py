"""A scenario is found by its file or by the name it ships under."""

from __future__ import annotations

import pytest

from cxsim.scenario import Scenario, ScenarioError, find, shipped_root, shipped_scenarios


def test_shipped_scenarios_have_names():
    scenarios = shipped_scenarios()
    assert "baseline" in scenarios
    assert find("baseline") == scenarios["baseline"]
    assert list(scenarios) == sorted(scenarios)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_is_valid_and_says_what_it_is_for(name):
    scenario = Scenario.load(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.claim
    assert scenario.refuted_by


def test_a_file_comes_before_a_shipped_name_and_a_folder_does_not(market, write):
    write("baseline/notes.txt", "")
    assert find("baseline") == shipped_scenarios()["baseline"]
    find("market.yaml").rename("copycat")
    assert Scenario.load("copycat") == market


def test_the_nearest_name_is_offered():
    with pytest.raises(ScenarioError) as caught:
        find("basline")
    assert str(caught.value) == (
        "basline: expected a file or the name of a scenario, found neither "
        "(did you mean 'baseline'?)"
    )


def test_a_name_with_an_ending_is_a_file(write):
    write("x.txt", "")
    with pytest.raises(ScenarioError, match=r"found no file \(did you mean 'baseline'\?\)"):
        find("baseline.yaml")


@pytest.mark.parametrize("odd", ["\0", "a" * 5000, "x/" * 3000 + "y.yaml", "\n"])
def test_names_that_no_file_can_have(odd):
    with pytest.raises(ScenarioError) as caught:
        find(odd)
    assert "\n" not in str(caught.value)


def test_what_ships_lies_in_two_folders():
    assert (shipped_root("params") / "scenarios" / "baseline.yaml").is_file()
    assert shipped_root("notebooks").name == "notebooks"
    with pytest.raises(ValueError, match="expected 'params' or 'notebooks', found 'docs'"):
        shipped_root("docs")
