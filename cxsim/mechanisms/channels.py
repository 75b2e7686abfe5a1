"""Channels: a firm whose channels do not know of each other makes customers start again."""

from __future__ import annotations

from cxsim.mechanisms.base import Column, Mechanism, Pass
from cxsim.mechanisms.touchpoints import STAGES
from cxsim.parameters import Parameters, parameter

#: Number of the stage at which a purchase recognizes a customer.
BUY = STAGES.index("buy")


class MarketParameters(Parameters):
    """What it is like to start again in another channel."""

    repeat_penalty: float = parameter(
        1.0,
        doc="Performance lost in a contact in which the firm does not know what the customer "
        "said in another channel",
        unit="score 0-10",
        ge=0,
    )


class FirmParameters(Parameters):
    """How far the firm's channels know of each other."""

    channel_integration: float = parameter(
        1.0,
        doc="Chance to recognize a customer who comes from another channel as the same",
        unit="share",
        ge=0,
        le=1,
    )


# --- rules ------------------------------------------------------------------------


def repeated(performance: float, penalty: float) -> float:
    """Return the performance in a contact in which the customer has to start again."""
    return performance - penalty


def recognized_across(recognition: float, integration: float) -> float:
    """Return the chance to be recognized by a firm last met in another channel."""
    return recognition * integration


# --- passes -----------------------------------------------------------------------


def forget(n, n_firms, arriving, last_channel):
    """A newcomer has been to no channel."""
    for i in range(n):
        if arriving[i]:
            for f in range(n_firms):
                last_channel[f, i] = -1


def recognize(
    n, n_firms, n_touchpoint, recognition, last_channel, touch_channel, touch_stage,
    firm_channel_integration,
):  # fmt: skip
    """A firm last met elsewhere than where things are bought may not know who comes."""
    channel = -1
    for t in range(n_touchpoint - 1, -1, -1):
        if touch_stage[t] == BUY:
            channel = touch_channel[t]
    if channel < 0:
        return
    for f in range(n_firms):
        share = firm_channel_integration[f]
        for i in range(n):
            elsewhere = (last_channel[f, i] >= 0) & (last_channel[f, i] != channel)
            recognition[f, i] = recognized_across(recognition[f, i], share if elsewhere else 1.0)


CHANNELS = Mechanism(
    "channels",
    doc="How far a firm's channels know of each other",
    market=MarketParameters,
    firm=FirmParameters,
    columns=(
        Column(
            "last_channel",
            ("firm",),
            "i1",
            fill=-1,
            doc="Channel in which the customer last met the firm, -1 for none",
        ),
    ),
    passes=(Pass(forget, "arrive"), Pass(recognize, "adjust")),
    active=lambda scenario: scenario.journey is not None,
)
