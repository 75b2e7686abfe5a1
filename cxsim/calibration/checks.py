"""What a panel cannot tell, said before anything is estimated."""

from __future__ import annotations

import numpy as np

from cxsim.calibration.errors import CalibrationError
from cxsim.calibration.panel import Panel

__all__ = ["check_identified"]

#: Moves between firms from which on their never going back is no chance.
_MOVES = 8


def check_identified(panel: Panel) -> None:
    """Refuse panels from which taste, price sensitivity and switching cost cannot be told.

    Raises
    ------
    CalibrationError
        If only one firm was chosen, or one never; if prices do not vary; if nobody bought
        twice; if nobody ever moved; or if the rows are sorted by the firm chosen.
    """

    def wrong(text: str) -> CalibrationError:
        return CalibrationError(f"{panel.source}: {text}")

    bought = np.bincount(panel.choice, minlength=panel.options)[: len(panel.firms)]
    if panel.options < 2:
        raise wrong(f"expected a choice of two or more, found one firm ({panel.firms[0]})")
    if (bought > 0).sum() < 2 and not panel.outside:
        only = panel.firms[int(bought.argmax())]
        raise wrong(f"expected purchases from two or more firms, found only {only}")
    if (bought == 0).any():
        name = panel.firms[int(bought.argmin())]
        raise wrong(
            f"expected purchases from every firm, found none from {name} (leave its columns out)"
        )
    if np.ptp(panel.price, axis=1).max() <= 1e-9 * max(float(panel.price.max()), 1.0):
        raise wrong(
            "expected prices that change between purchases, found the same throughout: "
            "price sensitivity cannot be told from taste"
        )
    supplier = panel.supplier
    again = (supplier >= 0) & (panel.choice < len(panel.firms))
    if not again.any():
        raise wrong(
            "expected customers with two or more purchases, found one each: "
            "a switching cost shows only in what is bought next"
        )
    moved = again & (panel.choice != supplier)
    if not moved.any():
        raise wrong(
            "expected customers who change firms, found that each always buys from one: "
            "loyalty cannot be told from taste, and its worth has no upper bound"
        )
    if moved.sum() >= _MOVES and _acyclic(panel.switching_counts() > 0):
        raise wrong(
            "expected rows in purchase order, found each customer's sorted by the firm chosen "
            f"({int(moved.sum())} moves, none of them back): the order of purchases is lost, and "
            "with it the switching cost"
        )


def _acyclic(moves: np.ndarray) -> bool:
    """Return whether no chain of moves between firms ever leads back."""
    left = moves & ~np.eye(len(moves), dtype=bool)
    while left.size:
        ends = ~left.any(axis=1)
        if not ends.any():
            return False
        left = left[~ends][:, ~ends]
    return True
