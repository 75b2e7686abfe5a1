"""Advertising: makes a firm known, at a cost. What contacts feel like is out of its reach."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.draws import uniform
from cxsim.mechanisms.awareness import counts
from cxsim.mechanisms.base import Column, Draw, Measure, Mechanism, Pass
from cxsim.parameters import Ask, Parameters, parameter


class FirmParameters(Parameters):
    """How far a firm's advertising reaches (with ``awareness`` only) and what it costs."""

    advertising_reach: float = parameter(
        0.0,
        doc="Chance that advertising makes the firm known to a customer",
        unit="per period",
        ge=0,
        le=1,
    )
    advertising_cost: float = parameter(
        0.0,
        doc="Cost of advertising that would reach everybody (whole market); in proportion to reach",
        unit="currency per period",
        ge=0,
        ask=Ask(free="advertising", beside=("advertising_reach",)),
    )


# --- passes -----------------------------------------------------------------------


def advertise(
    n, first, n_firms, aware, exposure, key_advertise, firm_advertising_reach, firm_active
):
    """Some come to know firms in the market."""
    for f in range(n_firms):
        reach = firm_advertising_reach[f] if firm_active[f] > 0.5 else 0.0
        if reach > 0.0:
            for i in range(n):
                exposure[i] = uniform(key_advertise[f], first + i)
            for i in range(n):
                aware[f, i] = aware[f, i] | (exposure[i] < reach)


# --- measures ---------------------------------------------------------------------


def advertising_cost(b: Any) -> np.ndarray:
    """Cost of advertising; none for a firm that is not active."""
    return b.firm("advertising_cost") * b.firm("advertising_reach") * b.firm("active")


ADVERTISING = Mechanism(
    "advertising",
    doc="Firms make themselves known",
    firm=FirmParameters,
    columns=(Column("exposure", (), "f8", kept=False, doc="Draw of each customer, to notice"),),
    draws=(Draw("advertise", ("firm",)),),
    passes=(Pass(advertise, "contact"),),
    measures=(
        Measure(
            "advertising_spend", "Cost of advertising", "currency per period", advertising_cost,
            summary="sum", cost="profit",
        ),
    ),
    active=counts,
)  # fmt: skip
