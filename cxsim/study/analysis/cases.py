"""Points of interest: those at which an output is beyond a limit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxsim.study.analysis.finding import amount

__all__ = ["cases_of"]


def cases_of(
    mean: NDArray[np.float64], *, at_least: float | None, at_most: float | None
) -> tuple[NDArray[np.bool_], str]:
    """Return which points are of interest, and the condition in words.

    Parameters
    ----------
    mean : ndarray, shape (P,)
        Output by point, averaged over seeds.
    at_least, at_most : float, optional
        Limits. With neither, the lowest quarter of the points.

    Raises
    ------
    ValueError
        If all points are of interest, or none.
    """
    if at_least is None and at_most is None:
        at_most = float(np.quantile(mean, 0.25))
    low = -np.inf if at_least is None else at_least
    high = np.inf if at_most is None else at_most
    said = " and ".join(
        f"{words} {amount(value)}"
        for words, value in (("at least", at_least), ("at most", at_most))
        if value is not None
    )
    cases = (mean >= low) & (mean <= high)
    if cases.all() or not cases.any():
        which = "all" if cases.all() else "none"
        raise ValueError(
            f"limits: expected some points {said} and some not, found {which} of {len(mean)}"
        )
    return cases, said
