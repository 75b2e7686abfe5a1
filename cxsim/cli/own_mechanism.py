"""The files that `cxsim new FOLDER --mechanism NAME` lays out: module, scenario, test and page."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from cxsim.cli.terminal import UserError
from cxsim.files.whole import is_file
from cxsim.messages import found
from cxsim.model.mechanism_registry import registered

_MODULE = Template('''\
"""$Title: say in one line what it is."""

import cxsim as cx
from cxsim.model.mechanism import Mechanism, Pass
from cxsim.parameters import Parameters, parameter


class $Class(Parameters):
    """Parameters of the market; a class for firms or for segments works the same."""

    ${name}_effect: float | None = parameter(
        None, doc="Worth that every firm's offer gains", unit="currency", source="assumption"
    )


# A rule: a small function of numbers that reads like its equation.


def ${name}_worth(effect: float) -> float:
    """Return what an offer gains, e, currency."""
    return effect


# A pass: a loop over a block of customers. Its arguments name what it reads and writes.


def add_$name(n, n_firms, value, market_${name}_effect):
    """Add the effect to the value of each firm's offer."""
    for e in range(len(value)):
        for f in range(n_firms):
            for i in range(n):
                value[e, f, i] += ${name}_worth(market_${name}_effect[0])


$NAME = cx.register(Mechanism(
    "$name",
    doc="$Title",
    market=$Class,
    passes=(Pass(add_$name, "add", term="$words"),),
    active=lambda scenario: scenario.${name}_effect is not None,
))
''')

_SCENARIO = Template("""\
extends: baseline
imports: [$name]
${name}_effect: 5
""")

_TEST = Template('''\
"""What $words does. Run `pytest` in this folder, after `cxsim trust .`."""

from pathlib import Path

import pandas as pd

import cxsim as cx

SMALL = {"customers": 100, "periods": 12}
WITH = cx.load(Path(__file__).with_name("$name.yaml"), SMALL)


def test_both_engines_agree_to_the_bit():
    frames = [cx.run(WITH, seed=1, engine=engine).firms for engine in ("columnar", "agents")]
    pd.testing.assert_frame_equal(*frames, check_exact=True)


def test_absent_means_the_model_without_it():
    absent = cx.run(WITH.override({"${name}_effect": None}), seed=1).firms
    pd.testing.assert_frame_equal(
        absent, cx.run(cx.load("baseline", SMALL), seed=1).firms, check_exact=True
    )


def test_a_better_offer_sells_more():
    more, as_before = (
        cx.run(scenario, seed=1).firms["purchases"].sum()
        for scenario in (WITH, WITH.override({"${name}_effect": 0}))
    )
    assert more > as_before
''')

_PAGE = Template("""\
# $Title

| symbol | parameter | meaning | unit | default | source |
|---|---|---|---|---|---|
| e | `${name}_effect` | worth that every firm's offer gains | currency | absent | assumption |

**Rule.** The value of each firm's offer rises by e.

**Phase.** `add`: currency terms of each option's utility.

**What it leaves out.** Say here what the mechanism does not do, and why that does not matter for
your question.

    cxsim trust .                                # once: the module is a program
    cxsim compare baseline $name.yaml --seeds 5
""")


def lay_out_mechanism(folder: str, name: str) -> list[Path]:
    """Write a module, a scenario, a test and a page of a new mechanism, none over another.

    Parameters
    ----------
    folder : str
    name : str
        A name of Python in lower case, which no mechanism has.

    Raises
    ------
    UserError
        If the name cannot be used, or one of the files is there.
    """
    if not re.fullmatch("[a-z][a-z0-9_]*", name) or not name.isidentifier():
        what = "a name of small letters, digits and underscores"
        raise UserError(f"new: --mechanism: expected {what}, found {found(name)}")
    if name in {each.name for each in registered()}:
        raise UserError(f"new: --mechanism: expected a new name, found {name!r}, which is built in")
    words = name.replace("_", " ")
    facts = {
        "name": name, "NAME": name.upper(), "words": words, "Title": words.capitalize(),
        "Class": words.title().replace(" ", ""),
    }  # fmt: skip
    texts = {f"{name}.py": _MODULE, f"{name}.yaml": _SCENARIO, f"test_{name}.py": _TEST,
             f"{name}.md": _PAGE}  # fmt: skip
    place = Path(folder)
    there = [file for file in texts if is_file(place / file)]
    if there:
        raise UserError(f"new: expected no file {place / there[0]}, found one")
    try:
        place.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            (place / file).write_text(text.substitute(facts), encoding="utf-8")
    except OSError as error:
        what = (error.strerror or str(error)).lower()
        raise UserError(f"{folder}: expected a folder that can be written, found {what}") from None
    return [place / file for file in texts]
