"""Whether firms learn from purchases, how fast, and what that is worth to customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import exp, log
from typing import Any

import numpy as np
import pandas as pd

from cxsim.calibration.estimate import (
    TABLE,
    Z95,
    Estimates,
    Likelihood,
    Objective,
    climb,
    design_of,
    fit,
    one_of,
)
from cxsim.calibration.firm_knowledge import FIRST_GUESS, FREE, PRIORS, known_after
from cxsim.calibration.panel import CalibrationError, Panel

# -- Whose start is seen -----------------------------------------------------------------------


#: Mean gaps between purchases that a customer must have been away from the panel's beginning, to
#: count as one who came later: of those who were there, one in 150 is quiet for as long.
_QUIET_GAPS = 5.0


def newcomers(panel: Panel) -> np.ndarray:
    """Return whether each customer is seen from its first purchase, by what the panel shows.

    A customer counts whose first purchase comes after a quiet stretch of five mean gaps.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    ndarray of bool, shape (H,)
        False for all where there are no periods.
    """
    if panel.period is None or panel.occasions == panel.customers:
        return np.zeros(panel.customers, dtype=bool)
    within = np.ones(panel.occasions, dtype=bool)
    within[panel.starts] = False
    gap = float(np.diff(panel.period, prepend=panel.period[0])[within].mean())
    begin = panel.period[panel.starts] - panel.period.min()
    return np.asarray(begin >= _QUIET_GAPS * gap)


# -- The result ----------------------------------------------------------------------------------


#: How learning may be asked for.
LEARNING = ("no", "test", "yes")
#: Customers, and purchases of each, below which speeds are not estimated.
_CUSTOMERS, _PURCHASES = 300, 8
#: Share of the prior's standard deviation below which a speed counts as pinned down by the data.
_PINNED = 0.5
#: Standard errors that loyalty and the worth of knowledge may move as draws are doubled.
_SETTLED = 0.1


@dataclass(frozen=True, eq=False)
class Learning:
    """What a panel says of firms that learn.

    Attributes
    ----------
    verdict : {"not asked", "none found", "found", "estimated", "exploratory"}
        ``found``: knowledge is worth something, and its speeds are held at a guess;
        ``estimated``: so are the speeds; ``exploratory``: the same for customers whose start is
        not seen, whose tastes look like knowledge.
    reason : str
        Why no more than that; empty where there is nothing to say.
    test : Estimates or None
        With speeds held at a guess; loyalty and price sensitivity differ between customers.
    estimates : Estimates or None
        With speeds estimated.
    moved : float
        Standard errors by which loyalty or the worth of knowledge after five purchases moved
        when draws were doubled; NaN where that was not tried.
    panel : Panel
        The customers it was estimated on.
    initial_purchases : str
        How their first purchases were used.
    recognition : float
        Chance that a customer is recognized, where the panel has no flags.
    intervals : mapping of str to (float, float)
        95 % intervals of the logarithms of speeds by profile likelihood, where the symmetric
        ones are poor (:func:`profile_interval`).
    """

    verdict: str
    reason: str
    test: Estimates | None
    estimates: Estimates | None
    moved: float
    panel: Panel
    initial_purchases: str = "use"
    recognition: float = 1.0
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def z(self) -> float:
        """Worth of knowledge in standard errors, speeds held at a guess."""
        if self.test is None:
            return float("nan")
        return float(self.test.values["learning"]) / self.test.error("learning")

    @property
    def best(self) -> Estimates | None:
        """The estimates with the speeds, or those with speeds held."""
        return self.estimates if self.estimates is not None else self.test

    @property
    def speeds(self) -> tuple[float, float]:
        """Precision of one purchase's signal, and share of knowledge lost per period."""
        if self.estimates is None:
            return FIRST_GUESS
        rate, forgetting = (float(self.estimates.values[name]) for name in FREE)
        return exp(rate), _share(forgetting)

    @property
    def table(self) -> pd.DataFrame:
        """A row per quantity: ``quantity, estimate, lower, upper, pinned_down``.

        Worths in utils, half-life in periods; 95 % intervals by the delta method, those of
        speeds on their logarithms, or by profile likelihood where these are poor. A worth is
        pinned down where the interval excludes zero, a
        speed where its error is below half of the prior's. Rows of speeds are NaN where they
        were held.
        """
        columns = ["quantity", "estimate", "lower", "upper", "pinned_down"]
        if self.best is None:
            return pd.DataFrame(columns=columns)
        rows: list[tuple[str, float, float, float, bool]] = []
        for purchases in (1, 5):
            value, error = self.worth_after(purchases)
            low, high = value - Z95 * error, value + Z95 * error
            name = f"worth of knowledge after {purchases} purchase{'s' if purchases > 1 else ''}"
            rows.append((name, value, low, high, low > 0.0 or high < 0.0))
        for name, what in (("learning", "worth of full knowledge"), ("loyalty", "loyalty")):
            value, error = float(self.best.values[name]), self.best.error(name)
            low, high = value - Z95 * error, value + Z95 * error
            rows.append((what, value, low, high, low > 0.0 or high < 0.0))
        said: tuple[tuple[str, str, Callable[[float], float]], ...] = (
            ("learning rate", FREE[0], exp),
            ("forgetting rate", FREE[1], _share),
            ("half-life of knowledge", FREE[1], lambda x: _half_life(_share(x))),
        )
        for what, name, turned in said:
            if self.estimates is None:
                rows.append((what, np.nan, np.nan, np.nan, False))
                continue
            value, error = float(self.estimates.values[name]), self.estimates.error(name)
            ends = self.intervals.get(name, (value - Z95 * error, value + Z95 * error))
            low, high = sorted(map(turned, ends))
            rows.append((what, turned(value), low, high, error < _PINNED * PRIORS[name][1]))
        return pd.DataFrame(rows, columns=columns)

    def worth_after(self, purchases: int) -> tuple[float, float]:
        """Return what knowledge is worth after purchases in a row, with its error, utils.

        Parameters
        ----------
        purchases : int
            From a firm that knew nothing; nothing is forgotten between them.

        Raises
        ------
        CalibrationError
            If learning was not estimated.
        """
        best = self.best
        if best is None:
            raise CalibrationError(f"{self.panel.source}: expected learning, found {self.verdict}")
        rate = self.speeds[0]

        def worth(values: pd.Series) -> float:
            here = exp(values[FREE[0]]) if self.estimates is not None else rate
            return float(values["learning"]) * known_after(purchases, here)

        return best.of(worth)

    def sentence(self) -> str:
        """Return what was found, in one or two sentences."""
        said = f"{self.panel.source}: "
        why = f" {self.reason[0].upper()}{self.reason[1:]}." if self.reason else ""
        if self.best is None:
            return f"{said}learning was not estimated.{why}"
        if self.verdict == "none found":
            return f"{said}no learning found (z {self.z:.1f} at the speeds of the test).{why}"
        value, error = self.worth_after(5)
        said += f"what a firm knows after five purchases is worth {value:.2f} utils (se {error:.2f}"
        said += f"; z {self.z:.1f} at the speeds of the test)"
        if self.estimates is None:
            rate, lost = FIRST_GUESS
            said += f", at a learning rate of {rate:g} and a forgetting rate of {lost:g}"
        else:
            row = self.table.set_index("quantity").loc["half-life of knowledge"]
            said += f"; half of it is forgotten in {row['estimate']:.0f} periods"
            said += f" ({row['lower']:.0f} to {row['upper']:.0f})"
            loose = self.table.query("not pinned_down")["quantity"].tolist()
            if loose:
                said += f"; not pinned down: {', '.join(loose)}"
        if self.verdict == "exploratory":
            said += "; exploratory"
        return f"{said}.{why}"

    def __repr__(self) -> str:
        return f"<Learning: {self.sentence()}>"


