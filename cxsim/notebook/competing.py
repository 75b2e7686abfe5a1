"""What the notebook on competition plays and shows: policies, survivors, ways, targeting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxsim.measures.equity import equity_changes
from cxsim.measures.statement import profit_statement
from cxsim.notebook.report import Report
from cxsim.plot.numbers import scale_for
from cxsim.runs import run
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.messages import Place, Problem, hint
from cxsim.study.statistics import mean_and_error
from cxsim.study.targeting import look_alike_lift, service_lift
from cxsim.study.tournament import Tournament

__all__ = [
    "accounts",
    "moves",
    "players_of",
    "show_survivors",
    "survivors",
    "targeted",
    "ways",
    "winner",
]

#: Where a firm's roadmap to one-to-one service begins and how long it takes, shares of the periods.
_BEGINS, _TAKES = 0.2, 0.2


def players_of(market: Scenario, player: str, rival: str) -> tuple[str, str]:
    """Return who plays: the firms named, else the first two of the market.

    Raises
    ------
    ScenarioError
        If a firm is not in the market, or both are one.
    """
    names = list(market.firms)
    first = player or next((name for name in names if name != rival), "")
    second = rival or next((name for name in names if name != first), "")
    for name in (first, second):
        if name not in names:
            text = f"expected a firm of {market.name}, found {name!r}{hint(name, names, listed=20)}"
            raise ScenarioError(Problem(Place("player and rival"), (), text))
    if first == second:
        text = f"expected another firm than {first!r}, found the same"
        raise ScenarioError(Problem(Place("rival"), (), text))
    return first, second


def moves(market: Scenario, players: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the policies that can be played in a market, by what they are called.

    Best responses are left out where the market has what they do not reckon with.
    """
    begin, take = (max(1, int(share * market.periods)) for share in (_BEGINS, _TAKES))
    goal = {"at": min(begin, market.periods - 1), "over": take}
    goal |= {"interaction": 0.8, "customization": 0.8}
    known: dict[str, dict[str, Any]] = {
        "stays as it is": {},
        "copies the leader": {"capability": "imitate"},
        "tries capabilities": {"capability": "adaptive"},
        "builds one-to-one": {"capability": {"name": "roadmap", "targets": [goal]}},
        "tries prices": {"pricing": "adaptive"},
        "best response": {"pricing": "best_response"},
    }
    found = {}
    for name, policy in known.items():
        try:
            market.override({f"firms.{player}.policy": policy for player in players})
        except ScenarioError:
            continue
        found[name] = policy
    return found


def winner(found: Tournament, currency: str) -> str:
    """Return in one sentence which policy earns most."""
    best, many = found.table.iloc[0], len(found.table)
    scale = scale_for("currency", np.array([best["value"]]))
    player, rival = found.players
    sure = [row.policy for row in found.table.iloc[1:].itertuples() if row.behind_lower > 0]
    more = "most" if len(sure) == many - 1 else "most on average"
    return (
        f"{player} earns {more} if it {_verb(best['policy'])}: {scale.text(best['value'])} "
        f"{currency}, averaged over what {rival} may play. It is the best answer to "
        f"{best['best_against']} of {rival}'s {many} policies."
    )


def beyond(found: Tournament, currency: str) -> str:
    """Return in words which policy is worth most with what follows the run; empty if not known."""
    player, table = found.players[0], found.table
    within, said = str(table.iloc[0]["policy"]), []
    for column, words in (
        ("perpetuity", "with the last year's profit for ever"),
        ("equity", "with customer equity at the end"),
    ):
        if column not in table or table[column].isna().all():
            continue
        top = table.loc[table[column].idxmax()]
        scale = scale_for("currency", np.array([top[column]]))
        which = "the same policy" if top["policy"] == within else repr(top["policy"])
        said.append(f"{words}, {which} earns most ({scale.text(top[column])} {currency})")
    return f"That is within the run. For {player}, {'; '.join(said)}." if said else ""


def _verb(policy: str) -> str:
    return "asks the best price of each period" if policy == "best response" else policy


