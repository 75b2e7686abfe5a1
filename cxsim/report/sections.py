"""The section of a notebook on what customers live through and what firms make of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from cxsim.charts.labels import Scale, Words, scale_for
from cxsim.messages import Place, Problem, hint
from cxsim.numerics.statistics import mean_and_error
from cxsim.report.brief_answers import output_unit, output_words, path_words, unit_words
from cxsim.report.report import Report
from cxsim.report.tables import piece, show, styled
from cxsim.runs import run
from cxsim.runs.measures.frames import equity_changes, profit_statement
from cxsim.runs.measures.measure_registry import MARKET
from cxsim.scenario import Scenario, ScenarioError
from cxsim.scenario.named_policies import named_policies
from cxsim.strategy.break_even import programme_values, size_words
from cxsim.strategy.one_to_one import conditions_figure, has_one_to_one, one_to_one_conditions
from cxsim.strategy.price_war import price_war
from cxsim.strategy.targeting_lift import acquisition_lift, service_lift
from cxsim.study.analysis.points import AnalysisResult, amount
from cxsim.study.results import StudyResult

# -- The section of a notebook on what customers live through and what firms make of it --------


_HEADING = (
    "## Customer experience\n\nThe journey and the perception gap are those of the first seed: "
    "actual performance at each touchpoint, expectation, and performance as the firm perceives "
    "it. Emotion clusters are means over the seeds."
)


def experience(
    report: Report, run: Any, series: pd.DataFrame, *, events: Iterable[tuple[float, str]] = ()
) -> None:
    """Show journey map, perception gap and emotion clusters; nothing without a journey.

    Parameters
    ----------
    report : Report
    run : Run
        Its touchpoints are shown.
    series : DataFrame
        Measures by period, over seeds.
    events : iterable of (period, label)
    """
    if run.touchpoints is None:
        return
    from IPython.display import Markdown, display

    from cxsim.charts.customer_experience import (
        customer_journey_map,
        emotion_clusters,
        perception_gap,
    )

    touchpoints, events = report.labelled(run.touchpoints), list(events)
    display(Markdown(_HEADING))
    report.figure(customer_journey_map(touchpoints), "journey")
    report.figure(perception_gap(touchpoints, events=events), "perception-gap")
    report.figure(emotion_clusters(series, events=events), "emotions")


_STATISTICS_HEADING = (
    "### What customers do because of experience\n\nFive statistics by which companies justify "
    "customer experience management, beside a survey of each and the customers of this market, "
    "who are asked with their experience and without it."
)


def experience_statistics(report: Report, market: Any, seeds: Any) -> None:
    """Show five statistics on customer experience; nothing without a journey.

    Parameters
    ----------
    report : Report
    market : Scenario
    seeds : sequence of int
    """
    if market.journey is None:
        return
    from IPython.display import Markdown, display

    from cxsim.strategy.experience_statistics import (
        experience_statistics,
        experience_statistics_figure,
    )

    found = experience_statistics(market, seeds=seeds)
    display(Markdown(_STATISTICS_HEADING))
    report.figure(experience_statistics_figure(found), "experience-statistics")
    whole = found[found["firm"] == MARKET].set_index("label")
    table = pd.DataFrame(
        {
            "Source": whole["in_words"],
            "Survey": [f"{100 * share:.0f} %" for share in whole["survey"]],
            "This market": [_percent(row) for _, row in whole.iterrows()],
            "Survey of": whole["survey_source"],
        },
        index=whole.index,
    )
    caption = "Shares of customers: said, surveyed, and of this market in its last year"
    meanings = dict(whole["measured"])
    display(styled(table, caption, words_in=["Survey of"], definitions=meanings))


def _percent(row: Any) -> str:
    """Return a share with the half width of its interval, in percent."""
    if not np.isfinite(row["share"]):
        return "nobody to ask"
    half = (row["upper"] - row["lower"]) / 2
    return f"{100 * row['share']:.1f} %" + (f" ± {100 * half:.1f}" if np.isfinite(half) else "")


# -- The section of a notebook on what has to hold for one-to-one to earn most -----------------


_CONDITIONS = "## What has to hold for one-to-one to earn most"

#: What the section takes at most, so that a report waits a few seconds for it.
_SEEDS, _CUSTOMERS, _MULTIPLES = 5, 5000, (0.5, 2.0)

#: Pricing policies that compute demand every period: the section would take minutes.
_SLOW = ("best_response", "farsighted")


def one_to_one(report: Report, market: Scenario, *, seeds: Sequence[int]) -> None:
    """Show what has to hold for a one-to-one firm to earn most; nothing where there is none.

    Parameters
    ----------
    report : Report
    market : Scenario
    seeds : sequence of int
        Those of the report; the first five are used.
    """
    if not has_one_to_one(market):
        return
    from IPython.display import Markdown, display

    display(Markdown(_CONDITIONS))
    if any(name in _SLOW for _, _, name in named_policies(market)):
        text = "Left out, because firms compute demand every period and the map would take minutes"
        display(report.text(f"{text}: cx.one_to_one_conditions(scenario) computes it."))
        return
    few = market.override({"customers": min(int(market.customers), _CUSTOMERS)})
    found = one_to_one_conditions(few, multiples=_MULTIPLES, seeds=list(seeds)[:_SEEDS])
    report.figure(conditions_figure(found), "one-to-one")
    less = few.customers < market.customers or len(seeds) > _SEEDS
    rests = f" From {len(list(seeds)[:_SEEDS])} seeds and {int(few.customers):,} customers."
    display(report.text(found.sentence() + (rests if less else "")))


# -- The section of a notebook on what customers tell each other -------------------------------


_TOLD_HEADING = (
    "## Word of mouth\n\nReputation is what customers think of a firm from messages, averaged over "
    "all customers. It is 0 for customers who have received none."
)


def word_of_mouth(
    report: Report, market: Any, series: pd.DataFrame, *, events: Iterable[tuple[float, str]] = ()
) -> None:
    """Show reputations, and awareness where it counts; nothing where nobody talks.

    Parameters
    ----------
    report : Report
    market : Scenario
    series : DataFrame
        Measures by period, over seeds.
    events : iterable of (period, label)
    """
    if market.word_of_mouth is None:
        return
    from IPython.display import Markdown, display

    from cxsim.charts.time_series import time_series

    events = list(events)
    display(Markdown(_TOLD_HEADING))
    report.figure(time_series(series, measure="reputation", events=events), "reputation")
    if market.word_of_mouth.awareness:
        report.figure(time_series(series, measure="awareness", events=events), "awareness")


# -- The section of a notebook on the programmes of firms ---------------------------------------


#: Seeds behind the values of programmes: each takes a few further runs.
PROGRAMME_SEEDS = 5

_PROGRAMMES = (
    "## Programmes\n\nNet present value of the firm with and without each programme, on the same "
    "seeds (*paired*), after the costs of the programme. Costs stated for the whole market do not "
    "grow with its customers, so that there is a smallest market in which a programme pays. The "
    "figure is the income statement of the first seed."
)


def programmes(report: Report, run: Any, seeds: Iterable[int]) -> list[str]:
    """Show what each programme costs and is worth; nothing where no firm has one.

    Parameters
    ----------
    report : Report
    run : Run
        Its income statement is shown.
    seeds : iterable of int
        Paired; the first :data:`PROGRAMME_SEEDS` are used.

    Returns
    -------
    list of str
        The same in a sentence for each programme.
    """
    market = run.scenario
    if not any(firm.programmes for firm in market.firms.values()):
        return []
    from IPython.display import Markdown, display

    from cxsim.charts.profit_and_equity import profit_waterfall

    numbers = list(seeds)[:PROGRAMME_SEEDS]
    found = programme_values(market, seeds=numbers)
    display(Markdown(_PROGRAMMES))
    display(programme_table(found, report.labels, seeds=len(numbers)))
    statement = profit_statement(run.firms)
    report.figure(profit_waterfall(report.labelled(statement)), "programmes-waterfall")
    return programme_sentences(found, report.labels)


_PRICE_WAR = (
    "### Does a price war break out, and why does it end?\n\nFirms that match or undercut rivals, "
    "in the run with the first seed. Prices of other seeds may differ."
)


def price_answers(report: Report, run: Any) -> None:
    """Show how prices of firms that answer rivals fell and why they stopped; else nothing.

    Parameters
    ----------
    report : Report
    run : Run
    """
    told = price_war(run)
    if told.empty:
        return
    from IPython.display import Markdown, display

    display(Markdown(_PRICE_WAR))
    display(price_war_table(report, told))


def price_war_table(report: Report, told: pd.DataFrame) -> Any:
    """Return what :func:`cxsim.price_war` tells as a table with words for its columns."""
    words = [" ".join(name.split("_")).capitalize() for name in told]
    return report.table(told.set_axis(words, axis=1))


def programme_table(found: pd.DataFrame, words: Words, *, seeds: int) -> Any:
    """Return the values of programmes as a table with a column for each.

    Parameters
    ----------
    found : DataFrame
        As :func:`cxsim.strategy.break_even.programme_values` returns.
    words : Words
        Labels of a period, a customer and the currency.
    seeds : int
        How many are behind each value.
    """
    value = scale_for("currency", found[["with", "without"]].to_numpy().ravel(), words=words)
    gain = scale_for("currency", found["difference"], words=words)
    money = [f"{each:,.10g} {words.currency}" for each in found["one_off"]]
    rows = {
        "changes": list(found["changes"]),
        "one-off cost": money,
        "running cost": [
            f"{each:,.10g} {words.currency} per {words.period}" for each in found["running"]
        ],
        "building time": [f"{each} {words.period}s" for each in found["build"]],
        "net present value with it": [value.text(each) for each in found["with"]],
        "net present value without it": [value.text(each) for each in found["without"]],
        "difference": [_with_error(row, gain) for row in found.to_dict("records")],
        "payback": [_payback_words(row, words) for row in found.to_dict("records")],
        "smallest market": [_market_words(row, words) for row in found.to_dict("records")],
    }
    heads = [f"{row['firm']}: {row['programme']}" for row in found.to_dict("records")]
    shown = pd.DataFrame(rows, index=heads).T
    error = f", standard errors in brackets ({seeds} paired seeds)" if seeds > 1 else ""
    return styled(shown, f"Programmes by firm{error}", words_in=heads)


def programme_sentences(found: pd.DataFrame, words: Words) -> list[str]:
    """Return the values of programmes in a sentence each.

    Parameters
    ----------
    found : DataFrame
        As :func:`cxsim.strategy.break_even.programme_values` returns.
    words : Words
        Labels of a period, a customer and the currency.
    """
    gain = scale_for("currency", found["difference"], words=words)
    said = []
    for row in found.to_dict("records"):
        paid, smallest = _payback_words(row, words), _market_words(row, words)
        worth = gain.text(row["difference"], signed=True)
        worth += f" (standard error {gain.text(row['se'])})" if row["se"] >= 0.0 else ""
        said.append(
            f"{row['firm']}'s programme {row['programme']} ({row['changes']}; {row['terms']}): "
            f"net present value {worth} against the same market without it; payback: {paid}; "
            f"smallest market in which it pays: {smallest}."
        )
    return said


def _with_error(row: Mapping[str, Any], scale: Scale) -> str:
    error = f" ({scale.bare(row['se'])})" if row["se"] >= 0.0 else ""
    return f"{scale.text(row['difference'], signed=True)}{error}"


def _payback_words(row: Mapping[str, Any], words: Words) -> str:
    if not np.isfinite(row["payback"]):
        return "not within the run"
    return f"after {row['payback']:.0f} {words.period}s"


def _market_words(row: Mapping[str, Any], words: Words) -> str:
    size = row["smallest_market"]
    if np.isnan(size):
        return "not known: decisions of firms depend on the size of the market"
    if size == 0.0:
        return "any"
    return f"{size_words(size)} {words.say('customers')}" if np.isfinite(size) else "none"


# -- What a report of a study says: the answer first, then one analysis after the other --------


class StudyFindings:
    """The analyses that a study names, of every output, made once and shown one by one.

    Parameters
    ----------
    report : Report
        Shows and keeps figures.
    result : StudyResult
    """

    def __init__(self, report: Report, result: StudyResult):
        self._report = report
        self._result = result

    @cached_property
    def _made(self) -> dict[tuple[str, str], AnalysisResult | str]:
        """By output and analysis: what was found, or why these runs cannot tell."""
        return self._result.findings()

    @property
    def head(self) -> str:
        """The output that the answer is about.

        The one whose contrast decides when to stop; else the first that is kept for one firm
        alone; else the first.
        """
        study, columns = self._result.study, self._result.outputs
        if study.stopping is not None:
            return study.stopping.output
        alone = (f"{each.measure}.{each.firms[0]}" for each in study.outputs if each.firms)
        return next((name for name in alone if name in columns), columns[0])

    @property
    def means(self) -> pd.DataFrame:
        """Means over the seeds of the output that the answer is about, by point and strategy."""
        means = self._result.means().drop(columns="seeds")
        return means[means["output"] == self.head]

    def show(self) -> Any:
        """Show the analyses of the main output with figures, and what they say of the others."""
        from IPython.display import display

        from cxsim.charts.study_analyses import analysis as drawn

        others = []
        for number, ((output, name), found) in enumerate(self._made.items()):
            if isinstance(found, str):
                others.append(f"{output}, {name.replace('_', ' ')}: not possible: {found}.")
                continue
            if output != self.head:
                others.append(self._readable(found.sentence))
                continue
            display(show(piece("heading", f"{self._label(output)}: {name.replace('_', ' ')}", 3)))
            tornado = self._tornado(found) if name == "main_effects" else None
            display(self._report.text(self._readable(found.sentence)))
            figure = drawn(found) if tornado is None else tornado
            self._report.figure(figure, f"finding-{number}-{name}")
            display(self._report.table(found.frame, first=16))
        if others:
            display(show(piece("heading", "The other results", 3)))
            display(self._report.text(*others))
        return None if self._made else show(piece("paragraphs", ["The study names no analysis."]))

    def contrasts(self) -> Any:
        """Show paired differences between strategies; nothing where the study compares none."""
        strategies = list(self._result.study.strategies)
        if len(strategies) < 2:
            return None
        from IPython.display import display

        changes = self._result.contrasts(strategies[0]).drop(columns=["width_ratio", "seeds"])
        display(show(piece("heading", f"Paired differences from {strategies[0]}", 3)))
        return self._report.table(changes, first=12)

    def _readable(self, sentence: str) -> str:
        """Return a sentence with outputs and factors as readers call them."""
        if self._result.study.base is None:
            return sentence
        for name in self._result.outputs:
            sentence = sentence.replace(name, output_words(name))
        for factor in self._result.study.factors:
            sentence = sentence.replace(factor.name, path_words(factor.name))
        return sentence

    def _label(self, output: str) -> str:
        market = self._result.study.base
        return output if market is None else output_words(output)

    def _tornado(self, found: AnalysisResult) -> Any:
        """Draw the effects of the factors over their ranges; None where there is no scenario."""
        market = self._result.study.base
        if market is None:
            return None
        from cxsim.charts.business_case import tornado

        points = self._result.study.points
        effects = found.frame[found.frame["kind"] == "main"].copy()
        effects["name"] = [path_words(name) for name in effects["factor"]]
        effects["low"] = [amount(points[name].min()) for name in effects["factor"]]
        effects["high"] = [
            f"{amount(points[name].max())} {unit_words(name, market)}".rstrip()
            for name in effects["factor"]
        ]
        return tornado(
            self._report.labelled(effects),
            what=output_words(found.output),
            unit=output_unit(found.output),
            explained=found.facts["explained"],
        )


# -- What the notebook on competition plays and shows: policies, survivors, ways, targeting ----


#: Where a firm's roadmap to one-to-one service begins and how long it takes, shares of the periods.
_BEGINS, _TAKES = 0.2, 0.2


def competitors(market: Scenario, player: str, rival: str) -> tuple[str, str]:
    """Return the two players: the firms named, else the first two of the market.

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


