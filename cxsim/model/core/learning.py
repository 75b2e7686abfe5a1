"""Learning relationships: firms learn customers' needs in contacts, and forget without them."""

from __future__ import annotations

from cxsim.model.mechanism import Accumulator, Column, Draw, Mechanism, Pass, listed, scratch, tile
from cxsim.numerics.draws import uniform
from cxsim.parameters import Ask, Parameters, parameter

# -- Learning: firms learn customers' needs in contacts, and forget without them ---------------


class MarketParameters(Parameters):
    """Speed of learning about customers."""

    learning_rate: float = parameter(
        1.0,
        doc="Learning rate: precision, relative to the prior, of the signal of one contact at full "
        "data sharing and full interaction",
        ge=0,
        ask=Ask(beside=("interaction",)),
    )


class SegmentParameters(Parameters):
    """Data sharing by a segment."""

    disclosure: float = parameter(
        1.0, "Data sharing: share of what the customer could tell that it tells", "share"
    )


class FirmParameters(Parameters):
    """Recognition, interaction and forgetting of a firm."""

    identification: float = parameter(
        1.0,
        doc="Recognition rate: chance to recognize the customer in a contact (identify)",
        unit="share",
        ask=Ask(beside=("interaction", "customization")),
    )
    interaction: float = parameter(
        0.0, "How well the firm interacts with individual customers (interact)", "share"
    )
    forgetting_rate: float = parameter(
        0.0,
        doc="Share of customer knowledge that is lost in a period without learning",
        unit="per period",
        ge=0,
        le=1,
        ask=Ask(beside=("interaction",)),
    )


# --- rules ------------------------------------------------------------------------


def precision(learning_rate: float, interaction: float, disclosure: float) -> float:
    """Return the precision of the signal of a contact relative to the prior, rho A w.

    Needs and signals are normal, so that precisions add up (DeGroot 1970, Optimal Statistical
    Decisions, 9.5); the learning relationship is that of Pine, Peppers & Rogers (1995).

    Parameters
    ----------
    learning_rate : float
        rho, precision of a signal at full interaction and data sharing, relative to the prior.
    interaction : float
        A, share.
    disclosure : float
        w, data sharing, share.

    Returns
    -------
    float
        Relative to the precision of the prior.
    """
    return learning_rate * interaction * disclosure


def learned(uncertainty: float, precision: float) -> float:
    """Return the share of variance left unresolved after one signal, P / (1 + r P).

    Bayesian updating of a normal need by a normal signal.

    Parameters
    ----------
    uncertainty : float
        P, share of the variance unresolved before the signal.
    precision : float
        r, precision of the signal relative to the prior.

    Returns
    -------
    float
        Share; never above P.
    """
    return uncertainty / (1.0 + precision * uncertainty)


def decayed(uncertainty: float, forgetting_rate: float) -> float:
    """Return the share of variance unresolved after a period without learning, P + f (1 - P).

    Parameters
    ----------
    uncertainty : float
        P, share unresolved before.
    forgetting_rate : float
        f, share of knowledge lost, per period.

    Returns
    -------
    float
        Share.
    """
    return uncertainty + forgetting_rate * (1.0 - uncertainty)


def onboarding_effort(full_effort: float, customization: float, gain: float) -> float:
    """Return the onboarding effort of a contact that raises the firm's knowledge, h C dK, currency.

    Parameters
    ----------
    full_effort : float
        h, effort of explaining all needs to a firm that can use them all, currency.
    customization : float
        C, share.
    gain : float
        dK, rise in customer knowledge, share.

    Returns
    -------
    float
        Currency.
    """
    return full_effort * customization * gain


# --- passes -----------------------------------------------------------------------


def arrive(n, n_firms, arriving, uncertainty):
    """Reset firms' knowledge for newcomers to zero."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                uncertainty[f, i] = 1.0


def prepare(
    n, n_firms, segment, supplier, uncertainty, recognition, interaction, knowledge_shown,
    disclosure, supplier_or_zero, supplier_knowledge,
    firm_identification, firm_interaction, segment_disclosure,
):  # fmt: skip
    """Set what a firm learns from a customer, and knows, which other mechanisms may change."""
    for i in range(n):
        disclosure[0, i] = segment_disclosure[segment[i]]
        supplier_or_zero[i] = max(0, supplier[i])
    for i in range(n):
        knows = 1.0 - uncertainty[supplier_or_zero[i], i]
        supplier_knowledge[i] = knows if supplier[i] >= 0 else 0.0
    for f in range(n_firms):
        for i in range(n):
            recognition[f, i] = firm_identification[f]
            interaction[f, i] = firm_interaction[f]
            knowledge_shown[f, i] = 1.0 - uncertainty[f, i]
            disclosure[f, i] = disclosure[0, i]


def learn(
    n, first, n_firms, buyer, seller, uncertainty, recognition, interaction, customization,
    disclosure, effort, uncertainty_after, onboarding_spent, experienced_utility, key_recognized,
    market_learning_rate, firm_forgetting_rate, sum_recognized, sum_unknown, sum_resolved,
    sum_effort,
):  # fmt: skip
    """Firms learn from recognized buyers; all other knowledge decays."""
    buyers = listed(n, buyer)
    for k in range(buyers):
        i = buyer[k]
        f = seller[k]
        before = uncertainty[f, i]
        after = learned(
            before, precision(market_learning_rate[0], interaction[f, i], disclosure[f, i])
        )
        effort_spent = onboarding_effort(effort[i], customization[f, i], before - after)
        met = uniform(key_recognized[f], first + i) < recognition[f, i]
        uncertainty_after[k] = after if met else -1.0
        onboarding_spent[k] = effort_spent if met else 0.0
    for k in range(buyers):
        sum_unknown[tile(buyer[k]), seller[k]] += uncertainty[seller[k], buyer[k]]
        if uncertainty_after[k] >= 0.0:
            experienced_utility[buyer[k]] -= onboarding_spent[k]
            sum_recognized[tile(buyer[k]), seller[k]] += 1.0
            resolved = uncertainty[seller[k], buyer[k]] - uncertainty_after[k]
            sum_resolved[tile(buyer[k]), seller[k]] += resolved
            sum_effort[tile(buyer[k]), seller[k]] += onboarding_spent[k]
    for f in range(n_firms):
        for i in range(n):
            uncertainty[f, i] = decayed(uncertainty[f, i], firm_forgetting_rate[f])
    for k in range(buyers):
        if uncertainty_after[k] >= 0.0:
            uncertainty[seller[k], buyer[k]] = uncertainty_after[k]


def count(n, supplier, supplier_knowledge, sum_knowledge):
    """Add up firms' knowledge of their customers."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            sum_knowledge[tile(i), s] += supplier_knowledge[i]


