"""Damage is noticed when a file is read, and costs no more than what was in that file."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import study_functions as functions

import cxsim as cx
from cxsim.cli import main
from cxsim.files.sealed import (
    SUMS,
    DamagedError,
    DamagedWarning,
    digest_name,
    read_folder,
    read_text,
    seal_folder,
    sealed_json,
    sealed_text,
    write_text,
)
from cxsim.files.whole import whole_file, whole_folder
from cxsim.study.store import Store
from cxsim.study.store_folder import StoreError
from cxsim.study.stored_runs import recompute
from lab.fuzz.damage import KINDS, WRONG, kinds, try_out

#: A hundredth of what `make damage` tries, or so.
FEW = (16, 4, 4)


def study(points=6, seeds=3):
    factors = {"a": list(range(points)), "b": [0.5]}
    return cx.Study.from_dict(
        {"factors": factors, "design": "grid", "seeds": seeds}, model=functions.plane
    )


def swept(folder, **size):
    return cx.sweep(study(**size), store=folder, executor="inline")


def only(folder, pattern="runs/*.parquet"):
    (path,) = Path(folder).glob(pattern)
    return path


# ------------------------------------------------------------- whatever the damage is


@pytest.mark.parametrize("name", KINDS)
def test_damage_is_noticed_and_changes_nothing_that_is_read(name):
    (kind,) = kinds([name])
    said = []
    ends = try_out(kind, FEW, seed=1, log=said.append)
    assert sum(ends.values()) == sum(FEW)
    assert not [end for _, end in ends if end in WRONG], said


# ---------------------------------------------------------------------- sealed files


def test_a_sealed_text_stays_a_text_of_its_kind(tmp_path):
    write_text(tmp_path / "a.yaml", "price: 12\n")
    (tmp_path / "a.json").write_bytes(sealed_json({"price": 12, "name": "ä"}))
    assert (tmp_path / "a.yaml").read_text().endswith("\nprice: 12\n")
    plain = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert plain.pop("sha256")
    assert plain == json.loads(read_text(tmp_path / "a.json")) == {"price": 12, "name": "ä"}
    assert read_text(tmp_path / "a.yaml") == "price: 12\n"


@pytest.mark.parametrize("data", [b"", b"{}", b"price: 12\n", sealed_text("a")[:-1],
                                  sealed_json({"a": 1}) + b" ", b"# sha256: 12\na"])  # fmt: skip
def test_a_text_without_the_right_digest_is_refused_by_name(data, tmp_path):
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(DamagedError, match=r"a\.json: expected .*, found"):
        read_text(tmp_path / "a.json")


def test_a_sealed_folder_is_what_sha256sum_checks_and_has_to_be_whole(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "below" / "b.txt").write_text("two")
    seal_folder(tmp_path)
    assert read_folder(tmp_path) == {"a.txt": b"one", "below/b.txt": b"two"}
    lines = (tmp_path / SUMS).read_text().splitlines()
    assert lines[1].endswith("  a.txt")
    (tmp_path / "note.txt").write_text("mine")
    assert "note.txt" not in read_folder(tmp_path)
    (tmp_path / "below" / "b.txt").unlink()
    with pytest.raises(DamagedError, match=r"b\.txt: expected what was written, found no such"):
        read_folder(tmp_path)


def test_what_has_its_final_name_is_on_the_disk_already(tmp_path, monkeypatch):
    """The order that outlasts a power cut: the bytes, then the name, then the folder's entry."""
    done = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(handle):
        done.append(("sync", str(Path(f"/proc/self/fd/{handle}").readlink())))
        real_sync(handle)

    def replace(self, target):
        done.append(("name", str(self), str(target)))
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    with whole_file(tmp_path / "a.txt") as draft:
        draft.write_text("one")
    with whole_folder(tmp_path / "f", sign="b.txt") as folder:
        (folder / "b.txt").write_text("two")
    Store(tmp_path / "s").write([{"run": "0" * 16, "status": "ok", "finished": 1.0}])
    names = [k for k, each in enumerate(done) if each[0] == "name"]
    assert len(names) >= 4
    for k in names:
        _, source, target = done[k]
        assert ("sync", source) in done[:k], "the bytes come before the name"
        assert ("sync", str(Path(target).parent)) in done[k:], "the folder's entry comes last"


