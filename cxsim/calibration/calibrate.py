"""From a purchase panel to a scenario, in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxsim.calibration.estimate import Z95, Estimates, fit
from cxsim.calibration.panel import CalibrationError, Columns, Panel
from cxsim.calibration.panel_reading import read_panel
from cxsim.calibration.scenario_writing import sample, scenario_text, write_scenario
from cxsim.messages import argument_hints, whole
from cxsim.scenario import Scenario

if TYPE_CHECKING:
    from cxsim.calibration.predictive_check import PredictiveCheck

# -- From a purchase panel to a scenario, in one call ------------------------------------------


@dataclass(eq=False)
class Calibration:
    """Estimates of a market from a purchase panel.

    Attributes
    ----------
    panel : Panel
    estimates : Estimates
        With tastes that differ between customers.
    alike : Estimates
        As if all customers had the same tastes: they overstate loyalty.
    control : Control or None
        With each customer's purchases in random order: loyalty should vanish.
    control_alike : Control or None
        The same without tastes: what is left is taste taken for loyalty.
    initial_purchases, form : str
        How they were estimated, as :func:`~cxsim.calibration.calibrate.calibrate` was told.
    """

    panel: Panel
    estimates: Estimates
    alike: Estimates
    control: Control | None
    control_alike: Control | None
    initial_purchases: str
    form: str

    @property
    def table(self) -> pd.DataFrame:
        """Estimates with errors and what they are worth; one row per parameter."""
        return self.estimates.table.merge(
            self.estimates.worths.rename(columns={"se": "worth_se"}), on="parameter", how="left"
        )

    @property
    def loyalty(self) -> pd.DataFrame:
        """Loyalty as each way of estimating finds it.

        Columns ``model`` (``with tastes``, ``without tastes``), ``order`` (``as bought``,
        ``shuffled``), ``loyalty, se, lower, upper`` (utils).
        """
        rows = []
        for model, estimates, control in (
            ("with tastes", self.estimates, self.control),
            ("without tastes", self.alike, self.control_alike),
        ):
            value, error = float(estimates.values["loyalty"]), estimates.error("loyalty")
            rows.append((model, "as bought", value, error))
            if control is not None:
                rows.append((model, "shuffled", control.loyalty, control.error))
        frame = pd.DataFrame(rows, columns=["model", "order", "loyalty", "se"])
        frame["lower"] = frame["loyalty"] - Z95 * frame["se"]
        frame["upper"] = frame["loyalty"] + Z95 * frame["se"]
        frame.attrs["source"] = self.panel.source
        return frame

    def headline(self) -> str:
        """Return one sentence: what loyalty is worth, and how much of it is taste."""
        row = self.estimates.worths.set_index("parameter").loc["loyalty"]
        said = (
            f"{self.panel.source}: staying is worth {row['worth']:.3g} {self.panel.currency} "
            f"(se {row['se']:.2g}), {row['percent']:.0f} % of the mean price"
        )
        value, other = self.estimates.values["loyalty"], self.alike.values["loyalty"]
        said += (
            f"; {value:.2f} utils, where a model without brand preferences would find {other:.2f}"
        )
        if self.control is not None:
            said += f" and a random order of purchases {self.control.loyalty:.2f}"
        return said + "."

    def scenario_text(self, *, title: str | None = None) -> str:
        """Return the text of a scenario file, estimates and errors in comments.

        Parameters
        ----------
        title : str, optional
            What the scenario is called; by default the panel's source.

        Raises
        ------
        CalibrationError
            If the price sensitivity is not above zero.
        """
        return scenario_text(
            self.panel,
            self.estimates,
            initial_purchases=self.initial_purchases,
            form=self.form,
            alike=self.alike,
            control=(self.control.loyalty, self.control.error) if self.control else None,
            title=title,
        )

    def scenario(self) -> Scenario:
        """Return the calibrated scenario."""
        from cxsim.scenario.yaml_text import parse

        return Scenario.from_dict(parse(self.scenario_text()).value, name="calibrated")

    def save(self, path: str | Path, *, title: str | None = None) -> Path:
        """Write the scenario file, whole or not at all.

        Parameters
        ----------
        path : str or Path
        title : str, optional
            What the scenario is called; by default the panel's source.

        Raises
        ------
        CalibrationError
            If the price sensitivity is not above zero.
        OSError
            If it cannot be written.
        """
        return write_scenario(self.scenario_text(title=title), path)

    def without_loyalty(self) -> Calibration:
        """Return estimates of a model with tastes and without a term for the supplier."""
        estimates = fit(
            self.panel, initial_purchases=self.initial_purchases, form=self.form, loyalty=False,
            draws=self.estimates.draws,
        )  # fmt: skip
        zero = pd.Series({"loyalty": 0.0})
        names = [*estimates.values.index, "loyalty"]

        def wider(matrix: pd.DataFrame) -> pd.DataFrame:
            return matrix.reindex(index=names, columns=names, fill_value=0.0)

        estimates = replace(
            estimates,
            values=pd.concat([estimates.values, zero]),
            covariance=wider(estimates.covariance),
            robust=wider(estimates.robust),
        )
        return replace(self, estimates=estimates, control=None, control_alike=None)

    def sample(self, count: int = 200, *, seed: int = 0) -> pd.DataFrame:
        """Return draws of the scenario's parameters, as uncertain as the estimates are.

        A column per dotted path, a row per draw: the points of a study.

        Parameters
        ----------
        count : int
            Draws.
        seed : int
        """
        return sample(self.panel, self.estimates, count, seed=seed)

    def predictive_check(self, *, seeds: int = 20, seed: int = 0) -> PredictiveCheck:
        """Compare the panel with panels simulated from the estimates.

        Parameters
        ----------
        seeds : int
            Panels to simulate, with loyalty and without.
        seed : int
            Of parameters, brand preferences and choices.
        """
        from cxsim.calibration.predictive_check import predictive_check

        return predictive_check(self, seeds=seeds, seed=seed)

    def __repr__(self) -> str:
        return f"<Calibration: {self.headline()}>"

    def _repr_html_(self) -> str:
        table = self.table.to_html(index=False, float_format=lambda v: f"{v:,.3g}", na_rep="")
        return f"<p>{escape(self.headline())}</p>{table}"


@argument_hints
def calibrate(
    panel: str | Path | pd.DataFrame | Panel,
    *,
    columns: Columns | None = None,
    initial_purchases: str = "drop",
    form: str = "cost",
    permutations: int = 5,
    draws: int = 200,
    seed: int = 0,
    source: str | None = None,
    currency: str | None = None,
    period_length: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Calibration:
    """Estimate price sensitivity, tastes and switching cost from a purchase panel.

    Parameters
    ----------
    panel : str, Path, DataFrame or Panel
        A row per purchase occasion with columns such as ``customer, period, choice,
        price.Dannon, price.Yoplait``; or a row per occasion and firm with ``customer,
        period, firm, chosen, price``. Frames of ``cx.run(..., panel=100).panel`` will do.
    columns : Columns, optional
        Names of columns that are not found by themselves.
    initial_purchases : {"drop", "use"}
        What to do with each customer's first purchase: condition on it, or use it where the
        panel starts with the customer's very first purchase.
    form : {"cost", "bonus"}
        As ``switching_cost_form`` of scenarios.
    permutations : int
        Random orders in the control for spurious loyalty; 0 for no control.
    draws : int
        Halton points per customer.
    seed : int
        Of points and shuffles.
    source, currency, period_length : str, optional
        As for :func:`~cxsim.calibration.panel_reading.read_panel`.
    progress : callable, optional
        Called with (stage, done, total).

    Returns
    -------
    Calibration

    Raises
    ------
    CalibrationError
        If the panel cannot be read or does not identify the switching cost.

    Notes
    -----
    Conditioning on the first purchase takes it as given although tastes had a part in it;
    with few purchases per customer this overstates loyalty (the initial conditions problem,
    Heckman 1981). Panels that start at the first purchase do not have it.

    Examples
    --------
    >>> import cxsim as cx
    >>> market = {"customers": 400, "periods": 24, "segments.*.fit_weight": 0}
    >>> deals = {"firms.*.promotions": {"chance": 0.3, "depth": 0.2}}
    >>> panel = cx.run("baseline", seed=1, overrides=market | deals, panel=300).panel
    >>> result = calibrate(panel, permutations=0, draws=20)
    >>> result.save("my_market.yaml").name
    'my_market.yaml'
    """
    data = read_panel(
        panel, columns=columns, source=source, currency=currency, period_length=period_length
    )
    check_identified(data)

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress("shuffling" if total else "estimating", done, total)

    tell(0, 0)
    alike = fit(data, initial_purchases=initial_purchases, form=form, tastes=False)
    estimates = fit(data, initial_purchases=initial_purchases, form=form, draws=draws, seed=seed)
    control = control_alike = None
    permutations = whole(permutations, "permutations", low=0)
    if permutations:
        control, control_alike = (
            shuffled_order(
                data, initial_purchases=initial_purchases, form=form, tastes=tastes,
                permutations=permutations, draws=draws, seed=seed, start=start,
                progress=tell if tastes else None,
            )
            for tastes, start in ((True, estimates), (False, alike))
        )  # fmt: skip
    return Calibration(data, estimates, alike, control, control_alike, initial_purchases, form)


# -- What a panel cannot tell, said before anything is estimated -------------------------------


#: Moves between firms from which on their never going back is no chance.
_MOVES = 8


def check_identified(panel: Panel) -> None:
    """Refuse panels from which taste, price sensitivity and switching cost cannot be told.

    Raises
    ------
    CalibrationError
        If only one firm was chosen, or one never; if prices do not vary; if nobody bought
        twice; if nobody ever moved; or if the rows are sorted by the firm chosen.
    """
    from scipy.sparse.csgraph import connected_components

    def wrong(text: str) -> CalibrationError:
        return CalibrationError(f"{panel.source}: {text}")

    bought = np.bincount(panel.choice, minlength=panel.options)[: len(panel.firms)]
    if panel.options < 2:
        raise wrong(f"expected a choice of two or more, found one firm ({panel.firms[0]})")
    if (bought > 0).sum() < 2 and not panel.no_purchase:
        only = panel.firms[int(bought.argmax())]
        raise wrong(f"expected purchases from two or more firms, found only {only}")
    if (bought == 0).any():
        name = panel.firms[int(bought.argmin())]
        raise wrong(
            f"expected purchases from every firm, found none from {name} (leave its columns out)"
        )
    if np.ptp(panel.price, axis=1).max() <= 1e-9 * max(float(panel.price.max()), 1.0):
        raise wrong(
            "expected prices that change between purchases, found the same throughout: "
            "price sensitivity cannot be separated from brand preference"
        )
    supplier = panel.supplier
    again = (supplier >= 0) & (panel.choice < len(panel.firms))
    if not again.any():
        raise wrong(
            "expected customers with two or more purchases, found one each: "
            "a switching cost shows only in what is bought next"
        )
    moved = again & (panel.choice != supplier)
    if not moved.any():
        raise wrong(
            "expected customers who change firms, found that each always buys from one: "
            "loyalty cannot be separated from brand preference, and its value has no upper bound"
        )
    moves = panel.switching_counts() > 0
    if moved.sum() >= _MOVES and len(moves) == connected_components(moves, connection="strong")[0]:
        raise wrong(
            "expected rows in purchase order, found each customer's sorted by the firm chosen "
            f"({int(moved.sum())} moves, none of them back): the order of purchases is lost, and "
            "with it the switching cost"
        )


# -- The control for spurious loyalty: the same purchases in an order that means nothing -------


@dataclass(frozen=True)
class Control:
    """Loyalty found where there can be none.

    Attributes
    ----------
    table : DataFrame
        One row per shuffle: ``shuffle, loyalty, se`` (utils).
    """

    table: pd.DataFrame

    @property
    def loyalty(self) -> float:
        """Mean over shuffles, utils."""
        return float(self.table["loyalty"].mean())

    @property
    def error(self) -> float:
        """Standard error of one shuffle's estimate: the data's, which more shuffles keep."""
        return float(np.sqrt((self.table["se"] ** 2).mean()))


def shuffled_order(
    panel: Panel,
    *,
    initial_purchases: str = "drop",
    form: str = "cost",
    tastes: bool = True,
    permutations: int = 10,
    draws: int = 200,
    seed: int = 0,
    start: Estimates | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Control:
    """Estimate loyalty after each customer's purchases were put in random order.

    Prices move with the purchases they belong to. Loyalty that survives is taste that the
    model takes for loyalty (Dube, Hitsch & Rossi 2010).

    Parameters
    ----------
    panel, initial_purchases, form, tastes, draws, start
        As for :func:`~cxsim.calibration.estimate.fit`.
    permutations : int
    seed : int
        Of the orders.
    progress : callable, optional
        Called with (shuffles done, shuffles).
    """
    rows = []
    for number in range(permutations):
        mixed = panel.shuffled(np.random.default_rng((seed, number)))
        found = fit(
            mixed,
            initial_purchases=initial_purchases,
            form=form,
            tastes=tastes,
            draws=draws,
            start=start,
        )
        rows.append((number, float(found.values["loyalty"]), found.error("loyalty")))
        if progress is not None:
            progress(number + 1, permutations)
    return Control(pd.DataFrame(rows, columns=["shuffle", "loyalty", "se"]))
