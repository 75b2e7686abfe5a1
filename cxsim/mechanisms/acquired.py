"""What contacts with those who were not customers brought, and what they cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.mechanisms.base import Measure
from cxsim.mechanisms.measuring import ratio
from cxsim.mechanisms.tiers import lift


def contacts_made(b: Any) -> np.ndarray:
    """Contacts in the period with those who were not the firm's customers."""
    return b.total("contacts_made")


def acquisition_cost(b: Any) -> np.ndarray:
    """Cost of the period's contacts with those who were not customers."""
    return b.total("contacts_made") * np.nan_to_num(b.firm("acquisition_cost_per_contact"))


def acquired_by_contact(b: Any) -> np.ndarray:
    """Customers won in the period in which they were contacted."""
    return b.total("acquired_by_contact")


def trial_discounts(b: Any) -> np.ndarray:
    """Trial discounts; already taken off prices paid and revenue."""
    return b.total("trial_discounts")


def cost_per_acquired(b: Any) -> np.ndarray:
    """Cost of contacts and trial discounts in the period for each customer won by contact.

    What it may be is the lifetime value of a customer newly won.
    """
    return ratio(acquisition_cost(b) + trial_discounts(b), acquired_by_contact(b))


def lift_of_contacts(b: Any) -> np.ndarray:
    """Mean true value of those contacted over that of those who could have been."""
    everybody = b.count("value_prospects"), b.count("prospects")
    return lift(b.count("value_contacted"), b.count("contacts_made"), *everybody)


def lift_of_contacts_oracle(b: Any) -> np.ndarray:
    """Lift that knowing the truth would have; that of chance is 1."""
    everybody = b.count("value_prospects"), b.count("prospects")
    return lift(b.count("value_best_prospects"), b.count("contacts_made"), *everybody)


_PER_PERIOD = "currency per period"

MEASURES = (
    Measure("contacts_made", "Acquisition contacts", "per period", contacts_made),
    Measure(
        "acquisition_cost",
        "Cost of acquisition contacts",
        _PER_PERIOD,
        acquisition_cost,
        summary="sum",
        cost="profit",
    ),
    Measure("acquired_by_contact", "Customers won by contact", "per period", acquired_by_contact),
    Measure(
        "trial_discounts",
        "Trial discounts (taken off revenue)",
        _PER_PERIOD,
        trial_discounts,
        summary="sum",
    ),
    Measure(
        "cost_per_acquired",
        "Cost per customer won by contact",
        "currency per customer",
        cost_per_acquired,
    ),
    Measure("lift_of_contacts", "Lift of contacts", "times chance", lift_of_contacts),
    Measure(
        "lift_of_contacts_oracle",
        "Lift of an oracle's contacts",
        "times chance",
        lift_of_contacts_oracle,
    ),
)
