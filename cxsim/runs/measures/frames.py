"""Tidy data frames of a run, made of its ledger; columns are named as measures are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.model.core.people import TENURE_BANDS
from cxsim.model.experience.perception import expectation
from cxsim.model.ledger import Ledger, held_and_kept, ratio, tidy
from cxsim.model.mechanism import NO_PURCHASE, NO_SUPPLIER, Measure, Mechanism
from cxsim.runs.measures.measure_registry import measures

if TYPE_CHECKING:
    import pandas as pd

# -- Frames by period and firm, for the market, of brand switching and of tenure ---------------


#: Frames of a run, in the order of files and sheets.
FRAMES = (
    "firms",
    "market",
    "brand_switching",
    "tenure",
    "touchpoints",
    "cohorts",
    "churn_reasons",
    "price_elasticities",
    "word_of_mouth_effects",
    "customers",
    "purchase_frequency",
    "network_customers",
    "network_edges",
    "panel",
)


#: Columns of frames by firm and for the market that are not measures.
KEYS = {"firm": ("period", "firm", "quadrant"), "market": ("period",)}


_QUADRANTS = {
    (False, False): "I mass",
    (False, True): "II niche",
    (True, False): "III targeted",
    (True, True): "IV one-to-one",
}


def quadrant(interaction: float, customization: float, threshold: float = 0.5) -> str:
    """Return the quadrant of the capability matrix, as a label. No rule of the model reads it.

    Parameters
    ----------
    interaction, customization : float
        Shares.
    threshold : float
        Share from which on a capability counts as high.

    Returns
    -------
    str
        ``"I mass"``, ``"II niche"``, ``"III targeted"`` or ``"IV one-to-one"``.
    """
    return _QUADRANTS[interaction >= threshold, customization >= threshold]


def _order(scenario: Any, ledger: Ledger) -> list[int]:
    """Return the indices of the scenario's firms in the ledger, which sorts them by name."""
    return [ledger.firms.index(name) for name in scenario.firms]


def firm_frame(ledger: Ledger, scenario: Any, mechanisms: tuple[Mechanism, ...]) -> pd.DataFrame:
    """Return one row per period and firm; ``attrs["definitions"]`` defines the columns.

    Parameters
    ----------
    ledger : Ledger
    scenario : Scenario
    mechanisms : tuple of Mechanism
        Those that take part; their measures follow those of the core.

    Returns
    -------
    DataFrame
        ``period``, ``firm``, ``quadrant`` and a column per measure, in its unit.
    """
    import pandas as pd

    order = _order(scenario, ledger)
    names = list(scenario.firms)
    periods = ledger.periods
    columns: dict[str, Any] = {
        "period": np.repeat(np.arange(periods), len(names)),
        "firm": names * periods,
    }
    for measure in measures("firm", mechanisms):
        columns[measure.name] = measure.function(ledger)[:, order].ravel()
    frame = pd.DataFrame(columns)
    labels = [
        quadrant(a, c, scenario.matrix_threshold)
        for a, c in zip(frame["interaction"], frame["customization"], strict=True)
    ]
    frame.insert(2, "quadrant", labels)
    frame.attrs["definitions"] = {m.name: m.definition for m in measures("firm", mechanisms)}
    return frame


def market_frame(ledger: Ledger, mechanisms: tuple[Mechanism, ...]) -> pd.DataFrame:
    """Return one row per period; ``attrs["definitions"]`` defines the columns.

    Parameters
    ----------
    ledger : Ledger
    mechanisms : tuple of Mechanism
        Those that take part.

    Returns
    -------
    DataFrame
        ``period`` and a column per measure, in its unit.
    """
    import pandas as pd

    columns: dict[str, Any] = {"period": np.arange(ledger.periods)}
    for measure in measures("market", mechanisms):
        columns[measure.name] = measure.function(ledger)
    frame = pd.DataFrame(columns)
    frame.attrs["definitions"] = {m.name: m.definition for m in measures("market", mechanisms)}
    return frame


def switching_frame(ledger: Ledger, scenario: Any) -> pd.DataFrame:
    """Return purchases by period, previous supplier (or ``"no_supplier"``) and chosen option.

    Parameters
    ----------
    ledger : Ledger
    scenario : Scenario

    Returns
    -------
    DataFrame
        ``period``, ``origin``, ``destination``, ``purchases`` (per period, whole market).
    """
    order = _order(scenario, ledger)
    names = list(scenario.firms)
    flows = ledger.total("purchases")[:, [0, *(k + 1 for k in order)], :][:, :, [*order, -1]]
    origins, destinations = [NO_SUPPLIER, *names], [*names, NO_PURCHASE]
    axes = {"period": range(len(flows)), "origin": origins, "destination": destinations}
    return tidy(axes, purchases=flows)


