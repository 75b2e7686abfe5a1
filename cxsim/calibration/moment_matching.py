"""From aggregates to a scenario: simulated moments, their fit, and what they leave open."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxsim.calibration.own_log import repeat_statistics
from cxsim.calibration.panel import NO_PURCHASE, CalibrationError
from cxsim.calibration.scenario_writing import write_scenario
from cxsim.calibration.target_tables import PRICE_RESPONSE, is_of_log, lengths_of_log
from cxsim.calibration.targets import PER_YEAR, Targets, read_targets
from cxsim.messages import EventsLeftOutWarning, whole
from cxsim.model.ledger import customers_at_end
from cxsim.model.probes.customers import panel_rows
from cxsim.runs import simulate
from cxsim.runs.measures.measure_registry import MARKET, measures
from cxsim.scenario import Scenario
from cxsim.scenario.calendar import ADD

if TYPE_CHECKING:
    from cxsim.calibration.posterior import Posterior

# -- From aggregates to a scenario: simulated moments, their fit, and what they leave open -----


#: A direction is pinned down if data leave at most this share of what the bounds left.
_PINNED = 0.5


#: Standard errors that a target may be off and count as met.
_MET = 3.0


class MomentMatch:
    """A scenario matched to targets.

    Attributes
    ----------
    targets : Targets
    moments : DataFrame
        One row per target: ``measure, firm, target, se, model, model_se, z``.
    parameters : DataFrame
        One row per free parameter: ``path, estimate, se, low, high, pinned,
        at_bound``; ``se`` and the
        draws take the bounds into account.
    directions : DataFrame
        Combinations of parameters, best known first: ``singular_value``, ``left`` (standard
        deviation that the data leave, as a share of what the bounds alone leave), ``pinned``
        and ``combination``.
    draws : DataFrame
        A column per dotted path, a row per draw: parameters as uncertain as the targets leave
        them, for the points of a study.
    j, p : float
        Squared distance of model and targets in standard errors (the sum of squared z if their
        errors are independent), and the chance of a larger one if the model were right.
    degrees : int
        Targets less combinations that they pin down.
    posterior : Posterior or None
        How the draws were made, if they are of the posterior.
    """

    def __init__(
        self,
        targets: Targets,
        found: Found,
        runs: int,
        *,
        draws: int,
        seed: int,
        posterior: Posterior | None = None,
    ):
        from scipy.stats import chi2

        self.targets = targets
        self.runs = runs
        goals = targets.targets
        z = (found.model - [t.value for t in goals]) / found.sigma
        self.moments = pd.DataFrame(
            [(t.measure, t.firm, t.value, t.se) for t in goals],
            columns=["measure", "firm", "target", "se"],
        ).assign(model=found.model, model_se=found.model_se, z=z)
        low, high = np.array([(free.low, free.high) for free in targets.free]).T
        width = high - low
        paths = [free.path for free in targets.free]
        _, singular, vectors = np.linalg.svd(found.jacobian, full_matrices=False)
        left = np.minimum(1.0 / np.maximum(singular, 1e-12) / UNIFORM_SD, 1.0)
        self.directions = pd.DataFrame(
            {
                "singular_value": singular,
                "left": left,
                "pinned": left <= _PINNED,
                "combination": [_combination(v, paths) for v in vectors],
            }
        )
        self.posterior = posterior
        cube = (
            truncated_normal(found.unit, found.jacobian.T @ found.jacobian, draws, seed=seed)
            if posterior is None
            else posterior.unit
        )
        self.draws = pd.DataFrame(low + cube * width, columns=paths)
        spread = self.draws.std().to_numpy()
        self.parameters = pd.DataFrame(
            {
                "path": paths,
                "estimate": low + found.unit * width,
                "se": spread,
                "low": low,
                "high": low + width,
                "pinned": spread / width / UNIFORM_SD <= _PINNED,
                "at_bound": (found.unit < 0.005) | (found.unit > 0.995),
            }
        )
        self.j = float(found.distance @ found.distance)
        # Shares of all firms sum to one: as many targets, less one, say something.
        spare = _whole_share_sets(targets)
        self.degrees = max(len(goals) - spare - int(self.directions["pinned"].sum()), 0)
        self.p = float(chi2.sf(self.j, self.degrees)) if self.degrees else float("nan")

    @property
    def scenario(self) -> Scenario:
        """The base scenario with the estimates."""
        estimates = self.parameters.set_index("path")["estimate"]
        return self.targets.base.override({k: float(f"{v:.6g}") for k, v in estimates.items()})

    @property
    def met(self) -> bool:
        """Whether all targets are met, within 3 standard errors of target and simulation."""
        return bool((self.moments["z"].abs() < _MET).all())

    def reasons(self) -> tuple[str, ...]:
        """Return why targets are not met, a sentence each; none if they are."""
        said = []
        for row, goal in zip(self.moments.to_dict("records"), self.targets.targets, strict=True):
            if not abs(row["z"]) < _MET:
                said.append(
                    f"Not met: {goal.label} is {row['model']:.4g} in the model, "
                    f"{row['target']:.4g} was wanted."
                )
        if said:
            for row in self.parameters[self.parameters["at_bound"]].to_dict("records"):
                side = (
                    "low"
                    if row["estimate"] - row["low"] < row["high"] - row["estimate"]
                    else "high"
                )
                said.append(
                    f"{row['path']} is at its bound {row[side]:g}: targets may be out of reach "
                    "within the bounds."
                )
            if not self.parameters["at_bound"].any():
                said.append(
                    "No parameter is at its bound: the model cannot meet these targets together, "
                    "or a standard error is too small."
                )
        return tuple(said)

    def headline(self) -> str:
        """Return how well the targets are met, and what they leave open."""
        k = int(self.moments["z"].abs().to_numpy().argmax())
        worst, label = self.moments.iloc[k], self.targets.targets[k].label
        if abs(worst["z"]) < _MET:
            said = f"{len(self.moments)} targets are met, the worst ({label})"
        else:
            said = f"The targets are not met: the worst ({label})"
        said += f" is {abs(worst['z']):.1f} standard errors off; J = {self.j:.1f}"
        if self.degrees:
            said += f" with {self.degrees} degrees of freedom (p = {self.p:.2g})"
        open_ = self.directions[~self.directions["pinned"]]
        if len(open_):
            said += f". The targets do not pin down {'; '.join(open_['combination'])}"
        return f"{said}.{self._posterior_words()}"

    def _posterior_words(self) -> str:
        if self.posterior is None:
            return ""
        normal = [free.path for free in self.targets.free if free.prior is not None]
        priors = "uniform priors within the bounds"
        if normal:
            priors += f", normal for {', '.join(normal)}"
        made = self.posterior
        return (
            f" The draws are of the posterior by synthetic likelihood ({priors}); the emulator of "
            f"{made.points} simulated points is {made.emulator_error:.2g} standard errors off."
        )

    def text(self, *, title: str | None = None) -> str:
        """Return the scenario file, with estimates and their errors in comments.

        Parameters
        ----------
        title : str, optional
            What the scenario is called.
        """
        from ruamel.yaml.comments import CommentedMap

        from cxsim.scenario.yaml_text import to_yaml

        data = self.scenario.to_dict()
        notes = [str(data.get("notes", "")).strip(), f"Calibrated to {self.targets.source}."]
        data["notes"] = textwrap.fill(" ".join([*notes, self.headline()]).strip(), 88)
        if title or self.targets.title:
            data["title"] = title or self.targets.title

        def commented(value: Any) -> Any:
            if not isinstance(value, dict):
                return value
            return CommentedMap({key: commented(held) for key, held in value.items()})

        whole = commented(data)
        for row in self.parameters.to_dict("records"):
            for path in self._paths(row["path"]):
                *above, last = path.split(".")
                held = whole
                for key in above:
                    held = held[key] if isinstance(held, dict) and key in held else None
                if isinstance(held, CommentedMap) and last in held:
                    comment = f"se {row['se']:.2g}" + ("" if row["pinned"] else ", not pinned down")
                    comment += ", at its bound" if row["at_bound"] else ""
                    held.yaml_add_eol_comment(comment, last)
        return to_yaml(whole)

    def _paths(self, path: str) -> list[str]:
        return list(self.scenario.value(path)) if "*" in path.split(".") else [path]

    def save(self, path: str | Path, *, title: str | None = None) -> Path:
        """Write the scenario file, whole or not at all.

        Parameters
        ----------
        path : str or Path
        title : str, optional
            What the scenario is called.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        return write_scenario(self.text(title=title), path)

    def __repr__(self) -> str:
        return f"<MomentMatch: {self.headline()}>"

    def _repr_html_(self) -> str:
        tables = "".join(
            frame.to_html(index=False, float_format=lambda v: f"{v:,.4g}")
            for frame in (self.moments, self.parameters)
        )
        return f"<p>{escape(self.headline())}</p>{tables}"


