"""All analyses that a study names, in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from cxsim.scenario.messages import hint
from cxsim.study.analysis.contrast import contrast, strategies_of
from cxsim.study.analysis.discovery import discovery
from cxsim.study.analysis.effects import main_effects
from cxsim.study.analysis.finding import Finding
from cxsim.study.analysis.morris import morris
from cxsim.study.analysis.ranking import ranking
from cxsim.study.analysis.regional import regional
from cxsim.study.analysis.sobol import sobol

__all__ = ["ANALYSES", "analyse"]

#: Analyses by name.
ANALYSES: dict[str, Callable[..., Finding]] = {
    "main_effects": main_effects,
    "sobol": sobol,
    "morris": morris,
    "regional": regional,
    "discovery": discovery,
    "ranking": ranking,
}


def analyse(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    analyses: Iterable[str],
    *,
    outputs: Iterable[str],
    strategy: str | None = None,
    against: str | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Finding]:
    """Make every analysis of every output.

    Parameters
    ----------
    frame : DataFrame
        One row per run; see :mod:`cxsim.study.analysis`.
    problem : mapping
        ``names`` of the factors, in the order of the design.
    analyses : iterable of str
        Names, see ``ANALYSES``.
    outputs : iterable of str
    strategy, against : str, optional
        Where strategies were run, all analyses but ``ranking`` look at the advantage of
        ``strategy`` (default: the first) over ``against`` (default: the best of the others);
        ``discovery`` and ``regional`` then ask where there is none (``at_most=0``).
    options : mapping of str to mapping, optional
        Further arguments by name of the analysis.

    Returns
    -------
    list of Finding
        Output by output, in the order of the analyses. :func:`cxsim.plot.finding` draws one.

    Raises
    ------
    ValueError
        If a name is unknown, or an analysis does not fit the design.
    """
    chosen = dict(options or {})
    wanted = list(analyses)
    for name in (*wanted, *chosen):
        if name not in ANALYSES:
            known = ", ".join(ANALYSES)
            raise ValueError(
                f"analysis: expected one of {known}, found {name!r}{hint(name, ANALYSES)}"
            )
    several = "strategy" in frame.columns and frame["strategy"].nunique() > 1
    if several and strategy is None:
        strategy = strategies_of(frame)[0]
    findings = []
    for output in outputs:
        runs, label = frame, output
        if several:
            runs = contrast(frame, output, strategy=str(strategy), against=against)
            label = f"lead of {strategy} over {against or 'the best other'} in {output}"
            runs = runs.rename(columns={output: label})
        for name in wanted:
            given = dict(chosen.get(name, {}))
            if name == "ranking":
                findings.append(ranking(frame, problem, output=output, **given))
                continue
            if (
                several
                and name in ("discovery", "regional")
                and not {"at_least", "at_most"} & {*given}
            ):
                given["at_most"] = 0.0
            findings.append(ANALYSES[name](runs, problem, output=label, **given))
    return findings
