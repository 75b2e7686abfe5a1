"""Five statistics on customer experience: what a source says, surveys found, and a market gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import numpy as np
import pandas as pd

from cxsim.charts.intervals import draw_estimate
from cxsim.charts.labels import joined
from cxsim.charts.layout import Chart, Shared, charted, named_rows
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture
from cxsim.model.experience.perception import PREMIUMS
from cxsim.model.ledger import Ledger, ratio
from cxsim.model.probes.purchase_probability import MAIN_REASON, SPENDS_MORE
from cxsim.runs.measures.measure_registry import MARKET
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario
from cxsim.study.paired_seeds import Progress, contrast, framed, loaded, sampling
from cxsim.study.value_of_lead import estimate


@dataclass(frozen=True)
class Statistic:
    """One of the five: what is said of customers, and how many of a market's do it.

    Attributes
    ----------
    label : str
        What customers do.
    words : str
        Share of customers according to Morgan, as it is put there.
    said : float
        The same as a number.
    found : float
        Share in a survey, of which ``survey`` is the source.
    survey : str
        Source, and what was asked where it differs.
    measured : str
        What is counted in the market.
    counts : callable
        Of a ledger: who does, and of how many, both of shape (T, F).
    """

    label: str
    words: str
    said: float
    found: float
    survey: str
    measured: str
    counts: Callable[[Ledger], tuple[np.ndarray, np.ndarray]]


def _pair(total: str) -> Callable[[Ledger], tuple[np.ndarray, np.ndarray]]:
    """Return a reader of an accumulator that counts who is asked, and who does."""

    def counts(b: Ledger) -> tuple[np.ndarray, np.ndarray]:
        if not b.has(total):
            nobody = np.zeros((b.periods, len(b.firms)))
            return nobody, nobody
        counted = b.total(total)
        return counted[:, :, 1], counted[:, :, 0]

    return counts


def _premium(b: Ledger) -> tuple[np.ndarray, np.ndarray]:
    """Return customers with the smallest premium for the best experience, and all."""
    return b.count("experience_premium")[:, :, 0], b.count("emotions").sum(axis=2)


#: The five statistics of Morgan, with the survey closest to each.
STATISTICS: dict[str, Statistic] = {
    "spend_more": Statistic(
        "Spend more because of a good experience",
        "two thirds",
        2 / 3,
        0.75,
        "American Express 2012, United States",
        "Customers whose expected spending with their supplier is at least "
        f"{100 * SPENDS_MORE:.0f} % above that at a neutral experience",
        _pair("spending"),
    ),
    "pay_more": Statistic(
        f"Would pay {PREMIUMS[0]:.0%} more for the best experience",
        "eight in ten",
        0.80,
        0.85 * 0.55,
        "Harris Interactive for RightNow 2010: 85 % would pay more, of them 55 % at least 10 %, "
        "10 % at least 25 %",
        f"Customers to whom the best experience they have of any firm is worth {PREMIUMS[0]:.0%} "
        "of the price more than that of their supplier",
        _premium,
    ),
    "switch": Statistic(
        "Switch because of a poor experience",
        "three quarters",
        0.75,
        0.44,
        "Keaveney 1995: failures of the core service; 34 % named failed encounters, 30 % prices",
        "Customers lost to rivals who would have stayed had experience not counted",
        _pair("churn_causes"),
    ),
    "recommend": Statistic(
        "Recommend because of experience, not price or product",
        "more than half",
        0.50,
        0.60,
        "Harris Interactive for RightNow 2007: service as the first reason",
        "Expected recommendations for which experience makes up at least "
        f"{100 * MAIN_REASON:.0f} % of the firm's advantage over the others",
        _pair("recommended"),
    ),
    "tell": Statistic(
        "Tell others about a bad experience",
        "almost all",
        0.95,
        0.56,
        "American Express 2012, United States",
        "Customers with an experience below neutral who are expected to send a message about it "
        "within a year",
        _pair("disappointed"),
    ),
}


def experience_statistics(
    scenario: Scenario | str | Path,
    *,
    seeds: int | Sequence[int] = 10,
    confidence: float = 0.95,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Compare five statistics on customer experience with what customers of a market do.

    Morgan names five, by which companies justify customer experience management; surveys
    ask people what they did or would do. In the market the same customer is asked with the
    experience and without it.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A market with a customer journey.
    seeds : int or sequence of int
    confidence : float
        Of the intervals, in (0, 1).
    progress : callable, optional
        Called with (runs done, runs).

    Returns
    -------
    DataFrame
        ``statistic, label, firm, share, se, lower, upper, in_words, said, survey,
        survey_source, measured``: a row for each of :data:`STATISTICS`, for the whole market
        (``firm`` is ``"(market)"``) and each firm, over the last year of the run. ``said`` is
        the share in the source ("almost all" is taken as 95 %, "more than half" as 50 %),
        ``survey`` that of the survey in ``survey_source``. NaN where nobody could be asked in any
        seed: without word of mouth nobody recommends.

    Raises
    ------
    ValueError
        If the scenario has no journey, there is no seed, or the confidence is not in (0, 1).

    Examples
    --------
    >>> from cxsim import load
    >>> market = load("bad_service", {"customers": 200, "periods": 12})
    >>> found = experience_statistics(market, seeds=2).set_index(["statistic", "firm"])
    >>> round(float(found["share"]["tell", "(market)"]), 3)
    0.931
    """
    market = loaded(scenario)
    if market.journey is None:
        raise ValueError("scenario: expected a market with a journey, found one without")
    seeds, confidence = sampling(seeds, confidence)
    made = contrast(
        {"": market}, _shares, seeds, progress=progress, probes={"": ["experience_statistics"]}
    )[""]
    rows = []
    for name, each in STATISTICS.items():
        for place, firm in enumerate([MARKET, *market.firms]):
            known = made[name][:, place]
            known = known[np.isfinite(known)]
            share = estimate(known, confidence).row("share") if len(known) else _NOBODY
            rows.append(
                {
                    "statistic": name,
                    "label": each.label,
                    "firm": firm,
                    **share,
                    "in_words": each.words,
                    "said": each.said,
                    "survey": each.found,
                    "survey_source": each.survey,
                    "measured": each.measured,
                }
            )
    return framed(rows, market, seeds=len(seeds))


