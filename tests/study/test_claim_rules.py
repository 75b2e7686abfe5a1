"""Claims of scenarios, put to the test by rules that stand in their files."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxsim as cx
from cxsim.cli.run_and_compare import print_verdicts
from cxsim.report.report import Report
from cxsim.scenario import Scenario, ScenarioError, shipped_scenarios
from cxsim.scenario.claim_rule import Term, absent_firms, parse_rule
from cxsim.study import claim_test
from cxsim.study.claim_test import (
    BY_CONSTRUCTION,
    HOLDS,
    NO_DIFFERENCE,
    OPEN,
    ORDER,
    REFUTED,
    _word,
    check_test,
    verdict_of,
)
from cxsim.study.study import Study

QUICK = ("baseline", "copycat", "points")
SMALL = {"customers": 60}


def market_with(*conditions, **changes):
    """Return a small baseline with a test of its own."""
    rows = [c if isinstance(c, dict) else {"says": f"it is so: {c}", "rule": c} for c in conditions]
    mapping = {"extends": "baseline", "claim": "Something is so.", "test": rows}
    return Scenario.from_dict(mapping, {"customers": 60, "periods": 12, **changes})


def one(*given, seeds=3, **changes):
    (part,) = verdict_of(market_with(*given, **changes), seeds).parts
    return part


# --------------------------------------------------------- what ships


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_claim_has_rules_whose_names_are_there(name):
    scenario = cx.load(name)
    assert scenario.claim
    assert scenario.refuted_by
    assert scenario.test
    check_test(scenario)


@pytest.mark.parametrize(
    "name",
    [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in shipped_scenarios()],
)
def test_every_shipped_claim_is_evaluated_with_numbers(name):
    scenario = cx.load(name, SMALL)
    verdict = verdict_of(scenario, 2)
    assert len(verdict.parts) == len(scenario.test)
    assert verdict.word in ORDER
    for part in verdict.parts:
        assert math.isfinite(part.margin)
        assert part.lower <= part.margin <= part.upper
        assert any(digit in part.sentence for digit in "0123456789")


def test_the_margin_is_what_a_reader_would_compute_from_the_runs():
    scenario = cx.load("baseline", SMALL)
    part = verdict_of(scenario, [4, 7]).parts[2]
    leads = []
    for seed in (4, 7):
        firms = cx.run(scenario, seed=seed).firms.pivot(
            index="period", columns="firm", values="profit"
        )
        worth = (firms.T * 1.01 ** -firms.index.to_numpy(float)).sum(axis=1)
        leads.append(worth["Tailor"] - worth.drop("Tailor").max())
    assert part.margin == pytest.approx(np.mean(leads), rel=1e-9)


def test_net_present_value_of_a_window_leaves_out_what_was_earned_before():
    cut = {"at": 6, "set": {"firms.Mass.price": 10.0}}
    rule = {"says": "x", "rule": "net_present_value.Mass > 0", "window": "after_event"}
    scenario = market_with(rule, events=[cut])
    part = verdict_of(scenario, [3, 5]).parts[0]
    worth = []
    for seed in (3, 5):
        profit = cx.run(scenario, seed=seed).firms.query("firm == 'Mass' and period >= 6")
        worth.append((profit["profit"] * 1.01 ** -profit["period"].astype(float)).sum())
    assert part.margin == pytest.approx(np.mean(worth), rel=1e-9)


# ------------------------------------------------------------- verdicts


def test_an_interval_above_zero_holds_below_is_refuted_across_is_open():
    assert _word(np.array([1.0, 1.1, 0.9]), 1.0, 0.25, 0.0, strict=True) == HOLDS
    assert _word(np.array([-1.0, -1.1, -0.9]), -1.0, 0.25, 0.0, strict=True) == REFUTED
    assert _word(np.array([1.0, -0.5, 0.4]), 0.3, 1.8, 0.0, strict=True) == OPEN


def test_rounding_decides_nothing():
    noise = {
        "says": "nothing",
        "rule": "1e14 * market_share.Mass - 1e14 * market_share.Mass + price.Mass > price.Mass",
    }
    assert one(noise).word == NO_DIFFERENCE
    thirds = {"says": "nothing", "rule": "3 * (price.Mass / 3 * 1.1) > price.Mass * 1.1"}
    assert one(thirds).word == NO_DIFFERENCE


def test_what_chance_has_no_part_in_is_so_by_construction():
    same = {
        "says": "the same",
        "rule": "again.market_share.Tailor > market_share.Tailor",
        "runs": {"again": {}},
    }
    assert one(same).word == NO_DIFFERENCE
    assert (
        one(same | {"rule": "again.market_share.Tailor >= market_share.Tailor"}).word
        == BY_CONSTRUCTION
    )
    assert one("capability_overhead.Tailor > capability_overhead.Mass").word == BY_CONSTRUCTION
    assert one("capability_overhead.Tailor < capability_overhead.Mass").word == REFUTED


def test_the_finding_is_one_plain_sentence():
    part = one("price.Tailor > price.Mass", **{"firms.Tailor.price": 18.5})
    assert part.word == REFUTED
    assert part.sentence == ("Tailor's price is 1.50 EUR below Mass's, months 0 to 11.")
    part = one("price.Mass < price.others", **{"firms.Tailor.price": 18.5})
    assert part.sentence.startswith("Mass's price is 1.50 EUR above Tailor's")
    assert (
        "one seed, so no interval"
        in one("market_share.Tailor > market_share.Mass", seeds=1).sentence
    )


def test_a_claim_is_as_good_as_its_worst_part():
    verdict = verdict_of(
        market_with("price.Mass >= 20", "price.Mass > 21", "market_share.Mass > 0"), 2
    )
    assert [part.word for part in verdict.parts] == [BY_CONSTRUCTION, REFUTED, HOLDS]
    assert verdict.word == REFUTED
    assert verdict.lines()[1].startswith("Refuted: it is so: price.Mass > 21: 20 against 21")


def test_runs_that_a_comparison_made_are_not_made_again_for_its_claims(monkeypatch):
    market = market_with("market_share.Mass > market_share.Tailor", "profit.Mass > 0")
    result = cx.compare(market, market.override({"firms.Mass.price": 15.0}), seeds=4)
    made, simulate = [], claim_test.simulate
    monkeypatch.setattr(
        claim_test, "simulate", lambda *a, **k: made.append(k["seed"]) or simulate(*a, **k)
    )
    alone = verdict_of(market, 4)
    assert made == [0, 1, 2, 3]
    made.clear()
    assert verdict_of(market, 4, made=result.books) == alone
    assert made == [0]  # which tells the digest of the code
    made.clear()
    other = market.override({"firms.Tailor.price": 19.0})
    assert verdict_of(other, 3, made=result.books) == verdict_of(other, 3)
    assert made == [0, 1, 2, 0, 1, 2]  # of another market nothing is taken


def test_windows_count_the_periods_that_they_name():
    cut = {"at": 6, "set": {"firms.Mass.price": 10.0}}
    for window, price in (("run", 15), ("last_period", 10), ("after_event", 10), ("last_year", 15)):
        rule = {"says": "x", "rule": f"price.Mass >= {price}", "window": window}
        assert one(rule, events=[cut]).word == BY_CONSTRUCTION, window
        rule["rule"] = f"price.Mass > {price + 0.01}"
        assert one(rule, events=[cut]).word == REFUTED, window


def test_what_a_run_does_not_have_leaves_the_claim_open():
    after = {"says": "x", "rule": "market_share.Mass > 0", "window": "after_event"}
    part = one(after)
    assert (part.word, math.isnan(part.margin)) == (OPEN, True)
    assert "the event that it refers to is not part of this run" in part.sentence
    with pytest.warns(cx.EventsLeftOutWarning):
        short = cx.load("copycat", {"periods": 10, **SMALL})
    assert verdict_of(short, 2).word == OPEN
    gone = cx.load("price_attack", {"customers": 60, "firms.Niche": None})
    assert "lacks something that the rule compares" in verdict_of(gone, 2).parts[0].sentence


@pytest.mark.parametrize(
    "rule",
    [
        {"says": "x", "rule": "dear.market_share.Niche > 0",
         "runs": {"dear": {"firms.Niche.price": 26}}},
        {"says": "x", "rule": "alone.market_share.Mass > market_share.Mass",
         "runs": {"alone": {"firms.Niche": None}}},
        {"says": "x", "rule": "retention_rate.Niche > retention_rate.others"},
    ],
)  # fmt: skip
def test_a_claim_on_a_firm_that_was_taken_out_stops_nothing(tmp_path, rule):
    without = market_with(rule).override({"firms.Niche": None})
    (part,) = verdict_of(without, 2).parts
    assert part.word == OPEN
    assert part.sentence.endswith("(there is no Niche).")
    written = cx.load(without.save(tmp_path / "without.yaml"))
    assert written.digest == without.digest
    assert (written.claim, written.refuted_by, written.test) == ("", "", ())
    with_all = market_with(rule)
    assert Scenario.from_dict(with_all.to_dict()).test == with_all.test


def test_the_baseline_without_a_firm_of_its_claim_is_run_and_studied():
    without = cx.load("baseline", {"firms.Tailor": None, "customers": 60, "periods": 4})
    assert set(cx.run(without).firms["firm"]) == {"Mass", "Niche", "Targeted"}
    assert Scenario.from_dict(without.to_dict(defaults=True)).digest == without.digest
    study = {
        "scenario": without.to_dict(), "factors": {"firms.Mass.price": [18, 22]},
        "outputs": ["market_share.Mass"],
    }  # fmt: skip
    assert Study.from_dict(study).base.digest == without.digest


def test_a_run_that_puts_a_firm_in_names_none_that_is_missing():
    more = {"firms.Other": {"price": 20, "quality": 20}}
    rule = {
        "says": "x",
        "rule": "more.market_share.Mass < market_share.Mass",
        "runs": {"more": more},
    }
    assert absent_firms(parse_rule(rule["rule"]), {"Mass": 1}, rule["runs"]) == []
    assert not math.isnan(one(rule).margin)


def test_runs_that_a_rule_speaks_of_follow_the_overrides_of_the_market():
    rule = {
        "says": "x", "rule": "dear.price.Mass - price.Mass >= 3",
        "runs": {"dear": {"firms.Mass.price": 24}},
    }  # fmt: skip
    assert one(rule, **{"firms.*.price": 21.0}).word == BY_CONSTRUCTION
    assert one(rule, **{"firms.*.price": 22.0}).word == REFUTED


def test_no_test_no_verdict():
    assert verdict_of(Scenario.from_dict({"extends": "baseline"}), 2) is None


# ----------------------------------------------------- in the scenario


def test_rules_are_texts_to_a_scenario_they_change_no_digest_and_are_not_inherited():
    assert (
        market_with("market_share.Mass > 0").digest == market_with("market_share.Mass > 1").digest
    )
    assert Scenario.from_dict({"extends": "baseline"}).test == ()
    again = Scenario.from_dict(cx.load("copycat").to_dict())
    assert again.test == cx.load("copycat").test


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("retention_rate.Tailor", "expected two sides with one of > >= < <= between them"),
        ("retention_rate.Tailor == 3", "expected two sides with one of > >= < <= between them"),
        ("1 < market_share.Mass < 2", "expected two sides with one of > >= < <= between them"),
        ("3 > 2", "expected a measure"),
        (
            "market_share.Tailr > 0",
            "expected a firm of the scenario, found 'Tailr' (did you mean 'Tailor'",
        ),
        ("alone.market_share.Mass > 0", "expected a run of this test, found 'alone'"),
        ("log(market_share.Mass) > 0", "expected abs, min or max, found 'log'"),
        ("__import__('os').x > market_share.Mass", "expected MEASURE.FIRM"),
        ("market_share.Mass ** 9999 > 0", "expected measures (MEASURE.FIRM, market.MEASURE)"),
        ("(lambda: 1)() > market_share.Mass", "expected measures (MEASURE.FIRM, market.MEASURE)"),
        ("market_share.Mass > 'a'", "expected measures (MEASURE.FIRM, market.MEASURE)"),
        ("(" * 5000, "expected at most 1000 characters"),
    ],
)
def test_a_rule_that_is_none_is_refused_with_file_line_and_key(tmp_path, rule, problem):
    path = tmp_path / "wrong.yaml"
    path.write_text(
        f'extends: baseline\ntest:\n  - says: x\n    rule: "{rule}"\n', encoding="utf-8"
    )
    with pytest.raises(ScenarioError) as error:
        Scenario.load(path)
    assert f"wrong.yaml:4: test.0.rule: {problem}" in str(error.value)


def test_misspelt_measures_and_runs_that_cannot_be_are_found_by_check(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(
        "extends: baseline\ntest:\n"
        "  - {says: x, rule: retention_rat.Tailor > 0}\n"
        "  - {says: y, rule: a.market_share.Tailor > 0, runs: {a: {firms.Tailr.price: 3}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as error:
        check_test(Scenario.load(path))
    first, second = str(error.value).splitlines()
    assert "wrong.yaml:3: test.0.rule: expected a measure of firms, found 'retention_rat'" in first
    assert "did you mean 'retention_rate'" in first
    assert "wrong.yaml:4: test.1.runs.a: " in second
    assert "did you mean 'Tailor'" in second


numbers = st.floats(0.1, 100)


@given(numbers, numbers, st.sampled_from([">", ">="]))
def test_a_rule_read_from_right_to_left_is_the_same(a, b, sign):
    values = {"A": a, "B": b}
    turned = {">": "<", ">=": "<="}[sign]
    left = parse_rule(f"2 * m.A {sign} m.B + 1")
    right = parse_rule(f"m.B + 1 {turned} 2 * m.A")
    for rule in (left, right):
        assert rule.sides(lambda term: values[term.firm]) == (2 * a, b + 1)
        assert rule.strict == (sign == ">")


def test_names_that_are_no_words_stand_in_brackets():
    rule = parse_rule('market_share["Our bank"] > base.market_share["Their bank"]')
    assert rule.terms == (
        Term("market_share", "Our bank"),
        Term("market_share", "Their bank", "base"),
    )


# ------------------------------------------------- in reports and the terminal


def test_a_report_shows_the_verdict_directly_under_the_claim(capsys):
    report = Report("scenario", {})
    report.use(market_with("price.Mass > 21"))
    page = report.questions([0, 1]).data
    claim, found = page.index("Something is so."), page.index("Refuted: it is so")
    assert claim < found
    assert page[claim:found].count("<dt>") == 1, "nothing stands between them"
    assert "over 2 paired seeds" in page
    print_verdicts({"verdicts": report._verdict_facts()})
    said = capsys.readouterr().out
    assert "Claim of baseline" in said or "Claim of scenario" in said
    assert "Something is so." in said
    assert "  Refuted: it is so: price.Mass > 21: 20 against 21" in said


def test_a_claim_without_rules_is_said_not_to_be_market_with():
    report = Report("scenario", {})
    report.use(Scenario.from_dict({"extends": "baseline", "claim": "So it is."}))
    assert "Not tested: the scenario names no rules" in report.questions([0]).data
    assert "Verdict" not in report.questions().data
