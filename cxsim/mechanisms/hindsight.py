"""Hindsight: what a choice turned out to be worth to those who made it together.

An account takes what its members voted for, or what its supplier sells; some get what they
would not have taken, and some took their need for another.
"""

from __future__ import annotations

from cxsim.draws import uniform
from cxsim.elementary import gumbel
from cxsim.mechanisms.base import Column, Mechanism, Pass, listed
from cxsim.mechanisms.choice import enjoyment
from cxsim.mechanisms.judgement import judging, lived, perceived, taught
from cxsim.mechanisms.offer import expected, misfit_cost, miss, noise, prior, square


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


HINDSIGHT = Mechanism(
    "hindsight",
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
