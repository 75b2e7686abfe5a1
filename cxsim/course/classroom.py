"""The notebook that leads through the course: its lessons, and what a class predicted."""

from __future__ import annotations

from html import escape
from typing import Any

from cxsim.course import html, panel
from cxsim.course.lessons import LESSONS, plan_of
from cxsim.course.pooling import class_figure, pool

__all__ = ["contents", "overview"]

NOTEBOOK = "00_the_course"


def contents() -> Any:
    """Return the lessons with their minutes and what is predicted in them, as a table."""
    cell = 'style="text-align:left;padding:0.3em 1em 0.3em 0;vertical-align:top"'
    rows = ""
    for name in LESSONS:
        plan = plan_of(name)
        asked = "; ".join(_first_up(each.label) for each in plan.questions)
        rows += (
            f"<tr><td {cell}>{int(name[:2])}</td>"
            f'<td {cell}><a href="{name}.ipynb">{escape(plan.title)}</a></td>'
            f"<td {cell}>{plan.minutes}&nbsp;min</td><td {cell}>{escape(asked)}</td></tr>"
        )
    heads = "".join(f"<th {cell}>{each}</th>" for each in ("", "Lesson", "Time", "You predict"))
    return panel.piece(
        f'<table style="font-size:15px"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def overview(class_folder: str = "", *, output: str = "") -> Any:
    """Return what a class predicted, and what came out, as a figure.

    Parameters
    ----------
    class_folder : str
        Folder with the files of predictions; empty for a word on how to name one.
    output : str
        Folder for ``summary.json``; empty to write none.

    Raises
    ------
    ValueError
        If the folder holds no predictions, or a file that is none.
    """
    rows: Any = []
    if class_folder:
        rows = pool(class_folder)
        shown = html.as_html(class_figure(class_folder))
    else:
        shown = html.note("Name the folder of a class above and run the cell again.")
    if output:
        from cxsim.notebook.report import Report
        from cxsim.scenario import Scenario

        report = Report(NOTEBOOK, {"class_folder": class_folder}, output=output)
        report.use(Scenario.load("baseline"))
        report.finish(title="The course", lessons=list(LESSONS), rows=rows)
    return panel.piece(shown)