LEARNING = Mechanism(
    "learning",
    doc="Firms learn customers' needs in contacts",
    core=True,
    market=MarketParameters,
    segment=SegmentParameters,
    firm=FirmParameters,
    columns=(
        Column(
            "uncertainty",
            ("firm",),
            fill=1,
            doc="Share of the variance of the need that the "
            "firm has not resolved; customer knowledge is 1 less it",
            ge=0,
            le=1,
        ),
        scratch("recognition", "Chance that the firm recognizes the customer", ("firm",)),
        scratch("interaction", "Interaction with the customer", ("firm",)),
        scratch(
            "knowledge_shown", "Knowledge available to the firm when the customer orders", ("firm",)
        ),
        scratch("uncertainty_after", "Uncertainty after the contact, by position in the list"),
        scratch("onboarding_spent", "Onboarding effort, by position in the list"),
        scratch("supplier_or_zero", "Number of the supplier, 0 where there is none", dtype="u4"),
        scratch("supplier_knowledge", "Knowledge of the supplier; 0 where there is none"),
        scratch("disclosure", "Data sharing of the customer with the firm", ("firm",)),
    ),
    draws=(Draw("recognized", ("firm",)),),
    accumulators=(
        Accumulator("recognized", "Contacts in which the customer was recognized"),
        Accumulator("unknown", "Need variance unresolved before contacts, summed"),
        Accumulator("resolved", "Need variance resolved in contacts, summed"),
        Accumulator("effort", "Onboarding effort of customers, currency"),
        Accumulator("knowledge", "Customer knowledge, summed over the firm's customers"),
    ),
    passes=(
        Pass(arrive, "arrive"),
        Pass(prepare, "prepare"),
        Pass(learn, "update"),
        Pass(count, "account", after=("offer.note_supplier",)),
    ),
)


# -- Data portability: a customer can transfer part of its profile to a new firm ---------------


class PortabilityParameters(Parameters):
    """Data portability."""

    profile_portability: float | None = parameter(
        None, "Share of the supplier's profile of a customer that a new firm can take over", "share"
    )


# --- rules ------------------------------------------------------------------------


def shown(knowledge: float, supplier_knowledge: float, portability: float) -> float:
    """Return a firm's knowledge after a transfer of the customer's profile, max(K, phi K_s).

    Parameters
    ----------
    knowledge : float
        K, share of need variance that the firm has resolved itself.
    supplier_knowledge : float
        K_s, that of the customer's supplier.
    portability : float
        phi, share of a profile that can be taken over.

    Returns
    -------
    float
        Share.
    """
    ported = portability * supplier_knowledge
    return max(knowledge, ported)


# --- passes -----------------------------------------------------------------------


def show(n, n_firms, supplier, uncertainty, knowledge_shown, market_profile_portability):
    """Raise each firm's available knowledge to that of the portable profile."""
    for f in range(n_firms):
        for i in range(n):
            s = supplier[i]
            if s >= 0:
                knowledge_shown[f, i] = shown(
                    knowledge_shown[f, i], 1.0 - uncertainty[s, i], market_profile_portability[0]
                )


def hand_over(n, n_firms, supplier, choice, uncertainty, market_profile_portability):
    """Transfer the profile of customers who switch, before the new firm learns more."""
    for i in range(n):
        s = supplier[i]
        f = choice[i]
        if s >= 0 and 0 <= f < n_firms and f != s:
            known = 1.0 - uncertainty[f, i]
            better = shown(known, 1.0 - uncertainty[s, i], market_profile_portability[0])
            if better > known:
                uncertainty[f, i] = 1.0 - better


def portable_to_rival(n, supplier, uncertainty, rival_knowledge, market_profile_portability):
    """Let an identical rival see the portable profile too."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            rival_knowledge[i] = shown(0.0, 1.0 - uncertainty[s, i], market_profile_portability[0])


PORTABILITY = Mechanism(
    "portability",
    doc="Data portability",
    market=PortabilityParameters,
    passes=(
        Pass(show, "adjust"),
        Pass(hand_over, "update", before=("learning.learn",)),
        Pass(portable_to_rival, "account", after=("switching.identical_rival",)),
    ),
    active=lambda scenario: scenario.profile_portability is not None,
)
