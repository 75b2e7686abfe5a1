"""Every name has one owner; a second owner, or a name that nobody has, is told in one line."""

from __future__ import annotations

import re
from contextlib import contextmanager

import numpy as np
import pytest
from markets import market

import cxsim as cx
from cxsim.engine.name_registry import check_passes, taken_names
from cxsim.model.core.choice import DEMAND
from cxsim.model.mechanism import Accumulator, Column, Draw, Measure, Mechanism, Pass
from cxsim.model.mechanism_registry import PACKAGE, registered, unregister
from cxsim.parameters import Parameters, parameter
from cxsim.runs.simulation import Simulation


def idle(n):
    """Do nothing."""


def zero(books):
    """Nothing, in every period."""
    return np.zeros((books.periods, len(books.firms)))


def mine(**parts):
    return Mechanism("mine", **parts)


@contextmanager
def known(*mechanisms):
    """Have mechanisms registered for a while."""
    try:
        for mechanism in mechanisms:
            cx.register(mechanism)
        yield
    finally:
        for mechanism in registered():
            if mechanism in mechanisms:
                unregister(mechanism.name)


def refused(mechanism, error=ValueError):
    """Return why a mechanism is not registered, in one line; nothing is registered then."""
    before = registered()
    with pytest.raises(error) as problem:
        cx.register(mechanism)
    assert registered() == before
    text = str(problem.value)
    assert "\n" not in text
    return text


def test_the_package_keeps_to_it():
    assert len(taken_names((*PACKAGE, DEMAND))) > 500
    check_passes((*PACKAGE, DEMAND), ())


def test_every_scenario_of_the_package_keeps_to_it():
    for name in ("baseline", "baseline_full", "bad_service", "segmentation", "points"):
        Simulation(cx.load(name, {"customers": 50}), observers=("price_elasticity", "customers"))


class Price(Parameters):
    price: float = parameter(1.0, doc="What it costs")


class Depth(Parameters):
    promotions_depth: float = parameter(1.0, doc="How deep")


@pytest.mark.parametrize(
    ("mechanism", "said"),
    [
        (
            mine(draws=(Draw("enter"),)),
            ("mechanism 'mine': draw 'enter': expected a name of its own, found that of a draw "
            "'enter' of mechanism 'choice' (did you mean 'mine_enter'?)"),
        ),
        (
            mine(draws=(Draw("raffle"),)),
            ("mechanism 'mine': draw 'raffle': expected a name of its own, found that of a draw "
            "'target' of mechanism 'acquisition' (did you mean 'mine_raffle'?)"),
        ),
        (
            mine(accumulators=(Accumulator("purchases"),)),
            ("mechanism 'mine': accumulator 'purchases': expected a name of its own, found that of "
            "an accumulator 'purchases' of mechanism 'choice' (did you mean 'mine_purchases'?)"),
        ),
        (
            mine(columns=(Column("tenure"),)),
            ("mechanism 'mine': column 'tenure': expected a name of its own, found that of a "
            "column of mechanism 'people' (did you mean 'mine_tenure'?)"),
        ),
        (
            mine(tables=("experienced_utility",)),
            ("mechanism 'mine': table 'experienced_utility': expected a name of its own, found "
            "that of a column of mechanism 'choice' (did you mean 'mine_experienced_utility'?)"),
        ),
        (
            mine(measures=(Measure("profit", "Profit", "currency", zero),)),
            ("mechanism 'mine': measure 'profit': expected a name of its own, found that of a "
            "measure 'profit' of the package (did you mean 'mine_profit'?)"),
        ),
        (
            mine(frames={"firms": zero}),
            ("mechanism 'mine': frame 'firms': expected a name of its own, found that of a frame "
            "'firms' of the package (did you mean 'mine_firms'?)"),
        ),
        (
            mine(frames={"tiers": zero}),
            "found that of a frame 'tiers' of mechanism 'value_tiers'",
        ),
        (
            mine(measures=(Measure("firm", "Firm", "1", zero),)),
            "found that of a column of frames 'firm' of the package",
        ),
        (mine(firm=Price), "mechanisms 'money' and 'mine' both declare firm parameter 'price'"),
        (
            mine(firm=Depth),
            ("parameter 'firm_promotions_depth': expected a name of its own, found that of a "
            "parameter of mechanism 'money'"),
        ),
        (
            mine(columns=(Column("both"), Column("both"))),
            ("mechanism 'mine': column 'both': expected a name of its own, found that of a column "
            "of mechanism 'mine'"),
        ),
        (
            mine(columns=(Column("first"),)),
            "found that of the number of a block's first customer, which every pass knows",
        ),
        (
            mine(columns=(Column("firm_mood"),)),
            ("mechanism 'mine': column 'firm_mood': expected a name that does not begin with "
            "'firm_', by which passes know parameters of firms of the package and of mechanisms "
            "(did you mean 'mine_mood'?)"),
        ),
        (mine(tables=("key_enter",)), "found that of a draw 'enter' of mechanism 'choice'"),
        (
            mine(tables=("sum_mood",)),
            "does not begin with 'sum_', by which passes know accumulators",
        ),
        (mine(tables=("n_mood",)), "does not begin with 'n_', by which passes know sizes of axes"),
        (
            mine(passes=(Pass(idle, "tell"), Pass(idle, "account"))),
            "mechanism 'mine': pass 'idle': expected a name of its own",
        ),
    ],
)  # fmt: skip
def test_a_second_owner_of_a_name_is_not_registered(mechanism, said):
    assert said in refused(mechanism)


