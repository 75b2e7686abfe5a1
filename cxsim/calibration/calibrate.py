"""From a purchase panel to a scenario, in one call."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxsim.calibration.estimate import Z95, Estimates, fit, one_of, with_stated_price
from cxsim.calibration.latent_classes import (
    FIRST,
    SEPARATED,
    SMALL,
    LatentClasses,
    asked_classes,
    latent_classes,
)
from cxsim.calibration.learning import LEARNING, Learning, Stated, estimate_learning
from cxsim.calibration.panel import NO_MONEY, CalibrationError, Columns, Panel
from cxsim.calibration.panel_reading import read_panel
from cxsim.calibration.price_endogeneity import (
    RESIDUAL,
    WEAK_F,
    PriceCheck,
    corrected_errors,
    demand_test,
    explained_prices,
    own_price_elasticity,
    residual_t,
    with_cost_columns,
)
from cxsim.calibration.scenario_writing import (
    mostly_spurious,
    offers_of,
    purchase_rate,
    sample,
    scenario_text,
    supported_loyalty,
    write_scenario,
)
from cxsim.calibration.targets import PER_YEAR
from cxsim.messages import argument_hints, found, whole
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
    learning : Learning or None
        What firms learn of customers, where that was asked.
    prices : PriceCheck or None
        Whether prices seem to answer demand.
    seed : int
        Of the points at which they were estimated.
    classes : LatentClasses or None
        Classes of customers, where they were asked for: segments of the scenario.
    response : StatedResponse or None
        The price response that was stated, where the price sensitivity is not estimated.
    """

    panel: Panel
    estimates: Estimates
    alike: Estimates
    control: Control | None
    control_alike: Control | None
    initial_purchases: str
    form: str
    learning: Learning | None = None
    prices: PriceCheck | None = None
    seed: int = 0
    classes: LatentClasses | None = None
    response: StatedResponse | None = None

    @property
    def table(self) -> pd.DataFrame:
        """Estimates with errors and what they are worth; one row per parameter.

        Nothing is worth anything (NaN) where the price sensitivity is not above zero, or the
        panel says that its prices tell nothing of money.
        """
        worths = self.estimates.worths.rename(columns={"se": "worth_se"})
        if not self._has_worth:
            worths.iloc[:, 1:] = np.nan
        return self.estimates.table.merge(worths, on="parameter", how="left")

    @cached_property
    def elasticity(self) -> float:
        """Mean own-price elasticity of choice, weighted by market shares."""
        return own_price_elasticity(self.panel, self.estimates, form=self.form)

    @property
    def warnings(self) -> tuple[Caution, ...]:
        """What the results may not be trusted for, the most serious first."""
        return cautions(findings(self))

    @property
    def _has_worth(self) -> bool:
        """Whether utils can be stated in money."""
        positive = self.estimates.values["price_sensitivity"] > 0.0
        return bool(positive) and self.panel.money != NO_MONEY

    @property
    def _random_order(self) -> tuple[float, float] | None:
        """Loyalty in random order and its error, utils, if it is known."""
        if self.control is None or not np.isfinite(self.control.loyalty):
            return None
        return self.control.loyalty, self.control.error

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
        """Return what loyalty is worth, and how much of it is taste; serious warnings first."""
        serious = [each for each in self.warnings if each.serious]
        said = f"{self.panel.source}: "
        if serious:
            number = "a warning" if len(serious) == 1 else f"{len(serious)} warnings"
            texts = "; ".join(f"{each.text} ({each.code})" for each in serious)
            said += f"{number}: {texts}. Loyalty is "
        value, other = self.estimates.values["loyalty"], self.alike.values["loyalty"]
        spurious = self._random_order is not None and mostly_spurious(value, *self._random_order)
        if self._has_worth:
            row = self.estimates.worths.set_index("parameter").loc["loyalty"]
            said += "" if serious else "staying is "
            said += (
                f"worth {row['worth']:.3g} {self.panel.currency} "
                f"(se {row['se']:.2g}), {row['percent']:.0f} % of the mean price; "
            )
            if spurious:
                part, error = supported_loyalty(self.estimates, self._random_order)
                said += f"the order of purchases supports {part:.3g} (se {error:.2g}) of it; "
        said += f"{value:.2f} utils, where a model without brand preferences would find {other:.2f}"
        if self._random_order is not None:
            said += f" and a random order of purchases {self._random_order[0]:.2f}"
        said += f". The mean own-price elasticity is {self.elasticity:.2f}"
        if self.response is not None:
            said += f" (as stated: {self.response.words()})"
        return f"{said}."

    def scenario_text(self, *, stated: Stated | None = None, title: str | None = None) -> str:
        """Return the text of a scenario file, estimates and errors in comments.

        Parameters
        ----------
        stated : Stated, optional
            What the panel cannot say of firms that learn; with it the scenario has the
            estimated learning, without it none.
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
            control=self._random_order,
            elasticity=self.elasticity,
            warnings=[each.sentence for each in self.warnings],
            title=title,
            learning=None if stated is None else self._learned(stated),
            classes=self.classes,
        )

    def _learned(self, stated: Stated) -> tuple[Learning, Stated]:
        """Return the learning of a scenario with what was stated of it.

        Raises
        ------
        CalibrationError
            If its speeds were not estimated, or the panel has no periods.
        """
        found, source = self.learning, self.panel.source
        if found is None or found.estimates is None:
            said = "none" if found is None else f"the verdict {found.verdict!r}"
            raise CalibrationError(
                f"{source}: expected learning whose speeds are estimated, found {said}"
            )
        if self.panel.period is None:
            raise CalibrationError(
                f"{source}: expected periods, in which a scenario forgets, found purchases in "
                "their order alone"
            )
        return found, stated

    def scenario(self, *, stated: Stated | None = None) -> Scenario:
        """Return the calibrated scenario.

        Parameters
        ----------
        stated : Stated, optional
            As for :meth:`scenario_text`.
        """
        from cxsim.scenario.yaml_text import parse

        text = self.scenario_text(stated=stated)
        return Scenario.from_dict(parse(text).value, name="calibrated")

    def save(
        self, path: str | Path, *, stated: Stated | None = None, title: str | None = None
    ) -> Path:
        """Write the scenario file, whole or not at all.

        Parameters
        ----------
        path : str or Path
        stated : Stated, optional
            As for :meth:`scenario_text`.
        title : str, optional
            What the scenario is called; by default the panel's source.

        Raises
        ------
        CalibrationError
            If the price sensitivity is not above zero.
        OSError
            If it cannot be written.
        """
        return write_scenario(self.scenario_text(stated=stated, title=title), path)

    def without_loyalty(self) -> Calibration:
        """Return estimates of a model with tastes and without a term for the supplier."""
        estimates = fit(
            self.panel, initial_purchases=self.initial_purchases, form=self.form, loyalty=False,
            draws=self.estimates.draws, seed=self.seed,
            **self.estimates.differences | {"random_loyalty": False},
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
        return replace(self, estimates=estimates, control=None, control_alike=None, classes=None)

    def sample(self, count: int = 200, *, seed: int = 0) -> pd.DataFrame:
        """Return draws of the scenario's parameters, as uncertain as the estimates are.

        A column per dotted path, a row per draw: the points of a study.

        Parameters
        ----------
        count : int
            Draws.
        seed : int
        """
        return sample(
            self.panel, self.estimates, count, seed=seed, control=self._random_order,
            classes=self.classes,
        )  # fmt: skip

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
        said = "".join(f"<li>{escape(each.sentence)}</li>" for each in self.warnings)
        said = f"<ul>{said}</ul>" if said else ""
        learned = f"<p>{escape(self.learning.sentence())}</p>" if self.learning else ""
        classes = self.classes._repr_html_() if self.classes else ""
        return f"<p>{escape(self.headline())}</p>{said}{learned}{table}{classes}"


@argument_hints
def calibrate(
    panel: str | Path | pd.DataFrame | Panel,
    *,
    columns: Columns | None = None,
    initial_purchases: str = "wooldridge",
    form: str = "cost",
    tastes: str = "independent",
    random_price: bool | None = None,
    random_loyalty: bool | None = None,
    classes: int | str | None = None,
    learning: str = "no",
    start: str | None = None,
    recognition: float | None = None,
    cost: str | Sequence[str] | None = None,
    instrument: str | None = None,
    price_response: str | tuple[float, float] | None = None,
    ignore_prices: bool = False,
    bootstrap: int = 0,
    permutations: int = 5,
    draws: int = 256,
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
    initial_purchases : {"wooldridge", "equation", "use", "drop"}
        What is made of each customer's first purchase, in which brand preference had a part.
        ``wooldridge``: what follows is conditional on it, and the firm first bought from may be
        worth more throughout. ``equation``: it has an equation of its own (Heckman 1981).
        ``use``: the panel starts with the customer's very first purchase, which is used like
        any other. ``drop``: what follows is conditional on it, as if preference had no part in
        it, which overstates loyalty where purchases are few.
    form : {"cost", "bonus"}
        As ``switching_cost_form`` of scenarios.
    tastes : {"independent", "correlated", "none"}
        How brand preferences differ between customers.
    random_price, random_loyalty : bool, optional
        Whether price sensitivities (lognormal) and loyalty (normal) differ between customers
        [default: where learning is estimated].
    classes : int or "bic", optional
        Also estimate latent classes of customers, each with its own price sensitivity,
        intercepts and loyalty, which become the segments of the scenario: 1 to 4, or the number
        with the least BIC. See :func:`~cxsim.calibration.latent_classes.latent_classes`.
    learning : {"no", "test", "yes"}
        Whether to ask if firms that have served a customer are worth more to it, ever less so
        without purchases: see :func:`~cxsim.calibration.learning.estimate_learning`.
    start : {None, "first purchase"}
        For learning: ``first purchase`` states that the panel has each customer from its very
        first purchase. None: customers who come after a quiet stretch are used.
    recognition : float, optional
        For learning: chance that a customer is recognized, where the panel has no column
        ``recognized`` [default: always].
    cost : str or sequence of str, optional
        Columns by firm that move prices and not demand (``"cost"`` for ``cost.Dannon,
        cost.Yoplait``): costs, or prices in another market. The part of prices that they do
        not explain is added to the choice as ``price_residual`` (control function), and
        errors are clustered by period.
    instrument : {None, "lagged"}
        ``lagged``: explain prices by those of the period before.
    price_response : str or (float, float), optional
        Stated where prices do not show it: how much higher a firm's price is, and the share of
        its customers that it loses by that within a year. ``"5%: 8"`` and ``(0.05, 0.08)`` are a
        price 5 % higher and 8 of 100 customers. Prices then say nothing of choices, and the
        price sensitivity is the one at which runs of the scenario lose as many.
    ignore_prices : bool
        Whether a stated response stands also where prices do show one.
    bootstrap : int
        Samples of periods for errors of both stages; 0 for errors of the second one.
    permutations : int
        Random orders in the control for spurious loyalty; 0 for no control.
    draws : int
        Sobol points per customer, a power of two.
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
        If the panel cannot be read or does not identify the switching cost, a column of costs is
        missing, or a price response is stated that prices show or that cannot be.
    ValueError
        If an argument is not one of those known, or classes or a stated price response are asked
        for together with learning, costs or other differences between customers.

    Notes
    -----
    That tastes had a part in purchases before the panel is the initial conditions problem
    (Heckman 1981; Wooldridge 2005). Panels that start at the first purchase do not have it.

    Examples
    --------
    >>> import cxsim as cx
    >>> market = {"customers": 400, "periods": 24, "segments.*.fit_weight": 0}
    >>> deals = {"firms.*.promotions": {"chance": 0.3, "depth": 0.2}}
    >>> panel = cx.run("baseline", seed=1, overrides=market | deals, panel=300).panel
    >>> result = calibrate(panel, permutations=0, draws=32)
    >>> result.save("my_market.yaml").name
    'my_market.yaml'
    """
    if classes is not None:
        asked_classes(classes)
        check_with_classes(
            initial_purchases=initial_purchases, tastes=tastes, learning=learning,
            random_price=random_price, random_loyalty=random_loyalty, cost=cost,
            instrument=instrument,
        )  # fmt: skip
    columns = with_cost_columns(columns, cost)
    data = read_panel(
        panel, columns=columns, source=source, currency=currency, period_length=period_length
    )
    stated = None
    if price_response is not None:
        stated = price_response_of(price_response)
        _check_with_response(
            classes=classes, learning=learning, cost=cost, instrument=instrument,
            random_price=random_price,
        )  # fmt: skip
        data = stated_panel(data, *stated, initial_purchases, form, ignore_prices=ignore_prices)
    elif ignore_prices:
        raise ValueError("ignore_prices: expected a price_response beside it, found none")
    check_identified(data)
    check_first_purchases(data, initial_purchases)
    data, shifters, prices = explained_prices(data, cost=cost, instrument=instrument)
    bootstrap = whole(bootstrap, "bootstrap", low=0)

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress("shuffling" if total else "estimating", done, total)

    tell(0, 0)
    alike = fit(data, initial_purchases=initial_purchases, form=form, tastes="none")
    how: dict[str, Any] = {
        "initial_purchases": initial_purchases, "form": form, "tastes": tastes,
        "random_price": bool(random_price), "random_loyalty": bool(random_loyalty),
    }  # fmt: skip
    estimates = fit(data, **how, draws=draws, seed=seed)
    if prices is None and RESIDUAL not in data.features and stated is None:
        prices = demand_test(data, estimates, **how)
    elif prices is not None and prices.corrected:
        estimates = corrected_errors(data, estimates, shifters, bootstrap=bootstrap, **how)
        prices = replace(prices, t=residual_t(estimates, estimates.covariance))
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
    divided = None
    if classes is not None:
        divided = latent_classes(
            data, classes, initial_purchases=initial_purchases, form=form, seed=seed,
            progress=None if progress is None else partial(progress, "estimating classes"),
        )  # fmt: skip
    learned = None
    if one_of(learning, LEARNING, "learning") != "no":
        if progress is not None:
            progress("learning", 0, 0)
        learned = estimate_learning(
            data, learning=learning, start=start, recognition=recognition,
            initial_purchases=initial_purchases, form=form, tastes=tastes,
            random_price=random_price is not False, random_loyalty=random_loyalty is not False,
            draws=draws, seed=seed,
        )  # fmt: skip
    result = Calibration(
        data, estimates, alike, control, control_alike, initial_purchases, form, learned, prices,
        seed, divided,
    )  # fmt: skip
    if stated is None:
        return result
    if progress is not None:
        progress("price response", 0, 0)
    return with_response(result, *stated)


