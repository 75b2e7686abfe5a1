"""Sweeps: what is kept, what is not run again, and what becomes of runs that go wrong."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import study_functions as functions
from places import SUPPORT

import cxsim as cx
from cxsim.study.store import Store
from cxsim.study.store_folder import StoreError
from cxsim.study.sweep import status_line
from cxsim.study.workers import Report

HERE = f"import sys; sys.path.insert(0, {str(SUPPORT)!r})\n"
SMALL = {"customers": 60, "periods": 4}
MARKET = {
    "scenario": "baseline",
    "overrides": SMALL,
    "factors": {"firms.Tailor.price": [18, 20, 22]},
    "seeds": 3,
    "outputs": ["market_share", "profit.Tailor", "market.profit", "concentration",
                {"measure": "market_share", "firms": ["Mass"], "by": "period"}],
}  # fmt: skip


def study(model, points=6, seeds=3, **more):
    factors = {"a": list(range(points)), "b": [0.5]}
    given = {"factors": factors, "design": "grid", "seeds": seeds, **more}
    return cx.Study.from_dict(given, model=model)


#: What may differ between two runs of the same thing.
PASSING = ["seconds", "worker", "finished"]


def rows(folder):
    frame = pd.read_parquet(Path(folder) / "runs")
    return frame.drop(columns=PASSING).sort_values("run", ignore_index=True)


def start(folder, code):
    return subprocess.Popen(
        [sys.executable, "-c", HERE + code, str(folder)], stdout=subprocess.PIPE, text=True
    )


# ----------------------------------------------------------------------- what is kept


def test_what_a_sweep_keeps_is_what_single_runs_give(tmp_path):
    result = cx.sweep(MARKET, store=tmp_path / "s", executor="inline")
    assert len(result.frame) == 9
    row = result.frame.query("point == 1 and seed == 2").iloc[0]
    run = cx.run("baseline", seed=2, overrides={**SMALL, "firms.Tailor.price": 20})
    summary = run.summary().set_index(["measure", "firm"])["value"]
    assert row["firms.Tailor.price"] == 20
    assert row["market_share.Mass"] == summary["market_share", "Mass"]
    assert row["profit.Tailor"] == summary["profit", "Tailor"]
    assert row["market.profit"] == summary["profit", "(market)"]
    assert row["market.concentration"] == summary["concentration", "(market)"]
    mass = run.firms.query("firm == 'Mass'")["market_share"].to_numpy()
    np.testing.assert_array_equal(row["market_share.Mass@period"], mass)


def test_what_observers_measure_is_kept_and_changes_no_run(tmp_path):
    watched = {
        **MARKET,
        "outputs": ["market_share", "own_price_elasticity", "retention_long_tenured.Tailor"],
    }
    result = cx.sweep(watched, store=tmp_path / "w", executor="inline")
    plain = cx.sweep(MARKET, store=tmp_path / "p", executor="inline")
    pd.testing.assert_series_equal(
        result.frame["market_share.Tailor"], plain.frame["market_share.Tailor"]
    )
    run = result.runs.iloc[0]
    again = cx.replay(run["run"], store=tmp_path / "w", probes=["price_elasticity"])
    own = again.price_elasticities.query("firm == 'Tailor' and price_of == 'Tailor'")["elasticity"]
    assert run["own_price_elasticity.Tailor"] == pytest.approx(own.mean())


@pytest.mark.parametrize("policy", ["adaptive", "best_response"])
def test_firms_that_decide_decide_the_same_in_a_sweep(policy, tmp_path):
    rule = {"firms.Mass.policy": {"pricing": policy}}
    result = cx.sweep(
        {**MARKET, "strategies": {"stay": {}, "decide": rule}}, store=tmp_path, executor="inline"
    )
    row = result.runs.query("strategy == 'decide' and point == 1 and seed == 2").iloc[0]
    run = cx.run("baseline", seed=2, overrides={**SMALL, **rule, "firms.Tailor.price": 20})
    summary = run.summary().set_index(["measure", "firm"])["value"]
    assert row["market_share.Mass"] == summary["market_share", "Mass"]
    cx.replay(row["run"], store=tmp_path)


def test_tidy_results_have_a_row_for_each_number(tmp_path):
    tidy = cx.sweep(MARKET, store=tmp_path / "s", executor="inline").tidy()
    assert {"point", "strategy", "seed", "measure", "firm", "value", "period"} == set(tidy)
    assert len(tidy) == 9 * (4 + 1 + 1 + 1 + 4)
    assert set(tidy["firm"]) == {"Mass", "Niche", "Targeted", "Tailor", "(market)"}


def test_strategies_are_paired_by_seed(tmp_path):
    plan = {**MARKET, "strategies": {"stay": {}, "again": {}, "cut": {"firms.Mass.price": 12}}}
    result = cx.sweep(plan, store=tmp_path / "s", executor="inline")
    frame = result.contrasts("stay")
    same = frame[frame["strategy"] == "again"]
    assert (same["difference"] == 0).all()
    cut = frame.query("strategy == 'cut' and output == 'market_share.Mass'")
    assert (cut["difference"] > 0).all()


@pytest.mark.parametrize("executor", ["inline", "threads", "processes"])
def test_every_executor_gives_the_same_store(executor, tmp_path):
    plan = study(functions.plane)
    cx.sweep(plan, store=tmp_path / "one", executor="inline")
    cx.sweep(plan, store=tmp_path / "two", executor=executor, jobs=2)
    pd.testing.assert_frame_equal(rows(tmp_path / "one"), rows(tmp_path / "two"))


def test_any_executor_of_the_standard_interface_will_do(tmp_path):
    with ThreadPoolExecutor(2) as threads:
        assert (
            len(cx.sweep(study(functions.plane), store=tmp_path / "t", executor=threads).frame)
            == 18
        )
    with ProcessPoolExecutor(2) as processes:
        result = cx.sweep(study(functions.plane), store=tmp_path / "p", executor=processes)
        assert len(result.frame) == 18


#: What a notebook does: functions that exist in ``__main__`` alone, and workers that start anew.
CELL = """
import sys
import cxsim as cx

