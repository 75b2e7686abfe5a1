"""The parameters whose moments come nearest to the targets, and how well these pin them down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cxsim.calibration.errors import CalibrationError
from cxsim.calibration.moments import Moments

__all__ = ["Found", "minimum", "truncated_normal"]

#: Steps of numerical derivatives, as shares of a parameter's range: while searching, and after.
_STEP, _LAST_STEP = 0.02, 0.05
#: Standard deviation of a uniform distribution over the range.
UNIFORM_SD = 1.0 / np.sqrt(12.0)


@dataclass(frozen=True)
class Found:
    """Where the search ended, in the unit cube of the parameters' ranges.

    Attributes
    ----------
    unit : ndarray, shape (P,)
    model, model_se : ndarray, shape (M,)
        Moments there, with their Monte-Carlo standard errors.
    sigma : ndarray, shape (M,)
        Standard error of target and model together.
    jacobian : ndarray, shape (M, P)
        Of (moments / sigma), per range of the parameter.
    """

    unit: np.ndarray
    model: np.ndarray
    model_se: np.ndarray
    sigma: np.ndarray
    jacobian: np.ndarray


def minimum(moments: Moments, *, tell: Callable[[int], None] | None = None) -> Found:
    """Minimize the weighted squared distance between moments and targets.

    A scrambled Sobol sample of the box finds where to start; least squares within bounds
    (SciPy's trust region) goes on from its best two points.

    Raises
    ------
    CalibrationError
        If a moment has no value anywhere.
    """
    from scipy.optimize import least_squares
    from scipy.stats import qmc

    size = len(moments.low)
    cache: dict[bytes, np.ndarray] = {}

    def at(unit: np.ndarray) -> np.ndarray:
        key = np.round(unit, 12).tobytes()
        if key not in cache:
            cache[key] = moments(unit)
            if tell is not None:
                tell(moments.runs)
        return cache[key]

    sample = qmc.Sobol(size, scramble=True, rng=np.random.default_rng(0)).random_base2(
        int(np.ceil(np.log2(6 * size + 2)))
    )
    drawn = np.array([at(unit) for unit in sample])  # (n, S, M)
    means = drawn.mean(axis=1)
    usable = np.isfinite(means).all(axis=1)
    if not usable.any():
        empty = int(np.isfinite(means).mean(axis=0).argmin())
        raise CalibrationError(
            f"{moments.targets.source}: targets.{empty}: expected a measure that has values, "
            f"found {moments.targets.targets[empty].label} without any"
        )
    noise = np.sqrt(np.nanmean(drawn[usable].var(axis=1, ddof=1), axis=0) / moments.seeds)
    sigma = np.sqrt(moments.se**2 + noise**2)

    def residuals(unit: np.ndarray) -> np.ndarray:
        z = (at(unit).mean(axis=0) - moments.value) / sigma
        return np.where(np.isfinite(z), z, 1e3)

    def jacobian(unit: np.ndarray, step: float = _STEP) -> np.ndarray:
        columns = []
        for k in range(size):
            up, down = unit.copy(), unit.copy()
            up[k], down[k] = min(unit[k] + step, 1.0), max(unit[k] - step, 0.0)
            columns.append((residuals(up) - residuals(down)) / (up[k] - down[k]))
        return np.array(columns).T

    distance = ((means - moments.value) / sigma) ** 2
    order = np.argsort(np.where(usable, distance.sum(axis=1), np.inf))[:2]
    ends = [
        least_squares(
            residuals, np.clip(sample[k], 0.001, 0.999), jac=jacobian, bounds=(0.0, 1.0),
            xtol=1e-4, ftol=1e-5, gtol=1e-6, max_nfev=25,
        )
        for k in order
    ]  # fmt: skip
    best = min(ends, key=lambda end: end.cost).x
    values = at(best)
    return Found(
        unit=best,
        model=values.mean(axis=0),
        model_se=values.std(axis=0, ddof=1) / np.sqrt(moments.seeds),
        sigma=sigma,
        jacobian=jacobian(best, _LAST_STEP),
    )


def truncated_normal(
    centre: np.ndarray, precision: np.ndarray, count: int, *, seed: int = 0
) -> np.ndarray:
    """Draw from a normal distribution cut off at the unit cube, by Gibbs sampling.

    Parameters
    ----------
    centre : ndarray, shape (P,)
        Of the normal; within the cube.
    precision : ndarray, shape (P, P)
        Inverse covariance; may be singular, as the cube holds what it leaves open.
    count : int
        Draws, after a start that is thrown away.
    seed : int

    Returns
    -------
    ndarray, shape (count, P)
    """
    from scipy.special import ndtr, ndtri

    rng = np.random.default_rng(seed)
    size, thin = len(centre), 20
    point = centre.copy()
    draws = np.empty((count, size))
    spread = 1.0 / np.sqrt(np.maximum(np.diag(precision), 1e-6))
    for n in range(-10, count):
        for _ in range(thin):
            for k in range(size):
                others = precision[k] @ (point - centre) - precision[k, k] * (point[k] - centre[k])
                mean = centre[k] - others * spread[k] ** 2
                low, high = ndtr((0.0 - mean) / spread[k]), ndtr((1.0 - mean) / spread[k])
                chance = low + rng.random() * (high - low)
                point[k] = np.clip(mean + spread[k] * ndtri(chance), 0.0, 1.0)
        if n >= 0:
            draws[n] = point
    return draws