def _combination(vector: np.ndarray, paths: list[str]) -> str:
    """Return a direction in words: the parameters with a say in it, by weight."""
    vector = vector * np.sign(vector[np.abs(vector).argmax()])
    parts = [f"{w:+.2f} {path}" for w, path in zip(vector, paths, strict=True) if abs(w) >= 0.3]
    return " ".join(parts) if len(parts) > 1 else parts[0].split(" ", 1)[1]


def _whole_share_sets(targets: Targets) -> int:
    """Return how often shares of all firms are targets, by window of periods."""
    firms = set(targets.base.firms)
    windows = {t.periods for t in targets.targets}
    return sum(
        {t.firm for t in targets.targets if t.measure == "market_share" and t.periods == w} == firms
        for w in windows
    )


def match_moments(
    targets: str | Path | Mapping[str, Any] | Targets,
    *,
    base: Scenario | str | Path | None = None,
    seeds: int = 4,
    draws: int = 200,
    seed: int = 0,
    jobs: int = 1,
    posterior: bool = False,
    points: int = 128,
    progress: Callable[[str, int, int], None] | None = None,
) -> MomentMatch:
    """Calibrate a scenario to aggregates by the method of simulated moments.

    Parameters
    ----------
    targets : str, Path, mapping or Targets
        See :func:`~cxsim.calibration.targets.read_targets`.
    base : Scenario, str or Path, optional
        Scenario to start from [default: the one that the targets name].
    seeds : int
        Runs averaged over, the same for all parameter values.
    draws : int
        Of the parameters' distribution (Laplace's approximation around the best fit, with
        uniform priors between the bounds).
    seed : int
        Of these draws.
    jobs : int
        Runs at a time.
    posterior : bool
        Whether the draws are of the posterior by simulation-based inference
        (:func:`~cxsim.calibration.posterior.posterior`), in place of Laplace's approximation.
    points : int
        Further points at which the market is simulated for the posterior.
    progress : callable, optional
        Called with (stage, runs done, 0).

    Returns
    -------
    MomentMatch

    Raises
    ------
    CalibrationError
        If targets or parameters are not right.
    ScenarioError
        If the base is not.
    LibraryMissingError
        If the posterior's libraries are not installed (extra ``inference``).

    Notes
    -----
    McFadden (1989). With d the gaps between moments and targets, the search minimizes
    d' O^-1 d plus the squared distances from the means of normal priors, in standard
    deviations. O is the covariance of the errors of targets and simulation: a diagonal of
    squared standard errors, or what the ``correlations`` of the targets make of them.

    Examples
    --------
    >>> result = match_moments(
    ...     {
    ...         "settings": {"customers": 300, "periods": 12},
    ...         "parameters": {"firms.Tailor.quality": [24, 30]},
    ...         "targets": [
    ...             {"measure": "market_share", "firm": "Tailor", "value": 0.35, "se": 0.01}
    ...         ],
    ...     },
    ...     base="baseline",
    ...     seeds=2,
    ...     draws=10,
    ... )
    >>> list(result.moments["measure"])
    ['market_share']
    """
    draws, seed = whole(draws, "draws", low=1), whole(seed, "seed", low=0)
    checked = targets if isinstance(targets, Targets) else read_targets(targets, base=base)
    moments = Moments(checked, seeds=seeds, jobs=jobs)

    def tell(runs: int) -> None:
        if progress is not None:
            progress("matching", runs, 0)

    points = whole(points, "points", low=8)
    inferred = None
    if posterior:
        from cxsim.calibration import posterior as inference

        inference.sampler_library()  # before any run
    found = minimum(moments, tell=tell)
    if posterior:
        inferred = inference.posterior(moments, found, draws=draws, seed=seed, points=points)
    return MomentMatch(checked, found, moments.runs, draws=draws, seed=seed, posterior=inferred)


