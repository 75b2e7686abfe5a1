"""Prices of two firms that look ahead, and can ask only one price of all customers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.arguments import numbers

__all__ = ["PostedPrices", "posted_prices"]

_STEPS = (0.25, 0.015)  # in loyalty, utils: longest and shortest from one game to the next
_NODES = (24, 48, 96)  # of the collocation; more where the polynomials need them
_GAIN = 1e-5  # of departing from the prices found, relative to the value: more is no equilibrium


class PostedPrices(NamedTuple):
    """What two firms ask of everybody, given how many customers bought from the first.

    Parameters
    ----------
    own : ndarray
        Price of the firm in question, currency.
    rival : ndarray
        Price of the other, currency.
    share : ndarray
        Share of customers who buy from the firm: its base of the next period.
    value : ndarray
        Present value of the firm's margins, those of this period included, currency per
        customer in the market.
    gain : float
        The most that a firm was found to gain by departing from its price once, as a share of
        its value: the error of the solution.
    """

    own: NDArray[np.float64]
    rival: NDArray[np.float64]
    share: NDArray[np.float64]
    value: NDArray[np.float64]
    gain: float


class _Game(NamedTuple):
    """Coefficients of the Chebyshev polynomials of price and value on bases from 0 to 1, utils."""

    price: NDArray[np.float64]
    value: NDArray[np.float64]


def posted_prices(
    loyalty: float,
    *,
    base: ArrayLike = 0.5,
    price_sensitivity: float = 1.0,
    discount_factor: float = 0.9,
    cost: float = 0.0,
) -> PostedPrices:
    """Return the Markov-perfect prices of two equal firms with one posted price each.

    Many myopic customers each buy from either firm every period; there is no outside option.
    The state of the game is the share of them who bought from the firm last.

    Parameters
    ----------
    loyalty : float
        What a customer gives for staying, g, utils: `price_sensitivity` times a switching
        cost in currency.
    base : array_like
        Share of customers who bought from the firm last, n, from 0 to 1.
    price_sensitivity : float
        Utility per unit of currency, a.
    discount_factor : float
        What a firm gives today for one unit of currency next period, B, below 1.
    cost : float
        Cost of a unit, c, currency.

    Returns
    -------
    PostedPrices
        ``own``, ``rival``, ``share`` and ``value``, each of the shape of ``base``, and ``gain``.

    Raises
    ------
    ValueError
        If a number is not finite, a loyalty negative, a price sensitivity not above 0, a base
        not in [0, 1], or a discount factor not in [0, 1); and if no smooth equilibrium in pure
        strategies was found, as for loyalties above 2.5 or so: prices then turn too sharply
        with the base, or a firm does better to leave them.

    Notes
    -----
    With prices p(n) of the firm and p(1 - n) of its rival, customers who stay with chance
    q = logistic(g - a (p(n) - p(1 - n))) and come with r = logistic(-g - a (p(n) - p(1 - n)))
    make up the next base D = n q + (1 - n) r, and

        V(n) = (p - c) D + B V(D),    (p - c + B V'(D)) dD/dp + D = 0.

    Both functions are Chebyshev polynomials that satisfy this at their nodes (collocation;
    Judd 1998, Numerical methods in economics, ch. 11), and the game is followed from g = 0,
    where p = c + 2 / a, to the loyalty in question. Then every price on a fine grid is tried
    against the one found: first-order conditions alone do not make an equilibrium. There may
    be others; this is the one connected with that of customers without loyalty. With B = 0,
    firms with equal bases ask p = c + 1 / (2 a q (1 - q)) with q = logistic(g).

    References
    ----------
    Dube, Hitsch & Rossi (2009), Do switching costs make markets less competitive?

    Examples
    --------
    >>> game = posted_prices(0.5, base=[0.2, 0.5, 0.8], discount_factor=0.9)
    >>> float(game.own[1].round(4)), bool(game.own[2] > game.own[0]), game.gain < 1e-9
    (1.8198, True, True)
    """
    g = _one(loyalty, name="loyalty")
    a = _one(price_sensitivity, name="price_sensitivity")
    if a == 0.0:
        raise ValueError("price_sensitivity: expected a number above 0, found 0")
    B = _one(discount_factor, name="discount_factor", at_most=1.0)
    if B == 1.0:
        raise ValueError("discount_factor: expected a number from 0 to below 1, found 1")
    c = _one(cost, name="cost", at_least=None)
    n = numbers(base, name="base", at_least=0, at_most=1)
    game = _follow(g, B)
    gain = np.inf if game is None else _gain(game, g, B)
    if game is None or gain > _GAIN:
        raise ValueError(
            f"loyalty: expected one at which smooth prices are an equilibrium, found {g:g} "
            f"at discount factor {B:g}"
        )
    own, rival = _at(game.price, n), _at(game.price, 1.0 - n)
    share = _bought(n, own - rival, g)[0]
    return PostedPrices(c + own / a, c + rival / a, share, _at(game.value, n) / a, gain)


def _one(
    value: float, *, name: str, at_least: float | None = 0.0, at_most: float | None = None
) -> float:
    array = numbers(value, name=name, at_least=at_least, at_most=at_most)
    if array.ndim > 0:
        raise ValueError(f"{name}: expected one number, found shape {array.shape}")
    return float(array)


def _at(coefficients: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(
        np.polynomial.chebyshev.chebval(2.0 * base - 1.0, coefficients), dtype=np.float64
    )


def _bought(
    base: NDArray[np.float64], dearer: NDArray[np.float64], loyalty: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share who buy from a firm that is dearer by so much, and its slope in price."""
    from scipy.special import expit

    stay, come = expit(loyalty - dearer), expit(-loyalty - dearer)
    slope = -base * stay * (1.0 - stay) - (1.0 - base) * come * (1.0 - come)
    return base * stay + (1.0 - base) * come, slope


def _follow(loyalty: float, discount: float) -> _Game | None:
    """Follow the equilibrium from loyalty 0, in shorter steps where it moves fast."""
    game = _Game(np.array([2.0]), np.array([1.0 / (1.0 - discount)]))
    bases = np.linspace(0.0, 1.0, 101)
    reached, step = 0.0, _STEPS[0]
    while reached < loyalty:
        target = min(reached + step, loyalty)
        ahead = _smooth(game, target, discount)
        # Far from the last game is another equilibrium, or none.
        if ahead is None or abs(_at(ahead.price, bases) - _at(game.price, bases)).max() > 0.5:
            step *= 0.5
            if step < _STEPS[1]:
                return None
            continue
        game, reached = ahead, target
    return game


def _smooth(start: _Game, loyalty: float, discount: float) -> _Game | None:
    """Solve with as many nodes as it takes for the last coefficients to vanish."""
    for nodes in _NODES:
        game = _solve(start, loyalty, discount, nodes) if nodes >= len(start.price) else None
        if game is not None and abs(game.price[-4:]).max() < 1e-7:
            return game
    return None


def _solve(start: _Game, loyalty: float, discount: float, nodes: int) -> _Game | None:
    from scipy.optimize import root

    cheb = np.polynomial.chebyshev
    z = np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)  # z[::-1] is -z: the rival's state
    n = 0.5 * (1.0 + z)
    fit = cheb.chebvander(z, nodes - 1)

    def values(price: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
        ahead = cheb.chebvander(2.0 * share - 1.0, nodes - 1)
        return np.asarray(np.linalg.solve(fit - discount * ahead, price * share), dtype=np.float64)

    def conditions(price: NDArray[np.float64]) -> NDArray[np.float64]:
        share, slope = _bought(n, price - price[::-1], loyalty)
        slopes = np.asarray(cheb.chebder(values(price, share)), dtype=np.float64)
        worth = 2.0 * _at(slopes, share)
        missing: NDArray[np.float64] = share + (price + discount * worth) * slope
        return missing

    found = root(conditions, _at(start.price, n), tol=1e-13)
    if abs(conditions(found.x)).max() > 1e-9:
        return None
    share, _ = _bought(n, found.x - found.x[::-1], loyalty)
    return _Game(np.linalg.solve(fit, found.x), values(found.x, share))


def _gain(game: _Game, loyalty: float, discount: float) -> float:
    """Try prices from far below to far above those found, at bases between the nodes."""
    n = np.linspace(0.0, 1.0, 101)[:, None]
    own, rival = _at(game.price, n), _at(game.price, 1.0 - n)
    spread = 20.0 + 2.0 * loyalty
    tried = np.linspace(own.min() - spread, own.max() + spread, 4001)
    tried = np.concatenate([np.broadcast_to(tried, (len(n), len(tried))), own], axis=1)
    share, _ = _bought(n, tried - rival, loyalty)
    value = tried * share + discount * _at(game.value, share)
    claimed = _at(game.value, n)[:, 0]
    return float(abs(value.max(axis=1) / claimed - 1.0).max())
