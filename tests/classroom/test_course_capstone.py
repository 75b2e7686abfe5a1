"""Lessons 5 to 8: what their answers rest on, and a market of one's own judged by a rubric."""

from __future__ import annotations

import json

import numpy as np
import pytest

from classroom import capstone
from classroom.capstone import Capstone
from classroom.case import Case, Estimate
from classroom.industry import INPUTS, KINDS, Industry, read_sources
from classroom.lessons import blind_spot as blindness
from classroom.lessons import one_to_one as paying
from classroom.lessons import own_industry as own
from classroom.lessons import rivals
from cxsim.runs import run
from cxsim.scenario import Scenario

SMALL = "customers=300"


@pytest.fixture(scope="module")
def case():
    return Case(0, seeds=3, overrides=SMALL)


# ------------------------------------------------------ the answers of lessons 5 to 7


def per_purchase(case, here, firm):
    """What a purchase left a firm, from its books."""
    earned = case.values(here, "contribution_margin", firm).sum()
    sold = case.values(here, "purchases", firm).sum() * here.periods
    return earned / sold


def test_what_a_purchase_leaves_is_what_the_books_say(case):
    here = rivals.market(case)
    assert rivals.margin(case, 20.0) == pytest.approx(per_purchase(case, here, "Mass"))
    for here in (paying.plain(case), paying.market(case)):
        assert paying.margin(here) == pytest.approx(per_purchase(case, here, "Tailor"))


def test_sales_that_grow_as_much_as_is_needed_leave_the_same_contribution(case):
    before, after = (rivals.margin(case, price) for price in (20.0, rivals.cut_to(case)))
    assert (1 + rivals.cut(case)["needed"] / 100) * after == pytest.approx(before)


def test_the_copy_is_exact_and_only_the_copy_differs(case):
    here, there = rivals.market(case), rivals.copied(case)
    said = ("name", "title", "description", "claim", "refuted_by", "notes")
    changed = [path for path in here.diff(there)["path"] if path not in said]
    assert all(path.startswith("events") for path in changed), changed
    last = run(there, seed=0).firms.groupby("firm")[["interaction", "customization"]].last()
    assert (last.loc["Mass"] == last.loc["Tailor"]).all()


def test_an_answer_comes_a_month_after_the_cut(case):
    prices = run(rivals.attacked(case, reply=18.0), seed=0).firms.pivot(
        index="period", columns="firm", values="price"
    )
    assert list(prices.loc[[23, 24, 25], "Mass"]) == [20.0, 17.0, 17.0]
    assert list(prices.loc[[23, 24, 25], "Tailor"]) == [20.0, 20.0, 18.0]


def test_at_the_turning_cost_focus_and_everyone_earn_the_same():
    case = Case(0, seeds=3)  # with all its customers: among a few there may be no such cost
    here = paying.sweet(case, paying.turning(case).value)
    focus, everyone = (
        case.values(here, "net_present_value", firm) for firm in ("Focus", "Everyone")
    )
    # Seeds differ in where they turn; the mean of what is left is small beside what is earned.
    assert abs((focus - everyone).mean()) < 0.02 * everyone.mean()


def test_where_no_cost_turns_the_order_the_lesson_says_so(case):
    assert paying.turning(case).value < 0
    why = paying.PLAN.question("focus").why(case)
    assert why.endswith("Even at a cost of 0 the order is not reversed.")


def test_nobody_but_the_two_pays_for_individual_service(case):
    earned = [case.values(paying.sweet(case, c), "net_present_value", "Mass") for c in (0.0, 0.5)]
    assert np.array_equal(*earned)


def test_five_points_are_two_standard_errors_at_the_answers_asked_for(case):
    p, d = (
        case.values(blindness.market(case), name, "Listener").mean()
        for name in ("advocacy", "destroying")
    )
    n = blindness.answers_needed(case).value
    rng = np.random.default_rng(1)
    counts = rng.multinomial(round(n), [p, d, 1 - p - d], size=20_000)
    assert 2 * ((counts[:, 0] - counts[:, 1]) / n).std() == pytest.approx(0.05, rel=0.05)


