"""Value tiers: differentiation by value under a limited capacity for individual service.

Each period the firm ranks its customers, at random, by purchase records or by a model fitted to
them, and serves the first individually, as far as capacity allows. The others are not recognized
that period.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cxsim.model.ledger import ratio
from cxsim.model.mechanism import Accumulator, Column, Draw, Measure, Mechanism, Pass, tile
from cxsim.model.targeting.differentiation import (
    best,
    forecast,
    forecast_features,
    is_there,
    recency_frequency_value,
)
from cxsim.numerics.draws import uniform
from cxsim.parameters import Ask, Parameters, parameter

if TYPE_CHECKING:
    import pandas as pd


# -- Measures of value tiers: individual service, targeting lift, contribution by tier ----------


#: Tiers from the top, and their shares of the firm's customers (a pyramid after Zeithaml, Rust &
#: Lemon 2001; where they are cut is an assumption).
TIERS = (("top 5 %", 0.05), ("next 15 %", 0.15), ("next 30 %", 0.30), ("lower half", 0.50))


def customers_served_individually(b: Any) -> np.ndarray:
    """Customers whom the firm serves individually in the period."""
    return b.total("served")


def individual_service_share(b: Any) -> np.ndarray:
    """Share of the firm's customers who are served individually in the period."""
    return ratio(b.count("served"), b.count("customers_before")[:, 1:])


def lift(value_chosen: Any, chosen: Any, value_all: Any, everybody: Any) -> np.ndarray:
    """Return the mean value of chosen customers over that of all; NaN where that is 0.

    Parameters
    ----------
    value_chosen : ndarray, shape (T, F)
        True value of the customers chosen, summed, currency.
    chosen : ndarray, shape (T, F)
        Their number.
    value_all : ndarray, shape (T, F)
        True value of all who could be chosen, summed, currency.
    everybody : ndarray, shape (T, F)
        Their number.

    Returns
    -------
    ndarray, shape (T, F)
        Times chance: 1 is as good as random targeting.
    """
    mean = ratio(value_all, everybody)
    return ratio(ratio(value_chosen, chosen), np.where(mean > 1e-12, mean, 0.0))


def service_lift(b: Any) -> np.ndarray:
    """Mean true value of customers served individually over that of all who could be chosen."""
    everybody = b.count("value_ranked"), b.count("ranked")
    return lift(b.count("value_served"), b.count("served"), *everybody)


def service_lift_oracle(b: Any) -> np.ndarray:
    """Targeting lift if the firm knew true values; random targeting has a lift of 1."""
    everybody = b.count("value_ranked"), b.count("ranked")
    return lift(b.count("value_best"), b.count("served"), *everybody)


def individual_service_cost(b: Any) -> np.ndarray:
    """Cost of individual service in the period."""
    return b.total("served") * np.nan_to_num(b.firm("value_tiers_individual_cost"))


MEASURES = (
    Measure(
        "customers_served_individually",
        "Customers served individually",
        "customers",
        customers_served_individually,
        summary="last",
    ),
    Measure(
        "individual_service_share",
        "Share of customers served individually",
        "share",
        individual_service_share,
    ),
    Measure("service_lift", "Targeting lift, individual service", "times chance", service_lift),
    Measure(
        "service_lift_oracle",
        "Targeting lift, individual service, oracle",
        "times chance",
        service_lift_oracle,
    ),
    Measure(
        "individual_service_cost",
        "Cost of individual service",
        "currency per period",
        individual_service_cost,
        summary="sum",
        cost="contribution",
    ),
)


def tier_frame(ledger: Any, scenario: Any) -> pd.DataFrame:
    """Return customers and contribution by period, firm and value tier.

    Columns ``period, firm, tier, customers, contribution_margin``: those who were the
    firm's customers before the choice, and what they paid it less what their purchases cost, for
    the whole market.

    Parameters
    ----------
    ledger : Ledger
    scenario : Scenario

    Returns
    -------
    DataFrame
        Customers and currency per period, whole market.
    """
    import pandas as pd

    ranking = [k for k, name in enumerate(ledger.firms) if scenario.firms[name].value_tiers]
    order = [k for name in scenario.firms for k in ranking if ledger.firms[k] == name]
    customers, contribution = ledger.total("tier_customers"), ledger.total("tier_contribution")
    names = [name for name, _ in TIERS]
    shape = (ledger.periods, len(order), len(TIERS))
    firms = [ledger.firms[k] for k in order]
    return pd.DataFrame(
        {
            "period": np.repeat(np.arange(ledger.periods), len(order) * len(TIERS)),
            "firm": pd.Categorical(
                np.broadcast_to(np.array(firms, dtype=object)[None, :, None], shape).ravel(),
                categories=firms,
            ),
            "tier": pd.Categorical(
                np.broadcast_to(np.array(names, dtype=object), shape).ravel(),
                categories=names,
                ordered=True,
            ),
            "customers": customers[:, order].ravel(),
            "contribution_margin": contribution[:, order].ravel(),
        }
    )


