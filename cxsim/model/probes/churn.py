"""Probes of churn: churn reasons, cohorts, and retention and margin by tenure.

For churn reasons each term of utility is switched off in turn. A customer who left its supplier is
counted for a term if it would have stayed without that term in the value of any option. Several
terms may each have been decisive, or none alone, so the counts need not add up to the losses.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.model.core.choice import utility
from cxsim.model.core.people import TENURE_BANDS
from cxsim.model.customers.buying_center import winner
from cxsim.model.ledger import Ledger, held_and_kept, ratio, tidy
from cxsim.model.mechanism import (
    Accumulator,
    Column,
    Measure,
    Mechanism,
    Pass,
    add_passes,
    scratch,
    tile,
)
from cxsim.numerics.draws import uniform
from cxsim.numerics.elementary import gumbel

if TYPE_CHECKING:
    import pandas as pd

# -- Churn reasons: each term of utility switched off in turn -----------------------------------


#: Name of the random part of utility, as a term.
CHANCE = "chance"


def start(n, n_firms, value, worth):
    """Store the value of options before any term is added."""
    for e in range(len(value)):
        for o in range(n_firms + 1):
            for i in range(n):
                worth[e, o, i] = value[e, o, i]


def _note(k: int) -> Any:
    def note(n, n_firms, value, worth, terms):
        for e in range(len(value)):
            for o in range(n_firms + 1):
                for i in range(n):
                    terms[k, e, o, i] = value[e, o, i] - worth[e, o, i]
                    worth[e, o, i] = value[e, o, i]

    return note


def best_without(i, who, e, k, n_firms, open_option, price_sensitivity, value, terms, key_choice):
    """Return the option that a member chooses without term k; the last term is the random part.

    Parameters
    ----------
    i, who : int
        Customer in the block, and in the market.
    e, k, n_firms : int
        Member, term, and number of firms.
    open_option : ndarray, shape (option, n)
        1 for an option that can be chosen.
    price_sensitivity : ndarray, shape (n,)
        1 / currency.
    value : ndarray, shape (member, option, n)
        Values of options, currency.
    terms : ndarray, shape (term, member, option, n)
        Their terms, currency.
    key_choice : ndarray, shape (member, option)
        Keys of the random part.

    Returns
    -------
    int
        Number of the option; -1 where none is open.
    """
    chance = len(terms)
    best = -inf
    taken = -1
    for o in range(n_firms + 1):
        if open_option[o, i]:
            shock = gumbel(uniform(key_choice[e, o], who)) if k < chance else 0.0
            off = terms[k, e, o, i] if k < chance else 0.0
            u = utility(price_sensitivity[i], value[e, o, i] - off, shock)
            if u > best:
                best = u
                taken = o
    return taken


def ask_why(
    n, first, n_firms, supplier, choice, best_option, open_option, price_sensitivity, value, terms,
    key_choice, sum_lost_by,
):  # fmt: skip
    """Repeat the choice of each customer who leaves without one term, and count who would stay.

    Of customers who gave up a purchase and took another option, no term is the reason.
    """
    for i in range(n):
        s = supplier[i]
        if s < 0 or choice[i] < 0 or choice[i] == n_firms or choice[i] == s:
            continue
        if choice[i] != best_option[0, i]:
            continue
        for k in range(len(terms) + 1):
            taken = best_without(
                i, first + i, 0, k, n_firms, open_option, price_sensitivity, value, terms,
                key_choice,
            )  # fmt: skip
            if taken == s:
                sum_lost_by[tile(i), s, k] += 1.0


def ask_members(
    n, first, n_firms, supplier, choice, open_option, price_sensitivity, value, terms,
    decision_makers, quorum, votes_again, key_choice, sum_lost_by,
):  # fmt: skip
    """Repeat the vote of the members of each account that leaves without one term."""
    for i in range(n):
        s = supplier[i]
        if s < 0 or choice[i] < 0 or choice[i] == n_firms or choice[i] == s:
            continue
        for k in range(len(terms) + 1):
            for o in range(n_firms + 1):
                votes_again[o, i] = 0.0
            for e in range(int(decision_makers[i])):
                taken = best_without(
                    i, first + i, e, k, n_firms, open_option, price_sensitivity, value, terms,
                    key_choice,
                )  # fmt: skip
                if taken >= 0:
                    votes_again[taken, i] += 1.0
            decided = winner(i, votes_again, decision_makers[i], quorum[i])
            if decided == s or (decided < 0 and open_option[s, i]):
                sum_lost_by[tile(i), s, k] += 1.0


def churn_reasons(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Return the probe of churn reasons.

    Parameters
    ----------
    scenario : Scenario
    mechanisms : tuple of Mechanism
        Of the scenario; their ``add`` passes are the terms.

    Returns
    -------
    Mechanism
    """
    adds = add_passes(mechanisms)
    names = [name for name, _ in adds]
    notes = []
    for k, name in enumerate(names):
        note = _note(k)
        note.__name__ = f"note_{k}"
        following = (names[k + 1],) if k + 1 < len(names) else ()
        notes.append(Pass(note, "add", after=(name,), before=following))
    vote = any(m.name == "buying_center" for m in mechanisms)
    again = scratch("votes_again", "Votes without one term", ("option",))
    each = ("member", "option")
    return Mechanism(
        "churn_reasons",
        doc="Churn reasons",
        columns=(
            scratch("worth", "Value before the next term", each),
            scratch("terms", "Terms of the value", (len(names), *each)),
            *((again,) if vote else ()),
        ),
        accumulators=(
            Accumulator(
                "lost_by", "Losses for which a term was decisive", ("firm", len(names) + 1)
            ),
        ),
        passes=(Pass(start, "ask"), *notes, Pass(ask_members if vote else ask_why, "pay")),
    )


