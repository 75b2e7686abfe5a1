"""A run is a value: tidy frames that save, load and export."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from markets import lively, market

import cxsim as cx
from cxsim.runs.measures.measure_registry import summarized


@pytest.fixture(scope="module")
def result():
    return cx.run(
        lively(customers=600, events=[{"at": 2, "set": {"firms.Mass.interaction": 0.9}}]),
        seed=3,
        probes=["price_elasticity", "customers"],
        panel=40,
    )


def test_firms_have_one_row_per_period_and_firm_in_the_files_order(result):
    assert len(result.firms) == 6 * 3
    assert result.firms["firm"].head(3).tolist() == ["Mass", "Niche", "Tailor"]
    assert (
        result.firms.query("firm == 'Mass'")["quadrant"].tolist()
        == ["I mass"] * 2 + ["III targeted"] * 4
    )


def test_switching_adds_up_to_purchases(result):
    flows = result.brand_switching.groupby(["period", "destination"])["purchases"].sum()
    bought = result.firms.set_index(["period", "firm"])["purchases"]
    for place, value in bought.items():
        assert flows[place] == pytest.approx(value)


def test_tenure_bands_add_up_to_holders(result):
    held = result.tenure.groupby(["period", "firm"])[["customers", "stayed"]].sum()
    retention = held["stayed"] / held["customers"]
    expected = result.firms.set_index(["period", "firm"])["stayed"]
    np.testing.assert_allclose(retention[expected.index], expected)


def test_the_final_customers_explain_the_measures_of_the_last_period(result):
    last = result.firms[result.firms["period"] == 5].set_index("firm")
    people = result.customers[result.customers["supplier"] != "no_supplier"].groupby("supplier")
    scale = 100000 / 600
    np.testing.assert_allclose(people.size() * scale, last["customers"][people.size().index])
    cost = people["switching_cost"].mean()
    np.testing.assert_allclose(cost, last["switching_cost"][cost.index], rtol=1e-6)


def test_the_panel_holds_purchase_occasions_of_whole_households(result):
    panel = result.panel
    assert set(panel["choice"]) <= {"Mass", "Niche", "Tailor", "no_purchase"}
    assert panel["customer"].nunique() >= 40 - 5
    assert (panel[["price_Mass", "price_Niche", "price_Tailor"]] > 0).all().all()
    assert not panel.duplicated(["customer", "period"]).any()


def test_elasticities_are_negative(result):
    assert (result.firms["own_price_elasticity"] < 0).all()


def test_elasticities_agree_with_a_small_change_of_the_price():
    scenario = lively(customers=100_000, periods=1).override(
        {"firms.*.promotions": {"chance": 0.0}}
    )
    up = scenario.override({"firms.Tailor.price": 10.1})
    down = scenario.override({"firms.Tailor.price": 9.9})
    share = [
        np.log(cx.run(s).firms.set_index("firm").loc["Tailor", "purchases"]) for s in (down, up)
    ]
    measured = (share[1] - share[0]) / np.log(10.1 / 9.9)
    exact = cx.run(scenario, probes=["price_elasticity"]).firms.set_index("firm").loc["Tailor"]
    assert exact["own_price_elasticity"] == pytest.approx(measured, abs=0.15)


@pytest.mark.parametrize(
    ("how", "expected"),
    [("last", 4.0), ("sum", 7.0), ("mean", 7 / 3)],
)
def test_measures_are_summarized_as_they_declare(how, expected):
    values = np.array([[1.0], [2.0], [4.0]])
    assert summarized(values, how)[0] == pytest.approx(expected)


def test_means_leave_out_periods_without_a_value():
    assert summarized(np.array([[np.nan], [2.0]]), "mean")[0] == 2.0


def test_a_summary_has_a_value_per_measure_and_firm(result):
    summary = result.summary().set_index(["firm", "measure"])["value"]
    firms = result.firms
    assert summary["Tailor", "revenue"] == pytest.approx(
        firms.query("firm == 'Tailor'")["revenue"].sum()
    )
    assert summary["(market)", "concentration"] == pytest.approx(
        result.market["concentration"].mean()
    )


def test_a_run_saves_and_loads(result, tmp_path):
    folder = result.save(tmp_path / "run")
    again = cx.Run.load(folder)
    for name in ("firms", "market", "brand_switching", "tenure", "customers", "panel"):
        pd.testing.assert_frame_equal(getattr(result, name), getattr(again, name))
    assert again.scenario == result.scenario
    assert again.provenance == result.provenance
    assert again.summary().equals(result.summary())
    assert [path.name for path in tmp_path.iterdir()] == ["run"]  # no drafts left


def test_saving_again_replaces_a_run_but_nothing_else(result, tmp_path):
    result.save(tmp_path / "run")
    result.save(tmp_path / "run")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(FileExistsError, match="found other files"):
        result.save(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a saved run"):
        cx.Run.load(tmp_path)


def test_a_run_exports_csv_and_xlsx(result, tmp_path):
    names = {path.name for path in result.to_csv(tmp_path / "csv")}
    assert names == {
        "firms.csv",
        "market.csv",
        "brand_switching.csv",
        "tenure.csv",
        "customers.csv",
        "price_elasticities.csv",
        "purchase_frequency.csv",
        "panel.csv",
        "summary.csv",
    }
    again = pd.read_csv(tmp_path / "csv" / "firms.csv")
    np.testing.assert_allclose(again["revenue"], result.firms["revenue"])
    book = pd.read_excel(result.to_xlsx(tmp_path / "run.xlsx"), sheet_name=None)
    assert {"summary", "firms", "market", "brand_switching", "provenance"} <= set(book)


def test_provenance_names_versions_digests_and_seed(result):
    p = result.provenance
    assert p["seed"] == 3
    assert set(p["versions"]) >= {"cxsim", "python", "numpy", "mesa", "numba"}
    assert len(p["digest"]) == 16
    json.dumps(p)


def test_the_digest_names_parameters_and_rules():
    scenario = lively(customers=20, periods=1)
    plain = cx.run(scenario).provenance["digest"]
    assert plain == cx.run(scenario, seed=9).provenance["digest"]
    other = scenario.override({"firms.Mass.price": 11.0})
    assert plain != cx.run(other).provenance["digest"]
    rules = {"learning.decayed": lambda uncertainty, forgetting_rate: uncertainty}
    assert plain != cx.run(scenario, rules=rules).provenance["digest"]


def test_a_run_explains_itself_in_a_cell(result):
    assert "Tailor" in result._repr_html_()
    assert "seed 3" in repr(result)


def test_unknown_details_and_engines_are_refused():
    with pytest.raises(ValueError, match=r"probes: expected any of .* found 'everything'"):
        cx.run(lively(), probes=["everything"])
    with pytest.raises(ValueError, match="engine: expected one of columnar, plain, agents"):
        cx.run(lively(), engine="gpu")


def test_progress_is_told_after_every_period():
    told = []
    cx.run(lively(customers=20), progress=lambda done, all_: told.append((done, all_)))
    assert told == [(k, 6) for k in range(1, 7)]


def test_an_agents_run_gives_the_same_frames():
    scenario = lively(customers=50, periods=3)
    a, b = cx.run(scenario, seed=2), cx.run(scenario, seed=2, engine="agents")
    pd.testing.assert_frame_equal(a.firms, b.firms)


def test_a_run_loads_neither_pandas_nor_a_compiler_until_a_frame_is_asked_for():
    code = (
        "import sys, cxsim as cx; run = cx.run(overrides={'customers': 50, 'periods': 2}); "
        "loaded = {'pandas', 'numba.np.linalg'} & set(sys.modules); "
        "print(sorted(loaded), len(run.firms))"
    )
    for _ in range(2):  # the first may have to compile
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
    assert done.stdout == "[] 8\n", done.stderr


def test_frames_travel_with_a_run_whether_built_or_not():
    run = cx.run(market(customers=50, periods=2))
    again = pickle.loads(pickle.dumps(run))
    pd.testing.assert_frame_equal(again.firms, run.firms)
    assert list(again.frames) == list(run.frames)
    assert again.firms.attrs == run.firms.attrs
