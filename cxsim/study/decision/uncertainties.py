"""What is uncertain: ranges around a scenario's values, for customers, costs and rivals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from cxsim.scenario import Scenario
from cxsim.scenario.unstated import Unstated
from cxsim.study.decision.assumed import CUSTOMARY, HIGHEST, cost_range

__all__ = [
    "COPY",
    "NOT_STATED",
    "RANGES",
    "cost_factors",
    "default_uncertainties",
    "range_table",
    "without_cost",
]

#: Name of the factor that says in which period a rival has copied the firm.
COPY = "rival copies in period"

#: How the name of a factor ends that stands for a cost which nobody stated.
NOT_STATED = ", cost not stated"

#: Default ranges, as multiples of the scenario's values (assumptions): name, whose parameters,
#: which of them, lowest and highest multiple, whether covered evenly in logarithms.
RANGES: tuple[tuple[str, str, tuple[str, ...], float, float, bool], ...] = (
    ("price sensitivity", "segments", ("price_sensitivity",), 0.75, 1.33, True),
    ("what fit is worth", "segments", ("fit_weight",), 0.5, 1.5, False),
    ("effort of teaching", "segments", ("teaching_effort",), 0.5, 1.5, False),
    ("learning", "market", ("learning_rate",), 0.5, 2.0, True),
    ("costs of capabilities", "own", ("capability_cost", "capability_investment"), 0.5, 2.0, True),
    ("costs of customizing and interacting", "own", ("customization_cost", "interaction_cost"),
     0.5, 1.5, False),
    ("rivals' prices", "rivals", ("price",), 0.9, 1.05, False),
)  # fmt: skip


def default_uncertainties(
    scenario: Scenario, firm: str, rival: str = "", *, drawn: tuple[str, ...] = ()
) -> dict[str, dict[str, Any]]:
    """Return factors of a study that vary what the firm does not know.

    Parameters
    ----------
    scenario : Scenario
    firm : str
        Whose decision it is; its own costs are uncertain too.
    rival : str
        Who copies it, at a time that is uncertain, from a quarter of the periods on to the
        last one (never, as good as); empty for nobody.
    drawn : tuple of str
        Dotted paths that are drawn from estimates and need no range.

    Returns
    -------
    dict
        As ``factors`` of a study file. A factor is a multiple of the scenario's values; those
        that are zero stay so.
    """
    factors: dict[str, dict[str, Any]] = {}
    for name, whose, keys, low, high, log in RANGES:
        paths = {}
        for path in _paths(scenario, firm, whose, keys):
            value = scenario.value(path)
            if isinstance(value, (int, float)) and value and path not in drawn:
                paths[path] = {"times": float(value)}
        if paths:
            scale = {"scale": "log"} if log else {}
            factors[name] = {"paths": paths, "low": low, "high": high, **scale}
    if rival:
        factors[COPY] = copy_factor(scenario)
    return factors


def cost_factors(scenario: Scenario, costs: Iterable[Unstated]) -> dict[str, dict[str, Any]]:
    """Return factors that vary costs which nobody stated, from 0 to twice the customary ones.

    Parameters
    ----------
    scenario : Scenario
    costs : iterable of Unstated
        As :func:`cxsim.study.decision.conditions.unstated_costs` returns.

    Returns
    -------
    dict
        As ``factors`` of a study file; amounts in the scenario's currency.
    """
    factors = {}
    for each in costs:
        low, high = cost_range(scenario, each.path)
        factors[each.free + NOT_STATED] = {"path": each.path, "low": low, "high": high}
    return factors


def without_cost(names: Iterable[str]) -> tuple[str, ...]:
    """Return what has no stated cost, by the names of a decision's factors.

    Parameters
    ----------
    names : iterable of str

    Examples
    --------
    >>> without_cost(["price sensitivity", "interaction, cost not stated"])
    ('interaction',)
    """
    return tuple(n.removesuffix(NOT_STATED) for n in names if n.endswith(NOT_STATED))


def copy_factor(
    scenario: Scenario, low: float = math.nan, high: float = math.nan
) -> dict[Any, Any]:
    """Return the factor that moves the rival's copy, the first event after the scenario's own."""
    last = scenario.periods - 1
    number = len(scenario.to_dict().get("events", []))
    return {
        "path": f"events.{number}.at",
        "low": min(last - 1, scenario.periods // 4) if math.isnan(low) else low,
        "high": last if math.isnan(high) else high,
        "integer": True,
    }


def given_uncertainties(scenario: Scenario, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return factors as given, the rival's copy with the path that it moves."""
    made = dict(given)
    if COPY in made:
        low, high = made[COPY]
        made[COPY] = copy_factor(scenario, low, high)
    return made


def range_table(factors: Mapping[str, Any], drawn: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what is varied in words: ``uncertain``, ``from``, ``to``, ``of`` (what it moves)."""
    rows = []
    for name, given in factors.items():
        fields = given if isinstance(given, Mapping) else {"low": given[0], "high": given[-1]}
        paths = list(fields.get("paths", ())) or [fields.get("path", name)]
        low, high = fields.get("low"), fields.get("high")
        if "values" in fields:
            low, high = fields["values"][0], fields["values"][-1]
        timed = isinstance(fields.get("paths"), Mapping)
        unit = "times the scenario's" if timed else ""
        if name.endswith(NOT_STATED):
            share, of = CUSTOMARY[paths[0].rpartition(".")[2]]
            unit = f"assumed: up to {HIGHEST:g} times {100 * share:g} % of {of}"
        rows.append((name, low, high, unit, ", ".join(paths)))
    if drawn is not None:
        for name in drawn:
            ends = drawn[name].quantile([0.025, 0.975]).tolist()
            rows.append((name, *ends, "95 % of the estimate's draws", name))
    return pd.DataFrame(rows, columns=["uncertain", "from", "to", "measured in", "moves"])


def _paths(scenario: Scenario, firm: str, whose: str, keys: tuple[str, ...]) -> list[str]:
    if whose == "market":
        return list(keys)
    if whose == "segments":
        return [f"segments.{name}.{key}" for name in scenario.segments for key in keys]
    firms = [firm] if whose == "own" else [name for name in scenario.firms if name != firm]
    return [f"firms.{name}.{key}" for name in firms for key in keys]
