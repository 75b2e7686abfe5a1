"""Buying centers: several members with needs of their own decide for one account.

Each member votes for the option it would choose alone. An option wins with strictly most
votes and at least the quorum; else the account buys from its supplier, or nothing. Price
sensitivity, brand preferences, ordering effort, knowledge and switching costs are the account's.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from cxsim.model.core.people import scatter
from cxsim.model.customers.perceived_utility import buying_centers
from cxsim.model.ledger import ratio
from cxsim.model.mechanism import Accumulator, Draw, Measure, Mechanism, Pass, listed, scratch, tile
from cxsim.numerics.draws import normal
from cxsim.parameters import Parameters, parameter


class BuyingCenter(Parameters):
    """Members of the decision-making unit of an account, and their rule of decision."""

    members: int = parameter(
        3, "Members who decide for an account", "people", fixed=True, ge=1, le=30
    )
    member_need_sd: float = parameter(
        0.0,
        doc="Standard deviation of members' needs around the account's, in each dimension",
        unit="distance",
        newcomers=True,
        ge=0,
    )
    quorum: float = parameter(
        0.5, "Share of members whose votes an option needs to win", "share of members", ge=0, le=1
    )
    tailoring: Literal["account", "member"] = parameter(
        "account", "Whether members see an offer tailored to the account's need, or to their own"
    )


class SegmentParameters(Parameters):
    """The buying center of the accounts of a segment."""

    buying_center: BuyingCenter | None = parameter(
        None, "Buying center: several members decide for each account (default: one)"
    )


def members(scenario: Any) -> int:
    """Return the number of members of the largest buying center.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    int
        1 where no segment has a buying center.
    """
    return max((center.members for center in buying_centers(scenario)), default=1)


# --- rules ------------------------------------------------------------------------


def wins(votes: float, rival_votes: float, members: float, quorum: float) -> bool:
    """Return whether an option has strictly most votes, and at least the quorum.

    A quorum of 0.55 of 20 members is 11 votes, whatever 0.55 is in binary.

    Quorums of decision-making units after Webster & Wind (1972).

    Parameters
    ----------
    votes : float
        Of members for the option.
    rival_votes : float
        For the option with the most votes among the others.
    members : float
        Of the account.
    quorum : float
        Share of members.

    Returns
    -------
    bool
    """
    return votes > rival_votes and votes >= quorum * members - 1e-9


# --- passes -----------------------------------------------------------------------


def draw_members(
    n, first, arriving, segment, need, member_need, key_member_need, segment_buying_center_members,
    segment_buying_center_member_need_sd,
):  # fmt: skip
    """Draw the needs of the members of new accounts."""
    for i in range(n):
        if arriving[i] == 0:
            continue
        g = segment[i]
        for e in range(len(member_need)):
            for d in range(len(need)):
                member_need[e, d, i] = 0.0
                if e < segment_buying_center_members[g]:
                    member_need[e, d, i] = scatter(
                        0.0,
                        segment_buying_center_member_need_sd[g],
                        normal(key_member_need[e, d], first + i),
                    )


def set_quorum(
    n, segment, decision_makers, tailored, quorum, segment_buying_center_members,
    segment_buying_center_tailoring, segment_buying_center_quorum,
):  # fmt: skip
    """Set each account's number of members, tailoring of offers, and quorum."""
    for i in range(n):
        g = segment[i]
        quorum[i] = 0.0
        if segment_buying_center_members[g] > 0.0:
            decision_makers[i] = segment_buying_center_members[g]
            tailored[i] = segment_buying_center_tailoring[g]
            quorum[i] = segment_buying_center_quorum[g]


def winner(i, votes, members, quorum):
    """Return the option that wins the vote, -1 if none.

    Parameters
    ----------
    i : int
        Account.
    votes : ndarray, shape (option, n)
        Votes by option.
    members : float
        Members of the account.
    quorum : float
        Share of members that an option needs.

    Returns
    -------
    int
        Number of the option.
    """
    best = -1
    most = 0.0
    second = 0.0
    for o in range(len(votes)):
        if votes[o, i] > most:
            second = most
            most = votes[o, i]
            best = o
        elif votes[o, i] > second:
            second = votes[o, i]
    return best if wins(most, second, members, quorum) else -1


def elect(
    n, n_firms, shopper, segment, supplier, best_option, open_option, decision_makers, quorum,
    ballot, votes, most, second, leading, choice, segment_buying_center_members, sum_verdict,
    sum_votes,
):  # fmt: skip
    """Count the votes; without a winner the account stays with its supplier, or buys nothing.

    This is :func:`winner` for all accounts in the market, option by option.
    """
    shoppers = listed(n, shopper)
    for i in range(n):
        choice[i] = -1
    for e in range(len(best_option)):
        for k in range(shoppers):
            i = shopper[k]
            ballot[e, k] = best_option[e, i] if e < decision_makers[i] else -1
    for k in range(shoppers):
        most[k] = 0
        second[k] = 0
        leading[k] = -1
    for o in range(n_firms + 1):
        for k in range(shoppers):
            votes[k] = 0
        for e in range(len(best_option)):
            for k in range(shoppers):
                votes[k] += 1 if ballot[e, k] == o else 0
        for k in range(shoppers):
            here = votes[k]
            ahead = here > most[k]
            behind = most[k] if ahead else here
            second[k] = max(second[k], behind)
            leading[k] = o if ahead else leading[k]
            most[k] = here if ahead else most[k]
    for k in range(shoppers):
        i = shopper[k]
        s = supplier[i]
        decided = leading[k] if wins(most[k], second[k], decision_makers[i], quorum[i]) else -1
        choice[i] = decided
        if decided < 0 and s >= 0 and open_option[s, i]:
            choice[i] = s
        g = segment[i]
        if segment_buying_center_members[g] > 0.0:
            c = tile(i)
            has = 1 if s >= 0 else 0
            sum_verdict[c, g, has, 0] += 1.0
            sum_verdict[c, g, has, 1] += 1.0 if decided >= 0 else 0.0
            for e in range(int(decision_makers[i])):
                if ballot[e, k] >= 0:
                    sum_votes[c, ballot[e, k]] += 1.0


