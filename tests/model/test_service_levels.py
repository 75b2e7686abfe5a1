"""Service levels multiply capabilities for some customers; account managers spread thin."""

from __future__ import annotations

import numpy as np
import pytest
from markets import lively
from playing import assert_same, played

import cxsim as cx
from cxsim.model.targeting.service_levels import attention, faded

KEY = {"share": 0.25, "interaction": 2.0, "customization": 1.5, "cost": 0.5}
LEVELS = {"key": KEY, "silver": {"share": 0.5, "recognition": 0.5}}


def tailored(customers=300, **changes):
    return lively(customers=customers).override(
        {f"firms.Tailor.{name}": value for name, value in changes.items()}
    )


@pytest.mark.parametrize("by", ["everyone", "analytics"])
def test_both_engines_agree_with_service_levels(by):
    few = {"managers": 5.0, "accounts_each": 10.0, "cost": 30.0}
    scenario = tailored(100, service_levels=LEVELS, service_levels_by=by, account_managers=few)
    assert_same(played(scenario), played(scenario, engine="agents"))


def test_neutral_levels_change_no_purchase_and_no_knowledge():
    plain = tailored()
    neutral = tailored(service_levels={"key": {"share": 0.3}})
    for name in ("purchases", "resolved"):
        np.testing.assert_array_equal(
            played(plain).ledger.count(name), played(neutral).ledger.count(name)
        )


def test_levels_hold_their_shares_and_cost_what_they_cost():
    ledger = played(tailored(1000, service_levels=LEVELS)).ledger
    held, inside = ledger.count("customers_before")[:, 3], ledger.count("in_level")[:, 2]
    assert (np.abs(inside[:, 0] - 0.25 * held) <= 0.5).all()
    assert (np.abs(inside.sum(axis=1) - 0.75 * held) <= 0.5).all()
    np.testing.assert_allclose(ledger.count("level_cost")[:, 2], 0.5 * inside[:, 0])


def test_key_service_fades_when_managers_have_too_many_accounts():
    assert attention(2.0, 30.0, 60.0) == attention(0.0, 30.0, 0.0) == 1.0
    assert attention(2.0, 30.0, 240.0) == 0.25
    assert faded(3.0, 0.25) == 1.5
    assert faded(3.0, 0.0) == 1.0

    def share(managers):
        team = {"managers": managers, "accounts_each": 100.0, "cost": 7.0}
        market = tailored(service_levels={"key": KEY}, account_managers=team)
        return cx.run(market).firms.query("firm == 'Tailor'")

    none, some = share(0.0), share(20.0)
    assert (none["key_attention"].dropna() == 0.0).all()
    assert (some["key_attention"].dropna() > 0.0).all()


def test_without_managers_enough_key_service_is_base_service():
    plain = tailored()
    alone = tailored(service_levels={"key": KEY}, account_managers={"managers": 0.0})
    np.testing.assert_array_equal(
        played(plain).ledger.count("purchases"), played(alone).ledger.count("purchases")
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"service_levels": {"gols": {}}}, "expected a service level .*found 'gols'.*gold"),
        ({"service_levels": {"key": {"share": 0.7}, "gold": {"share": 0.7}}}, "at most 1"),
        ({"account_managers": {"managers": 1.0}}, "expected none without the level"),
    ],
)
def test_what_cannot_be_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        tailored(**changes)


def test_key_service_staffed_for_many_earns_less_than_for_few_and_knows_more():
    gaps = []
    for seed in range(3):
        run = cx.run("key_accounts", seed=seed, overrides={"customers": 400, "periods": 12})
        mean = run.firms.groupby("firm")[["profit", "customer_knowledge"]].mean()
        gaps.append(mean.loc["Staffed"] - mean.loc["Few"])
    error = np.std(gaps, axis=0, ddof=1) / np.sqrt(len(gaps))
    profit, known = np.mean(gaps, axis=0)
    assert profit < -2 * error[0]
    assert known > 2 * error[1]