# ------------------------------------------------------------------------- the store


def test_runs_of_a_damaged_file_are_missing_and_run_again(tmp_path):
    first = swept(tmp_path / "s")
    path = only(tmp_path / "s")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(DamagedWarning, match=f"{path.name}: expected what was written.*run again"):
        again = swept(tmp_path / "s")
    assert (again.report.stored, again.report.done) == (0, 18)
    pd.testing.assert_frame_equal(again.frame, first.frame, check_exact=True)
    assert (tmp_path / "s" / "damaged" / path.name).is_file()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(Store(tmp_path / "s")) == 18


def test_others_files_of_a_store_are_read_where_one_is_damaged(tmp_path):
    swept(tmp_path / "s", points=2)
    whole = only(tmp_path / "s")
    swept(tmp_path / "s", points=4)
    (other,) = set((tmp_path / "s" / "runs").glob("*.parquet")) - {whole}
    other.write_bytes(b"x")
    with pytest.warns(DamagedWarning, match=other.name):
        assert len(Store(tmp_path / "s").frame()) == 6


def test_pages_carry_checksums_for_whoever_else_reads_them(tmp_path):
    swept(tmp_path / "s")
    path = only(tmp_path / "s")
    begin = pq.ParquetFile(path).metadata.row_group(0).column(0).dictionary_page_offset
    data = bytearray(path.read_bytes())
    data[begin + 100] ^= 1
    path.write_bytes(data)
    with pytest.raises((OSError, pa.ArrowException)):
        pq.ParquetFile(path, page_checksum_verification=True).read()


RUN = {"run": "0" * 16, "status": "ok", "finished": 1.0}
GOOD = pa.Table.from_pylist([RUN])


@pytest.mark.parametrize(
    ("table", "odd"),
    [
        (GOOD.drop(["run"]), "no column 'run'"),
        (GOOD.drop(["status"]), "no column 'status'"),
        (pa.Table.from_pylist([{**RUN, "run": "xyz"}]), "other things than digests"),
        (pa.Table.from_pylist([{**RUN, "run": "0" * 40}]), "other things than digests"),
        (pa.Table.from_pylist([{**RUN, "run": None}]), "rows without 'run'"),
        (pa.Table.from_pylist([{**RUN, "run": 1}]), "column 'run' of int64"),
        (pa.Table.from_pylist([{**RUN, "finished": "noon"}]), "column 'finished' of string"),
        (pa.Table.from_pylist([{**RUN, "seed": 1.5}]), "column 'seed' of double"),
        (
            pa.Table.from_pylist([{**RUN, "market_share.A": {"x": 1}}]),
            "column 'market_share.A' of struct",
        ),
        (GOOD.append_column("run", GOOD.column("run")), "two columns 'run'"),
        (None, "no such thing"),
    ],
)  # fmt: skip
def test_a_file_that_holds_something_else_than_runs_is_put_aside(table, odd, tmp_path):
    store = Store(tmp_path)
    store.write([RUN])
    path = tmp_path / "made.parquet"
    if table is None:
        path.write_bytes(b"no Parquet at all")
        odd = "Parquet"
    else:
        pq.write_table(table, path)
    name = digest_name("9", path.read_bytes(), ".parquet")
    path.replace(tmp_path / "runs" / name)
    for look in (Store.frame, lambda s: s.row("0"), len):
        if look is not Store.frame and ("seed" in odd or "share" in odd):
            continue  # which do not look at that column, or at another file that holds the run
        if not (tmp_path / "runs" / name).exists():
            (tmp_path / "damaged" / name).replace(tmp_path / "runs" / name)
        with pytest.warns(DamagedWarning, match=f"{name}: expected runs in Parquet.*{odd}"):
            look(Store(tmp_path))
    assert len(Store(tmp_path).frame()) == 1


def test_a_file_without_digest_in_its_name_is_put_aside(tmp_path):
    store = Store(tmp_path)
    store.write([RUN])
    only(tmp_path).rename(tmp_path / "runs" / "copy.parquet")
    with pytest.warns(DamagedWarning, match=r"copy\.parquet: expected a digest in the file's name"):
        assert len(Store(tmp_path)) == 0


