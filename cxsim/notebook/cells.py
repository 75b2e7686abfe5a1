"""The numbers of a report as text: one unit per measure, as many digits as the errors allow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from cxsim.measures import key_measures, measures
from cxsim.measures.summary import MARKET, window_words
from cxsim.plot.numbers import scale_for
from cxsim.plot.words import PLAIN, Words

__all__ = ["decimals", "difference_rows", "firm_rows", "summary_words"]


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
    """Return the places after the point that show one digit of the typical error, two of 0.1."""
    top = max((abs(value) for value in values if math.isfinite(value)), default=1.0)
    known = [error for error in errors if math.isfinite(error) and error > 1e-9 * top]
    if not known:  # nothing says how far the digits can be trusted
        return 0 if top >= 100 else 1 if top >= 10 else 2
    return int(np.clip(math.ceil(-math.log10(float(np.median(known)) / 2)), 0, 4))


def _text(value: float, decimals: int, *, signed: bool = False) -> str:
    if not math.isfinite(value):
        return "–"
    rounded = round(value, decimals) or 0.0
    sign = "−" if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):,.{decimals}f}"


def _unit(unit: str, summary: str) -> str:
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
        other_se, difference, lower, upper, narrowing`` as text, and ``sure``: whether the
        interval leaves out zero.
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
        for name, is_market in [*((n, False) for n in names), *((n, True) for n in market)]:
            here = by_scenario[
                (by_scenario["measure"] == name) & ((by_scenario["firm"] == MARKET) == is_market)
            ]
            if here.empty:
                continue
            first = here.iloc[0]
            shown = pd.concat([here["baseline"], here["other"]])
            scale = scale_for(_unit(first["unit"], first["summary"]), shown, words=words)
            errors = pd.concat([here["baseline_se"], here["other_se"]]) * scale.factor
            fine = here["se"] * scale.factor
            places = decimals(errors, shown * scale.factor)
            finer = max(places, decimals(fine, shown * scale.factor))
            for _, row in here.iterrows():
                rows.append(
                    {
                        "scenario": scenario,
                        "measure": words.say(first["label"]),
                        "unit": words.say(scale.unit),
                        "summary": first.get("window") or summary_words(first["summary"], words),
                        "definition": words.say(known.get((is_market, name), "")),
                        "firm": "the market" if is_market else row["firm"],
                        **{
                            key: _text(row[key] * scale.factor, places)
                            for key in ("baseline", "baseline_se", "other", "other_se")
                        },
                        **{
                            key: _text(row[key] * scale.factor, finer, signed=True)
                            for key in ("difference", "lower", "upper")
                        },
                        "narrowing": _narrowing(row["narrowing"]),
                        "sure": bool(row["lower"] > 0 or row["upper"] < 0),
                    }
                )
    return pd.DataFrame(rows)


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
        unit = _unit(known[name].unit, known[name].summary)
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
