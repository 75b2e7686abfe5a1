"""Scenarios and parameters as tables, as HTML and as a JSON schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxsim.messages import MISSING, found, hint
from cxsim.scenario.events import thaw
from cxsim.scenario.fields import kind_of
from cxsim.scenario.loading import read_yaml
from cxsim.scenario.named_policies import policy_schema
from cxsim.scenario.schema import TEXTS, Schema

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment

    from cxsim.scenario.events import Change
    from cxsim.scenario.scenario import Scenario

# -- Scenarios and parameters as tables --------------------------------------------------------


_ABSENT, _PRESENT = "absent", "present"


def parameter_table(schema: Schema) -> pd.DataFrame:
    """Return one row for each parameter: path, unit, range, default, source, meaning.

    Parameters
    ----------
    schema : Schema

    Returns
    -------
    DataFrame
        Columns ``path``, ``kind``, ``unit``, ``default``, ``minimum``, ``maximum``, ``source``,
        ``description``, ``mechanism``, ``fixed``, ``newcomers``, ``levels`` (of a scale: value
        and meaning, a line each).
    """
    import pandas as pd

    levels = {f"firms.*.{name}": level_lines(name) for name in scales()}

    rows = []
    for path, spec in schema.root.parameters():
        bounds = spec.bounds
        rows.append(
            {
                "path": ".".join(path),
                "kind": kind_of(spec),
                "unit": spec.unit,
                "default": "required" if spec.default is MISSING else thaw(spec.default),
                "minimum": bounds.get("ge", bounds.get("gt")),
                "maximum": bounds.get("le", bounds.get("lt")),
                "source": spec.source,
                "description": spec.doc,
                "mechanism": spec.mechanism,
                "fixed": spec.fixed,
                "newcomers": spec.newcomers,
                "levels": levels.get(".".join(path), ""),
            }
        )
    return pd.DataFrame(rows)


def diff(left: Scenario, right: Scenario) -> pd.DataFrame:
    """Return the parameters in which two scenarios differ, without texts.

    Returns
    -------
    DataFrame
        Columns ``path``, ``left``, ``right``, in the order of the parameters. A firm or
        segment that only one of them has is one row, ``"absent"`` on one side. A change
        by an event has the path ``events.PERIOD.PATH``.
    """
    import pandas as pd

    first, second = dict(_flat(left)), dict(_flat(right))
    # In the order of the left one, then what only the right one has.
    rows: list[dict[str, Any]] = []
    for path in dict.fromkeys((*first, *second)):
        a, b = _at(path, first), _at(path, second)
        if _PRESENT in (a, b):  # a section, which the other one does not have
            a, b = (_ABSENT if each is None else each for each in (a, b))
        alone = _alone(path, left, right)
        if alone is not None and alone not in (row["path"] for row in rows):
            owner = _PRESENT if path in first else _ABSENT
            other = _ABSENT if path in first else _PRESENT
            rows.append({"path": alone, "left": owner, "right": other})
        elif alone is None and not _same(a, b):
            rows.append({"path": path, "left": a, "right": b})
    return pd.DataFrame(rows, columns=["path", "left", "right"], dtype=object)


def _at(path: str, values: Mapping[str, Any]) -> Any:
    """Return the value at a path, or whether anything is below it."""
    if path in values:
        return values[path]
    below = any(other.startswith(f"{path}.") for other in values)
    return _PRESENT if below else _ABSENT


def _same(a: Any, b: Any) -> bool:
    return (type(a) is type(b) or (_number(a) and _number(b))) and bool(a == b)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _alone(path: str, left: Scenario, right: Scenario) -> str | None:
    """Return ``firms.NAME`` if only one of the scenarios has what the path lies in."""
    section, _, rest = path.partition(".")
    if section in ("firms", "segments", "initial"):
        name = rest.partition(".")[0]
        if (name in getattr(left, section)) != (name in getattr(right, section)):
            return f"{section}.{name}"
    return None


def _flat(scenario: Scenario) -> Iterable[tuple[str, Any]]:
    for keys, _, value in scenario.schema.root.walk(scenario):
        if keys[0] not in (*TEXTS, "events"):
            yield ".".join(map(str, keys)), thaw(value)
    counts: dict[str, int] = {}
    for change in scenario.changes:
        path = f"events.{change.at}.{change.path}"
        counts[path] = counts.get(path, 0) + 1
        path = path if counts[path] == 1 else f"{path}#{counts[path]}"
        yield path, change.value if not change.over else f"{change.value} over {change.over}"


def templates(folder: Path) -> Environment:
    """Return the Jinja templates of a folder; whatever they are given is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def html(scenario: Scenario) -> str:
    """Return a scenario as HTML: its claim, its firms and its segments."""
    raw = scenario.to_dict()
    facts = (
        f"{scenario.periods} periods (one is a {scenario.period_length}), "
        f"{scenario.customers} customers simulated for {scenario.market_size:,.0f}, "
        f"currency {scenario.currency}, digest {scenario.digest}"
    )
    return (
        templates(Path(__file__).parent)
        .get_template("scenario.html")
        .render(
            scenario=scenario,
            tables={name: _table(raw[name], getattr(scenario, name)) for name in _SECTIONS},
            changes=[_told(change) for change in scenario.changes],
            facts=facts,
        )
    )


