"""Targets from the numbers people have: churn tables, share reports, NPS and satisfaction sheets.

Names, per cent and missing standard errors become what the search takes: a measure, a share and
an error. Errors come from the counts that a number rests on, or from its course over time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from cxsim.calibration.panel import FIRM, CalibrationError
from cxsim.calibration.table_reading import Table, first_named, normal
from cxsim.messages import found
from cxsim.model.mechanism import Measure
from cxsim.runs.measures.measure_registry import MARKET, measures

# -- Names and units -----------------------------------------------------------------------------


#: What a mean tenure is called, which stands for a churn rate.
TENURE = frozenset(
    {"tenure", "meantenure", "averagetenure", "avgtenure", "lifetime", "meanlifetime"}
)


#: Names in tables and reports, without what stands between their words.
_SPOKEN = {
    "shareofcustomers": "customer_share", "subscribershare": "customer_share",
    "shareofpurchases": "market_share", "netpromoter": "net_promoter_score",
    "averagespend": "price_paid", "repurchaserate": "repeat_purchase_rate",
    "totalchurn": "churn", "monthlychurn": "churn", "churnpermonth": "churn",
    "attritionrate": "churn", "customerretention": "retention_rate",
    "retention": "retention_rate", "share": "market_share", "repeatrate": "repeat_purchase_rate",
    "satisfaction": "performance", "meansatisfaction": "performance",
    "satisfactionscore": "performance",
}  # fmt: skip


#: Names that no measure has, and what to give instead.
_INSTEAD = dict.fromkeys(
    ("csat", "satisfied", "sharesatisfied", "topbox", "toptwobox"),
    " (a share of satisfied answers is no measure; give the mean score of contacts from 0 to 10, "
    "performance)",
)


def instead_of(name: Any) -> str:
    """Return what to give in place of a number that no measure is; empty if nothing is known.

    Parameters
    ----------
    name : Any
        As people write it: ``CSAT``.
    """
    return _INSTEAD.get(normal(str(name)), "")


def understood(name: Any, level: str) -> str | None:
    """Return the measure that a name stands for, None if that is none or not one alone.

    Parameters
    ----------
    name : Any
        As people write it: ``Churn rate``, ``share``, ``NPS``.
    level : {"firm", "market"}
    """
    known = {measure.name: measure for measure in measures(level)}
    word = normal(str(name))
    if str(name) in known:
        return str(name)
    like = [
        each
        for each, measure in known.items()
        if word in {normal(each), normal(measure.label), *map(normal, measure.also)}
    ]
    if len(like) == 1:
        return like[0]
    return _SPOKEN[word] if _SPOKEN.get(word) in known else None


def bounds(measure: Measure) -> tuple[float, float]:
    """Return the lowest and the highest value that a measure can have."""
    if measure.name.endswith("net_promoter_score"):
        return -1.0, 1.0
    if measure.unit.startswith("share"):
        return (-math.inf if "variance" in measure.name else 0.0), 1.0
    counts = measure.unit.startswith(("customers", "per period", "score"))
    return (0.0 if counts else -math.inf), math.inf


# -- Standard errors from counts -----------------------------------------------------------------


def share_error(share: float, n: float) -> float:
    """Return the standard error of a share of n, sqrt(p (1 - p) / n).

    At 0 and 1, where that is zero, p is (x + 1) / (n + 2) (Laplace).
    """
    p = share if 0.0 < share < 1.0 else (share * n + 1.0) / (n + 2.0)
    return math.sqrt(p * (1.0 - p) / n)


def score_error(promoters: float, detractors: float, n: float) -> float:
    """Return the standard error of a net promoter score, sqrt((p + d - (p - d)^2) / n).

    Parameters
    ----------
    promoters, detractors : float
        Shares p and d of the answers.
    n : float
        Answers.
    """
    spread = promoters + detractors - (promoters - detractors) ** 2
    return math.sqrt(max(spread, 1.0 / n) / n)


def completed(row: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a target with the measure's name of today, in its unit, with a standard error.

    Parameters
    ----------
    row : mapping
        ``measure, firm, value`` and ``se``, or ``n`` (what a share is of), or ``n`` and ``sd``.

    Returns
    -------
    row : dict
        Without ``n`` and ``sd``.
    decisions : list of str

    Raises
    ------
    ValueError
        With the key and what was expected there.
    """
    made = dict(row)
    said: list[str] = []
    firm = made.get("firm")
    level = "market" if firm in (None, MARKET) else "firm"
    n, sd = (_number(made.pop(key, None), key) for key in ("n", "sd"))
    for key in ("value", "se"):
        if isinstance(made.get(key), str):
            made[key] = _number(made[key], key)
    where = f" of {firm}" if level == "firm" else ""
    if normal(str(made.get("measure"))) in TENURE:
        _as_churn(made, n, sd, said, where)
        n = sd = None
    name = understood(made.get("measure"), level)
    if name is None:
        return made, said
    if name != made["measure"]:
        said.append(f"{made['measure']} is the measure {name}")
        made["measure"] = name
    measure = next(each for each in measures(level) if each.name == name)
    value = made.get("value")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return made, said
    _check_range(measure, float(value))
    if made.get("se") is None and n is not None:
        low, high = bounds(measure)
        if n <= 0:
            raise ValueError(f"n: expected a number above 0, found {found(n)}")
        if sd is not None:
            made["se"] = sd / math.sqrt(n)
        elif (low, high) == (0.0, 1.0):
            made["se"] = share_error(float(value), n)
        else:
            raise ValueError(f"sd: expected a standard deviation of {name} beside n, found nothing")
        said.append(f"{name}{where}: standard error {made['se']:.2g}, from n = {n:g}")
    if made.get("se") is None:
        raise ValueError(
            f"se: expected a standard error above 0, or n that {name} is of, found nothing"
        )
    return made, said


