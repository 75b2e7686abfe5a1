"""Exactly one run of a store again, in full."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxsim._version import __version__
from cxsim.scenario import Scenario
from cxsim.study.models import ScenarioModel
from cxsim.study.outputs import known_measures, observed, output_of
from cxsim.study.store import Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

    from cxsim.runs import Run

__all__ = ["recompute", "replay"]


def replay(
    run: str,
    *,
    store: str | Path | Store,
    rules: Mapping[str, Callable[..., Any]] | None = None,
    detail: Iterable[str] = (),
) -> Run:
    """Run one run of a store again, and keep all of it.

    Parameters
    ----------
    run : str
        Its digest, or the beginning of it: column ``run`` of the store.
    store : str, Path or Store
    rules : mapping of str to function, optional
        Rules that the run was done with, if they were not the package's own.
    detail : iterable of str
        What to measure beside, as for :func:`cxsim.run`.

    Returns
    -------
    Run

    Raises
    ------
    StoreError
        If there is no such run, or it was done by other code than is here now.
    Exception
        Whatever the run fails of.
    """
    from cxsim import runs

    place = store if isinstance(store, Store) else Store(store)
    row: dict[str, Any] = place.row(run)
    scenario = _scenario(place, row, rules)
    return runs.run(scenario, seed=int(row["seed"]), rules=rules, detail=detail)


def _scenario(
    store: Store, row: Mapping[str, Any], rules: Mapping[str, Callable[..., Any]] | None
) -> Scenario:
    """Return the scenario of a run, if it is what the run was done with."""
    if not row.get("base"):
        raise StoreError(f"{row['run']}: expected a run of a scenario, found one of a function")
    scenario = store.scenario(row["base"]).override(json.loads(row["overrides"]))
    digest = ScenarioModel(scenario, (), rules).digest({})
    if digest != row["scenario"]:
        raise StoreError(
            f"{row['run']}: expected the code that it was run with, found other rules, measures "
            f"or mechanisms (scenario digest {digest}, not {row['scenario']}; "
            f"this is cxsim {__version__})"
        )
    return scenario


def recompute(
    run: str,
    *,
    store: str | Path | Store,
    rules: Mapping[str, Callable[..., Any]] | None = None,
) -> pd.DataFrame:
    """Compute the stored outputs of a run again, and put them beside the stored ones.

    Parameters
    ----------
    run : str
        Its digest, or the beginning of it.
    store : str, Path or Store
    rules : mapping of str to function, optional
        Rules that the run was done with, if they were not the package's own.

    Returns
    -------
    DataFrame
        ``output, period`` (-1 for one number a run)``, stored, again, equal``: whether both are
        the same to the bit.

    Raises
    ------
    StoreError
        If there is no such run, or it was done by other code than is here now.
    """
    import pandas as pd

    place = store if isinstance(store, Store) else Store(store)
    row: dict[str, Any] = place.row(run)
    scenario = _scenario(place, row, rules)
    known = known_measures((*scenario.mechanisms, *observed(scenario).values()))
    stored, _ = place.record(row["run"])
    outputs = {name: output_of(name, known) for name in stored}
    kept = tuple(dict.fromkeys(each for each in outputs.values() if each is not None))
    again, _ = ScenarioModel(scenario, kept, rules).run({}, int(row["seed"]), lambda: None)
    rows = []
    for name, values in again.items():
        one, other = np.atleast_1d(stored[name]).astype(float), np.atleast_1d(values).astype(float)
        for k in range(max(len(one), len(other))):
            a, b = (float(x[k]) if k < len(x) else np.nan for x in (one, other))
            period = k if name.endswith("@period") else -1
            rows.append((name, period, a, b, _same(a, b) and len(one) == len(other)))
    return pd.DataFrame(rows, columns=["output", "period", "stored", "again", "equal"])


def _same(a: float, b: float) -> bool:
    return (a != a and b != b) or np.float64(a).tobytes() == np.float64(b).tobytes()
