"""Random numbers and elementary functions: right, and the same to the bit when compiled."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxsim.engine.compiling import compiled_rule
from cxsim.numerics import draws
from cxsim.numerics.elementary import exp, gumbel, log, normal_quantile, quick_log, split

_lowered = compiled_rule(split)


@numba.njit
def compiled_split(x):
    return _lowered(x)


words = st.integers(0, 2**64 - 1)
customers = st.integers(0, 10**7)
chances = st.floats(2**-53, 1 - 2**-53)
shapes = st.floats(0.05, 50.0)


def compiled(function):
    return compiled_rule(function)


@given(words, customers)
def test_a_uniform_is_never_0_or_1(key, customer):
    assert 0.0 < draws.uniform(key, customer) < 1.0


def test_the_largest_and_smallest_uniform_stay_inside():
    assert 0.0 < 0.5 * 2.0**-52
    assert ((2**52 - 1) + 0.5) * 2.0**-52 < 1.0


@given(words, customers)
def test_compiled_uniforms_equal_interpreted_ones(key, customer):
    assert compiled(draws.uniform)(np.uint64(key), np.uint64(customer)) == draws.uniform(
        key, customer
    )


@pytest.mark.parametrize("function", [log, quick_log, exp, normal_quantile, gumbel])
@given(u=chances)
def test_compiled_functions_equal_interpreted_ones(function, u):
    assert compiled(function)(u) == function(u)


@pytest.mark.parametrize("variate", [draws.log_gamma])
@given(shape=shapes, key=words, customer=customers)
def test_compiled_gammas_equal_interpreted_ones(variate, shape, key, customer):
    assert compiled(variate)(shape, np.uint64(key), np.uint64(customer)) == variate(
        shape, key, customer
    )


@given(words, customers)
def test_compiled_betas_and_lognormals_equal_interpreted_ones(key, customer):
    k, c = np.uint64(key), np.uint64(customer)
    assert compiled(draws.beta)(0.7, 3.8, k, c) == draws.beta(0.7, 3.8, key, customer)
    assert compiled(draws.lognormal)(2.0, 0.5, k, c) == draws.lognormal(2.0, 0.5, key, customer)


@given(st.floats(1e-300, 1e300))
def test_log_is_right_to_the_last_places(x):
    assert log(x) == pytest.approx(math.log(x), rel=1e-15, abs=1e-16)


@given(st.floats(1e-300, 1e300))
def test_the_quick_log_is_right_to_ten_digits(x):
    assert quick_log(x) == pytest.approx(math.log(x), rel=1e-10, abs=1e-10 * abs(x - 1.0))


@given(st.floats(2.2250738585072014e-308, 1e308))
def test_a_number_is_split_into_fraction_and_exponent_by_its_bits(x):
    assert compiled_split(x) == split(x)


@given(st.floats(-700, 700))
def test_exp_is_right_to_the_last_places(x):
    assert exp(x) == pytest.approx(math.exp(x), rel=5e-16)


def test_exp_saturates():
    assert exp(1000.0) == math.inf
    assert exp(-1000.0) == 0.0
    assert math.isnan(exp(math.nan))
    assert math.isnan(compiled(exp)(math.nan))


@given(chances)
def test_the_gumbel_quantile_is_right_to_ten_digits(u):
    assert gumbel(u) == pytest.approx(-math.log(-math.log(u)), abs=1e-10)


@given(chances)
def test_the_gumbel_quantile_rises(u):
    assert gumbel(u) <= gumbel(min(u + 1e-6, 1 - 2**-53))


@given(chances)
def test_the_normal_quantile_inverts_the_distribution_function(u):
    assert 0.5 * math.erfc(-normal_quantile(u) / math.sqrt(2)) == pytest.approx(u, rel=1e-12)


@pytest.mark.parametrize("shape", [0.3, 1.0, 4.0])
def test_gammas_have_their_mean_and_variance(shape):
    x = np.array([draws.gamma(shape, 2.0, draws.static_key(5, "gamma"), i) for i in range(20000)])
    error = x.std() / math.sqrt(len(x))
    assert abs(x.mean() - 2.0) < 4 * error
    assert x.var() == pytest.approx(4.0 / shape, rel=0.15)


def test_a_key_depends_on_each_part_of_its_address():
    keys = {
        draws.static_key(seed, purpose, firm)
        for seed in (0, 1)
        for purpose in ("choice", "enter")
        for firm in ("Ann", "Bob", 0, 1)
    }
    assert len(keys) == 16


def test_period_keys_differ_by_period_and_repeat():
    static = np.array([draws.static_key(1, "a"), draws.static_key(1, "b")], dtype=np.uint64)
    first, again, later = (np.zeros_like(static) for _ in range(3))
    draws.period_keys(static, 3, first)
    draws.period_keys(static, 3, again)
    draws.period_keys(static, -4, later)
    assert (first == again).all()
    assert not (first == later).any()


def test_uniforms_of_neighbouring_keys_and_customers_are_unrelated():
    def row(period):
        static = np.array([draws.static_key(9, "choice", "Ann")], dtype=np.uint64)
        key = np.zeros_like(static)
        draws.period_keys(static, period, key)
        return np.array([draws.uniform(int(key[0]), i) for i in range(4000)])

    a, b = row(0), row(1)
    for x, y in ((a, b), (a[:-1], a[1:]), (a[:-1], b[1:])):
        assert abs(np.corrcoef(x, y)[0, 1]) < 4 / math.sqrt(len(x))
