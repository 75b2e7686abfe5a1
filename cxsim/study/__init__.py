"""Many runs: comparisons over paired seeds, and studies over designs."""

from __future__ import annotations

from cxsim._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Comparison": "comparison",
        "Outcome": "comparison",
        "Store": "store",
        "Study": "study",
        "StudyResult": "results",
        "Value": "value_of_lead",
        "compare": "paired_seeds",
        "half_width": "cxsim.numerics.statistics",
        "mean_and_error": "cxsim.numerics.statistics",
        "outcome_of": "comparison",
        "side_by_side": "comparison",
        "value_of": "value_of_lead",
    },
)
