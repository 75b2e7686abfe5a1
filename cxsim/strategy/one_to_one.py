"""When one-to-one service pays: what has to hold for it, maps, and what serving all costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm

from cxsim.analytic import service_worth
from cxsim.charts.labels import Words, joined, number, scale_for, words_of
from cxsim.charts.layout import Chart, Shared, charted, named_rows
from cxsim.charts.style import GREY, INK, OKABE_ITO, Picture
from cxsim.messages import choice, money, whole
from cxsim.messages import number as above_zero
from cxsim.runs.measures.frames import firm_frame, service_statement
from cxsim.runs.measures.measure_registry import summarize
from cxsim.runs.measures.profit import by_horizon, profit
from cxsim.runs.measures.purchases import purchases
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario
from cxsim.study.paired_seeds import Progress, contrast, counted, framed, loaded, paths_of, sampling
from cxsim.study.value_of_lead import Estimate, estimate, interval, money_of, value_of

# -- What has to hold for one-to-one to earn most: a break-even value for each condition --------


@dataclass(frozen=True)
class _Factor:
    """A condition: how a market that has a multiple of it looks, and its value in a market."""

    label: str
    unit: str
    changes: Callable[[Scenario, float], dict[str, Any]]
    value: Callable[[Scenario, str], float]


def _of_segments(name: str, power: float = 1.0) -> Callable[[Scenario, float], dict[str, Any]]:
    """Return the changes that multiply a parameter of all segments (to the power given)."""
    return lambda market, times: {
        f"segments.{key}.{name}": float(getattr(each, name) or 0.0) * times**power
        for key, each in market.segments.items()
    }


def _mean(name: str, power: float = 1.0) -> Callable[[Scenario, str], float]:
    """Return the mean of a parameter (to the power given) over segments, by their shares."""
    return lambda market, _: float(
        sum(float(s.share) * float(getattr(s, name) or 0.0) ** power
            for s in market.segments.values())
    )  # fmt: skip


#: What may decide whether one-to-one earns most, by name. All firms and segments change alike.
FACTORS: Mapping[str, _Factor] = {
    "fit_weight": _Factor(
        "Value of personalization", "currency per sq. distance",
        _of_segments("fit_weight"), _mean("fit_weight"),
    ),
    "need_variance": _Factor(
        "Variance of needs", "sq. distance",
        _of_segments("need_sd", 0.5), _mean("need_sd", 2.0),
    ),
    "customization_cost": _Factor(
        "Cost of customization", "currency per unit",
        lambda market, times: {
            f"firms.{key}.customization_cost": float(firm.customization_cost) * times
            for key, firm in market.firms.items()
        },
        lambda market, firm: float(market.firms[firm].customization_cost),
    ),
    "market_size": _Factor(
        "Market size", "customers",
        lambda market, times: {"market_size": float(market.market_size) * times},
        lambda market, _: float(market.market_size),
    ),
    "purchase_rate": _Factor(
        "Purchase frequency", "purchases per period",
        _of_segments("purchase_rate"), _mean("purchase_rate"),
    ),
    "periods": _Factor(
        "Horizon", "periods",
        lambda market, times: {"periods": max(1, round(int(market.periods) * times))},
        lambda market, _: float(market.periods),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class OneToOneConditions:
    """What has to hold for a one-to-one firm to earn more than its best rival.

    Attributes
    ----------
    firm, rival : str
        The rival is the one that earns most in the market as it is.
    lead : Estimate
        Of the firm over that rival in net present value, in the market as it is, currency.
    curve : DataFrame
        ``factor, multiple, value, rival, lead, se, lower, upper``: the lead over the best rival
        at every value tried, and which rival that is.
    table : DataFrame
        A row for each factor: ``factor, label, unit, now, low, high`` (range tried),
        ``pays`` (``from`` a value on, ``up to`` one, ``throughout`` or ``nowhere`` in the range, or
        ``not varied`` where it is 0 now), ``value`` of break-even with ``lower, upper`` (NaN
        where the interval goes beyond the range), and ``closed_form``, the break-even of
        :func:`cxsim.analytic.service_worth` (NaN where there is none in the range).
    """

    firm: str
    rival: str
    lead: Estimate
    curve: pd.DataFrame
    table: pd.DataFrame

    def sentence(self) -> str:
        """Return the result in words."""
        words = words_of(self.table)
        ends = f"{money(self.lead.lower)} to {money(self.lead.upper)}"
        spread = f" (interval {ends})" if np.isfinite(self.lead.se) else ""
        rows = "; ".join(_condition(row, words) for row in self.table.itertuples())
        earned = f"{self._earned(words)}{spread}"
        return f"{earned}. One condition at a time, it earns most with: {rows}."

    def finding(self) -> str:
        """Return the result in one short sentence: the lead, and the conditions that turn it."""
        words = words_of(self.table)
        turn = self.table[self.table["pays"].isin(["from", "up to"])]
        bounds = [_bound(row, words, brief=True) for row in turn.itertuples()]
        unsure = np.isfinite(self.lead.se) and not self.lead.sign
        earned = self._earned(words) + (" (not significant)" if unsure else "")
        if not bounds:
            return f"{earned}, whichever condition changes within its range"
        if self.lead.mean > 0:
            return f"{earned}, as long as each of these holds: {joined(bounds)}"
        *some, last = bounds
        either = f"{', '.join(some)} or {last}" if some else last
        return f"{earned}; it would earn most with {either}"

    def _earned(self, words: Words) -> str:
        more = "more" if self.lead.mean > 0 else "less"
        amount = money(abs(self.lead.mean), words.currency)
        return f"{self.firm} earns {amount} {more} than its best rival, {self.rival}"


def _shown(value: float) -> str:
    """Return a number to three digits, large ones in words."""
    return money(value) if value >= 1e6 else number(value)


def _amount(value: float, unit: str, words: Words, *, brief: bool = False) -> str:
    """Return a value of a factor with its unit in the scenario's words; brief: without per what."""
    if brief and unit.startswith("currency"):
        unit = "currency"
    said = unit.replace("currency", words.currency or "currency units")
    said = said.replace("per period", f"per {words.period}").replace("periods", f"{words.period}s")
    return f"{_shown(value)} {words.say(said)}"


