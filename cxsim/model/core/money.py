"""Prices, revenue and costs of firms, and exit of insolvent firms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cxsim.model.mechanism import NONE, Accumulator, Draw, Mechanism, Pass, listed, scratch, tile
from cxsim.numerics.draws import uniform
from cxsim.parameters import Ask, Parameters, parameter

# -- Prices, revenue and costs -----------------------------------------------------------------


class Promotions(Parameters):
    """Temporary price cuts, drawn anew each period for the whole market."""

    chance: float = parameter(0.0, "Chance that a promotion runs", "per period", ge=0, le=1)
    depth: float = parameter(0.0, "Discount of a promotion as a share of the price", "share")
    display_value: float = parameter(
        0.0, "Value added by feature and display during a promotion", "currency per unit"
    )


class MarketParameters(Parameters):
    """The discount rate, and the upper limit of prices."""

    discount_rate: float = parameter(
        0.01, "Discount rate", "per period", fixed=True, ge=0, lt=1, ask=Ask()
    )
    price_limit: float | None = parameter(
        None,
        doc="Price, including the premium, at which a run stops as implausible "
        "(default: 1,000 times the highest price that the scenario states, at least 1,000)",
        unit="currency per unit",
        fixed=True,
        gt=0,
    )


class FirmParameters(Parameters):
    """Price and costs of a firm."""

    price: float = parameter(doc="Price", unit="currency per unit", ge=0)
    personal_premium: float = parameter(
        0.0,
        doc="Price increase for a fully customized offer to a fully known customer",
        unit="share of price",
        ge=0,
    )
    promotions: Promotions = parameter(Promotions(), doc="Promotions: temporary price cuts")
    unit_cost: float = parameter(
        0.0, "Unit cost of the standard offer", "currency per unit", ge=0, ask=Ask(free="units")
    )
    customization_cost: float = parameter(
        0.0,
        doc="Additional unit cost of full customization",
        unit="currency per unit",
        ge=0,
        ask=Ask(free="customization", beside=("customization",)),
    )
    interaction_cost: float = parameter(
        0.0,
        doc="Interaction cost: cost of a contact at full interaction",
        unit="currency per contact",
        ge=0,
        ask=Ask(free="interaction", beside=("interaction",)),
    )
    cost_to_serve: float = parameter(
        0.0,
        doc="Service cost of a purchase",
        unit="currency per purchase",
        ge=0,
        ask=Ask(free="handling of purchases"),
    )
    service_saving: float = parameter(
        0.0,
        doc="Share of the service cost saved with a fully known customer",
        unit="share",
        source="Reinartz & Kumar 2002: no evidence, hence 0",
    )
    capability_cost: float = parameter(
        0.0,
        doc="Overhead of a full capability; overhead grows with its square (whole market)",
        unit="currency per period",
        ge=0,
        ask=Ask(free="upkeep of capabilities", beside=("interaction", "customization")),
    )
    capability_investment: float = parameter(
        0.0,
        doc="One-off cost of raising a capability from 0 to 1 (whole market)",
        unit="currency",
        ge=0,
        ask=Ask(
            free="building of capabilities", beside=("interaction", "customization"), rising=True
        ),
    )
    initial_cash: float = parameter(0.0, "Cash at the start (whole market)", "currency", fixed=True)


def stated_prices(scenario: Any) -> tuple[float, float]:
    """Return the highest price and premium that firms start with or events set.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    price : float
        Currency per unit.
    premium : float
        Share of the price.
    """
    prices, premiums = [0.0], [0.0]
    for firm in scenario.firms.values():
        prices.append(getattr(firm, "price", 0.0))
        premiums.append(getattr(firm, "personal_premium", 0.0))
    for change in scenario.changes:
        if change.keys == ("price",):
            prices.append(change.value)
        elif change.keys == ("personal_premium",):
            premiums.append(change.value)
    return max(prices), max(premiums)


def price_limit(scenario: Any) -> float:
    """Return the highest price, including the premium, that a firm of the scenario may charge.

    Customers of the model have no budget, so without a no-purchase option only this limits
    prices.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    float
        Currency per unit.
    """
    given = getattr(scenario, "price_limit", None)
    if given is not None:
        return float(given)
    price, premium = stated_prices(scenario)
    highest = price * (1.0 + premium)
    return max(highest, min(1e15, 1000.0 * max(1.0, highest)))


def beyond_limit(price: float, limit: float) -> str:
    """Return the message that a price, including the premium, is above the limit.

    Parameters
    ----------
    price : float
        Including the personal premium, currency per unit.
    limit : float
        Highest price that may be charged, currency per unit.

    Returns
    -------
    str
        Without a place; who reports it names file, line and key.
    """
    return (
        f"expected a price of at most {limit:.10g} (price_limit), found {price:.10g}: let "
        "customers buy from nobody (no_purchase_option: true), or state a higher price_limit if "
        "such prices are meant"
    )


def _stated_within(scenario: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Check firms' prices against the limit, where one is stated."""
    if scenario.price_limit is None:
        return
    for name, firm in scenario.firms.items():
        asked = firm.price * (1.0 + firm.personal_premium)
        if asked > scenario.price_limit:
            yield ("firms", name, "price"), beyond_limit(asked, scenario.price_limit)


