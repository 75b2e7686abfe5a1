"""Perceived and experienced utility of members who differ, or misjudge their needs.

Where customers discover their needs, or decide by buying centers, an offer is perceived at one
need, tailored to another and used at a third: the fit gap is that of (K; x, z), with x the need
at which it is perceived and z the need disclosed. The passes here replace those of the core,
where the three are one, and call the same rules.

An account takes the option that its members voted for, or buys from its supplier. Members may be
outvoted, or may have misjudged their needs; experienced utility then differs from perceived
utility.
"""

from __future__ import annotations

from typing import Any

from cxsim.model.core.choice import consumer_surplus
from cxsim.model.core.offer import expected, fit_gap_cost, gap_along, noise, prior, squared_gap
from cxsim.model.mechanism import Column, Mechanism, Pass, listed, scratch
from cxsim.numerics.draws import uniform
from cxsim.numerics.elementary import gumbel

# -- Perceived utility of members, who may misjudge their needs ---------------------------------


def buying_centers(scenario: Any) -> list[Any]:
    """Return the buying centers of the segments that have one.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    list of BuyingCenter
    """
    centers = (getattr(s, "buying_center", None) for s in scenario.segments.values())
    return [center for center in centers if center is not None]


def perceptions_differ(scenario: Any) -> bool:
    """Return whether any customer's perception of offers differs from that of the core.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    bool
        True where customers discover their needs or have buying centers.
    """
    return getattr(scenario, "self_discovery", None) is not None or bool(buying_centers(scenario))


# --- rules ------------------------------------------------------------------------


def need_in_use(need: float, own: float) -> float:
    """Return the need of one member, where the offer is used, x + m.

    Parameters
    ----------
    need : float
        x, of the account, distance.
    own : float
        m, the member's less the account's, distance.

    Returns
    -------
    float
        Distance.
    """
    return need + own


def need_perceived(need: float, own: float, error: float) -> float:
    """Return the need as a member perceives it, at which it values offers, x + m + e.

    Parameters
    ----------
    need : float
        x, of the account, distance.
    own : float
        m, the member's less the account's, distance.
    error : float
        e, of the account about its needs, distance.

    Returns
    -------
    float
        Distance.
    """
    return need + own + error


def need_disclosed(need: float, own: float, error: float, tailored: float) -> float:
    """Return the need disclosed to the firm: the account's, or (t = 1) the member's, x + t m + e.

    Parameters
    ----------
    need : float
        x, of the account, distance.
    own : float
        m, the member's less the account's, distance.
    error : float
        e, of the account about its needs, distance.
    tailored : float
        t, 1 where members see offers tailored to their own needs, else 0.

    Returns
    -------
    float
        Distance.
    """
    return need + tailored * own + error


# --- passes -----------------------------------------------------------------------


def set_single_member(n, decision_makers, tailored):
    """Set one member per account, before mechanisms."""
    for i in range(n):
        decision_makers[i] = 1.0
        tailored[i] = 0.0


def fit(
    n, n_firms, need, member_need, self_error, tailored, centre, spread, fit_weight, recognition,
    customization, knowledge_shown, volume, perceived_need, disclosed_need, gap_recognized,
    gap_unrecognized, value, firm_position, firm_segment_insight,
):  # fmt: skip
    """Subtract the loss from the fit gap that each member perceives from the value of an offer."""
    for e in range(len(value)):
        for d in range(len(need)):
            for i in range(n):
                own = member_need[e, d, i]
                perceived_need[d, i] = need_perceived(need[d, i], own, self_error[d, i])
                disclosed_need[d, i] = need_disclosed(
                    need[d, i], own, self_error[d, i], tailored[i]
                )
        for f in range(n_firms):
            picture = min(f, len(centre) - 1)
            for i in range(n):
                gap_unrecognized[i] = 0.0
                gap_recognized[i] = noise(
                    customization[f, i], knowledge_shown[f, i], len(need), spread[i]
                )
            for d in range(len(need)):
                p = firm_position[f, d]
                insight = firm_segment_insight[f]
                for i in range(n):
                    x = perceived_need[d, i]
                    z = disclosed_need[d, i]
                    q = prior(p, insight, centre[picture, d, i])
                    customized = customization[f, i]
                    gap_unrecognized[i] += gap_along(x, z, p, q, customized, 0.0)
                    gap_recognized[i] += gap_along(x, z, p, q, customized, knowledge_shown[f, i])
            for i in range(n):
                fit_gap = expected(recognition[f, i], gap_recognized[i], gap_unrecognized[i])
                value[e, f, i] -= fit_gap_cost(volume[i], fit_weight[i], fit_gap)


