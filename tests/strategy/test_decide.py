"""Decisions under uncertainty: what is advised, how sure it is, what it is worth to know."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.cli.app import run as command
from cxsim.plot import alternative_text, options_under_uncertainty
from cxsim.plot import value_of_information as information_figure
from cxsim.report.brief import Brief
from cxsim.scenario import ScenarioError
from cxsim.strategy.decide import plan_decision
from cxsim.strategy.decision import Decision
from cxsim.strategy.options import (
    COPY,
    assumptions,
    default_options,
    default_uncertainties,
    with_assumptions,
)
from cxsim.strategy.recommendation import switching_points, value_of_information

SMALL = {"customers": 150, "periods": 20}


def problem(x: dict, payoffs: dict, *, seeds: int = 1, noise: float = 0.0) -> pd.DataFrame:
    """Return runs of a made-up problem: factors by name, payoffs by option as functions."""
    draw = np.random.default_rng(7)
    table = pd.DataFrame(x)
    rows = []
    for point, values in table.iterrows():
        for seed in range(seeds):
            common = draw.normal()
            for option, payoff in payoffs.items():
                value = payoff(values) + common + noise * draw.normal()
                rows.append({"point": point, "strategy": option, "seed": seed, **values,
                             "worth": value})  # fmt: skip
    return pd.DataFrame(rows)


def decided(frame: pd.DataFrame, factors: list[str]) -> Decision:
    options = list(frame["strategy"].unique())
    facts = {"firm": "Ann", "output": "worth", "unit": "EUR", "confidence": 0.95,
             "options": options, "factors": factors, "study": {}}  # fmt: skip
    return Decision(frame, facts)


@pytest.fixture(scope="module")
def two_states():
    """Half the futures are good: building gives 10 there and -6 elsewhere; staying gives 0."""
    x = {"good": [1.0, 0.0] * 100, "other": np.random.default_rng(1).permutation(200) / 200}
    return problem(x, {"stay": lambda _: 0.0, "build": lambda v: 16 * v["good"] - 6})


# --------------------------------------------------------- value of information


def test_of_two_states_the_value_of_knowing_which_is_three(two_states):
    """Choosing blindly gives (10 - 6) / 2 = 2; knowing the state gives 10 / 2 = 5."""
    table = value_of_information(
        two_states, ["other", "good"], ["stay", "build"], output="worth"
    ).set_index("factor")
    assert list(table.index) == ["everything", "good", "other"]
    assert table["value"]["everything"] == pytest.approx(3.0)
    assert table["value"]["good"] == pytest.approx(3.0)
    assert table["value"]["other"] == pytest.approx(0.0)
    assert table["lower"]["good"] < 3.0 < table["upper"]["good"]


@pytest.mark.parametrize(("a", "b"), [(0.0, 4.0), (1.0, 4.0), (3.0, 4.0), (5.0, 4.0)])
def test_of_a_straight_line_the_value_is_that_of_the_integral(a, b):
    """A gives a + b x with x even on (-1, 1), B nothing: knowing x is worth (b - a)² / 4b."""
    count = 800
    x = {"x": (np.arange(count) + 0.5) / count * 2 - 1}
    frame = problem(x, {"A": lambda v: a + b * v["x"], "B": lambda _: 0.0})
    table = value_of_information(frame, ["x"], ["A", "B"], output="worth")
    expected = max(0.0, b - a) ** 2 / (4 * b)
    np.testing.assert_allclose(table["value"], expected, atol=0.02)


def test_of_two_factors_each_alone_is_worth_what_its_part_is_worth():
    """A gives 3 x + y: alone, x is worth 3 / 4 and y 1 / 4; both together more than x."""
    draw = np.random.default_rng(3)
    x = {"x": draw.uniform(-1, 1, 4000), "y": draw.uniform(-1, 1, 4000)}
    frame = problem(x, {"A": lambda v: 3 * v["x"] + v["y"], "B": lambda _: 0.0})
    table = value_of_information(frame, ["x", "y"], ["A", "B"], output="worth").set_index("factor")
    for name, expected in (("x", 0.75), ("y", 0.25)):
        assert table["lower"][name] - 0.02 < expected < table["upper"][name] + 0.02
    # E|3x + y| / 2 - 0 = (1 / 2) (3 / 2 + 1 / 18)
    assert table["value"]["everything"] == pytest.approx(0.5 * (1.5 + 1 / 18), abs=0.04)


def test_luck_does_not_count_as_knowledge():
    """Options alike but for chance: nothing is worth knowing, however much the seeds differ."""
    x = {"x": np.random.default_rng(5).uniform(size=100)}
    alike = {name: lambda _: 0.0 for name in ("A", "B", "C")}
    frame = problem(x, alike, seeds=6, noise=1.0)
    table = value_of_information(frame, ["x"], list(alike), output="worth")
    assert (table["value"] < 0.1).all()
    naive = frame.pivot_table(index="point", columns="strategy", values="worth").max(axis=1).mean()
    assert naive - frame.groupby("strategy")["worth"].mean().max() > 0.2


def test_where_the_choice_turns_is_found(two_states):
    turns = switching_points(two_states, ["good", "other"], ["stay", "build"], output="worth")
    assert turns.to_dict("records") == [
        {"factor": "good", "at": 0.5, "below": "stay", "above": "build"}
    ]


# ------------------------------------------------------------------- the advice


def test_the_advice_names_the_choice_its_lead_and_what_to_research(two_states):
    decision = decided(two_states, ["good", "other"])
    assert (decision.recommended, decision.runner_up) == ("build", "stay")
    assert decision.advantage[0] == pytest.approx(2.0)
    said = decision.sentence()
    assert "'build'" in said
    assert "2 EUR" in said
    assert "50 % of the 200 futures" in said
    assert "research good first (worth up to 3 EUR)" in said
    assert "'stay' is better in the worst case" in said


def test_what_chance_could_turn_is_said_to_be_no_advice():
    x = {"x": np.linspace(0, 1, 30)}
    frame = problem(x, {"A": lambda _: 0.0, "B": lambda _: 0.02}, seeds=3, noise=1.0)
    assert "stands out" in decided(frame, ["x"]).headline()


def test_what_wins_everywhere_is_robust_and_needs_no_research():
    x = {"x": np.linspace(0, 1, 30)}
    decision = decided(problem(x, {"A": lambda _: 0.0, "B": lambda v: 1 + v["x"]}), ["x"])
    assert decision.robust
    assert "The recommendation is robust" in decision.sentence()
    assert "No tested uncertainty changes the recommendation" in decision.sentence()
    assert decision.loss_region is None
    assert "100 % of the futures" in decision.loss_region_text()


def test_figures_say_what_was_found(two_states):
    decision = decided(two_states, ["good", "other"])
    figure = options_under_uncertainty(decision)
    assert "'build' earns 2.00" in figure.get_suptitle()
    assert "research good first" in alternative_text(figure)
    said = information_figure(decision).get_suptitle().replace("\n", " ")
    assert "Research first: good" in said


# ------------------------------------------------------ options and uncertainties


def test_a_mass_firm_can_take_two_roads_or_both_at_once_or_wait_or_change_its_price():
    options = default_options(cx.load("baseline"), "Mass")
    assert list(options) == [
        "stay", "interact first", "customize first", "both at once", "both, later",
        "cut the price", "raise the price",
    ]  # fmt: skip
    first, second = options["interact first"]["events"]
    assert (first["set"], second["set"]) == (
        {"firms.Mass.interaction": 0.8}, {"firms.Mass.customization": 0.8}
    )  # fmt: skip
    assert first["at"] + first["over"] == second["at"]


def test_what_a_firm_has_it_need_not_build_and_a_price_that_a_policy_sets_is_left_alone():
    market = cx.load("baseline", {"firms.Niche.policy.pricing": "adaptive"})
    assert list(default_options(market, "Niche")) == [
        "stay", "interact more", "interact more, later"
    ]  # fmt: skip
    assert "customize less" in default_options(market, "Tailor")


def test_ranges_stand_around_the_scenarios_own_values():
    market = cx.load("baseline")
    factors = default_uncertainties(market, "Mass", "Niche")
    assert factors["price sensitivity"]["paths"]["segments.Comfort.price_sensitivity"] == {
        "times": 0.18
    }
    assert set(factors["rivals' prices"]["paths"]) == {
        f"firms.{name}.price" for name in ("Niche", "Targeted", "Tailor")
    }
    assert (factors[COPY]["low"], factors[COPY]["high"]) == (15, 59)
    assert COPY not in default_uncertainties(market, "Mass", "")


def test_a_rival_copies_what_the_firm_ends_up_with():
    study = plan_decision("baseline", "Mass", rival="Niche", overrides=SMALL, points=16, seeds=1)
    changed = study.strategies["both at once"]["replace_events"][0]["set"]
    assert dict(changed) == {"firms.Niche.interaction": 0.8, "firms.Niche.customization": 0.8}
    alone = study.strategies["stay"]["replace_events"][0]["set"]
    assert dict(alone) == {"firms.Niche.interaction": 0.1, "firms.Niche.customization": 0.8}


def test_options_and_uncertainties_come_from_a_text_or_a_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "options:\n  stay: {}\n  ask more: {firms.Mass.price: 22}\n"
        "uncertainties:\n  learning_rate: [0.5, 2.0]\n"
        "  rival copies in period: [5, 15]\n",
        encoding="utf-8",
    )
    study = plan_decision("baseline", "Mass", options=path, uncertainties=path, overrides=SMALL)
    assert list(study.strategies) == ["stay", "ask more"]
    assert [factor.name for factor in study.factors] == ["learning_rate", COPY]
    assert study.factors[1].moves[0].path == "events.0.at"
    text = plan_decision("baseline", options="{a: {}, b: {firms.Mass.price: 21}}", rival="none")
    assert dict(text.strategies["b"]) == {"firms.Mass.price": 21}


def test_what_is_wrong_in_a_file_of_options_is_told_with_its_line(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("options:\n  stay: {}\n  ask more: [22]\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        plan_decision("baseline", "Mass", options=path)
    assert str(caught.value) == (
        f"{path}:3: ask more: expected a mapping of dotted paths to values, found [22]"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"firm": "Mas"}, "expected a firm of baseline, found 'Mas' (did you mean 'Mass'?)"),
        ({"options": "{a: {}, b: {firms.Mass.prise: 3}}"}, "prise"),
        ({"options": "nothing.yaml"}, "nothing.yaml: expected a file of options, found none"),
        ({"options": "[1, 2]"}, "expected options by name"),
        ({"uncertainties": "{firms.Mass.price: [18, 22]}"}, "expected what the option changes"),
        ({"options": {"a": {}, "b": 3}},
         "options: b: expected a mapping of dotted paths to values, found 3"),
        ({"options": {"a": {}, "b": {"events": {"at": 3}}}},
         "options: b.events: expected a list of events, found a mapping of 1"),
        ({"options": {"a": {}, "b": {"events": [3]}}}, "b.events.0: expected a mapping, found 3"),
        ({"options": {"a": {}, "b": {"events": [{"at": 3, "set": 4}]}}}, "b.events.0.set: expec"),
        ({"uncertainties": {"learning_rate": {"low": 0.1, "hgh": 0.5}}},
         "uncertainties: learning_rate.hgh: expected a key of a factor, found 'hgh' (did you mean"),
        ({"uncertainties": {COPY: [5, 15, 25]}}, "expected [first, last] period, found [5, 15,"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(given, said):
    with pytest.raises(ScenarioError) as caught:
        plan_decision("baseline", given.pop("firm", "Mass"), **given)
    assert said in str(caught.value)


def test_what_a_panel_does_not_show_is_assumed_in_the_proportions_of_the_baseline():
    assert assumptions(cx.load("baseline")) == {}
    market, assumed = with_assumptions(cx.load("yogurt"))
    price = np.mean([each.price for each in market.firms.values()])
    assert market.firms["dannon"].unit_cost == pytest.approx(0.55 * price, rel=1e-3)
    assert market.segments["All"].need_sd == 1.0
    assert set(assumed["path"]) == set(assumptions(cx.load("yogurt")))
    assert market.segments["All"].switching_cost == cx.load("yogurt").segments["All"].switching_cost


# ------------------------------------------------------------- the whole of it


@pytest.fixture(scope="module")
def decision():
    return cx.decide("baseline", "Mass", overrides=SMALL, points=16, seeds=2)


def test_every_option_meets_the_same_futures(decision):
    sizes = decision.frame.groupby("strategy").size()
    assert (sizes == 32).all()
    shared = decision.frame.groupby("point")[decision.factors].nunique()
    assert (shared == 1).all(axis=None)
    assert decision.means()["option"][0] == decision.recommended


def test_a_decision_is_what_the_simulations_of_its_futures_say(decision):
    study = plan_decision("baseline", "Mass", overrides=SMALL, points=16, seeds=2)
    row = decision.frame.query("point == 3 and strategy == 'both at once' and seed == 1").iloc[0]
    run = cx.run(study.scenario(3, "both at once"), seed=1)
    worth = run.summary().set_index(["measure", "firm"])["value"]["net_present_value", "Mass"]
    assert row["net_present_value.Mass"] == pytest.approx(worth)


def test_a_decision_is_kept_and_read_again(decision, tmp_path):
    kept = Decision.load(decision.save(tmp_path / "kept"))
    assert kept.sentence() == decision.sentence()
    pd.testing.assert_frame_equal(kept.value_of_information, decision.value_of_information)


def test_draws_of_estimates_join_the_futures_row_by_row():
    drawn = pd.DataFrame({"segments.Comfort.switching_cost": np.linspace(1, 4, 20)})
    decision = cx.decide(
        "baseline", "Mass", overrides=SMALL, points=16, seeds=1, draws=drawn,
        options="{stay: {}, ask more: {firms.Mass.price: 21}}",
    )  # fmt: skip
    seen = decision.frame.drop_duplicates("point")["segments.Comfort.switching_cost"]
    np.testing.assert_allclose(seen, drawn.iloc[:16, 0])
    assert "price sensitivity" in decision.factors


@pytest.mark.slow
def test_the_command_decides_for_the_goal_that_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["decide", "baseline", "-s", "customers=60", "-s", "periods=8", "--points", "16",
             "--seeds", "1", "--firm", "Mass", "--goal", "share", "-o", "out",
             "--options", "{stay: {}, ask more: {firms.Mass.price: 24}}"]  # fmt: skip
    assert command(words) == 0
    said = capsys.readouterr().out
    brief = Brief.load(tmp_path / "out")
    assert (brief.firm, brief.goal) == ("Mass", "market_share")
    assert brief.numbers[0] == ("Recommended", "stay", "")
    assert "market share" in brief.answer[0]
    assert brief.answer[0].split(":")[0] in " ".join(said.split())
    assert "goal" not in brief.chosen
    assert command([*words[:12], "surplus"]) == 2
