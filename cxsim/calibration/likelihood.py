"""The simulated likelihood of a panel logit whose brand intercepts differ between customers.

Why not a library: xlogit 0.2.7 has this model, but on the yogurt panel its optimizer stops
before it has converged; its errors take the optimizer's word for the curvature. statsmodels has
no mixed logit; biogeme and pyblp bring a compiler or a model of other data. What is left to
write is one sum and its gradient; draws, optimizer and linear algebra are SciPy's.

The model (Train 2009, chapter 6): customer h draws tastes eta_hf ~ Normal(0, sd_f) once; at
occasion n option j is worth v_jn + eta_hj, with v linear in parameters; the likelihood of h is
the mean over tastes of the product of its logit chances. Tastes are Halton points, scrambled
with a fixed seed, so that the likelihood is a smooth function and the same one every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["Design", "Likelihood", "taste_draws"]

#: Numbers worked on at a time: what fits a core's cache.
_BLOCK = 150_000


@dataclass(frozen=True)
class Design:
    """What the likelihood is reckoned from; occasions of a household stand side by side.

    Attributes
    ----------
    names : tuple of str, length K
        Parameters that enter linearly.
    columns : ndarray, shape (K, J, N)
        What each parameter is multiplied by, by option and occasion.
    chosen : ndarray of int, shape (N,)
        Option taken.
    starts : ndarray of int, shape (H,)
        First occasion of each household.
    taste : ndarray of int, shape (J,)
        Number of the taste's standard deviation by option, -1 for an option without.
    taste_names : tuple of str, length M
        Names of the standard deviations.
    """

    names: tuple[str, ...]
    columns: np.ndarray
    chosen: np.ndarray
    starts: np.ndarray
    taste: np.ndarray
    taste_names: tuple[str, ...]

    @property
    def occasions(self) -> int:
        """Number of occasions."""
        return len(self.chosen)

    @property
    def counts(self) -> np.ndarray:
        """Occasions of each household, shape (H,)."""
        return np.diff(np.append(self.starts, len(self.chosen)))

    def without_tastes(self) -> Design:
        """Return the same design for customers who are alike."""
        return Design(
            self.names, self.columns, self.chosen, self.starts, np.full(len(self.taste), -1), ()
        )


def taste_draws(households: int, draws: int, options: int, *, seed: int = 0) -> np.ndarray:
    """Return standard normal Halton points.

    Parameters
    ----------
    households, draws, options : int
    seed : int
        Of the scrambling.

    Returns
    -------
    ndarray, shape (options, draws, households)
        Each household has a stretch of one sequence of its own (Train 2009, section 9.3.3).
    """
    from scipy.special import ndtri
    from scipy.stats import qmc

    points = qmc.Halton(options, scramble=True, rng=np.random.default_rng(seed))
    uniform = points.random(households * draws).reshape(households, draws, options)
    tiny = np.finfo(float).tiny
    return np.ascontiguousarray(ndtri(np.clip(uniform, tiny, 1 - 1e-16)).transpose(2, 1, 0))


class Likelihood:
    """Log-likelihood and its gradient by household.

    Parameters
    ----------
    design : Design
    draws : int
        Points at which tastes are averaged over; one where there are no tastes.
    seed : int
        Of the points.
    """

    def __init__(self, design: Design, *, draws: int = 200, seed: int = 0):
        self.design = design
        self.names = (*design.names, *design.taste_names)
        self._tasted = np.flatnonzero(design.taste >= 0)
        households = len(design.starts)
        self.draws = draws if len(self._tasted) else 1
        self._z = (
            taste_draws(households, draws, len(self._tasted), seed=seed)
            if len(self._tasted)
            else np.zeros((0, 1, households))
        )

    def _blocks(self) -> Iterator[tuple[slice, slice]]:
        """Give runs of whole households, as slices of households and of occasions."""
        starts, end = self.design.starts, self.design.occasions
        edges = np.append(starts, end)
        rows = max(1, _BLOCK // (self.draws * len(self.design.taste)))
        first = 0
        while first < len(starts):
            last = int(np.searchsorted(edges, edges[first] + rows, side="right")) - 1
            last = min(max(last, first + 1), len(starts))
            yield slice(first, last), slice(int(edges[first]), int(edges[last]))
            first = last

    def by_household(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return log-likelihoods and scores.

        Parameters
        ----------
        parameters : ndarray, shape (K + M,)
            Linear parameters, then standard deviations of tastes (their sign is free).

        Returns
        -------
        values : ndarray, shape (H,)
        scores : ndarray, shape (H, K + M)
        """
        values = np.empty(len(self.design.starts))
        scores = np.empty((len(values), len(parameters)))
        for houses, rows in self._blocks():
            values[houses], scores[houses] = self._block(parameters, houses, rows)
        return values, scores

    def _block(
        self, parameters: np.ndarray, houses: slice, rows: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        design = self.design
        linear = len(design.names)
        columns, chosen = design.columns[:, :, rows], design.chosen[rows]
        starts = design.starts[houses] - rows.start
        counts = np.diff(np.append(starts, len(chosen)))
        here = np.arange(len(chosen))
        worth = np.tensordot(parameters[:linear], columns, 1)  # (J, n)
        utility = np.repeat(worth[:, None, :], self.draws, axis=1)  # (J, R, n)
        tastes = np.repeat(self._z[:, :, houses], counts, axis=2)  # (T, R, n)
        for z, j in zip(tastes, self._tasted, strict=True):
            utility[j] += parameters[linear + design.taste[j]] * z
        utility -= utility.max(axis=0)
        taken = utility[chosen, :, here].T.copy()  # (R, n)
        chance = np.exp(utility, out=utility)
        total = chance.sum(axis=0)
        chance /= total
        likelihood = np.add.reduceat(taken - np.log(total), starts, axis=1)  # (R, h)
        top = likelihood.max(axis=0)
        weight = np.exp(likelihood - top)
        mean = weight.mean(axis=0)
        values = top + np.log(mean)
        weight /= weight.sum(axis=0)
        weights = np.repeat(weight, counts, axis=1)  # (R, n)
        scores = np.zeros((len(parameters), len(chosen)))
        expected = np.einsum("rn,jrn->jn", weights, chance)
        scores[:linear] = columns[:, chosen, here] - np.einsum("kjn,jn->kn", columns, expected)
        for z, j in zip(tastes, self._tasted, strict=True):
            weighted = weights * z
            scores[linear + design.taste[j]] += np.where(
                chosen == j, weighted.sum(axis=0), 0.0
            ) - np.einsum("rn,rn->n", weighted, chance[j])
        return values, np.add.reduceat(scores, starts, axis=1).T

    def negative(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """Return minus the log-likelihood and its gradient, as minimizers want them."""
        values, scores = self.by_household(parameters)
        return -float(values.sum()), -scores.sum(axis=0)
