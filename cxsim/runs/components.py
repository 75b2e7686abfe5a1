"""Components of a simulation by name: passes, mechanisms, policies, measures, modules."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cxsim.engine.name_registry import CORE, Name, check_passes, taken_names
from cxsim.engine.rules import rules_of
from cxsim.identity import Identity, identified, modules
from cxsim.messages import choice
from cxsim.model.core.choice import DEMAND
from cxsim.model.mechanism import Measure, Mechanism, Pass
from cxsim.model.mechanism_registry import add, registered
from cxsim.runs.measures.frames import FRAMES, KEYS
from cxsim.runs.measures.measure_registry import FIRM_MEASURES, MARKET_MEASURES
from cxsim.scenario.schema import schema_for

#: What moves a period on, writes the books and summarizes them; passes and rules count one by one.
_ENGINE = ("engine.columnar", "engine.native", "engine.parameter_tables", "engine.schedule",
           "engine.workspace", "firms.policy", "numerics.draws", "numerics.elementary",
           "runs.firm_decisions", "runs.simulation")  # fmt: skip
_MEASURING = ("model.ledger", "runs.measures.measure_registry")

_facts: dict[int, tuple[Any, tuple[Any, ...]]] = {}


class Components:
    """Identities put together.

    Parameters
    ----------
    identities : iterable of Identity or Components
    facts : mapping of str to str, optional
        Further components by name.

    Attributes
    ----------
    digest : str
        16 hex digits.
    """

    def __init__(self, identities: Iterable[Any] = (), facts: Mapping[str, str] | None = None):
        self._identities, self._facts = tuple(identities), dict(facts or {})
        text = " ".join([*(each.digest for each in self._identities), repr(self._facts)])
        self.digest = hashlib.sha256(text.encode()).hexdigest()[:16]

    def texts(self) -> dict[bytes, Any]:
        """Return what a project's own functions say, for processes that lack their files."""
        found: dict[bytes, Any] = {}
        for each in self._identities:
            found |= each.texts()
        return found

    @functools.cached_property
    def named(self) -> dict[str, str]:
        """Digests by name of all that is put together."""
        found: dict[str, str] = {}
        for each in self._identities:
            found |= each.named if isinstance(each, Components) else each.components
        return dict(sorted((found | self._facts).items()))


def of_code(
    schedule: Any,
    mechanisms: tuple[Mechanism, ...],
    policies: Mapping[str, type],
    demand: Any = None,
) -> Components:
    """Return components that advance a market: passes, rules, mechanisms, policies, engine.

    Parameters
    ----------
    schedule : Schedule
    mechanisms : tuple of Mechanism
    policies : mapping of str to type
        Classes of policies by where they stand.
    demand : Schedule, optional
        What benchmarks ask beforehand.
    """
    parts: list[Any] = [schedule.identity]
    order = [(step.name, step.phase, step.population) for step in schedule.steps]
    facts = {"order of passes": _short(repr(order))}
    if demand is not None:
        parts.append(demand.identity)
    parts.append(identified({each.name: _of_mechanism(each) for each in mechanisms}))
    if policies:
        parts.append(identified(policies))
    return Components(parts, facts | _modules(_ENGINE))


def of_measures(measures: Iterable[tuple[str, Measure]]) -> Components:
    """Return components that turn ledgers into outputs: measures, summaries and ledger.

    Parameters
    ----------
    measures : iterable of (str, Measure)
        Levels and measures.
    """
    parts = []
    for level, measure in measures:
        name = measure.name if level == "firm" else f"{level}.{measure.name}"
        facts = _of_measure(measure)
        # One by one: those over data that may change in place are walked through anew each time.
        parts.append(identified({f"measures.{name}": measure.function, f"summaries.{name}": facts}))
    return Components(parts, _modules(_MEASURING))


def of_passes(name: str, passes: Iterable[Pass]) -> Identity:
    """Return what an observer does, whose passes change no result but make some.

    Parameters
    ----------
    name : str
    passes : iterable of Pass
    """
    return identified(
        {f"observers.{name}.{n} {p.function.__name__}": p.function for n, p in enumerate(passes)}
    )


def of_model(function: Any) -> Components:
    """Return the components behind a function that is studied.

    Parameters
    ----------
    function : callable
    """
    return Components([Identity({"model": function})])


