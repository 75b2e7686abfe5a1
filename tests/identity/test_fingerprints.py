"""A digest covers all code and data behind a function, and nothing of how it is written."""

from __future__ import annotations

import copy
import importlib.util
import inspect
import itertools
import sys
import textwrap
import typing

import cloudpickle
import numpy as np
import pytest

import cxsim as cx
from cxsim.identity import Identity, IdentityError, fingerprint, identified

numbers = itertools.count()


def module(tmp_path, text, name=None):
    """Import a text as a module of its own."""
    name = name or f"of_users_{next(numbers)}"
    path = tmp_path / f"{name}.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    made = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def digest(folder, text, **more):
    """The fingerprint of ``rule`` in a text; further texts are modules that it may import."""
    folder.mkdir(exist_ok=True)
    for name, other in more.items():
        module(folder, other, name)
    return fingerprint(module(folder, text, "of_users").rule)


#: Ways in which code or data behind a rule can change between two processes: a text in which
#: OLD becomes the other, and modules beside it.
CHANGES = {
    "the code": ("def rule(x):\n    return x * 0.25", "0.25", "0.5"),
    "a number": ("K = 1.0\ndef rule(x):\n    return x / K", "1.0", "2.0"),
    "a number of another type": ("K = 1\ndef rule(x):\n    return x // K", "K = 1", "K = 1.0"),
    "a whole number of NumPy": (
        "import numpy as np\nK = np.max([1, 5])\ndef rule(x):\n    return x / K", "5", "50"),
    "a float32": (
        "import numpy as np\nK = np.float32(0.5)\ndef rule(x):\n    return x / K", "0.5", "0.25"),
    "a truth value of NumPy": (
        "import numpy as np\nK = np.bool_(1)\ndef rule(x):\n    return x if K else 0",
        "(1)", "(0)"),
    "an array's values": (
        "import numpy as np\nK = np.array([1.0, 2.0])\ndef rule(x):\n    return x / K[1]",
        "2.0]", "3.0]"),
    "an array's type": (
        "import numpy as np\nK = np.array([1, 0], 'i4')\ndef rule(x):\n    return x / K[0]",
        "[1, 0], 'i4'", "[1], 'i8'"),
    "an array's shape": (
        "import numpy as np\nK = np.ones((1, 2))\ndef rule(x):\n    return x / len(K)",
        "(1, 2)", "(2, 1)"),
    "a default": ("def h(x, k=0.5):\n    return x * k\ndef rule(x):\n    return h(x)", "0.5", "5"),
    "a keyword's default": (
        "def h(x, *, k=0.5):\n    return x * k\ndef rule(x):\n    return h(x)", "0.5", "5"),
    "a function that it calls": (
        "def h(x):\n    return x + 1.5\ndef rule(x):\n    return h(x)", "1.5", "2.5"),
    "a function that this one calls": (
        "def g(x):\n    return x + 1.5\ndef h(x):\n    return g(x)\ndef rule(x):\n    return h(x)",
        "1.5", "2.5"),
    "a function inside": (
        "def rule(x):\n    def inner(y):\n        return y * 1.5\n    return inner(x)", "1.5", "2"),
    "a closure": (
        "def make(k):\n    def rule(x):\n        return x * k\n    return rule\nrule = make(1.5)",
        "1.5", "2.5"),
    "a function in a closure": (
        "def make(f):\n    return lambda x: f(x)\nrule = make(lambda x: x * 1.5)", "1.5", "2.5"),
    "a partial": (
        ("from functools import partial\ndef h(k, x):\n    return k * x\ng = partial(h, 1.5)\n"
        "def rule(x):\n    return g(x)"), "1.5", "2.5"),
    "what decorates it": (
        ("import functools\ndef d(f):\n    @functools.wraps(f)\n    def g(*a):\n"
        "        return f(*a) * 1.5\n    return g\n@d\ndef rule(x):\n    return x"), "1.5", "2.5"),
    "below a cache": (
        ("import functools\n@functools.cache\ndef h(x):\n    return x * 1.5\n"
        "def rule(x):\n    return h(x)"), "1.5", "2.5"),
    "an attribute of an object": (
        ("class Shop:\n    def __init__(self, k):\n        self.k = k\ns = Shop(1.5)\n"
        "def rule(x):\n    return x * s.k"), "Shop(1.5)", "Shop(2.5)"),
    "an object in an object": (
        ("class A:\n    k = 1\nclass B:\n    def __init__(self):\n        self.a = A()\n"
        "        self.a.k = 1.5\nb = B()\ndef rule(x):\n    return x * b.a.k"), "1.5", "2.5"),
    "slots": (
        "class A:\n    __slots__ = ('k',)\na = A()\na.k = 1.5\ndef rule(x):\n    return x * a.k",
        "1.5", "2.5"),
    "a method": (
        ("class Shop:\n    def price(self, x):\n        return x * 1.5\ns = Shop()\n"
        "def rule(x):\n    return s.price(x)"), "1.5", "2.5"),
    "a bound method": (
        ("class Shop:\n    def __init__(self, k):\n        self.k = k\n    def price(self, x):\n"
        "        return x * self.k\nprice = Shop(1.5).price\ndef rule(x):\n    return price(x)"),
        "1.5", "2.5"),
    "a static method": (
        ("class Shop:\n    @staticmethod\n    def price(x):\n        return x * 1.5\n"
        "def rule(x):\n    return Shop.price(x)"), "1.5", "2.5"),
    "a class method": (
        ("class Shop:\n    @classmethod\n    def price(cls, x):\n        return x * 1.5\n"
        "def rule(x):\n    return Shop.price(x)"), "1.5", "2.5"),
    "a property": (
        ("class Shop:\n    @property\n    def k(self):\n        return 1.5\ns = Shop()\n"
        "def rule(x):\n    return x * s.k"), "1.5", "2.5"),
    "an attribute of a class": (
        "class Shop:\n    k = 1.5\ndef rule(x):\n    return x * Shop.k", "1.5", "2.5"),
    "a base class": (
        "class A:\n    k = 1.5\nclass B(A):\n    pass\ndef rule(x):\n    return x * B.k",
        "1.5", "2.5"),
    "a field of a dataclass": (
        ("from dataclasses import dataclass\n@dataclass(frozen=True)\nclass C:\n"
        "    k: float = 1.5\nc = C()\ndef rule(x):\n    return x * c.k"), "1.5", "2.5"),
    "a default of a dataclass": (
        ("from dataclasses import dataclass\n@dataclass\nclass C:\n    k: float = 1.5\n"
        "def rule(x):\n    return x * C().k"), "1.5", "2.5"),
    "a named tuple": (
        ("from typing import NamedTuple\nclass C(NamedTuple):\n    k: float\nc = C(1.5)\n"
        "def rule(x):\n    return x * c.k"), "1.5", "2.5"),
    "an enumeration": (
        "import enum\nclass C(enum.Enum):\n    K = 1.5\ndef rule(x):\n    return x * C.K.value",
        "1.5", "2.5"),
    "a list": ("K = [1.0, 1.5]\ndef rule(x):\n    return x * K[1]", "1.5", "2.5"),
    "a dictionary": ("K = {'a': 1.5}\ndef rule(x):\n    return x * K['a']", "1.5", "2.5"),
    "the order of a dictionary": (
        "K = {'a': 1, 'b': 2}\ndef rule(x):\n    return next(iter(K))", "'a': 1, 'b': 2",
        "'b': 2, 'a': 1"),
    "a set": ("K = {'a', 'b'}\ndef rule(x):\n    return x in K", "'b'", "'c'"),
    "a dictionary of functions": (
        "K = {'a': lambda x: x * 1.5}\ndef rule(x):\n    return K['a'](x)", "1.5", "2.5"),
    "a decimal": (
        "from decimal import Decimal\nK = Decimal('1.5')\ndef rule(x):\n    return x * float(K)",
        "1.5", "2.5"),
    "a frame": (
        ("import pandas as pd\nK = pd.DataFrame({'a': [1.0, 1.5]})\n"
        "def rule(x):\n    return x * K['a'].iloc[1]"), "1.5", "2.5"),
    "an annotation": (
        "def rule(x: float) -> float:\n    return x", "x: float", "x: int"),
    "a library's function": (
        "import math\ndef rule(x):\n    return math.floor(x)", "floor", "ceil"),
    "a built-in function by another name": (
        "f = min\ndef rule(x):\n    return f(x, 1)", "min", "max"),
    "a constant of a library": (
        "import math\ndef rule(x):\n    return x * math.pi", "pi", "e"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_digest_changes_with(what, tmp_path):
    text, old, new = CHANGES[what]
    assert old in text
    before = digest(tmp_path / "a", text)
    assert digest(tmp_path / "b", text) == before  # another file, and later
    assert digest(tmp_path / "c", text.replace(old, new)) != before


BEHIND_A_MODULE = {
    "a number": ("import shop\ndef rule(x):\n    return x * shop.K", "K = 1.5"),
    "a function": ("import shop\ndef rule(x):\n    return shop.f(x)", "def f(x):\n    return 1.5"),
    "a name of it": ("from shop import K\ndef rule(x):\n    return x * K", "K = 1.5"),
    "imported inside": (
        "def rule(x):\n    import shop\n    return x * shop.K", "K = 1.5"),
    "imported by name inside": (
        "def rule(x):\n    from shop import f as g\n    return g(x)", "def f(x):\n    return 1.5"),
    "a function that calls another": (
        "import shop\ndef rule(x):\n    return shop.f(x)",
        "def g(x):\n    return 1.5\ndef f(x):\n    return g(x)"),
    "in a closure": (
        "def make():\n    import shop\n    return lambda x: x * shop.K\nrule = make()", "K = 1.5"),
}  # fmt: skip


@pytest.mark.parametrize("what", BEHIND_A_MODULE)
def test_a_digest_changes_with_what_stands_in_another_module(what, tmp_path):
    text, shop = BEHIND_A_MODULE[what]
    before = digest(tmp_path / "a", text, shop=shop)
    assert digest(tmp_path / "b", text, shop=shop + "\nOTHER = 1\n") == before
    assert digest(tmp_path / "c", text, shop=shop.replace("1.5", "2.5")) != before


SAME = {
    "a docstring": ("Scale.", "Something\n    else."),
    "another function's": ("The same.", "Nothing."),
    "a comment": ("# why", "# a better reason"),
    "where it stands": ("import math\n", "import math\n\n\nBEFORE = 1\n\n"),
    "spaces": ("x * K", "x  *  K"),
    "brackets": ("x * K", "(x * K)"),
    "a constant of others": ("UNUSED = 1", "UNUSED = 2"),
}


@pytest.mark.parametrize("what", SAME)
def test_a_digest_does_not_change_with(what, tmp_path):
    text = textwrap.dedent('''
    import math
    K = 1.5
    UNUSED = 1
    def other(x):
        return x
    def rule(x):
        """Scale."""
        # why
        def inner(y):
            """The same."""
            return y
        return inner(x * K)
    ''')
    old, new = SAME[what]
    assert old in text
    assert digest(tmp_path / "a", text) == digest(tmp_path / "b", text.replace(old, new))


REFUSED = {
    "open": ("def rule(x):\n    return float(open('f').read())", r"open, which reads"),
    "a path read": (
        "from pathlib import Path\ndef rule(x):\n    return float(Path('f').read_text())",
        r"read_text"),
    "NumPy's load": ("import numpy as np\ndef rule(x):\n    return np.load('f')", r"numpy\.load"),
    "pandas' readers": (
        "import pandas as pd\ndef rule(x):\n    return pd.read_csv('f')", r"read_csv"),
    "the environment": ("import os\ndef rule(x):\n    return os.environ['K']", r"os\.environ"),
    "one variable of it": ("import os\ndef rule(x):\n    return os.getenv('K')", r"getenv"),
    "a reader imported inside": (
        "def rule(x):\n    from numpy import loadtxt\n    return loadtxt('f')", r"loadtxt"),
    "a reader in a function that it calls": (
        "def h():\n    return open('f')\ndef rule(x):\n    return h()", r"rule > .*h.*open"),
    "an open file": (
        "import sys\nF = sys.__stdout__\ndef rule(x):\n    return F.write('')", r"F.*an open file"),
    "a generator": ("G = (i for i in [1])\ndef rule(x):\n    return next(G)", r"a generator"),
    "a lock": (
        "import threading\nL = threading.Lock()\ndef rule(x):\n    return L.locked()", r"a lock"),
    "a module as a value": (
        "import of_users as me\ndef rule(x):\n    return getattr(me, 'K')", r"module of_users"),
    "code made of a text": ("def rule(x):\n    return eval('x')", r"eval, whose code"),
    "an object that holds a file": (
        ("class A:\n    pass\na = A()\nimport sys\na.log = sys.__stdout__\n"
        "def rule(x):\n    return a.log"), r"\.log.*an open file"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_fingerprinted_is_refused_by_name(what, tmp_path):
    text, said = REFUSED[what]
    sys.modules.pop("of_users", None)
    with pytest.raises(IdentityError, match=said) as caught:
        digest(tmp_path, text)
    assert "\n" not in str(caught.value)
    assert "@cxsim.inputs(" in str(caught.value)


def test_a_file_that_is_declared_counts_by_its_bytes(tmp_path):
    file = tmp_path / "prices.csv"
    text = f"""
    import cxsim
    @cxsim.inputs({str(file)!r})
    def rule(x):
        return open({str(file)!r}).read()
    """
    file.write_text("18")
    before = digest(tmp_path / "a", text)
    assert digest(tmp_path / "b", text) == before
    file.write_text("19")
    assert digest(tmp_path / "c", text) != before
    file.unlink()
    with pytest.raises(IdentityError, match=r"no file .*prices\.csv"):
        digest(tmp_path / "d", text)


def test_a_name_that_is_declared_stands_for_what_has_no_fingerprint(tmp_path):
    text = """
    import cxsim, sys
    SERVICE = sys.__stdout__
    @cxsim.inputs(SERVICE="prices of May")
    def rule(x):
        return SERVICE.write("")
    """
    before = digest(tmp_path / "a", text)
    assert digest(tmp_path / "b", text) == before
    assert digest(tmp_path / "c", text.replace("May", "June")) != before


def test_the_parts_of_an_identity_name_what_changed(tmp_path):
    def parts(folder, number):
        text = f"K = {number}\ndef h(x):\n    return x\ndef rule(x):\n    return h(x) * K"
        folder.mkdir()
        return Identity({"rules.rule": module(folder, text, "of_users").rule}).components

    one, other = parts(tmp_path / "a", 1), parts(tmp_path / "b", 2)
    assert {name for name in one if one[name] != other[name]} == {"of_users.K"}
    assert set(one) == {"rules.rule", "of_users.h", "of_users.K"}


def test_a_file_edited_after_its_import_does_not_speak_for_what_runs(tmp_path):
    text = "def rule(x):\n    return x * 1.5\n"
    made = module(tmp_path, text)
    before = fingerprint(made.rule)
    other = module(tmp_path, text)
    path = tmp_path / f"{other.__name__}.py"
    path.write_text(text.replace("1.5", "2.5"))
    edited = fingerprint(other.rule)  # what runs multiplies by 1.5 still
    fresh = fingerprint(module(tmp_path, path.read_text()).rule)
    assert len({edited, fresh, before}) == 3
    path.write_text('"""Moved."""\n\n' + text)
    assert fingerprint(module(tmp_path, text).rule) == before


def test_circles_have_fingerprints(tmp_path):
    text = """
    def even(n):
        return n == 0 or odd(n - 1)
    def odd(n):
        return n != 0 and even(n - 1.0)
    K = [1.5]
    K.append(K)
    def rule(x):
        return even(x) * K[0]
    """
    before = digest(tmp_path / "a", text)
    assert digest(tmp_path / "b", text) == before
    for old in ("1.0", "1.5"):
        assert digest(tmp_path / f"c{old}", text.replace(old, "3.0")) != before


def test_constants_of_few_bits_are_widened_in_both_engines():
    scenario = cx.load("baseline", {"customers": 30, "periods": 4})
    third = np.float32(1 / 3)

    def rule(uncertainty, precision):
        return uncertainty / (1.0 + third * precision * uncertainty)

    frames = [
        cx.run(scenario, rules={"learning.learned": rule}, engine=engine).firms
        for engine in ("columnar", "agents")
    ]
    assert frames[0].equals(frames[1])


#: Classes of a user's, whose fingerprint must not depend on who looked at them before.
LOOKED_AT = {
    "a class without annotations": "class Rule:\n    def of(self):\n        return 1",
    "a class with annotations": "class Rule:\n    k: float = 1.0",
    "a dataclass": "import dataclasses\n@dataclasses.dataclass\nclass Rule:\n    k: float = 1.0",
    "a group of parameters": (
        "import cxsim.parameters as p\nclass Rule(p.Parameters):\n    k: float = 1.0"),
    "a policy": (
        "import cxsim as cx\nclass Rule(cx.PricingPolicy):\n"
        "    def decide(self, known):\n        return 1.0"),
    "a protocol": (
        "import typing\n@typing.runtime_checkable\nclass Rule(typing.Protocol):\n"
        "    k = 1\n    def of(self): ..."),
    "an enumeration": "import enum\nclass Rule(enum.Enum):\n    A = 1\n    B = 2",
    "slots": "class Rule:\n    __slots__ = ('k',)\n    def __init__(self):\n        self.k = 1",
}  # fmt: skip


@pytest.mark.parametrize("what", LOOKED_AT)
def test_who_has_looked_at_a_class_does_not_change_its_fingerprint(what, tmp_path):
    """Python and its libraries make some attributes of a class when they are first asked for."""
    made = module(tmp_path, LOOKED_AT[what]).Rule
    before = fingerprint(made)
    for cls in made.__mro__[:-1]:
        assert cls.__annotations__ is not None
    inspect.getmembers(made)
    inspect.signature(made)
    typing.get_type_hints(made)
    assert not isinstance(3, made)
    thing = made.A if what == "an enumeration" else made if what == "a protocol" else made()
    assert repr(copy.copy(thing))
    cloudpickle.dumps(made)
    assert fingerprint(made) == before


KNOWN_AT_A_GLANCE = """
    import functools
    def other(x):
        return x * 2.5
    @functools.cache
    def h(x):
        return x * 1.5
    def rule(x, *, times=2.0):
        return times * h(x)
"""


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.rule.__kwdefaults__.update(times=3.0),
        lambda made: made.rule.__kwdefaults__.clear(),
        lambda made: setattr(made.h, "__wrapped__", made.other),
    ],
    ids=["a keyword's default", "no default", "the function behind a cache"],
)
def test_an_identity_is_kept_until_what_may_change_in_place_does(change, tmp_path):
    made = module(tmp_path, KNOWN_AT_A_GLANCE)
    before = identified({"rule": made.rule})
    assert identified({"rule": made.rule}) is before
    change(made)
    assert identified({"rule": made.rule}).digest != before.digest


def test_identities_of_all_measures_are_kept_from_run_to_run():
    market = cx.load("baseline", {"customers": 50, "periods": 2})
    first, second = (cx.runs.simulate(market, seed=seed).measuring for seed in (0, 1))
    assert all(a is b for a, b in zip(first._identities, second._identities, strict=True))
