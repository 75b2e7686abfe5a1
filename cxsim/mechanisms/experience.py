"""Experience: what a customer has lived through with each firm, as it felt.

The stock is kept for whoever reads or moves it: the journey adds what touchpoints felt
like, word of mouth passes it on. It is a customer's own; nothing but contacts of this
customer with this firm may change it.
"""

from __future__ import annotations

from cxsim.mechanisms.base import Column, Mechanism, Pass, listed

#: Sections of a scenario that need the stock.
USERS = ("journey", "word_of_mouth")


def forget(n, n_firms, arriving, experience, experienced):
    """A newcomer has lived through nothing."""
    for f in range(n_firms):
        for i in range(n):
            if arriving[i]:
                experience[f, i] = 0.0
                experienced[f, i] = 0


def meet(n, buyer, seller, experienced):
    """Who buys has met the firm."""
    for k in range(listed(n, buyer)):
        experienced[seller[k], buyer[k]] = 1


EXPERIENCE = Mechanism(
    "experience",
    doc="Customers' own experience of each firm",
    columns=(
        Column("experience", ("firm",), doc="Experience E of a firm, about -1 to 1; 0 is neutral"),
        Column(
            "experienced", ("firm",), "i1", doc="1 once the customer has met the firm", ge=0, le=1
        ),
    ),
    passes=(Pass(forget, "arrive", after=("people.arrive",)), Pass(meet, "update")),
    active=lambda scenario: any(getattr(scenario, name, None) for name in USERS),
)
