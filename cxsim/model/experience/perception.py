"""Expectation, experience and emotions of customers, and the value of experience.

A contact is experienced by its performance and by its gap to expectation, with losses weighing
more than gains (Oliver 1980; Kahneman & Tversky 1979). Expectations start at the firm's brand
promise, follow the performance experienced, and rise with better firms.

Experience is a stock by customer and firm: the journey updates it, word of mouth passes it on.
Only contacts of this customer with this firm may change it.

The clusters are those of Shaw (2007, *The DNA of Customer Experience*); where one ends and
the next begins is set by cut points on the experience stock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import nan
from typing import Any

import numpy as np

from cxsim.messages import hint
from cxsim.model.core.people import has_lapsed
from cxsim.model.ledger import ratio
from cxsim.model.mechanism import (
    NONE,
    Accumulator,
    Column,
    Draw,
    Measure,
    Mechanism,
    Pass,
    listed,
    scratch,
    tile,
)
from cxsim.numerics.draws import uniform
from cxsim.parameters import Parameters, parameter

# -- Perception: experience in a contact, given its performance and the expectation -------------


class MarketParameters(Parameters):
    """Effect of performance and expectation on experience."""

    neutral: float = parameter(
        5.0, "Neutral performance, neither good nor bad", "score 0-10", ge=0, le=10
    )
    performance_weight: float = parameter(
        1.0,
        doc="Weight of performance itself relative to gains over expectation",
        ge=0,
        source="Churchill & Surprenant 1982: both count; the weight is an assumption",
    )
    loss_aversion: float = parameter(
        2.25,
        doc="Loss aversion: weight of falling short of expectation relative to a gain",
        ge=0,
        source="Tversky & Kahneman 1992 (median, for money)",
    )
    experience_memory: float = parameter(
        0.2, "Share of the experience of a firm that a period with contacts renews", "share"
    )
    expectation_adaptation: float = parameter(
        0.1, "Share of its distance to performance that expectation moves in a contact", "share"
    )
    expectation_spillover: float = parameter(
        0.0,
        doc="Share of the lead of the best firm experienced in a period by which expectations "
        "of all other firms rise",
        unit="share",
    )


class FirmParameters(Parameters):
    """The brand promise of a firm."""

    brand_promise: float | None = parameter(
        None,
        doc="Performance that customers expect before their first contact (default: the mean of "
        "the firm's touchpoints, or more where the organization communicates badly)",
        unit="score 0-10",
    )


# --- rules ------------------------------------------------------------------------


def surprise(performance: float, expectation: float, loss_aversion: float) -> float:
    """Return the effect of a gap to expectation: g(d) = d/10, or lambda d/10 for a loss.

    Confirmation or disconfirmation of an expectation (Oliver 1980), with losses that weigh more.

    Parameters
    ----------
    performance : float
        y, actual performance, score 0-10.
    expectation : float
        X, score 0-10.
    loss_aversion : float
        lambda, weight of a loss relative to a gain.

    Returns
    -------
    float
        Experience, about -1 to 1.
    """
    gap = 0.1 * (performance - expectation)
    return gap if gap >= 0.0 else loss_aversion * gap


def contact_experience(
    performance: float, expectation: float, weight: float, neutral: float, loss_aversion: float
) -> float:
    """Return the experience in a contact, w (y - neutral) / 10 + g(y - X).

    Parameters
    ----------
    performance : float
        y, actual performance, score 0-10.
    expectation : float
        X, score 0-10.
    weight : float
        w, of performance itself, apart from surprise.
    neutral : float
        Performance that is neither good nor bad, score 0-10.
    loss_aversion : float
        Weight of a loss relative to a gain in g (:func:`surprise`).

    Returns
    -------
    float
        Experience, about -1 to 1.
    """
    return weight * 0.1 * (performance - neutral) + surprise(
        performance, expectation, loss_aversion
    )


def adapted(expectation: float, performance: float, adaptation: float) -> float:
    """Return the expectation after a contact, X + adaptation (y - X).

    Parameters
    ----------
    expectation : float
        X, score 0-10.
    performance : float
        y, actual performance, score 0-10.
    adaptation : float
        Share of the gap by which the expectation moves in a contact.

    Returns
    -------
    float
        Score.
    """
    return expectation + adaptation * (performance - expectation)


def expectation_after_best(expectation: float, best: float, spillover: float) -> float:
    """Return the expectation of a firm after contact with a better one, X + s max(0, best - X).

    Parameters
    ----------
    expectation : float
        X of the firm, score 0-10.
    best : float
        Mean performance of the best firm met in the period, score 0-10.
    spillover : float
        s, share of the lead that carries over.

    Returns
    -------
    float
        Score; never below X.
    """
    lead = best - expectation
    return expectation + spillover * lead if lead > 0.0 else expectation


def blended(experience: float, felt: float, memory: float) -> float:
    """Return the experience after a period with contacts, (1 - m) E + m felt.

    Parameters
    ----------
    experience : float
        E before the period, about -1 to 1.
    felt : float
        Mean experience in the period's contacts, weighted by importance.
    memory : float
        m, weight of the present period.

    Returns
    -------
    float
        Experience, about -1 to 1.
    """
    return (1.0 - memory) * experience + memory * felt


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, expectation):
    """Reset the expectations of newcomers, who rely on brand promises."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                expectation[f, i] = nan