def _as_churn(
    made: dict[str, Any], n: float | None, sd: float | None, said: list[str], where: str
) -> None:
    """Make a mean tenure t a churn rate 1 / t, with the error se / t^2."""
    tenure, error = made.get("value"), made.get("se")
    if not isinstance(tenure, (int, float)) or tenure < 1.0:
        raise ValueError(f"value: expected a tenure of 1 period or more, found {found(tenure)}")
    if error is None and n is not None:
        error = (tenure if sd is None else sd) / math.sqrt(n)
    made |= {"measure": "churn", "value": 1.0 / tenure}
    if isinstance(error, (int, float)):
        made["se"] = error / tenure**2
    said.append(
        f"a mean tenure{where} of {tenure:g} periods is taken as churn of {1.0 / tenure:.4g} a "
        "period, 1 / tenure, which holds where churn is the same at every tenure"
    )


def _number(value: Any, key: str) -> float | None:
    """Return a number, also of a text such as ``42,0 %``."""
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    table = Table(key, pd.DataFrame({key: [str(value)]}))
    try:
        return float(table.numbers(key)[0])
    except CalibrationError as error:
        said = str(error).split(f"{key}: ", 2)[-1].replace("--decimal", "as decimal")
        raise ValueError(f"{key}: {said}") from None


def _check_range(measure: Measure, value: float) -> None:
    low, high = bounds(measure)
    if not low <= value <= high:
        expected = f"{low:g} to {high:g}" if high < math.inf else f"{low:g} or more"
        near = ""
        if high == 1.0 and abs(value) <= 100.0:
            near = f" ({value:g} %? write {value / 100:g} or '{value:g} %')"
        raise ValueError(
            f"value: expected {expected} ({measure.name} is a {measure.unit}), found "
            f"{found(value)}{near}"
        )


#: Target that is no measure of a run: the share of a firm's customers that it loses within a year
#: by a price 10 % higher, from two runs.
PRICE_RESPONSE = "price_response"


#: Statistics of one firm's own log (:func:`~cxsim.calibration.own_log.repeat_statistics`).
_REPEATS = re.compile(r"(?:repeat_purchases|active)_([1-9]\d*)|never_back|dispersion")


def is_of_log(name: Any) -> bool:
    """Return whether a target is a statistic of repeat purchases, which no ledger has."""
    return bool(_REPEATS.fullmatch(str(name)))


def lengths_of_log(targets: Iterable[Any]) -> dict[Any, tuple[int, ...]]:
    """Return over how many periods after the first purchase a log's statistics are.

    Parameters
    ----------
    targets : iterable of Target

    Returns
    -------
    dict
        By firm and window. ``never_back`` and ``dispersion`` are over the longest.

    Raises
    ------
    ValueError
        If none is stated.
    """
    made: dict[Any, set[int]] = {}
    for each in targets:
        if found_name := _REPEATS.fullmatch(str(each.measure)):
            lengths = made.setdefault((each.firm, each.periods), set())
            lengths |= {int(found_name[1])} if found_name[1] else set()
    for (firm, _), lengths in made.items():
        if not lengths:
            raise ValueError(
                f"expected repeat_purchases_K or active_K of {firm} beside never_back and "
                "dispersion, which are over the longest K, found neither"
            )
    return {key: tuple(sorted(lengths)) for key, lengths in made.items()}