OFFSET = 10


def model(point, seed):
    return point["a"] + OFFSET


def precision(learning_rate: float, interaction: float, disclosure: float) -> float:
    return 0.0 * learning_rate


plan = cx.Study.from_dict({"factors": {"a": [0, 1, 2]}, "seeds": 2}, model=model)
cx.sweep(plan, store=sys.argv[1] + "/models", jobs=2)
market = {
    "scenario": "baseline",
    "overrides": {"customers": 60, "periods": 4},
    "factors": {"firms.Tailor.price": [18, 20, 22]},
    "seeds": 2,
    "outputs": ["customer_knowledge"],
}
rules = {"learning.precision": precision}
cx.sweep(market, store=sys.argv[1] + "/rules", jobs=2, rules=rules)
"""


def test_a_rule_and_a_model_defined_in_a_cell_reach_the_workers(tmp_path):
    process = start(tmp_path, CELL)
    assert (process.communicate(timeout=300), process.returncode)[1] == 0
    found = rows(tmp_path / "models")
    assert sorted(found["y"]) == [10, 10, 11, 11, 12, 12]
    ruled, plain = (
        rows(tmp_path / "rules"),
        cx.sweep(
            {**MARKET, "seeds": 2, "outputs": ["customer_knowledge"]},
            store=tmp_path / "p",
            executor="inline",
        ).frame,
    )
    assert (ruled["status"] == "ok").all()
    assert (ruled["customer_knowledge.Tailor"] == 0).all()  # nobody learns by this rule
    assert (plain["customer_knowledge.Tailor"] > 0).all()
    for folder in ("models", "rules"):
        workers = pd.read_parquet(tmp_path / folder / "runs")["worker"].str.rsplit(":", n=1).str[1]
        assert str(process.pid) not in set(workers)


def test_the_store_reads_with_pandas_and_duckdb(tmp_path):
    cx.sweep(MARKET, store=tmp_path / "s", executor="inline")
    plain = pd.read_parquet(tmp_path / "s" / "runs")
    answer = duckdb.sql(
        f'select "firms.Tailor.price" as price, avg("market_share.Tailor") as share '
        f"from read_parquet('{tmp_path}/s/runs/*.parquet', union_by_name=true) "
        f"group by 1 order by 1"
    ).df()
    expected = plain.groupby("firms.Tailor.price")["market_share.Tailor"].mean()
    assert answer["share"].to_numpy() == pytest.approx(expected.to_numpy())


# -------------------------------------------------------------- what is not run again


def test_what_is_stored_is_not_run_again(tmp_path):
    first = cx.sweep(MARKET, store=tmp_path / "s", executor="inline")
    second = cx.sweep(MARKET, store=tmp_path / "s", executor="inline")
    assert (first.report.done, second.report.done, second.report.stored) == (9, 0, 9)
    pd.testing.assert_frame_equal(first.frame, second.frame)


def test_more_seeds_and_more_points_run_only_what_is_missing(tmp_path):
    cx.sweep(MARKET, store=tmp_path / "s", executor="inline")
    more = {**MARKET, "seeds": 4, "factors": {"firms.Tailor.price": [18, 20, 22, 24]}}
    report = cx.sweep(more, store=tmp_path / "s", executor="inline").report
    assert (report.stored, report.done) == (9, 16 - 9)


@pytest.mark.parametrize(
    "change",
    [
        {"overrides": {**SMALL, "periods": 5}},
        {"overrides": {**SMALL, "discount_rate": 0.02}},
        {"outputs": ["market_share"]},
        {"seeds": {"first": 3, "count": 3}},
    ],
    ids=["horizon", "a parameter", "outputs", "seeds"],
)
def test_what_would_give_other_results_is_run(change, tmp_path):
    cx.sweep(MARKET, store=tmp_path / "s", executor="inline")
    report = cx.sweep({**MARKET, **change}, store=tmp_path / "s", executor="inline").report
    assert (report.stored, report.done) == (0, 9)


def test_a_changed_rule_or_model_is_run_anew(tmp_path):
    cx.sweep(study(functions.plane), store=tmp_path / "s", executor="inline")
    report = cx.sweep(study(functions.slow), store=tmp_path / "s", executor="inline").report
    assert (report.stored, report.done) == (0, 18)


def test_two_studies_share_the_runs_that_they_have_in_common(tmp_path):
    cx.sweep(MARKET, store=tmp_path / "s", executor="inline")
    other = {**MARKET, "factors": {"price": {"path": "firms.Tailor.price", "values": [20, 30]}}}
    report = cx.sweep(other, store=tmp_path / "s", executor="inline").report
    assert (report.stored, report.done) == (3, 3)


def test_shards_are_the_whole_together_and_nothing_twice(tmp_path):
    plan = study(functions.plane, points=7)
    for part in (1, 2, 3):
        cx.sweep(plan, store=tmp_path / "s", executor="inline", shard=(part, 3))
    assert len(rows(tmp_path / "s")) == 21
    cx.sweep(plan, store=tmp_path / "whole", executor="inline")
    pd.testing.assert_frame_equal(rows(tmp_path / "s"), rows(tmp_path / "whole"))


# ------------------------------------------------------------------- what goes wrong


def test_a_failing_run_is_a_row_and_the_others_finish(tmp_path):
    result = cx.sweep(study(functions.sometimes_fails), store=tmp_path / "s", executor="inline")
    assert len(result.frame) == 15
    failed = result.failed
    assert failed["status"].tolist() == ["failed"] * 3
    assert set(failed["message"]) == {"ZeroDivisionError: a is three"}
    assert "sometimes_fails" in failed["traceback"].iloc[0]


def test_failed_runs_are_done_again_only_if_asked(tmp_path):
    plan = study(functions.sometimes_fails)
    cx.sweep(plan, store=tmp_path / "s", executor="inline")
    assert cx.sweep(plan, store=tmp_path / "s", executor="inline").report.done == 0
    again = cx.sweep(plan, store=tmp_path / "s", executor="inline", retry_failed=True)
    assert again.report.done == 3
    assert len(again.runs) == 18


def test_points_that_are_no_scenario_fail_one_by_one(tmp_path):
    plan = {**MARKET, "factors": {"segments.Comfort.share": [0.4, 0.5]}}
    result = cx.sweep(plan, store=tmp_path / "s", executor="inline")
    assert result.frame["segments.Comfort.share"].tolist() == [0.5] * 3
    assert "expected shares that sum to 1" in result.failed["message"].iloc[0]


def test_what_is_said_of_a_study_is_said_of_its_first_point_that_is_a_scenario(tmp_path):
    factors = {"segments.Comfort.share": [0.4, 0.5], "customers": [90, 80]}
    plan = cx.Study.from_dict({**MARKET, "factors": factors, "design": "grid"})
    assert int(plan.example().customers) == 90
    none = cx.Study.from_dict({**MARKET, "factors": {"segments.Comfort.share": [0.3, 0.4]}})
    assert none.example().digest == none.base.digest


def test_a_run_that_kills_its_process_is_found_and_the_others_finish(tmp_path):
    result = cx.sweep(study(functions.kills_its_process), store=tmp_path / "s", jobs=2)
    assert len(result.frame) == 17
    (row,) = result.failed.to_dict("records")
    assert (row["status"], row["a"], row["seed"]) == ("killed", 3, 1)


@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_a_run_past_its_time_is_stopped_where_it_is(executor, tmp_path):
    plan = study(functions.sleeps, seeds=1)
    result = cx.sweep(plan, store=tmp_path / "s", executor=executor, jobs=2, timeout=0.5)
    assert len(result.frame) == 5
    (row,) = result.failed.to_dict("records")
    assert (row["status"], row["a"]) == ("timeout", 3)
    assert "sleep" in row["traceback"]


@pytest.mark.slow
def test_a_run_that_nothing_stops_loses_its_process(tmp_path):
    plan = study(functions.hangs, seeds=1)
    result = cx.sweep(plan, store=tmp_path / "s", jobs=2, timeout=0.5)
    assert len(result.frame) == 5
    assert result.failed["status"].tolist() == ["timeout"]


def test_a_long_simulation_is_stopped_between_periods_in_a_thread(tmp_path):
    plan = {**MARKET, "overrides": {"customers": 60, "periods": 100_000}, "seeds": 1,
            "factors": {"firms.Tailor.price": [18]}}  # fmt: skip
    result = cx.sweep(plan, store=tmp_path / "s", executor="threads", jobs=1, timeout=0.3)
    assert result.failed["status"].tolist() == ["timeout"]


def test_a_run_is_replayed_exactly(tmp_path):
    result = cx.sweep(MARKET, store=tmp_path / "s", executor="inline")
    row = result.runs.iloc[4]
    again = cx.replay(row["run"][:8], store=tmp_path / "s")
    value = again.summary().set_index(["measure", "firm"])["value"]
    assert value["market_share", "Mass"] == row["market_share.Mass"]
    assert again.seed == row["seed"]


def test_a_run_of_other_code_is_not_replayed_as_if_it_were_the_same(tmp_path):
    rule = {"learning.decayed": lambda uncertainty, forgetting_rate: uncertainty}
    result = cx.sweep(MARKET, store=tmp_path / "s", executor="inline", rules=rule)
    with pytest.raises(StoreError, match="expected the code that it was run with"):
        cx.replay(result.runs["run"].iloc[0], store=tmp_path / "s")
    cx.replay(result.runs["run"].iloc[0], store=tmp_path / "s", rules=rule)


def test_a_full_disk_is_said_and_nothing_half_written_stays(tmp_path):
    code = f"""
