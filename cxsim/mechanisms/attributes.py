"""Attributes: what anybody can see of a customer, and how far it tells of its needs.

Firmographic attributes are what a customer is, behavioural ones what it does elsewhere. There is
one of each for every dimension of need. Each is standard normal over the market (if all
needs together are), and correlated with that need as stated.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from cxsim.draws import normal
from cxsim.mechanisms.base import Column, Draw, Mechanism, Pass
from cxsim.parameters import Parameters, parameter


class Attributes(Parameters):
    """How far what can be seen of customers tells of their needs."""

    firmographic: float = parameter(
        0.0,
        doc="Correlation of firmographic attributes with needs",
        ge=-1,
        le=1,
        newcomers=True,
    )
    behavioural: float = parameter(
        0.0, doc="Correlation of behavioural attributes with needs", ge=-1, le=1, newcomers=True
    )


class MarketParameters(Parameters):
    """What can be seen of customers."""

    attributes: Attributes | None = parameter(
        None, doc="Attributes that firms see of every customer, one of a kind for each need"
    )


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    """Return mean and standard deviation of needs over the market at the start."""
    names = sorted(scenario.segments)
    groups = [scenario.segments[name] for name in names]
    share = np.array([g.share for g in groups])[:, None]
    origin = (0.0,) * int(scenario.needs)
    mean = np.array([g.need_mean if g.need_mean is not None else origin for g in groups])
    sd = np.array([g.need_sd for g in groups])[:, None]
    centre = (share * mean).sum(axis=0)
    variance = (share * (sd**2 + (mean - centre) ** 2)).sum(axis=0)
    spread = np.sqrt(variance)
    return {"overall_need": np.array(centre), "overall_spread": np.where(spread > 0, spread, 1.0)}


# --- rules ------------------------------------------------------------------------


def shown(correlation: float, deviation: float, z: float) -> float:
    """Return an attribute correlated with the need's standardized deviation from the mean."""
    return correlation * deviation + sqrt(1.0 - correlation * correlation) * z


# --- passes -----------------------------------------------------------------------


def arrive(
    n, first, arriving, need, firmographic, behavioural, overall_need, overall_spread,
    market_attributes_firmographic, market_attributes_behavioural, key_firmographic,
    key_behavioural,
):  # fmt: skip
    """A newcomer shows attributes; they stay, whatever becomes of its needs."""
    for i in range(n):
        if arriving[i] == 0:
            continue
        for d in range(len(need)):
            deviation = (need[d, i] - overall_need[d]) / overall_spread[d]
            firmographic[d, i] = shown(
                market_attributes_firmographic[0],
                deviation,
                normal(key_firmographic[d], first + i),
            )
            behavioural[d, i] = shown(
                market_attributes_behavioural[0], deviation, normal(key_behavioural[d], first + i)
            )


ATTRIBUTES = Mechanism(
    "attributes",
    doc="What can be seen of customers",
    market=MarketParameters,
    columns=(
        Column("firmographic", ("need",), doc="What the customer is, by need"),
        Column("behavioural", ("need",), doc="What the customer does elsewhere, by need"),
    ),
    draws=(Draw("firmographic", ("need",)), Draw("behavioural", ("need",))),
    setup=_setup,
    passes=(Pass(arrive, "arrive", after=("people.arrive",)),),
    active=lambda scenario: scenario.attributes is not None,
)
