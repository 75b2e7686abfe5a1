"""Elementary functions and quantiles, the same to the bit in Python and compiled.

They use + - * /, square roots, comparisons and exact scaling by powers of two only. IEEE 754
rounds each of these in one way, so results agree between interpreter and compiled code and
between machines, which the functions of the C library do not promise.

Annotations are read by the compiler: ``float`` is a double, ``int`` a signed 64-bit integer.
"""

from __future__ import annotations

import math

LN2_HIGH = 6.93147180369123816490e-01  # 32 leading bits: products with exponents are exact
LN2_LOW = 1.90821492927058770002e-10
LN2 = 0.6931471805599453
SQRT_HALF = 0.7071067811865476


def split(x: float) -> tuple[float, int]:
    """Return m in [1/2, 1) and e with m 2**e = x, for a positive, normal double.

    Compiled, it reads them off the bits (``cxsim/engine/native.py``).
    """
    return math.frexp(x)


# Polynomials read better in one piece.
# fmt: off


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
    tail = z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z * (1 / 13
        + z * (1 / 15 + z * (1 / 17 + z * (1 / 19 + z * (1 / 21))))))))))
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
    p = 1.0 + r * (1.0 + r / 2 * (1.0 + r / 3 * (1.0 + r / 4 * (1.0 + r / 5 * (1.0 + r / 6
        * (1.0 + r / 7 * (1.0 + r / 8 * (1.0 + r / 9 * (1.0 + r / 10 * (1.0 + r / 11
        * (1.0 + r / 12 * (1.0 + r / 13))))))))))))
    return math.ldexp(p, int(n))


def normal_quantile(u: float) -> float:
    """Return the standard normal quantile of u in (0, 1) (Wichura 1988, AS 241, PPND16)."""
    q = u - 0.5
    if -0.425 <= q <= 0.425:
        r = 0.180625 - q * q
        top = (
            ((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r +
            6.7265770927008700853e4) * r + 4.5921953931549871457e4) * r +
            1.3731693765509461125e4) * r + 1.9715909503065514427e3) * r +
            1.3314166789178437745e2) * r + 3.3871328727963666080e0
        )
        low = (
            ((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r +
            3.9307895800092710610e4) * r + 2.1213794301586595867e4) * r +
            5.3941960214247511077e3) * r + 6.8718700749205790830e2) * r +
            4.2313330701600911252e1) * r + 1.0
        )
        return q * top / low
    tail = u if q < 0.0 else 1.0 - u
    r = math.sqrt(-log(tail))
    if r <= 5.0:
        r = r - 1.6
        top = (
            ((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r +
            2.41780725177450611770e-1) * r + 1.27045825245236838258e0) * r +
            3.64784832476320460504e0) * r + 5.76949722146069140550e0) * r +
            4.63033784615654529590e0) * r + 1.42343711074968357734e0
        )
        low = (
            ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r +
            1.51986665636164571966e-2) * r + 1.48103976427480074590e-1) * r +
            6.89767334985100004550e-1) * r + 1.67638483018380384940e0) * r +
            2.05319162663775882187e0) * r + 1.0
        )
    else:
        r = r - 5.0
        top = (
            ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r +
            1.24266094738807843860e-3) * r + 2.65321895265761230930e-2) * r +
            2.96560571828504891230e-1) * r + 1.78482653991729133580e0) * r +
            5.46378491116411436990e0) * r + 6.65790464350110377720e0
        )
        low = (
            ((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r +
            1.84631831751005468180e-5) * r + 7.86869131145613259100e-4) * r +
            1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r +
            5.99832206555887937690e-1) * r + 1.0
        )
    value = top / low
    return -value if q < 0.0 else value


# fmt: on


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
