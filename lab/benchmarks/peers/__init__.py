"""The same market as others would write it, and the results that all of them report.

Declaration of the model that every peer implements (the core of the model page with
the parameters that the baseline uses):

- A customer has a segment, a need in two dimensions, a lognormal price sensitivity and a
  normal brand preference for each firm; no supplier at first. Each period it leaves the market
  with a chance and is replaced by a newcomer of the same segment with fresh attributes.
- With a chance it is in the market and takes the best of all firms and of no purchase
  by price sensitivity times (quality - fit weight x fit gap - price + brand
  preference - ordering effort - switching cost) plus a Gumbel shock, where fit gap, ordering
  effort and the onboarding effort at a rival depend on the firm's knowledge of the customer.
- A buyer becomes the firm's customer; if recognized, it teaches the firm. Every other
  firm forgets a little.
- Every period and firm, at least (``measures="few"``): market share, retention, mean
  knowledge of the firm's customers, their mean procedural and relational switching
  cost, revenue and profit. To do the work that a run of the simulator does by default
  (``measures="all"``), also: the brand-switching matrix, the fit gap with and without
  customization, ordering and onboarding effort, contacts recognized, the spread of switching
  costs, customers who left, retention by knowledge and by tenure, lifetime value, consumer
  surplus.

Parameters that the baseline leaves at zero (promotions, premiums, savings, drift, initial
shares) are left out, which spares the peers work that the simulator does; a scenario
that uses one is refused.
"""

from __future__ import annotations

from typing import Any

__all__ = ["FEW", "MORE", "plain", "tenure_band"]

#: What each peer reports at least, by period and firm, under the names of the simulator.
FEW = (
    "market_share",
    "stayed",
    "customer_knowledge",
    "switching_procedural",
    "switching_relational",
    "revenue",
    "profit",
)

#: What it reports as well with ``measures="all"``.
MORE = (
    "customers_acquired",
    "customers_left_market",
    "recognition_rate",
    "onboarding_effort",
    "ordering_effort",
    "fit_gap",
    "fit_gap_closed",
    "switching_cost_sd",
    "customer_lifetime_value_present",
)

_UNUSED = {
    "firms": {"personal_premium": 0, "service_saving": 0, "active": True},
    "segments": {
        "brand_taste": "normal",
        "purchase_rate_shape": None,
        "exit_rate_beta": None,
        "volume": 1,
    },
}


def plain(scenario: Any) -> Any:
    """Return the scenario if it uses nothing that the peers leave out.

    Raises
    ------
    ValueError
        If it does.
    """
    for group, defaults in _UNUSED.items():
        for owner, parameters in getattr(scenario, group).items():
            for name, value in defaults.items():
                if getattr(parameters, name) != value:
                    raise ValueError(f"{group}.{owner}.{name}: peers know only {value!r}")
    promoted = [name for name, firm in scenario.firms.items() if firm.promotions.chance > 0]
    if promoted or scenario.changes or scenario.initial or scenario.warm_up:
        raise ValueError("peers know no promotions, events, initial state or warm-up")
    if scenario.switching_cost_form != "cost" or not scenario.no_purchase_option:
        raise ValueError("peers know the cost form with a no-purchase option only")
    extra = [m.name for m in scenario.mechanisms if not m.core and m.active(scenario)]
    if extra:
        raise ValueError(f"peers know the core only, not {', '.join(extra)}")
    return scenario


def tenure_band(tenure: Any) -> Any:
    """Return the band of a number of purchases, 0 (one) to 5 (32 and more)."""
    return (tenure > 1) + (tenure > 3) + (tenure > 7) + (tenure > 15) + (tenure > 31) + 0
