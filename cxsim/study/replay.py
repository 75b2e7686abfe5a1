"""Exactly one run of a store again, in full."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxsim._version import __version__
from cxsim.study.models import ScenarioModel
from cxsim.study.store import Store, StoreError

if TYPE_CHECKING:
    from cxsim.runs import Run

__all__ = ["replay"]


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
    if not row.get("base"):
        raise StoreError(f"{row['run']}: expected a run of a scenario, found one of a function")
    scenario = place.scenario(row["base"]).override(json.loads(row["overrides"]))
    digest = ScenarioModel(scenario, (), rules).digest({})
    if digest != row["scenario"]:
        raise StoreError(
            f"{row['run']}: expected the code that it was run with, found other rules, mechanisms "
            f"or another version (scenario digest {digest}, not {row['scenario']}; "
            f"this is cxsim {__version__})"
        )
    return runs.run(scenario, seed=int(row["seed"]), rules=rules, detail=detail)