# -- Moments of a scenario, simulated over seeds that stay the same while parameters move ------


class Moments:
    """The targets' counterparts in the model, at any values of the free parameters.

    Seeds stay the same throughout (common random numbers): the same customers meet the
    same chance, so that moments move with the parameters and hardly with chance.

    Parameters
    ----------
    targets : Targets
    seeds : int
        Runs to average over, 2 or more.
    jobs : int
        Runs at a time.
    """

    def __init__(self, targets: Targets, *, seeds: int = 4, jobs: int = 1):
        self.targets = targets
        self.seeds = whole(seeds, "seeds", low=2)
        self.jobs = whole(jobs, "jobs", low=1)
        self.low, self.high = np.array([(free.low, free.high) for free in targets.free]).T
        self.value, self.se = np.array([(each.value, each.se) for each in targets.targets]).T
        self.runs = 0
        self._logs = lengths_of_log(targets.targets)

    def of_customers(self, customers: int) -> Moments:
        """Return moments of the same market with other customers simulated.

        Parameters
        ----------
        customers : int
        """
        base = self.targets.base.override({"customers": customers})
        return Moments(replace(self.targets, base=base), seeds=self.seeds, jobs=self.jobs)

    def parameters(self, unit: np.ndarray) -> dict[str, float]:
        """Return values by dotted path for a point of the unit cube.

        Parameters
        ----------
        unit : ndarray, shape (P,)
            Shares of the way from the low to the high end, 0 to 1.

        Returns
        -------
        dict of str to float
            In the units of the parameters.
        """
        values = self.low + np.clip(unit, 0.0, 1.0) * (self.high - self.low)
        return {f.path: float(v) for f, v in zip(self.targets.free, values, strict=True)}

    def scenario(self, unit: np.ndarray) -> Scenario:
        """Return the base scenario with the values of a point of the unit cube.

        Parameters
        ----------
        unit : ndarray, shape (P,)
            As for :meth:`parameters`.

        Returns
        -------
        Scenario
        """
        return self.targets.base.override(self.parameters(unit))

    def __call__(self, unit: np.ndarray) -> np.ndarray:
        """Return moments by seed, shape (S, M)."""
        scenario = self.scenario(unit)

        def one(seed: int) -> np.ndarray:
            if not self._logs:
                return self._read(simulate(scenario, seed=seed), seed=seed)
            rows: list[pd.DataFrame] = []
            households = int(scenario.customers)
            simulation = simulate(
                scenario, seed=seed, probes=["panel"],
                each=lambda s: rows.append(panel_rows(s, households)),
            )  # fmt: skip
            return self._read(simulation, pd.concat(rows, ignore_index=True), seed=seed)

        self.runs += self.seeds
        if self.jobs == 1:
            return np.array([one(seed) for seed in range(self.seeds)])
        with ThreadPoolExecutor(self.jobs) as pool:
            return np.array(list(pool.map(one, range(self.seeds))))

    def _of_logs(self, panel: pd.DataFrame) -> dict[Any, pd.Series]:
        """Return statistics of repeat purchases by firm and window, as logs of the run have them.

        Raises
        ------
        CalibrationError
            If the run has too few new customers.
        """
        bought, made = panel[panel["choice"] != NO_PURCHASE], {}
        for (firm, window), lengths in self._logs.items():
            first, last = window
            try:
                table = repeat_statistics(
                    bought[bought["period"] <= last], firm=None if firm == MARKET else firm,
                    periods=last + 1, new_after=first, after=lengths, bootstrap=0,
                )  # fmt: skip
            except ValueError as error:
                said = f"{self.targets.source}: run of the scenario: {error} (more customers)"
                raise CalibrationError(said) from None
            made[firm, window] = table.set_index("statistic")["value"]
        return made

    def _read(
        self, simulation: Any, panel: pd.DataFrame | None = None, *, seed: int = 0
    ) -> np.ndarray:
        books = simulation.ledger
        functions = {
            (level, measure.name): measure.function
            for level in ("firm", "market")
            for measure in measures(level, simulation.mechanisms)
        }
        found = []
        logs = {} if panel is None else self._of_logs(panel)
        for target in self.targets.targets:
            if target.measure == PRICE_RESPONSE:
                dearer = lost_by_price(simulation.scenario, target.firm, seed, before=books)
                found.append(dearer)
                continue
            if is_of_log(target.measure):
                statistics = logs[target.firm, target.periods]
                found.append(float(statistics.get(target.measure, np.nan)))
                continue
            level = "market" if target.firm == MARKET else "firm"
            course = functions[level, target.measure](books)
            if level == "firm":
                course = course[:, books.firms.index(target.firm)]
            first, last = target.periods or (0, len(course) - 1)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # nobody to take a mean over
                found.append(float(np.nanmean(course[first : last + 1])))
        return np.array(found)


