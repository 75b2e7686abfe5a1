"""Estimates of a panel logit, their standard errors, and what they are worth in money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxsim.calibration.likelihood import Design, Likelihood
from cxsim.calibration.panel import CalibrationError, Panel
from cxsim.messages import whole

__all__ = ["Estimates", "design_of", "fit"]

#: Two-sided 95 % quantile of the normal distribution.
Z95 = 1.959963984540054


def design_of(
    panel: Panel,
    *,
    first: str = "drop",
    form: str = "cost",
    loyalty: bool = True,
) -> Design:
    """Return what the likelihood of a panel is reckoned from.

    Parameters
    ----------
    panel : Panel
    first : {"drop", "use"}
        ``drop``: a customer's occasions up to the first purchase are left out and what
        follows is conditional on it. ``use``: the panel starts where the customer came to
        the market, so that the first purchase has no supplier behind it and is used.
    form : {"cost", "bonus"}
        How the switching cost enters (``switching_cost_form``): rivals are worth less, or
        the supplier more. It matters only where buying nothing is an option.
    loyalty : bool
        Whether there is a term for the supplier.

    Returns
    -------
    Design
        Parameters ``price_sensitivity`` (per currency unit), ``loyalty``, features, and
        ``intercept.FIRM`` for all firms (but the one most bought from, where buying nothing
        is no option); tastes ``taste_sd.FIRM`` for all firms. All in utils.
    """
    size = len(panel.firms)
    supplier = panel.supplier
    if first == "drop":
        panel_rows = np.flatnonzero(supplier >= 0)
        if not len(panel_rows):
            raise CalibrationError(f"{panel.source}: expected two purchases of a customer, found 1")
        supplier = supplier[panel_rows]
        panel = panel.take(panel_rows)
    elif first != "use":
        raise ValueError(f"first: expected 'drop' or 'use', found {first!r}")
    columns: dict[str, np.ndarray] = {"price_sensitivity": -panel.price}
    if loyalty:
        mine = supplier == np.arange(size)[:, None]
        if form == "bonus":
            columns["loyalty"] = mine.astype(float)
        elif form == "cost":
            columns["loyalty"] = np.where(supplier >= 0, mine - 1.0, 0.0)
        else:
            raise ValueError(f"form: expected 'cost' or 'bonus', found {form!r}")
    columns |= {name: np.asarray(values) for name, values in panel.features.items()}
    base = -1 if panel.outside else int(panel.shares.argmax())
    for k, name in enumerate(panel.firms):
        if k != base:
            columns[f"intercept.{name}"] = np.zeros((size, 1)) + (np.arange(size) == k)[:, None]
    shape = (panel.options, panel.occasions)
    stacked = np.zeros((len(columns), *shape))
    for row, values in zip(stacked, columns.values(), strict=True):
        row[:size] = values
    taste = np.full(panel.options, -1)
    if panel.options == 2:  # only the variance of the difference shows
        taste[:size] = 0
        names: tuple[str, ...] = ("taste_sd",) if size == 2 else (f"taste_sd.{panel.firms[0]}",)
    else:
        taste[:size] = np.arange(size)
        names = tuple(f"taste_sd.{name}" for name in panel.firms)
    return Design(tuple(columns), stacked, panel.choice, panel.starts, taste, names)


@dataclass(frozen=True)
class Estimates:
    """Estimated parameters with their covariances.

    Attributes
    ----------
    values : Series
        By parameter (see :func:`design_of`), in utils.
    covariance : DataFrame
        Inverse of minus the Hessian of the log-likelihood.
    robust : DataFrame
        Sandwich estimator over customers: right also where the model is not.
    loglikelihood : float
    null : float
        Log-likelihood of equal chances for all options.
    occasions, customers, draws : int
    mean_price : float
        Mean of the prices asked at the occasions used, currency.
    """

    values: pd.Series
    covariance: pd.DataFrame
    robust: pd.DataFrame
    loglikelihood: float
    null: float
    occasions: int
    customers: int
    draws: int
    mean_price: float

    @property
    def rho_squared(self) -> float:
        """McFadden's measure of fit: 1 less the log-likelihood over that of equal chances."""
        return 1.0 - self.loglikelihood / self.null

    def error(self, name: str, *, robust: bool = False) -> float:
        """Return the standard error of a parameter."""
        matrix = self.robust if robust else self.covariance
        return float(np.sqrt(matrix.loc[name, name]))

    @property
    def table(self) -> pd.DataFrame:
        """One row per parameter: ``estimate``, ``se``, ``lower``, ``upper``, ``robust_se``."""
        value = self.values.to_numpy()
        se = np.sqrt(np.diag(self.covariance))
        return pd.DataFrame(
            {
                "parameter": self.values.index,
                "estimate": value,
                "se": se,
                "lower": value - Z95 * se,
                "upper": value + Z95 * se,
                "robust_se": np.sqrt(np.diag(self.robust)),
            }
        )

    def worth(self, weights: Mapping[str, float]) -> tuple[float, float]:
        """Return what a sum of utils is worth in currency, with its standard error.

        Parameters
        ----------
        weights : mapping of str to float
            Weight of each parameter in the sum; it is divided by ``price_sensitivity``.

        Returns
        -------
        value, error : float
            The error by the delta method: for u / a the gradient is (w / a, -u / a^2).
        """
        a = float(self.values["price_sensitivity"])
        gradient = pd.Series(0.0, index=self.values.index)
        for name, weight in weights.items():
            gradient[name] += weight / a
        value = float(gradient @ self.values)
        gradient["price_sensitivity"] -= value / a
        return value, float(np.sqrt(gradient @ self.covariance @ gradient))

    @property
    def worths(self) -> pd.DataFrame:
        """What each parameter is worth: ``worth``, ``se`` (currency), and in % of the mean price.

        Columns ``percent`` and ``percent_se`` take the mean price as given.
        """
        rows = []
        for name in self.values.index:
            if name == "price_sensitivity":
                continue
            value, error = self.worth({name: 1.0})
            share = 100.0 / self.mean_price if self.mean_price > 0.0 else np.nan
            rows.append((name, value, error, share * value, share * error))
        return pd.DataFrame(rows, columns=["parameter", "worth", "se", "percent", "percent_se"])


