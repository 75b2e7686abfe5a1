"""What targeting is worth: lift of each rule, by how far attributes tell of needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.charts.labels import chosen, need, scale_for, words_of
from cxsim.charts.labels import number as number_text
from cxsim.charts.layout import EndLabel, described, end_labels, finish, head, new, top_label
from cxsim.charts.style import GREY, OKABE_ITO, Picture, readable, styled
from cxsim.charts.time_series import panels_by_firm
from cxsim.messages import number, seeds_of
from cxsim.numerics.statistics import half_width, mean_and_error
from cxsim.runs import simulate
from cxsim.scenario import Scenario

__all__ = ["look_alike_lift", "service_lift", "targeting_lift", "value_tiers"]


# -- What targeting is worth: lift of each rule, by how far attributes tell of needs -----------


RULES = ("random", "analytics", "predictive")


def look_alike_lift(
    scenario: Scenario | str | Path,
    firm: str,
    *,
    correlations: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95),
    seeds: int = 8,
    confidence: float = 0.95,
    overrides: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return the lift of a firm's contacts by targeting rule and correlation of attributes.

    Every rule meets the same customers, seed by seed, under the same correlation of both kinds
    of attributes with needs.

    Parameters
    ----------
    scenario : Scenario, str or Path
        One in which the firm has ``acquisition``.
    firm : str
    correlations : sequence of float
        Values of ``attributes.firmographic`` and ``attributes.behavioural``.
    seeds : int
        How many, from 0 on.
    confidence : float
        Of the intervals, in (0, 1).
    overrides : mapping or iterable of str, optional
        Changed parameters by dotted path, in all runs.
    progress : callable, optional
        Called with (runs done, runs) after every run.

    Returns
    -------
    DataFrame
        ``correlation, rule, lift, lower, upper``; rules are random, analytics, predictive,
        oracle (who knows what customers are worth) and "predictive - analytics", the paired
        difference. Attribute ``firm`` says whose contacts.

    Raises
    ------
    ValueError
        If the firm contacts nobody.
    """
    base = _loaded(scenario, overrides)
    if firm not in base.firms or base.firms[firm].acquisition is None:
        raise ValueError(f"firm: expected one with acquisition, found {firm!r}")
    points = [
        (
            {"correlation": rho},
            {
                "attributes": {"firmographic": rho, "behavioural": rho},
                f"firms.{firm}.acquisition.targeting": rule,
            },
            rule,
        )
        for rho in map(float, correlations)
        for rule in RULES
    ]
    totals = ("value_contacted", "contacts_made", "value_prospects", "prospects")
    return _lifts(
        base, firm, points, (*totals, "value_best_prospects"), seeds, confidence, progress
    )