#: What has a table of its own.
_SECTIONS = ("firms", "segments")


def _told(change: Change) -> str:
    """Return a change in words."""
    when = f"period {change.at}"
    when += f" to {change.at + change.over}" if change.over else ""
    label = f" ({change.label})" if change.label else ""
    return f"{when}: {change.path} = {_cell(change.value)}{label}"


def _table(given: dict[str, Any], models: Any) -> tuple[list[str], dict[str, list[str]]]:
    """Return the parameters that any of the named ones was given, and the values of each."""
    columns = list(dict.fromkeys(key for each in given.values() for key in each))
    rows = {
        name: [_cell(getattr(model, column, None)) for column in columns]
        for name, model in models.items()
    }
    return columns, rows


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    plain = thaw(value)
    if isinstance(plain, dict):
        return ", ".join(f"{key} {_cell(held)}" for key, held in plain.items())
    if isinstance(plain, list):
        return ", ".join(_cell(held) for held in plain)
    return plain if isinstance(plain, str) else found(plain)


# -- Scales: what numbers between 0 and 1 mean; a menu of moves ---------------------------------


@dataclass(frozen=True)
class Scale:
    """Five levels of a capability in words of behavior.

    Attributes
    ----------
    parameter : str
        Of a firm.
    question : str
    levels : tuple of str
        From the first to the fifth.
    """

    parameter: str
    question: str
    levels: tuple[str, ...]


@cache
def _scale_data() -> dict[str, Any]:
    data, _ = read_yaml(Path(__file__).with_name("scales.yaml"))
    return dict(data)


def scales() -> dict[str, Scale]:
    """Return the scales of capabilities by parameter of a firm."""
    return {
        name: Scale(name, str(each["question"]), tuple(map(str, each["levels"])))
        for name, each in _scale_data()["scales"].items()
    }


def level_lines(parameter: str) -> str:
    """Return the levels of a scale, value and meaning, a line each.

    Parameters
    ----------
    parameter : str
        Of a firm.
    """
    texts = enumerate(scales()[parameter].levels, start=1)
    return "\n".join(f"{level_value(level):g}: {text}" for level, text in texts)


def level_value(level: int) -> float:
    """Return the value of a level, 1 to 5.

    Parameters
    ----------
    level : int
    """
    return float(_scale_data()["levels"][level - 1])


def level_range(level: int, *, wide: bool = False) -> tuple[float, float]:
    """Return between which values a level lies: the midpoints to its neighbors.

    Parameters
    ----------
    level : int
        1 to 5.
    wide : bool
        Of a level that is a guess: from the level below to the level above.

    Examples
    --------
    >>> level_range(3)
    (0.35, 0.575)
    """
    marks = [0.0, *map(float, _scale_data()["levels"]), 1.0]
    below, own, above = marks[level - 1 : level + 2]
    if wide:
        return below, above
    return round((below + own) / 2, 4), round((own + above) / 2, 4)