# -- Differentiation by value under a limited capacity for individual service -------------------


EVERYONE, ANALYTICS, PREDICTIVE = range(3)


class ValueTiers(Parameters):
    """Capacity, ranking and cost of individual service."""

    contact_capacity: float = parameter(
        1.0, "Capacity: share of its customers that the firm can serve individually", "share"
    )
    goes_to: Literal["everyone", "analytics", "predictive"] = parameter(
        "everyone",
        doc="Ranking of customers: at random; by recency, frequency and monetary value; or by the "
        "contribution that a model fitted to purchase records forecasts",
        source="Hughes 1994 (recency, frequency, monetary value)",
    )
    refit_every: int = parameter(
        12, "Periods that the model forecasts, and between its fits", "periods", ge=1
    )
    focus: tuple[str, ...] | None = parameter(
        None,
        doc="Segments that the firm serves individually; others get the standard offer",
        fixed=True,
    )
    individual_cost: float = parameter(
        0.0,
        doc="Cost of individual service of a customer",
        unit="currency per customer and period",
        ge=0,
        ask=Ask(free="individual service"),
    )


class FirmParameters(Parameters):
    """Differentiation by value of a firm."""

    value_tiers: ValueTiers | None = parameter(
        None, "Value tiers: individual service for some customers only"
    )


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    """Return the segments that each firm serves individually."""
    segments = sorted(scenario.segments)
    tiers = [scenario.firms[name].value_tiers for name in sorted(scenario.firms)]
    return {
        "in_focus": np.array(
            [[t is None or t.focus is None or g in t.focus for g in segments] for t in tiers],
            dtype=np.int8,
        )
    }


