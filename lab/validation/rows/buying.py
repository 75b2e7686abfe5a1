"""The row on repeat buying where nothing ties a customer to a firm but taste."""

from __future__ import annotations

from lab.validation.checks import Check, pooled
from lab.validation.figures.buying import double_jeopardy, repeat_buying
from lab.validation.reductions.buying import dirichlet_market, taste_switching
from lab.validation.registry import Row, Size

__all__ = ["ROWS"]


def _dirichlet(size: Size) -> list[Check]:
    full = size.name == "full"
    return pooled(
        dirichlet_market,
        seeds=size.seeds("Dirichlet"),
        customers=size.customers(40_000 if full else 20_000),
        rate=0.001 if full else 0.002,
    )


def _switching(size: Size) -> list[Check]:
    return pooled(taste_switching, seeds=size.seeds("taste"), customers=size.customers(200_000))


_SOURCE = "Goodhardt, Ehrenberg & Chatfield (1984), The Dirichlet, JRSS A 147(5)"
_PROOF = "test_repeat_buying_is_that_of_customers_with_log_gamma_tastes_and_gamma_rates"

ROWS = (
    Row(
        number="1.11",
        claim="Customers with different brand preferences and purchase rates, and without "
        "loyalty, make the NBD-Dirichlet market: small brands have fewer buyers, who buy less "
        "often.",
        source=_SOURCE,
        kind="published",
        setting="log-gamma brand preferences of shapes .60, .36, .18, .06, gamma purchase rates "
        "of shape 0.9, volume 1, one price sensitivity; 3 purchases per customer on average, in "
        "periods so short that the mean rate is .001",
        run=_dirichlet,
        proofs=(_PROOF,),
        relative=0.006,
        figures=(double_jeopardy,),
        note="A second purchase within a period is left out: 0.1 % of purchases, less than the "
        "standard errors.",
    ),
    Row(
        number="1.11.1",
        claim="The same customers seem loyal: they buy a brand again more often than its market "
        "share, by (S s_j + 1{i = j}) / (S + 1).",
        source=_SOURCE,
        kind="published",
        setting="as 1.11, but all customers buy in both of two periods; *from .. to ..* are the "
        "two",
        run=_switching,
        proofs=(_PROOF,),
        figures=(repeat_buying,),
    ),
)