def scale_table() -> pd.DataFrame:
    """Return the scales as a table.

    Returns
    -------
    DataFrame
        One row per parameter and level: ``parameter, question, level, value, meaning``.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            (each.parameter, each.question, level, level_value(level), meaning)
            for each in scales().values()
            for level, meaning in enumerate(each.levels, start=1)
        ],
        columns=["parameter", "question", "level", "value", "meaning"],
    )


@dataclass(frozen=True)
class Move:
    """A move of a firm from the menu.

    Attributes
    ----------
    name, does : str
    size, cost : str
        What its size and its ``unit_cost`` are; empty where it has none.
    base : mapping
        What the firm must have before, by path below the firm.
    needs : mapping
        What the market must have, by path, in words.
    missing : str
        What the model lacks for it; empty for nothing.
    given : mapping
        How the value at each path below the firm follows.
    """

    name: str
    does: str
    size: str
    cost: str
    base: Mapping[str, Any]
    needs: Mapping[str, str]
    missing: str
    given: Mapping[str, Any]

    def changes(
        self, firm: Mapping[str, Any], size: float | None = None, unit_cost: float | None = None,
        touchpoint: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """Return the values that the firm's parameters reach, by path.

        Parameters
        ----------
        firm : mapping
            The firm's parameters, for those that change in proportion.
        size, unit_cost : float, optional
        touchpoint : str
            Whose values change, where some of a touchpoint do.

        Raises
        ------
        ValueError
            If the move has a size or a unit cost and none was given, or has none.
        """
        for key, what, stated in (("size", self.size, size), ("unit_cost", self.cost, unit_cost)):
            if what and stated is None:
                raise ValueError(f"expected a {key} of {self.name} ({what}), found none")
            if stated is not None and not what:
                raise ValueError(f"expected no {key} of {self.name}, found {found(stated)}")
            if stated is not None and not _number(stated):
                raise ValueError(f"{key}: expected a number ({what}), found {found(stated)}")
        return {
            path.replace(_TOUCHPOINT, touchpoint): _reached(rule, at(firm, path), size, unit_cost)
            for path, rule in self.given.items()
        }


#: What stands for the name of a touchpoint in the menu.
_TOUCHPOINT = "TOUCHPOINT"


def _reached(rule: Any, own: Any, size: Any, unit_cost: Any) -> Any:
    """Return the value that a rule of the menu gives, from the firm's own."""
    if not isinstance(rule, Mapping):
        return rule
    if "level" in rule:
        return level_value(rule["level"])
    if "cost" in rule:
        return rule["cost"] * unit_cost
    if "own" in rule:
        return own * (1.0 + rule["own"] * size)
    return rule["plus"] * size + (own or 0.0) if "plus" in rule else rule["size"] * size


def at(data: Any, path: str) -> Any:
    """Return what plain data hold at a dotted path, None for nothing.

    Parameters
    ----------
    data
        Mappings within mappings.
    path : str
    """
    for key in path.split("."):
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


@cache
def moves() -> dict[str, Move]:
    """Return the menu of moves by name."""
    data, _ = read_yaml(Path(__file__).with_name("moves.yaml"))
    return {
        name: Move(
            name, str(each["does"]), str(each.get("size", "")), str(each.get("cost", "")),
            dict(each.get("base", {})), dict(each.get("needs", {})), str(each.get("missing", "")),
            dict(each.get("changes", {})),
        )
        for name, each in data.items()
    }  # fmt: skip


#: What is stated of a move beside the terms of its programme.
MOVE_KEYS = ("move", "size", "unit_cost", "touchpoint")


