"""Reductions of word of mouth: diffusion of one product, and what good and bad news weigh."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from cxsim.analytic import bass_diffusion, bass_peak
from cxsim.runs import simulate
from cxsim.runs.simulation import Simulation
from lab.validation.checks import Check, exactly
from lab.validation.markets import firm, market

__all__ = ["ADOPTION", "asymmetry", "diffusion", "diffusion_peak"]

#: Chances to be reached by advertising and to be told by one contact, per period.
ADOPTION = {"reach": 0.03, "message_rate": 0.13, "contacts": 3}
_EMOTIONS = ("destroying", "attention", "recommendation", "advocacy")


def _new_product(*, reach, message_rate, contacts, periods, customers, seed, rules):
    """Customers who know the only product buy it every period, and may tell those they meet."""
    scenario = market(
        {"New": firm(advertising_reach=reach)},
        word_of_mouth={
            "network": "well_mixed",
            "contacts": contacts,
            "message_rate": dict.fromkeys(_EMOTIONS, message_rate),
            "awareness": True,
        },
        customers=customers,
        periods=periods,
    )
    ledger = simulate(scenario, seed=seed, rules=rules).ledger
    return ledger.count("purchases")[:, 0, 0] / customers  # from nobody's customer to the firm's


def _spread(*, reach, message_rate, contacts, periods, customers):
    """Return the variances of who adopts in each period and of who has adopted before it.

    To first order: those who adopt are binomial given who tells, who tells is binomial given
    who has adopted, and what chance did before is carried on by the slope of the recursion.
    """
    p, q, k = reach, message_rate, contacts
    new, adopted = np.zeros(periods), np.zeros(periods + 1)
    share = 0.0
    for t in range(periods):
        silent = 1.0 - q * share
        h = 1.0 - (1.0 - p) * silent**k
        answer = (1.0 - share) * (1.0 - p) * k * silent ** (k - 1)  # to the share who tell
        own = (1.0 - share) * h * (1.0 - h) + answer**2 * share * q * (1.0 - q)
        slope = q * answer - h
        new[t] = slope**2 * adopted[t] + own / customers
        adopted[t + 1] = (1.0 + slope) ** 2 * adopted[t] + own / customers
        share += (1.0 - share) * h
    return new, adopted


def diffusion(*, periods=25, customers=200_000, seed=31, rules=None):
    """Row 9: advertising and word of mouth alone are the discrete Bass model."""
    setting = {**ADOPTION, "periods": periods}
    obtained = _new_product(**setting, customers=customers, seed=seed, rules=rules)
    expected = bass_diffusion(**setting)
    variance, _ = _spread(**setting, customers=customers)
    return [
        Check(f"adopt in period {t}", expected[t], obtained[t], error=sqrt(variance[t]))
        for t in range(periods)
    ]


def _time_of(share, adopted, length):
    """Return when a share has adopted, between the ends of two periods."""
    k = int(np.searchsorted(adopted, share))
    return length * (k - 1 + (share - adopted[k - 1]) / (adopted[k] - adopted[k - 1])), k


def diffusion_peak(*, innovation=0.03, imitation=0.38, customers=200_000, seed=32, rules=None):
    """Bass's peak, ln(q/p) / (p + q), is that of the simulation as periods become short.

    Most adopt when (q - p) / (2 q) have; that a period has a length delays it in proportion, so
    two lengths tell what none would give.
    """
    share = (imitation - innovation) / (2 * imitation)
    limit = float(bass_peak(innovation, imitation=imitation))
    checks, found, errors = [], {}, {}
    for length in (1.0, 0.2, 0.1):
        setting = {
            "reach": innovation * length,
            "message_rate": imitation * length,
            "contacts": 1,
            "periods": round(12 / length),
        }
        new = _new_product(**setting, customers=customers, seed=seed, rules=rules)
        curve = bass_diffusion(**setting)
        expected, k = _time_of(share, np.append(0.0, np.cumsum(curve)), length)
        found[length], _ = _time_of(share, np.append(0.0, np.cumsum(new)), length)
        _, variance = _spread(**setting, customers=customers)
        errors[length] = length * sqrt(variance[k]) / curve[k - 1]
        name = f"peak in periods of length {length:g}"
        checks.append(Check(name, expected, found[length], error=errors[length]))
    error = sqrt((2 * errors[0.1]) ** 2 + errors[0.2] ** 2)
    bend = 0.002  # what is left after taking off what is in proportion to the length
    checks.append(
        Check(
            "peak in periods of no length", limit, 2 * found[0.1] - found[0.2], error=error,
            rounding=bend,
        )
    )  # fmt: skip
    return checks


def asymmetry(*, chance=0.2, customers=200_000, seed=33, rules=None):
    """Effect on the purchase probability of messages worth plus or minus one util.

    One firm and the no-purchase option. Who buys has an experience of 1 (or -1) at once and tells
    it; who is told takes it over whole, and it is worth as much as the shock's scale.
    """
    checks = []
    for mood, performance in (("good", 10.0), ("bad", 0.0)):
        scenario = market(
            {
                "Firm": firm(
                    quality=10.0 + log(chance / (1.0 - chance)),
                    brand_promise=performance,
                    touchpoints={"store": {"mean": performance, "sd": 0.0}},
                )
            },
            {"All": {"share": 1.0, "reputation_value": 1.0}},
            journey={"store": {"stage": "buy", "channel": "shop", "visit_rate": 1.0}},
            performance_weight=2.0,
            neutral=5.0,
            experience_memory=1.0,
            word_of_mouth={
                "network": "well_mixed",
                "contacts": 3,
                "message_rate": dict.fromkeys(_EMOTIONS, 1.0),
                "message_weight": 1.0,
            },
            no_purchase_option=True,
            customers=customers,
            periods=2,
        )
        simulation = Simulation(scenario, seed=seed, rules=rules)
        simulation.step()
        told = simulation.customers("reputation")[0].copy()
        before = simulation.customers("tenure").copy()
        simulation.step()
        bought = simulation.customers("tenure") > before
        sign = 1.0 if mood == "good" else -1.0
        odds = chance / (1.0 - chance) * exp(sign)
        heard = told[told != 0.0]
        opinion = float(heard.mean()) if len(heard) else 0.0
        checks.append(exactly(f"reputation after {mood} news", sign, opinion))
        for words, who, expected in (
            (f"shift by {mood} news at {chance:g}", told == sign, odds / (1.0 + odds)),
            (f"shift without {mood} news at {chance:g}", told == 0.0, chance),
        ):
            n = max(1, int(who.sum()))
            checks.append(
                Check(
                    words,
                    expected - chance,
                    float(bought[who].sum() / n - chance),
                    error=sqrt(expected * (1.0 - expected) / n),
                )
            )
    return checks