def fit_gap_of_account(
    i, g, f, recognition, customization, knowledge, need, member_need, self_error, decision_makers,
    tailored, centre, segment_need_sd, firm_position, firm_segment_insight,
):  # fmt: skip
    """Return the expected fit gap of firm f's offer to account i of segment g, in use.

    The mean over members. Knowledge is used only for a customer who is recognized.

    The mean over members of r G(K) + (1 - r) G(0), G the fit gap of
    :func:`~cxsim.model.core.offer.offer_gap`.

    Parameters
    ----------
    i, g, f : int
        Customer, segment and firm.
    recognition, customization, knowledge : float
        r, C and K, shares.
    need : ndarray, shape (need, n)
        Distance.
    member_need : ndarray, shape (member, need, n)
        Members' needs less the account's, distance.
    self_error : ndarray, shape (need, n)
        Perceived need less need, distance.
    decision_makers : float
        Members who decide for the account.
    tailored : float
        1 where members see offers tailored to their own needs.
    centre : ndarray, shape (picture, need, n)
        Mean need of the customer's segment as firms picture it, distance.
    segment_need_sd : ndarray, shape (segment,)
        Distance.
    firm_position : ndarray, shape (firm, need)
        Standard offers, distance.
    firm_segment_insight : ndarray, shape (firm,)
        Shares.

    Returns
    -------
    float
        Squared distance.
    """
    total = 0.0
    for e in range(int(decision_makers)):
        gap_unrecognized = 0.0
        gap_recognized = noise(customization, knowledge, len(need), segment_need_sd[g])
        for d in range(len(need)):
            x = need_in_use(need[d, i], member_need[e, d, i])
            z = need_disclosed(need[d, i], member_need[e, d, i], self_error[d, i], tailored)
            p = firm_position[f, d]
            q = prior(p, firm_segment_insight[f], centre[min(f, len(centre) - 1), d, i])
            gap_unrecognized += gap_along(x, z, p, q, customization, 0.0)
            gap_recognized += gap_along(x, z, p, q, customization, knowledge)
        total += expected(recognition, gap_recognized, gap_unrecognized)
    return total / decision_makers


def note_fit_gaps(
    n, need, member_need, self_error, decision_makers, tailored, spread, recognized,
    customized, supplier_knowledge, rival_knowledge, standard_offer, prior_need,
    gap_recognized, gap_unrecognized, gap_recognized_rival, apart, fit_gap_next_offer,
    fit_gap_rival, fit_gap_standard,
):  # fmt: skip
    """Compute the fit gap in use of the supplier's next offer, and of an identical rival's."""
    for i in range(n):
        fit_gap_next_offer[i] = 0.0
        fit_gap_rival[i] = 0.0
        fit_gap_standard[i] = 0.0
    for e in range(len(member_need)):
        for i in range(n):
            gap_unrecognized[i] = 0.0
            apart[i] = 0.0
            gap_recognized[i] = noise(customized[i], supplier_knowledge[i], len(need), spread[i])
            gap_recognized_rival[i] = noise(customized[i], rival_knowledge[i], len(need), spread[i])
        for d in range(len(need)):
            for i in range(n):
                x = need_in_use(need[d, i], member_need[e, d, i])
                z = need_disclosed(need[d, i], member_need[e, d, i], self_error[d, i], tailored[i])
                p = standard_offer[d, i]
                q = prior_need[d, i]
                apart[i] += squared_gap(x, p)
                gap_unrecognized[i] += gap_along(x, z, p, q, customized[i], 0.0)
                gap_recognized[i] += gap_along(x, z, p, q, customized[i], supplier_knowledge[i])
                gap_recognized_rival[i] += gap_along(x, z, p, q, customized[i], rival_knowledge[i])
        for i in range(n):
            there = e < decision_makers[i]
            fit_gap_next_offer[i] += (
                expected(recognized[i], gap_recognized[i], gap_unrecognized[i]) if there else 0.0
            )
            fit_gap_rival[i] += (
                expected(recognized[i], gap_recognized_rival[i], gap_unrecognized[i])
                if there
                else 0.0
            )
            fit_gap_standard[i] += apart[i] if there else 0.0
    for i in range(n):
        fit_gap_next_offer[i] = fit_gap_next_offer[i] / decision_makers[i]
        fit_gap_rival[i] = fit_gap_rival[i] / decision_makers[i]
        fit_gap_standard[i] = fit_gap_standard[i] / decision_makers[i]


