"""Arguments as arrays, refused by name where a formula does not hold for them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

# -- Arguments as arrays, refused by name where a formula does not hold for them ---------------


def numbers(
    value: ArrayLike, *, name: str, at_least: float | None = None, at_most: float | None = None
) -> NDArray[np.float64]:
    """Return finite numbers as an array of doubles.

    The result has the shape and the unit of ``value``.

    Parameters
    ----------
    value : array_like
    name : str
        What the caller calls the argument.
    at_least, at_most : float, optional
        Ends of the range, which belong to it; an upper one only with a lower one.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If anything in ``value`` is no number, not finite, or out of range.

    Examples
    --------
    >>> numbers(1.2, name="retention", at_least=0, at_most=1)
    Traceback (most recent call last):
    ...
    ValueError: retention: expected numbers from 0 to 1, found 1.2
    """
    expected = _range(at_least, at_most)
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected {expected}, found {value!r}") from None
    outside = ~np.isfinite(array)
    if at_least is not None:
        outside |= array < at_least
    if at_most is not None:
        outside |= array > at_most
    if outside.any():
        raise ValueError(f"{name}: expected {expected}, found {array[outside].flat[0]:g}")
    return array


def _range(at_least: float | None, at_most: float | None) -> str:
    if at_least is None:
        return "finite numbers"
    if at_most is None:
        return f"finite numbers of at least {at_least:g}"
    return f"numbers from {at_least:g} to {at_most:g}"


# -- Multinomial logit: what customers choose, and what the choice is worth to them ------------


def logit_shares(
    value: ArrayLike, *, price_sensitivity: ArrayLike = 1.0, outside: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return the share of customers who take each option, exp(a v_j) over the sum of these.

    Parameters
    ----------
    value : array_like, shape (..., J)
        Worth of each firm's offer, currency: all but chance, price included.
    price_sensitivity : array_like, shape (...)
        Utility per unit of currency, a; 0 is pure chance.
    outside : array_like, shape (...), optional
        Worth of buying from nobody, currency. Default: there is no such option.

    Returns
    -------
    ndarray, shape (..., J), or (..., J + 1) with the no-purchase option last
        Shares, which sum to 1.

    Raises
    ------
    ValueError
        If a value is not finite, there is no firm, or a price sensitivity is negative.

    References
    ----------
    McFadden (1974), Conditional logit analysis of qualitative choice behavior.

    Examples
    --------
    >>> logit_shares([1.0, 0.7], outside=0.0).round(4)
    array([0.4742, 0.3513, 0.1745])
    """
    utility = _utilities(value, price_sensitivity, outside)
    weight = np.exp(utility - utility.max(axis=-1, keepdims=True))
    return weight / weight.sum(axis=-1, keepdims=True)


