"""Copying the one-to-one firm: what its customers, newcomers and shares do, and when it works."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxsim.charts.labels import need
from cxsim.charts.layout import finish, new, short
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture, styled
from cxsim.messages import number, seeds_of, whole
from cxsim.model.core.people import TENURE_BANDS
from cxsim.model.ledger import held_and_kept, ratio
from cxsim.numerics.statistics import half_width, mean_and_error, paired
from cxsim.runs import settings_attrs, simulate
from cxsim.runs.measures.purchases import share
from cxsim.scenario import Scenario

__all__ = ["CONDITIONS", "OUTCOMES", "copying_effects", "copying_figure"]


# -- Copying the one-to-one firm: what its customers, newcomers and shares do, and when it works


#: Markets in which the copy is tried: words, and what is changed in them.
CONDITIONS: dict[str, dict[str, Any]] = {
    "as it stands": {},
    "half of a profile is portable": {"profile_portability": 0.5},
    "profiles are portable": {"profile_portability": 1.0},
    "needs drift by a tenth a month": {"segments.*.need_drift": 0.1},
    "needs drift by a half a month": {"segments.*.need_drift": 0.5},
    "fit counts a third": {"segments.*.fit_weight": 0.5},
    "fit and hassle count nothing": {"segments.*.fit_weight": 0.0, "segments.*.hassle": 0.0},
    "tastes are three times as strong": {"segments.*.brand_taste_sd": 6.0},
}


#: What is looked at, after the copy.
OUTCOMES: dict[str, str] = {
    "tenured": "Retention of customers with 8 purchases and more",
    "fresh": "Retention of customers with a single purchase",
    "newcomers": "Share of newcomers' purchases, of those the two firms make",
    "share": "Share of purchases",
    "lead": "Share less the copying firm's share, in the last year",
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
    progress: Callable[[int, int], None] | None = None,
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
    pair = [Scenario.load(s) if isinstance(s, str) else s for s in (without, copied)]
    for name in (firm, rival):
        if any(name not in scenario.firms for scenario in pair):
            raise ValueError(f"firm: expected one of both scenarios, found {name!r}")
    since = whole(since, "since", low=0, high=pair[0].periods - 1)
    numbers = seeds_of(seeds)
    confidence = number(confidence, "confidence", low=0, high=1, strict=True)
    given = CONDITIONS if conditions is None else conditions
    rows: list[dict[str, Any]] = []
    for done, (words, changes) in enumerate(given.items(), start=1):
        a, b = (
            _measured(scenario.override(dict(changes)), firm, rival, since, numbers)
            for scenario in pair
        )
        for name, label in OUTCOMES.items():
            x, y = _known(a[name], b[name])
            rows.append(
                {
                    "condition": words,
                    "outcome": name,
                    "label": label,
                    "without": float(x.mean()),
                    "copied": float(y.mean()),
                    **_interval(y, confidence),
                    **{k: float(v) for k, v in paired(x, y, confidence).items()},
                    "seeds": len(x),
                }
            )
        lost, lead = _known(a["tenured"] - b["tenured"], a["tenured"] - a["rival_tenured"])
        label = "Part of the lead in retention that is lost"
        rows.append({"condition": words, "outcome": "lost", "label": label,
                     **_lost(lost, lead, confidence), "seeds": len(lead)})  # fmt: skip
        if progress is not None:
            progress(done, len(given))
    made = pd.DataFrame(rows).drop(columns="narrowing")
    made.attrs.update(settings_attrs(pair[0]))
    return made


def _measured(
    scenario: Scenario, firm: str, rival: str, since: int, seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """Return outcomes by seed."""
    values: dict[str, list[float]] = {name: [] for name in (*OUTCOMES, "rival_tenured")}
    old, new = TENURE_BANDS.index("8-15"), 0
    for seed in seeds:
        books = simulate(scenario, seed=seed).ledger
        own, other = books.firms.index(firm), books.firms.index(rival)
        held, kept = (v[since:].sum(axis=0) for v in held_and_kept(books, "tenure"))
        first = books.total("purchases")[since:, 0, :].sum(axis=0)  # by those with no supplier
        shares = share(books)
        stayed, there = kept[:, old:].sum(axis=1), held[:, old:].sum(axis=1)
        values["tenured"].append(float(ratio(stayed[own], there[own])))
        values["rival_tenured"].append(float(ratio(stayed[other], there[other])))
        values["fresh"].append(float(ratio(kept[own, new], held[own, new])))
        values["newcomers"].append(float(ratio(first[own], first[own] + first[other])))
        values["share"].append(shares[since:, own].mean())
        values["lead"].append((shares[-12:, own] - shares[-12:, other]).mean())
    return {name: np.array(each) for name, each in values.items()}


def _known(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of which both are known: a share of nobody is not."""
    both = np.isfinite(x) & np.isfinite(y)
    return x[both], y[both]


def _interval(values: np.ndarray, confidence: float) -> dict[str, float]:
    mean, error = mean_and_error(values)
    half = float(half_width(error, len(values), confidence))
    return {"copied_lower": float(mean) - half, "copied_upper": float(mean) + half}