def churn_reason_frame(
    ledger: Ledger, scenario: Any, mechanisms: tuple[Mechanism, ...]
) -> pd.DataFrame:
    """Return losses to rivals and the number of them for which each term was decisive.

    Columns: ``period``, ``firm``, ``driver`` (a term of the choice, or chance),
    ``customers`` who would have stayed without it, ``churned`` in all.

    Parameters
    ----------
    ledger : Ledger
        Of a run with the probe.
    scenario : Scenario
    mechanisms : tuple of Mechanism
        Of the run.

    Returns
    -------
    DataFrame
        A row per period, firm and reason; customers per period, whole market.
    """
    behaviour = tuple(m for m in mechanisms if m.name != "churn_reasons")
    drivers = [*(label for _, label in add_passes(behaviour)), CHANCE]
    names = list(scenario.firms)
    order = [ledger.firms.index(name) for name in names]
    decided = ledger.total("lost_by")[:, order, :]
    flows = ledger.total("purchases")[:, 1:, :-1]
    lost = (flows.sum(axis=2) - np.diagonal(flows, axis1=1, axis2=2))[:, order]
    axes = {"period": range(len(decided)), "firm": names, "driver": drivers}
    return tidy(axes, customers=decided, churned=np.repeat(lost, len(drivers)))


# -- Cohorts: survival and realized value of customers who joined in the same period ------------


def leave_cohort(n, arriving, joined):
    """Reset the cohorts of newcomers."""
    for i in range(n):
        if arriving[i]:
            joined[i] = -1


def earn(n, supplier, choice, joined, margin, sum_cohort_margin):
    """Book the margins of a cohort's purchases from its supplier after the period of joining."""
    for i in range(n):
        s = supplier[i]
        if s >= 0 and choice[i] == s and joined[i] >= 0:
            sum_cohort_margin[tile(i), s, joined[i]] += margin[i]


def enter_cohort(n, n_firms, clock, choice, tenure, joined):
    """Add customers of a new supplier to this period's cohort."""
    for i in range(n):
        if 0 <= choice[i] < n_firms and tenure[i] == 1:
            joined[i] = clock[0] if clock[0] >= 0 else -1


def count(n, supplier, joined, sum_cohort_size):
    """Count the customers left of each cohort."""
    for i in range(n):
        if supplier[i] >= 0 and joined[i] >= 0:
            sum_cohort_size[tile(i), supplier[i], joined[i]] += 1.0