# -- A price response that is stated, where prices do not show one -----------------------------


@dataclass(frozen=True)
class StatedResponse:
    """A price response as stated, and as runs of the scenario have it.

    Attributes
    ----------
    rise : float
        How much higher a firm's price is, as a share of it.
    lost : float
        Share of its customers that it loses by that within a year, as stated.
    simulated, error : float
        The same in runs of the scenario, mean over firms by their customers, and its Monte-Carlo
        error.
    """

    rise: float
    lost: float
    simulated: float
    error: float

    def words(self) -> str:
        """Return it in words."""
        return (
            f"a price {100 * self.rise:g} % higher loses {100 * self.lost:g} % of customers within "
            f"a year; {100 * self.simulated:.2g} % (se {100 * self.error:.1g}) in runs"
        )


def price_response_of(given: str | tuple[float, float]) -> tuple[float, float]:
    """Return how much higher a price is, and the share of customers lost, as shares.

    Parameters
    ----------
    given : str or (float, float)

    Raises
    ------
    ValueError
        If it is neither, or not between 0 and 1.

    Examples
    --------
    >>> price_response_of("5%: 8")
    (0.05, 0.08)
    """
    expected = "price_response: expected such as '5%: 8' (a price 5 % higher loses 8 of 100)"
    if isinstance(given, str):
        read = re.fullmatch(r"\s*([\d.]+)\s*%\s*:\s*([\d.]+)\s*%?\s*", given)
        try:
            rise, lost = (float(each) / 100.0 for each in read.groups()) if read else (0.0, 0.0)
        except ValueError:
            rise = lost = 0.0
    else:
        rise, lost = map(float, given)
    if not (0.0 < rise <= 1.0 and 0.0 < lost < 1.0):
        raise ValueError(f"{expected}, found {found(given)}")
    return rise, lost


