"""Rows on word of mouth: diffusion, and what good and bad news weigh."""

from __future__ import annotations

from lab.validation.checks import Check, pooled
from lab.validation.figures.telling import adoption, news
from lab.validation.reductions.telling import ADOPTION, asymmetry, diffusion, diffusion_peak
from lab.validation.registry import Row, Size

__all__ = ["ROWS"]


def _diffusion(size: Size) -> list[Check]:
    return pooled(diffusion, seeds=size.seeds("diffusion"), customers=size.customers(200_000))


def _peak(size: Size) -> list[Check]:
    return pooled(diffusion_peak, seeds=size.seeds("peak"), customers=size.customers(200_000))


def _asymmetry(size: Size) -> list[Check]:
    return [
        check
        for chance in (0.2, 0.5, 0.8)
        for check in pooled(
            asymmetry,
            chance=chance,
            seeds=size.seeds(f"news {chance}"),
            customers=size.customers(600_000),
        )
    ]


ROWS = (
    Row(
        number="1.9",
        claim="Advertising and word of mouth alone make a product diffuse by Bass's model in "
        "discrete form: of customers who have not adopted, 1 - (1 - p)(1 - q F)^contacts adopt.",
        source="Bass (1969), Management Science 15(5); discrete: Goldenberg, Libai & Muller (2001)",
        kind="published",
        setting="one firm, everybody who knows it buys it every period, well mixed; p = "
        f"{ADOPTION['reach']:g}, q = {ADOPTION['message_rate']:g}, {ADOPTION['contacts']} contacts",
        run=_diffusion,
        proofs=("test_diffusion_is_as_uncertain_as_it_is_said_to_be",),
        figures=(adoption,),
        note="The error of a period includes the random deviations of those before it.",
    ),
    Row(
        number="1.9.1",
        claim="Adoption peaks at ln(q / p) / (p + q), but only as periods become short: in each "
        "case it is late by more than one period.",
        source="Bass (1969), Management Science 15(5)",
        kind="published",
        setting="as 1.9 with one contact, p = .03, q = .38 per unit of time, in periods of 1, .2 "
        "and .1; *no length*: extrapolation of the two short ones",
        run=_peak,
        precision=0.03,
    ),
    Row(
        number="4.6",
        claim="Negative word of mouth weighs more than positive where a purchase was likely, "
        "positive more than negative where it was not: one util either way changes a purchase "
        "probability of .2 by +.205 and -.116.",
        source="East, Hammond & Lomax (2008), IJRM 25(3): the effect of word of mouth is limited "
        "by the purchase probability; the numbers are those of the logit",
        kind="derived",
        setting="one firm and the no-purchase option; buyers tell an experience of 1 or -1, "
        "receivers adopt it fully, and it is worth one util; purchase probabilities .2, .5 and .8",
        run=_asymmetry,
        figures=(news,),
        note="The asymmetry is that of the logit curve. Before it, losses weigh more than gains "
        "in the perception of a contact (`loss_aversion`).",
    ),
)
