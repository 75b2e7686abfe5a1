"""Simulation-based inference: the posterior of free parameters, given targets."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim.calibration.panel import CalibrationError
from cxsim.messages import LibraryMissingError, needed

if TYPE_CHECKING:
    from cxsim.calibration.moment_matching import Found, Moments

# -- Simulation-based inference: the posterior of free parameters, given targets ---------------

# Neural posteriors (sbi) need torch: 59 packages, several GB on Linux, for two or three
# parameters. A synthetic likelihood over an emulator needs emcee (0.6 MB, NumPy alone) and
# scikit-learn, which studies use already, and each posterior takes seconds.

#: Walkers of the sampler, and steps before and after its start is forgotten.
_WALKERS, _BURN, _STEPS = 64, 50, 100

#: Draws at which the market is simulated again, to see how far the emulator is off.
_CHECKED = 6


@dataclass(frozen=True)
class Posterior:
    """Draws of the posterior in the unit cube, and how far its approximations go.

    Attributes
    ----------
    unit : ndarray, shape (n, P)
    points : int
        Points of the cube at which the market was simulated.
    emulator_error : float
        Root mean square of emulated less simulated targets at draws of the posterior, in
        standard errors of the targets.
    steps : float
        Length of the sampler's chains in autocorrelation times; below 50 the draws are too few.
    """

    unit: np.ndarray
    points: int
    emulator_error: float
    steps: float


class Emulator:
    """Simulated moments as Gaussian processes of the free parameters, one per target.

    Parameters
    ----------
    tried : ndarray, shape (n, P)
        Points of the unit cube.
    moments : ndarray, shape (n, M)
        Simulated there.
    """

    def __init__(self, tried: np.ndarray, moments: np.ndarray):
        process = needed("sklearn.gaussian_process", by="the posterior")
        kernels, limits = process.kernels, needed("sklearn.exceptions", by="the posterior")
        scale = np.ones(tried.shape[1])
        kernel = kernels.ConstantKernel(1.0) * kernels.RBF(scale, (0.05, 50.0))
        kernel += kernels.WhiteKernel(1e-3, (1e-8, 1.0))
        with warnings.catch_warnings():
            # A smooth moment has its noise at the lower bound, a flat one its length at the upper.
            warnings.simplefilter("ignore", limits.ConvergenceWarning)
            self._processes = [
                process.GaussianProcessRegressor(kernel, normalize_y=True).fit(tried, column)
                for column in moments.T
            ]

    def __call__(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return moments at points (n, P), and the emulator's variances; both (n, M)."""
        found = [each.predict(unit, return_std=True) for each in self._processes]
        means, errors = (np.array(each).T for each in zip(*found, strict=True))
        return means, errors**2


def posterior(
    moments: Moments, found: Found, *, draws: int, seed: int = 0, points: int = 128
) -> Posterior:
    """Draw free parameters from their posterior by an emulated synthetic likelihood.

    The market is simulated at ``points`` further points of a Sobol sequence, an emulator joins
    them with those of the search, and an ensemble sampler explores the posterior.

    Parameters
    ----------
    moments : Moments
    found : Found
        End of the search.
    draws, seed, points : int

    Raises
    ------
    CalibrationError
        If a target has no value at some point.
    LibraryMissingError
        If emcee or scikit-learn is not installed.

    Notes
    -----
    The synthetic likelihood (Wood 2010; Price, Drovandi, Lee & Nott 2018) takes the targets to be
    normal around the simulated means, with the covariance of the search (errors of targets and
    simulation) plus the emulator's variance. Priors are uniform within the bounds, or normal and
    truncated there. The sampler is the affine-invariant ensemble of Goodman & Weare (2010).
    """
    from scipy.stats import qmc

    from cxsim.calibration.moment_matching import normal_priors

    sampler_library()
    size = len(moments.low)
    power = int(np.ceil(np.log2(points)))
    extra = qmc.Sobol(size, scramble=True, rng=np.random.default_rng(1)).random_base2(power)
    tried = np.vstack([found.tried, extra[:points]])
    simulated = np.vstack([found.simulated, [moments(u).mean(axis=0) for u in extra[:points]]])
    if not np.isfinite(simulated).all():
        where = int(np.argwhere(~np.isfinite(simulated))[0][1])
        label = moments.targets.targets[where].label
        raise CalibrationError(
            f"{moments.targets.source}: targets.{where}: expected a measure that has values within "
            f"all bounds, found {label} without one at some point (narrow the bounds)"
        )
    emulator = Emulator(tried, simulated)
    covariance = np.linalg.inv(found.weight.T @ found.weight)
    priors = normal_priors(moments)
    value = moments.value
    kept, steps = sampled(
        emulator, value, covariance, priors=priors, near=found.unit, draws=draws, seed=seed
    )
    checked = kept[:_CHECKED]
    gaps = emulator(checked)[0] - np.array([moments(unit).mean(axis=0) for unit in checked])
    error = float(np.sqrt(((gaps / np.sqrt(np.diag(covariance))) ** 2).mean()))
    return Posterior(kept, len(tried), error, steps)