def _check_with_response(**how: Any) -> None:
    """Refuse what needs prices, or another scenario, together with a stated price response."""
    for name, value in how.items():
        if value not in (None, False, (), "", "no"):
            text = f"{name}: expected none together with a stated price_response"
            raise ValueError(f"{text}, found {found(value)}")


#: A stated loss counts as known with this share of it as standard error.
_STATED_ERROR = 1 / 8

#: Customers and seeds of runs that find a price sensitivity.
_RESPONSE_CUSTOMERS, _RESPONSE_SEEDS = 2000, 4


def stated_panel(
    panel: Panel,
    rise: float,
    lost: float,
    initial_purchases: str,
    form: str,
    *,
    ignore_prices: bool = False,
) -> Panel:
    """Return a panel with each firm's mean price, of which nothing is estimated.

    Its price sensitivity is that of the logit with equal shares and no loyalty, with which the
    search starts: lost = 1 - exp(-a rise p (1 - 1 / F)).

    Raises
    ------
    CalibrationError
        If periods have no length in years, or prices show a price response and are not ignored.
    """
    if panel.period is None or panel.period_length not in PER_YEAR:
        text = f"expected periods of known length, found {panel.period_length}s"
        raise CalibrationError(f"{panel.source}: {text} (a price response is of a year)")
    moves = np.nanmax(panel.price, axis=1) - np.nanmin(panel.price, axis=1)
    if not ignore_prices and panel.money == "usable" and moves.max() > 1e-9:
        shown = fit(panel, initial_purchases=initial_purchases, form=form, tastes="none")
        a, error = float(shown.values["price_sensitivity"]), shown.error("price_sensitivity")
        if a > WEAK_PRICE_T * error:
            raise CalibrationError(
                f"{panel.source}: expected prices that show no price response beside a stated "
                f"one, found a price sensitivity of {a:.3g} (se {error:.2g}): leave out the stated "
                "one (--price-response), or the prices (--ignore-prices)"
            )
    mean = np.nanmean(panel.price, axis=1)
    a = -float(np.log1p(-lost)) / (rise * float(mean.mean()) * (1.0 - 1.0 / panel.options))
    price = np.where(np.isnan(panel.price), np.nan, mean[:, None])
    return replace(panel, price=price, money="usable", stated=(a, _STATED_ERROR * a))