def _bound(row: Any, words: Words, *, brief: bool = False) -> str:
    """Return from or up to which value of a factor one-to-one pays, in words."""
    return f"{row.label.lower()} {row.pays} {_amount(row.value, row.unit, words, brief=brief)}"


def _condition(row: Any, words: Words) -> str:
    """Return a factor's row in words: where one-to-one pays, and the value now."""
    name, now = row.label.lower(), f"now {_shown(row.now)}"
    if row.pays in ("from", "up to"):
        return f"{_bound(row, words)} ({now}{_interval(row)})"
    if row.pays == "not varied":
        return f"{name} not varied ({now})"
    high = _amount(row.high, row.unit, words)
    return f"{name} {row.pays} between {_shown(row.low)} and {high} ({now})"


def _interval(row: Any) -> str:
    """Return the interval of a break-even value in words; empty if it is not known."""
    if np.isnan(row.lower) and np.isnan(row.upper):
        return ""
    lower = _shown(row.lower) if np.isfinite(row.lower) else f"below {_shown(row.low)}"
    upper = _shown(row.upper) if np.isfinite(row.upper) else f"above {_shown(row.high)}"
    return f"; interval {lower} to {upper}"


def one_to_one_conditions(
    scenario: Scenario | str | Path = "baseline",
    *,
    firm: str | None = None,
    factors: Sequence[str] = tuple(FACTORS),
    multiples: Sequence[float] = (0.25, 0.5, 2.0, 4.0),
    seeds: int | Sequence[int] = 8,
    confidence: float = 0.95,
    progress: Progress | None = None,
) -> OneToOneConditions:
    """Find what has to hold for a one-to-one firm to earn more than its best rival.

    Value of personalization, variance of needs, cost of customization, market size, purchase
    frequency and horizon are varied one at a time, for all firms and customers alike, and the
    value of each is found at which the firm's lead in net present value changes its sign.

    Parameters
    ----------
    scenario : Scenario, str or Path
    firm : str, optional
        By default the first firm whose interaction and customization both reach
        ``matrix_threshold``.
    factors : sequence of str
        Of :data:`cxsim.strategy.one_to_one.FACTORS`.
    multiples : sequence of float
        Of the value that a factor has now, above 0. A purchase frequency stays at or below one
        purchase per period.
    seeds : int or sequence of int
    confidence : float
        Of the intervals, in (0, 1).
    progress : callable, optional
        Called with (runs done, runs).

    Returns
    -------
    OneToOneConditions

    Raises
    ------
    ValueError
        If the firm is not in the scenario or none is one-to-one, it has no rival, a factor is
        not known, a multiple not above 0, there is no seed, or the confidence is not in (0, 1).

    Notes
    -----
    Between two values tried the lead is interpolated linearly, which is exact for market size and
    cost of customization at fixed prices. All horizons are read from one long run. The closed
    form compares the capabilities of the firm and of the rival at the rival's sales, to first
    order; it has no horizon, and leaves out changes in sales and retention.

    Examples
    --------
    >>> from cxsim import load
    >>> market = load("baseline", {"customers": 300, "periods": 12})
    >>> found = one_to_one_conditions(market, factors=["market_size"], seeds=2)
    >>> found.firm, found.table["pays"].tolist()
    ('Tailor', ['from'])
    """
    market = loaded(scenario)
    firm = _one_to_one_firm(market) if firm is None else choice(firm, "firm", market.firms)
    if len(market.firms) < 2:
        raise ValueError(f"firms: expected a rival of {firm}, found none")
    factors = [choice(name, "factors", FACTORS) for name in factors]
    for times in multiples:
        above_zero(times, "multiples", low=0, strict=True)
    seeds, confidence = sampling(seeds, confidence)
    tried = {name: _multiples(market, name, firm, multiples) for name in factors}
    runs = {("now", 1.0): market}
    for name in factors:
        moved = [max(tried[name])] if name == "periods" else [m for m in tried[name] if m != 1.0]
        runs |= {
            (name, m): market.override(FACTORS[name].changes(market, m)) for m in moved if m != 1.0
        }
    made = contrast(runs, _profits_and_purchases, seeds, progress=progress)
    rate = float(market.discount_rate)
    names = sorted(market.firms)
    own = names.index(firm)

    def leads(key: tuple[str, float], periods: int) -> tuple[str, np.ndarray]:
        earned = by_horizon(made[key]["profit"][:, :periods].swapaxes(0, 1), rate)[-1]  # (S, F)
        means = np.where(np.arange(len(names)) == own, -np.inf, earned.mean(axis=0))
        best = int(means.argmax())
        return names[best], earned[:, own] - earned[:, best]

    now = int(market.periods)
    rival, lead = leads(("now", 1.0), now)
    rows = []
    for name in factors:
        there, longest = FACTORS[name], max(tried[name])
        for m in tried[name]:
            periods = int(there.changes(market, m)["periods"]) if name == "periods" else now
            times = longest if name == "periods" else m  # shorter horizons are in the longest run
            best, values = leads((name, times) if times != 1.0 else ("now", 1.0), periods)
            value = m * there.value(market, firm)
            found = {k: float(v) for k, v in interval(values, confidence, "lead").items()}
            rows.append({"factor": name, "multiple": m, "value": value, "rival": best, **found})
    curve = framed(rows, market)
    sold = float(made["now", 1.0]["purchases"][:, names.index(rival)].mean())
    table = framed(
        [_row(market, name, firm, rival, sold, curve[curve["factor"] == name]) for name in factors],
        market, seeds=len(seeds), confidence=confidence,
    )  # fmt: skip
    return OneToOneConditions(firm, rival, estimate(lead, confidence), curve, table)