def count(n, supplier, expectation, promise, sum_expectation):
    """Add up customers' expectations of their supplier."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            x = expectation[s, i]
            sum_expectation[tile(i), s] += x if x == x else promise[s]


# --- measures ---------------------------------------------------------------------


def expectation(b: Any) -> np.ndarray:
    """Mean expectation that the firm's customers have of it at the end of the period."""
    return ratio(b.count("expectation"), b.count("emotions").sum(axis=2))


PERCEPTION = Mechanism(
    "perception",
    doc="Expectation, and experience in contacts",
    market=MarketParameters,
    firm=FirmParameters,
    columns=(
        Column(
            "expectation",
            ("firm",),
            fill=nan,
            doc="Performance that the customer expects of a firm, score 0-10; NaN before the "
            "first contact, when the brand promise applies",
            ge=0,
            le=10,
        ),
    ),
    accumulators=(
        Accumulator("expectation", "Expectation of the supplier, summed over customers"),
    ),
    passes=(Pass(forget, "arrive"), Pass(count, "account")),
    measures=(Measure.of(expectation, "Mean expectation", "score 0-10", summary="last"),),
    active=lambda scenario: scenario.journey is not None,
)


# -- Experience: a stock by customer and firm ---------------------------------------------------


#: Sections of a scenario that need the stock.
USERS = ("journey", "word_of_mouth")


def forget_experience(n, n_firms, arriving, experience, experienced):
    """Reset the experience of newcomers."""
    for f in range(n_firms):
        for i in range(n):
            if arriving[i]:
                experience[f, i] = 0.0
                experienced[f, i] = 0


def mark_experienced(n, buyer, seller, experienced):
    """Mark buyers as customers with experience of the firm."""
    for k in range(listed(n, buyer)):
        experienced[seller[k], buyer[k]] = 1


EXPERIENCE = Mechanism(
    "experience",
    doc="Customers' own experience of each firm",
    columns=(
        Column("experience", ("firm",), doc="Experience E of a firm, about -1 to 1; 0 is neutral"),
        Column(
            "experienced",
            ("firm",),
            "i1",
            doc="1 after the customer's first contact with the firm",
            ge=0,
            le=1,
        ),
    ),
    passes=(
        Pass(forget_experience, "arrive", after=("people.arrive",)),
        Pass(mark_experienced, "update"),
    ),
    active=lambda scenario: any(getattr(scenario, name, None) for name in USERS),
)


# -- Emotions: customers' experience of their supplier in four clusters -------------------------


#: Clusters from worst to best.
CLUSTERS = ("destroying", "attention", "recommendation", "advocacy")


class EmotionParameters(Parameters):
    """Cut points between emotion clusters."""

    emotion_cut_points: tuple[float, float, float] = parameter(
        (0.0, 0.15, 0.35),
        doc="Experience at which attention, recommendation and advocacy begin (default: the "
        "long-run experience of an expected performance of 5, 6.5 and 8.5 out of 10)",
        unit="experience",
        axes=(3,),
    )