def with_response(result: Calibration, rise: float, lost: float) -> Calibration:
    """Return a calibration at the price sensitivity whose scenario loses as many customers.

    Choices at prices as they are do not depend on it, so that the same runs are compared
    throughout, each with one in which a firm's price is higher.

    Parameters
    ----------
    result : Calibration
        Of a panel whose price sensitivity is stated.
    rise, lost : float

    Raises
    ------
    CalibrationError
        If no price sensitivity loses so many.
    """
    from scipy.optimize import brentq

    from cxsim.calibration.moment_matching import customers_lost

    first = result.panel.stated
    assert first is not None

    def at(a: float) -> Calibration:
        stated = (a, _STATED_ERROR * a)
        panel = replace(result.panel, stated=stated)
        both = (with_stated_price(e, panel, *stated) for e in (result.estimates, result.alike))
        estimates, alike = both
        return replace(result, panel=panel, estimates=estimates, alike=alike)

    def losses(a: float) -> np.ndarray:
        market = at(a).scenario().override({"customers": _RESPONSE_CUSTOMERS})
        seeds = range(_RESPONSE_SEEDS)
        return np.array([customers_lost(market, seed, rise=rise) for seed in seeds])

    highest = 100.0 * first[0]
    most = float(losses(highest).mean())
    if most <= lost:
        raise CalibrationError(
            f"{result.panel.source}: price_response: expected a loss below {100 * most:.2g} % "
            f"(customers who can change firms within a year), found {100 * lost:g} %"
        )
    exact = {"xtol": first[0] / 500, "rtol": 1e-3}
    a = brentq(lambda x: float(losses(x).mean()) - lost, first[0] / 100, highest, **exact)
    runs = losses(float(a))
    error = float(runs.std(ddof=1) / np.sqrt(len(runs)))
    response = StatedResponse(rise, lost, float(runs.mean()), error)
    return replace(at(float(f"{a:.5g}")), response=response)


