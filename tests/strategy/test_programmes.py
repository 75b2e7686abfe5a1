"""Programmes where people meet them: options of a decision, payback, break-even, reports, files."""

from __future__ import annotations

import numpy as np
import pytest

import cxsim as cx
from cxsim.charts.labels import Words
from cxsim.plot import alternative_text
from cxsim.report.decision_tables import options_text
from cxsim.report.sections import programme_sentences, programme_table
from cxsim.runs.measures.frames import profit_statement
from cxsim.scenario.unstated import free_line, unstated
from cxsim.strategy.break_even import programme_values
from cxsim.strategy.decide import plan_decision
from cxsim.strategy.options import copying, programme_terms

CRM = {"changes": {"identification": 1.0}, "start": 2, "build": 3, "one_off": 20_000,
       "running": 500}  # fmt: skip
TERMS = "one-off cost 20,000 EUR, running cost 500 EUR per month, building time 3 months"
FEW = {"points": 4, "seeds": 2, "rival": "none"}


@pytest.fixture(scope="module")
def market():
    return cx.load("baseline", {"customers": 100, "periods": 10})


@pytest.fixture(scope="module")
def built(market):
    return market.override({"firms.Tailor.programmes.crm": CRM})


@pytest.fixture(scope="module")
def decision(market):
    options = {"stay": {}, "introduce CRM": {"programmes": {"crm": CRM}}}
    return cx.decide(market, "Tailor", options=options, **FEW)


# -- options of a decision -------------------------------------------------------------


def test_an_option_may_be_a_programme_of_the_firm_that_decides(market, built):
    options = {"stay": {}, "introduce CRM": {"programmes": {"crm": CRM}}}
    study = plan_decision(market, "Tailor", options=options, **FEW)
    assert study.example("introduce CRM").firms["Tailor"].programmes == (
        built.firms["Tailor"].programmes
    )
    assert not study.example("stay").firms["Tailor"].programmes


def test_in_a_file_it_is_written_as_in_a_scenario(market, tmp_path):
    path = tmp_path / "choices.yaml"
    path.write_text(
        "options:\n  stay: {}\n  CRM:\n    programmes:\n"
        "      crm: {changes: {identification: 1.0}, one_off: 20000, running: 500}\n",
        "utf-8",
    )
    study = plan_decision(market, "Tailor", options=path, **FEW)
    assert study.example("CRM").firms["Tailor"].programmes["crm"].one_off == 20_000


@pytest.mark.parametrize(
    ("programmes", "text"),
    [
        ({"crm": {"chnges": {"identification": 1.0}}}, "did you mean 'changes'"),
        ({"crm": {"changes": {"identifcation": 1.0}}}, "did you mean 'identification'"),
        (["crm"], "expected programmes by name"),
    ],
)
def test_a_programme_that_is_none_is_refused(market, programmes, text):
    with pytest.raises(cx.ScenarioError, match=text):
        plan_decision(
            market, "Tailor", options={"stay": {}, "x": {"programmes": programmes}}, **FEW
        )


def test_the_advice_and_the_table_of_options_name_costs_and_building_time(decision):
    said = f"'introduce CRM' includes the programme crm: identification to 1; {TERMS}."
    assert said in decision.sentence()
    assert f"programme crm: identification to 1; {TERMS}" in options_text(decision).to_html()


def test_a_decision_that_was_saved_says_the_same(decision, tmp_path):
    assert cx.Decision.load(decision.save(tmp_path / "kept")).sentence() == decision.sentence()


def test_a_rival_copies_what_a_programme_builds(market):
    option = {"firms.Niche.programmes.calls": {"changes": {"interaction": 0.7}}}
    event = copying(market, "Niche", "Mass", option)
    assert event["set"]["firms.Mass.interaction"] == 0.7