def check_error(name: str, error: float) -> None:
    """Refuse a standard error that a share cannot have, such as one in per cent.

    Raises
    ------
    ValueError
        With what was meant, perhaps.
    """
    if name == PRICE_RESPONSE:
        share = True
    elif is_of_log(name):
        share = name.startswith(("active", "never"))
    else:
        known = (m for level in ("firm", "market") for m in measures(level))
        share = bounds(next(m for m in known if m.name == name))[1] == 1.0
    if share and error > 0.5:
        raise ValueError(
            f"expected the standard error of a share, found {found(error)} ({error:g} %? write "
            f"{error / 100:g} or '{error:g} %')"
        )


# -- Sums ----------------------------------------------------------------------------------------


def check_sums(targets: Iterable[Any], firms: Iterable[str]) -> None:
    """Refuse shares of all firms that do not add up to 1, and churn and retention that do not.

    Parameters
    ----------
    targets : iterable of Target
    firms : iterable of str
        All of the market.

    Raises
    ------
    ValueError
        With the sum.
    """
    everybody, goals = set(firms), list(targets)
    for measure in ("market_share", "customer_share"):
        for window in {each.periods for each in goals}:
            these = [t for t in goals if t.measure == measure and t.periods == window]
            total = sum(each.value for each in these)
            room = 0.005 + 3.0 * math.sqrt(sum(each.se**2 for each in these))
            whole = {each.firm for each in these} == everybody
            if total > 1.0 + room or (whole and total < 1.0 - room):
                what = "of all firms " if whole else ""
                raise ValueError(
                    f"expected values of {measure} {what}that add up to 1"
                    f"{'' if whole else ' at most'}, found {total:.4g}"
                )
    for one in goals:
        for other in goals:
            pair = (one.measure, other.measure) == ("churn", "retention_rate")
            if not pair or (one.firm, one.periods) != (other.firm, other.periods):
                continue
            total, room = one.value + other.value, 0.005 + 3.0 * math.hypot(one.se, other.se)
            if abs(total - 1.0) > room:
                raise ValueError(
                    f"expected churn and retention_rate of {one.firm} that add up to 1, found "
                    f"{total:.4g}"
                )


# -- Tables --------------------------------------------------------------------------------------


_FIRMS = (*FIRM, "provider", "company", "operator", "competitor", "anbieter", "firma", "marke")
_ERRORS = ("se", "standard_error", "std_error", "stderr", "standardfehler")
_COUNTS = ("n", "base", "respondents", "responses", "sample", "sample_size", "answers")
_SPREADS = ("sd", "std", "stdev", "standard_deviation", "standardabweichung")
_HELD = (
    "customers_at_start", "start", "opening", "opening_customers", "customers_before",
    "subscribers_at_start", "subscribers", "active_customers", "customers",
)  # fmt: skip
_LOST = (
    "lost", "lost_customers", "customers_lost", "churned", "churners", "churned_customers",
    "cancelled", "cancellations", "leavers", "terminations", "disconnects", "deactivations",
)  # fmt: skip
_WHEN = ("period", "date", "month", "quarter", "week", "year", "monat", "quartal", "jahr")
_SCORES = ("score", "nps_score", "answer", "likelihood_to_recommend", "recommend", "rating", "nps")


def target_rows(
    table: Table, *, firms: Iterable[str] = (), measure: str | None = None
) -> list[dict[str, Any]]:
    """Return targets of a table: ``measure, firm, value`` with ``se`` or ``n``, a dict each.

    Parameters
    ----------
    table : Table
        A row per target (``measure, firm, value, se, n, periods``); or a row per firm with a
        column per measure; or a row per firm and period, over which means are taken; or a row
        per period with a column per firm; or counts (customers at the start and lost;
        promoters, passives, detractors); or an answer from 0 to 10 per row.
    firms : iterable of str
        Of the market.
    measure : str, optional
        What a table with a column per firm holds.

    Raises
    ------
    CalibrationError
        If it is none of these.
    """
    known = {name.casefold(): name for name in firms}
    firm = first_named(table.columns, _FIRMS)
    what = first_named(table.columns, ("measure", "metric", "kpi"))
    if what is not None:
        rows = _tidy(table, what, firm)
    else:
        columns = [name for name in table.columns if name.casefold() in known]
        if firm is None and columns:
            if measure is None:
                raise table.wrong(
                    f"expected the measure of {', '.join(map(found, columns))} (targets: {{table: "
                    "FILE, measure: NAME}), found none"
                )
            rows = _by_firm(table, columns, measure)
        else:
            rows = _by_measure(table, firm)
    for row in rows:
        if "firm" in row:
            row["firm"] = known.get(str(row["firm"]).casefold(), row["firm"])
    return rows


