"""Policies decide for firms: on what their firms know, all at once, the same in both engines."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from journeys import lived
from markets import firm, lively, market
from playing import assert_same, played
from policies_of_users import NotAPolicy, Undercut

import cxsim as cx
from cxsim.firms.policy import FirmInformation, Public
from cxsim.runs.firm_decisions import ExpectedDemand
from cxsim.runs.measures.measure_registry import measures
from cxsim.runs.simulation import Simulation


def pricing(name, **settings):
    return {"pricing": {"name": name, **settings}}


def mine(name):
    return f"policies_of_users:{name}"


def two(policy, **world):
    """Two firms at 10 and 9 with the same policy."""
    return market(
        {"Ann": firm(policy=policy), "Bob": firm(price=9.0, policy=policy)}, periods=4, **world
    )


def prices(simulation):
    return simulation.ledger.firm("price")


# --- what a policy does ---------------------------------------------------------------


def test_all_firms_decide_on_what_was_so_before_any_of_them_decided():
    got = prices(played(two(pricing(mine("Undercut"), by=0.5))))
    assert got.tolist() == [[8.5, 9.5], [9.0, 8.0], [7.5, 8.5], [8.0, 7.0]]


def test_a_policy_sees_this_periods_events_and_has_the_last_word():
    events = [{"at": 2, "set": {"firms.Bob.price": 4.0}}]
    scenario = two(pricing(mine("Undercut"), by=0.5), events=events)
    assert prices(played(scenario))[2].tolist() == [3.5, 8.5]


def test_nothing_is_decided_during_the_warm_up():
    scenario = two(pricing(mine("Undercut"), by=0.5), warm_up=3)
    assert prices(played(scenario))[0].tolist() == [8.5, 9.5]


def test_a_firm_that_left_is_no_rival():
    scenario = market(
        {"Ann": firm(policy=pricing(mine("Undercut"))), "Bob": firm(), "Cy": firm(price=1.0)},
        periods=3,
        events=[{"at": 1, "set": {"firms.Cy.active": False}}],
    )
    assert prices(played(scenario))[:, 0].tolist() == [0.5, 9.5, 9.5]


def test_a_policy_is_told_what_its_own_surveys_say_and_no_other_firms():
    seen = []

    class Reader(cx.PricingPolicy):
        """Note what is believed."""

        def decide(self, known):
            seen.append((known.period, known.firm, dict(known.beliefs)))

    cx.register_policy(Reader)
    surveys = {"firms.Mass.surveys": {"deep_dive": {"every": 1}}}
    scenario = lived(customers=900, periods=3, **surveys)
    held = []

    def note(simulation):
        own = simulation.workspace.own
        names = "perceived_performance", "perceived_performance_se"
        held.append(tuple(own[name].copy() for name in names))

    policies = {"firms.*.policy.pricing": "Reader"}
    simulation = played(scenario.override(policies), each=note)
    assert seen[0][2] == {}  # before anybody was asked
    beliefs = {firm: told for period, firm, told in seen if period == 2}
    mass = beliefs.pop("Mass")
    firm = simulation.ledger.firms.index("Mass")
    names = simulation.workspace.tables.axes["touchpoint"]
    scores, errors = (array[firm] for array in held[1])
    for name, belief in mass.items():
        place = names.index(name)
        np.testing.assert_equal((belief.score, belief.error), (scores[place], errors[place]))
    assert any(belief.error > 0 for belief in mass.values())
    for told in beliefs.values():  # others believe their design
        assert all(np.isnan(belief.error) for belief in told.values())


def test_chance_is_a_firms_own():
    policy = pricing(mine("Ratchet"), chance=0.5)
    few = played(two(policy), seed=3)
    names = {"Ann": firm(policy=policy), "Bob": firm(price=9.0, policy=policy)}
    more = market({"Aaron": firm(policy=policy), **names}, periods=4)
    np.testing.assert_array_equal(prices(few), prices(played(more, seed=3))[:, 1:])
    rises = prices(few)[-1] / [10.0, 9.0]
    assert (prices(played(two(policy), seed=4))[-1] / [10.0, 9.0] != rises).any()


def test_capabilities_that_a_policy_raises_cost_what_they_cost_by_events():
    path = [0.2, 0.5, 0.8, 1.0]
    costs = {"capability_cost": 100.0, "capability_investment": 1000.0}
    policy = {"capability": {"name": mine("Climb"), "step": 0.3}}
    events = [
        {"at": t, "set": {"firms.Ann.interaction": a}} for t, a in enumerate([0.5, 0.8, 1.0, 1.0])
    ]
    start = firm(interaction=path[0], **costs)
    by_policy = played(market({"Ann": {**start, "policy": policy}, "Bob": firm()}, periods=4))
    by_event = played(market({"Ann": start, "Bob": firm()}, periods=4, events=events))
    for name in ("capability_overhead", "capability_investment", "profit", "cash"):
        assert by_policy.latest("firm", name)[0] == pytest.approx(by_event.latest("firm", name)[0])
    frame = next(m.function(by_policy.ledger) for m in _measures("capability_investment"))
    assert frame[:, 0] == pytest.approx([300.0, 300.0, 200.0, 0.0])


def _measures(name):
    from cxsim.runs.measures.measure_registry import FIRM_MEASURES

    return [m for m in FIRM_MEASURES if m.name == name]


# --- what a policy knows --------------------------------------------------------------


class Diary(cx.PricingPolicy):
    """Keep what it is shown."""

    def begin(self):
        self.seen = []

    def decide(self, known):
        self.seen.append(known)


def diary(scenario, **options):
    simulation = played(scenario, **options)
    (seat,) = simulation.decisions._seats
    return simulation, seat.policy.seen


def observed(**world):
    cx.register_policy(Diary)
    scenario = lively(customers=400, periods=5, **world)
    return scenario.override({"firms.Tailor.policy.pricing": "Diary"})


def test_a_firm_knows_its_books_and_what_is_public():
    simulation, seen = diary(observed(events=[{"at": 2, "set": {"firms.Mass.price": 8.0}}]))
    result = cx.run(observed(events=[{"at": 2, "set": {"firms.Mass.price": 8.0}}]))
    own = result.firms[result.firms["firm"] == "Tailor"]
    last = seen[-1]
    assert (last.firm, last.period, last.period_length) == ("Tailor", 4, "month")
    books = {m.name for m in measures("firm", simulation.mechanisms) if m.own_ledger}
    assert {"purchases", "retention_rate", "cash"} <= books <= set(last.books)
    for name in books:
        np.testing.assert_allclose(last.books[name], own[name][:4], rtol=1e-12, err_msg=name)
    assert last.own["price"] == 10.0
    assert last.own["position"].shape == (2,)
    assert [known.public["Mass"].price for known in seen] == [10.0, 10.0, 8.0, 8.0, 8.0]
    assert last.public["Mass"].share == result.firms.query("firm == 'Mass'")["market_share"].iloc[3]
    assert set(last.rivals) == {"Mass", "Niche"}
    assert np.isnan(seen[0].public["Mass"].share)
    assert np.isnan(seen[0].last("profit"))
    assert last.last("profit") == last.books["profit"][-1]


def test_nothing_that_a_firm_knows_leads_to_its_customers():
    simulation, seen = diary(observed())
    secret = {
        id(thing)
        for thing in (simulation, simulation.workspace, simulation.workspace.population,
                      simulation.engine, simulation.ledger, simulation.workspace.tables)
    }  # fmt: skip
    waiting, found = [seen[-1]], set()
    while waiting:
        thing = waiting.pop()
        if id(thing) in found or isinstance(thing, (type, ModuleType)):
            continue
        found.add(id(thing))
        assert id(thing) not in secret, thing
        if isinstance(thing, np.ndarray):
            assert thing.size < 400, "as many numbers as there are customers"
            waiting.append(thing.base)
        waiting += gc.get_referents(thing)
    assert seen[-1].market is None


def test_what_a_firm_knows_cannot_be_changed():
    _, seen = diary(observed())
    known = seen[-1]
    with pytest.raises(TypeError):
        known.own["price"] = 1.0
    with pytest.raises(TypeError):
        known.public["Mass"] = None
    with pytest.raises(ValueError, match="read-only"):
        known.books["profit"][0] = 1e9
    with pytest.raises(AttributeError):
        known.public["Mass"].price = 1.0


def test_a_policy_decides_on_an_object_that_has_nothing_else():
    known = FirmInformation("Ann", public={"Ann": Public(price=3.0), "Bob": Public(price=8.0)})
    assert Undercut(by=1.0).decide(known) == 7.0


def test_only_benchmarks_are_shown_the_market():
    cx.register_policy(Spy)
    scenario = two({"pricing": "Spy"})
    assert all(
        isinstance(s.policy.shown, ExpectedDemand) for s in played(scenario).decisions._seats
    )


class Spy(cx.PricingPolicy):
    """A benchmark that keeps what it is shown."""

    information = "full"

    def decide(self, known):
        self.shown = known.market


# --- engines, and interruptions -------------------------------------------------------


def competing(**world):
    """Firms with a policy of each kind, in a market in which everything is on."""
    return lively(customers=world.pop("customers", 300), periods=5, **world).override(
        {
            "firms.Mass.policy.pricing": "best_response",
            "firms.Niche.policy": {"pricing": mine("Ratchet")},
            "firms.Tailor.policy.capability": {"name": mine("Climb"), "step": 0.05},
            "firms.Tailor.interaction": 0.6,
        }
    )


def test_both_engines_agree_on_what_firms_decide():
    columnar, agents = played(competing()), played(competing(), engine="agents")
    assert_same(columnar, agents)
    for name in ("price", "personal_premium", "interaction"):
        np.testing.assert_array_equal(columnar.ledger.firm(name), agents.ledger.firm(name))
    assert len(set(prices(columnar)[:, 0])) == 5


def test_blocks_and_threads_do_not_show_in_decisions():
    scenario = competing(customers=3000)
    assert_same(played(scenario), played(scenario, block=1024, threads=2))


@pytest.mark.parametrize("engine", ["columnar", "agents"])
def test_a_run_resumes_from_a_pickle_with_what_policies_remember(engine):
    scenario = competing(customers=100)
    whole = played(scenario, engine=engine)
    half = cx.Market(scenario, engine=engine, rng=0)
    half.step()
    half.step()
    again = pickle.loads(pickle.dumps(half))
    while not again.simulation.finished:
        again.step()
    assert_same(whole, again.simulation)
    np.testing.assert_array_equal(prices(whole), prices(again.simulation))


def test_a_policy_of_a_notebook_travels_to_other_processes_with_the_scenario():
    cloudpickle = pytest.importorskip("cloudpickle")
    code = """
