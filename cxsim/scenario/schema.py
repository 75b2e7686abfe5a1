"""The models of firm, segment and scenario, built from the parameters of mechanisms."""

from __future__ import annotations

import os
import types
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import or_
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import MaxLen, MinLen
from pydantic import Field, create_model, field_validator
from pydantic.fields import FieldInfo

from cxsim.model.mechanism import Mechanism
from cxsim.model.mechanism_registry import DEFAULT, Measure
from cxsim.parameters import Ask, Parameters, parameter
from cxsim.scenario.claim_rule import parse_rule
from cxsim.scenario.fields import Spec, spec_of_field

# -- The models of firm, segment and scenario, built from the parameters of mechanisms ----------


_CORE = "scenario"


@dataclass(frozen=True)
class Schema:
    """The structure of scenarios, given the mechanisms.

    Attributes
    ----------
    mechanisms : tuple of Mechanism
    firm, segment, market, scenario : type of Parameters
        Pydantic models: of one firm, of one segment, of the mechanisms' market
        parameters, and of the whole scenario.
    root : Spec
        The tree of everything that can stand in a scenario.
    """

    mechanisms: tuple[Mechanism, ...]
    firm: type[Parameters]
    segment: type[Parameters]
    market: type[Parameters]
    scenario: type[Parameters]
    root: Spec

    def owner(self, level: str, name: str) -> str:
        """Return the mechanism that declares a firm, segment or market parameter.

        Parameters
        ----------
        level : {"firm", "segment", "market"}
        name : str
            Of the parameter.

        Returns
        -------
        str
            Name of the mechanism; of what no mechanism declares, that of the core.
        """
        found = (self.root if level == "market" else self.spec(level)).child(name)
        return found.mechanism if found else _CORE

    def spec(self, level: str) -> Spec:
        """Return the spec of ``firm``, ``segment`` or ``market``, as the model of that name.

        Parameters
        ----------
        level : {"firm", "segment", "market"}

        Returns
        -------
        Spec
        """
        fields = self.root.fields or {}
        if level == "market":
            return replace(
                self.root, fields={name: fields[name] for name in self.market.model_fields}
            )
        spec = fields[f"{level}s"].values
        assert spec is not None
        return spec


_CACHE: dict[tuple[Any, ...], Schema] = {}


def schema_for(mechanisms: Sequence[Mechanism] | None = None) -> Schema:
    """Return the schema of these mechanisms; built once for each tuple of them.

    Parameters
    ----------
    mechanisms : sequence of Mechanism, optional
        Default: all that are registered (:func:`cxsim.model.mechanism_registry.registered`).

    Raises
    ------
    ValueError
        If two of them declare the same parameter.
    """
    if mechanisms is None:
        from cxsim.model.mechanism_registry import registered

        if os.environ.get("CXSIM_IMPORT"):
            from cxsim.scenario.imports import follow_environment

            follow_environment()
        mechanisms = registered()
    key = tuple((each.name, each.market, each.segment, each.firm) for each in mechanisms)
    built = _CACHE.get(key)
    if built is None:
        built = _CACHE[key] = _build(tuple(mechanisms))
    # The models are shared; rules and activity may differ between equal-looking mechanisms.
    if built.mechanisms != tuple(mechanisms):
        built = replace(built, mechanisms=tuple(mechanisms))
    return built


def _build(mechanisms: tuple[Mechanism, ...]) -> Schema:
    firm, firm_owners = _join("firm", mechanisms)
    segment, segment_owners = _join("segment", mechanisms)
    market, market_owners = _join("market", mechanisms)
    clash = sorted(set(market.model_fields) & {*World.model_fields, *_SECTIONS})
    if clash:
        raise ValueError(
            f"mechanism {market_owners[clash[0]]!r} declares market parameter {clash[0]!r}, "
            "which every scenario has already"
        )
    sections: dict[str, Any] = {
        "segments": (
            dict[str, segment],  # type: ignore[valid-type]
            parameter(doc="Segments of customers, by name", min_length=1),
        ),
        "firms": (dict[str, firm], parameter(doc="Firms, by name", min_length=1)),  # type: ignore[valid-type]
        "initial": (
            dict[str, Initial],
            fixed({}, "Customers at the start, by firm (default: none)"),
        ),
        "events": (
            tuple[Event, ...],
            fixed((), "Events: changes during the run"),
        ),
    }
    scenario = create_model("ScenarioModel", __base__=(market, World), **sections)
    owners = {"firms": firm_owners, "segments": segment_owners}
    fields: dict[str, Spec] = {}
    for name in (*World.model_fields, *market.model_fields, *sections):
        level = {"firms": "firm", "segments": "segment"}.get(name, "market")
        spec = spec_of_field(
            scenario.model_fields[name], of=level, mechanism=market_owners.get(name, _CORE)
        )
        if name in owners and spec.values is not None and spec.values.fields is not None:
            named = {k: _owned(s, owners[name][k]) for k, s in spec.values.fields.items()}
            spec = replace(spec, values=replace(spec.values, fields=named))
        fields[name] = spec
    root = Spec(fields=fields, of="market", mechanism=_CORE)
    whole: Any = scenario
    return Schema(mechanisms, firm, segment, market, whole, root)