def _tidy(table: Table, what: str, firm: str | None) -> list[dict[str, Any]]:
    names = {
        "value": first_named(table.columns, ("value", "estimate", "mean", "rate", "wert")),
        "se": first_named(table.columns, _ERRORS),
        "n": first_named(table.columns, _COUNTS),
        "sd": first_named(table.columns, _SPREADS),
    }
    if names["value"] is None:
        raise table.wrong(
            f"expected a column 'value', found {', '.join(map(found, table.columns))}"
        )
    values = {
        key: table.numbers(name, blank=True, percent="any") for key, name in names.items() if name
    }
    signs = {
        key: np.array(["%" in text for text in table.text(name)])
        for key, name in names.items()
        if name and key in ("value", "se")
    }
    if "se" in signs:
        odd = (signs["value"] != signs["se"]) & (table.text(str(names["se"])) != "")
        if odd.any():
            k = int(odd.argmax())
            raise table.wrong("expected % in value and se, or in neither", names["se"], k)
    periods = first_named(table.columns, ("periods",))
    rows = []
    for k in range(len(table)):
        row: dict[str, Any] = {"measure": table.text(what)[k]}
        if firm and table.text(firm)[k]:
            row["firm"] = table.text(firm)[k]
        row |= {key: float(column[k]) for key, column in values.items() if not np.isnan(column[k])}
        if periods and table.text(periods)[k]:
            row["periods"] = table.text(periods)[k]
        rows.append(row)
    return rows


def _percent(column: str) -> tuple[str, bool]:
    """Return the name of a column without its unit, and whether that is per cent."""
    bare = re.sub(r"[\s_(\[]*(%|per ?cent|pct|prozent)[)\]]*", "", column, flags=re.IGNORECASE)
    return bare.strip(), bare != column


def _numbers(table: Table, column: str) -> np.ndarray:
    """Return a column of numbers, those under a heading with % as shares."""
    values = table.numbers(column, blank=True)
    in_percent = _percent(column)[1]
    if in_percent and not any("%" in text for text in table.text(column)):
        table.decide("per cent, read as shares", column)
        values = values / 100.0
    return values


def _groups(table: Table, firm: str | None) -> dict[str, np.ndarray]:
    """Return the rows of each firm, or of the market."""
    if firm is None:
        return {MARKET: np.arange(len(table))}
    names = table.text(firm)
    return {str(name): np.flatnonzero(names == name) for name in dict.fromkeys(names)}


