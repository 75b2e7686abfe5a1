"""Panels simulated from estimates beside the one observed: what a model reproduces and misses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.calibration import Panel, calibrate
from cxsim.calibration.estimate import Estimates
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


def test_knowledge_grows_with_purchases_and_fades_over_gaps():
    panel = panel_of(np.zeros((1, 3), dtype=int), period=np.array([1, 2, 6]))
    rho, f = 0.5, 0.2
    drawn = pd.DataFrame(
        {
            "learning": [2.0],
            "log_learning_rate": np.log(rho),
            "logit_forgetting_rate": np.log(f / (1 - f)),
        }
    )
    known, who = Knowledge(drawn, panel), np.array([0])
    known.learn(who, np.array([[0]]))
    assert known.worth(who)[0, 0] == pytest.approx([2 * rho / (1 + rho), 0, 0])
    known.pass_time(who, np.array([1]), 1)  # a period later: Ann learned in it
    known.learn(who, np.array([[0]]))
    assert known.known[0, 0, 0] == pytest.approx(2 * rho / (1 + 2 * rho))
    known.learn(who, np.array([[1]]))
    known.pass_time(who, np.array([2]), 2)  # four periods later: Bob has forgotten in three
    ann, bob = 2 * rho / (1 + 2 * rho) * (1 - f) ** 4, rho / (1 + rho) * (1 - f) ** 3
    assert known.known[0, 0] == pytest.approx([ann, bob, 0.0])


def test_parameters_that_would_be_left_out_are_refused():
    with pytest.raises(ValueError, match=r"expected parameters that choices are drawn .* mood"):
        simulated_choices(empty(5, 4), truth(mood=1.0))


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
