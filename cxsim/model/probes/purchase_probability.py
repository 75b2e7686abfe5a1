"""Probes of purchase probabilities: price elasticities, effects of word of mouth, of experience.

A message moves utility by the same amount whether it is good or bad; its effect on the
chance to buy depends on how likely the purchase was (East, Hammond & Lomax 2008).

Surveys ask customers whether an experience made them spend more, leave, recommend or warn others.
In the simulation the same customer can be asked twice, with the experience and without it: value
of experience is taken out of the utility of every option, all else stays, the random part too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.model.core.choice import weigh
from cxsim.model.customers.buying_center import winner
from cxsim.model.experience.perception import attraction, emotion_cluster
from cxsim.model.ledger import Ledger, ratio, tidy, year_of
from cxsim.model.mechanism import Accumulator, Measure, Mechanism, Pass, listed, scratch, tile
from cxsim.model.probes.churn import best_without
from cxsim.model.word_of_mouth.word_of_mouth import message_probability, value_of_reputation
from cxsim.numerics.elementary import exp

if TYPE_CHECKING:
    import pandas as pd

# -- Short-run price elasticities, given customers' present state ------------------------------


def semi_elasticity(
    price_sensitivity: float, amount: float, own: float, other: float, same: float
) -> float:
    """Return the change of a logit probability for a relative increase of a price.

    dP_f / d ln p_g = a p v P_f (P_g - 1{f = g}).

    Parameters
    ----------
    price_sensitivity : float
        a, 1 / currency.
    amount : float
        p v, price times volume, currency.
    own, other : float
        P_f and P_g, probabilities of buying from the firms.
    same : float
        1 where f = g, else 0.

    Returns
    -------
    float
        Probability per relative change of the price.
    """
    return price_sensitivity * amount * own * (other - same)


def chances(
    n, n_firms, in_market, open_option, segment, price_sensitivity, value, price_asked, chance,
    segment_volume, sum_chance, sum_price_response,
):  # fmt: skip
    """Add up logit probabilities and their response to prices, given the present state."""
    for i in range(n):
        if in_market[i] == 0:
            continue
        weight = weigh(i, n_firms + 1, open_option, price_sensitivity, value, chance)
        if weight == 0.0:
            continue
        c = tile(i)
        for o in range(n_firms + 1):
            chance[o, i] /= weight
        for f in range(n_firms):
            sum_chance[c, f] += chance[f, i]
            for g in range(n_firms):
                sum_price_response[c, f, g] += semi_elasticity(
                    price_sensitivity[i],
                    segment_volume[segment[i]] * price_asked[g, i],
                    chance[f, i],
                    chance[g, i],
                    1.0 if f == g else 0.0,
                )


def own_price_elasticity(b: Ledger) -> np.ndarray:
    """Relative change of expected purchases per relative change of the firm's own price."""
    own = np.diagonal(b.total("price_response"), axis1=1, axis2=2)
    return ratio(own, b.total("chance"))


_ELASTICITY = Mechanism(
    "price_elasticity",
    doc="Short-run price elasticities, given customers' present state",
    columns=(scratch("chance", "Logit probability of an option", ("option",)),),
    accumulators=(
        Accumulator("chance", "Expected purchases"),
        Accumulator(
            "price_response", "Response of firm f to the price of firm g", ("firm", "firm")
        ),
    ),
    passes=(Pass(chances, "decide", before=("choice.decide",)),),
    measures=(
        Measure.of(
            own_price_elasticity,
            "Own-price elasticity",
            "1",
            doc="Relative change of the firm's expected purchases per relative change of its price "
            "in the short run; of the first member of an account",
        ),
    ),
)


def price_elasticity_frame(ledger: Ledger, scenario: Any) -> pd.DataFrame:
    """Return short-run elasticities of every firm's purchases to every firm's price.

    Columns: ``period``, ``firm`` (whose purchases), ``price_of`` (whose price), ``elasticity``:
    own-price where the two are the same, cross-price elsewhere.

    Parameters
    ----------
    ledger : Ledger
        Of a run with the probe.
    scenario : Scenario

    Returns
    -------
    DataFrame
        A row per period and pair of firms; relative changes, without a unit.
    """
    names = list(scenario.firms)
    order = [ledger.firms.index(name) for name in names]
    response = ledger.total("price_response")[:, order][:, :, order]
    values = ratio(response, ledger.total("chance")[:, order, None])
    axes = {"period": range(len(values)), "firm": names, "price_of": names}
    return tidy(axes, elasticity=values)


