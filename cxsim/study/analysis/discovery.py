"""Scenario discovery: the region of the factors in which an outcome happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxsim.study.analysis.cases import cases_of
from cxsim.study.analysis.finding import Finding, amount
from cxsim.study.analysis.intervals import wilson
from cxsim.study.analysis.optional import needed
from cxsim.study.analysis.points import names_of, points_of

__all__ = ["discovery"]


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
) -> Finding:
    """Return boxes of the factors in which points of interest are dense.

    Parameters
    ----------
    frame : DataFrame
        One row per run, of a space-filling design; for "where does strategy A lose", the
        :func:`~cxsim.study.analysis.contrast` of A with ``at_most=0``.
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
    Finding
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
    return Finding("discovery", output, result, _sentence(output, result, facts), facts)


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


def _sentence(output: str, frame: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    where = f"{output} is {facts['condition']} at {100 * facts['base']:.0f} % of points"
    if frame.empty:
        return f"{where}; no region stands out ({facts['points']})."
    top = frame.iloc[0]
    return (
        f"{where}; with {top['rule']} at {100 * top['density']:.0f} % "
        f"({100 * top['lower']:.0f} to {100 * top['upper']:.0f}), which covers "
        f"{100 * top['coverage']:.0f} % of such points; {len(frame)} "
        f"{'box covers' if len(frame) == 1 else 'boxes cover'} {100 * facts['coverage']:.0f} % "
        f"({facts['points']})."
    )
