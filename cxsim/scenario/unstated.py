"""Parameters that a scenario does not state: costs without a number, and important defaults.

Parameters say themselves that they deserve a statement (``ask=`` of
:func:`cxsim.parameters.parameter`). Stated is what stands in the file, in what it extends, in an
override or in an event; an explicit 0 is a statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cxsim.model.core.capabilities import CAPABILITIES, WITH_OWN_COSTS, present
from cxsim.parameters import Parameters
from cxsim.scenario.fields import Spec
from cxsim.scenario.named_policies import named_policies

if TYPE_CHECKING:
    import pandas as pd

    from cxsim.scenario.scenario import Scenario

Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class Unstated:
    """A parameter that deserves a statement and has none of its own.

    Attributes
    ----------
    path : str
        Dotted path.
    name : str
        Of the firm or segment it belongs to; empty for the market.
    value
        What it is all the same.
    unit : str
        In the scenario's words.
    doc : str
        What it means.
    free : str
        Of a cost: what costs nothing.
    source : str
        ``"default"``, or the file that it was taken from.
    """

    path: str
    name: str
    value: Any
    unit: str
    doc: str
    free: str
    source: str = "default"

    @property
    def parameter(self) -> str:
        """Its path without the firm or segment."""
        return self.path.split(".", 2)[-1] if self.name else self.path

    @property
    def amount(self) -> str:
        """Value and unit in words."""
        value = self.value
        said = {True: "on", False: "off"}[value] if isinstance(value, bool) else f"{value:,.10g}"
        return f"{said} {self.unit}".strip()


def unstated(scenario: Scenario) -> tuple[Unstated, ...]:
    """Return the parameters that should be stated and were left at their default.

    Parameters
    ----------
    scenario : Scenario
    """
    return tuple(made for made, given in _asked(scenario) if not given)


def inherited(scenario: Scenario) -> tuple[Unstated, ...]:
    """Return the parameters that a market with its own firms takes from the file it extends.

    Empty for a variant, whose firms are those of the file that it extends: it means to take
    over what it does not change.

    Parameters
    ----------
    scenario : Scenario
    """
    source = scenario.source
    elsewhere = {keys for keys, at in source.where.items() if at.source != source.place.source}
    elsewhere = {keys for keys in elsewhere if source.where[keys].source != "override"}
    borrowed = {keys[1] for keys in elsewhere if keys[0] == "firms" and len(keys) > 1}
    if borrowed >= set(scenario.firms):
        return ()
    found = []
    for made, given in _asked(scenario):
        place = source.at(tuple(made.path.split(".")))
        if given and place.source not in (source.place.source, "override"):
            found.append(replace(made, source=place.source))
    return tuple(found)


def _asked(scenario: Scenario) -> Iterator[tuple[Unstated, bool]]:
    """Yield every parameter that deserves a statement here, and whether it has one."""
    changed = {change.path for change in scenario.changes}
    active, rising = _in_use(scenario)
    for keys, spec, value, given in _walk(scenario._model, scenario.schema.root, ()):
        ask = spec.ask
        assert ask is not None
        named = keys[0] in ("firms", "segments")
        name = str(keys[1]) if named else ""
        users = rising if ask.rising else active
        of = name if keys[0] == "firms" else "*"
        if ask.beside and users.get(of, set()).isdisjoint(ask.beside):
            continue
        path = ".".join(map(str, keys))
        unit = _unit(spec.unit, scenario)
        free = ask.free.format(keys[-2] if len(keys) > 1 else "")
        made = Unstated(path, name, value, unit, spec.doc, free)
        yield made, given or path in changed
    yield from _capabilities(scenario)


def _capabilities(scenario: Scenario) -> Iterator[tuple[Unstated, bool]]:
    """Yield the overhead of each further capability that a firm has, and whether it is stated.

    A level that is left to its default asks nothing, and what a programme raises has the
    programme's price.
    """
    raised = {
        (change.name, _level_at(change.keys))
        for change in scenario.changes
        if change.level == "firm" and _above(change.value, 0.0)
        if not _by_programme(scenario, change)
    }
    unit = _unit("currency per period", scenario)
    for firm, group in scenario.firms.items():
        for name in present(scenario):
            level = CAPABILITIES[name]
            there = _above(_stated(group, level), 0.0) or (firm, level) in raised
            if there and name not in WITH_OWN_COSTS:
                words = level.replace("_", " ")
                path = f"firms.{firm}.capability_costs.{name}.fixed"
                made = Unstated(path, firm, 0.0, unit, f"Overhead of {words} at full level", words)
                yield made, name in group.capability_costs


def _level_at(keys: Keys) -> str:
    """Return the name of a capability's level, as :data:`CAPABILITIES` has it, from a path."""
    return "_".join(map(str, keys))


def _stated(group: Any, level: str) -> Any:
    """Return the level of a capability that a firm's parameters state, or None."""
    head, _, rest = level.partition("_") if level.startswith("organization_") else (level, "", "")
    if head not in group.model_fields_set:
        return None
    value = getattr(group, head)
    return _stated(value, rest) if rest and value is not None else value


def _by_programme(scenario: Scenario, change: Any) -> bool:
    path = ".".join(map(str, change.keys))
    return any(path in each.changes for each in scenario.firms[change.name].programmes.values())


