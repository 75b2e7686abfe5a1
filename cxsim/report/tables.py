"""Tables of a report: captions, units and errors, readable without a style sheet."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxsim.charts.labels import PLAIN, Words, fixed, number, scale_for
from cxsim.runs import settings_attrs
from cxsim.runs.measures.frames import quadrant
from cxsim.runs.measures.measure_registry import MARKET, key_measures, measures, window_words
from cxsim.scenario import Scenario
from cxsim.scenario.display import templates
from cxsim.scenario.unstated import defaults_line, free_line, unstated_table

# -- Pieces of HTML ----------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _pieces() -> Any:
    return templates(Path(__file__).parent).get_template("pieces.html").module


def piece(name: str, *values: Any, **more: Any) -> str:
    """Return a piece of a report as HTML: a macro of ``pieces.html``, which escapes its values.

    Parameters
    ----------
    name : str
        Of a macro.
    *values
        Its arguments, in order.
    **more
        Its arguments, by name.

    Returns
    -------
    str
        HTML.
    """
    return str(getattr(_pieces(), name)(*values, **more))


def show(html: str) -> Any:
    """Return HTML as a notebook shows it."""
    from IPython.display import HTML

    return HTML(html)


# -- Tables of a report: captions, units and errors, readable without a style sheet ------------


def styled(
    frame: pd.DataFrame,
    caption: str,
    *,
    words_in: Sequence[Any] = (),
    definitions: Mapping[str, str] | None = None,
    sure: Sequence[bool] | None = None,
) -> Any:
    """Return a table with a caption: numbers to the right, words to the left; no axis is named.

    Parameters
    ----------
    frame : DataFrame
        Cells as text; the index names the rows.
    caption : str
    words_in : sequence
        Columns that hold words.
    definitions : mapping of str to str, optional
        What names of rows (of the first level) mean: shown when a name is pointed at.
    sure : sequence of bool, optional
        Which rows of the column ``difference`` are in bold.
    """
    frame = frame.rename_axis([None] * frame.index.nlevels).rename_axis(columns=[None])
    styler = frame.style.set_caption(escape(caption)).set_table_attributes('class="cx-table"')
    styler = styler.format(escape="html").format_index(escape="html", axis=0)
    if definitions:
        styler = styler.format_index(
            lambda name: piece("abbreviation", name, definitions.get(str(name))), axis=0, level=0
        )
    styler = styler.format_index(escape="html", axis=1)
    rules = [
        ("caption", "caption-side: top; text-align: left;"),
        ("th, td", "text-align: right; vertical-align: top;"),
        ("td", "white-space: nowrap;"),
        ("th.row_heading", "text-align: left; font-weight: normal;"),
        ("th.level1", "white-space: nowrap;"),
    ]
    if sure is not None:
        bold = ["font-weight: bold" if each else "" for each in sure]
        styler = styler.apply(lambda _: bold, subset=["difference"])
    places = [frame.columns.get_loc(column) for column in words_in]
    rules += [(f".col{k}", "text-align: left; white-space: normal;") for k in places]
    return styler.set_table_styles([{"selector": s, "props": props} for s, props in rules])


def income_statement(
    frame: pd.DataFrame, title: str, definitions: Mapping[str, str], words: Words
) -> Any:
    """Return an income statement as a table: a row for each line, a column for each year.

    Parameters
    ----------
    frame : DataFrame
        ``line``, amounts by year and over the whole run, and its standard error, in currency;
        ``scenario`` where there are several.
    title : str
    definitions : mapping of str to str
        What lines mean.
    words : Words
        What the currency is called.
    """
    several = "scenario" in frame
    rows = frame.set_index(["scenario", "line"] if several else ["line"])
    scale = scale_for("currency", rows["whole run"], words=words)
    shown = rows.map(lambda amount: scale.bare(amount) if math.isfinite(amount) else "")
    shown.columns = [name.capitalize() for name in rows]
    caption = f"{title} ({scale.unit}; costs are negative)"
    return styled(shown, caption, definitions=None if several else definitions)


def defined(rows: pd.DataFrame, name: str) -> str:
    """Return definitions of measures as an HTML note, each once.

    Parameters
    ----------
    rows : DataFrame
        As :func:`cxsim.report.tables.firm_rows` or ``difference_rows`` return.
    name : str
        Column that names the measures.
    """
    return piece("definitions", dict(zip(rows[name], rows["definition"], strict=True)))


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
                "precision gain": here["width_ratio"],
            }
        )
        what = [_measure(row) for row in here.to_dict("records")]
        defined = {w: d for w, d in zip(what, here["definition"], strict=True) if d}
        shown.index = pd.MultiIndex.from_arrays([what, list(here["firm"])])
        caption = (
            f"Difference: {name} minus {baseline}. Standard errors in brackets; bold: the interval "
            "excludes zero. Precision gain: how many times narrower pairing makes the interval."
        )
        tables.append(styled(shown, caption, definitions=defined, sure=here["sure"]))
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
    meant = dict(zip(rows["what"], rows["definition"], strict=True))
    table = styled(shown, caption, definitions=meant)
    return show(table.to_html() + defined(rows, "label"))


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
        unit = unit_of(str(units.get(f"firms.*.{key}", "")), scenario)
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
    return styled(shown, words.say("Differences between the firms at the start")), alike


def unit_of(unit: str, scenario: Scenario) -> str:
    """Return a unit in the currency and periods of a scenario; none of a pure number."""
    unit = "" if unit in ("share", "1", "flag") else unit
    unit = unit.replace("currency", scenario.currency)
    return re.sub(r"\bperiod(s?)\b", rf"{scenario.period_length}\1", unit)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(float(value), 6) if isinstance(value, (int, float)) else str(value)


def settings(rows: pd.DataFrame, caption: str) -> Any:
    """Return parameters that differ: columns ``path`` and one per scenario.

    Parameters
    ----------
    rows : DataFrame
        A row per parameter, its values by scenario.
    caption : str

    Returns
    -------
    HTML
    """
    shown = rows.set_index("path").astype(str)
    return styled(shown, caption, words_in=list(shown.columns))


def facts(pairs: Iterable[tuple[str, Any]], caption: str) -> Any:
    """Return a table of two columns: what, and its value.

    Parameters
    ----------
    pairs : iterable of (str, object)
    caption : str

    Returns
    -------
    HTML
    """
    pairs = [(what, str(value)) for what, value in pairs]
    frame = pd.DataFrame({"value": [v for _, v in pairs]}, index=[w for w, _ in pairs])
    return styled(frame, caption, words_in=["value"]).hide(axis="columns")


# -- The numbers of a report as text: one unit per measure, as many digits as the errors allow


def summary_words(how: str, words: Words = PLAIN, periods: int | None = None) -> str:
    """Return in words how a measure is summarized over a run, and over which periods.

    Parameters
    ----------
    how : {"last", "mean", "sum", "to_date"}
    words : Words
        What a period is called.
    periods : int, optional
        How many there are; default: the window has no numbers.
    """
    if periods is not None:
        return window_words(how, 0, periods - 1, words.period)
    if how in ("last", "to_date"):
        return f"{'in' if how == 'last' else 'up to'} the last {words.period}"
    return f"{how} over {words.period}s"


def decimals(errors: Iterable[float], values: Iterable[float]) -> int:
    """Return the places after the point that show one digit of the typical error, two of 0.1.

    Parameters
    ----------
    errors : iterable of float
        Standard errors, in the unit of the values.
    values : iterable of float

    Returns
    -------
    int
    """
    top = max((abs(value) for value in values if math.isfinite(value)), default=1.0)
    known = [error for error in errors if math.isfinite(error) and error > 1e-9 * top]
    if not known:  # nothing says how far the digits can be trusted
        return 0 if top >= 100 else 1 if top >= 10 else 2
    return int(np.clip(math.ceil(-math.log10(float(np.median(known)) / 2)), 0, 4))


def _text(value: float, decimals: int, *, signed: bool = False) -> str:
    return fixed(value, decimals, signed=signed) if math.isfinite(value) else "–"


def _summary_unit(unit: str, summary: str) -> str:
    """Return the unit of a measure once it is summarized: a sum over periods is not per period."""
    return unit.replace(" per period", "") if summary == "sum" else unit


def difference_rows(
    table: pd.DataFrame,
    *,
    names: Sequence[str] | None = None,
    market: Sequence[str] | None = None,
    words: Words = PLAIN,
) -> pd.DataFrame:
    """Return paired differences as text, one row per scenario, measure and firm.

    Parameters
    ----------
    table : DataFrame
        ``Comparison.table``.
    names, market : sequence of str, optional
        Measures of firms and of the market to show, in order; default: the key measures.
    words : Words
        What a period and the currency are called.

    Returns
    -------
    DataFrame
        ``scenario, measure, unit, summary, definition, firm, baseline, baseline_se, other,
        other_se, difference, lower, upper, width_ratio`` as text, and ``sure``: whether the
        interval excludes zero.
    """
    names = key_measures("firm") if names is None else names
    market = key_measures("market") if market is None else market
    known = {
        (level == "market", each.name): each.definition
        for level in ("firm", "market")
        for each in measures(level)
    }
    rows = []
    for scenario, by_scenario in table.groupby("scenario", sort=False):
        for is_market, wanted in ((False, names), (True, market)):
            theirs = by_scenario[(by_scenario["firm"] == MARKET) == is_market]
            for name in wanted:
                here = theirs[theirs["measure"] == name]
                said = known.get((is_market, name), "")
                rows += [
                    {"scenario": scenario, **row} for row in _difference_texts(here, said, words)
                ]
    return pd.DataFrame(rows)


def _difference_texts(here: pd.DataFrame, definition: str, words: Words) -> list[dict[str, Any]]:
    """Return the differences of one measure as text, a row for each firm."""
    if here.empty:
        return []
    first = here.iloc[0]
    shown = pd.concat([here["baseline"], here["other"]])
    scale = scale_for(_summary_unit(first["unit"], first["summary"]), shown, words=words)
    factor, errors = scale.factor, pd.concat([here["baseline_se"], here["other_se"]])
    places = decimals(errors * factor, shown * factor)
    finer = max(places, decimals(here["se"] * factor, shown * factor))
    return [
        {
            "measure": words.say(first["label"]),
            "unit": words.say(scale.unit),
            "summary": first.get("window") or summary_words(first["summary"], words),
            "definition": words.say(definition),
            "firm": "the market" if row["firm"] == MARKET else row["firm"],
            **{
                key: _text(row[key] * factor, places)
                for key in ("baseline", "baseline_se", "other", "other_se")
            },
            **{
                key: _text(row[key] * factor, finer, signed=True)
                for key in ("difference", "lower", "upper")
            },
            "width_ratio": _narrowing(row["width_ratio"]),
            "sure": bool(row["lower"] > 0 or row["upper"] < 0),
        }
        for row in here.to_dict("records")
    ]


def _narrowing(value: float) -> str:
    return f"{value:.1f}×" if math.isfinite(value) else "–"


def firm_rows(
    means: pd.DataFrame,
    *,
    names: Sequence[str] | None = None,
    words: Words = PLAIN,
    periods: int | None = None,
) -> pd.DataFrame:
    """Return means of measures as text, one row per measure and firm.

    Parameters
    ----------
    means : DataFrame
        ``measure, firm, mean, se``.
    names : sequence of str, optional
        Measures to show, in order; default: the key measures.
    words : Words
        What a period and the currency are called.
    periods : int, optional
        Of the runs, for the window of a summary.

    Returns
    -------
    DataFrame
        ``measure, label, definition, unit, summary, firm, mean, se`` as text.
    """
    known = {measure.name: measure for measure in measures("firm")}
    names = key_measures("firm") if names is None else names
    rows = []
    for name in names:
        here = means[(means["measure"] == name) & (means["firm"] != MARKET)]
        if here.empty or name not in known:
            continue
        unit = _summary_unit(known[name].unit, known[name].summary)
        scale = scale_for(unit, here["mean"], words=words)
        places = decimals(here["se"] * scale.factor, here["mean"] * scale.factor)
        rows += [
            {
                "measure": name,
                "label": words.say(known[name].label),
                "definition": words.say(known[name].definition),
                "unit": words.say(scale.unit),
                "summary": summary_words(known[name].summary, words, periods),
                "firm": row["firm"],
                "mean": _text(row["mean"] * scale.factor, places),
                "se": _text(row["se"] * scale.factor, places),
            }
            for _, row in here.iterrows()
        ]
    return pd.DataFrame(rows)


# -- What a report says of what its scenarios leave unstated -----------------------------------


def unstated_lines(scenarios: Iterable[Scenario]) -> list[str]:
    """Return costs that are zero because they are not stated, and other defaults.

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


