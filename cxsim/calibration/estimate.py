"""The simulated likelihood of a panel logit whose customers differ in taste, and its maximum.

Why not a library: xlogit 0.2.7 has the static part of this model, but on the yogurt panel its
optimizer stops before it has converged; its errors take the optimizer's word for the curvature.
statsmodels has no mixed logit; biogeme and pyblp bring a compiler or a model of other data, and
in none can a term follow a customer's own history by parameters that are estimated, too. What is
left to write is one sum and its gradient; points and linear algebra are SciPy's.

The model (Train 2009, chapter 6): customer h at occasion n values option j at S (v_jn + eta_hj),
with v linear in parameters, tastes eta normal, and S lognormal with mean 1, the customer's price
sensitivity relative to the mean (utility in money, Train & Weeks 2005). The likelihood of h is
the mean over tastes of the product of its logit chances, at Sobol points scrambled with a fixed
seed, so that the likelihood is a smooth function and the same one every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, Protocol

import numpy as np
import pandas as pd

from cxsim.calibration.firm_knowledge import FIRST_GUESS, FREE, PRIORS, History, bounded
from cxsim.calibration.panel import CalibrationError, Panel
from cxsim.messages import found, hint, whole

# -- The simulated likelihood of a panel logit whose customers differ in taste --------------------


#: Numbers worked on at a time: what fits a core's cache.
_BLOCK = 150_000
#: Points of the table of normal quantiles: as many as the largest net has.
TABLE = 4096
#: Worth of an option that is not on offer, utils: its chance is 0.
NOWHERE = -1e30


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
    taste_names : tuple of str, length M
        Parameters of tastes: standard deviations, or loadings on common factors.
    cells : ndarray of int, shape (C, 3)
        Option, factor and number of the parameter of each entry of the matrix that turns
        independent normal factors into tastes.
    random : tuple of str
        Linear parameters that differ between customers by a normal of their own.
    price_spread : bool
        Whether price sensitivities differ (lognormal).
    first_factor : bool
        Whether tastes have a weight of their own in a household's first occasion.
    offered : ndarray of bool, shape (J, N), or None
        Which options were on offer; None: all.
    history : History or None
        Where the speeds of learning and forgetting are parameters: what the column
        ``learning`` follows from.
    """

    names: tuple[str, ...]
    columns: np.ndarray
    chosen: np.ndarray
    starts: np.ndarray
    taste_names: tuple[str, ...]
    cells: np.ndarray
    random: tuple[str, ...] = ()
    price_spread: bool = False
    first_factor: bool = False
    offered: np.ndarray | None = None
    history: History | None = None

    @property
    def occasions(self) -> int:
        """Number of occasions."""
        return len(self.chosen)

    @property
    def counts(self) -> np.ndarray:
        """Occasions of each household, shape (H,)."""
        return np.diff(np.append(self.starts, len(self.chosen)))

    @property
    def factors(self) -> int:
        """Number of normal variables of a household."""
        tastes = int(self.cells[:, 1].max()) + 1 if len(self.cells) else 0
        return tastes + len(self.random) + self.price_spread

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters: linear, of learning, of tastes, of other differences."""
        return (
            *self.names,
            *(FREE if self.history is not None else ()),
            *self.taste_names,
            *(f"{name}_sd" for name in self.random),
            *(("price_sensitivity_spread",) if self.price_spread else ()),
            *(("first_purchase_taste",) if self.first_factor else ()),
        )


@cache
def normal_table() -> np.ndarray:
    """Return means of a standard normal variable within 4,096 classes of equal probability.

    They are stretched to a variance of exactly 1.
    """
    from scipy.special import ndtri

    edges = ndtri(np.arange(TABLE + 1) / TABLE)
    density = np.exp(-(edges**2) / 2) / np.sqrt(2 * np.pi)
    table = TABLE * (density[:-1] - density[1:])
    table = (table - table[::-1]) / 2
    table /= table.std()
    table.setflags(write=False)
    return table


def taste_points(
    households: int, draws: int, factors: int, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return one scrambled Sobol net, and how it is shifted for each household.

    Point r of household h is row ``net[:, r] ^ shift[h]`` of :func:`normal_table`: a digital
    shift leaves each household the whole net (L'Ecuyer & Lemieux 2002), and nothing is stored
    by household and point.

    Parameters
    ----------
    households, factors : int
    draws : int
        A power of two up to 4,096.
    seed : int
        Of scrambling and shifts.

    Returns
    -------
    net : ndarray of int, shape (factors, draws)
        Numbers of rows of the table.
    shift : ndarray of int, shape (households, factors)
        Numbers whose bits are turned over.
    """
    from scipy.stats import qmc

    if not factors:
        return np.zeros((0, 1), dtype=np.int64), np.zeros((households, 0), dtype=np.int64)
    rng = np.random.default_rng(seed)
    points = qmc.Sobol(factors, scramble=True, rng=rng).random(draws)
    net = np.ascontiguousarray((points.T * TABLE).astype(np.int64))
    return net, rng.integers(0, TABLE, (households, factors))


