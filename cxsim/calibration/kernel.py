"""The simulated likelihood of a panel, compiled: one customer after the other, draws innermost.

Numbers are those of :meth:`cxsim.calibration.estimate.Likelihood.reference`, which is written in
NumPy and runs where numba does not. What makes this one fast: loops over draws are innermost and
free of calls, so that a processor works on several draws at a time; the exponential is a
polynomial; there is one logarithm for 40 purchases; normal points are looked up in a table that
stays in cache, so that no points are stored. Memory is that of one customer's purchases.
Customers are apart, so results do not depend on the number of threads. Second derivatives come
from the same walk and cost two to three times as much as a score, whatever the number of
parameters.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any

import numpy as np

#: Customers that a thread takes at a time.
_BATCH = 64
#: Purchases after which the product of chances is turned into a sum of logarithms: chances are
#: at least 1 / options where they are relative to the best, so that no product underflows.
_RUN = 40
#: Draws that curvatures are summed over at a time.
_LOT = 64
#: Groups of customers whose curvatures are summed apart, so that sums have a fixed order.
_GROUPS = 256


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


def curvatures(
    first, end, n_draws, columns, chosen, starts, linear, varying, fixed, atom, random_sd, place,
    group, z, scale, taste, extra, chance, weight, off_taste, expected, eighths, slope, gram, mean,
    pull, turned, weighted, reduced, half, residual, curvature,
):  # fmt: skip
    """Add what some customers' likelihoods curve by, apart from the products of their scores.

    Runs after :func:`customers`, on what that left of one customer. At each draw the slope of any
    parameter is a mixture of a few *features*: one per option, and one per column that differs
    between a customer's occasions. Their slopes and covariances are summed over occasions once,
    and mixed afterwards; draws are taken 64 at a time, which fits the cache.

    ``atom`` has a row per cell of tastes and per random column: its feature, its normal variable
    and the number of its parameter. ``residual`` gets the expected slope by the utility of each
    option at each occasion, if there is room for it.
    """
    n_options = expected.shape[0]
    n_varying = len(varying)
    size = n_options + n_varying
    n_atoms = atom.shape[0]
    n_extra = len(random_sd) - 1
    last = size + n_atoms
    n_dims = z.shape[0]
    spread_place = place[n_extra]
    for h in range(first, end):
        begin = starts[h]
        count = starts[h + 1] - begin
        for a in range(last + 1):
            for b in range(last + 1):
                reduced[a, b] = 0.0
        for lot in range(0, n_draws, 64):
            n = min(64, n_draws - lot)
            for q in range(n):
                weighted[0, q] = weight[lot + q]
                weighted[1, q] = weight[lot + q] * scale[lot + q]
            for a in range(size):
                for q in range(n):
                    slope[a, q] = 0.0
            for a in range(n_options):
                for q in range(n):
                    slope[a, q] = off_taste[a, lot + q]
            for t in range(size * (size + 1) // 2):
                for q in range(n):
                    gram[t, q] = 0.0
            for i in range(count):
                m = begin + i
                c = chosen[m]
                for a in range(n_options):
                    t = a * (a + 1) // 2
                    for b in range(a):
                        for q in range(n):
                            gram[t + b, q] += chance[i, a, lot + q] * chance[i, b, lot + q]
                    for q in range(n):
                        gram[t + a, q] -= chance[i, a, lot + q] * (1.0 - chance[i, a, lot + q])
                for v in range(n_varying):
                    for q in range(n):
                        mean[q] = 0.0
                    for j in range(n_options):
                        x = columns[varying[v], j, m]
                        if x != 0.0:
                            for q in range(n):
                                mean[q] += x * chance[i, j, lot + q]
                    taken = columns[varying[v], c, m]
                    for q in range(n):
                        slope[n_options + v, q] += taken - mean[q]
                    t = (n_options + v) * (n_options + v + 1) // 2
                    for j in range(n_options):
                        x = columns[varying[v], j, m]
                        for q in range(n):
                            gram[t + j, q] -= chance[i, j, lot + q] * (x - mean[q])
                        for u in range(v + 1):
                            y = columns[varying[u], j, m]
                            if y != 0.0:
                                for q in range(n):
                                    gram[t + n_options + u, q] -= (
                                        y * chance[i, j, lot + q] * (x - mean[q])
                                    )
            for a in range(size):
                t = a * (a + 1) // 2
                for b in range(a + 1):
                    for q in range(n):
                        gram[t + b, q] += slope[a, q] * slope[b, q]
                    reduced[a, b] += product_sum(n, weighted[1], gram[t + b], eighths)
            for e in range(n_atoms):
                a = atom[e, 0]
                for q in range(n):
                    weighted[2, q] = weighted[1, q] * z[atom[e, 1], lot + q]
                for b in range(size):
                    t = max(a, b) * (max(a, b) + 1) // 2 + min(a, b)
                    reduced[size + e, b] += product_sum(n, weighted[2], gram[t], eighths)
                for f in range(e + 1):
                    b = atom[f, 0]
                    t = max(a, b) * (max(a, b) + 1) // 2 + min(a, b)
                    for q in range(n):
                        weighted[3, q] = weighted[2, q] * z[atom[f, 1], lot + q]
                    reduced[size + e, size + f] += product_sum(n, weighted[3], gram[t], eighths)
            if spread_place >= 0:
                for j in range(n_options):
                    worth = 0.0
                    for k in range(len(fixed)):
                        worth += linear[fixed[k]] * columns[fixed[k], j, begin]
                    for q in range(n):
                        pull[j, q] = worth + taste[j, lot + q]
                for v in range(n_varying):
                    for q in range(n):
                        pull[n_options + v, q] = linear[varying[v]]
                for k in range(n_extra):
                    a = atom[n_atoms - n_extra + k, 0]
                    for q in range(n):
                        pull[a, q] += extra[k, lot + q]
                s = random_sd[n_extra]
                for q in range(n):
                    off = z[n_dims - 1, lot + q] - s
                    weighted[2, q] = weighted[1, q] * off
                    weighted[3, q] = weighted[0, q] * off
                    weighted[4, q] = weighted[1, q] * off * off
                    weighted[5, q] = weighted[0, q] * (off * off - 1.0)
                for a in range(size):
                    for q in range(n):
                        turned[a, q] = 0.0
                    for b in range(size):
                        t = max(a, b) * (max(a, b) + 1) // 2 + min(a, b)
                        for q in range(n):
                            turned[a, q] += gram[t, q] * pull[b, q]
                    reduced[last, a] += product_sum(n, weighted[2], turned[a], eighths)
                    reduced[last, a] += product_sum(n, weighted[3], slope[a], eighths)
                    for q in range(n):
                        mean[q] = pull[a, q] * turned[a, q]
                    reduced[last, last] += product_sum(n, weighted[4], mean, eighths)
                    for q in range(n):
                        mean[q] = pull[a, q] * slope[a, q]
                    reduced[last, last] += product_sum(n, weighted[5], mean, eighths)
                for e in range(n_atoms):
                    for q in range(n):
                        mean[q] = weighted[2, q] * z[atom[e, 1], lot + q]
                    reduced[last, size + e] += product_sum(n, mean, turned[atom[e, 0]], eighths)
                    for q in range(n):
                        mean[q] = weighted[3, q] * z[atom[e, 1], lot + q]
                    reduced[last, size + e] += product_sum(n, mean, slope[atom[e, 0]], eighths)
        for a in range(last + 1):
            for b in range(a):
                reduced[b, a] = reduced[a, b]
        n_parameters = curvature.shape[1]
        for p in range(n_parameters):
            for b in range(last + 1):
                half[p, b] = 0.0
        for b in range(last + 1):
            for k in range(len(fixed)):
                for j in range(n_options):
                    half[fixed[k], b] += columns[fixed[k], j, begin] * reduced[j, b]
            for v in range(n_varying):
                half[varying[v], b] = reduced[n_options + v, b]
            for e in range(n_atoms):
                half[atom[e, 2], b] += reduced[size + e, b]
            if spread_place >= 0:
                half[spread_place, b] = reduced[last, b]
        g = h // group
        for p in range(n_parameters):
            for k in range(len(fixed)):
                for j in range(n_options):
                    curvature[g, p, fixed[k]] += half[p, j] * columns[fixed[k], j, begin]
            for v in range(n_varying):
                curvature[g, p, varying[v]] += half[p, n_options + v]
            for e in range(n_atoms):
                curvature[g, p, atom[e, 2]] += half[p, size + e]
            if spread_place >= 0:
                curvature[g, p, spread_place] += half[p, last]
        if residual.shape[0] > 0:
            total = 0.0
            for r in range(n_draws):
                total += weight[r]
            for i in range(count):
                for j in range(n_options):
                    residual[j, begin + i] = -expected[j, i]
                residual[chosen[begin + i], begin + i] += total


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
        self._mixing: dict[str, Any] = {}
        shapes = {
            "z": (dims, draws), "scale": (draws,), "taste": (options, draws),
            "extra": (extra, draws), "utility": (options, draws),
            "chance": (longest, options, draws), "top": (draws,), "total": (draws,),
            "product": (draws,), "reached": (draws,), "weight": (draws,),
            "off_taste": (options, draws), "off_extra": (extra, draws), "off_scale": (draws,),
            "off_first": (draws,), "expected": (options, longest), "eighths": (8,),
        }  # fmt: skip
        self._scratch = [_zeros(shapes) for _ in range(self._threads)]

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
        given = self._given(base, spread, loading, random_sd, first_taste, columns)
        self._run((customers,), [{**given, **scratch} for scratch in self._scratch], _BATCH)
        return given["values"], given["scores"]

    def hessian(
        self,
        base: np.ndarray,
        spread: np.ndarray,
        loading: np.ndarray,
        random_sd: np.ndarray,
        first_taste: float,
        columns: np.ndarray,
        *,
        linear: np.ndarray,
        follows: Sequence[int] = (),
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the Hessian of the log-likelihood where utility is linear in the columns.

        Parameters
        ----------
        base, spread, loading, random_sd, first_taste, columns
            As when called; tastes at first occasions have no factor of their own.
        linear : ndarray, shape (K,)
            What the columns are multiplied by.
        follows : sequence of int
            Columns that follow from parameters. There the Hessian lacks what they curve by.

        Returns
        -------
        hessian : ndarray, shape (parameters, parameters)
        residual : ndarray, shape (J, N)
            Slope by the utility of each option at each occasion; empty where nothing follows.
        """
        households, parameters = self._size
        mixing = self._mixing or self._mixed(follows)
        self._mixing = mixing
        group = max(_BATCH, -(-households // _GROUPS))
        options, occasions = base.shape
        residual = np.zeros((options, occasions) if len(follows) else (0, 0))
        curvature = np.zeros((-(-households // group), parameters, parameters))
        given = self._given(base, spread, loading, random_sd, first_taste, columns)
        given |= {"residual": residual, "curvature": curvature, "linear": linear, "group": group}
        given |= mixing
        size = options + len(mixing["varying"])
        reduced = size + len(mixing["atom"]) + 1
        shapes = {
            "slope": (size, _LOT), "gram": (size * (size + 1) // 2, _LOT), "mean": (_LOT,),
            "pull": (size, _LOT), "turned": (size, _LOT), "weighted": (6, _LOT),
            "reduced": (reduced, reduced), "half": (parameters, reduced),
        }  # fmt: skip
        workers = [{**given, **scratch, **_zeros(shapes)} for scratch in self._scratch]
        self._run((customers, curvatures), workers, group)
        scores = given["scores"]
        return curvature.sum(axis=0) - scores.T @ scores, residual

    def _given(
        self,
        base: np.ndarray,
        spread: np.ndarray,
        loading: np.ndarray,
        random_sd: np.ndarray,
        first_taste: float,
        columns: np.ndarray,
    ) -> dict[str, Any]:
        """Return the arguments of a pass but for a thread's own, with room for what it finds."""
        households, parameters = self._size
        return {
            **self._fixed, "columns": columns, "base": base, "spread": spread, "loading": loading,
            "random_sd": random_sd, "first_taste": np.array([first_taste]),
            "values": np.empty(households), "scores": np.empty((households, parameters)),
            "n_draws": self._draws,
        }  # fmt: skip

    def _mixed(self, follows: Sequence[int]) -> dict[str, np.ndarray]:
        """Return which columns differ between a customer's occasions, and what is random in what.

        Columns that are random or follow from parameters count as such.
        """
        columns, starts = self._fixed["columns"], self._fixed["starts"]
        within = np.ones(columns.shape[2], dtype=bool)
        within[starts[:-1]] = False
        moving = {*map(int, self._fixed["random_column"]), *follows}
        for k, column in enumerate(columns):
            if k not in moving and (np.diff(column) != 0.0).any(axis=0)[within[1:]].any():
                moving.add(k)
        varying = sorted(moving)
        fixed = [k for k in range(len(columns)) if k not in moving]
        dims, options = len(self._fixed["net"]), columns.shape[1]
        random, place = self._fixed["random_column"], self._fixed["place"]
        tasted = dims - len(random) - (place[-2] >= 0)
        own = [(options + varying.index(k), tasted + m, place[m]) for m, k in enumerate(random)]
        atom = np.concatenate([self._fixed["cell"], np.array(own, dtype=np.int64).reshape(-1, 3)])
        return {
            "varying": np.array(varying, dtype=np.int64),
            "fixed": np.array(fixed, dtype=np.int64),
            "atom": np.ascontiguousarray(atom),
        }

    def _run(self, passes: Sequence[Any], workers: Sequence[dict[str, Any]], batch: int) -> None:
        """Run passes over all customers, a batch at a time in each thread."""
        households = self._size[0]
        runs = [_bound(passes, arguments) for arguments in workers]
        starts = iter(range(0, households, batch))  # each number is handed out once

        def work(run: Callable[[int, int], None], firsts: Any) -> None:
            for first in firsts:
                run(first, min(first + batch, households))

        if self._threads == 1:
            work(runs[0], starts)
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(work, runs, repeat(starts)))


def _zeros(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape) for name, shape in shapes.items()}


def _bound(passes: Sequence[Any], arguments: dict[str, Any]) -> Callable[[int, int], None]:
    """Return a function of first and end customer that runs passes over these arrays.

    All passes are run for one customer before the next one's turn.
    """
    from cxsim.engine.columnar import plays_plainly
    from cxsim.engine.compiling import compiled_pass, compiled_runner, kind_of, plain_pass

    ordered = []
    for function in passes:
        names = function.__code__.co_varnames[2 : function.__code__.co_argcount]
        ordered.append([0, 1, *(arguments[name] for name in names)])
    kinds = [tuple(map(kind_of, each)) for each in ordered]
    if plays_plainly():
        made = [plain_pass(function, kind) for function, kind in zip(passes, kinds, strict=True)]

        def one_by_one(first: int, end: int) -> None:
            step = end - first if len(made) == 1 else 1
            for h in range(first, end, step):
                for play, given in zip(made, ordered, strict=True):
                    play(h, h + step, *given[2:])

        return one_by_one
    from cxsim.engine.native import pack

    run_passes = compiled_runner()
    entries = [compiled_pass(function, kind) for function, kind in zip(passes, kinds, strict=True)]
    packed = [pack(each) for each in ordered]
    offsets = np.cumsum([0, *map(len, packed)])[:-1]
    words = np.concatenate([np.array(each, dtype=np.int64) for each in packed])
    frame, growth = words.copy(), np.zeros_like(words)
    growth[offsets], growth[offsets + 1] = 1, 1  # a block is one customer
    places = frame.ctypes.data + 8 * offsets.astype(np.int64)
    table = np.array([words, growth, words])
    lines = np.zeros((2, 0), dtype=np.int64)
    code = np.array(entries, dtype=np.int64)

    def run(first: int, end: int) -> None:
        run_passes(code, places, frame, table, lines, first, end, 0)

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
