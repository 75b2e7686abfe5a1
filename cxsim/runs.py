"""A run is a value: tidy frames, the scenario and where it all comes from."""

from __future__ import annotations

import functools
import json
import platform
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from html import escape
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxsim._version import __version__
from cxsim.checkpoint import Checkpoint
from cxsim.files import whole_file, whole_folder
from cxsim.measures.built import Frames
from cxsim.measures.frames import firm_frame, market_frame, switching_frame, tenure_frame
from cxsim.measures.lived import touchpoint_frame
from cxsim.measures.observers import OBSERVERS
from cxsim.measures.observers.cohorts import cohort_frame
from cxsim.measures.observers.elasticity import elasticity_frame
from cxsim.measures.observers.hearsay import hearsay_frame
from cxsim.measures.observers.loss_reasons import loss_frame
from cxsim.measures.people import customer_frame, panel_rows, reach_frame
from cxsim.measures.summary import summarize
from cxsim.measures.ties import ties_frames
from cxsim.mechanisms.base import Mechanism
from cxsim.scenario import Scenario
from cxsim.simulation import Simulation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run", "provenance", "run", "settings_attrs", "simulate"]

#: Frames of a run, in the order of files and sheets.
FRAMES = (
    "firms",
    "market",
    "switching",
    "tenure",
    "touchpoints",
    "cohorts",
    "losses",
    "elasticities",
    "hearsay",
    "customers",
    "reach",
    "neighbours",
    "ties",
    "panel",
)


