"""Tables of a report: captions, units and errors, readable without a style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from cxsim.measures.frames import quadrant
from cxsim.notebook.cells import difference_rows, firm_rows
from cxsim.plot.numbers import Words, number
from cxsim.runs import settings_attrs
from cxsim.scenario import Scenario

__all__ = ["differences", "facts", "firms", "measured", "settings", "styled"]


def styled(
    frame: pd.DataFrame,
    caption: str,
    *,
    words_in: Sequence[Any] = (),
    definitions: Mapping[str, str] | None = None,
) -> Any:
    """Return a table with a caption: numbers to the right, words to the left.

    Parameters
    ----------
    frame : DataFrame
        Cells as text; the index names the rows.
    caption : str
    words_in : sequence
        Columns that hold words.
    definitions : mapping of str to str, optional
        What names of rows (of the first level) mean: shown when a name is pointed at.
    """
    styler = frame.style.set_caption(escape(caption)).set_table_attributes('class="cx-table"')
    styler = styler.format(escape="html").format_index(escape="html", axis=0)
    if definitions:
        styler = styler.format_index(lambda name: _explained(name, definitions), axis=0, level=0)
    styler = styler.format_index(escape="html", axis=1)
    rules = [
        ("caption", "caption-side: top; text-align: left;"),
        ("th, td", "text-align: right; vertical-align: top;"),
        ("td", "white-space: nowrap;"),
        ("th.row_heading", "text-align: left; font-weight: normal;"),
        ("th.level1", "white-space: nowrap;"),
    ]
    places = [frame.columns.get_loc(column) for column in words_in]
    rules += [(f".col{k}", "text-align: left; white-space: normal;") for k in places]
    return styler.set_table_styles([{"selector": s, "props": props} for s, props in rules])


def _explained(name: Any, definitions: Mapping[str, str]) -> str:
    """Return the name of a row as HTML, with its definition where it has one."""
    text, said = escape(str(name)), definitions.get(str(name))
    return f'<abbr title="{escape(said)}">{text}</abbr>' if said else text


def defined(rows: pd.DataFrame, name: str) -> str:
    """Return definitions of measures as an HTML note, each once.

    Parameters
    ----------
    rows : DataFrame
        As :func:`cxsim.notebook.cells.firm_rows` or ``difference_rows`` return.
    name : str
        Column that names the measures.
    """
    said = dict(zip(rows[name], rows["definition"], strict=True))
    parts = (f"<dt>{escape(n)}</dt><dd>{escape(d)}</dd>" for n, d in said.items() if d)
    return (
        '<details class="cx-definitions"><summary>What the measures are</summary>'
        f"<dl>{''.join(parts)}</dl></details>"
    )


def differences(
    table: pd.DataFrame, *, baseline: str, confidence: float, words: Words
) -> list[Any]:
    """Return one table of paired differences per scenario compared with the baseline.

    Parameters
    ----------
    table : DataFrame
        ``Comparison.table``.
    baseline : str
        Its name.
    confidence : float
    words : Words
        What a period and the currency are called.
    """
    rows = difference_rows(table, words=words)
    if rows.empty:
        return []
    percent = f"{100 * confidence:g} % interval"
    tables = []
    for name, here in rows.groupby("scenario", sort=False):
        shown = pd.DataFrame(
            {
                baseline: _with_error(here["baseline"], here["baseline_se"]),
                str(name): _with_error(here["other"], here["other_se"]),
                "difference": here["difference"],
                percent: here["lower"] + " to " + here["upper"],
                "narrower by": here["narrowing"],
            }
        )
        what = [_measure(row) for row in here.to_dict("records")]
        defined = {w: d for w, d in zip(what, here["definition"], strict=True) if d}
        shown.index = pd.MultiIndex.from_arrays([what, list(here["firm"])])
        sure = here["sure"].to_numpy()
        caption = (
            f"{name} less {baseline}. Standard errors in brackets; in bold, differences whose "
            "interval leaves out zero; the last column says how many times narrower "
            "pairing makes the interval."
        )
        styler = styled(shown, caption, definitions=defined)
        bold = ["font-weight: bold" if each else "" for each in sure]
        tables.append(styler.apply(lambda _, bold=bold: bold, subset=["difference"]))
    return tables


def measured(
    means: pd.DataFrame,
    caption: str,
    *,
    names: Sequence[str] | None = None,
    words: Words,
    periods: int | None = None,
) -> Any:
    """Return means with their standard errors: a row per measure, a column per firm.

    Parameters
    ----------
    means : DataFrame
        ``measure, firm, mean, se``.
    caption : str
    names : sequence of str, optional
        Measures to show, in order; default: the key measures.
    words : Words
        What a period and the currency are called.
    periods : int, optional
        Of the runs, for the window of a summary.
    """
    rows = firm_rows(means, names=names, words=words, periods=periods)
    rows["cell"] = _with_error(rows["mean"], rows["se"])
    rows["what"] = [_measure({**row, "measure": row["label"]}) for row in rows.to_dict("records")]
    firms = list(dict.fromkeys(rows["firm"]))
    shown = rows.pivot(index="what", columns="firm", values="cell")
    shown = shown.loc[list(dict.fromkeys(rows["what"])), firms].fillna("–")
    shown.index.name = shown.columns.name = None
    meant = dict(zip(rows["what"], rows["definition"], strict=True))
    table = styled(shown, caption, definitions=meant)
    return Noted(table.to_html() + defined(rows, "label"))


class Noted:
    """A table with a note below it, as a notebook shows it."""

    def __init__(self, html: str):
        self.html = html

    def to_html(self) -> str:
        """Return it as HTML."""
        return self.html

    def _repr_html_(self) -> str:
        return self.html


def _with_error(mean: pd.Series, error: pd.Series) -> pd.Series:
    return mean + " (" + error + ")"


def _measure(row: dict[str, Any]) -> str:
    unit = f"{row['unit']}, " if row["unit"] else ""
    return f"{row['measure']} ({unit}{row['summary']})"


def firms(scenario: Scenario) -> tuple[Any, list[str]]:
    """Return a table of what sets the firms of a scenario apart, and a list of what does not."""
    units = Scenario.parameters().set_index("path")["unit"]
    given = dict.fromkeys(key for each in scenario.to_dict()["firms"].values() for key in each)
    rows: dict[str, list[str]] = {}
    alike: list[str] = []
    names = list(scenario.firms)
    words = Words.of(settings_attrs(scenario))
    for key in ("interaction", "customization", *given):
        values = [getattr(scenario.firms[name], key, None) for name in names]
        if not all(isinstance(value, (int, float, str)) for value in values):
            continue
        unit = _unit(str(units.get(f"firms.*.{key}", "")), scenario)
        label = key.replace("_", " ")
        cells = [_plain(value) for value in values]
        if key in ("interaction", "customization") or len(set(cells)) > 1:
            rows[words.say(label + (f" ({unit})" if unit else ""))] = cells
        else:
            alike.append(words.say(f"{label} {cells[0]}" + (f" {unit}" if unit else "")))
    rows["quadrant"] = [
        quadrant(each.interaction, each.customization, scenario.matrix_threshold)
        for each in scenario.firms.values()
    ]
    shown = pd.DataFrame.from_dict(rows, orient="index", columns=names)
    return styled(shown, "What sets the firms apart at the start"), alike


def _unit(unit: str, scenario: Scenario) -> str:
    unit = "" if unit in ("share", "1", "flag") else unit
    unit = unit.replace("currency", scenario.currency)
    return unit.replace("per period", f"per {scenario.period_length}")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(float(value), 6) if isinstance(value, (int, float)) else str(value)


def settings(rows: pd.DataFrame, caption: str) -> Any:
    """Return parameters that differ: columns ``path`` and one per scenario."""
    shown = rows.set_index("path").astype(str)
    shown.index.name = None
    return styled(shown, caption, words_in=list(shown.columns))


def facts(pairs: Iterable[tuple[str, Any]], caption: str) -> Any:
    """Return a table of two columns: what, and its value."""
    pairs = [(what, str(value)) for what, value in pairs]
    frame = pd.DataFrame({"value": [v for _, v in pairs]}, index=[w for w, _ in pairs])
    return styled(frame, caption, words_in=["value"]).hide(axis="columns")
