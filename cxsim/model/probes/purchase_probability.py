"""Probes of purchase probabilities: price elasticities, and effects of word of mouth.

A message moves utility by the same amount whether it is good or bad; its effect on the
chance to buy depends on how likely the purchase was (East, Hammond & Lomax 2008).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.model.core.choice import weigh
from cxsim.model.ledger import Ledger, ratio
from cxsim.model.mechanism import Accumulator, Measure, Mechanism, Pass, listed, scratch, tile
from cxsim.model.word_of_mouth.word_of_mouth import value_of_reputation
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
        Measure(
            "own_price_elasticity",
            "Own-price elasticity",
            "1",
            own_price_elasticity,
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
    import pandas as pd

    names = list(scenario.firms)
    order = [ledger.firms.index(name) for name in names]
    response = ledger.total("price_response")[:, order][:, :, order]
    values = ratio(response, ledger.total("chance")[:, order, None])
    periods, n, _ = values.shape
    return pd.DataFrame(
        {
            "period": np.repeat(np.arange(periods), n * n),
            "firm": np.tile(np.repeat(names, n), periods),
            "price_of": names * (periods * n),
            "elasticity": values.ravel(),
        }
    )


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
    periods = ledger.periods
    frame = pd.DataFrame(
        {
            "period": np.repeat(np.arange(periods), 2 * len(names)),
            "firm": np.tile(np.repeat(names, 2), periods),
            "purchase_probability": list(CHANCES) * (periods * len(names)),
            **dict(zip(columns, values.T, strict=True)),
        }
    )
    for column in ("positive_effect", "negative_effect"):
        frame[column] = ratio(frame[column], frame["customers"])
    return frame