import resource, sys
import cxsim as cx
import study_functions as functions
from places import SUPPORT
plan = cx.Study.from_dict(
    {{"factors": {{"a": list(range(3000)), "b": [0.5]}}, "seeds": 1}}, model=functions.plane)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    cx.sweep(plan, store={str(tmp_path / "s")!r}, executor="inline")
except cx.study.store.StoreError as error:
    print(error)
"""
    code = code.replace("import cxsim as cx\n", "import cxsim as cx, cxsim.study.store\n")
    done = subprocess.run(
        [sys.executable, "-c", HERE + code], capture_output=True, text=True, check=False
    )
    assert "a file could not be written (file too large)" in done.stdout, done.stderr
    assert not list((tmp_path / "s" / "drafts").iterdir())
    Store(tmp_path / "s").frame()  # all that is there can be read
    plan = study(functions.plane, points=3000, seeds=1)
    result = cx.sweep(plan, store=tmp_path / "s", executor="inline")
    assert len(result.frame) == 3000


def test_a_folder_with_other_things_in_it_is_no_store(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="found other files"):
        Store(tmp_path)


# ----------------------------------------------------------------------------- stopping


def test_seeds_are_added_until_the_interval_is_narrow_enough(tmp_path):
    plan = {
        **MARKET, "seeds": 2, "factors": {"firms.Tailor.price": [20]},
        "stopping": {"output": "market_share.Tailor", "half_width": 0.03, "step": 4, "budget": 200},
    }  # fmt: skip
    result = cx.sweep(plan, store=tmp_path / "s", executor="inline")
    rounds = result.report.rounds
    assert rounds[-1]["too_wide"] == 0
    assert rounds[-2]["too_wide"] == 1
    assert len(result.frame) == rounds[-1]["seeds"] < 200
    (row,) = result.means().query("output == 'market_share.Tailor'").to_dict("records")
    assert (row["upper"] - row["lower"]) / 2 <= 0.03


def test_seeds_are_added_no_further_than_the_budget(tmp_path):
    plan = {
        **MARKET, "seeds": 2, "factors": {"firms.Tailor.price": [20]},
        "strategies": {"stay": {}, "cut": {"firms.Mass.price": 15}},
        "stopping": {"output": "market_share.Tailor", "of": "cut", "against": "stay",
                     "half_width": 1e-9, "step": 4, "budget": 9},
    }  # fmt: skip
    result = cx.sweep(plan, store=tmp_path / "s", executor="inline")
    assert [each["seeds"] for each in result.report.rounds] == [2, 6, 9]
    assert len(result.frame) == 18


def test_a_point_that_is_known_well_enough_gets_no_more_seeds(tmp_path):
    def noisy(point, seed):
        return point["a"] * (seed * 7919 % 101)

    plan = study(noisy, points=2, seeds=2, stopping={"output": "y", "half_width": 1, "budget": 20})
    result = cx.sweep(plan, store=tmp_path / "s", executor="inline")
    assert result.frame.groupby("point").size().tolist() == [2, 20]


# --------------------------------------------------------------------------- known truth


def test_sobol_indices_of_ishigamis_function_come_out_through_the_same_path(tmp_path):
    from SALib.analyze import sobol

    plan = cx.Study.from_dict(
        {"factors": {name: [-np.pi, np.pi] for name in ("x1", "x2", "x3")}, "seeds": 1,
         "design": {"kind": "saltelli", "size": 1024, "seed": 1}},
        model=functions.ishigami,
    )  # fmt: skip
    result = cx.sweep(plan, store=tmp_path / "s", executor="threads", jobs=2)
    values = result.frame.sort_values("point")["y"].to_numpy()
    found = sobol.analyze(plan.problem(), values, seed=1)
    first, total = [0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437]
    assert (np.abs(found["S1"] - first) <= found["S1_conf"]).all()
    assert (np.abs(found["ST"] - total) <= found["ST_conf"]).all()
    assert abs(found["S2"][0, 2] - 0.2437) <= found["S2_conf"][0, 2]


def test_the_overhead_is_reported(tmp_path):
    report = cx.sweep(study(functions.slow), store=tmp_path / "s", executor="inline").report
    assert report.simulating == pytest.approx(18 * 0.02, rel=0.5)
    assert report.overhead == pytest.approx(report.seconds / report.simulating - 1)
    assert "overhead" in report.sentence()


@pytest.mark.parametrize(
    ("done", "seconds", "said"),
    [(1, 4.0, "0.25 a second"), (7, 2.0, "3.5 a second"), (9_000, 4.0, "2,250 a second")],
)
def test_the_rate_of_slow_runs_is_not_rounded_to_none(done, seconds, said):
    report = Report(total=10_000, done=done, seconds=seconds)
    assert said in status_line(report)
