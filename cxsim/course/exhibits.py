"""What lessons show: tables of firms and frames of estimates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from cxsim.course.case import Case
from cxsim.course.estimate import Estimate
from cxsim.notebook import tables
from cxsim.notebook.cells import firm_rows
from cxsim.runs import settings_attrs
from cxsim.scenario import Scenario

__all__ = ["courses", "firm_table", "frame_of", "means_by_firm", "sweep", "table_of"]

#: Firms that fit side by side.
WIDEST = 4


def firm_table(case: Case, market: Scenario, measures: Sequence[str], caption: str) -> str:
    """Return means of firms with Monte-Carlo standard errors, as an HTML table.

    A column for each firm, or a row if there are many, so that it fits a projector.

    Parameters
    ----------
    case : Case
    market : Scenario
    measures : sequence of str
    caption : str
        What the table shows; how many seeds is added.
    """
    means = case.compared(market, market).means
    means = means[means["scenario"] == means["scenario"].iloc[0]]
    rows = firm_rows(means, names=measures, words=case.words)
    rows["cell"] = rows["mean"] + " (" + rows["se"] + ")"
    rows["what"] = rows["label"] + (" (" + rows["unit"] + ")").where(rows["unit"] != "", "")
    shown = rows.pivot(index="what", columns="firm", values="cell")
    shown = shown.loc[list(dict.fromkeys(rows["what"])), list(market.firms)]
    if len(market.firms) > WIDEST:
        shown = shown.T
    shown.index.name = shown.columns.name = None
    said = f"{caption}: means over {market.period_length}s and {len(case.seeds)} seeds, "
    return table_of(shown, said + "with Monte-Carlo standard errors in brackets")


def table_of(shown: pd.DataFrame, caption: str) -> str:
    """Return a frame of texts as an HTML table that fits a projector."""
    styled = tables.styled(shown, caption).set_table_attributes(
        'class="cx-table" style="font-size:13.5px;line-height:1.35"'
    )
    narrow = [{"selector": "th, td", "props": "padding: 0.3em 0.45em;"}]
    return str(styled.set_table_styles(narrow, overwrite=False).to_html())


def courses(case: Case, *markets: Scenario) -> pd.DataFrame:
    """Return courses over the periods with their intervals: ``scenario, firm, period, ...``."""
    several = markets if len(markets) > 1 else (markets[0], markets[0])
    series = case.compared(*several).series
    if len(markets) == 1:
        series = series[series["scenario"] == series["scenario"].iloc[0]].drop(columns="scenario")
    series.attrs.update(settings_attrs(markets[0]))
    return series


def means_by_firm(case: Case, market: Scenario) -> pd.DataFrame:
    """Return courses as figures of one run take them: a column for each measure."""
    series = courses(case, market)
    wide = series.pivot(index=["period", "firm"], columns="measure", values="mean")
    wide = wide.reindex(list(market.firms), level="firm").reset_index().rename_axis(columns=None)
    wide.attrs.update(settings_attrs(market))
    return wide


def frame_of(estimates: Mapping[str, Estimate]) -> pd.DataFrame:
    """Return estimates by name as a frame: ``name, value, lower, upper``."""
    rows = [(name, each.value, each.lower, each.upper) for name, each in estimates.items()]
    return pd.DataFrame(rows, columns=["name", "value", "lower", "upper"])


def sweep(lines: Mapping[str, Iterable[tuple[float, Estimate]]]) -> pd.DataFrame:
    """Return estimates over a parameter: ``name, x, value, lower, upper``."""
    rows: list[tuple[Any, ...]] = [
        (name, x, each.value, each.lower, each.upper)
        for name, points in lines.items()
        for x, each in points
    ]
    return pd.DataFrame(rows, columns=["name", "x", "value", "lower", "upper"])
