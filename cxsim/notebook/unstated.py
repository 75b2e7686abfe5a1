"""What a report says of what its scenarios leave unstated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import pandas as pd

from cxsim.notebook import tables
from cxsim.scenario import Scenario
from cxsim.scenario.unstated import defaults_line, free_line, unstated_table

__all__ = ["caution", "unstated_lines", "unstated_section"]


def unstated_lines(scenarios: Iterable[Scenario]) -> list[str]:
    """Return what costs nothing for no cost is stated, and what was left to a default.

    Parameters
    ----------
    scenarios : iterable of Scenario
        A line that does not hold for all of them begins with the names of those for which it
        does.

    Returns
    -------
    list of str
        Sentences; empty where everything is stated.
    """
    markets = list(scenarios)
    made = []
    for line_of in (free_line, defaults_line):
        said: dict[str, list[str]] = {}
        for market in markets:
            said.setdefault(line_of(market), []).append(market.name)
        alone = len(said) == 1
        made += [
            line if alone else f"{', '.join(dict.fromkeys(names))}: {line}"
            for line, names in said.items()
            if line
        ]
    return made


def caution(lines: Sequence[str]) -> str:
    """Return the lines as HTML, for the first screen of a report."""
    return "".join(f'<p class="cx-caution">{escape(line)}</p>' for line in lines)


def unstated_section(scenarios: Sequence[Scenario]) -> Any:
    """Show a heading; return a table of what the scenarios do not state, or a sentence.

    Parameters
    ----------
    scenarios : sequence of Scenario
    """
    from IPython.display import HTML, display

    display(HTML("<h2>What you did not say</h2>"))
    frames = {each.name: unstated_table(each) for each in scenarios}
    whole = pd.concat([frame.assign(scenario=name) for name, frame in frames.items()])
    if whole.empty:
        return HTML("<p>The scenario states every cost and what else the answer rests on.</p>")
    parts = whole.groupby(
        ["parameter", "of", "meaning", "value", "unit", "source"], sort=False, dropna=False
    )["scenario"].agg(lambda names: ", ".join(dict.fromkeys(names)))
    shown = parts.reset_index().set_index("parameter")
    shown["value"] = [_plain(value) for value in shown["value"]]
    shown["source"] = [_source(value) for value in shown["source"]]
    if len(frames) == 1 or shown["scenario"].nunique() == 1:
        shown = shown.drop(columns="scenario")
    shown.index.name = None
    caption = (
        "Parameters that the answer rests on and the scenario does not state itself. A cost that "
        "was left out counts as 0; to state that it is 0, write 0."
    )
    return tables.styled(shown, caption, words_in=list(shown.columns))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.10g}" if isinstance(value, (int, float)) else str(value)


def _source(source: str) -> str:
    return "default" if source == "default" else f"taken from {source}"