def has_one_to_one(scenario: Scenario) -> bool:
    """Return whether a firm of the scenario interacts and customizes, and a rival does not."""
    return 0 < len(_one_to_one_firms(scenario)) < len(scenario.firms)


def _one_to_one_firms(market: Scenario) -> list[str]:
    least = float(market.matrix_threshold)
    return [
        name for name, firm in market.firms.items()
        if min(float(firm.interaction), float(firm.customization)) >= least
    ]  # fmt: skip


def _one_to_one_firm(market: Scenario) -> str:
    found = _one_to_one_firms(market)
    if not found:
        raise ValueError(
            "firm: expected the name of a firm, because none has interaction and customization of "
            f"{float(market.matrix_threshold):g} or more, found none"
        )
    return found[0]


def _multiples(market: Scenario, name: str, firm: str, wanted: Sequence[float]) -> list[float]:
    """Return the multiples to try of a factor, its own value among them; that alone if it is 0."""
    if FACTORS[name].value(market, firm) == 0.0:
        return [1.0]
    most = np.inf
    if name == "purchase_rate":  # a customer buys once a period at most
        most = 1.0 / max(float(each.purchase_rate) for each in market.segments.values())
    return sorted({1.0, *(min(float(m), max(most, 1.0)) for m in wanted)})


