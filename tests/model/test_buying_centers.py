"""Several people decide for an account; customers find out what they need."""

from __future__ import annotations

import numpy as np
import pytest
from markets import firm, lively, market
from playing import assert_same, played

import cxsim as cx
from cxsim import plot
from cxsim.scenario import ScenarioError


def centers(members, **more):
    return lively(customers=2500).override(
        {"segments.*.buying_center": {"members": members, "member_need_sd": 0.6, **more}}
    )


def test_segments_without_a_buying_center_decide_alone_beside_those_that_have_one():
    scenario = centers(4).override({"segments.Far.buying_center": None})
    alone = lively(customers=2500)
    a, b = played(alone), played(scenario)
    far = a.customers("segment") == 0
    assert far.any()
    np.testing.assert_array_equal(a.customers("supplier")[far], b.customers("supplier")[far])
    assert (a.customers("supplier")[~far] != b.customers("supplier")[~far]).any()


def test_more_members_leave_the_needs_and_shocks_of_the_first_ones_alone():
    few, many = played(centers(2)), played(centers(5))
    np.testing.assert_array_equal(few.customers("member_need"), many.customers("member_need")[:2])


def test_blocks_and_threads_do_not_show():
    scenario = centers(3).override({"self_discovery": {}})
    assert_same(played(scenario), played(scenario, block=1024, threads=2))


def test_unanimity_keeps_accounts_where_they_are_and_newcomers_from_buying():
    easy, hard = (cx.run(centers(4, quorum=q)) for q in (0.0, 1.0))
    assert hard.market["consensus_rate"].mean() < 0.5 * easy.market["consensus_rate"].mean()
    assert (
        hard.firms["customers_lost_to_rivals"].sum()
        < 0.5 * easy.firms["customers_lost_to_rivals"].sum()
    )
    assert (hard.market["no_decision_rate"] > easy.market["no_decision_rate"]).all()


def test_without_agreement_nothing_is_bought_from_a_supplier_that_has_left():
    scenario = market(
        {"Ann": firm(), "Bob": firm(), "Gone": firm(active=False)},
        {"All": {"share": 1.0, "buying_center": {"members": 2, "quorum": 1.0}}},
        initial={"Gone": {"share": 1.0}},
        customers=2000,
        periods=1,
    )
    verdict = played(scenario).ledger.count("verdict")[0, 0, 1]
    accounts, agreed, bought = verdict
    assert accounts == 2000
    assert agreed == bought == pytest.approx(1000, abs=4 * np.sqrt(500))


def test_members_are_served_better_by_offers_tailored_to_each():
    known = {"initial": {"Tailor": {"share": 1.0, "knowledge": 0.9}}}
    account, member = (
        cx.run(centers(3, tailoring=t).override({**known, "warm_up": 0})).firms
        for t in ("account", "member")
    )
    first = (account["period"] == 0) & (account["firm"] == "Tailor")
    assert (member.loc[first, "fit_gap"] < account.loc[first, "fit_gap"]).all()


def test_decisions_are_kept_with_the_run(tmp_path):
    run = cx.run(centers(3))
    again = cx.Run.load(run.save(tmp_path / "run"))
    assert again.frame("decisions").equals(run.frame("decisions"))
    sums = run.frame("decisions").groupby("period")[["accounts", "agreed"]].sum()
    np.testing.assert_allclose(sums["agreed"] / sums["accounts"], run.market["consensus_rate"])
    with pytest.raises(KeyError, match="decisions"):
        run.frame("decision")


def test_reasons_for_losses_let_all_members_vote_again():
    run = cx.run(centers(3), probes=["churn_reasons"])
    lost = run.churn_reasons.groupby("driver")["customers"].sum()
    assert (run.churn_reasons["customers"] <= run.churn_reasons["churned"]).all()
    assert lost["chance"] > 0
    assert lost["price"] > 0


def test_a_figure_shows_decisions_beside_what_was_published():
    figure = plot.buying_center_decisions(cx.run("b2b_suppliers").frame("decisions"))
    assert "buying centers of 1 buy" in figure.get_suptitle()
    assert "of 6" in plot.alternative_text(figure)
    with pytest.raises(ValueError, match="decisions: expected a column"):
        plot.buying_center_decisions(cx.run("baseline", overrides={"periods": 2}).firms)


def test_a_figure_compares_tailoring_to_the_account_and_to_the_member():
    import pandas as pd

    frames = [cx.run(centers(3, tailoring=t)).frame("decisions") for t in ("account", "member")]
    figure = plot.buying_center_consensus(pd.concat(frames))
    assert "Tailoring to each member" in figure.get_suptitle()
    with pytest.raises(ValueError, match="tailoring to the member"):
        plot.buying_center_consensus(frames[0])


