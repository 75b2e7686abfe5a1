"""What is public says what it takes, gives and raises; its examples come out as shown."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from numpydoc.docscrape import ClassDoc
from numpydoc.validate import validate

import classroom
import classroom.game
import cxsim as cx
from cxsim.study import analysis

PACKAGE = Path(cx.__file__).parent

#: What numpydoc asks for and is not done here, by its codes.
NOT_ASKED = {
    "ES01",  # one line often says it all
    "EX01",  # examples stand where one starts: runs, comparisons, studies, closed forms
    "PR04",  # "band, events: as for lines" has its types there
    "PR07",  # "seeds : int" needs no sentence
    "RT01",  # "Return the sum" says what is returned
    "RT03",  # likewise
    "SA01",  # pages link to each other
}


def name_of(thing):
    return f"{thing.__module__}.{thing.__qualname__}"


def members(kind):
    """Methods and properties that a class of ours defines."""
    for name, member in vars(kind).items():
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        ours = inspect.isfunction(function) and function.__module__ == kind.__module__
        declared = name in getattr(kind, "__dataclass_fields__", ())
        if ours and not declared and not name.startswith("_"):
            yield f"{name_of(kind)}.{name}"


def public():
    """Names, as they are defined, of everything that users may call or look at."""
    found = {}
    for module in (
        cx, cx.plot, cx.analytic, cx.calibration, classroom, classroom.game, analysis,
    ):  # fmt: skip
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing):
                found |= dict.fromkeys([name_of(thing), *members(thing)])
            elif callable(thing):
                found[name_of(thing)] = None
    return list(found)


def made_by_the_package(name):
    """Whether it is a class that users are handed; what it holds stands under Attributes."""
    module, _, last = name.rpartition(".")
    try:
        thing = getattr(importlib.import_module(module), last)
    except ImportError:
        return False  # a method
    return inspect.isclass(thing) and not ClassDoc(thing)["Parameters"]


@pytest.mark.parametrize("name", public())
def test_docstrings_follow_numpydoc(name):
    wrong = {
        code: what
        for code, what in validate(name)["errors"]
        if code not in NOT_ASKED and not (code == "PR01" and made_by_the_package(name))
    }
    assert wrong == {}


def described():
    """Names of whatever in the package has a section of parameters."""
    for found in pkgutil.walk_packages(cx.__path__, "cxsim."):
        if "_shipped" in found.name or found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name, thing in vars(module).items():
            ours = getattr(thing, "__module__", "") == found.name and not name.startswith("_")
            if ours and (inspect.isfunction(thing) or inspect.isclass(thing)):
                named = [f"{found.name}.{name}"]
                named += members(thing) if inspect.isclass(thing) else []
                yield from named


def test_parameters_that_docstrings_name_are_those_there_are():
    """In all of the package: a section of parameters leaves none out and names none that went."""
    wrong = {}
    for name in described():
        checked = validate(name)
        if re.search(r"^Parameters\n-{10}", checked["docstring"], re.MULTILINE):
            wrong |= {
                f"{name}: {code}": what
                for code, what in checked["errors"]
                if code in ("PR01", "PR02") and "**" not in what
            }
    assert wrong == {}


#: How docstrings give the shape of an array and the unit of what is in it.
SHAPE = re.compile(r"\b[Ss]hapes?\b|\((T|customers|points), ?")
UNIT = re.compile(
    r"\b(units?|currency|shares?|probabilit(y|ies)|chances?|distance|scores?|customers|purchases"
    r"|occasions|points|periods?|seconds|bytes|place|inde(x|ices)|numbers?|keys?|log-likelihood)\b",
    re.IGNORECASE,
)


def annotated():
    """Name, function and annotations, as text, of whatever is public in the package."""
    for name in described():
        function = pkgutil.resolve_name(name)
        function = getattr(function, "fget", function)
        if inspect.isroutine(function):
            yield name, function, {k: str(v) for k, v in function.__annotations__.items()}


def test_functions_of_arrays_state_shapes_and_units():
    """Measures of a ledger aside: what they all return stands under ``Measure``."""
    docs = {
        name: inspect.getdoc(function)
        for name, function, types in annotated()
        if re.search("ndarray|NDArray", " ".join(types.values()))
        and not re.search("Mapping|dict", " ".join(types.values()))  # as each of what they name
        and [*types] != ["b", "return"]
    }
    assert len(docs) > 90
    assert [name for name, doc in docs.items() if not SHAPE.search(doc)] == []
    assert [name for name, doc in docs.items() if not UNIT.search(doc)] == []


def test_rules_of_the_model_state_what_they_take_and_return():
    """A rule is a function of numbers; its docstring has their symbols and units."""
    docs = {
        name: inspect.getdoc(function)
        for name, function, types in annotated()
        if name.startswith("cxsim.model.") and set(types.values()) <= {"float", "int", "bool"}
        and len(types) > 1
    }  # fmt: skip
    assert len(docs) > 80
    told = re.compile(r"\nParameters\n-{10}\n.*\nReturns\n-{7}\n", re.DOTALL)
    assert [name for name, doc in docs.items() if not told.search(doc)] == []


MODULES = sorted(
    ".".join(("cxsim", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if re.search(r"^\s*>>> ", path.read_text(encoding="utf-8"), re.MULTILINE)
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_right(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0
    assert "doctest: +SKIP" not in inspect.getsource(module)
