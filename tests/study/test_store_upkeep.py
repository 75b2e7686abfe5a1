"""Upkeep of stores: merging files, how far studies are, and whether stored runs hold."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cxsim as cx
from cxsim.files.sealed import DamagedWarning
from cxsim.study.store import Leases, Store
from cxsim.study.store_folder import StoreError, words
from cxsim.study.store_upkeep import compact, status, verify
from cxsim.study.stored_runs import DesignCells

STUDY = {
    "scenario": "baseline",
    "overrides": {"customers": 40, "periods": 3},
    "factors": {"firms.Tailor.price": [18, 20, 22]},
    "seeds": 4,
    "outputs": ["market_share.Tailor", {"measure": "profit", "by": "period"}],
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A store with a study of twelve runs."""
    folder = tmp_path_factory.mktemp("swept") / "store"
    cx.sweep(STUDY, store=folder, executor="inline")
    return folder


@pytest.fixture
def folder(swept, tmp_path):
    return Path(shutil.copytree(swept, tmp_path / "store"))


def row(number: int, **values):
    return {"run": f"{number:016x}", "status": "ok", "finished": float(number), **values}


def many_files(folder, files=6, rows=3) -> Store:
    store = Store(folder)
    for n in range(files):
        store.write([row(n * rows + k, y=float(k)) for k in range(rows)])
    return store


def test_merged_files_hold_the_same_runs_and_say_who_wrote_them(tmp_path):
    store = many_files(tmp_path)
    another = Store(tmp_path)
    another.write([row(90, y=1.0)])
    before, who = store.frame(), another.record(f"{90:016x}")
    told = compact(store).sentence()
    assert told == "7 files merged into 1 file of 19 runs"
    again = Store(tmp_path)
    pd.testing.assert_frame_equal(before, again.frame())
    assert again.record(f"{90:016x}") == who
    assert len(store.sessions()) == 2
    assert len(store) == len(again) == 19
    assert compact(again).sentence() == "nothing to merge: 1 file of 19 runs"


def test_columns_of_different_types_are_not_mixed_by_merging(tmp_path):
    store = Store(tmp_path)
    for n in range(4):
        store.write([row(n, y=float(n) if n % 2 else "text")])
    assert compact(store).after == 2
    kinds = {str(table.schema.field("y").type) for _, table in store.read(store.paths())}
    assert kinds == {"double", "string"}


def test_of_a_run_that_stands_twice_the_one_that_went_well_is_kept(tmp_path):
    store = Store(tmp_path)
    store.write([row(1, status="failed", message="no memory")])
    store.write([{**row(1), "finished": 9.0, "y": 2.0}])
    store.write([{**row(1), "finished": 11.0, "y": 2.0}])
    done = compact(store)
    assert (done.runs, done.dropped) == (1, 2)
    ((_, table),) = store.read(store.paths())
    assert table.column("finished").to_pylist() == [9.0]


def test_a_compaction_that_was_killed_before_it_deleted_leaves_every_run_once(
    tmp_path, monkeypatch
):
    store = many_files(tmp_path)
    before = store.frame()

    def killed(self, missing_ok=False):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            compact(store)
    left = Store(tmp_path)
    assert len(left.paths()) == 7
    assert len(left) == 18
    pd.testing.assert_frame_equal(before, left.frame())
    done = compact(left)
    assert (done.before, done.after, done.runs, done.dropped) == (7, 1, 18, 18)
    pd.testing.assert_frame_equal(before, Store(tmp_path).frame())


def test_a_reader_misses_no_run_while_files_are_merged(tmp_path, monkeypatch):
    store, reader = many_files(tmp_path), Store(tmp_path)
    before, reading = store.frame(), reader.read

    def interrupted(paths, columns=None):
        for number, path in enumerate(paths):
            if number == 2:
                compact(store)
            yield from reading([path], columns)

    monkeypatch.setattr(reader, "read", interrupted)
    pd.testing.assert_frame_equal(before, reader.frame())


