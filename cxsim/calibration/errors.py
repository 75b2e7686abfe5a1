"""What is wrong with data to calibrate to, said in one line."""

from __future__ import annotations

__all__ = ["CalibrationError"]


class CalibrationError(ValueError):
    """A panel or a table of targets that cannot be used, or does not identify the model.

    ``str(error)`` is one line: which file, line and column, what was expected and found.
    """
