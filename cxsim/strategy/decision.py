"""A decision: every option of a firm under what it does not know, and what that advises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from html import escape
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd

from cxsim.charts.labels import Scale, Words, joined, scale_for
from cxsim.charts.layout import Chart, Shared, charted, named_rows, tag
from cxsim.charts.study_analyses import begun, draw_criteria
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture, emphasis, looks, narrow, readable
from cxsim.files.sealed import read_folder, seal_folder
from cxsim.files.whole import keep_frame, whole_folder
from cxsim.messages import AttributeHints, cells, money
from cxsim.numerics.statistics import over_draws
from cxsim.runs.measures.profit import VALUES
from cxsim.strategy.recommendation import (
    Grounds,
    conditions,
    recommendation,
    robust,
    switching_points,
    turning,
    value_of_information,
)
from cxsim.study.analysis import AnalysisResult, contrast, discovery, main_effects, ranking
from cxsim.study.value_of_lead import CONTINUED, Estimate, Value, value_from

# -- A decision: every option of a firm under what it does not know, and what that advises -----


#: Bootstrap samples behind intervals.
RESAMPLES = 2000


#: Correlation from which on two factors count as one.
ALIKE = 0.95


class Decision(AttributeHints):
    """The recommendation for a firm, with the runs behind it.

    Attributes
    ----------
    frame : DataFrame
        One row per run: ``point``, ``strategy`` (the option), ``seed``, factors and outputs.
    firm : str
        Who decides.
    output : str
        Column of what the firm wants more of.
    options : list of str
    factors : list of str
        What is uncertain.
    confidence : float
        Of all intervals.
    facts : mapping
        ``firm``, ``output``, ``unit``, ``confidence``; ``study``, the study as a mapping;
        ``market``, what it leaves out; ``unstated`` and ``assumed``, what has no stated cost, or
        one that was assumed; ``unpriced``, capabilities without a price by the option that
        changes them; ``programmes``, changes and costs in words by option and name; ``drawn``,
        factors that are draws of estimates.
    """

    def __init__(self, frame: pd.DataFrame, facts: Mapping[str, Any]):
        self.frame, self.facts = frame, dict(facts)
        self.firm, self.output = str(facts["firm"]), str(facts["output"])
        self.options, self.factors = list(facts["options"]), list(facts["factors"])
        self.confidence = float(facts["confidence"])

    @cached_property
    def ranking(self) -> AnalysisResult:
        """Options by mean, regret and worst case."""
        return ranking(self.frame, output=self.output, confidence=self.confidence)

    @cached_property
    def recommended(self) -> str:
        """The option with the highest mean over all futures."""
        return self._in_order()[0]

    @cached_property
    def runner_up(self) -> str:
        """The next best by mean."""
        return self._in_order()[1]

    @cached_property
    def advantage(self) -> tuple[float, float, float]:
        """Lead of the choice over the next best option: mean, lower, upper end."""
        found = self._mean_lead(self.output)
        return found.mean, found.lower, found.upper

    @cached_property
    def uncertainty(self) -> dict[str, float]:
        """Lead over the next best option, with what is uncertain apart from chance.

        ``mean``; ``se``, its Monte-Carlo standard error; ``estimate_sd``, the standard deviation
        between futures that chance does not explain: that of the estimates and of whatever else
        is uncertain; ``lower`` and ``upper`` with both; ``share_of_draws``, the share of futures
        in which the choice is ahead. Empty with fewer than two futures or seeds.
        """
        wide = self._lead(self.output)
        if min(wide.shape) < 2:
            return {}
        found = over_draws(wide, self.confidence)
        return {name: float(value) for name, value in found.items()}

    def _uncertain(self) -> str:
        """Return in words how uncertain estimates are; empty where nothing is drawn from them."""
        drawn, found = self.facts.get("drawn"), self.uncertainty
        if not drawn or not found:
            return ""
        scale = scale_of(self, [found["mean"]])
        others = "" if set(drawn) >= set(self.factors) else " and the other uncertain inputs"
        return (
            f"Over {self.frame['point'].nunique()} draws of {len(drawn)} estimated parameters, the "
            f"lead over {self.runner_up!r} is {scale.text(found['mean'])}, with a standard "
            f"deviation of {scale.text(found['estimate_sd'])} from the estimates{others} and a "
            f"Monte-Carlo error of {scale.text(found['se'])}; {self.recommended!r} is ahead in "
            f"{100 * found['share_of_draws']:.0f} % of the draws."
        )

    def _lead(self, output: str) -> np.ndarray:
        """Return the lead over the next best option, (points, seeds)."""
        runs = contrast(self.frame, output, strategy=self.recommended, against=self.runner_up)
        wide = runs.pivot(index="point", columns="seed", values=output).dropna()
        return np.asarray(wide.to_numpy(dtype=float))

    def _mean_lead(self, output: str) -> Estimate:
        """Return how much more of an output the choice gives than the next best option."""
        wide = self._lead(output)
        draw = np.random.default_rng(0)
        count, seeds = wide.shape
        means = [
            wide[draw.integers(count, size=count)][:, draw.integers(seeds, size=seeds)].mean()
            for _ in range(RESAMPLES)
        ]
        tail = [(1.0 - self.confidence) / 2.0, (1.0 + self.confidence) / 2.0]
        low, high = np.quantile(means, tail)
        return Estimate(float(wide.mean()), float(low), float(high))

    @cached_property
    def value(self) -> Value | None:
        """Value of the lead over the next best option within the horizon and beyond.

        None where the firm wants something other than net present value.
        """
        columns = {name: f"{name}.{self.firm}" for name in VALUES}
        path = f"profit.{self.firm}@period"
        if "money" not in self.facts or not {*columns.values(), path} <= set(self.frame):
            return None
        if self.output != columns[VALUES[0]]:
            return None
        profits = {
            name: np.vstack(part[path].dropna().tolist()).mean(axis=0)
            for name, part in self.frame.groupby("strategy")
            if name in (self.recommended, self.runner_up)
        }
        return value_from(
            {name: self._mean_lead(column) for name, column in columns.items()},
            profits[self.recommended] - profits[self.runner_up],
            confidence=self.confidence,
            **self.facts["money"],
        )

    def worth(self) -> str:
        """Return in words what the lead is worth beyond the horizon; empty if not known.

        Names the option that is best with what follows the run, where that is another one.
        """
        if self.value is None:
            return ""
        said = self.value.sentence(
            f"The mean lead of {self.recommended!r} over {self.runner_up!r} in net present value"
        )
        for best, words in self._best_beyond():
            said += f" The best option {words} is {best!r}."
        return said

    def _best_beyond(self) -> list[tuple[str, str]]:
        """Return options other than the choice that are best with what follows the run, and how."""
        found = []
        for name, words in zip(VALUES[1:], CONTINUED.values(), strict=True):
            means = self.frame.groupby("strategy")[f"{name}.{self.firm}"].mean()
            if means.notna().any() and (best := str(means.idxmax())) != self.recommended:
                found.append((best, words))
        return found

    @cached_property
    def horizon(self) -> str:
        """Effect of the time beyond the horizon on the choice, in words; empty if there is none."""
        if self.value is None:
            return ""
        # Customer equity leaves fixed costs out, and so flatters who builds capabilities.
        beyond = [each for each in self._best_beyond() if each[1] == CONTINUED["perpetuity"]]
        said = " and ".join(f"{best!r} is best {words}" for best, words in beyond)
        if said and isfinite(self.value.beyond):
            said += (
                f" (the lead changes sign at a horizon of about {self.value.beyond:.0f} periods)"
            )
        return said

    def _conditions(self) -> list[str]:
        """Return under which conditions the recommendation holds, each to follow "that"."""
        market, value = self.facts.get("market"), self.value
        said = conditions(market, self.recommended, self.runner_up) if market else []
        if value is not None and value.turns:
            said.append(f"the horizon is longer than {value.turns[-1]} {value.period}s")
        if value is not None and self.horizon:
            said.append(f"profit after {value.periods} {value.period}s is not counted")
        return said

    @cached_property
    def value_of_information(self) -> pd.DataFrame:
        """Value of information on each factor, and on all of them."""
        return value_of_information(
            self.frame, self.factors, self.options, output=self.output, confidence=self.confidence
        )

    @cached_property
    def switching_points(self) -> pd.DataFrame:
        """At which values of a factor, known alone, another option would be the best.

        Of factors that are clearly worth knowing: elsewhere a turn is a wiggle of the fit.
        """
        known = self.value_of_information[self.value_of_information["lower"] > 0]["factor"]
        worth = [name for name in self.factors if name in set(known)]
        return switching_points(self.frame, worth, self.options, output=self.output)

    @cached_property
    def drivers(self) -> AnalysisResult:
        """Effect of each factor on the lead over the next best option.

        Of factors that move together (estimates often do) the one that goes with the lead most
        stands for the others; there are at most half as many as points.
        """
        runs, label = self._named(self.runner_up), self._label(self.runner_up)
        names = self._distinct(runs.groupby("point")[[*self.factors, label]].mean(), label)
        return main_effects(
            runs, _problem(names), output=label, interactions=False, confidence=self.confidence
        )

    def _distinct(self, points: pd.DataFrame, label: str) -> list[str]:
        """Return factors that can be told apart, those that go with the lead first."""
        alike = points.corr().abs().fillna(0.0)
        kept: list[str] = []
        for name in alike[label].drop(label).sort_values(ascending=False).index:
            if len(kept) < len(points) // 2 and (alike.loc[name, kept] < ALIKE).all():
                kept.append(str(name))
        return [name for name in self.factors if name in kept]

    @cached_property
    def loss_region(self) -> AnalysisResult | None:
        """Region in which another option is best; None if it is too small, or nearly everything.

        Scenario discovery needs scikit-learn (extra ``study``) and eight points on either side.
        """
        try:
            return discovery(
                self._named(None), _problem(self.factors), output=self._label(None), at_most=0.0,
                confidence=self.confidence,
            )  # fmt: skip
        except (ValueError, ImportError):
            return None

    def loss_region_text(self) -> str:
        """Return in words where the choice is not the best option."""
        if self.loss_region is None:
            return (
                f"{self.recommended!r} is the best option in {100 * self._best_share:.0f} % of the "
                "futures. Too few remain on one side to describe where it is not."
            )
        facts, boxes = self.loss_region.facts, self.loss_region.frame
        said = (
            f"{self.recommended!r} is not the best option in {100 * facts['base']:.0f} % of the "
            "futures"
        )
        if boxes.empty:
            return f"{said}. These futures have no region in common."
        top = boxes.iloc[0]
        return (
            f"{said}. With {top['rule']}, it is not the best in {100 * top['density']:.0f} % "
            f"({100 * top['lower']:.0f} to {100 * top['upper']:.0f}). This region covers "
            f"{100 * top['coverage']:.0f} % of the futures in which it is not the best."
        )

    def _by(self, criterion: str) -> pd.DataFrame:
        """Return the rows of the ranking by one criterion, a row per option."""
        frame = self.ranking.frame
        return frame[frame["criterion"] == criterion].set_index("strategy")

    @property
    def _best_share(self) -> float:
        return float(self._by("best_share").loc[self.recommended, "value"])

    @cached_property
    def grounds(self) -> Grounds:
        """The assumptions of the recommendation."""
        turns = [
            turning(self.recommended, str(name), rows.to_dict("records"), self._measured(str(name)))
            for name, rows in self.switching_points.groupby("factor", sort=False)
        ]
        return Grounds(
            lead_lower=self.advantage[1],
            best_share=self._best_share,
            turned_by=tuple(turns),
            horizon=self.horizon,
            unstated=tuple(self.facts.get("unstated", ())),
            assumed=tuple(self.facts.get("assumed", ())),
        )

    def _measured(self, factor: str) -> str:
        """Return the unit of a factor's values, if they are multiples."""
        given = self.facts["study"].get("factors", {}).get(factor)
        paths = given.get("paths") if isinstance(given, Mapping) else None
        return "times the scenario's value" if isinstance(paths, Mapping) else ""

    @property
    def robust(self) -> bool:
        """Whether the recommendation is robust (``cxsim.strategy.recommendation.DEFINITION``)."""
        return robust(self.grounds)

    @cached_property
    def sentences(self) -> list[str]:
        """The recommendation, whether it is robust, its trade-off, and what to research."""
        mean, low, high = self.advantage
        points = self.frame["point"].nunique()
        facts = {
            **self.facts, "recommended": self.recommended, "runner_up": self.runner_up,
            "advantage": mean, "lower": low, "upper": high, "points": points,
            "conditions": self._conditions(),
        }  # fmt: skip
        said = recommendation(facts, self.grounds, self.ranking.frame, self.value_of_information)
        return [*said, *filter(None, [self._uncertain(), self._left_out()])]

    def _left_out(self) -> str:
        """Return in words which options the firm's budget rules out; empty if none."""
        beyond = self.facts.get("beyond_budget")
        if not beyond:
            return ""
        lost = joined(
            f"{name!r} ({money(mean)} ± {money(half)})" for name, (mean, half) in beyond.items()
        )
        return (
            "Options beyond the firm's budget are left out (mean profit per period, with the "
            f"half-width of its interval): {lost}."
        )

    def headline(self) -> str:
        """Return the recommendation in one sentence, with the conditions under which it holds."""
        return self.sentences[0]

    def sentence(self) -> str:
        """Return the recommendation in words, whether it is robust, and what to research."""
        return " ".join(self.sentences)

    def means(self) -> pd.DataFrame:
        """Return options by the criteria of the ranking: an ``option`` a row, best mean first.

        Columns ``mean``, ``lower``, ``upper``, ``mean_regret``, ``largest_regret``, ``worst``,
        ``best_share``.
        """
        wide = self.ranking.frame.pivot(index="strategy", columns="criterion", values="value")
        wide = wide.join(self._by("mean")[["lower", "upper"]]).loc[self._in_order()]
        names = ["mean", "lower", "upper", "mean_regret", "largest_regret", "worst", "best_share"]
        return wide[names].rename_axis(index="option", columns=None).reset_index()

    def save(self, folder: str | Path) -> Path:
        """Write the runs as Parquet, and what they are, whole or not at all.

        Parameters
        ----------
        folder : str or Path
            Replaced if it is there.
        """
        with whole_folder(folder, sign="decision.json") as draft:
            keep_frame(self.frame, draft / "runs.parquet")
            cells(self.means()).to_csv(draft / "options.csv", index=False)
            cells(self.value_of_information).to_csv(draft / "value_of_information.csv", index=False)
            text = json.dumps(
                {**self.facts, "recommendation": self.sentence()}, indent=1, default=str
            )
            (draft / "decision.json").write_text(text + "\n", encoding="utf-8")
            seal_folder(draft)
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Decision:
        """Read a decision that was saved.

        Parameters
        ----------
        folder : str or Path

        Raises
        ------
        DamagedError
            If a file of it is not as it was written.
        """
        files = read_folder(Path(folder))
        runs = pd.read_parquet(BytesIO(files["runs.parquet"]))
        return cls(runs, json.loads(files["decision.json"]))

    def _in_order(self) -> list[str]:
        return list(self._by("mean").sort_values("rank", kind="stable").index)

    def _named(self, against: str | None) -> pd.DataFrame:
        """Return by how much the choice gives more than an option, or the best other, by run."""
        runs = contrast(self.frame, self.output, strategy=self.recommended, against=against)
        return runs.rename(columns={self.output: self._label(against)})

    def _label(self, against: str | None) -> str:
        other = repr(against) if against else "the best other option"
        return f"lead of {self.recommended!r} over {other}"

    def __repr__(self) -> str:
        return f"<Decision of {self.firm!r}: {len(self.options)} options; {self.recommended!r}>"

    def _repr_html_(self) -> str:
        table = self.means().to_html(index=False, float_format=lambda v: f"{v:,.4g}")
        return f"<p>{escape(self.sentence())}</p>{table}"