@pytest.mark.parametrize(
    ("each", "said"),
    [
        (
            Pass(idle, "ad"),
            (
                "mechanism 'mine': pass 'idle': expected a phase of the period, found 'ad' "
                "(did you mean 'add'?)"
            ),
        ),
        (
            Pass(idle, "add", after=("offer.fitt",)),
            (
                "mechanism 'mine': pass 'idle': after: expected a pass of a mechanism that is "
                "registered, found 'offer.fitt' (did you mean 'offer.fit'?)"
            ),
        ),
        (
            Pass(idle, "prepare", before=("offer.countt",)),
            "before: expected a pass of a mechanism that is registered, found 'offer.countt'",
        ),
        (
            Pass(idle, "decide", replaces="choice.elects"),
            (
                "replaces: expected a pass of a mechanism that is registered, found "
                "'choice.elects' (did you mean 'choice.elect'?)"
            ),
        ),
        (
            Pass(idle, "decide", before=("offer.fit",)),
            (
                "before: expected a pass that phase 'decide' can be before, found 'offer.fit' of "
                "phase 'add', which comes first"
            ),
        ),
        (
            Pass(idle, "prepare", after=("choice.decide",)),
            "found 'choice.decide' of phase 'decide', which comes later",
        ),
    ],
)
def test_a_phase_or_pass_that_nobody_has_is_told_with_the_nearest(each, said):
    assert said in refused(mine(passes=(each,)))


def test_a_pass_of_a_mechanism_that_does_not_take_part_may_be_named():
    with known(mine(passes=(Pass(idle, "update", after=("self_discovery.discover",)),))):
        assert "mine.idle" in [step.name for step in Simulation(market()).schedule.steps]


def test_a_mechanism_may_name_passes_of_one_that_is_registered_later():
    first = mine(passes=(Pass(idle, "update", after=("later.idle",)),))
    with known(first, Mechanism("later", passes=(Pass(idle, "update"),))):
        order = [step.name for step in Simulation(market()).schedule.steps]
        assert order.index("later.idle") < order.index("mine.idle")
    with known(first), pytest.raises(ValueError, match=r"after: .* found 'later\.idle'"):
        Simulation(market())


def test_an_observer_is_looked_at_when_it_takes_part():
    for parts, said in (
        ({"draws": (Draw("enter"),)}, "draw 'enter'"),
        ({"measures": (Measure("market_share", "Share", "1", zero),)}, "measure 'market_share'"),
        ({"passes": (Pass(idle, "acount"),)}, "did you mean 'account'"),
    ):
        with pytest.raises(ValueError, match=said):
            Simulation(market(), observers=(lambda *_, parts=parts: Mechanism("watch", **parts),))


def elect(n, choice):
    for i in range(n):
        choice[i] = 0


def test_two_that_replace_one_pass_are_refused_where_both_take_part():
    one = mine(passes=(Pass(elect, "decide", replaces="choice.elect"),))
    other = Mechanism("other", passes=(Pass(elect, "decide", replaces="choice.elect"),))
    with (
        known(one, other),
        pytest.raises(ValueError, match=r"both replace 'choice\.elect'") as told,
    ):
        Simulation(market())
    assert "'mine.elect' and 'other.elect'" in str(told.value)
    absent = Mechanism("other", passes=other.passes, active=lambda scenario: False)
    with known(one, absent):
        assert "mine.elect" in [step.name for step in Simulation(market()).schedule.steps]


