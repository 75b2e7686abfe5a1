"""Scenario discovery: the region of the factors in which an outcome happens."""

from __future__ import annotations

from collections.abc import Mapping
from math import log, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxsim.messages import needed
from cxsim.numerics.statistics import half_width, mean_and_error, wilson
from cxsim.study.analysis.points import (
    AnalysisResult,
    Points,
    amount,
    cases_of,
    names_of,
    points_of,
)

# -- Scenario discovery: the region of the factors in which an outcome happens -----------------


def discovery(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    *,
    output: str,
    at_least: float | None = None,
    at_most: float | None = None,
    depth: int = 3,
    smallest: float = 0.03,
    held_out: float = 1 / 3,
    confidence: float = 0.95,
    rng: int = 0,
) -> AnalysisResult:
    """Return boxes of the factors in which points of interest are dense.

    Parameters
    ----------
    frame : DataFrame
        One row per run, of a space-filling design; for "where does strategy A lose", the
        :func:`~cxsim.study.analysis.points` of A with ``at_most=0``.
    problem : mapping
        ``names`` of the factors.
    output : str
    at_least, at_most : float, optional
        Points are of interest where the output's mean over seeds lies within these; default:
        the lowest quarter.
    depth : int
        Most limits that describe a box.
    smallest : float
        Least share of points in a box.
    held_out : float
        Share of the points on which coverage and density are measured; boxes are found on
        the others.
    confidence : float
    rng : int
        Seed of the split.

    Returns
    -------
    AnalysisResult
        Frame with a row per box, the one that covers most first: ``box``, ``rule`` (its limits
        in words), ``points`` and ``cases`` in it, ``density`` (cases among its points) with
        ``lower`` and ``upper`` (Wilson's interval), ``coverage`` (share of all cases that are in
        it), and by factor
        ``<factor>.low`` and ``<factor>.high`` (infinite where there is no limit). All counted on
        points that the boxes were not found on. ``facts``: ``base``, the density everywhere;
        ``coverage`` and ``density`` of all boxes together. No box where no split tells
        points of interest apart.

    Raises
    ------
    ValueError
        If a column is missing, there are too few points, or all or none are of interest.

    Notes
    -----
    A classification tree (CART), pruned by the one-standard-error rule of cross-validation, on
    classes of equal weight: a leaf in which cases are denser than everywhere is a box. Lempert,
    Bryant & Bankes (2008) compare it with PRIM; it needs no judgement by eye and its boxes do
    not overlap.

    References
    ----------
    Bryant & Lempert (2010), Thinking inside the box; Breiman et al. (1984), Classification and
    regression trees; Wilson (1927).
    """
    names = names_of(problem)
    points = points_of(frame, factors=names, output=output)
    cases, said = cases_of(points.mean, at_least=at_least, at_most=at_most)
    x = points.factors.to_numpy(dtype=np.float64)
    train, test = _split(cases, held_out, rng)
    tree = _grow(x[train], cases[train], depth=depth, smallest=smallest, rng=rng)
    base = float(cases[test].mean())
    boxes = []
    for low, high in _boxes(tree, x.shape[1]):
        inside = _inside(x[train], low, high)
        if cases[train][inside].mean() > cases[train].mean():
            boxes.append((low, high))
    rows = [_row(names, x[test], cases[test], *box, confidence) for box in boxes]
    columns = ["rule", "points", "cases", "density", "lower", "upper", "coverage"]
    columns += [f"{name}.{end}" for name in names for end in ("low", "high")]
    kinds = {"rule": object, "points": int, "cases": int}
    result = pd.DataFrame(rows, columns=columns)
    result = result.astype({name: kinds.get(name, float) for name in columns})
    result = result.sort_values(["coverage", "density"], ascending=False, ignore_index=True)
    result.insert(0, "box", np.arange(1, len(result) + 1))
    facts = {
        "condition": said, "base": base, "points": points.said(), "confidence": confidence,
        "coverage": float(result["cases"].sum() / cases[test].sum()),
        "density": float(result["cases"].sum() / max(result["points"].sum(), 1)),
        "values": points.factors.assign(of_interest=cases),
    }  # fmt: skip
    return AnalysisResult("discovery", output, result, _box_sentence(output, result, facts), facts)


