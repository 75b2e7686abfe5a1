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
from cxsim.numerics.statistics import half_width, mean_and_error
from cxsim.runs import settings_attrs
from cxsim.runs.measures.purchases import share
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario
from cxsim.study.paired_seeds import Progress, contrast, counted, loaded
from cxsim.study.value_of_lead import Estimate, estimate

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
    seeds = seeds_of(seeds)
    confidence = number(confidence, "confidence", low=0, high=1, strict=True)
    given = CONDITIONS if conditions is None else conditions
    outcomes, step = _outcomes_of(firm, rival, since), counted(progress, len(given))
    rows: list[dict[str, Any]] = []
    for words, changes in given.items():
        there = {side: scenario.override(dict(changes)) for side, scenario in pair.items()}
        found = contrast(there, outcomes, seeds)
        rows += [{"condition": words, **row} for row in _effects(**found, confidence=confidence)]
        step()
    made = pd.DataFrame(rows)
    made.attrs.update(settings_attrs(pair["without"]))
    return made


def _outcomes_of(firm: str, rival: str, since: int) -> Callable[[Simulation], dict[str, float]]:
    """Return a statistic: :data:`OUTCOMES`, and what the rival keeps of its tenured customers."""
    old = TENURE_BANDS.index("8-15")

    def statistic(simulation: Simulation) -> dict[str, float]:
        books = simulation.books
        sides = [books.firms.index(name) for name in (firm, rival)]
        held, kept = (v[since:].sum(axis=0)[sides] for v in held_and_kept(books, "tenure"))
        first = books.total("purchases")[since:, 0, :].sum(axis=0)[
            sides
        ]  # by those with no supplier
        shares = share(books)[:, sides]
        stayed, there = kept[:, old:].sum(axis=1), held[:, old:].sum(axis=1)
        return {
            "tenured": float(ratio(stayed[0], there[0])),
            "fresh": float(ratio(kept[0, 0], held[0, 0])),
            "newcomers": float(ratio(first[0], first[0] + first[1])),
            "share": float(shares[since:, 0].mean()),
            "lead": float((shares[-12:, 0] - shares[-12:, 1]).mean()),
            "rival_tenured": float(ratio(stayed[1], there[1])),
        }

    return statistic


def _effects(
    without: Mapping[str, np.ndarray], copied: Mapping[str, np.ndarray], confidence: float
) -> list[dict[str, Any]]:
    """Return a row for each outcome, and one for the part of the lead in retention that is lost."""
    rows: list[dict[str, Any]] = []
    for name, label in OUTCOMES.items():
        x, y = _known(without[name], copied[name])
        level = estimate(y, confidence)
        rows.append(
            {
                "outcome": name,
                "label": label,
                "without": float(x.mean()),
                "copied": level.mean,
                "copied_lower": level.lower,
                "copied_upper": level.upper,
                **estimate(y - x, confidence).row("difference"),
                "seeds": len(x),
            }
        )
    kept, rivals = without["tenured"], without["rival_tenured"]
    lost, lead = _known(kept - copied["tenured"], kept - rivals)
    label = "Part of the lead in retention that is lost"
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
