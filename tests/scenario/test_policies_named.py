"""A scenario names policies: briefly or with parameters, checked like everything else in a file."""

from __future__ import annotations

import os
import pickle

import policies_of_users  # noqa: F401 - what a session has imported itself needs no trust
import pytest

from cxsim.scenario import Scenario, ScenarioError

TAILOR = "firms.Tailor.policy"


def with_policy(text):
    """Return a change to market.yaml that gives Tailor a policy."""
    return {"old": "    price: 12\n", "new": f"    price: 12\n    policy: {text}\n"}


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("{pricing: best_respons}",
         ("pricing: expected a pricing policy (a name, or module:Class), found 'best_respons' "
         "(did you mean 'best_response'?)")),
        ("{prising: fixed}",
         "prising: expected a parameter of policy, found 'prising' (did you mean 'pricing'?)"),
        ("{pricing: {nam: farsighted}}",
         "pricing: expected the policy's name under 'name', found nothing"),
        ("{pricing: {name: 3}}",
         "pricing.name: expected the policy's name under 'name', found 3"),
        ("{pricing: {name: farsighted, buyer: one}}",
         ("pricing.buyer: expected a parameter of farsighted, found 'buyer' "
         "(did you mean 'buyers'?)")),
        ("{pricing: {name: farsighted, discount_factor: 1}}",
         "pricing.discount_factor: expected a number of at least 0 and below 1 or null, found 1"),
        ("{pricing: {name: farsighted, buyers: two}}",
         "pricing.buyers: expected one of many, one, found 'two'"),
        ("{pricing: {name: fixed, by: 1}}",
         "pricing.by: expected no parameters with fixed, found 'by'"),
        ("{pricing: no_such_module:Mine}",
         ("pricing: expected a module in HERE or a policy of an installed package, "
         "found 'no_such_module'")),
        ("{pricing: 'antigravity:X'}",
         ("pricing: expected a module in HERE or a policy of an installed package, "
         "found 'antigravity'")),
        ("{pricing: '../mine:X'}", "pricing: expected module:Class, found '../mine:X'"),
        ("{pricing: policies_of_users:Undercutt}",
         ("pricing: expected a pricing policy of module policies_of_users, found 'Undercutt' "
         "(did you mean 'Undercut'?)")),
        ("{pricing: policies_of_users:Climb}",
         ("pricing: expected a pricing policy of module policies_of_users, found 'Climb' "
         "(known: Ratchet, Undercut)")),
        ("{capability: policies_of_users:Climb}",
         "capability.step: expected a number above 0 and up to 1 (share), found nothing"),
    ],
)  # fmt: skip
def test_one_mistake_gives_one_line(complaint, policy, message):
    said = complaint(**with_policy(policy)).replace(os.path.realpath("."), "HERE")
    assert said == f"market.yaml:14: {TAILOR}.{message}"


def test_a_market_that_a_policy_cannot_decide_in_is_refused_with_what_is_in_the_way(complaint):
    said = complaint(**with_policy("{pricing: farsighted}"))
    assert said.startswith(
        f"market.yaml:14: {TAILOR}.pricing: farsighted: expected two firms and one segment of "
        "customers alike, without fit, tastes, learning, exits or other mechanisms, found "
    )
    assert "2 segments" in said


def test_a_name_alone_is_short_for_a_mapping(market):
    brief = market.override({f"{TAILOR}.pricing": "best_response"})
    full = market.override({f"{TAILOR}.pricing": {"name": "best_response"}})
    assert brief == full
    assert brief.digest == full.digest != market.digest


def test_fixed_is_what_there_is_without_a_policy(market):
    assert market.override({f"{TAILOR}.pricing": "fixed"}) == market
    assert market.override({f"{TAILOR}.capability": {"name": "fixed"}}) == market
    assert "policies" not in [each.name for each in market.mechanisms]


def test_the_digest_knows_parameters_and_the_defaults_of_policies_by_name(market):
    given = {
        step: market.override({f"{TAILOR}.pricing": {"name": "adaptive", "step": step}})
        for step in (0.02, 0.03)
    }
    default = market.override({f"{TAILOR}.pricing": "adaptive"})
    assert default == given[0.02] != given[0.03]


def test_the_digest_knows_what_is_said_of_a_policy_whose_code_is_not_read(market):
    given = [
        market.override({f"{TAILOR}.pricing": {"name": "policies_of_users:Undercut", "by": by}})
        for by in (1, 1.0, 2)
    ]
    assert given[0] == given[1] != given[2]


def test_a_parameter_of_a_policy_has_a_path_of_its_own(market):
    brief = market.override({f"{TAILOR}.pricing": "policies_of_users:Undercut"})
    changed = brief.override([f"{TAILOR}.pricing.by=0.7"])
    assert dict(changed.firms["Tailor"].policy.pricing) == {
        "name": "policies_of_users:Undercut", "by": 0.7,
    }  # fmt: skip
    with pytest.raises(ScenarioError, match="by: expected a number, found 'x'"):
        brief.override([f"{TAILOR}.pricing.by=x"])


def test_policies_are_written_and_read_back(market):
    changed = market.override({f"{TAILOR}.pricing": {"name": "policies_of_users:Undercut"}})
    changed.save("changed.yaml")
    assert Scenario.load("changed.yaml") == changed
    assert pickle.loads(pickle.dumps(changed)) == changed


def test_events_do_not_change_policies(complaint):
    said = complaint(text=EVENT)
    assert said == (
        "market.yaml:5: events.0.set.firms.A.policy.pricing: expected a parameter that may "
        "change during a run, found 'firms.A.policy.pricing'"
    )


EVENT = """\
firms: {A: {price: 1}}
segments: {All: {share: 1}}
events:
  - at: 1
    set: {firms.A.policy.pricing: best_response}
"""


def test_editors_can_complete_policies():
    jsonschema = pytest.importorskip("jsonschema")
    schema = Scenario.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema).is_valid

    def valid(pricing):
        firm = {"price": 1, "policy": {"pricing": pricing}}
        return check({"firms": {"A": firm}, "segments": {"All": {"share": 1}}})

    assert valid("best_response")
    assert valid({"name": "farsighted", "buyers": "one"})
    assert valid("my_module:Mine")
    assert valid({"name": "my_module:Mine", "anything": [1, 2]})
    assert not valid("best_respons")
    assert not valid({"name": "farsighted", "buyers": "two"})
    assert not valid({"buyers": "one"})
