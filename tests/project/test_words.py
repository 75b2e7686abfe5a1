"""Texts use the field's words: none of those that docs/style.md replaces, and names that exist."""

from __future__ import annotations

import io
import json
import re
import token
import tokenize
from pathlib import Path

import pytest
import ruamel.yaml

import cxsim as cx
from cxsim.engine.rules import names_of_rules
from cxsim.model.mechanism_registry import PROBES, registered
from cxsim.runs.measures.measure_registry import measures
from cxsim.scenario.schema import schema_for

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

#: Files whose words are checked: pages, and texts and comments of code, notebooks, scenarios.
SCOPE = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ".github/**/*.md",
    "docs/*.md",
    "docs/api/*.md",
    "docs/howto/*.md",
    *(
        f"{folder}/**/*.{suffix}"
        for folder in ("cxsim", "classroom", "lab", "notebooks", "params")
        for suffix in ("py", "yaml", "md", "html", "ipynb")
    ),
)
#: Pages that name the words, and pages that programs write from what the package says.
LEFT_OUT = {
    f"docs/{name}.md"
    for name in (
        *("style", "glossary", "changelog"),
        *(
            "validation",
            "estimation",
            "contests",
            "claims",
            "competition",
            "benchmarks",
            "course_answers",
        ),
    )
}

#: What is no prose on a page: parts that programs write, code, pictures, addresses of links.
NO_PROSE = re.compile(
    r"<!-- table.*?<!-- end -->|<!-- (\w+) -->.*?<!-- end of \1 -->"
    r"|^```.*?^```|^~~~.*?^~~~|^(?: {4}|\t).*?$"
    r"|!\[.*?\]\(.*?\)|\]\([^)\s]*\)|``.+?``|`[^`]+`",
    re.DOTALL | re.MULTILINE,
)


def text_of(path):
    return path.read_text(encoding="utf-8")


def rows(text, heading):
    """Cells of all rows of the tables below a heading, without the rows of headings."""
    part = re.split(rf"^#+ {heading}$", text, flags=re.MULTILINE)[1].split("\n## ")[0]
    lines = re.findall(r"^\|(.+)\|$", part, re.MULTILINE)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    at = [k for k, row in enumerate(cells) if set(row[0]) <= set("-: ")]
    return [row for k, row in enumerate(cells) if k not in at and k + 1 not in at]


# ------------------------------------------------------------------------ words


def pattern(word):
    """A word or phrase, over ends of lines too; ``*`` is any ending."""
    parts = [re.escape(part).replace(r"\*", r"\w*") for part in word.split()]
    return re.compile(r"(?<!\w)" + r"\s+".join(parts) + r"(?!\w)", re.IGNORECASE)


WORDS = {
    word.strip(): (pattern(word.strip()), better)
    for words, better, _ in rows(text_of(DOCS / "style.md"), "Words not used")
    for word in words.split(",")
}


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


#: A text in quotes without a space is a name.
A_NAME = re.compile(r"[a-z]*([\"']{1,3})\S*\1", re.IGNORECASE)

#: What is no prose in a text of code: code, names between braces, and names of arguments.
NO_TEXT = re.compile(
    r"``[^`]+``|`[^`\n]+`|\{[^{}\n]*\}|^\s*(\w+, )*\w+ : .*?$|^\s*(>>>|\.\.\.) .*?$",
    re.MULTILINE,
)


def texts_of_python(code):
    """Comments, and texts in quotes unless they are names, in their lines."""
    lines = [""] * (code.count("\n") + 2)
    said = {token.STRING, token.COMMENT, getattr(token, "FSTRING_MIDDLE", token.STRING)}
    runs_on = False
    for each in tokenize.generate_tokens(io.StringIO(code).readline):
        if each.type in said and (runs_on or not A_NAME.fullmatch(each.string)):
            # Without quotes, so that a phrase may run on from one text to the next.
            for k, line in enumerate(each.string.strip("\"'").split("\n")):
                lines[each.start[0] - 1 + k] += f" {line}"
        runs_on = each.type == token.STRING or (runs_on and each.type == token.NL)
    return NO_TEXT.sub(blank, "\n".join(lines))


def texts_of_yaml(text):
    """Comments, and values of more than one word, in their lines."""
    kept = [" " if letter != "\n" else letter for letter in text]
    spans = [match.span() for match in re.finditer(r"(?:^|(?<=\s))#.*", text)]
    spans += [
        (each.start_mark.index, each.end_mark.index)
        for each in ruamel.yaml.YAML(typ="safe", pure=True).scan(text)
        if isinstance(each, ruamel.yaml.ScalarToken) and " " in each.value.strip()
    ]
    for start, end in spans:
        kept[start:end] = text[start:end]
    return NO_TEXT.sub(blank, "".join(kept))


def texts_of_notebook(text):
    """Cells of text, and comments and texts of the others; lines are counted over all cells."""
    return "\n".join(
        NO_PROSE.sub(blank, source) if cell["cell_type"] == "markdown" else texts_of_python(source)
        for cell in json.loads(text)["cells"]
        for source in ["".join(cell["source"])]
    )


READ = {
    ".md": lambda text: NO_PROSE.sub(blank, text),
    ".py": texts_of_python,
    ".yaml": texts_of_yaml,
    ".ipynb": texts_of_notebook,
    ".html": lambda text: text,
}


def prose(path):
    """The text of a file with all that is no prose left blank, so that lines keep their numbers."""
    return READ[path.suffix](text_of(path))


