"""What a game teaches: what would have been with other decisions, forecasts, and what was hidden.

A counterfactual is exact for the seed that was played: the same customers and the same random
events, with other decisions of one firm. The other teams' decisions are held as they were;
firms run by policies answer. Beside it stand other seeds, paired: only they say what holds in
markets like this one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from classroom.game.drawing import Looks, interval_mark
from classroom.game.game_file import Game
from classroom.game.ledger import Founded, Ledger, State
from classroom.game.market import SEEDS, Market, Results
from classroom.game.views import frame_of_results, shown
from cxsim import __version__
from cxsim.files import file_name
from cxsim.messages import cells
from cxsim.runs import firm_measures
from cxsim.study import half_width, mean_and_error

__all__ = [
    "SEEDS", "Case", "cases", "debrief_frames", "debrief_view", "effects", "seeded_values",
    "worth_of_decisions",
]  # fmt: skip

#: Relative change of the price in two of the counterfactuals.
_PRICE = 0.05

#: What was hidden from teams and is shown at the end, where a market has it.
_HIDDEN = (
    "retention_rate", "customer_knowledge", "fit_gap", "switching_cost", "performance",
    "perception_gap", "customer_lifetime_value_present", "customer_equity",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Decisions that were not taken.

    Attributes
    ----------
    kind : str
        ``actual``, ``still``, ``policy`` (the game's benchmark runs the firm), ``copied``,
        ``lower``, ``higher`` or ``nobody``.
    firm : str
        Whose decisions are others; empty for all or none.
    moves : dict of (int, str) to dict
        Values by round and firm; those of round 0 are always the ones that were chosen.
    policies : dict of str to dict
        Policies in place of teams, by firm.
    """

    kind: str
    firm: str
    moves: Mapping[tuple[int, str], Mapping[str, Any]]
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


# -- Decisions that were not taken -------------------------------------------------------------


def cases(state: State, results: Results) -> tuple[Case, ...]:
    """Return the counterfactuals of a game, the actual decisions first.

    Parameters
    ----------
    state : State
    results : Results
        Of the rounds played.
    """
    actual = {key: dict(values) for key, values in state.moves().items() if key[0] <= state.played}
    made = [Case("actual", "", actual)]
    for firm in state.seats.values():
        others = {key: values for key, values in actual.items() if key[1] != firm or key[0] == 0}
        made.append(Case("still", firm, others))
        if state.game.benchmark is not None:
            made.append(Case("policy", firm, others, {firm: state.game.benchmark}))
        made.append(Case("copied", firm, {**others, **_copied(state, results, firm)}))
        if "price" in state.game.fields:
            for kind, factor in (("lower", 1.0 - _PRICE), ("higher", 1.0 + _PRICE)):
                made.append(Case(kind, firm, {**actual, **_priced(state, firm, factor)}))
    made.append(Case("nobody", "", dict(state.foundings())))
    return tuple(made)


def _priced(state: State, firm: str, factor: float) -> dict[tuple[int, str], dict[str, float]]:
    """Return a firm's decisions with every price multiplied by a factor."""
    (team,) = (team for team, seat in state.seats.items() if seat == firm)
    made = {}
    for number in range(1, state.played + 1):
        values = dict(state.standing(number)[team])
        values["price"] *= factor
        made[number, firm] = values
    return made


