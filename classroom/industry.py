"""A scenario of one's own from a dozen numbers that a manager may know or guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from classroom.case import minus
from classroom.commitment import read_given, read_number
from cxsim.messages import hint
from cxsim.scenario import Scenario

__all__ = ["INPUTS", "KINDS", "Industry", "read_sources"]

#: Firms of the baseline by the way in which they serve.
KINDS = {"mass": "Mass", "niche": "Niche", "targeted": "Targeted", "one-to-one": "Tailor"}

#: Numerical inputs: label, unit, range.
INPUTS: dict[str, tuple[str, str, float, float]] = {
    "price": ("Price of a purchase", "currency", 0.01, 1e9),
    "customers": ("Customers in the whole market", "", 1000, 1e9),
    "purchases_per_year": ("Purchases of a customer", "a year", 0.1, 11.5),
    "leaving": ("Turnover: customers who leave the market", "% a year", 0, 90),
    "elasticity": ("Change of a firm's sales if its price rises by 1 %", "%", -20, -0.2),
    "unit_cost": ("Cost of goods sold per unit", "% of the price", 0, 99),
    "fit_worth": ("Value of perfect fit over a standard product", "% of the price", 0, 300),
    "order_effort": ("Ordering effort of a customer", "% of the price", 0, 100),
    "onboarding_effort": ("Onboarding effort: explaining all needs", "% of the price", 0, 300),
    "switching_cost": ("Effort of the change of firm itself", "% of the price", 0, 300),
    "customizing_cost": ("Cost of customizing a unit completely", "% of the price", 0, 100),
    "contact_cost": ("Cost of a completely individual contact", "% of the price", 0, 100),
    "upkeep": ("Monthly cost of a complete capability", "% of a firm's revenue", 0, 100),
}  # fmt: skip

#: Service cost of a purchase, % of the price, as in the baseline.
SERVING = 5.0

#: The baseline's own: price and elasticity for which its sensitivity was set, fit gap
#: of a standard product, months of upkeep that building a capability costs.
_PRICE, _ELASTICITY, _MISFIT, _BUILDING = 20.0, -2.62, 3.0, 100_000 / 15_000


@dataclass(frozen=True)
class Industry:
    """Facts and assumptions about an industry, and the move to be tested.

    The numbers are those of :data:`INPUTS`; the rest of the market is the baseline's: one firm in
    each quadrant, otherwise alike.

    Attributes
    ----------
    name : str
    currency : str
    mine : {"mass", "niche", "targeted", "one-to-one"}
        How one's own firm serves today.
    interaction_to, customization_to : float
        Its capabilities from month ``month`` on, 0 to 1.
    month : int
        From 1 to 36, so that two years and more are left.

    Raises
    ------
    ValueError
        If a value is not within its range; one line that names it.
    """

    name: str = "Coffee by post"
    currency: str = "EUR"
    price: float = 18.0
    customers: float = 100_000
    purchases_per_year: float = 8.0
    leaving: float = 15.0
    elasticity: float = -2.6
    unit_cost: float = 50.0
    fit_worth: float = 25.0
    order_effort: float = 8.0
    onboarding_effort: float = 15.0
    switching_cost: float = 10.0
    customizing_cost: float = 6.0
    contact_cost: float = 4.0
    upkeep: float = 5.0
    mine: str = "niche"
    interaction_to: float = 0.8
    customization_to: float = 0.8
    month: int = 12

    def __post_init__(self) -> None:
        for name, (_, _, low, high) in INPUTS.items():
            _check(name, getattr(self, name), low, high)
        for name in ("interaction_to", "customization_to"):
            _check(name, getattr(self, name), 0, 1)
        _check("month", self.month, 1, 36)
        left = 100 - self.customizing_cost - self.contact_cost - SERVING
        if self.unit_cost >= left:
            raise ValueError(
                f"unit_cost: expected below {left:g}, so that with customizing_cost, contact_cost "
                f"and {SERVING:g} % for serving something is left of the price, "
                f"found {self.unit_cost:g}"
            )
        if self.mine not in KINDS:
            raise ValueError(
                f"mine: expected one of {', '.join(KINDS)}, found {self.mine!r}"
                f"{hint(self.mine, KINDS, listed=0)}"
            )

    @classmethod
    def of(cls, given: Mapping[str, Any], text: str = "") -> Industry:
        """Return an industry from values by name, and others in a text on top.

        Parameters
        ----------
        given : mapping
            Values of this class by name.
        text : str
            Such as ``price=30, month=18``.

        Raises
        ------
        ValueError
            If a name is unknown, or a value is not what is expected.
        """
        known = [each.name for each in fields(cls)]
        values = dict(given)
        for name, said in read_given(text, known, what="industry").items():
            words = name in ("name", "currency", "mine")
            values[name] = said if words else read_number(said, what=f"industry: {name}")
        for name in values:
            if name not in known:
                raise ValueError(f"industry: expected an input, found {name!r}{hint(name, known)}")
        return cls(**values)

    @property
    def firm(self) -> str:
        """Name of one's own firm in the scenario."""
        return KINDS[self.mine]

    def changes(self) -> dict[str, Any]:
        """Return the differences from the baseline, by dotted path."""
        of_price = {name: self.price * getattr(self, name) / 100 for name in INPUTS}
        revenue = self.customers * self.purchases_per_year / 12 * self.price / len(KINDS)
        upkeep = revenue * self.upkeep / 100
        each: dict[str, Any] = {
            "purchase_rate": self.purchases_per_year / 12,
            "exit_rate": 1 - (1 - self.leaving / 100) ** (1 / 12),
            "price_sensitivity": 0.18 * (_PRICE / self.price) * (self.elasticity / _ELASTICITY),
            "brand_taste_sd": 2.0 * self.price / _PRICE,
            "fit_weight": of_price["fit_worth"] / _MISFIT,
            "ordering_effort": of_price["order_effort"],
            "onboarding_effort": of_price["onboarding_effort"],
            "switching_cost": of_price["switching_cost"],
        }
        firms: dict[str, Any] = {
            "quality": 27.0 * self.price / _PRICE,
            "price": float(self.price),
            "unit_cost": of_price["unit_cost"],
            "customization_cost": of_price["customizing_cost"],
            "interaction_cost": of_price["contact_cost"],
            "cost_to_serve": SERVING / 100 * self.price,
            "capability_cost": upkeep,
            "capability_investment": _BUILDING * upkeep,
        }
        return {
            "title": self.name,
            "currency": self.currency,
            "market_size": int(self.customers),
            **{f"segments.*.{name}": value for name, value in each.items()},
            **{f"firms.*.{name}": value for name, value in firms.items()},
        }

    def move(self) -> list[dict[str, Any]]:
        """Return the move as events."""
        to = {
            f"firms.{self.firm}.interaction": float(self.interaction_to),
            f"firms.{self.firm}.customization": float(self.customization_to),
        }
        return [{"at": int(self.month), "label": f"{self.firm} builds", "set": to}]

    def scenario(self, *, moved: bool = False) -> Scenario:
        """Return the market without the move, or with it."""
        changes = self.changes() | ({"events": self.move()} if moved else {})
        return Scenario.load("baseline").override(changes)

    def facts(self, sources: Mapping[str, str]) -> dict[str, str]:
        """Return inputs in words with their values and where they come from."""
        said = {}
        for name, (words, unit, _, _) in INPUTS.items():
            unit = self.currency if unit == "currency" else unit
            value = minus(f"{getattr(self, name):g}")
            said[words] = f"{value} {unit} ({sources.get(name, 'no source')})"
        return said


def _check(name: str, value: Any, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name}: expected a number, found {value!r}")  # noqa: TRY004 - bad input
    if not low <= value <= high:
        raise ValueError(f"{name}: expected {low:g} to {high:g}, found {value:g}")


def read_sources(text: str) -> dict[str, str]:
    """Return the stated source of each number.

    Parameters
    ----------
    text : str
        Such as ``price=price list 2025; rest=assumption``; ``rest`` is for all that are not
        named.

    Raises
    ------
    ValueError
        If a part is not of this form or names no input.
    """
    given = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        name, sign, said = (each.strip() for each in part.partition("="))
        if not sign or not said:
            raise ValueError(f"sources: expected INPUT=SOURCE, found {part!r}")
        if name not in INPUTS and name != "rest":
            raise ValueError(
                f"sources: expected an input, found {name!r}{hint(name, [*INPUTS, 'rest'])}"
            )
        given[name] = said
    rest = given.pop("rest", None)
    return given if rest is None else {name: given.get(name, rest) for name in INPUTS}
