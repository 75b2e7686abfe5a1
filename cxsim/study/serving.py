"""What it costs to serve everybody individually, against a focused few."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cxsim.arguments import choice, number, seeds_of
from cxsim.measures.statement import service_statement
from cxsim.runs import run, settings_attrs
from cxsim.scenario import Scenario
from cxsim.study.statistics import half_width, mean_and_error, paired

__all__ = ["LINES", "serving_cost"]

#: What is compared, in currency.
LINES: dict[str, str] = {
    "customizing": "Customizing",
    "contacts": "Contacts",
    "individual": "Individual service",
    "capabilities": "Capabilities",
    "total": "All of it",
    "per_customer": "Per customer and period",
    "per_recognized": "Per recognized contact",
    "net_present_value": "Net present value",
}


def serving_cost(
    everybody: Scenario | str | Path,
    few: Scenario | str | Path | None = None,
    *,
    firm: str,
    other: str | None = None,
    seeds: int | Sequence[int] = 20,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare what individual service costs, and what is left, paired by seed.

    Either two firms of one market, or one firm in two markets that differ in whom it serves.

    Parameters
    ----------
    everybody : Scenario, str or Path
        The market in which ``firm`` serves everybody.
    few : Scenario, str or Path, optional
        Another one, in which ``other`` serves some; by default the same market.
    firm : str
        Who serves everybody.
    other : str, optional
        Who serves some; by default the same firm.
    seeds : int or sequence of int
    confidence : float
        Of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        ``line, label, everybody, everybody_lower, everybody_upper, few, few_lower, few_upper,
        difference, se, lower, upper``, a row for each of :data:`LINES`, in currency: what the
        lines of :func:`cxsim.measures.statement.service_statement` come to over the run, and
        net present value. ``difference`` is everybody less few.

    Raises
    ------
    ValueError
        If a firm is not there, or both sides are the same.

    Examples
    --------
    >>> small = {"customers": 200, "periods": 6}
    >>> from cxsim import load
    >>> market = load("sweet_spot", small)
    >>> found = serving_cost(market, firm="Everyone", other="Focus", seeds=3)
    >>> bool(found.set_index("line").loc["individual", "difference"] > 0)
    True
    """
    sides = [_loaded(everybody), _loaded(everybody if few is None else few)]
    names = [firm, firm if other is None else other]
    if few is None and names[0] == names[1]:
        raise ValueError("few: expected another market, or another firm, found neither")
    for scenario, name in zip(sides, names, strict=True):
        choice(name, "firm", scenario.firms)
    numbers = seeds_of(seeds)
    confidence = number(confidence, "confidence", low=0, high=1, strict=True)
    if few is None:
        values = _costs(sides[0], names, numbers)
    else:
        values = [_costs(s, [n], numbers)[0] for s, n in zip(sides, names, strict=True)]
    a, b = values
    rows = []
    for line, label in LINES.items():
        difference = paired(b[line], a[line], confidence)
        rows.append(
            {
                "line": line,
                "label": label,
                **_interval("everybody", a[line], confidence),
                **_interval("few", b[line], confidence),
                **{k: float(difference[k]) for k in ("difference", "se", "lower", "upper")},
            }
        )
    made = pd.DataFrame(rows)
    made.attrs.update(settings_attrs(sides[0]), firms=tuple(names), seeds=len(numbers))
    return made


def _loaded(given: Scenario | str | Path) -> Scenario:
    return given if isinstance(given, Scenario) else Scenario.load(given)


def _costs(
    scenario: Scenario, firms: Sequence[str], seeds: Sequence[int]
) -> list[dict[str, np.ndarray]]:
    """Return every line by seed, for each of some firms."""
    found: list[dict[str, list[float]]] = [{line: [] for line in LINES} for _ in firms]
    for seed in seeds:
        made = run(scenario, seed=seed)
        lines = service_statement(made.firms, scenario).set_index("firm")
        summary = made.summary()
        worth = summary[summary["measure"] == "net_present_value"].set_index("firm")["value"]
        for place, name in zip(found, firms, strict=True):
            for line in LINES:
                own = worth[name] if line == "net_present_value" else lines.loc[name, line]
                place[line].append(float(own))
    return [{line: np.array(values) for line, values in each.items()} for each in found]


def _interval(name: str, values: np.ndarray, confidence: float) -> dict[str, float]:
    mean, error = mean_and_error(values)
    half = float(half_width(error, len(values), confidence))
    return {
        name: float(mean), f"{name}_lower": float(mean) - half, f"{name}_upper": float(mean) + half,
    }  # fmt: skip