def _problem(factors: list[str]) -> dict[str, Any]:
    return {"num_vars": len(factors), "names": factors}


# -- Options of a firm under what it does not know, and what it would be worth to know ---------


_PANELS = {
    "mean": "mean over all futures",
    "worst": "worst case",
    "largest_regret": "maximum regret",
}


@charted()
def options_under_uncertainty(decision: Any, **_: Unpack[Shared]) -> Chart:
    """Draw options by mean, worst case and largest regret, with intervals.

    Parameters
    ----------
    decision : Decision
        As :func:`cxsim.strategy.decide.decide` returns.

    Returns
    -------
    Figure
    """
    frame = decision.ranking.frame
    with emphasis(decision.recommended):
        styles = looks(decision.options)
    shown = {name: styles[name] for name in decision.means()["option"]}
    scale = scale_of(decision, frame.loc[frame["criterion"] == "mean", "value"])

    def draw(figure: Picture) -> None:
        label = scale.unit or decision.output
        for axes in draw_criteria(
            figure, frame, shown, headings=_PANELS, label=label, scale=scale, room=0.14
        ):
            axes.xaxis.set_major_formatter(scale.ticks)
            axes.locator_params(axis="x", nbins=4)

    lead, low, high = decision.advantage
    unsure = "" if low > 0 else " (not significant)"
    size = scale_of(decision, [lead, low, high])
    best, other = decision.recommended, decision.runner_up
    title = f"{best!r} earns {size.text(lead)} more than {other!r} on average{unsure}"
    if not decision.facts["unit"]:
        higher = f"{size.text(lead)} higher with {best!r} than with {other!r}"
        title = f"{begun(_said(decision))} is {higher} on average{unsure}"
    return Chart(
        draw,
        size=(9.4, 2.0 + 0.5 * len(shown) * (4 if narrow() else 1)),
        title=title,
        alt=decision.sentence(),
        note=f"{begun(_said(decision))}. Regret: shortfall against the best option in the same "
        f"future. Filled: best option. {100 * decision.confidence:.0f} % intervals, "
        "over futures and seeds for means, over seeds for extremes. "
        f"{decision.ranking.facts['points']}; lead: {size.bare(low)} to {size.text(high)}.",
    )


