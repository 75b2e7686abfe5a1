"""Random numbers, the same to the bit in Python and compiled.

A random number is a pure function of (seed, purpose, customer, firm, period):
a *key* stands for all but the customer, and the customer's number is the counter
that is mixed into it (SplitMix64, Steele, Lea & Flood 2014). So neither threads,
nor blocks, nor engines, nor other firms, events or mechanisms can shift a draw.

Annotations are read by the compiler: ``float`` is a double, ``int`` a signed and
``Word`` an unsigned 64-bit integer.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

from cxsim.numerics.elementary import exp, log, normal_quantile

Word = int  # an unsigned 64-bit integer; Python's own integers hold it with a mask

MASK = 0xFFFFFFFFFFFFFFFF
GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB

#: The finalizer's numbers as NumPy has them: made once, since a period's keys are few.
_SHIFTS = tuple(np.uint64(bits) for bits in (30, 27, 31))
_FACTORS = (np.uint64(MIX_1), np.uint64(MIX_2))

#: The period of the first population's attributes, whenever the run starts.
INITIAL = -(2**62)


def mix(word: Word) -> Word:
    """Scramble 64 bits (finalizer of SplitMix64).

    Parameters
    ----------
    word : int or uint64

    Returns
    -------
    int or uint64
    """
    word = ((word ^ (word >> 30)) * MIX_1) & MASK
    word = ((word ^ (word >> 27)) * MIX_2) & MASK
    return word ^ (word >> 31)


def uniform(key: Word, customer: Word) -> float:
    """Return a uniform in (0, 1), never 0 or 1, for a key and a customer's number.

    Parameters
    ----------
    key : int or uint64
        Of seed, purpose and period.
    customer : int or uint64
        Number of the customer in the market.

    Returns
    -------
    float
        (k + 1/2) 2**-52, k a whole number.
    """
    word = mix((key + customer * GOLDEN) & MASK)
    return ((word >> 12) + 0.5) * 2.220446049250313e-16  # 2**-52


def subkey(key: Word, number: Word) -> Word:
    """Return the key of a further number (an attempt, a dimension) under a key.

    Parameters
    ----------
    key, number : int or uint64

    Returns
    -------
    int or uint64
    """
    return mix((key ^ mix((number * MIX_2 + GOLDEN) & MASK)) & MASK)


def name_hash(name: str) -> int:
    """Return 64 bits that depend on the name alone, on every machine.

    Parameters
    ----------
    name : str

    Returns
    -------
    int
        0 to 2**64 - 1; the first 8 bytes of BLAKE2b.
    """
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def static_key(seed: int, *parts: str | int) -> int:
    """Return the key of a seed, a purpose and further names or numbers, without the period.

    Parameters
    ----------
    seed : int
        Of the run.
    *parts : str or int
        Purpose, names of firms, numbers along axes.

    Returns
    -------
    int
        0 to 2**64 - 1.
    """
    key = mix((seed & MASK) ^ GOLDEN)
    for part in parts:
        key = subkey(key, name_hash(part) if isinstance(part, str) else part & MASK)
    return key


def period_keys(keys: np.ndarray, period: int, out: np.ndarray) -> None:
    """Write to ``out`` the keys of one period for an array of static keys (uint64).

    Parameters
    ----------
    keys : ndarray of uint64, shape (k,)
        As :func:`static_key` makes them.
    period : int
        May be negative.
    out : ndarray of uint64, shape (k,)
        Where the keys are written.
    """
    np.bitwise_xor(keys, np.uint64(mix((period * MIX_1 + GOLDEN) & MASK)), out=out)
    out ^= out >> _SHIFTS[0]
    out *= _FACTORS[0]
    out ^= out >> _SHIFTS[1]
    out *= _FACTORS[1]
    out ^= out >> _SHIFTS[2]


def normal(key: Word, customer: Word) -> float:
    """Return a standard normal variate.

    Parameters
    ----------
    key, customer : int or uint64
        As for :func:`uniform`.

    Returns
    -------
    float
        Mean 0, standard deviation 1.
    """
    return normal_quantile(uniform(key, customer))


def bell(key: Word, customer: Word) -> float:
    """Return a variate of mean 0 and standard deviation 1, from four uniforms of 16 bits each.

    Nearly normal (excess kurtosis -0.3), within 3.47, and far cheaper: for noise of which
    nothing but its spread matters.

    Parameters
    ----------
    key, customer : int or uint64
        As for :func:`uniform`.

    Returns
    -------
    float
        Mean 0, standard deviation 1.
    """
    word = mix((key + customer * GOLDEN) & MASK)
    halves = (word & 0x0000FFFF0000FFFF) + ((word >> 16) & 0x0000FFFF0000FFFF)
    total = (halves & 0xFFFFFFFF) + (halves >> 32)
    return (total - 131070.0) * 2.6428997921303018e-05  # sqrt(3 / (65536^2 - 1))


def lognormal(mean: float, cv: float, key: Word, customer: Word) -> float:
    """Return a lognormal variate of given mean and coefficient of variation.

    m exp(s z - s^2 / 2) with s^2 = ln(1 + cv^2).

    Parameters
    ----------
    mean : float
        m.
    cv : float
        Standard deviation over mean; at 0 the mean is returned.
    key, customer : int or uint64
        As for :func:`uniform`.

    Returns
    -------
    float
        In the unit of the mean.
    """
    if cv == 0.0:
        return mean
    variance = log(1.0 + cv * cv)
    return mean * exp(math.sqrt(variance) * normal(key, customer) - 0.5 * variance)


def log_gamma(shape: float, key: Word, customer: Word) -> float:
    """Return the logarithm of a Gamma(shape, 1) variate (Marsaglia & Tsang 2000).

    The logarithm, because variates of small shape underflow.

    Parameters
    ----------
    shape : float
        Above 0.
    key, customer : int or uint64
        As for :func:`uniform`; further attempts have keys of their own.

    Returns
    -------
    float
    """
    boost = 0.0
    if shape < 1.0:
        boost = log(uniform(subkey(key, 0), customer)) / shape
        shape = shape + 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    attempt = 1
    while True:
        x = normal(subkey(key, 2 * attempt), customer)
        v = 1.0 + c * x
        if v > 0.0:
            v = v * v * v
            u = uniform(subkey(key, 2 * attempt + 1), customer)
            if log(u) < 0.5 * x * x + d - d * v + d * log(v):
                return log(d * v) + boost
        attempt = attempt + 1


def gamma(shape: float, mean: float, key: Word, customer: Word) -> float:
    """Return a gamma variate of given shape and mean.

    Parameters
    ----------
    shape : float
        Above 0.
    mean : float
    key, customer : int or uint64
        As for :func:`uniform`.

    Returns
    -------
    float
        In the unit of the mean.
    """
    return mean / shape * exp(log_gamma(shape, key, customer))


def beta(a: float, b: float, key: Word, customer: Word) -> float:
    """Return a Beta(a, b) variate, from two gamma variates.

    Parameters
    ----------
    a, b : float
        Above 0.
    key, customer : int or uint64
        As for :func:`uniform`.

    Returns
    -------
    float
        Between 0 and 1.
    """
    x = log_gamma(a, subkey(key, MIX_1), customer)
    y = log_gamma(b, subkey(key, MIX_2), customer)
    return 1.0 / (1.0 + exp(y - x))
