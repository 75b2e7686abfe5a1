"""What a policy is: a small class that is shown what its firm knows and says what to change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, get_origin, get_type_hints

from pydantic import create_model

from cxsim.firms.knowledge import Knowledge
from cxsim.parameters import Parameters

__all__ = ["CapabilityPolicy", "Policy", "PolicyError", "PricingPolicy"]


class PolicyError(RuntimeError):
    """A policy that failed, or decided what cannot be: which firm's, when, and what."""


class Policy(ABC):
    """What decides for a firm, once a period, before anybody buys.

    Derive from :class:`PricingPolicy` or :class:`CapabilityPolicy` and write ``decide``.
    Annotated attributes of the class are the policy's parameters, which a scenario may set;
    declare them with :func:`cxsim.parameter` to give unit and range. What an object remembers
    between periods it keeps in attributes of its own, set up in ``begin``: numbers, texts, lists,
    tuples, mappings and arrays of numbers, which a checkpoint can keep (see ``get_state``).

    Attributes
    ----------
    kind : str
        Where a scenario names it: ``"pricing"`` or ``"capability"``.
    sets : tuple of str
        Parameters of its firm that it may set.
    information : {"own", "full"}
        ``"full"`` marks benchmarks: they are shown the market as well
        (``known.market``), which no firm can know.
    parameters : type of Parameters
        Its parameters, made of the annotated attributes.

    Examples
    --------
    >>> class Undercut(PricingPolicy):
    ...     '''Ask a little less than the cheapest rival did.'''
    ...     by: float = 0.5
    ...     def decide(self, known):
    ...         return min(rival.price for rival in known.rivals.values()) - self.by
    >>> from cxsim.firms.knowledge import Knowledge, Public
    >>> Undercut(by=1.0).decide(Knowledge("Ann", public={"Bob": Public(price=8.0)}))
    7.0
    """

    kind: ClassVar[str] = ""
    sets: ClassVar[tuple[str, ...]] = ()
    information: ClassVar[str] = "own"
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
        """Set up what the policy remembers; nothing by default."""

    def get_state(self) -> dict[str, Any]:
        """Return what the policy remembers, as plain data, for a checkpoint.

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
        """Remember what :meth:`get_state` has returned.

        Parameters
        ----------
        state : dict
        """
        for name in set(vars(self)) - {*state, *self.parameters.model_fields, "_settings"}:
            delattr(self, name)
        vars(self).update(state)

    def refuses(self, scenario: Any) -> str | None:  # noqa: ARG002 - for those that refuse
        """Say why the policy cannot decide in a scenario; None if it can.

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
    def decide(self, known: Knowledge) -> Any:
        """Decide for the period ahead.

        Parameters
        ----------
        known : Knowledge
            What the firm knows.

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
    """A policy that sets capabilities; what they cost follows from them, as it does for events."""

    kind = "capability"
    sets = ("interaction", "customization", "identification", "segment_insight")
