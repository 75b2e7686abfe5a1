"""Capabilities and their price: overhead by capability, and programmes that build capabilities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt

from cxsim.model.ledger import Ledger, customers_at_end
from cxsim.model.mechanism import Accumulator, Measure, Mechanism, Pass
from cxsim.parameters import Ask, Parameters, parameter

# -- Overhead of each capability ----------------------------------------------------------------


#: Capabilities that may have an overhead of their own, and the firm's parameter that is their
#: level: four of the relationship, one of channels, four of the organization.
CAPABILITIES = {
    "interaction": "interaction",
    "customization": "customization",
    "identification": "identification",
    "segment_insight": "segment_insight",
    "channel_integration": "channel_integration",
    "processes": "organization_processes",
    "attitudes": "organization_attitudes",
    "communication": "organization_communication",
    "evaluation": "organization_evaluation",
}


#: Those of them that have costs of other names (``capability_cost`` and the like).
WITH_OWN_COSTS = ("interaction", "customization")


class CapabilityCost(Parameters):
    """Overhead of one capability."""

    fixed: float = parameter(
        0.0, doc="Overhead at full level (whole market)", unit="currency per period", ge=0
    )
    per_customer: float = parameter(
        0.0,
        doc="Overhead at full level for each customer of the firm",
        unit="currency per customer and period",
        ge=0,
    )
    exponent: float = parameter(
        2.0, doc="Exponent of the level: how fast overhead grows with it", gt=0
    )


class CostParameters(Parameters):
    """Overhead by capability."""

    capability_costs: dict[str, CapabilityCost] = parameter(
        {},
        doc="Overhead by capability, in addition to capability_cost",
        axes=("capability",),
    )


# --- rules ------------------------------------------------------------------------


def capability_overhead(
    fixed: Any, per_customer: Any, exponent: Any, customers: Any, level: Any
) -> Any:
    """Return the overhead of a capability, (fixed + per_customer N) level^exponent.

    Works on arrays, too.

    Parameters
    ----------
    fixed : float
        Currency per period at full level, for the whole market.
    per_customer : float
        Currency per period and customer at full level.
    exponent : float
    customers : float
        N, the firm's customers in the whole market.
    level : float
        Level of the capability, 0 to 1.
    """
    return (fixed + per_customer * customers) * level**exponent


# --- passes -----------------------------------------------------------------------


def note_prices(
    firm_capability_costs_fixed, firm_capability_costs_per_customer,
    firm_capability_costs_exponent, sum_capability_price,
):  # fmt: skip
    """Note what each capability costs in this period, which events may change."""
    sum_capability_price[0, :, :, 0] = np.nan_to_num(firm_capability_costs_fixed)
    sum_capability_price[0, :, :, 1] = np.nan_to_num(firm_capability_costs_per_customer)
    sum_capability_price[0, :, :, 2] = np.nan_to_num(firm_capability_costs_exponent, nan=1.0)


# --- measures ---------------------------------------------------------------------


def overhead_by_capability(b: Ledger) -> np.ndarray:
    """Overhead of single capabilities in the period, whole market, beside that of capability_cost.

    Zero for a firm that is not active.
    """
    customers = customers_at_end(b)
    fixed, per_customer, exponent = np.moveaxis(b.count("capability_price"), -1, 0)
    levels = np.stack(
        [
            np.nan_to_num(b.firm(name)) if b.records(name) else np.zeros(customers.shape)
            for name in CAPABILITIES.values()
        ],
        axis=-1,
    )
    active = b.firm("active")[:, :, None]
    each = capability_overhead(fixed, per_customer, exponent, customers[:, :, None], levels)
    return (active * each).sum(axis=2)


def _check_capabilities(scenario: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Refuse costs of what is no capability, or of none that this market has."""
    known = present(scenario)
    for firm, group in scenario.firms.items():
        for name in group.capability_costs:
            if name not in known:
                why = " (which needs a journey)" if name in CAPABILITIES else ""
                text = f"expected a capability ({', '.join(known)}), found {name!r}{why}"
                yield ("firms", firm, "capability_costs", name), text


def _axes(scenario: Any) -> dict[str, tuple[str, ...]]:
    return {"capability": tuple(CAPABILITIES)}


