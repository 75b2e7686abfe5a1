"""The call that decides: from a scenario to a recommendation."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from cxsim.messages import Place, Problem, argument_hints, money, number, whole
from cxsim.model.core.capabilities import CAPABILITIES
from cxsim.numerics.statistics import half_width
from cxsim.runs.measures.measure_registry import measures
from cxsim.runs.measures.profit import VALUES
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.events import Overrides
from cxsim.strategy.decision import Decision
from cxsim.strategy.options import (
    always_uncertain,
    builds,
    copying,
    cost_factors,
    default_options,
    default_uncertainties,
    firm_of,
    given_uncertainties,
    goal_of,
    programme_changes,
    programme_terms,
    programmes_of,
    read_mapping,
    with_copy,
    with_moves,
    with_programmes,
    without_cost,
)
from cxsim.strategy.recommendation import market_facts, moved_capabilities, unstated_costs
from cxsim.study.paired_seeds import loaded, read_draws
from cxsim.study.study import Study
from cxsim.study.sweep import sweep
from cxsim.study.value_of_lead import money_of

# -- The call that decides: from a scenario to a recommendation --------------------------------


#: Name for a rival that is nobody.
NOBODY = "none"


def rival_of(
    scenario: Scenario, firm: str, rival: str, options: Mapping[str, Mapping[str, Any]]
) -> str:
    """Return the rival that copies the firm: the one named, none for ``"none"``, else the first.

    Unless it is named, a rival that builds capabilities of its own in an option copies nobody.

    Raises
    ------
    ScenarioError
        If there is no such firm.
    """
    if rival == NOBODY:
        return ""
    others = [name for name in scenario.firms if name != firm and not builds(name, options)]
    return firm_of(scenario, rival) if rival else (others[0] if others else "")


@argument_hints
def plan_decision(
    scenario: Scenario | str | Path,
    firm: str = "",
    *,
    options: Mapping[str, Any] | str | Path = "",
    uncertainties: Mapping[str, Any] | str | Path = "",
    rival: str = "",
    measure: str = "",
    points: int = 48,
    seeds: int = 3,
    overrides: Overrides = (),
    draws: Any = None,
    seed: int = 0,
) -> Study:
    """Return the study that :func:`decide` runs; its arguments are those.

    A cost of the firm that nobody stated joins what is uncertain, and so do the ranges that the
    scenario itself states (``uncertain``), whatever uncertainties are given.

    Raises
    ------
    ScenarioError
        If the scenario, an option or an uncertainty is not valid.
    ValueError
        If draws are not right, or fewer than points.
    """
    points, seeds = whole(points, "points", low=1), whole(seeds, "seeds", low=1)
    seed = whole(seed, "seed", low=0)
    drawn = read_draws(draws, count=points)
    if drawn is not None and len(drawn) < points:
        raise ValueError(
            f"draws: expected a row for each of {points} points, found {len(drawn)} "
            f"(points={len(drawn)} takes each once)"
        )
    market = loaded(scenario, overrides)
    firm = firm_of(market, firm)
    measure = goal_of(market, measure, firm)
    chosen = read_mapping(options, "options") if options else default_options(market, firm)
    planned = with_programmes(firm, with_moves(market, firm, chosen))
    copier = rival_of(market, firm, rival, planned)
    if uncertainties:
        factors = given_uncertainties(market, read_mapping(uncertainties, "uncertainties"))
    else:
        known = tuple(map(str, drawn)) if drawn is not None else ()
        factors = default_uncertainties(market, firm, copier, drawn=known)
    choices = with_copy(market, firm, copier, planned)
    estimated = tuple(map(str, drawn)) if drawn is not None else ()
    factors = always_uncertain(market, factors, choices, drawn=estimated)

    plan = partial(
        study_of, firm=firm, rival=copier, options=choices,
        measure=measure, points=points, seeds=seeds, seed=seed, drawn=drawn,
    )  # fmt: skip
    study = plan(market, factors=factors)
    if not _unit(market, measure):
        return study  # costs do not count
    missing = unstated_costs(study, firm)
    costs = cost_factors(market, missing)
    places = (each.path.removesuffix(".fixed") for each in missing)
    prices: dict[str, Any] = {path: {} for path in places if ".capability_costs." in path}
    return plan(market.override(prices), factors={**factors, **costs}) if costs else study


def decide(
    scenario: Scenario | str | Path,
    firm: str = "",
    *,
    confidence: float = 0.95,
    assumed: pd.DataFrame | None = None,
    store: str | Path | None = None,
    executor: Executor | str | None = "inline",
    jobs: int | None = None,
    progress: Callable[[Any], None] | None = None,
    **planned: Any,
) -> Decision:
    """Run every option of a firm under what it does not know, and say what that advises.

    Parameters
    ----------
    scenario : Scenario, str or Path
    firm : str
        Who decides; default: the firm of the scenario's perspective, or the first.
    confidence : float
        Of all intervals.
    assumed : DataFrame, optional
        What the scenario holds that was assumed rather than known, as
        :func:`~cxsim.strategy.options.with_assumptions` returns.
    store : str or Path, optional
        Folder that keeps the runs, as a study's; default: none is kept.
    executor, jobs, progress
        As in :func:`cxsim.study.sweep.sweep`; by default runs are made in this process.
    **planned
        ``options``, ``uncertainties`` : mapping, YAML file or YAML in a text
            Overrides by option, of which ``programmes`` are programmes of the firm by name, and
            ``moves`` those of the menu (:func:`cxsim.strategy.options.with_moves`);
            and factors as in a study file; defaults from
            :func:`~cxsim.strategy.options.default_options` and
            :func:`~cxsim.strategy.options.default_uncertainties`.
        ``rival`` : str
            Who copies the firm at an uncertain time; default the first other firm,
            ``"none"`` for nobody.
        ``measure`` : str
            What the firm wants more of; default the goal of the scenario's perspective, or
            ``net_present_value``.
        ``points``, ``seeds`` : int
            Futures (48) and paired seeds of each (3).
        ``overrides``
            Other values for the scenario.
        ``draws`` : DataFrame, str, Path, Calibration or MomentMatch
            Draws of estimated parameters, of which the first ``points`` are taken: a column per
            dotted path, a row per draw; a file of them; or a calibration that has some. The
            decision then separates their uncertainty from chance
            (:attr:`~cxsim.strategy.decision.Decision.uncertainty`).
        ``seed`` : int
            Of points and first run.

    Returns
    -------
    Decision

    Raises
    ------
    ScenarioError
        If the scenario, an option or an uncertainty is not valid.
    ValueError
        If runs failed at every point.

    Examples
    --------
    >>> import cxsim as cx
    >>> small = cx.load("baseline", {"customers": 100, "periods": 12})
    >>> result = cx.decide(small, "Mass", points=8, seeds=2)
    >>> len(result.options) > 2
    True
    """
    confidence = number(confidence, "confidence", low=0, high=1, strict=True)
    study = plan_decision(scenario, firm, **planned)
    with tempfile.TemporaryDirectory() as folder:
        done = sweep(study, store=store or folder, executor=executor, jobs=jobs, progress=progress)
        frame = done.frame
    drawn = read_draws(planned.get("draws"), count=whole(planned.get("points", 2), "points"))
    made = made_of(
        study, frame, confidence, () if assumed is None else tuple(assumed["path"]),
        () if drawn is None else tuple(drawn.columns),
    )  # fmt: skip
    named = {"firm": firm, "goal": planned.get("measure"), "options": planned.get("options"),
             "uncertain inputs": planned.get("uncertainties")}  # fmt: skip
    made.facts["by_default"] = [what for what, given in named.items() if not given]
    return made


def made_of(
    study: Study,
    frame: pd.DataFrame,
    confidence: float,
    assumed: Sequence[str] = (),
    drawn: Sequence[str] = (),
) -> Decision:
    """Return the decision of a study of :func:`plan_decision` and its runs."""
    assert study.base is not None
    measure, firm = study.outputs[0].measure, study.outputs[0].firms[0]
    beyond = _beyond_budget(study.base, firm, frame, confidence)
    within = [name for name in study.strategies if name not in beyond]
    if len(within) < 2:
        lost = ", ".join(f"{name} ({money(mean)})" for name, (mean, _) in beyond.items())
        raise ValueError(
            f"options: expected two or more within the budget of {firm} "
            f"(firms.{firm}.objective.budget), found {len(within)}; mean profit per period of the "
            f"others: {lost}"
        )
    frame = frame[frame["strategy"].isin(within)].reset_index(drop=True) if beyond else frame
    facts = {
        "firm": firm,
        "output": f"{measure}.{firm}",
        "unit": _unit(study.base, measure),
        "confidence": confidence,
        "options": within,
        "factors": [factor.name for factor in study.factors],
        "study": study.to_dict(),
        "market": market_facts(study, firm),
        "unstated": _unstated(study, firm, measure),
        "unpriced": _unpriced(study, firm, measure),
        "programmes": _programmes(study, firm),
        "assumed": _costs_among(study.base, firm, assumed),
        "money": money_of(study.base),
        "drawn": list(drawn),
        "beyond_budget": beyond,
    }
    return Decision(frame, facts)


def _unstated(study: Study, firm: str, measure: str) -> list[str]:
    """Return items without a stated cost: they have a range in its place, or a cost of zero."""
    assert study.base is not None
    if not _unit(study.base, measure):
        return []
    ranged = without_cost(factor.name for factor in study.factors)
    return list(dict.fromkeys([*ranged, *(each.free for each in unstated_costs(study, firm))]))


def _unpriced(study: Study, firm: str, measure: str) -> dict[str, list[str]]:
    """Return capabilities without a stated price, by the option that changes them."""
    missing = set(_unstated(study, firm, measure))
    found = {
        option: [name for name in names if CAPABILITIES[name].replace("_", " ") in missing]
        for option, names in moved_capabilities(study, firm).items()
    }
    return {option: names for option, names in found.items() if names}


def _programmes(study: Study, firm: str) -> dict[str, dict[str, str]]:
    """Return what each option's programmes change and cost, in words."""
    assert study.base is not None
    base = programmes_of(study.base, firm)
    return {
        option: {
            name: f"{programme_changes(each)}; {programme_terms(each, study.base)}"
            for name, each in programmes_of(study.base, firm, changes).items()
            if each != base.get(name)
        }
        for option, changes in study.strategies.items()
    }


