"""Listening: what a firm believes, what it is told, and what it makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journeys import JOURNEY, duel, heard, lived, services
from playing import assert_same, played

import cxsim as cx
from cxsim.model.research.surveys import TRACKING, promoter_error, standard_error
from cxsim.scenario import ScenarioError
from examples import examples
from lab.validation.checks import assert_agrees
from lab.validation.reductions.surveys import surveys


def last(result, **where):
    """Return the last period of the touchpoints' frame, by touchpoint."""
    frame = result.touchpoints
    frame = frame[frame["period"] == frame["period"].max()]
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame.set_index("touchpoint")


# --- engines ----------------------------------------------------------------------------


def test_engines_threads_and_blocks_agree_where_firms_listen():
    scenario = heard(customers=400, periods=6)
    assert_same(played(scenario), played(scenario, engine="agents"))
    many = heard(customers=5001)
    assert_same(played(many), played(many, block=1024, threads=2))


def test_listening_alone_changes_what_a_firm_believes_and_nothing_that_customers_do():
    def scenario(surveys):
        return lived(customers=900, **{"firms.*.surveys": surveys})

    programmes = {"deep_dive": {"every": 1}, "event_based": {}, "tracking": {}}
    deaf, told = played(scenario(None)), played(scenario(programmes))
    for column in deaf.workspace.population.columns:
        np.testing.assert_array_equal(deaf.customers(column), told.customers(column))
    assert (
        deaf.ledger.count("perceived_performance")[-1]
        != told.ledger.count("perceived_performance")[-1]
    ).any()


# --- belief -----------------------------------------------------------------------------


def test_without_listening_a_firm_believes_its_design_and_what_it_fancies_beyond():
    result = cx.run(lived(**{"firms.Mass.touchpoints.store.blind_spot": 2.5}))
    mass = result.touchpoints.query("firm == 'Mass'")
    store = mass.query("touchpoint == 'store'")
    assert (store["perceived_performance"] == 8.5).all()
    assert (mass.query("touchpoint == 'hotline'")["perceived_performance"] == 6.0).all()
    assert mass["perceived_performance_se"].isna().all()


@settings(max_examples=examples(15), deadline=None)
@given(mean=st.floats(0, 10), at=st.integers(1, 4))
def test_a_firm_without_listening_never_reacts_to_a_change_in_what_it_delivers(mean, at):
    scenario = heard(customers=300, periods=7).override(
        {"firms.*.surveys": None, "firms.*.recovery": None}
    )
    changed = scenario.override(
        {"events": [{"at": at, "set": {"firms.Mass.touchpoints.product.mean": mean}}]}
    )
    a, b = played(scenario).ledger, played(changed).ledger
    np.testing.assert_array_equal(
        a.count("perceived_performance"), b.count("perceived_performance")
    )
    np.testing.assert_array_equal(
        a.count("touchpoint_improvement_cost"), b.count("touchpoint_improvement_cost")
    )
    place = list(JOURNEY).index("product")
    others = [k for k in range(len(JOURNEY)) if k != place]
    np.testing.assert_array_equal(
        a.count("underlying_performance")[:, :, others],
        b.count("underlying_performance")[:, :, others],
    )


def test_a_firm_that_listens_comes_to_know_what_it_delivers():
    loud = {"event_based": {"sample": 1.0, "response_rate": 1.0}}
    changes = {"firms.Mass.touchpoints.store.blind_spot": 3.0, "firms.Mass.surveys": loud}
    result = cx.run(lived(customers=3000, periods=12, **{**changes, "repeat_penalty": 0.0}))
    store = last(result, firm="Mass").loc["store"]
    assert store["perceived_performance_se"] > 0
    assert abs(store["perceived_performance"] - 6.0) < 4 * store["perceived_performance_se"] + 0.02
    gap = result.firms.query("firm == 'Mass'").set_index("period")["perception_gap"]
    assert gap[0] > 0.8
    assert abs(gap[11]) < 0.15


def test_a_listening_firm_notices_that_a_touchpoint_gets_worse():
    loud = {"event_based": {"sample": 1.0, "response_rate": 1.0}}
    events = [{"at": 4, "set": {"firms.Mass.touchpoints.product.mean": 2.0}}]
    result = cx.run(
        lived(customers=3000, periods=12, events=events, **{"firms.Mass.surveys": loud})
    )
    belief = result.touchpoints.query("firm == 'Mass' and touchpoint == 'product'")[
        "perceived_performance"
    ]
    assert belief.iloc[4] > 5.0
    assert belief.iloc[-1] < 2.5