def check_with_classes(**how: Any) -> None:
    """Refuse options that cannot be had together with latent classes.

    Parameters
    ----------
    **how
        Options of :func:`calibrate`, by name.

    Raises
    ------
    ValueError
        If one was given.
    """
    allowed: dict[str, tuple[Any, ...]] = {
        "initial_purchases": FIRST, "tastes": ("independent", "none"), "learning": ("no",),
        "random_price": (None, False), "random_loyalty": (None, False), "cost": (None, (), ""),
        "instrument": (None, ""),
    }  # fmt: skip
    for name, value in how.items():
        if value not in allowed[name]:
            said = " or ".join(repr(each) for each in allowed[name] if each not in ((), ""))
            raise ValueError(f"{name}: expected {said} together with classes, found {value!r}")


# -- What results may not be trusted for: a table of cases -------------------------------------


#: |t| of the price coefficient below which amounts in money have no upper bound worth stating.
WEAK_PRICE_T = 3.0

#: t of the residual of prices from which on they seem to answer demand: a test at 5 %, of which
#: 4.5 % are for prices that rise with demand, and 0.5 % for prices that fall with it.
DEMAND_T = (-2.576, 1.695)

#: Purchases per customer and period below which periods are probably days, hours or dates.
RARE = 1e-3

#: Purchases per customer from which on conditioning on the first one does little harm.
MANY_PURCHASES = 12


@dataclass(frozen=True)
class Caution:
    """A warning about an estimation.

    Attributes
    ----------
    code : str
        Name of the case.
    text : str
        What was found.
    action : str
        What to do.
    serious : bool
        Whether a result may not be used as it is; if not, it is a note.
    """

    code: str
    text: str
    action: str
    serious: bool = True

    @property
    def sentence(self) -> str:
        """Kind, code, text and action in one line."""
        kind = "Warning" if self.serious else "Note"
        return f"{kind} ({self.code}): {self.text}. {self.action}."


