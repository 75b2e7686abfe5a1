"""The file of a lesson: its questions, exhibits and exercises, whose texts name numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from classroom.case import Case, Estimate, Firm
from classroom.exhibits import KINDS
from classroom.numbers import Number, Numbers, Text
from classroom.plan import Exercise, Plan, Question
from cxsim.messages import hint

__all__ = ["read_plan"]

#: Keys of exhibits with a text, and with names of numbers beside what is shown.
TEXTS, NAMES = ("surprise", "note", "title", "label", "caption"), ("mark", "events", "ticks")


def read_plan(
    module: str,
    numbers: Numbers,
    *,
    market: Callable[[Case], Any],
    varied: Callable[[Case], Mapping[str, str]],
) -> Plan:
    """Return a lesson from the file beside its module, of the same name with ``.yaml``.

    Parameters
    ----------
    module : str
        File of the module.
    numbers : Numbers
        What the texts may name; the file's ``words`` are added.
    market, varied : function of a case
        As for :class:`~classroom.plan.Plan`.

    Raises
    ------
    ValueError
        If a key is unknown or missing, or a text names what is not among the numbers; with file,
        key, what was expected, and the nearest.
    """
    path = Path(module).with_suffix(".yaml")
    reader = _Reader(path.name, numbers)
    given = reader.made("lesson", reader.plan, YAML(typ="safe", pure=True).load(path))
    return Plan(**given, market=market, varied=varied)


class _Reader:
    """Makes records of what stands in a file. Names in it are checked when it is read."""

    def __init__(self, file: str, numbers: Numbers):
        self._file, self._numbers = file, numbers
        self._where = file

    def made(self, where: str, make: Callable[..., Any], given: Mapping[str, Any]) -> Any:
        """Return the result of a function of keys, all of which are known and none is missing."""
        self._where = f"{self._file}: {where}"
        _agree(self._where, make, given)
        return make(**given)

    def plan(
        self,
        *,
        name: str,
        title: str,
        minutes: int,
        questions: Mapping[str, Any],
        exhibits: Mapping[str, Any],
        exercises: Mapping[str, Any],
        words: Mapping[str, Text] | None = None,
    ) -> dict[str, Any]:
        """Return the parts of a plan besides its market. Words are texts that others name."""
        for key, text in (words or {}).items():
            self._numbers.define(key, text, f"{self._file}: words, {key}")
        asked = [
            self.made(f"questions, {key}", self.question, {"name": key, **row})
            for key, row in questions.items()
        ]
        set_ = [
            self.made(f"exercises, {key}", self.exercise, {"name": key, **row})
            for key, row in exercises.items()
        ]
        shown = {key: self.exhibit(f"exhibits, {key}", row) for key, row in exhibits.items()}
        return {
            "name": name, "title": title, "minutes": minutes, "questions": tuple(asked),
            "exhibits": shown, "exercises": tuple(set_),
        }  # fmt: skip

    def question(
        self,
        *,
        name: str,
        label: str,
        text: Text,
        slider: tuple[float, float, str],
        result: str,
        why: Text,
        signs: Sequence[str] = Question.signs,
        valued: Sequence[tuple[str, Text]] = (),
    ) -> Question:
        """Return a question: ``slider`` has the largest size, the step and the unit."""
        largest, step, unit = slider
        below, level, above = signs
        return Question(
            name, label, self._text(text), unit, largest, step, self._number(result),
            self._text(why), (below, level, above), self._firms(valued) if valued else None,
        )  # fmt: skip

    def exercise(
        self,
        *,
        name: str,
        text: Text,
        answer: str,
        solution: Text,
        rounding: tuple[float, str] = (0.0, ""),
        choices: Sequence[str] = (),
        mistakes: Mapping[str, Text] | str = "",
        hint: str = "",
    ) -> Exercise:
        """Return an exercise: ``rounding`` has how far off still counts, and the unit.

        Mistakes are reasons by the name of a wrong number; or one text for all choices, in which
        CHOICE stands for the one at hand.
        """
        number = self._number(answer)
        named: Callable[[str], Number] = self._number
        if isinstance(mistakes, str):
            mistakes = {each: mistakes.replace("CHOICE", each) for each in choices if mistakes}
            named = _always
        wrong = [(named(each), self._text(why)) for each, why in mistakes.items()]

        def right(case: Case) -> Any:
            found = number(case)
            return Estimate.exactly(found) if isinstance(found, (int, float)) else found

        return Exercise(
            name, self._text(text), right, self._text(solution), rounding[1], rounding[0],
            tuple(choices), lambda case: {each(case): why(case) for each, why in wrong}, hint,
        )  # fmt: skip

    def exhibit(self, where: str, row: Any) -> Callable[[Case], Any]:
        """Return an exhibit, or several one below the other."""
        if isinstance(row, list):
            parts = [self.exhibit(where, each) for each in row]
            return lambda case: [each(case) for each in parts]
        kind, *_ = row
        if kind not in KINDS:
            raise ValueError(
                f"{self._file}: {where}: expected a kind of exhibit, found {kind!r}"
                f"{hint(kind, KINDS)}"
            )
        look = {key: value for key, value in row.items() if key != kind}
        for key, value in row.items():
            self._where = f"{self._file}: {where}, {key}"
            if key in TEXTS:
                self._numbers.check(value, self._where)
            elif key == kind or key in NAMES:
                names = value.values() if isinstance(value, Mapping) else value
                for name in [names] if isinstance(names, str) else names:
                    self._numbers.check_name(name, self._where)

        _agree(f"{self._file}: {where}", KINDS[kind], look)
        return lambda case: KINDS[kind](case, self._numbers, row[kind], **look)

    def _text(self, text: Text) -> Callable[[Case], str]:
        self._numbers.check(text, self._where)
        return lambda case: self._numbers.fill(case, text)

    def _number(self, name: str) -> Number:
        self._numbers.check_name(name, self._where)
        return lambda case: self._numbers.find(case, name)

    def _firms(self, valued: Sequence[tuple[str, Text]]) -> Callable[[Case], tuple[Firm, Firm]]:
        (here, firm), (there, other) = (
            (self._number(market), self._text(name)) for market, name in valued
        )
        return lambda case: ((here(case), firm(case)), (there(case), other(case)))


def _always(value: Any) -> Number:
    return lambda _: value


def _agree(where: str, function: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Refuse keys that a function does not know, and the lack of those that it needs."""
    asked = inspect.signature(function).parameters.values()
    keys = {each.name: each for each in asked if each.kind is each.KEYWORD_ONLY}
    anything = any(each.kind is each.VAR_KEYWORD for each in asked)
    for key in given:
        if key not in keys and not anything:
            near = hint(key, keys, listed=0)
            raise ValueError(f"{where}: expected one of {', '.join(keys)}, found {key!r}{near}")
    for key, each in keys.items():
        if each.default is each.empty and key not in given:
            raise ValueError(f"{where}: expected {key!r}, found none")