_SECTIONS = ("segments", "firms", "initial", "events", "replace_events", "extends",
             "extends_digest")  # fmt: skip


def _owned(spec: Spec, mechanism: str) -> Spec:
    return spec.mapped(lambda _: {"mechanism": mechanism})


def _join(level: str, mechanisms: tuple[Mechanism, ...]) -> tuple[type[Parameters], dict[str, str]]:
    """Make one model of all groups of a level; return it with the owner of each parameter."""
    owners: dict[str, str] = {}
    groups: list[type[Parameters]] = []
    for mechanism in mechanisms:
        group: type[Parameters] | None = getattr(mechanism, level)
        if group is None:
            continue
        for name in group.model_fields:
            if name in owners:
                raise ValueError(
                    f"mechanisms {owners[name]!r} and {mechanism.name!r} both declare "
                    f"{level} parameter {name!r}"
                )
            owners[name] = mechanism.name
        groups.append(group)
    _refuse_shadowed_validators(level, groups)
    # Numbers inside unions and lists get their bounds here: pydantic would compare the whole.
    changed: dict[str, Any] = {}
    for group in groups:
        for name, info in group.model_fields.items():
            if info.metadata and not isinstance(info.annotation, type):
                changed[name] = _bounded(info)
    # Reversed, because pydantic lists the fields of the last base first.
    bases = tuple(reversed(groups)) or (Parameters,)
    return create_model(level.capitalize(), __base__=bases, **changed), owners


def _refuse_shadowed_validators(level: str, groups: list[type[Parameters]]) -> None:
    names = Counter(
        name
        for group in groups
        for kind in ("model_validators", "field_validators")
        for name in getattr(group.__pydantic_decorators__, kind)
    )
    for name, count in names.items():
        if count > 1:
            raise ValueError(
                f"{count} groups of {level} parameters have a validator called {name!r}: "
                "only one of them would run, so give each its own name"
            )


def _bounded(info: FieldInfo) -> tuple[Any, Any]:
    lengths = [each for each in info.metadata if isinstance(each, (MinLen, MaxLen))]
    numeric = tuple(each for each in info.metadata if each not in lengths)
    made = {name: getattr(info, name) for name in ("default", "default_factory", "description",
                                                   "json_schema_extra")}  # fmt: skip
    annotation = _narrow(info.annotation, numeric)
    return Annotated[annotation, *lengths] if lengths else annotation, Field(**made)


def _narrow(annotation: Any, bounds: tuple[Any, ...]) -> Any:
    """Put bounds on every number inside a type."""
    if not bounds:
        return annotation
    if annotation in (int, float):
        return Annotated[annotation, *bounds]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return reduce(or_, (_narrow(each, bounds) for each in arguments))
    if origin in (tuple, list):
        return origin[tuple(_narrow(each, bounds) for each in arguments)]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return dict[arguments[0], _narrow(arguments[1], bounds)]  # type: ignore[misc,valid-type]
    return annotation


# -- Texts, size, initial state and events of a scenario ----------------------------------------


#: Fields for readers, which the simulation does not use.
TEXTS = ("name", "title", "description", "claim", "refuted_by", "test", "notes")


#: What decisions and reports read of a scenario, and the simulation does not.
STANCE = ("perspective", "uncertain")


#: Declares a parameter that events may not change.
fixed = partial(parameter, fixed=True)