def _rising(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    cuts = scenario.emotion_cut_points
    if list(cuts) != sorted(cuts):
        yield ("emotion_cut_points",), f"expected numbers that rise, found {list(cuts)}"


# --- rules ------------------------------------------------------------------------


def emotion_cluster(
    experience: float, attention: float, recommendation: float, advocacy: float
) -> int:
    """Return the number of the emotion cluster, 0 (destroying) to 3 (advocacy).

    Clusters after Shaw (2007).

    Parameters
    ----------
    experience : float
        E, about -1 to 1.
    attention, recommendation, advocacy : float
        Lowest experience of the three upper clusters.

    Returns
    -------
    int
        Index of the cluster.
    """
    return (experience >= attention) + (experience >= recommendation) + (experience >= advocacy)


# --- passes -----------------------------------------------------------------------


def count_emotions(
    n, supplier, experience, market_emotion_cut_points, sum_emotions, sum_experience
):  # fmt: skip
    """Count customers by the emotion cluster of their supplier."""
    low = market_emotion_cut_points[0, 0]
    middle = market_emotion_cut_points[0, 1]
    high = market_emotion_cut_points[0, 2]
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            sum_emotions[tile(i), s, emotion_cluster(experience[s, i], low, middle, high)] += 1.0
            sum_experience[tile(i), s] += experience[s, i]


# --- measures ---------------------------------------------------------------------


def experience(b: Any) -> np.ndarray:
    """Mean experience of the firm over its customers at the end of the period."""
    return ratio(b.count("experience"), b.count("emotions").sum(axis=2))


def _share(number: int) -> Callable[[Any], np.ndarray]:
    def share(b: Any) -> np.ndarray:
        emotions = b.count("emotions")
        return ratio(emotions[:, :, number], emotions.sum(axis=2))

    share.__doc__ = (
        f"Share of the firm's customers in the cluster '{CLUSTERS[number]}' of experience."
    )
    return share


def net_promoter_score(b: Any) -> np.ndarray:
    """Share of the firm's customers in the cluster advocacy less the share in destroying."""
    emotions = b.count("emotions")
    return ratio(emotions[:, :, 3] - emotions[:, :, 0], emotions.sum(axis=2))


EMOTIONS = Mechanism(
    "emotions",
    doc="Emotion clusters of customers",
    market=EmotionParameters,
    accumulators=(
        Accumulator("emotions", "Customers by emotion cluster", ("firm", len(CLUSTERS))),
        Accumulator("experience", "Experience of the supplier, summed over customers"),
    ),
    passes=(Pass(count_emotions, "account"),),
    measures=(
        Measure.of(experience, "Mean experience", "experience", summary="last"),
        *(
            Measure(
                name, f"Share of customers in '{name}'", "share", _share(number), summary="last"
            )
            for number, name in enumerate(CLUSTERS)
        ),
        Measure.of(
            net_promoter_score, "Net promoter score", "share", summary="last", also=("nps",)
        ),
    ),
    check=_rising,
    active=EXPERIENCE.active,
)


# -- Emotions act: choice, lapsing and service cost by emotion cluster --------------------------


class EmotionEffect(Parameters):
    """Consequences of an emotion cluster, in the period after customers came to be in it."""

    worth: float = parameter(
        0.0, "Value added to the firm's offers, per purchase; negative repels", "currency"
    )
    lapse: float = parameter(
        0.0, "Chance that a customer ends the relationship with its supplier", "share per period",
        ge=0, le=1,
    )  # fmt: skip
    service_cost: float = parameter(
        0.0, "Service cost that a customer causes its supplier", "currency per period", ge=0
    )


class EffectParameters(Parameters):
    """Consequences of emotion clusters."""

    emotion_effects: dict[str, EmotionEffect] = parameter(
        {}, "Consequences of emotion clusters, by cluster; none for those left out",
        axes=("emotion",),
    )  # fmt: skip


def _clusters(scenario: Any) -> dict[str, tuple[str, ...]]:
    return {"emotion": CLUSTERS}


def _known_clusters(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for name in scenario.emotion_effects:
        if name not in CLUSTERS:
            text = f"expected an emotion cluster, found {name!r}{hint(name, CLUSTERS)}"
            yield ("emotion_effects", name), text
    if scenario.emotion_effects and not EXPERIENCE.active(scenario):
        found = "found neither: nobody has experience of a firm"
        yield ("emotion_effects",), f"expected a journey or word_of_mouth beside them, {found}"


# --- rules ------------------------------------------------------------------------


def effect_of_emotion(effect: float, experienced: float) -> float:
    """Return the effect of an emotion cluster on a customer, a for firms experienced, else 0.

    Parameters
    ----------
    effect : float
        a, of the cluster; NaN where none is given.
    experienced : float
        1 for a customer with experience of the firm, else 0.

    Returns
    -------
    float
        In the unit of the effect.
    """
    return effect if experienced > 0.0 and effect == effect else 0.0


# --- passes -----------------------------------------------------------------------


def lapse_by_emotion(
    n, first, clock, supplier, tenure, experience, experienced, purchase_rate, last_bought,
    key_emotion_lapse, market_emotion_cut_points, market_emotion_effects_lapse, market_lapse_after,
    sum_emotion_lapsed, sum_emotion_lapsed_active,
):  # fmt: skip
    """Let customers end the relationship with a supplier by its emotion cluster."""
    key = key_emotion_lapse[0]
    low = market_emotion_cut_points[0, 0]
    middle = market_emotion_cut_points[0, 1]
    high = market_emotion_cut_points[0, 2]
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            cluster = emotion_cluster(experience[s, i], low, middle, high)
            chance = effect_of_emotion(market_emotion_effects_lapse[0, cluster], experienced[s, i])
            if uniform(key, first + i) < chance:
                sum_emotion_lapsed[tile(i), s] += 1.0
                silent = clock[0] - 1 - last_bought[i]
                if not has_lapsed(silent, purchase_rate[i], market_lapse_after[0]):
                    sum_emotion_lapsed_active[tile(i), s] += 1.0
                supplier[i] = NONE
                tenure[i] = 0


def add_emotion(
    n, n_firms, experience, experienced, value, market_emotion_cut_points,
    market_emotion_effects_worth,
):  # fmt: skip
    """Add the value of the emotion cluster to the offers of firms experienced."""
    low = market_emotion_cut_points[0, 0]
    middle = market_emotion_cut_points[0, 1]
    high = market_emotion_cut_points[0, 2]
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                cluster = emotion_cluster(experience[f, i], low, middle, high)
                value[e, f, i] += effect_of_emotion(
                    market_emotion_effects_worth[0, cluster], experienced[f, i]
                )


def serve_by_emotion(
    n, supplier, experience, experienced, market_emotion_cut_points,
    market_emotion_effects_service_cost, sum_emotion_cost,
):  # fmt: skip
    """Book the service cost that customers cause their supplier by emotion cluster."""
    low = market_emotion_cut_points[0, 0]
    middle = market_emotion_cut_points[0, 1]
    high = market_emotion_cut_points[0, 2]
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            cluster = emotion_cluster(experience[s, i], low, middle, high)
            sum_emotion_cost[tile(i), s] += effect_of_emotion(
                market_emotion_effects_service_cost[0, cluster], experienced[s, i]
            )


# --- measures ---------------------------------------------------------------------


def customers_lapsed_by_emotion(b: Any) -> np.ndarray:
    """Customers who ended the relationship in the period because of their emotion cluster."""
    return b.total("emotion_lapsed")


def emotion_cost(b: Any) -> np.ndarray:
    """Service cost in the period that customers cause by their emotion cluster."""
    return b.total("emotion_cost")


EMOTION_EFFECTS = Mechanism(
    "emotion_effects",
    doc="Consequences of emotion clusters",
    market=EffectParameters,
    draws=(Draw("emotion_lapse"),),
    accumulators=(
        Accumulator("emotion_lapsed", "Customers who ended the relationship by emotion cluster"),
        Accumulator("emotion_lapsed_active", "Active customers among them"),
        Accumulator("emotion_cost", "Service cost by emotion cluster, currency"),
    ),
    axes=_clusters,
    passes=(
        Pass(lapse_by_emotion, "leave", before=("people.leave",)),
        Pass(add_emotion, "add", term="emotion"),
        Pass(serve_by_emotion, "pay"),
    ),
    measures=(
        Measure(
            "customers_lapsed_by_emotion",
            "Customers lapsed by emotion",
            "per period",
            customers_lapsed_by_emotion,
            summary="sum",
        ),
        Measure(
            "emotion_cost",
            "Service cost by emotion",
            "currency per period",
            emotion_cost,
            summary="sum",
            cost="contribution",
        ),
    ),
    check=_known_clusters,
    active=lambda scenario: bool(scenario.emotion_effects),
)


# -- Attachment: the value of experience to customers -------------------------------------------


#: Premiums, as shares of the price, at which customers are counted by their value of experience.
PREMIUMS = (0.10, 0.15, 0.25)


class SegmentParameters(Parameters):
    """Value of experience to a segment, and its effect on purchase frequency."""

    experience_value: float = parameter(
        0.0, "Value of a unit of experience of a firm, per purchase", "currency"
    )
    spend_response: float = parameter(
        0.0,
        doc="Relative increase of the chance to be in the market per unit of experience of the "
        "supplier (Bolton 1998: satisfied customers stay longer and use more)",
    )


# --- rules ------------------------------------------------------------------------


def attraction(value: float, experience: float) -> float:
    """Return the value of the experience of a firm, v E, currency per purchase.

    Parameters
    ----------
    value : float
        v, value of an experience of 1, currency per purchase.
    experience : float
        E, about -1 to 1.

    Returns
    -------
    float
        Currency per purchase.
    """
    return value * experience


def purchase_chance_after(chance: float, response: float, experience: float) -> float:
    """Return the chance to be in the market, given the experience of the supplier, q (1 + s E).

    Parameters
    ----------
    chance : float
        q, without experience, per period.
    response : float
        s, relative change of the chance at an experience of 1.
    experience : float
        E, about -1 to 1.

    Returns
    -------
    float
        Probability per period, between 0 and 1.
    """
    return max(0.0, min(1.0, chance * (1.0 + response * experience)))


def share_of_price(value: float, lead: float, price: float) -> float:
    """Return the value of a lead in experience as a share of the price of a purchase.

    Parameters
    ----------
    value : float
        Value of an experience of 1, currency per purchase.
    lead : float
        Lead in experience over the firm, about 0 to 2.
    price : float
        Price of a purchase, currency.

    Returns
    -------
    float
        Share of the price; 0 where the price is 0.
    """
    return value * lead / price if price > 0.0 else 0.0


# --- passes -----------------------------------------------------------------------


def respond(n, segment, supplier, experience, chance_to_shop, segment_spend_response):
    """Raise or lower the chance to be in the market by the experience of the supplier."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            chance_to_shop[i] = purchase_chance_after(
                chance_to_shop[i], segment_spend_response[segment[i]], experience[s, i]
            )


def attract(n, n_firms, segment, experience, attachment, value, segment_experience_value):
    """Add the value of the customer's experience of each firm."""
    for i in range(n):
        attachment[i] = segment_experience_value[segment[i]]
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] += attraction(attachment[i], experience[f, i])


def add_value_of_experience(
    n, n_firms, segment, supplier, experience, best_experience, volume, switching_relational,
    firm_price, segment_experience_value, premium_shares, sum_experience_premium,
):  # fmt: skip
    """Add the value of experience to switching costs, and count premiums for the best experience.

    The customer has no experience of an identical rival.
    """
    for i in range(n):
        best_experience[i] = experience[0, i]
    for f in range(1, n_firms):
        for i in range(n):
            best_experience[i] = max(best_experience[i], experience[f, i])
    for i in range(n):
        s = max(0, supplier[i])
        own = experience[s, i]
        worth = segment_experience_value[segment[i]] if supplier[i] >= 0 else 0.0
        share = share_of_price(worth, best_experience[i] - own, volume[i] * firm_price[s])
        switching_relational[i] += attraction(worth, own)
        if share >= premium_shares[0]:
            for k in range(len(premium_shares)):
                if share >= premium_shares[k]:
                    sum_experience_premium[tile(i), s, k] += 1.0


# --- measures ---------------------------------------------------------------------


def _reach(number: int) -> Callable[[Any], np.ndarray]:
    def reach(b: Any) -> np.ndarray:
        return ratio(b.count("experience_premium")[:, :, number], b.count("emotions").sum(axis=2))

    reach.__doc__ = (
        "Share of the firm's customers to whom the best experience they have of any firm is worth "
        f"at least {PREMIUMS[number]:.0%} of the price more than the experience of this firm."
    )
    return reach


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    return {"premium_shares": np.array(PREMIUMS)}


ATTACHMENT = Mechanism(
    "attachment",
    doc="Value of experience to customers",
    segment=SegmentParameters,
    columns=(
        scratch("attachment", "Value of a unit of experience, currency"),
        scratch("best_experience", "Best experience the customer has of a firm", dtype="f4"),
    ),
    accumulators=(
        Accumulator(
            "experience_premium",
            "Customers to whom the best experience they have is worth 10, 15 and 25 % of the "
            "price more than that of the supplier",
            ("firm", len(PREMIUMS)),
        ),
    ),
    setup=_setup,
    passes=(
        Pass(respond, "prepare", after=("choice.attend",), before=("choice.enter",)),
        Pass(attract, "add", term="experience"),
        Pass(
            add_value_of_experience,
            "account",
            after=("switching.count",),
            before=("switching.add_up",),
        ),
    ),
    measures=tuple(
        Measure(
            f"experience_premium_{share:.0%}".replace("%", ""),
            f"Customers with an experience premium of {share:.0%}",
            "share",
            _reach(number),
            summary="last",
        )
        for number, share in enumerate(PREMIUMS)
    ),
    active=lambda scenario: scenario.journey is not None,
)