import sys, cloudpickle, cxsim as cx
@cx.register_policy
class Cheap(cx.PricingPolicy):
    def decide(self, known):
        return 1.0
s = cx.load("baseline", {"customers": 50, "periods": 2, "firms.Tailor.policy.pricing": "Cheap"})
sys.stdout.buffer.write(cloudpickle.dumps(s))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    scenario = cloudpickle.loads(done.stdout)
    assert cx.run(scenario).firms.query("firm == 'Tailor'")["price"].tolist() == [1.0, 1.0]


def test_another_policy_is_another_run():
    digest = {
        name: Simulation(two({"pricing": mine(name)})).rules_digest
        for name in ("Undercut", "Ratchet")
    }
    assert digest["Undercut"] != digest["Ratchet"]


# --- mistakes -------------------------------------------------------------------------


class Wrong(cx.PricingPolicy):
    """Decide what it is told to."""

    what: str = ""

    def decide(self, known):
        if self.what == "error":
            return 1 / 0
        wrong = {"negative": -1.0, "nothing": float("nan"), "text": "dear"}
        return wrong.get(self.what, {"quality": 3.0})


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("negative", "expected a price of at least 0, found -1.0"),
        ("nothing", "expected a price of at least 0, found nan"),
        ("text", "expected a price of at least 0, found 'dear'"),
        ("quality", "expected to set any of price, personal_premium, found 'quality'"),
        ("error", "ZeroDivisionError: division by zero"),
    ],
)
def test_what_a_policy_cannot_decide_is_named_with_firm_and_period(what, message):
    cx.register_policy(Wrong)
    with pytest.raises(cx.PolicyError) as caught:
        cx.run(two(pricing("Wrong", what=what)))
    assert str(caught.value) == f"firm 'Ann', pricing policy 'Wrong', period 0: {message}"


