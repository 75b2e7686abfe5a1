"""Over-contacting: who is contacted more often than it likes tells firms less and resents them.

Contacts are those of acquisition, by whichever firm. Those beyond what the customer's segment
puts up with lower what it tells any firm, and its experience of the firms that contacted
it. Add-ons offered while it buys are no interruption and do not count.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.mechanisms.base import Column, Measure, Mechanism, Pass, Total, chunk
from cxsim.mechanisms.experience import EXPERIENCE
from cxsim.mechanisms.measuring import ratio
from cxsim.parameters import Parameters, parameter


class SegmentParameters(Parameters):
    """How many contacts customers put up with."""

    contact_tolerance: float | None = parameter(
        None,
        doc="Acquisition contacts that a customer puts up with (null: any number)",
        unit="contacts, fading",
        ge=0,
    )
    contact_reserve: float = parameter(
        0.2,
        doc="Share of what it tells firms that a customer keeps to itself for each contact "
        "beyond its tolerance (up to all of it)",
        unit="per contact",
        ge=0,
    )
    contact_resentment: float = parameter(
        0.05,
        doc="Experience lost with a firm by each contact beyond the tolerance",
        unit="experience per contact",
        ge=0,
    )


#: Share of past contacts that a customer still minds a period later.
MEMORY = 0.5


# --- rules ------------------------------------------------------------------------


def minded(before: float, now: float) -> float:
    """Return the contacts a customer minds: those of now and, fading, those before."""
    return MEMORY * before + now


def excess(contacts: float, tolerance: float) -> float:
    """Return the contacts beyond the tolerance; none where there is no limit (not a number)."""
    return max(0.0, contacts - tolerance) if tolerance >= 0.0 else 0.0


def reserved(disclosure: float, reserve: float, excess: float) -> float:
    """Return the share that a customer still tells who is contacted too often."""
    return disclosure * max(0.0, 1.0 - reserve * excess)


def resented(experience: float, resentment: float, excess: float) -> float:
    """Return the experience of a firm that contacts a customer too often."""
    return experience - resentment * excess


# --- passes -----------------------------------------------------------------------


def forget(n, arriving, pressure):
    """A newcomer has not been bothered yet."""
    for i in range(n):
        if arriving[i]:
            pressure[i] = 0.0


def mind(
    n, n_firms, segment, contacted, pressure, segment_contact_tolerance, sum_contacts_felt,
    sum_contacts_beyond,
):  # fmt: skip
    """Add this period's contacts to those before."""
    for i in range(n):
        calls = 0.0
        for f in range(n_firms):
            calls += contacted[f, i]
        pressure[i] = minded(pressure[i], calls)
        sum_contacts_felt[chunk(i), 0] += calls
        if excess(pressure[i], segment_contact_tolerance[segment[i]]) > 0.0:
            sum_contacts_beyond[chunk(i), 0] += 1.0


def withhold(n, segment, pressure, disclosure, segment_contact_tolerance, segment_contact_reserve):
    """Who had too many contacts tells less."""
    for i in range(n):
        g = segment[i]
        disclosure[i] = reserved(
            disclosure[i],
            segment_contact_reserve[g],
            excess(pressure[i], segment_contact_tolerance[g]),
        )


def resent(
    n, n_firms, segment, contacted, pressure, experience, segment_contact_tolerance,
    segment_contact_resentment,
):  # fmt: skip
    """Who had too many contacts holds it against the firms that made the last."""
    for f in range(n_firms):
        for i in range(n):
            if contacted[f, i]:
                g = segment[i]
                experience[f, i] = resented(
                    experience[f, i],
                    segment_contact_resentment[g],
                    excess(pressure[i], segment_contact_tolerance[g]),
                )


# --- measures ---------------------------------------------------------------------


def contacts_per_customer(b: Any) -> np.ndarray:
    """Acquisition contacts per customer and period, by all firms."""
    return ratio(b.count("contacts_felt")[:, 0], b.count("holders").sum(axis=1))


def contacted_too_often(b: Any) -> np.ndarray:
    """Share of customers with more contacts than they put up with."""
    return ratio(b.count("contacts_beyond")[:, 0], b.count("holders").sum(axis=1))


def _limited(scenario: Any) -> bool:
    given = any(g.contact_tolerance is not None for g in scenario.segments.values())
    return given and any(f.acquisition is not None for f in scenario.firms.values())


CONTACT_TOLERANCE = Mechanism(
    "contact_tolerance",
    doc="Contacts beyond what customers put up with",
    segment=SegmentParameters,
    columns=(Column("pressure", doc="Acquisition contacts that the customer still minds", ge=0),),
    totals=(
        Total("contacts_felt", (1,), doc="Acquisition contacts received"),
        Total("contacts_beyond", (1,), doc="Customers with more than they put up with"),
    ),
    passes=(
        Pass(forget, "arrive", after=("people.arrive",)),
        Pass(mind, "contact", after=("acquisition.contact_unseen",)),
        Pass(withhold, "adjust"),
    ),
    measures=(
        Measure(
            "contacts_per_customer",
            "Acquisition contacts per customer",
            "per period",
            contacts_per_customer,
            level="market",
        ),
        Measure(
            "contacted_too_often",
            "Customers contacted too often",
            "share",
            contacted_too_often,
            level="market",
        ),
    ),
    active=_limited,
)

RESENTMENT = Mechanism(
    "resentment",
    doc="What contacts beyond tolerance do to experience",
    passes=(Pass(resent, "survey"),),
    active=lambda scenario: _limited(scenario) and EXPERIENCE.active(scenario),
)
