"""The command new --mechanism: a module, its test and its page, to be filled in."""

from __future__ import annotations

import keyword
from pathlib import Path
from string import Template

from cxsim.cli.terminal import UserError, say
from cxsim.files.whole import whole_file
from cxsim.messages import found
from cxsim.model.mechanism_registry import registered

_MODULE = '''\
"""$title: say in a sentence what the mechanism is, and who found it (a source, or "assumption")."""

import cxsim as cx
from cxsim.model.mechanism import Mechanism, Pass
from cxsim.parameters import Parameters, parameter


class SegmentParameters(Parameters):
    """What customers of a segment have of it; None: the market without the mechanism."""

    $name: float | None = parameter(
        None, doc="Worth of the supplier's offer after very many purchases", unit="currency", ge=0
    )


def grown(worth: float, tenure: float) -> float:
    """Return w n / (n + 12), currency, after n purchases: replace it by your own equation."""
    return worth * tenure / (tenure + 12.0)


def add_$name(n, segment, supplier, tenure, value, segment_$name):
    """Add it to what the supplier's offer is worth to each customer."""
    for e in range(len(value)):
        for i in range(n):
            if supplier[i] >= 0:
                value[e, supplier[i], i] += grown(segment_$name[segment[i]], tenure[i])


$constant = cx.register(
    Mechanism(
        "$name",
        doc="$title",
        segment=SegmentParameters,
        passes=(Pass(add_$name, "add", term="$name"),),
        active=lambda scenario: any(s.$name is not None for s in scenario.segments.values()),
    )
)
'''

_TEST = '''\
"""The rule agrees with its equation, zero is the market without it, and both engines agree."""

import cxsim as cx
from $name import grown

SMALL = {"customers": 100, "periods": 12, "imports": "$name"}
WITH_IT = SMALL | {"segments.*.$name": 6.0}


def test_half_of_it_is_there_after_twelve_purchases():
    assert grown(6.0, 12.0) == 3.0
    assert grown(6.0, 0.0) == 0.0


def test_zero_is_the_market_without_it():
    none, core = (
        cx.run("baseline", seed=1, overrides=SMALL | more).firms
        for more in ({"segments.*.$name": 0.0}, {})
    )
    assert none.equals(core)


def test_both_engines_agree():
    fast, slow = (
        cx.run("baseline", seed=1, overrides=WITH_IT, engine=engine).firms
        for engine in ("columnar", "agents")
    )
    assert fast.equals(slow)
'''

_PAGE = """\
# $title

Say what customers or firms do, why, and who found it.

After n purchases the supplier's offer is worth more by w n / (n + 12).

| parameter | of | default | range | unit | meaning | source |
|---|---|---|---|---|---|---|
| `$name` | segment | none | ≥ 0 | currency | w, worth after very many purchases | assumption |

A scenario names the module and gives the parameter a value:

```yaml
extends: baseline
imports: $name
segments:
  Refined: {$name: 6}
```
"""


def new_mechanism(name: str, folder: str) -> None:
    """Write NAME.py, test_NAME.py and NAME.md to a folder, none of which may be there.

    Parameters
    ----------
    name : str
        Of the mechanism, its module and its parameter.
    folder : str

    Raises
    ------
    UserError
        If the name cannot be one, is taken, or a file is there already.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
        raise UserError(f"--mechanism: expected a name such as season, found {found(name)}")
    if name in {each.name for each in registered()}:
        raise UserError(f"--mechanism: expected a name that no mechanism has, found {found(name)}")
    place = Path(folder)
    if not place.is_dir():
        raise UserError(f"new {folder}: expected a folder, found none")
    files = {f"{name}.py": _MODULE, f"test_{name}.py": _TEST, f"{name}.md": _PAGE}
    there = next((each for each in files if (place / each).exists()), None)
    if there is not None:
        raise UserError(f"new {folder}: expected no {there}, found one")
    words = {"name": name, "constant": name.upper(), "title": name.replace("_", " ").capitalize()}
    for file, text in files.items():
        with whole_file(place / file) as draft:
            draft.write_text(Template(text).substitute(words), encoding="utf-8")
    say(f"Written: {', '.join(str(place / each) for each in files)}. Then:")
    say(f"  cxsim trust {place}")
    say(f"  cxsim run baseline --import {name} -s segments.*.{name}=6")
