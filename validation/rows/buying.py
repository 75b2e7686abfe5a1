"""The row on repeat buying where nothing ties a customer to a firm but taste."""

from __future__ import annotations

from validation.checks import Check, pooled
from validation.figures.buying import double_jeopardy, repeat_buying
from validation.reductions.buying import dirichlet_market
from validation.registry import Row, Size

__all__ = ["ROWS"]


def _dirichlet(size: Size) -> list[Check]:
    full = size.name == "full"
    return pooled(
        dirichlet_market,
        seeds=size.seeds(210),
        customers=size.customers(50_000) if full else 20_000,
        rate=0.0005 if full else 0.002,
    )


ROWS = (
    Row(
        number="1.11",
        claim="Customers who differ in taste and in how often they buy, and are not loyal at all, "
        "make the NBD-Dirichlet market: small brands have fewer buyers, who buy less often, and "
        "every brand looks as if it had loyal customers.",
        source="Goodhardt, Ehrenberg & Chatfield (1984), The Dirichlet, JRSS A 147(5)",
        kind="published",
        setting="log-gamma tastes of shapes .60, .36, .18, .06, gamma purchase rates of shape 0.9, "
        "volume 1, one price sensitivity; 3 purchases a customer on average, in periods so short "
        "that the mean rate is .0005. *From .. to ..*: the first two purchases of a customer.",
        run=_dirichlet,
        proofs=(
            "test_analytic_buying.py::"
            "test_repeat_buying_is_that_of_customers_with_log_gamma_tastes_and_gamma_rates",
        ),
        precision=0.0035,
        relative=0.01,
        figures=(double_jeopardy, repeat_buying),
        note="Half of one period's mean rate is missed, since nobody buys twice in a period: "
        "under 0.1 % of purchases, less than the standard errors.",
    ),
)
