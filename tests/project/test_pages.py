"""Pages say what is so: what they show runs, what they list is all there is."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import inspect
import re
import shlex
import sys
import tomllib
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, script_from_examples
from itertools import chain
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from own_mechanisms import forgotten
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from sybil import Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

import cxsim as cx
from cxsim.cli.app import cli, run
from lab.pages import architecture, model

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TRIED = [DOCS / "tutorial.md", *sorted((DOCS / "howto").glob("*.md"))]


def text_of(path):
    return path.read_text(encoding="utf-8")


# ------------------------------------------------------ what pages show is tried


def write_down(example):
    """Write a block of YAML or a module to the file that its first line names."""
    first = example.parsed.splitlines()[0]
    if first.startswith("# ") and first.endswith((".yaml", ".py")):
        Path(first[2:]).write_text(example.parsed, encoding="utf-8")


def carry_out(example):
    """Run the commands of a block of console; they have to succeed."""
    for line in example.parsed.splitlines():
        if line.startswith("$ cxsim "):
            assert run(shlex.split(line[8:], comments=True)) == 0, line


PAGES = Sybil(
    parsers=[
        PythonCodeBlockParser(doctest_optionflags=ELLIPSIS | NORMALIZE_WHITESPACE),
        CodeBlockParser(language="yaml", evaluator=write_down),
        CodeBlockParser(language="py", evaluator=write_down),
        CodeBlockParser(language="console", evaluator=carry_out),
    ]
)


#: Pages whose code is compiled when they are tried.
SLOW = {"own_mechanism"}


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.slow] if p.stem in SLOW else []) for p in TRIED],
    ids=lambda path: path.stem,
)
def test_what_a_page_shows_is_what_comes_out(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))  # where trust is remembered
    page = PAGES.parse(path)
    examples = list(page.examples())
    assert examples or path.stem == "index"
    with forgotten():
        for example in examples:
            example.evaluate()
    drawn = [thing for thing in page.namespace.values() if isinstance(thing, Figure)]
    for figure in drawn if path.stem == "tutorial" else ():
        assert cx.plot.alternative_text(figure) in text_of(path), "make figures, and mend the text"


# Other pages show what takes too long to be run here, or needs data; names have to be right.
WRITTEN = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_python_on_a_page_names_what_is_there(path):
    for block in re.findall(r"^```python\n(.*?)^```", text_of(path), re.MULTILINE | re.DOTALL):
        code = block if ">>>" not in block else script_from_examples(block)
        for node in ast.walk(ast.parse(code)):
            dotted = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
            if re.fullmatch(r"cx(\.\w+)+", dotted):
                thing = cx
                for name in dotted.split(".")[1:]:
                    assert hasattr(thing, name), dotted
                    thing = getattr(thing, name)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_commands_on_a_page_have_the_options_that_they_are_given(path):
    commands = re.findall(r"^(?:    |\$ )cxsim +([a-z].*)$", text_of(path), re.MULTILINE)
    for line in commands:
        name, *words = shlex.split(line, comments=True)
        command = cli.get_command(None, name)
        assert command, line
        while hasattr(command, "commands"):  # cxsim store adopt
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        known = {word for option in command.params for word in option.opts}
        given = {word.split("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
        assert given <= known | {"--help", "-h", "--debug"}, line


# ---------------------------------------------------- what is said is all there is


def test_tables_of_the_model_page_are_those_of_the_package():
    page = text_of(model.PAGE)
    assert model.written(page) == page, "python -m lab.pages.model"


def test_every_mechanism_with_parameters_has_its_table_once():
    tables = re.findall(r"<!-- table: parameters (\w+) -->", text_of(model.PAGE))
    assert sorted(tables) == sorted(model.with_parameters())


def test_every_file_that_the_model_page_names_is_there():
    text = text_of(DOCS / "model.md")
    for name in set(re.findall(r"`([\w/]+\.py)`", text)):
        assert any((folder / name).is_file() for folder in (ROOT, ROOT / "cxsim")), name


def test_the_picture_of_the_architecture_is_that_of_the_package():
    assert architecture.drawn() == text_of(architecture.PICTURE), "python -m lab.pages.architecture"
    page = text_of(DOCS / "architecture.md")
    assert "; ".join(", ".join(floor) for floor in architecture.floors()) in page


def test_every_page_can_be_reached_from_the_first_one():
    found = re.findall(r"^([\w/]+)$", text_of(DOCS / "index.md"), re.MULTILINE)
    assert {path.stem for path in DOCS.glob("*.md")} - {"index"} <= set(found)


def test_every_public_name_has_a_page():
    listed = {
        name
        for page in (DOCS / "api").glob("*.md")
        for name in re.findall(r"^   (\w+)$", text_of(page), re.MULTILINE)
    }
    modules = {name for name in cx.__all__ if inspect.ismodule(getattr(cx, name))}
    public = {*cx.__all__, *(name for module in modules for name in getattr(cx, module).__all__)}
    assert public - {"__version__", *modules} <= listed


# --------------------------------------------------------------- dependencies


def requirements():
    """Names of the distributions that are asked for: always, and by extras."""
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    extras = chain(*project["optional-dependencies"].values())
    always = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    return always, {canonicalize_name(Requirement(line).name) for line in extras} - always


def tables():
    """Rows of the page of dependencies by heading, name first."""
    pages = re.split(r"^## ", text_of(DOCS / "dependencies.md"), flags=re.MULTILINE)[1:]
    rows = [re.findall(r"^\| `([^`]+)` \|(.*)\|$", page, re.MULTILINE) for page in pages]
    return [{canonicalize_name(name): row.split("|") for name, row in table} for table in rows]


def test_every_dependency_says_what_it_is_for_and_none_is_extra():
    always, extras = requirements()
    first, second, _ = tables()
    assert (set(first), set(second)) == (always, extras)
    assert all(cell.strip() for row in (first | second).values() for cell in row)


#: Modules of the standard library that Python's first versions of ours do not have yet.
LATER = {"annotationlib"}


def test_whatever_the_package_imports_is_asked_for_or_known_to_come_along():
    always, extras = requirements()
    along = tables()[2]
    assert {row[0].strip(" `") for row in along.values()} <= always | extras
    named = set()
    for path in (p for top in ("classroom", "cxsim") for p in (ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, ast.Import):
                named |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                named.add(node.module.split(".")[0])
    sources = importlib.metadata.packages_distributions()
    imported = {
        canonicalize_name(source)
        for name in named - {"classroom", "cxsim", *sys.stdlib_module_names, *LATER}
        for source in sources.get(name, [name])
    }
    assert imported <= always | extras | set(along)
    assert set(along) <= imported
