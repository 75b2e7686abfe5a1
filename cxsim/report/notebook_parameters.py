"""The parameters of a notebook: what its cell declares, and whether what is given fits.

One annotated value a line, its help in the comment::

    seeds: int = 20  # paired seeds, 1 to 10000

A range in the help (``1 to 10000``) is checked. The names ``scenario``, ``scenarios`` and
``overrides`` mean what they say, so what they are given is loaded and checked as well.

:func:`checked` looks at what is given before a notebook starts, :func:`read_parameters` in the
notebook itself, where plain papermill, a scheduler or a form may have put anything.
"""

from __future__ import annotations

import ast
import io
import json
import math
import re
import shlex
import tokenize
import warnings
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cxsim.messages import found, hint, number, whole
from cxsim.report.notebooks import NotebookInputError, read_notebook
from cxsim.scenario import EventsLeftOutWarning, Scenario, parse_override
from cxsim.scenario.events import split_overrides
from cxsim.scenario.named_policies import checked_code

# -- The parameters of a notebook: what its cell declares, and whether what is given fits ------


_KINDS: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


#: First line of the cell in which papermill puts what a notebook is given.
_INJECTED = "# Parameters\n"


_NUMBER = r"-?\d[\d_]*(?:\.\d+)?"


_RANGE = re.compile(rf"({_NUMBER}) to ({_NUMBER})")


#: Texts for which lists and mappings may stand: of PATH=VALUE, of names, of YAML.
_PAIRS = ("overrides", "counter", "predictions", "answers", "industry", "assessed")


_NAMES = ("scenarios",)


_YAML = ("options", "uncertainties")


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
        """The permitted values, in words."""
        if self.low == -math.inf:
            return _WORDS[self.kind]
        return f"{_WORDS[self.kind]} from {self.low:.10g} to {self.high:.10g}"

    def value(self, given: Any) -> Any:
        """Return a given value as a plain value of the parameter's type.

        Texts are read, as they come from a command line.

        Raises
        ------
        ValueError
            If it is none, or out of range.
        """
        if self.kind is str:
            return _text(self.name, given)
        if self.kind is bool:
            return _truth(given)
        read = whole if self.kind is int else number
        return read(given, self.name, low=self.low, high=self.high)


def _truth(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    if isinstance(given, str) and given.strip().lower() in _TRUTH:
        return _TRUTH[given.strip().lower()]
    raise ValueError(given)


def _text(name: str, given: Any) -> str:
    """Return a text; lists and mappings only where the text would stand for one."""
    if isinstance(given, (str, Path)):
        return str(given)
    if name in _PAIRS and isinstance(given, Mapping):
        return ", ".join(f"{key}={_json(value)}" for key, value in given.items())
    if name in _YAML and isinstance(given, Mapping):
        return _json(given)
    if isinstance(given, Sequence) and all(isinstance(each, str) for each in given):
        if name in _PAIRS:
            return join_overrides(given)
        if name in _NAMES and not any("," in each for each in given):
            return ",".join(given)
    raise ValueError(given)


def _json(value: Any) -> str:
    """Return plain data, numbers of NumPy among them, as a text that YAML reads too."""

    def plain(each: Any) -> Any:
        if hasattr(each, "tolist"):
            return each.tolist()
        raise ValueError(each)

    return json.dumps(value, default=plain, allow_nan=False)


def declared(path: Path) -> dict[str, Parameter]:
    """Return declarations of the cell tagged ``parameters``, by name; none without such a cell.

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
    return _declared_in("".join(tagged[0].get("source", "")), str(path))


def _declared_in(source: str, place: str) -> dict[str, Parameter]:
    """Return the declarations of a cell of parameters, by name."""
    where = f"{place}: parameters cell" if place else "parameters cell"
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        text = f"{where}, line {error.lineno}: expected Python, found {error.msg}"
        raise NotebookInputError(text) from None
    comments = _comments(source)
    return {
        parameter.name: parameter
        for statement in statements
        for parameter in [_parameter(statement, comments.get(statement.lineno, ""), where)]
    }


def _comments(source: str) -> dict[int, str]:
    """Return the comments of a source by line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _parameter(statement: ast.stmt, comment: str, where: str) -> Parameter:
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
        f"{where}, line {statement.lineno}: expected NAME: str, int, float or bool "
        f"= VALUE, found {ast.unparse(statement)}"
    )


