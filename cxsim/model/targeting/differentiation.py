"""Scores of customers (RFM, forecast, look-alike), true value, and bases of segmentation.

Scores are plain functions of arrays over all customers. They are rounded, so that the last digits
of a library's arithmetic decide nothing; ties go to the customer of the lower number. Firms rank
customers (:mod:`cxsim.model.targeting.value_tiers`) and prospects
(:mod:`cxsim.model.targeting.acquisition`) by purchase records and observable attributes only.

Targeting rules are compared with an oracle that ranks customers by true value. True value excludes
individual treatment by firms, so that being chosen does not raise it.

Firmographic attributes describe what a customer is, behavioural ones what it does elsewhere. There
is one of each for every dimension of need. Each is standard normal over the market (if all
needs together are), and correlated with that need as stated.

Bases of segmentation are those of Wedel & Kamakura (2000): firmographic and behavioural
attributes, and segments of needs. An attribute explains what a regression of each need on it
explains; segments explain the variance between them.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import cache
from math import sqrt
from typing import Any

import numpy as np

from cxsim.model.core.offer import gap_along, prior
from cxsim.model.ledger import ratio
from cxsim.model.mechanism import (
    Accumulator,
    Column,
    Draw,
    Measure,
    Mechanism,
    Pass,
    listed,
    scratch,
    tile,
)
from cxsim.numerics.draws import normal
from cxsim.numerics.elementary import exp
from cxsim.parameters import Parameters, parameter

# -- Ranking of customers: at random, by purchase records or by a model -------------------------


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
    """Return the places of the ``many`` highest scores, best first; ties in order of place.

    Parameters
    ----------
    score : ndarray, shape (customers,)
        Whole numbers, or numbers compared to :data:`DIGITS` digits.
    many : int
        How many places are wanted.

    Returns
    -------
    ndarray, shape (min(many, customers),)
        Indices of ``score``.
    """
    low = _low(score)
    some = _front(low, many)
    return some[np.argsort(low[some], kind="stable")[:many]]


def best_of(score: np.ndarray, lots: np.ndarray, many: int) -> np.ndarray:
    """Return the places of the ``many`` highest scores, best first; equal ones at random.

    Parameters
    ----------
    score : ndarray, shape (customers,)
        As for :func:`best`.
    lots : ndarray, shape (customers,)
        Random numbers that decide among equal scores; the highest first.
    many : int
        How many places are wanted.

    Returns
    -------
    ndarray, shape (min(many, customers),)
        Indices of ``score``.
    """
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
    """Return the number of the fifth of customers, 1 (lowest) to 5, that each value lies in.

    Parameters
    ----------
    values : ndarray, shape (customers,)
        Equal values share the fifth of their middle rank.

    Returns
    -------
    ndarray of int16, shape (customers,)
    """
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

    Returns
    -------
    ndarray of int16, shape (customers,)
        3 to 15, without a unit.
    """
    per_purchase = paid / np.maximum(frequency, 1)
    return fifths(-idle) + fifths(frequency) + fifths(per_purchase)


def forecast_features(
    now: int, first: np.ndarray, last: np.ndarray, frequency: np.ndarray
) -> np.ndarray:
    """Return the features for forecasts of purchases, (customers, 3): rate, pause, number.

    Parameters
    ----------
    now : int
        Period.
    first, last : ndarray, shape (customers,)
        Periods of the first and the last purchase from the firm.
    frequency : ndarray, shape (customers,)
        Purchases from it so far.

    Returns
    -------
    ndarray, shape (customers, 3)
        Purchases per period; ln(1 + periods since the last); ln(1 + purchases).
    """
    rate = frequency / np.maximum(now - first + 1.0, 1.0)
    return np.column_stack([rate, np.log1p(np.maximum(now - last, 0)), np.log1p(frequency)])


def _one_thread() -> Any:
    """Keep linear algebra to one thread, because more threads only wait for each other here.

    On a busy machine a fit took ten times as long without it.
    """
    return _libraries().limit(limits=1)


@cache
def _libraries() -> Any:
    """Find the loaded libraries of linear algebra, including those of scikit-learn."""
    return importlib.import_module("threadpoolctl").ThreadpoolController()


def forecast(features: np.ndarray, purchases: np.ndarray) -> np.ndarray | None:
    """Fit a Poisson regression of later purchases on features; None if impossible.

    Parameters
    ----------
    features : ndarray, shape (customers, 3)
        As :func:`forecast_features` returns them.
    purchases : ndarray, shape (customers,)
        Made since then.

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
    """Fit a logistic regression of being a customer on attributes; None if impossible.

    Parameters
    ----------
    attributes : ndarray, shape (traits, customers)
        Standardized, without a unit.
    own : ndarray of bool, shape (customers,)
        Whether each is a customer of the firm.

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


