"""Under which conditions advice holds: rivals that do not respond, a market that leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cxsim.scenario import Scenario
from cxsim.scenario.calendar import ADD, REPLACE
from cxsim.scenario.messages import Place
from cxsim.scenario.policies import policies_of
from cxsim.scenario.unstated import Unstated, unstated
from cxsim.study.decision.uncertainties import COPY

if TYPE_CHECKING:
    from cxsim.study.plan import Study

__all__ = ["conditions", "market_facts", "unstated_costs"]


def market_facts(study: Study, firm: str) -> dict[str, Any]:
    """Return what a decision's market leaves out, as data that is kept with the decision.

    Parameters
    ----------
    study : Study
        As :func:`cxsim.study.decision.design.study_of` returns.
    firm : str
        Who decides.

    Returns
    -------
    dict
        ``outside_option``; ``fixed_prices``, rivals whose prices do not respond; ``copier``, who
        copies the firm; ``responds``, whether a rival has a policy of its own;
        ``moves_price``, options that change the firm's price.
    """
    assert study.base is not None
    base = study.base
    rivals = [name for name in base.firms if name != firm]
    policies = {(who, kind) for who, kind, *_ in policies_of(base)}
    return {
        "outside_option": bool(base.outside_option),
        "rivals": rivals,
        "fixed_prices": [name for name in rivals if (name, "pricing") not in policies],
        "responds": any(who != firm for who, _ in policies),
        "copier": _copier(study),
        "moves_price": [
            name for name, option in study.strategies.items() if _moves_price(base, firm, option)
        ],
    }


def _copier(study: Study) -> str:
    """Return who copies the firm: whose parameters the event sets whose time is uncertain."""
    assert study.base is not None
    for factor in study.factors:
        if factor.name == COPY:
            number = int(factor.moves[0].path.split(".")[1])
            event = study.base.to_dict()["events"][number]
            return str(next(iter(event["set"])).split(".")[1])
    return ""


def _moves_price(base: Scenario, firm: str, option: Mapping[str, Any]) -> bool:
    made, path = base.override(dict(option)), f"firms.{firm}.price"
    moved = made.firms[firm].price != base.firms[firm].price
    return moved or sum(each.path == path for each in made.changes) > sum(
        each.path == path for each in base.changes
    )


def conditions(market: Mapping[str, Any], choice: str, runner_up: str) -> list[str]:
    """Return the conditions under which a recommendation holds, each to follow "that".

    Parameters
    ----------
    market : mapping
        As :func:`market_facts` returns.
    choice, runner_up : str
        The best option and the next best.

    Examples
    --------
    >>> market = {"outside_option": True, "rivals": ["Beta"], "fixed_prices": ["Beta"],
    ...           "responds": False, "copier": "", "moves_price": ["cut the price"]}
    >>> conditions(market, "cut the price", "stay")
    ['rivals do not change their prices in response']
    """
    said = []
    fixed, rivals = market["fixed_prices"], market["rivals"]
    if fixed and {choice, runner_up} & set(market["moves_price"]):
        who = "rivals" if len(fixed) == len(rivals) else " and ".join(fixed)
        said.append(f"{who} do not change their prices in response")
    elif rivals and not market["responds"]:
        copier = market["copier"]
        said.append(
            f"no rival responds but {copier}, by copying" if copier else "no rival responds"
        )
    if not market["outside_option"]:
        said.append("customers cannot choose not to buy, which flatters higher prices")
    return said


def unstated_costs(study: Study, firm: str) -> list[Unstated]:
    """Return costs of a firm that neither the scenario nor an option nor a factor states.

    Parameters
    ----------
    study : Study
        Its strategies are the options.
    firm : str
    """
    assert study.base is not None
    found: dict[str, Unstated] = {}
    stated: set[str] = set()
    for name, option in study.strategies.items():
        for path in option:
            if path not in (ADD, REPLACE):
                targets = study.base.targets(path, Place("options"))
                stated |= {".".join(map(str, each.keys)) for each in targets}
        for each in unstated(study.example(name)):
            if each.free and each.name == firm and each.path.startswith("firms."):
                found.setdefault(each.path, each)
    return [each for path, each in found.items() if path not in stated]