@dataclass(frozen=True)
class Findings:
    """Numbers that the cases look at.

    Attributes
    ----------
    price, price_error : float
        Price sensitivity, utils per currency unit.
    elasticity : float
        Mean own-price elasticity.
    loyalty, loyalty_error : float
        Utils; the larger of its two errors.
    percent : float
        Value of loyalty in % of the mean price.
    shuffled, shuffled_error : float
        Loyalty in random order, utils; NaN if it was not estimated.
    shuffles, failed : int
        Random orders tried, and those without an estimate.
    wrong_signs : tuple of str
        Features of price cuts that seem to keep customers away.
    rate : float
        Occasions per customer and period.
    purchases : float
        Mean number of occasions per customer.
    initial_purchases : str
    prices : PriceCheck or None
    money : str
        What the panel says of its prices.
    response : str
        The price response that was stated, in words; empty if it is estimated.
    small_classes, unpriced_classes, mixed_classes : tuple of str
        Classes that are small, whose price sensitivity is not above zero, and that are not well
        separated from others.
    classes_found : (int, int)
        Starting points that led to the maximum of classes, of how many.
    """

    price: float
    price_error: float
    elasticity: float
    loyalty: float
    loyalty_error: float
    percent: float
    shuffled: float = np.nan
    shuffled_error: float = np.nan
    shuffles: int = 0
    failed: int = 0
    wrong_signs: tuple[str, ...] = ()
    rate: float = 1.0
    purchases: float = np.inf
    initial_purchases: str = "use"
    prices: PriceCheck | None = None
    money: str = "usable"
    response: str = ""
    small_classes: tuple[str, ...] = ()
    classes_found: tuple[int, int] = (2, 2)
    unpriced_classes: tuple[str, ...] = ()
    mixed_classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Case:
    """A row of the table: when it applies, what it says, and what to do about it."""

    code: str
    applies: Callable[[Findings], bool]
    text: Callable[[Findings], str]
    action: str
    serious: bool = True


def _check(found: Findings) -> PriceCheck:
    return found.prices or PriceCheck("other prices", why_not="no test was made")


_MORE_PRICES = (
    "Look for a feature that moves with prices, name costs (cost=) or use instrument='lagged'"
)

