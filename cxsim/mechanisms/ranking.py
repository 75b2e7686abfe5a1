"""Ranking: how firms put customers in order, by chance, by their books or by a model of them.

Plain functions of arrays over customers; whoever calls them looks at the whole population.
Scores are rounded, so that the last places of a library's arithmetic decide nothing, and
ties go to the customer of the lower number.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from typing import Any

import numpy as np

__all__ = [
    "best",
    "best_of",
    "forecast",
    "forecast_features",
    "is_there",
    "likeness",
    "log_odds",
    "recency_frequency_value",
]

#: Digits of a score that count.
DIGITS = 6
#: Customers on either side that a model needs before it is fitted.
FEWEST = 20


def is_there() -> bool:
    """Return whether scikit-learn can be imported."""
    try:
        return importlib.util.find_spec("sklearn") is not None
    except ImportError:
        return False


def best(score: np.ndarray, many: int) -> np.ndarray:
    """Return the places of the ``many`` highest scores, best first; ties in order of place."""
    low = _low(score)
    some = _front(low, many)
    return some[np.argsort(low[some], kind="stable")[:many]]


def best_of(score: np.ndarray, lots: np.ndarray, many: int) -> np.ndarray:
    """Return the places of the ``many`` highest scores, best first; of equal ones by lot."""
    low = _low(score)
    some = _front(low, many)
    return some[np.lexsort((-lots[some], low[some]))[:many]]


def _low(score: np.ndarray) -> np.ndarray:
    """Return scores of which the lowest is best; whole numbers are sorted in linear time."""
    whole = np.issubdtype(score.dtype, np.integer)
    return -score if whole else -np.round(score, DIGITS)


def _front(low: np.ndarray, many: int) -> np.ndarray:
    """Return the places, in order, of the ``many`` lowest and of all that equal the last of them.

    Only these have to be sorted, which is what takes the time.
    """
    if not 0 < many < len(low) // 2:
        return np.arange(len(low))
    last = np.partition(low, many - 1)[many - 1]
    return np.flatnonzero(low <= last)


def fifths(values: np.ndarray) -> np.ndarray:
    """Return the number of the fifth of customers, 1 (lowest) to 5, that each value lies in."""
    order = np.argsort(values)
    ordered = values[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(values)])
    ends = np.append(starts[1:], len(values))
    middle = 0.5 * (starts + ends)
    fifth = np.minimum(np.floor(5.0 * middle / max(1, len(values))), 4.0) + 1.0
    found = np.empty(len(values), dtype=np.int16)
    found[order] = np.repeat(fifth, ends - starts)
    return found


def recency_frequency_value(
    idle: np.ndarray, frequency: np.ndarray, paid: np.ndarray
) -> np.ndarray:
    """Return the sum of the fifths in recency, frequency and monetary value (Hughes 1994).

    Parameters
    ----------
    idle, frequency, paid : ndarray
        Periods since the last purchase, purchases and prices paid, by customer.
    """
    per_purchase = paid / np.maximum(frequency, 1)
    return fifths(-idle) + fifths(frequency) + fifths(per_purchase)


def forecast_features(
    now: int, first: np.ndarray, last: np.ndarray, frequency: np.ndarray
) -> np.ndarray:
    """Return what purchases are forecast from, (customers, 3): rate, pause, number."""
    rate = frequency / np.maximum(now - first + 1.0, 1.0)
    return np.column_stack([rate, np.log1p(np.maximum(now - last, 0)), np.log1p(frequency)])


def _one_thread() -> Any:
    """Keep linear algebra to one thread: on so few numbers more only wait for each other.

    On a machine that is busy a fit took ten times as long without.
    """
    return _libraries().limit(limits=1)


@cache
def _libraries() -> Any:
    """Find the libraries of linear algebra that are loaded, scikit-learn's being among them."""
    return importlib.import_module("threadpoolctl").ThreadpoolController()


def forecast(features: np.ndarray, purchases: np.ndarray) -> np.ndarray | None:
    """Fit a Poisson regression of later purchases on features; None where that cannot be.

    Returns
    -------
    ndarray or None
        Intercept and three coefficients.
    """
    if len(purchases) < FEWEST or purchases.sum() < 1:
        return None
    linear: Any = importlib.import_module("sklearn.linear_model")
    with _one_thread():
        fitted = linear.PoissonRegressor(alpha=1e-3, max_iter=500).fit(features, purchases)
    return np.round([fitted.intercept_, *fitted.coef_], DIGITS)


def likeness(attributes: np.ndarray, models: np.ndarray) -> np.ndarray:
    """Return how near customers are to the mean of their models, minus squared distance.

    Parameters
    ----------
    attributes : ndarray, shape (k, customers)
    models : ndarray, shape (k, best customers)
    """
    if models.shape[1] == 0:
        return np.zeros(attributes.shape[1])
    centre = models.mean(axis=1, keepdims=True)
    return -((attributes - centre) ** 2).sum(axis=0)


def log_odds(attributes: np.ndarray, own: np.ndarray) -> np.ndarray | None:
    """Fit a logistic regression of being a customer on attributes; None where that cannot be.

    Returns
    -------
    ndarray or None
        A coefficient for each attribute; the intercept does not matter to an order.
    """
    if min(own.sum(), (~own).sum()) < FEWEST:
        return None
    linear: Any = importlib.import_module("sklearn.linear_model")
    with _one_thread():
        fitted = linear.LogisticRegression(C=1.0, max_iter=500).fit(attributes.T, own)
    return np.round(fitted.coef_[0], DIGITS)
