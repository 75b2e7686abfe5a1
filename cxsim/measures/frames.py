"""From books to tidy frames: one row per period and firm, columns named as measures are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.measures import measures
from cxsim.measures.books import Books
from cxsim.measures.buying import held_and_kept
from cxsim.mechanisms.base import Mechanism
from cxsim.mechanisms.lifetime import TENURE_BANDS

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FRAMES",
    "KEYS",
    "firm_frame",
    "market_frame",
    "quadrant",
    "switching_frame",
    "tenure_frame",
]

#: Frames of a run, in the order of files and sheets.
FRAMES = (
    "firms",
    "market",
    "switching",
    "tenure",
    "touchpoints",
    "cohorts",
    "losses",
    "elasticities",
    "hearsay",
    "customers",
    "reach",
    "neighbours",
    "ties",
    "panel",
)

#: Columns of frames by firm and for the market that are no measures.
KEYS = {"firm": ("period", "firm", "quadrant"), "market": ("period",)}

_QUADRANTS = {
    (False, False): "I mass",
    (False, True): "II niche",
    (True, False): "III targeted",
    (True, True): "IV one-to-one",
}


def quadrant(interaction: float, customization: float, threshold: float = 0.5) -> str:
    """Return the label of a place in the capability matrix. No rule reads it."""
    return _QUADRANTS[interaction >= threshold, customization >= threshold]


def _order(scenario: Any, books: Books) -> list[int]:
    """Places of the firms of the scenario file in the books' name order."""
    return [books.firms.index(name) for name in scenario.firms]


def firm_frame(books: Books, scenario: Any, mechanisms: tuple[Mechanism, ...]) -> pd.DataFrame:
    """Return one row per period and firm; ``attrs["definitions"]`` says what columns are."""
    import pandas as pd

    order = _order(scenario, books)
    names = list(scenario.firms)
    periods = books.periods
    columns: dict[str, Any] = {
        "period": np.repeat(np.arange(periods), len(names)),
        "firm": names * periods,
    }
    for measure in measures("firm", mechanisms):
        columns[measure.name] = measure.function(books)[:, order].ravel()
    frame = pd.DataFrame(columns)
    labels = [
        quadrant(a, c, scenario.matrix_threshold)
        for a, c in zip(frame["interaction"], frame["customization"], strict=True)
    ]
    frame.insert(2, "quadrant", labels)
    frame.attrs["definitions"] = {m.name: m.definition for m in measures("firm", mechanisms)}
    return frame


def market_frame(books: Books, mechanisms: tuple[Mechanism, ...]) -> pd.DataFrame:
    """Return one row per period; ``attrs["definitions"]`` says what columns are."""
    import pandas as pd

    columns: dict[str, Any] = {"period": np.arange(books.periods)}
    for measure in measures("market", mechanisms):
        columns[measure.name] = measure.function(books)
    frame = pd.DataFrame(columns)
    frame.attrs["definitions"] = {m.name: m.definition for m in measures("market", mechanisms)}
    return frame


def switching_frame(books: Books, scenario: Any) -> pd.DataFrame:
    """Return purchases by period, supplier before (``"none"`` for nobody's) and option taken."""
    import pandas as pd

    order = _order(scenario, books)
    names = list(scenario.firms)
    flows = books.total("purchases")[:, [0, *(k + 1 for k in order)], :][:, :, [*order, -1]]
    periods, holders, options = flows.shape
    return pd.DataFrame(
        {
            "period": np.repeat(np.arange(periods), holders * options),
            "origin": np.tile(np.repeat(["none", *names], options), periods),
            "destination": np.tile([*names, "outside"], periods * holders),
            "purchases": flows.ravel(),
        }
    )


def tenure_frame(books: Books, scenario: Any) -> pd.DataFrame:
    """Return customers before the choice and those who stayed, by period, firm and tenure band."""
    import pandas as pd

    order = _order(scenario, books)
    names = list(scenario.firms)
    bands = list(TENURE_BANDS)
    held, kept = (values[:, order] for values in held_and_kept(books, "tenure"))
    periods = len(held)
    return pd.DataFrame(
        {
            "period": np.repeat(np.arange(periods), len(names) * len(bands)),
            "firm": np.tile(np.repeat(names, len(bands)), periods),
            "tenure": bands * (periods * len(names)),
            "customers": held.ravel(),
            "stayed": kept.ravel(),
        }
    )