def survivors(
    market: Scenario,
    policies: Mapping[str, Mapping[str, Any]],
    players: Sequence[str],
    seeds: Sequence[int],
) -> pd.DataFrame:
    """Return who is still there at the end, by what both players do.

    Returns
    -------
    DataFrame
        ``policy, firm, stays, seeds, cash, se, lowest_cash``: in how many of the seeds the firm
        sells in the last tenth of the periods; its cash at the end with the standard error, and
        the lowest, currency, means over seeds.
    """
    rows = []
    late = market.periods - max(1, market.periods // 10)
    for name, policy in policies.items():
        played = market.override({f"firms.{player}.policy": dict(policy) for player in players})
        frames = [run(played, seed=seed).firms for seed in seeds]
        for firm in market.firms:
            each = [frame[frame["firm"] == firm] for frame in frames]
            sells = [one.loc[one["period"] >= late, "purchases"].sum() > 0 for one in each]
            cash, se = mean_and_error(np.array([one["cash"].iloc[-1] for one in each]))
            rows.append(
                {
                    "policy": name,
                    "firm": firm,
                    "stays": sum(sells),
                    "seeds": len(sells),
                    "cash": float(cash),
                    "se": float(se),
                    "lowest_cash": np.mean([one["cash"].min() for one in each]),
                }
            )
    return pd.DataFrame(rows)


def show_survivors(report: Report, market: Scenario, stay: pd.DataFrame) -> Any:
    """Show cash at the end by policy and firm, and who left."""
    from IPython.display import display

    scale = scale_for("currency", stay["cash"].to_numpy())
    cells = [
        (
            f"{scale.bare(row.cash)} ({scale.bare(row.se)}) {scale.suffix}"
            if row.se >= 0.0
            else scale.text(row.cash)
        )
        + ("" if row.stays == row.seeds else f"; left in {row.seeds - row.stays} of {row.seeds}")
        for row in stay.itertuples()
    ]
    table = stay.assign(cell=cells).pivot(index="policy", columns="firm", values="cell")
    table = table.loc[list(dict.fromkeys(stay["policy"])), list(market.firms)]
    leavers = stay[stay["stays"] < stay["seeds"]].sort_values("stays", kind="stable")
    limits = any(firm.credit_limit is not None for firm in market.firms.values())
    if len(leavers):
        worst = leavers.iloc[0]
        gone = int(worst["seeds"] - worst["stays"])
        said = (
            f"{worst['firm']} leaves most often: in {gone} of {worst['seeds']} seeds where the "
            f"policy of both players is '{worst['policy']}'."
        )
    elif limits:
        said = "Nobody leaves, whatever the two play."
    else:
        said = "Nobody leaves: no firm of this market has a credit limit."
    display(report.say(said))
    return report.rows(
        table.rename_axis(index="both players", columns=None).reset_index(), first=40
    )


def ways(
    market: Scenario, policies: Mapping[str, Mapping[str, Any]], movers: Sequence[str], seed: int
) -> pd.DataFrame:
    """Return a run of firms for each policy that sets capabilities, one after the other."""
    frames = [
        run(market.override({f"firms.{name}.policy": dict(policy) for name in movers}), seed=seed)
        .firms.assign(policy=words)
        for words, policy in policies.items()
        if "pricing" not in policy
    ]  # fmt: skip
    made = pd.concat(frames, ignore_index=True)
    made.attrs.update(frames[0].attrs)
    return made


def accounts(report: Report, made: Any) -> None:
    """Show who takes customers from whom, where the money goes, and what customers are worth.

    Parameters
    ----------
    report : Report
    made : Run
    """
    from cxsim.plot import customer_flows, equity_causes, profit_waterfall

    firms = report.worded(made.firms)
    report.figure(customer_flows(report.worded(made.switching)), "flows")
    report.figure(profit_waterfall(report.worded(profit_statement(firms))), "waterfall")
    report.figure(equity_causes(report.worded(equity_changes(firms))), "equity")


def targeted(report: Report, market: Scenario, made: Any, *, seeds: int) -> None:
    """Show value tiers and what rules of targeting are worth; nothing where firms have none.

    Parameters
    ----------
    report : Report
    market : Scenario
    made : Run
        Its value tiers are shown.
    seeds : int
        Of the lifts, for each rule.
    """
    from IPython.display import Markdown, display

    from cxsim.plot import targeting_lift, value_tiers

    ranks = [name for name, firm in market.firms.items() if firm.value_tiers is not None]
    calls = [name for name, firm in market.firms.items() if firm.acquisition is not None]
    if ranks or calls:
        display(Markdown(_TARGETED))
    if ranks:
        report.figure(value_tiers(report.worded(made.frame("tiers"))), "tiers")
        lifts = service_lift(market, ranks[0], seeds=seeds)
        report.figure(targeting_lift(report.worded(lifts)), "service-lift")
    if calls:
        lifts = look_alike_lift(market, calls[0], seeds=seeds)
        report.figure(targeting_lift(report.worded(lifts)), "contact-lift")


_TARGETED = (
    "## Whom firms serve and contact first\n\nLift is what those chosen are truly worth over what "
    "all are worth who could have been: by lot, by the firm's books, by a model, and by an oracle "
    "that knows the truth. Shown for the first firm that chooses."
)
