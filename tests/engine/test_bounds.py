"""With debug, a pass that reads or writes outside of its arrays is named."""

from __future__ import annotations

import pytest
from everything import everything
from markets import market
from playing import assert_same

import cxsim as cx
from cxsim.engine.columnar import ColumnarEngine
from cxsim.engine.schedule import PhaseGroup
from cxsim.model.mechanism import Mechanism, Pass
from cxsim.model.mechanism_registry import unregister
from cxsim.runs.simulation import Simulation


def overrun(n, tenure):
    """Give one customer too many a tenure."""
    for i in range(n + 1):
        tenure[i] = 0


@pytest.fixture
def careless():
    cx.register(Mechanism("careless", passes=(Pass(overrun, "hear"),)))
    yield
    unregister("careless")


@pytest.mark.parametrize("plain", [False, True])
def test_a_pass_that_writes_beyond_its_column_is_named(careless, plain):
    simulation = Simulation(market(customers=50))
    step = next(s for s in simulation.schedule.steps if s.name == "careless.overrun")
    engine = ColumnarEngine(simulation.workspace, plain=plain, debug=True)
    with pytest.raises(IndexError, match=r"pass 'careless\.overrun' failed"):
        engine.run([PhaseGroup((step,), population=False)])


def test_what_is_asked_for_reaches_every_engine(monkeypatch):
    asked = []

    class Asked(ColumnarEngine):
        def __init__(self, workspace, **how):
            super().__init__(workspace, **how)
            asked.append(self._debug)
            raise InterruptedError

    monkeypatch.setattr("cxsim.engine.columnar.ColumnarEngine", Asked)
    for start in (
        lambda: Simulation(market(), debug=True),
        lambda: cx.run(market(), debug=True),
        lambda: cx.run(market(), debug=True, engine="plain"),
    ):
        with pytest.raises(InterruptedError):
            start()
    monkeypatch.setenv("CXSIM_DEBUG", "1")
    for start in (lambda: Simulation(market()), lambda: cx.run(market())):
        with pytest.raises(InterruptedError):
            start()
    assert asked == [True] * 5
    monkeypatch.setenv("CXSIM_DEBUG", "yes")
    with pytest.raises(ValueError, match="CXSIM_DEBUG: expected '0' or '1', found 'yes'"):
        Simulation(market())


@pytest.mark.slow
def test_no_pass_of_the_package_reads_or_writes_outside_of_its_arrays(careless):
    unregister("careless")
    try:
        scenario = everything(customers=1500, periods=4)
        runs = [Simulation(scenario, debug=debug) for debug in (False, True)]
        for run in runs:
            while not run.finished:
                run.step()
        assert_same(*runs)
    finally:
        cx.register(Mechanism("careless", passes=(Pass(overrun, "hear"),)))
    with pytest.raises(IndexError, match=r"pass 'careless\.overrun' failed"):
        cx.run(market(customers=50), debug=True)
