"""The simulated likelihood of a panel, compiled: one customer after the other, draws innermost.

Numbers are those of :meth:`cxsim.calibration.estimate.Likelihood.reference`, which is written in
NumPy and runs where numba does not. What makes this one fast: loops over draws are innermost and
free of calls, so that a processor works on several draws at a time; the exponential is a
polynomial; there is one logarithm for 40 purchases; normal points are looked up in a table that
stays in cache, so that no points are stored. Memory is that of one customer's purchases.
Customers are apart, so results do not depend on the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from types import FunctionType
from typing import Any, cast

import numpy as np

#: Customers that a thread takes at a time.
_BATCH = 64
#: Purchases after which the product of chances is turned into a sum of logarithms: chances are
#: at least 1 / options where they are relative to the best, so that no product underflows.
_RUN = 40


# --- rules ------------------------------------------------------------------------


def below_one(x: float) -> float:
    """Return exp(x) for x <= 0 to 13 digits, 0 below -60.

    A Taylor polynomial at x / 512, squared nine times: without branches or calls.
    """
    y = x if x > -60.0 else -60.0  # noqa: FURB136 - one instruction, where max() is some
    y = y * (1.0 / 512.0)
    p = 1 / 24 + y * (1 / 120 + y * (1 / 720))
    p = 1.0 + y * (1.0 + y * (1 / 2 + y * (1 / 6 + y * p)))
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    return p if x > -60.0 else 0.0


def product_sum(n: Any, weight: Any, each: Any, eighths: Any):
    """Return the sum of n products; in eight partial sums where n is a multiple of eight."""
    for q in range(8):
        eighths[q] = 0.0
    for k in range(n // 8):
        for q in range(8):
            eighths[q] += weight[8 * k + q] * each[8 * k + q]
    total = 0.0
    for q in range(8):
        total += eighths[q]
    for k in range(n - n // 8 * 8):
        total += weight[n // 8 * 8 + k] * each[n // 8 * 8 + k]
    return total


# --- passes -----------------------------------------------------------------------


def customers(
    first, end, n_draws, base, columns, chosen, starts, net, shift, normal, spread, cell, loading,
    random_column, random_sd, place, first_taste, values, scores, z, scale, taste, extra, utility,
    chance, top, total, product, reached, weight, off_taste, off_extra, off_scale, off_first,
    expected, eighths,
):  # fmt: skip
    """Write log-likelihood and score of some customers.

    ``place`` has the numbers of parameters in a score: of the random columns, then of the spread
    of the price sensitivity and of the factor of tastes in first choices (-1: there is none).
    """
    n_options = base.shape[0]
    n_linear = columns.shape[0]
    n_cells = cell.shape[0]
    n_extra = len(random_column)
    n_dims = net.shape[0]
    spread_place = place[n_extra]
    first_place = place[n_extra + 1]
    tasted = n_dims - n_extra - (1 if spread_place >= 0 else 0)
    for h in range(first, end):
        begin = starts[h]
        count = starts[h + 1] - begin
        for d in range(n_dims):
            for r in range(n_draws):
                z[d, r] = normal[net[d, r] ^ shift[h, d]]
        for r in range(n_draws):
            scale[r] = 1.0
            reached[r] = 0.0
            product[r] = 1.0
            off_scale[r] = 0.0
            off_first[r] = 0.0
        if spread_place >= 0:
            for r in range(n_draws):
                scale[r] = spread[net[n_dims - 1, r] ^ shift[h, n_dims - 1]]
        for j in range(n_options):
            for r in range(n_draws):
                taste[j, r] = 0.0
                off_taste[j, r] = 0.0
        for c in range(n_cells):
            for r in range(n_draws):
                taste[cell[c, 0], r] += loading[c] * z[cell[c, 1], r]
        for m in range(n_extra):
            for r in range(n_draws):
                extra[m, r] = random_sd[m] * z[tasted + m, r]
                off_extra[m, r] = 0.0
        for i in range(count):
            n = begin + i
            c = chosen[n]
            factor = first_taste[0] if i == 0 else 1.0
            for j in range(n_options):
                worth = base[j, n]
                for r in range(n_draws):
                    utility[j, r] = worth + factor * taste[j, r]
                for m in range(n_extra):
                    x = columns[random_column[m], j, n]
                    if x != 0.0:
                        for r in range(n_draws):
                            utility[j, r] += x * extra[m, r]
                for r in range(n_draws):
                    u = utility[j, r] * scale[r]
                    utility[j, r] = u
                    top[r] = u if j == 0 or u > top[r] else top[r]
            for r in range(n_draws):
                reached[r] += utility[c, r] - top[r]
                total[r] = 0.0
            for j in range(n_options):
                for r in range(n_draws):
                    e = below_one(utility[j, r] - top[r])
                    chance[i, j, r] = e
                    total[r] += e
            for r in range(n_draws):
                product[r] *= total[r]
                total[r] = 1.0 / total[r]
            if i % 40 == 39 or i == count - 1:
                for r in range(n_draws):
                    reached[r] -= np.log(product[r])
                    product[r] = 1.0
            for j in range(n_options):
                for r in range(n_draws):
                    p = chance[i, j, r] * total[r]
                    chance[i, j, r] = p
                    off_taste[j, r] -= p
            for r in range(n_draws):
                off_taste[c, r] += 1.0
            if i == 0 and first_place >= 0:
                for j in range(n_options):
                    for r in range(n_draws):
                        off_first[r] += off_taste[j, r] * taste[j, r]
                        off_taste[j, r] *= factor
            for m in range(n_extra):
                for j in range(n_options):
                    x = columns[random_column[m], j, n]
                    if x != 0.0:
                        for r in range(n_draws):
                            off_extra[m, r] -= x * chance[i, j, r]
                        if j == c:
                            for r in range(n_draws):
                                off_extra[m, r] += x
            if spread_place >= 0:
                for j in range(n_options):
                    for r in range(n_draws):
                        off_scale[r] -= utility[j, r] * chance[i, j, r]
                for r in range(n_draws):
                    off_scale[r] += utility[c, r]
        best = reached[0]
        for r in range(n_draws):
            best = max(best, reached[r])
        whole = 0.0
        for r in range(n_draws):
            weight[r] = below_one(reached[r] - best)
        for r in range(n_draws):
            whole += weight[r]
        values[h] = best + np.log(whole / n_draws)
        for k in range(scores.shape[1]):
            scores[h, k] = 0.0
        if spread_place >= 0:
            s = random_sd[n_extra]
            change = 0.0
            for r in range(n_draws):
                weight[r] /= whole
            for r in range(n_draws):
                change += weight[r] * off_scale[r] * (z[n_dims - 1, r] - s)
            scores[h, spread_place] = change
            for r in range(n_draws):
                weight[r] *= scale[r]
        else:
            for r in range(n_draws):
                weight[r] /= whole
        mean_scale = 0.0
        for r in range(n_draws):
            mean_scale += weight[r]
        for i in range(count):
            for j in range(n_options):
                expected[j, i] = product_sum(n_draws, weight, chance[i, j], eighths)
        for k in range(n_linear):
            slope = 0.0
            for i in range(count):
                slope += mean_scale * columns[k, chosen[begin + i], begin + i]
            for j in range(n_options):
                for i in range(count):
                    slope -= expected[j, i] * columns[k, j, begin + i]
            scores[h, k] = slope
        for c in range(n_cells):
            slope = 0.0
            for r in range(n_draws):
                slope += weight[r] * z[cell[c, 1], r] * off_taste[cell[c, 0], r]
            scores[h, cell[c, 2]] += slope
        for m in range(n_extra):
            slope = 0.0
            for r in range(n_draws):
                slope += weight[r] * z[tasted + m, r] * off_extra[m, r]
            scores[h, place[m]] = slope
        if first_place >= 0:
            slope = 0.0
            for r in range(n_draws):
                slope += weight[r] * off_first[r]
            scores[h, first_place] = slope


# -- Running it ------------------------------------------------------------------------------------


class Kernel:
    """The compiled likelihood of one panel.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        What stays the same: ``columns, chosen, starts, net, shift, normal, cell,
        random_column, place`` (see :func:`customers`).
    parameters : int
        Length of a score.
    threads : int
        Threads; results do not depend on them.
    """

    def __init__(self, arrays: dict[str, np.ndarray], parameters: int, *, threads: int):
        options, draws = arrays["columns"].shape[1], arrays["net"].shape[1]
        dims, extra = arrays["net"].shape[0], len(arrays["random_column"])
        households = len(arrays["starts"]) - 1
        longest = int(np.diff(arrays["starts"]).max())
        self._fixed = arrays
        self._draws = draws
        self._size = households, parameters
        self._threads = max(1, min(threads, -(-households // _BATCH)))
        shapes = {
            "z": (dims, draws), "scale": (draws,), "taste": (options, draws),
            "extra": (extra, draws), "utility": (options, draws),
            "chance": (longest, options, draws), "top": (draws,), "total": (draws,),
            "product": (draws,), "reached": (draws,), "weight": (draws,),
            "off_taste": (options, draws), "off_extra": (extra, draws), "off_scale": (draws,),
            "off_first": (draws,), "expected": (options, longest), "eighths": (8,),
        }  # fmt: skip
        self._scratch = [
            {name: np.zeros(shape) for name, shape in shapes.items()} for _ in range(self._threads)
        ]

    def __call__(
        self,
        base: np.ndarray,
        spread: np.ndarray,
        loading: np.ndarray,
        random_sd: np.ndarray,
        first_taste: float,
        columns: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return log-likelihoods and scores by household.

        Parameters
        ----------
        base : ndarray, shape (J, N)
            Utility without what is random.
        spread : ndarray, shape (4096,)
            Multiple of utility by point of the table.
        loading : ndarray, shape (C,)
            Of the cells.
        random_sd : ndarray, shape (M + 1,)
            Standard deviations of random columns; then that of the log price sensitivity.
        first_taste : float
            Factor of tastes at first occasions.
        columns : ndarray, shape (K, J, N)

        Returns
        -------
        values : ndarray, shape (H,)
        scores : ndarray, shape (H, parameters)
        """
        households, parameters = self._size
        values, scores = np.empty(households), np.empty((households, parameters))
        given = {
            **self._fixed, "columns": columns, "base": base, "spread": spread, "loading": loading,
            "random_sd": random_sd, "first_taste": np.array([first_taste]), "values": values,
            "scores": scores, "n_draws": self._draws,
        }  # fmt: skip
        workers = [_bound({**given, **scratch}) for scratch in self._scratch]
        starts = iter(range(0, households, _BATCH))  # each number is handed out once

        def work(run: Callable[[int, int], None], firsts: Any) -> None:
            for first in firsts:
                run(first, min(first + _BATCH, households))

        if self._threads == 1:
            work(workers[0], starts)
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(work, workers, repeat(starts)))
        return values, scores


