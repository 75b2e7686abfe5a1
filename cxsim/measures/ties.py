"""A sample of who listens to whom, as frames of customers and their ties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.mechanisms.emotions import CLUSTERS, cluster
from cxsim.mechanisms.networks import network

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SAMPLE", "ties_frames"]

#: Customers in the sample.
SAMPLE = 250


def ties_frames(simulation: Any, people: int = SAMPLE) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return customers of a sample at the end of the run, and the ties between them.

    The sample is the first customer, the neighbours, theirs, and so on (a snowball).

    Returns
    -------
    neighbours : DataFrame
        Columns ``customer``, ``supplier`` (``"none"`` for nobody's; categories in the order of
        the scenario), ``experience`` of the supplier (NaN without one) and ``emotion``.
    ties : DataFrame
        Columns ``customer`` and ``other``, each tie once. Both are empty where customers do not
        talk or meet anybody by chance.
    """
    import pandas as pd

    talk = simulation.scenario.word_of_mouth
    if talk is None or talk.network == "well_mixed":
        nodes = pd.DataFrame(columns=["customer", "supplier", "experience", "emotion"])
        return nodes, pd.DataFrame(columns=["customer", "other"])
    made = network(
        talk.network,
        customers=int(simulation.scenario.customers),
        neighbours=talk.neighbours,
        rewiring=talk.rewiring,
        seed=simulation.seed,
    )
    sample = _snowball(made, people)
    inside = np.zeros(len(made.start) - 1, dtype=bool)
    inside[sample] = True
    keep = inside[made.whose] & inside[made.others] & (made.whose < made.others)
    supplier = simulation.customers("supplier")[sample]
    felt = simulation.customers("experience")[np.maximum(supplier, 0), sample].astype(float)
    felt[supplier < 0] = np.nan
    cuts = simulation.scenario.emotion_cut_points
    names = np.array([*simulation.books.firms, "none"], dtype=object)
    nodes = pd.DataFrame(
        {
            "customer": sample,
            "supplier": pd.Categorical(
                names[supplier], categories=[*simulation.scenario.firms, "none"]
            ),
            "experience": felt,
            "emotion": [CLUSTERS[cluster(e, *cuts)] if e == e else "none" for e in felt.tolist()],
        }
    )
    ties = pd.DataFrame({"customer": made.whose[keep], "other": made.others[keep]}).astype(int)
    return nodes, ties


def _snowball(made: Any, people: int) -> np.ndarray:
    """Return the first customers that are reached from customer 0, in order of number."""
    found, queue = {0}, [0]
    for who in queue:
        for other in made.others[made.start[who] : made.start[who + 1]].tolist():
            if other not in found and len(found) < people:
                found.add(other)
                queue.append(other)
    return np.array(sorted(found))
