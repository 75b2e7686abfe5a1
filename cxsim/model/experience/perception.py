"""Perception: what a contact feels like, given what it was and what was expected of it.

Performance is felt by itself and against expectation, losses more than gains (Oliver 1980;
Kahneman & Tversky 1979). Expectations start at what the firm promises, follow what was
lived through, and rise with better firms.

The stock is kept for whoever reads or moves it: the journey adds what touchpoints felt
like, word of mouth passes it on. It is a customer's own; nothing but contacts of this
customer with this firm may change it.

The clusters are those of Shaw (2007, *The DNA of Customer Experience*); where one ends and
the next begins is set by cut points on the experience stock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import nan
from typing import Any

import numpy as np

from cxsim.model.ledger import ratio
from cxsim.model.mechanism import (
    Accumulator,
    Column,
    Measure,
    Mechanism,
    Pass,
    listed,
    scratch,
    tile,
)
from cxsim.parameters import Parameters, parameter

# -- Perception: what a contact feels like, given what it was and what was expected of it ------


class MarketParameters(Parameters):
    """How performance is felt."""

    neutral: float = parameter(
        5.0, doc="Performance that is neither good nor bad", unit="score 0-10", ge=0, le=10
    )
    performance_weight: float = parameter(
        1.0,
        doc="How strongly performance counts by itself, relative to gains over expectation",
        ge=0,
        source="Churchill & Surprenant 1982: both count; the weight is an assumption",
    )
    loss_aversion: float = parameter(
        2.25,
        doc="How strongly a fall short of expectation is felt, relative to a gain",
        ge=0,
        source="Tversky & Kahneman 1992 (median, for money)",
    )
    experience_memory: float = parameter(
        0.2,
        doc="Share of the experience of a firm that a period with contacts renews",
        unit="share",
        ge=0,
        le=1,
    )
    expectation_adaptation: float = parameter(
        0.1,
        doc="Share of its distance to performance that expectation moves in a contact",
        unit="share",
        ge=0,
        le=1,
    )
    expectation_spillover: float = parameter(
        0.0,
        doc="Share of the lead of the best firm experienced in a period by which expectations "
        "of all other firms rise",
        unit="share",
        ge=0,
        le=1,
    )


class FirmParameters(Parameters):
    """What a firm lets customers expect."""

    brand_promise: float | None = parameter(
        None,
        doc="What customers expect of the firm before their first contact (default: what its "
        "touchpoints are like on average, or more where the organization communicates badly)",
        unit="score 0-10",
    )


# --- rules ------------------------------------------------------------------------


def surprise(performance: float, expectation: float, loss_aversion: float) -> float:
    """Return what falling short of or exceeding expectation adds: g(d) = d/10, or lambda d/10."""
    gap = 0.1 * (performance - expectation)
    return gap if gap >= 0.0 else loss_aversion * gap


def contact_experience(
    performance: float, expectation: float, weight: float, neutral: float, loss_aversion: float
) -> float:
    """Return what a contact feels like, w (y - neutral) / 10 + g(y - X)."""
    return weight * 0.1 * (performance - neutral) + surprise(
        performance, expectation, loss_aversion
    )


def adapted(expectation: float, performance: float, adaptation: float) -> float:
    """Return the expectation after a contact, X + adaptation (y - X)."""
    return expectation + adaptation * (performance - expectation)


def expectation_after_best(expectation: float, best: float, spillover: float) -> float:
    """Return the expectation of a firm once a better one was met, X + s max(0, best - X)."""
    lead = best - expectation
    return expectation + spillover * lead if lead > 0.0 else expectation


def blended(experience: float, felt: float, memory: float) -> float:
    """Return the experience after a period with contacts, (1 - m) E + m felt."""
    return (1.0 - memory) * experience + memory * felt


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, expectation):
    """A newcomer has met nobody and goes by what firms promise."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                expectation[f, i] = nan


