"""The lessons: one module each, with its questions, experiment, exhibits and exercises."""

from __future__ import annotations

import importlib

from classroom.plan import Plan
from cxsim.messages import hint

__all__ = ["LESSONS", "plan_of"]

#: Modules by the name of the lesson's notebook, in the order of the course.
LESSONS = {
    "01_who_is_the_customer": "customer",
    "02_capability_matrix": "matrix",
    "03_idic": "idic",
    "04_learning_relationships": "learning",
    "05_copycat_and_price_war": "rivals",
    "06_blind_spot": "blind_spot",
    "07_when_one_to_one_loses": "one_to_one",
    "08_your_own_industry": "own_industry",
}


def plan_of(name: str) -> Plan:
    """Return a lesson by the name of its notebook.

    Raises
    ------
    ValueError
        If there is none of this name; with the nearest.
    """
    if name not in LESSONS:
        raise ValueError(f"lesson: expected one of the course, found {name!r}{hint(name, LESSONS)}")
    plan = importlib.import_module(f"classroom.lessons.{LESSONS[name]}").PLAN
    assert isinstance(plan, Plan)
    return plan