def test_a_class_that_is_no_policy_is_not_registered():
    with pytest.raises(TypeError, match=r"expected a class derived from cxsim\.Pricing"):
        cx.register_policy(NotAPolicy)


def test_a_policy_that_decides_nothing_is_refused_before_anything_runs(tmp_path, monkeypatch):
    class Idle(cx.PricingPolicy):
        pass

    with pytest.raises(TypeError, match="Idle: expected a method decide, found none"):
        cx.register_policy(Idle)
    (tmp_path / "idle_policies.py").write_text(
        "import cxsim as cx\nclass Idle(cx.PricingPolicy):\n    pass\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CXSIM_TRUST", str(tmp_path))
    market = cx.Scenario.load("baseline", {"firms.Mass.policy.pricing": "idle_policies:Idle"})
    with pytest.raises(cx.ScenarioError, match="expected a method decide, found none"):
        cx.run(market)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"segments.All.buying_center": {"members": 2}}, "one member each, found 2"),
        ({"firms.Bob.loyalty_programme": {}}, "pay prices only, found loyalty programmes"),
        ({"firms.Bob.billing": "subscription"}, "found contracts and subscriptions"),
    ],
)
def test_a_best_response_is_refused_where_its_condition_leaves_something_out(changes, found):
    with pytest.raises(cx.ScenarioError, match=found):
        market().override({**changes, "firms.Ann.policy": {"pricing": "best_response"}})