def test_a_programme_without_a_price_leaves_no_recommendation(market):
    free = {"programmes": {"crm": {"changes": {"identification": 1.0}}}}
    found = cx.decide(market, "Tailor", options={"stay": {}, "CRM": free}, **FEW)
    assert found.headline().startswith(
        "No recommendation for Tailor before the cost of building of programme crm and running of "
        "programme crm is stated"
    )
    assert "one-off cost not stated (free)" in found.sentence()


def test_a_capability_without_a_price_that_an_option_changes_is_warned_of(market):
    unpriced = market.override({"firms.Tailor.capability_costs": {}})
    options = {"stay": {}, "know more": {"firms.Tailor.identification": 1.0}}
    found = cx.decide(unpriced, "Tailor", options=options, **FEW)
    assert (
        "Warning: 'know more' changes Tailor's identification, which has no price "
        "(capability_costs; 0 states that it is free)."
    ) in found.sentence()
    assert "identification, cost not stated" in found.factors
    assert not found.robust


def test_a_capability_that_no_option_changes_needs_no_price(market):
    unpriced = market.override({"firms.Tailor.capability_costs": {}})
    options = {"stay": {}, "charge more": {"firms.Tailor.price": 22.0}}
    plan = plan_decision(unpriced, "Tailor", options=options, **FEW)
    assert not any("cost not stated" in factor.name for factor in plan.factors)


def test_a_price_of_zero_states_that_a_capability_is_free(market):
    options = {"stay": {}, "know more": {"firms.Tailor.identification": 1.0}}
    plan = plan_decision(market, "Tailor", options=options, **FEW)
    assert not any("cost not stated" in factor.name for factor in plan.factors)


# -- what has no price is said to be free ----------------------------------------------


def test_capabilities_above_zero_without_a_price_are_free_and_said_to_be(market):
    unpriced = market.override({"firms.Niche.capability_costs": {}})
    assert free_line(unpriced) == (
        "Free in this market: Niche's identification and segment insight (no cost stated)."
    )
    priced = unpriced.override({"firms.Niche.capability_costs.identification": {"fixed": 100}})
    assert free_line(priced) == "Free in this market: Niche's segment insight (no cost stated)."


def test_what_an_event_raises_needs_a_price_and_what_a_programme_raises_has_its_own():
    market = cx.load("bad_service", {"firms.InHouse.organization": {}})
    assert free_line(market) == ""
    path = "firms.InHouse.organization.attitudes"
    raised = market.override({"events": [{"at": 3, "set": {path: 0.9}}]})
    assert free_line(raised) == (
        "Free in this market: InHouse's organization attitudes (no cost stated)."
    )
    training = {"changes": {"organization.attitudes": 0.9}, "one_off": 10, "running": 1}
    assert free_line(market.override({"firms.InHouse.programmes.training": training})) == ""


def test_the_table_of_what_is_not_stated_has_the_path_of_the_price(market):
    unpriced = market.override({"firms.Niche.capability_costs": {}})
    assert [each.path for each in unstated(unpriced)] == [
        "firms.Niche.capability_costs.identification.fixed",
        "firms.Niche.capability_costs.segment_insight.fixed",
    ]


# -- payback, break-even and the smallest market ---------------------------------------


def test_terms_tell_a_cost_of_zero_from_one_that_is_not_stated(market):
    built = market.override({"firms.Mass.programmes.a": CRM | {"one_off": 0}})
    free = market.override({"firms.Mass.programmes.a": {"changes": {"quality": 28.0}}})
    given, none = (each.firms["Mass"].programmes["a"] for each in (built, free))
    assert programme_terms(given, market).startswith("no one-off cost, running cost 500 EUR")
    assert programme_terms(none, market) == (
        "one-off cost not stated (free), running cost not stated (free), no building time"
    )


