"""A lesson in a notebook: predictions first, results once they are committed, then exercises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from classroom import widgets
from classroom.case import Case, Estimate
from classroom.checking import Verdict, check
from classroom.commitment import NONE, Feedback, PredictionBook, feedback, read_given, read_number
from classroom.lessons import plan_of
from classroom.plan import Exercise, Plan, Question
from cxsim.report import nobody_watches

__all__ = ["FOLDER", "Lesson"]

#: Where predictions are kept that somebody clicks on without having named a folder.
FOLDER = "predictions"

SKIPPED = "No prediction was made, so there is nothing to compare with the result:"


class Lesson:
    """A lesson in a notebook; its methods are called by the notebook's cells.

    Where somebody can click, a prediction is asked for by buttons and a slider, and what comes
    below it in the notebook waits until it is committed. Where nobody can (papermill, a saved
    page), the predictions and answers given as parameters are used; without predictions the
    results are shown at once.

    Parameters
    ----------
    name : str
        Of the notebook, without ending.
    student : int
        The student's number, 0 for the book's own market.
    seeds : int
        Paired seeds behind every result.
    predictions : str
        Such as ``share=-12, equity=3``, in the questions' units; ``none`` to go on without.
    answers : str
        Such as ``A=3.2, B=Niche``.
    overrides : str
        Other values in all markets.
    class_folder : str
        Where predictions are kept; a class shares one. Empty: in ``predictions/`` beside the
        notebook if they are clicked, nowhere if they are given as a parameter.
    output : str
        Folder for ``summary.json``; empty to write none.
    plan : Plan, optional
        In place of the one of this name, where it depends on what a notebook is given.

    Attributes
    ----------
    plan : Plan
    case : Case

    Raises
    ------
    ValueError
        If a prediction or an answer names nothing of the lesson or is not what is asked for.
    """

    def __init__(
        self,
        name: str,
        *,
        student: int = 0,
        seeds: int = 8,
        predictions: str = "",
        answers: str = "",
        overrides: str = "",
        class_folder: str = "",
        output: str = "",
        plan: Plan | None = None,
    ):
        self._given = {
            "student": student, "seeds": seeds, "predictions": predictions, "answers": answers,
            "overrides": overrides, "class_folder": class_folder,
        }  # fmt: skip
        self._output = output
        self.plan: Plan = plan_of(name) if plan is None else plan
        self.case = Case(student, seeds=seeds, overrides=overrides)
        self.market = self.plan.market(self.case)
        self.live = not nobody_watches()
        place = class_folder or (FOLDER if self.live and not predictions else "")
        self.book = PredictionBook(place, name, student)
        self._skips = predictions.strip().lower() == NONE
        self._answers = read_given(
            answers, [each.name for each in self.plan.exercises], what="answers"
        )
        self._asked: list[Question] = []
        self._waiting: list[Callable[[], bool]] = []
        self._verdicts: dict[str, Any] = {}
        if not self._skips:
            names = [each.name for each in self.plan.questions]
            for question, text in read_given(predictions, names, what="predictions").items():
                value = read_number(text, what=f"predictions: {question}")
                self.book.commit(question, value, unit=self.plan.question(question).unit)

    # -- what cells call -------------------------------------------------------------

    def begin(self) -> Any:
        """Show the student of the variant, and the values that are the student's own."""
        student = self.case.variant.student
        whose = f"Student {student}" if student else "The book's own market (student 0)"
        caption = f"{whose}: {len(self.case.seeds)} paired seeds, {self.market.customers:,} "
        caption += f"simulated customers, {self.market.periods} {self.market.period_length}s."
        return widgets.piece(widgets.note(caption) + widgets.facts(self.plan.varied(self.case)))

    def predict(self, *names: str) -> Any:
        """Ask for predictions; what follows in the notebook waits for them.

        Parameters
        ----------
        *names : str
            Questions of the plan.
        """
        questions = [self.plan.question(name) for name in names]
        self._asked += questions
        return widgets.stack([widgets.prediction(self, each) for each in questions])

    def show(self, *names: str) -> Any:
        """Show exhibits once the predictions asked for so far are committed.

        Parameters
        ----------
        *names : str
            Exhibits of the plan.
        """
        for name in names:
            if name not in self.plan.exhibits:
                raise ValueError(
                    f"show: expected one of {', '.join(self.plan.exhibits)}, found {name!r}"
                )
        return widgets.gate(
            self, lambda: "".join(widgets.as_html(self.plan.exhibits[n](self.case)) for n in names)
        )

    def feedback(self, *names: str) -> Any:
        """Compare predictions with the results.

        Parameters
        ----------
        *names : str
            Questions of the plan.
        """
        questions = [self.plan.question(name) for name in names]
        return widgets.gate(self, lambda: "".join(self._compared(each) for each in questions))

    def exercise(self, *names: str) -> Any:
        """Set exercises; an answer is checked against the model's.

        Parameters
        ----------
        *names : str
            Exercises of the plan.
        """
        return widgets.stack([widgets.exercise(self, self.plan.exercise(name)) for name in names])

    def finish(self) -> None:
        """Save predictions and answers, if there is a folder for them."""
        if not self._output:
            return
        from cxsim.report import Report

        report = Report(self.plan.name, self._given, output=self._output)
        report.use(*self.case.markets)
        report.finish(title=self.plan.title, **self._results())

    # -- what panels call ------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether results may be shown: all predictions asked for so far are committed."""
        return self.committed(self._asked)

    @property
    def asked(self) -> tuple[Question, ...]:
        """The questions asked so far."""
        return tuple(self._asked)

    def committed(self, questions: Sequence[Question]) -> bool:
        """Return whether predictions are committed, or will never be.

        Parameters
        ----------
        questions : sequence of Question
        """
        return self._skips or not self.live or all(self.book.find(each.name) for each in questions)

    def commit(self, question: Question, predicted: float) -> None:
        """Commit to a prediction and let what waits for it appear.

        Parameters
        ----------
        question : Question
        predicted : float
            In the question's unit.
        """
        self.book.commit(question.name, predicted, unit=question.unit)

    def wait(self, reveal: Callable[[], bool]) -> None:
        """Remember what is to appear later; it returns whether it has.

        Parameters
        ----------
        reveal : callable
            Lets something appear if it may, and returns whether it has.
        """
        self._waiting.append(reveal)

    def reveal(self) -> None:
        """Let appear, from top to bottom, whatever need not wait any longer."""
        self._waiting = [each for each in self._waiting if not each()]

    def judged(self, exercise: Exercise, given: str | float) -> Verdict:
        """Return whether an answer is right, and remember it.

        Parameters
        ----------
        exercise : Exercise
        given : str or float
            The answer, a number in the exercise's unit or one of its choices.
        """
        verdict = check(exercise, given, self.case)
        self._verdicts[exercise.name] = {
            "given": str(given), "right": verdict.right, "text": verdict.text
        }  # fmt: skip
        return verdict

    def answer_to(self, exercise: Exercise) -> str | None:
        """Return the answer that the notebook was given.

        Parameters
        ----------
        exercise : Exercise
        """
        return self._answers.get(exercise.name)

    # -- inside ----------------------------------------------------------------------

    def _judge(self, question: Question) -> tuple[Any, Feedback | None]:
        result = question.result(self.case)
        kept = self.book.find(question.name)
        if kept is None:
            return result, None
        self.book.complete(
            question.name, result, seeds=len(self.case.seeds), digest=self.market.digest
        )
        return result, feedback(question, kept.predicted, result)

    def _compared(self, question: Question) -> str:
        result, judged = self._judge(question)
        why = f"Why: {question.reason(self.case)}"
        if judged is None:
            return widgets.box("open", SKIPPED, f"{result.text(question.unit, signed=True)}.", why)
        return widgets.verdict_box(judged.verdict, judged.text, why)

    def _results(self) -> dict[str, Any]:
        predicted = {}
        for question in self._asked:
            result, judged = self._judge(question)
            kept = self.book.find(question.name)
            predicted[question.name] = {
                "predicted": kept.predicted if kept else None,
                "result": result.value, "lower": result.lower, "upper": result.upper,
                "unit": question.unit,
                "verdict": judged.verdict if judged else None,
                "text": judged.text if judged else None,
            }  # fmt: skip
        answers = {}
        for exercise in self.plan.exercises:
            truth = exercise.answer(self.case)
            answer = truth.value if isinstance(truth, Estimate) else truth
            none = {"given": None, "right": None, "text": None}
            answers[exercise.name] = {**self._verdicts.get(exercise.name, none), "answer": answer}
        return {"answer": self.plan.title, "predictions": predicted, "exercises": answers}
