"""Judgement: offers as several people see them, who may be wrong about what they need.

Where customers discover their needs, or decide by buying centers, an offer is seen at one
need, tailored to another and lived with at a third: misfit(K; x, z) with the place x where
it is judged and z what was taught. The passes here stand in for those of the core, where
the three are one, and call the same rules.

An account takes what its members voted for, or what its supplier sells; some get what they
would not have taken, and some took their need for another.
"""

from __future__ import annotations

from typing import Any

from cxsim.model.core.choice import enjoyment
from cxsim.model.core.offer import expected, misfit_cost, miss, noise, prior, square
from cxsim.model.core.switching import barrier, order_effort, premium_saved
from cxsim.model.mechanism import Column, Mechanism, Pass, chunk, listed
from cxsim.numerics.draws import uniform
from cxsim.numerics.elementary import gumbel

__all__ = ["ACCOUNT", "PERCEIVED_UTILITY", "judging", "judging_segments", "misfit_of"]


# -- Judgement: offers as several people see them, who may be wrong about what they need -------


def judging_segments(scenario: Any) -> list[Any]:
    """Return the buying centers of the segments that have one."""
    centers = (getattr(s, "buying_center", None) for s in scenario.segments.values())
    return [center for center in centers if center is not None]


def judging(scenario: Any) -> bool:
    """Return whether anybody sees an offer otherwise than the core has it."""
    return getattr(scenario, "self_discovery", None) is not None or bool(judging_segments(scenario))


# --- rules ------------------------------------------------------------------------


def lived(need: float, own: float) -> float:
    """Return the need of one member, where the offer is lived with."""
    return need + own


def perceived(need: float, own: float, error: float) -> float:
    """Return what a member takes its need to be, where the offer is judged in the choice."""
    return need + own + error


def taught(need: float, own: float, error: float, tailored: float) -> float:
    """Return the need that the firm was told of: the account's, or (tailored 1) the member's."""
    return need + tailored * own + error


# --- passes -----------------------------------------------------------------------


def gather(n, heads, tailored):
    """An account is one person unless a mechanism says otherwise."""
    for i in range(n):
        heads[i] = 1.0
        tailored[i] = 0.0


def fit(
    n, n_firms, need, member_need, self_error, tailored, centre, spread, fit_weight, recognition,
    customization, knowledge_shown, volume, believed, told, seen, unseen, value, firm_position,
    firm_segment_insight,
):  # fmt: skip
    """Take what each member takes the offer's misfit to be off its worth."""
    for e in range(len(value)):
        for d in range(len(need)):
            for i in range(n):
                own = member_need[e, d, i]
                believed[d, i] = perceived(need[d, i], own, self_error[d, i])
                told[d, i] = taught(need[d, i], own, self_error[d, i], tailored[i])
        for f in range(n_firms):
            for i in range(n):
                unseen[i] = 0.0
                seen[i] = noise(customization[f, i], knowledge_shown[f, i], len(need), spread[i])
            for d in range(len(need)):
                p = firm_position[f, d]
                insight = firm_segment_insight[f]
                for i in range(n):
                    x = believed[d, i]
                    z = told[d, i]
                    q = prior(p, insight, centre[d, i])
                    bend = customization[f, i]
                    unseen[i] += square(miss(x, z, p, q, bend, 0.0), 0.0)
                    seen[i] += square(miss(x, z, p, q, bend, knowledge_shown[f, i]), 0.0)
            for i in range(n):
                misfit = expected(recognition[f, i], seen[i], unseen[i])
                value[e, f, i] -= misfit_cost(volume[i], fit_weight[i], misfit)


def misfit_of(
    i, g, f, recognition, customization, knowledge, need, member_need, self_error, heads, tailored,
    segment_need_mean, segment_need_sd, firm_position, firm_segment_insight,
):  # fmt: skip
    """Return the expected misfit of firm f's offer to account i of segment g, as lived with.

    The mean over members. Knowledge serves only a customer who is recognized.
    """
    total = 0.0
    for e in range(int(heads)):
        unseen = 0.0
        seen = noise(customization, knowledge, len(need), segment_need_sd[g])
        for d in range(len(need)):
            x = lived(need[d, i], member_need[e, d, i])
            z = taught(need[d, i], member_need[e, d, i], self_error[d, i], tailored)
            p = firm_position[f, d]
            q = prior(p, firm_segment_insight[f], segment_need_mean[g, d])
            unseen += square(miss(x, z, p, q, customization, 0.0), 0.0)
            seen += square(miss(x, z, p, q, customization, knowledge), 0.0)
        total += expected(recognition, seen, unseen)
    return total / heads