def _lost(lost: np.ndarray, lead: np.ndarray, confidence: float) -> dict[str, float]:
    """Return a ratio of means with its interval, by the jackknife (Quenouille 1956)."""
    n, nothing = len(lead), float("nan")
    if n == 0:
        return dict.fromkeys(("difference", "se", "lower", "upper"), nothing)
    mean, error = mean_and_error(lead)
    if n > 1 and not mean - half_width(error, n, confidence) > 0:
        return dict.fromkeys(("difference", "se", "lower", "upper"), nothing)
    value = float(lost.mean() / mean)
    if n < 2:
        return {"difference": value, "se": nothing, "lower": nothing, "upper": nothing}
    without_one = (lost.sum() - lost) / (lead.sum() - lead)
    _, error = mean_and_error(n * value - (n - 1) * without_one)
    half = float(half_width(error, n, confidence))
    return {
        "difference": value, "se": float(error), "lower": value - half, "upper": value + half,
    }  # fmt: skip


# -- A rival that copies: what it changes, by the conditions under which it does ---------------


#: Panels: outcome, heading, and whether its value with the copy is shown, not the difference.
_PANELS = (
    ("lost", "Lead in retention\nof tenured customers\nthat is lost", False),
    ("fresh", "Retention after a\nfirst purchase,\nchange", False),
    ("newcomers", "Newcomers' purchases:\npart of the copied firm,\nwith the copy", True),
    ("lead", "Lead in share in the\nlast year: without (ring)\nand with the copy", True),
)


@styled
def copying_figure(
    found: pd.DataFrame,
    *,
    limit: float = 0.1,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw what copying the one-to-one firm does, condition by condition.

    Parameters
    ----------
    found : DataFrame
        As :func:`cxsim.strategy.copying.copying_effects` returns.
    limit : float
        Part of the lead in retention from which on the claim that tenured customers stay is
        taken to be refuted.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

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
    wanted = ["without", "copied", "copied_lower", "copied_upper", "difference", "lower", "upper"]
    need(found, ["condition", "outcome", *wanted], name="found")
    names = list(dict.fromkeys(found["condition"]))
    figure = new(size, (12.6, 3.0 + 0.38 * len(names)))
    panels = figure.subplots(1, len(_PANELS))
    blue, red = OKABE_ITO["blue"], OKABE_ITO["vermillion"]
    for k, (axes, (outcome, heading, level)) in enumerate(zip(panels, _PANELS, strict=True)):
        part = found[found["outcome"] == outcome].set_index("condition").loc[names]
        for row, name in enumerate(names):
            one = part.loc[name]
            low, value, high = (
                (one["copied_lower"], one["copied"], one["copied_upper"]) if level
                else (one["lower"], one["difference"], one["upper"])
            )  # fmt: skip
            if not np.isfinite(value):
                axes.text(
                    0.98, row, "no lead to lose", transform=axes.get_yaxis_transform(),
                    ha="right", va="center", fontsize=8, color=GREY,
                )  # fmt: skip
                continue
            bad = outcome == "lost" and one["lower"] > limit
            color = red if bad else blue
            axes.plot([100 * low, 100 * high], [row, row], color=color, lw=2)
            axes.plot(100 * value, row, "o", color=color, ms=6.5)
            if outcome == "lead":
                axes.plot(100 * one["without"], row, "o", mfc="white", mec=GREY, ms=6.5)
        mark = {"lost": 100 * limit, "newcomers": 50.0}.get(outcome, 0.0)
        axes.axvline(mark, color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=1)
        axes.margins(x=0.07)
        axes.set_ylim(len(names) - 0.5, -0.6)
        axes.set_yticks(*((range(len(names)), [short(n, 30) for n in names]) if k == 0 else ([],)))
        axes.set_title(heading, fontsize=9.5, color=INK)
        axes.set_xlabel("%" if outcome in ("lost", "newcomers") else "percentage points")
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
    lost = found[found["outcome"] == "lost"].set_index("condition").loc[names]
    first = lost.iloc[0]
    failing = [name for name in names if lost.loc[name, "lower"] > limit]
    if title is None:
        holds = (
            "lose their supplier's hold" if first["lower"] > limit
            else "stay with it" if first["upper"] <= limit
            else "may or may not stay with it"
        )  # fmt: skip
        lead = found[(found["outcome"] == "lead") & (found["condition"] == names[0])].iloc[0]
        title = (
            f"Tenured customers of the firm that is copied {holds}, but its lead in share goes "
            f"from {100 * lead['without']:.0f} to {100 * lead['copied']:.0f} points"
        )
        if failing:
            title += f". Tenured customers go, too, where {_or(failing)}"
    said = "; ".join(
        f"{name}: lost {100 * lost.loc[name, 'difference']:.0f} % "
        f"({100 * lost.loc[name, 'lower']:.0f} to {100 * lost.loc[name, 'upper']:.0f})"
        if np.isfinite(lost.loc[name, "difference"])
        else f"{name}: no lead to lose"
        for name in names
    )
    return finish(
        figure,
        title=title,
        note=(
            "Intervals of means over seeds, those of changes paired. Left: share of the lead over "
            f"the copying firm; dashed: {100 * limit:.0f} %, from which the claim is refuted; red: "
            "surely beyond it."
        ),
        alt=f"Part of the lead in retention lost to a firm that copies, by condition: {said}.",
    )


def _or(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
