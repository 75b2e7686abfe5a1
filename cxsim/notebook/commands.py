"""How to make a report again: the same parameters as a shell command, by papermill, in Python."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from cxsim.notebook.parameters import split_names, split_overrides

__all__ = ["as_command", "as_papermill", "as_python"]


def as_command(notebook: str, parameters: Mapping[str, Any]) -> str:
    """Return the ``cxsim`` command that makes a report."""
    rest = dict(parameters)
    if notebook == "compare":
        words = ["cxsim", "compare", *split_names(rest.pop("scenarios"))]
    elif notebook == "sweep":
        return shlex.join(["cxsim", "sweep", *_sweep_words(rest)])
    elif notebook == "decide":
        words = ["cxsim", "decide", rest.pop("scenario")]
        rest = {name: value for name, value in rest.items() if value != ""}
    elif notebook == "scenario":
        words = ["cxsim", "run", rest.pop("scenario")]
    else:
        words = ["cxsim", "run", notebook]
    overrides = split_overrides(rest.pop("overrides", ""))
    own = notebook in ("compare", "decide", "scenario")
    for name, value in rest.items():
        words += [f"--{name}", str(value)] if own else ["-p", f"{name}={value}"]
    for text in overrides:
        words += ["-s", text]
    return shlex.join(words)


def as_papermill(notebook: str, parameters: Mapping[str, Any]) -> str:
    """Return the papermill command that makes a report."""
    words = ["papermill", f"notebooks/{notebook}.ipynb", "out.ipynb"]
    for name, value in parameters.items():
        if value != "":
            words += ["-p", name, str(value)]
    return shlex.join(words)


def as_python(notebook: str, parameters: Mapping[str, Any]) -> str:
    """Return the lines of Python that make the numbers of a report."""
    overrides = split_overrides(parameters.get("overrides", ""))
    more = f", overrides={overrides!r}" if overrides else ""
    if notebook == "compare":
        names = ", ".join(repr(name) for name in split_names(parameters["scenarios"]))
        more = f", seeds={parameters['seeds']}, confidence={parameters['confidence']}{more}"
        call = f"cx.compare({names}{more})"
    elif notebook == "sweep":
        place = f", store={parameters['store']!r}" if parameters.get("store") else ""
        call = f"cx.sweep({parameters['study']!r}{place}, jobs={parameters['jobs']})"
    elif notebook == "decide":
        return _decide_lines(parameters, overrides)
    elif notebook == "scenario":
        call = f"cx.run({parameters['scenario']!r}, seed={parameters['seed']}{more})"
    else:
        given = {name: value for name, value in parameters.items() if value != ""}
        start = "from cxsim.notebook.runner import run_notebook"
        return f"{start}\nresult = run_notebook({notebook!r}, {given!r}, output_folder='again')"
    return f"import cxsim as cx\nresult = {call}"


def _decide_lines(parameters: Mapping[str, Any], overrides: list[str]) -> str:
    """Return the lines of Python that make a decision."""
    names = ("options", "uncertainties", "rival", "points", "seeds", "confidence")
    given = [f"{name}={parameters[name]!r}" for name in names if parameters.get(name, "") != ""]
    firm = f", {parameters['firm']!r}" if parameters.get("firm") else ""
    if not parameters.get("panel"):
        given += [f"overrides={overrides!r}"] if overrides else []
        call = f"cx.decide({', '.join([repr(parameters['scenario']) + firm, *given])})"
        return f"import cxsim as cx\nresult = {call}"
    more = f", overrides={overrides!r}" if overrides else ""
    start = f"from_panel({parameters['panel']!r}, draws={parameters['points']}{more})"
    call = f"cx.decide({', '.join(['market' + firm, 'drawn=drawn', *given])})"
    return (
        "import cxsim as cx\nfrom cxsim.notebook.deciding import from_panel\n"
        f"market, drawn, _ = {start}\nresult = {call}"
    )


def _sweep_words(parameters: Mapping[str, Any]) -> list[str]:
    """Return the arguments of ``cxsim sweep``."""
    words = [str(parameters["study"]), "-j", str(parameters["jobs"])]
    if parameters.get("store"):
        words += ["--store", str(parameters["store"])]
    if parameters.get("seeds"):
        words += ["--seeds", str(parameters["seeds"])]
    return words
