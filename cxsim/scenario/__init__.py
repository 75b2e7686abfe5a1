"""Scenarios: the immutable, validated inputs of simulations, read from files."""

from cxsim.messages import EventsLeftOutWarning, ScenarioError
from cxsim.scenario.display import diff
from cxsim.scenario.events import Change, parse_override
from cxsim.scenario.fields import Expected, Keyed, optional
from cxsim.scenario.loading import (
    Source,
    find,
    read_yaml,
    shipped_root,
    shipped_scenarios,
    shown_path,
)
from cxsim.scenario.named_policies import policies_of
from cxsim.scenario.scenario import Scenario
from cxsim.scenario.validation import read_as, refusal

__all__ = [
    "Change",
    "EventsLeftOutWarning",
    "Expected",
    "Keyed",
    "Scenario",
    "ScenarioError",
    "Source",
    "diff",
    "find",
    "optional",
    "parse_override",
    "policies_of",
    "read_as",
    "read_yaml",
    "refusal",
    "shipped_root",
    "shipped_scenarios",
    "shown_path",
]
