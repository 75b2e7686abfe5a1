"""The parameters of a notebook: what its cell declares, and whether what is given fits.

One annotated value a line, its help in the comment::

    seeds: int = 20  # paired seeds, 1 to 10000

A range in the help (``1 to 10000``) is checked. The names ``scenario``, ``scenarios`` and
``overrides`` mean what they say, so what they are given is loaded and checked as well.
"""

from __future__ import annotations

import ast
import io
import json
import math
import operator
import re
import tokenize
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxsim.notebook.catalogue import NotebookInputError, read_notebook
from cxsim.scenario import EventsLeftOutWarning, Scenario, parse_override
from cxsim.scenario.messages import found, hint

__all__ = [
    "Parameter",
    "checked",
    "declared",
    "join_overrides",
    "loaded",
    "split_names",
    "split_overrides",
]

_KINDS: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_NUMBER = r"-?\d[\d_]*(?:\.\d+)?"
_RANGE = re.compile(rf"({_NUMBER}) to ({_NUMBER})")
_TRUTH = {"true": True, "yes": True, "on": True, "1": True,
          "false": False, "no": False, "off": False, "0": False}  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One line of a notebook's cell of parameters.

    Attributes
    ----------
    name : str
    kind : type
        str, int, float or bool.
    default : str, int, float or bool
    help : str
    low, high : float
        Range, infinite if the help names none.
    """

    name: str
    kind: type
    default: Any
    help: str = ""
    low: float = -math.inf
    high: float = math.inf

    @property
    def expected(self) -> str:
        """What may be given, in words."""
        if self.low == -math.inf:
            return _WORDS[self.kind]
        return f"{_WORDS[self.kind]} from {self.low:.10g} to {self.high:.10g}"

    def value(self, given: Any) -> Any:
        """Return what is given as a plain value of the parameter's type.

        Texts are read, as they come from a command line.

        Raises
        ------
        ValueError
            If it is none, or out of range.
        """
        value = _converted(self.kind, given)
        if self.kind in (int, float) and not self.low <= value <= self.high:
            raise ValueError(given)
        return value


def _converted(kind: type, given: Any) -> Any:
    if kind is str:
        if not isinstance(given, (str, Path)):
            raise ValueError(given)
        return str(given)
    if kind is bool:
        if isinstance(given, bool):
            return given
        if isinstance(given, str) and given.strip().lower() in _TRUTH:
            return _TRUTH[given.strip().lower()]
        raise ValueError(given)
    if isinstance(given, bool):
        raise ValueError(given)  # noqa: TRY004 (one error for all that does not fit)
    if kind is int and not isinstance(given, str):
        try:
            return operator.index(given)
        except TypeError:
            raise ValueError(given) from None
    try:
        number = kind(given)
        is_number = math.isfinite(number)
    except (TypeError, OverflowError):  # a whole number that no double holds
        raise ValueError(given) from None
    if not is_number:
        raise ValueError(given)
    return number


def declared(path: Path) -> dict[str, Parameter]:
    """Return what the cell tagged ``parameters`` declares, by name; nothing without such a cell.

    Raises
    ------
    NotebookInputError
        If the file is no notebook, or the cell holds anything but annotated values.
    """
    tagged = [
        cell
        for cell in read_notebook(path)["cells"]
        if "parameters" in cell.get("metadata", {}).get("tags", ())
    ]
    if not tagged:
        return {}
    source = "".join(tagged[0].get("source", ""))
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        where = f"{path}: parameters cell, line {error.lineno}"
        raise NotebookInputError(f"{where}: expected Python, found {error.msg}") from None
    comments = _comments(source)
    return {
        parameter.name: parameter
        for statement in statements
        for parameter in [_parameter(statement, comments.get(statement.lineno, ""), path)]
    }


def _comments(source: str) -> dict[int, str]:
    """Return the comments of a source by line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _parameter(statement: ast.stmt, comment: str, path: Path) -> Parameter:
    if (
        isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(statement.annotation, ast.Name)
        and statement.annotation.id in _KINDS
        and statement.value is not None
    ):
        kind = _KINDS[statement.annotation.id]
        bounds = _RANGE.search(comment) if kind in (int, float) else None
        low, high = (float(text) for text in bounds.groups()) if bounds else (-math.inf, math.inf)
        try:
            default = ast.literal_eval(statement.value)
        except ValueError:
            pass
        else:
            return Parameter(statement.target.id, kind, default, comment, low, high)
    raise NotebookInputError(
        f"{path}: parameters cell, line {statement.lineno}: expected NAME: str, int, float or bool "
        f"= VALUE, found {ast.unparse(statement)}"
    )


