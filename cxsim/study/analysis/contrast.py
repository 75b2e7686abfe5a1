"""Two strategies against each other, point by point and seed by seed."""

from __future__ import annotations

import pandas as pd

from cxsim.scenario.messages import hint
from cxsim.study.analysis.points import column

__all__ = ["contrast", "strategies_of"]


def strategies_of(frame: pd.DataFrame) -> list[str]:
    """Return the strategies of runs in the order of their first appearance."""
    return [str(name) for name in column(frame, "strategy", what="runs").unique()]


def contrast(
    frame: pd.DataFrame, output: str, *, strategy: str, against: str | None = None
) -> pd.DataFrame:
    """Return by how much one strategy gives more of an output, in every point and seed.

    Parameters
    ----------
    frame : DataFrame
        One row per run, with a column ``strategy``.
    output : str
    strategy : str
        The one to look at.
    against : str, optional
        The other; by default the best of all others in each point and seed, which only somebody
        who knows the future could choose.

    Returns
    -------
    DataFrame
        The runs of ``strategy`` without that column; ``output`` is the difference, NaN where
        either run is missing.

    Raises
    ------
    ValueError
        If a strategy or column is not there, or there is only one.
    """
    column(frame, output, what="output")
    there = strategies_of(frame)
    for name in (strategy, against):
        if name is not None and name not in there:
            raise ValueError(
                f"strategy: expected one that was run, found {name!r}{hint(name, there)}"
            )
    if len(there) < 2 or strategy == against:
        raise ValueError(f"strategy: expected two to compare, found {strategy!r} only")
    wide = frame.pivot(index=["point", "seed"], columns="strategy", values=output).astype(float)
    others = wide.drop(columns=strategy)
    rival = wide[against] if against is not None else others.max(axis=1, skipna=False)
    difference = (wide[strategy] - rival).rename(output)
    own = frame[frame["strategy"] == strategy].drop(columns=["strategy", output])
    return own.merge(difference.reset_index(), on=["point", "seed"], how="left")
