"""Policies: classes that get firm information every period and set prices or capabilities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import nan
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, get_origin, get_type_hints

from pydantic import create_model

from cxsim.messages import AttributeHints, hint
from cxsim.numerics.draws import Word, subkey, uniform
from cxsim.parameters import Parameters

if TYPE_CHECKING:
    import numpy as np


# -- Policies: classes that set prices or capabilities from firm information ---------------------


class PolicyError(RuntimeError):
    """A policy that failed or decided an invalid value: of which firm, when, and what."""


class Policy(ABC):
    """A rule that decides for a firm once a period, before customers buy.

    Derive from :class:`PricingPolicy` or :class:`CapabilityPolicy` and write ``decide``.
    Annotated attributes of the class are the policy's parameters, which a scenario may set;
    declare them with :func:`cxsim.parameter` to give unit and range. An object keeps its memory
    between periods in attributes of its own, set up in ``begin``: numbers, texts, lists,
    tuples, mappings and arrays of numbers, which a checkpoint can keep (see ``get_state``).

    Attributes
    ----------
    kind : str
        The key of a scenario for it: ``"pricing"`` or ``"capability"``.
    sets : tuple of str
        Parameters of its firm that it may set.
    information : {"own", "full"}
        ``"full"`` marks benchmarks: they are shown the market as well
        (``known.market``), which no firm can know.
    solves_for_profit : bool
        Whether profit is the only goal that it can have.
    parameters : type of Parameters
        Its parameters, made of the annotated attributes.

    Examples
    --------
    >>> class Undercut(PricingPolicy):
    ...     '''Charge less than the cheapest rival did.'''
    ...     by: float = 0.5
    ...     def decide(self, known):
    ...         return min(rival.price for rival in known.rivals.values()) - self.by
    >>> from cxsim.firms.policy import FirmInformation, Public
    >>> Undercut(by=1.0).decide(FirmInformation("Ann", public={"Bob": Public(price=8.0)}))
    7.0
    """

    kind: ClassVar[str] = ""
    sets: ClassVar[tuple[str, ...]] = ()
    information: ClassVar[str] = "own"
    solves_for_profit: ClassVar[bool] = False
    parameters: ClassVar[type[Parameters]] = Parameters

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        hints = {
            name: hint
            for name, hint in get_type_hints(cls, include_extras=True).items()
            if not name.startswith("_")
            and hint is not ClassVar
            and get_origin(hint) is not ClassVar
        }
        taken = sorted(name for name in hints if name == "name" or hasattr(Policy, name))
        if taken:
            raise TypeError(
                f"policy {cls.__name__}: expected parameters that are not called as what every "
                f"policy has, found {taken[0]!r}"
            )
        fields: dict[str, Any] = {
            name: (hint, getattr(cls, name, ...)) for name, hint in hints.items()
        }
        cls.parameters = create_model(cls.__name__, __base__=Parameters, **fields)

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        values = self.parameters(**settings)
        for name in self.parameters.model_fields:
            setattr(self, name, getattr(values, name))
        self.begin()

    def begin(self) -> None:  # noqa: B027 - those that remember nothing need none
        """Set up the memory of the policy; nothing by default."""

    def get_state(self) -> dict[str, Any]:
        """Return the memory of the policy, as plain data, for a checkpoint.

        By default its attributes, without parameters that are as they were given. A policy that
        remembers objects of its own overrides this and :meth:`set_state`.

        Returns
        -------
        dict
            Of None, numbers, texts, lists, tuples, mappings and arrays of numbers.
        """
        given = self.parameters(**self._settings)
        return {
            name: value
            for name, value in vars(self).items()
            if name != "_settings"
            and not (name in self.parameters.model_fields and value == getattr(given, name))
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Restore the memory that :meth:`get_state` has returned.

        Parameters
        ----------
        state : dict
        """
        for name in set(vars(self)) - {*state, *self.parameters.model_fields, "_settings"}:
            delattr(self, name)
        vars(self).update(state)

    def refuses(self, scenario: Any) -> str | None:  # noqa: ARG002 - for those that refuse
        """Return why the policy cannot decide in a scenario; None if it can.

        Parameters
        ----------
        scenario : Scenario
            With ``firms``, ``segments``, ``changes`` and ``mechanisms``.

        Returns
        -------
        str or None
            ``"expected ..., found ..."``.
        """
        return None

    @abstractmethod
    def decide(self, known: FirmInformation) -> Any:
        """Decide for the period ahead.

        Parameters
        ----------
        known : Knowledge
            The firm's information.

        Returns
        -------
        mapping of str to float, float or None
            New values of the firm's parameters, any of ``sets``; a number stands for the
            first of them; None changes nothing.
        """

    def __repr__(self) -> str:
        given = ", ".join(
            f"{name}={getattr(self, name)!r}" for name in self.parameters.model_fields
        )
        return f"{type(self).__name__}({given})"


