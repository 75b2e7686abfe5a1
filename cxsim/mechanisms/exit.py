"""Exit: a firm that has been insolvent for some time leaves, and its customers are free."""

from __future__ import annotations

from typing import Any

from cxsim.mechanisms.base import NONE, Mechanism, Pass, Total, chunk
from cxsim.parameters import Parameters, parameter

__all__ = ["EXIT"]


class FirmParameters(Parameters):
    """How long a firm can go on without money."""

    credit_limit: float | None = parameter(
        None,
        doc="What the firm can owe (whole market); null: any amount",
        unit="currency",
        ge=0,
    )
    insolvency_periods: int = parameter(
        3,
        doc="Periods in a row with cash below minus the credit limit after which it leaves",
        unit="periods",
        ge=1,
    )


# --- passes -----------------------------------------------------------------------


def release(n, supplier, tenure, gone, sum_released):
    """Customers of a firm that has gone have no supplier; what others know of them stays."""
    for i in range(n):
        s = supplier[i]
        if s >= 0 and gone[s] > 0.5:
            sum_released[chunk(i), s] += 1.0
            supplier[i] = NONE
            tenure[i] = 0


def _limited(scenario: Any) -> bool:
    """Whether any firm has a credit limit, or comes to have one."""
    given = any(firm.credit_limit is not None for firm in scenario.firms.values())
    return given or any(change.keys[0] == "credit_limit" for change in scenario.changes)


EXIT = Mechanism(
    "exit",
    doc="Insolvent firms leave the market",
    firm=FirmParameters,
    tables=("gone",),
    totals=(Total("released", doc="Customers who lost their supplier because it left"),),
    passes=(Pass(release, "leave", before=("people.leave",)),),
    active=_limited,
)