def _share(log_odds: float) -> float:
    return float(1.0 / (1.0 + np.exp(-log_odds)))


def _half_life(forgetting_rate: float) -> float:
    """Return the periods in which half of what is known is forgotten, ln 2 / -ln(1 - f)."""
    kept = -float(np.log1p(-min(forgetting_rate, 1.0 - 1e-12)))
    return log(2.0) / kept if kept > 0.0 else float("inf")


# -- Estimation, behind a gate -------------------------------------------------------------------


def estimate_learning(
    panel: Panel,
    *,
    learning: str = "test",
    start: str | None = None,
    recognition: float | None = None,
    initial_purchases: str = "wooldridge",
    form: str = "cost",
    tastes: str = "independent",
    random_price: bool = True,
    random_loyalty: bool = True,
    draws: int = 256,
    seed: int = 0,
) -> Learning:
    """Estimate whether firms learn from purchases and what it is worth.

    Speeds are estimated only where the test with speeds held finds something: without
    learning they have no value to be estimated (Davies 1977).

    Parameters
    ----------
    panel : Panel
    learning : {"test", "yes"}
        ``test``: estimate speeds where the test finds learning, the start of customers is seen,
        and there are 300 customers with 8 purchases. ``yes``: estimate them in any case.
    start : {None, "first purchase"}
        ``first purchase``: the panel has each customer from its very first purchase. None: take
        those who come after a quiet stretch (:func:`newcomers`).
    recognition : float, optional
        Chance that a firm recognizes the customer, where the panel has no flags; None: always.
    initial_purchases
        Of customers whose start is not seen.
    form, tastes, random_price, random_loyalty, draws, seed
        As for :func:`~cxsim.calibration.estimate.fit`. Draws are doubled, up to twice, until
        estimates move by less than a tenth of a standard error.

    Raises
    ------
    CalibrationError
        If no maximum is found.
    """
    one_of(learning, LEARNING[1:], "learning")
    if start not in (None, "first purchase"):
        raise ValueError(f"start: expected None or 'first purchase', found {start!r}")
    seen = start is not None
    if not seen:
        new = newcomers(panel)
        if new.sum() >= _CUSTOMERS:
            panel = panel.take(np.flatnonzero(np.repeat(new, panel.counts)))
            seen = True
    unseen = (
        "the start of customers is not seen, and what firms knew before the panel looks like "
        "brand preference (state start='first purchase' if the panel has first purchases)"
    )
    if not seen and learning == "test":
        return Learning("not asked", unseen, None, None, float("nan"), panel)
    how = {
        "initial_purchases": "use" if seen else initial_purchases, "form": form, "tastes": tastes,
        "random_price": random_price, "random_loyalty": random_loyalty, "seed": seed,
        "recognition": 1.0 if recognition is None else recognition,
    }  # fmt: skip
    test = fit(panel, **how, learning=FIRST_GUESS, draws=draws)  # type: ignore[arg-type]
    tested = Learning(
        "found", "", test, None, float("nan"), panel,
        str(how["initial_purchases"]), 1.0 if recognition is None else recognition,
    )  # fmt: skip
    purchases = panel.occasions / panel.customers
    few = panel.customers < _CUSTOMERS or purchases < _PURCHASES
    if learning == "test" and not tested.z > Z95:
        return replace(tested, verdict="none found")
    if learning == "test" and few:
        why = (
            f"speeds are held: expected {_CUSTOMERS} customers with {_PURCHASES} purchases, found "
            f"{panel.customers} with {purchases:.1f}"
        )
        return replace(tested, reason=why)
    found = fit(panel, **how, learning="free", draws=draws, start=test)  # type: ignore[arg-type]
    verdict = "estimated" if seen and tested.z > Z95 else "exploratory"
    moved = float("inf")
    last = replace(tested, verdict=verdict, estimates=found, moved=moved)
    for _ in range(2):
        if 2 * draws > TABLE or moved < _SETTLED:
            break
        draws *= 2
        found = fit(panel, **how, learning="free", draws=draws, start=found)  # type: ignore[arg-type]
        following = replace(last, estimates=found)
        moved = _distance(last, following)
        last = following
    reasons = [] if seen else [unseen]
    if not moved < _SETTLED:
        reasons.append(
            f"{draws} draws are not enough: doubling them moved estimates by {moved:.1g} standard "
            "errors"
        )
    if not tested.z > Z95:
        reasons.append("the test at held speeds finds no learning, so that speeds mean nothing")
    if panel.period is None:
        reasons.append("the panel has no periods: forgetting is per purchase")
    free: dict[str, Any] = {**how, "learning": "free"}
    ends = {name: profile_interval(panel, found, name, **free) for name in FREE}
    better = {name: each for name, each in ends.items() if each is not None}
    return replace(last, reason="; ".join(reasons), moved=moved, intervals=better)


