"""Where numba is missing: the agents engine runs, with the compiled engine's numbers.

numba is missing here because its import is refused in a process of its own. That this is the
same as an environment without it was tried by hand, as ``docs/jupyterlite.md`` tells.
"""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

import cxsim as cx

WITHOUT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("numba", "llvmlite"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse())
import cxsim as cx
"""
FEW = {"customers": 12, "warm_up": 0}
#: Between them: points and targeting, word of mouth, surveys, buying centers, policies of firms.
SCENARIOS = ("baseline_full", "bad_service", "blind_spot", "b2b_suppliers", "two_roads_rivals")


def without_numba(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + code], capture_output=True, text=True, check=False
    )


def fingerprint(frame: pd.DataFrame) -> str:
    return f"{pd.util.hash_pandas_object(frame.astype(str)).sum():x}"


@pytest.mark.parametrize(
    "name",
    [SCENARIOS[0], *(pytest.param(name, marks=pytest.mark.slow) for name in SCENARIOS[1:])],
)
def test_the_agents_engine_without_numba_agrees_to_the_bit_with_the_compiled_one(name):
    done = without_numba(
        "import pandas as pd\n"
        f"run = cx.run({name!r}, overrides={FEW!r}, seed=7, engine='agents')\n"
        "for frame in (run.firms, run.market):\n"
        "    print(f'{pd.util.hash_pandas_object(frame.astype(str)).sum():x}')\n"
        "assert not {'numba', 'llvmlite'} & set(sys.modules)"
    )
    assert done.returncode == 0, done.stderr
    compiled = cx.run(name, overrides=FEW, seed=7)
    assert done.stdout.split() == [fingerprint(compiled.firms), fingerprint(compiled.market)]


def test_scenarios_are_compared_without_numba():
    done = without_numba(
        f"made = cx.compare('baseline', 'copycat', seeds=2, overrides={FEW!r}, engine='agents')\n"
        "row = made.table.query(\"measure == 'market_share' and firm == 'Mass'\")\n"
        "print(row['difference'].tolist())"
    )
    assert done.returncode == 0, done.stderr
    made = cx.compare("baseline", "copycat", seeds=2, overrides=FEW)
    row = made.table.query("measure == 'market_share' and firm == 'Mass'")
    assert done.stdout.strip() == str(row["difference"].tolist())


@pytest.mark.parametrize(
    "asked",
    ["cx.run('baseline')", "cx.Market('baseline')", "cx.compare('baseline', 'copycat', seeds=2)"],
)
def test_the_compiled_engine_says_in_one_line_what_to_install_or_to_choose(asked):
    done = without_numba(asked)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "expected numba to compile with, found none: install numba, or choose" in last
    assert "engine='agents'" in last


def test_the_command_line_says_so_without_a_stack_trace():
    done = without_numba("from cxsim.cli import main\nmain(['warm'])")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(
        "cxsim: engine 'columnar': expected numba to compile with, found none"
    )