def look(
    n, need, member_need, self_error, heads, tailored, spread, recognized, bend, known,
    twin_knowledge, standard, guess, seen, unseen, seen_twin, apart, misfit_now, misfit_twin,
    misfit_standard,
):  # fmt: skip
    """Reckon how members live with the supplier's next offer, and with that of its twin."""
    for i in range(n):
        misfit_now[i] = 0.0
        misfit_twin[i] = 0.0
        misfit_standard[i] = 0.0
    for e in range(len(member_need)):
        for i in range(n):
            unseen[i] = 0.0
            apart[i] = 0.0
            seen[i] = noise(bend[i], known[i], len(need), spread[i])
            seen_twin[i] = noise(bend[i], twin_knowledge[i], len(need), spread[i])
        for d in range(len(need)):
            for i in range(n):
                x = lived(need[d, i], member_need[e, d, i])
                z = taught(need[d, i], member_need[e, d, i], self_error[d, i], tailored[i])
                p = standard[d, i]
                q = guess[d, i]
                apart[i] += square(x, p)
                unseen[i] += square(miss(x, z, p, q, bend[i], 0.0), 0.0)
                seen[i] += square(miss(x, z, p, q, bend[i], known[i]), 0.0)
                seen_twin[i] += square(miss(x, z, p, q, bend[i], twin_knowledge[i]), 0.0)
        for i in range(n):
            there = e < heads[i]
            misfit_now[i] += expected(recognized[i], seen[i], unseen[i]) if there else 0.0
            misfit_twin[i] += expected(recognized[i], seen_twin[i], unseen[i]) if there else 0.0
            misfit_standard[i] += apart[i] if there else 0.0
    for i in range(n):
        misfit_now[i] = misfit_now[i] / heads[i]
        misfit_twin[i] = misfit_twin[i] / heads[i]
        misfit_standard[i] = misfit_standard[i] / heads[i]


def count_misfit(
    n, supplier, misfit_now, misfit_standard, sum_misfit, sum_misfit_standard,
):  # fmt: skip
    """Add up how well firms would serve their customers."""
    for i in range(n):
        s = supplier[i]
        if s >= 0:
            c = chunk(i)
            sum_misfit[c, s] += misfit_now[i]
            sum_misfit_standard[c, s] += misfit_standard[i]


def count_switching(
    n, supplier, held, recognized, bend, known, interaction, twin_knowledge, forfeited, volume,
    fit_weight, misfit_now, misfit_twin, procedural, effort, hassle, firm_price,
    firm_personal_premium, switching_procedural, switching_financial, switching_relational,
):  # fmt: skip
    """Measure what each account would lose by moving to a twin of its supplier."""
    for i in range(n):
        f = held[i]
        r = recognized[i]
        here = known[i]
        there = twin_knowledge[i]
        has = 1.0 if supplier[i] >= 0 else 0.0
        switching_procedural[i] = has * barrier(procedural[i], effort[i], bend[i], here, there)
        switching_financial[i] = has * forfeited[i] - has * premium_saved(
            volume[i], firm_price[f], firm_personal_premium[f], bend[i], r, here - there
        )
        fit_lost = misfit_cost(volume[i], fit_weight[i], misfit_twin[i] - misfit_now[i])
        ease_lost = order_effort(hassle[i], r, interaction[f, i], there) - order_effort(
            hassle[i], r, interaction[f, i], here
        )
        switching_relational[i] = has * (fit_lost + ease_lost)


def _passing(name: str, doc: str) -> Column:
    return Column(name, (), "f8", kept=False, doc=doc)


#: Who an account is; one person who knows what it needs, as columns are filled.
ACCOUNT = (
    Column("member_need", ("evaluator", "need"), doc="A member's need less the account's"),
    Column("self_error", ("need",), doc="What the account takes its need for, less the need"),
    Column("heads", (), "f8", kept=False, fill=1, doc="Members who judge for the account"),
    _passing("tailored", "1 where a member is shown an offer taught by its own need"),
)


PERCEIVED_UTILITY = Mechanism(
    "perceived_utility",
    doc="Offers as members of an account see them and live with them",
    columns=(
        *ACCOUNT,
        Column(
            "believed",
            ("need",),
            "f8",
            kept=False,
            doc="What the member at hand takes for its need",
        ),
        Column("told", ("need",), "f8", kept=False, doc="What the offer it sees was taught by"),
        _passing("seen_twin", "Misfit of the offer of a twin of the supplier, if recognized"),
        _passing("apart", "Misfit of the standard offer"),
        _passing("misfit_twin", "Misfit of the next offer of a twin of the supplier"),
    ),
    passes=(
        Pass(gather, "prepare"),
        Pass(fit, "add", replaces="offer.fit", term="fit"),
        Pass(
            look,
            "account",
            after=("offer.hold", "switching.twin", "portability.twin"),
            before=("offer.count", "switching.count"),
        ),
        Pass(count_misfit, "account", replaces="offer.count"),
        Pass(count_switching, "account", replaces="switching.count"),
    ),
    active=judging,
)


