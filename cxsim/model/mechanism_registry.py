"""Mechanisms: one file per idea. The core always runs; the others where a scenario names them.

What a policy may be called and what it may be told is known where policies live
(:mod:`cxsim.firms`); here a scenario merely names them.

An observer is a function of the scenario and the mechanisms taking part that returns
a mechanism.
"""

from __future__ import annotations

from typing import Any

from cxsim.model.core.choice import CHOICE
from cxsim.model.core.learning import LEARNING, PORTABILITY
from cxsim.model.core.money import MARKET_EXIT, MONEY
from cxsim.model.core.offer import OFFER
from cxsim.model.core.people import INITIAL_STATE, PEOPLE, RETENTION_BANDS
from cxsim.model.core.switching import ORDERING, SWITCHING
from cxsim.model.customers.buying_center import BUYING_CENTER
from cxsim.model.customers.needs import NEED_DRIFT, SELF_DISCOVERY
from cxsim.model.customers.perceived_utility import EXPERIENCED_UTILITY, PERCEIVED_UTILITY
from cxsim.model.experience.journey import CHANNELS, JOURNEY
from cxsim.model.experience.perception import ATTACHMENT, EMOTIONS, EXPERIENCE, PERCEPTION
from cxsim.model.experience.touchpoints import ORGANIZATION, TOUCHPOINTS
from cxsim.model.lock_in.contracts import CONTRACTS
from cxsim.model.lock_in.loyalty_programme import LOYALTY
from cxsim.model.mechanism import Mechanism
from cxsim.model.probes.churn import cohorts, loss_reasons, tenure
from cxsim.model.probes.customers import customers, panel
from cxsim.model.probes.purchase_probability import elasticity, hearsay
from cxsim.model.research.service_recovery import IMPROVEMENT, RECOVERY
from cxsim.model.research.surveys import PERCEIVED_PERFORMANCE, SURVEYS, TRACKING_SURVEY
from cxsim.model.targeting.acquisition import ACQUISITION, ACQUISITION_AWARENESS, TARGETING
from cxsim.model.targeting.contacts import CONTACT_TOLERANCE, NEXT_BEST_OFFER, RESENTMENT
from cxsim.model.targeting.differentiation import (
    OBSERVABLE_ATTRIBUTES,
    PURCHASE_RECORDS,
    SEGMENTATION_BASES,
    TRUE_VALUE,
)
from cxsim.model.targeting.value_tiers import VALUE_TIERS
from cxsim.model.word_of_mouth.awareness import ADVERTISING, AWARENESS, REACH
from cxsim.model.word_of_mouth.word_of_mouth import REPUTATION, WORD_OF_MOUTH
from cxsim.parameters import Parameters, parameter

__all__ = [
    "CORE",
    "FIXED",
    "PACKAGE",
    "POLICIES",
    "PROBES",
    "Mechanism",
    "Policies",
    "add",
    "registered",
    "unregister",
]


# -- Policies: who decides on a firm's prices and capabilities while the market runs -----------


#: The policy that decides nothing: parameters stay as the scenario and its events set them.
FIXED = "fixed"


class Policies(Parameters):
    """A firm's policies: a name, or a mapping of ``name`` and the policy's own parameters."""

    pricing: str | dict[str, Any] = parameter(
        FIXED, doc="What sets the price: a policy's name, or its name and parameters", fixed=True
    )
    capability: str | dict[str, Any] = parameter(
        FIXED,
        doc="What sets the capabilities: a policy's name, or its name and parameters",
        fixed=True,
    )


class FirmParameters(Parameters):
    """Who decides for the firm."""

    policy: Policies = parameter(Policies(), doc="What the firm decides by", fixed=True)


def _any(scenario: Any) -> bool:
    """Whether any firm has a policy that decides anything."""
    given = (
        policy
        for firm in scenario.firms.values()
        for policy in (firm.policy.pricing, firm.policy.capability)
    )
    return any((p.get("name") if isinstance(p, dict) else p) != FIXED for p in given)


