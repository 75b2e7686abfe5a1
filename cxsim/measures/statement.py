"""The statement of profit by firm: revenue, every line of cost, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxsim.measures import measures

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["profit_statement", "service_statement"]

#: What the core takes off revenue, in the order of the statement.
CORE_COSTS = (
    "production_cost",
    "contact_cost",
    "service_cost",
    "capability_cost",
    "capability_investment",
)


def profit_statement(firms: pd.DataFrame) -> pd.DataFrame:
    """Return revenue, each line of cost (mechanisms' own too) and profit, summed over a run.

    Parameters
    ----------
    firms : DataFrame
        As ``run.firms``, or part of it: some periods or firms.

    Returns
    -------
    DataFrame
        ``firm, line, label, amount`` in currency; costs are negative, so that the lines
        before ``profit`` add up to it. Lines that are zero for every firm are left out.

    Raises
    ------
    ValueError
        If a line of the core is missing.

    Notes
    -----
    Discounts and redeemed points are no costs: revenue is what was paid.
    """
    import pandas as pd

    known = {measure.name: measure for measure in measures("firm")}
    own = [m.name for m in known.values() if m.cost and m.name in firms.columns]
    for name in ("firm", "revenue", *CORE_COSTS, "profit"):
        if name not in firms.columns:
            raise ValueError(f"firms: expected a column {name!r}, found none")
    lines = ["revenue", *CORE_COSTS, *own, "profit"]
    sums = firms.groupby("firm", sort=False)[lines].sum()
    rows = []
    for line in lines:
        income = line in ("revenue", "profit") or known[line].income
        if line not in ("revenue", "profit") and not sums[line].any():
            continue
        for firm, amount in sums[line].items():
            rows.append((firm, line, known[line].label, amount if income else 0.0 - amount))
    made = pd.DataFrame(rows, columns=["firm", "line", "label", "amount"])
    made.attrs.update(firms.attrs)
    return made


def service_statement(firms: pd.DataFrame, scenario: Any) -> pd.DataFrame:
    """Return what serving customers individually costs each firm, in all and per customer.

    Parameters
    ----------
    firms : DataFrame
        As ``run.firms``.
    scenario : Scenario
        ``run.scenario``, for unit costs and volumes; taken as they stood at the start.

    Returns
    -------
    DataFrame
        One row per firm: ``customizing`` (the part of the cost of units that customization
        causes, of those for whom the firm customizes), ``contacts``, ``individual`` (what
        individual service costs beside the contact, where value tiers have such a cost),
        ``capabilities`` (fixed cost and investment), ``total``, all in currency over the run,
        ``per_customer`` and ``per_recognized``: total over customer-periods, and over contacts in
        which the customer was recognized.

    Raises
    ------
    ValueError
        If segments differ in their volume: units are then not known from purchases.
    """
    import pandas as pd

    volumes = {float(segment.volume) for segment in scenario.segments.values()}
    if len(volumes) > 1:
        raise ValueError(f"segments: expected one volume in all, found {sorted(volumes)}")
    (volume,) = volumes
    rows = []
    for name, part in firms.groupby("firm", sort=False):
        units = float(part["purchases"].sum()) * volume
        customizing = float(part["production_cost"].sum())
        customizing -= units * float(scenario.firms[name].unit_cost)
        contacts = float(part["contact_cost"].sum())
        own = float(part["individual_cost"].sum()) if "individual_cost" in part else 0.0
        fixed = float((part["capability_cost"] + part["capability_investment"]).sum())
        total = customizing + contacts + own + fixed
        recognized = float((part["recognized"].fillna(0.0) * part["purchases"]).sum())
        customers = float(part["customers"].sum())
        rows.append(
            {
                "firm": name,
                "customizing": customizing,
                "contacts": contacts,
                "individual": own,
                "capabilities": fixed,
                "total": total,
                "per_customer": total / customers if customers else float("nan"),
                "per_recognized": total / recognized if recognized else float("nan"),
            }
        )
    made = pd.DataFrame(rows)
    made.attrs.update(firms.attrs)
    return made