_CASES = (
    _Case(
        "price_not_positive",
        lambda f: not f.price > 0.0,
        lambda f: f"higher prices seem to raise purchases (price sensitivity {f.price:.3g}, se "
        f"{f.price_error:.2g}), so that nothing can be stated in money",
        f"{_MORE_PRICES}; no scenario is written",
    ),
    _Case(
        "no_worth_in_money",
        lambda f: f.money == NO_MONEY,
        lambda _: "the order log that the panel was made of does not show the prices that "
        "customers saw, so that nothing can be stated in money",
        "Give `cxsim panel` a price list (--prices) or a store column, or state a price response "
        "(--price-response)",
    ),
    _Case(
        "money_doubtful",
        lambda f: f.money == "doubtful",
        lambda _: "many prices of the order log that the panel was made of are those of single "
        "customers, so that amounts in money are doubtful",
        "Give `cxsim panel` a price list (--prices) or a store column",
    ),
    _Case(
        "price_uncertain",
        lambda f: 0.0 < f.price < WEAK_PRICE_T * f.price_error,
        lambda f: f"the price sensitivity {f.price:.3g} is only {f.price / f.price_error:.1f} "
        "standard errors above zero, so that amounts in money may be several times too large or "
        "too small",
        "Use a panel with more purchases or with prices that vary more",
    ),
    _Case(
        "prices_answer_demand",
        lambda f: not _check(f).corrected
        and (_check(f).t < DEMAND_T[0] or _check(f).t > DEMAND_T[1]),
        lambda f: "prices seem to answer demand, and the price coefficient is not trustworthy "
        f"(residual of {_check(f).by}, t {_check(f).t:.1f}, clustered by period)",
        "Name columns of costs (cost=), or use instrument='lagged' if costs last and demand "
        "shocks do not",
    ),
    _Case(
        "weak_instrument",
        lambda f: _check(f).corrected and not _check(f).f >= WEAK_F,
        lambda f: f"the {_check(f).by} hardly explains prices (F {_check(f).f:.1f} of the first "
        f"stage, below {WEAK_F:.0f}), so that the correction may be worse than none",
        "Use an instrument that moves prices more",
    ),
    _Case(
        "inelastic",
        lambda f: f.price > 0.0 and f.elasticity > -1.0,
        lambda f: f"the mean own-price elasticity is {f.elasticity:.2f}, at which every firm would "
        "raise its price (published studies have a mean of -2.62)",
        _MORE_PRICES,
    ),
    _Case(
        "loyalty_in_random_order",
        lambda f: mostly_spurious(f.loyalty, f.shuffled, f.shuffled_error),
        lambda f: f"a random order of purchases leaves {f.shuffled:.2f} of {f.loyalty:.2f} utils "
        "of loyalty, so that most of it is brand preference that the model does not find",
        "The scenario has only the difference as switching cost, a lower bound. Use "
        "initial_purchases='wooldridge', or more purchases per customer",
    ),
    _Case(
        "random_order_failed",
        lambda f: f.failed > 0,
        lambda f: f"{f.failed} of {f.shuffles} random orders of purchases have no estimate, so "
        "that loyalty cannot be separated from brand preference",
        "Use more purchases per customer",
    ),
    _Case(
        "loyalty_negative",
        lambda f: f.loyalty < -Z95 * f.loyalty_error,
        lambda f: f"loyalty is below zero ({f.loyalty:.2f} utils, se {f.loyalty_error:.2g}): "
        "customers seem to seek variety, or to stock up",
        "The scenario has a switching cost of 0",
    ),
    _Case(
        "loyalty_above_price",
        lambda f: f.price > 0.0 and f.percent > 100.0,
        lambda f: f"loyalty is worth {f.percent:.0f} % of the mean price, more than the product",
        "Look at the price sensitivity first: if it is too small, all amounts are too large",
    ),
    _Case(
        "wrong_sign",
        lambda f: bool(f.wrong_signs),
        lambda f: f"{' and '.join(f.wrong_signs)}, which runs with price cuts, seems to keep "
        "customers away",
        "Check how the feature is coded, or leave it out",
    ),
    _Case(
        "class_price_not_positive",
        lambda f: bool(f.unpriced_classes),
        lambda f: f"higher prices seem to raise purchases of {' and '.join(f.unpriced_classes)}, "
        "so that nothing can be stated in money",
        f"Ask for fewer classes. {_MORE_PRICES}; no scenario is written",
    ),
    _Case(
        "small_class",
        lambda f: bool(f.small_classes),
        lambda f: f"{' and '.join(f.small_classes)} has less than {100 * SMALL:.0f} % of "
        "customers, too few for a segment",
        "Ask for fewer classes",
    ),
    _Case(
        "classes_found_once",
        lambda f: f.classes_found[0] < 2,
        lambda f: f"only {f.classes_found[0]} of {f.classes_found[1]} starting points led to the "
        "maximum of the classes, so that there may be a higher one",
        "Ask for fewer classes, or try another seed",
    ),
    _Case(
        "rare_purchases",
        lambda f: f.rate < RARE,
        lambda f: f"customers buy in {f.rate:.1g} of all periods",
        "Use a longer period, such as weeks or months, or rows in order of purchase (period "
        "'none')",
    ),
    _Case(
        "price_response_stated",
        lambda f: bool(f.response),
        lambda f: f"the price sensitivity is not estimated but stated: {f.response}",
        "All amounts in money rest on it; decide ranges over it with its error",
        serious=False,
    ),
    _Case(
        "classes_not_separated",
        lambda f: bool(f.mixed_classes),
        lambda f: f"customers assigned to {' and '.join(f.mixed_classes)} belong to it with a "
        f"mean chance below {SEPARATED:g}",
        "Use the classes as a description of the market, and not to assign customers",
        serious=False,
    ),
    _Case(
        "few_purchases",
        lambda f: f.initial_purchases == "drop" and f.purchases < MANY_PURCHASES,
        lambda f: f"the first purchase is taken as given, which overstates loyalty at "
        f"{f.purchases:.1f} purchases per customer",
        "Use initial_purchases='wooldridge'",
        serious=False,
    ),
    _Case(
        "correction_not_used",
        lambda f: _check(f).asked and bool(_check(f).why_not),
        lambda f: f"prices are not corrected by {_check(f).by}: {_check(f).why_not}",
        "Prices that follow costs alone need no correction",
        serious=False,
    ),
    _Case(
        "prices_not_tested",
        lambda f: not _check(f).asked and not np.isfinite(_check(f).t) and not f.response,
        lambda f: "whether prices answer demand cannot be tested: "
        + (_check(f).why_not or f"prices hardly depend on those around them (F {_check(f).f:.1f})"),
        "If firms set prices by demand, name columns of costs (cost=)",
        serious=False,
    ),
)  # fmt: skip


def cautions(found: Findings) -> tuple[Caution, ...]:
    """Return the warnings that numbers give cause for, then the notes."""
    return tuple(
        Caution(case.code, case.text(found), case.action, case.serious)
        for case in _CASES
        if case.applies(found)
    )