def _by_measure(table: Table, firm: str | None) -> list[dict[str, Any]]:
    """Return targets of a table with a row per firm, or several, and a column per measure."""
    groups = _groups(table, firm)
    several = max(map(len, groups.values())) > 1
    when = next(
        (name for name in table.columns if name != firm and table.holds_dates(name)), None
    ) or first_named(table.columns, _WHEN)
    counts = first_named(table.columns, _COUNTS)
    held, lost = first_named(table.columns, _HELD), first_named(table.columns, _LOST)
    if several and when is None:
        score = first_named(table.columns, _SCORES)
        if score is not None:
            return _answers(table, score, groups)
        raise table.wrong(
            f"expected a row per firm, or a column that tells the time, found "
            f"{max(map(len, groups.values()))} rows of {max(groups, key=lambda k: len(groups[k]))}"
        )
    rows: list[dict[str, Any]] = []
    if held and lost:
        before, gone = _counted(table, held), _counted(table, lost)
        for name, these in groups.items():
            n, x = before[these].sum(), gone[these].sum()
            if x > n:
                text = f"expected at most {n:g} ({held}), found {x:g}"
                raise table.wrong(text, lost, int(these[0]))
            rows.append(_with_spread("churn", name, gone[these] / before[these], before[these]))
        table.decide(f"churn is {lost} / {held}")
    sides = [
        first_named(table.columns, (side,)) for side in ("promoters", "passives", "detractors")
    ]
    if all(sides):
        up, between, down = (_counted(table, str(side)) for side in sides)
        for name, these in groups.items():
            p, d = up[these].sum(), down[these].sum()
            n = p + d + between[these].sum()
            rows.append(
                {
                    "measure": "net_promoter_score", "firm": name, "value": (p - d) / n,
                    "se": score_error(p / n, d / n, n),
                }
            )  # fmt: skip
    base = counts or held
    size = _counted(table, base) if base else None
    level = "market" if firm is None else "firm"
    taken = {firm, when, counts, held, lost, *sides}
    for column in table.columns:
        bare = _percent(column)[0]
        meant = "tenure" if normal(bare) in TENURE else understood(bare, level)
        if column in taken or meant is None:
            continue
        values = _numbers(table, column)
        own = {
            key: first_named(table.columns, [f"{bare} {word}" for word in words])
            for key, words in (("se", _ERRORS), ("n", _COUNTS), ("sd", _SPREADS))
        }
        if any(each["measure"] == meant for each in rows):
            continue
        for name, these in groups.items():
            these = these[~np.isnan(values[these])]
            if not len(these):
                continue
            n = _counted(table, own["n"]) if own["n"] else size
            row = _with_spread(meant, name, values[these], None if n is None else n[these])
            if len(these) == 1:
                for key in ("se", "sd"):
                    column_ = own[key] or (
                        first_named(table.columns, _ERRORS if key == "se" else _SPREADS)
                    )
                    if column_:
                        row[key] = float(_numbers(table, column_)[these[0]])
            rows.append(row)
    if not rows:
        raise table.wrong(
            "expected columns of measures, such as churn, market_share, nps, or measure and value, "
            f"found {', '.join(map(found, table.columns[:12]))}"
        )
    if base and not (held and lost):
        table.decide(f"what the shares are of: {base}")
    if several:
        table.decide(
            f"means over {max(map(len, groups.values()))} rows of {when}, with the standard error "
            "of their spread or of the counts, the larger of the two"
        )
    return rows


def _by_firm(table: Table, columns: list[str], measure: str) -> list[dict[str, Any]]:
    """Return targets of a table with a row per period and a column per firm."""
    size = first_named(table.columns, _COUNTS)
    n = _counted(table, size) if size else None
    rows = []
    for name in columns:
        values = table.numbers(name, blank=True)
        these = np.flatnonzero(~np.isnan(values))
        rows.append(_with_spread(measure, name, values[these], None if n is None else n[these]))
    if len(table) > 1:
        table.decide(f"{measure}: means over {len(table)} rows, with the error of their spread")
    return rows


def _answers(table: Table, score: str, groups: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return net promoter scores of answers from 0 to 10, 9 and 10 being those of promoters."""
    values = table.numbers(score, blank=True)
    bad = ~np.isnan(values) & ((values < 0) | (values > 10) | (values != np.round(values)))
    if bad.any():
        k = int(bad.argmax())
        raise table.wrong(f"expected an answer from 0 to 10, found {values[k]:g}", score, k)
    table.decide(f"{score}: an answer per row; promoters answer 9 or 10, detractors 0 to 6")
    rows = []
    for name, these in groups.items():
        given = values[these][~np.isnan(values[these])]
        p, d, n = float((given >= 9).mean()), float((given <= 6).mean()), len(given)
        rows.append(
            {
                "measure": "net_promoter_score", "firm": name, "value": p - d,
                "se": score_error(p, d, n),
            }
        )  # fmt: skip
    return rows


def _counted(table: Table, column: str) -> np.ndarray:
    """Return a column of counts, none of them below 0."""
    values = table.numbers(column)
    if (values < 0).any():
        k = int((values < 0).argmax())
        raise table.wrong(f"expected a count, found {values[k]:g}", column, k)
    return values


def _with_spread(
    measure: str, firm: str, values: np.ndarray, n: np.ndarray | None
) -> dict[str, Any]:
    """Return the mean of some periods with the larger error: of its spread, or of the counts."""
    row: dict[str, Any] = {"measure": measure, "firm": firm}
    if len(values) == 1:
        return row | {"value": float(values[0])} | ({} if n is None else {"n": float(n[0])})
    weights = np.ones(len(values)) if n is None else n
    row["value"] = mean = float(np.average(values, weights=weights))
    spread = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    counted = share_error(mean, float(n.sum())) if n is not None and 0 <= mean <= 1 else 0.0
    if max(spread, counted) > 0.0:
        row["se"] = max(spread, counted)
    return row
