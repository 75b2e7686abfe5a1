"""Exhibits of lessons: tables of firms, figures of estimates, and remarks on them.

An exhibit of a lesson's file names one of :data:`KINDS` and gives what the function of that kind
asks for; or it is ``own``, a number of the lesson that is a figure or HTML. A list of exhibits
stands one below the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from classroom import widgets
from classroom.case import Case, Estimate
from classroom.numbers import Numbers, Text
from cxsim.report import firm_rows, styled
from cxsim.runs import settings_attrs
from cxsim.scenario import Scenario

__all__ = ["KINDS", "means_by_firm", "table_of"]

#: Firms that fit side by side.
WIDEST = 4


# -- Tables ------------------------------------------------------------------------------------


def firm_table(
    case: Case, numbers: Numbers, market: str, *, measures: Sequence[str], caption: Text
) -> str:
    """Return means of firms with Monte-Carlo standard errors, as an HTML table.

    A column for each firm, or a row if there are many, so that it fits a projector.

    Parameters
    ----------
    case : Case
    numbers : Numbers
    market : str
        Name of a market.
    measures : sequence of str
    caption : text
        What the table shows; how many seeds is added.
    """
    here: Scenario = numbers.find(case, market)
    means = case.compared(here, here).means
    means = means[means["scenario"] == means["scenario"].iloc[0]]
    rows = firm_rows(means, names=measures, words=case.words)
    rows["cell"] = rows["mean"] + " (" + rows["se"] + ")"
    rows["what"] = rows["label"] + (" (" + rows["unit"] + ")").where(rows["unit"] != "", "")
    shown = rows.pivot(index="what", columns="firm", values="cell")
    shown = shown.loc[list(dict.fromkeys(rows["what"])), list(here.firms)]
    if len(here.firms) > WIDEST:
        shown = shown.T
    shown.index.name = shown.columns.name = None
    said = f"{numbers.fill(case, caption)}: means over {here.period_length}s and "
    said += f"{len(case.seeds)} seeds, with Monte-Carlo standard errors in brackets"
    return table_of(shown, said)


def table_of(shown: pd.DataFrame, caption: str) -> str:
    """Return a frame of texts as an HTML table that fits a projector."""
    table = styled(shown, caption).set_table_attributes(
        'class="cx-table" style="font-size:13.5px;line-height:1.35"'
    )
    narrow = [{"selector": "th, td", "props": "padding: 0.3em 0.45em;"}]
    return str(table.set_table_styles(narrow, overwrite=False).to_html())


# -- Figures -----------------------------------------------------------------------------------


def estimates(
    case: Case,
    numbers: Numbers,
    rows: str | Mapping[str, str],
    *,
    label: Text,
    title: Text,
    **look: Any,
) -> Any:
    """Draw numbers with their intervals, one below the other.

    Parameters
    ----------
    case : Case
    numbers : Numbers
    rows : mapping of str to str
        Names of numbers by what is said of them; or one name, of several estimates by what is
        said of them.
    label, title : text
    **look
        ``note`` and ``size``, as for :func:`cxsim.charts.estimates`.
    """
    from cxsim.charts import estimates as draw

    found: Mapping[str, Estimate] = (
        numbers.find(case, rows)
        if isinstance(rows, str)
        else {said: numbers.find(case, name) for said, name in rows.items()}
    )
    made = [(said, each.value, each.lower, each.upper) for said, each in found.items()]
    frame = pd.DataFrame(made, columns=["name", "value", "lower", "upper"])
    return draw(frame, label=numbers.fill(case, label), title=numbers.fill(case, title), **look)


def response(
    case: Case,
    numbers: Numbers,
    lines: str,
    *,
    label: Text,
    title: Text,
    mark: Mapping[str, str] | None = None,
    ticks: str | None = None,
    **look: Any,
) -> Any:
    """Draw estimates over a parameter.

    Parameters
    ----------
    case : Case
    numbers : Numbers
    lines : str
        Name of the estimates, as :func:`~classroom.numbers.swept` finds them.
    label, title : text
    mark : mapping of str to str, optional
        Name of a value of the parameter, by what is said of it.
    ticks : str, optional
        Name of the words for values of the parameter.
    **look
        ``by``, ``note`` and ``size``, as for :func:`cxsim.charts.response_curve`.
    """
    from cxsim.charts import response_curve as draw

    rows = [
        (name, x, each.value, each.lower, each.upper)
        for name, points in numbers.find(case, lines).items()
        for x, each in points
    ]
    frame = pd.DataFrame(rows, columns=["name", "x", "value", "lower", "upper"])
    marked = [(numbers.find(case, name), said) for said, name in (mark or {}).items()]
    said = {"label": numbers.fill(case, label), "title": numbers.fill(case, title)}
    if ticks is not None:
        look["ticks"] = numbers.find(case, ticks)
    return draw(frame, mark=marked[0] if marked else None, **said, **look)


def paths(
    case: Case,
    numbers: Numbers,
    markets: Sequence[str],
    *,
    firms: Sequence[str],
    events: Mapping[str, str],
    title: Text,
    size: Sequence[float],
) -> Any:
    """Draw shares over time in two markets.

    Parameters
    ----------
    case : Case
    numbers : Numbers
    markets : (str, str)
        Names of the markets.
    firms : sequence of text
    events : mapping of str to str
        Names of periods, by what happens in them.
    title : text
    size : (float, float)
    """
    from cxsim.plot import scenario_time_series as draw

    before, after = (numbers.find(case, name) for name in markets)
    series = case.compared(before, after).series
    series.attrs.update(settings_attrs(before))
    return draw(
        series, firms=[numbers.fill(case, firm) for firm in firms],
        events=[(numbers.find(case, name), said) for said, name in events.items()],
        title=numbers.fill(case, title), size=(size[0], size[1]),
    )  # fmt: skip


def capability_matrix(case: Case, numbers: Numbers, market: str, **look: Any) -> Any:
    """Draw the firms of a market in the matrix.

    Parameters
    ----------
    case : Case
    numbers : Numbers
    market : str
        Name of a market.
    **look
        ``size``, as for :func:`cxsim.plot.capability_matrix`.
    """
    from cxsim.plot import capability_matrix as draw

    return draw(means_by_firm(case, numbers.find(case, market)), **look)


def means_by_firm(case: Case, market: Scenario) -> pd.DataFrame:
    """Return means over seeds as figures of one run take them: a column for each measure."""
    series = case.compared(market, market).series
    series = series[series["scenario"] == series["scenario"].iloc[0]]
    wide = series.pivot(index=["period", "firm"], columns="measure", values="mean")
    wide = wide.reindex(list(market.firms), level="firm").reset_index().rename_axis(columns=None)
    wide.attrs.update(settings_attrs(market))
    return wide


# -- Words, and what a lesson makes itself -----------------------------------------------------


def surprise(case: Case, numbers: Numbers, text: Text) -> str:
    """Return a remark on the results. The text is HTML."""
    return widgets.surprise(numbers.fill(case, text))


def note(case: Case, numbers: Numbers, text: Text) -> str:
    """Return a line of plain text."""
    return widgets.note(numbers.fill(case, text))


def own(case: Case, numbers: Numbers, name: str) -> Any:
    """Return a figure or HTML of the lesson itself."""
    return numbers.find(case, name)


#: Kinds of exhibits, by what stands in front of what they show.
KINDS: dict[str, Callable[..., Any]] = {
    "firm_table": firm_table,
    "estimates": estimates,
    "response": response,
    "paths": paths,
    "capability_matrix": capability_matrix,
    "surprise": surprise,
    "note": note,
    "own": own,
}