def _bound(arguments: dict[str, Any]) -> Callable[[int, int], None]:
    """Return a function of first and end customer that runs the pass over these arrays."""
    from cxsim.engine.columnar import plays_plainly
    from cxsim.engine.compiling import compiled_pass, compiled_runner, kind_of, plain_pass

    names = customers.__code__.co_varnames[: customers.__code__.co_argcount]
    ordered = [0, 0, *(arguments[name] for name in names[2:])]
    kinds = tuple(map(kind_of, ordered))
    function = cast(FunctionType, customers)
    if plays_plainly():
        made = plain_pass(function, kinds)
        return lambda first, end: made(first, end, *ordered[2:])
    from cxsim.engine.native import pack

    run_passes = compiled_runner()
    entries = np.array([compiled_pass(function, kinds)], dtype=np.int64)
    words = np.array(pack(ordered), dtype=np.int64)
    frame = words.copy()
    places = np.array([frame.ctypes.data], dtype=np.int64)
    lines = np.zeros((2, 0), dtype=np.int64)

    def run(first: int, end: int) -> None:
        words[:2] = first, end
        run_passes(entries, places, frame, np.array([words, 0 * words, words]), lines, 0, 1, 1)

    return run


def available() -> bool:
    """Return whether numba is there to compile with."""
    from importlib.util import find_spec

    return find_spec("numba") is not None


def cores() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
