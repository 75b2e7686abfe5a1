"""Rows on how long customers stay and what they are worth."""

from __future__ import annotations

from cxsim.analytic import fit_survival, lifetime_multiple, survival
from lab.validation.checks import Check, pooled, printed
from lab.validation.data import SURVIVORS
from lab.validation.figures.survival import survivors
from lab.validation.reductions.lifetime import lifetime_value, perpetual_value, realized_value
from lab.validation.reductions.survival import cohort_survival
from lab.validation.registry import Row, Size, labelled

__all__ = ["ROWS"]

_FADER_HARDIE = (
    "Fader & Hardie (2007), How to project customer retention, Journal of Interactive "
    "Marketing 21(1)"
)

#: What Fader & Hardie found from years 1 to 7: alpha, beta, log likelihood.
_PUBLISHED = {"High End": (0.668, 3.806, -1611.16), "Regular": (0.704, 1.182, -1680.27)}


def _survival(size: Size) -> list[Check]:
    checks = [
        printed(f"closed form, High End after {t}", expected, found, digits=3)
        for t, expected, found in zip(
            (1, 2, 3, 12),
            (0.851, 0.747, 0.670, 0.378),
            survival([1, 2, 3, 12], alpha=0.668, beta=3.806),
            strict=True,
        )
    ]
    for name, (alpha, beta, _) in _PUBLISHED.items():
        found = pooled(
            cohort_survival,
            seeds=size.seeds(name),
            customers=size.customers(200_000),
            alpha=alpha,
            beta=beta,
        )
        checks += labelled(name, found)
    return checks


def _fit(size: Size) -> list[Check]:
    del size
    checks = []
    for name, (alpha, beta, likelihood) in _PUBLISHED.items():
        fit = fit_survival(SURVIVORS[name][:8])
        checks += [
            printed(f"{name}: alpha", alpha, fit.alpha, digits=3),
            printed(f"{name}: beta", beta, fit.beta, digits=3),
            printed(f"{name}: log likelihood", likelihood, fit.log_likelihood, digits=2),
        ]
    return checks


def _lifetime(size: Size) -> list[Check]:
    rates = (0.10, 0.12, 0.14, 0.16)
    checks = []
    for retention, expected in ((0.9, (4.50, 4.09, 3.75, 3.46)), (0.8, (2.67, 2.50, 2.35, 2.22))):
        found = lifetime_multiple(retention, discount_rate=rates)
        checks += [
            printed(f"closed form, r = {retention:g}, i = {i:.0%}", e, f, digits=2)
            for i, e, f in zip(rates, expected, found, strict=True)
        ]
    ninety, more = lifetime_multiple([0.90, 0.95], discount_rate=0.10)
    checks.append(
        printed(
            "closed form, rise in % from r = .90 to .95", 40.7, 100 * (more / ninety - 1), digits=1
        )
    )
    for stay, exit_rate in ((0.9, 0.0), (0.95, 0.05)):
        for rate in (0.1, 0.01):
            found = pooled(
                lifetime_value,
                seeds=size.seeds(f"lifetime {stay:g} {rate:g}"),
                customers=size.customers(100_000),
                stay=stay,
                exit_rate=exit_rate,
                discount_rate=rate,
            )
            checks += labelled(f"stay {stay:g}, exit rate {exit_rate:g}, i = {rate:g}", found)
    checks += labelled("never leaves", pooled(perpetual_value, seeds=size.seeds("perpetual")))
    found = pooled(realized_value, seeds=size.seeds("cohort"), customers=size.customers(20_000))
    return checks + labelled("cohort, exit rate 0.1, i = 0.1", found)


ROWS = (
    Row(
        number="1.7",
        claim="Customers with individual churn rates survive as in the shifted beta-geometric "
        "model: retention rises with tenure although no customer changes.",
        source=_FADER_HARDIE,
        kind="published",
        setting="`exit_rate_beta` and nothing else, at the parameters published for two groups of "
        "customers",
        run=_survival,
        proofs=("test_survival_is_that_of_customers_who_each_leave_at_their_own_rate",),
        figures=(survivors,),
    ),
    Row(
        number="1.7.1",
        claim="The fit to seven years of survivors gives the published parameters.",
        source=_FADER_HARDIE + "; refitted to its counts per 1,000 customers",
        kind="recomputed",
        setting="`analytic.fit_survival` on years 0 to 7; years 8 to 12 are shown in the figure of "
        "row 1.7",
        run=_fit,
        proofs=("test_no_other_parameters_are_likelier",),
    ),
    Row(
        number="1.8",
        claim="With constant margin and retention the CLV is margin x r / (1 + i - r).",
        source="Gupta & Lehmann (2003), Customers as assets, Journal of Interactive Marketing "
        "17(1); the rise from 90 to 95 % recomputed",
        kind="published",
        setting="two equal firms, and a switching cost that gives the retention rate named; and a "
        "cohort followed customer by customer. Five points more retention raise the CLV by 40.7 "
        "%, and do not double it.",
        run=_lifetime,
        proofs=("test_the_multiple_is_the_sum_of_discounted_survivors",),
        precision=None,
        relative=0.01,
    ),
)
