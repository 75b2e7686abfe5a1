"""What a firm knows when it decides: its own books, what is public, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cxsim.draws import Word, subkey, uniform

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Belief", "Knowledge", "Public"]


@dataclass(frozen=True)
class Public:
    """What everybody knows of a firm: its prices and capabilities, and its share last period."""

    price: float = nan
    personal_premium: float = 0.0
    interaction: float = 0.0
    customization: float = 0.0
    identification: float = 1.0
    segment_insight: float = 0.0
    active: bool = True
    share: float = nan


@dataclass(frozen=True)
class Belief:
    """What a firm believes of a touchpoint of its own: what surveys told it, or its design.

    Attributes
    ----------
    score : float
        Performance it believes in, 0 to 10.
    error : float
        Standard error of what surveys told it; NaN where nobody was asked.
    """

    score: float
    error: float = nan


@dataclass(frozen=True)
class Knowledge:
    """What one firm knows at the start of a period; copies, which lead nowhere else.

    Attributes
    ----------
    firm : str
        Its name.
    period : int
        The period ahead, from 0.
    period_length : str
        What a period is.
    own : mapping of str to float
        The firm's single-number parameters as they stand, this period's events included, and
        its ``position``.
    books : mapping of str to ndarray
        The firm's measures by period so far (those marked ``own_books``, and its costs); empty
        arrays in period 0.
    public : mapping of str to Public
        All firms, by name: parameters as they stand, shares of the period before.
    beliefs : mapping of str to Belief
        What it believes of its touchpoints, by name, as of the period before: surveys where
        it listens, else its design. Empty in period 0 and without a journey.
    market : object
        None, but for benchmarks with ``information = "full"``: the market itself.
    """

    firm: str
    period: int = 0
    period_length: str = "month"
    own: Mapping[str, Any] = field(default_factory=dict)
    books: Mapping[str, np.ndarray] = field(default_factory=dict)
    public: Mapping[str, Public] = field(default_factory=dict)
    beliefs: Mapping[str, Belief] = field(default_factory=dict)
    market: Any = None
    key: Word = field(default=0, repr=False)

    @property
    def rivals(self) -> Mapping[str, Public]:
        """The other firms in the market, by name."""
        others = {n: p for n, p in self.public.items() if n != self.firm and p.active}
        return MappingProxyType(others)

    def last(self, measure: str, default: float = nan) -> float:
        """Return a measure of the last period, ``default`` before there was one.

        Parameters
        ----------
        measure : str
            One of the firm's books.
        default : float
            Value in period 0.
        """
        values = self.books[measure]
        return float(values[-1]) if len(values) else default

    def uniform(self, number: int = 0) -> float:
        """Return a random number above 0 and below 1.

        The same for the same seed, firm, kind of policy, period and ``number``, whatever
        else the market holds.

        Parameters
        ----------
        number : int
            Tells several draws of one period apart.
        """
        return uniform(subkey(self.key, number), 0)
