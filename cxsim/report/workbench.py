"""The explorer in the browser: pictures drawn from numbers, and long work beside the notebook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import anywidget
import ipywidgets as w
import numpy as np
import traitlets

from cxsim.charts.labels import joined, label_and_unit, scale_for
from cxsim.charts.layout import scenario_events
from cxsim.charts.style import looks, readable
from cxsim.report.tables import piece
from cxsim.report.what_if import DRAWN, Answer, Question
from cxsim.study.comparison import Comparison
from cxsim.study.paired_seeds import Progress

__all__ = ["Board", "StoppedError", "Work"]

# -- Pictures: numbers go to the browser, which draws them with plotly.js --------------------------


def _library() -> str:
    """Return plotly.js, which the package plotly carries."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


class Board(anywidget.AnyWidget):
    """Market share and profit by period, drawn in the browser.

    Attributes
    ----------
    library : str
        plotly.js, sent once.
    still : dict
        What stays from move to move: firms with colours, panels with the unit of their axis,
        and the baseline's values as float32, (panels, periods, firms).
    moving : dict
        What a move changes: the what-if's values, the interval of the firm in focus, (panels, 2,
        periods), that firm's values in the what-if that was kept, title, events, and all of it in
        words.
    """

    _esm = Path(__file__).with_name("board.js")
    _css = Path(__file__).with_name("board.css")
    library = traitlets.Unicode().tag(sync=True)
    still = traitlets.Dict().tag(sync=True)
    moving = traitlets.Dict().tag(sync=True)

    @classmethod
    def of(cls, answer: Answer) -> Board:
        """Return a board that shows an answer from the start: early updates may be lost."""
        still, moving = _states(answer, None)
        return cls(library=_library(), still=still, moving=moving)

    def show(self, answer: Answer, kept: Answer | None = None) -> None:
        """Draw an answer, and beside it one that was kept.

        Parameters
        ----------
        answer : Answer
        kept : Answer, optional
            Of the same base scenario.
        """
        still, moving = _states(answer, kept)
        with self.hold_sync():  # both in one message
            self.still, self.moving = still, moving