def _profits_and_purchases(simulation: Simulation) -> dict[str, np.ndarray]:
    """Return profits by period and firm, (T, F), and each firm's mean purchases, (F,)."""
    books = simulation.ledger
    order = np.argsort(books.firms)
    bought = purchases(books)[:, order].mean(axis=0)
    return {"profit": profit(books)[:, order], "purchases": bought}


def _row(
    market: Scenario, name: str, firm: str, rival: str, sold: float, curve: pd.DataFrame
) -> dict[str, Any]:
    """Return where one-to-one pays over a factor: by the curve of leads, and by the closed form."""
    factor = FACTORS[name]
    x, lead = curve["value"].to_numpy(), curve["lead"].to_numpy()
    now = factor.value(market, firm)
    row = {
        "factor": name, "label": factor.label, "unit": factor.unit, "now": now,
        "low": float(x.min()), "high": float(x.max()),
        "value": np.nan, "lower": np.nan, "upper": np.nan, "closed_form": np.nan,
    }  # fmt: skip
    if len(x) == 1:
        return row | {"pays": "not varied"}
    row["closed_form"] = now * _closed_form(market, name, firm, rival, sold, curve["multiple"])
    at = _nearest(_zeros(x, lead), now)
    if not np.isfinite(at):
        return row | {"pays": "throughout" if lead[0] > 0 else "nowhere"}
    rises = bool(lead[np.searchsorted(x, at)] > 0)
    bounds = [_zeros(x, curve[end].to_numpy()) for end in ("upper", "lower")]
    below, above = bounds if rises else bounds[::-1]
    ends = {
        "lower": _nearest([value for value in below if value <= at], at),
        "upper": _nearest([value for value in above if value >= at], at),
    }
    return row | {"pays": "from" if rises else "up to", "value": at} | ends


def _zeros(x: np.ndarray, y: np.ndarray) -> list[float]:
    """Return where a line through points crosses zero."""
    return [
        float(x[k] - y[k] * (x[k + 1] - x[k]) / (y[k + 1] - y[k]))
        for k in range(len(x) - 1)
        if (y[k] > 0) != (y[k + 1] > 0)
    ]


def _nearest(found: list[float], to: float) -> float:
    return min(found, key=lambda value: abs(value - to)) if found else np.nan


def _closed_form(
    market: Scenario, name: str, firm: str, rival: str, sold: float, multiples: pd.Series[float]
) -> float:
    """Return the multiple of a factor at which the closed form breaks even, or NaN."""
    if name == "periods" or sold <= 0.0:
        return np.nan
    of: dict[str, Any] = {each: market.firms[each] for each in (firm, rival)}
    own, other = ((float(f.interaction), float(f.customization)) for f in of.values())

    def gain(times: float) -> float:
        there = market.override(FACTORS[name].changes(market, float(times)))
        bought = sold / float(market.market_size) * (times if name == "purchase_rate" else 1.0)
        return _gain(there, firm, bought, own, other)

    low, high = float(multiples.min()), float(multiples.max())
    if not gain(low) * gain(high) < 0.0:  # or not a number
        return np.nan
    from scipy.optimize import brentq

    return float(brentq(gain, low, high))


_SIDES = {True: OKABE_ITO["blue"], False: OKABE_ITO["vermillion"]}