def lost_by_price(
    scenario: Scenario, firm: str, seed: int, *, before: Any = None, rise: float = 0.1
) -> float:
    """Return the share of its customers that a firm loses within a year by a higher price.

    One less its customers at the end of the first year over those of the run with the price as it
    is and the same seed. A warm-up has the price as it is.

    Parameters
    ----------
    scenario : Scenario
        Of a year or more.
    firm : str
    seed : int
    before : Ledger, optional
        Of the run with the price as it is, if there is one.
    rise : float
        How much higher the price is, as a share of it.
    """
    kept, held = _kept(scenario, firm, seed, before=before, rise=rise)
    return 1.0 - kept / held if held else float("nan")


def _kept(
    scenario: Scenario, firm: str, seed: int, *, before: Any = None, rise: float = 0.1
) -> tuple[float, float]:
    """Return a firm's customers after a year with a higher price, and with the price as it is."""
    first = _first_year(scenario)
    late = int(scenario.warm_up > 0)
    changes: dict[str, Any] = {f"firms.{firm}.price": (1.0 + rise) * scenario.firms[firm].price}
    if late:
        changes = {ADD: [{"at": late, "label": "a higher price", "set": changes}]}
    books = [simulate(first.override(changes), seed=seed).ledger]
    books.append(simulate(first, seed=seed).ledger if before is None else before)
    last = round(PER_YEAR[scenario.period_length]) + late - 1
    kept, held = (customers_at_end(b)[last, b.firms.index(firm)] for b in books)
    return float(kept), float(held)


