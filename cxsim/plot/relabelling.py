"""A figure in the words of its scenario: patients or students where it would say customers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any, TypeVar

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from cxsim.plot.words import Words

__all__ = ["relabelled"]

#: Columns of frames that hold names, in which nothing is replaced.
_NAMES = ("firm", "origin", "destination", "supplier", "scenario", "segment")

T = TypeVar("T")


def relabelled(made: T, given: Iterable[Any]) -> T:
    """Put a figure into the words of the frame that it was made of; leave anything else alone.

    Parameters
    ----------
    made : Figure
    given : iterable
        The arguments that it was made of; the first frame among them says what things
        are called, in its ``attrs``.
    """
    frames = [each for each in given if isinstance(each, pd.DataFrame)]
    if not frames or not isinstance(made, Figure):
        return made
    words = Words.of(frames[0].attrs)
    keep = _names(frames[0])
    changed = False
    for text in made.findobj(Text):
        before = text.get_text()
        after = words.say(before, keep=keep)
        if after != before:
            changed = True
            text.set_text(after if len(after) <= len(before) else _rewrapped(before, after))
    for axis in (each for axes in made.axes for each in (axes.xaxis, axes.yaxis)):
        if isinstance(axis.get_major_locator(), FixedLocator):  # written anew at every drawing
            ticks = [label.get_text() for label in axis.get_ticklabels()]
            said = [words.say(tick, keep=keep) for tick in ticks]
            if said != ticks:
                axis.set_ticklabels(said)
    made.set_label(words.say(str(made.get_label()), keep=keep))
    engine = made.get_layout_engine()
    if changed and engine is not None:
        engine.execute(made)
    return made


def _names(frame: pd.DataFrame) -> list[str]:
    return [str(n) for c in _NAMES if c in frame for n in frame[c].dropna().unique()]


def _rewrapped(before: str, after: str) -> str:
    """Break a text that grew into lines no longer than its lines were."""
    lines = before.split("\n")
    if len(lines) == 1:
        return after
    return "\n".join(textwrap.wrap(" ".join(after.split("\n")), max(map(len, lines))))
