"""Out of sample: what a calibrated scenario says of purchases it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from cxsim.calibration.calibrate import Calibration, calibrate
from cxsim.calibration.panel import Panel
from cxsim.messages import argument_hints
from cxsim.numerics.statistics import mean_and_error
from cxsim.runs import simulate
from cxsim.scenario import Scenario

#: Runs of a scenario whose mean is the prediction.
_SEEDS = range(8)
_CUSTOMERS = 4000


@dataclass(frozen=True)
class Prediction:
    """Predictions beside what happened.

    Attributes
    ----------
    table : DataFrame
        One row per model and quantity: ``model`` (``observed``, ``scenario``, ``tastes
        only``, ``zero order``), ``quantity`` (``repeat rate``, ``market_share``), ``firm``,
        ``value``, ``se``: of what was observed over customers, of scenarios over runs.
    calibration : Calibration
        Of the first part of the panel.
    """

    table: pd.DataFrame
    calibration: Calibration

    def errors(self) -> pd.DataFrame:
        """Return by model the error of the repeat rate and the mean one of shares, in points."""
        seen = self.table[self.table["model"] == "observed"].set_index(["quantity", "firm"])
        rows = []
        for model, part in self.table.groupby("model", sort=False):
            if model == "observed":
                continue
            off = part.set_index(["quantity", "firm"])["value"] - seen["value"]
            rows.append(
                (model, 100 * abs(off["repeat rate"]).mean(), 100 * abs(off["market_share"]).mean())
            )
        return pd.DataFrame(rows, columns=["model", "repeat_purchase_rate", "market_share"])

    def headline(self) -> str:
        """Return the model that predicts the repeat purchase rate best, and its lead."""
        rates = self.table[self.table["quantity"] == "repeat rate"].set_index("model")["value"]
        error = self.table.set_index(["model", "quantity"])["se"][("observed", "repeat rate")]
        off = {name: 100 * abs(rates[name] - rates["observed"]) for name in rates.index[1:]}
        said = (
            f"{self.calibration.panel.source}: {100 * rates['observed']:.1f} % "
            f"(se {100 * float(np.ravel(error)[0]):.1f}) of the later purchases repeat the last; "
        )
        called = {"scenario": "calibrated scenario", "tastes only": "same without loyalty"}
        others = "; ".join(
            f"the {called.get(name, 'zero-order model')} predicts {100 * rates[name]:.1f} %"
            for name in off
        )
        better = "nearer" if off["scenario"] < off["zero order"] else "not nearer"
        but = (
            " (without loyalty it is nearer still)" if off["tastes only"] < off["scenario"] else ""
        )
        return f"{said}{others}. The calibrated scenario is {better} than shares alone{but}."

    def __repr__(self) -> str:
        return f"<Prediction: {self.headline()}>"

    def _repr_html_(self) -> str:
        table = self.errors().round(1).rename(columns=_HEADS).to_html(index=False)
        return f"<p>{escape(self.headline())}</p>{table}"


_HEADS = {
    "repeat_purchase_rate": "repeat rate off by, points",
    "market_share": "shares off by, points on average",
}


@argument_hints
def predict(
    panel: Panel,
    *,
    share: float = 2 / 3,
    initial_purchases: str = "wooldridge",
    form: str = "cost",
    draws: int = 256,
) -> Prediction:
    """Estimate on the first part of each customer's purchases and predict the rest.

    The prediction is the simulation's: the calibrated scenario runs, and its repeat rate and
    shares are compared with those of the purchases left out. Against it stand a zero-order
    model (each purchase is drawn from the shares of the first part) and the scenario
    estimated with tastes but without loyalty.

    Parameters
    ----------
    panel : Panel
    share : float
        Part of each customer's occasions to estimate on.
    initial_purchases, form, draws
        As for :func:`~cxsim.calibration.calibrate.calibrate`.

    Raises
    ------
    CalibrationError
        If the first part does not identify the model.
    """
    train, rest = panel.split(share)
    result = calibrate(
        train, initial_purchases=initial_purchases, form=form, draws=draws, permutations=0
    )
    zero = train.shares
    without = result.without_loyalty()
    models = {
        "scenario": _simulated(result.scenario(), panel.firms),
        "tastes only": _simulated(without.scenario(), panel.firms),
        "zero order": ((float((zero**2).sum()), 0.0), (zero, np.zeros(len(zero)))),
    }
    models = {"observed": _observed(panel, rest), **models}
    rows = []
    for model, ((rate, error), (shares, errors)) in models.items():
        rows.append((model, "repeat rate", "", rate, error))
        rows += [
            (model, "market_share", name, float(value), float(se))
            for name, value, se in zip(panel.firms, shares, errors, strict=True)
        ]
    table = pd.DataFrame(rows, columns=["model", "quantity", "firm", "value", "se"])
    table.attrs["source"] = panel.source
    return Prediction(table, result)


_Figures = tuple[tuple[float, float], tuple[np.ndarray, np.ndarray]]


def _observed(panel: Panel, rest: np.ndarray) -> _Figures:
    """Return repeat rate and shares of the occasions left out, with errors over customers."""
    size, supplier = len(panel.firms), panel.supplier
    bought = rest & (panel.choice < size)
    again = bought & (supplier >= 0)
    shares, errors = np.array(
        [panel.ratio(bought & (panel.choice == k), bought) for k in range(size)]
    ).T
    return panel.ratio(again & (panel.choice == supplier), again), (shares, errors)


def _simulated(scenario: Scenario, firms: tuple[str, ...]) -> _Figures:
    """Return repeat rate and shares of a scenario, means over seeds with their errors."""
    scenario = scenario.override({"customers": _CUSTOMERS})
    rates, shares = [], []
    for seed in _SEEDS:
        books = simulate(scenario, seed=seed).ledger
        flows = books.total("purchases").sum(axis=0)[:, :-1]  # supplier before, firm
        order = [books.firms.index(name) for name in firms]
        own = flows[1:]
        rates.append(np.trace(own) / own.sum())
        shares.append(flows.sum(axis=0)[order] / flows.sum())
    rate, error = mean_and_error(np.array(rates))
    return (float(rate), float(error)), mean_and_error(np.array(shares))
