"""Targeting lift of each rule, by the correlation of attributes with needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxsim.charts.labels import Scale, chosen, need, scale_for, words_of
from cxsim.charts.labels import number as number_text
from cxsim.charts.layout import (
    Chart,
    EndLabel,
    Shared,
    charted,
    end_labels,
    firm_panels,
    panels_size,
    tag,
    top_label,
)
from cxsim.charts.style import GREY, OKABE_ITO, Picture, readable
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario
from cxsim.study.paired_seeds import Progress, contrast, loaded, sampling
from cxsim.study.value_of_lead import estimate

# -- What targeting is worth: lift of each rule, by how far attributes tell of needs -----------


RULES = ("random", "analytics", "predictive")


@dataclass(frozen=True)
class Targeting:
    """A kind of targeting, and the factor over which its rules are compared.

    Attributes
    ----------
    axis : str
        What the rules are compared along: a column of the frame.
    section : str
        Section of the firm without which it targets nobody.
    totals : tuple of str
        Over the run: true value of those chosen and how many they are, the same of all who
        could be, and the value of as many of the best.
    changes : callable
        Called with the path of the section, a place along the axis and a rule: returns what is
        set in the scenario.
    """

    axis: str
    section: str
    totals: tuple[str, str, str, str, str]
    changes: Callable[[str, float, str], dict[str, Any]]

    def lift(self, firm: str) -> Callable[[Simulation], dict[str, float]]:
        """Return a statistic: lift of those chosen, and of as many chosen by an oracle."""

        def statistic(simulation: Simulation) -> dict[str, float]:
            books = simulation.ledger
            place = books.firms.index(firm)
            sums = (float(books.count(name)[:, place].sum()) for name in self.totals)
            value, many, value_all, everybody, best = sums
            mean = value_all / everybody if everybody else np.nan
            return {
                "chosen": value / many / mean if many else np.nan,
                "oracle": best / many / mean if many else np.nan,
            }

        return statistic


_CONTACTS = Targeting(
    "correlation",
    "acquisition",
    (
        "value_contacted", "acquisition_contacts", "value_prospects", "prospects",
        "value_best_prospects",
    ),
    lambda path, rho, rule: {
        "attributes": {"firmographic": rho, "behavioural": rho}, f"{path}.targeting": rule,
    },
)  # fmt: skip


_SERVICE = Targeting(
    "capacity",
    "value_tiers",
    ("value_served", "served", "value_ranked", "ranked", "value_best"),
    lambda path, share, rule: {
        f"{path}.contact_capacity": share,
        f"{path}.goes_to": "everyone" if rule == "random" else rule,
    },
)


def acquisition_lift(
    scenario: Scenario | str | Path,
    firm: str,
    *,
    correlations: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95),
    seeds: int = 8,
    confidence: float = 0.95,
    overrides: Any = None,
    progress: Progress | None = None,
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
    base = loaded(scenario, overrides)
    return _lifts(_CONTACTS, base, firm, correlations, seeds, confidence, progress)


def service_lift(
    scenario: Scenario | str | Path,
    firm: str,
    *,
    capacities: Sequence[float] = (0.05, 0.1, 0.2, 0.4),
    seeds: int = 8,
    confidence: float = 0.95,
    overrides: Any = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return the lift of whom a firm serves individually, by rule and contact capacity.

    As :func:`acquisition_lift`, with a column ``capacity`` in place of ``correlation`` and the
    rule "random" for ``goes_to: everyone``.

    Raises
    ------
    ValueError
        If the firm has no ``value_tiers``.
    """
    base = loaded(scenario, overrides)
    return _lifts(_SERVICE, base, firm, capacities, seeds, confidence, progress)


