"""Price elasticities, given customers' present state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.measures.books import Books
from cxsim.mechanisms.base import Column, Measure, Mechanism, Pass, Total, chunk
from cxsim.mechanisms.choice import weigh
from cxsim.mechanisms.measuring import ratio

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["elasticity", "elasticity_frame"]


def semi_elasticity(
    price_sensitivity: float, amount: float, own: float, other: float, same: float
) -> float:
    """Return the change of a logit chance for a relative rise of a price.

    dP_f / d ln p_g = a p v P_f (P_g - 1{f = g}): ``amount`` is price times volume,
    ``own`` P_f, ``other`` P_g, ``same`` 1 where f = g.
    """
    return price_sensitivity * amount * own * (other - same)


def chances(
    n, n_firms, in_market, open_option, segment, price_sensitivity, value, price_asked, chance,
    segment_volume, sum_chance, sum_price_response,
):  # fmt: skip
    """Add up logit chances and their response to prices, given everybody's present state."""
    for i in range(n):
        if in_market[i] == 0:
            continue
        weight = weigh(i, n_firms + 1, open_option, price_sensitivity, value, chance)
        if weight == 0.0:
            continue
        c = chunk(i)
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


def own_elasticity(b: Books) -> np.ndarray:
    """Relative change of expected purchases for a relative change of the firm's own price."""
    own = np.diagonal(b.total("price_response"), axis1=1, axis2=2)
    return ratio(own, b.total("chance"))


_ELASTICITY = Mechanism(
    "elasticity",
    doc="Short-run price elasticities, given customers' present state",
    columns=(Column("chance", ("option",), "f8", kept=False, doc="Logit chance of an option"),),
    totals=(
        Total("chance", doc="Expected purchases"),
        Total("price_response", ("firm", "firm"), doc="Response of firm f to the price of firm g"),
    ),
    passes=(Pass(chances, "decide", before=("choice.decide",)),),
    measures=(
        Measure(
            "own_elasticity",
            "Own-price elasticity",
            "1",
            own_elasticity,
            doc="Short run, first evaluator of an account",
        ),
    ),
)


def elasticity_frame(books: Books, scenario: Any) -> pd.DataFrame:
    """Return short-run elasticities of every firm's purchases to every firm's price.

    Columns: ``period``, ``firm`` (whose purchases), ``price_of`` (whose price), ``elasticity``:
    own-price where the two are the same, cross-price elsewhere.
    """
    import pandas as pd

    names = list(scenario.firms)
    order = [books.firms.index(name) for name in names]
    response = books.total("price_response")[:, order][:, :, order]
    values = ratio(response, books.total("chance")[:, order, None])
    periods, n, _ = values.shape
    return pd.DataFrame(
        {
            "period": np.repeat(np.arange(periods), n * n),
            "firm": np.tile(np.repeat(names, n), periods),
            "price_of": names * (periods * n),
            "elasticity": values.ravel(),
        }
    )


def elasticity(scenario: Any, mechanisms: tuple[Mechanism, ...]) -> Mechanism:
    """Observe short-run price elasticities of every firm, by period."""
    return _ELASTICITY