def taste_draws(households: int, draws: int, options: int, *, seed: int = 0) -> np.ndarray:
    """Return standard normal points (:func:`taste_points`), shape (options, draws, households).

    Parameters
    ----------
    households, draws, options : int
    seed : int
        Of the scrambling.
    """
    net, shift = taste_points(households, draws, options, seed=seed)
    return normal_table()[net[:, :, None] ^ shift.T[:, None, :]]


class Likelihood:
    """Log-likelihood and its gradient by household.

    Parameters
    ----------
    design : Design
    draws : int
        Points at which tastes are averaged over, a power of two; one where there are no tastes.
    seed : int
        Of the points.
    threads : int, optional
        Threads of the compiled likelihood [default: as many as there are processors]. Results
        do not depend on them.
    compiled : bool, optional
        False for the likelihood in NumPy [default: compiled, where numba is installed].
    """

    def __init__(
        self,
        design: Design,
        *,
        draws: int = 256,
        seed: int = 0,
        threads: int | None = None,
        compiled: bool | None = None,
    ):
        from cxsim.calibration import kernel

        self.design = design
        self.names = design.parameters
        households, factors = len(design.starts), design.factors
        self.draws = power_of_two(draws) if factors else 1
        self._net, self._shift = taste_points(households, self.draws, factors, seed=seed)
        self._linear = len(design.names) + len(FREE) * (design.history is not None)
        self._columns = design.columns
        if design.history is not None:
            room = np.zeros((len(FREE), *design.columns.shape[1:]))
            self._columns = np.concatenate([design.columns, room])
        taste_end = self._linear + len(design.taste_names)
        rest = np.arange(taste_end, len(self.names))
        self._place = np.full(len(design.random) + 2, -1)
        self._place[: len(design.random)] = rest[: len(design.random)]
        if design.price_spread:
            self._place[-2] = rest[len(design.random)]
        if design.first_factor:
            self._place[-1] = rest[-1]
        self._cells = design.cells + np.array([0, 0, self._linear])
        self._kernel: kernel.Kernel | None = None
        if kernel.available() if compiled is None else compiled:
            self._kernel = kernel.Kernel(
                {
                    "columns": self._columns,
                    "chosen": np.ascontiguousarray(design.chosen, dtype=np.int64),
                    "starts": np.append(design.starts, design.occasions).astype(np.int64),
                    "net": self._net, "shift": self._shift, "normal": np.array(normal_table()),
                    "cell": np.ascontiguousarray(self._cells, dtype=np.int64),
                    "random_column": self._random.astype(np.int64), "place": self._place,
                },
                len(self.names),
                threads=kernel.cores() if threads is None else threads,
            )  # fmt: skip

    @property
    def _random(self) -> np.ndarray:
        """Numbers of the columns whose parameters differ between customers."""
        return np.array([self.design.names.index(name) for name in self.design.random], dtype=int)

    def by_household(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return log-likelihoods and scores.

        Parameters
        ----------
        parameters : ndarray, shape (P,)
            By :attr:`names`: linear parameters, then those of learning, tastes and other
            differences between customers (the sign of standard deviations is free).

        Returns
        -------
        values : ndarray, shape (H,)
        scores : ndarray, shape (H, P)
        """
        if self._kernel is None:
            return self.reference(parameters)
        base, spread, loading, random_sd, first = self._parts(parameters)
        return self._kernel(base, spread, loading, random_sd, first, self._columns)

    def hessian(self, parameters: np.ndarray) -> np.ndarray | None:
        """Return the second derivatives of the log-likelihood, from one walk over customers.

        Parameters
        ----------
        parameters : ndarray, shape (P,)
            As for :meth:`by_household`.

        Returns
        -------
        ndarray, shape (P, P), or None
            None where it is not written down: without numba, and where tastes have a weight of
            their own in first purchases.
        """
        design = self.design
        if self._kernel is None or design.first_factor:
            return None
        base, spread, loading, random_sd, first = self._parts(parameters)
        linear = np.zeros(self._linear)
        linear[: len(design.names)] = parameters[: len(design.names)]
        learns = design.history is not None
        k = design.names.index("learning") if learns else 0
        free = range(len(design.names), self._linear)
        hessian, residual = self._kernel.hessian(
            base, spread, loading, random_sd, first, self._columns,
            linear=linear, follows=(k, *free) if learns else (),
        )  # fmt: skip
        if design.history is not None:
            at = parameters[free.start : free.stop]
            residual = residual[: design.history.firms]
            first_order, second_order = _bends(design.history, at)
            for row, by_one in zip(free, first_order, strict=True):
                hessian[k, row] += (residual * by_one).sum()
                hessian[row, k] = hessian[k, row]
            for row, bends in zip(free, second_order, strict=True):
                for column, bend in zip(free, bends, strict=True):
                    hessian[row, column] += parameters[k] * (residual * bend).sum()
        return (hessian + hessian.T) / 2

    def _parts(
        self, parameters: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
        """Return utility without what is random, and what is random in it."""
        design = self.design
        linear = len(design.names)
        if design.history is not None:
            k = design.names.index("learning")
            known, *slopes = design.history.knowledge(*parameters[linear : linear + len(FREE)])
            self._columns[k, : len(known)] = known
            for row, slope in zip(self._columns[linear:], slopes, strict=True):
                row[: len(slope)] = parameters[k] * slope
        base = np.tensordot(parameters[:linear], self._columns[:linear], 1)
        if design.offered is not None:
            base = np.where(design.offered, base, NOWHERE)
        s = float(parameters[self._place[-2]]) if design.price_spread else 0.0
        spread = np.exp(s * normal_table() - s * s / 2)
        first = float(parameters[self._place[-1]]) if design.first_factor else 1.0
        random_sd = np.append(parameters[self._place[:-2]], s)
        return base, spread, parameters[self._cells[:, 2]], random_sd, first

    def _blocks(self) -> Iterator[tuple[slice, slice]]:
        """Give runs of whole households, as slices of households and of occasions."""
        starts, end = self.design.starts, self.design.occasions
        edges = np.append(starts, end)
        rows = max(1, _BLOCK // (self.draws * self.design.columns.shape[1]))
        first = 0
        while first < len(starts):
            last = int(np.searchsorted(edges, edges[first] + rows, side="right")) - 1
            last = min(max(last, first + 1), len(starts))
            yield slice(first, last), slice(int(edges[first]), int(edges[last]))
            first = last

    def reference(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what :meth:`by_household` does, by NumPy alone.

        Parameters
        ----------
        parameters : ndarray, shape (P,)

        Returns
        -------
        values : ndarray, shape (H,)
        scores : ndarray, shape (H, P)
        """
        values = np.empty(len(self.design.starts))
        scores = np.zeros((len(values), len(parameters)))
        parts = self._parts(parameters)
        for houses, rows in self._blocks():
            values[houses], scores[houses] = self._block(parts, len(parameters), houses, rows)
        return values, scores

    def _block(
        self,
        parts: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float],
        parameters: int,
        houses: slice,
        rows: slice,
    ) -> tuple[np.ndarray, np.ndarray]:
        design = self.design
        base, spread, loading, random_sd, first = parts
        columns, chosen = self._columns[:, :, rows], design.chosen[rows]
        starts = design.starts[houses] - rows.start
        counts = np.diff(np.append(starts, len(chosen)))
        here = np.arange(len(chosen))
        points = self._net[:, :, None] ^ self._shift[houses].T[:, None, :]
        z = np.repeat(normal_table()[points], counts, axis=2)  # (D, R, n)
        extra = z[len(z) - design.price_spread - len(design.random) :]
        tastes = np.zeros((columns.shape[1], self.draws, len(chosen)))
        for (option, factor, _), weight in zip(self._cells, loading, strict=True):
            tastes[option] += weight * z[factor]
        weight_of_tastes = np.ones(len(chosen))
        weight_of_tastes[starts] = first
        utility = base[:, None, rows] + weight_of_tastes * tastes
        for k, sd, each in zip(self._random, random_sd, extra, strict=False):
            utility += columns[k][:, None, :] * (sd * each)
        scale = np.ones((self.draws, len(chosen)))
        if design.price_spread:
            scale = np.repeat(spread[points[-1]], counts, axis=1)
            utility *= scale
        worth = utility.copy()
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
        off = -chance
        off[chosen, :, here] += 1.0  # (J, R, n)
        scores = np.zeros((parameters, len(chosen)))
        if design.price_spread:
            slope = (off * np.where(chance > 0, worth, 0.0)).sum(axis=0) * (z[-1] - random_sd[-1])
            scores[self._place[-2]] = (weights * slope).sum(axis=0)
        off *= weights * scale
        scores[: self._linear] = np.einsum("kjn,jn->kn", columns, off.sum(axis=1))
        for option, factor, place in self._cells:
            scores[place] += weight_of_tastes * (off[option] * z[factor]).sum(axis=0)
        for k, place, each in zip(self._random, self._place[:-2], extra, strict=False):
            scores[place] = np.einsum("jn,jn->n", columns[k], (off * each).sum(axis=1))
        if design.first_factor:
            scores[self._place[-1], starts] = (off * tastes).sum(axis=(0, 1))[starts]
        return values, np.add.reduceat(scores, starts, axis=1).T

    def negative(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """Return minus the log-likelihood and its gradient, as minimizers want them.

        Parameters
        ----------
        parameters : ndarray, shape (P,)
            As for :meth:`by_household`.

        Returns
        -------
        value : float
            Minus the log-likelihood.
        gradient : ndarray, shape (P,)
            Per unit of each parameter.
        """
        values, scores = self.by_household(parameters)
        return -float(values.sum()), -scores.sum(axis=0)


def _bends(history: History, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return slopes of knowledge by its two speeds, (2, F, n), and second ones, (2, 2, F, n).

    Second derivatives are central differences of the slopes.
    """
    slopes = np.array(history.knowledge(*at)[1:])
    bends = np.empty((len(at), *slopes.shape))
    for row, unit in enumerate(np.eye(len(at))):
        up, down = (np.array(history.knowledge(*(at + 1e-4 * s * unit))[1:]) for s in (1, -1))
        bends[row] = (up - down) / 2e-4
    return slopes, bends


def power_of_two(draws: int) -> int:
    """Return the number of draws, which Sobol points want to be a power of two.

    Raises
    ------
    ValueError
        If it is none, or above 4,096.
    """
    draws = whole(draws, "draws", low=1)
    if draws > TABLE or draws & (draws - 1):
        near = min(TABLE, 1 << (draws - 1).bit_length())
        raise ValueError(
            f"draws: expected a power of two up to {TABLE}, found {draws} (did you mean {near}?)"
        )
    return draws


# -- The arrays of a panel -------------------------------------------------------------------------


#: What can be made of customers' first purchases.
INITIAL_PURCHASES = ("wooldridge", "equation", "use", "drop")
#: How brand preferences may differ between customers.
TASTES = ("independent", "correlated", "none")
#: Firms up to which correlated tastes have a matrix of their own, and not one common factor.
_FULL = 5


def one_of(value: str, known: tuple[str, ...], name: str) -> str:
    """Return a value that is one of those known.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    if value not in known:
        said = ", ".join(map(repr, known))
        raise ValueError(f"{name}: expected {said}, found {found(value)}{hint(value, known)}")
    return value


def design_of(
    panel: Panel,
    *,
    initial_purchases: str = "wooldridge",
    form: str = "cost",
    loyalty: bool = True,
    tastes: str = "independent",
    random_price: bool = False,
    random_loyalty: bool = False,
    learning: tuple[float, float] | str | None = None,
    recognition: float = 1.0,
) -> Design:
    """Return the arrays from which the likelihood of a panel is computed.

    Parameters
    ----------
    panel : Panel
    initial_purchases : {"wooldridge", "equation", "use", "drop"}
        What is made of a customer's occasions up to the first purchase, in which tastes had a
        part. ``wooldridge``: what follows is conditional on it, and the firm first bought from
        may be worth more (or less) to the customer throughout (Wooldridge 2005).
        ``equation``: it is a choice with intercepts, price sensitivity and weight of tastes of
        its own (Heckman 1981). ``use``: the panel starts where the customer came to the market,
        so that the first purchase has no supplier behind it and is like any other. ``drop``:
        what follows is conditional on it, as if tastes had no part in it.
    form : {"cost", "bonus"}
        How the switching cost enters (``switching_cost_form``): rivals are worth less, or
        the supplier more. It matters only where buying nothing is an option.
    loyalty : bool
        Whether there is a term for the supplier.
    tastes : {"independent", "correlated", "none"}
        How brand preferences differ between customers. ``correlated``: by a triangular matrix
        up to five firms, by one common factor beside independent preferences for more.
    random_price : bool
        Whether price sensitivities differ: lognormal, as ``price_sensitivity_cv``.
    random_loyalty : bool
        Whether loyalty differs: normal.
    learning : (float, float), "free" or None
        Whether firms that know a customer are worth more to it: by knowledge at this speed of
        learning and of forgetting, or at speeds that are estimated.
    recognition : float
        Chance that a customer is recognized, where the panel has no flags.

    Returns
    -------
    Design
        Parameters ``price_sensitivity`` (per currency unit), ``loyalty``, ``learning``,
        features, ``first_purchase``, and ``intercept.FIRM`` for all firms (but the one most
        bought from, where buying nothing is no option); tastes ``taste_sd.FIRM`` for all firms,
        or ``taste.FIRM.FACTOR``. All in utils.
    """
    size = len(panel.firms)
    one_of(initial_purchases, INITIAL_PURCHASES, "initial_purchases")
    one_of(form, ("cost", "bonus"), "form")
    one_of(tastes, TASTES, "tastes")
    base = -1 if panel.no_purchase else int(panel.shares.argmax())
    history = None
    if learning is not None:
        history = History.of(panel, recognition=recognition)
    supplier, first_firm, first_row = panel.supplier, panel.first_firm, None
    if initial_purchases == "equation":
        rows = np.flatnonzero((supplier >= 0) | panel.is_first)
    elif initial_purchases != "use":
        rows = np.flatnonzero(supplier >= 0)
        if not len(rows):
            raise CalibrationError(f"{panel.source}: expected two purchases of a customer, found 1")
    else:
        rows = np.arange(panel.occasions)
    supplier, first_firm = supplier[rows], first_firm[rows]
    first_row = panel.is_first[rows]
    panel = panel.take(rows)
    if history is not None:
        history = history.take(rows)
    firms = np.arange(size)[:, None]
    price = np.where(np.isnan(panel.price), 0.0, panel.price)
    columns: dict[str, np.ndarray] = {"price_sensitivity": -price}
    if loyalty:
        mine = supplier == firms
        if form == "bonus":
            columns["loyalty"] = mine.astype(float)
        else:
            columns["loyalty"] = np.where(supplier >= 0, mine - 1.0, 0.0)
    if history is not None:
        speeds = FIRST_GUESS if isinstance(learning, str) else learning
        assert speeds is not None
        columns["learning"] = history.knowledge(*bounded(*speeds))[0]
    columns |= {name: np.asarray(values) for name, values in panel.features.items()}
    if initial_purchases == "wooldridge":
        columns["first_purchase"] = (first_firm == firms).astype(float)
    for k, name in enumerate(panel.firms):
        if k != base:
            columns[f"intercept.{name}"] = np.zeros((size, 1)) + (firms == k)
    if initial_purchases == "equation":
        for name in [n for n in columns if n == "price_sensitivity" or n.startswith("intercept.")]:
            own = np.where(first_row, columns[name], 0.0)
            if name != "price_sensitivity" or np.ptp(own[:, first_row], axis=1).any():
                columns[f"first_purchase.{name}"] = own  # prices all the same are in intercepts
            columns[name] = np.where(first_row, 0.0, columns[name])
    stacked = np.zeros((len(columns), panel.options, panel.occasions))
    for row, values in zip(stacked, columns.values(), strict=True):
        row[:size] = values
    names, cells = _taste_cells(panel, tastes, base)
    return Design(
        names=tuple(columns),
        columns=stacked,
        chosen=panel.choice,
        starts=panel.starts,
        taste_names=names,
        cells=cells,
        random=("loyalty",) if random_loyalty and loyalty else (),
        price_spread=random_price,
        first_factor=initial_purchases == "equation" and bool(len(cells)),
        offered=_offered(panel, first_row if initial_purchases == "equation" else None),
        history=history if isinstance(learning, str) else None,
    )


def _offered(panel: Panel, first_row: np.ndarray | None) -> np.ndarray | None:
    """Return which options were on offer; a first purchase had no alternative of buying nothing."""
    there = np.ones((panel.options, panel.occasions), dtype=bool)
    there[: len(panel.firms)] = panel.available
    if first_row is not None and panel.no_purchase:
        there[-1, first_row] = False
    return None if there.all() else there


def _taste_cells(panel: Panel, tastes: str, base: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the parameters of tastes, and where each stands in the matrix of tastes."""
    firms, size = panel.firms, len(panel.firms)
    if tastes == "none":
        return (), np.zeros((0, 3), dtype=np.int64)
    free = [k for k in range(size) if k != base]
    if tastes == "correlated" and size <= _FULL:
        pairs = [(a, b) for a in range(len(free)) for b in range(a + 1)]
        names = tuple(f"taste.{firms[free[a]]}.{b + 1}" for a, b in pairs)
        return names, np.array([(free[a], b, k) for k, (a, b) in enumerate(pairs)])
    if panel.options == 2:  # only the variance of the difference shows
        one = ("taste_sd",) if size == 2 else (f"taste_sd.{firms[0]}",)
        return one, np.array([(k, k, 0) for k in range(size)])
    names = tuple(f"taste_sd.{name}" for name in firms)
    cells = [(k, k, k) for k in range(size)]
    if tastes == "correlated":
        names += tuple(f"taste.{firms[k]}.1" for k in free)
        cells += [(k, size, size + place) for place, k in enumerate(free)]
    return names, np.array(cells)


# -- Estimates of a panel logit, their standard errors, and what they are worth in money -------


#: Two-sided 95 % quantile of the normal distribution.
Z95 = 1.959963984540054


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
    priors : mapping of str to (float, float)
        Mean and standard deviation of the normal priors of parameters that have one.
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
    priors: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def rho_squared(self) -> float:
        """McFadden's measure of fit: 1 less the log-likelihood over that of equal chances."""
        return 1.0 - self.loglikelihood / self.null

    @property
    def bic(self) -> float:
        """Bayesian information criterion, -2 log L + parameters x log customers."""
        return float(len(self.values) * np.log(self.customers) - 2.0 * self.loglikelihood)

    @property
    def differences(self) -> dict[str, Any]:
        """How customers differ, as options of :func:`fit`, from the names of the parameters."""
        names = self.values.index
        tastes = "none"
        if names.str.startswith("taste").any():
            tastes = "correlated" if names.str.startswith("taste.").any() else "independent"
        return {
            "tastes": tastes,
            "random_price": "price_sensitivity_spread" in names,
            "random_loyalty": "loyalty_sd" in names,
        }

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

    def of(self, function: Callable[[pd.Series], float]) -> tuple[float, float]:
        """Return a function of the parameters, with its standard error by the delta method.

        Parameters
        ----------
        function : callable
            Of a series of parameters.

        Returns
        -------
        value, error : float
        """
        gradient = np.zeros(len(self.values))
        errors = np.sqrt(np.diag(self.covariance))
        for k, error in enumerate(errors):
            step = pd.Series(0.0, self.values.index)
            step.iloc[k] = 1e-4 * error
            up, down = function(self.values + step), function(self.values - step)
            gradient[k] = (up - down) / (2e-4 * error) if error > 0.0 else 0.0
        return function(self.values), float(np.sqrt(gradient @ self.covariance @ gradient))

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


def scenario_tastes(
    values: Mapping[str, float], firms: tuple[str, ...], first: np.ndarray, *, no_purchase: bool
) -> np.ndarray:
    """Return standard deviations of independent brand preferences that stand for estimated ones.

    Estimates with a term for the first purchase have preferences given that purchase. Over all
    customers their covariance is greater by d^2 (diag(q) - q q'), q the shares of first
    purchases. Where no purchase is an option, variances are kept; where it is none, only
    differences between firms show, and their variances are, as nearly as independent preferences
    can.

    Parameters
    ----------
    values : mapping of str to float
        By parameter (:func:`design_of`), utils.
    firms : tuple of str, length F
    first : ndarray, shape (F,)
        q, shares of first purchases.
    no_purchase : bool
        Whether buying nothing is an option.

    Returns
    -------
    ndarray, shape (F,)
        In units of utility.
    """
    from scipy.optimize import nnls

    size = len(firms)
    own = [values.get(f"taste_sd.{name}", values.get("taste_sd", 0.0)) for name in firms]
    loadings = np.array(
        [[values.get(f"taste.{name}.{k + 1}", 0.0) for k in range(size)] for name in firms]
    )
    d = values.get("first_purchase", 0.0)
    joint = np.diag(np.square(own)) + loadings @ loadings.T
    joint = joint + d * d * (np.diag(first) - np.outer(first, first))
    variances = np.diag(joint)
    if not no_purchase and not np.array_equal(joint, np.diag(variances)):
        pairs = [(j, k) for j in range(size) for k in range(j)]
        which = np.zeros((len(pairs), size))
        apart = np.array([joint[j, j] + joint[k, k] - 2 * joint[j, k] for j, k in pairs])
        for row, pair in zip(which, pairs, strict=True):
            row[list(pair)] = 1.0
        if size == 2:
            return np.sqrt(np.full(2, apart[0] / 2))
        variances = nnls(which, apart)[0]
    return np.sqrt(variances)


def first_shares(panel: Panel) -> np.ndarray:
    """Return the shares of customers' first purchases by firm, shape (F,)."""
    taken = np.bincount(panel.choice[panel.is_first], minlength=len(panel.firms))
    return taken[: len(panel.firms)] / max(taken.sum(), 1)


def fit(
    panel: Panel,
    *,
    initial_purchases: str = "wooldridge",
    form: str = "cost",
    loyalty: bool = True,
    tastes: str | bool = "independent",
    random_price: bool = False,
    random_loyalty: bool = False,
    learning: tuple[float, float] | str | None = None,
    recognition: float = 1.0,
    draws: int = 256,
    seed: int = 0,
    start: Estimates | None = None,
) -> Estimates:
    """Estimate a panel by simulated maximum likelihood.

    Parameters
    ----------
    panel, initial_purchases, form, loyalty, tastes, random_price, random_loyalty, learning
        As for :func:`design_of`; False stands for no tastes, True for independent ones.
        Without tastes what looks like loyalty may be taste.
    recognition
        As for :func:`design_of`.
    draws : int
        Sobol points per customer, a power of two.
    seed : int
        Of their scrambling.
    start : Estimates, optional
        Where to start.

    Returns
    -------
    Estimates
        With the price sensitivity that the panel states, if it does, in place of an estimate.

    Raises
    ------
    CalibrationError
        If no maximum is found.
    """
    seed = whole(seed, "seed", low=0)
    draws = power_of_two(draws)
    how = {
        "initial_purchases": initial_purchases, "form": form, "loyalty": loyalty,
        "learning": learning, "recognition": recognition,
    }  # fmt: skip
    if isinstance(tastes, bool):
        tastes = "independent" if tastes else "none"
    differ = {"tastes": tastes, "random_price": random_price, "random_loyalty": random_loyalty}
    design = design_of(panel, **how, **differ)  # type: ignore[arg-type]
    used = design.columns[design.names.index("price_sensitivity"), : len(panel.firms)]
    if panel.stated is not None:  # prices that are the same throughout are in the intercepts
        k = design.names.index("price_sensitivity")
        rest = (*design.names[:k], *design.names[k + 1 :])
        design = replace(design, names=rest, columns=np.delete(design.columns, k, axis=0))
    likelihood = Likelihood(design, draws=draws, seed=seed)
    if start is None and design.factors:
        alike = {**how, "tastes": "none", "learning": None if learning == "free" else learning}
        start = fit(panel, **alike)  # type: ignore[arg-type]
    scale = np.ones(len(likelihood.names))
    size = np.sqrt((design.columns**2).mean(axis=(1, 2)))
    scale[: len(size)] = 1.0 / np.where(size > 0, size, 1.0)
    begin = np.array([_guess(name) for name in likelihood.names])
    if start is not None:
        begin = start.values.reindex(likelihood.names).fillna(
            pd.Series(begin, likelihood.names)
        ).to_numpy()  # fmt: skip
    priors = {name: PRIORS[name] for name in FREE if name in likelihood.names}
    best, covariance, robust, value = maximize(
        Objective(likelihood, priors), begin, scale, source=panel.source,
        signed=partial(_positive, design),
    )  # fmt: skip
    names = pd.Index(likelihood.names)
    offered = design.columns.shape[1] if design.offered is None else design.offered.sum(axis=0)
    made = Estimates(
        values=pd.Series(best, names),
        covariance=pd.DataFrame(covariance, names, names),
        robust=pd.DataFrame(robust, names, names),
        loglikelihood=value,
        null=-float(np.sum(np.log(offered) * np.ones(design.occasions))),
        occasions=design.occasions,
        customers=len(design.starts),
        draws=likelihood.draws,
        mean_price=-float(used[used != 0.0].mean()) if used.any() else 0.0,
        priors=priors,
    )
    return made if panel.stated is None else with_stated_price(made, panel, *panel.stated)


def with_stated_price(estimates: Estimates, panel: Panel, a: float, se: float) -> Estimates:
    """Return estimates with a stated price sensitivity, at which all choices are as likely as ever.

    An intercept holds what a firm is worth less its price, c = q - a p, if prices are not in the
    model. With a price sensitivity it is c + a (p - p0), p0 the price of the firm without an
    intercept, or 0 where buying nothing is an option. Errors of the stated sensitivity and of
    the rest are independent.

    Parameters
    ----------
    estimates : Estimates
        Without a price sensitivity, or with another one that was stated.
    panel : Panel
        Whose prices are the same throughout.
    a, se : float
        Price sensitivity, 1 / currency, and its standard error.
    """
    before, before_se = 0.0, 0.0
    names = estimates.values.index
    if "price_sensitivity" in names:
        before = float(estimates.values["price_sensitivity"])
        before_se = estimates.error("price_sensitivity")
    else:
        names = names.insert(0, "price_sensitivity")
    gap = pd.Series(0.0, names)
    price = np.nanmean(panel.price, axis=1)
    zero = [k for k, firm in enumerate(panel.firms) if f"intercept.{firm}" not in names]
    least = price[zero[0]] if zero else 0.0
    for k, firm in enumerate(panel.firms):
        if k not in zero:
            gap[f"intercept.{firm}"] = price[k] - least
    gap["price_sensitivity"] = 1.0
    more = np.outer(gap, gap) * (se**2 - before_se**2)

    def wider(matrix: pd.DataFrame) -> pd.DataFrame:
        return matrix.reindex(index=names, columns=names, fill_value=0.0) + more

    return replace(
        estimates,
        values=estimates.values.reindex(names, fill_value=0.0) + gap * (a - before),
        covariance=wider(estimates.covariance),
        robust=wider(estimates.robust),
    )


def maximize(
    objective: Objective,
    begin: np.ndarray,
    scale: np.ndarray,
    *,
    source: str,
    signed: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return the maximum of an objective, with covariances of its parameters.

    Parameters
    ----------
    objective : Objective
    begin, scale : ndarray, shape (P,)
        Where to start, and the size of a step in each parameter.
    source : str
        For the message.
    signed : callable
        Turns signs that mean nothing to plus.

    Returns
    -------
    best : ndarray, shape (P,)
    covariance, robust : ndarray, shape (P, P)
        Inverse of minus the Hessian, and the sandwich estimator over customers.
    loglikelihood : float
        Without priors.

    Raises
    ------
    CalibrationError
        If no maximum is found.
    """
    names = objective.likelihood.names
    best = signed(climb(objective, begin, scale))
    hessian = _hessian(objective, best, scale)
    covariance = _covariance(hessian, best, names)
    wild = np.flatnonzero(np.abs(best / scale) > 60.0)
    if covariance is None or not np.isfinite(best).all() or len(wild):
        name = names[int(wild[0])] if len(wild) else "the parameters"
        raise CalibrationError(
            f"{source}: expected data that pin down {name}, found a likelihood without a "
            "maximum (some firm, feature or price decides every choice)"
        )
    best, value, scores = _polished(objective, best, covariance)
    return signed(best), covariance, covariance @ (scores.T @ scores) @ covariance, value


#: What parameters start from that do not start from 0.
_GUESSES = {
    "taste_sd": 1.0, "price_sensitivity_spread": 0.3, "loyalty_sd": 0.5,
    "first_purchase_taste": 1.0, **{name: mean for name, (mean, _) in PRIORS.items()},
}  # fmt: skip


def _guess(name: str) -> float:
    """Return where a parameter starts: differences between customers away from none."""
    if name.startswith("taste.") and name.rpartition(".")[2].isdecimal():
        return 0.5
    return _GUESSES.get("taste_sd" if name.startswith("taste_sd") else name, 0.0)


class ByCustomer(Protocol):
    """A log-likelihood with its scores, customer by customer."""

    names: tuple[str, ...]

    def by_household(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return log-likelihoods (H,) and scores (H, P).

        Parameters
        ----------
        parameters : ndarray, shape (P,)
            By :attr:`names`.
        """

    def hessian(self, parameters: np.ndarray) -> np.ndarray | None:
        """Return the log-likelihood's second derivatives, shape (P, P); None without a formula."""


class Objective:
    """The log-likelihood with its scores, and the log density of priors.

    Parameters
    ----------
    likelihood : ByCustomer
    priors : mapping of str to (float, float)
        Mean and standard deviation of normal priors, by parameter.
    """

    def __init__(self, likelihood: ByCustomer, priors: Mapping[str, tuple[float, float]]):
        self.likelihood = likelihood
        self.precision = np.zeros(len(likelihood.names))
        self.middle = np.zeros(len(likelihood.names))
        for name, (mean, sd) in priors.items():
            k = likelihood.names.index(name)
            self.middle[k], self.precision[k] = mean, sd**-2

    def hessian(self, at: np.ndarray) -> np.ndarray | None:
        """Return second derivatives, of shape (P, P), where the log-likelihood has a formula."""
        known = self.likelihood.hessian(at)
        return None if known is None else known - np.diag(self.precision)

    def __call__(self, at: np.ndarray) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Return value with priors, log-likelihood, gradient with priors, and scores."""
        values, scores = self.likelihood.by_household(at)
        said, off = float(values.sum()), at - self.middle
        prior = -0.5 * float((self.precision * off * off).sum())
        return said + prior, said, scores.sum(axis=0) - self.precision * off, scores


#: Climbing stops where the next step promises less than half of this, in log-likelihood.
_PROMISE = 0.01
#: Steps by outer products of scores; where they do not arrive, the Hessian is computed.
_STEPS = 25
#: Steps by the Hessian, after which a likelihood counts as one without a maximum.
_NEWTON_STEPS = 12


def climb(objective: Objective, at: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return where the objective is greatest.

    The sum of scores' outer products stands for minus the Hessian (Berndt, Hall, Hall & Hausman
    1974); steps are halved until they gain. Where differences between customers come out near
    zero, scores are small and curvature is not: there Hessians by differences take over.

    Parameters
    ----------
    objective : Objective
    at, scale : ndarray, shape (P,)
        Where to start, and the size of a step in each parameter.
    """
    value, _, gradient, scores = objective(at)
    for number in range(_STEPS + _NEWTON_STEPS):
        if number < _STEPS:
            curvature = scores.T @ scores + np.diag(objective.precision)
            curvature += np.diag(1e-3 * np.diag(curvature) + 1e-9)
        else:
            curvature = _turned(_hessian(objective, at, scale), scale)
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        promise = float(gradient @ step)
        if not promise > _PROMISE:
            break
        for _ in range(40):
            trial, _, slope, each = objective(at + step)
            if np.isfinite(trial) and trial > value + 1e-4 * promise:
                break
            step, promise = step / 2, promise / 2
        else:
            break  # rounding is all that is left
        at, value, gradient, scores = at + step, trial, slope, each
        if np.abs(at / scale).max() > 1e4:
            break
    return at


def _turned(hessian: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return a positive definite matrix with the Hessian's curvatures, turned to plus."""
    if not np.isfinite(hessian).all():
        return np.diag(scale**-2.0)
    values, vectors = np.linalg.eigh(hessian * scale * scale[:, None])
    values = np.maximum(np.abs(values), 1e-8 * np.abs(values).max())
    return (vectors * values) @ vectors.T / scale / scale[:, None]


def _polished(
    objective: Objective, at: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, float, np.ndarray]:
    """Return the point one step of Newton's on, if it is higher, with value and scores."""
    value, said, gradient, scores = objective(at)
    there = at + covariance @ gradient
    trial, better, _, other = objective(there)
    if np.isfinite(trial) and trial >= value:
        return there, better, other
    return at, said, scores


def _positive(design: Design, at: np.ndarray) -> np.ndarray:
    """Return the same point with signs that mean nothing turned to plus.

    Of each factor of tastes the first loading is positive, and so are standard deviations.
    """
    at, first = at.copy(), len(design.parameters) - len(design.taste_names)
    first -= len(design.random) + design.price_spread + design.first_factor
    for factor in np.unique(design.cells[:, 1]):
        of_factor = np.unique(design.cells[design.cells[:, 1] == factor, 2]) + first
        if at[of_factor[0]] < 0:
            at[of_factor] *= -1
    rest = slice(first + len(design.taste_names), len(at) - design.first_factor)
    at[rest] = np.abs(at[rest])
    return at


def _hessian(objective: Objective, at: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return the Hessian of minus the objective; by central differences where it is not given."""
    known = objective.hessian(at)
    if known is not None:
        return -known
    hessian = np.empty((len(at), len(at)))
    for k, unit in enumerate(scale):
        step = np.zeros(len(at))
        step[k] = 1e-4 * unit
        up, down = objective(at + step)[2], objective(at - step)[2]
        hessian[k] = (down - up) / (2 * step[k])
    return (hessian + hessian.T) / 2


def _covariance(
    hessian: np.ndarray, values: np.ndarray, names: tuple[str, ...]
) -> np.ndarray | None:
    """Return the inverse Hessian; None where the likelihood has no proper maximum.

    A difference between customers that is estimated near zero has hardly any curvature, and
    would make errors of all others seem endless: it is held where it is, and gets an error
    from its own curvature.
    """
    if not np.isfinite(hessian).all():
        return None
    size = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-12))
    scaled = hessian * size * size[:, None]
    free = list(range(len(values)))
    held = sorted(
        (k for k in free if names[k].startswith("taste") or names[k].endswith(("_sd", "_spread"))),
        key=lambda k: abs(values[k]),
    )
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