# --- rules ------------------------------------------------------------------------


def asked(
    price: float,
    premium: float,
    customization: float,
    recognition: float,
    knowledge: float,
    discount: float,
) -> float:
    """Return the price for one customer, p (1 + m C r K) (1 - d), currency per unit.

    Parameters
    ----------
    price : float
        p, list price, currency per unit.
    premium : float
        m, personal premium for a fully customized offer, share of the price.
    customization : float
        C, share.
    recognition : float
        r, chance that the firm recognizes the customer.
    knowledge : float
        K, customer knowledge, share.
    discount : float
        d, price cut of a promotion under way, share of the price; 0 without one.

    Returns
    -------
    float
        Currency per unit.
    """
    return price * (1.0 + premium * customization * recognition * knowledge) * (1.0 - discount)


def unit_cost(unit_cost: float, customization_cost: float, customization: float) -> float:
    """Return the unit cost of the customer's customized offer, c + c_C C, currency per unit.

    Parameters
    ----------
    unit_cost : float
        c, cost of a standard unit, currency.
    customization_cost : float
        c_C, further cost of a fully customized unit, currency.
    customization : float
        C, share.

    Returns
    -------
    float
        Currency per unit.
    """
    return unit_cost + customization_cost * customization


def service_cost(
    cost_to_serve: float, saving: float, recognition: float, knowledge: float
) -> float:
    """Return the service cost of a purchase, less the saving from knowledge, c (1 - g r K).

    Parameters
    ----------
    cost_to_serve : float
        c, of a customer of whom the firm knows nothing, currency per purchase.
    saving : float
        g, share of the cost that full knowledge saves.
    recognition : float
        r, chance that the firm recognizes the customer.
    knowledge : float
        K, share.

    Returns
    -------
    float
        Currency per purchase.
    """
    return cost_to_serve * (1.0 - saving * recognition * knowledge)


# --- passes -----------------------------------------------------------------------


def promote(
    n_firms, key_promotion, firm_promotions_chance, firm_promotions_depth,
    firm_promotions_display_value, discount, display,
):  # fmt: skip
    """Draw this period's promotions, one for the whole market per firm."""
    for f in range(n_firms):
        chance = firm_promotions_chance[f]
        runs = chance > 0.0 and uniform(int(key_promotion[f]), 0) < chance
        discount[f] = firm_promotions_depth[f] if runs else 0.0
        display[f] = firm_promotions_display_value[f] if runs else 0.0


def ask(
    n, n_firms, recognition, customization, uncertainty, price_asked, discount,
    firm_price, firm_personal_premium,
):  # fmt: skip
    """Set the price of each firm for each customer."""
    for f in range(n_firms):
        for i in range(n):
            price_asked[f, i] = asked(
                firm_price[f],
                firm_personal_premium[f],
                customization[f, i],
                recognition[f, i],
                1.0 - uncertainty[f, i],
                discount[f],
            )


def price(n, n_firms, volume, price_asked, value):
    """Subtract the price from the value of an option."""
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] -= volume[i] * price_asked[f, i]