def _walk(group: Any, spec: Spec, keys: Keys) -> Iterator[tuple[Keys, Spec, Any, bool]]:
    """Yield ``(keys, spec, value, whether it was given)`` of what asks to be stated."""
    for name, field in (spec.fields or {}).items():
        value = getattr(group, name)
        given = name in group.model_fields_set
        if field.ask is not None:
            instead = field.ask.instead
            taken = bool(instead) and getattr(group, instead) is not None
            yield (*keys, name), field, value, given or taken
        if not given:
            continue  # what a group holds by default asks nothing
        if isinstance(value, Parameters):
            yield from _walk(value, field, (*keys, name))
        elif isinstance(value, Mapping) and field.values is not None and field.values.fields:
            for entry, held in value.items():
                if isinstance(held, Parameters):
                    yield from _walk(held, field.values, (*keys, name, entry))


def _in_use(scenario: Scenario) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return, by firm and for any firm (``*``), what is above 0 at some time, and what rises."""
    rising: dict[str, set[str]] = {name: set() for name in scenario.firms}
    active = {
        name: {key for key, value in vars(firm).items() if _above(value, 0.0)}
        for name, firm in scenario.firms.items()
    }
    for change in scenario.changes:
        if change.level == "firm" and len(change.keys) == 1:
            key = str(change.keys[0])
            before = getattr(scenario.firms[change.name], key, None)
            for table, other in ((active, 0.0), (rising, before)):
                if _above(change.value, other):
                    table[change.name].add(key)
    for firm, kind, _ in named_policies(scenario):
        for table in (active, rising) if kind == "capability" else ():
            table[firm] |= {"interaction", "customization"}
    for table in (active, rising):
        table["*"] = set().union(*table.values())
    return active, rising


def _above(value: Any, other: Any) -> bool:
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (value, other))
    return numbers and value > other


def _unit(unit: str, scenario: Scenario) -> str:
    unit = "" if unit in ("1", "flag", "share") else unit
    unit = unit.replace("currency", scenario.currency)
    return unit.replace("per period", f"per {scenario.period_length}")


# -- in words -------------------------------------------------------------------------


def free_line(scenario: Scenario) -> str:
    """Return in one sentence the costs that are zero because they are not stated; empty if none.

    Parameters
    ----------
    scenario : Scenario

    Examples
    --------
    >>> import cxsim as cx
    >>> firms = {"Alpha": {"price": 9, "customization": 0.5, "unit_cost": 5, "cost_to_serve": 0}}
    >>> market = cx.Scenario.from_dict({"firms": firms, "segments": {"All": {"share": 1}}})
    >>> free_line(market)
    "Free in this market: Alpha's customization and upkeep of capabilities (no cost stated)."
    """
    free: dict[str, list[str]] = {}
    for each in unstated(scenario):
        if each.free and each.free not in free.setdefault(each.name, []):
            free[each.name].append(each.free)
    if not free:
        return ""
    said = "; ".join(_grouped(free, list(scenario.firms)))
    return f"Free in this market: {said} (no cost stated)."


def _grouped(by: Mapping[str, list[str]], names: list[str]) -> Iterator[str]:
    """Yield words by owner: first those common to all, then those of some."""
    shared = [what for what in by.get(names[0], ()) if all(what in by.get(n, ()) for n in names)]
    shared = shared if len(names) > 1 else []
    if shared:
        yield f"every firm's {_and(shared)}"
    rest: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        own = tuple(what for what in by.get(name, ()) if what not in shared)
        if own:
            rest.setdefault(own, []).append(f"{name}'s")
    for own, who in rest.items():
        yield f"{_and(who)} {_and(own)}"


def defaults_line(scenario: Scenario) -> str:
    """Return in one sentence the other parameters left at their default; empty if none.

    Parameters
    ----------
    scenario : Scenario
    """
    said = _alike(each for each in unstated(scenario) if not each.free)
    what = ", ".join(words for _, words in said)
    return f"Not stated and left at the default: {what}." if what else ""


def inherited_line(scenario: Scenario) -> str:
    """Return in one sentence what a market of its own takes from the file that it extends.

    Parameters
    ----------
    scenario : Scenario
    """
    found = inherited(scenario)
    sources = {each.parameter: each.source for each in reversed(found)}
    by: dict[str, list[str]] = {}
    for name, words in _alike(found):
        by.setdefault(sources[name], []).append(words)
    return "".join(f"Taken from {source}: {', '.join(said)}." for source, said in by.items())


def _alike(items: Iterable[Unstated]) -> Iterator[tuple[str, str]]:
    """Yield a parameter, and in words whose it is (nobody's if there is one value) and what."""
    values: dict[str, dict[str, list[str]]] = {}
    for each in items:
        values.setdefault(each.parameter, {}).setdefault(each.amount, []).append(each.name)
    for name, amounts in values.items():
        for amount, who in amounts.items():
            whose = "" if len(amounts) == 1 else _and([f"{each}'s" for each in who]) + " "
            yield name, f"{whose}{name.replace('_', ' ')} {amount}"


def _and(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def unstated_table(scenario: Scenario) -> pd.DataFrame:
    """Return the parameters that the scenario does not state, a row for each parameter and value.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    DataFrame
        ``parameter, of`` (firms or segments, ``"all"`` or ``"the market"``), ``meaning, value,
        unit, source`` (``"default"`` or the file it was taken from).
    """
    import pandas as pd

    rows: dict[tuple[Any, ...], list[str]] = {}
    for each in (*unstated(scenario), *inherited(scenario)):
        level = each.path.split(".")[0] if each.name else ""
        key = (each.parameter, level, each.doc, each.value, each.unit, each.source)
        rows.setdefault(key, []).append(each.name)
    made = []
    for (name, level, *rest), who in rows.items():
        everyone = bool(level) and len(who) == len(getattr(scenario, level))
        of = f"all {level}" if everyone and len(who) > 1 else ", ".join(who) or "the market"
        made.append((name, of, *rest))
    columns = ["parameter", "of", "meaning", "value", "unit", "source"]
    return pd.DataFrame(made, columns=columns)