@charted()
def conditions_figure(found: OneToOneConditions, **_: Unpack[Shared]) -> Chart:
    """Draw where a one-to-one firm earns more than its best rival, over each condition.

    Parameters
    ----------
    found : OneToOneConditions
        As :func:`cxsim.one_to_one_conditions` returns.
    title : str, optional
        Replaces the one computed.
    size : (float, float), optional
        Width and height in inches.

    Returns
    -------
    Figure
        A row for each condition, over multiples of its value now.
    """
    table, words = found.table, words_of(found.table)

    def draw(figure: Picture) -> None:
        axes = figure.add_subplot()
        axes.set_xscale("log", base=2)
        named_rows(axes, [row.label for row in table.itertuples()])
        for y, row in enumerate(table.itertuples()):
            _draw_row(axes, y, row, found.curve[found.curve["factor"] == row.factor])
            axes.annotate(
                _beside(row, words), (1.0, y), xycoords=axes.get_yaxis_transform(),
                xytext=(8, 0), textcoords="offset points", va="center", fontsize=9,
                annotation_clip=False,
            )  # fmt: skip
        axes.axvline(1.0, color=GREY, lw=0.9, ls=(0, (4, 2)), zorder=0)
        others = found.curve[found.curve["factor"] != "purchase_rate"]  # which has an upper limit
        tried = sorted((others if len(others) else found.curve)["multiple"].unique())
        axes.set_xticks(tried, [f"×{number(m)}" for m in tried])
        axes.minorticks_off()
        axes.set_xlabel("Multiple of the value now")

    return Chart(
        draw,
        size=(9.6, 1.9 + 0.55 * len(table)),
        title=found.finding(),
        note=f"Blue: {found.firm}'s net present value is above that of every rival, orange: it is "
        f"not; {table.attrs['seeds']} paired seeds. Bar: break-even, line: its interval; "
        "diamond: break-even of the closed form, which leaves out changes in sales and retention. "
        "One condition changes at a time, for all firms alike.",
        alt=found.sentence(),
    )


def _draw_row(axes: Axes, y: int, row: Any, curve: pd.DataFrame) -> None:
    """Draw where one-to-one pays over a condition, with the break-even value."""
    x, lead = curve["value"].to_numpy(), curve["lead"].to_numpy()
    if row.pays == "not varied":
        axes.plot(1.0, y, "o", color=_SIDES[bool(lead[0] > 0)], ms=7)
        return
    cuts = np.array([x[0], *_zeros(x, lead), x[-1]])
    for left, right in pairwise(cuts):
        ahead = bool(np.interp((left + right) / 2, x, lead) > 0)
        axes.plot([left / row.now, right / row.now], [y, y], color=_SIDES[ahead], lw=9,
                  solid_capstyle="butt", alpha=0.55)  # fmt: skip
    if np.isfinite(row.value):
        ends = [row.lower if np.isfinite(row.lower) else row.low,
                row.upper if np.isfinite(row.upper) else row.high]  # fmt: skip
        if np.isfinite(curve["se"]).all():
            axes.plot(np.array(ends) / row.now, [y, y], color=INK, lw=1.4)
        axes.plot(row.value / row.now, y, "|", color=INK, ms=17, mew=2.4)
    if np.isfinite(row.closed_form):
        axes.plot(row.closed_form / row.now, y, "D", mfc="white", mec=INK, ms=6)


def _beside(row: Any, words: Words) -> str:
    """Return the label beside a row: where one-to-one pays, and the value now."""
    now = f"now {_shown(row.now)}"
    if row.pays in ("from", "up to"):
        return f"{row.pays} {_amount(row.value, row.unit, words)}\n{now}{_interval(row)}"
    if row.pays == "not varied":
        return f"not varied\nnow {_amount(row.now, row.unit, words)}"
    ends = _amount(row.high, row.unit, words)
    return f"{row.pays} from {_shown(row.low)} to {ends}\n{now}"


# -- When one-to-one service loses money: a map, simulated and by the closed form side by side


#: What is compared: interaction and customization of the firm, one-to-one or mass.
ONE_TO_ONE, MASS = (0.8, 0.8), (0.1, 0.1)


#: Parameters that the closed form calls as a scenario does: of a firm, and of a segment.
_OF_FIRM = ("segment_insight", "customization_cost", "interaction_cost", "capability_cost")
_OF_SEGMENT = ("fit_weight", "ordering_effort", "volume", "exit_rate", "need_drift")