def test_two_policies_of_one_name_are_refused():
    class Twice(cx.PricingPolicy):
        def decide(self, known):
            return None

    class Other(cx.PricingPolicy):
        def decide(self, known):
            return None

    cx.register_policy(Twice)
    Other.__name__, Other.__module__ = "Twice", "elsewhere"  # a cell that runs again is no other
    with pytest.raises(ValueError, match="a policy named 'Twice' is registered already"):
        cx.register_policy(Other)


def test_a_parameter_may_not_hide_what_every_policy_has():
    with pytest.raises(TypeError, match="found 'kind'"):
        type("Odd", (cx.PricingPolicy,), {"__annotations__": {"kind": int}})


def test_far_sighted_firms_need_a_supplier_for_everybody():
    policy = {"pricing": "farsighted"}
    with pytest.raises(cx.PolicyError, match="expected a supplier for every customer"):
        cx.run(two(policy))


def test_the_command_line_finds_policies_in_a_trusted_folder(tmp_path):
    (tmp_path / "own_policies.py").write_text(
        "import cxsim as cx\n"
        "class Free(cx.PricingPolicy):\n"
        "    def decide(self, known):\n"
        "        return -1.0 if known.period else 0.0\n",
        encoding="utf-8",
    )
    (tmp_path / "m.yaml").write_text(
        "customers: 20\nperiods: 2\nsegments: {All: {share: 1}}\n"
        "firms: {A: {price: 1, policy: {pricing: own_policies:Free}}, B: {price: 1}}\n",
        encoding="utf-8",
    )
    here = str(Path(cx.__file__).parents[1])
    call = [sys.executable, "-c", ("import sys; sys.path.remove(''); "
            "from cxsim.cli import main; sys.exit(main(sys.argv[1:]))")]  # fmt: skip
    for command, code, said in (("check", 0, ""), ("run", 1, "expected a price of at least 0")):
        done = subprocess.run(
            [*call, command, "m.yaml"],
            capture_output=True, text=True, cwd=tmp_path, check=False,
            env={**os.environ, "PYTHONPATH": here, "CXSIM_TRUST": str(tmp_path)},
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_a_misspelt_name_of_firm_information_is_refused_with_the_right_one():
    known = FirmInformation("Ann", public={"Bob": Public(price=8.0)}, books={"profit": np.ones(2)})
    with pytest.raises(AttributeError, match=r"no attribute 'rival' .*'rivals'"):
        known.rival  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'prise' .*'price'"):
        known.rivals["Bob"].prise  # noqa: B018
    with pytest.raises(KeyError, match=r"found 'profits' .*'profit'"):
        known.last("profits")
