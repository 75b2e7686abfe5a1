"""Levers: parameters that a slider can move, read off the schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from cxsim.scenario import Scenario

__all__ = ["FOCUS", "RIVAL", "Lever", "lever", "levers"]

#: What a strategist moves first of the firm in focus, and of a rival.
FOCUS = (
    "interaction",
    "customization",
    "identification",
    "segment_insight",
    "price",
    "unit_cost",
    "customization_cost",
    "interaction_cost",
    "capability_cost",
    "capability_investment",
)
RIVAL = ("interaction", "customization", "price")

#: Steps from one end of a slider to the other, roughly.
STEPS = 50


@dataclass(frozen=True)
class Lever:
    """One parameter with the range of its slider.

    Attributes
    ----------
    path : str
        Dotted path.
    label, unit, doc : str
        In words; the unit with the scenario's own currency and period.
    low, high, step : float
    value : float
        Where it stands in the scenario.
    """

    path: str
    label: str
    unit: str
    doc: str
    low: float
    high: float
    step: float
    value: float

    @property
    def decimals(self) -> int:
        """Places after the point that one step needs."""
        return max(0, -floor(log10(self.step) + 1e-9))


def levers(scenario: Scenario, firm: str, names: Sequence[str] = FOCUS) -> tuple[Lever, ...]:
    """Return levers of a firm, those of ``names`` that are numbers in this scenario."""
    return tuple(
        lever(scenario, f"firms.{firm}.{name}")
        for name in names
        if isinstance(getattr(scenario.firms[firm], name, None), (int, float))
    )


def lever(scenario: Scenario, path: str) -> Lever:
    """Return the lever of one firm parameter.

    Its range is that of the schema; where that has no end, it goes up to twice the largest
    value among the firms, or, where all are zero, to the largest price.

    Raises
    ------
    ScenarioError
        If the path names no parameter.
    """
    value = float(scenario.value(path))
    _, _, name = path.split(".", 2)
    spec = scenario.schema.spec("firm").child(name)
    assert spec is not None
    low = float(spec.bounds.get("ge", spec.bounds.get("gt", 0.0)))
    high = spec.bounds.get("le", spec.bounds.get("lt"))
    if high is None:
        largest = max(float(getattr(each, name)) for each in scenario.firms.values())
        high = 2.0 * largest or max(float(each.price) for each in scenario.firms.values()) or 1.0
    unit = spec.unit.replace("currency", scenario.currency)
    unit = unit.replace("per period", f"per {scenario.period_length}")
    step = _round_step((float(high) - low) / STEPS)
    return Lever(
        path,
        name.replace("_", " ").capitalize(),
        "" if unit in ("1", "share") else unit,
        spec.doc,
        low,
        max(float(high), value),
        step,
        value,
    )


def _round_step(step: float) -> float:
    """Return the nearest of 1, 2 or 5 times a power of ten that is not larger."""
    power = 10.0 ** floor(log10(step))
    return power * max(digit for digit in (1.0, 2.0, 5.0) if digit * power <= step * (1 + 1e-9))
