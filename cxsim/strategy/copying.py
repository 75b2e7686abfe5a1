"""Copying the one-to-one firm: what its customers, newcomers and shares do, and when it works."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.charts.intervals import draw_estimate
from cxsim.charts.layout import Chart, Shared, charted, named_rows, short
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture
from cxsim.messages import minus, whole
from cxsim.model.core.people import TENURE_BANDS
from cxsim.model.ledger import held_and_kept, ratio
from cxsim.numerics.statistics import half_width, mean_and_error
from cxsim.runs.measures.purchases import market_share
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario
from cxsim.study.paired_seeds import Progress, contrast, counted, framed, loaded, sampling
from cxsim.study.value_of_lead import Estimate, estimate

# -- Copying the one-to-one firm: what its customers, newcomers and shares do, and when it works


#: Markets in which the copy is tried: words, and what is changed in them.
CONDITIONS: dict[str, dict[str, Any]] = {
    "as it stands": {},
    "half of a profile is portable": {"profile_portability": 0.5},
    "profiles are portable": {"profile_portability": 1.0},
    "needs drift by a tenth a month": {"segments.*.need_drift": 0.1},
    "needs drift by a half a month": {"segments.*.need_drift": 0.5},
    "personalization is worth a third": {"segments.*.fit_weight": 0.5},
    "personalization and ordering effort do not count": {
        "segments.*.fit_weight": 0.0,
        "segments.*.ordering_effort": 0.0,
    },
    "brand preferences are three times as strong": {"segments.*.brand_taste_sd": 6.0},
}


#: What is looked at, after the copy.
OUTCOMES: dict[str, str] = {
    "retention_long_tenured": "Retention of customers with 8 or more purchases",
    "retention_new": "Retention of customers with a single purchase",
    "newcomers": "Copied firm's share of newcomers' purchases from the two firms",
    "market_share": "Market share",
    "lead": "Lead in market share over the copying firm, last year",
}


def copying_effects(
    without: Scenario | str = "baseline",
    copied: Scenario | str = "copycat",
    *,
    firm: str = "Tailor",
    rival: str = "Mass",
    since: int = 24,
    conditions: Mapping[str, Mapping[str, Any]] | None = None,
    seeds: int | Sequence[int] = 10,
    confidence: float = 0.95,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Compare markets with and without a rival that copies, under several conditions.

    Parameters
    ----------
    without, copied : Scenario or str
        Alike but for the copy.
    firm, rival : str
        The firm that is copied, and the one that copies.
    since : int
        Period of the copy; what is measured is measured from then on.
    conditions : mapping of str to mapping, optional
        Words, and parameters changed in both scenarios; by default :data:`CONDITIONS`.
    seeds : int or sequence of int
    confidence : float
        Of the intervals, in (0, 1).
    progress : callable, optional
        Called with (conditions done, conditions).

    Returns
    -------
    DataFrame
        ``condition, outcome, label, without, copied, copied_lower, copied_upper, difference, se,
        lower, upper, seeds``, outcomes those of :data:`OUTCOMES`; and one more, ``lost``: which
        part of the lead in retention that tenured customers gave the firm over the rival it has
        lost, NaN where the interval of that lead spans zero. Its interval is by the jackknife
        over seeds. Seeds in which nobody is there whose share would count (a copying firm without
        customers of long standing) are left out of that row; ``seeds`` counts the others.

    Raises
    ------
    ValueError
        If a firm is not there, or ``since`` not before the end.
    """
    pair = {"without": loaded(without), "copied": loaded(copied)}
    for name in (firm, rival):
        if any(name not in scenario.firms for scenario in pair.values()):
            raise ValueError(f"firm: expected one of both scenarios, found {name!r}")
    since = whole(since, "since", low=0, high=pair["without"].periods - 1)
    seeds, confidence = sampling(seeds, confidence)
    given = CONDITIONS if conditions is None else conditions
    outcomes, step = _outcomes_of(firm, rival, since), counted(progress, len(given))
    rows: list[dict[str, Any]] = []
    for words, changes in given.items():
        there = {side: scenario.override(dict(changes)) for side, scenario in pair.items()}
        found = contrast(there, outcomes, seeds)
        rows += [{"condition": words, **row} for row in _effects(**found, confidence=confidence)]
        step()
    return framed(rows, pair["without"])