def checked(path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return values for a notebook, as plain data that papermill can put in.

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
        If a scenario or an override is not valid, or its code is of a folder not trusted.
    """
    known = declared(path)
    values = _fitting(known, given, f"{path.name}: ")
    _check_scenarios({**{name: each.default for name, each in known.items()}, **values}, path)
    return values


def _fitting(
    known: Mapping[str, Parameter], given: Mapping[str, Any], place: str = ""
) -> dict[str, Any]:
    """Return given values as values of the declared types.

    Raises
    ------
    NotebookInputError
        One line per name that is not declared and value that does not fit.
    """
    problems, values = [], {}
    for name, value in given.items():
        if name not in known:
            what = f"no parameter of this name{hint(name, known, listed=16)}"
            problems.append(f"{place}{name}: found {what}")
            continue
        try:
            values[name] = known[name].value(value)
        except ValueError:
            problems.append(f"{place}{name}: expected {known[name].expected}, found {found(value)}")
    if problems:
        raise NotebookInputError("\n".join(problems))
    return values


def read_parameters(variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """Make a notebook's parameters what they say, or stop it in its first cell.

    What was put in by papermill is compared with what the cell of parameters declares: a
    misspelt name would otherwise run for minutes with the default.

    Parameters
    ----------
    variables : dict
        The notebook's ``globals()``; the parameters in them become plain values of their
        types, a text ``"3"`` the number 3.

    Returns
    -------
    dict
        The parameters by name.

    Raises
    ------
    NotebookInputError
        One line per name that is not declared and value that does not fit.
    """
    cells = [each for each in variables.get("In", ()) if isinstance(each, str)]
    place = next((k for k in reversed(range(len(cells))) if _declares(cells[k])), None)
    if place is None:
        if "In" not in variables:
            return {}  # a script made of the notebook: nobody puts anything in
        raise NotebookInputError("expected the cell of parameters to have run before this one")
    known = _declared_in(cells[place], "")
    absent = [name for name in known if name not in variables]
    if absent:
        raise NotebookInputError(f"{absent[0]}: expected a value, found none")
    put_in = [name for cell in cells[place + 1 :] for name in _assigned(cell)]
    values = _fitting(known, {name: variables[name] for name in [*known, *put_in]})
    variables.update(values)
    return values


def _declares(source: str) -> bool:
    """Whether a cell that has run declares parameters and does nothing else."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError):
        return False
    return bool(statements) and all(
        isinstance(each, ast.AnnAssign)
        and isinstance(each.annotation, ast.Name)
        and each.annotation.id in _KINDS
        for each in statements
    )


def _assigned(source: str) -> list[str]:
    """Return the names that papermill's own cell assigns; none for any other cell."""
    if not source.startswith(_INJECTED):
        return []
    return [
        target.id
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    ]


def _check_scenarios(values: Mapping[str, Any], path: Path) -> None:
    """Load the scenarios with their overrides: what is wrong shows before a kernel starts."""
    overrides = split_overrides(str(values.get("overrides", "")))
    if "scenario" in values and not values.get("panel"):  # a panel takes its place
        checked_code(Scenario.load(values["scenario"], overrides))
    if "study" in values:
        from cxsim.study.study import Study

        study = Study.load(values["study"])
        if study.base is not None:
            checked_code(study.base)
    if "scenarios" in values:
        names = split_names(values["scenarios"])
        if len(names) < 2:
            what = f"expected two or more names, found {found(values['scenarios'])}"
            raise NotebookInputError(f"{path.name}: scenarios: {what}")
        scenarios = {name: Scenario.load(name, overrides) for name in names}
        for each in scenarios.values():
            checked_code(each)
        periods = {name: int(each.periods) for name, each in scenarios.items()}
        if len(set(periods.values())) > 1:
            what = ", ".join(f"{number} in {name}" for name, number in periods.items())
            raise NotebookInputError(
                f"periods: expected the same in all scenarios, found {what} "
                "(set it for all with -s periods=N)"
            )


def loaded(name: str, overrides: Iterable[str] = ()) -> Scenario:
    """Return a scenario for a report, which says itself what a shortened run leaves out.

    Parameters
    ----------
    name : str
        Name or file of a scenario.
    overrides : iterable of str
        Each ``PATH=VALUE``.

    Returns
    -------
    Scenario
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EventsLeftOutWarning)
        return Scenario.load(name, list(overrides))


def split_names(text: str) -> list[str]:
    """Return names that stand in one text, with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def join_overrides(texts: Iterable[str]) -> str:
    """Return overrides as one text that :func:`split_overrides` takes apart again.

    Parameters
    ----------
    texts : iterable of str
        Each ``PATH=VALUE``.

    Returns
    -------
    str

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


# -- How to make a report again: the same parameters as a shell command, by papermill, in Python


@dataclass(frozen=True)
class _Way:
    """Commands that reproduce a notebook's report: ``cxsim VERB`` and ``cx.VERB``.

    Attributes
    ----------
    verb : str
    first : tuple of str
        Parameters that go without their names in Python; in a shell the first of them does.
    keywords : tuple of str
        Parameters that Python takes by name.
    flags : mapping of str to str
        Options of the shell by parameter; without any, each parameter's own name.
    unsaid : tuple
        Values that mean that nothing is asked for.
    """

    verb: str
    first: tuple[str, ...]
    keywords: tuple[str, ...]
    flags: Mapping[str, str] = field(default_factory=dict)
    unsaid: tuple[Any, ...] = ("",)


#: Notebooks that have a command and a function of their own; all others are run by name.
_WAYS = {
    "compare": _Way("compare", ("scenarios",), ("seeds", "confidence", "draws")),
    "decide": _Way(
        "decide",
        ("scenario", "firm"),
        ("options", "uncertainties", "rival", "points", "seeds", "confidence", "draws"),
    ),
    "scenario": _Way("run", ("scenario",), ("seed",)),
    "sweep": _Way(
        "sweep",
        ("study",),
        ("store", "jobs"),
        {"jobs": "-j", "store": "--store", "seeds": "--seeds"},
        unsaid=("", 0),
    ),
}


def as_command(notebook: str, parameters: Mapping[str, Any]) -> str:
    """Return the ``cxsim`` command that makes a report.

    Parameters
    ----------
    notebook : str
        Name of a notebook that ships.
    parameters : mapping of str to object
        By name; those that are empty are left out.

    Returns
    -------
    str
    """
    way, rest = _WAYS.get(notebook), dict(parameters)
    overrides = split_overrides(rest.pop("overrides", ""))
    if way is None:
        words = ["run", notebook]
        words += [word for name, value in rest.items() for word in ("-p", f"{name}={value}")]
    else:
        words = [way.verb, *_named(way.first[0], rest.pop(way.first[0]))]
        for name, flag in (way.flags or {name: f"--{name}" for name in rest}).items():
            if rest.get(name, "") not in way.unsaid:
                words += [flag, str(rest[name])]
    words += [word for text in overrides for word in ("-s", text)]
    return shlex.join(["cxsim", *words])


def as_papermill(notebook: str, parameters: Mapping[str, Any]) -> str:
    """Return the papermill command that makes a report.

    Parameters
    ----------
    notebook : str
        Name of a notebook that ships.
    parameters : mapping of str to object
        By name; those that are empty are left out.

    Returns
    -------
    str
    """
    words = ["papermill", f"notebooks/{notebook}.ipynb", "out.ipynb"]
    for name, value in parameters.items():
        if value != "":
            words += ["-p", name, str(value)]
    return shlex.join(words)


def as_python(notebook: str, parameters: Mapping[str, Any]) -> str:
    """Return the lines of Python that make the numbers of a report.

    Parameters
    ----------
    notebook : str
        Name of a notebook that ships.
    parameters : mapping of str to object
        By name; those that are empty are left out.

    Returns
    -------
    str
        Several lines.
    """
    way, given = _WAYS.get(notebook), {k: v for k, v in parameters.items() if v != ""}
    if way is None:
        start = "from cxsim.report.notebook_run import run_notebook"
        return f"{start}\nresult = run_notebook({notebook!r}, {given!r}, output_folder='again')"
    lines = ["import cxsim as cx"]
    first = [
        repr(each) for name in way.first if name in given for each in _named(name, given[name])
    ]
    named = [f"{name}={given[name]!r}" for name in way.keywords if name in given]
    if notebook == "decide" and given.get("goal"):
        from cxsim.report.brief import goal_named

        named.insert(0, f"measure={goal_named(given['goal'])!r}")
    overrides = split_overrides(parameters.get("overrides", ""))
    changed = [f"overrides={overrides!r}"] if overrides else []
    if notebook == "decide" and given.get("panel"):  # it takes the scenario's place
        how = [f"table={given['table']!r}"] if given.get("table") else []
        source = ", ".join([repr(given["panel"]), f"draws={given['points']}", *changed, *how])
        lines += [
            "from cxsim.report.decision_tables import market_from_panel",
            f"market, drawn, _ = market_from_panel({source})",
        ]
        first, named, changed = ["market", *first[1:]], ["draws=drawn", *named], []
    return "\n".join([*lines, f"result = cx.{way.verb}({', '.join([*first, *named, *changed])})"])


def _named(name: str, value: Any) -> list[str]:
    """Return the texts that a parameter's value stands for."""
    return split_names(value) if name in _NAMES else [str(value)]