def _first_year(scenario: Scenario) -> Scenario:
    """Return a scenario of a year; after a warm-up one period more, with prices as they are."""
    year = round(PER_YEAR[scenario.period_length])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EventsLeftOutWarning)
        return scenario.override({"periods": max(2, year + int(scenario.warm_up > 0))})


def customers_lost(scenario: Scenario, seed: int, *, rise: float) -> float:
    """Return the share of customers that firms lose within a year, each by a higher price alone.

    Parameters
    ----------
    scenario : Scenario
    seed : int
    rise : float
        How much higher the price is, as a share of it.

    Returns
    -------
    float
        Mean of :func:`lost_by_price` over firms, by their customers.
    """
    books = simulate(_first_year(scenario), seed=seed).ledger
    pairs = [_kept(scenario, firm, seed, before=books, rise=rise) for firm in scenario.firms]
    kept, held = np.sum(pairs, axis=0)
    return float(1.0 - kept / held)


# -- The parameters whose moments come nearest to the targets, and how well these pin them down


#: Steps of numerical derivatives, as shares of a parameter's range: while searching, and after.
_STEP, _LAST_STEP = 0.02, 0.05


#: Standard deviation of a uniform distribution over the range.
UNIFORM_SD = 1.0 / np.sqrt(12.0)