POLICIES = Mechanism(
    "policies", doc="Policies that set prices and capabilities", firm=FirmParameters, active=_any
)


# -- Mechanisms: one file per idea. The core always runs; the others where a scenario names them


CORE = (PEOPLE, INITIAL_STATE, CHOICE, LEARNING, OFFER, ORDERING, SWITCHING, MONEY, RETENTION_BANDS)


#: What changes of itself.
DRIFTING = (NEED_DRIFT, PORTABILITY)


#: What customers live through with firms.
CUSTOMER_EXPERIENCE = (
    EXPERIENCE,
    TOUCHPOINTS,
    ORGANIZATION,
    PERCEPTION,
    CHANNELS,
    JOURNEY,
    ATTACHMENT,
    EMOTIONS,
)


#: What firms make of what they hear of it.
RESEARCH = (PERCEIVED_PERFORMANCE, SURVEYS, TRACKING_SURVEY, RECOVERY, IMPROVEMENT)


#: What customers hear of firms from each other and by advertising.
WORD_OF_MOUTH_GROUP = (WORD_OF_MOUTH, REPUTATION, REACH, AWARENESS, ADVERTISING)


#: Whose judgement decides.
BUYING_CENTERS = (PERCEIVED_UTILITY, EXPERIENCED_UTILITY, SELF_DISCOVERY, BUYING_CENTER)


#: What ties customers to a firm beside what it knows of them.
LOCK_IN = (LOYALTY, CONTRACTS)


#: Whom firms single out.
TARGETING_GROUP = (
    PURCHASE_RECORDS,
    OBSERVABLE_ATTRIBUTES,
    SEGMENTATION_BASES,
    TRUE_VALUE,
    VALUE_TIERS,
)


#: Whom firms win over.
ACQUISITION_GROUP = (ACQUISITION, TARGETING, ACQUISITION_AWARENESS)


#: What comes of contacts beside the purchase.
CONTACTS = (NEXT_BEST_OFFER, CONTACT_TOLERANCE, RESENTMENT)


#: What firms decide.
POLICIES_GROUP = (POLICIES, MARKET_EXIT)


#: Mechanisms outside the core.
OUTSIDE_CORE = (
    *DRIFTING,
    *CUSTOMER_EXPERIENCE,
    *RESEARCH,
    *WORD_OF_MOUTH_GROUP,
    *BUYING_CENTERS,
    *LOCK_IN,
    *TARGETING_GROUP,
    *ACQUISITION_GROUP,
    *CONTACTS,
    *POLICIES_GROUP,
)


#: All that this package brings.
PACKAGE = (*CORE, *OUTSIDE_CORE)


_registry: dict[str, Mechanism] = {mechanism.name: mechanism for mechanism in PACKAGE}


def registered() -> tuple[Mechanism, ...]:
    """Return the mechanisms known, the core first, then in the order of registration."""
    return tuple(_registry.values())


def add(mechanism: Mechanism) -> Mechanism:
    """List a mechanism; :func:`cxsim.register` does so once its names have been looked at."""
    return _registry.setdefault(mechanism.name, mechanism)


def unregister(name: str) -> None:
    """Forget a mechanism; the core stays.

    Raises
    ------
    ValueError
        If it belongs to the core or was never registered.
    """
    if name not in _registry or _registry[name].core:
        raise ValueError(f"no mechanism {name!r} that could be unregistered")
    del _registry[name]


# -- Measures that cost further passes, made on request; they watch and change nothing ---------


def network(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Ask for a sample of the network: it is there already, and nothing has to watch."""
    return Mechanism("network", doc="A sample of who listens to whom")


#: What can be asked for beside the measures of every run, by name.
PROBES = {
    "elasticity": elasticity,
    "loss_reasons": loss_reasons,
    "hearsay": hearsay,
    "cohorts": cohorts,
    "customers": customers,
    "network": network,
    "panel": panel,
    "tenure": tenure,
}
