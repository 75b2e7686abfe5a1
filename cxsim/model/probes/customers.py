"""Probes of individual customers: switching costs, purchases, and a purchase panel."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.model.core.learning import learned, precision
from cxsim.model.core.offer import fit_gap_cost
from cxsim.model.core.switching import ordering_effort, premium_saved
from cxsim.model.customers.perceived_utility import ACCOUNT, fit_gap_of_account
from cxsim.model.ledger import ratio
from cxsim.model.mechanism import (
    NO_PURCHASE,
    NO_SUPPLIER,
    Column,
    Mechanism,
    Pass,
    listed,
)

if TYPE_CHECKING:
    import pandas as pd

# -- Switching costs and purchases of individual customers --------------------------------------


#: Purchases over which an identical rival catches up.
HORIZON = 120


# --- switching costs ----------------------------------------------------------------


def next_weight(weight: float, purchase_rate: float, discount_rate: float) -> float:
    """Return the discount weight of the purchase after one of this weight, w q / (q + d).

    The expected present value of one unit at the next purchase, when a purchase comes with chance q
    per period.

    Parameters
    ----------
    weight : float
        w, discount factor of the purchase before.
    purchase_rate : float
        q, chance of a purchase per period.
    discount_rate : float
        d, per period.

    Returns
    -------
    float
        Discount factor; 0 for a customer who never buys.
    """
    if purchase_rate > 0.0:
        return weight * purchase_rate / (purchase_rate + discount_rate)
    return 0.0


def keep_costs(
    n, segment, supplier, uncertainty, recognition, interaction, customization, disclosure,
    rival_knowledge, purchase_rate, need, member_need, self_error, decision_makers, tailored,
    choice, n_firms, bought,
    centre, segment_need_sd, segment_volume, segment_fit_weight, segment_ordering_effort,
    firm_position, firm_segment_insight, firm_price, firm_personal_premium, market_learning_rate,
    market_discount_rate, clock, last_period, switching_procedural, switching_financial,
    switching_relational,
    final_procedural, final_financial, final_relational, final_lifetime,
):  # fmt: skip
    """Store each customer's switching cost by part, and with the loss while a rival catches up."""
    for i in range(n):
        final_procedural[i] = switching_procedural[i]
        final_financial[i] = switching_financial[i]
        final_relational[i] = switching_relational[i]
        f = choice[i]
        if 0 <= f < n_firms:
            bought[f, i] += 1
        s = supplier[i]
        total = 0.0
        if s >= 0 and clock[0] == last_period[0]:  # the future is computed once
            total = switching_procedural[i] + switching_financial[i] + switching_relational[i]
            g = segment[i]
            r = recognition[s, i]
            customized = customization[s, i]
            signal = r * precision(market_learning_rate[0], interaction[s, i], disclosure[s, i])
            here = uncertainty[s, i] * 1.0
            there = 1.0 - rival_knowledge[i]
            weight = 1.0
            for _ in range(HORIZON):
                here = learned(here, signal)
                there = learned(there, signal)
                weight = next_weight(weight, purchase_rate[i], market_discount_rate[0])
                gap_there = fit_gap_of_account(
                    i, g, s, r, customized, 1.0 - there, need, member_need, self_error,
                    decision_makers[i], tailored[i], centre, segment_need_sd,
                    firm_position, firm_segment_insight,
                )  # fmt: skip
                gap_here = fit_gap_of_account(
                    i, g, s, r, customized, 1.0 - here, need, member_need, self_error,
                    decision_makers[i], tailored[i], centre, segment_need_sd,
                    firm_position, firm_segment_insight,
                )  # fmt: skip
                fit_lost = fit_gap_cost(
                    segment_volume[g], segment_fit_weight[g], gap_there - gap_here
                )
                ease_lost = ordering_effort(
                    segment_ordering_effort[g], r, interaction[s, i], 1.0 - there
                ) - ordering_effort(segment_ordering_effort[g], r, interaction[s, i], 1.0 - here)
                premium = premium_saved(
                    segment_volume[g],
                    firm_price[s],
                    firm_personal_premium[s],
                    customized,
                    r,
                    there - here,
                )
                total += weight * (fit_lost + ease_lost - premium)
        final_lifetime[i] = total


def mean_worth(o, i, decision_makers, value):
    """Return the value of an option to an account: the mean over its members.

    Parameters
    ----------
    o, i : int
        Option and account.
    decision_makers : float
        Members of the account.
    value : ndarray, shape (member, option, n)
        Values of options, currency.

    Returns
    -------
    float
        Currency.
    """
    total = 0.0
    for e in range(int(decision_makers)):
        total += value[e, o, i]
    return total / decision_makers