def cohorts(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Return the probe of cohorts by firm and period of joining.

    Parameters
    ----------
    scenario : Scenario
        Its periods are the cohorts.
    mechanisms : tuple of Mechanism
        Of the scenario.

    Returns
    -------
    Mechanism
    """
    periods = int(scenario.periods)
    return Mechanism(
        "cohorts",
        doc="Survival and realized value by cohort",
        columns=(Column("joined", dtype="i4", fill=-1, doc="Period of joining the supplier"),),
        accumulators=(
            Accumulator("cohort_size", "Customers left, by period of joining", ("firm", periods)),
            Accumulator("cohort_margin", "Margins earned, by period of joining", ("firm", periods)),
        ),
        passes=(
            Pass(leave_cohort, "arrive"),
            Pass(earn, "pay", after=("money.pay",)),
            Pass(enter_cohort, "join", after=("choice.join",)),
            Pass(count, "account"),
        ),
    )


def cohort_frame(ledger: Ledger, scenario: Any) -> pd.DataFrame:
    """Return one row per firm, cohort and age.

    Columns: ``firm``, ``cohort`` (period of joining), ``age`` (periods since), ``customers``,
    ``survival`` (share of the cohort left; customers who left the market count as lost) and
    ``realized_value``: margins earned after the period of joining, discounted to it, per
    customer who joined. They add up with age.

    Parameters
    ----------
    ledger : Ledger
        Of a run with the probe.
    scenario : Scenario

    Returns
    -------
    DataFrame
        Customers of the whole market, shares, and currency per customer.
    """
    import pandas as pd

    size, margin = ledger.total("cohort_size"), ledger.total("cohort_margin")  # (T, F, T)
    rate = float(scenario.discount_rate)
    frames = []
    for name in scenario.firms:
        f = ledger.firms.index(name)
        for cohort in range(ledger.periods):
            left = size[cohort:, f, cohort]
            ages = np.arange(len(left))
            with np.errstate(invalid="ignore", divide="ignore"):
                earned = np.cumsum(margin[cohort:, f, cohort] * (1.0 + rate) ** -ages) / left[0]
                survival = left / left[0]
            frames.append(
                pd.DataFrame(
                    {
                        "firm": name,
                        "cohort": cohort,
                        "age": ages,
                        "customers": left,
                        "survival": survival,
                        "realized_value": earned,
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


# -- Retention and margin of recent and of long-tenured customers -------------------------------


#: Tenure bands of recent customers (at most 3 purchases), and of long-tenured ones.
RECENT = slice(0, TENURE_BANDS.index("4-7"))


LONG = slice(TENURE_BANDS.index("4-7"), None)


def earn_by_tenure(n, supplier, choice, tenure, margin, sum_tenure_margin, sum_tenure_bought):
    """Book the margins of purchases from the supplier, by recent and long-tenured customers."""
    for i in range(n):
        s = supplier[i]
        if s >= 0 and choice[i] == s:
            band = 0 if tenure[i] <= 3 else 1
            sum_tenure_margin[tile(i), s, band] += margin[i]
            sum_tenure_bought[tile(i), s, band] += 1.0


def _retention(bands: slice) -> Callable[[Ledger], np.ndarray]:
    def measure(b: Ledger) -> np.ndarray:
        held, kept = (values[:, :, bands].sum(axis=2) for values in held_and_kept(b, "tenure"))
        return ratio(kept, held)

    return measure


def _margin(band: int) -> Callable[[Ledger], np.ndarray]:
    def measure(b: Ledger) -> np.ndarray:
        margin, bought = b.total("tenure_margin"), b.total("tenure_bought")
        return ratio(margin[:, :, band], bought[:, :, band])

    return measure


_TENURE = Mechanism(
    "tenure",
    doc="Retention and margin of recent and of long-tenured customers",
    accumulators=(
        Accumulator("tenure_margin", "Margins of repeat purchases, by tenure", ("firm", 2)),
        Accumulator("tenure_bought", "Repeat purchases, by tenure", ("firm", 2)),
    ),
    passes=(Pass(earn_by_tenure, "pay", after=("money.pay",)),),
    measures=(
        Measure("retention_new", "Retention, up to 3 purchases", "share per period",
                _retention(RECENT),
                doc="Share of the customers with 1 to 3 purchases since joining who are still "
                "the firm's after the choice of the period; not buying counts as retention"),
        Measure("retention_long_tenured", "Retention, 4 purchases and more", "share per period",
                _retention(LONG),
                doc="Share of the customers with 4 and more purchases since joining who are still "
                "the firm's after the choice of the period; not buying counts as retention"),
        Measure("margin_new", "Margin per purchase, up to 3 purchases",
                "currency per purchase", _margin(0),
                doc="Mean contribution of a repeat purchase in the period by customers with 1 to "
                "3 purchases since joining"),
        Measure("margin_long_tenured", "Margin per purchase, 4 purchases and more",
                "currency per purchase", _margin(1),
                doc="Mean contribution of a repeat purchase in the period by customers with 4 and "
                "more purchases since joining"),
    ),
)  # fmt: skip


def tenure(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Return the probe of retention and margin by tenure with the supplier.

    Parameters
    ----------
    scenario : Scenario
    mechanisms : tuple of Mechanism
        Of the scenario.

    Returns
    -------
    Mechanism
    """
    return _TENURE