def test_one_that_replaces_a_substitute_is_told_what_that_stands_in_for():
    one = mine(passes=(Pass(elect, "decide", replaces="choice.elect"),))
    other = Mechanism("other", passes=(Pass(elect, "decide", replaces="mine.elect"),))
    with known(one, other), pytest.raises(ValueError, match=r"stands in for 'choice\.elect'"):
        Simulation(market())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("firm_price", "found that of a parameter of mechanism 'money' (did you mean 'mine_price'"),
        ("tenure", "found that of a column of mechanism 'people' (did you mean 'mine_tenure'"),
        ("discount", "found that of a table of mechanism 'money'"),
        ("sum_mine", "expected a name that does not begin with 'sum_'"),
        ("clock", "found that of the period, which every pass knows"),
    ],
)
def test_an_array_made_once_takes_nobody_elses_name(name, said):
    setup = lambda scenario, seed: {name: np.ones(3)}  # noqa: E731
    with (
        known(mine(setup=setup)),
        pytest.raises(ValueError, match=re.escape(said)) as told,
    ):
        Simulation(market())
    assert str(told.value).startswith(f"mechanism 'mine': array {name!r}: ")


def test_two_mechanisms_cannot_make_one_array():
    setup = lambda scenario, seed: {"ladder": np.ones(3)}  # noqa: E731
    with (
        known(mine(setup=setup), Mechanism("other", setup=setup)),
        pytest.raises(
            ValueError, match=r"'other': array 'ladder': .* an array of mechanism 'mine'"
        ),
    ):
        Simulation(market())


def test_a_mechanism_fills_a_table_of_its_own_at_the_start():
    setup = lambda scenario, seed: {"ladder": np.arange(3.0)}  # noqa: E731
    with known(mine(tables=("ladder",), setup=setup)):
        own = Simulation(market()).workspace.own["ladder"]
    np.testing.assert_array_equal(own, [0.0, 1.0, 2.0])


@pytest.mark.parametrize("axis", ["need", "firm", "previous_supplier", "firms", "customers"])
def test_an_axis_takes_nobody_elses_name(axis):
    with (
        known(mine(axes=lambda scenario: {axis: ("a", "b")})),
        pytest.raises(ValueError, match=f"'mine': axis '{axis}': expected a name of its own"),
    ):
        Simulation(market())


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"columns": (Column("mood", ("frm",)),)}, "column 'mood'.*found 'frm'.*mean 'firm'"),
        (
            {"accumulators": (Accumulator("mood", axes=("previous_suppliers",)),)},
            "accumulator 'mood'.*did you mean 'previous_supplier'",
        ),
        ({"tables": (("mood", ("option", "sgment")),)}, "table 'mood'.*did you mean 'segment'"),
        (
            {"draws": (Draw("mood", ("previous_supplier",)),)},
            "draw 'mood'.*found 'previous_supplier'",
        ),
    ],
)
def test_an_axis_that_nobody_has_is_told_with_the_nearest(parts, said):
    with known(mine(**parts)), pytest.raises(ValueError, match=said):
        Simulation(market())


def made_outside(text):
    space = {}
    exec(text, space)
    return space


def test_a_function_of_no_module_is_told_so():
    alone = made_outside("def alone(n):\n    pass")["alone"]
    said = refused(mine(passes=(Pass(alone, "tell"),)), TypeError)
    assert said.startswith("mechanism 'mine': pass 'alone': expected a function of a module")
    calls = made_outside("def rule(x): return x\ndef calls(n): rule(n)")
    calls["calls"].__module__ = "my_module"
    said = refused(mine(passes=(Pass(calls["calls"], "tell"),)), TypeError)
    assert said.startswith("rule 'rule': expected a function of a module")
    rule = made_outside("def learned(u, r): return u")["learned"]
    with pytest.raises(TypeError, match="rule 'learned': expected a function of a module"):
        cx.run(market(), rules={"learning.learned": rule})


def test_a_pass_is_a_plain_function():
    said = refused(mine(passes=(Pass(print, "tell"),)), TypeError)
    assert "passes: expected plain functions, found <built-in function print>" in said
