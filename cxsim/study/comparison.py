"""Scenarios side by side over paired seeds: differences, means and time series with intervals."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.files.sealed import read_folder, seal_folder
from cxsim.files.whole import keep_frame, whole_folder
from cxsim.identity import text_digest
from cxsim.messages import choice, minus, money
from cxsim.model.ledger import year_of
from cxsim.model.mechanism import Measure
from cxsim.numerics.statistics import mean_and_error, over_draws, paired
from cxsim.runs import settings_attrs
from cxsim.runs.execution import provenance
from cxsim.runs.measures.frames import (
    CORE_COSTS,
    STATEMENT,
    statement_by_year,
    statement_lines,
)
from cxsim.runs.measures.measure_registry import (
    MARKET,
    measures,
    summarize,
    summarized,
    window_words,
)
from cxsim.runs.measures.profit import VALUES
from cxsim.scenario import Scenario
from cxsim.scenario.schema import STANCE, TEXTS
from cxsim.study.value_of_lead import (
    Estimate,
    Value,
    interval,
    money_of,
    value_from,
)

# -- Scenarios side by side over paired seeds: differences, means and time series --------------


_FRAMES = ("table", "means", "series", "statement", "settings")


class Comparison:
    """Scenarios compared with a baseline over paired seeds.

    Attributes
    ----------
    table : DataFrame
        One row per scenario, firm and measure: ``baseline`` and ``other`` (means over
        seeds, each with its Monte-Carlo standard error), ``difference`` with ``se`` (its
        Monte-Carlo standard error), ``lower``, ``upper``, and ``width_ratio`` (how many times
        narrower the interval is for being paired). Firms and measures that both scenarios have.
        ``window`` says over which periods: where only an event sets the scenarios apart, means
        are of the periods from it on. With draws of parameters, means are over them too;
        ``estimate_sd`` is the uncertainty of the estimates (standard deviation of the difference
        between draws, without chance), the interval holds both, and ``share_of_draws`` is the
        share of draws whose difference has the sign of the mean.
    means : DataFrame
        ``scenario, measure, firm, mean, se, seeds``, for every firm of every scenario.
    series : DataFrame
        ``scenario, firm, period, measure, mean, se, lower, upper``.
    statement : DataFrame
        Differences of the income statement by year, paired, for the firms that both scenarios
        have: ``scenario, firm, line, label, year, amount, se``, in currency, 0 for the whole run.
    settings : DataFrame
        How the scenarios differ from the baseline: ``scenario, path, baseline, other``.
    scenarios : list of str
        Names, the baseline first.
    seeds : list of int
    confidence : float
    draws : dict or None
        Of parameters: ``count``, ``paths`` and ``digest``.
    provenance : dict
    books : mapping of (str, int) to Books
        Of some runs, by digest and seed, for claims to be tested on; not saved.
    """

    books: Mapping[tuple[str, int], Any] = {}

    def __init__(self, frames: Mapping[str, pd.DataFrame], facts: Mapping[str, Any]):
        self._frames = dict(frames)
        self._facts = dict(facts)
        self.table, self.means, self.series, self.statement, self.settings = (
            frames[name] for name in _FRAMES
        )
        self.scenarios: list[str] = list(facts["scenarios"])
        self.seeds: list[int] = list(facts["seeds"])
        self.confidence = float(facts["confidence"])
        self.draws: dict[str, Any] | None = facts.get("draws")
        self.provenance: dict[str, Any] = dict(facts["provenance"])

    @cached_property
    def _shares(self) -> pd.DataFrame:
        return self.table[self.table["measure"] == "market_share"].set_index(["scenario", "firm"])

    def headline(self, firm: str = "", goal: str = "") -> str:
        """Return one sentence per scenario: the firm whose market share changes most.

        Where the baseline has a perspective, its firm takes the place of that one. Where that
        firm's net present value moves the other way, significantly, the sentence says both.

        Parameters
        ----------
        firm, goal : str
            My firm, and the measure that it wants more of; default ``net_present_value`` where
            a firm is named. The sentences are then about them.

        Raises
        ------
        ValueError
            If there is no such firm or measure.
        """
        if firm or goal:
            names = self.scenarios[1:]
            return " ".join(self._change(name, firm, goal or VALUES[0]) for name in names)
        first, sentences = self.scenarios[0], []
        for name in self.scenarios[1:]:
            mover = self._mover(name)
            if mover is None:
                sentences.append(f"{name} and {first} have no firm in common.")
                continue
            row = self._shares.loc[name].loc[mover]
            said = _sentence(name, first, mover, row, self.confidence, self.draws)
            sentences.append(said.removesuffix(".") + self._against(name, mover, row))
        return " ".join(sentences)

    def _change(self, name: str, firm: str, goal: str) -> str:
        """Return the change of a goal of a firm in a sentence."""
        choice(goal, "goal", dict.fromkeys(self.table["measure"]))
        firm = choice(firm, "firm", dict.fromkeys(self.table["firm"])) if firm else firm
        who, first = firm or self._mover(name) or "", self.scenarios[0]
        rows = self.table[(self.table["scenario"] == name) & (self.table["measure"] == goal)]
        for each in (who, MARKET):
            found = rows[rows["firm"] == each].to_dict("records")
            if found:
                break
        else:
            return f"In {name}, {who} has no {goal.replace('_', ' ')} to compare."
        row, unit = found[0], str(found[0]["unit"])
        share, currency = unit.startswith("share"), ""
        if unit.startswith("currency"):
            currency = str(self._facts["money"]["currency"])
        size = 100.0 if share else 1.0
        amount = money(size * abs(row["difference"]), "points" if share else currency)
        low, high = (size * row[end] for end in ("lower", "upper"))
        label = str(row["label"])
        label = label if label[:2].isupper() else label[:1].lower() + label[1:]
        verb = "gain" if row["difference"] > 0 else "lose"
        verb, who = (verb, "customers") if each == MARKET else (f"{verb}s", who)
        if not row["difference"]:
            return f"In {name}, {who}'s {label} does not differ from that in {first}."
        ends = "one seed, so no interval"
        if np.isfinite(row["se"]):
            ends = f"{100 * self.confidence:g} % interval {money(low)} to {money(high)}"
            ends += "" if low > 0 or high < 0 else "; not statistically significant"
        return f"In {name}, {who} {verb} {amount} of {label} against {first} ({ends})."

    def _against(self, name: str, firm: str, share: pd.Series) -> str:
        """Return that money moves the other way than share, both significantly; else a stop."""
        rows = self.table[(self.table["scenario"] == name) & (self.table["firm"] == firm)]
        worth = rows.set_index("measure").loc["net_present_value"]
        ways = [int(row["lower"] > 0) - int(row["upper"] < 0) for row in (share, worth)]
        if ways[0] * ways[1] >= 0:
            return "."
        verb = "gains" if ways[1] > 0 else "loses"
        size, ends = abs(worth["difference"]), sorted(abs(worth[["lower", "upper"]]))
        unit = str(self._facts["money"]["currency"])
        return (
            f", but {verb} {money(size, unit)} of net present value "
            f"({money(ends[0])} to {money(ends[1])})."
        )

    def value(self, scenario: str, firm: str) -> Value:
        """Return the difference of a firm's net present value between a scenario and the baseline.

        Parameters
        ----------
        scenario, firm : str
            A scenario compared with the baseline, and a firm of both.

        Raises
        ------
        KeyError
            If the table has no such scenario or firm.
        """
        here = self.table[(self.table["scenario"] == scenario) & (self.table["firm"] == firm)]
        rows = here.set_index("measure")[["difference", "lower", "upper"]]
        found = {name: Estimate(*map(float, rows.loc[name])) for name in VALUES}
        profit = self.series[(self.series["measure"] == "profit") & (self.series["firm"] == firm)]
        paths = profit.pivot(index="period", columns="scenario", values="mean")
        path = (paths[scenario] - paths[self.scenarios[0]]).to_numpy(dtype=float)
        return value_from(found, path, confidence=self.confidence, **self._facts["money"])

    def worth(self, firm: str = "", called: Mapping[str, str] | None = None) -> str:
        """Return each scenario's value to a firm, within and beyond the run.

        Parameters
        ----------
        firm : str
            Default: that of the headline.
        called : mapping of str to str, optional
            What sentences call scenarios; default: their names.
        """
        words = {name: (called or {}).get(name, name) for name in self.scenarios}
        return " ".join(
            self.value(name, who).sentence(
                f"In {words[name]}, the change of {who}'s net present value against "
                f"{words[self.scenarios[0]]}"
            )
            for name in self.scenarios[1:]
            if (who := self._mover(name, firm)) is not None
        )

    def _mover(self, name: str, firm: str = "") -> str | None:
        """Return the firm named, else the perspective's, else the one whose share changes most.

        None where the scenarios have no firm in common.
        """
        if name not in self._shares.index.get_level_values(0):
            return None
        changes, own = self._shares.loc[name]["difference"].abs(), self._facts.get("firm", "")
        if firm in changes.index:
            return firm
        return own if own in changes.index and changes[own] > 0.0 else str(changes.idxmax())

    def save(self, folder: str | Path) -> Path:
        """Write a folder of Parquet files and ``comparison.json``, whole or not at all.

        Parameters
        ----------
        folder : str or Path
            Replaced if it is there.
        """
        with whole_folder(folder, sign="comparison.json") as draft:
            for name, frame in self._frames.items():
                keep_frame(frame, draft / f"{name}.parquet")
            (draft / "comparison.json").write_text(json.dumps(self._facts, indent=1), "utf-8")
            seal_folder(draft)
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Comparison:
        """Read a comparison that :meth:`save` has written.

        Parameters
        ----------
        folder : str or Path

        Raises
        ------
        DamagedError
            If a file of it is not as it was written.
        """
        files = read_folder(Path(folder))
        frames = {name: pd.read_parquet(BytesIO(files[f"{name}.parquet"])) for name in _FRAMES}
        return cls(frames, json.loads(files["comparison.json"]))

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(self.scenarios)} over {len(self.seeds)} paired seeds>"

    def _repr_html_(self) -> str:
        shown = self.table[
            self.table["measure"].isin(["market_share", "retention_rate", "net_present_value"])
        ]
        columns = ["scenario", "firm", "label", "baseline", "other", "difference", "lower", "upper"]
        table = shown[columns].to_html(index=False, float_format=lambda v: f"{v:,.4g}")
        return f"<p>{escape(self.headline())}</p>{table}"


def _sentence(
    name: str,
    baseline: str,
    firm: str,
    row: pd.Series,
    confidence: float,
    draws: Mapping[str, Any] | None = None,
) -> str:
    points = 100 * row["difference"]
    verb = "gains" if points > 0 else "loses"
    text = (
        f"In {name}, {firm} {verb} {abs(points):.1f} points of market share against {baseline} "
        f"({100 * row['baseline']:.1f} % to {100 * row['other']:.1f} %, {row['window']}"
    )
    if row["se"] == 0 and points == 0:
        return f"{name} and {baseline} do not differ in any firm's market share."
    if not np.isfinite(row["se"]):
        return text + "; one seed, so no interval)."
    sure = row["lower"] > 0 or row["upper"] < 0
    interval = minus(f"{100 * row['lower']:+.1f} to {100 * row['upper']:+.1f}")
    ending = f"; {100 * confidence:g} % interval {interval}"
    if draws:
        ending += (
            f" over {draws['count']} draws of {len(draws['paths'])} estimated parameters: standard "
            f"deviation {100 * row['estimate_sd']:.1f} from the estimates, Monte-Carlo error "
            f"{100 * row['se']:.1f}; it {verb} share in {100 * row['share_of_draws']:.0f} % of the "
            "draws"
        )
    ending += ")"
    return text + ending + ("." if sure else ", not statistically significant.")


def build_comparison(
    scenarios: Sequence[Scenario],
    runs: Sequence[Sequence[RunSummary]],
    *,
    seeds: Sequence[int],
    confidence: float = 0.95,
    draws: pd.DataFrame | None = None,
    firms: Collection[str] | None = None,
) -> Comparison:
    """Compare outcomes that are there already.

    Parameters
    ----------
    scenarios : sequence of Scenario
        The baseline first.
    runs : sequence of sequence of RunSummary
        For each scenario one outcome per seed, in the order of ``seeds``; with draws so many for
        each draw, draw after draw.
    seeds : sequence of int
    confidence : float
        Of the intervals, in (0, 1).
    draws : DataFrame, optional
        Parameters by dotted path, a row per draw.
    firms : collection of str, optional
        Firms of the table of differences, which the market is then not in; default: all.
    """
    names = _distinct([scenario.name for scenario in scenarios])
    each = list(zip(names, scenarios, runs, strict=True))
    base, first = scenarios[0], runs[0]
    over = Over(confidence, 0 if draws is None else len(draws))
    parts = {
        "table": [_differences(base, first, b, y, name, over, firms) for name, b, y in each[1:]],
        "means": [_means(name, x, over) for name, _, x in each],
        "series": [_series(name, a, x, over) for name, a, x in each],
        "statement": [_statement(base, first, b, y, name, over) for name, b, y in each[1:]],
        "settings": [_settings(base, b, name) for name, b, _ in each[1:]],
    }
    frames = {name: pd.concat(part, ignore_index=True) for name, part in parts.items()}
    for frame in frames.values():
        frame.attrs.update(settings_attrs(base))
    facts = {
        "scenarios": names,
        "seeds": list(seeds),
        "confidence": confidence,
        "money": money_of(base),
        "firm": base.perspective.firm if base.perspective else "",
        "provenance": {name: x[0].provenance for name, _, x in each},
    }
    if draws is not None:
        facts["draws"] = {
            "count": len(draws),
            "paths": list(draws.columns),
            "digest": text_digest(draws.to_csv(index=False)),
        }
    return Comparison(frames, facts)


@dataclass(frozen=True)
class Over:
    """How values of runs become means: over seeds, or over draws of parameters and seeds.

    Attributes
    ----------
    confidence : float
        Of the intervals.
    draws : int
        Draws of parameters; 0 without. Values come draw after draw.
    """

    confidence: float
    draws: int = 0

    def interval(self, values: np.ndarray, name: str = "mean") -> dict[str, Any]:
        """Return means of values, shape (N, ...), with errors and intervals in their unit."""
        if not self.draws:
            return interval(values, self.confidence, name)
        by_draw = values.reshape(self.draws, -1, *values.shape[1:])
        found = over_draws(by_draw, self.confidence)
        return {name if column == "mean" else column: each for column, each in found.items()}

    def level(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean of values, shape (N, ...), and its Monte-Carlo error, in their unit."""
        if not self.draws:
            return mean_and_error(values)
        found = self.interval(values)
        return found["mean"], found["se"]

    def paired(self, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        """Return the difference y - x, shape (N, ...), with error and interval in their unit."""
        if not self.draws:
            return paired(x, y, self.confidence)
        found = self.interval(y - x, "difference")
        (_, error_x), (_, error_y) = self.level(x), self.level(y)
        ratio, apart = np.full_like(found["se"], np.nan), np.hypot(error_x, error_y)
        np.divide(apart, found["se"], out=ratio, where=found["se"] > 0)
        return {**found, "width_ratio": ratio}

    def seeds(self, values: Sequence[Any] | np.ndarray) -> int:
        """Return the number of seeds behind values, shape (N, ...)."""
        return len(values) // max(self.draws, 1)


def _distinct(names: list[str]) -> list[str]:
    """Number names that come twice, so that rows can be told apart."""
    return [
        name if names.count(name) == 1 else f"{name} ({names[: k + 1].count(name)})"
        for k, name in enumerate(names)
    ]


def _values(runs: Sequence[RunSummary], firm: str, measure: str, start: int = 0) -> np.ndarray:
    """Return a measure summarized over the periods from ``start`` on, by seed, (S,)."""
    if not start:
        return np.array([run.summary[firm][measure] for run in runs])
    place = None if firm == MARKET else list(runs[0].summary).index(firm)
    paths = [run.market[measure] if place is None else run.series[measure][:, place]
             for run in runs]  # fmt: skip
    return np.array([summarized(path[start:], "mean") for path in paths])


def _comparable(measure: Measure, a: Scenario, b: Scenario) -> bool:
    """Consumer surplus compares only where switching costs take one form."""
    return measure.name != "consumer_surplus" or a.switching_cost_form == b.switching_cost_form


def _differences(
    a: Scenario,
    runs_a: Sequence[RunSummary],
    b: Scenario,
    runs_b: Sequence[RunSummary],
    name: str,
    over: Over,
    only: Collection[str] | None = None,
) -> pd.DataFrame:
    """Return a row of paired differences for each measure and firm that both scenarios have."""
    first, event = runs_a[0], divided(a, b)
    rows = []
    shared = (*(firm for firm in a.firms if firm in b.firms), MARKET)
    for firm in shared if only is None else (firm for firm in shared if firm in only):
        kept = first.market if firm == MARKET else first.series
        both = first.summary[firm].keys() & runs_b[0].summary[firm]
        for measure in measures("market" if firm == MARKET else "firm"):
            if measure.name not in both or not _comparable(measure, a, b):
                continue
            start = event if measure.summary == "mean" and measure.name in kept else 0
            x, y = (_values(runs, firm, measure.name, start) for runs in (runs_a, runs_b))
            rows.append(
                {
                    "scenario": name,
                    "measure": measure.name,
                    "label": measure.label,
                    "unit": measure.unit,
                    "summary": measure.summary,
                    "window": window_words(
                        measure.summary, start, int(a.periods) - 1, str(a.period_length)
                    ),
                    "firm": firm,
                    **_level(x, "baseline", over),
                    **_level(y, "other", over),
                    **{column: float(v) for column, v in over.paired(x, y).items()},
                    "seeds": over.seeds(x),
                }
            )
    return pd.DataFrame(rows)


def _level(values: np.ndarray, name: str, over: Over) -> dict[str, float]:
    mean, error = over.level(values)
    return {name: float(mean), f"{name}_se": float(error)}


def _means(name: str, runs: Sequence[RunSummary], over: Over) -> pd.DataFrame:
    rows = []
    for firm, of_firm in runs[0].summary.items():
        for measure in of_firm:
            mean, error = map(float, over.level(_values(runs, firm, measure)))
            row = {"scenario": name, "measure": measure, "firm": firm, "mean": mean, "se": error}
            rows.append({**row, "seeds": over.seeds(runs)})
    return pd.DataFrame(rows)


def _series(name: str, scenario: Scenario, runs: Sequence[RunSummary], over: Over) -> pd.DataFrame:
    """Return the paths of the measures that are shown period by period, means over seeds."""
    firms = list(scenario.firms)
    shown = {measure.name for measure in measures("firm") if measure.series}
    names = [each for each in runs[0].series if each in shown]
    values = [np.array([run.series[measure] for run in runs]) for measure in names]  # (S, T, F)
    found = [over.interval(each) for each in values]
    periods = np.arange(values[0].shape[1]).repeat(len(firms))
    return pd.DataFrame(
        {
            "scenario": name,
            "firm": firms * (len(periods) // len(firms) * len(names)),
            "period": np.tile(periods, len(names)),
            "measure": [measure for measure in names for _ in periods],
            **{
                column: np.concatenate([np.ravel(each[column]) for each in found])
                for column in found[0]
            },
        }
    )


def _statement(
    base: Scenario,
    first: Sequence[RunSummary],
    other: Scenario,
    runs: Sequence[RunSummary],
    name: str,
    over: Over,
) -> pd.DataFrame:
    """Return the paired difference of the income statement by year, for the firms of both.

    A line that one of them lacks is zero there.
    """
    here, there = list(base.firms), list(other.firms)
    both = [firm for firm in here if firm in there]
    lines = {line.name for line, _ in statement_lines({*first[0].series, *runs[0].series})}
    if not both or not {"revenue", *CORE_COSTS, "profit"} <= lines:
        return pd.DataFrame(columns=["scenario", *STATEMENT])

    def amounts(of: Sequence[RunSummary], firms: list[str], line: str) -> np.ndarray | float:
        if line not in of[0].series:
            return 0.0
        places = [firms.index(firm) for firm in both]
        return np.array([run.series[line][:, places] for run in of])

    apart = {
        line: np.asarray(amounts(runs, there, line) - amounts(first, here, line)) for line in lines
    }
    made = statement_by_year(apart, both, year_of(base.period_length), over.level)
    made.insert(0, "scenario", name)
    return made


def _settings(baseline: Scenario, other: Scenario, name: str) -> pd.DataFrame:
    different = baseline.diff(other)
    different.columns = ["path", "baseline", "other"]
    different.insert(0, "scenario", name)
    return different.astype(str)


# -- What a study keeps of one run: each measure in one number, and some by period ------------


#: Periods up to which means can be taken over a part of a run: of longer ones they are not kept.
LONGEST = 2000


@dataclass(frozen=True)
class RunSummary:
    """One run, boiled down.

    Attributes
    ----------
    summary : dict of str to dict
        Each measure summarized over the run, by firm and for the market.
    series : dict of str to ndarray
        Measures by period and firm, (T, F), firms in the order of the scenario: those marked
        ``series``, those of which a run's summary is a mean, and lines of the income statement.
    market : dict of str to ndarray
        Measures of the market of which a run's summary is a mean, by period, (T,).
    provenance : dict
    """

    summary: dict[str, dict[str, float]]
    series: dict[str, np.ndarray]
    provenance: dict[str, Any]
    market: dict[str, np.ndarray] = field(default_factory=dict)


def run_summary(simulation: Any, *, only: Collection[str] | None = None) -> RunSummary:
    """Boil a finished simulation down.

    Parameters
    ----------
    simulation : Simulation
    only : collection of str, optional
        Measures to keep, without provenance; default: all.
    """
    books = simulation.ledger
    order = [books.firms.index(name) for name in simulation.scenario.firms]

    def kept(level: str) -> list[Measure]:
        every = measures(level, simulation.mechanisms)
        return [m for m in every if only is None or m.name in only]

    firm = kept("firm")
    lines = {line.name for line, _ in statement_lines({m.name for m in firm})}
    series = {
        m.name: m.function(books)[:, order]
        for m in firm
        if m.series or ((m.summary == "mean" or m.name in lines) and books.periods <= LONGEST)
    }
    market = {
        m.name: m.function(books)
        for m in kept("market")
        if m.summary == "mean" and books.periods <= LONGEST
    }
    source = provenance(simulation) if only is None else {}
    return RunSummary(summarize(simulation, only=only), series, source, market)


# -- Where an event divides a run: from which period on a summary answers the question ---------


#: Keys of a scenario that say something to readers and nothing to the simulation.
_WORDS = (*TEXTS, *STANCE, "labels", "currency")


def first_change(scenario: Scenario) -> int:
    """Return the period of a scenario's first event, 0 where it has none."""
    return min((change.at for change in scenario.changes), default=0)


def divided(a: Scenario, b: Scenario) -> int:
    """Return the first period in which two scenarios can differ.

    0 where they differ from the start, or not at all; else that of the first event that only
    one of them has.
    """
    if _start(a) != _start(b):
        return 0
    here, there = ({repr(change): change.at for change in each.changes} for each in (a, b))
    own = [at for each, at in (here | there).items() if (each in here) != (each in there)]
    return min(own, default=0)


def _start(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario without its events and its words."""
    given = scenario.to_dict()
    return {key: value for key, value in given.items() if key not in (*_WORDS, "events")}