# -- Purchase records: recency, frequency and monetary value of a firm's customers --------------


def records_used(scenario: Any) -> bool:
    """Return whether any firm uses purchase records.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    bool
    """
    return any(
        f.value_tiers is not None or f.acquisition is not None for f in scenario.firms.values()
    )


def records_kept(scenario: Any) -> bool:
    """Return whether purchase records are kept: for the above, or to place in service levels.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    bool
    """
    return records_used(scenario) or any(f.service_levels for f in scenario.firms.values())


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, first_purchase, last_purchase, frequency, paid, earned):
    """Reset the purchase records of newcomers."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                first_purchase[f, i] = 0
                last_purchase[f, i] = 0
                frequency[f, i] = 0
                paid[f, i] = 0.0
                earned[f, i] = 0.0


def record(
    n, clock, buyer, seller, revenue, margin, first_purchase, last_purchase, frequency, paid,
    earned,
):  # fmt: skip
    """Update the purchase records of buyers."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        if frequency[f, i] == 0:
            first_purchase[f, i] = clock[0]
        last_purchase[f, i] = clock[0]
        frequency[f, i] += 1
        paid[f, i] += revenue[k]
        earned[f, i] += margin[i]


PURCHASE_RECORDS = Mechanism(
    "purchase_records",
    doc="Purchase records of firms by customer",
    columns=(
        Column("first_purchase", ("firm",), "i4", doc="Period of the first purchase from the firm"),
        Column("last_purchase", ("firm",), "i4", doc="Period of the last purchase from the firm"),
        Column("frequency", ("firm",), "i4", doc="Purchases from the firm so far"),
        Column("paid", ("firm",), doc="Prices paid to the firm so far, currency"),
        Column("earned", ("firm",), doc="Contribution margin of these purchases, currency"),
    ),
    passes=(Pass(forget, "arrive", after=("people.arrive",)), Pass(record, "update")),
    active=records_kept,
)


# -- True value: expected contribution of a customer to each firm, unknown to firms -------------


# --- rules ------------------------------------------------------------------------


def base_value(
    volume: float, quality: float, taste: float, price: float, fit_weight: float, fit_gap: float
) -> float:
    """Return the value of an offer to a customer unknown to the firm, v (Q + th - p - b G).

    Parameters
    ----------
    volume : float
        v, units per purchase.
    quality, taste, price : float
        Q, th and p, currency per unit.
    fit_weight : float
        b, currency per squared distance.
    fit_gap : float
        G, of the standard offer, squared distance.

    Returns
    -------
    float
        Currency per purchase.
    """
    return volume * (quality + taste - price - fit_weight * fit_gap)


def base_margin(volume: float, price: float, unit_cost: float, cost_to_serve: float) -> float:
    """Return the contribution margin of a purchase at the standard price, v (p - c) - s, currency.

    Parameters
    ----------
    volume : float
        v, units per purchase.
    price, unit_cost : float
        p and c, currency per unit.
    cost_to_serve : float
        s, currency per purchase.

    Returns
    -------
    float
        Currency per purchase.
    """
    return volume * (price - unit_cost) - cost_to_serve


def remaining(exit_rate: float, discount_rate: float) -> float:
    """Return the expected discounted periods that a customer stays, 1 / (1 - (1 - l) / (1 + d)).

    Parameters
    ----------
    exit_rate : float
        l, chance of leaving the market, per period.
    discount_rate : float
        d, per period.

    Returns
    -------
    float
        Periods, this one included.
    """
    return 1.0 / (1.0 - (1.0 - exit_rate) / (1.0 + discount_rate) + 1e-9)


# --- passes -----------------------------------------------------------------------


