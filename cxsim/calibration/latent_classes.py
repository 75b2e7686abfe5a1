"""Latent classes of customers: panel logits whose parameters differ between a few classes.

The model (Kamakura & Russell 1989): customer h belongs to class k with chance pi_k, and a member
of class k values option j at S v_jn'beta_k, with intercepts, price sensitivity and loyalty of the
class. The likelihood of h is sum_k pi_k prod_n P_jn(beta_k), so that customers differ by class
and not within one. Where the panel begins after the customers' first purchases, a class is more
likely among those who first bought from the firm it prefers: chances of classes are then those
given the firm of the first purchase, pi_k|f (concomitant variable, Dayton & Macready 1988; the
distribution of what differs between customers given the initial condition, Wooldridge 2005).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cxsim.calibration.estimate import (
    NOWHERE,
    Z95,
    Design,
    Estimates,
    Objective,
    climb,
    design_of,
    fit,
    maximize,
)
from cxsim.calibration.panel import NO_MONEY, CalibrationError, Panel
from cxsim.messages import found, whole

#: Largest number of classes.
MOST = 4
#: Share of customers below which a class is small.
SMALL = 0.05
#: Mean posterior chance of those assigned to a class from which on it is well separated
#: (Nagin 2005).
SEPARATED = 0.7
#: Starting points of the search for a maximum.
STARTS = 8
#: Maxima whose log-likelihoods are closer than this are the same one.
_SAME = 0.1
#: Standard deviations of weak normal priors: of a class's intercepts around those of one class,
#: utils, and of the log odds of classes given the firm of the first purchase, around 0. They keep
#: a class that never buys from a firm from running away.
_WEAK_INTERCEPT, _WEAK_ODDS = 5.0, 3.0
#: How first purchases may be used.
FIRST = ("wooldridge", "use", "drop")


# -- The likelihood ------------------------------------------------------------------------------


class ClassLikelihood:
    """Log-likelihood and scores by customer.

    Parameters
    ----------
    design : Design
        Of a logit without differences between customers.
    classes : int
        K.
    groups : ndarray of int, shape (H,)
        Group of each customer, from 0: chances of classes are those of a group.
    labels : tuple of str, length G
        Names of groups; one empty name for one group.
    """

    def __init__(
        self, design: Design, classes: int, groups: np.ndarray, labels: tuple[str, ...] = ("",)
    ):
        self.design, self.classes, self.groups = design, classes, groups
        self.labels = labels
        names = class_names(classes)
        self.names = tuple(f"{name}.{each}" for each in names for name in design.names) + tuple(
            f"membership.{each}" + (f".{label}" if label else "")
            for label in labels
            for each in names[1:]
        )

    def parts(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return parameters by class, and log chances of classes by group.

        Parameters
        ----------
        parameters : ndarray, shape (K P + G (K - 1),)

        Returns
        -------
        beta : ndarray, shape (K, P)
        chance : ndarray, shape (G, K)
            Logarithms.
        """
        size = self.classes * len(self.design.names)
        beta = parameters[:size].reshape(self.classes, -1)
        odds = np.zeros((len(self.labels), self.classes))
        odds[:, 1:] = parameters[size:].reshape(len(self.labels), -1)
        return beta, odds - np.logaddexp.reduce(odds, axis=1)[:, None]

    def _of_class(self, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return log-likelihoods (H,) and scores (H, P) of customers who belong to a class."""
        design = self.design
        worth = np.tensordot(beta, design.columns, 1)
        if design.offered is not None:
            worth = np.where(design.offered, worth, NOWHERE)
        worth -= worth.max(axis=0)
        chance = np.exp(worth)
        total = chance.sum(axis=0)
        here = np.arange(design.occasions)
        said = worth[design.chosen, here] - np.log(total)
        off = -chance / total
        off[design.chosen, here] += 1.0
        scores = np.einsum("kjn,jn->kn", design.columns, off)
        starts = design.starts
        return np.add.reduceat(said, starts), np.add.reduceat(scores, starts, axis=1).T

    def posterior(self, parameters: np.ndarray) -> np.ndarray:
        """Return chances of classes given the customers' purchases, shape (H, K).

        Parameters
        ----------
        parameters : ndarray, shape (P,)
            By :attr:`names`.
        """
        beta, chance = self.parts(parameters)
        joint = chance[self.groups] + np.array([self._of_class(each)[0] for each in beta]).T
        return np.asarray(np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, None]))

    def by_household(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return log-likelihoods and scores.

        Parameters
        ----------
        parameters : ndarray, shape (P,)
            By :attr:`names`.

        Returns
        -------
        values : ndarray, shape (H,)
        scores : ndarray, shape (H, P)
        """
        beta, chance = self.parts(parameters)
        logs, slopes = zip(*(self._of_class(each) for each in beta), strict=True)
        joint = chance[self.groups] + np.array(logs).T
        values = np.logaddexp.reduce(joint, axis=1)
        member = np.exp(joint - values[:, None])
        off = (member - np.exp(chance)[self.groups])[:, 1:]
        odds = np.zeros((len(values), len(self.labels), self.classes - 1))
        odds[np.arange(len(values)), self.groups] = off
        scores = [member[:, k, None] * slope for k, slope in enumerate(slopes)]
        return values, np.concatenate([*scores, odds.reshape(len(values), -1)], axis=1)

    def hessian(self, parameters: np.ndarray) -> None:
        """Return None: the log-likelihood is differentiated by differences, shape (P, P)."""


def class_names(classes: int) -> tuple[str, ...]:
    """Return the names of classes: ``Class1`` is the largest one.

    Parameters
    ----------
    classes : int
        Number of classes.
    """
    return tuple(f"Class{k + 1}" for k in range(classes))


# -- The result ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LatentClasses:
    """Classes of customers in a panel.

    Attributes
    ----------
    panel : Panel
    estimates : Estimates
        Parameters ``NAME.Class1`` and so on, as of a logit without differences in taste, and
        ``membership``, log odds of a class against the first one.
    weights : ndarray, shape (G,)
        Shares of customers by group; groups are firms of the first purchase.
    numbers : DataFrame
        A row per number of classes: ``classes, loglikelihood, parameters, bic, entropy_r2,
        found`` (starting points that led to the maximum), ``starts``. The criterion counts
        customers, -2 log L + parameters x log H; NaN where there is no maximum.
    posterior : ndarray, shape (H, K)
        Chances of classes given the purchases of a customer.
    customers : ndarray of int, shape (H,)
        Numbers, in the panel's order from 0, of the customers it was estimated on.
    """

    panel: Panel
    estimates: Estimates
    weights: np.ndarray
    numbers: pd.DataFrame
    posterior: np.ndarray
    customers: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes, by size."""
        return class_names(self.posterior.shape[1])

    @property
    def has_worth(self) -> bool:
        """Whether utils of every class can be stated in money."""
        a = [self.estimates.values[f"price_sensitivity.{name}"] for name in self.names]
        return min(a) > 0.0 and self.panel.money != NO_MONEY

    def of_class(self, name: str) -> Estimates:
        """Return the estimates of a class, under the names of a logit with one class.

        Parameters
        ----------
        name : str
        """
        whole_ = self.estimates
        keys = [each for each in whole_.values.index if each.endswith(f".{name}")]
        keys = [each for each in keys if not each.startswith("membership.")]
        short = [each.removesuffix(f".{name}") for each in keys]

        def part(matrix: pd.DataFrame) -> pd.DataFrame:
            return pd.DataFrame(matrix.loc[keys, keys].to_numpy(), pd.Index(short), pd.Index(short))

        return Estimates(
            values=pd.Series(whole_.values[keys].to_numpy(), short),
            covariance=part(whole_.covariance),
            robust=part(whole_.robust),
            loglikelihood=whole_.loglikelihood,
            null=whole_.null,
            occasions=whole_.occasions,
            customers=whole_.customers,
            draws=whole_.draws,
            mean_price=whole_.mean_price,
        )

    def shares(self, values: pd.Series) -> np.ndarray:
        """Return the shares of classes among customers.

        Parameters
        ----------
        values : Series
            As the estimates' values.

        Returns
        -------
        ndarray, shape (K,)
            Over groups, sum_g q_g exp(m_gk) / sum_j exp(m_gj).
        """
        size = len(self.names)
        odds = np.zeros((len(self.weights), size))
        odds[:, 1:] = values.to_numpy()[-len(self.weights) * (size - 1) or len(values) :].reshape(
            len(self.weights), size - 1
        )
        chance = np.exp(odds - np.logaddexp.reduce(odds, axis=1)[:, None])
        return np.asarray(self.weights @ chance)

    def share(self, k: int) -> tuple[float, float]:
        """Return the share of a class with its standard error.

        Parameters
        ----------
        k : int
            Number of the class, from 0.

        Returns
        -------
        value : float
        error : float
        """
        return self.estimates.of(lambda values: float(self.shares(values)[k]))

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per class and quantity: ``class, quantity, estimate, se, lower, upper``.

        Quantities are ``share``, ``price sensitivity`` (1 / currency), ``loyalty`` (utils) and
        ``worth of loyalty`` (currency; NaN where utils cannot be stated in money), and the
        intercepts (utils). Intervals have 95 %; that of a share is taken on its log odds.
        """
        rows: list[tuple[str, str, float, float, float, float]] = []
        for k, name in enumerate(self.names):
            share, error = self.share(k)
            odds = np.log(share) - np.log1p(-share) if share < 1.0 else np.inf
            off = Z95 * error / (share * (1.0 - share)) if share < 1.0 else 0.0
            low, high = (1.0 / (1.0 + np.exp(-(odds + sign * off))) for sign in (-1, 1))
            rows.append((name, "share", share, error, float(low), float(high)))
            one = self.of_class(name)
            said = {"price_sensitivity": "price sensitivity", "loyalty": "loyalty"}
            for key in one.values.index:
                value, error = float(one.values[key]), one.error(key)
                what = said.get(key, key)
                rows.append((name, what, value, error, value - Z95 * error, value + Z95 * error))
            value, error = one.worth({"loyalty": 1.0}) if self.has_worth else (np.nan, np.nan)
            ends = value - Z95 * error, value + Z95 * error
            rows.append((name, "worth of loyalty", value, error, *ends))
        columns = ["class", "quantity", "estimate", "se", "lower", "upper"]
        frame = pd.DataFrame(rows, columns=columns)
        frame.attrs |= {"source": self.panel.source, "currency": self.panel.currency}
        return frame

    @property
    def membership(self) -> pd.DataFrame:
        """A row per customer: ``customer``, a chance per class, and ``class``, the likeliest."""
        frame = pd.DataFrame(self.posterior, columns=list(self.names))
        frame.insert(0, "customer", self.customers)
        frame["class"] = np.array(self.names)[self.posterior.argmax(axis=1)]
        return frame

    @property
    def separation(self) -> pd.Series:
        """By class the mean posterior chance of the customers assigned to it; NaN for none.

        A class is well separated from 0.7 on (Nagin 2005).
        """
        taken = self.posterior.argmax(axis=1)
        means = [
            float(self.posterior[taken == k, k].mean()) if (taken == k).any() else np.nan
            for k in range(len(self.names))
        ]
        return pd.Series(means, self.names)

    @property
    def times_found(self) -> tuple[int, int]:
        """Starting points that led to the maximum, of how many."""
        row = self.numbers.set_index("classes").loc[len(self.names)]
        return int(row["found"]), int(row["starts"])

    def sentence(self) -> str:
        """Return the classes with their shares and what loyalty is worth to them."""
        table = self.table.set_index(["class", "quantity"])["estimate"]
        number = len(self.names)
        said = []
        for name in self.names:
            worth = table[name, "worth of loyalty"]
            money = f", worth {worth:.3g} {self.panel.currency}" if np.isfinite(worth) else ""
            said.append(
                f"{name} {100 * table[name, 'share']:.0f} % (price sensitivity "
                f"{table[name, 'price sensitivity']:.2f}, loyalty {table[name, 'loyalty']:.2f} "
                f"utils{money})"
            )
        count = "one class" if number == 1 else f"{number} classes"
        row = self.numbers.set_index("classes").loc[number]
        fit_ = f"BIC {row['bic']:.1f}"
        if number > 1:
            fit_ += f", entropy R2 {row['entropy_r2']:.2f}"
        return f"{self.panel.source}: {count} of customers ({fit_}): {'; '.join(said)}."

    def __repr__(self) -> str:
        return f"<LatentClasses: {self.sentence()}>"

    def _repr_html_(self) -> str:
        from html import escape

        wide = self.table.pivot(index="quantity", columns="class", values="estimate")
        wide = wide.loc[self.table["quantity"].drop_duplicates()]
        tables = (
            wide.to_html(float_format=lambda v: f"{v:,.3g}", na_rep=""),
            self.numbers.to_html(index=False, float_format=lambda v: f"{v:,.2f}", na_rep=""),
        )
        return f"<p>{escape(self.sentence())}</p>{''.join(tables)}"


# -- Estimation ----------------------------------------------------------------------------------


def asked_classes(classes: int | str) -> tuple[int, bool]:
    """Return the largest number of classes to try, and whether BIC chooses among them.

    Parameters
    ----------
    classes : int or str
        As a user asks for them.

    Raises
    ------
    ValueError
        If it is neither a number from 1 to 4 nor ``bic``.
    """
    if isinstance(classes, str) and classes.strip().isdecimal():
        classes = int(classes)
    if isinstance(classes, str):
        if classes != "bic":
            raise ValueError(f"classes: expected 1 to {MOST} or 'bic', found {found(classes)}")
        return MOST, True
    return whole(classes, "classes", low=1, high=MOST), False


def latent_classes(
    panel: Panel,
    classes: int | str = "bic",
    *,
    initial_purchases: str = "wooldridge",
    form: str = "cost",
    starts: int = STARTS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> LatentClasses:
    """Estimate classes of customers by maximum likelihood.

    Parameters
    ----------
    panel : Panel
    classes : int or "bic"
        A number from 1 to 4, or that of the four with the least BIC. Smaller numbers are
        estimated, too, for comparison.
    initial_purchases : {"wooldridge", "use", "drop"}
        ``wooldridge``: chances of classes are those given the firm of the first purchase.
        ``use`` and ``drop`` as for :func:`~cxsim.calibration.estimate.design_of`.
    form : {"cost", "bonus"}
    starts : int
        Starting points, parameters of one class with noise of a fixed seed.
    seed : int
        Of the noise.
    progress : callable, optional
        Called with (starting points done, all).

    Raises
    ------
    CalibrationError
        If the likelihood of so many classes has no maximum.
    ValueError
        If an argument is not one of those known.
    """
    most, choose = asked_classes(classes)
    if initial_purchases not in FIRST:
        said = ", ".join(map(repr, FIRST))
        raise ValueError(
            f"initial_purchases: expected {said} with classes, found {found(initial_purchases)}"
        )
    starts = whole(starts, "starts", low=2)
    rows = "use" if initial_purchases == "use" else "drop"
    one = fit(panel, initial_purchases=rows, form=form, tastes="none")
    design = design_of(panel, initial_purchases=rows, form=form, tastes="none")
    used = np.arange(panel.occasions) if rows == "use" else np.flatnonzero(panel.supplier >= 0)
    owner = np.repeat(np.arange(panel.customers), panel.counts)[used][design.starts]
    groups, labels = np.zeros(len(owner), dtype=int), ("",)
    if initial_purchases == "wooldridge":
        firm = panel.first_firm[used][design.starts]
        numbers, groups = np.unique(firm, return_inverse=True)
        labels = tuple(panel.firms[k] for k in numbers)
    weights = np.bincount(groups) / len(groups)
    tried: list[tuple[int, Estimates, np.ndarray, int] | None] = []
    refused: CalibrationError | None = None
    for number in range(1, most + 1):
        likelihood = ClassLikelihood(design, number, groups, labels if number > 1 else ("",))
        if number == 1:
            likelihood.groups = np.zeros_like(groups)
        try:
            tried.append(_fitted(panel, likelihood, one, starts=starts, seed=seed))
        except CalibrationError as error:
            refused = error
            tried.append(None)
        if progress is not None:
            progress(number, most)
    table = _numbers(tried, customers=len(owner), starts=starts)
    chosen = int(table.loc[table["bic"].idxmin(), "classes"]) if choose else most
    best = tried[chosen - 1]
    if best is None:
        assert refused is not None
        raise CalibrationError(f"{refused}; ask for fewer classes than {chosen}")
    return LatentClasses(
        panel, best[1], weights if chosen > 1 else np.ones(1), table, best[2], owner
    )


def _numbers(
    tried: list[tuple[int, Estimates, np.ndarray, int] | None], *, customers: int, starts: int
) -> pd.DataFrame:
    """Return the table of numbers of classes."""
    rows = []
    for number, each in enumerate(tried, start=1):
        if each is None:
            rows.append((number, np.nan, np.nan, np.nan, np.nan, 0, starts))
            continue
        times, estimates, posterior, _ = each
        size, said = len(estimates.values), estimates.loglikelihood
        clear = np.where(posterior > 0.0, posterior, 1.0)
        unsure = -float((clear * np.log(clear)).sum())
        r2 = 1.0 - unsure / (customers * np.log(number)) if number > 1 else np.nan
        rows.append(
            (number, said, size, estimates.bic, r2, times, starts if number > 1 else 1)
        )  # fmt: skip
    heads = ["classes", "loglikelihood", "parameters", "bic", "entropy_r2", "found", "starts"]
    return pd.DataFrame(rows, columns=heads)


def _fitted(
    panel: Panel, likelihood: ClassLikelihood, one: Estimates, *, starts: int, seed: int
) -> tuple[int, Estimates, np.ndarray, int]:
    """Return how often the maximum was found, the estimates, and posterior chances."""
    design, number = likelihood.design, likelihood.classes
    alike = one.values.loc[list(design.names)].to_numpy()
    size = np.sqrt((design.columns**2).mean(axis=(1, 2)))
    scale = np.ones(len(likelihood.names))
    scale[: number * len(size)] = np.tile(1.0 / np.where(size > 0, size, 1.0), number)
    priors = {}
    if number > 1:
        for name in likelihood.names:
            head = name.rpartition(".")[0]
            if name.startswith("intercept."):
                priors[name] = float(one.values[head]), _WEAK_INTERCEPT
            elif name.startswith("membership.") and len(likelihood.labels) > 1:
                priors[name] = 0.0, _WEAK_ODDS
    objective = Objective(likelihood, priors)
    noise = np.array([_noise(name, value) for name, value in zip(design.names, alike, strict=True)])
    ends = []
    for start in range(starts if number > 1 else 1):
        rng = np.random.default_rng((seed, number, start))
        spread = noise * rng.standard_normal((number, len(alike))) if number > 1 else 0.0
        begin = np.zeros(len(likelihood.names))
        begin[: number * len(alike)] = (alike + spread).ravel()
        at = climb(objective, climb(objective, begin, scale), scale)  # some take many steps
        ends.append((objective(at)[0], at))
    values = np.array([value for value, _ in ends])
    values = np.where(np.isfinite(values), values, -np.inf)
    at = _by_size(likelihood, ends[int(values.argmax())][1])
    best, covariance, robust, said = maximize(
        objective, at, scale, source=f"{panel.source}: {number} classes" if number > 1 else
        panel.source,
    )  # fmt: skip
    names = pd.Index(likelihood.names)
    estimates = Estimates(
        values=pd.Series(best, names),
        covariance=pd.DataFrame(covariance, names, names),
        robust=pd.DataFrame(robust, names, names),
        loglikelihood=said,
        null=one.null,
        occasions=design.occasions,
        customers=len(design.starts),
        draws=1,
        mean_price=one.mean_price,
        priors=priors,
    )
    times = int((values > values.max() - _SAME).sum())
    return times, estimates, likelihood.posterior(best), starts


def _noise(name: str, value: float) -> float:
    """Return how far starting points are from the parameter of one class, standard deviation."""
    if name.startswith("intercept."):
        return 1.0
    return 0.5 if name == "loyalty" else 0.5 * abs(value)


def _by_size(likelihood: ClassLikelihood, at: np.ndarray) -> np.ndarray:
    """Return the same point with the largest class first."""
    beta, chance = likelihood.parts(at)
    weights = np.bincount(likelihood.groups, minlength=len(likelihood.labels))
    order = np.argsort(-(weights @ np.exp(chance)), kind="stable")
    odds = (chance[:, order] - chance[:, order[:1]])[:, 1:]
    return np.concatenate([beta[order].ravel(), odds.ravel()])
