"""The closed forms: published numbers, brute force, and refusals."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
from pathlib import Path

import numpy as np
import pytest

import cxsim.analytic
from cxsim.analytic import (
    knowledge_after,
    lifetime_multiple,
    logit_shares,
    logit_worth,
    mean_fit_gap,
    stationary_shares,
    steady_uncertainty,
    switching_chances,
    switching_matrix,
)

MODULES = [f"cxsim.analytic.{each.name}" for each in pkgutil.iter_modules(cxsim.analytic.__path__)]


@pytest.mark.parametrize("name", ["cxsim.analytic", *MODULES])
def test_closed_forms_import_nothing_of_the_simulation(name):
    source = Path(importlib.import_module(name).__file__).read_text(encoding="utf-8")
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    outsiders = {
        each for each in imported
        if not each.startswith("cxsim.analytic")
        and each.partition(".")[0] not in {"numpy", "scipy", *sys.stdlib_module_names}
    }  # fmt: skip
    assert outsiders == set()


# --- logit ------------------------------------------------------------------------------


def test_logit_shares_are_those_of_the_best_of_many_draws():
    rng = np.random.default_rng(1)
    a, value = 0.7, np.array([1.0, 0.2, -0.5, 0.4])
    utility = a * value + rng.gumbel(size=(200_000, 4))
    shares = np.bincount(utility.argmax(axis=1)) / len(utility)
    expected = logit_shares(value[:3], price_sensitivity=a, no_purchase=value[3])
    assert abs(shares - expected).max() < 4 * np.sqrt(0.25 / len(utility))
    worth = utility.max(axis=1) / a
    error = worth.std() / np.sqrt(len(worth))
    assert (
        abs(worth.mean() - logit_worth(value[:3], price_sensitivity=a, no_purchase=value[3]))
        < 4 * error
    )


def test_logit_shares_survive_large_numbers_and_ignore_what_all_have_in_common():
    assert logit_shares([1e6, 1e6 - 1.0]) == pytest.approx(logit_shares([1.0, 0.0]))
    assert logit_shares([0.0, -1e6]).tolist() == [1.0, 0.0]
    assert logit_worth([1e6, -1e6]) == pytest.approx(1e6 + np.euler_gamma)


def test_a_price_sensitivity_of_zero_is_pure_chance():
    assert logit_shares([9.0, 1.0, 5.0], price_sensitivity=0.0, no_purchase=-3.0) == pytest.approx(
        0.25
    )


def test_a_raised_value_is_worth_its_share():
    value, step = np.array([1.0, 0.2, -0.5]), 1e-6
    raised = logit_worth(value + step * np.eye(3), price_sensitivity=0.7, no_purchase=0.1)
    slope = (raised - logit_worth(value, price_sensitivity=0.7, no_purchase=0.1)) / step
    expected = logit_shares(value, price_sensitivity=0.7, no_purchase=0.1)[:-1]
    assert slope == pytest.approx(expected, rel=1e-5)


# --- brand switching ----------------------------------------------------------------------


def test_two_firms_with_a_switching_cost_of_one_point_two():
    matrix = switching_matrix([1.0, 0.7], switching_cost=1.2)
    assert np.diag(matrix).round(4).tolist() == [0.8176, 0.7109]
    assert stationary_shares(matrix).round(4).tolist() == [0.6131, 0.3869]


@pytest.mark.parametrize("form", ["cost", "bonus"])
@pytest.mark.parametrize("no_purchase", [None, 0.3])
def test_stationary_shares_are_where_the_chain_ends_up(form, no_purchase):
    setting = {
        "switching_cost": 0.9,
        "price_sensitivity": 0.6,
        "no_purchase": no_purchase,
        "form": form,
    }
    matrix = switching_matrix([1.0, 0.7, -0.4, 2.0], **setting)
    assert matrix.sum(axis=1) == pytest.approx(1.0)
    assert stationary_shares(matrix) == pytest.approx(np.linalg.matrix_power(matrix, 500)[2])


def test_without_a_switching_cost_the_last_purchase_says_nothing():
    chances = switching_chances([1.0, 0.7], switching_cost=0.0, no_purchase=0.2)
    assert chances == pytest.approx(np.tile(logit_shares([1.0, 0.7], no_purchase=0.2), (2, 1)))


def test_forms_differ_only_with_an_outside_option():
    def chances(form, no_purchase):
        return switching_chances([1.0, 0.7], switching_cost=1.2, form=form, no_purchase=no_purchase)

    assert chances("cost", None) == pytest.approx(chances("bonus", None))
    # A cost sends customers away from all firms, a bonus ties them to their own.
    assert (chances("cost", 0.0)[:, -1] > chances("bonus", 0.0)[:, -1] + 0.05).all()


def test_shares_are_exact_however_rarely_customers_switch():
    # Two firms: shares are in the ratio of the chances to come, exp(2 (v0 - v1)) in the limit.
    matrix = switching_matrix([1.0, 0.7], switching_cost=80.0)
    share = stationary_shares(matrix)
    assert share[0] / share[1] == pytest.approx(np.exp(0.6), rel=1e-12)


def test_closed_forms_take_many_markets_at_once():
    cost = np.array([0.0, 1.2, 3.0])
    shares = stationary_shares(switching_matrix([1.0, 0.7], switching_cost=cost))
    one_by_one = [stationary_shares(switching_matrix([1.0, 0.7], switching_cost=k)) for k in cost]
    assert shares == pytest.approx(np.array(one_by_one))
    worth, no_purchase = np.zeros((5, 4, 3)), np.zeros(4)
    assert logit_shares(worth, no_purchase=no_purchase).shape == (5, 4, 4)
    assert switching_chances(worth, switching_cost=1.0, no_purchase=no_purchase).shape == (
        5,
        4,
        3,
        4,
    )


# --- learning -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "precision", "setting", "expected"),
    [
        (0, 1.0, {"dimensions": 3, "customization": 0.8}, 3.000),
        (1, 1.0, {"dimensions": 3, "customization": 0.8}, 1.560),
        (4, 1.0, {"dimensions": 3, "customization": 0.8}, 0.696),
        (3, 4.0, {"need_variance": 2.0, "customization": 0.5}, 1.2308),
    ],
)
def test_mean_fit_gap_of_the_validation_page(n, precision, setting, expected):
    knowledge = knowledge_after(n, precision=precision)
    assert mean_fit_gap(knowledge, **setting) == pytest.approx(expected, abs=5e-5)


def gaussian_updating(rng, *, x, prior, v, precision, contacts):
    """Beliefs after explicit signals, one by one: each a noisy reading of the need."""
    belief, variance = np.broadcast_to(prior, x.shape).copy(), v
    for _ in range(contacts):
        signal = x + rng.normal(scale=np.sqrt(v / precision), size=x.shape)
        gain = variance / (variance + v / precision)
        belief += gain * (signal - belief)
        variance *= 1.0 - gain
    return belief, variance


@pytest.mark.parametrize("insight", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("customization", [0.0, 0.6, 1.0])
@pytest.mark.parametrize(("contacts", "precision"), [(0, 1.0), (1, 0.5), (4, 2.0)])
def test_mean_fit_gap_is_that_of_explicit_signals(insight, customization, contacts, precision):
    rng = np.random.default_rng(2)
    v, mean, position = 1.7, np.array([1.0, -0.5, 0.3]), np.array([0.2, 0.4, 0.3])
    prior = position + insight * (mean - position)
    x = mean + rng.normal(scale=np.sqrt(v), size=(100_000, 3))
    belief, variance = gaussian_updating(
        rng, x=x, prior=prior, v=v, precision=precision, contacts=contacts
    )
    knowledge = knowledge_after(contacts, precision=precision)
    assert variance / v == pytest.approx(1.0 - knowledge)
    fit_gap = ((x - position - customization * (belief - position)) ** 2).sum(axis=1)
    expected = mean_fit_gap(
        knowledge,
        customization=customization,
        dimensions=3,
        need_variance=v,
        gap=np.linalg.norm(mean - position),
        segment_insight=insight,
    )
    assert abs(fit_gap.mean() - expected) < 4 * fit_gap.std() / np.sqrt(len(fit_gap))


def test_fit_gap_given_a_need_is_that_of_explicit_signals():
    # The model page's fit_gap(K) of one customer, over the noise of what it told.
    rng = np.random.default_rng(3)
    x, q, p, v, C, n, r = np.array([1.4, -0.9]), np.array([0.6, 0.1]), np.zeros(2), 1.7, 0.7, 3, 0.5
    belief, _ = gaussian_updating(
        rng, x=np.tile(x, (100_000, 1)), prior=q, v=v, precision=r, contacts=n
    )
    fit_gap = ((x - p - C * (belief - p)) ** 2).sum(axis=1)
    K = float(knowledge_after(n, precision=r))
    expected = (((1 - C) * (x - p) + C * (1 - K) * (x - q)) ** 2).sum() + C**2 * K * (1 - K) * 2 * v
    assert abs(fit_gap.mean() - expected) < 4 * fit_gap.std() / np.sqrt(len(fit_gap))


def test_knowledge_serves_only_the_recognized():
    def fit_gap(**setting):
        return mean_fit_gap(0.8, customization=0.9, gap=1.0, **setting)

    unknown = mean_fit_gap(0.0, customization=0.9, gap=1.0)
    assert fit_gap(recognition=0.0) == pytest.approx(unknown)
    assert fit_gap(recognition=0.3) == pytest.approx(0.3 * fit_gap() + 0.7 * unknown)


@pytest.mark.parametrize(("drift", "expected"), [(0.1, 0.2403), (0.3, 0.3539), (0.8, 0.4721)])
def test_steady_uncertainty_of_the_validation_page(drift, expected):
    assert steady_uncertainty(1.0, drift=drift) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("precision", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("drift", [0.05, 0.5, 1.0])
def test_steady_uncertainty_is_where_drifting_and_learning_end_up(precision, drift):
    P = 1.0
    for _ in range(5000):
        P = P + drift * (1.0 - P)
        P = P / (1.0 + precision * P)
    assert steady_uncertainty(precision, drift=drift) == pytest.approx(P, rel=1e-12)


def test_steady_uncertainty_at_its_ends():
    assert steady_uncertainty(2.0, drift=0.0) == 0.0  # nothing new: all is learned in the end
    assert steady_uncertainty(0.0, drift=0.0) == 1.0  # nothing heard either: the firm knows nothing
    assert steady_uncertainty(0.0, drift=0.2) == pytest.approx(1.0)
    assert steady_uncertainty(3.0, drift=1.0) == pytest.approx(0.25)  # one signal, every time anew
    # Tiny drift: the two terms balance at sqrt(d / r), where the textbook root cancels to noise.
    assert steady_uncertainty(4.0, drift=1e-20) == pytest.approx(5e-11, rel=1e-8)
    assert steady_uncertainty(1e300, drift=0.5) == pytest.approx(1e-300, rel=1e-8)


def test_steady_fit_gap_is_that_of_a_kalman_filter_run_on_drifting_needs():
    rng = np.random.default_rng(4)
    n, v, r, d, C = 50_000, 1.7, 0.8, 0.3, 0.7
    x, belief, variance = rng.normal(scale=np.sqrt(v), size=(n, 2)), np.zeros((n, 2)), v
    for _ in range(40):
        x = np.sqrt(1 - d) * x + rng.normal(scale=np.sqrt(d * v), size=x.shape)
        belief *= np.sqrt(1 - d)
        variance = (1 - d) * variance + d * v
        gain = variance / (variance + v / r)
        belief += gain * (x + rng.normal(scale=np.sqrt(v / r), size=x.shape) - belief)
        variance *= 1 - gain
    P = steady_uncertainty(r, drift=d)
    assert variance / v == pytest.approx(P)
    fit_gap = ((x - C * belief) ** 2).sum(axis=1)
    expected = mean_fit_gap(1.0 - P, customization=C, need_variance=v)
    assert abs(fit_gap.mean() - expected) < 4 * fit_gap.std() / np.sqrt(n)


# --- lifetime value ---------------------------------------------------------------------------


def test_published_lifetime_multiples():
    rates = [0.10, 0.12, 0.14, 0.16]
    assert lifetime_multiple(0.9, discount_rate=rates).round(2).tolist() == [4.50, 4.09, 3.75, 3.46]
    assert lifetime_multiple(0.8, discount_rate=rates).round(2).tolist() == [2.67, 2.50, 2.35, 2.22]


def test_five_points_more_retention_are_worth_forty_percent_and_not_twice_as_much():
    low, high = lifetime_multiple([0.90, 0.95], discount_rate=0.10)
    assert high / low - 1.0 == pytest.approx(0.407, abs=5e-4)


@pytest.mark.parametrize("retention", [0.0, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("discount_rate", [0.01, 0.1, 1.0])
def test_the_multiple_is_the_sum_of_discounted_survivors(retention, discount_rate):
    t = np.arange(1, 20_001)
    total = ((retention / (1.0 + discount_rate)) ** t).sum()
    assert lifetime_multiple(retention, discount_rate=discount_rate) == pytest.approx(total)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lifetime_multiple(1.2, discount_rate=0.1),
         "retention: expected numbers from 0 to 1, found 1.2"),
        (lambda: lifetime_multiple(0.9, discount_rate=[0.1, -0.1]),
         "discount_rate: expected finite numbers of at least 0, found -0.1"),
        (lambda: lifetime_multiple(1.0, discount_rate=0.0),
         "discount_rate: expected numbers above 0 at retention 1, found 0"),
        (lambda: lifetime_multiple("high", discount_rate=0.1),
         "retention: expected numbers from 0 to 1, found 'high'"),
        (lambda: knowledge_after(-1, precision=1.0),
         "contacts: expected finite numbers of at least 0, found -1"),
        (lambda: mean_fit_gap(float("nan"), customization=0.5),
         "knowledge: expected numbers from 0 to 1, found nan"),
        (lambda: mean_fit_gap(0.5, customization=0.5, dimensions=0),
         "dimensions: expected finite numbers of at least 1, found 0"),
        (lambda: steady_uncertainty(1.0, drift=1.5),
         "drift: expected numbers from 0 to 1, found 1.5"),
        (lambda: logit_shares([1.0, float("inf")]),
         "value: expected finite numbers, found inf"),
        (lambda: logit_shares([]), "value: expected one number per firm, found shape (0,)"),
        (lambda: logit_shares(1.0), "value: expected one number per firm, found shape ()"),
        (lambda: logit_shares([1.0], price_sensitivity=-1.0),
         "price_sensitivity: expected finite numbers of at least 0, found -1"),
        (lambda: logit_worth([1.0], price_sensitivity=0.0),
         "price_sensitivity: expected finite numbers above 0, found 0"),
        (lambda: switching_chances(1.0, switching_cost=1.0),
         "value: expected one number per firm, found shape ()"),
        (lambda: switching_chances([1.0, 2.0], switching_cost=1.0, form="fee"),
         "form: expected 'cost' or 'bonus', found 'fee'"),
        (lambda: stationary_shares([[0.5, 0.6], [0.5, 0.5]]),
         "matrix: expected rows that sum to 1, found one that sums to 1.1"),
        (lambda: stationary_shares([0.5, 0.5]),
         "matrix: expected as many rows as columns, found shape (2,)"),
        (lambda: stationary_shares(np.eye(2)),
         "matrix: expected states that can all be reached from each other, found state 1 cut off"),
    ],
)  # fmt: skip
def test_what_a_formula_does_not_hold_for_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match="expected") as caught:
        call()
    assert str(caught.value) == message
