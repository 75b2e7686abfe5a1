"""Who listens to whom: networks of customers as compressed sparse rows.

Built by networkx. Its generators draw from Python's own Mersenne Twister, so one seed
gives one network on every machine.
"""

from __future__ import annotations

import gc
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from cxsim.arguments import choice
from cxsim.draws import static_key

__all__ = ["Network", "network"]


class Network(NamedTuple):
    """Ties of customers, each of them twice: once for either end.

    Nobody is without a tie, but where customers meet by chance or there is only one.

    Attributes
    ----------
    start : ndarray of int64, shape (customers + 1,)
        Customer i's ties are those from ``start[i]`` up to ``start[i + 1]``.
    others : ndarray of uint32, shape (ties,)
        The neighbour at the other end of each.
    """

    start: np.ndarray
    others: np.ndarray

    @property
    def whose(self) -> np.ndarray:
        """The customer at this end of each tie, uint32, shape (ties,)."""
        return np.repeat(np.arange(len(self.start) - 1, dtype=np.uint32), np.diff(self.start))


def network(kind: str, *, customers: int, neighbours: int, rewiring: float, seed: int) -> Network:
    """Return the neighbours of every customer, in customer order.

    Kept for the next runs of this process that ask for the same one, such as those paired
    by seed.

    Parameters
    ----------
    kind : {"well_mixed", "small_world", "scale_free"}
    customers : int
    neighbours : int
        Mean number of neighbours, of which only the even part counts.
    rewiring : float
        Share of a small world's ties that lead anywhere.
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
    kind = choice(kind, "kind", ("well_mixed", "small_world", "scale_free"))
    if kind == "well_mixed":
        return Network(_frozen(np.zeros(customers + 1, np.int64)), _frozen(np.zeros(0, np.uint32)))
    if kind == "scale_free":
        rewiring = 0.0  # has none: one network whatever the number says
    return _built(kind, customers, neighbours, rewiring, static_key(seed, "network", kind))


@lru_cache(maxsize=4)
def _built(kind: str, customers: int, neighbours: int, rewiring: float, seed: int) -> Network:
    import networkx as nx

    collecting = gc.isenabled()
    gc.disable()  # millions of small objects that all stay: looking for garbage takes half the time
    try:
        if customers == 1:
            graph = nx.empty_graph(1)
        elif kind == "small_world":
            near = min(neighbours, customers)  # as many as there are: everybody to everybody
            graph = nx.watts_strogatz_graph(customers, near, rewiring, seed=seed)
        else:
            ties = min(max(1, neighbours // 2), customers - 1)
            graph = nx.barabasi_albert_graph(customers, ties, seed=seed)
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
