"""How a new product spreads by advertising and by word of mouth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxsim.analytic.arguments import numbers

__all__ = ["bass_diffusion", "bass_peak"]


def bass_diffusion(
    periods: int,
    *,
    reach: ArrayLike,
    tell_rate: ArrayLike,
    contacts: ArrayLike = 1,
    market: ArrayLike = 1.0,
) -> NDArray[np.float64]:
    """Return how many adopt in each period, in a large market that is well mixed.

    Everybody who has not adopted is reached by advertising with chance p, and meets others
    at random, of whom those who have adopted each tell with chance q. Who hears, adopts.

    Parameters
    ----------
    periods : int
        Number of periods, T; nobody has adopted before the first.
    reach : array_like, shape (...)
        Chance per period to be reached by advertising, p.
    tell_rate : array_like, shape (...)
        Chance that an adopter who is met tells, q.
    contacts : array_like, shape (...)
        People met per period, k.
    market : array_like, shape (...)
        Number of people, m. Default: 1, for shares.

    Returns
    -------
    ndarray, shape (..., T)
        Adopters new in each period, in the unit of ``market``.

    Raises
    ------
    ValueError
        If a chance is not in [0, 1], a number of people negative or not finite, or the number
        of periods not a whole one.

    Notes
    -----
    With F the share that has adopted before, m (1 - F) h adopt, where
    h = 1 - (1 - p)(1 - q F)^k. As periods become short, h tends to Bass's p + q k F.

    References
    ----------
    Bass (1969), A new product growth for model consumer durables; Goldenberg, Libai & Muller
    (2001), Talk of the network.

    Examples
    --------
    >>> bass_diffusion(4, reach=0.1, tell_rate=0.5, contacts=2, market=100).round(2)
    array([10.  , 16.9 , 23.82, 24.57])
    """
    if numbers(periods, name="periods").ndim > 0 or periods != int(periods) or periods < 0:
        raise ValueError(f"periods: expected a whole number of at least 0, found {periods!r}")
    p, q, k, m = np.broadcast_arrays(
        numbers(reach, name="reach", at_least=0, at_most=1),
        numbers(tell_rate, name="tell_rate", at_least=0, at_most=1),
        numbers(contacts, name="contacts", at_least=0),
        numbers(market, name="market", at_least=0),
    )
    new = np.empty((*p.shape, int(periods)))
    adopted = np.zeros(p.shape)
    for t in range(int(periods)):
        new[..., t] = (1.0 - adopted) * (1.0 - (1.0 - p) * (1.0 - q * adopted) ** k)
        adopted = np.minimum(adopted + new[..., t], 1.0)
    return m[..., None] * new


def bass_peak(innovation: ArrayLike, *, imitation: ArrayLike) -> NDArray[np.float64]:
    """Return when most adopt in Bass's model in continuous time, ln(q / p) / (p + q).

    Parameters
    ----------
    innovation : array_like
        Rate of adopting unprompted, p, per period.
    imitation : array_like
        Rate of adopting through others when all others have, q, per period.

    Returns
    -------
    ndarray
        Periods from the start; 0 where q is not above p.

    Raises
    ------
    ValueError
        If a rate is negative or not finite, or the rate of innovation 0: nothing would start.

    Notes
    -----
    The rate (1 - F)(p + q F) at which people adopt is highest at F = (q - p) / (2 q), which
    F(t) = (1 - e^(-(p + q) t)) / (1 + (q / p) e^(-(p + q) t)) reaches where e^((p + q) t) = q / p.

    References
    ----------
    Bass (1969), A new product growth for model consumer durables.

    Examples
    --------
    >>> round(float(bass_peak(0.03, imitation=0.38)), 2)
    6.19
    """
    p = numbers(innovation, name="innovation", at_least=0)
    if (p == 0.0).any():
        raise ValueError("innovation: expected finite numbers above 0, found 0")
    q = numbers(imitation, name="imitation", at_least=0)
    return np.log(np.maximum(q / p, 1.0)) / (p + q)