@dataclass(frozen=True)
class Found:
    """End of the search, in the unit cube of the parameters' ranges.

    Attributes
    ----------
    unit : ndarray, shape (P,)
    model, model_se : ndarray, shape (M,)
        Moments there, with their Monte-Carlo standard errors.
    sigma : ndarray, shape (M,)
        Standard error of target and model together.
    distance : ndarray, shape (M,)
        Gaps between model and targets, weighted: uncorrelated, in standard errors.
    jacobian : ndarray, shape (M + N, P)
        Of the weighted moments, per range of the parameter; then a row per normal prior.
    weight : ndarray, shape (M, M)
        Times a gap, it gives the weighted gap.
    tried, simulated : ndarray, shapes (n, P) and (n, M)
        Where the search has been, and the moments there.
    """

    unit: np.ndarray
    model: np.ndarray
    model_se: np.ndarray
    sigma: np.ndarray
    distance: np.ndarray
    jacobian: np.ndarray
    weight: np.ndarray
    tried: np.ndarray
    simulated: np.ndarray


def minimum(moments: Moments, *, tell: Callable[[int], None] | None = None) -> Found:
    """Minimize the weighted squared distance between moments and targets.

    A scrambled Sobol sample of the box finds where to start; least squares within bounds
    (SciPy's trust region) goes on from its best two points. Where the targets say where to start,
    that point and its neighbors on every axis stand for the sample, and the best one goes on.
    Where they name customers of a larger market, a few steps there end the search.

    Raises
    ------
    CalibrationError
        If a moment has no value anywhere.
    """
    from scipy.optimize import least_squares
    from scipy.stats import qmc

    size = len(moments.low)
    cache: dict[bytes, np.ndarray] = {}
    tried: list[np.ndarray] = []

    def at(unit: np.ndarray) -> np.ndarray:
        key = np.round(unit, 12).tobytes()
        if key not in cache:
            cache[key] = moments(unit)
            tried.append(np.array(unit))
            if tell is not None:
                tell(moments.runs)
        return cache[key]

    if moments.targets.start is None:
        sample = qmc.Sobol(size, scramble=True, rng=np.random.default_rng(0)).random_base2(
            int(np.ceil(np.log2(6 * size + 2)))
        )
    else:
        first = (np.array(moments.targets.start) - moments.low) / (moments.high - moments.low)
        around = _LAST_STEP * np.vstack([np.zeros(size), np.eye(size), -np.eye(size)])
        sample = np.clip(first + around, 0.0, 1.0)
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
    weighted, weight = _weighting(moments, drawn[usable], sigma)
    normal, mean, sd = normal_priors(moments)

    def residuals(unit: np.ndarray) -> np.ndarray:
        z = weighted(at(unit).mean(axis=0) - moments.value)
        return np.concatenate([np.where(np.isfinite(z), z, 1e3), (unit[normal] - mean) / sd])

    def jacobian(unit: np.ndarray, step: float = _STEP) -> np.ndarray:
        columns = []
        for k in range(size):
            up, down = unit.copy(), unit.copy()
            up[k], down[k] = min(unit[k] + step, 1.0), max(unit[k] - step, 0.0)
            columns.append((residuals(up) - residuals(down)) / (up[k] - down[k]))
        return np.array(columns).T

    distance = (weighted(means - moments.value) ** 2).sum(axis=1)
    distance += (((sample[:, normal] - mean) / sd) ** 2).sum(axis=1)
    tries = 2 if moments.targets.start is None else 1
    order = np.argsort(np.where(usable, distance, np.inf))[:tries]
    ends = [
        least_squares(
            residuals, np.clip(sample[k], 0.001, 0.999), jac=jacobian, bounds=(0.0, 1.0),
            xtol=1e-4, ftol=1e-5, gtol=1e-6, max_nfev=25,
        )
        for k in order
    ]  # fmt: skip
    best = min(ends, key=lambda end: end.cost).x
    values, slope = at(best), jacobian(best, _LAST_STEP)
    if moments.targets.refine is not None:
        large = moments.of_customers(moments.targets.refine)

        def apart(of: np.ndarray, unit: np.ndarray) -> np.ndarray:
            gap = weighted(of.mean(axis=0) - moments.value)
            return np.concatenate([gap, (unit[normal] - mean) / sd])

        best, values = _refined(large, best, slope, apart)
        moments.runs += large.runs
        noise = values.std(axis=0, ddof=1) / np.sqrt(moments.seeds)
        sigma = np.sqrt(moments.se**2 + noise**2)
    return Found(
        unit=best,
        model=values.mean(axis=0),
        model_se=values.std(axis=0, ddof=1) / np.sqrt(moments.seeds),
        sigma=sigma,
        distance=weighted(values.mean(axis=0) - moments.value),
        jacobian=slope,
        weight=weight,
        tried=np.array(tried),
        simulated=np.array([at(unit).mean(axis=0) for unit in tried]),
    )