def test_payback_and_smallest_market_name_the_programme_and_its_costs(market, built):
    back = cx.payback(market, built, firm="Tailor", seeds=2)
    smallest = cx.smallest_market(market, built, firm="Tailor", seeds=2)
    for said in (back.sentence("month"), smallest.sentence()):
        assert said.startswith("Tailor's programme crm ")
        assert said.endswith(f" Programme crm: {TERMS}.")
    assert "Tailor's programme crm" in back.worth()


def test_break_even_names_the_programme_unless_its_own_price_is_moved(market, built):
    given = {"firm": "Tailor", "low": 0.0, "high": 60_000.0, "seeds": 2, "points": 3}
    own = cx.break_even(market, built, "firms.Tailor.programmes.crm.one_off", **given)
    assert "Programme crm" not in own.sentence("EUR")
    other = cx.break_even(market, built, "firms.Tailor.capability_cost", **given)
    assert other.sentence("EUR").endswith(f" Programme crm: {TERMS}.")


def test_titles_of_their_figures_are_the_finding_alone(market, built):
    figure = cx.plot.payback_curve(cx.payback(market, built, firm="Tailor", seeds=2))
    assert "one-off" not in figure.get_suptitle()
    assert "one-off cost 20,000 EUR" in alternative_text(figure)


# -- what each programme is worth ------------------------------------------------------


def test_the_value_of_a_programme_is_the_paired_difference_from_the_market_without_it(
    market, built
):
    (row,) = programme_values(built, seeds=3).to_dict("records")
    pairs = [
        [cx.run(each, seed=seed).summary() for each in (built, market)] for seed in range(3)
    ]  # fmt: skip
    lead = [
        float(np.subtract(*[
            s.query("measure == 'net_present_value' and firm == 'Tailor'")["value"].item()
            for s in pair
        ]))
        for pair in pairs
    ]  # fmt: skip
    assert row["difference"] == pytest.approx(np.mean(lead))
    assert row["se"] == pytest.approx(np.std(lead, ddof=1) / np.sqrt(3))
    assert row["with"] - row["without"] == pytest.approx(row["difference"])
    smallest = cx.smallest_market(market, built, firm="Tailor", seeds=3)
    assert row["smallest_market"] == smallest.size
    assert row["terms"] == TERMS


def test_each_programme_is_valued_beside_the_others(built):
    both = built.override({"firms.Mass.programmes.late": CRM | {"start": 50}})
    found = programme_values(both, seeds=2).set_index("programme")
    assert list(found["firm"]) == ["Mass", "Tailor"]
    assert found.loc["late", "difference"] == 0.0  # it starts after the run
    assert found.loc["late", "payback"] == np.inf
    assert np.isnan(found.loc["late", "smallest_market"])


def test_a_report_has_a_table_and_a_sentence_for_each(built):
    found = programme_values(built, seeds=2)
    words = Words("month", "EUR")
    table = programme_table(found, words, seeds=2).to_html()
    for text in ("Tailor: crm", "identification to 1", "20,000 EUR", "500 EUR per month",
                 "3 months", "standard errors in brackets"):  # fmt: skip
        assert text in table
    (said,) = programme_sentences(found, words)
    assert said.startswith(f"Tailor's programme crm (identification to 1; {TERMS}): net present")
    assert "standard error" in said


def test_programmes_and_capabilities_have_bars_of_their_own(built):
    priced = built.override({"firms.Tailor.capability_costs.identification": {"fixed": 1000}})
    statement = profit_statement(cx.run(priced).firms)
    figure = cx.plot.profit_waterfall(statement)
    shown = [tick.get_text().replace("\n", " ") for tick in figure.axes[0].get_xticklabels()]
    assert {"Overhead by capability", "Investment in programmes", "Running cost of programmes"} <= (
        set(shown)
    )


def test_the_shipped_scenario_with_programmes_states_all_their_costs():
    market = cx.load("crm_and_training")
    programmes = market.firms["Builder"].programmes
    assert set(programmes) == {"crm", "training"}
    assert free_line(market) == ""
    assert not market.firms["Peer"].programmes
