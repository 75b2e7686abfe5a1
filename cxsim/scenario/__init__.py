"""The scenario: what is simulated, read from a file, validated, immutable."""

from cxsim.scenario.calendar import EventsLeftOutWarning
from cxsim.scenario.events import Change
from cxsim.scenario.finding import find
from cxsim.scenario.messages import ScenarioError
from cxsim.scenario.overriding import parse_override
from cxsim.scenario.scenario import Scenario
from cxsim.scenario.shipped import shipped_root, shipped_scenarios
from cxsim.scenario.show import diff

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