def changed(now: Mapping[str, str], before: Mapping[str, str], most: int = 3) -> str:
    """Say in a few words what differs between two sets of components.

    Parameters
    ----------
    now, before : mapping of str to str
        Digests by name.
    most : int
        Names at most.

    Returns
    -------
    str
        ``"measures.market_share"``; "" if nothing differs.
    """
    names = [name for name in {**now, **before} if now.get(name) != before.get(name)]
    first = ("measures.", "summaries.", "policies.", "inputs.")
    names.sort(key=lambda name: (not name.startswith(first), name.startswith("library "), name))
    shown = names[:most]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return " and ".join([*filter(None, [", ".join(shown[:-1])]), *shown[-1:]])


def _of_mechanism(mechanism: Mechanism) -> tuple[Any, ...]:
    """Return what a mechanism says beside its passes, without its texts."""
    return _remembered(
        mechanism,
        lambda: (
            tuple((c.name, c.axes, c.dtype, c.state, c.fill, c.shared) for c in mechanism.columns),
            tuple((d.name, d.axes) for d in mechanism.draws),
            tuple((t.name, t.axes) for t in mechanism.accumulators),
            tuple(mechanism.tables),
            mechanism.setup,
            mechanism.axes,
            mechanism.members,
        ),
    )


def _of_measure(measure: Measure) -> tuple[Any, ...]:
    texts = ("name", "label", "unit", "doc", "function")
    fields = [f.name for f in dataclasses.fields(measure) if f.name not in texts]
    return _remembered(measure, lambda: tuple((n, getattr(measure, n)) for n in fields))


def _remembered(thing: Any, facts: Any) -> tuple[Any, ...]:
    """Return facts of an immutable thing, the same object each time, so that identities keep."""
    if id(thing) not in _facts:
        if len(_facts) > 5_000:
            _facts.clear()
        _facts[id(thing)] = (thing, facts())
    return _facts[id(thing)][1]


@functools.cache
def _modules(names: tuple[str, ...]) -> dict[str, str]:
    return {name: digest.hex()[:16] for name, digest in modules(names).items()}


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# -- names ------------------------------------------------------------------------------


def register(mechanism: Mechanism) -> Mechanism:
    """Make a mechanism known, so that scenarios may use its parameters.

    Registering the same object again does nothing. One that is refused is not known.

    Parameters
    ----------
    mechanism : Mechanism

    Raises
    ------
    ValueError
        If another mechanism has its name or that of one of its columns, draws, totals, tables,
        parameters, measures or frames; or if one of its passes names a phase or a pass that
        nobody has.
    TypeError
        If a pass is no plain function of a module.
    """
    known = registered()
    if any(each is mechanism for each in known):
        return mechanism
    if mechanism.name in {each.name for each in known}:
        raise ValueError(f"a mechanism named {mechanism.name!r} is registered already")
    schema_for((*known, mechanism))  # which refuses two parameters of one name
    check_names((*known, DEMAND, mechanism))
    check_passes((mechanism,), (*known, DEMAND), later=True)
    return add(mechanism)


def rule(name: str) -> Callable[..., Any]:
    """Return a rule of the model, to be called with numbers.

    Parameters
    ----------
    name : str
        As ``cx.run(..., rules=...)`` takes it.

    Raises
    ------
    ValueError
        If no mechanism has such a rule; with the nearest.

    Examples
    --------
    >>> rule("learning.precision")(1.0, 0.5, 0.8)
    0.4
    """
    known = rules_of(each.function for mechanism in registered() for each in mechanism.passes)
    return known[choice(name, "rule", known)]


def check_names(mechanisms: tuple[Mechanism, ...]) -> None:
    """Refuse mechanisms two of which, or one of which and the package, have one name.

    Parameters
    ----------
    mechanisms : tuple of Mechanism

    Raises
    ------
    ValueError
        With both owners, and the nearest name that is free.
    """
    taken_names(mechanisms, _RESERVED)


def _reserved() -> Iterator[Name]:
    """Yield the names of measures and frames that every run has."""
    for level, own in (("firm", FIRM_MEASURES), ("market", MARKET_MEASURES)):
        for measure in own:
            yield Name("measure", measure.name, CORE, ((level, measure.name),))
        for column in KEYS[level]:
            yield Name("column of frames", column, CORE, ((level, column),))
    for frame in FRAMES:
        yield Name("frame", frame, CORE, (("frame", frame),))


_RESERVED = tuple(_reserved())
