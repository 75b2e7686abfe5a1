"""Checkpoints: a simulation in a file, so that a long run can go on after an end."""

from __future__ import annotations

import functools
import platform
import shlex
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxsim._version import __version__
from cxsim.files.sealed import (
    DamagedError,
    DamagedWarning,
    NotPlainError,
    check_plain,
    open_snapshot,
    write_snapshot,
)
from cxsim.messages import argument_hints, choice, hint, names_of, whole
from cxsim.model.mechanism import Mechanism
from cxsim.model.mechanism_registry import PROBES
from cxsim.model.probes.customers import panel_rows
from cxsim.runs.components import Components, changed
from cxsim.runs.measures.measure_registry import summarize
from cxsim.runs.result import Frames, Run, frames_of
from cxsim.runs.simulation import BLOCK, PLAIN_BLOCK, Simulation
from cxsim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

# -- Checkpoints: a simulation in a file, so that a long run can go on after an end ------------


_KIND = "checkpoint"


_FORMAT = 2


#: How a checkpoint of the first format began, which was a pickle.
_FIRST = b'{"cxsim checkpoint"'


class CheckpointError(ValueError):
    """A checkpoint that cannot be used for this run."""


class Checkpoint:
    """Saves a simulation to a file now and then, and goes on from there.

    Parameters
    ----------
    path : str or Path
        The file; it appears whole or not at all. The one before it is kept beside it, as
        ``NAME.previous``.
    seconds : float
        Time between two saves at least.

    Notes
    -----
    The file holds a digest of its bytes, which run it is of, and the state of the simulation as
    arrays and plain data; reading it runs no code. Random numbers are a function of seed and
    period and need no state. Rules and policies are those of the run that goes on.
    """

    def __init__(self, path: str | Path, *, seconds: float = 60.0):
        self.path, self._seconds = Path(path), seconds
        self._saved = time.monotonic()

    @property
    def previous(self) -> Path:
        """The checkpoint before the last one."""
        return self.path.with_name(f"{self.path.name}.previous")

    def exists(self) -> bool:
        """Whether there is a checkpoint, or the one before."""
        return self.path.exists() or self.previous.exists()

    def load(
        self,
        scenario: Scenario,
        *,
        seed: int,
        engine: Callable[..., Any] | None = None,
        rules: Mapping[str, Callable[..., Any]] | None = None,
        observers: tuple[Any, ...] = (),
    ) -> Simulation:
        """Return the simulation as it was saved, a new one if there is no file.

        Where the last checkpoint is damaged, a warning names it, and the one before is taken;
        the damaged one is kept as ``NAME.damaged``.

        Parameters
        ----------
        scenario, seed, engine, rules, observers
            As for :class:`~cxsim.runs.simulation.Simulation`.

        Raises
        ------
        CheckpointError
            If the file is of another scenario, seed or rules, is damaged or no checkpoint, or if
            a policy remembers what no checkpoint can keep.
        """
        # One size of blocks, as arrays are kept, however passes are played.
        how: dict[str, Any] = {
            "engine": engine,
            "rules": rules,
            "observers": observers,
            "block": BLOCK,
        }
        made = Simulation(scenario, seed=seed, **how)
        _check_policies(made)  # now, not after the first minute of work
        if not self.exists():
            return made
        try:
            self._restore(self.path, made)
        except (DamagedError, FileNotFoundError) as error:
            if not self.previous.exists():
                raise CheckpointError(f"{error}{_first_format(self.path)}") from None
            made = Simulation(scenario, seed=seed, **how)
            try:
                self._restore(self.previous, made)
            except DamagedError as other:
                raise CheckpointError(f"{error}; {other}") from None
            self._put_aside(error)
        return made

    def _restore(self, path: Path, simulation: Simulation) -> None:
        wanted = _identity(simulation)
        with open_snapshot(path, _KIND) as content:
            of = content["of"]
            odd = [key for key in wanted if of.get(key) != wanted[key]]
            code = changed(simulation.code.named, of.get("code") or {}) if odd else ""
            if code and odd == ["scenario"]:
                raise CheckpointError(
                    f"{path}: expected a checkpoint of this run, found one made with another {code}"
                )
            if odd:
                raise CheckpointError(
                    f"{path}: expected a checkpoint of this run, found one with another "
                    f"{odd[0]} ({of.get(odd[0])}, not {wanted[odd[0]]})"
                )
            try:
                simulation.restore(content["simulation"])
            except DamagedError as error:
                raise DamagedError(f"{path}: {error}") from None

    def _put_aside(self, error: Exception) -> None:
        """Keep a damaged file where the next save does not take it for the one before."""
        if self.path.exists():
            aside = self.path.with_name(f"{self.path.name}.damaged")
            self.path.replace(aside)
            what = f"{error} (kept as {aside.name}; the run goes on from {self.previous.name})"
            warnings.warn(what, DamagedWarning, stacklevel=3)

    def save(self, simulation: Simulation) -> None:
        """Write the state of a simulation between two periods.

        Parameters
        ----------
        simulation : Simulation

        Raises
        ------
        CheckpointError
            If a policy remembers what no checkpoint can keep.
        OSError
            If it cannot be written; an earlier checkpoint stays as it was.
        """
        _check_policies(simulation)
        of = _identity(simulation) | {"code": simulation.code.named}
        content = {"of": of, "simulation": simulation.state()}
        write_snapshot(self.path, _KIND, content, keep=self._keep)
        self._saved = time.monotonic()

    def _keep(self) -> None:
        if self.path.exists():
            self.path.replace(self.previous)

    def save_now_and_then(self, simulation: Simulation) -> None:
        """Save if the last save is long enough ago, and the run is not over."""
        if not simulation.finished and time.monotonic() - self._saved >= self._seconds:
            self.save(simulation)

    def remove(self) -> None:
        """Take the checkpoint away, and the one before it."""
        for path in (self.path, self.previous):
            path.unlink(missing_ok=True)


