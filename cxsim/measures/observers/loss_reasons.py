"""Why customers were lost: each term of the choice switched off in turn.

A customer who left its supplier is counted for a term if, without that term in the
worth of any option, it would have stayed. Several terms may each have been decisive,
or none alone, so the counts need not add up to the losses.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.draws import uniform
from cxsim.elementary import gumbel
from cxsim.measures.books import Books
from cxsim.mechanisms.base import Column, Mechanism, Pass, Total, chunk
from cxsim.mechanisms.buying_center import winner
from cxsim.mechanisms.choice import utility
from cxsim.mechanisms.order import add_passes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHANCE", "loss_frame", "loss_reasons"]

#: Name of the term that the shocks are.
CHANCE = "chance"


def start(n, n_firms, value, worth):
    """Note what options are worth before any term is added."""
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
    """Return what an evaluator takes without term k, the last of which is chance."""
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
    n, first, n_firms, supplier, choice, open_option, price_sensitivity, value, terms, key_choice,
    sum_lost_by,
):  # fmt: skip
    """Let each customer who leaves choose again without one term, and see whether it stays."""
    for i in range(n):
        s = supplier[i]
        if s < 0 or choice[i] < 0 or choice[i] == n_firms or choice[i] == s:
            continue
        for k in range(len(terms) + 1):
            taken = best_without(
                i, first + i, 0, k, n_firms, open_option, price_sensitivity, value, terms,
                key_choice,
            )  # fmt: skip
            if taken == s:
                sum_lost_by[chunk(i), s, k] += 1.0


def ask_members(
    n, first, n_firms, supplier, choice, open_option, price_sensitivity, value, terms, heads,
    quorum, votes_again, key_choice, sum_lost_by,
):  # fmt: skip
    """Let all members of each account that leaves vote again without one term."""
    for i in range(n):
        s = supplier[i]
        if s < 0 or choice[i] < 0 or choice[i] == n_firms or choice[i] == s:
            continue
        for k in range(len(terms) + 1):
            for o in range(n_firms + 1):
                votes_again[o, i] = 0.0
            for e in range(int(heads[i])):
                taken = best_without(
                    i, first + i, e, k, n_firms, open_option, price_sensitivity, value, terms,
                    key_choice,
                )  # fmt: skip
                if taken >= 0:
                    votes_again[taken, i] += 1.0
            decided = winner(i, votes_again, heads[i], quorum[i])
            if decided == s or (decided < 0 and open_option[s, i]):
                sum_lost_by[chunk(i), s, k] += 1.0


def loss_reasons(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Observe which terms of the choice customers were lost by."""
    adds = add_passes(mechanisms)
    names = [name for name, _ in adds]
    notes = []
    for k, name in enumerate(names):
        note = _note(k)
        note.__name__ = f"note_{k}"
        following = (names[k + 1],) if k + 1 < len(names) else ()
        notes.append(Pass(note, "add", after=(name,), before=following))
    vote = any(m.name == "buying_center" for m in mechanisms)
    again = Column("votes_again", ("option",), "f8", kept=False, doc="Votes without one term")
    each = ("evaluator", "option")
    return Mechanism(
        "loss_reasons",
        doc="Why customers were lost",
        columns=(
            Column("worth", each, "f8", kept=False, doc="Worth before the next term"),
            Column("terms", (len(names), *each), "f8", kept=False, doc="Terms of the worth"),
            *((again,) if vote else ()),
        ),
        totals=(Total("lost_by", ("firm", len(names) + 1), doc="Losses that a term decided"),),
        passes=(Pass(start, "ask"), *notes, Pass(ask_members if vote else ask_why, "pay")),
    )


def loss_frame(books: Books, scenario: Any, mechanisms: tuple[Mechanism, ...]) -> pd.DataFrame:
    """Return losses to rivals and how many of them each term decided.

    Columns: ``period``, ``firm``, ``reason`` (a term of the choice, or chance),
    ``customers`` who would have stayed without it, ``losses`` in all.
    """
    import pandas as pd

    behaviour = tuple(m for m in mechanisms if m.name != "loss_reasons")
    reasons = [*(label for _, label in add_passes(behaviour)), CHANCE]
    names = list(scenario.firms)
    order = [books.firms.index(name) for name in names]
    decided = books.total("lost_by")[:, order, :]
    flows = books.total("purchases")[:, 1:, :-1]
    lost = (flows.sum(axis=2) - np.diagonal(flows, axis1=1, axis2=2))[:, order]
    periods = len(decided)
    return pd.DataFrame(
        {
            "period": np.repeat(np.arange(periods), len(names) * len(reasons)),
            "firm": np.tile(np.repeat(names, len(reasons)), periods),
            "reason": reasons * (periods * len(names)),
            "customers": decided.ravel(),
            "losses": np.repeat(lost.ravel(), len(reasons)),
        }
    )
