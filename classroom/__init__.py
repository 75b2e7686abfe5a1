"""The course: lessons in which a prediction is committed to before the experiment runs.

A lesson is a module of :mod:`classroom.lessons` that computes, a file of the same name with
``.yaml`` that asks and shows, and a thin notebook in ``notebooks/course/``. How to make one:

1. In the module write functions of a :class:`~classroom.case.Case`, which holds the student's
   seeds and variant and remembers what it has run: ``case.market(name, changes)`` gives a
   scenario (ask for every scenario by it, so that the notebook's ``overrides`` are on top),
   ``case.variant.pick(name, book, others)`` a number that is the student's own, ``case.between``
   (two firms), ``case.change`` and ``case.relative`` (two markets, paired by seed) an
   :class:`~classroom.case.Estimate`, a value with its interval. Name what texts and figures need
   in ``NUMBERS = Numbers(...)`` (:class:`~classroom.numbers.Numbers`: how texts name numbers),
   and end in ``PLAN = read_plan(__file__, NUMBERS, market=market, varied=varied)``.
2. In the file write ``questions`` to predict (sign by buttons, size by ``slider``; ``result`` is
   a number, ``why`` a text), ``exhibits`` (kinds: :mod:`classroom.exhibits`), and ``exercises``
   (``answer`` is a number or one of ``choices``; ``mistakes`` say why a wrong answer is wrong;
   ``solution`` is hidden); ``words`` are texts that others name. What a record may hold:
   :mod:`classroom.plan_file`; what it means: :mod:`classroom.plan`.
3. Register the module in ``classroom/lessons/__init__.py`` under its notebook's name.
4. The notebook: one cell of parameters (``student``, ``seeds``, ``predictions``, ``answers``,
   ``overrides``, ``class_folder``, ``output``), handed to :class:`~classroom.lesson.Lesson`;
   then ``lesson.begin()``, ``lesson.predict("share")``, ``lesson.show("table")``,
   ``lesson.feedback("share")``, ``lesson.exercise("A")`` and, last, ``lesson.finish()``. What is
   shown waits until all predictions asked for above it are committed. In batch they are given
   as text: ``predictions="share=-12"``, ``answers="A=3.2, B=Niche"``, in the questions' units;
   what is not given is left out and results are shown at once. Text cells are read before
   anything is committed: what tells the result belongs in an exhibit (``surprise``).

:func:`~classroom.whole_class.pool` reads the predictions of a class from a folder;
:func:`~classroom.whole_class.class_figure` draws them.
"""

from __future__ import annotations

import importlib
from typing import Any

#: Public names and the modules they live in; modules are imported when a name is used.
_HOME = {
    "Lesson": "lesson",
    "answers": "checking",
    "class_figure": "whole_class",
    "contents": "whole_class",
    "overview": "whole_class",
    "pool": "whole_class",
}

__all__ = ["Lesson", "answers", "class_figure", "contents", "overview", "pool"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"classroom.{_HOME[name]}"), name)
    raise AttributeError(f"module 'classroom' has no attribute {name!r}")
