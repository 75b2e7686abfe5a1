"""The course's widgets, and their substitutes where nothing can be clicked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from classroom.case import with_unit
from classroom.commitment import OPEN, RIGHT, WRONG
from classroom.plan import Exercise, Question

if TYPE_CHECKING:
    from classroom.lesson import Lesson

__all__ = [
    "as_html",
    "box",
    "exercise",
    "facts",
    "gate",
    "hidden",
    "note",
    "piece",
    "prediction",
    "stack",
    "surprise",
    "verdict_box",
]


# -- The course's widgets, and what stands in their place where nothing can be clicked ---------


GATE = "The result appears here once you have committed to your prediction above."


WORKING = "The market is being simulated …"


class Piece:
    """Something to show: HTML, and a widget where somebody can click."""

    def __init__(self, text: str, widget: Any = None):
        self.text, self.widget = text, widget

    def _repr_html_(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if self.widget is None:
            return {"text/html": self.text}
        return {**self.widget._repr_mimebundle_(), "text/html": self.text}


def piece(text: str) -> Piece:
    """Return HTML to show."""
    return Piece(text)


def stack(pieces: Sequence[Piece]) -> Piece:
    """Return pieces one below the other."""
    text = "".join(each.text for each in pieces)
    if all(each.widget is None for each in pieces):
        return Piece(text)
    import ipywidgets as w

    return Piece(text, w.VBox([each.widget or w.HTML(each.text) for each in pieces]))


def gate(lesson: Lesson, make: Callable[[], str]) -> Piece:
    """Return an exhibit, shown at once or as soon as the predictions are committed."""
    if lesson.open:
        return Piece(make())
    asked, waiting = lesson.asked, box("wait", "", GATE)
    if not lesson.live:
        return Piece(waiting)
    import ipywidgets as w

    place = w.HTML(waiting)

    def reveal() -> bool:
        if not lesson.committed(asked):
            return False
        place.value = box("wait", "", WORKING)
        try:
            place.value = make()
        except Exception as problem:  # noqa: BLE001 (nobody sees what a widget's callback raises)
            place.value = box("wrong", "It failed.", escape(str(problem)))
        return True

    lesson.wait(reveal)
    return Piece(waiting, place)


def prediction(lesson: Lesson, question: Question) -> Piece:
    """Ask for a prediction, or show the one that was committed to."""
    words = question.words(lesson.case)
    ask = box("ask", "Predict.", words)
    kept = lesson.book.find(question.name)
    if kept is not None:
        return Piece(ask + _locked(lesson, question, kept.predicted))
    if not lesson.live:
        return Piece(ask)
    import ipywidgets as w

    sign = w.ToggleButtons(options=list(question.signs), value=None, style={"button_width": "auto"})
    size = w.FloatSlider(
        value=0.0, min=0.0, max=question.largest, step=question.step, readout=False,
        description="by", style={"description_width": "2em"}, layout=w.Layout(width="420px"),
    )  # fmt: skip
    read = w.HTML(f"<b style='font-size:16px'>{with_unit(0, question.unit)}</b>")
    button = w.Button(description="Commit", button_style="primary", layout=w.Layout(width="auto"))
    said = w.HTML()

    def moved(_: Any) -> None:
        size.disabled = sign.value == question.signs[1]
        shown = 0.0 if size.disabled else size.value
        read.value = f"<b style='font-size:16px'>{with_unit(shown, question.unit)}</b>"

    def clicked(_: Any) -> None:
        if sign.value is None:
            said.value = box("wait", "", "Choose a direction first.")
            return
        way = question.signs.index(sign.value) - 1
        if way and not size.value:
            said.value = box("wait", "", "Say how much: move the slider.")
            return
        value = round(way * size.value, 9) if way else 0.0
        for each in (sign, size, button):
            each.disabled = True
        try:
            lesson.commit(question, value)
            said.value = _locked(lesson, question, value)
        except OSError as problem:
            why = f"It counts here, but could not be saved: {escape(str(problem))}"
            said.value = _locked(lesson, question, value) + box("wait", "", why)
        lesson.reveal()

    sign.observe(moved, "value")
    size.observe(moved, "value")
    button.on_click(clicked)
    row = w.HBox([size, read], layout=w.Layout(flex_flow="row wrap", align_items="center"))
    layout = w.Layout(margin="0 0 0 18px", align_items="flex-start")
    inside = w.VBox([sign, row, button, said], layout=layout)
    return Piece(ask, w.VBox([w.HTML(ask), inside]))


def _locked(lesson: Lesson, question: Question, value: float) -> str:
    said = question.sign(value)
    said += f" by {with_unit(abs(value), question.unit)}" if value else ""
    path = lesson.book.path
    kept = f"Saved in {path}; delete that file to predict again." if path else ""
    small = f'<br><small style="font-size:12.5px">{escape(kept)}</small>' if kept else ""
    return box("ask", "Committed:", f"it {escape(said)}.{small}")


def exercise(lesson: Lesson, task: Exercise) -> Piece:
    """Set an exercise, with a field for the answer and a hidden solution."""
    unit = f" (in {task.unit})" if task.unit else ""
    ask = box("ask", f"Exercise {task.name}{unit}.", task.words(lesson.case))
    given = lesson.answer_to(task)
    if given is not None or not lesson.live:
        return gate(lesson, lambda: ask + _static(lesson, task, given))
    import ipywidgets as w

    field: Any
    if task.choices:
        field = w.ToggleButtons(
            options=list(task.choices), value=None, style={"button_width": "auto"}
        )
    else:
        field = w.Text(placeholder="your answer", layout=w.Layout(width="9em"))
    button = w.Button(description="Check", button_style="primary", layout=w.Layout(width="auto"))
    solve = w.Button(description="Show the solution", layout=w.Layout(width="auto"))
    said, solved = w.HTML(), w.HTML()

    def clicked(_: Any) -> None:
        if not _ready(lesson, said):
            return
        if not field.value:
            said.value = box("wait", "", "Give an answer first.")
            return
        said.value = box("wait", "", WORKING)
        try:
            verdict = lesson.judged(task, field.value)
        except ValueError as problem:
            said.value = box("wait", "", escape(str(problem)))
            return
        said.value = verdict_box("right" if verdict.right else "wrong", escape(verdict.text))

    def shown(_: Any) -> None:
        if _ready(lesson, said):
            solved.value = box("open", "Solution.", task.solution(lesson.case))

    button.on_click(clicked)
    solve.on_click(shown)
    row = [field, w.HTML(task.unit), button, solve]
    layout = w.Layout(flex_flow="row wrap", margin="0 0 0 18px", align_items="center")
    return Piece(ask, w.VBox([w.HTML(ask), w.HBox(row, layout=layout), said, solved]))


def _ready(lesson: Lesson, said: Any) -> bool:
    if not lesson.open:
        said.value = box("wait", "", "First commit to your predictions above.")
    return lesson.open


def _static(lesson: Lesson, task: Exercise, given: str | None) -> str:
    made = ""
    if given is not None:
        verdict = lesson.judged(task, given)
        made = verdict_box("right" if verdict.right else "wrong", escape(verdict.text))
    return made + hidden("Solution", task.solution(lesson.case))


# -- How the course looks: boxes whose colour and word both say what they are ------------------


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
    """Return a remark on the results. The paragraphs are HTML."""
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
