"""Prices that answer demand: a test by prices around them, and a correction by costs.

Firms charge more where demand is high for reasons that the panel does not show. Customers then
seem to mind prices less than they do, and all amounts in money are too large. The control
function (Petrin & Train 2010) explains each firm's price by something that moves prices and not
demand, such as costs, and adds the residual, the part of the price that demand may have caused,
to the choice. The first stage has one row per market period and firm, not one per purchase:
purchases of one period share one price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cxsim.calibration.estimate import (
    Design,
    Estimates,
    Likelihood,
    design_of,
    first_shares,
    fit,
    scenario_tastes,
)
from cxsim.calibration.panel import CalibrationError, Columns, Panel
from cxsim.messages import found, hint

#: Name of the residual among the features of a panel, and so among the estimates.
RESIDUAL = "price_residual"

#: F of the first stage below which an instrument is weak (Staiger & Stock 1997).
WEAK_F = 10.0

#: Share of the price's variance below which a residual is rounding.
NO_RESIDUAL = 1e-6

#: Periods that a regression must leave free.
_FREE = 8

#: Occasions of a customer whose chances are computed in one call: bounds the memory.
_PLACES = 8


@dataclass(frozen=True)
class PriceCheck:
    """Whether prices seem to answer demand.

    Attributes
    ----------
    by : str
        What prices were explained by: those of other periods, or names of columns.
    asked : bool
        Whether a correction was asked for; if not, it is a test.
    corrected : bool
        Whether the residual is part of the reported estimates.
    f : float
        F statistic of the first stage; NaN where there is none.
    t : float
        t statistic of the residual, clustered by period; NaN where there is none.
    periods : int
        Number of periods of the first stage.
    why_not : str
        Why there is no residual; empty if there is one.
    """

    by: str
    asked: bool = False
    corrected: bool = False
    f: float = np.nan
    t: float = np.nan
    periods: int = 0
    why_not: str = ""


# -- The first stage: prices by market period and firm -----------------------------------------


@dataclass(frozen=True)
class FirstStage:
    """Prices explained by shifters, by period and firm.

    Attributes
    ----------
    residual : ndarray, shape (F, N)
        Part of the price that the shifters do not explain, at each occasion, currency.
    f : float
        F statistic of the shifters over all firms; infinite if they explain prices fully, NaN
        if there are too few periods or the shifters do not vary.
    share : float
        Variance of the residual as a share of the price's.
    periods : int
    """

    residual: np.ndarray
    f: float
    share: float
    periods: int


def first_stage(
    panel: Panel,
    shifters: Sequence[np.ndarray],
    *,
    sampled: np.ndarray | None = None,
) -> FirstStage:
    """Regress each firm's price on shifters and on the panel's features, by period.

    Parameters
    ----------
    panel : Panel
        With periods. Its features are the other regressors.
    shifters : sequence of ndarray, shape (F, N)
        What moves prices and not demand; NaN where it is not known.
    sampled : ndarray of int, optional
        Numbers of the periods to regress on, for a bootstrap [default: each once].

    Returns
    -------
    FirstStage
        Residuals are 0 in periods without a shifter.
    """
    cell = _period_numbers(panel)
    price = _by_cell(panel.price, cell)
    exogenous = [_by_cell(each, cell) for each in panel.features.values()]
    moving = [_by_cell(each, cell) for each in shifters]
    size, cells = price.shape
    residual = np.zeros((size, cells))
    gain, varied, extra, left = 0.0, 0.0, 0, np.inf
    for k in range(size):
        known = np.isfinite(np.array([price[k], *(each[k] for each in moving)])).all(axis=0)
        few = np.column_stack([np.ones(cells), *(each[k] for each in exogenous)])
        many = np.column_stack([few, *(each[k] for each in moving)])
        rows = np.flatnonzero(known) if sampled is None else sampled[known[sampled]]
        if not len(rows):
            return FirstStage(np.zeros_like(panel.price), np.nan, 0.0, cells)
        coefficients, rank = _least_squares(many[rows], price[k, rows])
        residual[k, known] = price[k, known] - many[known] @ coefficients
        less, rank_without = _least_squares(few[rows], price[k, rows])
        within = float(((price[k, rows] - many[rows] @ coefficients) ** 2).sum())
        without = float(((price[k, rows] - few[rows] @ less) ** 2).sum())
        left = min(left, len(rows) - rank)
        extra += rank - rank_without
        varied += float(price[k, known].var())
        tiny = NO_RESIDUAL * float(((price[k, rows] - price[k, rows].mean()) ** 2).sum())
        gain += (without - within) / (within / max(len(rows) - rank, 1)) if within > tiny else 0.0
    share = float(residual.var(axis=1).sum()) / varied if varied > 0.0 else 0.0
    f = gain / extra if extra and left >= _FREE else np.nan
    return FirstStage(residual[:, cell], np.inf if share <= NO_RESIDUAL else f, share, cells)


def _period_numbers(panel: Panel) -> np.ndarray:
    """Return the number of each occasion's period among those observed, shape (N,)."""
    if panel.period is None:
        raise CalibrationError(
            f"{panel.source}: expected a column of periods, found only the order of purchases: "
            "prices are explained by period"
        )
    return np.unique(panel.period, return_inverse=True)[1]