#: State of an account's members; as filled, one member who knows its need.
ACCOUNT = (
    Column("member_need", ("member", "need"), doc="A member's need less the account's"),
    Column("self_error", ("need",), doc="Need as the account perceives it, less the need"),
    Column(
        "decision_makers", (), "f8", state=False, fill=1, doc="Members who decide for the account"
    ),
    scratch("tailored", "1 where a member sees an offer tailored to its own need"),
)


PERCEIVED_UTILITY = Mechanism(
    "perceived_utility",
    doc="Perceived utility of offers to the members of an account",
    columns=(
        *ACCOUNT,
        scratch("perceived_need", "Need as the present member perceives it", ("need",)),
        scratch(
            "disclosed_need",
            "Need disclosed to the firm, to which the offer is tailored",
            ("need",),
        ),
        scratch(
            "gap_recognized_rival", "Fit gap of the offer of an identical rival, if recognized"
        ),
        scratch("apart", "Fit gap of the standard offer"),
    ),
    passes=(
        Pass(set_single_member, "prepare"),
        Pass(fit, "add", replaces="offer.fit", term="fit"),
        Pass(note_fit_gaps, "account", replaces="switching.note_fit_gaps"),
    ),
    active=perceptions_differ,
)


# -- Experienced utility of the members of an account -------------------------------------------


def disappointment(
    i, e, f, recognition, customization, knowledge, need, member_need, self_error, tailored,
    centre, spread, firm_position, firm_segment_insight,
):  # fmt: skip
    """Return by how much member e overestimated the fit gap of the purchase.

    Parameters
    ----------
    i, e, f : int
        Customer, member and firm.
    recognition, customization, knowledge : float
        r, C and K, shares.
    need : ndarray, shape (need, n)
        Distance.
    member_need : ndarray, shape (member, need, n)
        Members' needs less the account's, distance.
    self_error : ndarray, shape (need, n)
        Perceived need less need, distance.
    tailored : float
        1 where members see offers tailored to their own needs.
    centre : ndarray, shape (picture, need, n)
        Mean need of the customer's segment as firms picture it, distance.
    spread : float
        Standard deviation of needs in the segment, distance.
    firm_position : ndarray, shape (firm, need)
        Standard offers, distance.
    firm_segment_insight : ndarray, shape (firm,)
        Shares.

    Returns
    -------
    float
        Fit gap in use less perceived fit gap, squared distance; negative if the purchase fits
        better than expected.
    """
    gap_unrecognized = 0.0
    gap_recognized = noise(customization, knowledge, len(need), spread)
    gap_unrecognized_in_use = 0.0
    gap_recognized_in_use = noise(customization, knowledge, len(need), spread)
    for d in range(len(need)):
        perceived_need = need_perceived(need[d, i], member_need[e, d, i], self_error[d, i])
        x = need_in_use(need[d, i], member_need[e, d, i])
        z = need_disclosed(need[d, i], member_need[e, d, i], self_error[d, i], tailored)
        p = firm_position[f, d]
        q = prior(p, firm_segment_insight[f], centre[min(f, len(centre) - 1), d, i])
        gap_unrecognized += gap_along(perceived_need, z, p, q, customization, 0.0)
        gap_recognized += gap_along(perceived_need, z, p, q, customization, knowledge)
        gap_unrecognized_in_use += gap_along(x, z, p, q, customization, 0.0)
        gap_recognized_in_use += gap_along(x, z, p, q, customization, knowledge)
    return expected(recognition, gap_recognized, gap_unrecognized) - expected(
        recognition, gap_recognized_in_use, gap_unrecognized_in_use
    )