# -- Hindsight: what a choice turned out to be worth to those who made it together -------------


def disillusion(
    i, e, f, recognition, customization, knowledge, need, member_need, self_error, tailored,
    centre, spread, firm_position, firm_segment_insight,
):  # fmt: skip
    """Return by how much member e took the misfit of what it bought for too large."""
    unseen = 0.0
    seen = noise(customization, knowledge, len(need), spread)
    unseen_lived = 0.0
    seen_lived = noise(customization, knowledge, len(need), spread)
    for d in range(len(need)):
        believed = perceived(need[d, i], member_need[e, d, i], self_error[d, i])
        x = lived(need[d, i], member_need[e, d, i])
        z = taught(need[d, i], member_need[e, d, i], self_error[d, i], tailored)
        p = firm_position[f, d]
        q = prior(p, firm_segment_insight[f], centre[d, i])
        unseen += square(miss(believed, z, p, q, customization, 0.0), 0.0)
        seen += square(miss(believed, z, p, q, customization, knowledge), 0.0)
        unseen_lived += square(miss(x, z, p, q, customization, 0.0), 0.0)
        seen_lived += square(miss(x, z, p, q, customization, knowledge), 0.0)
    return expected(recognition, seen, unseen) - expected(recognition, seen_lived, unseen_lived)


# --- passes -----------------------------------------------------------------------


def enjoy(
    n, first, n_firms, shopper, choice, favourite, segment, sensitivity, value, shock, enjoyed,
    judges, outside_then, worth_then, shock_then, joy, outvoted, shock_missed, mistaken, heads,
    recognition, customization, knowledge_shown, need, member_need, self_error, tailored, centre,
    spread, volume, fit_weight, firm_position, firm_segment_insight, segment_outside_value,
    key_choice,
):  # fmt: skip
    """Note what the choice was worth to the members on average, as they lived with it.

    Who was outvoted, and who was mistaken, are listed, and the lists are walked.
    """
    shoppers = listed(n, shopper)
    for i in range(n):
        enjoyed[i] = 0.0
    wrong = 0
    for k in range(shoppers):
        i = shopper[k]
        joy[k] = 0.0
        judges[k] = heads[i] if choice[i] >= 0 else 0.0
        outside_then[k] = segment_outside_value[segment[i]]
        error = 0.0
        for d in range(len(need)):
            error += abs(self_error[d, i])
        mistaken[wrong] = k  # written over by the next unless this one is
        wrong += (error != 0.0) & (choice[i] >= 0) & (choice[i] < n_firms)
    for e in range(len(favourite)):
        losers = 0
        for k in range(shoppers):
            i = shopper[k]
            f = max(0, choice[i])
            worth_then[k] = value[e, f, i]
            shock_then[k] = shock[e, i]
            outvoted[losers] = k
            losers += (favourite[e, i] != choice[i]) & (e < judges[k])
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
            if e < heads[i]:
                less = disillusion(
                    i, e, f, recognition[f, i], customization[f, i], knowledge_shown[f, i], need,
                    member_need, self_error, tailored[i], centre, spread[i], firm_position,
                    firm_segment_insight,
                )  # fmt: skip
                worth_then[k] += misfit_cost(volume[i], fit_weight[i], less)
        for k in range(shoppers):
            gained = enjoyment(worth_then[k], shock_then[k], sensitivity[k], outside_then[k])
            joy[k] += gained if e < judges[k] else 0.0
    for k in range(shoppers):
        enjoyed[shopper[k]] = joy[k] / heads[shopper[k]]


def _by_place(name: str, dtype: str, doc: str) -> Column:
    return Column(name, (), dtype, kept=False, doc=f"{doc}, by place in a list")


EXPERIENCED_UTILITY = Mechanism(
    "experienced_utility",
    doc="What a choice turned out to be worth to those who made it",
    columns=(
        _by_place("judges", "f8", "Members who judge what was taken; 0 where nothing was"),
        _by_place("outside_then", "f8", "Worth of the outside option"),
        _by_place("joy", "f8", "Worth of what was taken, summed over members"),
        _by_place("worth_then", "f8", "Worth of what was taken to the member at hand"),
        _by_place("shock_then", "f8", "Chance's part of its utility"),
        _by_place("shock_missed", "f8", "The same, where the member voted for something else"),
        _by_place("outvoted", "u4", "Places of those where it did"),
        _by_place("mistaken", "u4", "Places of those who took their need for another"),
    ),
    passes=(Pass(enjoy, "pay", replaces="choice.enjoy"),),
    active=judging,
)