def _by_cell(values: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Return means over the occasions of each period, shape (F, T); NaN where none is known."""
    known = np.isfinite(values)
    count = np.array([np.bincount(cell, weights=row) for row in known])
    total = [np.bincount(cell, weights=row) for row in np.where(known, values, 0.0)]
    return np.where(count > 0, np.array(total) / np.maximum(count, 1.0), np.nan)


def _least_squares(columns: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, int]:
    """Return coefficients and the rank of the columns."""
    solution, _, rank, _ = np.linalg.lstsq(columns, values, rcond=1e-9)
    return solution, int(rank)


def lagged_prices(panel: Panel) -> np.ndarray:
    """Return each firm's mean price in the period before, of those observed.

    Returns
    -------
    ndarray, shape (F, N)
        Currency; NaN in the first period.
    """
    return neighboring_prices(panel)[0]


# -- The correction: the residual becomes a feature of the panel -------------------------------


def with_cost_columns(columns: Columns | None, cost: str | Sequence[str] | None) -> Columns | None:
    """Return names of columns such that those of costs are read where features are chosen."""
    if columns is None or columns.features is None or cost is None:
        return columns
    more = tuple(name for name in _names(cost) if name not in columns.features)
    return replace(columns, features=(*columns.features, *more))


def _names(cost: str | Sequence[str]) -> tuple[str, ...]:
    return (cost,) if isinstance(cost, str) else tuple(cost)


def explained_prices(
    panel: Panel, *, cost: str | Sequence[str] | None = None, instrument: str | None = None
) -> tuple[Panel, tuple[np.ndarray, ...], PriceCheck | None]:
    """Take costs out of a panel's features and put the residual of prices in.

    Parameters
    ----------
    panel : Panel
    cost : str or sequence of str, optional
        What moves prices and not demand: the name of columns by firm (``cost`` for
        ``cost.Ann, cost.Bob``), such as costs or the price in another market.
    instrument : {None, "lagged"}
        ``lagged``: prices of the period before. They will do where costs last and demand
        shocks do not.

    Returns
    -------
    panel : Panel
        With the residual as the feature ``price_residual``, if there is one.
    shifters : tuple of ndarray, shape (F, N)
        What prices were explained by; empty if no correction was asked for.
    check : PriceCheck or None
        None if no correction was asked for.

    Raises
    ------
    CalibrationError
        If a column is missing, or periods are not known.
    """
    if instrument not in (None, "lagged"):
        raise ValueError(f"instrument: expected 'lagged', found {found(instrument)}")
    if cost is None and instrument is None:
        return panel, (), None
    features = dict(panel.features)
    shifters = []
    for name in _names(cost or ()):
        if name not in features:
            near = hint(name, features, listed=8)
            raise CalibrationError(
                f"{panel.source}: cost: expected a column {f'{name}.{panel.firms[0]}'!r} of every "
                f"firm, found none{near}"
            )
        shifters.append(features.pop(name))
    if RESIDUAL in features:
        raise CalibrationError(
            f"{panel.source}: expected no column of the name {RESIDUAL!r}, which is that of the "
            "residual of prices, found one"
        )
    panel = replace(panel, features=features)
    if instrument is not None:
        shifters.append(lagged_prices(panel))
    by = " and ".join([*_names(cost or ()), *(["lagged price"] if instrument else [])])
    stage = first_stage(panel, shifters)
    check = PriceCheck(by, True, f=stage.f, periods=stage.periods, why_not=_why_not(stage))
    if check.why_not:
        return panel, tuple(shifters), check
    corrected = replace(panel, features=features | {RESIDUAL: stage.residual})
    return corrected, tuple(shifters), replace(check, corrected=True)


def _why_not(stage: FirstStage) -> str:
    """Return why residuals of a first stage cannot be used; nothing if they can."""
    if np.isinf(stage.f):
        return "prices are explained fully, so that no residual is left"
    if np.isnan(stage.f):
        return f"{stage.periods} periods are too few, or the instrument does not vary"
    return ""


def corrected_errors(
    panel: Panel,
    estimates: Estimates,
    shifters: Sequence[np.ndarray],
    *,
    bootstrap: int = 0,
    seed: int = 0,
    **how: Any,
) -> Estimates:
    """Return estimates with errors clustered by period, and with those of the first stage.

    Parameters
    ----------
    panel : Panel
        With the residual.
    estimates : Estimates
    shifters : sequence of ndarray, shape (F, N)
    bootstrap : int
        Samples of periods in which both stages are estimated anew; their variance is added
        to that of the second stage (Petrin & Train 2010). 0: none.
    seed : int
        Of the samples.
    **how
        As for :func:`~cxsim.calibration.estimate.design_of`.
    """
    covariance = clustered_by_period(panel, estimates, **how)
    if bootstrap:
        rng = np.random.default_rng(seed)
        others = {name: each for name, each in panel.features.items() if name != RESIDUAL}
        plain = replace(panel, features=others)
        cells = int(_period_numbers(panel).max()) + 1
        found_again = []
        for _ in range(bootstrap):
            stage = first_stage(plain, shifters, sampled=rng.integers(0, cells, cells))
            again = replace(panel, features=others | {RESIDUAL: stage.residual})
            values = fit(again, draws=estimates.draws, start=estimates, **how).values
            found_again.append(values.to_numpy())
        covariance = covariance + np.cov(np.array(found_again).T)
    return replace(estimates, covariance=covariance)


# -- The test that is always available: residuals of prices given those of other periods ---------


#: F of the regression on neighboring prices below which prices do not seem to depend on them (95 %
#: quantile of two regressors at 200 observations). The test then has no power; its size is right.
_NO_NEIGHBORS = 3.04


def neighboring_prices(panel: Panel) -> list[np.ndarray]:
    """Return each firm's mean prices in the periods before and after, of those observed.

    Parameters
    ----------
    panel : Panel
        With periods.

    Returns
    -------
    list of ndarray, shape (F, N)
        Currency; NaN where there is no such period.
    """
    cell = _period_numbers(panel)
    price = _by_cell(panel.price, cell)
    none = np.full((len(price), 1), np.nan)
    before = np.concatenate([none, price[:, :-1]], axis=1)
    after = np.concatenate([price[:, 1:], none], axis=1)
    return [before[:, cell], after[:, cell]]


def common_stage(panel: Panel, shifters: Sequence[np.ndarray]) -> FirstStage:
    """Regress prices on shifters and features with slopes that firms share, and firm effects.

    Parameters
    ----------
    panel : Panel
        With periods.
    shifters : sequence of ndarray, shape (F, N)
        NaN where not known.

    Returns
    -------
    FirstStage
        Residuals are 0 in periods without a shifter.
    """
    cell = _period_numbers(panel)
    price = _by_cell(panel.price, cell)
    exogenous = [_by_cell(each, cell) for each in panel.features.values()]
    moving = [_by_cell(each, cell) for each in shifters]
    size, cells = price.shape
    residual = np.zeros((size, cells))
    known = np.isfinite(np.array([price, *exogenous, *moving])).all(axis=0)
    if not moving or not known.any():
        return FirstStage(np.zeros_like(panel.price), np.nan, 0.0, cells)
    firm = np.repeat(np.eye(size), cells, axis=0)[known.ravel()]
    few = np.column_stack([firm, *(each[known] for each in exogenous)])
    many = np.column_stack([few, *(each[known] for each in moving)])
    values = price[known]
    coefficients, rank = _least_squares(many, values)
    less, rank_without = _least_squares(few, values)
    residual[known] = values - many @ coefficients
    within, without = (float((each**2).sum()) for each in (residual, values - few @ less))
    varied, free = float(((values - values.mean()) ** 2).sum()), len(values) - rank
    share = within / varied if varied > 0.0 else 0.0
    if free < _FREE or rank == rank_without:
        f = np.nan
    elif share <= NO_RESIDUAL:
        f = np.inf
    else:
        f = (without - within) / (rank - rank_without) / (within / free)
    return FirstStage(residual[:, cell], f, share, cells)


def demand_test(panel: Panel, estimates: Estimates, **how: Any) -> PriceCheck:
    """Test whether prices answer demand, by the residual of prices given those around them.

    Costs last, and so do the prices that follow them; what prices take up of the demand of one
    period is not in the prices of the periods around it. The residual of a regression on these
    has an effect beside the price where it contains what customers know and the panel does not
    (Hausman 1978; as control function Petrin & Train 2010). The test is a score test at the
    estimates without the residual: nothing is estimated anew. (Without differences in taste it
    would be biased: past prices chose the supplier, and the supplier stands for tastes.)

    Parameters
    ----------
    panel : Panel
    estimates : Estimates
        Without the residual.
    **how
        As for :func:`~cxsim.calibration.estimate.design_of`.
    """
    by = "prices given those before and after"
    if panel.period is None:
        return PriceCheck(by, why_not="only the order of purchases is known, not their periods")
    stage = common_stage(panel, neighboring_prices(panel))
    check = PriceCheck(by, f=stage.f, periods=stage.periods, why_not=_why_not(stage))
    if check.why_not or stage.f < _NO_NEIGHBORS:
        return check
    return replace(check, t=residual_score_t(panel, estimates, stage.residual, **how))


def residual_score_t(panel: Panel, estimates: Estimates, residual: np.ndarray, **how: Any) -> float:
    """Return the t statistic of a score test for a column that is not in the estimated model.

    The column's score, less what of it the scores of estimated parameters predict, is summed by
    period: s_t = s_v,t - H_vb H_bb^-1 s_b,t, and t = sum s_t over the root of its variance,
    clustered by customer and by period as in :func:`clustered_by_period`. Under the hypothesis
    its variance holds nothing of the alternative, so that few periods do not make it too large.

    Parameters
    ----------
    panel : Panel
        With periods.
    estimates : Estimates
    residual : ndarray, shape (F, N)
    **how
        As for :func:`~cxsim.calibration.estimate.design_of`.
    """
    wider = replace(panel, features={**panel.features, RESIDUAL: residual})
    design = design_of(wider, **how)
    likelihood = Likelihood(design, draws=estimates.draws)
    names = list(likelihood.names)
    place = names.index(RESIDUAL)
    rest = [name for name in names if name != RESIDUAL]
    at = estimates.values.reindex(names).fillna(0.0).to_numpy()
    step = np.zeros(len(at))
    step[place] = 1e-4 / max(float(np.sqrt((design.columns[place] ** 2).mean())), 1e-12)
    up, down = (likelihood.by_household(at + sign * step)[1].sum(axis=0) for sign in (1.0, -1.0))
    slope = np.delete((down - up) / (2.0 * step[place]), place)
    weight = np.insert(-estimates.covariance.loc[rest, rest].to_numpy() @ slope, place, 1.0)
    chance = expected_chances(design, at, draws=estimates.draws)
    off = (design.chosen == np.arange(len(chance))[:, None]) - chance
    scores = np.einsum("k,kjn,jn->n", weight[: len(design.names)], design.columns, off)
    cell = _cells_used(panel, design)
    by_period = np.bincount(cell, weights=scores)
    by_customer = likelihood.by_household(at)[1] @ weight
    cells = len(by_period)
    alone = float((by_period**2).sum()) * cells / max(cells - 1, 1)
    both = alone + float((by_customer**2).sum() - (scores**2).sum())
    return float(by_period.sum() / np.sqrt(both if both > 0.0 else alone))


def _cells_used(panel: Panel, design: Design) -> np.ndarray:
    """Return the number of the period of each occasion that a design explains."""
    cell = _period_numbers(panel)
    if design.occasions != panel.occasions:  # those up to the first purchase are not explained
        used = panel.supplier >= 0
        if used.sum() != design.occasions:  # or those before it
            used |= panel.is_first
        cell = np.unique(cell[used], return_inverse=True)[1]
    return cell


def residual_t(estimates: Estimates, covariance: pd.DataFrame) -> float:
    """Return the t statistic of the residual of prices."""
    return float(estimates.values[RESIDUAL] / np.sqrt(covariance.loc[RESIDUAL, RESIDUAL]))


# -- Errors clustered by period ----------------------------------------------------------------


def clustered_by_period(panel: Panel, estimates: Estimates, **how: Any) -> pd.DataFrame:
    """Return the covariance of estimates where customers of a period share its shocks.

    The sandwich estimator H^-1 M H^-1, clustered by customer and by period (Cameron, Gelbach &
    Miller 2011): M is S'S with scores S summed by customer, plus S'S summed by period, less S'S
    by occasion. Standard deviations of tastes belong to customers and not to periods, so that
    their scores are summed by customer alone.

    Parameters
    ----------
    panel : Panel
        With periods.
    estimates : Estimates
    **how
        As for :func:`~cxsim.calibration.estimate.design_of`.
    """
    design = design_of(panel, **how)
    likelihood = Likelihood(design, draws=estimates.draws)
    at = estimates.values.loc[list(likelihood.names)].to_numpy()
    linear = len(design.names)
    chance = expected_chances(design, at, draws=estimates.draws)
    off = (design.chosen == np.arange(len(chance))[:, None]) - chance
    scores = np.einsum("kjn,jn->kn", design.columns, off)
    cell = _cells_used(panel, design)
    by_period = _by_cell(scores, cell) * np.bincount(cell)
    cells = by_period.shape[1]
    by_customer = likelihood.by_household(at)[1]
    middle = by_customer.T @ by_customer
    middle[:linear, :linear] += by_period @ by_period.T * cells / max(cells - 1, 1)
    middle[:linear, :linear] -= scores @ scores.T
    sizes, directions = np.linalg.eigh(middle)  # a difference may fall below zero
    middle = (directions * np.maximum(sizes, 0.0)) @ directions.T
    names = list(likelihood.names)
    bread = estimates.covariance.loc[names, names].to_numpy()
    return pd.DataFrame(bread @ middle @ bread, names, names)


def expected_chances(design: Design, parameters: np.ndarray, *, draws: int) -> np.ndarray:
    """Return the chance of each option at each occasion, given all choices of the customer.

    A constant for one option at one occasion has the score y - E[P], so that chances are
    scores of columns added for the purpose.

    Parameters
    ----------
    design : Design
    parameters : ndarray, shape (K + M,)
    draws : int

    Returns
    -------
    ndarray, shape (J, N)
    """
    linear, options = len(design.names), design.columns.shape[1]
    place = np.arange(design.occasions) - np.repeat(design.starts, design.counts)
    chance = np.empty((options, design.occasions))
    for first in range(0, int(place.max()) + 1, _PLACES):
        added = np.zeros((_PLACES * options, options, design.occasions))
        for p in range(_PLACES):
            for j in range(options):
                added[p * options + j, j, place == first + p] = 1.0
        wider = replace(
            design,
            names=(*design.names, *(f"{RESIDUAL}.{k}" for k in range(len(added)))),
            columns=np.concatenate([design.columns, added]),
        )
        at = np.insert(parameters, np.full(len(added), linear), 0.0)
        scores = Likelihood(wider, draws=draws).by_household(at)[1]
        for p in range(_PLACES):
            here = np.flatnonzero(place == first + p)
            owner = np.searchsorted(design.starts, here, side="right") - 1
            off = scores[owner, linear + p * options : linear + (p + 1) * options].T
            chance[:, here] = (design.chosen[here] == np.arange(options)[:, None]) - off
    return chance


# -- Own-price elasticity ----------------------------------------------------------------------


#: Occasions, evenly spaced, and draws of tastes over which elasticities are averaged.
_OCCASIONS, _TASTES = 2000, 32


def own_price_elasticity(panel: Panel, estimates: Estimates, *, form: str = "cost") -> float:
    """Return the mean own-price elasticity of choice, weighted by market shares.

    Demand of a market whose customers differ: -a sum p P (1 - P) / sum P, over occasions of
    the panel and draws of tastes. Over the published studies it has a mean of -2.62 (Bijmolt,
    Van Heerde & Pieters 2005).

    Parameters
    ----------
    panel : Panel
    estimates : Estimates
    form : {"cost", "bonus"}
    """
    rows = np.unique(np.linspace(0, panel.occasions - 1, _OCCASIONS).astype(int))
    supplier, offered = panel.supplier[rows], panel.available[:, rows]
    price = np.where(offered, panel.price[:, rows], 0.0)
    values, firms, size = estimates.values, panel.firms, len(panel.firms)
    mine = (supplier == np.arange(size)[:, None]).astype(float)
    loyal = mine if form == "bonus" else np.where(supplier >= 0, mine - 1.0, 0.0)
    utility = float(values.get("loyalty", 0.0)) * loyal
    for name, each in panel.features.items():
        utility += float(values.get(name, 0.0)) * each[:, rows]
    first = first_shares(panel)
    level = [float(values.get(f"intercept.{name}", 0.0)) for name in firms]
    utility += (np.array(level) + float(values.get("first_purchase", 0.0)) * first)[:, None]
    rng = np.random.default_rng(0)
    sds = scenario_tastes(dict(values), firms, first, no_purchase=panel.no_purchase)
    tastes = sds[:, None, None] * rng.standard_normal((size, _TASTES, len(rows)))
    spread = float(values.get("price_sensitivity_spread", 0.0))
    differ = spread * rng.standard_normal((_TASTES, len(rows))) - spread**2 / 2.0
    a = float(values["price_sensitivity"]) * np.exp(differ)
    worth = utility[:, None, :] + tastes - a * price[:, None]
    worth = np.where(offered[:, None], worth, -np.inf)
    if panel.no_purchase:
        worth = np.concatenate([worth, np.zeros((1, *worth.shape[1:]))])
    chance = np.exp(worth - worth.max(axis=0))
    chance = (chance / chance.sum(axis=0))[:size]
    return -float((a * price[:, None] * chance * (1.0 - chance)).sum() / chance.sum())