def present(scenario: Any) -> tuple[str, ...]:
    """Return the capabilities that a market has: those of channels and organization in a journey.

    Parameters
    ----------
    scenario : Scenario
    """
    names = tuple(CAPABILITIES)
    return names if scenario.journey is not None else names[:4]


def _priced(scenario: Any) -> bool:
    """Whether a capability costs anything at some time: costs of 0 only state that it is free."""
    costs = [cost for firm in scenario.firms.values() for cost in firm.capability_costs.values()]
    changed = (path for event in scenario.events for path in event.set)
    built = (
        path
        for firm in scenario.firms.values()
        for programme in firm.programmes.values()
        for path in programme.changes
    )
    return any(each.fixed or each.per_customer for each in costs) or any(
        "capability_costs" in path for path in (*changed, *built)
    )


CAPABILITY_COSTS = Mechanism(
    "capability_costs",
    doc="Overhead by capability",
    firm=CostParameters,
    axes=_axes,
    accumulators=(
        Accumulator(
            "capability_price",
            "Overhead at full level, the same for each customer, exponent; not scaled",
            ("firm", "capability", 3),
        ),
    ),
    passes=(Pass(note_prices, "close", population=True),),
    measures=(
        Measure(
            "overhead_by_capability",
            "Overhead by capability",
            "currency per period",
            overhead_by_capability,
            summary="sum",
            cost="profit",
        ),
    ),
    check=_check_capabilities,
    active=_priced,
)


# -- Programmes: changes of a firm's parameters that take time and have a price ------------------


class Programme(Parameters):
    """A programme of a firm: what it changes, what it costs and how long it takes to build."""

    changes: dict[str, Any] = parameter(
        doc="Levels that parameters of the firm reach, by the path of each below the firm",
        fixed=True,
        min_length=1,
    )
    start: Annotated[int, Ge(0)] = parameter(
        0, doc="Period in which building starts", unit="period", fixed=True
    )
    build: Annotated[int, Ge(0)] = parameter(
        0, doc="Building time: periods until the changes hold", unit="periods", fixed=True
    )
    path: Literal["linear", "end"] = parameter(
        "linear",
        doc="Whether changes come in equal steps during the building time, or all at its end",
        fixed=True,
    )
    one_off: Annotated[float, Ge(0)] = parameter(
        0.0,
        doc="One-off cost, in equal parts over the building time (whole market)",
        unit="currency",
        fixed=True,
        ask=Ask(free="building of programme {}"),
    )
    running: Annotated[float, Ge(0)] = parameter(
        0.0,
        doc="Running cost from the end of the building time (whole market)",
        unit="currency per period",
        fixed=True,
        ask=Ask(free="running of programme {}"),
    )
    retire: Annotated[int, Gt(0)] | None = parameter(
        None,
        doc="Period in which the programme ends: former levels are restored, running costs end",
        unit="period",
        fixed=True,
    )


class ProgrammeParameters(Parameters):
    """Programmes of a firm."""

    programmes: dict[str, Programme] = parameter(
        {}, doc="Programmes by name", axes=("firm_programme",), fixed=True
    )


# --- rules ------------------------------------------------------------------------


def building_cost(period: Any, start: Any, build: Any, one_off: Any) -> Any:
    """Return the part of a programme's one-off cost that falls due in a period, one_off / build.

    All of it in the first period where nothing takes time. Works on arrays, too.
    """
    periods = np.maximum(build, 1)
    return np.where((period >= start) & (period < start + periods), one_off / periods, 0.0)


def running_cost(period: Any, start: Any, build: Any, retire: Any, running: Any) -> Any:
    """Return a programme's running cost in a period: from the end of building until it ends.

    Parameters
    ----------
    period, start, build : int
    retire : float
        Period in which it ends; NaN for never.
    running : float
        Currency per period.
    """
    return np.where((period >= start + build) & ~(period >= retire), running, 0.0)


# --- passes -----------------------------------------------------------------------


