"""Code and data behind a rule, policy, measure or function change between two processes.

Either the digest changes, too, or the run is refused; and both engines agree, whatever lies
compiled on disk from the process before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

RULE = "def rule(uncertainty, precision):\n    return uncertainty / (1.0 + {} * precision)\n"
POLICY = "class P(cx.PricingPolicy):\n    def decide(self, known):\n        return {}\n"
MEASURE = "def measure(b):\n    return b.firm('price') * {}\n"
MODEL = "def model(point, seed):\n    return point['a'] * {}\n"

#: Kind, text (1.5 becomes 2.5), and whether it is tried whenever the tests are.
CASES = {
    # rules
    "the code of a rule": (RULE.format("1.5"), True),
    "a number": ("K = 1.5\n" + RULE.format("K"), False),
    "a number of NumPy": ("K = np.float64(1.5)\n" + RULE.format("K"), False),
    "a number taken from data": (
        "K = np.array([1, int(10 * 1.5)]).max()\n" + RULE.format("K"), True),
    "a float32": ("K = np.float32(1.5 / 7)\n" + RULE.format("K"), True),
    "a truth value": ("K = np.bool_(1.5 > 2)\n" + RULE.format("(3.0 if K else 1.0)"), False),
    "an element of an array": ("K = np.array([0.5, 1.5])\n" + RULE.format("K[1]"), False),
    "an array of float32": ("K = np.array([1.5 / 7], 'f4')\n" + RULE.format("K[0]"), False),
    "an array of small numbers": (
        "K = np.array([int(1.5 * 2)], 'i1')\n" + RULE.format("K[0]"), False),
    "a tuple": ("K = (0.5, 1.5)\n" + RULE.format("K[1]"), False),
    "a tuple in a tuple": ("K = ((1.5,), 1.0)\n" + RULE.format("K[0][0]"), False),
    "a default of a function": (
        "def h(x, k=1.5):\n    return x * k\n" + RULE.format("h(1.0)"), True),
    "a default of few bits": (
        "def h(x, k=np.float32(1.5 / 7)):\n    return x * k\n" + RULE.format("h(1.0)"), False),
    "a keyword's default": (
        "def h(x, *, k=1.5):\n    return x * k\n" + RULE.format("h(1.0)"), False),
    "a function that it calls": ("def h():\n    return 1.5\n" + RULE.format("h()"), False),
    "a function that this calls": (
        "def g():\n    return 1.5\ndef h():\n    return g()\n" + RULE.format("h()"), False),
    "a closure": (
        ("def make(k):\n    def r(u, p):\n        return u / (1.0 + k * p)\n    return r\n"
        "rule = make(1.5)\n"), False),
    "a float32 in a closure": (
        ("def make(k):\n    def r(u, p):\n        return u / (1.0 + k * p)\n    return r\n"
        "rule = make(np.float32(1.5 / 7))\n"), False),
    "a lambda": ("rule = lambda u, p: u / (1.0 + 1.5 * p)\n", False),
    "a number behind a module": (
        "import beside\n# beside: K = 1.5\n" + RULE.format("beside.K"), True),
    "a float32 behind a module": (
        "import beside\n# beside: import numpy; K = numpy.float32(1.5)\n" + RULE.format("beside.K"),
        False),
    "a name of a module": (
        "from beside import K\n# beside: K = 1.5\n" + RULE.format("K"), False),
    "a function of a module": (
        "from beside import f\n# beside: f = lambda: 1.5\n" + RULE.format("f()"), False),
    "a function behind a module": (
        "import beside\n# beside: f = lambda: 1.5\n" + RULE.format("beside.f()"), False),
    "a count": ("K = int(1.5 * 2)\n" + RULE.format("len(range(K))"), False),
    # policies
    "a method of a policy": (POLICY.format("10 * 1.5"), True),
    "an attribute of a policy": (
        ("class P(cx.PricingPolicy):\n    kept = (1.5,)\n    def decide(self, known):\n"
        "        return 10 * type(self).kept[0]\n"), False),
    "what a policy begins with": (
        ("class P(cx.PricingPolicy):\n    def begin(self):\n        self.k = 1.5\n"
        "    def decide(self, known):\n        return 10 * self.k\n"), False),
    "a default of a policy's parameter": (
        ("class P(cx.PricingPolicy):\n    k: float = 1.5\n    def decide(self, known):\n"
        "        return 10 * self.k\n"), False),
    "a base of a policy": (
        ("class B(cx.PricingPolicy):\n    def price(self):\n        return 15 * 1.5\n"
        "class P(B):\n    def decide(self, known):\n        return self.price()\n"), False),
    "a function that a policy calls": (
        "def h():\n    return 10 * 1.5\n" + POLICY.format("h()"), False),
    "a list": ("K = [10 * 1.5]\n" + POLICY.format("K[0]"), False),
    "an object": (
        "class A:\n    pass\na = A()\na.k = 10 * 1.5\n" + POLICY.format("a.k"), False),
    "a partial": (
        "import functools\ndef h(k):\n    return 10 * k\ng = functools.partial(h, 1.5)\n"
        + POLICY.format("g()"), False),
    "a file that a policy reads": (
        "# beside: K = 1.5\n" + POLICY.format("float(open('beside.py').read()[4:]) * 10"), False),
    "the environment": (
        "import os\nos.environ['K'] = '1.5'\n" + POLICY.format("10 * float(os.environ['K'])"),
        False),
    # measures
    "a measure": (MEASURE.format("1.5"), True),
    "a function that a measure calls": (
        ("def h(x):\n    return x * 1.5\n"
        "def measure(b):\n    return h(b.firm('price'))\n"), False),
    "a closure of a measure": (
        "def make(k):\n    return lambda b: b.firm('price') * k\nmeasure = make(1.5)\n",
        False),
    "an array of a measure": ("K = np.array([1.5])\n" + MEASURE.format("K"), False),
    "a frame of a measure": (
        "import pandas as pd\nK = pd.Series([1.5])\n" + MEASURE.format("K.iloc[0]"), False),
    # functions that are studied
    "a function": (MODEL.format("1.5"), False),
    "a function behind a module of a function": (
        "import beside\n# beside: f = lambda: 1.5\n" + MODEL.format("beside.f()"), True),
    "a dataclass": (
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass C:\n    k: float = 1.5\n"
        "c = C()\n" + MODEL.format("c.k"), False),
    "a property": (
        "class C:\n    @property\n    def k(self):\n        return 1.5\nc = C()\n"
        + MODEL.format("c.k"), False),
    "a bound method": (
        "class C:\n    def __init__(self, k):\n        self.k = k\n    def get(self):\n"
        "        return self.k\nget = C(1.5).get\n" + MODEL.format("get()"), False),
    "a decorator": (
        "def d(f):\n    return lambda p, s: f(p, s) * 1.5\n@d\n" + MODEL.format("1.0"), False),
    "a saved array": (
        "# beside: K = 1.5\n" + MODEL.format("float(np.genfromtxt('beside.py')[-1])"), False),
}  # fmt: skip

#: Runs each case, and prints its digest and what both engines make of it.
SCRIPT = """
import hashlib, importlib.util, json, sys, tempfile
from pathlib import Path