def _copied(state: State, results: Results, firm: str) -> dict[tuple[int, str], dict[str, float]]:
    """Return a firm's decisions had it copied, each round, the best rival of the round before.

    Best by profit. Values that are not public are those decided, or those of the start for a
    firm that a policy runs. Copies keep to bounds, steps and largest changes of the game.
    """
    game = state.game
    now = dict(game.start[firm])
    made: dict[tuple[int, str], dict[str, float]] = {}
    profit = results.firms.assign(round=results.firms["period"] // game.per_round + 1)
    earned = profit.groupby(["round", "firm"])["profit"].sum()
    for number in range(2, state.played + 1):
        before = earned[number - 1].drop(firm)
        best = str(before.idxmax())
        seen = _seen(state, results, best, number - 1)
        now = {name: _reached(game, name, now[name], seen[name]) for name in now}
        made[number, firm] = now
    return made


def _seen(state: State, results: Results, firm: str, number: int) -> dict[str, float]:
    """Return the values of a firm's fields at the end of a round."""
    game = state.game
    teams = {seat: team for team, seat in state.seats.items()}
    last = number * game.per_round - 1
    rows = results.public[(results.public["firm"] == firm) & (results.public["period"] == last)]
    made = {}
    for name in game.fields:
        if firm in teams:
            made[name] = state.standing(number)[teams[firm]][name]
        elif name in rows:
            made[name] = float(rows[name].iloc[0])
        else:
            value = game.scenario.value(f"firms.{firm}.{name}")
            made[name] = float(value) if value is not None else float("nan")
    return made


def _reached(game: Game, name: str, now: float, wanted: float) -> float:
    """Return the value next to the one wanted that a decision of a round could reach."""
    field = game.fields[name]
    if not np.isfinite(wanted):
        return now
    low, high = field.low, field.high
    if "change" in field.model_fields_set:
        low, high = max(low, now - field.change), min(high, now + field.change)
    steps = round((min(max(wanted, low), high) - field.low) / field.step)
    return float(round(min(field.low + steps * field.step, field.high), 10))


# -- What they would have led to ---------------------------------------------------------------


def seeded_values(state: State, market: Market, seed: int) -> dict[str, dict[str, float]]:
    """Return the goal's measure at the end, by case and firm, for one seed.

    Parameters
    ----------
    state : State
    market : Market
    seed : int

    Returns
    -------
    dict of str to dict
        By ``"KIND FIRM"``, then by firm; in the unit of the measure.
    """
    played = market.of(state)
    assert played is not None
    measure = state.game.rules.goal.measure
    made = {}
    for case in cases(state, played):
        results = market.results(case.moves, state.played, seed=seed, policies=case.policies)
        last = results.firms.groupby("firm", sort=False)[measure].last()
        made[f"{case.kind} {case.firm}"] = {str(k): float(v) for k, v in last.items()}
    return made


def effects(
    state: State,
    values: Mapping[str, Mapping[str, float]],
    others: Sequence[Mapping[str, Mapping[str, float]]] = (),
) -> pd.DataFrame:
    """Return what each team would have reached with other decisions.

    Parameters
    ----------
    state : State
    values : mapping
        Of the seed played, as :func:`seeded_values` returns them.
    others : sequence of mapping
        Of other seeds.

    Returns
    -------
    DataFrame
        ``team, firm, case, of`` (whose decisions are others), ``actual``, ``value`` (it would
        have been), ``difference``; over the other seeds ``mean``, ``lower``, ``upper`` of the
        difference (95 % confidence interval) and ``seeds``; ``luck``, the standard deviation of
        what the same decisions led to. In the unit of the goal's measure.
    """
    rows = []
    for team, firm in state.seats.items():
        for key in sorted(values, key=lambda key: _order(key, firm)):
            kind, _, whose = key.partition(" ")
            if kind == "actual" or (whose not in ("", firm) and kind != "still"):
                continue
            each = np.array([other[key][firm] - other["actual "][firm] for other in others])
            mean, error = mean_and_error(each) if len(each) else (np.nan, np.nan)
            luck = np.array([other["actual "][firm] for other in others])
            half = half_width(np.asarray(error), len(each), 0.95) if len(each) else np.nan
            actual, value = values["actual "][firm], values[key][firm]
            rows.append(
                {
                    "team": team, "firm": firm, "case": kind, "of": whose, "actual": actual,
                    "value": value, "difference": value - actual, "mean": float(mean),
                    "lower": float(mean - half), "upper": float(mean + half), "seeds": len(each),
                    "luck": float(luck.std(ddof=1)) if len(each) > 1 else np.nan,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _order(key: str, firm: str) -> tuple[bool, bool]:
    """Sorts a firm's own other decisions before its rivals', and what concerns all last."""
    kind, _, whose = key.partition(" ")
    return kind == "nobody", whose != firm


def _words(kind: str, of: str, firm: str) -> str:
    """Return a counterfactual in words."""
    if kind == "still":
        return "had you held still" if of == firm else f"had {of} held still"
    return {
        "policy": "had a policy run your firm",
        "copied": "had you copied the most profitable rival, a round late",
        "lower": f"had all your prices been {_PRICE:.0%} lower".replace("%", " %"),
        "higher": f"had all your prices been {_PRICE:.0%} higher".replace("%", " %"),
        "nobody": "had no team moved",
    }[kind]


def values_of_seeds(
    ledger: Ledger, count: int = SEEDS, *, progress: Callable[[], None] | None = None
) -> list[dict[str, dict[str, float]]]:
    """Return the values of other seeds, and keep them in the file of the ledger.

    What was computed before for the same events is not computed again.

    Parameters
    ----------
    ledger : Ledger
        With a round closed.
    count : int
        Number of seeds.
    progress : callable, optional
        Called after every seed.
    """
    state = ledger.state
    market = Market(state.game)
    made = []
    for seed in other_seeds(state, count):
        name = f"case values {seed} {state.number} {__version__}"
        values = ledger.kept(name)
        if values is None:
            values = seeded_values(state, market, seed)
            ledger.keep(name, values)
        made.append(values)
        if progress is not None:
            progress()
    return made


def other_seeds(state: State, count: int = SEEDS) -> list[int]:
    """Return the seeds that stand beside the one that was played.

    Parameters
    ----------
    state : State
    count : int
    """
    return [state.seed + 1 + k for k in range(count)]


# -- Forecasts and frames ----------------------------------------------------------------------


def forecasts(state: State, results: Results) -> pd.DataFrame:
    """Return forecasts of own market share and profit beside what came, and beside the last.

    Parameters
    ----------
    state : State
    results : Results

    Returns
    -------
    DataFrame
        ``round, team, firm``; ``forecast, share, naive`` (the share of the round before, NaN in
        the first), shares of purchases; ``profit_forecast, profit, profit_naive``, currency; NaN
        where nothing was forecast. A row for each decision with a forecast.
    """
    rounds = results.firms["period"] // state.game.per_round + 1
    by = results.firms.groupby([rounds, "firm"])
    share, profit = by["market_share"].mean(), by["profit"].sum()
    rows = []
    for (number, team), decision in sorted(state.decisions.items()):
        asked = (decision.forecast, decision.forecast_profit)
        if number > state.played or asked == (None, None):
            continue
        firm = state.seats[team]
        now, before = (number, firm), (number - 1, firm)
        rows.append(
            {
                "round": number, "team": team, "firm": firm,
                "forecast": decision.forecast, "share": float(share[now]),
                "naive": float(share[before]) if number > 1 else np.nan,
                "profit_forecast": decision.forecast_profit, "profit": float(profit[now]),
                "profit_naive": float(profit[before]) if number > 1 else np.nan,
            }
        )  # fmt: skip
    columns = ["round", "team", "firm", "forecast", "share", "naive",
               "profit_forecast", "profit", "profit_naive"]  # fmt: skip
    made = pd.DataFrame(rows, columns=columns)
    return made.astype(dict.fromkeys(columns[3:], float))


def decisions(state: State) -> pd.DataFrame:
    """Return what every team decided, a row for each round and team.

    Parameters
    ----------
    state : State

    Returns
    -------
    DataFrame
        ``round, team, firm, held`` (no decision was made), ``by`` (``team``, ``policy`` or
        nobody) and ``member``, a column for each field, ``reason, forecast, forecast_profit, at``.
    """
    rows = []
    for number in range(1, state.played + 1):
        standing = state.standing(number)
        for team, firm in state.seats.items():
            decision = state.decisions.get((number, team))
            rows.append(
                {
                    "round": number, "team": team, "firm": firm, "held": decision is None,
                    "by": decision.by if decision else "",
                    "member": decision.member if decision else "",
                    **standing[team], "reason": decision.reason if decision else "",
                    "forecast": decision.forecast if decision else None,
                    "forecast_profit": decision.forecast_profit if decision else None,
                    "at": decision.at if decision else "",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def foundings(state: State) -> pd.DataFrame:
    """Return what every team decided before the first round.

    Parameters
    ----------
    state : State

    Returns
    -------
    DataFrame
        ``team, firm, name, choice, strategy, member``; empty where nothing was decided.
    """
    columns = ["team", "firm", "name", "choice", "strategy", "member"]
    none = Founded()
    rows = [
        (team, firm, each.name, each.choice, each.strategy, each.member)
        for team, firm in state.seats.items()
        for each in [state.founded.get(team, none)]
    ]
    return pd.DataFrame(rows, columns=columns)


def debrief_frames(
    state: State,
    market: Market,
    others: Sequence[Mapping[str, Mapping[str, float]]] = (),
) -> dict[str, pd.DataFrame]:
    """Return everything about a game as frames.

    Parameters
    ----------
    state : State
        With a round closed.
    market : Market
    others : sequence of mapping
        Values of other seeds, as :func:`values_of_seeds` returns them.

    Returns
    -------
    dict of str to DataFrame
        ``decisions``, ``results`` (all measures by period and firm), ``counterfactuals``,
        ``forecasts``, in a game with a founding ``foundings`` and, in a market with a journey,
        ``touchpoints``.
    """
    results = market.of(state)
    assert results is not None
    values = seeded_values(state, market, state.seed)
    made = {
        "decisions": decisions(state),
        "results": frame_of_results(state, results),
        "counterfactuals": effects(state, values, others),
        "forecasts": forecasts(state, results),
    }
    if state.game.rules.founding is not None:
        made["foundings"] = foundings(state)
    if results.touchpoints is not None:
        made["touchpoints"] = results.touchpoints
    return made


def worth_of_decisions(state: State, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what decisions were worth beside holding still and beside a policy in the seat.

    Parameters
    ----------
    state : State
    frames : mapping of str to DataFrame
        As :func:`debrief_frames` returns them.

    Returns
    -------
    DataFrame
        ``scenario`` (what decisions are compared with), ``measure``, ``label``, ``unit``, ``firm``
        (the team), ``difference, lower, upper`` (95 % confidence interval over other seeds),
        as :func:`cxsim.plot.scenario_differences` draws them; where no other seeds were computed,
        the difference of the seed played and no interval.
    """
    goal = next(
        each for each in firm_measures(state.game.scenario)
        if each.name == state.game.rules.goal.measure
    )  # fmt: skip
    words = {"still": "holding still", "policy": "a policy"}
    made = frames["counterfactuals"]
    made = made[made["case"].isin(list(words)) & (made["of"] == made["firm"])]
    mean = made["mean"].where(made["seeds"] > 0, made["difference"])
    table = pd.DataFrame(
        {
            "scenario": made["case"].map(words), "measure": goal.name, "label": goal.label,
            "unit": goal.unit, "firm": made["team"],
            "difference": 0.0 - mean, "lower": 0.0 - made["upper"], "upper": 0.0 - made["lower"],
        }
    )  # fmt: skip
    table.attrs.update(frames["results"].attrs)
    return table.reset_index(drop=True)


# -- The page ----------------------------------------------------------------------------------


def debrief_view(state: State, frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return what the page of the debrief shows, as plain data.

    Parameters
    ----------
    state : State
    frames : mapping of str to DataFrame
        As :func:`debrief_frames` returns them.
    """
    game, names = state.game, state.names
    looks = Looks(tuple(names.values()))
    goal = next(
        each for each in firm_measures(game.scenario) if each.name == game.rules.goal.measure
    )
    results = frames["results"]
    last = results[results["period"] == results["period"].max()].set_index("firm")
    counterfactuals = frames["counterfactuals"]
    seeds = int(counterfactuals["seeds"].max()) if len(counterfactuals) else 0
    team_of = {firm: team for team, firm in state.seats.items()}
    ranking = last[goal.name].sort_values(ascending=False, kind="stable")
    return {
        "title": game.rules.title,
        "goal": {
            "label": goal.label, "unit": game.unit(goal.unit),
            "text": game.rules.goal.text, "definition": goal.definition,
        },
        "rounds": state.played,
        "seeds": seeds,
        "seed": state.seed,
        "standing": [
            {
                "firm": names[firm], "team": team_of.get(firm, "computer"),
                "value": shown(float(value), "currency"),
                "share": shown(float(last["market_share"][firm]), "share"), **looks.of(names[firm]),
            }
            for firm, value in ranking.items()
        ],
        "teams": [
            {
                "team": team, "firm": names[firm], **looks.of(names[firm]),
                "rows": _effect_rows(part, firm, names),
                "luck": shown(float(part["luck"].iloc[0]), "amount") if seeds > 1 else "",
            }
            for (team, firm), part in counterfactuals.groupby(["team", "firm"], sort=False)
        ],
        "glance": _glance(state, counterfactuals, looks),
        "forecasts": _forecast_rows(frames["forecasts"]),
        "foundings": [
            {**row, "firm": names[row["firm"]]}
            for row in foundings(state).to_dict("records")
            if row["strategy"] or row["choice"]
        ],
        "beliefs": _belief_rows(frames.get("touchpoints"), names, team_of),
        "firms": [{"firm": name, **looks.of(name)} for name in names.values()],
        "drawn": [{"path": path, "value": f"{v:.4g}"} for path, v in state.hidden.items()],
        "hidden": _hidden_rows(game, last),
        "labels": list(game.labels.values()),
        "decisions": [
            {
                "round": int(row["round"]), "team": row["team"], "held": bool(row["held"]),
                "by": row["by"], "member": row["member"],
                "values": [f"{row[name]:g}" for name in game.fields], "reason": row["reason"],
            }
            for row in frames["decisions"].to_dict("records")
        ],
    }  # fmt: skip


#: Counterfactuals in the overview of all teams, with their headings.
_GLANCE = {
    "still": "had it held still",
    "policy": "had a policy run the firm",
    "nobody": "had no team moved",
}


def _glance(state: State, frame: pd.DataFrame, looks: Looks) -> dict[str, Any]:
    """Return a row for each team with what the main counterfactuals would have changed."""
    kinds = [kind for kind in _GLANCE if kind in set(frame["case"])]
    rows = []
    for (team, firm), part in frame.groupby(["team", "firm"], sort=False):
        name = state.names[firm]
        own = part[part["of"].isin(["", firm])].set_index("case")
        cells = [
            {
                "difference": _signed(float(own["difference"][kind])),
                "interval": _interval(own.loc[kind]) if own["seeds"][kind] > 1 else "",
            }
            for kind in kinds
        ]
        value = shown(float(part["actual"].iloc[0]), "currency")
        rows.append({"team": team, "firm": name, "value": value, "cells": cells, **looks.of(name)})
    return {"labels": [_GLANCE[kind] for kind in kinds], "rows": rows}


def _interval(row: Any) -> str:
    """Return a mean difference over other seeds with its interval, in words."""
    ends = f"{shown(row['lower'], 'amount')} to {shown(row['upper'], 'amount')}"
    return f"{_signed(row['mean'])} ({ends})"


def _effect_rows(part: pd.DataFrame, firm: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    reach = part[["difference", "lower", "upper"]].abs().max().max()
    span = float(reach) if np.isfinite(reach) and reach > 0 else 1.0
    rows = []
    for row in part.itertuples(index=False):
        interval = _interval(row._asdict()) if row.seeds > 1 else ""
        rows.append(
            {
                "words": _words(row.case, names.get(row.of, ""), names[firm]),
                "value": shown(row.value, "currency"),
                "difference": _signed(row.difference),
                "interval": interval,
                "mark": interval_mark(row.difference, row.mean, row.lower, row.upper, span),
            }
        )
    return rows


def _signed(value: float) -> str:
    text = shown(round(value), "amount")
    return f"+{text}" if round(value) > 0 else text


def _forecast_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for team, part in frame[frame["forecast"].notna()].groupby("team", sort=False):
        later = part[part["naive"].notna()]
        rows.append(
            {
                "team": team,
                "count": len(part),
                "error": _points((part["forecast"] - part["share"]).abs().mean()),
                "naive": _points((later["naive"] - later["share"]).abs().mean()),
                "late": _points((later["forecast"] - later["share"]).abs().mean()),
            }
        )
    return rows


def _points(value: float) -> str:
    return f"{100 * value:.1f} points" if np.isfinite(value) else "–"


def _belief_rows(
    touchpoints: pd.DataFrame | None, names: Mapping[str, str], team_of: Mapping[str, str]
) -> list[dict[str, Any]]:
    if touchpoints is None:
        return []
    last = touchpoints[touchpoints["period"] == touchpoints["period"].max()]
    return [
        {
            "firm": names[row.firm], "touchpoint": row.touchpoint,
            "perceived": shown(row.perceived_performance),
            "true": shown(row.underlying_performance),
            "gap": shown(row.perceived_performance - row.underlying_performance),
        }
        for row in last.itertuples(index=False)
        if row.firm in team_of
    ]  # fmt: skip


def _hidden_rows(game: Game, last: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "label": each.label,
            "unit": game.unit(each.unit),
            "definition": each.definition,
            "cells": [shown(float(last[each.name][f]), each.unit) for f in game.scenario.firms],
        }
        for each in firm_measures(game.scenario)
        if each.name in _HIDDEN
    ]


def write_tables(frames: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write frames to a folder as CSV.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        By name of the file, without its ending.
    folder : Path
    """
    for name, frame in frames.items():
        cells(frame).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def export(
    ledger: Ledger,
    folder: Path,
    others: Sequence[Mapping[str, Mapping[str, float]]] = (),
    *,
    render: Callable[..., str],
) -> None:
    """Write a game to a folder: frames as CSV, events as JSON, a scenario, and the debrief.

    There is a page for the class, ``debrief.html``, and one for each team.

    The scenario holds all decisions as events: with the seed of the game its run is the game.

    Parameters
    ----------
    ledger : Ledger
    folder : Path
        One that is there and empty.
    others : sequence of mapping
        Values of other seeds.
    render : callable
        Returns a page as one file, of the view and of a team; without a team that of the class.
    """
    state = ledger.state
    events = [
        {"id": e.number, "at": e.at, "kind": e.kind, "round": e.round, "team": e.team, "by": e.by,
         "body": e.body}
        for e in ledger.events
    ]  # fmt: skip
    text = json.dumps(events, indent=1, ensure_ascii=False)
    (folder / "events.json").write_text(text + "\n", encoding="utf-8")
    if not state.played:
        return
    market = Market(state.game)
    frames = debrief_frames(state, market, others)
    write_tables(frames, folder)
    market.scenario(state.moves(), state.played).save(folder / "scenario.yaml")
    view = debrief_view(state, frames)
    (folder / "debrief.html").write_text(render(view), encoding="utf-8")
    for team in state.seats:
        name = file_name(f"debrief-{team}")
        (folder / f"{name}.html").write_text(render(view, team), encoding="utf-8")


if __name__ == "__main__":  # a process of its own, so that a server stays quick
    values_of_seeds(Ledger(sys.argv[1]), int(sys.argv[2]))