def sampled(
    emulator: Emulator,
    value: np.ndarray,
    covariance: np.ndarray,
    *,
    priors: tuple[np.ndarray, np.ndarray, np.ndarray],
    near: np.ndarray,
    draws: int,
    seed: int = 0,
) -> tuple[np.ndarray, float]:
    """Sample the posterior of an emulated synthetic likelihood.

    Parameters
    ----------
    emulator : Emulator
    value : ndarray, shape (M,)
        The targets.
    covariance : ndarray, shape (M, M)
        Of the errors of targets and simulation.
    priors : tuple of ndarray
        Which parameters have a normal prior, its mean and its sd in the unit cube.
    near : ndarray, shape (P,)
        Around which, besides everywhere, to look where chains start.
    draws, seed : int

    Returns
    -------
    draws : ndarray, shape (draws, P)
        In the unit cube.
    steps : float
        Length of all chains in autocorrelation times.
    """
    emcee, size = sampler_library(), len(near)
    which, mean, sd = priors

    def log_density(unit: np.ndarray) -> np.ndarray:
        """Return the log of the posterior, up to a constant, at points (n, P)."""
        inside = ((unit >= 0.0) & (unit <= 1.0)).all(axis=1)
        means, variances = emulator(np.clip(unit, 0.0, 1.0))
        whole = covariance + variances[:, :, None] * np.eye(len(covariance))
        gap = means - value
        squared = (gap * np.linalg.solve(whole, gap[:, :, None])[:, :, 0]).sum(axis=1)
        squared += np.linalg.slogdet(whole)[1]
        squared += (((unit[:, which] - mean) / sd) ** 2).sum(axis=1)
        return np.where(inside, -0.5 * squared, -np.inf)

    rng = np.random.default_rng(seed)
    cube = np.vstack([rng.random((2048, size)), rng.normal(near, 0.02, (512, size))])
    height = log_density(cube)
    chance = np.exp(height - height.max())
    start = cube[rng.choice(len(cube), _WALKERS, p=chance / chance.sum())]
    start = np.clip(start + rng.normal(0.0, 1e-4, start.shape), 1e-6, 1.0 - 1e-6)
    sampler = emcee.EnsembleSampler(_WALKERS, size, log_density, vectorize=True)
    state = emcee.State(start, random_state=np.random.RandomState(seed).get_state())
    sampler.run_mcmc(state, _BURN + _STEPS)
    chain = sampler.get_chain(discard=_BURN, flat=True)
    kept = chain[rng.choice(len(chain), draws, replace=draws > len(chain))]
    times = sampler.get_autocorr_time(discard=_BURN, tol=0)
    return kept, float(_STEPS * _WALKERS / np.max(times))


def sampler_library() -> Any:
    """Return the module of the sampler.

    Raises
    ------
    LibraryMissingError
        If it or the emulator's library is not installed.
    """
    try:
        needed("sklearn.gaussian_process", by="the posterior")
        return needed("emcee", by="the posterior")
    except LibraryMissingError as error:
        text = str(error).replace("cxsim[study]", "cxsim[inference]")
        raise LibraryMissingError(text) from None