def logit_worth(
    value: ArrayLike, *, price_sensitivity: ArrayLike = 1.0, outside: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return the expected value of the best option, its random part included, in currency.

    With standard Gumbel shocks this is (ln sum_j exp(a v_j) + gamma) / a, where gamma
    = .5772... is the mean of a shock. Only differences between markets mean something.

    Parameters
    ----------
    value, price_sensitivity, outside
        As for :func:`logit_shares`, but for a price sensitivity above 0.

    Returns
    -------
    ndarray, shape (...)
        Currency per choice.

    Raises
    ------
    ValueError
        As for :func:`logit_shares`, and if a price sensitivity is 0.

    References
    ----------
    Small & Rosen (1981), Applied welfare economics with discrete choice models.

    Examples
    --------
    >>> better = logit_worth([1.2, 0.7]) - logit_worth([1.0, 0.7])
    >>> round(float(better), 4)
    0.1197
    """
    utility = _utilities(value, price_sensitivity, outside)
    sensitivity = np.asarray(price_sensitivity, dtype=np.float64)
    if (sensitivity == 0.0).any():
        raise ValueError("price_sensitivity: expected finite numbers above 0, found 0")
    top = utility.max(axis=-1)
    return (top + np.log(np.exp(utility - top[..., None]).sum(axis=-1)) + np.euler_gamma) / (
        sensitivity
    )


def _utilities(
    value: ArrayLike, price_sensitivity: ArrayLike, outside: ArrayLike | None
) -> NDArray[np.float64]:
    """Return a v, the no-purchase option last where there is one."""
    worth = numbers(value, name="value")
    if worth.ndim == 0 or worth.shape[-1] == 0:
        raise ValueError(f"value: expected one number per firm, found shape {worth.shape}")
    sensitivity = numbers(price_sensitivity, name="price_sensitivity", at_least=0)
    if outside is not None:
        nothing = numbers(outside, name="outside")
        shape = np.broadcast_shapes(worth.shape[:-1], nothing.shape)
        worth = np.concatenate(
            [
                np.broadcast_to(worth, (*shape, worth.shape[-1])),
                np.broadcast_to(nothing, shape)[..., None],
            ],
            axis=-1,
        )
    return sensitivity[..., None] * worth


# -- Brand switching: a logit choice in which the supplier of the last purchase has an edge ----


def switching_chances(
    value: ArrayLike,
    *,
    switching_cost: ArrayLike,
    price_sensitivity: ArrayLike = 1.0,
    outside: ArrayLike | None = None,
    form: Literal["cost", "bonus"] = "cost",
) -> NDArray[np.float64]:
    """Return choice probabilities by supplier.

    Parameters
    ----------
    value : array_like, shape (..., J)
        Worth of each firm's offer to somebody who need not switch, currency.
    switching_cost : array_like, shape (...)
        What stands between a customer and every rival, currency.
    price_sensitivity : array_like, shape (...)
        Utility per unit of currency.
    outside : array_like, shape (...), optional
        Worth of buying from nobody, currency. Default: there is no such option.
    form : {"cost", "bonus"}
        Whether rivals are worth less by the switching cost, or the supplier more.
        The same without a no-purchase option, different with one.

    Returns
    -------
    ndarray, shape (..., J, J), or (..., J, J + 1) with the no-purchase option last
        Chances; row: the supplier so far, column: the option taken. Rows sum to 1.

    Raises
    ------
    ValueError
        If a number is not finite, a switching cost or price sensitivity is negative, or
        the form is unknown.

    References
    ----------
    Dube, Hitsch & Rossi (2010), State dependence and alternative explanations for
    consumer inertia.

    Examples
    --------
    >>> switching_chances([1.0, 0.7], switching_cost=1.2).round(4)
    array([[0.8176, 0.1824],
           [0.2891, 0.7109]])
    """
    worth = numbers(value, name="value")
    cost = numbers(switching_cost, name="switching_cost", at_least=0)
    if form not in ("cost", "bonus"):
        raise ValueError(f"form: expected 'cost' or 'bonus', found {form!r}")
    if worth.ndim == 0:
        raise ValueError(f"value: expected one number per firm, found shape {worth.shape}")
    own = np.eye(worth.shape[-1])
    edge = own if form == "bonus" else own - 1.0
    return logit_shares(
        worth[..., None, :] + cost[..., None, None] * edge,
        price_sensitivity=np.asarray(price_sensitivity)[..., None],
        outside=None if outside is None else np.asarray(outside)[..., None],
    )


def switching_matrix(
    value: ArrayLike,
    *,
    switching_cost: ArrayLike,
    price_sensitivity: ArrayLike = 1.0,
    outside: ArrayLike | None = None,
    form: Literal["cost", "bonus"] = "cost",
) -> NDArray[np.float64]:
    """Return the transition matrix of suppliers from one occasion to the next.

    As :func:`switching_chances`, but a customer who takes the no-purchase option keeps the
    supplier.

    Parameters
    ----------
    value, switching_cost, price_sensitivity, outside, form
        As for :func:`switching_chances`.

    Returns
    -------
    ndarray, shape (..., J, J)
        Probabilities; row: supplier before, column: supplier after. Rows sum to 1.

    Raises
    ------
    ValueError
        As for :func:`switching_chances`.

    Examples
    --------
    >>> switching_matrix([1.0, 0.7], switching_cost=1.2, outside=0.0).round(4)
    array([[0.8598, 0.1402],
           [0.2136, 0.7864]])
    """
    chances = switching_chances(
        value,
        switching_cost=switching_cost,
        price_sensitivity=price_sensitivity,
        outside=outside,
        form=form,
    )
    if outside is None:
        return chances
    return chances[..., :-1] + chances[..., -1:] * np.eye(chances.shape[-2])


def stationary_shares(matrix: ArrayLike) -> NDArray[np.float64]:
    """Return the shares that a transition matrix leaves as they are.

    Grassmann, Taksar & Heyman's elimination, which never subtracts: shares come out
    exact to rounding however rarely customers switch.

    Parameters
    ----------
    matrix : array_like, shape (..., J, J)
        Chances of moving from row to column. Rows sum to 1, and every state can be
        reached from every other.

    Returns
    -------
    ndarray, shape (..., J)
        Shares, which sum to 1.

    Raises
    ------
    ValueError
        If the matrix is not square, a chance is not in [0, 1], a row does not sum to 1, or
        some states cannot be reached from others, so that shares depend on the start.

    References
    ----------
    Grassmann, Taksar & Heyman (1985), Regenerative analysis and steady state
    distributions for Markov chains.

    Examples
    --------
    >>> stationary_shares([[0.8176, 0.1824], [0.2891, 0.7109]]).round(4)
    array([0.6131, 0.3869])
    """
    chain = numbers(matrix, name="matrix", at_least=0, at_most=1).copy()
    if chain.ndim < 2 or chain.shape[-1] != chain.shape[-2] or chain.shape[-1] == 0:
        raise ValueError(f"matrix: expected as many rows as columns, found shape {chain.shape}")
    sums = chain.sum(axis=-1)
    if (abs(sums - 1.0) > 1e-9).any():
        worst = sums.flat[abs(sums - 1.0).argmax()]
        raise ValueError(f"matrix: expected rows that sum to 1, found one that sums to {worst:g}")
    states = chain.shape[-1]
    for k in range(states - 1, 0, -1):  # watch the chain only while it is in states 0..k-1
        away = chain[..., k, :k].sum(axis=-1)
        into = chain[..., :k, k].sum(axis=-1)
        if (away == 0.0).any() or (into == 0.0).any():
            raise ValueError(
                f"matrix: expected states that can all be reached from each other, found state {k} "
                "cut off"
            )
        chain[..., :k, k] /= away[..., None]
        chain[..., :k, :k] += chain[..., :k, k, None] * chain[..., k, None, :k]
    share = np.ones(chain.shape[:-1])
    for k in range(1, states):
        share[..., k] = (share[..., :k] * chain[..., :k, k]).sum(axis=-1)
    return share / share.sum(axis=-1, keepdims=True)