# --- passes -----------------------------------------------------------------------


def note_experienced_utility(
    n, first, n_firms, shopper, choice, best_option, segment, sensitivity, value, shock,
    experienced_utility, judges, outside_then, worth_then, shock_then, summed_utility, outvoted,
    shock_missed, mistaken, decision_makers, recognition, customization, knowledge_shown, need,
    member_need, self_error, tailored, centre, spread, volume, fit_weight, firm_position,
    firm_segment_insight, segment_no_purchase_value, key_choice,
):  # fmt: skip
    """Store the experienced value of the choice, on average over the members.

    Members who were outvoted or mistaken are listed, and the lists are processed.
    """
    shoppers = listed(n, shopper)
    for i in range(n):
        experienced_utility[i] = 0.0
    wrong = 0
    for k in range(shoppers):
        i = shopper[k]
        summed_utility[k] = 0.0
        judges[k] = decision_makers[i] if choice[i] >= 0 else 0.0
        outside_then[k] = segment_no_purchase_value[segment[i]]
        error = 0.0
        for d in range(len(need)):
            error += abs(self_error[d, i])
        mistaken[wrong] = k  # overwritten by the next unless this one is
        wrong += (error != 0.0) & (choice[i] >= 0) & (choice[i] < n_firms)
    for e in range(len(best_option)):
        losers = 0
        for k in range(shoppers):
            i = shopper[k]
            f = max(0, choice[i])
            worth_then[k] = value[e, f, i]
            shock_then[k] = shock[e, i]
            outvoted[losers] = k
            losers += (best_option[e, i] != choice[i]) & (e < judges[k])
        for j in range(losers):
            i = shopper[outvoted[j]]
            shock_missed[j] = uniform(key_choice[e, max(0, choice[i])], first + i)
        for j in range(losers):
            shock_missed[j] = gumbel(shock_missed[j])
        for j in range(losers):
            shock_then[outvoted[j]] = shock_missed[j]
        for j in range(wrong):
            k = mistaken[j]
            i = shopper[k]
            f = max(0, choice[i])
            if e < decision_makers[i]:
                less = disappointment(
                    i, e, f, recognition[f, i], customization[f, i], knowledge_shown[f, i], need,
                    member_need, self_error, tailored[i], centre, spread[i], firm_position,
                    firm_segment_insight,
                )  # fmt: skip
                worth_then[k] += fit_gap_cost(volume[i], fit_weight[i], less)
        for k in range(shoppers):
            gained = consumer_surplus(worth_then[k], shock_then[k], sensitivity[k], outside_then[k])
            summed_utility[k] += gained if e < judges[k] else 0.0
    for k in range(shoppers):
        experienced_utility[shopper[k]] = summed_utility[k] / decision_makers[shopper[k]]


def _by_place(name: str, dtype: str, doc: str) -> Column:
    return scratch(name, f"{doc}, by position in a list", dtype=dtype)


EXPERIENCED_UTILITY = Mechanism(
    "experienced_utility",
    doc="Experienced utility of choices to the members of an account",
    columns=(
        _by_place("judges", "f8", "Members who experience the choice; 0 without a choice"),
        _by_place("outside_then", "f8", "Value of the no-purchase option"),
        _by_place("summed_utility", "f8", "Value of the chosen option, summed over members"),
        _by_place("worth_then", "f8", "Value of the chosen option to the present member"),
        _by_place("shock_then", "f8", "Random part of its utility"),
        _by_place("shock_missed", "f8", "The same, where the member voted for another option"),
        _by_place("outvoted", "u4", "Indices of accounts where it did"),
        _by_place("mistaken", "u4", "Indices of accounts that misjudged their needs"),
    ),
    passes=(Pass(note_experienced_utility, "pay", replaces="choice.note_experienced_utility"),),
    active=perceptions_differ,
)