def pay(
    n, n_firms, buyer, seller, units, recognition, interaction, customization, uncertainty,
    price_asked, margin, revenue, production, contacting, serving, firm_unit_cost,
    firm_customization_cost, firm_interaction_cost, firm_cost_to_serve, firm_service_saving,
    firm_price, firm_personal_premium, discount,
    sum_revenue, sum_discounts, sum_cost_of_goods_sold, sum_contact_cost, sum_service_cost,
):  # fmt: skip
    """Book revenue and the costs of goods sold, interaction and service."""
    buyers = listed(n, buyer)
    for k in range(buyers):
        i = buyer[k]
        f = seller[k]
        known = 1.0 - uncertainty[f, i]
        revenue[k] = units[f, i] * price_asked[f, i]
        production[k] = units[f, i] * unit_cost(
            firm_unit_cost[f], firm_customization_cost[f], customization[f, i]
        )
        contacting[k] = firm_interaction_cost[f] * interaction[f, i]
        serving[k] = service_cost(
            firm_cost_to_serve[f], firm_service_saving[f], recognition[f, i], known
        )
    for i in range(n):
        margin[i] = 0.0
    for k in range(buyers):
        f = seller[k]
        c = tile(buyer[k])
        margin[buyer[k]] = revenue[k] - production[k] - contacting[k] - serving[k]
        sum_revenue[c, f] += revenue[k]
        sum_cost_of_goods_sold[c, f] += production[k]
        sum_contact_cost[c, f] += contacting[k]
        sum_service_cost[c, f] += serving[k]
    for f in range(n_firms):
        if discount[f] > 0.0:
            for k in range(buyers):
                if seller[k] == f:
                    i = buyer[k]
                    full = asked(
                        firm_price[f],
                        firm_personal_premium[f],
                        customization[f, i],
                        recognition[f, i],
                        1.0 - uncertainty[f, i],
                        0.0,
                    )
                    cut = asked(
                        firm_price[f],
                        firm_personal_premium[f],
                        customization[f, i],
                        recognition[f, i],
                        1.0 - uncertainty[f, i],
                        discount[f],
                    )
                    sum_discounts[tile(i), f] += units[f, i] * full - units[f, i] * cut


MONEY = Mechanism(
    "money",
    doc="Prices, revenue and costs",
    core=True,
    market=MarketParameters,
    firm=FirmParameters,
    tables=("discount", "display"),
    columns=(
        scratch("price_asked", "Price for the customer, currency per unit", ("firm",)),
        scratch("revenue", "Amount paid, by position in the list of buyers"),
        scratch("production", "Cost of goods sold, by position in the list"),
        scratch("contacting", "Interaction cost, by position in the list"),
        scratch("serving", "Service cost, by position in the list"),
        scratch("margin", "Contribution margin of the purchase, currency"),
    ),
    draws=(Draw("promotion", ("firm",)),),
    accumulators=(
        Accumulator("revenue", "Revenue: amounts paid, currency"),
        Accumulator(
            "discounts", "Discounts of promotions, already deducted from revenue, currency"
        ),
        Accumulator("cost_of_goods_sold", "Cost of goods sold, currency"),
        Accumulator("contact_cost", "Interaction cost, currency"),
        Accumulator("service_cost", "Service cost, currency"),
    ),
    passes=(
        Pass(promote, "events", population=True),
        Pass(ask, "ask"),
        Pass(price, "add", term="price"),
        Pass(pay, "pay"),
    ),
    check=_stated_within,
)


# -- Exit: firms that stay insolvent leave the market ------------------------------------------


class ExitParameters(Parameters):
    """Credit limit and time to exit of a firm."""

    credit_limit: float | None = parameter(
        None,
        doc="Credit limit: highest debt of the firm (whole market); null: unlimited",
        unit="currency",
        ge=0,
    )
    insolvency_periods: int = parameter(
        3,
        doc="Consecutive periods of debt above the credit limit after which the firm exits",
        unit="periods",
        ge=1,
    )


# --- passes -----------------------------------------------------------------------


def release(n, supplier, tenure, gone, sum_released):
    """Leave customers of an exited firm without a supplier; other firms keep their knowledge."""
    for i in range(n):
        s = supplier[i]
        if s >= 0 and gone[s] > 0.5:
            sum_released[tile(i), s] += 1.0
            supplier[i] = NONE
            tenure[i] = 0


def _limited(scenario: Any) -> bool:
    """Return whether any firm has a credit limit, now or by an event."""
    given = any(firm.credit_limit is not None for firm in scenario.firms.values())
    return given or any(change.keys[0] == "credit_limit" for change in scenario.changes)


MARKET_EXIT = Mechanism(
    "market_exit",
    doc="Insolvent firms leave the market",
    firm=ExitParameters,
    tables=("gone",),
    accumulators=(
        Accumulator("released", "Customers who lost their supplier because it left the market"),
    ),
    passes=(Pass(release, "leave", before=("people.leave",)),),
    active=_limited,
)