#: Steps that are tried in the larger market.
_REFINED = 6


def _refined(
    large: Moments,
    best: np.ndarray,
    slope: np.ndarray,
    apart: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the end of Gauss-Newton steps in a larger market, and the moments there by seed.

    Derivatives are those of the smaller market; where a step does not help, steps get half as long.
    """
    from scipy.optimize import lsq_linear

    values, shorter = large(best), 1.0
    for _ in range(_REFINED):
        gap = apart(values, best)
        # A little weight on staying, so that what the targets leave open does not wander.
        rows = np.vstack([slope, _STAY * np.eye(len(best))])
        step = lsq_linear(
            rows, np.concatenate([-gap, np.zeros(len(best))]),
            bounds=(-best - 1e-12, 1.0 - best + 1e-12),
        ).x  # fmt: skip
        there = np.clip(best + shorter * step, 0.0, 1.0)
        moved = large(there)
        if np.sum(apart(moved, there) ** 2) < np.sum(gap**2):
            best, values = there, moved
        else:
            shorter /= 2.0
    return best, values


#: Weight of a step over the whole range of a parameter, in standard errors of a target.
_STAY = 0.3


def _weighting(
    moments: Moments, drawn: np.ndarray, sigma: np.ndarray
) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """Return what makes gaps uncorrelated and one standard error large, and its matrix.

    Where targets correlate, their covariance is ``se_j se_k r_jk`` plus that of simulated means
    over the seeds, which is pooled over the points of the sample, ``drawn`` (n, S, M).
    """
    given = moments.targets.correlations
    if given is None:
        return lambda gap: gap / sigma, np.diag(1.0 / sigma)
    apart = (drawn - drawn.mean(axis=1, keepdims=True)).reshape(-1, len(sigma))
    noise = apart.T @ apart / (len(drawn) * (moments.seeds - 1)) / moments.seeds
    covariance = np.outer(moments.se, moments.se) * np.array(given) + noise
    matrix = np.linalg.inv(np.linalg.cholesky(covariance))
    return lambda gap: gap @ matrix.T, matrix


def normal_priors(moments: Moments) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which parameters have a normal prior, its mean and its sd in the unit cube.

    Returns
    -------
    which, mean, sd : ndarray, shape (N,)
        Indices of parameters; mean and standard deviation as shares of the range.
    """
    priors = [free.prior for free in moments.targets.free]
    which = np.array([k for k, prior in enumerate(priors) if prior is not None], dtype=int)
    given = np.array([prior for prior in priors if prior is not None]).reshape(-1, 2)
    width = (moments.high - moments.low)[which]
    return which, (given[:, 0] - moments.low[which]) / width, given[:, 1] / width


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