def profit_map(
    scenario: Scenario | str = "baseline",
    *,
    firm: str = "Tailor",
    need_variance: Sequence[float] = (0.1, 0.4, 0.7, 1.0, 1.3, 1.6),
    fit_weight: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5),
    customization_cost: Sequence[float] = (0.5, 1.5, 3.0),
    seeds: int | Sequence[int] = 4,
    settled: int = 36,
    pricing: str = "fixed",
    confidence: float = 0.95,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Compare a firm with one-to-one and with mass service over three parameters of the market.

    Parameters
    ----------
    scenario : Scenario or str
        Rivals and all else; the firm's two capabilities are set here.
    firm : str
    need_variance : sequence of float
        Of every segment, squared distance.
    fit_weight : sequence of float
        Of every segment, currency per squared distance and unit.
    customization_cost : sequence of float
        Of every firm, currency per unit, fully customized.
    seeds : int or sequence of int
    settled : int
        Periods left out at the start, in which firms get to know their customers.
    pricing : str
        The firm's pricing policy: ``fixed``, or ``best_response``, at which the closed form is
        meant to hold.
    confidence : float
        Of the intervals, in (0, 1).
    progress : callable, optional
        Called with (points done, points).

    Returns
    -------
    DataFrame
        One row per point: ``need_variance, fit_weight, customization_cost``; ``gain``, the
        firm's mean profit per period with one-to-one less that with mass service, with ``se,
        lower, upper``; ``worth``, the same by the closed form
        (:func:`cxsim.analytic.service_worth`, currency per period at the sales of mass service);
        ``agree``: both have the same sign; ``value`` and ``perpetuity``, the gain in net present
        value over all periods, and with the last year's gain in perpetuity.

    Raises
    ------
    ValueError
        If the firm is not in the scenario, or all periods are left out, there is no seed, or
        the confidence is not in (0, 1).

    Notes
    -----
    The closed form is handed the parameters, and of the simulation only how much the firm
    sells with mass service: nothing of the runs that it is compared with. Investment is left
    out on both sides.
    """
    base = loaded(scenario)
    choice(firm, "firm", base.firms)
    settled = whole(settled, "settled", low=0, high=base.periods - 1)
    seeds, confidence = sampling(seeds, confidence)
    points = list(product(customization_cost, fit_weight, need_variance))
    step = counted(progress, len(points))
    rows = []
    for cost, weight, variance in points:
        at = {
            "segments.*.need_sd": float(np.sqrt(variance)),
            "segments.*.fit_weight": weight,
            "firms.*.customization_cost": cost,
            f"firms.{firm}.policy.pricing": pricing,
        }
        row = {"need_variance": variance, "fit_weight": weight, "customization_cost": cost}
        rows.append(row | _gained(base.override(at), firm, settled, seeds, confidence))
        step()
    return framed(rows, base)


def _gained(
    market: Scenario, firm: str, settled: int, seeds: Sequence[int], confidence: float
) -> dict[str, Any]:
    """Return the gain of a firm's profit by one-to-one service: simulated, and in closed form."""
    path = f"firms.{firm}"
    served = {
        kind: market.override({f"{path}.interaction": kind[0], f"{path}.customization": kind[1]})
        for kind in (MASS, ONE_TO_ONE)
    }
    made = contrast(served, paths_of(firm, ["profit", "purchases"]), seeds)
    mass, own = (made[kind]["profit"] for kind in served)
    gain = estimate(own[:, settled:].mean(axis=1) - mass[:, settled:].mean(axis=1), confidence)
    value = value_of(own - mass, np.zeros(len(seeds)), **money_of(market))
    sold = float(made[MASS]["purchases"][:, settled:].mean())
    worth = sold * _gain(market, firm, sold / float(market.market_size))
    return {
        **gain.row("gain"),
        "worth": worth,
        "agree": bool(gain.mean * worth > 0),
        "value": value.within.mean,
        "perpetuity": value.perpetuity.mean,
        "seeds": len(seeds),
    }