#: Twice the loss in log-likelihood at the ends of a 95 % interval, the quantile of chi squared.
_DROP = Z95**2
#: The symmetric interval is poor if that loss differs at one of its ends by more than this share.
_POOR = 0.25
#: Standard errors beyond which the end of an interval is not looked for.
_FARTHEST = 12.0


class _Held:
    """An objective with one parameter held at a value."""

    def __init__(self, objective: Objective, place: int, value: float):
        self.objective, self.place, self.value = objective, place, value
        self.precision = np.delete(objective.precision, place)

    def __call__(self, at: np.ndarray) -> tuple[float, float, np.ndarray, np.ndarray]:
        value, said, gradient, scores = self.objective(np.insert(at, self.place, self.value))
        return value, said, np.delete(gradient, self.place), np.delete(scores, self.place, axis=1)

    def hessian(self, at: np.ndarray) -> np.ndarray | None:
        known = self.objective.hessian(np.insert(at, self.place, self.value))
        if known is None:
            return None
        return np.delete(np.delete(known, self.place, axis=0), self.place, axis=1)


def profile_interval(
    panel: Panel, estimates: Estimates, name: str, *, seed: int = 0, **how: Any
) -> tuple[float, float] | None:
    """Return the 95 % interval of a parameter by profile likelihood, where it is needed.

    The interval holds the values x at which the greatest log-likelihood, with priors, over all
    other parameters is less than 1.92 below its maximum. The likelihood of a speed falls
    steeply on one side and hardly on the other, of which a standard error knows nothing.

    Parameters
    ----------
    panel : Panel
    estimates : Estimates
        The maximum.
    name : str
        Of the parameter.
    seed : int
        Of the points of the likelihood.
    **how
        As for :func:`~cxsim.calibration.estimate.design_of`.

    Returns
    -------
    (float, float) or None
        None where the ends of the symmetric interval lose what they should, 3.84 in twice the
        log-likelihood, within a quarter. An end beyond 12 standard errors is infinite.
    """
    from scipy.optimize import brentq

    likelihood = Likelihood(design_of(panel, **how), draws=estimates.draws, seed=seed)
    objective = Objective(likelihood, estimates.priors)
    names = list(likelihood.names)
    k, error = names.index(name), estimates.error(name)
    best = estimates.values.loc[names].to_numpy()
    covariance = estimates.covariance.loc[names, names].to_numpy()
    along = np.delete(covariance[k] / covariance[k, k], k)
    scale = np.sqrt(np.delete(np.diag(covariance), k))
    top, rest = objective(best)[0], np.delete(best, k)
    seen: dict[float, float] = {}

    def loss(off: float) -> float:
        """Return twice the loss at a number of standard errors, less what it is at the ends."""
        if off not in seen:
            held = _Held(objective, k, best[k] + off * error)
            at = climb(held, rest + along * off * error, scale)  # type: ignore[arg-type]
            seen[off] = 2.0 * (top - held(at)[0]) - _DROP
        return seen[off]

    if all(abs(loss(sign * Z95)) <= _POOR * _DROP for sign in (-1.0, 1.0)):
        return None
    ends = []
    for sign in (-1.0, 1.0):
        inner, outer = 0.0, sign * Z95
        seen[0.0] = -_DROP
        while loss(outer) < 0.0 and abs(outer) < _FARTHEST:
            inner, outer = outer, 1.5 * outer
        if loss(outer) < 0.0:
            ends.append(sign * np.inf)
        else:
            ends.append(best[k] + error * float(brentq(loss, inner, outer, xtol=0.02)))
    return float(ends[0]), float(ends[1])