class PricingPolicy(Policy):
    """A policy that sets prices."""

    kind = "pricing"
    sets = ("price", "personal_premium")


class CapabilityPolicy(Policy):
    """A policy that sets capabilities; their costs follow from them, as for events."""

    kind = "capability"
    sets = ("interaction", "customization", "identification", "segment_insight")


# -- Trial and error: a step is tried for a while, and kept if it raises profit -----------------


class Trial:
    """Hill climbing of one number by steps, from their results only.

    The present number is observed, then a step is tried. A step with a better result is kept, and
    the next one is tried in the same direction. After a step without, the number goes back and is
    observed again before the other direction is tried, since the market may have changed.

    Parameters
    ----------
    value : float
        The present number.
    direction : {1, -1}
        First direction.

    Attributes
    ----------
    value : float
        The number to use now, kept or on trial.
    """

    def __init__(self, value: float, direction: int):
        self.value = self.kept = value
        self.direction = direction
        self._best: float | None = None

    def state(self) -> dict[str, Any]:
        """Return its state, as plain data."""
        return dict(vars(self))

    @classmethod
    def of(cls, state: dict[str, Any]) -> Trial:
        """Return a trial in a state that :meth:`state` has returned."""
        made = cls.__new__(cls)
        vars(made).update(state)
        return made

    def next(self, brought: float, step: Callable[[float, int], float]) -> float:
        """Return the number to use next.

        Parameters
        ----------
        brought : float
            Result of the present number.
        step : callable
            Returns the number a step away from a number in a direction.
        """
        if self._best is not None and brought <= self._best:
            self.direction = -self.direction
            self._best = None
            self.value = self.kept
        else:
            self._best = brought
            self.kept = self.value
            self.value = step(self.kept, self.direction)
        return self.value


# -- Goals other than profit --------------------------------------------------------------------


def objective_value(served: float, profit: float, budget: float) -> float:
    """Return the value of a period to a firm with a goal other than profit.

    A loss within the budget does not count. Beyond it, only the excess does, so that any result
    within the budget is better than any beyond it.

    Parameters
    ----------
    served : float
        What the goal measures; at least 0.
    profit : float
        Of the period, currency.
    budget : float
        Largest loss, currency.

    Examples
    --------
    >>> objective_value(300.0, -50.0, 100.0), objective_value(400.0, -150.0, 100.0)
    (300.0, -50.0)
    """
    excess = -profit - budget
    return -excess if excess > 0.0 else served


# -- Firm information: the firm's own accounts and what is public --------------------------------


@dataclass(frozen=True)
class Public(AttributeHints):
    """Public information about a firm: prices, capabilities, and market share last period."""

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
    """Perceived performance of an own touchpoint: from surveys, or from its design.

    Attributes
    ----------
    score : float
        Perceived performance, 0 to 10.
    error : float
        Standard error of the survey results; NaN without answers.
    """

    score: float
    error: float = nan


@dataclass(frozen=True)
class FirmInformation(AttributeHints):
    """Information of one firm at the start of a period, as copies.

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
        The firm's measures by period so far (those marked ``own_ledger``, and its costs); empty
        arrays in period 0.
    public : mapping of str to Public
        All firms, by name: parameters as they stand, shares of the period before.
    beliefs : mapping of str to Belief
        Perceived performance of its touchpoints, by name, as of the period before: from surveys
        if it has any, else its design. Empty in period 0 and without a journey.
    objective : object
        The firm's goal other than profit, with ``goal`` and ``budget``; None for profit.
    market : object
        None, except for benchmarks with ``information = "full"``: the market itself.
    """

    firm: str
    period: int = 0
    period_length: str = "month"
    own: Mapping[str, Any] = field(default_factory=dict)
    books: Mapping[str, np.ndarray] = field(default_factory=dict)
    public: Mapping[str, Public] = field(default_factory=dict)
    beliefs: Mapping[str, Belief] = field(default_factory=dict)
    objective: Any = None
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

        Raises
        ------
        KeyError
            If it is none of them.
        """
        if measure not in self.books:
            near = hint(measure, self.books, listed=0)
            raise KeyError(f"expected one of the firm's books, found {measure!r}{near}")
        values = self.books[measure]
        return float(values[-1]) if len(values) else default

    def gained(self, profit: np.ndarray, less: float = 0.0) -> float:
        """Return the value of the latest periods to the firm, by its own objective.

        Parameters
        ----------
        profit : ndarray, shape (period,)
            What counts as profit in each of these periods, currency, the last period last.
        less : float
            What each period has to pay besides, currency.

        Returns
        -------
        float
            Mean profit, or with an objective what :func:`objective_value` makes of the means.
        """
        earned = float(profit.mean() - less)
        if self.objective is None:
            return earned
        served = self.books[self.objective.goal][-len(profit) :]
        return objective_value(float(served.mean()), earned, float(self.objective.budget))

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
