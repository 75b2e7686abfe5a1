"""Registry of mechanisms and probes. The core always runs; others where a scenario uses them.

Policies and their parameters are defined in :mod:`cxsim.firms`; here a scenario only names them.
The goals that firms and readers of results may have stand here, too, in one table.

A probe is a function of the scenario and the mechanisms taking part that returns a mechanism.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cxsim.model.core.capabilities import CAPABILITY_COSTS, PROGRAMMES
from cxsim.model.core.choice import CHOICE
from cxsim.model.core.learning import LEARNING, PORTABILITY
from cxsim.model.core.money import MARKET_EXIT, MONEY
from cxsim.model.core.offer import OFFER
from cxsim.model.core.people import INITIAL_STATE, PEOPLE, RETENTION_BANDS
from cxsim.model.core.switching import ORDERING, SWITCHING
from cxsim.model.customers.buying_center import BUYING_CENTER
from cxsim.model.customers.needs import NEED_DRIFT, SELF_DISCOVERY
from cxsim.model.customers.perceived_utility import EXPERIENCED_UTILITY, PERCEIVED_UTILITY
from cxsim.model.experience.abandonment import ABANDONMENT, SUBSCRIPTION_ORDERS
from cxsim.model.experience.journey import CHANNELS, JOURNEY
from cxsim.model.experience.perception import (
    ATTACHMENT,
    EMOTION_EFFECTS,
    EMOTIONS,
    EXPERIENCE,
    PERCEPTION,
)
from cxsim.model.experience.relationship import (
    CONTACT_LEARNING,
    EXPERIENCED_VOLUME,
    TRUST,
    VOLUME_RESPONSE,
)
from cxsim.model.experience.touchpoints import ORGANIZATION, TOUCHPOINTS
from cxsim.model.lock_in.contracts import CONTRACTS, ENTRY, LEAVING_COST
from cxsim.model.lock_in.loyalty_programme import LOYALTY
from cxsim.model.mechanism import Mechanism
from cxsim.model.research.needs_research import (
    BELIEVED_IMPORTANCE,
    MISSTATED_NEEDS,
    NEEDS_RESEARCH,
    REPOSITIONING,
    SEGMENT_PICTURE,
    STATED_IMPORTANCE,
)
from cxsim.model.research.service_recovery import (
    IMPROVEMENT,
    IMPROVEMENT_BY_CONTACTS,
    RECOVERY,
)
from cxsim.model.research.surveys import (
    PERCEIVED_PERFORMANCE,
    SURVEY_PROGRAMMES,
    SURVEYS,
    TRACKING_SURVEY,
)
from cxsim.model.targeting.acquisition import ACQUISITION, ACQUISITION_AWARENESS, TARGETING
from cxsim.model.targeting.contacts import (
    CONTACT_TOLERANCE,
    EXPERIENCED_OFFER,
    INTRUSION,
    NEXT_BEST_OFFER,
    RESENTMENT,
)
from cxsim.model.targeting.differentiation import (
    OBSERVABLE_ATTRIBUTES,
    PURCHASE_RECORDS,
    SEGMENTATION_BASES,
    TRUE_VALUE,
)
from cxsim.model.targeting.service_levels import SERVICE_LEVELS
from cxsim.model.targeting.value_tiers import VALUE_TIERS
from cxsim.model.word_of_mouth.awareness import ADVERTISING, AWARENESS, REACH
from cxsim.model.word_of_mouth.word_of_mouth import REPUTATION, WORD_OF_MOUTH
from cxsim.parameters import Parameters, parameter

# -- Goals: the measures that somebody may want more of, and the words that ask for them --------


@dataclass(frozen=True)
class Goal:
    """A measure that somebody may want more of.

    Attributes
    ----------
    measure : str
        Name of the measure.
    noun : str
        In sentences.
    word : str
        On the command line (``--goal``); empty for none.
    asked : str
        In the questions about a market; empty for none.
    firms : bool
        Whether it is a firm's, so that a scenario's perspective may have it.
    served : bool
        Whether it counts what a firm does for others, so that its objective may be that.
    """

    measure: str
    noun: str
    word: str = ""
    asked: str = ""
    firms: bool = True
    served: bool = False


#: All goals; the first is the default.
GOALS = (
    Goal("net_present_value", "profit", "profit", "profit"),
    Goal("profit", "profit"),
    Goal("market_share", "market share", "share", "market share"),
    Goal("customers", "number of customers", "customers", "customers", served=True),
    Goal("purchases", "number of purchases", "purchases", served=True),
    Goal("revenue", "revenue", "revenue", served=True),
    Goal("retention_rate", "retention", "retention", "retention"),
    Goal("customer_equity", "customer equity", asked="customer value"),
    Goal("customer_lifetime_value_new", "customer lifetime value", "CLV"),
    Goal("consumer_surplus", "consumer surplus", "surplus", firms=False),
)

#: The goal of those who name none.
DEFAULT = GOALS[0].measure

#: Measures by the words of the command line.
BY_WORD = {goal.word: goal.measure for goal in GOALS if goal.word}

#: The same without goals that are no firm's.
OF_FIRMS = {goal.word: goal.measure for goal in GOALS if goal.word and goal.firms}

#: Measures by the words of the questions about a market.
BY_QUESTION = {goal.asked: goal.measure for goal in GOALS if goal.asked}

if TYPE_CHECKING:
    Measure = str
    Served = str
    Asked = str
else:
    #: Types of a perspective's goal, of an objective's, and of the answer about it.
    Measure = Literal[tuple(goal.measure for goal in GOALS if goal.firms)]
    Served = Literal[tuple(goal.measure for goal in GOALS if goal.served)]
    Asked = Literal[tuple(BY_QUESTION)]


def noun_of(measure: str) -> str:
    """Return what a goal is called in sentences; another measure has its name.

    Parameters
    ----------
    measure : str
    """
    return next((goal.noun for goal in GOALS if goal.measure == measure), measure)


class Objective(Parameters):
    """A goal other than profit, and the loss that the firm may make for it."""

    goal: Served = parameter(
        "customers", "Measure that the firm maximizes within its budget", fixed=True
    )
    budget: float = parameter(
        0.0,
        "Largest loss per period (whole market), paid by a budget or endowment; assumption",
        "currency per period",
        ge=0,
        fixed=True,
    )


def word_of(measure: str) -> str:
    """Return the word of the command line for a goal, or its name in plain words.

    Parameters
    ----------
    measure : str

    Examples
    --------
    >>> word_of("market_share"), word_of("customer_equity")
    ('share', 'customer equity')
    """
    words = {each: word for word, each in BY_WORD.items()}
    return words.get(measure, measure).replace("_", " ")


# -- Policies that set a firm's prices and capabilities during a run ----------------------------


#: The policy that decides nothing: parameters stay as the scenario and its events set them.
FIXED = "fixed"


class Policies(Parameters):
    """A firm's policies: a name, or a mapping of ``name`` and the policy's own parameters."""

    pricing: str | dict[str, Any] = parameter(
        FIXED, "Policy that sets the price: its name, or its name and parameters", fixed=True
    )
    capability: str | dict[str, Any] = parameter(
        FIXED, "Policy that sets the capabilities: its name, or its name and parameters", fixed=True
    )


class FirmParameters(Parameters):
    """The policies of a firm, and what they are for."""

    policy: Policies = parameter(Policies(), doc="Policies by which the firm decides", fixed=True)
    objective: Objective | None = parameter(
        None,
        doc="Goal other than profit, of policies by trial and error and of decisions; null: profit",
        fixed=True,
    )


def _any(scenario: Any) -> bool:
    """Return whether any firm has a policy other than ``fixed``."""
    given = (
        policy
        for firm in scenario.firms.values()
        for policy in (firm.policy.pricing, firm.policy.capability)
    )
    return any((p.get("name") if isinstance(p, dict) else p) != FIXED for p in given)


POLICIES = Mechanism(
    "policies", doc="Policies that set prices and capabilities", firm=FirmParameters, active=_any
)


# -- Mechanisms: the core, and others where a scenario uses them --------------------------------


CORE = (PEOPLE, INITIAL_STATE, CHOICE, LEARNING, OFFER, ORDERING, SWITCHING, MONEY, RETENTION_BANDS)


#: Needs that change, and data portability.
DRIFTING = (NEED_DRIFT, PORTABILITY)


#: Customer experience.
CUSTOMER_EXPERIENCE = (
    EXPERIENCE,
    TOUCHPOINTS,
    ORGANIZATION,
    PERCEPTION,
    CHANNELS,
    JOURNEY,
    ABANDONMENT,
    SUBSCRIPTION_ORDERS,
    CONTACT_LEARNING,
    TRUST,
    ATTACHMENT,
    EMOTIONS,
    EMOTION_EFFECTS,
    VOLUME_RESPONSE,
    EXPERIENCED_VOLUME,
)


#: Market research and responses to it.
RESEARCH = (
    PERCEIVED_PERFORMANCE,
    SURVEY_PROGRAMMES,
    SURVEYS,
    TRACKING_SURVEY,
    RECOVERY,
    IMPROVEMENT,
    NEEDS_RESEARCH,
    MISSTATED_NEEDS,
    BELIEVED_IMPORTANCE,
    STATED_IMPORTANCE,
    IMPROVEMENT_BY_CONTACTS,
    SEGMENT_PICTURE,
    REPOSITIONING,
)


#: Word of mouth and advertising.
WORD_OF_MOUTH_GROUP = (WORD_OF_MOUTH, REPUTATION, REACH, AWARENESS, ADVERTISING)


#: Perceived utility of members of accounts.
BUYING_CENTERS = (PERCEIVED_UTILITY, EXPERIENCED_UTILITY, SELF_DISCOVERY, BUYING_CENTER)


#: Lock-in besides customer knowledge.
LOCK_IN = (LOYALTY, CONTRACTS, ENTRY, LEAVING_COST)


#: Targeting.
TARGETING_GROUP = (
    PURCHASE_RECORDS,
    OBSERVABLE_ATTRIBUTES,
    SEGMENTATION_BASES,
    TRUE_VALUE,
    VALUE_TIERS,
    SERVICE_LEVELS,
)


#: Acquisition.
ACQUISITION_GROUP = (ACQUISITION, TARGETING, ACQUISITION_AWARENESS)


#: Cross-selling and over-contacting, with their effects on experience and trust.
CONTACTS = (NEXT_BEST_OFFER, EXPERIENCED_OFFER, CONTACT_TOLERANCE, RESENTMENT, INTRUSION)


#: Decisions of firms: policies, the price of capabilities, programmes, exit.
POLICIES_GROUP = (POLICIES, MARKET_EXIT, CAPABILITY_COSTS, PROGRAMMES)


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


#: All mechanisms of this package.
PACKAGE = (*CORE, *OUTSIDE_CORE)


_registry: dict[str, Mechanism] = {mechanism.name: mechanism for mechanism in PACKAGE}


def registered() -> tuple[Mechanism, ...]:
    """Return the mechanisms known, the core first, then in the order of registration."""
    return tuple(_registry.values())


def add(mechanism: Mechanism) -> Mechanism:
    """List a mechanism; :func:`cxsim.register` does so once its names have been looked at.

    Parameters
    ----------
    mechanism : Mechanism

    Returns
    -------
    Mechanism
        The same.
    """
    return _registry.setdefault(mechanism.name, mechanism)


def unregister(name: str) -> None:
    """Forget a mechanism; the core stays.

    Parameters
    ----------
    name : str
        Of a mechanism outside the core.

    Raises
    ------
    ValueError
        If it belongs to the core or was never registered.
    """
    if name not in _registry or _registry[name].core:
        raise ValueError(f"no mechanism {name!r} that could be unregistered")
    del _registry[name]


# -- Probes: measures on request, which need further passes and change nothing ------------------


def network_sample(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Return the probe of a sample of the network, which needs no passes.

    Parameters
    ----------
    scenario : Scenario
    mechanisms : tuple of Mechanism
        Of the scenario.

    Returns
    -------
    Mechanism
    """
    return Mechanism("network_sample", doc="A sample of the social network")


def _probe(place: str) -> Callable[[Any, tuple[Mechanism, ...]], Mechanism]:
    """Return a probe whose module is imported when it is first asked for."""

    def make(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
        made: Mechanism = pkgutil.resolve_name(f"cxsim.model.probes.{place}")(scenario, mechanisms)
        return made

    return make


#: Probes by name, available in addition to the measures of every run.
PROBES: dict[str, Callable[[Any, tuple[Mechanism, ...]], Mechanism]] = {
    "price_elasticity": _probe("purchase_probability:price_elasticity"),
    "churn_reasons": _probe("churn:churn_reasons"),
    "experience_statistics": _probe("purchase_probability:experience_statistics"),
    "word_of_mouth_effects": _probe("purchase_probability:word_of_mouth_effects"),
    "cohorts": _probe("churn:cohorts"),
    "customers": _probe("customers:customers"),
    "network_sample": network_sample,
    "panel": _probe("customers:panel"),
    "tenure": _probe("churn:tenure"),
}
