"""Grades of a game: result, forecasts and reasons, by the weights of the game file.

A result is compared with what the same firm would have earned in the same markets had it held
still, and had a policy run it, over seeds that were not played: neither the seat nor luck counts,
and no rank does. Forecasts are compared with the value of the round before. Reasons are collected
and scored by whoever reads them (:func:`read_scores`). What is not known is blank, and named.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from classroom.game.debrief import forecasts
from classroom.game.decision import number_of
from classroom.game.ledger import GameError, State
from classroom.game.market import Results
from cxsim.messages import found, hint
from cxsim.study import half_width, mean_and_error

__all__ = ["grades", "read_scores"]

#: Scores of written reasons, 0 to 1, by team and member; the member is empty for a whole team.
Scores = Mapping[tuple[str, str], float]

#: What a team's result is compared with: kind of counterfactual and its column.
BENCHMARKS = {"still": "held_still", "policy": "policy"}


# --- rules ------------------------------------------------------------------------


def gain_score(own: float, benchmark: float, full_gain: float) -> float:
    """Return the marks of a result, 1/2 + (own - benchmark) / (2 full_gain |benchmark|), 0 to 1.

    Half for as much as the benchmark, all for ``full_gain`` more, none for as much less.

    Parameters
    ----------
    own, benchmark : float
        In the same unit.
    full_gain : float
        Relative gain that earns full marks.
    """
    if benchmark == 0.0 or not math.isfinite(own - benchmark):
        return math.nan
    score = 0.5 + (own - benchmark) / (2.0 * full_gain * abs(benchmark))
    return min(1.0, max(0.0, score))


def forecast_score(error: float, naive: float) -> float:
    """Return the marks of forecasts, naive / (naive + error): 1 without error, 1/2 if as naive.

    Parameters
    ----------
    error, naive : float
        Mean absolute errors of the forecasts and of the values of the round before.
    """
    if not math.isfinite(error + naive):
        return math.nan
    return 1.0 if error == 0.0 else naive / (naive + error)


# --- scores of reasons ------------------------------------------------------------


def read_scores(path: str | Path, state: State) -> dict[tuple[str, str], float]:
    """Return the scores of written reasons that a table holds.

    Parameters
    ----------
    path : str or Path
        CSV with the columns ``team, score`` and, if wanted, ``member``; scores from 0 to 100. A row
        without a member is for the whole team, and for members without a row of their own.
    state : State

    Returns
    -------
    dict of (str, str) to float
        Scores, 0 to 1, by team and member.

    Raises
    ------
    GameError
        If something is wrong with it, with file, line and column.
    """
    columns = ("team", "member", "score")
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            rows = [(reader.line_num, row) for row in reader if any(each.strip() for each in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else "something else"
        raise GameError(f"{path}: expected a table (CSV, UTF-8), found {why}") from None
    if not rows:
        raise GameError(f"{path}: expected columns {', '.join(columns)}, found none")
    first, head = rows[0][0], [each.strip() for each in rows[0][1]]
    for name in head:
        if name not in columns or head.count(name) > 1:
            what = f"{found(name)} twice" if name in columns else found(name)
            near = hint(name, columns, listed=0) if name not in columns else ""
            raise GameError(
                f"{path}:{first}: expected columns {', '.join(columns)}, found {what}{near}"
            )
    for name in ("team", "score"):
        if name not in head:
            raise GameError(f"{path}:{first}: {name}: expected a column of this name, found none")
    made: dict[tuple[str, str], float] = {}
    for line, row in rows[1:]:
        if len(row) != len(head):
            raise GameError(f"{path}:{line}: expected {len(head)} cells, found {len(row)}")
        given = dict(zip(head, (each.strip() for each in row), strict=True))
        team, member = given["team"], given.get("member", "")
        if team not in state.seats:
            near = hint(team, state.seats, listed=26)
            raise GameError(f"{path}:{line}: team: expected a team, found {found(team)}{near}")
        members = _members(state, team)
        if member and member not in members:
            near = hint(member, members, listed=30)
            what = f"expected a member of {team}, found {found(member)}{near}"
            raise GameError(f"{path}:{line}: member: {what}")
        if (team, member) in made:
            whose = f"{team}, {member}" if member else team
            raise GameError(f"{path}:{line}: expected one score for {whose}, found another one")
        score = number_of(given["score"])
        if score is None or not 0.0 <= score <= 100.0:
            what = f"expected a number from 0 to 100, found {found(given['score'])}"
            raise GameError(f"{path}:{line}: score: {what}")
        made[team, member] = score / 100.0
    return made


# --- grades -----------------------------------------------------------------------


def grades(
    state: State,
    results: Results,
    others: Sequence[Mapping[str, Mapping[str, float]]],
    scores: Scores | None = None,
) -> pd.DataFrame:
    """Return the grades of a game, a row for each team and each of its members.

    Parameters
    ----------
    state : State
        With a round closed.
    results : Results
        Of the seed played.
    others : sequence of mapping
        Values of other seeds, as :func:`classroom.game.debrief.values_of_seeds` returns them.
    scores : mapping, optional
        Of written reasons, as :func:`read_scores` returns them.

    Returns
    -------
    DataFrame
        ``team, member`` (empty: the team as a whole), ``firm, rounds, decided, held, by_policy``;
        ``own`` (mean over the seeds of the goal's measure) and for ``held_still`` and ``policy``
        the same, ``gain_...`` with ``..._lower, ..._upper`` (95 % confidence interval) and
        ``score_...``; ``share_error, share_naive, share_forecasts``, the same of ``profit``;
        ``result_score, forecast_score``, 0 to 1; ``reasons`` (how many) and ``reason_texts``;
        ``reasons_score``, 0 to 1, blank without one; the weights; ``points`` of the known parts,
        ``points_possible``, and ``missing``, which names the others.
    """
    told = forecasts(state, results)
    rows = []
    for team in state.seats:
        whole = {**_result(state, team, others), **_forecasts(told[told["team"] == team])}
        for member in ("", *_members(state, team)):
            row = {"team": team, "member": member, **_played(state, team, member), **whole}
            given = scores or {}
            row["reasons_score"] = given.get((team, member), given.get((team, ""), math.nan))
            rows.append({**row, **_points(state, row)})
    return pd.DataFrame(rows)


def _members(state: State, team: str) -> tuple[str, ...]:
    """Return the members of a team, listed or joined, in order."""
    return tuple(dict.fromkeys([*state.listed.get(team, ()), *state.members.get(team, ())]))


def _played(state: State, team: str, member: str) -> dict[str, Any]:
    """Return rounds and reasons of a team, or of the decisions that one member sent."""
    decided = {
        number: decision
        for (number, whose), decision in sorted(state.decisions.items())
        if whose == team and number <= state.played
    }
    own = {n: d for n, d in decided.items() if d.by == "team" and member in ("", d.member)}
    reasons = [f"{number}: {each.reason}" for number, each in own.items() if each.reason]
    return {
        "firm": state.seats[team],
        "rounds": state.played,
        "decided": len(own),
        "held": state.played - len(decided),
        "by_policy": sum(each.by == "policy" for each in decided.values()),
        "reasons": len(reasons),
        "reason_texts": " | ".join(reasons),
    }


def _result(
    state: State, team: str, others: Sequence[Mapping[str, Mapping[str, float]]]
) -> dict[str, Any]:
    """Return a team's result beside its benchmarks, over other seeds."""
    firm, full = state.seats[team], state.game.rules.grading.full_gain
    own = np.array([each["actual "][firm] for each in others])
    made: dict[str, Any] = {"seeds": len(others), "own": _mean(own)}
    scores = []
    for kind, name in BENCHMARKS.items():
        known = [f"{kind} {firm}" in each for each in others]
        there = bool(known) and all(known)
        values = np.array([each[f"{kind} {firm}"][firm] for each in others if there])
        mean = lower = upper = math.nan
        if there:
            mean, error = (float(each) for each in mean_and_error(own - values))
            half = float(half_width(np.asarray(error), len(others), 0.95))
            lower, upper = mean - half, mean + half
        score = gain_score(made["own"], _mean(values), full)
        scores.append(score)
        made |= {
            name: _mean(values), f"gain_{name}": mean, f"gain_{name}_lower": lower,
            f"gain_{name}_upper": upper, f"score_{name}": score,
        }  # fmt: skip
    return {**made, "result_score": _mean(np.array(scores))}


def _forecasts(told: pd.DataFrame) -> dict[str, Any]:
    """Return the errors of a team's forecasts beside naive ones, from the second round on."""
    made: dict[str, Any] = {}
    scores = []
    for name, forecast, value, naive in (
        ("share", "forecast", "share", "naive"),
        ("profit", "profit_forecast", "profit", "profit_naive"),
    ):
        part = told[told[forecast].notna() & told[naive].notna()]
        error, plain = (
            float((part[each] - part[value]).abs().mean()) for each in (forecast, naive)
        )
        scores.append(forecast_score(error, plain))
        made |= {f"{name}_forecasts": len(part), f"{name}_error": error, f"{name}_naive": plain}
    known = [score for score in scores if math.isfinite(score)]
    return {**made, "forecast_score": _mean(np.array(known))}


def _points(state: State, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the points of the parts that are known, and the names of the others."""
    rules = state.game.rules.grading
    parts = {
        "result": (rules.result, row["result_score"]),
        "forecasts": (rules.forecasts, row["forecast_score"]),
        "reasons": (rules.reasons, row["reasons_score"]),
    }
    known = {name: each for name, each in parts.items() if math.isfinite(each[1])}
    missing = []
    if "result" not in known:
        few = not row["seeds"]
        missing.append("result: no other seeds" if few else "result: no policy to compare with")
    if "forecasts" not in known:
        missing.append("forecasts: none from round 2 on")
    if "reasons" not in known:
        missing.append("reasons: to be read")
    return {
        "weight_result": rules.result,
        "weight_forecasts": rules.forecasts,
        "weight_reasons": rules.reasons,
        "points": math.fsum(weight * score for weight, score in known.values()),
        "points_possible": math.fsum(weight for weight, _ in known.values()),
        "missing": "; ".join(missing),
    }


def _mean(values: np.ndarray) -> float:
    """Return a mean; NaN of none."""
    return float(values.mean()) if len(values) else math.nan