def test_outputs_that_are_text_are_refused_by_file(tmp_path):
    result = swept(tmp_path / "s")
    table = pq.read_table(only(tmp_path / "s"))
    place = table.column_names.index("y")
    texts = pa.array(["a"] * len(table))
    pq.write_table(table.set_column(place, "y", texts), tmp_path / "made.parquet")
    name = digest_name("9", (tmp_path / "made.parquet").read_bytes(), ".parquet")
    only(tmp_path / "s").unlink()
    (tmp_path / "made.parquet").replace(tmp_path / "s" / "runs" / name)
    with pytest.raises(StoreError, match=f"{name}: expected numbers in column 'y', found text"):
        _ = cx.sweep(result.study, store=tmp_path / "s", executor="inline").frame


def test_a_factor_that_is_text_in_one_study_and_a_number_in_another_can_be_read(tmp_path):
    store = Store(tmp_path)
    store.write([{**RUN, "x": 0.5}])
    store.write([{**RUN, "run": "1" * 16, "x": "half"}])
    store.write([{**RUN, "run": "2" * 16, "x": None}])
    assert store.frame()["x"].tolist()[:2] == ["0.5", "half"]


@pytest.mark.parametrize("text", ["[]", "", "{", "12", '{"format": 2}', "null"])
def test_a_damaged_sign_is_written_anew(text, tmp_path):
    swept(tmp_path / "s")
    (tmp_path / "s" / "store.json").write_text(text)
    with pytest.warns(DamagedWarning, match=r"store\.json: expected a digest.*written anew"):
        assert len(Store(tmp_path / "s")) == 18
    assert len(Store(tmp_path / "s")) == 18


def test_another_store_json_is_left_alone(tmp_path):
    (tmp_path / "store.json").write_text("[]")
    with pytest.raises(StoreError, match="found other files"):
        Store(tmp_path)
    assert (tmp_path / "store.json").read_text() == "[]"


def test_a_store_of_a_later_format_is_refused_in_one_line(tmp_path):
    Store(tmp_path)
    (tmp_path / "store.json").write_bytes(sealed_json({"format": 3}))
    with pytest.raises(StoreError, match=r"expected a store of format 2 or 1, found format 3$"):
        Store(tmp_path)


def test_a_store_of_the_first_format_is_read_and_its_files_get_digests(tmp_path):
    """As it was written before files carried digests."""
    market = {"scenario": "baseline", "overrides": {"customers": 40, "periods": 3}, "seeds": 2,
              "factors": {"firms.Tailor.price": [18, 22]},
              "outputs": ["market_share.Tailor"]}  # fmt: skip
    result = cx.sweep(market, store=tmp_path, executor="inline")
    for path in tmp_path.glob("runs/*.parquet"):
        path.rename(path.with_name(f"{path.stem.rpartition('-')[0]}.parquet"))
    for path in [*tmp_path.glob("scenarios/*"), *tmp_path.glob("studies/*")]:
        seal, rest = path.read_text().split("\n", 1)
        path.write_text(("{\n" if seal.startswith("{") else "") + rest)
    first = {"made_by": "cxsim", "kind": "store of runs", "format": 1}
    (tmp_path / "store.json").write_text(json.dumps(first))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = cx.sweep(market, store=tmp_path, executor="inline")
    assert (again.report.stored, again.report.done) == (4, 0)
    pd.testing.assert_frame_equal(again.frame, result.frame, check_exact=True)
    assert again.store.scenario(again.study.base.digest).digest == again.study.base.digest
    assert json.loads(read_text(tmp_path / "store.json"))["format"] == 2


