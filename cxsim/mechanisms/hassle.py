"""Hassle: the effort of ordering, which a firm that recognizes and remembers takes away."""

from __future__ import annotations

from cxsim.mechanisms.base import Column, Mechanism, Pass, Total, chunk, listed
from cxsim.parameters import Parameters, parameter


class SegmentParameters(Parameters):
    """What ordering costs the customer."""

    hassle: float = parameter(
        0.0,
        doc="Effort of ordering, which a firm that recognizes and remembers takes away",
        unit="currency per purchase",
        ge=0,
    )


# --- rules ------------------------------------------------------------------------


def order_effort(hassle: float, recognition: float, interaction: float, knowledge: float) -> float:
    """Return the effort of one order, u (1 - r A K), currency."""
    return hassle * (1.0 - recognition * interaction * knowledge)


# --- passes -----------------------------------------------------------------------


def order(
    n, n_firms, segment, recognition, interaction, knowledge_shown, hassle, value, segment_hassle,
):  # fmt: skip
    """Take the effort of ordering off the option's worth."""
    for i in range(n):
        hassle[i] = segment_hassle[segment[i]]
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] -= order_effort(
                    hassle[i],
                    recognition[f, i],
                    interaction[f, i],
                    knowledge_shown[f, i],
                )


def count(
    n, buyer, seller, hassle, recognition, interaction, knowledge_shown, sum_hassle,
):  # fmt: skip
    """Add up the effort of the orders placed."""
    for k in range(listed(n, buyer)):
        i = buyer[k]
        f = seller[k]
        sum_hassle[chunk(i), f] += order_effort(
            hassle[i], recognition[f, i], interaction[f, i], knowledge_shown[f, i]
        )


HASSLE = Mechanism(
    "hassle",
    doc="Effort of ordering",
    core=True,
    segment=SegmentParameters,
    columns=(
        Column(
            "hassle",
            (),
            "f8",
            kept=False,
            doc="Effort of ordering from a firm that knows nothing, currency",
        ),
    ),
    totals=(Total("hassle", doc="Effort of the orders placed, currency"),),
    passes=(Pass(order, "add", term="hassle"), Pass(count, "pay")),
)
