"""Contacts at touchpoints teach the firm what customers need, prospects included."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxsim.model.core.learning import learned, precision
from cxsim.model.experience.journey import DISCOVER
from cxsim.model.ledger import Ledger
from cxsim.model.mechanism import Accumulator, Draw, Measure, Mechanism, Pass, listed, tile
from cxsim.numerics.draws import uniform

# --- rules ------------------------------------------------------------------------


def contact_precision(
    learning_rate: float, interaction: float, disclosure: float, informs: float
) -> float:
    """Return the precision of the signal of a contact at a touchpoint, rho A w nu.

    Parameters
    ----------
    learning_rate : float
        rho, precision of the signal of a purchase at full interaction and data sharing.
    interaction : float
        A, share.
    disclosure : float
        w, share of what the customer could tell that it tells.
    informs : float
        nu, what a contact at the touchpoint tells relative to a purchase.

    Returns
    -------
    float
        Relative to the prior.
    """
    return precision(learning_rate, interaction, disclosure) * informs


# --- passes -----------------------------------------------------------------------


def teach(
    n, first, n_firms, n_touchpoint, segment, supplier, shopper, visitor, visitors, open_option,
    uncertainty, recognition, interaction, disclosure, key_told, key_told_elsewhere,
    key_visit_elsewhere, touch_stage, touch_chance, market_journey_informs, market_learning_rate,
    sum_told, sum_told_resolved,
):  # fmt: skip
    """Let firms learn from recognized visitors, touchpoint by touchpoint along the journey.

    Prospects who visited a firm in the stage discover are found by the draws of their visits.
    """
    shoppers = listed(n, shopper)
    for t in range(n_touchpoint):
        informs = market_journey_informs[0, t]
        if informs > 0.0:
            for k in range(visitors[t, 0]):
                i = visitor[t, k]
                f = supplier[i]
                if uniform(key_told[t], first + i) < recognition[f, i]:
                    before = uncertainty[f, i]
                    after = learned(
                        before,
                        contact_precision(
                            market_learning_rate[0], interaction[f, i], disclosure[f, i], informs
                        ),
                    )
                    uncertainty[f, i] = after
                    sum_told[tile(i), f] += 1.0
                    sum_told_resolved[tile(i), f] += before - after
            if touch_stage[t] == DISCOVER:
                for f in range(n_firms):
                    key = key_visit_elsewhere[t, f]
                    for k in range(shoppers):
                        i = shopper[k]
                        if (
                            supplier[i] != f
                            and open_option[f, i] > 0
                            and uniform(key, first + i) < touch_chance[t, segment[i], f]
                            and uniform(key_told_elsewhere[t, f], first + i) < recognition[f, i]
                        ):
                            before = uncertainty[f, i]
                            after = learned(
                                before,
                                contact_precision(
                                    market_learning_rate[0],
                                    interaction[f, i],
                                    disclosure[f, i],
                                    informs,
                                ),
                            )
                            uncertainty[f, i] = after
                            sum_told[tile(i), f] += 1.0
                            sum_told_resolved[tile(i), f] += before - after


# --- measures ---------------------------------------------------------------------


def informing_contacts(b: Ledger) -> np.ndarray:
    """Recognized contacts in the period from which the firm learned, prospects included."""
    return b.total("told")


def _informing(scenario: Any) -> bool:
    """Return whether any touchpoint tells firms about customers, now or by an event."""
    journey = scenario.journey or {}
    return any(touchpoint.informs > 0.0 for touchpoint in journey.values()) or any(
        change.level == "market" and change.keys[0] == "journey" and change.keys[-1] == "informs"
        for change in scenario.changes
    )


CONTACT_LEARNING = Mechanism(
    "contact_learning",
    doc="Contacts at touchpoints teach firms what customers need",
    draws=(Draw("told", ("touchpoint",)), Draw("told_elsewhere", ("touchpoint", "firm"))),
    accumulators=(
        Accumulator("told", "Recognized contacts from which the firm learned"),
        Accumulator("told_resolved", "Need variance resolved in them, summed"),
    ),
    passes=(Pass(teach, "join", after=("journey.visit",)),),
    measures=(
        Measure(
            "informing_contacts",
            "Contacts that inform the firm",
            "per period",
            informing_contacts,
            summary="sum",
        ),
    ),
    active=_informing,
)
