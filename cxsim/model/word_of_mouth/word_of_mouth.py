"""Word of mouth: messages between customers about their experience, and reputation of firms.

A customer sends a message about a firm with a chance that depends on its emotion cluster. Messages
are kept as a few bits and one number per sender. Receivers then collect them from their neighbours
in the social network, in customer order, or from customers met at random. No customer writes to
another customer's state, so that threads and blocks do not affect results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from cxsim.model.experience.perception import emotion_cluster
from cxsim.model.mechanism import (
    BILLION,
    TILE,
    Accumulator,
    Column,
    Draw,
    Measure,
    Mechanism,
    Pass,
    billionths,
    scratch,
    tile,
    tiles,
)
from cxsim.model.word_of_mouth.network import KINDS, Kind, network
from cxsim.numerics.draws import subkey, uniform
from cxsim.parameters import Parameters, parameter

# -- Messages between customers about their experience ------------------------------------------


#: Firms whose bits share one byte of a message.
FIRMS_PER_BYTE = 8


#: Bit that marks the first link of a customer, so that links need not store the customer.
MARK = 31


#: Number of the lowest bit of a byte that is set.
LOWEST_BIT = np.array([0] + [(byte & -byte).bit_length() - 1 for byte in range(1, 256)])


#: Number by which passes know the market in which customers meet at random.
WELL_MIXED = [*KINDS].index("well_mixed")


class MessageRate(Parameters):
    """Chance of sending a message about a firm, by emotion cluster."""

    destroying: float = parameter(
        0.2, "Chance of a message in the cluster destroying", "per period", ge=0, le=1
    )
    attention: float = parameter(
        0.05, "Chance of a message in the cluster attention", "per period", ge=0, le=1
    )
    recommendation: float = parameter(
        0.1, "Chance of a message in the cluster recommendation", "per period", ge=0, le=1
    )
    advocacy: float = parameter(
        0.2, "Chance of a message in the cluster advocacy", "per period", ge=0, le=1
    )


class WordOfMouth(Parameters):
    """Social network, frequency and weight of messages."""

    network: Kind = parameter(
        "small_world",
        doc="Social network: well mixed, small world (Watts & Strogatz 1998), or scale-free "
        "(Barabási & Albert 1999)",
        fixed=True,
    )
    neighbours: int = parameter(
        6,
        doc="Mean number of neighbours of a customer (even; not used where well mixed)",
        unit="customers",
        fixed=True,
        ge=2,
    )
    rewiring: float = parameter(
        0.1, "Share of the links of a small world that are rewired at random", "share", fixed=True
    )
    contacts: int = parameter(
        6, "Customers whom a customer meets, where well mixed", "per period", ge=0
    )
    message_rate: MessageRate = parameter(
        MessageRate(), doc="Chance to send a message about a firm"
    )
    message_weight: float = parameter(
        0.2, "Share of its distance to a message by which reputation moves", "share"
    )
    awareness: bool = parameter(
        False,
        doc="Whether customers choose only among firms they know: by advertising, word of "
        "mouth or contacts",
        fixed=True,
    )


class MarketParameters(Parameters):
    """Word of mouth in the market."""

    word_of_mouth: WordOfMouth | None = parameter(None, "Word of mouth: messages between customers")


# --- rules ------------------------------------------------------------------------


def message_probability(
    emotion: int, destroying: float, attention: float, recommendation: float, advocacy: float
) -> float:
    """Return the chance that a customer in an emotion cluster sends a message.

    Parameters
    ----------
    emotion : int
        Number of the cluster, 0 to 3.
    destroying, attention, recommendation, advocacy : float
        Chances by cluster, per period.

    Returns
    -------
    float
        Probability per period.
    """
    if emotion < 1:
        return destroying
    if emotion < 2:
        return attention
    return recommendation if emotion < 3 else advocacy


def customer_met(u: float, customer: int, customers: int) -> int:
    """Return the customer whom a customer meets: any other with equal chance.

    Parameters
    ----------
    u : float
        Uniform in (0, 1).
    customer : int
        Number of the customer, who is never met.
    customers : int
        In the market, at least 2.

    Returns
    -------
    int
        Number of the other customer.
    """
    other = int(u * (customers - 1))
    return other + (other >= customer)


# --- passes -----------------------------------------------------------------------


def tell(
    n, first, n_firms, n_message_byte, experience, experienced, senders, sent, valence, key_tell,
    market_emotion_cut_points,
    market_word_of_mouth_message_rate_destroying, market_word_of_mouth_message_rate_attention,
    market_word_of_mouth_message_rate_recommendation, market_word_of_mouth_message_rate_advocacy,
):  # fmt: skip
    """Let customers send messages about firms of which they have experience.

    Senders are computed for all customers, several at a time, which takes less than listing
    possible ones. Messages are stored close together: few customers send messages about more than
    two firms, and receivers read them from all over memory.
    """
    destroying = market_word_of_mouth_message_rate_destroying[0]
    attention = market_word_of_mouth_message_rate_attention[0]
    recommendation = market_word_of_mouth_message_rate_recommendation[0]
    advocacy = market_word_of_mouth_message_rate_advocacy[0]
    low = market_emotion_cut_points[0, 0]
    middle = market_emotion_cut_points[0, 1]
    high = market_emotion_cut_points[0, 2]
    for w in range(n_message_byte):
        for i in range(n):
            sent[w, i] = 0
    for f in range(n_firms):
        w = f // FIRMS_PER_BYTE
        bit = 1 << (f - w * FIRMS_PER_BYTE)
        key = key_tell[f]
        for i in range(n):
            feeling = experience[f, i]
            emotion = emotion_cluster(feeling, low, middle, high)
            chance = message_probability(emotion, destroying, attention, recommendation, advocacy)
            told = (uniform(key, first + i) < chance) & (experienced[f, i] != 0)
            sent[w, i] = sent[w, i] | (bit if told else 0)
    for w in range(n_message_byte):
        n_senders = 0
        for i in range(n):
            senders[n_senders] = i
            n_senders += sent[w, i] != 0
        for k in range(n_senders):
            i = senders[k]
            told = int(sent[w, i])
            place = w * FIRMS_PER_BYTE
            while told:
                valence[place, i] = experience[w * FIRMS_PER_BYTE + LOWEST_BIT[told], i]
                told = told & (told - 1)
                place += 1


def receive(
    n_heard, w, receiver, sender_met, all_sent, all_valence, reputation, received, weight,
    sum_messages,
):  # fmt: skip
    """Let receivers process the messages of senders, one after the other.

    Parameters
    ----------
    n_heard, w : int
        Messages, and the byte of firms that they are about.
    receiver, sender_met : ndarray, shape (n,)
        Receivers in the block, and senders in the market, by position in a list.
    all_sent : ndarray, shape (byte, customers)
        Firms in each customer's message, one bit each.
    all_valence : ndarray, shape (firm, customers)
        Experience in messages, about -1 to 1.
    reputation : ndarray, shape (firm, n)
        Rewritten, about -1 to 1.
    received : ndarray, shape (byte, n)
        Firms about which each receiver got messages; rewritten.
    weight : float
        Share of the distance by which reputation moves.
    sum_messages : ndarray, shape (tiles, firm, 3)
        Messages by sign of their valence.
    """
    for k in range(n_heard):
        i = receiver[k]
        other = sender_met[k]
        told = int(all_sent[w, other])
        received[w, i] = received[w, i] | told
        place = w * FIRMS_PER_BYTE
        while told:
            f = w * FIRMS_PER_BYTE + LOWEST_BIT[told]
            v = all_valence[place, other]
            told = told & (told - 1)
            place += 1
            reputation[f, i] = reputation_after(reputation[f, i], v, weight)
            sum_messages[tile(i), f, (v > 0.0) - (v < 0.0) + 1] += 1.0


def listen(
    n, first, n_customers, n_message_byte, all_sent, all_valence, meeting, receiver, sender_met,
    reputation, received, network_start, network_ties, key_meet, market_word_of_mouth_network,
    market_word_of_mouth_contacts, market_word_of_mouth_message_weight, sum_messages,
):  # fmt: skip
    """Let customers receive messages of neighbours, in customer order, or of customers met.

    Few customers send messages, which branch prediction handles badly: so pairs with a sender are
    listed first, as many as the list has room for, and then processed.
    """
    weight = market_word_of_mouth_message_weight[0]
    room = len(receiver)
    mixed = market_word_of_mouth_network[0] == WELL_MIXED and n_customers > 1
    contacts = int(market_word_of_mouth_contacts[0]) if mixed else 0
    for w in range(n_message_byte):
        for i in range(n):
            received[w, i] = 0
        i = -1
        for start in range(network_start[first], network_start[first + n], room):
            heard = 0
            for k in range(min(room, network_start[first + n] - start)):
                tie = int(network_ties[start + k])
                i += tie >> MARK
                other = tie & ((1 << MARK) - 1)
                receiver[heard] = i
                sender_met[heard] = other
                heard += all_sent[w, other] != 0
            receive(heard, w, receiver, sender_met, all_sent, all_valence, reputation, received,
                    weight, sum_messages)  # fmt: skip
        for c in range(contacts):
            key = subkey(key_meet[0], c)
            for i in range(n):
                meeting[i] = uniform(key, first + i)
            heard = 0
            for i in range(n):
                other = customer_met(meeting[i], first + i, n_customers)
                receiver[heard] = i
                sender_met[heard] = other
                heard += all_sent[w, other] != 0
            receive(heard, w, receiver, sender_met, all_sent, all_valence, reputation, received,
                    weight, sum_messages)  # fmt: skip


# --- measures ---------------------------------------------------------------------


def _messages(sign: int, words: str) -> Callable[[Any], np.ndarray]:
    def messages(b: Any) -> np.ndarray:
        return b.total("messages")[:, :, sign]

    messages.__doc__ = f"Messages about the firm received in the period from customers {words}."
    return messages


def messages(b: Any) -> np.ndarray:
    """Messages about the firm that customers received in the period."""
    return b.total("messages").sum(axis=2)


def _links(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    given = scenario.word_of_mouth
    ties = network(
        given.network,
        customers=int(scenario.customers),
        neighbours=given.neighbours,
        rewiring=given.rewiring,
        seed=seed,
    )
    marked = ties.others.copy()
    if len(marked):
        marked[ties.start[:-1]] |= 1 << MARK
    return {"network_start": ties.start, "network_ties": marked}


def _message_bytes(scenario: Any) -> dict[str, tuple[str, ...]]:
    """Return the bytes of a customer's messages, for eight firms each."""
    return {"message_byte": tuple(map(str, range(-(-len(scenario.firms) // FIRMS_PER_BYTE))))}


def _even(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    given = scenario.word_of_mouth
    if given is not None and given.neighbours % 2:
        yield (
            ("word_of_mouth", "neighbours"),
            f"expected an even number, found {given.neighbours}",
        )


WORD_OF_MOUTH = Mechanism(
    "word_of_mouth",
    doc="Messages between customers about their experience",
    market=MarketParameters,
    axes=_message_bytes,
    columns=(
        Column("sent", ("message_byte",), "u1", shared=True, doc="Firms in messages, one bit each"),
        Column("valence", ("firm",), shared=True, doc="Experience in messages: first firm, ..."),
        scratch("received", "Firms in messages received, one bit each", ("message_byte",), "u1"),
        scratch("senders", "Senders, as a list", dtype="u4"),
        scratch("meeting", "Draw of the customer whom each customer meets"),
        scratch("receiver", "Receivers of a sender, as a list", dtype="u4"),
        scratch("sender_met", "Sender of each receiver on the list", dtype="u4"),
    ),
    draws=(Draw("tell", ("firm",)), Draw("meet")),
    accumulators=(
        Accumulator(
            "messages", "Messages received, by valence below, at or above neutral", ("firm", 3)
        ),
    ),
    setup=_links,
    passes=(
        Pass(tell, "tell"),
        Pass(listen, "hear"),
    ),
    measures=(
        Measure("messages_received", "Messages received", "per period", messages),
        Measure("positive_messages", "Positive messages received", "per period",
                _messages(2, "with a good experience")),
        Measure("negative_messages", "Negative messages received", "per period",
                _messages(0, "with a bad experience")),
    ),
    check=_even,
    active=lambda scenario: scenario.word_of_mouth is not None,
)  # fmt: skip


# -- Reputation: opinion of a firm from word of mouth --------------------------------------------


class SegmentParameters(Parameters):
    """Value of reputation to a segment."""

    reputation_value: float = parameter(
        0.0,
        doc="Value of a reputation of 1, from messages of customers with an experience of 1 only",
        unit="currency per purchase",
        ge=0,
    )


# --- rules ------------------------------------------------------------------------


def reputation_after(reputation: float, valence: float, weight: float) -> float:
    """Return the reputation after a message, R + weight (valence - R).

    Parameters
    ----------
    reputation : float
        R, about -1 to 1.
    valence : float
        Experience that the message reports, about -1 to 1.
    weight : float
        Share of the distance by which reputation moves.

    Returns
    -------
    float
        Reputation.
    """
    return reputation + weight * (valence - reputation)


def value_of_reputation(value: float, reputation: float) -> float:
    """Return the value of a reputation, v R, currency per purchase.

    Parameters
    ----------
    value : float
        v, of a reputation of 1, currency per purchase.
    reputation : float
        R, about -1 to 1.

    Returns
    -------
    float
        Currency per purchase.
    """
    return value * reputation


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, reputation):
    """Reset the reputations that newcomers hold."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                reputation[f, i] = 0.0


def add_reputation(n, n_firms, segment, reputation, trust, value, segment_reputation_value):
    """Add the value of firms' reputations to the value of options."""
    for i in range(n):
        trust[i] = segment_reputation_value[segment[i]]
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] += value_of_reputation(trust[i], reputation[f, i])


def count(n, n_firms, reputation, sum_reputation):
    """Add up reputations after the messages of the period."""
    for f in range(n_firms):
        for c in range(tiles(n)):
            start = c * TILE
            total = 0
            for k in range(min(TILE, n - start)):
                total += billionths(reputation[f, start + k])
            sum_reputation[c, f] += total / BILLION


# --- measures ---------------------------------------------------------------------


def mean_reputation(b: Any) -> np.ndarray:
    """Mean reputation of the firm over all customers; 0 for customers without messages."""
    return b.count("reputation") / b.count("customers_before").sum(axis=1, keepdims=True)


REPUTATION = Mechanism(
    "reputation",
    doc="Reputation of firms from word of mouth",
    segment=SegmentParameters,
    columns=(
        Column("reputation", ("firm",), doc="Reputation R of a firm, about -1 to 1"),
        scratch("trust", "Value of a reputation of 1, currency"),
    ),
    accumulators=(Accumulator("reputation", "Reputation, summed over all customers"),),
    passes=(
        Pass(forget, "arrive", after=("people.arrive",)),
        Pass(add_reputation, "add", term="word of mouth"),
        Pass(count, "hear", after=("word_of_mouth.listen",)),
    ),
    measures=(
        Measure(
            "reputation",
            "Mean reputation",
            "experience",
            mean_reputation,
            summary="last",
        ),
    ),
    active=lambda scenario: scenario.word_of_mouth is not None,
)