def unstated_section(scenarios: Sequence[Scenario]) -> Any:
    """Show a heading; return a table of what the scenarios do not state, or a sentence.

    Parameters
    ----------
    scenarios : sequence of Scenario
    """
    from IPython.display import display

    display(show(piece("heading", "Values that the scenario does not state", 2)))
    frames = {each.name: unstated_table(each) for each in scenarios}
    whole = pd.concat([frame.assign(scenario=name) for name, frame in frames.items()])
    if whole.empty:
        said = "The scenario states every cost and every other value that the answer rests on."
        return show(piece("paragraphs", [said]))
    parts = whole.groupby(
        ["parameter", "of", "meaning", "value", "unit", "source"], sort=False, dropna=False
    )["scenario"].agg(lambda names: ", ".join(dict.fromkeys(names)))
    shown = parts.reset_index().set_index("parameter")
    shown["value"] = [_plain_value(value) for value in shown["value"]]
    shown["source"] = [_source(value) for value in shown["source"]]
    if len(frames) == 1 or shown["scenario"].nunique() == 1:
        shown = shown.drop(columns="scenario")
    caption = (
        "Parameters that the answer rests on and the scenario does not state itself. A cost that "
        "was left out counts as 0; to state that it is 0, write 0."
    )
    return styled(shown, caption, words_in=list(shown.columns))


