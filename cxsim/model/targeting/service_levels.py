"""Service levels: a firm's customers in classes of service, the first looked after by managers.

Levels are multipliers of recognition, interaction and customization, so that a level of 1 is the
service that everybody gets. Account managers are few: the more accounts they look after, the
closer key service comes to that of everybody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from cxsim.messages import hint
from cxsim.model.mechanism import Accumulator, Column, Draw, Measure, Mechanism, Pass
from cxsim.model.targeting.differentiation import best, recency_frequency_value
from cxsim.model.targeting.value_tiers import EVERYONE, room
from cxsim.numerics.draws import uniform
from cxsim.parameters import Ask, Parameters, parameter

#: Service levels from the top. The first is that of account managers.
LEVELS = ("key", "gold", "silver")


class ServiceLevel(Parameters):
    """One service level of a firm."""

    share: float = parameter(0.0, "Share of its customers in the level", "share", ge=0, le=1)
    recognition: float = parameter(
        1.0, "Factor of the chance to recognize them, which stays at most 1", "factor", ge=0
    )
    interaction: float = parameter(
        1.0, "Factor of interaction with them, which stays at most 1", "factor", ge=0
    )
    customization: float = parameter(
        1.0, "Factor of customization for them, which stays at most 1", "factor", ge=0
    )
    cost: float = parameter(
        0.0,
        doc="Cost of the level for a customer in it",
        unit="currency per customer and period",
        ge=0,
        ask=Ask(free="the service level"),
    )


class AccountManagers(Parameters):
    """The people who look after customers of the level key."""

    managers: float = parameter(0.0, "Account managers (whole market)", "people", ge=0)
    accounts_each: float = parameter(
        30.0, "Accounts that one can look after in full (default an assumption)", "accounts", gt=0
    )
    cost: float = parameter(
        0.0,
        doc="Cost of an account manager",
        unit="currency per manager and period",
        ge=0,
        ask=Ask(free="account managers"),
    )


class FirmParameters(Parameters):
    """Service levels of a firm."""

    service_levels: dict[str, ServiceLevel] = parameter(
        {},
        doc="Service levels key, gold and silver; customers in none get the base service",
        axes=("service_level",),
    )
    service_levels_by: Literal["everyone", "analytics"] = parameter(
        "everyone",
        doc="Who is in the higher levels: at random each period, or by recency, frequency and "
        "monetary value",
        source="Hughes 1994 (recency, frequency, monetary value)",
    )
    account_managers: AccountManagers | None = parameter(
        None, "Account managers of the level key; without, its service does not fade"
    )


def _axes(scenario: Any) -> dict[str, tuple[str, ...]]:
    return {"service_level": LEVELS}


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    """Return how many customers of the market each simulated one stands for."""
    return {"stands_for": np.array([scenario.market_size / scenario.customers])}


def _check(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for name, firm in scenario.firms.items():
        for level in firm.service_levels:
            if level not in LEVELS:
                known = ", ".join(LEVELS)
                text = f"expected a service level ({known}), found {level!r}{hint(level, LEVELS)}"
                yield ("firms", name, "service_levels", level), text
        total = sum(level.share for level in firm.service_levels.values())
        if total > 1.0 + 1e-9:
            text = f"expected shares that add up to at most 1, found {total:g}"
            yield ("firms", name, "service_levels"), text
        if firm.account_managers is not None and "key" not in firm.service_levels:
            text = "expected none without the level service_levels.key, found some"
            yield ("firms", name, "account_managers"), text


def _used(scenario: Any) -> bool:
    return any(firm.service_levels for firm in scenario.firms.values())


# --- rules ------------------------------------------------------------------------


def attention(managers: float, accounts_each: float, accounts: float) -> float:
    """Return how much of key service an account gets, min(1, managers accounts_each / accounts).

    Parameters
    ----------
    managers : float
        Account managers.
    accounts_each : float
        Accounts that one can look after in full.
    accounts : float
        Customers of the level key.

    Returns
    -------
    float
        Share, 1 where there are no accounts.
    """
    return min(1.0, managers * accounts_each / accounts) if accounts > 0.0 else 1.0


def faded(factor: float, share: float) -> float:
    """Return a factor that fades toward 1 with the attention that a customer gets.

    Parameters
    ----------
    factor : float
        At full attention.
    share : float
        Attention, from 0 to 1.

    Returns
    -------
    float
        Factor.
    """
    return 1.0 + (factor - 1.0) * share


# --- passes -----------------------------------------------------------------------


def draw_places(n, first, supplier, level_draw, key_level):
    """Draw each customer's random place among those of its supplier."""
    for i in range(n):
        level_draw[i] = uniform(key_level[max(0, supplier[i])], first + i)


