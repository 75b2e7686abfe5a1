"""Latent classes of customers: a few logits in one panel, and the segments that they become."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from panels import choice_panel

import cxsim as cx
from cxsim.calibration import CalibrationError, calibrate, read_panel
from cxsim.calibration.calibrate import Findings, cautions
from cxsim.calibration.estimate import design_of, fit
from cxsim.calibration.latent_classes import ClassLikelihood, latent_classes
from cxsim.cli.app import run as command


def two_classes(customers, purchases, *, unseen=0, seed=0):
    """Return a panel: six in ten are loyal, the others mind prices three times as much."""
    many = int(0.6 * customers)
    how = {"taste_sd": 0.0, "unseen": unseen, "seed": seed}
    loyal = choice_panel(many, purchases, price=1.0, loyalty=1.5, **how)
    others = choice_panel(customers - many, purchases, price=3.0, loyalty=0.2, **how)
    others["customer"] += many
    both = pd.concat([loyal, others])
    return both[[name for name in both if not name.startswith("cost.")]]


@pytest.fixture(scope="module")
def frame():
    return two_classes(300, 10, unseen=8)


@pytest.fixture(scope="module")
def result(frame):
    return calibrate(frame, classes=2, permutations=0, draws=8)


# -------------------------------------------------------------------------- the likelihood


def test_the_likelihood_of_a_customer_is_a_mean_over_classes_of_products_of_logits():
    panel = read_panel(two_classes(10, 4))
    design = design_of(panel, initial_purchases="use", tastes="none")
    groups = np.arange(10) % 2
    likelihood = ClassLikelihood(design, 2, groups, ("early", "late"))
    at = np.linspace(-0.4, 0.8, len(likelihood.names))
    values, scores = likelihood.by_household(at)
    size = len(design.names)
    beta, odds = at[: 2 * size].reshape(2, size), at[2 * size :]
    for h, start in enumerate(design.starts):
        share = 1.0 / (1.0 + np.exp(odds[groups[h]]))
        total = 0.0
        for k, chance in enumerate((share, 1.0 - share)):
            for n in range(start, start + 4):
                worth = np.exp([beta[k] @ design.columns[:, j, n] for j in range(3)])
                chance *= worth[design.chosen[n]] / worth.sum()
            total += chance
        assert values[h] == pytest.approx(np.log(total), rel=1e-12)
    for k in range(len(at)):
        step = np.zeros(len(at))
        step[k] = 1e-5
        up, down = (likelihood.by_household(at + sign * step)[0] for sign in (1, -1))
        np.testing.assert_allclose(scores[:, k], (up - down) / 2e-5, atol=1e-8)


@pytest.mark.parametrize(("first", "rows"), [("use", "use"), ("wooldridge", "drop")])
def test_one_class_is_the_logit_without_differences_in_taste(frame, first, rows):
    panel = read_panel(frame)
    logit = fit(panel, initial_purchases=rows, tastes="none")
    one = latent_classes(panel, 1, initial_purchases=first).estimates
    assert one.loglikelihood == pytest.approx(logit.loglikelihood, rel=1e-12)
    np.testing.assert_allclose(one.values, logit.values, atol=1e-5)
    np.testing.assert_allclose(one.covariance, logit.covariance, atol=1e-5)


# ------------------------------------------------------------------------------- recovery


def test_two_classes_are_found_with_their_shares_and_parameters(result):
    classes = result.classes
    assert classes.numbers["bic"].idxmin() == 1, "less of it than one class has"
    table = classes.table.set_index(["quantity", "class"])
    truth = {"share": (0.6, 0.4), "price sensitivity": (1.0, 3.0), "loyalty": (1.5, 0.2)}
    for quantity, values in truth.items():
        for name, value in zip(classes.names, values, strict=True):
            row = table.loc[quantity, name]
            assert abs(row["estimate"] - value) < 2 * row["se"], (quantity, name)
            assert row["lower"] < row["estimate"] < row["upper"]
    assert classes.times_found[0] >= 2
    assert (classes.separation > 0.8).all()
    assert [each.code for each in result.warnings] == []


def test_the_criterion_finds_two_well_separated_classes(frame):
    found = latent_classes(read_panel(frame), "bic", starts=2)
    assert found.names == ("Class1", "Class2")


def test_members_are_assigned_to_the_class_they_are_of(result):
    member = result.classes.membership
    assert list(member["customer"]) == list(range(300))
    np.testing.assert_allclose(member[["Class1", "Class2"]].sum(axis=1), 1.0)
    truly = np.where(np.arange(300) < 180, "Class1", "Class2")
    assert (member["class"] == truly).mean() > 0.8


def test_the_criterion_finds_one_class_where_customers_are_alike():
    frame = choice_panel(200, 8, taste_sd=0.0, unseen=0, seed=5)
    panel = read_panel(frame[[name for name in frame if not name.startswith("cost.")]])
    found = latent_classes(panel, "bic", initial_purchases="use", starts=2)
    assert found.names == ("Class1",)
    assert list(found.numbers["classes"]) == [1, 2, 3, 4]
    row = found.numbers.iloc[0]
    assert row["bic"] == pytest.approx(4 * np.log(200) - 2 * row["loglikelihood"])
    assert found.estimates.values["loyalty.Class1"] == pytest.approx(1.0, abs=0.2)


def test_the_same_seed_gives_the_same_bits(frame):
    panel = read_panel(frame)
    one, other = (latent_classes(panel, 2, starts=2, seed=3).estimates for _ in range(2))
    assert one.values.equals(other.values)


def test_offers_may_be_missing_and_customers_may_buy_nothing():
    frame = two_classes(120, 8)
    rng = np.random.default_rng(0)
    frame.loc[rng.random(len(frame)) < 0.2, "choice"] = "no_purchase"
    frame.loc[(rng.random(len(frame)) < 0.2) & (frame["choice"] != "Ann"), "price.Ann"] = np.nan
    panel = read_panel(frame, blank_prices="not on offer")
    assert panel.no_purchase
    found = latent_classes(panel, 2, starts=2)
    assert {f"intercept.{firm}.Class2" for firm in panel.firms} <= set(found.estimates.values.index)
    assert np.isfinite(found.estimates.loglikelihood)


# ------------------------------------------------------------------------ from classes to segments


def test_classes_become_segments(result):
    scenario = result.scenario()
    classes, panel = result.classes, result.panel
    assert set(scenario.segments) == set(classes.names)
    assert sum(each.share for each in scenario.segments.values()) == pytest.approx(1.0, abs=1e-12)
    for name, segment in scenario.segments.items():
        values = classes.of_class(name).values
        a = values["price_sensitivity"]
        assert segment.price_sensitivity == pytest.approx(a, rel=1e-4)
        assert segment.switching_cost == pytest.approx(max(values["loyalty"], 0.0) / a, rel=1e-4)
        # What the class values a firm at, above the one without an intercept.
        base = next(f for f in panel.firms if f"intercept.{f}" not in values.index)
        worth = {f: scenario.firms[f].quality + segment.brand_taste_mean[f] for f in panel.firms}
        for firm in set(panel.firms) - {base}:
            expected = values[f"intercept.{firm}"] / a
            assert worth[firm] - worth[base] == pytest.approx(expected, abs=1e-3)
    assert "Segments are latent classes" in " ".join(scenario.notes.split())
    draws = result.sample(20)
    spread = draws["segments.Class1.price_sensitivity"].std()
    assert spread == pytest.approx(classes.of_class("Class1").error("price_sensitivity"), rel=0.5)
    for row in draws.head(3).to_dict("records"):
        scenario.override(row)


@pytest.mark.slow
def test_a_market_of_the_segments_has_the_panels_repeat_purchases(result):
    scenario, (rate, _) = result.scenario(), result.panel.repeat_purchase_rate()
    short = {"customers": 400, "periods": 12, "warm_up": 20, "segments.*.purchase_rate": 1.0}
    run = cx.run(scenario, overrides=short, engine="agents")
    assert 1 - run.market["brand_switching_rate"].mean() == pytest.approx(rate, abs=0.04)


# -------------------------------------------------------------------- warnings and refusals


def test_warnings_name_small_classes_and_maxima_found_once():
    usual = {"price": 1.0, "price_error": 0.1, "elasticity": -2.0, "loyalty": 1.0,
             "loyalty_error": 0.1, "percent": 20.0}  # fmt: skip
    found = Findings(
        **usual, small_classes=("Class3",), classes_found=(1, 8), unpriced_classes=("Class2",),
        mixed_classes=("Class2",),
    )  # fmt: skip
    said = {each.code: each for each in cautions(found)}
    assert "Class3 has less than 5 %" in said["small_class"].text
    assert "only 1 of 8 starting points" in said["classes_found_once"].text
    assert said["class_price_not_positive"].serious
    assert not said["classes_not_separated"].serious


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"classes": 5}, "classes: expected .*4, found 5"),
        ({"classes": "bik"}, "classes: expected 1 to 4 or 'bic', found 'bik'"),
        ({"initial_purchases": "equation"}, "initial_purchases: expected 'wooldridge' or 'use'"),
        ({"learning": "test"}, "learning: expected 'no' together with classes, found 'test'"),
        ({"tastes": "correlated"}, "tastes: expected 'independent' or 'none' together with"),
        ({"cost": "cost"}, "cost: expected None together with classes, found 'cost'"),
        ({"random_price": True}, "random_price: expected None or False together with classes"),
    ],
)
def test_what_does_not_go_with_classes_is_refused_in_one_line(frame, option, text):
    with pytest.raises(ValueError, match=text):
        calibrate(frame, **{"classes": 2} | option)


def test_more_classes_than_the_panel_pins_down_are_refused():
    panel = read_panel(two_classes(12, 3))
    with pytest.raises(CalibrationError, match=r"4 classes: .*without a maximum.*fewer classes"):
        latent_classes(panel, 4, initial_purchases="use", starts=2)


# --------------------------------------------------------------------- command and figure


def test_the_command_prints_classes_and_writes_segments(frame, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame.to_csv("two.csv", index=False)
    how = ["--permutations", "0", "--draws", "8", "-o", "two.yaml"]
    assert command(["calibrate", "two.csv", "--classes", "2", *how]) == 0
    said = capsys.readouterr().out
    assert "two.csv: 2 classes of customers (BIC" in said
    assert "maximum found from" in said
    assert "With normal brand preferences in place of classes" in said
    assert max(map(len, said.splitlines())) <= 100
    assert set(cx.load("two.yaml").segments) == {"Class1", "Class2"}
    assert command(["calibrate", "two.csv", "--classes", "five", *how]) == 2
    assert "expected 1 to 4 or 'bic', found 'five'" in capsys.readouterr().err
    assert command(["calibrate", "two.csv", "--classes", "2", "--learning", "test", *how]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == "cxsim: --learning: expected 'no' together with classes, found 'test'"


def test_the_figure_states_to_whom_loyalty_is_worth_most(result):
    figure = cx.plot.latent_classes(result.classes.table)
    title = figure.get_suptitle().replace("\n", " ")
    assert title.startswith("Loyalty is worth most to Class1")
    assert "Class2: share" in cx.plot.alternative_text(figure)
    with pytest.raises(ValueError, match="expected a column 'class'"):
        cx.plot.latent_classes(result.table)
