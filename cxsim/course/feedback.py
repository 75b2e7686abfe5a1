"""What a prediction was worth: right or wrong, how far off, and what cannot be told."""

from __future__ import annotations

from dataclasses import dataclass

from cxsim.course.estimate import Estimate, with_unit
from cxsim.course.plan import Question
from cxsim.plot.numbers import number

__all__ = ["OPEN", "RIGHT", "WRONG", "Feedback", "feedback"]

RIGHT, WRONG, OPEN = "right", "wrong", "open"


@dataclass(frozen=True)
class Feedback:
    """A verdict on a prediction.

    Attributes
    ----------
    verdict : {"right", "wrong", "open"}
        On its direction; open where the experiment cannot tell.
    text : str
        The verdict in words, with direction and size.
    """

    verdict: str
    text: str


def feedback(question: Question, predicted: float, result: Estimate) -> Feedback:
    """Compare a prediction with what came out.

    A direction is right or wrong only where the interval excludes zero. Otherwise the experiment
    cannot tell, and what is refuted are sizes outside the interval. "About the same" is wrong
    where the interval lies wholly beyond the step of the slider.

    Parameters
    ----------
    question : Question
    predicted : float
        In the question's unit, 0 for "about the same".
    result : Estimate
    """
    unit = question.unit
    said = question.sign(predicted)
    said += f" by {with_unit(abs(predicted), unit)}" if predicted else ""
    came = f"It came out as {result.text(unit, signed=True)}"
    if not result.known:
        return Feedback(
            OPEN, f"You said that it {said}. {came}. More seeds are needed to judge it."
        )
    if not result.sure:
        return Feedback(*_open(question, predicted, result, f"You said that it {said}. {came}"))
    truth = question.sign(result.value)
    small = abs(result.value) + result.half < question.step
    if predicted == 0:
        if small:
            text = f"It is beyond chance and smaller than {with_unit(question.step, unit)}"
            return Feedback(RIGHT, f"You said that it {said}. {came}. {text}: you are right.")
        return Feedback(WRONG, f"You said that it {said}. {came}: it {truth}, beyond chance.")
    if (predicted > 0) != (result.value > 0):
        off = with_unit(abs(predicted - result.value), unit)
        text = f"The direction is wrong: it {truth}, beyond chance. You were {off} away"
        return Feedback(WRONG, f"You said that it {said}. {came}. {text}.")
    size = _size(question, predicted, result)
    return Feedback(RIGHT, f"You said that it {said}. {came}. The direction is right{size}.")


def _open(question: Question, predicted: float, result: Estimate, start: str) -> tuple[str, str]:
    """Judge against an interval that contains zero."""
    text = f"{start}: the interval contains zero, so these seeds cannot tell whether it "
    text += f"{question.signs[0]} or {question.signs[2]}"
    if predicted == 0:
        text += (
            ". \u201cAbout the same\u201d is not refuted; that it is exactly the same is not shown"
        )
        return OPEN, f"{text}."
    if result.holds(predicted):
        return OPEN, f"{text}. Your number lies within the interval and is not refuted."
    ends = " to ".join(number(end, signed=True) for end in (result.lower, result.upper))
    return WRONG, f"{text}. But your number lies outside {ends}: a change of that size is refuted."


def _size(question: Question, predicted: float, result: Estimate) -> str:
    """Return how good the size is, given that the sign is right."""
    if abs(predicted - result.value) <= max(question.step / 2, result.half):
        return ", and the size is right within the error"
    ratio = abs(predicted / result.value)
    off = with_unit(abs(predicted - result.value), question.unit)
    way = "large" if ratio > 1 else "small"
    many = ratio if ratio > 1 else 1 / ratio
    times = f"{number(many, 2)} times too {way}" if many >= 1.5 else f"a little too {way}"
    return f"; the size is {times} ({off} away)"
