"""What firms offer, as sums of estimated parameters: for the scenario and for draws of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxsim.calibration.estimate import Estimates
from cxsim.calibration.panel import Panel
from cxsim.calibration.promotions import Cuts, price_cuts

__all__ = ["Offer", "offers_of", "sample", "taste_of"]


@dataclass(frozen=True)
class Offer:
    """A firm's prices, and what its offer is worth.

    Attributes
    ----------
    cuts : Cuts
        Regular and cut price.
    level : float
        Currency; quality is ``level`` and what ``weights`` are worth.
    weights, display : mapping of str to float
        Weights of estimated parameters: in quality, and in what a promotion adds.
    """

    cuts: Cuts
    level: float
    weights: Mapping[str, float]
    display: Mapping[str, float]


def offers_of(panel: Panel, estimates: Estimates) -> list[Offer]:
    """Return each firm's offer, in the panel's order.

    Quality is the firm's intercept and what its features are usually worth, while no
    promotion runs. Where nobody can buy nothing, only differences matter: the firm without
    an intercept is set to be worth its regular price.
    """
    names = estimates.values.index
    cuts = [price_cuts(prices) for prices in panel.price]
    base = next((k for k, n in enumerate(panel.firms) if f"intercept.{n}" not in names), None)

    def shown(k: int, *, during: bool) -> dict[str, float]:
        which = cuts[k].cut == during
        return {name: float(values[k][which].mean()) for name, values in panel.features.items()}

    usual = [shown(k, during=False) for k in range(len(panel.firms))]
    offers = []
    for k, name in enumerate(panel.firms):
        weights = dict(usual[k])
        if f"intercept.{name}" in names:
            weights[f"intercept.{name}"] = 1.0
        if base is not None:
            weights |= {each: weights[each] - usual[base][each] for each in usual[base]}
        display = {}
        if cuts[k].chance > 0.0 and panel.features:
            during = shown(k, during=True)
            display = {each: during[each] - usual[k][each] for each in during}
        level = 0.0 if base is None else cuts[base].price
        offers.append(Offer(cuts[k], level, {} if k == base else weights, display))
    return offers


def taste_of(firm: str, estimates: Estimates) -> str:
    """Return the parameter that is the standard deviation of taste for a firm."""
    return f"taste_sd.{firm}" if f"taste_sd.{firm}" in estimates.values.index else "taste_sd"


def sample(panel: Panel, estimates: Estimates, count: int, *, seed: int = 0) -> pd.DataFrame:
    """Draw scenario parameters from the estimates' normal distribution.

    Parameters
    ----------
    panel : Panel
    estimates : Estimates
    count : int
    seed : int

    Returns
    -------
    DataFrame
        A column per dotted path, a row per draw. Price sensitivities are kept above zero
        (draws below are drawn again), switching costs at zero or above.
    """
    rng = np.random.default_rng(seed)
    names = list(estimates.values.index)
    kept = np.empty((0, len(names)))
    while len(kept) < count:
        drawn = rng.multivariate_normal(estimates.values, estimates.covariance, count)
        kept = np.vstack([kept, drawn[drawn[:, names.index("price_sensitivity")] > 0.0]])
    values = pd.DataFrame(kept[:count], columns=names)
    a = values["price_sensitivity"]

    def worth(weights: Mapping[str, float]) -> pd.Series:
        return sum((w * values[n] for n, w in weights.items()), 0.0 * a) / a

    columns = {
        "segments.All.price_sensitivity": a,
        "segments.All.switching_cost": worth({"loyalty": 1.0}).clip(lower=0.0),
    }
    for name, offer in zip(panel.firms, offers_of(panel, estimates), strict=True):
        taste = worth({taste_of(name, estimates): 1.0}).abs()
        columns[f"segments.All.brand_taste_sd.{name}"] = taste
        if offer.weights:
            columns[f"firms.{name}.quality"] = offer.level + worth(offer.weights)
        if offer.display:
            columns[f"firms.{name}.promotions.display_value"] = worth(offer.display)
    return pd.DataFrame(columns)
