"""What a firm can do: roads through the capability matrix, when to take them, what to ask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxsim.files import is_file
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.calendar import ADD, REPLACE
from cxsim.scenario.loading import read_yaml
from cxsim.scenario.messages import Place, Problem, found, hint
from cxsim.scenario.policies import named_policies
from cxsim.scenario.yaml_text import YamlError, parse

__all__ = ["AIM", "BUILDING", "STAY", "copying", "default_options", "firm_of", "read_mapping",
           "with_copy"]  # fmt: skip

#: What a road leads to unless a firm of the market is further already (assumption).
AIM = 0.8

#: Periods that it takes to build one capability, as a share of all periods (assumption).
BUILDING = 0.2

#: A capability that is this near to the aim needs no road.
NEAR = 0.1

#: How far prices go up and down, as a share (assumption).
PRICE_STEP = 0.05

#: Name of the option that changes nothing.
STAY = "stay"

_CAPABILITIES = ("interaction", "customization")


def firm_of(scenario: Scenario, name: str) -> str:
    """Return a firm of a scenario by name; the first one if no name is given.

    Raises
    ------
    ScenarioError
        If there is no such firm.
    """
    if name and name not in scenario.firms:
        raise ScenarioError(
            Problem(
                Place("firm"), (),
                f"expected a firm of {scenario.name}, found {found(name)}"
                f"{hint(name, scenario.firms)}",
            )
        )  # fmt: skip
    return name or next(iter(scenario.firms))


def default_options(scenario: Scenario, firm: str) -> dict[str, dict[str, Any]]:
    """Return a readable set of options of a firm, overrides by name.

    The firm can stay as it is. What it lacks of the two capabilities it can build one after
    the other, in either order, both at once, or both at once later; if it lacks one, now or
    later. It can change its price by a twentieth, unless a policy sets it. A firm that lacks
    neither capability can give one up.

    Parameters
    ----------
    scenario : Scenario
    firm : str
    """
    start, build, later = _times(scenario.periods)
    aims = {
        name: max(AIM, *(getattr(each, name) for each in scenario.firms.values()))
        for name in _CAPABILITIES
    }
    own = scenario.firms[firm]
    lacks = tuple(name for name in _CAPABILITIES if getattr(own, name) < aims[name] - NEAR)

    def road(*steps: tuple[int, tuple[str, ...]]) -> dict[str, Any]:
        return {
            "events": [
                {
                    "at": at, "over": build,
                    "label": f"{firm} builds {' and '.join(names)}",
                    "set": {f"firms.{firm}.{name}": aims[name] for name in names},
                }
                for at, names in steps
            ]
        }  # fmt: skip

    options: dict[str, dict[str, Any]] = {STAY: {}}
    if len(lacks) == 2:
        options["interact first"] = road((start, lacks[:1]), (start + build, lacks[1:]))
        options["customize first"] = road((start, lacks[1:]), (start + build, lacks[:1]))
        options["both at once"] = road((start, lacks))
        options["both, later"] = road((later, lacks))
    elif len(lacks) == 1:
        verb = {"interaction": "interact", "customization": "customize"}[lacks[0]]
        options[f"{verb} more"] = road((start, lacks))
        options[f"{verb} more, later"] = road((later, lacks))
    else:
        for name, words in zip(_CAPABILITIES, ("interact less", "customize less"), strict=True):
            options[words] = {f"firms.{firm}.{name}": getattr(own, name) / 2}
    if (firm, "pricing") not in {each[:2] for each in named_policies(scenario)}:
        options["cut the price"] = {f"firms.{firm}.price": own.price * (1 - PRICE_STEP)}
        options["raise the price"] = {f"firms.{firm}.price": own.price * (1 + PRICE_STEP)}
    return options


def _times(periods: int) -> tuple[int, int, int]:
    """Return when roads start, how long a capability takes, and when later is."""
    build = max(1, round(BUILDING * periods))
    start = min(1, periods - 1)
    return start, build, min(start + build, periods - 1)


def read_mapping(given: str | Path | Mapping[str, Any], what: str) -> dict[str, Any]:
    """Return options or uncertainties: a mapping, a YAML file, or YAML in a text.

    Parameters
    ----------
    given : str, Path or mapping
    what : str
        ``"options"`` or ``"uncertainties"``; a file that holds both has them under these keys.

    Raises
    ------
    ScenarioError
        If it is no mapping.
    """
    place, content = Place(what), given
    if isinstance(given, Path) or (isinstance(given, str) and given.endswith((".yaml", ".yml"))):
        place = Place(str(given))
        if not is_file(given):
            raise ScenarioError(Problem(place, (), f"expected a file of {what}, found none"))
        content, _ = read_yaml(Path(given))
    elif not isinstance(given, Mapping):
        try:
            content = parse(str(given)).value
        except YamlError as problem:
            raise ScenarioError(Problem(place, (), problem.reason)) from None
    if isinstance(content, Mapping) and what in content:
        content = content[what]
    if not isinstance(content, Mapping) or not content:
        raise ScenarioError(Problem(place, (), f"expected {what} by name, found {found(content)}"))
    return {str(name): value for name, value in content.items()}


def copying(scenario: Scenario, firm: str, rival: str, option: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event by which a rival matches what a firm can do under an option.

    The rival gets the capabilities that the firm has in the end, as far as they are above its
    own.
    """
    values = {}
    for name in _CAPABILITIES:
        path = f"firms.{firm}.{name}"
        after = option.get(path, getattr(scenario.firms[firm], name))
        for event in (*option.get(REPLACE, ()), *option.get(ADD, ())):
            after = event.get("set", {}).get(path, after)
        own = getattr(scenario.firms[rival], name)
        values[f"firms.{rival}.{name}"] = max(float(after), float(own))
    return {"at": scenario.periods - 1, "set": values, "label": f"{rival} copies {firm}"}


def with_copy(
    scenario: Scenario, firm: str, rival: str, options: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return options whose events come after the scenario's own and the rival's copy.

    An option's ``events`` are added to the scenario's, its ``replace_events`` take their place.
    """
    own = list(scenario.to_dict().get("events", []))
    made = {}
    for name, option in options.items():
        option = dict(option or {})
        if rival:  # its copy stands where the factor of its period looks for it
            copied = copying(scenario, firm, rival, option)
            kept, more = option.pop(REPLACE, own), option.pop(ADD, ())
            option[REPLACE] = [*kept, copied, *more]
        made[name] = option
    return made