def test_believer_believes_its_design_and_listener_what_it_is_told(case):
    frame = blindness.touchpoints(case).set_index(["firm", "touchpoint"])
    assert frame.loc[("Believer", "delivery"), "perceived_performance"] == pytest.approx(7.0)
    assert frame.loc[("Believer", "delivery"), "performance"] < 5.0
    gap = (frame["perceived_performance"] - frame["performance"]).abs().groupby("firm").mean()
    assert gap["Listener"] < gap["Believer"]


# --------------------------------------------------------------- a market of one's own


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"price": 900.0, "purchases_per_year": 1.0, "mine": "mass"},
        {"price": 0.5, "purchases_per_year": 11.0, "mine": "targeted"},
    ],
)
def test_a_market_answers_to_prices_as_it_was_told_whatever_its_money(given):
    industry = Industry(elasticity=-2.6, **given)
    made = own.OwnIndustry(industry)
    found = made.elasticity(Case(1, seeds=2, overrides=SMALL))
    assert found.value == pytest.approx(-2.6, abs=0.4)


def test_money_scales_and_nothing_else_changes():
    small, large = (
        run(Industry(price=price).scenario().override({"customers": 300}), seed=0).firms
        for price in (18.0, 1800.0)
    )
    assert np.allclose(small["market_share"], large["market_share"])
    assert np.allclose(100 * small["profit"], large["profit"], rtol=1e-5)


def test_every_kind_of_firm_moves_where_it_is_told():
    for kind, firm in KINDS.items():
        industry = Industry(mine=kind, interaction_to=0.6, customization_to=0.4, month=3)
        moved = industry.scenario(moved=True).override({"customers": 50, "periods": 6})
        last = run(moved, seed=0).firms.query("period == 5").set_index("firm").loc[firm]
        assert (last["interaction"], last["customization"]) == (0.6, 0.4)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("fit_worth=-3", "fit_worth: expected 0 to 300, found -3"),
        ("price=much", "industry: price: expected a number.*found 'much'"),
        ("prise=3", r"industry: .* found 'prise' \(did you mean 'price'\?\)"),
        ("mine=tailored", "mine: expected one of mass, niche, targeted, one-to-one"),
        ("month=50", "month: expected 1 to 36, found 50"),
        ("unit_cost=90", "unit_cost: expected below 85, so that .* something is left of the price"),
    ],
)
def test_an_input_that_cannot_be_is_named(given, said):
    with pytest.raises(ValueError, match=said):
        Industry.of({}, given)


def test_any_market_that_may_be_entered_is_played_and_judged():
    rng = np.random.default_rng(4)
    for _ in range(6):
        given = {
            name: float(rng.uniform(max(low, -8), min(high, 20)))
            for name, (_, _, low, high) in INPUTS.items()
            if name not in ("customers", "price", "purchases_per_year")
        }
        given |= {
            "price": float(10 ** rng.uniform(-1, 5)), "mine": str(rng.choice(list(KINDS))),
            "purchases_per_year": float(rng.uniform(0.1, 11.5)), "month": int(rng.integers(1, 37)),
            "interaction_to": float(rng.random()), "customization_to": float(rng.random()),
        }  # fmt: skip
        lesson = Capstone(Industry(**given), seeds=2, overrides=SMALL, predictions="none")
        assert len(lesson.rows()) == 8
        for question in lesson.plan.questions:
            assert np.isfinite(question.result(lesson.case).value), given
            assert question.why(lesson.case)
        for task in lesson.plan.exercises:
            assert np.isfinite(task.answer(lesson.case).value), given
            assert task.solution(lesson.case)


def test_sources_are_read_by_input_and_rest_stands_for_the_others():
    read = read_sources("price=price list 2025; rest=assumption")
    assert read["price"] == "price list 2025"
    assert set(read) == set(INPUTS)
    with pytest.raises(ValueError, match=r"'prise' \(did you mean 'price'\?\)"):
        read_sources("prise=list")
    with pytest.raises(ValueError, match="expected INPUT=SOURCE, found 'price'"):
        read_sources("price")


