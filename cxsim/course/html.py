"""How the course looks: boxes whose colour and word both say what they are."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from cxsim.course.feedback import OPEN, RIGHT, WRONG

__all__ = ["as_html", "box", "facts", "hidden", "note", "surprise", "verdict_box"]

# Colours of Okabe & Ito (2008), dark enough for text on white; the ground is left to the theme.
_COLORS = {"ask": "#0072B2", RIGHT: "#00795A", WRONG: "#B84E00", OPEN: "#6B6B6B", "wait": "#6B6B6B"}
_HEADS = {RIGHT: "Right", WRONG: "Not right", OPEN: "Not settled"}
_TEXT = "font-size:16px;line-height:1.5;max-width:46em;white-space:normal"


def box(kind: str, head: str, *paragraphs: str) -> str:
    """Return a box with a coloured edge. The paragraphs are HTML.

    Parameters
    ----------
    kind : {"ask", "right", "wrong", "open", "wait"}
    head : str
        In bold before the first paragraph; plain text.
    *paragraphs : str
    """
    color = _COLORS[kind]
    start = f'<strong style="color:{color}">{escape(head)}</strong>' if head else ""
    inside = [*paragraphs] or [""]
    inside[0] = f"{start} {inside[0]}".strip()
    body = "".join(f'<p style="margin:0.35em 0">{each}</p>' for each in inside)
    return (
        f'<div class="cx-{kind}" style="border-left:5px solid {color};padding:0.1em 0.9em;'
        f'margin:0.6em 0;{_TEXT}">{body}</div>'
    )


def verdict_box(verdict: str, *paragraphs: str, head: str = "") -> str:
    """Return a box that begins with Right, Not right or Not settled."""
    return box(verdict, f"{head}{_HEADS[verdict]}.", *paragraphs)


def surprise(*paragraphs: str) -> str:
    """Return what is remarkable in what came out. The paragraphs are HTML."""
    return box("ask", "The surprise.", *paragraphs)


def hidden(summary: str, inside: str) -> str:
    """Return HTML that shows once it is clicked."""
    return (
        f'<details style="{_TEXT};margin:0.4em 0 1em 1.2em"><summary style="cursor:pointer">'
        f"{escape(summary)}</summary>{inside}</details>"
    )


def note(text: str) -> str:
    """Return a line of plain text."""
    return f'<p style="{_TEXT};margin:0.4em 0">{escape(text)}</p>'


def facts(pairs: Mapping[str, str]) -> str:
    """Return words and values one below the other, as HTML."""
    rows = "".join(
        f"<li>{escape(what)}: <strong>{escape(str(value))}</strong></li>"
        for what, value in pairs.items()
    )
    return f'<ul style="{_TEXT};margin:0.4em 0;padding-left:1.4em">{rows}</ul>'


def as_html(thing: Any) -> str:
    """Return figures, tables, texts of HTML, and lists of them as one piece of HTML."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, (list, tuple)):
        return "".join(as_html(each) for each in thing)
    if hasattr(thing, "_repr_html_"):
        return str(thing._repr_html_())
    raise TypeError(f"expected a figure, a table or HTML, found {type(thing).__name__}")
