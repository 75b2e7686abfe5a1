"""Events of a scenario: added, replaced, or left out where a shortened run ends before them.

``events`` adds, wherever it stands: in a file that extends another, in an override, in an
option or a strategy. ``replace_events`` puts a list in the place of all that there are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from cxsim.messages import Place, Problem, ScenarioError, found
from cxsim.scenario.schema import World

ADD = "events"
REPLACE = "replace_events"

#: Events that one notice names; the rest is counted.
SHOWN = 3

Keys = tuple[str | int, ...]
Where = dict[Keys, Place]


@dataclass(frozen=True)
class Entry:
    """One event as written, and where its parts were written.

    Attributes
    ----------
    event : mapping
    places : dict
        By keys within the event; the empty key is the event itself.
    """

    event: Any
    places: Where = field(default_factory=dict, repr=False)

    @property
    def at(self) -> int | None:
        """Period of the event; None where it is not a whole number."""
        return _whole(self.event.get("at")) if isinstance(self.event, Mapping) else None


def entries(raw: Mapping[str, Any], where: Mapping[Keys, Place], key: str = ADD) -> list[Entry]:
    """Return the events of a scenario's data with the places of their parts.

    Parameters
    ----------
    raw : mapping
        Data of a scenario.
    where : mapping of tuple to Place
        Place of each value, by its keys.
    key : str
        ``events``, or the key by which an override adds or replaces them.

    Returns
    -------
    list of Entry
        In the order of the file.
    """
    places: dict[int, Where] = {}
    for keys, place in where.items():
        if len(keys) > 1 and keys[0] == key and isinstance(keys[1], int):
            places.setdefault(keys[1], {})[keys[2:]] = place
    whole: Where = {(): where[(key,)]} if (key,) in where else {}
    return [
        Entry(event, {**whole, **places.get(number, {})})
        for number, event in enumerate(raw.get(key, ()))
    ]


def _with(
    raw: dict[str, Any], where: Where, listed: list[Entry], place: Place | None
) -> tuple[dict[str, Any], Where]:
    """Return data and places with these events in them; an empty list stays out."""
    raw = {key: value for key, value in raw.items() if key != ADD}
    where = {keys: at for keys, at in where.items() if keys[0] != ADD}
    if listed or place is not None:
        raw[ADD] = tuple(entry.event for entry in listed)
    if place is not None:
        where[(ADD,)] = place
    for number, entry in enumerate(listed):
        where.update({(ADD, number, *keys): at for keys, at in entry.places.items()})
    return raw, where


def added(
    raw: dict[str, Any], where: Where, new: Any, *, replace: bool, place: Place, key: str
) -> tuple[dict[str, Any], Where, range]:
    """Return a scenario's data with more events, or with others.

    Parameters
    ----------
    raw, where : dict
        Data, and the places of its keys.
    new : list of Entry, or anything else
        What was given; only a list of events can be added.
    replace : bool
        Take out those that are there.
    place : Place
        Where the list was given.
    key : str
        The word it was given under, for messages.

    Returns
    -------
    raw, where : dict
    stated : range
        Numbers of the events just given.

    Raises
    ------
    ScenarioError
        If ``new`` is no list.
    """
    if not isinstance(new, list):
        text = f"expected a list of events, found {found(new)}"
        raise ScenarioError(Problem(place, (key,), text))
    held = raw.get(ADD, ())
    if not replace and not isinstance(held, tuple):
        return raw, where, range(0)  # what is wrong with it is said where it stands
    listed = [] if replace else entries(raw, where)
    stated = range(len(listed), len(listed) + len(new))
    mark = place if replace else where.get((ADD,))
    return *_with(raw, where, [*listed, *new], mark), stated


def fitted(
    raw: dict[str, Any],
    where: Where,
    late: tuple[Entry, ...],
    *,
    before: int,
    stated: Collection[int] = (),
) -> tuple[dict[str, Any], Where, tuple[Entry, ...]]:
    """Return a scenario's data without the events that a shortened run does not reach.

    What a file or an override says itself, in one breath with the number of periods, stays:
    if it lies beyond the end, that is a mistake, and validation says so. A change that is
    under way when the run ends stays, too: until then nothing is different.

    Parameters
    ----------
    raw, where : dict
        Data, with its present number of periods, and the places of its keys.
    late : tuple of Entry
        Events left out before; they come back when the run is long enough again.
    before : int
        Number of periods for which the events that are not in ``stated`` were written.
    stated : collection of int
        Numbers of events that were given together with the present number of periods.
    """
    after = periods_of(raw)
    if after is None or not isinstance(raw.get(ADD, ()), tuple):
        return raw, where, late
    kept: list[Entry] = []
    dropped: list[Entry] = []
    for number, entry in enumerate(entries(raw, where)):
        beyond = number not in stated and entry.at is not None and after <= entry.at < before
        (dropped if beyond else kept).append(entry)
    back = [entry for entry in late if entry.at is not None and entry.at < after]
    if not dropped and not back:
        return raw, where, late
    still = tuple(entry for entry in late if entry not in back)
    raw, where = _with(raw, where, [*kept, *back], where.get((ADD,)))
    return raw, where, (*still, *dropped)


def periods_of(raw: Mapping[str, Any]) -> int | None:
    """Return how many periods the data ask for; None if that is not a whole number.

    Parameters
    ----------
    raw : mapping
        Data of a scenario, not yet checked.

    Returns
    -------
    int or None
        Periods; the default where none are stated.
    """
    return _whole(raw.get("periods", World.model_fields["periods"].default))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def left_out_words(late: tuple[Entry, ...], periods: int, period: str) -> str:
    """Return in one sentence which events a run of so many periods leaves out.

    Parameters
    ----------
    late : tuple of Entry
        Events after the end; three are named.
    periods : int
        Of the run.
    period : str
        Word for a period.

    Returns
    -------
    str

    Examples
    --------
    >>> left_out_words((Entry({"at": 24, "label": "Mass copies Tailor"}),), 10, "month")
    'the run ends with month 9, so 1 event is left out: Mass copies Tailor (month 24)'
    """
    told = [
        f"{entry.event.get('label') or ', '.join(entry.event.get('set', ()))} ({period} {entry.at})"
        for entry in late[:SHOWN]
    ]
    more = [f"and {len(late) - SHOWN} more"] if len(late) > SHOWN else []
    number = "1 event is" if len(late) == 1 else f"{len(late)} events are"
    return f"the run ends with {period} {periods - 1}, so {number} left out: " + "; ".join(
        [*told, *more]
    )
