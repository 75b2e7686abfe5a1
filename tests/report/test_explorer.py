"""The explorer without a browser: questions, answers, why, break-even, and what it shows."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
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
    read_what_if,
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
    assert saved.title == "A lively market: with Tailor's price 12 instead of 10"
    with pytest.raises(ValueError, match=r"expected a name that ends in \.yaml"):
        explorer.save(asked, tmp_path / "dear.txt")


EVERYTHING = {"copycat": "Mass", "copies_at": 20, "launch": 6, "entrant": "Niche", "enters_at": 3}


@pytest.mark.parametrize(
    ("name", "firm", "changes", "moves"),
    [
        ("baseline", "Tailor", {"firms.Tailor.price": 12.0, "firms.Niche.price": 19.0}, EVERYTHING),
        ("crm_and_training", "Builder", {
            "firms.Builder.programmes.training.changes.organization.attitudes": 0.9,
            "firms.Builder.programmes.crm.start": 3}, {}),
        ("blind_spot", "Listener", {"events.0.at": 12, "journey.hotline.visit_rate": 0.5}, {}),
        ("copycat", "Tailor", {}, {}),
    ],
)  # fmt: skip
def test_a_what_if_opens_as_it_was_saved(name, firm, changes, moves, tmp_path):
    asked = Question(cx.load(name), firm, changes, **moves)
    path = explorer.save(asked, tmp_path / "mine.yaml")
    assert path.read_text(encoding="utf-8").startswith(f"extends: {name}\nextends_digest: ")
    assert cx.load(path) == asked.scenario()
    opened = read_what_if(path)
    assert (opened.base, opened.firm) == (asked.base, asked.firm)
    assert opened.changes == asked.changes
    assert opened.scenario() == asked.scenario()
    assert (opened.copycat, opened.entrant) == (asked.copycat, asked.entrant)


def test_a_what_if_is_refused_where_its_base_has_changed(base, tmp_path):
    asked = Question(base, "Tailor").set("firms.Tailor.price", 12.0)
    path = explorer.save(asked, tmp_path / "mine.yaml")
    beside = tmp_path / "mine-baseline.yaml"  # a base without a file is written beside it
    assert read_what_if(path).changes == asked.changes
    base.override({"firms.Mass.price": 11.0}).save(beside)
    for read in (read_what_if, cx.load):
        with pytest.raises(
            ScenarioError,
            match=r"mine.yaml:2: extends_digest: expected \w{16}, as mine-baseline was when",
        ):
            read(path)


def test_another_scenario_is_not_opened_as_a_what_if(base, tmp_path):
    with pytest.raises(ValueError, match="expected a what-if with extends_digest, found another"):
        read_what_if(base.save(tmp_path / "plain.yaml"))
    path = explorer.save(Question(base, "Tailor"), tmp_path / "mine.yaml")
    path.write_text(path.read_text() + "switching_cost_form: none\n", encoding="utf-8")
    with pytest.raises((ValueError, ScenarioError)):
        read_what_if(path)


def test_files_of_the_working_folder_are_listed_and_a_broken_one_says_what_is_wrong(panel):
    base = panel.question.base
    base.override({"firms.Mass.price": 11.0}).save("mine.yaml")
    Path("broken.yaml").write_text("firms: 3\n", encoding="utf-8")
    panel._list_scenarios(base)
    broken = "own: broken.yaml (not a scenario)"
    assert {"own: mine.yaml", broken} <= set(panel._scenarios.options)
    before = panel._scenarios.value
    panel._scenarios.value = broken
    assert "broken.yaml:1: firms: expected" in unescape(panel._more.value)
    assert (panel._scenarios.value, panel.question.base) == (before, base)
    panel._scenarios.value = "own: mine.yaml"
    assert panel.question.base.firms["Mass"].price == 11.0
    panel.undo()
    assert (panel._scenarios.value, panel.question.base) == (before, base)


@pytest.mark.slow  # the panel in the browser makes one, too
def test_a_report_is_one_page(base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = Question(base, "Tailor").set("firms.Tailor.price", 12.0)
    page = explorer.report(asked, explorer.save(asked, "dear.yaml"), seeds=2).read_text("utf-8")
    assert "dear" in page
    assert not re.search(r'(src|href)="http', page)


@pytest.fixture
def panel(base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = cx.explore(base, firm="Tailor", seeds=2)
    assert made.widget is made.widget
    return made


def move(panel, path, value):
    panel._levers[path][1].value = value


def test_the_panel_moves_with_its_sliders_and_shows_one_answer(base, panel):
    move(panel, "firms.Tailor.price", 12.0)
    assert panel.question.changes == {"firms.Tailor.price": 12.0}
    assert panel.answer.sentence() in unescape(panel._result.value)
    assert "12 instead of 10" in panel._board.moving["said"]
    assert "segments.Near.fit_weight" not in panel._levers
    more = panel._headings
    more.value = next(each for each in more.options if each.startswith("Customers and market"))
    move(panel, "segments.Near.fit_weight", 2.0)
    assert panel.question.changes["segments.Near.fit_weight"] == 2.0
    panel._firm.value = "Niche"
    assert panel.question == Question(base, "Niche")


def test_a_rival_launches_enters_and_copies_in_a_period(base, panel):
    move(panel, "firms.Tailor.price", 12.0)
    panel._rival.value = "Mass"
    move(panel, "firms.Mass.price", 9.0)
    panel._launch.value = 6
    said = "With Tailor's price 12 instead of 10, Mass's price 9 instead of 10 from month 6"
    assert panel.question.words() == said
    events = [(event.at, dict(event.set)) for event in panel.question.scenario().events]
    assert (6, {"firms.Mass.price": 9.0}) in events
    panel._enters.value = True
    panel._enters_at.value = 3
    assert panel.question.scenario().firms["Mass"].active is False
    panel._copies.value = True
    assert panel.question.copycat == "Mass"
    panel._rival.value = "Niche"  # what another rival does is gone
    assert panel.question == Question(base, "Tailor", {"firms.Tailor.price": 12.0})


def test_moves_are_undone_and_taken_again(base, panel):
    price = panel._levers["firms.Tailor.price"][1]
    before = panel.answer
    assert (panel._undo.disabled, panel._redo.disabled) == (True, True)
    price.value = 12.0
    price.value = 14.0
    panel.undo()
    assert price.value == 12.0
    panel.undo()
    assert panel.question.asks_nothing
    assert panel.answer.sentence() == before.sentence()
    panel.redo()
    assert (price.value, panel._redo.disabled) == (12.0, False)
    move(panel, "firms.Tailor.interaction", 0.5)  # another way: nothing to be taken again
    assert panel._redo.disabled
    panel._rival.value = "Mass"
    move(panel, "firms.Mass.price", 9.0)
    panel._rival.value = "Niche"
    panel.undo()
    assert (panel._rival.value, panel._levers["firms.Mass.price"][1].value) == ("Mass", 9.0)


def test_two_what_ifs_are_compared_over_the_same_seeds(base, panel):
    assert "No what-if has been kept" in panel._ab.value
    move(panel, "firms.Tailor.price", 12.0)
    panel._keep()
    move(panel, "firms.Tailor.price", 14.0)
    mine, theirs = (
        table.query("firm == 'Tailor' and measure == 'net_present_value'")
        for table in (
            panel._difference.comparison.table,
            cx.compare(
                base.override({"firms.Tailor.price": 12.0}),
                base.override({"firms.Tailor.price": 14.0}),
                seeds=2,
            ).table,
        )
    )
    for column in ("difference", "lower", "upper"):
        assert mine[column].item() == theirs[column].item()
    assert panel._difference.sentence() in unescape(panel._ab.value)
    assert panel._difference.sentence().startswith(
        "A: With Tailor's price 12 instead of 10. B: With Tailor's price 14 instead of 10."
    )
    assert panel._board.moving["kept"] is not None


def test_what_is_drawn_are_the_numbers_of_the_comparison(panel):
    move(panel, "firms.Tailor.price", 12.0)
    series = panel.answer.comparison.series.query("scenario == 'what-if'")
    drawn = np.frombuffer(panel._board.moving["values"], "<f4").reshape(2, -1, 3)
    share = series.query("measure == 'market_share' and firm == 'Tailor'")["mean"]
    assert drawn[0, :, 2] == pytest.approx(100 * share.to_numpy(), rel=1e-6)
    assert panel._board.still["panels"][0] == "Market share (%)"


def test_an_answer_has_the_numbers_of_all_measures_and_few_of_them(panel):
    move(panel, "firms.Tailor.price", 12.0)
    few, all_of_them = (
        each.table.set_index(["firm", "measure"])["difference"]
        for each in (panel.answer.comparison, panel.comparison())
    )
    assert few.eq(all_of_them[few.index]).all()
    assert len(few) < 0.4 * len(all_of_them)


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