def policy_options(market: Scenario, players: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the policies that can be played in a market, by what they are called.

    Best responses are left out where the market has features that they do not account for.
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
        "prices the relationship": {"pricing": "relationship"},
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


def surviving_firms(
    market: Scenario,
    policies: Mapping[str, Mapping[str, Any]],
    players: Sequence[str],
    seeds: Sequence[int],
) -> pd.DataFrame:
    """Return the surviving firms, by policy of both players.

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


def survival_table(report: Report, market: Scenario, stay: pd.DataFrame) -> Any:
    """Show cash at the end by policy and firm, and who left."""
    from IPython.display import display

    scale = scale_for("currency", stay["cash"].to_numpy())
    cells = [
        (
            f"{scale.bare(row.cash)} ({scale.bare(row.se)}) {scale.suffix}"
            if row.se >= 0.0
            else scale.text(row.cash)
        )
        + ("" if row.stays == row.seeds else f"; exited in {row.seeds - row.stays} of {row.seeds}")
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
            f"{worst['firm']} exits most often: in {gone} of {worst['seeds']} runs in which the "
            f"policy of both players is '{worst['policy']}'."
        )
    elif limits:
        said = "No firm exits under any of these policies."
    else:
        said = "No firm exits: none in this market has a credit limit."
    display(report.text(said))
    return report.table(
        table.rename_axis(index="both players", columns=None).reset_index(), first=40
    )


def capability_paths(
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


def income_statements(report: Report, made: Any) -> None:
    """Show flows of customers, the income statement, and customer equity.

    Parameters
    ----------
    report : Report
    made : Run
    """
    from cxsim.charts.customer_flows import customer_flows
    from cxsim.charts.profit_and_equity import customer_equity_drivers, profit_waterfall

    firms = report.labelled(made.firms)
    report.figure(customer_flows(report.labelled(made.brand_switching)), "flows")
    report.figure(profit_waterfall(report.labelled(profit_statement(firms))), "waterfall")
    report.figure(customer_equity_drivers(report.labelled(equity_changes(firms))), "equity")


def targeting(report: Report, market: Scenario, made: Any, *, seeds: int) -> None:
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

    from cxsim.strategy.targeting_lift import targeting_lift, value_tiers

    ranks = [name for name, firm in market.firms.items() if firm.value_tiers is not None]
    calls = [name for name, firm in market.firms.items() if firm.acquisition is not None]
    if ranks or calls:
        display(Markdown(_TARGETED))
    if ranks:
        report.figure(value_tiers(report.labelled(made.frame("tiers"))), "tiers")
        lifts = service_lift(market, ranks[0], seeds=seeds)
        report.figure(targeting_lift(report.labelled(lifts)), "service-lift")
    if calls:
        lifts = acquisition_lift(market, calls[0], seeds=seeds)
        report.figure(targeting_lift(report.labelled(lifts)), "contact-lift")


_TARGETED = (
    "## Targeting\n\nTargeting lift: mean true value of the customers chosen over that of all who "
    "could have been chosen. They are chosen at random, by a simple rule, by a model, and by an "
    "oracle that knows the true values. Shown for the first firm that targets customers."
)
