"""When one-to-one service loses money: a map, simulated and by the closed form side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm

from cxsim.analytic import service_worth
from cxsim.charts.labels import scale_for, words_of
from cxsim.charts.layout import Chart, Shared, charted
from cxsim.charts.style import INK, OKABE_ITO, Picture
from cxsim.messages import choice, whole
from cxsim.runs.measures.frames import firm_frame, service_statement
from cxsim.runs.measures.measure_registry import summarize
from cxsim.runs.simulation import Simulation
from cxsim.scenario import Scenario
from cxsim.study.paired_seeds import Progress, contrast, counted, framed, loaded, paths_of, sampling
from cxsim.study.value_of_lead import estimate, money_of, value_of

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


def _gain(scenario: Scenario, firm: str, rate: float) -> float:
    """Return the gain per purchase by one-to-one service in closed form, mean over segments."""
    own: Any = scenario.firms[firm]
    place = np.zeros(int(scenario.needs)) if own.position is None else np.asarray(own.position)
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
            "gap": float(np.linalg.norm(np.asarray(segment.need_mean) - place)),
            "learning": float(scenario.learning_rate) * float(segment.disclosure),
            **{name: float(getattr(segment, name) or 0.0) for name in _OF_SEGMENT},
        }
        gain = service_worth(*ONE_TO_ONE, **alike).net - service_worth(*MASS, **alike).net
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
                heading = f"{called}: customization {cost:g} {words.currency} per unit"
                axes.set_title(heading, fontsize=10)
            column[-1].set_xlabel("Variance of needs (squared distance)")
        for axes in grid[:, 0]:
            unit = f"{words.currency or 'currency'} per sq. distance"
            axes.set_ylabel(f"Value of personalization ({unit})")
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
