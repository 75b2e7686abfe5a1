"""Random numbers and elementary functions, the same to the bit in Python and compiled.

A random number is a pure function of (seed, purpose, customer, firm, period):
a *key* stands for all but the customer, and the customer's number is the counter
that is mixed into it (SplitMix64, Steele, Lea & Flood 2014). So neither threads,
nor blocks, nor engines, nor other firms, events or mechanisms can shift a draw.

Logarithm, exponential and quantiles use + - * /, square roots, comparisons and
exact scaling by powers of two only. IEEE 754 rounds each of these in one way, so
results agree between interpreter and compiled code and between machines, which
the functions of the C library do not promise.

Annotations are read by the compiler: ``float`` is a double, ``int`` a signed and
``Word`` an unsigned 64-bit integer.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

__all__ = [
    "Word",
    "bell",
    "beta",
    "exp",
    "gamma",
    "gumbel",
    "log",
    "log_gamma",
    "lognormal",
    "name_hash",
    "normal",
    "normal_quantile",
    "period_keys",
    "quick_log",
    "split",
    "static_key",
    "subkey",
    "uniform",
]

Word = int  # an unsigned 64-bit integer; Python's own integers hold it with a mask

MASK = 0xFFFFFFFFFFFFFFFF
GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB

#: The period of the first population's attributes, whenever the run starts.
INITIAL = -(2**62)


def mix(word: Word) -> Word:
    """Scramble 64 bits (finalizer of SplitMix64)."""
    word = ((word ^ (word >> 30)) * MIX_1) & MASK
    word = ((word ^ (word >> 27)) * MIX_2) & MASK
    return word ^ (word >> 31)


def uniform(key: Word, customer: Word) -> float:
    """Return a uniform in (0, 1), never 0 or 1, for a key and a customer's number."""
    word = mix((key + customer * GOLDEN) & MASK)
    return ((word >> 12) + 0.5) * 2.220446049250313e-16  # 2**-52


def subkey(key: Word, number: Word) -> Word:
    """Return the key of a further number (an attempt, a dimension) under a key."""
    return mix((key ^ mix((number * MIX_2 + GOLDEN) & MASK)) & MASK)