def compute_true_value(
    n, n_firms, segment, need, price_sensitivity, brand_taste, purchase_rate, exit_rate,
    base_weight, base_best_utility, base_total_weight, true_value, market_no_purchase_option,
    market_discount_rate, segment_volume, segment_fit_weight, segment_need_mean,
    segment_no_purchase_value, firm_active, firm_quality, firm_price, firm_position,
    firm_customization, firm_segment_insight, firm_unit_cost, firm_customization_cost,
    firm_interaction_cost, firm_interaction, firm_cost_to_serve,
):  # fmt: skip
    """Compute each customer's true value: chance of purchase if unknown, times contribution.

    Firm by firm, so that the loops over customers are plain arithmetic.
    """
    outside = market_no_purchase_option[0] > 0.5
    for i in range(n):
        worth = price_sensitivity[i] * segment_no_purchase_value[segment[i]]
        base_best_utility[i] = worth if outside else -1e300
    for f in range(n_firms):
        active = firm_active[f] > 0.5
        for i in range(n):
            base_weight[f, i] = 0.0
        for d in range(len(need)):
            p = firm_position[f, d]
            for i in range(n):
                x = need[d, i]
                q = prior(p, firm_segment_insight[f], segment_need_mean[segment[i], d])
                missed = gap_along(x, x, p, q, firm_customization[f], 0.0)
                base_weight[f, i] += missed
        for i in range(n):
            g = segment[i]
            worth = base_value(
                segment_volume[g], firm_quality[f], brand_taste[f, i], firm_price[f],
                segment_fit_weight[g], base_weight[f, i],
            )  # fmt: skip
            base_weight[f, i] = price_sensitivity[i] * worth
            base_best_utility[i] = (
                max(base_best_utility[i], base_weight[f, i]) if active else base_best_utility[i]
            )
    for i in range(n):
        worth = price_sensitivity[i] * segment_no_purchase_value[segment[i]]
        base_total_weight[i] = exp(worth - base_best_utility[i]) if outside else 0.0
    for f in range(n_firms):
        active = firm_active[f] > 0.5
        for i in range(n):
            base_weight[f, i] = exp(base_weight[f, i] - base_best_utility[i]) if active else 0.0
            base_total_weight[i] += base_weight[f, i]
    for i in range(n):
        # The column held the highest utility, which is not needed any more.
        base_best_utility[i] = remaining(exit_rate[i], market_discount_rate[0])
    for f in range(n_firms):
        unit = firm_unit_cost[f] + firm_customization_cost[f] * firm_customization[f]
        service = firm_cost_to_serve[f] + firm_interaction_cost[f] * firm_interaction[f]
        for i in range(n):
            weight = base_total_weight[i]
            chance = base_weight[f, i] / weight if weight > 0.0 else 0.0
            margin = base_margin(segment_volume[segment[i]], firm_price[f], unit, service)
            true_value[f, i] = purchase_rate[i] * chance * margin * base_best_utility[i]


TRUE_VALUE = Mechanism(
    "true_value",
    doc="True value of customers to each firm",
    columns=(
        scratch("base_weight", "Logit weight of a firm", ("firm",)),
        scratch("base_best_utility", "Highest utility of an option, then expected periods of stay"),
        scratch("base_total_weight", "Logit weight of all options"),
        Column(
            "true_value",
            ("firm",),
            doc="Expected discounted contribution of an unknown customer, currency",
        ),
    ),
    passes=(Pass(compute_true_value, "contact"),),
    active=records_used,
)


# -- Observable attributes of customers, correlated with their needs -----------------------------


class Attributes(Parameters):
    """Correlations of observable attributes with needs."""

    firmographic: float = parameter(
        0.0, "Correlation of firmographic attributes with needs", ge=-1, le=1, newcomers=True
    )
    behavioural: float = parameter(
        0.0, "Correlation of behavioural attributes with needs", ge=-1, le=1, newcomers=True
    )


class MarketParameters(Parameters):
    """Observable attributes in the market."""

    attributes: Attributes | None = parameter(
        None, "Observable attributes of every customer, one of each kind per dimension of need"
    )


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    """Return mean and standard deviation of needs over the market at the start."""
    names = sorted(scenario.segments)
    groups = [scenario.segments[name] for name in names]
    share = np.array([g.share for g in groups])[:, None]
    origin = (0.0,) * int(scenario.needs)
    mean = np.array([g.need_mean if g.need_mean is not None else origin for g in groups])
    sd = np.array([g.need_sd for g in groups])[:, None]
    centre = (share * mean).sum(axis=0)
    variance = (share * (sd**2 + (mean - centre) ** 2)).sum(axis=0)
    spread = np.sqrt(variance)
    return {"overall_need": np.array(centre), "overall_spread": np.where(spread > 0, spread, 1.0)}


# --- rules ------------------------------------------------------------------------


def shown(correlation: float, deviation: float, z: float) -> float:
    """Return an attribute correlated with a need, c x + sqrt(1 - c^2) z.

    Parameters
    ----------
    correlation : float
        c, -1 to 1.
    deviation : float
        x, the need's standardized deviation from the mean.
    z : float
        Standard normal variate.

    Returns
    -------
    float
        Standardized, without a unit.
    """
    return correlation * deviation + sqrt(1.0 - correlation * correlation) * z


# --- passes -----------------------------------------------------------------------