def tenure_frame(ledger: Ledger, scenario: Any) -> pd.DataFrame:
    """Return customers before the choice and those who stayed, by period, firm and tenure band.

    Parameters
    ----------
    ledger : Ledger
    scenario : Scenario

    Returns
    -------
    DataFrame
        ``period``, ``firm``, ``tenure`` (band), ``customers`` and ``stayed`` (whole market).
    """
    order = _order(scenario, ledger)
    held, kept = (values[:, order] for values in held_and_kept(ledger, "tenure"))
    axes = {"period": range(len(held)), "firm": list(scenario.firms), "tenure": TENURE_BANDS}
    return tidy(axes, customers=held, stayed=kept)


# -- Actual and perceived performance at touchpoints -------------------------------------------


def touchpoint_frame(ledger: Ledger, scenario: Any) -> pd.DataFrame:
    """Return one row per period, firm and touchpoint, in the order of the journey.

    Columns: ``stage``, ``channel``, ``responsible_firm`` and ``importance`` as the scenario has
    them at the start; ``contacts`` (whole market); ``performance``, the mean actual performance in
    contacts; ``expectation`` that the firm's customers have of the firm as a whole;
    ``underlying_performance``, the mean of the touchpoint's performance;
    ``perceived_performance`` by the firm, with the standard error of its survey results in
    ``perceived_performance_se`` (NaN without responses); and the ``survey_responses`` of the
    period (of simulated customers). Where a touchpoint is required for a purchase, also
    ``abandoned_purchases``, given up there in the period (whole market).

    Parameters
    ----------
    ledger : Ledger
    scenario : Scenario
    """
    import pandas as pd

    firms, places = list(scenario.firms), scenario.journey
    order = [ledger.firms.index(name) for name in firms]
    periods, n = ledger.periods, len(firms) * len(places)
    contacts = ledger.count("contacts").sum(axis=3)[:, order]
    score = ledger.count("score").sum(axis=3)[:, order]

    def each(values: list[Any]) -> np.ndarray:
        return np.tile(np.array(values, dtype=object), periods * len(firms))

    def by_firm(name: str) -> np.ndarray:
        return ledger.count(name)[:, order].ravel()

    responsible = [
        scenario.firms[name].touchpoints[place].run_by
        if place in scenario.firms[name].touchpoints
        else "nobody"
        for name in firms
        for place in places
    ]
    frame = pd.DataFrame(
        {
            "period": np.repeat(np.arange(periods), n),
            "firm": np.tile(np.repeat(np.array(firms, dtype=object), len(places)), periods),
            "touchpoint": each(list(places)),
            "stage": each([place.stage for place in places.values()]),
            "channel": each([place.channel for place in places.values()]),
            "responsible_firm": np.tile(np.array(responsible, dtype=object), periods),
            "importance": each([place.importance for place in places.values()]).astype(float),
            "contacts": contacts.ravel() * ledger.scale,
            "performance": ratio(score, contacts).ravel(),
            "expectation": np.repeat(expectation(ledger)[:, order], len(places), axis=1).ravel(),
            "underlying_performance": by_firm("underlying_performance"),
            "perceived_performance": by_firm("perceived_performance"),
            "perceived_performance_se": by_firm("perceived_performance_se"),
            "survey_responses": (
                by_firm("survey_responses") if ledger.has("survey_responses") else 0.0
            ),
        }
    )
    if ledger.has("abandoned"):
        frame["abandoned_purchases"] = ledger.total("abandoned")[:, order].ravel()
    return frame[frame["responsible_firm"] != "nobody"].reset_index(drop=True)


# -- Income statement by firm: revenue, each line of cost, profit ------------------------------


#: Costs of the core, in the order of the income statement.
CORE_COSTS = (
    "cost_of_goods_sold",
    "contact_cost",
    "service_cost",
    "capability_overhead",
    "capability_investment",
)


#: Columns of the income statement by year.
STATEMENT = ("firm", "line", "label", "year", "amount", "se")


def profit_statement(firms: pd.DataFrame) -> pd.DataFrame:
    """Return the income statement: revenue, each line of cost and profit, summed over a run.

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
    Discounts and redeemed points are not costs: they are already deducted from revenue.
    """
    import pandas as pd

    for name in ("firm", "revenue", *CORE_COSTS, "profit"):
        if name not in firms.columns:
            raise ValueError(f"firms: expected a column {name!r}, found none")
    lines = statement_lines(firms.columns)
    sums = firms.groupby("firm", sort=False)[[line.name for line, _ in lines]].sum()
    rows = []
    for line, sign in lines:
        if line.name not in ("revenue", "profit") and not sums[line.name].any():
            continue
        for firm, amount in sums[line.name].items():
            rows.append((firm, line.name, line.label, amount if sign > 0 else 0.0 - amount))
    made = pd.DataFrame(rows, columns=["firm", "line", "label", "amount"])
    made.attrs.update(firms.attrs)
    return made