def test_two_processes_do_not_compact_at_once(tmp_path):
    store = many_files(tmp_path)
    leases = Leases(store.leases_file)
    assert leases.acquire("compaction")
    with pytest.raises(StoreError, match="another process is compacting it"):
        compact(store)
    leases.close()
    assert compact(store).after == 1


def test_a_study_goes_on_where_it_was_after_a_compaction(folder):
    compact(Store(folder))
    report = cx.sweep({**STUDY, "seeds": 5}, store=folder, executor="inline").report
    assert (report.stored, report.done) == (12, 3)


def test_the_status_counts_what_each_study_asks_for(folder):
    state = status(Store(folder))
    (study,) = state.studies
    assert (study.runs, study.done, study.failed) == (12, 12, 0)
    assert sum(state.workers.values()) == 12
    assert state.rate > 0
    assert state.missing == 0
    later = status(Store(folder), now=time.time() + 3600)
    assert later.workers == {}
    assert np.isnan(later.seconds_left)


def test_the_status_tells_what_is_missing_and_how_long_it_takes(folder):
    wider = cx.Study.from_dict({**STUDY, "seeds": 6})
    store = Store(folder)
    store.keep_study(wider.name, wider.digest, wider.to_dict())
    state = status(store)
    assert state.missing == 6
    assert state.seconds_left == pytest.approx(6 / state.rate)


def test_a_sample_of_stored_runs_comes_out_the_same_to_the_bit(folder):
    result = verify(Store(folder), sample=3)
    assert result.holds
    assert result.sentence().endswith("3 runs made again: all equal to the bit")


def test_a_number_that_is_not_what_the_run_gives_is_named(folder):
    store = Store(folder)
    ((path, table),) = store.read(store.paths())
    rows = table.to_pylist()
    for each in rows:
        each["market_share.Tailor"] = np.nextafter(each["market_share.Tailor"], 1)
        each["finished"] -= 1
    path.unlink()
    Store(folder).write(rows)
    result = verify(Store(folder), sample=2)
    assert not result.holds
    assert "market_share.Tailor is stored as" in result.problems[0]
    assert "(1 of " in result.problems[0]


def test_a_damaged_file_does_not_pass(folder):
    (path,) = Store(folder).paths()
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.warns(DamagedWarning):
        result = verify(Store(folder), sample=1)
    assert not result.holds
    assert result.damaged == 1


# --- digests of cells, which take long to find, are kept -----------------------------------


@pytest.fixture
def cells():
    study = cx.Study.from_dict(STUDY)
    return lambda: DesignCells(study, study.model(None))


def kept(cells, store, monkeypatch):
    monkeypatch.setattr("cxsim.study.stored_runs._WORTHWHILE", 0)
    made = cells()
    digests = [made.scenario(cell) for cell in made]
    made.remember(store)
    return digests


def test_digests_of_cells_are_found_again_in_the_store(cells, tmp_path, monkeypatch):
    store = Store(tmp_path)
    digests = kept(cells, store, monkeypatch)
    later = cells()
    later.recall(store)
    monkeypatch.setattr(later, "_digest", lambda cell: pytest.fail(f"cell {cell} found anew"))
    assert [later.scenario(cell) for cell in later] == digests


def test_digests_that_code_would_not_find_today_are_not_taken_over(cells, tmp_path, monkeypatch):
    store = Store(tmp_path)
    digests = kept(cells, store, monkeypatch)
    (path,) = (tmp_path / "studies").glob("*.cells")
    store.keep_cells(path.stem, words(digests[::-1]))
    later = cells()
    later.recall(store)
    assert [later.scenario(cell) for cell in later] == digests


def test_digests_are_not_kept_where_code_of_ones_own_takes_part(tmp_path, monkeypatch):
    class Mine(cx.PricingPolicy):
        def decide(self, known):
            return known.own.price

    cx.register_policy(Mine)
    moves = {"stay": {}, "mine": {"firms.Mass.policy": {"pricing": "Mine"}}}
    study = cx.Study.from_dict({**STUDY, "strategies": moves})
    kept(lambda: DesignCells(study, study.model(None)), Store(tmp_path), monkeypatch)
    assert not list((tmp_path / "studies").glob("*.cells"))
