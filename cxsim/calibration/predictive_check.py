"""Posterior predictive checks: panels simulated from the estimates beside the one observed.

Customers, prices, features and the times of purchases are the panel's own; choices are drawn from
the model, occasion by occasion, with parameters drawn as uncertain as the estimates are and with
brand preferences drawn anew. What the model does not hold then shows: a constant loyalty says how
often customers stay, but not that they return to a firm that knows them (Gelman, Meng & Stern
1996, Posterior predictive assessment of model fitness).
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxsim.calibration.estimate import Design, Estimates, design_of
from cxsim.calibration.firm_knowledge import FIRST_GUESS, FREE, History, bounded
from cxsim.calibration.panel import Panel
from cxsim.messages import whole
from cxsim.model.core.learning import learned

if TYPE_CHECKING:
    from cxsim.calibration.calibrate import Calibration

#: Distance from the mean of the simulated panels, in their standard deviations, that is called far.
FAR = 2.5


@dataclass(frozen=True)
class PredictiveCheck:
    """Statistics of a panel beside those of panels simulated from its estimates.

    Attributes
    ----------
    table : DataFrame
        One row per model and statistic: ``model`` (``no loyalty``, ``constant loyalty``,
        ``learning``), ``group``, ``statistic``, ``cases`` (purchases that count),
        ``observed``, ``mean`` and ``sd`` over the simulated panels, ``lower`` and ``upper``
        (the middle 95 % of them), ``z`` (distance of the observed value from the mean, in sd),
        ``as_extreme`` (share of simulated panels at least as far from the mean).
    seeds : int
        Simulated panels of each model.
    left_out : tuple of str
        Groups of statistics that the panel has no data for, with the reason; and on which
        customers learning is compared, where these are not all.
    """

    table: pd.DataFrame
    seeds: int
    left_out: tuple[str, ...] = ()

    def summary(self) -> pd.DataFrame:
        """Return by model the number of statistics, how many are far off, and the farthest one.

        Columns ``model, statistics, far, farthest, observed, mean, z``.
        """
        rows = []
        for model, part in self.table.groupby("model", sort=False):
            part = part[np.isfinite(part["z"])]
            if part.empty:
                continue
            worst = part.loc[part["z"].abs().idxmax()]
            rows.append(
                (
                    model, len(part), int((part["z"].abs() > FAR).sum()),
                    f"{worst['group']}: {worst['statistic']}",
                    worst["observed"], worst["mean"], worst["z"],
                )
            )  # fmt: skip
        heads = ["model", "statistics", "far", "farthest", "observed", "mean", "z"]
        return pd.DataFrame(rows, columns=heads)

    def headline(self) -> str:
        """Return one sentence: how many statistics models reproduce, and the worst one."""
        rows = self.summary().iloc[::-1].to_dict("records")
        source = self.table.attrs.get("source", "panel")
        if not rows:
            return f"{source}: too few purchases for a predictive check."
        first, *others = rows
        said = (
            f"{source}: the model with {first['model']} reproduces "
            f"{first['statistics'] - first['far']} of {first['statistics']} statistics"
        )
        said += "".join(
            f"; the one with {row['model']} {row['statistics'] - row['far']}" for row in others
        )
        return (
            f"{said}. Farthest off with {first['model']}: {first['farthest']}, observed "
            f"{first['observed']:.3f}, expected {first['mean']:.3f} (z {first['z']:.1f})."
        )

    def __repr__(self) -> str:
        return f"<PredictiveCheck: {self.headline()}>"

    def _repr_html_(self) -> str:
        wide = self.table.pivot(
            index=["group", "statistic"], columns="model", values=["observed", "mean", "sd", "z"]
        )
        order = self.table.drop_duplicates(["group", "statistic"])[["group", "statistic"]]
        wide = wide.reindex(pd.MultiIndex.from_frame(order))
        models = list(dict.fromkeys(self.table["model"]))
        shown = pd.DataFrame({"observed": wide["observed"][models[0]].round(3)})
        for model in models:
            if not wide["observed"][model].equals(wide["observed"][models[0]]):
                shown[f"{model}: observed"] = wide["observed"][model].round(3)
            mean, sd, z = (wide[what][model].astype(float) for what in ("mean", "sd", "z"))
            shown[f"{model}: mean"], shown[f"{model}: sd"] = mean.round(3), sd.round(3)
            shown[f"{model}: z"] = z.round(1)
        left = "".join(f"<p>{escape(text)}</p>" for text in self.left_out)
        table = shown.reset_index().to_html(index=False, na_rep="")
        return f"<p>{escape(self.headline())}</p>{table}{left}"


def predictive_check(
    calibration: Calibration, *, seeds: int = 20, seed: int = 0
) -> PredictiveCheck:
    """Compare a panel with panels simulated from its estimates.

    Parameters
    ----------
    calibration : Calibration
    seeds : int
        Panels to simulate with each model.
    seed : int
        Of parameters, brand preferences and choices.

    Returns
    -------
    PredictiveCheck

    Notes
    -----
    Customers, occasions, prices, offers and features are the panel's; so are purchases that the
    model takes as given. Parameters are drawn from a normal distribution with the covariance that
    is robust over customers. All models have the same random numbers. Learning is compared on the
    customers that it was estimated on.
    """
    seeds, seed = whole(seeds, "seeds", low=2), whole(seed, "seed", low=0)
    panel = calibration.panel
    how = {"initial_purchases": calibration.initial_purchases, "form": calibration.form}
    models: dict[str, tuple[Panel, Estimates, dict[str, Any]]] = {
        "no loyalty": (panel, calibration.without_loyalty().estimates, how),
        "constant loyalty": (panel, calibration.estimates, how),
    }
    learning = calibration.learning
    if learning is not None and learning.best is not None and learning.verdict != "none found":
        own = {
            "initial_purchases": learning.initial_purchases, "speeds": learning.speeds,
            "recognition": learning.recognition,
        }  # fmt: skip
        models["learning"] = (learning.panel, learning.best, how | own)
    rows = []
    for model, (data, estimates, options) in models.items():
        seen = repeat_statistics(data, data.choice[None])
        choices = simulated_choices(data, estimates, **options, seeds=seeds, seed=seed)
        drawn = repeat_statistics(data, choices).shares
        for k, (group, name) in enumerate(seen.names):
            beside = _beside(float(seen.shares[0, k]), drawn[:, k])
            rows.append((model, group, name, int(seen.cases[0, k]), *beside))
    heads = ["model", "group", "statistic", "cases", "observed", "mean", "sd", "lower", "upper"]
    table = pd.DataFrame(rows, columns=[*heads, "z", "as_extreme"])
    table.attrs["source"] = panel.source
    left_out = seen.left_out
    if data.customers < panel.customers:
        counts = f"{data.customers:,} of {panel.customers:,}"
        left_out += (f"Learning is compared on the {counts} customers whose start is seen.",)
    return PredictiveCheck(table, seeds, left_out)


def _beside(seen: float, drawn: np.ndarray) -> tuple[float, ...]:
    """Return observed share, mean, sd and middle 95 % of simulated ones, z, share as extreme."""
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(seen) or len(drawn) < 2:
        return (seen, *[np.nan] * 6)
    mean, sd = float(drawn.mean()), float(drawn.std(ddof=1))
    lower, upper = (float(end) for end in np.quantile(drawn, [0.025, 0.975]))
    z = (seen - mean) / sd if sd > 0.0 else np.nan
    extreme = float((abs(drawn - mean) >= abs(seen - mean) - 1e-12).mean())
    return seen, mean, sd, lower, upper, z, extreme


# -- Choices drawn from the model, at the panel's own customers, times and prices ---------------


def simulated_choices(
    panel: Panel,
    estimates: Estimates,
    *,
    initial_purchases: str = "drop",
    form: str = "cost",
    speeds: tuple[float, float] = FIRST_GUESS,
    recognition: float = 1.0,
    seeds: int = 20,
    seed: int = 0,
    uncertain: bool = True,
) -> np.ndarray:
    """Return choices drawn from an estimated model.

    Parameters
    ----------
    panel : Panel
    estimates : Estimates
        Of :func:`~cxsim.calibration.estimate.fit` on this panel.
    initial_purchases, form
        As it was estimated. Purchases that the model takes as given are kept; so are occasions
        before the first purchase, where that has an equation of its own.
    speeds : (float, float)
        Speed of learning and of forgetting, where they were held.
    recognition : float
        Chance that a customer is recognized, where the panel has no flags. Flags belong to the
        occasion, whichever firm is drawn; where nothing was bought, their mean is the chance.
    seeds : int
        Panels to simulate.
    seed : int
        Of parameters, brand preferences and choices.
    uncertain : bool
        Whether parameters are drawn anew for each panel, or are the estimates themselves.

    Returns
    -------
    ndarray of int, shape (seeds, N)
        Options, as ``panel.choice``.

    Raises
    ------
    ValueError
        If there are parameters that this simulation would leave out, or some are missing.
    """
    given = set(estimates.values.index)
    learns = "learning" in given
    design = design_of(
        panel, initial_purchases=initial_purchases, form=form, **estimates.differences,
        learning=None if not learns else "free" if given.issuperset(FREE) else speeds,
    )  # fmt: skip
    explained = np.ones(panel.occasions, dtype=bool)
    if initial_purchases != "use":
        explained = panel.supplier >= 0
        if initial_purchases == "equation":
            explained |= panel.is_first
    drawn = _parameters(estimates, design, seeds if uncertain else 0, seed)
    drawn = drawn if uncertain else pd.concat([drawn] * seeds, ignore_index=True)
    number = np.cumsum(explained) - 1  # of an occasion in the design
    opens = np.isin(np.arange(design.occasions), design.starts)
    household = np.cumsum(opens) - 1
    follows = ("loyalty", "learning")  # from the choices drawn
    fixed = [k for k, name in enumerate(design.names) if name not in follows]
    columns = design.columns[fixed]
    weights = drawn[[design.names[k] for k in fixed]].to_numpy()  # (S, K)
    shape = (seeds, len(design.starts))
    tastes = _tastes(design, drawn, seed)
    first_weight = drawn["first_purchase_taste"].to_numpy()[:, None, None]
    others = np.random.default_rng((seed, 2)).standard_normal((2, *shape))
    spread = drawn[["price_sensitivity_spread"]].to_numpy()
    scale = np.exp(spread * others[0] - spread**2 / 2)  # (S, H); its mean is 1
    loyalty = drawn[["loyalty"]].to_numpy() + drawn[["loyalty_sd"]].to_numpy() * others[1]
    shocks = np.random.default_rng((seed, 3))
    known = Knowledge(drawn, panel, speeds=speeds, recognition=recognition) if learns else None
    firms, option = len(panel.firms), np.arange(panel.options)
    choices = np.tile(panel.choice, (seeds, 1))
    supplier = np.full((seeds, panel.customers), -1)
    for place in range(int(panel.counts.max(initial=0))):
        customers = np.flatnonzero(panel.counts > place)
        rows = panel.starts[customers] + place
        used = explained[rows]
        here, who = number[rows[used]], customers[used]
        house = household[here]
        utility = np.einsum("sk,kjh->shj", weights, columns[:, :, here])
        utility += tastes[:, house] * np.where(opens[here][:, None], first_weight, 1.0)
        had = supplier[:, who, None]
        term = (option == had).astype(float)
        if form == "cost":
            term[:, :, :firms] -= had >= 0
        utility += loyalty[:, house, None] * term
        if known is not None:
            utility[:, :, :firms] += known.worth(who)
        utility *= scale[:, house, None]
        if design.offered is not None:
            utility[:, ~design.offered[:, here].T] = -np.inf
        took = choices[:, rows]
        took[:, used] = (utility + shocks.gumbel(size=utility.shape)).argmax(axis=2)
        choices[:, rows] = took
        supplier[:, customers] = np.where(took < firms, took, supplier[:, customers])
        if known is not None:
            known.learn(customers, rows, took)
    return choices


#: Parameters that a model may do without, and what stands for them.
_OPTIONAL = {
    "loyalty": 0.0, "price_sensitivity_spread": 0.0, "loyalty_sd": 0.0,
    "first_purchase_taste": 1.0,
}  # fmt: skip


def _parameters(estimates: Estimates, design: Design, draws: int, seed: int) -> pd.DataFrame:
    """Return parameters, a row per draw: the estimates themselves in one row for none."""
    values = estimates.values
    known = set(design.parameters)
    strange = set(values.index) - known - set(_OPTIONAL)
    missing = known - set(values.index) - set(_OPTIONAL)
    if strange or missing:
        said = [*sorted(strange), *(f"no {name}" for name in sorted(missing))]
        raise ValueError(
            "estimates: expected parameters that choices are drawn from here, found "
            + ", ".join(said)
        )
    drawn = values.to_numpy()[None]
    if draws:
        rng = np.random.default_rng((seed, 0))
        drawn = rng.multivariate_normal(
            values, estimates.robust, draws, check_valid="ignore", method="eigh"
        )
    frame = pd.DataFrame(drawn, columns=values.index)
    return frame.assign(**{name: x for name, x in _OPTIONAL.items() if name not in frame})


def _tastes(design: Design, drawn: pd.DataFrame, seed: int) -> np.ndarray:
    """Return brand preferences, shape (S, H, J): a matrix of parameters times normal factors."""
    options, size = design.columns.shape[1], (len(drawn), len(design.starts))
    factors = 1 + max(design.cells[:, 1], default=-1)
    normal = np.random.default_rng((seed, 1)).standard_normal((*size, factors))
    tastes = np.zeros((*size, options))
    for option, factor, number in design.cells:
        weight = drawn[design.taste_names[number]].to_numpy()[:, None]
        tastes[:, :, option] += weight * normal[:, :, factor]
    return tastes


class Knowledge:
    """Knowledge of each customer that firms have gained from purchases, for many panels at once.

    Rules and times are those of :class:`~cxsim.calibration.firm_knowledge.History`; here purchases
    become known one after the other.

    Parameters
    ----------
    drawn : DataFrame
        ``learning`` (worth of full knowledge, utils) and, where they were estimated,
        ``log_learning_rate`` and ``logit_forgetting_rate``; a row per panel.
    panel : Panel
        Customers and times; without periods, each occasion is one.
    speeds : (float, float)
        Of learning and of forgetting, where they are no parameters.
    recognition : float
        Chance that a customer is recognized, where the panel has no flags.
    """

    def __init__(
        self,
        drawn: pd.DataFrame,
        panel: Panel,
        *,
        speeds: tuple[float, float] = FIRST_GUESS,
        recognition: float = 1.0,
    ):
        log_rho, logit_f = (
            np.broadcast_to(drawn.get(name, held), len(drawn))[:, None, None]
            for name, held in zip(FREE, bounded(*speeds), strict=True)
        )
        history = History.of(panel, recognition=recognition)
        self._worth = drawn["learning"].to_numpy()[:, None, None]
        self._rho, self._kept = np.exp(log_rho), 1.0 / (1.0 + np.exp(logit_f))
        self._gap, self._met = history.gap, np.asarray(history.met, dtype=float)
        bought = panel.choice < len(panel.firms)
        if panel.recognized is not None and bought.any():
            self._met = np.where(bought, self._met, self._met[bought].mean())
        self.known = np.zeros((len(drawn), panel.customers, len(panel.firms)))  # K

    def worth(self, customers: np.ndarray) -> np.ndarray:
        """Return what firms' knowledge adds to their utility.

        Parameters
        ----------
        customers : ndarray of int, shape (n,)

        Returns
        -------
        ndarray, shape (S, n, F)
            Utils.
        """
        return self._worth * self.known[:, customers]

    def learn(self, customers: np.ndarray, rows: np.ndarray, took: np.ndarray) -> None:
        """Let the firms bought from learn, and all forget until the next occasions.

        Parameters
        ----------
        customers, rows : ndarray of int, shape (n,)
            Numbers of customers, and of their occasions.
        took : ndarray of int, shape (S, n)
            Options taken.
        """
        known, met = self.known[:, customers], self._met[rows][:, None]
        taught = np.arange(known.shape[2]) == took[:, :, None]
        lasting = self._kept * known
        left: Any = 1.0 - known  # an array, of which the rule computes each number
        told = met * (1.0 - learned(left, self._rho)) + (1.0 - met) * lasting
        quiet = self._kept ** (self._gap[rows] - 1.0)[:, None]
        self.known[:, customers] = quiet * np.where(taught, told, lasting)


# -- Statistics that tell models of repeat purchase apart ---------------------------------------


_RUNS = {"1": (1, 1), "2": (2, 2), "3": (3, 3), "4": (4, 4), "5 or more": (5, None)}
_GAPS = {"1": (1, 1), "2 or 3": (2, 3), "4 or more": (4, None)}
#: By number of the purchase: how many were made before it.
_TENURES = {
    "2": (1, 1), "3 or 4": (2, 3), "5 to 7": (4, 6), "8 to 13": (7, 12), "14 or more": (13, None),
}  # fmt: skip
#: Stretches of a panel over which the paths of shares are followed.
_STRETCHES = 4


@dataclass(frozen=True)
class Statistics:
    """Shares of purchases by what came before them, for many panels of the same occasions.

    Attributes
    ----------
    names : tuple of (str, str)
        Group and name of each statistic.
    cases : ndarray, shape (S, M)
        Purchases that count, by panel and statistic.
    shares : ndarray, shape (S, M)
        Share of them; NaN where none counts.
    left_out : tuple of str
        Groups that the panel has no data for, with the reason.
    """

    names: tuple[tuple[str, str], ...]
    cases: np.ndarray
    shares: np.ndarray
    left_out: tuple[str, ...]


def repeat_statistics(panel: Panel, choices: np.ndarray) -> Statistics:
    """Return what distinguishes models of repeat purchase.

    Parameters
    ----------
    panel : Panel
        Customers, firms and times.
    choices : ndarray of int, shape (S, N)
        Options taken, one row per panel; ``panel.choice[None]`` for the one observed.

    Returns
    -------
    Statistics
        ``stays after so many in a row``, ``stays after a gap of periods`` (since the last
        purchase), ``returns after a move`` (buys next from the firm just left), ``repeats at
        purchase`` (the customer's second, third, ...), ``occasions between purchases`` (where
        buying nothing is an option), ``switching`` (from each firm to each), and ``share`` by
        quarter of the panel.
    """
    past = _histories(panel, choices)
    firms = len(panel.firms)
    bought = choices < firms
    again = bought & (past.supplier >= 0)
    stayed = choices == past.supplier
    found: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}

    def add(group: str, name: str, part: np.ndarray, of: np.ndarray) -> None:
        cases = of.sum(axis=1)
        with np.errstate(invalid="ignore"):
            found[group, name] = cases, (part & of).sum(axis=1) / np.where(cases, cases, np.nan)

    left_out = []
    for name, band in _RUNS.items():
        add("stays after so many in a row", name, stayed, again & _within(past.run, band))
    if panel.period is None:
        left_out.append("Stays after a gap: left out, as only the order of purchases is known.")
    else:
        for name, band in _GAPS.items():
            add("stays after a gap of periods", name, stayed, again & _within(past.gap, band))
    just_moved = again & (past.run == 1) & (past.before >= 0)
    add("returns after a move", "to the firm just left", choices == past.before, just_moved)
    for name, band in _TENURES.items():
        add("repeats at purchase", name, stayed, again & _within(past.purchases, band))
    if panel.no_purchase:
        for name, band in _GAPS.items():
            add("occasions between purchases", name, _within(past.waited, band), again)
    else:
        left_out.append(
            "Gaps between purchases: left out, as the panel has purchases only; their times are "
            "taken as given."
        )
    for j, old in enumerate(panel.firms):
        for k, new in enumerate(panel.firms):
            add("switching", f"{old} to {new}", choices == k, again & (past.supplier == j))
    time = panel.place if panel.period is None else panel.period
    edges = np.quantile(time, np.arange(1, _STRETCHES) / _STRETCHES)
    stretch = np.searchsorted(edges, time, side="right")
    for q in range(_STRETCHES):
        for k, name in enumerate(panel.firms):
            add("share", f"{name}, quarter {q + 1}", choices == k, bought & (stretch == q))
    cases, shares = (np.column_stack([pair[k] for pair in found.values()]) for k in (0, 1))
    return Statistics(tuple(found), cases, shares, tuple(left_out))


@dataclass(frozen=True)
class _Histories:
    """What came before each occasion, shape (S, N) each; -1 for no firm."""

    supplier: np.ndarray  # firm last bought from
    before: np.ndarray  # the other firm bought from before it
    run: np.ndarray  # purchases in a row from the supplier
    purchases: np.ndarray  # purchases so far
    gap: np.ndarray  # periods since the last purchase; occasions where there are none
    waited: np.ndarray  # occasions since the last purchase


def _histories(panel: Panel, choices: np.ndarray) -> _Histories:
    bought = choices < len(panel.firms)
    time = panel.place if panel.period is None else np.round(panel.period).astype(int)
    supplier, before = np.full(choices.shape, -1), np.full(choices.shape, -1)
    run, purchases, gap, waited = (np.zeros(choices.shape, dtype=int) for _ in range(4))
    for place in range(1, int(panel.counts.max(initial=0))):
        rows = panel.starts[panel.counts > place] + place
        last = rows - 1
        took, had, old = choices[:, last], bought[:, last], supplier[:, last]
        moved = had & (took != old)
        supplier[:, rows] = np.where(had, took, old)
        before[:, rows] = np.where(moved, old, before[:, last])
        run[:, rows] = np.where(moved, 1, run[:, last] + had)
        purchases[:, rows] = purchases[:, last] + had
        gap[:, rows] = np.where(had, 0, gap[:, last]) + time[rows] - time[last]
        waited[:, rows] = np.where(had, 0, waited[:, last]) + 1
    return _Histories(supplier, before, run, purchases, gap, waited)


def _within(values: np.ndarray, band: tuple[int, int | None]) -> np.ndarray:
    low, high = band
    return (values >= low) if high is None else (values >= low) & (values <= high)