class Run:
    """What one run of a scenario leaves.

    Attributes
    ----------
    firms : DataFrame
        One row per period and firm, a column per measure.
    market : DataFrame
        One row per period.
    switching : DataFrame
        Purchases by period, supplier before (``origin``) and option taken (``destination``).
    tenure : DataFrame
        Customers and those who stayed, by period, firm and tenure band.
    touchpoints : DataFrame or None
        Performance met, delivered and believed in, by period, firm and touchpoint, if the
        scenario has a journey.
    cohorts : DataFrame or None
        Survival and realized lifetime value by cohort, if asked for.
    losses : DataFrame or None
        Losses to rivals by the term of the choice that decided them, if asked for.
    elasticities : DataFrame or None
        Own and cross price elasticities by period, if asked for.
    hearsay : DataFrame or None
        What word of mouth does to chances to buy, if asked for.
    customers, reach : DataFrame or None
        Final customers, and penetration and purchase frequency by firm, if asked for.
    neighbours, ties : DataFrame or None
        A sample of customers and who listens to whom, if the network was asked for.
    panel : DataFrame or None
        Purchases one by one, if a panel was asked for.
    scenario : Scenario
    seed : int
    provenance : dict
        Versions, digests, seed and time.
    """

    def __init__(
        self,
        frames: Mapping[str, pd.DataFrame],
        scenario: Scenario,
        provenance: Mapping[str, Any],
        summary: Mapping[str, Mapping[str, float]],
    ):
        self._frames = frames
        self.scenario = scenario
        self.provenance = dict(provenance)
        self._summary = {level: dict(values) for level, values in summary.items()}

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return int(self.provenance["seed"])

    @property
    def frames(self) -> Mapping[str, pd.DataFrame]:
        """All frames by name; each is built when it is first asked for."""
        return self._frames

    @property
    def firms(self) -> pd.DataFrame:
        """Measures by period and firm."""
        return self._frames["firms"]

    @property
    def market(self) -> pd.DataFrame:
        """Measures of the market by period."""
        return self._frames["market"]

    @property
    def switching(self) -> pd.DataFrame:
        """Purchases by period, origin and destination."""
        return self._frames["switching"]

    @property
    def tenure(self) -> pd.DataFrame:
        """Customers and stayers by period, firm and tenure band."""
        return self._frames["tenure"]

    @property
    def touchpoints(self) -> pd.DataFrame | None:
        """Performance met, delivered and believed in, None without a journey."""
        return self._frames.get("touchpoints")

    @property
    def cohorts(self) -> pd.DataFrame | None:
        """Survival and realized value by cohort, None if not asked for."""
        return self._frames.get("cohorts")

    @property
    def losses(self) -> pd.DataFrame | None:
        """Losses by the term that decided them, None if not asked for."""
        return self._frames.get("losses")

    @property
    def elasticities(self) -> pd.DataFrame | None:
        """Own and cross price elasticities by period, None if not asked for."""
        return self._frames.get("elasticities")

    @property
    def hearsay(self) -> pd.DataFrame | None:
        """What word of mouth does to chances to buy, None if not asked for."""
        return self._frames.get("hearsay")

    @property
    def reach(self) -> pd.DataFrame | None:
        """Penetration and purchase frequency by firm, None if customers were not asked for."""
        return self._frames.get("reach")

    @property
    def customers(self) -> pd.DataFrame | None:
        """Final customers, None if not asked for."""
        return self._frames.get("customers")

    @property
    def neighbours(self) -> pd.DataFrame | None:
        """A sample of customers tied to each other, None if the network was not asked for."""
        return self._frames.get("neighbours")

    @property
    def ties(self) -> pd.DataFrame | None:
        """Who listens to whom in that sample, None if the network was not asked for."""
        return self._frames.get("ties")

    @property
    def panel(self) -> pd.DataFrame | None:
        """Purchase panel, None if not asked for."""
        return self._frames.get("panel")

    def frame(self, name: str) -> pd.DataFrame:
        """Return a frame by name: one of the above, or one that a mechanism keeps.

        Raises
        ------
        KeyError
            If the run has none of that name; those it has are listed.
        """
        if name not in self._frames:
            raise KeyError(f"expected one of {', '.join(self._frames)}, found {name!r}")
        return self._frames[name]

    def summary(self) -> pd.DataFrame:
        """Return each measure summarized over the run, as the measure declares.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``firm`` (``"(market)"`` for the market's) and ``value``.
        """
        import pandas as pd

        rows = [
            (measure, firm, value)
            for firm, values in self._summary.items()
            for measure, value in values.items()
        ]
        return pd.DataFrame(rows, columns=["measure", "firm", "value"])

    # -- keeping it ------------------------------------------------------------------

    def save(self, folder: str | Path) -> Path:
        """Write Parquet files, ``scenario.yaml`` and ``summary.json`` to a folder.

        The folder appears whole or not at all; one that is there is replaced.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        content = {"provenance": self.provenance, "summary": self._summary}
        with whole_folder(folder, sign="summary.json") as draft:
            for name, frame in self._frames.items():
                frame.to_parquet(draft / f"{name}.parquet", index=False)
            (draft / "scenario.yaml").write_text(self.scenario.to_yaml(), encoding="utf-8")
            (draft / "summary.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read a run that :meth:`save` has written.

        Raises
        ------
        FileNotFoundError
            If the folder holds no saved run.
        """
        import pandas as pd

        folder = Path(folder)
        if not (folder / "summary.json").exists():
            raise FileNotFoundError(f"{folder}: expected a saved run, found no summary.json")
        content = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        frames = {
            path.stem: pd.read_parquet(path)
            for path in sorted(folder.glob("*.parquet"), key=lambda p: _place(p.stem))
        }
        scenario = Scenario.load(folder / "scenario.yaml")
        return cls(frames, scenario, content["provenance"], content["summary"])

    def to_csv(self, folder: str | Path) -> list[Path]:
        """Write one CSV file per frame and return their paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, frame in [*self._frames.items(), ("summary", self.summary())]:
            paths.append(folder / f"{name}.csv")
            with whole_file(paths[-1]) as draft:
                frame.to_csv(draft, index=False)
        return paths

    def to_xlsx(self, path: str | Path) -> Path:
        """Write a workbook with one sheet per frame, the summary and the provenance."""
        import pandas as pd

        facts = pd.DataFrame(
            [(k, json.dumps(v) if isinstance(v, dict) else v) for k, v in self.provenance.items()],
            columns=["what", "value"],
        )
        sheets = {"summary": self.summary(), **self._frames, "provenance": facts}
        with whole_file(path) as draft, pd.ExcelWriter(draft, engine="openpyxl") as book:
            for name, frame in sheets.items():
                frame.to_excel(book, sheet_name=name, index=False)
        return Path(path)

    # -- showing it ------------------------------------------------------------------

    def __repr__(self) -> str:
        return (
            f"<Run of {self.scenario.name!r}: seed {self.seed}, {self.scenario.periods} periods, "
            f"{len(self.scenario.firms)} firms, digest {self.provenance['digest']}>"
        )

    def _repr_html_(self) -> str:
        shown = ["quadrant", "share", "retention", "switching_cost", "lifetime_value", "profit"]
        last = self.firms[self.firms["period"] == self.firms["period"].max()]
        table = last.set_index("firm")[shown].to_html(float_format=lambda v: f"{v:,.3g}")
        title = escape(self.scenario.title or self.scenario.name)
        return (
            f"<h4>{title}</h4><p>Period {self.scenario.periods - 1}, seed {self.seed}, one run: "
            f"compare several seeds before you conclude.</p>{table}"
        )


def simulate(
    scenario: Scenario,
    *,
    seed: int = 0,
    engine: str = "columnar",
    rules: Mapping[str, Callable] | None = None,
    detail: Iterable[str | Callable[..., Mechanism]] = (),
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
    each: Callable[[Simulation], None] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_seconds: float = 60.0,
) -> Simulation:
    """Run a scenario to its end and return the simulation, without building frames.

    Parameters
    ----------
    scenario, seed, engine, rules, threads, progress
        As for :func:`run`.
    checkpoint, checkpoint_seconds
        As for :func:`run`.
    detail : iterable of str or callable
        As for :func:`run`; or functions that make one more mechanism (see
        :class:`~cxsim.simulation.Simulation`).
    each : callable, optional
        Called with the simulation after every period from 0 on.
    """
    unknown = [name for name in detail if isinstance(name, str) and name not in OBSERVERS]
    if unknown:
        raise ValueError(f"detail: expected any of {', '.join(OBSERVERS)}, found {unknown[0]!r}")
    keeper = simulation = None
    if checkpoint is not None:
        if engine != "columnar":
            raise ValueError("checkpoint: expected the columnar engine, found the agents'")
        keeper = Checkpoint(checkpoint, seconds=checkpoint_seconds)
        simulation = keeper.load(scenario, seed=seed, rules=rules, observers=tuple(detail))
    if simulation is None:
        simulation = Simulation(
            scenario,
            seed=seed,
            engine=_engine(engine, seed, threads),
            rules=rules,
            observers=tuple(detail),
        )
    while not simulation.finished:
        simulation.step()
        if simulation.period > 0 and each is not None:
            each(simulation)
        if simulation.period > 0 and progress is not None:
            progress(simulation.period, scenario.periods)
        if keeper is not None:
            keeper.save_now_and_then(simulation)
    return simulation


def _engine(name: str, seed: int, threads: int) -> Callable:
    if name == "columnar":
        from cxsim.engine.columnar import ColumnarEngine

        return lambda workspace: ColumnarEngine(workspace, threads=threads)
    if name == "agents":
        import mesa

        from cxsim.engine.agents import AgentsEngine

        return lambda workspace: AgentsEngine(workspace, model=mesa.Model(rng=seed))
    raise ValueError(f"engine: expected 'columnar' or 'agents', found {name!r}")


def run(
    scenario: Scenario | str | Path = "baseline",
    *,
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
    engine: str = "columnar",
    rules: Mapping[str, Callable] | None = None,
    detail: Iterable[str] = (),
    panel: int = 0,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_seconds: float = 60.0,
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
    engine : {"columnar", "agents"}
        Compiled columns, or one Mesa agent per customer; the numbers are the same.
    rules : mapping of str to function, optional
        Rules that stand in for built-in ones, by name (``"learning.learned"``).
    detail : iterable of {"elasticity", "loss_reasons", "hearsay", "cohorts", "customers", ...}
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

    Returns
    -------
    Run

    Raises
    ------
    ScenarioError
        If the scenario or an override is not valid.
    CheckpointError
        If the checkpoint is of another run.

    Examples
    --------
    >>> result = run("baseline", seed=1, overrides={"firms.Tailor.price": 21})  # doctest: +SKIP
    >>> result.firms.query("period == 59")[["firm", "share"]]  # doctest: +SKIP
    """
    settings = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    if overrides:
        settings = settings.override(overrides)
    wanted = list(dict.fromkeys([*detail, *(["panel"] if panel else [])]))
    if panel and checkpoint is not None:
        raise ValueError("panel: expected none together with a checkpoint, which does not keep it")
    rows: list[pd.DataFrame] = []
    simulation = simulate(
        settings,
        seed=seed,
        engine=engine,
        rules=rules,
        detail=wanted,
        threads=threads,
        progress=progress,
        each=(lambda s: rows.append(panel_rows(s, panel))) if panel else None,
        checkpoint=checkpoint,
        checkpoint_seconds=checkpoint_seconds,
    )
    books, mechanisms = simulation.books, simulation.mechanisms
    frames: dict[str, Any] = {
        "firms": lambda: firm_frame(books, settings, mechanisms),
        "market": lambda: market_frame(books, mechanisms),
        "switching": lambda: switching_frame(books, settings),
        "tenure": lambda: tenure_frame(books, settings),
    }
    for mechanism in mechanisms:
        frames |= {name: partial(make, books, settings) for name, make in mechanism.frames.items()}
    if settings.journey is not None:
        frames["touchpoints"] = lambda: touchpoint_frame(books, settings)
    if "cohorts" in wanted:
        frames["cohorts"] = lambda: cohort_frame(books, settings)
    if "elasticity" in wanted:
        frames["elasticities"] = lambda: elasticity_frame(books, settings)
    if "network" in wanted:
        frames["neighbours"], frames["ties"] = ties_frames(simulation)
    if "hearsay" in wanted:
        frames["hearsay"] = lambda: hearsay_frame(books, settings)
    if "loss_reasons" in wanted:
        frames["losses"] = lambda: loss_frame(books, settings, mechanisms)
    if "customers" in wanted:  # built at once: later they would keep all customers in memory
        frames["customers"] = customer_frame(simulation)
        frames["reach"] = reach_frame(frames["customers"], list(settings.firms))
    if panel:
        import pandas as pd

        frames["panel"] = pd.concat(rows, ignore_index=True)
    made = Frames(frames, settings_attrs(settings))
    result = Run(made, settings, provenance(simulation, engine), summarize(simulation))
    if checkpoint is not None:
        Path(checkpoint).unlink(missing_ok=True)
    return result


def _place(name: str) -> tuple[int, str]:
    """Place of a frame among files and sheets; those of mechanisms come last."""
    return (FRAMES.index(name) if name in FRAMES else len(FRAMES), name)


def settings_attrs(scenario: Scenario) -> dict[str, str]:
    """Return what figures call a period, the currency, and what else has a label of its own."""
    labels = {name: word for name, word in dict(scenario.labels).items() if word != name}
    return {"period_length": scenario.period_length, "currency": scenario.currency, **labels}


def provenance(simulation: Simulation, engine: str) -> dict[str, Any]:
    """Return what produced a run: digests, seed, versions and time."""
    packages = ("numpy", "pandas", "mesa", "numba")
    return {
        "scenario": simulation.scenario.name,
        "digest": simulation.scenario.digest_with(simulation.rules_digest),
        "seed": simulation.seed,
        "periods": int(simulation.scenario.periods),
        "engine": engine,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "cxsim": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in packages},
        },
    }


@functools.cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
