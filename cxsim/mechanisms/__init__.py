"""Mechanisms: one file per idea. The core always runs; the others where a scenario names them."""

from __future__ import annotations

from cxsim.mechanisms.acquisition import ACQUAINTANCE, ACQUISITION, TARGETING
from cxsim.mechanisms.advertising import ADVERTISING
from cxsim.mechanisms.attachment import ATTACHMENT
from cxsim.mechanisms.attributes import ATTRIBUTES
from cxsim.mechanisms.awareness import AWARENESS
from cxsim.mechanisms.base import Mechanism
from cxsim.mechanisms.belief import BELIEF
from cxsim.mechanisms.buying_center import BUYING_CENTER
from cxsim.mechanisms.channels import CHANNELS
from cxsim.mechanisms.choice import CHOICE
from cxsim.mechanisms.contact_tolerance import CONTACT_TOLERANCE, RESENTMENT
from cxsim.mechanisms.contracts import CONTRACTS
from cxsim.mechanisms.emotions import EMOTIONS
from cxsim.mechanisms.exit import EXIT
from cxsim.mechanisms.experience import EXPERIENCE
from cxsim.mechanisms.explained import EXPLAINED
from cxsim.mechanisms.hassle import HASSLE
from cxsim.mechanisms.hindsight import HINDSIGHT
from cxsim.mechanisms.improvement import IMPROVEMENT
from cxsim.mechanisms.initial import INITIAL
from cxsim.mechanisms.journey import JOURNEY
from cxsim.mechanisms.judgement import JUDGEMENT
from cxsim.mechanisms.learning import LEARNING
from cxsim.mechanisms.lifetime import LIFETIME
from cxsim.mechanisms.listening import LISTENING
from cxsim.mechanisms.loyalty import LOYALTY
from cxsim.mechanisms.money import MONEY
from cxsim.mechanisms.need_drift import NEED_DRIFT
from cxsim.mechanisms.next_best_offer import NEXT_BEST_OFFER
from cxsim.mechanisms.offer import OFFER
from cxsim.mechanisms.organization import ORGANIZATION
from cxsim.mechanisms.people import PEOPLE
from cxsim.mechanisms.perception import PERCEPTION
from cxsim.mechanisms.policies import POLICIES
from cxsim.mechanisms.portability import PORTABILITY
from cxsim.mechanisms.reach import REACH
from cxsim.mechanisms.records import RECORDS
from cxsim.mechanisms.recovery import RECOVERY
from cxsim.mechanisms.reputation import REPUTATION
from cxsim.mechanisms.self_discovery import SELF_DISCOVERY
from cxsim.mechanisms.switching import SWITCHING
from cxsim.mechanisms.touchpoints import TOUCHPOINTS
from cxsim.mechanisms.tracking import TRACKING
from cxsim.mechanisms.true_value import TRUE_VALUE
from cxsim.mechanisms.value_tiers import VALUE_TIERS
from cxsim.mechanisms.word_of_mouth import WORD_OF_MOUTH

__all__ = ["CORE", "PACKAGE", "Mechanism", "add", "registered", "unregister"]

CORE = (PEOPLE, INITIAL, CHOICE, LEARNING, OFFER, HASSLE, SWITCHING, MONEY, LIFETIME)

#: What changes of itself.
DRIFTING = (NEED_DRIFT, PORTABILITY)
#: What customers live through with firms.
LIVED = (EXPERIENCE, TOUCHPOINTS, ORGANIZATION, PERCEPTION, CHANNELS, JOURNEY, ATTACHMENT, EMOTIONS)
#: What firms make of what they hear of it.
HEARD = (BELIEF, LISTENING, TRACKING, RECOVERY, IMPROVEMENT)
#: What customers hear of firms from each other and by advertising.
TOLD = (WORD_OF_MOUTH, REPUTATION, REACH, AWARENESS, ADVERTISING)
#: Whose judgement decides.
JUDGED = (JUDGEMENT, HINDSIGHT, SELF_DISCOVERY, BUYING_CENTER)
#: What ties customers to a firm beside what it knows of them.
TIED = (LOYALTY, CONTRACTS)
#: Whom firms single out.
VALUED = (RECORDS, ATTRIBUTES, EXPLAINED, TRUE_VALUE, VALUE_TIERS)
#: Whom firms win over.
WON = (ACQUISITION, TARGETING, ACQUAINTANCE)
#: What comes of contacts beside the purchase.
CONTACTED = (NEXT_BEST_OFFER, CONTACT_TOLERANCE, RESENTMENT)
#: What firms decide.
DECIDED = (POLICIES, EXIT)

#: Mechanisms outside the core.
BESIDE = (*DRIFTING, *LIVED, *HEARD, *TOLD, *JUDGED, *TIED, *VALUED, *WON, *CONTACTED, *DECIDED)

#: All that this package brings.
PACKAGE = (*CORE, *BESIDE)

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