def _outcomes_of(firm: str, rival: str, since: int) -> Callable[[Simulation], dict[str, float]]:
    """Return a statistic: :data:`OUTCOMES`, and what the rival keeps of its tenured customers."""
    old = TENURE_BANDS.index("8-15")

    def statistic(simulation: Simulation) -> dict[str, float]:
        books = simulation.ledger
        sides = [books.firms.index(name) for name in (firm, rival)]
        held, kept = (v[since:].sum(axis=0)[sides] for v in held_and_kept(books, "tenure"))
        newcomers = books.total("purchases")[since:, 0].sum(axis=0)[sides]  # had no supplier
        shares = market_share(books)[:, sides]
        stayed, there = kept[:, old:].sum(axis=1), held[:, old:].sum(axis=1)
        return {
            "retention_long_tenured": float(ratio(stayed[0], there[0])),
            "retention_new": float(ratio(kept[0, 0], held[0, 0])),
            "newcomers": float(ratio(newcomers[0], newcomers[0] + newcomers[1])),
            "market_share": float(shares[since:, 0].mean()),
            "lead": float((shares[-12:, 0] - shares[-12:, 1]).mean()),
            "rival_retention_long_tenured": float(ratio(stayed[1], there[1])),
        }

    return statistic


def _effects(
    without: Mapping[str, np.ndarray], copied: Mapping[str, np.ndarray], confidence: float
) -> list[dict[str, Any]]:
    """Return a row for each outcome, and one for the part of the lead in retention that is lost."""
    rows: list[dict[str, Any]] = []
    for name, label in OUTCOMES.items():
        x, y = _known(without[name], copied[name])
        rows.append(
            {
                "outcome": name,
                "label": label,
                "without": float(x.mean()),
                **estimate(y, confidence).ends("copied"),
                **estimate(y - x, confidence).row("difference"),
                "seeds": len(x),
            }
        )
    kept, rivals = without["retention_long_tenured"], without["rival_retention_long_tenured"]
    lost, lead = _known(kept - copied["retention_long_tenured"], kept - rivals)
    label = "Share of the lead in retention that is lost"
    part = _lost(lost, lead, confidence).row("difference")
    return [*rows, {"outcome": "lost", "label": label, **part, "seeds": len(lead)}]