class Initial(Parameters):
    """A firm's customers at the start."""

    share: float = fixed(0.0, "Initial customer share of the firm", "share")
    tenure: int = fixed(
        0, "Initial tenure of these customers: purchases since joining", "purchases", ge=0
    )
    knowledge: float = fixed(
        0.0, "Initial knowledge of each of these customers", "share", ge=0, lt=1
    )


class Event(Parameters):
    """A change at a period, or spread evenly over several."""

    at: int = fixed(doc="Period of the change", unit="period", ge=0)
    over: int = fixed(
        0, "Periods until the new value is reached, in equal steps (0: at once)", "periods", ge=0
    )
    set: dict[str, Any] = fixed(
        doc="New values by dotted path; * stands for every firm or segment", min_length=1
    )
    label: str = fixed("", "Label of the event in figures")


class Condition(Parameters):
    """A condition of a claim, as a rule that can be evaluated."""

    says: str = fixed(doc="The condition in words", min_length=1)
    rule: str = fixed(
        doc="The condition as a comparison of measures: churn.Tailor < churn.others",
        min_length=1,
    )
    window: Literal["run", "last_year", "last_period", "after_event"] = fixed(
        "run",
        doc="Periods of the comparison: all, the last year, the last one, or those from the first "
        "event on",
    )
    runs: dict[str, dict[str, Any]] = fixed(
        {}, "Other runs in the rule: overrides of the scenario, by name"
    )

    @field_validator("rule")
    @classmethod
    def _is_a_rule(cls, value: str) -> str:
        parse_rule(value)
        return value


class Labels(Parameters):
    """Words of this market for customers, purchases, prices and firms in tables and figures."""

    customer: str = fixed("customer", "Word for a customer (patient, donor, voter, child/children)")
    purchase: str = fixed("purchase", "Word for a purchase (treatment, donation, vote, enrolment)")
    price: str = fixed("price", "Word for a price (fee, co-payment, tuition)")
    firm: str = fixed("firm", "Word for a firm (hospital, charity/charities, party, university)")
    profit: str = fixed("profit", "Word for profit (surplus of income, balance)")


class Perspective(Parameters):
    """From whose side results are read: a firm, and what it wants more of."""

    firm: str = fixed(doc="The firm that decides, and that results are about", min_length=1)
    goal: Measure = fixed(DEFAULT, doc="Measure that the firm wants more of")


class World(Parameters):
    """Texts, size and labels of the market as a whole."""

    name: str = fixed("", "Short name (default: that of the file)")
    title: str = fixed("", "Title in one line")
    description: str = fixed("", "Description of the market and its firms")
    claim: str = fixed("", "Claim that the scenario tests")
    refuted_by: str = fixed("", "Result that would refute the claim")
    test: tuple[Condition, ...] = fixed(
        (), "Conditions of the claim as rules: the claim holds if all of them hold"
    )
    notes: str = fixed("", "Sources and assumptions of the numbers")
    imports: tuple[str, ...] = fixed(
        (),
        "Modules of your own to import first: beside the file, or offered by an installed package",
    )
    periods: int = fixed(60, "Periods reported", "periods", ge=1, le=100_000, ask=Ask())
    period_length: str = fixed("month", "Length of a period")
    warm_up: int = fixed(
        0,
        "Warm-up: periods simulated before the first one and not reported",
        "periods",
        ge=0,
        le=100_000,
    )
    customers: int = fixed(
        2000,
        "Customers simulated; more of them reduce the Monte-Carlo error only",
        "customers",
        ge=1,
        le=1_000_000_000,
    )
    market_size: float = fixed(
        100_000.0,
        "Customers in the whole market, for which money is reported",
        "customers",
        gt=0,
        le=1e12,
        ask=Ask(),
    )
    needs: int = fixed(2, "Dimensions of need", "dimensions", ge=1, le=8)
    matrix_threshold: float = fixed(
        0.5, "Threshold between low and high in the capability matrix", "share"
    )
    currency: str = fixed("EUR", "Label of the currency")
    labels: Labels = fixed(
        Labels(),
        "Words of tables and figures; an irregular plural follows a stroke (child/children)",
    )
    perspective: Perspective | None = fixed(
        None, "The firm that results are about, and its goal (default: the first firm's profit)"
    )
    uncertain: dict[str, tuple[float, float]] = fixed(
        {},
        "Lowest and highest value of inputs that the data do not identify, by dotted path; "
        "every decision varies them",
        axes=("path", 2),
    )
