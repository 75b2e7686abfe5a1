"""Write the answers of the course anew: ``make course``; those of a student: ``--student 17``."""

from __future__ import annotations

import argparse
import sys

import pandas as pd

from classroom import answers
from classroom.lessons import LESSONS, plan_of
from lab.pages.page import DOCS, cell, write

PAGE = DOCS / "course_answers.md"

HEAD = """# The course: expected answers

<!-- Written by `python -m lab.pages.course` (make course). Changes by hand are lost. -->

Results of the predictions and right answers to the exercises, in the book's own market (student 0,
8 paired seeds), for teachers. The model computes them, with the same numbers on every machine.
Students have markets of their own: `python -m lab.pages.course --student 17` prints the answers of
student 17, and `classroom.answers(17)` returns them as a frame. How to teach with them:
[teaching.md](teaching.md).

Intervals are 95 % confidence intervals over seeds. An exercise accepts answers within the range
behind ±.
"""


def page(frame: pd.DataFrame) -> str:
    """Return answers as Markdown."""
    parts = []
    for name in LESSONS:
        rows = frame[frame["lesson"] == name]
        if rows.empty:
            continue
        plan = plan_of(name)
        parts.append(f"## Lesson {int(name[:2])}: {plan.title}")
        lines = ["| | question | result | explanation |", "| --- | --- | --- | --- |"]
        columns = (rows[name] for name in ("name", "label", "answer", "why"))
        lines += [f"| {' | '.join(map(cell, row))} |" for row in zip(*columns, strict=True)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the page, or print a student's answers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--student", type=int, help="print a student's answers, write nothing")
    parser.add_argument("--lessons", nargs="*", help="names of notebooks")
    chosen = parser.parse_args()
    frame = answers(chosen.student or 0, lessons=chosen.lessons)
    if chosen.student is not None:
        sys.stdout.write(page(frame))
        return
    print(write(PAGE, f"{HEAD}\n{page(frame)}"))


if __name__ == "__main__":
    main()
