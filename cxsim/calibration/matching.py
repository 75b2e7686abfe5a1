"""From aggregates to a scenario: simulated moments, their fit, and what they leave open."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.arguments import whole
from cxsim.calibration.moments import Moments
from cxsim.calibration.search import UNIFORM_SD, Found, minimum, truncated_normal
from cxsim.calibration.targets import Targets, read_targets
from cxsim.files import whole_file
from cxsim.scenario import Scenario

__all__ = ["Match", "match"]

#: A direction is pinned down if data leave at most this share of what the bounds left.
_PINNED = 0.5
#: Standard errors that a target may be off and count as met.
_MET = 3.0


class Match:
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
        Sum of squared z, and the chance of a larger one if the model were right.
    degrees : int
        Targets less combinations that they pin down.
    """

    def __init__(self, targets: Targets, found: Found, runs: int, *, draws: int, seed: int):
        from scipy.stats import chi2

        self.targets = targets
        self.runs = runs
        goals = targets.targets
        z = (found.model - [t.value for t in goals]) / found.sigma
        self.moments = pd.DataFrame(
            {
                "measure": [t.measure for t in goals],
                "firm": [t.firm for t in goals],
                "target": [t.value for t in goals],
                "se": [t.se for t in goals],
                "model": found.model,
                "model_se": found.model_se,
                "z": z,
            }
        )
        low = np.array([free.low for free in targets.free])
        width = np.array([free.high for free in targets.free]) - low
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
        cube = truncated_normal(found.unit, found.jacobian.T @ found.jacobian, draws, seed=seed)
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
        self.j = float(z @ z)
        # Shares of all firms sum to one: as many targets, less one, say something.
        spare = _whole_share_sets(targets)
        self.degrees = max(len(goals) - spare - int(self.directions["pinned"].sum()), 0)
        self.p = float(chi2.sf(self.j, self.degrees)) if self.degrees else float("nan")

    @property
    def scenario(self) -> Scenario:
        """The base scenario with the estimates."""
        estimates = self.parameters.set_index("path")["estimate"]
        return self.targets.base.override({k: float(f"{v:.6g}") for k, v in estimates.items()})

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
        return said + "."

    def text(self, *, title: str | None = None) -> str:
        """Return the scenario file, with estimates and their errors in comments.

        Parameters
        ----------
        title : str, optional
            What the scenario is called.
        """
        from ruamel.yaml.comments import CommentedMap

        from cxsim.scenario.writing import to_yaml

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
        text = self.text(title=title)
        with whole_file(path) as draft:
            draft.write_text(text, encoding="utf-8", newline="\n")
            Scenario.load(draft)
        return Path(path)

    def __repr__(self) -> str:
        return f"<Match: {self.headline()}>"

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
        {t.firm for t in targets.targets if t.measure == "share" and t.periods == w} == firms
        for w in windows
    )


def match(
    targets: str | Path | Mapping[str, Any] | Targets,
    *,
    base: Scenario | str | Path | None = None,
    seeds: int = 4,
    draws: int = 200,
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Match:
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
    progress : callable, optional
        Called with (stage, runs done, 0).

    Returns
    -------
    Match

    Raises
    ------
    CalibrationError
        If targets or parameters are not right.
    ScenarioError
        If the base is not.

    Notes
    -----
    McFadden (1989). Targets are taken to be independent; a covariance would make J exact.

    Examples
    --------
    >>> result = match(
    ...     {
    ...         "settings": {"customers": 300, "periods": 12},
    ...         "parameters": {"firms.Tailor.quality": [24, 30]},
    ...         "targets": [{"measure": "share", "firm": "Tailor", "value": 0.35, "se": 0.01}],
    ...     },
    ...     base="baseline",
    ...     seeds=2,
    ...     draws=10,
    ... )
    >>> list(result.moments["measure"])
    ['share']
    """
    draws, seed = whole(draws, "draws", low=1), whole(seed, "seed", low=0)
    checked = targets if isinstance(targets, Targets) else read_targets(targets, base=base)
    moments = Moments(checked, seeds=seeds, jobs=jobs)

    def tell(runs: int) -> None:
        if progress is not None:
            progress("matching", runs, 0)

    return Match(checked, minimum(moments, tell=tell), moments.runs, draws=draws, seed=seed)
