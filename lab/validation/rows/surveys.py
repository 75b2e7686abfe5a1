"""Rows on surveys: what a sample tells of a population that is known."""

from __future__ import annotations

from cxsim.model.research.surveys import promoter_error
from lab.validation.checks import Check, pooled, printed
from lab.validation.reductions.surveys import surveys
from lab.validation.registry import Row, Size

__all__ = ["ROWS"]


def _surveys(size: Size) -> list[Check]:
    checks = [
        printed(
            f"closed form, points at n = {n}", points, 100 * promoter_error(0.4, 0.2, n), digits=1
        )
        for n, points in ((100, 7.5), (400, 3.7), (1000, 2.4))
    ]
    found = pooled(surveys, seeds=size.seeds("surveys"), customers=size.customers(100_000))
    return checks + found


ROWS = (
    Row(
        number="1.10",
        claim="The standard error of a survey is sd / sqrt(n), that of a net promoter score "
        "sqrt((p + d - (p - d)^2) / n).",
        source="sampling theory; p = 0.4, d = 0.2",
        kind="derived",
        setting="tracking surveys of a population whose experience is known and constant",
        run=_surveys,
        precision=None,
        proofs=("test_surveys_err_as_sampling_theory_says",),
    ),
)