def book(
    clock, firm_active, firm_programmes_start, firm_programmes_build, firm_programmes_one_off,
    firm_programmes_running, firm_programmes_retire, builds, sum_programme_cost,
    sum_programme_builds,
):  # fmt: skip
    """Book the costs of programmes, and note which capabilities a programme moves."""
    period = clock[0]
    start, build, retire = firm_programmes_start, firm_programmes_build, firm_programmes_retire
    active = firm_active[:, None] > 0.5
    sum_programme_cost[0, :, :, 0] = np.where(
        active & (start >= 0), building_cost(period, start, build, firm_programmes_one_off), 0.0
    )
    sum_programme_cost[0, :, :, 1] = np.where(
        active & (start >= 0),
        running_cost(period, start, build, retire, firm_programmes_running),
        0.0,
    )
    moves = (period >= start) & (period <= start + build) | (period == retire)
    sum_programme_builds[0] = (builds & moves[:, :, None]).any(axis=1)


# --- measures ---------------------------------------------------------------------


def programme_investment(b: Ledger) -> np.ndarray:
    """One-off cost of the firm's programmes in the period, whole market."""
    return b.count("programme_cost")[..., 0].sum(axis=2)


def programme_running_cost(b: Ledger) -> np.ndarray:
    """Running cost of the firm's programmes in the period, whole market."""
    return b.count("programme_cost")[..., 1].sum(axis=2)


def programmes_frame(ledger: Ledger, scenario: Any) -> Any:
    """Return the programmes of firms by period: their state and their costs.

    Returns
    -------
    DataFrame
        ``period, firm, programme, state, one_off_cost, running_cost``; the state is ``planned``,
        ``building``, ``running`` or ``ended``, costs are in currency per period.
    """
    import pandas as pd

    names = _names(scenario)
    cost = ledger.count("programme_cost")
    rows = []
    for f, firm in enumerate(ledger.firms):
        for name, each in scenario.firms[firm].programmes.items():
            for period in range(ledger.periods):
                one_off, running = cost[period, f, names.index(name)]
                rows.append((period, firm, name, state_of(each, period), one_off, running))
    columns = ["period", "firm", "programme", "state", "one_off_cost", "running_cost"]
    return pd.DataFrame(rows, columns=columns)


def state_of(programme: Programme, period: int) -> str:
    """Return whether a programme is planned, building, running or ended in a period."""
    if period < programme.start:
        return "planned"
    if programme.retire is not None and period >= programme.retire:
        return "ended"
    return "building" if period < programme.start + programme.build else "running"


def _names(scenario: Any) -> tuple[str, ...]:
    """Return the names of all firms' programmes."""
    return tuple(sorted({name for firm in scenario.firms.values() for name in firm.programmes}))


def _builds(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    """Return which programmes move interaction and customization: (firm, programme, 2)."""
    firms = [scenario.firms[name] for name in sorted(scenario.firms)]
    return {
        "builds": np.array(
            [
                [
                    [
                        name in firm.programmes and moved in firm.programmes[name].changes
                        for moved in ("interaction", "customization")
                    ]
                    for name in _names(scenario)
                ]
                for firm in firms
            ]
        )
    }


def _check_programmes(scenario: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Refuse programmes that end before they are built."""
    for firm, group in scenario.firms.items():
        for name, each in group.programmes.items():
            if each.retire is not None and each.retire <= each.start + each.build:
                text = (
                    f"expected a period after {each.start + each.build} (start + build), "
                    f"found {each.retire}"
                )
                yield ("firms", firm, "programmes", name, "retire"), text


PROGRAMMES = Mechanism(
    "programmes",
    doc="Programmes of firms",
    firm=ProgrammeParameters,
    axes=lambda scenario: {"firm_programme": _names(scenario)},
    accumulators=(
        Accumulator(
            "programme_cost", "One-off and running cost; not scaled", ("firm", "firm_programme", 2)
        ),
        Accumulator(
            "programme_builds", "1 where a programme moves interaction, customization", ("firm", 2)
        ),
    ),
    setup=_builds,
    passes=(Pass(book, "close", population=True),),
    measures=(
        Measure(
            "programme_investment",
            "Investment in programmes",
            "currency per period",
            programme_investment,
            summary="sum",
            cost="profit",
        ),
        Measure(
            "programme_running_cost",
            "Running cost of programmes",
            "currency per period",
            programme_running_cost,
            summary="sum",
            cost="profit",
        ),
    ),
    frames={"programmes": programmes_frame},
    check=_check_programmes,
    active=lambda scenario: any(firm.programmes for firm in scenario.firms.values()),
)