def count_purchases(
    n, n_firms, shopper, segment, supplier, choice, segment_buying_center_members, sum_verdict
):
    """Count the buying centers that buy from a firm, once nothing can come between any more."""
    for k in range(listed(n, shopper)):
        i = shopper[k]
        g = segment[i]
        if segment_buying_center_members[g] > 0.0 and 0 <= choice[i] < n_firms:
            has = 1 if supplier[i] >= 0 else 0
            sum_verdict[tile(i), g, has, 2] += 1.0


# --- measures ---------------------------------------------------------------------


def _verdicts(b: Any, held: int | slice = slice(None)) -> np.ndarray:
    """Accounts with a buying center in the market: all, agreed, bought (T, 3)."""
    verdict = b.total("verdict").sum(axis=1)  # over segments: (T, has a supplier, 3)
    return verdict[:, held] if isinstance(held, int) else verdict.sum(axis=1)


def consensus_rate(b: Any) -> np.ndarray:
    """Share of the buying centers in the market in the period that agreed on an option."""
    verdict = _verdicts(b)
    return ratio(verdict[:, 1], verdict[:, 0])


def no_decision_rate(b: Any) -> np.ndarray:
    """Share of the buying centers in the market without a supplier that reached no agreement."""
    verdict = _verdicts(b, 0)
    return 1.0 - ratio(verdict[:, 1], verdict[:, 0])


def first_purchase_rate(b: Any) -> np.ndarray:
    """Share of the buying centers in the market without a supplier that bought from a firm."""
    verdict = _verdicts(b, 0)
    return ratio(verdict[:, 2], verdict[:, 0])


def vote_share(b: Any) -> np.ndarray:
    """Share of the votes of members of buying centers in the period that the firm received."""
    cast = b.total("votes")
    return ratio(cast[:, :-1], cast.sum(axis=1, keepdims=True))


def decision_frame(ledger: Any, scenario: Any) -> Any:
    """Return decisions of buying centers by period, segment and whether they had a supplier.

    Columns: ``period``, ``segment``, ``members``, ``tailoring``, ``supplier`` (whether there
    was one), ``accounts`` in the market, of which ``agreed`` on an option and ``bought`` from
    a firm (without agreement: from the present supplier).

    Parameters
    ----------
    ledger : Ledger
    scenario : Scenario

    Returns
    -------
    DataFrame
        Accounts of the whole market, per period.
    """
    import pandas as pd

    verdict = ledger.total("verdict")
    frames = []
    for g, name in enumerate(sorted(scenario.segments)):
        center = scenario.segments[name].buying_center
        if center is None:
            continue
        for has in (False, True):
            accounts, agreed, bought = verdict[:, g, int(has)].T
            frames.append(
                pd.DataFrame(
                    {
                        "period": np.arange(ledger.periods),
                        "segment": name,
                        "members": center.members,
                        "tailoring": center.tailoring,
                        "supplier": has,
                        "accounts": accounts,
                        "agreed": agreed,
                        "bought": bought,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


BUYING_CENTER = Mechanism(
    "buying_center",
    doc="Buying centers decide for accounts",
    segment=SegmentParameters,
    columns=(
        scratch("quorum", "Share of members' votes that an option needs to win"),
        scratch(
            "ballot",
            "A member's vote, by position in the list of accounts in the market; -1 for none",
            ("member",),
            "i4",
        ),
        scratch("votes", "Votes for the present option, by position in that list", dtype="i4"),
        scratch("most", "Most votes for an option", dtype="i4"),
        scratch("second", "Most votes for another option", dtype="i4"),
        scratch("leading", "Option with most votes", dtype="i4"),
    ),
    draws=(Draw("member_need", ("member", "need")),),
    accumulators=(
        Accumulator(
            "verdict",
            "Buying centers in the market, by whether they have a supplier: all, those that "
            "agreed, those that bought",
            ("segment", 2, 3),
        ),
        Accumulator("votes", "Votes of members of buying centers", ("option",)),
    ),
    passes=(
        Pass(draw_members, "arrive", after=("people.arrive",)),
        Pass(set_quorum, "prepare", after=("perceived_utility.set_single_member",)),
        Pass(elect, "decide", replaces="choice.elect"),
        Pass(count_purchases, "pay"),
    ),
    measures=(
        Measure.of(vote_share, "Share of votes", "share"),
        Measure.of(consensus_rate, "Consensus rate of buying centers", "share", level="market"),
        Measure.of(no_decision_rate, "No-decision rate of buying centers", "share", level="market"),
        Measure.of(
            first_purchase_rate, "First-purchase rate of buying centers", "share", level="market"
        ),
    ),
    frames={"decisions": decision_frame},
    active=lambda scenario: bool(buying_centers(scenario)),
    members=members,
)
