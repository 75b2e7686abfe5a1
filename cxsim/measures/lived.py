"""What customers met at touchpoints and what firms thought of it, as a tidy frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.measures.books import Books
from cxsim.mechanisms.measuring import ratio
from cxsim.mechanisms.perception import expectation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["touchpoint_frame"]


def touchpoint_frame(books: Books, scenario: Any) -> pd.DataFrame:
    """Return one row per period, firm and touchpoint, in the order of the journey.

    Columns: ``stage``, ``channel``, ``run_by`` and ``importance`` as the scenario has them at
    the start; ``contacts`` (whole market); ``performance`` that customers met on average;
    ``expectation`` of the firm's customers, of the firm as a whole; ``delivered``, the mean
    that the touchpoint is good for; ``belief`` of the firm, with the standard error of what it
    was told in ``belief_error`` (nothing without answers); and the ``answers`` of the period
    (of customers simulated).
    """
    import pandas as pd

    firms, places = list(scenario.firms), scenario.journey
    order = [books.firms.index(name) for name in firms]
    periods, n = books.periods, len(firms) * len(places)
    contacts = books.count("contacts").sum(axis=3)[:, order]
    score = books.count("score").sum(axis=3)[:, order]

    def each(values: list[Any]) -> np.ndarray:
        return np.tile(np.array(values, dtype=object), periods * len(firms))

    def by_firm(name: str) -> np.ndarray:
        return books.count(name)[:, order].ravel()

    run_by = [
        scenario.firms[name].touchpoints[place].run_by
        if place in scenario.firms[name].touchpoints
        else "nobody"
        for name in firms
        for place in places
    ]
    frame = pd.DataFrame(
        {
            "period": np.repeat(np.arange(periods), n),
            "firm": np.tile(np.repeat(np.array(firms, dtype=object), len(places)), periods),
            "touchpoint": each(list(places)),
            "stage": each([place.stage for place in places.values()]),
            "channel": each([place.channel for place in places.values()]),
            "run_by": np.tile(np.array(run_by, dtype=object), periods),
            "importance": each([place.importance for place in places.values()]).astype(float),
            "contacts": contacts.ravel() * books.scale,
            "performance": ratio(score, contacts).ravel(),
            "expectation": np.repeat(expectation(books)[:, order], len(places), axis=1).ravel(),
            "delivered": by_firm("delivered"),
            "belief": by_firm("belief"),
            "belief_error": by_firm("belief_error"),
            "answers": by_firm("answers") if books.has("answers") else 0.0,
        }
    )
    return frame[frame["run_by"] != "nobody"].reset_index(drop=True)