def _distance(one: Learning, other: Learning) -> float:
    """Return by how many standard errors loyalty or the worth of knowledge differ, the larger."""
    (before, _), (after, error) = one.worth_after(5), other.worth_after(5)
    assert one.estimates is not None
    assert other.estimates is not None
    moved = float(other.estimates.values["loyalty"] - one.estimates.values["loyalty"])
    return max(abs(after - before) / error, abs(moved) / other.estimates.error("loyalty"))


# -- From the reduced form to the parameters of a scenario ---------------------------------------


@dataclass(frozen=True)
class Stated:
    """What a panel cannot say of firms that learn, and the user states.

    Attributes
    ----------
    interaction : float
        A, share, of all firms.
    disclosure : float
        w, share of what customers could tell that they tell.
    identification : float
        r, recognition rate.
    customization : float or None
        C, share; needed where knowledge saves explaining oneself anew.
    through : {"ordering_effort", "onboarding_effort"}
        What knowledge saves: effort of each order, or of explaining oneself to a new firm.
    """

    interaction: float
    disclosure: float = 1.0
    identification: float = 1.0
    customization: float | None = None
    through: str = "ordering_effort"

    def __post_init__(self) -> None:
        one_of(self.through, ("ordering_effort", "onboarding_effort"), "through")
        shares = {
            "interaction": self.interaction, "disclosure": self.disclosure,
            "identification": self.identification,
        }  # fmt: skip
        if self.through == "onboarding_effort":
            if self.customization is None:
                raise ValueError(
                    "customization: expected a share for onboarding_effort, found None"
                )
            shares["customization"] = self.customization
        for name, value in shares.items():
            if not 0.0 < value <= 1.0:
                raise ValueError(f"{name}: expected a share above 0 up to 1, found {value!r}")


