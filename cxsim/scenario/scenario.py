"""The scenario: the only input of a simulation."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import BaseModel

from cxsim.firms.policy_registry import receive
from cxsim.identity import text_digest
from cxsim.messages import (
    MISSING,
    EventsLeftOutWarning,
    Place,
    Problem,
    ScenarioError,
    found,
)
from cxsim.model.core.money import beyond_limit, price_limit
from cxsim.model.mechanism import Mechanism
from cxsim.model.mechanism_registry import PACKAGE, registered
from cxsim.scenario.calendar import Entry, left_out_words
from cxsim.scenario.claim_rule import absent_firms, check_rule, parse_rule
from cxsim.scenario.events import Change, Overrides, overridden, thaw, validated
from cxsim.scenario.fields import Spec
from cxsim.scenario.loading import DIGEST, Source, find, read, read_mapping, real_folder
from cxsim.scenario.named_policies import (
    checked_code,
    completed,
    policy_refusals,
    taken_along,
)
from cxsim.scenario.paths import held, resolve
from cxsim.scenario.schema import STANCE, TEXTS, Schema, schema_for

if TYPE_CHECKING:
    import pandas as pd

# -- The scenario: the only input of a simulation ----------------------------------------------


class Scenario:
    """A scenario: the firms, segments, market, initial state and events of a simulation.

    A scenario is immutable; :meth:`override` makes a changed one. Its parameters are
    attributes: ``scenario.periods``, ``scenario.firms["Tailor"].price``. Two scenarios
    are equal if their parameters are, whatever they are called.

    Get one from :meth:`load` or :meth:`from_dict`.
    """

    _model: Any
    _changes: tuple[Change, ...]

    def __init__(self, source: Source, mechanisms: Sequence[Mechanism] | None = None) -> None:
        schema = schema_for(mechanisms)
        hidden = sorted(_OWN & schema.scenario.model_fields.keys())
        if hidden:
            raise ValueError(
                f"a market parameter cannot be called {hidden[0]!r}: scenarios have that already"
            )
        source = _with_moves(source)
        model, changes = validated(schema, source)
        given = None if mechanisms is None else tuple(mechanisms)
        self.__dict__.update(
            _source=source, _given=given, _schema=schema, _model=model, _changes=changes
        )
        self._check_changes()
        refusals = policy_refusals(self)
        if refusals:
            raise ScenarioError([Problem(source.at(keys), keys, text) for keys, text in refusals])

    def _check_changes(self) -> None:
        """Refuse events that speak of mechanisms which do not take part, or ask too much."""
        there = {each.name for each in self.mechanisms}
        limit = price_limit(self)
        problems = []
        for change in self._changes:
            if change.keys == ("price",) and change.value > limit:
                text = f"{change.path}: {beyond_limit(change.value, limit)}"
                problems.append(Problem(self._source.at(("events",)), ("events",), text))
        for change in self._changes:
            name = str(change.keys[0])
            owner = self._schema.owner(change.level, name)
            if owner in there or owner == "scenario":
                continue
            text = (
                f"expected a parameter of what takes part from the start, found {change.path!r} "
                f"({owner} does not: give {name} a value)"
            )
            problems.append(Problem(self._source.at(("events",)), ("events",), text))
        if problems:
            raise ScenarioError(problems)

    @classmethod
    def load(
        cls,
        name_or_path: str | Path,
        overrides: Overrides | None = None,
        *,
        mechanisms: Sequence[Mechanism] | None = None,
    ) -> Scenario:
        """Read a scenario file.

        Parameters
        ----------
        name_or_path : str or Path
            A YAML file, or the name of a scenario that ships with the package.
        overrides : mapping or iterable of str, optional
            Changes as for :meth:`override`.
        mechanisms : sequence of Mechanism, optional
            Default: all that are registered.

        Raises
        ------
        ScenarioError
            One line per problem: file, line, key, what was expected and found.

        Examples
        --------
        >>> import cxsim as cx
        >>> market = cx.load("baseline", {"customers": 500})
        >>> market.customers, list(market.firms)
        (500, ['Mass', 'Niche', 'Targeted', 'Tailor'])
        >>> cx.load("baselin")
        Traceback (most recent call last):
        cxsim.messages.ScenarioError: ...did you mean 'baseline'...
        """
        path = find(name_or_path)
        source = _with_imports(lambda root: read(path, root), mechanisms)
        return cls._from(source, overrides, mechanisms)

    @classmethod
    def from_dict(
        cls,
        mapping: Mapping[str, Any],
        overrides: Overrides | None = None,
        *,
        name: str = "scenario",
        mechanisms: Sequence[Mechanism] | None = None,
        folder: Path | None = None,
    ) -> Scenario:
        """Make a scenario of a mapping with the structure of a scenario file.

        Parameters
        ----------
        mapping : mapping
            May use ``extends``.
        overrides : mapping or iterable of str, optional
            Changes as for :meth:`override`.
        name : str
            Name where the mapping gives none.
        mechanisms : sequence of Mechanism, optional
            Default: all that are registered.
        folder : Path, optional
            Where what it extends, and code that it names, is looked for; default the
            current folder.

        Raises
        ------
        ScenarioError
            If it is not a valid scenario.
        """
        source = _with_imports(
            lambda root: read_mapping(mapping, root, name=name, folder=folder), mechanisms
        )
        return cls._from(source, overrides, mechanisms)

    @classmethod
    def _from(
        cls,
        source: Source,
        overrides: Overrides | None,
        mechanisms: Sequence[Mechanism] | None,
        before: tuple[Entry, ...] = (),
    ) -> Scenario:
        if source.bases:
            cls._check_bases(source, mechanisms)
            source = replace(source, bases=())
        if overrides is not None:
            given = source.raw.get("imports")
            source = overridden(schema_for(mechanisms), source, overrides)
            if source.raw.get("imports") != given:
                _bring(source)
        made = cls(source, mechanisms)
        if overrides is None:  # an override may take out what a rule speaks of
            made._check_rules()
        made._tell_left_out(before)
        return made

    @classmethod
    def _check_bases(cls, source: Source, mechanisms: Sequence[Mechanism] | None) -> None:
        """Refuse a file that extends another than the one whose digest it states."""
        for base in source.bases:
            now = cls(replace(base.source, bases=()), mechanisms).digest
            if now != base.digest:
                text = (
                    f"expected {base.digest}, as {base.source.name} was when this file was "
                    f"written, found {now}"
                )
                raise ScenarioError(Problem(base.place, (DIGEST,), text))

    def _check_rules(self) -> None:
        """Refuse rules of the test that name no firm or run."""
        problems = []
        for number, condition in enumerate(self._model.test):
            keys = ("test", number, "rule")
            text = check_rule(parse_rule(condition.rule), self._model.firms, condition.runs)
            if text:
                problems.append(Problem(self._source.at(keys), keys, text))
        if problems:
            raise ScenarioError(problems)

    def place(self, keys: tuple[str | int, ...]) -> Place:
        """Return the file and line of a value, for messages.

        Parameters
        ----------
        keys : tuple
            Its keys, from the outside in.
        """
        return self._source.at(keys)

    def _tell_left_out(self, before: tuple[Entry, ...]) -> None:
        """Warn of events that have just been left out."""
        new = tuple(entry for entry in self._source.late if entry not in before)
        if new:
            words = left_out_words(new, self.periods, self.period_length)
            warnings.warn(f"{self.name}: {words}", EventsLeftOutWarning, stacklevel=4)

    def override(self, changes: Overrides) -> Scenario:
        """Return a scenario with other values; this one stays as it is.

        Parameters
        ----------
        changes : mapping or iterable of str
            New values by dotted path, or texts as on the command line
            (``"firms.Tailor.price=12"``). ``firms.*.price`` sets the price of all
            firms, ``segments.All.need_mean.0`` one number of a list. A mapping at
            ``firms.NAME`` puts a firm in, ``None`` takes it out. ``events`` adds events to
            those there are, ``replace_events`` replaces all of them.

        Raises
        ------
        ScenarioError
            If a path names nothing or a value is not allowed.

        Warns
        -----
        EventsLeftOutWarning
            If ``periods`` shortens the run: events after its end are left out (and come back
            when it is lengthened again).

        Examples
        --------
        >>> dearer = Scenario.load("baseline").override({"firms.Tailor.price": 22})
        >>> dearer.firms["Tailor"].price
        22.0
        """
        return self._from(self._source, changes, self._given, self._source.late)

    def beside(self, folder: str | Path) -> Scenario:
        """Return the scenario for changes that stand in a file of ``folder``.

        Parameters
        ----------
        folder : str or Path
            Where code is looked for that changes name.
        """
        return type(self)(replace(self._source, folder=real_folder(folder)), self._given)

    def __getattr__(self, name: str) -> Any:
        model = self.__dict__.get("_model")
        if model is not None and name in type(model).model_fields:
            return getattr(model, name)
        raise AttributeError(f"a scenario has no parameter {name!r}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *type(self._model).model_fields]

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes that events make, one per parameter, in order of period."""
        return self._changes

    @property
    def source(self) -> Source:
        """The scenario as written, with the place of every value."""
        return self._source

    @property
    def left_out(self) -> str:
        """The events that a shortened run leaves out, in one sentence; empty if none."""
        late = self._source.late
        return left_out_words(late, self.periods, self.period_length) if late else ""

    @property
    def schema(self) -> Schema:
        """The schema: specifications of all values of the scenario."""
        return self._schema

    @cached_property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """The mechanisms that take part, in their order."""
        return tuple(each for each in self._schema.mechanisms if each.active(self))

    def value(self, path: str) -> Any:
        """Return the value at a dotted path, defaults included.

        Parameters
        ----------
        path : str
            Such as ``"firms.Tailor.price"``; ``*`` stands for every firm or segment.

        Returns
        -------
        value
            With a ``*`` in the path, a dictionary of values by path.

        Raises
        ------
        ScenarioError
            If the path names nothing.
        """
        targets = resolve(self._schema.root, self._source.raw, path, Place("path"))
        values: dict[str, Any] = {}
        for target in targets:
            try:
                value = held(self._model, target.keys)
            except (KeyError, IndexError):
                text = f"expected something there, found {found(target.keys[-1])}"
                raise ScenarioError(Problem(Place("path"), (path,), text)) from None
            values[".".join(map(str, target.keys))] = value
        return values if "*" in path.split(".") else next(iter(values.values()))

    def targets(self, path: str, place: Place, keys: tuple[str | int, ...] = ()) -> tuple[Any, ...]:
        """Return the keys of a dotted path, and the field that it names.

        Parameters
        ----------
        path : str
        place : Place
            Where the path stands, for messages.
        keys : tuple
            Under which keys it stands there.

        Raises
        ------
        ScenarioError
            If it names nothing.
        """
        try:
            return resolve(self._schema.root, self._source.raw, path, place)
        except ScenarioError as error:
            if not keys:
                raise
            raise ScenarioError(
                Problem(place, keys, problem.text) for problem in error.problems
            ) from None

    def to_dict(self, defaults: bool = False) -> dict[str, Any]:
        """Return the scenario as plain dictionaries and lists, complete in itself.

        Without ``claim``, ``refuted_by`` and ``test`` where an override took out a firm that
        the test names: they speak of another market.

        Parameters
        ----------
        defaults : bool
            Include what was not given.
        """
        given: dict[str, Any] = thaw(self._model) if defaults else thaw(self._source.raw)
        if any(absent_firms(parse_rule(c.rule), self.firms, c.runs) for c in self.test):
            given = {key: value for key, value in given.items() if key not in _CLAIM}
        return given

    def to_yaml(self, defaults: bool = False) -> str:
        """Return the scenario as text of a scenario file that extends nothing.

        Parameters
        ----------
        defaults : bool
            Whether to write down defaults, too.
        """
        from cxsim.scenario.yaml_text import to_yaml

        return to_yaml(self.to_dict(defaults))

    def save(self, path: str | Path) -> Path:
        """Write a scenario file, whole or not at all.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        ScenarioError
            If the file cannot be written.
        """
        from cxsim.scenario.yaml_text import write_whole

        return write_whole(Path(path), self.to_yaml())

    @cached_property
    def _checked_code(self) -> None:
        checked_code(self)

    @cached_property
    def _canonical(self) -> str:
        return canonical(self)

    @property
    def digest(self) -> str:
        """16 hex digits that name the parameters."""
        return self.digest_with("")

    def digest_with(self, rules: str) -> str:
        """Return the digest of parameters and ``rules``.

        Parameters
        ----------
        rules : str
            Digest of the code that the simulation runs.
        """
        return digest(self._canonical, rules)

    def unstated(self) -> pd.DataFrame:
        """Return assumptions behind results that the scenario does not state itself.

        Columns ``parameter``, ``of``, ``meaning``, ``value``, ``unit``, ``source``: costs and
        other parameters that were left at their default, or, in a market with firms of its own,
        taken over from the file that it extends.
        """
        from cxsim.scenario.unstated import unstated_table

        return unstated_table(self)

    def diff(self, other: Scenario) -> pd.DataFrame:
        """Return the parameters that differ: columns ``path``, ``left``, ``right``.

        Parameters
        ----------
        other : Scenario
        """
        from cxsim.scenario.display import diff

        return diff(self, other)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scenario):
            return NotImplemented
        return self._canonical == other._canonical

    def __hash__(self) -> int:
        return hash(self._canonical)

    @classmethod
    def parameters(cls, mechanisms: Sequence[Mechanism] | None = None) -> pd.DataFrame:
        """Return every parameter a scenario can have, one row each.

        Columns: ``path``, ``unit``, ``default``, ``minimum``, ``maximum``, ``source``,
        ``description``, ``mechanism``, ``fixed``, ``newcomers``, ``levels``.

        Parameters
        ----------
        mechanisms : sequence of Mechanism, optional
            By default all that are registered.
        """
        from cxsim.scenario.display import parameter_table

        return parameter_table(schema_for(mechanisms))

    @classmethod
    def json_schema(cls, mechanisms: Sequence[Mechanism] | None = None) -> dict[str, Any]:
        """Return a JSON schema of scenario files, for completion in editors.

        Parameters
        ----------
        mechanisms : sequence of Mechanism, optional
            By default all that are registered.
        """
        from cxsim.scenario.display import json_schema

        return json_schema(schema_for(mechanisms))

    def __repr__(self) -> str:
        firms = ", ".join(self.firms)
        firms = firms if len(firms) <= 60 else f"{len(self.firms)} firms"
        return f"<Scenario {self.name!r}: {firms}; {self.periods} periods; {self.digest}>"

    def _repr_html_(self) -> str:
        from cxsim.scenario.display import html

        return html(self)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(
            f"a scenario cannot be changed: use scenario.override({{path: value}}), not .{name} ="
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a scenario cannot be changed")

    def __copy__(self) -> Scenario:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Scenario:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Policies of a notebook travel along, as another process has not run its cells; so do
        # registered mechanisms, and the user's trust in the folders that code comes from.
        own = _own_mechanisms() if self._given is None else None
        return _restored, (type(self), self._source, self._given, *taken_along(self), own)


def _with_imports(
    reading: Callable[[Spec], Source], mechanisms: Sequence[Mechanism] | None
) -> Source:
    """Return what was read, once more where modules it imports add to what it may contain."""
    root = schema_for(mechanisms).root
    source = reading(root)
    _bring(source)
    now = schema_for(mechanisms).root
    return source if now is root else reading(now)


def _bring(source: Source) -> None:
    if source.raw.get("imports"):
        from cxsim.scenario.imports import bring_all

        bring_all(source)


def _own_mechanisms() -> Any:
    """Return the registered mechanisms that are not the package's, for another process."""
    if len(registered()) == len(PACKAGE):
        return None
    from cxsim.scenario.imports import packed

    return packed()


def _with_moves(source: Source) -> Source:
    """Return a source in which programmes that name a move of the menu have its changes."""
    firms = source.raw.get("firms")
    held = firms.values() if isinstance(firms, Mapping) else ()
    programmes = [each.get("programmes") for each in held if isinstance(each, Mapping)]
    named = [p for each in programmes if isinstance(each, Mapping) for p in each.values()]
    if not any(isinstance(each, Mapping) and "move" in each for each in named):
        return source
    from cxsim.scenario.display import with_menu

    try:
        return replace(source, raw=with_menu(source.raw))
    except ValueError as error:
        keys, text = error.args
        raise ScenarioError(Problem(source.at(keys), keys, text)) from None


def _restored(
    cls: type[Scenario],
    source: Source,
    given: Any,
    policies: Any,
    folders: tuple[str, ...],
    own: Any = None,
) -> Scenario:
    if own is not None:
        from cxsim.scenario.imports import unpack

        unpack(own)
    receive(policies)
    if folders:
        from cxsim.files import trust

        trust.adopt(folders)
    return cls(source, given)


#: A claim, and how it is tested.
_CLAIM = ("claim", "refuted_by", "test")


#: Names that parameters cannot have, because they would be hidden.
_OWN = frozenset(name for name in vars(Scenario) if not name.startswith("_"))


# -- The digest of a scenario: 16 hex digits that name its parameters --------------------------


def canonical(scenario: Scenario) -> str:
    """Return the parameters as canonical JSON: sorted keys, no texts, no spaces.

    All parameters of the mechanisms that take part are in it, defaults included;
    of the others those that differ from their default, so that a mechanism a
    scenario does not use leaves its digest alone.
    """
    model, schema = scenario._model, scenario.schema
    active = {each.name for each in scenario.mechanisms}
    payload: dict[str, Any] = {
        name: _plain_field(model, name)
        for name in type(model).model_fields
        if name not in (*TEXTS, *STANCE, "imports", "labels", "firms", "segments", "events")
        and _counts(model, name, schema.owner("market", name), active)
    }
    for section, level in (("firms", "firm"), ("segments", "segment")):
        payload[section] = {
            key: {
                name: _plain(getattr(group, name))
                for name in type(group).model_fields
                if _counts(group, name, schema.owner(level, name), active)
            }
            for key, group in getattr(model, section).items()
        }
    for key, group in payload["firms"].items():
        if group.get("objective") is None:
            group.pop("objective", None)
        if "policy" in group:  # said briefly or in full, it is the same policy
            group["policy"] = _plain(completed(model.firms[key].policy))
            if not group["policy"]:
                del group["policy"]
    payload["events"] = sorted(
        ([c.at, c.path, number, c.over, _plain(c.value)] for number, c in _numbered(scenario)),
        key=lambda row: row[:3],
    )
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _numbered(scenario: Scenario) -> list[tuple[int, Any]]:
    """Number the changes of one parameter in one period: only their order matters."""
    seen: dict[tuple[int, str], int] = {}
    numbered = []
    for change in scenario.changes:
        key = (change.at, change.path)
        seen[key] = seen.get(key, -1) + 1
        numbered.append((seen[key], change))
    return numbered


def _counts(model: Any, name: str, owner: str, active: set[str]) -> bool:
    if owner == "scenario" or owner in active:
        return True
    info = type(model).model_fields[name]
    default = MISSING if info.is_required() else info.get_default(call_default_factory=True)
    return _plain(getattr(model, name)) != _plain(default)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _plain_field(value, name) for name in value.__dict__}
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(held) for held in value]
    if isinstance(value, float):
        return value + 0.0  # minus zero is zero
    return value


def _plain_field(model: BaseModel, name: str) -> Any:
    """Return a parameter as plain data; a mapping whose names make an axis keeps their order."""
    value = _plain(getattr(model, name))
    extra = type(model).model_fields[name].json_schema_extra
    axes = extra.get("axes") if isinstance(extra, dict) else None
    if isinstance(value, dict) and axes and axes != ["firm"]:
        return list(value.items())
    return value


def digest(text: str, rules: str) -> str:
    """Return the first 16 hex digits of SHA-256 over parameters and rules.

    The package's version is none of them: a release that changes no rule and no default
    changes no result.

    Parameters
    ----------
    text : str
        Of :func:`canonical`.
    rules : str
        Digest of the code that runs it.

    Returns
    -------
    str
        16 hex digits.
    """
    return text_digest(f"{text}\n{rules}")
