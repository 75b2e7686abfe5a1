"""When one-to-one service loses money: a map, simulated and by the closed form side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from cxsim.analytic import service_worth
from cxsim.arguments import choice, seeds_of, whole
from cxsim.runs import settings_attrs
from cxsim.scenario import Scenario
from cxsim.study.pairs import courses
from cxsim.study.statistics import half_width, mean_and_error
from cxsim.study.value import value_of

__all__ = ["paying_map"]

#: What is compared: interaction and customization of the firm, one-to-one or mass.
ONE_TO_ONE, MASS = (0.8, 0.8), (0.1, 0.1)


def paying_map(
    scenario: Scenario | str = "baseline",
    *,
    firm: str = "Tailor",
    need_variance: Sequence[float] = (0.1, 0.4, 0.7, 1.0, 1.3, 1.6),
    fit_weight: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5),
    customization_cost: Sequence[float] = (0.5, 1.5, 3.0),
    seeds: int | Sequence[int] = 4,
    settled: int = 36,
    pricing: str = "fixed",
    confidence: float = 0.95,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Compare a firm with one-to-one and with mass service over three parameters of the market.

    Parameters
    ----------
    scenario : Scenario or str
        Rivals and all else; the firm's two capabilities are set here.
    firm : str
    need_variance : sequence of float
        Of every segment, squared distance.
    fit_weight : sequence of float
        Of every segment, currency per squared distance and unit.
    customization_cost : sequence of float
        Of every firm, currency per unit, fully customized.
    seeds : int or sequence of int
    settled : int
        Periods left out at the start, in which firms get to know their customers.
    pricing : str
        The firm's pricing policy: ``fixed``, or ``best_response``, at which the closed form is
        meant to hold.
    confidence : float
        Of the intervals, in (0, 1).
    progress : callable, optional
        Called with (points done, points).

    Returns
    -------
    DataFrame
        One row per point: ``need_variance, fit_weight, customization_cost``; ``gain``, the
        firm's mean profit per period with one-to-one less that with mass service, with ``se,
        lower, upper``; ``worth``, the same by the closed form
        (:func:`cxsim.analytic.service_worth`, currency per period at the sales of mass service);
        ``agree``: both have the same sign; ``value`` and ``perpetuity``, the gain in net present
        value over all periods, and with the last year's gain for ever after.

    Raises
    ------
    ValueError
        If the firm is not in the scenario, or all periods are left out.

    Notes
    -----
    The closed form is handed the parameters, and of the simulation only how much the firm
    sells with mass service: nothing of the runs that it is compared with. Investment is left
    out on both sides.
    """
    base = Scenario.load(scenario) if isinstance(scenario, str) else scenario
    choice(firm, "firm", base.firms)
    settled = whole(settled, "settled", low=0, high=base.periods - 1)
    numbers, place = seeds_of(seeds), list(base.firms).index(firm)
    points = list(product(customization_cost, fit_weight, need_variance))
    rows = []
    for done, (cost, weight, variance) in enumerate(points, start=1):
        at = base.override(
            {
                "segments.*.need_sd": float(np.sqrt(variance)),
                "segments.*.fit_weight": weight,
                "firms.*.customization_cost": cost,
                f"firms.{firm}.policy.pricing": pricing,
            }
        )
        earned, sold, path = {}, {}, {}
        for kind in (ONE_TO_ONE, MASS):
            made = courses(_served(at, firm, kind), ("profit", "purchases"), numbers)
            path[kind] = made["profit"][:, :, place]
            earned[kind] = path[kind][:, settled:].mean(axis=1)
            sold[kind] = float(made["purchases"][:, settled:, place].mean())
        mean, error = mean_and_error(earned[ONE_TO_ONE] - earned[MASS])
        half = float(half_width(error, len(numbers), confidence))
        value = value_of(
            path[ONE_TO_ONE] - path[MASS], np.zeros(len(numbers)),
            discount_rate=float(base.discount_rate), period=str(base.period_length),
        )  # fmt: skip
        worth = sold[MASS] * _gain(at, firm, sold[MASS] / float(base.market_size))
        rows.append(
            {
                "need_variance": variance,
                "fit_weight": weight,
                "customization_cost": cost,
                "gain": float(mean),
                "se": float(error),
                "lower": float(mean) - half,
                "upper": float(mean) + half,
                "worth": worth,
                "agree": bool(mean * worth > 0),
                "value": value.within.mean,
                "perpetuity": value.perpetuity.mean,
                "seeds": len(numbers),
            }
        )
        if progress is not None:
            progress(done, len(points))
    made = pd.DataFrame(rows)
    made.attrs.update(settings_attrs(base))
    return made


def _served(scenario: Scenario, firm: str, kind: tuple[float, float]) -> Scenario:
    interaction, customization = kind
    return scenario.override(
        {f"firms.{firm}.interaction": interaction, f"firms.{firm}.customization": customization}
    )


def _gain(scenario: Scenario, firm: str, rate: float) -> float:
    """Return what one-to-one adds per purchase by the closed form, mean over segments."""
    own: Any = scenario.firms[firm]
    place = np.zeros(int(scenario.needs)) if own.position is None else np.asarray(own.position)
    total = 0.0
    for segment in scenario.segments.values():
        alike = {
            "rate": rate,
            "customers": float(scenario.market_size),
            "need_variance": float(segment.need_sd) ** 2,
            "dimensions": int(scenario.needs),
            "gap": float(np.linalg.norm(np.asarray(segment.need_mean) - place)),
            "segment_insight": float(own.segment_insight),
            "recognition": float(own.identification),
            "fit_weight": float(segment.fit_weight),
            "hassle": float(segment.hassle),
            "volume": float(segment.volume),
            "learning": float(scenario.learning_rate) * float(segment.disclosure),
            "turnover": float(segment.turnover or 0.0),
            "forgetting": float(own.forgetting_rate),
            "need_drift": float(segment.need_drift or 0.0),
            "customization_cost": float(own.customization_cost),
            "interaction_cost": float(own.interaction_cost),
            "capability_cost": float(own.capability_cost),
        }
        gain = service_worth(*ONE_TO_ONE, **alike).net - service_worth(*MASS, **alike).net
        total += float(segment.share) * float(gain)
    return total