def arrive(
    n, first, arriving, need, firmographic, behavioural, overall_need, overall_spread,
    market_attributes_firmographic, market_attributes_behavioural, key_firmographic,
    key_behavioural,
):  # fmt: skip
    """Draw the attributes of newcomers; they stay, also where needs drift."""
    for i in range(n):
        if arriving[i] == 0:
            continue
        for d in range(len(need)):
            deviation = (need[d, i] - overall_need[d]) / overall_spread[d]
            firmographic[d, i] = shown(
                market_attributes_firmographic[0], deviation, normal(key_firmographic[d], first + i)
            )
            behavioural[d, i] = shown(
                market_attributes_behavioural[0], deviation, normal(key_behavioural[d], first + i)
            )


OBSERVABLE_ATTRIBUTES = Mechanism(
    "observable_attributes",
    doc="Observable attributes of customers",
    market=MarketParameters,
    columns=(
        Column("firmographic", ("need",), doc="Firmographic attribute, by need"),
        Column("behavioural", ("need",), doc="Behavioural attribute, by need"),
    ),
    draws=(Draw("firmographic", ("need",)), Draw("behavioural", ("need",))),
    setup=_setup,
    passes=(Pass(arrive, "arrive", after=("people.arrive",)),),
    active=lambda scenario: scenario.attributes is not None,
)


# -- Bases of segmentation: share of the variance of needs explained ---------------------------


BASES = ("firmographic", "behavioural")


# --- rules ------------------------------------------------------------------------


def product(a: float, b: float) -> float:
    """Return the product, in doubles.

    Parameters
    ----------
    a, b : float

    Returns
    -------
    float
    """
    return a * b


# --- passes -----------------------------------------------------------------------


def count(
    n, segment, need, firmographic, behavioural, sum_needs, sum_needs_seen, sum_needs_segment,
):  # fmt: skip
    """Add up needs, attributes, their squares and products."""
    for i in range(n):
        c = tile(i)
        g = segment[i]
        sum_needs_segment[c, g, 0] += 1.0
        for d in range(len(need)):
            x = need[d, i]
            sum_needs[c, d, 0] += 1.0
            sum_needs[c, d, 1] += x
            sum_needs[c, d, 2] += product(x, x)
            sum_needs_segment[c, g, 1 + d] += x
            for k in range(2):
                a = firmographic[d, i] if k == 0 else behavioural[d, i]
                sum_needs_seen[c, d, k, 0] += a
                sum_needs_seen[c, d, k, 1] += product(a, a)
                sum_needs_seen[c, d, k, 2] += product(a, x)


# --- measures ---------------------------------------------------------------------


def _spread(n: np.ndarray, x: np.ndarray, xx: np.ndarray) -> np.ndarray:
    """Return the summed squares of needs around their means; 0 where that is rounding."""
    around = (xx - x * x / n).sum(axis=1)
    return np.where(around > 1e-12 * (1.0 + xx.sum(axis=1)), around, 0.0)


def _by_attribute(base: int) -> Callable[[Any], np.ndarray]:
    def share(b: Any) -> np.ndarray:
        n, x, xx = np.moveaxis(b.count("needs"), -1, 0)
        a, aa, ax = np.moveaxis(b.count("needs_seen")[:, :, base], -1, 0)
        explained = ratio((ax - a * x / n) ** 2, aa - a * a / n).sum(axis=1)
        return ratio(explained, _spread(n, x, xx))

    share.__doc__ = (
        f"Share of the variance of needs over all customers that {BASES[base]} attributes explain."
    )
    return share


def need_variance_explained_segment(b: Any) -> np.ndarray:
    """Share of the variance of needs over all customers that lies between segments."""
    n, x, xx = np.moveaxis(b.count("needs"), -1, 0)
    members = b.count("needs_segment")
    within = np.nan_to_num(ratio(members[:, :, 1:] ** 2, members[:, :, :1])).sum(axis=1)
    between = (within - x * x / n).sum(axis=1)
    return ratio(between, _spread(n, x, xx))


SEGMENTATION_BASES = Mechanism(
    "segmentation_bases",
    doc="Need variance explained by bases of segmentation",
    accumulators=(
        Accumulator("needs", "Customers, their needs, and squares", ("need", 3)),
        Accumulator("needs_seen", "Attributes, squares, products with needs", ("need", 2, 3)),
        Accumulator("needs_segment", "Customers and needs by segment", ("segment", "room_of_need")),
    ),
    axes=lambda scenario: {"room_of_need": ("customers", *map(str, range(scenario.needs)))},
    passes=(Pass(count, "account"),),
    measures=(
        *(
            Measure(
                f"need_variance_explained_{base}",
                f"Need variance explained, {base} attributes",
                "share",
                _by_attribute(k),
                level="market",
            )
            for k, base in enumerate(BASES)
        ),
        Measure.of(
            need_variance_explained_segment,
            "Need variance explained, segments",
            "share",
            level="market",
        ),
    ),
    active=lambda scenario: scenario.attributes is not None,
)
