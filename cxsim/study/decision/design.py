"""The study behind a decision: options as strategies, what nobody knows as its points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxsim.measures.value import VALUES
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.messages import Place, Problem
from cxsim.study.decision.options import copying
from cxsim.study.plan import Study

__all__ = ["study_of"]


def study_of(
    scenario: Scenario,
    firm: str,
    rival: str,
    options: Mapping[str, Mapping[str, Any]],
    factors: Mapping[str, Any],
    *,
    measure: str = "net_present_value",
    points: int = 48,
    seeds: int = 3,
    seed: int = 0,
    drawn: pd.DataFrame | None = None,
) -> Study:
    """Return the study that runs every option of a firm at points of what it does not know.

    Parameters
    ----------
    scenario : Scenario
    firm, rival : str
        Who decides; who copies, empty for nobody.
    options : mapping
        Overrides by name, as :func:`cxsim.study.decision.options.with_copy` returns.
    factors : mapping
        As in a study file; their points are a latin hypercube.
    measure : str
        What the firm wants more of.
    points, seeds, seed : int
        How many points, paired seeds; seed of the points.
    drawn : DataFrame, optional
        Draws of estimated parameters, a row per point and a column per dotted path: they join
        the points row by row, so that what is estimated together varies together.

    Raises
    ------
    ScenarioError
        If an option or factor is not valid, or both change one parameter.
    """
    base = scenario.to_dict()
    if rival:  # the path of its period has to be there in the base too
        base["events"] = [*base.get("events", []), copying(scenario, firm, rival, {})]
    plan: dict[str, Any] = {
        "title": f"What {firm} should do",
        "scenario": base,
        "factors": dict(factors),
        "design": {"kind": "latin_hypercube", "size": points, "seed": seed},
        "seeds": {"first": seed, "count": seeds},
        "strategies": {name: dict(option) for name, option in options.items()},
        "outputs": [f"{measure}.{firm}", f"share.{firm}", *_of_value(measure, firm)],
    }
    study = Study.from_dict(plan, name=f"decide-{scenario.name}")
    if drawn is not None and len(drawn.columns):
        table = study.points.join(drawn.reset_index(drop=True).iloc[:points])
        kept = ("path", "paths")
        plan["factors"] = {
            **{f.name: _moves(factors[f.name], kept) for f in study.factors},
            **{str(name): {} for name in drawn},
        }
        plan["design"] = {"kind": "list", "points": table.to_dict("records")}
        study = Study.from_dict(plan, name=study.name)
    _apart(study)
    return study


def _of_value(measure: str, firm: str) -> list[Any]:
    """Return what says what the firm earns beyond the run, where money is what it wants."""
    if measure != VALUES[0]:
        return []
    path = {"measure": "profit", "firms": [firm], "by": "period"}
    return [*(f"{name}.{firm}" for name in VALUES[1:]), path]


def _moves(given: Any, kept: tuple[str, ...]) -> dict[str, Any]:
    return {key: given[key] for key in kept if key in given} if isinstance(given, Mapping) else {}


def _apart(study: Study) -> None:
    """Refuse options that change what is uncertain: the point would undo the option."""
    moved = {move.path: factor.name for factor in study.factors for move in factor.moves}
    for name, option in study.strategies.items():
        for path in option:
            if path in moved:
                text = (
                    f"expected what the option changes to be certain, found {path} "
                    f"among the uncertainties too ({moved[path]})"
                )
                raise ScenarioError(Problem(Place("options"), (name,), text))
