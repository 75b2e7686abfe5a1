"""The state of the start: who buys from whom, for how long, and how well known."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from cxsim.draws import uniform
from cxsim.elementary import log
from cxsim.mechanisms.base import Draw, Mechanism, Pass


def _start(scenario: Any, seed: int) -> dict[str, np.ndarray]:
    """Return initial shares (the last for nobody's customers), tenure and knowledge by firm."""
    names = sorted(scenario.firms)
    given = scenario.initial
    share = [given[name].share if name in given else 0.0 for name in names]
    return {
        "initial_share": np.array([*share, max(0.0, 1.0 - sum(share))]),
        "initial_tenure": np.array(
            [given[name].tenure if name in given else 0 for name in names], dtype=np.int64
        ),
        "initial_knowledge": np.array(
            [given[name].knowledge if name in given else 0.0 for name in names]
        ),
    }


def begin(
    n, first, n_firms, clock, supplier, tenure, last_bought, uncertainty, key_initial,
    initial_share, initial_tenure, initial_knowledge,
):  # fmt: skip
    """Hand out today's suppliers: a race of exponentials, so that shares hold on average."""
    for i in range(n):
        soonest = inf
        winner = n_firms
        for f in range(n_firms + 1):
            if initial_share[f] > 0.0:
                time = -log(uniform(key_initial[f], first + i)) / initial_share[f]
                if time < soonest:
                    soonest = time
                    winner = f
        if winner < n_firms:
            supplier[i] = winner
            tenure[i] = initial_tenure[winner]
            last_bought[i] = clock[0]
            uncertainty[winner, i] = 1.0 - initial_knowledge[winner]


INITIAL = Mechanism(
    "initial",
    doc="Shares, tenure and knowledge at the start",
    core=True,
    draws=(Draw("initial", ("option",)),),
    setup=_start,
    passes=(Pass(begin, "begin"),),
    active=lambda scenario: bool(scenario.initial),
)
