"""Portability: a customer can show a rival part of what its supplier knows."""

from __future__ import annotations

from cxsim.mechanisms.base import Mechanism, Pass
from cxsim.parameters import Parameters, parameter


class MarketParameters(Parameters):
    """How portable profiles are."""

    profile_portability: float | None = parameter(
        None,
        doc="Share of what the supplier knows that a customer can show a rival",
        unit="share",
        ge=0,
        le=1,
    )


# --- rules ------------------------------------------------------------------------


def shown(knowledge: float, supplier_knowledge: float, portability: float) -> float:
    """Return what a firm knows once the customer shows it its profile, max(K, phi K_s)."""
    ported = portability * supplier_knowledge
    return max(knowledge, ported)


# --- passes -----------------------------------------------------------------------


def show(n, n_firms, supplier, uncertainty, knowledge_shown, market_profile_portability):
    """Every firm can see the profile that the customer carries."""
    for f in range(n_firms):
        for i in range(n):
            s = supplier[i]
            if s >= 0:
                knowledge_shown[f, i] = shown(
                    knowledge_shown[f, i], 1.0 - uncertainty[s, i], market_profile_portability[0]
                )


def hand_over(n, n_firms, supplier, choice, uncertainty, market_profile_portability):
    """Who moves hands the profile over, before the new firm learns more."""
    for i in range(n):
        s = supplier[i]
        f = choice[i]
        if s >= 0 and 0 <= f < n_firms and f != s:
            known = 1.0 - uncertainty[f, i]
            better = shown(known, 1.0 - uncertainty[s, i], market_profile_portability[0])
            if better > known:
                uncertainty[f, i] = 1.0 - better


def twin(n, supplier, uncertainty, twin_knowledge, market_profile_portability):
    """A twin of the supplier would be shown the profile too."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            twin_knowledge[i] = shown(0.0, 1.0 - uncertainty[s, i], market_profile_portability[0])


PORTABILITY = Mechanism(
    "portability",
    doc="Portable profiles",
    market=MarketParameters,
    passes=(
        Pass(show, "adjust"),
        Pass(hand_over, "update", before=("learning.learn",)),
        Pass(twin, "account", after=("switching.twin",), before=("switching.count",)),
    ),
    active=lambda scenario: scenario.profile_portability is not None,
)
