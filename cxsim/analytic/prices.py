"""Prices of firms that each look at this period's profit only."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.choice import logit_shares, numbers

# -- Prices of firms that each look at this period's profit only -------------------------------


class PriceEquilibrium(NamedTuple):
    """Prices from which no firm gains by departing alone, and the shares they bring.

    Parameters
    ----------
    price : ndarray, shape (..., J)
        Currency per unit.
    share : ndarray, shape (..., J), or (..., J + 1) with the no-purchase option last
        Shares of customers, which sum to 1.
    """

    price: NDArray[np.float64]
    share: NDArray[np.float64]


def logit_bertrand(
    cost: ArrayLike,
    *,
    quality: ArrayLike,
    price_sensitivity: ArrayLike = 1.0,
    outside: ArrayLike | None = None,
) -> PriceEquilibrium:
    """Return the static price equilibrium of firms with one product each, logit demand.

    Parameters
    ----------
    cost : array_like, shape (..., J) or one number for all firms
        Cost of a unit, c_j, currency.
    quality : array_like, shape (..., J)
        Worth of each firm's offer before its price, d_j, currency.
    price_sensitivity : array_like, shape (...)
        Utility per unit of currency, a.
    outside : array_like, shape (...), optional
        Worth of buying from nobody, currency. Default: there is no such option.

    Returns
    -------
    PriceEquilibrium
        ``price``, shape (..., J), and ``share``, as :func:`cxsim.analytic.logit_shares`
        returns it.

    Raises
    ------
    ValueError
        If a number is not finite, a price sensitivity is not above 0, or one firm is alone
        without a no-purchase option: its price would have no limit.

    Notes
    -----
    A firm's profit (p - c) s is at its peak where p = c + 1 / (a (1 - s)). With D the sum of
    all exp(a (d - p)), the no-purchase option's included, this reads
    ln s + 1 / (1 - s) = a (d - c) - ln D. The left side rises from minus to plus infinity, so
    that each s follows from D alone and falls in it, and just one D makes shares sum to 1:
    there is one equilibrium, found by Newton's method inside a shrinking bracket. Equal
    firms without a no-purchase option: p = c + J / ((J - 1) a).

    References
    ----------
    Anderson, de Palma & Thisse (1992), Discrete choice theory of product differentiation,
    ch. 7; Nocke & Schutz (2018), Multiproduct-firm oligopoly: an aggregative games approach.

    Examples
    --------
    >>> price, share = logit_bertrand(1.0, quality=[1.0, 1.0], outside=0.0)
    >>> price.round(6), share.round(6)
    (array([2.226751, 2.226751]), array([0.184838, 0.184838, 0.630323]))
    """
    c = numbers(cost, name="cost")
    d = numbers(quality, name="quality")
    a = numbers(price_sensitivity, name="price_sensitivity", at_least=0)
    if (a == 0.0).any():
        raise ValueError("price_sensitivity: expected finite numbers above 0, found 0")
    if d.ndim == 0 or d.shape[-1] == 0:
        raise ValueError(f"quality: expected one number per firm, found shape {d.shape}")
    if d.shape[-1] == 1 and outside is None:
        raise ValueError(
            "quality: expected two firms or more without a no-purchase option, found 1"
        )
    gain = a[..., None] * (d - c)
    nothing = np.array(-np.inf) if outside is None else a * numbers(outside, name="outside")
    shape = np.broadcast_shapes(gain.shape[:-1], nothing.shape)
    gain = np.broadcast_to(gain, (*shape, gain.shape[-1]))
    price = c + (1.0 + np.exp(_log_odds(gain, np.broadcast_to(nothing, shape)))) / a[..., None]
    share = logit_shares(d - price, price_sensitivity=a, outside=outside)
    return PriceEquilibrium(price, share)


def _log_odds(gain: NDArray[np.float64], nothing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln(s / (1 - s)) of every firm, given a (d - c) and the utility of no purchase."""
    from scipy.special import expit, logsumexp

    # No markup is below 1 / a, so that D is at most `high`. At `low` shares sum to 1 or more:
    # the no-purchase option has it all, or the two best firms have half each or more.
    every = np.concatenate([gain - 1.0, nothing[..., None]], axis=-1)
    high = logsumexp(every, axis=-1)
    low = nothing
    if gain.shape[-1] > 1:
        low = np.maximum(nothing, np.sort(gain, axis=-1)[..., -2] + np.log(2.0) - 2.0)
    log_sum = 0.5 * (low + high)
    for _ in range(200):
        odds = _log_odds_at(gain - log_sum[..., None])
        share = expit(odds)
        others = np.exp(np.minimum(nothing - log_sum, 0.0))
        excess = share.sum(axis=-1) + others - 1.0
        low, high = np.where(excess >= 0, log_sum, low), np.where(excess <= 0, log_sum, high)
        fall = (share * (1.0 - share) / (expit(-odds) + np.exp(odds))).sum(axis=-1) + others
        step = log_sum + excess / np.maximum(fall, 1e-300)
        step = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
        done = abs(step - log_sum) <= 4e-16 * np.maximum(1.0, abs(log_sum))
        log_sum = step
        if done.all():
            break
    return _log_odds_at(gain - log_sum[..., None])