def service_lift(
    scenario: Scenario | str | Path,
    firm: str,
    *,
    capacities: Sequence[float] = (0.05, 0.1, 0.2, 0.4),
    seeds: int = 8,
    confidence: float = 0.95,
    overrides: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return the lift of whom a firm serves individually, by rule and contact capacity.

    As :func:`look_alike_lift`, with a column ``capacity`` in place of ``correlation`` and the
    rule "random" for ``goes_to: everyone``.

    Raises
    ------
    ValueError
        If the firm has no ``value_tiers``.
    """
    base = _loaded(scenario, overrides)
    if firm not in base.firms or base.firms[firm].value_tiers is None:
        raise ValueError(f"firm: expected one with value_tiers, found {firm!r}")
    path = f"firms.{firm}.value_tiers"
    points = [
        (
            {"capacity": share},
            {
                f"{path}.contact_capacity": share,
                f"{path}.goes_to": "everyone" if rule == "random" else rule,
            },
            rule,
        )
        for share in map(float, capacities)
        for rule in RULES
    ]
    totals = ("value_served", "served", "value_ranked", "ranked", "value_best")
    return _lifts(base, firm, points, totals, seeds, confidence, progress)


def _loaded(given: Scenario | str | Path, overrides: Any) -> Scenario:
    scenario = given if isinstance(given, Scenario) else Scenario.load(given)
    return scenario.override(overrides) if overrides else scenario


def _lifts(
    base: Scenario,
    firm: str,
    points: list[tuple[dict[str, float], dict[str, Any], str]],
    totals: tuple[str, ...],
    seeds: int,
    confidence: float,
    progress: Callable[[int, int], None] | None,
) -> pd.DataFrame:
    """Play every point with every seed and put lifts side by side."""
    numbers = seeds_of(seeds)
    confidence = number(confidence, "confidence", low=0, high=1, strict=True)
    place = sorted(base.firms).index(firm)
    found: dict[tuple[float, str], list[float]] = {}
    done = 0
    for where, changes, rule in points:
        (at,) = where.values()
        scenario = base.override(changes)
        for seed in numbers:
            books = simulate(scenario, seed=seed).ledger
            sums = [float(books.count(name)[:, place].sum()) for name in totals]
            value, many, value_all, everybody, best = sums
            mean = value_all / everybody if everybody else np.nan
            found.setdefault((at, rule), []).append(value / many / mean if many else np.nan)
            if rule == "predictive":
                found.setdefault((at, "oracle"), []).append(best / many / mean if many else np.nan)
            done += 1
            if progress is not None:
                progress(done, len(points) * len(numbers))
    (axis,) = points[0][0]
    for at in dict.fromkeys(at for at, _ in found):
        pair = zip(found[at, "predictive"], found[at, "analytics"], strict=True)
        found[at, "predictive - analytics"] = [a - b for a, b in pair]
    rows = []
    for (at, rule), values in found.items():
        center, error = mean_and_error(np.array(values))
        half = half_width(error, len(values), confidence)
        row = {"lift": center, "lower": center - half, "upper": center + half}
        rows.append({axis: at, "rule": rule, **row})
    frame = pd.DataFrame(rows).sort_values(axis, kind="stable", ignore_index=True)
    frame.attrs.update(firm=firm, seeds=seeds, confidence=confidence)
    return frame


# -- Targeting: what rules of whom to serve or to contact are worth, and value tiers -----------


#: What each rule is called, by the axis of the figure, and its colour, line and marker.
_RULES: dict[str, tuple[dict[str, str], str, str, str]] = {
    "random": ({}, GREY, ":", "o"),
    "analytics": (
        {"correlation": "like the best", "capacity": "by the books"},
        OKABE_ITO["orange"],
        "--",
        "s",
    ),
    "predictive": (
        {"correlation": "look-alikes", "capacity": "by a model"},
        OKABE_ITO["blue"],
        "-",
        "o",
    ),
    "oracle": ({}, OKABE_ITO["black"], "-", "^"),
}


_AXES = {
    "correlation": "Correlation of attributes with needs",
    "capacity": "Contact capacity (share of the firm's customers)",
}


@styled
def targeting_lift(
    lifts: pd.DataFrame, *, title: str | None = None, size: tuple[float, float] | None = None
) -> Picture:
    """Draw the lift of each targeting rule, with intervals.

    Parameters
    ----------
    lifts : DataFrame
        ``correlation`` (or ``capacity``), ``rule, lift, lower, upper``, of
        :func:`cxsim.strategy.targeting_lift.look_alike_lift` or ``service_lift``.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    axis = next((name for name in _AXES if name in lifts), "correlation")
    need(lifts, [axis, "rule", "lift", "lower", "upper"], name="lifts")
    figure = new(size, (8.2, 4.8))
    axes = figure.add_subplot()
    ends, said = [], []
    for rule, (names, color, line, marker) in _RULES.items():
        words = names.get(axis, "by lot" if rule == "random" else rule)
        rows = lifts[lifts["rule"] == rule].sort_values(axis)
        if rows.empty:
            continue
        x, y = rows[axis].to_numpy(float), rows["lift"].to_numpy(float)
        axes.fill_between(x, rows["lower"], rows["upper"], color=color, alpha=0.18, lw=0)
        axes.plot(x, y, color=color, linestyle=line, marker=marker, ms=5)
        ends.append(
            EndLabel(float(x[-1]), float(y[-1]), f"{words} {number_text(y[-1])}", readable(color))
        )
        said.append(f"{words} {number_text(y[0])} to {number_text(y[-1])}")
    axes.axhline(1.0, color=GREY, linewidth=0.7, zorder=0)
    axes.set_xlabel(_AXES[axis])
    top_label(axes, "Lift (mean true value of those chosen / of all)")
    confidence = lifts.attrs.get("confidence", 0.95)
    note = f"Means over seeds, bands are {100 * confidence:g} % intervals; 1 is chance. "
    note += "True value: expected discounted contribution of a customer known to no firm."
    head(figure, title=title or _finding(lifts, axis), note=note)
    end_labels(axes, ends)
    span = f"{axis} {number_text(lifts[axis].min())} to {number_text(lifts[axis].max())}"
    return described(figure, f"Lift of targeting rules, {span}: {'; '.join(said)}.")


def _finding(lifts: pd.DataFrame, axis: str) -> str:
    """Tell where the model beats the books beyond chance."""
    gap = lifts[lifts["rule"] == "predictive - analytics"].sort_values(axis)
    ahead = gap.loc[gap["lower"] > 0, axis].to_numpy(float)
    behind = gap.loc[gap["upper"] < 0, axis].to_numpy(float)
    if len(gap) == 0:
        return "Lift of targeting rules"
    if len(ahead) == len(gap):
        return f"A model finds better customers than the books at every {axis}"
    other = "describing the best customers" if axis == "correlation" else "the books"
    many = {"correlation": "correlations", "capacity": "capacities"}[axis]
    if len(ahead) == 0:
        said = f"A model finds no better customers than {other} at any {axis}"
    elif len(ahead) == 1:
        said = f"A model beats {other} at a {axis} of {number_text(ahead[0])}"
    else:
        low, high = number_text(ahead.min()), number_text(ahead.max())
        said = f"A model beats {other} at {many} from {low} to {high}"
    worse = ", ".join(number_text(value) for value in behind)
    return f"{said}, and loses to it at {worse}" if worse else said


@styled
def value_tiers(
    tiers: pd.DataFrame,
    *,
    show: Sequence[str] | None = None,
    periods: tuple[int, int] | None = None,
    title: str | None = None,
    size: tuple[float, float] | None = None,
) -> Picture:
    """Draw the pyramid of value tiers: shares of customers and of contribution, a panel a firm.

    Parameters
    ----------
    tiers : DataFrame
        ``period, firm, tier, customers, contribution``, as ``run.frames["tiers"]`` has.
    show : sequence of str, optional
        Firms to show, in order.
    periods : (int, int), optional
        First and last period pooled; by default the second half.
    title : str, optional
        In place of the one computed.
    size : (float, float), optional
        Width and height in inches.

    Raises
    ------
    ValueError
        If a column is missing or nobody is in a tier.
    """
    need(tiers, ["period", "firm", "tier", "customers", "contribution"], name="tiers")
    words = words_of(tiers)
    last = int(tiers["period"].max())
    first, last = periods or ((last + 1) // 2, last)
    tiers = tiers[tiers["period"].between(first, last)]
    names = chosen(tiers["firm"], show)
    sums = tiers.groupby(["firm", "tier"], observed=True, sort=False)[
        ["customers", "contribution"]
    ].sum()
    order = [str(t) for t in tiers["tier"].unique()]
    if not (sums["customers"] > 0).any():
        raise ValueError("tiers: expected customers in some tier, found none")
    figure, panels = panels_by_firm(names, size, height=2.2)
    scale = scale_for("share", np.array([0.0, 1.0]), words=words)
    tops, said = [], []
    for axes, name in zip(panels, names, strict=True):
        one = sums.loc[name].reindex(order)
        parts = one / one.sum()
        place = np.arange(len(order))[::-1]
        axes.barh(place, -parts["customers"], color="#BBBBBB", height=0.8)
        axes.barh(place, parts["contribution"], color=OKABE_ITO["blue"], height=0.8)
        each = one["contribution"] / one["customers"]
        mean = one["contribution"].sum() / one["customers"].sum()
        for y, tier in zip(place, order, strict=True):
            share, lift = parts.loc[tier, "contribution"], each[tier] / mean
            axes.annotate(
                f"{scale.brief(share)}, {number_text(lift, 2)}× mean", (max(share, 0.0), y),
                xytext=(4, 0), textcoords="offset points", va="center", fontsize=8,
            )  # fmt: skip
            axes.annotate(
                scale.brief(parts.loc[tier, "customers"]), (-parts.loc[tier, "customers"], y),
                xytext=(-3, 0), textcoords="offset points", va="center", ha="right", fontsize=8,
                color=GREY,
            )  # fmt: skip
        axes.set_yticks(place, order)
        axes.set_xlim(-0.75, 1.15)
        axes.set_xticks([])
        axes.axvline(0.0, color="white", lw=1.5)
        axes.set_xlabel("customers  |  contribution", x=0.75 / 1.9)
        axes.grid(visible=False)
        tops.append(float(parts["contribution"].iloc[:2].sum()))
        shares = ", ".join(f"{t} {scale.brief(parts.loc[t, 'contribution'])}" for t in order)
        said.append(f"{name}: {shares}")
    best = int(np.argmax(tops))
    share = scale.brief(tops[best])
    found = f"The fifth of customers that {names[best]} ranks first brings {share} of "
    return finish(
        figure,
        title=title or found + "its contribution",
        note=f"{words.period.capitalize()}s {first} to {last}. Left: share of the firm's "
        "customers; right: share of what they brought it, and how many times the mean. Tiers by "
        "the firm's own ranking.",
        alt=f"Share of contribution by value tier. {'; '.join(said)}.",
    )