def _plain_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.10g}" if isinstance(value, (int, float)) else str(value)


def _source(source: str) -> str:
    return "default" if source == "default" else f"taken from {source}"


# -- All parameters of a kind, grouped by mechanism, with a field to search them ---------------


def parameter_list(level: str = "firms") -> Any:
    """Return the parameters of firms, segments or the market: grouped, with a field to search.

    Parameters
    ----------
    level : str
        How the paths begin; empty for all.

    Returns
    -------
    HTML
        A fold for each mechanism, whose parameters a search opens.
    """
    frame = Scenario.parameters()
    frame = frame[frame["path"].str.startswith(level)]
    groups = {}
    for name, part in frame.groupby("mechanism", sort=False):
        shown = part.to_dict("records")
        groups[_group(str(name))] = [
            {
                "path": row["path"], "unit": row["unit"], "default": _plain_value(row["default"]),
                "range": _range_words(row["minimum"], row["maximum"]),
                "meaning": row["description"], "source": row["source"],
            }
            for row in shown
        ]  # fmt: skip
    return show(piece("parameters", groups, f"{len(frame)} parameters of {level or 'a scenario'}"))


def _group(name: str) -> str:
    return name.replace("_", " ").capitalize() or "Core"


def _range_words(low: Any, high: Any) -> str:
    ends = ["" if each is None or each != each else f"{each:g}" for each in (low, high)]
    if all(ends):
        return f"{ends[0]} to {ends[1]}"
    return f"from {ends[0]}" if ends[0] else f"up to {ends[1]}" if ends[1] else "any"