import cxsim as cx
from cxsim.identity import IdentityError
from cxsim.model.mechanism_registry import unregister
from cxsim.model.mechanism import Measure

scenario = cx.load("baseline", {"customers": 12, "periods": 3})


def numbers(engine, scenario=scenario, **more):
    run = cx.run(scenario, engine=engine, **more)
    return run.provenance["digest"], hashlib.sha256(run.firms.to_csv().encode()).hexdigest()


def both(**more):
    (digest, fast), (other, slow) = (numbers(e, **more) for e in ("columnar", "agents"))
    assert digest == other
    return {"digest": digest, "columnar": fast, "agents": slow}


def tried(path):
    sys.modules.pop("beside", None)
    sys.path[:1] = [str(path.parent)]
    import os
    os.chdir(path.parent)
    spec = importlib.util.spec_from_file_location("case", path)
    case = sys.modules["case"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(case)
    if hasattr(case, "rule"):
        return both(rules={"learning.learned": case.rule})
    if hasattr(case, "P"):
        cx.register_policy(case.P)
        policy = {"firms.Tailor.policy": {"pricing": "P"}}
        return both(scenario=scenario.override(policy))
    if hasattr(case, "measure"):
        measure = Measure("extra", "Extra", "purchases", case.measure, doc="Something more.")
        mechanism = cx.Mechanism("extra", doc="More", measures=(measure,))
        cx.register(mechanism)
        try:
            return both(scenario=cx.load("baseline", {"customers": 12, "periods": 3}))
        finally:
            unregister(mechanism.name)
    study = cx.Study.from_dict({"factors": {"a": [1.0]}, "seeds": 1}, model=case.model)
    with tempfile.TemporaryDirectory() as folder:
        frame = cx.sweep(study, store=folder, executor="inline").runs
    return {"digest": frame["run"][0], "columnar": frame["y"][0], "agents": frame["y"][0]}


found = {}
for path in sorted(Path(sys.argv[1]).glob("*/case.py")):
    try:
        found[path.parent.name] = tried(path)
    except (IdentityError, TypeError) as error:
        found[path.parent.name] = {"refused": str(error)}
print(json.dumps(found))
"""


def played(folder: Path, texts: dict[str, str]) -> dict[str, dict[str, str]]:
    """Run the cases in a process of their own, over the compiled code of those before."""
    for name, text in texts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        head = "import numpy as np\nimport cxsim as cx\n"
        (folder / name / "case.py").write_text(head + text)
        beside = [line[len("# beside: ") :] for line in text.splitlines() if "# beside: " in line]
        (folder / name / "beside.py").write_text("\n".join(beside) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder)],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check(tmp_path, names, *, again=False):
    texts = {f"{n:02d} {name}": CASES[name][0] for n, name in enumerate(names)}
    assert all("1.5" in text for text in texts.values())
    before = played(tmp_path, texts)
    after = played(tmp_path, {name: text.replace("1.5", "2.5") for name, text in texts.items()})
    third = played(tmp_path, texts) if again else before
    for name in texts:
        one, other = before[name], after[name]
        assert third[name] == one, name
        for each in (one, other):
            assert each.get("columnar") == each.get("agents"), (name, each)
        if "refused" in one or "refused" in other:
            assert "expected" in one.get("refused", other.get("refused")), name
            continue
        assert one["digest"] != other["digest"], name
        assert one["columnar"] != other["columnar"], f"{name}: the change changes nothing"


def test_what_changes_between_two_processes_changes_the_digest_or_is_refused(tmp_path):
    check(tmp_path, [name for name, (_, often) in CASES.items() if often])


@pytest.mark.slow
def test_all_ways_of_changing_code_between_two_processes(tmp_path):
    assert len(CASES) >= 40
    check(tmp_path, list(CASES), again=True)