@charted()
def value_of_information_figure(decision: Any, **_: Unpack[Shared]) -> Chart:
    """Dress axes whose rows are options or factors: values along a grid, no line at the left.

    Parameters
    ----------
    decision : Decision

    Returns
    -------
    Figure
    """
    rows = decision.value_of_information.head(13).to_dict("records")
    scale = scale_of(decision, [row["upper"] for row in rows])

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        for place, row in enumerate(rows):
            color = OKABE_ITO["blue"] if place else INK
            axes.barh(place, row["value"], height=0.55, color=color, alpha=0.85 if place else 0.6)
            axes.plot([row["lower"], row["upper"]], [place] * 2, color=GREY, lw=1.6)
            end, text = max(row["value"], row["upper"]), scale.bare(row["value"])
            tag(axes, text, (end, place), (6, 0), fontsize=9, color=readable(color))
        named_rows(axes, [str(row["factor"]) for row in rows], below=0.6)
        axes.xaxis.set_major_formatter(scale.ticks)
        axes.set_xlim(0.0, 1.15 * max(row["upper"] for row in rows) or 1.0)
        axes.set_xlabel(scale.axis("expected value of information"))

    title = _worth_first(rows, scale)
    said = "; ".join(f"{row['factor']} {scale.text(row['value'])}" for row in rows)
    return Chart(
        draw,
        size=(8.4, 1.8 + 0.4 * len(rows)),
        title=title,
        alt=f"{title}. {said}.",
        note=f"Top: expected value of perfect information, in {_said(decision)}; below: of each "
        f"factor alone. {100 * decision.confidence:.0f} % intervals over futures. Options are "
        "chosen on one set of runs and evaluated on another, so that chance does not count as "
        "information.",
    )


def _worth_first(rows: list[dict[Any, Any]], scale: Scale) -> str:
    """State which uncertainty to research first, from rows that begin with all of them."""
    everything = scale.text(rows[0]["value"])
    if rows[0]["value"] <= 0:
        return "No tested uncertainty changes the choice within its range"
    top = next((row for row in rows[1:] if row["lower"] > 0), None)
    if top is None:
        return (
            f"No single uncertainty is worth researching; perfect information is worth {everything}"
        )
    return (
        f"Research first: {top['factor']}, worth up to {scale.text(top['value'])} of the "
        f"{everything} of perfect information"
    )


def _said(decision: Any) -> str:
    measure, _, firm = decision.output.rpartition(".")
    return f"{measure.replace('_', ' ')} of {firm}"


def scale_of(decision: Any, values: Any) -> Scale:
    """Return how to write what the firm of a decision wants: money, if that has a unit."""
    if not decision.facts["unit"]:
        return Scale()
    return scale_for("currency", values, words=Words(currency=decision.facts["unit"]))