def learning_parameters(
    worth: float,
    learning_rate: float,
    forgetting_rate: float,
    price_sensitivity: float,
    stated: Stated,
) -> dict[str, float]:
    """Return parameters of a scenario in which knowledge has this speed and this worth.

    Parameters
    ----------
    worth : float
        lambda, worth of full knowledge, utils; below 0 counts as 0.
    learning_rate, forgetting_rate : float
        rho and f: precision of the signal of one purchase, share lost per period.
    price_sensitivity : float
        a, 1 / currency.
    stated : Stated

    Returns
    -------
    dict of str to float
        ``learning_rate`` rho / (A w); ``forgetting_rate`` f; ``ordering_effort``
        lambda / (a r A), or ``onboarding_effort`` lambda / (a C); and what was stated.
    """
    money = max(worth, 0.0) / price_sensitivity
    shared = {
        "learning_rate": learning_rate / (stated.interaction * stated.disclosure),
        "forgetting_rate": forgetting_rate,
        "disclosure": stated.disclosure,
        "interaction": stated.interaction,
        "identification": stated.identification,
    }
    if stated.through == "ordering_effort":
        return shared | {"ordering_effort": money / (stated.identification * stated.interaction)}
    assert stated.customization is not None
    return shared | {
        "customization": stated.customization,
        "onboarding_effort": money / stated.customization,
    }
