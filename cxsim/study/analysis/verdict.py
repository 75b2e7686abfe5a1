"""A claim put to the test: at which points of a study it holds, and what turns it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxsim.study.analysis.finding import Finding, amount
from cxsim.study.analysis.intervals import wilson
from cxsim.study.analysis.points import Points, names_of, points_of
from cxsim.study.statistics import half_width, mean_and_error

__all__ = ["verdict"]

#: Share of the points from which on a claim is said to hold, or to fail, throughout.
THROUGHOUT = 0.95

#: Least share of resamples in which a factor has to be the one that splits best.
CLEAR = 0.5

#: Largest share of permutations in which chance splits as well, for a split to count.
CHANCE = 0.05

#: Least points on either side of a split, and of either kind.
FEWEST = 3


def verdict(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    *,
    output: str,
    confidence: float = 0.95,
    resamples: int = 400,
    rng: int = 0,
) -> Finding:
    """Say where a claim holds.

    Parameters
    ----------
    frame : DataFrame
        One row per run, of a space-filling design.
    problem : mapping
        ``names`` of the factors.
    output : str
        By how much the claim holds in a run: above 0 it holds, else it fails.
    confidence : float
    resamples : int
        Bootstrap samples of points behind the interval of the value that turns the claim, and
        permutations that say how well chance splits.
    rng : int
        Seed of both.

    Returns
    -------
    Finding
        Frame with a row per point: the factors, ``mean`` of the output over seeds, ``lower``,
        ``upper``, and ``holds``: ``"yes"`` where the interval lies above 0, ``"no"`` where it
        lies below or where the mean is 0 without any variation, else ``"open"``. ``facts``:
        ``word`` (the verdict), by kind ``yes``, ``no``, ``open`` the share of points with Wilson's
        interval ``yes_interval``; ``median`` of the points' means with ``lowest`` and
        ``highest``; and of what turns it (None where nothing does) ``factor``, ``value``,
        ``value_interval``, ``below`` and ``above`` (shares of points with a mean above 0),
        ``chosen`` (share of resamples in which this factor splits best), ``chance`` (share of
        permutations in which some factor splits as well).

    Raises
    ------
    ValueError
        If a column is missing, or there are fewer than two seeds.

    Notes
    -----
    The word is computed: *holds* if the claim holds at 95 % of the points or more, *fails* if it
    fails at so many, *open* if more than half of the points are open, else *depends*. What turns
    a claim is the one split of one factor that makes the points on either side most alike
    (Gini impurity of the signs of their means, Breiman et al. 1984). It is named if
    it is the best factor in at least half of the resamples, and if at most 5 % of permutations of
    the points over all factors split as well; the interval is that of its value in the resamples.
    """
    names = names_of(problem)
    points = points_of(frame, factors=names, output=output)
    if points.seeds < 2:
        raise ValueError("runs: expected two seeds or more, for an interval, found one")
    mean, error = mean_and_error(points.values.T)
    half = half_width(error, points.seeds, confidence)
    kinds = np.where(mean - half > 0, "yes", np.where(mean + half <= 0, "no", "open"))
    table = points.factors.assign(mean=mean, lower=mean - half, upper=mean + half, holds=kinds)
    table.insert(0, "point", points.number)
    share = {kind: float((kinds == kind).mean()) for kind in ("yes", "no", "open")}
    facts: dict[str, Any] = {
        **share,
        "yes_interval": wilson(int((kinds == "yes").sum()), len(kinds), confidence),
        "word": _word(share),
        "median": float(np.median(mean)),
        "lowest": float(mean.min()),
        "highest": float(mean.max()),
        "points": points.said(),
        **_turn(points, names, confidence, resamples, rng),
    }
    return Finding("verdict", output, table, _sentence(facts), facts)


def _word(share: Mapping[str, float]) -> str:
    if share["yes"] >= THROUGHOUT:
        return "holds"
    if share["no"] >= THROUGHOUT:
        return "fails"
    return "open" if share["open"] > 0.5 else "depends"


def _turn(
    points: Points, names: list[str], confidence: float, resamples: int, rng: int
) -> dict[str, Any]:
    """Return the factor that turns the claim, and the value at which it does."""
    nothing = {"factor": None, "value": None, "chosen": 0.0}
    x, good = points.factors[names].to_numpy(dtype=np.float64), points.mean > 0
    if min(good.sum(), (~good).sum()) < FEWEST:
        return nothing
    best = _split(x, good)
    if best is None:
        return nothing
    factor, value, impurity = best
    draw = np.random.default_rng(rng)
    shuffled = (_split(x, draw.permutation(good)) for _ in range(resamples))
    chance = np.mean([split is not None and split[2] <= impurity for split in shuffled])
    clear = chance <= CHANCE
    found = []
    for _ in range(resamples):
        places = draw.integers(len(x), size=len(x))
        found.append(_split(x[places], good[places]))
    same = [split[1] for split in found if split is not None and split[0] == factor]
    tail = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]
    below = x[:, factor] <= value
    return {
        "factor": names[factor] if clear and len(same) >= CLEAR * resamples else None,
        "best": names[factor],
        "value": value,
        "value_interval": tuple(float(v) for v in np.quantile(same, tail)) if same else None,
        "below": float(good[below].mean()),
        "above": float(good[~below].mean()),
        "chosen": len(same) / resamples,
        "chance": float(chance),
    }


def _split(x: NDArray[np.float64], good: NDArray[np.bool_]) -> tuple[int, float, float] | None:
    """Return the factor and the value that part good points from others best, and how well."""
    best, least = None, _impurity(good.sum(), len(good)) - 1e-9
    for k in range(x.shape[1]):
        order = np.argsort(x[:, k], kind="stable")
        values, hits = x[order, k], np.cumsum(good[order])
        left = np.arange(1, len(good))
        impurity = _impurity(hits[:-1], left) + _impurity(hits[-1] - hits[:-1], len(good) - left)
        apart = values[1:] > values[:-1]
        allowed = apart & (left >= FEWEST) & (len(good) - left >= FEWEST)
        impurity = np.where(allowed, impurity, np.inf)
        place = int(impurity.argmin())
        if impurity[place] < least:
            least = float(impurity[place])
            best = (k, float((values[place] + values[place + 1]) / 2.0), least)
    return best


def _impurity(hits: Any, count: Any) -> Any:
    """Return Gini impurity times the number of points."""
    return 2.0 * hits * (count - hits) / count


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _sentence(facts: Mapping[str, Any]) -> str:
    low, high = facts["yes_interval"]
    text = (
        f"Holds at {_percent(facts['yes'])} of points ({100 * low:.0f} to {100 * high:.0f}), "
        f"fails at {_percent(facts['no'])}, open at {_percent(facts['open'])} ({facts['points']})."
    )
    if facts["value"] is None:
        return text
    if facts["factor"] is None:
        return f"{text} No single factor turns it."
    ends = " to ".join(amount(value) for value in facts["value_interval"])
    return (
        f"{text} {facts['factor']} turns it, at {amount(facts['value'])} ({ends}): it is above 0 "
        f"at {_percent(facts['below'])} of points up to there, at {_percent(facts['above'])} above."
    )
