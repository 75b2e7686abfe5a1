"""The plain way to play passes: numba's public interface alone, the same numbers to the bit.

It stands in where a name below numba's public interface is missing: each is taken away in turn.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from everything import everything
from hypothesis import given
from hypothesis import strategies as st
from markets import lively
from names_of_numba import NAMES
from places import SUPPORT
from playing import assert_same

import cxsim as cx
from cxsim.engine.columnar import ColumnarEngine
from cxsim.engine.compiling import compiled_rule
from cxsim.numerics import elementary
from cxsim.runs.simulation import Simulation

#: Of each kind one: imported, of a module, of a class, set by cxsim.
FEW = [
    "nothing",
    "numba.np.arrayobj.populate_array",
    "numba.core.compiler.compile_extra",
    "numba.core.codegen.CodeLibrary._final_module",
    "numba.core.compiler.Flags.noalias",
]
#: Asked for where a file is damaged, or calls what is seldom called: a usual run does without.
SELDOM = {
    "nothing",
    "symbols of its functions",
    "numba.core.compiler.CompileResult._replace",
    "numba.core.cpu.CPUContext.refresh",
}
#: Without these compiled code is not kept on disk, and some of them are not missed otherwise.
DISK = ("numba.core.serialize.", "numba.core.runtime.", "numba.core.dispatcher.Dispatcher._cache")


def without(names, **environment):
    """Return the engine, warnings and fingerprint of runs without each name, by name."""
    script = SUPPORT / "names_of_numba.py"
    done = subprocess.run(
        [sys.executable, str(script), *names],
        capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == names
    return {name: rest for name, *rest in rows}


def check(found):
    assert found["nothing"][:2] == ["columnar", "0"]
    for name, (engine, warned, mark) in found.items():
        assert mark == found["nothing"][2], name
        if name in SELDOM:
            continue
        assert warned == "1", name
        if not name.startswith(DISK) and name != "numba.core.compiler.CompileResult":
            assert engine == "plain", name


@pytest.mark.slow
def test_a_run_without_a_name_that_is_not_public_ends_with_the_same_numbers():
    check(without(FEW))


@pytest.mark.slow
def test_a_run_without_any_one_of_them_ends_with_the_same_numbers():
    check(without(["nothing", *NAMES]))


@pytest.mark.slow
def test_the_plain_way_gives_the_numbers_of_the_fast_one_whatever_the_threads_and_blocks(
    monkeypatch,
):
    scenario = everything(customers=2500, periods=3)

    def played(block, **how):
        simulation = Simulation(scenario, engine=lambda w: ColumnarEngine(w, **how), block=block)
        while not simulation.finished:
            simulation.step()
        return simulation

    fast, plain = played(1024), played(1024, plain=True, threads=2)
    assert (fast.engine.name, plain.engine.name) == ("columnar", "plain")
    assert_same(fast, plain)
    assert_same(fast, played(4096, plain=True))
    core = {"customers": 60, "periods": 3}
    run = cx.run("baseline", overrides=core)
    for asked in ({"engine": "plain"}, {"engine": "columnar"}):
        monkeypatch.setenv("CXSIM_ENGINE", "plain")
        other = cx.run("baseline", overrides=core, **asked)
        assert other.provenance["engine"] == "plain"
        assert other.firms.equals(run.firms)


def test_an_engine_that_is_not_there_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="expected one of columnar, plain, agents, found 'fast'"):
        cx.run(lively(), engine="fast")
    monkeypatch.setenv("CXSIM_ENGINE", "slow")
    with pytest.raises(ValueError, match="CXSIM_ENGINE: expected 'columnar' or 'plain', found 's"):
        cx.run(lively())


def compiled(rule):
    return compiled_rule(rule, {"nogil": True, "error_model": "numpy"})


EDGES = [2.2250738585072014e-308, sys.float_info.max, math.pi, 1.0]
EDGES += [math.nextafter(2.0**e, to) for e in (-1021, -53, -1, 0, 1, 52, 1023) for to in (0, 1e308)]


@given(st.floats(2.2250738585072014e-308, sys.float_info.max) | st.sampled_from(EDGES))
def test_a_number_is_split_into_the_same_parts_however_it_is_done(x):
    assert compiled(elementary.split)(x) == elementary.split(x) == math.frexp(x)
    assert compiled(elementary.log)(x) == elementary.log(x)


def test_many_numbers_are_split_into_the_same_parts():
    words = np.random.default_rng(7).integers(1 << 52, 0x7FF << 52, 20_000).view(np.float64)
    split = compiled(elementary.split)
    assert all(split(x) == math.frexp(x) for x in words.tolist())