def offenders(path):
    text = prose(path)
    found = [
        (text.count("\n", 0, match.start()) + 1, " ".join(match.group().split()), better)
        for regex, better in WORDS.values()
        for match in regex.finditer(text)
    ]
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return [f"{name}:{line}: {word} -> {better}" for line, word, better in sorted(found)]


CHECKED = sorted(
    path
    for scope in SCOPE
    for path in ROOT.glob(scope)
    if path.relative_to(ROOT).as_posix() not in LEFT_OUT
)


def test_every_kind_of_text_is_checked():
    assert {path.suffix for path in CHECKED} == set(READ)
    assert len(CHECKED) > 300


@pytest.mark.parametrize("path", CHECKED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_text_uses_the_words_of_the_field(path):
    found = offenders(path)
    assert not found, "\n" + "\n".join(found)


def found_in(path):
    """Lines and words that are found in a file."""
    return [line.split(":", 1)[1].split(" -> ")[0] for line in offenders(path)]


def test_words_are_found_in_prose_over_lines_and_not_in_code(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "A range that nobody\nknows, foretelling it: `hassle`.\n\n    hassle: 3\n\n"
        "```yaml\nhassle: 3\n```\n\n![hassle](hassle.png) and [more](hassle.md).\n"
    )
    assert found_in(page) == ["1: nobody knows", "2: foretelling"]
    module = tmp_path / "module.py"
    module.write_text('"""Of ``hassle``.\n\nReckon."""\n\nhassle = f"{1} hearsay"  # to be had\n')
    assert found_in(module) == ["3: Reckon", "5: hearsay", "5: to be had"]


def test_a_name_in_quotes_is_no_prose_and_a_phrase_may_run_on(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(
        '"""Of two.\n\nhassle : float\n    A hassle.\n"""\nx = {"hassle": f"of {hassle}"}\n'
        'y = ("an outside "\n"option")\n'
    )
    assert found_in(module) == ["4: hassle", "7: outside option"]


def test_keys_and_names_in_a_scenario_are_no_prose(tmp_path):
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        "hassle: [hassle, misfit]  # a hassle\nnote: >-\n  Of\n  {hassle} and misfit.\n"
    )
    assert found_in(scenario) == ["1: hassle", "4: misfit"]


def test_words_are_found_in_both_kinds_of_cells(tmp_path):
    notebook = tmp_path / "notebook.ipynb"
    cells = [("markdown", "Of `hassle`,\na misfit."), ("code", "hassle = 1  # to be had")]
    notebook.write_text(
        json.dumps({"cells": [{"cell_type": kind, "source": [text]} for kind, text in cells]})
    )
    assert found_in(notebook) == ["2: misfit", "3: to be had"]


# ------------------------------------------------------------------- the glossary


def names_in_code():
    """Measures, parameters with and without their sections, rules, columns and probes."""
    mechanisms = registered()
    parameters = {".".join(path) for path, _ in schema_for().root.parameters()}
    tails = {name.split("*.", 1)[-1] for name in parameters}
    functions = [step.function for mechanism in mechanisms for step in mechanism.passes]
    return (
        {measure.name for level in ("firm", "market") for measure in measures(level)}
        | parameters
        | tails
        | names_of_rules(functions)
        | {column.name for mechanism in mechanisms for column in mechanism.columns}
        | {f"probes={name}" for name in PROBES}
    )


def is_there(name):
    """Whether a name that starts with ``cx.`` leads somewhere; a class names its attributes."""
    thing = cx
    for part in name.split(".")[1:]:
        if not hasattr(thing, part):
            return bool(re.search(rf"^    (\w+, )*{part}(, \w+)* :", thing.__doc__, re.MULTILINE))
        thing = getattr(thing, part)
    return True


def glossary():
    """Term, definition, cell of names and cell of words not used, by row."""
    text = text_of(DOCS / "glossary.md")
    return [
        row for part in re.findall(r"^## (.+)$", text, re.MULTILINE) for row in rows(text, part)
    ]


def test_every_name_in_the_glossary_is_a_name_in_the_code():
    known = names_in_code()
    unknown = [
        f"{term}: {name}"
        for term, _, code, _ in glossary()
        for name in re.findall(r"`([^`]+)`", code)
        if not (is_there(name) if name.startswith("cx.") else name in known)
    ]
    assert not unknown


def test_the_glossary_defines_each_term_once():
    terms = [re.sub(r"\s*\(.*", "", row[0]).lower() for row in glossary()]
    assert len(terms) > 80
    assert sorted(terms) == sorted(set(terms))
    assert all(row[0] and row[1] for row in glossary())


# ------------------------------------------------------------------ the first page


def test_the_readme_is_short():
    page = text_of(ROOT / "README.md")
    links = re.findall(r"(?<!!)\[[^\]]+\]\([^)]+\)", page)
    assert len(links) <= 10
    assert len(re.findall(r"!\[", page)) == 1, "one picture"
    assert all(command in page for command in ("make demo", "make test", "make lab"))


def test_the_page_of_scenarios_asks_a_question_of_each_that_ships():
    asked = re.findall(
        r"`(\w+)`", " ".join(row[0] for row in rows(text_of(DOCS / "scenarios.md"), "Questions"))
    )
    assert sorted(asked) == sorted(path.stem for path in (ROOT / "params/scenarios").glob("*.yaml"))
