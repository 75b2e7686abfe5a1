"""Rules are exchanged by name in either engine; changed code never meets stale machine code."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest
from everything import everything
from markets import lively, market
from playing import assert_same, played

import cxsim as cx
from cxsim.engine.rules import names_of_rules
from cxsim.engine.schedule import PhaseGroup
from cxsim.identity import fingerprint
from cxsim.messages import former_names
from cxsim.model.mechanism_registry import registered
from cxsim.runs.simulation import Simulation

SLOW = 0.5


def slow(uncertainty, precision):
    return uncertainty / (1.0 + SLOW * precision * uncertainty)


def test_a_rule_from_a_notebook_replaces_a_built_in_one_in_both_engines():
    rules = {"learning.learned": slow}
    scenario = lively(customers=60)
    columnar = played(scenario, rules=rules)
    assert_same(columnar, played(scenario, rules=rules, engine="agents"))
    plain = played(scenario)
    assert columnar.ledger.count("knowledge").sum() < plain.ledger.count("knowledge").sum()
    assert columnar.rules_digest != plain.rules_digest


def test_a_rule_may_be_a_closure():
    def scaled(factor):
        def rule(uncertainty, precision):
            return uncertainty / (1.0 + factor * precision * uncertainty)

        return rule

    scenario = lively(customers=60)
    totals = {
        factor: played(scenario, rules={"learning.learned": scaled(factor)})
        .ledger.count("knowledge")
        .sum()
        for factor in (0.0, 0.5, 1.0)
    }
    assert totals[0.0] < totals[0.5] < totals[1.0]
    assert totals[1.0] == played(scenario).ledger.count("knowledge").sum()


def test_a_rule_used_by_another_rule_can_be_exchanged():
    never = {"elementary.gumbel": lambda u: 0.0}
    scenario = lively(customers=60)
    assert_same(played(scenario, rules=never), played(scenario, rules=never, engine="agents"))


def test_an_unknown_rule_is_refused_with_the_nearest_name():
    with pytest.raises(
        ValueError, match=r"found 'learning.lerned'.*did you mean 'learning.learned'"
    ):
        cx.run(lively(), rules={"learning.lerned": slow})


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("hassle.order_effort", "switching.ordering_effort"),
        ("reputation.moved", "word_of_mouth.reputation_after"),
        ("need_drift.drifted", "needs.drifted"),
    ],
)
def test_a_rule_that_was_renamed_or_moved_is_refused_with_its_name_of_today(before, now):
    on = everything().override({"periods": 2, "customers": 50})
    with pytest.raises(ValueError, match=rf"found '{before}' \(did you mean '{now}'\?\)"):
        cx.run(on, rules={before: slow})


def test_rules_in_the_table_of_former_names_exist_and_their_former_names_do_not():
    known = names_of_rules([each.function for m in registered() for each in m.passes])
    rules = {former: set(now) & known for former, now in former_names().items()}
    assert sum(map(bool, rules.values())) > 30
    assert not set(rules) & known
    dotted = {each for now in former_names().values() for each in now if "." in each}
    assert dotted <= known


def test_a_rule_of_other_arguments_is_refused():
    with pytest.raises(TypeError, match=r"expected a function of \(uncertainty, precision\)"):
        cx.run(lively(), rules={"learning.learned": lambda uncertainty: uncertainty})
    with pytest.raises(TypeError, match="expected a plain function"):
        cx.run(lively(), rules={"learning.learned": max})


def test_a_rule_that_cannot_be_compiled_is_named_in_one_line():
    def odd(uncertainty, precision):
        return str(uncertainty).upper()

    with pytest.raises(TypeError, match=r"rule '.*odd' cannot be compiled") as caught:
        cx.run(lively(), rules={"learning.learned": odd})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            lambda uncertainty, precision: undefined_name,  # noqa: F821
            r"name 'undefined_name' is not defined in test_rules.py, line \d+",
        ),
        (lambda uncertainty, precision: "x", r"No conversion from .* to float64"),
        (lambda uncertainty, precision: uncertainty.mood, "Unknown attribute 'mood'"),
        (lambda uncertainty, precision: uncertainty + "a", r"No implementation .*add\(float64"),
        (lambda uncertainty, precision: vars(uncertainty), "Untyped global name 'vars'"),
    ],
)
def test_what_keeps_a_rule_from_being_compiled_is_told(rule, said):
    with pytest.raises(TypeError, match=f"cannot be compiled: .* found .*{said}") as caught:
        cx.run(lively(), rules={"learning.learned": rule})
    assert "\n" not in str(caught.value)


SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
import user_rule
import cxsim as cx
firms = {{"Ann": {{"price": 10, "interaction": 1.0}}}}
scenario = cx.Scenario.from_dict(
    {{"periods": 2, "customers": 50, "firms": firms, "segments": {{"All": {{"share": 1.0}}}}}}
)
result = cx.run(scenario, rules={{"learning.learned": user_rule.rule}})
print(result.firms["customer_knowledge"].iloc[-1])
"""