def test_a_damaged_scenario_is_said_and_kept_anew_by_the_next_sweep(tmp_path):
    market = {"scenario": "baseline", "overrides": {"customers": 40, "periods": 3}, "seeds": 1,
              "factors": {"firms.Tailor.price": [18, 22]},
              "outputs": ["market_share.Tailor"]}  # fmt: skip
    result = cx.sweep(market, store=tmp_path, executor="inline")
    path = only(tmp_path, "scenarios/*.yaml")
    path.write_text(path.read_text().replace("customers: 40", "customers: 41"))
    run = result.runs["run"].iloc[0]
    with (
        pytest.warns(DamagedWarning, match=path.name),
        pytest.raises(StoreError, match=r"found a damaged file .*run the study again"),
    ):
        cx.replay(run, store=tmp_path)
    assert cx.sweep(market, store=tmp_path, executor="inline").report.done == 0
    cx.replay(run, store=tmp_path)


def test_a_store_that_cannot_be_written_is_read_without_its_damaged_file(tmp_path, monkeypatch):
    swept(tmp_path / "s")
    path = only(tmp_path / "s")
    path.write_bytes(b"x")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(PermissionError()))
    with pytest.warns(DamagedWarning, match="left where it is"):
        assert len(Store(tmp_path / "s").frame()) == 0


# -------------------------------------------------------------- who wrote it, and what it is

MARKET = {"scenario": "baseline", "overrides": {"customers": 40, "periods": 4}, "seeds": 2,
          "factors": {"firms.Tailor.price": [18, 22]},
          "outputs": ["market_share.Tailor", "market.profit",
                      {"measure": "market_share", "by": "period"}]}  # fmt: skip


@pytest.fixture
def market(tmp_path):
    return cx.sweep(MARKET, store=tmp_path, executor="inline")


def test_a_store_says_what_wrote_it(market):
    (session,) = market.store.sessions().values()
    assert session["versions"]["cxsim"] == cx.__version__
    assert {"python", "numpy", "numba"} <= set(session["versions"])
    assert all(session[fact] for fact in ("platform", "command", "time"))
    assert "commit" in session
    _, made_by = market.store.record(market.runs["run"].iloc[0])
    assert made_by == session
    again = cx.sweep({**MARKET, "seeds": 3}, store=market.store.folder, executor="inline")
    assert len(again.store.sessions()) == 2
    cx.sweep({**MARKET, "seeds": 3}, store=market.store.folder, executor="inline")
    assert len(again.store.sessions()) == 2, "who writes nothing leaves nothing"


def test_a_store_says_what_its_columns_hold(market, tmp_path):
    kept = json.loads(read_text(next((tmp_path / "codebooks").iterdir())))
    assert kept["columns"] == market.store.codebook()
    columns = market.store.codebook()
    assert set(market.store.frame().columns) <= set(columns)
    assert columns["market_share.Tailor"]["label"]
    assert columns["market_share.Tailor"]["definition"]
    assert columns["market_share.Tailor"]["unit"] == "share"
    assert columns["market_share.Mass@period"]["summary"] == "a number a period"
    assert columns["firms.Tailor.price"]["kind"] == "factor"
    assert columns["firms.Tailor.price"]["unit"]
    assert columns["finished"]["definition"].startswith("When the run ended")
    swept(tmp_path)
    more = market.store.codebook()
    assert {**columns, **more} == more
    assert more["y"]["kind"] == "output"


def test_a_run_is_recomputed_to_the_bit(market):
    frame = recompute(market.runs["run"].iloc[0][:9], store=market.store)
    assert len(frame) == 2 + 4 * 4
    assert frame["equal"].all()


def test_a_run_with_other_numbers_is_said_to_differ(market, tmp_path, capsys):
    """As a machine that computes otherwise would have stored it."""
    path = only(tmp_path)
    table = pq.read_table(path)
    place = table.column_names.index("market_share.Tailor")
    other = [np.nextafter(value, 1.0) for value in table.column(place).to_pylist()]
    pq.write_table(table.set_column(place, "market_share.Tailor", pa.array(other)), path)
    path.rename(path.with_name(digest_name("9", path.read_bytes(), ".parquet")))
    run = table.column("run")[0].as_py()
    frame = recompute(run, store=Store(tmp_path))
    assert frame.loc[~frame["equal"], "output"].tolist() == ["market_share.Tailor"]
    with pytest.raises(SystemExit) as end:
        main(["replay", run, "--store", str(tmp_path)])
    assert end.value.code == 1
    assert "1 of 18 numbers differ: market_share.Tailor" in capsys.readouterr().out
