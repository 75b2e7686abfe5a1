"""The course's widgets, and what stands in their place where nothing can be clicked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from cxsim.course import html
from cxsim.course.estimate import with_unit
from cxsim.course.plan import Exercise, Question

if TYPE_CHECKING:
    from cxsim.course.lesson import Lesson

__all__ = ["exercise", "gate", "piece", "prediction", "stack"]

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
    """Return what is shown at once if it may be, and else as soon as it may be."""
    if lesson.open:
        return Piece(make())
    asked, waiting = lesson.asked, html.box("wait", "", GATE)
    if not lesson.live:
        return Piece(waiting)
    import ipywidgets as w

    place = w.HTML(waiting)

    def reveal() -> bool:
        if not lesson.committed(asked):
            return False
        place.value = html.box("wait", "", WORKING)
        try:
            place.value = make()
        except Exception as problem:  # noqa: BLE001 (nobody sees what a widget's callback raises)
            place.value = html.box("wrong", "It failed.", escape(str(problem)))
        return True

    lesson.wait(reveal)
    return Piece(waiting, place)


def prediction(lesson: Lesson, question: Question) -> Piece:
    """Ask for a prediction, or show the one that was committed to."""
    words = question.words(lesson.case)
    ask = html.box("ask", "Predict.", words)
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
            said.value = html.box("wait", "", "Choose a direction first.")
            return
        way = question.signs.index(sign.value) - 1
        if way and not size.value:
            said.value = html.box("wait", "", "Say how much: move the slider.")
            return
        value = round(way * size.value, 9) if way else 0.0
        for each in (sign, size, button):
            each.disabled = True
        try:
            lesson.commit(question, value)
            said.value = _locked(lesson, question, value)
        except OSError as problem:
            why = f"It counts here, but could not be kept: {escape(str(problem))}"
            said.value = _locked(lesson, question, value) + html.box("wait", "", why)
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
    kept = f"Kept in {path}; delete that file to predict anew." if path else ""
    small = f'<br><small style="font-size:12.5px">{escape(kept)}</small>' if kept else ""
    return html.box("ask", "Committed:", f"it {escape(said)}.{small}")


def exercise(lesson: Lesson, task: Exercise) -> Piece:
    """Set an exercise, with a field for the answer and a hidden solution."""
    unit = f" (in {task.unit})" if task.unit else ""
    ask = html.box("ask", f"Exercise {task.name}{unit}.", task.words(lesson.case))
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
            said.value = html.box("wait", "", "Give an answer first.")
            return
        said.value = html.box("wait", "", WORKING)
        try:
            verdict = lesson.judged(task, field.value)
        except ValueError as problem:
            said.value = html.box("wait", "", escape(str(problem)))
            return
        said.value = html.verdict_box("right" if verdict.right else "wrong", escape(verdict.text))

    def shown(_: Any) -> None:
        if _ready(lesson, said):
            solved.value = html.box("open", "Solution.", task.solution(lesson.case))

    button.on_click(clicked)
    solve.on_click(shown)
    row = [field, w.HTML(task.unit), button, solve]
    layout = w.Layout(flex_flow="row wrap", margin="0 0 0 18px", align_items="center")
    return Piece(ask, w.VBox([w.HTML(ask), w.HBox(row, layout=layout), said, solved]))


def _ready(lesson: Lesson, said: Any) -> bool:
    if not lesson.open:
        said.value = html.box("wait", "", "First commit to your predictions above.")
    return lesson.open


def _static(lesson: Lesson, task: Exercise, given: str | None) -> str:
    made = ""
    if given is not None:
        verdict = lesson.judged(task, given)
        made = html.verdict_box("right" if verdict.right else "wrong", escape(verdict.text))
    return made + html.hidden("Solution", task.solution(lesson.case))