def price_elasticity(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Return the probe of short-run price elasticities of every firm, by period.

    Parameters
    ----------
    scenario : Scenario
    mechanisms : tuple of Mechanism
        Of the scenario.

    Returns
    -------
    Mechanism
    """
    return _ELASTICITY


# -- Effects of word of mouth on purchase probabilities, by probability without it --------------


#: Customers by their chance to buy from the firm if it had no reputation.
CHANCES = ("below one half", "one half or more")


# --- rules ------------------------------------------------------------------------


def shifted(chance: float, utility: float) -> float:
    """Return the logit probability of an option after an increase of its utility.

    P' = P e^u / (1 - P + P e^u).

    Parameters
    ----------
    chance : float
        P, before it.
    utility : float
        u, increase of the utility, without a unit.

    Returns
    -------
    float
        Probability.
    """
    return chance * exp(utility) / (1.0 - chance + chance * exp(utility))


# --- passes -----------------------------------------------------------------------


def compare(
    n, n_firms, segment, shopper, open_option, price_sensitivity, value, reputation, likely,
    segment_reputation_value, market_word_of_mouth_message_weight, sum_word_of_mouth_effects,
):  # fmt: skip
    """Compare probabilities with those without the firm's reputation, and after one message.

    The message is about an experience of 1 or -1, to a customer without earlier messages.
    """
    weight = market_word_of_mouth_message_weight[0]
    for k in range(listed(n, shopper)):
        i = shopper[k]
        a = price_sensitivity[i]
        whole = weigh(i, n_firms + 1, open_option, price_sensitivity, value, likely)
        if whole == 0.0:
            continue
        worth = segment_reputation_value[segment[i]]
        for f in range(n_firms):
            if open_option[f, i] == 0:
                continue
            chance = likely[f, i] / whole
            r = reputation[f, i]
            plain = shifted(chance, -a * value_of_reputation(worth, r))
            band = 1 if plain >= 0.5 else 0
            c = tile(i)
            sum_word_of_mouth_effects[c, f, band, 0] += 1.0
            sum_word_of_mouth_effects[c, f, band, 1] += (
                shifted(plain, a * value_of_reputation(worth, weight)) - plain
            )
            sum_word_of_mouth_effects[c, f, band, 2] += plain - shifted(
                plain, -a * value_of_reputation(worth, weight)
            )
            if r > 0.0:
                sum_word_of_mouth_effects[c, f, band, 3] += chance - plain
            else:
                sum_word_of_mouth_effects[c, f, band, 4] += plain - chance


def _purchases(which: int) -> Callable[[Ledger], np.ndarray]:
    def measure(b: Ledger) -> np.ndarray:
        return b.total("word_of_mouth_effects")[:, :, :, which].sum(axis=2)

    return measure


def _news(which: int) -> Callable[[Ledger], np.ndarray]:
    def measure(b: Ledger) -> np.ndarray:
        heard = b.total("word_of_mouth_effects").sum(axis=2)
        return ratio(heard[:, :, which], heard[:, :, 0])

    return measure


_WORD_OF_MOUTH = Mechanism(
    "word_of_mouth_effects",
    doc="Effects of word of mouth on purchase probabilities",
    columns=(scratch("likely", "Logit weight of an option", ("option",)),),
    accumulators=(
        Accumulator(
            "word_of_mouth_effects",
            "Customers; gain and loss by one message; purchases gained and lost",
            ("firm", 2, 5),
        ),
    ),
    passes=(Pass(compare, "decide", before=("choice.decide",)),),
    measures=(
        Measure("purchases_gained_by_word_of_mouth", "Purchases gained by word of mouth",
                "per period", _purchases(3), summary="sum",
                doc="Purchases from the firm in the period that would not have been made without "
                "reputations above zero"),
        Measure("purchases_lost_by_word_of_mouth", "Purchases lost by word of mouth", "per period",
                _purchases(4), summary="sum",
                doc="Purchases from the firm in the period that would have been made without "
                "reputations below zero"),
        Measure("effect_of_positive_message", "Effect of a positive message", "share",
                _news(1),
                doc="Mean increase of the purchase probability of all customers, in the market or "
                "not, by one more positive message"),
        Measure("effect_of_negative_message", "Effect of a negative message", "share",
                _news(2),
                doc="Mean decrease of the purchase probability of all customers, in the market or "
                "not, by one more negative message"),
    ),
)  # fmt: skip


def word_of_mouth_effects(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Return the probe of effects of word of mouth; empty where there is none.

    Parameters
    ----------
    scenario : Scenario
    mechanisms : tuple of Mechanism
        Of the scenario.

    Returns
    -------
    Mechanism
    """
    talk = any(mechanism.name == "reputation" for mechanism in mechanisms)
    return _WORD_OF_MOUTH if talk else Mechanism("word_of_mouth_effects", doc=_WORD_OF_MOUTH.doc)


def word_of_mouth_effect_frame(ledger: Ledger, scenario: Any) -> pd.DataFrame:
    """Return effects of word of mouth by period, firm and purchase probability without it.

    Columns: ``period``, ``firm``, ``purchase_probability`` (one of :data:`CHANCES`: to buy from the
    firm if it had no reputation), ``customers`` in the market who could buy;
    ``positive_effect``, ``negative_effect``: mean increase and decrease of the probability by one
    message, positive or negative, to a customer without earlier messages;
    ``purchases_gained``, ``purchases_lost``: purchases gained and lost by reputations above and
    below 0.

    Parameters
    ----------
    ledger : Ledger
        Of a run with the probe.
    scenario : Scenario

    Returns
    -------
    DataFrame
        Customers and purchases of the whole market, probabilities.
    """
    import pandas as pd

    names = list(scenario.firms)
    columns = [
        "customers",
        "positive_effect",
        "negative_effect",
        "purchases_gained",
        "purchases_lost",
    ]
    if not ledger.has("word_of_mouth_effects"):
        return pd.DataFrame(columns=["period", "firm", "purchase_probability", *columns])
    order = [ledger.firms.index(name) for name in names]
    values = ledger.total("word_of_mouth_effects")[:, order].reshape(-1, 5)
    axes = {"period": range(ledger.periods), "firm": names, "purchase_probability": CHANCES}
    frame = tidy(axes, **dict(zip(columns, values.T, strict=True)))
    for column in ("positive_effect", "negative_effect"):
        frame[column] = ratio(frame[column], frame["customers"])
    return frame


# -- What customers do because of experience: spend, switch, recommend, tell others -------------


#: Relative increase of expected spending from which a customer counts as spending more.
SPENDS_MORE = 0.05

#: Share of the advantage of the supplier over other options from which a reason is the main one.
MAIN_REASON = 0.5


# --- rules ------------------------------------------------------------------------


def spending_ratio(
    chance: float, price_sensitivity: float, worth: float, response: float, experience: float
) -> float:
    """Return expected spending with the supplier over that at a neutral experience.

    P / P0 (1 + s E), with P0 the logit probability without the value of experience, and at least 0.

    Parameters
    ----------
    chance : float
        P, probability of buying from the supplier once in the market.
    price_sensitivity : float
        a, 1 / currency.
    worth : float
        v E, value of the experience of the supplier, currency.
    response : float
        s, relative change of the chance to be in the market at an experience of 1.
    experience : float
        E, about -1 to 1.

    Returns
    -------
    float
        Without a unit; 1 where experience does not matter.
    """
    neutral = shifted(chance, -price_sensitivity * worth)
    often = max(0.0, 1.0 + response * experience)
    return chance / neutral * often if neutral > 0.0 else 1.0


def within(chance: float, periods: int) -> float:
    """Return the probability of at least one event in several periods, 1 - (1 - p)^n.

    Parameters
    ----------
    chance : float
        p, per period.
    periods : int
        n.

    Returns
    -------
    float
        Probability.
    """
    never = 1.0
    for _ in range(periods):
        never *= 1.0 - chance
    return 1.0 - never


# --- passes -----------------------------------------------------------------------


def take_experience_out(
    n, n_firms, segment, value, experience, experience_term, segment_experience_value
):  # fmt: skip
    """Store the value of the experience of every firm, which no purchase does not have."""
    for e in range(len(value)):
        for i in range(n):
            experience_term[0, e, n_firms, i] = 0.0
        for f in range(n_firms):
            for i in range(n):
                worth = segment_experience_value[segment[i]]
                experience_term[0, e, f, i] = attraction(worth, experience[f, i])


def compare_spending(
    n, n_firms, segment, supplier, shopper, open_option, price_sensitivity, value, experience,
    weight_then, segment_experience_value, segment_spend_response, sum_spending,
):  # fmt: skip
    """Compare the expected spending of customers in the market with that at neutral experience."""
    for k in range(listed(n, shopper)):
        i = shopper[k]
        s = supplier[i]
        if s < 0 or open_option[s, i] == 0:
            continue
        whole = weigh(i, n_firms + 1, open_option, price_sensitivity, value, weight_then)
        if whole == 0.0:
            continue
        felt = experience[s, i]
        g = segment[i]
        more = spending_ratio(
            weight_then[s, i] / whole,
            price_sensitivity[i],
            attraction(segment_experience_value[g], felt),
            segment_spend_response[g],
            felt,
        )
        sum_spending[tile(i), s, 0] += 1.0
        sum_spending[tile(i), s, 1] += 1.0 if more >= 1.0 + SPENDS_MORE else 0.0


def ask_leavers(
    n, first, n_firms, supplier, choice, best_option, open_option, price_sensitivity, value,
    experience_term, key_choice, sum_churn_causes,
):  # fmt: skip
    """Count customers who leave for a rival, and those who would stay but for experience.

    Those who gave up a purchase at a required touchpoint, and so bought elsewhere, are among them.
    """
    for i in range(n):
        s = supplier[i]
        if s < 0 or choice[i] < 0 or choice[i] == n_firms or choice[i] == s:
            continue
        sum_churn_causes[tile(i), s, 0] += 1.0
        taken = best_without(
            i, first + i, 0, 0, n_firms, open_option, price_sensitivity, value, experience_term,
            key_choice,
        )  # fmt: skip
        gave_up = choice[i] != best_option[0, i]
        sum_churn_causes[tile(i), s, 1] += 1.0 if gave_up or taken == s else 0.0


def ask_leaving_members(
    n, first, n_firms, supplier, choice, open_option, price_sensitivity, value, experience_term,
    decision_makers, quorum, votes_then, key_choice, sum_churn_causes,
):  # fmt: skip
    """Count accounts that leave for a rival, and those that would stay but for experience."""
    for i in range(n):
        s = supplier[i]
        if s < 0 or choice[i] < 0 or choice[i] == n_firms or choice[i] == s:
            continue
        sum_churn_causes[tile(i), s, 0] += 1.0
        for o in range(n_firms + 1):
            votes_then[o, i] = 0.0
        for e in range(int(decision_makers[i])):
            taken = best_without(
                i, first + i, e, 0, n_firms, open_option, price_sensitivity, value,
                experience_term, key_choice,
            )  # fmt: skip
            if taken >= 0:
                votes_then[taken, i] += 1.0
        decided = winner(i, votes_then, decision_makers[i], quorum[i])
        stays = decided == s or (decided < 0 and open_option[s, i] != 0)
        sum_churn_causes[tile(i), s, 1] += 1.0 if stays else 0.0


def ask_recommenders(
    n, n_firms, supplier, shopper, open_option, value, experience, experience_term,
    market_emotion_cut_points,
    market_word_of_mouth_message_rate_destroying, market_word_of_mouth_message_rate_attention,
    market_word_of_mouth_message_rate_recommendation, market_word_of_mouth_message_rate_advocacy,
    sum_recommended,
):  # fmt: skip
    """Add up expected recommendations of the supplier, and those with experience as main reason.

    The advantage is that over the mean of the other firms.
    """
    for k in range(listed(n, shopper)):
        i = shopper[k]
        s = supplier[i]
        if s < 0 or experience[s, i] <= 0.0:
            continue
        others = 0.0
        worth = 0.0
        felt = 0.0
        for f in range(n_firms):
            if f != s and open_option[f, i]:
                others += 1.0
                worth += value[0, f, i]
                felt += experience_term[0, 0, f, i]
        if others == 0.0:
            continue
        advantage = value[0, s, i] - worth / others
        by_experience = experience_term[0, 0, s, i] - felt / others
        emotion = emotion_cluster(
            experience[s, i],
            market_emotion_cut_points[0, 0],
            market_emotion_cut_points[0, 1],
            market_emotion_cut_points[0, 2],
        )
        rate = message_probability(
            emotion,
            market_word_of_mouth_message_rate_destroying[0],
            market_word_of_mouth_message_rate_attention[0],
            market_word_of_mouth_message_rate_recommendation[0],
            market_word_of_mouth_message_rate_advocacy[0],
        )
        sum_recommended[tile(i), s, 0] += rate
        main = by_experience > 0.0 and by_experience >= MAIN_REASON * advantage
        sum_recommended[tile(i), s, 1] += rate if main else 0.0


def ask_disappointed(
    n, n_firms, experience, experienced, periods_of_year, market_emotion_cut_points,
    market_word_of_mouth_message_rate_destroying, market_word_of_mouth_message_rate_attention,
    market_word_of_mouth_message_rate_recommendation, market_word_of_mouth_message_rate_advocacy,
    sum_disappointed,
):  # fmt: skip
    """Add up customers with a bad experience of a firm, and who of them tell others in a year."""
    for f in range(n_firms):
        for i in range(n):
            if experienced[f, i] == 0 or experience[f, i] >= 0.0:
                continue
            emotion = emotion_cluster(
                experience[f, i],
                market_emotion_cut_points[0, 0],
                market_emotion_cut_points[0, 1],
                market_emotion_cut_points[0, 2],
            )
            rate = message_probability(
                emotion,
                market_word_of_mouth_message_rate_destroying[0],
                market_word_of_mouth_message_rate_attention[0],
                market_word_of_mouth_message_rate_recommendation[0],
                market_word_of_mouth_message_rate_advocacy[0],
            )
            sum_disappointed[tile(i), f, 0] += 1.0
            sum_disappointed[tile(i), f, 1] += within(rate, periods_of_year[0])


# --- measures ---------------------------------------------------------------------


def _share(total: str) -> Callable[[Ledger], np.ndarray]:
    def share(b: Ledger) -> np.ndarray:
        counted = b.total(total)
        return ratio(counted[:, :, 1], counted[:, :, 0])

    return share


_ALWAYS = (
    Measure(
        "spend_more_share",
        "Customers who spend more because of experience",
        "share",
        _share("spending"),
        doc="Share of the firm's customers in the market in the period whose expected spending "
        f"with it is at least {SPENDS_MORE:.0%} above that at a neutral experience",
    ),
    Measure(
        "churn_due_to_experience",
        "Churn due to experience",
        "share",
        _share("churn_causes"),
        doc="Share of the customers lost to rivals in the period who would have stayed had "
        "experience of no firm counted",
    ),
)


_TALK_ACCUMULATORS = (
    Accumulator("recommended", "Expected recommendations; because of experience", ("firm", 2)),
    Accumulator("disappointed", "Customers with a bad experience; who tell others", ("firm", 2)),
)


_TALK_MEASURES = (
    Measure(
        "recommended_for_experience",
        "Recommendations mainly for experience",
        "share",
        _share("recommended"),
        doc="Share of the recommendations that the firm's customers in the market are expected to "
        f"make for which experience makes up at least {MAIN_REASON:.0%} of the firm's advantage "
        "over the mean of the others",
    ),
    Measure(
        "disappointed_who_tell",
        "Customers with a bad experience who tell others",
        "share",
        _share("disappointed"),
        doc="Share of the customers with an experience of the firm below neutral who are expected "
        "to send a message about it within a year, should nothing change",
    ),
)


def _setup(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    return {"periods_of_year": np.array([year_of(str(scenario.period_length))])}


def experience_statistics(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Return the probe of what customers do because of experience; empty without a journey.

    Parameters
    ----------
    scenario : Scenario
    mechanisms : tuple of Mechanism
        Of the scenario.

    Returns
    -------
    Mechanism
    """
    names = {mechanism.name for mechanism in mechanisms}
    if "attachment" not in names:
        return Mechanism("experience_statistics", doc="Effects of experience on customers")
    vote, talk = "buying_center" in names, "word_of_mouth" in names
    each = ("member", "option")
    return Mechanism(
        "experience_statistics",
        doc="Effects of experience on customers",
        columns=(
            scratch("experience_term", "Value of experience in each option", (1, *each)),
            scratch("weight_then", "Logit weight of an option", ("option",)),
            *((scratch("votes_then", "Votes but for experience", ("option",)),) if vote else ()),
        ),
        accumulators=(
            Accumulator("spending", "Customers in the market; who spend more", ("firm", 2)),
            Accumulator("churn_causes", "Lost to rivals; because of experience", ("firm", 2)),
            *(_TALK_ACCUMULATORS if talk else ()),
        ),
        setup=_setup,
        passes=(
            Pass(take_experience_out, "decide", before=("choice.decide",)),
            Pass(compare_spending, "decide", before=("choice.decide",)),
            *((Pass(ask_recommenders, "decide", before=("choice.decide",)),) if talk else ()),
            Pass(ask_leaving_members if vote else ask_leavers, "pay"),
            *((Pass(ask_disappointed, "account"),) if talk else ()),
        ),
        measures=(*_ALWAYS, *(_TALK_MEASURES if talk else ())),
    )