def test_the_number_of_members_stays():
    with pytest.raises(ScenarioError, match="members"):
        centers(2).override(
            {"events": [{"at": 1, "set": {"segments.Near.buying_center.members": 3}}]}
        )


def test_who_knows_itself_better_gets_more_out_of_the_market():
    def surplus(sd):
        scenario = lively(customers=8000, self_discovery={"initial_error_sd": sd})
        return cx.run(scenario).market["consumer_surplus"].sum()

    assert surplus(0.0) > surplus(0.3) > surplus(0.5)


def test_a_firm_that_gives_feedback_has_customers_who_know_themselves():
    scenario = lively(customers=3000, periods=12, self_discovery={"discovery_rate": 0.1})
    firms = cx.run(scenario.override({"firms.Tailor.feedback": 3.0})).firms
    error = firms.query("period == 11").set_index("firm")["self_knowledge_error"]
    assert error["Tailor"] < 0.7 * error["Mass"]


def test_the_error_of_self_knowledge_never_grows():
    run = cx.run(
        lively(customers=1500, self_discovery={}).override(
            {"segments.Near.exit_rate": 0.0, "segments.Far.exit_rate_beta": None}
        )
    )
    assert (np.diff(run.market["self_knowledge_error"]) <= 0).all()


def test_beliefs_about_needs_are_spread_as_widely_as_needs():
    scenario = market(
        segments={"All": {"share": 1.0, "need_mean": [1.0, -2.0], "need_sd": 1.5}},
        self_discovery={"initial_error_sd": 1.2, "discovery_rate": 0.0},
        customers=40_000,
        periods=1,
    )
    run = played(scenario)
    need = run.customers("need")
    belief = need + run.customers("self_error")
    np.testing.assert_allclose(belief.mean(axis=1), [1.0, -2.0], atol=0.03)
    np.testing.assert_allclose(belief.std(axis=1), 1.5, atol=0.03)
    for x, z in zip(need, belief, strict=True):  # c = sqrt(1 - 1.2^2 / 1.5^2)
        assert np.corrcoef(x, z)[0, 1] == pytest.approx(0.6, abs=0.02)


def test_beliefs_stay_as_wide_as_needs_that_drift():
    scenario = lively(
        customers=20_000,
        periods=10,
        self_discovery={"initial_error_sd": 0.4, "discovery_rate": 0.1},
    ).override({"segments.*.need_drift": 0.2})
    run = played(scenario)
    near = run.customers("segment") == sorted(scenario.segments).index("Near")
    belief = (run.customers("need") + run.customers("self_error"))[:, near]
    np.testing.assert_allclose(belief.std(axis=1), 0.8, rtol=0.03)


def test_ignorance_that_nobody_corrects_does_not_raise_the_retention_of_a_firm_that_tailors():
    """What customers believe is distributed like what they need, and firms only meet beliefs."""
    small = {"customers": 3000, "periods": 24}
    ignorant = {"self_discovery": {"initial_error_sd": 0.9, "discovery_rate": 0.0}}
    rates = [
        [
            cx.run("baseline", seed=seed, overrides=small | more)
            .firms.query("firm == 'Tailor' and period >= 6")["retention_rate"]
            .mean()
            for seed in range(5)
        ]
        for more in ({}, ignorant)
    ]
    assert np.mean(rates[1]) == pytest.approx(np.mean(rates[0]), abs=0.005)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"self_discovery": {"initial_error_sd": 0.6}},
            "initial_error_sd: expected at most the need_sd of Far, 0.5, found 0.6",
        ),
        (
            {
                "self_discovery": {},
                "events": [{"at": 1, "set": {"segments.Near.need_sd": 0.3}}],
            },
            "need_sd: expected 0 or at least the initial_error_sd, 0.5, found 0.3",
        ),
        (
            {
                "self_discovery": {},
                "events": [{"at": 1, "set": {"self_discovery.initial_error_sd": 0.9}}],
            },
            "initial_error_sd: expected at most the need_sd of Near, 0.8, found 0.9",
        ),
    ],
)
def test_errors_about_needs_beyond_the_spread_of_needs_are_refused(changes, message):
    with pytest.raises(ScenarioError, match=message):
        lively(**changes)


def test_customers_whose_needs_are_alike_have_nothing_to_be_wrong_about():
    alike = {"segments.*.need_sd": 0.0}
    plain = cx.run(lively(customers=400).override(alike)).firms
    wrong = cx.run(lively(customers=400).override({**alike, "self_discovery": {}})).firms
    shared = [name for name in plain.columns if name in wrong.columns]
    assert plain[shared].equals(wrong[shared])
