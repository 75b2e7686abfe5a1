"""A student's own variant of a lesson: seeds and varied numbers, by the student's number alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from cxsim.messages import whole

__all__ = ["LAST_STUDENT", "Variant"]

#: Numbers of students go up to this one.
LAST_STUDENT = 9999

#: Seeds of one student are not those of another: each has a block of this many.
BLOCK = 1000

T = TypeVar("T")


class Variant:
    """A student's own seeds and numbers; a pure function of the student's number.

    Parameters
    ----------
    student : int
        0 is the book: its numbers, and seeds from 0 on.

    Raises
    ------
    ValueError
        If the number is not from 0 to 9999.

    Examples
    --------
    >>> Variant(0).pick("price", 20, [18, 19, 21, 22])
    20
    >>> Variant(17).seeds(3)
    [17000, 17001, 17002]
    """

    def __init__(self, student: int = 0):
        self.student = whole(student, "student", low=0, high=LAST_STUDENT)

    def seeds(self, count: int) -> list[int]:
        """Return the student's seeds.

        Raises
        ------
        ValueError
            If there are fewer than one or more than a student has.
        """
        count = whole(count, "seeds", low=1, high=BLOCK)
        return list(range(self.student * BLOCK, self.student * BLOCK + count))

    def pick(self, name: str, book: T, others: Sequence[T]) -> T:
        """Return a number of the lesson: the book's for student 0, else one of all of them.

        Parameters
        ----------
        name : str
            Of the number; numbers of different names vary independently. The name draws the
            number: with another name, students get other numbers.
        book : object
        others : sequence
            What other students may get beside the book's.
        """
        if self.student == 0:
            return book
        every = [book, *others]
        digest = hashlib.sha256(f"{self.student} {name.replace('_', ' ')}".encode()).digest()
        return every[int.from_bytes(digest[:8], "big") % len(every)]

    def __repr__(self) -> str:
        return f"<Variant of student {self.student}>"
