"""The course: lessons in which a prediction is committed to before the experiment runs.

A lesson is a module of :mod:`classroom.lessons` that ends in a ``PLAN``, and a thin notebook
of the same name in ``notebooks/course/``. How to make one:

1. Write functions of a :class:`~classroom.case.Case`, which holds the student's seeds and
   variant and remembers what it has run. ``case.market(name, changes)`` gives a scenario (with the
   notebook's ``overrides`` on top; ask for every scenario by it), ``case.run`` and
   ``case.simulate`` a run of it, ``case.variant.pick(name, book,
   others)`` a number that is the student's own, ``case.mean``, ``case.between`` (two firms) and
   ``case.change`` (two markets, paired by seed) an :class:`~classroom.case.Estimate`, a
   value with its interval; ``Estimate.over(values)`` makes one of a value per seed,
   ``Estimate.exactly(value)`` one of a number that is not simulated. Decorate with
   :func:`~classroom.case.once` what is costly.
2. List questions to predict (:class:`~classroom.plan.Question`: sign by buttons, size by slider;
   ``result`` and ``why`` are functions of the case), exercises
   (:class:`~classroom.plan.Exercise`: ``answer`` is computed by a function, an Estimate or one
   of ``choices``; ``mistakes`` say why a wrong answer is wrong; ``solution`` is hidden) and
   exhibits (functions of the case that return a figure, HTML, or a list of them; see
   :mod:`classroom.plan` for tables and frames).
3. Register the module in ``classroom/lessons/__init__.py`` under its notebook's name.
4. The notebook: one cell of parameters (``student``, ``seeds``, ``predictions``, ``answers``,
   ``overrides``, ``class_folder``, ``output``), handed to :class:`~classroom.lesson.Lesson`;
   then ``lesson.begin()``, ``lesson.predict("share")``, ``lesson.show("table")``,
   ``lesson.feedback("share")``, ``lesson.exercise("A")`` and, last, ``lesson.finish()``. What is
   shown waits until all predictions asked for above it are committed. In batch they are given
   as text: ``predictions="share=-12"``, ``answers="A=3.2, B=Niche"``, in the questions' units;
   what is not given is left out and results are shown at once. Text cells are read before
   anything is committed: what tells the result belongs in an exhibit (``html.surprise``).

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