def _states(answer: Answer, kept: Answer | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a board shows of an answer: ``still`` and ``moving``."""
    question, comparison = answer.question, answer.comparison
    base, firms = question.base, list(question.base.firms)
    now = _values(comparison, -1, len(firms))
    before, after = _values(comparison, 0, len(firms))["mean"], now["mean"]
    known = [label_and_unit(measure) for measure in DRAWN]
    scales = [
        scale_for(unit, values.ravel(), words=answer.words)
        for (_, unit), values in zip(known, before, strict=True)
    ]
    factor = np.array([scale.factor for scale in scales])[:, None, None]
    focus = firms.index(question.firm)
    still = {
        "firms": firms,
        "focus": focus,
        "color": looks(firms)[question.firm].color,
        "ink": readable(looks(firms)[question.firm].color),
        "period": base.period_length.capitalize(),
        "panels": [
            scale.axis(answer.words.say(label))
            for scale, (label, _) in zip(scales, known, strict=True)
        ],
        "values": _sent(before * factor),
    }
    ends = [now[column][..., focus] for column in ("lower", "upper")]
    a = None
    if kept is not None and not kept.question.asks_nothing:
        a = _values(kept.comparison, -1, len(firms))["mean"][..., focus]
    moving = {
        "changed": not question.asks_nothing,
        "values": _sent(after * factor),
        "band": _sent(np.stack(ends, axis=1) * factor),
        "kept": None if a is None else _sent(a * factor[..., 0]),
        "events": [[at, text] for at, text in scenario_events(question.scenario())],
        "said": _in_words(question, scales, before, after),
    }
    return still, moving


def _values(comparison: Comparison, place: int, firms: int) -> dict[str, np.ndarray]:
    """Return what is drawn of a scenario by column, (panels, periods, firms)."""
    series = comparison.series
    here = series[series["scenario"] == comparison.scenarios[place]]
    drawn = [here[here["measure"] == measure] for measure in DRAWN]
    return {
        column: np.stack([each[column].to_numpy().reshape(-1, firms) for each in drawn])
        for column in ("mean", "lower", "upper")
    }


def _sent(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values, dtype="<f4").tobytes()


def _in_words(question: Question, scales: list[Any], before: np.ndarray, after: np.ndarray) -> str:
    """Return the text alternative: what every firm ends at, and ended at in the baseline."""
    said = []
    for measure, scale, old, new in zip(DRAWN, scales, before[:, -1], after[:, -1], strict=True):
        ends = (
            f"{firm} {scale.text(b)}"
            + ("" if question.asks_nothing else f" ({scale.text(a)} before)")
            for firm, a, b in zip(question.base.firms, old, new, strict=True)
        )
        said.append(f"{label_and_unit(measure)[0]}: {joined(ends)}")
    what = "the market as it is" if question.asks_nothing else question.words()
    return f"Line charts by {question.base.period_length}, {what}; at the end: {'; '.join(said)}."


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that handles what is clicked; None in a script."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def unwatched(*_: int) -> None:
    """Take a report of progress that nobody looks at."""


# -- Long work: in a thread of its own, with a bar and a button that stops it ---------------------


class StoppedError(Exception):
    """Somebody has stopped the work."""


#: Seconds between two looks at how far the work is.
LOOK = 0.2


class Work:
    """One piece of long work at a time, while the kernel stays free.

    Parameters
    ----------
    show : callable
        Called with the result as HTML.

    Attributes
    ----------
    row : widget
        Bar, words and button; hidden while nothing is done.
    """

    def __init__(self, show: Callable[[str], None]):
        self._show = show
        self._stop = Event()
        self._done = (0, 0)
        self._task: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="cxsim-explorer")
        self._bar = w.FloatProgress(min=0.0, max=1.0)
        self._said = w.HTML()
        self._button = w.Button(description="Stop", tooltip="Stop the work")
        self._button.on_click(lambda _: self.stop())
        self.row = w.HBox([self._bar, self._said, self._button])
        self.row.add_class("cx-work")
        self._visible(False)

    @property
    def busy(self) -> bool:
        """Whether something is being done."""
        return self._task is not None and not self._task.done()

    def stop(self) -> None:
        """Stop the work after the run that is being made."""
        self._stop.set()
        self._said.value = piece("paragraphs", ["Stopping …"])

    def start(self, name: str, action: Callable[[Progress], str]) -> None:
        """Start a piece of work; where nothing is watched, do it at once.

        Parameters
        ----------
        name : str
            For the reader.
        action : callable
            Called in another thread with what it reports its progress to; returns HTML.
        """
        loop = running_loop()
        if loop is None:  # a script
            self._show(action(unwatched))
            return
        if self.busy:
            self._said.value = piece("paragraphs", ["One at a time: wait, or stop it first."])
            return
        self._stop.clear()
        self._done = (0, 0)
        self._task = loop.create_task(self._watched(name, action, loop))

    async def _watched(
        self, name: str, action: Callable[[Progress], str], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._tell(name)
        self._visible(True)
        work = loop.run_in_executor(self._pool, action, self._report)
        while not (await asyncio.wait({work}, timeout=LOOK))[0]:
            self._tell(name)
        self._visible(False)
        problem = work.exception()
        if problem is None:
            self._show(work.result())
        elif isinstance(problem, StoppedError):
            self._show(piece("paragraphs", [f"{name}: stopped, no result."]))
        else:
            self._show(piece("alert", f"{name}: {problem}"))

    def _report(self, done: int, of: int) -> None:
        self._done = (done, of)
        if self._stop.is_set():
            raise StoppedError

    def _tell(self, name: str) -> None:
        done, of = self._done
        self._bar.value = done / of if of else 0.0
        if not self._stop.is_set():
            count = f": {done:,} of {of:,}" if of else " …"
            self._said.value = piece("paragraphs", [f"{name}{count}"])

    def _visible(self, yes: bool) -> None:
        self.row.layout.display = "flex" if yes else "none"


# -- Moves: the last one counts ------------------------------------------------------------------


class Moves:
    """Questions that are answered in a thread of their own; a later one takes the place of earlier.

    Parameters
    ----------
    rest : float
        Seconds that sliders have to rest before an answer is computed.
    """

    def __init__(self, rest: float):
        self._rest = rest
        self._number = 0
        self._pending: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="cxsim-explorer-move")

    def ask(self, compute: Callable[[Progress], Any], then: Callable[[Any], None]) -> None:
        """Compute something beside the notebook and pass it on, unless a later move comes first.

        Parameters
        ----------
        compute : callable
            Called with what it reports its progress to.
        then : callable
            Called with the result, or with the exception.
        """
        self._number += 1
        number = self._number

        def report(*_: int) -> None:
            if number != self._number:
                raise StoppedError

        loop = running_loop()
        if loop is None:  # somebody moves sliders from a script
            then(compute(unwatched))
            return
        if self._pending is not None:
            self._pending.cancel()

        async def later() -> None:
            await asyncio.sleep(self._rest)
            work = loop.run_in_executor(self._pool, compute, report)
            await asyncio.wait({work})
            if number == self._number:
                then(work.exception() or work.result())

        self._pending = loop.create_task(later())