# --------------------------------------------------------------------------- the rubric


def test_rows_earn_points_for_work_and_not_for_being_right():
    real = dict.fromkeys(INPUTS, "report") | {"upkeep": "assumption"}
    assert capstone.sources(real).points == 2
    assert capstone.sources(dict.fromkeys(INPUTS, "assumption")).points == 1
    assert capstone.sources({"price": "list"}).points == 0
    assert capstone.claim("it pays", " ").points == 1
    assert capstone.committed(2).points == 2
    assert capstone.robust(None).points == capstone.robust(False).points == 0
    clear, wide, tiny = Estimate(3, 2, 4), Estimate(1, -5, 7), Estimate(0.0, -0.1, 0.1)
    assert capstone.told_from_chance([(clear, 0.5), (wide, 1)]).points == 1
    assert capstone.told_from_chance([(clear, 0.5), (tiny, 1)]).points == 2


def test_a_counter_example_has_to_turn_the_sign_beyond_chance():
    here, weak = Estimate(5, 4, 6), Estimate(1, -1, 3)
    turned, same = Estimate(-3, -4, -2), Estimate(9, 8, 10)
    points = [
        capstone.counter_example(here, each, "x").points for each in (turned, weak, same, None)
    ]
    assert points == [2, 1, 0, 0]


def test_one_cannot_give_oneself_more_than_two_points_or_points_for_nothing():
    assert capstone.read_assessed("limits=2, plain=1") == {"limits": 2, "plain": 1}
    with pytest.raises(ValueError, match="assessed: limits: expected 0, 1 or 2, found '3'"):
        capstone.read_assessed("limits=3")
    with pytest.raises(ValueError, match=r"'limit' \(did you mean 'limits'\?\)"):
        capstone.read_assessed("limit=1")


def test_whoever_does_nothing_gets_no_points_that_work_would_have_earned(tmp_path):
    lesson = Capstone(
        Industry(), seeds=2, overrides=SMALL, predictions="none", output=str(tmp_path / "out")
    )
    lesson.predict("share", "worth")
    lesson.rubric()
    lesson.finish()
    kept = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["rubric"]
    rows = list(kept["computed"].values())
    assert [rows[k]["points"] for k in (0, 2, 3, 4, 6, 7)] == [0] * 6
    assert kept["points"] == rows[1]["points"] + rows[5]["points"]


def test_a_scenario_that_was_saved_repeats_the_result(tmp_path):
    file = tmp_path / "mine" / "move.yaml"
    lesson = Capstone.of(
        {"price": 30.0, "mine": "targeted"}, "month=18", seeds=2, overrides=SMALL,
        predictions="share=3, worth=-4", answers="B=6", assessed="limits=2",
        sources="price=menu; customers=census; leaving=our books; rest=assumption",
        claim="It pays.", refuted_by="It earns less.", counter="firms.*.capability_cost=500000",
        known_repeat=40.0, save_as=str(file), output=str(tmp_path / "out"),
    )  # fmt: skip
    lesson.live = False  # as by papermill
    lesson.predict("share", "worth")
    lesson.exercise("A", "B")
    shown = lesson.rubric().text
    assert "of 24 points" in shown
    lesson.finish()
    moved, without = Scenario.load(file), Scenario.load(file.with_name("move-without.yaml"))
    assert "census" in moved.notes
    shares = [
        [
            run(each, seed=seed).firms.query("firm == 'Targeted'")["market_share"].mean()
            for seed in (0, 1)
        ]
        for each in (without, moved)
    ]
    kept = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    found = kept["predictions"]["share"]["result"]
    assert 100 * (np.mean(shares[1]) - np.mean(shares[0])) == pytest.approx(found, abs=0.3)
    points = [row["points"] for row in kept["rubric"]["computed"].values()]
    assert points[0] == points[3] == points[4] == 2
    assert points[7] == 2 or kept["predictions"]["worth"]["upper"] > 0
    assert kept["rubric"]["points"] == sum(points) + 2