def name_hash(name: str) -> int:
    """Return 64 bits that depend on the name alone, on every machine."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def static_key(seed: int, *parts: str | int) -> int:
    """Return the key of a seed, a purpose and further names or numbers, without the period."""
    key = mix((seed & MASK) ^ GOLDEN)
    for part in parts:
        key = subkey(key, name_hash(part) if isinstance(part, str) else part & MASK)
    return key


def period_keys(keys: np.ndarray, period: int, out: np.ndarray) -> None:
    """Write to ``out`` the keys of one period for an array of static keys (uint64)."""
    clock = np.uint64(mix((period * MIX_1 + GOLDEN) & MASK))
    word = keys ^ clock
    word = (word ^ (word >> np.uint64(30))) * np.uint64(MIX_1)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(MIX_2)
    out[...] = word ^ (word >> np.uint64(31))


# --- elementary functions ---------------------------------------------------------

LN2_HIGH = 6.93147180369123816490e-01  # 32 leading bits: products with exponents are exact
LN2_LOW = 1.90821492927058770002e-10
LN2 = 0.6931471805599453
SQRT_HALF = 0.7071067811865476


def split(x: float) -> tuple[float, int]:
    """Return m in [1/2, 1) and e with m 2**e = x, for a positive, normal double.

    Compiled, it reads them off the bits (``cxsim/engine/lowering.py``).
    """
    return math.frexp(x)


def log(x: float) -> float:
    """Return the natural logarithm of a positive, normal number, to about the last place.

    With x = m 2**e and s = (m - 1)/(m + 1), ln m = 2 (s + s^3/3 + s^5/5 + ...).
    """
    m, e = split(x)
    if m < SQRT_HALF:
        m = m + m
        e = e - 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    tail = z * (
        1 / 3
        + z
        * (
            1 / 5
            + z
            * (
                1 / 7
                + z
                * (
                    1 / 9
                    + z
                    * (
                        1 / 11
                        + z * (1 / 13 + z * (1 / 15 + z * (1 / 17 + z * (1 / 19 + z * (1 / 21)))))
                    )
                )
            )
        )
    )
    return e * LN2_HIGH + (2.0 * s + (2.0 * s * tail + e * LN2_LOW))


def exp(x: float) -> float:
    """Return e**x; 0 below the range of doubles, infinity above it, NaN for NaN."""
    if x != x:  # not a number: neither here nor in compiled code an error
        return x
    if x > 709.782712893384:
        return math.inf
    if x < -745.2:
        return 0.0
    n = math.floor(x * 1.4426950408889634 + 0.5)
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    p = 1.0 + r * (
        1.0
        + r
        / 2
        * (
            1.0
            + r
            / 3
            * (
                1.0
                + r
                / 4
                * (
                    1.0
                    + r
                    / 5
                    * (
                        1.0
                        + r
                        / 6
                        * (
                            1.0
                            + r
                            / 7
                            * (
                                1.0
                                + r
                                / 8
                                * (
                                    1.0
                                    + r
                                    / 9
                                    * (
                                        1.0
                                        + r / 10 * (1.0 + r / 11 * (1.0 + r / 12 * (1.0 + r / 13)))
                                    )
                                )
                            )
                        )
                    )
                )
            )
        )
    )
    return math.ldexp(p, int(n))


def normal_quantile(u: float) -> float:
    """Return the standard normal quantile of u in (0, 1) (Wichura 1988, AS 241, PPND16)."""
    q = u - 0.5
    if -0.425 <= q <= 0.425:
        r = 0.180625 - q * q
        top = (
            (
                (
                    (
                        (
                            (2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r
                            + 6.7265770927008700853e4
                        )
                        * r
                        + 4.5921953931549871457e4
                    )
                    * r
                    + 1.3731693765509461125e4
                )
                * r
                + 1.9715909503065514427e3
            )
            * r
            + 1.3314166789178437745e2
        ) * r + 3.3871328727963666080e0
        low = (
            (
                (
                    (
                        (
                            (5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r
                            + 3.9307895800092710610e4
                        )
                        * r
                        + 2.1213794301586595867e4
                    )
                    * r
                    + 5.3941960214247511077e3
                )
                * r
                + 6.8718700749205790830e2
            )
            * r
            + 4.2313330701600911252e1
        ) * r + 1.0
        return q * top / low
    tail = u if q < 0.0 else 1.0 - u
    r = math.sqrt(-log(tail))
    if r <= 5.0:
        r = r - 1.6
        top = (
            (
                (
                    (
                        (
                            (7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r
                            + 2.41780725177450611770e-1
                        )
                        * r
                        + 1.27045825245236838258e0
                    )
                    * r
                    + 3.64784832476320460504e0
                )
                * r
                + 5.76949722146069140550e0
            )
            * r
            + 4.63033784615654529590e0
        ) * r + 1.42343711074968357734e0
        low = (
            (
                (
                    (
                        (
                            (1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r
                            + 1.51986665636164571966e-2
                        )
                        * r
                        + 1.48103976427480074590e-1
                    )
                    * r
                    + 6.89767334985100004550e-1
                )
                * r
                + 1.67638483018380384940e0
            )
            * r
            + 2.05319162663775882187e0
        ) * r + 1.0
    else:
        r = r - 5.0
        top = (
            (
                (
                    (
                        (
                            (2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
                            + 1.24266094738807843860e-3
                        )
                        * r
                        + 2.65321895265761230930e-2
                    )
                    * r
                    + 2.96560571828504891230e-1
                )
                * r
                + 1.78482653991729133580e0
            )
            * r
            + 5.46378491116411436990e0
        ) * r + 6.65790464350110377720e0
        low = (
            (
                (
                    (
                        (
                            (2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r
                            + 1.84631831751005468180e-5
                        )
                        * r
                        + 7.86869131145613259100e-4
                    )
                    * r
                    + 1.48753612908506148525e-2
                )
                * r
                + 1.36929880922735805310e-1
            )
            * r
            + 5.99832206555887937690e-1
        ) * r + 1.0
    value = top / low
    return -value if q < 0.0 else value


def quick_log(x: float) -> float:
    """Return the natural logarithm of a positive, normal number, to ten digits.

    As :func:`log`, with half its terms and no call, so that a loop over it can be
    vectorized. Near 1 it is as right, relative to itself, as elsewhere.
    """
    m, e = split(x)
    if m < SQRT_HALF:
        m = m + m
        e = e - 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    y = z * z  # in pairs: a chain of six would be waited for
    return e * LN2 + s * (
        ((2.0 + z * (2 / 3)) + y * (2 / 5 + z * (2 / 7))) + y * y * (2 / 9 + z * (2 / 11))
    )


def gumbel(u: float) -> float:
    """Return the standard Gumbel quantile -ln(-ln u), within 1e-10."""
    return -quick_log(-quick_log(u))


# --- variates ---------------------------------------------------------------------


def normal(key: Word, customer: Word) -> float:
    """Return a standard normal variate."""
    return normal_quantile(uniform(key, customer))


def bell(key: Word, customer: Word) -> float:
    """Return a variate of mean 0 and standard deviation 1, from four uniforms of 16 bits each.

    Nearly normal (excess kurtosis -0.3), within 3.47, and far cheaper: for noise of which
    nothing but its spread matters.
    """
    word = mix((key + customer * GOLDEN) & MASK)
    halves = (word & 0x0000FFFF0000FFFF) + ((word >> 16) & 0x0000FFFF0000FFFF)
    total = (halves & 0xFFFFFFFF) + (halves >> 32)
    return (total - 131070.0) * 2.6428997921303018e-05  # sqrt(3 / (65536^2 - 1))


def lognormal(mean: float, cv: float, key: Word, customer: Word) -> float:
    """Return a lognormal variate of given mean and coefficient of variation."""
    if cv == 0.0:
        return mean
    variance = log(1.0 + cv * cv)
    return mean * exp(math.sqrt(variance) * normal(key, customer) - 0.5 * variance)


def log_gamma(shape: float, key: Word, customer: Word) -> float:
    """Return the logarithm of a Gamma(shape, 1) variate (Marsaglia & Tsang 2000).

    The logarithm, because variates of small shape underflow.
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
    """Return a gamma variate of given shape and mean."""
    return mean / shape * exp(log_gamma(shape, key, customer))


def beta(a: float, b: float, key: Word, customer: Word) -> float:
    """Return a Beta(a, b) variate, from two gamma variates."""
    x = log_gamma(a, subkey(key, MIX_1), customer)
    y = log_gamma(b, subkey(key, MIX_2), customer)
    return 1.0 / (1.0 + exp(y - x))