def keep_lead(n, n_firms, shopper, supplier, open_option, decision_makers, value, final_lead):
    """Store the lead of the supplier over the best rival at the last purchase occasion.

    It is the value of staying less that of the best active rival, including switching costs,
    without the random part: what the customer would lose by moving to the actual next best. An
    occasion without a rival to choose (a subscription not reconsidered) does not count.
    """
    for k in range(listed(n, shopper)):
        i = shopper[k]
        s = supplier[i]
        if s < 0 or open_option[s, i] == 0:
            final_lead[i] = nan
            continue
        best = -inf
        for f in range(n_firms):
            if f != s and open_option[f, i]:
                best = max(best, mean_worth(f, i, decision_makers[i], value))
        if best > -inf:
            final_lead[i] = mean_worth(s, i, decision_makers[i], value) - best


def forget(n, n_firms, arriving, bought, final_lead):
    """Reset the purchases of newcomers."""
    for f in range(n_firms):
        for i in range(n):
            if arriving[i]:
                bought[f, i] = 0
    for i in range(n):
        if arriving[i]:
            final_lead[i] = nan


_CUSTOMERS = Mechanism(
    "customers",
    doc="Switching costs and purchases by customer",
    columns=(
        Column("final_procedural", doc="Procedural switching cost, currency"),
        Column("final_financial", doc="Financial switching cost, currency"),
        Column("final_relational", doc="Relational switching cost, currency"),
        Column(
            "final_lifetime",
            doc="Switching cost with the discounted loss while an "
            "identical rival catches up, currency",
        ),
        Column("final_lead", doc="Lead over the best rival at the last purchase, currency"),
        Column("bought", ("firm",), dtype="i4", doc="Purchases from each firm since arrival"),
    ),
    passes=(
        Pass(forget, "arrive"),
        Pass(keep_lead, "decide", before=("choice.decide",)),
        Pass(keep_costs, "account", after=("switching.add_up",)),
    ),
)


def _among(name: str, mechanisms: tuple[Mechanism, ...]) -> bool:
    return any(mechanism.name == name for mechanism in mechanisms)