def findings(result: Calibration) -> Findings:
    """Return the numbers of a calibration that warnings are about."""
    estimates, panel, control = result.estimates, result.panel, result.control
    table = result.table.set_index("parameter")
    errors = table[["se", "robust_se"]].max(axis=1)
    tried = () if control is None else control.table["loyalty"].isna()
    shuffled, error = result._random_order or (np.nan, np.nan)
    cuts = {
        name
        for offer in offers_of(panel, estimates)
        for name, weight in offer.display.items()
        if weight > 0.0
    }
    wrong = [n for n in cuts if float(table.loc[n, "estimate"]) < -Z95 * float(errors[n])]
    return Findings(
        price=float(estimates.values["price_sensitivity"]),
        price_error=float(errors["price_sensitivity"]),
        elasticity=result.elasticity,
        loyalty=float(estimates.values["loyalty"]),
        loyalty_error=float(errors["loyalty"]),
        percent=float(table.loc["loyalty", "percent"]),
        shuffled=shuffled,
        shuffled_error=error,
        shuffles=len(tried),
        failed=int(sum(tried)),
        wrong_signs=tuple(sorted(wrong)),
        rate=purchase_rate(panel),
        purchases=float(panel.counts.mean()),
        initial_purchases=result.initial_purchases,
        prices=result.prices,
        money=panel.money,
        response="" if result.response is None else result.response.words(),
        **_of_classes(result.classes),
    )


def _of_classes(classes: LatentClasses | None) -> dict[str, Any]:
    """Return what warnings say of classes."""
    if classes is None or len(classes.names) < 2:
        return {}
    table = classes.table.set_index(["quantity", "class"])["estimate"]

    def names(which: pd.Series) -> tuple[str, ...]:
        return tuple(which[which].index)

    return {
        "small_classes": names(table["share"] < SMALL),
        "classes_found": classes.times_found,
        "unpriced_classes": names(~(table["price sensitivity"] > 0.0)),
        "mixed_classes": names(~(classes.separation >= SEPARATED)),
    }


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
    moves = np.nanmax(panel.price, axis=1) - np.nanmin(panel.price, axis=1)
    least = 1e-9 * max(float(np.nanmax(panel.price)), 1.0)
    if panel.stated is None and np.nanmax(moves) <= least:
        raise wrong(
            "expected prices that change between purchases, found the same throughout: "
            "price sensitivity cannot be separated from brand preference (--price-response states "
            "a price response)"
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


def check_first_purchases(panel: Panel, initial_purchases: str) -> None:
    """Refuse panels in which the firm first bought from is always the last one, too.

    Raises
    ------
    CalibrationError
        If a term for the first purchase cannot be separated from loyalty.
    """
    later = panel.supplier >= 0
    if initial_purchases == "wooldridge" and (panel.supplier == panel.first_firm)[later].all():
        raise CalibrationError(
            f"{panel.source}: expected customers with three or more purchases who change firms, "
            "found that the firm last bought from is always the first one: loyalty cannot be "
            "separated from brand preference (initial_purchases 'use' if the panel starts with the "
            "customers' first purchases)"
        )


# -- The control for spurious loyalty: the same purchases in an order that means nothing -------


@dataclass(frozen=True)
class Control:
    """Loyalty found where there can be none.

    Attributes
    ----------
    table : DataFrame
        One row per shuffle: ``shuffle, loyalty, se`` (utils); NaN where a random order has
        no estimate.
    """

    table: pd.DataFrame

    @property
    def loyalty(self) -> float:
        """Mean over shuffles that have an estimate, utils."""
        return float(self.table["loyalty"].mean())

    @property
    def error(self) -> float:
        """Standard error of one shuffle's estimate: the data's, which more shuffles keep."""
        return float(np.sqrt((self.table["se"] ** 2).mean()))


def shuffled_order(
    panel: Panel,
    *,
    initial_purchases: str = "wooldridge",
    form: str = "cost",
    tastes: bool = True,
    permutations: int = 10,
    draws: int = 256,
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
        try:
            found = fit(
                mixed,
                initial_purchases=initial_purchases,
                form=form,
                tastes=tastes,
                draws=draws,
                start=start,
            )
            rows.append((number, float(found.values["loyalty"]), found.error("loyalty")))
        except CalibrationError:  # an order that pins nothing down says nothing of loyalty
            rows.append((number, np.nan, np.nan))
        if progress is not None:
            progress(number + 1, permutations)
    return Control(pd.DataFrame(rows, columns=["shuffle", "loyalty", "se"]))