def _place(given: Any, scenario: Scenario) -> np.ndarray:
    """Return a place in the space of needs; the middle where none is given."""
    return np.zeros(int(scenario.needs)) if given is None else np.asarray(given, dtype=float)


def _gain(
    scenario: Scenario,
    firm: str,
    rate: float,
    service: tuple[float, float] = ONE_TO_ONE,
    instead: tuple[float, float] = MASS,
) -> float:
    """Return the gain per purchase by a service in closed form, mean over segments."""
    own: Any = scenario.firms[firm]
    place = _place(own.position, scenario)
    market = {
        "rate": rate,
        "customers": float(scenario.market_size),
        "dimensions": int(scenario.needs),
        "recognition": float(own.identification),
        "forgetting": float(own.forgetting_rate),
        **{name: float(getattr(own, name)) for name in _OF_FIRM},
    }
    total = 0.0
    for segment in scenario.segments.values():
        alike = market | {
            "need_variance": float(segment.need_sd) ** 2,
            "gap": float(np.linalg.norm(_place(segment.need_mean, scenario) - place)),
            "learning": float(scenario.learning_rate) * float(segment.disclosure),
            **{name: float(getattr(segment, name) or 0.0) for name in _OF_SEGMENT},
        }
        gain = service_worth(*service, **alike).net - service_worth(*instead, **alike).net
        total += float(segment.share) * float(gain)
    return total


# -- What it costs to serve everybody individually, against a focused few ----------------------


#: What is compared, in currency.
LINES: dict[str, str] = {
    "customization_cost": "Customization",
    "contact_cost": "Interaction",
    "individual_service_cost": "Individual service",
    "capability_spend": "Capabilities",
    "total": "Total",
    "per_customer": "Per customer and period",
    "per_recognized": "Per recognized contact",
    "net_present_value": "Net present value",
}


