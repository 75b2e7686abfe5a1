"""What an estimation may not be trusted for: each case is named, and none passes for a result."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from panels import choice_panel

import cxsim as cx
import cxsim.calibration
from cxsim.calibration import CalibrationError, Columns, calibrate, read_panel
from cxsim.calibration.calibrate import Findings, cautions, price_response_of, stated_panel
from cxsim.calibration.estimate import fit, with_stated_price
from cxsim.calibration.panel_reading import panel_and_estimation
from cxsim.calibration.price_endogeneity import PriceCheck
from cxsim.calibration.scenario_writing import mostly_spurious, supported_loyalty
from cxsim.cli.app import run as command
from cxsim.report.decision_tables import assumptions_table, market_from_panel

PRICES_ONLY = Columns(features=())

#: Nothing is wrong with these.
SOUND = Findings(
    price=0.5, price_error=0.05, elasticity=-2.5, loyalty=1.0, loyalty_error=0.1, percent=25.0,
    shuffled=0.05, shuffled_error=0.1, shuffles=5, rate=0.4, purchases=14.0,
    prices=PriceCheck("lagged price", f=40.0, t=1.0, periods=120),
)  # fmt: skip

ASKED = PriceCheck("cost", asked=True, corrected=True, f=40.0, t=9.0, periods=120)


def test_sound_numbers_give_no_warning():
    assert cautions(SOUND) == ()
    assert cautions(replace(SOUND, prices=ASKED)) == ()


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("price_not_positive", {"price": -0.1}),
        ("no_worth_in_money", {"money": "not usable"}),
        ("money_doubtful", {"money": "doubtful"}),
        ("price_uncertain", {"price": 0.14}),
        ("prices_answer_demand", {"prices": replace(SOUND.prices, t=4.1)}),
        ("prices_answer_demand", {"prices": replace(SOUND.prices, t=-4.1)}),
        ("weak_instrument", {"prices": replace(ASKED, f=9.0)}),
        ("inelastic", {"elasticity": -0.9}),
        ("loyalty_in_random_order", {"shuffled": 0.6}),
        ("random_order_failed", {"failed": 1}),
        ("loyalty_negative", {"loyalty": -0.3}),
        ("loyalty_above_price", {"percent": 101.0}),
        ("wrong_sign", {"wrong_signs": ("display",)}),
        ("rare_purchases", {"rate": 9e-4}),
    ],
)
def test_each_case_is_named_alone(code, changed):
    found = cautions(replace(SOUND, **changed))
    assert [each.code for each in found] == [code]
    assert found[0].serious
    assert found[0].sentence.startswith(f"Warning ({code}): ")


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("few_purchases", {"initial_purchases": "drop", "purchases": 11.9}),
        ("prices_not_tested", {"prices": replace(SOUND.prices, f=3.0, t=np.nan)}),
        ("prices_not_tested", {"prices": None}),
        ("correction_not_used", {"prices": PriceCheck("cost", True, why_not="fully explained")}),
    ],
)
def test_notes_are_no_warnings(code, changed):
    found = cautions(replace(SOUND, **changed))
    assert [(each.code, each.serious) for each in found] == [(code, False)]


def test_a_decision_from_a_panel_uses_the_control_and_shows_warnings(tmp_path, monkeypatch):
    path = tmp_path / "panel.csv"
    panel = choice_panel(300, 5, firms=2, seed=3).assign(money="doubtful")
    panel.to_csv(path, index=False)
    made = []

    def few_draws(panel, **options):
        made.append(calibrate(panel, **options, draws=16))
        return made[-1]

    monkeypatch.setattr(cxsim.calibration, "calibrate", few_draws)
    market, drawn, assumed = market_from_panel(str(path), draws=20)
    (result,) = made
    part = supported_loyalty(result.estimates, result._random_order)[0]
    assert result.control is not None
    cost = market.value("segments.All.switching_cost")
    assert cost == pytest.approx(max(part, 0.0), rel=1e-3, abs=1e-6)
    assert assumed.attrs["warnings"] == [each.sentence for each in result.warnings]
    assert len(drawn) == 20
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    assumptions_table(assumed, market)
    assert "Warning (money_doubtful): " in shown[-1].data


@pytest.mark.parametrize(
    ("loyalty", "shuffled", "error", "said"),
    [
        (1.0, 0.51, 0.1, True),
        (1.0, 0.49, 0.1, False),  # less than half of it
        (0.1, 0.08, 0.1, False),  # noise of its own size
        (1.0, 2.5, 0.5, True),  # more than there was
        (-0.1, 0.3, 0.1, False),  # nothing to explain
        (1.0, np.nan, np.nan, False),
    ],
)
def test_loyalty_is_mostly_spurious_where_a_random_order_keeps_more_than_half(
    loyalty, shuffled, error, said
):
    assert mostly_spurious(loyalty, shuffled, error) is said


# --------------------------------------------------------------------- the control is used


@pytest.fixture(scope="module")
def short():
    """Four purchases, the first of them taken as given: taste is taken for loyalty."""
    frame = choice_panel(1000, 4, seed=1)
    return calibrate(frame, columns=PRICES_ONLY, initial_purchases="drop", permutations=1, draws=32)


def test_loyalty_that_a_random_order_keeps_is_said_first(short):
    assert [each.code for each in short.warnings if each.serious] == ["loyalty_in_random_order"]
    assert short.headline().startswith("panel: a warning: a random order of purchases leaves 1.2")
    assert "the order of purchases supports 0." in short.headline()
    assert "<li>Warning (loyalty_in_random_order)" in short._repr_html_()


def test_the_scenario_has_the_part_of_loyalty_that_the_order_supports(short):
    a = short.estimates.values["price_sensitivity"]
    loyalty = short.estimates.values["loyalty"] - short.control.loyalty
    segment = short.scenario().segments["All"]
    assert segment.switching_cost == pytest.approx(loyalty / a, rel=1e-4)
    head = [line for line in short.scenario_text().splitlines() if line.startswith("#")]
    assert head[1].startswith("# Warning (loyalty_in_random_order): a random order")
    assert "which comes with the order" not in short.scenario().notes
    assert "difference only" in " ".join(short.scenario().notes.split())
    drawn = short.sample(2000)["segments.All.switching_cost"]
    assert drawn.mean() == pytest.approx(loyalty / a, abs=0.02)
    assert drawn.std() == pytest.approx(
        supported_loyalty(short.estimates, (short.control.loyalty, short.control.error))[1], rel=0.1
    )


def test_two_purchases_of_a_customer_give_warnings_and_exit_code_one(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    choice_panel(400, 2, seed=1).to_csv("two.csv", index=False)
    assert command(["calibrate", "two.csv", "--feature", "none", "--initial-purchases", "drop",
                    "--draws", "32", "--permutations", "1", "-o", "two.yaml"]) == 1  # fmt: skip
    said = capsys.readouterr().out
    assert said.startswith("Warning (price_uncertain): the price sensitivity")
    assert "Note (few_purchases)" in said
    assert max(map(len, said.splitlines())) <= 100
    assert "# Warning (price_uncertain)" in (tmp_path / "two.yaml").read_text("utf-8")


def test_two_purchases_of_a_customer_say_nothing_of_the_first_one():
    with pytest.raises(CalibrationError, match="expected customers with three or more purchases"):
        calibrate(choice_panel(50, 2, seed=1), columns=PRICES_ONLY)


# ------------------------------------------------------------------ impossible results


def test_no_amount_of_money_is_stated_where_higher_prices_raise_purchases(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    frame = choice_panel(80, 8, firms=2, price=-1.0, unseen=0, seed=1)
    result = calibrate(
        frame, columns=PRICES_ONLY, initial_purchases="use", permutations=0, draws=32
    )
    assert result.headline().startswith("panel: a warning: higher prices seem to raise purchases")
    assert "EUR" not in result.headline()
    assert result.table["worth"].isna().all()
    with pytest.raises(CalibrationError, match="expected a price sensitivity above 0"):
        result.scenario()
    frame.to_csv("up.csv", index=False)
    assert command(["calibrate", "up.csv", "--feature", "none", "--permutations", "0", "--draws",
                    "32"]) == 2  # fmt: skip
    assert capsys.readouterr().out.startswith("Warning (price_not_positive)")
    assert not (tmp_path / "results").exists()


def test_a_feature_of_price_cuts_that_keeps_customers_away_is_named():
    rng = np.random.default_rng(0)
    shape = (2000, 2)
    cut = rng.random(shape) < 0.3
    price = np.where(cut, 2.0, 4.0) + rng.normal(0.0, 0.3, shape)
    utility = -1.0 * price - 1.0 * cut + rng.gumbel(size=shape)
    frame = pd.DataFrame(
        {
            "customer": np.repeat(np.arange(200), 10),
            "choice": np.array(["Ann", "Bob"])[utility.argmax(axis=1)],
            **{f"price.{name}": price[:, k] for k, name in enumerate(("Ann", "Bob"))},
            **{f"display.{name}": cut[:, k] * 1.0 for k, name in enumerate(("Ann", "Bob"))},
        }
    )
    result = calibrate(frame, permutations=0, draws=32)
    assert "wrong_sign" in [each.code for each in result.warnings]


# -- A price response that is stated


def test_a_stated_price_sensitivity_leaves_all_choices_as_likely_as_they_were():
    """An intercept without prices is q - a p; with them it grows by a (p - p0)."""
    panel = read_panel(_same_prices())
    stated = stated_panel(panel, 0.05, 0.08, "wooldridge", "cost")
    one = fit(stated, tastes="none")
    other = with_stated_price(one, stated, 0.5, 0.05)
    assert (other.values["price_sensitivity"], other.error("price_sensitivity")) == (
        pytest.approx(0.5), pytest.approx(0.05)
    )  # fmt: skip
    assert other.values["loyalty"] == one.values["loyalty"]
    back = with_stated_price(other, stated, *stated.stated)
    assert np.allclose(back.values, one.values)
    assert np.allclose(back.covariance, one.covariance)


@pytest.mark.slow
def test_customers_lost_are_those_stated_and_named_so():
    result = calibrate(
        _same_prices(), price_response="5%: 8", permutations=0, tastes="none", draws=1
    )
    assert result.response.simulated == pytest.approx(0.08, abs=0.005)
    assert "as stated: a price 5 % higher loses 8 % of customers" in result.headline()
    assert "stated, se" in result.scenario_text()
    assert "price_response_stated" in [each.code for each in result.warnings]


def test_a_price_response_may_stand_beside_how_a_panel_is_read(tmp_path):
    path = tmp_path / "panel.csv"
    _same_prices(customers=40).to_csv(path, index=False)
    text = f"{path}; price_response: '5%: 8', ignore_prices: yes, period_length: month"
    panel, how = panel_and_estimation(text)
    assert panel.period_length == "month"
    assert how == {"price_response": "5%: 8", "ignore_prices": True}
    with pytest.raises(CalibrationError, match="did you mean 'price_response'"):
        panel_and_estimation(f"{path}; price_respons: '5%: 8'")


@pytest.mark.slow
def test_a_decision_from_a_panel_takes_a_stated_price_response_and_ranges_over_it(
    tmp_path, monkeypatch
):
    path = tmp_path / "panel.csv"
    _same_prices(customers=80).to_csv(path, index=False)
    quick = partial(calibrate, permutations=0, tastes="none", draws=1)
    monkeypatch.setattr(cxsim.calibration, "calibrate", quick)
    module = sys.modules["cxsim.calibration.calibrate"]
    monkeypatch.setattr(module, "_RESPONSE_CUSTOMERS", 100)
    monkeypatch.setattr(module, "_RESPONSE_SEEDS", 2)
    market, drawn, assumed = market_from_panel(
        f"{path}; price_response: '5%: 8', period_length: month", draws=50
    )
    stated = market.value("segments.All.price_sensitivity")
    ranged = drawn["segments.All.price_sensitivity"]
    assert ranged.mean() == pytest.approx(stated, rel=0.15)
    assert ranged.std() > 0.05 * stated
    assert any("price_response_stated" in each for each in assumed.attrs["warnings"])


def test_a_stated_price_response_is_refused_where_prices_show_one():
    deals = {"firms.*.promotions": {"chance": 0.3, "depth": 0.2}}
    panel = _same_prices(**deals)
    with pytest.raises(CalibrationError, match="expected prices that show no price response"):
        calibrate(panel, price_response="5%: 8", permutations=0)


@pytest.mark.parametrize("given", ["5: 8", "5%", "0%: 8", "5%: 100", "x%: 8"])
def test_what_is_no_price_response_is_refused(given):
    with pytest.raises(ValueError, match="expected such as '5%: 8'"):
        price_response_of(given)


def _same_prices(**more):
    market = {"customers": 200, "periods": 18, "segments.*.fit_weight": 0} | more
    return cx.run("baseline", seed=1, overrides=market, panel=200).panel
