"""Panels simulated from estimates beside the one observed: what a model reproduces and misses."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.calibration import Calibration, Panel, calibrate
from cxsim.calibration.estimate import Estimates
from cxsim.calibration.firm_knowledge import FREE, History
from cxsim.calibration.predictive_check import Knowledge, repeat_statistics, simulated_choices

FIRMS = ("Ann", "Bob", "Cem")


def panel_of(choices: np.ndarray, *, seed: int = 0, gaps: bool = False, **changes) -> Panel:
    """Return a panel of customers (rows) whose purchases stand in the columns."""
    customers, purchases = choices.shape
    rng = np.random.default_rng(seed)
    steps = rng.geometric(0.5, choices.shape) if gaps else np.ones(choices.shape, dtype=int)
    panel = Panel(
        source="made here", firms=FIRMS, no_purchase=False, choice=choices.ravel(),
        price=rng.uniform(1.0, 3.0, (3, choices.size)), features={},
        starts=np.arange(customers) * purchases, period=steps.cumsum(axis=1).ravel(),
    )  # fmt: skip
    return replace(panel, **changes)


def truth(**values: float) -> Estimates:
    """Return estimates without errors, intercepts and tastes zero unless given."""
    names = {"price_sensitivity": 1.0, "loyalty": 0.0, "intercept.Bob": 0.0, "intercept.Cem": 0.0}
    names |= dict.fromkeys((f"taste_sd.{firm}" for firm in FIRMS), 0.0) | values
    zero = pd.DataFrame(0.0, index=list(names), columns=list(names))
    return Estimates(pd.Series(names), zero, zero, 0.0, -1.0, 1, 1, 1, 1.0)


def empty(customers: int, purchases: int, **changes) -> Panel:
    """Return a panel whose choices are to be drawn: Ann, Bob and Cem in turn."""
    return panel_of(np.arange(customers * purchases).reshape(customers, -1) % 3, **changes)


# ----------------------------------------------------------------------- choices as the model says


def test_customers_stay_as_often_as_the_logit_says():
    panel = empty(400, 11, price=np.ones((3, 4400)))
    choices = simulated_choices(panel, truth(loyalty=1.2), initial_purchases="use", seeds=5)
    stays = repeat_statistics(panel, choices)
    at = stays.names.index(("returns after a move", "to the firm just left"))
    again = choices.reshape(5, 400, 11)
    rate = (again[:, :, 1:] == again[:, :, :-1]).mean()
    assert rate == pytest.approx(np.exp(1.2) / (np.exp(1.2) + 2), abs=4 * (0.25 / 20_000) ** 0.5)
    expected = 1 / (np.exp(1.2) + 2)  # the firm just left is a rival like the other
    assert stays.shares[:, at].mean() == pytest.approx(expected, abs=0.02)


def test_purchases_that_the_model_takes_as_given_are_kept():
    panel = empty(50, 4)
    choices = simulated_choices(panel, truth(), initial_purchases="drop", seeds=3)
    np.testing.assert_array_equal(choices[:, panel.starts], [panel.choice[panel.starts]] * 3)
    assert (choices != panel.choice).any()


def test_knowledge_follows_purchases_as_in_the_likelihood():
    rng = np.random.default_rng(3)
    panel = panel_of(rng.integers(0, 4, (6, 9)), gaps=True, no_purchase=True)
    for changes, recognition in (
        ({}, 1.0),
        ({}, 0.4),
        ({"recognized": np.where(panel.choice < 3, 1.0, 0.0)}, 1.0),
    ):
        panel = replace(panel, **changes)
        speeds = np.log(0.5), np.log(0.2 / 0.8)
        expected = History.of(panel, recognition=recognition).knowledge(*speeds)[0]
        free = dict(zip(FREE, ([x, x] for x in speeds), strict=True))
        drawn = pd.DataFrame({"learning": [1.0, 2.0], **free})
        known = Knowledge(drawn, panel, recognition=recognition)
        for place in range(9):
            who, rows = np.arange(6), panel.starts + place
            for worth, each in zip((1.0, 2.0), known.worth(who), strict=True):
                np.testing.assert_allclose(each.T, worth * expected[:, rows], atol=1e-12)
            known.learn(who, rows, np.tile(panel.choice[rows], (2, 1)))


def test_offers_that_are_not_available_are_never_chosen():
    price = np.ones((3, 600))
    price[1, ::2] = np.nan
    panel = empty(100, 6, price=price)
    choices = simulated_choices(panel, truth(), initial_purchases="use", seeds=4)
    assert not (choices[:, ::2] == 1).any()
    assert (choices[:, 1::2] == 1).mean() == pytest.approx(1 / 3, abs=0.06)


def test_first_purchases_have_the_equation_of_their_own_and_waiting_is_kept():
    choice = np.tile([3, 0, 1, 3], (300, 1))
    panel = panel_of(choice, no_purchase=True, price=np.ones((3, 1200)))
    own = {"first_purchase.intercept.Ann": 0.0, "first_purchase.intercept.Cem": 0.0}
    own |= {"first_purchase.intercept.Bob": np.log(2), "intercept.Ann": 0.0}
    model = truth(price_sensitivity=0.0, **own, first_purchase_taste=0.0)
    choices = simulated_choices(panel, model, initial_purchases="equation", seeds=10)
    bought = choices.reshape(10, 300, 4)
    assert (bought[:, :, 0] == 3).all()
    shares = [(bought[:, :, 1] == k).mean() for k in range(4)]
    assert shares == pytest.approx([1 / 4, 1 / 2, 1 / 4, 0], abs=0.03)  # never nothing


def test_correlated_tastes_and_random_sensitivities_and_loyalties_are_drawn():
    panel = empty(2000, 3, price=np.ones((3, 6000)))
    named = {"price_sensitivity": 0.0, "loyalty": 0.0, "intercept.Bob": 0.0, "intercept.Cem": 0.0}
    named |= {"taste.Bob.1": 4.0, "taste.Cem.1": 4.0, "taste.Cem.2": 0.0}
    differ = {"loyalty_sd": 0.0, "price_sensitivity_spread": 0.0}
    zero = pd.DataFrame(0.0, index=list(named | differ), columns=list(named | differ))

    def drawn(**values: float) -> np.ndarray:
        model = Estimates(pd.Series(named | differ | values), zero, zero, 0.0, -1.0, 1, 1, 1, 1.0)
        return simulated_choices(panel, model, initial_purchases="use", seeds=2, seed=1)

    again = drawn().reshape(2, 2000, 3)
    # Bob and Cem are liked together: a customer of Bob rarely takes Ann, and Cem as often as Bob.
    after_bob = [(again[:, :, 1][again[:, :, 0] == 1] == k).mean() for k in range(3)]
    assert after_bob[1] == pytest.approx(after_bob[2], abs=0.06)
    assert after_bob[0] < 0.15
    alike = {name: 0.0 for name in named if name.startswith("taste.")}
    stays = {}
    for name in (None, *differ):
        bought = drawn(**alike, **({name: 3.0} if name else {})).reshape(2, 2000, 3)
        stays[name] = (bought[:, :, 1] == bought[:, :, 2]).mean()
    assert stays[None] == pytest.approx(1 / 3, abs=0.03)
    assert stays["loyalty_sd"] > 0.4  # half of customers return
    assert stays["price_sensitivity_spread"] == pytest.approx(1 / 3, abs=0.03)  # nothing to scale


def test_a_model_without_loyalty_is_estimated_with_the_same_differences(monkeypatch):
    names = ["price_sensitivity", "loyalty", "loyalty_sd", "price_sensitivity_spread"]
    names += ["taste.Bob.1", "taste.Cem.1", "taste.Cem.2"]
    zero = pd.DataFrame(0.0, index=names, columns=names)
    estimates = Estimates(pd.Series(1.0, names), zero, zero, 0.0, -1.0, 1, 1, 64, 1.0)
    result = Calibration(empty(5, 4), estimates, estimates, None, None, "equation", "bonus", seed=7)
    asked = {}

    def noted(panel, **options):
        asked.update(options)
        without = estimates.values.index.drop("loyalty")
        part = zero.loc[without, without]
        return replace(estimates, values=estimates.values[without], covariance=part, robust=part)

    monkeypatch.setattr(sys.modules[Calibration.__module__], "fit", noted)
    assert result.without_loyalty().estimates.values["loyalty"] == 0.0
    assert asked == {
        "initial_purchases": "equation", "form": "bonus", "loyalty": False, "draws": 64, "seed": 7,
        "tastes": "correlated", "random_price": True, "random_loyalty": False,
    }  # fmt: skip


def test_parameters_that_would_be_left_out_are_refused():
    with pytest.raises(ValueError, match=r"expected parameters that choices are drawn .* mood"):
        simulated_choices(empty(5, 4), truth(mood=1.0))
    with pytest.raises(ValueError, match=r"found no first_purchase$"):
        simulated_choices(empty(5, 4), truth(), initial_purchases="wooldridge")


# ------------------------------------------------------------------------------ statistics by hand


def test_statistics_are_those_counted_by_hand():
    panel = panel_of(np.array([[0, 0, 1, 0, 0], [2, 1, 2, 2, 2]]), period=None)
    found = repeat_statistics(panel, panel.choice[None])
    by_name = dict(zip(found.names, zip(found.cases[0], found.shares[0], strict=True), strict=True))
    # After one in a row (5 of 8 purchases): Ann stays twice, Bob never, Cem once.
    assert by_name["stays after so many in a row", "1"] == (6, pytest.approx(3 / 6))
    assert by_name["stays after so many in a row", "2"] == (2, pytest.approx(1 / 2))
    # Moves that a purchase follows: Ann-Bob, Bob-Ann; Cem-Bob, Bob-Cem. Two return at once.
    assert by_name["returns after a move", "to the firm just left"] == (4, pytest.approx(2 / 4))
    assert by_name["repeats at purchase", "2"] == (2, pytest.approx(1 / 2))
    assert by_name["switching", "Ann to Bob"] == (3, pytest.approx(1 / 3))
    assert any("only the order of purchases is known" in text for text in found.left_out)


def test_gaps_count_from_the_last_purchase():
    panel = panel_of(
        np.array([[0, 3, 0, 0]]), no_purchase=True, period=np.array([1, 2, 4, 5]),
    )  # fmt: skip
    found = repeat_statistics(panel, panel.choice[None])
    cases = dict(zip(found.names, found.cases[0], strict=True))
    assert cases["stays after a gap of periods", "2 or 3"] == 1
    assert cases["stays after a gap of periods", "1"] == 1
    waited = dict(zip(found.names, found.shares[0], strict=True))
    assert waited["occasions between purchases", "2 or 3"] == pytest.approx(1 / 2)


# ---------------------------------------------------------------------------- what a model misses


def check_of(values: dict[str, float], *, customers: int, draws: int):
    """Return the check of a panel drawn from a truth and estimated with a constant loyalty."""
    panel = empty(customers, 10, gaps=True)
    model = truth(**values, **{f"taste_sd.{firm}": 0.7 for firm in FIRMS})
    choices = simulated_choices(panel, model, initial_purchases="use", seeds=2, seed=5)
    panel = replace(panel, choice=choices[0])
    result = calibrate(panel, initial_purchases="use", permutations=0, draws=draws)
    return result.predictive_check(seeds=20)


@pytest.fixture(scope="module")
def learned():
    """Return the check of a panel with little loyalty and much learning.

    What customers return for is what a firm knows of them.
    """
    values = {
        "loyalty": 0.3,
        "learning": 4.0,
        "log_learning_rate": -0.7,
        "logit_forgetting_rate": -4.0,
    }
    return check_of(values, customers=250, draws=16)


def far(check, model: str, group: str) -> float:
    """Return the first z of a group."""
    table = check.table.set_index("model").loc[model].set_index("group")
    return float(table.loc[[group], "z"].iloc[0])


def test_a_constant_loyalty_misses_that_customers_return_to_a_firm_that_knows_them(learned):
    assert far(learned, "constant loyalty", "returns after a move") > 2.5


@pytest.mark.slow
def test_learning_reproduces_the_returns_that_a_constant_loyalty_misses():
    panel = empty(1200, 12, gaps=True)
    values = {"loyalty": 0.3, "learning": 4.0} | dict(
        zip(FREE, (np.log(0.5), np.log(0.02 / 0.98)), strict=True)
    )
    model = truth(**values, **{f"taste_sd.{firm}": 0.7 for firm in FIRMS})
    choices = simulated_choices(panel, model, initial_purchases="use", seeds=1, seed=5)
    result = calibrate(
        replace(panel, choice=choices[0]), initial_purchases="use", learning="test",
        start="first purchase", permutations=0, draws=64,
    )  # fmt: skip
    assert result.learning.verdict == "estimated"
    check = result.predictive_check(seeds=40)
    assert far(check, "constant loyalty", "returns after a move") > 3.0
    assert abs(far(check, "learning", "returns after a move")) < 2.5
    summary = check.summary().set_index("model")
    assert summary.loc["learning", "far"] < summary.loc["constant loyalty", "far"]


@pytest.mark.slow
def test_the_model_that_made_a_panel_reproduces_it():
    check = check_of({"loyalty": 1.0}, customers=500, draws=64)
    summary = check.summary().set_index("model")
    assert summary.loc["constant loyalty", "far"] <= 2
    assert summary.loc["no loyalty", "far"] > 5
    assert abs(far(check, "constant loyalty", "returns after a move")) < 2.5


def test_the_check_says_what_it_found_in_a_sentence_a_table_and_a_figure(learned):
    check = learned
    assert "constant loyalty reproduces" in check.headline()
    assert "constant loyalty: z" in check._repr_html_()
    figure = cx.plot.predictive_intervals(check.table)
    assert "constant loyalty misses most" in figure.get_suptitle().replace("\n", " ")
    assert "returns to the firm just left: observed" in cx.plot.alternative_text(figure)
    with pytest.raises(ValueError, match="found none"):
        cx.plot.predictive_intervals(check.table[check.table["group"] == "share"])
