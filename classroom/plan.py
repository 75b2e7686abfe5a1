"""The parts of a lesson: questions to predict, exhibits to look at, exercises to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from classroom.case import Case, Estimate, Firm
from cxsim.messages import hint

__all__ = ["COMPARED", "Exercise", "Plan", "Question"]

#: Words for the sign of something that is compared with something else.
COMPARED = ("is lower", "is about the same", "is higher")


# -- The parts of a lesson: questions to predict, exhibits to look at, exercises to answer ----


@dataclass(frozen=True)
class Question:
    """A question whose answer is predicted before the experiment runs.

    Attributes
    ----------
    name : str
        Short; names the row of the file of predictions.
    label : str
        The quantity predicted, in a few words, for figures of a class.
    text : function of a case, or str
        The question in words, with the numbers of the student's variant.
    unit : str
        Of the answer: ``"points"``, ``"EUR"``, ``"%"``.
    largest : float
        End of the slider of sizes.
    step : float
        Of that slider; two answers that differ by less count as one.
    result : function of a case
        The result: an :class:`Estimate`, positive where the last of ``signs`` is right.
    why : function of a case
        The reason that the experiment shows, in one or two sentences with its numbers.
    signs : (str, str, str)
        Words for below zero, about zero, above zero.
    valued : function of a case, optional
        Where the answer is a lead in net present value: whose, and over whom. The lead beyond
        the horizon is then stated beside that within it.
    """

    name: str
    label: str
    text: Callable[[Case], str] | str
    unit: str
    largest: float
    step: float
    result: Callable[[Case], Estimate]
    why: Callable[[Case], str]
    signs: tuple[str, str, str] = ("falls", "stays about the same", "rises")
    valued: Callable[[Case], tuple[Firm, Firm]] | None = None

    def reason(self, case: Case) -> str:
        """Return the reason for the result and, of a lead in value, that beyond the horizon."""
        why = self.why(case)
        return why if self.valued is None else f"{why} {case.worth(*self.valued(case))}"

    def words(self, case: Case) -> str:
        """Return the question in words."""
        return self.text if isinstance(self.text, str) else self.text(case)

    def sign(self, value: float) -> str:
        """Return the word for the sign of a number."""
        return self.signs[1 + (value > 0) - (value < 0)]


@dataclass(frozen=True)
class Exercise:
    """A task with an answer that the model gives.

    Attributes
    ----------
    name : str
        A letter, by which the notebook's parameter ``answers`` names it.
    text : function of a case, or str
    answer : function of a case
        An :class:`Estimate`; or one of ``choices``, or several of them that do not
        differ significantly, each of which is right.
    solution : function of a case
        How the answer is found, in words with numbers (HTML).
    unit : str
        Of a number.
    tolerance : float
        How far off still counts, beside the Monte-Carlo error: the rounding asked for.
    choices : tuple of str
        Answers to choose from; empty if a number is asked for.
    mistakes : function of a case
        Why an answer is wrong, by the answer: for wrong choices, and for numbers that a
        common misunderstanding leads to.
    hint : str
        Shown for any other wrong number.
    """

    name: str
    text: Callable[[Case], str] | str
    answer: Callable[[Case], Estimate | str | tuple[str, ...]]
    solution: Callable[[Case], str]
    unit: str = ""
    tolerance: float = 0.0
    choices: tuple[str, ...] = ()
    mistakes: Callable[[Case], Mapping[Any, str]] = lambda case: {}  # noqa: ARG005
    hint: str = ""

    def words(self, case: Case) -> str:
        """Return the task in words."""
        return self.text if isinstance(self.text, str) else self.text(case)


@dataclass(frozen=True)
class Plan:
    """A lesson.

    Attributes
    ----------
    name : str
        Of its notebook, without ending: ``02_capability_matrix``.
    title : str
    minutes : int
        In a classroom.
    market : function of a case
        The market that the lesson is about.
    varied : function of a case
        What is the student's own: words and values.
    questions, exercises : tuple
    exhibits : mapping of str to function of a case
        Figures, tables with a ``to_html`` or HTML, by name.
    """

    name: str
    title: str
    minutes: int
    market: Callable[[Case], Any]
    varied: Callable[[Case], Mapping[str, str]]
    questions: tuple[Question, ...]
    exercises: tuple[Exercise, ...]
    exhibits: Mapping[str, Callable[[Case], Any]] = field(default_factory=dict)

    def question(self, name: str) -> Question:
        """Return a question by name; an unknown one is an error with the nearest name."""
        return _named("question", name, self.questions)

    def exercise(self, name: str) -> Exercise:
        """Return an exercise by name; an unknown one is an error with the nearest name."""
        return _named("exercise", name, self.exercises)


def _named(kind: str, name: str, things: tuple[Any, ...]) -> Any:
    for thing in things:
        if thing.name == name:
            return thing
    known = [thing.name for thing in things]
    raise ValueError(f"{kind}: expected one of the lesson's, found {name!r}{hint(name, known)}")