def fit(
    panel: Panel,
    *,
    first: str = "drop",
    form: str = "cost",
    loyalty: bool = True,
    tastes: bool = True,
    draws: int = 200,
    seed: int = 0,
    start: Estimates | None = None,
) -> Estimates:
    """Estimate a panel by simulated maximum likelihood.

    Parameters
    ----------
    panel, first, form, loyalty
        As for :func:`design_of`.
    tastes : bool
        Whether customers differ in taste; if not, what looks like loyalty may be taste.
    draws : int
        Halton points per customer.
    seed : int
        Of their scrambling.
    start : Estimates, optional
        Where to start.

    Raises
    ------
    CalibrationError
        If no maximum is found.
    """
    from scipy.optimize import minimize

    draws, seed = whole(draws, "draws", low=1), whole(seed, "seed", low=0)
    design = design_of(panel, first=first, form=form, loyalty=loyalty)
    if not tastes:
        design = design.without_tastes()
    likelihood = Likelihood(design, draws=draws, seed=seed)
    # Columns of like size make a problem that minimizers find easy.
    scale = np.sqrt((design.columns**2).mean(axis=(1, 2)))
    scale = 1.0 / np.concatenate(
        [np.where(scale > 0, scale, 1.0), np.ones(len(design.taste_names))]
    )

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = likelihood.negative(x * scale)
        return value, gradient * scale

    begin = np.concatenate([np.zeros(len(design.names)), np.ones(len(design.taste_names))])
    if start is not None:
        for k, name in enumerate(likelihood.names):
            begin[k] = start.values.get(name, begin[k]) / scale[k]
    elif tastes:
        alike = fit(panel, first=first, form=form, loyalty=loyalty, tastes=False)
        begin[: len(design.names)] = alike.values.to_numpy() / scale[: len(design.names)]
    done = minimize(
        objective, begin, jac=True, method="BFGS",
        options={"gtol": 1e-5 * max(design.occasions, 1), "maxiter": 500},
    )  # fmt: skip
    best = done.x * scale
    best[len(design.names) :] = np.abs(best[len(design.names) :])
    _, scores = likelihood.by_household(best)
    hessian = _hessian(likelihood, best, scale)
    covariance = _covariance(hessian, best, len(design.names))
    wild = np.flatnonzero(np.abs(best / scale) > 60.0)
    if covariance is None or not np.isfinite(best).all() or len(wild):
        name = likelihood.names[int(wild[0])] if len(wild) else "the parameters"
        raise CalibrationError(
            f"{panel.source}: expected data that pin down {name}, found a likelihood without a "
            "maximum (some firm, feature or price decides every choice)"
        )
    names = pd.Index(likelihood.names)
    frame = pd.DataFrame(covariance, names, names)
    robust = covariance @ (scores.T @ scores) @ covariance
    used = design.columns[design.names.index("price_sensitivity"), : len(panel.firms)]
    return Estimates(
        values=pd.Series(best, names),
        covariance=frame,
        robust=pd.DataFrame(robust, names, names),
        loglikelihood=-likelihood.negative(best)[0],
        null=-design.occasions * float(np.log(panel.options)),
        occasions=design.occasions,
        customers=len(design.starts),
        draws=likelihood.draws,
        mean_price=-float(used.mean()),
    )


def _hessian(likelihood: Likelihood, at: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return the Hessian of minus the log-likelihood, by central differences of the gradient."""
    hessian = np.empty((len(at), len(at)))
    for k, unit in enumerate(scale):
        step = np.zeros(len(at))
        step[k] = 1e-4 * unit
        up, down = likelihood.negative(at + step)[1], likelihood.negative(at - step)[1]
        hessian[k] = (up - down) / (2 * step[k])
    return (hessian + hessian.T) / 2


def _covariance(hessian: np.ndarray, values: np.ndarray, linear: int) -> np.ndarray | None:
    """Return the inverse Hessian; None where the likelihood has no proper maximum.

    A taste whose standard deviation is estimated near zero has hardly any curvature, and
    would make errors of all others seem endless: it is held where it is, and gets an error
    from its own curvature.
    """
    if not np.isfinite(hessian).all():
        return None
    size = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-12))
    scaled = hessian * size * size[:, None]
    free = list(range(len(values)))
    held = sorted(range(linear, len(values)), key=lambda k: values[k])
    while True:
        part = scaled[np.ix_(free, free)]
        if np.linalg.eigvalsh(part).min() > 1e-4:
            break
        if not held:
            return None
        free.remove(held.pop(0))
    covariance = np.diag(size**2)
    covariance[np.ix_(free, free)] = np.linalg.inv(part)
    rows = np.ix_(free, free)
    covariance[rows] = covariance[rows] * size[free] * size[free][:, None]
    return covariance
