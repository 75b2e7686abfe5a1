"""The numbers of a lesson by name, and texts that name them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from string import Formatter
from typing import Any

import numpy as np

from classroom.case import Case, Estimate, with_unit
from cxsim.messages import hint
from cxsim.scenario import Scenario

__all__ = [
    "Lines",
    "Number",
    "Numbers",
    "Text",
    "best_of",
    "first_segment",
    "margin_of",
    "surely_above",
    "swept",
    "upkeep_of",
]

#: A number of a lesson: an estimate, a plain number, a word, a market, or several by name.
Number = Callable[[Case], Any]
#: A text, or texts of which one applies.
Text = str | Mapping[str, Any]
#: Estimates over a parameter, by line.
Lines = dict[str, list[tuple[float, Estimate]]]

#: Keys of texts of which one applies: by whether there is something, by a surely known sign.
CHOICES = (("if", "then", "else"), ("sign_of", "above", "below", "unsure"))


class Numbers:
    """Numbers of a lesson by name; each is computed once per case, on request.

    A *name* is one of the table, or leads on from there as in ``str.format``: ``gap.value``,
    ``misfit[Mass]``, ``market.firms[Tailor].price``. In a *text* names stand in braces, and behind
    a colon how the number is written: ``+`` with its sign also above zero, how many digits count
    (3), and its unit, kept on one line with it. An estimate is written with its interval,
    ``{gap.value}`` without. A text may also be a choice: ``if`` a name is true or not empty,
    ``then``, ``else``; or by the ``sign_of`` an estimate, ``above``, ``below`` or ``unsure``.

    Parameters
    ----------
    *functions : function of a case
        Numbers under the names of their functions.
    **named : function of a case
        Numbers by name.

    Examples
    --------
    >>> numbers = Numbers(lead=lambda case: -2.345, price=lambda case: {"Mass": 20.0})
    >>> numbers.fill(Case(), "{lead:+2} points at {price[Mass]} EUR")
    '−2.3 points at 20 EUR'
    """

    def __init__(self, *functions: Number, **named: Number):
        self._table = {each.__name__: each for each in functions} | named

    def define(self, name: str, text: Text, where: str) -> None:
        """Add a text that others may name, which stands somewhere; raises as :meth:`check`."""
        self.check(text, where)
        self._table[name] = lambda case: self.fill(case, text)

    def find(self, case: Case, name: str) -> Any:
        """Return a number."""
        return _FORMATTER.get_field(name, (), self._asked(case))[0]

    def fill(self, case: Case, text: Text) -> str:
        """Return a text with its numbers filled in."""
        if isinstance(text, str):
            return _FORMATTER.vformat(text, (), self._asked(case))
        if "if" in text:
            return self.fill(case, text["then" if self.find(case, text["if"]) else "else"])
        each = self.find(case, text["sign_of"])
        return self.fill(case, text["above" if each.above else "below" if each.below else "unsure"])

    def _asked(self, case: Case) -> _Asked:
        return case._kept.setdefault(self, _Asked(self._table, case))

    def check(self, text: Text, where: str) -> None:
        """Refuse a text that names what there is not.

        Raises
        ------
        ValueError
            With where it stands, what was expected, and the nearest name.
        """
        if isinstance(text, str):
            for _, name, _, _ in Formatter().parse(text):
                if name is not None:
                    self.check_name(name, where)
            return
        keys = next((keys for keys in CHOICES if keys[0] in text), CHOICES[0])
        if not isinstance(text, Mapping) or set(text) != set(keys):
            raise ValueError(f"{where}: expected a text or {', '.join(keys)}, found {text!r}")
        self.check_name(text[keys[0]], where)
        for key in keys[1:]:
            self.check(text[key], f"{where}, {key}")

    def check_name(self, name: Any, where: str) -> None:
        """Refuse what is no name of a number; raises as :meth:`check`."""
        first = re.split(r"[.\[]", str(name))[0]
        if first not in self._table:
            raise ValueError(
                f"{where}: expected a number of the lesson, found {name!r}"
                f"{hint(first, self._table)}"
            )


class _Asked(dict[str, Any]):
    """The numbers of one case that have been asked for."""

    def __init__(self, table: Mapping[str, Number], case: Case):
        super().__init__()
        self._table, self._case = table, case

    def __missing__(self, name: str) -> Any:
        self[name] = found = self._table[name](self._case)
        return found


class _Formatter(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        """Write a number as stands behind its colon; words are as they are."""
        if isinstance(value, str):
            return value
        signed, digits, unit = re.findall(r"^(\+?)(\d*)(.*)$", format_spec)[0]
        if isinstance(value, Estimate):
            return value.text(unit, signed=bool(signed))
        return with_unit(float(value), unit, signed=bool(signed), digits=int(digits or 3))


_FORMATTER = _Formatter()


# -- Calculations that several lessons share ---------------------------------------------------


def swept(
    values: Iterable[float],
    market: Callable[[Case, float], Scenario],
    lines: Mapping[str, Callable[[Case, Scenario], Estimate]],
) -> Callable[[Case], Lines]:
    """Return estimates over a parameter, as a function of a case.

    Parameters
    ----------
    values : iterable of float
        Of the parameter.
    market : function of a case and a value
    lines : mapping of str to function of a case and a market
    """

    def found(case: Case) -> Lines:
        markets = [(x, market(case, x)) for x in values]
        return {
            name: [(x, line(case, here)) for x, here in markets] for name, line in lines.items()
        }

    return found


def surely_above(points: Iterable[tuple[float, Estimate]]) -> list[float]:
    """Return the points of a line at which an estimate is significantly above zero."""
    return [x for x, each in points if each.above]


def best_of(values: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Return the name with the highest mean over seeds, and any that hardly differ from it."""
    best = max(values, key=lambda name: values[name].mean())
    level = (n for n in values if n != best and not Estimate.over(values[best] - values[n]).sure)
    return (best, *level)


def first_segment(market: Scenario) -> Any:
    """Return a segment, where those of the market are alike in what a lesson needs."""
    return next(iter(market.segments.values()))


def margin_of(firm: Any, *, price: float, interaction: float, customization: float) -> float:
    """Return a firm's contribution margin per purchase, in the scenario's currency.

    Price and capabilities are those of the purchase, and need not be the firm's.
    """
    capable = firm.customization_cost * customization + firm.interaction_cost * interaction
    return float(price - firm.unit_cost - capable - firm.cost_to_serve)


def upkeep_of(firm: Any) -> float:
    """Return the cost of a firm's capabilities per period, in the scenario's currency."""
    return float(firm.capability_cost * (firm.interaction**2 + firm.customization**2))
