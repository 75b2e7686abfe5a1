"""Needs research: estimates of segments and of importance, co-design, and repositioning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from journeys import duel, lived
from markets import firm, lively, market

import cxsim as cx
from cxsim.messages import ScenarioError
from cxsim.model.research.needs_research import assigned, moved, repositioning_price, share_error

EVERYBODY = {"sample": 1.0, "response_rate": 1.0, "every": 1}


def asked(*firms, **needs):
    """Changes by which firms ask customers about needs."""
    return {f"firms.{name}.surveys": {"needs": {"every": 1} | needs} for name in firms or "*"}


def still(customers=200, **changes):
    """A market of one firm, in which nobody buys, leaves or forgets."""
    return market(
        firms={"A": firm()},
        segments={"All": {"share": 1.0, "purchase_rate": 0.0, "need_mean": [1.0, -0.5]}},
        initial={"A": {"share": 1.0}},
        customers=customers,
    ).override(changes)


def estimates(run, firm="A"):
    return run.frame("segment_estimates").query("firm == @firm")


def paired(one, other, name, measures, seeds=4):
    """Mean difference of two markets, seed by seed, in means of a firm, in standard errors."""
    runs = [[cx.run(each, seed=seed).firms for seed in range(seeds)] for each in (one, other)]
    means = [[each[each["firm"] == name][measures].mean() for each in some] for some in runs]
    gaps = pd.DataFrame([a - b for a, b in zip(*means, strict=True)])
    return gaps.mean() / (gaps.std(ddof=1) / np.sqrt(seeds))


# -- What a sample tells ---------------------------------------------------------------------------


def test_estimates_err_as_sampling_theory_says():
    """A mean of n answers errs by sqrt((need_sd^2 + answer_sd^2) / n); the firm is told so."""
    once = asked("A", sample=0.02, response_rate=1.0, answer_sd=0.75)
    once["firms.A.surveys"]["prior_answers"] = 0.0  # each wave stands alone
    run = cx.run(still(10_000, periods=80, **once))
    found = estimates(run).query("dimension == 0")
    answers = run.firms["needs_answers"].to_numpy()
    expected = np.sqrt((1.0 + 0.75**2) / answers)
    z = (found["need_mean"].to_numpy() - 1.0) / expected
    assert abs(z.mean()) < 0.4  # the customers simulated are a sample, too
    assert z.std() == pytest.approx(1.0, abs=0.2)
    np.testing.assert_allclose(found["standard_error"], expected, rtol=0.2)


def test_sizes_of_segments_are_shares_of_the_answers():
    assert share_error(0.5, 100) == 0.05
    run = cx.run(lively(periods=1, customers=4000), overrides=asked("Mass", among="market"))
    found = estimates(run, "Mass").query("dimension == 0").set_index("segment")
    n = run.firms.query("firm == 'Mass'")["needs_answers"].iloc[0]
    error = np.sqrt(0.6 * 0.4 / n)
    assert found["share"].sum() == pytest.approx(1.0)
    assert found["share"]["Near"] == pytest.approx(0.6, abs=4 * error)
    assert found["share_standard_error"]["Near"] == pytest.approx(error, rel=0.2)


def test_later_waves_are_weighted_as_other_surveys_are():
    known = asked("A", **EVERYBODY, answer_sd=0.0)
    known["firms.A.surveys"]["prior_answers"] = 200.0
    events = [{"at": 1, "set": {"firms.A.surveys.needs.answer_sd": 5.0}}]
    found = estimates(cx.run(still(periods=2, events=events, **known)))
    first, second = (found.query("period == @t and dimension == 0").iloc[0] for t in (0, 1))
    fresh = np.sqrt((1.0 + 5.0**2) / 200)  # half of the weight, the answers of a second wave
    error = np.hypot(0.5 * fresh, 0.5 * first["standard_error"])
    assert second["standard_error"] == pytest.approx(error, rel=0.15)


def test_customers_state_the_needs_that_they_perceive():
    """Beliefs scatter as needs do, so that the error of their mean is the same; they differ."""
    world = still(5000, periods=1, **asked("A", **EVERYBODY, answer_sd=0.0))
    ignorant = world.override({"self_discovery": {"initial_error_sd": 1.0}})
    needs, beliefs = (estimates(cx.run(each)) for each in (world, ignorant))
    np.testing.assert_allclose(beliefs["standard_error"], np.sqrt(1.0 / 5000), rtol=0.05)
    assert (needs["need_mean"] != beliefs["need_mean"]).all()
    np.testing.assert_allclose(beliefs["need_mean"], needs["need_mean"], atol=5 * np.sqrt(2 / 5000))


def test_own_customers_of_a_misplaced_firm_are_not_the_market():
    """Whoever buys from a firm far from the mean needs something else than most."""
    world = misplaced(periods=12)
    asks = {
        among: estimates(
            cx.run(world, overrides=asked("Wrong", among=among, **EVERYBODY)), "Wrong"
        ).query("period == 11 and dimension == 0 and segment == 'Near'")["need_mean"]
        for among in ("customers", "market")
    }
    assert asks["customers"].item() > asks["market"].item() + 0.1


# -- What the firm does with it --------------------------------------------------------------------


def test_who_asks_and_does_nothing_with_the_answers_pays_and_changes_nothing():
    plain = lively()
    told = plain.override(asked("*", among="market", cost=4.0))
    before, after = (cx.run(each).firms for each in (plain, told))
    paid = ("needs_answers", "needs_research_cost", "segment_mean_error")
    money = [name for name in before if before[name].equals(after[name]) is False]
    assert set(after) - set(before) == set(paid)
    assert after["market_share"].equals(before["market_share"])
    assert after["contribution_margin"].equals(before["contribution_margin"])
    np.testing.assert_allclose(before["profit"] - after["profit"], after["needs_research_cost"])
    assert "profit" in money


def test_an_interview_costs_what_it_costs_in_the_whole_market():
    run = cx.run(still(periods=1, market_size=1000, **asked("A", **EVERYBODY, cost=3.0)))
    assert run.firms["needs_research_cost"].item() == 3000.0


def test_who_has_not_asked_yet_pictures_customers_at_its_own_position():
    blind = {"firms.Mass.segment_insight": 0.0, "firms.Mass.position": [0.4, 0.1]}
    asks = {**asked("Mass", every=3), "firms.Mass.segment_needs": "estimated"}
    known = cx.run(lively(periods=1), overrides=blind).firms
    guess = cx.run(
        lively(periods=1), overrides=blind | asks | {"firms.Mass.segment_insight": 0.8}
    ).firms
    assert guess["fit_gap"].equals(known["fit_gap"])
    assert guess["market_share"].equals(known["market_share"])


def test_with_many_answers_an_estimate_is_as_good_as_knowing():
    one = still(
        4000,
        periods=3,
        **{
            "firms.A.segment_insight": 1.0,
            "firms.A.customization": 1.0,
            "segments.All.fit_weight": 1.0,
        },
    )
    asks = {**asked("A", **EVERYBODY, answer_sd=0.0), "firms.A.segment_needs": "estimated"}
    known, estimated = (cx.run(one.override(each)).firms["fit_gap"] for each in ({}, asks))
    assert estimated.iloc[0] > known.iloc[0] + 1.0  # not asked before the first period's close
    assert estimated.iloc[-1] == pytest.approx(known.iloc[-1], abs=0.01)


def test_segment_insight_is_the_share_assigned_rightly():
    assert assigned(0.3, 0.5, 1, 2) == 1
    assert assigned(0.7, 0.5, 1, 2) == 2
    assert assigned(1.0, 1.0, 1, 2) == 1
    gaps = {
        share: cx.run(
            lively(periods=6, customers=1500).override(
                {
                    **asked("Mass", among="market", sample=0.5, response_rate=1.0),
                    "firms.Mass.segment_needs": "estimated",
                    "firms.Mass.segment_insight": share,
                    "firms.Mass.customization": 1.0,
                    "firms.Mass.interaction": 0.0,
                }
            )
        )
        .firms.query("firm == 'Mass' and period > 1")["fit_gap"]
        .mean()
        for share in (0.5, 1.0)
    }
    assert gaps[1.0] < gaps[0.5] - 0.2


def test_who_takes_part_teaches_the_firm():
    """Each interview is a signal of precision nu w: K = 1 - 1 / (1 + n nu w)."""
    changes = {
        **asked("A", **EVERYBODY, informs=0.5),
        "segments.All.disclosure": 0.8,
        "firms.A.forgetting_rate": 0.0,
    }
    run = cx.run(still(periods=4, **changes), probes=["customers"])
    np.testing.assert_allclose(
        run.customers["knowledge_A"], 1.0 - 1.0 / (1.0 + 4 * 0.5 * 0.8), rtol=1e-6
    )


# -- Repositioning ---------------------------------------------------------------------------------


def misplaced(**changes):
    """A market of two like firms, one of which stands far from what most customers need."""
    like = {
        "quality": 14.0,
        "unit_cost": 4.0,
        "customization": 0.6,
        "segment_insight": 0.8,
        "interaction": 0.3,
    }
    needs = {
        "need_sd": 0.6,
        "price_sensitivity": 0.4,
        "fit_weight": 1.0,
        "purchase_rate": 0.6,
        "switching_cost": 1.0,
    }
    return market(
        firms={"Right": firm(**like), "Wrong": firm(**like, position=[2.0, 0.0])},
        segments={
            "Near": {"share": 0.6, "need_mean": [-0.5, 0.0], **needs},
            "Far": {"share": 0.4, "need_mean": [0.75, 0.0], **needs},
        },
        no_purchase_option=True,
        customers=1000,
        market_size=100_000,
        periods=36,
        learning_rate=0.5,
    ).override(changes)


def test_a_firm_moves_its_share_of_the_way_in_stated_periods_and_pays_by_the_distance():
    assert moved(2.0, 1.0, 0.25) == 1.75
    assert repositioning_price(100.0, 10.0, 0.5) == 105.0
    moves = {"start": 1, "every": 2, "step": 0.5, "fixed_cost": 100.0, "cost": 40.0}
    exact = asked("A", **EVERYBODY, answer_sd=0.0)
    exact["firms.A.surveys"]["prior_answers"] = 0.0
    run = cx.run(still(periods=5, **exact, **{"firms.A.reposition": moves}))
    mean = estimates(run).query("period == 0")["need_mean"].to_numpy()
    position = run.frame("positions").pivot(index="period", columns="dimension", values="position")
    far = np.sqrt(np.square(mean).sum())
    np.testing.assert_allclose(position.loc[[0, 1]], 0.0)
    np.testing.assert_allclose(position.loc[[2, 3]], [mean / 2] * 2)
    np.testing.assert_allclose(position.loc[4], 0.75 * mean)
    paid = [0.0, 100.0 + 40.0 * far / 2, 0.0, 100.0 + 40.0 * far / 4, 0.0]
    np.testing.assert_allclose(run.firms["repositioning_cost"], paid)
    np.testing.assert_allclose(run.firms["profit"], -np.array(paid))


def test_a_firm_whose_questions_nobody_answered_stays_where_it_is():
    nobody = {**asked("A", sample=0.0), "firms.A.reposition": {"start": 1, "cost": 40.0}}
    run = cx.run(still(periods=4, **nobody))
    assert (run.frame("positions")["position"] == 0.0).all()
    assert run.firms["repositioning_cost"].sum() == 0.0


def test_a_move_towards_a_segment_ends_at_its_mean():
    aims = {
        **asked("Wrong", among="market", **EVERYBODY),
        "firms.Wrong.reposition": {"start": 0, "segment": "Far"},
    }
    run = cx.run(misplaced(periods=2), overrides=aims)
    last = run.frame("positions").query("firm == 'Wrong' and period == 1 and dimension == 0")
    assert last["position"].item() == pytest.approx(0.75, abs=0.15)


def test_needs_research_raises_the_fit_and_the_profit_of_a_wrongly_placed_firm():
    asks = asked("Wrong", every=12, cost=20.0)
    moves = {"firms.Wrong.reposition": {"start": 0, "every": 12, "cost": 100_000.0}}
    plain = misplaced()
    gain = paired(plain.override(asks | moves), plain, "Wrong", ["fit_gap", "profit"])
    assert gain["fit_gap"] < -5
    assert gain["profit"] > 5


# -- The rule of improvement -----------------------------------------------------------------------


POINTS = {
    "often": {"stage": "use", "visit_rate": 0.9},
    "seldom": {"stage": "support", "visit_rate": 0.05},
}


def improved(run, firm="A"):
    """Touchpoints that the firm improved: those that are better at the end."""
    frame = run.touchpoints.query("firm == @firm")
    first, last = (
        frame.query("period == @t").set_index("touchpoint")["underlying_performance"]
        for t in (0, frame["period"].max())
    )
    return set(last.index[last > first])


def two_points(**changes):
    both = {"often": {"mean": 6.0, "sd": 0.5}, "seldom": {"mean": 4.0, "sd": 0.5}}
    return duel(customers=400, periods=3).override(
        {
            "journey": POINTS,
            "firms.*.touchpoints": both,
            "firms.A.improvement": {"budget": 10_000.0, "decay": 0.0},
            "initial": {"A": {"share": 1.0, "tenure": 1}},
            **changes,
        }
    )


def test_the_rule_contacts_spends_where_customers_are():
    by_contacts = {"firms.A.improvement.rule": "contacts"}
    assert improved(cx.run(two_points())) == {"seldom"}
    assert improved(cx.run(two_points(**by_contacts))) == {"often"}


def test_importance_counts_under_the_rule_contacts_once_customers_were_asked():
    heavy = {"journey.seldom.importance": 40.0, "firms.A.improvement.rule": "contacts"}
    assert improved(cx.run(two_points(**heavy))) == {"often"}
    exact = asked("A", **EVERYBODY, importance_sd=0.0)
    assert improved(cx.run(two_points(**heavy, **exact))) == {"seldom"}


def test_believed_importance_moves_from_equal_to_stated_as_answers_come_in():
    heavy = {"journey.seldom.importance": 5.0, **asked("A", **EVERYBODY, importance_sd=0.0)}
    heavy["firms.A.surveys"]["prior_answers"] = 400.0
    run = cx.run(two_points(**heavy))
    told = run.frame("stated_importance").query("firm == 'A' and touchpoint == 'seldom'")
    answers = run.firms.query("firm == 'A'")["needs_answers"].to_numpy()
    weight = answers[0] / (answers[0] + 400.0)
    assert told["importance"].iloc[0] == pytest.approx(1.0 + weight * 4.0)


def test_a_segment_named_is_the_one_whose_contacts_count():
    rule = {"budget": 50_000.0, "rule": "contacts", "decay": 0.0}
    base = lived(periods=4, customers=400).override(
        {
            "segments.Far.journey": {
                "hotline": {"visit_rate": 1.0},
                "product": {"visit_rate": 0.0},
                "store": {"visit_rate": 0.0},
                "site": {"visit_rate": 0.0},
                "renewal": {"visit_rate": 0.0},
            },
            "segments.Near.journey": {"hotline": {"visit_rate": 0.0}},
        }
    )
    done = {
        segment: improved(
            cx.run(base, overrides={"firms.Mass.improvement": rule | {"segment": segment}}), "Mass"
        )
        for segment in ("Near", "Far")
    }
    assert done["Far"] == {"hotline"}
    assert "hotline" not in done["Near"]


def test_in_the_blind_spot_market_listening_serves_more_by_the_rule_contacts():
    """It raises experience and result of the firm that listens; surveys still do not pay."""
    shipped = cx.load("blind_spot")
    rule = {"firms.Listener.improvement.rule": "contacts"}
    gain = paired(shipped.override(rule), shipped, "Listener", ["experience", "profit"])
    assert (gain > 5).all()


# -- What is refused, and both engines -------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"firms.Mass.segment_needs": "estimated"},
            r"firms\.Mass\.segment_needs: expected surveys\.needs beside estimated, found none",
        ),
        (
            {"firms.Mass.reposition": {"start": 1}},
            r"firms\.Mass\.reposition: expected surveys\.needs beside it, found none",
        ),
        (
            {**asked("Mass"), "firms.Mass.reposition": {"start": 1, "segment": "Nigh"}},
            r"firms\.Mass\.reposition\.segment: expected a segment \(.*\), found 'Nigh'",
        ),
        (
            {"firms.Mass.improvement": {"rule": "contacts", "segment": "Nigh"}},
            r"firms\.Mass\.improvement\.segment: expected a segment \(.*\), found 'Nigh'",
        ),
    ],
)
def test_what_rests_on_nothing_is_refused(changes, message):
    with pytest.raises(ScenarioError, match=message):
        lived().override(changes)


def test_interviews_and_moves_without_a_price_are_named():
    free = {**asked("Mass"), "firms.Mass.reposition": {"start": 1}}
    named = set(lively().override(free).unstated()["parameter"])
    assert {"surveys.needs.cost", "reposition.cost"} <= named


def test_both_engines_ask_and_move_the_same():
    on = lived(customers=60, periods=3).override(
        {
            **asked("*", among="market", sample=0.5, informs=0.3),
            "firms.Mass.segment_needs": "estimated",
            "firms.Tailor.segment_needs": "estimated",
            "firms.Mass.reposition": {"start": 0, "every": 2, "cost": 10.0},
            "firms.Mass.improvement": {"budget": 5000.0, "rule": "contacts"},
            "self_discovery": {"initial_error_sd": 0.5},
        }
    )
    columnar, agents = (cx.run(on, engine=engine) for engine in ("columnar", "agents"))
    assert columnar.firms.equals(agents.firms)
    for name in ("segment_estimates", "stated_importance", "positions"):
        assert columnar.frame(name).equals(agents.frame(name))