def _split(
    cases: NDArray[np.bool_], held_out: float, rng: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return places of points to learn from and to measure on, cases in both in proportion."""
    draw = np.random.default_rng(rng)
    parts: tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]] = ([], [])
    for kind in (True, False):
        places = draw.permutation(np.flatnonzero(cases == kind))
        cut = round(held_out * len(places))
        parts[0].append(places[cut:])
        parts[1].append(places[:cut])
    train, test = (np.sort(np.concatenate(part)) for part in parts)
    few = min(cases[train].sum(), (~cases[train]).sum())
    if few < 5 or not cases[test].any() or cases[test].all():
        raise ValueError(
            "runs: expected at least 8 points of interest and 8 others, found "
            f"{int(cases.sum())} and {int((~cases).sum())}"
        )
    return train, test


def _grow(
    x: NDArray[np.float64], cases: NDArray[np.bool_], *, depth: int, smallest: float, rng: int
) -> Any:
    """Return a tree as large as cross-validation finds worth it, less one standard error."""
    selection = needed("sklearn.model_selection", by="discovery")
    trees = needed("sklearn.tree", by="discovery")

    def tree(alpha: float) -> Any:
        return trees.DecisionTreeClassifier(
            max_depth=depth,
            min_samples_leaf=max(2, round(smallest * len(x))),
            class_weight="balanced",
            ccp_alpha=alpha,
            random_state=rng,
        )

    path = np.unique(np.maximum(tree(0.0).cost_complexity_pruning_path(x, cases).ccp_alphas, 0.0))
    alphas = path[np.unique(np.linspace(0, len(path) - 1, min(len(path), 25)).round().astype(int))]
    folds = selection.StratifiedKFold(5, shuffle=True, random_state=rng)
    scores = np.array(
        [
            selection.cross_val_score(tree(a), x, cases, cv=folds, scoring="balanced_accuracy")
            for a in alphas
        ]
    )
    mean, error = scores.mean(axis=1), scores.std(axis=1, ddof=1) / np.sqrt(scores.shape[1])
    best = int(mean.argmax())
    simplest = np.flatnonzero(mean >= mean[best] - error[best]).max()
    return tree(float(alphas[simplest])).fit(x, cases)


def _boxes(tree: Any, width: int) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the limits of every leaf."""
    nodes, found = tree.tree_, []
    start = (0, np.full(width, -np.inf), np.full(width, np.inf))
    waiting = [start]
    while waiting:
        node, low, high = waiting.pop()
        if nodes.children_left[node] < 0:
            found.append((low, high))
            continue
        k, at = nodes.feature[node], nodes.threshold[node]
        below, above = high.copy(), low.copy()
        below[k], above[k] = min(high[k], at), max(low[k], at)
        waiting.append((nodes.children_left[node], low, below))
        waiting.append((nodes.children_right[node], above, high))
    return found


def _inside(
    x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.bool_]:
    return np.asarray(((x > low) & (x <= high)).all(axis=1))


def _row(
    names: list[str],
    x: NDArray[np.float64],
    cases: NDArray[np.bool_],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    confidence: float,
) -> list[Any]:
    inside = _inside(x, low, high)
    count, hits = int(inside.sum()), int(cases[inside].sum())
    density = hits / count if count else np.nan
    ends = wilson(hits, count, confidence)
    limits = [value for pair in zip(low, high, strict=True) for value in pair]
    rule = _rule(names, low, high)
    return [rule, count, hits, density, *ends, hits / int(cases.sum()), *limits]


def _rule(names: list[str], low: NDArray[np.float64], high: NDArray[np.float64]) -> str:
    parts = []
    for name, a, b in zip(names, low, high, strict=True):
        if np.isfinite(a) and np.isfinite(b):
            parts.append(f"{name} from {amount(a)} to {amount(b)}")
        elif np.isfinite(a):
            parts.append(f"{name} above {amount(a)}")
        elif np.isfinite(b):
            parts.append(f"{name} up to {amount(b)}")
    return " and ".join(parts) or "everywhere"


def _box_sentence(output: str, frame: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    where = f"{output} is {facts['condition']} at {100 * facts['base']:.0f} % of points"
    if frame.empty:
        return f"{where}; no region stands out ({facts['points']})."
    top = frame.iloc[0]
    return (
        f"{where}, but with {top['rule']} at {100 * top['density']:.0f} % "
        f"({100 * top['lower']:.0f} to {100 * top['upper']:.0f}), which covers "
        f"{100 * top['coverage']:.0f} % of such points; {len(frame)} "
        f"{'box covers' if len(frame) == 1 else 'boxes cover'} {100 * facts['coverage']:.0f} % "
        f"({facts['points']})."
    )


# -- Regional sensitivity: where in the factors' ranges an output of interest comes from -------


def regional(
    frame: pd.DataFrame,
    problem: Mapping[str, Any],
    *,
    output: str,
    at_least: float | None = None,
    at_most: float | None = None,
    confidence: float = 0.95,
    resamples: int = 500,
    rng: int = 0,
) -> AnalysisResult:
    """Compare, factor by factor, the points of interest with the rest.

    Parameters
    ----------
    frame : DataFrame
        One row per run, of a space-filling design (latin hypercube, Sobol).
    problem : mapping
        ``names`` of the factors.
    output : str
    at_least, at_most : float, optional
        Points are of interest (behavioural) where the output's mean over seeds lies within
        these; default: the lowest quarter.
    confidence : float
    resamples : int
        Bootstrap samples of points behind the intervals.
    rng : int
        Seed of the bootstrap.

    Returns
    -------
    AnalysisResult
        Frame with ``factor``, ``distance`` (Kolmogorov and Smirnov's: the largest gap between
        the two distribution functions of the factor), ``lower`` and ``upper``, ``p`` (of no
        difference, after Holm for all factors together), ``of_interest`` and ``rest`` (medians
        of the factor). Distances are at least 0 and above it by chance:
        ``facts["critical"]`` is the size that chance exceeds in 1 - ``confidence`` of cases.

    Raises
    ------
    ValueError
        If a column is missing, or all points or none are of interest.

    References
    ----------
    Spear & Hornberger (1980), Eutrophication in Peel Inlet II; Saltelli et al. (2008), Global
    sensitivity analysis, ch. 5.
    """
    from scipy.stats import ks_2samp

    names = names_of(problem)
    points = points_of(frame, factors=names, output=output)
    cases, said = cases_of(points.mean, at_least=at_least, at_most=at_most)
    draw = np.random.default_rng(rng)
    some, others = np.flatnonzero(cases), np.flatnonzero(~cases)
    picks = [
        (draw.choice(some, len(some)), draw.choice(others, len(others))) for _ in range(resamples)
    ]
    tail = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]
    rows = []
    for name in names:
        x = points.factors[name].to_numpy()
        test = ks_2samp(x[cases], x[~cases])
        again = [_distance(x[a], x[b]) for a, b in picks]
        # A resample has ties and a larger distance: the basic interval turns that round.
        low, high = 2.0 * test.statistic - np.quantile(again, tail[::-1])
        rows.append(
            (name, test.statistic, max(0.0, low), min(1.0, high), test.pvalue,
             float(np.median(x[cases])), float(np.median(x[~cases])))
        )  # fmt: skip
    columns = ["factor", "distance", "lower", "upper", "p", "of_interest", "rest"]
    result = pd.DataFrame(rows, columns=columns)
    result["p"] = _holm(result["p"].to_numpy())
    result = result.sort_values("distance", ascending=False, ignore_index=True)
    n, m = len(some), len(others)
    critical = sqrt(-log((1.0 - confidence) / 2.0) / 2.0) * sqrt((n + m) / (n * m))
    facts = {
        "condition": said, "of_interest": n, "rest": m, "critical": critical,
        "points": points.said(), "confidence": confidence,
        "values": points.factors.assign(of_interest=cases),
    }  # fmt: skip
    return AnalysisResult(
        "regional", output, result, _regional_sentence(output, result, facts), facts
    )


def _distance(x: np.ndarray, y: np.ndarray) -> float:
    """Return the largest difference of two empirical distribution functions.

    The statistic of SciPy's test, without the p-value, which takes most of the time of a resample.
    """
    x, y = np.sort(x), np.sort(y)
    both = np.concatenate([x, y])
    below = [np.searchsorted(each, both, side="right") / len(each) for each in (x, y)]
    return float(np.abs(below[0] - below[1]).max())


def _holm(p: np.ndarray) -> np.ndarray:
    """Return p-values corrected for their number (Holm 1979)."""
    order = np.argsort(p)
    raised = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(raised, 1.0)
    return corrected


def _regional_sentence(output: str, frame: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    clear = frame[frame["p"] < 1.0 - facts["confidence"]]
    where = f"{output} is {facts['condition']} in {facts['of_interest']} of {facts['points']}"
    if clear.empty:
        return f"{where}; no factor significantly distinguishes these points."
    parts = [
        f"{row['factor']} (median {amount(row['of_interest'])} against {amount(row['rest'])})"
        for _, row in clear.iterrows()
    ]
    return f"{where}; factors that distinguish these points: {', '.join(parts)}."


# -- A claim put to the test: at which points of a study it holds, and what turns it -----------


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
) -> AnalysisResult:
    """State the region in which a claim holds.

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
    AnalysisResult
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
    return AnalysisResult("verdict", output, table, _verdict_sentence(facts), facts)


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
    best = _best_split(x, good)
    if best is None:
        return nothing
    factor, value, impurity = best
    draw = np.random.default_rng(rng)
    shuffled = (_best_split(x, draw.permutation(good)) for _ in range(resamples))
    chance = np.mean([split is not None and split[2] <= impurity for split in shuffled])
    clear = chance <= CHANCE
    found = []
    for _ in range(resamples):
        places = draw.integers(len(x), size=len(x))
        found.append(_best_split(x[places], good[places]))
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


def _best_split(x: NDArray[np.float64], good: NDArray[np.bool_]) -> tuple[int, float, float] | None:
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


def _verdict_sentence(facts: Mapping[str, Any]) -> str:
    low, high = facts["yes_interval"]
    text = (
        f"Holds at {_percent(facts['yes'])} of points ({100 * low:.0f} to {100 * high:.0f}), "
        f"fails at {_percent(facts['no'])}, open at {_percent(facts['open'])} ({facts['points']})."
    )
    if facts["value"] is None:
        return text
    if facts["factor"] is None:
        return f"{text} No single factor changes the verdict."
    ends = " to ".join(amount(value) for value in facts["value_interval"])
    return (
        f"{text} The verdict changes with {facts['factor']}, at {amount(facts['value'])} ({ends}): "
        f"the margin is above 0 at {_percent(facts['below'])} of points up to this value, at "
        f"{_percent(facts['above'])} above it."
    )