def _check_policies(simulation: Simulation) -> None:
    """Refuse policies whose memory is no plain data, by name."""
    for title, memory in simulation.decisions.memories().items():
        for name, value in memory.items():
            try:
                check_plain(value, name)
            except NotPlainError as error:
                raise CheckpointError(
                    f"{title}: it cannot be kept in a checkpoint: {error.place}: {error.text} "
                    "(a policy may say what it remembers by get_state and set_state)"
                ) from None


def _first_format(path: Path) -> str:
    """Say that a file is a checkpoint of the first format, if it is one."""
    try:
        with path.open("rb") as file:
            first = file.read(len(_FIRST)) == _FIRST
    except OSError:
        first = False
    return " (a checkpoint of an earlier format, which is not read: start anew)" if first else ""


def _identity(simulation: Simulation) -> dict[str, Any]:
    """Return the data in which a checkpoint and the run that continues it have to agree."""
    digest = simulation.scenario.digest_with(simulation.rules_digest)
    return {"format": _FORMAT, "scenario": digest, "seed": simulation.seed}


# -- From a scenario to a finished simulation, with no frame built -----------------------------


@argument_hints
def simulate(
    scenario: Scenario,
    *,
    seed: int = 0,
    engine: str = "columnar",
    rules: Mapping[str, Callable[..., Any]] | None = None,
    probes: Iterable[str | Callable[..., Mechanism]] = (),
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
    each: Callable[[Simulation], None] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_seconds: float = 60.0,
    debug: bool | None = None,
) -> Simulation:
    """Run a scenario to its end and return the simulation, without building frames.

    Parameters
    ----------
    scenario, seed, engine, rules, threads, progress
        As for :func:`cxsim.run`.
    checkpoint, checkpoint_seconds, debug
        As for :func:`cxsim.run`.
    probes : iterable of str or callable
        As for :func:`cxsim.run`; or functions that make one more mechanism (see
        :class:`~cxsim.runs.simulation.Simulation`).
    each : callable, optional
        Called with the simulation after every period from 0 on.
    """
    seed, threads = whole(seed, "seed"), whole(threads, "threads", low=1)
    engine = choice(engine, "engine", ("columnar", "plain", "agents"))
    probes = names_of(probes, "probes") if isinstance(probes, str) else probes
    unknown = [name for name in probes if isinstance(name, str) and name not in PROBES]
    if unknown:
        what = f"expected any of {', '.join(PROBES)}, found {unknown[0]!r}"
        raise ValueError(f"probes: {what}{hint(unknown[0], PROBES, listed=0)}")
    made: dict[str, Any] = {
        "engine": _engine(engine, seed, threads, debug=debug),
        "rules": rules,
        "observers": tuple(probes),
    }
    keeper = None
    if checkpoint is None:
        block = PLAIN_BLOCK if engine == "plain" else None
        simulation = Simulation(scenario, seed=seed, block=block, **made)
    else:
        if engine == "agents":
            raise ValueError("checkpoint: expected the columnar engine, found the agents'")
        keeper = Checkpoint(checkpoint, seconds=checkpoint_seconds)
        simulation = keeper.load(scenario, seed=seed, **made)
    if simulation.decisions:
        _ = simulation.code  # refused now what has no fingerprint, before policies change anything
    while not simulation.finished:
        simulation.step()
        if simulation.period > 0 and each is not None:
            each(simulation)
        if simulation.period > 0 and progress is not None:
            progress(simulation.period, scenario.periods)
        if keeper is not None:
            keeper.save_now_and_then(simulation)
    return simulation