def _lifts(
    what: Targeting,
    base: Scenario,
    firm: str,
    places: Sequence[float],
    seeds: int,
    confidence: float,
    progress: Progress | None,
) -> pd.DataFrame:
    """Put the lifts of rules side by side, with that of the model over the books."""
    if firm not in base.firms or getattr(base.firms[firm], what.section) is None:
        raise ValueError(f"firm: expected one with {what.section}, found {firm!r}")
    numbers, confidence = sampling(seeds, confidence)
    places, path = [float(place) for place in places], f"firms.{firm}.{what.section}"
    scenarios = {
        (at, rule): base.override(what.changes(path, at, rule)) for at in places for rule in RULES
    }
    made = contrast(scenarios, what.lift(firm), numbers, progress=progress)
    rows = []
    for at in sorted(set(places)):
        found = {rule: made[at, rule]["chosen"] for rule in RULES}
        found["oracle"] = made[at, "predictive"]["oracle"]
        found["predictive - analytics"] = found["predictive"] - found["analytics"]
        rows += [
            {what.axis: at, "rule": rule, **estimate(lifts, confidence).row("lift")}
            for rule, lifts in found.items()
        ]
    frame = pd.DataFrame(rows).drop(columns="se")
    frame.attrs.update(firm=firm, seeds=seeds, confidence=confidence)
    return frame


# -- Targeting: what rules of whom to serve or to contact are worth, and value tiers -----------