def statement_lines(kept: Collection[str]) -> list[tuple[Measure, int]]:
    """Return the lines of the income statement in order, costs with a negative sign.

    Parameters
    ----------
    kept : collection of str
        Measures that there are.

    Returns
    -------
    list of (Measure, int)
        Each line with 1 for income and -1 for a cost.
    """
    known = {measure.name: measure for measure in measures("firm")}
    own = [m.name for m in known.values() if m.cost]
    names = [each for each in ("revenue", *CORE_COSTS, *own, "profit") if each in kept]
    return [
        (known[each], 1 if each in ("revenue", "profit") or known[each].income else -1)
        for each in names
    ]


def statement_by_year(
    amounts: Mapping[str, np.ndarray],
    firms: Sequence[str],
    year: int,
    level: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> pd.DataFrame:
    """Return the income statement by year as means over runs with their Monte-Carlo errors.

    Parameters
    ----------
    amounts : mapping of str to ndarray
        Measures of the statement, or differences of them, by run, period and firm, (N, T, F),
        in currency per period.
    firms : sequence of str
        Names, (F,).
    year : int
        Periods of a year.
    level : callable
        Takes values by run, (N, ...), and returns their mean and its standard error, (...).

    Returns
    -------
    DataFrame
        ``firm, line, label, year, amount, se``, in currency; ``year`` counts from 1, the last may
        be shorter, and 0 stands for the whole run. Costs are negative. Lines that are zero for
        every firm are left out.
    """
    import pandas as pd

    parts = []
    for line, sign in statement_lines(amounts):
        values = sign * amounts[line.name]
        if line.name not in ("revenue", "profit") and not values.any():
            continue
        starts = np.arange(0, values.shape[1], year)
        years = np.add.reduceat(values, starts, axis=1)
        sums = np.concatenate([years.sum(axis=1, keepdims=True), years], axis=1)
        mean, error = level(sums)
        parts.append(
            pd.DataFrame(
                {
                    "firm": np.tile(list(firms), len(mean)),
                    "line": line.name,
                    "label": line.label,
                    "year": np.arange(len(mean)).repeat(len(firms)),
                    "amount": 0.0 + np.ravel(mean),
                    "se": np.ravel(error),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)[list(STATEMENT)]


def service_statement(firms: pd.DataFrame, scenario: Any) -> pd.DataFrame:
    """Return the cost of individual service by firm, in total and per customer.

    Parameters
    ----------
    firms : DataFrame
        As ``run.firms``.
    scenario : Scenario
        ``run.scenario``, for unit costs and volumes at the start.

    Returns
    -------
    DataFrame
        One row per firm: ``customization_cost`` (the part of the cost of goods sold that
        customization causes), ``contact_cost`` (interaction cost), ``individual_service_cost``
        (cost of individual service in addition to the contact, where value tiers have such a
        cost), ``capability_spend`` (overhead and investment), ``total``, all in currency over the
        run, ``per_customer`` and ``per_recognized``: total over customer-periods, and over
        contacts in which the customer was recognized.

    Raises
    ------
    ValueError
        If segments differ in their volume, because units then do not follow from purchases; unless
        they are a measure of the run (``sales_volume``).
    """
    import pandas as pd

    volumes = {float(segment.volume) for segment in scenario.segments.values()}
    if len(volumes) > 1 and "sales_volume" not in firms:
        raise ValueError(f"segments: expected one volume in all, found {sorted(volumes)}")
    volume = max(volumes)
    priced = "overhead_by_capability" in firms
    rows = []
    for name, part in firms.groupby("firm", sort=False):
        units = float(part["purchases"].sum()) * volume
        if "sales_volume" in part:
            units = float(part["sales_volume"].sum())
        customizing = float(part["cost_of_goods_sold"].sum())
        customizing -= units * float(scenario.firms[name].unit_cost)
        contacts = float(part["contact_cost"].sum())
        own = (
            float(part["individual_service_cost"].sum())
            if "individual_service_cost" in part
            else 0.0
        )
        fixed = float((part["capability_overhead"] + part["capability_investment"]).sum())
        fixed += float(part["overhead_by_capability"].sum()) if priced else 0.0
        total = customizing + contacts + own + fixed
        recognized = float((part["recognition_rate"].fillna(0.0) * part["purchases"]).sum())
        customers = float(part["customers"].sum())
        rows.append(
            {
                "firm": name,
                "customization_cost": customizing,
                "contact_cost": contacts,
                "individual_service_cost": own,
                "capability_spend": fixed,
                "total": total,
                "per_customer": total / customers if customers else float("nan"),
                "per_recognized": total / recognized if recognized else float("nan"),
            }
        )
    made = pd.DataFrame(rows)
    made.attrs.update(firms.attrs)
    return made


# -- Change of customer equity by cause: acquisition, retention, margin ------------------------


#: The causes, in the order of columns and figures; they add up to the change.
CAUSES = ("acquisition", "retention", "margin")


def equity_changes(firms: pd.DataFrame) -> pd.DataFrame:
    """Split the change of customer equity from period to period into its causes.

    Parameters
    ----------
    firms : DataFrame
        ``period, firm, customers, customers_acquired, contribution_margin,
        customer_lifetime_value_present``, as ``run.firms`` has.

    Returns
    -------
    DataFrame
        ``period, firm, equity, change, acquisition, retention, margin``, in currency, from the
        second period on, and the two parts of retention: ``gone`` (customers lost) and
        ``stay`` (expected lifetime of those present). ``acquisition + retention +
        margin`` is ``change``.

    Raises
    ------
    ValueError
        If a column is missing.

    Notes
    -----
    Customer equity is N m M: customers, contribution per customer and period, and the mean
    lifetime multiple r / (1 + d - r). The change of a product is split by the value of
    Shapley (1953): each factor changes first, second or last, and what its change adds is
    averaged over the orders. That is exact, leaves no interaction term, and does not depend
    on an order of the factors. The contribution of N is split further in proportion to
    customers acquired and customers lost. Where a firm has no customers in one of two periods its
    margin and multiple are taken to be those of the other: all is acquisition, or customers lost.

    References
    ----------
    Blattberg & Deighton (1996), Manage marketing by the customer equity test, Harvard
    Business Review 74(4), for the three levers.
    """
    value_of = "customer_lifetime_value_present"
    wanted = ("period", "firm", "customers", "customers_acquired", "contribution_margin", value_of)
    missing = [name for name in wanted if name not in firms.columns]
    if missing:
        raise ValueError(f"firms: expected a column {missing[0]!r}, found none")
    names = list(dict.fromkeys(firms["firm"]))

    def by_period(column: str) -> np.ndarray:
        table = firms.pivot(index="period", columns="firm", values=column)
        return table[names].to_numpy(dtype=float)

    customers, won = by_period("customers"), by_period("customers_acquired")
    value = by_period(value_of)
    with np.errstate(invalid="ignore", divide="ignore"):
        margin = by_period("contribution_margin") / customers
        multiple = np.where(margin == 0, 0.0, value / margin)
    there = (customers > 0) & np.isfinite(value) & np.isfinite(margin)
    before, after = slice(None, -1), slice(1, None)
    n0, n1 = (np.where(there, customers, 0.0)[k] for k in (before, after))
    m0, m1 = _either(margin, there)
    x0, x1 = _either(multiple, there)
    of_customers = _weight(m0, m1, x0, x1)
    went = n0 + won[after] - n1  # to rivals, from the market, with an exit, or by ending it
    added = won[after] * of_customers
    gone = -went * of_customers
    stay = (x1 - x0) * _weight(n0, n1, m0, m1)
    periods = sorted(firms["period"].unique())[1:]
    parts = {
        "equity": n1 * m1 * x1,
        "change": n1 * m1 * x1 - n0 * m0 * x0,
        "acquisition": added,
        "retention": gone + stay,
        "margin": (m1 - m0) * _weight(n0, n1, x0, x1),
        "gone": gone,
        "stay": stay,
    }
    made = tidy({"period": periods, "firm": names}, **parts)
    made.attrs.update(firms.attrs)
    return made


def _either(values: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values of each period and the next; where one is missing, the other's for both."""
    known = np.where(there, values, np.nan)
    a, b = known[:-1], known[1:]
    first = np.where(np.isnan(a), b, a)
    second = np.where(np.isnan(b), a, b)
    return np.nan_to_num(first), np.nan_to_num(second)


def _weight(b0: np.ndarray, b1: np.ndarray, c0: np.ndarray, c1: np.ndarray) -> np.ndarray:
    """Return the mean effect of one unit of a factor over all six orders of changing the others."""
    return (2 * b0 * c0 + b0 * c1 + b1 * c0 + 2 * b1 * c1) / 6
