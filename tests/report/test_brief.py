"""A brief answers for one firm and goal, says what would turn the answer, and can be exported."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.report.brief import Brief, Drawing, goal_named, terms
from cxsim.report.brief_answers import brief_of
from cxsim.report.brief_export import fitted
from cxsim.report.brief_lead import Lead, limits
from cxsim.study.paired_seeds import replicate
from cxsim.study.value_of_lead import further_cost, paid_back, turning_rate, value_of

SMALL = {"customers": 100, "periods": 28}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def markets():
    return [cx.load(name, SMALL) for name in ("baseline", "copycat")]


@pytest.fixture(scope="module")
def compared(markets):
    return cx.compare(*markets, seeds=2)


@pytest.fixture(scope="module")
def brief(markets, compared):
    """The brief of the comparison for Tailor, with one figure."""
    made, figures = brief_of(compared, scenarios=markets, firm="Tailor", goal="profit")
    drawn = Drawing.of(figures["cash"]())
    verdict = ("copycat: Open, over 2 paired seeds: “x < y”",)
    return replace(made, figures=(drawn,), verdict=verdict, author="Strategy team", date="1 May")


def lead_of(profit, rate=0.0):
    """The lead of a path of profits, without chance."""
    value = value_of(np.array([profit]), np.zeros(1), discount_rate=rate, period="year")
    return Lead(np.array(profit, dtype=float), value, rate)


# -- What would turn an answer: closed forms -------------------------------------------------------


def test_a_further_cost_brings_the_lead_to_zero():
    once, running = further_cost(100.0, 4, 0.1, start=1)
    assert once == pytest.approx(100.0 * 1.1)
    assert running == pytest.approx(100.0 / (1 / 1.1 + 1 / 1.21 + 1 / 1.331))


def test_the_turning_rate_is_the_internal_rate_of_return():
    assert turning_rate(np.array([-100.0, 0.0, 121.0]), 0.0, 1.0) == pytest.approx(0.1)
    assert np.isnan(turning_rate(np.array([1.0, 1.0]), 0.0, 1.0))
    assert np.isnan(turning_rate(np.zeros(3), 0.0, 1.0))


def test_payback_counts_from_the_first_difference():
    assert paid_back(np.array([0.0, -2.0, 1.0, 2.0]), 0.0) == (1, 3.0)
    assert paid_back(np.array([-2.0, 1.0]), 0.0) == (0, float("inf"))
    assert paid_back(np.zeros(3), 0.0) == (0, 0.0)


def test_assumptions_name_the_values_that_turn_the_answer():
    horizon, costs, rate = lead_of([-3.0, 1.0, 1.0, 2.0]).assumptions()
    assert horizon.turns == "At 4 years"
    assert "A further cost of 1 once in year 0" in costs.turns
    assert rate.turns.startswith("At 12.8 % per year") or "13" in rate.turns
    assert lead_of([0.0, 0.0]).assumptions() == ()


def test_one_seed_and_cash_tied_up_are_risks():
    said = " ".join(lead_of([-3.0, 1.0, 4.0]).risks())
    assert "One seed" in said
    assert "Cash is tied up first: 3 at the most, in year 0." in said


def test_cash_is_said_by_year():
    value = value_of(np.ones((1, 14)), np.zeros(1), discount_rate=0.0, period="month")
    said = Lead(np.ones(14), value, 0.0).cash()
    assert said.endswith("; by year +12 and +2 (the last of 2 months).")
    assert "by year" not in lead_of([1.0, 1.0]).cash()
    odd = value_of(np.ones((1, 14)), np.zeros(1), discount_rate=0.0, period="purchase")
    assert "by year" not in Lead(np.ones(14), odd, 0.0).cash()


# -- The answer is about my firm and my goal ---------------------------------------------------


def test_the_first_sentence_is_money_for_the_firm_with_its_interval(brief, compared):
    row = compared.table.query("measure == 'net_present_value' and firm == 'Tailor'").iloc[0]
    verb = "loses" if row["difference"] < 0 else "gains"
    assert brief.answer[0].startswith(f"In “A rival copies the one-to-one firm”, Tailor {verb}")
    assert "of net present value against “One firm in each" in brief.answer[0]
    assert "95 % interval" in brief.answer[0]
    assert brief.question == "What does “A rival copies the one-to-one firm” do to Tailor's profit?"
    assert len(brief.assumptions) == 3
    assert brief.chosen == ""


def test_a_brief_is_made_in_one_call_and_the_headline_agrees_with_it(markets, compared):
    made = cx.brief(compared, *markets, firm="Tailor", author="Strategy team")
    assert (made.firm, made.goal, made.author) == ("Tailor", "net_present_value", "Strategy team")
    assert len(made.figures) == 2
    said = compared.headline("Tailor", "net_present_value")
    verb = made.answer[0].split("Tailor ")[1].split()[0]
    assert said.startswith(f"In copycat, Tailor {verb} ")
    assert "of net present value against baseline (95 % interval" in said
    assert "of market share against baseline" in compared.headline("Mass", "market_share")
    with pytest.raises(ValueError, match="did you mean 'Tailor'"):
        compared.headline("Tailer")
    with pytest.raises(ValueError, match=r"scenarios: expected 2, .* found 0"):
        cx.brief(compared)


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ("share", "Tailor's market share?"),
        ("retention", "Tailor's retention?"),
        ("clv", "Tailor's customer lifetime value?"),
        ("surplus", "consumer surplus?"),
    ],
)
def test_every_goal_has_its_own_answer(markets, compared, goal, said):
    made, _ = brief_of(compared, scenarios=markets, firm="Tailor", goal=goal)
    assert made.question.endswith(said)
    assert made.goal == goal_named(goal)
    assert "of net present value" in made.answer[0] or "significant" in made.answer[0]


def test_a_decision_says_what_nobody_named():
    small = cx.load("baseline", {"customers": 50, "periods": 6})
    plan = {"points": 4, "seeds": 1, "rival": "none"}
    plan |= {"options": "{stay: {}, up: {firms.Niche.quality: 30}}"}
    taken = cx.brief(cx.decide(small, **plan), small).chosen
    assert "firm Mass (because it is the market's first" in taken
    assert "goal profit (the usual one" in taken
    assert "Uncertain inputs are the usual ones" in taken
    plan |= {"measure": "market_share"}
    plan |= {"uncertainties": "{segments.*.price_sensitivity: {low: 0.1, high: 0.3}}"}
    made = cx.brief(cx.decide(small, "Niche", **plan), small)
    assert (made.firm, made.goal, made.chosen) == ("Niche", "market_share", "")


def test_the_perspective_is_taken_before_a_default(markets, compared):
    default, _ = brief_of(compared, scenarios=markets)
    assert (default.firm, default.goal) == ("Mass", "net_present_value")
    assert (
        "because its market share changes most in “A rival copies the one-to-one firm”"
        in default.chosen
    )
    view = {"perspective": {"firm": "Niche", "goal": "market_share"}}
    own, _ = brief_of(compared, scenarios=[m.override(view) for m in markets])
    assert (own.firm, own.goal) == ("Niche", "market_share")
    assert own.chosen.count("the scenario's perspective") == 2


def test_an_unknown_firm_or_goal_is_refused_with_the_nearest(markets, compared):
    with pytest.raises(cx.ScenarioError, match="did you mean 'Tailor'"):
        brief_of(compared, scenarios=markets, firm="Tailer")
    with pytest.raises(ValueError, match=r"goal: expected one of profit.*did you mean 'share'"):
        goal_named("shar")
    with pytest.raises(TypeError, match="expected runs, a comparison"):
        brief_of(3, scenarios=markets)


def test_runs_of_one_market_are_compared_with_the_best_rival(markets):
    runs = replicate(markets[0], seeds=2)
    made, figures = brief_of(runs, scenarios=markets[:1], firm="Niche", goal="share")
    assert made.answer[0].startswith("Niche's market share is ")
    assert made.answer[1].startswith("Niche earns ")
    assert set(figures) == {"cash", "shares"}
    assert {"Income statement", "Key figures", "By period"} == {sheet.name for sheet in made.tables}


def test_the_income_statement_of_a_change_adds_up_by_line_and_by_year(compared):
    rows = compared.statement.query("firm == 'Mass'")
    wide = rows.pivot(index="line", columns="year", values="amount")
    lines, total = wide.drop("profit").sum().to_numpy(), wide.loc["profit"].to_numpy()
    assert total[0] < -1000
    assert lines == pytest.approx(total, abs=1e-6)
    years = wide.drop(columns=0).sum(axis=1).to_numpy()
    assert years == pytest.approx(wide[0].to_numpy(), abs=1e-6)
    profit = compared.series.query("measure == 'profit' and firm == 'Mass'")
    first, other = (profit[profit["scenario"] == name]["mean"].sum() for name in compared.scenarios)
    assert wide.loc["profit", 0] == pytest.approx(other - first)
    assert (rows["se"] >= 0).all()


def test_a_brief_has_the_income_statement_of_my_firm_by_year(brief, markets):
    sheet = brief.tables[0]
    assert sheet.name == "Income statement"
    assert "Tailor" in sheet.title
    years = [name for name in sheet.frame if name.startswith("year")]
    assert len(years) == -(-markets[0].periods // 12)
    assert list(sheet.frame["line"])[-1] == "Profit"
    assert sheet.units["standard error"] == markets[0].currency


def test_rivals_without_policies_are_a_limit(markets):
    assert limits(markets[0], "Mass") == [
        "Rivals do not respond: the scenario gives them no policy."
    ]
    active = markets[0].override({"firms.Niche.policy": {"pricing": "adaptive"}})
    assert limits(active, "Mass")[0].startswith("Targeted and Tailor do not respond")


# -- As HTML -------------------------------------------------------------------------------------


def test_each_term_is_explained_once(brief):
    page = brief.html()
    for term in ("net present value", "market share"):
        assert len(re.findall(rf"<abbr title=[^>]*>{term}</abbr>", page, re.IGNORECASE)) <= 1
    assert '<abbr title="NPV: profit within the horizon' in page
    assert "x &lt; y" in page, "texts are escaped"
    assert "<code>cxsim decide copycat --firm Tailor</code>" in page
    text = unescape(re.sub(r"<[^>]*>", " ", page))
    places = [text.index(each) for each in (brief.question, "Payback", "Verdict", "Risks", "Next")]
    assert places == sorted(places)


def test_terms_are_those_of_the_glossary():
    rows = {}
    for line in (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines():
        cells = line.strip("| ").split(" | ")
        if line.startswith("| ") and len(cells) > 1:
            plain = re.sub(r" \(\[[^\]]*\]\([^)]*\)\)", "", cells[1])
            plain = re.sub(r" \((?:[^()]*\d{4}[^()]*)\)", "", plain)
            rows[re.sub(r"\s*\(.*\)$", "", cells[0])] = plain.strip()
    assert {term: rows.get(term) for term in terms()} == terms()


# -- Files ---------------------------------------------------------------------------------------


def test_a_brief_is_read_back_as_it_was_saved(brief, tmp_path):
    brief.save(tmp_path)
    again = Brief.load(tmp_path)
    assert replace(again, tables=()) == replace(brief, tables=())
    for mine, theirs in zip(again.tables, brief.tables, strict=True):
        pd.testing.assert_frame_equal(mine.frame, theirs.frame, check_dtype=False)
    (tmp_path / "brief.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="found another file"):
        Brief.load(tmp_path)
    with pytest.raises(ValueError, match="found none"):
        Brief.load(tmp_path / "nowhere.json")


def test_slides_have_a_message_each_native_tables_and_alternative_texts(brief, tmp_path):
    from pptx import Presentation
    from pptx.util import Emu

    deck = Presentation(str(brief.export(tmp_path / "brief.pptx")))
    titles = [slide.shapes.title.text for slide in deck.slides]
    assert titles[0] == brief.question
    assert brief.figures[0].title in titles
    assert deck.core_properties.author == "Strategy team"
    tables, pictures = [], []
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= deck.slide_width
            if shape.has_text_frame and shape.text_frame.text:
                lines = [each.text for each in shape.text_frame.paragraphs]
                size = max(run.font.size.pt for p in shape.text_frame.paragraphs for run in p.runs)
                box = Emu(shape.width).inches - 0.2, Emu(shape.height).inches - 0.1
                assert fitted(lines, *box, size) == size or size == 9, lines
            tables += [shape.table] if shape.has_table else []
            pictures += [shape] if shape.shape_type == 13 else []
    assert len(tables) >= 2
    assert pictures[0]._element.nvPicPr.cNvPr.get("descr") == brief.figures[0].alt


def test_a_slide_has_room_for_words_and_numbers_and_says_the_title_once(brief, tmp_path):
    from pptx import Presentation

    made = Presentation(str(brief.export(tmp_path / "brief.pptx")))
    height = made.slide_height
    for slide in made.slides:
        for shape in slide.shapes:
            if shape.has_table:
                rows = sum(row.height for row in shape.table.rows)
                assert shape.top + rows < height * 0.9
                columns = sum(column.width for column in shape.table.columns)
                assert shape.left + columns <= made.slide_width
            if shape.shape_type == 13:
                assert 0.02 < shape.crop_top < 0.3, "the slide has the figure's title"
    assert fitted(["−135 thousand EUR"], 2.0, 0.7, 20, bold=True) < 20


def test_a_workbook_holds_numbers_units_and_definitions(brief, compared, tmp_path):
    from openpyxl import load_workbook

    book = load_workbook(brief.export(tmp_path / "brief.xlsx"))
    assert book.sheetnames == [
        "Brief", "Income statement", "Differences", "By period", "Settings", "Definitions",
    ]  # fmt: skip
    sheet = book["Differences"]
    heads = [cell.value for cell in sheet[1]]
    rows = [dict(zip(heads, row, strict=True)) for row in sheet.iter_rows(2, values_only=True)]
    row = compared.table.query("measure == 'net_present_value' and firm == 'Tailor'").iloc[0]
    (mine,) = [r for r in rows if (r["firm"], r["measure"]) == ("Tailor", "Net present value")]
    assert mine["difference"] == pytest.approx(row["difference"])
    assert mine["unit"] == "EUR"
    meant = {row[0]: row[1] for row in book["Definitions"].iter_rows(values_only=True)}
    assert meant["Net present value"].startswith("Profit of period 0")


def test_other_formats_are_refused(brief, tmp_path):
    with pytest.raises(ValueError, match=r"expected a name that ends in \.pptx or \.xlsx"):
        brief.export(tmp_path / "brief.docx")
    assert list(tmp_path.iterdir()) == []


def test_figures_are_drawn_again_for_a_phone(compared):
    table = compared.table.query("firm in ['Mass', 'Tailor']")
    wide = cx.plot.scenario_differences(table, measures=["market_share", "churn"])
    small = wide.narrow
    assert small.get_figwidth() == pytest.approx(3.6)
    assert small.get_figheight() > wide.get_figheight()
    assert small.get_label() == wide.get_label()
    lefts = {round(axes.get_position().x0, 2) for axes in small.axes}
    assert len(lefts) == 1, "one panel below the other"
    assert small.narrow is None


def test_my_firm_has_colour_and_its_rivals_are_grey(compared):
    table = compared.table.copy()
    table.attrs["my_firm"] = "Tailor"
    axes = cx.plot.scenario_differences(table, measures=["market_share"]).axes[0]
    colors = {tick.get_text(): tick.get_color() for tick in axes.get_yticklabels()}
    assert colors["Tailor"] == "#0072b2"
    for rival in ("Mass", "Niche", "Targeted"):
        red, green, blue = (int(colors[rival][k : k + 2], 16) for k in (1, 3, 5))
        assert red == green == blue


# -- What it costs to hold a target ------------------------------------------------------------


def test_a_target_that_is_held_has_a_brief_with_its_curve(markets, tmp_path):
    held = cx.hold(markets[0], "market_share>=30%", "firms.Mass.price", low=14, high=24, seeds=2)
    made = cx.brief(held, markets[0])
    assert made.question == "What does it cost Mass to hold market share at least 30\u00a0%?"
    assert "up to a price of Mass of " in made.answer[0]
    assert made.numbers[0][:1] == ("Price of Mass",)
    assert made.numbers[1][0] == "Change of net present value"
    assert "firm Mass (whose parameter is moved" in made.chosen
    assert len(made.figures) == 1
    assert made.export(tmp_path / "held.xlsx").stat().st_size > 0
    assert list(held.table().columns)[:2] == ["firms.Mass.price", "Market share (share)"]
    never = cx.hold(
        markets[0], "market_share>=99%", "firms.Mass.price", low=18, high=22, seeds=1, points=2,
        firm="Mass",
    )  # fmt: skip
    none = cx.brief(never, markets[0])
    assert "is nowhere at least 99" in none.answer[0]
    assert (none.numbers, none.chosen) == ((), "")


# -- What a study of a cost shows ----------------------------------------------------------------


def test_a_study_of_a_cost_shows_break_even(markets):
    study = cx.Study.from_dict(
        {
            "scenario": "baseline", "overrides": {"customers": 50, "periods": 6}, "seeds": 2,
            "factors": {"firms.Tailor.unit_cost": [5, 15, 40]}, "design": "grid",
            "outputs": ["net_present_value.Tailor"],
        },
        name="costs",
    )  # fmt: skip
    result = cx.sweep(study, executor="inline")
    made = cx.brief(result, firm="Tailor")
    frame = result.frame.groupby("firms.Tailor.unit_cost")["net_present_value.Tailor"].mean()
    low, high = frame.loc[15], frame.loc[40]
    even = 15 + 25 * low / (low - high)
    assert made.answer[0].startswith(f"Break-even is at a unit cost of Tailor of {even:.3g} EUR")
    assert made.numbers[0][0] == "Break-even"
    assert "Best" not in " ".join(name for name, *_ in made.numbers)
    assert f"at unit cost of Tailor {even:.3g}" in made.figures[0].title