def as_programme(
    terms: Mapping[str, Any], firm: Mapping[str, Any], market: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the programme that a move of the menu is.

    Parameters
    ----------
    terms : mapping
        ``move``, with its ``size``, ``unit_cost`` and ``touchpoint``, and terms of the programme.
    firm, market : mapping
        The firm's parameters and those of the scenario, as plain data.

    Raises
    ------
    ValueError
        If there is no such move, the model or the market lacks what it needs, or a number is
        missing.

    Examples
    --------
    >>> as_programme({"move": "price_cut", "size": 0.1, "running": 0}, {"price": 20.0}, {})
    {'running': 0, 'changes': {'price': 18.0}}
    """
    menu, name = moves(), terms["move"]
    if name not in menu:
        raise ValueError(f"expected a move, found {found(name)}{hint(name, menu, listed=20)}")
    move = menu[name]
    if move.missing:
        raise ValueError(f"expected a move that the model has, found {name} ({move.missing})")
    for path, what in move.needs.items():
        if not at(market, path):
            raise ValueError(f"expected {path} in the market ({what}; {name} needs it), found none")
    given = {key: terms[key] for key in ("size", "unit_cost") if terms.get(key) is not None}
    touchpoint = ""
    if any(_TOUCHPOINT in path for path in move.given):
        touchpoint = _touchpoint(terms, firm, market)
    reached = move.changes(firm, **given, touchpoint=touchpoint)
    rest = {key: value for key, value in terms.items() if key not in MOVE_KEYS}
    return {**rest, "changes": reached | dict(rest.get("changes") or {})}


def _touchpoint(terms: Mapping[str, Any], firm: Any, market: Any) -> str:
    """Return the touchpoint stated, or the firm's only one of the stage support."""
    names = list(at(firm, "touchpoints") or {})
    stated = terms.get("touchpoint")
    if stated is not None:
        if stated not in names:
            near = hint(str(stated), names)
            raise ValueError(f"expected a touchpoint of the firm, found {found(stated)}{near}")
        return str(stated)
    support = [name for name in names if at(market, f"journey.{name}.stage") == "support"]
    if len(support) != 1:
        listed = ", ".join(map(found, names)) or "none"
        raise ValueError(
            f"expected the touchpoint that changes (touchpoint: NAME; the firm has {listed}), "
            "found none"
        )
    return support[0]


def with_menu(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scenario's data with the moves of the menu among its programmes filled in.

    What a move starts from is put into its firm, switched to neutral.

    Parameters
    ----------
    raw : mapping
        As in a scenario file. Data without such a programme are returned as they are.

    Raises
    ------
    ValueError
        With the keys of the programme as first argument, and what is wrong as second.
    """
    made, firms = dict(raw), dict(raw["firms"])
    for name, firm in firms.items():
        for key, terms in _of_menu(firm).items():
            try:
                programme = as_programme(terms, firm, raw)
            except ValueError as error:
                raise ValueError(("firms", name, "programmes", key), str(error)) from None
            firm = {**firm, "programmes": {**firm["programmes"], key: programme}}
            firm = with_neutral(firm, moves()[terms["move"]])
        firms[name] = firm
    return made | {"firms": firms}


def _of_menu(firm: Any) -> dict[str, Any]:
    programmes = at(firm, "programmes")
    named = programmes.items() if isinstance(programmes, Mapping) else ()
    return {key: each for key, each in named if isinstance(each, Mapping) and "move" in each}


def with_neutral(firm: Mapping[str, Any], move: Move) -> dict[str, Any]:
    """Return a firm's data with what a move starts from, switched to neutral.

    Parameters
    ----------
    firm : mapping
    move : Move
    """
    made = dict(firm)
    for path, neutral in move.base.items():
        made = _beside(made, path.split("."), neutral)
    return made


def _beside(data: Mapping[str, Any], keys: list[str], value: Any) -> dict[str, Any]:
    """Return data with a value at keys where there was none."""
    first, *rest = keys
    held = data.get(first)
    if not rest:
        return {**data, first: value if held is None else held}
    return {**data, first: _beside(held or {}, rest, value)}


# -- The JSON schema of scenario files, for completion and checks while typing -----------------


def json_schema(schema: Schema) -> dict[str, Any]:
    """Return the schema of a scenario file (draft 2020-12).

    Units and sources stand in ``unit`` and ``source``. A file that extends another
    need not give what is required, and may take firms and segments out by ``null``.
    """
    result = schema.scenario.model_json_schema()
    definitions = result["$defs"]
    properties = result["properties"]
    required: dict[str, Any] = {}
    for section in ("firms", "segments"):
        named = properties[section]
        reference = named["additionalProperties"]["$ref"]
        definition = definitions[reference.rsplit("/", 1)[1]]
        named["additionalProperties"] = {"anyOf": [{"$ref": reference}, {"type": "null"}]}
        required[section] = {
            "additionalProperties": {"type": "object", "required": definition.pop("required", [])}
        }
    for kind, place in definitions.get("Policies", {}).get("properties", {}).items():
        place["anyOf"] = policy_schema(kind)
    for name in scales():
        section, _, last = name.rpartition(".")
        field = at(definitions, f"{section.capitalize() or 'Firm'}.properties.{last}")
        if field is not None:  # mechanisms of others have other parameters
            field["description"] += f"\n{level_lines(name)}"
    for definition in definitions.values():
        if "one_off" in definition.get("properties", {}):
            _name_moves(definition)
    properties["extends"] = {
        "type": "string",
        "title": "Extends",
        "description": "A file beside this one, or the name of a scenario that ships",
    }
    properties["extends_digest"] = {
        "type": "string",
        "title": "Extends digest",
        "description": "Digest of what is extended; the file is refused where that has changed",
        "pattern": "^[0-9a-f]{16}$",
    }
    properties["replace_events"] = {
        **{key: value for key, value in properties["events"].items() if key != "default"},
        "title": "Replace events",
        "description": "In a file that extends another: events in place of all that it has",
    }
    properties["events"]["description"] += "; in a file that extends another, further ones"
    result["if"] = {"not": {"required": ["extends"]}}
    result["then"] = {"required": result.pop("required"), "properties": required}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **result,
        "title": "cxsim scenario",
        "description": "A scenario of the customer strategy laboratory",
    }


def _name_moves(programme: dict[str, Any]) -> None:
    """Let a programme name a move of the menu in place of its changes."""
    programme["properties"] |= {
        "move": {
            "enum": [name for name, each in moves().items() if not each.missing],
            "title": "Move",
            "description": "A move of the menu, whose changes these are",
        },
        "size": {"type": "number", "title": "Size", "description": "Size of the move"},
        "unit_cost": {
            "type": "number", "title": "Unit cost", "description": "What each use of it costs"
        },
        "touchpoint": {
            "type": "string", "title": "Touchpoint", "description": "Where the move is made"
        },
    }  # fmt: skip
    programme.pop("required", None)
    programme["anyOf"] = [{"required": [key]} for key in ("changes", "move")]
