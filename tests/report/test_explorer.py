"""The explorer without a browser: questions, answers, why, break-even, and what it shows."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from markets import lively

import cxsim as cx
from cxsim.plot import alternative_text
from cxsim.report import explorer
from cxsim.report.what_if import (
    FOCUS,
    Answers,
    Question,
    at_first,
    lever,
    levers,
    offered,
    value_at,
)
from cxsim.scenario import ScenarioError


@pytest.fixture(scope="module")
def base():
    return lively(customers=800, periods=12).override({"title": "A lively market"})


@pytest.fixture(scope="module")
def answers():
    return Answers(range(4))


def test_levers_have_the_range_of_the_schema_and_room_where_it_has_no_end(base):
    by_name = {each.path.split(".")[2]: each for each in levers(base, "Tailor", FOCUS)}
    assert (by_name["interaction"].low, by_name["interaction"].high) == (0, 1)
    assert (by_name["price"].low, by_name["price"].high) == (0, 20)
    for each in by_name.values():
        assert each.low <= each.value <= each.high
        assert each.step > 0


def test_an_amount_of_zero_has_room_for_a_price_or_for_a_part_of_the_sales_of_the_market(base):
    free = base.override({"firms.*.unit_cost": 0.0})
    assert lever(free, "firms.Tailor.unit_cost").high == 10  # the price
    sales = 10 * base.market_size * (0.6 * 0.7 + 0.4 * base.segments["Far"].purchase_rate)
    assert lever(free, "firms.Tailor.capability_cost").high == pytest.approx(0.1 * sales, rel=0.1)


def paths(groups, heading):
    return [each.path for each in groups[heading]]


def test_a_scenario_with_a_journey_offers_touchpoints_surveys_and_the_period_of_its_event():
    groups = offered(cx.load("blind_spot"), "Listener")
    assert "firms.Listener.touchpoints.hotline.mean" in paths(groups, "Touchpoints")
    assert "journey.hotline.visit_rate" in paths(groups, "Touchpoints")
    assert "firms.Listener.surveys.tracking.sample" in paths(groups, "Surveys and improvement")
    assert paths(groups, "Events") == ["events.0.at"]
    assert not any("Believer" in each.path for group in groups.values() for each in group)


def test_word_of_mouth_is_offered_where_customers_talk_and_nowhere_else():
    groups = offered(cx.load("bad_service"), "InHouse")
    assert "word_of_mouth.message_weight" in paths(groups, "Word of mouth")
    assert "segments.All.reputation_value" in paths(groups, "Word of mouth")
    quiet = offered(cx.load("bad_service", {"word_of_mouth": None}), "InHouse")
    assert "Word of mouth" not in quiet


def test_loyalty_is_offered_to_the_firm_that_has_a_programme_for_it():
    market, heading = cx.load("points"), "Loyalty programmes and contracts"
    assert paths(offered(market, "Collector"), heading) == [
        f"firms.Collector.loyalty_programme.{name}"
        for name in ("points_per_currency", "point_value", "redemption_threshold")
    ]
    assert heading not in offered(market, "Tailor")
    assert "Targeting" in offered(cx.load("baseline_full"), "Targeted")


def test_programmes_are_offered_with_their_costs_times_and_the_levels_that_they_build():
    groups = offered(cx.load("crm_and_training"), "Builder")
    crm = [each for each in groups["Programmes"] if each.path.startswith("firms.Builder.prog")]
    assert {each.label for each in crm if each.label.startswith("crm")} == {
        "crm: identification", "crm: channel integration", "crm: start", "crm: build",
        "crm: one off", "crm: running",
    }  # fmt: skip
    by_label = {each.label: each for each in crm}
    assert by_label["crm: running"].unit == "EUR per month"
    assert by_label["crm: start"].integer
    assert by_label["crm: start"].high == 59
    assert by_label["crm: identification"].high == 1.0


@pytest.mark.parametrize(
    "name", ["baseline", "bad_service", "baseline_full", "blind_spot", "crm_and_training", "points"]
)
def test_at_most_ten_are_shown_at_first_capabilities_before_others(name):
    market = cx.load(name)
    for firm in market.firms:
        groups = offered(market, firm)
        shown = at_first(groups)
        assert sum(map(len, shown.values())) == 10
        assert next(iter(shown)) == "Capabilities"
        assert all(set(each) <= set(groups[heading]) for heading, each in shown.items())
        features = set(groups) - {"Capabilities", "Price and costs", "Customers and market"}
        assert features <= set(shown) or len(features) > 5


@pytest.mark.parametrize(("name", "firm"), [("bad_service", "InHouse"), ("points", "Collector"),
                                            ("crm_and_training", "Builder")])  # fmt: skip
def test_each_slider_changes_its_parameter_to_either_end(name, firm):
    market = cx.load(name)
    for each in (each for group in offered(market, firm).values() for each in group):
        for end in {each.low, each.high} - {each.value}:
            asked = Question(market, firm).set(each.path, round(end) if each.integer else end)
            assert value_at(asked.scenario(), each.path) == end
            assert asked.set(each.path, each.value).asks_nothing


def test_two_levels_of_one_programme_are_changed_together():
    path = "firms.Builder.programmes.training.changes.organization"
    asked = Question(cx.load("crm_and_training"), "Builder")
    asked = asked.set(f"{path}.attitudes", 0.9).set(f"{path}.processes", 0.8)
    changes = asked.scenario().firms["Builder"].programmes["training"].changes
    assert changes == {"organization.attitudes": 0.9, "organization.processes": 0.8}
    assert "Builder's programmes training changes organization attitudes 0.9 instead of 0.7" in (
        asked.words()
    )


def test_units_are_the_scenarios_own(base):
    assert lever(base, "firms.Tailor.price").unit == "EUR per unit"
    assert lever(base, "firms.Tailor.forgetting_rate").unit == "per month"


def test_a_question_forgets_a_change_that_is_taken_back(base):
    asked = Question(base, "Tailor").set("firms.Tailor.price", 12.0)
    assert asked.scenario().firms["Tailor"].price == 12.0
    assert asked.set("firms.Tailor.price", 10.0).asks_nothing


def test_a_copying_rival_gets_what_the_firm_in_focus_has_in_the_question(base):
    asked = Question(base, "Tailor", copycat="Mass", copies_at=5).set("firms.Tailor.interaction", 1)
    changes = {change.path: (change.at, change.value) for change in asked.scenario().changes}
    assert changes["firms.Mass.interaction"] == (5, 1.0)
    assert changes["firms.Mass.customization"] == (5, 0.8)


def test_the_answer_is_the_paired_comparison(base, answers):
    asked = Question(base, "Tailor").set("firms.Tailor.price", 12.0)
    mine = answers.to(asked).comparison.table.query(
        "firm == 'Tailor' and measure == 'market_share'"
    )
    other = asked.scenario()
    theirs = cx.compare(base, other, seeds=4).table.query(
        "firm == 'Tailor' and measure == 'market_share'"
    )
    assert mine["difference"].item() == theirs["difference"].item()
    assert mine["lower"].item() == theirs["lower"].item()


def test_the_sentence_says_what_the_table_says(base, answers):
    answer = answers.to(Question(base, "Tailor").set("firms.Tailor.price", 14.0))
    row = answer.rows().set_index("measure").loc["Market share"]
    said = answer.sentence()
    assert said.startswith("With Tailor's price 14 instead of 10: Tailor's market share falls")
    assert f"by {row['difference'][1:]} points" in said
    assert f"{row['lower']} to {row['upper']}" in said


def test_a_change_within_chance_is_called_that(base, answers):
    said = answers.to(Question(base, "Tailor").set("firms.Tailor.price", 10.001)).sentence()
    assert "not statistically significant" in said


def test_asking_nothing_changes_nothing(base, answers):
    answer = answers.to(Question(base, "Tailor"))
    assert (answer.comparison.table["difference"].dropna() == 0).all()
    assert answer.sentence() == ("Current situation of Tailor. Move a slider to test a change.")
    assert explorer.figure_of(answer).get_suptitle() == "The market as it is"


def test_what_was_run_is_remembered(base, monkeypatch):
    import cxsim.report.what_if as module

    ran = []
    original = module.simulate
    monkeypatch.setattr(
        module, "simulate", lambda s, seed: ran.append(seed) or original(s, seed=seed)
    )
    answers = Answers(range(3))
    answers.to(Question(base, "Tailor").set("firms.Tailor.price", 11.0))
    answers.to(Question(base, "Tailor").set("firms.Tailor.price", 12.0))
    assert len(ran) == 9  # the baseline once, each question once


def test_why_blames_the_price_for_the_effect_of_a_price(base):
    parts = cx.driver_contributions(
        base, base.override({"firms.Tailor.price": 13.0}), firm="Tailor", seeds=4
    )
    assert parts["term"][0] == "price"
    row = parts.iloc[0]
    assert row["without"] == pytest.approx(0, abs=1e-12)  # blind to prices, nothing changes
    assert row["part"] == row["difference"] < 0


def test_why_refuses_a_firm_or_measure_that_is_not_there(base):
    with pytest.raises(ValueError, match="firm: expected one of"):
        cx.driver_contributions(base, base, firm="Taylor", seeds=1)
    with pytest.raises(ValueError, match="measure: expected one of"):
        cx.driver_contributions(base, base, firm="Tailor", measure="shares", seeds=1)


def test_a_term_that_is_absent_is_no_part_of_a_difference(base):
    free = base.override({"segments.*.switching_cost": 0, "segments.*.onboarding_effort": 0})
    parts = cx.driver_contributions(
        free, free.override({"firms.Mass.price": 9.0}), firm="Mass", seeds=3
    )
    assert parts.set_index("term").loc["switching cost", "part"] == 0


def test_break_even_is_where_the_difference_changes_sign(base):
    """A dearer twin of itself breaks even at its own price: the difference there is nothing."""
    found = cx.break_even(
        base, base, "firms.Tailor.unit_cost", firm="Tailor", low=0.0, high=9.0, seeds=3
    )
    ((value, _),) = found.points
    assert value == pytest.approx(4.0, abs=0.05)
    assert "Below it, the firm is ahead" in found.sentence("EUR")


def test_no_break_even_is_said(base):
    found = cx.break_even(
        base, base.override({"firms.Tailor.unit_cost": 4.5}), "firms.Tailor.unit_cost",
        firm="Tailor", low=5.0, high=8.0, seeds=2, points=3,
    )  # fmt: skip
    assert found.points == ()
    assert "behind the baseline throughout" in found.sentence()


def test_the_figure_has_both_scenarios_and_says_so_in_words(base, answers):
    asked = replace(Question(base, "Tailor"), copycat="Mass", copies_at=5)
    figure = explorer.figure_of(answers.to(asked))
    assert len(figure.axes) == 2
    assert "before)" in alternative_text(figure)
    assert "Mass copies Tailor" in [t.get_text() for t in figure.axes[0].texts]


def test_saved_it_is_a_scenario_that_says_what_was_asked(base, tmp_path):
    asked = Question(base, "Tailor").set("firms.Tailor.price", 12.0)
    saved = cx.load(explorer.save(asked, tmp_path / "dear.yaml"))
    assert saved == asked.scenario()
    assert saved.title == "A lively market: with tailor's price 12 instead of 10"
    with pytest.raises(ValueError, match=r"expected a name that ends in \.yaml"):
        explorer.save(asked, tmp_path / "dear.txt")


@pytest.mark.slow  # the panel in the browser makes one, too
def test_a_report_is_one_page(base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = Question(base, "Tailor").set("firms.Tailor.price", 12.0)
    page = explorer.report(asked, explorer.save(asked, "dear.yaml"), seeds=2).read_text("utf-8")
    assert "dear" in page
    assert not re.search(r'(src|href)="http', page)


def test_the_panel_moves_with_its_sliders_and_shows_one_answer(base):
    explorer = cx.explore(base, firm="Tailor", seeds=2)
    assert explorer.widget is explorer.widget
    sliders = {
        each.description: each
        for each in explorer._sliders.children
        if type(each).__name__ == "FloatSlider"
    }
    sliders["Price"].value = 12.0
    assert explorer.question.changes == {"firms.Tailor.price": 12.0}
    assert explorer.answer.sentence() in unescape(explorer._result.value)
    more = next(c for c in explorer._sliders.children if c.description == "More sliders")
    place = explorer._sliders.children[explorer._sliders.children.index(more) + 1]
    assert not place.children
    more.value = next(each for each in more.options if each.startswith("Customers and market"))
    further = {each.description: each for each in place.children}
    further["Near: fit weight"].value = 2.0
    assert explorer.question.changes["segments.Near.fit_weight"] == 2.0
    explorer._rival.value = "Mass"
    assert explorer.question.asks_nothing  # a new pair of firms starts anew
    copies = next(c for c in explorer._sliders.children if type(c).__name__ == "Checkbox")
    copies.value = True
    assert explorer.question.copycat == "Mass"
    explorer._firm.value = "Niche"
    assert explorer.question == Question(base, "Niche")


def test_a_cell_shows_widget_and_page_and_a_batch_run_the_page_alone(base, monkeypatch):
    explorer = cx.explore(base, seeds=2)
    live = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in live
    monkeypatch.setenv("CXSIM_PROGRESS_FILE", "somewhere")
    batch = explorer._repr_mimebundle_()
    assert set(batch) == {"text/html", "text/plain"}
    assert "<figure" in batch["text/html"]
    assert "<table" in batch["text/html"]


def test_an_unknown_firm_or_scenario_is_refused():
    with pytest.raises(ValueError, match="firm: expected one of Mass"):
        cx.explore("baseline", firm="Taylor")
    with pytest.raises(ScenarioError, match="did you mean 'baseline'"):
        cx.explore("baselin")