def place(
    n_firms, n_service_level, clock, supplier, level_draw, last_purchase, frequency, paid,
    service_level, level_attention, stands_for, firm_active, firm_service_levels_share,
    firm_service_levels_by, firm_service_levels_cost, firm_account_managers_managers,
    firm_account_managers_accounts_each, firm_account_managers_cost, sum_in_level,
    sum_key_attention, sum_level_cost,
):  # fmt: skip
    """Place each firm's customers in its service levels, the first in the highest."""
    service_level[:] = -1
    level_attention[:] = 1.0
    for f in range(n_firms):
        shares = np.nan_to_num(firm_service_levels_share[f])
        if firm_active[f] < 0.5 or np.isnan(firm_service_levels_share[f]).all():
            continue
        own = np.flatnonzero(supplier == f)
        if firm_service_levels_by[f] == EVERYONE:
            score = -level_draw[own]
        else:
            pause = clock[0] - last_purchase[f, own]
            score = recency_frequency_value(pause, frequency[f, own], paid[f, own])
        order = own[best(score, min(len(own), room(shares.sum(), len(own))))]
        start = 0
        for level in range(n_service_level):
            end = min(len(order), room(shares[: level + 1].sum(), len(own)))
            service_level[order[start:end]] = level
            sum_in_level[0, f, level] = end - start
            each = firm_service_levels_cost[f, level]
            sum_level_cost[0, f] += 0.0 if np.isnan(each) else each * (end - start)
            start = end
        managers = firm_account_managers_managers[f]
        if not np.isnan(managers):
            level_attention[f] = attention(
                managers,
                firm_account_managers_accounts_each[f],
                sum_in_level[0, f, 0] * stands_for[0],
            )
            # managers are paid for the whole market, customers are simulated in part
            sum_level_cost[0, f] += managers * firm_account_managers_cost[f] / stands_for[0]
        sum_key_attention[0, f] = level_attention[f] * sum_in_level[0, f, 0]


def serve(
    n, supplier, service_level, level_attention, recognition, interaction, customization,
    firm_service_levels_recognition, firm_service_levels_interaction,
    firm_service_levels_customization,
):  # fmt: skip
    """Multiply a supplier's recognition, interaction and customization by those of the level."""
    for i in range(n):
        level = service_level[i]
        if level >= 0:
            s = supplier[i]
            share = level_attention[s] if level == 0 else 1.0
            r = faded(firm_service_levels_recognition[s, level], share)
            a = faded(firm_service_levels_interaction[s, level], share)
            c = faded(firm_service_levels_customization[s, level], share)
            recognition[s, i] = min(1.0, recognition[s, i] * r)
            interaction[s, i] = min(1.0, interaction[s, i] * a)
            customization[s, i] = min(1.0, customization[s, i] * c)


# --- measures ---------------------------------------------------------------------


def customers_above_base_service(b: Any) -> np.ndarray:
    """Customers of the firm in a service level, not in the base service."""
    return b.total("in_level").sum(axis=2)


def key_attention(b: Any) -> np.ndarray:
    """Share of full key service that the firm's key accounts get; missing without any."""
    accounts = b.count("in_level")[:, :, 0]
    return np.divide(
        b.count("key_attention"), accounts, out=np.full(accounts.shape, np.nan), where=accounts > 0
    )


def service_level_cost(b: Any) -> np.ndarray:
    """Cost of service levels and account managers in the period."""
    return b.total("level_cost")


SERVICE_LEVELS = Mechanism(
    "service_levels",
    doc="Service levels and account managers",
    firm=FirmParameters,
    axes=_axes,
    setup=_setup,
    tables=(("level_attention", ("firm",)),),
    columns=(
        Column("level_draw", doc="Random place among the customers of the supplier"),
        Column("service_level", dtype="i1", fill=-1, doc="Service level, 0 the highest; -1: base"),
    ),
    draws=(Draw("level", ("firm",)),),
    accumulators=(
        Accumulator("in_level", "Customers by service level", ("firm", "service_level")),
        Accumulator("key_attention", "Key accounts times the share of service that they get"),
        Accumulator("level_cost", "Cost of service levels and account managers, currency"),
    ),
    check=_check,
    passes=(
        Pass(draw_places, "contact"),
        Pass(place, "contact", population=True, after=("service_levels.draw_places",)),
        Pass(serve, "adjust", after=("channels.recognize", "value_tiers.serve")),
    ),
    measures=(
        Measure.of(
            customers_above_base_service,
            "Customers above base service",
            "customers",
            summary="last",
        ),
        Measure.of(key_attention, "Key service that accounts get", "share"),
        Measure.of(
            service_level_cost,
            "Cost of service levels",
            "currency per period",
            summary="sum",
            cost="contribution",
        ),
    ),
    active=_used,
)