def _check(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for name, firm in scenario.firms.items():
        tiers = firm.value_tiers
        if tiers is None:
            continue
        for number, segment in enumerate(tiers.focus or ()):
            if segment not in scenario.segments:
                text = f"expected a segment ({', '.join(scenario.segments)}), found {segment!r}"
                yield ("firms", name, "value_tiers", "focus", number), text
        if tiers.goes_to == "predictive" and not is_there():
            text = "expected scikit-learn for 'predictive' (pip install 'cxsim[study]'), found none"
            yield ("firms", name, "value_tiers", "goes_to"), text


# --- rules ------------------------------------------------------------------------


def room(capacity: float, customers: int) -> int:
    """Return the number of customers that a firm can serve individually, rounded.

    Parameters
    ----------
    capacity : float
        Share of its customers that a firm can serve individually.
    customers : int
        Of the firm.

    Returns
    -------
    int
        Customers.
    """
    return int(capacity * customers + 0.5)


# --- passes -----------------------------------------------------------------------


def draw_candidates(n, first, n_firms, supplier, service_draw, key_service):
    """Draw each customer's random rank with its supplier."""
    for i in range(n):
        s = max(0, supplier[i])
        service_draw[i] = uniform(key_service[s], first + i)


def rank(
    n_firms, clock, segment, supplier, entry_period, service_draw, first_purchase, last_purchase,
    frequency, paid, earned, true_value, snapshot, served, tier, value_model, in_focus, firm_active,
    firm_value_tiers_contact_capacity, firm_value_tiers_goes_to, firm_value_tiers_refit_every,
    sum_ranked, sum_served, sum_value_ranked, sum_value_served, sum_value_best,
):  # fmt: skip
    """Rank each firm's customers, and serve the first of them individually."""
    now = clock[0]
    served[:] = 1
    tier[:] = -1
    for f in range(n_firms):
        capacity = firm_value_tiers_contact_capacity[f]
        if np.isnan(capacity) or firm_active[f] < 0.5:
            continue
        hers = np.flatnonzero(supplier == f)
        served[hers] = in_focus[f, segment[hers]]
        hers = hers[served[hers] > 0]
        many = room(capacity, len(hers))
        record = (first_purchase[f, hers], last_purchase[f, hers], frequency[f, hers])
        if firm_value_tiers_goes_to[f] == EVERYONE:
            score = -service_draw[hers]
        else:
            score = recency_frequency_value(now - record[1], record[2], paid[f, hers])
            if firm_value_tiers_goes_to[f] == PREDICTIVE:
                refit(
                    f, now, firm_value_tiers_refit_every[f], entry_period, first_purchase,
                    last_purchase, frequency, snapshot, value_model,
                )  # fmt: skip
                if value_model[f, 4] > 0:
                    features = forecast_features(now, *record)
                    buys = np.exp(np.minimum(value_model[f, 0] + features @ value_model[f, 1:4], 9))
                    each = earned[f, hers].sum(dtype=np.float64) / max(1, record[2].sum())
                    score = buys * (earned[f, hers] + each) / (record[2] + 1.0)
        order = hers[best(score, len(hers))]
        served[order[many:]] = 0
        ends = np.ceil(np.cumsum([share for _, share in TIERS]) * len(order) - 1e-9)
        tier[order] = np.searchsorted(ends, np.arange(len(order)), "right")
        truth = true_value[f].astype(np.float64)
        sum_ranked[0, f] = len(order)
        sum_served[0, f] = many
        sum_value_ranked[0, f] = truth[order].sum()
        sum_value_served[0, f] = truth[order[:many]].sum()
        sum_value_best[0, f] = truth[hers[best(truth[hers], many)]].sum()


def refit(f, now, every, entry_period, first_purchase, last_purchase, frequency, snapshot, model):
    """Fit the forecast to purchases since the last snapshot of records, and take a new snapshot.

    A customer who has left the market since counts as one without purchases: the firm cannot
    distinguish the two.

    Parameters
    ----------
    f, now, every : int
        Firm, period, and periods between fits.
    entry_period : ndarray, shape (customers,)
        Periods of arrival.
    first_purchase, last_purchase, frequency : ndarray, shape (firm, customers)
        Periods of purchases from the firm, and their number.
    snapshot : ndarray, shape (firm, 4, customers)
        Features and number of purchases at the last fit; rewritten.
    model : ndarray, shape (firm, 7)
        Intercept, three coefficients, whether it was fitted, the period of the snapshot and whether
        one was taken; rewritten.
    """
    if model[f, 6] > 0 and now - model[f, 5] < every:
        return
    if model[f, 6] > 0:
        had = snapshot[f, 3] > 0
        since = frequency[f] - snapshot[f, 3]
        since = np.where(entry_period > model[f, 5], 0.0, since)[had]
        fitted = forecast(snapshot[f, :3, had].astype(np.float64), since)
        if fitted is not None:
            model[f, :4] = fitted
            model[f, 4] = 1.0
    snapshot[f, :3] = forecast_features(now, first_purchase[f], last_purchase[f], frequency[f]).T
    snapshot[f, 3] = frequency[f]
    model[f, 5] = now
    model[f, 6] = 1.0


def serve(n, n_firms, segment, supplier, served, in_focus, recognition, customization):
    """Remove recognition without individual service, and customization outside the focus."""
    for i in range(n):
        for f in range(n_firms):
            if in_focus[f, segment[i]] == 0:
                recognition[f, i] = 0.0
                customization[f, i] = 0.0
        if supplier[i] >= 0 and served[i] == 0:
            recognition[supplier[i], i] = 0.0


def count(n, n_firms, tier, supplier, choice, margin, sum_tier_customers, sum_tier_contribution):
    """Add up customers and contribution by value tier."""
    for i in range(n):
        if tier[i] >= 0:
            s = supplier[i]
            sum_tier_customers[tile(i), s, tier[i]] += 1.0
            if choice[i] == s:
                sum_tier_contribution[tile(i), s, tier[i]] += margin[i]


VALUE_TIERS = Mechanism(
    "value_tiers",
    doc="Value tiers: individual service for some customers only",
    firm=FirmParameters,
    tables=(("value_model", ("firm", 7)),),
    setup=_setup,
    columns=(
        Column("service_draw", doc="Random draw for targeting with the supplier"),
        Column(
            "served",
            dtype="i1",
            fill=1,
            doc="1 for a customer served individually",
            ge=0,
            le=1,
        ),
        Column("tier", dtype="i1", fill=-1, doc="Value tier, 0 the highest; -1 for none"),
        Column("snapshot", ("firm", 4), shared=True, doc="Features of the last forecast"),
    ),
    draws=(Draw("service", ("firm",), stream="turn"),),
    accumulators=(
        Accumulator("ranked", "Customers ranked by the firm"),
        Accumulator("served", "Customers served individually"),
        Accumulator("value_ranked", "True value of customers ranked, currency"),
        Accumulator("value_served", "True value of customers served individually, currency"),
        Accumulator(
            "value_best", "True value of as many customers of highest true value, currency"
        ),
        Accumulator("tier_customers", "Customers by value tier", ("firm", len(TIERS))),
        Accumulator(
            "tier_contribution", "Contribution margin by value tier, currency", ("firm", len(TIERS))
        ),
    ),
    check=_check,
    passes=(
        Pass(draw_candidates, "contact"),
        Pass(
            rank,
            "contact",
            population=True,
            after=("value_tiers.draw_candidates", "true_value.compute_true_value"),
        ),
        Pass(serve, "adjust"),
        Pass(count, "update"),
    ),
    measures=MEASURES,
    frames={"tiers": tier_frame},
    active=lambda scenario: any(f.value_tiers is not None for f in scenario.firms.values()),
)