def _costs_among(scenario: Scenario, firm: str, paths: Sequence[str]) -> list[str]:
    """Return items of the firm with an assumed cost."""
    firms = scenario.schema.spec("firm").fields or {}
    found = []
    for path in paths:
        level, _, rest = path.partition(".")
        name, _, key = rest.partition(".")
        spec = firms.get(key) if level == "firms" and name == firm else None
        if spec is not None and spec.ask is not None and spec.ask.free:
            found.append(spec.ask.free)
    return found


def _unit(scenario: Scenario, measure: str) -> str:
    units = {each.name: each.unit for each in measures("firm", scenario.mechanisms)}
    return str(scenario.currency) if units.get(measure, "").startswith("currency") else ""


# -- The study behind a decision: options as strategies, uncertain inputs as its points --------


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
        Overrides by name, as :func:`cxsim.strategy.options.with_copy` returns.
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
        "title": f"Recommended strategy for {firm}",
        "scenario": base,
        "factors": dict(factors),
        "design": {"kind": "latin_hypercube", "size": points, "seed": seed},
        "seeds": {"first": seed, "count": seeds},
        "strategies": {name: dict(option) for name, option in options.items()},
        "outputs": list(
            dict.fromkeys([f"{measure}.{firm}", f"market_share.{firm}", *of_budget(scenario, firm)])
        )
        + _of_value(measure, firm),
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


def of_budget(scenario: Scenario, firm: str) -> list[str]:
    """Return the output that says whether a firm with an objective keeps within its budget."""
    return [f"profit.{firm}"] if scenario.firms[firm].objective else []


def _beyond_budget(
    base: Scenario, firm: str, frame: pd.DataFrame, confidence: float
) -> dict[str, tuple[float, float]]:
    """Return options whose mean profit per period is a loss beyond the firm's budget.

    With that profit, and the half-width of its interval over futures.
    """
    if not of_budget(base, firm):
        return {}
    profits = frame.groupby(["strategy", "point"], sort=False)[f"profit.{firm}"].mean()
    least = -base.firms[firm].objective.budget
    return {
        str(name): (float(each.mean()), float(half_width(each.sem(), len(each), confidence)))
        for name, each in (profits / base.periods).groupby(level="strategy", sort=False)
        if each.mean() < least
    }


def _of_value(measure: str, firm: str) -> list[Any]:
    """Return the outputs of profit beyond the run, if the firm's objective is money."""
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