def _log_odds_at(gap: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve ln s + 1 / (1 - s) = gap for w = ln(s / (1 - s))."""
    from scipy.special import expit

    # In w the left side is convex with a slope of at least 1, and the start is never
    # below the root: Newton's steps only fall, towards it.
    w = np.minimum(gap - 1.0, np.log(np.maximum(gap, 1.0)))
    for _ in range(60):
        step = (w - np.logaddexp(0.0, w) + 1.0 + np.exp(w) - gap) / (expit(-w) + np.exp(w))
        w = w - step
        if (abs(step) <= 4e-16 * np.maximum(1.0, abs(w))).all():
            break
    return w


# -- Prices of two firms that look ahead, and know whose customer they are quoting to ----------


class LoyaltyPrices(NamedTuple):
    """Equilibrium prices of two firms for a customer who is loyal to one of them.

    Parameters
    ----------
    own : ndarray
        Price asked by the firm the customer bought from last, currency.
    rival : ndarray
        Price asked by the other, currency.
    paid : ndarray
        Mean price paid, currency.
    repeat : ndarray
        Chance that the customer buys from the same firm again.
    """

    own: NDArray[np.float64]
    rival: NDArray[np.float64]
    paid: NDArray[np.float64]
    repeat: NDArray[np.float64]


def loyalty_prices(
    loyalty: ArrayLike,
    *,
    price_sensitivity: ArrayLike = 1.0,
    discount_factor: ArrayLike = 0.9,
    cost: ArrayLike = 0.0,
) -> LoyaltyPrices:
    """Return the Markov-perfect prices of two equal firms, one price for each customer.

    One myopic customer buys from one of the two firms every period and cannot buy from neither.

    Parameters
    ----------
    loyalty : array_like
        What the customer gives for staying, g, utils: `price_sensitivity` times a switching
        cost in currency.
    price_sensitivity : array_like
        Utility per unit of currency, a.
    discount_factor : array_like
        What a firm gives today for one unit of currency next period, B, below 1.
    cost : array_like
        Cost of a unit, c, currency.

    Returns
    -------
    LoyaltyPrices
        ``own``, ``rival``, ``paid`` and ``repeat``, each of the shape to which the arguments
        broadcast.

    Raises
    ------
    ValueError
        If a number is not finite, a loyalty negative, a price sensitivity not above 0, or a
        discount factor not in [0, 1).

    Notes
    -----
    Let the customer stay with chance q, odds x = q / (1 - q), and let V be what having the
    customer next period is worth beyond not having it. Both firms' first-order conditions,

        own = c + (1 + x) / a - B V,    rival = c + (1 + 1 / x) / a - B V,

    leave the owner x / a a period, the other 1 / (a x), and so V = (x - 1 / x) / a, while
    ln x = g - a (own - rival) becomes g = ln x + x - 1 / x. The mean price paid,
    c + ((1 - B) x + (1 + B) / x) / a, falls in g until x = sqrt((1 + B) / (1 - B)), where the
    mean margin is (2 / a) sqrt(1 - B^2), then rises.

    References
    ----------
    The setting is that of Dube, Hitsch & Rossi (2009), Do switching costs make markets less
    competitive?, but for prices that differ between customers; the formulas follow from the
    first-order conditions above.

    Examples
    --------
    >>> loyalty_prices([0.0, 1.0, 5.0, 10.0], discount_factor=0.9).paid.round(4)
    array([2.    , 1.5059, 0.8773, 1.0403])
    """
    g = numbers(loyalty, name="loyalty", at_least=0)
    a = numbers(price_sensitivity, name="price_sensitivity", at_least=0)
    if (a == 0.0).any():
        raise ValueError("price_sensitivity: expected finite numbers above 0, found 0")
    B = numbers(discount_factor, name="discount_factor", at_least=0, at_most=1)
    if (B == 1.0).any():
        raise ValueError("discount_factor: expected numbers from 0 to below 1, found 1")
    c = numbers(cost, name="cost")
    g, a, B, c = np.broadcast_arrays(g, a, B, c)
    x = np.exp(_log_odds_of_loyalty(g))
    ahead = B * (x - 1.0 / x)
    return LoyaltyPrices(
        own=c + (1.0 + x - ahead) / a,
        rival=c + (1.0 + 1.0 / x - ahead) / a,
        paid=c + ((1.0 - B) * x + (1.0 + B) / x) / a,
        repeat=x / (1.0 + x),
    )


def _log_odds_of_loyalty(loyalty: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve g = z + 2 sinh z for z = ln x."""
    # The right side is convex for z >= 0 and the start is not below the root: Newton's
    # steps fall towards it.
    z = np.arcsinh(0.5 * loyalty)
    for _ in range(50):
        step = (z + 2.0 * np.sinh(z) - loyalty) / (1.0 + 2.0 * np.cosh(z))
        z = z - step
        if (abs(step) <= 4e-16 * z).all():
            break
    return z


# -- Prices of two firms that look ahead, and can ask only one price of all customers ----------


_STEPS = (0.25, 0.015)  # in loyalty, utils: longest and shortest from one game to the next


_NODES = (24, 48, 96)  # of the collocation; more where the polynomials need them


_GAIN = 1e-5  # of departing from the prices found, relative to the value: more is no equilibrium


class PostedPrices(NamedTuple):
    """Equilibrium uniform prices of two firms, by the customer base of the first.

    Parameters
    ----------
    own : ndarray
        Price of the firm in question, currency.
    rival : ndarray
        Price of the other, currency.
    share : ndarray
        Share of customers who buy from the firm in the period.
    value : ndarray
        Present value of the firm's margins, those of this period included, currency per
        customer.
    ahead : ndarray
        The firm's base of the next period.
    gain : float
        The most that a firm was found to gain by departing from its price once, as a share of
        its value: the error of the solution.
    """

    own: NDArray[np.float64]
    rival: NDArray[np.float64]
    share: NDArray[np.float64]
    value: NDArray[np.float64]
    ahead: NDArray[np.float64]
    gain: float


class _Rules(NamedTuple):
    """Parameters of both firms, in utils: loyalty, foresight, the no-purchase option."""

    loyalty: float
    discount: float
    outside: float
    bonus: bool
    rate: float


class _Side(NamedTuple):
    """Chebyshev polynomials of a firm's markup and value on its own base, and its worth, utils.

    ``worth`` is quality less cost of the firm and of its rival.
    """

    price: NDArray[np.float64]
    value: NDArray[np.float64]
    worth: tuple[float, float]


def posted_prices(
    loyalty: float,
    *,
    base: ArrayLike = 0.5,
    price_sensitivity: float = 1.0,
    discount_factor: float = 0.9,
    cost: ArrayLike = 0.0,
    quality: ArrayLike = 0.0,
    outside: float | None = None,
    form: Literal["cost", "bonus"] = "cost",
    purchase_rate: float = 1.0,
) -> PostedPrices:
    """Return the Markov-perfect prices of two firms with one posted price each.

    Many myopic customers each choose every period. The state of the game is the share of
    them who bought from the firm last; choosing the no-purchase option changes nothing in it.

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
    cost : array_like
        Cost of a unit, c, currency; one number, or that of the firm and of its rival.
    quality : array_like
        Worth of an offer before its price, d, currency; one number, or of firm and rival.
    outside : float, optional
        Worth of buying from nobody, currency. Default: there is no such option.
    form : {"cost", "bonus"}
        Whether loyalty lowers the utility of the other firm or raises that of the own one;
        with a no-purchase option the two differ.
    purchase_rate : float
        Chance of a customer to be in the market in a period, above 0.

    Returns
    -------
    PostedPrices
        ``own``, ``rival``, ``share``, ``value`` and ``ahead``, each of the shape of ``base``,
        and ``gain``.

    Raises
    ------
    ValueError
        If a number is not finite, a loyalty negative, a price sensitivity or purchase rate
        not above 0, a base not in [0, 1], or a discount factor not in [0, 1); and if no smooth
        equilibrium in pure strategies was found, as for equal firms without a no-purchase option
        and loyalties above 2.5 or so: prices then turn too sharply with the base, or a firm
        does better to leave them.

    Notes
    -----
    A customer of firm s takes option f with the logit chance P_sf of utilities
    a (d_f - p_f) less g for the other firm (``cost``) or plus g for the own (``bonus``), and
    a `outside`. With purchase rate r, the firm sells Q and has the base D next period,

        Q = r (n P_own,own + (1 - n) P_rival,own),
        D = n + r ((1 - n) P_rival,own - n P_own,rival),
        V(n) = (p - c) Q + B V(D),    Q + (p - c) dQ/dp + B V'(D) dD/dp = 0.

    Prices and values of both firms are Chebyshev polynomials that satisfy this at their nodes
    (collocation; Judd 1998, Numerical methods in economics, ch. 11), and the game is followed
    from g = 0, where prices are those of :func:`cxsim.analytic.logit_bertrand`, to the loyalty
    in question. Then every price on a fine grid is tried against the one found: first-order
    conditions alone do not make an equilibrium. There may be others; this is the one connected
    with that of customers without loyalty. With B = 0 and without a no-purchase option, equal firms
    with equal bases charge p = c + 1 / (2 a q (1 - q)) with q = logistic(g).

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
    rate = _one(purchase_rate, name="purchase_rate", at_most=1.0)
    if rate == 0.0:
        raise ValueError("purchase_rate: expected a number above 0, found 0")
    if form not in ("cost", "bonus"):
        raise ValueError(f"form: expected 'cost' or 'bonus', found {form!r}")
    c, d = _two(cost, name="cost"), _two(quality, name="quality")
    nothing = -np.inf if outside is None else a * _one(outside, name="outside", at_least=None)
    n = numbers(base, name="base", at_least=0, at_most=1)
    worth = a * (d - c)
    rules = _Rules(g, B, nothing, form == "bonus", rate)
    sides, gain = _solved(rules, (float(worth[0]), float(worth[1])))
    if sides is None or gain > _GAIN:
        raise ValueError(
            f"loyalty: expected one at which smooth prices are an equilibrium, found {g:g} "
            f"at discount factor {B:g}"
        )
    own, rival = _at(sides[0].price, n), _at(sides[-1].price, 1.0 - n)
    share, _, ahead, _ = _bought(rules, sides[0].worth, n, own, rival)
    value = _at(sides[0].value, n) / a
    return PostedPrices(c[0] + own / a, c[1] + rival / a, share, value, ahead, gain)


def _one(
    value: float, *, name: str, at_least: float | None = 0.0, at_most: float | None = None
) -> float:
    array = numbers(value, name=name, at_least=at_least, at_most=at_most)
    if array.ndim > 0:
        raise ValueError(f"{name}: expected one number, found shape {array.shape}")
    return float(array)


def _two(value: ArrayLike, *, name: str) -> NDArray[np.float64]:
    array = numbers(value, name=name)
    if array.shape not in ((), (2,)):
        raise ValueError(f"{name}: expected one number or two, found shape {array.shape}")
    return np.broadcast_to(array, 2)


def _at(coefficients: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(
        np.polynomial.chebyshev.chebval(2.0 * base - 1.0, coefficients), dtype=np.float64
    )


def _bought(
    rules: _Rules,
    worth: tuple[float, float],
    base: NDArray[np.float64],
    own: NDArray[np.float64],
    rival: NDArray[np.float64],
) -> tuple[NDArray[np.float64], ...]:
    """Return a firm's sales and its next base, each followed by its slope in the own price."""
    ours, theirs = worth[0] - own, worth[1] - rival
    g = rules.loyalty
    if rules.bonus:
        stay, tempted = _logit(ours + g, theirs, rules.outside)
        come, _ = _logit(ours, theirs + g, rules.outside)
    else:
        stay, tempted = _logit(ours, theirs - g, rules.outside)
        come, _ = _logit(ours - g, theirs, rules.outside)
    lured = (1.0 - base) * come
    slope = base * stay * (1.0 - stay) + lured * (1.0 - come)
    turn = base * stay * tempted + lured * (1.0 - come)
    r = rules.rate
    ahead = base + r * (lured - base * tempted)
    return r * (base * stay + lured), -r * slope, ahead, -r * turn


def _logit(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], outside: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the chances of the firm and of its rival."""
    from scipy.special import expit

    others = np.logaddexp(theirs, outside)
    first = expit(ours - others)
    return first, (1.0 - first) * np.exp(theirs - others)


@lru_cache(maxsize=64)
def _solved(rules: _Rules, worth: tuple[float, float]) -> tuple[tuple[_Side, ...] | None, float]:
    """Return both firms' prices and the gain from leaving them; kept, as a run asks each period."""
    sides = _follow(rules, worth)
    return sides, np.inf if sides is None else _gain(rules, sides)


def _follow(rules: _Rules, worth: tuple[float, float]) -> tuple[_Side, ...] | None:
    """Follow the equilibrium from loyalty 0, in shorter steps where it moves fast.

    Equal firms are one side, seen from either.
    """
    outside = None if rules.outside == -np.inf else rules.outside
    start = logit_bertrand(0.0, quality=np.array(worth), outside=outside)
    sold = rules.rate * start.price * start.share[:2]
    sides = tuple(
        _Side(start.price[[k]], sold[[k]] / (1.0 - rules.discount), seen)
        for k, seen in enumerate((worth, worth[::-1]))
    )[: 1 if worth[0] == worth[1] else 2]
    bases = np.linspace(0.0, 1.0, 101)
    reached, step = 0.0, _STEPS[0]
    while reached < rules.loyalty:
        target = min(reached + step, rules.loyalty)
        ahead = _smooth(sides, rules._replace(loyalty=target))
        # Far from the last game is another equilibrium, or none.
        if ahead is None or any(
            abs(_at(new.price, bases) - _at(old.price, bases)).max() > 0.5
            for new, old in zip(ahead, sides, strict=True)
        ):
            step *= 0.5
            if step < _STEPS[1]:
                return None
            continue
        sides, reached = ahead, target
    return sides


def _smooth(start: tuple[_Side, ...], rules: _Rules) -> tuple[_Side, ...] | None:
    """Solve with as many nodes as it takes for the last coefficients to vanish."""
    for nodes in _NODES:
        sides = _solve(start, rules, nodes) if nodes >= len(start[0].price) else None
        if sides is not None and max(abs(side.price[-4:]).max() for side in sides) < 1e-7:
            return sides
    return None


def _solve(start: tuple[_Side, ...], rules: _Rules, nodes: int) -> tuple[_Side, ...] | None:
    from scipy.optimize import root

    cheb = np.polynomial.chebyshev
    z = np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)  # z[::-1] is -z: the rival's state
    n = 0.5 * (1.0 + z)
    fit = cheb.chebvander(z, nodes - 1)

    def flows(prices: NDArray[np.float64], k: int) -> tuple[NDArray[np.float64], ...]:
        return _bought(rules, start[k].worth, n, prices[k], prices[-1 - k][::-1])

    def values(
        price: NDArray[np.float64], sold: NDArray[np.float64], base: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        ahead = cheb.chebvander(2.0 * base - 1.0, nodes - 1)
        solved = np.linalg.solve(fit - rules.discount * ahead, price * sold)
        return np.asarray(solved, dtype=np.float64)

    def conditions(unknown: NDArray[np.float64]) -> NDArray[np.float64]:
        prices = unknown.reshape(len(start), nodes)
        missing = []
        for k, price in enumerate(prices):
            sold, slope, base, turn = flows(prices, k)
            slopes = np.asarray(cheb.chebder(values(price, sold, base)), dtype=np.float64)
            worth = 2.0 * _at(slopes, base)
            missing.append(sold + price * slope + rules.discount * worth * turn)
        return np.concatenate(missing)

    found = root(conditions, np.concatenate([_at(s.price, n) for s in start]), tol=1e-13)
    if abs(conditions(found.x)).max() > 1e-9 * rules.rate:
        return None
    prices = found.x.reshape(len(start), nodes)
    sides = []
    for k, price in enumerate(prices):
        sold, _, base, _ = flows(prices, k)
        value = values(price, sold, base)
        sides.append(_Side(np.linalg.solve(fit, price), value, start[k].worth))
    return tuple(sides)


def _gain(rules: _Rules, sides: tuple[_Side, ...]) -> float:
    """Try prices from far below to far above those found, at bases between the nodes."""
    n = np.linspace(0.0, 1.0, 101)[:, None]
    most = 0.0
    for k, side in enumerate(sides):
        own, rival = _at(side.price, n), _at(sides[-1 - k].price, 1.0 - n)
        spread = 20.0 + 2.0 * rules.loyalty
        tried = np.linspace(own.min() - spread, own.max() + spread, 4001)
        tried = np.concatenate([np.broadcast_to(tried, (len(n), len(tried))), own], axis=1)
        sold, _, base, _ = _bought(rules, side.worth, n, tried, rival)
        value = tried * sold + rules.discount * _at(side.value, base)
        most = max(most, float(abs(value.max(axis=1) / _at(side.value, n)[:, 0] - 1.0).max()))
    return most
