"""Trial and error: a step is tried for a while, and kept if it brought more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Trial"]


class Trial:
    """Climb by steps of one number, looking only at what they brought.

    What stands is watched, then a step is tried; a step that brought more is kept and the next
    one tried in the same direction. After one that did not, the number goes back and is watched
    anew before the other direction is tried, since the market may have changed meanwhile.

    Parameters
    ----------
    value : float
        The number that stands.
    direction : {1, -1}
        Where to go first.

    Attributes
    ----------
    value : float
        The number to use now, kept or on trial.
    """

    def __init__(self, value: float, direction: int):
        self.value = self.kept = value
        self.direction = direction
        self._best: float | None = None

    def state(self) -> dict[str, Any]:
        """Return where it stands, as plain data."""
        return dict(vars(self))

    @classmethod
    def of(cls, state: dict[str, Any]) -> Trial:
        """Return a trial that stands where :meth:`state` has said."""
        made = cls.__new__(cls)
        vars(made).update(state)
        return made

    def next(self, brought: float, step: Callable[[float, int], float]) -> float:
        """Return the number to use next.

        Parameters
        ----------
        brought : float
            What the number as it stands has brought.
        step : callable
            Returns the number a step away from a number in a direction.
        """
        if self._best is not None and brought <= self._best:
            self.direction = -self.direction
            self._best = None
            self.value = self.kept
        else:
            self._best = brought
            self.kept = self.value
            self.value = step(self.kept, self.direction)
        return self.value