def individual_service_cost(
    everybody: Scenario | str | Path,
    few: Scenario | str | Path | None = None,
    *,
    firm: str,
    other: str | None = None,
    seeds: int | Sequence[int] = 20,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare what individual service costs, and what is left, paired by seed.

    Either two firms of one market, or one firm in two markets that differ in whom it serves.

    Parameters
    ----------
    everybody : Scenario, str or Path
        The market in which ``firm`` serves everybody.
    few : Scenario, str or Path, optional
        Another one, in which ``other`` serves some; by default the same market.
    firm : str
        Who serves everybody.
    other : str, optional
        Who serves some; by default the same firm.
    seeds : int or sequence of int
    confidence : float
        Of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        ``line, label, everybody, everybody_lower, everybody_upper, few, few_lower, few_upper,
        difference, se, lower, upper``, a row for each of :data:`LINES`, in currency: what the
        lines of :func:`cxsim.runs.measures.frames.service_statement` come to over the run, and
        net present value. ``difference`` is everybody less few.

    Raises
    ------
    ValueError
        If a firm is not there, or both sides are the same.

    Examples
    --------
    >>> small = {"customers": 200, "periods": 6}
    >>> from cxsim import load
    >>> market = load("sweet_spot", small)
    >>> found = individual_service_cost(market, firm="Everyone", other="Focus", seeds=3)
    >>> bool(found.set_index("line")["difference"]["individual_service_cost"] > 0)
    True
    """
    sides = [loaded(each) for each in (everybody, few) if each is not None]
    names = (firm, firm if other is None else other)
    if few is None and names[0] == names[1]:
        raise ValueError("few: expected another market, or another firm, found neither")
    for scenario, name in zip((sides[0], sides[-1]), names, strict=True):
        choice(name, "firm", scenario.firms)
    seeds, confidence = sampling(seeds, confidence)
    found = list(contrast(dict(enumerate(sides)), _costs, seeds).values())
    rows = []
    for line, label in LINES.items():
        a, b = found[0][names[0], line], found[-1][names[1], line]
        rows.append(
            {
                "line": line,
                "label": label,
                **estimate(a, confidence).ends("everybody"),
                **estimate(b, confidence).ends("few"),
                **estimate(a - b, confidence).row("difference"),
            }
        )
    return framed(rows, sides[0], firms=names, seeds=len(seeds))


def _costs(simulation: Simulation) -> dict[tuple[str, str], float]:
    """Return every line of every firm."""
    scenario = simulation.scenario
    firms = firm_frame(simulation.ledger, scenario, simulation.mechanisms)
    lines = service_statement(firms, scenario).set_index("firm")
    return {
        (firm, line): float(lines.loc[firm, line] if line in lines else values[line])
        for firm, values in summarize(simulation).items()
        if firm in scenario.firms
        for line in LINES
    }


# -- When one-to-one pays: a map with the break-even line, simulated and by the closed form ----


_AXES = ["need_variance", "fit_weight", "customization_cost"]


#: Maps by the column that they show, from the top.
_MAPS = {"gain": "Simulated", "worth": "Closed form"}


@charted(*_AXES, "gain", "lower", "upper", "worth", "agree")
def one_to_one_profit_map(found: pd.DataFrame, **_: Unpack[Shared]) -> Chart:
    """Draw the gain of profit by one-to-one over need variance, value of personalization and cost.

    Parameters
    ----------
    found : DataFrame
        As :func:`cxsim.strategy.one_to_one.profit_map` returns.

    Returns
    -------
    Figure
        A column for each customizing cost; above simulated, below the closed form. The line
        is where nothing is gained. A dot: the simulated gain's interval spans zero.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    costs = sorted(found["customization_cost"].unique())
    words = words_of(found)
    both = found[["gain", "worth"]].to_numpy().ravel()
    scale = scale_for("currency per period", both, words=words)
    reach = float(np.abs(both).max())
    norm = TwoSlopeNorm(0.0, -reach, reach)

    def draw(figure: Picture) -> None:
        grid = figure.subplots(2, len(costs), squeeze=False, sharex=True, sharey=True)
        for column, cost in zip(grid.T, costs, strict=True):
            part = found[found["customization_cost"] == cost]
            for axes, (name, called) in zip(column, _MAPS.items(), strict=True):
                shown = _map(axes, part, name, norm)
                heading = f"{called}\nCustomization {cost:g} {words.currency} per unit"
                axes.set_title(heading, fontsize=10)
            column[-1].set_xlabel("Variance of needs (squared distance)")
        for axes in grid[:, 0]:
            unit = f"{words.currency or 'currency'} per sq. distance"
            axes.set_ylabel(f"Value of personalization\n({unit})")
        bar = figure.colorbar(shown, ax=grid, shrink=0.7, pad=0.02)
        bar.ax.yaxis.set_major_formatter(scale.ticks)
        bar.set_label(scale.axis("Profit gained by one-to-one"))

    agree = f"{100 * float(found['agree'].mean()):.0f} %"
    loses = f"{100 * float((found['upper'] < 0).mean()):.0f} % of points"
    return Chart(
        draw,
        size=(1.5 + 3.4 * len(costs), 7.0),
        title=f"One-to-one loses money at {loses}: where needs are similar, personalization has "
        f"little value or customization is costly. The closed form agrees at {agree}",
        note="Line: break-even; purple: one-to-one earns more than mass service, orange: less. "
        "Dots: the simulated gain is not significant. Agrees: same sign. The closed form is a "
        "first-order approximation that leaves out changes in sales and retention.",
        alt="Maps of the profit gained by one-to-one, simulated and by the closed form; it loses "
        f"at {loses}, and signs agree at {agree}.",
    )


def _map(axes: Axes, part: pd.DataFrame, column: str, norm: TwoSlopeNorm) -> Any:
    """Draw a map with its break-even line, and a dot where a simulated gain may be chance."""
    table = part.pivot(index="fit_weight", columns="need_variance", values=column)
    across, up, values = table.columns, table.index, table.to_numpy()
    shown = axes.pcolormesh(across, up, table, cmap="PuOr", norm=norm, shading="nearest")
    if values.min() < 0 < values.max():
        black = [OKABE_ITO["black"]]
        axes.contour(across, up, values, levels=[0.0], colors=black, linewidths=2.2)
    if column == "gain":
        unsure = part[(part["lower"] < 0) & (part["upper"] > 0)]
        axes.plot(unsure["need_variance"], unsure["fit_weight"], "o", color=INK, ms=4)
    axes.grid(visible=False)
    return shown