def checked(path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a notebook is given, as plain values that papermill can put in.

    Parameters
    ----------
    path : Path
        The notebook.
    given : mapping
        Values by name; texts stand for what they say.

    Raises
    ------
    NotebookInputError
        One line per name that is not declared and value that does not fit.
    ScenarioError
        If a scenario or an override is not valid.
    """
    known = declared(path)
    problems, values = [], {}
    for name, value in given.items():
        if name not in known:
            what = f"no parameter of this name{hint(name, known, listed=12)}"
            problems.append(f"{path.name}: {name}: found {what}")
            continue
        try:
            values[name] = known[name].value(value)
        except ValueError:
            expected = known[name].expected
            problems.append(f"{path.name}: {name}: expected {expected}, found {found(value)}")
    if problems:
        raise NotebookInputError("\n".join(problems))
    _check_scenarios({**{name: each.default for name, each in known.items()}, **values}, path)
    return values


def _check_scenarios(values: Mapping[str, Any], path: Path) -> None:
    """Load the scenarios with their overrides: what is wrong shows before a kernel starts."""
    overrides = split_overrides(str(values.get("overrides", "")))
    if "scenario" in values and not values.get("panel"):  # a panel takes its place
        Scenario.load(values["scenario"], overrides)
    if "study" in values:
        from cxsim.study.plan import Study

        Study.load(values["study"])
    if "scenarios" in values:
        names = split_names(values["scenarios"])
        if len(names) < 2:
            what = f"expected two or more names, found {found(values['scenarios'])}"
            raise NotebookInputError(f"{path.name}: scenarios: {what}")
        periods = {name: int(Scenario.load(name, overrides).periods) for name in names}
        if len(set(periods.values())) > 1:
            what = ", ".join(f"{number} in {name}" for name, number in periods.items())
            raise NotebookInputError(
                f"periods: expected the same in all scenarios, found {what} "
                "(set it for all with -s periods=N)"
            )


def loaded(name: str, overrides: Iterable[str] = ()) -> Scenario:
    """Return a scenario for a report, which says itself what a shortened run leaves out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EventsLeftOutWarning)
        return Scenario.load(name, list(overrides))


def split_names(text: str) -> list[str]:
    """Return names that stand in one text, with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def split_overrides(text: str) -> list[str]:
    """Return overrides that stand in one text, with commas or new lines between them.

    Commas within brackets and quotation marks belong to a value.

    Examples
    --------
    >>> split_overrides("firms.Tailor.price=12, segments.All.need_mean=[1, 2]")
    ['firms.Tailor.price=12', 'segments.All.need_mean=[1, 2]']
    """
    parts, start, depth, quote, before = [], 0, 0, "", "="
    for position, character in enumerate(text):
        if quote:
            closes = character == quote and (quote == "'" or before != "\\")
            quote = "" if closes else quote
        elif character in "\"'" and before in "=,[{:":  # elsewhere it is an apostrophe
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character in ",\n" and depth <= 0:
            parts.append(text[start:position])
            start = position + 1
        before = before if character == " " and not quote else character
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def join_overrides(texts: Iterable[str]) -> str:
    """Return overrides as one text that :func:`split_overrides` takes apart again.

    Raises
    ------
    ScenarioError
        If one is not of the form PATH=VALUE.
    """
    parts = []
    for text in texts:
        path, value = parse_override(text)
        plain = split_overrides(text) == [text.strip()]
        parts.append(text.strip() if plain else f"{path}={json.dumps(value, default=str)}")
    return ", ".join(parts)
