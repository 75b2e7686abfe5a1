"""One firm's own log, which has no rivals in it: who buys again, how soon, and who has left.

Statistics of new customers are counted by one function in the log and in a run's panel, so that
they are targets. A purchase model (:mod:`cxsim.analytic.buying`) describes the same
customers: how often they buy, and how they leave without saying so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml.comments import CommentedMap

from cxsim.analytic import (
    PURCHASE_MODELS,
    PurchaseFit,
    chance_alive,
    fit_purchases,
    still_there,
)
from cxsim.calibration.order_log import (
    Decisions,
    Lines,
    chosen_length,
    clean,
    first_day,
    labelled,
    numbered,
    per_cent,
    read_lines,
)
from cxsim.calibration.panel import CalibrationError
from cxsim.calibration.scenario_writing import write_scenario
from cxsim.files.whole import whole_file
from cxsim.messages import AttributeHints, cells, choice
from cxsim.scenario.yaml_text import to_yaml

# -- One firm's own log: who buys again, and how soon -------------------------------------------


#: Periods after the first purchase at which customers are looked at.
AFTER = (4, 13, 26)

#: Least number of new customers for a statistic.
_FEW = 20


def repeat_statistics(
    purchases: pd.DataFrame,
    *,
    firm: str | None = None,
    periods: int | None = None,
    new_after: int = 0,
    after: tuple[int, ...] = AFTER,
    bootstrap: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how often new customers of a firm buy again: of a log, and of a run's panel alike.

    Parameters
    ----------
    purchases : DataFrame
        ``customer, period``, a row per purchase, such as :attr:`OwnLog.purchases`; or
        ``cx.run(..., panel=1000).panel``, which also has ``choice``.
    firm : str, optional
        Of the column ``choice``.
    periods : int, optional
        Periods of the data [default: to the last purchase].
    new_after : int
        Customers are new if they do not buy in so many first periods.
    after : tuple of int
        Periods after the first purchase; those that too few customers were observed for are
        left out.
    bootstrap : int
        Samples of customers from which standard errors come; 0 for none.
    seed : int
        Of the samples.

    Returns
    -------
    DataFrame
        ``statistic, value, se, customers``: ``repeat_purchases_K``, periods with a purchase
        among the K after the first one; ``active_K``, share who bought in the last quarter of
        these; over the longest K, ``never_back``, share without a further purchase, and
        ``dispersion``, variance over mean of repeat purchases.

    Raises
    ------
    ValueError
        If fewer than 20 new customers were observed for the shortest time.
    """
    if firm is not None:
        purchases = purchases[purchases["choice"] == firm]
    customer = np.unique(purchases["customer"].astype(str), return_inverse=True)[1]
    period = purchases["period"].to_numpy(dtype=np.int64)
    span = int(period.max()) + 1 if periods is None else periods
    first = np.full(int(customer.max()) + 1, span)
    np.minimum.at(first, customer, period)
    cells = np.unique(np.stack([customer, period - first[customer]]), axis=1)
    new, observed = first >= new_after, span - 1 - first
    names, values, there = [], [], []
    usable = [k for k in sorted(after) if (new & (observed >= k)).sum() >= _FEW]
    if not usable:
        raise ValueError(
            f"purchases: expected {_FEW} new customers or more who are observed for {min(after)} "
            f"periods, found {(new & (observed >= min(after))).sum()}"
        )

    def counted(low: int, high: int) -> np.ndarray:
        rows = (cells[1] >= low) & (cells[1] <= high)
        return np.bincount(cells[0][rows], minlength=len(first)).astype(float)

    def add(name: str, value: np.ndarray, k: int) -> None:
        names.append(name)
        values.append(value)
        there.append(new & (observed >= k))

    for k in usable:
        add(f"repeat_purchases_{k}", counted(1, k), k)
    for k in usable:
        add(f"active_{k}", counted(k - k // 4 + 1, k) > 0, k)
    longest = usable[-1]
    often = counted(1, longest)
    add("never_back", often == 0, longest)
    add("dispersion", often, longest)
    add("", often**2, longest)
    x, seen = np.array(values, dtype=float).T, np.array(there, dtype=float).T
    some = seen.any(axis=1)
    x, seen = (x * seen)[some], seen[some]

    def means(weight: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (weight @ x) / (weight @ seen)
            return np.append(mean[:-2], (mean[-1] - mean[-2] ** 2) / mean[-2])

    rng, n = np.random.default_rng(seed), len(x)
    drawn = [means(np.bincount(rng.integers(n, size=n), minlength=n)) for _ in range(bootstrap)]
    return pd.DataFrame(
        {
            "statistic": names[:-1],
            "value": means(np.ones(n)),
            "se": np.nanstd(drawn, axis=0, ddof=1) if drawn else np.nan,
            "customers": seen.sum(axis=0).astype(int)[:-1],
        }
    )


#: Days of a period.
_DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12.0, "quarter": 365.25 / 4.0}

#: Share of periods between first and last payment with a payment from which on a log is one of
#: contracts.
_CONTRACTS = 0.98


@dataclass(frozen=True)
class OwnLog(AttributeHints):
    """One firm's own log: who bought in which period, and how often new customers buy again.

    Attributes
    ----------
    source : str
    purchases : DataFrame
        ``customer, period``: a row per customer and period with a purchase.
    periods : int
    period_length : str
    decisions : DataFrame
        ``rule, count, of, decision, option``, as of :class:`LogPanel`.
    new_after : int
        Customers are new who do not buy in so many first periods.
    statistics : DataFrame
        As :func:`repeat_statistics` returns it.
    fit : PurchaseFit or None
        Model of buying and leaving of new customers; None where it has no peak.
    rates : DataFrame
        ``rate, value, se``, of the fit, per period: ``purchase_rate`` of customers who are there,
        ``exit_rate`` of new customers (the share who leave in the first period),
        ``churn`` of the customers won in the log (lost over held, all periods
        together), and ``retention_rate``, 1 - churn.
    facts : dict
        ``spent``, mean amount of a period with a purchase, NaN without amounts; ``there``, the
        expected number of customers still there at the end.
    """

    source: str
    purchases: pd.DataFrame
    periods: int
    period_length: str
    decisions: pd.DataFrame
    new_after: int
    statistics: pd.DataFrame
    fit: PurchaseFit | None
    rates: pd.DataFrame
    facts: dict[str, float] = field(repr=False, default_factory=dict)

    def headline(self) -> str:
        """Return in one sentence how often new customers buy again."""
        by_name = self.statistics.set_index("statistic")["value"]
        first = next(name for name in by_name.index if name.startswith("repeat_purchases"))
        k = first.rpartition("_")[2]
        return (
            f"{self.source}: new customers buy {by_name[first]:.2f} times within {k} "
            f"{self.period_length}s of their first purchase; "
            f"{per_cent(by_name['never_back'])} never come back."
        )

    def sentences(self) -> list[str]:
        """Return what else the log shows, and what it cannot show."""
        seen = self.purchases["customer"].nunique()
        span = f"{self.periods} {self.period_length}s, the first {self.new_after} of them"
        texts = [f"{seen:,} customers in {span} to tell who is new."]
        if self.fit is not None:
            rate = self.rates.set_index("rate")
            value, se = rate["value"], rate["se"]
            texts.append(
                f"{PURCHASE_MODELS[self.fit.model].text}. Those who are there buy "
                f"{value['purchase_rate']:.3f} times (se {se['purchase_rate']:.3f}) a "
                f"{self.period_length}; {per_cent(value['exit_rate'])} of new customers leave in "
                f"the first one; churn is {per_cent(value['churn'])} a {self.period_length} (se "
                f"{100 * se['churn']:.2g} points)."
            )
            texts.append(
                f"Of all customers, {self.facts['there']:,.0f} are expected to be still there."
            )
            texts.append(
                "These rates describe buyers: who leaves before buying is in no log. To match "
                "them in a market, use the statistics as targets."
            )
        texts.append(
            "Rivals are not seen: leaving the firm and leaving the market cannot be separated."
        )
        return texts

    def save(self, path: str | Path, *, firm: str = "(market)", alone: bool = False) -> Path:
        """Write the statistics as a table of targets (CSV) and return where.

        ``periods`` are the first one of new customers and the last one of the log, as
        :func:`~cxsim.calibration.moment_matching.match_moments` computes the same of runs.

        Parameters
        ----------
        path : str or Path
        firm : str
            Name of the firm in the scenario.
        alone : bool
            Whether the scenario has no other firm. Churn of the fit is then a target too: there
            is nothing to leave for, so that it is ``churn_left``.
        """
        made = pd.DataFrame(
            {
                "measure": self.statistics["statistic"],
                "firm": firm,
                "value": self.statistics["value"],
                "se": self.statistics["se"],
            }
        )
        if self.fit is not None and alone:
            churn = self.rates[self.rates["rate"] == "churn"]
            if churn["se"].gt(0.0).all():
                made.loc[len(made)] = ["churn_left", firm, *churn[["value", "se"]].iloc[0]]
        made["periods"] = f"{self.new_after}-{self.periods - 1}"
        with whole_file(path) as draft:
            cells(made).to_csv(draft, index=False, lineterminator="\n")
        return Path(path)

    def scenario_text(self, *, firm: str = "Firm", title: str | None = None) -> str:
        """Return a scenario of one firm whose customers buy and leave as the fit says.

        Chances to leave are the beta distribution with the fit's shares still there after one and
        two periods; chances to buy are those of gamma distributed rates.

        Parameters
        ----------
        firm : str
            What to call the firm.
        title : str, optional

        Raises
        ------
        CalibrationError
            If the log has no fit.
        """
        if self.fit is None:
            raise CalibrationError(
                f"{self.source}: expected customers who buy and leave by a model, found none "
                "that fits (see the decisions)"
            )
        spent = self.facts["spent"]
        data, segment, offer = CommentedMap(), CommentedMap(), CommentedMap()
        data["title"] = title or f"One firm's customers, from {self.source}"
        data["description"] = (
            "Purchase rates and chances to leave are estimates of a purchase model "
            f"({PURCHASE_MODELS[self.fit.model].text}). Rivals are not in the log: there are none "
            "here."
        )
        data["periods"] = max(self.periods, 1)
        data["period_length"] = self.period_length
        data["customers"] = 2000
        data["market_size"] = max(round(self.facts["there"]), 1)
        data.yaml_add_eol_comment("expected number of customers still there", "market_size")
        known = not math.isnan(spent) and spent > 0.0
        offer["price"] = _rounded(spent) if known else 1.0
        offer.yaml_add_eol_comment(
            "mean amount of a period with a purchase" if known else "not in the log", "price"
        )
        data["firms"] = CommentedMap({firm: offer})
        segment["share"] = 1
        se = self.rates.set_index("rate")["se"]
        rate, shape = _gamma_rates(self.fit)
        segment["purchase_rate"] = _rounded(rate)
        segment.yaml_add_eol_comment(f"se {se['purchase_rate']:.2g}", "purchase_rate")
        if shape is not None:
            segment["purchase_rate_shape"] = _rounded(shape)
        differing = _beta_chances(self.fit)
        if differing is not None:
            segment["exit_rate_beta"] = [_rounded(each) for each in differing]
            key = "exit_rate_beta"
        else:
            segment["exit_rate"] = _rounded(self.fit.leaving()[0])
            key = "exit_rate"
        text = f"mean {self.fit.leaving()[0]:.3g}, se {se['exit_rate']:.2g}"
        segment.yaml_add_eol_comment(text, key)
        data["segments"] = CommentedMap({"customers": segment})
        return to_yaml(data)

    def save_scenario(self, path: str | Path, *, firm: str = "Firm") -> Path:
        """Write :meth:`scenario_text` and return where.

        Parameters
        ----------
        path : str or Path
        firm : str
        """
        return write_scenario(self.scenario_text(firm=firm), path)

    def __repr__(self) -> str:
        return "\n".join([self.headline(), *self.sentences()])

    def _repr_html_(self) -> str:
        from html import escape

        said = "".join(f"<p>{escape(text)}</p>" for text in [self.headline(), *self.sentences()])
        return said + self.statistics.to_html(index=False) + self.rates.to_html(index=False)


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def _gamma_rates(fit: PurchaseFit) -> tuple[float, float | None]:
    """Return mean and shape of gamma distributed purchase rates per period; no shape: chances.

    Of beta distributed chances p, rates have the same mean and variance of the chance not to buy:
    E(1 - p) = (alpha / (alpha + 1))^r and E(1 - p)^2 = (alpha / (alpha + 2))^r.
    """
    from scipy.optimize import brentq

    p = fit.values
    if fit.model == "sbg":
        return 1.0, None
    if fit.model != "bg-bb":
        return p["r"] / p["alpha"], p["r"]
    a, b = p["buy_alpha"], p["buy_beta"]
    once = math.log(b / (a + b))
    twice = once + math.log((b + 1.0) / (a + b + 1.0))

    def gap(log_alpha: float) -> float:
        alpha = math.exp(log_alpha)
        return math.log1p(2.0 / alpha) / math.log1p(1.0 / alpha) - twice / once

    low, high = -30.0, 15.0
    if gap(low) * gap(high) > 0.0:  # chances that hardly differ
        return a / (a + b), None
    alpha = math.exp(float(brentq(gap, low, high)))
    r = -once / math.log1p(1.0 / alpha)
    return r / alpha, r


def _beta_chances(fit: PurchaseFit) -> tuple[float, float] | None:
    """Return the beta distribution of chances to leave with shares still there S(1) and S(2).

    None where these do not differ between customers.
    """
    one, two = still_there(fit.model, [1.0, 2.0], fit.values)
    mean, variance = 1.0 - one, two - one**2
    if not 0.0 < variance < mean * (1.0 - mean):
        return None
    total = mean * (1.0 - mean) / variance - 1.0
    return mean * total, (1.0 - mean) * total


def own_log(
    log: str | Path | pd.DataFrame,
    *,
    period: str | None = None,
    returns: str = "cancel",
    last_period: str = "cut",
    new_after: int | None = None,
    model: str | None = None,
    bootstrap: int = 200,
    seed: int = 0,
    **reading: Any,
) -> OwnLog:
    """Read one firm's own log, which has no rivals in it: buy or not, period by period.

    Parameters
    ----------
    log : str, Path or DataFrame
        A row per line of an order, in any order: customer and date, and where the log has
        them quantity and amount, of which negative ones are returns.
    period : {"day", "week", "month"}, optional
        Length of a period [default: the longest in which at most 5 % of customer-periods hold
        purchases of two days, and of which the log has 12].
    returns : {"cancel", "drop", "refuse"}
    last_period : {"cut", "keep"}
    new_after : int, optional
        Customers are new who do not buy in so many first periods; 0 if the log begins with the
        firm [default: the gap between purchases that 95 % do not exceed, at most a third
        of the log].
    model : {"sbg", "bg-bb", "bg-nbd", "pareto-nbd"}, optional
        Purchase model [default: ``sbg`` for contracts, which pay in all periods between the first
        and the last; else ``bg-bb`` for a log in periods, ``pareto-nbd`` for one with days].
    bootstrap : int
        Samples of customers for standard errors.
    seed : int
        Of them.
    **reading
        Columns and ways to read the table, as for :func:`panel_from_log`.

    Returns
    -------
    OwnLog

    Raises
    ------
    CalibrationError
        If the log cannot be read, or too few customers are new.
    """
    if model is not None:
        choice(model, "model", tuple(PURCHASE_MODELS))
    said = Decisions()
    lines = read_lines(log, **{"brand": "none", **reading})
    last_day = int(lines.day.max())
    amounts = lines.facts["columns"]["amount"] is not None
    lines, _ = clean(lines, said, returns=returns, amount_is="line")
    length, _ = chosen_length(lines, said, period, 1, longest=True)
    lines, number_of, start = numbered(lines, said, length, last_period)
    span = int(number_of.max()) + 1
    key = np.unique(lines.customer.astype(np.int64) * span + number_of)
    bought = pd.DataFrame(
        {"customer": labelled(lines.customers, pd.Series(key // span)), "period": key % span}
    )
    said.add("lines of one customer and period", len(number_of) - len(key), len(number_of),
             "one purchase")  # fmt: skip
    if new_after is None:
        gaps = np.diff(key)[np.diff(key // span) == 0]
        usual = math.ceil(np.quantile(gaps, 0.95)) if gaps.size else 1
        new_after = min(usual, span // 3)
    first = bought.groupby("customer")["period"].agg(["min", "max", "size"])
    new = (first["min"] >= new_after).to_numpy()
    said.add("customers from before the log", (~new).sum(), len(first),
             f"bought in the first {new_after} {length}s: not new", "new_after")  # fmt: skip
    try:
        statistics = repeat_statistics(
            bought, periods=span, new_after=new_after, bootstrap=bootstrap, seed=seed
        )
    except ValueError as error:
        raise CalibrationError(
            f"{lines.source}: {error} (--new-after; 0 if it begins with everybody's first purchase)"
        ) from None
    steady = float((first["size"] / (first["max"] - first["min"] + 1))[first["size"] > 2].mean())
    chosen, why = _model_of(model, lines.resolution, steady)
    made: tuple[np.ndarray, np.ndarray, np.ndarray] = (
        (first["size"] - 1).to_numpy(),
        (first["max"] - first["min"]).to_numpy(),
        (span - 1 - first["min"]).to_numpy(),
    )
    if chosen in ("bg-nbd", "pareto-nbd"):
        if lines.resolution == "number":
            raise CalibrationError(
                f"{lines.source}: model: expected a model of periods for a log that counts periods "
                f"(--model bg-bb, or sbg for contracts), found {chosen}"
            )
        end = min(last_day, int(first_day(np.array([start + span]), length)[0]) - 1)
        made = _by_days(lines, end, _DAYS[length])
    purchases, last, observed = made
    fit, there = None, math.nan
    text = f"{PURCHASE_MODELS[chosen].text} ({why})"
    try:
        fit = fit_purchases(chosen, purchases[new], last[new], observed[new])
        there = float(chance_alive(chosen, purchases, last, observed, fit.values).sum())
        if not np.isfinite(fit.covariance).all():
            text += "; the likelihood is flat: rates have no standard errors"
    except ValueError as error:
        text += f"; not fitted: {error}"
    said.add("purchase model", new.sum() if fit is not None else 0, new.sum(), text, "model")
    counts = np.bincount(first["min"][new], minlength=span)
    spent = float(lines.amount.sum() / len(key)) if amounts else math.nan
    return OwnLog(
        lines.source, bought, span, length, said.table(), new_after, statistics, fit,
        _rates(fit, counts), {"spent": spent, "there": there, "steady": steady},
    )  # fmt: skip


def _model_of(given: str | None, resolution: str, steady: float) -> tuple[str, str]:
    """Return the model for a log, and why."""
    if given is not None:
        return given, "as asked for"
    if steady >= _CONTRACTS:
        return "sbg", f"{per_cent(steady)} of periods between first and last are paid: contracts"
    if resolution in ("second", "day"):
        return "pareto-nbd", "no contracts; the log has days"
    return "bg-bb", "no contracts; the log has periods"


def _by_days(lines: Lines, end: int, days: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return histories by day, in periods: purchases, the last one, and the end, by customer."""
    made = pd.DataFrame({"who": lines.customer, "day": lines.day}).drop_duplicates()
    by = made.groupby("who")["day"].agg(["min", "max", "size"])
    by.index = pd.Index(labelled(lines.customers, pd.Series(by.index)))
    by = by.sort_index()
    return (
        (by["size"] - 1).to_numpy(),
        ((by["max"] - by["min"]) / days).to_numpy(),
        ((end - by["min"]) / days).to_numpy(),
    )


def _rates(fit: PurchaseFit | None, won: np.ndarray) -> pd.DataFrame:
    """Return purchase rate, exit rate, churn and retention with standard errors.

    Parameters
    ----------
    fit : PurchaseFit or None
    won : ndarray of int, shape (T,)
        New customers by period.

    Notes
    -----
    Of customers won in period c, S(t - c) are held at t. Churn is the sum over periods of those
    lost, S(t - c) - S(t + 1 - c), over the sum of those held.
    """
    if fit is None:
        return pd.DataFrame(columns=["rate", "value", "se"])

    model = fit.model

    def churn(values: dict[str, float]) -> float:
        stays = still_there(model, np.arange(len(won) + 1), values)
        held = np.convolve(won, stays[:-1])[: len(won) - 1].sum()
        kept = np.convolve(won, stays[1:])[: len(won) - 1].sum()
        return float(1.0 - kept / held)

    lost, se = churn(fit.values), fit.standard_error(churn)
    rows = [
        ("purchase_rate", *fit.rate()), ("exit_rate", *fit.leaving()),
        ("churn", lost, se), ("retention_rate", 1.0 - lost, se),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["rate", "value", "se"])
