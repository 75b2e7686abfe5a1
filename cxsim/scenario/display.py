"""Scenarios and parameters as tables, as HTML and as a JSON schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxsim.messages import MISSING, found
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
        ``description``, ``mechanism``, ``fixed``, ``newcomers``.
    """
    import pandas as pd

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
    size : str
        What its size is; empty where it has none.
    needs : str
        What the market must have; empty for nothing.
    base : mapping
        What the firm must have before, by parameter.
    given : mapping
        How the value at each path below the firm follows.
    """

    name: str
    does: str
    size: str
    needs: str
    base: Mapping[str, Any]
    given: Mapping[str, Any]

    def changes(self, firm: Mapping[str, Any], size: float | None = None) -> dict[str, Any]:
        """Return the values that the firm's parameters reach, by path.

        Parameters
        ----------
        firm : mapping
            The firm's parameters, for those that change in proportion.
        size : float, optional

        Raises
        ------
        ValueError
            If the move has a size and none was given, or has none.
        """
        if self.size and size is None:
            raise ValueError(f"expected a size of {self.name} ({self.size}), found none")
        if size is not None and not self.size:
            raise ValueError(f"expected no size of {self.name}, found {size:g}")
        made: dict[str, Any] = {}
        for path, rule in self.given.items():
            if not isinstance(rule, Mapping):
                made[path] = rule
            elif "level" in rule:
                made[path] = level_value(rule["level"])
            else:
                assert size is not None
                own = "own" in rule
                made[path] = firm[path] * (1.0 + rule["own"] * size) if own else rule["size"] * size
        return made


def moves() -> dict[str, Move]:
    """Return the menu of moves by name."""
    data, _ = read_yaml(Path(__file__).with_name("moves.yaml"))
    return {
        name: Move(
            name, str(each["does"]), str(each.get("size", "")), str(each.get("needs", "")),
            dict(each.get("base", {})), dict(each["changes"]),
        )
        for name, each in data.items()
    }  # fmt: skip


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
