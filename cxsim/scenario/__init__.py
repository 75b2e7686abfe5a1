"""Scenarios: the immutable, validated inputs of simulations, read from files."""

from cxsim.messages import ScenarioError
from cxsim.scenario.calendar import EventsLeftOutWarning
from cxsim.scenario.display import diff
from cxsim.scenario.events import Change, parse_override
from cxsim.scenario.loading import find, shipped_root, shipped_scenarios
from cxsim.scenario.scenario import Scenario

__all__ = [
    "Change",
    "EventsLeftOutWarning",
    "Scenario",
    "ScenarioError",
    "diff",
    "find",
    "parse_override",
    "shipped_root",
    "shipped_scenarios",
]
