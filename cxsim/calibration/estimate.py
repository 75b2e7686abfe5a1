"""The simulated likelihood of a panel logit whose brand intercepts differ between customers.

Why not a library: xlogit 0.2.7 has this model, but on the yogurt panel its optimizer stops
before it has converged; its errors take the optimizer's word for the curvature. statsmodels has
no mixed logit; biogeme and pyblp bring a compiler or a model of other data. What is left to
write is one sum and its gradient; draws, optimizer and linear algebra are SciPy's.

The model (Train 2009, chapter 6): customer h draws tastes eta_hf ~ Normal(0, sd_f) once; at
occasion n option j is worth v_jn + eta_hj, with v linear in parameters; the likelihood of h is
the mean over tastes of the product of its logit chances. Tastes are Halton points, scrambled
with a fixed seed, so that the likelihood is a smooth function and the same one every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cxsim.calibration.panel import CalibrationError, Panel
from cxsim.messages import whole

# -- The simulated likelihood of a panel logit whose brand intercepts differ between customers


#: Numbers worked on at a time: what fits a core's cache.
_BLOCK = 150_000


@dataclass(frozen=True)
class Design:
    """Arrays from which the likelihood is computed; a household's occasions stand side by side.

    Attributes
    ----------
    names : tuple of str, length K
        Parameters that enter linearly.
    columns : ndarray, shape (K, J, N)
        What each parameter is multiplied by, by option and occasion.
    chosen : ndarray of int, shape (N,)
        Option taken.
    starts : ndarray of int, shape (H,)
        First occasion of each household.
    taste : ndarray of int, shape (J,)
        Number of the taste's standard deviation by option, -1 for an option without.
    taste_names : tuple of str, length M
        Names of the standard deviations.
    """

    names: tuple[str, ...]
    columns: np.ndarray
    chosen: np.ndarray
    starts: np.ndarray
    taste: np.ndarray
    taste_names: tuple[str, ...]

    @property
    def occasions(self) -> int:
        """Number of occasions."""
        return len(self.chosen)

    @property
    def counts(self) -> np.ndarray:
        """Occasions of each household, shape (H,)."""
        return np.diff(np.append(self.starts, len(self.chosen)))

    def without_tastes(self) -> Design:
        """Return the same design for customers who are alike."""
        return replace(self, taste=np.full(len(self.taste), -1), taste_names=())


def taste_draws(households: int, draws: int, options: int, *, seed: int = 0) -> np.ndarray:
    """Return standard normal Halton points.

    Parameters
    ----------
    households, draws, options : int
    seed : int
        Of the scrambling.

    Returns
    -------
    ndarray, shape (options, draws, households)
        Each household has a stretch of one sequence of its own (Train 2009, section 9.3.3).
    """
    from scipy.special import ndtri
    from scipy.stats import qmc

    points = qmc.Halton(options, scramble=True, rng=np.random.default_rng(seed))
    uniform = points.random(households * draws).reshape(households, draws, options)
    tiny = np.finfo(float).tiny
    return np.ascontiguousarray(ndtri(np.clip(uniform, tiny, 1 - 1e-16)).transpose(2, 1, 0))


class Likelihood:
    """Log-likelihood and its gradient by household.

    Parameters
    ----------
    design : Design
    draws : int
        Points at which tastes are averaged over; one where there are no tastes.
    seed : int
        Of the points.
    """

    def __init__(self, design: Design, *, draws: int = 200, seed: int = 0):
        self.design = design
        self.names = (*design.names, *design.taste_names)
        self._tasted = np.flatnonzero(design.taste >= 0)
        households = len(design.starts)
        self.draws = draws if len(self._tasted) else 1
        self._z = (
            taste_draws(households, draws, len(self._tasted), seed=seed)
            if len(self._tasted)
            else np.zeros((0, 1, households))
        )

    def _blocks(self) -> Iterator[tuple[slice, slice]]:
        """Give runs of whole households, as slices of households and of occasions."""
        starts, end = self.design.starts, self.design.occasions
        edges = np.append(starts, end)
        rows = max(1, _BLOCK // (self.draws * len(self.design.taste)))
        first = 0
        while first < len(starts):
            last = int(np.searchsorted(edges, edges[first] + rows, side="right")) - 1
            last = min(max(last, first + 1), len(starts))
            yield slice(first, last), slice(int(edges[first]), int(edges[last]))
            first = last

    def by_household(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return log-likelihoods and scores.

        Parameters
        ----------
        parameters : ndarray, shape (K + M,)
            Linear parameters, then standard deviations of tastes (their sign is free).

        Returns
        -------
        values : ndarray, shape (H,)
        scores : ndarray, shape (H, K + M)
        """
        values = np.empty(len(self.design.starts))
        scores = np.empty((len(values), len(parameters)))
        for houses, rows in self._blocks():
            values[houses], scores[houses] = self._block(parameters, houses, rows)
        return values, scores

    def _block(
        self, parameters: np.ndarray, houses: slice, rows: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        design = self.design
        linear = len(design.names)
        columns, chosen = design.columns[:, :, rows], design.chosen[rows]
        starts = design.starts[houses] - rows.start
        counts = np.diff(np.append(starts, len(chosen)))
        here = np.arange(len(chosen))
        worth = np.tensordot(parameters[:linear], columns, 1)  # (J, n)
        utility = np.repeat(worth[:, None, :], self.draws, axis=1)  # (J, R, n)
        tastes = np.repeat(self._z[:, :, houses], counts, axis=2)  # (T, R, n)
        for z, j in zip(tastes, self._tasted, strict=True):
            utility[j] += parameters[linear + design.taste[j]] * z
        utility -= utility.max(axis=0)
        taken = utility[chosen, :, here].T.copy()  # (R, n)
        chance = np.exp(utility, out=utility)
        total = chance.sum(axis=0)
        chance /= total
        likelihood = np.add.reduceat(taken - np.log(total), starts, axis=1)  # (R, h)
        top = likelihood.max(axis=0)
        weight = np.exp(likelihood - top)
        mean = weight.mean(axis=0)
        values = top + np.log(mean)
        weight /= weight.sum(axis=0)
        weights = np.repeat(weight, counts, axis=1)  # (R, n)
        scores = np.zeros((len(parameters), len(chosen)))
        expected = np.einsum("rn,jrn->jn", weights, chance)
        scores[:linear] = columns[:, chosen, here] - np.einsum("kjn,jn->kn", columns, expected)
        for z, j in zip(tastes, self._tasted, strict=True):
            weighted = weights * z
            scores[linear + design.taste[j]] += np.where(
                chosen == j, weighted.sum(axis=0), 0.0
            ) - np.einsum("rn,rn->n", weighted, chance[j])
        return values, np.add.reduceat(scores, starts, axis=1).T

    def negative(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """Return minus the log-likelihood and its gradient, as minimizers want them.

        Parameters
        ----------
        parameters : ndarray, shape (k,)
            As for :meth:`by_household`.

        Returns
        -------
        value : float
            Minus the log-likelihood.
        gradient : ndarray, shape (k,)
            Per unit of each parameter.
        """
        values, scores = self.by_household(parameters)
        return -float(values.sum()), -scores.sum(axis=0)


# -- Estimates of a panel logit, their standard errors, and what they are worth in money -------


#: Two-sided 95 % quantile of the normal distribution.
Z95 = 1.959963984540054


def design_of(
    panel: Panel,
    *,
    initial_purchases: str = "drop",
    form: str = "cost",
    loyalty: bool = True,
) -> Design:
    """Return the arrays from which the likelihood of a panel is computed.

    Parameters
    ----------
    panel : Panel
    initial_purchases : {"drop", "use"}
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
    if initial_purchases == "drop":
        panel_rows = np.flatnonzero(supplier >= 0)
        if not len(panel_rows):
            raise CalibrationError(f"{panel.source}: expected two purchases of a customer, found 1")
        supplier = supplier[panel_rows]
        panel = panel.take(panel_rows)
    elif initial_purchases != "use":
        raise ValueError(
            f"initial_purchases: expected 'drop' or 'use', found {initial_purchases!r}"
        )
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
    base = -1 if panel.no_purchase else int(panel.shares.argmax())
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
        """Return the value of a sum of utils in currency, with its standard error.

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
        """Parameters in money: ``worth``, ``se`` (currency), and in % of the mean price.

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
    initial_purchases: str = "drop",
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
    panel, initial_purchases, form, loyalty
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
    design = design_of(panel, initial_purchases=initial_purchases, form=form, loyalty=loyalty)
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
        alike = fit(
            panel, initial_purchases=initial_purchases, form=form, loyalty=loyalty, tastes=False
        )
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