def _known(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of which both are known: a share of nobody is not."""
    both = np.isfinite(x) & np.isfinite(y)
    return x[both], y[both]


def _lost(lost: np.ndarray, lead: np.ndarray, confidence: float) -> Estimate:
    """Return a ratio of means with its interval, by the jackknife (Quenouille 1956)."""
    n, nothing = len(lead), float("nan")
    if n == 0 or (n > 1 and not estimate(lead, confidence).lower > 0):
        return Estimate(nothing, nothing, nothing)
    value = float(lost.mean() / lead.mean())
    if n == 1:
        return Estimate(value, nothing, nothing)
    without_one = (lost.sum() - lost) / (lead.sum() - lead)
    _, error = mean_and_error(n * value - (n - 1) * without_one)
    half = float(half_width(error, n, confidence))
    return Estimate(value, value - half, value + half, float(error))


# -- A rival that copies: what it changes, by the conditions under which it does ---------------


#: What is shown of an outcome, with its interval: its change, or its value with the copy.
_CHANGE = ("lower", "difference", "upper")
_LEVEL = ("copied_lower", "copied", "copied_upper")


#: Panels: outcome, heading, and what is shown of it.
_PANELS = (
    ("lost", "Share of the lead in\nretention of tenured\ncustomers that is lost", _CHANGE),
    ("retention_new", "Change in retention\nafter a first\npurchase", _CHANGE),
    ("newcomers", "Copied firm's share of\nnewcomers' purchases,\nwith the copy", _LEVEL),
    ("lead", "Lead in market share,\nlast year: without (ring)\nand with the copy", _LEVEL),
)


@charted("condition", "outcome", "without", *_LEVEL, *_CHANGE)
def copying_figure(found: pd.DataFrame, *, limit: float = 0.1, **_: Unpack[Shared]) -> Chart:
    """Draw the effects of copying the one-to-one firm, by condition.

    Parameters
    ----------
    found : DataFrame
        As :func:`cxsim.strategy.copying.copying_effects` returns.
    limit : float
        Part of the lead in retention from which on the claim that tenured customers stay is
        taken to be refuted.

    Returns
    -------
    Figure
        A row for each condition, a panel for each outcome, with intervals: of paired
        differences, or of what is there with the copy.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    names = list(dict.fromkeys(found["condition"]))
    by = {name: part.set_index("condition").loc[names] for name, part in found.groupby("outcome")}
    lost = by["lost"]

    def draw(figure: Picture) -> None:
        panels = figure.subplots(1, len(_PANELS))
        for k, (axes, (outcome, heading, columns)) in enumerate(zip(panels, _PANELS, strict=True)):
            _panel(axes, outcome, by[outcome], columns, limit)
            named_rows(axes, [""] * len(names) if k else [short(name, 30) for name in names])
            axes.set_title(heading, fontsize=9.5, color=INK)

    said = (
        f"{name}: "
        + minus(
            f"lost {100 * row['difference']:.0f} % "
            f"({100 * row['lower']:.0f} to {100 * row['upper']:.0f})"
        )
        if np.isfinite(row["difference"])
        else f"{name}: no lead to lose"
        for name, row in lost.iterrows()
    )
    return Chart(
        draw,
        size=(12.6, 3.0 + 0.38 * len(names)),
        title=_finding(lost, by["lead"].iloc[0], limit),
        note="Confidence intervals of means over seeds, paired for changes. Left: share of the "
        f"lead over the copying firm. Dashed: {100 * limit:.0f} %, above which the claim is "
        "refuted. Red: significantly above it.",
        alt="Share of the lead in retention lost to a firm that copies, by condition: "
        f"{'; '.join(said)}.",
    )


def _panel(
    axes: Axes, outcome: str, part: pd.DataFrame, columns: Sequence[str], limit: float
) -> None:
    """Draw one outcome: a row for each condition, in percent."""
    for place, (_, row) in enumerate(part.iterrows()):
        low, value, high = (100 * row[column] for column in columns)
        if not np.isfinite(value):
            axes.text(
                0.98, place, "no lead to lose", transform=axes.get_yaxis_transform(),
                ha="right", va="center", fontsize=8, color=GREY,
            )  # fmt: skip
            continue
        refuted = outcome == "lost" and row["lower"] > limit
        color = OKABE_ITO["vermillion" if refuted else "blue"]
        draw_estimate(axes, place, (low, value, high), color=color, ms=6.5)
        if outcome == "lead":
            axes.plot(100 * row["without"], place, "o", mfc="white", mec=GREY, ms=6.5)
    mark = {"lost": 100 * limit, "newcomers": 50.0}.get(outcome, 0.0)
    axes.axvline(mark, color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=1)
    axes.margins(x=0.07)
    axes.set_xlabel("%" if outcome in ("lost", "newcomers") else "percentage points")
    axes.tick_params(axis="y", length=0)


def _finding(lost: pd.DataFrame, lead: pd.Series, limit: float) -> str:
    """Tell whether the tenured stay as it stands, what the lead becomes, and where they go."""
    first = lost.iloc[0]
    holds = (
        "loses" if first["lower"] > limit
        else "keeps" if first["upper"] <= limit
        else "may lose"
    )  # fmt: skip
    said = (
        f"The copied firm {holds} its tenured customers; its lead in market share changes from "
        + minus(f"{100 * lead['without']:.0f} to {100 * lead['copied']:.0f} points")
    )
    *most, last = list(lost.index[lost["lower"] > limit]) or [""]
    failing = f"{', '.join(most)} or {last}" if most else last
    return f"{said}. It loses tenured customers where {failing}" if failing else said