#: What each rule is called, by the axis of the figure, and its colour, line and marker.
_RULES: dict[str, tuple[dict[str, str], str, str, str]] = {
    "random": ({}, GREY, ":", "o"),
    "analytics": (
        {"correlation": "like the best", "capacity": "by RFM"},
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


@charted()
def targeting_lift(lifts: pd.DataFrame, **_: Unpack[Shared]) -> Chart:
    """Draw the lift of each targeting rule, with intervals.

    Parameters
    ----------
    lifts : DataFrame
        ``correlation`` (or ``capacity``), ``rule, lift, lower, upper``, of
        :func:`cxsim.strategy.targeting_lift.acquisition_lift` or ``service_lift``.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    axis = next((name for name in _AXES if name in lifts), "correlation")
    need(lifts, [axis, "rule", "lift", "lower", "upper"], name="lifts")
    parts = {rule: part.sort_values(axis) for rule, part in lifts.groupby("rule")}
    shown = {rule: parts[rule] for rule in _RULES if rule in parts}
    called = {
        rule: _RULES[rule][0].get(axis, "at random" if rule == "random" else rule) for rule in shown
    }

    def draw(figure: Picture) -> Callable[[], None]:
        axes = figure.add_subplot()
        ends = []
        for rule, rows in shown.items():
            _, color, line, marker = _RULES[rule]
            x, y = rows[axis].to_numpy(float), rows["lift"].to_numpy(float)
            axes.fill_between(x, rows["lower"], rows["upper"], color=color, alpha=0.18, lw=0)
            axes.plot(x, y, color=color, linestyle=line, marker=marker, ms=5)
            text = f"{called[rule]} {number_text(y[-1])}"
            ends.append(EndLabel(x[-1], y[-1], text, readable(color)))
        axes.axhline(1.0, color=GREY, linewidth=0.7, zorder=0)
        axes.set_xlabel(_AXES[axis])
        top_label(axes, "Targeting lift (mean true value of those chosen / of all)")
        return partial(end_labels, axes, ends)

    said = (
        f"{called[rule]} {' to '.join(number_text(rows['lift'].iloc[k]) for k in (0, -1))}"
        for rule, rows in shown.items()
    )
    span = f"{axis} {number_text(lifts[axis].min())} to {number_text(lifts[axis].max())}"
    confidence = lifts.attrs.get("confidence", 0.95)
    return Chart(
        draw,
        size=(8.2, 4.8),
        title=_finding(lifts, axis),
        alt=f"Lift of targeting rules, {span}: {'; '.join(said)}.",
        note=f"Means over seeds, bands are {100 * confidence:g} % intervals; 1: random choice. "
        "True value: expected discounted contribution of a customer known to no firm.",
    )


def _finding(lifts: pd.DataFrame, axis: str) -> str:
    """State where the model finds significantly better customers than the simpler rule."""
    gap = lifts[lifts["rule"] == "predictive - analytics"].sort_values(axis)
    ahead = gap.loc[gap["lower"] > 0, axis].to_numpy(float)
    behind = gap.loc[gap["upper"] < 0, axis].to_numpy(float)
    if len(gap) == 0:
        return "Lift of targeting rules"
    other = "the profile of the best customers" if axis == "correlation" else "RFM"
    if len(ahead) == len(gap):
        return f"A model finds better customers than {other} at every {axis}"
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


@charted("period", "firm", "tier", "customers", "contribution_margin")
def value_tiers(
    tiers: pd.DataFrame,
    *,
    show: Sequence[str] | None = None,
    periods: tuple[int, int] | None = None,
    **_: Unpack[Shared],
) -> Chart:
    """Draw the pyramid of value tiers: shares of customers and of contribution, a panel a firm.

    Parameters
    ----------
    tiers : DataFrame
        ``period, firm, tier, customers, contribution_margin``, as ``run.frames["tiers"]`` has.
    show : sequence of str, optional
        Firms to show, in order.
    periods : (int, int), optional
        First and last period pooled; by default the second half.

    Raises
    ------
    ValueError
        If a column is missing or nobody is in a tier.
    """
    words = words_of(tiers)
    last = int(tiers["period"].max())
    first, last = periods or ((last + 1) // 2, last)
    tiers = tiers[tiers["period"].between(first, last)]
    names, order = chosen(tiers["firm"], show), [str(t) for t in tiers["tier"].unique()]
    by_tier = tiers.groupby(["firm", "tier"], observed=True, sort=False)
    sums = by_tier[["customers", "contribution_margin"]].sum()
    if not (sums["customers"] > 0).any():
        raise ValueError("tiers: expected customers in some tier, found none")
    scale = scale_for("share", np.array([0.0, 1.0]), words=words)
    by_firm = {name: sums.loc[name].reindex(order) for name in names}
    parts = {name: one / one.sum() for name, one in by_firm.items()}

    def draw(figure: Picture) -> None:
        for axes, (name, one) in zip(firm_panels(figure, names), by_firm.items(), strict=True):
            _pyramid(axes, one, parts[name], scale)

    margins = {name: part["contribution_margin"] for name, part in parts.items()}
    tops = [float(of_firm.iloc[:2].sum()) for of_firm in margins.values()]
    best = int(np.argmax(tops))
    said = (
        f"{name}: {', '.join(f'{t} {scale.brief(v)}' for t, v in of_firm.items())}"
        for name, of_firm in margins.items()
    )
    return Chart(
        draw,
        size=panels_size(len(names), height=2.2),
        title=f"{names[best]}'s top fifth of customers brings {scale.brief(tops[best])} of its "
        "contribution",
        note=f"{words.period.capitalize()}s {first} to {last}. Left: share of the firm's "
        "customers; right: share of its contribution, and multiple of the mean customer's. Tiers "
        "by the firm's own ranking.",
        alt=f"Share of contribution by value tier. {'; '.join(said)}.",
    )


def _pyramid(axes: Axes, sums: pd.DataFrame, parts: pd.DataFrame, scale: Scale) -> None:
    """Draw a firm's tiers from the top: customers to the left, contribution to the right."""
    place = np.arange(len(parts))[::-1]
    axes.barh(place, -parts["customers"], color="#BBBBBB", height=0.8)
    axes.barh(place, parts["contribution_margin"], color=OKABE_ITO["blue"], height=0.8)
    each = sums["contribution_margin"] / sums["customers"]
    lift = each / (sums["contribution_margin"].sum() / sums["customers"].sum())
    for y, tier in zip(place, parts.index, strict=True):
        customers, share = parts.loc[tier, ["customers", "contribution_margin"]]
        text = f"{scale.brief(share)}, {number_text(lift[tier], 2)}× mean"
        tag(axes, text, (max(share, 0.0), y), (4, 0), fontsize=8)
        tag(axes, scale.brief(customers), (-customers, y), (-3, 0), fontsize=8, color=GREY)
    axes.set_yticks(place, parts.index)
    axes.set_xlim(-0.75, 1.15)
    axes.set_xticks([])
    axes.axvline(0.0, color="white", lw=1.5)
    axes.set_xlabel("customers  |  contribution", x=0.75 / 1.9)
    axes.grid(visible=False)