def test_a_deep_dive_comes_every_so_many_periods():
    result = cx.run(heard(customers=2000, periods=7))
    answers = (
        result.touchpoints.query("firm == 'Niche'").groupby("period")["survey_responses"].sum()
    )
    assert (answers[[0, 3, 6]] > 0).all()
    assert (answers[[1, 2, 4, 5]] == 0).all()


def test_the_share_asked_and_the_share_that_answers_are_as_told():
    programme = {"sample": 0.2, "response_rate": 0.4}
    surveys = {"event_based": programme, "tracking": programme}
    ledger = played(lived(customers=8000, periods=10, **{"firms.Mass.surveys": surveys})).ledger
    mass = ledger.firms.index("Mass")
    asked, answers = ledger.count("asked")[:, mass], ledger.count("survey_responses")[:, mass].sum()
    contacts = ledger.count("contacts")[:, mass, :, 0].sum()
    held = ledger.count("emotions")[:, mass].sum()
    tracked = ledger.count("tracked")[:, mass, 0].sum()
    for part, whole, share in (
        (asked[:, 1].sum(), contacts, 0.2),
        (asked[:, 2].sum(), held, 0.2),
        (answers, asked[:, 1].sum(), 0.4),
        (tracked, asked[:, 2].sum(), 0.4),
    ):
        assert part / whole == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / whole))


def test_where_the_unhappy_answer_rather_a_survey_looks_worse_than_the_truth():
    def bias(value):
        surveys = {"tracking": {"sample": 1.0, "response_rate": 0.4}, "response_bias": value}
        firms = cx.run(lived(customers=4000, periods=12, **{"firms.*.surveys": surveys})).firms
        late = firms[firms["period"] > 5]
        return (late["surveyed_experience"] - late["experience"]).mean()

    assert bias(-3.0) < -0.01
    assert abs(bias(0.0)) < 0.005
    assert bias(3.0) > 0.01


# --- sampling theory ----------------------------------------------------------------------


def test_surveys_err_as_sampling_theory_says():
    assert_agrees(surveys(sizes=(100, 400), periods=200, customers=40_000))


@pytest.mark.parametrize(
    ("name", "wrong"),
    {
        "perception.emotion_cluster": lambda e, attention, recommendation, advocacy: (
            (e > 0.7) + (e >= recommendation) + (e >= attention)
        ),
        "surveys.response_chance": lambda rate, bias, e: 0.8 * rate,
        "surveys.squared": lambda answer: 2.0 * answer * answer,
    }.items(),
)
def test_a_wrong_rule_of_surveys_shows(name, wrong):
    with pytest.raises(AssertionError):
        assert_agrees(surveys(sizes=(400,), periods=200, customers=40_000, rules={name: wrong}))


def test_the_errors_of_a_net_promoter_score_are_the_published_ones():
    points = [100 * promoter_error(0.4, 0.2, n) for n in (100, 400, 1000)]
    assert np.round(points, 1).tolist() == [7.5, 3.7, 2.4]
    assert standard_error(4.0, 100.0) == pytest.approx(0.2)


# --- improvement and recovery -------------------------------------------------------------


def test_money_goes_where_the_firm_believes_that_most_is_lacking():
    scenario = lived(
        **{
            "firms.*.touchpoints": services(6.0),
            "firms.Mass.touchpoints.store.mean": 4.0,  # counts twice: truly the worst
            "firms.Mass.touchpoints.store.blind_spot": 5.0,
            "firms.Mass.improvement": {"budget": 10000.0, "effect": 0.01, "decay": 0.0},
        }
    )
    blind = last(cx.run(scenario), firm="Mass")["underlying_performance"]
    assert blind["store"] == 4.0
    assert blind["site"] > 6.5
    loud = {"event_based": {"sample": 1.0, "response_rate": 1.0}}
    told = last(cx.run(scenario.override({"firms.Mass.surveys": loud})), firm="Mass")
    assert told["underlying_performance"]["store"] > 5.0