_NOBODY = dict.fromkeys(("share", "se", "lower", "upper"), float("nan"))


def _shares(simulation: Simulation) -> dict[str, np.ndarray]:
    """Return every statistic over the last year, of all firms and of each, shape (1 + F,)."""
    books = simulation.ledger
    order = [books.firms.index(name) for name in simulation.scenario.firms]
    found = {}
    for name, each in STATISTICS.items():
        do, asked = (counts[-books.year :].sum(axis=0)[order] for counts in each.counts(books))
        together = np.array([do.sum()]), np.array([asked.sum()])
        found[name] = np.concatenate([ratio(*together), ratio(do, asked)])
    return found


@charted("label", "firm", "share", "lower", "upper", "said", "survey")
def experience_statistics_figure(found: pd.DataFrame, **_: Unpack[Shared]) -> Chart:
    """Draw five statistics on customer experience: said, surveyed, and of this market.

    Parameters
    ----------
    found : DataFrame
        As :func:`cxsim.strategy.experience_statistics.experience_statistics` returns.

    Returns
    -------
    Figure
        A row for each statistic: the market's share with its interval, those of firms as small
        dots, and the shares of the source and of a survey.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    whole = found[found["firm"] == MARKET].reset_index(drop=True)
    firms = found[found["firm"] != MARKET]
    names = list(whole["label"])

    def draw(figure: Picture) -> None:
        axes = figure.subplots()
        for place, row in whole.iterrows():
            own = firms[firms["label"] == row["label"]]["share"]
            axes.plot(100 * own, [place] * len(own), "o", color=GREY, ms=3.5, zorder=2)
            low, share, high = (100 * row[column] for column in ("lower", "share", "upper"))
            if np.isfinite(share):
                color = OKABE_ITO["blue"]
                draw_estimate(axes, place, (low, share, high), color=color, ms=8, zorder=3)
            else:
                axes.text(1, place, "nobody to ask", va="center", fontsize=8.5, color=GREY)
            axes.plot(100 * row["said"], place, "D", mfc="white", mec=INK, ms=7)
            axes.plot(100 * row["survey"], place, "s", mfc="white", mec=OKABE_ITO["vermillion"],
                      ms=7)  # fmt: skip
        first = whole.iloc[0]
        for value, text, color in (
            (first["said"], "source", INK),
            (first["survey"], "survey", OKABE_ITO["vermillion"]),
            (first["share"], "this market", OKABE_ITO["blue"]),
        ):
            axes.annotate(text, (100 * value, 0), (0, 9), textcoords="offset points",
                          ha="center", fontsize=8.5, color=color)  # fmt: skip
        named_rows(axes, names)
        axes.set_xlim(-2, 102)
        axes.set_xlabel("Share of customers (%)")

    known = whole[whole["share"].notna()]
    below = int((known["upper"] < known["said"] / 2).sum())
    said = joined(
        [
            f"{row['label'].lower()}: {100 * row['share']:.0f} % ({100 * row['said']:.0f} % said)"
            for _, row in known.iterrows()
        ]
    )
    return Chart(
        draw,
        size=(9.6, 4.2),
        title=f"{below} of {len(known)} statistics on customer experience are less than half as "
        "large in this market as in the source",
        note="Diamonds: the source, Morgan of B2B International. Squares: surveys, which ask "
        "people what they do. Dots: this market in its last year, with confidence intervals of "
        "means over seeds; small: firms.",
        alt=f"Shares of customers in this market and in the source: {said}.",
    )
