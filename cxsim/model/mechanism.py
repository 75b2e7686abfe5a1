"""Mechanisms: parameters, columns, draws, passes, accumulators and measures under one name.

A mechanism is one idea of the model. Its *rules* are small pure functions of
numbers. Its *passes* are one customer's turn, written as a loop over a block of
customers: they load numbers from columns, call rules, and store results.
The columnar engine compiles the very same passes that the agents engine runs
for one customer at a time.

A pass names what it reads and writes by the names of its arguments:

==================  =====================================================================
argument            meaning
==================  =====================================================================
``n``, ``first``    customers in this block; number of the first of them in the market
``n_firms``         firms; option number ``n_firms`` is the no-purchase option
``n_customers``     customers in the market
``n_AXIS``          places along an axis that a mechanism brings
``clock``           ``clock[0]`` is the period
a column's name     the block's part of it; the customer is the last axis
``firm_NAME``       parameter ``NAME`` by firm
``segment_NAME``    parameter ``NAME`` by segment
``market_NAME``     parameter ``NAME`` of the market, in ``[0]``
``key_NAME``        draw keys of purpose ``NAME``, by its axes
``sum_NAME``        accumulators of this period by tile of customers (see :func:`tile`)
``all_NAME``        a shared column of the whole population (see :class:`Column`)
``total_NAME``      in population passes only: a copy of this period's totals so far; what such a
                    pass wants to report itself, it stores in ``sum_NAME[0]``
==================  =====================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from cxsim.messages import choice
from cxsim.parameters import Parameters

# -- Mechanisms and their parts -----------------------------------------------------------------


#: "No firm": the supplier of a customer who has none, the choice of one who buys nothing.
NONE = -1


#: Filler of a list of indices after its last (the largest number of 32 bits). Indices and
#: other numbers by which passes look things up are unsigned (``"u4"``): the compiler then need
#: not ask at every look-up whether one counts from the end.
NOWHERE = 4294967295


#: Customers per tile. Totals are summed within tiles in customer order and then
#: over tiles, so that neither block size nor threads can show in them.
TILE = 1024


#: What frames and agents call the option to buy from no firm, and no supplier.
NO_PURCHASE, NO_SUPPLIER = "no_purchase", "no_supplier"


#: The binary billion, 2**30.
BILLION = 1073741824.0


#: The phases of one period in order, with their meaning, after one that runs once at the start:
#: the stages of the model page, divided where mechanisms depend on an order.
PHASE_MEANINGS = {
    "begin": "once, before the first period: the initial state",
    "events": "parameters of firms and the market for this period",
    "leave": "customers leave the market (exit rate)",
    "arrive": "newcomers take their places and draw their attributes",
    "drift": "needs change",
    "contact": "individual service, acquisition, advertising",
    "prepare": "values by customer, and by customer and firm, for later passes",
    "adjust": "mechanisms change what was prepared",
    "ask": "the price for each customer",
    "add": "currency terms of each option's utility",
    "decide": "the choice",
    "pay": "revenue, costs and experience of purchases",
    "update": "knowledge of firms, and experience of customers, after purchases",
    "join": "the buyer becomes the firm's customer",
    "tell": "word of mouth",
    "survey": "surveys, service recovery, improvement",
    "account": "accumulators at the end of the period",
    "hear": "messages reach other customers, after the accounts, which do not depend on them",
    "close": "firms act on the accumulators, with effect in the next period (population passes)",
    "expect": "not part of a period: expected demand, for benchmark policies",
}


PHASES = tuple(PHASE_MEANINGS)


def tile(customer):
    """Return the row of an accumulator for a customer of this block (counted from 0).

    Parameters
    ----------
    customer : int
        Place in the block.

    Returns
    -------
    int
        1,024 customers share a row.
    """
    return customer >> 10


def tiles(n):
    """Return the number of tiles of n customers.

    A sum over a tile counts its customers from 0, ``start + k``: of a loop that begins
    anywhere else the compiler cannot tell that no place counts from the end.

    Parameters
    ----------
    n : int
        Customers of the block.

    Returns
    -------
    int
    """
    return tile(n - 1) + 1


def billionths(x: float) -> int:
    """Return a number in billionths (2**-30), at most 8192 of ones.

    Whole numbers add up the same in any order, so that a sum over everybody, several at a
    time, is the sum one after the other; and a tile's total is a double without rounding.

    Parameters
    ----------
    x : float
        Without a unit, -8192 to 8192; beyond, the limit counts.

    Returns
    -------
    int
        x 2**30, rounded towards 0.
    """
    return int(max(-8192.0, min(8192.0, x)) * BILLION)


def listed(n, places):
    """Return how many of n entries of a list are indices; the rest, at its end, are NOWHERE.

    Parameters
    ----------
    n : int
        Length of the list.
    places : ndarray, shape (n,)
        Indices in the block, unsigned.

    Returns
    -------
    int
        Found by bisection.
    """
    low = 0
    high = n
    while low < high:
        middle = (low + high) // 2
        if places[middle] == NOWHERE:
            high = middle
        else:
            low = middle + 1
    return low


@dataclass(frozen=True)
class Column:
    """An array with one place per customer, in the last axis.

    Parameters
    ----------
    name : str
        Argument name under which passes receive it.
    axes : tuple of str or int
        Leading axes: ``"firm"``, ``"option"`` (firms and no purchase), ``"need"``,
        ``"member"``, one that a mechanism names (:attr:`Mechanism.axes`), or a number.
    dtype : str
        NumPy type. State columns are 32-bit or smaller; scratch columns are doubles.
    state : bool
        True for state that outlives the period. A scratch column lives for one
        block of customers and holds what passes hand on to later passes.
    fill : float
        Value before anything was stored.
    shared : bool
        True for a state column that passes of other customers may read, all of it, under
        the name ``all_NAME`` (axes first, then customers). Whoever reads it sees what
        everybody stored in earlier passes; the schedule waits for all before it goes on.
    doc : str
        What it holds, with its unit, for the model page.
    ge, le : float, optional
        What users of agents may write to it, at least and at most. Whole numbers without
        either are the model's alone.
    """

    name: str
    axes: tuple[str | int, ...] = ()
    dtype: str = "f4"
    state: bool = True
    fill: float = 0
    shared: bool = False
    doc: str = ""
    ge: float | None = None
    le: float | None = None


def scratch(name: str, doc: str, axes: tuple[str | int, ...] = (), dtype: str = "f8") -> Column:
    """Return a scratch column, which lives within a block and a period; doubles by default.

    Parameters
    ----------
    name : str
        Argument name under which passes receive it.
    doc : str
        What it holds, with its unit.
    axes : tuple of str or int
        Axes before that of customers, as for :class:`Column`.
    dtype : str
        NumPy type.

    Returns
    -------
    Column
    """
    return Column(name, axes, dtype, state=False, doc=doc)


@dataclass(frozen=True)
class Draw:
    """A purpose of random numbers: one key per element of its axes and period.

    ``stream`` seeds the numbers; it is the name, unless a purpose was renamed and its numbers
    are to stay.
    """

    name: str
    axes: tuple[str | int, ...] = ()
    stream: str = ""


@dataclass(frozen=True)
class Accumulator:
    """A sum over customers in one period, by its axes (``"firm"``, ``"option"``, ...).

    ``"previous_supplier"`` is the supplier before the choice: number 0 is none, firm f is f + 1.
    """

    name: str
    doc: str = ""
    axes: tuple[str | int, ...] = ("firm",)


@dataclass(frozen=True)
class Pass:
    """A loop over customers in one phase, or (``population=True``) over the whole population.

    A population pass is plain NumPy, gets whole columns and runs once a
    period, the same in both engines. It sees state columns only.

    ``before`` and ``after`` name passes (``"learning.learn"``) of the same phase
    that this one must precede or follow; ``replaces`` names one that it stands in for.
    ``term`` names, in words, the term of the choice that an ``add`` pass adds.
    """

    function: Callable[..., None]
    phase: str
    population: bool = False
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    replaces: str | None = None
    term: str = ""


@dataclass(frozen=True)
class Measure:
    """A measure, reported by period and firm (or for the market), with its definition.

    Parameters
    ----------
    name, label, unit
        Column name, short words for axes and table headings, unit.
    function : callable
        Takes a :class:`~cxsim.model.ledger.Ledger` (totals and parameters of all
        periods) and returns an array, periods by firms or periods alone.
    level : {"firm", "market"}
    summary : {"last", "mean", "sum", "to_date"}
        How a run is summarized in one number; ``to_date`` is the last value of a measure that
        adds up the periods so far itself.
    doc : str
        Its definition in a sentence or two, which tables and pages show beside the number: of
        what it is a share or mean, and over which time where that is not the period. Default:
        the docstring of ``function``.
    source : str
        Where the definition is from, if the field has one.
    also : tuple of str
        Other names of the measure, in the field or of earlier versions: errors suggest it for them.
    cumulative : bool
        True if a period's value depends on the periods before it.
    cost : {"", "contribution", "profit"}
        For a cost (or, where ``income`` is true, an income) of a mechanism's own, by firm and
        for the whole market: what it is taken
        off, the contribution (caused by contacts and purchases) or profit (all others).
    income : bool
        True for what is added there.
    key : bool
        True for key measures, which reports show first.
    series : bool
        True if comparisons keep it period by period.
    own_ledger : bool
        True if a firm reads it in its own ledger when it decides; costs always are there. What
        customers feel, need or would do is not.
    reported : bool
        True if the data collector of a :class:`cxsim.Market` keeps it at every step.

    Raises
    ------
    ValueError
        If there is no definition.
    """

    name: str
    label: str
    unit: str
    function: Callable[[Any], Any]
    level: str = "firm"
    summary: str = "mean"
    doc: str = ""
    source: str = ""
    also: tuple[str, ...] = ()
    cumulative: bool = False
    cost: str = ""
    income: bool = False
    key: bool = False
    series: bool = False
    own_ledger: bool = False
    reported: bool = False

    @property
    def definition(self) -> str:
        """The definition in words, with its source."""
        text = " ".join((self.doc or self.function.__doc__ or "").split())
        return f"{text.rstrip('.')} ({self.source})" if text and self.source else text

    def __post_init__(self) -> None:
        for given, words in (
            ("level", ("firm", "market")),
            ("summary", ("last", "mean", "sum", "to_date")),
            ("cost", ("", "contribution", "profit")),
        ):
            choice(getattr(self, given), f"measure {self.name!r}: {given}", words)
        if not self.definition:
            raise ValueError(
                f"measure {self.name!r}: expected a definition (doc=..., or the docstring of its "
                "function), found none"
            )


def _always(scenario: Any) -> bool:
    return True


def _one(scenario: Any) -> int:
    return 1


def _no_axes(scenario: Any) -> dict[str, tuple[str, ...]]:
    return {}


def _nothing_wrong(scenario: Any) -> Iterable[tuple[tuple[str | int, ...], str]]:
    return ()


@dataclass(frozen=True)
class Mechanism:
    """One idea of the model: its parameters, state, rules, passes and measures under one name.

    Parameters
    ----------
    name, doc : str
        Name in names of passes and rules, and a description of one line.
    market, segment, firm : type of Parameters, optional
        Groups of parameters that a scenario, each segment and each firm may have for it.
    columns : tuple of Column
        State of customers.
    draws : tuple of Draw
        Purposes of its random numbers.
    accumulators : tuple of Accumulator
        Sums over customers, made by passes.
    tables : tuple
        Names of arrays by firm (or names with axes) that population passes fill each period.
    setup : callable, optional
        Of scenario and seed: further arrays, made once, which passes receive by name.
    axes : callable
        Of the scenario: axes of its own, names along each.
    check : callable
        Of the scenario: what is wrong with it, as pairs of path and message.
    passes : tuple of Pass
    measures : tuple of Measure
    active : callable
        Of the scenario: whether it takes part; one that does not is not there at all.
    members : callable
        Of the scenario: how many people judge each option on behalf of one account.
    frames : mapping of str to callable
        Tables that a run keeps beside its measures, each made of the ledger and the scenario.
    core : bool
        True for the part that always runs.
    """

    name: str
    doc: str = ""
    market: type[Parameters] | None = None
    segment: type[Parameters] | None = None
    firm: type[Parameters] | None = None
    columns: tuple[Column, ...] = ()
    draws: tuple[Draw, ...] = ()
    accumulators: tuple[Accumulator, ...] = ()
    tables: tuple[str | tuple[str, tuple[str | int, ...]], ...] = ()
    setup: Callable[[Any, int], dict[str, Any]] | None = None
    axes: Callable[[Any], dict[str, tuple[str, ...]]] = _no_axes
    check: Callable[[Any], Iterable[tuple[tuple[str | int, ...], str]]] = _nothing_wrong
    passes: tuple[Pass, ...] = ()
    measures: tuple[Measure, ...] = ()
    active: Callable[[Any], bool] = _always
    members: Callable[[Any], int] = _one
    frames: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict, repr=False)
    core: bool = field(default=False, repr=False)


# -- The order of passes: by phase, then as declared, else by registration -----------------------


def ordered(mechanisms: tuple[Mechanism, ...]) -> list[tuple[str, Pass]]:
    """Return the passes of mechanisms taking part, with their names, in order.

    Parameters
    ----------
    mechanisms : tuple of Mechanism
        In the order of registration.

    Returns
    -------
    list of (str, Pass)
        Names as ``learning.learn``.

    Raises
    ------
    ValueError
        If passes ask for an impossible order, if one replaces another that is not there, or if
        two replace the same.
    """
    named = {f"{m.name}.{p.function.__name__}": p for m in mechanisms for p in m.passes}
    return _sorted(_replaced(named))


def add_passes(mechanisms: tuple[Mechanism, ...]) -> list[tuple[str, str]]:
    """Return the passes that add terms to the value of options, with the terms' names, in order.

    Parameters
    ----------
    mechanisms : tuple of Mechanism

    Returns
    -------
    list of (str, str)
        Names of passes, and of the terms in words.
    """
    return [(name, p.term or name) for name, p in ordered(mechanisms) if p.phase == "add"]


def _replaced(named: dict[str, Pass]) -> dict[str, Pass]:
    """Let passes that replace others stand where those stood, in their order."""
    substitutes: dict[str, tuple[str, Pass]] = {}
    for name, p in named.items():
        if p.replaces is None:
            continue
        if p.replaces not in named:
            raise ValueError(f"pass {name!r} replaces {p.replaces!r}, which is not there")
        if named[p.replaces].replaces:
            raise ValueError(
                f"pass {name!r} replaces {p.replaces!r}, which itself stands in for "
                f"{named[p.replaces].replaces!r}: expected one pass that replaces another"
            )
        if p.replaces in substitutes:
            raise ValueError(
                f"passes {substitutes[p.replaces][0]!r} and {name!r} both replace "
                f"{p.replaces!r}: expected one that does"
            )
        substitutes[p.replaces] = name, p
    out = {}
    for name, p in named.items():
        if name in substitutes:
            other, substitute = substitutes[name]
            out[other] = replace(
                substitute, after=substitute.after + p.after, before=substitute.before + p.before
            )
        elif not p.replaces:
            out[name] = p
    return out


def _sorted(named: dict[str, Pass]) -> list[tuple[str, Pass]]:
    """Sort passes by phase, within a phase as declared, else by registration."""
    stands_for = {p.replaces: name for name, p in named.items() if p.replaces}
    result = []
    for phase in PHASES:
        here = [name for name, p in named.items() if p.phase == phase]
        place = {name: k for k, name in enumerate(here)}
        after: dict[str, set[str]] = {name: set() for name in here}
        for name in here:
            for other in named[name].after:
                other = stands_for.get(other, other)
                if other in after:
                    after[name].add(other)
            for other in named[name].before:
                other = stands_for.get(other, other)
                if other in after:
                    after[other].add(name)
        sorter = TopologicalSorter(after)
        try:
            sorter.prepare()
        except CycleError as problem:
            raise ValueError(
                f"passes of phase {phase!r} ask for a circle: {problem.args[1]}"
            ) from None
        ready: list[str] = []
        while sorter.is_active():
            ready.extend(sorter.get_ready())
            ready.sort(key=place.__getitem__, reverse=True)
            name = ready.pop()
            result.append((name, named[name]))
            sorter.done(name)
    return result