def knowledge_with(tmp_path, text, cache):
    (tmp_path / "user_rule.py").write_text(textwrap.dedent(text))
    environment = {**os.environ, "CXSIM_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(folder=str(tmp_path))],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.slow
def test_a_changed_rule_never_runs_stale_machine_code(tmp_path):
    cache = tmp_path / "cache"
    rule = """
    def helper(uncertainty):
        return {factor} * uncertainty
    def rule(uncertainty, precision):
        return helper(uncertainty)
    """
    half = knowledge_with(tmp_path, rule.format(factor=0.5), cache)
    files = sorted(path.name for path in cache.iterdir())
    assert files
    again = knowledge_with(tmp_path, rule.format(factor=0.5), cache)
    assert sorted(path.name for path in cache.iterdir()) == files  # found, not made again
    quarter = knowledge_with(tmp_path, rule.format(factor=0.25), cache)
    assert (half, again, quarter) == (0.75, 0.75, 0.9375)


PARTS = """
import sys
sys.path.insert(0, {folder!r})
import parts_of_rules as parts
import cxsim as cx
firms = {{"Ann": {{"price": 10, "interaction": 1.0, "customization": 1.0}}}}
segments = {{"All": {{"share": 1.0, "fit_weight": 1.0}}}}
scenario = cx.Scenario.from_dict(
    {{"periods": 2, "customers": 50, "firms": firms, "segments": segments}}
)
for name in sys.argv[1:]:
    rules = {{"offer.noise": getattr(parts, name)}} if name != "plain" else None
    print(name, cx.run(scenario, rules=rules).firms["fit_gap"].iloc[-1])
"""


@pytest.mark.slow
def test_machine_code_of_different_processes_may_meet_in_a_third(tmp_path):
    (tmp_path / "parts_of_rules.py").write_text(
        "one = lambda c, k, d, s: 1.0 * d\ntwo = lambda c, k, d, s: 2.0 * d\n"
    )

    def lines(*names):
        done = subprocess.run(
            [sys.executable, "-c", PARTS.format(folder=str(tmp_path)), *names],
            capture_output=True,
            text=True,
            env={**os.environ, "CXSIM_CACHE_DIR": str(tmp_path / "cache")},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    names = ["plain", "one", "two"]
    alone = [line for name in names for line in lines(name)]
    assert len(set(alone)) == 3
    assert lines(*names) == alone
    assert lines(*reversed(names)) == alone[::-1]


def test_two_lambdas_on_one_line_have_different_digests():
    a, b = (lambda x: x + 1), (lambda x: x + 2)
    assert fingerprint(a) != fingerprint(b)


@pytest.mark.slow
def test_machine_code_is_read_from_a_shared_folder_that_cannot_be_written(tmp_path, monkeypatch):
    from cxsim.engine import compiling

    shared, own = tmp_path / "shared", tmp_path / "own"
    scenario = lively(customers=50)
    monkeypatch.setenv("CXSIM_CACHE_DIR", str(shared))
    monkeypatch.setattr(compiling, "_passes", {})
    expected = played(scenario)
    made = {path.name for path in shared.iterdir()}
    assert made
    monkeypatch.setenv("CXSIM_CACHE_DIR", os.pathsep.join([str(own), str(shared)]))
    monkeypatch.setattr(compiling, "_passes", {})
    assert_same(expected, played(scenario))
    assert not own.exists()  # everything was found in the shared folder


def test_a_cache_that_can_be_neither_read_nor_written_does_no_harm(tmp_path, monkeypatch):
    from cxsim.engine import compiling

    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    simulation = Simulation(market(customers=20, periods=1))
    simulation.workspace.begin_period(0)
    monkeypatch.setenv("CXSIM_CACHE_DIR", str(blocked))
    monkeypatch.setattr(compiling, "_passes", {})
    step = next(s for s in simulation.schedule.steps if s.name == "learning.learn")
    simulation.engine.run([PhaseGroup((step,), population=False)])
    assert len(compiling._passes) == 1
    assert blocked.read_text() == "not a folder"


@pytest.mark.slow
def test_broken_machine_code_is_made_again(tmp_path, monkeypatch):
    from cxsim.engine import compiling

    monkeypatch.setenv("CXSIM_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(compiling, "_passes", {})
    expected = played(lively(customers=20, periods=1))
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:40])
    monkeypatch.setattr(compiling, "_passes", {})
    assert_same(expected, played(lively(customers=20, periods=1)))