def _engine(name: str, seed: int, threads: int, *, debug: bool | None) -> Callable[..., Any]:
    if name in ("columnar", "plain"):
        from cxsim.engine.columnar import ColumnarEngine

        plain = True if name == "plain" else None
        return lambda workspace: ColumnarEngine(
            workspace, threads=threads, plain=plain, debug=debug
        )
    # The agents' passes are interpreted, which checks indices anyway.
    from cxsim.engine.agents import AgentsEngine, ReleasedModel

    return lambda workspace: AgentsEngine(workspace, model=ReleasedModel(rng=seed))


# -- One run of a scenario, kept as tidy frames ------------------------------------------------


@argument_hints
def run(
    scenario: Scenario | str | Path = "baseline",
    *,
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
    engine: str = "columnar",
    rules: Mapping[str, Callable[..., Any]] | None = None,
    probes: Iterable[str] = (),
    panel: int = 0,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_seconds: float = 60.0,
    debug: bool | None = None,
) -> Run:
    """Run a scenario once.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A scenario, its file, or the name of one that ships with the package.
    seed : int
        Same seed, same numbers.
    overrides : mapping, optional
        Changed parameters by dotted path.
    engine : {"columnar", "plain", "agents"}
        Compiled columns, the same by numba's public interface alone (slower; what stands in where
        a numba is not as the first needs it), or one Mesa agent per customer. The numbers are
        the same.
    rules : mapping of str to function, optional
        Rules that stand in for built-in ones, by name (``"learning.learned"``).
    probes : iterable of {"price_elasticity", "churn_reasons", "cohorts", "customers", ...}
        What to measure beside the measures of every run: price elasticities by period,
        why customers were lost, what word of mouth does to chances to buy, survival and
        realized value by cohort, final customers one by one, or a sample of the network.
    panel : int
        Households in a purchase panel to keep; 0 for none.
    threads : int
        Threads of the columnar engine.
    progress : callable, optional
        Called with (periods done, periods) after every period.
    checkpoint : str or Path, optional
        File in which the run is saved now and then. If it is there, the run goes on from it,
        with the same numbers as if it had never stopped; at the end it is taken away.
    checkpoint_seconds : float
        Time between two saves at least.
    debug : bool, optional
        True to check that no pass reads or writes outside of its arrays, as is of use with
        mechanisms of one's own: slower, the same numbers. Default: the environment variable
        ``CXSIM_DEBUG``, ``1`` or ``0``.

    Returns
    -------
    Run

    Raises
    ------
    ScenarioError
        If the scenario or an override is not valid.
    CheckpointError
        If the checkpoint is of another run.
    IndexError
        If a pass reads or writes outside of an array, with ``debug``.

    Examples
    --------
    >>> result = run("baseline", seed=1, overrides={"customers": 200, "periods": 12})
    >>> last = result.firms.query("period == 11").set_index("firm")
    >>> last["market_share"].round(2).to_dict()
    {'Mass': 0.13, 'Niche': 0.27, 'Targeted': 0.26, 'Tailor': 0.35}
    """
    settings = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    if overrides:
        settings = settings.override(overrides)
    seed, panel = whole(seed, "seed"), whole(panel, "panel", low=0)
    probes = names_of(probes, "probes") if isinstance(probes, str) else probes
    wanted = list(dict.fromkeys([*probes, *(["panel"] if panel else [])]))
    if panel and checkpoint is not None:
        raise ValueError("panel: expected none together with a checkpoint, which does not keep it")
    rows: list[pd.DataFrame] = []
    simulation = simulate(
        settings,
        seed=seed,
        engine=engine,
        rules=rules,
        probes=wanted,
        threads=threads,
        progress=progress,
        each=(lambda s: rows.append(panel_rows(s, panel))) if panel else None,
        checkpoint=checkpoint,
        checkpoint_seconds=checkpoint_seconds,
        debug=debug,
    )
    frames = frames_of(simulation, wanted)
    if panel:
        import pandas as pd

        frames["panel"] = pd.concat(rows, ignore_index=True)
    made = Frames(frames, settings_attrs(settings))
    result = Run(made, settings, provenance(simulation), summarize(simulation))
    if checkpoint is not None:
        Checkpoint(checkpoint).remove()
    return result


