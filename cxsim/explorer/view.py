"""An answer as HTML: the sentence, the figure, the key figures, all of one answer."""

from __future__ import annotations

from html import escape

import pandas as pd

from cxsim.explorer.answer import Answer
from cxsim.notebook.tables import styled
from cxsim.notebook.unstated import caution, unstated_lines
from cxsim.plot.events import events_of
from cxsim.plot.picture import Picture
from cxsim.plot.what_if import what_if
from cxsim.study.break_even import BreakEven

__all__ = ["as_html", "break_even_html", "figure_of", "table_of", "why_html"]


def figure_of(answer: Answer) -> Picture:
    """Return the figure of an answer: shares and profit, baseline and what-if in the same axes."""
    question = answer.question
    series = answer.comparison.series
    if question.asks_nothing:
        series = series[series["scenario"] == answer.comparison.scenarios[0]]
        series.attrs.update(answer.comparison.series.attrs)
    events = events_of(question.scenario())
    title = f"{question.words()}: what happens to {question.firm}"
    if question.asks_nothing:
        title = "The market as it is"
    figure = what_if(series, events=events, title=title, columns=1)
    figure.set_layout_engine("none")  # it stays as it is: laying it out again takes time
    return figure


def table_of(answer: Answer) -> str:
    """Return the key figures of the firm in focus as an HTML table."""
    rows = answer.rows()
    shown = pd.DataFrame(
        {
            "baseline": rows["baseline"],
            "what-if": rows["other"],
            "difference": rows["difference"],
            "95 % interval": rows["lower"] + " to " + rows["upper"],
        }
    )
    unit = rows["unit"].where(rows["unit"] == "", rows["unit"] + ", ")
    shown.index = pd.Index(rows["measure"] + " (" + unit + rows["summary"] + ")")
    seeds = len(answer.comparison.seeds)
    caption = f"{answer.question.firm}: means over {seeds} paired seeds; bold where beyond chance"
    bold = ["font-weight: bold" if each else "" for each in rows["sure"]]
    table = styled(shown, caption).apply(lambda _: bold, subset=["difference"])
    return str(table.to_html())


def as_html(answer: Answer) -> str:
    """Return sentence, figure and key figures as one piece of HTML."""
    return (
        f'<p class="cx-answer"><strong>{escape(answer.sentence())}</strong></p>'
        f"<p>{escape(answer.worth())}</p>"
        f"{caution(unstated_lines([answer.question.scenario()]))}"
        f"{figure_of(answer)._repr_html_()}{table_of(answer)}"
    )


def why_html(parts: pd.DataFrame, *, firm: str, measure: str) -> str:
    """Return what each term of the choice accounts for as an HTML table.

    Parameters
    ----------
    parts : DataFrame
        As :func:`cxsim.study.why.why` returns for a measure in shares.
    firm, measure : str
        For the caption.
    """
    points = parts[["part", "lower", "upper"]] * 100
    shown = pd.DataFrame(
        {
            "accounts for": points["part"].map("{:+.2f}".format),
            "95 % interval": points["lower"].map("{:+.2f}".format)
            + " to "
            + points["upper"].map("{:+.2f}".format),
        }
    ).replace("-", "−", regex=True)
    shown.index = pd.Index(list(parts["term"]))
    whole = f"{100 * parts['difference'].iloc[0]:+.2f}".replace("-", "−")
    caption = (
        f"Why {firm}'s {measure} changes by {whole} points: by how much less it changes if "
        "customers are blind to one term of the choice. Terms work together; parts need not add up."
    )
    return str(styled(shown, caption).to_html())


def break_even_html(found: BreakEven, *, firm: str, unit: str) -> str:
    """Return in words at which price a firm breaks even with the baseline."""
    return (
        f"<p><strong>Break-even price of {escape(firm)}</strong> (net present value against the "
        f"baseline): {escape(found.sentence(unit))} {escape(found.worth(unit))}</p>"
    )
