"""What a waiting user sees: one bar on a terminal, one line per stage elsewhere."""

from __future__ import annotations

import sys
from typing import Any

from cxsim.cli.saying import TITLE, say
from cxsim.plain_text import visible

__all__ = ["Screen"]


class Screen:
    """Progress in the error stream, for ``progress=`` of notebooks and runs.

    Call it with (stage, done, total). On a terminal it is one bar that is gone at the
    end; in a file or a pipe each stage is one line, without control characters.
    """

    def __init__(self, title: str):
        self._title = visible(title, longest=TITLE)
        self._stage = ""
        self._bar: Any = None
        self._live = sys.stderr.isatty()

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *args: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show a stage, and how much of it is done if there is something to count."""
        if self._live:
            self._draw(stage, done, total)
        elif stage != self._stage:
            say(f"{self._title}: {stage}", err=True)
        self._stage = stage

    def _draw(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(file=sys.stderr, leave=False, total=0, dynamic_ncols=True)
        counted = "{bar:30} {n_fmt}/{total_fmt} {elapsed}" if total else "{elapsed}"
        self._bar.bar_format = f"{self._title}: {{desc}} " + counted
        self._bar.total, self._bar.n = total, done
        self._bar.set_description_str(visible(stage, longest=TITLE), refresh=False)
        self._bar.refresh()
