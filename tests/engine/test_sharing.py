"""Passing columns share memory, and nobody can tell."""

from __future__ import annotations

import pickle

import numpy as np
from everything import everything
from hypothesis import given
from hypothesis import strategies as st

import cxsim as cx
from cxsim.engine.columnar import ColumnarEngine
from cxsim.engine.schedule import offsets
from cxsim.engine.workspace import LINE
from cxsim.runs.simulation import Simulation

names = st.text("abcdefgh", min_size=1, max_size=2)
spans = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda pair: tuple(sorted(pair)))


@given(st.dictionaries(names, st.integers(1, 50)), st.dictionaries(names, spans))
def test_columns_in_use_together_stand_apart(sizes, spans):
    begins, total = offsets(sizes, spans)
    assert begins.keys() == sizes.keys()
    assert max((begins[name] + sizes[name] for name in sizes), default=0) == total
    assert total <= sum(sizes.values())
    for a in sizes:
        for b in set(sizes) - {a}:
            (low, high), (start, end) = (spans.get(name, (0, 99)) for name in (a, b))
            if low <= end and start <= high:
                assert begins[a] + sizes[a] <= begins[b] or begins[b] + sizes[b] <= begins[a]


def test_columns_of_different_phases_share_memory():
    begins, total = offsets(
        {"early": 8, "late": 4, "all along": 2}, {"early": (0, 3), "late": (4, 5)}
    )
    assert begins["early"] == begins["late"] == 0
    assert total == 10


def test_a_block_of_the_baseline_needs_less_memory_than_its_columns():
    workspace = cx.Simulation(cx.load("baseline")).workspace
    columns = workspace.scratch(sharing=True).values()
    apart = sum(column.nbytes for column in columns)
    begin = min(column.ctypes.data for column in columns)
    end = max(column.ctypes.data + column.nbytes for column in columns)
    assert end - begin < 0.75 * apart


def test_what_memory_held_before_does_not_show():
    """Passes write what they read of a period, but columns that start from a value of their own."""

    def totals(spoil):
        simulation = Simulation(everything(), seed=2, engine=ColumnarEngine)
        own = {c.name for m in simulation.mechanisms for c in m.columns if c.fill}
        for _ in range(5):
            (scratch,) = simulation.engine._scratch
            for name, column in scratch.items():
                if spoil and name not in own:
                    column.view("u1")[...] = 0x55
            simulation.step()
        return simulation.workspace.totals()

    assert np.nansum(totals(spoil=False)) > 0
    np.testing.assert_array_equal(totals(spoil=True), totals(spoil=False))


def test_a_simulation_that_goes_on_lies_in_memory_as_before():
    simulation = pickle.loads(pickle.dumps(Simulation(cx.load("baseline"), engine=ColumnarEngine)))
    columns = [*simulation.engine._scratch[0].values()]
    columns += [simulation.workspace.population.part(name, 0) for name in ("need", "uncertainty")]
    assert all(column.ctypes.data % LINE == 0 for column in columns)
    (scratch,) = simulation.engine._scratch
    assert len({column.ctypes.data for column in scratch.values()}) < len(scratch)
