"""One run of a scenario, kept as tidy frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxsim.arguments import names_of, whole
from cxsim.checkpoint import Checkpoint
from cxsim.measures.built import Frames
from cxsim.measures.people import panel_rows
from cxsim.measures.summary import summarize
from cxsim.runs.frames import frames_of
from cxsim.runs.provenance import provenance, settings_attrs
from cxsim.runs.result import Run
from cxsim.runs.simulating import simulate
from cxsim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["run"]


def run(
    scenario: Scenario | str | Path = "baseline",
    *,
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
    engine: str = "columnar",
    rules: Mapping[str, Callable[..., Any]] | None = None,
    detail: Iterable[str] = (),
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
    >>> last["share"].round(2).to_dict()
    {'Mass': 0.13, 'Niche': 0.27, 'Targeted': 0.26, 'Tailor': 0.35}
    """
    settings = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    if overrides:
        settings = settings.override(overrides)
    seed, panel = whole(seed, "seed"), whole(panel, "panel", low=0)
    detail = names_of(detail, "detail") if isinstance(detail, str) else detail
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
