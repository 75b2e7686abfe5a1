"""One definition of each parameter, with its unit, range, default, source and meaning.

Every face of the schema (validation, messages, JSON schema, documentation
tables, slider bounds) reads these definitions and nothing else.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    """A group of parameters: immutable, strict about types, closed to unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True
    )


#: One number for every firm, or a number for each firm by name.
ByFirm = float | dict[str, float]


@dataclass(frozen=True)
class Ask:
    """That a parameter deserves a statement: answers rest on it, and its default is a guess.

    Attributes
    ----------
    free : str
        Of a cost: what costs nothing where it is left out (``"interaction"``); ``{}`` stands
        for the name of the entry that it belongs to.
    beside : tuple of str
        Parameters of firms; the question arises where one of them is above 0 at some time: for
        a firm's parameter that firm's own, for others any firm's. Empty: always.
    rising : bool
        It arises only where one of them rises.
    instead : str
        A parameter beside this one that takes its place.
    """

    free: str = ""
    beside: tuple[str, ...] = ()
    rising: bool = False
    instead: str = ""


def parameter(
    default: Any = ...,
    doc: str = "",
    unit: str = "1",
    *,
    source: str = "assumption",
    axes: tuple[str | int, ...] = (),
    fixed: bool = False,
    newcomers: bool = False,
    ask: Ask | None = None,
    **bounds: Any,
) -> Any:
    """Declare one parameter of a :class:`Parameters` group.

    Parameters
    ----------
    default : any
        Value where a scenario names none; ``...`` makes the parameter required.
    doc : str
        One line that says what it is.
    unit : str
        ``"1"`` for pure numbers, else the unit in words (``"currency per unit"``).
    source : str
        Where the default comes from; ``"assumption"`` where it is ours.
    axes : tuple of str or int
        Shape where the value is not one number: ``("need",)`` (a number per need),
        ``("firm",)`` (one number for all or a mapping by firm), or lengths.
    fixed : bool
        True if events may not change it during a run.
    newcomers : bool
        True if it lies behind a drawn attribute, so that a change during a run
        reaches customers who arrive after it and nobody else.
    ask : Ask, optional
        That a scenario should state it; one that does not is told what it left to a default.
    **bounds
        ``ge``, ``gt``, ``le``, ``lt``, ``min_length``, ... of :func:`pydantic.Field`. A share
        without bounds lies between 0 and 1.

    Raises
    ------
    TypeError
        If it says nothing of what it is.
    """
    if not doc:
        raise TypeError("parameter(): expected one line that says what it is (doc=...), found none")
    if unit == "share" and not bounds:
        bounds = {"ge": 0, "le": 1}
    extra: dict[str, Any] = {"unit": unit, "source": source}
    if axes:
        extra["axes"] = list(axes)
    if fixed:
        extra["fixed"] = True
    if newcomers:
        extra["newcomers"] = True
    if ask is not None:
        extra["ask"] = {**asdict(ask), "beside": list(ask.beside)}
    return Field(default, description=doc, json_schema_extra=extra, **bounds)


def group_in(annotation: Any) -> type[Parameters] | None:
    """Return the group of parameters that a type holds: alone, or null, or in a mapping by name."""
    if isinstance(annotation, type) and issubclass(annotation, Parameters):
        return annotation
    for inner in get_args(annotation):
        group = group_in(inner)
        if group is not None:
            return group
    return None