def test_a_gain_falls_short_of_ten_and_wears_off():
    spend = {"budget": 10000.0, "effect": 0.02, "decay": 0.0}
    scenario = duel(periods=4, **{"firms.A.improvement": spend})
    delivered = (
        cx.run(scenario).touchpoints.query("firm == 'A'")["underlying_performance"].to_numpy()
    )
    expected = [6.0]
    for _ in range(3):
        expected.append(expected[-1] + 0.02 * 100 * (10 - expected[-1]) / 10)
    np.testing.assert_allclose(delivered, expected)
    stop = [{"at": 2, "set": {"firms.A.improvement.budget": 0.0, "firms.A.improvement.decay": 0.5}}]
    after = cx.run(scenario.override({"events": stop, "periods": 5})).touchpoints
    after = after.query("firm == 'A'")["underlying_performance"].to_numpy()
    np.testing.assert_allclose(after[3:] - 6.0, (after[2] - 6.0) * np.array([0.5, 0.25]))


def test_a_bad_answer_is_made_up_for_and_only_that():
    loud = {"event_based": {"sample": 1.0, "response_rate": 1.0}}
    recovery = {"threshold": 5.0, "effect": 0.2, "cost": 4.0}
    firms = {"firms.*.surveys": loud, "firms.*.recovery": recovery}
    bad, fine = (
        cx.run(duel(periods=3, **firms, **{"firms.*.touchpoints.place.mean": mean})).firms
        for mean in (4.0, 6.0)
    )
    plain = cx.run(duel(periods=3, **{"firms.*.touchpoints.place.mean": 4.0})).firms
    assert (fine["service_recoveries"] == 0).all()
    np.testing.assert_allclose(bad["service_recoveries"], bad["customers"])
    assert (bad["experience"] > plain["experience"] + 0.15).all()
    assert (bad["service_recovery_cost"] == 4.0 * bad["service_recoveries"]).all()


def test_what_listening_improving_and_making_up_cost_is_taken_off_profit():
    result = cx.run(heard(customers=1500))
    f = result.firms
    known = f["contribution_margin"] - f["capability_overhead"] - f["capability_investment"]
    np.testing.assert_allclose(
        f["profit"], known - f["survey_cost"] - f["touchpoint_improvement_cost"]
    )
    variable = f[["cost_of_goods_sold", "contact_cost", "service_cost"]].sum(axis=1)
    variable += f["touchpoint_cost"] + f["service_recovery_cost"]
    np.testing.assert_allclose(f["contribution_margin"], f["revenue"] - variable)
    ledger = played(heard(customers=1500)).ledger
    tailor = ledger.firms.index("Tailor")
    asked = ledger.total("asked")[:, tailor] @ np.array([5.0, 0.5, 1.0])
    np.testing.assert_allclose(f[f["firm"] == "Tailor"]["survey_cost"], asked)
    assert (f[f["firm"] == "Tailor"]["service_recovery_cost"] > 0).any()


def test_an_evaluating_organization_asks_more_customers():
    changes = {f"firms.{name}.surveys": {"tracking": {}} for name in ("Mass", "Tailor")}
    changes["firms.Mass.organization"] = {"evaluation": 0.1}
    changes["firms.Tailor.organization"] = {"evaluation": 0.9}
    sampled = played(lived(**changes)).workspace.own["sampled"][:, TRACKING]
    assert sampled.tolist() == pytest.approx([0.01, 0.0, 0.09])


def test_the_frame_of_touchpoints_has_a_row_for_each_that_a_firm_has():
    result = cx.run(heard(**{"firms.Niche.touchpoints": {"store": {}}}), seed=3)
    frame = result.touchpoints
    assert len(frame) == 6 * (5 + 1 + 5)
    niche = frame.query("firm == 'Niche'")
    assert set(niche["touchpoint"]) == {"store"}
    assert frame.query("firm == 'Tailor'")["responsible_firm"].unique().tolist() == ["partner"]
    assert frame["touchpoint"].tolist()[:5] == list(JOURNEY)
    assert cx.run(lived().override({"journey": None, "firms.*.touchpoints": {},
                                    "segments.*.journey": {}})).touchpoints is None  # fmt: skip


def test_recovery_without_asking_after_contacts_is_refused():
    with pytest.raises(ScenarioError, match=r"firms\.Mass\.recovery: expected surveys\.event"):
        lived(**{"firms.Mass.recovery": {}})