def _last_period(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    return {"last_period": np.array([int(scenario.periods) - 1])}


def customers(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Return the probe of every customer's switching cost and purchases.

    Parameters
    ----------
    scenario : Scenario
    mechanisms : tuple of Mechanism
        Of the scenario; members' needs are kept where they differ.

    Returns
    -------
    Mechanism
    """
    columns = _CUSTOMERS.columns
    if not _among("perceived_utility", mechanisms):
        columns += tuple(replace(column, state=False) for column in ACCOUNT)
    return replace(_CUSTOMERS, columns=columns, setup=_last_period)


# --- a purchase panel ---------------------------------------------------------------


def keep_choice(n, n_firms, choice, price_asked, in_market, panel_choice, panel_price):
    """Store each customer's choice and the prices it faced."""
    for i in range(n):
        panel_choice[i] = choice[i]
        for f in range(n_firms):
            panel_price[f, i] = price_asked[f, i] if in_market[i] else 0.0


def keep_units(n, buyer, seller, units, panel_units):
    """Store the units that each customer bought."""
    for i in range(n):
        panel_units[i] = 0.0
    for k in range(listed(n, buyer)):
        panel_units[buyer[k]] = units[seller[k], buyer[k]]


_PANEL = Mechanism(
    "panel",
    doc="Purchase panel",
    columns=(
        Column("panel_choice", dtype="i2", fill=-1, doc="Option chosen in the period, -1 for none"),
        Column("panel_price", ("firm",), doc="Prices for the customer, currency per unit"),
    ),
    passes=(Pass(keep_choice, "pay"),),
)


_PANEL_WITH_UNITS = replace(
    _PANEL,
    columns=(*_PANEL.columns, Column("panel_units", doc="Units bought in the period")),
    passes=(*_PANEL.passes, Pass(keep_units, "pay", after=("choice.buy",))),
)


def panel(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Return the probe of choices and prices by purchase occasion, and of units if they vary.

    Parameters
    ----------
    scenario : Scenario
    mechanisms : tuple of Mechanism
        Of the scenario.

    Returns
    -------
    Mechanism
    """
    return _PANEL_WITH_UNITS if _among("volume_response", mechanisms) else _PANEL


# -- Frames of individual customers, of penetration and of the panel ----------------------------


def _names(numbers: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Return option names by number; the last name stands for -1."""
    return np.array([*names, NO_SUPPLIER], dtype=object)[numbers]


def customer_frame(simulation: Any) -> pd.DataFrame:
    """Return one row per customer at the end of the run (needs probe ``"customers"``).

    Parameters
    ----------
    simulation : Simulation
        Finished.

    Returns
    -------
    DataFrame
        One row per simulated customer: ``customer``, ``segment``, ``born`` (period), ``supplier``,
        ``tenure`` (purchases), ``price_sensitivity`` (1 / currency), switching costs by part, in
        all, over the lifetime and towards the best rival (``switching_...``, currency), ``need_D``
        by dimension (distance), and by firm ``knowledge_FIRM`` (share), ``trust_FIRM`` (share,
        where data sharing depends on trust) and ``purchases_FIRM``.
    """
    import pandas as pd

    column = simulation.customers
    firms = simulation.ledger.firms
    frame = pd.DataFrame(
        {
            "customer": np.arange(simulation.scenario.customers),
            "segment": np.array(simulation.workspace.tables.segments)[column("segment")],
            "entry_period": column("entry_period"),
            "supplier": _names(column("supplier"), firms),
            "tenure": column("tenure"),
            "price_sensitivity": column("price_sensitivity"),
            "switching_procedural": column("final_procedural"),
            "switching_financial": column("final_financial"),
            "switching_relational": column("final_relational"),
        }
    )
    frame["switching_cost"] = (
        frame["switching_procedural"] + frame["switching_financial"] + frame["switching_relational"]
    )
    frame["switching_cost_lifetime"] = column("final_lifetime")
    frame["switching_cost_rival"] = column("final_lead")
    for dimension, values in enumerate(column("need")):
        frame[f"need_{dimension}"] = values
    uncertainty = column("uncertainty")
    for name in simulation.scenario.firms:
        frame[f"knowledge_{name}"] = 1.0 - uncertainty[firms.index(name)]
    if _among("trust", simulation.mechanisms):
        for name in simulation.scenario.firms:
            frame[f"trust_{name}"] = column("trust_level")[firms.index(name)]
    for name in simulation.scenario.firms:
        frame[f"purchases_{name}"] = column("bought")[firms.index(name)]
    return frame


def reach_frame(customers: pd.DataFrame, firms: list[str]) -> pd.DataFrame:
    """Return penetration and purchase frequency by firm, from final customers.

    ``penetration`` is the share of customers who have bought from the firm since they came
    to the market, ``purchase_frequency`` the mean purchases of those.

    Parameters
    ----------
    customers : DataFrame
        As :func:`customer_frame` returns it, one row per customer.
    firms : list of str

    Returns
    -------
    DataFrame
        ``firm``, ``penetration`` (share), ``purchase_frequency`` (purchases per buyer).
    """
    import pandas as pd

    bought = customers[[f"purchases_{name}" for name in firms]].to_numpy()
    buyers = (bought > 0).sum(axis=0)
    return pd.DataFrame(
        {
            "firm": firms,
            "penetration": buyers / len(customers),
            "purchase_frequency": ratio(bought.sum(axis=0), buyers),
        }
    )


def panel_rows(simulation: Any, households: int) -> pd.DataFrame:
    """Return the last period's purchase occasions of the first households (needs ``"panel"``).

    A household is a customer: its number and the period in which it came to the market.

    Parameters
    ----------
    simulation : Simulation
        Between two periods.
    households : int
        At most; the first ones by number.

    Returns
    -------
    DataFrame
        One row per purchase occasion: ``customer``, ``period``, ``choice`` (a firm, or
        ``"outside"``), ``price_FIRM`` (currency per unit), and ``units`` bought where they depend
        on the relationship.
    """
    import pandas as pd

    households = min(households, simulation.scenario.customers)
    choice = simulation.customers("panel_choice")[:households]
    there = np.flatnonzero(choice >= 0)
    firms = simulation.ledger.firms
    entered = simulation.customers("entry_period")[:households][there]
    frame = pd.DataFrame(
        {
            "customer": [
                f"{number}.{period}" if period >= 0 else str(number)
                for number, period in zip(there, entered, strict=True)
            ],
            "period": simulation.period - 1,
            "choice": _names(choice[there], (*firms, NO_PURCHASE)),
        }
    )
    prices = simulation.customers("panel_price")
    for name in simulation.scenario.firms:
        frame[f"price_{name}"] = prices[firms.index(name)][:households][there].astype(float)
    if _among("volume_response", simulation.mechanisms):
        frame["units"] = simulation.customers("panel_units")[:households][there].astype(float)
    return frame
