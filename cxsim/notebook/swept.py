"""What a report of a study says: the answer first, then one analysis after the other."""

from __future__ import annotations

from functools import cached_property
from html import escape
from typing import Any

import pandas as pd

from cxsim.notebook.report import Report
from cxsim.study.analysis.finding import Finding, amount
from cxsim.study.results import Sweep

__all__ = ["Findings"]


class Findings:
    """The analyses that a study names, of every output, made once and shown one by one.

    Parameters
    ----------
    report : Report
        Shows and keeps figures.
    result : Sweep
    """

    def __init__(self, report: Report, result: Sweep):
        self._report = report
        self._result = result

    @cached_property
    def _made(self) -> dict[tuple[str, str], Finding | str]:
        """By output and analysis: what was found, or why these runs cannot tell."""
        return self._result.findings()

    @property
    def head(self) -> str:
        """The output that the answer is about.

        The one whose contrast decides when to stop; else the first that is kept for one firm
        alone; else the first.
        """
        study, columns = self._result.study, self._result.outputs
        if study.stopping is not None:
            return study.stopping.output
        alone = (f"{each.measure}.{each.firms[0]}" for each in study.outputs if each.firms)
        return next((name for name in alone if name in columns), columns[0])

    def answer(self) -> Any:
        """Show the study's question, what it found, and how much stands behind it."""
        from IPython.display import HTML

        result, study = self._result, self._result.study
        said = [
            f.sentence
            for (o, _), f in self._made.items()
            if o == self.head and isinstance(f, Finding)
        ]
        if len(study.strategies) == 1:
            said.insert(0, best_point(result.means(), [f.name for f in study.factors], self.head))
        said = said or [f"Nothing can be said of {self.head} from these runs."]
        facts = f"{len(result.frame):,} runs at {len(study.points):,} points; "
        return HTML(
            f"<h3>{escape(study.title or study.name)}</h3>"
            f'<p class="cx-answer"><strong>{escape(said[0])}</strong></p>'
            + "".join(f"<p>{escape(text)}</p>" for text in said[1:])
            + f'<p class="cx-facts">{escape(facts + result.report.sentence())}.</p>'
            + self._report.caution()
        )

    def show(self) -> Any:
        """Show every analysis with its sentence, its figure and its table."""
        from IPython.display import HTML, display

        from cxsim.plot import finding as drawn

        for number, ((output, name), found) in enumerate(self._made.items()):
            display(HTML(f"<h4>{escape(output)}: {escape(name.replace('_', ' '))}</h4>"))
            if isinstance(found, str):
                display(HTML(f"<p>These runs do not allow it: {escape(found)}.</p>"))
                continue
            display(self._report.say(found.sentence))
            self._report.figure(drawn(found), f"finding-{number}-{name}")
            display(self._report.rows(found.frame, first=16))
        return None if self._made else HTML("<p>The study names no analysis.</p>")


def best_point(means: pd.DataFrame, factors: list[str], output: str) -> str:
    """Return in a sentence at which point of a study an output is highest on average.

    Parameters
    ----------
    means : DataFrame
        As :meth:`~cxsim.study.results.Sweep.means` returns it.
    factors : list of str
        Names of the columns that make a point.
    output : str
    """
    rows = means[means["output"] == output]
    best = rows.loc[rows["mean"].idxmax()]
    where = ", ".join(f"{name} = {_value(best[name])}" for name in factors)
    return (
        f"Of {len(rows):,} points, {output} is highest on average at {where}: "
        f"{amount(best['mean'])} ({amount(best['lower'])} to {amount(best['upper'])})."
    )


def _value(value: Any) -> str:
    return amount(value) if isinstance(value, (int, float)) else str(value)