# -- What produced a run, and what its frames are to be labelled with --------------------------


def settings_attrs(scenario: Scenario) -> dict[str, str]:
    """Return the labels of figures: of a period, the currency, and others of the scenario.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    dict of str to str
        ``period_length``, ``currency`` and words other than the usual ones, as ``attrs`` of frames.
    """
    labels = {name: word for name, word in dict(scenario.labels).items() if word != name}
    return {"period_length": scenario.period_length, "currency": scenario.currency, **labels}


def provenance(simulation: Simulation) -> dict[str, Any]:
    """Return the provenance of a run: digests, seed, versions and time.

    Parameters
    ----------
    simulation : Simulation

    Returns
    -------
    dict
        ``scenario``, ``digest``, ``seed``, ``periods``, ``engine``, ``time`` (UTC) and ``versions``
        by package.
    """
    code = Components([simulation.code, simulation.measuring])
    packages = ("numpy", "pandas", "mesa", "numba")
    return {
        "scenario": simulation.scenario.name,
        "digest": simulation.scenario.digest_with(code.digest),
        "seed": simulation.seed,
        "periods": int(simulation.scenario.periods),
        "engine": simulation.engine.name,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "cxsim": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in packages},
        },
    }


def origin() -> dict[str, Any]:
    """Return a description of this process: versions, platform, commit, command and time.

    Returns
    -------
    dict
        ``versions`` by package, ``platform``, ``commit`` (of the checkout that the package is
        used from, with ``+`` if files in it are changed; None outside of one), ``command`` and
        ``time``.
    """
    packages = ("numpy", "pandas", "pyarrow", "mesa", "numba", "llvmlite", "scipy", "SALib")
    return {
        "versions": {
            "cxsim": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in packages},
        },
        "platform": platform.platform(),
        "commit": _commit(),
        "command": shlex.join(sys.argv),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@functools.cache
def _commit() -> str | None:
    """Return the commit of the package's checkout, None where it is no checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10
        )
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "cxsim")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


@functools.cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
