"""Social networks of customers as compressed sparse rows.

Built by networkx. Its generators draw from Python's own Mersenne Twister, so one seed
gives one network on every machine.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from cxsim.messages import choice
from cxsim.model.experience.perception import CLUSTERS, emotion_cluster
from cxsim.model.mechanism import NO_SUPPLIER
from cxsim.numerics.draws import static_key

if TYPE_CHECKING:
    import pandas as pd

# -- Social networks of customers as compressed sparse rows --------------------------------------


class Network(NamedTuple):
    """Links between customers, each of them stored twice: once for either end.

    Every customer has a link, except in a well-mixed market or one of a single customer.

    Attributes
    ----------
    start : ndarray of int64, shape (customers + 1,)
        Customer i's links are those from ``start[i]`` up to ``start[i + 1]``.
    others : ndarray of uint32, shape (ties,)
        The neighbour at the other end of each.
    """

    start: np.ndarray
    others: np.ndarray

    @property
    def whose(self) -> np.ndarray:
        """Return the number of the customer at this end of each link, uint32, shape (ties,)."""
        return np.repeat(np.arange(len(self.start) - 1, dtype=np.uint32), np.diff(self.start))


def network(kind: str, *, customers: int, neighbours: int, rewiring: float, seed: int) -> Network:
    """Return the neighbours of every customer, in customer order.

    Kept for the next runs of this process that ask for the same one, such as those paired
    by seed.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    customers : int
    neighbours : int
        Mean number of neighbours, of which only the even part counts.
    rewiring : float
        Share of the links of a small world that are rewired at random.
    seed : int
        Seed of the run.

    Returns
    -------
    Network
        Its arrays are read-only.

    Raises
    ------
    ValueError
        If there is no such kind.

    References
    ----------
    Watts & Strogatz (1998), Collective dynamics of small-world networks; Barabási & Albert
    (1999), Emergence of scaling in random networks.
    """
    build = KINDS[choice(kind, "kind", KINDS)]
    return build(customers, neighbours, rewiring, static_key(seed, "network", kind))


def _well_mixed(customers: int, neighbours: int, rewiring: float, seed: int) -> Network:
    """Return a network without links: contacts are drawn period by period."""
    return Network(_frozen(np.zeros(customers + 1, np.int64)), _frozen(np.zeros(0, np.uint32)))


def _small_world(customers: int, neighbours: int, rewiring: float, seed: int) -> Network:
    near = min(neighbours, customers)  # at most all others: a complete network
    return _generated("watts_strogatz_graph", customers, near, rewiring, seed=seed)


def _scale_free(customers: int, neighbours: int, rewiring: float, seed: int) -> Network:
    ties = min(max(1, neighbours // 2), customers - 1)
    return _generated("barabasi_albert_graph", customers, ties, seed=seed)


#: Kinds of networks by name: functions of customers, mean number of neighbours, share of links
#: rewired and seed. Passes know them by number, in this order.
KINDS: dict[str, Callable[[int, int, float, int], Network]] = {
    "well_mixed": _well_mixed,
    "small_world": _small_world,
    "scale_free": _scale_free,
}

#: The type of a parameter that names one of them.
if TYPE_CHECKING:
    Kind = str
else:
    Kind = Literal[tuple(KINDS)]


@lru_cache(maxsize=4)
def _generated(generator: str, customers: int, *settings: float, seed: int) -> Network:
    """Return what a generator of networkx makes, as rows in customer order."""
    import networkx as nx

    collecting = gc.isenabled()
    gc.disable()  # millions of small objects that all stay: collection takes half the time
    try:
        made = getattr(nx, generator)
        graph = made(customers, *settings, seed=seed) if customers > 1 else nx.empty_graph(1)
        rows = dict(graph.adjacency())
        lists = [rows[i] for i in range(customers)]
        start = np.zeros(customers + 1, np.int64)
        np.cumsum(np.fromiter(map(len, lists), np.int64, customers), out=start[1:])
        others = np.fromiter(chain.from_iterable(lists), np.int32, int(start[-1]))
    finally:
        if collecting:
            gc.enable()
    places = np.repeat(np.arange(customers, dtype=np.int64), np.diff(start)) * customers + others
    places.sort()  # rows are in order already: this puts each in customer order
    others = (places % customers).astype(np.uint32)
    return Network(_frozen(start), _frozen(others))


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


# -- A sample of the network, as frames of customers and links ----------------------------------


#: Customers in the sample.
SAMPLE = 250


def ties_frames(simulation: Any, people: int = SAMPLE) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return customers of a sample of the network at the end of the run, and their links.

    The sample is the first customer, the neighbours, theirs, and so on (a snowball).

    Parameters
    ----------
    simulation : Simulation
        Finished.
    people : int
        Most customers in the sample.

    Returns
    -------
    neighbours : DataFrame
        Columns ``customer``, ``supplier`` (``"no_supplier"`` without one; categories in the order
        of the scenario), ``experience`` of the supplier (NaN without one) and ``emotion_cluster``.
    ties : DataFrame
        Columns ``customer`` and ``neighbour``, each link once. Both are empty without word of mouth
        or in a well-mixed market.
    """
    import pandas as pd

    talk = simulation.scenario.word_of_mouth
    if talk is None or talk.network == "well_mixed":
        nodes = pd.DataFrame(columns=["customer", "supplier", "experience", "emotion_cluster"])
        return nodes, pd.DataFrame(columns=["customer", "neighbour"])
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
    names = np.array([*simulation.ledger.firms, NO_SUPPLIER], dtype=object)
    nodes = pd.DataFrame(
        {
            "customer": sample,
            "supplier": pd.Categorical(
                names[supplier], categories=[*simulation.scenario.firms, NO_SUPPLIER]
            ),
            "experience": felt,
            "emotion_cluster": [
                CLUSTERS[emotion_cluster(e, *cuts)] if e == e else "none" for e in felt.tolist()
            ],
        }
    )
    ties = pd.DataFrame({"customer": made.whose[keep], "neighbour": made.others[keep]}).astype(int)
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
