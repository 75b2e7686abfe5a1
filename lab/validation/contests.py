"""Out-of-sample contests by log predictive density: ``python -m lab.validation.contests``.

Each model is estimated on the first two thirds of every customer's purchases and judged by the
log of the probability that it gives to the last third, given the first. Differences between models
are taken customer by customer, so their standard errors are paired. Models that beat the package's
own stand on the page like the others (``docs/contests.md``).
"""

from __future__ import annotations

import argparse
import inspect
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln, logsumexp
from scipy.stats import beta, gamma, poisson

from cxsim.analytic import bg_nbd_log_likelihood
from cxsim.calibration import CalibrationError, Panel, calibrate
from cxsim.calibration.estimate import Likelihood, design_of, fit
from lab.pages.page import DOCS, Images, joined, table, write
from lab.validation.published import PANELS, MissingDataError, cdnow, panel, recency

__all__ = [
    "BENCHMARK", "ORDERS", "Contest", "bg_nbd", "boosted", "by_name", "choice_contest", "gains",
    "log_density", "order_contest", "page", "reading", "smoothed",
]  # fmt: skip

#: The model that gains are measured from.
BENCHMARK = "no loyalty"
OWN = ("no loyalty", "constant loyalty", "learning")
#: Weights of the past in the loyalty of Guadagni & Little (1983), who found .8.
WEIGHTS = (0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Contest:
    """Log predictive densities of customers' later purchases.

    Attributes
    ----------
    name : str
    scores : DataFrame
        A row per customer, a column per model: the log of the probability of its purchases.
    purchases : int
        Purchases (customers, where counts are predicted) that are scored.
    """

    name: str
    scores: pd.DataFrame
    purchases: int


def gains(scores: pd.DataFrame, benchmark: str) -> pd.DataFrame:
    """Return by model the gain over another in log density, with its paired standard error.

    Parameters
    ----------
    scores : DataFrame, shape (customers, models)
    benchmark : str
        A column.

    Returns
    -------
    DataFrame
        ``model, density, gain, se``; sums over customers.
    """
    rows = []
    for model in scores:
        difference = (scores[model] - scores[benchmark]).to_numpy()
        error = float(difference.std(ddof=1) * np.sqrt(len(difference)))
        rows.append((model, float(scores[model].sum()), float(difference.sum()), error))
    return pd.DataFrame(rows, columns=["model", "density", "gain", "se"])


# -- Choices between firms ----------------------------------------------------------------------


def smoothed(panel: Panel, weight: float) -> np.ndarray:
    """Return loyalty of Guadagni & Little (1983): past choices, exponentially smoothed.

    Parameters
    ----------
    panel : Panel
    weight : float
        Of the past, w in L <- w L + (1 - w) 1{bought}; equal shares before the first purchase.

    Returns
    -------
    ndarray, shape (F, N)
        Before each occasion.
    """
    firms = len(panel.firms)
    found = np.full((firms, panel.occasions), 1.0 / firms)
    for place in range(1, int(panel.counts.max())):
        rows = panel.starts[panel.counts > place] + place
        took = panel.choice[rows - 1]
        bought = np.arange(firms)[:, None] == took
        after = weight * found[:, rows - 1] + (1.0 - weight) * bought
        found[:, rows] = np.where(took < firms, after, found[:, rows - 1])
    return found


def log_density(
    panel: Panel, *, share: float = 2 / 3, draws: int = 256, tastes: bool = True, **how: Any
) -> np.ndarray:
    """Return the log density of each customer's later choices, given the first ones.

    Parameters
    ----------
    panel : Panel
    share : float
        Of each customer's occasions, to estimate on.
    draws : int
    tastes : bool
    **how
        As for :func:`~cxsim.calibration.estimate.fit` and the design of its likelihood.

    Returns
    -------
    ndarray, shape (H,)
        log L(all) - log L(first part), at the same points of brand preference.
    """
    first, _ = panel.split(share)
    found = fit(first, draws=draws, tastes=tastes, **how)
    named = "tastes" in inspect.signature(design_of).parameters
    if named:
        how["tastes"] = "independent" if tastes else "none"
    values = []
    for part in (panel, first):
        design = design_of(part, **how)
        if not (tastes or named):
            design = design.without_tastes()
        likelihood = Likelihood(design, draws=draws)
        values.append(likelihood.by_household(by_name(found.values, likelihood.names))[0])
    if len(values[0]) != len(values[1]):
        raise ValueError(f"{panel.source}: expected earlier purchases of every customer")
    return values[0] - values[1]


def by_name(values: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Return parameters in the order of their names; another firm may have the intercept zero.

    Parameters
    ----------
    values : Series
        Estimates by name.
    names : sequence of str
        Those of another design of the same model.
    """
    base = [n for n in values.index if n.startswith("intercept.") and n not in names]
    shift = float(values[base[0]]) if base else 0.0
    return np.array([values.get(n, 0.0) - shift * n.startswith("intercept.") for n in names])


def boosted(panel: Panel, *, share: float = 2 / 3, given: bool = True) -> np.ndarray:
    """Return log densities by gradient-boosted trees (scikit-learn), as :func:`log_density` does.

    Parameters
    ----------
    panel : Panel
    share : float
    given : bool
        Whether first purchases are taken as given, as the logit does, or learned from.

    Returns
    -------
    ndarray, shape (H,)
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    firms = len(panel.firms)
    last = np.arange(firms)[:, None] == panel.supplier
    counted = np.zeros((firms, panel.occasions))
    for place in range(1, int(panel.counts.max())):
        rows = panel.starts[panel.counts > place] + place
        counted[:, rows] = counted[:, rows - 1] + (
            np.arange(firms)[:, None] == panel.choice[rows - 1]
        )
    shares = (counted + 0.5) / (counted.sum(axis=0) + 0.5 * firms)
    inputs = np.vstack(
        [panel.price, *panel.features.values(), last, smoothed(panel, 0.8), shares, panel.place]
    ).T
    _, rest = panel.split(share)
    learned = ~rest & ((panel.supplier >= 0) | (not given))
    # Small trees and slow learning, as for any sample of a few thousand; stopped by a tenth of it.
    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=300, max_leaf_nodes=8, early_stopping=True, random_state=0
    ).fit(inputs[learned], panel.choice[learned])
    chances = np.full((panel.occasions, panel.options), 1e-4)
    chances[:, model.classes_] = np.maximum(model.predict_proba(inputs), 1e-4)
    chances /= chances.sum(axis=1, keepdims=True)
    said = np.log(chances[np.arange(panel.occasions), panel.choice])
    return np.add.reduceat(np.where(rest, said, 0.0), panel.starts)


def choice_contest(
    panel: Panel, *, draws: int = 256, initial_purchases: str | None = None
) -> Contest:
    """Return log densities of a panel's later choices by all models.

    Parameters
    ----------
    panel : Panel
        Of customers with three purchases or more.
    draws : int
    initial_purchases : str, optional
        As for :func:`~cxsim.calibration.estimate.fit`, whose default it takes.
    """
    known = inspect.signature(fit).parameters
    how: dict[str, Any] = {"initial_purchases": initial_purchases}
    if initial_purchases is None:
        how["initial_purchases"] = known["initial_purchases"].default
    scores = {
        BENCHMARK: log_density(panel, draws=draws, loyalty=False, **how),
        "constant loyalty": log_density(panel, draws=draws, **how),
    }
    if "learning" in known:
        differing = {"random_loyalty": True, "random_price": True}
        scores["learning"] = log_density(panel, draws=draws, learning="free", **differing, **how)
    for weight in WEIGHTS:
        past = replace(panel, features={**panel.features, "smoothed": smoothed(panel, weight)})
        name = f"Guadagni-Little {weight:g}".replace("0.", ".")
        scores[f"{name}, with tastes"] = log_density(past, draws=draws, loyalty=False, **how)
        scores[f"{name}, without"] = log_density(past, loyalty=False, tastes=False, **how)
    given = how["initial_purchases"] != "use"
    scores["gradient-boosted trees"] = boosted(panel, given=given)
    _, rest = panel.split()
    return Contest(panel.source, pd.DataFrame(scores), int(rest.sum()))


# -- Counts of orders ---------------------------------------------------------------------------


def order_contest(log: pd.DataFrame, *, points: int = 24) -> Contest:
    """Return log densities of the number of later orders, customer by customer.

    Three models of when customers order: gamma rates without turnover (NBD); gamma rates and one
    exit rate (what a scenario of this package holds: ``purchase_rate`` with its coefficient of
    variation, and ``exit_rate``); and BG/NBD (Fader, Hardie & Lee 2005), where customers differ
    in their chance to leave after an order.

    Parameters
    ----------
    log : DataFrame
        As :func:`~lab.validation.published.recency` returns.
    points : int
        Of the quadrature in each dimension.
    """
    columns = [log[name].to_numpy(float) for name in ("x", "tx", "T", "later", "t")]
    history = columns[:3]
    scores = {}
    for name, model in ORDERS.items():

        def minus(at: np.ndarray, density: Any = model.density) -> float:
            return -float(density(np.clip(at, -12.0, 12.0), *history).sum())

        at = minimize(minus, model.start, method="Nelder-Mead", options={"maxiter": 2000}).x
        x, tx, until, k, t = (each[:, None] for each in columns)
        weight, *parameters = model.points(at, points)
        alive, left = model.life(*parameters, x, tx, until)
        stays, gone = model.later(*parameters, k, t), np.where(k == 0, 0.0, -np.inf)
        both = weight + np.logaddexp(alive, left)
        after = weight + np.logaddexp(alive + stays, left + gone)
        scores[name] = logsumexp(after, axis=1) - logsumexp(both, axis=1)
    return Contest("CDNOW (lifetimes)", pd.DataFrame(scores), len(log))


@dataclass(frozen=True)
class OrderModel:
    """One model of when customers order, in functions of the logs of its parameters.

    Attributes
    ----------
    start : tuple of float
        Logs of the parameters to start from.
    density : callable
        Log density of a history (x, tx, T), by customer.
    points : callable
        Log weights and points of what differs between customers.
    life, later : callable
        At one point: log densities of a history and being a customer at its end, and of having
        left; and of k later orders of one who is a customer.
    """

    start: tuple[float, ...]
    density: Callable[..., np.ndarray]
    points: Callable[..., tuple[Any, ...]]
    life: Callable[..., tuple[Any, Any]]
    later: Callable[..., Any]


def _nbd(at: np.ndarray, x: np.ndarray, _: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Return log densities of histories under gamma rates."""
    r, alpha = np.exp(at[:2])
    return (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + until)
    )  # fmt: skip


def bg_nbd(at: np.ndarray, x: np.ndarray, tx: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Return log densities of histories under BG/NBD (Fader, Hardie & Lee 2005, equation 6).

    Parameters
    ----------
    at : ndarray, shape (4,)
        Logs of r, alpha, a, b.
    x, tx, until : ndarray, shape (H,)
        Repeat orders, week of the last one, weeks observed.
    """
    r, alpha, a, b = np.exp(at)
    return bg_nbd_log_likelihood(x, tx, until, r=r, alpha=alpha, a=a, b=b)


def _turnover(at: np.ndarray, x: np.ndarray, tx: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Return log densities of histories under gamma rates and one exit rate, by quadrature."""
    weight, *parameters = _turnover_points(at, 30)
    alive, left = _leaves_any_time(*parameters, x[:, None], tx[:, None], until[:, None])
    return logsumexp(weight + np.logaddexp(alive, left), axis=1)


def _quadrature(points: int) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return (nodes + 1.0) / 2.0, np.log(weights / 2.0)


def _gamma_points(at: np.ndarray, points: int) -> tuple[np.ndarray, ...]:
    """Return log weights and rates of Gamma(shape, scale) at its quantiles."""
    u, weight = _quadrature(points)
    return weight[None], gamma.ppf(u, np.exp(at[0]), scale=np.exp(-at[1]))[None]


def _turnover_points(at: np.ndarray, points: int) -> tuple[np.ndarray, ...]:
    weight, rate = _gamma_points(at, points)
    return weight, rate, np.exp(at[2])


def _beta_points(at: np.ndarray, points: int) -> tuple[np.ndarray, ...]:
    weight, rate = _gamma_points(at, points)
    u, also = _quadrature(points)
    leave = np.clip(beta.ppf(u, np.exp(at[2]), np.exp(at[3])), 1e-12, 1.0 - 1e-12)
    weights = (weight[0][:, None] + also).ravel()[None]
    return weights, np.repeat(rate[0], points)[None], np.tile(leave, points)[None]


def _lives_on(rate: np.ndarray, x: Any, _: Any, t: Any) -> tuple[Any, Any]:
    """Return log likelihoods of a history and being alive at its end, and of having left."""
    alive = x * np.log(rate) - rate * t
    return alive, np.full_like(alive, -np.inf)


def _leaves_any_time(rate: Any, exit_rate: Any, x: Any, tx: Any, t: Any) -> tuple[Any, Any]:
    both = rate + exit_rate
    alive = x * np.log(rate) - both * t
    gone = -both * tx + np.log1p(-np.exp(-both * (t - tx)) * (t > tx)) * (t > tx)
    left = x * np.log(rate) + np.log(exit_rate / both) + np.where(t > tx, gone, -np.inf)
    return alive, left


def _leaves_after_orders(rate: Any, leave: Any, x: Any, tx: Any, t: Any) -> tuple[Any, Any]:
    alive = x * np.log1p(-leave) + x * np.log(rate) - rate * t
    left = (x - 1) * np.log1p(-leave) + np.log(leave) + x * np.log(rate) - rate * tx
    return alive, np.where(x > 0, left, -np.inf)


def _later_by_rate(rate: Any, k: Any, t: Any) -> Any:
    return poisson.logpmf(k, rate * t)


def _later_with_exit(rate: Any, exit_rate: Any, k: Any, t: Any) -> Any:
    """Return log chances of k orders of one who stays to the end, or leaves at some time."""
    u, weight = _quadrature(16)
    whole = poisson.logpmf(k, rate * t) - exit_rate * t
    parts = [
        w + np.log(exit_rate * t) - exit_rate * s * t + poisson.logpmf(k, rate * s * t)
        for s, w in zip(u, weight, strict=True)
    ]
    return logsumexp(np.stack([whole, *parts]), axis=0)


def _later_by_orders(rate: Any, leave: Any, k: Any, t: Any) -> Any:
    """Return log chances of k orders of one who may leave after each."""
    full = k * np.log1p(-leave) + poisson.logpmf(k, rate * t)
    short = (k - 1) * np.log1p(-leave) + np.log(leave) + poisson.logsf(k - 1, rate * t)
    return np.logaddexp(full, np.where(k > 0, short, -np.inf))


#: The last but one is what a scenario of this package holds.
ORDERS = {
    "gamma rates (NBD)": OrderModel((0.0, 1.0), _nbd, _gamma_points, _lives_on, _later_by_rate),
    "gamma rates and turnover (cxsim)": OrderModel(
        (0.0, 1.0, -4.0), _turnover, _turnover_points, _leaves_any_time, _later_with_exit
    ),
    "BG/NBD": OrderModel(
        (0.0, 1.0, 0.0, 1.0), bg_nbd, _beta_points, _leaves_after_orders, _later_by_orders
    ),
}


# -- What each panel says, in words -------------------------------------------------------------


#: Share of the loyalty that may remain in random order; more of it is brand preference.
REMAINS = 0.5


def reading(panel: Panel, *, draws: int = 256, **how: Any) -> list[str]:
    """Return what the estimates of a panel say: loyalty, its worth, the control, what is missed.

    Parameters
    ----------
    panel : Panel
    draws : int
    **how
        As for :func:`~cxsim.calibration.calibrate.calibrate`.
    """
    result = calibrate(panel, permutations=3, draws=draws, **how)
    found, size = result.estimates, panel.customers
    loyalty, error = float(found.values["loyalty"]), found.error("loyalty", robust=True)
    price, price_error = (
        float(found.values["price_sensitivity"]),
        found.error("price_sensitivity", robust=True),
    )
    repeats = 100 * panel.repeat_purchase_rate()[0]
    alike = float(result.alike.values["loyalty"])
    data = (
        f"**Data**: {panel.occasions:,} purchases of {size:,} customers from {len(panel.firms)} "
        f"firms; {repeats:.0f} % repeat the last one."
    )
    held = (
        f"**Loyalty**: {loyalty:.2f} utils (robust standard error {error:.2f}); without brand "
        f"preferences it would be {alike:.2f}."
    )
    lines = [data, held]
    if price > 3.0 * price_error:
        row = found.worths.set_index("parameter").loc["loyalty"]
        lines.append(
            f"**Worth**: {row['percent']:.1f} % of the mean price (standard error "
            f"{row['percent_se']:.1f})."
        )
    else:
        lines.append(
            f"**Worth**: not stated in money, as the price coefficient is {price:.2g} (standard "
            f"error {price_error:.2g})."
        )
    control = result.control
    assert control is not None
    remains = control.loyalty / loyalty if loyalty > 0 else np.inf
    verdict = (
        "so most of it is brand preference that the model mistakes for loyalty"
        if remains > REMAINS
        else "so most of it is state dependence"
    )
    lines.append(f"**Control**: {control.loyalty:.2f} utils remain in random order, {verdict}.")
    check = result.predictive_check()
    own = check.summary().set_index("model").loc["constant loyalty"]
    returns = check.table[check.table["model"] == "constant loyalty"].set_index("group")
    back = returns.loc["returns after a move"]
    lines.append(
        f"**Predictive check**: {int(own['far'])} of {int(own['statistics'])} statistics are far "
        f"from what the estimates imply, the farthest being *{own['farthest']}* "
        f"({own['observed']:.2f} observed, {own['mean']:.2f} simulated, z {own['z']:.1f}). "
        f"Of customers who have just moved, {100 * back['observed']:.0f} % return at once; the "
        f"estimates imply {100 * back['mean']:.0f} % (z {back['z']:.1f})."
    )
    warned = [each.text for each in result.warnings]
    lines.append(f"**Warnings**: {'; '.join(warned) if warned else 'none'}.")
    return lines


# -- The page -----------------------------------------------------------------------------------


HEAD = """\
# Out-of-sample contests

<!-- Written by `python -m lab.validation.contests`. Changes by hand are lost. -->

{answer}

**How to read it.** Models are estimated on the first two thirds of each customer's purchases. The
score is the log of the probability that a model gives to the remaining purchases, given the first
ones (log predictive density): higher is better, and 1 means that the purchases are 2.7 times as
likely. Standard errors are those of paired differences over customers. *Guadagni-Little* is the
loyalty of Guadagni & Little (1983), past choices smoothed exponentially with the weight given;
the trees have prices, features, the last purchase, smoothed and mean past choices as inputs.
{settings}
"""

SETTINGS = "Logits have {draws} points of brand preference and `initial_purchases={first}`."


def page(
    contests: Sequence[Contest],
    readings: dict[str, list[str]],
    figures: dict[str, str],
    left_out: Sequence[str],
    *,
    settings: str = "",
) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    contests : sequence of Contest
    readings : dict of str to list of str
        Sentences about a panel, by name of the contest.
    figures : dict of str to str
        Markdown of figures, likewise.
    left_out : sequence of str
        Data that were not there.
    settings : str
        How the logits were estimated.
    """
    parts = [HEAD.format(answer=_answer(contests), settings=settings)]
    if left_out:
        parts.append("Left out for want of data: " + ", ".join(left_out) + ".")
    for contest in contests:
        ours = [name for name in contest.scores if name in OWN or "cxsim" in name]
        first = BENCHMARK if BENCHMARK in contest.scores else contest.scores.columns[0]
        against_first = gains(contest.scores, first)
        against_ours = gains(contest.scores, ours[-1]).set_index("model")
        rows = []
        for row in against_first.sort_values("density", ascending=False).to_dict("records"):
            other = against_ours.loc[row["model"]]
            rows.append(
                [
                    f"**{row['model']}**" if row["model"] in ours else row["model"],
                    f"{row['density']:.1f}",
                    _with_error(row["gain"], row["se"], row["model"] == first),
                    _with_error(other["gain"], other["se"], row["model"] == ours[-1]),
                ]
            )
        unit = "purchases" if BENCHMARK in contest.scores else "customers' later orders"
        parts.append(f"## {contest.name}: {contest.purchases:,} {unit}")
        parts.append(
            table(
                ["model", "log density", f"gain over {first} (s.e.)", f"over {ours[-1]} (s.e.)"],
                rows, left=1,
            )
        )  # fmt: skip
        if contest.name in figures:
            parts.append(figures[contest.name])
        if contest.name in readings:
            lines = "\n".join(f"- {line}" for line in readings[contest.name])
            parts.append(f"What the whole panel says:\n\n{lines}")
    return joined(part + "\n" for part in parts)


def _with_error(value: float, error: float, zero: bool) -> str:
    return "" if zero else f"{value:+.1f} ({error:.1f})"


def _answer(contests: Sequence[Contest]) -> str:
    said = []
    for contest in contests:
        ours = [name for name in contest.scores if name in OWN or "cxsim" in name]
        totals = contest.scores.sum()
        best, own = str(totals.idxmax()), str(totals[ours].idxmax())
        if best == own:
            others = totals.drop(ours)
            best = str(others.idxmax())
        row = gains(contest.scores, own).set_index("model").loc[best]
        clear = abs(row["gain"]) > 2.0 * row["se"]
        verb = "loses to" if row["gain"] > 0 else "beats"
        doubt = "" if clear else ", which is within two standard errors"
        said.append(
            f"{contest.name}: the best model of cxsim ({own}) {verb} {best} by "
            f"{abs(row['gain']):.1f} (s.e. {row['se']:.1f}){doubt}."
        )
    return "**In short.**\n\n" + "\n".join(f"- {line}" for line in said)


def _figure(contest: Contest) -> Any:
    from cxsim.charts.intervals import estimates

    ours = [name for name in contest.scores if name in OWN or "cxsim" in name]
    found = gains(contest.scores, ours[-1]).query("model != @ours[-1]")
    frame = pd.DataFrame(
        {
            "name": found["model"], "value": found["gain"],
            "lower": found["gain"] - 1.96 * found["se"],
            "upper": found["gain"] + 1.96 * found["se"],
        }
    )  # fmt: skip
    best = found.loc[found["gain"].idxmax()]
    verb = "beats" if best["gain"] > 0 else "loses to"
    name = contest.name.split(" (")[0]
    return estimates(
        frame,
        label=f"log predictive density above {ours[-1]}",
        title=f"{name}: the best rival, {best['model']}, {verb} {ours[-1]} "
        f"by {abs(best['gain']):.0f}",
        note="Later purchases given the first two thirds; 95 % intervals of paired differences "
        "over customers; filled: excludes zero.",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the contests, write the page if it is whole, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.validation.contests", description=__doc__)
    names = [*PANELS, "CDNOW"]
    parser.add_argument(
        "--only", action="append", choices=names, default=[], help="a panel; writes no page"
    )
    parser.add_argument("--draws", type=int, default=256, help="points of brand preference")
    parser.add_argument("--first", help="initial_purchases of the logit (default: the package's)")
    parser.add_argument("--docs", type=Path, help="where the page goes (default: docs, if whole)")
    given = parser.parse_args(arguments)
    contests, readings, left_out = [], {}, []
    for name in given.only or names:
        began = time.perf_counter()
        try:
            if name == "CDNOW":
                contest = order_contest(recency(cdnow(), "1997-09-30", "1998-06-30"))
            else:
                data = panel(name)
                contest = choice_contest(data, draws=given.draws, initial_purchases=given.first)
                how = {"initial_purchases": given.first} if given.first else {}
                readings[contest.name] = reading(PANELS[name](), draws=given.draws, **how)
        except (MissingDataError, CalibrationError) as error:
            print(f"  {name} left out: {error}", file=sys.stderr)
            left_out.append(name)
            continue
        contests.append(contest)
        print(f"{contest.name} ({time.perf_counter() - began:.0f} s)", flush=True)
        benchmark = BENCHMARK if name != "CDNOW" else contest.scores.columns[0]
        print(gains(contest.scores, benchmark).round(1).to_string(index=False), flush=True)
        for line in readings.get(contest.name, ()):
            print(f"  {line}")
    docs = given.docs or (None if given.only else DOCS)
    if docs and contests:
        images = Images(docs, "contests")
        images.clear()
        figures = {
            each.name: images.add(_figure(each), each.name.split(" (")[0].lower().replace(" ", "-"))
            for each in contests
        }
        first = given.first or inspect.signature(fit).parameters["initial_purchases"].default
        settings = SETTINGS.format(draws=given.draws, first=first)
        text = page(contests, readings, figures, left_out, settings=settings)
        print(f"written: {write(docs / 'contests.md', text).name} and its figures")
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