def count(n, supplier, expectation, promise, sum_expectation):
    """Add up what customers expect of their supplier."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            x = expectation[s, i]
            sum_expectation[tile(i), s] += x if x == x else promise[s]


# --- measures ---------------------------------------------------------------------


def expectation(b: Any) -> np.ndarray:
    """Mean of what customers expect of their supplier."""
    return ratio(b.count("expectation"), b.count("emotions").sum(axis=2))


PERCEPTION = Mechanism(
    "perception",
    doc="What contacts feel like",
    market=MarketParameters,
    firm=FirmParameters,
    columns=(
        Column(
            "expectation",
            ("firm",),
            fill=nan,
            doc="What the customer expects of a firm, score 0-10; nothing before the first "
            "contact, when the firm's promise stands for it",
            ge=0,
            le=10,
        ),
    ),
    accumulators=(
        Accumulator("expectation", "Expectation of the supplier, summed over customers"),
    ),
    passes=(Pass(forget, "arrive"), Pass(count, "account")),
    measures=(
        Measure(
            "expectation", "Expectation of customers", "score 0-10", expectation, summary="last"
        ),
    ),
    active=lambda scenario: scenario.journey is not None,
)


# -- Experience: what a customer has lived through with each firm, as it felt ------------------


#: Sections of a scenario that need the stock.
USERS = ("journey", "word_of_mouth")


def forget_experience(n, n_firms, arriving, experience, experienced):
    """A newcomer has lived through nothing."""
    for f in range(n_firms):
        for i in range(n):
            if arriving[i]:
                experience[f, i] = 0.0
                experienced[f, i] = 0


def mark_experienced(n, buyer, seller, experienced):
    """Who buys has met the firm."""
    for k in range(listed(n, buyer)):
        experienced[seller[k], buyer[k]] = 1


EXPERIENCE = Mechanism(
    "experience",
    doc="Customers' own experience of each firm",
    columns=(
        Column("experience", ("firm",), doc="Experience E of a firm, about -1 to 1; 0 is neutral"),
        Column(
            "experienced", ("firm",), "i1", doc="1 once the customer has met the firm", ge=0, le=1
        ),
    ),
    passes=(
        Pass(forget_experience, "arrive", after=("people.arrive",)),
        Pass(mark_experienced, "update"),
    ),
    active=lambda scenario: any(getattr(scenario, name, None) for name in USERS),
)


# -- Emotions: how customers feel about their supplier, in four clusters from destroying to advocacy


#: Clusters from worst to best.
CLUSTERS = ("destroying", "attention", "recommendation", "advocacy")


class EmotionParameters(Parameters):
    """Where one emotion ends and the next begins."""

    emotion_cut_points: tuple[float, float, float] = parameter(
        (0.0, 0.15, 0.35),
        doc="Experience at which attention, recommendation and advocacy begin (by default what "
        "a performance of 5, 6.5 and 8.5 out of 10 feels like in the long run to someone who "
        "expects it)",
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
    """Return the number of the emotion cluster, 0 (destroying) to 3 (advocacy)."""
    return (experience >= attention) + (experience >= recommendation) + (experience >= advocacy)


# --- passes -----------------------------------------------------------------------


def count_emotions(
    n, supplier, experience, market_emotion_cut_points, sum_emotions, sum_experience
):  # fmt: skip
    """Count how customers feel about their supplier."""
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
    """Mean experience of the firm among its customers."""
    return ratio(b.count("experience"), b.count("emotions").sum(axis=2))


def _share(number: int) -> Callable[[Any], np.ndarray]:
    def share(b: Any) -> np.ndarray:
        emotions = b.count("emotions")
        return ratio(emotions[:, :, number], emotions.sum(axis=2))

    share.__doc__ = f"Share of the firm's customers in the {CLUSTERS[number]} cluster."
    return share


def net_promoter(b: Any) -> np.ndarray:
    """Share of the firm's customers who are its advocates less share who destroy it."""
    emotions = b.count("emotions")
    return ratio(emotions[:, :, 3] - emotions[:, :, 0], emotions.sum(axis=2))


EMOTIONS = Mechanism(
    "emotions",
    doc="How customers feel about their supplier",
    market=EmotionParameters,
    accumulators=(
        Accumulator("emotions", "Customers by emotion cluster", ("firm", len(CLUSTERS))),
        Accumulator("experience", "Experience of the supplier, summed over customers"),
    ),
    passes=(Pass(count_emotions, "account"),),
    measures=(
        Measure("experience", "Experience of customers", "experience", experience, summary="last"),
        *(
            Measure(name, f"Customers in {name}", "share", _share(number), summary="last")
            for number, name in enumerate(CLUSTERS)
        ),
        Measure(
            "net_promoter",
            "Net promoter score",
            "share",
            net_promoter,
            summary="last",
            also=("nps",),
        ),
    ),
    check=_rising,
    active=EXPERIENCE.active,
)


# -- Attachment: what a good experience of a firm is worth to a customer, and what it makes of it


#: Shares of the price that customers are counted by, who would gain as much in experience.
PREMIUMS = (0.10, 0.15, 0.25)


class SegmentParameters(Parameters):
    """What experience is worth."""

    experience_value: float = parameter(
        0.0, doc="Worth of a unit of experience of a firm, per purchase", unit="currency"
    )
    spend_response: float = parameter(
        0.0,
        doc="Relative rise of the chance to be in the market per unit of experience of the "
        "supplier (Bolton 1998: satisfied customers stay longer and use more)",
    )


# --- rules ------------------------------------------------------------------------


def attraction(value: float, experience: float) -> float:
    """Return what the experience of a firm is worth, currency per purchase."""
    return value * experience


def purchase_chance_after(chance: float, response: float, experience: float) -> float:
    """Return the chance to be in the market, moved by the experience of the supplier."""
    return max(0.0, min(1.0, chance * (1.0 + response * experience)))


def share_of_price(value: float, lead: float, price: float) -> float:
    """Return what a lead in experience is worth as a share of the price of a purchase."""
    return value * lead / price if price > 0.0 else 0.0


# --- passes -----------------------------------------------------------------------


def respond(n, segment, supplier, experience, chance_to_shop, segment_spend_response):
    """A customer pleased with its supplier shops more often."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            chance_to_shop[i] = purchase_chance_after(
                chance_to_shop[i], segment_spend_response[segment[i]], experience[s, i]
            )


def attract(n, n_firms, segment, experience, attachment, value, segment_experience_value):
    """Add what the customer's experience of each firm is worth."""
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
    """Add what the experience of the supplier is worth, and what the best one would be.

    An identical rival would offer nothing that the customer has lived through.
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
        "Share of the firm's customers to whom the best experience they know is worth "
        f"{PREMIUMS[number]:.0%} of the price more than the firm's."
    )
    return reach


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    return {"premium_shares": np.array(PREMIUMS)}


ATTACHMENT = Mechanism(
    "attachment",
    doc="What experience is worth to customers",
    segment=SegmentParameters,
    columns=(
        scratch("attachment", "Worth of a unit of experience, currency"),
        scratch("best_experience", "Best experience the customer has of a firm", dtype="f4"),
    ),
    accumulators=(
        Accumulator(
            "experience_premium",
            "Customers to whom the best experience they know is worth 10, 15 and 25 % of the "
            "price more than the supplier's",
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
            f"worth_{share:.0%}".replace("%", ""),
            f"Customers to whom the best experience is worth {share:.0%} of the price",
            "share",
            _reach(number),
            summary="last",
        )
        for number, share in enumerate(PREMIUMS)
    ),
    active=lambda scenario: scenario.journey is not None,
)
