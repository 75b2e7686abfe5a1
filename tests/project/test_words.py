"""Pages use the field's words: none of those that docs/style.md replaces, and names that exist."""

from __future__ import annotations

import io
import re
import token
import tokenize
from pathlib import Path

import pytest

import cxsim as cx
from cxsim.engine.rules import names_of_rules
from cxsim.model.mechanism_registry import PROBES, registered
from cxsim.runs.measures.measure_registry import measures
from cxsim.scenario.schema import schema_for

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

#: Files whose words are checked. To check the package too, add "cxsim/**/*.py".
SCOPE = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ".github/**/*.md",
    "docs/*.md",
    "docs/api/*.md",
    "docs/howto/*.md",
)
#: Pages that name the words, and pages that programs write from what the package says.
LEFT_OUT = {
    f"docs/{name}.md"
    for name in (
        *("style", "glossary", "changelog"),
        *("validation", "claims", "competition", "benchmarks", "course_answers"),
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


def prose(path):
    """The text of a file with all that is no prose blanked, so that lines keep their numbers."""
    text = text_of(path)
    if path.suffix == ".md":
        return NO_PROSE.sub(blank, text)
    if path.suffix != ".py":
        return text
    lines = [""] * (text.count("\n") + 2)
    said = {token.STRING, token.COMMENT, getattr(token, "FSTRING_MIDDLE", token.STRING)}
    for each in tokenize.generate_tokens(io.StringIO(text).readline):
        if each.type in said:
            for k, line in enumerate(each.string.split("\n")):
                lines[each.start[0] - 1 + k] += f" {line}"
    return re.sub(r"``.+?``|`[^`\n]+`", blank, "\n".join(lines))


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


@pytest.mark.parametrize("path", CHECKED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_uses_the_words_of_the_field(path):
    found = offenders(path)
    assert not found, "\n" + "\n".join(found)


def test_words_are_found_in_prose_over_lines_and_not_in_code(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "A range that nobody\nknows, foretelling it: `hassle`.\n\n    hassle: 3\n\n"
        "```yaml\nhassle: 3\n```\n\n![hassle](hassle.png) and [more](hassle.md).\n"
    )
    assert [line.split(" -> ")[0] for line in offenders(page)] == [
        "page.md:1: nobody knows",
        "page.md:2: foretelling",
    ]
    module = tmp_path / "module.py"
    module.write_text('"""Of ``hassle``.\n\nReckon."""\n\nhassle = f"{1} hearsay"  # to be had\n')
    assert [line.split(" -> ")[0] for line in offenders(module)] == [
        "module.py:3: Reckon",
        "module.py:5: hearsay",
        "module.py:5: to be had",
    ]


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
